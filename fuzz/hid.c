/* hid - report descriptors, and the fields in reports.
 *
 * The first byte: even, the rest is a descriptor; odd, each two bytes are an item, made so that
 * most of them fit together.  Every field must lie in its report, where a reading bit by bit finds
 * the same, and its path must come back from its name. */
#include "fuzz/lib/fuzz.h"

#include "drivers/proto/hid.h"

#include <math.h>

/* ---- descriptors from pairs of bytes ---- */

static void
add_item(struct buf *out, uint8_t tag, uint8_t value)
{
	static const uint8_t usages[] = { 0x04, 0x24, 0x02, 0x12, 0x1e, 0x30, 0x66, 0x68, 0xd0,
		0x44, 0x45, 0x69, 0x57, 0x56, 0xfe, 0x5a };
	/* Of the prefix, what follows it by VALUE. */
	static const struct {
		uint8_t prefix, mask;
	} items[] = { { 0x05, 0 }, { 0x09, 0 }, { 0x09, 0 }, { 0xa1, 0x83 }, { 0xc0, 0 },
		{ 0x85, 7 }, { 0x75, 0x3f }, { 0x95, 3 }, { 0x15, 0xff }, { 0x25, 0xff },
		{ 0x35, 0xff }, { 0x45, 0xff }, { 0x65, 0xff }, { 0x55, 0x0f }, { 0x81, 0x83 },
		{ 0xb1, 0x83 }, { 0xb1, 0x83 }, { 0x91, 0x83 }, { 0xa4, 0 }, { 0xb4, 0 },
		{ 0x19, 0xff }, { 0x29, 0xff }, { 0x26, 0xff }, { 0x67, 0xff }, { 0x0b, 0xff } };
	uint8_t prefix = items[tag % (sizeof(items) / sizeof(*items))].prefix;
	uint8_t data[4] = { value & items[tag % (sizeof(items) / sizeof(*items))].mask, value, 0x84,
		0 };
	static const uint8_t sizes[] = { 0, 1, 2, 4 };

	if (prefix == 0x05)
		data[0] = value & 1 ? 0x84 : 0x85;
	if (prefix == 0x09)
		data[0] = usages[value % sizeof(usages)];
	if (prefix == 0x67)
		memcpy(data, "\x21\xd1\xf0\x00", 4);
	buf_add(out, &prefix, 1);
	buf_add(out, data, sizes[prefix & 3]);
}

/* ---- what must hold of a field ---- */

static uint64_t
bit_by_bit(const struct hid_field *field, const uint8_t *report)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < field->bits; i++) {
		unsigned bit = field->bit + i + (field->report ? 8 : 0);

		value |= (uint64_t)(report[bit / 8] >> bit % 8 & 1) << i;
	}
	return value;
}

static void
check_values(const struct hid_field *field, uint8_t *report, size_t len)
{
	uint64_t mask = field->bits == 64 ? UINT64_MAX : (UINT64_C(1) << field->bits) - 1;
	int64_t raw = 0, again = 0;
	double value;

	report[0] = field->report ? field->report : report[0];
	must(hid_get(field, report, len, &raw), "it does not fit its report");
	must(((uint64_t)raw & mask) == bit_by_bit(field, report), "%lld", (long long)raw);
	must(!hid_get(field, report, len - 1, &raw) || field->bit + field->bits + 8u <= 8 * len ||
		 !field->report,
	    "a report too short is read");
	if (hid_set(field, report, len, raw))
		must(hid_get(field, report, len, &again) && again == raw, "%lld, not %lld",
		    (long long)again, (long long)raw);
	value = hid_value(field, raw);
	must(isfinite(value), "%lld is worth %g", (long long)raw, value);
	(void)hid_raw(field, value, &again);
	(void)hid_in_range(field, raw);
}

static void
check_field(const struct hid *hid, const struct hid_field *field)
{
	size_t len = hid_report_bytes(hid, field->type, field->report);
	uint8_t *report = malloc(len + 1);
	char text[HID_PATH_TEXT];
	struct hid_path path;

	must(report && len > 0 && len <= HID_REPORT_MAX, "%zu bytes", len);
	must(field->bits >= 1 && field->bits <= 32, "%u bits", field->bits);
	must(field->bit + field->bits <= hid->report_bits[field->type][field->report],
	    "bit %u of %u", field->bit + field->bits, hid->report_bits[field->type][field->report]);
	report = realloc(report, len);
	must(report, "no memory");
	for (int fill = 0; fill < 4; fill++) {
		memset(report, fill == 3 ? 0xa5 : fill * 0x7f, len);
		check_values(field, report, len);
	}
	free(report);
	if (!hid_path_format(text, sizeof(text), &field->path))
		return;
	must(hid_path_parse(&path, text), "%s is no path", text);
	must(hid_path_same(&path, &field->path), "%s is another path", text);
	must(hid_find(hid, &field->path, field->type), "%s is not found", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf made = { 0 };
	enum hid_rule rule;
	struct hid hid;
	size_t count;
	void *bytes;

	if (!size)
		return 0;
	for (size_t i = 1; *data & 1 && i + 1 < size; i += 2)
		add_item(&made, data[i], data[i + 1]);
	if (*data & 1)
		bytes = fuzz_copy(buf_bytes(&made), size = buf_len(&made));
	else
		bytes = fuzz_copy(data + 1, --size);
	fuzz_scarce(0, false);
	rule = hid_parse(&hid, bytes, size);
	count = fuzz_plenty();
	must(rule < HID_MENDED && hid_rules[rule].what, "rule %d", rule);
	must((rule == HID_FINE) == (hid.len > 0), "%zu fields in spite of %s", hid.len,
	    hid_rules[rule].what);
	for (size_t i = 0; i < hid.len; i++)
		check_field(&hid, &hid.fields[i]);
	hid_free(&hid);
	fuzz_scarce_by(bytes, size, count);
	rule = hid_parse(&hid, bytes, size);
	(void)fuzz_plenty();
	must(!count || (rule == HID_NO_MEMORY && !hid.len), "without memory: %s, %zu fields",
	    hid_rules[rule].what, hid.len);
	hid_free(&hid);
	free(bytes);
	buf_free(&made);
	return 0;
}
