/* plan.h - what a seed stands for: a site, its configuration, and what happens to it. */
#ifndef PLAN_H
#define PLAN_H

#include "tests/seeds/site.h"

#define FAULTS_MAX 64
#define PLAY_MS (16 * 60 * 1000) /* virtual time of one run */

enum fault_kind {
	MAINS_FAIL,
	CUT_LINK,
	SLOW_LINK,
	STOP_DRIVER,
	STOP_UPSD,
	STOP_UPSMON,
	SLEEP_HOST,
	JUMP_CLOCK,
	KILL_DRIVER,
	KILL_UPSD,
	KILL_UPSMON,
	RELOAD_UPSD,
	RELOAD_UPSMON,
	RELOAD_BROKEN,
	LOSE_DEVICE,
	EVIL_SERVER,
	ASK_FSD,
	CALIBRATE,
	RAISE_ALARM,
	OVERLOAD,
	BYPASS,
	SWITCH_OFF,
	SAY_ODD_WORD,
	CONTRADICT,
	THRASH,
	CHANGE_LIMITS,
	DROP_UPS,
	LOSE_PARENT,
	KINDS_OF_FAULT
};

struct mishap {
	enum fault_kind kind;
	int64_t at_ms, for_ms;
	size_t a, b; /* host, unit or the two ends of a link */
	int64_t value;
	bool left_out;
};

struct plan {
	uint64_t seed;
	const char *topology;
	struct mishap faults[FAULTS_MAX];
	size_t len;
	/* The layout, copied into a site. */
	size_t units_len, hosts_len;
	int64_t delay_ms, play_ms;
	/* Called each EACH_MS of it; may be NULL. */
	void (*look)(void *owner, struct site *site);
	void *look_owner;
	int64_t each_ms;
	struct {
		size_t server;
		double load, runtime_s, low_percent, overload_s;
		bool calibrates_on_line;
	} units[UNITS_MAX];
	struct {
		struct feed feeds[UNITS_MAX];
		size_t feeds_len;
		struct limits limits;
		bool has_upsd, outside, rehearses;
		const char *more_conf;
	} hosts[HOSTS_MAX_OF_SITE];
};

struct verdict {
	char failed[256], name[48]; /* "": all is well */
	int64_t failed_ms;
	int64_t first_ran_ms[HOSTS_MAX_OF_SITE]; /* SHUTDOWNCMD; 0: never */
	uint64_t trace;
};

void plan_make(struct plan *plan, uint64_t seed);
struct verdict plan_play(const struct plan *plan, struct totals *totals, bool verbose);
/* DAYS (at most 30) with nothing but an outage each day. */
void plan_make_soak(struct plan *plan, int days);
void plan_tell(const struct plan *plan);
/* Leave out all faults without which it still fails in the same way. */
void plan_shrink(struct plan *plan, const char *name);

#endif
