/* qshex.c - Voltronic-QS with its numbers in binary.  docs/devices/megatec.md, section 12. */
#include "drivers/qx/qx.h"

#include "drivers/proto/megatec.h"
#include "drivers/proto/qshex.h"

/* Only one of the two kinds has a test. */
static const char *
take_kind(struct qx *qx, const char *answer, size_t len)
{
	if (!qx_is_letter("PT", answer, len))
		return "neither P nor T";
	core_setf(qx->core, "ups.firmware.aux", "PM-%c", answer[0]);
	if (answer[0] == 'T')
		core_cmd(qx->core, "test.battery.start.quick");
	else
		core_uncmd(qx->core, "test.battery.start.quick");
	return NULL;
}

static const char *
take_status(struct qx *qx, const char *answer, size_t len)
{
	struct qshex_status status;
	const char *fault = qshex_status_parse(&status, answer, len);

	if (fault)
		return fault;
	qx->on_battery = status.bits & MEGATEC_MAINS_FAILED;
	qx->battery_voltage = status.battery_voltage;
	qx->load = status.load;
	qx_number(qx, "input.voltage", 1, status.input_voltage);
	qx_number(qx, "output.voltage", 1, status.output_voltage);
	qx_number(qx, "ups.load", 0, status.load);
	qx_number(qx, "output.frequency", 1, status.frequency);
	if (status.rated) {
		qx_number(qx, "output.voltage.nominal", 1, status.rated_voltage);
		qx_number(qx, "output.frequency.nominal", 1, status.rated_frequency);
		qx_nominal(qx, status.rated_battery_voltage);
	}
	qx_bits(qx, status.bits);
	qx_beeper(qx, status.bits);
	if (status.bits & MEGATEC_BYPASS_OR_AVR)
		qx_regulation(qx, status.input_voltage, status.output_voltage);
	return NULL;
}

static const char *
check(const char *answer, size_t len)
{
	struct qshex_status status;

	return qshex_status_parse(&status, answer, len);
}

static const struct qx_query queries[] = {
	QX_ASK_ONCE("M\r", take_kind),
	{ .question = "QS\r", .when = QX_STATUS, .take = take_status },
	{ .question = NULL },
};

static const struct qx_command commands[] = {
	QX_SEND("beeper.toggle", "Q"),
	QX_SEND("load.off", "S00R0000"),
	QX_SEND("load.on", "C"),
	QX_COMMAND("shutdown.return", QX_RETURN),
	QX_COMMAND("shutdown.stayoff", QX_STAYOFF),
	QX_SEND("shutdown.stop", "C"),
	{ .name = "test.battery.start.quick", .text = "T", .flag = 'T' },
	{ .name = NULL },
};

const struct qx_dialect qx_voltronic_qs_hex = {
	.name = "voltronic-qs-hex",
	.shown = "Voltronic-QS-Hex",
	.queries = queries,
	.check = check,
	.commands = commands,
	.off_max_s = 540,
	.on_min_s = 60,
	.test_min_s = 60,
	.cancel = "C\r",
};
