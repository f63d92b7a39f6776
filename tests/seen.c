#include "upsd/seen.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ROOM 1024

Test(seen, two_words_are_not_one)
{
	struct seen *seen = seen_new(1);

	cr_assert_neq(seen_key(seen, "ab", "c"), seen_key(seen, "a", "bc"));
	cr_assert_neq(seen_key(seen, "ab", NULL), seen_key(seen, "ab", ""));
	cr_assert_eq(seen_key(seen, "ab", "c"), seen_key(seen, "ab", "c"));
	seen_free(seen);
}

Test(seen, the_oldest_goes_first_and_the_precious_last)
{
	struct seen *seen = seen_new(7);
	uint64_t precious = seen_key(seen, "precious", NULL), key;
	struct seen_mark *mark = seen_make(seen, precious);
	char who[16];

	mark->precious = true;
	for (int i = 1; i <= 100 * ROOM; i++) {
		snprintf(who, sizeof(who), "%d", i);
		key = seen_key(seen, who, NULL);
		cr_assert_null(seen_find(seen, key));
		mark = seen_make(seen, key);
		cr_assert_eq(mark->count, 0);
		mark->seen_ms = i;
		mark->count = (unsigned)i;
		cr_assert_eq(seen_make(seen, key)->count, (unsigned)i);
	}
	cr_assert(seen_find(seen, precious)->precious);
	cr_assert_not_null(seen_find(seen, key));
	cr_assert_null(seen_find(seen, seen_key(seen, "1", NULL)));
	seen_free(seen);
}
