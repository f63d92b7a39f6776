/* refused.h - clients that are turned away at the door with a word (docs/access.md, C7).
 *
 * "ERR ACCESS-DENIED" is sent at once.  The socket then stays for a moment, because a client that
 * is still sending would be told of a broken pipe instead: the greeting counts as the answer to the
 * first line it sends, each further line gets another, nothing is ever run. */
#ifndef REFUSED_H
#define REFUSED_H

#include "upsd/upsd.h"

#define REFUSED_MS 2000
#define REFUSED_LINES 4
#define REFUSED_MAX 16 /* beyond that they are turned away at once */

/* FD is owned from here on. */
void refused_new(struct upsd *upsd, int fd);
/* The word, and closed at once. */
void refused_turn_away(struct upsd *upsd, int fd);
void refused_free_all(struct upsd *upsd);

#endif
