/* peer.h - one client: its connection, who it says it is, the answer it still waits for. */
#ifndef PEER_H
#define PEER_H

#include "base/helper.h"
#include "base/words.h"
#include "upsd/upsd.h"

#define PEER_IDLE_MS 60000 /* a client that has not logged in may be silent so long */

/* FD is owned from here on.  NULL: no memory, FD is closed. */
struct peer *peer_new(struct upsd *upsd, int fd, const struct addr *from);
/* Never from inside that peer's own command. */
void peer_free(struct peer *peer);
/* Log in to, or out of (NULL), UPS. */
void peer_login(struct peer *peer, struct ups *ups);
/* The timer of upsd->idle. */
void peer_idle(void *owner);
/* The visitor that has been silent longest, and at least SILENT_MS; NULL if there is none. */
struct peer *peer_oldest_visitor(const struct upsd *upsd, int64_t silent_ms);

/* Answers.  peer_out() is where to format; it goes out at the end of this turn. */
struct buf *peer_out(struct peer *peer);
void peer_say(struct peer *peer, const char *line); /* newline included */
void peer_error(struct peer *peer, enum net_error error);
/* Append TEXT as one word: as it is when it is a plain name, else quoted. */
void peer_add_word(struct buf *out, const char *text);
/* "mon@192.0.2.1" for the log. */
const char *peer_name(const struct peer *peer, char *text, size_t size);
/* Forget name, password and login (STARTTLS). */
void peer_forget(struct peer *peer);

/* FORCESSL, and it has not said STARTTLS: to be answered with ERR ACCESS-DENIED.  Logged. */
bool peer_must_encrypt(struct peer *peer);

/* May this client do that?  WAIT: not known yet; return LATER, and the command is run again from
 * its beginning when it is.  See rights.h and layers.h. */
enum peer_right { PEER_MAY, PEER_MAY_NOT, PEER_WAIT };
/* What base/helper is asked about the request under way: asked once, and the answer holds until the
 * request is done; that of a password no longer than the configuration it came from. */
enum peer_asked { PEER_ASKED_WRAP, PEER_ASKED_HASH };
#define PEER_ASKED_KINDS 2
bool peer_knows(const struct peer *peer, enum peer_asked which);
typedef struct helper_question *peer_question(
    struct peer *peer, helper_answered *answered, void *owner); /* puts it, as helper_ask() */
/* When nobody answers, that is logged, *SILENT is set, and it is MAY_NOT. */
enum peer_right peer_ask(
    struct peer *peer, enum peer_asked which, peer_question *ask, bool *silent);

/* Whoever judges a password calls peer_turn() first: MAY judge it now, WAIT for your turn, MAY_NOT
 * look at it at all; then says how it went: WHY is for the log. */
enum peer_right peer_turn(struct peer *peer);
void peer_failed(struct peer *peer, const char *why);
void peer_passed(struct peer *peer);
/* Its address as it is judged: without a zone (B1). */
struct addr peer_from(const struct peer *peer);
/* What it gave as USERNAME, "" if nothing. */
const char *peer_user(const struct peer *peer);

#endif
