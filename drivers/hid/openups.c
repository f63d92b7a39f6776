/* openups.c - Mini-Box's openUPS (d004), which counts in steps of its converters, and openUPS2
 * (d005), which counts in tenths. */
#include "drivers/hid/rows.h"

#include <string.h>

#define SUMMARY(x) "UPS.PowerSummary." x

static const struct hidups_var vars[] = {
	NUMBER("battery.capacity", SUMMARY("DesignCapacity"), 0, ONCE),
	NUMBER("battery.current", SUMMARY("Current"), 3, 0),
	TEXT("battery.mfr.date", SUMMARY("iOEMInformation")),
	NUMBER("battery.voltage", SUMMARY("Voltage"), 2, 0),
	NUMBER("input.current", SUMMARY("Input.Current"), 3, 0),
	NUMBER("input.voltage", SUMMARY("Input.Voltage"), 2, 0),
	NUMBER("output.current", SUMMARY("Output.Current"), 3, 0),
	NUMBER("output.voltage", SUMMARY("Output.Voltage"), 2, 0),
	/* A thermistor's voltage: its curve is not known. */
	NONE("UPS.Battery.Temperature"),
	NONE(SUMMARY("Temperature")),
	{ 0 },
};

static const struct hidups_flag flags[] = {
	UNLESS(SUMMARY("PresentStatus.Good"), HIDUPS_OFF, QUICK),
	{ 0 },
};

static double
mend(const struct hidups *ups, const struct hidups_var *var, double value)
{
	static const struct {
		const char *name;
		double first, second; /* what one is on either */
	} steps[] = { { "input.current", 0.0827412, 0.1 }, { "input.voltage", 3.54502, 0.1 },
		{ "output.current", 1.611298, 0.1 }, { "output.voltage", 2.57102, 0.1 } };

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (!strcmp(var->name, steps[i].name))
			return value * (usb_about(ups->usb)->product == 0xd004 ? steps[i].first
									       : steps[i].second);
	return value;
}

const struct hidups_vendor hidups_openups = {
	.name = "openUPS HID", .vars = vars, .flags = flags, .mend = mend
};
