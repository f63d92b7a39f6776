/* dummy-ups.c - a UPS that exists in a file, or is another upsd's (docs/man/dummy-ups.8). */
#include "drivers/core/driver.h"
#include "drivers/dummy/devfile.h"
#include "drivers/dummy/repeater.h"

#include "base/confine.h"
#include "base/log.h"
#include "tls/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define VALUE_MAX 255	   /* what upsrw may put where the file tells no length */
#define LOOP_PAUSE_MS 1000 /* before a loop begins again */

enum mode { MODE_ONCE, MODE_LOOP, MODE_REPEATER };

struct dummy {
	struct core *core; /* borrowed */
	enum mode mode;
	char *path;		   /* owned */
	struct devfile *file;	   /* owned */
	size_t at;		   /* the next line to play */
	struct timer scene;	   /* when to play on */
	struct repeater *repeater; /* owned; NULL in the other modes */
};

/* --- playing a file ---------------------------------------------------------------------- */

static void
set_value(struct dummy *dummy, const char *name, const char *value)
{
	if (!devfile_is_of_device(name))
		return;
	/* A dump has variables without a value; a script takes one away so, and an alarm is over.
	 */
	if (!*value && (dummy->mode == MODE_LOOP || strcasecmp(name, "ups.alarm") == 0)) {
		core_unset(dummy->core, name);
		return;
	}
	core_set(dummy->core, name, value);
	core_var(dummy->core, name, STATE_RW | STATE_STRING, VALUE_MAX);
}

/* What the comments of the file say of its variables and commands. */
static void
apply_types(struct dummy *dummy)
{
	struct core *core = dummy->core;

	for (size_t i = 0; i < dummy->file->len; i++) {
		const struct devfile_line *line = &dummy->file->lines[i];

		if (line->kind == DEVFILE_CMD)
			core_cmd(core, line->name);
		if (line->kind == DEVFILE_CMD || !line->name || line->kind == DEVFILE_SET ||
		    !core_get(core, line->name) || !devfile_is_of_device(line->name))
			continue;
		if (line->kind == DEVFILE_STRING)
			core_var(core, line->name, STATE_RW | STATE_STRING, line->number);
		else
			core_var(core, line->name,
			    STATE_RW | (line->kind == DEVFILE_NUMBER ? STATE_NUMBER : 0), 0);
		if (line->kind == DEVFILE_ENUM)
			core_enum(core, line->name, line->value);
		if (line->kind == DEVFILE_RANGE)
			core_range(core, line->name, line->number, line->max);
	}
}

/* Up to the next TIMER, or the end. */
static void
play(struct dummy *dummy)
{
	struct loop *loop = core_loop(dummy->core);
	const struct devfile *file = dummy->file;
	bool waits = false;

	while (!waits && dummy->at < file->len) {
		const struct devfile_line *line = &file->lines[dummy->at++];

		if (line->kind == DEVFILE_SET)
			set_value(dummy, line->name, line->value);
		if (line->kind == DEVFILE_TIMER) {
			loop_timer_in(loop, &dummy->scene, 1000 * line->number);
			waits = true;
		}
	}
	apply_types(dummy);
	if (waits || dummy->mode != MODE_LOOP)
		return;
	dummy->at = 0;
	loop_timer_in(loop, &dummy->scene, LOOP_PAUSE_MS);
}

static void
scene_over(void *owner)
{
	play(owner);
}

/* --- a file that changes ----------------------------------------------------------------- */

static bool
names(const struct devfile *file, enum devfile_kind kind, const char *name)
{
	for (size_t i = 0; i < file->len; i++)
		if (file->lines[i].kind == kind && strcasecmp(file->lines[i].name, name) == 0)
			return true;
	return false;
}

/* What the old file brought and the new one does not has gone; what may be set to what is told
 * anew. */
static void
forget_old(struct dummy *dummy, const struct devfile *newer)
{
	for (size_t i = 0; i < dummy->file->len; i++) {
		const struct devfile_line *line = &dummy->file->lines[i];

		if (line->kind == DEVFILE_CMD && !names(newer, DEVFILE_CMD, line->name))
			core_uncmd(dummy->core, line->name);
		if (line->kind == DEVFILE_ENUM || line->kind == DEVFILE_RANGE ||
		    (line->kind == DEVFILE_SET && devfile_is_of_device(line->name) &&
			!names(newer, DEVFILE_SET, line->name)))
			core_unset(dummy->core, line->name);
	}
}

static bool
has_changed(const struct dummy *dummy)
{
	const struct stat *old = &dummy->file->stat;
	struct stat now;

	return stat(dummy->path, &now) == 0 &&
	       (now.st_ino != old->st_ino || now.st_dev != old->st_dev ||
		   now.st_size != old->st_size || now.st_mtim.tv_sec != old->st_mtim.tv_sec ||
		   now.st_mtim.tv_nsec != old->st_mtim.tv_nsec);
}

static void
read_again(struct dummy *dummy)
{
	struct faults faults = { 0 };
	struct devfile *newer = devfile_read(dummy->path, &faults);

	if (newer) {
		log_info("[%s] %s has changed", core_ups_name(dummy->core), dummy->path);
		loop_timer_clear(core_loop(dummy->core), &dummy->scene);
		forget_old(dummy, newer);
		devfile_free(dummy->file);
		dummy->file = newer;
		dummy->at = 0;
		play(dummy);
	} else {
		/* Half written, perhaps: said once, looked at again when it changes again. */
		stat(dummy->path, &dummy->file->stat);
	}
	faults_log(&faults);
	faults_free(&faults);
}

/* --- the driver -------------------------------------------------------------------------- */

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* mode= decides, else the port's name does. */
static bool
find_mode(struct dummy *dummy)
{
	static const struct {
		const char *name;
		enum mode mode;
	} modes[] = { { "dummy", MODE_LOOP }, { "dummy-loop", MODE_LOOP },
		{ "dummy-once", MODE_ONCE }, { "repeater", MODE_REPEATER } };
	const char *mode = core_option(dummy->core, "mode"), *port = core_port(dummy->core);

	dummy->mode = strchr(port, '@')	      ? MODE_REPEATER
		      : ends_in(port, ".dev") ? MODE_ONCE
					      : MODE_LOOP;
	if (!mode)
		return true;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(mode, modes[i].name) == 0) {
			dummy->mode = modes[i].mode;
			return true;
		}
	core_fault(dummy->core, "mode", "\"%s\" is none of dummy-once, dummy-loop, repeater", mode);
	return false;
}

static bool
open_file(struct dummy *dummy)
{
	const char *port = core_port(dummy->core);
	struct faults faults = { 0 };

	if (port[0] == '/')
		dummy->path = strdup(port);
	else if (asprintf(&dummy->path, "%s/%s", core_conf_dir(dummy->core), port) == -1)
		dummy->path = NULL;
	if (dummy->path)
		dummy->file = devfile_read(dummy->path, &faults);
	faults_log(&faults);
	if (!dummy->file)
		core_fault(dummy->core, "port", "%s cannot be played", port);
	faults_free(&faults);
	return dummy->file != NULL;
}

static void
dummy_free(void *device)
{
	struct dummy *dummy = device;

	loop_timer_clear(core_loop(dummy->core), &dummy->scene);
	repeater_free(dummy->repeater);
	devfile_free(dummy->file);
	free(dummy->path);
	free(dummy);
}

static void *
dummy_new(struct core *core)
{
	static const char *const mode_names[] = { "dummy-once", "dummy-loop", "repeater" };
	struct dummy *dummy = calloc(1, sizeof(*dummy));

	if (!dummy)
		return NULL;
	dummy->core = core;
	dummy->scene = (struct timer){ .fire = scene_over, .owner = dummy };
	if (!find_mode(dummy))
		goto fail;
	if (dummy->mode == MODE_REPEATER ? !(dummy->repeater = repeater_new(core))
					 : !open_file(dummy))
		goto fail;
	core_set(core, "driver.parameter.mode", mode_names[dummy->mode]);
	return dummy;
fail:
	dummy_free(dummy);
	return NULL;
}

static void
dummy_start(void *device)
{
	struct dummy *dummy = device;

	if (dummy->repeater) {
		repeater_start(dummy->repeater);
		return;
	}
	play(dummy);
	core_started(dummy->core);
}

static void
dummy_poll(void *device)
{
	struct dummy *dummy = device;

	if (dummy->repeater) {
		repeater_poll(dummy->repeater);
		return;
	}
	if (has_changed(dummy))
		read_again(dummy);
	core_round_done(dummy->core, true);
}

static enum sockmsg_result
dummy_instcmd(void *device, const char *name, const char *param, core_ticket ticket)
{
	struct dummy *dummy = device;

	if (dummy->repeater)
		return repeater_instcmd(dummy->repeater, name, param, ticket);
	/* It can be given: that is all there is to it. */
	return RESULT_HANDLED;
}

static enum sockmsg_result
dummy_setvar(void *device, const char *name, const char *value, core_ticket ticket)
{
	struct dummy *dummy = device;

	if (dummy->repeater)
		return repeater_setvar(dummy->repeater, name, value, ticket);
	if (*value)
		core_set(dummy->core, name, value);
	else
		core_unset(dummy->core, name); /* as in NUT */
	return RESULT_HANDLED;
}

static bool
needs_helper(const char *port)
{
	return strchr(port, '@') != NULL;
}

static const struct driver_option options[] = {
	{ "mode", false, "dummy-once, dummy-loop or repeater, instead of guessing from the port" },
	{ "upsd_user", false, "repeater: the user for commands and settings" },
	{ "upsd_password", false, "repeater: that user's password" },
	{ NULL, false, NULL },
};

static const struct confine_call network_calls[] = {
	CONFINE_IF(socket, 0, UINT32_MAX, AF_INET, "repeater: upsd"),
	CONFINE_IF(socket, 0, UINT32_MAX, AF_INET6, "the same"),
	CONFINE_END,
};
static const struct confine_call *const calls[] = { network_calls, tls_calls, NULL };

extern const struct driver dummy_ups_driver;
const struct driver dummy_ups_driver = {
	.name = "dummy-ups",
	.version = "0.1",
	.options = options,
	.new = dummy_new,
	.start = dummy_start,
	.poll = dummy_poll,
	.instcmd = dummy_instcmd,
	.setvar = dummy_setvar,
	.free = dummy_free,
	.own_status = true,
	.needs_helper = needs_helper,
	.calls = calls,
};
