/* usbip.h - the transport over the kernel's vhci_hcd, for its tests: who has the other end of FD is
 * the kernel. */
#ifndef EMU_USBIP_H
#define EMU_USBIP_H

#include "emulators/emu.h"

/* What emu_usbip opens, over FD, which is owned from here on.  NULL when out of memory. */
void *emu_usbip_serve(struct emu *emu, int fd);

#endif
