/* The order of checks: docs/net-protocol.md, section 9. */
#include "conformance/suite.h"

#define USER "> USERNAME admin\n< OK\n"
#define NEEDS(request)                                                                             \
	"> " request "\n< ERR USERNAME-REQUIRED\n" USER "> " request "\n< ERR PASSWORD-REQUIRED\n"

static const struct test_case cases[] = {
	{ "net/order/1", MUST, "N-9.2", "LOGIN asks for a user, then a password, before all else",
	    .talk = NEEDS("LOGIN") "close\n" NEEDS("LOGIN nosuch") "close\n" NEEDS("LOGIN bench") },
	{ "net/order/2", MUST, "N-9.2", "PRIMARY and MASTER likewise",
	    .talk = NEEDS("PRIMARY") "close\n" NEEDS("PRIMARY nosuch") "close\n" NEEDS(
		"MASTER bench") "close\n" NEEDS("MASTER a b") },
	{ "net/order/3", MUST, "N-9.2", "FSD likewise",
	    .talk = NEEDS("FSD") "close\n" NEEDS("FSD bench") },
	{ "net/order/4", MUST, "N-9.2", "SET likewise",
	    .talk = NEEDS("SET") "close\n" NEEDS("SET VAR absent ups.id x") "close\n" NEEDS(
		"SET FOO") },
	{ "net/order/5", MUST, "N-9.2", "INSTCMD likewise",
	    .talk = NEEDS("INSTCMD") "close\n" NEEDS("INSTCMD bench no.such") },
	{ "net/order/6", MUST, "N-9.2", "a password without a user is not enough",
	    .talk = "> PASSWORD topsecret\n< OK\n> LOGIN bench\n< ERR USERNAME-REQUIRED\n" },
	{ "net/order/7", MUST, "N-9.3", "the count of words comes before the UPS and the rights",
	    .talk = LOG_IN(
		"nobody", "x") "> LOGIN nosuch x\n< ERR INVALID-ARGUMENT\n> FSD\n< ERR "
			       "INVALID-ARGUMENT\n> SET VAR nosuch\n< ERR INVALID-ARGUMENT\n> "
			       "INSTCMD nosuch\n< ERR INVALID-ARGUMENT\n" },
	{ "net/order/8", MUST, "N-9.4", "the UPS comes before the rights",
	    .talk = LOG_IN("nobody",
		"x") "> LOGIN nosuch\n< ERR UNKNOWN-UPS\n> FSD nosuch\n< ERR UNKNOWN-UPS\n> "
		     "PRIMARY nosuch\n< ERR UNKNOWN-UPS\n> SET VAR nosuch ups.id x\n< ERR "
		     "UNKNOWN-UPS\n> INSTCMD nosuch load.off\n< ERR UNKNOWN-UPS\n" },
	{ "net/order/9", MUST, "N-9.6", "an unknown user has no rights",
	    .talk = LOG_IN("nobody3",
		"x") "> LOGIN bench\n< ERR ACCESS-DENIED\n> FSD bench\n< ERR ACCESS-DENIED\n> "
		     "PRIMARY bench\n< ERR ACCESS-DENIED\n> SET VAR bench ups.id x\n< ERR "
		     "ACCESS-DENIED\n> INSTCMD bench load.off\n< ERR ACCESS-DENIED\nb<quiet\n" },
	{ "net/order/10", MUST, "N-9.1 N-14.1",
	    "an unknown command is unknown with a user and without",
	    .talk = "> FOO\n< ERR UNKNOWN-COMMAND\n" ADMIN "> FOO bar\n< ERR UNKNOWN-COMMAND\n" },
	{ "net/order/11", MUST, "N-14.1", "an error is ERR, one word, and nothing behind it",
	    .talk = "> GET VAR nosuch x\n<~ ERR [A-Z-]+\n> GET FOO\n<~ ERR [A-Z-]+\n> FSD "
		    "bench\n<~ ERR [A-Z-]+\n> GET VAR absent x\n<~ ERR [A-Z-]+\n" },
};

SECTION(net_order);
