/* main.c - upsmon(8): options, the two processes, signals. */
#include "upsmon/upsmon.h"

#include "base/helper.h"
#include "base/log.h"
#include "base/proc.h"
#include "ups/paths.h"
#include "upsmon/flag.h"
#include "upsmon/parent.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
	const char *command; /* -c */
	const char *conf, *user, *root;
	pid_t pid; /* -P */
	int debug;
	bool foreground, background, one_process, check, test_flag, rehearse;
	long connect_s;
};

struct running {
	struct loop *loop;
	struct upsmon *upsmon;
	struct options options;
	const char *conf_path;
	int parent_fd;			     /* -1: one process */
	char *shutdown_cmd, *powerdown_flag; /* fixed at start; NULL: none */
	struct timer watchdog;
};

static const char usage_text[] =
    "usage: upsmon [-BDFKpRt46] [-f file] [-P pid] [-r dir] [-u user] [-W seconds]\n"
    "       upsmon -c fsd|stop|reload\n"
    "       upsmon -c test-notify TYPE [ups]\n"
    "  -B  background even with -D         -D  more debug messages; foreground\n"
    "  -F  foreground                      -K  is POWERDOWNFLAG set?  exit 0 if so\n"
    "  -p  one privileged process          -R  rehearse: play all, change nothing\n"
    "  -t  check the configuration         -V  version\n";

static void
usage(FILE *to, int status)
{
	fputs(usage_text, to);
	exit(status);
}

/* An option without a value. */
static bool
take_flag(struct options *out, int option)
{
	switch (option) {
	case 'B':
		out->background = true;
		return true;
	case 'D':
		out->debug++;
		out->foreground = true;
		return true;
	case 'F':
		out->foreground = true;
		return true;
	case 'K':
		out->test_flag = true;
		return true;
	case 'p':
		out->one_process = true;
		return true;
	case 'R':
		out->rehearse = true;
		return true;
	case 't':
		out->check = true;
		return true;
	case '4':
	case '6':
	case 'i':
		return true; /* every address of a host is tried in any case */
	default:
		return false;
	}
}

static void
take_option(struct options *out, int option, const char *value)
{
	long pid;

	switch (option) {
	case 'c':
		out->command = value;
		break;
	case 'f':
		out->conf = value;
		break;
	case 'r':
		out->root = value;
		break;
	case 'u':
		out->user = value;
		break;
	case 'P':
		if (!conffile_number(value, 2, INT_MAX, &pid))
			usage(stderr, 2);
		out->pid = (pid_t)pid;
		break;
	case 'W':
		if (!conffile_number(value, 1, 86400, &out->connect_s))
			usage(stderr, 2);
		break;
	case 'V':
		paths_print_version("upsmon");
		exit(0);
	case 'h':
		usage(stdout, 0);
		break;
	default:
		usage(stderr, 2);
	}
}

static void
parse_options(struct options *out, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+BDFKpRtVh46ic:f:P:r:u:W:")) != -1)
		if (!take_flag(out, option))
			take_option(out, option, optarg);
}

/* ---- Configuration ---- */

static struct monconf *
read_conf(const char *path, struct faults *faults)
{
	const char *open_files = getenv("NUT_ALLOW_OPEN_FILES");
	bool allow = false;

	if (open_files)
		conffile_bool(open_files, &allow);
	return monconf_read(path, allow, faults);
}

/* Prints what is wrong, and with SHOW a line when nothing is.  An exit status. */
static int
check_configuration(const char *path, bool show)
{
	struct faults faults = { 0 };
	struct monconf *conf = read_conf(path, &faults);
	int status;

	for (size_t i = 0; i < faults.len; i++)
		fprintf(stderr, "%s%s\n", faults.list[i].warning ? "warning: " : "",
		    faults.list[i].text);
	if (conf) {
		struct proc_user user;

		if (!monconf_read_keys(conf, &faults))
			fatalx("%s", faults_first(&faults));
		if (conf->run_as_user && !proc_user_find(&user, conf->run_as_user))
			fatalx("%s: RUN_AS_USER: there is no user %s", path, conf->run_as_user);
		if (show)
			printf("%s: %zu UPSes, MINSUPPLIES %ld\n", path, conf->monitors_len,
			    conf->min_supplies);
	}
	status = conf ? 0 : 1;
	monconf_free(conf);
	faults_free(&faults);
	return status;
}

static struct monconf *
read_conf_or_die(const char *path)
{
	struct faults faults = { 0 };
	struct monconf *conf = read_conf(path, &faults);

	faults_log(&faults);
	if (!conf)
		fatalx("%s cannot be used: %s", path, faults_first(&faults));
	faults_free(&faults);
	return conf;
}

/* -D counted, NUT_DEBUG_LEVEL or DEBUG_MIN, whichever is most. */
static void
set_debug_level(const struct options *options, const struct monconf *conf)
{
	const char *environment = getenv("NUT_DEBUG_LEVEL");
	long level = 0;

	if (environment)
		conffile_number(environment, 0, 9, &level);
	if (options->debug > level)
		level = options->debug;
	if (conf && conf->debug_min > level)
		level = conf->debug_min;
	log_debug_level((int)level);
}

/* Who monitors: -u, RUN_AS_USER, or the user of the build. */
static void
find_user(const struct options *options, const struct monconf *conf, struct proc_user *out)
{
	const char *name = options->user ? options->user : conf->run_as_user;
	struct paths paths;

	paths_get(&paths);
	if (!name)
		name = paths.user;
	if (!proc_user_find(out, name))
		fatalx("there is no user %s: see -u and RUN_AS_USER", name);
}

/* ---- Commands to a running upsmon ---- */

/* Can upsmon, which runs as PID, use the file?  A child looks as its user. */
static bool
is_good_for(const struct options *options, const char *conf_path, pid_t pid)
{
	const struct passwd *passwd;
	struct proc_user user;
	struct stat st;
	char proc[64];
	int status;
	pid_t child = fork();

	if (child != 0)
		return child != -1 && waitpid(child, &status, 0) == child && status == 0;
	snprintf(proc, sizeof(proc), "/proc/%ld", (long)pid);
	passwd = geteuid() == 0 && stat(proc, &st) == 0 ? getpwuid(st.st_uid) : NULL;
	if (passwd && !proc_user_find(&user, passwd->pw_name))
		passwd = NULL;
	if (options->root)
		proc_chroot(options->root);
	if (passwd)
		proc_become(&user);
	exit(check_configuration(conf_path, false));
}

static int
send_command(const struct options *options, const char *pid_path, const char *conf_path)
{
	static const struct {
		const char *name;
		int signal;
	} commands[] = { { "fsd", SIGUSR1 }, { "reload", SIGHUP }, { "stop", SIGTERM } };
	pid_t pid = options->pid ? options->pid : proc_pidfile_read(pid_path, "upsmon");
	size_t len = strlen(options->command);

	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (!len || strncmp(options->command, commands[i].name, len))
			continue;
		if (!pid) {
			fprintf(stderr, "upsmon: no upsmon is running (%s)\n", pid_path);
			return 1;
		}
		if (commands[i].signal == SIGHUP && !is_good_for(options, conf_path, pid)) {
			fprintf(stderr, "upsmon: not reloaded: it keeps what it has\n");
			return 1;
		}
		if (kill(pid, commands[i].signal) == -1) {
			fprintf(stderr, "upsmon: pid %ld: %s\n", (long)pid, strerror(errno));
			return 1;
		}
		return 0;
	}
	usage(stderr, 2);
	return 2;
}

/* ---- The monitoring process ---- */

/* Where there is none, a shutdown asked for by hand fails loudly. */
static const char *
command_of(const struct running *running)
{
	return running->shutdown_cmd ? running->shutdown_cmd : "false";
}

static void
shut_down(void *owner, bool primary)
{
	struct running *running = owner;
	char byte = primary ? PARENT_PRIMARY : PARENT_SECONDARY;

	if (running->parent_fd == -1) {
		parent_shut_down(byte, command_of(running), running->powerdown_flag);
		return;
	}
	if (write(running->parent_fd, &byte, 1) != 1) {
		log_warn("the privileged upsmon cannot be told to shut down");
		upsmon_lost_parent(running->upsmon);
	}
}

static void
finished(void *owner)
{
	loop_stop(((struct running *)owner)->loop);
}

static void
parent_said(void *owner, int fd, short revents)
{
	struct running *running = owner;

	loop_forget(running->loop, fd);
	log_error("the privileged upsmon is gone: nothing can be shut down any more");
	upsmon_lost_parent(running->upsmon);
}

/* What the privileged process goes by is what it began with. */
static void
warn_if_changed(const char *directive, const char *old, const char *new)
{
	if (strcmp(old ? old : "", new ? new : "") != 0)
		log_warnx("%s is read at start only: the old one stays until upsmon is restarted",
		    directive);
}

/* The file as it is now; NULL where the privileged process, as it began, could not shut down by it.
 */
static struct monconf *
read_newer_conf(struct running *running, struct faults *faults)
{
	struct monconf *conf = read_conf(running->conf_path, faults);

	if (!conf)
		return NULL;
	warn_if_changed("SHUTDOWNCMD", running->shutdown_cmd, conf->shutdown_cmd);
	warn_if_changed("POWERDOWNFLAG", running->powerdown_flag, conf->powerdown_flag);
	if (monconf_can_shut_down(conf, running->shutdown_cmd, running->powerdown_flag, faults))
		return conf;
	monconf_free(conf);
	return NULL;
}

static void
reload(struct running *running)
{
	struct faults faults = { 0 };
	struct monconf *conf;

	proc_notify_reloading();
	conf = read_newer_conf(running, &faults);
	if (conf && !monconf_read_keys(conf, &faults)) {
		monconf_free(conf);
		conf = NULL;
	}
	faults_log(&faults);
	if (!conf) {
		log_error("reload refused, the old configuration stays: %s", faults_first(&faults));
	} else {
		set_debug_level(&running->options, conf);
		upsmon_adopt(running->upsmon, conf);
		log_notice("configuration reloaded");
	}
	faults_free(&faults);
	proc_notify("READY=1");
}

static void
got_signal(void *owner, int signal)
{
	struct running *running = owner;

	switch (signal) {
	case SIGHUP:
		reload(running);
		break;
	case SIGUSR1:
		log_notice("forced shutdown asked for");
		upsmon_force(running->upsmon);
		break;
	case SIGCHLD:
		upsmon_child_ended(running->upsmon);
		break;
	default:
		log_notice("signal %d: leaving", signal);
		loop_stop(running->loop);
	}
}

static void
feed_watchdog(void *owner)
{
	struct running *running = owner;

	proc_notify("WATCHDOG=1");
	loop_timer_in(running->loop, &running->watchdog, proc_watchdog_ms());
}

static const struct upsmon_calls upsmon_calls = { shut_down, finished };

static void
monitor_until_stopped(struct running *running, struct monconf *conf, struct world *world)
{
	static const int signals[] = { SIGHUP, SIGUSR1, SIGCHLD, SIGTERM, SIGINT, SIGQUIT, 0 };
	struct upsmon_settings settings = {
		.calls = &upsmon_calls,
		.owner = running,
		.connect_ms = running->options.connect_s * 1000,
		.rehearse = running->options.rehearse,
	};

	running->loop = loop_new(world);
	if (!running->loop || !(running->upsmon = upsmon_new(running->loop, conf, &settings)))
		fatalx("out of memory");
	proc_signals(running->loop, signals, got_signal, running);
	if (running->parent_fd != -1)
		loop_watch(running->loop, running->parent_fd, POLLIN, parent_said, running);
	if (proc_watchdog_ms()) {
		running->watchdog = (struct timer){ .fire = feed_watchdog, .owner = running };
		feed_watchdog(running);
	}
	proc_notify("READY=1");
	proc_ready();
	loop_run(running->loop);
	proc_notify("STOPPING=1");
	if (running->parent_fd != -1)
		loop_forget(running->loop, running->parent_fd);
	loop_timer_clear(running->loop, &running->watchdog);
	proc_signals_end(running->loop);
	upsmon_free(running->upsmon);
	loop_free(running->loop);
}

static char *
copy_or_die(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		fatalx("out of memory");
	return copy;
}

/* What an earlier shutdown left would have the UPS switched off at the next halt. */
static void
clear_flag(const char *flag)
{
	int error;

	if (!flag || flag_clear(flag))
		return;
	error = errno;
	if (flag_is_set(flag))
		log_error("POWERDOWNFLAG %s of an earlier shutdown cannot be removed: %s: the next "
			  "halt of this host will switch the UPS off",
		    flag, strerror(error));
	else
		log_warnx("POWERDOWNFLAG %s is there and is not ours: it is left alone, and will "
			  "not be set",
		    flag);
}

/* What is fixed as root, before anything a network says is read. */
static void
fix_command(struct running *running, const struct monconf *conf)
{
	running->shutdown_cmd = copy_or_die(conf->shutdown_cmd);
	running->powerdown_flag = copy_or_die(conf->powerdown_flag);
	clear_flag(conf->powerdown_flag);
}

/* As the user who monitors: what only root can read is of no use at a reload. */
static void
read_keys_or_die(struct monconf *conf)
{
	struct faults faults = { 0 };

	if (!monconf_read_keys(conf, &faults))
		fatalx("%s", faults_first(&faults));
	faults_free(&faults);
}

/* Into the two processes.  A monitoring one that had to be started again goes on with what the one
 * before it may have been told to read. */
static struct monconf *
split(struct running *running, struct monconf *conf)
{
	struct faults faults = { 0 };
	struct monconf *newer;
	bool again;

	running->parent_fd = parent_split(command_of(running), running->powerdown_flag, &again);
	proc_stand_in();
	if (!again)
		return conf;
	newer = read_newer_conf(running, &faults);
	faults_log(&faults);
	faults_free(&faults);
	if (!newer) {
		log_error(
		    "%s cannot be used: what it said at the start counts", running->conf_path);
		return conf;
	}
	monconf_free(conf);
	set_debug_level(&running->options, newer);
	return newer;
}

static void
run(struct running *running, struct monconf *conf, const char *pid_path)
{
	struct proc_user user = { 0 };
	struct world *world;
	int helper;

	set_debug_level(&running->options, conf);
	fix_command(running, conf);
	find_user(&running->options, conf, &user);
	if (!running->options.foreground || running->options.background)
		proc_background();
	running->parent_fd = -1;
	if (!running->options.one_process)
		conf = split(running, conf);
	if (!proc_pidfile_write(pid_path))
		log_warn("%s cannot be written", pid_path);
	helper = helper_start(running->options.one_process ? NULL : &user, NULL);
	if (running->options.root) {
		proc_chroot(running->options.root);
		if (access("/bin/sh", X_OK))
			log_warnx("there is no /bin/sh in %s: wall and NOTIFYCMD will tell nobody",
			    running->options.root);
	}
	if (!running->options.one_process)
		proc_become(&user);
	read_keys_or_die(conf);
	world = world_kernel_new(helper);
	if (!world)
		fatalx("out of memory");
	monitor_until_stopped(running, conf, world);
	world_kernel_free(world);
	unlink(pid_path);
	free(running->shutdown_cmd);
	free(running->powerdown_flag);
}

/* `upsmon -c test-notify TYPE [ups]`: one notification through the real path, here and now. */
static int
test_notify(const struct options *options, const char *conf_path, char **words)
{
	enum notify_type type;
	struct monconf *conf = read_conf_or_die(conf_path);
	struct world *world = world_kernel_new(-1);
	struct loop *loop = loop_new(world);
	struct notifier *notifier = notifier_new(loop);
	const char *ups = words[0] && words[1] ? words[1]
			  : conf->monitors_len ? conf->monitors[0].text
					       : "";
	struct buf text = { 0 };
	struct proc_user user;

	if (!words[0] || !notify_type_parse(words[0], &type) || (words[1] && words[2]))
		usage(stderr, 2);
	find_user(options, conf, &user);
	if (!options->one_process)
		proc_become(&user);
	if (!notifier ||
	    !notify_format(&text,
		conf->notify[type].message ? conf->notify[type].message
					   : notify_stock_message(type),
		ups, "test") ||
	    !buf_add(&text, "", 1))
		fatalx("out of memory");
	printf("%s: %s%s%s%s: %s\n", notify_name(type), conf->notify[type].flags ? "" : "IGNORE",
	    conf->notify[type].flags & NOTIFY_SYSLOG ? "SYSLOG " : "",
	    conf->notify[type].flags & NOTIFY_WALL ? "WALL " : "",
	    conf->notify[type].flags & NOTIFY_EXEC ? "EXEC" : "", buf_bytes(&text));
	notifier_send(
	    notifier, type, conf->notify[type].flags, &conf->notify_cmd, ups, buf_bytes(&text));
	while (notifier_busy(notifier)) {
		loop_step(loop, 50);
		notifier_reap(notifier);
	}
	buf_free(&text);
	notifier_free(notifier);
	loop_free(loop);
	world_kernel_free(world);
	monconf_free(conf);
	return 0;
}

/* -K, at the very end of a shutdown: whatever else is wrong with the file, the flag counts. */
static int
test_flag(const char *conf_path)
{
	char *flag = monconf_read_flag(conf_path);
	bool set = flag && flag_is_set(flag);

	if (!flag)
		fprintf(stderr, "upsmon: there is no POWERDOWNFLAG in %s\n", conf_path);
	free(flag);
	return set ? 0 : 1;
}

int
main(int argc, char **argv)
{
	static struct log_settings log = { .name = "upsmon", .to_stderr = true, .to_syslog = true };
	struct running running = { 0 };
	struct options *options = &running.options;
	char conf_path[PATH_MAX], pid_path[PATH_MAX];
	struct paths paths;

	proc_begin();
	paths_get(&paths);
	parse_options(options, argc, argv);
	log.debug = options->debug;
	log_set(&log);
	snprintf(conf_path, sizeof(conf_path), "%s/upsmon.conf", paths.conf);
	snprintf(pid_path, sizeof(pid_path), "%s/upsmon.pid", paths.pid);
	running.conf_path = options->conf ? options->conf : conf_path;

	if (options->command && !strcmp(options->command, "test-notify"))
		return test_notify(options, running.conf_path, argv + optind);
	if (argv[optind])
		usage(stderr, 2);
	if (options->command)
		return send_command(options, pid_path, running.conf_path);
	if (options->check)
		return check_configuration(running.conf_path, true);
	if (options->test_flag)
		return test_flag(running.conf_path);
	if (proc_pidfile_read(pid_path, "upsmon"))
		fatalx("another upsmon is running (%s)", pid_path);
	run(&running, read_conf_or_die(running.conf_path), pid_path);
	return 0;
}
