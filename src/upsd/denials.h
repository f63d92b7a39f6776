/* denials.h - what is logged of refused clients: once per address, rule and minute, however often
 * they come.  Bounded: what was told longest ago is forgotten first. */
#ifndef DENIALS_H
#define DENIALS_H

#include <stdbool.h>
#include <stdint.h>

#define DENIALS_EACH_MS 60000

struct denials;
struct denials *denials_new(uint64_t seed); /* NULL: no memory; a secret: slots are unguessable */
void denials_free(struct denials *denials);

/* HOST was refused by the rule in LINE (any number that stands for the rule).  Shall that be
 * logged?  *MISSED: how often it was not, since it last was. */
bool denials_tell(
    struct denials *denials, const char *host, unsigned line, int64_t now_ms, unsigned *missed);

#endif
