#include "client/client.h"

#include "base/conn.h"
#include "base/helper.h"
#include "base/words.h"
#include "client/question.h"
#include "ups/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	struct rows list;

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
	rows_free(&client->list);
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
	question_free_all(&client->asked);
	client->asked_end = &client->asked;
	client->asked_len = 0;
	question_free_all(&client->failing);
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
	question_forget_line(question);
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
	while (*place && question_is_own(*place))
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
	question_free_all(&client->failing);
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

static void set_up_answered(struct client *client, int kind, const struct client_answer *answer);

/* Hand over the first question's answer; the next one is then due. */
static void
answered(struct client *client, const struct client_answer *answer)
{
	struct question *question = take_first(client);
	struct rows list = client->list; /* lives on should the owner close or free us */

	client->list = (struct rows){ 0 };
	watch_deadline(client);
	if (question_is_own(question)) {
		set_up_answered(client, question->kind, answer);
	} else {
		if (question->answered)
			question->answered(question->owner, answer);
		if (question->kind == CLIENT_LOGOUT && client->conn)
			fail(client, NULL);
	}
	rows_free(&list);
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

/* A line between BEGIN LIST and END LIST, or one of the two. */
static void
list_line(struct client *client, struct question *question, const struct words *line, size_t bytes)
{
	struct rows *list = &client->list;
	int old;

	if (!question->begun) {
		question->begun = question_brackets(question, line, "BEGIN");
		if (!question->begun)
			protocol_error(client, "the answer is not to this question");
		return;
	}
	if (question_brackets(question, line, "END")) {
		const struct client_answer answer = {
			.result = CLIENT_OK, .rows = list->rows, .rows_len = list->len
		};

		answered(client, &answer);
		return;
	}
	old = question_fits(question, line);
	list->bytes += bytes;
	if (old == -1)
		protocol_error(client, "a line that does not belong into this list");
	else if (list->bytes > CLIENT_LIST_MAX || list->len >= CLIENT_ROWS_MAX)
		protocol_error(client, "the list has no end");
	else if (!rows_add(list, (const char *const *)line->word + old, line->len - (size_t)old))
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
	if (line->len && question_wants_list(question)) {
		list_line(client, question, line, bytes);
		return;
	}
	old = line->len ? question_fits(question, line) : -1;
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
		if (!client->asked || !question_is_own(client->asked))
			now_ready(client);
	}
}
