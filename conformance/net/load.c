/* Many clients, slow ones and hostile ones: docs/net-protocol.md, section 10. */
#include "conformance/dialect.h"
#include "conformance/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long OTHER waits for an answer, in ms. */
static int
answer_time(struct bench *bench, struct conn *other)
{
	int64_t begin = now_ms();

	ask(bench, other, "GET VAR bench ups.status");
	return (int)(now_ms() - begin);
}

/* A client that pipelines COUNT requests and reads nothing. */
static struct conn *
glutton(struct bench *bench, int count)
{
	struct conn *conn = dial(bench);
	const int little = 16384; /* else the kernel takes megabytes of answers for it */

	setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	setsockopt(conn->fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof(little));
	conn->tag = '.';
	conn->held = true;
	for (int i = 0; i < count; i++)
		say(bench, conn, "LIST VAR bench");
	return conn;
}

static void
slow_reader(struct bench *bench)
{
	struct conn *other = dial(bench), *conn = glutton(bench, 100000);
	size_t left;

	/* The kernel holds megabytes for both before upsd feels anything. */
	do {
		left = conn->out.len;
		bench_idle(bench, 300);
	} while (conn->out.len < left);
	need(bench, left > 0, "all was read, though nothing of the answers was taken");
	/* One that reads little at a time takes a while until it is stuck. */
	for (int i = 0; i < 160; i++) {
		int ms = answer_time(bench, other);

		/* 50 ms is the demand; the rest is for a busy machine. */
		need(bench, ms < 250, "another client waits %d ms", ms);
		bench_idle(bench, 25);
	}
	upsd_alive(bench);
}

static void
slow_reader_is_not_read(struct bench *bench)
{
	long before = memory_kb(bench->upsd);
	struct conn *conn = glutton(bench, 400000);
	size_t left;

	bench_idle(bench, 1500);
	left = conn->out.len;
	need(bench, left > 200000, "all was read, though nothing of the answers was taken");
	need(bench, memory_kb(bench->upsd) - before < 2048, "memory grew by %ld kB",
	    memory_kb(bench->upsd) - before);
	conn->held = false;
	for (int64_t end = now_ms() + bench->patience_ms;
	     conn->out.len >= left && now_ms() < end;) {
		bench_turn(bench, 50);
		bytes_drop(&conn->in, conn->in.len);
	}
	need(bench, conn->out.len < left, "it is not read again when it takes its answers");
}

static void
slow_reader_is_closed(struct bench *bench)
{
	struct conn *conn = glutton(bench, 100000);
	int64_t begin = now_ms();

	while (!conn->eof && now_ms() < begin + 16000)
		bench_turn(bench, 50);
	need(bench, conn->eof, "still open after 16 s");
	need(bench, now_ms() - begin > 7000, "closed after %d ms already", (int)(now_ms() - begin));
}

static void
twenty_thousand(struct bench *bench)
{
	struct conn *conn = dial(bench);

	conn->tag = '.';
	for (int i = 0; i < 20000; i++)
		say(bench, conn, i % 2 ? "GET VAR bench ups.status" : "NETVER");
	for (int i = 0; i < 20000; i++) {
		const char *line = hear(bench, conn);

		need(bench,
		    !strcmp(line,
			i % 2 ? "VAR bench ups.status \"OL\"" : bench->target->dialect->protocol),
		    "answer %d is: %s", i, line);
	}
}

static void
endless_line(struct bench *bench)
{
	static char block[65536];
	struct conn *conn = dial(bench), *other = dial(bench);
	long before, after;
	const char *line;

	memset(block, 'x', sizeof(block));
	conn->tag = '.';
	ask(bench, other, "NETVER");
	before = memory_kb(bench->upsd);
	for (int i = 0; i < 16; i++)
		say_bytes(bench, conn, block, sizeof(block));
	line = try_hear(bench, conn, bench->patience_ms);
	need(bench, line || conn->eof, "1 MB without newline gets neither an error nor an end");
	need(bench, !line || !strcmp(line, "ERR INVALID-ARGUMENT"), "got: %s", line);
	need(bench, ends(bench, conn, bench->patience_ms), "the connection stays");
	need(bench, answer_time(bench, other) < 1000, "others wait");
	after = memory_kb(bench->upsd);
	need(bench, after - before < 512, "memory grew by %ld kB", after - before);
}

static void
two_hundred_at_once(struct bench *bench)
{
	enum { CLIENTS = 200 };
	struct conn *conns[CLIENTS];

	/* Stopped, so that none is accepted before all have come. */
	kill(bench->upsd->pid, SIGSTOP);
	bench->dirty = true;
	for (int i = 0; i < 100; i++) {
		int patience = bench->patience_ms;

		bench->patience_ms =
		    300; /* a full queue answers nothing, then again after a second */
		conns[i] = try_dial(bench, "127.0.0.1", bench->port);
		bench->patience_ms = patience;
		if (!conns[i])
			kill(bench->upsd->pid, SIGCONT);
		need(bench, conns[i], "the %dth of those who wait is not taken", i + 1);
	}
	kill(bench->upsd->pid, SIGCONT);
	for (int i = 100; i < CLIENTS; i++)
		conns[i] = dial(bench);
	for (int i = 0; i < CLIENTS; i++)
		say(bench, conns[i], "NETVER");
	for (int i = 0; i < CLIENTS; i++)
		want(bench, conns[i], "1.3");
}

/* Connect-and-reset COUNT times in the middle of a list, in tens: how much memory so many take
 * together is no leak. */
static void
resets(struct bench *bench, int count)
{
	for (int i = 0; i < count; i++) {
		struct conn *conn = dial(bench);

		conn->tag = '.';
		for (int j = 0; j < 50; j++)
			say(bench, conn, "LIST VAR bench");
		flush(bench, conn);
		reset(bench, conn);
		if (i % 10 == 9)
			upsd_alive(bench);
	}
}

static void
many_resets(struct bench *bench)
{
	long files, memory;

	resets(bench, 100);
	files = open_files(bench->upsd);
	memory = memory_kb(bench->upsd);
	resets(bench, 300);
	for (int64_t end = now_ms() + bench->patience_ms;
	     open_files(bench->upsd) > files && now_ms() < end;)
		bench_turn(bench, 20);
	need(bench, open_files(bench->upsd) <= files, "%ld descriptors have become %ld", files,
	    open_files(bench->upsd));
	need(bench, memory_kb(bench->upsd) - memory < 512, "memory grew by %ld kB",
	    memory_kb(bench->upsd) - memory);
}

static void
reset_takes_the_login_back(struct bench *bench)
{
	struct conn *conn = dial(bench), *other = dial(bench);

	log_in(bench, conn, "mon2", "monsecret");
	need(bench, !strcmp(ask(bench, conn, "LOGIN bench"), "OK"), "no login");
	reset(bench, conn);
	ask_until(bench, other, "GET NUMLOGINS bench", "NUMLOGINS bench 0", bench->patience_ms);
}

/* --- MAXCONN and descriptors ---------------------------------------------------------------------
 */

static void
start_small(struct bench *bench)
{
	add_to_file(bench, "upsd.conf", "MAXCONN 24\n");
	fake_add(bench, "bench", stock_dump);
	start_upsd(bench);
}

/* LISTEN and one driver and CLIENTS idle ones: more than MAXCONN allows. */
static void
fill(struct bench *bench, int clients)
{
	int patience = bench->patience_ms, refused = 0;

	bench->patience_ms = 150;
	for (int i = 0; i < clients && refused < 3; i++) {
		struct conn *conn = try_dial(bench, "127.0.0.1", bench->port);

		if (conn)
			say(bench, conn, "NETVER");
		else
			refused++;
	}
	bench->patience_ms = patience;
	bench_idle(bench, 200);
}

static void
maxconn_reached(struct bench *bench)
{
	struct conn *late;
	const char *line;

	start_small(bench);
	fill(bench, 40);
	late = dial(bench);
	say(bench, late, "NETVER");
	line = try_hear(bench, late, bench->patience_ms < 3000 ? bench->patience_ms : 3000);
	need(bench, line, "%s",
	    late->eof ? "closed without a word" : "the next client hears nothing");
	need(bench, matches(bench, "1\\.3|ERR [A-Z-]+.*", line), "got: %s", line);
}

static void
maxconn_keeps_logins(struct bench *bench)
{
	struct conn *monitor;

	start_small(bench);
	monitor = dial(bench);
	log_in(bench, monitor, "mon", "monsecret");
	need(bench, !strcmp(ask(bench, monitor, "LOGIN bench"), "OK"), "no login");
	fill(bench, 60);
	need(bench,
	    !strcmp(ask(bench, monitor, "GET VAR bench ups.status"), "VAR bench ups.status \"OL\""),
	    "the logged-in client is not served");
}

/* All clients go; the next one is served as soon as that is noticed. */
static void
room_again(struct bench *bench)
{
	int64_t end = now_ms() + bench->patience_ms;
	struct conn *next;
	const char *line;

	for (struct conn *conn = bench->conns; conn; conn = next) {
		next = conn->next;
		if (!conn->fake)
			hang_up(bench, conn);
	}
	do {
		struct conn *late = dial(bench);

		say(bench, late, "NETVER");
		line = try_hear(bench, late, bench->patience_ms);
		if (line && !strcmp(line, bench->target->dialect->protocol))
			return;
		hang_up(bench, late);
		bench_turn(bench, 20);
	} while (now_ms() < end);
	fail(bench, "there is no room again");
}

static void
maxconn_recovers(struct bench *bench)
{
	struct conn *first;

	start_small(bench);
	first = dial(bench);
	ask(bench, first, "NETVER");
	fill(bench, 40);
	room_again(bench);
}

static void
out_of_descriptors(struct bench *bench)
{
	const struct rlimit few = { 40, 40 };
	struct conn *first;
	long cpu, lines;

	fake_add(bench, "bench", stock_dump);
	start_upsd(bench);
	first = dial(bench);
	ask(bench, first, "NETVER");
	if (prlimit(bench->upsd->pid, RLIMIT_NOFILE, &few, NULL))
		skip(bench, "prlimit: %s", strerror(errno));
	fill(bench, 80);
	cpu = cpu_ms(bench->upsd);
	lines = (long)strlen(log_of(bench, bench->upsd));
	bench_idle(bench, 2000);
	need(bench, cpu_ms(bench->upsd) - cpu <= 60, "%ld ms of CPU in 2 s of nothing",
	    cpu_ms(bench->upsd) - cpu);
	need(bench, (long)strlen(log_of(bench, bench->upsd)) - lines < 1000,
	    "%ld bytes of log in 2 s", (long)strlen(log_of(bench, bench->upsd)) - lines);
	/* One that is there already is served, if it was not put out for a newer one. */
	if (!first->eof)
		need(bench, lives(bench, first), "the first client is not served");
	room_again(bench);
}

/* --- wrong logins --------------------------------------------------------------------------------
 */

static void
wrong_login(struct bench *bench, struct conn *conn, const char *user, const char *password)
{
	log_in(bench, conn, user, password);
	say(bench, conn, "LOGIN bench");
	want(bench, conn, "ERR ACCESS-DENIED");
}

static void
wrong_logins_are_slowed(struct bench *bench)
{
	int64_t begin;

	for (int i = 0; i < 5; i++)
		wrong_login(bench, dial(bench), "mon", "guess");
	begin = now_ms();
	for (int i = 0; i < 5; i++)
		wrong_login(bench, dial(bench), "mon", "guess");
	need(bench, now_ms() - begin >= 450, "five more guesses took %d ms",
	    (int)(now_ms() - begin));
}

static void
wrong_logins_on_one_connection(struct bench *bench)
{
	struct conn *conn = dial(bench);
	int64_t begin;

	log_in(bench, conn, "mon", "guess");
	for (int i = 0; i < 5; i++)
		need(
		    bench, !strcmp(ask(bench, conn, "LOGIN bench"), "ERR ACCESS-DENIED"), "let in");
	begin = now_ms();
	for (int i = 0; i < 5; i++)
		need(
		    bench, !strcmp(ask(bench, conn, "LOGIN bench"), "ERR ACCESS-DENIED"), "let in");
	need(bench, now_ms() - begin >= 450, "five more took %d ms", (int)(now_ms() - begin));
}

static void
wrong_logins_slow_nobody_else(struct bench *bench)
{
	struct conn *guessers[20], *other;
	int64_t begin;

	for (int i = 0; i < 20; i++) {
		guessers[i] = dial(bench);
		log_in(bench, guessers[i], "admin", "guess");
	}
	for (int i = 0; i < 20; i++)
		say(bench, guessers[i], "LOGIN bench");
	bench_turn(bench, 5);
	begin = now_ms();
	other = dial(bench);
	log_in(bench, other, "mon", "monsecret");
	need(bench, !strcmp(ask(bench, other, "LOGIN bench"), "OK"),
	    "the right password does not work");
	need(bench, now_ms() - begin < 400, "a good login took %d ms", (int)(now_ms() - begin));
	for (int i = 0; i < 20; i++)
		want(bench, guessers[i], "ERR ACCESS-DENIED");
}

static void
guesses_lock_nobody_out(struct bench *bench)
{
	struct conn *guessers[80], *upsmon = dial(bench);
	int64_t begin;

	log_in(bench, upsmon, "mon", "monsecret");
	need(bench, !strcmp(ask(bench, upsmon, "LOGIN bench"), "OK"), "no login");
	for (int i = 0; i < 80; i++) {
		guessers[i] = dial(bench);
		log_in(bench, guessers[i], "mon", "guess");
	}
	for (int i = 0; i < 80; i++)
		say(bench, guessers[i], "LOGIN bench");
	bench_turn(bench, 5);
	begin = now_ms();
	upsmon = dial(bench);
	log_in(bench, upsmon, "mon", "monsecret");
	need(bench, !strcmp(ask(bench, upsmon, "LOGIN bench"), "OK"),
	    "80 guesses shut out who knows the password");
	need(bench, now_ms() - begin < 5000, "the login took %d ms", (int)(now_ms() - begin));
}

static void
wrong_login_is_logged(struct bench *bench)
{
	const char *log;

	wrong_login(bench, dial(bench), "mon2", "unheard-of");
	bench_idle(bench, 50);
	log = log_of(bench, bench->upsd);
	need(bench, !strstr(log, "unheard-of"), "the password stands in the log");
	log = strstr(log, "mon2");
	need(bench, log, "the user's name is not in the log");
	need(bench,
	    memmem(log_of(bench, bench->upsd), strlen(log_of(bench, bench->upsd)), "127.0.0.1", 9),
	    "the address is not in the log");
}

static void
wrong_logins_do_not_flood_the_log(struct bench *bench)
{
	struct conn *conns[60];
	unsigned lines;

	for (int i = 0; i < 60; i++) {
		conns[i] = dial(bench);
		log_in(bench, conns[i], "mon2", "unheard-of");
		say(bench, conns[i], "LOGIN bench");
	}
	for (int i = 0; i < 60; i++)
		want(bench, conns[i], "ERR ACCESS-DENIED");
	lines = log_count(bench, bench->upsd, "mon2");
	need(bench, lines >= 1, "nothing is logged");
	need(bench, lines <= 40, "60 wrong logins make %u lines", lines);
}

static void
no_password_in_any_log(struct bench *bench)
{
	static const char *const loud[] = { "-DDDDD", NULL };
	static const char *const secrets[] = { "topsecret", "monsecret", "opsecret",
		"heard-of-it" };
	struct conn *conn = NULL;
	int64_t end = now_ms() + 8000;

	fake_add(bench, "bench", stock_dump);
	launch_upsd(bench, loud);
	while (!conn && now_ms() < end) {
		conn = try_dial(bench, "127.0.0.1", bench->port);
		if (!conn)
			bench_turn(bench, 10);
	}
	need(bench, conn, "upsd -DDDDD does not listen");
	log_in(bench, conn, "admin", "topsecret");
	ask(bench, conn, "LOGIN bench");
	conn = dial(bench);
	log_in(bench, conn, "mon", "heard-of-it");
	ask(bench, conn, "LOGIN bench");
	reload_upsd(bench);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		need(bench, !strstr(log_of(bench, bench->upsd), secrets[i]), "the log holds '%s'",
		    secrets[i]);
}

static void
idle_client_goes(struct bench *bench)
{
	struct conn *idle = dial(bench), *partial = dial(bench), *monitor = dial(bench);

	log_in(bench, monitor, "mon", "monsecret");
	ask(bench, monitor, "LOGIN bench");
	ask(bench, idle, "NETVER");
	say_bytes(bench, partial, "NETV", 4);
	need(bench, ends(bench, idle, 66000), "an idle client is there after 66 s");
	need(bench, ends(bench, partial, 2000), "one with half a line is there after 68 s");
	bench_idle(bench, 3000);
	need(bench, !monitor->eof, "a logged-in client was closed");
	ask(bench, monitor, "NETVER");
}

static const struct test_case cases[] = {
	{ "net/load/1", MUST, "N-10.1 R-1", "a client that does not read delays no other",
	    .run = slow_reader, .flags = SOLO | DIRTY },
	{ "net/load/2", MUST, "N-10.2 R-1",
	    "a client that takes no answers is not read, and is again when it takes them",
	    .run = slow_reader_is_not_read, .flags = DIRTY },
	{ "net/load/3", MUST, "N-10.3 R-1", "a client that takes no byte for 10 s is closed",
	    .run = slow_reader_is_closed, .flags = DIRTY | SLOW },
	{ "net/load/4", MUST, "N-10.2 N-1.3 R-25b",
	    "20 000 requests without waiting get 20 000 answers in order", .run = twenty_thousand },
	{ "net/load/5", MUST, "N-2.14 N-10.9 R-15",
	    "1 MB without newline is an error and the end, in bounded memory", .run = endless_line,
	    .kind = FRESH },
	{ "net/load/6", MUST, "N-10.6 R-10",
	    "200 clients come at once, 100 of them before any is accepted",
	    .run = two_hundred_at_once, .kind = FRESH },
	{ "net/load/7", MUST, "N-10.10 R-25c",
	    "hundreds of clients that reset in the middle of a list leave nothing behind",
	    .run = many_resets, .kind = FRESH, .flags = SLOW },
	{ "net/load/8", MUST, "N-3.20 R-25c R-25d", "a reset takes the login back",
	    .run = reset_takes_the_login_back },
	{ "net/maxconn/1", MUST, "N-10.4 R-8",
	    "with MAXCONN reached the next client hears something at once", .run = maxconn_reached,
	    .kind = EMPTY },
	{ "net/maxconn/2", MUST, "N-10.4 R-8",
	    "with MAXCONN reached a logged-in client is still served", .run = maxconn_keeps_logins,
	    .kind = EMPTY },
	{ "net/maxconn/3", MUST, "N-10.4 R-8", "when clients go there is room again",
	    .run = maxconn_recovers, .kind = EMPTY },
	{ "net/maxconn/4", MUST, "N-10.5 R-9",
	    "out of descriptors: no spin, no flood of log lines, and recovery",
	    .run = out_of_descriptors, .kind = EMPTY, .flags = SOLO },
	{ "net/throttle/1", MUST, "N-10.7 R-12", "wrong logins on new connections are slowed",
	    .run = wrong_logins_are_slowed, .kind = FRESH },
	{ "net/throttle/2", MUST, "N-10.7 R-12", "wrong logins on one connection are slowed",
	    .run = wrong_logins_on_one_connection, .kind = FRESH },
	{ "net/throttle/3", MUST, "N-10.7 R-12", "they slow nobody else",
	    .run = wrong_logins_slow_nobody_else, .kind = FRESH, .flags = SOLO },
	{ "net/throttle/4", MUST, "N-10.11 R-8",
	    "guesses do not shut out a user who knows the password", .run = guesses_lock_nobody_out,
	    .kind = FRESH },
	{ "net/log/1", MUST, "N-10.8 R-13",
	    "a wrong login is logged with user and address, without the password",
	    .run = wrong_login_is_logged, .kind = FRESH },
	{ "net/log/2", MUST, "N-10.8 R-13", "60 wrong logins do not make 60 lines",
	    .run = wrong_logins_do_not_flood_the_log, .kind = FRESH, .flags = SLOW },
	{ "net/log/3", MUST, "N-10.8 R-13",
	    "no password stands in the log at the highest debug level",
	    .run = no_password_in_any_log, .kind = EMPTY },
	{ "net/idle/1", MUST, "N-1.8 N-1.9 R-11",
	    "an idle client goes after a minute, a logged-in one stays", .run = idle_client_goes,
	    .kind = FRESH, .flags = SLOW | LONG },
};

SECTION(net_load);
