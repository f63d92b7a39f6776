#include "base/loop.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A world with a clock that a test moves, and the kernel's descriptors. */
struct test_world {
	struct world world;
	struct world *kernel;
	int64_t now_ms;
	int64_t oversleep_ms; /* how much longer the next poll takes */
	int timeout_ms;	      /* what poll was asked for last */
	int64_t slept_ms;     /* how long the host has been suspended */
};

static int64_t
clock_ms(void *owner)
{
	return ((struct test_world *)owner)->now_ms;
}

static int64_t
boot_ms(void *owner)
{
	const struct test_world *world = owner;

	return world->now_ms + world->slept_ms;
}

static int
poll_now(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	struct test_world *test = owner;
	int found = test->kernel->poll(test->kernel->owner, fds, len, 0, ready);

	test->timeout_ms = timeout_ms;
	if (found == 0 && timeout_ms > 0)
		test->now_ms += timeout_ms;
	test->now_ms += test->oversleep_ms;
	test->oversleep_ms = 0;
	return found;
}

static struct test_world test;

static struct loop *
new_loop(void)
{
	test.kernel = world_kernel_new(-1);
	test.world = *test.kernel;
	test.world.owner = &test;
	test.world.clock_ms = clock_ms;
	test.world.wall_ms = clock_ms;
	test.world.boot_ms = boot_ms;
	test.world.poll = poll_now;
	return loop_new(&test.world);
}

static void
end(struct loop *loop)
{
	loop_free(loop);
	world_kernel_free(test.kernel);
}

static char said[256];

static void
say(void *owner)
{
	strcat(said, owner);
}

Test(loop, timers_fire_in_the_order_of_their_times)
{
	struct loop *loop = new_loop();
	struct timer a = { say, "a", 0, 0 }, b = { say, "b", 0, 0 }, c = { say, "c", 0, 0 };

	loop_timer_in(loop, &a, 30);
	loop_timer_in(loop, &b, 10);
	loop_timer_in(loop, &c, 20);
	loop_timer_in(loop, &b, 40); /* moved */
	cr_expect_eq(loop_next_ms(loop), 20);
	while (timer_is_set(&b))
		loop_step(loop, -1);
	cr_expect_str_eq(said, "cab");
	cr_expect_eq(test.now_ms, 40);
	cr_expect_eq(loop_next_ms(loop), INT64_MAX);
	end(loop);
}

Test(loop, a_cleared_timer_does_not_fire)
{
	struct loop *loop = new_loop();
	struct timer a = { say, "a", 0, 0 }, b = { say, "b", 0, 0 };

	loop_timer_in(loop, &a, 5);
	loop_timer_in(loop, &b, 5);
	loop_timer_clear(loop, &a);
	loop_timer_clear(loop, &a);
	cr_expect(!timer_is_set(&a));
	loop_step(loop, -1);
	cr_expect_str_eq(said, "b");
	end(loop);
}

#define MANY 1000
static struct timer many[MANY];
static int64_t fired_ms[MANY];
static struct loop *the_loop;

static void
note(void *owner)
{
	size_t i = (size_t)((struct timer *)owner - many);

	fired_ms[i] = loop_now_ms(the_loop);
}

Test(loop, a_thousand_timers_set_moved_and_cleared_at_random_fire_in_time)
{
	uint32_t seed = 1;
	int64_t due_ms[MANY];

	the_loop = new_loop();
	for (int i = 0; i < 5 * MANY; i++) {
		size_t which = (seed = seed * 1664525 + 1013904223) % MANY;
		int64_t in_ms = (seed >> 10) % 5000 + 1;

		many[which].fire = note;
		many[which].owner = &many[which];
		if (in_ms % 4 == 0)
			loop_timer_clear(the_loop, &many[which]);
		else
			loop_timer_in(the_loop, &many[which], in_ms);
	}
	for (int i = 0; i < MANY; i++)
		due_ms[i] = timer_is_set(&many[i]) ? many[i].at_ms : 0;
	while (loop_next_ms(the_loop) != INT64_MAX)
		loop_step(the_loop, -1);
	for (int i = 0; i < MANY; i++)
		cr_assert_eq(fired_ms[i], due_ms[i], "timer %d", i);
	end(the_loop);
}

static int again_count;

static void
again(void *owner)
{
	again_count++;
	loop_timer_in(the_loop, owner, 0);
}

Test(loop, a_timer_that_sets_itself_again_does_not_hold_the_turn)
{
	struct timer timer = { again, &timer, 0, 0 };

	the_loop = new_loop();
	loop_timer_in(the_loop, &timer, 0);
	loop_step(the_loop, -1);
	cr_expect_eq(again_count, 1);
	loop_step(the_loop, -1);
	cr_expect_eq(again_count, 2);
	loop_timer_clear(the_loop, &timer);
	end(the_loop);
}

static struct later one, two, three;

static void
say_and_queue_three(void *owner)
{
	say(owner);
	loop_later(the_loop, &three);
}

Test(loop, what_is_queued_for_the_end_of_the_turn_may_queue_more_and_be_withdrawn)
{
	struct later gone = { say, "x", NULL, NULL };

	the_loop = new_loop();
	one = (struct later){ say_and_queue_three, "1", NULL, NULL };
	two = (struct later){ say, "2", NULL, NULL };
	three = (struct later){ say, "3", NULL, NULL };
	loop_later(the_loop, &one);
	loop_later(the_loop, &gone);
	loop_later(the_loop, &two);
	loop_later(the_loop, &one);
	loop_later_clear(&gone);
	loop_step(the_loop, -1); /* does not wait: there is something to do */
	cr_expect_str_eq(said, "123");
	cr_expect_eq(test.timeout_ms, 0);
	end(the_loop);
}

static int ends[2][2];

static void
forget_both(void *owner, int fd, short revents)
{
	say(owner);
	loop_forget(the_loop, ends[0][0]);
	loop_forget(the_loop, ends[1][0]);
}

static void
two_pipes(void)
{
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(pipe(ends[i]), 0);
		cr_assert_eq(write(ends[i][1], "x", 1), 1);
	}
}

Test(loop, a_handler_may_forget_one_that_is_ready_too)
{
	the_loop = new_loop();
	two_pipes();
	loop_watch(the_loop, ends[0][0], POLLIN, forget_both, "a");
	loop_watch(the_loop, ends[1][0], POLLIN, forget_both, "a");
	loop_step(the_loop, 0);
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "a");
	end(the_loop);
}

static void
drain(void *owner, int fd, short revents)
{
	char bytes[16];

	cr_expect_eq(revents, POLLIN);
	cr_expect_gt(read(fd, bytes, sizeof(bytes)), 0);
	say(owner);
}

/* The number of a closed descriptor is used again at once, here even with something to read. */
static void
replace_the_other(void *owner, int fd, short revents)
{
	int other = fd == ends[0][0] ? ends[1][0] : ends[0][0];

	say(owner);
	loop_forget(the_loop, ends[0][0]);
	loop_forget(the_loop, ends[1][0]);
	cr_assert_eq(dup2(fd, other), other);
	loop_watch(the_loop, other, POLLIN, drain, "new");
}

Test(loop, a_reused_descriptor_gets_nothing_that_was_meant_for_the_old_one)
{
	the_loop = new_loop();
	two_pipes();
	loop_watch(the_loop, ends[0][0], POLLIN, replace_the_other, "old ");
	loop_watch(the_loop, ends[1][0], POLLIN, replace_the_other, "old ");
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "old ");
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "old new");
	end(the_loop);
}

Test(loop, events_can_be_changed)
{
	the_loop = new_loop();
	two_pipes();
	loop_watch(the_loop, ends[0][0], 0, drain, "a");
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "");
	loop_events(the_loop, ends[0][0], POLLIN);
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "a");
	end(the_loop);
}

static int64_t late, slept;

static void
see_gap(void *owner, int64_t late_ms, int64_t slept_by_ms)
{
	late = late_ms;
	slept = slept_by_ms;
	strcat(said, owner);
}

/* robustness 52: an answer that waited while we did not run must not be read as if it were new. */
Test(loop, a_gap_is_told_before_anything_else_of_the_turn)
{
	struct timer timer = { say, "timer", 0, 0 };

	the_loop = new_loop();
	two_pipes();
	loop_on_gap(the_loop, see_gap, "gap ");
	loop_watch(the_loop, ends[0][0], POLLIN, drain, "bytes ");
	loop_timer_in(the_loop, &timer, 1000);
	test.oversleep_ms = 1000 + LOOP_GAP_MS + 1;
	loop_step(the_loop, 0);
	cr_expect_str_eq(said, "gap bytes timer");
	cr_expect_eq(late, LOOP_GAP_MS + 1);
	cr_expect_eq(slept, 0);
	end(the_loop);
}

Test(loop, a_short_delay_is_no_gap)
{
	struct timer timer = { say, "timer", 0, 0 };

	the_loop = new_loop();
	loop_on_gap(the_loop, see_gap, "gap ");
	loop_timer_in(the_loop, &timer, 1000);
	test.oversleep_ms = LOOP_GAP_MS;
	loop_step(the_loop, -1);
	cr_expect_str_eq(said, "timer");
	end(the_loop);
}

/* The monotonic clock stands still while the host sleeps. */
Test(loop, a_suspended_host_has_a_gap_that_the_clock_does_not_show)
{
	struct timer timer = { say, "timer ", 0, 0 };

	the_loop = new_loop();
	test.slept_ms = 99000; /* before our time */
	loop_on_gap(the_loop, see_gap, "gap ");
	loop_timer_in(the_loop, &timer, 1000);
	test.slept_ms += 8000;
	loop_step(the_loop, -1);
	cr_expect_str_eq(said, "gap timer ");
	cr_expect_eq(late, 0);
	cr_expect_eq(slept, 8000);
	loop_timer_in(the_loop, &timer, 1000);
	loop_step(the_loop, -1);
	cr_expect_str_eq(said, "gap timer timer ", "told once");
	end(the_loop);
}

static void
half_a_second_more(void *owner)
{
	loop_timer_in(the_loop, owner, 500);
}

/* Each counts as time that has passed; that must not make later timers late. */
Test(loop, many_sleeps_too_short_to_be_seen_delay_no_timer)
{
	struct timer timer = { .fire = half_a_second_more, .owner = &timer };

	the_loop = new_loop();
	loop_on_gap(the_loop, see_gap, "gap ");
	loop_timer_in(the_loop, &timer, 500);
	for (int i = 0; i < 50; i++) {
		loop_step(the_loop, -1);
		cr_expect_leq(test.timeout_ms, 500, "turn %d: %d ms", i, test.timeout_ms);
		test.slept_ms += 400;
	}
	cr_expect_str_eq(said, "");
	loop_timer_clear(the_loop, &timer);
	end(the_loop);
}

Test(loop, run_until_ends_when_done_stopped_or_late)
{
	bool done = false;

	the_loop = new_loop();
	cr_expect(!loop_run_until(the_loop, &done, 50));
	cr_expect_eq(test.now_ms, 50);
	loop_stop(the_loop);
	cr_expect(!loop_run_until(the_loop, &done, 50));
	done = true;
	cr_expect(loop_run_until(the_loop, &done, 0));
	cr_expect_eq(test.now_ms, 50);
	end(the_loop);
}
