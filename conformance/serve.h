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
	int listener, port;
	const struct reply *replies;
	struct bytes heard; /* all lines of all clients */
};

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
