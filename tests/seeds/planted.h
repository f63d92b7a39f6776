/* planted.h - known defects, to prove that the oracle sees them (docs/simulation.md).
 *
 * The linker puts wrappers (-Wl,--wrap, see the Makefile) between the files of src/ in this one
 * program; without a planted fault they only pass on.  Nothing in src/ knows of them. */
#ifndef PLANTED_H
#define PLANTED_H

#include <stdbool.h>

enum planted {
	PLANTED_NONE,
	FSD_LOST_WITH_DRIVER,
	FSD_LOST_BY_RELOAD,
	FSD_NOT_SENT,
	FSD_UNSEEN_BY_SECONDARIES,
	FSD_BY_SUBSTRING,
	LB_BY_SUBSTRING,
	OB_BEATS_OL,
	CAL_IGNORED,
	HOSTSYNC_IGNORED,
	HOSTSYNC_TRIPLED,
	FINALDELAY_TRIPLED,
	LOGIN_FORGOTTEN,
	LOGIN_ONCE,
	SECONDARY_AT_ONCE,
	SECONDARY_WAITS_FOR_EVER,
	DEADTIME_FROM_FAILURE,
	DEADTIME_HALVED,
	DEADTIME_NEVER,
	DEADTIME_BY_WALL_CLOCK,
	LOST_ON_LINE_IS_CRITICAL,
	STALE_IS_SERVED,
	DEAD_DRIVER_IS_SERVED,
	OBLBDURATION_IGNORED,
	OBLB_STOPS_WHEN_LOST,
	OFF_IGNORED,
	OFFDURATION_IGNORED,
	OVERDURATION_IGNORED,
	ALARMCRITICAL_IGNORED,
	MINSUPPLIES_IGNORED,
	ALL_SUPPLIES_NEEDED,
	DEAF_AT_FIRST,
	GAP_IGNORED,
	GAP_SEEN_LATE,
	GAPS_ALL_FORGIVEN,
	SUSPEND_UNSEEN,
	SERVER_GAP_UNSEEN,
	RELOAD_FORGETS,
	NO_SECOND_CONNECTION,
	ALERT_WAITS,
	POLLFREQALERT_IGNORED,
	FLAG_BY_SECONDARIES,
	FLAG_ONLY_IF_CONNECTED,
	PLANTED_FAULTS
};

extern enum planted planted; /* which one is in force */
const char *planted_name(enum planted fault);
const char *planted_what(enum planted fault); /* a sentence without its full stop */
bool planted_named(const char *name);	      /* put it in force; false: there is none */

#endif
