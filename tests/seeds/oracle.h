/* oracle.h - was each shutdown needed, and did each needed one come in time?  Judged by what is so
 * (site.h), never by what a daemon believes.
 *
 * What a upsmon knows depends on when something reached it.  The oracle therefore keeps two answers
 * for each host, UPS and fact: what the upsmon may have heard by now (then a shutdown that follows
 * from it is not needless), and what it must have heard by now (then one that follows is needed).
 * docs/simulation.md, "The oracle". */
#ifndef ORACLE_H
#define ORACLE_H

#include "tests/seeds/site.h"

struct oracle *oracle_new(struct site *site);
void oracle_free(struct oracle *oracle);
void oracle_tick(struct oracle *oracle); /* each TICK_MS, after the facts */
void oracle_upsmon_started(struct oracle *oracle, struct host_of_site *host);
void oracle_reloaded(struct oracle *oracle, struct host_of_site *host);
/* UNIT is new in its upsmon.conf. */
void oracle_forgets(struct oracle *oracle, struct host_of_site *host, size_t unit);
void oracle_began(struct oracle *oracle, struct host_of_site *host); /* a shutdown */
void oracle_ran(struct oracle *oracle, struct host_of_site *host);   /* SHUTDOWNCMD */
void oracle_halted(struct oracle *oracle, struct host_of_site *host);
void oracle_died(struct oracle *oracle, struct host_of_site *host); /* without power */

#endif
