/* docs/devices/hid.md, spoken by emulated devices: their descriptors are read by the drivers'
 * reader, which shares no code with them, and held against the real ones where those are at hand.
 */
#include "drivers/proto/hid.h"
#include "emulators/usbdev.h"
#include "tests/emutest.h"

#include <glob.h>
#include <math.h>

/* What the device has answered to a control request. */
static unsigned char bytes[4096];
static size_t bytes_len;
static bool stalled;

static bool
control_to(
    unsigned index, unsigned type, unsigned code, unsigned value, const void *data, size_t len)
{
	struct emu_message message = { .kind = EMU_CONTROL,
		.setup = { (unsigned char)type, (unsigned char)code, (unsigned char)value,
		    (unsigned char)(value >> 8), (unsigned char)index, (unsigned char)(index >> 8),
		    (unsigned char)len, (unsigned char)(len >> 8) },
		.bytes = data,
		.len = data ? len : 0 };

	heard_control = 0;
	got_len = 0;
	emu_hear(emu, &message);
	cr_assert_eq(heard_control, 1, "%zu answers", heard_control);
	stalled = heard_stall;
	memcpy(bytes, got, got_len);
	bytes_len = got_len;
	return !stalled;
}

/* To the interface that is the HID. */
static bool
control(unsigned type, unsigned code, unsigned value, const void *data, size_t len)
{
	unsigned interface = emu_usb_of(&emu_test_device)->interface;

	return control_to((type & 0x1f) == 1 ? interface : 0, type, code, value, data, len);
}

static bool
get(enum hid_type type, unsigned id)
{
	static const unsigned types[] = { 1, 2, 3 };

	return control(0xa1, 1, types[type] << 8 | id, NULL, 512);
}

static struct hid hid;

static void
plug_in(const char *device)
{
	struct faults faults = { 0 };
	char path[256];
	const char *why;

	snprintf(path, sizeof(path), "emulators/devices/%s.dev", device);
	cr_assert(emu_device_read(&emu_test_device, path, &faults), "%s",
	    faults.len ? faults.list[0].text : path);
	emu_test_loop = fast_loop();
	emu = emu_new(emu_test_loop, &emu_test_device, &ear, NULL);
	cr_assert(emu_plug(emu, &why));
	cr_assert(control(0x81, 6, 0x2200, NULL, 4096));
	enum hid_rule rule = hid_parse(&hid, bytes, bytes_len);

	cr_assert_eq(rule, HID_FINE, "%s: %s", device, hid_rules[rule].what);
}

static void
unplug(void)
{
	hid_free(&hid);
	end();
}

/* The field of that path, feature before input, as the device has it now. */
static int64_t
raw(const char *path)
{
	struct hid_path parsed;
	const struct hid_field *field;
	int64_t value = 0;

	cr_assert(hid_path_parse(&parsed, path), "%s", path);
	if (!(field = hid_find(&hid, &parsed, HID_FEATURE)))
		field = hid_find(&hid, &parsed, HID_INPUT);
	cr_assert(field, "%s", path);
	cr_assert(get(field->type, field->report), "%s stalls", path);
	cr_assert(hid_get(field, bytes, bytes_len, &value), "%s", path);
	return value;
}

/* As a driver does: read the report, change the field, write the report. */
static bool
set(const char *path, int64_t value)
{
	struct hid_path parsed;
	unsigned char report[512];

	cr_assert(hid_path_parse(&parsed, path), "%s", path);
	const struct hid_field *field = hid_find(&hid, &parsed, HID_FEATURE);

	cr_assert(field, "%s", path);
	cr_assert(get(HID_FEATURE, field->report));
	memcpy(report, bytes, bytes_len);
	cr_assert(hid_set(field, report, bytes_len, value));
	return control(0x21, 9, 0x300u | field->report, report, bytes_len);
}

/* ---- held against the real ones ---- */

struct pair {
	const char *device, *real;
	const char *orders[3]; /* to bring it into the state in which the real one was seen */
};
static const struct pair pairs[] = {
	{ "eaton-3s-700", "0463-ffff-eaton-3s-700", { "battery 92" } },
	{ "cyberpower-cp1500", "0764-0501-cyberpower-cp1500pfclcd", { "mains voltage 121" } },
	{ "apc-backups-500", "051d-0002-apc-back-ups-500", { NULL } },
	{ "apc-smartups-3000", "051d-0003-apc-smart-ups-3000", { NULL } },
	{ "tripplite-smart-3016", "09ae-3016-tripp-lite", { "mains voltage 121.4" } },
	{ "liebert-psi5", "10af-0002-liebert-psi5", { NULL } },
	{ "powercom-bnt-1000", "0d9f-0004-powercom-hid-ups-battery", { "mains voltage 228" } },
	{ "arduino-hidpowerdevice", "arduino-2341-hidpowerdevice", { NULL } },
	{ "generic-5131-2007", "5131-2007-generic-ups", { NULL } },
};
#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

static const char *
shared_file(const char *name, const char *end)
{
	static char path[512];
	const char *shared = getenv("SHARED");

	snprintf(path, sizeof(path), "%s/data/hid/%s%s", shared ? shared : "../shared", name, end);
	return path;
}

static size_t
hex_line(unsigned char *out, size_t room, const char *line)
{
	size_t len = 0;
	unsigned byte;
	int n;

	for (; len < room && sscanf(line, " %2x%n", &byte, &n) == 1; line += n)
		out[len++] = (unsigned char)byte;
	return len;
}

static bool
read_real(struct hid *real, const char *name)
{
	static unsigned char descriptor[HID_DESCRIPTOR_MAX];
	FILE *file = fopen(shared_file(name, ".hex"), "r");
	char line[512];
	size_t len = 0;

	if (!file)
		return false;
	while (fgets(line, sizeof(line), file))
		len += hex_line(descriptor + len, sizeof(descriptor) - len, line);
	fclose(file);
	return hid_parse(real, descriptor, len) == HID_FINE;
}

static const struct hid_field *
same_place(const struct hid *in, const struct hid_field *wanted)
{
	for (size_t i = 0; i < in->len; i++) {
		const struct hid_field *field = &in->fields[i];

		if (field->type == wanted->type && field->report == wanted->report &&
		    field->bit == wanted->bit)
			return field;
	}
	return NULL;
}

static void
check_field(const char *device, const struct hid_field *real)
{
	const struct hid_field *ours = same_place(&hid, real);
	char path[HID_PATH_TEXT];

	hid_path_format(path, sizeof(path), &real->path);
	cr_assert(ours, "%s: report %02x has no field at bit %u (%s)", device, real->report,
	    real->bit, path);
	cr_expect(hid_path_same(&ours->path, &real->path), "%s: not %s", device, path);
	cr_expect_eq(ours->bits, real->bits, "%s %s", device, path);
	cr_expect_eq(ours->flags, real->flags, "%s %s", device, path);
	cr_expect_eq(ours->unit, real->unit, "%s %s", device, path);
	cr_expect_eq(ours->exponent, real->exponent, "%s %s", device, path);
	cr_expect_eq(ours->logical_min, real->logical_min, "%s %s", device, path);
	cr_expect_eq(ours->logical_max, real->logical_max, "%s %s", device, path);
	cr_expect_eq(ours->physical_min, real->physical_min, "%s %s", device, path);
	cr_expect_eq(ours->physical_max, real->physical_max, "%s %s", device, path);
}

/* How far a measured value may be from the one that was seen: the battery's physics are not that
 * battery's.  All others are the same to the bit. */
static double
tolerance(const char *path, double seen)
{
	static const struct {
		const char *end;
		double part;
	} rows[] = { { "RunTimeToEmpty", 0.5 }, { "Voltage", 0.16 }, { "ActivePower", 0.1 },
		{ "Temperature", 0.1 }, { "PercentLoad", 0 }, { "Frequency", 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = strlen(rows[i].end);

		if (strlen(path) > len && !strcmp(path + strlen(path) - len, rows[i].end) &&
		    path[strlen(path) - len - 1] == '.')
			return fabs(seen) * rows[i].part;
	}
	return 0;
}

/* Told at another moment than the rest of what the real device said, or otherwise its own. */
static bool
is_odd(const char *device, const char *path)
{
	static const char *const odd[][2] = {
		/* says it charges at 100 % */
		{ "liebert-psi5", "UPS.PowerSummary.PresentStatus.Charging" },
		{ "liebert-psi5", "UPS.BatterySystem.Battery.PresentStatus.Charging" },
		/* always 0 */
		{ "generic-5131-2007", "UPS.PowerSummary.RunTimeToEmpty" },
		/* the beeper was off */
		{ "eaton-3s-700", "UPS.PowerSummary.AudibleAlarmControl" },
		{ "eaton-3s-700", "UPS.BatterySystem.Battery.AudibleAlarmControl" },
		/* a test had been run */
		{ "powercom-bnt-1000", "UPS.Battery.Test" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (!strcmp(odd[i][0], device) && !strcmp(odd[i][1], path))
			return true;
	return false;
}

/* One line of NAME.reports: each field that it covers. */
static size_t
check_report(const char *device, const struct hid *real, const char *line)
{
	enum hid_type type = line[0] == 'I' ? HID_INPUT : HID_FEATURE;
	unsigned char seen[512];
	size_t len = hex_line(seen, sizeof(seen), line + 2), checked = 0;
	char path[HID_PATH_TEXT];

	for (size_t i = 0; i < real->len; i++) {
		const struct hid_field *field = &real->fields[i];
		int64_t theirs, ours = 0;

		if (field->type != type || !hid_get(field, seen, len, &theirs))
			continue;
		hid_path_format(path, sizeof(path), &field->path);
		cr_expect(get(type, field->report), "%s: %s stalls", device, path);
		cr_expect(hid_get(field, bytes, bytes_len, &ours), "%s: %s", device, path);
		checked++;
		if (!is_odd(device, path))
			cr_expect(fabs((double)(ours - theirs)) <= tolerance(path, (double)theirs),
			    "%s: %s is %lld, was %lld", device, path, (long long)ours,
			    (long long)theirs);
	}
	return checked;
}

static size_t
check_values(const struct pair *pair, const struct hid *real)
{
	FILE *file = fopen(shared_file(pair->real, ".reports"), "r");
	char line[512];
	size_t checked = 0;

	while (file && fgets(line, sizeof(line), file))
		if (strchr("FI", line[0]) && line[1] == ' ')
			checked += check_report(pair->device, real, line);
	if (file)
		fclose(file);
	return checked;
}

Test(emu_hidups, devices_have_the_fields_and_values_of_the_real_ones)
{
	size_t checked = 0;

	for (size_t i = 0; i < PAIRS; i++) {
		struct hid real;

		if (!read_real(&real, pairs[i].real)) {
			printf("skip: no %s\n", shared_file(pairs[i].real, ".hex"));
			return;
		}
		plug_in(pairs[i].device);
		for (size_t n = 0; n < 3 && pairs[i].orders[n]; n++)
			cr_assert_null(order(pairs[i].orders[n]));
		for (size_t n = 0; n < real.len; n++)
			check_field(pairs[i].device, &real.fields[n]);
		cr_expect_eq(real.len, hid.len, "%s: %zu fields, the real one has %zu",
		    pairs[i].device, hid.len, real.len);
		for (unsigned id = 0; id < 256; id++)
			for (enum hid_type t = HID_INPUT; t < HID_TYPES; t++)
				cr_expect_eq(hid_report_bytes(&real, t, (uint8_t)id),
				    hid_report_bytes(&hid, t, (uint8_t)id), "%s: report %02x",
				    pairs[i].device, id);
		checked += check_values(&pairs[i], &real);
		hid_free(&real);
		unplug();
	}
	cr_expect_geq(checked, 300, "only %zu values", checked);
}

/* Every device file, without the real ones. */
Test(emu_hidups, each_device_describes_itself)
{
	for (size_t i = 0; i < PAIRS; i++) {
		plug_in(pairs[i].device);
		cr_expect_eq(hid.mended, 0, "%s needs mending", pairs[i].device);
		cr_expect(control(0x80, 6, 0x0100, NULL, 18));
		cr_expect_eq(bytes_len, 18);
		cr_expect(control(0x80, 6, 0x0200, NULL, 255));
		/* Interfaces of nobody before the HID's: nine bytes each. */
		cr_expect_eq(bytes_len, 34 + 9 * (bytes[4] - 1), "%s", pairs[i].device);
		cr_expect_eq(bytes_len, bytes[2]);
		cr_expect(control(0x80, 6, 0x0301, NULL, 255), "%s", pairs[i].device);
		cr_expect_eq(bytes[0], bytes_len);
		cr_expect(control(0x81, 6, 0x2100, NULL, 9));
		unsigned told = bytes[7] | (unsigned)bytes[8] << 8;

		cr_expect(control(0x81, 6, 0x2200, NULL, 4096));
		cr_expect_eq(bytes_len, told, "%s", pairs[i].device);
		unplug();
	}
}

/* ---- behaviour ---- */

Test(emu_hidups, only_what_was_asked_for_is_sent)
{
	plug_in("eaton-3s-700");
	cr_expect(control(0x80, 6, 0x0301, NULL, 4));
	cr_expect_eq(bytes_len, 4);
	cr_expect_arr_eq(bytes,
	    "\x0c\x03"
	    "E",
	    4);
	cr_expect_not(control(0x80, 6, 0x031f, NULL, 255), "a string it has not");
	cr_expect_not(control(0xa1, 1, 0x0377, NULL, 64), "a report it has not");
	cr_expect_not(control(0xa1, 1, 0x03ff, NULL, 64), "a report it declares, but stalls");
	cr_expect_not(control(0xa1, 1, 0x0320 + 0x400, NULL, 64), "a kind of report there is not");
	cr_expect_not(control(0xc0, 1, 0, NULL, 64), "a vendor's request");
	cr_expect_not(control(0x21, 9, 0x0320, "\x20", 1), "a report cut short");
	cr_expect_not(control(0x21, 9, 0x0320, "\x21\x02", 2), "another report's id");
	cr_expect(control(0x21, 10, 0, NULL, 0), "SET_IDLE");
	unplug();
}

/* As real ones do; a driver that asks at the wrong place must not get an answer. */
Test(emu_hidups, what_is_for_another_part_of_it_is_refused)
{
	static const char *const devices[] = { "eaton-3s-700", "arduino-hidpowerdevice" };

	for (size_t i = 0; i < 2; i++) {
		plug_in(devices[i]);
		const struct hid_field *field = hid.fields;
		unsigned hid_is = emu_usb_of(&emu_test_device)->interface;
		unsigned report = (field->type == HID_FEATURE ? 0x300u : 0x100u) | field->report;

		cr_expect_eq(hid_is, i == 0 ? 0 : 2);
		for (unsigned at = 0; at < 4; at++) {
			cr_expect_eq(control_to(at, 0xa1, 1, report, NULL, 64), at == hid_is);
			cr_expect_eq(control_to(at, 0x81, 6, 0x2200, NULL, 4096), at == hid_is);
			cr_expect_eq(control_to(at, 0x81, 6, 0x2100, NULL, 9), at == hid_is);
			cr_expect_eq(control_to(at, 0x21, 10, 0, NULL, 0), at == hid_is);
			cr_expect_eq(control_to(at, 0x81, 0, 0, NULL, 2), at <= hid_is);
			cr_expect_eq(control_to(at, 0x01, 11, 0, NULL, 0), at <= hid_is);
		}
		cr_expect_not(control_to(hid_is | 0x100, 0xa1, 1, report, NULL, 64));
		cr_expect_not(control_to(0, 0x80, 6, 0x2200, NULL, 4096), "the device has none");
		cr_expect_not(control_to(0, 0x81, 6, 0x0100, NULL, 18), "nor its interface this");
		cr_expect(control_to(0x81, 0x02, 1, 0, NULL, 0), "its halt is cleared");
		cr_expect(control_to(0, 0x82, 0, 0, NULL, 2));
		cr_expect_not(control_to(0x82, 0x02, 1, 0, NULL, 0), "no such endpoint");
		cr_expect_not(control_to(1, 0x02, 1, 0, NULL, 0), "nor to it");
		cr_expect_not(control_to(0, 0xa3, 1, report, NULL, 64), "something else of it");
		unplug();
	}
}

#define PRESENT(x) "UPS.PowerSummary.PresentStatus." x

Test(emu_hidups, fields_follow_mains_and_battery)
{
	plug_in("eaton-3s-700");
	order("load 80");
	cr_expect_eq(raw(PRESENT("ACPresent")), 1);
	cr_expect_eq(raw(PRESENT("Discharging")), 0);
	cr_expect_eq(raw("UPS.PowerSummary.PercentLoad"), 80);
	order("mains off");
	cr_expect_eq(raw(PRESENT("ACPresent")), 0);
	cr_expect_eq(raw(PRESENT("Discharging")), 1);
	cr_expect_eq(raw(PRESENT("BelowRemainingCapacityLimit")), 0);
	int64_t runtime = raw("UPS.PowerSummary.RunTimeToEmpty");

	pass(60);
	cr_expect_lt(raw("UPS.PowerSummary.RunTimeToEmpty"), runtime);
	order("battery 10");
	cr_expect_eq(raw("UPS.PowerSummary.RemainingCapacity"), 10);
	cr_expect_eq(raw(PRESENT("BelowRemainingCapacityLimit")), 1);
	order("mains on");
	cr_expect_eq(raw(PRESENT("Charging")), 1);
	cr_expect_eq(raw(PRESENT("BelowRemainingCapacityLimit")), 0);
	unplug();
}

/* Input reports come by themselves: once at the start, then when something in them changes. */
Test(emu_hidups, it_speaks_when_something_changes)
{
	plug_in("generic-5131-2007");
	heard_reports = 0;
	order("load 30");
	cr_expect_eq(heard_reports, 1, "the runtime is another");
	order("beeper off");
	cr_expect_eq(heard_reports, 1, "nothing of this is in the report");
	order("mains off");
	cr_expect_eq(heard_reports, 2);
	cr_expect_eq(reported[0], 0x0b);
	cr_expect_eq(reported[6] & 3, 2, "discharging, no mains");
	unplug();
}

Test(emu_hidups, shutdown_and_return)
{
	plug_in("eaton-3s-700");
	cr_expect_eq(raw("UPS.PowerSummary.DelayBeforeShutdown"), -1);
	cr_expect(set("UPS.PowerSummary.DelayBeforeStartup", 30));
	cr_expect(set("UPS.PowerSummary.DelayBeforeShutdown", 20));
	pass(5);
	cr_expect_eq(raw("UPS.PowerSummary.DelayBeforeShutdown"), 15);
	cr_expect_str_eq(show("output"), "on");
	pass(16);
	cr_expect_str_eq(show("output"), "off");
	cr_expect_eq(raw(PRESENT("Good")), 0);
	cr_expect_eq(raw("UPS.PowerSummary.DelayBeforeStartup"), 29);
	pass(30);
	cr_expect_str_eq(show("output"), "on");
	unplug();
}

Test(emu_hidups, shutdown_is_taken_back_or_lasts)
{
	plug_in("eaton-3s-700");
	cr_expect(set("UPS.PowerSummary.DelayBeforeShutdown", 20));
	cr_expect(set("UPS.PowerSummary.DelayBeforeShutdown", -1));
	pass(30);
	cr_expect_str_eq(show("output"), "on");
	cr_expect(set("UPS.PowerSummary.DelayBeforeShutdown", 0));
	cr_expect_str_eq(show("output"), "off");
	pass(600);
	cr_expect_str_eq(show("output"), "off", "no delay for coming back: it stays off");
	cr_expect(set("UPS.PowerSummary.DelayBeforeStartup", 0));
	cr_expect_str_eq(show("output"), "on");
	unplug();
}

/* 4.4: the physical range makes minutes of it. */
Test(emu_hidups, delays_in_minutes)
{
	plug_in("cyberpower-cp1500");
	cr_expect_eq(raw("UPS.Output.DelayBeforeShutdown"), -1);
	cr_expect(set("UPS.Output.DelayBeforeStartup", 2));
	cr_expect(set("UPS.Output.DelayBeforeShutdown", 1));
	pass(59);
	cr_expect_str_eq(show("output"), "on");
	pass(2);
	cr_expect_str_eq(show("output"), "off");
	pass(121);
	cr_expect_str_eq(show("output"), "on");
	unplug();
}

Test(emu_hidups, tests_beeper_and_settings)
{
	plug_in("cyberpower-cp1500");
	cr_expect_eq(raw("UPS.Output.Test"), 6);
	cr_expect(set("UPS.Output.Test", 1));
	cr_expect_eq(raw("UPS.Output.Test"), 5);
	pass(11);
	cr_expect_eq(raw("UPS.Output.Test"), 1);
	cr_expect(set("UPS.Output.Test", 1), "the same again");
	cr_expect_eq(raw("UPS.Output.Test"), 5);
	cr_expect(set("UPS.Output.Test", 3));
	cr_expect_eq(raw("UPS.Output.Test"), 4);

	cr_expect(set("UPS.PowerSummary.AudibleAlarmControl", 1));
	cr_expect_str_eq(show("ups.beeper.status"), "disabled");
	cr_expect_not(set("UPS.PowerSummary.AudibleAlarmControl", 7));
	cr_expect(set("UPS.PowerSummary.RemainingCapacityLimit", 35));
	cr_expect(set("UPS.Input.LowVoltageTransfer", 80));
	cr_expect_eq(raw("UPS.PowerSummary.RemainingCapacityLimit"), 35);
	cr_expect_eq(raw("UPS.PowerSummary.WarningCapacityLimit"), 20, "its neighbour");
	cr_expect_eq(raw("UPS.Input.LowVoltageTransfer"), 80);
	order("mains off");
	order("battery 34");
	cr_expect_eq(raw(PRESENT("BelowRemainingCapacityLimit")), 1);
	unplug();
}

Test(emu_hidups, faults_of_the_bus)
{
	plug_in("eaton-3s-700");
	order("stall only F01");
	cr_expect_not(get(HID_FEATURE, 1));
	cr_expect(get(HID_FEATURE, 6));
	order("stall off");
	order("wrongid 1");
	cr_expect(get(HID_FEATURE, 1) && bytes[0] == 2);
	order("truncate 1 for 1");
	cr_expect(get(HID_FEATURE, 1) && bytes_len == 1);
	order("io 1");
	get(HID_FEATURE, 1);
	cr_expect(heard_broken);
	cr_expect(get(HID_FEATURE, 1) && bytes_len == 4);
	unplug();
}

/* ---- device files ---- */

static const char *
fault_in(const char *row)
{
	static char text[512];
	struct faults faults = { 0 };
	struct emu_device_file device;
	char file_text[512];

	snprintf(file_text, sizeof(file_text),
	    "model hidups\nfeature 01:0+8 0..255 02 UPS.iName is 1\n%s\n", row);
	struct conffile *file = conffile_from("test.dev", file_text, strlen(file_text));

	text[0] = '\0';
	if (emu_device_parse(&device, "test", file, &faults))
		emu_device_free(&device);
	else
		snprintf(text, sizeof(text), "%s", faults.list[0].text);
	faults_free(&faults);
	conffile_close(file);
	return text;
}

Test(emu_hidups, faulty_rows_are_refused)
{
	static const char *const bad[][2] = {
		{ "feature 02:0+8 0..255 02 UPS.NoSuchUsage", "path" },
		{ "feature 02:0+33 0..255 02 UPS.iName", "place" },
		{ "feature 2.0 0..255 02 UPS.iName", "place" },
		{ "feature 01:4+8 0..255 02 UPS.iName", "taken" },
		{ "feature 00:0+8 0..255 02 UPS.iName", "have an id" },
		{ "feature 02:0+8 0-255 02 UPS.iName", "range" },
		{ "feature 02:0+8 0..255 xx UPS.iName", "flags" },
		{ "feature 02:0+8 0..255 02 UPS.iName follows nothing", "follow" },
		{ "feature 02:0+8 0..255 02 UPS.iName step 0", "step" },
		{ "feature 02:0+8 0..255 02 UPS.iName is", "wants" },
		{ "feature 02:0+8 0..255 02 UPS.iName colour red", "behind the path" },
		{ "feature 02:0+8 0..255 02 UPS.[200]", "path" },
		{ "string 40 x", "index" },
		{ "usb.strings 1 2", "indices" },
		{ "stalls zz", "hex" },
		{ "colour red", "no such key" },
	};

	cr_expect_str_eq(fault_in(""), "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(strstr(fault_in(bad[i][0]), bad[i][1]), "%s: '%s'", bad[i][0],
		    fault_in(bad[i][0]));
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("test.dev", "model hidups\n", 13);

	cr_expect_not(emu_device_parse(&emu_test_device, "test", file, &faults));
	faults_free(&faults);
	conffile_close(file);
}

/* Over FunctionFS: the bus has been asked before the host's bytes are there. */
Test(emu_hidups, what_the_bus_has_let_through_is_not_asked_again)
{
	struct emu_message idle = { .kind = EMU_CONTROL, .setup = { 0x21, 0x0a }, .tag = 1 };

	plug_in("eaton-3s-700");
	order("stall for 2");
	cr_expect(emu_bus_fails(emu, &idle));
	cr_expect(heard_stall, "refused");
	idle.settled = true;
	emu_hear(emu, &idle);
	cr_expect_not(heard_stall, "settled");
	idle.settled = false;
	emu_hear(emu, &idle);
	cr_expect(heard_stall, "the fault is still to come once");
	unplug();
}
