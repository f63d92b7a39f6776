/* mge.c - Eaton, MGE and those whose insides they make.  Their own page is ffff.  From single-phase
 * units with a few outlets to those with three phases and a bypass. */
#include "drivers/hid/rows.h"

#include <stdio.h>
#include <string.h>

static const struct hidups_word types[] = { { 1, "offline / line interactive" }, { 2, "online" },
	{ 3, "online - unitary/parallel" }, { 4, "online - parallel with hot standby" },
	{ 5, "online - hot standby redundancy" }, { 0, NULL } };
static const struct hidups_word sensitivity[] = { { 0, "normal" }, { 1, "high" }, { 2, "low" },
	{ 0, NULL } };
static const struct hidups_word enabled[] = { { 0, "disabled" }, { 1, "enabled" }, { 0, NULL } };
static const struct hidups_word charger[] = { { 1, "charging" }, { 2, "discharging" },
	{ 3, "floating" }, { 4, "resting" }, { 6, "off" }, { 0, NULL } };
static const struct hidups_word volts[] = { { 100, "100" }, { 110, "110" }, { 120, "120" },
	{ 127, "127" }, { 200, "200" }, { 208, "208" }, { 220, "220" }, { 230, "230" },
	{ 240, "240" }, { 0, NULL } };

#define MODE_RESTING "ffff0094"
#define BATTERY(x) "UPS.BatterySystem.Battery." x
#define CHARGER(x) "UPS.BatterySystem.Charger." x
#define INPUT(n, x) "UPS.PowerConverter.Input.[" #n "]." x
#define OUTPUT(x) "UPS.PowerConverter.Output." x
#define SUMMARY(x) "UPS.PowerSummary." x
#define OUTLET(n, x) "UPS.OutletSystem.Outlet.[" #n "]." x
#define PHASE(n, x) "ffff0010.[" #n "]." x
#define AMPERE_HOURS (1 / 3600.0)
#define PERCENT 0.01

/* The rows of three phases: voltages to neutral, between them, currents. */
#define PHASES(name, at)                                                                           \
	NUMBER(name ".L1-N.voltage", at PHASE(1, "Voltage"), 1, 0),                                \
	    NUMBER(name ".L2-N.voltage", at PHASE(2, "Voltage"), 1, 0),                            \
	    NUMBER(name ".L3-N.voltage", at PHASE(3, "Voltage"), 1, 0),                            \
	    NUMBER(name ".L1-L2.voltage", at PHASE(12, "Voltage"), 1, 0),                          \
	    NUMBER(name ".L2-L3.voltage", at PHASE(23, "Voltage"), 1, 0),                          \
	    NUMBER(name ".L3-L1.voltage", at PHASE(31, "Voltage"), 1, 0),                          \
	    NUMBER(name ".L1.current", at PHASE(1, "Current"), 1, 0),                              \
	    NUMBER(name ".L2.current", at PHASE(2, "Current"), 1, 0),                              \
	    NUMBER(name ".L3.current", at PHASE(3, "Current"), 1, 0)

/* The rows of an outlet; those of one that can be switched on its own. */
#define OUTLET_ROWS(name, n)                                                                       \
	NUMBER(name ".id", OUTLET(n, "OutletID"), 0, ONCE),                                        \
	    WORD(name ".switchable", OUTLET(n, "PresentStatus.Switchable"), hidups_yes_no, 0),     \
	    NUMBER(name ".power", OUTLET(n, "ApparentPower"), 0, 0),                               \
	    NUMBER(name ".realpower", OUTLET(n, "ActivePower"), 0, 0),                             \
	    NUMBER(name ".current", OUTLET(n, "Current"), 2, 0),                                   \
	    NUMBER(name ".powerfactor", OUTLET(n, "ffff0069"), 2, 0)
#define SWITCHED_ROWS(name, n)                                                                     \
	WORD(name ".status", OUTLET(n, "PresentStatus.SwitchOn/Off"), hidups_on_off, 0),           \
	    NUMBER(name ".autoswitch.charge.low", OUTLET(n, "RemainingCapacityLimit"), 0, RW),     \
	    NUMBER(name ".delay.shutdown", OUTLET(n, "ffff005d"), 0, RW),                          \
	    NUMBER(name ".delay.start", OUTLET(n, "ffff005e"), 0, RW)

static const struct hidups_var vars[] = {
	NUMBER("battery.charge.low", SUMMARY("ffff004d"), 0, RW),
	NUMBER("battery.charge.restart", SUMMARY("ffff005f"), 0, RW),
	TIMES("battery.capacity", BATTERY("DesignCapacity"), 2, ONCE, AMPERE_HOURS),
	NUMBER("battery.runtime.elapsed", "UPS.ffff0004.Input.[1].ffff0003.[1].ffff0097", 0, 0),
	WORD("battery.protection", BATTERY("ffff0049"), hidups_yes_no, RW),
	WORD("battery.energysave", INPUT(3, "ffff0046"), hidups_yes_no, RW),
	NUMBER("battery.energysave.load", INPUT(3, "ConfigPercentLoad"), 0, RW),
	NUMBER("battery.energysave.delay", INPUT(3, "ffff0046.ffff005d"), 0, RW),
	NUMBER("battery.energysave.delay", INPUT(3, "ffff005d"), 0, RW),
	NUMBER("battery.energysave.realpower", INPUT(3, "ConfigActivePower"), 0, RW),
	WORD("battery.charger.status", CHARGER(MODE_RESTING), charger, 0),

	TEXT("ups.firmware", SUMMARY("ffff00f1")),
	TEXT("ups.model.aux", SUMMARY("ffff00f0")),
	WORD("ups.type", "UPS.PowerConverter.ffff0041", types, ONCE),
	NUMBER("ups.efficiency", OUTPUT("ffff0086"), 0, 0),
	NUMBER("ups.test.interval", BATTERY("ffff0045"), 0, RW),
	OTHER("ups.date", SUMMARY("ffff0097"), HIDUPS_UNIX_DATE, 0, RW),
	OTHER("ups.time", SUMMARY("ffff0097"), HIDUPS_UNIX_TIME, 0, RW),
	WORD("ups.start.auto", INPUT(1, "ffff0043"), hidups_yes_no, RW),
	WORD("ups.start.battery", INPUT(3, "ffff0047"), hidups_yes_no, RW),
	WORD("ups.start.reboot", OUTPUT("ffff0044"), hidups_yes_no, RW),
	WORD("ups.shutdown", SUMMARY("PresentStatus.Switchable"), enabled, RW),
	NUMBER("ups.L1.power", OUTPUT(PHASE(1, "ApparentPower")), 0, 0),
	NUMBER("ups.L2.power", OUTPUT(PHASE(2, "ApparentPower")), 0, 0),
	NUMBER("ups.L3.power", OUTPUT(PHASE(3, "ApparentPower")), 0, 0),
	NUMBER("ups.L1.realpower", OUTPUT(PHASE(1, "ActivePower")), 0, 0),
	NUMBER("ups.L2.realpower", OUTPUT(PHASE(2, "ActivePower")), 0, 0),
	NUMBER("ups.L3.realpower", OUTPUT(PHASE(3, "ActivePower")), 0, 0),

	PHASES("input", INPUT(1, "")),
	NUMBER("input.current", INPUT(1, "Current"), 2, 0),
	NUMBER("input.current.nominal", "UPS.Flow.[1].ConfigCurrent", 2, ONCE),
	NUMBER("input.transfer.boost.low", OUTPUT("ffff0050"), 0, RW),
	NUMBER("input.transfer.boost.high", OUTPUT("ffff0051"), 0, RW),
	NUMBER("input.transfer.trim.low", OUTPUT("ffff0052"), 0, RW),
	NUMBER("input.transfer.trim.high", OUTPUT("ffff0053"), 0, RW),
	WORD("input.sensitivity", OUTPUT("ffff004c"), sensitivity, RW),
	WORD("input.voltage.extended", OUTPUT("ffff004b"), hidups_yes_no, RW),
	WORD("input.frequency.extended", OUTPUT("ffff004e"), hidups_yes_no, RW),
	PHASES("input.bypass", INPUT(2, "")),
	NUMBER("input.bypass.voltage", INPUT(2, "Voltage"), 1, 0),
	NUMBER("input.bypass.voltage.nominal", "UPS.Flow.[2].ConfigVoltage", 0, ONCE),
	NUMBER("input.bypass.current", INPUT(2, "Current"), 2, 0),
	NUMBER("input.bypass.current.nominal", "UPS.Flow.[2].ConfigCurrent", 2, ONCE),
	NUMBER("input.bypass.frequency", INPUT(2, "Frequency"), 1, 0),
	NUMBER("input.bypass.frequency.nominal", "UPS.Flow.[2].ConfigFrequency", 0, ONCE),

	{ "output.voltage.nominal", "UPS.Flow.[4].ConfigVoltage", HIDUPS_NUMBER, 0, volts, RW, 0,
	    0 },
	PHASES("output", OUTPUT("")),
	NUMBER("output.current.nominal", "UPS.Flow.[4].ConfigCurrent", 2, ONCE),
	TIMES("output.powerfactor", OUTPUT("ffff0069"), 2, 0, PERCENT),

	OUTLET_ROWS("outlet", 1),
	NUMBER("outlet.power.nominal", OUTLET(1, "ConfigApparentPower"), 0, ONCE),
	OUTLET_ROWS("outlet.1", 2),
	SWITCHED_ROWS("outlet.1", 2),
	OUTLET_ROWS("outlet.2", 3),
	SWITCHED_ROWS("outlet.2", 3),
	{ 0 },
};

/* The charger's mode knows better than the summary what the battery does, where there is one. */
#define MODES(state, values)                                                                       \
	{                                                                                          \
		CHARGER(MODE_RESTING), state, false, 0, 0, values                                  \
	}

static const struct hidups_flag flags[] = {
	MODES(HIDUPS_CHARGING, 1 << 1 | 1 << 3),
	UNLESS(SUMMARY("PresentStatus.Good"), HIDUPS_OFF, QUICK),
	FLAG(SUMMARY("PresentStatus.Overload"), HIDUPS_OVERLOAD, 0),
	FLAG(OUTPUT("Overload.[1].PresentStatus.ffff007e"), HIDUPS_OVERLOAD, ALSO),
	FLAG(OUTPUT("Overload.[2].PresentStatus.ffff007e"), HIDUPS_OVERLOAD, ALSO),
	FLAG(SUMMARY("PresentStatus.NeedReplacement"), HIDUPS_REPLACE, 0),
	FLAG("UPS.ffff0018.ffff001a.[2].PresentStatus.ffff0093", HIDUPS_REPLACE, ALSO),
	FLAG(INPUT(2, "PresentStatus.Used"), HIDUPS_BYPASS, 0),
	FLAG(INPUT(4, "PresentStatus.Used"), HIDUPS_BYPASS, ALSO),
	FLAG(SUMMARY("PresentStatus.ffff0077"), HIDUPS_FAN, 0),
	FLAG(BATTERY("PresentStatus.ffff0074"), HIDUPS_BATTERY_HIGH, 0),
	FLAG(CHARGER("PresentStatus.ffff0074"), HIDUPS_BATTERY_HIGH, ALSO),
	FLAG(CHARGER("PresentStatus.ffff0075"), HIDUPS_BATTERY_WEAK, 0),
	FLAG(SUMMARY("PresentStatus.ffff0068"), HIDUPS_EMERGENCY_STOP, 0),
	FLAG(INPUT(1, "PresentStatus.ffff0078"), HIDUPS_WIRING, 0),
	FLAG(SUMMARY("PresentStatus.ffff002d"), HIDUPS_MEMORY, 0),
	FLAG("UPS.PowerConverter.ffff0014.PresentStatus.ffff0074", HIDUPS_INVERTER_HIGH, 0),
	FLAG("UPS.PowerConverter.ffff0014.PresentStatus.ffff0075", HIDUPS_INVERTER_LOW, 0),
	FLAG(OUTPUT("PresentStatus.ffff004a"), HIDUPS_SHORT_CIRCUIT, 0),
	{ 0 },
};

static const struct hidups_command commands[] = {
	{ "outlet.1.load.off", OUTLET(2, "DelayBeforeShutdown"), 0, false },
	{ "outlet.1.load.on", OUTLET(2, "DelayBeforeStartup"), 0, false },
	{ "outlet.2.load.off", OUTLET(3, "DelayBeforeShutdown"), 0, false },
	{ "outlet.2.load.on", OUTLET(3, "DelayBeforeStartup"), 0, false },
	{ 0 },
};

static const struct hidups_text texts[] = { { "outlet.desc", "outlet.id", "Main Outlet" },
	{ "outlet.1.desc", "outlet.1.id", "PowerShare Outlet 1" },
	{ "outlet.2.desc", "outlet.2.id", "PowerShare Outlet 2" }, { 0 } };

/* The product's string is the family, the model stands in another: "Eaton 3S" and "3S 700". */
static void
model(struct hidups *ups)
{
	const char *family = usb_about(ups->usb)->strings[USB_PRODUCT];
	const char *which = hidups_string(ups, "ups.model.aux");

	core_setf(ups->core, "ups.model", "%s%s%s", family, which && *which ? " " : "",
	    which ? which : "");
}

const struct hidups_vendor hidups_mge = { .name = "MGE HID",
	.vars = vars,
	.flags = flags,
	.commands = commands,
	.texts = texts,
	.model = model };
