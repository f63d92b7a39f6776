/* bridge.h - a USB plug in front of a model with a serial protocol: the chips that makers of UPSes
 * put there.  The model hears bytes and says bytes, as on a line; how they travel is this file's.
 * Which one a device has is told in its device file.  docs/devices/megatec.md, 11. */
#ifndef EMU_BRIDGE_H
#define EMU_BRIDGE_H

#include "emulators/emu.h"
#include "emulators/usbdev.h"

#define EMU_BRIDGE_TEXT 256 /* letters of a question, and of an answer */

/* What the bridge of one device is doing. */
struct emu_bridge_now {
	struct emu_message asked; /* a string was asked for, and is still to be said */
	bool waiting;
	char question[EMU_BRIDGE_TEXT]; /* came with the request that is being answered */
	size_t question_len;
	char answer[EMU_BRIDGE_TEXT]; /* waits to be fetched */
	size_t answer_len;
};

/* NULL, or why not. */
const char *emu_bridge_set(struct emu_device_file *device, const char *name);
/* The file has been read: what its USB side is. */
const char *emu_bridge_complete(struct emu_device_file *device);
void emu_bridge_free(struct emu_device_file *device);

/* A message from the host. */
void emu_bridge_hear(struct emu *emu, const struct emu_message *message);
/* Bytes of the model's, on their way to the host. */
void emu_bridge_say(struct emu *emu, const char *bytes, size_t len);

/* Does it say an answer only when it has all of it? */
bool emu_bridge_collects(const struct emu_device_file *device);

/* emu.c: its state; a message to the transport, past everything. */
struct emu_bridge_now *emu_bridge_state(struct emu *emu);
void emu_transmit(struct emu *emu, const struct emu_message *message);

#endif
