/* megatec.c - Megatec and the dialects that differ from it in a question or two.
 * docs/devices/megatec.md */
#include "drivers/qx/qx.h"

#include "base/log.h"
#include "drivers/proto/megatec.h"

#include <math.h>

void
qx_bits(struct qx *qx, unsigned bits)
{
	core_status(qx->core, qx->on_battery ? STATUS_OB : STATUS_OL);
	if (bits & MEGATEC_BATTERY_LOW)
		core_status(qx->core, STATUS_LB);
	if (bits & MEGATEC_TEST)
		core_status(qx->core, STATUS_CAL);
	if (bits & MEGATEC_FAILED)
		core_alarm(qx->core, "UPS selftest failed!");
	if (bits & MEGATEC_SHUTDOWN && !qx->ignoresab) {
		core_alarm(qx->core, "Shutdown imminent!");
		core_status(qx->core, STATUS_FSD);
	}
	core_set(qx->core, "ups.type",
	    bits & MEGATEC_STANDBY_TYPE ? "offline / line interactive" : "online");
}

void
qx_beeper(struct qx *qx, unsigned bits)
{
	core_set(qx->core, "ups.beeper.status", bits & MEGATEC_BEEPER ? "enabled" : "disabled");
}

void
qx_status(struct qx *qx, const struct megatec_status *status)
{
	qx_extra(qx, status->extra);
	qx->on_battery = status->bits & MEGATEC_MAINS_FAILED;
	qx->battery_voltage = status->battery_voltage;
	qx->load = status->load;
	qx_number(qx, "input.voltage", 1, status->input_voltage);
	qx_number(qx, "input.voltage.fault", 1, status->fault_voltage);
	qx_number(qx, "output.voltage", 1, status->output_voltage);
	qx_number(qx, "ups.load", 0, status->load);
	qx_number(qx, qx->dialect->frequency, 1, status->frequency);
	qx_number(qx, "ups.temperature", 1, status->temperature);
	qx_bits(qx, status->bits);
	if (status->bits & MEGATEC_BYPASS_OR_AVR)
		qx_regulation(qx, status->input_voltage, status->output_voltage);
}

static const char *
take_status(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_status status;
	const char *fault = megatec_status_parse(&status, answer, len);

	if (fault)
		return fault;
	qx_status(qx, &status);
	qx_beeper(qx, status.bits);
	return NULL;
}

const char *
qx_check_status(const char *answer, size_t len)
{
	struct megatec_status status;

	return megatec_status_parse(&status, answer, len);
}

static const char *
take_ratings(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_ratings ratings;
	const char *fault = megatec_ratings_parse(&ratings, answer, len);

	if (fault)
		return fault;
	qx_number(qx, qx->dialect->rated_voltage, 0, ratings.voltage);
	qx_number(qx, qx->dialect->rated_current, 1, ratings.current);
	qx_number(qx, qx->dialect->rated_frequency, 0, ratings.frequency);
	qx_nominal(qx, ratings.battery_voltage);
	return NULL;
}

static const char *
take_vendor(struct qx *qx, const char *answer, size_t len)
{
	struct megatec_vendor vendor;
	const char *fault = megatec_vendor_parse(&vendor, answer, len);

	if (fault)
		return fault;
	/* The core gives device.* what ups.* says. */
	if (vendor.company[0])
		core_set(qx->core, qx->blazer ? "ups.mfr" : "device.mfr", vendor.company);
	if (vendor.model[0])
		core_set(qx->core, qx->blazer ? "ups.model" : "device.model", vendor.model);
	if (vendor.version[0])
		core_set(qx->core, "ups.firmware", vendor.version);
	return NULL;
}

static const char *
take_protocol(struct qx *qx, const char *answer, size_t len)
{
	int number = megatec_protocol_parse(answer, len);

	if (number == -1)
		return "not a protocol number";
	core_setf(qx->core, "ups.firmware.aux", "Voltronic Power P%02d", number);
	return NULL;
}

static const char *
take_v(struct qx *qx, const char *answer, size_t len)
{
	if (answer[0] != 'V')
		return "not V";
	core_set(qx->core, "ups.firmware.aux", "PM-V");
	return NULL;
}

/* --- questions --------------------------------------------------------------------------- */

#define RATINGS                                                                                    \
	{                                                                                          \
		.question = "F\r", .when = QX_ONCE, .take = take_ratings, .unless = QX_NORATING    \
	}
#define VENDOR(text)                                                                               \
	{                                                                                          \
		.question = (text), .when = QX_ONCE, .take = take_vendor, .unless = QX_NOVENDOR    \
	}
#define STATUS(text)                                                                               \
	{                                                                                          \
		.question = (text), .when = QX_STATUS, .take = take_status                         \
	}
#define END                                                                                        \
	{                                                                                          \
		.question = NULL                                                                   \
	}

static const struct qx_query by_q1[] = { RATINGS, VENDOR("I\r"), STATUS("Q1\r"), END };
static const struct qx_query by_d[] = { RATINGS, VENDOR("I\r"), STATUS("D\r"), END };
static const struct qx_query by_qs[] = { RATINGS, VENDOR("I\r"), STATUS("QS\r"), END };
static const struct qx_query of_zinto[] = { RATINGS, VENDOR("FW?\r"), STATUS("Q1\r"), END };
static const struct qx_query of_q1[] = { STATUS("Q1\r"), END };
static const struct qx_query of_mecer[] = { QX_ASK_ONCE("QPI\r", take_protocol), RATINGS,
	VENDOR("I\r"), STATUS("Q1\r"), END };
static const struct qx_query of_voltronic_qs[] = { QX_ASK_ONCE("M\r", take_v), RATINGS,
	STATUS("QS\r"), END };

/* --- commands: 6.2 to 6.4 ---------------------------------------------------------------- */

#define SWITCHING                                                                                  \
	QX_SEND("beeper.toggle", "Q"), QX_SEND("load.off", "S00R0000"), QX_SEND("load.on", "C"),   \
	    QX_COMMAND("shutdown.return", QX_RETURN), QX_COMMAND("shutdown.stayoff", QX_STAYOFF),  \
	    QX_SEND("shutdown.stop", "C"), QX_SEND("test.battery.start.quick", "T")

static const struct qx_command commands[] = { SWITCHING, QX_COMMAND("test.battery.start", QX_TEST),
	QX_SEND("test.battery.start.deep", "TL"), QX_SEND("test.battery.stop", "CT"),
	{ .name = NULL } };

static const struct qx_command commands_of_voltronic_qs[] = { SWITCHING, { .name = NULL } };

/* --- dialects: section 7 ----------------------------------------------------------------- */

#define IN_COMMON                                                                                  \
	.check = qx_check_status, .commands = commands, .off_max_s = 600, .cancel = "C\r",         \
	.frequency = "input.frequency", .rated_voltage = "input.voltage.nominal",                  \
	.rated_current = "input.current.nominal", .rated_frequency = "input.frequency.nominal"

const struct qx_dialect qx_megatec = {
	.name = "megatec", .shown = "Megatec", .queries = by_q1, .test_min_s = 60, IN_COMMON
};
const struct qx_dialect qx_megatec_old = {
	.name = "megatec/old", .shown = "Megatec/old", .queries = by_d, .test_min_s = 60, IN_COMMON
};
const struct qx_dialect qx_mustek = {
	.name = "mustek", .shown = "Mustek", .queries = by_qs, .test_min_s = 60, IN_COMMON
};
const struct qx_dialect qx_q1 = {
	.name = "q1", .shown = "Q1", .queries = of_q1, .test_min_s = 60, IN_COMMON
};
const struct qx_dialect qx_zinto = {
	.name = "zinto", .shown = "Zinto", .queries = of_zinto, .test_min_s = 60, IN_COMMON
};
/* Nothing tells it from zinto: it is never found, only given by protocol=. */
const struct qx_dialect qx_hunnox = { .name = "hunnox",
	.shown = "Hunnox",
	.queries = of_zinto,
	.off_default_s = 60,
	.on_default_s = 0,
	.test_min_s = 60,
	IN_COMMON };
const struct qx_dialect qx_mecer = {
	.name = "mecer", .shown = "Mecer", .queries = of_mecer, .test_min_s = 12, IN_COMMON
};
const struct qx_dialect qx_voltronic_qs = {
	.name = "voltronic-qs",
	.shown = "Voltronic-QS",
	.queries = of_voltronic_qs,
	.check = qx_check_status,
	.commands = commands_of_voltronic_qs,
	.off_max_s = 540,
	.on_min_s = 60,
	.test_min_s = 60,
	.cancel = "C\r",
	.frequency = "output.frequency",
	.rated_voltage = "output.voltage.nominal",
	.rated_current = "output.current.nominal",
	.rated_frequency = "output.frequency.nominal",
};
