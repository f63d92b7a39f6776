/* confine.h - once per process, in main.c, and last: which calls of the kernel may still be made
 * (seccomp(2)).  Why, and what becomes of the others: docs/threats.md, "Confined".
 *
 * What a program may call stands in tables, one row a call.  Threads have the filter, too, and so
 * have children; not those who were there before, as base/helper. */
#ifndef CONFINE_H
#define CONFINE_H

#include "base/syscalls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct confine_call {
	const char *name;
	int number; /* -1: not on this machine */
	const char *why;
	/* With a MASK, only when the lower half of this argument, masked, is VALUE. */
	unsigned argument;
	uint32_t mask, value;
};

/* clang-format off */
#define CONFINE(name, why) { #name, __NR_##name, why, 0, 0, 0 }
#define CONFINE_IF(name, argument, mask, value, why) { #name, __NR_##name, why, argument, mask, value }
#define CONFINE_END { NULL, -1, NULL, 0, 0, 0 }
/* clang-format on */

/* What each of our daemons calls: libc, memory, the loop, files, the log. */
extern const struct confine_call confine_common[];

/* From $NUT_CONFINE: */
enum confine_mode {
	CONFINE_NO,
	CONFINE_YES,   /* others are told ENOSYS; the worst end the process */
	CONFINE_LOG,   /* nothing is refused; the kernel's log tells what would be */
	CONFINE_STRICT /* all others end the process: for tests */
};

/* Nothing but what stands in one of TABLES (NULL behind the last).  Logs when, and why, it is not
 * done; returns whether it was. */
bool confine(const struct confine_call *const *tables);
/* The same in MODE, whatever the environment says; NULL, or why it cannot be, with errno. */
const char *confine_in_mode(const struct confine_call *const *tables, enum confine_mode mode);

#endif
