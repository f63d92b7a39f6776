/* wire.h - the other end of a connection to what is fuzzed, in the simulated world: bytes are put
 * in and taken out between turns. */
#ifndef WIRE_H
#define WIRE_H

#include "fuzz/lib/fuzz.h"

#include "tests/sim/sim.h"

/* {.fd = -1} is one that is not connected. */
struct wire {
	const struct world *world; /* borrowed from the sim */
	int fd;
	struct buf in; /* what came and nobody has taken */
};

/* WHERE connects to TO. */
void wire_connect(struct wire *wire, struct sim *sim, const char *where, const struct addr *to);
/* WHERE listens at AT; the descriptor. */
int wire_listen(struct sim *sim, const char *where, const struct addr *at);
/* Take the one who has come to LISTENER, if anybody has and WIRE is free. */
void wire_accept(struct wire *wire, struct sim *sim, const char *where, int listener);
/* What cannot be sent now is lost, as is all once the other end has closed. */
void wire_send(struct wire *wire, const void *bytes, size_t len);
/* Fill IN; at the end of file the wire is closed. */
void wire_read(struct wire *wire);
void wire_close(struct wire *wire); /* IN is emptied, too */

#endif
