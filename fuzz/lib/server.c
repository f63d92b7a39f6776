#include "fuzz/lib/server.h"

static void
say(struct server *server, const char *text)
{
	server_say(server, text, strlen(text));
}

void
server_say(struct server *server, const char *bytes, size_t len)
{
	buf_add(&server->said, bytes, len);
	wire_send(&server->wire, bytes, len);
}

void
server_begin(struct server *server, struct sim *sim, const char *where)
{
	struct addr at;

	server->sim = sim;
	server->where = where;
	server->wire.fd = -1;
	server->wire.in.max = server->said.max = 16 << 20;
	strcpy(server->status, "OL");
	addr_any(&at, AF_INET, 3493);
	server->listener = wire_listen(sim, where, &at);
}

void
server_end(struct server *server)
{
	wire_close(&server->wire);
	buf_free(&server->said);
}

/* What a good server says to each question; its beginning is repeated, and this follows. */
static void
answer_get(struct server *server, const char *question)
{
	static const struct {
		const char *subject, *value;
	} subjects[] = { { "TYPE", " RW STRING:8" }, { "NUMLOGINS", " 1" } };

	if (!strncmp(question, "TRACKING", 8)) {
		say(server, "PENDING\n");
		return;
	}
	say(server, question);
	for (size_t i = 0; i < sizeof(subjects) / sizeof(*subjects); i++)
		if (!strncmp(question, subjects[i].subject, strlen(subjects[i].subject))) {
			say(server, subjects[i].value);
			say(server, "\n");
			return;
		}
	say(server, " \"");
	say(server, strstr(question, "ups.status") ? server->status : "1 \\\"2\\\"");
	say(server, "\"\n");
}

static void
answer_list(struct server *server, const char *question)
{
	say(server, "BEGIN LIST ");
	say(server, question);
	say(server, "\n");
	if (!strncmp(question, "VAR", 3)) {
		say(server, question);
		say(server, " ups.status \"");
		say(server, server->status);
		say(server, "\"\n");
	}
	say(server, question);
	say(server, !strcmp(question, "UPS")	   ? " u \"A box\"\n"
		    : !strncmp(question, "CMD", 3) ? " load.off\n"
						   : " x \"1\"\n");
	say(server, "END LIST ");
	say(server, question);
	say(server, "\n");
}

static void
answer_well(struct server *server, const char *question)
{
	if (!strncmp(question, "GET ", 4))
		answer_get(server, question + 4);
	else if (!strncmp(question, "LIST ", 5))
		answer_list(server, question + 5);
	else if (!strncmp(question, "STARTTLS", 8))
		say(server, "ERR FEATURE-NOT-CONFIGURED\n");
	else
		say(server, "OK\n");
}

bool
server_answer(struct server *server, const char *text, size_t len)
{
	struct buf *in = &server->wire.in;
	char *question, *newline;
	bool any = false;

	while ((question = buf_bytes(in)) && (newline = memchr(question, '\n', buf_len(in)))) {
		*newline = '\0';
		if (text) {
			server_say(server, text, len);
			say(server, "\n");
		} else {
			answer_well(server, question);
		}
		buf_take(in, (size_t)(newline - question) + 1);
		any = true;
	}
	return any;
}

bool
server_turn(struct server *server)
{
	bool was_alone = server->wire.fd == -1;

	wire_accept(&server->wire, server->sim, server->where, server->listener);
	wire_read(&server->wire);
	if (!server->silent && server_answer(server, NULL, 0))
		return true;
	return was_alone != (server->wire.fd == -1);
}

int64_t
server_step(int64_t step_ms, bool busy, int64_t least_ms, int64_t left_ms)
{
	step_ms = busy ? least_ms : 2 * step_ms;
	if (step_ms > 1000)
		step_ms = 1000;
	return step_ms < left_ms ? step_ms : left_ms;
}
