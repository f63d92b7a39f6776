/* orders.c - INSTCMD, SET and what else a running driver is told. */
#include "drivers/core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- tickets ----------------------------------------------------------------------------- */

/* 0 when too many are under way. */
static core_ticket
take_ticket(struct core *core, const struct asker *asker)
{
	for (size_t i = 0; i < CORE_TICKETS_MAX; i++) {
		struct ticket *ticket = &core->tickets[i];

		if (ticket->number)
			continue;
		ticket->tracking = asker->tracking ? strdup(asker->tracking) : NULL;
		ticket->peer = asker->peer;
		return ticket->number = ++core->last_ticket;
	}
	return 0;
}

static void
end_ticket(struct core *core, struct ticket *ticket, enum sockmsg_result result)
{
	static const char *const words[] = { "handled", "unknown", "invalid", "failed",
		"failed in a conversion" };
	const struct asker asker = { ticket->peer, ticket->tracking };

	if (result >= RESULT_HANDLED && result <= RESULT_CONVERSION_FAILED)
		log_info("[%s] the order was %s", core->conf->ups_name, words[result]);
	publish_result(core->publish, &asker, result);
	free(ticket->tracking);
	*ticket = (struct ticket){ 0 };
}

void
core_finish(struct core *core, core_ticket number, enum sockmsg_result result)
{
	for (size_t i = 0; number && i < CORE_TICKETS_MAX; i++)
		if (core->tickets[i].number == number)
			end_ticket(core, &core->tickets[i], result);
}

void
core_finish_all(struct core *core, enum sockmsg_result result)
{
	for (size_t i = 0; i < CORE_TICKETS_MAX; i++)
		if (core->tickets[i].number)
			end_ticket(core, &core->tickets[i], result);
}

/* Can the device be given another order?  Each may take seconds, and rounds come in between. */
static bool
takes_orders(struct core *core)
{
	unsigned waiting = 0, missed; /* the one that asks is among them */

	if (core->phase != CORE_RUNNING || core->closing || core->cutting)
		return false;
	for (size_t i = 0; i < CORE_TICKETS_MAX; i++)
		waiting += core->tickets[i].number != 0;
	if (waiting <= CORE_ORDERS_MAX)
		return true;
	if (log_rate(&core->busy, loop_now_ms(core->loop), &missed))
		log_warnx("[%s] %d orders are waiting: one more is refused (%u since the last "
			  "such line)",
		    core->conf->ups_name, CORE_ORDERS_MAX, missed);
	return false;
}

/* --- reload and exit --------------------------------------------------------------------- */

static void
adopt(struct core *core, struct drvconf *newer)
{
	struct state *state = publish_state(core->publish);

	/* What was given and is so no more: the device's own word, if any, comes with a round. */
	for (size_t i = 0; i < core->conf->len; i++) {
		const char *name = drvconf_variable(&core->conf->values[i], "override.");

		if (!name)
			name = drvconf_variable(&core->conf->values[i], "default.");
		if (name && !drvconf_find(newer, core->conf->values[i].key) &&
		    state_var(state, name))
			publish_delete(core->publish, name);
	}
	drvconf_adopt(core->conf, newer);
	log_debug_level(drvconf_debug(core->conf));
	core_publish_settings(core);
	core_poll_soon(core);
}

enum reload_kind { RELOAD, RELOAD_OR_ERROR, RELOAD_OR_EXIT };

static enum sockmsg_result
reload(struct core *core, enum reload_kind kind)
{
	struct drvconf *newer = core->calls->reread ? core->calls->reread(core->calls_owner) : NULL;
	const char *key;

	if (!newer) {
		log_error(
		    "[%s] reload refused: the configuration stays as it is", core->conf->ups_name);
		return RESULT_FAILED;
	}
	if ((key = drvconf_fixed_change(core->conf, newer))) {
		log_warnx("[%s] %s was changed, which needs a restart of the driver",
		    core->conf->ups_name, key);
		if (kind != RELOAD) {
			drvconf_free(newer);
			if (kind == RELOAD_OR_ERROR)
				return RESULT_FAILED;
			core_stop(core, 0);
			return RESULT_HANDLED;
		}
	}
	adopt(core, newer);
	drvconf_free(newer);
	log_notice("[%s] configuration reloaded", core->conf->ups_name);
	return RESULT_HANDLED;
}

enum sockmsg_result
core_command(struct core *core, const char *name)
{
	if (strcmp(name, "reload") == 0)
		return reload(core, RELOAD);
	if (strcmp(name, "reload-or-error") == 0)
		return reload(core, RELOAD_OR_ERROR);
	if (strcmp(name, "reload-or-exit") == 0)
		return reload(core, RELOAD_OR_EXIT);
	if (strcmp(name, "exit") != 0)
		return RESULT_UNKNOWN;
	core_stop(core, 0);
	return RESULT_HANDLED;
}

/* --- INSTCMD ----------------------------------------------------------------------------- */

static enum sockmsg_result
kill_power(struct core *core, core_ticket ticket)
{
	if (!core->conf->allow_killpower) {
		log_warnx("[%s] driver.killpower refused: driver.flag.allow_killpower is not set",
		    core->conf->ups_name);
		return RESULT_FAILED;
	}
	return core_shut_down(core, ticket) ? RESULT_PENDING : RESULT_FAILED;
}

static enum sockmsg_result
instcmd(struct core *core, const char *asked, const char *param, core_ticket ticket)
{
	const char *known = state_cmd(publish_state(core->publish), asked);
	char name[160];

	if (!known)
		return RESULT_UNKNOWN;
	/* A copy, in the spelling of the driver: the state's own may move under it. */
	snprintf(name, sizeof(name), "%s", known);
	if (strcmp(name, "driver.killpower") == 0)
		return kill_power(core, ticket);
	if (strcmp(name, "shutdown.default") == 0)
		return core_shut_down(core, ticket) ? RESULT_PENDING : RESULT_FAILED;
	if (strncmp(name, "driver.", 7) == 0)
		return core_command(core, name + 7);
	if (!takes_orders(core))
		return RESULT_FAILED;
	if (!core->driver->instcmd)
		return RESULT_UNKNOWN;
	return core->driver->instcmd(core->device, name, param, ticket);
}

static void
on_instcmd(void *owner, const struct asker *asker, const char *name, const char *param)
{
	struct core *core = owner;
	core_ticket ticket = take_ticket(core, asker);
	enum sockmsg_result result = RESULT_FAILED;

	if (!ticket) {
		publish_result(core->publish, asker, RESULT_FAILED);
		return;
	}
	result = instcmd(core, name, param, ticket);
	if (result != RESULT_PENDING)
		core_finish(core, ticket, result);
}

/* --- SET --------------------------------------------------------------------------------- */

/* Those of the core itself. */
static enum sockmsg_result
set_own(struct core *core, const char *name, const char *value)
{
	long number;

	if (strcmp(name, "driver.debug") == 0) {
		if (!conffile_number(value, 0, 9, &number))
			return RESULT_INVALID;
		log_debug_level((int)number);
		publish_set(core->publish, "driver.debug", value);
		return RESULT_HANDLED;
	}
	if (strcmp(name, "driver.flag.allow_killpower") != 0)
		return RESULT_UNKNOWN;
	if (!conffile_number(value, 0, 1, &number))
		return RESULT_INVALID;
	core->conf->allow_killpower = number == 1;
	publish_set(core->publish, "driver.flag.allow_killpower", value);
	return RESULT_HANDLED;
}

static enum sockmsg_result
setvar(struct core *core, const char *asked, const char *value, core_ticket ticket)
{
	const struct state_var *var = state_var(publish_state(core->publish), asked);
	char name[160];

	if (!var)
		return RESULT_UNKNOWN;
	snprintf(name, sizeof(name), "%s", var->name);
	if (!(var->flags & STATE_RW) || state_fits(var, value) != STATE_FITS)
		return RESULT_INVALID;
	if (strncmp(name, "driver.", 7) == 0)
		return set_own(core, name, value);
	if (!takes_orders(core))
		return RESULT_FAILED;
	if (!core->driver->setvar)
		return RESULT_UNKNOWN;
	return core->driver->setvar(core->device, name, value, ticket);
}

static void
on_setvar(void *owner, const struct asker *asker, const char *name, const char *value)
{
	struct core *core = owner;
	core_ticket ticket = take_ticket(core, asker);
	enum sockmsg_result result;

	if (!ticket) {
		publish_result(core->publish, asker, RESULT_FAILED);
		return;
	}
	result = setvar(core, name, value, ticket);
	if (result != RESULT_PENDING)
		core_finish(core, ticket, result);
}

const struct publish_calls core_orders = { .instcmd = on_instcmd, .setvar = on_setvar };
