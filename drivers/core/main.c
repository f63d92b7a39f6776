/* main.c - one driver program.  Compiled once for each, with -DTHIS_DRIVER=nutdrv_qx_driver. */
#include "drivers/core/core.h"
#include "drivers/core/instance.h"

#include "base/confine.h"
#include "base/helper.h"
#include "base/proc.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const struct driver THIS_DRIVER;

#define COMMAND_MS 10000 /* -c waits so long for its answer */
#define KILLPOWER_MS 45000

struct program {
	const struct driver *driver;
	struct drvconf_args args;
	struct paths paths;
	char conf_path[PATH_MAX], socket[PATH_MAX], pidfile[PATH_MAX];
	struct world *world;
	struct loop *loop;
	struct core *core;
	struct timer watchdog;
	gid_t group; /* of the socket */
	int helper;
	bool background, over, wrote_pid;
	int status;
};

/* --- what the core calls ----------------------------------------------------------------- */

static void
on_ready(void *owner)
{
	struct program *program = owner;

	log_info("[%s] started", program->args.ups_name);
	if (program->background)
		proc_ready();
	proc_notify("READY=1");
}

static void
on_over(void *owner, int status)
{
	struct program *program = owner;

	program->over = true;
	program->status = status;
	proc_notify("STOPPING=1");
	loop_stop(program->loop);
}

/* -d: as upsc would show it. */
static void
on_round(void *owner)
{
	struct program *program = owner;
	struct state *state = publish_state(program->core->publish);
	size_t len;
	const struct state_var *const *vars = state_vars(state, &len);

	if (!program->args.dump_rounds ||
	    program->core->rounds < (unsigned)program->args.dump_rounds)
		return;
	for (size_t i = 0; i < len; i++) {
		printf("%s: ", vars[i]->name);
		puts(state_get(state, vars[i]->name));
	}
	fflush(stdout);
	core_stop(program->core, 0);
}

static struct drvconf *
on_reread(void *owner)
{
	struct program *program = owner;
	struct faults faults = { 0 };
	struct drvconf *conf =
	    drvconf_read(program->driver, &program->args, program->conf_path, &faults);

	faults_log(&faults);
	faults_free(&faults);
	return conf;
}

static const struct core_calls program_calls = {
	.ready = on_ready, .over = on_over, .round = on_round, .reread = on_reread
};

static void
on_signal(void *owner, int signal)
{
	struct program *program = owner;

	switch (signal) {
	case SIGHUP:
		core_command(program->core, "reload");
		return;
	case SIGUSR1:
		core_command(program->core, "reload-or-exit");
		return;
	default:
		log_info("[%s] signal %d: exiting", program->args.ups_name, signal);
		core_stop(program->core, 0);
	}
}

/* systemd wants to hear that the loop turns. */
static void
on_watchdog(void *owner)
{
	struct program *program = owner;

	proc_notify("WATCHDOG=1");
	loop_timer_in(program->loop, &program->watchdog, proc_watchdog_ms());
}

/* --- start ------------------------------------------------------------------------------- */

static void
print_banner(const struct driver *driver)
{
	printf("Network UPS Tools - %s %s (%s)\n", driver->name, driver->version, NUT_VERSION);
	fflush(stdout);
}

static void
set_up_log(struct program *program)
{
	static const enum log_level levels[] = { LOG_LEVEL_INFO, LOG_LEVEL_NOTICE,
		LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
	const char *debug = getenv("NUT_DEBUG_LEVEL");
	long level;

	if (debug && conffile_number(debug, 0, 9, &level) && level > program->args.debug)
		program->args.debug = (int)level;
	log_set(&(struct log_settings){ .name = program->driver->name,
	    .to_stderr = true,
	    .to_syslog = program->background,
	    .debug = program->args.debug,
	    .quietest = levels[program->args.quiet < 3 ? program->args.quiet : 3] });
	log_open();
}

static void
parse_arguments(struct program *program, int argc, char **argv)
{
	const char *where, *error = drvconf_args_parse(&program->args, argc, argv, &where);
	const struct drvconf_args *args = &program->args;

	if (error) {
		fprintf(stderr, "%s: %s: %s\n", program->driver->name, where, error);
		exit(1);
	}
	if (args->task == DRVCONF_LIST_IDS) {
		drvconf_print_ids(program->driver);
		exit(0);
	}
	if (args->task == DRVCONF_HELP || args->task == DRVCONF_VERSION ||
	    args->task == DRVCONF_LIST_OPTIONS) {
		print_banner(program->driver);
		if (args->task == DRVCONF_HELP)
			drvconf_print_help(program->driver);
		if (args->task == DRVCONF_LIST_OPTIONS)
			drvconf_print_options(program->driver);
		exit(0);
	}
	/* -D and -d stay in the foreground, unless -B says otherwise; -k and -c always do. */
	program->background = args->task == DRVCONF_RUN && args->foreground <= 0 &&
			      (args->foreground < 0 || (!args->debug && !args->dump_rounds));
}

static void
name_files(struct program *program, const struct drvconf *conf)
{
	const char *driver = program->driver->name, *ups = program->args.ups_name;
	const char *state = program->paths.state;

	if (conf && conf->statepath && !getenv("NUT_STATEPATH"))
		state = conf->statepath;

	if ((size_t)snprintf(program->socket, sizeof(program->socket), "%s/%s-%s", state, driver,
		ups) >= sizeof(program->socket) ||
	    (size_t)snprintf(program->pidfile, sizeof(program->pidfile), "%s/%s-%s.pid",
		program->paths.altpid, driver, ups) >= sizeof(program->pidfile))
		fatalx("the state path is too long");
}

static struct instance
other_instance(const struct program *program)
{
	return (struct instance){ .loop = program->loop,
		.socket = program->socket,
		.pidfile = program->pidfile,
		.program = program->driver->name };
}

/* The group of the socket; (gid_t)-1: the one we run as. */
static gid_t
find_group(const struct program *program, const struct drvconf *conf, bool stay_root)
{
	struct group *group;

	if (conf->group) {
		if (!(group = getgrnam(conf->group)))
			fatalx("there is no group %s", conf->group);
		return group->gr_gid;
	}
	/* Only who stays root has a group that upsd is surely not in. */
	if (!stay_root || !(group = getgrnam(program->paths.group)))
		return (gid_t)-1;
	return group->gr_gid;
}

/* Where everybody may put a socket, upsd would not believe ours. */
static void
check_folder(const struct program *program)
{
	const char *open_files = getenv("NUT_ALLOW_OPEN_FILES");
	struct faults faults = { 0 };
	char folder[PATH_MAX];
	bool allow = false;

	if (open_files)
		conffile_bool(open_files, &allow);
	snprintf(folder, sizeof(folder), "%s", program->socket);
	*strrchr(folder, '/') = '\0';
	conffile_check_folder(folder, allow, &faults);
	faults_log(&faults);
	if (faults.faults)
		exit(1);
	faults_free(&faults);
}

/* User, group and chroot, as the command line, ups.conf and the build say.  What is looked up in
 * the system's files is looked up before the chroot. */
static void
drop_privileges(struct program *program, const struct drvconf *conf)
{
	const char *name = conf->user ? conf->user : program->paths.user;
	struct proc_user user;
	bool root = geteuid() == 0;

	if (root && !proc_user_find(&user, name))
		fatalx("there is no user %s; see -u", name);
	program->group = find_group(program, conf, root && user.uid == 0);
	if (program->driver->needs_helper && program->driver->needs_helper(conf->port) &&
	    (program->helper = helper_start(root ? &user : NULL, NULL)) == -1)
		fatal("cannot start the helper");
	if (conf->chroot)
		proc_chroot(conf->chroot);
	/* Who is no member of the socket's group could not give the socket to it. */
	if (root && program->group != (gid_t)-1 && !proc_user_join(&user, program->group))
		log_warnx("user %s is in too many groups to be in %s too", user.name, conf->group);
	/* -c opens no device and serves nobody; root may tell a driver of any user. */
	if (root && program->args.task != DRVCONF_COMMAND)
		proc_become(&user);
}

/* --- the tasks --------------------------------------------------------------------------- */

/* -c with -P, or when nobody answers at the socket. */
static int
command_by_signal(const struct program *program, pid_t pid)
{
	static const struct {
		const char *command;
		int signal;
	} signals[] = { { "reload", SIGHUP }, { "reload-or-exit", SIGUSR1 }, { "exit", SIGTERM } };
	const char *command = program->args.command;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].command, command) == 0) {
			if (kill(pid, signals[i].signal) == 0)
				return 0;
			log_warn("pid %ld", (long)pid);
			return 1;
		}
	log_error("%s cannot be sent as a signal", command);
	return 1;
}

static int
run_command(const struct program *program)
{
	struct instance instance = other_instance(program);
	char order[64];
	pid_t pid;

	if (program->args.command_pid)
		return command_by_signal(program, (pid_t)program->args.command_pid);
	snprintf(order, sizeof(order), "INSTCMD driver.%s", program->args.command);
	switch (instance_ask(&instance, order, COMMAND_MS)) {
	case INSTANCE_DONE:
		return 0;
	case INSTANCE_FAILED:
		log_error("the driver refused; its log says why");
		return 1;
	case INSTANCE_MUTE:
		log_error("the driver does not answer");
		return 1;
	default:
		if ((pid = instance_pid(&instance)))
			return command_by_signal(program, pid);
		log_error("no driver runs for %s", program->args.ups_name);
		return 1;
	}
}

/* -k with a driver that runs: it has the device, so it is asked; true when it has done it. */
static bool
killed_by_instance(const struct instance *instance)
{
	if (instance_ask(instance, "SET driver.flag.allow_killpower 1", COMMAND_MS) !=
	    INSTANCE_DONE)
		return false;
	if (instance_ask(instance, "INSTCMD driver.killpower", KILLPOWER_MS) != INSTANCE_DONE)
		return false;
	log_notice(
	    "the running driver gave the order; its log tells if the UPS did not confirm it");
	return true;
}

/* Room for us: the other instance is gone, or it has done what was wanted. */
static bool
make_room(struct program *program)
{
	struct instance instance = other_instance(program);

	if (program->args.dump_rounds)
		return true;
	if (program->args.task == DRVCONF_SHUTDOWN && killed_by_instance(&instance)) {
		program->over = true;
		return true;
	}
	if (!instance_end(&instance)) {
		log_error("another instance does not exit");
		return false;
	}
	return true;
}

static bool
open_socket(struct program *program)
{
	if (program->args.task == DRVCONF_SHUTDOWN || program->args.dump_rounds)
		return true;
	if (publish_listen(program->core->publish, program->socket, program->group))
		return true;
	log_warn("%s: cannot serve there", program->socket);
	return false;
}

static void
write_pidfile(struct program *program)
{
	if (!program->background && program->args.foreground < 2)
		return;
	program->wrote_pid = proc_pidfile_write(program->pidfile);
	if (!program->wrote_pid)
		log_warn("%s: cannot write the pid file", program->pidfile);
}

/* Before the device is opened for the first time: what can be done then can be done again. */
static void
confine_driver(const struct program *program)
{
	const struct confine_call *tables[8] = { confine_common };
	const struct confine_call *const *own = program->driver->calls;
	const struct carrier *carrier = program->core->carrier;
	size_t len = 1;

	if (carrier && carrier->calls)
		tables[len++] = carrier->calls;
	while (own && *own)
		tables[len++] = *own++;
	confine(tables);
}

static int
run(struct program *program, struct drvconf *conf)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, 0 };
	bool shutting_down = program->args.task == DRVCONF_SHUTDOWN;

	program->core = core_new(program->driver, conf, program->loop, &program_calls, program);
	if (!program->core || !make_room(program))
		return 1;
	if (program->over) /* -k: the other instance has done it */
		return 0;
	if (!open_socket(program))
		return 1;
	write_pidfile(program);
	proc_signals(program->loop, signals, on_signal, program);
	program->watchdog = (struct timer){ .fire = on_watchdog, .owner = program };
	if (proc_watchdog_ms())
		on_watchdog(program);
	confine_driver(program);
	core_begin(program->core, shutting_down);
	if (!program->over)
		loop_run(program->loop);
	loop_timer_clear(program->loop, &program->watchdog);
	proc_signals_end(program->loop);
	if (program->wrote_pid)
		unlink(program->pidfile);
	return program->status;
}

int
main(int argc, char **argv)
{
	static struct program program = { .driver = &THIS_DRIVER, .helper = -1 };
	struct drvconf *conf;
	int status;

	proc_begin();
	paths_get(&program.paths);
	parse_arguments(&program, argc, argv);
	set_up_log(&program);
	if (program.args.task != DRVCONF_COMMAND && !getenv("NUT_QUIET_INIT_BANNER"))
		print_banner(program.driver);
	snprintf(program.conf_path, sizeof(program.conf_path), "%s/ups.conf", program.paths.conf);
	/* A running driver can be told to exit whatever has become of ups.conf. */
	conf = on_reread(&program);
	if (!conf && !(program.args.command && strcmp(program.args.command, "exit") == 0))
		return 1;
	name_files(&program, conf);
	if (program.background)
		proc_background();
	if (conf) {
		log_debug_level(drvconf_debug(conf));
		drop_privileges(&program, conf);
		if (program.args.task == DRVCONF_RUN)
			check_folder(&program);
	}
	program.world = world_kernel_new(program.helper);
	program.loop = program.world ? loop_new(program.world) : NULL;
	if (!program.loop)
		fatalx("out of memory");
	if (program.args.task == DRVCONF_COMMAND) {
		status = run_command(&program);
		drvconf_free(conf);
	} else {
		status = run(&program, conf);
	}
	core_free(program.core);
	loop_free(program.loop);
	world_kernel_free(program.world);
	drvconf_args_free(&program.args);
	return status;
}
