#include "base/conn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A server that answers each line with ANSWER, and its peer: the other end of a socket pair. */
static struct server {
	struct world kernel_copy;
	struct world *kernel;
	int64_t ahead_ms; /* how far the clock has been moved */
	unsigned reads, writes, polls, acknowledged;

	struct loop *loop;
	struct conn *conn;
	int peer;
	const char *answer;
	size_t answer_len;
	char seen[65536]; /* the lines, joined */
	size_t lines, shown;
	bool closed, connected;
	char why[128];
	unsigned times_closed;
	bool free_in_input, end_in_input, pause_in_input;
	void (*extra)(void);
} server;

static void *
owner(void)
{
	return server.kernel->owner;
}

static int64_t
moved_clock_ms(void *it)
{
	return server.kernel->clock_ms(owner()) + server.ahead_ms;
}

static int
counted_poll(void *it, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	server.polls++;
	return server.kernel->poll(owner(), fds, len, timeout_ms, ready);
}

static void
counted_acknowledge(void *it, int fd)
{
	server.acknowledged += fd == conn_fd(server.conn);
}

static ssize_t
counted_read(void *it, int fd, void *bytes, size_t len)
{
	server.reads++;
	return server.kernel->read(owner(), fd, bytes, len);
}

static ssize_t
counted_write(void *it, int fd, const void *bytes, size_t len)
{
	server.writes++;
	return server.kernel->write(owner(), fd, bytes, len);
}

static size_t
input(void *it, char *bytes, size_t len)
{
	size_t taken = 0;
	char *newline;

	server.shown++;
	while (!conn_full(server.conn) && (newline = memchr(bytes + taken, '\n', len - taken))) {
		size_t line = (size_t)(newline - bytes) + 1 - taken;

		if (strlen(server.seen) + line < sizeof(server.seen))
			strncat(server.seen, bytes + taken, line);
		server.lines++;
		taken += line;
		conn_send(server.conn, server.answer, server.answer_len);
		if (server.pause_in_input) {
			conn_pause(server.conn, true);
			break;
		}
		if (server.end_in_input) {
			conn_end(server.conn);
			break;
		}
		if (server.free_in_input) {
			conn_free(server.conn);
			server.conn = NULL;
			return 1;
		}
		if (server.extra)
			server.extra();
	}
	return taken;
}

static void
closed(void *it, const char *why)
{
	server.closed = true;
	server.times_closed++;
	strncpy(server.why, why ? why : "end", sizeof(server.why) - 1);
	conn_free(server.conn);
	server.conn = NULL;
}

static void
connected(void *it)
{
	server.connected = true;
}

static const struct conn_calls calls = { input, closed, connected };

static void
answer(const char *text)
{
	server.answer = text;
	server.answer_len = strlen(text);
}

static void
begin(void)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	server.kernel = world_kernel_new(-1);
	server.kernel_copy = *server.kernel;
	server.kernel_copy.clock_ms = moved_clock_ms;
	server.kernel_copy.poll = counted_poll;
	server.kernel_copy.acknowledge = counted_acknowledge;
	server.kernel_copy.read = counted_read;
	server.kernel_copy.write = counted_write;
	server.loop = loop_new(&server.kernel_copy);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	server.peer = ends[1];
	server.conn = conn_new(server.loop, ends[0], false, 1024, &calls, NULL);
	answer("ok\n");
}

static void
end(void)
{
	conn_free(server.conn);
	loop_free(server.loop);
	world_kernel_free(server.kernel);
	if (server.peer != -1)
		close(server.peer);
}

TestSuite(conn, .init = begin, .fini = end, .timeout = 20);

static void
say(const char *text)
{
	cr_assert_eq(write(server.peer, text, strlen(text)), (ssize_t)strlen(text));
}

static void
turns(int n)
{
	while (n--)
		loop_step(server.loop, 0);
}

/* What the peer has got since the last call. */
static const char *
heard(void)
{
	static char bytes[4096];
	ssize_t got = read(server.peer, bytes, sizeof(bytes) - 1);

	bytes[got > 0 ? got : 0] = '\0';
	return bytes;
}

static size_t
swallow(void)
{
	static char bytes[65536];
	size_t sum = 0;
	ssize_t got;

	while ((got = read(server.peer, bytes, sizeof(bytes))) > 0)
		sum += (size_t)got;
	return sum;
}

/* performance.md: GET VAR, depth 1 */
Test(conn, a_request_costs_one_poll_one_read_and_one_write)
{
	say("GET\n");
	turns(1);
	cr_expect_str_eq(heard(), "ok\n");
	cr_expect_eq(server.polls, 1);
	cr_expect_eq(server.reads, 1);
	cr_expect_eq(server.writes, 1);
}

Test(conn, requests_in_one_segment_are_answered_with_one_write)
{
	say("a\nb\nc\n");
	turns(1);
	cr_expect_str_eq(heard(), "ok\nok\nok\n");
	cr_expect_eq(server.writes, 1);
}

/* robustness 25b */
Test(conn, a_line_may_come_byte_by_byte)
{
	for (const char *byte = "GET VAR\nVER\n"; *byte; byte++) {
		cr_assert_eq(write(server.peer, byte, 1), 1);
		turns(1);
	}
	cr_expect_str_eq(server.seen, "GET VAR\nVER\n");
}

/* robustness 15 */
Test(conn, a_line_longer_than_the_maximum_closes)
{
	char bytes[1025];

	memset(bytes, 'x', sizeof(bytes));
	cr_assert_eq(write(server.peer, bytes, 1024), 1024);
	turns(1);
	cr_expect(!server.closed);
	cr_assert_eq(write(server.peer, bytes, 1), 1);
	turns(1);
	cr_expect_str_eq(server.why, "line too long");
}

/* robustness 25b */
Test(conn, twenty_thousand_pipelined_requests_get_twenty_thousand_answers)
{
	static char requests[20000 * 4];
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < 20000; i++)
		memcpy(requests + i * 4, "VER\n", 4);
	answer("Network UPS Tools upsd 2.8.0 - https://www.networkupstools.org/\n");
	while (got < 20000 * server.answer_len) {
		ssize_t n = write(server.peer, requests + sent, sizeof(requests) - sent);

		if (n > 0)
			sent += (size_t)n;
		turns(1);
		got += swallow();
	}
	cr_expect_eq(server.lines, 20000);
	cr_expect_eq(sent, sizeof(requests));
}

/* robustness 1 */
Test(conn, a_peer_that_does_not_read_is_not_read_from_and_closed_after_ten_seconds)
{
	static char big[5000];
	size_t sent = 0;
	ssize_t n;

	memset(big, 'a', sizeof(big));
	server.answer = big;
	server.answer_len = sizeof(big);
	for (int i = 0; i < 200; i++) {
		while ((n = write(server.peer, "LIST VAR\n", 9)) == 9)
			sent += 9;
		turns(1);
	}
	cr_expect_leq(conn_unsent(server.conn), CONN_FULL + sizeof(big));
	cr_expect_lt(server.lines, sent / 9);
	server.ahead_ms = CONN_STUCK_MS - 1000;
	turns(2);
	cr_expect(!server.closed);
	swallow(); /* it takes something: the clock begins anew */
	turns(100);
	server.ahead_ms += CONN_STUCK_MS - 1000;
	turns(2);
	cr_expect(!server.closed);
	server.ahead_ms += 2000;
	turns(2);
	cr_expect_str_eq(server.why, "it takes no byte any more");
}

Test(conn, too_much_that_nobody_asked_for_closes)
{
	static char big[1 << 20];

	for (int i = 0; i < 9; i++)
		conn_send(server.conn, big, sizeof(big));
	cr_expect(!server.closed, "not from inside the call");
	turns(1);
	cr_expect_eq(server.times_closed, 1);
}

Test(conn, a_peer_that_has_said_all_still_gets_its_answers)
{
	say("a\nb\n");
	shutdown(server.peer, SHUT_WR);
	turns(3);
	cr_expect_str_eq(heard(), "ok\nok\n");
	cr_expect_str_eq(server.why, "end");
	cr_expect_eq(server.times_closed, 1);
}

Test(conn, after_an_end_of_file_a_paused_answer_is_waited_for)
{
	server.pause_in_input = true;
	say("a\nb\n");
	shutdown(server.peer, SHUT_WR);
	turns(3);
	cr_expect_eq(server.lines, 1);
	cr_expect(!server.closed);
	conn_pause(server.conn, false);
	cr_expect_eq(server.lines, 1, "not from inside the call");
	turns(1);
	cr_expect_eq(server.lines, 2);
	server.pause_in_input = false;
	conn_pause(server.conn, false);
	turns(2);
	cr_expect_str_eq(server.why, "end");
	cr_expect_str_eq(heard(), "ok\nok\n");
}

Test(conn, a_hang_up_while_paused_does_not_spin)
{
	server.pause_in_input = true;
	say("a\n");
	turns(1);
	heard();
	close(server.peer);
	server.peer = -1;
	turns(1);
	unsigned polls = server.polls;
	bool never = false;
	loop_run_until(server.loop, &never, 30);
	cr_expect_leq(server.polls - polls, 3);
	server.pause_in_input = false;
	conn_pause(server.conn, false);
	turns(3);
	cr_expect_eq(server.times_closed, 1);
}

Test(conn, freed_from_inside_input_it_is_quiet)
{
	server.free_in_input = true;
	say("a\nb\n");
	turns(2);
	cr_expect_eq(server.lines, 1);
	cr_expect_eq(server.times_closed, 0);
	cr_expect_eq(read(server.peer, (char[8]){ 0 }, 8), 0); /* unsent answers are dropped */
}

/* robustness 23 */
Test(conn, an_ended_one_reads_no_more_but_says_what_it_had_to_say)
{
	server.end_in_input = true;
	answer("OK Goodbye\n");
	say("LOGOUT\nVER\n");
	turns(3);
	cr_expect_eq(server.lines, 1);
	cr_expect_str_eq(heard(), "OK Goodbye\n");
	cr_expect_str_eq(server.why, "end");
	cr_expect_eq(server.times_closed, 1);
}

Test(conn, sending_on_one_that_has_failed_is_harmless)
{
	close(server.peer);
	server.peer = -1;
	conn_send_text(server.conn, "hello\n");
	turns(1);
	cr_expect_eq(server.times_closed, 1);
	cr_expect_str_eq(server.why, strerror(EPIPE));
}

Test(conn, an_idle_one_holds_no_buffers)
{
	say("a\nb");
	turns(1);
	say("\n");
	turns(2);
	cr_expect_eq(conn_unsent(server.conn), 0);
	cr_expect_null(conn_out(server.conn)->bytes);
}

static struct addr
refusing_address(void)
{
	struct addr at = { .len = sizeof(at.v4) };
	int fd;

	at.v4.sin_family = AF_INET;
	at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = server.kernel->listen(owner(), &at, false, 0);
	cr_assert(server.kernel->local(owner(), fd, &at));
	server.kernel->close(owner(), fd);
	return at;
}

Test(conn, a_refused_connection_is_told_as_closed)
{
	struct addr at = refusing_address();
	int fd = server.kernel->connect(owner(), &at);

	if (fd == -1)
		cr_skip_test("refused at once here");
	conn_free(server.conn);
	server.conn = conn_new(server.loop, fd, true, 1024, &calls, NULL);
	conn_send_text(server.conn, "hello\n");
	cr_expect(loop_run_until(server.loop, &server.closed, 5000));
	cr_expect_str_eq(server.why, strerror(ECONNREFUSED));
	cr_expect(!server.connected);
}

Test(conn, what_is_sent_before_the_connection_stands_goes_out_then)
{
	struct addr at = { .len = sizeof(at.v4) }, from;
	int listening, fd;

	at.v4.sin_family = AF_INET;
	at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listening = server.kernel->listen(owner(), &at, false, 0);
	cr_assert(server.kernel->local(owner(), listening, &at));
	fd = server.kernel->connect(owner(), &at);
	conn_free(server.conn);
	server.conn = conn_new(server.loop, fd, true, 1024, &calls, NULL);
	conn_send_text(server.conn, "hello\n");
	cr_expect(loop_run_until(server.loop, &server.connected, 5000));
	close(server.peer);
	while ((server.peer = server.kernel->accept(owner(), listening, &from)) == -1)
		;
	turns(2);
	fcntl(server.peer, F_SETFL, 0);
	cr_expect_str_eq(heard(), "hello\n");
	close(listening);
}

/* ---- a filter that flips bits, greets with "!", and holds back what it has read ---- */

static struct toy {
	int fd;
	bool greeted, heard, freed, stalls;
	char held[4096];
	size_t held_len;
} toy;

static int
toy_handshake(void *state, short *want)
{
	char byte;

	if (!toy.greeted && write(toy.fd, "!", 1) == 1)
		toy.greeted = true;
	if (read(toy.fd, &byte, 1) != 1) {
		*want = POLLIN;
		return 0;
	}
	toy.heard = byte == '!';
	return toy.heard ? 1 : -1;
}

static void
flip(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] ^= 0x55;
}

/* Reads all there is, hands out 4 bytes at most. */
static ssize_t
toy_read(void *state, void *bytes, size_t len, short *want)
{
	ssize_t got;

	if (!toy.held_len) {
		got = read(toy.fd, toy.held, sizeof(toy.held));
		if (got <= 0) {
			*want = POLLIN;
			return got;
		}
		flip(toy.held, (size_t)got);
		toy.held_len = (size_t)got;
	}
	if (len > 4)
		len = 4;
	if (len > toy.held_len)
		len = toy.held_len;
	memcpy(bytes, toy.held, len);
	memmove(toy.held, toy.held + len, toy.held_len -= len);
	return (ssize_t)len;
}

static ssize_t
toy_write(void *state, const void *bytes, size_t len, short *want)
{
	char some[3];

	if (len > sizeof(some))
		len = sizeof(some);
	memcpy(some, bytes, len);
	flip(some, len);
	return write(toy.fd, some, len);
}

static bool
toy_pending(void *state)
{
	return toy.held_len > 0;
}

static const char *
toy_why(void *state)
{
	return "no greeting";
}

static void
toy_free(void *state)
{
	toy.freed = true;
}

static const struct conn_filter toy_filter = { toy_handshake, toy_read, toy_write, toy_pending,
	toy_why, toy_free };

static char handshake_said[64];
static bool handshake_done;

static void
done(void *it, const char *why)
{
	handshake_done = true;
	strncpy(handshake_said, why ? why : "well", sizeof(handshake_said) - 1);
}

static void
start_toy(void)
{
	server.extra = NULL;
	toy.fd = conn_fd(server.conn);
	cr_expect(conn_filter(server.conn, &toy_filter, &toy, 1000, done));
}

static void
say_flipped(const char *text)
{
	char bytes[256];
	size_t len = strlen(text);

	memcpy(bytes, text, len);
	flip(bytes, len);
	cr_assert_eq(write(server.peer, bytes, len), (ssize_t)len);
}

Test(conn, a_filter_begins_after_what_was_said_in_clear)
{
	char bytes[64];

	server.extra = start_toy;
	answer("OK STARTTLS\n");
	say("STARTTLS\n");
	turns(1);
	cr_expect_str_eq(heard(), "OK STARTTLS\n!");
	cr_expect(!handshake_done);
	cr_expect_eq(server.acknowledged, 0);
	answer("yes, of course\n");
	say("!");
	say_flipped("one\ntwo\nthree\n");
	turns(4);
	cr_expect_str_eq(handshake_said, "well");
	cr_expect_eq(server.acknowledged, 1); /* T-19 */
	cr_expect_str_eq(server.seen, "STARTTLS\none\ntwo\nthree\n");
	strcpy(bytes, heard());
	cr_expect_eq(strlen(bytes), 45);
	flip(bytes, strlen(bytes));
	cr_expect_eq(memcmp(bytes, "yes, of course\nyes", 18), 0);
	conn_free(server.conn);
	server.conn = NULL;
	cr_expect(toy.freed);
}

/* robustness 3 */
Test(conn, bytes_in_clear_behind_the_last_clear_line_are_never_shown)
{
	server.extra = start_toy;
	say("STARTTLS\n");
	server.pause_in_input = false;
	say("VE");
	turns(2);
	cr_expect_str_eq(server.seen, "STARTTLS\n");
	cr_expect_str_eq(server.why, "bytes in clear where the handshake should begin");
	cr_expect(toy.freed);
}

Test(conn, outside_of_input_unread_bytes_refuse_a_filter)
{
	say("VE");
	turns(1);
	toy.fd = conn_fd(server.conn);
	cr_expect(!conn_filter(server.conn, &toy_filter, &toy, 1000, done));
	cr_expect(toy.freed);
}

/* robustness 2 */
Test(conn, a_handshake_that_does_not_come_closes_in_time)
{
	start_toy();
	turns(1);
	server.ahead_ms = 1001;
	turns(2);
	cr_expect_str_eq(handshake_said, "no handshake in time");
	cr_expect_str_eq(server.why, "no handshake in time");
	cr_expect_eq(server.times_closed, 1);
}

Test(conn, a_handshake_that_fails_tells_the_filters_reason)
{
	start_toy();
	turns(1);
	say("?");
	turns(2);
	cr_expect_str_eq(handshake_said, "no greeting");
	cr_expect_str_eq(server.why, "no greeting");
}

Test(conn, what_is_said_during_the_handshake_waits_for_its_end)
{
	start_toy();
	turns(1);
	conn_send_text(server.conn, "hi");
	turns(1);
	cr_expect_str_eq(heard(), "!");
	say("!");
	turns(2);
	cr_expect_str_eq(heard(), "=<"); /* "hi" with its bits flipped */
}
