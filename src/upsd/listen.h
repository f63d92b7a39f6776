/* listen.h - the addresses of LISTEN lines: opened at start, tried again while they are absent, and
 * the clients that come to them. */
#ifndef LISTEN_H
#define LISTEN_H

#include "upsd/upsd.h"

#define LISTEN_RETRY_MS 5000

/* Open what can be opened at once; names are asked for.  false: no memory. */
bool listen_start(struct upsd *upsd);
void listen_stop(struct upsd *upsd);
/* How many are open.  *SETTLED: each name has been answered, so that more only comes later. */
size_t listen_open(const struct upsd *upsd, bool *settled);
/* The first open one's address; for tests and messages. */
bool listen_address(const struct upsd *upsd, struct addr *out);

#endif
