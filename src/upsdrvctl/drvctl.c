#include "upsdrvctl/drvctl.h"

#include "base/conn.h"
#include "base/log.h"
#include "base/proc.h"
#include "ups/sockmsg.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TERM_MS 5000 /* how long a driver may take to end before it is killed */
#define KILL_MS 2000
#define LOOK_MS 50 /* a process that is not our child tells nobody when it is gone */
#define ASK_MS 3000

/* What is done with one UPS. */
struct job {
	struct drvctl *ctl;
	const struct upsconf_ups *ups; /* borrowed */
	long sdorder;
	pid_t pid; /* the child that runs for it, or the driver that is to end; 0: none */
	long tries;
	int64_t deadline_ms;
	struct timer timer;
	struct conn *conn; /* to the driver's socket */
	bool ended, failed;
	/* DRVCTL_STATUS: what the driver said. */
	pid_t file_pid;
	long socket_pid;
	bool answered;
	char status[128];
};

struct drvctl {
	struct loop *loop;			/* borrowed */
	const struct upsconf *conf;		/* borrowed */
	const struct drvctl_settings *settings; /* borrowed */
	struct job *jobs;
	size_t len;
	long sdorder; /* DRVCTL_SHUTDOWN: the one that runs now */
	bool *done;
};

static void begin(struct job *job);

static const char *
option(const struct job *job, const char *key)
{
	const char *value = upsconf_get(job->ups, key);

	return value ? value : upsconf_global(job->ctl->conf, key);
}

static long
number(const struct job *job, const char *key, long fallback)
{
	const char *text = option(job, key);
	long value;

	/* upsconf has checked the range. */
	return text && conffile_number(text, LONG_MIN, LONG_MAX, &value) ? value : fallback;
}

static const char *
driver_of(const struct job *job)
{
	return upsconf_get(job->ups, "driver");
}

/* DIRECTORY/DRIVER-UPS SUFFIX */
static void
driver_file(const struct job *job, const char *directory, const char *suffix, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/%s-%s%s", directory, driver_of(job), job->ups->name, suffix);
}

static bool
sdorder_is_done(const struct drvctl *ctl)
{
	for (size_t i = 0; i < ctl->len; i++)
		if (ctl->jobs[i].sdorder == ctl->sdorder && !ctl->jobs[i].ended)
			return false;
	return true;
}

/* The next higher sdorder that somebody has; LONG_MAX if none. */
static long
next_sdorder(const struct drvctl *ctl, long above)
{
	long next = LONG_MAX;

	for (size_t i = 0; i < ctl->len; i++)
		if (ctl->jobs[i].sdorder > above && ctl->jobs[i].sdorder < next)
			next = ctl->jobs[i].sdorder;
	return next;
}

static void
begin_sdorder(struct drvctl *ctl)
{
	for (size_t i = 0; i < ctl->len; i++)
		if (ctl->jobs[i].sdorder == ctl->sdorder)
			begin(&ctl->jobs[i]);
}

static void
end(struct job *job, bool ok)
{
	struct drvctl *ctl = job->ctl;

	loop_timer_clear(ctl->loop, &job->timer);
	conn_free(job->conn);
	job->conn = NULL;
	job->ended = true;
	job->failed = !ok;
	while (ctl->settings->action == DRVCTL_SHUTDOWN && sdorder_is_done(ctl) &&
	       ctl->sdorder != LONG_MAX) {
		ctl->sdorder = next_sdorder(ctl, ctl->sdorder);
		begin_sdorder(ctl);
	}
	for (size_t i = 0; i < ctl->len; i++)
		if (!ctl->jobs[i].ended)
			return;
	*ctl->done = true;
}

/* ---- Running the driver program: start, shutdown, -c ---- */

static void
spawn_driver(struct job *job)
{
	const struct drvctl_settings *settings = job->ctl->settings;
	const struct world *world = loop_world(job->ctl->loop);
	const char *path = upsconf_global(job->ctl->conf, "driverpath");
	const char *argv[DRVCTL_PASS_MAX + 8]; /* ours, at most five, then those, then NULL */
	struct world_spawn spawn = { .argv = argv, .keep_fd = { 0, 1, 2 } };
	char program[PATH_MAX];
	size_t n = 0;

	snprintf(
	    program, sizeof(program), "%s/%s", path ? path : settings->driver_path, driver_of(job));
	argv[n++] = program;
	argv[n++] = "-a";
	argv[n++] = job->ups->name;
	if (settings->action == DRVCTL_SHUTDOWN)
		argv[n++] = "-k";
	if (settings->action == DRVCTL_COMMAND) {
		argv[n++] = "-c";
		argv[n++] = settings->command;
	}
	for (size_t i = 0; settings->pass[i]; i++)
		argv[n++] = settings->pass[i];
	argv[n] = NULL;

	if (settings->dry_run) {
		for (size_t i = 0; i < n; i++)
			printf("%s%s", argv[i], i + 1 < n ? " " : "\n");
		end(job, true);
		return;
	}
	job->tries++;
	/* Of one that is not there we should hear too late, where nobody waits. */
	job->pid = access(program, X_OK) == 0 ? world->spawn(world->owner, &spawn) : -1;
	if (job->pid <= 0) {
		log_warn("%s: %s cannot be started", job->ups->name, program);
		job->pid = 0;
		end(job, false);
		return;
	}
	if (settings->stay || (!settings->always_wait && option(job, "nowait")))
		end(job, true);
}

static void
too_slow(void *owner)
{
	struct job *job = owner;

	log_error(
	    "%s: the driver %s has not come up within maxstartdelay (%ld s); it is left to go on",
	    job->ups->name, driver_of(job), number(job, "maxstartdelay", 75));
	end(job, false);
}

static void
start(void *owner)
{
	struct job *job = owner;

	job->timer = (struct timer){ .fire = too_slow, .owner = job };
	loop_timer_in(job->ctl->loop, &job->timer, number(job, "maxstartdelay", 75) * 1000);
	spawn_driver(job);
}

static void
program_ended(struct job *job, bool ok)
{
	long tries = job->ctl->settings->action == DRVCTL_START ? number(job, "maxretry", 1) : 1;

	job->pid = 0;
	if (ok || job->tries >= tries) {
		if (!ok)
			log_error("%s: the driver %s failed", job->ups->name, driver_of(job));
		end(job, ok);
		return;
	}
	log_warnx("%s: the driver %s failed, starting it again in %ld s", job->ups->name,
	    driver_of(job), number(job, "retrydelay", 5));
	loop_timer_clear(job->ctl->loop, &job->timer);
	job->timer = (struct timer){ .fire = start, .owner = job };
	loop_timer_in(job->ctl->loop, &job->timer, number(job, "retrydelay", 5) * 1000);
}

void
drvctl_reap(struct drvctl *ctl)
{
	const struct world *world = loop_world(ctl->loop);
	int status;
	pid_t pid;

	while ((pid = world->wait(world->owner, &status)) > 0)
		for (size_t i = 0; i < ctl->len; i++)
			if (ctl->jobs[i].pid == pid && !ctl->jobs[i].ended)
				program_ended(&ctl->jobs[i], status == 0);
}

/* ---- Stop: TERM, then KILL ---- */

static void
kill_it(struct job *job, int signal)
{
	const struct world *world = loop_world(job->ctl->loop);

	world->kill(world->owner, job->pid, signal);
}

static pid_t
pid_in_file(const struct job *job)
{
	char path[PATH_MAX];

	driver_file(job, job->ctl->settings->altpid_path, ".pid", path);
	return proc_pidfile_read(path, driver_of(job));
}

static void
look_whether_gone(void *owner)
{
	struct job *job = owner;
	int64_t now_ms = loop_now_ms(job->ctl->loop);

	if (pid_in_file(job) != job->pid) {
		end(job, true);
		return;
	}
	if (now_ms >= job->deadline_ms + KILL_MS) {
		log_error(
		    "%s: the driver (pid %ld) cannot be ended", job->ups->name, (long)job->pid);
		end(job, false);
		return;
	}
	if (now_ms >= job->deadline_ms && job->tries++ == 0) {
		log_warnx("%s: the driver (pid %ld) does not end: killing it", job->ups->name,
		    (long)job->pid);
		kill_it(job, SIGKILL);
	}
	loop_timer_in(job->ctl->loop, &job->timer, LOOK_MS);
}

/* ---- The driver's socket: status, and stop where the pid file is gone ---- */

static void
got_message(struct job *job, const struct sockmsg *msg)
{
	if (msg->type == SOCKMSG_PONG)
		job->answered = true;
	else if (msg->type == SOCKMSG_PID)
		job->socket_pid = msg->number;
	else if (msg->type == SOCKMSG_SETINFO && !strcmp(msg->name, "ups.status"))
		snprintf(job->status, sizeof(job->status), "%s", msg->value);
}

static void
print_status(struct job *job)
{
	printf("%-20s %-16s %-8s %8ld %-12s %8ld %s\n", job->ups->name, driver_of(job),
	    job->file_pid || job->answered ? "RUNNING" : "STOPPED", (long)job->file_pid,
	    job->answered ? "RESPONSIVE" : "N/A", job->socket_pid, job->status);
	end(job, job->answered);
}

static void
nobody_answers(void *owner)
{
	struct job *job = owner;

	if (job->ctl->settings->action == DRVCTL_STATUS) {
		print_status(job);
		return;
	}
	log_error("%s: its driver is not running", job->ups->name);
	end(job, false);
}

/* What is no message says nothing; the deadline of the question goes on. */
static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct job *job = owner;
	struct sockmsg msg;

	if (error || !words->len || sockmsg_parse(&msg, words))
		return true;
	got_message(job, &msg);
	if (msg.type != SOCKMSG_DUMPDONE)
		return true;
	print_status(job);
	return false;
}

static size_t
socket_input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
socket_closed(void *owner, const char *why)
{
	struct job *job = owner;

	if (job->ctl->settings->action == DRVCTL_STOP && !why) {
		end(job, true); /* it did as it was told */
		return;
	}
	nobody_answers(job);
}

static const struct conn_calls socket_calls = { .input = socket_input, .closed = socket_closed };

static void
ask_socket(struct job *job, const char *lines)
{
	const struct world *world = loop_world(job->ctl->loop);
	char path[PATH_MAX];
	struct addr addr;
	int fd = -1;

	driver_file(job, job->ctl->settings->state_path, "", path);
	if (addr_unix(&addr, path))
		fd = world->connect(world->owner, &addr);
	if (fd != -1)
		job->conn = conn_new(job->ctl->loop, fd, true, WORDS_LINE_MAX, &socket_calls, job);
	job->timer = (struct timer){ .fire = nobody_answers, .owner = job };
	loop_timer_in(job->ctl->loop, &job->timer, job->conn ? ASK_MS : 0);
	if (job->conn)
		conn_send_text(job->conn, lines);
}

static void
stop(struct job *job)
{
	job->pid = pid_in_file(job);
	if (job->ctl->settings->dry_run) {
		if (job->pid)
			printf("kill -TERM %ld (%s)\n", (long)job->pid, job->ups->name);
		else
			printf("driver.exit to the socket of %s\n", job->ups->name);
		end(job, true);
		return;
	}
	if (!job->pid) {
		ask_socket(job, "INSTCMD driver.exit\n");
		return;
	}
	kill_it(job, SIGTERM);
	job->tries = 0;
	job->deadline_ms = loop_now_ms(job->ctl->loop) + TERM_MS;
	job->timer = (struct timer){ .fire = look_whether_gone, .owner = job };
	loop_timer_in(job->ctl->loop, &job->timer, LOOK_MS);
}

/* ---- All of it ---- */

static void
begin(struct job *job)
{
	if (!driver_of(job)) { /* in a faulty ups.conf, at a shutdown */
		log_error("%s: no driver", job->ups->name);
		end(job, false);
		return;
	}
	switch (job->ctl->settings->action) {
	case DRVCTL_START:
	case DRVCTL_SHUTDOWN:
	case DRVCTL_COMMAND:
		start(job);
		break;
	case DRVCTL_STOP:
		stop(job);
		break;
	case DRVCTL_STATUS:
		job->file_pid = pid_in_file(job);
		ask_socket(job, "PING\nGETPID\nDUMPSTATUS\n");
		break;
	}
}

struct drvctl *
drvctl_new(struct loop *loop, const struct upsconf *conf, const char *only,
    const struct drvctl_settings *settings)
{
	struct drvctl *ctl = calloc(1, sizeof(*ctl));

	if (!ctl)
		return NULL;
	*ctl = (struct drvctl){ .loop = loop, .conf = conf, .settings = settings };
	ctl->jobs = calloc(conf->ups_len + 1, sizeof(*ctl->jobs));
	if (!ctl->jobs) {
		free(ctl);
		return NULL;
	}
	for (size_t i = 0; i < conf->ups_len; i++) {
		struct job job = { .ctl = ctl, .ups = &conf->ups[i] };

		if (only && strcasecmp(only, conf->ups[i].name))
			continue;
		job.sdorder = number(&job, "sdorder", 0);
		if (settings->action == DRVCTL_SHUTDOWN && job.sdorder < 0 && !only)
			continue; /* never switched off by a shutdown of all */
		ctl->jobs[ctl->len++] = job;
	}
	return ctl;
}

void
drvctl_free(struct drvctl *ctl)
{
	if (!ctl)
		return;
	for (size_t i = 0; i < ctl->len; i++) {
		loop_timer_clear(ctl->loop, &ctl->jobs[i].timer);
		conn_free(ctl->jobs[i].conn);
	}
	free(ctl->jobs);
	free(ctl);
}

void
drvctl_run(struct drvctl *ctl, bool *done)
{
	ctl->done = done;
	*done = ctl->len == 0;
	if (ctl->settings->action == DRVCTL_SHUTDOWN && ctl->len) {
		ctl->sdorder = next_sdorder(ctl, LONG_MIN);
		begin_sdorder(ctl);
		return;
	}
	for (size_t i = 0; i < ctl->len; i++)
		begin(&ctl->jobs[i]);
}

unsigned
drvctl_failures(const struct drvctl *ctl)
{
	unsigned failures = 0;

	for (size_t i = 0; i < ctl->len; i++)
		failures += ctl->jobs[i].failed;
	return failures;
}
