/* nutauth_conf - nutauth.conf, asked for a few accounts. */
#include "fuzz/lib/fuzz.h"

#include "client/authconf.h"

static void
say_account(const struct authconf *conf, const char *user, const char *host, struct buf *said)
{
	struct authconf_account account = authconf_account(conf, user, host, 3493);

	buf_add_format(said, "%s@%s: %s %s %s %d %d\n", user ? user : "", host,
	    account.user ? account.user : "-", account.password ? account.password : "-",
	    account.tls_name ? account.tls_name : "-", account.tls, account.tls_settings.verify);
}

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct authconf *conf = authconf_from(file, faults);

	must(!conf == (faults->faults > 0), "%s", conf ? faults_first(faults) : "nothing is wrong");
	if (!conf)
		return;
	say_account(conf, NULL, "localhost", said);
	say_account(conf, "a", "localhost", said);
	say_account(conf, "a", "10.0.0.1", said);
	say_account(conf, "b", "::1", said);
	authconf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("nutauth.conf", data, size, take);
	return 0;
}
