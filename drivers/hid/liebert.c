/* liebert.c - Liebert, Emerson, Vertiv: the PSI5 has Tripp Lite's fields without those of its own
 * page. */
#include "drivers/hid/rows.h"

static const struct hidups_var vars[] = {
	NUMBER("output.voltage", "UPS.PowerSummary.Voltage", 1, 0),
	NONE("UPS.PowerSummary.Voltage"), /* not the battery's */
	{ 0 },
};

const struct hidups_vendor hidups_liebert = { .name = "Liebert HID", .vars = vars };
