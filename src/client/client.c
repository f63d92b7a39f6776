#include "client/client.h"

#include "base/conn.h"
#include "base/helper.h"
#include "base/words.h"
#include "ups/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ARGS_MAX 3

/* Kinds that only the client itself asks. */
enum { ASK_STARTTLS = CLIENT_KINDS, ASK_USERNAME, ASK_PASSWORD, KINDS };

enum shape {
	SHAPE_ECHO,  /* WORD, the arguments again, then what was asked for */
	SHAPE_LIST,  /* BEGIN LIST ..., lines like SHAPE_ECHO, END LIST ... */
	SHAPE_DONE,  /* OK, perhaps with WORD and more */
	SHAPE_STATE, /* PENDING or SUCCESS */
	SHAPE_FREE   /* anything that is not ERR */
};

/* docs/net-protocol.md, "Commands". */
static const struct kind {
	const char *ask;
	unsigned char args_min, args_max;
	enum shape shape;
	const char *word;
	unsigned char new_min, new_max; /* words beyond WORD and those repeated */
} kinds[KINDS] = {
	[CLIENT_VER] = { "VER", 0, 0, SHAPE_FREE, NULL, 1, WORDS_MAX },
	[CLIENT_NETVER] = { "NETVER", 0, 0, SHAPE_FREE, NULL, 1, 1 },
	[CLIENT_GET_VAR] = { "GET VAR", 2, 2, SHAPE_ECHO, "VAR", 1, 1 },
	[CLIENT_GET_TYPE] = { "GET TYPE", 2, 2, SHAPE_ECHO, "TYPE", 0, WORDS_MAX },
	[CLIENT_GET_DESC] = { "GET DESC", 2, 2, SHAPE_ECHO, "DESC", 1, 1 },
	[CLIENT_GET_CMDDESC] = { "GET CMDDESC", 2, 2, SHAPE_ECHO, "CMDDESC", 1, 1 },
	[CLIENT_GET_UPSDESC] = { "GET UPSDESC", 1, 1, SHAPE_ECHO, "UPSDESC", 1, 1 },
	[CLIENT_GET_NUMLOGINS] = { "GET NUMLOGINS", 1, 1, SHAPE_ECHO, "NUMLOGINS", 1, 1 },
	[CLIENT_GET_TRACKING] = { "GET TRACKING", 1, 1, SHAPE_STATE, NULL, 1, 1 },
	[CLIENT_LIST_UPS] = { "LIST UPS", 0, 0, SHAPE_LIST, "UPS", 1, 2 },
	[CLIENT_LIST_VAR] = { "LIST VAR", 1, 1, SHAPE_LIST, "VAR", 2, 2 },
	[CLIENT_LIST_RW] = { "LIST RW", 1, 1, SHAPE_LIST, "RW", 2, 2 },
	[CLIENT_LIST_CMD] = { "LIST CMD", 1, 1, SHAPE_LIST, "CMD", 1, 1 },
	[CLIENT_LIST_CLIENT] = { "LIST CLIENT", 1, 1, SHAPE_LIST, "CLIENT", 1, 1 },
	[CLIENT_LIST_ENUM] = { "LIST ENUM", 2, 2, SHAPE_LIST, "ENUM", 1, 1 },
	[CLIENT_LIST_RANGE] = { "LIST RANGE", 2, 2, SHAPE_LIST, "RANGE", 2, 2 },
	[CLIENT_LOGIN] = { "LOGIN", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[CLIENT_PRIMARY] = { "PRIMARY", 1, 1, SHAPE_DONE, "PRIMARY-GRANTED", 0, 0 },
	[CLIENT_MASTER] = { "MASTER", 1, 1, SHAPE_DONE, "MASTER-GRANTED", 0, 0 },
	[CLIENT_FSD] = { "FSD", 1, 1, SHAPE_DONE, "FSD-SET", 0, 0 },
	[CLIENT_SET_VAR] = { "SET VAR", 3, 3, SHAPE_DONE, "TRACKING", 0, 1 },
	[CLIENT_INSTCMD] = { "INSTCMD", 2, 3, SHAPE_DONE, "TRACKING", 0, 1 },
	[CLIENT_SET_TRACKING] = { "SET TRACKING", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[CLIENT_LOGOUT] = { "LOGOUT", 0, 0, SHAPE_FREE, NULL, 1, 2 },
	[ASK_STARTTLS] = { "STARTTLS", 0, 0, SHAPE_DONE, "STARTTLS", 0, 0 },
	[ASK_USERNAME] = { "USERNAME", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[ASK_PASSWORD] = { "PASSWORD", 1, 1, SHAPE_DONE, NULL, 0, 0 },
};

/* One question, from client_ask() until its answer. */
struct question {
	struct question *next;
	int kind;
	client_answered *answered; /* NULL: the client's own */
	void *owner;
	bool sent, begun; /* begun: BEGIN LIST has come */
	int64_t until_ms; /* of those sent */
	size_t args_len;
	char *args[ARGS_MAX]; /* owned */
	struct buf line;      /* as it goes over the wire; empty once sent */
};

/* The rows of the list that is coming in; each ROW is one block of pointers and text. */
struct list {
	struct client_row *rows;
	size_t len, size, bytes;
};

enum step { STEP_DOWN, STEP_BEGIN, STEP_NAME, STEP_CONNECT, STEP_SET_UP, STEP_ENCRYPT, STEP_READY };

struct client {
	struct loop *loop; /* borrowed */
	struct client_calls calls;
	void *owner;

	char *host, *user, *password, *tls_name; /* owned; all but host may be NULL */
	uint16_t port;
	struct addr *addrs; /* owned: known from the start, or looked up for this attempt */
	size_t addrs_len;
	bool addrs_given;
	enum client_tls tls_policy;
	const struct tls_settings *tls_settings;
	struct tls *tls_keys; /* borrowed */
	struct tls *tls_made; /* owned: at the first OK STARTTLS, where TLS_KEYS is NULL */
	int64_t connect_ms, answer_ms;

	enum step step;
	struct helper_name *name;
	size_t next_addr;
	struct conn *conn;
	struct timer begin;    /* out of the owner's call */
	struct timer limit;    /* the whole of connecting */
	struct timer deadline; /* one address; later: the first question's answer */
	bool encrypted;
	enum net_error login_error;
	char why[512];

	struct question *asked, **asked_end; /* in the order asked; the client's own in front */
	size_t asked_len;
	struct question *failing; /* being told that they failed */
	struct list list;

	unsigned busy; /* callbacks we are in */
	bool gone;     /* client_free() was called in one of them */
};

static const char too_slow[] = "Connection failure: Connection timed out";

static void fail(struct client *client, const char *why);
static void begin_connect(void *owner);
static void connect_late(void *owner);
static void deadline_passed(void *owner);
static void next_address(struct client *client);

/* ---- memory ---- */

static void
list_free(struct list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free((void *)list->rows[i].word);
	free(list->rows);
	*list = (struct list){ 0 };
}

static void
question_free(struct question *question)
{
	if (!question)
		return;
	for (size_t i = 0; i < question->args_len; i++) {
		if (question->args[i] && question->kind >= CLIENT_KINDS)
			explicit_bzero(question->args[i], strlen(question->args[i]));
		free(question->args[i]);
	}
	if (question->kind >= CLIENT_KINDS && buf_len(&question->line))
		explicit_bzero(buf_bytes(&question->line), buf_len(&question->line));
	buf_free(&question->line);
	free(question);
}

static void
questions_free(struct question **list)
{
	while (*list) {
		struct question *question = *list;

		*list = question->next;
		question_free(question);
	}
}

static void
destroy(struct client *client)
{
	tls_free(client->tls_made);
	free(client->addrs);
	free(client->host);
	free(client->user);
	words_free_secret(client->password);
	free(client->tls_name);
	free(client);
}

static bool
copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

static bool
copy_addrs(struct client *client, const struct addr *addrs, size_t len)
{
	client->addrs = len ? malloc(len * sizeof(*addrs)) : NULL;
	if (!client->addrs)
		return len == 0;
	memcpy(client->addrs, addrs, len * sizeof(*addrs));
	client->addrs_len = len;
	for (size_t i = 0; i < len; i++)
		if (!addr_port(&client->addrs[i]))
			addr_set_port(&client->addrs[i], client->port);
	return true;
}

struct client *
client_new(struct loop *loop, const struct client_settings *settings,
    const struct client_calls *calls, void *owner)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return NULL;
	client->loop = loop;
	if (calls)
		client->calls = *calls;
	client->owner = owner;
	client->port = settings->port ? settings->port : paths_port();
	client->connect_ms = settings->connect_ms ? settings->connect_ms : CLIENT_CONNECT_MS;
	client->answer_ms = settings->answer_ms ? settings->answer_ms : CLIENT_ANSWER_MS;
	client->addrs_given = settings->addrs_len > 0;
	client->begin = (struct timer){ .fire = begin_connect, .owner = client };
	client->limit = (struct timer){ .fire = connect_late, .owner = client };
	client->deadline = (struct timer){ .fire = deadline_passed, .owner = client };
	client->asked_end = &client->asked;
	if (!copy(&client->host, settings->host ? settings->host : "localhost") ||
	    !copy(&client->user, settings->user) || !copy(&client->password, settings->password) ||
	    !client_set_tls(client, settings) ||
	    !copy_addrs(client, settings->addrs, settings->addrs_len)) {
		destroy(client);
		return NULL;
	}
	return client;
}

bool
client_set_tls(struct client *client, const struct client_settings *settings)
{
	char *name;

	client->tls_policy = settings->tls;
	client->tls_settings = settings->tls_settings;
	client->tls_keys = settings->tls_keys;
	tls_free(client->tls_made);
	client->tls_made = NULL;
	if (!copy(&name, settings->tls_name))
		return false;
	free(client->tls_name);
	client->tls_name = name;
	return true;
}

/* Leave the network; questions stay where they are. */
static void
hang_up(struct client *client)
{
	helper_resolve_withdraw(client->name);
	client->name = NULL;
	conn_free(client->conn);
	client->conn = NULL;
	loop_timer_clear(client->loop, &client->begin);
	loop_timer_clear(client->loop, &client->limit);
	loop_timer_clear(client->loop, &client->deadline);
	list_free(&client->list);
	if (!client->addrs_given) {
		free(client->addrs);
		client->addrs = NULL;
		client->addrs_len = 0;
	}
	client->encrypted = false;
	client->step = STEP_DOWN;
}

void
client_close(struct client *client)
{
	hang_up(client);
	questions_free(&client->asked);
	client->asked_end = &client->asked;
	client->asked_len = 0;
	questions_free(&client->failing);
}

void
client_free(struct client *client)
{
	if (!client)
		return;
	client_close(client);
	client->gone = true;
	if (!client->busy)
		destroy(client);
}

/* Around whatever may call the owner.  leave() says whether the client still lives. */
static void
enter(struct client *client)
{
	client->busy++;
}

static bool
leave(struct client *client)
{
	client->busy--;
	if (!client->gone)
		return true;
	if (!client->busy)
		destroy(client);
	return false;
}

enum client_state
client_state(const struct client *client)
{
	switch (client->step) {
	case STEP_DOWN:
		return CLIENT_DOWN;
	case STEP_READY:
		return CLIENT_READY;
	default:
		return CLIENT_CONNECTING;
	}
}

bool
client_encrypted(const struct client *client)
{
	return client->encrypted;
}

enum net_error
client_login_error(const struct client *client)
{
	return client->login_error;
}

size_t
client_asked(const struct client *client)
{
	return client->asked_len;
}

/* ---- questions ---- */

static bool
is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* NUT's own clients send names bare and values quoted; servers written with them in mind see no
 * difference. */
static bool
add_word(struct buf *line, const char *word, bool quote)
{
	return buf_add(line, " ", 1) &&
	       (quote || !*word || strpbrk(word, " \"\\#=") ? words_quote(line, word)
							    : buf_add_text(line, word));
}

/* Fill in QUESTION's arguments and line.  NULL or what is wrong. */
static const char *
compose(struct question *question, const char *const *args)
{
	const struct kind *kind = &kinds[question->kind];
	size_t len = 0;

	question->line.max = WORDS_LINE_MAX;
	if (!buf_add_text(&question->line, kind->ask))
		return "out of memory";
	for (; args && args[len]; len++) {
		if (len == kind->args_max)
			return "too many arguments";
		if (!is_printable(args[len]))
			return "only printable ASCII can be sent";
		if (strlen(args[len]) > WORD_LEN_MAX)
			return "too long to be sent";
		question->args[len] = strdup(args[len]);
		question->args_len = len + 1;
		if (!question->args[len] || !add_word(&question->line, args[len],
						question->kind == CLIENT_SET_VAR && len == 2))
			return "out of memory";
	}
	if (len < kind->args_min)
		return "too few arguments";
	return buf_add(&question->line, "\n", 1) ? NULL : "out of memory";
}

static struct question *
question_new(int kind, const char *const *args, const char **error)
{
	struct question *question = calloc(1, sizeof(*question));

	*error = "out of memory";
	if (!question)
		return NULL;
	question->kind = kind;
	*error = compose(question, args);
	if (*error) {
		question_free(question);
		return NULL;
	}
	return question;
}

/* Watch the deadline of the question whose answer is due. */
static void
watch_deadline(struct client *client)
{
	if (client->asked && client->asked->sent)
		loop_timer_at(client->loop, &client->deadline, client->asked->until_ms);
	else
		loop_timer_clear(client->loop, &client->deadline);
}

static void
send_question(struct client *client, struct question *question)
{
	conn_send(client->conn, buf_bytes(&question->line), buf_len(&question->line));
	if (question->kind >= CLIENT_KINDS)
		explicit_bzero(buf_bytes(&question->line), buf_len(&question->line));
	buf_free(&question->line);
	question->sent = true;
	question->until_ms = loop_now_ms(client->loop) + client->answer_ms;
	if (question == client->asked)
		watch_deadline(client);
}

const char *
client_ask(struct client *client, enum client_kind kind, const char *const *args,
    client_answered *answered, void *owner)
{
	struct question *question;
	const char *error;

	if (client->step == STEP_DOWN)
		return "not connected";
	if (client->asked_len >= CLIENT_ASKED_MAX)
		return "too many questions at once";
	question = question_new((int)kind, args, &error);
	if (!question)
		return error;
	question->answered = answered;
	question->owner = owner;
	*client->asked_end = question;
	client->asked_end = &question->next;
	client->asked_len++;
	if (client->step == STEP_READY)
		send_question(client, question);
	return NULL;
}

/* A question of our own, in front of the owner's; false when out of memory. */
static bool
ask_first(struct client *client, int kind, const char *arg)
{
	const char *error;
	const char *args[] = { arg, NULL };
	struct question *question = question_new(kind, args, &error), **place = &client->asked;

	if (!question) {
		snprintf(client->why, sizeof(client->why), "%s: %s",
		    kind == ASK_USERNAME ? "user name" : "password", error);
		fail(client, client->why);
		return false;
	}
	while (*place && (*place)->kind >= CLIENT_KINDS)
		place = &(*place)->next;
	question->next = *place;
	*place = question;
	if (!question->next)
		client->asked_end = &question->next;
	client->asked_len++;
	send_question(client, question);
	return true;
}

static struct question *
take_first(struct client *client)
{
	struct question *question = client->asked;

	client->asked = question->next;
	if (!client->asked)
		client->asked_end = &client->asked;
	client->asked_len--;
	return question;
}

/* The end of a connection or of an attempt: everybody is told, the questions first. */
static void
fail(struct client *client, const char *why)
{
	const struct client_answer answer = {
		.result = CLIENT_FAILED,
		.why = why ? why : "Server disconnected",
	};

	hang_up(client);
	questions_free(&client->failing);
	client->failing = client->asked;
	client->asked = NULL;
	client->asked_end = &client->asked;
	client->asked_len = 0;
	enter(client);
	while (client->failing) {
		struct question *question = client->failing;

		client->failing = question->next;
		if (question->answered)
			question->answered(question->owner, &answer);
		question_free(question);
	}
	if (!client->gone && client->calls.closed)
		client->calls.closed(client->owner, why);
	leave(client);
}

static void
deadline_passed(void *owner)
{
	struct client *client = owner;

	if (client->step == STEP_CONNECT) {
		conn_free(client->conn);
		client->conn = NULL;
		snprintf(client->why, sizeof(client->why), "%s", too_slow);
		next_address(client);
		return;
	}
	fail(client, "Read error: Connection timed out");
}

/* ---- answers ---- */

/* Do words FROM.. of LINE repeat the question's arguments?  Names compare without case: servers
 * echo them as typed, but LIST CLIENT as they are configured. */
static bool
repeats(const struct question *question, const struct words *line, size_t from)
{
	if (line->len < from + question->args_len)
		return false;
	for (size_t i = 0; i < question->args_len; i++)
		if (strcasecmp(line->word[from + i], question->args[i]) != 0)
			return false;
	return true;
}

/* How many words of LINE say only what was asked; -1 if it is no answer to QUESTION. */
static int
fits(const struct question *question, const struct words *line)
{
	const struct kind *kind = &kinds[question->kind];
	size_t old = 0, new;

	switch (kind->shape) {
	case SHAPE_ECHO:
	case SHAPE_LIST:
		if (strcmp(line->word[0], kind->word) != 0 || !repeats(question, line, 1))
			return -1;
		old = 1 + question->args_len;
		break;
	case SHAPE_DONE:
		if (strcmp(line->word[0], "OK") != 0)
			return -1;
		old = 1;
		if (line->len > 1) {
			if (!kind->word || strcmp(line->word[1], kind->word) != 0)
				return -1;
			old = 2;
		}
		break;
	case SHAPE_STATE:
		if (strcmp(line->word[0], "PENDING") != 0 && strcmp(line->word[0], "SUCCESS") != 0)
			return -1;
		break;
	case SHAPE_FREE:
		break;
	}
	new = line->len - old;
	return new >= kind->new_min &&new <= kind->new_max ? (int)old : -1;
}

/* "BEGIN LIST VAR su700" and "END LIST VAR su700" repeat the whole question. */
static bool
is_bracket(const struct question *question, const struct words *line, const char *bracket)
{
	return line->len == 3 + question->args_len && strcmp(line->word[0], bracket) == 0 &&
	       strcmp(line->word[1], "LIST") == 0 &&
	       strcmp(line->word[2], kinds[question->kind].word) == 0 && repeats(question, line, 3);
}

static void set_up_answered(struct client *client, int kind, const struct client_answer *answer);

/* Hand over the first question's answer; the next one is then due. */
static void
answered(struct client *client, const struct client_answer *answer)
{
	struct question *question = take_first(client);
	struct list list = client->list; /* lives on should the owner close or free us */

	client->list = (struct list){ 0 };
	watch_deadline(client);
	if (question->kind >= CLIENT_KINDS) {
		set_up_answered(client, question->kind, answer);
	} else {
		if (question->answered)
			question->answered(question->owner, answer);
		if (question->kind == CLIENT_LOGOUT && client->conn)
			fail(client, NULL);
	}
	list_free(&list);
	question_free(question);
}

static void
protocol_error(struct client *client, const char *what)
{
	snprintf(client->why, sizeof(client->why), "Protocol error: %s", what);
	fail(client, client->why);
}

static void
answered_refused(struct client *client, const char *text, const struct words *line)
{
	const struct client_row row = {
		.len = line->len > 2 ? line->len - 2 : 0,
		.word = (const char *const *)line->word + 2,
	};
	const struct client_answer answer = {
		.result = CLIENT_REFUSED,
		.error = line->len > 1 ? net_error_parse(line->word[1]) : NET_UNKNOWN_ERROR,
		.error_name = line->len > 1 ? line->word[1] : "",
		.line = text,
		.rows = &row,
		.rows_len = 1,
	};

	answered(client, &answer);
}

static bool
list_add(struct list *list, const char *const *words, size_t len)
{
	size_t bytes = len * sizeof(char *);
	const char **pointers;
	char *text;

	if (list->len == list->size) {
		size_t size = list->size ? 2 * list->size : 32;
		struct client_row *rows = realloc(list->rows, size * sizeof(*rows));

		if (!rows)
			return false;
		list->rows = rows;
		list->size = size;
	}
	for (size_t i = 0; i < len; i++)
		bytes += strlen(words[i]) + 1;
	pointers = malloc(bytes);
	if (!pointers)
		return false;
	text = (char *)(pointers + len);
	for (size_t i = 0; i < len; i++) {
		pointers[i] = text;
		text = stpcpy(text, words[i]) + 1;
	}
	list->rows[list->len++] = (struct client_row){ .len = len, .word = pointers };
	return true;
}

/* A line between BEGIN LIST and END LIST, or one of the two. */
static void
list_line(struct client *client, struct question *question, const struct words *line, size_t bytes)
{
	struct list *list = &client->list;
	int old;

	if (!question->begun) {
		question->begun = is_bracket(question, line, "BEGIN");
		if (!question->begun)
			protocol_error(client, "the answer is not to this question");
		return;
	}
	if (is_bracket(question, line, "END")) {
		const struct client_answer answer = {
			.result = CLIENT_OK, .rows = list->rows, .rows_len = list->len
		};

		answered(client, &answer);
		return;
	}
	old = fits(question, line);
	list->bytes += bytes;
	if (old == -1)
		protocol_error(client, "a line that does not belong into this list");
	else if (list->bytes > CLIENT_LIST_MAX || list->len >= CLIENT_ROWS_MAX)
		protocol_error(client, "the list has no end");
	else if (!list_add(list, (const char *const *)line->word + old, line->len - (size_t)old))
		fail(client, "Memory allocation failure");
}

/* One line, cut into words; TEXT is the same line as it came. */
static void
line_came(struct client *client, const char *text, const struct words *line, size_t bytes)
{
	struct question *question = client->asked;
	struct client_row row;
	int old;

	if (!question || !question->sent) {
		/* A server that refuses us may say so before it is asked (access C7). */
		if (line->len > 1 && strcmp(line->word[0], "ERR") == 0)
			fail(client, net_error_text(net_error_parse(line->word[1])));
		else
			protocol_error(client, "a line that nobody asked for");
		return;
	}
	if (line->len && strcmp(line->word[0], "ERR") == 0 && !question->begun) {
		answered_refused(client, text, line);
		return;
	}
	if (line->len && kinds[question->kind].shape == SHAPE_LIST) {
		list_line(client, question, line, bytes);
		return;
	}
	old = line->len ? fits(question, line) : -1;
	if (old == -1) {
		protocol_error(client, "the answer is not to this question");
		return;
	}
	row = (struct client_row){ line->len - (size_t)old, (const char *const *)line->word + old };
	answered(client, &(struct client_answer){
			     .result = CLIENT_OK, .line = text, .rows = &row, .rows_len = 1 });
}

/* conn: bytes have come.  All whole lines are taken, until the connection ends or changes. */
static size_t
input(void *owner, char *bytes, size_t len)
{
	struct client *client = owner;
	struct conn *conn = client->conn;
	size_t used = 0;
	char *newline;

	enter(client);
	while (client->conn == conn && client->step != STEP_ENCRYPT &&
	       (newline = memchr(bytes + used, '\n', len - used))) {
		size_t line_len = (size_t)(newline - (bytes + used)) + 1, cut;
		struct words words;
		char *text = strndup(bytes + used, line_len - 1);
		enum words_error error =
		    words_cut(&words, bytes + used, line_len, WORDS_SOCKET, &cut);

		used += line_len;
		if (!text)
			fail(client, "Memory allocation failure");
		else if (error)
			protocol_error(client, words_strerror(error));
		else
			line_came(client, text, &words, line_len);
		free(text);
	}
	leave(client);
	return used;
}

/* ---- connecting ---- */

void
client_connect(struct client *client)
{
	if (client->step != STEP_DOWN)
		return;
	client->step = STEP_BEGIN;
	client->login_error = NET_OK;
	loop_timer_in(client->loop, &client->begin, 0);
	loop_timer_in(client->loop, &client->limit, client->connect_ms);
}

static void
connect_late(void *owner)
{
	struct client *client = owner;

	fail(client, too_slow);
}

static void
resolved(void *owner, const struct addr *addrs, size_t len)
{
	struct client *client = owner;

	client->name = NULL;
	if (!len)
		fail(client, "No such host");
	else if (!copy_addrs(client, addrs, len))
		fail(client, "Memory allocation failure");
	else
		next_address(client);
}

static void
begin_connect(void *owner)
{
	struct client *client = owner;

	client->next_addr = 0;
	if (client->addrs_len) {
		next_address(client);
	} else {
		client->step = STEP_NAME;
		client->name =
		    helper_resolve(client->loop, client->host, client->port, resolved, client);
		if (!client->name)
			fail(client, "No such host");
	}
}

static void connected(void *owner);
static void disconnected(void *owner, const char *why);

static const struct conn_calls conn_calls = {
	.input = input,
	.closed = disconnected,
	.connected = connected,
};

/* Try the next address that takes a connect() at all; each gets its share of the time left. */
static void
next_address(struct client *client)
{
	const struct world *world = loop_world(client->loop);

	client->step = STEP_CONNECT;
	while (client->next_addr < client->addrs_len) {
		int64_t left_ms = client->limit.at_ms - loop_now_ms(client->loop);
		int64_t addrs_left = (int64_t)(client->addrs_len - client->next_addr);
		int fd = world->connect(world->owner, &client->addrs[client->next_addr++]);

		if (fd == -1) {
			snprintf(client->why, sizeof(client->why), "Connection failure: %m");
			continue;
		}
		client->conn =
		    conn_new(client->loop, fd, true, WORDS_LINE_MAX, &conn_calls, client);
		if (!client->conn) {
			world->close(world->owner, fd);
			fail(client, "Memory allocation failure");
			return;
		}
		loop_timer_in(client->loop, &client->deadline, left_ms / addrs_left);
		return;
	}
	fail(client, client->why);
}

static void
disconnected(void *owner, const char *why)
{
	struct client *client = owner;

	if (client->step == STEP_CONNECT) {
		conn_free(client->conn);
		client->conn = NULL;
		snprintf(client->why, sizeof(client->why), "Connection failure: %s",
		    why ? why : "closed at once");
		next_address(client);
		return;
	}
	if (!why) {
		fail(client, "Server disconnected");
		return;
	}
	snprintf(client->why, sizeof(client->why), "Read error: %s", why);
	fail(client, client->why);
}

/* Everything is set up: what was asked meanwhile goes out. */
static void
now_ready(struct client *client)
{
	client->step = STEP_READY;
	loop_timer_clear(client->loop, &client->limit);
	for (struct question *question = client->asked; question; question = question->next)
		send_question(client, question);
	enter(client);
	if (client->calls.ready)
		client->calls.ready(client->owner);
	leave(client);
}

static void
give_credentials(struct client *client)
{
	if (client->user && !ask_first(client, ASK_USERNAME, client->user))
		return;
	if (client->password && !ask_first(client, ASK_PASSWORD, client->password))
		return;
	if (!client->user && !client->password)
		now_ready(client);
}

static bool
must_encrypt(const struct client *client)
{
	return client->tls_policy == CLIENT_TLS_FORCE ||
	       (client->tls_policy == CLIENT_TLS_TRY && client->tls_settings &&
		   client->tls_settings->verify);
}

static void
connected(void *owner)
{
	struct client *client = owner;

	client->step = STEP_SET_UP;
	loop_timer_clear(client->loop, &client->deadline);
	if (client->tls_policy != CLIENT_TLS_NONE && tls_available())
		ask_first(client, ASK_STARTTLS, NULL);
	else if (must_encrypt(client))
		fail(client, "SSL is not available");
	else
		give_credentials(client);
}

static void
encrypted(void *owner, const char *why)
{
	struct client *client = owner;

	if (why) {
		snprintf(client->why, sizeof(client->why), "SSL error: %s", why);
		fail(client, client->why);
		return;
	}
	client->encrypted = true;
	client->step = STEP_SET_UP;
	give_credentials(client);
}

/* OK STARTTLS has come.  The conn sees to it that nothing in clear comes behind it. */
static void
encrypt(struct client *client)
{
	static const struct tls_settings nothing_verified = { 0 };
	const struct world *world = loop_world(client->loop);
	struct tls_session *session = NULL;
	struct tls *keys = client->tls_keys ? client->tls_keys : client->tls_made;
	char *why = NULL;

	client->step = STEP_ENCRYPT;
	if (!keys)
		keys = client->tls_made = tls_client_new(
		    client->tls_settings ? client->tls_settings : &nothing_verified, &why);
	if (keys)
		session = tls_session_new(
		    keys, world, conn_fd(client->conn), client->host, client->tls_name);
	if (!session) {
		snprintf(
		    client->why, sizeof(client->why), "SSL error: %s", why ? why : "out of memory");
		fail(client, client->why);
		free(why);
	} else if (!conn_filter(client->conn, &tls_filter, session,
		       client->limit.at_ms - loop_now_ms(client->loop), encrypted)) {
		fail(client, "Memory allocation failure");
	}
}

static void
set_up_answered(struct client *client, int kind, const struct client_answer *answer)
{
	bool ok = answer->result == CLIENT_OK;

	if (kind == ASK_STARTTLS && ok) {
		encrypt(client);
	} else if (kind == ASK_STARTTLS && answer->error == NET_ACCESS_DENIED) {
		/* No word about TLS: it was said in place of a greeting, or would be to all else.
		 */
		fail(client, net_error_text(answer->error));
	} else if (kind == ASK_STARTTLS && must_encrypt(client)) {
		snprintf(client->why, sizeof(client->why),
		    "SSL is not available: the server says %s", answer->error_name);
		fail(client, client->why);
	} else if (kind == ASK_STARTTLS) {
		give_credentials(client);
	} else {
		if (!ok && client->login_error == NET_OK)
			client->login_error = answer->error;
		if (!client->asked || client->asked->kind < CLIENT_KINDS)
			now_ready(client);
	}
}
