/* upsmon's notifications: texts, flags, delivery. */
#include "upsmon/notify.h"

#include "base/log.h"
#include "tests/sim/sim.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
expect_text(const char *message, const char *ups, const char *extra, const char *want)
{
	struct buf text = { 0 };

	cr_assert(notify_format(&text, message, ups, extra) && buf_add(&text, "", 1));
	cr_expect_str_eq(buf_bytes(&text), want);
	buf_free(&text);
}

/* Robustness 79: no other % means anything. */
Test(notify, only_percent_s_is_replaced)
{
	expect_text("UPS %s on battery", "a@h", NULL, "UPS a@h on battery");
	expect_text("UPS %s: alarm: %s", "a@h", "hot", "UPS a@h: alarm: hot");
	expect_text("%s %s %s", "a", "b", "a b ");
	expect_text("100%% %n %d %", "a", NULL, "100% %n %d %");
	expect_text("%s", NULL, NULL, "");
	expect_text("%s", "%s%n", NULL, "%s%n");
}

Test(notify, flags)
{
	unsigned flags = 99;

	cr_expect(notify_flags_parse("SYSLOG+WALL+EXEC", &flags) && flags == 7);
	cr_expect(notify_flags_parse("exec", &flags) && flags == NOTIFY_EXEC);
	cr_expect(notify_flags_parse("IGNORE", &flags) && flags == 0);
	cr_expect_not(notify_flags_parse("SYSLOG+", &flags));
	cr_expect_not(notify_flags_parse("SYSLOG+IGNORE", &flags));
	cr_expect_not(notify_flags_parse("", &flags));
}

Test(notify, each_type_has_a_name_and_a_message)
{
	for (int i = 0; i < NOTIFY_TYPES; i++) {
		enum notify_type type = NOTIFY_TYPES;

		cr_assert(
		    notify_name((enum notify_type)i) && notify_stock_message((enum notify_type)i),
		    "%d", i);
		cr_expect(notify_type_parse(notify_name((enum notify_type)i), &type));
		cr_expect_eq((int)type, i);
	}
}

/* Run COMMAND for a notification and give what it wrote into the file OUT. */
static char *
deliver(const char *command, const char *ups, const char *text)
{
	static char got[512];
	char directory[] = "/tmp/notify.XXXXXX", path[64], script[64];
	char *words[] = { NULL, NULL };
	struct notify_command notify_cmd = { words };
	struct world *world = world_kernel_new(-1);
	struct loop *loop = loop_new(world);
	struct notifier *notifier = notifier_new(loop);
	FILE *file;
	size_t len;

	cr_assert(mkdtemp(directory) && notifier);
	snprintf(path, sizeof(path), "%s/out", directory);
	snprintf(script, sizeof(script), "%s/script", directory);
	file = fopen(script, "w");
	fprintf(file,
	    "#!/bin/sh\nprintf '%%s|%%s|%%s|%%s' \"$NOTIFYTYPE\" \"$UPSNAME\" \"$1\" \"$2\" >%s\n",
	    path);
	fclose(file);
	cr_assert_eq(chmod(script, 0700), 0);
	words[0] = malloc(256);
	{
		const char *hole = strstr(command, "%s");

		snprintf(
		    words[0], 256, "%.*s%s%s", (int)(hole - command), command, script, hole + 2);
	}
	notifier_send(notifier, NOTIFY_ONBATT, NOTIFY_EXEC, &notify_cmd, ups, text);
	for (int i = 0; i < 200 && notifier_busy(notifier); i++) {
		loop_step(loop, 50);
		notifier_reap(notifier);
	}
	cr_expect_eq(notifier_busy(notifier), 0);
	file = fopen(path, "r");
	cr_assert(file, "the command did not run");
	len = fread(got, 1, sizeof(got) - 1, file);
	got[len] = '\0';
	fclose(file);
	unlink(path);
	unlink(script);
	rmdir(directory);
	free(words[0]);
	notifier_free(notifier);
	loop_free(loop);
	world_kernel_free(world);
	return got;
}

/* what a hostile server says is never run. */
Test(notify, the_message_is_an_argument_and_never_a_command)
{
	const char *evil = "x\"; touch /tmp/pwned; $(id) `id` '";

	cr_expect_str_eq(deliver("%s", "a$(id)@h", evil),
	    "ONBATT|a$(id)@h|x\"; touch /tmp/pwned; $(id) `id` '|");
	cr_expect_str_eq(deliver("%s --loud", "a@h", evil),
	    "ONBATT|a@h|--loud|x\"; touch /tmp/pwned; $(id) `id` '");
}

static char told[512];

static void
hear(void *owner, enum log_level level, const char *line)
{
	snprintf(told, sizeof(told), "%s", line);
}

/* The log knows it by its name, be it a shell or not. */
Test(notify, how_a_command_failed_is_told)
{
	static const struct log_settings log = { .sink = hear };
	static const struct {
		char *words[3];
		const char *told;
	} commands[] = {
		{ { (char *)"/bin/sh" }, "/bin/sh ended with status " },
		{ { (char *)"/bin/sh", (char *)"/no/such" }, "/bin/sh ended with status " },
		{ { (char *)"exit 3 ;" }, "NOTIFYCMD ended with status 3" },
		{ { (char *)"/bin/false" }, "/bin/false ended with status 1" },
	};

	log_set(&log);
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		const struct notify_command command = { (char **)(uintptr_t)commands[i].words };
		struct world *world = world_kernel_new(-1);
		struct loop *loop = loop_new(world);
		struct notifier *notifier = notifier_new(loop);

		notifier_send(notifier, NOTIFY_ONBATT, NOTIFY_EXEC, &command, "u", "no such file");
		for (int turn = 0; turn < 200 && notifier_busy(notifier); turn++) {
			loop_step(loop, 50);
			notifier_reap(notifier);
		}
		cr_expect(!strncmp(told, commands[i].told, strlen(commands[i].told)), "%s", told);
		notifier_free(notifier);
		loop_free(loop);
		world_kernel_free(world);
	}
}

/* ---- Many, and some that hang: R-57 ---- */

struct hung {
	struct sim *sim;
	struct notifier *notifier;
	size_t started;
};

static pid_t
count_start(void *owner, const char *where, const struct world_spawn *what)
{
	struct hung *hung = owner;

	hung->started++;
	return sim_new_pid(hung->sim);
}

static void
child_ended(void *owner, int signal)
{
	notifier_reap(((struct hung *)owner)->notifier);
}

static void
send_one(struct notifier *notifier, enum notify_type type, const char *ups)
{
	static char word[] = "/notify", *words[] = { word, NULL };
	const struct notify_command command = { words };

	notifier_send(notifier, type, NOTIFY_EXEC, &command, ups, "text");
}

Test(notify, hung_programs_are_ended_and_the_others_get_their_turn)
{
	struct hung hung = { .sim = sim_new(1) };
	char ups[16];

	hung.notifier = notifier_new(sim_loop(hung.sim, "host"));
	sim_on_spawn(hung.sim, count_start, &hung);
	sim_signals(hung.sim, "host", child_ended, &hung);
	for (int i = 0; i < 1000; i++) {
		snprintf(ups, sizeof(ups), "u%d@h", i);
		send_one(hung.notifier, NOTIFY_ONBATT, ups);
	}
	cr_expect_eq(hung.started, NOTIFY_RUNNING);
	cr_expect_eq(notifier_busy(hung.notifier), NOTIFY_RUNNING + NOTIFY_WAITING);
	sim_run(hung.sim, NOTIFY_TIMEOUT_MS - 1);
	cr_expect_eq(hung.started, NOTIFY_RUNNING);
	sim_run(hung.sim, 1000);
	cr_expect_eq(hung.started, 2 * NOTIFY_RUNNING);
	sim_run(hung.sim, 60 * NOTIFY_TIMEOUT_MS);
	cr_expect_eq(hung.started, NOTIFY_RUNNING + NOTIFY_WAITING);
	cr_expect_eq(notifier_busy(hung.notifier), 0);
	notifier_free(hung.notifier);
	sim_free(hung.sim);
}

/* What was started, in its order. */
struct started {
	struct sim *sim;
	struct notifier *notifier;
	char what[16][80];
	pid_t pid[16];
	size_t len;
};

static pid_t
keep_start(void *owner, const char *where, const struct world_spawn *what)
{
	struct started *started = owner;
	size_t i = started->len++;

	cr_assert_lt(i, 16);
	snprintf(started->what[i], sizeof(started->what[i]), "%s %s", what->env[0], what->env[1]);
	return started->pid[i] = sim_new_pid(started->sim);
}

static void
reap(void *owner, int signal)
{
	notifier_reap(((struct started *)owner)->notifier);
}

/* upssched starts a timer at ONBATT and cancels it at ONLINE: the other way round it would run. */
Test(notify, what_happened_to_one_ups_is_told_in_its_order)
{
	struct started started = { .sim = sim_new(1) };

	started.notifier = notifier_new(sim_loop(started.sim, "host"));
	sim_on_spawn(started.sim, keep_start, &started);
	sim_signals(started.sim, "host", reap, &started);
	send_one(started.notifier, NOTIFY_ONBATT, "a@h");
	send_one(started.notifier, NOTIFY_ONLINE, "a@h");
	send_one(started.notifier, NOTIFY_ONBATT, "b@h");
	send_one(started.notifier, NOTIFY_ONBATT, "a@h");
	sim_run(started.sim, 2500);
	cr_assert_eq(started.len, 2);
	cr_expect_str_eq(started.what[0], "NOTIFYTYPE=ONBATT UPSNAME=a@h");
	cr_expect_str_eq(started.what[1], "NOTIFYTYPE=ONBATT UPSNAME=b@h");
	sim_child_ended(started.sim, "host", started.pid[0], 0);
	sim_run(started.sim, 100);
	cr_assert_eq(started.len, 3);
	cr_expect_str_eq(started.what[2], "NOTIFYTYPE=ONLINE UPSNAME=a@h");
	/* That one hangs. */
	sim_run(started.sim, NOTIFY_ORDER_MS - 200);
	cr_expect_eq(started.len, 3);
	sim_run(started.sim, 1200);
	cr_assert_eq(started.len, 4);
	cr_expect_str_eq(started.what[3], "NOTIFYTYPE=ONBATT UPSNAME=a@h");
	sim_run(started.sim, NOTIFY_TIMEOUT_MS);
	cr_expect_eq(notifier_busy(started.notifier), 0);
	notifier_free(started.notifier);
	sim_free(started.sim);
}

static int
open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) != -1;
	return count;
}

Test(notify, a_thousand_programs_leave_no_descriptor_and_no_zombie)
{
	struct world *world = world_kernel_new(-1);
	struct loop *loop = loop_new(world);
	struct notifier *notifier = notifier_new(loop);
	static char word[] = "/bin/true", *words[] = { word, NULL };
	const struct notify_command command = { words };
	int before = open_descriptors();

	for (int i = 0; i < 1000; i++) {
		notifier_send(notifier, NOTIFY_ONBATT, NOTIFY_EXEC, &command, "u@h", "text");
		notifier_reap(notifier);
		for (int step = 0; notifier_busy(notifier) > 100 && step < 10000; step++) {
			loop_step(loop, 1);
			notifier_reap(notifier);
		}
	}
	for (int step = 0; notifier_busy(notifier) && step < 10000; step++) {
		loop_step(loop, 1);
		notifier_reap(notifier);
	}
	cr_expect_eq(notifier_busy(notifier), 0);
	cr_expect_eq(open_descriptors(), before);
	cr_expect(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	notifier_free(notifier);
	loop_free(loop);
	world_kernel_free(world);
}
