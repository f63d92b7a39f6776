/* drivers/core/usb.h: which device, its strings, losing it and finding it again.  A small driver
 * over emulated devices. */
#include "tests/usbbus.h"

static struct {
	struct usb *usb;
	struct core *core;
	int identified, polls;
	unsigned reports;
	bool deaf;
} mini;

static const struct usb_known known[] = { { 0x0463, 0xffff, "eaton" }, { 0x051d, -1, "apc" },
	{ 0, 0, NULL } };
static const struct driver_option options[] = { USB_OPTIONS, { NULL, false, NULL } };

static void *
mini_new(struct core *core)
{
	mini.core = core;
	return mini.usb = usb_new(core, known);
}

static void
mini_identified(void *device)
{
	mini.identified++;
	usb_listen(mini.usb, 64);
	core_set(mini.core, "ups.serial", usb_about(mini.usb)->strings[USB_SERIAL]);
	core_set(mini.core, "ups.mfr", usb_about(mini.usb)->strings[USB_MANUFACTURER]);
	core_started(mini.core);
}

static void
mini_start(void *device)
{
	usb_identify(mini.usb, mini_identified);
}

static void
mini_polled(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	if (end == EXCHANGE_ANSWERED)
		core_status(mini.core, STATUS_OL);
	core_round_done(mini.core, end == EXCHANGE_ANSWERED);
}

static void
mini_poll(void *device)
{
	mini.polls++;
	usb_ask(mini.usb,
	    &(struct usb_request){ .name = "F06",
		.type = 0xa1,
		.request = 1,
		.value = 0x0306,
		.length = 8,
		.done = mini_polled },
	    false);
}

static void
mini_heard(void *device, const unsigned char *bytes, size_t len)
{
	if (len)
		mini.reports++;
	else
		mini.deaf = true;
}

static void
mini_free(void *device)
{
	usb_free(device);
}

static const struct driver mini_driver = { .name = "mini",
	.version = "1",
	.options = options,
	.new = mini_new,
	.start = mini_start,
	.poll = mini_poll,
	.heard = mini_heard,
	.free = mini_free,
	.carrier = &bus_carrier };

static struct core *
begin(const char *const *settings)
{
	memset(&mini, 0, sizeof(mini));
	memset(&script, 0, sizeof(script));
	struct core *core = test_core(bus_now.loop, &mini_driver, settings);

	if (core)
		core_begin(core, false);
	return core;
}

static bool
is_fresh(const struct core *core)
{
	return publish_is_fresh(core->publish);
}

Test(usb, strings_are_asked_for)
{
	struct loop *loop = bus_begin();

	bus_plug("eaton-3s-700", NULL);
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	cr_expect_eq(mini.identified, 1);
	cr_expect_str_eq(core_get(core, "ups.mfr"), "EATON");
	cr_expect_str_eq(core_get(core, "ups.serial"), "G202E05032");
	cr_expect_str_eq(usb_about(mini.usb)->known->what, "eaton");
	cr_expect(is_fresh(core));
	bus_end(core);
}

/* Three devices: each wish finds its own, those that differ in strings alone are asked in turn. */
Test(usb, the_one_that_is_wished_for)
{
	static const struct {
		const char *wish, *serial;
	} rows[] = { { "serial=g2", "G2" }, { "serial=^g1$", "G1" },
		{ "vendorid=051D", "AS1234567890" }, { "product=smart-ups.*", "AS1234567890" },
		{ "busport=1-2", "G2" }, { "device=003", "G2" },
		{ "vendor=American.*", "AS1234567890" }, { "productid=ffff", "G1" },
		{ "bus=001", "G1" }, { "bus=00[1-9]", "G1" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loop *loop = bus_begin();

		bus_plug("eaton-3s-700", "G1");
		bus_plug("eaton-3s-700", "G2");
		bus_plug("apc-smartups-3000", NULL);
		struct core *core = begin(SETTINGS(rows[i].wish));

		fast_pass(loop, 2000);
		cr_expect_eq(mini.identified, 1, "%s", rows[i].wish);
		cr_expect_str_eq(
		    usb_about(mini.usb)->strings[USB_SERIAL], rows[i].serial, "%s", rows[i].wish);
		bus_end(core);
	}
}

Test(usb, what_nobody_knows_is_taken_on_the_users_word)
{
	bus_begin();
	bus_plug("cyberpower-cp1500", NULL);
	struct core *core = begin(NULL);

	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 1);
	cr_expect(logged("no USB device fits"), "%s", script.log);
	bus_end(core);

	struct loop *loop = bus_begin();

	bus_plug("cyberpower-cp1500", NULL);
	core = begin(SETTINGS("vendorid=0764", "productid=0501"));
	fast_pass(loop, 2000);
	cr_expect_eq(mini.identified, 1);
	cr_expect_null(usb_about(mini.usb)->known);
	bus_end(core);
}

Test(usb, a_wish_is_for_the_whole_of_it)
{
	bus_begin();
	bus_plug("eaton-3s-700", "512");
	struct core *core = begin(SETTINGS("serial=12"));

	fast_pass(bus_now.loop, 2000);
	cr_expect_eq(mini.identified, 0);
	bus_end(core);
}

/* On bus 1, at other numbers. */
Test(usb, a_wish_that_nobody_fulfils)
{
	static const char *const wishes[] = { "bus=002", "bus=1", "device=099", "productid=0002",
		"vendor=APC", "product=3S", "busport=9-9" };

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		bus_begin();
		bus_plug("eaton-3s-700", NULL);
		struct core *core = begin(SETTINGS(wishes[i]));

		fast_pass(bus_now.loop, 2000);
		cr_expect_eq(mini.identified, 0, "%s", wishes[i]);
		bus_end(core);
	}
}

/* usb_*: NUT's numbers, hexadecimal, but for the setting's. */
Test(usb, what_is_forced)
{
	struct loop *loop = bus_begin();

	bus_plug("eaton-3s-700", NULL);
	struct core *core =
	    begin(SETTINGS("usb_config_index=1", "usb_hid_rep_index=0x2", "usb_hid_desc_index=a",
		"usb_hid_ep_in=0x84", "usb_hid_ep_out=5", "usb_set_altinterface=10"));

	cr_assert(core, "%s", script.log);
	fast_pass(loop, 3000);
	cr_expect_eq(bus_now.choice.config, 1);
	cr_expect_eq(bus_now.choice.descriptor, 10);
	cr_expect_eq(bus_now.choice.alternate, 10);
	cr_expect_eq(bus_now.interface_asked, 2, "%u", bus_now.interface_asked);
	cr_expect_eq(usb_about(mini.usb)->in_endpoint, 0x84);
	cr_expect_eq(usb_about(mini.usb)->out_endpoint, 5);
	bus_end(core);
}

Test(usb, nothing_is_forced_unless_asked_for)
{
	for (int alone = 0; alone < 2; alone++) {
		struct loop *loop = bus_begin();

		bus_plug("eaton-3s-700", NULL);
		struct core *core = begin(alone ? SETTINGS("usb_set_altinterface") : NULL);

		cr_assert(core, "%s", script.log);
		fast_pass(loop, 3000);
		cr_expect(is_fresh(core));
		cr_expect_eq(bus_now.choice.config, -1);
		cr_expect_eq(bus_now.choice.interface, -1);
		cr_expect_eq(bus_now.choice.alternate, alone - 1);
		bus_end(core);
	}
}

Test(usb, what_cannot_be_forced)
{
	static const char *const rows[] = { "usb_config_index=100", "usb_hid_rep_index=-1",
		"usb_hid_desc_index=", "usb_hid_ep_in=0", "usb_hid_ep_in=0x94",
		"usb_hid_ep_out=0x85", "usb_hid_ep_out=in", "usb_set_altinterface=0x1",
		"usb_set_altinterface=256", "usb_hid_rep_index=0x" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct loop *loop = bus_begin();
		struct core *core = begin(SETTINGS(rows[i]));

		cr_expect_null(core, "%s", rows[i]);
		cr_expect(strstr(script.log, ": not a"), "%s: %s", rows[i], script.log);
		fast_end(loop);
	}
}

Test(usb, a_wish_that_is_no_expression)
{
	struct loop *loop = bus_begin();

	cr_expect_null(begin(SETTINGS("serial=(")));
	cr_expect(logged("serial: not a regular expression"), "%s", script.log);
	fast_end(loop);
}

Test(usb, who_may_not_open_it_is_told_why)
{
	bus_begin();
	bus_plug("eaton-3s-700", NULL)->denied = EACCES;
	struct core *core = begin(NULL);

	cr_expect_eq(script.over, 1);
	cr_expect(logged("0463:ffff at 001/002"), "%s", script.log);
	cr_expect(logged("and plug it in again, or see -u: giving up"), "%s", script.log);
	bus_end(core);
}

/* one that another section has is passed over. */
Test(usb, two_of_a_kind_for_two_drivers)
{
	struct loop *loop = bus_begin();

	bus_plug("eaton-3s-700", "G1")->denied = EBUSY;
	bus_plug("eaton-3s-700", "G2");
	struct core *core = begin(NULL);

	fast_pass(loop, 2000);
	cr_expect_str_eq(usb_about(mini.usb)->strings[USB_SERIAL], "G2");
	bus_end(core);
}

Test(usb, reports_come_unasked)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", NULL);
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	mini.reports = 0;
	bus_order(ups, "mains off");
	fast_turn(loop, 3);
	cr_expect_gt(mini.reports, 0);
	bus_end(core);

	loop = bus_begin();
	bus_plug("eaton-3s-700", NULL);
	bus_now.pipe_fails = true;
	core = begin(NULL);
	fast_pass(loop, 3000);
	cr_expect(mini.deaf && logged("polling alone") == 1);
	cr_expect(is_fresh(core), "polls do without");
	bus_end(core);
}

/* R-84; under valgrind the bus looks at each byte. */
Test(usb, what_is_sent_is_what_was_given)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", NULL);
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	usb_ask(mini.usb,
	    &(struct usb_request){ .name = "set F1f",
		.type = 0x21,
		.request = 9,
		.value = 0x031f,
		.length = 2,
		.data = "\x1f\x01" },
	    true);
	fast_pass(loop, 100);
	cr_expect_str_eq(bus_show(ups, "ups.beeper.status"), "disabled");
	bus_end(core);
}

/* ---- losing it ---- */

Test(usb, unplugged_and_back)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", "G1");
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	bus_pull(ups);
	fast_turn(loop, 2);
	cr_expect_not(is_fresh(core), "at once");
	fast_pass(loop, 60000);
	bus_put_back(ups);
	fast_pass(loop, 7000);
	cr_expect_eq(mini.identified, 2);
	cr_expect(is_fresh(core));
	bus_end(core);
}

/* Another one of the kind in its place is not it. */
Test(usb, only_the_same_one_is_taken_back)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", "G1");
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	bus_pull(ups);
	bus_plug("eaton-3s-700", "G2");
	fast_pass(loop, 60000);
	cr_expect_eq(mini.identified, 1);
	cr_expect_not(is_fresh(core));
	cr_expect_eq(logged("its serial number is not G1"), 1, "%s", script.log);
	bus_put_back(ups);
	fast_pass(loop, 7000);
	cr_expect_eq(mini.identified, 2);
	cr_expect_str_eq(usb_about(mini.usb)->strings[USB_SERIAL], "G1");
	bus_end(core);
}

Test(usb, who_may_not_open_it_any_more_is_told_why)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", "G1");
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	bus_pull(ups);
	ups->denied = EACCES;
	bus_put_back(ups);
	fast_pass(loop, 30000);
	cr_expect(strstr(script.log, "\n[u] 0463:ffff at "), "at every level: %s", script.log);
	ups->denied = 0;
	fast_pass(loop, 7000);
	cr_expect_eq(mini.identified, 2);
	bus_end(core);
}

static void
check_ladder(const char *fault)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", NULL);
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	cr_assert_null(bus_order(ups, fault));
	fast_pass(loop, 15000);
	cr_expect_not(is_fresh(core), "%s", fault);
	fast_pass(loop, 240000);
	cr_expect_gt(bus_now.halts, 0, "%s", fault);
	cr_expect_gt(bus_now.resets, 0, "%s", fault);
	bus_order(ups, "clear");
	fast_pass(loop, 30000);
	cr_expect(is_fresh(core), "%s", fault);
	bus_end(core);
}

/* docs/devices, faults: stale within 15 s, then the ladder, then as before. */
Test(usb, a_device_that_fails_is_opened_cleared_and_reset)
{
	check_ladder("mute");
	check_ladder("io");
	check_ladder("stall");
}

Test(usb, an_answer_that_is_late_is_not_the_next_ones)
{
	struct loop *loop = bus_begin();
	struct bus_device *ups = bus_plug("eaton-3s-700", NULL);
	struct core *core = begin(NULL);

	fast_pass(loop, 3000);
	bus_order(ups, "delay 2500 for 1");
	fast_pass(loop, 10000);
	cr_expect(is_fresh(core));
	cr_expect_eq(mini.identified, 1);
	bus_end(core);
}

/* ---- strings ---- */

Test(usb, string_descriptors)
{
	char text[USB_STRING_MAX];

	cr_expect(usb_string_text(text, "\x08\x03U\0P\0S\0", 8));
	cr_expect_str_eq(text, "UPS");
	cr_expect(usb_string_text(text, "\x08\x03U\0\xa9\x03 \0", 8));
	cr_expect_str_eq(text, "U?");
	cr_expect(usb_string_text(text, "\x08\x03U\0P\0", 6), "cut short");
	cr_expect_str_eq(text, "UP");
	cr_expect_not(usb_string_whole("\x08\x03U\0P\0", 6));
	cr_expect(usb_string_whole("\x04\x03U\0P\0", 6));
	cr_expect(usb_string_text(text, "\x04\x03U\0P\0", 6), "padded");
	cr_expect_str_eq(text, "U");
	cr_expect_not(usb_string_text(text, "\x08\x02U\0P\0S\0", 8));
	cr_expect_not(usb_string_text(text, "\x08", 1));
	cr_expect_not(usb_string_text(text, "", 0));
}
