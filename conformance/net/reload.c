/* SIGHUP: docs/net-protocol.md, section 12. */
#include "conformance/talk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A client of "bench" that must stay what it is through a reload that is refused. */
static struct conn *
witness(struct bench *bench)
{
	struct conn *conn = dial(bench);

	bench->dirty = true;
	log_in(bench, conn, "mon", "monsecret");
	need(bench, !strcmp(ask(bench, conn, "LOGIN bench"), "OK"), "no login");
	return conn;
}

/* The configuration is the stock one, and the log tells why, naming FILE. */
static void
kept(struct bench *bench, struct conn *conn, const char *file)
{
	struct conn *fresh;

	need(bench, !conn->eof, "the client is gone");
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "VAR bench ups.status \"OL\"");
	fresh = dial(bench);
	log_in(bench, fresh, "mon", "monsecret");
	want(bench, (say(bench, fresh, "LOGIN Mixed"), fresh), "OK");
	want(bench, (say(bench, fresh, "GET UPSDESC absent"), fresh),
	    "UPSDESC absent \"Nobody there\"");
	if (file)
		need(bench, strstr(log_of(bench, bench->upsd), file), "the log does not name %s",
		    file);
}

static void
missing_ups_conf(struct bench *bench)
{
	struct conn *conn = witness(bench);

	unlink(path_of(bench, "ups.conf"));
	reload_upsd(bench);
	kept(bench, conn, "ups.conf");
}

static void
empty_ups_conf(struct bench *bench)
{
	struct conn *conn = witness(bench);

	put_file(bench, "ups.conf", "");
	reload_upsd(bench);
	kept(bench, conn, "ups.conf");
}

static void
bad_line_in_ups_conf(struct bench *bench)
{
	struct conn *conn = witness(bench);

	put_file(bench, "ups.conf", "[new]\n\tdriver = dummy-ups\n\tport = \"open quote\n");
	reload_upsd(bench);
	kept(bench, conn, "ups.conf:3");
}

static void
section_without_driver(struct bench *bench)
{
	struct conn *conn = witness(bench);

	add_to_file(bench, "ups.conf", "[half]\n\tport = x\n");
	reload_upsd(bench);
	kept(bench, conn, "ups.conf");
	want(bench, (say(bench, conn, "GET UPSDESC half"), conn), "ERR UNKNOWN-UPS");
}

static void
bad_line_in_upsd_conf(struct bench *bench)
{
	struct conn *conn = witness(bench);

	add_to_file(bench, "upsd.conf", "MAXAGE soon\n");
	put_file(bench, "ups.conf", "[new]\n\tdriver = dummy-ups\n\tport = x\n");
	reload_upsd(bench);
	kept(bench, conn, "upsd.conf:4");
}

static void
unknown_directive(struct bench *bench)
{
	struct conn *conn = witness(bench);

	add_to_file(bench, "upsd.conf", "FROBNICATE 1\n");
	put_file(bench, "ups.conf", "[new]\n\tdriver = dummy-ups\n\tport = x\n");
	reload_upsd(bench);
	kept(bench, conn, "upsd.conf:4");
}

static void
missing_upsd_conf(struct bench *bench)
{
	struct conn *conn = witness(bench);

	unlink(path_of(bench, "upsd.conf"));
	reload_upsd(bench);
	kept(bench, conn, "upsd.conf");
}

static void
missing_users(struct bench *bench)
{
	struct conn *conn = witness(bench);

	unlink(path_of(bench, "upsd.users"));
	reload_upsd(bench);
	kept(bench, conn, "upsd.users");
}

static void
users_is_a_folder(struct bench *bench)
{
	struct conn *conn = witness(bench);

	unlink(path_of(bench, "upsd.users"));
	mkdir(path_of(bench, "upsd.users"), 0700);
	reload_upsd(bench);
	kept(bench, conn, "upsd.users");
}

static void
bad_line_in_users(struct bench *bench)
{
	struct conn *conn = witness(bench);

	put_file(bench, "upsd.users", "[mon]\n\tpassword = \"other\n");
	put_file(bench, "ups.conf", "[new]\n\tdriver = dummy-ups\n\tport = x\n");
	reload_upsd(bench);
	kept(bench, conn, "upsd.users:2");
}

static void
new_ups(struct bench *bench)
{
	struct conn *conn = witness(bench);

	fake_add(bench, "extra", "SETINFO ups.status \"OB\"\nDATAOK\nDUMPDONE\n");
	add_to_file(bench, "ups.conf", "[extra]\n\tdriver = dummy-ups\n\tport = x\n\tdesc = New\n");
	reload_upsd(bench);
	ask_until(bench, conn, "GET VAR extra ups.status", "VAR extra ups.status \"OB\"", 8000);
	want(bench, (say(bench, conn, "GET UPSDESC extra"), conn), "UPSDESC extra \"New\"");
	want(bench, (say(bench, conn, "GET NUMLOGINS bench"), conn), "NUMLOGINS bench 1");
}

static void
order_after_reload(struct bench *bench)
{
	struct conn *conn = dial(bench);

	bench->dirty = true;
	put_file(bench, "ups.conf",
	    "[first]\n\tdriver = dummy-ups\n\tport = x\n[bench]\n\tdriver = dummy-ups\n\tport = "
	    "bench.dev\n"
	    "[last]\n\tdriver = dummy-ups\n\tport = x\n");
	reload_upsd(bench);
	ask_until(bench, conn, "GET UPSDESC last", "UPSDESC last .*", bench->patience_ms);
	talk(bench, "> LIST UPS\n< BEGIN LIST UPS\n<~ UPS first .*\n<~ UPS bench .*\n<~ UPS last "
		    ".*\n< END LIST UPS\n");
}

static void
removed_ups(struct bench *bench)
{
	struct conn *lost = dial(bench), *other = witness(bench), *plain = dial(bench);

	log_in(bench, lost, "mon2", "monsecret");
	need(bench, !strcmp(ask(bench, lost, "LOGIN Mixed"), "OK"), "no login");
	ask(bench, plain, "NETVER");
	put_file(bench, "ups.conf", "[bench]\n\tdriver = dummy-ups\n\tport = bench.dev\n");
	reload_upsd(bench);
	need(bench, ends(bench, lost, bench->patience_ms),
	    "a client logged in to it stays connected");
	want(bench, (say(bench, other, "GET VAR Mixed ups.status"), other), "ERR UNKNOWN-UPS");
	want(bench, (say(bench, other, "GET VAR bench ups.status"), other),
	    "VAR bench ups.status \"OL\"");
	want(bench, (say(bench, plain, "NETVER"), plain), "1.3");
}

static void
nothing_changed(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = witness(bench);
	unsigned connects = fake->connects;

	reload_upsd(bench);
	need(bench, !conn->eof, "the client is gone");
	want(bench, (say(bench, conn, "GET NUMLOGINS bench"), conn), "NUMLOGINS bench 1");
	need(bench, fake->connects == connects, "the driver was connected anew");
}

static void
fsd_survives(struct bench *bench)
{
	talk(bench, LOG_IN("mon", "monsecret") "> FSD bench\n< OK FSD-SET\n");
	bench->dirty = true;
	add_to_file(bench, "ups.conf", "[other]\n\tdriver = dummy-ups\n\tport = x\n");
	reload_upsd(bench);
	talk(bench, "until GET UPSDESC other | UPSDESC other \"Unavailable\"\n> GET VAR bench "
		    "ups.status\n< VAR bench ups.status \"FSD OL\"\n");
}

static void
fsd_goes_with_its_ups(struct bench *bench)
{
	talk(bench, LOG_IN("mon", "monsecret") "> FSD Mixed\n< OK FSD-SET\n");
	bench->dirty = true;
	put_file(bench, "ups.conf", "[bench]\n\tdriver = dummy-ups\n\tport = bench.dev\n");
	reload_upsd(bench);
	talk(bench, "until GET UPSDESC Mixed | ERR UNKNOWN-UPS\n");
	add_to_file(bench, "ups.conf", "[Mixed]\n\tdriver = dummy-ups\n\tport = mixed.dev\n");
	reload_upsd(bench);
	bench->patience_ms = 8000;
	talk(bench, "until GET VAR Mixed ups.status | VAR Mixed ups.status \"OL CHRG\"\n");
}

static void
desc_changes(struct bench *bench)
{
	bench->dirty = true;
	put_file(bench, "ups.conf",
	    "[bench]\n\tdriver = dummy-ups\n\tport = bench.dev\n\tdesc = \"Another one\"\n");
	reload_upsd(bench);
	talk(bench, "until GET UPSDESC bench | UPSDESC bench \"Another one\"\n> GET VAR bench "
		    "ups.status\n< VAR bench ups.status \"OL\"\n");
}

static void
password_changes(struct bench *bench)
{
	struct conn *conn = dial(bench), *fresh = dial(bench);

	bench->dirty = true;
	log_in(bench, conn, "setter", "setsecret");
	want(bench, (say(bench, conn, "SET VAR bench ups.id x"), conn), "OK");
	put_file(bench, "upsd.users", "[setter]\n\tpassword = other\n\tactions = SET\n");
	reload_upsd(bench);
	ask_until(bench, conn, "SET VAR bench ups.id y", "ERR ACCESS-DENIED", bench->patience_ms);
	log_in(bench, fresh, "setter", "other");
	want(bench, (say(bench, fresh, "SET VAR bench ups.id z"), fresh), "OK");
}

static void
right_is_taken(struct bench *bench)
{
	struct conn *conn = dial(bench);

	bench->dirty = true;
	log_in(bench, conn, "operator", "opsecret");
	want(bench, (say(bench, conn, "INSTCMD bench beeper.toggle"), conn), "OK");
	put_file(bench, "upsd.users",
	    "[operator]\n\tpassword = opsecret\n\tinstcmds = load.off.delay\n");
	reload_upsd(bench);
	ask_until(
	    bench, conn, "INSTCMD bench beeper.toggle", "ERR ACCESS-DENIED", bench->patience_ms);
	want(bench, (say(bench, conn, "INSTCMD bench load.off.delay 1"), conn), "OK");
}

static void
two_hundred(struct bench *bench)
{
	struct conn *conn = witness(bench);

	for (int i = 0; i < 200; i++)
		kill(bench->upsd->pid, SIGHUP);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "VAR bench ups.status \"OL\"");
	for (int i = 0; i < 200; i++) {
		kill(bench->upsd->pid, SIGHUP);
		bench_turn(bench, 1);
	}
	want(bench, (say(bench, conn, "GET NUMLOGINS bench"), conn), "NUMLOGINS bench 1");
}

static void
maxage_changes(struct bench *bench)
{
	struct conn *conn = dial(bench);

	fake_get(bench, "bench")->no_pong = true;
	bench->dirty = true;
	add_to_file(bench, "upsd.conf", "MAXAGE 2\n");
	reload_upsd(bench);
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DATA-STALE", 8000);
}

static void
listen_changes(struct bench *bench)
{
	char text[600];
	struct conn *conn = witness(bench);

	snprintf(text, sizeof(text), "LISTEN 127.0.0.2 %d\nDATAPATH %s\nMAXAGE 15\n", bench->port,
	    bench->dir);
	put_file(bench, "upsd.conf", text);
	reload_upsd(bench);
	kept(bench, conn, NULL);
	need(bench, !try_dial(bench, "127.0.0.2", bench->port), "the new address is served");
	need(bench, strstr(log_of(bench, bench->upsd), "LISTEN"),
	    "the log does not say that LISTEN keeps its value");
}

/* A fault and a client's request at once: the client is served in between. */
static void
recovers_after_fault(struct bench *bench)
{
	struct conn *conn = witness(bench);

	put_file(bench, "ups.conf", "");
	reload_upsd(bench);
	put_file(bench, "ups.conf",
	    "[bench]\n\tdriver = dummy-ups\n\tport = bench.dev\n\tdesc = Repaired\n");
	reload_upsd(bench);
	ask_until(
	    bench, conn, "GET UPSDESC bench", "UPSDESC bench \"Repaired\"", bench->patience_ms);
}

static const struct test_case cases[] = {
	{ "net/reload/1", MUST, "N-12.1 R-17", "a missing ups.conf keeps the running configuration",
	    .run = missing_ups_conf },
	{ "net/reload/2", MUST, "N-12.1 R-18", "an empty ups.conf keeps the running configuration",
	    .run = empty_ups_conf },
	{ "net/reload/3", MUST, "N-12.1 R-19",
	    "a fault in ups.conf keeps it, and is logged with file and line",
	    .run = bad_line_in_ups_conf },
	{ "net/reload/4", MUST, "N-12.1 R-19", "a section without driver keeps it",
	    .run = section_without_driver },
	{ "net/reload/5", MUST, "N-12.1 R-19", "a bad value in upsd.conf keeps all, ups.conf too",
	    .run = bad_line_in_upsd_conf },
	{ "net/reload/6", MUST, "N-12.1 R-19", "an unknown directive in upsd.conf keeps all",
	    .run = unknown_directive },
	{ "net/reload/7", MUST, "N-12.1 R-19", "a missing upsd.conf keeps all",
	    .run = missing_upsd_conf },
	{ "net/reload/8", MUST, "N-12.1 R-20", "a missing upsd.users keeps the old users",
	    .run = missing_users },
	{ "net/reload/9", MUST, "N-12.1 R-20", "an unreadable upsd.users keeps the old users",
	    .run = users_is_a_folder },
	{ "net/reload/10", MUST, "N-12.1 R-20", "a fault in upsd.users keeps all",
	    .run = bad_line_in_users },
	{ "net/reload/11", MUST, "N-12.2", "a new UPS appears", .run = new_ups, .kind = FRESH },
	{ "net/reload/12", MUST, "N-12.2 R-25d",
	    "a UPS that went is unknown, its logged-in clients are disconnected, others stay",
	    .run = removed_ups, .kind = FRESH },
	{ "net/reload/13", MUST, "N-12.3 R-21",
	    "a reload without a change disturbs neither clients nor drivers",
	    .run = nothing_changed },
	{ "net/reload/14", MUST, "N-12.7", "the order of UPSes is that of the new ups.conf",
	    .run = order_after_reload },
	{ "net/reload/15", MUST, "N-3.17", "FSD survives a reload", .run = fsd_survives },
	{ "net/reload/16", MUST, "N-3.17", "FSD goes with its UPS", .run = fsd_goes_with_its_ups,
	    .flags = SLOW },
	{ "net/reload/17", MUST, "N-12.5", "a description changes", .run = desc_changes },
	{ "net/reload/18", MUST, "N-12.4 R-22", "a session with an old password loses its rights",
	    .run = password_changes },
	{ "net/reload/19", MUST, "N-12.4", "a right that was taken is gone at once",
	    .run = right_is_taken },
	{ "net/reload/20", MUST, "N-12.8 R-21", "400 SIGHUPs harm nobody", .run = two_hundred },
	{ "net/reload/21", MUST, "N-12.5", "MAXAGE changes", .run = maxage_changes, .flags = SLOW },
	{ "net/reload/22", MUST, "N-12.6", "LISTEN keeps its value, and the log says so",
	    .run = listen_changes },
	{ "net/reload/23", MUST, "N-12.1", "after a refused reload a good one works",
	    .run = recovers_after_fault },
};

SECTION(net_reload);
