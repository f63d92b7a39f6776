#include "client/logformat.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* TEXT's line at 2026-11-25 17:11:05 UTC; every variable is "OL", but those with "no" in them. */
static void
expect_line(const char *text, const char *want)
{
	static char ol[] = "OL";
	const struct logformat_facts facts = {
		.now = 1795626665, .host = "here", .upshost = "u@there:1", .pid = 42
	};
	struct logformat format;
	char *values[LOGFORMAT_PARTS_MAX] = { 0 }, *line;
	struct buf buf = { 0 };

	setenv("TZ", "UTC", 1);
	cr_assert_null(logformat_parse(&format, text));
	for (size_t i = 0; i < format.len; i++)
		if (format.parts[i].kind == LOGPART_VAR && !strstr(format.parts[i].text, "no"))
			values[i] = ol;
	cr_expect(logformat_write(&buf, &format, &facts, values));
	line = buf_steal(&buf);
	cr_expect_str_eq(line, want);
	free(line);
	logformat_free(&format);
}

Test(logformat, each_escape)
{
	expect_line("%%|%HOST%|%UPSHOST%|%PID%|%ETIME%", "%|here|u@there:1|42|1795626665\n");
	expect_line("%TIME @Y@m@d @H@M@S%", "20261125 171105\n");
	expect_line("[%VAR ups.status%] %VAR no.such%", "[OL] NA\n");
	expect_line("a%tb", "a\tb\n");
	expect_line("", "\n");
	expect_line(LOGFORMAT_DEFAULT, "20261125 171105 OL OL OL [OL] OL OL\n");
}

/* Measured on 2.8.0 (which dies on %TIME%). */
Test(logformat, what_is_no_escape_is_called_invalid)
{
	expect_line("%BOGUS%|x", "INVALID|x\n");
	expect_line("%VAR%|%VAR %|%TIME%|", "INVALID|INVALID|INVALID|\n");
	expect_line("%VAR ups.\xc3\xbc%|%VAR a\tb%|", "INVALID|INVALID|\n");
	expect_line("a%", "aINVALID\n");
	expect_line("%HOST", "INVALID\n");
	expect_line("%HOST x%", "INVALID\n");
	expect_line("%time @Y%|%var ups.status%|", "2026|OL|\n");
}

Test(logformat, too_many_escapes_are_refused)
{
	char text[3 * LOGFORMAT_PARTS_MAX];
	struct logformat format;

	text[0] = '\0';
	for (int i = 0; i <= LOGFORMAT_PARTS_MAX; i++)
		strcat(text, "%%");
	cr_expect_not_null(logformat_parse(&format, text));
	cr_expect_eq(format.len, 0);
}
