/* schedconf.h - upssched.conf (docs/man/upssched.conf.5): which notification starts or cancels
 * which timer, or runs something at once. */
#ifndef SCHEDCONF_H
#define SCHEDCONF_H

#include "base/conffile.h"

#include <stdbool.h>

#define SCHED_SECONDS_MAX (366L * 24 * 3600)

enum sched_action {
	SCHED_START,	    /* START-TIMER name seconds: a timer of its own for each UPS */
	SCHED_START_SHARED, /* START-TIMER-SHARED name seconds: one for all; a running one goes on
			     */
	SCHED_CANCEL,	    /* CANCEL-TIMER name [argument for CMDSCRIPT when it was not running] */
	SCHED_CANCEL_MATCHED, /* CANCEL-TIMER-MATCHED name: all whose name matches (fnmatch) */
	SCHED_EXECUTE	      /* EXECUTE argument */
};

struct sched_at {
	char *type, *ups; /* ups "*": any */
	enum sched_action action;
	char *name;	 /* timer, or what EXECUTE hands to CMDSCRIPT */
	char *otherwise; /* CANCEL-TIMER's second word; NULL: none */
	long seconds;
	unsigned line;
};

struct schedconf {
	char *cmdscript, *pipefn, *lockfn;
	struct sched_at *at;
	size_t len;
	long debug_min; /* -1: not given */
};

/* NULL when unreadable, or when what every AT line needs is missing.  A line that is wrong is told
 * of in FAULTS and passed over: the file is read for each notification, and there is no older one
 * to go on with. */
struct schedconf *schedconf_read(const char *path, struct faults *faults);
struct schedconf *schedconf_from(struct conffile *file, struct faults *faults);
void schedconf_free(struct schedconf *conf);

/* Does this line speak of that notification of that UPS?  Types compare without case. */
bool sched_matches(const struct sched_at *at, const char *type, const char *ups);

#endif
