/* area.h - the sections that --section names: what a maintainer looks for, whichever folder the
 * cases lie in.  A case may be in several. */
#ifndef CONFORMANCE_AREA_H
#define CONFORMANCE_AREA_H

#include <stdio.h>
#include "report.h"

enum { AREAS = 6 };

/* Its number, or -1. */
int area_find(const char *name);
bool area_has(size_t area, const struct test_case *test);
/* The names of those that TEST is in, SEPARATOR between them. */
void area_print(FILE *to, const struct test_case *test, const char *separator);
/* One line of TAP for each: how many of its cases there are, hold and do not. */
void area_summary(const struct run *run);

#endif
