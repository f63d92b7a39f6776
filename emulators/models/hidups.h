/* hidups.h - USB HID power devices: the fields of one device, as its file tells them, and what they
 * follow.  docs/devices/hid.md; docs/emulators.md, "USB HID devices".
 *
 * From the fields the report descriptor is made: the two cannot disagree.  Nothing here is shared
 * with drivers/proto/hid. */
#ifndef EMU_HIDUPS_H
#define EMU_HIDUPS_H

#include "emulators/emu.h"
#include "emulators/usbdev.h"

#define EMU_HID_FIELDS 512
#define EMU_HID_NODES 10 /* of a path */
#define EMU_HID_STALLS 64

struct emu_hid_follow;

/* One row of a device file. */
struct emu_hid_field {
	enum emu_usb_report type;
	unsigned char id;
	unsigned bit, bits; /* bit: from the first byte behind the id */
	unsigned times;	    /* so many of them in a row: an array of bytes */
	unsigned flags;
	long long least, most, physical_least, physical_most;
	unsigned unit;
	int exponent;
	uint64_t node[EMU_HID_NODES]; /* usages; an instance: EMU_HID_INSTANCE | n */
	size_t nodes;
	long long value;		      /* raw, unless it follows something */
	bool has_value;			      /* a timer's: when it does not run */
	unsigned char bytes[64];	      /* of an array, when they differ */
	size_t bytes_len;		      /* 0: each is VALUE */
	double step;			      /* what 1 of it is worth; 0: as its unit says */
	const struct emu_hid_follow *follows; /* NULL: nothing */
	size_t next; /* of the same report: its index + 1; 0: it is the last */
};
#define EMU_HID_INSTANCE UINT64_C(0x100000000)

/* device->model_data */
struct emu_hid {
	struct emu_hid_field fields[EMU_HID_FIELDS];
	size_t len;
	struct {
		enum emu_usb_report type;
		unsigned char id;
	} stalls[EMU_HID_STALLS]; /* declared, but refused when asked for */
	size_t stalls_len;
	/* By type and id: its bits; its first and its last field, their index + 1, 0: none. */
	unsigned report_bits[4][256];
	size_t first[4][256], last[4][256];
	bool numbered;
	struct emu_usb usb;
};

/* Of one emulated device. */
struct emu_hid_state {
	long long raw[EMU_HID_FIELDS]; /* of those that follow nothing */
	double start_delay;	       /* seconds; -1: none was given */
	double low_seconds;	       /* RemainingTimeLimit */
	bool muted;
	struct {
		unsigned char bytes[EMU_USB_REPORT_MAX];
		size_t len;
	} told[256]; /* input reports, as they were sent last */
};

/* hidfields.c: a line of the device file; NULL, or what is wrong with it. */
const char *emu_hid_directive(struct emu_device_file *device, const struct words *words);
/* The report descriptor of all fields so far into hid->usb. */
bool emu_hid_describe(struct emu_hid *hid);

/* hidfollows.c: what a field may follow.  Values are in volts, seconds, percent ..., or a flag. */
const struct emu_hid_follow *emu_hid_follow_find(const char *name);
long long emu_hid_raw(struct emu *emu, const struct emu_hid_field *field);
/* The host has written RAW.  false: the device will not. */
bool emu_hid_written(struct emu *emu, const struct emu_hid_field *field, long long raw);

#endif
