/* gadget_configfs.h - a USB gadget as the kernel keeps it under /sys/kernel/config/usb_gadget: one
 * configuration with one FunctionFS in it.  Documentation/usb/gadget_configfs.rst. */
#ifndef EMU_GADGET_CONFIGFS_H
#define EMU_GADGET_CONFIGFS_H

#include "emulators/usbdev.h"

struct emu_gadget_place {
	char name[32]; /* "nut-emu.PID"; "": it has not been made */
	char udc[64];  /* by which it goes to the host; "" until bound */
};

/* false with *WHY and errno, and nothing of it left.  What nut-emus that are no more have left
 * there is taken away. */
bool emu_gadget_make(struct emu_gadget_place *place, const struct emu_usb *usb, const char **why);
void emu_gadget_remove(struct emu_gadget_place *place);

/* The folder of its FunctionFS, mounted where nobody sees it and for as long as something in it is
 * open.  A descriptor, -1 with errno. */
int emu_gadget_mount(const struct emu_gadget_place *place);

/* Plug it in, at UDC, or (NULL) at the one where it was, or the first one that is free; and pull it
 * out. */
bool emu_gadget_bind(struct emu_gadget_place *place, const char *udc, const char **why);
void emu_gadget_unbind(const struct emu_gadget_place *place);

#endif
