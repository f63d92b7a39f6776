#include "tests/seeds/cases.h"

#include "tests/seeds/plan.h"

#include <stdio.h>
#include <string.h>

#define NOT_AT_ALL (-1.0)

/* When h2 (in seconds) is to run SHUTDOWNCMD. */
struct expected {
	double from_s, to_s; /* NOT_AT_ALL */
};

/* Two servers, h0 with u0 and h1 with u1, and h2, a secondary that needs both.  Batteries last. */
static void
lay_site(struct plan *plan)
{
	static const struct limits usual = { .pollfreq = 5,
		.pollfreqalert = 1,
		.hostsync = 15,
		.deadtime = 20,
		.finaldelay = 0,
		.offduration = 30,
		.overduration = -1,
		.min_supplies = 1 };

	*plan = (struct plan){ .seed = 1,
		.topology = "a case",
		.units_len = 2,
		.hosts_len = 3,
		.delay_ms = 1,
		.play_ms = PLAY_MS };
	for (size_t u = 0; u < 2; u++) {
		plan->units[u].server = u;
		plan->units[u].load = 30;
		plan->units[u].runtime_s = 5000;
		plan->units[u].low_percent = 20;
		plan->units[u].overload_s = 600;
		plan->hosts[u].has_upsd = true;
		plan->hosts[u].feeds[0] = (struct feed){ u, 1, true };
		plan->hosts[u].feeds_len = 1;
		plan->hosts[2].feeds[u] = (struct feed){ u, 1, false };
	}
	plan->hosts[2].feeds_len = 2;
	for (size_t h = 0; h < 3; h++)
		plan->hosts[h].limits = usual;
	plan->hosts[2].limits.min_supplies = 2;
}

static void
happens(struct plan *plan, enum fault_kind kind, size_t a, double at_s, double for_s)
{
	plan->faults[plan->len++] = (struct mishap){
		.kind = kind,
		.at_ms = (int64_t)(at_s * 1000),
		.for_ms = (int64_t)(for_s * 1000),
		.a = a,
	};
}

/* u1 is on battery when u0 follows, and u0's server freezes 8 s later.  VARIANT seconds lie
 * between, so that POLLFREQ falls into each of them.  h2 used to keep the poll that it had planned,
 * and never saw u0 on battery. */
static struct expected
alert_hastens_every_ups(struct plan *plan, int variant)
{
	double at_s = 110 + variant;

	plan->hosts[2].limits.pollfreq = 25;
	plan->hosts[2].limits.deadtime = 35;
	happens(plan, MAINS_FAIL, 1, 100, 400);
	happens(plan, MAINS_FAIL, 0, at_s, 400);
	happens(plan, STOP_UPSD, 0, at_s + 8, 200);
	return (struct expected){ at_s + 8 + 33, at_s + 8 + 42 };
}

/* h2 is stopped while u0 is on battery, and mains are back when it goes on.  An answer about u1
 * used to be judged before the gap was noticed. */
static struct expected
gap_is_seen_before_answers(struct plan *plan, int variant)
{
	happens(plan, MAINS_FAIL, 0, 100, 50);
	happens(plan, STOP_UPSMON, 2, 115 + variant * 0.25, 60);
	return (struct expected){ NOT_AT_ALL, NOT_AT_ALL };
}

/* h2 is stopped while it cannot reach h0, whose UPS it only watches; h1 sets FSD.  The dead server
 * used to hold up the decision. */
static struct expected
dead_server_holds_up_nobody(struct plan *plan, int variant)
{
	plan->hosts[2].limits.min_supplies = 1;
	plan->hosts[2].feeds[0].value = 0;
	happens(plan, CUT_LINK, 2, 100, 300);
	happens(plan, STOP_UPSMON, 2, 150, 20 + variant * 0.25);
	happens(plan, ASK_FSD, 1, 165, 1);
	return (struct expected){ 170, 176 + variant * 0.25 };
}

/* The server sleeps from a low battery to mains again, then wakes; h2's upsmon, started meanwhile,
 * waits at its door.  It used to be told of the low battery. */
static struct expected
sleeping_server_says_nothing_old(struct plan *plan, int variant)
{
	plan->hosts[0].outside = true; /* it does not run down its own UPS's primary */
	plan->hosts[0].feeds_len = 0;
	plan->hosts[2].feeds[0].primary = true;
	plan->units[0].low_percent = 99.5;
	happens(plan, KILL_UPSMON, 2, 95, 60);
	happens(plan, MAINS_FAIL, 0, 100, 60);
	happens(plan, SLEEP_HOST, 0, 150.1 + variant * 0.09, 40);
	return (struct expected){ NOT_AT_ALL, NOT_AT_ALL };
}

/* On battery, h2 loses its link 12 s before it is suspended, and finds it again 15 s after it has
 * woken up: less than DEADTIME after the gap, more if the time before counted. */
static struct expected
suspend_looks_like_no_loss(struct plan *plan, int variant)
{
	happens(plan, MAINS_FAIL, 0, 90, 300);
	happens(plan, CUT_LINK, 2, 110, 12 + 60 + 15);
	happens(plan, SLEEP_HOST, 2, 122 + variant * 0.1, 60);
	return (struct expected){ NOT_AT_ALL, NOT_AT_ALL };
}

/* The same, but the link stays away. */
static struct expected
suspend_hides_no_loss(struct plan *plan, int variant)
{
	happens(plan, MAINS_FAIL, 0, 90, 400);
	happens(plan, CUT_LINK, 2, 110, 300);
	happens(plan, SLEEP_HOST, 2, 122 + variant * 0.1, 60);
	return (struct expected){ 201, 210 };
}

/* Stopped for 8 s of each 9, and the link is away: one gap is forgiven, no more. */
static struct expected
thrashing_host_shuts_down(struct plan *plan, int variant)
{
	happens(plan, MAINS_FAIL, 0, 90, 400);
	happens(plan, CUT_LINK, 2, 110, 300);
	happens(plan, THRASH, 2, 115 + variant * 0.5, 200);
	return (struct expected){ 130, 190 };
}

/* For a link that is cut for less than DEADTIME nobody shuts down (robustness 43). */
static struct expected
short_loss_is_borne(struct plan *plan, int variant)
{
	happens(plan, MAINS_FAIL, 0, 90, 300);
	happens(plan, CUT_LINK, 2, 110 + variant * 0.3, 12);
	return (struct expected){ NOT_AT_ALL, NOT_AT_ALL };
}

static const struct {
	const char *name;
	struct expected (*make)(struct plan *plan, int variant);
	int variants;
} cases[] = {
	{ "alert-hastens-every-ups", alert_hastens_every_ups, 25 },
	{ "gap-is-seen-before-answers", gap_is_seen_before_answers, 20 },
	{ "dead-server-holds-up-nobody", dead_server_holds_up_nobody, 20 },
	{ "sleeping-server-says-nothing-old", sleeping_server_says_nothing_old, 20 },
	{ "suspend-looks-like-no-loss", suspend_looks_like_no_loss, 20 },
	{ "suspend-hides-no-loss", suspend_hides_no_loss, 20 },
	{ "thrashing-host-shuts-down", thrashing_host_shuts_down, 20 },
	{ "short-loss-is-borne", short_loss_is_borne, 20 },
};

/* "" or what is wrong with variant V of case I. */
static const char *
run_variant(size_t i, int v, bool verbose)
{
	static char why[400];
	struct totals unused = { 0 };
	struct plan plan;
	struct expected expected;
	struct verdict verdict;
	double ran_s;

	lay_site(&plan);
	expected = cases[i].make(&plan, v);
	verdict = plan_play(&plan, &unused, verbose);
	ran_s = (double)verdict.first_ran_ms[2] / 1000;
	if (*verdict.failed)
		snprintf(why, sizeof(why), "%s", verdict.failed);
	else if (expected.from_s < 0 && ran_s > 0)
		snprintf(why, sizeof(why), "h2 shuts down at %.3f s", ran_s);
	else if (expected.from_s >= 0 && ran_s <= 0)
		snprintf(why, sizeof(why), "h2 does not shut down");
	else if (expected.from_s >= 0 && (ran_s < expected.from_s || ran_s > expected.to_s))
		snprintf(why, sizeof(why), "h2 shuts down at %.3f s, not from %.3f to %.3f s",
		    ran_s, expected.from_s, expected.to_s);
	else
		return "";
	return why;
}

int
cases_run(const char *name, bool verbose)
{
	int passed = 0, failed = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = "";
		int v = 0;

		if (*name && strcmp(name, cases[i].name) != 0)
			continue;
		for (; v < cases[i].variants && !*why; v++)
			why = run_variant(i, v, verbose);
		if (*why)
			printf("FAILED  %s, variant %d: %s\n", cases[i].name, v - 1, why);
		else
			printf("ok      %s (%d variants)\n", cases[i].name, cases[i].variants);
		passed += !*why;
		failed += *why != '\0';
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed + (passed + failed == 0);
}
