#include "talk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "dialect.h"
#include "inside.h"
#include "veil.h"

enum { QUIET_MS = 150 };

/* A socket and the address it shall connect to; -1 when HOST is no address. */
static int
socket_for(
    struct bench *bench, const char *host, int port, struct sockaddr_storage *to, socklen_t *len)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	struct sockaddr_un *un = (struct sockaddr_un *)to;

	memset(to, 0, sizeof(*to));
	if (!strcmp(host, "driver")) {
		un->sun_family = AF_UNIX;
		snprintf(
		    un->sun_path, sizeof(un->sun_path), "%s", path_of(bench, "dummy-ups-stock"));
		*len = sizeof(*un);
	} else if (*host == '/') {
		un->sun_family = AF_UNIX;
		snprintf(un->sun_path, sizeof(un->sun_path), "%s", host);
		*len = sizeof(*un);
	} else if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		*len = sizeof(*in);
	} else if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		*len = sizeof(*in6);
	} else {
		return -1;
	}
	return socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

struct conn *
try_dial(struct bench *bench, const char *host, int port)
{
	struct sockaddr_storage to;
	socklen_t len;
	int fd = socket_for(bench, host, port, &to, &len), error = 0;
	socklen_t error_len = sizeof(error);
	struct pollfd polled = { .fd = fd, .events = POLLOUT };

	need(bench, fd != -1, "suite: no socket for %s: %s", host, strerror(errno));
	/* A unix socket whose queue is full says EAGAIN at once. */
	for (int64_t end = now_ms() + bench->patience_ms;
	     connect(fd, (struct sockaddr *)&to, len);) {
		if (errno == EAGAIN && now_ms() < end) {
			bench_turn(bench, 2);
			continue;
		}
		if (errno != EINPROGRESS)
			error = errno;
		break;
	}
	for (int64_t end = now_ms() + bench->patience_ms; !error;) {
		int ready = poll(&polled, 1, 0);

		if (ready > 0) {
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len);
			break;
		}
		if (now_ms() >= end)
			error = ETIMEDOUT;
		bench_turn(bench, 2);
	}
	if (error) {
		close(fd);
		errno = error;
		return NULL;
	}
	return conn_add(bench, fd, '0');
}

static struct conn *
dial_to(struct bench *bench, const char *host, int port)
{
	struct conn *conn = try_dial(bench, host, port);

	need(bench, conn, "cannot connect to %s port %d: %s", host, port, strerror(errno));
	return conn;
}

struct conn *
dial(struct bench *bench)
{
	return dial_to(bench, "127.0.0.1", bench->port);
}

struct conn *
dial_driver(struct bench *bench)
{
	return dial_to(bench, "driver", 0);
}

void
hang_up(struct bench *bench, struct conn *conn)
{
	conn_remove(bench, conn);
}

void
reset(struct bench *bench, struct conn *conn)
{
	const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

	if (conn->fd != -1)
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	conn_remove(bench, conn);
}

static struct conn *
talker(struct bench *bench, int digit)
{
	if (!bench->talker[digit]) {
		bench->talker[digit] = bench->ready == DRIVER || (!bench->upsd && bench->driver)
					   ? dial_driver(bench)
					   : dial(bench);
		bench->talker[digit]->tag = (char)('0' + digit);
	}
	return bench->talker[digit];
}

void
say_bytes(struct bench *bench, struct conn *conn, const void *at, size_t len)
{
	(void)bench;
	bytes_add(&conn->out, at, len);
}

void
say(struct bench *bench, struct conn *conn, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bytes_add_format(&conn->out, format, args);
	va_end(args);
	bytes_add(&conn->out, "\n", 1);
}

void
flush(struct bench *bench, struct conn *conn)
{
	int64_t end = now_ms() + bench->patience_ms;

	while ((conn->out.len || (conn->veil && veil_out(conn->veil)->len)) && conn->fd != -1) {
		need(bench, now_ms() < end, "the other side takes no more bytes");
		bench_turn(bench, (int)(end - now_ms()));
	}
}

const char *
try_hear(struct bench *bench, struct conn *conn, int ms)
{
	static struct bytes line;
	int64_t end = now_ms() + ms;

	while (!bytes_take_line(&conn->in, &line)) {
		if (conn->eof || now_ms() >= end)
			return NULL;
		bench_turn(bench, (int)(end - now_ms()));
	}
	return line.at;
}

static _Noreturn void
fail_unheard(struct bench *bench, struct conn *conn, const char *wanted)
{
	if (conn->in.len)
		fail(bench, "%s after a line without its end, '%.300s', wanted: %.300s",
		    conn->eof ? "closed" : "silence", conn->in.at, wanted);
	fail(bench, "%s, wanted: %.300s", conn->eof ? "closed" : "no answer", wanted);
}

const char *
hear(struct bench *bench, struct conn *conn)
{
	const char *line = try_hear(bench, conn, bench->patience_ms);

	if (!line)
		fail_unheard(bench, conn, "a line");
	return line;
}

void
want(struct bench *bench, struct conn *conn, const char *wanted)
{
	const char *line = try_hear(bench, conn, bench->patience_ms);

	/* Cases ask NETVER for a sign of life; what it says depends on the release. */
	if (!strcmp(wanted, "1.3"))
		wanted = bench->target->dialect->protocol;
	if (!line)
		fail_unheard(bench, conn, wanted);
	need(bench, !strcmp(line, wanted), "got: %.300s, wanted: %.300s", line, wanted);
}

bool
lives(struct bench *bench, struct conn *conn)
{
	return !strcmp(ask(bench, conn, "NETVER"), bench->target->dialect->protocol);
}

bool
matches(struct bench *bench, const char *pattern, const char *line)
{
	char whole[1024];
	regmatch_t groups[5];
	regex_t regex;
	bool found;

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	need(bench, !regcomp(&regex, whole, REG_EXTENDED), "suite: bad pattern %s", pattern);
	found = !regexec(&regex, line, 5, groups, 0);
	/* Group 1 is our own bracket. */
	for (size_t i = 1; found && i <= 3 && regex.re_nsub > i; i++)
		snprintf(bench->captured[i], sizeof(bench->captured[i]), "%.*s",
		    groups[i + 1].rm_so < 0 ? 0 : (int)(groups[i + 1].rm_eo - groups[i + 1].rm_so),
		    groups[i + 1].rm_so < 0 ? "" : line + groups[i + 1].rm_so);
	regfree(&regex);
	return found;
}

void
want_like(struct bench *bench, struct conn *conn, const char *pattern)
{
	const char *line = try_hear(bench, conn, bench->patience_ms);

	if (!line)
		fail_unheard(bench, conn, pattern);
	need(bench, matches(bench, pattern, line), "got: %.300s, wanted like: %.300s", line,
	    pattern);
}

bool
ends(struct bench *bench, struct conn *conn, int ms)
{
	int64_t end = now_ms() + ms;

	while (!conn->eof && now_ms() < end) {
		bench_turn(bench, (int)(end - now_ms()));
		if (conn->in.len > 1 << 20)
			bytes_drop(&conn->in, conn->in.len);
	}
	return conn->eof;
}

void
want_eof(struct bench *bench, struct conn *conn)
{
	bool ended = ends(bench, conn, bench->patience_ms);

	need(bench, !conn->in.len, "got: %.300s, wanted the end", conn->in.at);
	need(bench, ended, "still open, wanted the end");
}

void
want_quiet(struct bench *bench, struct conn *conn, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end && !conn->in.len)
		bench_turn(bench, (int)(end - now_ms()));
	need(bench, !conn->in.len, "got: %.300s, wanted silence", conn->in.at);
}

const char *
ask(struct bench *bench, struct conn *conn, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	bytes_add_format(&conn->out, format, args);
	va_end(args);
	bytes_add(&conn->out, "\n", 1);
	return hear(bench, conn);
}

/* Only the last of many equal exchanges is worth telling. */
static void
trace_back(struct bench *bench, size_t len)
{
	if (len < bench->trace.len)
		bench->trace.at[bench->trace.len = len] = '\0';
}

void
ask_until(struct bench *bench, struct conn *conn, const char *question, const char *pattern, int ms)
{
	int64_t end = now_ms() + ms;
	char last[512];

	for (size_t traced = bench->trace.len;; trace_back(bench, traced)) {
		snprintf(last, sizeof(last), "%s", ask(bench, conn, "%s", question));
		if (matches(bench, pattern, last))
			return;
		need(bench, now_ms() < end, "to '%s' still: %.200s, wanted like: %.200s", question,
		    last, pattern);
		bench_turn(bench, 10);
	}
}

void
log_in(struct bench *bench, struct conn *conn, const char *user, const char *password)
{
	say(bench, conn, "USERNAME %s", user);
	want(bench, conn, "OK");
	say(bench, conn, "PASSWORD %s", password);
	want(bench, conn, "OK");
}

/* TEXT with $1 and $2 put in. */
static void
fill_in(const struct bench *bench, const char *text, char *out, size_t size)
{
	size_t len = 0;

	for (; *text && len + 1 < size; text++) {
		if (*text == '$' && text[1] >= '1' && text[1] <= '3') {
			len += (size_t)snprintf(
			    out + len, size - len, "%s", bench->captured[*++text - '0']);
			if (len >= size)
				len = size - 1;
		} else {
			out[len++] = *text;
		}
	}
	out[len] = '\0';
}

/* %41 -> A, in place; the length, for %00 is a byte as well. */
static size_t
unescape(char *text)
{
	char *to = text, digits[3] = { 0 };

	for (const char *from = text; *from; from++) {
		if (*from == '%' && from[1] && from[2]) {
			memcpy(digits, from + 1, 2);
			*to++ = (char)strtol(digits, NULL, 16);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

static bool
starts(const char **text, const char *mark)
{
	size_t len = strlen(mark);

	if (strncmp(*text, mark, len))
		return false;
	*text += len;
	return true;
}

/* A step of the pretended driver "bench"; AT is behind the b. */
static void
driver_step(struct bench *bench, const char *at)
{
	struct fake *fake = fake_get(bench, "bench");
	const char *line;
	char *text;

	if (starts(&at, "> ")) {
		text = strdup(at);
		if (!text)
			abort();
		fake_bytes(bench, fake, text, unescape(text));
		fake_bytes(bench, fake, "\n", 1);
		free(text);
	} else if (starts(&at, "< ")) {
		fake_want(bench, fake, at);
	} else if (starts(&at, "<~ ")) {
		line = fake_hear(bench, fake);
		need(bench, matches(bench, at, line),
		    "the driver hears: %.300s, wanted like: %.300s", line, at);
	} else if (starts(&at, "vanish")) {
		fake_vanish(bench, fake);
	} else if (starts(&at, "listen")) {
		fake_listen(bench, fake);
	} else if (starts(&at, "<quiet")) {
		fake_silent(bench, fake, QUIET_MS);
	} else {
		fail(bench, "suite: bad step 'b%s'", at);
	}
}

static void
until_step(struct bench *bench, struct conn *conn, const char *at)
{
	char question[512], *bar;
	int64_t end = now_ms() + bench->patience_ms;

	snprintf(question, sizeof(question), "%s", at);
	bar = strstr(question, " | ");
	need(bench, bar, "suite: 'until' without |");
	*bar = '\0';
	for (size_t traced = bench->trace.len;; trace_back(bench, traced)) {
		const char *answer = ask(bench, conn, "%s", question);

		if (!strcmp(answer, bar + 3))
			return;
		need(bench, now_ms() < end, "to '%s' still: %.300s, wanted: %s", question, answer,
		    bar + 3);
		bench_turn(bench, 10);
	}
}

static void
skip_to(struct bench *bench, struct conn *conn, const char *pattern)
{
	const char *line;

	do {
		line = try_hear(bench, conn, bench->patience_ms);
		if (!line)
			fail_unheard(bench, conn, pattern);
	} while (!matches(bench, pattern, line));
}

static void
step(struct bench *bench, const char *at)
{
	int digit = *at >= '0' && *at <= '9' ? *at++ - '0' : 0;
	struct conn *conn;
	char text[16384];
	bool part;
	size_t len;

	if (starts(&at, "b")) {
		driver_step(bench, at);
		return;
	}
	conn = talker(bench, digit);
	part = starts(&at, ">> ");
	if (part || starts(&at, "> ")) {
		snprintf(text, sizeof(text) - 1, "%s", at);
		len = unescape(text);
		if (!part)
			text[len++] = '\n';
		say_bytes(bench, conn, text, len);
		/* One step is one segment, as far as a sender can tell. */
		bench_turn(bench, 0);
	} else if (starts(&at, "< ")) {
		want(bench, conn, at);
	} else if (starts(&at, "<~ ")) {
		want_like(bench, conn, at);
	} else if (starts(&at, "<... ")) {
		skip_to(bench, conn, at);
	} else if (starts(&at, "<quiet")) {
		want_quiet(bench, conn, QUIET_MS);
	} else if (starts(&at, "<eof")) {
		want_eof(bench, conn);
	} else if (starts(&at, "starttls")) {
		starttls(bench, conn);
	} else if (starts(&at, "shake")) {
		shake(bench, conn);
	} else if (starts(&at, "shut")) {
		conn->shut_after = true;
	} else if (starts(&at, "close")) {
		hang_up(bench, conn);
	} else if (starts(&at, "until ")) {
		until_step(bench, conn, at);
	} else {
		fail(bench, "suite: bad step '%s'", at);
	}
}

void
talk(struct bench *bench, const char *text)
{
	char line[16384], filled[16384];
	size_t len;

	for (; *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		if (!*line)
			continue;
		fill_in(bench, line, filled, sizeof(filled));
		step(bench, filled);
	}
}
