/* HID report descriptors: docs/devices/hid.md.  The facts are in ${SHARED:-../shared}/data/hid:
 * each field of fifteen real devices, decoded by another reader. */
#include "drivers/proto/hid.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = { "Input", "Output", "Feature" };

/* ---- the real ones ---- */

struct reports {
	uint8_t bytes[HID_TYPES][256][HID_REPORT_MAX];
	size_t len[HID_TYPES][256];
};

static size_t
read_hex_line(uint8_t *out, size_t room, const char *line)
{
	size_t len = 0;
	unsigned byte;
	int n;

	for (; len < room && sscanf(line, " %2x%n", &byte, &n) == 1; line += n)
		out[len++] = (uint8_t)byte;
	return len;
}

static size_t
read_hex(uint8_t *out, size_t room, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];
	size_t len = 0;

	cr_assert(file, "%s", path);
	while (fgets(line, sizeof(line), file))
		len += read_hex_line(out + len, room - len, line);
	fclose(file);
	return len;
}

/* "F 0b 31 05": a report as the device sends it, its id first. */
static void
read_reports(struct reports *out, const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];

	memset(out, 0, sizeof(*out));
	while (file && fgets(line, sizeof(line), file)) {
		enum hid_type type = line[0] == 'I' ? HID_INPUT : HID_FEATURE;
		uint8_t bytes[HID_REPORT_MAX];

		if (!strchr("FI", line[0]) || line[1] != ' ')
			continue;
		size_t len = read_hex_line(bytes, sizeof(bytes), line + 2);

		memcpy(out->bytes[type][bytes[0]], bytes, len);
		out->len[type][bytes[0]] = len;
	}
	if (file)
		fclose(file);
}

struct row {
	char type[16], range[64], unit[32], flags[16], path[HID_PATH_TEXT];
	unsigned report, bit, bits;
	long long raw;
	double value;
	bool has_value;
};

static bool
read_row(struct row *row, const char *line)
{
	int n = sscanf(line, "%15s %x %u %u %63s %31[^\t] %15s %255s %lld %lf", row->type,
	    &row->report, &row->bit, &row->bits, row->range, row->unit, row->flags, row->path,
	    &row->raw, &row->value);

	row->has_value = n == 10;
	return n >= 8;
}

static void
check_range(const struct hid_field *field, const struct row *row, const char *at)
{
	char range[64], unit[32], flags[16];

	snprintf(range, sizeof(range), "%lld..%lld", (long long)field->logical_min,
	    (long long)field->logical_max);
	/* The other reader does not mend "25 ff". */
	if (strcmp(row->range, "0..-1") != 0)
		cr_expect_str_eq(range, row->range, "%s", at);
	snprintf(unit, sizeof(unit), "unit=%x e%d", field->unit, field->exponent);
	cr_expect_str_eq(unit, row->unit, "%s", at);
	snprintf(flags, sizeof(flags), "fl=%02x", field->flags);
	cr_expect_str_eq(flags, row->flags, "%s", at);
}

static void
check_value(
    const struct hid_field *field, const struct row *row, struct reports *reports, const char *at)
{
	enum hid_type type = field->type;
	uint8_t id = field->report;
	int64_t raw = 0;

	/* It takes a feature report for an input one that was not seen. */
	if (!reports->len[type][id])
		type = HID_FEATURE;
	if (!row->has_value)
		return;
	cr_expect(hid_get(field, reports->bytes[type][id], reports->len[type][id], &raw), "%s", at);
	cr_expect_eq(
	    raw & ((INT64_C(1) << field->bits) - 1), row->raw, "%s: %lld", at, (long long)raw);
	cr_expect_float_eq(hid_value(field, raw), row->value, 1e-6 + fabs(row->value) * 1e-9,
	    "%s: %g is not %g", at, hid_value(field, raw), row->value);
}

static size_t
check_device(const char *hex_path)
{
	static struct reports reports;
	uint8_t descriptor[HID_DESCRIPTOR_MAX];
	size_t len = read_hex(descriptor, sizeof(descriptor), hex_path), at = 0;
	char path[512], line[1024], text[HID_PATH_TEXT];
	int stem = (int)strlen(hex_path) - 4;
	struct hid hid;
	struct row row;

	snprintf(path, sizeof(path), "%.*s.reports", stem, hex_path);
	read_reports(&reports, path);
	snprintf(path, sizeof(path), "%.*s.fields.tsv", stem, hex_path);
	enum hid_rule rule = hid_parse(&hid, descriptor, len);

	cr_assert_eq(rule, HID_FINE, "%s: %s", hex_path, hid_rules[rule].what);
	FILE *file = fopen(path, "r");

	cr_assert(file, "%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (!read_row(&row, line))
			continue;
		cr_assert_lt(at, hid.len, "%s: a field is missing: %s", path, line);
		const struct hid_field *field = &hid.fields[at++];

		snprintf(line, sizeof(line), "%s, field %zu (%s)", path, at, row.path);
		cr_expect(hid_path_format(text, sizeof(text), &field->path));
		cr_expect_str_eq(text, row.path, "%s", line);
		cr_expect_str_eq(type_names[field->type], row.type, "%s", line);
		cr_expect_eq(field->report, row.report, "%s", line);
		cr_expect_eq(field->bit, row.bit, "%s", line);
		cr_expect_eq(field->bits, row.bits, "%s", line);
		check_range(field, &row, line);
		check_value(field, &row, &reports, line);
	}
	fclose(file);
	cr_expect_eq(at, hid.len, "%s: %zu fields too many", path, hid.len - at);
	hid_free(&hid);
	return at;
}

/* docs/devices/hid.md, 2; every rule that refuses must leave these alone. */
Test(hid, every_field_of_the_real_descriptors)
{
	const char *shared = getenv("SHARED");
	char pattern[512];
	glob_t found;
	size_t fields = 0;

	snprintf(pattern, sizeof(pattern), "%s/data/hid/*.hex", shared ? shared : "../shared");
	if (glob(pattern, 0, NULL, &found) != 0) {
		printf("skip: no %s\n", pattern); /* cr_skip() leaks, which valgrind sees */
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		fields += check_device(found.gl_pathv[i]);
	cr_expect_geq(fields, 1000, "only %zu fields", fields);
	globfree(&found);
}

/* ---- made ones ---- */

static struct hid hid;

/* Hex digits to a descriptor: HID_FINE and `hid` filled, or why not. */
static enum hid_rule
parse(const char *hex)
{
	static uint8_t bytes[2 * HID_DESCRIPTOR_MAX];
	size_t len = read_hex_line(bytes, sizeof(bytes), hex);

	hid_free(&hid);
	return hid_parse(&hid, bytes, len);
}

static const struct hid_field *
field(const char *path, enum hid_type type)
{
	struct hid_path parsed;

	cr_assert(hid_path_parse(&parsed, path), "%s", path);
	return hid_find(&hid, &parsed, type);
}

/* A UPS with one 8-bit feature, the charge, in report 12; X goes before the main item. */
#define UPS(x) "05 84 09 04 a1 01 85 0c 05 85 09 66 15 00 26 ff 00 75 08 95 01 " x " b1 82 c0"

Test(hid, a_field_has_its_path_and_its_place)
{
	int64_t raw;

	cr_assert_eq(parse(UPS("")), HID_FINE);
	cr_assert_eq(hid.len, 1);
	const struct hid_field *charge = field("UPS.RemainingCapacity", HID_FEATURE);

	cr_assert(charge);
	cr_expect_null(field("UPS.RemainingCapacity", HID_INPUT));
	cr_expect_eq(hid_report_bytes(&hid, HID_FEATURE, 12), 2);
	cr_expect_eq(hid_report_bytes(&hid, HID_INPUT, 12), 0);
	cr_expect(hid_get(charge, "\x0c\x5c", 2, &raw));
	cr_expect_eq(raw, 92);
	hid_free(&hid);
}

/* docs/devices/hid.md, 4: the two faults that made other drivers say "on battery". */
Test(hid, a_short_report_or_another_ones_bytes_have_no_value)
{
	int64_t raw = 7;

	cr_assert_eq(parse(UPS("")), HID_FINE);
	const struct hid_field *charge = &hid.fields[0];

	cr_expect_not(hid_get(charge, "\x0c", 1, &raw), "short");
	cr_expect_not(hid_get(charge, "", 0, &raw), "empty");
	cr_expect_not(hid_get(charge, "\x0d\x5c", 2, &raw), "another id");
	cr_expect_eq(raw, 7, "what was there is left alone");
	cr_expect(hid_get(charge, "\x0c\x5c\xff\xff", 4, &raw), "longer is fine");
	hid_free(&hid);
}

Test(hid, numbers_have_signs_when_their_minimum_has_one)
{
	uint8_t report[3] = { 12, 0, 0 };
	int64_t raw;

	cr_assert_eq(parse(UPS("16 00 80 26 ff 7f 75 10")), HID_FINE);
	cr_expect(hid_set(&hid.fields[0], report, 3, -2));
	cr_expect_arr_eq(report, "\x0c\xfe\xff", 3);
	cr_expect(hid_get(&hid.fields[0], report, 3, &raw));
	cr_expect_eq(raw, -2);
	cr_expect_not(hid_set(&hid.fields[0], report, 3, 32768));
	cr_expect_not(hid_set(&hid.fields[0], report, 3, -32769));
	cr_expect_arr_eq(report, "\x0c\xfe\xff", 3, "what does not fit is not written");
	hid_free(&hid);
}

/* */
Test(hid, thirty_two_bits_hold_what_they_can)
{
	uint8_t report[5] = { 12 };
	int64_t raw;

	cr_assert_eq(parse(UPS("27 ff ff ff 7f 75 20")), HID_FINE);
	cr_expect(hid_set(&hid.fields[0], report, 5, 0xffffffff));
	cr_expect(hid_get(&hid.fields[0], report, 5, &raw));
	cr_expect_eq(raw, 0xffffffff);
	cr_expect_not(hid_in_range(&hid.fields[0], raw), "but it is not in the declared range");
	cr_assert_eq(parse(UPS("17 00 00 00 80 27 ff ff ff 7f 75 20")), HID_FINE);
	cr_expect(hid_get(&hid.fields[0], report, 5, &raw));
	cr_expect_eq(raw, -1);
	hid_free(&hid);
}

Test(hid, bits_within_bytes_leave_their_neighbours_alone)
{
	static const char eleven[] = "05 84 09 04 a1 01 85 01 15 00 25 01 75 03 95 01 09 60 b1 02 "
				     "75 0b 26 ff 07 09 61 b1 02 75 02 09 62 b1 02 c0";
	uint8_t report[] = { 1, 0xff, 0xff };
	int64_t raw;

	cr_assert_eq(parse(eleven), HID_FINE);
	cr_assert_eq(hid.len, 3);
	cr_expect(hid_set(&hid.fields[1], report, 3, 0));
	cr_expect_arr_eq(report, "\x01\x07\xc0", 3);
	cr_expect(hid_get(&hid.fields[2], report, 3, &raw) && raw == 3);
	hid_free(&hid);
}

/* 2.3: global items last until they are changed, push and pop keep all of them. */
Test(hid, push_and_pop)
{
	cr_assert_eq(
	    parse("05 84 09 04 a1 01 85 01 75 08 95 01 26 ff 00 a4 75 10 85 02 66 01 10 09 "
		  "55 b1 02 b4 09 56 b1 02 c0"),
	    HID_FINE);
	cr_assert_eq(hid.len, 2);
	cr_expect(hid.fields[0].report == 2 && hid.fields[0].bits == 16);
	cr_expect_eq(hid.fields[0].unit, 0x1001);
	cr_expect(hid.fields[1].report == 1 && hid.fields[1].bits == 8);
	cr_expect_eq(hid.fields[1].unit, 0);
	hid_free(&hid);
}

/* 2.4: Eaton and APC have several Flows and Outlets, told apart by the type of the collection. */
Test(hid, instances_are_part_of_the_path)
{
	cr_assert_eq(parse("05 84 09 04 a1 01 75 08 95 01 85 01 09 1e a1 84 09 40 b1 02 c0 "
			   "09 1e a1 85 09 40 b1 02 c0 c0"),
	    HID_FINE);
	cr_assert(field("UPS.Flow.[5].ConfigVoltage", HID_FEATURE));
	cr_expect_eq(field("UPS.Flow.[5].ConfigVoltage", HID_FEATURE)->bit, 8);
	cr_expect_eq(field("ups.flow.[4].configvoltage", HID_FEATURE)->bit, 0);
	cr_expect_null(field("UPS.Flow.ConfigVoltage", HID_FEATURE));
	hid_free(&hid);
}

Test(hid, usages_come_as_ranges_and_with_their_page)
{
	cr_assert_eq(parse("05 84 09 04 a1 01 75 01 95 03 85 01 05 85 19 44 29 46 b1 02 "
			   "95 01 0b 60 00 86 ff b1 02 c0"),
	    HID_FINE);
	cr_assert_eq(hid.len, 4);
	cr_expect(field("UPS.Charging", HID_FEATURE));
	cr_expect_eq(field("UPS.FullyCharged", HID_FEATURE)->bit, 2);
	cr_expect_eq(field("UPS.ff860060", HID_FEATURE)->bit, 3);
	hid_free(&hid);
}

/* 5: a volt is 10^7 units of grams and centimetres. */
Test(hid, units_and_exponents)
{
	static const struct {
		const char *items;
		int64_t raw;
		double value;
	} rows[] = {
		{ "67 21 d1 f0 00 55 07", 230, 230 },	 /* V */
		{ "67 21 d1 f0 00 55 06", 2301, 230.1 }, /* 0.1 V */
		{ "67 21 d1 f0 00 55 05", 23010, 230.1 },
		{ "66 21 d1 55 07", 700, 700 },		/* W, VA */
		{ "66 01 f0 55 0f", 499, 49.9 },	/* 0.1 Hz */
		{ "66 01 10 55 00", 2737, 2737 },	/* s */
		{ "67 01 00 01 00 55 00", 297, 297 },	/* K */
		{ "67 01 00 10 00 55 0e", 1250, 12.5 }, /* 0.01 A */
		{ "65 00 55 05", 42, 42 },		/* an exponent is left over */
		/* minutes: -1..32767 stands for -60..1966020 s */
		{ "15 ff 26 ff 7f 35 c4 47 c4 ff 1d 00 66 01 10 55 00", 2, 120 },
		{ "15 ff 26 ff 7f 35 c4 47 c4 ff 1d 00 66 01 10 55 00", -1, -60 },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t back;

		snprintf(text, sizeof(text), UPS("75 10 %s"), rows[i].items);
		cr_assert_eq(parse(text), HID_FINE, "%s", rows[i].items);
		cr_expect_float_eq(hid_value(&hid.fields[0], rows[i].raw), rows[i].value, 1e-9,
		    "%s: %g", rows[i].items, hid_value(&hid.fields[0], rows[i].raw));
		cr_expect(hid_raw(&hid.fields[0], rows[i].value, &back));
		cr_expect_eq(back, rows[i].raw, "%s", rows[i].items);
	}
	int64_t raw;

	cr_expect_not(hid_raw(&hid.fields[0], (double)NAN, &raw));
	cr_expect_not(hid_raw(&hid.fields[0], 1e300, &raw));
	hid_free(&hid);
}

/* ---- 6: what is refused, and what is mended ---- */

#define NEST4 "09 24 a1 02 09 24 a1 02 09 24 a1 02 09 24 a1 02 "

Test(hid, what_is_refused)
{
	static const struct {
		const char *hex;
		enum hid_rule rule;
	} rows[] = {
		{ "", HID_EMPTY },
		{ "05", HID_TRUNCATED },
		{ "05 84 09 04 a1 01 85 0c 09 66 75 08 95 01 b1 82", HID_TRUNCATED }, /* no c0 */
		{ "05 84 09 04 a1 01 27 ff", HID_TRUNCATED },
		{ "05 84 fe 10 01 00", HID_TRUNCATED },
		{ "84 05 04 09 01 a1 0c 85", HID_NO_PAGE }, /* bytes reversed in pairs */
		{ "09 04 a1 01 c0", HID_NO_PAGE },	    /* read from its third byte on */
		{ UPS("c4 00"), HID_NO_SUCH_ITEM },
		{ UPS("0d 00"), HID_NO_SUCH_ITEM },
		{ "05 84 c0", HID_COLLECTIONS },
		{ "05 84 09 04 a1 01 c0 c0", HID_COLLECTIONS },
		{ "05 84 " NEST4 NEST4 NEST4 "09 24 a1 02", HID_TOO_DEEP },
		{ UPS("b4"), HID_STACK },
		{ UPS("a4"), HID_STACK },
		{ UPS("85 00"), HID_REPORT_ID },
		{ UPS("86 00 01"), HID_REPORT_ID },
		{ "05 84 09 04 a1 01 75 08 95 01 09 60 b1 02 85 01 09 61 b1 02 c0",
		    HID_SOME_NUMBERED },
		{ UPS("96 00 04"), HID_REPORT_LENGTH },
		{ UPS("77 ff ff ff ff 97 ff ff ff ff"), HID_REPORT_LENGTH },
		{ UPS("19 05 29 04"), HID_USAGE_RANGE },
		{ UPS("1a 00 00 2a ff ff"), HID_USAGE_RANGE },
		{ UPS("75 01 96 01 04"), HID_TOO_MANY },
		{ "05 84 09 04 a1 01 c0", HID_NO_FIELDS },
		{ "05 ff 09 04 a1 01 c0", HID_RESERVED_PAGE },
		{ UPS("0b 04 00 ff 00"), HID_RESERVED_PAGE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum hid_rule rule = parse(rows[i].hex);

		cr_expect_eq(rule, rows[i].rule, "%s: %s", rows[i].hex, hid_rules[rule].what);
		cr_expect(!hid.fields && !hid.len);
	}
	static uint8_t longer[HID_DESCRIPTOR_MAX + 1] = { 0x05, 0x84 };

	cr_expect_eq(hid_parse(&hid, longer, sizeof(longer)), HID_TOO_LONG);
}

static bool
mended(enum hid_rule rule)
{
	return hid.mended == 1u << (rule - HID_MENDED);
}

/* */
Test(hid, what_is_mended)
{
	cr_expect_eq(parse(UPS("25 ff")), HID_FINE);
	cr_expect(mended(HID_MAXIMUM_UNSIGNED));
	cr_expect_eq(hid.fields[0].logical_max, 255);

	cr_expect_eq(parse(UPS("15 0a 25 05")), HID_FINE);
	cr_expect(mended(HID_RANGE_REVERSED));
	cr_expect(hid_in_range(&hid.fields[0], 200));

	cr_expect_eq(parse("05 84 09 04 a1 01 85 01 09 60 75 40 95 01 b1 02 09 61 75 08 b1 02 c0"),
	    HID_FINE);
	cr_expect(mended(HID_FIELD_WIDE));
	cr_expect(hid.len == 1 && hid.fields[0].bit == 64, "its place is kept");

	cr_expect_eq(parse(UPS("") " 00 00 00 00 00"), HID_FINE);
	cr_expect(mended(HID_PADDED));

	cr_expect_eq(parse(UPS("fe 02 17 aa bb")), HID_FINE);
	cr_expect(mended(HID_LONG_ITEM));

	cr_expect_eq(
	    parse("05 84 09 04 a1 01 85 01 75 08 95 02 a9 01 09 60 09 61 a9 00 09 62 b1 02 c0"),
	    HID_FINE);
	cr_expect(mended(HID_ALTERNATIVES));
	cr_expect(hid.len == 2 && field("UPS.Good", HID_FEATURE) == NULL);
	cr_expect_eq(field("UPS.InternalFailure", HID_FEATURE)->bit, 8);
	hid_free(&hid);
}

Test(hid, each_rule_has_words)
{
	for (size_t i = 0; i < HID_RULES; i++)
		cr_expect(hid_rules[i].what && *hid_rules[i].what, "rule %zu", i);
}

Test(hid, paths_that_are_none)
{
	static const char *const bad[] = { "", ".", "UPS.", ".UPS", "UPS..Good", "UPS.NoSuchThing",
		"UPS.[128]", "UPS.[]", "UPS.[1", "UPS.[x]", "UPS.8400", "UPS.008400zz",
		"UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS.UPS" };
	struct hid_path path;
	char text[16] = "x";

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(hid_path_parse(&path, bad[i]), "%s", bad[i]);
	cr_expect(hid_path_parse(&path, "UPS.PowerSummary.RemainingCapacity"));
	cr_expect_not(hid_path_format(text, sizeof(text), &path));
	cr_expect_str_eq(text, "");
}

Test(hid, the_last_usage_of_all_ends_a_range)
{
	cr_expect_eq(parse("05 84 09 04 a1 01 1b fe ff ff ff 2b ff ff ff ff 75 08 95 02 b1 02 c0"),
	    HID_FINE);
	cr_expect(hid.len == 2 && hid.fields[1].path.node[1] == 0xffffffff);
	hid_free(&hid);
}

/* hid.md, 3 */
Test(hid, a_name_on_both_pages_means_the_first)
{
	struct hid_path path = { .node = { 0x00840004, 0x008500d8, 0x00850000 }, .len = 3 }, again;
	char text[HID_PATH_TEXT];

	cr_expect(hid_path_format(text, sizeof(text), &path));
	cr_expect_str_eq(text, "UPS.008500d8.00850000");
	cr_expect(hid_path_parse(&again, text) && hid_path_same(&path, &again));
	cr_expect(hid_path_parse(&again, "UPS.VoltageOutOfRange.Undefined"));
	cr_expect_eq(again.node[1], 0x00840063);
	cr_expect_eq(again.node[2], 0x00840000);
}

/* ---- bytes from anywhere ---- */

static uint64_t
next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* Whatever the bytes are: all or nothing, each field within its report, and get, set and the paths
 * agree with themselves. */
static void
check_sane(const uint8_t *bytes, size_t len, uint64_t *seed)
{
	static uint8_t report[HID_REPORT_MAX];
	enum hid_rule rule = hid_parse(&hid, bytes, len);
	char text[HID_PATH_MAX * 32];
	struct hid_path path;
	int64_t raw, back;

	cr_assert(rule < HID_MENDED && (rule == HID_FINE) == (hid.len > 0));
	for (size_t i = 0; i < hid.len; i++) {
		const struct hid_field *f = &hid.fields[i];
		size_t size = hid_report_bytes(&hid, f->type, f->report);
		size_t last = (f->bit + f->bits - 1u) / 8 + (f->report != 0);

		report[0] = f->report;
		for (size_t b = f->report != 0; b < size; b++)
			report[b] = (uint8_t)next(seed);
		cr_assert(hid_get(f, report, size, &raw));
		cr_assert_not(hid_get(f, report, last, &back), "one byte short");
		cr_assert(hid_set(f, report, size, raw) && hid_get(f, report, size, &back));
		cr_assert_eq(raw, back);
		cr_assert(isfinite(hid_value(f, raw)));
		hid_raw(f, hid_value(f, raw), &back);
		cr_assert(hid_path_format(text, sizeof(text), &f->path));
		cr_assert(hid_path_parse(&path, text), "%s", text);
	}
	hid_free(&hid);
}

Test(hid, bytes_from_anywhere)
{
	static const uint8_t heads[] = { 0x05, 0x09, 0xa1, 0xc0, 0x85, 0x75, 0x95, 0x15, 0x26, 0x27,
		0x36, 0x47, 0x55, 0x67, 0x81, 0x91, 0xb1, 0xa4, 0xb4, 0x19, 0x29, 0x0b, 0xa9,
		0xfe };
	uint64_t seed = 20261125;
	uint8_t bytes[200];

	for (int round = 0; round < 4000; round++) {
		size_t len = 1 + (size_t)(next(&seed) % sizeof(bytes));

		for (size_t i = 0; i < len; i++)
			bytes[i] = next(&seed) % 3 ? heads[next(&seed) % sizeof(heads)]
						   : (uint8_t)(next(&seed) >> 20);
		bytes[0] = 0x05;
		check_sane(bytes, len, &seed);
	}
}

/* A good descriptor with each byte damaged in turn, and cut at each place. */
Test(hid, damage_at_each_byte)
{
	static const char good[] =
	    "05 84 09 04 a1 01 09 24 a1 02 85 01 75 08 95 02 15 00 26 ff 00 "
	    "09 fe 09 ff b1 02 a4 85 02 75 10 95 01 67 21 d1 f0 00 55 05 09 30 81 82 "
	    "b4 09 1e a1 84 05 85 19 44 29 46 95 03 75 01 85 03 b1 a2 95 05 b1 03 c0 c0 c0";
	uint8_t bytes[128], damaged[128];
	size_t len = read_hex_line(bytes, sizeof(bytes), good);
	uint64_t seed = 42;

	cr_assert_eq(hid_parse(&hid, bytes, len), HID_FINE);
	cr_assert_eq(hid.len, 6);
	hid_free(&hid);
	for (size_t i = 1; i < len; i++) {
		cr_expect_neq(hid_parse(&hid, bytes, i), HID_FINE, "cut at %zu", i);
		hid_free(&hid);
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(damaged, bytes, len);
			damaged[i] ^= (uint8_t)(1u << bit);
			check_sane(damaged, len, &seed);
		}
	}
}
