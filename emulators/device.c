/* device.c - device files: one directive a line, most of them named as NUT names the variable. */
#include "emulators/emu.h"

#include "emulators/bridge.h"
#include "emulators/orders.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum what { TEXT, NUMBER, FLAG, MILLISECONDS, MODEL, DIALECT, TOPOLOGY, REJECTS, SOURCE, BRIDGE };

struct key {
	const char *name;
	enum what what;
	size_t at;	    /* in struct emu_device_file */
	size_t size;	    /* TEXT */
	double least, most; /* NUMBER */
};

#define IN(field) offsetof(struct emu_device_file, field)
#define TEXT_IN(field) TEXT, IN(field), sizeof(((struct emu_device_file *)0)->field), 0, 0
#define NUMBER_IN(field, least, most) NUMBER, IN(field), 0, least, most

static const struct key keys[] = {
	{ "model", MODEL, 0, 0, 0, 0 },
	{ "dialect", DIALECT, 0, 0, 0, 0 },
	{ "title", TEXT_IN(title) },
	{ "source", SOURCE, 0, 0, 0, 0 },

	{ "ups.mfr", TEXT_IN(mfr) },
	{ "ups.model", TEXT_IN(product) },
	{ "ups.firmware", TEXT_IN(firmware) },
	{ "ups.serial", TEXT_IN(serial) },
	{ "ups.vendorid", TEXT_IN(vendor_id) },
	{ "ups.productid", TEXT_IN(product_id) },

	{ "topology", TOPOLOGY, 0, 0, 0, 0 },
	{ "ups.power.nominal", NUMBER_IN(rating.va, 50, 999999) },
	{ "ups.realpower.nominal", NUMBER_IN(rating.watts, 30, 999999) },
	{ "ups.load", NUMBER_IN(load, 0, 200) },
	{ "input.voltage.nominal", NUMBER_IN(rating.volts, 90, 480) },
	{ "input.frequency.nominal", NUMBER_IN(rating.hertz, 40, 70) },
	{ "input.current.nominal", NUMBER_IN(rating.amps, 0.1, 999) },
	{ "input.transfer.low", NUMBER_IN(rating.transfer_low, 50, 480) },
	{ "input.transfer.high", NUMBER_IN(rating.transfer_high, 100, 600) },
	{ "input.transfer.boost", NUMBER_IN(rating.boost_below, 50, 480) },
	{ "input.transfer.trim", NUMBER_IN(rating.trim_above, 100, 600) },
	{ "battery.voltage.nominal", NUMBER_IN(rating.battery_volts, 6, 480) },
	{ "battery.voltage.float", NUMBER_IN(rating.float_volts, 6, 600) },
	{ "battery.voltage.cutoff", NUMBER_IN(rating.cutoff_volts, 4, 480) },
	{ "battery.capacity", NUMBER_IN(rating.battery_ah, 0.5, 2000) },
	{ "battery.charge.low", NUMBER_IN(rating.low_percent, 1, 90) },
	{ "battery.resistance", NUMBER_IN(rating.battery_ohms, 0.0001, 10) },
	{ "battery.peukert", NUMBER_IN(rating.peukert, 1, 2) },
	{ "charger.current", NUMBER_IN(rating.charger_amps, 0.05, 500) },
	{ "efficiency", NUMBER_IN(rating.efficiency, 0.3, 1) },
	{ "idle.power", NUMBER_IN(rating.idle_watts, 0.1, 5000) },
	{ "overload.seconds", NUMBER_IN(rating.overload_seconds, 1, 86400) },
	{ "ambient.temperature", NUMBER_IN(rating.ambient_celsius, 1, 80) },
	{ "restart.charge", NUMBER_IN(rating.restart_percent, 0, 100) },
	{ "no-restart", FLAG, IN(rating.no_restart), 0, 0, 0 },

	{ "unknown", TEXT_IN(unknown) },
	{ "accepted", TEXT_IN(accepted) },
	{ "rejects", REJECTS, 0, 0, 0, 0 },
	{ "no-end", TEXT_IN(no_end) },
	{ "answer.ms", MILLISECONDS, IN(answer_ms), 0, 0, 0 },
	{ "bridge", BRIDGE, 0, 0, 0, 0 },
	{ "usb.mfr", TEXT_IN(usb_mfr) },
	{ "usb.product", TEXT_IN(usb_product) },
	{ "usb.no-hid", FLAG, IN(no_hid), 0, 0, 0 },
	{ "protocol", TEXT_IN(protocol) },
	{ "flags", TEXT_IN(flags) },
	{ "voltage-per-cell", FLAG, IN(per_cell), 0, 0, 0 },
	{ "no-load", FLAG, IN(no_load), 0, 0, 0 },
	{ "no-temperature", FLAG, IN(no_temperature), 0, 0, 0 },
};

static const char *
read_text(const char *text, const struct key *key, char *out)
{
	if (strlen(text) >= key->size)
		return "too long";
	memcpy(out, text, strlen(text) + 1);
	return NULL;
}

static const char *
read_model(struct emu_device_file *device, const char *name)
{
	if (device->model) /* what it has hung on model_data is its own */
		return "the model stands there already";
	for (size_t i = 0; emu_models[i]; i++)
		if (!strcmp(emu_models[i]->name, name)) {
			device->model = emu_models[i];
			device->dialect = &device->model->dialects[0];
			return NULL;
		}
	return "there is no such model";
}

static const char *
read_dialect(struct emu_device_file *device, const char *name)
{
	const struct emu_dialect *dialect = device->model ? device->model->dialects : NULL;

	for (; dialect && dialect->name; dialect++)
		if (!strcmp(dialect->name, name)) {
			device->dialect = dialect;
			return NULL;
		}
	return "the model above has no such dialect";
}

static const char *
read_topology(struct emu_device_file *device, const char *name)
{
	static const char *const names[] = { "standby", "interactive", "online" };

	for (size_t i = 0; i < 3; i++)
		if (!strcmp(names[i], name)) {
			device->rating.topology = (enum emu_topology)i;
			return NULL;
		}
	return "write standby, interactive or online";
}

static const char *
read_rejects(struct emu_device_file *device, const struct words *words)
{
	for (size_t i = 1; i < words->len; i++) {
		if (device->rejects_len == EMU_REJECTS ||
		    strlen(words->word[i]) >= sizeof(device->rejects[0]))
			return "too many, or too long";
		strcpy(device->rejects[device->rejects_len++], words->word[i]);
	}
	return NULL;
}

static const char *
read_value(struct emu_device_file *device, const struct key *key, const struct words *words)
{
	char *field = (char *)device + key->at;
	bool list = key->what == REJECTS || key->what == SOURCE;

	if (key->what == FLAG) {
		*(bool *)(void *)field = true;
		return words->len == 1 ? NULL : "takes no value";
	}
	if (words->len < 2 || (words->len > 2 && !list))
		return "wants one value";
	switch (key->what) {
	case TEXT:
		return read_text(words->word[1], key, field);
	case NUMBER:
		return emu_order_number(
			   words->word[1], key->least, key->most, (double *)(void *)field)
			   ? NULL
			   : "not a number, or one that cannot be";
	case MILLISECONDS:
		return conffile_number(words->word[1], 0, 60000, (long *)(void *)field)
			   ? NULL
			   : "not a number of milliseconds up to 60000";
	case MODEL:
		return read_model(device, words->word[1]);
	case DIALECT:
		return read_dialect(device, words->word[1]);
	case TOPOLOGY:
		return read_topology(device, words->word[1]);
	case REJECTS:
		return read_rejects(device, words);
	case BRIDGE:
		return emu_bridge_set(device, words->word[1]);
	case SOURCE: /* for people */
	case FLAG:
		break;
	}
	return NULL;
}

static const char *
read_directive(struct emu_device_file *device, const struct words *words)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcmp(keys[i].name, words->word[0]))
			return read_value(device, &keys[i], words);
	if (device->model && device->model->directive)
		return device->model->directive(device, words);
	return "no such key";
}

bool
emu_device_parse(
    struct emu_device_file *out, const char *name, struct conffile *file, struct faults *faults)
{
	size_t before = faults->faults;
	struct words words;

	*out = (struct emu_device_file){ .load = 20 };
	snprintf(out->name, sizeof(out->name), "%s", name);
	while (conffile_next(file, &words, faults)) {
		const char *why = read_directive(out, &words);

		if (why)
			conffile_fault(file, faults, "%s: %s", words.word[0], why);
	}
	if (!out->model)
		faults_add(faults, conffile_path(file), 0, "no model is named");
	else if (faults->faults == before && out->model->complete) {
		const char *why = out->model->complete(out);

		if (why)
			faults_add(faults, conffile_path(file), 0, "%s", why);
	}
	if (out->bridge && faults->faults == before) {
		const char *why = emu_bridge_complete(out);

		if (why)
			faults_add(faults, conffile_path(file), 0, "%s", why);
	}
	if (faults->faults != before) {
		emu_device_free(out);
		return false;
	}
	emu_rating_complete(&out->rating);
	return true;
}

bool
emu_device_read(struct emu_device_file *out, const char *path, struct faults *faults)
{
	struct conffile *file = conffile_read(path, faults);
	const char *slash = strrchr(path, '/');
	char name[EMU_TEXT];

	if (!file)
		return false;
	snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
	if (strrchr(name, '.'))
		*strrchr(name, '.') = '\0';
	bool ok = emu_device_parse(out, name, file, faults);

	conffile_close(file);
	return ok;
}

void
emu_device_free(struct emu_device_file *device)
{
	if (device->model && device->model->free)
		device->model->free(device->model_data);
	device->model_data = NULL;
	emu_bridge_free(device);
}
