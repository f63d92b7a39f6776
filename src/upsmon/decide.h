/* decide.h - must this host shut down?  The rules R0 to R6 of docs/shutdown.md, pure: states, ages
 * and limits in, an answer and its reason out.  No clock, no I/O, no memory. */
#ifndef DECIDE_H
#define DECIDE_H

#include "ups/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIDE_NEVER (-1) /* a time that has not begun; a limit that is never reached */

/* One monitored UPS.  Times are awake time: what passed while we did not run is left out. */
struct decide_ups {
	bool primary;	/* we are, of this UPS */
	bool heard;	/* there has been a good poll, ever */
	bool fsd;	/* our own FSD was accepted */
	uint32_t words; /* STATUS_ bits of the last good poll */
	int64_t age_ms; /* since that poll */
	/* Since when, without a break, the words have said so; DECIDE_NEVER: they do not.  They go
	 * on while the link is down. */
	int64_t off_ms;	      /* OFF */
	int64_t oblb_ms;      /* OB and LB, without CAL or OL */
	int64_t over_ms;      /* OVER */
	unsigned power_value; /* supplies that it feeds; 0: only watched */
};

/* upsmon.conf, in milliseconds.  Negative: never. */
struct decide_limits {
	int64_t deadtime_ms, hostsync_ms;
	int64_t offduration_ms, overduration_ms, oblbduration_ms;
	bool alarm_critical;
	unsigned min_supplies;
};

enum decide_rule {
	DECIDE_R0, /* never heard: counts as fine */
	DECIDE_R1, /* FSD */
	DECIDE_R2, /* OFF for OFFDURATION */
	DECIDE_R3, /* OB LB for OBLBDURATION; a secondary waits HOSTSYNC longer */
	DECIDE_R4, /* heard lately: fine otherwise */
	DECIDE_R5, /* not heard for DEADTIME: critical by its last words, or fine */
};

struct decision {
	bool critical;
	enum decide_rule rule;
	const char *because; /* constant text, for the log */
};

struct decision decide_ups(const struct decide_ups *ups, const struct decide_limits *limits);

/* The words that a rule looks at: OL beats OB (robustness 48). */
uint32_t decide_words(uint32_t words);

/* Power values of the supplies that are not critical; fewer than MINSUPPLIES means shut down. */
struct decide_sum {
	unsigned feeding;
	bool shut_down;
};
struct decide_sum decide_all(
    const struct decide_ups *ups, size_t len, const struct decide_limits *limits);

const char *decide_rule_name(enum decide_rule rule);

#endif
