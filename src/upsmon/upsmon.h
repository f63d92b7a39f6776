/* upsmon.h - the one context of upsmon's monitoring process; everything reaches it through a
 * pointer, so that a test runs several in one simulated world. */
#ifndef UPSMON_H
#define UPSMON_H

#include "base/loop.h"
#include "upsmon/decide.h"
#include "upsmon/monconf.h"
#include "upsmon/notify.h"

#include <stdbool.h>

struct upsmon;
struct monitor;

/* What the process around us does. */
struct upsmon_calls {
	/* Run SHUTDOWNCMD; a PRIMARY sets POWERDOWNFLAG first.  Called once. */
	void (*shut_down)(void *owner, bool primary);
	/* All is done (after a shutdown): leave. */
	void (*finished)(void *owner);
};

struct upsmon_settings {
	const struct upsmon_calls *calls;
	void *owner;
	int64_t connect_ms; /* -W; 0: the client's own */
	/* Play everything and log it, but leave FSD, SHUTDOWNCMD and POWERDOWNFLAG alone. */
	bool rehearse;
};

/* CONF is owned from here on.  NULL when out of memory. */
struct upsmon *upsmon_new(
    struct loop *loop, struct monconf *conf, const struct upsmon_settings *settings);
void upsmon_free(struct upsmon *upsmon);

/* Take a new configuration, which is owned from here on.  A UPS of the same name keeps its state,
 * and its connection if user, password and role stay as well; new keys and certificates count from
 * the next connection on, other rules about TLS at once, by a new connection. */
void upsmon_adopt(struct upsmon *upsmon, struct monconf *conf);
/* Somebody asks for a forced shutdown (`upsmon -c fsd`). */
void upsmon_force(struct upsmon *upsmon);
/* The privileged parent is gone: nothing can be shut down any more. */
void upsmon_lost_parent(struct upsmon *upsmon);
/* SIGCHLD */
void upsmon_child_ended(struct upsmon *upsmon);
/* A shutdown has begun: what happens to the UPSes changes nothing any more. */
bool upsmon_shutting_down(const struct upsmon *upsmon);

/* ---- For the files of this room ---- */

struct upsmon {
	struct loop *loop; /* borrowed */
	struct monconf *conf;
	struct upsmon_settings settings;
	struct notifier *notifier;
	struct monitor **monitors; /* owned, in the order of the file */
	size_t len;
	struct timer second;	   /* decides once a second, whatever else happens */
	int64_t no_parent_ms;	   /* when NOPARENT was last raised; 0: we have a parent */
	struct shutdown *shutdown; /* owned; begun or not */
};

/* Raise a notification; UPS and EXTRA may be NULL. */
void upsmon_notify(
    struct upsmon *upsmon, enum notify_type type, const char *ups, const char *extra);
/* Something about a UPS has changed: decide now. */
void upsmon_decide(struct upsmon *upsmon);
/* The interval between polls, as long as something is wrong anywhere or not. */
int64_t upsmon_poll_ms(const struct upsmon *upsmon);
/* Something is wrong somewhere: no UPS waits longer than POLLFREQALERT for its next poll, whatever
 * was planned before. */
void upsmon_hasten(struct upsmon *upsmon);

/* monitor.c: one UPS, on its own connection. */
struct monitor *monitor_new(struct upsmon *upsmon, const struct monconf_monitor *conf);
void monitor_free(struct monitor *monitor);
bool monitor_matches(
    const struct monitor *monitor, const struct monconf_monitor *conf); /* its UPS */
/* CONF is the same UPS in a new configuration. */
void monitor_adopt(struct monitor *monitor, const struct monconf_monitor *conf);
const char *monitor_name(const struct monitor *monitor);
/* What decide() wants to know, as of now. */
struct decide_ups monitor_view(const struct monitor *monitor);
bool monitor_alert(const struct monitor *monitor);		  /* poll it at POLLFREQALERT */
void monitor_poll_within(struct monitor *monitor, int64_t in_ms); /* or sooner, if planned so */
/* We did not run for a while, LATE_MS of it by our clock, which stands still while the host sleeps:
 * forgive it, once between two good polls, and poll now. */
void monitor_gap(struct monitor *monitor, int64_t late_ms);
/* That poll has not come to an end: what is known of the UPS is too old to judge it. */
bool monitor_awaited(const struct monitor *monitor);
/* Timed things that no answer triggers: NOCOMM, RBWARNTIME. */
void monitor_second(struct monitor *monitor);
/* The shutdown sequence. */
bool monitor_is_primary(const struct monitor *monitor); /* and connected, with the right granted */
bool monitor_waits(const struct monitor *monitor);	/* for secondaries, or to learn of any */
void monitor_send_fsd(struct monitor *monitor);		/* once in a connection */
void monitor_count_logins(struct monitor *monitor);

/* shutdown.c: the sequence FSD, HOSTSYNC, notification, FINALDELAY, command. */
/* Made at the start, so that a shutdown needs no memory.  NULL when there is none then. */
struct shutdown *shutdown_new(struct upsmon *upsmon);
void shutdown_begin(struct shutdown *shutdown); /* once; it goes on by itself */
bool shutdown_has_begun(const struct shutdown *shutdown);
void shutdown_free(struct shutdown *shutdown);

#endif
