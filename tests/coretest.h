/* coretest.h - a driver and a carrier that do what a test tells them. */
#ifndef CORETEST_H
#define CORETEST_H

#include "drivers/core/core.h"
#include "fastworld.h"

#include <stdio.h>
#include <string.h>

/* What the driver is to do, and what it and the program were told. */
struct script {
	struct core *core;
	bool cannot_open, no_start, no_status, lost_rounds, no_end;
	int64_t silent_until_ms; /* start fails before */
	uint32_t status;
	const char *order;   /* the last instcmd or setvar */
	core_ticket pending; /* leave the next order pending, and its ticket here */
	bool leave_pending;
	int opened, closed, starts, polls, shutdowns, ready, over, status_code;
	const struct exchange *asking; /* the carrier's */
	char asked[4096];	       /* names, blank-separated */
	struct drvconf *newer;	       /* for a reload */
	char log[65536];
};
static struct script script;

static inline void
script_log(void *owner, enum log_level level, const char *line)
{
	if (strlen(script.log) + strlen(line) + 2 < sizeof(script.log)) {
		strcat(script.log, line);
		strcat(script.log, "\n");
	}
}

static inline int
logged(const char *text)
{
	int count = 0;

	for (const char *at = script.log; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static inline void *
test_new(struct core *core)
{
	script.core = core;
	return &script;
}

static inline void
test_start(void *device)
{
	script.starts++;
	if (script.no_start)
		return;
	if (fast_now_ms < script.silent_until_ms) {
		core_failed(script.core, "no answer");
		return;
	}
	core_set(script.core, "ups.mfr", "Test");
	core_set(script.core, "ups.id", "x");
	core_var(script.core, "ups.id", STATE_RW | STATE_STRING, 8);
	core_cmd(script.core, "test.battery.start");
	core_started(script.core);
}

static inline void
test_poll(void *device)
{
	script.polls++;
	if (script.no_end)
		return;
	if (!script.no_status)
		core_status(script.core, script.status ? script.status : STATUS_OL);
	core_round_done(script.core, !script.lost_rounds);
}

static inline enum sockmsg_result
test_order(void *device, const char *name, const char *value, core_ticket ticket)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s %s", name, value ? value : "-");
	script.order = text;
	if (!script.leave_pending)
		return RESULT_HANDLED;
	script.pending = ticket;
	return RESULT_PENDING;
}

static inline void
test_shutdown(void *device)
{
	script.shutdowns++;
	core_shutdown_done(script.core, true);
}

static inline void
test_free(void *device)
{
}

static inline void *
test_open(struct core *core, const char **why)
{
	*why = "it is not there";
	if (script.cannot_open)
		return NULL;
	script.opened++;
	return &script;
}

static inline void
test_ask(void *port, const struct exchange *exchange)
{
	script.asking = exchange;
	strcat(script.asked, exchange->name);
	strcat(script.asked, " ");
}

static inline void
test_close(void *port)
{
	script.closed++;
}

static const struct carrier test_carrier = {
	.name = "test", .open = test_open, .ask = test_ask, .close = test_close
};
static const struct driver_option test_options[] = { { "speed", false, "How fast" },
	{ "loud", true, "Be loud" }, { "snmp_password", false, "Secret" }, { NULL, false, NULL } };
static const struct driver test_driver = {
	.name = "test-ups",
	.version = "0.9",
	.options = test_options,
	.new = test_new,
	.start = test_start,
	.poll = test_poll,
	.instcmd = test_order,
	.setvar = test_order,
	.shutdown = test_shutdown,
	.free = test_free,
	.carrier = &test_carrier,
};

static inline void
test_ready(void *owner)
{
	script.ready++;
}

static inline void
test_over(void *owner, int status)
{
	script.over++;
	script.status_code = status;
}

static inline struct drvconf *
test_reread(void *owner)
{
	struct drvconf *newer = script.newer;

	script.newer = NULL;
	return newer;
}

static const struct core_calls test_calls = {
	.ready = test_ready, .over = test_over, .reread = test_reread
};

/* "-s u -x port=x" and SETTINGS, which is NULL-ended. */
static inline struct drvconf *
test_conf(const struct driver *driver, const char *const *settings, struct faults *faults)
{
	const char *all[32] = { "port=/dev/test" };
	struct drvconf_args args = { .ups_name = "u", .no_file = true, .settings = all };

	args.settings_len = 1;
	while (settings && *settings)
		all[args.settings_len++] = *settings++;
	return drvconf_read(driver, &args, "/nowhere/ups.conf", faults);
}
#define SETTINGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline struct core *
test_core(struct loop *loop, const struct driver *driver, const char *const *settings)
{
	struct faults faults = { 0 };
	struct drvconf *conf;

	log_set(&(struct log_settings){ .name = "test", .debug = 3, .sink = script_log });
	conf = test_conf(driver, settings, &faults);
	faults_log(&faults);
	faults_free(&faults);
	return conf ? core_new(driver, conf, loop, &test_calls, NULL) : NULL;
}

/* --- a peer on the socket ---------------------------------------------------------------- */

static inline int
peer_connect(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strncpy(at.sun_path, path, sizeof(at.sun_path) - 1);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Send TEXT, turn, and give what came back. */
static inline const char *
peer_says(struct loop *loop, int fd, const char *text)
{
	static char answer[1 << 20];
	size_t len = 0;

	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return "short write";
	for (int i = 0; i < 20; i++) {
		ssize_t got;

		loop_step(loop, 0);
		while ((got = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
			len += (size_t)got;
	}
	answer[len] = '\0';
	return answer;
}

static char test_folder[64];

static inline const char *
socket_path(void)
{
	static char path[100];

	if (!test_folder[0]) {
		strcpy(test_folder, "/tmp/refnut-test-XXXXXX");
		if (!mkdtemp(test_folder))
			abort();
	}
	snprintf(path, sizeof(path), "%s/test-ups-u", test_folder);
	return path;
}

#endif
