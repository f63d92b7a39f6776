/* record_usb.c - the rows of a recorded USB device: what it is, and what it answered. */
#include "emulators/recording.h"
#include "emulators/usbdev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIPTOR_ROW 32 /* bytes of a report descriptor on one line */

/* ---- which device ---- */

static bool
is_request(const struct emu_capture_event *event, unsigned type, unsigned code)
{
	return event->kind == EMU_CAPTURED_CONTROL && event->setup[0] == type &&
	       event->setup[1] == code;
}

static unsigned
value_of(const struct emu_capture_event *event)
{
	return event->setup[2] | (unsigned)event->setup[3] << 8;
}

/* Is it what a UPS answers? */
static bool
is_hid(const struct emu_capture_event *event)
{
	return !event->refused && (is_request(event, 0xa1, 1) || is_request(event, 0x21, 9) ||
				      (is_request(event, 0x81, 6) && value_of(event) == 0x2200));
}

static bool
of_device(const struct emu_recording *record, const struct emu_capture_event *event)
{
	return event->bus == record->bus && event->address == record->address;
}

/* The only one of which something of a HID was seen. */
static bool
find_device(struct emu_recording *record)
{
	const struct emu_capture *capture = record->capture;
	bool found = false;
	int end = -1;

	if (record->options->address) {
		const char *text = record->options->address;

		if (sscanf(text, "%5u.%3u%n", &record->bus, &record->address, &end) == 2 &&
		    !text[end])
			return true;
		faults_add(record->faults, record->name, 0,
		    "%s is no bus and address: write them like 1.5", text);
		return false;
	}
	for (size_t i = 0; i < capture->len; i++) {
		const struct emu_capture_event *event = &capture->events[i];

		if (!is_hid(event) || (found && of_device(record, event)))
			continue;
		if (found) {
			faults_add(record->faults, record->name, 0,
			    "has more than one device in it that may be a UPS: choose by --address "
			    "%u.%u or --address %u.%u",
			    record->bus, record->address, event->bus, event->address);
			return false;
		}
		found = true;
		record->bus = event->bus;
		record->address = event->address;
	}
	if (!found)
		faults_add(record->faults, record->name, 0,
		    "nothing in it looks like a UPS on USB: did a driver run?");
	return found;
}

/* Of one that has several (a keyboard beside it, a serial port): that which is asked most as a UPS
 * is.  Their numbers are in each request. */
static bool
find_interface(struct emu_recording *record)
{
	size_t asked[256] = { 0 }, best = 0;

	for (size_t i = 0; i < record->capture->len; i++) {
		const struct emu_capture_event *event = &record->capture->events[i];

		if (of_device(record, event) && is_hid(event))
			asked[event->setup[4]]++;
	}
	for (size_t i = 1; i < 256; i++)
		if (asked[i] > asked[best])
			best = i;
	record->interface = (unsigned)best;
	if (best <= EMU_USB_INTERFACE_MAX)
		return true;
	faults_add(record->faults, record->name, 0,
	    "it is interface %zu that is asked: nut-emu has interfaces 0 to %d", best,
	    EMU_USB_INTERFACE_MAX);
	return false;
}

/* ---- what it is ---- */

/* The longest answer to GET_DESCRIPTOR of VALUE, from the device or from that interface; NULL. */
static const struct emu_capture_event *
descriptor(const struct emu_recording *record, unsigned type, unsigned value)
{
	unsigned from = type & 0x1f ? record->interface : 0;
	const struct emu_capture_event *best = NULL;

	for (size_t i = 0; i < record->capture->len; i++) {
		const struct emu_capture_event *event = &record->capture->events[i];

		if (of_device(record, event) && is_request(event, type, 6) && !event->refused &&
		    value_of(event) == value && event->setup[4] == from &&
		    (!best || event->len > best->len))
			best = event;
	}
	return best;
}

static bool
write_identity(struct emu_recording *record)
{
	const struct emu_capture_event *event = descriptor(record, 0x80, 0x0100);
	const char *id = record->options->id;
	unsigned vendor, product;
	int end = -1;

	if (id && (sscanf(id, "%4x:%4x%n", &vendor, &product, &end) != 2 || id[end])) {
		faults_add(record->faults, record->name, 0, "%s is no id: write 051d:0002", id);
		return false;
	}
	if (!id && (!event || event->len < EMU_USB_DEVICE_LEN)) {
		faults_add(record->faults, record->name, 0,
		    "begins after the device was put in, and so does not tell what it is: say --id "
		    "VENDOR:PRODUCT (lsusb shows them), or put it in while you capture");
		return false;
	}
	if (event && event->len >= EMU_USB_DEVICE_LEN) {
		const unsigned char *at = emu_recorded(record, event);

		if (!id) {
			vendor = at[8] | (unsigned)at[9] << 8;
			product = at[10] | (unsigned)at[11] << 8;
		}
		buf_add_format(record->out, "usb.release %04x\n", at[12] | (unsigned)at[13] << 8);
		if (at[14] < EMU_USB_STRINGS && at[15] < EMU_USB_STRINGS &&
		    at[16] < EMU_USB_STRINGS)
			buf_add_format(
			    record->out, "usb.strings %u %u %u\n", at[14], at[15], at[16]);
		if (at[7] == 64)
			buf_add_text(record->out, "usb.full-speed\n");
	} else { /* where most have them */
		buf_add_text(record->out, "usb.strings 1 2 3 # a guess\n");
	}
	buf_add_format(record->out, "ups.vendorid %04x\nups.productid %04x\n", vendor, product);
	return true;
}

/* Its interrupt endpoints, behind its interface in the configuration. */
static void
write_endpoints(struct emu_recording *record)
{
	const struct emu_capture_event *event = descriptor(record, 0x80, 0x0200);
	const unsigned char *bytes = event ? emu_recorded(record, event) : NULL;
	bool in = false, out = false, ours = false;

	if (record->interface)
		buf_add_format(record->out, "usb.interface %u\n", record->interface);
	for (size_t i = 0; event && i + 2 < event->len && bytes[i] >= 2; i += bytes[i]) {
		if (bytes[i + 1] == 4)
			ours = bytes[i + 2] == record->interface;
		if (!ours || bytes[i + 1] != 5 || bytes[i] < 7 || event->len - i < 7 ||
		    (bytes[i + 3] & 3) != 3)
			continue;
		if (bytes[i + 2] & 0x80 && !in && bytes[i + 4] >= 1 && bytes[i + 4] <= 64) {
			buf_add_format(record->out, "usb.packet %u\n", bytes[i + 4]);
			in = true;
		} else if (!(bytes[i + 2] & 0x80) && !out) {
			buf_add_format(record->out, "usb.out-endpoint %u\n", bytes[i + 2] & 15);
			out = true;
		}
	}
}

static bool
write_descriptor(struct emu_recording *record)
{
	const struct emu_capture_event *event = descriptor(record, 0x81, 0x2200);
	const unsigned char *bytes = (const unsigned char *)record->options->descriptor;
	size_t len = record->options->descriptor_len;

	if (!bytes && event && event->cut) {
		faults_add(record->faults, record->name, 0,
		    "has only %zu bytes of the report descriptor: usbmon's text cuts at 32; "
		    "capture "
		    "with tcpdump, or say --report-descriptor "
		    "/sys/bus/hid/devices/*/report_descriptor",
		    event->len);
		return false;
	}
	if (!bytes && event) {
		bytes = emu_recorded(record, event);
		len = event->len;
	}
	if (len > EMU_USB_DESCRIPTOR_MAX) {
		faults_add(record->faults, record->name, 0, "its report descriptor is too long");
		return false;
	}
	if (!bytes)
		faults_warn(record->faults, record->name, 0,
		    "the report descriptor was not asked for: begin to capture before the driver "
		    "starts, or say --report-descriptor FILE");
	for (size_t i = 0; bytes && i < len; i += DESCRIPTOR_ROW) {
		buf_add_text(record->out, "descriptor ");
		emu_add_hex(
		    record->out, bytes + i, len - i < DESCRIPTOR_ROW ? len - i : DESCRIPTOR_ROW);
		buf_add_text(record->out, "\n");
	}
	return true;
}

/* ---- strings ---- */

/* One that is whole and all ASCII, into TEXT. */
static bool
read_string(
    const struct emu_recording *record, const struct emu_capture_event *event, char text[EMU_TEXT])
{
	const unsigned char *bytes = emu_recorded(record, event);
	size_t len = event->len >= 2 ? bytes[0] : 0;

	if (event->cut || len < 4 || len > event->len || len % 2 || bytes[1] != 3 ||
	    len / 2 > EMU_TEXT)
		return false;
	for (size_t i = 2; i < len; i += 2) {
		if (bytes[i] < 0x20 || bytes[i] > 0x7e || bytes[i + 1])
			return false;
		text[i / 2 - 1] = (char)bytes[i];
	}
	text[len / 2 - 1] = '\0';
	return true;
}

static bool
is_string(const struct emu_recording *record, const struct emu_capture_event *event)
{
	return event->kind == EMU_CAPTURED_CONTROL && of_device(record, event) &&
	       is_request(event, 0x80, 6) && event->setup[3] == 3;
}

/* Is it asked for whole, or only how long it is? */
static bool
is_beginning(const struct emu_recording *record, const struct emu_capture_event *event)
{
	return !event->refused && event->len >= 2 && event->len < emu_recorded(record, event)[0];
}

/* What string INDEX says, when it says the same each time; then no rows are needed for it. */
static bool
plain_string(const struct emu_recording *record, unsigned index, char text[EMU_TEXT])
{
	char other[EMU_TEXT];
	bool found = false;

	for (size_t i = 0; i < record->capture->len; i++) {
		const struct emu_capture_event *event = &record->capture->events[i];

		if (!is_string(record, event) || event->setup[2] != index ||
		    is_beginning(record, event))
			continue;
		if (event->refused || !read_string(record, event, other) ||
		    (found && strcmp(text, other) != 0))
			return false;
		strcpy(text, other);
		found = true;
	}
	return found;
}

static void
write_strings(struct emu_recording *record, bool plain[EMU_USB_STRINGS])
{
	char text[EMU_TEXT];

	for (unsigned i = 1; i < EMU_USB_STRINGS; i++) {
		if (!(plain[i] = plain_string(record, i, text)))
			continue;
		buf_add_format(record->out, "string %u ", i);
		emu_add_quoted(record->out, text);
		buf_add_text(record->out, "\n");
	}
}

/* ---- rows of USB ---- */

/* A row of the file, as it grows; or what is said unasked. */
struct row {
	const struct emu_capture_event *event;
	size_t times;
	bool closed; /* something is said unasked behind it */
};

/* Is it a question whose answer is a row?  The other descriptors are made from the lines above. */
static bool
is_row(const struct emu_recording *record, const struct emu_capture_event *event,
    const bool plain[EMU_USB_STRINGS])
{
	if (!of_device(record, event) || event->kind == EMU_CAPTURED_INTERRUPT)
		return false;
	if (event->kind == EMU_CAPTURED_OUT)
		return event->len > 0;
	if (event->setup[0] & 0x60)
		return true;
	return is_string(record, event) && event->setup[2] && !is_beginning(record, event) &&
	       !(event->setup[2] < EMU_USB_STRINGS && plain[event->setup[2]]);
}

static bool
goes_out(const struct emu_capture_event *event)
{
	return event->kind == EMU_CAPTURED_OUT || !(event->setup[0] & 0x80);
}

static bool
same_bytes(const struct emu_recording *record, const struct emu_capture_event *a,
    const struct emu_capture_event *b)
{
	return a->len == b->len &&
	       !memcmp(emu_recorded(record, a), emu_recorded(record, b), a->len);
}

static bool
same_question(const struct emu_recording *record, const struct emu_capture_event *a,
    const struct emu_capture_event *b)
{
	return a->kind == b->kind && !memcmp(a->setup, b->setup, 6) &&
	       (!goes_out(a) || same_bytes(record, a, b));
}

static void
write_row(struct emu_recording *record, const struct row *row)
{
	const struct emu_capture_event *event = row->event;
	const unsigned char *setup = event->setup, *bytes = emu_recorded(record, event);

	record->rows++;
	if (event->kind == EMU_CAPTURED_OUT) {
		buf_add_text(record->out, "out ");
		emu_add_hex(record->out, bytes, event->len);
	} else {
		buf_add_format(record->out, "control %02x %02x %02x%02x %02x%02x", setup[0],
		    setup[1], setup[3], setup[2], setup[5], setup[4]);
		if (event->len) {
			buf_add_text(record->out, goes_out(event) ? " data " : " is ");
			emu_add_hex(record->out, bytes, event->len);
		}
		if (event->refused)
			buf_add_text(record->out, " stall");
	}
	if (row->times > 1)
		buf_add_format(record->out, " times %zu", row->times);
	buf_add_text(record->out, "\n");
}

static void
write_says(struct emu_recording *record, const unsigned char *bytes, size_t len)
{
	buf_add_text(record->out, "says ");
	emu_add_hex(record->out, bytes, len);
	buf_add_text(record->out, "\n");
}

/* The questions and what came unasked, in their order: what is asked again and again with one
 * answer is one row, unless something was said behind it. */
struct rows {
	struct row *rows; /* owned; room for EMU_ROWS */
	size_t len;
};

static struct row *
last_of(
    const struct emu_recording *record, struct rows *rows, const struct emu_capture_event *event)
{
	for (size_t i = rows->len; i-- > 0;)
		if (rows->rows[i].event->kind != EMU_CAPTURED_INTERRUPT &&
		    same_question(record, rows->rows[i].event, event))
			return &rows->rows[i];
	return NULL;
}

static bool
interrupt_follows(const struct emu_recording *record, size_t i)
{
	while (++i < record->capture->len)
		if (of_device(record, &record->capture->events[i]))
			return record->capture->events[i].kind == EMU_CAPTURED_INTERRUPT;
	return false;
}

static void
collect_event(struct emu_recording *record, struct rows *rows, size_t i, const bool *plain)
{
	const struct emu_capture_event *event = &record->capture->events[i];
	bool unasked = of_device(record, event) && event->kind == EMU_CAPTURED_INTERRUPT;
	struct row *last;

	if (!unasked && !is_row(record, event, plain))
		return;
	if (event->cut || event->len > EMU_ROW_MAX ||
	    (unasked && event->len > EMU_USB_REPORT_MAX)) {
		record->cut++;
		return;
	}
	if (unasked && (!rows->len || !event->len)) {
		record->unasked += event->len != 0;
		return;
	}
	last = unasked ? NULL : last_of(record, rows, event);
	if (last && !last->closed && last->event->refused == event->refused &&
	    same_bytes(record, last->event, event) && !interrupt_follows(record, i)) {
		last->times++;
		return;
	}
	if (rows->len == EMU_ROWS) {
		record->full = true;
		return;
	}
	if (unasked)
		rows->rows[rows->len - 1].closed = true;
	rows->rows[rows->len++] = (struct row){ .event = event, .times = 1 };
}

bool
emu_record_usb(struct emu_recording *record)
{
	bool plain[EMU_USB_STRINGS] = { false };
	struct rows rows = { NULL, 0 };

	if (!find_device(record) || !find_interface(record) || !write_identity(record))
		return false;
	write_endpoints(record);
	write_strings(record, plain);
	if (!write_descriptor(record))
		return false;
	rows.rows = calloc(EMU_ROWS, sizeof(*rows.rows));
	if (!rows.rows) {
		faults_add(record->faults, record->name, 0, "out of memory");
		return false;
	}
	for (size_t i = 0; i < record->capture->len; i++)
		collect_event(record, &rows, i, plain);
	for (size_t i = 0; i < rows.len; i++)
		if (rows.rows[i].event->kind == EMU_CAPTURED_INTERRUPT)
			write_says(record, emu_recorded(record, rows.rows[i].event),
			    rows.rows[i].event->len);
		else
			write_row(record, &rows.rows[i]);
	free(rows.rows);
	return true;
}
