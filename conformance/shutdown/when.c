/* When a host shuts down, and when it does not: docs/shutdown.md and docs/robustness.md, section C.
 */
#include "conformance/story.h"

static const struct test_case cases[] = {
	/* ---- what the words say ---- */
	{ "shutdown/words/1", MUST, "M-1",
	    "OB LB shuts a primary down, once, after FSD and with POWERDOWNFLAG",
	    .story = "start\nis OB LB\nshut\nflag\nheard FSD u\nonce\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/words/2", MUST, "M-2", "OB alone, however often it is polled, does not",
	    .story = "start\nis OB\npolls 4\nup 500\nlives\n", .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/16", MUST, "M-1", "words in lower case count as well",
	    .story = "start\nis ob\ntold ONBATT\nis ob lb\nshut\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/words/3", MUST, "M-2", "LB without OB does not",
	    .story = "start\nis OL LB\npolls 3\nup 500\nis LB\npolls 2\nup 500\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/4", MUST, "R-48", "OL OB LB at once does not: OL counts",
	    .story = "start\nis OL OB LB\npolls 3\nup 500\n", .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/5", MUST, "M-5", "OB LB CAL does not",
	    .story = "start\nis OB LB CAL\npolls 3\nup 500\nis OB LB\nshut\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/words/6", MUST, "M-3", "FSD shuts down, even with OL",
	    .story = "start\nis FSD OL\nshut\nonce\n", .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/words/7", MUST, "M-3", "FSD shuts a secondary down at once",
	    .story = "role secondary\nconf HOSTSYNC 60\nstart\nis FSD OB\nshut 5000\nonce\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/words/8", MUST, "M-2", "words that merely contain OB, LB or FSD do not",
	    .story = "start\nis OL OBX LBX XFSD\npolls 3\nis OB OLBX BLB FSDX\npolls 3\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/9", MUST, "R-59", "OB LB at the first poll acts at once",
	    .story = "is OB LB\nstart\nshut 5000\nheard FSD u\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/words/10", MUST, "M-2",
	    "the mains come back before the battery is low: nothing happens",
	    .story = "start\nis OB\npolls 2\nis OL\npolls 1\nis OB LB CAL\npolls 1\nis OL\npolls "
		     "2\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/11", MUST, "M-6", "OFF shuts down after OFFDURATION, not before",
	    .story = "conf OFFDURATION 3\nstart\nis OFF\npolls 1\nup 1500\nshut 6000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/12", MUST, "M-6", "OFF does not with a negative OFFDURATION",
	    .story = "conf OFFDURATION -1\nstart\nis OFF\npolls 4\nup 500\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/words/13", MUST, "M-6 R-47",
	    "OFF that ends before OFFDURATION counts from the start the next time",
	    .story = "conf OFFDURATION 3\nstart\nis OFF\npolls 2\nis OL\npolls 2\nis OFF\npolls 2\n"
		     "is OL\npolls 2\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/14", MUST, "M-7",
	    "OBLBDURATION is waited for, and OB LB that ends earlier is forgotten",
	    .story = "conf OBLBDURATION 3\nstart\nis OB LB\npolls 2\nis OL\npolls 2\nis OB LB\n"
		     "polls 1\nup 1500\nshut 6000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/words/15", MUST, "M-4",
	    "a secondary that sees OB LB waits HOSTSYNC for FSD, then goes without",
	    .story = "role secondary\nconf HOSTSYNC 3\nstart\nis OB LB\npolls 1\nup 2000\nshut "
		     "6000\nunheard FSD u\n",
	    .kind = EMPTY, .flags = SLOW },

	/* ---- servers that are gone, slow or mad ---- */
	{ "shutdown/lost/1", MUST, "R-43 M-8",
	    "lost while OB: shut down after DEADTIME, not at once",
	    .story =
		"start\nis OB\ntold ONBATT\npolls 1\nvanish\ntold COMMBAD\nup 1000\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/2", MUST, "R-43", "a link that flaps while OB shuts nothing down",
	    .story = "conf DEADTIME 6\nstart\nis OB\npolls 2\nhangup\npolls 2\nvanish\nafter "
		     "1000\nlisten\npolls 2\n"
		     "hangup\npolls 2\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/3", MUST, "R-44 M-9", "lost while OL: told of, and never a shutdown",
	    .story = "start\npolls 1\nvanish\ntold COMMBAD\nup 5000\nlives\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/4", MUST, "R-45 M-9", "lost while OL CAL: never a shutdown",
	    .story = "start\nis OL CAL\npolls 2\nvanish\nup 5000\nlives\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/5", MUST, "R-40",
	    "a frozen server while OB: COMMBAD, and shut down after DEADTIME",
	    .story = "start\nis OB\ntold ONBATT\npolls 1\nfreeze\nup 1500\nshut 20000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/6", MUST, "R-40 R-44",
	    "a frozen server while OL: told of, and never a shutdown",
	    .story = "start\npolls 1\nfreeze\nup 12500\ntold COMMBAD\ngo\ntold COMMOK\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/7", MUST, "M-9 R-61", "a server that was never there is no reason",
	    .story = "vanish\nlaunch\nup 5000\nlives\nlisten\npolls 1\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/8", MUST, "M-8", "a second outage counts its own DEADTIME",
	    .story = "conf DEADTIME 5\nstart\nis OB\npolls 2\nvanish\nafter 2000\nlisten\npolls 2\n"
		     "vanish\nafter 2000\nlisten\npolls 2\nup 500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/9", MUST, "M-12", "DATA-STALE while OB: shut down after DEADTIME",
	    .story = "start\nis OB\npolls 2\nraw ERR DATA-STALE%0a\nup 1500\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/10", MUST, "M-12",
	    "DRIVER-NOT-CONNECTED while OL: told of, and never a shutdown",
	    .story = "start\npolls 1\nraw ERR DRIVER-NOT-CONNECTED%0a\ntold COMMBAD\nup 5500\nis "
		     "OL\ntold COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/11", MUST, "M-10", "lost while BYPASS: shut down after DEADTIME",
	    .story = "start\nis OL BYPASS\npolls 2\nvanish\nup 1000\nshut 8000\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/12", MUST, "M-10", "lost with an alarm on: shut down after DEADTIME",
	    .story = "start\nis ALARM OL\npolls 2\nvanish\nup 1000\nshut 8000\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/13", MUST, "M-10", "lost with an alarm on and ALARMCRITICAL 0: not",
	    .story = "conf ALARMCRITICAL 0\nstart\nis ALARM OL\npolls 2\nvanish\nup 5500\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/14", MUST, "M-10", "lost while OVER: not, unless OVERDURATION says when",
	    .story = "start\nis OL OVER\npolls 2\nvanish\nup 5500\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/15", MUST, "M-10",
	    "lost while OVER for OVERDURATION: shut down after DEADTIME",
	    .story =
		"conf OVERDURATION 1\nstart\nis OL OVER\npolls 3\nvanish\nup 1000\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/16", MUST, "M-7 M-4", "the timers of OB LB go on while the link is down",
	    .story = "role secondary\nconf HOSTSYNC 4\nconf DEADTIME 60\nstart\nis OB LB\npolls "
		     "2\nvanish\nup 1000\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },

	{ "shutdown/lost/17", MUST, "M-33",
	    "a word that names no source takes back no OB: lost, it is shut down",
	    .story = "start\nis OB\ntold ONBATT\nis RB\npolls 2\nvanish\nup 1000\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/18", MUST, "M-34",
	    "WAIT of a driver that has only begun is no status: shut down after DEADTIME",
	    .story = "start\nis OB\ntold ONBATT\nis WAIT\nup 1500\nshut 8000\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/lost/19", MUST, "M-29",
	    "lost while OB, and the password changed: a reload forgets nothing",
	    .story = "start\nlogin 1\nis OB\ntold ONBATT\npolls 1\nvanish\ntold COMMBAD\n"
		     "password\ncommand 0 -c reload\nshut 8000\nflag\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/lost/20", MUST, "M-29",
	    "lost while OB, and the role changed: a reload forgets nothing",
	    .story = "start\nlogin 1\nis OB\ntold ONBATT\npolls 1\nvanish\ntold COMMBAD\n"
		     "role secondary\ncommand 0 -c reload\nshut 8000\nnoflag\n",
	    .kind = EMPTY, .flags = SLOW },

	{ "shutdown/mad/1", MUST, "R-41", "a server that drips delays no other",
	    .story = "server b\nconf MINSUPPLIES 2\nstart\na drip 2000\nb polls 2\nb is FSD "
		     "OL\nshut 9000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/2", MUST, "R-42", "a server that is frozen delays no other",
	    .story =
		"server b\nconf MINSUPPLIES 2\nstart\na freeze\nb polls 3\nb is OB LB\nshut 9000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/3", MUST, "R-42", "nor do three that are frozen from the start",
	    .story =
		"server b\nserver c\nserver d\na freeze\nb freeze\nc freeze\nconf MINSUPPLIES 4\n"
		"start\nd is OB LB\nshut 9000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/4", MUST, "R-49", "an empty status is no status",
	    .story = "start\nis \ntold COMMBAD\nup 4000\nis OL\ntold COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/5", MUST, "R-49",
	    "bytes that are no answer are none, and shut nothing down",
	    .story = "start\nraw %01%02%ff OB LB FSD %80%0a\ntold COMMBAD\nup 2500\nis OL\ntold "
		     "COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/6", MUST, "R-49", "the answer to another question is none",
	    .story = "start\nraw VAR v ups.status \"FSD OB LB\"%0a\ntold COMMBAD\nup 1000\nis "
		     "OL\ntold COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/mad/7", MUST, "R-49", "nor is that about another variable",
	    .story = "start\nraw VAR u ups.mode \"FSD OB LB\"%0a\ntold COMMBAD\nup 1000\nis "
		     "OL\ntold COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/mad/8", MUST, "R-49", "3 MB without a newline are no answer",
	    .story = "patience 15000\nstart\nflood 3000000\ntold COMMBAD\nup 1000\nis OL\ntold "
		     "COMMOK\nlives\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/mad/9", MUST, "R-50", "two answers to one question: the connection is given up",
	    .story =
		"start\nraw VAR u ups.status \"OL\"%0aVAR u ups.status \"OB\"%0a\ntold COMMBAD\n"
		"up 1000\nis OL\ntold COMMOK\nuntold ONBATT\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/mad/10", MUST, "R-49",
	    "a line cut short by the end of the connection is no answer",
	    .story = "start\nraw VAR u ups.status \"OB LB\nafter 1500\nhangup\nis OL\ntold "
		     "COMMOK\nup 500\nlives\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },

	/* ---- several supplies ---- */
	{ "shutdown/supplies/1", MUST, "M-11", "one of two supplies is enough for MINSUPPLIES 1",
	    .story =
		"server b\nstart\nis OB LB\na polls 3\nup 500\nb is OB LB\nshut\nb heard FSD u\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/supplies/2", MUST, "M-11",
	    "one of two supplies is not enough for MINSUPPLIES 2",
	    .story = "server b\nconf MINSUPPLIES 2\nstart\nb is OB LB\nshut\na heard FSD u\nb "
		     "heard FSD u\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/supplies/3", MUST, "M-11", "a UPS with power value 0 is only watched",
	    .story =
		"server b secondary 0\nstart\nb is FSD OB LB\nb polls 3\nup 500\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/supplies/4", MUST, "M-11 R-64", "power values add up",
	    .story = "power 2\nserver b\nserver c\nconf MINSUPPLIES 2\nstart\nb is OB LB\nc is OB "
		     "LB\nb polls 3\n"
		     "up 500\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/supplies/5", MUST, "R-64",
	    "one lost on battery, one low, one off: none is left",
	    .story = "server b\nserver c\nconf OFFDURATION 0\nstart\na is OB\na polls 2\nb is "
		     "OFF\nc is OB LB\na polls 2\nup 100\n"
		     "a vanish\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/supplies/6", MUST, "R-47", "OFF of one UPS says nothing of another",
	    .story =
		"server b\nconf OFFDURATION 0\nstart\nb is OFF\nb polls 4\nup 500\ntold 1 OFF\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/supplies/7", MUST, "M-11", "a supply that was lost while OL counts as feeding",
	    .story = "server b\nstart\nb vanish\nis OB LB\na polls 3\nup 3000\n", .kind = EMPTY,
	    .flags = SLOW },
};

SECTION(shutdown_when);
