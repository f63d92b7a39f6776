/* core.h - one running driver, for the files of drivers/core and their tests.  Drivers include
 * driver.h and exchange.h alone. */
#ifndef CORE_H
#define CORE_H

#include "base/log.h"
#include "drivers/core/driver.h"
#include "drivers/core/drvconf.h"
#include "drivers/core/exchange.h"
#include "drivers/core/publish.h"

#define CORE_TICKETS_MAX 64
#define CORE_ORDERS_MAX 8 /* that wait for a device; one more is refused at once */

enum core_phase {
	CORE_CLOSED,   /* waiting for the next attempt */
	CORE_STARTING, /* opened, the driver identifies the device */
	CORE_RUNNING,
	CORE_STOPPED /* over() has been called */
};

/* What the program does with it. */
struct core_calls {
	void (*ready)(void *owner);	       /* once: identified, and one round is over */
	void (*round)(void *owner);	       /* after each round; may be NULL */
	void (*over)(void *owner, int status); /* the end: status is the program's */
	/* driver.reload and its kin: a new reading of the configuration, NULL when it is faulty
	 * (which has been logged).  May be NULL. */
	struct drvconf *(*reread)(void *owner);
};

/* An INSTCMD or SET under way. */
struct ticket {
	core_ticket number; /* 0: free */
	uint64_t peer;
	char *tracking; /* owned; NULL: nobody wants to know */
};

struct queued_exchange;
struct exchange_queue {
	struct queued_exchange *first, **last;
};

/* exchange.c's part. */
struct exchanges {
	struct exchange_queue urgent, normal;
	struct queued_exchange *running;
	unsigned urgent_since; /* CORE.ROUNDS when the last urgent one was taken, and one more */
	char answer[EXCHANGE_BYTES_MAX + 1];
	size_t len;
	int64_t asked_ms;
	struct timer deadline;
	struct later next;
	bool open; /* there is a port to ask */

	/* Late answers. */
	unsigned owed;	       /* questions whose deadline passed and that may yet be answered */
	int64_t unanswered_ms; /* when the last of them was asked */
	int64_t slowest_ms;    /* what an answer that came late took; fades */
	struct exchange last;  /* as was asked last; its question is not kept */
	bool listening;	       /* nothing is asked meanwhile; ANSWER is what comes late */
	bool held, said_late;  /* HELD: an answer is whole, but in doubt */
	enum exchange_end held_end;
	size_t held_len;
	int64_t held_late_ms; /* if it is the question before's, it is as late as that */
};

struct core {
	const struct driver *driver; /* borrowed */
	struct loop *loop;	     /* borrowed */
	struct drvconf *conf;	     /* owned */
	const struct core_calls *calls;
	void *calls_owner;
	struct publish *publish;       /* owned */
	void *device;		       /* owned: driver->free */
	const struct carrier *carrier; /* borrowed; NULL: none */
	void *port;		       /* owned: carrier->close; NULL while closed */
	struct serial_line line;
	struct usb *usb;      /* borrowed: the driver's, NULL if it has none */
	struct faults faults; /* core_fault(), during core_new() */

	enum core_phase phase;
	bool shutting_down;  /* -k: cut the power instead of polling */
	bool cutting, blind; /* the order is under way; without a word from the device before */
	bool was_started;    /* identified once: from then on never given up */
	bool was_ready;
	char why[320];	    /* why it is being closed */
	bool lost, closing; /* how; until close_later has run */
	struct later close_later;
	struct timer attempt; /* the next opening, or the end of one that takes too long */
	int64_t give_up_ms;
	unsigned failures; /* openings that failed in a row: the back-off */

	struct timer poll, stale;
	bool in_round, poll_again;
	uint32_t status_bits;
	struct buf alarm;
	unsigned history; /* the last rounds, bit 0 the latest: 1 lost */
	unsigned rounds;

	struct exchanges exchanges;
	struct ticket tickets[CORE_TICKETS_MAX];
	core_ticket last_ticket, shutdown_ticket;
	struct log_rate bad_value, busy;
};

/* CONF is owned from here on, also when this fails: NULL after the faults have been logged. */
struct core *core_new(const struct driver *driver, struct drvconf *conf, struct loop *loop,
    const struct core_calls *calls, void *owner);
void core_free(struct core *core);
/* Open the device.  SHUTTING_DOWN: to cut its power. */
void core_begin(struct core *core, bool shutting_down);
void core_stop(struct core *core, int status);
/* "reload", "reload-or-error", "reload-or-exit", "exit", as INSTCMD driver.<NAME> does. */
enum sockmsg_result core_command(struct core *core, const char *name);

/* Cut the power; TICKET is finished when that is done.  False: not now. */
bool core_shut_down(struct core *core, core_ticket ticket);

/* values.c: the driver.* variables, default. and override. values; again after a reload. */
void core_publish_settings(struct core *core);
/* Status and alarm of the round that ends.  False when nothing was said. */
bool core_publish_status(struct core *core);
void core_state(struct core *core, const char *state); /* driver.state */

/* orders.c: what peers want; every ticket there is ends with RESULT. */
extern const struct publish_calls core_orders;
void core_finish_all(struct core *core, enum sockmsg_result result);

/* exchange.c */
void exchanges_init(struct core *core);
void exchanges_open(struct core *core);
/* Close: LOST: every exchange there is ends as EXCHANGE_LOST; else they are forgotten. */
void exchanges_close(struct core *core, bool lost);

#endif
