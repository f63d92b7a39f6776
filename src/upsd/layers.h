/* layers.h - where the layers of access control meet (docs/access.md, E1): may this peer do that?
 *
 * 0 LISTEN, 1 ACCEPT/REJECT and ACCESS (access.h), 2 those of the table in layers.c, which are
 * asked for login and above, 3 upsd.users (rights_may() and its like, which commands ask once they
 * know their arguments).  A request must pass every one; none grants what another refuses. */
#ifndef LAYERS_H
#define LAYERS_H

#include "upsd/peer.h"

/* A client at the door.  What its address may do goes to RIGHTS, for the peer that is made when the
 * answer is ACCESS_PASS.  Refusals are logged. */
enum access_answer layers_connect(
    struct upsd *upsd, const struct addr *from, struct access_rights *rights);

/* The timer of upsd->lost, a minute after a reload: whoever has logged in, is refused at the door
 * since, and has said nothing that could be answered so, is let go (F5). */
void layers_end_lost(void *owner);

enum layers_answer {
	LAYERS_PASS,
	LAYERS_ANSWERED, /* refused, with an answer */
	LAYERS_SILENT,	 /* refused without a word (C8): the peer has not been heard */
	LAYERS_LATER	 /* as PEER_WAIT: the command is run again from its beginning */
};
/* Is there no layer for what PEER asks?  So it is with what comes all the time. */
static inline bool
layers_absent(const struct peer *peer, enum access_level level)
{
	return level < peer->upsd->asked_from;
}
/* Before a command that needs LEVEL looks at its arguments.  WHAT names it in the log. */
enum layers_answer layers_command(struct peer *peer, enum access_level level, const char *what);

#endif
