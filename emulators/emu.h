/* emu.h - the contract of the emulators: a model (what a device says), a transport (how it travels)
 * and struct emu, which holds one device with its battery, faults and clock.  docs/emulators.md is
 * the guide to writing either.
 *
 * A model never knows how it travels, a transport never knows what is said.  What travels is a
 * message: bytes on a line, the answer to a USB control request, a report.  Nothing here supposes a
 * tty.  Any number of emus live on one loop, the simulated one too. */
#ifndef EMU_H
#define EMU_H

#include "base/buf.h"
#include "base/conffile.h"
#include "base/loop.h"
#include "emulators/battery.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu;
struct emu_device_file;
struct emu_usb;	   /* emulators/usbdev.h */
struct emu_bridge; /* emulators/bridge.h */

/* ---- what travels ---- */

enum emu_kind {
	EMU_BYTES,   /* on a line; how they are cut means nothing */
	EMU_CONTROL, /* a control request with its SETUP packet, or the answer to it; or to this: */
	EMU_REPORT   /* an interrupt transfer, whole, to the host or from it */
};

struct emu_message {
	enum emu_kind kind;
	unsigned char setup[8]; /* EMU_CONTROL */
	const void *bytes;	/* borrowed */
	size_t len;
	bool refused; /* EMU_CONTROL: STALL */
	bool broken;  /* USB: the transfer fails on its way; nothing arrives */
	bool settled; /* EMU_CONTROL: emu_bus_fails() has been asked, it can be refused no more */
	uint64_t tag; /* the transport's: to which request this is the answer */
};

/* ---- models ---- */

/* How a command went; emu.c words it as the device does. */
enum emu_verdict {
	EMU_SAID,    /* it has answered by emu_say() */
	EMU_DONE,    /* accepted: what the device says to that, maybe nothing */
	EMU_REFUSED, /* known, but not now, or not with these digits */
	EMU_UNKNOWN
};

struct emu_command {
	const char *name; /* all of the question, or its beginning when REST */
	enum emu_verdict (*run)(struct emu *emu, const char *rest, int number);
	bool rest;	   /* something may follow the name: RUN gets it, "" if nothing does */
	unsigned dialects; /* bits of the model's; 0 means all */
	int number;	   /* given to RUN, for functions that serve several rows */
};

struct emu_dialect {
	const char *name; /* last row: NULL */
	unsigned bit;
	const char *accepted, *refused; /* its words for EMU_DONE, EMU_REFUSED; NULL: silence */
	const char *unknown;		/* "echo", "silent", or the words themselves */
};

struct emu_model {
	const char *name;
	const struct emu_dialect *dialects; /* the first is the default */

	/* Line-oriented models: questions end with END, and COMMANDS says what to do; the longest
	 * name that fits wins.  Answers get END behind them. */
	unsigned baud;
	char end;
	const struct emu_command *commands; /* last row: name NULL */

	/* All others: every message as it came.  NULL for line-oriented ones. */
	void (*hear)(struct emu *emu, const struct emu_message *message);

	/* Optional.  What it must remember beside the battery: emu_state(), zeroed, then STARTed.
	 */
	size_t state_size;
	void (*start)(struct emu *emu);

	/* Optional.  A device-file key the house does not know: NULL, or what is wrong with it.
	 * FREE ends what DIRECTIVE has hung on device->model_data. */
	const char *(*directive)(struct emu_device_file *device, const struct words *words);
	void (*free)(void *model_data);
	/* Optional.  The file has been read to its end: NULL, or what is wrong with it. */
	const char *(*complete)(struct emu_device_file *device);
	/* Optional.  The state has changed, by order or by time: for devices that speak unasked. */
	void (*changed)(struct emu *emu);
	/* What the device is on its bus.  NULL: it is not a USB device. */
	const struct emu_usb *(*usb)(const struct emu_device_file *device);
};

extern const struct emu_model emu_megatec, emu_voltronic, emu_hidups, emu_replay;
extern const struct emu_model *const emu_models[]; /* NULL at the end */

/* ---- device files ---- */

#define EMU_TEXT 64
#define EMU_REJECTS 32

/* emulators/devices: what one product is.  See docs/emulators.md, "Device files". */
struct emu_device_file {
	const struct emu_model *model;
	const struct emu_dialect *dialect;
	char name[EMU_TEXT], title[2 * EMU_TEXT];
	char mfr[EMU_TEXT], product[EMU_TEXT], firmware[EMU_TEXT], serial[EMU_TEXT];
	char unknown[EMU_TEXT];	 /* "" as the dialect has it; "echo"; "silent"; the words */
	char accepted[EMU_TEXT]; /* "" as the dialect has it; "echo"; "silent"; the words */
	char protocol[EMU_TEXT]; /* voltronic, mecer: the answer to QPI, "PI01" */
	char vendor_id[EMU_TEXT], product_id[EMU_TEXT]; /* USB: four hex digits */
	char flags[EMU_TEXT];				/* voltronic: QFLAG, "EpashcDbroegfl" */
	bool per_cell;					/* battery voltage is given per 2 V cell */
	bool no_load;		       /* its load is always told as 0, a bug that exists */
	bool no_temperature;	       /* that field is dashes */
	char no_end[EMU_TEXT];	       /* the one question whose answer lacks its end */
	char rejects[EMU_REJECTS][16]; /* questions it does not know although its dialect does */
	size_t rejects_len;
	long answer_ms; /* how long it thinks before it answers */
	double load;	/* at start, percent */
	struct emu_rating rating;
	void *model_data;			       /* the model's own, from its directives */
	char usb_mfr[EMU_TEXT], usb_product[EMU_TEXT]; /* how the bridge calls itself */
	bool no_hid;				       /* nor is it of the HID class */
	struct emu_bridge *bridge; /* owned; NULL: the plug is the model's own */
};

/* What it is on its bus.  NULL: it is on a line. */
const struct emu_usb *emu_usb_of(const struct emu_device_file *device);

/* Read PATH.  false with FAULTS filled. */
bool emu_device_read(struct emu_device_file *out, const char *path, struct faults *faults);
/* The same from an opened file (a test's, in memory); NAME is what the device will be called. */
bool emu_device_parse(
    struct emu_device_file *out, const char *name, struct conffile *file, struct faults *faults);
void emu_device_free(struct emu_device_file *device);

/* ---- transports ---- */

struct emu_options {
	const char *link; /* where the driver will open it; NULL: whatever the kernel names it */
	unsigned mode;	  /* permissions of the port, 0 means 0660 */
	const char *udc;  /* gadget: the USB device controller; NULL: the first that is free */
};

struct emu_transport {
	const char *name;
	bool usb; /* for devices on a bus, else for those on a line */
	/* A library that must have been loaded before the program: main() starts it again with it.
	 */
	const char *preload;
	/* The device appears.  NULL with *WHY (constant text) and errno. */
	void *(*open)(struct emu *emu, const struct emu_options *options, const char **why);
	/* One message to the host; what it cannot take at once it drops, as a wire does. */
	void (*write)(void *port, const struct emu_message *message);
	/* What to open: a path, a bus number. */
	const char *(*where)(void *port);
	/* The device disappears, as if unplugged; what was unread is lost. */
	void (*close)(void *port);
	/* Optional: the end of what it has put into emu_kept(). */
	void (*forget)(void *kept);
};

extern const struct emu_transport emu_pty, emu_umockdev, emu_usbip, emu_gadget;
extern const struct emu_transport *const emu_transports[]; /* NULL at the end */

/* A transport gives each message it has received to its emu. */
void emu_hear(struct emu *emu, const struct emu_message *message);
/* The faults of the bus that are on: true: the request has been answered, badly or not at all.  For
 * those who must know before they have heard all of it. */
bool emu_bus_fails(struct emu *emu, const struct emu_message *request);

/* ---- one emulated device ---- */

/* DEVICE is borrowed.  It is plugged in by emu_plug().  NULL when out of memory. */
struct emu *emu_new(struct loop *loop, const struct emu_device_file *device,
    const struct emu_transport *transport, const struct emu_options *options);
void emu_free(struct emu *emu); /* NULL is fine */
/* Let the transport open, again after emu_unplug().  false with *WHY and errno. */
bool emu_plug(struct emu *emu, const char **why);
void emu_unplug(struct emu *emu);
bool emu_plugged(const struct emu *emu);
const char *emu_where(const struct emu *emu); /* "" while unplugged */

/* The transport's: what it keeps from one plug to the next, NULL at first. */
void **emu_kept(struct emu *emu);

struct loop *emu_loop(const struct emu *emu);
const struct emu_device_file *emu_device(const struct emu *emu);
void *emu_state(struct emu *emu); /* the model's */
/* Its power side, at this moment.  A model may give it orders. */
struct emu_battery *emu_battery(struct emu *emu);
struct emu_faults *emu_faults(struct emu *emu);
/* Virtual time: SPEED seconds pass in one of the loop's. */
int64_t emu_clock_ms(struct emu *emu);
void emu_speed(struct emu *emu, double speed);
double emu_speed_now(const struct emu *emu);
/* Call RING at AT_MS of virtual time, to the step: what it does, it does then, however late the
 * loop comes to it.  One at a time (a scenario's next line); AT_MS EMU_NEVER takes it back. */
void emu_alarm(struct emu *emu, int64_t at_ms, void (*ring)(void *owner), void *owner);
/* Each byte takes as long as at the model's baud rate. */
void emu_pace(struct emu *emu, bool on);
bool emu_paced(const struct emu *emu);

/* Models answer with these.  What is said passes the faults and the delays, then the transport.
 * emu_say(), emu_say_bytes(): a line, the model's end is added.  emu_send(): any message. */
void emu_say(struct emu *emu, const char *format, ...) __attribute__((format(printf, 2, 3)));
void emu_say_bytes(struct emu *emu, const void *bytes, size_t len);
void emu_send(struct emu *emu, const struct emu_message *message);
/* Bytes out of nowhere, past all faults: noise, alerts. */
void emu_blurt(struct emu *emu, const void *bytes, size_t len);

/* The state was changed from outside (an order): look at what follows. */
void emu_changed(struct emu *emu);

/* Called whenever something may have changed: orders, questions, time.  For `wait`. */
struct emu_watcher {
	void (*look)(void *owner);
	void *owner;
	struct emu_watcher *next;
	bool on;
};
void emu_watch(struct emu *emu, struct emu_watcher *watcher);
void emu_unwatch(struct emu *emu, struct emu_watcher *watcher);

/* What was heard and said, most recent last. */
struct emu_heard {
	unsigned long heard, said; /* questions, answers */
	char question[EMU_TEXT];   /* the last one, bytes outside 0x20..0x7e as \xNN */
	char answer[2 * EMU_TEXT];
};
const struct emu_heard *emu_heard(const struct emu *emu);
/* One line each: "12.345 > Q1\r".  The last 200. */
void emu_history(const struct emu *emu, struct buf *out);

#endif
