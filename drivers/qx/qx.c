/* qx.c - options, rounds of questions, and what a round says of the UPS. */
#include "drivers/qx/qx.h"

#include "base/conffile.h"
#include "base/log.h"
#include "drivers/proto/frame.h"
#include "drivers/proto/megatec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TRIES_ONCE 2	  /* of a question of the first round that gets no good answer */
#define FAILURES_FORGET 3 /* in a row: what EACH and FULL said is not known any more */
#define LOST_SAID 2	  /* rounds lost in a row before it is said why */

const struct qx_dialect *const qx_dialects[] = { &qx_megatec, &qx_megatec_old, &qx_bestups,
	&qx_mecer, &qx_mustek, &qx_q1, &qx_voltronic_qs, &qx_voltronic_qs_hex, &qx_zinto,
	&qx_hunnox, &qx_voltronic, NULL };

static void next_question(struct qx *qx);

/* --- options ----------------------------------------------------------------------------- */

static bool
flag(struct qx *qx, const char *name)
{
	return core_option(qx->core, name) != NULL;
}

/* A whole number of ups.conf, or FALLBACK. */
static unsigned
whole(struct qx *qx, const char *name, long min, long max, unsigned fallback)
{
	const char *text = core_option(qx->core, name);
	long number;

	if (!text)
		return fallback;
	if (conffile_number(text, min, max, &number))
		return (unsigned)number;
	core_fault(qx->core, name, "not a whole number from %ld to %ld", min, max);
	return fallback;
}

static void
read_protocol(struct qx *qx)
{
	const char *name = core_option(qx->core, "protocol");

	for (const struct qx_dialect *const *dialect = qx_dialects; name && *dialect; dialect++)
		if (strcasecmp((*dialect)->name, name) == 0) {
			qx->wanted = *dialect;
			return;
		}
	if (name)
		core_fault(qx->core, "protocol", "one of %s", QX_DIALECTS);
}

static void
read_delays(struct qx *qx)
{
	const struct qx_dialect *dialect = qx->wanted ? qx->wanted : &qx_megatec;
	/* Before the dialect is known, whatever suits any of them. */
	long off_max = qx->wanted ? (long)dialect->off_max_s : 5940;
	long on_min = qx->wanted ? (long)dialect->on_min_s : 0;
	unsigned off_s = dialect->off_default_s, on_s = dialect->on_default_s;

	if (off_s == 0)
		off_s = 30, on_s = 180;
	qx->off_s = megatec_off_seconds(whole(qx, "offdelay", 12, off_max, off_s));
	if (qx->blazer)
		qx->on_s = 60 * whole(qx, "ondelay", on_min / 60, 9999, on_s / 60);
	else
		qx->on_s = megatec_on_seconds(whole(qx, "ondelay", on_min, 599940, on_s));
}

static void
read_estimate(struct qx *qx)
{
	const char *runtimecal = core_option(qx->core, "runtimecal");

	qx->estimate.charge_s = whole(qx, "chargetime", 1, 10000000, 43200);
	qx->estimate.idle = core_option_number(qx->core, "idleload", 0.1, 100, 10) / 100;
	qx->estimate.charge = qx->estimate.runtime_s = (double)NAN;
	if (runtimecal && !estimate_runtimecal(&qx->estimate, runtimecal))
		core_fault(qx->core, "runtimecal",
		    "two runtimes in s and their loads in %%, the higher load first: "
		    "240,100,720,50");
}

static void
read_cablepower(struct qx *qx)
{
	static const struct {
		const char *name;
		struct serial_line line;
	} rows[] = {
		{ "normal", { 2400, true, false } },
		{ "reverse", { 2400, false, true } },
		{ "both", { 2400, true, true } },
		{ "none", { 2400, false, false } },
	};
	const char *name = core_option(qx->core, "cablepower");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcasecmp(name ? name : "normal", rows[i].name) == 0) {
			core_serial_line(qx->core, &rows[i].line);
			return;
		}
	core_fault(qx->core, "cablepower", "normal, reverse, both or none");
}

void *
qx_new(struct core *core, const struct qx_flavour *flavour)
{
	struct qx *qx = calloc(1, sizeof(*qx));

	if (!qx)
		return NULL;
	qx->core = core;
	qx->blazer = flavour->blazer;
	qx->norating = flag(qx, "norating");
	qx->novendor = flag(qx, "novendor");
	qx->ignoresab = flag(qx, "ignoresab");
	qx->stayoff = flag(qx, "stayoff");
	qx->pollfreq_ms = 1000 * (int64_t)whole(qx, "pollfreq", 1, 86400, 30);
	if (flag(qx, "work_range_type"))
		log_warnx("[%s] work_range_type does nothing in this driver", core_ups_name(core));
	(void)whole(qx, "pins_shutdown_mode", 0, 6, 0);
	read_protocol(qx);
	read_delays(qx);
	read_estimate(qx);
	read_cablepower(qx);
	qx_bridge_options(qx, flavour->usb);
	if (qx->wire.is_usb && !qx->usb) {
		free(qx);
		return NULL;
	}
	if (!qx->blazer)
		core_setf(
		    core, "driver.parameter.pollfreq", "%lld", (long long)qx->pollfreq_ms / 1000);
	return qx;
}

void
qx_free(void *device)
{
	struct qx *qx = device;

	qx_bridge_end(qx);
	usb_free(qx->usb);
	free(qx);
}

/* --- asking ------------------------------------------------------------------------------ */

static size_t
one_line(void *device, const char *bytes, size_t len)
{
	return frame_line(bytes, len);
}

void
qx_ask(struct qx *qx, const char *question, qx_done *done)
{
	/* The trace names it without its CR. */
	const struct exchange exchange = { .name = question[1] == '\r' ? "one letter" : "question",
		.question = question,
		.question_len = strlen(question),
		.deadline_ms = qx->usb ? QX_USB_DEADLINE_MS : QX_DEADLINE_MS,
		.complete = one_line,
		.done = done };

	core_exchange(qx->core, &exchange, false);
}

/* --- start ------------------------------------------------------------------------------- */

void
qx_start(void *device)
{
	struct qx *qx = device;

	if (qx->usb)
		qx_bridge_begin(qx);
	else
		qx_detect(qx);
}

/* Another device hangs on the cable now. */
static void
forget_dialect(struct qx *qx)
{
	for (const struct qx_command *row = qx->dialect->commands; row->name; row++)
		core_uncmd(qx->core, row->name);
	core_unset(qx->core, "ups.delay.shutdown");
	core_unset(qx->core, "ups.delay.start");
}

void
qx_found(struct qx *qx, const struct qx_dialect *dialect)
{
	if (qx->dialect != dialect) {
		if (qx->dialect)
			forget_dialect(qx);
		log_info("[%s] speaks %s", core_ups_name(qx->core), dialect->name);
	}
	qx->dialect = dialect;
	memset(qx->known, 0, sizeof(qx->known));
	qx->next_full_ms = 0;
	qx->mode = '\0';
	qx->warnings = 0;
	qx->flags = (struct voltronic_flags){ 0 };
	qx->pi = -1;
	qx->batteries = 0;
	qx->no_runtime = qx->has_packs = qx->packs_told = qx->reports_runtime = false;
	qx->pins_mode = -1;
	qx->configured = false;
	core_set(qx->core, "driver.version.data", dialect->shown);
	qx_publish_orders(qx);
	core_started(qx->core);
}

/* --- what a round says ------------------------------------------------------------------- */

void
qx_extra(struct qx *qx, bool extra)
{
	if (!extra || qx->said_extra)
		return;
	qx->said_extra = true;
	log_info("[%s] the status has more fields than we know: ignored", core_ups_name(qx->core));
}

void
qx_number(struct qx *qx, const char *name, int decimals, double value)
{
	if (isnan(value))
		core_unset(qx->core, name);
	else
		core_setf(qx->core, name, "%.*f", decimals, value);
}

void
qx_regulation(struct qx *qx, double input_voltage, double output_voltage)
{
	static const uint32_t bits[] = { [MEGATEC_NOTHING] = 0,
		[MEGATEC_TRIM] = STATUS_TRIM,
		[MEGATEC_BYPASS] = STATUS_BYPASS,
		[MEGATEC_BOOST] = STATUS_BOOST };
	enum megatec_regulation what = megatec_regulation(input_voltage, output_voltage);

	if (!qx->on_battery || what == MEGATEC_BYPASS)
		core_status(qx->core, bits[what]);
}

void
qx_nominal(struct qx *qx, double volts)
{
	if (!isnan(volts) && volts > 0)
		core_setf(qx->core, "battery.voltage.nominal", "%.1f", volts);
}

/* megatec.md, 10.1: the limits that nobody gave are guessed. */
static void
guess_limits(struct qx *qx)
{
	double nominal = core_number(qx->core, "battery.voltage.nominal");
	bool given =
	    core_get(qx->core, "battery.voltage.low") || core_get(qx->core, "battery.voltage.high");

	if (isnan(nominal) || (given && !qx->guessed_limits))
		return;
	qx->guessed_limits = true;
	core_setf(qx->core, "battery.voltage.low", "%.2f", nominal * 104 / 120);
	core_setf(qx->core, "battery.voltage.high", "%.2f", nominal * 130 / 120);
}

/* megatec.md, 10.2 */
static void
find_packs(struct qx *qx)
{
	double nominal = core_number(qx->core, "battery.voltage.nominal");
	double given = qx->packs_told ? (double)NAN : core_number(qx->core, "battery.packs");

	if (given > 0) {
		qx->packs = given;
		return;
	}
	if (qx->packs > 0 || isnan(qx->battery_voltage) || isnan(nominal))
		return;
	qx->packs = estimate_packs(nominal, qx->battery_voltage);
	if (qx->packs > 0)
		return;
	qx->packs = 1;
	log_warnx("[%s] %.2f V does not go with a battery of %.1f V; see battery.packs in "
		  "nutdrv_qx(8)",
	    core_ups_name(qx->core), qx->battery_voltage, nominal);
}

static void
publish_battery(struct qx *qx)
{
	struct estimate *estimate = &qx->estimate;
	double volts;

	if (!qx->reports_charge)
		find_packs(qx);
	volts = qx->battery_voltage * (qx->packs > 0 ? qx->packs : 1);
	qx_number(qx, "battery.voltage", 2, qx->blazer ? volts : qx->battery_voltage);
	if (qx->reports_charge)
		return;
	guess_limits(qx);
	estimate_update(estimate, loop_now_ms(core_loop(qx->core)), qx->on_battery, volts,
	    core_number(qx->core, "battery.voltage.low"),
	    core_number(qx->core, "battery.voltage.high"), qx->load);
	qx_number(qx, "battery.charge", 0, 100 * estimate->charge);
	if (!qx->reports_runtime)
		qx_number(qx, "battery.runtime", 0, estimate->runtime_s);
}

static void
say_why_lost(struct qx *qx)
{
	if (qx->lost_rounds++ == LOST_SAID - 1)
		log_warnx("[%s] no good status from the UPS: %s", core_ups_name(qx->core),
		    qx->status_fault ? qx->status_fault : "no answer");
}

static void
end_round(struct qx *qx)
{
	if (!qx->got_status) {
		say_why_lost(qx);
		core_round_done(qx->core, false);
		return;
	}
	qx->lost_rounds = 0;
	if (qx->full)
		qx->next_full_ms = loop_now_ms(core_loop(qx->core)) + qx->pollfreq_ms;
	publish_battery(qx);
	if (qx->dialect->end_round)
		qx->dialect->end_round(qx);
	core_round_done(qx->core, true);
}

/* --- the round --------------------------------------------------------------------------- */

void
qx_poll(void *device)
{
	struct qx *qx = device;

	qx->step = 0;
	qx->tries = 0;
	qx->got_status = false;
	qx->status_fault = NULL;
	qx->full = loop_now_ms(core_loop(qx->core)) >= qx->next_full_ms;
	next_question(qx);
}

static bool
is_wanted(const struct qx *qx, const struct qx_query *query)
{
	size_t i = (size_t)(query - qx->dialect->queries);

	if ((query->unless == QX_NORATING && qx->norating) ||
	    (query->unless == QX_NOVENDOR && qx->novendor) ||
	    (query->known && core_get(qx->core, query->known)) ||
	    (query->wanted && !query->wanted(qx)))
		return false;
	switch (query->when) {
	case QX_STATUS:
		return true;
	case QX_ONCE:
		return !qx->known[i].once && !qx->known[i].never;
	case QX_EACH:
		return qx->got_status && !qx->known[i].never;
	default:
		return qx->got_status && qx->full && !qx->known[i].never;
	}
}

/* Ours refused: it is not asked again.  No good answer to a ONCE: another try, then likewise. */
static bool
is_to_be_repeated(struct qx *qx, const struct qx_query *query, bool refused)
{
	size_t i = (size_t)(query - qx->dialect->queries);

	if (query->when == QX_STATUS)
		return false;
	if (qx->known[i].once) {
		if (++qx->known[i].failures == FAILURES_FORGET && query->forget)
			query->forget(qx);
		return false;
	}
	if (!refused && ++qx->tries < TRIES_ONCE)
		return true;
	qx->known[i].never = true;
	return false;
}

static void
answered(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	const struct qx_query *query = &qx->dialect->queries[qx->step];
	bool refused = len > 0 && megatec_reply(query->question, answer, len) == MEGATEC_REFUSED;
	const char *fault;

	if (end == EXCHANGE_LOST)
		return; /* the core knows */
	/* Without its CR an answer is taken when it is whole otherwise: megatec.md, 3.4.5. */
	fault = len == 0 ? "no answer" : refused ? "refused" : query->take(qx, answer, len);
	if (fault)
		log_debug(1, "[%s] %.*s: %s", core_ups_name(qx->core),
		    (int)strcspn(query->question, "\r"), query->question, fault);
	if (end == EXCHANGE_TIMEOUT && !fault)
		core_exchange_was_whole(qx->core);
	if (query->when == QX_STATUS) {
		qx->got_status = !fault;
		qx->status_fault = fault;
	}
	if (!fault) {
		qx->known[qx->step].once = true;
		qx->known[qx->step].failures = 0;
	} else if (is_to_be_repeated(qx, query, refused)) {
		next_question(qx);
		return;
	}
	qx->tries = 0;
	qx->step++;
	next_question(qx);
}

static void
next_question(struct qx *qx)
{
	const struct qx_query *query;

	for (; (query = &qx->dialect->queries[qx->step])->question; qx->step++)
		if (is_wanted(qx, query)) {
			qx_ask(qx, query->question, answered);
			return;
		}
	end_round(qx);
}
