/* words.h - one logical line into words: the grammar of NUT's configuration files and of both
 * protocols.  Specified in docs/net-protocol.md, "Words".
 *
 * Blanks separate words; "a b" is one word; \x is x; = outside quotes is a word of its own; #
 * outside quotes begins a comment; a backslash before the newline joins two lines.  Unlike NUT
 * nothing is ever dropped in silence: what may not be in a line makes the whole line an error; and
 * a joined line may be indented (NUT 2.8.0, measured, finds an empty word there). */
#ifndef WORDS_H
#define WORDS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WORDS_MAX 64	     /* words in a line */
#define WORD_LEN_MAX 4096    /* bytes in a word */
#define WORDS_LINE_MAX 65536 /* bytes in a logical line, newline included */

enum words_source {
	WORDS_SOCKET, /* NUL, control and 8-bit bytes anywhere in the line are an error */
	WORDS_FILE    /* comments may hold anything; 8-bit bytes in words are kept and reported */
};

enum words_error {
	WORDS_OK,
	WORDS_MORE,	  /* no whole logical line there yet; the bytes are untouched */
	WORDS_BAD_BYTE,	  /* control byte (or, on a socket, NUL or 8-bit) */
	WORDS_OPEN_QUOTE, /* quote still open at the newline */
	WORDS_BARE_HASH,  /* # inside quotes must be written \# */
	WORDS_LONG_WORD,
	WORDS_TOO_MANY,
	WORDS_LONG_LINE /* no newline within WORDS_LINE_MAX; nothing is consumed: close the peer */
};

struct words {
	size_t len;
	char *word[WORDS_MAX]; /* NUL-ended; borrowed from the line (the word = from a constant) */
	uint16_t word_len[WORDS_MAX];
	bool eight_bit; /* WORDS_FILE: some word holds a byte above 0x7e */
	unsigned lines; /* physical lines this logical line took */
};

/* Cut the first logical line of BYTES[0..LEN) in place.  OUT borrows BYTES.  USED gets how much to
 * take off the front, newline included: on WORDS_OK and on every error about the line itself (which
 * is consumed to its newline, with OUT->len 0).  It is 0 for WORDS_MORE and WORDS_LONG_LINE.
 * A blank or comment line is WORDS_OK with OUT->len 0. */
enum words_error words_cut(
    struct words *out, char *bytes, size_t len, enum words_source source, size_t *used);

/* The whole lines of BYTES[0..LEN), which came over a socket, one after another: TAKE gets each, or
 * what is wrong with it (no words then), and says whether to go on.  Returns how many bytes are
 * done with: all of them after WORDS_LONG_LINE, for what follows is the middle of a line. */
typedef bool words_take(void *owner, const struct words *words, enum words_error error);
size_t words_lines(char *bytes, size_t len, words_take *take, void *owner);

/* The same as words_cut() for one NUL-ended line without newline. */
enum words_error words_split(struct words *out, char *line, enum words_source source);

/* What went wrong, for a message: "a quote is still open at the end of the line". */
const char *words_strerror(enum words_error error);

/* Append TEXT in quotes, with a backslash before each " # and \. */
bool words_quote(struct buf *buf, const char *text);

/* Names of UPSes, variables and commands: [A-Za-z0-9._-]{1,128}, first a letter or digit. */
bool words_is_name(const char *text);

/* Names are hashed and compared without the bit that is the case of a letter.  So a name equals one
 * in another case, and nothing else that can be asked for: what is not a letter in a name (digits,
 * '.', '-', '_') without that bit, or with it, is a control byte or DEL, which no word from a
 * socket holds.  One of the two must be a name: '@' is not '`', nor '[' '{', but they would be
 * equal. */
#define WORDS_CASE 0x2020202020202020u
static inline uint64_t
words_eight(const char *text)
{
	uint64_t bytes;

	memcpy(&bytes, text, sizeof(bytes));
	return bytes | WORDS_CASE;
}

/* Of eight and more bytes the last eight are looked at together, some of them once more: that is
 * cheaper than to mind the rest. */
static inline uint32_t
words_name_hash(const char *name, size_t len)
{
	const uint64_t mix = 0x9e3779b97f4a7c15u;
	uint64_t hash = len;

	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			hash = hash << 8 | (unsigned char)(name[i] | 0x20);
	} else {
		for (size_t i = 0; i + 8 < len; i += 8)
			hash = (hash ^ words_eight(name + i)) * mix;
		hash ^= hash >> 32;
		hash ^= words_eight(name + len - 8);
	}
	hash *= mix;
	return (uint32_t)(hash >> 32);
}

/* Are A and B, each of LEN bytes, one name? */
static inline bool
words_same_name(const char *a, const char *b, size_t len)
{
	size_t i = 0;

	if (len < 8) {
		while (i < len && (a[i] | 0x20) == (b[i] | 0x20))
			i++;
		return i == len;
	}
	for (; i + 8 < len; i += 8)
		if (words_eight(a + i) != words_eight(b + i))
			return false;
	return words_eight(a + len - 8) == words_eight(b + len - 8);
}
/* Is WORD, in any case, the word UPPER, which is capitals alone? */
static inline bool
words_same(const char *word, const char *upper)
{
	size_t i = 0;

	for (; upper[i]; i++)
		if ((word[i] & ~0x20) != upper[i])
			return false;
	return !word[i];
}

/* Compare two secrets in a time that does not depend on where they differ.  Either may be NULL,
 * which equals nothing. */
bool words_same_secret(const char *a, const char *b);
/* Wipe and free; NULL is fine. */
void words_free_secret(char *secret);

#endif
