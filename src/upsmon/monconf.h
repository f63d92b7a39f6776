/* monconf.h - upsmon.conf (docs/man/upsmon.conf.5), read whole and checked before any of it counts.
 */
#ifndef MONCONF_H
#define MONCONF_H

#include "base/addr.h"
#include "base/conffile.h"
#include "tls/tls.h"
#include "upsmon/notify.h"

#include <stdbool.h>

#define MONCONF_MONITORS_MAX 256

struct monconf_monitor {
	char *text; /* as written: "myups@host:3493"; what logs and notifications call it */
	struct ups_at at;
	unsigned power_value;
	char *user, *password; /* a secret */
	bool primary;
	unsigned line;
};

/* CERTHOST */
struct monconf_host {
	char *host, *name;
	uint16_t port; /* 0: any */
	bool verify, force;
};

struct monconf {
	char *path;
	struct monconf_monitor *monitors;
	size_t monitors_len;
	struct monconf_host *hosts;
	size_t hosts_len;

	long min_supplies;
	long pollfreq_s, pollfreqalert_s, hostsync_s, deadtime_s, finaldelay_s;
	long rbwarntime_s, nocommwarntime_s;
	long offduration_s, overduration_s, oblbduration_s; /* negative: never */
	long pollfail_log_throttle; /* log a repeated failure each Nth time; below 1: never again */
	bool alarm_critical;
	bool shutdown_exit;   /* SHUTDOWNEXIT yes, or a delay */
	long shutdown_exit_s; /* for yes: 0; how long to stay connected meanwhile */
	long debug_min;	      /* -1: not given */

	char *shutdown_cmd, *powerdown_flag, *run_as_user; /* NULL: not given */
	struct notify_command notify_cmd;
	struct {
		char *message; /* NULL: stock */
		unsigned flags;
	} notify[NOTIFY_TYPES];

	char *cert_path, *cert_file, *cert_ident, *cert_password; /* NULL: not given */
	bool cert_verify, force_ssl;
	bool open_files;     /* NUT_ALLOW_OPEN_FILES */
	struct tls *keys[2]; /* owned, by whether they verify; NULL: not needed, or not read yet */
};

/* How to meet the upsd of one monitor: its CERTHOST, or what holds for all.  Borrowed from CONF. */
struct monconf_tls {
	const char *name; /* whom its certificate must name; NULL: see tls.h */
	bool verify, force;
};
struct monconf_tls monconf_tls(const struct monconf *conf, const struct ups_at *at);
/* Is there what CONF needs to shut this host down, and to have the UPSes switched off?  At a reload
 * COMMAND and FLAG (NULL: none) are those of the start, which is when they are read. */
bool monconf_can_shut_down(
    const struct monconf *conf, const char *command, const char *flag, struct faults *faults);
/* Read the keys and certificates that the monitors need: as the user who monitors.  false after
 * faults: CONF then cannot be used. */
bool monconf_read_keys(struct monconf *conf, struct faults *faults);
/* What they are read with. */
struct tls_settings monconf_tls_settings(const struct monconf *conf, bool verify);

/* NULL when unreadable, faulty, or open to others (a warning only with ALLOW_OPEN): FAULTS then
 * says why.  Warnings do not make it fail. */
struct monconf *monconf_read(const char *path, bool allow_open, struct faults *faults);
/* POWERDOWNFLAG alone, owned by the caller; NULL if there is none to be read.  Faults elsewhere in
 * the file do not matter. */
char *monconf_read_flag(const char *path);
struct monconf *monconf_from(struct conffile *file, struct faults *faults);
void monconf_free(struct monconf *conf);

#endif
