/* driverlink.h - upsd's mirror of one driver: its socket, staleness, PING.
 *
 * Connects, asks for everything (DUMPALL), follows the updates, and connects again when the driver
 * went.  Until the dump is complete nothing is served (docs/sock-protocol.md). */
#ifndef DRIVERLINK_H
#define DRIVERLINK_H

#include "ups/sockmsg.h"
#include "upsd/upsd.h"

void driverlink_start(struct ups *ups);
/* We did not run for a while, LATE_MS by our clock: what the driver told before is stale until it
 * is heard again. */
void driverlink_after_gap(struct ups *ups, int64_t late_ms);
/* Forget the driver's data and close; driverlink_start() may follow. */
void driverlink_stop(struct ups *ups);
/* May UPS's data be served?  NET_OK, NET_DRIVER_NOT_CONNECTED or NET_DATA_STALE. */
enum net_error driverlink_check(const struct ups *ups);
/* false when it cannot be sent now: no driver, or it takes nothing. */
bool driverlink_send(struct ups *ups, const struct sockmsg *msg);
/* MAXAGE has changed. */
void driverlink_retime(struct ups *ups);

#endif
