/* drive.h - which driver program is judged on which emulated device, and the cases that makes. */
#ifndef CONFORMANCE_DRIVE_H
#define CONFORMANCE_DRIVE_H

#include "suite.h"
#include "target.h"

/* One program on one device. */
struct drive {
	char *program;	/* a path; owned */
	char *name;	/* the last part of it; points into program */
	char *device;	/* its name, or that of its file; owned */
	char *file;	/* the device file; owned */
	char *emulator; /* the path of nut-emu; owned */
	char *options;	/* lines for its section of ups.conf; owned */
	bool usb, hid;	/* HID reports; USB without that is text through a bridge */
};

struct drives {
	struct drive *at; /* owned, as are the cases and their ids */
	size_t len;
	struct test_case *cases;
	size_t cases_len;
};

/* PROGRAM (a path, or a name in the target's folder) on DEVICE (a name, a file, or "all" that the
 * target file lists for it), every row.  Without PROGRAM the target's quick pairs, with the quick
 * rows.  BUILD is the folder above the suite's own.  Prints what is wrong and exits. */
void drives_make(struct drives *drives, const struct target *target, const char *program,
    const char *device, const char *build);
void drives_free(struct drives *drives);
/* The shipped target file that has its drivers where PROGRAM is: "ours", "upstream", or "other". */
const char *drive_target(const char *program, const char *build);

#endif
