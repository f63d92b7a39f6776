/* hosts.h - clients from any address: on a loopback of our own where we may make one. */
#ifndef CONFORMANCE_HOSTS_H
#define CONFORMANCE_HOSTS_H

#include "talk.h"

/* From here to the end of the case this worker, and what it starts, lives in a network namespace
 * with nothing but lo.  false where that is not permitted. */
bool hosts_enter(struct bench *bench);
void hosts_leave(void); /* fine when it was never entered */
/* An address more on that lo. */
void hosts_add(struct bench *bench, const char *address);

/* A connection from FROM to HOST; "::ffff:10.0.0.1" is an IPv6 socket's.  NULL when refused. */
struct conn *dial_from(struct bench *bench, const char *from, const char *host, int port);

#endif
