/* apc.c - APC: Back-UPS and Smart-UPS.  Their own page is ff86. */
#include "drivers/hid/rows.h"

#include <stdio.h>
#include <string.h>

#define GENERAL(x) "UPS.ff860005." x
#define PROBE(x) "UPS.ff860006.ff860007." x

static const struct hidups_word sensitivity[] = { { 0, "low" }, { 1, "medium" }, { 2, "high" },
	{ 0, NULL } };

static const struct hidups_var vars[] = {
	NUMBER("ambient.humidity", PROBE("Humidity"), 1, 0),
	OTHER("ambient.temperature", PROBE("Temperature"), HIDUPS_CELSIUS, 1, 0),
	OTHER("battery.mfr.date", "UPS.Battery.ManufacturerDate", HIDUPS_DATE, 0, RW),
	OTHER("battery.mfr.date", "UPS.PowerSummary.ff860016", HIDUPS_BCD_DATE, 0, ONCE),
	OTHER("battery.date", "UPS.Battery.ff860016", HIDUPS_BCD_DATE, 0, ONCE),
	NUMBER("ups.load", "UPS.Output.PercentLoad", 1, 0),
	NUMBER("output.voltage.nominal", "UPS.Output.ConfigVoltage", 1, ONCE),
	NUMBER("ups.timer.shutdown", GENERAL("ff86007d"), 0, QUICK),
	NUMBER("ups.timer.start", GENERAL("ff86007e"), 0, QUICK),
	NUMBER("ups.timer.reboot", GENERAL("ff86007c"), 0, QUICK),
	WORD("input.sensitivity", "UPS.Input.ff860061", sensitivity, RW),
	{ 0 },
};

/* Why it went to the battery the last time. */
#define CAUSES(state, values)                                                                      \
	{                                                                                          \
		"UPS.Input.ff860052", state, false, 0, 0, values                                   \
	}

/* 8 on line, 16 on battery, 0 off. */
static const struct hidups_flag flags[] = {
	CAUSES(HIDUPS_VOLTAGE_RANGE, 1 << 1 | 1 << 2 | 1 << 4 | 1 << 8 | 1 << 9),
	CAUSES(HIDUPS_FREQUENCY_RANGE, 1 << 7),
	UNLESS("UPS.PowerSummary.ff860060", HIDUPS_OFF, QUICK),
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "test.panel.start", "UPS.PowerSummary.ff860072", 1, false },
	{ "test.panel.start", "UPS.ff860072", 1, false },
	{ "test.panel.stop", "UPS.PowerSummary.ff860072", 0, false },
	{ "test.panel.stop", "UPS.ff860072", 0, false },
	{ "load.off.delay", GENERAL("ff86007d"), 20, true },
	{ "load.on.delay", GENERAL("ff86007e"), 30, true },
	{ "shutdown.return", "UPS.Output.ff86007c", 1, false },
	{ "shutdown.reboot", GENERAL("ff86007c"), 10, true },
	{ 0 },
};

/* "Back-UPS BX1600MI": it says low and replace for a moment when it tries its battery. */
static bool
is_bx_mi(const char *product)
{
	const char *bx = strstr(product, " BX");

	if (!bx)
		return false;
	bx += strlen(" BX");
	return !strncmp(bx + strspn(bx, "0123456789"), "MI", 2);
}

/* "Back-UPS CS 500 FW:808.q5.I USB FW:q5" */
static void
model(struct hidups *ups)
{
	const char *product = usb_about(ups->usb)->strings[USB_PRODUCT];
	const char *firmware = strstr(product, "FW:"), *usb = strstr(product, " USB FW:");
	size_t len = firmware ? (size_t)(firmware - product) : strlen(product);

	if (ups->doubt_seconds < 0 && is_bx_mi(product))
		ups->doubt_seconds = 3;
	while (len > 0 && product[len - 1] == ' ')
		len--;
	core_setf(ups->core, "ups.model", "%.*s", (int)len, product);
	if (firmware && (!usb || usb > firmware))
		core_setf(ups->core, "ups.firmware", "%.*s",
		    (int)(usb ? usb - firmware - 3 : (ptrdiff_t)strlen(firmware + 3)),
		    firmware + 3);
	if (usb)
		core_set(ups->core, "ups.firmware.aux", usb + strlen(" USB FW:"));
}

const struct hidups_vendor hidups_apc = {
	.name = "APC HID", .vars = vars, .flags = flags, .commands = commands, .model = model
};
