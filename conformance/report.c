#include "report.h"

#include <string.h>

#include "area.h"
#include "bench.h"

/* A target may be without a whole section's feature: no failure, and no news for each case. */
static bool
is_without(const struct result *result)
{
	return result->verdict == SKIPPED && result->why &&
	       !strncmp(result->why, WITHOUT, strlen(WITHOUT));
}

bool
report_expected(
    const struct test_case *test, const struct result *result, const struct target *target)
{
	const struct deviation *deviation = target_deviation(target, test->id);

	if (result->verdict == SKIPPED)
		return true;
	/* What the suite itself could not do says nothing about the target. */
	if (result->verdict == FAILED && result->why && !strncmp(result->why, "suite:", 6))
		return false;
	return deviation ? result->verdict == FAILED : result->verdict == PASSED;
}

const char *
report_verdict(
    const struct test_case *test, const struct result *result, const struct target *target)
{
	bool expected = report_expected(test, result, target);

	if (result->verdict == SKIPPED)
		return is_without(result) ? "without" : "skipped";
	if (result->verdict == PASSED)
		return expected ? "passed" : "unexpected";
	return expected ? "deviation" : "failed";
}

void
report_tap_plan(size_t cases)
{
	printf("TAP version 13\n1..%zu\n", cases);
}

/* Each line behind a #; equal ones that follow each other are counted. */
static void
print_comment(const char *text)
{
	const char *last = "";
	size_t last_len = 0, again = 0;

	while (text && *text) {
		size_t len = strcspn(text, "\n");

		if (len == last_len && !strncmp(text, last, len)) {
			again++;
		} else {
			if (again)
				printf("# (%zu times more)\n", again);
			printf("# %.*s\n", (int)len, text);
			again = 0;
		}
		last = text;
		last_len = len;
		text += len + (text[len] == '\n');
	}
	if (again)
		printf("# (%zu times more)\n", again);
}

void
report_tap(size_t number, const struct test_case *test, const struct result *result,
    const struct target *target)
{
	const struct deviation *deviation = target_deviation(target, test->id);
	bool expected = report_expected(test, result, target);

	if (is_without(result))
		printf("ok %zu - %s %s # SKIP %s\n", number, test->id, test->says, result->why);
	else if (result->verdict == SKIPPED)
		printf("ok %zu - %s %s # SKIP %s\n# skip %s: %s\n", number, test->id, test->says,
		    result->why, test->id, result->why);
	else if (result->verdict == PASSED && expected)
		printf("ok %zu - %s %s\n", number, test->id, test->says);
	else if (result->verdict == PASSED)
		printf("not ok %zu - %s %s\n# passes, but the target file lists it as a deviation: "
		       "%s\n",
		    number, test->id, test->says, deviation->reason);
	else if (expected) {
		printf("not ok %zu - %s %s # TODO %s\n", number, test->id, test->says,
		    deviation->reason);
		print_comment(result->why);
	} else {
		printf("not ok %zu - %s %s\n# %s [%s]\n", number, test->id, test->says,
		    test->level == MUST ? "MUST" : "SHOULD", test->cites);
		print_comment(result->why);
		print_comment(result->trace);
	}
	fflush(stdout);
}

struct tally
report_count(const struct run *run)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < run->len; i++) {
		const struct result *result = &run->results[i];

		if (!report_expected(run->tests[i], result, run->target))
			tally.unexpected++;
		else if (result->verdict == PASSED)
			tally.passed++;
		else if (is_without(result))
			tally.without++;
		else if (result->verdict == SKIPPED)
			tally.skipped++;
		else
			tally.deviated++;
	}
	return tally;
}

void
report_summary(const struct tally *tally, const struct run *run)
{
	if (tally->without)
		printf("# skip %zu cases: %s is without the feature they judge\n", tally->without,
		    run->target->name);
	printf("%zu passed, %zu failed (%zu of the passed are known deviations, %zu skipped; %s, "
	       "%d.%d s)\n",
	    tally->passed + tally->deviated, tally->unexpected, tally->deviated, tally->skipped,
	    run->target->name, (int)(run->ms / 1000), (int)(run->ms % 1000 / 100));
}

/* The first line of what went wrong; ids of drivers' cases stay as they are. */
static void
print_learnt(FILE *file, const struct test_case *test, const struct result *result)
{
	if (result->verdict == FAILED && !strncmp(result->why, "suite:", 6))
		fprintf(file, "# %s is not judged: %.*s\n", test->id,
		    (int)strcspn(result->why, "\n"), result->why);
	else if (result->verdict == PASSED)
		fprintf(file, "holds %s\n", test->id);
	else
		fprintf(file, "deviation %s\t%s: %.*s\n", test->id, test->cites,
		    (int)strcspn(result->why, "\n"), result->why);
}

bool
report_learnt(const char *name, const struct run *run)
{
	FILE *file = fopen(name, "w");
	bool well;

	if (!file)
		return false;
	fprintf(file,
	    "# What was not as %s.conf says.  Behind \"like %s\" in a file of your own these lines "
	    "make\n"
	    "# it so; look at each before you believe it.\n",
	    run->target->name, run->target->name);
	for (size_t i = 0; i < run->len; i++)
		if (!report_expected(run->tests[i], &run->results[i], run->target))
			print_learnt(file, run->tests[i], &run->results[i]);
	well = !ferror(file);
	return !fclose(file) && well;
}

static void
print_xml(FILE *file, const char *text)
{
	for (; text && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<' || c == '>' || c == '&' || c == '"')
			fprintf(file, "&#%d;", c);
		else if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f))
			fputc(c, file);
		else
			fputc('?', file);
	}
}

static void
print_xml_case(FILE *file, const struct test_case *test, const struct result *result,
    const struct target *target)
{
	const struct deviation *deviation = target_deviation(target, test->id);
	const char *slash = strrchr(test->id, '/');

	fprintf(file, "<testcase classname=\"%.*s\" name=\"%s\" time=\"%d.%03d\">\n",
	    (int)(slash - test->id), test->id, slash + 1, result->ms / 1000, result->ms % 1000);
	fprintf(file, "<properties><property name=\"requirement\" value=\"");
	print_xml(file, test->says);
	fprintf(file,
	    "\"/><property name=\"level\" value=\"%s\"/><property name=\"cites\" "
	    "value=\"%s\"/><property name=\"sections\" value=\"",
	    test->level == MUST ? "MUST" : "SHOULD", test->cites);
	area_print(file, test, " ");
	fprintf(file, "\"/></properties>\n");
	if (result->verdict == SKIPPED || (result->verdict == FAILED && deviation)) {
		fprintf(file, "<skipped message=\"");
		print_xml(file, result->verdict == SKIPPED ? result->why : deviation->reason);
		fprintf(file, "\"/>\n");
	} else if (!report_expected(test, result, target)) {
		fprintf(file, "<failure message=\"");
		print_xml(file, result->verdict == PASSED ? "passes, but is listed as a deviation"
							  : result->why);
		fprintf(file, "\">");
		print_xml(file, result->trace);
		fprintf(file, "</failure>\n");
	}
	fprintf(file, "</testcase>\n");
}

bool
report_junit(const char *name, const struct run *run)
{
	struct tally tally = report_count(run);
	FILE *file = fopen(name, "w");
	bool well;

	if (!file)
		return false;
	fprintf(file,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<testsuite name=\"nut-conform %s\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
	    run->target->name, run->len, tally.unexpected,
	    tally.skipped + tally.without + tally.deviated);
	for (size_t i = 0; i < run->len; i++)
		print_xml_case(file, run->tests[i], &run->results[i], run->target);
	fprintf(file, "</testsuite>\n");
	well = !ferror(file);
	return !fclose(file) && well;
}
