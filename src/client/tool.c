#include "client/tool.h"

#include "base/words.h"
#include "ups/paths.h"

#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ADDRS_MAX 16

/* Where HOST is; how many addresses. */
static size_t
look_up(const struct ups_at *where, struct addr addrs[ADDRS_MAX])
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	size_t len = 0;

	if (addr_parse(&addrs[0], where->host, where->port))
		return 1;
	if (getaddrinfo(where->host, NULL, &hints, &found) != 0)
		return 0;
	for (struct addrinfo *one = found; one && len < ADDRS_MAX; one = one->ai_next) {
		if (one->ai_family != AF_INET && one->ai_family != AF_INET6)
			continue;
		addrs[len] = (struct addr){ .len = one->ai_addrlen };
		memcpy(&addrs[len].room, one->ai_addr, one->ai_addrlen);
		addr_set_port(&addrs[len++], where->port);
	}
	freeaddrinfo(found);
	return len;
}

static const char *
keep_error(struct tool *tool, const char *error)
{
	snprintf(tool->text, sizeof(tool->text), "%s", error);
	tool->error = tool->text;
	return tool->error;
}

static void
closed(void *owner, const char *why)
{
	keep_error(owner, why ? why : "Server disconnected");
}

static const char *
read_auth(struct tool *tool)
{
	struct faults faults = { 0 };
	const char *error = NULL;

	if (!tool->auth) {
		tool->auth = authconf_read(tool->auth_file, &faults);
		for (size_t i = 0; i < faults.len; i++)
			if (faults.list[i].warning)
				fprintf(stderr, "Warning: %s\n", faults.list[i].text);
	}
	if (!tool->auth)
		error = keep_error(tool,
		    faults_first(&faults) ? faults_first(&faults) : "Memory allocation failure");
	faults_free(&faults);
	return error;
}

/* What nutauth.conf says of USER (NULL: whoever it names) at WHERE.  NULL or what is wrong with the
 * file, borrowed from TOOL. */
static const char *
account_of(
    struct tool *tool, const struct ups_at *where, const char *user, struct authconf_account *out)
{
	const char *error = read_auth(tool);

	if (!error)
		*out = authconf_account(tool->auth, user, where->host, where->port);
	return error;
}

static void
disconnect(struct tool *tool)
{
	client_free(tool->client);
	loop_free(tool->loop);
	world_kernel_free(tool->world);
	free(tool->refusal);
	tool->client = NULL;
	tool->loop = NULL;
	tool->world = NULL;
	tool->refusal = NULL;
	tool->error = NULL;
}

const char *
tool_open(struct tool *tool, const struct ups_at *where, const char *user, const char *password)
{
	static const struct client_calls calls = { .closed = closed };
	struct addr addrs[ADDRS_MAX];
	struct client_settings settings = {
		.host = where->host,
		.port = where->port,
		.addrs = addrs,
		.user = user,
		.password = password,
		.tls_settings = &tool->tls,
		.connect_ms = tool->connect_ms,
		.answer_ms = TOOL_ANSWER_MS,
	};
	struct authconf_account account;
	const char *error;

	disconnect(tool);
	error = account_of(tool, where, user, &account);
	if (error)
		return error;
	tool->tls = account.tls_settings;
	settings.tls_name = account.tls_name;
	/* Somebody in between may have learned meanwhile that a password is to come. */
	settings.tls = tool->was_encrypted ? CLIENT_TLS_FORCE : account.tls;
	settings.addrs_len = look_up(where, addrs);
	if (!settings.addrs_len)
		return keep_error(tool, "No such host");
	tool->world = world_kernel_new(-1);
	tool->loop = tool->world ? loop_new(tool->world) : NULL;
	tool->client = tool->loop ? client_new(tool->loop, &settings, &calls, tool) : NULL;
	if (!tool->client)
		return keep_error(tool, "Memory allocation failure");
	client_connect(tool->client);
	while (client_state(tool->client) == CLIENT_CONNECTING)
		loop_step(tool->loop, -1);
	tool->was_encrypted = tool->was_encrypted || client_encrypted(tool->client);
	return tool->error;
}

void
tool_close(struct tool *tool)
{
	disconnect(tool);
	authconf_free(tool->auth);
	*tool = (struct tool){ .connect_ms = tool->connect_ms, .auth_file = tool->auth_file };
}

/* One question of tool_ask(). */
struct asked {
	struct tool *tool;
	enum client_kind kind;
	client_answered *use;
	void *owner;
	bool done;
	const char *error;
};

static bool
is_list(enum client_kind kind)
{
	return kind >= CLIENT_LIST_UPS && kind <= CLIENT_LIST_RANGE;
}

static void
answered(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;
	struct tool *tool = asked->tool;

	asked->done = true;
	switch (answer->result) {
	case CLIENT_OK:
		if (asked->use)
			asked->use(asked->owner, answer);
		break;
	case CLIENT_REFUSED:
		free(tool->refusal);
		tool->refusal = strdup(answer->line);
		asked->error = answer->error == NET_UNKNOWN_COMMAND && is_list(asked->kind)
				   ? "upsd is too old to support this query"
				   : net_error_text(answer->error);
		break;
	case CLIENT_FAILED:
		asked->error = keep_error(tool, answer->why);
		break;
	}
}

const char *
tool_ask(struct tool *tool, enum client_kind kind, const char *const *args, client_answered *use,
    void *owner)
{
	struct asked asked = { .tool = tool, .kind = kind, .use = use, .owner = owner };
	const char *error = client_ask(tool->client, kind, args, answered, &asked);

	if (error)
		return tool->error ? tool->error : error;
	while (!asked.done)
		loop_step(tool->loop, -1);
	return asked.error;
}

const char *
tool_ask_ahead(struct tool *tool, enum client_kind kind, const char *const *args,
    client_answered *use, void *owner)
{
	if (client_asked(tool->client) == CLIENT_ASKED_MAX)
		tool_wait(tool);
	return client_ask(tool->client, kind, args, use, owner);
}

const char *
tool_wait(struct tool *tool)
{
	while (client_asked(tool->client))
		loop_step(tool->loop, -1);
	return tool->error;
}

void *
tool_or_die(void *memory)
{
	if (memory)
		return memory;
	fputs("out of memory\n", stderr);
	exit(1);
}

_Noreturn void
tool_help(const char *program, const char *usage)
{
	paths_print_version(program);
	if (usage)
		printf("\n%s", usage);
	exit(0);
}

/* Whole seconds up to a day. */
static bool
read_seconds(const char *text, int64_t *out_ms)
{
	char *end;
	unsigned long seconds;

	errno = 0;
	seconds = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || seconds > 86400)
		return false;
	*out_ms = (int64_t)seconds * 1000;
	return true;
}

bool
tool_connect_seconds(const char *text, int64_t *out_ms)
{
	const char *environment = getenv("NUT_DEFAULT_CONNECT_TIMEOUT");
	int64_t ms;

	if (!text) {
		if (environment && read_seconds(environment, &ms) && ms > 0)
			*out_ms = ms;
		return true;
	}
	if (read_seconds(text, &ms) && ms > 0) {
		*out_ms = ms;
		return true;
	}
	fputs("-W takes a number of seconds, at least 1\n", stderr);
	return false;
}

/* ---- output ---- */

void
tool_print(FILE *out, const char *text)
{
	for (; *text; text++)
		putc(*text < 0x20 || *text > 0x7e ? '?' : *text, out);
}

void
tool_print_json(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte > 0x7e)
			fprintf(out, "\\u%04x", byte);
		else if (byte == '"' || byte == '\\')
			fprintf(out, "\\%c", byte);
		else
			putc(byte, out);
	}
	putc('"', out);
}

void
tool_print_bad_ups(const char *text, const char *error)
{
	tool_print(stderr, text);
	fprintf(stderr,
	    ": %s\n"
	    "Error: invalid UPS definition.  Required format: upsname[@hostname[:port]]\n",
	    error);
}

int
tool_flush(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	fprintf(stderr, "Error: cannot write the output: %s\n", strerror(errno));
	return 1;
}

/* ---- options and prompts ---- */

bool
tool_login_option(struct tool_login *login, int option, char *arg)
{
	switch (option) {
	case 'A':
		login->auth_file = arg;
		return true;
	case 'u':
		login->user = arg;
		return true;
	case 'p':
		free(login->password);
		login->password = tool_or_die(strdup(arg));
		explicit_bzero(arg, strlen(arg));
		return true;
	case 'w':
		login->wait = true;
		return true;
	case 't':
		if (read_seconds(arg, &login->wait_ms))
			return true;
		fputs("Could not convert the provided value for timeout ('-t' option) to unsigned "
		      "int: Invalid argument\n",
		    stderr);
		return false;
	case 'W':
		return tool_connect_seconds(arg, &login->connect_ms);
	default:
		return false;
	}
}

void
tool_login_free(struct tool_login *login)
{
	words_free_secret(login->password);
	*login = (struct tool_login){ 0 };
}

/* NULL at the end of input. */
static char *
read_line(FILE *in)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, in);

	if (len < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

char *
tool_ask_line(const char *prompt)
{
	char *line;

	fputs(prompt, stdout);
	fflush(stdout);
	line = read_line(stdin);
	if (!line)
		fputs("Error reading from stdin!\n", stderr);
	return line;
}

/* One line from the terminal, or from stdin where there is none. */
static char *
ask_secret(const char *prompt)
{
	FILE *tty = fopen("/dev/tty", "r+e");
	FILE *in = tty ? tty : stdin, *out = tty ? tty : stderr;
	struct termios before, quiet;
	bool hidden = tcgetattr(fileno(in), &before) == 0;
	char *line;

	if (hidden) {
		quiet = before;
		/* Signals off: one that killed us now would leave the terminal without echo. */
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
		hidden = tcsetattr(fileno(in), TCSAFLUSH, &quiet) == 0;
	}
	fputs(prompt, out);
	fflush(out);
	line = read_line(in);
	if (hidden) {
		fputs("\n", out);
		tcsetattr(fileno(in), TCSAFLUSH, &before);
	}
	if (tty)
		fclose(tty);
	if (line && !strchr(line, 3)) /* ^C */
		return line;
	words_free_secret(line);
	fputs("Error reading from stdin!\n", stderr);
	return NULL;
}

static char *
ask_user(void)
{
	const struct passwd *entry = getpwuid(getuid());
	const char *name = entry ? entry->pw_name : NULL;
	char prompt[128], *user;

	if (name)
		snprintf(prompt, sizeof(prompt), "Username (%s): ", name);
	else
		snprintf(prompt, sizeof(prompt), "Username: ");
	user = tool_ask_line(prompt);
	if (user && !*user && name) {
		free(user);
		user = tool_or_die(strdup(name));
	}
	return user;
}

/* tool_open(), false after a message. */
static bool
open_or_say(struct tool *tool, const struct ups_at *where, const char *user, const char *password)
{
	const char *error = tool_open(tool, where, user, password);

	if (error)
		fprintf(stderr, "Error: %s\n", error);
	return !error;
}

/* What LOGIN lacks, from nutauth.conf.  false after a message. */
static bool
look_in_auth(struct tool *tool, const struct ups_at *where, struct tool_login *login)
{
	struct authconf_account account;
	const char *error = account_of(tool, where, login->user, &account);

	if (error) {
		fprintf(stderr, "Error: %s\n", error);
		return false;
	}
	login->user = account.user;
	if (!login->password && account.password)
		login->password = tool_or_die(strdup(account.password));
	return true;
}

/* Ask for what LOGIN lacks, then connect anew with it: the server need not wait for somebody who
 * types. */
static bool
ask_and_log_in(struct tool *tool, const struct ups_at *where, struct tool_login *login)
{
	char *asked_user = login->user ? NULL : ask_user();
	const char *user = login->user ? login->user : asked_user;
	bool ok;

	if (user && !login->user) {
		login->user = user;
		ok = look_in_auth(tool, where, login);
		login->user = NULL;
		if (!ok)
			user = NULL;
	}
	if (user && !login->password)
		login->password = ask_secret("Password: ");
	ok = user && login->password && open_or_say(tool, where, user, login->password);
	free(asked_user);
	return ok;
}

/* Connected, and logged in if CHANGES. */
static bool
begin_work(struct tool *tool, const struct ups_at *where, struct tool_login *login, bool changes)
{
	bool known;

	if (changes && !look_in_auth(tool, where, login))
		return false;
	known = changes && login->user && login->password;
	return open_or_say(
		   tool, where, known ? login->user : NULL, known ? login->password : NULL) &&
	       (!changes || known || ask_and_log_in(tool, where, login));
}

int
tool_run(const char *target, struct tool_login *login, bool changes, tool_work *work, void *owner)
{
	struct tool tool = { .connect_ms = login->connect_ms, .auth_file = login->auth_file };
	struct paths paths;
	struct ups_at where;
	const char *error;
	int status = 1;

	paths_get(&paths);
	error = addr_ups_at(&where, target, true, paths.port);
	if (error) {
		tool_print_bad_ups(target, error);
		return 1;
	}
	if (begin_work(&tool, &where, login, changes))
		status = work(&tool, where.ups, owner);
	tool_close(&tool);
	return status;
}

/* ---- changes and their tracking ---- */

/* What the server said last: the whole line, and its tracking id. */
struct said {
	char *line, *id; /* owned */
};

static void
keep_said(void *owner, const struct client_answer *answer)
{
	struct said *said = owner;
	const struct client_row *row = &answer->rows[0];

	free(said->line);
	said->line = tool_or_die(strdup(answer->line));
	if (!said->id && row->len && strcmp(answer->line, row->word[0]) != 0)
		said->id = tool_or_die(strdup(row->word[0]));
}

static int
say_failed(const struct tool *tool, const char *error)
{
	if (tool->refusal) {
		fputs("Unexpected response from upsd: ", stderr);
		tool_print(stderr, tool->refusal);
		fputs("\n", stderr);
	} else {
		fprintf(stderr, "Error: %s\n", error);
	}
	return 1;
}

static int
say_result(const char *line, bool good)
{
	tool_print(stderr, line);
	fputs("\n", stderr);
	return good ? 0 : 1;
}

/* Ask for the result until there is one, at growing intervals. */
static int
follow(struct tool *tool, struct said *said, int64_t wait_ms)
{
	int64_t until_ms = loop_now_ms(tool->loop) + wait_ms, pause_ms = 50;
	const bool never = false;

	for (;;) {
		const char *error =
		    tool_ask(tool, CLIENT_GET_TRACKING, CLIENT_ARGS(said->id), keep_said, said);

		if (error && tool->refusal)
			return say_result(tool->refusal, false);
		if (error)
			return say_failed(tool, error);
		if (strcmp(said->line, "PENDING") != 0)
			return say_result(said->line, true);
		if (loop_now_ms(tool->loop) >= until_ms) {
			fputs("Can't receive status tracking information: timeout\n", stderr);
			return 1;
		}
		loop_run_until(tool->loop, &never, pause_ms);
		pause_ms = pause_ms < 500 ? 2 * pause_ms : 1000;
	}
}

/* false after a message. */
static bool
start_tracking(struct tool *tool, enum client_kind kind)
{
	const char *error = tool_ask(tool, CLIENT_SET_TRACKING, CLIENT_ARGS("ON"), NULL, NULL);

	if (!error)
		return true;
	if (!tool->refusal) {
		fprintf(stderr, "Error: %s\n", error);
		return false;
	}
	fprintf(stderr, "Enabling %s status tracking failed. upsd answered: ",
	    kind == CLIENT_SET_VAR ? "set variable" : "command");
	tool_print(stderr, tool->refusal);
	fputs("\n", stderr);
	return false;
}

int
tool_change(struct tool *tool, enum client_kind kind, const char *const *args,
    const struct tool_login *login)
{
	struct said said = { 0 };
	const char *error;
	int status;

	if (login->wait && !start_tracking(tool, kind))
		return 1;
	error = tool_ask(tool, kind, args, keep_said, &said);
	if (error)
		status = say_failed(tool, error);
	else if (login->wait && said.id)
		status = follow(tool, &said, login->wait_ms);
	else
		status = say_result(said.line, true);
	free(said.line);
	free(said.id);
	return status;
}
