/* upsd.users beyond NUT's: hashed passwords, users kept to UPSes and to addresses.
 * docs/access.md, U. */
#include "conformance/talk.h"

#include <stdio.h>
#include <string.h>

/* "secret", by mkpasswd(1) and openssl(1). */
#define YESCRYPT "$y$j9T$dddZ3FuqVYp5E5dTCs5wd.$TmpMeutYxyauxXXtbXGycQqCwG/jnT86KmMt1eAgYL3"
#define SHA512                                                                                     \
	"$6$NakJEgRpOeMbqaOc$H5bV6bggdpzaADwitbklKOyUY0orl0gGLoobH8TSOW6HIeR2.Wq6S2bsMIF7JTkgkdDB" \
	"w/Esaoedj6gdQnq4p0"
#define SHA256 "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6"
#define BCRYPT "$2b$05$ZcxLO74KPf//1W/qotxs9.qRrg.LELrz5uLjpVnNDhtBc5ny8/BhO"
/* The same of "changed". */
#define CHANGED "$5$ab$f5CeF8HMHZ/VT2PXi5E90LbuDzfQrLz6WTlOhHkiwx."

/* These users instead of the stock ones, by a reload. */
static void
with_users(struct bench *bench, const char *users)
{
	bench->dirty = true;
	put_file(bench, "upsd.users", users);
	reload_upsd(bench);
}

static void
expect_login(struct bench *bench, const char *user, const char *password, const char *answer)
{
	struct conn *conn = dial(bench);
	const char *heard;

	log_in(bench, conn, user, password);
	heard = ask(bench, conn, "LOGIN bench");
	need(bench, !strcmp(heard, answer), "%s with %s: %s", user, password, heard);
	hang_up(bench, conn);
}

/* ---- hashes ---- */

static const char hashed[] = "[yescrypt]\n\tpassword = " YESCRYPT "\n\tupsmon secondary\n"
			     "[sha512]\n\tpassword = \"" SHA512 "\"\n\tupsmon secondary\n"
			     "[sha256]\n\tpassword = " SHA256 "\n\tupsmon secondary\n"
			     "[bcrypt]\n\tpassword = " BCRYPT "\n\tupsmon secondary\n"
			     "[plain]\n\tpassword = secret\n\tupsmon secondary\n";

static void
right_password(struct bench *bench)
{
	with_users(bench, hashed);
	expect_login(bench, "yescrypt", "secret", "OK");
	expect_login(bench, "sha512", "secret", "OK");
	expect_login(bench, "sha256", "secret", "OK");
	expect_login(bench, "bcrypt", "secret", "OK");
	expect_login(bench, "plain", "secret", "OK");
}

static void
wrong_password(struct bench *bench)
{
	with_users(bench, hashed);
	expect_login(bench, "yescrypt", "Secret", "ERR ACCESS-DENIED");
	expect_login(bench, "sha512", "secre", "ERR ACCESS-DENIED");
	expect_login(bench, "sha256", "secrets", "ERR ACCESS-DENIED");
	expect_login(bench, "sha256", "\"\"", "ERR ACCESS-DENIED");
	expect_login(bench, "nobody", "secret", "ERR ACCESS-DENIED");
}

static void
the_hash_itself(struct bench *bench)
{
	with_users(bench, hashed);
	expect_login(bench, "sha256", SHA256, "ERR ACCESS-DENIED");
	expect_login(bench, "yescrypt", YESCRYPT, "ERR ACCESS-DENIED");
}

static void
changed_password(struct bench *bench)
{
	struct conn *conn = dial(bench);

	with_users(bench, hashed);
	log_in(bench, conn, "sha256", "secret");
	say(bench, conn, "LOGIN bench");
	want(bench, conn, "OK");
	with_users(bench, "[sha256]\n\tpassword = " CHANGED "\n\tupsmon primary\n");
	say(bench, conn, "FSD bench");
	want(bench, conn, "ERR ACCESS-DENIED");
	expect_login(bench, "sha256", "secret", "ERR ACCESS-DENIED");
	expect_login(bench, "sha256", "changed", "OK");
}

static void
many_lines_behind_it(struct bench *bench)
{
	struct conn *conn = dial(bench);

	with_users(bench, hashed);
	say(bench, conn, "USERNAME yescrypt\nPASSWORD secret\nLOGIN bench\nNETVER\nLOGOUT");
	want(bench, conn, "OK");
	want(bench, conn, "OK");
	want(bench, conn, "OK");
	want(bench, conn, "1.3");
	want(bench, conn, "OK Goodbye");
	want_eof(bench, conn);
}

static void
no_secret_in_the_log(struct bench *bench)
{
	with_users(bench, hashed);
	expect_login(bench, "yescrypt", "guessed-wrong", "ERR ACCESS-DENIED");
	expect_login(bench, "sha512", "secret", "OK");
	need(bench, !log_count(bench, bench->upsd, "guessed-wrong"), "the guess is in the log");
	need(bench, !log_count(bench, bench->upsd, "$y$") && !log_count(bench, bench->upsd, "$6$"),
	    "a hash is in the log");
}

/* A reload with LINE in the third line must be refused, and say so. */
static void
refused(struct bench *bench, const char *line)
{
	char users[400];

	snprintf(users, sizeof(users), "[mon]\n\tpassword = monsecret\n\t%s\n", line);
	with_users(bench, users);
	need(
	    bench, log_count(bench, bench->upsd, "upsd.users:3"), "the log does not name the line");
	expect_login(bench, "mon2", "monsecret", "OK");
}

static void
broken_hash(struct bench *bench)
{
	bench->dirty = true;
	put_file(bench, "upsd.users", "[mon]\n\tupsmon primary\n\tpassword = $6$salt$cutoff\n");
	reload_upsd(bench);
	need(
	    bench, log_count(bench, bench->upsd, "upsd.users:3"), "the log does not name the line");
	expect_login(bench, "mon", "$6$salt$cutoff", "ERR ACCESS-DENIED");
	expect_login(bench, "mon", "monsecret", "OK");
}

/* ---- scope ---- */

static const char scoped[] = "[one]\n\tpassword = x\n\tups = MIXED\n\tupsmon primary\n"
			     "\tactions = SET\n\tinstcmds = ALL\n"
			     "[two]\n\tpassword = x\n\tups = stale\n\tups = absent bench\n"
			     "\tupsmon secondary\n";

static void
scope_of_logins(struct bench *bench)
{
	with_users(bench, scoped);
	talk(bench, LOG_IN("one", "x") "> LOGIN bench\n< ERR ACCESS-DENIED\n"
				       "> PRIMARY bench\n< ERR ACCESS-DENIED\n"
				       "> MASTER bench\n< ERR ACCESS-DENIED\n"
				       "> FSD bench\n< ERR ACCESS-DENIED\n"
				       "> LOGIN mixed\n< OK\n"
				       "> MASTER Mixed\n< OK MASTER-GRANTED\n"
				       "> FSD Mixed\n< OK FSD-SET\n"
				       "> GET NUMLOGINS bench\n< NUMLOGINS bench 0\n"
				       "> GET VAR bench ups.status\n"
				       "< VAR bench ups.status \"OL\"\n");
}

static void
scope_of_changes(struct bench *bench)
{
	with_users(bench, scoped);
	talk(bench, LOG_IN("one", "x") "> SET VAR bench ups.id x\n< ERR ACCESS-DENIED\n"
				       "> INSTCMD bench load.off\n< ERR ACCESS-DENIED\n"
				       "b<quiet\n"
				       "> INSTCMD Mixed load.off\n< OK\n");
}

static void
scope_of_several(struct bench *bench)
{
	with_users(bench, scoped);
	talk(bench,
	    LOG_IN("two",
		"x") "> LOGIN Mixed\n< ERR ACCESS-DENIED\n> LOGIN bench\n< OK\n" LOG_IN_ON("1",
		"two", "x") "1> LOGIN absent\n1< OK\n" LOG_IN_ON("2", "two",
		"x") "2> LOGIN stale\n2< OK\n");
}

static void
scope_comes_last(struct bench *bench)
{
	with_users(bench, scoped);
	talk(bench, LOG_IN("one", "x") "> LOGIN nosuch\n< ERR UNKNOWN-UPS\n"
				       "> SET VAR absent ups.id x\n"
				       "< ERR DRIVER-NOT-CONNECTED\n"
				       "> INSTCMD bench no.such\n< ERR CMD-NOT-SUPPORTED\n"
				       "> SET TRACKING ON\n< OK\n");
}

static void
scope_without_password(struct bench *bench)
{
	with_users(bench, scoped);
	talk(bench, LOG_IN("one", "y") "> LOGIN Mixed\n< ERR ACCESS-DENIED\n");
}

static void
scope_without_names(struct bench *bench)
{
	refused(bench, "ups =");
}

/* ---- allowfrom ---- */

static const char lists[] = "ACL here 127.0.0.0/8\nACL there 198.51.100.0/24\n";

static void
comes_from(struct bench *bench)
{
	add_to_file(bench, "upsd.conf", lists);
	with_users(bench,
	    "[here]\n\tpassword = x\n\tupsmon secondary\n\tallowfrom = here\n"
	    "[both]\n\tpassword = x\n\tupsmon secondary\n\tallowfrom = there\n\tallowfrom = here\n"
	    "[there]\n\tpassword = x\n\tupsmon secondary\n\tallowfrom = there\n"
	    "[any]\n\tpassword = x\n\tupsmon secondary\n");
	expect_login(bench, "here", "x", "OK");
	expect_login(bench, "both", "x", "OK");
	expect_login(bench, "any", "x", "OK");
	expect_login(bench, "there", "x", "ERR ACCESS-DENIED");
}

static void
comes_from_nowhere(struct bench *bench)
{
	refused(bench, "allowfrom = nowhere");
}

static const struct test_case cases[] = {
	{ "access/users.hash/1", MUST, "U-1",
	    "a user whose password stands as a hash logs in with the password",
	    .run = right_password, .kind = FRESH },
	{ "access/users.hash/2", MUST, "U-1", "what does not fit the hash is a wrong password",
	    .run = wrong_password, .kind = FRESH },
	{ "access/users.hash/3", MUST, "U-2", "the hash is not the password",
	    .run = the_hash_itself, .kind = FRESH },
	{ "access/users.hash/4", MUST, "U-4 N-12.4",
	    "a session whose hash has changed loses its rights", .run = changed_password,
	    .kind = FRESH },
	{ "access/users.hash/5", MUST, "U-5 N-1.3",
	    "lines behind a login that is being checked are answered in order",
	    .run = many_lines_behind_it, .kind = FRESH },
	{ "access/users.hash/6", MUST, "U-1 R-13", "neither a guess nor a hash stands in the log",
	    .run = no_secret_in_the_log, .kind = FRESH },
	{ "access/users.hash/7", MUST, "U-3 N-12.1",
	    "a hash that is cut off refuses the reload and names the line", .run = broken_hash,
	    .kind = FRESH },

	{ "access/users.ups/1", MUST, "U-7",
	    "LOGIN, PRIMARY and FSD are for the UPSes of `ups' alone, reading for all",
	    .run = scope_of_logins, .kind = FRESH },
	{ "access/users.ups/2", MUST, "U-7",
	    "SET and INSTCMD are for the UPSes of `ups' alone, and no other driver hears of them",
	    .run = scope_of_changes, .kind = FRESH },
	{ "access/users.ups/3", MUST, "U-8", "words and lines of `ups' add up, whatever the case",
	    .run = scope_of_several, .kind = FRESH },
	{ "access/users.ups/4", MUST, "U-7 N-9.6",
	    "what comes before the rights comes before `ups'", .run = scope_comes_last,
	    .kind = FRESH },
	{ "access/users.ups/5", MUST, "U-7", "`ups' grants nothing to a wrong password",
	    .run = scope_without_password, .kind = FRESH },
	{ "access/users.ups/6", MUST, "U-8 N-12.1", "`ups' without a name refuses the reload",
	    .run = scope_without_names, .kind = FRESH },

	{ "access/users.allowfrom/1", MUST, "U-9",
	    "a user comes from the ACLs of its allowfrom lines, and their ACL lines keep nobody "
	    "out",
	    .run = comes_from, .kind = FRESH },
	{ "access/users.allowfrom/2", MUST, "U-10 N-12.1",
	    "an allowfrom that names no ACL refuses the reload", .run = comes_from_nowhere,
	    .kind = FRESH },
};

SECTION(access_users);
