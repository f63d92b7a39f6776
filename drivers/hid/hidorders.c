/* hidorders.c - what a HID device is told: commands, settings, its shutdown. */
#include "base/log.h"
#include "drivers/hid/hidups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GET_REPORT 1
#define SET_REPORT 9

/* ---- one write ---- */

static void step(struct hidups *ups, size_t which);
static bool plan_cut(struct hidups *ups, struct hidups_order *order);

/* The power first, then the one that has waited longest. */
static void
next_order(struct hidups *ups)
{
	struct hidups_order *next = NULL;

	for (size_t i = 0; i < HIDUPS_ORDERS; i++) {
		struct hidups_order *order = &ups->orders[i];

		if (order->used && order->waits &&
		    (!next || order->cuts || (!next->cuts && order->turn < next->turn)))
			next = order;
	}
	if (!next)
		return;
	next->waits = false;
	step(ups, (size_t)(next - ups->orders));
}

static void
order_over(struct hidups *ups, size_t which, bool ok)
{
	struct hidups_order *order = &ups->orders[which];

	if (!ok && order->cuts && plan_cut(ups, order)) {
		log_warnx("[%s] the order to cut the power was not taken: trying another way",
		    core_ups_name(ups->core));
		step(ups, which);
		return;
	}
	order->used = false;
	next_order(ups);
	if (order->own)
		log_debug(1, "[%s] its settings: %s", core_ups_name(ups->core),
		    ok ? "done" : "not taken");
	else if (order->ticket)
		core_finish(ups->core, order->ticket, ok ? RESULT_HANDLED : RESULT_FAILED);
	else
		core_shutdown_done(ups->core, ok);
	/* What it has done to the device is asked for now, not at the next full round. */
	ups->full_ms = INT64_MIN / 2;
	core_poll_soon(ups->core);
}

static uint16_t
order_length(const struct hidups *ups, const struct hidups_order *order)
{
	const struct hid_field *field = order->step[order->at].field;

	return (uint16_t)hid_report_bytes(&ups->hid, field->type, field->report);
}

static void
written(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct hidups *ups = device;
	size_t which = (size_t)exchange->tag;

	if (end == EXCHANGE_LOST)
		return;
	if (end != EXCHANGE_ANSWERED)
		order_over(ups, which, false);
	else if (++ups->orders[which].at == ups->orders[which].steps)
		order_over(ups, which, true);
	else
		step(ups, which);
}

static bool
beeper_is_on(const struct hidups *ups)
{
	const char *beeper = core_get(ups->core, "ups.beeper.status");

	return beeper && !strcmp(beeper, "enabled");
}

/* By the LEN bytes of the report, 0: it did not come. */
static bool
beeps(const struct hidups *ups, const struct hid_field *field, const void *report, size_t len)
{
	int64_t raw;

	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (!item->var || item->field != field || item->var->how != HIDUPS_WORD ||
		    strcmp(item->var->name, "ups.beeper.status") != 0 ||
		    !hid_get(field, report, len, &raw))
			continue;
		for (const struct hidups_word *word = item->var->words; word->word; word++)
			if (word->value == raw)
				return !strcmp(word->word, "enabled");
	}
	return beeper_is_on(ups);
}

static int64_t
raw_to_write(
    const struct hidups *ups, const struct hidups_order *order, const void *report, size_t len)
{
	const struct hid_field *field = order->step[order->at].field;

	return order->step[order->at].toggles && beeps(ups, field, report, len)
		   ? order->step[order->at].off
		   : order->step[order->at].raw;
}

/* The rest of the report is written as it is. */
static void
report_read(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct hidups *ups = device;
	size_t which = (size_t)exchange->tag;
	struct hidups_order *order = &ups->orders[which];
	const struct hid_field *field = order->step[order->at].field;
	uint16_t length = order_length(ups, order);
	bool alone = field->bits == 8u * (length - (field->report ? 1u : 0u));

	if (end == EXCHANGE_LOST)
		return;
	memset(order->report, 0, length);
	order->report[0] = field->report;
	if (end != EXCHANGE_ANSWERED || len < length ||
	    (field->report && (uint8_t)answer[0] != field->report))
		len = 0;
	if (len)
		memcpy(order->report, answer, length);
	else if (!alone) { /* what stands beside it is not known, and must not become 0 */
		order_over(ups, which, false);
		return;
	}
	if (!hid_set(field, order->report, length, raw_to_write(ups, order, answer, len))) {
		order_over(ups, which, false);
		return;
	}
	usb_ask(ups->usb,
	    &(struct usb_request){ .name = "set feature",
		.type = 0x21,
		.request = SET_REPORT,
		.value = (uint16_t)(0x300 | field->report),
		.length = length,
		.data = order->report,
		.done = written,
		.tag = (int)which },
	    true);
}

static void
step(struct hidups *ups, size_t which)
{
	struct hidups_order *order = &ups->orders[which];
	const struct hid_field *field = order->step[order->at].field;

	usb_ask(ups->usb,
	    &(struct usb_request){ .name = "feature",
		.type = 0xa1,
		.request = GET_REPORT,
		.value = (uint16_t)(0x300 | field->report),
		.length = order_length(ups, order),
		.done = report_read,
		.tag = (int)which },
	    true);
}

/* ---- orders ---- */

/* NULL: too many are under way. */
static struct hidups_order *
new_order(struct hidups *ups, core_ticket ticket)
{
	for (size_t i = 0; i < HIDUPS_ORDERS; i++)
		if (!ups->orders[i].used) {
			ups->orders[i] = (struct hidups_order){ .used = true, .ticket = ticket };
			return &ups->orders[i];
		}
	return NULL;
}

static enum sockmsg_result
start_order(struct hidups *ups, struct hidups_order *order)
{
	if (!order->steps) {
		order->used = false;
		return RESULT_FAILED;
	}
	for (size_t i = 0; i < HIDUPS_ORDERS && !order->waits; i++)
		order->waits = &ups->orders[i] != order && ups->orders[i].used;
	order->turn = ups->turns++;
	if (!order->waits)
		step(ups, (size_t)(order - ups->orders));
	return RESULT_PENDING;
}

static void
add_step(struct hidups_order *order, const struct hid_field *field, int64_t raw)
{
	if (order->steps == HIDUPS_STEPS)
		return;
	order->step[order->steps].field = field;
	order->step[order->steps++].raw = raw;
}

/* The longest time that the field can say.  All bits stop a timer. */
static int64_t
timer_most(const struct hid_field *field)
{
	int64_t most = (INT64_C(1) << field->bits) - 1;

	if (field->logical_min < 0)
		most /= 2;
	else if (field->bits >= 8)
		most--;
	if (!field->without_range && field->logical_max > 0 && field->logical_max < most)
		most = field->logical_max;
	return most;
}

/* Seconds as the field counts them.  Below 0 the timer is stopped: all bits.  A delay that is not 0
 * never becomes 0, and is never shorter than was asked for: devices that count minutes would cut
 * the power at once.  It is not longer than the field can say either. */
static int64_t
timer_raw(const struct hid_field *field, double seconds)
{
	int64_t raw, most = timer_most(field);

	if (seconds < 0)
		return field->logical_min < 0 ? -1 : (INT64_C(1) << field->bits) - 1;
	if (!hid_raw(field, seconds, &raw))
		return most;
	if (seconds > 0 && (hid_value(field, raw) < seconds - 0.5 || hid_value(field, raw) <= 0))
		raw++;
	return raw < most ? raw : most;
}

static int64_t
timer_for(const struct hidups *ups, const struct hid_field *field, double seconds)
{
	int64_t raw = timer_raw(field, seconds);

	if (seconds > 0 && hid_value(field, raw) < seconds - 0.5)
		log_warnx("[%s] the device can count %.0f s, not %.0f s: that is what it is told",
		    core_ups_name(ups->core), hid_value(field, raw), seconds);
	return raw;
}

/* ---- commands ---- */

static const struct hidups_item *
settable(const struct hidups *ups, const char *name)
{
	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (item->var && item->var->flags & HIDUPS_RW && item->known &&
		    item->field->type == HID_FEATURE && !strcmp(item->var->name, name))
			return item;
	}
	return NULL;
}

static const struct hid_field *
feature(const struct hidups *ups, const char *path)
{
	struct hid_path parsed;

	return hid_path_parse(&parsed, path) ? hid_find(&ups->hid, &parsed, HID_FEATURE) : NULL;
}

static bool
refused_before(const struct hidups *ups, const struct hid_field *field)
{
	for (size_t i = 0; i < ups->reports_len; i++)
		if (ups->reports[i].type == HID_FEATURE && ups->reports[i].id == field->report)
			return ups->reports[i].given_up;
	return false;
}

static bool
is_other(const struct hidups *ups, const char *path)
{
	const struct hidups_command *row = ups->vendor->commands;
	const struct hidups_var *var = ups->vendor->vars;

	for (; row && row->path; row++)
		if (!row->name && !strcmp(row->path, path))
			return true;
	for (; var && var->path; var++)
		if (!var->name && !strcmp(var->path, path))
			return true;
	return false;
}

/* The row for NAME whose field the device has: the vendor's before the base's. */
static const struct hidups_command *
find_command(const struct hidups *ups, const char *name, const struct hid_field **field)
{
	const struct hidups_command *tables[] = { ups->vendor->commands, hidups_base.commands };

	for (size_t t = 0; t < 2; t++)
		for (const struct hidups_command *row = tables[t]; row && row->path; row++)
			if (row->name && !strcmp(row->name, name) &&
			    !(t && is_other(ups, row->path)) &&
			    (*field = feature(ups, row->path)) && !refused_before(ups, *field))
				return row;
	return NULL;
}

static bool
has(const struct hidups *ups, const char *name)
{
	const struct hid_field *field;

	return find_command(ups, name, &field) != NULL;
}

static bool
is_row_of(const struct hidups_vendor *vendor, const struct hidups_command *row)
{
	for (const struct hidups_command *own = vendor->commands; own && own->path; own++)
		if (own == row)
			return true;
	return false;
}

static bool
add_command(struct hidups *ups, struct hidups_order *order, const char *name, double seconds)
{
	const struct hid_field *field;
	const struct hidups_command *row = find_command(ups, name, &field);

	if (!row)
		return false;
	if (row->timer && ups->vendor->timer && is_row_of(ups->vendor, row))
		add_step(order, field, ups->vendor->timer(row, seconds));
	else
		add_step(order, field, row->timer ? timer_for(ups, field, seconds) : row->value);
	return true;
}

/* Decided when the report has come: what is published may be older than the last order. */
static bool
add_toggle(struct hidups *ups, struct hidups_order *order)
{
	const struct hid_field *on, *off;
	const struct hidups_command *enable = find_command(ups, "beeper.enable", &on);
	const struct hidups_command *disable = find_command(ups, "beeper.disable", &off);

	if (!enable || !disable || on != off)
		return add_command(
		    ups, order, beeper_is_on(ups) ? "beeper.disable" : "beeper.enable", 0);
	add_step(order, on, enable->value);
	order->step[0].toggles = true;
	order->step[0].off = disable->value;
	return true;
}

/* Where the device keeps it, what it says. */
static double
on_delay(const struct hidups *ups)
{
	const struct hidups_item *item = settable(ups, "ups.delay.start");

	return item ? hidups_item_value(item, item->raw) : ups->on_delay;
}

/* Those that are made of others.  A delay for coming back is given first: the device may be gone a
 * moment after it was told to go. */
static bool
compose(struct hidups *ups, struct hidups_order *order, const char *name)
{
	if (!strcmp(name, "load.off"))
		return add_command(ups, order, "load.off.delay", 0);
	if (!strcmp(name, "load.on"))
		return add_command(ups, order, "load.on.delay", 0);
	if (!strcmp(name, "beeper.toggle"))
		return add_toggle(ups, order);
	if (!strcmp(name, "shutdown.return"))
		return add_command(ups, order, "load.on.delay", on_delay(ups)) &&
		       add_command(ups, order, "load.off.delay", ups->off_delay);
	if (!strcmp(name, "shutdown.stayoff"))
		return add_command(ups, order, "load.on.delay", -1) &&
		       add_command(ups, order, "load.off.delay", ups->off_delay);
	if (!strcmp(name, "shutdown.stop"))
		return add_command(ups, order, "load.off.delay", -1);
	return false;
}

/* A timer's -1 stops it; what is to be done after a time cannot be done after less than none. */
static bool
read_delay(const char *text, bool may_stop, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds >= (may_stop ? -1 : 0) && *seconds <= 1e6;
}

static bool
may_stop(const char *name)
{
	return strcmp(name, "shutdown.return") != 0 && strcmp(name, "shutdown.stayoff") != 0;
}

enum sockmsg_result
hidups_instcmd(void *device, const char *name, const char *param, core_ticket ticket)
{
	struct hidups *ups = device;
	const struct hid_field *field;
	const struct hidups_command *row = find_command(ups, name, &field);
	struct hidups_order *order = new_order(ups, ticket);
	double seconds = row ? row->value : 0;

	if (!order)
		return RESULT_FAILED;
	if (row && row->timer && param && *param) {
		if (!read_delay(param, may_stop(name), &seconds)) {
			order->used = false;
			return RESULT_INVALID;
		}
	} else if (row && row->timer &&
		   (!strcmp(name, "load.off.delay") || !strcmp(name, "shutdown.return") ||
		       !strcmp(name, "shutdown.stayoff"))) {
		seconds = ups->off_delay;
	} else if (row && !strcmp(name, "load.on.delay")) {
		seconds = on_delay(ups);
	}
	if (row)
		add_command(ups, order, name, seconds);
	else if (!compose(ups, order, name))
		order->steps = 0;
	return start_order(ups, order);
}

/* ---- settings ---- */

/* A list of values that can be set holds those of all the world's mains: not these of another
 * continent. */
static bool
is_choice(const struct hidups_item *item, const struct hidups_word *word)
{
	double now = hidups_item_value(item, item->raw);

	return word->value > now / 1.4 && word->value < now * 1.4;
}

static const struct hidups_word *
find_word(const struct hidups_item *item, const char *text)
{
	for (const struct hidups_word *word = item->var->words; word && word->word; word++)
		if (!strcmp(word->word, text) &&
		    (item->var->how == HIDUPS_WORD || is_choice(item, word)))
			return word;
	return NULL;
}

/* Three numbers, SEPARATOR between them, and nothing else: "2026/11/26", "09:05:00". */
static bool
read_three(const char *text, char separator, int *a, int *b, int *c)
{
	char first, second;
	int end = -1;

	return strspn(text, "0123456789/:") == strlen(text) &&
	       sscanf(text, "%4d%c%2d%c%2d%n", a, &first, b, &second, c, &end) == 5 &&
	       first == separator && second == separator && end >= 0 && !text[end];
}

static bool
clock_raw(const struct hidups_item *item, const char *text, int64_t *raw)
{
	struct tm tm, made;
	time_t seconds;
	bool ok;

	if (!hidups_clock(item, &tm))
		return false;
	tm.tm_isdst = -1;
	if (item->var->how == HIDUPS_UNIX_TIME) {
		ok = read_three(text, ':', &tm.tm_hour, &tm.tm_min, &tm.tm_sec);
	} else {
		ok = read_three(text, '/', &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		tm.tm_year -= 1900;
		tm.tm_mon--;
	}
	made = tm;
	seconds = mktime(&made);
	/* What is no day or no hour has become another one. */
	ok = ok && seconds > 0 && made.tm_mday == tm.tm_mday && made.tm_mon == tm.tm_mon &&
	     made.tm_min == tm.tm_min && made.tm_sec == tm.tm_sec;
	return ok && hid_raw(item->field, (double)seconds, raw);
}

static bool
date_raw(const char *text, int64_t *raw)
{
	int year, month, day;

	if (!read_three(text, '/', &year, &month, &day) || year < 1980 || year > 2107 ||
	    month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	*raw = (year - 1980) << 9 | month << 5 | day;
	return true;
}

static bool
number_raw(const struct hidups *ups, const struct hidups_item *item, const char *text, int64_t *raw)
{
	double value, times = item->var->times != 0 ? item->var->times : 1;
	char *end;

	value = strtod(text, &end);
	if (!strncmp(item->var->name, "battery.charge", 14))
		value = value * hidups_full_charge(ups) / 100;
	if (end == text || *end || !hid_raw(item->field, value / times, raw))
		return false;
	/* Where the unit is mistaken, by what one is worth. */
	double zero = hidups_item_value(item, 0), one = hidups_item_value(item, 1) - zero;

	if (fabs(hidups_item_value(item, *raw) - value) > fabs(one) && one != 0)
		*raw = llround((value - zero) / one);
	return hid_in_range(item->field, *raw);
}

static bool
raw_for(const struct hidups *ups, const struct hidups_item *item, const char *text, int64_t *raw)
{
	const struct hidups_word *word = find_word(item, text);

	switch (item->var->how) {
	case HIDUPS_NUMBER:
		return (word || !item->var->words) && number_raw(ups, item, text, raw);
	case HIDUPS_WORD:
		*raw = word ? word->value : 0;
		return word != NULL;
	case HIDUPS_UNIX_DATE:
	case HIDUPS_UNIX_TIME:
		return clock_raw(item, text, raw);
	case HIDUPS_DATE:
		return date_raw(text, raw);
	default:
		return false;
	}
}

static enum sockmsg_result
set_delay(struct hidups *ups, const char *name, const char *value, bool may_stop, double *delay)
{
	double seconds;

	if (!read_delay(value, may_stop, &seconds))
		return RESULT_INVALID;
	*delay = seconds;
	core_setf(ups->core, name, "%.0f", seconds);
	return RESULT_HANDLED;
}

#define TEXT_MAX 20

static const struct hidups_text *
kept_text(const struct hidups *ups, const char *name)
{
	for (const struct hidups_text *text = ups->vendor->texts; text && text->name; text++)
		if (!strcmp(text->name, name) && core_get(ups->core, name))
			return text;
	return NULL;
}

static enum sockmsg_result
set_text(struct hidups *ups, const char *name, const char *value)
{
	if (!*value || strlen(value) > TEXT_MAX)
		return RESULT_INVALID;
	core_set(ups->core, name, value);
	return RESULT_HANDLED;
}

enum sockmsg_result
hidups_setvar(void *device, const char *name, const char *value, core_ticket ticket)
{
	struct hidups *ups = device;
	const struct hidups_item *item = settable(ups, name);
	struct hidups_order *order;
	int64_t raw;

	if (!item && !strcmp(name, "ups.delay.shutdown"))
		return set_delay(ups, name, value, false, &ups->off_delay);
	if (!item && !strcmp(name, "ups.delay.start"))
		return set_delay(ups, name, value, true, &ups->on_delay);
	if (!item)
		return kept_text(ups, name) ? set_text(ups, name, value) : RESULT_UNKNOWN;
	if (!raw_for(ups, item, value, &raw))
		return RESULT_INVALID;
	if (!(order = new_order(ups, ticket)))
		return RESULT_FAILED;
	add_step(order, item->field, raw);
	return start_order(ups, order);
}

/* ---- what is offered ---- */

static void
offer_rows(struct hidups *ups, const struct hidups_command *rows)
{
	const struct hid_field *field;

	for (; rows && rows->path; rows++)
		if (rows->name && find_command(ups, rows->name, &field))
			core_cmd(ups->core, rows->name);
}

static void
offer_var(struct hidups *ups, const struct hidups_item *item)
{
	const char *name = item->var->name;

	if (!core_get(ups->core, name))
		return;
	core_var(ups->core, name, STATE_RW | STATE_STRING, 10);
	for (const struct hidups_word *word = item->var->words; word && word->word; word++)
		if (item->var->how == HIDUPS_WORD || is_choice(item, word))
			core_enum(ups->core, name, word->word);
}

static void
offer_texts(struct hidups *ups)
{
	for (const struct hidups_text *text = ups->vendor->texts; text && text->name; text++)
		if (core_get(ups->core, text->beside)) {
			core_set(ups->core, text->name, text->text);
			core_var(ups->core, text->name, STATE_RW | STATE_STRING, TEXT_MAX);
		}
}

static bool
device_has(const struct hidups *ups, const char *name)
{
	for (size_t i = 0; i < ups->items_len; i++)
		if (ups->items[i].var && ups->items[i].known &&
		    !strcmp(ups->items[i].var->name, name))
			return true;
	return false;
}

static void
offer_delay(struct hidups *ups, const char *name, double seconds)
{
	if (device_has(ups, name)) /* the device keeps it */
		return;
	core_setf(ups->core, name, "%.0f", seconds);
	core_var(ups->core, name, STATE_RW | STATE_STRING, 10);
}

/* Told at the start, not only when the power is to be cut. */
static void
offer_shutdown(struct hidups *ups, bool can_cut)
{
	if (can_cut) {
		core_cmd(ups->core, "shutdown.default");
		return;
	}
	core_uncmd(ups->core, "shutdown.default");
	log_error("[%s] this device has no command that cuts the power: -k will fail, and the UPS "
		  "runs on until its battery is empty",
	    core_ups_name(ups->core));
}

void
hidups_offer(struct hidups *ups)
{
	bool off = has(ups, "load.off.delay"), on = has(ups, "load.on.delay");
	bool returns = has(ups, "shutdown.return"); /* by a row of its own */

	offer_rows(ups, ups->vendor->commands);
	offer_rows(ups, hidups_base.commands);
	offer_shutdown(ups, off || returns || has(ups, "shutdown.reboot"));
	if (off || returns)
		offer_delay(ups, "ups.delay.shutdown", ups->off_delay);
	if (off) {
		core_cmd(ups->core, "load.off");
		core_cmd(ups->core, "shutdown.stop");
	}
	if (on) {
		offer_delay(ups, "ups.delay.start", ups->on_delay);
		core_cmd(ups->core, "load.on");
	}
	if (has(ups, "beeper.enable") && has(ups, "beeper.disable") &&
	    core_get(ups->core, "ups.beeper.status"))
		core_cmd(ups->core, "beeper.toggle");
	if (off && on) {
		core_cmd(ups->core, "shutdown.return");
		core_cmd(ups->core, "shutdown.stayoff");
	}
	offer_texts(ups);
	for (size_t i = 0; i < ups->items_len; i++)
		if (ups->items[i].var && ups->items[i].var->flags & HIDUPS_RW &&
		    settable(ups, ups->items[i].var->name) == &ups->items[i])
			offer_var(ups, &ups->items[i]);
}

/* The device itself has to say low in time: a number that is only published would help nobody. */
void
hidups_set_low(struct hidups *ups)
{
	const struct hidups_item *item = settable(ups, "battery.charge.low");
	const char *now = core_get(ups->core, "battery.charge.low");
	struct hidups_order *order = NULL;
	char text[16];
	int64_t raw;

	snprintf(text, sizeof(text), "%ld", ups->low_charge);
	if (now && !strcmp(now, text))
		return;
	if (!item || !raw_for(ups, item, text, &raw) || !(order = new_order(ups, 0))) {
		log_warnx(
		    "[%s] lowbatt: the device does not take %s %%", core_ups_name(ups->core), text);
		return;
	}
	order->own = true;
	add_step(order, item->field, raw);
	start_order(ups, order);
}

/* -k: off now, and on again with mains, by the best that the device has, and what it refuses by the
 * next best.  Each is tried twice: a transfer may be lost. */
static bool
plan_cut(struct hidups *ups, struct hidups_order *order)
{
	static const char *const ways[] = { "shutdown.return", "shutdown.reboot",
		"load.off.delay" };

	while (order->cuts <= 2 * sizeof(ways) / sizeof(ways[0])) {
		const char *way = ways[(order->cuts++ - 1) / 2];

		order->steps = order->at = 0;
		if (add_command(ups, order, way, ups->off_delay) || compose(ups, order, way))
			return true;
	}
	return false;
}

void
hidups_shutdown(void *device)
{
	struct hidups *ups = device;
	struct hidups_order *order = new_order(ups, 0);

	if (order)
		order->cuts = 1;
	if (!order || !plan_cut(ups, order)) {
		if (order)
			order->used = false;
		log_error("[%s] this device has no command that cuts the power",
		    core_ups_name(ups->core));
		core_shutdown_done(ups->core, false);
		return;
	}
	start_order(ups, order);
}
