/* upssched's timers, in virtual time; each request comes on a connection of its own, as it does
 * from each run of upssched. */
#include "tests/sim/sim.h"
#include "upssched/timers.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stage {
	struct sim *sim;
	struct loop *loop, *caller;
	struct timers *timers;
	struct addr at;
	char ran[4096]; /* "argument type ups|" of each CMDSCRIPT */
	unsigned idle;
};

static pid_t
started(void *owner, const char *where, const struct world_spawn *what)
{
	struct stage *stage = owner;
	size_t used = strlen(stage->ran), words = 0;
	pid_t pid = sim_new_pid(stage->sim);

	while (what->argv[words])
		words++;
	snprintf(stage->ran + used, sizeof(stage->ran) - used, "%s %s %s|", what->argv[words - 1],
	    what->env[0] + strlen("NOTIFYTYPE="), what->env[1] + strlen("UPSNAME="));
	return pid;
}

static void
idle(void *owner)
{
	((struct stage *)owner)->idle++;
}

static struct stage *
begin(void)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct timers_settings settings = { "/cmd with arguments", idle, stage };
	const struct world *world;

	stage->sim = sim_new(1);
	stage->loop = sim_loop(stage->sim, "host/timers");
	stage->caller = sim_loop(stage->sim, "host/upssched");
	world = loop_world(stage->loop);
	cr_assert(addr_unix(&stage->at, "/pipe"));
	stage->timers = timers_new(
	    stage->loop, world->listen(world->owner, &stage->at, false, 0600), &settings);
	cr_assert(stage->timers);
	sim_on_spawn(stage->sim, started, stage);
	return stage;
}

static void
end(struct stage *stage)
{
	timers_free(stage->timers);
	sim_free(stage->sim);
	free(stage);
}

/* One run of upssched: the answer to REQUEST. */
static const char *
ask(struct stage *stage, const char *request)
{
	static char answer[8192];
	const struct world *world = loop_world(stage->caller);
	int fd = world->connect(world->owner, &stage->at);
	size_t used = 0;
	ssize_t len;

	cr_assert(fd != -1);
	cr_assert_eq(
	    world->write(world->owner, fd, request, strlen(request)), (ssize_t)strlen(request));
	sim_run(stage->sim, 0);
	while ((len = world->read(world->owner, fd, answer + used, sizeof(answer) - 1 - used)) > 0)
		used += (size_t)len;
	answer[used] = '\0';
	world->close(world->owner, fd);
	return answer;
}

static void
good(struct stage *stage, const char *request)
{
	cr_expect_str_eq(ask(stage, request), "OK\n", "%s", request);
}

Test(timers, one_that_elapses_runs_the_script_once)
{
	struct stage *stage = begin();

	good(stage, "START t 30 ONBATT a\n");
	sim_run(stage->sim, 29000);
	cr_expect_str_eq(stage->ran, "");
	cr_expect_str_eq(ask(stage, "LIST\n"), "TIMER \"t\" 1 \"a\"\nOK\n");
	sim_run(stage->sim, 60000);
	cr_expect_str_eq(stage->ran, "t ONBATT a|");
	end(stage);
}

/* NOCOMM comes again and again: what it began must come to its end. */
Test(timers, a_second_start_does_not_put_off_the_first)
{
	struct stage *stage = begin();

	for (int i = 0; i < 4; i++) {
		good(stage, "START gone 600 NOCOMM a\n");
		sim_run(stage->sim, 299000);
	}
	cr_expect_str_eq(stage->ran, "gone NOCOMM a|");
	end(stage);
}

Test(timers, cancelled_in_time_or_too_late)
{
	struct stage *stage = begin();

	good(stage, "START t 30 ONBATT a\n");
	good(stage, "CANCEL t ONLINE a late\n");
	sim_run(stage->sim, 60000);
	cr_expect_str_eq(stage->ran, "");
	good(stage, "CANCEL t ONLINE a\n");
	cr_expect_str_eq(stage->ran, "");
	good(stage, "CANCEL t ONLINE a \"too late\"\n");
	cr_expect_str_eq(stage->ran, "too late ONLINE a|");
	end(stage);
}

Test(timers, each_ups_has_its_own_but_shared_ones_are_one)
{
	struct stage *stage = begin();

	good(stage, "START t 30 ONBATT a\n");
	good(stage, "START t 40 ONBATT b\n");
	good(stage, "CANCEL t ONLINE a\n");
	sim_run(stage->sim, 50000);
	cr_expect_str_eq(stage->ran, "t ONBATT b|");
	stage->ran[0] = '\0';
	good(stage, "START-SHARED s 30 ONBATT a\n");
	good(stage, "START-SHARED s 30 ONBATT b\n");
	sim_run(stage->sim, 50000);
	cr_expect_str_eq(stage->ran, "s ONBATT a|");
	good(stage, "START-SHARED s 30 ONBATT a\n");
	good(stage, "CANCEL s ONLINE b\n");
	sim_run(stage->sim, 50000);
	cr_expect_str_eq(stage->ran, "s ONBATT a|");
	end(stage);
}

Test(timers, cancelled_by_pattern)
{
	struct stage *stage = begin();

	good(stage, "START off-1 30 ONBATT a\n");
	good(stage, "START off-2 30 ONBATT b\n");
	good(stage, "START on 30 ONBATT b\n");
	good(stage, "CANCEL-MATCHED off-*\n");
	sim_run(stage->sim, 31000);
	cr_expect_str_eq(stage->ran, "on ONBATT b|");
	end(stage);
}

Test(timers, what_it_does_not_understand_changes_nothing)
{
	static const char *const bad[] = { "\n", "START t\n", "START t x ONBATT a\n",
		"START t -1 ONBATT a\n", "CANCEL t\n", "STOP\n", "LIST t\n", "START \"t\n",
		"START t 5 ONBATT \x01\n" };
	struct stage *stage = begin();

	good(stage, "START t 30 ONBATT a\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect(!strncmp(ask(stage, bad[i]), "ERR ", 4), "%s", bad[i]);
	sim_run(stage->sim, 31000);
	cr_expect_str_eq(stage->ran, "t ONBATT a|");
	end(stage);
}

/* The lock may be held by somebody who then does not call: it is told again. */
Test(timers, idle_is_told_until_it_ends)
{
	struct stage *stage = begin();

	good(stage, "START t 1 ONBATT a\n");
	sim_run(stage->sim, 500);
	cr_expect_eq(stage->idle, 0);
	sim_run(stage->sim, 2000);
	cr_expect_eq(stage->idle, 1);
	sim_run(stage->sim, 10000);
	cr_expect_gt(stage->idle, 1);
	end(stage);
}

Test(timers, a_thousand_and_no_more)
{
	struct stage *stage = begin();
	char line[64];

	for (int i = 0; i < TIMERS_MAX; i++) {
		snprintf(line, sizeof(line), "START t%d 30 ONBATT a\n", i);
		good(stage, line);
	}
	cr_expect_str_eq(ask(stage, "START more 30 ONBATT a\n"), "ERR too many timers\n");
	good(stage, "CANCEL-MATCHED *\n");
	good(stage, "START more 30 ONBATT a\n");
	end(stage);
}
