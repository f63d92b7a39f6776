/* cps.c - CyberPower.  Their own page is ff01. */
#include "drivers/hid/rows.h"

#include <stdlib.h>
#include <string.h>

static const struct hidups_word sensitivity[] = { { 0, "low" }, { 1, "normal" }, { 2, "high" },
	{ 0, NULL } };

static const struct hidups_var vars[] = {
	TEXT("battery.mfr.date", "UPS.PowerSummary.iOEMInformation"),
	WORD("input.sensitivity", "UPS.Output.ff010043", sensitivity, RW),
	{ 0 },
};

/* Some tell a charge above 100 %, and some a battery's voltage half as much again as it is. */
static double
mend(const struct hidups *ups, const struct hidups_var *var, double value)
{
	if (!strcmp(var->name, "battery.charge") && value > 100)
		return 100;
	if (!strcmp(var->name, "battery.voltage")) {
		const char *nominal = core_get(ups->core, "battery.voltage.nominal");
		double volts = nominal ? strtod(nominal, NULL) : 0;

		if (volts > 0 && value > 1.4 * volts)
			return value * 2 / 3;
	}
	return value;
}

const struct hidups_vendor hidups_cps = { .name = "CyberPower HID", .vars = vars, .mend = mend };
