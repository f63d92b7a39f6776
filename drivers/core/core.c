/* core.c - the life of one driver: open, identify, poll, lose, open again. */
#include "drivers/core/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ATTEMPT_MS 60000    /* one identification takes no longer */
#define RETRY_FIRST_MS 1000 /* between the attempts of the first start */
#define BACK_OFF_MS 500	    /* after the device was lost: doubled each time up to ... */
#define BACK_OFF_MAX_MS 5000
#define HISTORY 0x3fu	   /* the last 6 rounds ... */
#define HISTORY_LOST_MAX 3 /* ... of which so many may be lost */
#define LOST_POLL_MS 2000  /* a lost poll is tried again after no more than this */

static void open_device(void *owner);
static bool cut_blind(struct core *core);

/* --- closing ----------------------------------------------------------------------------- */

static void
close_device(struct core *core, bool lost)
{
	loop_timer_clear(core->loop, &core->poll);
	loop_timer_clear(core->loop, &core->stale);
	loop_timer_clear(core->loop, &core->attempt);
	loop_later_clear(&core->close_later);
	core->closing = false;
	exchanges_close(core, lost);
	if (core->port)
		core->carrier->close(core->port);
	core->port = NULL;
	core->in_round = core->poll_again = false;
	core->status_bits = 0;
	buf_free(&core->alarm);
	core->shutdown_ticket = 0;
	core->cutting = false;
}

void
core_stop(struct core *core, int status)
{
	if (core->phase == CORE_STOPPED)
		return;
	core->phase = CORE_STOPPED;
	core_state(core, "cleanup.exit");
	close_device(core, false);
	core->calls->over(core->calls_owner, status);
}

/* An attempt has failed, or a device that worked is gone: when to try again. */
static void
try_later(struct core *core)
{
	int64_t wait_ms = RETRY_FIRST_MS;

	if (core->was_started && !core->shutting_down) {
		wait_ms = BACK_OFF_MS << (core->failures < 8 ? core->failures : 8);
		if (wait_ms > BACK_OFF_MAX_MS)
			wait_ms = BACK_OFF_MAX_MS;
	} else if (loop_now_ms(core->loop) >= core->give_up_ms) {
		log_error("[%s] %s: giving up", core->conf->ups_name, core->why);
		core_stop(core, 1);
		return;
	}
	if (core->failures == 0)
		log_warnx("[%s] %s: trying again", core->conf->ups_name, core->why);
	else
		log_debug(1, "[%s] %s: trying again", core->conf->ups_name, core->why);
	core->failures++;
	core_state(core, core->was_started ? "reconnect.trying" : "init.device");
	loop_timer_in(core->loop, &core->attempt, wait_ms);
}

static void
close_now(void *owner)
{
	struct core *core = owner;

	core->phase = CORE_CLOSED;
	close_device(core, core->lost);
	if (core->phase == CORE_STOPPED) /* -k, whose order was lost with the port */
		return;
	core_finish_all(core, RESULT_FAILED);
	core->attempt.fire = open_device;
	try_later(core);
}

/* Give up what is open and try again later; WHY is copied.  LOST: exchanges end as EXCHANGE_LOST,
 * else they are forgotten. */
static void
reopen(struct core *core, const char *why, bool lost)
{
	/* -k: better an order that nobody may hear than none. */
	if (core->shutting_down && !lost && !core->closing && cut_blind(core)) {
		log_debug(1, "[%s] %s", core->conf->ups_name, why);
		return;
	}
	if ((core->phase != CORE_STARTING && core->phase != CORE_RUNNING) || core->closing)
		return;
	snprintf(core->why, sizeof(core->why), "%s", why);
	core->lost = lost;
	core->closing = true;
	publish_fresh(core->publish, false);
	/* Not now: the caller may be a callback of what is going to be closed. */
	loop_later(core->loop, &core->close_later);
}

void
core_failed(struct core *core, const char *why)
{
	reopen(core, why, false);
}

void
core_port_lost(struct core *core, const char *why)
{
	reopen(core, why, true);
}

/* --- opening ----------------------------------------------------------------------------- */

static bool
open_port(struct core *core)
{
	const struct carrier *carrier = core->carrier;
	const char *why = NULL;

	if (!carrier)
		return true;
	errno = 0;
	if ((core->port = carrier->open(core, &why))) {
		exchanges_open(core);
		return true;
	}
	if (errno)
		snprintf(core->why, sizeof(core->why), "%s: %s: %s", core->conf->port, why,
		    strerror(errno));
	else
		snprintf(core->why, sizeof(core->why), "%s: %s", core->conf->port, why);
	return false;
}

static void
attempt_too_long(void *owner)
{
	reopen(owner, "the device was not identified in time", true);
}

static void
opened(struct core *core)
{
	core->phase = CORE_STARTING;
	core_state(core, core->was_started ? "reconnect.trying" : "init.info");
	core->attempt.fire = attempt_too_long;
	loop_timer_in(core->loop, &core->attempt, ATTEMPT_MS);
}

static void
open_device(void *owner)
{
	struct core *core = owner;

	if (!open_port(core)) {
		/* A wrong name, no permission, another driver on it: said at once at the start.  To
		 * cut the power a device is waited for that may just be plugging itself in again.
		 */
		if (!core->was_started && !core->shutting_down)
			core->give_up_ms = 0;
		try_later(core);
		return;
	}
	opened(core);
	core->driver->start(core->device);
}

void
core_begin(struct core *core, bool shutting_down)
{
	core->shutting_down = shutting_down;
	if (shutting_down && !core->driver->shutdown) {
		log_error("%s cannot make a UPS cut the power", core->driver->name);
		core_stop(core, 1);
		return;
	}
	core->give_up_ms = loop_now_ms(core->loop) + 1000 * core->conf->start_s;
	core_state(core, "init.device");
	open_device(core);
}

/* --- polling ----------------------------------------------------------------------------- */

static void
set_stale_timer(struct core *core)
{
	loop_timer_in(core->loop, &core->stale, core->conf->poll_ms + core->conf->stale_ms);
}

static void
too_long_stale(void *owner)
{
	struct core *core = owner;

	if (!core->cutting) {
		reopen(core, "no fresh data from the device", true);
		return;
	}
	/* The order to cut the power needs the port. */
	publish_fresh(core->publish, false);
	set_stale_timer(core);
}

static void
poll_now(void *owner)
{
	struct core *core = owner;

	if (core->phase != CORE_RUNNING || core->closing)
		return;
	loop_timer_in(core->loop, &core->poll, core->conf->poll_ms);
	/* A round without end is seen to by the stale timer. */
	if (core->in_round)
		return;
	core->in_round = true;
	core->driver->poll(core->device);
}

void
core_poll_soon(struct core *core)
{
	if (core->phase != CORE_RUNNING)
		return;
	if (core->in_round)
		core->poll_again = true;
	else
		loop_timer_in(core->loop, &core->poll, 0);
}

void
core_started(struct core *core)
{
	if (core->phase != CORE_STARTING || core->closing)
		return;
	core->phase = CORE_RUNNING;
	core->was_started = true;
	core->history = 0;
	loop_timer_clear(core->loop, &core->attempt);
	if (core->shutting_down) {
		core_shut_down(core, 0);
		return;
	}
	core_state(core, core->was_ready ? "reconnect.updateinfo" : "init.updateinfo");
	set_stale_timer(core);
	loop_timer_in(core->loop, &core->poll, 0);
}

static void
note_fresh(struct core *core)
{
	core->failures = 0;
	set_stale_timer(core);
	core_state(core, "quiet");
	if (publish_is_fresh(core->publish) || __builtin_popcount(core->history) > HISTORY_LOST_MAX)
		return;
	if (core->was_ready)
		log_notice("[%s] data are fresh again", core->conf->ups_name);
	publish_fresh(core->publish, true);
}

static void
note_lost(struct core *core)
{
	log_debug(1, "[%s] a poll without result", core->conf->ups_name);
	if (core->conf->poll_ms > LOST_POLL_MS)
		loop_timer_in(core->loop, &core->poll, LOST_POLL_MS);
	if (!publish_is_fresh(core->publish) ||
	    __builtin_popcount(core->history) <= HISTORY_LOST_MAX)
		return;
	log_warnx(
	    "[%s] data are stale: the device does not answer as it should", core->conf->ups_name);
	publish_fresh(core->publish, false);
}

void
core_stale(struct core *core, const char *why)
{
	if (core->phase != CORE_RUNNING)
		return;
	if (publish_is_fresh(core->publish))
		log_warnx("[%s] data are stale: %s", core->conf->ups_name, why);
	publish_fresh(core->publish, false);
	core->history = 0;
}

void
core_round_done(struct core *core, bool fresh)
{
	if (core->phase != CORE_RUNNING || !core->in_round || core->closing)
		return;
	core->in_round = false;
	core->rounds++;
	fresh = fresh && core_publish_status(core);
	core->status_bits = 0;
	buf_free(&core->alarm);
	core->history = (core->history << 1 | !fresh) & HISTORY;
	if (fresh)
		note_fresh(core);
	else
		note_lost(core);
	if (core->poll_again)
		loop_timer_in(core->loop, &core->poll, 0);
	core->poll_again = false;
	if (!core->was_ready) {
		core->was_ready = true;
		core->calls->ready(core->calls_owner);
	}
	if (core->calls->round)
		core->calls->round(core->calls_owner);
}

/* What the device said before we did not run for a while is no news: not until it is asked again.
 */
static void
after_gap(void *owner, int64_t late_ms, int64_t slept_ms)
{
	struct core *core = owner;

	if (core->phase != CORE_RUNNING || core->closing)
		return;
	log_notice("[%s] the driver did not run for %lld s: asking the device again",
	    core->conf->ups_name, (long long)((late_ms + slept_ms) / 1000));
	publish_fresh(core->publish, false);
	set_stale_timer(core); /* it has not been mute for so long: it was not asked */
	core_poll_soon(core);
}

/* --- cutting the power ------------------------------------------------------------------- */

static void
cut(struct core *core, bool blind)
{
	core->cutting = true;
	core->blind = blind;
	log_notice("[%s] telling the UPS to cut the power%s", core->conf->ups_name,
	    blind ? ", though it does not answer" : "");
	core->driver->shutdown(core->device);
}

/* The device is not known to listen.  False: the order is not known either, or cannot be sent. */
static bool
cut_blind(struct core *core)
{
	if ((core->phase != CORE_STARTING && core->phase != CORE_CLOSED) || core->cutting ||
	    !core->driver->shuts_down_blind || !core->driver->shuts_down_blind(core->device))
		return false;
	if (core->phase == CORE_CLOSED) {
		if (!open_port(core))
			return false;
		opened(core);
	}
	core_exchanges_drop(core);
	cut(core, true);
	return true;
}

bool
core_shut_down(struct core *core, core_ticket ticket)
{
	if (core->phase == CORE_STOPPED || core->closing || core->cutting ||
	    !core->driver->shutdown)
		return false;
	core->shutdown_ticket = ticket;
	if (core->phase == CORE_RUNNING)
		cut(core, core->history & 1);
	else if (!cut_blind(core))
		return false;
	return true;
}

void
core_shutdown_done(struct core *core, bool ok)
{
	core_ticket ticket = core->shutdown_ticket;

	if (!ok)
		log_error(
		    "[%s] the UPS did not take the order to cut the power", core->conf->ups_name);
	else if (core->blind || core->history & 1) /* it may have fallen silent only now */
		log_warnx("[%s] the order to cut the power was sent, but not confirmed: the UPS "
			  "does not answer",
		    core->conf->ups_name);
	core->shutdown_ticket = 0;
	core->cutting = false;
	if (ticket)
		core_finish(core, ticket, ok ? RESULT_HANDLED : RESULT_FAILED);
	if (core->shutting_down)
		core_stop(core, ok ? 0 : 1);
	else if (core->phase == CORE_STARTING)
		reopen(core, "the device does not answer", false);
}

/* --- new and free ------------------------------------------------------------------------ */

static bool
make_device(struct core *core)
{
	const struct driver *driver = core->driver;

	core->device = driver->new (core);
	if (core->device && core->faults.faults == 0) {
		core->carrier = driver->is_usb && driver->is_usb(core->device) ? driver->usb_carrier
									       : driver->carrier;
		return true;
	}
	if (core->faults.faults == 0)
		faults_add(&core->faults, core->driver->name, 0, "cannot start");
	faults_log(&core->faults);
	return false;
}

struct core *
core_new(const struct driver *driver, struct drvconf *conf, struct loop *loop,
    const struct core_calls *calls, void *owner)
{
	struct core *core = calloc(1, sizeof(*core));

	if (!core) {
		drvconf_free(conf);
		return NULL;
	}
	core->driver = driver;
	core->loop = loop;
	core->conf = conf;
	core->calls = calls;
	core->calls_owner = owner;
	core->line = (struct serial_line){ .baud = 2400, .dtr = true };
	core->alarm.max = STATE_VALUE_MAX;
	core->close_later = (struct later){ .run = close_now, .owner = core };
	core->attempt = (struct timer){ .fire = open_device, .owner = core };
	core->poll = (struct timer){ .fire = poll_now, .owner = core };
	core->stale = (struct timer){ .fire = too_long_stale, .owner = core };
	core->bad_value = (struct log_rate){ .each_ms = 3600000, .burst = 1 };
	core->busy = (struct log_rate){ .each_ms = 60000, .burst = 1 };
	exchanges_init(core);
	if (!(core->publish = publish_new(loop, &core_orders, core)))
		goto fail;
	core_publish_settings(core);
	if (!make_device(core))
		goto fail;
	loop_on_gap(loop, after_gap, core);
	return core;
fail:
	core_free(core);
	return NULL;
}

void
core_free(struct core *core)
{
	if (!core)
		return;
	loop_on_gap(core->loop, NULL, NULL);
	core->phase = CORE_STOPPED;
	close_device(core, false);
	core_finish_all(core, RESULT_FAILED);
	if (core->device)
		core->driver->free(core->device);
	publish_free(core->publish);
	drvconf_free(core->conf);
	faults_free(&core->faults);
	free(core);
}

/* --- what drivers ask -------------------------------------------------------------------- */

const char *
core_option(struct core *core, const char *name)
{
	const struct drvconf_value *value = drvconf_find(core->conf, name);

	return value ? value->value : NULL;
}

double
core_option_number(struct core *core, const char *name, double min, double max, double fallback)
{
	const char *text = core_option(core, name);
	char *end;
	double number;

	if (!text)
		return fallback;
	number = strtod(text, &end);
	/* Decimal digits only: no hexadecimal, no "inf", no "nan". */
	if (*text && !*end && strspn(text, "-.0123456789") == strlen(text) && number >= min &&
	    number <= max)
		return number;
	core_fault(core, name, "not a number from %g to %g", min, max);
	return fallback;
}

void
core_fault(struct core *core, const char *option, const char *format, ...)
{
	const struct drvconf_value *value = drvconf_find(core->conf, option);
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	faults_add(&core->faults, value ? value->path : core->conf->ups_name,
	    value ? value->line : 0, "%s: %s", option, text);
}

const char *
core_ups_name(struct core *core)
{
	return core->conf->ups_name;
}

const char *
core_port(struct core *core)
{
	return core->conf->port;
}

const char *
core_conf_dir(struct core *core)
{
	return core->conf->dir;
}

struct loop *
core_loop(struct core *core)
{
	return core->loop;
}
