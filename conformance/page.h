/* page.h - the results for programs (JSON) and for people (one page of HTML that needs nothing
 * else, not even a network).  The page carries the JSON of each run it shows. */
#ifndef CONFORMANCE_PAGE_H
#define CONFORMANCE_PAGE_H

#include "report.h"

/* These return false with errno set when a file cannot be read or written. */
bool page_json(const char *file, const struct run *run);
/* BESIDE, which may be NULL, is the JSON of another run, to be shown beside this one; EINVAL when
 * it is no such file.  TEMPLATE is report.html of this folder; SENTENCES, which may be NULL, what
 * the script of that name makes of docs/.  Both are closed. */
bool page_html(
    const char *file, const struct run *run, const char *beside, FILE *template, FILE *sentences);

#endif
