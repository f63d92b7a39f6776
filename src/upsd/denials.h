/* denials.h - what is logged of refused clients: once per address, rule and minute, however often
 * they come. */
#ifndef DENIALS_H
#define DENIALS_H

#include "upsd/seen.h"

#define DENIALS_EACH_MS 60000

/* HOST was refused by the rule in LINE (any number that stands for the rule).  Shall that be
 * logged?  *MISSED: how often it was not, since it last was. */
bool denials_tell(
    struct seen *denials, const char *host, unsigned line, int64_t now_ms, unsigned *missed);

#endif
