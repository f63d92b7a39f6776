/* upsd.h - one upsd: what it serves, whom it serves, and the configuration in force.
 *
 * Nothing here calls the process: no signals, users, folders (main.c does that), so that a test may
 * have two.  Specified in docs/net-protocol.md and docs/sock-protocol.md. */
#ifndef UPSD_H
#define UPSD_H

#include "base/conn.h"
#include "base/log.h"
#include "base/loop.h"
#include "ups/netmsg.h"
#include "ups/state.h"
#include "upsd/asking.h"
#include "upsd/upsdconf.h"

#include <stdbool.h>
#include <stdint.h>

struct listener;
struct refused;
struct seen;
struct tracking;

/* upsd's end of one driver's socket; driverlink.c */
struct driverlink {
	bool started;
	struct conn *conn; /* owned; NULL: not connected */
	bool connecting;
	bool dumped;	  /* the dump is complete */
	bool stale;	  /* the driver says so */
	bool silent;	  /* nothing heard for MAXAGE */
	int64_t since_ms; /* when it was connected */
	int64_t heard_ms; /* last line that meant something */
	int64_t pinged_ms;
	struct timer timer;  /* connect again, ask again, judge its silence */
	int64_t back_off_ms; /* 0: it behaved */
	struct log_rate complaint, odd;
};

struct ups {
	struct upsd *upsd;		 /* borrowed */
	const struct upsdconf_ups *conf; /* borrowed from upsd->conf */
	struct state *state; /* owned: the mirror; valid when driverlink_check() says so */
	struct driverlink link;
	unsigned logins;
	bool fsd; /* latched until restart, or until the UPS goes from ups.conf */
};

/* One client's connection; peer.c.  Thousands may be idle: keep it small. */
struct peer {
	struct upsd *upsd;	     /* borrowed */
	struct conn *conn;	     /* owned */
	struct peer *before, *after; /* in upsd->visitors or upsd->members, longest silent first */
	char *username, *password;   /* owned; NULL until given */
	struct ups *login;	     /* borrowed; NULL: not logged in */
	struct pending *pending;     /* owned; NULL: no answer is owed */
	int64_t heard_ms;	     /* last whole command */
	uint32_t verified;	     /* upsd->generation in which the password was right; 0 never */
	uint32_t judged;	     /* upsd->generation of RIGHTS, which borrow from its lists */
	struct access_rights rights;
	bool tracking, tls;
	bool clear_told; /* that FORCESSL refused it */
	bool ended;	 /* LOGOUT, or STARTTLS under way: no more commands in clear */
	char host[];	 /* "192.0.2.1" */
};

struct peers {
	struct peer *first, *last;
	size_t len;
};

struct upsd {
	struct loop *loop;		      /* borrowed */
	const struct world *world;	      /* borrowed: the loop's */
	struct upsdconf *conf;		      /* owned: in force */
	const struct upsdconf_source *source; /* borrowed: where to read it again; NULL: nowhere */
	const char *report_path, *report_path2; /* borrowed: where reloads are told, may be NULL */
	int family;				/* AF_UNSPEC, or the only one to listen on */
	long fd_max;				/* descriptors this process may have */
	uint32_t generation;			/* counts adopted configurations, from 1 */
	unsigned reloads;			/* counts attempts */

	struct ups **upses; /* owned; in the order of ups.conf */
	size_t upses_len;
	struct ups **slots; /* the same, by hash of the name; a power of two */
	size_t slots_len;

	struct peers visitors, members; /* members have logged in */
	struct timer idle;		/* the next visitor's 60 s */
	struct timer lost;		/* members that a reload has refused, and that are silent */
	struct listener *listeners;	/* owned list */
	struct seen *throttle;		/* owned; NULL until somebody logs in */
	struct seen *denials;		/* owned */
	struct refused *refusals;	/* owned list; refused.c */
	size_t refusals_len;
	enum access_level asked_from; /* levels from this one on are asked of layers.c */
	struct tracking *trackings;   /* owned */
	struct asking asking;	      /* requests that the helper judges */
	bool wrap;		      /* tcp-wrappers are asked (layer 2): main.c says so */
	struct log_rate full, refused, failed, denied, silent;
	struct log_rate shakes, clear; /* failed handshakes; credentials in clear */
};

/* CONF is owned from here on, but on failure (NULL: no memory).  Links to drivers begin at once;
 * upsd_listen() (listen.h) opens the door. */
struct upsd *upsd_new(struct loop *loop, struct upsdconf *conf);
void upsd_free(struct upsd *upsd);
/* Between two turns: CONF replaces the one in force.  UPSes of the same name keep state, FSD,
 * logins and, if the driver is the same, their link; clients logged in to one that went are let go.
 * What can only be set at start and differs is warned about.  false: no memory, nothing has changed
 * and CONF is still the caller's. */
bool upsd_adopt(struct upsd *upsd, struct upsdconf *conf);
/* Read the files again; adopt them, or say why not and keep everything. */
void upsd_reload(struct upsd *upsd);
/* Tell "upsd -c reload" how it went: report_path gets "COUNT ok\n" or "COUNT fault\n", and a line
 * with our pid, by rename. */
void upsd_report(struct upsd *upsd, const char *fault);

/* The UPS with a NAME of LEN bytes; NULL if there is none.  Names compare without case. */
struct ups *upsd_ups(const struct upsd *upsd, const char *name, size_t len);

#endif
