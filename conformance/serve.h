/* serve.h - a pretended upsd for the cases that judge clients. */
#ifndef CONFORMANCE_SERVE_H
#define CONFORMANCE_SERVE_H

#include "bench.h"

/* To a line that begins with REQUEST, say TEXT.  The first row that fits answers; a table ends with
 * a NULL request, and what no row fits is ERR UNKNOWN-COMMAND. */
enum then {
	THEN_GO_ON,
	THEN_CLOSE,
	THEN_REPEAT /* TEXT, then again and again what follows its first newline, or all of it */
};
struct reply {
	const char *request, *text;
	enum then then;
};

struct server {
	struct server *next;
	int listener, port; /* listener -1: does not listen */
	int hold;	    /* while it is open the port is ours */
	bool idle;	    /* listens, but accepts nobody */
	const struct reply *replies;
	/* Answers in place of the table, when not NULL. */
	void (*answer)(struct server *server, struct conn *conn, const char *line);
	struct bytes heard; /* all lines of all clients */
};

/* Listen and belong to the bench.  SERVER, or what it is the first member of, is owned by the bench
 * from here on. */
void server_add(struct bench *bench, struct server *server);
/* (Again) on its port. */
void server_listen(struct bench *bench, struct server *server);

/* Begin to serve on 127.0.0.1; bench->server->port says where. */
void serve(struct bench *bench, const struct reply *replies);

/* Run a client of the target to its end, at most MS: PROGRAM and up to six arguments, in which %
 * stands for the server's 127.0.0.1:PORT.  Returns its exit status; 1000 + N for signal N. */
int run_client(struct bench *bench, int ms, const char *program, const char *a, const char *b,
    const char *c, const char *d, const char *e, const char *f);
/* What it printed; valid until the next call of either. */
const char *printed(struct bench *bench);
const char *complained(struct bench *bench);

#endif
