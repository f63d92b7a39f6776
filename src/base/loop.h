/* loop.h - descriptors and timers over a world.  The loop knows no module: each watches its own
 * descriptor and sets its own timers, and is called back.  Nothing called from here may block. */
#ifndef LOOP_H
#define LOOP_H

#include "base/buf.h"
#include "base/world.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

struct loop *loop_new(const struct world *world); /* WORLD is borrowed */
void loop_free(struct loop *loop);		  /* after everything on it; NULL is fine */

/* What a loop begins with, for the functions that are asked in every turn. */
struct loop_head {
	const struct world *world; /* borrowed */
	int64_t now_ms;
	char *scratch;
};

static inline const struct world *
loop_world(const struct loop *loop)
{
	return ((const struct loop_head *)loop)->world;
}

/* The monotonic clock as it was when this turn began. */
static inline int64_t
loop_now_ms(const struct loop *loop)
{
	return ((const struct loop_head *)loop)->now_ms;
}

/* The wall clock now. */
int64_t loop_wall_ms(const struct loop *loop);

/* Call READY when one of EVENTS (POLLIN, POLLOUT; errors always) happens on FD.  One watch a
 * descriptor.  false when out of memory.  loop_events() changes the events; loop_forget() must come
 * before the descriptor is closed. */
typedef void loop_ready(void *owner, int fd, short revents);
bool loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *owner);
void loop_events(struct loop *loop, int fd, short events);
void loop_forget(struct loop *loop, int fd);

/* A timer lives in its owner's struct.  {.fire = f, .owner = o} is a timer that is not set; it is
 * cleared before FIRE is called.  Clear it before its memory goes.  Setting a set timer moves it.
 * One set while timers fire is due in the next turn, a millisecond later at the soonest.
 * Cannot fail: memory for it is made when it is first set, and its lack is fatal. */
struct timer {
	void (*fire)(void *owner);
	void *owner;
	int64_t at_ms;
	size_t place; /* the loop's: 0 is not set */
};
void loop_timer_in(struct loop *loop, struct timer *timer, int64_t in_ms);
void loop_timer_at(struct loop *loop, struct timer *timer, int64_t at_ms);
void loop_timer_clear(struct loop *loop, struct timer *timer);
static inline bool
timer_is_set(const struct timer *timer)
{
	return timer->place != 0;
}

/* Something to do once, at the end of this turn (what it adds is done in the same turn, too):
 * flushing, freeing.  {.run = f, .owner = o} is one that is not queued. */
struct later {
	void (*run)(void *owner);
	void *owner;
	struct later *next, **back; /* the loop's: BACK NULL is not queued */
};
void loop_later(struct loop *loop, struct later *later);
void loop_later_clear(struct later *later);

/* One turn: wait at most WAIT_MS (-1: until something happens) and no longer than to the next
 * timer, call what is ready, fire what is due, do what is to be done later. */
void loop_step(struct loop *loop, int64_t wait_ms);
/* When the next timer is due, INT64_MAX if none is set: what a simulated scheduler needs. */
int64_t loop_next_ms(const struct loop *loop);

/* Turn until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Turn until *DONE; false when TIMEOUT_MS (-1: none) passes first, or at loop_stop(). */
bool loop_run_until(struct loop *loop, const bool *done, int64_t timeout_ms);

/* Call GAP when more than LOOP_GAP_MS have passed in which we did not run (SIGSTOP, thrashing),
 * before anything else in that turn is called.  LATE_MS of them have passed by our clock, SLEPT_MS,
 * in which the host was suspended, have not.  One for each loop; GAP NULL takes it away. */
#define LOOP_GAP_MS 5000
typedef void loop_gap(void *owner, int64_t late_ms, int64_t slept_ms);
void loop_on_gap(struct loop *loop, loop_gap *gap, void *owner);

/* LOOP_SCRATCH bytes for whoever reads: theirs until they return to the loop, no longer. */
#define LOOP_SCRATCH 131072
static inline char *
loop_scratch(struct loop *loop)
{
	return ((struct loop_head *)loop)->scratch;
}
/* Memory for BUF, which holds none, and back again when BUF is empty: one block goes round, so that
 * a turn that answers needs no malloc().  There may be none to lend. */
void loop_lend(struct loop *loop, struct buf *buf);
void loop_take_back(struct loop *loop, struct buf *buf);

#endif
