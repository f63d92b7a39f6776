/* What upsd shows: what cannot be used is refused, at start and at a reload; what is renewed
 * counts. docs/security.md, T; docs/robustness.md, R-89 and R-90. */
#include "conformance/site.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* It ends at once with a status, and its last words hold TEXT. */
static void
no_start(struct bench *bench, const char *text)
{
	struct process *upsd = launch_upsd(bench, NULL);
	const char *log;

	bench->upsd = NULL;
	if (!wait_end(bench, upsd, bench->patience_ms)) {
		stop(bench, upsd, SIGTERM);
		fail(bench, "it starts");
	}
	need(bench, upsd->status, "it ends with status 0");
	log = log_of(bench, upsd);
	need(bench, strstr(log, text), "it does not name %s: %.300s", text, log);
}

static void
authority(struct bench *bench)
{
	site_need_tls(bench);
	certificate(bench, &(struct issue){ .name = "ca", .authority = true });
	certificate(bench, &(struct issue){ .name = "server", .by = "ca" });
}

static void
needs_files(struct bench *bench)
{
	if (site_is_nss(bench))
		skip(bench, WITHOUT " a database of NSS has no PEM file");
}

/* ---- start ---- */

static void
missing(struct bench *bench)
{
	site_need_tls(bench);
	put_upsd_conf(bench, site_is_nss(bench) ? "CERTPATH /no/such.pem\nCERTIDENT server x\n"
						: "CERTFILE /no/such.pem\n");
	no_start(bench, "/no/such.pem");
}

static void
misfit(struct bench *bench)
{
	authority(bench);
	needs_files(bench);
	certificate(bench, &(struct issue){ .name = "other" });
	put_file(bench, "server.pem", get_file(bench, "server.crt"));
	add_to_file(bench, "server.pem", get_file(bench, "other.key"));
	site_conf(bench, &(struct site){ .show = "server" });
	no_start(bench, "server.pem");
}

static void
wrong_password(struct bench *bench)
{
	struct site site = { .show = "server", .password = "right" };

	authority(bench);
	certificate(bench, &(struct issue){ .name = "server", .by = "ca", .password = "right" });
	site_conf(bench, &site);
	if (site_is_nss(bench)) {
		char conf[4096], *at;

		snprintf(conf, sizeof(conf), "%s", get_file(bench, "upsd.conf"));
		at = strstr(conf, "\"right\"");
		need(bench, at, "suite: no password");
		memcpy(at, "\"wrong\"", 7);
		put_file(bench, "upsd.conf", conf);
		no_start(bench, "password");
		return;
	}
	site.password = "wrong";
	site_conf(bench, &site);
	no_start(bench, "server.pem");
	need(bench, !strstr(log_of(bench, bench->processes), "wrong\""), "the password is told");
}

static void
right_password(struct bench *bench)
{
	authority(bench);
	certificate(
	    bench, &(struct issue){ .name = "server", .by = "ca", .password = "s3cretword" });
	site_conf(bench, &(struct site){ .show = "server", .password = "s3cretword" });
	start_upsd(bench);
	need(bench, lives(bench, dial_tls(bench, NULL)), "no answer");
	need(bench, !log_count(bench, bench->upsd, "s3cretword"), "the password is in the log");
}

static void
open_to_others(struct bench *bench)
{
	authority(bench);
	needs_files(bench);
	site_conf(bench, &(struct site){ .show = "server" });
	chmod(path_of(bench, "server.pem"), 0644);
	no_start(bench, "server.pem");
}

static void
open_database(struct bench *bench)
{
	char path[400], *end;

	authority(bench);
	if (!site_is_nss(bench))
		skip(bench, WITHOUT " there is no database");
	site_conf(bench, &(struct site){ .show = "server" });
	snprintf(path, sizeof(path), "%s", strstr(get_file(bench, "upsd.conf"), "CERTPATH ") + 9);
	end = path + strcspn(path, "\n");
	chmod((*end = '\0', path), 0755);
	snprintf(end, 20, "/key4.db");
	chmod(path, 0644);
	no_start(bench, "key4.db");
}

static void
another_name(struct bench *bench)
{
	authority(bench);
	site_conf(bench, &(struct site){ .show = "server", .ident = "other" });
	no_start(bench, "other");
}

static void
damaged(struct bench *bench)
{
	char text[8192];

	authority(bench);
	needs_files(bench);
	snprintf(text, sizeof(text), "%s", get_file(bench, "server.pem"));
	memset(text + 200, '?', 4);
	put_file(bench, "server.pem", text);
	site_conf(bench, &(struct site){ .show = "server" });
	no_start(bench, "server.pem");
}

static void
empty(struct bench *bench)
{
	authority(bench);
	needs_files(bench);
	put_file(bench, "server.pem", "");
	site_conf(bench, &(struct site){ .show = "server" });
	no_start(bench, "server.pem");
}

static void
nobody_to_trust(struct bench *bench)
{
	authority(bench);
	needs_files(bench);
	site_conf(bench, &(struct site){ .show = "server", .more = "CERTREQUEST REQUIRE\n" });
	no_start(bench, "CERTREQUEST");
}

static void
nothing_to_force(struct bench *bench)
{
	site_need_tls(bench);
	put_upsd_conf(bench, "FORCESSL yes\n");
	no_start(bench, "FORCESSL");
}

static void
expired(struct bench *bench)
{
	authority(bench);
	certificate(
	    bench, &(struct issue){ .name = "old", .by = "ca", .from_days = -20, .to_days = -10 });
	site_conf(bench, &(struct site){ .show = "old" });
	start_upsd(bench);
	need(bench, lives(bench, dial_tls(bench, NULL)), "no answer");
	need(bench, strstr(log_of(bench, bench->upsd), "expired"), "it does not warn");
}

/* ---- reload ---- */

static void
want_name(struct bench *bench, const char *name)
{
	struct conn *conn = dial_tls(bench, NULL);

	need(bench, !strcmp(veil_name(conn), name), "it shows %s, not %s", veil_name(conn), name);
	hang_up(bench, conn);
}

static void
renewed(struct bench *bench)
{
	struct conn *before = dial_tls(bench, NULL);

	log_in(bench, before, "mon", "monsecret");
	say(bench, before, "LOGIN bench");
	want(bench, before, "OK");
	certificate(bench, &(struct issue){ .name = "renewed", .by = "ca" });
	site_conf(bench, &(struct site){ .show = "renewed" });
	reload_upsd(bench);
	want_name(bench, "renewed");
	say(bench, before, "GET NUMLOGINS bench");
	want(bench, before, "NUMLOGINS bench 1");
}

/* The same name: only what is in the file has changed. */
static void
renewed_in_place(struct bench *bench)
{
	needs_files(bench);
	certificate(bench, &(struct issue){ .name = "renewed", .by = "ca" });
	put_file(bench, "server.pem", get_file(bench, "renewed.pem"));
	reload_upsd(bench);
	want_name(bench, "renewed");
}

/* After a reload with upsd.conf as it is now, the old certificate serves on. */
static void
keeps(struct bench *bench, const char *text)
{
	reload_upsd(bench);
	want_name(bench, "server");
	upsd_alive(bench);
	need(bench, strstr(log_of(bench, bench->upsd), text), "the log does not name %s", text);
}

static void
broken_by_misfit(struct bench *bench)
{
	needs_files(bench);
	certificate(bench, &(struct issue){ .name = "renewed", .by = "ca" });
	put_file(bench, "server.pem", get_file(bench, "renewed.crt"));
	add_to_file(bench, "server.pem", get_file(bench, "server.key"));
	keeps(bench, "server.pem");
}

static void
broken_by_absence(struct bench *bench)
{
	put_upsd_conf(bench, site_is_nss(bench) ? "CERTPATH /no/such.pem\nCERTIDENT server x\n"
						: "CERTFILE /no/such.pem\n");
	keeps(bench, "/no/such.pem");
}

static void
broken_by_mode(struct bench *bench)
{
	needs_files(bench);
	chmod(path_of(bench, "server.pem"), 0644);
	keeps(bench, "server.pem");
}

static void
switched_on(struct bench *bench)
{
	authority(bench);
	start_upsd(bench);
	talk(bench, "> STARTTLS\n< ERR FEATURE-NOT-CONFIGURED\n");
	site_conf(bench, &(struct site){ .show = "server" });
	reload_upsd(bench);
	want_name(bench, "server");
}

static void
switched_off(struct bench *bench)
{
	struct conn *before = dial_tls(bench, NULL);

	put_upsd_conf(bench, "");
	reload_upsd(bench);
	talk(bench, "> STARTTLS\n< ERR FEATURE-NOT-CONFIGURED\n");
	need(bench, lives(bench, before), "the session is gone");
}

/* ---- FORCESSL ---- */

static void
forced(struct bench *bench)
{
	site_secure(bench);
	site_conf(bench, &(struct site){ .show = "server", .more = "FORCESSL yes\n" });
	start_upsd(bench);
	talk(bench,
	    "> GET VAR bench ups.status\n<~ VAR .*|ERR .*\n> NETVER\n< 1.3\n"
	    "> USERNAME mon\n< ERR ACCESS-DENIED\n> PASSWORD monsecret\n< ERR ACCESS-DENIED\n"
	    "> LOGIN bench\n<~ ERR .*\n"
	    "1starttls\n1> USERNAME mon\n1< OK\n1> PASSWORD monsecret\n1< OK\n"
	    "1> GET NUMLOGINS bench\n1<~ .*\n");
}

static void
forced_by_reload(struct bench *bench)
{
	struct conn *conn = dial(bench);

	log_in(bench, conn, "admin", "topsecret");
	site_conf(bench, &(struct site){ .show = "server", .more = "FORCESSL yes\n" });
	reload_upsd(bench);
	say(bench, conn, "SET VAR bench ups.contact x");
	want(bench, conn, "ERR ACCESS-DENIED");
}

static const struct test_case cases[] = {
	{ "security/start/1", MUST, "R-90 T-14", "no such file: no start, and it is named",
	    .run = missing, .kind = EMPTY },
	{ "security/start/2", MUST, "R-90 T-14", "a key that does not fit: no start", .run = misfit,
	    .kind = EMPTY },
	{ "security/start/3", MUST, "R-90 T-14", "a wrong password: no start",
	    .run = wrong_password, .kind = EMPTY },
	{ "security/start/4", MUST, "T-14", "the right one is taken, and never told",
	    .run = right_password, .kind = EMPTY },
	{ "security/start/5", MUST, "R-89 T-14", "a key that others may read: no start",
	    .run = open_to_others, .kind = EMPTY },
	{ "security/start/6", MUST, "T-14",
	    "a certificate of another name than CERTIDENT's: no start", .run = another_name,
	    .kind = EMPTY },
	{ "security/start/7", MUST, "R-90 T-14", "a damaged certificate: no start", .run = damaged,
	    .kind = EMPTY },
	{ "security/start/8", MUST, "R-90 T-14", "an empty file: no start", .run = empty,
	    .kind = EMPTY },
	{ "security/start/9", MUST, "R-90b T-14", "CERTREQUEST without CERTPATH: no start",
	    .run = nobody_to_trust, .kind = EMPTY },
	{ "security/start/10", SHOULD, "T-15", "an expired certificate: it starts, and warns",
	    .run = expired, .kind = EMPTY },
	{ "security/start/11", MUST, "R-89 T-14", "a database that others may read: no start",
	    .run = open_database, .kind = EMPTY },

	{ "security/reload/1", MUST, "R-90a T-16",
	    "another certificate counts from the reload on, and old sessions go on", .run = renewed,
	    .kind = SECURE_FRESH },
	{ "security/reload/2", MUST, "R-90a T-16", "so does one renewed in its file",
	    .run = renewed_in_place, .kind = SECURE_FRESH },
	{ "security/reload/3", MUST, "R-90a T-16", "a key that does not fit: the old one stays",
	    .run = broken_by_misfit, .kind = SECURE_FRESH },
	{ "security/reload/4", MUST, "R-90a T-16", "no such file: the old one stays",
	    .run = broken_by_absence, .kind = SECURE_FRESH },
	{ "security/reload/5", MUST, "R-89 T-16", "a key that others may read: the old one stays",
	    .run = broken_by_mode, .kind = SECURE_FRESH },
	{ "security/reload/6", MUST, "T-16", "TLS can be switched on by a reload",
	    .run = switched_on, .kind = EMPTY },
	{ "security/reload/7", MUST, "T-16", "and off: sessions under it go on",
	    .run = switched_off, .kind = SECURE_FRESH },

	{ "security/force/1", MUST, "N-3.23 R-90c",
	    "FORCESSL: no credentials in clear; readings are", .run = forced, .kind = EMPTY },
	{ "security/force/2", MUST, "N-3.23 R-90c", "it holds for those who were there before",
	    .run = forced_by_reload, .kind = SECURE_FRESH },
	{ "security/force/3", MUST, "R-90 T-14", "FORCESSL without a certificate: no start",
	    .run = nothing_to_force, .kind = EMPTY },
};

SECTION(security_keys);
