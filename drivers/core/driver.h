/* driver.h - the contract between a driver and the core (docs/drivers.md).
 *
 * A driver never reads, writes or waits.  It queues exchanges and is told how they ended; it
 * publishes variables and a status; the core does the rest: options, sockets, staleness,
 * reconnecting, tracing, daemonising.  One driver program is one file that defines `const struct
 * driver NAME_driver`. */
#ifndef DRIVER_H
#define DRIVER_H

#include "base/loop.h"
#include "ups/sockmsg.h"
#include "ups/state.h"
#include "ups/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct confine_call;
struct core;	 /* one running driver: core/core.c */
struct exchange; /* core/exchange.h */

/* A key of ups.conf or -x that this driver takes beside the common ones.  Last row: name NULL. */
struct driver_option {
	const char *name;
	bool flag;	  /* takes no value */
	const char *help; /* one line, for -L and -h */
};

/* One INSTCMD or SET under way.  A driver that answers RESULT_PENDING keeps the number and calls
 * core_finish() once, later; the asker may be gone by then, which is the core's business. */
typedef uint64_t core_ticket;

struct driver {
	const char *name, *version; /* version: driver.version.internal */
	const struct driver_option *options;
	/* The USB devices it knows (core/usb.h), for --list-ids and the udev rules; NULL: none. */
	const struct usb_known *usb;
	/* Check the options (core_option) and make the driver's own state.  NULL after core_fault()
	 * when they are wrong.  No I/O yet. */
	void *(*new)(struct core *core);
	/* The device has been opened (at start, and again after each reconnect): queue the
	 * identification, and call core_started() when the device is known, or core_failed() to
	 * have it closed and tried again with back-off. */
	void (*start)(void *device);
	/* Once each pollinterval, and never while the last round's exchanges are still queued:
	 * queue one round; call core_round_done() at its end. */
	void (*poll)(void *device);
	/* Result at once or RESULT_PENDING.  The core has checked that the name was published (else
	 * RESULT_UNKNOWN) and, for setvar, that it is RW and the value fits its type.  NULL: none.
	 */
	enum sockmsg_result (*instcmd)(
	    void *device, const char *name, const char *param, core_ticket ticket);
	enum sockmsg_result (*setvar)(
	    void *device, const char *name, const char *value, core_ticket ticket);
	/* -k: queue the exchanges that cut the power, then call core_shutdown_done(). NULL: cannot.
	 */
	void (*shutdown)(void *device);
	/* Is the order known though the device has not been identified, or is silent now?  Then
	 * SHUTDOWN is called nevertheless.  NULL: no. */
	bool (*shuts_down_blind)(void *device);
	void (*free)(void *device); /* NULL is not passed */
	/* USB: the device has spoken unasked, an interrupt report.  NULL: never listens.  LEN 0: it
	 * will not be heard any more. */
	void (*heard)(void *device, const unsigned char *bytes, size_t len);
	/* Which carrier: how the port is opened. */
	const struct carrier *carrier; /* core/exchange.h; NULL: no port (dummy-ups) */
	/* For a driver of devices on a line and on USB: does the configuration mean the latter?
	 * Then it is opened by USB_CARRIER.  NULL: no. */
	bool (*is_usb)(void *device);
	const struct carrier *usb_carrier;
	/* ups.status is set by core_set(), or there is none (dummy-ups, a PDU): a round without
	 * core_status() is then not a lost one. */
	bool own_status;
	/* Will it look up names of hosts (base/helper.h) with that port?  NULL: no. */
	bool (*needs_helper)(const char *port);
	/* What it calls of the kernel beside its carrier (base/confine.h): tables, NULL behind the
	 * last; or NULL. */
	const struct confine_call *const *calls;
};

/* Options.  core_option(): the value ("" for a flag that is set), NULL if not given. */
const char *core_option(struct core *core, const char *name);
/* A decimal in [MIN, MAX] or FALLBACK; a bad one is a core_fault(). */
double core_option_number(
    struct core *core, const char *name, double min, double max, double fallback);
/* Configuration is wrong: logged with the option's file:line; the driver does not start. */
void core_fault(struct core *core, const char *option, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *core_ups_name(struct core *core);
const char *core_port(struct core *core);
const char *core_conf_dir(struct core *core); /* where ups.conf is */
struct loop *core_loop(struct core *core);

/* Publish.  Values from a device: bytes outside 0x20..0x7e become '?', trailing blanks go, logged
 * once.  default./override. are the core's business.  core_unset(): the value is no longer known.
 */
void core_set(struct core *core, const char *name, const char *value);
void core_setf(struct core *core, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void core_unset(struct core *core, const char *name);
void core_var(struct core *core, const char *name, unsigned flags, long aux); /* after core_set */
void core_enum(struct core *core, const char *name, const char *value);
void core_range(struct core *core, const char *name, long min, long max);
void core_cmd(struct core *core, const char *name);
void core_uncmd(struct core *core, const char *name);
const char *core_get(struct core *core, const char *name); /* published value, NULL */
double core_number(struct core *core, const char *name);   /* the same as a number; NAN: none */

/* Status and alarms of one round, published together by core_round_done(true). */
void core_status(struct core *core, uint32_t status_bits); /* STATUS_ALARM is set by core_alarm */
void core_alarm(struct core *core, const char *text);

/* How things went. */
void core_started(struct core *core);
void core_failed(struct core *core, const char *why);
/* FRESH: the round gave a believable status.  false counts as a lost poll: data become stale when
 * nothing fresh came for the core's limit (at most 15 s), and the device is reopened when it lasts.
 */
void core_round_done(struct core *core, bool fresh);
/* Whatever is behind the device says itself that its data are stale: they are, at once, until a
 * fresh round.  Call it in a round, before core_round_done(false). */
void core_stale(struct core *core, const char *why);
void core_finish(struct core *core, core_ticket ticket, enum sockmsg_result result);
/* OK: the order was sent and nobody has objected. */
void core_shutdown_done(struct core *core, bool ok);
/* Something changed that cannot wait for pollinterval: poll soon (after an instcmd, say). */
void core_poll_soon(struct core *core);

#endif
