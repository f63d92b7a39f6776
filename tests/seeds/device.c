#include "tests/seeds/device.h"

#include "drivers/core/core.h"

#include <stdlib.h>
#include <string.h>

struct device {
	struct core *core;
	bool (*read)(void *owner, struct reading *out);
	void *owner;
};

static struct device *starting; /* what the core is being made for */

static void *
take_device(struct core *core)
{
	starting->core = core;
	return starting;
}

static void
start(void *owner)
{
	struct device *device = owner;

	core_started(device->core);
}

static void
poll_device(void *owner)
{
	struct device *device = owner;
	struct core *core = device->core;
	struct reading reading = { 0 };

	if (!device->read(device->owner, &reading)) {
		core_round_done(core, false);
		return;
	}
	core_set(core, "ups.status", reading.status);
	core_setf(core, "battery.charge", "%.0f", reading.charge);
	if (*reading.alarm)
		core_set(core, "ups.alarm", reading.alarm);
	else
		core_unset(core, "ups.alarm");
	core_round_done(core, true);
}

static void
free_nothing(void *owner)
{
}

static void
ready(void *owner)
{
}

static void
over(void *owner, int status)
{
}

static const struct driver site_driver = {
	.name = "site",
	.version = "1",
	.new = take_device,
	.start = start,
	.poll = poll_device,
	.free = free_nothing,
	.own_status = true,
};

struct device *
device_new(struct loop *loop, const char *ups, const char *socket,
    bool (*read)(void *owner, struct reading *out), void *owner)
{
	static const struct core_calls calls = { .ready = ready, .over = over };
	struct device *device = calloc(1, sizeof(*device));
	struct drvconf *conf = calloc(1, sizeof(*conf));

	if (!device || !conf)
		abort();
	*device = (struct device){ .read = read, .owner = owner };
	*conf = (struct drvconf){
		.ups_name = strdup(ups),
		.port = strdup("auto"),
		.dir = strdup("/sim"),
		.poll_ms = DRIVER_POLL_MS,
		.stale_ms = DRVCONF_STALE_MS,
		.start_s = DRVCONF_START_S,
	};
	starting = device;
	if (!core_new(&site_driver, conf, loop, &calls, device) ||
	    !publish_listen(device->core->publish, socket, (gid_t)-1))
		abort();
	core_begin(device->core, false);
	return device;
}

void
device_free(struct device *device)
{
	if (!device)
		return;
	core_free(device->core);
	free(device);
}
