/* repeater.c - one UPS of another upsd, told as if it were ours. */
#include "drivers/dummy/repeater.h"

#include "base/conffile.h"
#include "base/log.h"
#include "client/authconf.h"
#include "client/client.h"
#include "drivers/dummy/devfile.h"
#include "ups/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What an answer will be about. */
struct asked {
	struct repeater *repeater; /* borrowed */
	struct asked *next, **back;
	core_ticket ticket; /* an order: whom to tell */
	char name[];	    /* of the variable */
};

struct repeater {
	struct core *core; /* borrowed */
	struct ups_at at;
	struct authconf *auth; /* owned */
	struct tls_settings tls;
	struct client *client;	/* owned */
	struct state *told;	/* owned: the variables of the last round */
	struct asked *asked;	/* owned: all that wait for an answer */
	bool started, in_round; /* since the connection was made */
	bool lost;		/* the last round brought nothing */
};

/* --- asking ------------------------------------------------------------------------------ */

static void
forget(struct asked *asked)
{
	if ((*asked->back = asked->next))
		asked->next->back = asked->back;
	free(asked);
}

/* false when the connection is gone, which closed() tells. */
static bool
ask(struct repeater *repeater, enum client_kind kind, const char *const *args,
    client_answered *answered, core_ticket ticket)
{
	const char *name = args[0] && args[1] ? args[1] : "";
	size_t size = strlen(name) + 1;
	struct asked *asked = calloc(1, sizeof(*asked) + size);

	if (!asked)
		return false;
	asked->repeater = repeater;
	asked->ticket = ticket;
	memcpy(asked->name, name, size);
	if ((asked->next = repeater->asked))
		asked->next->back = &asked->next;
	asked->back = &repeater->asked;
	repeater->asked = asked;
	if (!client_ask(repeater->client, kind, args, answered, asked))
		return true;
	forget(asked);
	return false;
}

/* --- what can be set --------------------------------------------------------------------- */

/* The device is known when all that was asked of it has been answered. */
static void
answered_one(struct asked *asked)
{
	struct repeater *repeater = asked->repeater;

	forget(asked);
	if (repeater->asked || repeater->started)
		return;
	repeater->started = true;
	core_started(repeater->core);
}

static void
got_enum(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;

	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows_len; i++)
		if (answer->rows[i].len == 1)
			core_enum(asked->repeater->core, asked->name, answer->rows[i].word[0]);
	answered_one(asked);
}

static void
got_range(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;
	long min, max;

	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows_len; i++) {
		const struct client_row *row = &answer->rows[i];

		if (row->len == 2 && conffile_number(row->word[0], -2000000000, 2000000000, &min) &&
		    conffile_number(row->word[1], min, 2000000000, &max))
			core_range(asked->repeater->core, asked->name, min, max);
	}
	answered_one(asked);
}

static void
got_type(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;
	struct repeater *repeater = asked->repeater;
	bool is_enum = false;
	unsigned flags = 0;
	long aux = 0;

	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows[0].len; i++) {
		const char *word = answer->rows[0].word[i];

		if (strcmp(word, "RW") == 0)
			flags |= STATE_RW;
		if (strcmp(word, "NUMBER") == 0)
			flags |= STATE_NUMBER;
		if (strncmp(word, "STRING", 6) == 0)
			flags |= STATE_STRING;
		if (strncmp(word, "STRING:", 7) == 0 && !conffile_number(word + 7, 0, 65536, &aux))
			aux = 0;
		if (strcmp(word, "ENUM") == 0)
			is_enum = ask(repeater, CLIENT_LIST_ENUM,
			    CLIENT_ARGS(repeater->at.ups, asked->name), got_enum, 0);
		if (strcmp(word, "RANGE") == 0)
			ask(repeater, CLIENT_LIST_RANGE, CLIENT_ARGS(repeater->at.ups, asked->name),
			    got_range, 0);
	}
	/* Beside ENUM it fills the place of a type: the values need not be numbers. */
	if (is_enum)
		flags &= ~(unsigned)STATE_NUMBER;
	core_var(repeater->core, asked->name, flags, aux);
	answered_one(asked);
}

static void
got_rw(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;
	struct repeater *repeater = asked->repeater;

	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows_len; i++)
		if (answer->rows[i].len >= 1 && devfile_is_of_device(answer->rows[i].word[0]))
			ask(repeater, CLIENT_GET_TYPE,
			    CLIENT_ARGS(repeater->at.ups, answer->rows[i].word[0]), got_type, 0);
	answered_one(asked);
}

static void
got_commands(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;

	for (size_t i = 0; answer->result == CLIENT_OK && i < answer->rows_len; i++)
		if (answer->rows[i].len == 1 && devfile_is_of_device(answer->rows[i].word[0]))
			core_cmd(asked->repeater->core, answer->rows[i].word[0]);
	answered_one(asked);
}

static void
ask_what_can_be_done(struct repeater *repeater)
{
	const char *const *args = CLIENT_ARGS(repeater->at.ups);

	ask(repeater, CLIENT_LIST_CMD, args, got_commands, 0);
	ask(repeater, CLIENT_LIST_RW, args, got_rw, 0);
}

/* --- values ------------------------------------------------------------------------------ */

/* The rows become ours, and what was there in the last round and is not now goes. */
static void
take_values(struct repeater *repeater, const struct client_answer *answer)
{
	struct state *now = state_new();
	const struct state_var *const *vars;
	size_t len;

	if (!now)
		return;
	for (size_t i = 0; i < answer->rows_len; i++) {
		const struct client_row *row = &answer->rows[i];

		if (row->len != 2 || !devfile_is_of_device(row->word[0]))
			continue;
		if (state_set(now, row->word[0], "") == STATE_OK)
			core_set(repeater->core, row->word[0], row->word[1]);
	}
	vars = state_vars(repeater->told, &len);
	for (size_t i = 0; i < len; i++)
		if (!state_var(now, vars[i]->name))
			core_unset(repeater->core, vars[i]->name);
	state_free(repeater->told);
	repeater->told = now;
}

static const char *
trouble(const struct client_answer *answer)
{
	return answer->result == CLIENT_REFUSED ? answer->error_name : answer->why;
}

static void
got_values(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;
	struct repeater *repeater = asked->repeater;
	bool fresh = answer->result == CLIENT_OK;

	if (fresh)
		take_values(repeater, answer);
	else
		log_debug(1, "[%s] %s: %s", core_ups_name(repeater->core),
		    core_port(repeater->core), trouble(answer));
	if (repeater->in_round) {
		if (fresh && repeater->lost)
			ask_what_can_be_done(repeater);
		repeater->lost = !fresh;
		if (answer->result == CLIENT_REFUSED)
			core_stale(repeater->core, answer->error_name);
		repeater->in_round = false;
		core_round_done(repeater->core, fresh);
	} else if (!fresh) {
		core_failed(repeater->core, trouble(answer));
		forget(asked);
		return;
	}
	answered_one(asked);
}

/* --- orders ------------------------------------------------------------------------------ */

static enum sockmsg_result
result_of(const struct client_answer *answer)
{
	if (answer->result == CLIENT_OK)
		return RESULT_HANDLED;
	if (answer->result == CLIENT_FAILED)
		return RESULT_FAILED;
	switch (answer->error) {
	case NET_VAR_NOT_SUPPORTED:
	case NET_CMD_NOT_SUPPORTED:
		return RESULT_UNKNOWN;
	case NET_READONLY:
	case NET_TOO_LONG:
	case NET_INVALID_VALUE:
	case NET_INVALID_ARGUMENT:
		return RESULT_INVALID;
	default:
		return RESULT_FAILED;
	}
}

static void
got_result(void *owner, const struct client_answer *answer)
{
	struct asked *asked = owner;

	if (answer->result == CLIENT_REFUSED)
		log_notice("[%s] %s refused by %s: %s", core_ups_name(asked->repeater->core),
		    asked->name, core_port(asked->repeater->core), answer->error_name);
	core_finish(asked->repeater->core, asked->ticket, result_of(answer));
	core_poll_soon(asked->repeater->core);
	answered_one(asked);
}

enum sockmsg_result
repeater_instcmd(struct repeater *repeater, const char *name, const char *param, core_ticket ticket)
{
	return ask(repeater, CLIENT_INSTCMD, CLIENT_ARGS(repeater->at.ups, name, param), got_result,
		   ticket)
		   ? RESULT_PENDING
		   : RESULT_FAILED;
}

enum sockmsg_result
repeater_setvar(struct repeater *repeater, const char *name, const char *value, core_ticket ticket)
{
	return ask(repeater, CLIENT_SET_VAR, CLIENT_ARGS(repeater->at.ups, name, value), got_result,
		   ticket)
		   ? RESULT_PENDING
		   : RESULT_FAILED;
}

/* --- the connection ---------------------------------------------------------------------- */

static void
closed(void *owner, const char *why)
{
	struct repeater *repeater = owner;

	core_failed(repeater->core, why ? why : "the server hung up");
}

static const struct client_calls client_calls = { .closed = closed };

void
repeater_start(struct repeater *repeater)
{
	/* The core may have given up a connection that is still there. */
	client_close(repeater->client);
	while (repeater->asked)
		forget(repeater->asked);
	repeater->started = repeater->in_round = repeater->lost = false;
	client_connect(repeater->client);
	ask(repeater, CLIENT_LIST_VAR, CLIENT_ARGS(repeater->at.ups), got_values, 0);
	ask_what_can_be_done(repeater);
}

void
repeater_poll(struct repeater *repeater)
{
	repeater->in_round = true;
	if (!ask(repeater, CLIENT_LIST_VAR, CLIENT_ARGS(repeater->at.ups), got_values, 0))
		core_failed(repeater->core, "the connection is gone");
}

/* Whom to trust, and who we are where ups.conf does not say. */
static bool
look_in_auth(struct repeater *repeater, struct client_settings *settings)
{
	struct faults faults = { 0 };
	struct authconf_account account;

	repeater->auth = authconf_read(NULL, &faults);
	if (!repeater->auth && faults_first(&faults))
		core_fault(repeater->core, "port", "%s", faults_first(&faults));
	faults_free(&faults);
	if (!repeater->auth)
		return false;
	account =
	    authconf_account(repeater->auth, settings->user, repeater->at.host, repeater->at.port);
	settings->user = account.user;
	if (!settings->password)
		settings->password = account.password;
	repeater->tls = account.tls_settings;
	settings->tls = account.tls;
	settings->tls_settings = &repeater->tls;
	settings->tls_name = account.tls_name;
	return true;
}

struct repeater *
repeater_new(struct core *core)
{
	struct repeater *repeater = calloc(1, sizeof(*repeater));
	struct client_settings settings = { .user = core_option(core, "upsd_user"),
		.password = core_option(core, "upsd_password") };
	const char *error;

	if (!repeater)
		return NULL;
	repeater->core = core;
	if ((error = addr_ups_at(&repeater->at, core_port(core), true, paths_port()))) {
		core_fault(core, "port", "%s: write ups@host or ups@host:port", error);
		goto fail;
	}
	settings.host = repeater->at.host;
	settings.port = repeater->at.port;
	if (!look_in_auth(repeater, &settings))
		goto fail;
	repeater->told = state_new();
	repeater->client = client_new(core_loop(core), &settings, &client_calls, repeater);
	if (repeater->told && repeater->client)
		return repeater;
fail:
	repeater_free(repeater);
	return NULL;
}

void
repeater_free(struct repeater *repeater)
{
	if (!repeater)
		return;
	client_free(repeater->client);
	authconf_free(repeater->auth);
	while (repeater->asked)
		forget(repeater->asked);
	state_free(repeater->told);
	free(repeater);
}
