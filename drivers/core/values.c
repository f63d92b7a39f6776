/* values.c - what a driver says of its device, as it is published. */
#include "drivers/core/core.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The value that ups.conf gives to NAME with PREFIX, NULL if none. */
static const char *
given(const struct core *core, const char *prefix, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < core->conf->len; i++) {
		const char *variable = drvconf_variable(&core->conf->values[i], prefix);

		if (variable && strcasecmp(variable, name) == 0)
			found = core->conf->values[i].value;
	}
	return found;
}

static void
complain(struct core *core, const char *name, const char *what)
{
	unsigned missed;

	if (log_rate(&core->bad_value, loop_now_ms(core->loop), &missed))
		log_warnx("[%s] %s: %s (%u more like this went unsaid)", core->conf->ups_name, name,
		    what, missed);
}

/* VALUE as it may be published, in CLEAN.  false when it is too long. */
static bool
clean(struct core *core, char result[STATE_VALUE_MAX + 1], const char *name, const char *value)
{
	size_t len = strlen(value);
	bool bad = false;

	while (len && value[len - 1] == ' ')
		len--;
	if (len > STATE_VALUE_MAX) {
		complain(core, name, "its value is too long, and not published");
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		bool good = value[i] >= 0x20 && value[i] <= 0x7e;

		result[i] = good ? value[i] : '?';
		bad = bad || !good;
	}
	result[len] = '\0';
	if (bad)
		complain(core, name, "bytes that are not ASCII are published as ?");
	return true;
}

static void
report(struct core *core, const char *name, enum state_error error)
{
	if (error != STATE_OK && error != STATE_SAME)
		complain(core, name, state_strerror(error));
}

static void
publish_value(struct core *core, const char *name, const char *value)
{
	char text[STATE_VALUE_MAX + 1];

	if (clean(core, text, name, value))
		report(core, name, publish_set(core->publish, name, text));
}

/* device.mfr, .model and .serial follow ups.*, unless the driver sets them itself. */
static void
mirror(struct core *core, const char *name, const char *value)
{
	static const struct {
		const char *ups, *device;
	} pairs[] = { { "ups.mfr", "device.mfr" }, { "ups.model", "device.model" },
		{ "ups.serial", "device.serial" } };

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (strcmp(pairs[i].ups, name) != 0)
			continue;
		const char *device = core_get(core, pairs[i].device);
		const char *ups = core_get(core, name);

		if (!given(core, "override.", pairs[i].device) &&
		    (!device || (ups && strcmp(device, ups) == 0)))
			publish_value(core, pairs[i].device, value);
	}
}

void
core_set(struct core *core, const char *name, const char *value)
{
	if (given(core, "override.", name))
		return;
	mirror(core, name, value);
	publish_value(core, name, value);
}

void
core_setf(struct core *core, const char *name, const char *format, ...)
{
	char text[STATE_VALUE_MAX + 2];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	core_set(core, name, text);
}

void
core_unset(struct core *core, const char *name)
{
	const char *value = given(core, "default.", name);

	if (given(core, "override.", name))
		return;
	if (value)
		publish_value(core, name, value);
	else
		publish_delete(core->publish, name);
}

void
core_var(struct core *core, const char *name, unsigned flags, long aux)
{
	if (!given(core, "override.", name))
		report(core, name, publish_var(core->publish, name, flags, aux));
}

void
core_enum(struct core *core, const char *name, const char *value)
{
	char text[STATE_VALUE_MAX + 1];

	if (clean(core, text, name, value))
		report(core, name, publish_enum(core->publish, name, text));
}

void
core_range(struct core *core, const char *name, long min, long max)
{
	report(core, name, publish_range(core->publish, name, min, max));
}

void
core_cmd(struct core *core, const char *name)
{
	report(core, name, publish_cmd(core->publish, name));
}

void
core_uncmd(struct core *core, const char *name)
{
	publish_uncmd(core->publish, name);
}

const char *
core_get(struct core *core, const char *name)
{
	return state_get(publish_state(core->publish), name);
}

double
core_number(struct core *core, const char *name)
{
	const char *text = core_get(core, name);
	char *end;
	double number;

	if (!text || !*text)
		return (double)NAN;
	number = strtod(text, &end);
	return *end ? (double)NAN : number;
}

/* --- status and alarms ------------------------------------------------------------------- */

void
core_status(struct core *core, uint32_t status_bits)
{
	core->status_bits |= status_bits;
}

void
core_alarm(struct core *core, const char *text)
{
	struct buf *alarm = &core->alarm;
	size_t len = strlen(text);

	core->status_bits |= STATUS_ALARM;
	if (buf_len(alarm) + len + 1 > STATE_VALUE_MAX) {
		complain(core, "ups.alarm", "too many alarms; the rest is not published");
		return;
	}
	if (buf_len(alarm))
		buf_add_text(alarm, " ");
	buf_add_text(alarm, text);
}

/* Are both published, as numbers, and is VALUE below LOW?  (Nothing is below NAN.) */
static bool
is_below(struct core *core, const char *value, const char *low)
{
	return core_number(core, value) < core_number(core, low);
}

/* ups.conf(5), ignorelb: what the device says of its battery is not trusted. */
static uint32_t
judge_battery(struct core *core, uint32_t bits)
{
	bits &= ~(uint32_t)STATUS_LB;
	if (is_below(core, "battery.charge", "battery.charge.low") ||
	    is_below(core, "battery.runtime", "battery.runtime.low"))
		bits |= STATUS_LB;
	return bits;
}

static void
publish_alarm(struct core *core)
{
	char text[STATE_VALUE_MAX + 1];
	size_t len = buf_len(&core->alarm);

	if (len == 0) {
		core_unset(core, "ups.alarm");
		return;
	}
	memcpy(text, buf_bytes(&core->alarm), len);
	text[len] = '\0';
	core_set(core, "ups.alarm", text);
}

bool
core_publish_status(struct core *core)
{
	uint32_t bits = core->status_bits;
	struct buf words = { .max = 512 };
	char *text;

	if (core->driver->own_status)
		return true;
	/* Unknown is a state: without a word from the device nothing is made up. */
	if ((bits & ~(uint32_t)STATUS_ALARM) == 0)
		return false;
	if (core->conf->ignorelb)
		bits = judge_battery(core, bits);
	publish_alarm(core);
	status_format(&words, bits);
	if (!(text = buf_steal(&words)))
		return false;
	core_set(core, "ups.status", text);
	free(text);
	return true;
}

/* --- driver.* ---------------------------------------------------------------------------- */

void
core_state(struct core *core, const char *state)
{
	publish_set(core->publish, "driver.state", state);
}

/* default. and override. values; those that a reload took away go. */
static void
publish_given(struct core *core)
{
	for (size_t i = 0; i < core->conf->len; i++) {
		const struct drvconf_value *value = &core->conf->values[i];
		const char *name = drvconf_variable(value, "override.");

		if (name)
			publish_value(core, name, value->value);
		else if ((name = drvconf_variable(value, "default.")) && !core_get(core, name))
			publish_value(core, name, value->value);
	}
}

static void
publish_parameters(struct core *core)
{
	char name[160];

	for (size_t i = 0; i < core->conf->len; i++) {
		const struct drvconf_value *value = &core->conf->values[i];

		if (drvconf_is_foreign(value->key) || drvconf_is_secret(value->key) ||
		    drvconf_variable(value, "default.") || drvconf_variable(value, "override.") ||
		    strcmp(value->key, "allow_killpower") == 0)
			continue;
		snprintf(name, sizeof(name), "driver.%s.%s", value->flag ? "flag" : "parameter",
		    value->key);
		publish_value(core, name, value->flag ? "enabled" : value->value);
	}
}

void
core_publish_settings(struct core *core)
{
	const struct driver *driver = core->driver;
	char number[24];

	publish_set(core->publish, "device.type", "ups");
	publish_set(core->publish, "driver.name", driver->name);
	publish_set(core->publish, "driver.version", NUT_VERSION);
	publish_set(core->publish, "driver.version.internal", driver->version);
	publish_set(core->publish, "driver.parameter.synchronous", "auto");
	publish_parameters(core);
	snprintf(number, sizeof(number), "%lld", (long long)core->conf->poll_ms / 1000);
	publish_set(core->publish, "driver.parameter.pollinterval", number);
	snprintf(number, sizeof(number), "%d", log_get()->debug);
	publish_set(core->publish, "driver.debug", number);
	publish_var(core->publish, "driver.debug", STATE_RW | STATE_NUMBER, 0);
	publish_set(
	    core->publish, "driver.flag.allow_killpower", core->conf->allow_killpower ? "1" : "0");
	publish_var(core->publish, "driver.flag.allow_killpower", STATE_RW | STATE_NUMBER, 0);
	core_cmd(core, "driver.exit");
	core_cmd(core, "driver.reload");
	core_cmd(core, "driver.reload-or-error");
	core_cmd(core, "driver.reload-or-exit");
	if (driver->shutdown) {
		core_cmd(core, "driver.killpower");
		core_cmd(core, "shutdown.default");
	}
	publish_given(core);
}
