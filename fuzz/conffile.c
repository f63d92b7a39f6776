/* conffile - any configuration file: its directives, and lines with numbers that only grow. */
#include "fuzz/lib/fuzz.h"

#include "base/conffile.h"

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct words words;
	unsigned last = 0;

	while (conffile_next(file, &words, faults)) {
		bool yes = false;
		long number = -1;
		char *section = conffile_section(&words);

		must(words.len > 0, "a directive without words");
		must(conffile_line(file) > last, "line %u after %u", conffile_line(file), last);
		last = conffile_line(file);
		buf_add_format(said, "%u:%s", last, section ? "section " : "");
		for (size_t i = 0; i < words.len; i++)
			buf_add_format(said, " <%s>", section ? section : words.word[i]);
		if (!section && conffile_bool(words.word[0], &yes))
			buf_add_format(said, " %d", yes);
		if (!section && conffile_number(words.word[0], -5, 5000, &number))
			must(number >= -5 && number <= 5000, "%ld", number);
		buf_add_text(said, "\n");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("x.conf", data, size, take);
	return 0;
}
