/* usb_none.c - built without libusb: there is no bus. */
#include "drivers/core/usb.h"

#include <errno.h>

static void *
bus_open(struct loop *loop, const char **why)
{
	*why = "this program was built without libusb";
	errno = 0;
	return NULL;
}

const struct usb_backend usb_libusb = { .name = "none", .bus_open = bus_open };
