#include "emulators/show.h"

#include "emulators/faults.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
	const char *name;
	void (*text)(struct emu *emu, char out[EMU_SHOWN]); /* one of these two */
	double (*number)(const struct emu_battery *battery);
	int decimals;
};

#define PRINT(...) snprintf(out, EMU_SHOWN, __VA_ARGS__)
#define TEXT(name, ...)                                                                            \
	static void name(struct emu *emu, char out[EMU_SHOWN])                                     \
	{                                                                                          \
		PRINT(__VA_ARGS__);                                                                \
	}
#define NUMBER(name, value)                                                                        \
	static double name(const struct emu_battery *b)                                            \
	{                                                                                          \
		return value;                                                                      \
	}

static const char *
yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static const char *
on_off(bool on)
{
	return on ? "on" : "off";
}

TEXT(device, "%s", emu_device(emu)->name)
TEXT(title, "%s", emu_device(emu)->title)
TEXT(dialect, "%s", emu_device(emu)->dialect->name)
TEXT(port, "%s", emu_plugged(emu) ? emu_where(emu) : "unplugged")
TEXT(clock, "%.1f", (double)emu_clock_ms(emu) / 1000)
TEXT(speed, "%g", emu_speed_now(emu))
TEXT(pace, "%s", on_off(emu_paced(emu)))
TEXT(mains, "%s", on_off(emu_battery(emu)->mains))
TEXT(output, "%s", on_off(emu_battery(emu)->output))
TEXT(awake, "%s", yes_no(emu_battery_awake(emu_battery(emu))))
TEXT(low, "%s", yes_no(emu_battery_low(emu_battery(emu))))
TEXT(overload, "%s", yes_no(emu_battery_overload(emu_battery(emu))))
TEXT(failed, "%s", yes_no(emu_battery(emu)->failed))
TEXT(beeper, "%s", emu_battery(emu)->beeper ? "enabled" : "disabled")
TEXT(heard, "%lu", emu_heard(emu)->heard)
TEXT(heard_last, "%s", emu_heard(emu)->question)
TEXT(said, "%lu", emu_heard(emu)->said)
TEXT(said_last, "%s", emu_heard(emu)->answer)

NUMBER(input_volts, emu_battery_input_volts(b))
NUMBER(input_hertz, emu_battery_input_hertz(b))
NUMBER(fault_volts, b->fault_volts)
NUMBER(output_volts, emu_battery_output_volts(b))
NUMBER(output_hertz, emu_battery_output_hertz(b))
NUMBER(output_amps, emu_battery_output_amps(b))
NUMBER(load, emu_battery_load_now(b))
NUMBER(celsius, b->celsius)
NUMBER(charge, b->charge * 100)
NUMBER(volts, b->volts)
NUMBER(amps, b->amps)
NUMBER(health, b->health * 100)
NUMBER(runtime, emu_battery_runtime(b))
NUMBER(off_in, b->off_at_ms == EMU_NEVER ? -1 : (double)(b->off_at_ms - b->clock_ms) / 1000)
NUMBER(on_in, b->output || b->back_at_ms == EMU_NEVER
		  ? -1
		  : fmax(0, (double)(b->back_at_ms - b->clock_ms) / 1000))
NUMBER(load_energy, b->to_load / 3600)
NUMBER(out_energy, b->out_of_battery / 3600)
NUMBER(in_energy, b->into_battery / 3600)

static void
source(struct emu *emu, char out[EMU_SHOWN])
{
	static const char *const names[] = { "none", "line", "boost", "trim", "bypass", "battery" };

	PRINT("%s", names[emu_battery(emu)->source]);
}

static void
test(struct emu *emu, char out[EMU_SHOWN])
{
	static const char *const names[] = { "none", "running", "passed", "failed", "stopped" };

	PRINT("%s", names[emu_battery(emu)->test]);
}

/* What a perfect driver would publish. */
static void
status(struct emu *emu, char out[EMU_SHOWN])
{
	const struct emu_battery *b = emu_battery(emu);

	PRINT("%s%s%s%s%s%s%s%s", emu_battery_mains_good(b) ? "OL" : "OB",
	    emu_battery_low(b) ? " LB" : "", emu_battery_testing(b) ? " CAL" : "",
	    b->source == EMU_BOOST ? " BOOST" : "", b->source == EMU_TRIM ? " TRIM" : "",
	    b->source == EMU_BYPASS ? " BYPASS" : "", emu_battery_overload(b) ? " OVER" : "",
	    b->output ? "" : " OFF");
}

static void
faults(struct emu *emu, char out[EMU_SHOWN])
{
	struct buf list = { 0 };

	emu_faults_show(emu_faults(emu), &list);
	PRINT("%.*s", (int)buf_len(&list), buf_bytes(&list));
	buf_free(&list);
}

static const struct row rows[] = {
	{ "device", device, NULL, 0 },
	{ "title", title, NULL, 0 },
	{ "dialect", dialect, NULL, 0 },
	{ "port", port, NULL, 0 },
	{ "clock", clock, NULL, 0 },
	{ "speed", speed, NULL, 0 },
	{ "pace", pace, NULL, 0 },
	{ "ups.status", status, NULL, 0 },
	{ "ups.load", NULL, load, 1 },
	{ "ups.temperature", NULL, celsius, 1 },
	{ "ups.beeper.status", beeper, NULL, 0 },
	{ "ups.timer.shutdown", NULL, off_in, 1 },
	{ "ups.timer.start", NULL, on_in, 1 },
	{ "mains", mains, NULL, 0 },
	{ "input.voltage", NULL, input_volts, 1 },
	{ "input.voltage.fault", NULL, fault_volts, 1 },
	{ "input.frequency", NULL, input_hertz, 1 },
	{ "output", output, NULL, 0 },
	{ "output.source", source, NULL, 0 },
	{ "output.voltage", NULL, output_volts, 1 },
	{ "output.frequency", NULL, output_hertz, 1 },
	{ "output.current", NULL, output_amps, 2 },
	{ "battery.charge", NULL, charge, 2 },
	{ "battery.voltage", NULL, volts, 2 },
	{ "battery.current", NULL, amps, 2 },
	{ "battery.runtime", NULL, runtime, 0 },
	{ "battery.low", low, NULL, 0 },
	{ "battery.health", NULL, health, 0 },
	{ "test", test, NULL, 0 },
	{ "overload", overload, NULL, 0 },
	{ "failed", failed, NULL, 0 },
	{ "awake", awake, NULL, 0 },
	{ "energy.load", NULL, load_energy, 3 },
	{ "energy.battery.out", NULL, out_energy, 3 },
	{ "energy.battery.in", NULL, in_energy, 3 },
	{ "faults", faults, NULL, 0 },
	{ "heard", heard, NULL, 0 },
	{ "heard.last", heard_last, NULL, 0 },
	{ "said", said, NULL, 0 },
	{ "said.last", said_last, NULL, 0 },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

static void
show_row(struct emu *emu, const struct row *row, char out[EMU_SHOWN])
{
	if (row->text)
		row->text(emu, out);
	else
		PRINT("%.*f", row->decimals, row->number(emu_battery(emu)));
}

void
emu_show(struct emu *emu, struct buf *out)
{
	char value[EMU_SHOWN];

	for (size_t i = 0; i < ROWS; i++) {
		show_row(emu, &rows[i], value);
		buf_add_format(out, "%s %s\n", rows[i].name, value);
	}
}

bool
emu_show_one(struct emu *emu, const char *name, char out[EMU_SHOWN])
{
	for (size_t i = 0; i < ROWS; i++)
		if (!strcmp(rows[i].name, name)) {
			show_row(emu, &rows[i], out);
			return true;
		}
	return false;
}

int
emu_show_is(struct emu *emu, const char *name, const char *relation, const char *value)
{
	char now[EMU_SHOWN];

	if (!emu_show_one(emu, name, now))
		return -1;
	if (!strcmp(relation, "is"))
		return !strcmp(now, value);
	if (!strcmp(relation, "<"))
		return strtod(now, NULL) < strtod(value, NULL);
	return strcmp(relation, ">") ? -1 : strtod(now, NULL) > strtod(value, NULL);
}
