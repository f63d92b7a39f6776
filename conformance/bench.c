#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hosts.h"
#include "inside.h"
#include "serve.h"
#include "site.h"
#include "story.h"
#include "talk.h"
#include "veil.h"

volatile sig_atomic_t bench_interrupted;

void
bytes_add(struct bytes *bytes, const void *from, size_t len)
{
	if (bytes->size < bytes->len + len + 1) {
		size_t size = (bytes->len + len + 1) * 2;
		char *grown = realloc(bytes->at, size);

		if (!grown) {
			fprintf(stderr, "nut-conform: out of memory\n");
			abort();
		}
		bytes->at = grown;
		bytes->size = size;
	}
	if (len)
		memcpy(bytes->at + bytes->len, from, len);
	bytes->len += len;
	bytes->at[bytes->len] = '\0';
}

void
bytes_add_format(struct bytes *bytes, const char *format, va_list args)
{
	char *text;
	int len = vasprintf(&text, format, args);

	if (len == -1) {
		fprintf(stderr, "nut-conform: out of memory\n");
		abort();
	}
	bytes_add(bytes, text, (size_t)len);
	free(text);
}

void
bytes_drop(struct bytes *bytes, size_t len)
{
	bytes->len -= len;
	if (bytes->len)
		memmove(bytes->at, bytes->at + len, bytes->len);
	if (bytes->at)
		bytes->at[bytes->len] = '\0';
}

bool
bytes_take_line(struct bytes *bytes, struct bytes *line)
{
	char *newline = bytes->len ? memchr(bytes->at, '\n', bytes->len) : NULL;

	if (!newline)
		return false;
	bytes_drop(line, line->len);
	bytes_add(line, bytes->at, (size_t)(newline - bytes->at));
	bytes_drop(bytes, line->len + 1);
	return true;
}

void
bytes_free(struct bytes *bytes)
{
	free(bytes->at);
	*bytes = (struct bytes){ 0 };
}

int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
fail(struct bench *bench, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(bench->why, sizeof(bench->why), format, args);
	va_end(args);
	longjmp(bench->out, 1);
}

void
skip(struct bench *bench, const char *format, ...)
{
	va_list args;

	bench->skipped = true;
	va_start(args, format);
	vsnprintf(bench->why, sizeof(bench->why), format, args);
	va_end(args);
	longjmp(bench->out, 1);
}

void
bench_trace(struct bench *bench, char tag, char way, const char *at, size_t len)
{
	const size_t most = 16384, each = 400;
	size_t shown = len < each ? len : each;
	char one[8];

	if (bench->trace.len > most)
		bytes_drop(&bench->trace, bench->trace.len - most / 2);
	for (size_t i = 0; i < shown; i++) {
		unsigned char c = (unsigned char)at[i];

		if (i == 0 || at[i - 1] == '\n') {
			snprintf(one, sizeof(one), "%c%c ", tag, way);
			bytes_add(&bench->trace, one, 3);
		}
		if (c == '\n' || (c >= 0x20 && c < 0x7f))
			bytes_add(&bench->trace, &c, 1);
		else
			bytes_add(
			    &bench->trace, one, (size_t)snprintf(one, sizeof(one), "%%%02x", c));
	}
	if (shown < len)
		bytes_add(&bench->trace, " ...", 4);
	if (shown && (shown < len || at[shown - 1] != '\n'))
		bytes_add(&bench->trace, "|\n", 2);
}

struct conn *
conn_add(struct bench *bench, int fd, char tag)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		fail(bench, "suite: out of memory");
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	conn->fd = fd;
	conn->tag = tag;
	conn->next = bench->conns;
	bench->conns = conn;
	return conn;
}

static void
conn_end(struct conn *conn)
{
	if (conn->fd != -1)
		close(conn->fd);
	conn->fd = -1;
	conn->eof = true;
}

void
conn_remove(struct bench *bench, struct conn *conn)
{
	for (struct conn **at = &bench->conns; *at; at = &(*at)->next)
		if (*at == conn) {
			*at = conn->next;
			break;
		}
	for (struct fake *fake = bench->fakes; fake; fake = fake->next)
		if (fake->peer == conn)
			fake->peer = NULL;
	for (size_t i = 0; i < 10; i++)
		if (bench->talker[i] == conn)
			bench->talker[i] = NULL;
	conn_end(conn);
	veil_free(conn->veil);
	bytes_free(&conn->in);
	bytes_free(&conn->out);
	free(conn);
}

static void
conn_read(struct bench *bench, struct conn *conn)
{
	char room[65536];
	ssize_t got = read(conn->fd, room, sizeof(room));

	if (got > 0 && conn->veil) {
		veil_take(bench, conn, room, (size_t)got);
		return;
	}
	if (got > 0) {
		bench_trace(bench, conn->tag, '<', room, (size_t)got);
		bytes_add(&conn->in, room, (size_t)got);
		return;
	}
	if (got == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	conn_end(conn);
}

/* What goes to the socket: under TLS that is what OUT has been made into. */
static struct bytes *
leaving(struct conn *conn)
{
	return conn->veil ? veil_out(conn->veil) : &conn->out;
}

static bool
wants_out(struct conn *conn)
{
	if (conn->veil && conn->out.len)
		veil_seal(conn);
	return (leaving(conn)->len && conn->cut >= 0) || conn->shut_after;
}

static void
conn_write(struct bench *bench, struct conn *conn)
{
	struct bytes *out = leaving(conn);
	size_t len = conn->cut && (size_t)conn->cut < out->len ? (size_t)conn->cut : out->len;
	ssize_t put = send(conn->fd, out->at, len, MSG_NOSIGNAL);

	if (put > 0) {
		if (conn->tag != '.' && !conn->veil)
			bench_trace(bench, conn->tag, '>', out->at, (size_t)put);
		bytes_drop(out, (size_t)put);
	} else if (put == -1 && errno != EAGAIN && errno != EINTR) {
		bytes_drop(out, out->len);
		bytes_drop(&conn->out, conn->out.len);
		conn->again = NULL;
		/* What it said before it closed can still be read. */
		conn->shut_after = false;
	}
	if (!conn->out.len && conn->again && conn->fd != -1)
		bytes_add(&conn->out, conn->again, strlen(conn->again));
	if (!conn->out.len && !leaving(conn)->len && conn->shut_after) {
		shutdown(conn->fd, SHUT_WR);
		conn->shut_after = false;
	}
}

static void
handle(struct bench *bench, const struct pollfd *polled, struct conn **conns, struct fake **fakes,
    size_t conns_len, size_t fakes_len)
{
	for (size_t i = 0; i < conns_len; i++) {
		struct conn *conn = conns[i];

		if (polled[i].revents & POLLOUT && conn->cut >= 0)
			conn_write(bench, conn);
		if (!conn->held && conn->fd != -1 &&
		    polled[i].revents & (POLLIN | POLLHUP | POLLERR))
			conn_read(bench, conn);
		else if (conn->held && polled[i].revents & (POLLHUP | POLLERR))
			conn_end(conn);
		if (conn->fake)
			fake_answer(bench, conn->fake, conn);
		if (conn->server)
			server_answer(conn);
	}
	for (size_t i = 0; i < fakes_len; i++)
		if (polled[conns_len + i].revents & POLLIN)
			fake_accept(bench, fakes[i]);
}

void
bench_turn(struct bench *bench, int ms)
{
	size_t most = 0, len = 0, conns_len, fakes_len;
	struct pollfd *polled;
	struct conn **conns;
	struct fake **fakes;

	for (struct conn *conn = bench->conns; conn; conn = conn->next)
		most++;
	for (struct fake *fake = bench->fakes; fake; fake = fake->next)
		most++;
	for (struct server *server = bench->server; server; server = server->next)
		most++;
	polled = calloc(most + 2, sizeof(*polled));
	conns = calloc(most + 1, sizeof(struct conn *));
	fakes = calloc(most + 1, sizeof(struct fake *));
	if (!polled || !conns || !fakes)
		abort();
	for (struct conn *conn = bench->conns; conn; conn = conn->next) {
		if (conn->fd == -1)
			continue;
		conns[len] = conn;
		polled[len].fd = conn->fd;
		polled[len].events =
		    (short)((conn->held ? 0 : POLLIN) | (wants_out(conn) ? POLLOUT : 0));
		len++;
	}
	conns_len = len;
	for (struct fake *fake = bench->fakes; fake; fake = fake->next) {
		if (fake->listener == -1 || fake->stuffed)
			continue;
		fakes[len - conns_len] = fake;
		polled[len++] = (struct pollfd){ .fd = fake->listener, .events = POLLIN };
	}
	fakes_len = len - conns_len;
	for (struct server *server = bench->server; server; server = server->next)
		polled[len++] =
		    (struct pollfd){ .fd = server->idle ? -1 : server->listener, .events = POLLIN };
	/* A child's end wakes us by SIGCHLD, unless it fell just before the poll: hence the 50. */
	if (poll(polled, (nfds_t)len, ms > 50 ? 50 : ms) > 0)
		handle(bench, polled, conns, fakes, conns_len, fakes_len);
	len = conns_len + fakes_len;
	for (struct server *server = bench->server; server; server = server->next)
		if (polled[len++].revents & POLLIN)
			server_accept(bench, server);
	free(polled);
	free(conns);
	free(fakes);
	processes_reap(bench);
	if (bench_interrupted)
		fail(bench, "interrupted");
}

void
bench_idle(struct bench *bench, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		bench_turn(bench, (int)(end - now_ms()));
}

static int
remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
	(void)status;
	(void)kind;
	return where->level ? remove(path) : 0;
}

static void
close_conns(struct bench *bench, bool fakes_too)
{
	struct conn *next;

	for (struct conn *conn = bench->conns; conn; conn = next) {
		next = conn->next;
		if (fakes_too || !conn->fake)
			conn_remove(bench, conn);
	}
}

/* Back to an empty folder, keeping nothing. */
static void
clear(struct bench *bench)
{
	struct fake *next;

	processes_end(bench);
	close_conns(bench, true);
	for (struct fake *fake = bench->fakes; fake; fake = next) {
		next = fake->next;
		fake_free(fake);
	}
	bench->fakes = NULL;
	servers_free(bench->server);
	bench->server = NULL;
	free(bench->rig);
	bench->rig = NULL;
	bench->pid_dir = NULL;
	nftw(bench->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	bench->ready = EMPTY;
	bench->dirty = false;
}

struct bench *
bench_new(const struct target *target)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const char *tmp = getenv("TMPDIR");

	if (!bench)
		exit(2);
	bench->target = target;
	bench->ready = EMPTY;
	bench->port_hold = -1;
	bench->umask = 027;
	snprintf(bench->dir, sizeof(bench->dir), "%s/nut-conform.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(bench->dir)) {
		fprintf(stderr, "nut-conform: cannot make a folder like %s\n", bench->dir);
		exit(2);
	}
	return bench;
}

void
bench_free(struct bench *bench, bool keep)
{
	if (!bench)
		return;
	if (keep) {
		processes_end(bench);
		close_conns(bench, true);
		fprintf(stderr, "# kept %s\n", bench->dir);
	} else {
		clear(bench);
		rmdir(bench->dir);
	}
	if (bench->port_hold != -1)
		close(bench->port_hold);
	bytes_free(&bench->trace);
	free(bench);
}

/* What the case finds running. */
static void
prepare(struct bench *bench, enum bench_kind kind)
{
	bool driver = kind == DRIVER || kind == DRIVER_FRESH;
	bool secure = kind == SECURE || kind == SECURE_FRESH;

	if (kind == DRIVER && bench->target->fresh_drivers)
		kind = DRIVER_FRESH;
	if (!bench->dirty && kind == bench->ready &&
	    (kind == SHARED || kind == DRIVER || kind == SECURE))
		return;
	clear(bench);
	put_stock(bench);
	if (secure)
		site_secure(bench);
	if (driver) {
		start_driver(bench);
	} else if (kind != EMPTY) {
		fake_stock(bench);
		start_upsd(bench);
	}
	bench->ready = driver ? DRIVER : secure ? SECURE : kind == EMPTY ? EMPTY : SHARED;
	bench->dirty =
	    kind == FRESH || kind == DRIVER_FRESH || kind == SECURE_FRESH || kind == EMPTY;
}

/* Daemons that ended by themselves fail the case, whatever else it saw. */
static bool
all_alive(struct bench *bench)
{
	bool alive = true;

	processes_reap(bench);
	for (struct process *process = bench->processes; process; process = process->next) {
		size_t used = strlen(bench->why);

		if (!process->done || process->expected)
			continue;
		if (WIFSIGNALED(process->status))
			snprintf(bench->why + used, sizeof(bench->why) - used,
			    "%s%s died of signal %d (%s)", used ? "; " : "", process->name,
			    WTERMSIG(process->status), strsignal(WTERMSIG(process->status)));
		else
			snprintf(bench->why + used, sizeof(bench->why) - used,
			    "%s%s exited with status %d", used ? "; " : "", process->name,
			    WEXITSTATUS(process->status));
		alive = false;
	}
	return alive;
}

static void
add_log_tail(struct bench *bench)
{
	const char *log;
	size_t len;

	for (struct process *process = bench->processes; process; process = process->next) {
		log = log_of(bench, process);
		len = strlen(log);
		bytes_add(&bench->trace, "-- the end of its log: ", 23);
		bytes_add(&bench->trace, process->name, strlen(process->name));
		bytes_add(&bench->trace, "\n", 1);
		bytes_add(
		    &bench->trace, len > 1500 ? log + len - 1500 : log, len > 1500 ? 1500 : len);
	}
}

bool
bench_run(struct bench *bench, const struct test_case *test)
{
	volatile bool passed = false;

	bench->test = test;
	bench->cases++;
	bench->why[0] = '\0';
	bench->skipped = false;
	bytes_drop(&bench->trace, bench->trace.len);
	memset(bench->captured, 0, sizeof(bench->captured));
	if (!setjmp(bench->out)) {
		prepare(bench, test->kind);
		bytes_drop(&bench->trace, bench->trace.len);
		for (struct fake *fake = bench->fakes; fake; fake = fake->next)
			bytes_drop(&fake->heard, fake->heard.len);
		if (test->talk)
			talk(bench, test->talk);
		if (test->story)
			story(bench, test->story);
		if (test->run)
			test->run(bench);
		passed = true;
	}
	/* A daemon that is just dying of what the case did must not pass for alive. */
	if (!setjmp(bench->out) && passed && bench->upsd && test->kind != EMPTY)
		upsd_alive(bench);
	else if (passed && bench->why[0])
		passed = false;
	if (!all_alive(bench))
		passed = false;
	if (!passed && !bench->skipped)
		add_log_tail(bench);
	if (!setjmp(bench->out))
		close_conns(bench, false);
	memset(bench->talker, 0, sizeof(bench->talker));
	hosts_leave();
	if (!passed || test->flags & DIRTY)
		bench->dirty = true;
	return passed;
}
