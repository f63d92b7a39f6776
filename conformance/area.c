#include "area.h"

#include <string.h>

/* By the beginning of the id, or of a sentence that is cited. */
static const struct area {
	const char *name;
	const char *ids[4], *cites[3];
} areas[AREAS] = {
	{ "protocol", { "net/", "sock/", "cli/" }, { NULL } },
	{ "robustness", { NULL }, { "R-" } },
	{ "access", { "access/" }, { "A-", "U-" } },
	{ "security", { "security/" }, { "T-" } },
	{ "driver", { "driver/", "sock/" }, { "S-7" } },
	{ "shutdown", { "shutdown/" }, { "M-" } },
};

int
area_find(const char *name)
{
	for (size_t i = 0; i < AREAS; i++)
		if (!strcmp(areas[i].name, name))
			return (int)i;
	return -1;
}

/* One of CITES' words begins with WHAT. */
static bool
cites(const char *cites, const char *what)
{
	for (const char *at = cites; (at = strstr(at, what)); at++)
		if (at == cites || at[-1] == ' ')
			return true;
	return false;
}

bool
area_has(size_t area, const struct test_case *test)
{
	for (const char *const *id = areas[area].ids; *id; id++)
		if (!strncmp(test->id, *id, strlen(*id)))
			return true;
	for (const char *const *what = areas[area].cites; *what; what++)
		if (cites(test->cites, *what))
			return true;
	return false;
}

void
area_print(FILE *to, const struct test_case *test, const char *separator)
{
	const char *between = "";

	for (size_t i = 0; i < AREAS; i++) {
		if (!area_has(i, test))
			continue;
		fprintf(to, "%s%s", between, areas[i].name);
		between = separator;
	}
}

static void
summary_of(size_t area, const struct run *run)
{
	size_t cases = 0, hold = 0, musts = 0, deviate = 0, failed = 0;

	for (size_t i = 0; i < run->len; i++) {
		const struct test_case *test = run->tests[i];
		const struct result *result = &run->results[i];
		bool expected = report_expected(test, result, run->target);

		if (!area_has(area, test))
			continue;
		cases++;
		musts += test->level == MUST;
		hold += expected && result->verdict == PASSED;
		deviate += expected && result->verdict == FAILED;
		failed += !expected;
	}
	if (cases)
		printf("# %-10s %4zu cases (%zu MUST, %zu SHOULD): %zu hold, %zu known deviations, "
		       "%zu not judged, %zu not as expected\n",
		    areas[area].name, cases, musts, cases - musts, hold, deviate,
		    cases - hold - deviate - failed, failed);
}

void
area_summary(const struct run *run)
{
	for (size_t i = 0; i < AREAS; i++)
		summary_of(i, run);
}
