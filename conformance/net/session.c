/* VER, HELP, USERNAME, PASSWORD, LOGIN, LOGOUT, PRIMARY, FSD, STARTTLS: docs/net-protocol.md,
 * section 3. */
#include "conformance/suite.h"

static const struct test_case cases[] = {
	{ "net/ver/1", MUST, "N-3.1", "VER answers with one line that names upsd and its version",
	    .talk = "> VER\n<~ Network UPS Tools upsd 2\\.[0-9.]+( \\(refnut [^ ]+\\))? - "
		    ".+\n<quiet\n" },
	{ "net/ver/2", MUST, "N-9.7", "VER takes no words",
	    .talk = "> VER x\n< ERR INVALID-ARGUMENT\n> VER\n" VERSION_LINE },
	{ "net/netver/1", MUST, "N-3.2 R-100", "NETVER answers the protocol's version",
	    .talk = "> NETVER\n< 1.3\n" },
	{ "net/netver/2", MUST, "N-3.2 R-100", "PROTVER answers the protocol's version",
	    .talk = "> PROTVER\n< 1.3\n" },
	{ "net/netver/3", MUST, "N-9.7", "NETVER and PROTVER take no words",
	    .talk = "> NETVER x\n< ERR INVALID-ARGUMENT\n> PROTVER x\n< ERR INVALID-ARGUMENT\n" },
	{ "net/help/1", MUST, "N-3.3", "HELP names the commands in one line",
	    .talk = "> HELP\n<~ Commands: HELP VER .*GET LIST SET INSTCMD LOGIN LOGOUT USERNAME "
		    "PASSWORD STARTTLS.*\n<quiet\n" },
	{ "net/help/2", MUST, "N-9.7", "HELP takes no words",
	    .talk = "> HELP VER\n< ERR INVALID-ARGUMENT\n" },

	{ "net/username/1", MUST, "N-3.4", "USERNAME answers OK",
	    .talk = "> USERNAME admin\n< OK\n" },
	{ "net/username/2", MUST, "N-3.4", "a second USERNAME is refused, the same name or another",
	    .talk = "> USERNAME admin\n< OK\n> USERNAME admin\n< ERR ALREADY-SET-USERNAME\n> "
		    "USERNAME mon\n< ERR "
		    "ALREADY-SET-USERNAME\n" },
	{ "net/username/3", MUST, "N-9.7", "USERNAME takes one word",
	    .talk = "> USERNAME\n< ERR INVALID-ARGUMENT\n> USERNAME a b\n< ERR INVALID-ARGUMENT\n> "
		    "USERNAME a\n< OK\n" },
	{ "net/username/4", MUST, "N-3.6", "USERNAME does not tell whether there is such a user",
	    .talk = "> USERNAME nobody-of-this-name\n< OK\n> PASSWORD x\n< OK\n" },
	{ "net/username/5", MUST, "N-3.7", "an empty user name is refused and not stored",
	    .talk = "> USERNAME \"\"\n< ERR INVALID-USERNAME\n> USERNAME admin\n< OK\n" },
	{ "net/password/1", MUST, "N-3.5", "PASSWORD answers OK, before USERNAME too",
	    .talk = "> PASSWORD topsecret\n< OK\n> USERNAME admin\n< OK\n> FSD nosuch\n< ERR "
		    "UNKNOWN-UPS\n" },
	{ "net/password/2", MUST, "N-3.5", "a second PASSWORD is refused",
	    .talk = "> PASSWORD x\n< OK\n> PASSWORD topsecret\n< ERR ALREADY-SET-PASSWORD\n" },
	{ "net/password/3", MUST, "N-9.7", "PASSWORD takes one word",
	    .talk =
		"> PASSWORD\n< ERR INVALID-ARGUMENT\n> PASSWORD a b\n< ERR INVALID-ARGUMENT\n" },
	{ "net/password/4", MUST, "N-3.8 N-3.5",
	    "an empty password counts as given and never matches",
	    .talk = LOG_IN("nopass",
		"\"\"") "> PASSWORD x\n< ERR ALREADY-SET-PASSWORD\n> SET VAR bench ups.id x\n< ERR "
			"ACCESS-DENIED\n" },
	{ "net/password/5", MUST, "N-3.8",
	    "a user without password in upsd.users has no rights whatever it sends",
	    .talk = LOG_IN("nopass", "x") "> INSTCMD bench load.off\n< ERR ACCESS-DENIED\n" },
	{ "net/password/6", MUST, "N-2.2 N-2.3 N-3.9",
	    "a password may hold blanks, quotes, backslashes and number signs",
	    .talk = LOG_IN("spaced", "\"two words \\\"\\\\\\#\"") "> LOGIN bench\n< OK\n" },
	{ "net/password/7", MUST, "N-2.10 N-9.6", "passwords are compared with regard to case",
	    .talk = LOG_IN("Case", "casesecret") "> LOGIN bench\n< ERR ACCESS-DENIED\n" },
	{ "net/password/8", MUST, "N-2.10 N-9.6", "user names are compared with regard to case",
	    .talk = LOG_IN("case", "CaseSecret") "> LOGIN bench\n< ERR ACCESS-DENIED\n" },
	{ "net/password/9", MUST, "N-9.6",
	    "the beginning of a password is not the password, nor is more than it",
	    .talk = LOG_IN("mon", "monsecre") "> LOGIN bench\n< ERR ACCESS-DENIED\nclose\n" LOG_IN(
		"mon", "monsecrett") "> LOGIN bench\n< ERR ACCESS-DENIED\n" },

	{ "net/login/1", MUST, "N-3.9", "a secondary may log in",
	    .talk = LOG_IN("mon2", "monsecret") "> LOGIN bench\n< OK\n" },
	{ "net/login/2", MUST, "N-3.9", "a primary may log in",
	    .talk = LOG_IN("mon", "monsecret") "> LOGIN bench\n< OK\n" },
	{ "net/login/3", MUST, "N-3.9", "actions = LOGIN is enough to log in",
	    .talk = LOG_IN("loginer",
		"logsecret") "> LOGIN bench\n< OK\n> PRIMARY bench\n< ERR ACCESS-DENIED\n" },
	{ "net/login/4", MUST, "N-3.10", "a second LOGIN is refused before its UPS is looked at",
	    .talk = LOG_IN("mon2",
		"monsecret") "> LOGIN bench\n< OK\n> LOGIN bench\n< ERR ALREADY-LOGGED-IN\n> LOGIN "
			     "nosuch\n< ERR ALREADY-LOGGED-IN\n" },
	{ "net/login/5", MUST, "N-3.11",
	    "LOGIN works while the driver is away or its data are stale",
	    .talk = LOG_IN("mon2", "monsecret") "> LOGIN absent\n< OK\n" LOG_IN_ON(
		"1", "mon2", "monsecret") "1> LOGIN "
					  "stale\n1< OK\n" },
	{ "net/login/6", MUST, "N-9.4", "LOGIN to an unknown UPS is refused and leaves no login",
	    .talk = LOG_IN(
		"mon2", "monsecret") "> LOGIN nosuch\n< ERR UNKNOWN-UPS\n> LOGIN bench\n< OK\n" },
	{ "net/login/7", MUST, "N-9.6 N-3.19", "a user without the right may not log in",
	    .talk = LOG_IN("setter", "setsecret") "> LOGIN bench\n< ERR ACCESS-DENIED\n" },
	{ "net/login/8", MUST, "N-9.7", "LOGIN takes one word",
	    .talk = LOG_IN("mon2", "monsecret") "> LOGIN\n< ERR INVALID-ARGUMENT\n> LOGIN bench "
						"x\n< ERR INVALID-ARGUMENT\n" },
	{ "net/login/9", MUST, "N-9.6", "after a refusal the connection is not logged in",
	    .talk = LOG_IN("mon2", "wrong1") "> LOGIN bench\n< ERR ACCESS-DENIED\n> LOGIN bench\n< "
					     "ERR ACCESS-DENIED\n" },
	{ "net/login/10", MUST, "N-4.7 N-3.20",
	    "NUMLOGINS counts connections and forgets them when they end",
	    .talk = "> GET NUMLOGINS Mixed\n< NUMLOGINS Mixed 0\n" LOG_IN_ON("1", "mon2",
		"monsecret") "1> LOGIN Mixed\n1< "
			     "OK\n" LOG_IN_ON("2", "mon",
				 "monsecret") "2> LOGIN mixed\n2< OK\n"
					      "> GET NUMLOGINS Mixed\n< NUMLOGINS Mixed 2\n1close\n"
					      "until GET NUMLOGINS Mixed | NUMLOGINS Mixed 1\n"
					      "2> LOGOUT\n2< OK Goodbye\nuntil GET NUMLOGINS Mixed "
					      "| NUMLOGINS Mixed 0\n" },
	{ "net/login/11", MUST, "N-3.15 R-100", "upsmon slave in upsd.users is a secondary",
	    .talk = LOG_IN("oldmon2",
		"monsecret") "> LOGIN bench\n< OK\n> MASTER bench\n< ERR ACCESS-DENIED\n" },
	{ "net/logout/1", MUST, "N-3.12", "LOGOUT says goodbye and closes",
	    .talk = "> LOGOUT\n< OK Goodbye\n<eof\n" },
	{ "net/logout/2", MUST, "N-3.12 R-23 R-25d",
	    "nothing after LOGOUT in the same segment is executed",
	    .talk = ">> LOGOUT%0aVER%0a\n< OK Goodbye\n<eof\n" },
	{ "net/logout/3", MUST, "N-9.7", "LOGOUT takes no words",
	    .talk = "> LOGOUT now\n< ERR INVALID-ARGUMENT\n> VER\n" VERSION_LINE },
	{ "net/logout/4", MUST, "N-3.12 N-3.20 R-23",
	    "LOGOUT takes the login back, even with more in the segment",
	    .talk = LOG_IN_ON("1", "mon2",
		"monsecret") "1> LOGIN stale\n1< OK\n1>> LOGOUT%0aLIST UPS%0a\n1< OK Goodbye\n"
			     "1<eof\n> LIST CLIENT stale\n< BEGIN LIST CLIENT stale\n< END LIST "
			     "CLIENT "
			     "stale\n" },

	{ "net/primary/1", MUST, "N-3.13", "PRIMARY is granted to a primary, without LOGIN",
	    .talk = LOG_IN("mon", "monsecret") "> PRIMARY bench\n< OK PRIMARY-GRANTED\n" },
	{ "net/primary/2", MUST, "N-3.14 R-100", "MASTER is the old word for PRIMARY",
	    .talk = LOG_IN("mon", "monsecret") "> MASTER bench\n< OK MASTER-GRANTED\n" },
	{ "net/primary/3", MUST, "N-3.15 R-100", "upsmon master in upsd.users is a primary",
	    .talk = LOG_IN("oldmon",
		"monsecret") "> PRIMARY bench\n< OK PRIMARY-GRANTED\n> LOGIN bench\n< OK\n" },
	{ "net/primary/4", MUST, "N-3.19 N-9.6", "a secondary is not granted PRIMARY",
	    .talk = LOG_IN("mon2", "monsecret") "> PRIMARY bench\n< ERR ACCESS-DENIED\n> MASTER "
						"bench\n< ERR ACCESS-DENIED\n" },
	{ "net/primary/5", MUST, "N-9.4", "PRIMARY of an unknown UPS",
	    .talk = LOG_IN("mon", "monsecret") "> PRIMARY nosuch\n< ERR UNKNOWN-UPS\n> MASTER "
					       "nosuch\n< ERR UNKNOWN-UPS\n" },
	{ "net/primary/6", MUST, "N-9.7", "PRIMARY takes one word",
	    .talk = LOG_IN("mon", "monsecret") "> PRIMARY\n< ERR INVALID-ARGUMENT\n> PRIMARY bench "
					       "x\n< ERR INVALID-ARGUMENT\n" },
	{ "net/primary/7", MUST, "N-3.13 N-9.5", "PRIMARY needs no driver",
	    .talk = LOG_IN("mon", "monsecret") "> PRIMARY absent\n< OK PRIMARY-GRANTED\n> PRIMARY "
					       "stale\n< OK PRIMARY-GRANTED\n" },

	{ "net/fsd/1", MUST, "N-3.16 N-3.17",
	    "FSD is set by a primary and shown before the driver's words",
	    .talk = LOG_IN("mon", "monsecret") "> FSD bench\n< OK FSD-SET\n> GET VAR bench "
					       "ups.status\n< VAR bench ups.status "
					       "\"FSD OL\"\n> LIST VAR bench\n<... VAR bench "
					       "ups.status \"FSD OL\"\n<... END "
					       "LIST VAR bench\n",
	    .flags = DIRTY },
	{ "net/fsd/2", MUST, "N-3.16", "actions = FSD is enough",
	    .talk = LOG_IN("fsder", "fsdsecret") "> FSD bench\n< OK FSD-SET\n", .flags = DIRTY },
	{ "net/fsd/3", MUST, "N-3.19 N-9.6", "a secondary may not FSD, nor one with SET alone",
	    .talk = LOG_IN("mon2", "monsecret") "> FSD bench\n< ERR ACCESS-DENIED\n" LOG_IN_ON("1",
		"setter", "setsecret") "1> FSD bench\n1< ERR "
				       "ACCESS-DENIED\n> GET VAR bench ups.status\n< VAR bench "
				       "ups.status \"OL\"\n" },
	{ "net/fsd/4", MUST, "N-3.16", "FSD works on a UPS whose driver is away or stale",
	    .talk = LOG_IN(
		"mon", "monsecret") "> FSD absent\n< OK FSD-SET\n> FSD stale\n< OK FSD-SET\n",
	    .flags = DIRTY },
	{ "net/fsd/5", MUST, "N-9.7 N-9.4", "FSD takes one word, the name of a UPS",
	    .talk =
		LOG_IN("mon", "monsecret") "> FSD\n< ERR INVALID-ARGUMENT\n> FSD bench x\n< ERR "
					   "INVALID-ARGUMENT\n> FSD nosuch\n< ERR UNKNOWN-UPS\n" },
	{ "net/fsd/6", MUST, "N-3.17", "FSD stays when the status changes and when its client goes",
	    .talk = LOG_IN("mon",
		"monsecret") "> FSD bench\n< OK FSD-SET\nclose\nb> SETINFO ups.status \"OB LB\"\n"
			     "until GET VAR bench ups.status | VAR bench ups.status \"FSD OB "
			     "LB\"\n",
	    .flags = DIRTY },
	{ "net/fsd/7", MUST, "N-3.17", "FSD of one UPS is not FSD of another",
	    .talk = LOG_IN("mon", "monsecret") "> FSD bench\n< OK FSD-SET\n> GET VAR Mixed "
					       "ups.status\n< VAR Mixed ups.status \"OL CHRG\"\n",
	    .flags = DIRTY },
	{ "net/fsd/8", SHOULD, "N-5.4 N-3.17", "FSD twice is FSD once",
	    .talk = LOG_IN("mon", "monsecret") "> FSD bench\n< OK FSD-SET\n> FSD bench\n< OK "
					       "FSD-SET\n> GET VAR bench ups.status\n< VAR bench "
					       "ups.status \"FSD OL\"\n",
	    .flags = DIRTY },

	{ "net/starttls/1", MUST, "N-3.18",
	    "STARTTLS without certificate is refused and the session goes on",
	    .talk = "> STARTTLS\n<~ ERR FEATURE-NOT-(SUPPORTED|CONFIGURED)\n> VER\n" VERSION_LINE },
	{ "net/old/1", MUST, "N-3.21 R-100", "words of protocol 1.0 are unknown commands",
	    .talk = "> REQ ups.status\n< ERR UNKNOWN-COMMAND\n> LISTVARS bench\n< ERR "
		    "UNKNOWN-COMMAND\n> LISTRW\n< ERR UNKNOWN-COMMAND\n"
		    "> LISTINSTCMD\n< ERR UNKNOWN-COMMAND\n> VARTYPE x\n< ERR UNKNOWN-COMMAND\n> "
		    "VARDESC x\n< ERR UNKNOWN-COMMAND\n"
		    "> INSTCMDDESC x\n< ERR UNKNOWN-COMMAND\n> ENUM x\n< ERR UNKNOWN-COMMAND\n> "
		    "VER\n" VERSION_LINE },
	{ "net/old/2", MUST, "N-9.1 N-1.11 R-100",
	    "commands of a future protocol are unknown, and the connection stays",
	    .talk = "> SUBSCRIBE bench\n< ERR UNKNOWN-COMMAND\n> VER\n" VERSION_LINE },
};

SECTION(net_session);
