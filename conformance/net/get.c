/* GET: docs/net-protocol.md, section 4. */
#include "conformance/suite.h"

static const struct test_case cases[] = {
	{ "net/get.var/1", MUST, "N-4.1", "GET VAR answers the value in quotes",
	    .talk = "> GET VAR bench battery.charge\n< VAR bench battery.charge \"100\"\n" },
	{ "net/get.var/2", MUST, "N-4.1 N-2.11",
	    "quotes, backslashes and number signs of a value are escaped",
	    .talk = "> GET VAR bench device.model\n< VAR bench device.model \"Bench \\\"1500\\\" "
		    "\\\\ \\#1\"\n" },
	{ "net/get.var/3", MUST, "N-4.1", "an empty value is two quotes",
	    .talk = "> GET VAR bench device.serial\n< VAR bench device.serial \"\"\n" },
	{ "net/get.var/4", MUST, "N-4.1", "a variable the UPS does not have",
	    .talk = "> GET VAR bench no.such\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/get.var/5", MUST, "N-9.4", "a UPS there is not",
	    .talk = "> GET VAR nosuch ups.status\n< ERR UNKNOWN-UPS\n" },
	{ "net/get.var/6", MUST, "N-9.5", "a driver that is not connected",
	    .talk = "> GET VAR absent ups.status\n< ERR DRIVER-NOT-CONNECTED\n> GET VAR absent "
		    "no.such\n< ERR DRIVER-NOT-CONNECTED\n" },
	{ "net/get.var/7", MUST, "N-9.5", "data that are stale",
	    .talk = "> GET VAR stale ups.status\n< ERR DATA-STALE\n> GET VAR stale no.such\n< ERR "
		    "DATA-STALE\n" },
	{ "net/get.var/8", MUST, "N-4.9", "too few words",
	    .talk =
		"> GET VAR\n< ERR INVALID-ARGUMENT\n> GET VAR bench\n< ERR INVALID-ARGUMENT\n" },
	{ "net/get.var/9", SHOULD, "N-4.10", "surplus words are ignored",
	    .talk = "> GET VAR bench ups.status please\n< VAR bench ups.status \"OL\"\n" },
	{ "net/get.var/10", MUST, "N-4.2", "server.info is known for any UPS name",
	    .talk = "> GET VAR bench server.info\n<~ VAR bench server.info \"Network UPS Tools "
		    "upsd .*\"\n> GET VAR absent server.info\n<~ VAR absent server.info \".*\"\n> "
		    "GET VAR nosuch server.info\n<~ VAR nosuch server.info \".*\"\n" },
	{ "net/get.var/11", MUST, "N-4.2 N-3.1", "server.version is what VER tells",
	    .talk = "> VER\n<~ Network UPS Tools upsd ([^ ]+).*\n> GET VAR bench "
		    "server.version\n<~ VAR bench server.version \"2\\.[^\"]+\"\n" },
	{ "net/get.var/12", MUST, "N-4.2", "other variables of the server are not there",
	    .talk = "> GET VAR bench server.uptime\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/get.var/13", MUST, "N-4.8", "GET and LIST need no user",
	    .talk = "> GET VAR bench ups.status\n< VAR bench ups.status \"OL\"\n> GET NUMLOGINS "
		    "bench\n<~ NUMLOGINS bench [0-9]+\n> LIST CMD Mixed\n< BEGIN LIST CMD Mixed\n< "
		    "CMD Mixed Load.Off\n< END LIST CMD Mixed\n> LIST CLIENT bench\n< BEGIN LIST "
		    "CLIENT bench\n<... END LIST CLIENT bench\n" },
	{ "net/get.var/14", MUST, "N-4.1", "a command is not a variable",
	    .talk = "> GET VAR bench load.off\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/get.var/15", MUST, "N-9.4", "an empty UPS name is no UPS",
	    .talk = "> GET VAR \"\" ups.status\n<~ ERR (UNKNOWN-UPS|INVALID-ARGUMENT)\n" },

	{ "net/get.type/1", MUST, "N-4.3", "a settable string tells its length",
	    .talk = "> GET TYPE bench ups.id\n< TYPE bench ups.id RW STRING:16\n" },
	{ "net/get.type/2", MUST, "N-4.3", "a number that is not settable",
	    .talk = "> GET TYPE bench battery.charge\n< TYPE bench battery.charge NUMBER\n" },
	{ "net/get.type/3", MUST, "N-4.3", "a list of values is an ENUM",
	    .talk = "> GET TYPE bench input.sensitivity\n< TYPE bench input.sensitivity RW ENUM "
		    "STRING:12\n" },
	{ "net/get.type/4", MUST, "N-4.3", "ranges make a RANGE",
	    .talk = "> GET TYPE bench battery.charge.low\n< TYPE bench battery.charge.low RW RANGE "
		    "NUMBER\n" },
	{ "net/get.type/5", MUST, "N-4.3", "a variable without flags is a number",
	    .talk = "> GET TYPE bench ups.status\n< TYPE bench ups.status NUMBER\n" },
	{ "net/get.type/6", MUST, "N-4.3", "a variable the UPS does not have",
	    .talk = "> GET TYPE bench no.such\n< ERR VAR-NOT-SUPPORTED\n> GET TYPE bench "
		    "server.info\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/get.type/7", MUST, "N-9.5 N-9.4", "GET TYPE needs a UPS with live data",
	    .talk = "> GET TYPE nosuch ups.id\n< ERR UNKNOWN-UPS\n> GET TYPE absent ups.id\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> GET TYPE stale ups.status\n< ERR DATA-STALE\n" },
	{ "net/get.type/8", MUST, "N-4.9", "too few words",
	    .talk =
		"> GET TYPE\n< ERR INVALID-ARGUMENT\n> GET TYPE bench\n< ERR INVALID-ARGUMENT\n" },

	{ "net/get.desc/1", MUST, "N-4.4", "the description comes from the file, escaped",
	    .talk = "> GET DESC bench battery.charge\n< DESC bench battery.charge \"How full the "
		    "battery is (\\\"percent\\\")\"\n" },
	{ "net/get.desc/2", MUST, "N-4.4", "a variable without description",
	    .talk = "> GET DESC bench outlet.1.desc\n< DESC bench outlet.1.desc \"Description "
		    "unavailable\"\n" },
	{ "net/get.desc/3", MUST, "N-4.4", "a name no UPS has is described or not, but no error",
	    .talk =
		"> GET DESC bench no.such\n< DESC bench no.such \"Description unavailable\"\n" },
	{ "net/get.desc/4", MUST, "N-9.5 N-9.4", "GET DESC needs a UPS with live data",
	    .talk = "> GET DESC nosuch ups.id\n< ERR UNKNOWN-UPS\n> GET DESC absent ups.status\n< "
		    "ERR DRIVER-NOT-CONNECTED\n> GET DESC stale ups.status\n< ERR DATA-STALE\n" },
	{ "net/get.desc/5", MUST, "N-2.10 N-4.4", "descriptions are found without regard to case",
	    .talk =
		"> GET DESC bench UPS.STATUS\n< DESC bench UPS.STATUS \"What the UPS does\"\n" },
	{ "net/get.desc/6", MUST, "N-4.9", "too few words",
	    .talk = "> GET DESC bench\n< ERR INVALID-ARGUMENT\n> GET CMDDESC bench\n< ERR "
		    "INVALID-ARGUMENT\n> GET CMDDESC\n< ERR INVALID-ARGUMENT\n" },
	{ "net/get.cmddesc/1", MUST, "N-4.5", "the description of a command",
	    .talk = "> GET CMDDESC bench beeper.toggle\n< CMDDESC bench beeper.toggle \"Switch the "
		    "beeper\"\n" },
	{ "net/get.cmddesc/2", MUST, "N-4.5", "a command without description, there or not",
	    .talk = "> GET CMDDESC bench load.off.delay\n< CMDDESC bench load.off.delay "
		    "\"Description unavailable\"\n> GET CMDDESC bench no.such\n< CMDDESC bench "
		    "no.such \"Description unavailable\"\n" },
	{ "net/get.cmddesc/3", MUST, "N-9.5 N-9.4", "GET CMDDESC needs a UPS with live data",
	    .talk = "> GET CMDDESC nosuch load.off\n< ERR UNKNOWN-UPS\n> GET CMDDESC absent "
		    "load.off\n< ERR DRIVER-NOT-CONNECTED\n> GET CMDDESC stale load.off\n< ERR "
		    "DATA-STALE\n" },

	{ "net/get.upsdesc/1", MUST, "N-4.6 N-2.11", "the description of a UPS, escaped",
	    .talk = "> GET UPSDESC bench\n< UPSDESC bench \"Bench \\\"A\\\" \\\\ \\#1\"\n" },
	{ "net/get.upsdesc/2", MUST, "N-4.6", "a UPS without description",
	    .talk = "> GET UPSDESC Mixed\n< UPSDESC Mixed \"Unavailable\"\n" },
	{ "net/get.upsdesc/3", MUST, "N-4.6", "the driver need not be there",
	    .talk = "> GET UPSDESC absent\n< UPSDESC absent \"Nobody there\"\n> GET UPSDESC "
		    "stale\n< UPSDESC stale \"Stale\"\n" },
	{ "net/get.upsdesc/4", MUST, "N-9.4 N-4.9", "a UPS there is not, or none named",
	    .talk = "> GET UPSDESC nosuch\n< ERR UNKNOWN-UPS\n> GET UPSDESC\n< ERR "
		    "INVALID-ARGUMENT\n" },
	{ "net/get.numlogins/1", MUST, "N-4.7 N-2.12", "NUMLOGINS repeats the name as typed",
	    .talk = "> GET NUMLOGINS BENCH\n< NUMLOGINS BENCH 0\n" },
	{ "net/get.numlogins/2", MUST, "N-9.4 N-9.5 N-4.9", "NUMLOGINS needs a UPS with live data",
	    .talk = "> GET NUMLOGINS nosuch\n< ERR UNKNOWN-UPS\n> GET NUMLOGINS absent\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> GET NUMLOGINS stale\n< ERR DATA-STALE\n> GET "
		    "NUMLOGINS\n< ERR INVALID-ARGUMENT\n" },
	{ "net/get/1", MUST, "N-4.9", "GET alone, or with an unknown sub-command",
	    .talk = "> GET\n< ERR INVALID-ARGUMENT\n> GET FOO\n< ERR INVALID-ARGUMENT\n> GET FOO "
		    "bench ups.status\n< ERR INVALID-ARGUMENT\n> GET \"\" bench ups.status\n< ERR "
		    "INVALID-ARGUMENT\n" },
};

SECTION(net_get);
