/* belkin.c - Belkin, and what Liebert sold of the same make.  Their own page is 86, in collections
 * of its own, without the usages of the standard in most units: so these are not theirs alone. */
#include "drivers/hid/rows.h"

static const struct hidups_word types[] = { { 0, "online" }, { 1, "offline" },
	{ 2, "line-interactive" }, { 3, "simple online" }, { 4, "simple offline" },
	{ 5, "simple line-interactive" }, { 0, NULL } };

#define BATTERY(x) "UPS.00860010.0086" x
#define CONFIG(x) "UPS.00860026.0086" x
#define CONTROLS(x) "UPS.00860027.0086" x
#define STATUS(x) "UPS.00860028.0086" x
#define DEVICE(x) "UPS.00860029.0086" x
#define INPUT(x) "UPS.0086002a.0086001a.0086" x
#define OUTPUT(x) "UPS.0086002a.0086001c.0086" x
#define TENTH 0.1

static const struct hidups_var vars[] = {
	NUMBER("battery.charge", BATTERY("0039"), 0, QUICK),
	TIMES("battery.voltage", BATTERY("0030"), 1, 0, TENTH),
	NUMBER("battery.voltage.nominal", CONFIG("0044"), 0, ONCE),
	TIMES("input.frequency", INPUT("0032"), 1, 0, TENTH),
	NUMBER("input.frequency.nominal", CONFIG("0042"), 0, ONCE),
	WORD("input.sensitivity", DEVICE("0074"), hidups_sensitivity, RW),
	NUMBER("input.transfer.high", CONFIG("0054"), 0, RW),
	NUMBER("input.transfer.high.max", CONFIG("005d"), 0, ONCE),
	NUMBER("input.transfer.high.min", CONFIG("005e"), 0, ONCE),
	NUMBER("input.transfer.low", CONFIG("0053"), 0, RW),
	NUMBER("input.transfer.low.max", CONFIG("005b"), 0, ONCE),
	NUMBER("input.transfer.low.min", CONFIG("005c"), 0, ONCE),
	TIMES("input.voltage", INPUT("0030"), 1, 0, TENTH),
	NUMBER("input.voltage.nominal", CONFIG("0040"), 0, ONCE),
	TIMES("output.frequency", OUTPUT("0032"), 1, 0, TENTH),
	TIMES("output.voltage", OUTPUT("0030"), 1, 0, TENTH),
	WORD("ups.beeper.status", CONTROLS("005a"), hidups_beeper, 0),
	NUMBER("ups.load", OUTPUT("0035"), 0, 0),
	NUMBER("ups.load.high", CONFIG("0045"), 0, ONCE),
	NUMBER("ups.power.nominal", CONFIG("0043"), 0, ONCE),
	WORD("ups.test.result", CONTROLS("0058"), hidups_test, 0),
	NUMBER("ups.timer.reboot", CONTROLS("0055"), 0, QUICK),
	NUMBER("ups.timer.shutdown", CONTROLS("0057"), 0, QUICK),
	NUMBER("ups.timer.start", CONTROLS("0056"), 0, QUICK),
	{ "ups.type", DEVICE("007c"), HIDUPS_WORD, 0, types, ONCE, 0, 0x0f },
	{ "ups.firmware", DEVICE("007c"), HIDUPS_NUMBER, 0, NULL, ONCE, 0, 0xfff0 },
	{ 0 },
};

#define BIT(path, state, zero, bit)                                                                \
	{                                                                                          \
		path, state, zero, QUICK, bit, 0                                                   \
	}

static const struct hidups_flag flags[] = {
	BIT(STATUS("0021"), HIDUPS_ONLINE, true, 0x01),
	BIT(STATUS("0021"), HIDUPS_OVERLOAD, false, 0x10),
	BIT(STATUS("0022"), HIDUPS_LOW, false, 0x04),
	BIT(STATUS("0022"), HIDUPS_REPLACE, false, 0x80),
	{ 0 },
};

/* 0 is not understood by all of them: at once is a second. */
static const struct hidups_command commands[] = {
	{ "test.battery.start.quick", CONTROLS("0058"), 1, false },
	{ "test.battery.start.deep", CONTROLS("0058"), 2, false },
	{ "test.battery.stop", CONTROLS("0058"), 3, false },
	{ "load.off", CONTROLS("0057"), 1, false },
	{ "load.off.delay", CONTROLS("0057"), 20, true },
	{ "load.on", CONTROLS("0056"), 1, false },
	{ "load.on.delay", CONTROLS("0056"), 30, true },
	{ "shutdown.reboot", CONTROLS("0055"), 10, true },
	{ "beeper.disable", CONTROLS("005a"), 1, false },
	{ "beeper.off", CONTROLS("005a"), 1, false },
	{ "beeper.enable", CONTROLS("005a"), 2, false },
	{ "beeper.on", CONTROLS("005a"), 2, false },
	{ "beeper.mute", CONTROLS("005a"), 3, false },
	{ 0 },
};

const struct hidups_vendor hidups_belkin = {
	.name = "Belkin/Liebert HID", .vars = vars, .flags = flags, .commands = commands
};
