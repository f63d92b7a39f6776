/* megatec.c - the Megatec protocol and its dialects, device side.  docs/devices/megatec.md. */
#include "emulators/models/megatec.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEGATEC = 1,
	MEGATEC_OLD = 2,
	MECER = 4,
	MUSTEK = 8,
	Q1 = 16,
	VOLTRONIC_QS = 32,
	ZINTO = 64,
	QS_HEX = 128,
	BESTUPS = 256
};

#define BACK_SOON 10.0 /* seconds it stays off at least, when it is to come back with mains */

static const struct emu_dialect dialects[] = { { "megatec", MEGATEC, NULL, NULL, "echo" },
	{ "megatec/old", MEGATEC_OLD, NULL, NULL, "echo" },
	{ "mecer", MECER, "(ACK", "(NAK", "(NAK" }, { "mustek", MUSTEK, NULL, NULL, "NAK" },
	{ "q1", Q1, NULL, NULL, "silent" }, { "voltronic-qs", VOLTRONIC_QS, NULL, "(NAK", "(NAK" },
	{ "zinto", ZINTO, NULL, NULL, "echo" }, { "voltronic-qs-hex", QS_HEX, NULL, "N", "N" },
	{ "bestups", BESTUPS, NULL, NULL, "silent" }, { NULL, 0, NULL, NULL, NULL } };

static char
bit(bool on)
{
	return on ? '1' : '0';
}

void
emu_megatec_bits(char out[9], const struct emu_battery *b)
{
	bool transformed =
	    b->source == EMU_BOOST || b->source == EMU_TRIM || b->source == EMU_BYPASS;

	out[0] = bit(!emu_battery_mains_good(b));
	out[1] = bit(emu_battery_low(b));
	out[2] = bit(transformed);
	out[3] = bit(b->failed);
	out[4] = bit(b->rating.topology != EMU_ONLINE);
	out[5] = bit(emu_battery_testing(b));
	out[6] = bit(b->off_at_ms != EMU_NEVER || !b->output);
	out[7] = bit(b->beeper);
	out[8] = '\0';
}

double
emu_megatec_load(struct emu *emu)
{
	return emu_device(emu)->no_load ? 0 : emu_battery_load_now(emu_battery(emu));
}

static enum emu_verdict
say_status(struct emu *emu, const char *rest, int number)
{
	const struct emu_device_file *device = emu_device(emu);
	const struct emu_battery *b = emu_battery(emu);
	double fault = b->fault_volts > 0 ? b->fault_volts : emu_battery_input_volts(b);
	double hertz = device->dialect->bit == VOLTRONIC_QS ? emu_battery_output_hertz(b)
							    : emu_battery_input_hertz(b);
	char volts[16], celsius[16], bits[9];

	if (device->per_cell)
		snprintf(volts, sizeof(volts), "%.2f", b->volts / (b->rating.battery_volts / 2));
	else
		snprintf(volts, sizeof(volts), "%04.1f", b->volts);
	snprintf(celsius, sizeof(celsius), device->no_temperature ? "--.-" : "%04.1f", b->celsius);
	emu_megatec_bits(bits, b);
	emu_say(emu, "(%05.1f %05.1f %05.1f %03.0f %04.1f %s %s %s", emu_battery_input_volts(b),
	    fault, emu_battery_output_volts(b), emu_megatec_load(emu), hertz, volts, celsius, bits);
	return EMU_SAID;
}

static enum emu_verdict
say_ratings(struct emu *emu, const char *rest, int number)
{
	const struct emu_rating *r = &emu_device(emu)->rating;

	emu_say(emu, "#%05.1f %03.0f %05.*f %04.1f", r->volts, r->amps,
	    r->battery_volts < 100 ? 2 : 1, r->battery_volts, r->hertz);
	return EMU_SAID;
}

enum emu_verdict
emu_megatec_vendor(struct emu *emu, const char *rest, int number)
{
	const struct emu_device_file *device = emu_device(emu);

	emu_say(emu, "#%-15.15s %-10.10s %-10.10s", device->mfr, device->product, device->firmware);
	return EMU_SAID;
}

static enum emu_verdict
say_protocol(struct emu *emu, const char *rest, int number)
{
	if (!emu_device(emu)->protocol[0])
		return EMU_UNKNOWN;
	emu_say(emu, "(%s", emu_device(emu)->protocol);
	return EMU_SAID;
}

static enum emu_verdict
say_v(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "V");
	return EMU_SAID;
}

/* ".2" to ".9" of a minute, or two digits of minutes, as seconds; -1 if TEXT does not begin so.
 * *END is behind it. */
static double
read_minutes(const char *text, const char **end)
{
	*end = text + 2;
	if (text[0] == '.' && text[1] >= '2' && text[1] <= '9')
		return 6.0 * (text[1] - '0');
	if (isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]))
		return 60.0 * ((text[0] - '0') * 10 + (text[1] - '0'));
	*end = text;
	return -1;
}

/* S<n>: off, back with mains after ten seconds at least.  S<n>R<mmmm>: back after m minutes, R0000
 * never. */
enum emu_verdict
emu_megatec_shutdown(struct emu *emu, const char *rest, int most_minutes)
{
	const char *at;
	double off = read_minutes(rest, &at), back = BACK_SOON;

	if (off < 0 || off > most_minutes * 60)
		return EMU_REFUSED;
	if (*at) {
		if (at[0] != 'R' || strlen(at) != 5 || strspn(at + 1, "0123456789") != 4)
			return EMU_REFUSED;
		back = strtod(at + 1, NULL) * 60;
		if (back == 0)
			back = EMU_STAY_OFF;
	}
	emu_battery_off_in(emu_battery(emu), off, back);
	return EMU_DONE;
}

enum emu_verdict
emu_megatec_cancel(struct emu *emu, const char *rest, int number)
{
	emu_battery_off_cancel(emu_battery(emu));
	return EMU_DONE;
}

enum emu_verdict
emu_megatec_test(struct emu *emu, const char *rest, int tenths_too)
{
	const char *end = rest;
	double seconds = *rest ? read_minutes(rest, &end) : 10;

	if (seconds <= 0 || *end || (rest[0] == '.' && !tenths_too))
		return EMU_REFUSED;
	return emu_battery_test(emu_battery(emu), seconds) ? EMU_DONE : EMU_REFUSED;
}

enum emu_verdict
emu_megatec_test_deep(struct emu *emu, const char *rest, int number)
{
	return emu_battery_test_deep(emu_battery(emu)) ? EMU_DONE : EMU_REFUSED;
}

enum emu_verdict
emu_megatec_test_stop(struct emu *emu, const char *rest, int number)
{
	emu_battery_test_stop(emu_battery(emu));
	return EMU_DONE;
}

static enum emu_verdict
toggle_beeper(struct emu *emu, const char *rest, int number)
{
	struct emu_battery *battery = emu_battery(emu);

	battery->beeper = !battery->beeper;
	return EMU_DONE;
}

#define USUAL_S ((NOT_QS | VOLTRONIC_QS) & ~(unsigned)BESTUPS)
#define NOT_QS (MEGATEC | MEGATEC_OLD | MECER | MUSTEK | Q1 | ZINTO | BESTUPS)

static const struct emu_command commands[] = { { "Q1", say_status, false,
						   MEGATEC | MECER | Q1 | ZINTO | BESTUPS, 0 },
	{ "QS", say_status, false, MUSTEK | VOLTRONIC_QS, 0 },
	{ "D", say_status, false, MEGATEC_OLD, 0 },
	{ "F", say_ratings, false, MEGATEC | MEGATEC_OLD | MECER | MUSTEK | VOLTRONIC_QS | ZINTO,
	    0 },
	{ "I", emu_megatec_vendor, false, MEGATEC | MEGATEC_OLD | MECER | MUSTEK, 0 },
	{ "FW?", emu_megatec_vendor, false, ZINTO, 0 }, { "QPI", say_protocol, false, MECER, 0 },
	{ "ID", emu_bestups_id, false, BESTUPS, 0 },
	{ "RT", emu_bestups_runtime, false, BESTUPS, 0 },
	{ "BP", emu_bestups_packs, true, BESTUPS, 5 }, { "SS", emu_bestups_pins, true, BESTUPS, 6 },
	{ "M", emu_bestups_transfer, false, BESTUPS, 0 },
	{ "S", emu_bestups_shutdown, true, BESTUPS, 99 }, { "M", say_v, false, VOLTRONIC_QS, 0 },
	{ "M", emu_qshex_kind, false, QS_HEX, 0 }, { "QS", emu_qshex_status, false, QS_HEX, 0 },
	{ "T", emu_qshex_test, true, QS_HEX, 0 }, { "CT", emu_qshex_test_stop, false, QS_HEX, 0 },
	{ "S", emu_megatec_shutdown, true, QS_HEX, 9 },
	{ "T", emu_megatec_test, true, NOT_QS & ~(unsigned)MECER, 0 },
	{ "T", emu_megatec_test, true, MECER, 1 },
	{ "T", emu_megatec_test, false, VOLTRONIC_QS, 0 },
	{ "TL", emu_megatec_test_deep, false, NOT_QS, 0 },
	{ "CT", emu_megatec_test_stop, false, NOT_QS, 0 },
	{ "S", emu_megatec_shutdown, true, USUAL_S, 10 }, { "C", emu_megatec_cancel, false, 0, 0 },
	{ "Q", toggle_beeper, false, ~(unsigned)BESTUPS, 0 }, { NULL, NULL, false, 0, 0 } };

const struct emu_model emu_megatec = {
	.name = "megatec",
	.dialects = dialects,
	.baud = 2400,
	.end = '\r',
	.commands = commands,
	.state_size = sizeof(struct emu_bestups),
	.start = emu_bestups_start,
};
