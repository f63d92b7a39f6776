/* wordstable.h - a second reading of the grammar of words, for tests and fuzz/words.c. */
#ifndef WORDSTABLE_H
#define WORDSTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The table of spec parseconf as a machine that takes one byte at a time: slow, and by other means
 * than words.c.  Writes "a|b|" or "!"; returns the bytes of the line, 0 if it does not end. */
static inline size_t
by_the_table(const char *bytes, size_t len, bool file, char *out)
{
	enum { START, WORD, LITERAL, QUOTED, QLITERAL, SKIP } state = START, before = START;
	bool wrong = false;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		bool blank = c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
		bool append = false, end = false;

		if (c == '\n' && state != LITERAL && state != QLITERAL) {
			if (state == WORD)
				out[n++] = '|';
			out[n] = '\0';
			if (wrong || state == QUOTED)
				strcpy(out, "!");
			return i + 1;
		}
		switch (state) {
		case START:
		case WORD:
			end = state == WORD && (blank || c == '#' || c == '=');
			if (end)
				out[n++] = '|';
			if (c == '=')
				out[n++] = '=', out[n++] = '|';
			if (blank || c == '=') {
				state = START;
			} else if (c == '#') {
				state = SKIP;
			} else if (c == '\\') {
				before = state;
				state = LITERAL;
			} else if (c == '"' && state == START) {
				state = QUOTED;
			} else {
				state = WORD;
				append = true;
			}
			break;
		case LITERAL:
		case QLITERAL:
			append = c != '\n';
			if (state == QLITERAL)
				state = QUOTED;
			else
				state = append ? WORD : before;
			break;
		case QUOTED:
			if (c == '#') {
				wrong = true;
				state = SKIP;
			} else if (c == '\\') {
				state = QLITERAL;
			} else if (c == '"') {
				out[n++] = '|';
				state = START;
			} else {
				append = true;
			}
			break;
		case SKIP:
			wrong |= !file && !blank && (c < ' ' || c > '~');
			break;
		}
		if (append) {
			wrong |= c < ' ' || (!file && c > '~');
			out[n++] = (char)c;
		}
	}
	return 0;
}

#endif
