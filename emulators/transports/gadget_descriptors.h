/* gadget_descriptors.h - what FunctionFS is told about a device, as bytes: linux/usb/functionfs.h.
 * Pure. */
#ifndef EMU_GADGET_DESCRIPTORS_H
#define EMU_GADGET_DESCRIPTORS_H

#include "emulators/usbdev.h"

/* Of manufacturer, product and serial number the kernel makes strings 1, 2 and 3, and numbers ours
 * from here: the same numbers as in nearly all device files. */
unsigned emu_gadget_first_string(const struct emu_usb *usb);

/* Interface, HID descriptor and endpoints, for full speed and for high speed. */
bool emu_gadget_descriptors(const struct emu_usb *usb, struct buf *out);
/* The strings from emu_gadget_first_string() on. */
bool emu_gadget_strings(const struct emu_usb *usb, struct buf *out);

#endif
