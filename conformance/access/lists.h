/* lists.h - an upsd whose upsd.conf has access lists. */
#ifndef CONFORMANCE_LISTS_H
#define CONFORMANCE_LISTS_H

#include "conformance/hosts.h"

/* Skip the case where upsd has no access lists: NUT since 2.4. */
void need_lists(struct bench *bench);
/* upsd.conf: LISTEN on 127.0.0.1, and LINES. */
void put_lists(struct bench *bench, const char *lines);
/* Start upsd with the files as they are, and wait until it listens: whether 127.0.0.1 may then
 * say anything is what the lists say. */
void serve_lists(struct bench *bench);

#endif
