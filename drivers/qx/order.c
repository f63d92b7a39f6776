/* order.c - instant commands, settings, and cutting the power. */
#include "drivers/qx/qx.h"

#include "base/conffile.h"
#include "base/log.h"
#include "drivers/proto/frame.h"
#include "drivers/proto/megatec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEST_DEFAULT_S 600
#define TEST_MAX_S 5940
#define KILL_TRIES 3

/* --- delays ------------------------------------------------------------------------------ */

static void
publish_delay(struct qx *qx, const char *name, unsigned seconds, unsigned min_s, unsigned max_s)
{
	core_setf(qx->core, name, "%u", seconds);
	if (qx->blazer)
		return;
	core_var(qx->core, name, STATE_RW | STATE_NUMBER, 0);
	core_range(qx->core, name, (long)min_s, (long)max_s);
}

static unsigned
least_off(const struct qx *qx)
{
	return qx->wire.bridge && qx->wire.bridge->off_min_s ? qx->wire.bridge->off_min_s : 12;
}

/* What ups.conf gave before the dialect and the bridge were known may not fit them. */
static void
fit_delays(struct qx *qx)
{
	const struct qx_dialect *dialect = qx->dialect;

	if (qx->off_s < least_off(qx)) {
		log_warnx("[%s] offdelay: bridge %s takes at least %u s, which is used",
		    core_ups_name(qx->core), qx->wire.bridge->name, least_off(qx));
		qx->off_s = least_off(qx);
	}
	if (qx->off_s > dialect->off_max_s) {
		log_warnx("[%s] offdelay: %s takes at most %u s, which is used",
		    core_ups_name(qx->core), dialect->name, dialect->off_max_s);
		qx->off_s = dialect->off_max_s;
	}
	if (qx->on_s < dialect->on_min_s) {
		log_warnx("[%s] ondelay: %s takes at least %u s, which is used",
		    core_ups_name(qx->core), dialect->name, dialect->on_min_s);
		qx->on_s = dialect->on_min_s;
	}
}

static enum sockmsg_result
set_delay(struct qx *qx, const char *name, const char *value)
{
	const struct qx_dialect *dialect = qx->dialect;
	bool off = strcmp(name, "ups.delay.shutdown") == 0;
	unsigned *seconds = off ? &qx->off_s : &qx->on_s;
	long number;

	if (!conffile_number(value, off ? (long)least_off(qx) : (long)dialect->on_min_s,
		off ? (long)dialect->off_max_s : 599940, &number))
		return RESULT_INVALID;
	*seconds =
	    off ? megatec_off_seconds((unsigned)number) : megatec_on_seconds((unsigned)number);
	core_setf(qx->core, name, "%u", *seconds);
	return RESULT_HANDLED;
}

/* --- off, and on again ------------------------------------------------------------------- */

static void
make_return(const struct qx *qx, char text[MEGATEC_COMMAND_MAX])
{
	megatec_shutdown_return(text, qx->off_s, qx->on_s);
}

static void
make_stayoff(const struct qx *qx, char text[MEGATEC_COMMAND_MAX])
{
	if (qx->dialect->s_stays_off)
		megatec_shutdown_return(text, qx->off_s, 0);
	else
		megatec_shutdown_stayoff(text, qx->off_s);
}

/* --- commands ---------------------------------------------------------------------------- */

static enum sockmsg_result
make_test(const struct qx *qx, const char *param, char text[MEGATEC_COMMAND_MAX])
{
	long unit = qx->blazer ? 60 : 1, number = TEST_DEFAULT_S / unit;

	if (param && !conffile_number(param, qx->blazer ? 1 : (long)qx->dialect->test_min_s,
			 TEST_MAX_S / unit, &number))
		return RESULT_INVALID;
	megatec_test(text, (unsigned)(number * unit));
	return RESULT_HANDLED;
}

static enum sockmsg_result
make_command(
    struct qx *qx, const struct qx_command *row, const char *param, char text[MEGATEC_COMMAND_MAX])
{
	const char *beeper = core_get(qx->core, "ups.beeper.status");

	if (row->kind == QX_TEST)
		return make_test(qx, param, text);
	if (param)
		return RESULT_INVALID;
	switch (row->kind) {
	case QX_RETURN:
		make_return(qx, text);
		break;
	case QX_STAYOFF:
		make_stayoff(qx, text);
		break;
	case QX_TOGGLE:
		snprintf(text, MEGATEC_COMMAND_MAX, "%s\r",
		    beeper && strcmp(beeper, "enabled") == 0 ? row->text : row->other);
		break;
	default:
		snprintf(text, MEGATEC_COMMAND_MAX, "%s\r", row->text);
	}
	return RESULT_HANDLED;
}

/* --- what is offered --------------------------------------------------------------------- */

/* What cuts the power: -k. */
static void
make_cut(const struct qx *qx, char text[MEGATEC_COMMAND_MAX])
{
	if (qx->stayoff)
		make_stayoff(qx, text);
	else
		make_return(qx, text);
}

static bool
can_cut(const struct qx *qx)
{
	char text[MEGATEC_COMMAND_MAX];

	make_cut(qx, text);
	return qx_carries(qx, text);
}

/* A command is offered if there is a way for it: 11.3. */
static void
offer(struct qx *qx, const char *name, bool carried)
{
	if (carried)
		core_cmd(qx->core, name);
	else
		core_uncmd(qx->core, name);
}

static void
offer_commands(struct qx *qx)
{
	for (const struct qx_command *row = qx->dialect->commands; row->name; row++) {
		char text[MEGATEC_COMMAND_MAX];

		if (!row->flag)
			offer(qx, row->name,
			    make_command(qx, row, NULL, text) == RESULT_HANDLED &&
				qx_carries(qx, text));
	}
	offer(qx, "shutdown.default", can_cut(qx));
}

static void
offer_delays(struct qx *qx)
{
	const struct qx_bridge *bridge = qx->wire.bridge;
	char back[MEGATEC_COMMAND_MAX], away[MEGATEC_COMMAND_MAX];
	bool returns;

	make_return(qx, back);
	make_stayoff(qx, away);
	returns = qx_carries(qx, back);
	if (returns || qx_carries(qx, away))
		publish_delay(
		    qx, "ups.delay.shutdown", qx->off_s, least_off(qx), qx->dialect->off_max_s);
	else
		core_unset(qx->core, "ups.delay.shutdown");
	if (returns && !(bridge && bridge->returns_at_once)) {
		publish_delay(qx, "ups.delay.start", qx->on_s, qx->dialect->on_min_s, 599940);
		return;
	}
	core_unset(qx->core, "ups.delay.start");
	if (core_option(qx->core, "ondelay") && !qx->said_orders)
		log_warnx("[%s] ondelay: bridge %s has no room for it", core_ups_name(qx->core),
		    bridge->name);
}

/* At the start, not only when the power is to be cut. */
static void
say_that_it_cannot_cut(const struct qx *qx)
{
	log_error("[%s] bridge %s has no way to tell the UPS to cut the power%s: -k will fail, and "
		  "the UPS runs on until its battery is empty",
	    core_ups_name(qx->core), qx->wire.bridge->name,
	    qx->stayoff ? " and to stay off (stayoff)" : "");
}

void
qx_publish_orders(struct qx *qx)
{
	fit_delays(qx);
	offer_commands(qx);
	offer_delays(qx);
	if (!can_cut(qx) && !qx->said_orders)
		say_that_it_cannot_cut(qx);
	qx->said_orders = true;
}

/* What begins so answers a query: a late one, whose question somebody asked before us. */
static bool
answers_a_query(const char *line, size_t len)
{
	return len > 0 && (*line == '(' || *line == '#') &&
	       megatec_reply("", line, len) == MEGATEC_STRANGE;
}

/* How many of the LEN bytes are such lines. */
static size_t
skip_others(const char *bytes, size_t len)
{
	size_t skipped = 0, line;

	while ((line = frame_line(bytes + skipped, len - skipped)) &&
	       answers_a_query(bytes + skipped, line))
		skipped += line;
	return skipped;
}

static size_t
one_reply(void *device, const char *bytes, size_t len)
{
	size_t skipped = skip_others(bytes, len);
	size_t line = frame_line(bytes + skipped, len - skipped);

	return line ? skipped + line : 0;
}

void
qx_order(struct qx *qx, const char *text, bool urgent, int tag, core_ticket ticket, qx_done *done)
{
	const struct exchange exchange = { .name = "order",
		.question = text,
		.question_len = strlen(text),
		.deadline_ms = QX_DEADLINE_MS,
		.complete = one_reply,
		.may_be_silent = true,
		.done = done,
		.tag = tag,
		.ticket = ticket };

	core_exchange(qx->core, &exchange, urgent);
}

bool
qx_obeyed(struct qx *qx, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	static const char *const words[] = { [MEGATEC_OBEYED] = "obeyed",
		[MEGATEC_REFUSED] = "refused",
		[MEGATEC_STRANGE] = "not understood" };
	size_t skipped = skip_others(answer, len);
	enum megatec_reply reply;

	if (end == EXCHANGE_LOST)
		return false;
	/* USB: the bridge has not taken it, or maybe not. */
	if (end == EXCHANGE_REFUSED || end == EXCHANGE_BROKEN) {
		log_info("[%s] %.*s: the USB transfer failed", core_ups_name(qx->core),
		    (int)exchange->question_len - 1, (const char *)exchange->question);
		return false;
	}
	/* The question was queued with its length; its CR ends it. */
	reply = megatec_reply(exchange->question, answer + skipped, len - skipped);
	log_info("[%s] %.*s: %s", core_ups_name(qx->core), (int)exchange->question_len - 1,
	    (const char *)exchange->question,
	    len == skipped ? "nothing said against it" : words[reply]);
	return reply == MEGATEC_OBEYED;
}

static void
ordered(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	bool obeyed = qx_obeyed(qx, exchange, end, answer, len);

	core_finish(qx->core, exchange->ticket, obeyed ? RESULT_HANDLED : RESULT_FAILED);
	core_poll_soon(qx->core);
}

enum sockmsg_result
qx_instcmd(void *device, const char *name, const char *param, core_ticket ticket)
{
	struct qx *qx = device;
	const struct qx_command *row = qx->dialect->commands;
	char text[MEGATEC_COMMAND_MAX];
	enum sockmsg_result result;

	if (param && !*param)
		param = NULL;
	while (row->name && strcmp(row->name, name) != 0)
		row++;
	if (!row->name)
		return RESULT_UNKNOWN;
	result = make_command(qx, row, param, text);
	if (result != RESULT_HANDLED)
		return result;
	qx_order(qx, text, true, 0, ticket, ordered);
	return RESULT_PENDING;
}

/* --- settings ---------------------------------------------------------------------------- */

static const struct qx_setting *
find_setting(const struct qx *qx, const char *name)
{
	for (const struct qx_setting *row = qx->dialect->settings; row && row->name; row++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

/* The value that a taken command made: it is in the command itself. */
static void
set(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	const struct qx_setting *row = &qx->dialect->settings[exchange->tag];
	const char *question = exchange->question;

	if (!qx_obeyed(qx, exchange, end, answer, len)) {
		core_finish(qx->core, exchange->ticket, RESULT_FAILED);
		return;
	}
	if (row->flag)
		core_set(qx->core, row->name, question[1] == 'E' ? "yes" : "no");
	else
		qx_number(qx, row->name, row->shown_decimals,
		    strtod(question + strlen(row->prefix), NULL));
	core_finish(qx->core, exchange->ticket, RESULT_HANDLED);
}

enum sockmsg_result
qx_setvar(void *device, const char *name, const char *value, core_ticket ticket)
{
	struct qx *qx = device;
	const struct qx_setting *row = find_setting(qx, name);
	char text[MEGATEC_COMMAND_MAX];
	long number;

	if (strcmp(name, "ups.delay.shutdown") == 0 || strcmp(name, "ups.delay.start") == 0)
		return set_delay(qx, name, value);
	if (!row)
		return RESULT_UNKNOWN;
	if (row->flag) {
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
			return RESULT_INVALID;
		snprintf(text, sizeof(text), "P%c%c\r", *value == 'y' ? 'E' : 'D',
		    row->flag - 'a' + 'A');
	} else {
		/* The core has held it against the range. */
		if (!conffile_number(value, 0, 999, &number))
			return RESULT_INVALID;
		snprintf(text, sizeof(text), "%s%0*.*f\r", row->prefix, row->width, row->decimals,
		    (double)number);
	}
	qx_order(qx, text, true, (int)(row - qx->dialect->settings), ticket, set);
	return RESULT_PENDING;
}

/* --- cutting the power ------------------------------------------------------------------- */

static void cut(struct qx *qx);

static void
cut_ordered(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct qx *qx = device;
	bool obeyed = qx_obeyed(qx, exchange, end, answer, len);

	/* The core opens the port again, and then cuts again. */
	if (end == EXCHANGE_LOST)
		return;
	if (!obeyed && ++qx->kill_tries < KILL_TRIES)
		cut(qx);
	else
		core_shutdown_done(qx->core, obeyed);
}

static void
cancelled(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	char text[MEGATEC_COMMAND_MAX];

	if (end == EXCHANGE_LOST)
		return;
	make_cut(qx, text);
	qx_order(qx, text, true, 0, 0, cut_ordered);
}

/* megatec.md, 6.2: a timer that runs already is stopped first, whatever the UPS says to that. */
static void
cut(struct qx *qx)
{
	qx_order(qx, qx->dialect->cancel, true, 0, 0, cancelled);
}

/* Whose orders to give when the UPS has not said what it is: NULL if that is not known. */
static const struct qx_dialect *
likely_dialect(const struct qx *qx)
{
	if (qx->dialect)
		return qx->dialect;
	return qx->wanted || !qx->blazer ? qx->wanted : &qx_megatec;
}

bool
qx_shuts_down_blind(void *device)
{
	const struct qx *qx = device;

	/* Over USB to the right one only, and not before it is known how orders travel to it. */
	return likely_dialect(qx) && (!qx->usb || (usb_is_identified(qx->usb) && qx->wire.used));
}

void
qx_shutdown(void *device)
{
	struct qx *qx = device;

	if (!qx->dialect) {
		qx->dialect = likely_dialect(qx);
		fit_delays(qx);
	}
	qx->kill_tries = 0;
	if (can_cut(qx)) {
		cut(qx);
		return;
	}
	if (!qx->said_orders)
		say_that_it_cannot_cut(qx);
	core_shutdown_done(qx->core, false);
}
