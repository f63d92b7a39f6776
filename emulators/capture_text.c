/* capture_text.c - captures in text: usbmon's (Documentation/usb/usbmon.rst, "Raw text data
 * format"), of which each transfer has at most 32 bytes, and the log of socat -x. */
#include "emulators/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 8192 /* characters of a line */
#define TOKENS 64
#define SERIAL_MAX 65536 /* bytes in one go */

/* ---- usbmon ---- */

static bool
hex_byte(const char *text, unsigned char *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *high = text[0] ? strchr(digits, text[0]) : NULL;
	const char *low = high && text[1] ? strchr(digits, text[1]) : NULL;

	if (low)
		*out = (unsigned char)((high - digits) << 4 | (low - digits));
	return low;
}

static size_t
cut(char *line, char *tokens[TOKENS])
{
	size_t len = 0;
	char *rest;

	for (char *word = strtok_r(line, " \t", &rest); word && len < TOKENS;
	     word = strtok_r(NULL, " \t", &rest))
		tokens[len++] = word;
	return len;
}

/* "Ci:1:005:0" */
static bool
read_place(struct emu_urb *urb, const char *text)
{
	static const char transfers[] = "ZICB";
	const char *transfer = text[0] ? strchr(transfers, text[0]) : NULL;
	unsigned endpoint;
	int end = -1;

	if (!transfer || (text[1] != 'i' && text[1] != 'o') ||
	    sscanf(text + 2, ":%5u:%3u:%2u%n", &urb->bus, &urb->address, &endpoint, &end) != 3 ||
	    text[2 + end])
		return false;
	urb->transfer = (unsigned)(transfer - transfers);
	urb->in = text[1] == 'i';
	return true;
}

/* The five words behind "s". */
static bool
read_setup(struct emu_urb *urb, char *const *words)
{
	unsigned value[5];
	char all[64];
	int end = -1;

	snprintf(
	    all, sizeof(all), "%s %s %s %s %s", words[0], words[1], words[2], words[3], words[4]);
	if (sscanf(all, "%2x %2x %4x %4x %4x%n", &value[0], &value[1], &value[2], &value[3],
		&value[4], &end) != 5 ||
	    all[end])
		return false;
	urb->has_setup = true;
	urb->setup[0] = (unsigned char)value[0];
	urb->setup[1] = (unsigned char)value[1];
	for (size_t i = 0; i < 3; i++) {
		urb->setup[2 + 2 * i] = (unsigned char)value[2 + i];
		urb->setup[3 + 2 * i] = (unsigned char)(value[2 + i] >> 8);
	}
	return true;
}

static const char *
read_data(struct emu_urb *urb, char *const *words, size_t len, unsigned char out[LINE])
{
	for (size_t i = 0; i < len; i++)
		for (const char *at = words[i]; *at; at += 2)
			if (!hex_byte(at, &out[urb->len++]))
				return "its data are no hex digits";
	urb->bytes = out;
	return urb->len > urb->length ? "more data than have travelled" : NULL;
}

static const char *
read_urb(struct emu_capturing *capturing, char *line)
{
	unsigned char bytes[LINE];
	char *tokens[TOKENS], *end;
	size_t len = cut(line, tokens), at = 4;
	struct emu_urb urb = { 0 };
	const char *why = NULL;

	if (len < 5 || strlen(tokens[2]) != 1 || !read_place(&urb, tokens[3]))
		return "is no line of usbmon's (of its file 1u, or another with a u)";
	urb.id = strtoull(tokens[0], &end, 16);
	urb.type = tokens[2][0];
	if (urb.transfer == EMU_URB_ISO || urb.transfer == EMU_URB_BULK)
		return emu_capture_urb(capturing, &urb);
	if (!strcmp(tokens[4], "s")) {
		if (len < 10 || !read_setup(&urb, tokens + 5))
			return "has no setup packet behind its s";
		at = 10;
	} else {
		urb.status = (int)strtol(tokens[4], &end, 10);
		at = 5;
	}
	if (at < len)
		urb.length = strtoul(tokens[at], &end, 10);
	if (at + 1 < len && !strcmp(tokens[at + 1], "="))
		why = read_data(&urb, tokens + at + 2, len - at - 2, bytes);
	return why ? why : emu_capture_urb(capturing, &urb);
}

/* ---- socat ---- */

struct serial {
	struct emu_captured_bytes {
		unsigned char bytes[SERIAL_MAX];
		size_t len;
	} now;
	enum emu_captured kind;
	size_t missing; /* bytes that are still to come */
};

/* "> 2026/11/26 02:13:40.000804120  length=4 from=0 to=3" */
static bool
is_socat(const char *line)
{
	return (line[0] == '>' || line[0] == '<') && line[1] == ' ' && strstr(line, " length=");
}

static const char *
read_socat(struct emu_capturing *capturing, struct serial *serial, const char *line)
{
	struct emu_capture_event event = { .kind = serial->kind };
	unsigned char *out = serial->now.bytes + serial->now.len;

	if (!serial->missing && is_socat(line)) {
		serial->missing = strtoul(strstr(line, " length=") + 8, NULL, 10);
		serial->kind = line[0] == '>' ? EMU_CAPTURED_ASKED : EMU_CAPTURED_SAID;
		serial->now.len = 0;
		return serial->missing && serial->missing <= SERIAL_MAX
			   ? NULL
			   : "has no such length, or too much";
	}
	if (!serial->missing) /* what socat says beside, and the ends of its blocks */
		return NULL;
	if (line[0] != ' ' || !hex_byte(line + 1, out))
		return "no bytes in hex: is this of socat -x?";
	/* With -v there is text behind them, after two spaces. */
	for (; serial->missing && line[0] == ' ' && hex_byte(line + 1, out); line += 3, out++) {
		serial->now.len++;
		serial->missing--;
	}
	return serial->missing ? NULL
			       : emu_capture_add(capturing->capture, &event, serial->now.bytes,
				     serial->now.len);
}

/* ---- lines ---- */

bool
emu_capture_text(
    struct emu_capturing *capturing, const char *bytes, size_t len, const char **why, size_t *where)
{
	struct serial *serial = NULL;
	bool ours = false;

	for (size_t at = 0; at < len && !*why; ++*where) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t n = end ? (size_t)(end - bytes) - at : len - at;
		char line[LINE];

		if (n >= sizeof(line) || memchr(bytes + at, '\0', n)) {
			*why = "is too long for a line, or no text";
			++*where;
			break;
		}
		memcpy(line, bytes + at, n);
		line[n] = '\0';
		at += n + 1;
		if (!serial && is_socat(line) && !(serial = calloc(1, sizeof(*serial))))
			*why = "out of memory";
		else if (serial)
			*why = read_socat(capturing, serial, line);
		else if (n && !strstr(line, " socat[")) /* with -d: what it does */
			*why = read_urb(capturing, line);
		ours = ours || !*why;
	}
	free(serial);
	return ours || *where > 1;
}
