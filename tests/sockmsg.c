#include "ups/sockmsg.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parse LINE and format what came out; "error: ..." if it is wrong. */
static const char *
again(const char *typed)
{
	static char text[512];
	char line[256], *made;
	struct words words;
	struct sockmsg msg;
	struct buf buf = { 0 };
	const char *error;

	snprintf(line, sizeof(line), "%s", typed);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK, "%s", typed);
	error = sockmsg_parse(&msg, &words);
	if (error) {
		cr_expect_eq(msg.type, SOCKMSG_UNKNOWN);
		snprintf(text, sizeof(text), "error: %s", error);
		return text;
	}
	cr_expect(sockmsg_format(&buf, &msg));
	made = buf_steal(&buf);
	snprintf(text, sizeof(text), "%s", made);
	free(made);
	return text;
}

Test(sockmsg, every_message_there_and_back)
{
	static const char *const lines[] = { "SETINFO ups.status \"OL CHRG\"\n", "SETINFO a \"\"\n",
		"SETINFO a \"\\\"\\#\\\\\"\n", "DELINFO a\n", "ADDENUM a \"b c\"\n",
		"DELENUM a \"b\"\n", "ADDRANGE a -1 10\n", "DELRANGE a 1 10\n", "SETAUX a 8\n",
		"SETFLAGS a RW STRING\n", "SETFLAGS a NUMBER\n", "SETFLAGS a\n",
		"ADDCMD load.off\n", "DELCMD load.off\n", "DATAOK\n", "DATASTALE\n", "DUMPDONE\n",
		"PONG\n", "TRACKING 6CA39D4E-0D6B-4F8C-9CB0-2B3B6A0DFE0D -1\n", "TRACKING x 3\n",
		"PID 77\n", "OK Goodbye\n", "DUMPALL\n", "DUMPSTATUS\n", "PING\n", "GETPID\n",
		"LOGOUT\n", "DUMPVALUE a\n", "INSTCMD load.off\n", "INSTCMD load.off \"5\"\n",
		"INSTCMD load.off TRACKING x\n", "INSTCMD load.off \"5 TRACKING y\" TRACKING x\n",
		"INSTCMD load.off \"\"\n", "INSTCMD load.off \"TRACKING\"\n", "SET a \"\"\n",
		"SET a \"b c\" TRACKING x\n", "NOBROADCAST\n", "BROADCAST 1\n", "BROADCAST 0\n" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		char line[128];

		snprintf(line, sizeof(line), "%s", lines[i]);
		line[strlen(line) - 1] = '\0';
		cr_expect_str_eq(again(line), lines[i]);
	}
}

Test(sockmsg, words_are_taken_as_NUT_takes_them)
{
	cr_expect_str_eq(again("setinfo A b surplus"), "SETINFO A \"b\"\n");
	cr_expect_str_eq(again("SETFLAGS a rw ODD"), "SETFLAGS a RW\n");
	cr_expect_str_eq(again("BROADCAST"), "BROADCAST 1\n");
	cr_expect_str_eq(again("INSTCMD a b tracking x"), "INSTCMD a \"b\" TRACKING x\n");
}

Test(sockmsg, malformed_lines_are_refused)
{
	static const char *const wrong[] = { "", "NOSUCH", "SETINFO a", "SETINFO \"a b\" 1",
		"SETINFO \"\" 1", "ADDCMD \"a b\\\"c\"", "DELINFO", "ADDRANGE a 1",
		"ADDRANGE a 1 x", "ADDRANGE a 1.0 2", "SETAUX a 5x",
		"SETAUX a 99999999999999999999", "TRACKING x", "TRACKING x done",
		"TRACKING \"a b\" 0", "TRACKING x \"\"", "PID", "PID x", "OK", "OK fine", "INSTCMD",
		"INSTCMD a b c d", "INSTCMD a b TRACKING", "INSTCMD a b TRACKING \"x y\"",
		"INSTCMD a b TRACKING x y", "SET a", "SET a b c", "SET a b c d", "SET a b TRACKING",
		"BROADCAST x" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_expect_eq(strncmp(again(wrong[i]), "error", 5), 0, "%s", wrong[i]);
}

/* spec protocol-driver: the order of a dump */
Test(sockmsg, a_variable_of_a_dump)
{
	struct state *state = state_new();
	struct buf buf = { 0 };
	char *text;

	state_set(state, "a", "x \"y\"");
	cr_expect(sockmsg_format_var(&buf, state_var(state, "a")));
	text = buf_steal(&buf);
	cr_expect_str_eq(text, "SETINFO a \"x \\\"y\\\"\"\n");
	free(text);
	state_enum_add(state, "a", "#1");
	state_enum_add(state, "a", "2");
	state_range_add(state, "a", 1, 9);
	state_aux(state, "a", 12);
	state_flags(state, "a", STATE_RW | STATE_STRING);
	cr_expect(sockmsg_format_var(&buf, state_var(state, "a")));
	text = buf_steal(&buf);
	cr_expect_str_eq(text, "SETINFO a \"x \\\"y\\\"\"\nADDENUM a \"\\#1\"\nADDENUM a \"2\"\n"
			       "ADDRANGE a 1 9\nSETAUX a 12\nSETFLAGS a RW STRING\n");
	free(text);
	state_free(state);
}

Test(sockmsg, unknown_is_not_formatted)
{
	struct buf buf = { 0 };

	cr_expect_not(sockmsg_format(&buf, &(struct sockmsg){ .type = SOCKMSG_UNKNOWN }));
	cr_expect_eq(buf_len(&buf), 0);
}
