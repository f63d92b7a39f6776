/* base.c - the usages of the standard, as the devices use them.  Usage Tables for HID Power
 * Devices, 4 and 5; docs/variables.md. */
#include "drivers/hid/hidups.h"

const struct hidups_word hidups_yes_no[] = { { 0, "no" }, { 1, "yes" }, { 0, NULL } };
const struct hidups_word hidups_on_off[] = { { 0, "off" }, { 1, "on" }, { 0, NULL } };
const struct hidups_word hidups_beeper[] = { { 1, "disabled" }, { 2, "enabled" }, { 3, "muted" },
	{ 0, NULL } };
const struct hidups_word hidups_test[] = { { 1, "Done and passed" }, { 2, "Done and warning" },
	{ 3, "Done and error" }, { 4, "Aborted" }, { 5, "In progress" }, { 6, "No test initiated" },
	{ 7, "Test scheduled" }, { 0, NULL } };

#define NUMBER(name, path, decimals, flags)                                                        \
	{                                                                                          \
		name, path, HIDUPS_NUMBER, decimals, NULL, flags                                   \
	}
#define WORD(name, path, words, flags)                                                             \
	{                                                                                          \
		name, path, HIDUPS_WORD, 0, words, flags                                           \
	}
#define OTHER(name, path, how, decimals, flags)                                                    \
	{                                                                                          \
		name, path, how, decimals, NULL, flags                                             \
	}

static const struct hidups_var vars[] = {
	NUMBER("battery.charge", "UPS.PowerSummary.RemainingCapacity", 0, HIDUPS_QUICK),
	NUMBER("battery.charge", "UPS.BatterySystem.Battery.RemainingCapacity", 0, 0),
	NUMBER("battery.charge", "UPS.Battery.RemainingCapacity", 0, 0),
	NUMBER(HIDUPS_CAPACITY_MODE, "UPS.PowerSummary.CapacityMode", 0, HIDUPS_ONCE),
	NUMBER(HIDUPS_CAPACITY_FULL, "UPS.PowerSummary.FullChargeCapacity", 0, HIDUPS_ONCE),
	NUMBER("battery.charge.low", "UPS.PowerSummary.RemainingCapacityLimit", 0, HIDUPS_RW),
	NUMBER("battery.charge.warning", "UPS.PowerSummary.WarningCapacityLimit", 0, 0),
	NUMBER("battery.runtime", "UPS.PowerSummary.RunTimeToEmpty", 0, 0),
	NUMBER("battery.runtime", "UPS.Battery.RunTimeToEmpty", 0, 0),
	NUMBER("battery.runtime.low", "UPS.PowerSummary.RemainingTimeLimit", 0, HIDUPS_RW),
	NUMBER("battery.runtime.low", "UPS.Battery.RemainingTimeLimit", 0, HIDUPS_RW),
	NUMBER("battery.voltage", "UPS.Battery.Voltage", 1, 0),
	NUMBER("battery.voltage", "UPS.BatterySystem.Battery.Voltage", 1, 0),
	NUMBER("battery.voltage", "UPS.BatterySystem.Voltage", 1, 0),
	NUMBER("battery.voltage", "UPS.PowerSummary.Voltage", 1, 0),
	NUMBER("battery.voltage.nominal", "UPS.Battery.ConfigVoltage", 1, HIDUPS_ONCE),
	NUMBER(
	    "battery.voltage.nominal", "UPS.BatterySystem.Battery.ConfigVoltage", 1, HIDUPS_ONCE),
	NUMBER("battery.voltage.nominal", "UPS.BatterySystem.ConfigVoltage", 1, HIDUPS_ONCE),
	NUMBER("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 1, HIDUPS_ONCE),
	NUMBER("battery.current", "UPS.PowerSummary.Current", 2, 0),
	OTHER("battery.temperature", "UPS.Battery.Temperature", HIDUPS_CELSIUS, 1, 0),
	OTHER("battery.temperature", "UPS.BatterySystem.Battery.Temperature", HIDUPS_CELSIUS, 1, 0),
	OTHER("battery.temperature", "UPS.BatterySystem.Temperature", HIDUPS_CELSIUS, 1, 0),
	OTHER("battery.type", "UPS.PowerSummary.iDeviceChemistry", HIDUPS_STRING, 0, HIDUPS_ONCE),
	OTHER("battery.mfr.date", "UPS.Battery.ManufacturerDate", HIDUPS_DATE, 0, HIDUPS_ONCE),
	OTHER("ups.mfr.date", "UPS.PowerSummary.ManufacturerDate", HIDUPS_DATE, 0, HIDUPS_ONCE),
	OTHER("ups.mfr.date", "UPS.ManufacturerDate", HIDUPS_DATE, 0, HIDUPS_ONCE),

	NUMBER("ups.load", "UPS.Output.PercentLoad", 0, 0),
	NUMBER("ups.load", "UPS.PowerSummary.PercentLoad", 0, 0),
	NUMBER("ups.load", "UPS.OutletSystem.Outlet.PercentLoad", 0, 0),
	NUMBER("ups.load", "UPS.PowerConverter.PercentLoad", 0, 0),
	NUMBER("ups.load", "UPS.PowerConverter.Output.PercentLoad", 0, 0),
	NUMBER("ups.load.high", "UPS.Flow.[4].ConfigPercentLoad", 0, HIDUPS_RW),
	NUMBER("ups.power", "UPS.PowerConverter.Output.ApparentPower", 0, 0),
	NUMBER("ups.power.nominal", "UPS.Flow.[4].ConfigApparentPower", 0, HIDUPS_ONCE),
	NUMBER("ups.power.nominal", "UPS.Flow.ConfigApparentPower", 0, HIDUPS_ONCE),
	NUMBER("ups.realpower", "UPS.PowerConverter.Output.ActivePower", 0, 0),
	NUMBER("ups.realpower.nominal", "UPS.Flow.[4].ConfigActivePower", 0, HIDUPS_ONCE),
	NUMBER("ups.realpower.nominal", "UPS.Output.ConfigActivePower", 0, HIDUPS_ONCE),
	NUMBER("ups.realpower.nominal", "UPS.PowerConverter.ConfigActivePower", 0, HIDUPS_ONCE),
	OTHER("ups.temperature", "UPS.PowerSummary.Temperature", HIDUPS_CELSIUS, 1, 0),
	WORD("ups.beeper.status", "UPS.PowerSummary.AudibleAlarmControl", hidups_beeper, 0),
	WORD(
	    "ups.beeper.status", "UPS.BatterySystem.Battery.AudibleAlarmControl", hidups_beeper, 0),
	WORD("ups.beeper.status", "UPS.AudibleAlarmControl", hidups_beeper, 0),
	WORD("ups.test.result", "UPS.BatterySystem.Battery.Test", hidups_test, 0),
	WORD("ups.test.result", "UPS.BatterySystem.Test", hidups_test, 0),
	WORD("ups.test.result", "UPS.Battery.Test", hidups_test, 0),
	WORD("ups.test.result", "UPS.Output.Test", hidups_test, 0),
	NUMBER("ups.timer.shutdown", "UPS.PowerSummary.DelayBeforeShutdown", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.shutdown", "UPS.Output.DelayBeforeShutdown", 0, HIDUPS_QUICK),
	NUMBER(
	    "ups.timer.shutdown", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.start", "UPS.PowerSummary.DelayBeforeStartup", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.start", "UPS.Output.DelayBeforeStartup", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.start", "UPS.OutletSystem.Outlet.DelayBeforeStartup", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.reboot", "UPS.PowerSummary.DelayBeforeReboot", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.reboot", "UPS.Output.DelayBeforeReboot", 0, HIDUPS_QUICK),
	NUMBER("ups.timer.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", 0, HIDUPS_QUICK),

	NUMBER("input.voltage", "UPS.Input.Voltage", 1, 0),
	NUMBER("input.voltage", "UPS.PowerConverter.Input.[1].Voltage", 1, 0),
	NUMBER("input.voltage", "UPS.PowerConverter.Input.Voltage", 1, 0),
	NUMBER("input.voltage", "UPS.PowerSummary.Input.Voltage", 1, 0),
	NUMBER("input.voltage.nominal", "UPS.Input.ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("input.voltage.nominal", "UPS.Flow.[1].ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("input.voltage.nominal", "UPS.PowerSummary.Input.ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("input.frequency", "UPS.Input.Frequency", 1, 0),
	NUMBER("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", 1, 0),
	NUMBER("input.frequency", "UPS.PowerConverter.Input.Frequency", 1, 0),
	NUMBER("input.transfer.low", "UPS.Input.LowVoltageTransfer", 0, HIDUPS_RW),
	NUMBER("input.transfer.low", "UPS.Output.LowVoltageTransfer", 0, HIDUPS_RW),
	NUMBER("input.transfer.low", "UPS.PowerConverter.Output.LowVoltageTransfer", 0, HIDUPS_RW),
	NUMBER("input.transfer.high", "UPS.Input.HighVoltageTransfer", 0, HIDUPS_RW),
	NUMBER("input.transfer.high", "UPS.Output.HighVoltageTransfer", 0, HIDUPS_RW),
	NUMBER(
	    "input.transfer.high", "UPS.PowerConverter.Output.HighVoltageTransfer", 0, HIDUPS_RW),

	NUMBER("output.voltage", "UPS.Output.Voltage", 1, 0),
	NUMBER("output.voltage", "UPS.PowerConverter.Output.Voltage", 1, 0),
	NUMBER("output.voltage.nominal", "UPS.Output.ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("output.voltage.nominal", "UPS.Flow.ConfigVoltage", 0, HIDUPS_ONCE),
	NUMBER("output.current", "UPS.Output.Current", 2, 0),
	NUMBER("output.current", "UPS.PowerConverter.Output.Current", 2, 0),
	NUMBER("output.frequency", "UPS.Output.Frequency", 1, 0),
	NUMBER("output.frequency", "UPS.PowerConverter.Output.Frequency", 1, 0),
	NUMBER("output.frequency.nominal", "UPS.Output.ConfigFrequency", 0, HIDUPS_ONCE),
	NUMBER("output.frequency.nominal", "UPS.Flow.[4].ConfigFrequency", 0, HIDUPS_ONCE),
	NUMBER("output.frequency.nominal", "UPS.Flow.ConfigFrequency", 0, HIDUPS_ONCE),
	{ 0 },
};

#define Q HIDUPS_QUICK
#define PRESENT(x) "UPS.PowerSummary.PresentStatus." x

static const struct hidups_flag flags[] = {
	{ PRESENT("ACPresent"), HIDUPS_ONLINE, false, Q },
	{ "UPS.PowerSummary.ACPresent", HIDUPS_ONLINE, false, Q },
	{ "UPS.PresentStatus.ACPresent", HIDUPS_ONLINE, false, Q },
	{ PRESENT("Discharging"), HIDUPS_DISCHARGING, false, Q },
	{ "UPS.PowerSummary.Discharging", HIDUPS_DISCHARGING, false, Q },
	{ "UPS.PresentStatus.Discharging", HIDUPS_DISCHARGING, false, Q },
	{ PRESENT("Charging"), HIDUPS_CHARGING, false, Q },
	{ "UPS.PowerSummary.Charging", HIDUPS_CHARGING, false, Q },
	{ "UPS.PresentStatus.Charging", HIDUPS_CHARGING, false, Q },
	{ PRESENT("BelowRemainingCapacityLimit"), HIDUPS_LOW, false, Q },
	{ "UPS.PowerSummary.BelowRemainingCapacityLimit", HIDUPS_LOW, false, Q },
	{ "UPS.PresentStatus.BelowRemainingCapacityLimit", HIDUPS_LOW, false, Q },
	{ PRESENT("RemainingTimeLimitExpired"), HIDUPS_TIME_LOW, false, Q },
	{ "UPS.PresentStatus.RemainingTimeLimitExpired", HIDUPS_TIME_LOW, false, Q },
	{ PRESENT("ShutdownImminent"), HIDUPS_IMMINENT, false, Q },
	{ "UPS.PowerSummary.ShutdownImminent", HIDUPS_IMMINENT, false, Q },
	{ "UPS.PresentStatus.ShutdownImminent", HIDUPS_IMMINENT, false, Q },
	{ PRESENT("FullyCharged"), HIDUPS_FULL, false, 0 },
	{ PRESENT("FullyDischarged"), HIDUPS_EMPTY, false, 0 },
	{ PRESENT("Overload"), HIDUPS_OVERLOAD, false, 0 },
	{ "UPS.PresentStatus.Overload", HIDUPS_OVERLOAD, false, 0 },
	{ "UPS.Output.Overload", HIDUPS_OVERLOAD, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.Overload", HIDUPS_OVERLOAD, false, 0 },
	{ PRESENT("NeedReplacement"), HIDUPS_REPLACE, false, 0 },
	{ "UPS.PresentStatus.NeedReplacement", HIDUPS_REPLACE, false, 0 },
	{ "UPS.Output.Boost", HIDUPS_BOOST, false, 0 },
	{ "UPS.PresentStatus.Boost", HIDUPS_BOOST, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.Boost", HIDUPS_BOOST, false, 0 },
	{ "UPS.PowerConverter.Input.[1].PresentStatus.Boost", HIDUPS_BOOST, false, 0 },
	{ "UPS.PresentStatus.Buck", HIDUPS_TRIM, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.Buck", HIDUPS_TRIM, false, 0 },
	{ "UPS.PowerConverter.Input.[1].PresentStatus.Buck", HIDUPS_TRIM, false, 0 },
	{ PRESENT("BatteryPresent"), HIDUPS_NO_BATTERY, true, 0 },
	{ "UPS.PresentStatus.BatteryPresent", HIDUPS_NO_BATTERY, true, 0 },
	{ "UPS.BatterySystem.Battery.PresentStatus.Present", HIDUPS_NO_BATTERY, true, 0 },
	{ PRESENT("InternalFailure"), HIDUPS_FAULT, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.InternalFailure", HIDUPS_FAULT, false, 0 },
	{ PRESENT("CommunicationLost"), HIDUPS_FAULT, false, 0 },
	{ PRESENT("OverTemperature"), HIDUPS_HOT, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.OverTemperature", HIDUPS_HOT, false, 0 },
	{ "UPS.PowerConverter.PresentStatus.AwaitingPower", HIDUPS_AWAITING, false, 0 },
	{ "UPS.BatterySystem.Charger.PresentStatus.InternalFailure", HIDUPS_CHARGER, false, 0 },
	{ "UPS.PowerConverter.Input.[1].PresentStatus.VoltageOutOfRange", HIDUPS_VOLTAGE_RANGE,
	    false, 0 },
	{ "UPS.PowerConverter.PresentStatus.VoltageOutOfRange", HIDUPS_VOLTAGE_RANGE, false, 0 },
	{ "UPS.PowerConverter.Input.[1].PresentStatus.FrequencyOutOfRange", HIDUPS_FREQUENCY_RANGE,
	    false, 0 },
	{ 0 },
};

/* Where the same can be done in several places, the first that there is. */
static const struct hidups_command commands[] = {
	{ "test.battery.start.quick", "UPS.BatterySystem.Battery.Test", 1, false },
	{ "test.battery.start.quick", "UPS.BatterySystem.Test", 1, false },
	{ "test.battery.start.quick", "UPS.Battery.Test", 1, false },
	{ "test.battery.start.quick", "UPS.Output.Test", 1, false },
	{ "test.battery.start.deep", "UPS.BatterySystem.Battery.Test", 2, false },
	{ "test.battery.start.deep", "UPS.BatterySystem.Test", 2, false },
	{ "test.battery.start.deep", "UPS.Battery.Test", 2, false },
	{ "test.battery.start.deep", "UPS.Output.Test", 2, false },
	{ "test.battery.stop", "UPS.BatterySystem.Battery.Test", 3, false },
	{ "test.battery.stop", "UPS.BatterySystem.Test", 3, false },
	{ "test.battery.stop", "UPS.Battery.Test", 3, false },
	{ "test.battery.stop", "UPS.Output.Test", 3, false },
	{ "load.off.delay", "UPS.PowerSummary.DelayBeforeShutdown", 20, true },
	{ "load.off.delay", "UPS.Output.DelayBeforeShutdown", 20, true },
	{ "load.off.delay", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", 20, true },
	{ "load.on.delay", "UPS.PowerSummary.DelayBeforeStartup", 30, true },
	{ "load.on.delay", "UPS.Output.DelayBeforeStartup", 30, true },
	{ "load.on.delay", "UPS.OutletSystem.Outlet.DelayBeforeStartup", 30, true },
	{ "shutdown.reboot", "UPS.PowerSummary.DelayBeforeReboot", 10, true },
	{ "shutdown.reboot", "UPS.Output.DelayBeforeReboot", 10, true },
	{ "shutdown.reboot", "UPS.OutletSystem.Outlet.DelayBeforeReboot", 10, true },
	{ "beeper.disable", "UPS.PowerSummary.AudibleAlarmControl", 1, false },
	{ "beeper.disable", "UPS.BatterySystem.Battery.AudibleAlarmControl", 1, false },
	{ "beeper.enable", "UPS.PowerSummary.AudibleAlarmControl", 2, false },
	{ "beeper.enable", "UPS.BatterySystem.Battery.AudibleAlarmControl", 2, false },
	{ "beeper.mute", "UPS.PowerSummary.AudibleAlarmControl", 3, false },
	{ "beeper.mute", "UPS.BatterySystem.Battery.AudibleAlarmControl", 3, false },
	{ 0 },
};

const struct hidups_vendor hidups_base = {
	.name = "base", .vars = vars, .flags = flags, .commands = commands
};
