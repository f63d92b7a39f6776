/* scarce.c - the linker puts these in the place of malloc() and its like (Makefile, SCARCE). */
#include "fuzz/lib/fuzz.h"

#include <errno.h>

static size_t asked;   /* allocations since fuzz_scarce() */
static size_t fails;   /* that one fails; 0: none does */
static bool and_after; /* and all that follow */

void *__real_malloc(size_t size);
void *__real_calloc(size_t len, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t len, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t len, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t len, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);

static bool
may(void)
{
	asked++;
	if (!fails || asked < fails || (asked > fails && !and_after))
		return true;
	errno = ENOMEM;
	return false;
}

void *
__wrap_malloc(size_t size)
{
	return may() ? __real_malloc(size) : NULL;
}

void *
__wrap_calloc(size_t len, size_t size)
{
	return may() ? __real_calloc(len, size) : NULL;
}

void *
__wrap_realloc(void *old, size_t size)
{
	return may() ? __real_realloc(old, size) : NULL;
}

void *
__wrap_reallocarray(void *old, size_t len, size_t size)
{
	return may() ? __real_reallocarray(old, len, size) : NULL;
}

char *
__wrap_strdup(const char *text)
{
	return may() ? __real_strdup(text) : NULL;
}

char *
__wrap_strndup(const char *text, size_t len)
{
	return may() ? __real_strndup(text, len) : NULL;
}

/* ---- */

void
fuzz_scarce(size_t from, bool all)
{
	asked = 0;
	fails = from;
	and_after = all;
}

size_t
fuzz_plenty(void)
{
	size_t count = asked;

	fails = 0;
	return count;
}

struct fuzz_scarcity
fuzz_pause(void)
{
	struct fuzz_scarcity now = { asked, fails };

	fails = 0;
	return now;
}

void
fuzz_go_on(struct fuzz_scarcity from)
{
	asked = from.asked;
	fails = from.fails;
}

void
fuzz_scarce_by(const void *bytes, size_t len, size_t count)
{
	const uint8_t *at = bytes;
	uint64_t sum = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 0x100000001b3;
	sum ^= sum >> 32;
	fuzz_scarce(count ? 1 + (size_t)(sum % count) : 0, sum >> 40 & 1);
}
