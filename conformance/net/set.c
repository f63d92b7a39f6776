/* SET VAR and INSTCMD: docs/net-protocol.md, sections 6 and 7. */
#include "conformance/talk.h"

#include <stdio.h>
#include <string.h>

/* A value of LEN bytes goes to the driver whole. */
static void
long_value(struct bench *bench)
{
	char value[1001], wanted[1100];
	struct conn *conn = dial(bench);
	struct fake *fake = fake_get(bench, "bench");

	memset(value, 'v', 1000);
	value[1000] = '\0';
	log_in(bench, conn, "admin", "topsecret");
	fake_say(bench, fake, "SETAUX ups.id 1000");
	ask_until(bench, conn, "GET TYPE bench ups.id", ".*STRING:1000", bench->patience_ms);
	say(bench, conn, "SET VAR bench ups.id %s", value);
	want(bench, conn, "OK");
	snprintf(wanted, sizeof(wanted), "SET ups.id \"%s\"", value);
	fake_want(bench, fake, wanted);
}

static const struct test_case cases[] = {
	{ "net/set/1", MUST, "N-6.1", "SET VAR answers OK and tells the driver",
	    .talk = ADMIN "> SET VAR bench ups.id name\n< OK\nb< SET ups.id \"name\"\n" },
	{ "net/set/2", MUST, "N-6.1 N-2.11", "the driver gets the value byte for byte",
	    .talk = ADMIN "> SET VAR bench ups.id \"a \\\"b\\\" \\\\ \\#c\"\n< OK\nb< SET ups.id "
			  "\"a \\\"b\\\" \\\\ \\#c\"\n" },
	{ "net/set/3", MUST, "N-6.1", "an empty value",
	    .talk = ADMIN "> SET VAR bench ups.id \"\"\n< OK\nb< SET ups.id \"\"\n" },
	{ "net/set/4", MUST, "N-6.8", "the old value stays until the driver tells the new one",
	    .talk = ADMIN
	    "> SET VAR bench ups.id new\n< OK\nb< SET ups.id \"new\"\n> GET VAR bench ups.id\n< "
	    "VAR bench ups.id \"bench\"\n"
	    "b> SETINFO ups.id \"new\"\nuntil GET VAR bench ups.id | VAR bench ups.id \"new\"\n" },
	{ "net/set/5", MUST, "N-6.2 N-9.6", "the right comes before everything about the variable",
	    .talk = LOG_IN(
		"mon", "monsecret") "> SET VAR bench no.such x\n< ERR ACCESS-DENIED\n> SET VAR "
				    "bench ups.status x\n< ERR ACCESS-DENIED\n> SET VAR bench "
				    "ups.id 12345678901234567890\n< ERR ACCESS-DENIED\n" },
	{ "net/set/6", MUST, "N-6.2", "a variable the UPS does not have",
	    .talk = ADMIN "> SET VAR bench no.such x\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/set/7", MUST, "N-6.2", "a variable that cannot be set",
	    .talk = ADMIN "> SET VAR bench ups.status x\n< ERR READONLY\n> SET VAR bench "
			  "battery.charge 1\n< ERR READONLY\nb<quiet\n" },
	{ "net/set/8", MUST, "N-6.2", "variables of the server cannot be set",
	    .talk = ADMIN "> SET VAR bench server.info x\n<~ ERR (VAR-NOT-SUPPORTED|READONLY)\n" },
	{ "net/set/9", MUST, "N-6.3", "a string of the greatest length is taken, a longer one not",
	    .talk = ADMIN
	    "> SET VAR bench ups.id 1234567890123456\n< OK\nb< SET ups.id \"1234567890123456\"\n> "
	    "SET VAR bench ups.id 12345678901234567\n< ERR TOO-LONG\nb<quiet\n" },
	{ "net/set/10", MUST, "N-6.3", "a string whose greatest length is 0 cannot be set",
	    .talk = ADMIN "> SET VAR bench ups.contact x\n< ERR SET-FAILED\nb<quiet\n" },
	{ "net/set/11", MUST, "N-6.4", "a value of an enum is taken, another not",
	    .talk = ADMIN
	    "> SET VAR bench input.sensitivity low\n< OK\nb< SET input.sensitivity \"low\"\n> SET "
	    "VAR bench input.sensitivity medium\n< ERR INVALID-VALUE\nb<quiet\n" },
	{ "net/set/12", MUST, "N-6.4", "values of an enum match with regard to case",
	    .talk = ADMIN "> SET VAR bench input.sensitivity LOW\n< ERR INVALID-VALUE\n" },
	{ "net/set/13", MUST, "N-6.4", "a value of an enum may hold quotes",
	    .talk = ADMIN "> SET VAR bench input.sensitivity \"very \\\"high\\\"\"\n< OK\nb< SET "
			  "input.sensitivity \"very \\\"high\\\"\"\n" },
	{ "net/set/14", MUST, "N-6.5", "values within any range are taken",
	    .talk = ADMIN
	    "> SET VAR bench battery.charge.low 5\n< OK\nb< SET battery.charge.low \"5\"\n> SET "
	    "VAR bench battery.charge.low 50\n< OK\nb< SET battery.charge.low \"50\"\n> SET VAR "
	    "bench battery.charge.low 65\n< OK\nb< SET battery.charge.low \"65\"\n" },
	{ "net/set/15", MUST, "N-6.5", "values outside all ranges are not",
	    .talk = ADMIN "> SET VAR bench battery.charge.low 4\n< ERR INVALID-VALUE\n> SET VAR "
			  "bench battery.charge.low 55\n< ERR INVALID-VALUE\n> SET VAR bench "
			  "battery.charge.low -5\n< ERR INVALID-VALUE\n> SET VAR bench "
			  "battery.charge.low 71\n< ERR INVALID-VALUE\nb<quiet\n" },
	{ "net/set/16", MUST, "N-6.5", "what only begins like a number is not within a range",
	    .talk = ADMIN "> SET VAR bench battery.charge.low 20abc\n< ERR INVALID-VALUE\n> SET "
			  "VAR bench battery.charge.low \"\"\n< ERR INVALID-VALUE\nb<quiet\n" },
	{ "net/set/17", MUST, "N-6.6", "a number that is none is refused",
	    .talk = ADMIN "> SET VAR bench ups.delay.start soon\n< ERR INVALID-VALUE\n> SET VAR "
			  "bench ups.delay.start 45\n< OK\nb< SET ups.delay.start \"45\"\n" },
	{ "net/set/18", MUST, "N-6.7", "too few words",
	    .talk = ADMIN
	    "> SET\n< ERR INVALID-ARGUMENT\n> SET VAR\n< ERR INVALID-ARGUMENT\n> SET VAR bench\n< "
	    "ERR INVALID-ARGUMENT\n> SET VAR bench ups.id\n< ERR INVALID-ARGUMENT\n" },
	{ "net/set/19", MUST, "N-6.7", "more than one value is refused, not cut",
	    .talk = ADMIN "> SET VAR bench ups.id a b\n< ERR INVALID-ARGUMENT\n> SET VAR bench "
			  "ups.id = a\n< ERR INVALID-ARGUMENT\nb<quiet\n" },
	{ "net/set/20", MUST, "N-6.9", "an unknown sub-command",
	    .talk = ADMIN "> SET FOO bench ups.id x\n< ERR INVALID-ARGUMENT\n> SET FOO\n< ERR "
			  "INVALID-ARGUMENT\n" },
	{ "net/set/21", MUST, "N-9.4 N-9.5",
	    "SET VAR needs a UPS with live data, and says so before the rights",
	    .talk =
		LOG_IN("mon", "monsecret") "> SET VAR nosuch ups.id x\n< ERR UNKNOWN-UPS\n> SET "
					   "VAR absent ups.id x\n< ERR DRIVER-NOT-CONNECTED\n> SET "
					   "VAR stale ups.id x\n< ERR DATA-STALE\n" },
	{ "net/set/22", MUST, "N-3.19", "actions = SET is enough for SET VAR, and for nothing else",
	    .talk = LOG_IN(
		"setter", "setsecret") "> SET VAR bench ups.id x\n< OK\nb< SET ups.id \"x\"\n> "
				       "INSTCMD bench beeper.toggle\n< ERR ACCESS-DENIED\n> LOGIN "
				       "bench\n< ERR ACCESS-DENIED\n" },
	{ "net/set/23", MUST, "N-9.6", "a wrong password and an unknown user are the same error",
	    .talk = LOG_IN(
		"setter", "wrong2") "> SET VAR bench ups.id x\n< ERR ACCESS-DENIED\n" LOG_IN_ON("1",
		"nobody2", "x") "1> SET VAR bench ups.id x\n1< ERR ACCESS-DENIED\nb<quiet\n" },
	{ "net/set/24", MUST, "N-2.10", "names match without regard to case",
	    .talk = ADMIN "> set var BENCH UPS.ID x\n< OK\nb<~ SET (ups.id|UPS.ID) \"x\"\n" },
	{ "net/set/25", MUST, "N-6.1 R-25a", "a value of 1000 bytes reaches the driver whole",
	    .run = long_value },

	{ "net/instcmd/1", MUST, "N-7.1", "INSTCMD answers OK and tells the driver",
	    .talk = ADMIN "> INSTCMD bench load.off\n< OK\nb< INSTCMD load.off\n" },
	{ "net/instcmd/2", MUST, "N-7.1", "a value goes with it",
	    .talk = ADMIN
	    "> INSTCMD bench load.off.delay 20\n< OK\nb<~ INSTCMD load.off.delay \"?20\"?\n" },
	{ "net/instcmd/3", MUST, "N-7.4", "a value with a blank stays one word",
	    .talk = ADMIN "> INSTCMD bench load.off.delay \"10 20\"\n< OK\nb<~ INSTCMD "
			  "load.off.delay (\"10 20\"|10\\\\ 20)\n" },
	{ "net/instcmd/4", MUST, "N-7.4", "an empty value stays a word",
	    .talk = ADMIN
	    "> INSTCMD bench load.off.delay \"\"\n< OK\nb< INSTCMD load.off.delay \"\"\n" },
	{ "net/instcmd/5", MUST, "N-7.4", "a value cannot smuggle a TRACKING clause in",
	    .talk = ADMIN "> INSTCMD bench load.off.delay \"5 TRACKING x\"\n< OK\nb<~ INSTCMD "
			  "load.off.delay (\"5 TRACKING x\"|5\\\\ TRACKING\\\\ x)\n" },
	{ "net/instcmd/6", MUST, "N-7.4",
	    "quotes, backslashes and number signs in a value arrive as they were",
	    .talk = ADMIN "> INSTCMD bench load.off.delay \"\\\"\\\\\\#\"\n< OK\nb<~ INSTCMD "
			  "load.off.delay \"?\\\\\"\\\\\\\\\\\\#\"?\n" },
	{ "net/instcmd/7", MUST, "N-7.5", "more than one value is refused, not cut",
	    .talk = ADMIN "> INSTCMD bench load.off.delay 10 20\n< ERR INVALID-ARGUMENT\n> INSTCMD "
			  "bench load.off.delay a=b\n< ERR INVALID-ARGUMENT\nb<quiet\n" },
	{ "net/instcmd/8", MUST, "N-7.5", "too few words",
	    .talk = ADMIN
	    "> INSTCMD\n< ERR INVALID-ARGUMENT\n> INSTCMD bench\n< ERR INVALID-ARGUMENT\n" },
	{ "net/instcmd/9", MUST, "N-7.2", "a command the driver does not offer",
	    .talk = ADMIN "> INSTCMD bench no.such\n< ERR CMD-NOT-SUPPORTED\nb<quiet\n" },
	{ "net/instcmd/10", MUST, "N-7.2", "whether the command exists comes before the right",
	    .talk = LOG_IN(
		"mon", "monsecret") "> INSTCMD bench no.such\n< ERR CMD-NOT-SUPPORTED\n> INSTCMD "
				    "bench load.off\n< ERR ACCESS-DENIED\nb<quiet\n" },
	{ "net/instcmd/11", MUST, "N-7.3", "a user may use the commands of its list alone",
	    .talk = LOG_IN("operator",
		"opsecret") "> INSTCMD bench beeper.toggle\n< OK\nb< INSTCMD beeper.toggle\n> "
			    "INSTCMD bench load.off.delay 5\n< OK\nb<~ INSTCMD load.off.delay "
			    "\"?5\"?\n> INSTCMD bench load.off\n< ERR ACCESS-DENIED\nb<quiet\n" },
	{ "net/instcmd/12", MUST, "N-7.3", "instcmds = ALL allows each",
	    .talk =
		ADMIN "> INSTCMD bench test.battery.start\n< OK\nb< INSTCMD test.battery.start\n> "
		      "INSTCMD bench beeper.toggle\n< OK\nb< INSTCMD beeper.toggle\n" },
	{ "net/instcmd/13", MUST, "N-7.3 N-2.10", "commands match without regard to case",
	    .talk = LOG_IN("operator", "opsecret") "> INSTCMD Bench BEEPER.Toggle\n< OK\nb<~ "
						   "INSTCMD (BEEPER.Toggle|beeper.toggle)\n" },
	{ "net/instcmd/14", MUST, "N-3.19", "the right to use commands is no right to SET",
	    .talk =
		LOG_IN("operator", "opsecret") "> SET VAR bench ups.id x\n< ERR ACCESS-DENIED\n" },
	{ "net/instcmd/15", MUST, "N-9.4 N-9.5",
	    "INSTCMD needs a UPS with live data, and says so before the rights",
	    .talk =
		LOG_IN("mon", "monsecret") "> INSTCMD nosuch load.off\n< ERR UNKNOWN-UPS\n> "
					   "INSTCMD absent load.off\n< ERR DRIVER-NOT-CONNECTED\n> "
					   "INSTCMD stale load.off\n< ERR DATA-STALE\n" },
	{ "net/instcmd/16", MUST, "N-9.6", "a wrong password is no right",
	    .talk = LOG_IN(
		"admin", "wrong3") "> INSTCMD bench load.off\n< ERR ACCESS-DENIED\nb<quiet\n" },
	{ "net/instcmd/17", MUST, "N-7.1", "commands reach the driver of their UPS, in their order",
	    .talk = ADMIN
	    ">> INSTCMD bench load.off%0aSET VAR bench ups.id x%0aINSTCMD bench "
	    "beeper.toggle%0aINSTCMD Mixed load.off%0a\n< OK\n< OK\n< OK\n< OK\nb< INSTCMD "
	    "load.off\nb< SET ups.id \"x\"\nb< INSTCMD beeper.toggle\nb<quiet\n" },
};

SECTION(net_set);
