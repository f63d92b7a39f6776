/* report.h - what is said about the cases: TAP on stdout, JUnit XML in a file. */
#ifndef CONFORMANCE_REPORT_H
#define CONFORMANCE_REPORT_H

#include <stdio.h>
#include "suite.h"
#include "target.h"

enum verdict { NOT_RUN, PASSED, FAILED, SKIPPED };

struct result {
	enum verdict verdict;
	int ms;
	char *why;   /* owned; one line or more */
	char *trace; /* owned; the bytes exchanged */
};

struct tally {
	size_t passed, deviated, skipped, without, unexpected;
};

/* The case went as the target file says it would. */
bool report_expected(
    const struct test_case *test, const struct result *result, const struct target *target);
void report_tap_plan(size_t cases);
void report_tap(size_t number, const struct test_case *test, const struct result *result,
    const struct target *target);
struct tally report_count(const struct test_case *const *tests, const struct result *results,
    size_t len, const struct target *target);
void report_summary(const struct tally *tally, const struct target *target, int64_t ms);
/* False, with errno, when FILE cannot be written. */
bool report_junit(const char *file, const struct test_case *const *tests,
    const struct result *results, size_t len, const struct target *target);

#endif
