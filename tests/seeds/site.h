/* site.h - a site in a simulated world: UPSes with batteries, the hosts they feed, and on the hosts
 * the daemons of this house, each from its own room: drivers/core, upsd, upsmon.
 *
 * What really happens is kept here (truth); the daemons know only what reaches them.  The oracle
 * (oracle.h) compares the two.  docs/simulation.md */
#ifndef SITE_H
#define SITE_H

#include "emulators/battery.h"
#include "tests/seeds/device.h"
#include "tests/sim/sim.h"
#include "upsd/upsd.h"
#include "upsmon/upsmon.h"

#include <stdarg.h>

#define UNITS_MAX 2
#define HOSTS_MAX_OF_SITE 5
#define TICK_MS 250
#define BEGIN_MS 60000 /* everything has started; nothing happens before */

/* splitmix64, apart from the world's own chance: a plan does not depend on what happens in it */
struct chance {
	uint64_t state;
};
uint64_t chance_next(struct chance *chance);
uint64_t chance_below(struct chance *chance, uint64_t below);
int64_t chance_between(struct chance *chance, int64_t least, int64_t most);
bool chance_one_in(struct chance *chance, unsigned n);

/* What is so of a UPS, whoever may know it. */
enum fact {
	FACT_FSD,  /* latched at its upsd */
	FACT_OB,   /* carried by the battery */
	FACT_OBLB, /* ... which is low, and this is no calibration */
	FACT_OFF,
	FACT_OVER,
	FACT_ALARM,
	FACT_BYPASS,
	FACTS
};

/* What a server says that is none. */
enum evil {
	EVIL_NONE,
	EVIL_SILENT,
	EVIL_DRIP,
	EVIL_NOISE,
	EVIL_OTHER_UPS,
	EVIL_OK_TO_ALL,
	EVIL_CLOSES,
	EVIL_ENDLESS,
	EVIL_EMPTY,
	EVIL_ERRORS,
	EVILS
};

/* upsmon.conf of a host. */
struct limits {
	long pollfreq, pollfreqalert, hostsync, deadtime, finaldelay;
	long offduration, overduration, oblbduration;
	long shutdown_exit; /* -1: no; 0: yes; else seconds */
	bool alarm_critical, exec;
	long min_supplies;
};

struct site;

struct unit {
	struct site *site;
	char name[24];
	size_t server; /* the host on which its driver and its upsd run */
	struct emu_battery battery;
	bool mains;		 /* at its socket */
	int lost;		 /* faults that keep the device from answering */
	bool alarm;		 /* the device reports one */
	bool calibrates_on_line; /* it says OL CAL rather than OB CAL */
	int64_t calibrates_ms;	 /* since when it calibrates, LB and all, without our battery; 0 */
	bool contradicts;	 /* it says OL OB LB while all is well */
	const char *odd;	 /* a word of its own in the status; NULL */
	struct device *driver;	 /* NULL: it does not run */
	int driver_stopped;
	bool fact[FACTS];
	int64_t fact_ms[FACTS]; /* when it became, or ceased to be, so */
	int64_t true_ms[FACTS]; /* when it was so last; 0: never */
	int64_t mute_ms;	/* since when nobody hears the device; INT64_MIN: somebody does */
	unsigned fsd_life;	/* the upsd_life in which FSD was set last */
};

/* A host is fed by some UPSes and may watch more (power value 0). */
struct feed {
	size_t unit;
	unsigned value;
	bool primary;
};

enum host_state { HOST_ON, HOST_HALTING, HOST_OFF, HOST_BOOTING };

struct evil_server;

struct host_of_site {
	struct site *site;
	char name[24];
	struct feed feeds[UNITS_MAX];
	size_t feeds_len;
	struct limits limits;
	size_t wired_len;	/* of these feeds are in its upsmon.conf feeds_len, at first all */
	bool has_upsd, outside; /* OUTSIDE: power that never fails */
	bool rehearses;		/* upsmon -R */
	bool parent_gone;	/* upsmon's: nothing can be run */
	const char *more_conf;	/* lines for upsmon.conf; NULL */

	enum host_state state;
	int64_t until_ms;	  /* HALTING, BOOTING: when that is over */
	int64_t off_ms;		  /* since when it is off */
	bool power_was_cut;	  /* since it is off */
	bool flag;		  /* POWERDOWNFLAG */
	struct upsd *upsd;	  /* NULL: it does not run */
	struct evil_server *evil; /* in its place */
	int upsd_stopped, upsmon_stopped, asleep;
	struct upsmon *upsmon;		 /* NULL: it does not run */
	unsigned upsmon_life, upsd_life; /* count their starts */

	/* What this upsmon did. */
	bool began, ran, asked; /* shutdown seen to begin; SHUTDOWNCMD run; somebody asked for it */
	int64_t began_ms, ran_ms;
	bool ran_as_primary;
	unsigned named_rules; /* bits of enum decide_rule that its log named */
	int64_t up_ms;	      /* since when it runs */
	int64_t awake_ms;     /* how long it could run, since it was started */
	int64_t slept_ms;     /* how long the host has been suspended */
};

struct totals {
	unsigned long outages, shutdowns, deaths, boots, faults;
	unsigned long by_rule[8], hand, as_primary, as_secondary, gaps, virtual_ms;
};

struct oracle;

struct site {
	struct sim *sim;
	int64_t start_ms;
	struct unit units[UNITS_MAX];
	size_t units_len;
	struct host_of_site hosts[HOSTS_MAX_OF_SITE];
	size_t hosts_len;
	struct oracle *oracle;
	struct totals *totals;
	bool verbose;
	int64_t delay_ms; /* between hosts */
	int cuts[HOSTS_MAX_OF_SITE][HOSTS_MAX_OF_SITE], slow[HOSTS_MAX_OF_SITE][HOSTS_MAX_OF_SITE];
	char flag_folder[64];
	char failed[256]; /* the first violation; "": none */
	char failed_name[48];
	int64_t failed_ms;
	int64_t first_ran_ms[HOSTS_MAX_OF_SITE]; /* SHUTDOWNCMD; 0: never */
};

/* The site that lives; the process's log goes there. */
struct site *site_new(uint64_t seed, struct totals *totals, bool verbose);
void site_free(struct site *site);
/* After units, hosts and feeds have been filled in: switch everything on. */
void site_begin(struct site *site);
void site_run(struct site *site, int64_t for_ms);
int64_t site_ms(const struct site *site); /* since the beginning */
void site_say(struct site *site, const char *format, ...) __attribute__((format(printf, 2, 3)));
void site_fail(struct site *site, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Things that happen. */
void unit_mains(struct unit *unit, bool on);
void unit_look(struct unit *unit); /* bring its facts up to date */
void driver_start(struct unit *unit);
void driver_end(struct unit *unit);
void driver_stop(struct unit *unit, int by); /* +1, -1: SIGSTOP, SIGCONT */
void upsd_start(struct host_of_site *host);
void upsd_end(struct host_of_site *host);
void upsd_stop(struct host_of_site *host, int by);
void upsd_reload_now(struct host_of_site *host);
void evil_start(struct host_of_site *host, enum evil evil);
void evil_end(struct host_of_site *host);
void upsmon_start(struct host_of_site *host);
void upsmon_end(struct host_of_site *host);
void upsmon_stop(struct host_of_site *host, int by);
/* WITH: a line that makes the file unusable; NULL: none. */
void upsmon_reload_now(struct host_of_site *host, const char *with);
void upsmon_parent_dies(struct host_of_site *host);
void upsmon_ask_fsd(struct host_of_site *host);
void host_asleep(struct host_of_site *host, int by);
void link_cut(struct site *site, size_t a, size_t b, int by);
void link_slow(struct site *site, size_t a, size_t b, int by);
bool host_is_primary(const struct host_of_site *host);
bool host_is_fed(const struct host_of_site *host);
bool upsmon_can_run(const struct host_of_site *host);

#endif
