/* drvctl.h - start, stop and ask drivers, all UPSes at once, each by its own little state machine
 * on the loop.  Readiness is an event (the driver's parent exits), never a sleep. */
#ifndef DRVCTL_H
#define DRVCTL_H

#include "base/loop.h"
#include "ups/upsconf.h"

#include <stdbool.h>
#include <sys/types.h>

enum drvctl_action {
	DRVCTL_START,
	DRVCTL_STOP,
	DRVCTL_SHUTDOWN, /* the driver with -k, by sdorder */
	DRVCTL_COMMAND,	 /* the driver with -c COMMAND */
	DRVCTL_STATUS
};

#define DRVCTL_PASS_MAX 24

struct drvctl_settings {
	enum drvctl_action action;
	const char *command; /* DRVCTL_COMMAND */
	const char *driver_path, *state_path, *altpid_path;
	const char *const *pass; /* options for each driver: DRVCTL_PASS_MAX at most, NULL-ended */
	bool dry_run;		 /* say what would be done, and do nothing */
	bool always_wait;	 /* "nowait" in ups.conf does not count */
	bool stay;		 /* the drivers stay in the foreground: nothing to wait for */
};

struct drvctl;
/* ONLY: one UPS, NULL for all.  CONF and SETTINGS are borrowed.  NULL when out of memory. */
struct drvctl *drvctl_new(struct loop *loop, const struct upsconf *conf, const char *only,
    const struct drvctl_settings *settings);
void drvctl_free(struct drvctl *ctl);
/* Begin; *DONE becomes true when every UPS has come to its end. */
void drvctl_run(struct drvctl *ctl, bool *done);
/* SIGCHLD */
void drvctl_reap(struct drvctl *ctl);
/* How many did not do as they were told. */
unsigned drvctl_failures(const struct drvctl *ctl);

#endif
