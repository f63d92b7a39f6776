/* clientstage.h - a client and a server made of lines, both on one loop whose clock jumps to the
 * next timer when nothing moves.  For the tests of the client library. */
#ifndef CLIENTSTAGE_H
#define CLIENTSTAGE_H

#include "client/client.h"
#include "tests/fastworld.h"

#include "base/conn.h"
#include "base/words.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* What the server answers to a line; NULL at the end.  A reply of NULL closes. */
struct line {
	const char *ask, *reply;
};

/* Both ends, and what happened. */
struct stage {
	struct loop *loop;
	int listener;
	struct addr at;
	struct conn *peer;	  /* the server's end */
	const struct line *lines; /* its script; NULL: it is silent */
	char asked[4096];	  /* what it was asked, all lines */
	unsigned accepted;
	struct timer drip;
	const char *to_drip;
	struct client *client;
	unsigned ready, closed;
	char why[200];
	char heard[4096]; /* each answer: "value;" "!ERROR;" "?why;" */
	int64_t heard_ms;
	void (*then)(struct stage *); /* in the next callback, once */
};

static inline void
then(struct stage *stage)
{
	void (*what)(struct stage *) = stage->then;

	stage->then = NULL;
	if (what)
		what(stage);
}

static inline void
note(char *out, size_t size, const char *mark, const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s%s;", mark, text);
}

/* ---- the server ---- */

static inline void
peer_closed(void *owner, const char *why)
{
	struct stage *stage = owner;

	conn_free(stage->peer);
	stage->peer = NULL;
}

static inline void
answer_line(struct stage *stage, const char *line)
{
	for (const struct line *one = stage->lines; one && one->ask; one++) {
		if (strcmp(one->ask, line) != 0)
			continue;
		if (one->reply)
			conn_send_text(stage->peer, one->reply);
		else
			conn_end(stage->peer);
		return;
	}
	if (stage->lines)
		conn_send_text(stage->peer, "ERR UNKNOWN-COMMAND\n");
}

static inline size_t
peer_input(void *owner, char *bytes, size_t len)
{
	struct stage *stage = owner;
	size_t used = 0;
	char *newline;

	while ((newline = memchr(bytes + used, '\n', len - used))) {
		*newline = '\0';
		note(stage->asked, sizeof(stage->asked), "", bytes + used);
		answer_line(stage, bytes + used);
		used = (size_t)(newline - bytes) + 1;
	}
	return used;
}

static inline void
accept_peer(void *owner, int fd, short revents)
{
	static const struct conn_calls calls = { .input = peer_input, .closed = peer_closed };
	struct stage *stage = owner;
	struct addr from;
	int peer = fast_world.accept(fast_world.owner, fd, &from);

	if (peer == -1)
		return;
	stage->accepted++;
	conn_free(stage->peer);
	stage->peer = conn_new(stage->loop, peer, false, 65536, &calls, stage);
	cr_assert(stage->peer);
}

/* One byte a second. */
static inline void
drip(void *owner)
{
	struct stage *stage = owner;

	if (!stage->peer || !*stage->to_drip)
		return;
	conn_send(stage->peer, stage->to_drip++, 1);
	loop_timer_in(stage->loop, &stage->drip, 1000);
}

/* ---- the client's owner ---- */

static inline void
on_ready(void *owner)
{
	struct stage *stage = owner;

	stage->ready++;
	then(stage);
}

static inline void
on_closed(void *owner, const char *why)
{
	struct stage *stage = owner;

	stage->closed++;
	snprintf(stage->why, sizeof(stage->why), "%s", why ? why : "(logged out)");
	then(stage);
}

static inline void
on_answer(void *owner, const struct client_answer *answer)
{
	struct stage *stage = owner;

	stage->heard_ms = loop_now_ms(stage->loop);
	switch (answer->result) {
	case CLIENT_OK:
		for (size_t i = 0; i < answer->rows_len; i++)
			for (size_t j = 0; j < answer->rows[i].len; j++)
				note(stage->heard, sizeof(stage->heard), "",
				    answer->rows[i].word[j]);
		note(stage->heard, sizeof(stage->heard), "", ".");
		break;
	case CLIENT_REFUSED:
		note(stage->heard, sizeof(stage->heard), "!", answer->error_name);
		break;
	case CLIENT_FAILED:
		note(stage->heard, sizeof(stage->heard), "?", answer->why);
		break;
	}
	then(stage);
}

static inline void
open_stage(struct stage *stage, const struct line *lines)
{
	*stage = (struct stage){ .lines = lines };
	fast_now_ms = 1000000;
	stage->loop = fast_loop();
	stage->drip = (struct timer){ .fire = drip, .owner = stage };
	addr_parse(&stage->at, "127.0.0.1", 1);
	addr_set_port(&stage->at, 0);
	stage->listener = fast_world.listen(fast_world.owner, &stage->at, false, 0);
	cr_assert(stage->listener != -1);
	cr_assert(fast_world.local(fast_world.owner, stage->listener, &stage->at));
	cr_assert(loop_watch(stage->loop, stage->listener, POLLIN, accept_peer, stage));
}

static inline struct client *
make_client(struct stage *stage, const struct client_settings *more)
{
	static const struct client_calls calls = { .ready = on_ready, .closed = on_closed };
	struct client_settings settings = *more;

	settings.host = "here";
	if (!settings.addrs_len) {
		settings.addrs = &stage->at;
		settings.addrs_len = 1;
	}
	stage->client = client_new(stage->loop, &settings, &calls, stage);
	cr_assert(stage->client);
	return stage->client;
}

#define PLAIN (&(struct client_settings){ .tls = CLIENT_TLS_NONE })

static inline void
begin(struct stage *stage, const struct line *lines)
{
	open_stage(stage, lines);
	client_connect(make_client(stage, PLAIN));
}

static inline void
end(struct stage *stage)
{
	client_free(stage->client);
	conn_free(stage->peer);
	loop_timer_clear(stage->loop, &stage->drip);
	loop_forget(stage->loop, stage->listener);
	close(stage->listener);
	fast_end(stage->loop);
}

/* Turn until nothing is open any more; bounded. */
static inline void
play(struct stage *stage)
{
	for (int i = 0; i < 3000 && client_state(stage->client) != CLIENT_DOWN; i++) {
		if (client_state(stage->client) == CLIENT_READY && !client_asked(stage->client))
			break;
		loop_step(stage->loop, -1);
	}
}

/* So that what the server sent behind its answer is seen as well. */
static inline void
play_on(struct stage *stage)
{
	for (int i = 0; i < 20; i++)
		loop_step(stage->loop, 0);
}

#define ask(stage, kind, ...)                                                                      \
	cr_expect_null(                                                                            \
	    client_ask((stage)->client, kind, CLIENT_ARGS(__VA_ARGS__), on_answer, stage))

#define expect_heard(stage, text) cr_expect_str_eq((stage)->heard, text)

#endif
