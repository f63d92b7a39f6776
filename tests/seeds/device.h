/* device.h - a driver program on its loop: drivers/core with a driver that reads whatever its owner
 * shows. */
#ifndef DEVICE_H
#define DEVICE_H

#include "base/loop.h"

#define DRIVER_POLL_MS 2000

struct device;

struct reading {
	char status[128], alarm[64]; /* ALARM "": none */
	double charge;
};

/* READ: false when the device does not answer. */
struct device *device_new(struct loop *loop, const char *ups, const char *socket,
    bool (*read)(void *owner, struct reading *out), void *owner);
void device_free(struct device *device); /* NULL is fine */

#endif
