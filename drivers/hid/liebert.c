/* liebert.c - Liebert, Emerson, Vertiv: the PSI5 has Tripp Lite's fields without those of its own
 * page. */
#include "drivers/hid/hidups.h"

static const struct hidups_var vars[] = {
	{ "output.voltage", "UPS.PowerSummary.Voltage", HIDUPS_NUMBER, 1, NULL, 0 },
	{ NULL, "UPS.PowerSummary.Voltage", HIDUPS_NUMBER, 0, NULL, 0 }, /* not the battery's */
	{ 0 },
};

const struct hidups_vendor hidups_liebert = { .name = "Liebert HID", .vars = vars };
