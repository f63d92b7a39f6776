/* clocks.c - a loop asks two clocks, one after the other; in between it may be stopped. */
#include "base/loop.h"

#include <criterion/criterion.h>

static struct {
	int64_t now_ms, slept_ms;
	int64_t stopped_ms; /* how long we are stopped before the boot clock is asked next */
} host;
static int gaps;

static int64_t
clock_ms(void *owner)
{
	return host.now_ms;
}

static int64_t
boot_ms(void *owner)
{
	host.now_ms += host.stopped_ms;
	host.stopped_ms = 0;
	return host.now_ms + host.slept_ms;
}

static int
poll_nothing(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	host.now_ms++;
	return 0;
}

static void
see_gap(void *owner, int64_t late_ms, int64_t slept_ms)
{
	gaps++;
}

static void
nothing(void *owner)
{
}

Test(clocks, a_stop_between_them_is_told_once_and_hides_no_sleep)
{
	const struct world world = {
		.clock_ms = clock_ms, .boot_ms = boot_ms, .poll = poll_nothing
	};
	struct loop *loop = loop_new(&world);
	struct timer timer = { .fire = nothing };

	loop_on_gap(loop, see_gap, NULL);
	loop_timer_in(loop, &timer, 10);
	loop_step(loop, -1);
	cr_expect_eq(gaps, 0);

	host.stopped_ms = 60000;
	loop_step(loop, -1);
	cr_expect_eq(gaps, 1);
	for (int turn = 0; turn < 5; turn++)
		loop_step(loop, -1);
	cr_expect_eq(gaps, 1);

	host.slept_ms = LOOP_GAP_MS + 10;
	loop_step(loop, -1);
	cr_expect_eq(gaps, 2);
	loop_step(loop, -1);
	cr_expect_eq(gaps, 2);
	loop_free(loop);
}
