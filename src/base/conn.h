/* conn.h - one non-blocking peer: a descriptor, an optional filter (TLS), what came in, what waits
 * to go out, and the deadlines.  Used by upsd, the clients, driver sockets and the emulators.
 *
 * Output is written once, at the end of the turn that made it; what does not fit waits for POLLOUT.
 * Back-pressure, not a drop: while more than CONN_FULL bytes wait, the conn stops reading. */
#ifndef CONN_H
#define CONN_H

#include "base/buf.h"
#include "base/loop.h"

#define CONN_IN_MAX 65536	/* the largest IN_MAX */
#define CONN_FULL 65536		/* unsent bytes above which we stop reading the peer */
#define CONN_STUCK_MS 10000	/* a peer that takes no byte for so long is closed */
#define CONN_OUT_MAX (8u << 20) /* unsent bytes that no reader is owed: closed at once */

struct conn;

struct conn_calls {
	/* LEN bytes have come that INPUT has not taken yet.  Returns how many it takes; the rest is
	 * kept and shown again with more behind it.  It may change BYTES in place.  A caller that
	 * answers requests looks at conn_full() after each and returns early; it is called again
	 * when there is room.  Not called while paused, nor after conn_end(). */
	size_t (*input)(void *owner, char *bytes, size_t len);
	/* The peer is gone: WHY is NULL for an orderly end of file, else words for the log.  Called
	 * once, never from inside a conn_ call that the owner made.  The owner now calls
	 * conn_free(). */
	void (*closed)(void *owner, const char *why);
	/* Optional: the connect() under way has succeeded. */
	void (*connected)(void *owner);
};

/* FD is owned from here on.  CONNECTING: connect() is under way.  NULL when out of memory (FD is
 * then still the caller's).  IN_MAX: bytes kept that INPUT has not taken; more is "line too long".
 */
struct conn *conn_new(struct loop *loop, int fd, bool connecting, size_t in_max,
    const struct conn_calls *calls, void *owner);
/* Close now, drop what is unsent.  May be called from inside a callback: the memory goes at the end
 * of the turn.  NULL is fine. */
void conn_free(struct conn *conn);
/* Let what is queued go out, then close and say so through CLOSED.  Reads no more. */
void conn_end(struct conn *conn);

/* Queue bytes.  Once it fails (too much, or no memory) the conn is closed at the end of the turn.
 */
void conn_send(struct conn *conn, const void *bytes, size_t len);
void conn_send_text(struct conn *conn, const char *text);
/* The output queue itself, for formatting straight into it now: it goes out at the end of this
 * turn. */
struct buf *conn_out(struct conn *conn);
size_t conn_unsent(const struct conn *conn);
bool conn_full(const struct conn *conn);

/* Stop and resume calling INPUT (an answer is pending); resuming shows what is already there. */
void conn_pause(struct conn *conn, bool paused);
int conn_fd(const struct conn *conn);

/* What may stand between a conn and its descriptor.  READ and WRITE are like world's, -1 with
 * EAGAIN when they must wait; *WANT is then POLLIN or POLLOUT.  WRITE may be called again with the
 * same bytes, moved.  PENDING: bytes are inside that poll() will not show.  HANDSHAKE: 1 done, 0
 * wait for *WANT, -1 failed; called until done before the first READ.  FREE ends it without
 * waiting. */
struct conn_filter {
	int (*handshake)(void *state, short *want);
	ssize_t (*read)(void *state, void *bytes, size_t len, short *want);
	ssize_t (*write)(void *state, const void *bytes, size_t len, short *want);
	bool (*pending)(void *state);
	const char *(*why)(void *state); /* the reason of the last failure, for the log: the
					  * filter's, as long as it lives */
	void (*free)(void *state);
};
/* Bytes already queued leave in clear first.  false, and the conn is to be closed, when unread
 * bytes are already here (they came in clear).  DONE is called after the handshake, NULL or why it
 * failed; it must end within TIMEOUT_MS.  STATE is owned from here on. */
bool conn_filter(struct conn *conn, const struct conn_filter *filter, void *state,
    int64_t timeout_ms, void (*done)(void *owner, const char *why));
/* The filter's STATE, to ask it more; NULL: there is none. */
void *conn_filter_state(const struct conn *conn);

#endif
