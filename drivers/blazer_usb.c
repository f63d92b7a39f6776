/* blazer_usb.c - blazer_ser on USB.  docs/man/blazer_usb.8 */
#include "drivers/qx/qx.h"

static void *new (struct core *core)
{
	return qx_new(core, &(const struct qx_flavour){ .blazer = true, .usb = true });
}

static const struct driver_option options[] = {
	QX_OPTIONS,
	USB_OPTIONS,
	QX_BRIDGE_OPTIONS,
	{ "ondelay", false, "minutes to wait before the load is switched on again (3)" },
	{ NULL, false, NULL },
};

const struct driver blazer_usb_driver = {
	.name = "blazer_usb",
	.version = "1.0",
	.options = options,
	.new = new,
	QX_CALLS,
	QX_USB_CALLS,
};
