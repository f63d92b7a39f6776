/* hidups.c - identify a HID device, ask for its reports. */
#include "drivers/hid/hidups.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUTS_MAX 3 /* of one round: the device is not asked further */

#define GET_DESCRIPTOR 6
#define GET_REPORT 1
#define TO_INTERFACE 0x81 /* standard requests in; 0xa1: the class's */

/* ---- rows and fields ---- */

static const struct hid_field *
field_of(const struct hidups *ups, const char *path)
{
	const struct hid_field *field;
	struct hid_path parsed;

	if (!hid_path_parse(&parsed, path))
		return NULL;
	field = hid_find(&ups->hid, &parsed, HID_FEATURE);
	return field ? field : hid_find(&ups->hid, &parsed, HID_INPUT);
}

static const struct hid_field *
input_field(const struct hidups *ups, const char *path)
{
	struct hid_path parsed;

	return hid_path_parse(&parsed, path) ? hid_find(&ups->hid, &parsed, HID_INPUT) : NULL;
}

static struct hidups_report *
report_of(struct hidups *ups, const struct hid_field *field, unsigned flags)
{
	struct hidups_report *report = ups->reports;

	if (field->bit + field->bits > 8 * (HIDUPS_REPORT_BYTES - 1))
		return NULL;
	for (size_t i = 0; i < ups->reports_len; i++, report++)
		if (report->type == field->type && report->id == field->report) {
			report->flags |= flags & HIDUPS_QUICK;
			report->flags &= flags & HIDUPS_ONCE ? ~0u : ~(unsigned)HIDUPS_ONCE;
			return report;
		}
	if (ups->reports_len == HIDUPS_REPORTS)
		return NULL;
	*report = (struct hidups_report){ .type = field->type,
		.id = field->report,
		.flags = flags & (HIDUPS_QUICK | HIDUPS_ONCE) };
	ups->reports_len++;
	return report;
}

static void
add_item(struct hidups *ups, const char *path, const struct hidups_var *var,
    const struct hidups_flag *flag, unsigned flags)
{
	const struct hid_field *input = input_field(ups, path);
	const struct hid_field *field = ups->interrupt_only ? input : field_of(ups, path);
	struct hidups_report *report;

	if (!field || ups->items_len == HIDUPS_ITEMS || !(report = report_of(ups, field, flags)))
		return;
	ups->items[ups->items_len++] = (struct hidups_item){
		.var = var, .flag = flag, .field = field, .input = input, .report = report
	};
}

/* Does a row of the vendor say that what stands there is something else? */
static bool
is_other(const struct hidups_var *vars, const char *path)
{
	for (; vars && vars->path; vars++)
		if (!vars->name && !strcmp(vars->path, path))
			return true;
	return false;
}

static void
add_vars(struct hidups *ups, const struct hidups_var *vars, const struct hidups_var *over)
{
	for (; vars && vars->path; vars++)
		if (vars->name && !is_other(over, vars->path))
			add_item(ups, vars->path, vars, NULL, vars->flags);
}

static void
add_flags(struct hidups *ups, const struct hidups_flag *flags)
{
	for (; flags && flags->path; flags++)
		add_item(ups, flags->path, NULL, flags, flags->flags);
}

/* To be explored: what no row is about. */
static void
add_rest(struct hidups *ups)
{
	for (size_t n = 0; n < ups->hid.len; n++) {
		const struct hid_field *field = &ups->hid.fields[n];
		struct hidups_report *report;
		bool bound = field->type == HID_OUTPUT;

		for (size_t i = 0; i < ups->items_len && !bound; i++)
			bound = ups->items[i].field == field;
		if (!bound && ups->items_len < HIDUPS_ITEMS &&
		    (report = report_of(ups, field, HIDUPS_ONCE)))
			ups->items[ups->items_len++] =
			    (struct hidups_item){ .field = field, .report = report };
	}
}

static void
bind_rows(struct hidups *ups)
{
	ups->items_len = ups->reports_len = 0;
	add_flags(ups, ups->vendor->flags);
	add_flags(ups, hidups_base.flags);
	add_vars(ups, ups->vendor->vars, NULL);
	add_vars(ups, hidups_base.vars, ups->vendor->vars);
	if (ups->explore)
		add_rest(ups);
}

/* ---- a report has come, or not ---- */

static void
miss_item(struct hidups_item *item)
{
	if (++item->misses >= HIDUPS_MISSES)
		item->known = false;
}

/* What of it the bytes hold.  A field that they do not reach is as if they had not come. */
static bool
take_report(struct hidups *ups, const struct hidups_report *report, const void *bytes, size_t len)
{
	bool any = false;

	for (size_t i = 0; i < ups->items_len; i++) {
		struct hidups_item *item = &ups->items[i];

		if (item->report != report)
			continue;
		if (!hid_get(item->field, bytes, len, &item->raw)) {
			miss_item(item);
			continue;
		}
		item->known = item->told = item->now = any = true;
		item->misses = 0;
		if (item->flag)
			ups->told |= item->flag->state;
	}
	return any;
}

static void
miss_report(struct hidups *ups, const struct hidups_report *report)
{
	for (size_t i = 0; i < ups->items_len; i++)
		if (ups->items[i].report == report)
			miss_item(&ups->items[i]);
}

/* ---- rounds ---- */

static void ask_next(struct hidups *ups);

static void
round_over(struct hidups *ups)
{
	bool fresh = hidups_show_status(ups);

	hidups_show(ups);
	core_round_done(ups->core, fresh);
}

/* The strings have come: all is known that will ever be. */
static void
start_over(struct hidups *ups)
{
	ups->started = true;
	hidups_show(ups);
	if (ups->vendor->model)
		ups->vendor->model(ups);
	hidups_offer(ups);
	if (ups->low_charge)
		hidups_set_low(ups);
	if (ups->explore)
		hidups_explore(ups);
	core_started(ups->core);
}

static void ask_strings(struct hidups *ups, unsigned index);

static void
string_came(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct hidups *ups = device;

	if (end == EXCHANGE_LOST)
		return;
	ups->strings[exchange->tag].asked = true;
	if (end == EXCHANGE_ANSWERED && usb_string_whole(answer, len))
		usb_string_text(ups->strings[exchange->tag].text, answer, len);
	ask_strings(ups, (unsigned)exchange->tag + 1);
}

static bool
string_wanted(const struct hidups *ups, unsigned index)
{
	for (size_t i = 0; i < ups->items_len; i++)
		if (ups->items[i].var && ups->items[i].var->how == HIDUPS_STRING &&
		    ups->items[i].known && ups->items[i].raw == index)
			return !ups->strings[index].asked;
	return false;
}

/* Those from INDEX on that a field names, one after the other. */
static void
ask_strings(struct hidups *ups, unsigned index)
{
	for (; index < HIDUPS_STRINGS; index++)
		if (index && (string_wanted(ups, index) || hidups_explores_string(ups, index))) {
			usb_ask_string(ups->usb, index, (int)index, string_came);
			return;
		}
	start_over(ups);
}

static void
reports_over(struct hidups *ups)
{
	if (ups->started)
		round_over(ups);
	else if (ups->came == 0 && !ups->interrupt_only)
		core_failed(ups->core, "the device gives none of its reports");
	else
		ask_strings(ups, 1);
}

static bool
is_due(const struct hidups *ups, const struct hidups_report *report)
{
	if (ups->interrupt_only)
		return false;
	if (!ups->started)
		return true;
	if (report->flags & HIDUPS_ONCE)
		return false;
	if (report->given_up) /* it may think better of it */
		return ups->full_round && report->flags & HIDUPS_QUICK;
	return ups->full_round || report->flags & HIDUPS_QUICK;
}

/* A stall may be an accident, and what stands in the report may be all that says "low", or all that
 * cuts the power: it is asked for again before it is given up. */
static bool
is_first_refusal(struct hidups_report *report)
{
	report->given_up = report->refused;
	report->refused = true;
	return !report->given_up;
}

static void
report_came(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct hidups *ups = device;
	struct hidups_report *report = &ups->reports[exchange->tag];

	if (end == EXCHANGE_LOST)
		return;
	if (end != EXCHANGE_ANSWERED)
		miss_report(ups, report);
	else if (!take_report(ups, report, answer, len))
		end = EXCHANGE_BROKEN;
	if (end == EXCHANGE_ANSWERED) {
		report->given_up = false;
		ups->came++;
	}
	if (end != EXCHANGE_ANSWERED)
		log_debug(2, "[%s] report %02x did not come", core_ups_name(ups->core), report->id);
	if (end == EXCHANGE_REFUSED && !ups->started && is_first_refusal(report)) {
		ask_next(ups);
		return;
	}
	ups->timeouts += end == EXCHANGE_TIMEOUT;
	ups->asking++;
	ask_next(ups);
}

static uint16_t
report_length(const struct hidups *ups, const struct hidups_report *report)
{
	size_t bytes = hid_report_bytes(&ups->hid, report->type, report->id);

	return (
	    uint16_t)(ups->max_report || bytes > HIDUPS_REPORT_BYTES ? HIDUPS_REPORT_BYTES : bytes);
}

/* One at a time, so that a device that does not answer is not waited for once for each report. */
static void
ask_next(struct hidups *ups)
{
	while (ups->asking < ups->reports_len && !is_due(ups, &ups->reports[ups->asking]))
		ups->asking++;
	if (ups->asking == ups->reports_len || ups->timeouts >= TIMEOUTS_MAX) {
		reports_over(ups);
		return;
	}
	const struct hidups_report *report = &ups->reports[ups->asking];
	unsigned type = report->type == HID_FEATURE ? 3 : 1;

	usb_ask(ups->usb,
	    &(struct usb_request){ .name = report->type == HID_FEATURE ? "feature" : "input",
		.type = 0xa1,
		.request = GET_REPORT,
		.value = (uint16_t)(type << 8 | report->id),
		.length = report_length(ups, report),
		.done = report_came,
		.tag = (int)ups->asking },
	    false);
}

static void
begin_round(struct hidups *ups)
{
	int64_t now_ms = loop_now_ms(core_loop(ups->core));

	ups->full_round = (double)(now_ms - ups->full_ms) >= ups->poll_seconds * 1000;
	if (ups->full_round)
		ups->full_ms = now_ms;
	ups->asking = 0;
	ups->timeouts = ups->came = 0;
	for (size_t i = 0; i < ups->items_len; i++)
		ups->items[i].now = false;
	ask_next(ups);
}

void
hidups_poll(void *device)
{
	struct hidups *ups = device;

	if (!ups->poll_only && ups->deaf_rounds >= 0 && ups->deaf++ >= ups->deaf_rounds) {
		ups->deaf = 0;
		core_failed(ups->core, "it says nothing by itself any more");
		return;
	}
	begin_round(ups);
}

/* ---- what it says by itself ---- */

/* A flag that has changed is not published from here: the next round comes at once, and asks. */
void
hidups_heard(void *device, const unsigned char *bytes, size_t len)
{
	struct hidups *ups = device;
	bool changed = false;
	int64_t raw;

	if (!len || !ups->started)
		return;
	ups->heard_any = true;
	ups->deaf = 0;
	ups->heard_ms = loop_now_ms(core_loop(ups->core));
	for (size_t i = 0; i < ups->items_len; i++) {
		struct hidups_item *item = &ups->items[i];

		if (!item->input || !hid_get(item->input, bytes, len, &raw))
			continue;
		changed = changed || (item->flag && (!item->known || raw != item->raw));
		item->raw = raw;
		item->known = true;
	}
	if (changed)
		core_poll_soon(ups->core);
}

/* Bytes of the longest report that comes by itself. */
static size_t
longest_input(const struct hid *hid)
{
	size_t longest = 0;

	for (unsigned id = 0; id < 256; id++) {
		size_t len = hid_report_bytes(hid, HID_INPUT, (uint8_t)id);

		if (len > longest)
			longest = len;
	}
	return longest ? longest : 8;
}

/* ---- who it is ---- */

static void
descriptor_came(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct hidups *ups = device;
	enum hid_rule rule;
	char why[160];

	if (end == EXCHANGE_LOST)
		return;
	/* Half a descriptor gives half the truth. */
	if (end != EXCHANGE_ANSWERED || len != (size_t)exchange->tag) {
		core_failed(ups->core, "its report descriptor did not come, or not whole");
		return;
	}
	hid_free(&ups->hid);
	if ((rule = hid_parse(&ups->hid, answer, len)) != HID_FINE) {
		snprintf(
		    why, sizeof(why), "its report descriptor is faulty: %s", hid_rules[rule].what);
		core_failed(ups->core, why);
		return;
	}
	for (unsigned i = 0; HID_MENDED + i < HID_RULES; i++)
		if (ups->hid.mended >> i & 1)
			log_debug(1, "[%s] its report descriptor: %s", core_ups_name(ups->core),
			    hid_rules[HID_MENDED + i].what);
	bind_rows(ups);
	if (!ups->items_len) {
		core_failed(ups->core, "it is no HID power device: nutdrv_qx may know it");
		return;
	}
	if (!ups->poll_only)
		usb_listen(ups->usb,
		    ups->interrupt_bytes ? ups->interrupt_bytes : longest_input(&ups->hid));
	ups->full_ms = loop_now_ms(core_loop(ups->core));
	ups->asking = 0;
	ups->timeouts = ups->came = 0;
	ask_next(ups);
}

static void
ask_descriptor(struct hidups *ups, const char *name, unsigned value, unsigned length,
    void (*done)(void *, const struct exchange *, enum exchange_end, const char *, size_t))
{
	usb_ask(ups->usb,
	    &(struct usb_request){ .name = name,
		.type = TO_INTERFACE,
		.request = GET_DESCRIPTOR,
		.value = (uint16_t)value,
		.length = (uint16_t)length,
		.done = done,
		.tag = (int)length },
	    false);
}

static void
hid_descriptor_came(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)answer;
	struct hidups *ups = device;

	if (end == EXCHANGE_LOST)
		return;
	unsigned length = len >= 9 ? bytes[7] | (unsigned)bytes[8] << 8 : 0;

	if (end != EXCHANGE_ANSWERED || bytes[1] != 0x21 || !length ||
	    length > HID_DESCRIPTOR_MAX) {
		core_failed(ups->core, "it does not say how long its report descriptor is");
		return;
	}
	ask_descriptor(ups, "report descriptor", 0x2200, length, descriptor_came);
}

static void
identified(void *device)
{
	struct hidups *ups = device;
	const struct usb_about *about = usb_about(ups->usb);

	ups->vendor = ups->chosen    ? ups->chosen
		      : about->known ? about->known->what
				     : &hidups_generic;
	log_debug(1, "[%s] %04x:%04x \"%s\" \"%s\": %s", core_ups_name(ups->core), about->vendor,
	    about->product, about->strings[USB_MANUFACTURER], about->strings[USB_PRODUCT],
	    ups->vendor->name);
	core_set(ups->core, "driver.version.data", ups->vendor->name);
	core_set(ups->core, "ups.mfr", about->strings[USB_MANUFACTURER]);
	core_set(ups->core, "ups.model", about->strings[USB_PRODUCT]);
	core_set(ups->core, "ups.serial", about->strings[USB_SERIAL]);
	core_setf(ups->core, "ups.vendorid", "%04x", about->vendor);
	core_setf(ups->core, "ups.productid", "%04x", about->product);
	core_set(ups->core, "device.type", "ups");
	ask_descriptor(ups, "hid descriptor", 0x2100, 9, hid_descriptor_came);
}

void
hidups_begin(void *device)
{
	struct hidups *ups = device;

	ups->started = false;
	ups->heard_any = ups->doubts = false;
	ups->deaf = 0;
	memset(ups->strings, 0, sizeof(ups->strings));
	memset(ups->orders, 0, sizeof(ups->orders));
	usb_identify(ups->usb, identified);
}

const char *
hidups_string(const struct hidups *ups, const char *variable)
{
	for (size_t i = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (item->var && item->var->how == HIDUPS_STRING && item->known &&
		    !strcmp(item->var->name, variable) && item->raw > 0 &&
		    item->raw < HIDUPS_STRINGS)
			return ups->strings[item->raw].text;
	}
	return NULL;
}
