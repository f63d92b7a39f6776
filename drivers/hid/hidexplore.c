/* hidexplore.c - what a device says of itself, in the form of a device file of nut-emu
 * (docs/emulators.md, "USB HID devices"): for bug reports, authors, and the tests of tomorrow. */
#include "base/buf.h"
#include "base/log.h"
#include "drivers/hid/hidups.h"

#include <stdio.h>
#include <string.h>

#define STRINGS_ASKED 16 /* beside those that a field names */

bool
hidups_explores_string(const struct hidups *ups, unsigned index)
{
	return ups->explore && index < STRINGS_ASKED && !ups->strings[index].asked;
}

/* So that it stands out of the log, and a sed can take it from there. */
static void
say(struct buf *line)
{
	buf_add(line, "", 1);
	if (!line->failed)
		log_notice("| %s", buf_bytes(line));
	buf_free(line);
}

static void
add_quoted(struct buf *line, const char *text)
{
	buf_add_text(line, "\"");
	for (; *text; text++)
		buf_add_format(line, strchr("\"\\#", *text) ? "\\%c" : "%c", *text);
	buf_add_text(line, "\"");
}

static void
say_text(const char *key, const char *text)
{
	struct buf line = { .max = 1024 };

	buf_add_format(&line, "%s ", key);
	add_quoted(&line, text);
	say(&line);
}

static void
explore_device(const struct hidups *ups)
{
	static const char *const names[] = { "ups.mfr", "ups.model", "ups.serial" };
	const struct usb_about *about = usb_about(ups->usb);
	struct buf line = { .max = 1024 };
	char key[32];

	log_notice("| model hidups");
	say_text("title", about->strings[USB_PRODUCT]);
	say_text("source", "usbhid-ups -x explore");
	for (size_t i = 0; i < 3; i++)
		say_text(names[i], about->strings[i]);
	log_notice("| ups.vendorid %04x", about->vendor);
	log_notice("| ups.productid %04x", about->product);
	log_notice("| usb.release %04x", about->release);
	if (about->interface)
		log_notice("| usb.interface %u", about->interface);
	if (about->in_packet && about->in_packet <= 64)
		log_notice("| usb.packet %u", about->in_packet);
	if (about->out_endpoint)
		log_notice("| usb.out-endpoint %u", about->out_endpoint & 15u);
	if (about->is_fast)
		log_notice("| usb.full-speed");
	buf_add_text(&line, "usb.strings");
	for (size_t i = 0; i < 3; i++)
		buf_add_format(&line, " %u", about->string_of[i]);
	say(&line);
	for (unsigned i = 1; i < HIDUPS_STRINGS; i++) {
		snprintf(key, sizeof(key), "string %u", i);
		if (ups->strings[i].text[0])
			say_text(key, ups->strings[i].text);
	}
}

static void
explore_stalls(const struct hidups *ups)
{
	static const struct {
		enum hid_type type;
		const char *before;
	} types[] = { { HID_FEATURE, "" }, { HID_INPUT, " input" } };
	struct buf line = { .max = 4096 };
	bool any = false;

	buf_add_text(&line, "stalls");
	for (size_t t = 0; t < 2; t++) {
		bool first = true;

		for (size_t i = 0; i < ups->reports_len; i++) {
			const struct hidups_report *report = &ups->reports[i];

			if (!report->given_up || report->type != types[t].type)
				continue;
			buf_add_format(&line, "%s %02x", first ? types[t].before : "", report->id);
			first = false;
			any = true;
		}
	}
	if (any)
		say(&line);
	else
		buf_free(&line);
}

/* The row of the tables that has it, and what came of it. */
static void
add_meaning(struct buf *line, const struct hidups *ups, const struct hidups_item *item)
{
	const char *value;

	if (item->flag)
		buf_add_text(line, " # status");
	if (!item->var)
		return;
	value = core_get(ups->core, item->var->name);
	buf_add_format(line, " # %s%s%s", item->var->name, value ? " " : "", value ? value : "");
}

static void
explore_field(const struct hidups *ups, const struct hid_field *field)
{
	static const char *const types[] = { "input", "output", "feature" };
	char path[HID_PATH_TEXT];
	struct buf line = { .max = 1024 };
	long long least = field->logical_min, most = field->logical_max;

	if (!hid_path_format(path, sizeof(path), &field->path))
		return;
	if (field->without_range) {
		least = 0;
		most = (1ll << field->bits) - 1;
	}
	buf_add_format(&line, "%s %02x:%u+%u %lld..%lld %02x %s", types[field->type], field->report,
	    field->bit, field->bits, least, most, field->flags, path);
	if (field->unit)
		buf_add_format(&line, " unit %x", field->unit);
	if (field->exponent)
		buf_add_format(&line, " e %d", field->exponent);
	if (field->physical_min || field->physical_max)
		buf_add_format(&line, " physical %lld..%lld", (long long)field->physical_min,
		    (long long)field->physical_max);
	for (size_t i = 0, told = 0; i < ups->items_len; i++) {
		const struct hidups_item *item = &ups->items[i];

		if (item->field != field)
			continue;
		if (item->known && !told++)
			buf_add_format(&line, " is %lld", (long long)item->raw);
		add_meaning(&line, ups, item);
	}
	say(&line);
}

void
hidups_explore(struct hidups *ups)
{
	explore_device(ups);
	explore_stalls(ups);
	for (size_t n = 0; n < ups->hid.len; n++)
		explore_field(ups, &ups->hid.fields[n]);
}
