#include "base/buf.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(buf, bytes_come_out_as_they_went_in)
{
	struct buf buf = { 0 };

	cr_expect(buf_add_text(&buf, "VER"));
	cr_expect(buf_add(&buf, "\0\n", 2));
	cr_assert_eq(buf_len(&buf), 5);
	cr_expect(memcmp(buf_bytes(&buf), "VER\0\n", 5) == 0);
	buf_free(&buf);
}

Test(buf, holds_no_memory_while_empty)
{
	struct buf buf = { .max = 100 };

	cr_expect_null(buf_bytes(&buf));
	buf_add_text(&buf, "abc");
	buf_take(&buf, 2);
	cr_expect_not_null(buf.bytes);
	buf_take(&buf, 1);
	cr_expect_null(buf.bytes);
	cr_expect_eq(buf.size, 0);
	cr_expect_eq(buf.max, 100);
	/* A room in which a read left nothing goes too. */
	cr_expect_not_null(buf_room(&buf, 50));
	buf_added(&buf, 0);
	cr_expect_null(buf.bytes);
}

Test(buf, more_than_the_maximum_is_refused_whole)
{
	struct buf buf = { .max = 8 };

	cr_expect(buf_add_text(&buf, "12345678"));
	cr_expect_not(buf_add_text(&buf, "9"));
	cr_expect(buf.failed);
	cr_expect_eq(buf_len(&buf), 8);
	buf_take(&buf, 8);
	cr_expect_not(buf_add_text(&buf, "x"), "failed stays until buf_free()");
	buf_free(&buf);
	cr_expect(buf_add_text(&buf, "x"));
	buf_free(&buf);
}

Test(buf, a_huge_length_does_not_wrap_round)
{
	struct buf buf = { .max = SIZE_MAX };

	buf_add_text(&buf, "1234");
	cr_expect_null(buf_room(&buf, SIZE_MAX - 1));
	cr_expect_not(buf.failed, "asking for room is no append");
	buf_free(&buf);
}

Test(buf, a_queue_that_never_empties_stays_small)
{
	struct buf buf = { 0 };

	buf_add_text(&buf, "0");
	for (int i = 0; i < 100000; i++) {
		cr_assert(buf_add_text(&buf, "123456789"));
		buf_take(&buf, 9);
	}
	cr_expect_eq(buf_len(&buf), 1);
	cr_expect_lt(buf.size, 1024);
	buf_free(&buf);
}

Test(buf, formats_longer_than_any_line)
{
	struct buf buf = { .max = 1000 };

	cr_expect(buf_add_format(&buf, "%0500d|", 7));
	cr_expect(buf_add_format(&buf, "%s", "short"));
	cr_expect_eq(buf_len(&buf), 506);
	cr_expect_eq(buf_bytes(&buf)[499], '7');
	cr_expect(memcmp(buf_bytes(&buf) + 500, "|short", 6) == 0);
	cr_expect(buf_add_format(&buf, "%0494d", 1), "up to the maximum, exactly");
	cr_expect_not(buf_add_format(&buf, "%0999d", 1));
	cr_expect_eq(buf_len(&buf), 1000);
	buf_free(&buf);
}

Test(buf, what_is_stolen_is_a_string)
{
	struct buf buf = { .max = 4 };
	char *text;

	buf_add_text(&buf, "abcd");
	buf_take(&buf, 1);
	text = buf_steal(&buf);
	cr_expect_str_eq(text, "bcd");
	free(text);
	cr_expect_eq(buf_len(&buf), 0);
	text = buf_steal(&buf);
	cr_expect_str_eq(text, "");
	free(text);
	buf_add_text(&buf, "abcde");
	cr_expect_null(buf_steal(&buf), "an append had failed");
	cr_expect(buf_add_text(&buf, "abcd"));
	buf_free(&buf);
}
