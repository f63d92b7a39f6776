/* apc.c - APC: Back-UPS and Smart-UPS.  Their own page is ff86. */
#include "drivers/hid/hidups.h"

#include <stdio.h>
#include <string.h>

#define GENERAL(x) "UPS.ff860005." x

static const struct hidups_word sensitivity[] = { { 0, "low" }, { 1, "medium" }, { 2, "high" },
	{ 0, NULL } };

static const struct hidups_var vars[] = {
	{ "battery.mfr.date", "UPS.PowerSummary.ff860016", HIDUPS_BCD_DATE, 0, NULL, HIDUPS_ONCE },
	{ "battery.date", "UPS.Battery.ff860016", HIDUPS_BCD_DATE, 0, NULL, HIDUPS_ONCE },
	{ "ups.timer.shutdown", GENERAL("ff86007d"), HIDUPS_NUMBER, 0, NULL, HIDUPS_QUICK },
	{ "ups.timer.start", GENERAL("ff86007e"), HIDUPS_NUMBER, 0, NULL, HIDUPS_QUICK },
	{ "ups.timer.reboot", GENERAL("ff86007c"), HIDUPS_NUMBER, 0, NULL, HIDUPS_QUICK },
	{ "input.sensitivity", "UPS.Input.ff860061", HIDUPS_WORD, 0, sensitivity, HIDUPS_RW },
	{ 0 },
};

/* 8 on line, 16 on battery, 0 off. */
static const struct hidups_flag flags[] = {
	{ "UPS.PowerSummary.ff860060", HIDUPS_OFF, true, HIDUPS_QUICK },
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "test.panel.start", "UPS.PowerSummary.ff860072", 1, false },
	{ "test.panel.start", "UPS.ff860072", 1, false },
	{ "test.panel.stop", "UPS.PowerSummary.ff860072", 0, false },
	{ "test.panel.stop", "UPS.ff860072", 0, false },
	{ "load.off.delay", GENERAL("ff86007d"), 20, true },
	{ "load.on.delay", GENERAL("ff86007e"), 30, true },
	{ "shutdown.reboot", GENERAL("ff86007c"), 10, true },
	{ 0 },
};

/* "Back-UPS CS 500 FW:808.q5.I USB FW:q5" */
static void
model(struct hidups *ups)
{
	const char *product = usb_about(ups->usb)->strings[USB_PRODUCT];
	const char *firmware = strstr(product, "FW:"), *usb = strstr(product, " USB FW:");
	size_t len = firmware ? (size_t)(firmware - product) : strlen(product);

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
