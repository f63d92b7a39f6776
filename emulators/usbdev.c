#include "emulators/usbdev.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANGUAGE 0x0409

enum {
	GET_STATUS = 0,
	CLEAR_FEATURE = 1,
	GET_DESCRIPTOR = 6,
	GET_CONFIGURATION = 8,
	SET_CONFIGURATION = 9,
	SET_INTERFACE = 11,
	GET_REPORT = 1,
	GET_IDLE = 2,
	SET_REPORT = 9,
	SET_IDLE = 10,
	SET_PROTOCOL = 11
};
enum { DEVICE = 1, CONFIGURATION = 2, STRING = 3, HID = 0x21, REPORT = 0x22 };

/* Whom a request is for, in the lower bits of its type; the next ones: by whom it is defined. */
enum { TO_DEVICE = 0, TO_INTERFACE = 1, TO_ENDPOINT = 2, RECIPIENT = 0x1f };
enum { STANDARD = 0x00, OF_THE_CLASS = 0x20, KIND = 0x60 };

struct request {
	unsigned type, code, value, index, length;
};

static struct request
read_setup(const unsigned char setup[8])
{
	return (struct request){ .type = setup[0],
		.code = setup[1],
		.value = setup[2] | (unsigned)setup[3] << 8,
		.index = setup[4] | (unsigned)setup[5] << 8,
		.length = setup[6] | (unsigned)setup[7] << 8 };
}

/* ---- the device file ---- */

static bool
read_number(const char *text, int base, unsigned most, unsigned *out)
{
	char *end;
	unsigned long number = strtoul(text, &end, base);

	*out = (unsigned)number;
	return *text >= '0' && !*end && number <= most;
}

static const char *
read_string(struct emu_usb *usb, const struct words *words)
{
	unsigned index;

	if (words->len != 3 || !read_number(words->word[1], 10, EMU_USB_STRINGS - 1, &index) ||
	    !index)
		return "wants its index and the text";
	if (strlen(words->word[2]) >= sizeof(usb->strings[0]))
		return "too long";
	strcpy(usb->strings[index], words->word[2]);
	return NULL;
}

/* "usb.strings 3 1 2": where manufacturer, product and serial number are. */
static const char *
read_indices(struct emu_usb *usb, const struct words *words)
{
	unsigned char *const to[] = { &usb->manufacturer, &usb->name, &usb->serial };
	unsigned index;

	if (words->len != 4)
		return "wants the indices of manufacturer, product and serial number";
	for (size_t i = 0; i < 3; i++) {
		if (!read_number(words->word[i + 1], 10, EMU_USB_STRINGS - 1, &index))
			return "an index is not in 0..31";
		*to[i] = (unsigned char)index;
	}
	return NULL;
}

const char *
emu_usb_directive(struct emu_usb *usb, const struct words *words)
{
	const char *name = words->word[0], *value = words->len == 2 ? words->word[1] : "";

	if (!strcmp(name, "string"))
		return read_string(usb, words);
	if (!strcmp(name, "usb.strings"))
		return read_indices(usb, words);
	if (!strcmp(name, "usb.release"))
		return read_number(value, 16, 0xffff, &usb->release)
			   ? NULL
			   : "wants four digits: 0106 is 1.06";
	if (!strcmp(name, "usb.packet"))
		return read_number(value, 10, 64, &usb->packet) && usb->packet
			   ? NULL
			   : "wants 1 to 64 bytes";
	if (!strcmp(name, "usb.out-endpoint"))
		return read_number(value, 10, 15, &usb->out_endpoint) ? NULL : "wants 0 to 15";
	if (!strcmp(name, "usb.interface"))
		return read_number(value, 10, EMU_USB_INTERFACE_MAX, &usb->interface)
			   ? NULL
			   : "wants 0 to 15";
	if (!strcmp(name, "usb.full-speed")) {
		usb->full_speed = true;
		return words->len == 1 ? NULL : "takes no value";
	}
	return "no such key";
}

void
emu_usb_complete(struct emu_usb *usb, const struct emu_device_file *device)
{
	if (!usb->packet)
		usb->packet = 8;
	usb->vendor = (unsigned)strtoul(device->vendor_id, NULL, 16);
	usb->product = (unsigned)strtoul(device->product_id, NULL, 16);
}

/* ---- descriptors ---- */

void
emu_usb_device(const struct emu_usb *usb, unsigned char out[EMU_USB_DEVICE_LEN])
{
	const unsigned char bytes[EMU_USB_DEVICE_LEN] = { EMU_USB_DEVICE_LEN, DEVICE, 0x10, 0x01, 0,
		0, 0, 8, (unsigned char)usb->vendor, (unsigned char)(usb->vendor >> 8),
		(unsigned char)usb->product, (unsigned char)(usb->product >> 8),
		(unsigned char)usb->release, (unsigned char)(usb->release >> 8), usb->manufacturer,
		usb->name, usb->serial, 1 };

	memcpy(out, bytes, sizeof(bytes));
}

/* The HID descriptor stands within the configuration. */
static void
hid_descriptor(const struct emu_usb *usb, unsigned char out[9])
{
	const unsigned char bytes[9] = { 9, HID, 0x10, 0x01, 0, 1, REPORT,
		(unsigned char)usb->report_descriptor_len,
		(unsigned char)(usb->report_descriptor_len >> 8) };

	memcpy(out, bytes, sizeof(bytes));
}

size_t
emu_usb_config(const struct emu_usb *usb, unsigned char out[EMU_USB_CONFIG_MAX])
{
	const size_t len =
	    25 + 9 * usb->interface + (usb->no_hid ? 0 : 9) + (usb->out_endpoint ? 7 : 0);
	const unsigned char configuration[9] = { 9, CONFIGURATION, (unsigned char)len, 0,
		(unsigned char)(usb->interface + 1), 1, 0, 0xa0, 50 };
	const unsigned char interface[9] = { 9, 4, (unsigned char)usb->interface, 0,
		usb->out_endpoint ? 2 : 1, usb->no_hid ? 0xff : 3, 0, 0, 0 };
	const unsigned char endpoint[7] = { 7, 5, 0x81, 3, (unsigned char)usb->packet, 0, 10 };
	const unsigned char other[7] = { 7, 5, (unsigned char)usb->out_endpoint, 3,
		(unsigned char)usb->packet, 0, 10 };

	memcpy(out, configuration, 9);
	out += 9;
	for (unsigned i = 0; i < usb->interface; i++, out += 9)
		memcpy(out, (const unsigned char[9]){ 9, 4, (unsigned char)i, 0, 0, 0xff }, 9);
	memcpy(out, interface, 9);
	out += 9;
	if (!usb->no_hid) {
		hid_descriptor(usb, out);
		out += 9;
	}
	memcpy(out, endpoint, 7);
	if (usb->out_endpoint)
		memcpy(out + 7, other, 7);
	return len;
}

static bool
add_string(const struct emu_usb *usb, unsigned index, struct buf *out)
{
	const char languages[] = { 4, STRING, LANGUAGE & 0xff, LANGUAGE >> 8 };

	if (index == 0)
		return buf_add(out, languages, sizeof(languages));
	if (index >= EMU_USB_STRINGS || !usb->strings[index][0])
		return false;
	const char *text = usb->strings[index];
	const char head[] = { (char)(2 + 2 * strlen(text)), STRING };

	buf_add(out, head, sizeof(head));
	for (; *text; text++) {
		const char letter[] = { *text, 0 };

		buf_add(out, letter, sizeof(letter));
	}
	return true;
}

/* Those of the device. */
static bool
add_descriptor(const struct emu_usb *usb, const struct request *request, struct buf *out)
{
	unsigned char bytes[EMU_USB_CONFIG_MAX];

	switch (request->value >> 8) {
	case DEVICE:
		emu_usb_device(usb, bytes);
		return buf_add(out, bytes, EMU_USB_DEVICE_LEN);
	case CONFIGURATION:
		return buf_add(out, bytes, emu_usb_config(usb, bytes));
	case STRING:
		return add_string(usb, request->value & 0xff, out);
	}
	return false;
}

/* Those of its HID. */
static bool
add_hid_descriptor(const struct emu_usb *usb, const struct request *request, struct buf *out)
{
	unsigned char bytes[9];

	switch (request->value >> 8) {
	case HID:
		hid_descriptor(usb, bytes);
		return !usb->no_hid && buf_add(out, bytes, 9);
	case REPORT:
		return !usb->no_hid &&
		       buf_add(out, usb->report_descriptor, usb->report_descriptor_len);
	}
	return false;
}

/* ---- requests ---- */

/* A device refuses what is for a part that it has not, and what is for the HID of one that is none.
 */
static bool
is_there(const struct emu_usb *usb, const struct request *request)
{
	bool of_the_hid = (request->type & KIND) != STANDARD || request->code == GET_DESCRIPTOR;

	switch (request->type & RECIPIENT) {
	case TO_DEVICE:
		return true;
	case TO_INTERFACE:
		return of_the_hid ? request->index == usb->interface : request->index <= usb->interface;
	case TO_ENDPOINT:
		return !(request->index & ~0x80u) || request->index == 0x81 ||
		       request->index == usb->out_endpoint;
	}
	return false;
}

static bool
standard(const struct emu_usb *usb, const struct request *request, struct buf *out)
{
	switch (request->code) {
	case GET_DESCRIPTOR:
		return (request->type & RECIPIENT) == TO_INTERFACE
			   ? add_hid_descriptor(usb, request, out)
			   : add_descriptor(usb, request, out);
	case GET_STATUS:
		return buf_add(out, "\0\0", 2);
	case GET_CONFIGURATION:
		return buf_add(out, "\1", 1);
	case SET_CONFIGURATION:
	case SET_INTERFACE:
	case CLEAR_FEATURE: /* the end of a halt */
		return true;
	}
	return false;
}

static bool
of_the_class(struct emu *emu, const struct emu_usb *usb, const struct request *request,
    const struct emu_message *message, struct buf *out)
{
	enum emu_usb_report type = (enum emu_usb_report)(request->value >> 8);
	unsigned id = request->value & 0xff;

	switch (request->code) {
	case GET_REPORT:
		return usb->get_report(emu, type, id, out);
	case SET_REPORT:
		return usb->set_report(emu, type, id, message->bytes, message->len);
	case GET_IDLE:
		return buf_add(out, "\0", 1);
	case SET_IDLE:
	case SET_PROTOCOL:
		return true;
	}
	return false;
}

void
emu_usb_hear(struct emu *emu, const struct emu_usb *usb, const struct emu_message *message)
{
	struct request request = read_setup(message->setup);
	struct buf out = { .max = EMU_USB_DESCRIPTOR_MAX };
	struct emu_message answer = *message;
	bool ok = false;

	if (is_there(usb, &request) && (request.type & KIND) == STANDARD)
		ok = standard(usb, &request, &out);
	else if (is_there(usb, &request) && (request.type & KIND) == OF_THE_CLASS)
		ok = of_the_class(emu, usb, &request, message, &out);
	answer.refused = !ok;
	answer.bytes = buf_bytes(&out);
	answer.len = !ok ? 0 : buf_len(&out) < request.length ? buf_len(&out) : request.length;
	emu_send(emu, &answer);
	buf_free(&out);
}

/* ---- names ---- */

void
emu_usb_name(char *out, size_t size, const unsigned char setup[8])
{
	static const char letters[] = "?IOF";
	struct request request = read_setup(setup);
	unsigned kind = request.value >> 8, what = request.value & 0xff;
	const char *set = request.code == SET_REPORT ? "set " : "";

	if ((request.type & KIND) == OF_THE_CLASS &&
	    (request.code == GET_REPORT || request.code == SET_REPORT))
		snprintf(out, size, "%s%c%02x", set, letters[kind < 4 ? kind : 0], what);
	else if (request.code != GET_DESCRIPTOR || (request.type & KIND))
		snprintf(out, size, "%02x %02x", request.type, request.code);
	else if (kind == STRING)
		snprintf(out, size, "string %u", what);
	else
		snprintf(out, size, "%s",
		    kind == DEVICE	    ? "device"
		    : kind == CONFIGURATION ? "configuration"
		    : kind == HID	    ? "hid"
		    : kind == REPORT	    ? "report desc"
					    : "descriptor");
}
