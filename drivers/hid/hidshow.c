/* hidshow.c - what the reports say, as variables and status. */
#include "drivers/hid/hidups.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define KELVIN 0x10001
#define VOLT 0x00f0d121
#define HERTZ 0x0000f001
#define AMPERE 0x00100001
#define ZERO_CELSIUS 273.15
#define VALUE_MAX 1e12	/* no UPS has so much of anything: its unit is wrong */
#define SILENT_MS 10000 /* interruptonly: so long it may say nothing */

/* docs/devices/hid.md, 5: exponent 1 at these is tenths; no UPS counts in tens of hertz. */
static bool
in_tenths(const struct hid_field *field)
{
	return field->exponent == 1 &&
	       (field->unit == VOLT || field->unit == HERTZ || field->unit == AMPERE);
}

/* By unit and exponent; what a vendor gets wrong is mended later (hidups_vendor.mend). */
static double
value_of(const struct hid_field *field, int64_t raw)
{
	if (in_tenths(field))
		return (double)raw / 10;
	return hid_value(field, raw);
}

static int64_t
masked(int64_t raw, int64_t mask)
{
	return mask ? (raw & mask) / (mask & -mask) : raw;
}

double
hidups_item_value(const struct hidups_item *item, int64_t raw)
{
	const struct hidups_var *var = item->var;

	if (var->mask)
		return (double)masked(raw, var->mask);
	return value_of(item->field, raw) * (var->times != 0 ? var->times : 1);
}

/* ---- variables ---- */

static void
show_date(struct core *core, const char *name, int64_t raw)
{
	unsigned year = (unsigned)(raw >> 9 & 0x7f) + 1980, month = (unsigned)(raw >> 5 & 15);

	if (raw > 0 && month >= 1 && month <= 12)
		core_setf(core, name, "%04u/%02u/%02u", year, month, (unsigned)(raw & 31));
}

static unsigned
two_digits(int64_t raw)
{
	return (unsigned)(raw >> 4 & 15) * 10 + (unsigned)(raw & 15);
}

static void
show_bcd_date(struct core *core, const char *name, int64_t raw)
{
	unsigned year = two_digits(raw), month = two_digits(raw >> 16);

	if (month >= 1 && month <= 12)
		core_setf(core, name, "%04u/%02u/%02u", year + (year < 70 ? 2000 : 1900), month,
		    two_digits(raw >> 8));
}

/* docs/devices/hid.md, 8. */
double
hidups_full_charge(const struct hidups *ups)
{
	int64_t mode = -1, full = 100;

	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (!item->var || !item->known)
			continue;
		if (!strcmp(item->var->name, HIDUPS_CAPACITY_MODE))
			mode = item->raw;
		else if (!strcmp(item->var->name, HIDUPS_CAPACITY_FULL))
			full = item->raw;
	}
	return mode == 2 || full <= 0 ? 100 : (double)full;
}

static bool
is_charge(const char *name)
{
	return !strncmp(name, "battery.charge", 14);
}

/* "-0.0" has been something a little below 0. */
static bool
is_negative_zero(const char *text)
{
	return *text == '-' && text[1 + strspn(text + 1, "0.")] == '\0';
}

static void
show_number(struct hidups *ups, const struct hidups_item *item)
{
	const struct hidups_var *var = item->var;
	double value = hidups_item_value(item, item->raw);
	char text[40];

	if (var->how == HIDUPS_CELSIUS && item->field->unit == KELVIN)
		value -= ZERO_CELSIUS;
	if (!strncmp(var->name, "ups.timer.", 10)) {
		/* All its bits: it does not run. */
		if (item->raw < 0 || item->raw == (INT64_C(1) << item->field->bits) - 1)
			value = -1;
	}
	if (is_charge(var->name))
		value = value * 100 / hidups_full_charge(ups);
	if (ups->vendor->mend)
		value = ups->vendor->mend(ups, var, value);
	if (!(fabs(value) <= VALUE_MAX)) {
		core_unset(ups->core, var->name);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", var->decimals, value);
	core_set(ups->core, var->name, text + is_negative_zero(text));
}

bool
hidups_clock(const struct hidups_item *item, struct tm *out)
{
	double value = hidups_item_value(item, item->raw);
	time_t seconds = value >= 0 && value <= UINT32_MAX ? (time_t)value : -1;

	return seconds >= 0 && localtime_r(&seconds, out);
}

static void
show_clock(struct core *core, const struct hidups_item *item)
{
	bool date = item->var->how == HIDUPS_UNIX_DATE;
	char text[32];
	struct tm tm;

	if (hidups_clock(item, &tm) &&
	    strftime(text, sizeof(text), date ? "%Y/%m/%d" : "%H:%M:%S", &tm))
		core_set(core, item->var->name, text);
}

static void
show_word(struct core *core, const struct hidups_item *item)
{
	for (const struct hidups_word *word = item->var->words; word->word; word++)
		if (word->value == masked(item->raw, item->var->mask)) {
			core_set(core, item->var->name, word->word);
			return;
		}
	core_unset(core, item->var->name);
}

static void
show_item(struct hidups *ups, const struct hidups_item *item)
{
	const char *name = item->var->name;

	switch (item->var->how) {
	case HIDUPS_NUMBER:
	case HIDUPS_CELSIUS:
		show_number(ups, item);
		break;
	case HIDUPS_WORD:
		show_word(ups->core, item);
		break;
	case HIDUPS_STRING:
		if (item->raw > 0 && item->raw < HIDUPS_STRINGS && ups->strings[item->raw].text[0])
			core_set(ups->core, name, ups->strings[item->raw].text);
		break;
	case HIDUPS_DATE:
		show_date(ups->core, name, item->raw);
		break;
	case HIDUPS_BCD_DATE:
		show_bcd_date(ups->core, name, item->raw);
		break;
	case HIDUPS_UNIX_DATE:
	case HIDUPS_UNIX_TIME:
		show_clock(ups->core, item);
		break;
	}
}

/* Is an item before it, of the same variable, the one that counts? */
static bool
is_second(const struct hidups *ups, size_t i)
{
	for (size_t n = 0; n < i; n++)
		if (ups->items[n].var && ups->items[n].known &&
		    !strcmp(ups->items[n].var->name, ups->items[i].var->name))
			return true;
	return false;
}

static bool
is_last(const struct hidups *ups, size_t i)
{
	for (size_t n = i + 1; n < ups->items_len; n++)
		if (ups->items[n].var && !strcmp(ups->items[n].var->name, ups->items[i].var->name))
			return false;
	return true;
}

void
hidups_show(struct hidups *ups)
{
	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (!item->var || item->var->name[0] == '.' || is_second(ups, i))
			continue;
		if (item->known)
			show_item(ups, item);
		else if (is_last(ups, i) && core_get(ups->core, item->var->name))
			core_unset(ups->core, item->var->name);
	}
}

/* ---- status ---- */

/* Has the item been told in this round?  What comes by itself alone counts as long as the device
 * answers at all; interruptonly: as long as it speaks. */
static bool
is_current(const struct hidups *ups, const struct hidups_item *item)
{
	if (!item->known)
		return false;
	if (ups->interrupt_only)
		return loop_now_ms(core_loop(ups->core)) - ups->heard_ms <= SILENT_MS;
	if (item->now)
		return true;
	if (item->report->given_up)
		return item->input && ups->heard_any && ups->came > 0;
	return !(item->report->flags & HIDUPS_QUICK) && item->misses == 0;
}

/* One that is not current: will it be?  What has been told once on this opening always will; what
 * has not is given a few rounds. */
static bool
is_awaited(const struct hidups_item *item)
{
	return item->told || (!item->report->given_up && item->misses < HIDUPS_MISSES);
}

static bool
is_so(const struct hidups_flag *flag, int64_t raw)
{
	if (flag->values)
		return raw >= 0 && raw < 32 && flag->values >> raw & 1;
	return ((flag->mask ? raw & flag->mask : raw) == 0) == flag->zero;
}

/* *KNOWN: what the device has said anything about; *LOST: what it is to say something about, and
 * has not.  The bits of what is so. */
static unsigned
read_states(const struct hidups *ups, unsigned *known, unsigned *lost)
{
	unsigned states = 0;

	*known = *lost = 0;
	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		/* The first that tells of a state is believed, and those that tell of it also. */
		if (!item->flag ||
		    ((*known | *lost) & item->flag->state && !(item->flag->flags & HIDUPS_ALSO)))
			continue;
		if (is_current(ups, item)) {
			*known |= item->flag->state;
			if (is_so(item->flag, item->raw))
				states |= item->flag->state;
		} else if (!ups->interrupt_only && is_awaited(item)) {
			*lost |= item->flag->state;
		}
	}
	if (!ups->interrupt_only)
		*lost |= ups->told & ~*known;
	return states;
}

/* Is it not known what a shutdown depends on? */
static bool
is_in_the_dark(unsigned states, unsigned lost)
{
	const unsigned power = HIDUPS_ONLINE | HIDUPS_DISCHARGING;
	const unsigned low = HIDUPS_LOW | HIDUPS_TIME_LOW | HIDUPS_IMMINENT;

	return lost & power || (lost & low && !(states & low));
}

static void
alarms(struct core *core, unsigned states)
{
	static const struct {
		enum hidups_state state;
		const char *text;
	} rows[] = { { HIDUPS_REPLACE, "Replace battery!" },
		{ HIDUPS_IMMINENT, "Shutdown imminent!" }, { HIDUPS_FAN, "Fan failure!" },
		{ HIDUPS_NO_BATTERY, "No battery installed!" },
		{ HIDUPS_CHARGER, "Battery charger fail!" },
		{ HIDUPS_BATTERY_WEAK, "Battery voltage too low!" },
		{ HIDUPS_BATTERY_HIGH, "Battery voltage too high!" },
		{ HIDUPS_HOT, "Temperature too high!" }, { HIDUPS_FAULT, "Internal UPS fault!" },
		{ HIDUPS_AWAITING, "Awaiting power!" },
		{ HIDUPS_SHORT_CIRCUIT, "Output short circuit!" },
		{ HIDUPS_INVERTER_LOW, "Inverter AC voltage too low!" },
		{ HIDUPS_INVERTER_HIGH, "Inverter AC voltage too high!" },
		{ HIDUPS_MEMORY, "Fatal EEPROM fault!" }, { HIDUPS_WIRING, "Wiring fault!" },
		{ HIDUPS_EMERGENCY_STOP, "Emergency stop!" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (states & rows[i].state)
			core_alarm(core, rows[i].text);
}

static uint32_t
power_bits(const struct hidups *ups, unsigned states)
{
	uint32_t bits = states & HIDUPS_ONLINE ? STATUS_OL : STATUS_OB;

	if (states & HIDUPS_ONLINE && states & HIDUPS_DISCHARGING) {
		if (ups->online_discharge == DISCHARGE_IS_BATTERY)
			bits = STATUS_OB;
		else if (ups->online_discharge == DISCHARGE_IS_CALIBRATION)
			bits |= STATUS_CAL;
	}
	if (states & HIDUPS_DISCHARGING && !(states & HIDUPS_EMPTY))
		bits |= STATUS_DISCHRG;
	else if (states & HIDUPS_CHARGING && !(states & HIDUPS_FULL))
		bits |= STATUS_CHRG;
	return bits;
}

/* APC's BX...MI say low and replace for seconds when they try their battery.  Without mains a low
 * battery is never doubted, nor when the user has said that discharging means the same. */
static unsigned
without_doubtful(struct hidups *ups, unsigned states)
{
	const unsigned doubtful = HIDUPS_LOW | HIDUPS_TIME_LOW | HIDUPS_REPLACE;
	int64_t now_ms = loop_now_ms(core_loop(ups->core));
	bool discharges = states & HIDUPS_DISCHARGING;
	bool tries = ups->doubt_always || discharges || states & HIDUPS_CALIBRATION;
	bool mains = states & HIDUPS_ONLINE &&
		     !(discharges && ups->online_discharge == DISCHARGE_IS_BATTERY);

	if (!(states & doubtful) || !mains || !tries) {
		ups->doubts = false;
		return states;
	}
	if (!ups->doubts)
		ups->doubted_ms = now_ms;
	ups->doubts = true;
	return (double)(now_ms - ups->doubted_ms) < 1000 * ups->doubt_seconds ? states & ~doubtful
									      : states;
}

bool
hidups_show_status(struct hidups *ups)
{
	static const struct {
		unsigned states;
		uint32_t bit;
	} rows[] = { { HIDUPS_LOW | HIDUPS_TIME_LOW | HIDUPS_IMMINENT, STATUS_LB },
		{ HIDUPS_OVERLOAD, STATUS_OVER }, { HIDUPS_REPLACE, STATUS_RB },
		{ HIDUPS_TRIM, STATUS_TRIM }, { HIDUPS_BOOST, STATUS_BOOST },
		{ HIDUPS_BYPASS, STATUS_BYPASS }, { HIDUPS_OFF, STATUS_OFF },
		{ HIDUPS_CALIBRATION, STATUS_CAL } };
	unsigned known, lost, states = read_states(ups, &known, &lost);
	uint32_t bits;

	if (is_in_the_dark(states, lost))
		return false;
	/* Without a word on the mains, whether it discharges has to do. */
	if (!(known & HIDUPS_ONLINE)) {
		if (!(known & HIDUPS_DISCHARGING))
			return false;
		states |= states & HIDUPS_DISCHARGING ? 0 : HIDUPS_ONLINE;
	}
	states = without_doubtful(ups, states);
	bits = power_bits(ups, states);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (states & rows[i].states)
			bits |= rows[i].bit;
	core_status(ups->core, bits);
	alarms(ups->core, states);
	if (states & HIDUPS_VOLTAGE_RANGE)
		core_set(ups->core, "input.transfer.reason", "input voltage out of range");
	else if (states & HIDUPS_FREQUENCY_RANGE)
		core_set(ups->core, "input.transfer.reason", "input frequency out of range");
	else if (core_get(ups->core, "input.transfer.reason"))
		core_unset(ups->core, "input.transfer.reason");
	return true;
}
