/* powercom.c - Powercom, with the firmware that has the usages of the standard. */
#include "drivers/hid/hidups.h"

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
	{ NULL, "UPS.PowerSummary.DelayBeforeShutdown", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.PowerSummary.DelayBeforeStartup", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.Output.DelayBeforeShutdown", HIDUPS_NUMBER, 0, NULL, 0 },
	{ NULL, "UPS.Output.DelayBeforeStartup", HIDUPS_NUMBER, 0, NULL, 0 },
	{ "ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", HIDUPS_WORD, 0, beeper, 0 },
	{ "ups.beeper.status", "UPS.AudibleAlarmControl", HIDUPS_WORD, 0, beeper, 0 },
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "beeper.toggle", "UPS.PowerSummary.AudibleAlarmControl", 1, false },
	{ "beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", 1, false },
	{ "beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", 0, false },
	{ NULL, "UPS.PowerSummary.AudibleAlarmControl", 0, false },
	{ 0 },
};

const struct hidups_vendor hidups_powercom = {
	.name = "PowerCOM HID", .vars = vars, .commands = commands
};
