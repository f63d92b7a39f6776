#include "base/words.h"
#include "tests/wordstable.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words of LINE (which ends in a newline) as "a|b|c", or the error. */
static char *
cut(const char *line, enum words_source source)
{
	static char text[70000];
	struct words words;
	size_t len = strlen(line), used;
	char *copy = malloc(len); /* no NUL behind it: a read too far is seen by ASan */
	enum words_error error;

	memcpy(copy, line, len);
	error = words_cut(&words, copy, len, source, &used);
	text[0] = '\0';
	if (error) {
		cr_expect_eq(words.len, 0);
		snprintf(text, sizeof(text), "error %d", error);
	}
	for (size_t i = 0; i < words.len; i++) {
		strcat(text, i ? "|" : "");
		strcat(text, words.word[i]);
		cr_expect_eq(words.word_len[i], strlen(words.word[i]), "%s: word %zu", line, i);
	}
	if (!error)
		cr_expect_eq(used, len, "%s: %zu used of %zu", line, used, len);
	free(copy);
	return text;
}

static char *
sock(const char *line)
{
	return cut(line, WORDS_SOCKET);
}

/* spec parseconf: the table of states */
Test(words, separates_at_blanks_quotes_and_equals)
{
	cr_expect_str_eq(sock("GET VAR su700 ups.status\n"), "GET|VAR|su700|ups.status");
	cr_expect_str_eq(sock(" \tVER\t\v\f \r\n"), "VER");
	cr_expect_str_eq(sock("\"a b\" c\n"), "a b|c");
	cr_expect_str_eq(sock("\"a\"\"b\"c\n"), "a|b|c");
	cr_expect_str_eq(sock("a\"b\" c\n"), "a\"b\"|c");
	cr_expect_str_eq(sock("\"\" x\n"), "|x");
	cr_expect_str_eq(sock("GET=VAR a= =b ==\n"), "GET|=|VAR|a|=|=|b|=|=");
	cr_expect_str_eq(sock("\"a=b\" a\\=b\n"), "a=b|a=b");
	cr_expect_str_eq(sock("\\V\\E\\R\n"), "VER");
	cr_expect_str_eq(sock("a\\ b \\\"c \\#d \\\\\n"), "a b|\"c|#d|\\");
	cr_expect_str_eq(sock("\"a \\\"b\\\" \\# \\\\\"\n"), "a \"b\" # \\");
	cr_expect_str_eq(sock("'a b'\n"), "'a|b'");
}

Test(words, a_comment_needs_no_blank_before_it)
{
	cr_expect_str_eq(sock("foo#bar\n"), "foo");
	cr_expect_str_eq(sock("foo # \"bar\n"), "foo");
	cr_expect_str_eq(sock("x\\y#bar\n"), "xy");
	cr_expect_str_eq(sock("# only\n"), "");
	cr_expect_str_eq(sock("\n"), "");
	cr_expect_str_eq(sock("  \r\n"), "");
	cr_expect_str_eq(sock("a # b \\\n"), "a", "a backslash in a comment joins nothing");
}

Test(words, a_backslash_joins_lines)
{
	char two[] = "MONITOR a \\\n  b\\\nc \"d\\\ne\"\nnext\n";
	struct words words;
	size_t used;

	cr_assert_eq(words_cut(&words, two, strlen(two), WORDS_FILE, &used), WORDS_OK);
	cr_assert_eq(words.len, 4);
	cr_expect_str_eq(words.word[2], "bc");
	cr_expect_str_eq(words.word[3], "de");
	cr_expect_eq(words.lines, 4);
	cr_expect_str_eq(two + used, "next\n");
	cr_expect_str_eq(sock("a\\\\\n"), "a\\", "an escaped backslash does not join");
	cr_expect_str_eq(sock("a \\\n\n"), "a");
	cr_expect_str_eq(sock("\"a\" \\\n# b\\\n"), "a");
}

Test(words, an_unfinished_line_is_left_alone)
{
	static const char *const unfinished[] = { "", "VER", "a \\\n", "\"a\\\nb", "a\\\nb\\" };

	for (size_t i = 0; i < sizeof(unfinished) / sizeof(*unfinished); i++) {
		char copy[32];
		struct words words;
		size_t used = 99;

		strcpy(copy, unfinished[i]);
		cr_expect_eq(
		    words_cut(&words, copy, strlen(copy), WORDS_SOCKET, &used), WORDS_MORE);
		cr_expect_eq(used, 0);
		cr_expect_str_eq(copy, unfinished[i]);
	}
}

/* Whatever the cut of the stream into reads, the lines are the same. */
Test(words, a_byte_at_a_time_gives_the_same_lines)
{
	const char *stream = "a \"b\\\nc\" # x \\\nVER\\\\\n\"open\nd\\\n\\\n e\n";
	size_t start = 0, found = 0;
	char bytes[64], seen[64] = "";

	for (size_t have = 0; have <= strlen(stream); have++) {
		struct words words;
		size_t used;
		enum words_error error;

		memcpy(bytes, stream + start, have - start);
		error = words_cut(&words, bytes, have - start, WORDS_SOCKET, &used);
		start += used;
		if (error == WORDS_MORE)
			continue;
		found++;
		strcat(seen, error ? "!" : "");
		for (size_t i = 0; i < words.len; i++)
			strcat(strcat(seen, words.word[i]), "|");
		strcat(seen, ";");
	}
	cr_expect_eq(found, 4);
	cr_expect_str_eq(seen, "a|bc|;VER\\|;!;d|e|;");
}

/* robustness 16, 24: reject, never strip */
Test(words, what_may_not_be_in_a_line_makes_the_whole_line_an_error)
{
	struct {
		const char *bytes;
		size_t len;
		enum words_error socket, file;
	} const cases[] = {
		{ "VE\0R\n", 5, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "VER\0\n", 5, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "\0\n", 2, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "VE\x01R\n", 5, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "VER \x1b\n", 6, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "V\xe9R\n", 4, WORDS_BAD_BYTE, WORDS_OK },
		{ "\xe9\n", 2, WORDS_BAD_BYTE, WORDS_OK },
		{ "\"\xe9\"\n", 4, WORDS_BAD_BYTE, WORDS_OK },
		{ "\\\xe9\n", 3, WORDS_BAD_BYTE, WORDS_OK },
		{ "VER\x7f\n", 5, WORDS_BAD_BYTE, WORDS_OK },
		{ "\"a\tb\"\n", 6, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "a\\\tb\n", 5, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "a\\\r\n", 4, WORDS_BAD_BYTE, WORDS_BAD_BYTE },
		{ "VER # \xe9\n", 8, WORDS_BAD_BYTE, WORDS_OK },
		{ "VER # \x01\n", 8, WORDS_BAD_BYTE, WORDS_OK },
		{ "VER#\t\r\n", 7, WORDS_OK, WORDS_OK },
		{ "\"VER\n", 5, WORDS_OPEN_QUOTE, WORDS_OPEN_QUOTE },
		{ "a \"\n", 4, WORDS_OPEN_QUOTE, WORDS_OPEN_QUOTE },
		{ "\"a # b\"\n", 8, WORDS_BARE_HASH, WORDS_BARE_HASH },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (int file = 0; file < 2; file++) {
			char *copy = malloc(cases[i].len);
			struct words words;
			size_t used;

			memcpy(copy, cases[i].bytes, cases[i].len);
			cr_expect_eq(words_cut(&words, copy, cases[i].len,
					 file ? WORDS_FILE : WORDS_SOCKET, &used),
			    file ? cases[i].file : cases[i].socket, "case %zu file %d", i, file);
			cr_expect_eq(used, cases[i].len, "case %zu is consumed to its newline", i);
			free(copy);
		}
}

/* A rejected line goes whole, the part behind a joining backslash too. */
Test(words, nothing_of_a_bad_joined_line_is_run)
{
	char bytes[] = "SET \x01 \"a\\\nFSD ups\"\\\n b\nVER\n";
	struct words words;
	size_t used;

	cr_expect_eq(words_cut(&words, bytes, strlen(bytes), WORDS_SOCKET, &used), WORDS_BAD_BYTE);
	cr_expect_str_eq(bytes + used, "VER\n");
}

Test(words, foreign_bytes_in_a_file_are_kept_and_reported)
{
	char desc[] = "desc = \"B\xc3\xbcro\"";
	char comment[] = "desc = x # B\xc3\xbcro";
	struct words words;

	cr_assert_eq(words_split(&words, desc, WORDS_FILE), WORDS_OK);
	cr_expect(words.eight_bit);
	cr_expect_str_eq(words.word[2], "B\xc3\xbcro");
	cr_assert_eq(words_split(&words, comment, WORDS_FILE), WORDS_OK);
	cr_expect_not(words.eight_bit);
}

/* spec parseconf, "Ours": refused, never cut */
Test(words, limits_are_exact)
{
	static char line[WORDS_LINE_MAX + 10];
	struct words words;
	size_t used;

	memset(line, 'x', sizeof(line));
	line[WORD_LEN_MAX] = '\n';
	cr_assert_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_OK);
	cr_expect_eq(strlen(words.word[0]), WORD_LEN_MAX);

	memset(line, 'x', sizeof(line));
	line[WORD_LEN_MAX + 1] = '\n';
	cr_expect_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_LONG_WORD);
	cr_expect_eq(used, WORD_LEN_MAX + 2);

	for (size_t i = 0; i < WORDS_MAX; i++)
		memcpy(line + 2 * i, "a ", 2);
	line[2 * WORDS_MAX] = '\n';
	cr_assert_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_OK);
	cr_expect_eq(words.len, WORDS_MAX);
	line[2 * WORDS_MAX] = '=';
	line[2 * WORDS_MAX + 1] = '\n';
	cr_expect_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_BAD_BYTE,
	    "the line was cut before and holds NULs");
	memset(line, '=', WORDS_MAX + 1);
	line[WORDS_MAX + 1] = '\n';
	cr_expect_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_TOO_MANY);

	memset(line, ' ', sizeof(line));
	cr_expect_eq(words_cut(&words, line, WORDS_LINE_MAX - 1, WORDS_SOCKET, &used), WORDS_MORE);
	cr_expect_eq(words_cut(&words, line, WORDS_LINE_MAX, WORDS_SOCKET, &used), WORDS_LONG_LINE);
	cr_expect_eq(used, 0);
	line[WORDS_LINE_MAX - 1] = '\n';
	cr_expect_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_OK);
	for (size_t i = 0; i + 1 < WORDS_LINE_MAX; i += 2)
		memcpy(line + i, "\\\n", 2);
	cr_expect_eq(words_cut(&words, line, sizeof(line), WORDS_SOCKET, &used), WORDS_LONG_LINE);
}

Test(words, split_takes_a_line_without_newline)
{
	char line[] = "  SET  VAR \"a b\"";
	char unfinished[] = "a\\";
	struct words words;

	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	cr_expect_eq(words.len, 3);
	cr_expect_str_eq(words.word[2], "a b");
	cr_expect_eq(words_split(&words, unfinished, WORDS_SOCKET), WORDS_MORE);
	cr_expect_eq(words.len, 0);
}

Test(words, what_is_quoted_comes_back)
{
	const char *text = "say \"hi\" # \\ = x";
	struct buf buf = { 0 };
	struct words words;
	char *line;

	cr_expect(words_quote(&buf, text));
	line = buf_steal(&buf);
	cr_expect_str_eq(line, "\"say \\\"hi\\\" \\# \\\\ = x\"");
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	cr_assert_eq(words.len, 1);
	cr_expect_str_eq(words.word[0], text);
	free(line);
	words_quote(&buf, "");
	line = buf_steal(&buf);
	cr_expect_str_eq(line, "\"\"");
	free(line);
}

Test(words, names)
{
	char longest[130];

	cr_expect(words_is_name("ups.status"));
	cr_expect(words_is_name("input.L1-N.voltage"));
	cr_expect(words_is_name("2a_b"));
	cr_expect_not(words_is_name(""));
	cr_expect_not(words_is_name(".a"));
	cr_expect_not(words_is_name("-a"));
	cr_expect_not(words_is_name("a b"));
	cr_expect_not(words_is_name("a/b"));
	cr_expect_not(words_is_name("a\xe9"));
	memset(longest, 'a', 129);
	longest[129] = '\0';
	cr_expect_not(words_is_name(longest));
	longest[128] = '\0';
	cr_expect(words_is_name(longest));
}

/* Whatever can be asked for: no other byte passes for one of a name, wherever it stands. */
Test(words, names_are_the_same_in_any_case_and_not_otherwise)
{
	for (size_t len = 1; len <= 24; len++)
		for (size_t at = 0; at < len; at++)
			for (int in_name = ' '; in_name <= '~'; in_name++)
				for (int asked = ' '; asked <= '~'; asked++) {
					char name[25] = "aaaaaaaaaaaaaaaaaaaaaaaa", other[25];
					bool same = tolower(in_name) == tolower(asked);

					if (!isalnum(in_name) && !strchr("._-", in_name))
						continue;
					memcpy(other, name, sizeof(other));
					name[at] = (char)in_name;
					other[at] = (char)asked;
					if (words_same_name(name, other, len) != same ||
					    (same && words_name_hash(name, len) !=
							 words_name_hash(other, len)))
						cr_assert_fail("%c and %c at %zu of %zu", in_name,
						    asked, at, len);
				}
}

Test(words, secrets)
{
	cr_expect(words_same_secret("abc", "abc"));
	cr_expect(words_same_secret("", ""));
	cr_expect_not(words_same_secret("abc", "abd"));
	cr_expect_not(words_same_secret("abc", "abcd"));
	cr_expect_not(words_same_secret("abcd", "abc"));
	cr_expect_not(words_same_secret("", "a"));
	cr_expect_not(words_same_secret(NULL, NULL));
	cr_expect_not(words_same_secret(NULL, "a"));
	cr_expect_not(words_same_secret("a", NULL));
}

/* Any bytes at all: no crash, no word outside the line, no control byte in a word. */
Test(words, random_bytes)
{
	static const char likely[] = "ab \"\"\\\\\n\n#=\t\x01\xe9";
	unsigned seed = 20240607;

	for (int round = 0; round < 20000; round++) {
		size_t len = (size_t)(rand_r(&seed) % 40), used;
		char *bytes = malloc(len ? len : 1);
		struct words words;
		enum words_error error;

		for (size_t i = 0; i < len; i++)
			bytes[i] = likely[(size_t)rand_r(&seed) % sizeof(likely)];
		error = words_cut(&words, bytes, len, round % 2 ? WORDS_FILE : WORDS_SOCKET, &used);
		cr_assert(error == WORDS_MORE ? used == 0 : used > 0 && used <= len);
		for (size_t i = 0; i < words.len; i++)
			for (const char *c = words.word[i]; *c; c++)
				cr_assert((unsigned char)*c >= ' ', "round %d", round);
		free(bytes);
	}
}

Test(words, are_what_the_table_says)
{
	static const char likely[] = "abcdefghij   \"\"\\\\\n\n#==\t\r\x01\xe9\x7f";
	unsigned seed = 20240608;

	for (int round = 0; round < 200000; round++) {
		char bytes[32], copy[33], expect[128], got[128] = "";
		size_t len = (size_t)rand_r(&seed) % sizeof(bytes), used, end;
		/* Mostly harmless bytes in some rounds, or all would be errors. */
		size_t kinds = round % 3 ? sizeof(likely) - 1 : 22;
		bool file = rand_r(&seed) % 2;
		struct words words;
		enum words_error error;

		for (size_t i = 0; i < len; i++)
			bytes[i] = likely[(size_t)rand_r(&seed) % kinds];
		memcpy(copy, bytes, len);
		error = words_cut(&words, copy, len, file ? WORDS_FILE : WORDS_SOCKET, &used);
		end = by_the_table(bytes, len, file, expect);
		cr_assert_eq(used, end, "round %d: %zu, not %zu", round, used, end);
		if (error == WORDS_MORE) {
			cr_assert_eq(memcmp(copy, bytes, len), 0);
			continue;
		}
		for (size_t i = 0; i < words.len; i++)
			strcat(strcat(got, words.word[i]), "|");
		cr_assert_str_eq(
		    error ? "!" : got, expect, "round %d, %.*s", round, (int)len, bytes);
	}
}

/* ---- words_lines() ---- */

struct heard {
	char text[64]; /* the first word of each line, or ! for one that is wrong */
	const char *stop_at;
	enum words_error last;
};

static bool
hear_line(void *owner, const struct words *words, enum words_error error)
{
	struct heard *heard = owner;
	const char *word = error ? "!" : words->len ? words->word[0] : "-";

	heard->last = error;
	strcat(heard->text, word);
	return !heard->stop_at || strcmp(word, heard->stop_at) != 0;
}

Test(words, whole_lines_are_taken_until_somebody_says_stop)
{
	char bytes[] = "a b\n\nc \x01\nd\ne";
	char again[] = "a b\nc\nd\n";
	struct heard heard = { .text = "" }, stopped = { .text = "", .stop_at = "c" };

	cr_expect_eq(words_lines(bytes, sizeof(bytes) - 1, hear_line, &heard), sizeof(bytes) - 2);
	cr_expect_str_eq(heard.text, "a-!d");
	cr_expect_eq(words_lines(again, sizeof(again) - 1, hear_line, &stopped), 6);
	cr_expect_str_eq(stopped.text, "ac");
}

Test(words, of_a_line_without_end_nothing_is_left)
{
	static char bytes[WORDS_LINE_MAX + 10];
	struct heard heard = { .text = "" };

	memset(bytes, 'x', sizeof(bytes));
	cr_expect_eq(words_lines(bytes, sizeof(bytes), hear_line, &heard), sizeof(bytes));
	cr_expect_eq(heard.last, WORDS_LONG_LINE);
	cr_expect_str_eq(heard.text, "!");
}
