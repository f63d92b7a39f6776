#include "base/conn.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define READ_ENOUGH 65536  /* bytes of one peer that one turn reads, beyond those kept */
#define SHAKE_ENOUGH_MS 10 /* a turn that has lasted so long shakes no more hands */

_Static_assert(LOOP_SCRATCH >= CONN_IN_MAX + READ_ENOUGH, "kept bytes and new ones fit");

/* What a filter needs; few conns have one. */
struct filtered {
	const struct conn_filter *calls;
	void *state; /* owned */
	void (*done)(void *owner, const char *why);
	struct timer deadline;
	short handshake_wants, read_wants, write_wants;
};

/* Thousands may be idle: lean. */
struct conn {
	struct loop *loop; /* borrowed */
	const struct conn_calls *calls;
	void *owner;
	struct filtered *filtered; /* owned; NULL: bytes go in clear */
	char *kept;		   /* owned: KEPT_LEN bytes that INPUT has not taken */
	struct buf out;
	struct later later;
	struct timer stuck; /* set while we wait for the peer to take bytes */
	const char *why;    /* why it has failed */
	int fd;		    /* owned; -1 once closed */
	unsigned in_max;
	unsigned kept_len;
	short events; /* watched for now */
	bool watched : 1;
	bool showing : 1;
	bool serving : 1; /* in serve(), which draws the conclusions itself */
	bool usual : 1;	  /* nothing is out of the ordinary since the last end_of_turn() */
	union {
		struct {
			bool connecting : 1;  /* until connect() is through */
			bool clear_first : 1; /* a filter waits for what was queued before it */
			bool handshaking : 1;
			bool paused : 1;
			bool ending : 1; /* conn_end() was called: no more reading */
			bool eof : 1;	 /* the peer will say no more */
			bool unseen : 1; /* KEPT may hold something that INPUT takes: show it */
			bool failed : 1;
			bool closed : 1; /* the owner has been told */
			bool freed : 1;	 /* only the memory is left */
		};
		uint16_t unusual; /* any of these */
	};
};

static void ready(void *owner, int fd, short revents);
static void end_of_turn(void *owner);
static void give_up(void *owner);

/* ---- making and ending ---- */

struct conn *
conn_new(struct loop *loop, int fd, bool connecting, size_t in_max, const struct conn_calls *calls,
    void *owner)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	assert(in_max > 0 && in_max <= CONN_IN_MAX);
	if (!conn)
		return NULL;
	conn->events = connecting ? POLLOUT : POLLIN;
	if (!loop_watch(loop, fd, conn->events, ready, conn)) {
		free(conn);
		return NULL;
	}
	conn->watched = true;
	conn->loop = loop;
	conn->calls = calls;
	conn->owner = owner;
	conn->fd = fd;
	conn->in_max = (unsigned)in_max;
	conn->connecting = connecting;
	conn->usual = !connecting;
	conn->out.max = CONN_OUT_MAX;
	conn->later = (struct later){ .run = end_of_turn, .owner = conn };
	conn->stuck = (struct timer){ .fire = give_up, .owner = conn };
	return conn;
}

static void
filter_free(struct conn *conn)
{
	struct filtered *filtered = conn->filtered;

	if (!filtered)
		return;
	loop_timer_clear(conn->loop, &filtered->deadline);
	filtered->calls->free(filtered->state);
	free(filtered);
	conn->filtered = NULL;
}

static void
forget_kept(struct conn *conn)
{
	free(conn->kept);
	conn->kept = NULL;
	conn->kept_len = 0;
}

/* Leave the loop and the descriptor. */
static void
close_now(struct conn *conn)
{
	if (conn->fd == -1)
		return;
	loop_timer_clear(conn->loop, &conn->stuck);
	filter_free(conn);
	if (conn->watched)
		loop_forget(conn->loop, conn->fd);
	loop_world(conn->loop)->close(loop_world(conn->loop)->owner, conn->fd);
	conn->fd = -1;
	forget_kept(conn);
	buf_free(&conn->out);
}

/* Something has been done to the conn: draw the conclusions at the end of this turn. */
static void
conclude_later(struct conn *conn)
{
	if (conn->fd == -1 || conn->serving)
		return;
	conn->usual = false;
	loop_later(conn->loop, &conn->later);
}

void
conn_free(struct conn *conn)
{
	if (!conn || conn->freed)
		return;
	close_now(conn);
	conn->freed = true;
	loop_later(conn->loop, &conn->later);
}

void
conn_end(struct conn *conn)
{
	conn->ending = true;
	conclude_later(conn);
}

/* It ends here; the owner hears it at the end of the turn.  The first reason counts. */
static void
fail(struct conn *conn, const char *why)
{
	if (!conn->failed) {
		conn->failed = true;
		conn->why = why;
	}
	conclude_later(conn);
}

static void
give_up(void *owner)
{
	fail(owner, "it takes no byte any more");
}

static void
say_closed(struct conn *conn, const char *why)
{
	char *kept;

	/* The kernel would answer bytes left unread with a reset, which may overtake our last. */
	if (conn->ending && !why)
		(void)loop_world(conn->loop)
		    ->read(loop_world(conn->loop)->owner, conn->fd, loop_scratch(conn->loop),
			LOOP_SCRATCH);
	/* The words may be the filter's, which goes first. */
	kept = why && conn->filtered ? strdup(why) : NULL;
	if (conn->filtered && why)
		why = kept ? kept : "out of memory";
	close_now(conn);
	conn->closed = true;
	conn->calls->closed(conn->owner, why);
	free(kept);
}

/* ---- output ---- */

struct buf *
conn_out(struct conn *conn)
{
	conclude_later(conn);
	return &conn->out;
}

void
conn_send(struct conn *conn, const void *bytes, size_t len)
{
	if (conn->fd == -1)
		return;
	buf_add(conn_out(conn), bytes, len);
}

void
conn_send_text(struct conn *conn, const char *text)
{
	conn_send(conn, text, strlen(text));
}

size_t
conn_unsent(const struct conn *conn)
{
	return buf_len(&conn->out);
}

bool
conn_full(const struct conn *conn)
{
	return buf_len(&conn->out) > CONN_FULL;
}

static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

/* Once through the filter, unless that is still to come. */
static ssize_t
write_some(struct conn *conn, const void *bytes, size_t len)
{
	const struct world *world = loop_world(conn->loop);
	struct filtered *filtered = conn->filtered;

	if (!filtered || conn->clear_first)
		return world->write(world->owner, conn->fd, bytes, len);
	filtered->write_wants = POLLOUT;
	return filtered->calls->write(filtered->state, bytes, len, &filtered->write_wants);
}

static const char *
reason(const struct conn *conn)
{
	const char *why = NULL;

	if (conn->filtered && !conn->clear_first && conn->filtered->calls->why)
		why = conn->filtered->calls->why(conn->filtered->state);
	return why ? why : strerror(errno);
}

static void
flush(struct conn *conn)
{
	size_t len = buf_len(&conn->out);
	ssize_t sent;

	if (conn->out.failed) {
		fail(conn, "too much waits to be sent");
		return;
	}
	while (len > 0) {
		sent = write_some(conn, buf_bytes(&conn->out), len);
		if (sent == -1) {
			if (!must_wait())
				fail(conn, reason(conn));
			break;
		}
		loop_timer_clear(conn->loop, &conn->stuck);
		len -= (size_t)sent;
		if (len == 0)
			loop_take_back(conn->loop, &conn->out);
		else
			buf_take(&conn->out, (size_t)sent);
		/* A filter may take less than would go; the kernel does not. */
		if (!conn->filtered || conn->clear_first)
			break;
	}
}

/* ---- input ---- */

static bool
may_show(const struct conn *conn)
{
	return !conn->paused && !conn->ending && !conn->failed && !conn_full(conn);
}

static bool
keep(struct conn *conn, const char *bytes, size_t len)
{
	char *kept = realloc(conn->kept, conn->kept_len + len);

	if (!kept)
		return false;
	memcpy(kept + conn->kept_len, bytes, len);
	conn->kept = kept;
	conn->kept_len += (unsigned)len;
	return true;
}

/* INPUT has TAKEN some of the LEN bytes at BYTES, of which the first KEPT are kept already. */
static void
keep_the_rest(
    struct conn *conn, const char *bytes, size_t kept, size_t len, size_t taken, bool clear)
{
	assert(taken <= len);
	if (taken > 0 || kept == 0) {
		forget_kept(conn);
		kept = taken;
	}
	if (len > kept && !keep(conn, bytes + kept, len - kept))
		fail(conn, "out of memory");

	/* Did it stop because it needs more, or because there was no room for answers? */
	conn->unseen = !may_show(conn);
	if (clear && conn->filtered && len > taken)
		fail(conn, "bytes in clear where the handshake should begin");
	else if (!conn->unseen && len - taken > conn->in_max)
		fail(conn, "line too long");
}

/* Show LEN bytes at BYTES, of which the first KEPT are kept already; keep what is not taken. */
static void
show(struct conn *conn, char *bytes, size_t kept, size_t len)
{
	bool clear = !conn->filtered;
	size_t taken;

	conn->showing = true;
	taken = conn->calls->input(conn->owner, bytes, len);
	conn->showing = false;
	if (conn->fd != -1)
		keep_the_rest(conn, bytes, kept, len, taken, clear);
}

/* What is kept, from the scratch, since INPUT may call what changes KEPT. */
static void
show_kept(struct conn *conn)
{
	size_t kept = conn->kept_len;

	memcpy(loop_scratch(conn->loop), conn->kept, kept);
	show(conn, loop_scratch(conn->loop), kept, kept);
}

static ssize_t
read_some(struct conn *conn, void *bytes, size_t len)
{
	const struct world *world = loop_world(conn->loop);
	struct filtered *filtered = conn->filtered;

	if (!filtered)
		return world->read(world->owner, conn->fd, bytes, len);
	filtered->read_wants = POLLIN;
	return filtered->calls->read(filtered->state, bytes, len, &filtered->read_wants);
}

static bool
is_pending(const struct conn *conn)
{
	return conn->filtered && conn->filtered->calls->pending &&
	       conn->filtered->calls->pending(conn->filtered->state);
}

/* What it means that a read has GOT 0 or -1. */
static void
see_no_bytes(struct conn *conn, ssize_t got)
{
	if (got == 0)
		conn->eof = true;
	else if (!must_wait())
		fail(conn, reason(conn));
}

/* Up to LEN bytes; those in a filter poll() does not show, so they must all be asked for. */
static size_t
read_all(struct conn *conn, char *bytes, size_t len)
{
	size_t had = 0;

	do {
		ssize_t got = read_some(conn, bytes + had, len - had);

		if (got <= 0) {
			see_no_bytes(conn, got);
			break;
		}
		had += (size_t)got;
	} while (had < len && is_pending(conn));
	return had;
}

static bool
may_read(const struct conn *conn)
{
	return !conn->connecting && !conn->handshaking && !conn->clear_first && !conn->eof &&
	       !conn->unseen && may_show(conn);
}

static void
take_in(struct conn *conn)
{
	char *scratch = loop_scratch(conn->loop);
	size_t kept = conn->kept_len;
	size_t got;

	if (kept)
		memcpy(scratch, conn->kept, kept);
	got = read_all(conn, scratch + kept, READ_ENOUGH);
	if (got > 0)
		show(conn, scratch, kept, kept + got);
}

void
conn_pause(struct conn *conn, bool paused)
{
	if (conn->paused && !paused)
		conn->unseen = true;
	conn->paused = paused;
	conclude_later(conn);
}

int
conn_fd(const struct conn *conn)
{
	return conn->fd;
}

/* ---- the filter's handshake ---- */

static void
end_handshake(struct conn *conn, const char *why)
{
	void (*done)(void *, const char *) = conn->filtered->done;

	conn->handshaking = conn->clear_first = false;
	loop_timer_clear(conn->loop, &conn->filtered->deadline);
	if (why)
		fail(conn, why);
	conclude_later(conn); /* answers that waited, or bytes already inside the filter */
	done(conn->owner, why);
}

/* A handshake costs as much as a thousand requests: when many come at once, those who ask are
 * answered in between. */
static bool
turn_is_long(const struct conn *conn)
{
	const struct world *world = loop_world(conn->loop);

	return world->clock_ms(world->owner) - loop_now_ms(conn->loop) >= SHAKE_ENOUGH_MS;
}

/* One who has said the last word of the handshake may hold back the first request until it is
 * acknowledged (Nagle): NUT's clients do. */
static void
acknowledge(const struct conn *conn)
{
	const struct world *world = loop_world(conn->loop);

	if (world->acknowledge)
		world->acknowledge(world->owner, conn->fd);
}

static void
shake_hands(struct conn *conn)
{
	struct filtered *filtered = conn->filtered;

	conn->clear_first = false;
	conn->handshaking = true;
	if (turn_is_long(conn)) {
		filtered->handshake_wants = POLLIN | POLLOUT; /* in the next turn */
		return;
	}
	filtered->handshake_wants = POLLIN;
	switch (filtered->calls->handshake(filtered->state, &filtered->handshake_wants)) {
	case 1:
		acknowledge(conn);
		end_handshake(conn, NULL);
		break;
	case 0:
		break;
	default:
		end_handshake(conn, reason(conn));
	}
}

static void
handshake_late(void *owner)
{
	end_handshake(owner, "no handshake in time");
}

bool
conn_filter(struct conn *conn, const struct conn_filter *filter, void *state, int64_t timeout_ms,
    void (*done)(void *owner, const char *why))
{
	struct filtered *filtered = calloc(1, sizeof(*filtered));

	assert(!conn->filtered);
	/* Called from INPUT, what is left there is looked at when that returns. */
	if (!filtered || conn->fd == -1 || (!conn->showing && conn->kept_len > 0)) {
		filter->free(state);
		free(filtered);
		return false;
	}
	filtered->calls = filter;
	filtered->read_wants = POLLIN;
	filtered->write_wants = POLLOUT;
	filtered->state = state;
	filtered->done = done;
	filtered->deadline = (struct timer){ .fire = handshake_late, .owner = conn };
	conn->filtered = filtered;
	conn->clear_first = true;
	loop_timer_in(conn->loop, &filtered->deadline, timeout_ms);
	conclude_later(conn);
	return true;
}

void *
conn_filter_state(const struct conn *conn)
{
	return conn->filtered ? conn->filtered->state : NULL;
}

/* ---- the turn ---- */

static short
wanted_events(const struct conn *conn)
{
	const struct filtered *filtered = conn->filtered;
	short events = 0;

	if (conn->connecting)
		return POLLOUT;
	if (conn->handshaking)
		return filtered->handshake_wants;
	if (may_read(conn))
		events |= filtered ? filtered->read_wants : POLLIN;
	if (buf_len(&conn->out) > 0)
		events |= filtered && !conn->clear_first ? filtered->write_wants : POLLOUT;
	/* There is more to do at once, but others shall have their turn first. */
	if ((conn->unseen && may_show(conn)) || (may_read(conn) && is_pending(conn)))
		events |= POLLOUT;
	return events;
}

static void
watch_what_is_wanted(struct conn *conn)
{
	short events = wanted_events(conn);

	if (!conn->watched && events) {
		conn->watched = loop_watch(conn->loop, conn->fd, events, ready, conn);
		if (!conn->watched)
			fail(conn, "out of memory");
	} else if (conn->watched && events != conn->events) {
		loop_events(conn->loop, conn->fd, events);
	}
	conn->events = events;

	/* connect() and the handshake have their own deadlines. */
	if (!((events & POLLOUT) || buf_len(&conn->out) > 0) || conn->connecting ||
	    conn->handshaking)
		loop_timer_clear(conn->loop, &conn->stuck);
	else if (!timer_is_set(&conn->stuck))
		loop_timer_in(conn->loop, &conn->stuck, CONN_STUCK_MS);
}

/* Is there nothing more to wait for? */
static bool
is_through(const struct conn *conn)
{
	if (buf_len(&conn->out) > 0)
		return false;
	return conn->ending || (conn->eof && !conn->paused && !conn->unseen);
}

/* Is nothing out of the ordinary: bytes in clear, all of them shown and answered? */
static bool
is_usual(const struct conn *conn)
{
	return !conn->unusual && conn->events == POLLIN && !conn->filtered && !conn->kept &&
	       conn->out.start == conn->out.end && !conn->out.failed && !timer_is_set(&conn->stuck);
}

/* Whatever was done to the conn in this turn, draw the conclusions: once, and from here alone. */
static void
end_of_turn(void *owner)
{
	struct conn *conn = owner;
	bool was_full = conn_full(conn);

	if (conn->freed) {
		buf_free(&conn->out);
		free(conn);
		return;
	}
	if (conn->closed)
		return;
	if (!conn->connecting && !conn->handshaking && !conn->failed) {
		flush(conn);
		if (conn->clear_first && !conn->failed && buf_len(&conn->out) == 0)
			shake_hands(conn);
	}
	if (conn->fd != -1 && conn->unseen && may_show(conn) && !was_full) {
		conn->unseen = false;
		if (conn->kept_len > 0)
			show_kept(conn);
		conclude_later(conn);
	}
	if (conn->fd == -1)
		return;
	if (conn->failed || is_through(conn)) {
		say_closed(conn, conn->failed ? conn->why : NULL);
		return;
	}
	watch_what_is_wanted(conn);
	conn->usual = is_usual(conn);
}

static void
see_connected(struct conn *conn)
{
	const struct world *world = loop_world(conn->loop);
	int error = world->connected(world->owner, conn->fd);

	if (error == EINPROGRESS)
		return;
	conn->connecting = false;
	if (error)
		fail(conn, strerror(error));
	else if (conn->calls->connected)
		conn->calls->connected(conn->owner);
}

/* Nothing is wanted, but the peer has hung up, which poll() would say again and again. */
static void
see_hangup(struct conn *conn, short revents)
{
	const struct world *world = loop_world(conn->loop);
	int error = revents & POLLERR ? world->connected(world->owner, conn->fd) : 0;

	if (error) {
		fail(conn, strerror(error));
		return;
	}
	loop_forget(conn->loop, conn->fd);
	conn->watched = false;
}

/* The usual turn of a usual conn in one go: read, show, write what that made.  What is left over,
 * or out of the ordinary, is for the end of the turn. */
static void
serve(struct conn *conn)
{
	const struct world *world = loop_world(conn->loop);
	char *bytes = loop_scratch(conn->loop);
	ssize_t got = world->read(world->owner, conn->fd, bytes, READ_ENOUGH), sent;
	size_t taken, len;

	if (got <= 0) {
		see_no_bytes(conn, got);
		conclude_later(conn);
		return;
	}
	loop_lend(conn->loop, &conn->out);
	conn->showing = conn->serving = true;
	taken = conn->calls->input(conn->owner, bytes, (size_t)got);
	conn->showing = conn->serving = false;
	if (conn->fd == -1)
		return; /* freed: the end of the turn sees to its memory */
	len = buf_len(&conn->out);
	if (taken == (size_t)got && !conn->unusual && !conn->filtered && !conn->out.failed) {
		sent = len ? world->write(world->owner, conn->fd, buf_bytes(&conn->out), len) : 0;
		if (sent == (ssize_t)len) {
			loop_take_back(conn->loop, &conn->out);
			return;
		}
		if (sent > 0)
			buf_take(&conn->out, (size_t)sent);
	} else {
		keep_the_rest(conn, bytes, 0, (size_t)got, taken, true);
		if (!len)
			loop_take_back(conn->loop, &conn->out);
	}
	conclude_later(conn);
}

static void
ready(void *owner, int fd, short revents)
{
	struct conn *conn = owner;

	if (revents == POLLIN && conn->usual) {
		serve(conn);
		return;
	}
	if (conn->connecting)
		see_connected(conn);
	else if (conn->handshaking)
		shake_hands(conn);
	else if (conn->events == 0)
		see_hangup(conn, revents);
	else if (may_read(conn) && (conn->filtered || (revents & ~POLLOUT)))
		take_in(conn);
	/* The rest, writing above all, at the end of the turn. */
	conclude_later(conn);
}
