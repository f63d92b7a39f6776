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

/* All that was run of a target; everything is borrowed. */
struct run {
	const struct target *target;
	const struct test_case *const *tests;
	const struct result *results;
	size_t len;
	int64_t ms; /* how long it took */
};

struct tally {
	size_t passed, deviated, skipped, without, unexpected;
};

/* The case went as the target file says it would. */
bool report_expected(
    const struct test_case *test, const struct result *result, const struct target *target);
/* In one word: passed, failed, deviation (fails as listed), unexpected (passes though listed),
 * skipped, without (the target has no such feature). */
const char *report_verdict(
    const struct test_case *test, const struct result *result, const struct target *target);
void report_tap_plan(size_t cases);
void report_tap(size_t number, const struct test_case *test, const struct result *result,
    const struct target *target);
struct tally report_count(const struct run *run);
void report_summary(const struct tally *tally, const struct run *run);
/* What was not as expected, as lines for a target file.  False, with errno, when FILE cannot be
 * written. */
bool report_learnt(const char *file, const struct run *run);
/* Likewise. */
bool report_junit(const char *file, const struct run *run);

#endif
