/* tracking.h - what became of an INSTCMD or SET: ids that cannot be guessed, told only to the user
 * who got them, forgotten after TRACKINGDELAY. */
#ifndef TRACKING_H
#define TRACKING_H

#include "ups/sockmsg.h"
#include "upsd/upsd.h"

#define TRACKING_ID_LEN 36 /* an upper-case UUID */
#define TRACKING_MAX 4096  /* ids in all; then the oldest goes of the user who has most */

struct tracking *tracking_new(struct upsd *upsd); /* NULL: no memory */
void tracking_free(struct tracking *tracking);

/* A new id, pending; borrowed until the next call.  NULL: no memory. */
const char *tracking_begin(struct tracking *tracking, const char *user, const struct ups *ups);
/* The command could not be sent after all. */
void tracking_forget(struct tracking *tracking, const char *id);
/* UPS's driver says how it ended.  An id that is not of this UPS is ignored. */
void tracking_result(struct tracking *tracking, const struct ups *ups, const char *id, long result);
/* UPS's driver is gone: what is pending has failed.  GONE: UPS itself goes, too. */
void tracking_ups_lost(struct tracking *tracking, const struct ups *ups, bool gone);
/* The line to answer, newline included: "PENDING\n", "ERR UNKNOWN\n" ... */
const char *tracking_say(const struct tracking *tracking, const char *user, const char *id);

#endif
