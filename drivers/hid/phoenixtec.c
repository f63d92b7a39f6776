/* phoenixtec.c - Phoenixtec, and Liebert's GXT of its make.  Their own page is ffff. */
#include "drivers/hid/rows.h"

#define OUTPUT(x) "UPS.PowerConverter.Output." x

static const struct hidups_var vars[] = {
	NUMBER("battery.voltage", "UPS.PowerSummary.Voltage", 2, 0),
	NUMBER("battery.voltage.nominal", "UPS.PowerSummary.ConfigVoltage", 2, ONCE),
	NUMBER("input.frequency", "UPS.PowerConverter.Input.[1].Frequency", 2, 0),
	NUMBER("input.frequency.transfer.high", OUTPUT("ffff00f8"), 0, ONCE),
	NUMBER("input.frequency.transfer.low", OUTPUT("ffff00f9"), 0, ONCE),
	NUMBER("input.transfer.high", OUTPUT("ffff0058"), 0, ONCE),
	NUMBER("input.transfer.low", OUTPUT("ffff0057"), 0, ONCE),
	NUMBER("output.frequency", OUTPUT("Frequency"), 2, 0),
	NUMBER("output.transfer.high", OUTPUT("HighVoltageTransfer"), 1, ONCE),
	NUMBER("output.transfer.low", OUTPUT("LowVoltageTransfer"), 1, ONCE),
	NONE(OUTPUT("HighVoltageTransfer")), /* not the input's */
	NONE(OUTPUT("LowVoltageTransfer")),
	{ 0 },
};

const struct hidups_vendor hidups_phoenixtec = { .name = "Phoenixtec/Liebert HID", .vars = vars };
