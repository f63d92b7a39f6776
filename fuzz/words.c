/* words - lines cut into words, as from a file (the first byte odd) or from a socket.  What is cut
 * must be what a second reading of the grammar cuts, and come back when it is quoted. */
#include "fuzz/lib/fuzz.h"
#include "tests/wordstable.h"

#include "base/words.h"

static void
check_table(const struct words *words, enum words_error error, const char *expect)
{
	const char *at = expect;

	/* The table knows no limits; and | ends its words, so that a line with one is not compared.
	 */
	if (error >= WORDS_LONG_WORD)
		return;
	must(!strcmp(expect, "!") == (error != WORDS_OK), "%s, but %s", expect,
	    words_strerror(error));
	for (size_t i = 0; i < words->len; i++) {
		size_t len = strlen(words->word[i]);

		if (strchr(words->word[i], '|'))
			return;
		must(!strncmp(at, words->word[i], len) && at[len] == '|', "%s, not %s",
		    words->word[i], at);
		at += len + 1;
	}
	must(error || !*at, "missing: %s", at);
}

static void
check_quoted(const struct words *words, enum words_source source)
{
	struct buf line = { 0 };
	struct words again;
	size_t used;

	for (size_t i = 0; i < words->len; i++) {
		words_quote(&line, words->word[i]);
		buf_add_text(&line, " ");
	}
	buf_add_text(&line, "\n");
	/* Quotes may make too long a line of it. */
	if (buf_len(&line) <= WORDS_LINE_MAX) {
		must(words_cut(&again, buf_bytes(&line), buf_len(&line), source, &used) == WORDS_OK,
		    "a quoted line is none");
		must(again.len == words->len, "%zu words, not %zu", again.len, words->len);
		for (size_t i = 0; i < words->len; i++)
			must(!strcmp(again.word[i], words->word[i]), "%s, not %s", again.word[i],
			    words->word[i]);
	}
	buf_free(&line);
}

static void
check_part(const char *bytes, size_t len, enum words_source source)
{
	char *part = fuzz_copy(bytes, len);
	struct words words;
	size_t used;

	must(words_cut(&words, part, len, source, &used) == WORDS_MORE && used == 0,
	    "half a line is taken");
	must(len == 0 || !memcmp(part, bytes, len), "and changed");
	free(part);
}

/* Returns the bytes of the first line; 0: the rest is none. */
static size_t
check_line(const char *bytes, size_t len, enum words_source source)
{
	char *line = fuzz_copy(bytes, len), *expect = malloc(3 * len + 8);
	struct words words;
	size_t used, end;
	enum words_error error = words_cut(&words, line, len, source, &used);

	must(expect, "no memory");
	end = by_the_table(bytes, len, source == WORDS_FILE, expect);
	if (error != WORDS_LONG_LINE)
		must(used == end, "%zu bytes, not %zu", used, end);
	if (error != WORDS_OK)
		must(words.len == 0, "words in spite of %s", words_strerror(error));
	if (error == WORDS_MORE)
		must(!memcmp(line, bytes, len), "changed");
	if (used && !memchr(bytes, '|', used) && !memchr(bytes, '\0', used))
		check_table(&words, error, expect);
	if (error == WORDS_OK)
		check_quoted(&words, source);
	if (used) {
		check_part(bytes, used - 1, source);
		check_part(bytes, used / 2, source);
	}
	free(expect);
	free(line);
	return used;
}

static bool
count_line(void *owner, const struct words *words, enum words_error error)
{
	++*(size_t *)owner;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	enum words_source source;
	size_t lines = 0, counted = 0, done = 0, used;
	char *all;

	if (size < 1)
		return 0;
	source = data[0] & 1 ? WORDS_FILE : WORDS_SOCKET;
	size--;
	while (done < size && (used = check_line(bytes + done, size - done, source))) {
		done += used;
		lines++;
	}
	all = fuzz_copy(bytes, size);
	if (source == WORDS_SOCKET && size < WORDS_LINE_MAX) {
		must(words_lines(all, size, count_line, &counted) == done,
		    "not all lines are taken");
		must(counted == lines, "%zu lines, not %zu", counted, lines);
	}
	free(all);
	return 0;
}
