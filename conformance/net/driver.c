/* upsd and its drivers: docs/net-protocol.md, section 11, and docs/sock-protocol.md, section 6. */
#include "conformance/talk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* upsd with one pretended driver that sends DUMP. */
static struct fake *
start_with(struct bench *bench, const char *dump)
{
	struct fake *fake = fake_add(bench, "bench", dump);

	start_upsd(bench);
	return fake;
}

static void
dies_within_dump(struct bench *bench)
{
	struct fake *fake =
	    start_with(bench, "SETINFO ups.status \"OL\"\nSETINFO ups.id \"half\"\n");
	struct conn *conn = dial(bench);

	fake_dumped(bench, fake, 1);
	bench_idle(bench, 100);
	need(bench, strncmp(ask(bench, conn, "GET VAR bench ups.status"), "VAR", 3),
	    "served before DUMPDONE");
	fake_vanish(bench, fake);
	bench_idle(bench, 100);
	need(bench, strncmp(ask(bench, conn, "GET VAR bench ups.status"), "VAR", 3),
	    "served after its end");
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DRIVER-NOT-CONNECTED",
	    bench->patience_ms);
}

static void
never_done(struct bench *bench)
{
	struct fake *fake =
	    start_with(bench, "SETINFO ups.status \"OL\"\nSETINFO ups.id \"half\"\n");
	struct conn *conn = dial(bench);

	fake_dumped(bench, fake, 1);
	bench_idle(bench, 300);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn), "ERR DATA-STALE");
	want(bench, (say(bench, conn, "GET VAR bench ups.id"), conn), "ERR DATA-STALE");
	want(bench, (say(bench, conn, "LIST VAR bench"), conn), "ERR DATA-STALE");
	fake_say(bench, fake, "DUMPDONE");
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"",
	    bench->patience_ms);
}

static void
silent_from_the_start(struct bench *bench)
{
	struct fake *fake = fake_add(bench, "bench", stock_dump);
	struct conn *conn;
	int64_t begin = now_ms();

	fake->mute = true;
	start_upsd(bench);
	need(bench, now_ms() - begin < 3000, "upsd was up only after %d ms",
	    (int)(now_ms() - begin));
	conn = dial(bench);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn), "ERR DATA-STALE");
	want(bench, (say(bench, conn, "NETVER"), conn), "1.3");
}

/* A listener whose queue is full: a blocking connect would wait for ever. */
static void
queue_full(struct bench *bench)
{
	struct fake *fake = fake_add(bench, "bench", stock_dump);
	int64_t begin = now_ms();
	struct conn *conn;

	fake->mute = true;
	fake_stuff(bench, fake);
	start_upsd(bench);
	need(bench, now_ms() - begin < 3000, "upsd was up only after %d ms",
	    (int)(now_ms() - begin));
	conn = dial(bench);
	want_like(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "ERR (DRIVER-NOT-CONNECTED|DATA-STALE)");
	for (int i = 0; i < 20; i++) {
		begin = now_ms();
		ask(bench, conn, "NETVER");
		need(bench, now_ms() - begin < 1000, "a client waits %d ms",
		    (int)(now_ms() - begin));
		bench_idle(bench, 100);
	}
}

static void
comes_back(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);

	fake_vanish(bench, fake);
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DRIVER-NOT-CONNECTED",
	    bench->patience_ms);
	want(bench, (say(bench, conn, "LIST CMD bench"), conn), "ERR DRIVER-NOT-CONNECTED");
	want(bench, (say(bench, conn, "GET VAR Mixed ups.status"), conn),
	    "VAR Mixed ups.status \"OL CHRG\"");
	fake->dump = "SETINFO ups.status \"OB\"\nDATAOK\nDUMPDONE\n";
	fake_listen(bench, fake);
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OB\"", 8000);
	want(bench, (say(bench, conn, "GET VAR bench battery.charge"), conn),
	    "ERR VAR-NOT-SUPPORTED");
}

static void
comes_back_in_time(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);
	int64_t begin;

	fake_vanish(bench, fake);
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DRIVER-NOT-CONNECTED",
	    bench->patience_ms);
	fake_listen(bench, fake);
	begin = now_ms();
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"", 8000);
	need(bench, now_ms() - begin < 3000, "%d ms passed before it was there again",
	    (int)(now_ms() - begin));
}

static void
stale_then_replaced(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);

	fake_say(bench, fake, "DATASTALE");
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DATA-STALE", bench->patience_ms);
	fake_vanish(bench, fake);
	fake_listen(bench, fake);
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"", 8000);
}

static void
tracking_of_the_dead(struct bench *bench)
{
	char id[64], question[128];
	struct conn *conn = dial(bench);

	log_in(bench, conn, "admin", "topsecret");
	ask(bench, conn, "SET TRACKING ON");
	need(bench, matches(bench, "OK TRACKING (.*)", ask(bench, conn, "INSTCMD bench load.off")),
	    "no id");
	snprintf(id, sizeof(id), "%.60s", bench->captured[1]);
	fake_hear(bench, fake_get(bench, "bench"));
	fake_vanish(bench, fake_get(bench, "bench"));
	snprintf(question, sizeof(question), "GET TRACKING %s", id);
	ask_until(bench, conn, question, "ERR FAILED", bench->patience_ms);
}

static void
falls_silent(struct bench *bench)
{
	struct fake *fake;
	struct conn *conn;
	int64_t begin;

	add_to_file(bench, "upsd.conf", "MAXAGE 3\n");
	fake = start_with(bench, stock_dump);
	conn = dial(bench);
	fake->no_pong = true;
	begin = now_ms();
	ask_until(bench, conn, "GET VAR bench ups.status", "ERR DATA-STALE", 9000);
	need(bench, now_ms() - begin > 1500, "stale after %d ms with MAXAGE 3",
	    (int)(now_ms() - begin));
	need(bench, fake->pings >= 1, "upsd did not ask PING");
	fake->no_pong = false;
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"", 6000);
}

static void
noise_is_no_life(struct bench *bench)
{
	struct fake *fake;
	struct conn *conn;

	add_to_file(bench, "upsd.conf", "MAXAGE 2\n");
	fake = start_with(bench, stock_dump);
	conn = dial(bench);
	fake->no_pong = true;
	for (int64_t end = now_ms() + 9000; now_ms() < end;) {
		const char *line = ask(bench, conn, "GET VAR bench ups.status");

		if (!strcmp(line, "ERR DATA-STALE"))
			return;
		fake_say(bench, fake, "NONSENSE %d", 1);
		fake_say(bench, fake, "SETINFO");
		bench_idle(bench, 100);
	}
	fail(bench, "a driver that says nothing sensible is fresh after 9 s with MAXAGE 2");
}

static void
long_line(struct bench *bench)
{
	static char block[65536];
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);
	long before = memory_kb(bench->upsd);
	unsigned connects = fake->connects;

	memset(block, 'x', sizeof(block));
	fake->peer->tag = '.';
	for (int i = 0; i < 80; i++)
		fake_bytes(bench, fake, block, sizeof(block));
	for (int64_t end = now_ms() + bench->patience_ms;
	     now_ms() < end && fake->connects == connects;)
		bench_turn(bench, 20);
	need(bench, fake->connects > connects, "5 MB without newline do not end the connection");
	need(bench, memory_kb(bench->upsd) - before < 1024, "memory grew by %ld kB",
	    memory_kb(bench->upsd) - before);
	ask(bench, conn, "NETVER");
}

static void
too_many_variables(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);
	unsigned connects = fake->connects;

	fake->peer->tag = '.';
	for (int i = 0; i < 20000; i++)
		fake_say(bench, fake, "SETINFO ups.extra.%d \"%d\"", i, i);
	for (int64_t end = now_ms() + bench->patience_ms;
	     now_ms() < end && fake->connects == connects;)
		bench_turn(bench, 20);
	need(bench, fake->connects > connects, "20 000 variables do not end the connection");
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR .*", 8000);
	want(bench, (say(bench, conn, "GET VAR bench ups.extra.1"), conn), "ERR VAR-NOT-SUPPORTED");
}

static void
four_thousand_variables(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);
	int count = 0;
	const char *line;

	fake->peer->tag = conn->tag = '.';
	for (int i = 0; i < 4000; i++)
		fake_say(bench, fake, "SETINFO ups.extra.%d \"%d\"", i, i);
	ask_until(bench, conn, "GET VAR bench ups.extra.3999", "VAR .*", bench->patience_ms);
	say(bench, conn, "LIST VAR bench");
	while (strcmp(line = hear(bench, conn), "END LIST VAR bench"))
		count += !strncmp(line, "VAR bench ups.extra.", 20);
	need(bench, count == 4000, "%d of 4000 are listed", count);
}

/* Bad names must not come out on the other side. */
static void
hostile(struct bench *bench, const char *message)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);
	const char *line;

	fake_say(bench, fake, "%s", message);
	fake_say(bench, fake, "SETINFO ups.id \"after\"");
	ask_until(bench, conn, "GET VAR bench ups.id", "(VAR bench ups.id \"after\"|ERR .*)",
	    bench->patience_ms);
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR .*", 8000);
	say(bench, conn, "LIST VAR bench");
	want(bench, conn, "BEGIN LIST VAR bench");
	while (strcmp(line = hear(bench, conn), "END LIST VAR bench"))
		need(bench, matches(bench, "VAR bench [A-Za-z0-9][A-Za-z0-9._-]* \".*\"", line),
		    "a client reads: %s", line);
	say(bench, conn, "LIST CMD bench");
	want(bench, conn, "BEGIN LIST CMD bench");
	while (strcmp(line = hear(bench, conn), "END LIST CMD bench"))
		need(bench, matches(bench, "CMD bench [A-Za-z0-9][A-Za-z0-9._-]*", line),
		    "a client reads: %s", line);
}

static void
name_with_blanks(struct bench *bench)
{
	hostile(bench, "SETINFO \"END LIST VAR bench\" 1");
}

static void
name_with_quote(struct bench *bench)
{
	hostile(bench, "ADDCMD \"a b\\\"c\"");
}

static void
empty_name(struct bench *bench)
{
	hostile(bench, "SETINFO \"\" \"x\"");
}

static void
long_name(struct bench *bench)
{
	char message[400] = "SETINFO ";

	memset(message + 8, 'n', 300);
	snprintf(message + 308, sizeof(message) - 308, " \"x\"");
	hostile(bench, message);
}

static void
control_bytes(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);

	fake_bytes(bench, fake, "SETINFO ups.id \"a\x1b[2Jb\"\nSETINFO ups.id \"n\xc3\xbc\"\n", 45);
	fake_say(bench, fake, "SETINFO ups.contact \"after\"");
	ask_until(bench, conn, "GET VAR bench ups.contact",
	    "(VAR bench ups.contact \"after\"|ERR .*)", bench->patience_ms);
	ask_until(bench, conn, "GET VAR bench ups.id", "VAR bench ups.id \"[ -~]*\"", 8000);
}

static void
long_value(struct bench *bench)
{
	char value[2001], wanted[2100];
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);

	memset(value, 'v', 2000);
	value[2000] = '\0';
	fake_say(bench, fake, "SETINFO ups.contact \"%s\"", value);
	fake_say(bench, fake, "SETINFO ups.id \"after\"");
	ask_until(
	    bench, conn, "GET VAR bench ups.id", "VAR bench ups.id \"after\"", bench->patience_ms);
	snprintf(wanted, sizeof(wanted), "VAR bench ups.contact \"%s\"", value);
	want(bench, (say(bench, conn, "GET VAR bench ups.contact"), conn), wanted);
}

static void
starts_before_driver(struct bench *bench)
{
	struct conn *conn;
	struct fake *fake;

	start_upsd(bench);
	conn = dial(bench);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "ERR DRIVER-NOT-CONNECTED");
	fake = fake_add(bench, "bench", stock_dump);
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"", 8000);
	need(bench, fake->connects == 1, "%u connections", fake->connects);
}

static void
stale_socket_file(struct bench *bench)
{
	struct conn *conn;

	put_file(bench, "dummy-ups-bench", "");
	start_upsd(bench);
	conn = dial(bench);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "ERR DRIVER-NOT-CONNECTED");
	fake_add(bench, "bench", stock_dump);
	ask_until(bench, conn, "GET VAR bench ups.status", "VAR bench ups.status \"OL\"", 8000);
}

static void
retries_are_quiet(struct bench *bench)
{
	unsigned lines;

	start_upsd(bench);
	bench_idle(bench, 7000);
	lines = log_count(bench, bench->upsd, "[bench]") +
		log_count(bench, bench->upsd, "dummy-ups-bench");
	need(bench, lines <= 3, "%u log lines about an absent driver in 7 s", lines);
}

static void
hundreds_of_drivers(struct bench *bench)
{
	enum { DRIVERS = 300 };
	char name[32], line[128];
	struct conn *conn;

	put_file(bench, "ups.conf", "");
	for (int i = 0; i < DRIVERS; i++) {
		snprintf(name, sizeof(name), "u%d", i);
		snprintf(line, sizeof(line), "[%s]\n\tdriver = dummy-ups\n\tport = x\n", name);
		add_to_file(bench, "ups.conf", line);
		fake_add(bench, name, "SETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n");
	}
	start_upsd(bench);
	conn = dial(bench);
	for (int i = 0; i < DRIVERS; i += 10) {
		snprintf(line, sizeof(line), "GET VAR u%d ups.status", i);
		ask_until(bench, conn, line, "VAR u[0-9]+ ups.status \"OL\"", bench->patience_ms);
	}
}

/* upsd says nothing to the driver that does not read; clients must not wait for it. */
static void
driver_does_not_read(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench), *other = dial(bench);
	int64_t begin;

	fake->peer->held = true;
	bench->dirty = true;
	conn->tag = '.';
	log_in(bench, conn, "admin", "topsecret");
	for (int i = 0; i < 40000; i++)
		say(bench, conn, "INSTCMD bench load.off.delay 1234567890");
	for (int i = 0; i < 30; i++) {
		begin = now_ms();
		ask(bench, other, "GET VAR Mixed ups.status");
		need(bench, now_ms() - begin < 1000, "another client waits %d ms",
		    (int)(now_ms() - begin));
		bench_idle(bench, 20);
	}
}

static void
list_is_one_moment(struct bench *bench)
{
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial(bench);

	fake->peer->tag = conn->tag = '.';
	for (int round = 0; round < 50; round++) {
		char first[128] = "", second[128] = "";
		const char *line;

		fake_say(bench, fake, "SETINFO a.first \"%d\"", round);
		fake_say(bench, fake, "SETINFO z.second \"%d\"", round);
		say(bench, conn, "LIST VAR bench");
		while (strcmp(line = hear(bench, conn), "END LIST VAR bench")) {
			if (!strncmp(line, "VAR bench a.first ", 18))
				snprintf(first, sizeof(first), "%s", line + 18);
			if (!strncmp(line, "VAR bench z.second ", 19))
				snprintf(second, sizeof(second), "%s", line + 19);
		}
		/* They came one after the other, so the second may be one behind, never ahead. */
		need(bench, atoi(second + (*second == '"')) <= atoi(first + (*first == '"')),
		    "%s before %s", second, first);
	}
}

static const struct test_case cases[] = {
	{ "net/driver/1", MUST, "N-11.1 S-6.12 R-26",
	    "a driver that dies within its dump is not served", .run = dies_within_dump,
	    .kind = EMPTY },
	{ "net/driver/2", MUST, "N-11.1 S-6.12 R-27",
	    "a driver that has not said DUMPDONE is stale", .run = never_done, .kind = EMPTY },
	{ "net/driver/3", MUST, "N-11.8 N-11.1 S-6.15 R-38",
	    "a driver that accepts and says nothing delays nobody", .run = silent_from_the_start,
	    .kind = EMPTY },
	{ "net/driver/4", MUST, "N-11.8 S-6.15 R-38",
	    "a driver that does not even accept delays nobody", .run = queue_full, .kind = EMPTY },
	{ "net/driver/5", MUST, "N-11.2 S-6.1 S-6.13",
	    "what a driver told is forgotten when it goes, and learnt when it comes",
	    .run = comes_back, .flags = SLOW },
	{ "net/driver/6", SHOULD, "N-11.5", "a driver that came back is there within 2 s",
	    .run = comes_back_in_time, .flags = SLOW },
	{ "net/driver/7", MUST, "S-6.14 R-35", "a driver that was stale and died is replaced",
	    .run = stale_then_replaced, .flags = SLOW },
	{ "net/driver/8", MUST, "N-11.3", "DATASTALE and DATAOK",
	    .talk = "b> DATASTALE\nuntil GET VAR bench ups.status | ERR DATA-STALE\n> LIST CMD "
		    "bench\n< ERR DATA-STALE\nb> DATAOK\nuntil GET VAR bench ups.status | VAR "
		    "bench ups.status \"OL\"\n" },
	{ "net/driver/9", MUST, "N-11.3 N-11.4",
	    "a silent driver is asked, then stale, then fresh when it answers", .run = falls_silent,
	    .kind = EMPTY, .flags = SLOW },
	{ "net/driver/10", MUST, "S-6.8", "messages without sense are no sign of life",
	    .run = noise_is_no_life, .kind = EMPTY, .flags = SLOW },
	{ "net/driver/11", MUST, "S-6.11 R-28",
	    "a line of 5 MB ends the connection, in bounded memory", .run = long_line,
	    .kind = FRESH },
	{ "net/driver/12", MUST, "S-6.10 R-29", "20 000 variables end the connection",
	    .run = too_many_variables, .kind = FRESH },
	{ "net/driver/13", MUST, "S-6.10", "4000 variables are served",
	    .run = four_thousand_variables, .kind = FRESH },
	{ "net/driver/14", MUST, "S-6.9 N-11.6 R-30", "a name with blanks does not reach clients",
	    .run = name_with_blanks, .kind = FRESH },
	{ "net/driver/15", MUST, "S-6.9 N-11.6 R-30",
	    "a command with blanks and quotes does not reach clients", .run = name_with_quote,
	    .kind = FRESH },
	{ "net/driver/16", MUST, "S-6.9 R-30", "an empty name does not reach clients",
	    .run = empty_name, .kind = FRESH },
	{ "net/driver/17", MUST, "S-6.9 N-1.7 R-30", "a name of 300 bytes breaks no line",
	    .run = long_name, .kind = FRESH },
	{ "net/driver/18", MUST, "S-1.5 N-11.6 R-16",
	    "control and 8-bit bytes of a driver do not reach clients", .run = control_bytes,
	    .kind = FRESH },
	{ "net/driver/19", MUST, "S-6.16 N-1.7 R-25a", "a value of 2000 bytes is served whole",
	    .run = long_value, .kind = FRESH },
	{ "net/driver/20", MUST, "N-13.5 S-6.1 R-36",
	    "upsd starts before its driver and finds it later", .run = starts_before_driver,
	    .kind = EMPTY, .flags = SLOW },
	{ "net/driver/21", MUST, "S-6.13 R-36", "a file in the socket's place is no driver",
	    .run = stale_socket_file, .kind = EMPTY, .flags = SLOW },
	{ "net/driver/22", MUST, "S-6.13 R-36", "tries in vain are logged once",
	    .run = retries_are_quiet, .kind = EMPTY, .flags = SLOW },
	{ "net/driver/23", MUST, "S-6.17 R-39", "300 drivers work at once",
	    .run = hundreds_of_drivers, .kind = EMPTY, .flags = SLOW },
	{ "net/driver/24", MUST, "S-6.15", "a driver that does not read delays no client",
	    .run = driver_does_not_read, .kind = FRESH },
	{ "net/driver/25", MUST, "N-5.9", "a list never shows a later change without the earlier",
	    .run = list_is_one_moment, .kind = FRESH },
	{ "net/driver/26", MUST, "N-8.10", "what a driver had to report when it went is a failure",
	    .run = tracking_of_the_dead, .kind = FRESH },
	{ "net/driver/27", MUST, "N-3.17", "FSD outlives the driver",
	    .talk = LOG_IN(
		"mon", "monsecret") "> FSD bench\n< OK FSD-SET\nbvanish\nuntil GET VAR bench "
				    "ups.id | ERR DRIVER-NOT-CONNECTED\nblisten\nuntil GET VAR "
				    "bench ups.status | VAR bench ups.status \"FSD OL\"\n",
	    .flags = SLOW | DIRTY },
	{ "net/driver/28", SHOULD, "N-3.17", "FSD is told while nothing is heard of the driver",
	    .talk = LOG_IN(
		"mon", "monsecret") "> FSD bench\n< OK FSD-SET\nb> DATASTALE\nuntil GET VAR bench "
				    "ups.id | ERR DATA-STALE\n> GET VAR bench ups.status\n< VAR "
				    "bench ups.status \"FSD\"\n> LIST VAR bench\n< ERR "
				    "DATA-STALE\nbvanish\nuntil GET VAR bench ups.id | ERR "
				    "DRIVER-NOT-CONNECTED\n> GET VAR bench ups.status\n< VAR bench "
				    "ups.status \"FSD\"\n",
	    .flags = SLOW | DIRTY },

	{ "net/update/1", MUST, "S-6.2", "SETINFO makes and replaces variables",
	    .talk = "b> SETINFO new.var \"1\"\nuntil GET VAR bench new.var | VAR bench new.var "
		    "\"1\"\nb> SETINFO new.var \"2\"\nuntil GET VAR bench new.var | VAR bench "
		    "new.var \"2\"\n" },
	{ "net/update/2", MUST, "S-6.2", "DELINFO removes a variable",
	    .talk = "b> DELINFO ups.id\nuntil GET VAR bench ups.id | ERR VAR-NOT-SUPPORTED\n" },
	{ "net/update/3", MUST, "S-6.7", "a change in letter case alone is a change",
	    .talk = "b> SETINFO ups.id \"BENCH\"\nuntil GET VAR bench ups.id | VAR bench ups.id "
		    "\"BENCH\"\n" },
	{ "net/update/4", MUST, "N-11.7 N-2.11", "escaped values arrive as the driver meant them",
	    .talk = "b> SETINFO ups.id \"a\\\"b\\\\c\\#d\"\nuntil GET VAR bench ups.id | VAR bench "
		    "ups.id \"a\\\"b\\\\c\\#d\"\n" },
	{ "net/update/5", MUST, "S-6.3", "ADDENUM and DELENUM",
	    .talk = "b> ADDENUM input.sensitivity \"auto\"\nb> DELENUM input.sensitivity "
		    "\"low\"\nb> SETINFO ups.id \"after\"\nuntil GET VAR bench ups.id | VAR bench "
		    "ups.id \"after\"\n> LIST ENUM bench input.sensitivity\n< BEGIN LIST ENUM "
		    "bench input.sensitivity\n< ENUM bench input.sensitivity \"normal\"\n< ENUM "
		    "bench input.sensitivity \"very \\\"high\\\"\"\n< ENUM bench input.sensitivity "
		    "\"auto\"\n< END LIST ENUM bench input.sensitivity\n" },
	{ "net/update/6", MUST, "S-6.3", "ADDRANGE and DELRANGE",
	    .talk =
		"b> ADDRANGE battery.charge.low 80 90\nb> DELRANGE battery.charge.low 5 50\nb> "
		"SETINFO ups.id \"after\"\nuntil GET VAR bench ups.id | VAR bench ups.id "
		"\"after\"\n> LIST RANGE bench battery.charge.low\n< BEGIN LIST RANGE bench "
		"battery.charge.low\n< RANGE bench battery.charge.low \"60\" \"70\"\n< RANGE bench "
		"battery.charge.low \"80\" \"90\"\n< END LIST RANGE bench battery.charge.low\n" },
	{ "net/update/7", MUST, "S-6.4", "the same enum or range twice counts once",
	    .talk = "b> ADDENUM input.sensitivity \"low\"\nb> ADDRANGE battery.charge.low 60 "
		    "70\nb> SETINFO ups.id \"after\"\nuntil GET VAR bench ups.id | VAR bench "
		    "ups.id \"after\"\n> LIST ENUM bench input.sensitivity\n< BEGIN LIST ENUM "
		    "bench input.sensitivity\n< ENUM bench input.sensitivity \"low\"\n< ENUM bench "
		    "input.sensitivity \"normal\"\n< ENUM bench input.sensitivity \"very "
		    "\\\"high\\\"\"\n< END LIST ENUM bench input.sensitivity\n> LIST RANGE bench "
		    "battery.charge.low\n< BEGIN LIST RANGE bench battery.charge.low\n<~ RANGE "
		    ".*\n<~ RANGE .*\n< END LIST RANGE bench battery.charge.low\n" },
	{ "net/update/8", MUST, "S-6.4", "ranges that share one end are two",
	    .talk = "b> ADDRANGE battery.charge.low 60 99\nb> SETINFO ups.id \"after\"\nuntil GET "
		    "VAR bench ups.id | VAR bench ups.id \"after\"\n> LIST RANGE bench "
		    "battery.charge.low\n< BEGIN LIST RANGE bench battery.charge.low\n<~ RANGE "
		    ".*\n<~ RANGE .*\n< RANGE bench battery.charge.low \"60\" \"99\"\n< END LIST "
		    "RANGE bench battery.charge.low\n" },
	{ "net/update/9", MUST, "S-6.5", "a range upside down is refused",
	    .talk = "b> ADDRANGE battery.charge.low 99 80\nb> SETINFO ups.id \"after\"\nuntil GET "
		    "VAR bench ups.id | VAR bench ups.id \"after\"\n> LIST RANGE bench "
		    "battery.charge.low\n< BEGIN LIST RANGE bench battery.charge.low\n<~ RANGE "
		    ".*\n<~ RANGE .*\n< END LIST RANGE bench battery.charge.low\n" },
	{ "net/update/10", MUST, "S-6.3", "SETFLAGS replaces all flags; unknown ones are ignored",
	    .talk = "b> SETFLAGS ups.id FANCY\nuntil GET TYPE bench ups.id | TYPE bench ups.id "
		    "NUMBER\nb> SETFLAGS ups.id RW STRING\nuntil GET TYPE bench ups.id | TYPE "
		    "bench ups.id RW STRING:16\n" },
	{ "net/update/11", MUST, "S-6.3", "SETAUX changes the greatest length",
	    .talk = "b> SETAUX ups.id 3\nuntil GET TYPE bench ups.id | TYPE bench ups.id RW "
		    "STRING:3\n" ADMIN "> SET VAR bench ups.id 1234\n< ERR TOO-LONG\n" },
	{ "net/update/12", MUST, "S-6.6", "ADDCMD and DELCMD",
	    .talk =
		"b> ADDCMD aaa.first\nb> DELCMD load.off.delay\nb> DELCMD test.battery.start\nb> "
		"SETINFO ups.id \"after\"\nuntil GET VAR bench ups.id | VAR bench ups.id "
		"\"after\"\n> LIST CMD bench\n< BEGIN LIST CMD bench\n< CMD bench aaa.first\n< CMD "
		"bench beeper.toggle\n< CMD bench load.off\n< END LIST CMD bench\n" },
	{ "net/update/13", MUST, "S-6.8",
	    "unknown messages and those with too few words are ignored",
	    .talk = "b> FROBNICATE now\nb> SETINFO\nb> SETINFO ups.id\nb> ADDCMD\nb> SETAUX "
		    "ups.id\nb> ADDRANGE battery.charge.low 1\nb> \nb> SETINFO ups.contact "
		    "\"after\"\nuntil GET VAR bench ups.contact | VAR bench ups.contact "
		    "\"after\"\n> GET VAR bench ups.id\n< VAR bench ups.id \"bench\"\n" },
	{ "net/update/14", MUST, "S-6.2", "what is told of a variable there is not is ignored",
	    .talk = "b> ADDENUM no.such \"x\"\nb> SETFLAGS no.such RW\nb> SETAUX no.such 3\nb> "
		    "DELINFO no.such\nb> DELCMD no.such\nb> SETINFO ups.contact \"after\"\nuntil "
		    "GET VAR bench ups.contact | VAR bench ups.contact \"after\"\n> GET VAR bench "
		    "no.such\n< ERR VAR-NOT-SUPPORTED\n" },
	{ "net/update/15", MUST, "S-1.6 S-1.5", "messages may come many at once or in pieces",
	    .talk = "b> SETINFO x.1 \"a\"%0aSETINFO x.2 \"b\"%0aSETINFO x.3 \"c\"\nuntil GET VAR "
		    "bench x.3 | VAR bench x.3 \"c\"\n> GET VAR bench x.1\n< VAR bench x.1 "
		    "\"a\"\n> GET VAR bench x.2\n< VAR bench x.2 \"b\"\n" },
	{ "net/update/16", MUST, "S-6.2",
	    "a variable that goes and comes has no memory of its flags",
	    .talk =
		"b> DELINFO ups.id\nb> SETINFO ups.id \"again\"\nuntil GET VAR bench ups.id | VAR "
		"bench ups.id \"again\"\n> GET TYPE bench ups.id\n< TYPE bench ups.id NUMBER\n" },
};

SECTION(net_driver);
