/* blazer_ser.c - nutdrv_qx under its older name: minutes in ondelay and test.battery.start, the
 * battery's whole voltage, and delays that cannot be set.  docs/man/blazer_ser.8 */
#include "drivers/qx/qx.h"

static void *new (struct core *core)
{
	return qx_new(core, &(const struct qx_flavour){ .blazer = true });
}

static const struct driver_option options[] = {
	QX_OPTIONS,
	{ "ondelay", false, "minutes to wait before the load is switched on again (3)" },
	{ NULL, false, NULL },
};

const struct driver blazer_ser_driver = {
	.name = "blazer_ser",
	.version = "1.0",
	.options = options,
	.new = new,
	QX_CALLS,
};
