/* What a driver was told: its command line, and what ups.conf and -x may say.  nutupsdrv(8),
 * ups.conf(5). */
#include "drivers/core/drvconf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct driver_option options[] = {
	{ "fast", true, "Hurry up" },
	{ "cable", false, "Which cable" },
	{ NULL, false, NULL },
};
static const struct driver driver = { .name = "some-ups", .options = options };

#define MOST_WORDS 8

/* Words cut at blanks, as a shell does. */
static const char *
parse(struct drvconf_args *args, const char *line, const char **where)
{
	static char text[200];
	char *argv[MOST_WORDS + 2] = { "some-ups" }, *save = NULL;
	int argc = 1;

	snprintf(text, sizeof(text), "%s", line);
	for (char *word = strtok_r(text, " ", &save); word && argc <= MOST_WORDS;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	return drvconf_args_parse(args, argc, argv, where);
}

static struct drvconf_args
taken(const char *line)
{
	struct drvconf_args args;
	const char *where, *error = parse(&args, line, &where);

	cr_assert_null(error, "%s: %s: %s", line, where, error);
	return args;
}

Test(drvconf, letters_stand_alone_or_together_and_values_at_once_or_behind)
{
	struct drvconf_args args = taken("-a u -DDq -FF -i5 -u nut -gdialout");

	cr_expect_str_eq(args.ups_name, "u");
	cr_expect(!args.no_file);
	cr_expect_eq(args.debug, 2);
	cr_expect_eq(args.quiet, 1);
	cr_expect_eq(args.foreground, 2);
	cr_expect_eq(args.poll_seconds, 5);
	cr_expect_str_eq(args.user, "nut");
	cr_expect_str_eq(args.group, "dialout");
	cr_expect_eq(args.task, DRVCONF_RUN);
	drvconf_args_free(&args);

	args = taken("-s u -x port=x -xfast -r /jail -B");
	cr_expect(args.no_file);
	cr_expect_eq(args.settings_len, 2);
	cr_expect_str_eq(args.settings[0], "port=x");
	cr_expect_str_eq(args.settings[1], "fast");
	cr_expect_str_eq(args.chroot, "/jail");
	cr_expect_eq(args.foreground, -1);
	drvconf_args_free(&args);
}

Test(drvconf, each_task_has_its_option)
{
	static const struct {
		const char *line;
		enum drvconf_task task;
	} cases[] = {
		{ "-a u -k", DRVCONF_SHUTDOWN },
		{ "-a u -c reload-or-exit", DRVCONF_COMMAND },
		/* These need no UPS, and whatever follows is not looked at. */
		{ "-h -Z", DRVCONF_HELP },
		{ "-V", DRVCONF_VERSION },
		{ "-L", DRVCONF_LIST_OPTIONS },
		{ "--list-ids", DRVCONF_LIST_IDS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct drvconf_args args = taken(cases[i].line);

		cr_expect_eq(args.task, cases[i].task, "%s", cases[i].line);
		drvconf_args_free(&args);
	}
}

Test(drvconf, a_command_is_given_by_signal_to_a_pid_as_well)
{
	struct drvconf_args args = taken("-a u -c exit -P 4711");

	cr_expect_str_eq(args.command, "exit");
	cr_expect_eq(args.command_pid, 4711);
	drvconf_args_free(&args);
}

/* The word at fault is named. */
Test(drvconf, a_wrong_command_line_is_refused)
{
	static const struct {
		const char *line, *where, *error;
	} cases[] = {
		{ "", "-a", "is needed" },
		{ "-k", "-a", "is needed" },
		{ "u", "u", "not an option" },
		{ "-a u -", "-", "not an option" },
		{ "-a", "-a", "needs a value" },
		{ "-a u -s v", "-s", "one of -a and -s" },
		{ "-a a/b", "-a", "not a UPS name" },
		{ "-a u -Z", "-Z", "no such option" },
		{ "-a u -c jump", "-c", "no such command" },
		{ "-a u -k -c exit", "-c", "combined" },
		{ "-a u -c exit -k", "-k", "combined" },
		{ "-a u -F -B", "-B", "contradict" },
		{ "-a u -BF", "-BF", "contradict" },
		{ "-a u -i 0", "-i", "poll interval" },
		{ "-a u -i 2s", "-i", "poll interval" },
		{ "-a u -d 0", "-d", "number of updates" },
		{ "-a u -c exit -P 1", "-P", "not a pid" },
		{ "-a u -c exit -P me", "-P", "not a pid" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct drvconf_args args;
		const char *where, *error = parse(&args, cases[i].line, &where);

		cr_expect(error && strstr(error, cases[i].error), "%s: %s", cases[i].line,
		    error ? error : "taken");
		cr_expect(strncmp(where, cases[i].where, strlen(cases[i].where)) == 0, "%s: %s",
		    cases[i].line, where);
		drvconf_args_free(&args);
	}
}

/* One -x each. */
static struct drvconf *
told(struct faults *faults, const char *const *settings)
{
	struct drvconf_args args = { .ups_name = "u", .no_file = true, .settings = settings };

	while (settings[args.settings_len])
		args.settings_len++;
	return drvconf_read(&driver, &args, "/etc/nut/ups.conf", faults);
}

Test(drvconf, x_gives_values_and_flags)
{
	const char *settings[] = { "port=a=b", "fast", "cable=940", "cable=941", "allow_killpower",
		"override.battery.charge.low=30", "pollinterval=7", "staletime=13", "debug_min=3",
		"ignorelb", NULL };
	struct faults faults = { 0 };
	struct drvconf *conf = told(&faults, settings);

	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_str_eq(conf->port, "a=b");
	cr_expect_str_eq(conf->dir, "/etc/nut");
	cr_expect(drvconf_find(conf, "fast")->flag);
	cr_expect_str_eq(drvconf_find(conf, "cable")->value, "941", "the last one counts");
	cr_expect(conf->allow_killpower);
	cr_expect(conf->ignorelb);
	cr_expect_eq(conf->poll_ms, 7000);
	cr_expect_eq(conf->stale_ms, 13000);
	cr_expect_eq(drvconf_debug(conf), 3);
	cr_expect_str_eq(drvconf_variable(&conf->values[5], "override."), "battery.charge.low");
	drvconf_free(conf);
	faults_free(&faults);
}

Test(drvconf, what_no_driver_can_do_with_a_value_is_a_fault)
{
	static const struct {
		const char *setting, *fault;
	} cases[] = {
		{ "colour=red", "colour: not an option of some-ups" },
		{ "cable", "cable: needs a value" },
		{ "pollinterval=0", "pollinterval: not a number from 1 to 3600" },
		{ "staletime=14", "staletime: not a number from 1 to 13" },
		{ "debug_min=loud", "debug_min: not a number" },
		{ "allow_killpower=perhaps", "allow_killpower: write yes or no" },
		{ "default.driver.name=x", "default.driver.name: not a variable" },
		{ "override.a b=x", "override.a b: not a variable" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *settings[] = { "port=x", cases[i].setting, NULL };
		struct faults faults = { 0 };

		cr_expect_null(told(&faults, settings), "%s", cases[i].setting);
		cr_expect(strstr(faults_first(&faults), cases[i].fault), "%s: %s", cases[i].setting,
		    faults_first(&faults));
		faults_free(&faults);
	}
}

Test(drvconf, a_port_is_needed)
{
	const char *settings[] = { "fast", NULL };
	struct faults faults = { 0 };

	cr_expect_null(told(&faults, settings));
	cr_expect(strstr(faults_first(&faults), "port: not given"), "%s", faults_first(&faults));
	faults_free(&faults);
}

/* What stands above the first section of ups.conf is for those that say nothing else. */
Test(drvconf, globals_count_where_the_section_is_silent)
{
	char path[] = "/tmp/drvconf.XXXXXX";
	const char *text =
	    "pollinterval = 9\nmaxstartdelay = 4\nuser = nut\ngroup = ups\nstatepath = /s\n"
	    "[u]\n\tdriver = some-ups\n\tport = p\n\tgroup = own\n";
	struct drvconf_args args = { .ups_name = "u", .user = "me" };
	struct faults faults = { 0 };
	struct drvconf *conf;
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	conf = drvconf_read(&driver, &args, path, &faults);
	unlink(path);
	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_eq(conf->poll_ms, 9000);
	cr_expect_eq(conf->start_s, 4);
	cr_expect_str_eq(conf->user, "me", "-u before the file");
	cr_expect_str_eq(conf->group, "own");
	cr_expect_str_eq(conf->statepath, "/s");
	drvconf_free(conf);

	args.ups_name = "v";
	cr_expect_null(drvconf_read(&driver, &args, "/nowhere/ups.conf", &faults));
	faults_free(&faults);
}
