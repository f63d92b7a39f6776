/* hid.h - HID report descriptors, and the fields in the bytes of reports, host side.
 *
 * Specified in docs/devices/hid.md.  Pure: bytes in, structs out.  A descriptor is hostile until it
 * has been read to its end: hid_parse() takes all of it or none.  What real devices get wrong and
 * we can make good by rule is made good and told in MENDED; hid_rules[] has one row for each. */
#ifndef HID_H
#define HID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HID_DESCRIPTOR_MAX 4096 /* bytes; the longest seen has 2149 */
#define HID_FIELDS_MAX 1024
#define HID_REPORT_MAX 1024 /* bytes of one report, its id included */
#define HID_PATH_MAX 12	    /* nodes of a path: collections, instances, the usage itself */
#define HID_PATH_TEXT 384   /* enough for any path of known names */

enum hid_type { HID_INPUT, HID_OUTPUT, HID_FEATURE, HID_TYPES };

/* What can be wrong with a descriptor.  The first ones refuse it, those from HID_MENDED on do not.
 */
enum hid_rule {
	HID_FINE,
	HID_EMPTY,
	HID_TOO_LONG,
	HID_TRUNCATED,
	HID_NO_PAGE,
	HID_NO_SUCH_ITEM,
	HID_COLLECTIONS,
	HID_TOO_DEEP,
	HID_STACK,
	HID_REPORT_ID,
	HID_SOME_NUMBERED,
	HID_REPORT_LENGTH,
	HID_USAGE_RANGE,
	HID_TOO_MANY,
	HID_RESERVED_PAGE,
	HID_NO_FIELDS,
	HID_NO_MEMORY,
	HID_MENDED,
	HID_MAXIMUM_UNSIGNED = HID_MENDED,
	HID_RANGE_REVERSED,
	HID_FIELD_WIDE,
	HID_PADDED,
	HID_LONG_ITEM,
	HID_ALTERNATIVES,
	HID_RULES
};
struct hid_rule_row {
	const char *what; /* for people */
};
extern const struct hid_rule_row hid_rules[HID_RULES];

/* Usages from the outermost collection inwards, page in the upper half.  An instance "[4]" is a
 * node of its own, HID_INSTANCE | 4: collections of one usage told apart by a type of 0x80 and
 * more. */
#define HID_INSTANCE 0x00ff0000u
struct hid_path {
	uint32_t node[HID_PATH_MAX];
	uint8_t len;
};

struct hid_field {
	struct hid_path path;
	enum hid_type type;
	uint8_t report;	    /* its id; 0: the device numbers no reports */
	uint8_t bits;	    /* 1..32 */
	uint16_t bit;	    /* where it begins, from the first byte behind the id */
	uint16_t flags;	    /* of the main item: 1 constant, 2 variable, 0x80 volatile ... */
	int8_t exponent;    /* of ten */
	bool without_range; /* LOGICAL_* say nothing (HID_RANGE_REVERSED) */
	uint32_t unit;
	int64_t logical_min, logical_max;
	int64_t physical_min, physical_max; /* both 0: the same as the logical ones */
};

struct hid {
	struct hid_field *fields; /* owned; in the order of the descriptor */
	size_t len;
	unsigned mended; /* 1 << (rule - HID_MENDED) */
	uint16_t report_bits[HID_TYPES][256];
};

/* HID_FINE, or why DESCRIPTOR is refused; OUT is then empty.  hid_free() either way. */
enum hid_rule hid_parse(struct hid *out, const void *descriptor, size_t len);
void hid_free(struct hid *hid);

/* Is one of its outermost collections, an application, of the pages of power devices and batteries
 * (84, 85)?  Does not need a descriptor that is right beyond that. */
bool hid_is_power_device(const void *descriptor, size_t len);

/* Bytes of a report, its id included when reports are numbered; 0 if there is no such. */
size_t hid_report_bytes(const struct hid *hid, enum hid_type type, uint8_t report);

/* "UPS.Flow.[4].ConfigVoltage"; a usage without a name is eight hex digits.  Case does not matter.
 * false: a node is neither, or there are too many. */
bool hid_path_parse(struct hid_path *out, const char *text);
/* false when SIZE is too small (OUT is "" then). */
bool hid_path_format(char *out, size_t size, const struct hid_path *path);
bool hid_path_same(const struct hid_path *a, const struct hid_path *b);
/* The first field of that path and type, NULL. */
const struct hid_field *hid_find(
    const struct hid *hid, const struct hid_path *path, enum hid_type type);

/* The field in the LEN bytes of a report as it travels (its id in front when reports are numbered).
 * false when the report is another one, or too short to hold the field: then the value is unknown.
 */
bool hid_get(const struct hid_field *field, const void *report, size_t len, int64_t *raw);
/* false, and nothing written, when RAW does not fit the field's bits or the field the LEN bytes. */
bool hid_set(const struct hid_field *field, void *report, size_t len, int64_t raw);
/* Within the range that the descriptor declares (real devices say values outside it). */
bool hid_in_range(const struct hid_field *field, int64_t raw);

/* In volts, amperes, watts, seconds, kelvin, hertz, ampere-seconds, or in nothing. */
double hid_value(const struct hid_field *field, int64_t raw);
/* The nearest raw value, not checked against any range.  false: VALUE is not finite or far out. */
bool hid_raw(const struct hid_field *field, double value, int64_t *raw);

/* The name as in the usage tables, NULL if it has none. */
const char *hid_usage_name(uint32_t usage);
bool hid_usage_parse(uint32_t *out, const char *name, size_t len);

#endif
