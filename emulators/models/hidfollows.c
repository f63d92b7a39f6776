/* hidfollows.c - what the fields of a HID device follow: its battery, its mains, its timers. */
#include "emulators/models/hidups.h"

#include <math.h>
#include <string.h>

struct emu_hid_follow {
	const char *name;
	double (*now)(struct emu *emu);
	bool (*set)(struct emu *emu, double value); /* NULL: the host cannot */
	bool counted; /* percent, a flag, a choice: units and exponents mean nothing to it */
};

#define NONE (-1.0)    /* a timer that does not run */
#define BACK_SOON 10.0 /* seconds it stays off at least, when it comes back by itself */
#define TEST_SECONDS 10.0
#define KELVIN 0x10001
#define ZERO_CELSIUS 273.15

static struct emu_hid_state *
state_of(struct emu *emu)
{
	return emu_state(emu);
}

/* ---- what is measured ---- */

#define MEASURED(name, value)                                                                      \
	static double name(struct emu *emu)                                                        \
	{                                                                                          \
		const struct emu_battery *b = emu_battery(emu);                                    \
                                                                                                   \
		return value;                                                                      \
	}

MEASURED(charge, floor(b->charge * 100 + 1e-9))
MEASURED(runtime, floor(emu_battery_runtime(b)))
MEASURED(load, emu_battery_load_now(b))
MEASURED(input_volts, emu_battery_input_volts(b))
MEASURED(input_hertz, emu_battery_input_hertz(b))
MEASURED(output_volts, emu_battery_output_volts(b))
MEASURED(output_hertz, emu_battery_output_hertz(b))
MEASURED(output_amps, emu_battery_output_amps(b))
MEASURED(battery_volts, b->volts)
MEASURED(celsius, b->celsius)
MEASURED(watts, emu_battery_load_now(b) / 100 * b->rating.watts)
MEASURED(va, emu_battery_load_now(b) / 100 * b->rating.va)
MEASURED(low_percent, b->rating.low_percent)
MEASURED(transfer_low, b->rating.transfer_low)
MEASURED(transfer_high, b->rating.transfer_high)

MEASURED(mains, emu_battery_mains_good(b))
MEASURED(discharging, emu_battery_discharging(b))
MEASURED(charging, !emu_battery_discharging(b) && b->mains && b->charge < 0.995)
MEASURED(full, b->charge >= 0.995)
MEASURED(empty, b->charge <= 0.005)
MEASURED(low, emu_battery_low(b))
MEASURED(overload, emu_battery_overload(b))
MEASURED(boost, b->source == EMU_BOOST)
MEASURED(trim, b->source == EMU_TRIM)
MEASURED(bypass, b->source == EMU_BYPASS)
MEASURED(failed, b->failed)
MEASURED(replace, b->health < 0.5)
MEASURED(output, b->output)
MEASURED(no_input, !b->mains)

/* APC: bit 3 on line, bit 4 on battery; 0 off. */
MEASURED(apc_status, !b->output ? 0 : b->source == EMU_BATTERY ? 16 : 8)

static double
low_seconds(struct emu *emu)
{
	return state_of(emu)->low_seconds;
}

static double
time_is_short(struct emu *emu)
{
	const struct emu_battery *b = emu_battery(emu);

	return emu_battery_discharging(b) && emu_battery_runtime(b) < state_of(emu)->low_seconds;
}

/* ---- what is set ---- */

static bool
set_low_percent(struct emu *emu, double value)
{
	emu_battery(emu)->rating.low_percent = value;
	return value >= 0 && value <= 100;
}

static bool
set_low_seconds(struct emu *emu, double value)
{
	state_of(emu)->low_seconds = value;
	return true;
}

static bool
set_transfer_low(struct emu *emu, double value)
{
	emu_battery(emu)->rating.transfer_low = value;
	return true;
}

static bool
set_transfer_high(struct emu *emu, double value)
{
	emu_battery(emu)->rating.transfer_high = value;
	return true;
}

/* POW 4.2.5: 1 off, 2 on, 3 muted until the next alarm. */
enum { SILENT = 1, LOUD, MUTED };

static double
beeper(struct emu *emu)
{
	if (!emu_battery(emu)->beeper)
		return SILENT;
	return state_of(emu)->muted ? MUTED : LOUD;
}

static bool
set_beeper(struct emu *emu, double value)
{
	if (value != SILENT && value != LOUD && value != MUTED)
		return false;
	emu_battery(emu)->beeper = value != SILENT;
	state_of(emu)->muted = value == MUTED;
	return true;
}

/* docs/devices/hid.md, 7.1: 1 is on, whatever else is written off; told: 1 on, 2 off. */
static double
powercom_beeper(struct emu *emu)
{
	return emu_battery(emu)->beeper ? 1 : 2;
}

static bool
set_powercom_beeper(struct emu *emu, double value)
{
	emu_battery(emu)->beeper = value == 1;
	return true;
}

/* POW 4.2.5, Test.  Told: 1 passed, 3 failed, 4 stopped, 5 running, 6 none.  Wanted: 1 quick, 2
 * deep, 3 stop. */
static double
test(struct emu *emu)
{
	static const int results[] = { [EMU_TEST_NONE] = 6,
		[EMU_TEST_RUNNING] = 5,
		[EMU_TEST_PASSED] = 1,
		[EMU_TEST_FAILED] = 3,
		[EMU_TEST_STOPPED] = 4 };

	return results[emu_battery(emu)->test];
}

static bool
set_test(struct emu *emu, double value)
{
	struct emu_battery *battery = emu_battery(emu);

	switch ((int)value) {
	case 1:
		emu_battery_test(battery, TEST_SECONDS);
		return true;
	case 2:
		emu_battery_test_deep(battery);
		return true;
	case 3:
		emu_battery_test_stop(battery);
		return true;
	}
	return value == 0;
}

/* ---- timers ---- */

static double
seconds_until(const struct emu_battery *b, int64_t at_ms)
{
	if (at_ms == EMU_NEVER)
		return NONE;
	return fmax(0, ceil((double)(at_ms - b->clock_ms) / 1000));
}

static double
until_off(struct emu *emu)
{
	const struct emu_battery *b = emu_battery(emu);

	return seconds_until(b, b->off_at_ms);
}

static double
until_on(struct emu *emu)
{
	const struct emu_battery *b = emu_battery(emu);

	if (!b->output && b->back_at_ms != EMU_NEVER)
		return seconds_until(b, b->back_at_ms);
	return state_of(emu)->start_delay;
}

/* Has the device a timer for coming back?  If not, it comes back with mains. */
static bool
has_startup(struct emu *emu)
{
	const struct emu_hid *hid = emu_device(emu)->model_data;

	for (size_t i = 0; i < hid->len; i++)
		if (hid->fields[i].follows && hid->fields[i].follows->now == until_on)
			return true;
	return false;
}

static bool
set_shutdown(struct emu *emu, double value)
{
	struct emu_battery *battery = emu_battery(emu);
	double back = state_of(emu)->start_delay;

	if (value < 0) {
		if (battery->off_at_ms != EMU_NEVER)
			emu_battery_off_cancel(battery);
		return true;
	}
	if (back < 0)
		back = has_startup(emu) ? EMU_STAY_OFF : BACK_SOON;
	emu_battery_off_in(battery, value, back);
	return true;
}

static bool
set_startup(struct emu *emu, double value)
{
	struct emu_battery *battery = emu_battery(emu);

	state_of(emu)->start_delay = value < 0 ? NONE : value;
	if (battery->off_at_ms != EMU_NEVER) /* the shutdown that is pending */
		return set_shutdown(emu, seconds_until(battery, battery->off_at_ms));
	if (value == 0) { /* done at once, and over */
		state_of(emu)->start_delay = NONE;
		emu_battery_output(battery, true);
	} else if (!battery->output && value > 0) {
		emu_battery_off_in(battery, 0, value);
	}
	return true;
}

static bool
set_reboot(struct emu *emu, double value)
{
	struct emu_battery *battery = emu_battery(emu);

	if (value >= 0)
		emu_battery_off_in(battery, value, BACK_SOON);
	else if (battery->off_at_ms != EMU_NEVER)
		emu_battery_off_cancel(battery);
	return true;
}

/* docs/devices/hid.md, 7.2: minutes in the lower byte; seconds and what is to come in the upper. */
#define POWERCOM_RETURN 0x40
#define POWERCOM_SECONDS 0x3f

static double
powercom_off(struct emu *emu)
{
	int seconds = (int)until_off(emu);

	return seconds < 0 ? 0 : seconds / 60 | seconds % 60 << 8;
}

static bool
set_powercom_off(struct emu *emu, double value)
{
	int raw = (int)value, upper = raw >> 8;

	emu_battery_off_in(emu_battery(emu), (raw & 0xff) * 60 + (upper & POWERCOM_SECONDS),
	    upper & POWERCOM_RETURN ? BACK_SOON : EMU_STAY_OFF);
	return true;
}

/* 7.3: minutes, the upper byte first. */
static double
powercom_on(struct emu *emu)
{
	const struct emu_battery *b = emu_battery(emu);
	int minutes = b->output || b->back_at_ms == EMU_NEVER
			  ? 0
			  : (int)ceil(seconds_until(b, b->back_at_ms) / 60);

	return (minutes >> 8 & 0xff) | (minutes & 0xff) << 8;
}

static bool
set_powercom_on(struct emu *emu, double value)
{
	int raw = (int)value;
	double seconds = 60 * ((raw & 0xff) << 8 | (raw >> 8 & 0xff));
	struct emu_battery *battery = emu_battery(emu);

	if (!battery->output && seconds > 0)
		emu_battery_off_in(battery, 0, seconds);
	else if (!battery->output)
		emu_battery_output(battery, true);
	return true;
}

/* ---- the table ---- */

static const struct emu_hid_follow follows[] = {
	{ "charge", charge, NULL, true },
	{ "charge.low", low_percent, set_low_percent, true },
	{ "runtime", runtime, NULL, false },
	{ "runtime.low", low_seconds, set_low_seconds, false },
	{ "load", load, NULL, true },
	{ "input.voltage", input_volts, NULL, false },
	{ "input.frequency", input_hertz, NULL, false },
	{ "output.voltage", output_volts, NULL, false },
	{ "output.frequency", output_hertz, NULL, false },
	{ "output.current", output_amps, NULL, false },
	{ "battery.voltage", battery_volts, NULL, false },
	{ "temperature", celsius, NULL, false },
	{ "realpower", watts, NULL, false },
	{ "power", va, NULL, false },
	{ "transfer.low", transfer_low, set_transfer_low, false },
	{ "transfer.high", transfer_high, set_transfer_high, false },
	{ "mains", mains, NULL, true },
	{ "no.input", no_input, NULL, true },
	{ "discharging", discharging, NULL, true },
	{ "charging", charging, NULL, true },
	{ "full", full, NULL, true },
	{ "empty", empty, NULL, true },
	{ "low", low, NULL, true },
	{ "time.short", time_is_short, NULL, true },
	{ "overload", overload, NULL, true },
	{ "boost", boost, NULL, true },
	{ "trim", trim, NULL, true },
	{ "bypass", bypass, NULL, true },
	{ "failed", failed, NULL, true },
	{ "replace", replace, NULL, true },
	{ "output", output, NULL, true },
	{ "apc.status", apc_status, NULL, true },
	{ "beeper", beeper, set_beeper, true },
	{ "test", test, set_test, true },
	{ "shutdown", until_off, set_shutdown, false },
	{ "startup", until_on, set_startup, false },
	{ "reboot", until_off, set_reboot, false },
	{ "powercom.beeper", powercom_beeper, set_powercom_beeper, true },
	{ "powercom.shutdown", powercom_off, set_powercom_off, true },
	{ "powercom.startup", powercom_on, set_powercom_on, true },
};

const struct emu_hid_follow *
emu_hid_follow_find(const char *name)
{
	for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++)
		if (!strcmp(follows[i].name, name))
			return &follows[i];
	return NULL;
}

/* ---- to bits and back ---- */

static bool
is_timer(const struct emu_hid_field *field)
{
	return field->follows->set == set_shutdown || field->follows->set == set_startup ||
	       field->follows->set == set_reboot;
}

/* A timer that does not run: all its bits, unless the file has another value. */
static long long
idle(const struct emu_hid_field *field)
{
	if (field->has_value)
		return field->value;
	return field->least < 0 ? -1 : (1ll << field->bits) - 1;
}

/* What 1 of the field is worth.  Lengths are in centimetres and masses in grams there: a volt and a
 * watt, whose units have kg m^2, are ten million. */
static double
worth(const struct emu_hid_field *field)
{
	if (field->step > 0)
		return field->step;
	if (field->follows->counted || !field->unit)
		return 1;
	return pow(10, field->exponent - ((field->unit & 0xfff) == 0x121 ? 7 : 0));
}

static bool
is_scaled(const struct emu_hid_field *field)
{
	return field->physical_least != field->physical_most && !field->follows->counted;
}

static double
slope(const struct emu_hid_field *field)
{
	return (double)(field->physical_most - field->physical_least) /
	       (double)(field->most - field->least);
}

long long
emu_hid_raw(struct emu *emu, const struct emu_hid_field *field)
{
	double value = field->follows->now(emu);

	if (is_timer(field) && value < 0)
		return idle(field);
	if (field->unit == KELVIN)
		value += ZERO_CELSIUS;
	value /= worth(field);
	if (is_scaled(field))
		value =
		    (value - (double)field->physical_least) / slope(field) + (double)field->least;
	double most =
	    field->least < 0 ? ldexp(1, (int)field->bits - 1) - 1 : ldexp(1, (int)field->bits) - 1;

	return llround(fmin(fmax(value, field->least < 0 ? -most - 1 : 0), most));
}

bool
emu_hid_written(struct emu *emu, const struct emu_hid_field *field, long long raw)
{
	double value = (double)raw;

	if (!field->follows->set)
		return true; /* what it measures is not changed by writing */
	if (is_timer(field) && raw == idle(field))
		return field->follows->set(emu, NONE);
	if (is_scaled(field))
		value =
		    (value - (double)field->least) * slope(field) + (double)field->physical_least;
	value *= worth(field);
	return field->follows->set(emu, is_timer(field) ? fmax(0, value) : value);
}
