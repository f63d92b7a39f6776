/* usbqueue.h - interrupt reports that a device has ready and nobody has fetched yet: the same queue
 * for all transports on a bus.  docs/emulators.md, "On a bus". */
#ifndef EMU_USBQUEUE_H
#define EMU_USBQUEUE_H

#include "emulators/usbdev.h"

#define EMU_USB_READY 32

struct emu_usb_queue {
	struct {
		unsigned char bytes[EMU_USB_REPORT_MAX];
		size_t len;
	} reports[EMU_USB_READY];
	size_t len;
};

/* What is newer takes the place of the report of the same id (usb->states: it tells how things are;
 * a bridge's are pieces of a text, each of which counts).  When it is full the oldest is lost, as
 * on a device whose host does not ask. */
void emu_usb_queue_add(
    struct emu_usb_queue *queue, const struct emu_usb *usb, const struct emu_message *message);

/* Move reports into a request, whose BYTES have ROOM and hold *LEN.  As on the wire: a packet that
 * is not full ends the request, and so do as many bytes as it has room for; when more come, they
 * are lost, and it fails. */
enum emu_usb_filled { EMU_USB_NOT_YET, EMU_USB_FILLED, EMU_USB_TOO_MUCH };
enum emu_usb_filled emu_usb_queue_fill(struct emu_usb_queue *queue, const struct emu_usb *usb,
    unsigned char *bytes, size_t room, size_t *len);

#endif
