/* recording.h - a device file as it is made from a capture: what record.c, record_usb.c and
 * record_line.c share. */
#ifndef EMU_RECORDING_H
#define EMU_RECORDING_H

#include "emulators/record.h"

#define EMU_ROW_MAX 1900 /* bytes of one answer: a word of the file has twice as many digits */
#define EMU_ROWS 8000	 /* and a device file so many rows */

struct emu_recording {
	const struct emu_capture *capture;
	const struct emu_record_options *options;
	const char *name;
	struct buf *out;
	struct faults *faults;
	unsigned bus, address; /* USB: which device */
	unsigned interface;    /* of it, that is the HID */
	bool full;	       /* there are more rows than a device file may have */
	size_t cut;	       /* answers that the capture does not hold whole */
	size_t unasked;
	size_t rows;
};

/* What the capture holds, into RECORD->out.  false with its faults filled. */
bool emu_record_usb(struct emu_recording *record);
bool emu_record_line(struct emu_recording *record);

const unsigned char *emu_recorded(
    const struct emu_recording *record, const struct emu_capture_event *event);
void emu_add_hex(struct buf *out, const unsigned char *bytes, size_t len);
void emu_add_quoted(struct buf *out, const char *text);

#endif
