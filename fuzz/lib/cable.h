/* cable.h - the USB cable between an emulated device and a driver in one process: a transport at
 * its one end, a carrier at the other.  There is one. */
#ifndef CABLE_H
#define CABLE_H

#include "fuzz/lib/drive.h"

#include "drivers/core/usb.h"
#include "emulators/usbdev.h"

#define CABLE_OTHERS 24

struct cable {
	struct emu *emu;
	const struct emu_usb *usb;
	bool present, opened, listens;
	bool silent; /* nothing comes from the device any more */
	/* x: transfers are stalled; y: they fail; z: they do not end; 0: all is well. */
	char spoils;
	const struct usb_calls *calls;
	void *owner;
	uint64_t asked; /* the tag of the transfer that runs; 0: none */
	uint64_t tag;
	struct buf early; /* a report that comes before the next transfer has ended */
	/* What is answered instead of the device: d, the report descriptor; s, f and i: string,
	 * feature or input report NUMBER. */
	struct cable_other {
		char kind;
		unsigned number;
		size_t len;
		char *bytes; /* owned */
	} other[CABLE_OTHERS];
	size_t others;
};

extern struct cable cable;
extern const struct carrier cable_carrier;

/* Plug the device of NAME in (see drive_device()). */
void cable_begin(struct drive *drive, struct emu_device_file *file, const char *name);
/* BYTES are the cable's from here on.  After CABLE_OTHERS there is no more room, and nothing is
 * said. */
void cable_answer(char kind, unsigned number, char *bytes, size_t len);
void cable_forget_answers(void);
/* An interrupt report, if one is listened for. */
void cable_report(const char *bytes, size_t len);
/* What may happen: x, y, z, and ~, by which all is well again; U, unplugged or plugged in again;
 * and what may happen in any drive. */
void cable_happen(struct drive *drive, char what, const char *rest, size_t len);
/* No driver came of it. */
void cable_break(struct drive *drive);
/* What is published makes sense; and when nothing is answered any more, that is told. */
void cable_end(struct drive *drive);

#endif
