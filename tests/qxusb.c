/* nutdrv_qx over emulated bridges, in process and on a clock that jumps: docs/devices/megatec.md,
 * section 11. */
#include "tests/usbbus.h"

#include "drivers/proto/hid.h"
#include "emulators/capture.h"
#include "emulators/record.h"

extern const struct driver nutdrv_qx_driver, blazer_usb_driver;

static struct loop *loop;
static struct core *core;
static struct bus_device *ups;

static void
start(const struct driver *of, const char *const *settings, bool shutting_down)
{
	static struct driver driver;

	driver = *of;
	driver.usb_carrier = &bus_carrier;
	memset(&script, 0, sizeof(script));
	core = test_core(loop, &driver, settings);
	cr_assert(core, "%s", script.log);
	core_begin(core, shutting_down);
}

static void
start_driver(const char *const *settings, bool shutting_down)
{
	start(&nutdrv_qx_driver, settings, shutting_down);
}

/* A bridge, and what ups.conf says of it beside the port. */
static const struct bridge {
	const char *device, *dialect;
	const char *settings[5];
	const char *bridge;
	enum {
		ASKS,
		ORDERS = 1,
		CUTS = 2, /* the power */
		TESTS = 4,
		BINARY = 8 /* answers in bytes that may be zeros */
	} can;
} bridges[] = {
	{ "usb-cypress", "Voltronic-QS", { 0 }, "cypress", ORDERS | CUTS | TESTS },
	{ "usb-qs-hex", "Voltronic-QS-Hex", { 0 }, "cypress", ORDERS | CUTS | TESTS | BINARY },
	{ "usb-plain", "Megatec", { 0 }, "cypress", ORDERS | CUTS | TESTS },
	{ "usb-phoenix", "Zinto", { 0 }, "phoenix", ORDERS | CUTS | TESTS },
	{ "usb-ippon", "Mustek", { 0 }, "ippon", ORDERS | CUTS | TESTS },
	{ "usb-sgs", "Megatec", { 0 }, "sgs", ORDERS | CUTS | TESTS },
	{ "usb-armac", "Megatec", { 0 }, "armac", ORDERS | CUTS | TESTS },
	{ "usb-fuji", "Megatec", { 0 }, "fuji", ORDERS | CUTS | TESTS },
	{ "usb-phoenixtec", "Megatec", { 0 }, "phoenixtec", ORDERS | CUTS | TESTS },
	{ "usb-ablerex", "Megatec", { 0 }, "ablerex", ORDERS | CUTS | TESTS },
	{ "usb-ablerex", "Megatec", { "protocol=megatec" }, "ablerex", ORDERS | CUTS | TESTS },
	{ "usb-krauler", "Megatec", { 0 }, "krauler", ORDERS | TESTS },
	{ "usb-krauler", "Megatec", { "langid_fix=0x409", "noscanlangid" }, "krauler",
	    ORDERS | TESTS },
	{ "usb-fabula", "Megatec", { 0 }, "fabula", ORDERS | CUTS },
	{ "usb-fabula", "Megatec", { "protocol=megatec" }, "fabula", ORDERS | CUTS },
	{ "usb-hunnox", "Megatec", { 0 }, "hunnox", ORDERS | CUTS },
	{ "usb-hunnox", "Hunnox", { "protocol=hunnox", "offdelay=30" }, "hunnox", ORDERS | CUTS },
	{ "usb-snr", "Megatec", { "subdriver=snr", "vendorid=0001", "productid=0000" }, "snr",
	    ASKS },
};
#define BRIDGES (sizeof(bridges) / sizeof(bridges[0]))
#define EACH(bridge)                                                                               \
	for (const struct bridge *bridge = bridges; bridge < bridges + BRIDGES; bridge++)

static void
begin(const struct bridge *bridge)
{
	const char *settings[8] = { "port=auto" };
	size_t len = 1;

	for (size_t i = 0; bridge->settings[i]; i++)
		settings[len++] = bridge->settings[i];
	loop = bus_begin();
	ups = bus_plug(bridge->device, NULL);
	start_driver(settings, false);
	for (int i = 0; i < 40 && !publish_is_fresh(core->publish); i++)
		fast_pass(loop, 1000);
	cr_assert(publish_is_fresh(core->publish), "%s:\n%s", bridge->device, script.log);
}

static void
end(void)
{
	bus_end(core);
}

static const char *
get(const char *name)
{
	const char *value = core_get(core, name);

	return value ? value : "(none)";
}

static void
order(const char *text)
{
	cr_assert_null(bus_order(ups, text), "%s", text);
}

static bool
is_fresh(void)
{
	return publish_is_fresh(core->publish);
}

static bool
says(const char *word)
{
	char status[128];

	snprintf(status, sizeof(status), " %s ", get("ups.status"));
	char padded[32];

	snprintf(padded, sizeof(padded), " %s ", word);
	return strstr(status, padded) != NULL;
}

static void
command(const char *name)
{
	cr_assert_eq(
	    core->driver->instcmd(core->device, name, NULL, 0), RESULT_PENDING, "%s", name);
	fast_pass(loop, 5000);
}

Test(qxusb, each_bridge_shows_what_the_ups_says)
{
	EACH(bridge)
	{
		begin(bridge);
		cr_expect(strstr(script.log, bridge->bridge), "%s: not %s", bridge->device,
		    bridge->bridge);
		cr_expect_str_eq(
		    get("ups.status"), "OL", "%s: %s", bridge->device, get("ups.status"));
		cr_expect_str_eq(get("input.voltage"), "230.0");
		cr_expect_str_eq(get("ups.load"), "18");
		cr_expect_str_eq(get("battery.voltage.nominal"), "12.0", "%s", bridge->device);
		cr_expect_str_eq(get("driver.version.data"), bridge->dialect, "%s: %s",
		    bridge->device, get("driver.version.data"));
		/* No string answers FW?, and voltronic-qs asks for no vendor. */
		if (!strstr("Hunnox Voltronic-QS-Hex", bridge->dialect))
			cr_expect_str_eq(get("ups.firmware"), "VER1.0", "%s", bridge->device);
		cr_expect_str_eq(get("ups.vendorid"), ups->file.vendor_id);
		cr_expect_str_eq(get("ups.productid"), ups->file.product_id);
		end();
	}
}

Test(qxusb, each_bridge_tells_of_an_outage)
{
	EACH(bridge)
	{
		begin(bridge);
		order("mains off");
		fast_pass(loop, 4000);
		cr_expect(says("OB") && !says("OL"), "%s: %s", bridge->device, get("ups.status"));
		order("battery 10");
		fast_pass(loop, 4000);
		cr_expect(says("LB"), "%s: %s", bridge->device, get("ups.status"));
		order("battery 80");
		order("mains on");
		fast_pass(loop, 4000);
		cr_expect_str_eq(
		    get("ups.status"), "OL", "%s: %s", bridge->device, get("ups.status"));
		end();
	}
}

Test(qxusb, each_bridge_passes_orders_on)
{
	EACH(bridge)
	{
		if (!(bridge->can & ORDERS))
			continue;
		begin(bridge);
		cr_expect_str_eq(bus_show(ups, "ups.beeper.status"), "enabled");
		command("beeper.toggle");
		cr_expect_str_eq(
		    bus_show(ups, "ups.beeper.status"), "disabled", "%s", bridge->device);
		if (bridge->can & TESTS) {
			command("test.battery.start.quick");
			cr_expect_str_eq(bus_show(ups, "test"), "running", "%s", bridge->device);
		}
		cr_expect(is_fresh());
		end();
	}
}

static bool
is_offered(const char *name)
{
	return state_cmd(publish_state(core->publish), name) != NULL;
}

/* What a bridge has no way for is not there: docs/devices/megatec.md, 11.3. */
Test(qxusb, what_does_not_reach_the_ups_is_not_offered)
{
	static const struct {
		const char *name;
		unsigned needs;
		const char *lacking; /* bridges without it for all that */
	} rows[] = { { "beeper.toggle", ORDERS, "" }, { "shutdown.stop", ORDERS, "" },
		{ "shutdown.return", CUTS, "" }, { "shutdown.default", CUTS, "" },
		{ "shutdown.stayoff", CUTS, "fuji" }, { "load.off", CUTS, "fuji" },
		{ "test.battery.start.quick", TESTS, "" },
		{ "test.battery.start.deep", TESTS, "cypress" },
		{ "test.battery.start", TESTS, "cypress krauler" } };

	EACH(bridge)
	{
		begin(bridge);
		if (!strcmp(bridge->device, "usb-plain")) { /* a cypress, but with all of Megatec */
			cr_expect(is_offered("test.battery.start"));
			end();
			continue;
		}
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			cr_expect_eq(is_offered(rows[i].name),
			    (bridge->can & rows[i].needs) &&
				!strstr(rows[i].lacking, bridge->bridge),
			    "%s, %s", bridge->device, rows[i].name);
		cr_expect_eq(core_get(core, "ups.delay.shutdown") != NULL, !!(bridge->can & CUTS),
		    "%s", bridge->device);
		cr_expect_eq(core_get(core, "ups.delay.start") != NULL,
		    (bridge->can & CUTS) && !strstr("fabula hunnox fuji", bridge->bridge), "%s",
		    bridge->device);
		cr_expect_eq(logged("no way to tell the UPS to cut the power"),
		    bridge->can & CUTS ? 0 : 1, "%s:\n%s", bridge->device, script.log);
		end();
	}
}

/* fuji carries S.5 alone, by which a UPS comes back. */
Test(qxusb, a_bridge_that_cannot_say_stay_off_says_so)
{
	static const struct bridge fuji = { "usb-fuji", "Megatec", { "stayoff", "ondelay=300" },
		"fuji", ORDERS };

	begin(&fuji);
	cr_expect(
	    logged("cut the power and to stay off (stayoff): -k will fail") == 1, "%s", script.log);
	cr_expect(logged("ondelay: bridge fuji has no room for it") == 1, "%s", script.log);
	cr_expect(!is_offered("shutdown.default") && is_offered("shutdown.return"));
	bus_pull(ups);
	fast_pass(loop, 2000);
	bus_put_back(ups);
	fast_pass(loop, 15000);
	cr_expect(is_fresh());
	cr_expect(logged("-k will fail") == 1, "told once");
	end();
}

Test(qxusb, fabula_waits_half_a_minute_at_least)
{
	static const struct bridge fabula = { "usb-fabula", "Megatec", { "offdelay=12" }, "fabula",
		CUTS };

	begin(&fabula);
	cr_expect_str_eq(get("ups.delay.shutdown"), "30");
	cr_expect(logged("bridge fabula takes at least 30 s") == 1, "%s", script.log);
	cr_expect_eq(
	    core->driver->setvar(core->device, "ups.delay.shutdown", "12", 0), RESULT_INVALID);
	end();
}

Test(qxusb, each_bridge_switches_the_output_off_and_on_again)
{
	EACH(bridge)
	{
		if (!(bridge->can & CUTS))
			continue;
		begin(bridge);
		order("mains off");
		command("shutdown.return");
		fast_pass(loop, 30000);
		cr_expect_str_eq(bus_show(ups, "output"), "off", "%s", bridge->device);
		order("mains on");
		fast_pass(loop, 200000);
		cr_expect_str_eq(bus_show(ups, "output"), "on", "%s", bridge->device);
		end();
	}
}

/* -k */
Test(qxusb, each_bridge_that_can_cuts_the_power)
{
	EACH(bridge)
	{
		const char *settings[8] = { "port=auto" };
		bool can = bridge->can & CUTS;

		memcpy(settings + 1, bridge->settings, sizeof(bridge->settings));
		loop = bus_begin();
		ups = bus_plug(bridge->device, NULL);
		order("mains off");
		start_driver(settings, true);
		for (int i = 0; i < 60 && !script.over; i++)
			fast_pass(loop, 1000);
		cr_expect(script.over, "%s", bridge->device);
		cr_expect_eq(
		    script.status_code, can ? 0 : 1, "%s:\n%s", bridge->device, script.log);
		cr_expect_eq(logged("no way to tell the UPS to cut the power"), can ? 0 : 1,
		    "%s:\n%s", bridge->device, script.log);
		fast_pass(loop, 40000);
		cr_expect_str_eq(bus_show(ups, "output"), can ? "off" : "on", "%s", bridge->device);
		end();
	}
}

/* Transfer K of it is lost, or answered by nobody: the power is cut all the same. */
static unsigned
cut_without(const struct bridge *bridge, unsigned k, enum exchange_end how)
{
	const char *settings[8] = { "port=auto" };
	unsigned transfers;

	memcpy(settings + 1, bridge->settings, sizeof(bridge->settings));
	loop = bus_begin();
	ups = bus_plug(bridge->device, NULL);
	order("mains off");
	bus_now.fail_at = bus_now.fail_to = k;
	bus_now.fail_how = how;
	start_driver(settings, true);
	for (int i = 0; i < 90 && !script.over; i++)
		fast_pass(loop, 1000);
	transfers = bus_now.transfers;
	cr_expect(script.over, "%s, transfer %u", bridge->device, k);
	cr_expect_eq(script.status_code, 0, "%s, transfer %u:\n%s", bridge->device, k, script.log);
	fast_pass(loop, 40000);
	cr_expect_str_eq(bus_show(ups, "output"), "off", "%s, transfer %u", bridge->device, k);
	end();
	return transfers;
}

Test(qxusb, power_is_cut_whatever_transfer_fails)
{
	EACH(bridge)
	{
		if (!(bridge->can & CUTS))
			continue;
		for (unsigned k = 1, n = cut_without(bridge, 0, EXCHANGE_LOST); k <= n; k++) {
			cut_without(bridge, k, EXCHANGE_LOST);
			cut_without(bridge, k, EXCHANGE_TIMEOUT);
		}
	}
}

/* ---- faults ---- */

/* What spoils the answers or the bus; all of it is stale within 15 s, says nothing false, and is
 * over when it is over. */
Test(qxusb, each_fault_of_each_bridge_makes_stale_data_and_nothing_false)
{
	static const char *const faults[] = { "mute", "truncate 18", "nak", "echo", "nul",
		"badbits", "garble 3", "stall", "io" };

	EACH(bridge)
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		/* Any byte can be its last one. */
		if (bridge->can & BINARY && !strcmp(faults[i], "badbits"))
			continue;
		begin(bridge);
		order(faults[i]);
		for (int second = 0; second < 15; second++) {
			fast_pass(loop, 1000);
			cr_expect(!is_fresh() || !strcmp(get("ups.status"), "OL"), "%s, %s: %s",
			    bridge->device, faults[i], get("ups.status"));
		}
		cr_expect(!is_fresh(), "%s, %s: fresh", bridge->device, faults[i]);
		order("clear");
		for (int second = 0; second < 40 && !is_fresh(); second++)
			fast_pass(loop, 1000);
		cr_expect(
		    is_fresh(), "%s, %s: stays stale\n%s", bridge->device, faults[i], script.log);
		end();
	}
}

/* Issue 608: the shape tells that it is whole. */
Test(qxusb, an_answer_without_its_cr_is_taken)
{
	EACH(bridge)
	{
		if (bridge->can & BINARY) /* are the zeros behind it its own? */
			continue;
		begin(bridge);
		order("nocr");
		order("mains off");
		fast_pass(loop, 15000);
		cr_expect(is_fresh() && says("OB"), "%s: %s\n%s", bridge->device, get("ups.status"),
		    script.log);
		end();
	}
}

Test(qxusb, a_slow_ups_is_waited_for)
{
	EACH(bridge)
	{
		begin(bridge);
		order("delay 900");
		order("mains off");
		fast_pass(loop, 15000);
		cr_expect(is_fresh() && says("OB"), "%s: %s", bridge->device, get("ups.status"));
		end();
	}
}

/* An answer that comes when nobody waits any more is not the next question's. */
Test(qxusb, a_late_answer_is_never_the_next_questions)
{
	EACH(bridge)
	{
		begin(bridge);
		order("delay 2600");
		fast_pass(loop, 10000);
		order("mains off");
		order("clear");
		for (int i = 0; i < 30; i++) {
			fast_pass(loop, 1000);
			cr_expect(!says("LB"));
		}
		cr_expect(is_fresh() && says("OB"), "%s: %s\n%s", bridge->device, get("ups.status"),
		    script.log);
		end();
	}
}

/* phoenix: what is left in the bridge of an answer that nobody has fetched. */
Test(qxusb, what_comes_unasked_is_thrown_away)
{
	static const char junk[] = "(000.0 000.0 000.0 000 00.0 11.0 25.0 11000001\r";

	EACH(bridge)
	{
		begin(bridge);
		for (int i = 0; i < 20; i++) {
			emu_blurt(ups->emu, junk, sizeof(junk) - 1);
			fast_pass(loop, 500);
			cr_expect_str_eq(get("ups.status"), "OL", "%s", bridge->device);
		}
		cr_expect(is_fresh());
		end();
	}
}

Test(qxusb, a_cable_that_is_pulled_out_and_put_back)
{
	EACH(bridge)
	{
		begin(bridge);
		bus_pull(ups);
		fast_pass(loop, 5000);
		cr_expect(!is_fresh(), "%s", bridge->device);
		order("mains off");
		bus_put_back(ups);
		fast_pass(loop, 15000);
		cr_expect(is_fresh() && says("OB"), "%s: %s", bridge->device, get("ups.status"));
		end();
	}
}

/* For each transfer of the start and of two rounds, each way in which one can fail. */
Test(qxusb, any_transfer_may_fail_in_any_way)
{
	static const enum exchange_end ways[] = { EXCHANGE_REFUSED, EXCHANGE_BROKEN,
		EXCHANGE_TIMEOUT };

	EACH(bridge)
	{
		begin(bridge);
		unsigned transfers = bus_now.transfers;

		end();
		for (unsigned k = 1; k <= transfers + 8; k++)
			for (size_t way = 0; way < 3; way++) {
				const char *settings[8] = { "port=auto" };

				memcpy(settings + 1, bridge->settings, sizeof(bridge->settings));
				loop = bus_begin();
				ups = bus_plug(bridge->device, NULL);
				bus_now.fail_at = bus_now.fail_to = k;
				bus_now.fail_how = ways[way];
				start_driver(settings, false);
				int second = 0;

				for (; second < 90 && (!is_fresh() || bus_now.transfers < k);
				     second++) {
					fast_pass(loop, 1000);
					cr_expect(!says("OB") && !says("LB") && !says("OFF"));
				}
				cr_expect(is_fresh(), "%s, transfer %u, way %zu:\n%s",
				    bridge->device, k, way, script.log);
				cr_expect_str_eq(get("ups.status"), "OL");
				end();
			}
	}
}

/* An order whose transfer fails has failed, and is not told as done. */
Test(qxusb, an_order_that_did_not_get_through_has_failed)
{
	EACH(bridge)
	{
		if (!(bridge->can & ORDERS))
			continue;
		begin(bridge);
		order("stall");
		command("beeper.toggle");
		cr_expect_eq(
		    logged("Q: the USB transfer failed"), 1, "%s:\n%s", bridge->device, script.log);
		cr_expect_str_eq(bus_show(ups, "ups.beeper.status"), "enabled");
		end();
	}
}

/* ---- which device ---- */

/* A Legrand Keor has the number of the Cypress bridge and is a HID power device (issue 3702). */
Test(qxusb, a_power_device_is_not_taken_for_a_bridge)
{
	loop = bus_begin();
	ups = bus_plug("eaton-3s-700", NULL);
	struct emu_usb *usb = (struct emu_usb *)emu_usb_of(&ups->file);

	usb->vendor = 0x0665;
	usb->product = 0x5161;
	start_driver(SETTINGS("port=auto"), false);
	fast_pass(loop, 5000);
	cr_expect(!is_fresh());
	cr_expect(strstr(script.log, "usbhid-ups is its driver"), "%s", script.log);

	/* A bridge beside it is found. */
	bus_plug("usb-cypress", NULL);
	fast_pass(loop, 20000);
	cr_expect(is_fresh(), "%s", script.log);
	cr_expect(logged("bridge cypress") == 1);
	end();
}

Test(qxusb, power_devices_are_known_by_their_outermost_collection)
{
	static const unsigned char power[] = { 0x05, 0x84, 0x09, 0x04, 0xa1, 0x01, 0xc0 };
	static const unsigned char battery[] = { 0x06, 0x85, 0x00, 0x09, 0x01, 0xa1, 0x01, 0xc0 };
	static const unsigned char by_usage[] = { 0x05, 0x01, 0x0b, 0x04, 0x00, 0x84, 0x00, 0xa1,
		0x01, 0xc0 };
	static const unsigned char inner[] = { 0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x05, 0x84,
		0x09, 0x04, 0xa1, 0x00, 0xc0, 0xc0 };
	static const unsigned char other[] = { 0x05, 0x86, 0x09, 0x01, 0xa1, 0x01, 0xc0 };

	cr_expect(hid_is_power_device(power, sizeof(power)));
	cr_expect(hid_is_power_device(battery, sizeof(battery)));
	cr_expect(hid_is_power_device(by_usage, sizeof(by_usage)));
	cr_expect(!hid_is_power_device(inner, sizeof(inner)));
	cr_expect(!hid_is_power_device(other, sizeof(other)));
	for (size_t len = 0; len < 5; len++)
		cr_expect(!hid_is_power_device(power, len));
}

/* Devices of one number have either bridge: what they answer tells. */
Test(qxusb, ablerex_and_krauler_have_one_number)
{
	static const struct {
		const char *device, *fault, *bridge;
		unsigned numbered; /* ffff:0000 */
	} rows[] = { { "usb-ablerex", NULL, "ablerex", 1 }, { "usb-krauler", NULL, "krauler", 1 },
		{ "usb-krauler", "mute", "krauler", 1 }, { "usb-krauler", "dashes", "krauler", 1 },
		{ "usb-krauler", NULL, "krauler", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loop = bus_begin();
		ups = bus_plug(rows[i].device, NULL);
		struct emu_usb *usb = (struct emu_usb *)emu_usb_of(&ups->file);

		if (rows[i].numbered) {
			usb->vendor = 0xffff;
			usb->product = 0x0000;
		}
		if (rows[i].fault)
			order(rows[i].fault);
		start_driver(SETTINGS("port=auto"), false);
		fast_pass(loop, 5000);
		order("clear");
		fast_pass(loop, 20000);
		cr_expect(is_fresh(), "%zu: %s", i, script.log);
		cr_expect(strstr(script.log, rows[i].bridge), "%zu: %s", i, script.log);
		cr_expect_eq(logged("bridge ablerex") > 0, !strcmp(rows[i].bridge, "ablerex"),
		    "%zu: %s", i, script.log);
		end();
	}
}

/* An ablerex whose string 3 is something: a serial number, say. */
Test(qxusb, a_serial_number_is_no_answer)
{
	static const char *const strings[] = { "20100826", "UPS V2.0", "12.5 7.3", "#1 0.0" };

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		loop = bus_begin();
		ups = bus_plug("usb-ablerex", NULL);
		struct emu_usb *usb = (struct emu_usb *)emu_usb_of(&ups->file);

		usb->serial = 3;
		strcpy(usb->strings[3], strings[i]);
		start_driver(SETTINGS("port=auto"), false);
		fast_pass(loop, 20000);
		cr_expect(is_fresh(), "%s: %s", strings[i], script.log);
		cr_expect_eq(logged("bridge ablerex"), 1, "%s: %s", strings[i], script.log);
		end();
	}
}

/* 2.8.0: by maker and name, both, whatever their case; else it is a cypress. */
Test(qxusb, phoenixtec_is_known_by_its_strings)
{
	static const struct {
		const char *maker, *name, *bridge;
	} rows[] = { { "PHOENIXTEC Power", "usb cable (v2.00)", "bridge phoenixtec" },
		{ "Phoenixtec Power", "USB Cable (V1.00)", "bridge cypress" },
		{ "Phoenixtec", "USB Cable (V2.00)", "bridge cypress" },
		{ "", "", "bridge cypress" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loop = bus_begin();
		ups = bus_plug("usb-phoenixtec", NULL);
		struct emu_usb *usb = (struct emu_usb *)emu_usb_of(&ups->file);

		strcpy(usb->strings[usb->manufacturer], rows[i].maker);
		strcpy(usb->strings[usb->name], rows[i].name);
		start_driver(SETTINGS("port=auto"), false);
		fast_pass(loop, 3000);
		cr_expect(strstr(script.log, rows[i].bridge), "%zu: %s", i, script.log);
		end();
	}
}

/* Half a second, and only then: what is looked for too early may be the answer before it. */
Test(qxusb, ablerex_has_the_time_to_answer)
{
	static const struct bridge ablerex = { "usb-ablerex", "Megatec",
		{ "norating", "novendor", "protocol=megatec" }, "ablerex", CUTS };

	begin(&ablerex);
	order("delay 480");
	fast_pass(loop, 3000);
	for (int i = 0; i < 10; i++) {
		unsigned long asked = emu_heard(ups->emu)->heard;
		unsigned transfers = bus_now.transfers;

		fast_pass(loop, 10000);
		cr_expect(is_fresh() && emu_heard(ups->emu)->heard > asked);
		cr_expect_eq(bus_now.transfers - transfers,
		    2 * (emu_heard(ups->emu)->heard - asked), "%u transfers for %lu questions",
		    bus_now.transfers - transfers, emu_heard(ups->emu)->heard - asked);
	}
	end();
}

/* All bytes of ablerex's report are the question's or zero. */
Test(qxusb, nothing_of_ours_fills_a_report)
{
	static const unsigned char whole[47] = { [0] = 0x05, [2] = 3, 'Q', '1', '\r' };
	static const struct bridge ablerex = { "usb-ablerex", "Megatec", { 0 }, "ablerex", CUTS };
	struct buf tap = { .max = 1 << 20 };

	begin(&ablerex);
	bus_now.tap = &tap;
	fast_pass(loop, 5000);
	cr_expect(memmem(buf_bytes(&tap), buf_len(&tap), whole, 47));
	bus_now.tap = NULL;
	buf_free(&tap);
	end();
}

/* What usbmon would have seen of it, made a device file at PATH. */
static void
record(const struct bridge *bridge, const char *const *settings, const char *path)
{
	static const unsigned char asked[8] = { 0x80, 6, 0, 1, 0, 0, EMU_USB_DEVICE_LEN, 0 };
	struct buf tap = { 0 }, made = { 0 };
	struct faults faults = { 0 };
	struct emu_capture capture;
	unsigned char about[EMU_USB_DEVICE_LEN];
	FILE *file = fopen(path, "w");

	loop = bus_begin();
	bus_now.tap = &tap;
	ups = bus_plug(bridge->device, NULL);
	emu_usb_device(emu_usb_of(&ups->file), about);
	bus_tap('S', 0, asked, 0, NULL, 0, sizeof(about));
	bus_tap('C', 0, asked, 0, about, sizeof(about), sizeof(about));
	start_driver(settings, false);
	fast_pass(loop, 15000);
	cr_expect(is_fresh(), "%s", bridge->device);
	end();
	cr_assert(
	    file && emu_capture_read(&capture, "tap", buf_bytes(&tap), buf_len(&tap), &faults) &&
		emu_record(&capture, &(struct emu_record_options){ 0 }, "tap", &made, &faults),
	    "%s: %s", bridge->device, faults_first(&faults));
	fwrite(buf_bytes(&made), 1, buf_len(&made), file);
	fclose(file);
	emu_capture_free(&capture);
	faults_free(&faults);
	buf_free(&tap);
	buf_free(&made);
}

/* A bug report becomes a test.  Not fuji, whose questions our tap does not see, nor snr, which is
 * asked for nothing but strings. */
Test(qxusb, recorded_and_replayed)
{
	char path[] = "/tmp/refnut-record-XXXXXX";

	close(mkstemp(path));
	EACH(bridge)
	{
		const char *settings[8] = { "port=auto" };

		if (strstr("usb-fuji usb-snr", bridge->device))
			continue;
		memcpy(settings + 1, bridge->settings, sizeof(bridge->settings));
		record(bridge, settings, path);
		loop = bus_begin();
		ups = bus_plug_file(path, NULL);
		start_driver(settings, false);
		fast_pass(loop, 15000);
		cr_expect(is_fresh(), "%s: %s", bridge->device, script.log);
		cr_expect_str_eq(get("ups.status"), "OL", "%s", bridge->device);
		cr_expect_str_eq(get("input.voltage"), "230.0", "%s", bridge->device);
		end();
	}
	unlink(path);
}

static void
refuses(const char *const *settings, const char *why)
{
	loop = bus_begin();
	memset(&script, 0, sizeof(script));
	core = test_core(loop, &nutdrv_qx_driver, settings);
	cr_expect_null(core);
	cr_expect(strstr(script.log, why), "%s", script.log);
	fast_end(loop);
}

Test(qxusb, options_that_cannot_be)
{
	refuses(SETTINGS("port=auto", "subdriver=cypress"), "give vendorid and productid");
	refuses(
	    SETTINGS("port=auto", "subdriver=x", "vendorid=1", "productid=1"), "subdriver: one of");
	refuses(SETTINGS("port=auto", "langid_fix=english"), "langid_fix: not the number");
	refuses(SETTINGS("port=auto", "langid_fix=0x12345"), "langid_fix: not the number");
	refuses(SETTINGS("port=auto", "vendorid=("), "vendorid: not a regular expression");
}

Test(qxusb, the_endpoint_that_is_forced)
{
	static const struct bridge fuji = { "usb-fuji", "Megatec", { "usb_hid_ep_out=3" }, "fuji",
		CUTS };

	begin(&fuji);
	cr_expect_eq(bus_now.sent_to, 3);
	end();
}

/* As NUT does. */
Test(qxusb, what_is_asked_of_a_usb_device_means_usb)
{
	static const struct {
		const char *settings[2];
		bool usb;
	} rows[] = { { { "port=auto" }, true }, { { "port=AUTO" }, true },
		{ { "port=/dev/ttyS0" }, false }, { { "port=/dev/ttyS0", "vendorid=0665" }, true },
		{ { "port=/dev/ttyS0", "bus=001" }, true },
		{ { "port=/dev/ttyS0", "protocol=q1" }, false } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		loop = bus_begin();
		memset(&script, 0, sizeof(script));
		core = test_core(
		    loop, &nutdrv_qx_driver, SETTINGS(rows[i].settings[0], rows[i].settings[1]));
		cr_assert(core);
		cr_expect_str_eq(core->carrier->name, rows[i].usb ? "usb" : "serial");
		end();
	}
}

Test(qxusb, blazer_usb_is_always_on_usb_and_counts_in_minutes)
{
	loop = bus_begin();
	ups = bus_plug("usb-sgs", NULL);
	start(&blazer_usb_driver, SETTINGS("port=/dev/ttyS0", "ondelay=2"), false);
	for (int i = 0; i < 40 && !is_fresh(); i++)
		fast_pass(loop, 1000);
	cr_expect_str_eq(get("ups.status"), "OL", "%s", script.log);
	cr_expect_str_eq(get("ups.mfr"), "REFNUT");
	cr_expect_str_eq(get("ups.delay.start"), "120");
	end();
}
