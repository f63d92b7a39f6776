#include "base/hash.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "secret", by mkpasswd(1) and `openssl passwd`; the bcrypt one is of cost 5. */
#define YESCRYPT "$y$j9T$dddZ3FuqVYp5E5dTCs5wd.$TmpMeutYxyauxXXtbXGycQqCwG/jnT86KmMt1eAgYL3"
#define SHA512                                                                                     \
	"$6$NakJEgRpOeMbqaOc$H5bV6bggdpzaADwitbklKOyUY0orl0gGLoobH8TSOW6HIeR2.Wq6S2bsMIF7JTkgkdDB" \
	"w/Esaoedj6gdQnq4p0"
#define SHA256 "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6"
#define BCRYPT "$2b$05$ZcxLO74KPf//1W/qotxs9.qRrg.LELrz5uLjpVnNDhtBc5ny8/BhO"
#define MD5 "$1$RugaddaP$NYlgycF7f.HgonRCXfgFj0"

Test(hash, words_are_told_apart)
{
	static const struct {
		const char *text;
		enum hash_kind kind;
	} table[] = {
		{ YESCRYPT, HASH_GOOD },
		{ SHA512, HASH_GOOD },
		{ SHA256, HASH_GOOD },
		{ BCRYPT, HASH_GOOD },
		{ "$6$rounds=10000$Y8xwtFykT7.lSviP$RPdq5sR5qWOwr4IeyjAzFi//vC4vTO0iTQdxb21AI3hHQUQ"
		  "aZPmu8HpuolG9sEAVkRrq8sIfduQjtpsZ6Ao82/",
		    HASH_GOOD },
		{ "$gy$j9T$1.68jzoZ7IdVIogrTEhba0$4/1bMRALhGtqjD.SE.KhBgRgOIQ2cgXYifEygtqVWa0",
		    HASH_GOOD },
		{ "$7$CU..../"
		  "....4O.xWHtZSE4NgvDoWUbfO0$Jifp24C8VhV61LHbEmrbZm3A11oXNYriDMgIfQwGHW9",
		    HASH_GOOD },
		{ MD5, HASH_WEAK },
		{ "$6$salt$", HASH_BROKEN },
		{ "$6$salt", HASH_BROKEN },
		{ "$y$", HASH_BROKEN },
		{ SHA256 "x", HASH_BROKEN },
		{ "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbv!6", HASH_BROKEN },
		{ "$5$a b$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6", HASH_BROKEN },
		{ "$sha1$48000$salt$abcdefghijklmnopqrstuvwxyz12", HASH_UNKNOWN },
		{ "secret", HASH_NONE },
		{ "", HASH_NONE },
		{ "$", HASH_NONE },
		{ "$$", HASH_NONE },
		{ "$money", HASH_NONE },
		{ "a$y$b", HASH_NONE },
		{ "$!$y", HASH_NONE },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		cr_expect_eq(hash_look(table[i].text), table[i].kind, "%s", table[i].text);
}

static struct world *world;
static struct loop *loop;
static int helper = -1;

static void
begin(void)
{
	static const struct helper_kind *const more[] = { &hash_helper, NULL };

	cr_assert_neq(helper = helper_start(NULL, more), -1);
	cr_assert(world = world_kernel_new(helper));
	cr_assert(loop = loop_new(world));
}

static void
end(void)
{
	loop_free(loop);
	world_kernel_free(world);
	close(helper);
}

TestSuite(hash, .timeout = 30);

static bool fits, done;

static void
answered(void *owner, const char *answer, size_t len)
{
	fits = helper_is_yes(answer);
	cr_expect(fits || (answer && !strcmp(answer, "no")));
	done = true;
}

static bool
fit(const char *hash, const char *password)
{
	done = fits = false;
	cr_assert(hash_ask(loop, hash, password, answered, NULL));
	cr_assert(loop_run_until(loop, &done, 15000));
	return fits;
}

Test(hash, the_right_password_fits_and_no_other, .init = begin, .fini = end)
{
	static const char *const hashes[] = { YESCRYPT, SHA512, SHA256, BCRYPT, MD5 };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++) {
		cr_expect(fit(hashes[i], "secret"), "%s", hashes[i]);
		cr_expect_not(fit(hashes[i], "Secret"));
		cr_expect_not(fit(hashes[i], "secret "));
		cr_expect_not(fit(hashes[i], " secret"));
		cr_expect_not(fit(hashes[i], ""));
		cr_expect_not(fit(hashes[i], hashes[i]));
	}
}

Test(hash, a_password_may_hold_blanks, .init = begin, .fini = end)
{
	/* mkpasswd -m sha256crypt -S abcdefgh "a b  c " */
	const char *hash = "$5$abcdefgh$/Ugwu0mTxGjND4qi1ca4qk.Jo1lZXnSNGZL8mRmkH6B";

	cr_expect(fit(hash, "a b  c "));
	cr_expect_not(fit(hash, "a b c"));
}

Test(hash, what_crypt_cannot_do_fits_nothing, .init = begin, .fini = end)
{
	/* crypt(3) answers "*0", or "*1" to the setting "*0" itself. */
	cr_expect_not(fit("*0", "secret"));
	cr_expect_not(fit("$sha9$x", "secret"));
	cr_expect_not(fit("", "secret"));
}

Test(hash, an_overlong_password_is_not_asked_about, .init = begin, .fini = end)
{
	char password[HASH_PASSWORD_MAX + 2];

	memset(password, 'x', sizeof(password) - 1);
	password[sizeof(password) - 1] = '\0';
	cr_expect_null(hash_ask(loop, SHA256, password, answered, NULL));
	cr_expect_eq(errno, EMSGSIZE);
	password[HASH_PASSWORD_MAX] = '\0';
	cr_expect_not(fit(SHA256, password));
}
