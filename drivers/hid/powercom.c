/* powercom.c - Powercom, with the firmware that has the usages of the standard. */
#include "drivers/hid/hidups.h"

#include <math.h>
#include <string.h>

static const struct hidups_word beeper[] = { { 1, "enabled" }, { 2, "disabled" }, { 0, NULL } };

static const struct hidups_var vars[] = {
	{ "battery.date", "UPS.Battery.ManufacturerDate", HIDUPS_DATE, 0, NULL, HIDUPS_ONCE },
	{ "ups.date", "UPS.PowerSummary.ManufacturerDate", HIDUPS_DATE, 0, NULL, HIDUPS_ONCE },
	{ NULL, "UPS.Battery.ManufacturerDate", HIDUPS_DATE, 0, NULL, 0 },
	{ NULL, "UPS.PowerSummary.ManufacturerDate", HIDUPS_DATE, 0, NULL, 0 },
	{ NULL, "UPS.PowerSummary.Voltage", HIDUPS_NUMBER, 0, NULL, 0 }, /* the output's */
	{ NULL, "UPS.PowerSummary.Temperature", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.Battery.Voltage", HIDUPS_NUMBER, 0, NULL, 0 }, /* 1/256 V without a unit */
	{ NULL, "UPS.Battery.ConfigVoltage", HIDUPS_NUMBER, 0, NULL, 0 },
	{ "ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", HIDUPS_NUMBER, 0, NULL,
	    HIDUPS_QUICK },
	{ "ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", HIDUPS_NUMBER, 0, NULL,
	    HIDUPS_QUICK },
	{ NULL, "UPS.PowerSummary.DelayBeforeShutdown", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.PowerSummary.DelayBeforeStartup", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.Output.DelayBeforeShutdown", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.Output.DelayBeforeStartup", HIDUPS_NUMBER, 0, NULL, 0 },
	{ "ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", HIDUPS_WORD, 0, beeper, 0 },
	{ "ups.beeper.status", "UPS.AudibleAlarmControl", HIDUPS_WORD, 0, beeper, 0 },
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
	{ 0 },
};

const struct hidups_vendor hidups_powercom = {
	.name = "PowerCOM HID", .vars = vars, .commands = commands, .timer = timer, .mend = mend
};
