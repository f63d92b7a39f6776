/* usbhid-ups.c - UPSes that are USB HID power devices.  docs/man/usbhid-ups.8; docs/devices/hid.md
 */
#include "drivers/hid/hidups.h"

#include <regex.h>
#include <stdlib.h>

static const struct driver_option options[] = {
	USB_OPTIONS,
	{ "offdelay", false, "s until the load is switched off (20)" },
	{ "ondelay", false, "s until it is switched on again (30)" },
	{ "pollfreq", false, "s between full updates (30)" },
	{ "pollonly", true, "Do not listen to interrupt reports" },
	{ "interruptonly", true, "Do not ask: listen alone" },
	{ "interruptsize", false, "Bytes of one interrupt report, at most" },
	{ "interruptpipe_no_events_tolerance", false,
	    "Polls without an interrupt report until it is opened again (-1: any)" },
	{ "lowbatt", false, "%: battery.charge.low, which is set at the start" },
	{ "subdriver", false, "Regular expression: whose table is used" },
	{ "lbrb_log_delay_sec", false, "s until low and replace are believed while calibrating" },
	{ "lbrb_log_delay_without_calibrating", true, "The same whenever there are mains" },
	{ "maxreport", true, "Ask for more bytes than the descriptor says" },
	{ "onlinedischarge", true, "Discharging with mains is on battery" },
	{ "onlinedischarge_onbattery", true, "The same" },
	{ "onlinedischarge_calibration", true, "Discharging with mains is a calibration" },
	{ "onlinedischarge_log_throttle_sec", false, "Taken, and means nothing: it is not logged" },
	{ "onlinedischarge_log_throttle_hovercharge", false, "The same" },
	{ "disable_fix_report_desc", true, "Taken, and means nothing: docs/devices/hid.md, 6" },
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

/* The table that the user names: "MGE HID", or any part of it that a regular expression fits. */
static const struct hidups_vendor *
chosen_vendor(struct core *core)
{
	const char *text = core_option(core, "subdriver");
	const struct hidups_vendor *found = NULL;
	regex_t wish;

	if (!text)
		return NULL;
	if (regcomp(&wish, text, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0) {
		core_fault(core, "subdriver", "not a regular expression");
		return NULL;
	}
	for (size_t i = 0; hidups_vendors[i] && !found; i++)
		if (regexec(&wish, hidups_vendors[i]->name, 0, NULL, 0) == 0)
			found = hidups_vendors[i];
	regfree(&wish);
	if (!found)
		core_fault(core, "subdriver", "no table has such a name");
	return found;
}

static void
read_doubts(struct hidups *ups)
{
	ups->doubt_always = core_option(ups->core, "lbrb_log_delay_without_calibrating") != NULL;
	ups->doubt_seconds = core_option_number(ups->core, "lbrb_log_delay_sec", -1, 86400, -1);
}

/* What has no halves: half of it would be dropped without a word. */
static long
whole_option(struct core *core, const char *name, long min, long max, long fallback)
{
	double number = core_option_number(core, name, (double)min, (double)max, (double)fallback);

	if (number != (double)(long)number)
		core_fault(core, name, "not a whole number");
	return (long)number;
}

static void *new (struct core *core)
{
	struct hidups *ups = calloc(1, sizeof(*ups));

	if (!ups)
		return NULL;
	ups->core = core;
	ups->usb = usb_new(core, hidups_known);
	ups->off_delay = core_option_number(core, "offdelay", 0, 1e6, 20);
	ups->on_delay = core_option_number(core, "ondelay", -1, 1e6, 30);
	ups->poll_seconds = core_option_number(core, "pollfreq", 1, 86400, 30);
	ups->poll_only = core_option(core, "pollonly") != NULL;
	ups->interrupt_only = core_option(core, "interruptonly") != NULL;
	ups->max_report = core_option(core, "maxreport") != NULL;
	ups->explore = core_option(core, "explore") != NULL;
	ups->interrupt_bytes = (size_t)whole_option(core, "interruptsize", 0, USB_INTERRUPT_MAX, 0);
	ups->deaf_rounds = whole_option(core, "interruptpipe_no_events_tolerance", -1, 1000000, -1);
	ups->low_charge = whole_option(core, "lowbatt", 0, 100, 0);
	ups->chosen = chosen_vendor(core);
	read_doubts(ups);
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
