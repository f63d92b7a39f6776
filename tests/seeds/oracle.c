#include "tests/seeds/oracle.h"

#include "tests/seeds/wire.h"

#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MIN
#define TRANSIT_MS 4500	      /* what was under way when a link broke may still arrive */
#define SERVED_STALE_MS 18500 /* how long a upsd may serve what a mute driver said: MAXAGE 15 */
#define REMEMBERED_MS 26000   /* what was so may still be served that long afterwards */
#define GAP_MAYBE_MS 4500     /* a shorter stop is no gap; */
#define GAP_SURE_MS 6500      /* a longer one surely is */
#define AFTER_GAP_MS 40000    /* each UPS is polled once more: two times the client's 10 s */

/* From the device to one upsmon. */
enum way { WAY_DOWN, WAY_UNSURE, WAY_UP };

/* What one upsmon knows of one UPS. */
struct path {
	enum way link, way;	  /* to its upsd; to its device */
	int64_t link_ms, way_ms;  /* since when */
	int64_t solid_ms;	  /* since when all surely arrives; NEVER: it may not */
	int64_t surely_polled_ms; /* forgiven time left out */
	/* Or the end of the first gap after that; both on the host's clock, which stands still
	 * while it is suspended. */
	int64_t maybe_polled_ms, first_gap_ms; /* first_gap_ms NEVER: there was none */
	int64_t link_solid_ms;		       /* since when it is surely logged in; NEVER */

	/* Gaps: the first one between two polls is forgiven. */
	bool gap_used;
	int64_t forgiven_ms;

	/* When it may first have heard (forgiven time left out), and must have heard by (awake
	 * time); NEVER: it has not. */
	int64_t may_ms[FACTS], must_ms[FACTS];
};

struct watched {
	struct path paths[UNITS_MAX];
	int64_t gap_since_ms;	  /* it does not run; NEVER: it does */
	int64_t due_awake_ms;	  /* SHUTDOWNCMD must have run by then; NEVER */
	int64_t certain_awake_ms; /* since when it is certain that it must; NEVER */
	/* At the beginning of a shutdown. */
	unsigned others_life[HOSTS_MAX_OF_SITE][UNITS_MAX]; /* who was logged in: its upsmon_life */
	unsigned upsd_life[UNITS_MAX];			    /* 0: we were not connected */
	bool connected_all_along[UNITS_MAX];
	int64_t stopped_since_began;
};

struct oracle {
	struct site *site;
	struct wire *wire;
	struct watched hosts[HOSTS_MAX_OF_SITE];
};

struct oracle *
oracle_new(struct site *site)
{
	struct oracle *oracle = calloc(1, sizeof(*oracle));

	if (!oracle)
		abort();
	oracle->site = site;
	oracle->wire = wire_new(site);
	return oracle;
}

void
oracle_free(struct oracle *oracle)
{
	wire_free(oracle->wire);
	free(oracle);
}

static size_t
index_of(const struct host_of_site *host)
{
	return (size_t)(host - host->site->hosts);
}

static int64_t
clock_of(const struct host_of_site *host)
{
	return site_ms(host->site) - host->slept_ms;
}

static int64_t
interval_ms(const struct limits *limits)
{
	return 1000 * (limits->pollfreq > limits->pollfreqalert ? limits->pollfreq
								: limits->pollfreqalert);
}

/* ---- the way a word takes ---- */

static enum way
link_now(const struct host_of_site *host, const struct unit *unit)
{
	const struct site *site = host->site;
	const struct host_of_site *server = &site->hosts[unit->server];
	size_t a = index_of(host), b = unit->server;

	if (!upsmon_can_run(host) || !server->upsd || server->upsd_stopped || server->asleep ||
	    site->cuts[a][b] > 0)
		return WAY_DOWN;
	return site->slow[a][b] > 0 ? WAY_UNSURE : WAY_UP;
}

/* DRIVER: the driver can say what the device shows. */
static enum way
way_now(const struct unit *unit, enum way link, int64_t now_ms, int64_t mute_since_ms)
{
	if (link == WAY_DOWN || !unit->driver)
		return WAY_DOWN;
	if (mute_since_ms != NEVER)
		return now_ms - mute_since_ms > SERVED_STALE_MS ? WAY_DOWN : WAY_UNSURE;
	return link;
}

static int64_t mute_since(struct unit *unit, int64_t now_ms);

static void
follow(enum way *way, int64_t *since_ms, enum way now, int64_t now_ms)
{
	if (*way != now)
		*since_ms = now_ms;
	*way = now;
}

/* ---- facts as they travel ---- */

/* How long a fact takes to be known surely, over a way that is solid. */
static int64_t
travel_ms(const struct host_of_site *host, bool alert)
{
	return DRIVER_POLL_MS + 1500 +
	       (alert ? host->limits.pollfreqalert * 1000 : interval_ms(&host->limits));
}

static bool
in_alert(const struct watched *watched, const struct host_of_site *host)
{
	static const enum fact facts[] = { FACT_OB, FACT_OFF, FACT_OVER, FACT_ALARM, FACT_BYPASS };

	for (size_t i = 0; i < host->feeds_len; i++)
		for (size_t f = 0; f < sizeof(facts) / sizeof(*facts); f++)
			if (watched->paths[host->feeds[i].unit].must_ms[facts[f]] != NEVER)
				return true;
	return false;
}

static void
travel(struct path *path, const struct unit *unit, const struct host_of_site *host, bool alert,
    int64_t now_ms)
{
	int64_t takes_ms = travel_ms(host, alert), longest_ms = travel_ms(host, false);

	for (int fact = 0; fact < FACTS; fact++) {
		bool is_so = unit->fact[fact], was_so;
		int64_t since_ms = unit->fact_ms[fact];
		bool solid = path->solid_ms != NEVER;
		int64_t known_ms = solid && path->solid_ms > since_ms ? path->solid_ms : since_ms;

		/* Perhaps for a moment only, between two ticks. */
		was_so = is_so || (unit->true_ms[fact] && now_ms - unit->true_ms[fact] <= TICK_MS);
		if (was_so && path->may_ms[fact] == NEVER)
			path->may_ms[fact] = now_ms - path->forgiven_ms;
		if (!is_so && solid && now_ms - known_ms > longest_ms)
			path->may_ms[fact] = NEVER;
		if (!is_so)
			path->must_ms[fact] = NEVER;
		else if (solid && path->must_ms[fact] == NEVER && now_ms - known_ms > takes_ms)
			path->must_ms[fact] = host->awake_ms;
	}
}

static void
mind_path(struct path *path, struct unit *unit, struct host_of_site *host, bool alert)
{
	int64_t now_ms = site_ms(host->site);
	int64_t settle_ms = 36000 + 2 * interval_ms(&host->limits);
	enum way link = link_now(host, unit);
	enum way way = way_now(unit, link, now_ms, mute_since(unit, now_ms));

	follow(&path->link, &path->link_ms, link, now_ms);
	follow(&path->way, &path->way_ms, way, now_ms);
	if (way != WAY_UP)
		path->solid_ms = NEVER;
	else if (path->solid_ms == NEVER && now_ms - path->way_ms > settle_ms)
		path->solid_ms = now_ms;
	if (link != WAY_UP)
		path->link_solid_ms = NEVER;
	else if (path->link_solid_ms == NEVER && now_ms - path->link_ms > settle_ms)
		path->link_solid_ms = now_ms;
	if (path->solid_ms != NEVER) {
		path->gap_used = false;
		path->surely_polled_ms = now_ms - path->forgiven_ms;
	}
	if (way != WAY_DOWN || now_ms - path->way_ms <= TRANSIT_MS) {
		path->maybe_polled_ms = clock_of(host);
		path->first_gap_ms = NEVER;
	}
	travel(path, unit, host, alert, now_ms);
}

/* ---- time that passes while it does not run ---- */

/* It runs again after GAP_MS. */
static void
mind_gap_of(struct path *path, const struct host_of_site *host, int64_t gap_ms)
{
	int64_t now_ms = site_ms(host->site);

	if (path->first_gap_ms == NEVER)
		path->maybe_polled_ms = path->first_gap_ms = clock_of(host);
	if (!path->gap_used && gap_ms >= GAP_SURE_MS) {
		path->forgiven_ms += gap_ms;
		path->surely_polled_ms = now_ms - path->forgiven_ms;
	}
	path->gap_used = true;
	/* What became so meanwhile is heard of from now on. */
	for (int fact = 0; fact < FACTS; fact++)
		if (path->may_ms[fact] > now_ms - path->forgiven_ms)
			path->may_ms[fact] = now_ms - path->forgiven_ms;
}

static void
mind_gap(struct watched *watched, struct host_of_site *host)
{
	int64_t now_ms = site_ms(host->site), gap_ms;

	if (!upsmon_can_run(host)) {
		if (watched->gap_since_ms == NEVER)
			watched->gap_since_ms = now_ms;
		watched->stopped_since_began += TICK_MS;
		return;
	}
	if (watched->gap_since_ms == NEVER)
		return;
	gap_ms = now_ms - watched->gap_since_ms;
	watched->gap_since_ms = NEVER;
	if (gap_ms >= GAP_MAYBE_MS)
		wire_forgets(host->site->oracle->wire, host, true);
	for (size_t i = 0; i < UNITS_MAX && gap_ms >= GAP_MAYBE_MS; i++)
		mind_gap_of(&watched->paths[i], host, gap_ms);
}

/* ---- the rules, by what may and what must be known ---- */

static bool
lasts(int64_t since_ms, int64_t now_ms, int64_t limit_ms)
{
	return since_ms != NEVER && now_ms - since_ms >= limit_ms;
}

static int64_t
low_limit_ms(const struct limits *limits, const struct feed *feed)
{
	return 1000 * ((limits->oblbduration > 0 ? limits->oblbduration : 0) +
			  (feed->primary ? 0 : limits->hostsync));
}

/* The rules (bits of enum decide_rule) that may be true for it.  SLACK_MS each way is what the
 * ticks and the seconds of upsmon leave open. */
static unsigned
may_rules(const struct path *path, const struct host_of_site *host, const struct feed *feed)
{
	const struct limits *limits = &host->limits;
	const int64_t *may = path->may_ms;
	int64_t now_ms = site_ms(host->site) - path->forgiven_ms, slack_ms = 1500;
	unsigned rules = 0;
	bool over = limits->overduration >= 0 &&
		    lasts(may[FACT_OVER], now_ms + slack_ms, limits->overduration * 1000);

	if (may[FACT_FSD] != NEVER)
		rules |= 1u << DECIDE_R1;
	if (limits->offduration >= 0 &&
	    lasts(may[FACT_OFF], now_ms + slack_ms, limits->offduration * 1000))
		rules |= 1u << DECIDE_R2;
	if (lasts(may[FACT_OBLB], now_ms + slack_ms, low_limit_ms(limits, feed)))
		rules |= 1u << DECIDE_R3;
	if (now_ms - path->surely_polled_ms + interval_ms(limits) + slack_ms >
		limits->deadtime * 1000 &&
	    (may[FACT_OB] != NEVER || may[FACT_BYPASS] != NEVER || over ||
		(may[FACT_ALARM] != NEVER && limits->alarm_critical)))
		rules |= 1u << DECIDE_R5;
	return rules;
}

static unsigned
must_rules(const struct path *path, const struct host_of_site *host, const struct feed *feed)
{
	const struct limits *limits = &host->limits;
	const int64_t *must = path->must_ms;
	int64_t awake_ms = host->awake_ms, now_ms = clock_of(host);
	unsigned rules = 0;
	bool over = limits->overduration >= 0 &&
		    lasts(must[FACT_OVER], awake_ms, limits->overduration * 1000);
	bool settled = path->first_gap_ms == NEVER || now_ms - path->first_gap_ms >= AFTER_GAP_MS;

	if (must[FACT_FSD] != NEVER)
		rules |= 1u << DECIDE_R1;
	if (limits->offduration >= 0 && lasts(must[FACT_OFF], awake_ms, limits->offduration * 1000))
		rules |= 1u << DECIDE_R2;
	if (lasts(must[FACT_OBLB], awake_ms, low_limit_ms(limits, feed)))
		rules |= 1u << DECIDE_R3;
	if (settled && now_ms - path->maybe_polled_ms > limits->deadtime * 1000 &&
	    (must[FACT_OB] != NEVER || must[FACT_BYPASS] != NEVER || over ||
		(must[FACT_ALARM] != NEVER && limits->alarm_critical)))
		rules |= 1u << DECIDE_R5;
	return rules;
}

static bool
may_shut_down(const struct watched *watched, const struct host_of_site *host, unsigned *rules)
{
	long sum = 0;

	*rules = 0;
	for (size_t i = 0; i < host->feeds_len; i++) {
		const struct feed *feed = &host->feeds[i];
		unsigned some = may_rules(&watched->paths[feed->unit], host, feed);

		*rules |= feed->value ? some : 0;
		if (!some)
			sum += (long)feed->value;
	}
	return sum < host->limits.min_supplies;
}

static bool
must_shut_down(const struct watched *watched, const struct host_of_site *host)
{
	long sum = 0;

	for (size_t i = 0; i < host->feeds_len; i++) {
		const struct feed *feed = &host->feeds[i];

		if (!must_rules(&watched->paths[feed->unit], host, feed))
			sum += (long)feed->value;
	}
	return sum < host->limits.min_supplies;
}

/* ---- a: needed ---- */

static void
mind_needed(struct watched *watched, struct host_of_site *host)
{
	const struct limits *limits = &host->limits;

	if (host->ran || host->rehearses || host->parent_gone || !upsmon_can_run(host))
		return;
	if (!must_shut_down(watched, host) && !host->began) {
		watched->certain_awake_ms = NEVER;
		return;
	}
	if (watched->certain_awake_ms == NEVER)
		watched->certain_awake_ms = host->awake_ms;
	/* It decides each second; what it saw was so for as long. */
	if (watched->due_awake_ms == NEVER &&
	    (host->began || host->awake_ms - watched->certain_awake_ms >= 1250))
		watched->due_awake_ms =
		    host->awake_ms + 1250 + 1000 * limits->finaldelay +
		    (host_is_primary(host) ? 1000 * limits->hostsync + 1000 : 0);
	if (watched->due_awake_ms != NEVER && host->awake_ms > watched->due_awake_ms)
		site_fail(host->site, "needed",
		    "%s: a shutdown was needed since %.1f s (it %s); SHUTDOWNCMD has not run",
		    host->name, (double)(host->awake_ms - watched->certain_awake_ms) / 1000,
		    host->began ? "has begun" : "has not even begun");
}

/* ---- b: needless ---- */

void
oracle_began(struct oracle *oracle, struct host_of_site *host)
{
	struct watched *watched = &oracle->hosts[index_of(host)];
	struct site *site = oracle->site;
	bool may;
	unsigned rules;

	may = may_shut_down(watched, host, &rules);
	if (!host->asked && !may)
		site_fail(site, "needless", "%s shuts down, and no rule was true", host->name);
	else if (!host->asked && host->named_rules & ~rules)
		site_fail(site, "needless",
		    "%s shuts down by rules 0x%x, of which only 0x%x were true", host->name,
		    host->named_rules, rules);
	for (int i = 0; i < 8; i++)
		site->totals->by_rule[i] += host->named_rules >> i & 1;
	site->totals->hand += host->asked;

	watched->stopped_since_began = 0;
	memset(watched->others_life, 0, sizeof(watched->others_life));
	memset(watched->upsd_life, 0, sizeof(watched->upsd_life));
	for (size_t i = 0; i < host->feeds_len; i++) {
		size_t u = host->feeds[i].unit;
		const struct host_of_site *server = &site->hosts[site->units[u].server];

		if (!host->feeds[i].primary || watched->paths[u].link_solid_ms == NEVER)
			continue;
		watched->upsd_life[u] = server->upsd_life;
		watched->connected_all_along[u] = true;
		for (size_t o = 0; o < site->hosts_len; o++) {
			const struct host_of_site *other = &site->hosts[o];

			for (size_t f = 0; f < other->feeds_len && other != host; f++)
				if (other->feeds[f].unit == u && other->upsmon && !other->ran &&
				    oracle->hosts[o].paths[u].link_solid_ms != NEVER)
					watched->others_life[o][u] = other->upsmon_life;
		}
	}
}

/* ---- c: secondaries first; e: the flag ---- */

static bool
watches(const struct host_of_site *host, size_t unit)
{
	for (size_t f = 0; f < host->feeds_len; f++)
		if (host->feeds[f].unit == unit)
			return true;
	return false;
}

static void
check_order(struct watched *watched, struct host_of_site *host, size_t u)
{
	struct site *site = host->site;
	int64_t waited_ms = site_ms(site) - host->began_ms - host->limits.finaldelay * 1000;

	if (!watched->upsd_life[u] || !watched->connected_all_along[u])
		return;
	if (!site->units[u].fact[FACT_FSD])
		site_fail(site, "fsd", "%s shuts down as primary of %s, but no FSD is set",
		    host->name, site->units[u].name);
	if (waited_ms >= host->limits.hostsync * 1000 - 250)
		return;
	for (size_t o = 0; o < site->hosts_len; o++) {
		const struct host_of_site *other = &site->hosts[o];

		if (watched->others_life[o][u] && other->upsmon && !other->ran &&
		    !other->rehearses && !other->parent_gone && watches(other, u) &&
		    other->upsmon_life == watched->others_life[o][u] &&
		    site->oracle->hosts[o].paths[u].link_solid_ms != NEVER)
			site_fail(site, "order",
			    "%s runs SHUTDOWNCMD %.1f s after FSD and before its secondary %s",
			    host->name, (double)waited_ms / 1000, other->name);
	}
}

static void
mind_paths(struct oracle *oracle, struct host_of_site *host)
{
	struct watched *watched = &oracle->hosts[index_of(host)];
	bool alert = in_alert(watched, host);

	for (size_t f = 0; f < host->feeds_len; f++) {
		size_t u = host->feeds[f].unit;
		struct unit *unit = &oracle->site->units[u];

		mind_path(&watched->paths[u], unit, host, alert);
		if (watched->paths[u].link != WAY_UP ||
		    watched->upsd_life[u] != oracle->site->hosts[unit->server].upsd_life)
			watched->connected_all_along[u] = false;
	}
}

void
oracle_ran(struct oracle *oracle, struct host_of_site *host)
{
	struct watched *watched = &oracle->hosts[index_of(host)];

	for (size_t u = 0; u < oracle->site->units_len; u++)
		unit_look(&oracle->site->units[u]);
	mind_paths(oracle, host);

	if (!host->began) { /* between two ticks */
		host->began = true;
		host->began_ms = site_ms(oracle->site);
		oracle_began(oracle, host);
	}
	if (host->ran_as_primary)
		oracle->site->totals->as_primary++;
	else
		oracle->site->totals->as_secondary++;
	if (host->ran_as_primary != host_is_primary(host))
		site_fail(oracle->site, "flag", "%s, a %s, runs SHUTDOWNCMD %s POWERDOWNFLAG",
		    host->name, host_is_primary(host) ? "primary" : "secondary",
		    host->ran_as_primary ? "with" : "without");
	for (size_t u = 0; u < oracle->site->units_len; u++)
		check_order(watched, host, u);
}

void
oracle_halted(struct oracle *oracle, struct host_of_site *host)
{
	if (host->flag != (host->ran && host_is_primary(host)))
		site_fail(oracle->site, "flag", "%s halts %s POWERDOWNFLAG", host->name,
		    host->flag ? "with" : "without");
}

void
oracle_died(struct oracle *oracle, struct host_of_site *host)
{
}

/* ---- d: FSD stays ---- */

static void
mind_fsd(struct oracle *oracle)
{
	static const char gone[] = "%s: FSD is gone though its upsd lives";
	struct site *site = oracle->site;

	for (size_t u = 0; u < site->units_len; u++) {
		struct unit *unit = &site->units[u];
		const struct host_of_site *server = &site->hosts[unit->server];

		if (unit->fact[FACT_FSD])
			unit->fsd_life = server->upsd_life;
		else if (server->upsd && unit->fsd_life == server->upsd_life)
			site_fail(site, "fsd", gone, unit->name);
	}
}

/* ---- time ---- */

static int64_t
mute_since(struct unit *unit, int64_t now_ms)
{
	bool mute = unit->driver_stopped || unit->lost || !emu_battery_awake(&unit->battery);

	if (!mute)
		unit->mute_ms = NEVER;
	else if (unit->mute_ms == NEVER)
		unit->mute_ms = now_ms;
	return unit->mute_ms;
}

/* A upsmon that has never heard of this UPS. */
static void
path_begins(struct oracle *oracle, struct host_of_site *host, size_t u)
{
	const struct unit *unit = &oracle->site->units[u];
	struct path *path = &oracle->hosts[index_of(host)].paths[u];
	int64_t now_ms = site_ms(oracle->site);

	*path = (struct path){
		.link_ms = now_ms,
		.way_ms = now_ms,
		.solid_ms = NEVER,
		.link_solid_ms = NEVER,
		.surely_polled_ms = now_ms,
		.maybe_polled_ms = clock_of(host),
		.first_gap_ms = NEVER,
	};
	for (int fact = 0; fact < FACTS; fact++) {
		bool lately = unit->true_ms[fact] && now_ms - unit->true_ms[fact] < REMEMBERED_MS;

		path->may_ms[fact] = lately ? now_ms : NEVER;
		path->must_ms[fact] = NEVER;
	}
}

void
oracle_upsmon_started(struct oracle *oracle, struct host_of_site *host)
{
	struct watched *watched = &oracle->hosts[index_of(host)];

	*watched = (struct watched){
		.gap_since_ms = NEVER,
		.due_awake_ms = NEVER,
		.certain_awake_ms = NEVER,
	};
	for (size_t u = 0; u < UNITS_MAX; u++)
		path_begins(oracle, host, u);
	wire_forgets(oracle->wire, host, false);
}

void
oracle_reloaded(struct oracle *oracle, struct host_of_site *host)
{
	oracle->hosts[index_of(host)].due_awake_ms = NEVER;
	wire_forgets(oracle->wire, host, false);
}

void
oracle_forgets(struct oracle *oracle, struct host_of_site *host, size_t unit)
{
	path_begins(oracle, host, unit);
}

void
oracle_tick(struct oracle *oracle)
{
	struct site *site = oracle->site;

	mind_fsd(oracle);
	for (size_t h = 0; h < site->hosts_len; h++) {
		struct host_of_site *host = &site->hosts[h];
		struct watched *watched = &oracle->hosts[h];

		if (!host->upsmon)
			continue;
		mind_gap(watched, host);
		mind_paths(oracle, host);
		mind_needed(watched, host);
		wire_tick(oracle->wire, host);
	}
}
