/* ever.c - Ever.  Its own page is ff00; what stands there (counters, its network card) is left to
 * explore. */
#include "drivers/hid/rows.h"

#define OUTLET(x) "UPS.OutletSystem.Outlet." x

static const struct hidups_word live[] = { { 0, "off" }, { 1, "on" }, { 0, NULL } };

static const struct hidups_var vars[] = {
	NUMBER("battery.capacity", "UPS.PowerSummary.DesignCapacity", 0, ONCE),
	NUMBER("battery.capacity", "UPS.PowerSummary.FullChargeCapacity", 0, ONCE),
	NUMBER("outlet.1.id", OUTLET("OutletID"), 0, ONCE),
	WORD("outlet.1.switchable", OUTLET("PresentStatus.Switchable"), hidups_yes_no, 0),
	WORD("outlet.1.status", OUTLET("PresentStatus.SwitchOn/Off"), live, 0),
	NUMBER("ups.load", "UPS.PowerConverter.Output.PercentLoad", 0, 0),
	NUMBER("ups.realpower.nominal", "UPS.Flow.ConfigActivePower", 0, ONCE),
	{ 0 },
};

/* It comes back with mains by itself. */
static const struct hidups_command commands[] = {
	{ "shutdown.return", "UPS.PowerSummary.DelayBeforeShutdown", 20, true },
	{ 0 },
};

const struct hidups_vendor hidups_ever = { .name = "Ever HID", .vars = vars, .commands = commands };
