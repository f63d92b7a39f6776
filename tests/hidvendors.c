/* drivers/hid: the tables of the vendors of whom no device file is at hand, on devices made of the
 * fields that they are about.  That upstream's driver says the same of all of them: ci/hidtables.
 */
#include "tests/usbhid.h"

struct said {
	const char *name, *value;
};

static void
expect(const char *who, const struct said *said)
{
	cr_expect(is_fresh(), "%s: %s", who, script.log);
	for (; said->name; said++)
		cr_expect_str_eq(get(said->name), said->value, "%s: %s is %s, not %s", who,
		    said->name, get(said->name), said->value);
}

/* What the device has been told: "set F05: 05 03 00". */
static void
expect_heard(const char *what)
{
	char line[] = "log";
	struct buf log = { 0 };
	struct words words;

	fast_pass(loop, 1000);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	cr_assert_null(emu_order(ups->emu, &words, &log));
	buf_add(&log, "", 1);
	cr_expect(strstr(buf_bytes(&log), what), "%s is not in\n%s", what, buf_bytes(&log));
	buf_free(&log);
}

#define FIELD(report, path, value) "feature " report ":0+16 0..65535 02 " path " is " value "\n"

/* ---- Belkin ---- */

#define BELKIN                                                                                     \
	FIELD("02", "UPS.00860010.00860039", "87")                                                 \
	FIELD("03", "UPS.00860010.00860030", "136")                                                \
	FIELD("04", "UPS.0086002a.0086001a.00860030", "2304")                                      \
	FIELD("05", "UPS.0086002a.0086001c.00860032", "501")                                       \
	FIELD("06", "UPS.00860029.0086007c", "82")                                                 \
	FIELD("07", "UPS.00860029.00860074", "1")                                                  \
	FIELD("08", "UPS.00860026.00860053", "180")                                                \
	FIELD("0a", "UPS.00860027.00860057", "65535")                                              \
	FIELD("0b", "UPS.00860027.00860058", "5")

Test(hidvendors, belkin)
{
	static const struct said said[] = { { "driver.version.data", "Belkin/Liebert HID" },
		{ "battery.charge", "87" }, { "battery.voltage", "13.6" },
		{ "input.voltage", "230.4" }, { "output.frequency", "50.1" },
		{ "ups.type", "line-interactive" }, { "ups.firmware", "5" },
		{ "input.sensitivity", "reduced" }, { "input.transfer.low", "180" },
		{ "ups.timer.shutdown", "-1" }, { "ups.test.result", "In progress" }, { 0 } };

	begin_made(IDS("050d", "0551"),
	    BELKIN FIELD("0c", "UPS.00860028.00860021", "2")
		FIELD("0d", "UPS.00860028.00860022", "0"),
	    NULL);
	expect("Belkin", said);
	cr_expect(status_is("OL"), "%s", get("ups.status"));
	set("input.sensitivity", "low");
	expect_heard("set F07: 07 02 00");
	command("load.off.delay", "90");
	expect_heard("set F0a: 0a 5a 00");
	command("load.off", NULL);
	expect_heard("set F0a: 0a 01 00");
	end();
	/* Bits: no mains, too much load; low, to be replaced. */
	begin_made(IDS("050d", "0551"),
	    BELKIN FIELD("0c", "UPS.00860028.00860021", "17")
		FIELD("0d", "UPS.00860028.00860022", "132"),
	    NULL);
	cr_expect(status_is("OB LB RB OVER"), "%s", get("ups.status"));
	end();
}

/* ---- MGE: three phases, a bypass, outlets, a clock ---- */

#define OUTLET(n, x) "UPS.OutletSystem.Outlet.[" n "]." x
#define MGE                                                                                        \
	FIELD("02", "UPS.PowerConverter.Input.[1].ffff0010.[12].Voltage", "398")                   \
	FIELD("03", "UPS.PowerConverter.Input.[2].Frequency", "50")                                \
	FIELD("04", "UPS.PowerConverter.Output.ffff0010.[3].Current", "7")                         \
	FIELD("05", "UPS.PowerConverter.Output.ffff0069", "85")                                    \
	FIELD("06", "UPS.BatterySystem.Battery.DesignCapacity", "25200")                           \
	FIELD("07", "UPS.Flow.[4].ConfigVoltage", "230")                                           \
	FIELD("08", OUTLET("2", "OutletID"), "1")                                                  \
	FIELD("09", OUTLET("2", "RemainingCapacityLimit"), "30")                                   \
	FIELD("0a", OUTLET("2", "ffff005d"), "65535")                                              \
	FIELD("0b", "UPS.PowerSummary.PresentStatus.Switchable", "0")                              \
	FIELD("0c", "UPS.BatterySystem.Charger.ffff0094", "3")                                     \
	"feature 0d:0+32 0..2147483647 02 UPS.PowerSummary.ffff0097 is 86399\n" FIELD(             \
	    "0e", "UPS.PowerConverter.Output.Overload.[2].PresentStatus.ffff007e", "1")            \
	    FIELD("0f", "UPS.PowerSummary.PresentStatus.ffff0077", "1")

Test(hidvendors, mge)
{
	static const struct said said[] = { { "input.L1-L2.voltage", "398.0" },
		{ "input.bypass.frequency", "50.0" }, { "output.L3.current", "7.0" },
		{ "output.powerfactor", "0.85" }, { "battery.capacity", "7.00" },
		{ "output.voltage.nominal", "230" }, { "outlet.1.id", "1" },
		{ "outlet.1.desc", "PowerShare Outlet 1" }, { "outlet.desc", "(none)" },
		{ "outlet.1.autoswitch.charge.low", "30" }, { "ups.shutdown", "disabled" },
		{ "battery.charger.status", "floating" }, { "ups.date", "1970/01/01" },
		{ "ups.time", "23:59:59" }, { "ups.alarm", "Fan failure!" }, { 0 } };

	setenv("TZ", "UTC0", 1);
	begin_made(IDS("0463", "ffff"), MGE, NULL);
	expect("MGE", said);
	cr_expect_str_eq(get("ups.status"), "ALARM OL CHRG OVER", "%s", get("ups.status"));

	cr_expect_eq(set("output.voltage.nominal", "240"), RESULT_PENDING);
	expect_heard("set F07: 07 f0 00");
	cr_expect_eq(set("output.voltage.nominal", "120"), RESULT_INVALID, "of another continent");
	cr_expect_eq(set("output.voltage.nominal", "231"), RESULT_INVALID);
	cr_expect_eq(set("ups.shutdown", "enabled"), RESULT_PENDING);
	expect_heard("set F0b: 0b 01 00");
	cr_expect_eq(set("outlet.1.desc", "Printer"), RESULT_HANDLED);
	cr_expect_str_eq(get("outlet.1.desc"), "Printer");
	cr_expect_eq(set("outlet.1.desc", "a text of more than twenty"), RESULT_INVALID);
	cr_expect_eq(set("outlet.desc", "x"), RESULT_UNKNOWN, "it has none");
	end();
}

Test(hidvendors, the_clock_of_an_mge)
{
	static const char *const not_times[] = { "24:00:00", "1:2", "12:60:00", "12:00:00 ", "noon",
		"", "-1:00:00", "12/00/00" };

	setenv("TZ", "UTC0", 1);
	begin_made(IDS("0463", "ffff"), MGE, NULL);
	cr_expect_eq(set("ups.date", "1970/01/03"), RESULT_PENDING);
	fast_pass(loop, 1000);
	expect_heard("set F0d: 0d 7f f4 03 00"); /* 259199: the time of the day stays */
	fast_pass(loop, 1000);
	cr_expect_str_eq(get("ups.date"), "1970/01/03");
	cr_expect_eq(set("ups.time", "00:00:01"), RESULT_PENDING);
	expect_heard("set F0d: 0d 01 a3 02 00");
	for (size_t i = 0; i < sizeof(not_times) / sizeof(not_times[0]); i++)
		cr_expect_eq(set("ups.time", not_times[i]), RESULT_INVALID, "%s", not_times[i]);
	cr_expect_eq(set("ups.date", "2026/02/30"), RESULT_INVALID);
	end();
}

/* ---- the others ---- */

Test(hidvendors, apc)
{
	static const struct said said[] = { { "ambient.temperature", "21.0" },
		{ "ambient.humidity", "40.0" }, { "ups.load", "12.0" },
		{ "battery.mfr.date", "2024/03/05" },
		{ "input.transfer.reason", "input frequency out of range" }, { 0 } };

	begin_made(IDS("051d", "0003"),
	    FIELD("02", "UPS.ff860006.ff860007.Temperature", "21") FIELD("03",
		"UPS.ff860006.ff860007.Humidity", "40") FIELD("04", "UPS.Output.PercentLoad", "12")
		FIELD("05", "UPS.Battery.ManufacturerDate", "22629") FIELD(
		    "06", "UPS.Input.ff860052", "7") FIELD("07", "UPS.Output.ff86007c", "65535"),
	    NULL);
	expect("APC", said);
	cr_expect_eq(set("battery.mfr.date", "2026/11/26"), RESULT_PENDING);
	expect_heard("set F05: 05 7a 5d");
	cr_expect_eq(set("battery.mfr.date", "2026/13/26"), RESULT_INVALID);
	cr_expect_eq(set("battery.mfr.date", "1979/12/31"), RESULT_INVALID);
	cr_expect_eq(command("shutdown.return", NULL), RESULT_PENDING);
	expect_heard("set F07: 07 01 00");
	end();
}

Test(hidvendors, delta)
{
	static const struct said said[] = { { "driver.version.data", "Delta UPS HID" },
		{ "ups.type", "3-phase" }, { "input.source", "bypass/reserve" },
		{ "ups.start.auto", "yes" }, { "ups.delay.start", "45" },
		{ "input.transfer.low.max", "210.0" }, { 0 } };

	begin_made(IDS("05dd", "041b"),
	    FIELD("02", "UPS.ffff0010.[1].ffff007c", "5") FIELD("03",
		"UPS.OutletSystem.Outlet.ffff0091", "2") FIELD("04", "UPS.ffff0010.[1].ffff009c",
		"1") FIELD("05", "UPS.OutletSystem.Outlet.ffff0081", "45")
		FIELD("06", "UPS.PowerConverter.Output.ffff0057", "210")
		    FIELD("07", "UPS.OutletSystem.Outlet.DelayBeforeStartup", "65535")
			FIELD("08", "UPS.OutletSystem.Outlet.DelayBeforeShutdown", "65535"),
	    NULL);
	expect("Delta", said);
	/* The device keeps the delay: it is told a new one, and shutdowns go by what it has. */
	cr_expect_eq(command("shutdown.return", NULL), RESULT_PENDING);
	expect_heard("set F07: 07 2d 00");
	cr_expect_eq(set("ups.delay.start", "60"), RESULT_PENDING);
	expect_heard("set F05: 05 3c 00");
	end();
}

Test(hidvendors, a_powercom_of_the_old_kind)
{
	static const struct said said[] = { { "input.voltage", "228" }, { "battery.charge", "90" },
		{ "ups.load", "13" }, { 0 } };
#define OLD "00020004.00020016.0002001c."

	begin_made(IDS("0d9f", "00a2"),
	    FIELD("02", "00020004.00020010.00020030", "90") FIELD(
		"03", "00020004.00020016.0002001a.00020030", "57") FIELD("04", OLD "00020035", "13")
		FIELD("05", OLD "00020082", "43") FIELD("06", OLD "00020081", "6"),
	    NULL);
	expect("Powercom", said);
	cr_expect_str_eq(get("ups.status"), "ALARM OB LB RB CAL OVER TRIM", "%s", get("ups.status"));
	end();
}

Test(hidvendors, few_rows)
{
	static const struct {
		const char *ids, *fields;
		struct said said[4];
	} rows[] = {
		{ IDS("2e51", "ffff"),
		    FIELD("02", "UPS.PowerSummary.DesignCapacity", "9")
			FIELD("03", "UPS.OutletSystem.Outlet.PresentStatus.SwitchOn/Off", "1"),
		    { { "driver.version.data", "Ever HID" }, { "battery.capacity", "9" },
			{ "outlet.1.status", "on" } } },
		{ IDS("1cb0", "0032"), FIELD("02", "UPS.PowerSummary.Voltage", "136"),
		    { { "driver.version.data", "Legrand HID" }, { "battery.voltage", "13.6" } } },
		{ IDS("04d8", "d004"),
		    FIELD("02", "UPS.PowerSummary.Input.Voltage", "64")
			FIELD("03", "UPS.PowerSummary.Current", "2"),
		    { { "driver.version.data", "openUPS HID" }, { "input.voltage", "226.88" },
			{ "battery.current", "2.000" } } },
		{ IDS("04d8", "d005"), FIELD("02", "UPS.PowerSummary.Input.Voltage", "190"),
		    { { "input.voltage", "19.00" } } },
		{ IDS("06da", "ffff"),
		    FIELD("02", "UPS.PowerConverter.Output.HighVoltageTransfer", "250")
			FIELD("03", "UPS.PowerConverter.Output.ffff0058", "276"),
		    { { "driver.version.data", "Phoenixtec/Liebert HID" },
			{ "output.transfer.high", "250.0" }, { "input.transfer.high", "276" } } },
		{ IDS("4234", "0002"), FIELD("02", "UPS.PowerSummary.FullChargeCapacity", "12"),
		    { { "driver.version.data", "Powervar HID" }, { "battery.capacity", "12" } } },
		{ IDS("2e66", "0300"), FIELD("02", "UPS.PowerSummary.Voltage", "27"),
		    { { "driver.version.data", "Salicru HID" }, { "battery.voltage", "27.00" } } },
		{ IDS("075d", "0300"),
		    FIELD("02", "UPS.PowerConverter.Output.LowVoltageTransfer", "180"),
		    { { "driver.version.data", "iDowell HID" }, { "input.transfer.low", "180" } } },
		{ IDS("09ae", "3016"),
		    FIELD("02", "UPS.OutletSystem.Outlet.ffff0092", "12")
			FIELD("03", "UPS.ffff0010.[1].ffff007c", "2155"),
		    { { "ups.watchdog.status", "12" }, { "ups.firmware", "2155" } } },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_made(rows[i].ids, rows[i].fields, NULL);
		expect(rows[i].ids, rows[i].said);
		end();
	}
}

Test(hidvendors, commands_of_their_own)
{
	begin_made(
	    IDS("09ae", "3016"), FIELD("02", "UPS.OutletSystem.Outlet.ffff0092", "12"), NULL);
	cr_expect_eq(command("reset.watchdog", NULL), RESULT_PENDING);
	expect_heard("set F02: 02 3c 00");
	end();
	begin_made(
	    IDS("1cb0", "0032"), FIELD("02", "UPS.PowerSummary.AudibleAlarmControl", "2"), NULL);
	cr_expect_not(offers("beeper.mute"));
	command("beeper.disable", NULL);
	expect_heard("set F02: 02 03 00");
	end();
	begin_made(
	    IDS("0764", "0501"), FIELD("02", "UPS.PowerSummary.AudibleAlarmControl", "2"), NULL);
	cr_expect(offers("beeper.on") && offers("beeper.off"));
	command("beeper.toggle", NULL);
	expect_heard("set F02: 02 01 00");
	fast_pass(loop, 3000);
	command("beeper.toggle", NULL);
	expect_heard("set F02: 02 02 00");
	end();
	begin_made(IDS("2e51", "ffff"),
	    FIELD("02", "UPS.PowerSummary.DelayBeforeShutdown", "65535"), NULL);
	command("shutdown.return", NULL);
	expect_heard("set F02: 02 14 00");
	end();
}
