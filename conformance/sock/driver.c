/* What a driver answers on its socket: docs/sock-protocol.md, sections 1 to 5. */
#include "conformance/serve.h"
#include "conformance/talk.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- dumps ---------------------------------------------------------------------------------------
 */

/* The second word of LINE, without quotes. */
static void
name_of(const char *line, char *name, size_t size)
{
	const char *start = strchr(line, ' ');

	snprintf(
	    name, size, "%.*s", start ? (int)strcspn(start + 1, " ") : 0, start ? start + 1 : "");
}

static int
rank_of(const char *line)
{
	static const char *const order[] = { "SETINFO ", "ADDENUM ", "ADDRANGE ", "SETAUX ",
		"SETFLAGS " };

	for (int i = 0; i < 5; i++)
		if (!strncmp(line, order[i], strlen(order[i])))
			return i;
	return -1;
}

static void
dump_is_in_order(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);
	char last[256] = "", name[256];
	int rank = 0, variables = 0;
	const char *line;

	say(bench, conn, "DUMPALL");
	while (rank_of(line = hear(bench, conn)) != -1) {
		name_of(line, name, sizeof(name));
		if (rank_of(line) == 0) {
			need(bench, strcasecmp(last, name) < 0, "%s after %s", name, last);
			snprintf(last, sizeof(last), "%s", name);
			variables++;
		} else {
			need(bench, !strcasecmp(last, name), "'%s' after SETINFO %s", line, last);
			need(bench, rank_of(line) > rank || (rank_of(line) == rank && rank < 3),
			    "out of order: %s", line);
		}
		rank = rank_of(line);
	}
	need(bench, variables >= 12, "%d variables only", variables);
	for (last[0] = '\0'; !strncmp(line, "ADDCMD ", 7); line = hear(bench, conn)) {
		name_of(line, name, sizeof(name));
		need(bench, strcasecmp(last, name) < 0, "%s after %s", name, last);
		snprintf(last, sizeof(last), "%s", name);
	}
	need(bench, !strcmp(line, "DATAOK"), "got: %s, wanted: DATAOK", line);
	want(bench, conn, "DUMPDONE");
	want_quiet(bench, conn, 150);
}

static void
dump_tells_the_file(struct bench *bench)
{
	static const char *const lines[] = { "SETINFO ups.status \"OL\"",
		"SETINFO ups.model \"Bench 1500\"", "SETINFO battery.runtime \"1860\"",
		"SETINFO input.voltage \"230.1\"", "SETINFO device.type \"ups\"" };
	struct conn *conn = dial_driver(bench);
	unsigned seen = 0;
	const char *line;

	say(bench, conn, "DUMPALL");
	while (strcmp(line = hear(bench, conn), "DUMPDONE"))
		for (unsigned i = 0; i < 5; i++)
			if (!strcmp(line, lines[i]))
				seen |= 1u << i;
	for (unsigned i = 0; i < 5; i++)
		need(bench, seen & 1u << i, "not told: %s", lines[i]);
}

static int
count_dump(struct bench *bench, struct conn *conn)
{
	int lines = 0;

	while (strcmp(hear(bench, conn), "DUMPDONE"))
		lines++;
	return lines;
}

static void
two_dumps(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);
	int first, second;

	say_bytes(bench, conn, "DUMPALL\nDUMPALL\nPING\n", 21);
	first = count_dump(bench, conn);
	second = count_dump(bench, conn);
	need(bench, first == second && first > 10, "%d lines, then %d", first, second);
	want(bench, conn, "PONG");
}

static void
two_clients_dump(struct bench *bench)
{
	struct conn *one = dial_driver(bench), *two = dial_driver(bench);
	int first, second;

	say(bench, one, "DUMPALL");
	say(bench, two, "DUMPALL");
	first = count_dump(bench, one);
	second = count_dump(bench, two);
	need(bench, first == second, "%d lines to one, %d to the other", first, second);
}

static void
awkward_values(struct bench *bench)
{
	put_file(bench, "stock.dev",
	    "ups.status: OL\nups.mfr: \"a \\\"b\\\" \\\\ c\"\nups.model: =\nups.description: it's "
	    "[x]\n");
	start_driver(bench);
	talk(bench, "> DUMPALL\n<... SETINFO ups.description \"it's \\[x\\]\"\n<... SETINFO "
		    "ups.mfr \"a \\\\\"b\\\\\" \\\\\\\\ c\"\n"
		    "<... SETINFO ups.model \"=\"\n<... DUMPDONE\n");
}

static void
no_status_is_no_power_cut(struct bench *bench)
{
	struct conn *conn;
	const char *line;

	put_file(bench, "stock.dev", "ups.mfr: Example\nups.load: 1\n");
	start_driver(bench);
	conn = dial_driver(bench);
	say(bench, conn, "DUMPALL");
	while (strcmp(line = hear(bench, conn), "DUMPDONE"))
		need(bench, !matches(bench, "SETINFO ups.status \".*(OB|LB|OFF).*\"", line),
		    "the driver says: %s", line);
}

static void
defaults_and_overrides(struct bench *bench)
{
	start_driver_with(bench,
	    "\tdefault.battery.date = \"2020\"\n\tdefault.ups.mfr = "
	    "Nobody\n\toverride.ups.model = Mine\n\toverride.battery.packs = 2\n");
	talk(bench, "> DUMPALL\n<... SETINFO battery.date \"2020\"\n<... SETINFO battery.packs "
		    "\"2\"\n<... SETINFO ups.mfr \"Example\"\n"
		    "<... SETINFO ups.model \"Mine\"\n<... DUMPDONE\n");
}

static void
override_stays(struct bench *bench)
{
	start_driver_with(bench, "\tpollinterval = 1\n\toverride.ups.model = Mine\n");
	talk(bench,
	    "> SET ups.model other\n> DUMPALL\n<... SETINFO ups.model \"Mine\"\n<... DUMPDONE\n");
}

/* --- live updates --------------------------------------------------------------------------------
 */

static void
file_changes(struct bench *bench)
{
	struct conn *one, *two;
	const char *line;

	start_driver_with(bench, "\tpollinterval = 1\n");
	one = dial_driver(bench);
	two = dial_driver(bench);
	ask(bench, one, "PING");
	ask(bench, two, "PING");
	bench_idle(bench, 1100); /* another second of mtime */
	put_file(bench, "stock.dev",
	    "ups.status: OB\nups.mfr: Example\nups.load: 55\nups.description: a \"quoted\" \\ "
	    "one\n");
	bench->patience_ms = 8000;
	do {
		line = hear(bench, one);
		need(bench, !matches(bench, "SETINFO ups.mfr .*", line),
		    "what did not change is told again: %s", line);
	} while (strncmp(line, "SETINFO ups.load \"55\"", 21) &&
		 strncmp(line, "SETINFO ups.status \"OB\"", 23));
	do
		line = hear(bench, two);
	while (strncmp(line, "SETINFO ups.status \"OB\"", 23) &&
	       strncmp(line, "SETINFO ups.load \"55\"", 21));
}

/* A driver that is a client of our pretended upsd: whatever happens to a device, we can let happen.
 */
enum { FULL, SHORT, STALE };

static const struct reply *
device(int what)
{
	static const char *const lists[] = {
		("BEGIN LIST VAR far\nVAR far ups.load \"5\"\nVAR far ups.status \"OL\"\n"
		 "END LIST VAR far\n"),
		"BEGIN LIST VAR far\nVAR far ups.status \"OL\"\nEND LIST VAR far\n",
		"ERR DATA-STALE\n",
	};
	static struct reply replies[] = {
		{ "LIST VAR far", NULL, THEN_GO_ON },
		{ "GET VAR far ups.status", NULL, THEN_GO_ON },
		{ "LIST RW far", "BEGIN LIST RW far\nEND LIST RW far\n", THEN_GO_ON },
		{ "LIST CMD far", "BEGIN LIST CMD far\nEND LIST CMD far\n", THEN_GO_ON },
		{ "LIST UPS", "BEGIN LIST UPS\nUPS far \"x\"\nEND LIST UPS\n", THEN_GO_ON },
		{ "STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n", THEN_GO_ON },
		{ "USERNAME", "OK\n", THEN_GO_ON },
		{ "PASSWORD", "OK\n", THEN_GO_ON },
		{ "VER", "Network UPS Tools upsd 2.8.0 - here\n", THEN_GO_ON },
		{ "NETVER", "1.3\n", THEN_GO_ON },
		{ NULL, NULL, THEN_GO_ON },
	};

	replies[0].text = lists[what];
	replies[1].text = what == STALE ? "ERR DATA-STALE\n" : "VAR far ups.status \"OL\"\n";
	return replies;
}

static struct conn *
start_far(struct bench *bench)
{
	char lines[200];
	bool fresh = false, dumped = false;
	struct conn *conn;
	const char *line;

	serve(bench, device(FULL));
	snprintf(lines, sizeof(lines),
	    "[stock]\n\tdriver = dummy-ups\n\tport = far@127.0.0.1:%d\n\tmode = "
	    "repeater\n\tpollinterval = 1\n",
	    bench->server->port);
	put_file(bench, "ups.conf", lines);
	start_driver_as_is(bench);
	bench->patience_ms += 4000; /* a poll or two */
	conn = dial_driver(bench);
	/* Only what is fresh can go stale: the first round may still be under way. */
	say(bench, conn, "DUMPALL");
	do {
		line = hear(bench, conn);
		fresh = fresh || !strcmp(line, "DATAOK");
		dumped = dumped || !strcmp(line, "DUMPDONE");
	} while (!fresh || !dumped);
	return conn;
}

/* The first line of this kind is WANTED. */
static void
then_hears(struct bench *bench, struct conn *conn, const char *wanted)
{
	const char *line;

	do
		line = hear(bench, conn);
	while (!matches(bench, "(DELINFO|DATASTALE|DATAOK).*", line) ||
	       (!strcmp(line, "DATAOK") && strcmp(wanted, "DATAOK")));
	need(bench, !strcmp(line, wanted), "got: %s, wanted: %s", line, wanted);
}

static void
variable_goes(struct bench *bench)
{
	struct conn *conn = start_far(bench);

	device(SHORT);
	then_hears(bench, conn, "DELINFO ups.load");
}

static void
data_go_stale(struct bench *bench)
{
	struct conn *conn = start_far(bench);

	device(STALE);
	then_hears(bench, conn, "DATASTALE");
	want_quiet(bench, conn, 2500);
	device(FULL);
	then_hears(bench, conn, "DATAOK");
}

/* --- the socket and the process ------------------------------------------------------------------
 */

static void
socket_mode(struct bench *bench)
{
	struct stat status;

	bench->umask = 0;
	start_driver(bench);
	bench->umask = 027;
	need(bench, !stat(path_of(bench, "dummy-ups-stock"), &status), "there is no socket");
	need(bench, S_ISSOCK(status.st_mode) && (status.st_mode & 0777) == 0660, "its mode is %o",
	    (unsigned)status.st_mode & 0777);
}

static void
ends_cleanly(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);
	struct stat status;

	ask(bench, conn, "PING");
	kill(bench->driver->pid, SIGTERM);
	need(bench, wait_end(bench, bench->driver, 10000), "SIGTERM does not end it");
	need(bench, WIFEXITED(bench->driver->status) && !WEXITSTATUS(bench->driver->status),
	    "wait status %d", bench->driver->status);
	need(bench, ends(bench, conn, bench->patience_ms), "its client's connection stays open");
	need(bench, stat(path_of(bench, "dummy-ups-stock"), &status) == -1,
	    "the socket is still there");
}

static void
ends_on_sigint(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);

	ask(bench, conn, "PING");
	kill(bench->driver->pid, SIGINT);
	need(bench, wait_end(bench, bench->driver, 10000), "SIGINT does not end it");
	need(bench, WIFEXITED(bench->driver->status), "it dies of the signal");
}

static void
replaces_stale_socket(struct bench *bench)
{
	struct fake *fake = fake_add(bench, "stock", "");

	/* Closed without unlink(): what a killed driver leaves. */
	close(fake->listener);
	fake->listener = -1;
	start_driver(bench);
}

static void
one_of_two_lives(struct bench *bench)
{
	struct process *first = bench->driver, *second = launch_driver(bench, NULL);
	struct conn *conn;
	int64_t end = now_ms() + 9000;

	first->expected = second->expected = true;
	while (!first->done && !second->done && now_ms() < end)
		bench_turn(bench, 50);
	need(bench, first->done || second->done, "both run");
	need(bench, !(first->done && second->done), "both are gone");
	for (conn = NULL; !conn; bench_turn(bench, 20)) {
		need(bench, now_ms() < end, "nobody answers on the socket");
		conn = try_dial(bench, "driver", 0);
	}
	say(bench, conn, "PING");
	need(bench, try_hear(bench, conn, 10000), "the one that lives does not answer");
}

static void
refused(struct bench *bench, const char *conf)
{
	put_file(bench, "ups.conf", conf);
	launch_driver(bench, NULL);
	need(bench, wait_end(bench, bench->driver, 10000), "the driver starts");
	need(bench, WIFEXITED(bench->driver->status) && WEXITSTATUS(bench->driver->status),
	    "wait status %d", bench->driver->status);
	need(bench, *log_of(bench, bench->driver), "it says nothing");
}

static void
no_section(struct bench *bench)
{
	refused(bench, "[other]\n\tdriver = dummy-ups\n\tport = stock.dev\n");
}

static void
no_port(struct bench *bench)
{
	refused(bench, "[stock]\n\tdriver = dummy-ups\n");
}

static void
pid_told(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "PID %d", (int)bench->driver->pid);
	say(bench, conn, "GETPID");
	want(bench, conn, wanted);
}

/* --- limits --------------------------------------------------------------------------------------
 */

static void
alive(struct bench *bench)
{
	int64_t end = now_ms() + bench->patience_ms;
	struct conn *conn;
	const char *line;

	/* A refused client may still fill a place; there is one soon. */
	do {
		conn = try_dial(bench, "driver", 0);
		line = NULL;
		if (conn) {
			say(bench, conn, "PING");
			line = try_hear(bench, conn, bench->patience_ms);
			if (line && !strcmp(line, "PONG"))
				return;
			hang_up(bench, conn);
		}
		bench_turn(bench, 20);
	} while (now_ms() < end);
	fail(bench, "the driver does not answer");
}

static void
never_reads(struct bench *bench)
{
	static char value[200];
	struct conn *deaf = dial_driver(bench), *busy = dial_driver(bench);
	int64_t begin;

	bench->dirty = true;
	ask(bench, deaf, "PING");
	deaf->held = true;
	busy->tag = '.';
	memset(value, 'v', sizeof(value) - 1);
	for (int i = 0; i < 20000; i++)
		say(bench, busy, "SET ups.description \"%d %s\"", i, value);
	for (begin = now_ms(); busy->out.len && now_ms() < begin + 10000;) {
		bench_turn(bench, 20);
		bytes_drop(&busy->in, busy->in.len);
	}
	need(bench, !busy->out.len, "the driver takes no more");
	begin = now_ms();
	alive(bench);
	need(bench, now_ms() - begin < 1000, "an answer takes %d ms", (int)(now_ms() - begin));
	need(bench, deaf->eof || deaf->held, "suite");
	need(bench, memory_kb(bench->driver) < 64 * 1024, "its memory is %ld kB",
	    memory_kb(bench->driver));
}

static void
three_hundred(struct bench *bench)
{
	struct conn *next;

	for (int i = 0; i < 300; i++)
		if (!try_dial(bench, "driver", 0))
			break;
	bench_idle(bench, 200);
	for (struct conn *conn = bench->conns; conn; conn = next) {
		next = conn->next;
		hang_up(bench, conn);
	}
	alive(bench);
}

static void
come_and_go(struct bench *bench)
{
	long files;

	alive(bench);
	files = open_files(bench->driver);
	for (int i = 0; i < 500; i++) {
		struct conn *conn = try_dial(bench, "driver", 0);

		if (!conn)
			continue;
		say(bench, conn, i % 2 ? "DUMPALL" : "PING");
		flush(bench, conn);
		hang_up(bench, conn);
	}
	alive(bench);
	talk(bench,
	    "> SET ups.description update\n< SETINFO ups.description \"update\"\n> PING\n< PONG\n");
	for (int64_t end = now_ms() + bench->patience_ms;
	     open_files(bench->driver) > files + 2 && now_ms() < end;)
		bench_turn(bench, 20);
	need(bench, open_files(bench->driver) <= files + 2, "%ld descriptors have become %ld",
	    files, open_files(bench->driver));
}

static void
gone_and_quiet(struct bench *bench)
{
	struct conn *conns[10];
	long cpu, awake;

	for (int i = 0; i < 10; i++) {
		conns[i] = dial_driver(bench);
		ask(bench, conns[i], "PING");
	}
	for (int i = 0; i < 10; i++)
		hang_up(bench, conns[i]);
	bench_idle(bench, 100);
	cpu = cpu_ms(bench->driver);
	awake = awake_ms(bench->driver);
	bench_idle(bench, 1000);
	/* On a busy machine one that never sleeps may get little CPU, and one that does waits. */
	need(bench, awake_ms(bench->driver) - awake < 600,
	    "awake for %ld ms in a second of nothing", awake_ms(bench->driver) - awake);
	need(bench, cpu_ms(bench->driver) - cpu < 100, "%ld ms of CPU in a second of nothing",
	    cpu_ms(bench->driver) - cpu);
}

static void
endless_line(struct bench *bench)
{
	static char block[65536];
	struct conn *conn = dial_driver(bench);
	long before;
	int64_t end;

	memset(block, 'x', sizeof(block));
	ask(bench, conn, "PING");
	before = memory_kb(bench->driver);
	conn->tag = '.';
	for (int i = 0; i < 16; i++)
		say_bytes(bench, conn, block, sizeof(block));
	for (end = now_ms() + bench->patience_ms; conn->out.len && !conn->eof && now_ms() < end;)
		bench_turn(bench, 20);
	alive(bench);
	need(bench, memory_kb(bench->driver) - before < 1024, "its memory grew by %ld kB",
	    memory_kb(bench->driver) - before);
}

static void
thirty_clients(struct bench *bench)
{
	struct conn *conns[30];

	for (int i = 0; i < 30; i++)
		conns[i] = dial_driver(bench);
	for (int i = 0; i < 30; i++)
		say(bench, conns[i], "PING");
	for (int i = 0; i < 30; i++)
		want(bench, conns[i], "PONG");
}

static void
byte_at_a_time(struct bench *bench)
{
	struct conn *conn = dial_driver(bench);

	conn->cut = 1;
	say(bench, conn, "PING");
	say(bench, conn, "INSTCMD no.such TRACKING slow");
	want(bench, conn, "PONG");
	want(bench, conn, "TRACKING slow 1");
}

#define ON_DRIVER .kind = DRIVER
#define OWN .kind = DRIVER_FRESH, .flags = SLOW
#define BY_HAND .kind = EMPTY, .flags = SLOW

static const struct test_case cases[] = {
	{ "sock/ping/1", MUST, "S-2.1", "PING is answered PONG", .talk = "> PING\n< PONG\n<quiet\n",
	    ON_DRIVER },
	{ "sock/ping/2", MUST, "S-2.12", "questions match without regard to case",
	    .talk = "> ping\n< PONG\n> Ping\n< PONG\n", ON_DRIVER },
	{ "sock/ping/3", MUST, "S-1.6", "many at once are answered in order",
	    .talk = ">> PING%0aPING%0aINSTCMD no.such TRACKING a%0aPING%0a\n< PONG\n< PONG\n< "
		    "TRACKING a 1\n< PONG\n",
	    ON_DRIVER },
	{ "sock/ping/4", MUST, "S-1.6", "a line may come one byte at a time", .run = byte_at_a_time,
	    ON_DRIVER },
	{ "sock/ping/5", MUST, "S-1.7", "nothing is said unasked",
	    .talk = "<quiet\n> PING\n< PONG\n<quiet\n", ON_DRIVER },
	{ "sock/dump/1", MUST, "S-2.2", "a dump is in order, and ends with DATAOK and DUMPDONE",
	    .run = dump_is_in_order, ON_DRIVER },
	{ "sock/dump/2", MUST, "S-2.2", "a dump tells what the device has",
	    .run = dump_tells_the_file, ON_DRIVER },
	{ "sock/dump/3", MUST, "S-2.2 S-1.6", "two questions get two dumps", .run = two_dumps,
	    ON_DRIVER },
	{ "sock/dump/4", MUST, "S-2.2 S-1.4", "two clients get the same dump",
	    .run = two_clients_dump, ON_DRIVER },
	{ "sock/dump/5", MUST, "S-2.13", "the driver's own variables are there",
	    .talk = "> DUMPALL\n<... SETINFO driver.name \"dummy-ups\"\n<... SETINFO "
		    "driver.parameter.port \"stock.dev\"\n<... SETINFO driver.version "
		    "\"2\\..*\"\n<... SETINFO driver.version.internal \".+\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/dump/6", MUST, "S-3.2 S-2.2 R-79", "quotes and backslashes of a device are escaped",
	    .run = awkward_values, BY_HAND },
	{ "sock/dump/7", MUST, "S-4.1 R-69", "a device that tells no status is not on battery",
	    .run = no_status_is_no_power_cut, BY_HAND },
	{ "sock/dump/8", MUST, "S-2.2", "DUMPALL takes its whole answer before the next question's",
	    .talk = ">> DUMPALL%0aPING%0a\n<... DUMPDONE\n< PONG\n", ON_DRIVER },

	{ "sock/set/1", MUST, "S-2.4", "SET with TRACKING is done and reported",
	    .talk = "> SET ups.description one TRACKING id1\n<... TRACKING id1 0\n> DUMPALL\n<... "
		    "SETINFO ups.description \"one\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/set/2", MUST, "S-2.5", "SET without TRACKING is done and not reported",
	    .talk =
		"> SET ups.description two\n< SETINFO ups.description \"two\"\n> PING\n< PONG\n",
	    ON_DRIVER },
	{ "sock/set/3", MUST, "S-2.4 R-80", "a variable there is not",
	    .talk = "> SET no.such x TRACKING id3\n< TRACKING id3 1\n", ON_DRIVER },
	{ "sock/set/4", MUST, "S-2.4 R-80", "a variable that cannot be set",
	    .talk = "> SET driver.name x TRACKING id4\n< TRACKING id4 2\n> DUMPALL\n<... SETINFO "
		    "driver.name \"dummy-ups\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/set/5", MUST, "S-3.2 S-3.1", "an update is escaped as a dump is",
	    .talk = "> SET ups.description \"a\\\"b\\\\c\\#d\"\n< SETINFO ups.description "
		    "\"a\\\"b\\\\c\\#d\"\n> DUMPALL\n<... SETINFO ups.description "
		    "\"a\\\\\"b\\\\\\\\c\\\\#d\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/set/6", MUST, "S-3.1 S-3.6", "all clients hear of a change, the one that asked too",
	    .talk = "1> PING\n1< PONG\n> SET ups.description six\n< SETINFO ups.description "
		    "\"six\"\n1< SETINFO ups.description \"six\"\n",
	    ON_DRIVER },
	{ "sock/set/7", MUST, "S-3.5", "the same value again is no change",
	    .talk = "> SET ups.description seven TRACKING a\n<... TRACKING a 0\n> SET "
		    "ups.description seven TRACKING b\n< TRACKING b 0\n",
	    ON_DRIVER },
	{ "sock/set/8", MUST, "S-2.6", "SET with too few words is ignored",
	    .talk = "> SET\n> SET ups.description\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/set/9", MUST, "S-2.6", "SET with too many words is ignored",
	    .talk = "> SET ups.description nine more words TRACKING x\n<quiet\n> PING\n< PONG\n",
	    ON_DRIVER },
	{ "sock/set/10", MUST, "S-2.6", "SET with another word in the place of TRACKING is ignored",
	    .talk = "> SET ups.description ten FOLLOWING x\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/set/11", MUST, "S-2.12", "variables match without regard to case",
	    .talk = "> SET UPS.Description eleven TRACKING id11\n<... TRACKING id11 0\n> "
		    "DUMPALL\n<... SETINFO ups.description \"eleven\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/set/12", MUST, "S-2.4 S-1.5",
	    "a value of one word needs no quotes, one with blanks does",
	    .talk = "> SET ups.description \"a b c\" TRACKING id12\n<... TRACKING id12 0\n> "
		    "DUMPALL\n<... SETINFO ups.description \"a b c\"\n<... DUMPDONE\n",
	    ON_DRIVER },
	{ "sock/set/13", MUST, "S-3.1 S-1.4", "a client that came later hears of changes",
	    .talk = "> SET ups.description before TRACKING a\n<... TRACKING a 0\n2> PING\n2< "
		    "PONG\n> SET ups.description after\n2< SETINFO ups.description \"after\"\n",
	    ON_DRIVER },

	{ "sock/instcmd/1", MUST, "S-2.3 R-80", "a command there is not",
	    .talk = "> INSTCMD no.such TRACKING id1\n< TRACKING id1 1\n", ON_DRIVER },
	{ "sock/instcmd/2", MUST, "S-2.5 S-5.4 R-37",
	    "without TRACKING there is no answer, and no harm",
	    .talk = "> INSTCMD no.such\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/instcmd/3", MUST, "S-2.3", "a value may stand before TRACKING",
	    .talk = "> INSTCMD no.such 5 TRACKING id3\n< TRACKING id3 1\n", ON_DRIVER },
	{ "sock/instcmd/4", MUST, "S-2.6", "INSTCMD alone is ignored",
	    .talk = "> INSTCMD\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/instcmd/5", MUST, "S-2.6", "INSTCMD with too many words is ignored",
	    .talk = "> INSTCMD no.such 5 6 TRACKING id5\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/instcmd/6", MUST, "S-2.6",
	    "INSTCMD with another word in the place of TRACKING is ignored",
	    .talk = "> INSTCMD no.such FOLLOWING id6\n> INSTCMD no.such 5 FOLLOWING id6\n<quiet\n> "
		    "PING\n< PONG\n",
	    ON_DRIVER },
	{ "sock/instcmd/7", MUST, "S-2.3", "each of several reports names its own id",
	    .talk = ">> INSTCMD no.such TRACKING a%0aINSTCMD no.such TRACKING b%0aINSTCMD no.such "
		    "TRACKING c%0a\n< TRACKING a 1\n< TRACKING b 1\n< TRACKING c 1\n",
	    ON_DRIVER },
	{ "sock/instcmd/8", MUST, "S-2.3",
	    "a report goes to the client that asked, and to no other",
	    .talk =
		"1> PING\n1< PONG\n> INSTCMD no.such TRACKING mine\n< TRACKING mine 1\n1<quiet\n",
	    ON_DRIVER },

	{ "sock/words/1", MUST, "S-2.7", "an unknown question is not answered",
	    .talk = "> FROBNICATE\n> FROBNICATE now\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/words/2", MUST, "S-1.5", "words may be quoted, and blanks are free",
	    .talk = ">   \"PING\"  \n< PONG\n", ON_DRIVER },
	{ "sock/words/3", MUST, "S-1.5", "comments and empty lines are nothing",
	    .talk = "> # PING\n> \n<quiet\n> PING # x\n< PONG\n", ON_DRIVER },
	{ "sock/words/4", MUST, "S-2.14 R-16", "a line with a control byte is ignored whole",
	    .talk = "> PI%01NG\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/words/5", MUST, "S-2.14 R-16",
	    "a line with an 8-bit byte or a NUL is ignored whole",
	    .talk = "> PING%c3\n> PING%00\n<quiet\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/words/6", MUST, "S-2.14 R-24",
	    "a quote that is open at the newline does not swallow the next line",
	    .talk = "> SET ups.description \"open\n> PING\n< PONG\n", ON_DRIVER },
	{ "sock/words/7", MUST, "S-1.5", "CR before the newline is a blank",
	    .talk = "> PING%0d\n< PONG\n", ON_DRIVER },

	{ "sock/new/1", MUST, "S-2.8", "DUMPVALUE tells one variable",
	    .talk = "> DUMPVALUE ups.model\n< SETINFO ups.model \"Bench 1500\"\n<... DUMPDONE\n> "
		    "PING\n< PONG\n",
	    ON_DRIVER },
	{ "sock/new/2", MUST, "S-2.8", "DUMPSTATUS tells ups.status",
	    .talk = "> DUMPSTATUS\n< SETINFO ups.status \"OL\"\n<... DUMPDONE\n> PING\n< PONG\n",
	    ON_DRIVER },
	{ "sock/new/3", MUST, "S-2.9",
	    "NOBROADCAST ends updates to one client, and BROADCAST begins them again",
	    .talk = "> NOBROADCAST\n> PING\n< PONG\n1> SET ups.description quiet\n1< SETINFO "
		    "ups.description \"quiet\"\n<quiet\n> BROADCAST\n> PING\n< PONG\n1> SET "
		    "ups.description loud\n< SETINFO ups.description \"loud\"\n",
	    ON_DRIVER },
	{ "sock/new/4", MUST, "S-2.9", "BROADCAST 0 ends them, BROADCAST 1 begins them",
	    .talk = "> BROADCAST 0\n> PING\n< PONG\n1> SET ups.description zero\n1< SETINFO "
		    "ups.description \"zero\"\n<quiet\n> BROADCAST 1\n> PING\n< PONG\n1> SET "
		    "ups.description one\n< SETINFO ups.description \"one\"\n",
	    ON_DRIVER },
	{ "sock/new/5", MUST, "S-2.10", "GETPID tells the process", .run = pid_told, ON_DRIVER },
	{ "sock/new/6", MUST, "S-2.11", "LOGOUT says goodbye and closes",
	    .talk = "> LOGOUT\n< OK Goodbye\n<eof\n1> PING\n1< PONG\n", ON_DRIVER },

	{ "sock/live/1", MUST, "S-3.1 S-3.5", "what changes is told to all, what does not is not",
	    .run = file_changes, BY_HAND },
	{ "sock/live/2", MUST, "S-3.3", "a variable that the device has no more is taken away",
	    .run = variable_goes, BY_HAND },
	{ "sock/live/3", MUST, "S-3.4", "stale and fresh data are told, once each",
	    .run = data_go_stale, BY_HAND },
	{ "sock/conf/1", MUST, "S-4.2", "default. sets what the driver does not, override. fixes",
	    .run = defaults_and_overrides, BY_HAND },
	{ "sock/conf/2", MUST, "S-4.2", "an override stays when it is set", .run = override_stays,
	    BY_HAND },
	{ "sock/conf/3", MUST, "S-4.5", "a UPS that is not in ups.conf is an error",
	    .run = no_section, .kind = EMPTY },
	{ "sock/conf/4", MUST, "S-4.5", "a section without port is an error", .run = no_port,
	    .kind = EMPTY },
	{ "sock/process/1", MUST, "S-1.2 R-91", "the socket's mode is 0660 even with umask 0",
	    .run = socket_mode, BY_HAND },
	{ "sock/process/2", MUST, "S-1.3 S-4.3", "SIGTERM: status 0, socket gone, clients closed",
	    .run = ends_cleanly, OWN },
	{ "sock/process/3", MUST, "S-4.3", "SIGINT ends it too", .run = ends_on_sigint, OWN },
	{ "sock/process/4", MUST, "S-1.1", "a dead driver's socket is replaced",
	    .run = replaces_stale_socket, BY_HAND },
	{ "sock/process/5", MUST, "S-4.4 R-82", "of two instances one lives",
	    .run = one_of_two_lives, OWN },
	{ "sock/limits/1", MUST, "S-5.1 R-33", "a client that never reads disturbs nobody",
	    .run = never_reads, OWN },
	{ "sock/limits/2", MUST, "S-5.2 S-1.4 R-34", "300 clients at once do not harm it",
	    .run = three_hundred, OWN },
	{ "sock/limits/3", MUST, "S-5.3 R-31 R-32",
	    "500 clients that come and go leave nothing behind", .run = come_and_go, OWN },
	{ "sock/limits/4", MUST, "S-5.3 R-32", "clients that went cost no CPU",
	    .run = gone_and_quiet, .kind = DRIVER_FRESH, .flags = SLOW },
	{ "sock/limits/5", MUST, "S-5.5 R-15", "1 MB without newline is bounded in memory",
	    .run = endless_line, OWN },
	{ "sock/limits/6", MUST, "S-1.4", "30 clients are served at once", .run = thirty_clients,
	    ON_DRIVER },
};

SECTION(sock_driver);
