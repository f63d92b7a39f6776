/* publish.h - what a driver knows, and the unix socket on which upsd (or anyone who may open it)
 * hears of it (docs/sock-protocol.md).
 *
 * Each change goes to all peers at once, escaped.  Data are stale until publish_fresh(true). */
#ifndef PUBLISH_H
#define PUBLISH_H

#include "base/loop.h"
#include "ups/sockmsg.h"
#include "ups/state.h"

#include <stdbool.h>

#define PUBLISH_PEERS_MAX 64
#define PUBLISH_BEHIND_MAX                                                                         \
	(256u << 10) /* bytes of updates a peer may be behind before it is cut                     \
		      */

struct publish;

/* Who wants something, and how it is answered: publish_result() with these two. */
struct asker {
	uint64_t peer;
	const char *tracking; /* borrowed; NULL: no answer is wanted */
};

struct publish_calls {
	/* A peer that may do so asks.  The name is a name; whether it is known is not checked. */
	void (*instcmd)(void *owner, const struct asker *, const char *name, const char *param);
	void (*setvar)(void *owner, const struct asker *, const char *name, const char *value);
};

struct publish *publish_new(struct loop *loop, const struct publish_calls *calls, void *owner);
/* Closes all peers (what is queued is still offered to the kernel once) and removes the socket. */
void publish_free(struct publish *publish);

/* Serve on PATH, mode 0660, group GROUP ((gid_t)-1: as the process).  false with errno. */
bool publish_listen(struct publish *publish, const char *path, gid_t group);

/* To be changed by the functions below alone, so that everybody hears of it. */
struct state *publish_state(struct publish *publish);

/* Errors are the state's; STATE_SAME sends nothing. */
enum state_error publish_set(struct publish *publish, const char *name, const char *value);
enum state_error publish_delete(struct publish *publish, const char *name);
enum state_error publish_var(struct publish *publish, const char *name, unsigned flags, long aux);
enum state_error publish_enum(struct publish *publish, const char *name, const char *value);
enum state_error publish_range(struct publish *publish, const char *name, long min, long max);
enum state_error publish_cmd(struct publish *publish, const char *name);
enum state_error publish_uncmd(struct publish *publish, const char *name);

/* DATAOK and DATASTALE, when that changes. */
void publish_fresh(struct publish *publish, bool fresh);
bool publish_is_fresh(const struct publish *publish);

/* "TRACKING id n", if that peer is still there. */
void publish_result(struct publish *publish, const struct asker *asker, enum sockmsg_result result);

#endif
