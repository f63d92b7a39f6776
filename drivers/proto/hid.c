#include "drivers/proto/hid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGES_MAX 256 /* of one main item */
#define STACK_MAX 8

/* Items: tag and kind are the upper six bits of the first byte.  HID 1.11, 6.2.2. */
enum {
	INPUT = 0x80,
	OUTPUT = 0x90,
	COLLECTION = 0xa0,
	FEATURE = 0xb0,
	END_COLLECTION = 0xc0,
	USAGE_PAGE = 0x04,
	LOGICAL_MIN = 0x14,
	LOGICAL_MAX = 0x24,
	PHYSICAL_MIN = 0x34,
	PHYSICAL_MAX = 0x44,
	EXPONENT = 0x54,
	UNIT = 0x64,
	REPORT_SIZE = 0x74,
	REPORT_ID = 0x84,
	REPORT_COUNT = 0x94,
	PUSH = 0xa4,
	POP = 0xb4,
	USAGE = 0x08,
	USAGE_MIN = 0x18,
	USAGE_MAX = 0x28,
	DESIGNATOR = 0x38,
	DESIGNATOR_MIN = 0x48,
	DESIGNATOR_MAX = 0x58,
	STRING = 0x78,
	STRING_MIN = 0x88,
	STRING_MAX = 0x98,
	DELIMITER = 0xa8
};
#define LONG_ITEM 0xfe

const struct hid_rule_row hid_rules[HID_RULES] = {
	[HID_FINE] = { "nothing is wrong with it" },
	[HID_EMPTY] = { "it is empty" },
	[HID_TOO_LONG] = { "it is longer than 4096 bytes" },
	[HID_TRUNCATED] = { "it ends within an item or a collection" },
	[HID_NO_PAGE] = { "it does not begin with a usage page" },
	[HID_NO_SUCH_ITEM] = { "it has an item of no known kind" },
	[HID_COLLECTIONS] = { "a collection ends that has not begun" },
	[HID_TOO_DEEP] = { "its collections are nested too deeply" },
	[HID_STACK] = { "push and pop do not match" },
	[HID_REPORT_ID] = { "a report id is not in 1..255" },
	[HID_SOME_NUMBERED] = { "some of its reports have an id and some have none" },
	[HID_REPORT_LENGTH] = { "a report is longer than 1024 bytes" },
	[HID_USAGE_RANGE] = { "a range of usages is too long or goes backwards" },
	[HID_TOO_MANY] = { "it has more than 1024 fields" },
	[HID_RESERVED_PAGE] = { "it uses page 00ff, which is reserved" },
	[HID_NO_FIELDS] = { "it has no fields" },
	[HID_NO_MEMORY] = { "out of memory" },
	[HID_MAXIMUM_UNSIGNED] = { "a maximum below its minimum was read without a sign" },
	[HID_RANGE_REVERSED] = { "a minimum above its maximum was ignored, and the maximum too" },
	[HID_FIELD_WIDE] = { "fields of more than 32 bits were left out" },
	[HID_PADDED] = { "zeros behind its end were ignored" },
	[HID_LONG_ITEM] = { "long items were left out" },
	[HID_ALTERNATIVES] = { "of alternative usages the first was taken" },
};

struct global {
	uint32_t page, unit, size, count, report;
	int64_t logical_min, logical_max, physical_min, physical_max;
	uint32_t logical_max_unsigned;
	int exponent;
};

struct reader {
	struct hid *hid;
	struct global global, stack[STACK_MAX];
	size_t stacked;
	struct hid_path collections;
	size_t open; /* collections */
	uint32_t usages[USAGES_MAX];
	size_t usages_len;
	uint32_t usage_min;
	bool delimited, alternative_taken;
	bool numbered, unnumbered; /* fields with, without a report id have been seen */
	size_t room;		   /* fields allocated */
};

struct item {
	unsigned tag;
	unsigned bytes; /* of its data */
	uint32_t data;
	int64_t data_signed;
};

static void
mend(struct hid *hid, enum hid_rule rule)
{
	hid->mended |= 1u << (rule - HID_MENDED);
}

/* ---- fields ---- */

static struct hid_field *
new_field(struct reader *r)
{
	struct hid *hid = r->hid;

	if (hid->len == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		struct hid_field *grown = realloc(hid->fields, room * sizeof(*grown));

		if (!grown)
			return NULL;
		hid->fields = grown;
		r->room = room;
	}
	hid->fields[hid->len] = (struct hid_field){ 0 };
	return &hid->fields[hid->len++];
}

/* One byte of 0xff is meant as 255 by whoever wrote "maximum 255" in the shortest form. */
static void
set_range(struct hid *hid, struct hid_field *field, const struct global *global)
{
	field->logical_min = global->logical_min;
	field->logical_max = global->logical_max;
	if (field->logical_max >= field->logical_min)
		return;
	if (global->logical_min >= 0 && global->logical_max_unsigned >= global->logical_min) {
		field->logical_max = global->logical_max_unsigned;
		mend(hid, HID_MAXIMUM_UNSIGNED);
		return;
	}
	field->without_range = true;
	mend(hid, HID_RANGE_REVERSED);
}

static enum hid_rule
add_field(struct reader *r, enum hid_type type, uint32_t usage, size_t bit, uint32_t flags)
{
	const struct global *global = &r->global;
	struct hid_field *field;

	if (global->size > 32) {
		mend(r->hid, HID_FIELD_WIDE);
		return HID_FINE;
	}
	if (r->collections.len == HID_PATH_MAX)
		return HID_TOO_DEEP;
	if (r->hid->len == HID_FIELDS_MAX)
		return HID_TOO_MANY;
	if (!(field = new_field(r)))
		return HID_NO_MEMORY;
	field->path = r->collections;
	field->path.node[field->path.len++] = usage;
	field->type = type;
	field->report = (uint8_t)global->report;
	field->bits = (uint8_t)global->size;
	field->bit = (uint16_t)bit;
	field->flags = (uint16_t)flags;
	field->exponent = (int8_t)global->exponent;
	field->unit = global->unit;
	field->physical_min = global->physical_min;
	field->physical_max = global->physical_max;
	set_range(r->hid, field, global);
	*(global->report ? &r->numbered : &r->unnumbered) = true;
	return r->numbered && r->unnumbered ? HID_SOME_NUMBERED : HID_FINE;
}

/* COUNT fields of SIZE bits.  Each has its usage, those behind the last usage have the last one
 * when it stands alone (6.2.2.8); without any usage it is padding. */
static enum hid_rule
add_fields(struct reader *r, enum hid_type type, uint32_t flags)
{
	const struct global *global = &r->global;
	uint16_t *end = &r->hid->report_bits[type][global->report];
	uint64_t after = *end + (uint64_t)global->size * global->count;
	enum hid_rule rule = HID_FINE;

	if (after > 8 * (HID_REPORT_MAX - 1))
		return HID_REPORT_LENGTH;
	for (size_t i = 0; global->size && i < global->count && r->usages_len && !rule; i++)
		if (i < r->usages_len || r->usages_len == 1)
			rule = add_field(r, type, r->usages[i < r->usages_len ? i : 0],
			    *end + i * global->size, flags);
	*end = (uint16_t)after;
	return rule;
}

/* ---- main items ---- */

static enum hid_rule
begin_collection(struct reader *r, uint32_t type)
{
	struct hid_path *path = &r->collections;

	if (path->len + (type >= 0x80 ? 2u : 1u) > HID_PATH_MAX)
		return HID_TOO_DEEP;
	path->node[path->len++] = r->usages_len ? r->usages[0] : r->global.page << 16;
	if (type >= 0x80)
		path->node[path->len++] = HID_INSTANCE | (type & 0x7f);
	r->open++;
	return HID_FINE;
}

static enum hid_rule
end_collection(struct reader *r)
{
	struct hid_path *path = &r->collections;

	if (!r->open)
		return HID_COLLECTIONS;
	r->open--;
	if ((path->node[--path->len] & 0xffff0000u) == HID_INSTANCE)
		path->len--;
	return HID_FINE;
}

static enum hid_rule
main_item(struct reader *r, const struct item *item)
{
	enum hid_rule rule = HID_NO_SUCH_ITEM;

	switch (item->tag) {
	case INPUT:
		rule = add_fields(r, HID_INPUT, item->data);
		break;
	case OUTPUT:
		rule = add_fields(r, HID_OUTPUT, item->data);
		break;
	case FEATURE:
		rule = add_fields(r, HID_FEATURE, item->data);
		break;
	case COLLECTION:
		rule = begin_collection(r, item->data);
		break;
	case END_COLLECTION:
		rule = end_collection(r);
		break;
	}
	r->usages_len = 0;
	r->delimited = false;
	return rule;
}

/* ---- global items ---- */

static enum hid_rule
push(struct reader *r)
{
	if (r->stacked == STACK_MAX)
		return HID_STACK;
	r->stack[r->stacked++] = r->global;
	return HID_FINE;
}

static enum hid_rule
pop(struct reader *r)
{
	if (!r->stacked)
		return HID_STACK;
	r->global = r->stack[--r->stacked];
	return HID_FINE;
}

/* In a path such a usage would pass for an instance. */
static bool
is_reserved(uint32_t usage)
{
	return (usage & 0xffff0000u) == HID_INSTANCE;
}

static enum hid_rule
global_item(struct reader *r, const struct item *item)
{
	struct global *global = &r->global;

	switch (item->tag) {
	case USAGE_PAGE:
		global->page = item->data & 0xffff;
		return is_reserved(global->page << 16) ? HID_RESERVED_PAGE : HID_FINE;
	case LOGICAL_MIN:
		global->logical_min = item->data_signed;
		return HID_FINE;
	case LOGICAL_MAX:
		global->logical_max = item->data_signed;
		global->logical_max_unsigned = item->data;
		return HID_FINE;
	case PHYSICAL_MIN:
		global->physical_min = item->data_signed;
		return HID_FINE;
	case PHYSICAL_MAX:
		global->physical_max = item->data_signed;
		return HID_FINE;
	case EXPONENT: /* a nibble with a sign */
		global->exponent = (int)(item->data & 15) - ((item->data & 8) ? 16 : 0);
		return HID_FINE;
	case UNIT:
		global->unit = item->data;
		return HID_FINE;
	case REPORT_SIZE:
		global->size = item->data;
		return HID_FINE;
	case REPORT_COUNT:
		global->count = item->data;
		return HID_FINE;
	case REPORT_ID:
		if (item->data < 1 || item->data > 255)
			return HID_REPORT_ID;
		global->report = item->data;
		return HID_FINE;
	case PUSH:
		return push(r);
	case POP:
		return pop(r);
	}
	return HID_NO_SUCH_ITEM;
}

/* ---- local items ---- */

/* More usages than an item can use are dropped: no report is that long. */
static void
add_usage(struct reader *r, uint32_t usage)
{
	if (r->delimited && r->alternative_taken)
		return;
	r->alternative_taken = true;
	if (r->usages_len < USAGES_MAX)
		r->usages[r->usages_len++] = usage;
}

static enum hid_rule
local_item(struct reader *r, const struct item *item)
{
	/* Four bytes bring their page along. */
	uint32_t usage = item->bytes == 4 ? item->data : r->global.page << 16 | item->data;

	if (is_reserved(usage))
		return HID_RESERVED_PAGE;
	switch (item->tag) {
	case USAGE:
		add_usage(r, usage);
		return HID_FINE;
	case USAGE_MIN:
		r->usage_min = usage;
		return HID_FINE;
	case USAGE_MAX:
		if (usage < r->usage_min || usage - r->usage_min >= USAGES_MAX)
			return HID_USAGE_RANGE;
		for (uint32_t i = 0; i <= usage - r->usage_min; i++)
			add_usage(r, r->usage_min + i);
		return HID_FINE;
	case DELIMITER:
		r->delimited = item->data == 1;
		r->alternative_taken = false;
		mend(r->hid, HID_ALTERNATIVES);
		return HID_FINE;
	case DESIGNATOR:
	case DESIGNATOR_MIN:
	case DESIGNATOR_MAX:
	case STRING:
	case STRING_MIN:
	case STRING_MAX:
		return HID_FINE;
	}
	return HID_NO_SUCH_ITEM;
}

/* ---- items ---- */

static void
read_item(struct item *item, const uint8_t *bytes)
{
	uint32_t sign;

	item->tag = bytes[0] & 0xfcu;
	item->data = 0;
	for (unsigned i = 0; i < item->bytes; i++)
		item->data |= (uint32_t)bytes[1 + i] << 8 * i;
	sign = item->bytes ? 1u << (8 * item->bytes - 1) : 0;
	item->data_signed = item->data;
	if (item->data & sign)
		item->data_signed -= (int64_t)sign * 2;
}

static enum hid_rule
take_item(struct reader *r, const struct item *item)
{
	switch (item->tag & 0x0c) {
	case 0x00:
		return main_item(r, item);
	case 0x04:
		return global_item(r, item);
	case 0x08:
		return local_item(r, item);
	}
	return HID_NO_SUCH_ITEM;
}

static bool
all_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

static enum hid_rule
read_items(struct reader *r, const uint8_t *bytes, size_t len)
{
	enum hid_rule rule = HID_FINE;

	for (size_t at = 0, size; at < len && !rule; at += size) {
		struct item item = { .bytes = (bytes[at] & 3u) == 3 ? 4 : bytes[at] & 3u };

		if (!r->open && r->hid->len && all_zero(bytes + at, len - at)) {
			mend(r->hid, HID_PADDED);
			return HID_FINE;
		}
		size = 1 + item.bytes;
		if (bytes[at] == LONG_ITEM) {
			size = len - at < 3 ? 3 : 3u + bytes[at + 1];
			mend(r->hid, HID_LONG_ITEM);
		}
		if (size > len - at)
			return HID_TRUNCATED;
		if (bytes[at] == LONG_ITEM)
			continue;
		read_item(&item, bytes + at);
		rule = take_item(r, &item);
	}
	return rule;
}

enum hid_rule
hid_parse(struct hid *out, const void *descriptor, size_t len)
{
	const uint8_t *bytes = descriptor;
	struct reader reader = { .hid = out };
	enum hid_rule rule = HID_FINE;

	*out = (struct hid){ 0 };
	if (len == 0)
		return HID_EMPTY;
	if (len > HID_DESCRIPTOR_MAX)
		return HID_TOO_LONG;
	if ((bytes[0] & 0xfc) != USAGE_PAGE)
		return HID_NO_PAGE;
	rule = read_items(&reader, bytes, len);
	if (!rule && reader.open)
		rule = HID_TRUNCATED;
	if (!rule && reader.stacked)
		rule = HID_STACK;
	if (!rule && !out->len)
		rule = HID_NO_FIELDS;
	if (rule)
		hid_free(out);
	return rule;
}

void
hid_free(struct hid *hid)
{
	free(hid->fields);
	*hid = (struct hid){ 0 };
}

size_t
hid_report_bytes(const struct hid *hid, enum hid_type type, uint8_t report)
{
	size_t bits = hid->report_bits[type][report];

	return bits ? (bits + 7) / 8 + (report != 0) : 0;
}

/* ---- paths ---- */

static bool
parse_node(uint32_t *out, const char *text, size_t len)
{
	char digits[4] = "", *end;

	if (text[0] != '[')
		return hid_usage_parse(out, text, len);
	if (len < 3 || len > 5 || text[len - 1] != ']')
		return false;
	memcpy(digits, text + 1, len - 2);
	if (strspn(digits, "0123456789") != len - 2)
		return false;
	unsigned long instance = strtoul(digits, &end, 10);

	*out = HID_INSTANCE | (uint32_t)instance;
	return instance <= 0x7f;
}

bool
hid_path_parse(struct hid_path *out, const char *text)
{
	*out = (struct hid_path){ 0 };
	for (;; text++) {
		size_t len = strcspn(text, ".");

		if (len == 0 || out->len == HID_PATH_MAX ||
		    !parse_node(&out->node[out->len], text, len))
			return false;
		out->len++;
		text += len;
		if (!*text)
			return true;
	}
}

bool
hid_path_format(char *out, size_t size, const struct hid_path *path)
{
	size_t at = 0;

	for (size_t i = 0; i < path->len; i++) {
		const char *dot = i ? "." : "", *name = hid_usage_name(path->node[i]);
		uint32_t node = path->node[i];
		int n;

		if (name)
			n = snprintf(out + at, size - at, "%s%s", dot, name);
		else if ((node & 0xffff0000u) == HID_INSTANCE)
			n = snprintf(out + at, size - at, "%s[%u]", dot, node & 0x7f);
		else
			n = snprintf(out + at, size - at, "%s%08x", dot, node);
		if (n < 0 || (size_t)n >= size - at) {
			if (size)
				out[0] = '\0';
			return false;
		}
		at += (size_t)n;
	}
	return true;
}

bool
hid_path_same(const struct hid_path *a, const struct hid_path *b)
{
	return a->len == b->len && !memcmp(a->node, b->node, a->len * sizeof(a->node[0]));
}

const struct hid_field *
hid_find(const struct hid *hid, const struct hid_path *path, enum hid_type type)
{
	for (size_t i = 0; i < hid->len; i++)
		if (hid->fields[i].type == type && hid_path_same(&hid->fields[i].path, path))
			return &hid->fields[i];
	return NULL;
}

/* ---- values ---- */

/* Where the data of the field begin, SIZE_MAX when REPORT is not the field's or does not hold all
 * of it. */
static size_t
data_of(const struct hid_field *field, const uint8_t *report, size_t len)
{
	size_t id = field->report != 0;

	if (len < id || (id && report[0] != field->report) ||
	    (len - id) * 8 < (size_t)field->bit + field->bits)
		return SIZE_MAX;
	return id;
}

static bool
is_signed(const struct hid_field *field)
{
	return field->logical_min < 0 && !field->without_range;
}

bool
hid_get(const struct hid_field *field, const void *report, size_t len, int64_t *raw)
{
	const uint8_t *bytes = report;
	size_t from = data_of(field, bytes, len);
	uint64_t value = 0;

	if (from == SIZE_MAX)
		return false;
	for (unsigned i = 0; i < field->bits; i++) {
		size_t bit = field->bit + i;

		value |= (uint64_t)(bytes[from + bit / 8] >> bit % 8 & 1) << i;
	}
	*raw = (int64_t)value;
	if (is_signed(field) && field->bits > 0 && value >> (field->bits - 1))
		*raw -= (int64_t)1 << field->bits;
	return true;
}

bool
hid_set(const struct hid_field *field, void *report, size_t len, int64_t raw)
{
	uint8_t *bytes = report;
	size_t from = data_of(field, bytes, len);
	int64_t span = (int64_t)1 << field->bits;
	int64_t least = is_signed(field) ? -span / 2 : 0;

	if (from == SIZE_MAX || raw < least || raw >= least + span)
		return false;
	for (unsigned i = 0; i < field->bits; i++) {
		size_t bit = field->bit + i;
		uint8_t mask = (uint8_t)(1u << bit % 8);

		if ((uint64_t)raw >> i & 1)
			bytes[from + bit / 8] |= mask;
		else
			bytes[from + bit / 8] &= (uint8_t)~mask;
	}
	return true;
}

bool
hid_in_range(const struct hid_field *field, int64_t raw)
{
	return field->without_range || (raw >= field->logical_min && raw <= field->logical_max);
}

/* A nibble of a unit: how often that quantity stands in it. */
static int
power(uint32_t unit, unsigned nibble)
{
	int n = (int)(unit >> 4 * nibble & 15);

	return n > 7 ? n - 16 : n;
}

/* Ten to which power leads from the field's unit to ours.  HID counts in centimetres and grams
 * (6.2.2.7, system 1), so that a volt is 10^7 of its units; we count in metres and kilograms.  An
 * exponent without a unit is a leftover. */
static double
scale(const struct hid_field *field)
{
	int exponent = field->exponent; /* NOLINT(bugprone-signed-char-misuse): it has a sign */

	if (field->unit == 0)
		return 1;
	if ((field->unit & 15) == 1)
		exponent -= 2 * power(field->unit, 1) + 3 * power(field->unit, 2);
	return pow(10, exponent);
}

static bool
has_physical(const struct hid_field *field)
{
	return field->physical_max != field->physical_min && !field->without_range &&
	       field->logical_max != field->logical_min;
}

/* 6.2.2.7: physical = (logical - minimum) / resolution + physical minimum. */
double
hid_value(const struct hid_field *field, int64_t raw)
{
	double value = (double)raw;

	if (has_physical(field))
		value = (value - (double)field->logical_min) *
			    (double)(field->physical_max - field->physical_min) /
			    (double)(field->logical_max - field->logical_min) +
			(double)field->physical_min;
	return value * scale(field);
}

bool
hid_raw(const struct hid_field *field, double value, int64_t *raw)
{
	value /= scale(field);
	if (has_physical(field))
		value = (value - (double)field->physical_min) *
			    (double)(field->logical_max - field->logical_min) /
			    (double)(field->physical_max - field->physical_min) +
			(double)field->logical_min;
	if (!isfinite(value) || fabs(value) > 1e15)
		return false;
	*raw = llround(value);
	return true;
}
