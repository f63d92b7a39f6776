/* TRACKING: docs/net-protocol.md, section 8. */
#include "conformance/talk.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACKED ADMIN "> SET TRACKING ON\n< OK\n"
#define UUID "[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}"
#define INSTCMD                                                                                    \
	"> INSTCMD bench load.off\n<~ OK TRACKING (" UUID ")\nb< INSTCMD load.off TRACKING $1\n"

/* Two servers started alike must not give the same ids: NUT's rand() without a seed did. */
static void
not_the_same_twice(struct bench *bench)
{
	char ids[2][64];

	for (int i = 0; i < 2; i++) {
		struct conn *conn = dial(bench);
		const char *line;

		log_in(bench, conn, "admin", "topsecret");
		need(bench, !strcmp(ask(bench, conn, "SET TRACKING ON"), "OK"), "no TRACKING");
		line = ask(bench, conn, "INSTCMD bench load.off");
		need(bench, matches(bench, "OK TRACKING (" UUID ")", line), "got: %s", line);
		snprintf(ids[i], sizeof(ids[i]), "%.36s", bench->captured[1]);
		hang_up(bench, conn);
		if (i)
			break;
		stop_upsd(bench);
		start_upsd(bench);
	}
	need(bench, strcmp(ids[0], ids[1]), "the first id of two runs is the same: %s", ids[0]);
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, 40);
}

static void
no_two_alike(struct bench *bench)
{
	enum { IDS = 200 };
	static char ids[IDS][40];
	struct conn *conn = dial(bench);

	log_in(bench, conn, "admin", "topsecret");
	need(bench, !strcmp(ask(bench, conn, "SET TRACKING ON"), "OK"), "no TRACKING");
	for (int i = 0; i < IDS; i++)
		say(bench, conn, "INSTCMD bench load.off");
	for (int i = 0; i < IDS; i++) {
		want_like(bench, conn, "OK TRACKING (" UUID ")");
		memset(ids[i], 0, sizeof(ids[i]));
		snprintf(ids[i], sizeof(ids[i]), "%.36s", bench->captured[1]);
	}
	qsort(ids, IDS, sizeof(ids[0]), compare);
	for (int i = 1; i < IDS; i++)
		need(bench, strcmp(ids[i - 1], ids[i]), "given twice: %s", ids[i]);
}

static void
lower_case(struct bench *bench)
{
	talk(bench, TRACKED INSTCMD "b> TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n");
	for (char *at = bench->captured[1]; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	talk(bench, "> GET TRACKING $1\n< SUCCESS\n");
}

static void
forgotten(struct bench *bench)
{
	add_to_file(bench, "upsd.conf", "TRACKINGDELAY 1\n");
	fake_add(bench, "bench", stock_dump);
	start_upsd(bench);
	talk(bench, TRACKED INSTCMD "b> TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n");
	bench->patience_ms = 6000;
	talk(bench, "until GET TRACKING $1 | ERR UNKNOWN\n");
}

static const struct test_case cases[] = {
	{ "net/tracking/1", MUST, "N-8.1", "TRACKING is off at first",
	    .talk = "> GET TRACKING\n< OFF\n" },
	{ "net/tracking/2", MUST, "N-8.1 N-8.2",
	    "it is switched on and off for its connection alone",
	    .talk = TRACKED
	    "> GET TRACKING\n< ON\n1> GET TRACKING\n1< OFF\n> SET TRACKING OFF\n< OK\n> GET "
	    "TRACKING\n< OFF\n> INSTCMD bench load.off\n< OK\nb< INSTCMD load.off\n" },
	{ "net/tracking/3", MUST, "N-8.2", "other values are refused",
	    .talk = ADMIN "> SET TRACKING MAYBE\n< ERR INVALID-ARGUMENT\n> SET TRACKING\n< ERR "
			  "INVALID-ARGUMENT\n> SET TRACKING \"\"\n< ERR INVALID-ARGUMENT\n> GET "
			  "TRACKING\n< OFF\n" },
	{ "net/tracking/4", MUST, "N-8.3 N-8.4", "INSTCMD answers an id and the driver is told it",
	    .talk = TRACKED INSTCMD },
	{ "net/tracking/5", MUST, "N-8.3", "SET answers an id and the driver is told it",
	    .talk = TRACKED "> SET VAR bench ups.id x\n<~ OK TRACKING (" UUID
			    ")\nb< SET ups.id \"x\" TRACKING $1\n" },
	{ "net/tracking/6", MUST, "N-8.3 N-7.1", "the value stands before the id",
	    .talk = TRACKED "> INSTCMD bench load.off.delay 5\n<~ OK TRACKING (" UUID
			    ")\nb<~ INSTCMD load.off.delay \"?5\"? TRACKING $1\n" },
	{ "net/tracking/7", MUST, "N-8.5", "PENDING until the driver reports, then SUCCESS",
	    .talk = TRACKED INSTCMD
	    "> GET TRACKING $1\n< PENDING\nb> TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n" },
	{ "net/tracking/8", MUST, "N-8.5", "result 1 is unknown",
	    .talk = TRACKED INSTCMD "b> TRACKING $1 1\nuntil GET TRACKING $1 | ERR UNKNOWN\n" },
	{ "net/tracking/9", MUST, "N-8.5", "result 2 is an invalid argument",
	    .talk = TRACKED INSTCMD
	    "b> TRACKING $1 2\nuntil GET TRACKING $1 | ERR INVALID-ARGUMENT\n" },
	{ "net/tracking/10", MUST, "N-8.5", "result 3 is a failure",
	    .talk = TRACKED INSTCMD "b> TRACKING $1 3\nuntil GET TRACKING $1 | ERR FAILED\n" },
	{ "net/tracking/11", MUST, "N-8.5", "result 4 is an invalid argument",
	    .talk = TRACKED INSTCMD
	    "b> TRACKING $1 4\nuntil GET TRACKING $1 | ERR INVALID-ARGUMENT\n" },
	{ "net/tracking/12", MUST, "N-8.6", "an id that was never given",
	    .talk = TRACKED "> GET TRACKING 01234567-89AB-4DEF-8123-456789ABCDEF\n< ERR UNKNOWN\n> "
			    "GET TRACKING x\n< ERR UNKNOWN\n" },
	{ "net/tracking/13", MUST, "N-8.7", "no answer about an id while TRACKING is off",
	    .talk = ADMIN
	    "> GET TRACKING 01234567-89AB-4DEF-8123-456789ABCDEF\n< ERR FEATURE-NOT-CONFIGURED\n" },
	{ "net/tracking/14", MUST, "N-8.12", "an id is found without regard to case",
	    .run = lower_case },
	{ "net/tracking/15", MUST, "N-9.2", "SET TRACKING needs a user and a password",
	    .talk = "> SET TRACKING ON\n< ERR USERNAME-REQUIRED\n> USERNAME admin\n< OK\n> SET "
		    "TRACKING ON\n< ERR PASSWORD-REQUIRED\n> GET TRACKING\n< OFF\n" },
	{ "net/tracking/16", MUST, "N-8.8", "SET TRACKING needs a valid password",
	    .talk = LOG_IN("admin",
		"wrong4") "> SET TRACKING ON\n< ERR ACCESS-DENIED\n> GET TRACKING\n< OFF\n" },
	{ "net/tracking/17", MUST, "N-8.8", "a user with nothing but instcmds may use TRACKING",
	    .talk = LOG_IN("operator",
		"opsecret") "> SET TRACKING ON\n< OK\n> INSTCMD bench beeper.toggle\n<~ OK "
			    "TRACKING (" UUID ")\nb< INSTCMD beeper.toggle TRACKING $1\nb> "
			    "TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n" },
	{ "net/tracking/18", MUST, "N-8.9", "another user learns nothing about an id",
	    .talk = TRACKED INSTCMD
	    "b> TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n" LOG_IN_ON("1", "operator",
		"opsecret") "1> SET TRACKING ON\n1< OK\n1> GET TRACKING $1\n1< ERR UNKNOWN\n" },
	{ "net/tracking/19", MUST, "N-8.9", "the same user learns it on another connection",
	    .talk = TRACKED INSTCMD
	    "b> TRACKING $1 0\nuntil GET TRACKING $1 | SUCCESS\n" LOG_IN_ON("1", "admin",
		"topsecret") "1> SET TRACKING ON\n1< OK\n1> GET TRACKING $1\n1< SUCCESS\n" },
	{ "net/tracking/20", MUST, "N-8.4", "ids of two runs differ", .run = not_the_same_twice,
	    .kind = FRESH },
	{ "net/tracking/21", MUST, "N-8.4", "200 ids differ", .run = no_two_alike },
	{ "net/tracking/22", MUST, "N-8.6", "an id is forgotten after TRACKINGDELAY",
	    .run = forgotten, .kind = EMPTY, .flags = SLOW },
	{ "net/tracking/23", MUST, "N-8.11", "a report that is no number is no success",
	    .talk = TRACKED INSTCMD
	    "b> TRACKING $1 done\nb> SETINFO ups.id \"after\"\nuntil GET VAR bench ups.id | VAR "
	    "bench ups.id \"after\"\n> GET TRACKING $1\n<~ (PENDING|ERR [A-Z-]+)\n" },
	{ "net/tracking/24", MUST, "N-8.5", "reports find their ids, in any order",
	    .talk = TRACKED
	    "> INSTCMD bench load.off\n<~ OK TRACKING (" UUID
	    ")\nb< INSTCMD load.off TRACKING $1\nb> TRACKING $1 3\n1> NETVER\n1< 1.3\nuntil GET "
	    "TRACKING $1 | ERR FAILED\n> INSTCMD bench beeper.toggle\n<~ OK TRACKING (" UUID
	    ")\nb< INSTCMD beeper.toggle TRACKING $1\n> GET TRACKING $1\n< PENDING\nb> TRACKING $1 "
	    "0\nuntil GET TRACKING $1 | SUCCESS\n" },
};

SECTION(net_tracking);
