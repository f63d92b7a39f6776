/* throttle.h - slows down who guesses passwords (docs/security.md, "Who guesses passwords").
 *
 * Failures count per network and user name - of an IPv6 address its first 64 bits, since whoever
 * has one has all of that /64; of any other the whole.  Beyond THROTTLE_FREE each further try waits
 * for its turn, one each THROTTLE_STEP_MS, however many connections ask.  Per network alone the
 * same holds beyond ten times as many, so that other names are no way around it.  When
 * THROTTLE_MOST_MS of turns are taken, the rest is refused unseen - but not to the one address and
 * user that once gave the right password: somebody's guesses must not lock out an upsmon, which
 * waits that long and is looked at. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "base/addr.h"
#include "upsd/seen.h"

#define THROTTLE_FREE 5
#define THROTTLE_STEP_MS 100
#define THROTTLE_MOST_MS 2000	  /* nobody waits longer */
#define THROTTLE_FORGET_MS 600000 /* after the last failure */

/* How long a try must wait before it is judged; it has its turn from now on.  *REFUSE: too many
 * wait already, answer no after that time without looking. */
int64_t throttle_wait_ms(
    struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms, bool *refuse);
/* How many failures of this network and user that makes. */
unsigned throttle_failed(
    struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms);
void throttle_passed(
    struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms);

#endif
