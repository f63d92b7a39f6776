/* cases.h - what went wrong once, and what must always go one way: small plans with a known end. */
#ifndef CASES_H
#define CASES_H

#include <stdbool.h>

/* Run all, or the one of that NAME (""), and print a line for each.  How many failed. */
int cases_run(const char *name, bool verbose);

#endif
