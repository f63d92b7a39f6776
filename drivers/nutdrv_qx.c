/* nutdrv_qx.c - UPSes that speak Megatec's protocol or one of its relatives.
 * docs/man/nutdrv_qx.8; docs/devices/megatec.md, voltronic.md */
#include "drivers/qx/qx.h"

static void *new (struct core *core)
{
	return qx_new(core, &(const struct qx_flavour){ .blazer = false });
}

static const struct driver_option options[] = {
	QX_OPTIONS,
	USB_OPTIONS,
	QX_BRIDGE_OPTIONS,
	{ "ondelay", false, "s to wait before the load is switched on again (180)" },
	{ "pollfreq", false, "s between full updates (30)" },
	{ "stayoff", true, "-k: stay off when mains return" },
	{ "ignoresab", true, "the 'shutdown active' bit means nothing" },
	{ "pins_shutdown_mode", false, "bestups: what pins 1 and 7 do at a shutdown, 0 to 6" },
	{ "alarm_control", false, "voltronic: enabled or disabled" },
	{ "bypass_alarm", false, "voltronic: enabled or disabled" },
	{ "battery_alarm", false, "voltronic: enabled or disabled" },
	{ "bypass_when_off", false, "voltronic: enabled or disabled" },
	{ "bypass_forbidding", false, "voltronic: enabled or disabled" },
	{ "converter_mode", false, "voltronic: enabled or disabled" },
	{ "eco_mode", false, "voltronic: enabled or disabled" },
	{ "advanced_eco_mode", false, "voltronic: enabled or disabled" },
	{ "battery_open_status_check", false, "voltronic: enabled or disabled" },
	{ "site_fault_detection", false, "voltronic: enabled or disabled" },
	{ "constant_phase_angle", false, "voltronic: enabled or disabled" },
	{ "limited_runtime_on_battery", false, "voltronic: enabled or disabled" },
	{ "battery_number", false, "voltronic: batteries in a pack, 1 to 9" },
	{ "output_phase_angle", false, "voltronic: 0, 120, 180 or 240 degrees" },
	{ "max_bypass_volt", false, "voltronic: V" },
	{ "min_bypass_volt", false, "voltronic: V" },
	{ "max_bypass_freq", false, "voltronic: Hz" },
	{ "min_bypass_freq", false, "voltronic: Hz" },
	{ "work_range_type", false, "taken, and does nothing yet" },
	{ "testing", true, "taken, and does nothing: all questions are asked anyway" },
	{ "reset_to_default", true, "voltronic: reset the capabilities, in standby mode" },
	{ NULL, false, NULL },
};

const struct driver nutdrv_qx_driver = {
	.name = "nutdrv_qx",
	.version = "1.0",
	.options = options,
	.new = new,
	QX_CALLS,
	QX_USB_CALLS,
};
