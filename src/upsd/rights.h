/* rights.h - layer 3: what upsd.users lets a peer do (docs/access.md, E4 and U).  Without that file
 * everything is allowed here: the access lists have decided (E5).
 *
 * WAIT: see peer.h.  Failures are logged and slowed down. */
#ifndef RIGHTS_H
#define RIGHTS_H

#include "upsd/peer.h"

/* Is its password right, and does it come from where its user may?  All that TRACKING needs. */
enum peer_right rights_authentic(struct peer *peer);
/* And may it do that to UPS? */
enum peer_right rights_may(struct peer *peer, const struct ups *ups, enum user_action action);
enum peer_right rights_may_instcmd(struct peer *peer, const struct ups *ups, const char *cmd);

#endif
