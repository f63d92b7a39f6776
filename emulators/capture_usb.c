/* capture_usb.c - captures of USB in bytes: what /dev/usbmonN gives (Documentation/usb/usbmon.rst,
 * "Raw binary format"), bare, in pcap and in pcapng.  The byte order of the header is that of the
 * file around it. */
#include "emulators/capture.h"

#include <string.h>

#define BARE 48	  /* bytes of usbmon's header: link 189, LINKTYPE_USB_LINUX */
#define LONGER 64 /* link 220, LINKTYPE_USB_LINUX_MMAPPED */
#define INTERFACES 16

struct reader {
	struct emu_capturing *capturing;
	const unsigned char *bytes;
	size_t len;
	bool big; /* byte order */
	const char *why;
	size_t where;
};

static uint32_t
number(const struct reader *reader, size_t at, size_t bytes)
{
	uint32_t value = 0;

	for (size_t i = 0; i < bytes; i++)
		value |= (uint32_t)reader->bytes[at + i] << 8 * (reader->big ? bytes - 1 - i : i);
	return value;
}

static bool
wrong(struct reader *reader, size_t where, const char *why)
{
	reader->why = why;
	reader->where = where;
	return false;
}

/* ---- one event ---- */

/* Its header of HEADER bytes at AT, its data behind it up to END.  false: wrong. */
static bool
read_event(struct reader *reader, size_t at, size_t end, size_t header)
{
	const unsigned char *bytes = reader->bytes + at;
	struct emu_urb urb = { .id = 0 };

	if (end - at < header)
		return wrong(reader, at, "an event shorter than its header");
	urb.type = (char)bytes[8];
	memcpy(&urb.id, bytes, sizeof(urb.id));
	if (bytes[9] > EMU_URB_BULK)
		return wrong(reader, at + 9, "a transfer of no known kind");
	urb.transfer = bytes[9];
	urb.in = bytes[10] & 0x80;
	urb.address = bytes[11];
	urb.bus = number(reader, at + 12, 2);
	urb.has_setup = urb.type == 'S' && bytes[14] == 0;
	urb.status = (int)number(reader, at + 28, 4);
	urb.length = number(reader, at + 32, 4);
	urb.len = number(reader, at + 36, 4);
	if (urb.len > urb.length && urb.transfer != EMU_URB_ISO)
		return wrong(reader, at + 36, "more data than have travelled");
	urb.bytes = bytes + header;
	if (urb.len > end - at - header) /* a snap length */
		urb.len = end - at - header;
	if (urb.has_setup)
		memcpy(urb.setup, bytes + 40, 8);
	/* The direction of a control request is in its setup packet as well: this one counts. */
	if (urb.has_setup && urb.transfer == EMU_URB_CONTROL)
		urb.in = urb.setup[0] & 0x80;
	const char *why = emu_capture_urb(reader->capturing, &urb);

	return !why || wrong(reader, at, why);
}

/* ---- pcap ---- */

static size_t
header_of(struct reader *reader, size_t where, unsigned link)
{
	if (link == 189 || link == 220)
		return link == 189 ? BARE : LONGER;
	wrong(reader, where,
	    "its link is not 189 or 220: capture on a usbmon interface of Linux (tcpdump -i "
	    "usbmon1)");
	return 0;
}

static void
read_pcap(struct reader *reader)
{
	size_t at = 24, header;

	if (reader->len < at) {
		wrong(reader, 0, "is cut off");
		return;
	}
	header = header_of(reader, 20, number(reader, 20, 4) & 0x0fffffff);
	while (header && at < reader->len) {
		size_t len;

		if (reader->len - at < 16) {
			wrong(reader, at, "is cut off");
			return;
		}
		len = number(reader, at + 8, 4);
		at += 16;
		if (len > reader->len - at) {
			wrong(reader, at, "is cut off");
			return;
		}
		if (!read_event(reader, at, at + len, header))
			return;
		at += len;
	}
}

/* ---- pcapng ---- */

struct interfaces {
	size_t header[INTERFACES]; /* of its events; 0: it is none of ours */
	size_t len;
};

/* The block at AT of LEN bytes.  false: wrong. */
static bool
read_block(struct reader *reader, struct interfaces *interfaces, size_t at, size_t len)
{
	uint32_t type = number(reader, at, 4);

	if (type == 1 && len >= 20) {
		unsigned link = number(reader, at + 8, 2);

		if (interfaces->len == INTERFACES)
			return wrong(reader, at, "has too many interfaces");
		interfaces->header[interfaces->len++] = link == 189   ? BARE
							: link == 220 ? LONGER
								      : 0;
		return true;
	}
	if (type != 6 || len < 32)
		return true;
	uint32_t interface = number(reader, at + 8, 4), held = number(reader, at + 20, 4);

	if (interface >= interfaces->len)
		return wrong(reader, at + 8, "a packet of no interface");
	if (held > len - 32)
		return wrong(reader, at + 20, "a packet longer than its block");
	if (!interfaces->header[interface])
		return header_of(reader, at, 0);
	return read_event(reader, at + 28, at + 28 + held, interfaces->header[interface]);
}

static void
read_pcapng(struct reader *reader)
{
	struct interfaces interfaces = { .len = 0 };
	size_t at = 0;

	while (at < reader->len) {
		size_t len, left = reader->len - at;

		if (left < 12) {
			wrong(reader, at, "is cut off");
			return;
		}
		if (number(reader, at, 4) == 0x0a0d0d0a) { /* a section, in its own byte order */
			reader->big = reader->bytes[at + 8] == 0x1a;
			interfaces.len = 0;
		}
		len = number(reader, at + 4, 4);
		if (len < 12 || len % 4 || len > left) {
			wrong(reader, at + 4, "is cut off, or a block has no such length");
			return;
		}
		if (!read_block(reader, &interfaces, at, len))
			return;
		at += len;
	}
}

bool
emu_capture_pcap(struct emu_capturing *capturing, const unsigned char *bytes, size_t len,
    const char **why, size_t *where)
{
	/* Its magic in both orders; times in micro- and nanoseconds. */
	static const unsigned char magics[][4] = { { 0xd4, 0xc3, 0xb2, 0xa1 },
		{ 0x4d, 0x3c, 0xb2, 0xa1 }, { 0xa1, 0xb2, 0xc3, 0xd4 }, { 0xa1, 0xb2, 0x3c, 0x4d },
		{ 0x0a, 0x0d, 0x0d, 0x0a } };
	struct reader reader = { .capturing = capturing, .bytes = bytes, .len = len };
	size_t kind = 0;

	while (kind < 5 && (len < 4 || memcmp(bytes, magics[kind], 4) != 0))
		kind++;
	if (kind == 5)
		return false;
	reader.big = kind == 2 || kind == 3;
	if (kind == 4)
		read_pcapng(&reader);
	else
		read_pcap(&reader);
	*why = reader.why;
	*where = reader.where;
	return true;
}

/* ---- bare ---- */

/* No magic tells it: an event must stand at its beginning.  What a text can have there, no event
 * has: the upper half of its kernel's addresses, and zeros. */
bool
emu_capture_usbmon(struct emu_capturing *capturing, const unsigned char *bytes, size_t len,
    const char **why, size_t *where)
{
	static const char kinds[] = { 'S', 'C', 'E' };
	struct reader reader = { .capturing = capturing, .bytes = bytes, .len = len };

	if (len < BARE || !memchr(kinds, bytes[8], sizeof(kinds)) || bytes[9] > EMU_URB_BULK)
		return false;
	for (size_t at = 0, end; at < len; at = end) {
		if (len - at < BARE || number(&reader, at + 36, 4) > len - at - BARE) {
			/* Whoever read it was stopped in the middle of the last one. */
			break;
		}
		end = at + BARE + number(&reader, at + 36, 4);
		if (!read_event(&reader, at, end, BARE))
			break;
	}
	*why = reader.why;
	*where = reader.where;
	return true;
}
