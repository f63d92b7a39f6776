/* notify.h - telling people: the notification types, and their delivery to the log, to wall(1) and
 * to NOTIFYCMD (docs/man/upsmon.conf.5). */
#ifndef NOTIFY_H
#define NOTIFY_H

#include "base/buf.h"
#include "base/loop.h"

#include <stdbool.h>

enum notify_type {
	NOTIFY_ONLINE,
	NOTIFY_ONBATT,
	NOTIFY_LOWBATT,
	NOTIFY_FSD,
	NOTIFY_COMMOK,
	NOTIFY_COMMBAD,
	NOTIFY_SHUTDOWN,
	NOTIFY_REPLBATT,
	NOTIFY_NOCOMM,
	NOTIFY_NOPARENT,
	NOTIFY_CAL,
	NOTIFY_NOTCAL,
	NOTIFY_OFF,
	NOTIFY_NOTOFF,
	NOTIFY_BYPASS,
	NOTIFY_NOTBYPASS,
	NOTIFY_ECO,
	NOTIFY_NOTECO,
	NOTIFY_ALARM,
	NOTIFY_NOTALARM,
	NOTIFY_OVER,
	NOTIFY_NOTOVER,
	NOTIFY_TRIM,
	NOTIFY_NOTTRIM,
	NOTIFY_BOOST,
	NOTIFY_NOTBOOST,
	NOTIFY_OTHER,
	NOTIFY_NOTOTHER,
	NOTIFY_SHUTDOWN_HOSTSYNC,
	NOTIFY_SUSPEND_STARTING,
	NOTIFY_SUSPEND_FINISHED,
	NOTIFY_SUSPEND_TIMEJUMP_UNEXPECTED,
	NOTIFY_TYPES
};

enum { NOTIFY_SYSLOG = 1, NOTIFY_WALL = 2, NOTIFY_EXEC = 4 };
#define NOTIFY_FLAGS_DEFAULT (NOTIFY_SYSLOG | NOTIFY_WALL)

const char *notify_name(enum notify_type type);
bool notify_type_parse(const char *name, enum notify_type *out); /* any case */
/* The message used where NOTIFYMSG says nothing. */
const char *notify_stock_message(enum notify_type type);
/* "SYSLOG+WALL+EXEC" or "IGNORE" */
bool notify_flags_parse(const char *text, unsigned *out);
/* MESSAGE with its first %s as UPS and its second as EXTRA; %% is %.  No other % means anything. */
bool notify_format(struct buf *out, const char *message, const char *ups, const char *extra);

/* NOTIFYCMD as argv: one word with blanks or shell characters is run by /bin/sh -c, with the
 * message as "$1"; anything else is run as it stands with the message behind its arguments. */
struct notify_command {
	char **words; /* owned, NULL-ended; NULL: none */
};

struct notifier;
struct notifier *notifier_new(struct loop *loop);
void notifier_free(struct notifier *notifier);

/* Deliver one notification; never waits.  Programs beyond NOTIFY_RUNNING at once wait their turn,
 * in order, and so does one about the same UPS as another that has not ended, NOTIFY_ORDER_MS at
 * most; one that runs longer than NOTIFY_TIMEOUT_MS is killed; more than NOTIFY_WAITING is logged
 * and dropped. */
#define NOTIFY_RUNNING 8
#define NOTIFY_ORDER_MS 5000
#define NOTIFY_WAITING 256
#define NOTIFY_TIMEOUT_MS 60000
void notifier_send(struct notifier *notifier, enum notify_type type, unsigned flags,
    const struct notify_command *command, const char *ups, const char *text);
/* A child has ended (SIGCHLD). */
void notifier_reap(struct notifier *notifier);
size_t notifier_busy(const struct notifier *notifier);

#endif
