/* timers.h - the timers that upssched keeps between two notifications: a small server on a unix
 * socket, one line a request, "OK" or "ERR ..." a reply; it ends when no timer is left.
 *
 *	START name seconds type ups		a timer for this UPS
 *	START-SHARED name seconds type ups	one for all UPSes
 *	CANCEL name type ups [argument]		not running: CMDSCRIPT gets the argument
 *	CANCEL-MATCHED pattern
 *	LIST					"TIMER name seconds-left ups" lines, then OK
 *
 * A timer that runs goes on when it is started again: a notification that is repeated (NOCOMM) must
 * not put off for ever what it began. */
#ifndef TIMERS_H
#define TIMERS_H

#include "base/loop.h"

#define TIMERS_MAX 1024

struct timers;

/* Serve on LISTEN_FD (owned).  CMDSCRIPT may hold arguments after blanks.  IDLE is called when no
 * timer and no peer is left, and again some time later if that did not end us. */
struct timers_settings {
	const char *cmdscript; /* borrowed */
	void (*idle)(void *owner);
	void *owner;
};
struct timers *timers_new(struct loop *loop, int listen_fd, const struct timers_settings *settings);
void timers_free(struct timers *timers);
void timers_reap(struct timers *timers); /* SIGCHLD */
/* Run CMDSCRIPT with ARGUMENT, in the environment of that notification. */
pid_t timers_execute(struct loop *loop, const char *cmdscript, const char *argument,
    const char *type, const char *ups);

#endif
