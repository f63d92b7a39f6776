/* others.c - vendors with little of their own. */
#include "drivers/hid/rows.h"

const struct hidups_vendor hidups_generic = { .name = "Generic HID" };
const struct hidups_vendor hidups_arduino = { .name = "Arduino HID" };
const struct hidups_vendor hidups_idowell = { .name = "iDowell HID" };

/* ---- Legrand ---- */

#define TENTH 0.1

static const struct hidups_var legrand[] = {
	TIMES("battery.voltage", "UPS.PowerSummary.Voltage", 1, 0, TENTH),
	TIMES("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 1, ONCE, TENTH),
	NUMBER("input.voltage.nominal", "UPS.Input.ConfigVoltage", 0, ONCE),
	NUMBER("input.voltage.nominal", "UPS.Flow.ConfigVoltage", 0, ONCE),
	{ 0 },
};

/* Its beeper knows no "off": muted it is silent. */
static const struct hidups_command legrand_commands[] = {
	{ "beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", 3, false },
	{ "beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", 2, false },
	{ NULL, "UPS.PowerSummary.AudibleAlarmControl", 0, false },
	{ 0 },
};

const struct hidups_vendor hidups_legrand = {
	.name = "Legrand HID", .vars = legrand, .commands = legrand_commands
};

/* ---- Powervar ---- */

static const struct hidups_var powervar[] = {
	NUMBER("battery.capacity", "UPS.PowerSummary.FullChargeCapacity", 0, ONCE),
	{ 0 },
};

const struct hidups_vendor hidups_powervar = { .name = "Powervar HID", .vars = powervar };

/* ---- Salicru ---- */

static const struct hidups_var salicru[] = {
	NUMBER("battery.voltage", "UPS.PowerSummary.Voltage", 2, 0),
	{ 0 },
};

const struct hidups_vendor hidups_salicru = { .name = "Salicru HID", .vars = salicru };
