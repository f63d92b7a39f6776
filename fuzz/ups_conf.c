/* ups_conf - ups.conf, as upsd and upsdrvctl read it, and each section as its driver does. */
#include "fuzz/lib/fuzz.h"

#include "drivers/core/drvconf.h"
#include "ups/upsconf.h"

#include <stdio.h>

extern const struct driver usbhid_ups_driver;

static void
say_values(const struct upsconf_value *values, size_t len, struct buf *said)
{
	for (size_t i = 0; i < len; i++)
		buf_add_format(said, " %u:%s=%s", values[i].line, values[i].key,
		    values[i].value ? values[i].value : "(flag)");
	buf_add_text(said, "\n");
}

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct upsconf *conf = upsconf_from(file, faults);

	must(conf || faults->faults, "nothing, and nothing wrong");
	if (!conf)
		return;
	say_values(conf->globals, conf->globals_len, said);
	for (size_t i = 0; i < conf->ups_len; i++) {
		const struct upsconf_ups *ups = &conf->ups[i];

		buf_add_format(said, "%u:%s", ups->line, ups->name);
		say_values(ups->values, ups->len, said);
		must(faults->faults || upsconf_find(conf, ups->name) == ups, "another %s",
		    ups->name);
		must(faults->faults || (upsconf_get(ups, "driver") && upsconf_get(ups, "port")),
		    "%s without a driver", ups->name);
	}
	upsconf_free(conf);
}

/* The driver of UPS u. */
static void
take_driver(const uint8_t *data, size_t size)
{
	struct drvconf_args args = { .ups_name = "u" };
	struct faults faults = { 0 };
	struct drvconf *conf;
	char path[128];
	size_t count;

	fuzz_file("ups.conf", data, size);
	snprintf(path, sizeof(path), "%s/ups.conf", fuzz_folder());
	fuzz_scarce(0, false);
	conf = drvconf_read(&usbhid_ups_driver, &args, path, &faults);
	count = fuzz_plenty();
	must(!conf == (faults.faults > 0), "%s", conf ? faults_first(&faults) : "nothing is wrong");
	if (conf) {
		must(conf->port && conf->poll_ms > 0 && conf->stale_ms > 0, "no port");
		must(!drvconf_fixed_change(conf, conf), "%s", drvconf_fixed_change(conf, conf));
	}
	drvconf_free(conf);
	faults_free(&faults);
	fuzz_scarce_by(data, size, count);
	conf = drvconf_read(&usbhid_ups_driver, &args, path, &faults);
	(void)fuzz_plenty();
	must(!conf == (faults.faults > 0), "without memory: %s",
	    conf ? faults_first(&faults) : "nothing is wrong");
	drvconf_free(conf);
	faults_free(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("ups.conf", data, size, take);
	if (size > 3 && memmem(data, size, "[u]", 3))
		take_driver(data, size);
	return 0;
}
