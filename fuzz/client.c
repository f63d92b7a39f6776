/* client - what a server says, into the client library.
 *
 * The first byte: 1 the server is asked for STARTTLS, 2 a name and password are given.  Then a line
 * of the input is one thing that happens, told by its first byte:
 *	? k args  question number k (a letter from a on, see client.h), with words
 *	S	the server says the rest as a line;  s: without a newline
 *	H	it answers all that it was asked and has not answered, as a good server
 *	E	it answers with this
 *	T	as many seconds pass as the rest has bytes;  X: it closes;  C: the client connects
 *again
 *
 * Each question is answered once, in order, and what the client takes for a line was sent. */
#include "fuzz/lib/server.h"

#include "client/client.h"

#define QUESTIONS 64

struct stage {
	struct sim *sim;
	struct client *client;
	struct server server;
	unsigned asked, answered;
	bool closed;
};

/* ---- the owner of the client ---- */

struct question {
	struct stage *stage;
	unsigned number;
	enum client_kind kind;
};
static struct question questions[QUESTIONS];

static void
answered(void *owner, const struct client_answer *answer)
{
	struct question *question = owner;
	struct stage *stage = question->stage;

	must(question->number == stage->answered++, "question %u is answered too early, or twice",
	    question->number);
	must(answer->result != CLIENT_FAILED || answer->why, "failed, and no word why");
	must(answer->result != CLIENT_REFUSED || answer->error != NET_OK, "refused with OK");
	if (answer->result == CLIENT_FAILED)
		return;
	if (answer->line)
		must(memmem(buf_bytes(&stage->server.said), buf_len(&stage->server.said),
			 answer->line, strlen(answer->line)),
		    "nobody said %s", answer->line);
	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows_len; i++)
		for (size_t k = 0; k < answer->rows[i].len; k++)
			for (const char *c = answer->rows[i].word[k]; *c; c++)
				must(*c >= ' ' && *c <= '~', "byte %d in a row", *c);
	if (answer->result == CLIENT_OK && question->kind == CLIENT_GET_VAR)
		must(answer->rows_len == 1 && answer->rows[0].len == 1, "%zu rows",
		    answer->rows_len);
}

static void
ready(void *owner)
{
}

static void
closed(void *owner, const char *why)
{
	struct stage *stage = owner;

	stage->closed = true;
	must(stage->answered == stage->asked, "%u of %u are answered at the end", stage->answered,
	    stage->asked);
}

static void
ask(struct stage *stage, const char *line, size_t len)
{
	char *text = fuzz_text(line, len);
	const char *args[WORDS_MAX + 1] = { NULL };
	struct words words;

	if (stage->asked < QUESTIONS && words_split(&words, text, WORDS_SOCKET) == WORDS_OK &&
	    words.len && *words.word[0] >= 'a') {
		enum client_kind kind = (enum client_kind)((*words.word[0] - 'a') % CLIENT_KINDS);

		for (size_t i = 1; i < words.len; i++)
			args[i - 1] = words.word[i];
		questions[stage->asked] = (struct question){ stage, stage->asked, kind };
		if (!client_ask(stage->client, kind, args, answered, &questions[stage->asked]))
			stage->asked++;
	}
	free(text);
}

static void
run(struct stage *stage, int64_t ms)
{
	sim_run(stage->sim, ms);
	server_turn(&stage->server);
}

/* ---- the whole ---- */

static void
begin(struct stage *stage, int how)
{
	static const struct client_calls calls = { .ready = ready, .closed = closed };
	struct client_settings settings = { .host = "s",
		.port = 3493,
		.tls = how & 1 ? CLIENT_TLS_TRY : CLIENT_TLS_NONE,
		.user = how & 2 ? "a" : NULL,
		.password = how & 2 ? "b" : NULL };

	fuzz_log();
	stage->sim = sim_new(1);
	stage->server.silent = true;
	server_begin(&stage->server, stage->sim, "s/server");
	stage->client = client_new(sim_loop(stage->sim, "c/client"), &settings, &calls, stage);
	must(stage->client, "no memory");
	client_connect(stage->client);
	run(stage, 50);
	run(stage, 50);
}

static void
end(struct stage *stage)
{
	run(stage, 2 * (CLIENT_CONNECT_MS + CLIENT_ANSWER_MS));
	must(stage->answered == stage->asked || stage->closed, "%u of %u are answered at last",
	    stage->answered, stage->asked);
	client_free(stage->client);
	server_end(&stage->server);
	sim_free(stage->sim);
}

static void
happen(struct stage *stage, char what, const char *rest, size_t len)
{
	switch (what) {
	case '?':
		ask(stage, rest, len);
		break;
	case 'S':
	case 's':
		server_say(&stage->server, rest, len);
		server_say(&stage->server, "\n", what == 'S');
		break;
	case 'H':
		server_answer(&stage->server, NULL, 0);
		break;
	case 'E':
		server_answer(&stage->server, rest, len);
		break;
	case 'T':
		run(stage, 1000 * (int64_t)(len < 30 ? len : 30));
		break;
	case 'X':
		wire_close(&stage->server.wire);
		break;
	case 'C':
		client_connect(stage->client);
		break;
	}
	run(stage, 5);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end_of_data = data + size;
	struct stage stage = { 0 };
	const char *line;
	size_t len;

	if (!size)
		return 0;
	begin(&stage, *data++);
	for (int n = 0; n < 60 && fuzz_line(&data, end_of_data, &line, &len); n++)
		if (len)
			happen(&stage, *line, line + 1, len - 1);
	end(&stage);
	return 0;
}
