/* tripplite.c - Tripp Lite.  Their own page is ffff. */
#include "drivers/hid/rows.h"

#define WATCHDOG "UPS.OutletSystem.Outlet.ffff0092"
#define OWN(x) "UPS.ffff0010.[1].ffff" x
#define OUTPUT(x) "UPS.PowerConverter.Output." x

static const struct hidups_var vars[] = {
	TEXT("device.part", OWN("007f")),
	NUMBER("ups.firmware", OWN("007c"), 0, ONCE),
	NUMBER("input.transfer.high", OUTPUT("HighVoltageTransfer"), 0, RW),
	NUMBER("input.transfer.high.max", OUTPUT("ffff0059"), 0, ONCE),
	NUMBER("input.transfer.high.min", OUTPUT("ffff005a"), 0, ONCE),
	NUMBER("input.transfer.low", OUTPUT("LowVoltageTransfer"), 0, RW),
	NUMBER("input.transfer.low.max", OUTPUT("ffff0057"), 0, ONCE),
	NUMBER("input.transfer.low.min", OUTPUT("ffff0058"), 0, ONCE),
	NUMBER("ups.load.nominal", "UPS.Flow.ConfigPercentLoad", 0, ONCE),
	NUMBER("ups.power", "UPS.OutletSystem.Outlet.ActivePower", 1, 0),
	NUMBER("ups.watchdog.status", WATCHDOG, 0, 0),
	NUMBER("output.voltage", "UPS.PowerSummary.Voltage", 1, 0),
	NONE("UPS.PowerSummary.Voltage"), /* not the battery's */
	NUMBER("ups.power", "UPS.PowerConverter.Output.ActivePower", 1, 0),
	NONE("UPS.PowerConverter.Output.ActivePower"),
	NUMBER("ups.timer.start", "UPS.OutletSystem.Outlet.ffff0056", 0, QUICK),
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "reset.watchdog", WATCHDOG, 60, false },
	{ "load.on.delay", "UPS.OutletSystem.Outlet.DelayBeforeStartup", 30, true },
	{ "load.on.delay", "UPS.OutletSystem.Outlet.ffff0056", 30, true },
	{ 0 },
};

const struct hidups_vendor hidups_tripplite = {
	.name = "TrippLite HID", .vars = vars, .commands = commands
};
