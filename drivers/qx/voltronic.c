/* voltronic.c - Voltronic Power's dialect: much more to ask, and to set.
 * docs/devices/voltronic.md */
#include "drivers/qx/qx.h"

#include "base/conffile.h"
#include "base/log.h"
#include "drivers/proto/megatec.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- section 2 --------------------------------------------------------------------------- */

static void
publish_bits(struct qx *qx, unsigned bits)
{
	static const char *const types[] = { "offline", "line-interactive", "online" };
	static const struct {
		unsigned bit;
		uint32_t status;
		const char *alarm;
	} rows[] = {
		{ VOLTRONIC_BATTERY_LOW, STATUS_LB, NULL },
		{ VOLTRONIC_FAILED, 0, "UPS selftest failed!" },
		{ VOLTRONIC_EPO, 0, "Emergency Power Off!" },
		{ VOLTRONIC_TEST, STATUS_CAL, NULL },
		{ VOLTRONIC_SHUTDOWN, STATUS_FSD, "Shutdown imminent!" },
		{ VOLTRONIC_TEST_FAILED, 0, "Battery test failed!" },
	};
	unsigned type = bits >> VOLTRONIC_TYPE_SHIFT;

	core_status(qx->core, qx->on_battery ? STATUS_OB : STATUS_OL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!(bits & rows[i].bit) || (rows[i].bit == VOLTRONIC_SHUTDOWN && qx->ignoresab))
			continue;
		core_status(qx->core, rows[i].status);
		if (rows[i].alarm)
			core_alarm(qx->core, rows[i].alarm);
	}
	core_set(qx->core, "ups.beeper.status", bits & VOLTRONIC_SILENCED ? "disabled" : "enabled");
	if (type < sizeof(types) / sizeof(types[0]))
		core_set(qx->core, "ups.type", types[type]);
	else
		core_unset(qx->core, "ups.type");
}

static const char *
take_status(struct qx *qx, const char *answer, size_t len)
{
	struct voltronic_status status;
	const char *fault = voltronic_status_parse(&status, answer, len);

	if (fault)
		return fault;
	qx_extra(qx, status.extra);
	qx->on_battery = status.bits & VOLTRONIC_MAINS_FAILED;
	qx->battery_voltage = status.battery_voltage;
	qx->load = status.load;
	qx_number(qx, "input.voltage", 1, status.input_voltage);
	qx_number(qx, "input.frequency", 1, status.input_frequency);
	qx_number(qx, "output.voltage", 1, status.output_voltage);
	qx_number(qx, "output.frequency", 1, status.output_frequency);
	qx_number(qx, "output.current", 1, status.output_current);
	qx_number(qx, "ups.load", 0, status.load);
	qx_number(qx, "ups.temperature", 1, status.temperature);
	publish_bits(qx, status.bits);
	if (status.bits & VOLTRONIC_BYPASS_OR_AVR)
		qx_regulation(qx, status.input_voltage, status.output_voltage);
	return NULL;
}

static const char *
check(const char *answer, size_t len)
{
	struct voltronic_status status;

	return voltronic_status_parse(&status, answer, len);
}

/* --- what it is: asked once -------------------------------------------------------------- */

static const char *
take_protocol(struct qx *qx, const char *answer, size_t len)
{
	int number = megatec_protocol_parse(answer, len);

	if (number == -1)
		return "not a protocol number";
	qx->pi = number;
	core_setf(qx->core, "ups.firmware.aux", "P%02d", number);
	return NULL;
}

static const char *
take_ratings(struct qx *qx, const char *answer, size_t len)
{
	struct voltronic_ratings ratings;
	const char *fault = voltronic_ratings_parse(&ratings, answer, len);

	if (fault)
		return fault;
	qx_number(qx, "output.voltage.nominal", 1, ratings.voltage);
	qx_number(qx, "output.current.nominal", 0, ratings.current);
	qx_number(qx, "output.frequency.nominal", 1, ratings.frequency);
	qx_nominal(qx, ratings.battery_voltage);
	return NULL;
}

static const char *
take_old_ratings(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_ratings ratings;
	const char *fault = megatec_ratings_parse(&ratings, answer, len);

	if (fault)
		return fault;
	qx_number(qx, "input.voltage.nominal", 1, ratings.voltage);
	qx_number(qx, "input.current.nominal", 1, ratings.current);
	qx_number(qx, "input.frequency.nominal", 1, ratings.frequency);
	if (!core_get(qx->core, "battery.voltage.nominal"))
		qx_nominal(qx, ratings.battery_voltage);
	return NULL;
}

static const char *
take_model(struct qx *qx, const char *answer, size_t len)
{
	struct voltronic_model model;
	const char *fault = voltronic_model_parse(&model, answer, len);

	if (fault)
		return fault;
	if (model.name[0])
		core_set(qx->core, "device.model", model.name);
	if (model.power[0])
		core_set(qx->core, "ups.power.nominal", model.power);
	qx_number(qx, "output.powerfactor", 1, model.power_factor);
	qx_number(qx, "input.phases", 0, model.input_phases);
	qx_number(qx, "output.phases", 0, model.output_phases);
	qx_number(qx, "input.voltage.nominal", 1, model.input_voltage);
	qx_number(qx, "output.voltage.nominal", 1, model.output_voltage);
	if (!isnan(model.batteries))
		qx->batteries = (unsigned)model.batteries;
	if (!core_get(qx->core, "battery.voltage.nominal"))
		qx_nominal(qx, model.batteries * model.battery_voltage);
	return NULL;
}

static const char *
take_text(struct qx *qx, const char *name, const char *label, const char *answer, size_t len)
{
	char text[64];
	const char *fault = voltronic_text_parse(text, sizeof(text), label, answer, len);

	/* A serial number of zeros is none. */
	if (!fault && strspn(text, "0") < strlen(text))
		core_set(qx->core, name, text);
	return fault;
}

static const char *
take_maker(struct qx *qx, const char *answer, size_t len)
{
	return take_text(qx, "device.mfr", "", answer, len);
}

static const char *
take_firmware(struct qx *qx, const char *answer, size_t len)
{
	return take_text(qx, "ups.firmware", "VERFW:", answer, len);
}

static const char *
take_serial(struct qx *qx, const char *answer, size_t len)
{
	return take_text(qx, "device.serial", "", answer, len);
}

static const char *
take_vendor(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_vendor vendor;
	const char *fault = megatec_vendor_parse(&vendor, answer, len);

	if (fault)
		return fault;
	if (vendor.company[0] && !core_get(qx->core, "device.mfr"))
		core_set(qx->core, "device.mfr", vendor.company);
	if (vendor.model[0])
		core_set(qx->core, "device.model", vendor.model);
	if (vendor.version[0] && !core_get(qx->core, "ups.firmware"))
		core_set(qx->core, "ups.firmware", vendor.version);
	return NULL;
}

/* --- what can be set --------------------------------------------------------------------- */

static void
publish_settable(struct qx *qx, const char *name, int decimals, double value, long min, long max)
{
	qx_number(qx, name, decimals, value);
	if (isnan(value) || min > max)
		return;
	core_var(qx->core, name, STATE_RW | STATE_NUMBER, 0);
	core_range(qx->core, name, min, max);
}

static const struct {
	char letter;
	const char *name, *enable, *disable;
} capabilities[] = {
	/* section 7: a variable, or two commands */
	{ 'r', "ups.start.auto", NULL, NULL },
	{ 's', "battery.protection", NULL, NULL },
	{ 'g', "battery.energysave", NULL, NULL },
	{ 'c', "ups.start.battery", NULL, NULL },
	{ 'j', "outlet.0.switchable", NULL, NULL },
	{ 'a', NULL, "beeper.enable", "beeper.disable" },
	{ 'e', NULL, "bypass.start", "bypass.stop" },
};

static const char *
take_flags(struct qx *qx, const char *answer, size_t len)
{
	const char *fault = voltronic_flags_parse(&qx->flags, answer, len);

	if (fault)
		return fault;
	for (size_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		uint32_t bit = voltronic_flag(capabilities[i].letter);
		const char *name = capabilities[i].name;

		if (!((qx->flags.enabled | qx->flags.disabled) & bit))
			continue;
		if (!name) {
			core_cmd(qx->core, capabilities[i].enable);
			core_cmd(qx->core, capabilities[i].disable);
			continue;
		}
		core_set(qx->core, name, qx->flags.enabled & bit ? "yes" : "no");
		core_var(qx->core, name, STATE_RW, 0);
		core_enum(qx->core, name, "no");
		core_enum(qx->core, name, "yes");
	}
	return NULL;
}

static double
nominal(struct qx *qx, const char *name, double fallback)
{
	double value = core_number(qx->core, name);

	return value > 0 ? value : fallback;
}

static const char *
take_eco_volts(struct qx *qx, const char *answer, size_t len)
{
	double high, low;
	const char *fault = voltronic_limits_parse(&high, &low, "ddd", answer, len);
	long volts = (long)nominal(qx, "output.voltage.nominal", 230);
	long near = volts < 200 ? 3 : qx->pi == 10 ? 11 : 7, far = volts < 200 ? 12 : 24;

	if (fault)
		return fault;
	if (qx->pi == 31) {
		qx_number(qx, "input.transfer.high", 0, high);
		qx_number(qx, "input.transfer.low", 0, low);
		return NULL;
	}
	publish_settable(qx, "input.transfer.high", 0, high, volts + near, volts + far);
	publish_settable(qx, "input.transfer.low", 0, low, volts - far, volts - near);
	core_setf(qx->core, "input.transfer.high.min", "%ld", volts + near);
	core_setf(qx->core, "input.transfer.high.max", "%ld", volts + far);
	core_setf(qx->core, "input.transfer.low.min", "%ld", volts - far);
	core_setf(qx->core, "input.transfer.low.max", "%ld", volts - near);
	return NULL;
}

static const char *
take_eco_hertz(struct qx *qx, const char *answer, size_t len)
{
	double high, low;
	const char *fault = voltronic_limits_parse(&high, &low, "dd.d", answer, len);
	long hertz = (long)nominal(qx, "output.frequency.nominal", 50);
	long near = qx->pi == 10 ? 2 : 3, far = qx->pi == 10 ? 4 : 10;

	if (fault)
		return fault;
	if (qx->pi == 31) /* no range: not settable */
		hertz = near = 0, far = -1;
	publish_settable(qx, "input.frequency.high", 1, high, hertz + near, hertz + far);
	publish_settable(qx, "input.frequency.low", 1, low, hertz - far, hertz - near);
	return NULL;
}

static const char *
take_cutoff(struct qx *qx, const char *answer, size_t len)
{
	double volts;
	const char *fault = voltronic_cutoff_parse(&volts, answer, len);
	long batteries = qx->batteries ? (long)qx->batteries : 2;

	if (!fault)
		publish_settable(qx, "battery.voltage.low", 1, volts, 10 * batteries,
		    12 * batteries > 99 ? 99 : 12 * batteries);
	return fault;
}

static const char *
take_load_levels(struct qx *qx, const char *answer, size_t len)
{
	double low, high;
	const char *fault = voltronic_limits_parse(&low, &high, "ddd", answer, len);

	if (fault)
		return fault;
	qx_number(qx, "output.power.minimum.percent", 0, low);
	qx_number(qx, "output.power.maximum.percent", 0, high);
	return NULL;
}

/* --- how it is: asked again and again ---------------------------------------------------- */

static const char *
take_mode(struct qx *qx, const char *answer, size_t len)
{
	char mode;
	const char *fault = voltronic_mode_parse(&mode, answer, len);

	if (!fault)
		qx->mode = mode;
	return fault;
}

static void
forget_mode(struct qx *qx)
{
	qx->mode = '\0';
}

static const char *
take_warnings(struct qx *qx, const char *answer, size_t len)
{
	uint64_t warnings;
	const char *fault = voltronic_warnings_parse(&warnings, answer, len);

	if (!fault)
		qx->warnings = warnings;
	return fault;
}

static void
forget_warnings(struct qx *qx)
{
	qx->warnings = 0;
}

static void
forget_battery(struct qx *qx)
{
	qx->reports_charge = false;
	core_unset(qx->core, "battery.charge");
	core_unset(qx->core, "battery.runtime");
}

static const char *
take_battery(struct qx *qx, const char *answer, size_t len)
{
	struct voltronic_battery battery;
	const char *fault = voltronic_battery_parse(&battery, answer, len);

	if (fault)
		return fault;
	publish_settable(qx, "battery.packs", 0, battery.packs, 1, 99);
	qx->reports_charge = !isnan(battery.charge);
	if (qx->reports_charge) {
		qx_number(qx, "battery.charge", 0, battery.charge);
		qx_number(qx, "battery.runtime", 0, battery.minutes * 60);
	}
	return NULL;
}

/* Section 4; those without a name are shown by number. */
static const struct {
	unsigned number;
	const char *text;
} warnings[] = {
	{ 1, "Battery disconnected!" },
	{ 2, "Neutral not connected!" },
	{ 3, "Site fault!" },
	{ 4, "Phase sequence wrong!" },
	{ 5, "Phase sequence wrong in bypass!" },
	{ 6, "Input frequency unstable in bypass!" },
	{ 7, "Battery overcharged!" },
	{ 8, "Battery low!" },
	{ 9, "Overload!" },
	{ 10, "Fan failure!" },
	{ 11, "Emergency power off enabled!" },
	{ 12, "Cannot turn on!" },
	{ 13, "Over temperature!" },
	{ 14, "Charger failure!" },
	{ 15, "Remote shutdown!" },
	{ 56, "Replace battery!" },
};

static void
publish_warning(struct qx *qx, unsigned number)
{
	char text[40];

	if (number == 9)
		core_status(qx->core, STATUS_OVER);
	if (number == 56)
		core_status(qx->core, STATUS_RB);
	for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++)
		if (warnings[i].number == number) {
			core_alarm(qx->core, warnings[i].text);
			return;
		}
	snprintf(text, sizeof(text), "Warning #%u!", number);
	core_alarm(qx->core, text);
}

/* --- options of ups.conf that the UPS stores --------------------------------------------- */

static const struct {
	const char *option;
	char letter;	    /* enabled, disabled; or */
	const char *prefix; /* of a number from MIN to MAX, */
	int width;	    /* so many digits, */
	const char *suffix; /* and this */
	long min, max;
} stored[] = {
	{ "alarm_control", 'a', NULL, 0, NULL, 0, 0 },
	{ "bypass_alarm", 'p', NULL, 0, NULL, 0, 0 },
	{ "battery_alarm", 'b', NULL, 0, NULL, 0, 0 },
	{ "bypass_when_off", 'o', NULL, 0, NULL, 0, 0 },
	{ "bypass_forbidding", 'f', NULL, 0, NULL, 0, 0 },
	{ "converter_mode", 'v', NULL, 0, NULL, 0, 0 },
	{ "eco_mode", 'e', NULL, 0, NULL, 0, 0 },
	{ "advanced_eco_mode", 'n', NULL, 0, NULL, 0, 0 },
	{ "battery_open_status_check", 'd', NULL, 0, NULL, 0, 0 },
	{ "site_fault_detection", 'l', NULL, 0, NULL, 0, 0 },
	{ "constant_phase_angle", 'q', NULL, 0, NULL, 0, 0 },
	{ "limited_runtime_on_battery", 'w', NULL, 0, NULL, 0, 0 },
	{ "battery_number", 0, "BATN", 1, "", 1, 9 },
	{ "output_phase_angle", 0, "PPD", 3, "", 0, 240 },
	{ "max_bypass_volt", 0, "PHV", 3, "", 120, 276 },
	{ "min_bypass_volt", 0, "PLV", 3, "", 85, 220 },
	{ "max_bypass_freq", 0, "PGF", 2, ".0", 51, 70 },
	{ "min_bypass_freq", 0, "PSF", 2, ".0", 40, 59 },
};

#define RESET (-1) /* the tag of reset_to_default; else the row of STORED */

static void
stored_done(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct qx *qx = device;
	bool ok = qx_obeyed(qx, exchange, end, answer, len);

	log_notice("[%s] %s: %s", core_ups_name(qx->core),
	    exchange->tag == RESET ? "reset_to_default" : stored[exchange->tag].option,
	    ok ? "done" : "the UPS refuses it");
}

/* The command that makes option I what VALUE says; NULL or what is wrong. */
static const char *
store(struct qx *qx, size_t i, const char *value, char text[MEGATEC_COMMAND_MAX])
{
	uint32_t bit;
	bool enable;
	long number;

	if (stored[i].prefix) {
		if (!conffile_number(value, stored[i].min, stored[i].max, &number) ||
		    (strcmp(stored[i].option, "output_phase_angle") == 0 && number != 0 &&
			number != 120 && number != 180 && number != 240))
			return "not a number that it can be";
		snprintf(text, MEGATEC_COMMAND_MAX, "%s%0*ld%s\r", stored[i].prefix,
		    stored[i].width, number, stored[i].suffix);
		return NULL;
	}
	bit = voltronic_flag(stored[i].letter);
	enable = strcasecmp(value, "enabled") == 0;
	if (!enable && strcasecmp(value, "disabled") != 0)
		return "enabled or disabled";
	if (!((qx->flags.enabled | qx->flags.disabled) & bit))
		return "this UPS has no such thing";
	text[0] = '\0';
	if (!(qx->flags.enabled & bit) == enable)
		snprintf(text, MEGATEC_COMMAND_MAX, "P%c%c\r", enable ? 'E' : 'D',
		    stored[i].letter - 'a' + 'A');
	return NULL;
}

static void
configure(struct qx *qx)
{
	char text[MEGATEC_COMMAND_MAX];

	qx->configured = true;
	if (core_option(qx->core, "reset_to_default")) {
		if (qx->mode == 'S')
			qx_order(qx, "PF\r", false, RESET, 0, stored_done);
		else
			log_warnx(
			    "[%s] reset_to_default: only in standby mode", core_ups_name(qx->core));
	}
	for (size_t i = 0; i < sizeof(stored) / sizeof(stored[0]); i++) {
		const char *value = core_option(qx->core, stored[i].option), *fault;

		if (!value)
			continue;
		if ((fault = store(qx, i, value, text)))
			log_warnx("[%s] %s: %s", core_ups_name(qx->core), stored[i].option, fault);
		else if (text[0])
			qx_order(qx, text, false, (int)i, 0, stored_done);
	}
}

/* Section 3: what the mode and the warnings add. */
static void
end_round(struct qx *qx)
{
	switch (qx->mode) {
	case 'S':
		core_status(qx->core, STATUS_OFF);
		break;
	case 'Y':
		core_status(qx->core, STATUS_BYPASS);
		break;
	case 'T':
		core_status(qx->core, STATUS_CAL);
		break;
	case 'F':
		core_alarm(qx->core, "UPS fault!");
		break;
	case 'D':
		if (!qx->ignoresab)
			core_status(qx->core, STATUS_FSD);
		break;
	}
	for (unsigned number = 1; number <= 64; number++)
		if (qx->warnings >> (64 - number) & 1)
			publish_warning(qx, number);
	if (!qx->configured)
		configure(qx);
}

/* --- tables ------------------------------------------------------------------------------ */

static const struct qx_query queries[] = {
	QX_ASK_ONCE("QPI\r", take_protocol),
	{ .question = "QRI\r", .when = QX_ONCE, .take = take_ratings, .unless = QX_NORATING },
	{ .question = "QMD\r", .when = QX_ONCE, .take = take_model, .unless = QX_NOVENDOR },
	{ .question = "F\r", .when = QX_ONCE, .take = take_old_ratings, .unless = QX_NORATING },
	{ .question = "QMF\r", .when = QX_ONCE, .take = take_maker, .unless = QX_NOVENDOR },
	QX_ASK_ONCE("QVFW\r", take_firmware),
	QX_ASK_ONCE("QID\r", take_serial),
	{ .question = "I\r",
	    .when = QX_ONCE,
	    .take = take_vendor,
	    .unless = QX_NOVENDOR,
	    .known = "device.model" },
	QX_ASK_ONCE("QLDL\r", take_load_levels),
	QX_ASK_ONCE("QFLAG\r", take_flags),
	QX_ASK_ONCE("QHE\r", take_eco_volts),
	QX_ASK_ONCE("QFRE\r", take_eco_hertz),
	QX_ASK_ONCE("RE0\r", take_cutoff),
	{ .question = "QGS\r", .when = QX_STATUS, .take = take_status },
	{ .question = "QMOD\r", .when = QX_EACH, .take = take_mode, .forget = forget_mode },
	{ .question = "QWS\r", .when = QX_FULL, .take = take_warnings, .forget = forget_warnings },
	{ .question = "QBV\r", .when = QX_FULL, .take = take_battery, .forget = forget_battery },
	{ .question = NULL },
};

static const struct qx_command commands[] = {
	QX_SEND("load.on", "SON"),
	QX_SEND("load.off", "SOFF"),
	QX_COMMAND("shutdown.return", QX_RETURN),
	QX_COMMAND("shutdown.stayoff", QX_STAYOFF),
	QX_SEND("shutdown.stop", "CS"),
	QX_COMMAND("test.battery.start", QX_TEST),
	QX_SEND("test.battery.start.quick", "T"),
	QX_SEND("test.battery.start.deep", "TL"),
	QX_SEND("test.battery.stop", "CT"),
	{ .name = "beeper.toggle", .kind = QX_TOGGLE, .text = "BZOFF", .other = "BZON" },
	{ .name = "beeper.enable", .text = "PEA", .flag = 'a' },
	{ .name = "beeper.disable", .text = "PDA", .flag = 'a' },
	{ .name = "bypass.start", .text = "PEE", .flag = 'e' },
	{ .name = "bypass.stop", .text = "PDE", .flag = 'e' },
	{ .name = NULL },
};

static const struct qx_setting settings[] = {
	{ .name = "ups.start.auto", .flag = 'r' },
	{ .name = "battery.protection", .flag = 's' },
	{ .name = "battery.energysave", .flag = 'g' },
	{ .name = "ups.start.battery", .flag = 'c' },
	{ .name = "outlet.0.switchable", .flag = 'j' },
	{ .name = "battery.packs",
	    .prefix = "BATGN",
	    .width = 2,
	    .decimals = 0,
	    .shown_decimals = 0 },
	{ .name = "battery.voltage.low",
	    .prefix = "W0E",
	    .width = 2,
	    .decimals = 0,
	    .shown_decimals = 1 },
	{ .name = "input.transfer.high",
	    .prefix = "HEH",
	    .width = 3,
	    .decimals = 0,
	    .shown_decimals = 0 },
	{ .name = "input.transfer.low",
	    .prefix = "HEL",
	    .width = 3,
	    .decimals = 0,
	    .shown_decimals = 0 },
	{ .name = "input.frequency.high",
	    .prefix = "FREH",
	    .width = 4,
	    .decimals = 1,
	    .shown_decimals = 1 },
	{ .name = "input.frequency.low",
	    .prefix = "FREL",
	    .width = 4,
	    .decimals = 1,
	    .shown_decimals = 1 },
	{ .name = NULL },
};

const struct qx_dialect qx_voltronic = {
	.name = "voltronic",
	.shown = "Voltronic",
	.queries = queries,
	.check = check,
	.commands = commands,
	.settings = settings,
	.end_round = end_round,
	.off_max_s = 5940,
	.test_min_s = 12,
	.cancel = "CS\r",
	.frequency = "input.frequency",
	.rated_voltage = "input.voltage.nominal",
	.rated_current = "input.current.nominal",
	.rated_frequency = "input.frequency.nominal",
};
