/* bestups.c - Best Power, and Sola after it.  docs/devices/megatec.md, section 13. */
#include "drivers/qx/qx.h"

#include "base/conffile.h"
#include "base/log.h"
#include "drivers/proto/bestups.h"
#include "drivers/proto/megatec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* 13.2 */
static const struct model {
	const char *code, *name, *maker;
	bool no_runtime, packs;
} models[] = {
	{ "AX1", "Axxium Rackmount", "Best Power", false, true },
	{ "FOR", "Fortress", "Best Power", false, false },
	{ "FTC", "Fortress Telecom", "Best Power", false, false },
	{ "PRO", "Patriot Pro", "Best Power", true, false },
	{ "PR2", "Patriot Pro II", "Best Power", false, false },
	{ "320", "Sola 320", NULL, true, false },
	{ "325", "Sola 325", "Sola Australia", false, false },
	{ "520", "Sola 520", "Sola Australia", false, false },
	{ "620", "Sola 620", "Sola Australia", false, true },
	{ NULL, NULL, NULL, false, false },
};

static const struct model *
find_model(const char *code)
{
	const struct model *model = models;

	while (model->code && strcmp(model->code, code) != 0)
		model++;
	return model;
}

static const char *
take_id(struct qx *qx, const char *answer, size_t len)
{
	struct bestups_id id;
	const char *fault = bestups_id_parse(&id, answer, len);
	const struct model *model;

	if (fault)
		return fault;
	model = find_model(id.model);
	qx->no_runtime = model->no_runtime;
	qx->has_packs = model->packs;
	if (model->maker)
		core_set(qx->core, "device.mfr", model->maker);
	if (model->name)
		core_set(qx->core, "device.model", model->name);
	else if (id.model[0])
		core_setf(qx->core, "device.model", "Unknown (%s)", id.model);
	qx_number(qx, "ups.power.nominal", 0, id.power);
	qx_number(qx, "input.voltage.nominal", 0, id.input_voltage);
	qx_number(qx, "output.voltage.nominal", 0, id.output_voltage);
	qx_number(qx, "battery.voltage.low", 1, id.battery_low);
	qx_number(qx, "battery.voltage.high", 1, id.battery_high);
	return NULL;
}

static const char *
take_status(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_status status;
	const char *fault = megatec_status_parse(&status, answer, len);

	if (fault)
		return fault;
	qx_status(qx, &status);
	return NULL;
}

static bool
has_runtime(const struct qx *qx)
{
	return !qx->no_runtime;
}

static const char *
take_runtime(struct qx *qx, const char *answer, size_t len)
{
	double minutes;
	const char *fault = bestups_number_parse(&minutes, "ddd", answer, len);

	if (fault)
		return fault;
	qx->reports_runtime = !isnan(minutes);
	qx_number(qx, "battery.runtime", 0, minutes * 60);
	return NULL;
}

static void
forget_runtime(struct qx *qx)
{
	qx->reports_runtime = false;
	core_unset(qx->core, "battery.runtime");
}

static bool
has_packs(const struct qx *qx)
{
	return qx->has_packs;
}

/* How many hang on it outside: the battery's voltage is not one of so many parts. */
static const char *
take_packs(struct qx *qx, const char *answer, size_t len)
{
	double packs;
	const char *fault = bestups_number_parse(&packs, "dd", answer, len);

	if (fault)
		return fault;
	qx->packs_told = !core_option(qx->core, "override.battery.packs");
	qx_number(qx, "battery.packs", 0, packs);
	if (isnan(packs))
		return NULL;
	core_var(qx->core, "battery.packs", STATE_RW | STATE_NUMBER, 0);
	core_range(qx->core, "battery.packs", 0, 5);
	return NULL;
}

static bool
wants_pins(const struct qx *qx)
{
	return core_option(qx->core, "pins_shutdown_mode") != NULL;
}

static const char *
take_pins(struct qx *qx, const char *answer, size_t len)
{
	double mode;
	const char *fault = bestups_number_parse(&mode, "d|dd", answer, len);

	if (!fault && !isnan(mode))
		qx->pins_mode = (int)mode;
	return fault;
}

static bool
has_voltage(const struct qx *qx)
{
	return core_number(qx->core, "input.voltage.nominal") > 0;
}

static void
forget_transfer(struct qx *qx)
{
	static const char *const names[] = { "low", "boost.low", "boost.high", "trim.low",
		"trim.high", "high" };
	char name[40];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "input.transfer.%s", names[i]);
		core_unset(qx->core, name);
	}
}

static const char *
take_transfer(struct qx *qx, const char *answer, size_t len)
{
	double setting;
	const char *fault = bestups_number_parse(&setting, "d|dd", answer, len);
	const struct bestups_transfer *volts;

	if (fault)
		return fault;
	volts = bestups_transfer(
	    isnan(setting) ? -1 : (int)setting, core_number(qx->core, "input.voltage.nominal"));
	if (!volts) {
		forget_transfer(qx);
		return "none of the settings from 0 to 9";
	}
	core_setf(qx->core, "input.transfer.low", "%d", volts->low);
	core_setf(qx->core, "input.transfer.boost.low", "%d", volts->low);
	core_setf(qx->core, "input.transfer.boost.high", "%d", volts->boost_high);
	core_setf(qx->core, "input.transfer.trim.low", "%d", volts->trim_low);
	core_setf(qx->core, "input.transfer.trim.high", "%d", volts->high);
	core_setf(qx->core, "input.transfer.high", "%d", volts->high);
	return NULL;
}

/* --- pins_shutdown_mode ------------------------------------------------------------------- */

static void
pins_ordered(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct qx *qx = device;
	bool ok = qx_obeyed(qx, exchange, end, answer, len);

	log_notice("[%s] pins_shutdown_mode: %s", core_ups_name(qx->core),
	    ok ? "done" : "the UPS refuses it");
}

static void
end_round(struct qx *qx)
{
	static const char *const orders[] = { "SS0\r", "SS1\r", "SS2\r", "SS3\r", "SS4\r", "SS5\r",
		"SS6\r" };
	const char *text = core_option(qx->core, "pins_shutdown_mode");
	long mode;

	/* A reload may have brought a wrong one. */
	if (qx->configured || !text || !conffile_number(text, 0, 6, &mode))
		return;
	qx->configured = true;
	if (qx->pins_mode == -1)
		log_warnx("[%s] pins_shutdown_mode: this UPS does not tell its own: left as it is",
		    core_ups_name(qx->core));
	else if (qx->pins_mode != (int)mode)
		qx_order(qx, orders[mode], false, 0, 0, pins_ordered);
}

/* --- tables ------------------------------------------------------------------------------- */

static const struct qx_query queries[] = {
	QX_ASK_ONCE("ID\r", take_id),
	{ .question = "Q1\r", .when = QX_STATUS, .take = take_status },
	{ .question = "RT\r",
	    .when = QX_FULL,
	    .take = take_runtime,
	    .forget = forget_runtime,
	    .wanted = has_runtime },
	{ .question = "BP?\r", .when = QX_ONCE, .take = take_packs, .wanted = has_packs },
	{ .question = "SS?\r", .when = QX_ONCE, .take = take_pins, .wanted = wants_pins },
	{ .question = "M\r",
	    .when = QX_FULL,
	    .take = take_transfer,
	    .forget = forget_transfer,
	    .wanted = has_voltage },
	{ .question = NULL },
};

static const struct qx_command commands[] = {
	QX_SEND("load.off", "S00R0000"),
	QX_SEND("load.on", "C"),
	QX_COMMAND("shutdown.return", QX_RETURN),
	QX_COMMAND("shutdown.stayoff", QX_STAYOFF),
	QX_SEND("shutdown.stop", "C"),
	QX_COMMAND("test.battery.start", QX_TEST),
	QX_SEND("test.battery.start.quick", "T"),
	QX_SEND("test.battery.start.deep", "TL"),
	QX_SEND("test.battery.stop", "CT"),
	{ .name = NULL },
};

static const struct qx_setting settings[] = {
	{ .name = "battery.packs", .prefix = "BP", .width = 1, .decimals = 0, .shown_decimals = 0 },
	{ .name = NULL },
};

const struct qx_dialect qx_bestups = {
	.name = "bestups",
	.shown = "BestUPS",
	.queries = queries,
	.check = qx_check_status,
	.commands = commands,
	.settings = settings,
	.end_round = end_round,
	.off_max_s = 5940,
	.on_min_s = 60,
	.test_min_s = 60,
	.cancel = "C\r",
	.frequency = "input.frequency",
	.s_stays_off = true,
};
