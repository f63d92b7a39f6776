/* exchange.h - question, answer, deadline, one at a time: the only I/O a driver does.
 *
 * Exchanges wait in a queue per device.  The one that runs is written by the carrier; what comes
 * back is shown to COMPLETE until it says so or the deadline passes; then DONE is called once.
 * Bytes that come when nothing is asked are dropped.  One trace line each, at debug level 3.
 *
 * A late answer is never taken for the next question's, however late it is, up to
 * EXCHANGE_LATE_MAX_MS (docs/drivers.md, "Late answers"):
 * 1. After a deadline that passed nothing is asked until the answer has come, and been thrown away,
 *    or the line was quiet for as long again, or somewhat longer than the slowest answer took.
 * 2. When nothing came, the next answer is in doubt: it may be that of the question before.  It is
 *    held until the line has been quiet for as long as it would be late then.  If another comes
 *    meanwhile it was late: it is thrown away, the exchange ends with EXCHANGE_TIMEOUT, and how
 *    slow the device is has been learnt.
 * A question that the carrier can take back (USB) needs none of this. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "drivers/core/driver.h"

#define EXCHANGE_BYTES_MAX 4096	   /* a HID report descriptor */
#define EXCHANGE_LATE_MAX_MS 10000 /* what is not answered then never will be */

enum exchange_end {
	EXCHANGE_ANSWERED, /* COMPLETE was satisfied */
	EXCHANGE_TIMEOUT,  /* the deadline passed; ANSWER holds what had come by then */
	EXCHANGE_LOST,	   /* the port is gone, or was closed under it */
	EXCHANGE_REFUSED,  /* USB: the device stalled the request */
	EXCHANGE_BROKEN	   /* USB: the transfer failed on its way, or the question was taken back */
};

struct exchange {
	const char *name; /* for the trace: "Q1" */
	const void
	    *question; /* copied when queued; serial: the bytes to write; USB: SETUP and data */
	size_t question_len;
	unsigned deadline_ms; /* from the write; all of it, not per byte */
	/* serial: how many of the LEN bytes make a whole answer, 0 for not yet.  NULL: no answer is
	 * expected; DONE comes when the question is written (and SETTLE_MS have passed, during
	 * which what comes back is collected and shown). */
	size_t (*complete)(void *device, const char *bytes, size_t len);
	unsigned settle_ms;
	/* Silence is an answer too (an order that is obeyed without a word): a late one is waited
	 * for before the end, and is the answer; silence after that leaves nothing in doubt. */
	bool may_be_silent;
	/* ANSWER is NUL-ended behind its LEN bytes; borrowed.  May queue further exchanges. */
	void (*done)(void *device, const struct exchange *exchange, enum exchange_end end,
	    const char *answer, size_t len);
	void *owner;	    /* DONE's first argument; NULL: the driver's device */
	int tag;	    /* the driver's: which row of its table, say */
	core_ticket ticket; /* the driver's: whom to answer, 0 nobody */
};

/* Queue a copy.  URGENT: before those that wait, for INSTCMD and SET; but a round that is due or
 * under way gives way to one of them only. */
void core_exchange(struct core *core, const struct exchange *exchange, bool urgent);
/* In DONE, after EXCHANGE_TIMEOUT: the answer was whole for all that, and no other will come. */
void core_exchange_was_whole(struct core *core);
/* Forget all that wait and the one that runs, without calling DONE. */
void core_exchanges_drop(struct core *core);

struct confine_call;

/* How exchanges travel: serial.c; usb.c later; a test brings its own.  Each call is on a port that
 * OPEN made; none blocks. */
struct carrier {
	const char *name;
	/* NULL with *WHY (constant text) and errno. */
	void *(*open)(struct core *core, const char **why);
	/* Drain what has come, then write the running exchange's question; bytes that arrive are
	 * given to core_arrived(), a lost port to core_port_lost(). */
	void (*ask)(void *port, const struct exchange *exchange);
	void (*close)(void *port);
	/* NULL: an exchange ends when its COMPLETE says so.  Else the carrier knows itself when one
	 * without a COMPLETE has ended, or that one with it has failed, and calls core_ended();
	 * this takes back the one that runs.  false: an answer may come for all that. */
	bool (*cancel)(void *port);
	/* What it calls of the kernel beside confine_common (base/confine.h); NULL: nothing. */
	const struct confine_call *calls;
};
extern const struct carrier carrier_serial;
/* The serial carrier's line settings, called by a driver's new(): baud, and cable power. */
struct serial_line {
	unsigned baud;
	bool dtr, rts;
};
void core_serial_line(struct core *core, const struct serial_line *line);

void core_arrived(struct core *core, const void *bytes, size_t len);
/* The running exchange has ended so, with these bytes. */
void core_ended(struct core *core, enum exchange_end end, const void *bytes, size_t len);
void core_port_lost(struct core *core, const char *why);

#endif
