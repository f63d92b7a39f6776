#include "ups/netmsg.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(netmsg, names_there_and_back)
{
	for (int i = NET_OK + 1; i < NET_UNKNOWN_ERROR; i++) {
		struct buf buf = { 0 };
		char *name;

		cr_assert(net_error_format(&buf, (enum net_error)i) && buf_add(&buf, "", 1));
		name = buf_steal(&buf);
		name[strcspn(name, "\n")] = '\0';
		cr_expect_eq(net_error_parse(name + strlen("ERR ")), (enum net_error)i, "%s", name);
		cr_expect_not_null(net_error_text((enum net_error)i));
		free(name);
	}
	cr_expect_eq(net_error_parse("VAR-UNKNOWN"), NET_UNKNOWN_ERROR);
	cr_expect_eq(net_error_parse("data-stale"), NET_UNKNOWN_ERROR, "as NUT 2.8.0's upsc");
	cr_expect_eq(net_error_parse("OK"), NET_UNKNOWN_ERROR);
	cr_expect_eq(net_error_parse(""), NET_UNKNOWN_ERROR);
}

/* Measured on NUT 2.8.0's upsc. */
Test(netmsg, texts)
{
	cr_expect_str_eq(net_error_text(NET_DATA_STALE), "Data stale");
	cr_expect_str_eq(net_error_text(NET_VAR_NOT_SUPPORTED), "Variable not supported by UPS");
	cr_expect_str_eq(net_error_text(NET_TOO_LONG), "New value is too long");
	cr_expect_str_eq(net_error_text(NET_FEATURE_NOT_CONFIGURED), "Unknown error");
}

Test(netmsg, a_reply_is_one_line)
{
	struct buf buf = { 0 };
	char *line;

	cr_expect(net_error_format(&buf, NET_UNKNOWN_UPS));
	line = buf_steal(&buf);
	cr_expect_str_eq(line, "ERR UNKNOWN-UPS\n");
	free(line);
}
