/* main.c - upssched(8): run by upsmon as NOTIFYCMD; does what upssched.conf says of a notification,
 * and keeps the timers in a process of its own between two of them. */
#include "upssched/schedconf.h"
#include "upssched/timers.h"

#include "base/log.h"
#include "base/proc.h"
#include "base/words.h"
#include "ups/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MS 5000

static const char usage_text[] =
    "usage: upssched [-DhlV] [message]\n"
    "  -D  debug messages\n"
    "  -l  list the running timers\n"
    "  -V  version\n"
    "NOTIFYTYPE and UPSNAME are taken from the environment, as upsmon sets them.\n";

struct scheduler {
	const struct schedconf *conf;
	struct world *world;
	struct loop *loop;
	int lock_fd;
	struct timers *timers; /* in the timers' process alone */
};

/* ---- The timers' process ---- */

/* Nothing is left.  The lock says that nobody is about to ask: then, and only then, leave. */
static void
idle(void *owner)
{
	struct scheduler *scheduler = owner;

	if (flock(scheduler->lock_fd, LOCK_EX | LOCK_NB) == -1)
		return; /* whoever holds it may be about to call */
	unlink(scheduler->conf->pipefn);
	loop_stop(scheduler->loop);
}

static void
child_ended(void *owner, int signal)
{
	timers_reap(((struct scheduler *)owner)->timers);
}

/* A process of its own with the listening socket; never returns. */
static void
keep_timers(struct scheduler *scheduler, int listen_fd)
{
	static const int signals[] = { SIGCHLD, 0 };
	struct timers_settings settings = { scheduler->conf->cmdscript, idle, scheduler };
	int null = open("/dev/null", O_RDWR);

	setsid();
	if (null != -1) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
	}
	/* Not the lock that our parent holds, but one of our own on the same file. */
	close(scheduler->lock_fd);
	scheduler->lock_fd =
	    open(scheduler->conf->lockfn, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	scheduler->timers = timers_new(scheduler->loop, listen_fd, &settings);
	if (!scheduler->timers || scheduler->lock_fd == -1)
		_exit(1);
	proc_signals(scheduler->loop, signals, child_ended, scheduler);
	loop_run(scheduler->loop);
	_exit(0);
}

/* ---- Asking it ---- */

/* A stranger who listens there would take our timers and forget them. */
static bool
is_ours(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == geteuid() || peer.uid == 0);
}

static int
reach(struct scheduler *scheduler, bool start)
{
	const struct world *world = scheduler->world;
	struct addr at;
	int fd, listen_fd;
	pid_t pid;

	if (!addr_unix(&at, scheduler->conf->pipefn))
		fatalx("PIPEFN is too long: %s", scheduler->conf->pipefn);
	fd = world->connect(world->owner, &at);
	if (fd != -1 && !is_ours(fd))
		fatalx("PIPEFN %s is somebody else's; it belongs in a folder where others cannot "
		       "write",
		    scheduler->conf->pipefn);
	if (fd != -1 || !start)
		return fd;
	listen_fd = world->listen(world->owner, &at, false, 0600);
	if (listen_fd == -1)
		fatal("PIPEFN %s", scheduler->conf->pipefn);
	pid = fork();
	if (pid == -1)
		fatal("no process for the timers");
	if (pid == 0)
		keep_timers(scheduler, listen_fd);
	world->close(world->owner, listen_fd);
	return world->connect(world->owner, &at);
}

/* Send REQUEST and print what comes before OK or ERR.  false if neither came in time. */
static bool
ask(struct scheduler *scheduler, const char *request, bool start)
{
	const struct world *world = scheduler->world;
	int fd = reach(scheduler, start);
	struct buf answer = { .max = 1 << 20 };
	bool ok = false;

	if (fd == -1 ||
	    world->write(world->owner, fd, request, strlen(request)) != (ssize_t)strlen(request))
		goto out;
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		char *room = buf_room(&answer, 4096);
		size_t index;
		ssize_t len;

		if (!room || world->poll(world->owner, &ready, 1, ANSWER_MS, &index) != 1 ||
		    (len = world->read(world->owner, fd, room, 4095)) <= 0) {
			log_warnx("the timers' process does not answer: %s", request);
			break;
		}
		buf_added(&answer, (size_t)len);
		room[len] = '\0';
		if (buf_len(&answer) >= 3 &&
		    !memcmp(buf_bytes(&answer) + buf_len(&answer) - 3, "OK\n", 3)) {
			printf("%.*s", (int)buf_len(&answer) - 3, buf_bytes(&answer));
			ok = true;
			break;
		}
		if (!strncmp(buf_bytes(&answer), "ERR ", 4)) {
			log_error("the timers' process says: %s", buf_bytes(&answer));
			break;
		}
	}
out:
	if (fd != -1)
		world->close(world->owner, fd);
	buf_free(&answer);
	return ok;
}

static void
request(struct scheduler *scheduler, bool start, const char *word, const char *const *args)
{
	struct buf line = { 0 };

	buf_add_text(&line, word);
	for (; *args; args++) {
		buf_add_text(&line, " ");
		words_quote(&line, *args);
	}
	if (!buf_add(&line, "\n", 2))
		fatalx("out of memory");
	/* One at a time, so that two starts cannot make two timers' processes, nor one that is
	 * leaving take a request with it. */
	if (flock(scheduler->lock_fd, LOCK_EX) == -1)
		fatal("LOCKFN %s", scheduler->conf->lockfn);
	/* Twice: the process that kept the timers may have died under the question. */
	if (!ask(scheduler, buf_bytes(&line), start) && start &&
	    !ask(scheduler, buf_bytes(&line), start))
		log_error("not done: %s", buf_bytes(&line));
	flock(scheduler->lock_fd, LOCK_UN);
	buf_free(&line);
}

static void
act(struct scheduler *scheduler, const struct sched_at *at, const char *type, const char *ups)
{
	char seconds[32];

	snprintf(seconds, sizeof(seconds), "%ld", at->seconds);
	switch (at->action) {
	case SCHED_START:
		request(scheduler, true, "START",
		    (const char *const[]){ at->name, seconds, type, ups, NULL });
		break;
	case SCHED_START_SHARED:
		request(scheduler, true, "START-SHARED",
		    (const char *const[]){ at->name, seconds, type, ups, NULL });
		break;
	case SCHED_CANCEL:
		/* With something to do when it is not running, somebody has to do it. */
		request(scheduler, at->otherwise != NULL, "CANCEL",
		    (const char *const[]){ at->name, type, ups, at->otherwise, NULL });
		break;
	case SCHED_CANCEL_MATCHED:
		request(
		    scheduler, false, "CANCEL-MATCHED", (const char *const[]){ at->name, NULL });
		break;
	case SCHED_EXECUTE:
		timers_execute(scheduler->loop, scheduler->conf->cmdscript, at->name, type, ups);
		break;
	}
}

static struct schedconf *
read_conf(void)
{
	struct faults faults = { 0 };
	struct schedconf *conf;
	char path[PATH_MAX];
	struct paths paths;

	paths_get(&paths);
	snprintf(path, sizeof(path), "%s/upssched.conf", paths.conf);
	conf = schedconf_read(path, &faults);
	faults_log(&faults);
	if (!conf)
		fatalx("%s cannot be used", path);
	faults_free(&faults);
	return conf;
}

static void
parse_options(int argc, char **argv, int *debug, bool *list)
{
	int option;

	while ((option = getopt(argc, argv, "+DhlV")) != -1) {
		switch (option) {
		case 'D':
			++*debug;
			break;
		case 'l':
			*list = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		case 'V':
			paths_print_version("upssched");
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	}
}

static void
open_scheduler(struct scheduler *scheduler, const struct schedconf *conf)
{
	if (!conf->pipefn || !conf->lockfn)
		fatalx("PIPEFN and LOCKFN are needed");
	scheduler->conf = conf;
	scheduler->world = world_kernel_new(-1);
	scheduler->loop = scheduler->world ? loop_new(scheduler->world) : NULL;
	if (!scheduler->loop)
		fatalx("out of memory");
	scheduler->lock_fd = open(conf->lockfn, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (scheduler->lock_fd == -1)
		fatal("LOCKFN %s", conf->lockfn);
}

/* Do what the file says of the notification that upsmon runs us for. */
static void
follow(struct scheduler *scheduler)
{
	const char *type = getenv("NOTIFYTYPE"), *ups = getenv("UPSNAME");

	if (!type || !ups)
		fatalx("NOTIFYTYPE and UPSNAME are not in the environment: upsmon runs this");
	for (size_t i = 0; i < scheduler->conf->len; i++)
		if (sched_matches(&scheduler->conf->at[i], type, ups))
			act(scheduler, &scheduler->conf->at[i], type, ups);
}

int
main(int argc, char **argv)
{
	struct log_settings log = { .name = "upssched", .to_stderr = true, .to_syslog = true };
	struct scheduler scheduler = { 0 };
	struct schedconf *conf;
	bool list = false;

	proc_begin();
	parse_options(argc, argv, &log.debug, &list);
	log_set(&log);
	conf = read_conf();
	if (conf->debug_min > log.debug)
		log_debug_level((int)conf->debug_min);
	open_scheduler(&scheduler, conf);
	if (list)
		request(&scheduler, false, "LIST", (const char *const[]){ NULL });
	else
		follow(&scheduler);
	close(scheduler.lock_fd);
	loop_free(scheduler.loop);
	world_kernel_free(scheduler.world);
	schedconf_free(conf);
	return 0;
}
