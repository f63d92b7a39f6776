/* mge.c - Eaton, MGE and those whose insides they make.  Their own page is ffff. */
#include "drivers/hid/hidups.h"

#include <stdio.h>
#include <string.h>

static const struct hidups_word types[] = { { 1, "offline / line interactive" }, { 2, "online" },
	{ 0, NULL } };

#define OUTLET(n) "UPS.OutletSystem.Outlet.[" #n "]."

static const struct hidups_var vars[] = {
	{ "battery.charge.low", "UPS.PowerSummary.ffff004d", HIDUPS_NUMBER, 0, NULL, HIDUPS_RW },
	{ "ups.firmware", "UPS.PowerSummary.ffff00f1", HIDUPS_STRING, 0, NULL, HIDUPS_ONCE },
	{ "ups.model.aux", "UPS.PowerSummary.ffff00f0", HIDUPS_STRING, 0, NULL, HIDUPS_ONCE },
	{ "ups.type", "UPS.PowerConverter.ffff0041", HIDUPS_WORD, 0, types, HIDUPS_ONCE },
	{ "outlet.id", OUTLET(1) "OutletID", HIDUPS_NUMBER, 0, NULL, HIDUPS_ONCE },
	{ "outlet.switchable", OUTLET(1) "PresentStatus.Switchable", HIDUPS_WORD, 0, hidups_yes_no,
	    HIDUPS_ONCE },
	{ "outlet.1.id", OUTLET(2) "OutletID", HIDUPS_NUMBER, 0, NULL, HIDUPS_ONCE },
	{ "outlet.1.switchable", OUTLET(2) "PresentStatus.Switchable", HIDUPS_WORD, 0,
	    hidups_yes_no, HIDUPS_ONCE },
	{ "outlet.1.status", OUTLET(2) "PresentStatus.SwitchOn/Off", HIDUPS_WORD, 0, hidups_on_off,
	    0 },
	{ "outlet.2.id", OUTLET(3) "OutletID", HIDUPS_NUMBER, 0, NULL, HIDUPS_ONCE },
	{ "outlet.2.switchable", OUTLET(3) "PresentStatus.Switchable", HIDUPS_WORD, 0,
	    hidups_yes_no, HIDUPS_ONCE },
	{ "outlet.2.status", OUTLET(3) "PresentStatus.SwitchOn/Off", HIDUPS_WORD, 0, hidups_on_off,
	    0 },
	{ 0 },
};

static const struct hidups_flag flags[] = {
	{ "UPS.PowerSummary.PresentStatus.Good", HIDUPS_OFF, true, HIDUPS_QUICK },
	{ "UPS.PowerConverter.Input.[2].PresentStatus.Used", HIDUPS_BYPASS, false, 0 },
	{ "UPS.PowerConverter.Input.[4].PresentStatus.Used", HIDUPS_BYPASS, false, 0 },
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "outlet.1.load.off", OUTLET(2) "DelayBeforeShutdown", 0, false },
	{ "outlet.1.load.on", OUTLET(2) "DelayBeforeStartup", 0, false },
	{ "outlet.2.load.off", OUTLET(3) "DelayBeforeShutdown", 0, false },
	{ "outlet.2.load.on", OUTLET(3) "DelayBeforeStartup", 0, false },
	{ 0 },
};

/* The product's string is the family, the model stands in another: "Eaton 3S" and "3S 700". */
static void
model(struct hidups *ups)
{
	const char *family = usb_about(ups->usb)->strings[USB_PRODUCT];
	const char *which = hidups_string(ups, "ups.model.aux");

	core_setf(ups->core, "ups.model", "%s%s%s", family, which && *which ? " " : "",
	    which ? which : "");
	if (core_get(ups->core, "outlet.id"))
		core_set(ups->core, "outlet.desc", "Main Outlet");
	if (core_get(ups->core, "outlet.1.id"))
		core_set(ups->core, "outlet.1.desc", "PowerShare Outlet 1");
	if (core_get(ups->core, "outlet.2.id"))
		core_set(ups->core, "outlet.2.desc", "PowerShare Outlet 2");
}

const struct hidups_vendor hidups_mge = {
	.name = "MGE HID", .vars = vars, .flags = flags, .commands = commands, .model = model
};
