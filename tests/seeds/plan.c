#include "tests/seeds/plan.h"

#include "tests/seeds/oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* ---- layouts ---- */

static size_t
add_host(struct plan *plan)
{
	return plan->hosts_len++;
}

static void
add_unit(struct plan *plan, size_t server)
{
	plan->units[plan->units_len++].server = server;
	plan->hosts[server].has_upsd = true;
}

static void
feed(struct plan *plan, size_t host, size_t unit, unsigned value, bool primary)
{
	plan->hosts[host].feeds[plan->hosts[host].feeds_len++] =
	    (struct feed){ unit, value, primary };
}

/* One UPS, the primary on its server, one to three secondaries. */
static void
lay_one(struct plan *plan, struct chance *chance)
{
	add_unit(plan, add_host(plan));
	feed(plan, 0, 0, 1, true);
	for (int64_t n = chance_between(chance, 1, 3); n > 0; n--)
		feed(plan, add_host(plan), 0, 1, false);
}

/* One UPS whose upsd runs on a host that never loses its power; the primary is elsewhere. */
static void
lay_outside(struct plan *plan, struct chance *chance)
{
	add_unit(plan, add_host(plan));
	plan->hosts[0].outside = true;
	feed(plan, add_host(plan), 0, 1, true);
	for (int64_t n = chance_between(chance, 1, 2); n > 0; n--)
		feed(plan, add_host(plan), 0, 1, false);
}

/* Two UPSes on one server, which has two supplies and needs one; so do its secondaries. */
static void
lay_redundant(struct plan *plan, struct chance *chance)
{
	add_host(plan);
	for (size_t u = 0; u < 2; u++) {
		add_unit(plan, 0);
		feed(plan, 0, u, 1, true);
	}
	for (int64_t n = chance_between(chance, 1, 2); n > 0; n--) {
		size_t host = add_host(plan);

		feed(plan, host, 0, 1, false);
		feed(plan, host, 1, 1, false);
	}
}

/* Two servers with a UPS each; everybody is fed by both and needs one of them. */
static void
lay_two_servers(struct plan *plan, struct chance *chance)
{
	for (size_t u = 0; u < 2; u++)
		add_unit(plan, add_host(plan));
	for (size_t host = 0; host < 2; host++)
		for (size_t u = 0; u < 2; u++)
			feed(plan, host, u, 1, u == host);
	for (int64_t n = chance_between(chance, 1, 2); n > 0; n--) {
		size_t host = add_host(plan);

		feed(plan, host, 0, 1, false);
		feed(plan, host, 1, 1, false);
		if (chance_one_in(chance, 3)) /* a big one, which needs both */
			plan->hosts[host].limits.min_supplies = 2;
	}
}

/* Two groups; each looks at the other's UPS as well, for the log only. */
static void
lay_groups(struct plan *plan, struct chance *chance)
{
	for (size_t u = 0; u < 2; u++)
		add_unit(plan, add_host(plan));
	for (size_t u = 0; u < 2; u++) {
		size_t secondary = add_host(plan);

		feed(plan, u, u, 1, true);
		feed(plan, u, 1 - u, 0, false);
		feed(plan, secondary, 1 - u, 0, false);
		feed(plan, secondary, u, 1, false);
	}
}

static const struct {
	const char *name;
	void (*lay)(struct plan *plan, struct chance *chance);
} layouts[] = {
	{ "one UPS", lay_one },
	{ "upsd outside", lay_outside },
	{ "redundant UPSes", lay_redundant },
	{ "two servers", lay_two_servers },
	{ "two groups", lay_groups },
};

/* ---- configuration ---- */

static long
one_of(struct chance *chance, const long *values, size_t len)
{
	return values[chance_below(chance, len)];
}
#define ONE_OF(chance, ...)                                                                        \
	one_of(chance, (const long[]){ __VA_ARGS__ }, sizeof((const long[]){ __VA_ARGS__ }) / 8)

/* Lines that change nothing for the shutdown. */
static const char *
choose_more(struct chance *chance)
{
	static const char *const lines[] = { NULL, "CERTVERIFY 0", "FORCESSL no", "DEBUG_MIN 1",
		"RUN_AS_USER nut", "POLLFAIL_LOG_THROTTLE_MAX 2", "CERTHOST h0 site 0 0",
		"CERTHOST h1:3493 other 0 0", "CERTIDENT me \"a secret\"",
		"CERTPATH /etc/nut/ca.pem", "NOTIFYCMD /bin/tell a b",
		"FINALDELAI 5\nNOTIFYMSG SOMETIMES hello\nNOTIFYFLAG NEVER SYSLOG",
		"NOTIFYCMD /bin/tell\nNOTIFYFLAG LOWBATT EXEC",
		"NOTIFYMSG FSD \"%s is doomed\"\nNOTIFYMSG COMMBAD plain" };

	return lines[chance_below(chance, sizeof(lines) / sizeof(*lines))];
}

static void
choose_limits(struct limits *limits, struct chance *chance)
{
	long slowest, min_supplies = limits->min_supplies;

	*limits = (struct limits){
		.pollfreq = ONE_OF(chance, 2, 5, 5, 10, 25),
		.pollfreqalert = ONE_OF(chance, 1, 2, 5, 5),
		.hostsync = ONE_OF(chance, 4, 10, 15, 15, 30),
		.finaldelay = ONE_OF(chance, 0, 2, 5, 5),
		.offduration = ONE_OF(chance, -1, 0, 10, 30),
		.overduration = ONE_OF(chance, -1, -1, 0, 20),
		.oblbduration = ONE_OF(chance, -1, 0, 0, 6, 20),
		.shutdown_exit = ONE_OF(chance, 0, 0, -1, 3),
		.alarm_critical = chance_one_in(chance, 2),
		.exec = chance_one_in(chance, 2),
		.min_supplies = min_supplies ? min_supplies : 1,
	};
	slowest =
	    limits->pollfreq > limits->pollfreqalert ? limits->pollfreq : limits->pollfreqalert;
	limits->deadtime = slowest + ONE_OF(chance, 10, 15, 25, 40);
}

/* ---- what happens ---- */

static struct mishap *
add(struct plan *plan, enum fault_kind kind, int64_t at_ms, int64_t for_ms)
{
	struct mishap *fault = &plan->faults[plan->len++];

	*fault = (struct mishap){ .kind = kind, .at_ms = at_ms, .for_ms = for_ms };
	return fault;
}

/* A stop is clearly a gap, or clearly none. */
static int64_t
stop_ms(struct chance *chance)
{
	if (chance_one_in(chance, 4))
		return chance_between(chance, 500, 3800);
	return chance_between(chance, 8000, chance_one_in(chance, 3) ? 200000 : 40000);
}

static size_t
some_server(const struct plan *plan, struct chance *chance)
{
	return plan->units[chance_below(chance, plan->units_len)].server;
}

static void
add_outages(struct plan *plan, struct chance *chance)
{
	int64_t times = chance_between(chance, 1, 2);
	bool together = chance_one_in(chance, 2);

	for (int64_t t = 0; t < times; t++) {
		int64_t at_ms = BEGIN_MS + chance_between(chance, 0, PLAY_MS * 6 / 10);
		int64_t for_ms = chance_between(chance, 5000, 420000);

		for (size_t u = 0; u < plan->units_len; u++)
			if (together || chance_one_in(chance, 2) || t == (int64_t)u) {
				struct mishap *fault = add(plan, MAINS_FAIL, at_ms, for_ms);

				fault->a = u;
				if (!together)
					fault->at_ms += chance_between(chance, 0, 60000);
			}
	}
}

/* Half of all faults happen while there is an outage: that is when they matter. */
static int64_t
fault_time(const struct plan *plan, struct chance *chance)
{
	const struct mishap *outage = &plan->faults[chance_below(chance, plan->len)];

	if (outage->kind != MAINS_FAIL || chance_one_in(chance, 2))
		return BEGIN_MS + chance_between(chance, 0, PLAY_MS - 2 * BEGIN_MS);
	return outage->at_ms + chance_between(chance, -10000, outage->for_ms + 10000);
}

static const int weights[KINDS_OF_FAULT] = {
	[MAINS_FAIL] = 2,
	[CUT_LINK] = 6,
	[SLOW_LINK] = 2,
	[STOP_DRIVER] = 3,
	[STOP_UPSD] = 4,
	[STOP_UPSMON] = 5,
	[SLEEP_HOST] = 4,
	[JUMP_CLOCK] = 2,
	[KILL_DRIVER] = 3,
	[KILL_UPSD] = 4,
	[KILL_UPSMON] = 3,
	[RELOAD_UPSD] = 3,
	[RELOAD_UPSMON] = 3,
	[RELOAD_BROKEN] = 1,
	[LOSE_DEVICE] = 3,
	[EVIL_SERVER] = 3,
	[ASK_FSD] = 1,
	[CALIBRATE] = 2,
	[RAISE_ALARM] = 2,
	[OVERLOAD] = 2,
	[BYPASS] = 2,
	[SWITCH_OFF] = 4,
	[SAY_ODD_WORD] = 3,
	[CONTRADICT] = 1,
	[THRASH] = 3,
	[CHANGE_LIMITS] = 1,
	[DROP_UPS] = 2,
	[LOSE_PARENT] = 1,
};

static enum fault_kind
some_kind(struct chance *chance)
{
	int sum = 0, at;

	for (int i = 0; i < KINDS_OF_FAULT; i++)
		sum += weights[i];
	at = (int)chance_below(chance, (uint64_t)sum);
	for (int i = 0; i < KINDS_OF_FAULT; i++)
		if ((at -= weights[i]) < 0)
			return (enum fault_kind)i;
	return MAINS_FAIL;
}

/* The host of FAULT hears nothing of a server, too: from up to 12 s before to up to 15 s after. */
static void
add_broken_link(struct plan *plan, struct chance *chance, const struct mishap *fault)
{
	size_t server = some_server(plan, chance);
	int64_t before_ms = chance_between(chance, 0, 12000);
	struct mishap *link;

	if (server == fault->a)
		return;
	link = add(plan, CUT_LINK, fault->at_ms - before_ms,
	    before_ms + fault->for_ms + chance_between(chance, 0, 15000));
	link->a = fault->a;
	link->b = server;
}

/* The server that has power of its own sleeps through the end of an outage, until others boot. */
static void
oversleep(const struct plan *plan, struct chance *chance, struct mishap *fault)
{
	const struct mishap *outage = &plan->faults[0];

	fault->a = 0;
	fault->at_ms = outage->at_ms + chance_between(chance, outage->for_ms / 3, outage->for_ms);
	fault->for_ms =
	    outage->at_ms + outage->for_ms - fault->at_ms + chance_between(chance, 10000, 120000);
}

static void
add_fault(struct plan *plan, struct chance *chance)
{
	enum fault_kind kind = some_kind(chance);
	struct mishap *fault = add(plan, kind, fault_time(plan, chance), 0);
	size_t host = (size_t)chance_below(chance, plan->hosts_len);
	size_t unit = (size_t)chance_below(chance, plan->units_len);

	fault->for_ms = chance_between(chance, 3000, chance_one_in(chance, 2) ? 100000 : 30000);
	fault->value = (int64_t)(chance_next(chance) >> 8);
	fault->a = host;
	switch (kind) {
	case MAINS_FAIL:
	case STOP_DRIVER:
	case KILL_DRIVER:
	case LOSE_DEVICE:
	case CALIBRATE:
	case RAISE_ALARM:
	case OVERLOAD:
	case BYPASS:
	case SWITCH_OFF:
	case SAY_ODD_WORD:
	case CONTRADICT:
		fault->a = unit;
		break;
	case CUT_LINK:
	case SLOW_LINK:
		fault->b = some_server(plan, chance);
		if (fault->a == fault->b) /* a host is always connected with itself */
			fault->a = (fault->b + 1) % plan->hosts_len;
		break;
	case STOP_UPSD:
	case KILL_UPSD:
	case RELOAD_UPSD:
	case EVIL_SERVER:
		fault->a = some_server(plan, chance);
		break;
	case STOP_UPSMON:
	case SLEEP_HOST:
		fault->for_ms = stop_ms(chance);
		if (kind == SLEEP_HOST && plan->hosts[0].outside && chance_one_in(chance, 2))
			oversleep(plan, chance, fault);
		else if (chance_one_in(chance, 2))
			add_broken_link(plan, chance, fault);
		break;
	case KILL_UPSMON:
		fault->for_ms = chance_between(chance, 1000, 4000);
		break;
	case THRASH:
		fault->for_ms = chance_between(chance, 60000, 200000);
		add_broken_link(plan, chance, fault);
		break;
	default:
		break;
	}
}

/* Those that come in time, outages apart. */
static int
faults_in_time(const struct plan *plan)
{
	int count = 0;

	for (size_t i = 0; i < plan->len; i++)
		count += plan->faults[i].kind != MAINS_FAIL &&
			 plan->faults[i].at_ms < PLAY_MS - BEGIN_MS;
	return count;
}

void
plan_make(struct plan *plan, uint64_t seed)
{
	struct chance chance = { seed * 0x2545f4914f6cdd1d + 1 };
	size_t layout = (size_t)chance_below(&chance, sizeof(layouts) / sizeof(*layouts));

	memset(plan, 0, sizeof(*plan));
	plan->seed = seed;
	plan->play_ms = PLAY_MS;
	plan->topology = layouts[layout].name;
	layouts[layout].lay(plan, &chance);
	for (size_t u = 0; u < plan->units_len; u++) {
		plan->units[u].load = (double)chance_between(&chance, 20, 80);
		plan->units[u].runtime_s = (double)chance_between(&chance, 60, 500);
		plan->units[u].low_percent = (double)chance_between(&chance, 15, 60);
		plan->units[u].overload_s = chance_one_in(&chance, 2) ? 30 : 600;
		plan->units[u].calibrates_on_line = chance_one_in(&chance, 2);
	}
	plan->delay_ms = ONE_OF(&chance, 1, 1, 1, 30, 250);
	for (size_t h = 0; h < plan->hosts_len; h++) {
		choose_limits(&plan->hosts[h].limits, &chance);
		plan->hosts[h].more_conf = choose_more(&chance);
		plan->hosts[h].rehearses = chance_one_in(&chance, 40);
	}
	add_outages(plan, &chance);
	for (int64_t n = chance_between(&chance, 3, 12); n > 0; n--)
		add_fault(plan, &chance);
	while (faults_in_time(plan) < 3 && plan->len < FAULTS_MAX - 2)
		add_fault(plan, &chance);
}

/* One battery outlasts the outages: who lives on it is never restarted.  The other does not: who
 * lives on that one shuts down each day, and boots again. */
void
plan_make_soak(struct plan *plan, int days)
{
	struct chance chance = { 1 };

	memset(plan, 0, sizeof(*plan));
	plan->topology = "a month";
	plan->play_ms = days * DAY_MS;
	plan->each_ms = DAY_MS;
	plan->delay_ms = 1;
	lay_groups(plan, &chance);
	for (size_t u = 0; u < plan->units_len; u++) {
		plan->units[u].load = 30;
		plan->units[u].runtime_s = u ? 600 : 6000;
		plan->units[u].low_percent = 20;
		plan->units[u].overload_s = 600;
	}
	for (size_t h = 0; h < plan->hosts_len; h++)
		choose_limits(&plan->hosts[h].limits, &chance);
	for (int day = 0; day < days; day++)
		for (size_t u = 0; u < plan->units_len; u++)
			add(plan, MAINS_FAIL, day * DAY_MS + HOUR_MS, HOUR_MS / 3)->a = u;
}

/* ---- playing it ---- */

struct playing {
	struct site *site;
	struct plan *plan;
	struct event_of_fault {
		struct playing *playing;
		struct mishap *fault;
	} events[FAULTS_MAX];
};

static const struct {
	const char *name;
	bool of_unit;
} kinds[KINDS_OF_FAULT] = {
	[MAINS_FAIL] = { "mains fail", true },
	[CUT_LINK] = { "link cut", false },
	[SLOW_LINK] = { "link slow", false },
	[STOP_DRIVER] = { "driver stopped", true },
	[STOP_UPSD] = { "upsd stopped", false },
	[STOP_UPSMON] = { "upsmon stopped", false },
	[SLEEP_HOST] = { "host suspended", false },
	[JUMP_CLOCK] = { "wall clock jumps", false },
	[KILL_DRIVER] = { "driver killed", true },
	[KILL_UPSD] = { "upsd killed", false },
	[KILL_UPSMON] = { "upsmon killed", false },
	[RELOAD_UPSD] = { "upsd reload", false },
	[RELOAD_UPSMON] = { "upsmon reload", false },
	[RELOAD_BROKEN] = { "upsmon reload, broken file", false },
	[LOSE_DEVICE] = { "device mute", true },
	[EVIL_SERVER] = { "evil server", false },
	[ASK_FSD] = { "upsmon -c fsd", false },
	[CALIBRATE] = { "calibration", true },
	[RAISE_ALARM] = { "alarm", true },
	[OVERLOAD] = { "overload", true },
	[BYPASS] = { "bypass", true },
	[SWITCH_OFF] = { "switched off", true },
	[SAY_ODD_WORD] = { "odd word", true },
	[CONTRADICT] = { "OL OB LB", true },
	[THRASH] = { "thrashing", false },
	[CHANGE_LIMITS] = { "upsmon reload, new limits", false },
	[DROP_UPS] = { "upsmon reload, a UPS less", false },
	[LOSE_PARENT] = { "upsmon's parent killed", false },
};

static void
tell(const struct mishap *fault, const char *indent)
{
	printf("%s%9.3f  for %7.3f s  %-26s %s%zu", indent, (double)fault->at_ms / 1000,
	    (double)fault->for_ms / 1000, kinds[fault->kind].name,
	    kinds[fault->kind].of_unit ? "u" : "h", fault->a);
	if (fault->kind == CUT_LINK || fault->kind == SLOW_LINK)
		printf(" - h%zu", fault->b);
	if (fault->kind == EVIL_SERVER)
		printf(" kind %d", (int)(fault->value % (EVILS - 1)) + 1);
	printf("\n");
}

void
plan_tell(const struct plan *plan)
{
	printf("seed %llu: %s, %zu hosts\n", (unsigned long long)plan->seed, plan->topology,
	    plan->hosts_len);
	for (size_t h = 0; h < plan->hosts_len; h++) {
		const struct limits *l = &plan->hosts[h].limits;

		printf("  h%zu%s%s", h, plan->hosts[h].has_upsd ? " upsd" : "",
		    plan->hosts[h].outside ? " (outside)" : "");
		for (size_t f = 0; f < plan->hosts[h].feeds_len; f++)
			printf(" u%zu:%u%s", plan->hosts[h].feeds[f].unit,
			    plan->hosts[h].feeds[f].value,
			    plan->hosts[h].feeds[f].primary ? "p" : "s");
		printf("  min %ld poll %ld/%ld hostsync %ld dead %ld final %ld off %ld over %ld "
		       "oblb %ld exit %ld alarm %d\n",
		    l->min_supplies, l->pollfreq, l->pollfreqalert, l->hostsync, l->deadtime,
		    l->finaldelay, l->offduration, l->overduration, l->oblbduration,
		    l->shutdown_exit, l->alarm_critical);
	}
	for (size_t i = 0; i < plan->len; i++)
		if (!plan->faults[i].left_out)
			tell(&plan->faults[i], "  ");
}

/* Stopped for 8 s in each 9. */
#define THRASH_OFF_MS 8000
#define THRASH_ON_MS 1000

static void
thrash(void *owner)
{
	struct event_of_fault *event = owner;
	struct mishap *fault = event->fault;
	struct site *site = event->playing->site;
	struct host_of_site *host = &site->hosts[fault->a];

	if (site_ms(site) >= fault->at_ms + fault->for_ms) {
		if (fault->value & 1)
			upsmon_stop(host, -1);
		return;
	}
	fault->value ^= 1;
	upsmon_stop(host, fault->value & 1 ? 1 : -1);
	sim_at(site->sim, fault->value & 1 ? THRASH_OFF_MS : THRASH_ON_MS, thrash, event);
}

static void
change_limits(struct host_of_site *host, int64_t value)
{
	struct limits *limits = &host->limits;

	limits->deadtime += (long)(value % 3 * 10);
	limits->offduration = value % 5 ? 20 : -1;
	limits->oblbduration = (long)(value % 7);
	upsmon_reload_now(host, NULL);
}

/* A reload without the last of its UPSes, and one with it. */
static void
drop_ups(struct host_of_site *host, bool drop)
{
	if (host->wired_len < 2 || host->began ||
	    (drop && (long)host->feeds[0].value < host->limits.min_supplies) ||
	    (!drop && host->feeds_len == host->wired_len))
		return;
	host->feeds_len = host->wired_len - drop;
	upsmon_reload_now(host, NULL);
	if (host->upsmon && !drop)
		oracle_forgets(host->site->oracle, host, host->feeds[host->wired_len - 1].unit);
	oracle_reloaded(host->site->oracle, host);
}

static const char *
broken_line(int64_t value)
{
	static const char *const lines[] = { "DEADTIME soon\n", "HOSTSYNC\n",
		"MONITOR u0@h0 1 mon m chief\n", "MONITOR u0@h0 -1 mon m primary\n",
		"MONITOR @h0 1 mon m primary\n", "MONITOR u0@h0:99999 1 mon m primary\n",
		"MONITOR u9@h0 1\n", "MINSUPPLIES 9\n", "POLLFREQ 0\n", "NOTIFYFLAG ONBATT SHOUT\n",
		"SHUTDOWNEXIT maybe\n", "ALARMCRITICAL perhaps\n", "CERTHOST h0 name 2 0\n",
		"CERTVERIFY si\n", "SHUTDOWNCMD \"/bin/true\nPOLLFREQ 5\n", "DEADTIME 5 6\n",
		"POLLFREQALERT 1e3\n", "NOTIFYMSG ONBATT\n", "\"DEADTIME 5\n" };

	return lines[(size_t)value % (sizeof(lines) / sizeof(*lines))];
}

static const char *
odd_word(int64_t value)
{
	static const char *const words[] = { "XLB", "FSDX", "NOOB", "LBX", "OFFICE", "RB", "TRIM",
		"BOOST", "OVERHEAT", "HB", "ECO", "TEST", "ALARMED", "BYPASSED", "CALM", "A B C" };

	return words[(size_t)value % (sizeof(words) / sizeof(*words))];
}

/* ON: it begins; else it ends.  false: it is no unit's. */
static bool
happen_to_unit(struct event_of_fault *event, bool on)
{
	const struct mishap *fault = event->fault;
	struct unit *unit = &event->playing->site->units[fault->a % UNITS_MAX];

	switch (fault->kind) {
	case MAINS_FAIL:
		unit_mains(unit, !on);
		return true;
	case STOP_DRIVER:
		driver_stop(unit, on ? 1 : -1);
		return true;
	case KILL_DRIVER:
		on ? driver_end(unit) : driver_start(unit);
		return true;
	case LOSE_DEVICE:
		unit->lost += on ? 1 : -1;
		return true;
	case CALIBRATE:
		unit_look(unit);
		if (fault->value & 1)
			unit->calibrates_ms = on ? site_ms(event->playing->site) : 0;
		else if (on)
			emu_battery_test_deep(&unit->battery);
		else
			emu_battery_test_stop(&unit->battery);
		return true;
	case RAISE_ALARM:
		unit->alarm = on;
		return true;
	case OVERLOAD:
		unit_look(unit);
		emu_battery_load(
		    &unit->battery, on ? 115 : event->playing->plan->units[fault->a].load);
		return true;
	case BYPASS:
		unit_look(unit);
		emu_battery_bypass(&unit->battery, on);
		return true;
	case SWITCH_OFF:
		unit_look(unit);
		emu_battery_output(&unit->battery, !on);
		return true;
	case SAY_ODD_WORD:
		unit->odd = on ? odd_word(fault->value) : NULL;
		return true;
	case CONTRADICT:
		unit->contradicts = on;
		return true;
	default:
		return false;
	}
}

/* Likewise; THRASH is many others. */
static void
happen_to_host(struct event_of_fault *event, bool on)
{
	const struct mishap *fault = event->fault;
	struct site *site = event->playing->site;
	struct host_of_site *host = &site->hosts[fault->a];
	int by = on ? 1 : -1;

	switch (fault->kind) {
	case CUT_LINK:
		link_cut(site, fault->a, fault->b, by);
		break;
	case SLOW_LINK:
		link_slow(site, fault->a, fault->b, by);
		break;
	case STOP_UPSD:
		upsd_stop(host, by);
		break;
	case STOP_UPSMON:
		upsmon_stop(host, by);
		break;
	case SLEEP_HOST:
		host_asleep(host, by);
		break;
	case JUMP_CLOCK:
		sim_wall(site->sim, host->name, (fault->value % 3 - 1) * 86400000 * (1 + on));
		break;
	case KILL_UPSD:
		on ? upsd_end(host) : upsd_start(host);
		break;
	case KILL_UPSMON:
		on ? upsmon_end(host) : upsmon_start(host);
		break;
	case RELOAD_UPSD:
		upsd_reload_now(host);
		break;
	case RELOAD_UPSMON:
	case RELOAD_BROKEN:
		upsmon_reload_now(
		    host, fault->kind == RELOAD_BROKEN ? broken_line(fault->value) : NULL);
		break;
	case EVIL_SERVER:
		if (on) {
			evil_start(host, 1 + (enum evil)(fault->value % (EVILS - 1)));
		} else {
			evil_end(host);
			upsd_start(host);
		}
		break;
	case ASK_FSD:
		if (on)
			upsmon_ask_fsd(host);
		break;
	case CHANGE_LIMITS:
		if (on && host->upsmon && !host->began) {
			change_limits(host, fault->value);
			oracle_reloaded(site->oracle, host);
		}
		break;
	case DROP_UPS:
		drop_ups(host, on);
		break;
	case LOSE_PARENT:
		if (on)
			upsmon_parent_dies(host);
		break;
	default:
		break;
	}
}

static void
happen(struct event_of_fault *event, bool on)
{
	if (!happen_to_unit(event, on))
		happen_to_host(event, on);
}

static void
fault_ends(void *owner)
{
	happen(owner, false);
}

static void
fault_begins(void *owner)
{
	struct event_of_fault *event = owner;
	struct site *site = event->playing->site;

	if (site->verbose)
		tell(event->fault, "           *          ");
	site->totals->faults++;
	site->totals->outages += event->fault->kind == MAINS_FAIL;
	if (event->fault->kind == THRASH) {
		event->fault->value = 0;
		thrash(event);
		return;
	}
	happen(event, true);
	sim_at(site->sim, event->fault->for_ms, fault_ends, event);
}

static void
furnish(struct site *site, const struct plan *plan)
{
	static const char *const folders[] = { "/dev/shm", "/tmp" };

	for (size_t i = 0; i < 2 && !*site->flag_folder; i++)
		if (access(folders[i], W_OK) == 0)
			snprintf(site->flag_folder, sizeof(site->flag_folder), "%s/simulate-%ld",
			    folders[i], (long)getpid());
	site->units_len = plan->units_len;
	for (size_t u = 0; u < plan->units_len; u++) {
		struct unit *unit = &site->units[u];
		struct emu_rating rating = { .low_percent = plan->units[u].low_percent,
			.overload_seconds = plan->units[u].overload_s };

		snprintf(unit->name, sizeof(unit->name), "u%zu", u);
		unit->site = site;
		unit->server = plan->units[u].server;
		unit->mains = true;
		unit->mute_ms = INT64_MIN;
		unit->calibrates_on_line = plan->units[u].calibrates_on_line;
		emu_battery_init(&unit->battery, &rating, plan->units[u].load);
		/* A battery of the size that lasts as long as it is to. */
		rating.battery_ah = unit->battery.rating.battery_ah * plan->units[u].runtime_s /
				    emu_battery_runtime(&unit->battery);
		emu_battery_init(&unit->battery, &rating, plan->units[u].load);
	}
	site->hosts_len = plan->hosts_len;
	for (size_t h = 0; h < plan->hosts_len; h++) {
		struct host_of_site *host = &site->hosts[h];

		snprintf(host->name, sizeof(host->name), "h%zu", h);
		host->site = site;
		memcpy(host->feeds, plan->hosts[h].feeds, sizeof(host->feeds));
		host->feeds_len = host->wired_len = plan->hosts[h].feeds_len;
		host->rehearses = plan->hosts[h].rehearses;
		host->more_conf = plan->hosts[h].more_conf;
		host->limits = plan->hosts[h].limits;
		host->has_upsd = plan->hosts[h].has_upsd;
		host->outside = plan->hosts[h].outside;
		host->state = HOST_BOOTING;
	}
}

struct verdict
plan_play(const struct plan *plan, struct totals *totals, bool verbose)
{
	struct plan copy = *plan;
	struct site *site = site_new(plan->seed, totals, verbose);
	struct playing playing = { .site = site, .plan = &copy };
	struct verdict verdict = { 0 };

	furnish(site, plan);
	site->delay_ms = plan->delay_ms;
	site_begin(site);
	for (size_t i = 0; i < copy.len; i++) {
		playing.events[i] = (struct event_of_fault){ &playing, &copy.faults[i] };
		if (!copy.faults[i].left_out)
			sim_at(site->sim, copy.faults[i].at_ms, fault_begins, &playing.events[i]);
	}
	for (int64_t ms = 0; ms < plan->play_ms && !*site->failed; ms += 1000) {
		site_run(site, 1000);
		if (plan->look && (ms + 1000) % plan->each_ms == 0)
			plan->look(plan->look_owner, site);
	}
	memcpy(verdict.failed, site->failed, sizeof(verdict.failed));
	memcpy(verdict.name, site->failed_name, sizeof(verdict.name));
	verdict.failed_ms = site->failed_ms;
	memcpy(verdict.first_ran_ms, site->first_ran_ms, sizeof(verdict.first_ran_ms));
	verdict.trace = sim_trace(site->sim);
	site_free(site);
	return verdict;
}

void
plan_shrink(struct plan *plan, const char *name)
{
	struct totals unused = { 0 };

	for (size_t i = 0; i < plan->len; i++) {
		plan->faults[i].left_out = true;
		if (strcmp(plan_play(plan, &unused, false).name, name) != 0)
			plan->faults[i].left_out = false;
	}
}
