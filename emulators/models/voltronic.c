/* voltronic.c - the Voltronic protocol (QGS and its friends), device side.
 * docs/devices/voltronic.md.
 *
 * Every answer begins with ( and so do (ACK and (NAK.  What a unit does not know it refuses. */
#include "emulators/models/megatec.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that can be asked for and set. */
enum number {
	ECO_HIGH,
	ECO_LOW,
	ECO_HERTZ_HIGH,
	ECO_HERTZ_LOW,
	BYPASS_HIGH,
	BYPASS_LOW,
	BYPASS_HERTZ_HIGH,
	BYPASS_HERTZ_LOW,
	BATTERIES,
	PACKS,
	VOLTS_LOW,
	NUMBERS
};

static const struct limits {
	double least, most;
} limits[NUMBERS] = {
	[ECO_HIGH] = { 237, 264 },
	[ECO_LOW] = { 176, 223 },
	[ECO_HERTZ_HIGH] = { 50, 70 },
	[ECO_HERTZ_LOW] = { 40, 60 },
	[BYPASS_HIGH] = { 230, 276 },
	[BYPASS_LOW] = { 110, 220 },
	[BYPASS_HERTZ_HIGH] = { 50, 70 },
	[BYPASS_HERTZ_LOW] = { 40, 60 },
	[BATTERIES] = { 1, 9 },
	[PACKS] = { 1, 99 },
	[VOLTS_LOW] = { 20, 28 },
};

struct state {
	double numbers[NUMBERS];
	bool has[26], enabled[26]; /* capabilities by letter */
	double load_least, load_most;
};

static void
start(struct emu *emu)
{
	struct state *state = emu_state(emu);
	const struct emu_device_file *device = emu_device(emu);
	const struct emu_rating *r = &device->rating;
	bool enabled = false;

	for (const char *c = device->flags; *c; c++) {
		if (*c == 'E' || *c == 'D') {
			enabled = *c == 'E';
		} else if (islower((unsigned char)*c)) {
			state->has[*c - 'a'] = true;
			state->enabled[*c - 'a'] = enabled;
		}
	}
	state->numbers[ECO_HIGH] = floor(r->volts * 1.055);
	state->numbers[ECO_LOW] = floor(r->volts * 0.95);
	state->numbers[BYPASS_HIGH] = floor(r->volts * 1.15);
	state->numbers[BYPASS_LOW] = floor(r->volts * 0.74);
	state->numbers[ECO_HERTZ_HIGH] = state->numbers[BYPASS_HERTZ_HIGH] = r->hertz + 3;
	state->numbers[ECO_HERTZ_LOW] = state->numbers[BYPASS_HERTZ_LOW] = r->hertz - 3;
	state->numbers[BATTERIES] = floor(r->battery_volts / 12);
	state->numbers[PACKS] = 1;
	state->numbers[VOLTS_LOW] = 20;
	state->load_least = 999;
	if (state->has['a' - 'a'])
		emu_battery(emu)->beeper = state->enabled['a' - 'a'];
}

/* ---- status ---- */

static char
bit(bool on)
{
	return on ? '1' : '0';
}

static enum emu_verdict
say_status(struct emu *emu, const char *rest, int number)
{
	static const char *const types[] = { "00", "01", "10" };
	const struct emu_device_file *device = emu_device(emu);
	const struct emu_battery *b = emu_battery(emu);
	bool transformed =
	    b->source == EMU_BOOST || b->source == EMU_TRIM || b->source == EMU_BYPASS;
	char celsius[16], bits[13];

	snprintf(celsius, sizeof(celsius), device->no_temperature ? "---.-" : "%05.1f", b->celsius);
	/* type, utility fail, battery low, bypass or AVR, failed, EPO, test, shutdown, silenced,
	 * test failed, test passed */
	snprintf(bits, sizeof(bits), "%s%c%c%c%c0%c%c%c%c%c", types[b->rating.topology],
	    bit(!emu_battery_mains_good(b)), bit(emu_battery_low(b)), bit(transformed),
	    bit(b->failed), bit(emu_battery_testing(b)), bit(b->off_at_ms != EMU_NEVER),
	    bit(!b->beeper), bit(b->test == EMU_TEST_FAILED), bit(b->test == EMU_TEST_PASSED));
	emu_say(emu, "(%05.1f %04.1f %05.1f %04.1f %05.1f %03.0f %05.1f ---.- %05.1f ---.- %s %s",
	    emu_battery_input_volts(b), emu_battery_input_hertz(b), emu_battery_output_volts(b),
	    emu_battery_output_hertz(b), emu_battery_output_amps(b), emu_megatec_load(emu),
	    b->rating.volts * 1.6, b->volts, celsius, bits);
	return EMU_SAID;
}

static char
mode(const struct emu_battery *b, const struct state *state)
{
	if (b->failed)
		return 'F';
	if (!b->output)
		return 'S';
	if (emu_battery_testing(b))
		return 'T';
	switch (b->source) {
	case EMU_BATTERY:
		return 'B';
	case EMU_BYPASS:
		return state->enabled['e' - 'a'] ? 'E' : 'Y';
	default:
		return 'L';
	}
}

static enum emu_verdict
say_mode(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "(%c", mode(emu_battery(emu), emu_state(emu)));
	return EMU_SAID;
}

/* 64 warnings; those that this battery can have. */
static enum emu_verdict
say_warnings(struct emu *emu, const char *rest, int number)
{
	const struct emu_battery *b = emu_battery(emu);
	char bits[65];

	memset(bits, '0', 64);
	bits[64] = '\0';
	bits[7] = bit(emu_battery_low(b));
	bits[8] = bit(emu_battery_overload(b));
	emu_say(emu, "(%s", bits);
	return EMU_SAID;
}

static enum emu_verdict
say_fault(struct emu *emu, const char *rest, int number)
{
	if (!emu_battery(emu)->failed) {
		emu_say(emu, "(OK");
		return EMU_SAID;
	}
	const struct emu_battery *b = emu_battery(emu);

	emu_say(emu,
	    "(14 %05.1f %04.1f %05.1f %04.1f %03.0f %05.1f %05.1f ---.- %05.1f %05.1f 01101100",
	    emu_battery_input_volts(b), emu_battery_input_hertz(b), emu_battery_output_volts(b),
	    emu_battery_output_hertz(b), emu_megatec_load(emu), emu_battery_output_amps(b),
	    b->rating.volts * 1.6, b->volts, b->celsius);
	return EMU_SAID;
}

static enum emu_verdict
say_battery(struct emu *emu, const char *rest, int number)
{
	const struct emu_battery *b = emu_battery(emu);
	const struct state *state = emu_state(emu);

	emu_say(emu, "(%05.1f %02.0f %02.0f %03.0f %03.0f", b->volts, state->numbers[BATTERIES],
	    state->numbers[PACKS], floor(b->charge * 100),
	    fmin(999, floor(emu_battery_runtime(b) / 60)));
	return EMU_SAID;
}

static enum emu_verdict
say_load_levels(struct emu *emu, const char *rest, int number)
{
	struct state *state = emu_state(emu);
	double load = emu_megatec_load(emu);

	state->load_least = fmin(state->load_least, load);
	state->load_most = fmax(state->load_most, load);
	emu_say(emu, "(%03.0f %03.0f", state->load_least, state->load_most);
	return EMU_SAID;
}

/* ---- what it is ---- */

static enum emu_verdict
say_protocol(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "(%s", emu_device(emu)->protocol[0] ? emu_device(emu)->protocol : "PI01");
	return EMU_SAID;
}

static enum emu_verdict
say_ratings(struct emu *emu, const char *rest, int number)
{
	const struct emu_rating *r = &emu_device(emu)->rating;

	emu_say(emu, "%c%05.1f %03.0f %05.1f %04.1f", number, r->volts, r->amps, r->battery_volts,
	    r->hertz);
	return EMU_SAID;
}

/* TEXT at the right of WIDTH characters, # in front. */
static void
hashes(char *out, size_t width, const char *text)
{
	size_t len = strlen(text) < width ? strlen(text) : width;

	memset(out, '#', width);
	memcpy(out + width - len, text, len);
	out[width] = '\0';
}

static enum emu_verdict
say_model(struct emu *emu, const char *rest, int number)
{
	const struct emu_device_file *device = emu_device(emu);
	const struct emu_rating *r = &device->rating;
	const struct state *state = emu_state(emu);
	char model[16], va[8], va_text[32];

	snprintf(va_text, sizeof(va_text), "%.0f", r->va);
	hashes(model, 15, device->product);
	hashes(va, 7, va_text);
	emu_say(emu, "(%s %s %02.0f 1/1 %03.0f %03.0f %02.0f %04.1f", model, va,
	    fmin(99, r->watts / r->va * 100), r->volts, r->volts, state->numbers[BATTERIES],
	    r->battery_volts / state->numbers[BATTERIES]);
	return EMU_SAID;
}

static enum emu_verdict
say_maker(struct emu *emu, const char *rest, int number)
{
	char maker[16];

	hashes(maker, 10, emu_device(emu)->mfr);
	emu_say(emu, "(%s", maker);
	return EMU_SAID;
}

static enum emu_verdict
say_firmware(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "(VERFW:%s", emu_device(emu)->firmware);
	return EMU_SAID;
}

static enum emu_verdict
say_serial(struct emu *emu, const char *rest, int number)
{
	if (!emu_device(emu)->serial[0])
		return EMU_UNKNOWN;
	emu_say(emu, "(%s", emu_device(emu)->serial);
	return EMU_SAID;
}

/* ---- settings ---- */

static enum emu_verdict
say_flags(struct emu *emu, const char *rest, int number)
{
	struct state *state = emu_state(emu);
	char enabled[27], disabled[27];
	size_t e = 0, d = 0;

	state->enabled['a' - 'a'] = emu_battery(emu)->beeper; /* alarm control is the beeper */
	for (size_t i = 0; i < 26; i++)
		if (state->has[i])
			*(state->enabled[i] ? &enabled[e++] : &disabled[d++]) = (char)('a' + i);
	enabled[e] = disabled[d] = '\0';
	if (e + d == 0)
		return EMU_UNKNOWN;
	emu_say(emu, "(E%sD%s", enabled, disabled);
	return EMU_SAID;
}

/* PE, PD and a capital letter. */
static enum emu_verdict
set_flag(struct emu *emu, const char *rest, int enable)
{
	struct state *state = emu_state(emu);
	size_t letter = (size_t)(rest[0] - 'A');

	if (!isupper((unsigned char)rest[0]) || rest[1] || !state->has[letter])
		return EMU_REFUSED;
	state->enabled[letter] = enable;
	if (rest[0] == 'A') /* alarm control */
		emu_battery(emu)->beeper = enable;
	if (rest[0] == 'E') /* ECO: the load hangs on the line, past the inverter */
		emu_battery_bypass(emu_battery(emu), enable);
	return EMU_DONE;
}

static enum emu_verdict
say_two_volts(struct emu *emu, const char *rest, int number)
{
	const struct state *state = emu_state(emu);

	emu_say(emu, "(%03.0f %03.0f", state->numbers[number], state->numbers[number + 1]);
	return EMU_SAID;
}

static enum emu_verdict
say_two_hertz(struct emu *emu, const char *rest, int number)
{
	const struct state *state = emu_state(emu);

	emu_say(emu, "(%04.1f %04.1f", state->numbers[number], state->numbers[number + 1]);
	return EMU_SAID;
}

static enum emu_verdict
say_volts_low(struct emu *emu, const char *rest, int number)
{
	const struct state *state = emu_state(emu);

	emu_say(emu, "#%02.0f", state->numbers[VOLTS_LOW]);
	return EMU_SAID;
}

static enum emu_verdict
set_number(struct emu *emu, const char *rest, int number)
{
	struct state *state = emu_state(emu);
	double value = strtod(rest, NULL);

	if (!*rest || strspn(rest, "0123456789.") != strlen(rest) || value < limits[number].least ||
	    value > limits[number].most)
		return EMU_REFUSED;
	state->numbers[number] = value;
	return EMU_DONE;
}

static enum emu_verdict
say_phases(struct emu *emu, const char *rest, int number)
{
	emu_say(emu, "(000 000");
	return EMU_SAID;
}

/* ---- orders ---- */

static enum emu_verdict
switch_output(struct emu *emu, const char *rest, int on)
{
	emu_battery_output(emu_battery(emu), on);
	return EMU_DONE;
}

static enum emu_verdict
set_beeper(struct emu *emu, const char *rest, int on)
{
	emu_battery(emu)->beeper = on;
	return EMU_DONE;
}

static const struct emu_command commands[] = { { "QGS", say_status, false, 0, 0 },
	{ "QMOD", say_mode, false, 0, 0 }, { "QWS", say_warnings, false, 0, 0 },
	{ "QFS", say_fault, false, 0, 0 }, { "QBV", say_battery, false, 0, 0 },
	{ "QLDL", say_load_levels, false, 0, 0 },

	{ "QPI", say_protocol, false, 0, 0 }, { "QRI", say_ratings, false, 0, '(' },
	{ "F", say_ratings, false, 0, '#' }, { "QMD", say_model, false, 0, 0 },
	{ "QMF", say_maker, false, 0, 0 }, { "QVFW", say_firmware, false, 0, 0 },
	{ "QID", say_serial, false, 0, 0 }, { "I", emu_megatec_vendor, false, 0, 0 },

	{ "QFLAG", say_flags, false, 0, 0 }, { "PE", set_flag, true, 0, true },
	{ "PD", set_flag, true, 0, false }, { "QHE", say_two_volts, false, 0, ECO_HIGH },
	{ "HEH", set_number, true, 0, ECO_HIGH }, { "HEL", set_number, true, 0, ECO_LOW },
	{ "QFRE", say_two_hertz, false, 0, ECO_HERTZ_HIGH },
	{ "FREH", set_number, true, 0, ECO_HERTZ_HIGH },
	{ "FREL", set_number, true, 0, ECO_HERTZ_LOW },
	{ "QBYV", say_two_volts, false, 0, BYPASS_HIGH },
	{ "PHV", set_number, true, 0, BYPASS_HIGH }, { "PLV", set_number, true, 0, BYPASS_LOW },
	{ "QBYF", say_two_hertz, false, 0, BYPASS_HERTZ_HIGH },
	{ "PGF", set_number, true, 0, BYPASS_HERTZ_HIGH },
	{ "PSF", set_number, true, 0, BYPASS_HERTZ_LOW }, { "RE0", say_volts_low, false, 0, 0 },
	{ "W0E", set_number, true, 0, VOLTS_LOW }, { "BATN", set_number, true, 0, BATTERIES },
	{ "BATGN", set_number, true, 0, PACKS }, { "QPD", say_phases, false, 0, 0 },

	{ "S", emu_megatec_shutdown, true, 0, 99 }, { "CS", emu_megatec_cancel, false, 0, 0 },
	{ "C", emu_megatec_cancel, false, 0, 0 }, { "SON", switch_output, false, 0, true },
	{ "SOFF", switch_output, false, 0, false }, { "T", emu_megatec_test, true, 0, 1 },
	{ "TL", emu_megatec_test_deep, false, 0, 0 }, { "CT", emu_megatec_test_stop, false, 0, 0 },
	{ "BZON", set_beeper, false, 0, true }, { "BZOFF", set_beeper, false, 0, false },
	{ NULL, NULL, false, 0, 0 } };

static const struct emu_dialect dialects[] = { { "voltronic", 1, "(ACK", "(NAK", "(NAK" },
	{ NULL, 0, NULL, NULL, NULL } };

const struct emu_model emu_voltronic = {
	.name = "voltronic",
	.dialects = dialects,
	.baud = 2400,
	.end = '\r',
	.commands = commands,
	.state_size = sizeof(struct state),
	.start = start,
};
