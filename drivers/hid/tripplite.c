/* tripplite.c - Tripp Lite.  Their own page is ffff. */
#include "drivers/hid/hidups.h"

static const struct hidups_var vars[] = {
	{ "output.voltage", "UPS.PowerSummary.Voltage", HIDUPS_NUMBER, 1, NULL, 0 },
	{ NULL, "UPS.PowerSummary.Voltage", HIDUPS_NUMBER, 0, NULL, 0 }, /* not the battery's */
	{ "ups.power", "UPS.PowerConverter.Output.ActivePower", HIDUPS_NUMBER, 1, NULL, 0 },
	{ NULL, "UPS.PowerConverter.Output.ActivePower", HIDUPS_NUMBER, 0, NULL, 0 },
	{ "ups.timer.start", "UPS.OutletSystem.Outlet.ffff0056", HIDUPS_NUMBER, 0, NULL,
	    HIDUPS_QUICK },
	{ 0 },
};

static const struct hidups_command commands[] = {
	/* The watchdog of newer firmware is no substitute for a reboot: it is left alone. */
	{ "load.on.delay", "UPS.OutletSystem.Outlet.DelayBeforeStartup", 30, true },
	{ "load.on.delay", "UPS.OutletSystem.Outlet.ffff0056", 30, true },
	{ 0 },
};

const struct hidups_vendor hidups_tripplite = {
	.name = "TrippLite HID", .vars = vars, .commands = commands
};
