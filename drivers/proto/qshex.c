#include "drivers/proto/qshex.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 12.1: the fields in their order, and how many bytes each has. */
enum {
	INPUT,
	INPUT_RATIO,
	OUTPUT,
	OUTPUT_RATIO,
	LOAD,
	TIME,
	TIME_RATIO,
	BATTERY,
	BATTERY_RATIO,
	BITS,
	RATINGS,
	FIELDS
};
static const uint8_t widths[FIELDS] = { 2, 1, 2, 1, 1, 2, 3, 1, 1, 1, 1 };

/* 12.2: bytes that mean something on a line are sent as ( and a number. */
static const uint8_t escaped[] = { '\r', 0x11, 0x13, '\n', ' ' };

/* WIDTH bytes, of which some may be escaped, are a number.  Is what came the only way to write it?
 */
static bool
read_number(uint32_t *out, const uint8_t *raw, size_t len, size_t width)
{
	size_t got = 0;

	*out = 0;
	for (size_t i = 0; i < len; i++, got++) {
		uint8_t byte = raw[i];

		/* As many bytes as there should be: none of them is escaped. */
		if (len != width && byte == '(' && i + 1 < len && raw[i + 1] < sizeof(escaped))
			byte = escaped[raw[++i]];
		*out = *out << 8 | byte;
	}
	return got == width;
}

static const char *
cut(uint32_t fields[FIELDS], size_t *count, const uint8_t *at, const uint8_t *end)
{
	for (*count = 0; *count < FIELDS; ++*count) {
		const uint8_t *space = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
		const uint8_t *to = space ? space : end;

		if (!read_number(&fields[*count], at, (size_t)(to - at), widths[*count]))
			return "a field of the wrong length";
		if (!space) {
			++*count;
			return *count < RATINGS ? "too short" : NULL;
		}
		at = space + 1;
	}
	return "too long";
}

/* A dash for each byte: the device does not have it. */
static bool
is_dashes(uint32_t number, size_t width)
{
	return number == (0x2d2d2du & ((1u << 8 * width) - 1));
}

static bool
is_unknown(const uint32_t fields[FIELDS], int field)
{
	return is_dashes(fields[field], widths[field]) &&
	       is_dashes(fields[field + 1], widths[field + 1]);
}

static double
product(const uint32_t fields[FIELDS], int field, double divisor)
{
	if (is_unknown(fields, field))
		return (double)NAN;
	return (double)fields[field] * fields[field + 1] / divisor;
}

static double
frequency(const uint32_t fields[FIELDS])
{
	double hertz;

	if (is_unknown(fields, TIME) || fields[TIME] == 0)
		return (double)NAN;
	hertz = (double)fields[TIME_RATIO] / fields[TIME];
	return hertz > 99.9 ? 99.9 : hertz;
}

static void
take_ratings(struct qshex_status *out, uint32_t byte)
{
	static const double volts[8] = { 110, 120, 220, 230, 240, (double)NAN, (double)NAN,
		(double)NAN };

	out->rated_voltage = volts[byte & 7];
	out->rated_battery_voltage = 12.0 * (1 + (byte >> 5 & 3));
	out->rated_frequency = byte & 0x80 ? 60 : 50;
}

const char *
qshex_status_parse(struct qshex_status *out, const char *answer, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)answer;
	uint32_t fields[FIELDS];
	size_t count;
	const char *fault;

	if (len > 0 && answer[len - 1] == '\r')
		len--;
	if (len == 0)
		return "empty";
	if (bytes[0] != '#')
		return "does not begin as it should";
	fault = cut(fields, &count, bytes + 1, bytes + len);
	if (fault)
		return fault;
	*out = (struct qshex_status){
		.input_voltage = product(fields, INPUT, 51 * 256),
		.output_voltage = product(fields, OUTPUT, 51 * 256),
		.load = fields[LOAD],
		.frequency = frequency(fields),
		.battery_voltage = product(fields, BATTERY, 510),
		.bits = fields[BITS],
		.rated = count == FIELDS,
		.rated_voltage = (double)NAN,
		.rated_frequency = (double)NAN,
		.rated_battery_voltage = (double)NAN,
	};
	if (out->rated)
		take_ratings(out, fields[RATINGS]);
	return NULL;
}
