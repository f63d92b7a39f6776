#include "base/conffile.h"
#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All of TEXT as "line:a|b;line:c;" and its faults behind. */
static char *
read_all(const char *text, size_t len)
{
	struct conffile *file = conffile_from("x.conf", text, len);
	struct faults faults = { 0 };
	struct words words;
	struct buf out = { 0 };
	static char seen[8192];
	char *stolen;

	while (conffile_next(file, &words, &faults)) {
		buf_add_format(&out, "%u:", conffile_line(file));
		for (size_t i = 0; i < words.len; i++)
			buf_add_format(&out, "%s%s", i ? "|" : "", words.word[i]);
		buf_add_text(&out, ";");
	}
	cr_expect_eq(words.len, 0);
	for (size_t i = 0; i < faults.len; i++)
		buf_add_format(&out, "[%s]", faults.list[i].text);
	faults_free(&faults);
	conffile_close(file);
	stolen = buf_steal(&out);
	snprintf(seen, sizeof(seen), "%s", stolen);
	free(stolen);
	return seen;
}

static char *
conf(const char *text)
{
	return read_all(text, strlen(text));
}

Test(conffile, lines_are_counted_as_an_editor_counts)
{
	cr_expect_str_eq(conf("# one\n\n[su700] # x\n\tdriver = dummy-ups\n"),
	    "3:[su700];4:driver|=|dummy-ups;");
	cr_expect_str_eq(conf("a \\\n b\nc\n"), "1:a|b;3:c;");
	cr_expect_str_eq(conf("\\\n\\\n a\nc\n"), "3:a;4:c;", "where the first word stands");
	cr_expect_str_eq(conf("a\r\nb\r\n"), "1:a;2:b;");
}

Test(conffile, the_last_line_needs_no_newline)
{
	cr_expect_str_eq(conf("a\nb"), "1:a;2:b;");
	cr_expect_str_eq(conf(""), "");
	cr_expect_str_eq(conf("\n"), "");
	cr_expect_str_eq(conf("a\nb\\"),
	    "1:a;[x.conf:2: the line goes on, but nothing follows its last backslash]");
}

Test(conffile, a_bad_line_is_a_fault_and_the_next_is_read)
{
	cr_expect_str_eq(
	    conf("a \"b\nc\n"), "2:c;[x.conf:1: a quote is still open at the end of the line]");
	cr_expect_str_eq(conf("a\ndesc = \"UPS # one\"\nc\n"),
	    "1:a;3:c;[x.conf:2: a # inside quotes: write \\#]");
	cr_expect_str_eq(read_all("a\n\0\nb\n", 6),
	    "1:a;3:b;[x.conf:2: a control or 8-bit byte where only text may be]");
	cr_expect_str_eq(conf("a \\\n\"\x01\\\n\"\nb\n"),
	    "4:b;[x.conf:1: a control or 8-bit byte where only text may be]");
}

Test(conffile, a_line_too_long_is_passed_over_whole)
{
	size_t len = 200000;
	char *text = malloc(len);

	memset(text, ' ', len);
	memcpy(text + len - 3, "\nb\n", 3);
	cr_expect_str_eq(read_all(text, len), "2:b;[x.conf:1: a line of more than 65536 bytes]");
	memset(text, 'x', 100000);
	cr_expect_str_eq(read_all(text, len - 3), "[x.conf:1: a line of more than 65536 bytes]");
	for (size_t i = 0; i < 100000; i += 2)
		memcpy(text + i, "\\\n", 2);
	cr_expect(strstr(read_all(text, len), "x.conf:1: a line of more than 65536 bytes"));
	free(text);
}

Test(conffile, sections)
{
	char good[] = "[su700]", two[] = "[my ups]", quoted[] = "\"[my ups]\"", open[] = "[a",
	     more[] = "[a] b", bracket[] = "[", empty[] = "[]";
	struct words words;

	words_split(&words, good, WORDS_FILE);
	cr_expect_str_eq(conffile_section(&words), "su700");
	words_split(&words, two, WORDS_FILE);
	cr_expect_null(conffile_section(&words));
	words_split(&words, quoted, WORDS_FILE);
	cr_expect_str_eq(conffile_section(&words), "my ups");
	words_split(&words, open, WORDS_FILE);
	cr_expect_null(conffile_section(&words));
	words_split(&words, more, WORDS_FILE);
	cr_expect_null(conffile_section(&words));
	words_split(&words, bracket, WORDS_FILE);
	cr_expect_null(conffile_section(&words));
	words_split(&words, empty, WORDS_FILE);
	cr_expect_str_eq(conffile_section(&words), "");
}

Test(conffile, values)
{
	bool yes = false;
	long n = 7;

	cr_expect(conffile_bool("Yes", &yes) && yes);
	cr_expect(conffile_bool("TRUE", &yes) && yes);
	cr_expect(conffile_bool("0", &yes) && !yes);
	cr_expect(conffile_bool("off", &yes) && !yes);
	cr_expect_not(conffile_bool("2", &yes));
	cr_expect_not(conffile_bool("", &yes));
	cr_expect(conffile_number("15", 1, 20, &n) && n == 15);
	cr_expect(conffile_number("-1", -1, 20, &n) && n == -1);
	cr_expect_not(conffile_number("21", 1, 20, &n));
	cr_expect_not(conffile_number("", 0, 20, &n));
	cr_expect_not(conffile_number("-", -9, 20, &n));
	cr_expect_not(conffile_number("5x", 0, 20, &n));
	cr_expect_not(conffile_number(" 5", 0, 20, &n));
	cr_expect_not(conffile_number("+5", 0, 20, &n));
	cr_expect_not(conffile_number("5.0", 0, 20, &n));
	cr_expect_not(conffile_number("99999999999999999999", 0, LONG_MAX, &n));
	cr_expect_eq(n, -1);
}

Test(conffile, files)
{
	char folder[] = "/tmp/conffile-XXXXXX", path[64];
	struct conffile *file;
	struct faults faults = { 0 };
	struct words words;
	FILE *out;

	cr_assert(mkdtemp(folder));
	cr_expect_null(conffile_open(folder));
	cr_expect_eq(errno, EISDIR);
	snprintf(path, sizeof(path), "%s/ups.conf", folder);
	cr_expect_null(conffile_open(path));
	cr_expect_eq(errno, ENOENT);
	out = fopen(path, "w");
	fputs("MAXAGE 25", out);
	fclose(out);
	file = conffile_open(path);
	cr_assert_not_null(file);
	cr_expect_eq(conffile_stat(file)->st_size, 9);
	cr_expect_str_eq(conffile_path(file), path);
	cr_assert(conffile_next(file, &words, &faults));
	cr_expect_str_eq(words.word[1], "25");
	cr_expect_not(conffile_next(file, &words, &faults));
	conffile_close(file);
	cr_assert_eq(truncate(path, CONFFILE_MAX + 1), 0);
	cr_expect_null(conffile_open(path));
	cr_expect_eq(errno, EFBIG);
	cr_assert_eq(truncate(path, CONFFILE_MAX), 0);
	file = conffile_open(path);
	cr_expect_not_null(file);
	conffile_close(file);
	unlink(path);
	rmdir(folder);
	conffile_close(NULL);
}

static void
hear(void *owner, enum log_level level, const char *line)
{
	buf_add_format(owner, "%d %s\n", level, line);
}

Test(conffile, faults)
{
	struct buf heard = { 0 };
	struct log_settings ear = { .sink = hear, .sink_owner = &heard };
	struct faults faults = { 0 };
	char *text;

	cr_expect_null(faults_first(&faults));
	faults_warn(&faults, "a.conf", 3, "odd");
	cr_expect_null(faults_first(&faults));
	cr_expect_eq(faults.faults, 0);
	faults_add(&faults, "a.conf", 4, "bad: %s", "X");
	faults_add(&faults, "b.conf", 0, "missing");
	cr_expect_str_eq(faults_first(&faults), "a.conf:4: bad: X");
	cr_expect_eq(faults.faults, 2);
	log_set(&ear);
	faults_log(&faults);
	text = buf_steal(&heard);
	cr_expect_str_eq(text, "4 a.conf:3: odd\n3 a.conf:4: bad: X\n3 b.conf: missing\n");
	free(text);
	for (int i = 0; i < 100000; i++)
		faults_add(&faults, "a.conf", 9, "again");
	cr_expect_eq(faults.faults, 100002);
	cr_expect_lt(faults.len, 1000);
	faults_free(&faults);
	cr_expect_eq(faults.len + faults.faults, 0);
}

/* Any file at all is read to its end, with line numbers that only grow. */
Test(conffile, random_bytes)
{
	static const char likely[] = "ab =[]\"\\\n\n\n#\x01\xe9";
	unsigned seed = 20240609;

	for (int round = 0; round < 5000; round++) {
		char bytes[80];
		size_t len = (size_t)rand_r(&seed) % sizeof(bytes);
		struct faults faults = { 0 };
		struct conffile *file;
		struct words words;
		unsigned last = 0, newlines = 1;

		for (size_t i = 0; i < len; i++) {
			bytes[i] = likely[(size_t)rand_r(&seed) % sizeof(likely)];
			newlines += bytes[i] == '\n';
		}
		file = conffile_from("x", bytes, len);
		while (conffile_next(file, &words, &faults)) {
			cr_assert_gt(words.len, 0);
			cr_assert_gt(conffile_line(file), last);
			last = conffile_line(file);
		}
		cr_assert_leq(last, newlines);
		faults_free(&faults);
		conffile_close(file);
	}
}
