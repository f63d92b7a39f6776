/* main.c - many sites, each from a seed, judged by the oracle.  docs/simulation.md
 *
 *   simulate [--from N] [--seeds N] [--jobs N]     run seeds; the exit status is 1 if one fails
 *   simulate --seed N [-v] [--shrink]              one alone; -v tells all that happens
 *   simulate --soak[=DAYS]                         memory and descriptors stay flat
 *   simulate --cases[=NAME] [-v]                   what went wrong once
 *   simulate --planted[=NAME] [--table]            each planted fault must be found */
#include "tests/seeds/cases.h"
#include "tests/seeds/plan.h"
#include "tests/seeds/planted.h"

#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILURES_MAX 16
#define REPLAYED_OF 100 /* one of so many seeds is played twice */
#define PLANTED_SEEDS 10000
#define JOBS_MAX 16
#define SOAK_DAYS_MOST 30
#define SOAK_BYTES 512

struct share {
	struct totals totals;
	unsigned long done, failures;
	unsigned long astray; /* did not go the same way again */
	uint64_t failed[FAILURES_MAX], trace[FAILURES_MAX];
	/* Of one seed, those apart that failed and so ended early. */
	unsigned long least_outages, least_faults, least_ms;
};

/* Zeroed memory that children share with us. */
static void *
shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- one ---- */

static void
folder(bool make)
{
	static const char *const folders[] = { "/dev/shm", "/tmp" };
	char path[64];

	for (size_t i = 0; i < 2; i++) {
		if (access(folders[i], W_OK) != 0)
			continue;
		snprintf(path, sizeof(path), "%s/simulate-%ld", folders[i], (long)getpid());
		if (make ? mkdir(path, 0700) : rmdir(path))
			perror(path);
		return;
	}
}

static struct verdict
play_seed(uint64_t seed, struct totals *totals, bool verbose)
{
	struct plan plan;

	plan_make(&plan, seed);
	return plan_play(&plan, totals, verbose);
}

static int
run_one(uint64_t seed, bool verbose, bool shrink)
{
	struct totals totals = { 0 };
	struct plan plan;
	struct verdict verdict;

	plan_make(&plan, seed);
	if (shrink) {
		verdict = plan_play(&plan, &totals, false);
		if (*verdict.failed)
			plan_shrink(&plan, verdict.name);
	}
	plan_tell(&plan);
	verdict = plan_play(&plan, &totals, verbose);
	printf("trace %016llx\n", (unsigned long long)verdict.trace);
	if (*verdict.failed)
		printf("%s at %.3f s: %s\n", verdict.name, (double)verdict.failed_ms / 1000,
		    verdict.failed);
	else
		printf("all is well: %lu shutdowns, %lu boots\n", totals.shutdowns, totals.boots);
	return *verdict.failed ? 1 : 0;
}

/* ---- many ---- */

static void
add_totals(struct totals *sum, const struct totals *more)
{
	unsigned long *to = (unsigned long *)sum;
	const unsigned long *from = (const unsigned long *)more;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void
least(unsigned long *of, unsigned long value)
{
	if (value < *of)
		*of = value;
}

static void
note_failure(struct share *share, uint64_t seed, const struct verdict *verdict)
{
	if (share->failures < FAILURES_MAX) {
		share->failed[share->failures] = seed;
		share->trace[share->failures] = verdict->trace;
	}
	share->failures++;
}

/* The same seed goes the same way. */
static bool
replay(uint64_t seed, const struct verdict *before)
{
	struct totals unused = { 0 };
	struct verdict again = play_seed(seed, &unused, false);

	if (again.trace == before->trace && !strcmp(again.failed, before->failed))
		return false;
	printf("seed %llu does NOT replay\n", (unsigned long long)seed);
	return true;
}

static void
run_share(struct share *share, uint64_t first, uint64_t end, uint64_t step)
{
	share->least_outages = share->least_faults = share->least_ms = ULONG_MAX;
	folder(true);
	for (uint64_t seed = first; seed < end; seed += step) {
		struct totals totals = { 0 };
		struct verdict verdict = play_seed(seed, &totals, false);

		add_totals(&share->totals, &totals);
		share->done++;
		if (share->done % REPLAYED_OF == 1)
			share->astray += replay(seed, &verdict);
		if (*verdict.failed) {
			note_failure(share, seed, &verdict);
			continue;
		}
		least(&share->least_outages, totals.outages);
		least(&share->least_faults, totals.faults - totals.outages);
		least(&share->least_ms, totals.virtual_ms);
	}
	folder(false);
}

static void
tell_totals(const struct totals *t)
{
	printf("%.1f virtual days: %lu outages, %lu faults, %lu shutdowns (%lu primaries, %lu "
	       "secondaries), %lu hosts without power before one, %lu boots, %lu gaps\n",
	    (double)t->virtual_ms / 86400000, t->outages, t->faults, t->shutdowns, t->as_primary,
	    t->as_secondary, t->deaths, t->boots, t->gaps);
	printf("shutdowns by rule: FSD %lu, off %lu, low battery %lu, lost %lu; by hand %lu\n",
	    t->by_rule[DECIDE_R1], t->by_rule[DECIDE_R2], t->by_rule[DECIDE_R3],
	    t->by_rule[DECIDE_R5], t->hand);
}

/* Plays it again, which must go the same way, and leaves out what the failure does not need. */
static unsigned long
explain(uint64_t seed, uint64_t trace)
{
	struct totals unused = { 0 };
	struct plan plan;
	struct verdict verdict;

	plan_make(&plan, seed);
	verdict = plan_play(&plan, &unused, false);
	printf("seed %llu failed: %s: %s\n  trace %016llx; play it with --seed %llu -v\n",
	    (unsigned long long)seed, verdict.name, verdict.failed, (unsigned long long)trace,
	    (unsigned long long)seed);
	if (verdict.trace != trace) {
		printf("  it does NOT replay: trace %016llx\n", (unsigned long long)verdict.trace);
		return 1;
	}
	plan_shrink(&plan, verdict.name);
	plan_tell(&plan);
	return 0;
}

static int
run_many(uint64_t first, uint64_t seeds, unsigned jobs)
{
	struct share *shares = shared(jobs * sizeof(*shares)), sum = { 0 };
	double began_s = now_s(), took_s;

	for (unsigned job = 0; job < jobs; job++)
		if (fork() == 0) {
			run_share(&shares[job], first + job, first + seeds, jobs);
			exit(0);
		}
	while (wait(NULL) > 0)
		;
	took_s = now_s() - began_s;
	folder(true);
	sum.least_outages = sum.least_faults = sum.least_ms = ULONG_MAX;
	for (unsigned job = 0; job < jobs; job++) {
		struct share *share = &shares[job];

		add_totals(&sum.totals, &share->totals);
		sum.done += share->done;
		sum.failures += share->failures + share->astray;
		least(&sum.least_outages, share->least_outages);
		least(&sum.least_faults, share->least_faults);
		least(&sum.least_ms, share->least_ms);
		for (size_t i = 0; i < share->failures && i < FAILURES_MAX; i++)
			sum.failures += explain(share->failed[i], share->trace[i]);
	}
	tell_totals(&sum.totals);
	if (sum.done > sum.failures)
		printf("each seed: at least %.1f minutes, outages %lu, faults beside them %lu\n",
		    (double)sum.least_ms / 60000, sum.least_outages, sum.least_faults);
	printf("%lu seeds in %.1f s: %.0f a second\n", sum.done, took_s, (double)sum.done / took_s);
	if (sum.done < seeds) {
		printf("%lu seeds were not run: a process died\n", (unsigned long)seeds - sum.done);
		sum.failures++;
	}
	printf("%lu seeds failed\n", sum.failures);
	folder(false);
	munmap(shares, jobs * sizeof(*shares));
	return sum.failures ? 1 : 0;
}

/* ---- a month ---- */

/* Per day. */
struct soak {
	size_t days, bytes[SOAK_DAYS_MOST], descriptors[SOAK_DAYS_MOST], upsmons[SOAK_DAYS_MOST];
};

/* In the evening, when all is well again: what do the daemons hold? */
static void
weigh(void *owner, struct site *site)
{
	struct soak *soak = owner;
	size_t day = soak->days++;

	for (size_t h = 0; h < site->hosts_len; h++)
		soak->upsmons[day] += site->hosts[h].upsmon != NULL;
	soak->descriptors[day] = sim_descriptors(site->sim);
	soak->bytes[day] = mallinfo2().uordblks - sim_bytes(site->sim);
}

static size_t
most(const size_t *of, size_t from, size_t to)
{
	size_t best = 0;

	for (size_t i = from; i < to; i++)
		if (of[i] > best)
			best = of[i];
	return best;
}

/* What the allocator keeps at hand for the next of the same size counts as used. */
static void
without_hoards(char **argv)
{
	static const char name[] = "GLIBC_TUNABLES";

	if (getenv(name))
		return;
	setenv(name, "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0", 1);
	execv("/proc/self/exe", argv);
}

/* the first half against the second, which may hold no more. */
static int
run_soak(int days)
{
	struct totals totals = { 0 };
	struct soak soak = { 0 };
	struct plan plan;
	struct verdict verdict;
	size_t half = (size_t)days / 2, all = (size_t)days;
	bool ok;

	plan_make_soak(&plan, days);
	plan.look = weigh;
	plan.look_owner = &soak;
	verdict = plan_play(&plan, &totals, false);
	for (size_t i = 0; i < soak.days; i++)
		printf("day %2zu: %zu upsmons, %zu bytes, %zu descriptors\n", i + 1,
		    soak.upsmons[i], soak.bytes[i], soak.descriptors[i]);
	ok = !*verdict.failed && soak.days == all &&
	     most(soak.bytes, half, all) <= most(soak.bytes, 0, half) + SOAK_BYTES &&
	     most(soak.descriptors, half, all) <= most(soak.descriptors, 0, half);
	printf("%lu outages, %lu shutdowns%s%s\n%d passed, %d failed\n", totals.outages,
	    totals.shutdowns, *verdict.failed ? ", FAILED: " : "", verdict.failed, ok, !ok);
	return !ok;
}

/* ---- planted faults ---- */

/* How many seeds it took (0: not found), and what the oracle said. */
struct find {
	unsigned long took;
	struct verdict verdict;
};

static struct find
find(enum planted fault, uint64_t first, uint64_t seeds)
{
	struct totals unused = { 0 };
	struct find find = { 0 };

	planted = fault;
	for (uint64_t n = 0; n < seeds && !find.took; n++) {
		find.verdict = play_seed(first + n, &unused, false);
		if (*find.verdict.failed)
			find.took = (unsigned long)n + 1;
	}
	planted = PLANTED_NONE;
	return find;
}

/* The children of JOBS, each of which takes the next that nobody has taken. */
static void
find_all(struct find *finds, const char *name, uint64_t first, uint64_t seeds, unsigned jobs)
{
	int *next = shared(sizeof(*next));

	*next = PLANTED_NONE + 1;
	for (unsigned job = 0; job < jobs; job++) {
		int fault;

		if (fork() != 0)
			continue;
		folder(true);
		while ((fault = __atomic_fetch_add(next, 1, __ATOMIC_SEQ_CST)) < PLANTED_FAULTS)
			if (!*name || !strcmp(name, planted_name((enum planted)fault)))
				finds[fault] = find((enum planted)fault, first, seeds);
		folder(false);
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	munmap(next, sizeof(*next));
}

static int
run_planted(const char *name, uint64_t first, uint64_t seeds, unsigned jobs, bool table)
{
	struct find *finds = shared(PLANTED_FAULTS * sizeof(*finds));
	int found = 0, missed = 0;

	find_all(finds, name, first, seeds, jobs);
	if (table)
		printf("| Fault | What is wrong | Seeds | Found as |\n|---|---|---|---|\n");
	for (int fault = PLANTED_NONE + 1; fault < PLANTED_FAULTS; fault++) {
		const char *called = planted_name((enum planted)fault);

		if (*name && strcmp(name, called) != 0)
			continue;
		found += finds[fault].took != 0;
		missed += finds[fault].took == 0;
		if (table)
			printf("| %s | %s | %lu | %s |\n", called,
			    planted_what((enum planted)fault), finds[fault].took,
			    finds[fault].verdict.name);
		else if (finds[fault].took)
			printf("%-24s found after %5lu seeds: %s: %s\n", called, finds[fault].took,
			    finds[fault].verdict.name, finds[fault].verdict.failed);
		else
			printf("%-24s NOT FOUND in %lu seeds\n", called, (unsigned long)seeds);
	}
	printf("%s%d passed, %d failed\n", table ? "\n" : "", found, missed);
	return missed || !found ? 1 : 0;
}

/* ---- the program ---- */

struct wish {
	uint64_t first, seeds, seed; /* 0: not said */
	long jobs;
	int days;		    /* 0: no soak */
	const char *cases, *plants; /* NULL: none; "": all */
	bool verbose, shrink, table;
};

/* false: not so. */
static bool
parse(struct wish *wish, int argc, char **argv)
{
	static const struct option options[] = { { "from", required_argument, NULL, 'f' },
		{ "seeds", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
		{ "jobs", required_argument, NULL, 'j' }, { "shrink", no_argument, NULL, 'S' },
		{ "plant", required_argument, NULL, 'P' },
		{ "cases", optional_argument, NULL, 'c' }, { "soak", optional_argument, NULL, 'k' },
		{ "planted", optional_argument, NULL, 'p' }, { "table", no_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 } };
	int option;

	while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1)
		switch (option) {
		case 'f':
			wish->first = strtoull(optarg, NULL, 10);
			break;
		case 'n':
			wish->seeds = strtoull(optarg, NULL, 10);
			break;
		case 's':
			wish->seed = strtoull(optarg, NULL, 10);
			break;
		case 'j':
			wish->jobs = strtol(optarg, NULL, 10);
			break;
		case 'S':
			wish->shrink = true;
			break;
		case 'P':
			if (!planted_named(optarg))
				return false;
			break;
		case 'c':
			wish->cases = optarg ? optarg : "";
			break;
		case 'k':
			wish->days = optarg ? (int)strtol(optarg, NULL, 10) : SOAK_DAYS_MOST;
			if (wish->days < 4 || wish->days > SOAK_DAYS_MOST)
				return false;
			break;
		case 'p':
			wish->plants = optarg ? optarg : "";
			break;
		case 't':
			wish->table = true;
			break;
		case 'v':
			wish->verbose = true;
			break;
		default:
			return false;
		}
	return true;
}

int
main(int argc, char **argv)
{
	struct wish wish = { .first = 1, .jobs = sysconf(_SC_NPROCESSORS_ONLN) };
	unsigned jobs;
	int status;

	if (!parse(&wish, argc, argv))
		return 2;
	if (wish.days)
		without_hoards(argv);
	jobs = wish.jobs < 1 || wish.jobs > JOBS_MAX ? 2 : (unsigned)wish.jobs;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (wish.plants)
		return run_planted(wish.plants, wish.first, wish.seeds ? wish.seeds : PLANTED_SEEDS,
		    jobs, wish.table);
	if (!wish.seed && !wish.cases && !wish.days)
		return run_many(wish.first, wish.seeds ? wish.seeds : 10000, jobs);
	folder(true);
	status = wish.cases  ? cases_run(wish.cases, wish.verbose)
		 : wish.days ? run_soak(wish.days)
			     : run_one(wish.seed, wish.verbose, wish.shrink);
	folder(false);
	return status;
}
