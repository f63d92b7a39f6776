#include "emulators/orders.h"

#include "emulators/faults.h"
#include "emulators/show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order {
	const char *name;
	size_t least, most; /* words, the name included */
	const char *(*run)(struct emu *emu, const struct words *words, struct buf *out);
	const char *usage, *help;
};

static const char not_a_number[] = "not a number, or one that cannot be";
static const char on_or_off[] = "write on or off";

bool
emu_order_number(const char *text, double least, double most, double *out)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || text[strspn(text, "-.0123456789")] ||
	    !(value >= least && value <= most))
		return false;
	*out = value;
	return true;
}

/* "on" or "off"; a missing word is on. */
static bool
read_switch(const struct words *words, bool *out)
{
	*out = words->len == 1 || !strcmp(words->word[1], "on");
	return *out || !strcmp(words->word[1], "off");
}

static const char *
order_mains(struct emu *emu, const struct words *words, struct buf *out)
{
	struct emu_battery *battery = emu_battery(emu);
	double value;
	bool on;

	if (words->len == 2 && read_switch(words, &on)) {
		emu_battery_mains(battery, on);
		return NULL;
	}
	if (words->len != 3)
		return "write mains on, mains off, mains voltage V or mains frequency HZ";
	if (!emu_order_number(words->word[2], 0, 999, &value))
		return not_a_number;
	if (!strcmp(words->word[1], "voltage"))
		emu_battery_mains_volts(battery, value);
	else if (!strcmp(words->word[1], "frequency"))
		emu_battery_mains_hertz(battery, value);
	else
		return "mains has a voltage and a frequency";
	return NULL;
}

static const char *
order_load(struct emu *emu, const struct words *words, struct buf *out)
{
	double percent;

	if (!emu_order_number(words->word[1], 0, 200, &percent))
		return not_a_number;
	emu_battery_load(emu_battery(emu), percent);
	return NULL;
}

static const char *
order_battery(struct emu *emu, const struct words *words, struct buf *out)
{
	struct emu_battery *battery = emu_battery(emu);
	const char *last = words->word[words->len - 1];
	double percent;

	if (!emu_order_number(last, 0, 100, &percent))
		return not_a_number;
	if (words->len == 2) {
		emu_battery_charge(battery, percent);
		return NULL;
	}
	if (strcmp(words->word[1], "health") != 0 || percent < 1)
		return "write battery PERCENT or battery health PERCENT";
	battery->health = percent / 100;
	return NULL;
}

static const char *
order_output(struct emu *emu, const struct words *words, struct buf *out)
{
	bool on;

	if (!read_switch(words, &on))
		return on_or_off;
	emu_battery_output(emu_battery(emu), on);
	return NULL;
}

static const char *
order_bypass(struct emu *emu, const struct words *words, struct buf *out)
{
	bool on;

	if (!read_switch(words, &on))
		return on_or_off;
	emu_battery_bypass(emu_battery(emu), on);
	return NULL;
}

static const char *
order_beeper(struct emu *emu, const struct words *words, struct buf *out)
{
	return read_switch(words, &emu_battery(emu)->beeper) ? NULL : on_or_off;
}

static const char *
order_fail(struct emu *emu, const struct words *words, struct buf *out)
{
	return read_switch(words, &emu_battery(emu)->failed) ? NULL : on_or_off;
}

static const char *
order_temperature(struct emu *emu, const struct words *words, struct buf *out)
{
	double celsius;

	if (!emu_order_number(words->word[1], 0, 90, &celsius))
		return not_a_number;
	emu_battery(emu)->celsius = celsius;
	return NULL;
}

static const char *
order_speed(struct emu *emu, const struct words *words, struct buf *out)
{
	double speed;

	if (!emu_order_number(words->word[1], 0.01, 100000, &speed))
		return not_a_number;
	emu_speed(emu, speed);
	return NULL;
}

static const char *
order_pace(struct emu *emu, const struct words *words, struct buf *out)
{
	bool on;

	if (!read_switch(words, &on))
		return on_or_off;
	emu_pace(emu, on);
	return NULL;
}

static const char *
order_hangup(struct emu *emu, const struct words *words, struct buf *out)
{
	emu_unplug(emu);
	return NULL;
}

static const char *
order_replug(struct emu *emu, const struct words *words, struct buf *out)
{
	const char *why = "cannot be plugged in";

	emu_unplug(emu);
	return emu_plug(emu, &why) ? NULL : why;
}

static const char *
order_unmute(struct emu *emu, const struct words *words, struct buf *out)
{
	char mute[] = "mute", off[] = "off";
	struct words both = { .len = 2, .word = { mute, off }, .word_len = { 4, 3 } };
	const char *why;

	emu_fault_set(emu_faults(emu), &both, &why);
	return NULL;
}

static const char *
order_clear(struct emu *emu, const struct words *words, struct buf *out)
{
	emu_faults_clear(emu_faults(emu));
	return NULL;
}

static const char *
order_say(struct emu *emu, const struct words *words, struct buf *out)
{
	const char *text = words->word[1];
	char bytes[1024];
	size_t len = 0;

	/* \r, \n and \xNN, with the backslash doubled where words are cut. */
	for (; *text; text++) {
		unsigned byte;

		if (len == sizeof(bytes))
			return "that is too long";
		if (text[0] == '\\' && text[1] == 'r')
			bytes[len++] = '\r', text++;
		else if (text[0] == '\\' && text[1] == 'n')
			bytes[len++] = '\n', text++;
		else if (text[0] == '\\' && sscanf(text, "\\x%2x", &byte) == 1 && text[2] &&
			 text[3])
			bytes[len++] = (char)byte, text += 3;
		else
			bytes[len++] = *text;
	}
	emu_blurt(emu, bytes, len);
	return NULL;
}

static const char *
order_show(struct emu *emu, const struct words *words, struct buf *out)
{
	char value[EMU_SHOWN];

	if (words->len == 1) {
		emu_show(emu, out);
		return NULL;
	}
	if (!emu_show_one(emu, words->word[1], value))
		return "no such name; show without a name lists them";
	buf_add_format(out, "%s\n", value);
	return NULL;
}

static const char *
order_log(struct emu *emu, const struct words *words, struct buf *out)
{
	emu_history(emu, out);
	return NULL;
}

static const char *
order_quit(struct emu *emu, const struct words *words, struct buf *out)
{
	loop_stop(emu_loop(emu));
	return NULL;
}

static const char *order_help(struct emu *emu, const struct words *words, struct buf *out);

static const struct order orders[] = {
	{ "mains", 2, 3, order_mains, "mains on|off|voltage V|frequency HZ",
	    "what comes from the wall" },
	{ "load", 2, 2, order_load, "load PERCENT", "what hangs on the output" },
	{ "battery", 2, 3, order_battery, "battery PERCENT|health PERCENT",
	    "how full it is; how much is left of what it held when new" },
	{ "output", 2, 2, order_output, "output on|off", "the button on the front" },
	{ "bypass", 1, 2, order_bypass, "bypass [on|off]", "past the inverter" },
	{ "beeper", 1, 2, order_beeper, "beeper [on|off]", "the alarm sound" },
	{ "fail", 1, 2, order_fail, "fail [on|off]", "the UPS finds itself broken" },
	{ "temperature", 2, 2, order_temperature, "temperature CELSIUS",
	    "now; it drifts from there" },
	{ "speed", 2, 2, order_speed, "speed N", "N seconds pass for the battery in one" },
	{ "pace", 1, 2, order_pace, "pace [on|off]", "bytes as slow as the line" },
	{ "hangup", 1, 1, order_hangup, "hangup", "unplugged" },
	{ "replug", 1, 1, order_replug, "replug", "unplugged if it was not, and plugged in" },
	{ "unmute", 1, 1, order_unmute, "unmute", "ends mute" },
	{ "clear", 1, 1, order_clear, "clear", "ends all faults" },
	{ "say", 2, 2, order_say, "say \"BYTES\"", "out of nowhere; \\\\r \\\\n \\\\xNN" },
	{ "show", 1, 2, order_show, "show [NAME]", "the true state" },
	{ "log", 1, 1, order_log, "log", "what was heard and said" },
	{ "quit", 1, 1, order_quit, "quit", "end the emulator" },
	{ "help", 1, 1, order_help, "help", "this list" },
};
#define ORDERS (sizeof(orders) / sizeof(orders[0]))

static const char *
order_help(struct emu *emu, const struct words *words, struct buf *out)
{
	for (size_t i = 0; i < ORDERS; i++)
		buf_add_format(out, "%s: %s\n", orders[i].usage, orders[i].help);
	buf_add_text(out, "wait NAME [is|<|>] VALUE [within SECONDS]: answers when it is so\n"
			  "Faults, each with \"after ANSWERS\", \"for ANSWERS\", \"only QUESTION\" "
			  "or \"off\" behind it:\n");
	emu_faults_help(out);
	return NULL;
}

const char *
emu_order(struct emu *emu, const struct words *words, struct buf *out)
{
	const char *why = NULL;

	for (size_t i = 0; i < ORDERS; i++) {
		if (strcmp(orders[i].name, words->word[0]))
			continue;
		if (words->len < orders[i].least || words->len > orders[i].most)
			return orders[i].usage;
		why = orders[i].run(emu, words, out);
		if (!why)
			emu_changed(emu);
		return why;
	}
	switch (emu_fault_set(emu_faults(emu), words, &why)) {
	case 0:
		return "no such order; help lists them";
	case 1:
		emu_changed(emu);
		return NULL;
	}
	return why;
}
