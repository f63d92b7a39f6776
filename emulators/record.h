/* record.h - `nut-emu --record`: a capture of a real UPS becomes a device file of model replay.
 * docs/emulators.md, "Recorded devices". */
#ifndef EMU_RECORD_H
#define EMU_RECORD_H

#include "emulators/capture.h"

struct emu_record_options {
	const char *address;	/* "1.5", bus and address; NULL: the only one that is a HID */
	const char *id;		/* "051d:0002", for captures that begin after it was put in; NULL */
	const char *descriptor; /* the report descriptor's bytes, likewise; NULL */
	size_t descriptor_len;
};

/* The device file into OUT.  false with FAULTS filled; warnings in it tell what had to be left out.
 * NAME is the capture's. */
bool emu_record(const struct emu_capture *capture, const struct emu_record_options *options,
    const char *name, struct buf *out, struct faults *faults);

/* All of `nut-emu --record PATH`: to standard output.  The program's exit status. */
int emu_record_main(const char *path, const char *address, const char *id, const char *descriptor);

#endif
