/* What upsmon tells people: docs/shutdown.md, docs/man/upsmon.conf.5. */
#include "conformance/story.h"

static const struct test_case cases[] = {
	{ "shutdown/tell/1", MUST, "M-21",
	    "ONBATT, LOWBATT and ONLINE are told once for each change",
	    .story =
		"server b\nstart\nis OB\ntold 1 ONBATT\nis OB LB\ntold 1 LOWBATT\npolls 2\nis OL\n"
		"told 1 ONLINE\npolls 2\ntold 1 ONBATT\ntold 1 LOWBATT\ntold 1 ONLINE\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/2", MUST, "M-21", "the first status, OL, is no return of the mains",
	    .story = "start\npolls 2\nuntold ONLINE\nuntold COMMOK\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/tell/3", MUST, "M-22",
	    "a UPS that is not there at start is told of, and when it comes",
	    .story = "vanish\nlaunch\ntold 1 COMMBAD\nlisten\ntold 1 COMMOK\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/tell/4", MUST, "M-22",
	    "COMMBAD once, however often the poll fails; COMMOK once",
	    .story = "start\nvanish\ntold 1 COMMBAD\nafter 3000\ntold 1 COMMBAD\nlisten\ntold 1 "
		     "COMMOK\npolls 2\ntold 1 COMMOK\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/5", MUST, "M-22",
	    "NOCOMM after NOCOMMWARNTIME, and again each time it has passed",
	    .story = "conf NOCOMMWARNTIME 2\nstart\npolls 2\nuntold NOCOMM\nvanish\ntold "
		     "COMMBAD\nuntold NOCOMM\n"
		     "told 1 NOCOMM\ntold 2 NOCOMM\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/6", MUST, "M-23", "REPLBATT once within RBWARNTIME",
	    .story = "start\nis OL RB\ntold 1 REPLBATT\npolls 3\ntold 1 REPLBATT\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/tell/7", MUST, "M-23", "REPLBATT again when RBWARNTIME has passed",
	    .story = "conf RBWARNTIME 2\nstart\nis OL RB\ntold 1 REPLBATT\ntold 2 REPLBATT\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/8", MUST, "M-24 R-46", "CAL comes and goes with its word",
	    .story = "start\nis OL CAL\ntold 1 CAL\nuntold NOTCAL\nis OL\ntold 1 NOTCAL\npolls "
		     "1\nis OL CAL\ntold 2 CAL\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/9", MUST, "M-24 R-46", "OFF comes and goes with its word",
	    .story = "conf OFFDURATION -1\nstart\nis OFF\ntold 1 OFF\nis OL\ntold 1 NOTOFF\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/10", MUST, "M-24 R-46",
	    "BYPASS, OVER, TRIM and BOOST come and go with their words",
	    .story = "start\nis OL BYPASS OVER\ntold BYPASS\ntold OVER\nis OL TRIM\ntold "
		     "NOTBYPASS\ntold NOTOVER\ntold TRIM\n"
		     "is OL BOOST\ntold NOTTRIM\ntold BOOST\nis OL\ntold NOTBOOST\npolls 1\n"
		     "told 1 BYPASS\ntold 1 OVER\ntold 1 TRIM\ntold 1 BOOST\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/11", MUST, "M-24 R-46",
	    "whole words: OVERHEAT is not OVER, and does not keep it",
	    .story =
		"start\nis OL OVERHEAT\npolls 2\nuntold OVER\nis OL OVER OVERHEAT\ntold 1 OVER\n"
		"is OL OVERHEAT\ntold 1 NOTOVER\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/12", MUST, "M-24 R-46",
	    "whole words: CALIBRATED is not CAL, OFFLINE is not OFF, and OLB is no LB",
	    .story = "start\nis OL CALIBRATED OFFLINE OLB BYPASSED\npolls 2\nuntold CAL\nuntold "
		     "OFF\nuntold LOWBATT\nuntold BYPASS\n"
		     "is OL CAL CALIBRATED\ntold 1 CAL\nis OL CALIBRATED\ntold 1 NOTCAL\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/13", MUST, "M-25",
	    "ALARM with its text, again when the text changes, NOTALARM at its end",
	    .story =
		"alarm Battery is hot\nstart\nis ALARM OL\ntold 1 ALARM Battery is hot\npolls 2\n"
		"alarm Fan failed\ntold 1 ALARM Fan failed\ntold 2 ALARM\nis OL\ntold 1 NOTALARM\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/14", MUST, "M-25",
	    "words that nobody knows are OTHER, and survived when they go together",
	    .story = "start\nis OL FOO\ntold OTHER FOO\nis OL FOO BAR\ntold OTHER FOO BAR\nis "
		     "OL\ntold 1 NOTOTHER\n"
		     "polls 3\nlives\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/15", MUST, "M-24", "ECO comes and goes with its word",
	    .story = "start\nis OL ECO\ntold 1 ECO\nis OL\ntold 1 NOTECO\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/tell/16", MUST, "M-26",
	    "NOTIFYCMD: the message is its last argument, NOTIFYTYPE and UPSNAME tell the rest",
	    .story = "conf NOTIFYMSG ONBATT \"it is %s, really\"\nstart\nis OB\ntold 1 ONBATT "
		     "|u@127.0.0.1:\n"
		     "told 1 ONBATT |it is u@127.0.0.1:\ntold 1 ONBATT , really\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/17", MUST, "M-26", "IGNORE is told to nobody, SYSLOG not to NOTIFYCMD",
	    .story = "conf NOTIFYFLAG ONBATT IGNORE\nconf NOTIFYFLAG LOWBATT SYSLOG\nserver "
		     "b\nstart\nis OB LB\n"
		     "log battery is low\npolls 2\nuntold ONBATT\nuntold LOWBATT\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/18", MUST, "M-26 M-27",
	    "SHUTDOWN is told before SHUTDOWNCMD runs, FSD once",
	    .story = "conf FINALDELAY 2\nstart\nis OB LB\ntold 1 FSD\ntold 1 SHUTDOWN\nup "
		     "300\nshut\ntold 1 FSD\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/19", MUST, "R-57", "a NOTIFYCMD that hangs holds nobody up",
	    .story = "conf NOTIFYCMD \"sleep 100; true\"\nstart\nis OB\npolls 3\nis OL\npolls "
		     "3\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/20", MUST, "R-58", "what upsd says is never run by a shell",
	    .story =
		"alarm $(touch DIR1)`touch DIR2`;touch x'\nstart\nis ALARM OL $(id) `id`\npolls 3\n"
		"told ALARM $(touch DIR1)\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/21", MUST, "M-24",
	    "words are told anew after the UPS was lost, if they are news",
	    .story = "start\nis OB\ntold 1 ONBATT\nvanish\ntold COMMBAD\nis OL\nlisten\ntold "
		     "COMMOK\ntold 1 ONLINE\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/24", MUST, "M-33",
	    "ONLINE follows ONBATT, whatever the driver says in between",
	    .story = "start\nis OB\ntold 1 ONBATT\nis BYPASS\npolls 2\nis RB\npolls 2\nis OL\n"
		     "told 1 ONLINE\nis OB\ntold 2 ONBATT\nis WAIT\nafter 1200\nis OL\n"
		     "told 2 ONLINE\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/tell/22", MUST, "R-65",
	    "one DATA-STALE between two good answers is told to nobody",
	    .story = "start\nraw ERR DATA-STALE%0a\npolls 1\nis OL\npolls 2\nuntold COMMBAD\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/tell/23", SHOULD, "R-63",
	    "a poll that fails again and again for one reason is logged a few times at most",
	    .story = "start\nvanish\nafter 5000\nlogless 4 onnection refused\n", .kind = EMPTY,
	    .flags = SLOW },
};

SECTION(shutdown_tell);
