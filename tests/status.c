#include "ups/status.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char *
format(uint32_t bits)
{
	static char text[256];
	struct buf buf = { 0 };
	char *made;

	cr_expect(status_format(&buf, bits));
	made = buf_steal(&buf);
	snprintf(text, sizeof(text), "%s", made);
	free(made);
	return text;
}

Test(status, whole_words_only)
{
	cr_expect_eq(status_parse("OL CHRG"), STATUS_OL | STATUS_CHRG);
	cr_expect_eq(status_parse("  ob\tlb  "), STATUS_OB | STATUS_LB);
	cr_expect_eq(status_parse("FSD OB LB"), STATUS_FSD | STATUS_OB | STATUS_LB);
	cr_expect_eq(status_parse(""), 0);
	cr_expect_eq(status_parse("   "), 0);
	cr_expect_eq(status_parse("OLB"), STATUS_OTHER);
	cr_expect_eq(status_parse("OL.OB"), STATUS_OTHER);
	cr_expect_eq(status_parse("O"), STATUS_OTHER);
	cr_expect_eq(status_parse("WAIT OL"), STATUS_OTHER | STATUS_OL);
	cr_expect_eq(status_parse("OVER"), STATUS_OVER, "not OB, nor LB");
}

Test(status, is_published_in_one_order)
{
	cr_expect_str_eq(format(STATUS_LB | STATUS_OB | STATUS_ALARM), "ALARM OB LB");
	cr_expect_str_eq(format(STATUS_OTHER), "");
	cr_expect_str_eq(format(0), "");
}

Test(status, every_bit_has_one_word_and_comes_back)
{
	for (int i = 0; i <= 16; i++) {
		enum status_bit bit = (enum status_bit)(1 << i);

		cr_expect_str_neq(format(bit), "");
		cr_expect_eq(status_parse(format(bit)), (uint32_t)bit);
	}
	cr_expect_str_eq(format(1 << 17), "");
	cr_expect_eq(status_parse(format((1 << 17) - 1)), (1 << 17) - 1);
}
