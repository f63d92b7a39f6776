/* main.c - upsdrvctl(8): options, and one run of drvctl. */
#include "upsdrvctl/drvctl.h"

#include "base/log.h"
#include "base/proc.h"
#include "ups/paths.h"

#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
    "usage: upsdrvctl [-BDdFt] [-r dir] [-u user] start|stop|shutdown|status|list [ups]\n"
    "       upsdrvctl [options] -c command [ups]    reload, reload-or-error, reload-or-exit, exit\n"
    "       upsdrvctl -l [ups]\n"
    "  -B  drivers in the background even with -d      -D  more debug messages of upsdrvctl\n"
    "  -d  pass -D on to the drivers                   -F  drivers in the foreground\n"
    "  -r  chroot the drivers to dir                   -t  say what would be done\n"
    "  -u  run the drivers as user                     -V  version\n";

struct options {
	struct drvctl_settings settings;
	const char *pass[DRVCTL_PASS_MAX + 1]; /* NULL-ended */
	size_t pass_len;
	const char *root; /* where the drivers are; upsdrvctl itself stays outside */
	int debug, debug_drivers;
	bool list;
};

static void
usage(FILE *to, int status)
{
	fputs(usage_text, to);
	exit(status);
}

static void
pass(struct options *options, const char *word)
{
	if (options->pass_len == DRVCTL_PASS_MAX) {
		fputs("upsdrvctl: too many options for the drivers\n", stderr);
		exit(2);
	}
	options->pass[options->pass_len++] = word;
}

static void
parse_options(struct options *out, int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "+BDdFtlVhc:r:u:")) != -1) {
		switch (option) {
		case 'B':
			pass(out, "-B");
			break;
		case 'D':
			out->debug++;
			break;
		case 'd':
			out->debug_drivers++;
			break;
		case 'F':
			pass(out, "-F");
			out->settings.stay = true;
			break;
		case 't':
			out->settings.dry_run = true;
			break;
		case 'l':
			out->list = true;
			break;
		case 'c':
			out->settings.action = DRVCTL_COMMAND;
			out->settings.command = optarg;
			break;
		case 'r':
			out->root = optarg;
			pass(out, "-r");
			pass(out, optarg);
			break;
		case 'u':
			pass(out, "-u");
			pass(out, optarg);
			break;
		case 'V':
			paths_print_version("upsdrvctl");
			exit(0);
		case 'h':
			usage(stdout, 0);
			break;
		default:
			usage(stderr, 2);
		}
	}
	for (int i = 0; i < out->debug_drivers; i++)
		pass(out, "-D");
}

static bool
parse_action(struct options *out, const char *word)
{
	static const struct {
		const char *name;
		enum drvctl_action action;
	} actions[] = { { "start", DRVCTL_START }, { "stop", DRVCTL_STOP },
		{ "shutdown", DRVCTL_SHUTDOWN }, { "status", DRVCTL_STATUS } };

	if (!strcmp(word, "list")) {
		out->list = true;
		return true;
	}
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (!strcmp(word, actions[i].name)) {
			out->settings.action = actions[i].action;
			return true;
		}
	return false;
}

static int
list(const struct upsconf *conf, const char *only)
{
	bool any = false;

	for (size_t i = 0; i < conf->ups_len; i++)
		if (!only || !strcasecmp(only, conf->ups[i].name)) {
			printf("%s\n", conf->ups[i].name);
			any = true;
		}
	return any ? 0 : 1;
}

static void
got_signal(void *owner, int signal)
{
	drvctl_reap(owner);
}

static int
run(const struct options *options, const struct upsconf *conf, const char *only)
{
	static const int signals[] = { SIGCHLD, 0 };
	struct world *world = world_kernel_new(-1);
	struct loop *loop = world ? loop_new(world) : NULL;
	struct drvctl *ctl = loop ? drvctl_new(loop, conf, only, &options->settings) : NULL;
	unsigned failures;
	bool done;

	if (!ctl)
		fatalx("out of memory");
	proc_signals(loop, signals, got_signal, ctl);
	if (options->settings.action == DRVCTL_STATUS)
		printf("%-20s %-16s %-8s %8s %-12s %8s %s\n", "UPSNAME", "UPSDRV", "RUNNING",
		    "PF_PID", "S_RESPONSIVE", "S_PID", "S_STATUS");
	drvctl_run(ctl, &done);
	loop_run_until(loop, &done, -1); /* each job has deadlines of its own */
	failures = drvctl_failures(ctl);
	proc_signals_end(loop);
	drvctl_free(ctl);
	loop_free(loop);
	world_kernel_free(world);
	return failures ? 1 : 0;
}

/* Where PATH of the drivers' world is in ours. */
static const char *
inside(const struct options *options, const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s%s", options->root ? options->root : "", path);
	return out;
}

int
main(int argc, char **argv)
{
	static struct log_settings log = { .name = "upsdrvctl", .to_stderr = true };
	struct options options = { 0 };
	struct faults faults = { 0 };
	struct upsconf *conf;
	const char *only;
	char path[PATH_MAX], state_path[PATH_MAX], altpid_path[PATH_MAX];
	struct paths paths;
	int status;

	proc_begin();
	paths_get(&paths);
	parse_options(&options, argc, argv);
	log.debug = options.debug;
	log_set(&log);
	argv += optind;
	if (!options.settings.command && !options.list &&
	    (!*argv || !parse_action(&options, *argv++)))
		usage(stderr, 2);
	only = *argv ? *argv++ : NULL;
	if (*argv)
		usage(stderr, 2);

	snprintf(path, sizeof(path), "%s/ups.conf", paths.conf);
	conf = upsconf_read(path, &faults);
	/* At the end of a shutdown nobody is there to mend a file: what can be switched off is. */
	if (conf && options.settings.action == DRVCTL_SHUTDOWN && !options.list)
		faults_forgive(&faults);
	faults_log(&faults);
	if (!conf || faults.faults)
		fatalx("%s cannot be used", path);
	if (!conf->ups_len)
		fatalx("no UPS is defined in %s", path);
	if (only && !upsconf_find(conf, only))
		fatalx("no UPS is called %s in %s", only, path);
	if (getenv("NUT_IGNORE_NOWAIT"))
		conffile_bool(getenv("NUT_IGNORE_NOWAIT"), &options.settings.always_wait);
	options.settings.driver_path = paths.driver;
	options.settings.state_path = inside(&options, paths.state, state_path);
	options.settings.altpid_path = inside(&options, paths.altpid, altpid_path);
	options.settings.pass = options.pass;
	status = options.list ? list(conf, only) : run(&options, conf, only);
	upsconf_free(conf);
	faults_free(&faults);
	return status;
}
