/* delta.c - Delta's Amplon.  Their own page is ffff. */
#include "drivers/hid/rows.h"

static const struct hidups_word types[] = { { 0, "online" }, { 1, "offline" },
	{ 2, "line-interactive" }, { 3, "offline" }, { 4, "line-interactive" }, { 5, "3-phase" },
	{ 6, "split-phase" }, { 0, NULL } };
static const struct hidups_word sources[] = { { 0, "normal" }, { 1, "battery" },
	{ 2, "bypass/reserve" }, { 3, "reducing" }, { 4, "boosting" }, { 5, "manual bypass" },
	{ 6, "other" }, { 7, "no output" }, { 8, "on eco" }, { 0, NULL } };

#define OWN(x) "UPS.ffff0010.[1].ffff" x
#define OUTLET(x) "UPS.OutletSystem.Outlet." x
#define OUTPUT(x) "UPS.PowerConverter.Output." x

static const struct hidups_var vars[] = {
	NUMBER("battery.capacity", "UPS.PowerSummary.DesignCapacity", 0, ONCE),
	NUMBER("battery.capacity", "UPS.PowerSummary.FullChargeCapacity", 0, ONCE),
	WORD("input.sensitivity", OWN("009b"), hidups_sensitivity, RW),
	WORD("input.source", OUTLET("ffff0091"), sources, 0),
	NUMBER("input.transfer.high", OUTPUT("HighVoltageTransfer"), 1, RW),
	NUMBER("input.transfer.high.max", OUTPUT("ffff0059"), 1, ONCE),
	NUMBER("input.transfer.high.min", OUTPUT("ffff005a"), 1, ONCE),
	NUMBER("input.transfer.low", OUTPUT("LowVoltageTransfer"), 1, RW),
	NUMBER("input.transfer.low.max", OUTPUT("ffff0057"), 1, ONCE),
	NUMBER("input.transfer.low.min", OUTPUT("ffff0058"), 1, ONCE),
	NUMBER("input.voltage", "UPS.PowerSummary.Input.Voltage", 1, 0),
	NUMBER("output.current", OUTPUT("Current"), 1, 0),
	NUMBER("ups.delay.start", OUTLET("ffff0081"), 0, RW),
	NUMBER("ups.load", OUTLET("PercentLoad"), 1, 0),
	NUMBER("ups.realpower", OUTLET("ActivePower"), 1, 0),
	NUMBER("ups.realpower", OUTPUT("ActivePower"), 1, 0),
	WORD("ups.start.auto", OWN("009c"), hidups_yes_no, RW),
	WORD("ups.type", OWN("007c"), types, ONCE),
	{ 0 },
};

static const struct hidups_flag flags[] = {
	UNLESS("UPS.PowerSummary.PresentStatus.Good", HIDUPS_OFF, QUICK),
	{ 0 },
};

const struct hidups_vendor hidups_delta = { .name = "Delta UPS HID", .vars = vars, .flags = flags };
