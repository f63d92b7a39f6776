/* server.h - an upsd that answers well, but for what the harness says: in the simulated world, at
 * port 3493 of a host of its own. */
#ifndef SERVER_H
#define SERVER_H

#include "fuzz/lib/wire.h"

struct server {
	struct sim *sim;   /* borrowed */
	const char *where; /* "s/server" */
	struct wire wire;  /* the one client that is connected */
	int listener;
	bool silent;	  /* what it is asked it keeps for later */
	char status[100]; /* ups.status of every UPS */
	struct buf said;  /* all that it has said */
};

/* SERVER is {0}; WHERE is borrowed. */
void server_begin(struct server *server, struct sim *sim, const char *where);
void server_end(struct server *server);
/* Between two turns: take a client that has come, and answer what was asked, unless silent.  false:
 * nothing was to do. */
bool server_turn(struct server *server);
/* How long it may be until the next turn: LEAST_MS after one that was BUSY, then longer and longer
 * than STEP_MS. */
int64_t server_step(int64_t step_ms, bool busy, int64_t least_ms, int64_t left_ms);
/* Answer all that was asked and not yet answered: with TEXT as a line, or well (NULL).  false:
 * there was nothing. */
bool server_answer(struct server *server, const char *text, size_t len);
void server_say(struct server *server, const char *bytes, size_t len);

#endif
