/* throttle.h - slows down who guesses passwords (docs/security.md).
 *
 * Failures count per address and user name; beyond THROTTLE_FREE each further try waits for its
 * turn, one each THROTTLE_STEP_MS, however many connections ask.  Per address alone the same holds
 * beyond ten times as many, so that other names are no way around it.  When THROTTLE_MOST_MS of
 * turns are taken, the rest is refused unseen - but not to a pair that once gave the right
 * password: somebody's guesses must not lock out an upsmon, which waits that long and is looked at.
 * Bounded: the oldest is forgotten first, those that passed last. */
#ifndef THROTTLE_H
#define THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_FREE 5
#define THROTTLE_STEP_MS 100
#define THROTTLE_MOST_MS 2000	  /* nobody waits longer */
#define THROTTLE_FORGET_MS 600000 /* after the last failure */

struct throttle;
struct throttle *throttle_new(
    uint64_t seed); /* NULL: no memory; a secret makes slots unguessable */
void throttle_free(struct throttle *throttle);

/* How long a try must wait before it is judged; it has its turn from now on.  *REFUSE: too many
 * wait already, answer no after that time without looking. */
int64_t throttle_wait_ms(
    struct throttle *throttle, const char *host, const char *user, int64_t now_ms, bool *refuse);
/* How many failures of this pair that makes. */
unsigned throttle_failed(
    struct throttle *throttle, const char *host, const char *user, int64_t now_ms);
void throttle_passed(struct throttle *throttle, const char *host, const char *user, int64_t now_ms);

#endif
