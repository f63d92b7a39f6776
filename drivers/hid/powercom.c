/* powercom.c - Powercom, with the firmware that has the usages of the standard. */
#include "drivers/hid/rows.h"

#include <math.h>
#include <string.h>

static const struct hidups_word beeper[] = { { 1, "enabled" }, { 2, "disabled" }, { 0, NULL } };

/* Older firmware has all on page 2, without a usage of the standard. */
#define OLD(x) "00020004." x
#define OLD_OUTPUT(x) "00020004.00020016.0002001c." x

static const struct hidups_var vars[] = {
	NUMBER("battery.charge", OLD("00020010.00020030"), 0, QUICK),
	NUMBER("battery.temperature", OLD("00020010.00020036"), 0, 0),
	NUMBER("input.frequency", OLD("00020016.0002001a.00020032"), 0, 0),
	TIMES("input.voltage", OLD("00020016.0002001a.00020030"), 0, 0, 4),
	NUMBER("output.frequency", OLD_OUTPUT("00020032"), 0, 0),
	TIMES("output.voltage", OLD_OUTPUT("00020030"), 0, 0, 4),
	NUMBER("ups.load", OLD_OUTPUT("00020035"), 0, 0),
	WORD("ups.test.result", OLD("00020016.00020058"), hidups_test, 0),
	OTHER("ups.mfr.date", OLD("00020085"), HIDUPS_DATE, 0, ONCE),
	NUMBER("ups.delay.shutdown", OLD("00020016.00020057"), 0, 0),
	NUMBER("ups.delay.start", OLD("00020016.00020056"), 0, 0),
	OTHER("battery.date", "UPS.Battery.ManufacturerDate", HIDUPS_DATE, 0, ONCE),
	OTHER("ups.date", "UPS.PowerSummary.ManufacturerDate", HIDUPS_DATE, 0, ONCE),
	NONE("UPS.Battery.ManufacturerDate"),
	NONE("UPS.PowerSummary.ManufacturerDate"),
	NONE("UPS.PowerSummary.Voltage"), /* the output's */
	NONE("UPS.PowerSummary.Temperature"),
	NONE("UPS.Battery.Voltage"), /* 1/256 V without a unit */
	NONE("UPS.Battery.ConfigVoltage"),
	NUMBER("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", 0, QUICK),
	NUMBER("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", 0, QUICK),
	NONE("UPS.PowerSummary.DelayBeforeShutdown"),
	NONE("UPS.PowerSummary.DelayBeforeStartup"),
	NONE("UPS.Output.DelayBeforeShutdown"),
	NONE("UPS.Output.DelayBeforeStartup"),
	WORD("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", beeper, 0),
	WORD("ups.beeper.status", "UPS.AudibleAlarmControl", beeper, 0),
	{ 0 },
};

#define BIT(leaf, state, zero, bit, flags)                                                         \
	{                                                                                          \
		OLD_OUTPUT(leaf), state, zero, flags, bit, 0                                       \
	}

static const struct hidups_flag flags[] = {
	BIT("00020082", HIDUPS_ONLINE, true, 0x01, QUICK),
	BIT("00020082", HIDUPS_LOW, false, 0x02, QUICK),
	BIT("00020081", HIDUPS_LOW, false, 0x10, QUICK | ALSO),
	BIT("00020082", HIDUPS_TRIM, false, 0x08, 0),
	BIT("00020082", HIDUPS_OVERLOAD, false, 0x20, 0),
	BIT("00020081", HIDUPS_FAN, false, 0x01, 0),
	BIT("00020081", HIDUPS_REPLACE, false, 0x02, 0),
	BIT("00020081", HIDUPS_CALIBRATION, false, 0x04, 0),
	{ 0 },
};

/* docs/devices/hid.md, 7.2 and 7.3. */
enum { ON, AND_RETURN = 0x4000, AND_STAY_OFF = 0x8000 };
#define SECONDS(raw) ((raw) >> 8 & 0x3f)
#define MOST_MINUTES 255

static int64_t
timer(const struct hidups_command *row, double seconds)
{
	int64_t whole = (int64_t)ceil(fmax(0, seconds)), minutes = (whole + 59) / 60;

	if (row->value == ON) {
		if (minutes > 0xffff)
			minutes = 0xffff;
		return minutes >> 8 | (minutes & 0xff) << 8;
	}
	if (whole > MOST_MINUTES * 60)
		whole = MOST_MINUTES * 60;
	return whole / 60 | whole % 60 << 8 | row->value;
}

static double
mend(const struct hidups *ups, const struct hidups_var *var, double value)
{
	int raw = (int)value;

	if (value < 0)
		return value;
	if (!strcmp(var->name, "ups.timer.shutdown"))
		return (raw & 0xff) * 60 + SECONDS(raw);
	if (!strcmp(var->name, "ups.timer.start"))
		return 60 * ((raw & 0xff) << 8 | (raw >> 8 & 0xff));
	return value;
}

static const struct hidups_command commands[] = {
	{ "beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", 1, false },
	{ "beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", 0, false },
	{ NULL, "UPS.PowerSummary.AudibleAlarmControl", 0, false },
	{ "shutdown.return", "UPS.PowerSummary.DelayBeforeShutdown", AND_RETURN, true },
	{ "shutdown.stayoff", "UPS.PowerSummary.DelayBeforeShutdown", AND_STAY_OFF, true },
	{ "load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", ON, true },
	{ "load.off", OLD("00020016.00020057"), 0, false },
	{ 0 },
};

const struct hidups_vendor hidups_powercom = { .name = "PowerCOM HID",
	.vars = vars,
	.flags = flags,
	.commands = commands,
	.timer = timer,
	.mend = mend };
