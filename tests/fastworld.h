/* fastworld.h - the kernel's world with a clock that jumps: when nothing is ready, the time a poll
 * would have waited has passed.  For tests of one loop that hold both ends of everything. */
#ifndef FASTWORLD_H
#define FASTWORLD_H

#include "base/loop.h"

#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

static int64_t fast_now_ms;
static struct world *fast_kernel;
static struct world fast_world;
static uid_t fast_uid = (uid_t)-1; /* who connects, if not the truth */
static gid_t fast_gid;

static inline int64_t
fast_clock(void *owner)
{
	return fast_now_ms;
}

static inline int
fast_poll(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	int got = fast_kernel->poll(owner, fds, len, 0, ready);

	if (got == 0)
		fast_now_ms += timeout_ms < 0 ? 1000 : timeout_ms;
	return got;
}

static inline int
fast_accept(void *owner, int fd, struct addr *from)
{
	int got = fast_kernel->accept(owner, fd, from);

	if (got != -1 && fast_uid != (uid_t)-1) {
		from->uid = fast_uid;
		from->gid = fast_gid;
	}
	return got;
}

static inline struct loop *
fast_loop(void)
{
	fast_kernel = world_kernel_new(-1);
	fast_world = *fast_kernel;
	fast_world.clock_ms = fast_clock;
	fast_world.boot_ms = fast_clock;
	fast_world.poll = fast_poll;
	fast_world.accept = fast_accept;
	return loop_new(&fast_world);
}

static inline void
fast_end(struct loop *loop)
{
	loop_free(loop);
	world_kernel_free(fast_kernel);
}

/* Turn until MS have passed. */
static inline void
fast_pass(struct loop *loop, int64_t ms)
{
	int64_t end_ms = fast_now_ms + ms;

	while (fast_now_ms < end_ms)
		loop_step(loop, end_ms - fast_now_ms);
}

/* Turn N times without waiting. */
static inline void
fast_turn(struct loop *loop, int n)
{
	while (n-- > 0)
		loop_step(loop, 0);
}

#endif
