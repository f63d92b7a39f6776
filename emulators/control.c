#include "emulators/control.h"

#include "base/conn.h"
#include "emulators/orders.h"
#include "emulators/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define WAIT_SECONDS 60.0
#define WAIT_MOST 86400.0

/* "wait output off": not answered before it is so. */
struct wait {
	struct emu_watcher watcher;
	struct timer deadline;
	char name[EMU_TEXT], relation[4], value[EMU_SHOWN];
};

struct asker {
	struct emu_control *control; /* borrowed */
	struct conn *conn;	     /* owned */
	struct asker *next;
	struct wait wait;
};

struct emu_control {
	struct emu *emu; /* borrowed */
	struct addr at;
	int fd;
	struct asker *askers;
};

/* ---- waiting ---- */

static void
end_wait(struct asker *asker, const char *reply)
{
	struct emu *emu = asker->control->emu;

	emu_unwatch(emu, &asker->wait.watcher);
	loop_timer_clear(emu_loop(emu), &asker->wait.deadline);
	conn_send_text(asker->conn, reply);
	conn_pause(asker->conn, false);
}

static void
look(void *owner)
{
	struct asker *asker = owner;
	const struct wait *wait = &asker->wait;

	if (emu_show_is(asker->control->emu, wait->name, wait->relation, wait->value) == 1)
		end_wait(asker, "OK\n");
}

static void
give_up(void *owner)
{
	end_wait(owner, "ERR it did not happen in time\n");
}

/* wait NAME [is|<|>] VALUE [within SECONDS] */
static const char *
read_wait(struct wait *wait, const struct words *words, double *seconds)
{
	static const char usage[] = "wait NAME [is|<|>] VALUE [within SECONDS]";
	size_t len = words->len, at = 2;

	*seconds = WAIT_SECONDS;
	if (len >= 5 && !strcmp(words->word[len - 2], "within")) {
		if (!emu_order_number(words->word[len - 1], 0, WAIT_MOST, seconds))
			return "within how many seconds?";
		len -= 2;
	}
	strcpy(wait->relation, "is");
	if (len == 4) {
		if (strlen(words->word[2]) >= sizeof(wait->relation))
			return usage;
		strcpy(wait->relation, words->word[2]);
		at = 3;
	} else if (len != 3) {
		return usage;
	}
	if (strlen(words->word[1]) >= sizeof(wait->name) ||
	    strlen(words->word[at]) >= sizeof(wait->value))
		return "too long";
	strcpy(wait->name, words->word[1]);
	strcpy(wait->value, words->word[at]);
	return NULL;
}

static const char *
begin_wait(struct asker *asker, const struct words *words)
{
	struct emu *emu = asker->control->emu;
	double seconds;
	const char *why = read_wait(&asker->wait, words, &seconds);

	if (why)
		return why;
	if (emu_show_is(emu, asker->wait.name, asker->wait.relation, asker->wait.value) == -1)
		return "no such name or relation";
	emu_watch(emu, &asker->wait.watcher);
	loop_timer_in(emu_loop(emu), &asker->wait.deadline, (int64_t)(seconds * 1000));
	conn_pause(asker->conn, true);
	look(asker);
	return NULL;
}

/* ---- askers ---- */

static void
drop(struct asker *asker)
{
	struct asker **at = &asker->control->askers;

	while (*at != asker)
		at = &(*at)->next;
	*at = asker->next;
	emu_unwatch(asker->control->emu, &asker->wait.watcher);
	loop_timer_clear(emu_loop(asker->control->emu), &asker->wait.deadline);
	conn_free(asker->conn);
	free(asker);
}

static void
answer(struct asker *asker, const struct words *words)
{
	struct buf *out = conn_out(asker->conn);
	const char *why;
	bool waits = !strcmp(words->word[0], "wait");

	why = waits ? begin_wait(asker, words) : emu_order(asker->control->emu, words, out);
	if (why)
		buf_add_format(out, "ERR %s\n", why);
	else if (!waits)
		buf_add_text(out, "OK\n");
}

/* While a wait is on, no further line is taken. */
static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct asker *asker = owner;

	if (error)
		buf_add_format(conn_out(asker->conn), "ERR %s\n", words_strerror(error));
	else if (words->len > 0)
		answer(asker, words);
	return !asker->wait.watcher.on && !conn_full(asker->conn);
}

static size_t
input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
closed(void *owner, const char *why)
{
	drop(owner);
}

static const struct conn_calls calls = { .input = input, .closed = closed };

static void
welcome(void *owner, int fd, short revents)
{
	struct emu_control *control = owner;
	struct loop *loop = emu_loop(control->emu);
	const struct world *world = loop_world(loop);
	struct addr from;
	int peer = world->accept(world->owner, control->fd, &from);
	struct asker *asker;

	if (peer == -1)
		return;
	asker = calloc(1, sizeof(*asker));
	if (asker)
		asker->conn = conn_new(loop, peer, false, LINE_MAX_BYTES, &calls, asker);
	if (!asker || !asker->conn) {
		free(asker);
		world->close(world->owner, peer);
		return;
	}
	asker->control = control;
	asker->wait.watcher = (struct emu_watcher){ .look = look, .owner = asker };
	asker->wait.deadline = (struct timer){ .fire = give_up, .owner = asker };
	asker->next = control->askers;
	control->askers = asker;
}

struct emu_control *
emu_control_new(struct emu *emu, const char *path)
{
	const struct world *world = loop_world(emu_loop(emu));
	struct emu_control *control = calloc(1, sizeof(*control));

	if (!control)
		return NULL;
	control->emu = emu;
	errno = ENAMETOOLONG;
	if (!addr_unix(&control->at, path))
		goto fail;
	control->fd = world->listen(world->owner, &control->at, false, 0600);
	if (control->fd == -1)
		goto fail;
	if (!loop_watch(emu_loop(emu), control->fd, POLLIN, welcome, control)) {
		world->close(world->owner, control->fd);
		goto fail;
	}
	return control;
fail:
	free(control);
	return NULL;
}

void
emu_control_free(struct emu_control *control)
{
	if (!control)
		return;
	struct loop *loop = emu_loop(control->emu);
	const struct world *world = loop_world(loop);

	while (control->askers)
		drop(control->askers);
	loop_forget(loop, control->fd);
	world->close(world->owner, control->fd);
	unlink(control->at.unix_path.sun_path);
	free(control);
}

/* ---- the other end ---- */

struct question {
	struct loop *loop;
	struct conn *conn;
	bool done;
	int status;
};

/* Everything before the last line goes to stdout; that line is OK or ERR. */
static size_t
print_answer(void *owner, char *bytes, size_t len)
{
	struct question *question = owner;
	size_t taken = 0;
	char *end;

	while (!question->done && (end = memchr(bytes + taken, '\n', len - taken))) {
		char *line = bytes + taken;
		size_t line_len = (size_t)(end - line);

		taken += line_len + 1;
		if (line_len == 2 && !memcmp(line, "OK", 2)) {
			question->status = 0;
			question->done = true;
		} else if (line_len > 4 && !memcmp(line, "ERR ", 4)) {
			fprintf(stderr, "nut-emu: %.*s\n", (int)line_len - 4, line + 4);
			question->done = true;
		} else {
			printf("%.*s\n", (int)line_len, line);
		}
	}
	return taken;
}

static void
question_closed(void *owner, const char *why)
{
	struct question *question = owner;

	if (!question->done)
		fprintf(stderr, "nut-emu: the emulator hung up\n");
	question->done = true;
}

static const struct conn_calls question_calls = { .input = print_answer,
	.closed = question_closed };

/* A descriptor on which connect() has been asked for, tried again until there is a listener. */
static int
connect_soon(struct loop *loop, const struct addr *at, int64_t until_ms)
{
	const struct world *world = loop_world(loop);
	bool never = false;
	int fd;

	while ((fd = world->connect(world->owner, at)) == -1 &&
	       (errno == ENOENT || errno == ECONNREFUSED) && loop_now_ms(loop) < until_ms)
		loop_run_until(loop, &never, 20);
	return fd;
}

static void
send_words(struct conn *conn, char *const *words)
{
	struct buf *out = conn_out(conn);

	for (; *words; words++) {
		buf_add_text(out, " ");
		words_quote(out, *words);
	}
	buf_add_text(out, "\n");
}

int
emu_control_ask(struct loop *loop, const char *path, char *const *words, int64_t timeout_ms)
{
	const struct world *world = loop_world(loop);
	struct question question = { .loop = loop, .status = 1 };
	int64_t until_ms = loop_now_ms(loop) + timeout_ms;
	struct addr at;
	int fd;

	if (!addr_unix(&at, path)) {
		fprintf(stderr, "nut-emu: %s: too long for a socket\n", path);
		return 1;
	}
	fd = connect_soon(loop, &at, until_ms);
	if (fd == -1) {
		fprintf(stderr, "nut-emu: %s: %s\n", path, strerror(errno));
		return 1;
	}
	question.conn = conn_new(loop, fd, true, CONN_IN_MAX, &question_calls, &question);
	if (!question.conn) {
		world->close(world->owner, fd);
		return 1;
	}
	send_words(question.conn, words);
	if (!loop_run_until(loop, &question.done, until_ms - loop_now_ms(loop)))
		fprintf(stderr, "nut-emu: no answer in time\n");
	conn_free(question.conn);
	loop_step(loop, 0);
	return question.status;
}
