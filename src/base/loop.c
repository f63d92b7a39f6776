#include "base/loop.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LATE_MS 50	    /* turns late by less are normal */
#define SLEEP_MIN_MS 1000   /* no host goes to sleep and is back in less */
#define LENT_MAX 65536	    /* bytes: no more is kept for lending */
#define EXACT_BELOW_MS 1000 /* waits that are measured from now, not from the turn's beginning */

struct watch {
	loop_ready *ready;
	void *owner;
	unsigned born; /* the turn it was made in: nothing polled before can be about it */
};

struct loop {
	struct loop_head head; /* comes first */
	loop_gap *gap;	       /* NULL: nobody wants to know, and one clock will do */
	/* The clock that goes on while the host sleeps: at the last turn, by how much it is ahead
	 * of the other, and how much of that has not been told yet. */
	int64_t boot_ms, ahead_ms, slept_ms;
	void *gap_owner;
	unsigned turn;
	bool in_turn, stopped;

	/* Descriptor N stands at place N of each; those not watched are holes. */
	struct pollfd *polled;
	struct watch *watches;
	size_t *ready; /* what the last poll found */
	size_t len;    /* behind the highest that is watched */
	size_t size;

	/* A heap: no timer is due before the one at half its place, so the next is timers[1]. */
	struct timer **timers;
	size_t timers_len, timers_size;
	bool firing;

	/* LATER_END stands behind the last one, so that each can leave by itself. */
	struct later *later, later_end;

	char *lent; /* owned: what loop_lend() gives next, LENT_SIZE bytes; NULL: nothing */
	size_t lent_size;

	char bytes[LOOP_SCRATCH]; /* the scratch */
};

/* ---- the whole ---- */

struct loop *
loop_new(const struct world *world)
{
	struct loop *loop = malloc(sizeof(*loop));

	if (!loop)
		return NULL;
	/* Not the scratch: its pages need not exist before they are used. */
	memset(loop, 0, offsetof(struct loop, bytes));
	loop->head = (struct loop_head){ world, world->clock_ms(world->owner), loop->bytes };
	loop->later = &loop->later_end;
	loop->later_end.back = &loop->later;
	return loop;
}

static void
run_later(struct loop *loop)
{
	while (loop->later != &loop->later_end) {
		struct later *later = loop->later;

		loop_later_clear(later);
		later->run(later->owner);
	}
}

void
loop_free(struct loop *loop)
{
	if (!loop)
		return;
	run_later(loop); /* memory that waits for the end of a turn */
	free(loop->polled);
	free(loop->watches);
	free(loop->ready);
	free(loop->timers);
	free(loop->lent);
	free(loop);
}

int64_t
loop_wall_ms(const struct loop *loop)
{
	return loop->head.world->wall_ms(loop->head.world->owner);
}

void
loop_on_gap(struct loop *loop, loop_gap *gap, void *owner)
{
	const struct world *world = loop->head.world;

	loop->gap = gap;
	loop->gap_owner = owner;
	loop->boot_ms = world->boot_ms(world->owner);
	loop->ahead_ms = loop->boot_ms - world->clock_ms(world->owner);
	loop->slept_ms = 0;
}

/* The clock that stands still while the host sleeps.  Where sleep matters it is reckoned from the
 * one that does not: as long as that goes on in small steps there was no sleep, and only else is
 * the other looked at.  Should we be stopped between the two, that was no sleep either. */
static void
read_clock(struct loop *loop)
{
	const struct world *world = loop->head.world;
	int64_t boot_ms, slept_ms;

	if (!loop->gap) {
		loop->head.now_ms = world->clock_ms(world->owner);
		return;
	}
	boot_ms = world->boot_ms(world->owner);
	if (boot_ms - loop->boot_ms > SLEEP_MIN_MS) {
		slept_ms = boot_ms - world->clock_ms(world->owner) - loop->ahead_ms;
		if (slept_ms > SLEEP_MIN_MS) {
			loop->ahead_ms += slept_ms;
			loop->slept_ms += slept_ms;
		}
	}
	loop->boot_ms = boot_ms;
	loop->head.now_ms = boot_ms - loop->ahead_ms;
}

/* In a world that moves on without us. */
static void
mind_gap(struct loop *loop, int64_t asked_ms)
{
	int64_t slept_ms = loop->slept_ms, late_ms = loop->head.now_ms - asked_ms;

	if (late_ms < LATE_MS)
		late_ms = 0;
	if (!loop->gap || late_ms + slept_ms <= LOOP_GAP_MS)
		return;
	loop->slept_ms = 0;
	loop->gap(loop->gap_owner, late_ms, slept_ms);
}

void
loop_lend(struct loop *loop, struct buf *buf)
{
	if (!loop->lent)
		return;
	buf->bytes = loop->lent;
	buf->size = loop->lent_size;
	buf->start = buf->end = 0;
	loop->lent = NULL;
}

void
loop_take_back(struct loop *loop, struct buf *buf)
{
	if (loop->lent || buf->size > LENT_MAX) {
		free(buf->bytes);
	} else {
		loop->lent = buf->bytes;
		loop->lent_size = buf->size;
	}
	buf->bytes = NULL;
	buf->start = buf->end = buf->size = 0;
}

/* ---- descriptors ---- */

static bool
grow(struct loop *loop, size_t need)
{
	size_t size = loop->size ? loop->size : 16;
	struct pollfd *polled;
	struct watch *watches;
	size_t *ready;

	while (size < need)
		size *= 2;
	if (!(polled = realloc(loop->polled, size * sizeof(*polled))))
		return false;
	loop->polled = polled;
	if (!(watches = realloc(loop->watches, size * sizeof(*watches))))
		return false;
	loop->watches = watches;
	if (!(ready = realloc(loop->ready, size * sizeof(*ready))))
		return false;
	loop->ready = ready;
	for (size_t i = loop->size; i < size; i++)
		loop->polled[i] = (struct pollfd){ .fd = -1 };
	loop->size = size;
	return true;
}

static bool
is_watched(const struct loop *loop, int fd)
{
	return fd >= 0 && (size_t)fd < loop->len && loop->polled[fd].fd == fd;
}

bool
loop_watch(struct loop *loop, int fd, short events, loop_ready *ready, void *owner)
{
	size_t place = (size_t)fd;

	assert(fd >= 0 && ready && !is_watched(loop, fd));
	if (place >= loop->size && !grow(loop, place + 1))
		return false;
	loop->polled[place] = (struct pollfd){ .fd = fd, .events = events };
	loop->watches[place] = (struct watch){ ready, owner, loop->turn };
	if (place >= loop->len)
		loop->len = place + 1;
	return true;
}

void
loop_events(struct loop *loop, int fd, short events)
{
	assert(is_watched(loop, fd));
	loop->polled[fd].events = events;
}

void
loop_forget(struct loop *loop, int fd)
{
	if (!is_watched(loop, fd))
		return;
	loop->polled[fd] = (struct pollfd){ .fd = -1 };
	while (loop->len && loop->polled[loop->len - 1].fd == -1)
		loop->len--;
}

static void
call_ready(struct loop *loop, size_t found)
{
	for (size_t i = 0; i < found; i++) {
		size_t place = loop->ready[i];
		const struct pollfd *polled = &loop->polled[place];
		const struct watch *watch = &loop->watches[place];

		/* A handler may have forgotten a later one, and its number may be in use again. */
		if (polled->fd != -1 && watch->born != loop->turn)
			watch->ready(watch->owner, polled->fd, polled->revents);
	}
}

/* ---- timers ---- */

static void
put(struct loop *loop, size_t place, struct timer *timer)
{
	loop->timers[place] = timer;
	timer->place = place;
}

/* TIMER belongs at PLACE or, if it is due before what is above it, higher up. */
static void
rise(struct loop *loop, size_t place, struct timer *timer)
{
	for (; place > 1 && timer->at_ms < loop->timers[place / 2]->at_ms; place /= 2)
		put(loop, place, loop->timers[place / 2]);
	put(loop, place, timer);
}

/* TIMER belongs at PLACE or, if it is due after what is below it, lower down. */
static void
sink(struct loop *loop, size_t place, struct timer *timer)
{
	for (size_t below; (below = place * 2) <= loop->timers_len; place = below) {
		if (below < loop->timers_len &&
		    loop->timers[below + 1]->at_ms < loop->timers[below]->at_ms)
			below++;
		if (timer->at_ms <= loop->timers[below]->at_ms)
			break;
		put(loop, place, loop->timers[below]);
	}
	put(loop, place, timer);
}

/* TIMER has come to PLACE, or has changed there. */
static void
settle(struct loop *loop, size_t place, struct timer *timer)
{
	if (place > 1 && timer->at_ms < loop->timers[place / 2]->at_ms)
		rise(loop, place, timer);
	else
		sink(loop, place, timer);
}

static void
make_room_for_timer(struct loop *loop)
{
	size_t size = loop->timers_size ? loop->timers_size * 2 : 16;
	struct timer **timers;

	if (loop->timers_len + 1 < loop->timers_size)
		return;
	timers = realloc(loop->timers, size * sizeof(struct timer *));
	if (!timers)
		fatalx("out of memory for timers");
	loop->timers = timers;
	loop->timers_size = size;
}

static int64_t
now_ms(const struct loop *loop)
{
	return loop->in_turn ? loop->head.now_ms
			     : loop->head.world->clock_ms(loop->head.world->owner);
}

void
loop_timer_at(struct loop *loop, struct timer *timer, int64_t at_ms)
{
	int64_t soonest_ms = now_ms(loop);

	/* One that sets itself again as it fires must not hold the turn. */
	if (loop->firing)
		soonest_ms++;
	timer->at_ms = at_ms > soonest_ms ? at_ms : soonest_ms;
	if (timer->place) {
		settle(loop, timer->place, timer);
		return;
	}
	make_room_for_timer(loop);
	rise(loop, ++loop->timers_len, timer);
}

void
loop_timer_in(struct loop *loop, struct timer *timer, int64_t in_ms)
{
	int64_t start_ms = now_ms(loop);

	loop_timer_at(loop, timer, in_ms < INT64_MAX - start_ms ? start_ms + in_ms : INT64_MAX);
}

void
loop_timer_clear(struct loop *loop, struct timer *timer)
{
	size_t place = timer->place;
	struct timer *last;

	if (!place)
		return;
	timer->place = 0;
	last = loop->timers[loop->timers_len--];
	if (last != timer)
		settle(loop, place, last);
}

static void
fire_due(struct loop *loop)
{
	loop->firing = true;
	while (loop->timers_len && loop->timers[1]->at_ms <= loop->head.now_ms) {
		struct timer *timer = loop->timers[1];

		loop_timer_clear(loop, timer);
		timer->fire(timer->owner);
	}
	loop->firing = false;
}

static int64_t
next_timer_ms(const struct loop *loop)
{
	return loop->timers_len ? loop->timers[1]->at_ms : INT64_MAX;
}

int64_t
loop_next_ms(const struct loop *loop)
{
	return loop->later != &loop->later_end ? loop->head.now_ms : next_timer_ms(loop);
}

/* ---- later ---- */

void
loop_later(struct loop *loop, struct later *later)
{
	if (later->back)
		return;
	later->next = &loop->later_end;
	later->back = loop->later_end.back;
	*later->back = later;
	loop->later_end.back = &later->next;
}

void
loop_later_clear(struct later *later)
{
	if (!later->back)
		return;
	*later->back = later->next;
	later->next->back = later->back;
	later->back = NULL;
}

/* ---- turns ---- */

/* How long to wait so as to be at most WAIT_MS, and in time for the next timer. */
static int
timeout_ms(const struct loop *loop, int64_t wait_ms)
{
	int64_t next_ms = loop_next_ms(loop), until_next_ms = next_ms - loop->head.now_ms, left_ms;

	if (next_ms != INT64_MAX) {
		/* Since the turn began time has passed that loop->head.now_ms does not know.  Where
		 * it is a small part of the wait the clock need not be asked.  It may say less than
		 * we know: each sleep that read_clock() took for time has set us ahead of it. */
		if (until_next_ms > 0 && until_next_ms < EXACT_BELOW_MS) {
			left_ms = next_ms - loop->head.world->clock_ms(loop->head.world->owner);
			if (left_ms < until_next_ms)
				until_next_ms = left_ms;
		}
		if (until_next_ms < 0)
			until_next_ms = 0;
		if (wait_ms < 0 || wait_ms > until_next_ms)
			wait_ms = until_next_ms;
	}
	if (wait_ms < 0)
		return -1;
	return wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

void
loop_step(struct loop *loop, int64_t wait_ms)
{
	int64_t asked_ms = next_timer_ms(loop);
	int found;

	assert(!loop->in_turn);
	loop->in_turn = true;
	found = loop->head.world->poll(loop->head.world->owner, loop->polled, loop->len,
	    timeout_ms(loop, wait_ms), loop->ready);
	if (found == -1 && errno != EINTR && errno != EAGAIN && errno != ENOMEM)
		fatal("poll");
	read_clock(loop);
	loop->turn++;
	mind_gap(loop, asked_ms);
	if (found > 0)
		call_ready(loop, (size_t)found);
	fire_due(loop);
	run_later(loop);
	loop->in_turn = false;
}

void
loop_run(struct loop *loop)
{
	while (!loop->stopped)
		loop_step(loop, -1);
	loop->stopped = false;
}

void
loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

bool
loop_run_until(struct loop *loop, const bool *done, int64_t within_ms)
{
	const struct world *world = loop->head.world;
	int64_t end_ms = within_ms < 0 ? INT64_MAX : world->clock_ms(world->owner) + within_ms;
	int64_t left_ms = within_ms;

	while (!*done && !loop->stopped) {
		loop_step(loop, left_ms);
		if (within_ms < 0)
			continue;
		left_ms = end_ms - world->clock_ms(world->owner);
		if (left_ms <= 0)
			break;
	}
	loop->stopped = false;
	return *done;
}
