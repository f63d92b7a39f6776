/* gadget_descriptors.h - what FunctionFS is told about a device, as bytes: linux/usb/functionfs.h.
 * Pure. */
#ifndef EMU_GADGET_DESCRIPTORS_H
#define EMU_GADGET_DESCRIPTORS_H

#include "emulators/usbdev.h"

/* Interface, HID descriptor and endpoints, for full speed and for high speed. */
bool emu_gadget_descriptors(const struct emu_usb *usb, struct buf *out);
/* The strings behind those that the kernel makes. */
bool emu_gadget_strings(const struct emu_usb *usb, struct buf *out);

#endif
