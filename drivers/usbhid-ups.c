/* usbhid-ups.c - UPSes that are USB HID power devices.  docs/man/usbhid-ups.8; docs/devices/hid.md
 */
#include "drivers/hid/hidups.h"

#include <stdlib.h>

static const struct driver_option options[] = {
	USB_OPTIONS,
	{ "offdelay", false, "s until the load is switched off (20)" },
	{ "ondelay", false, "s until it is switched on again (30)" },
	{ "pollfreq", false, "s between full updates (30)" },
	{ "pollonly", true, "Do not listen to interrupt reports" },
	{ "interruptonly", true, "Do not ask: listen alone" },
	{ "interruptsize", false, "Taken, and means nothing: any length is read" },
	{ "maxreport", true, "Ask for more bytes than the descriptor says" },
	{ "onlinedischarge", true, "Discharging with mains is on battery" },
	{ "onlinedischarge_onbattery", true, "The same" },
	{ "onlinedischarge_calibration", true, "Discharging with mains is a calibration" },
	{ "explore", true, "Say each field of its reports, in the log" },
	{ NULL, false, NULL },
};

static void
free_device(void *device)
{
	struct hidups *ups = device;

	hid_free(&ups->hid);
	usb_free(ups->usb);
	free(ups);
}

static void *new (struct core *core)
{
	struct hidups *ups = calloc(1, sizeof(*ups));

	if (!ups)
		return NULL;
	ups->core = core;
	ups->usb = usb_new(core, hidups_known);
	ups->off_delay = core_option_number(core, "offdelay", -1, 1e6, 20);
	ups->on_delay = core_option_number(core, "ondelay", -1, 1e6, 30);
	ups->poll_seconds = (long)core_option_number(core, "pollfreq", 1, 86400, 30);
	ups->poll_only = core_option(core, "pollonly") != NULL;
	ups->interrupt_only = core_option(core, "interruptonly") != NULL;
	ups->max_report = core_option(core, "maxreport") != NULL;
	ups->explore = core_option(core, "explore") != NULL;
	if (core_option(core, "onlinedischarge") || core_option(core, "onlinedischarge_onbattery"))
		ups->online_discharge = DISCHARGE_IS_BATTERY;
	else if (core_option(core, "onlinedischarge_calibration"))
		ups->online_discharge = DISCHARGE_IS_CALIBRATION;
	if (ups->poll_only && ups->interrupt_only)
		core_fault(core, "interruptonly", "it cannot stand beside pollonly");
	if (ups->usb)
		return ups;
	free_device(ups);
	return NULL;
}

extern const struct driver usbhid_ups_driver;
const struct driver usbhid_ups_driver = {
	.name = "usbhid-ups",
	.version = "1.0",
	.options = options,
	.usb = hidups_known,
	.new = new,
	.start = hidups_begin,
	.poll = hidups_poll,
	.instcmd = hidups_instcmd,
	.setvar = hidups_setvar,
	.shutdown = hidups_shutdown,
	.heard = hidups_heard,
	.free = free_device,
	.carrier = &carrier_usb,
};
