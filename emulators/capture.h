/* capture.h - what a capture of a real UPS holds: for `nut-emu --record`.  docs/emulators.md,
 * "Recorded devices".
 *
 * USB: usbmon's text; what is read from /dev/usbmonN; pcap and pcapng with links 189 and 220, which
 * are these with a header in front.  Serial: the log of socat -x.  Captures come from strangers: a
 * capture is taken whole or refused, and nothing of it is believed beyond its length. */
#ifndef EMU_CAPTURE_H
#define EMU_CAPTURE_H

#include "base/buf.h"
#include "base/conffile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_CAPTURE_MAX (64u << 20)   /* bytes of a capture */
#define EMU_CAPTURE_EVENTS (1u << 17) /* that are kept */
#define EMU_CAPTURE_DATA (16u << 20)  /* bytes in them */

enum emu_captured {
	EMU_CAPTURED_CONTROL,	/* a control request that was answered or refused */
	EMU_CAPTURED_INTERRUPT, /* from the device */
	EMU_CAPTURED_OUT,	/* an interrupt to the device */
	EMU_CAPTURED_ASKED,	/* serial: host to UPS */
	EMU_CAPTURED_SAID	/* serial: UPS to host */
};

struct emu_capture_event {
	enum emu_captured kind;
	unsigned bus, address; /* USB */
	unsigned char setup[8];
	bool refused;
	size_t at, len; /* its bytes: emu_capture_bytes() */
	bool cut;	/* more than LEN bytes have travelled */
};

struct emu_capture {
	struct emu_capture_event *events; /* owned; in the order in which they ended */
	size_t len;
	struct buf data;
	size_t left_out; /* transfers of other kinds, or that failed */
};

/* Take BYTES.  false with FAULTS filled, which call it NAME; OUT is then empty.
 * emu_capture_free() either way. */
bool emu_capture_read(struct emu_capture *out, const char *name, const void *bytes, size_t len,
    struct faults *faults);
void emu_capture_free(struct emu_capture *capture);
const unsigned char *emu_capture_bytes(
    const struct emu_capture *capture, const struct emu_capture_event *event);

/* ---- between the files that read ---- */

/* What usbmon tells of a transfer, twice: when it is submitted and when it is over. */
struct emu_urb {
	uint64_t id;
	char type; /* 'S' submitted, 'C' over, 'E' was not even submitted */
	enum { EMU_URB_ISO, EMU_URB_INTERRUPT, EMU_URB_CONTROL, EMU_URB_BULK } transfer;
	bool in;
	unsigned bus, address;
	bool has_setup;
	unsigned char setup[8];
	int status;	   /* -32: stall */
	size_t length;	   /* bytes that are to travel, or have */
	const void *bytes; /* borrowed */
	size_t len;
};

struct emu_capture_pending;
/* A capture being read. */
struct emu_capturing {
	struct emu_capture *capture;
	struct emu_capture_pending *pending; /* owned: submitted and not over */
	size_t next;			     /* of them, to be forgotten when there are too many */
};

/* NULL, or what is wrong (constant text). */
const char *emu_capture_urb(struct emu_capturing *capturing, const struct emu_urb *urb);
const char *emu_capture_add(struct emu_capture *capture, const struct emu_capture_event *event,
    const void *bytes, size_t len);

/* capture_usb.c, capture_text.c: is it of this kind?  If so it is read: *WHY NULL, or what is
 * wrong at *WHERE, a byte or a line. */
bool emu_capture_pcap(struct emu_capturing *capturing, const unsigned char *bytes, size_t len,
    const char **why, size_t *where);
bool emu_capture_usbmon(struct emu_capturing *capturing, const unsigned char *bytes, size_t len,
    const char **why, size_t *where);
bool emu_capture_text(struct emu_capturing *capturing, const char *bytes, size_t len,
    const char **why, size_t *where);

#endif
