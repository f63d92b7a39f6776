/* usbhid.h - usbhid-ups on a device of the bus in process, for its tests.  Of a test file alone:
 * what a test does not use is not missed. */
#ifndef TEST_USBHID_H
#define TEST_USBHID_H

#include "tests/usbbus.h"

#include <stdlib.h>

extern const struct driver usbhid_ups_driver;

static struct loop *loop;
static struct core *core;
static struct bus_device *ups;

static inline void
start_driver(const char *const *settings)
{
	static struct driver driver;

	driver = usbhid_ups_driver;
	driver.carrier = &bus_carrier;
	memset(&script, 0, sizeof(script));
	core = test_core(loop, &driver, settings);
	cr_assert(core, "%s", script.log);
	core_begin(core, false);
	fast_pass(loop, 2500);
}

static inline void
begin(const char *device, const char *const *settings)
{
	loop = bus_begin();
	ups = bus_plug(device, NULL);
	start_driver(settings);
}

static inline void
end(void)
{
	bus_end(core);
}

static inline const char *
get(const char *name)
{
	const char *value = core_get(core, name);

	return value ? value : "(none)";
}

static inline bool
is_fresh(void)
{
	return publish_is_fresh(core->publish);
}

static inline void
order(const char *text)
{
	cr_assert_null(bus_order(ups, text), "%s", text);
}

/* A device with mains, and these fields, one in a line; FAULT from the start, NULL: none. */
static inline void
begin_faulty(const char *fault, const char *ids, const char *fields, const char *const *settings)
{
	char path[] = "/tmp/refnut-usbhid-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");

	cr_assert(file);
	fprintf(file, "model hidups\n%s\n", ids);
	fprintf(file, "feature 01:0+8 0..1 02 UPS.PowerSummary.PresentStatus.ACPresent is 1\n%s",
	    fields);
	fclose(file);
	loop = bus_begin();
	ups = bus_plug_file(path, NULL);
	unlink(path);
	if (fault)
		order(fault);
	start_driver(settings);
}

static inline void
begin_made(const char *ids, const char *fields, const char *const *settings)
{
	begin_faulty(NULL, ids, fields, settings);
}
#define IDS(vendor, product) "ups.vendorid " vendor "\nups.productid " product

/* The words of ups.status, without those of the alarm and the battery's doings. */
static inline bool
status_is(const char *wanted)
{
	char words[64] = "", status[128];

	snprintf(status, sizeof(status), "%s", get("ups.status"));
	for (char *word = strtok(status, " "); word; word = strtok(NULL, " "))
		if (strcmp(word, "CHRG") && strcmp(word, "DISCHRG") && strcmp(word, "ALARM"))
			snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%s",
			    words[0] ? " " : "", word);
	return !strcmp(words, wanted);
}

static inline enum sockmsg_result
command(const char *name, const char *param)
{
	return core->driver->instcmd(core->device, name, param, 7);
}

static inline bool
offers(const char *name)
{
	return state_cmd(publish_state(core->publish), name) != NULL;
}

static inline enum sockmsg_result
set(const char *name, const char *value)
{
	return core->driver->setvar(core->device, name, value, 7);
}

#endif
