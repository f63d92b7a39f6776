/* qshex.c - the status of voltronic-qs-hex, device side: numbers as a count and what one of it is
 * worth.  docs/devices/megatec.md, section 12. */
#include "emulators/models/megatec.h"

#include <math.h>
#include <string.h>

#define CRYSTAL 25000 /* of the timer that measures the frequency */

struct line {
	char bytes[64];
	size_t len;
};

/* What the line itself understands is written in two bytes. */
static void
put_byte(struct line *line, unsigned byte)
{
	static const char control[] = "\r\x11\x13\n ";
	const char *at = byte ? memchr(control, (int)byte, 5) : NULL;

	if (at)
		line->bytes[line->len++] = '(';
	line->bytes[line->len++] = at ? (char)(at - control) : (char)byte;
}

static void
put(struct line *line, unsigned bytes, double value)
{
	double most = bytes == 1 ? 0xff : bytes == 2 ? 0xffff : 0xffffff;
	unsigned number = (unsigned)(value < 0 ? 0 : value > most ? most : floor(value + 0.5));

	line->bytes[line->len] = line->len ? ' ' : '#';
	line->len++;
	while (bytes--)
		put_byte(line, number >> 8 * bytes & 0xff);
}

static void
put_volts(struct line *line, double volts, unsigned ratio)
{
	put(line, 2, volts * 51 * 256 / ratio);
	put(line, 1, ratio);
}

/* 12 V and 24 V, 36 V, 48 V; 110, 120, 220, 230 and 240 V. */
static unsigned
ratings(const struct emu_rating *r)
{
	static const double volts[] = { 110, 120, 220, 230, 240 };
	unsigned byte = r->hertz > 55 ? 0x80 : 0;

	byte |= ((unsigned)(r->battery_volts / 12) - 1) << 5 & 0x60;
	for (unsigned i = 0; i < sizeof(volts) / sizeof(volts[0]); i++)
		if (r->volts == volts[i])
			byte |= i;
	return byte;
}

/* There are two kinds of them. */
static bool
is_t(struct emu *emu)
{
	return strcmp(emu_device(emu)->protocol, "T") == 0;
}

enum emu_verdict
emu_qshex_status(struct emu *emu, const char *rest, int number)
{
	const struct emu_rating *r = &emu_device(emu)->rating;
	const struct emu_battery *b = emu_battery(emu);
	double battery_ratio = r->battery_volts * 2.5;
	struct line line = { .len = 0 };
	char bits[9];
	unsigned byte = 0;

	put_volts(&line, emu_battery_input_volts(b), 0x68);
	put_volts(&line, emu_battery_output_volts(b), 0x69);
	put(&line, 1, emu_megatec_load(emu));
	put(&line, 2, CRYSTAL);
	put(&line, 3, emu_battery_output_hertz(b) * CRYSTAL);
	put(&line, 1, b->volts * 510 / battery_ratio);
	put(&line, 1, battery_ratio);
	emu_megatec_bits(bits, b);
	for (int i = 0; i < 8; i++)
		byte = byte << 1 | (bits[i] == '1');
	put(&line, 1, byte);
	if (is_t(emu))
		put(&line, 1, ratings(r));
	emu_say_bytes(emu, line.bytes, line.len);
	return EMU_SAID;
}

enum emu_verdict
emu_qshex_kind(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "%c", is_t(emu) ? 'T' : 'P');
	return EMU_SAID;
}

/* T has the test of ten seconds; P keeps silent to whatever begins so. */
enum emu_verdict
emu_qshex_test(struct emu *emu, const char *rest, int number)
{
	if (!is_t(emu))
		return EMU_DONE;
	return *rest ? EMU_UNKNOWN : emu_megatec_test(emu, rest, 0);
}

/* CT does nothing, on P. */
enum emu_verdict
emu_qshex_test_stop(struct emu *emu, const char *rest, int number)
{
	return is_t(emu) ? EMU_UNKNOWN : EMU_DONE;
}
