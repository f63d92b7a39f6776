/* wire.h - what each upsmon was told, word for word, taken from the network before any code of ours
 * reads it; and the promise that follows: whoever was told of OB LB or FSD, or was told of OB and
 * then nothing for DEADTIME, runs SHUTDOWNCMD within POLLFREQALERT + HOSTSYNC + FINALDELAY + 5 s.
 *
 * Beside the oracle, which goes by the devices and so must wait until a way has settled: this one
 * holds from the first answer on.  docs/simulation.md, "The oracle". */
#ifndef WIRE_H
#define WIRE_H

#include "tests/seeds/site.h"

struct wire;

struct wire *wire_new(struct site *site);
void wire_free(struct wire *wire);
/* It was started, or its configuration is another: it must be told anew.  After a gap the first
 * answer counts only if it is OB, and the last for DEADTIME: it may be one to what was asked before
 * (docs/shutdown.md). */
void wire_forgets(struct wire *wire, const struct host_of_site *host, bool gap);
void wire_tick(struct wire *wire, const struct host_of_site *host); /* each TICK_MS */

#endif
