/* LIST: docs/net-protocol.md, section 5. */
#include "conformance/suite.h"

static const struct test_case cases[] = {
	{ "net/list.ups/1", MUST, "N-5.1 N-5.2 N-2.11",
	    "UPSes in the order and spelling of ups.conf, with their descriptions",
	    .talk = "> LIST UPS\n< BEGIN LIST UPS\n< UPS bench \"Bench \\\"A\\\" \\\\ \\#1\"\n< "
		    "UPS absent \"Nobody there\"\n< UPS stale \"Stale\"\n< UPS Mixed \"Description "
		    "unavailable\"\n< END LIST UPS\n<quiet\n" },
	{ "net/list.ups/2", SHOULD, "N-4.10", "surplus words are ignored",
	    .talk = "> LIST UPS x y\n<~ BEGIN LIST UPS.*\n<... END LIST UPS.*\n" },
	{ "net/list.var/1", MUST, "N-5.3 N-5.1 N-2.11",
	    "all variables, sorted, their values quoted",
	    .talk = "> LIST VAR bench\n< BEGIN LIST VAR bench\n< VAR bench battery.charge "
		    "\"100\"\n< VAR bench battery.charge.low \"20\"\n"
		    "< VAR bench device.model \"Bench \\\"1500\\\" \\\\ \\#1\"\n< VAR bench "
		    "device.serial \"\"\n< VAR bench input.sensitivity \"normal\"\n"
		    "< VAR bench outlet.1.desc \"Main Outlet\"\n< VAR bench ups.contact "
		    "\"nobody\"\n< VAR bench ups.delay.start \"30\"\n"
		    "< VAR bench ups.id \"bench\"\n< VAR bench ups.status \"OL\"\n< END LIST VAR "
		    "bench\n<quiet\n" },
	{ "net/list.var/2", MUST, "N-2.12 N-5.1",
	    "header, items and trailer repeat the name as typed",
	    .talk = "> LIST VAR mIXED\n< BEGIN LIST VAR mIXED\n< VAR mIXED Input.Voltage "
		    "\"229.9\"\n< VAR mIXED ups.status \"OL CHRG\"\n< END LIST VAR mIXED\n" },
	{ "net/list.var/3", MUST, "N-9.4 N-9.5", "LIST VAR needs a UPS with live data",
	    .talk = "> LIST VAR nosuch\n< ERR UNKNOWN-UPS\n> LIST VAR absent\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> LIST VAR stale\n< ERR DATA-STALE\n" },
	{ "net/list.var/4", MUST, "N-4.9", "too few words",
	    .talk = "> LIST VAR\n< ERR INVALID-ARGUMENT\n> NETVER\n< 1.3\n" },
	{ "net/list.var/5", MUST, "N-5.9",
	    "a change of the driver during a list does not stand in it",
	    .talk = ">> LIST VAR bench%0aGET VAR bench ups.status%0a\nb> SETINFO ups.status "
		    "\"OB\"\n< BEGIN LIST VAR bench\n<... END LIST VAR bench\n<~ VAR bench "
		    "ups.status \"O[LB]\"\n" },
	{ "net/list.rw/1", MUST, "N-5.4", "what can be set, sorted",
	    .talk = "> LIST RW bench\n< BEGIN LIST RW bench\n< RW bench battery.charge.low "
		    "\"20\"\n< RW bench input.sensitivity \"normal\"\n< RW bench outlet.1.desc "
		    "\"Main Outlet\"\n< RW bench ups.contact \"nobody\"\n< RW bench "
		    "ups.delay.start \"30\"\n< RW bench ups.id \"bench\"\n< END LIST RW bench\n" },
	{ "net/list.rw/2", MUST, "N-5.4 N-5.1", "a UPS with nothing to set has an empty list",
	    .talk = "> LIST RW Mixed\n< BEGIN LIST RW Mixed\n< END LIST RW Mixed\n" },
	{ "net/list.rw/3", MUST, "N-9.4 N-9.5 N-4.9", "LIST RW needs a UPS with live data",
	    .talk = "> LIST RW nosuch\n< ERR UNKNOWN-UPS\n> LIST RW absent\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> LIST RW stale\n< ERR DATA-STALE\n> LIST RW\n< ERR "
		    "INVALID-ARGUMENT\n" },
	{ "net/list.cmd/1", MUST, "N-5.5", "commands, sorted",
	    .talk = "> LIST CMD bench\n< BEGIN LIST CMD bench\n< CMD bench beeper.toggle\n< CMD "
		    "bench load.off\n< CMD bench load.off.delay\n< CMD bench test.battery.start\n< "
		    "END LIST CMD bench\n" },
	{ "net/list.cmd/2", MUST, "N-9.4 N-9.5 N-4.9", "LIST CMD needs a UPS with live data",
	    .talk = "> LIST CMD nosuch\n< ERR UNKNOWN-UPS\n> LIST CMD absent\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> LIST CMD stale\n< ERR DATA-STALE\n> LIST CMD\n< ERR "
		    "INVALID-ARGUMENT\n" },
	{ "net/list.enum/1", MUST, "N-5.6 N-2.11",
	    "the values of an enum in the driver's order, escaped",
	    .talk = "> LIST ENUM bench input.sensitivity\n< BEGIN LIST ENUM bench "
		    "input.sensitivity\n< ENUM bench input.sensitivity \"low\"\n< ENUM bench "
		    "input.sensitivity \"normal\"\n< ENUM bench input.sensitivity \"very "
		    "\\\"high\\\"\"\n< END LIST ENUM bench input.sensitivity\n" },
	{ "net/list.enum/2", MUST, "N-5.6", "a variable without enum has an empty list",
	    .talk = "> LIST ENUM bench ups.id\n< BEGIN LIST ENUM bench ups.id\n< END LIST ENUM "
		    "bench ups.id\n" },
	{ "net/list.enum/3", MUST, "N-5.6 N-9.4 N-9.5", "LIST ENUM needs a variable of a live UPS",
	    .talk = "> LIST ENUM bench no.such\n< ERR VAR-NOT-SUPPORTED\n> LIST ENUM nosuch "
		    "ups.id\n< ERR UNKNOWN-UPS\n> LIST ENUM absent ups.id\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> LIST ENUM stale ups.id\n< ERR DATA-STALE\n" },
	{ "net/list.enum/4", MUST, "N-5.1 N-2.12", "header and items repeat the names as typed",
	    .talk = "> LIST ENUM Bench Input.Sensitivity\n< BEGIN LIST ENUM Bench "
		    "Input.Sensitivity\n< ENUM Bench Input.Sensitivity \"low\"\n<... END LIST ENUM "
		    "Bench Input.Sensitivity\n" },
	{ "net/list.enum/5", MUST, "N-4.9", "too few words",
	    .talk = "> LIST ENUM\n< ERR INVALID-ARGUMENT\n> LIST ENUM bench\n< ERR "
		    "INVALID-ARGUMENT\n> LIST RANGE\n< ERR INVALID-ARGUMENT\n> LIST RANGE bench\n< "
		    "ERR INVALID-ARGUMENT\n" },
	{ "net/list.range/1", MUST, "N-5.7", "the ranges in the driver's order",
	    .talk =
		"> LIST RANGE bench battery.charge.low\n< BEGIN LIST RANGE bench "
		"battery.charge.low\n< RANGE bench battery.charge.low \"5\" \"50\"\n< RANGE bench "
		"battery.charge.low \"60\" \"70\"\n< END LIST RANGE bench battery.charge.low\n" },
	{ "net/list.range/2", MUST, "N-5.7", "a variable without range has an empty list",
	    .talk = "> LIST RANGE bench ups.id\n< BEGIN LIST RANGE bench ups.id\n< END LIST RANGE "
		    "bench ups.id\n" },
	{ "net/list.range/3", MUST, "N-5.7 N-9.4 N-9.5",
	    "LIST RANGE needs a variable of a live UPS",
	    .talk = "> LIST RANGE bench no.such\n< ERR VAR-NOT-SUPPORTED\n> LIST RANGE nosuch "
		    "ups.id\n< ERR UNKNOWN-UPS\n> LIST RANGE absent ups.id\n< ERR "
		    "DRIVER-NOT-CONNECTED\n> LIST RANGE stale ups.id\n< ERR DATA-STALE\n" },
	{ "net/list.client/1", MUST, "N-5.8", "the address of each login",
	    .talk = LOG_IN_ON("1", "mon2",
		"monsecret") "1> LOGIN stale\n1< OK\n> LIST CLIENT stale\n< BEGIN LIST CLIENT "
			     "stale\n< CLIENT stale 127.0.0.1\n< END LIST CLIENT stale\n" },
	{ "net/list.client/2", MUST, "N-5.8", "the driver need not be there",
	    .talk = LOG_IN_ON("1", "mon2",
		"monsecret") "1> LOGIN absent\n1< OK\n> LIST CLIENT absent\n< BEGIN LIST CLIENT "
			     "absent\n< CLIENT absent 127.0.0.1\n< END LIST CLIENT absent\n" },
	{ "net/list.client/3", MUST, "N-5.8",
	    "two logins are two lines, and those of another UPS are not there",
	    .talk = LOG_IN_ON("1", "mon2", "monsecret") LOG_IN_ON(
		"2", "mon2", "monsecret") LOG_IN_ON("3", "mon2",
		"monsecret") "1> LOGIN Mixed\n1< OK\n2> LOGIN Mixed\n2< OK\n3> LOGIN bench\n3< "
			     "OK\n> LIST CLIENT Mixed\n< BEGIN LIST CLIENT Mixed\n< CLIENT Mixed "
			     "127.0.0.1\n< CLIENT Mixed 127.0.0.1\n< END LIST CLIENT Mixed\n" },
	{ "net/list.client/4", MUST, "N-9.4 N-4.9", "a UPS there is not, or none named",
	    .talk = "> LIST CLIENT nosuch\n< ERR UNKNOWN-UPS\n> LIST CLIENT\n< ERR "
		    "INVALID-ARGUMENT\n> LIST CLIENTS bench\n< ERR INVALID-ARGUMENT\n" },
	{ "net/list/1", MUST, "N-4.9", "LIST alone, or with an unknown sub-command",
	    .talk = "> LIST\n< ERR INVALID-ARGUMENT\n> LIST FOO\n< ERR INVALID-ARGUMENT\n> LIST "
		    "FOO bench\n< ERR INVALID-ARGUMENT\n" },
};

SECTION(net_list);
