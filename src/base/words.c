#include "base/words.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What a byte is outside quotes.  PLAIN and QUOTE come first: inside a word a quote is plain. */
enum class {
	PLAIN,
	QUOTE,
	BLANK,
	HASH,
	BACKSLASH,
	EQUALS,
	CONTROL,  /* never allowed, whatever the source */
	EIGHT_BIT /* allowed in files; 0x7f is among them, as it is no text either */
};

static const uint8_t classes[256] = {
	[0 ... 8] = CONTROL,
	['\t'] = BLANK,
	['\n'] = CONTROL,
	['\v' ... '\r'] = BLANK,
	[0x0e ... 0x1f] = CONTROL,
	[' '] = BLANK,
	['"'] = QUOTE,
	['#'] = HASH,
	['='] = EQUALS,
	['\\'] = BACKSLASH,
	[0x7f ... 0xff] = EIGHT_BIT,
};

static inline enum class class_of(char c) { return (enum class)classes[(unsigned char)c]; }

/* The newline that ends a logical line, when at least one before it is joined by a backslash.  The
 * slow way: nearly no line needs it.  LEN when there is none. */
static size_t
joined_end(const char *bytes, size_t len, unsigned *lines)
{
	enum { START, WORD, QUOTED, SKIP } in = START;

	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];

		if (c == '\n')
			return i;
		if (in == SKIP)
			continue;
		if (c == '\\') {
			if (++i < len && bytes[i] == '\n')
				++*lines;
			else if (in == START)
				in = WORD;
		} else if (c == '#') {
			in = SKIP; /* a comment; in quotes an error that ends the line likewise */
		} else if (in == QUOTED) {
			in = c == '"' ? START : QUOTED;
		} else if (class_of(c) == BLANK || c == '=') {
			in = START;
		} else {
			in = c == '"' && in == START ? QUOTED : WORD;
		}
	}
	return len;
}

/* One logical line being cut: AT reads, TO writes (never ahead of AT), END is its newline. */
struct cut {
	struct words *out;
	enum words_source source;
	char *at, *end;
};

static enum words_error
add_word(struct words *out, char *word, size_t len)
{
	if (len > WORD_LEN_MAX)
		return WORDS_LONG_WORD;
	if (out->len == WORDS_MAX)
		return WORDS_TOO_MANY;
	out->word[out->len] = word;
	out->word_len[out->len++] = (uint16_t)len;
	return WORDS_OK;
}

/* May this byte be text?  Notes it when it is foreign. */
static bool
is_text(struct cut *cut, char c)
{
	if (class_of(c) == EIGHT_BIT && cut->source == WORDS_FILE) {
		cut->out->eight_bit = true;
		return true;
	}
	return (unsigned char)c >= ' ' && (unsigned char)c < 0x7f;
}

/* AT stands behind a backslash: the next byte stands for itself, a newline for nothing. */
static enum words_error
literal(struct cut *cut, char **to)
{
	char c;

	if (cut->at == cut->end)
		return WORDS_MORE;
	c = *cut->at++;
	if (c == '\n')
		return WORDS_OK;
	if (!is_text(cut, c))
		return WORDS_BAD_BYTE;
	*(*to)++ = c;
	return WORDS_OK;
}

static enum words_error
quoted_word(struct cut *cut)
{
	char *word = ++cut->at, *to = word;

	for (;;) {
		char c;

		if (cut->at >= cut->end)
			return WORDS_OPEN_QUOTE;
		c = *cut->at++;
		if (c == '"')
			break;
		if (c == '#')
			return WORDS_BARE_HASH;
		if (c == '\\') {
			enum words_error error = literal(cut, &to);

			if (error == WORDS_MORE)
				return WORDS_OPEN_QUOTE;
			if (error)
				return error;
		} else if (!is_text(cut, c)) {
			return WORDS_BAD_BYTE;
		} else {
			*to++ = c;
		}
	}
	*to = '\0';
	return add_word(cut->out, word, (size_t)(to - word));
}

/* A comment runs to the end; on a socket even it holds nothing but text and blanks. */
static enum words_error
comment(struct cut *cut)
{
	for (; cut->source == WORDS_SOCKET && cut->at < cut->end; cut->at++)
		if (class_of(*cut->at) == CONTROL || class_of(*cut->at) == EIGHT_BIT)
			return WORDS_BAD_BYTE;
	cut->at = cut->end;
	return WORDS_OK;
}

/* AT stands behind a byte of class WHAT that is no part of a word. */
static enum words_error
between_words(struct cut *cut, enum class what)
{
	switch (what) {
	case BLANK:
		return WORDS_OK;
	case EQUALS:
		return add_word(cut->out, "=", 1);
	case HASH:
		return comment(cut);
	default:
		return WORDS_BAD_BYTE;
	}
}

/* The first byte of another class; there is one, at the end of the line. */
static inline char *
past_plain(char *at)
{
	/* Four at a time: this is where a busy server spends the time it takes to cut a line. */
	for (;; at += 4) {
		if (class_of(at[0]) > QUOTE)
			return at;
		if (class_of(at[1]) > QUOTE)
			return at + 1;
		if (class_of(at[2]) > QUOTE)
			return at + 2;
		if (class_of(at[3]) > QUOTE)
			return at + 3;
	}
}

/* The rest of a word with a backslash or a foreign byte in it. */
static enum words_error
odd_word(struct cut *cut, char **to)
{
	while (cut->at < cut->end) {
		enum class what = class_of(*cut->at);
		enum words_error error = WORDS_OK;

		if (what == BACKSLASH) {
			cut->at++;
			error = literal(cut, to);
		} else if (what <= QUOTE || (what == EIGHT_BIT && is_text(cut, *cut->at))) {
			*(*to)++ = *cut->at++;
		} else {
			break;
		}
		if (error)
			return error;
	}
	return WORDS_OK;
}

static enum words_error
plain_word(struct cut *cut)
{
	char *word = cut->at, *to = past_plain(word);
	enum words_error error;
	enum class what = class_of(*to);

	cut->at = to;
	if ((what == BACKSLASH || what == EIGHT_BIT) && (error = odd_word(cut, &to)))
		return error;
	/* The byte that ends the word may be where its NUL goes: read it first. */
	what = cut->at < cut->end ? class_of(*cut->at++) : BLANK;
	*to = '\0';
	error = add_word(cut->out, word, (size_t)(to - word));
	return error || what == BLANK ? error : between_words(cut, what);
}

/* The short way through the front of a line that is only plain words with one space between, as
 * nearly all requests are.  A newline must follow.  Returns where it stopped: at the newline, or at
 * the beginning of what is not so. */
static inline char *
plain_words(struct words *out, char *at)
{
	size_t len = 0;

	while (len < WORDS_MAX && class_of(*at) == PLAIN) {
		char *to = past_plain(at + 1);
		size_t word_len = (size_t)(to - at);

		if (word_len > WORD_LEN_MAX)
			break;
		out->word[len] = at;
		out->word_len[len] = (uint16_t)word_len;
		if (*to == ' ') {
			*to = '\0';
			at = to + 1;
			len++;
			continue;
		}
		if (*to == '\n') {
			at = to;
			len++;
		}
		break;
	}
	out->len = len;
	return at;
}

/* Cut the rest of a line, AT..END; the byte at END is a newline or NUL, and may be overwritten. */
static enum words_error
cut_rest(struct words *out, char *at, char *end, enum words_source source)
{
	struct cut cut = { .out = out, .source = source, .at = at, .end = end };
	enum words_error error = WORDS_OK;

	while (cut.at < cut.end && !error) {
		enum class what = class_of(*cut.at);

		if (what == PLAIN || what == EIGHT_BIT)
			error = plain_word(&cut);
		else if (what == QUOTE)
			error = quoted_word(&cut);
		else if (what != BACKSLASH)
			cut.at++, error = between_words(&cut, what);
		else if (cut.at + 1 < cut.end && cut.at[1] == '\n')
			cut.at += 2; /* joined between two words: a blank, as it were */
		else
			error = plain_word(&cut);
	}
	if (error)
		out->len = 0;
	return error;
}

/* The newline that ends the line of which AT is a part, LEN bytes being there; NULL: not yet. */
static char *
find_end(char *at, size_t len, unsigned *lines)
{
	char *end = len ? memchr(at, '\n', len) : NULL;

	if (end && end > at && end[-1] == '\\')
		end = at + joined_end(at, len, lines);
	return end && end < at + len ? end : NULL;
}

/* Undo what plain_words() did: the line goes on beyond what is there. */
static void
put_blanks_back(struct words *out)
{
	for (size_t i = 0; i < out->len; i++)
		out->word[i][out->word_len[i]] = ' ';
	out->len = 0;
}

/* The long way through the line that begins at BYTES, from AT on. */
static enum words_error
cut_from(
    struct words *out, char *at, char *bytes, size_t most, enum words_source source, size_t *used)
{
	char *end = find_end(at, most - (size_t)(at - bytes), &out->lines);

	if (!end) {
		put_blanks_back(out);
		*used = 0;
		return most == WORDS_LINE_MAX ? WORDS_LONG_LINE : WORDS_MORE;
	}
	*used = (size_t)(end - bytes) + 1;
	return cut_rest(out, at, end, source);
}

static inline enum words_error
cut(struct words *out, char *bytes, size_t len, enum words_source source, size_t *used)
{
	size_t most = len < WORDS_LINE_MAX ? len : WORDS_LINE_MAX;
	char *at = bytes;

	out->len = 0;
	out->lines = 1;
	out->eight_bit = false;
	if (most > 0 && bytes[most - 1] == '\n') {
		at = plain_words(out, bytes);
		if (*at == '\n') {
			*at = '\0';
			*used = (size_t)(at - bytes) + 1;
			return WORDS_OK;
		}
	}
	return cut_from(out, at, bytes, most, source, used);
}

enum words_error
words_cut(struct words *out, char *bytes, size_t len, enum words_source source, size_t *used)
{
	return cut(out, bytes, len, source, used);
}

size_t
words_lines(char *bytes, size_t len, words_take *take, void *owner)
{
	size_t done = 0, used;
	bool go_on = true;

	while (go_on && done < len) {
		struct words words;
		enum words_error error = cut(&words, bytes + done, len - done, WORDS_SOCKET, &used);

		if (error == WORDS_MORE)
			break;
		go_on = take(owner, &words, error);
		if (error == WORDS_LONG_LINE)
			return len;
		done += used;
	}
	return done;
}

enum words_error
words_split(struct words *out, char *line, enum words_source source)
{
	size_t len = strlen(line);

	out->len = 0;
	out->lines = 1;
	out->eight_bit = false;
	if (len >= WORDS_LINE_MAX)
		return WORDS_LONG_LINE;
	return cut_rest(out, line, line + len, source);
}

const char *
words_strerror(enum words_error error)
{
	switch (error) {
	case WORDS_OK:
		return "nothing is wrong";
	case WORDS_MORE:
		return "the line goes on, but nothing follows its last backslash";
	case WORDS_BAD_BYTE:
		return "a control or 8-bit byte where only text may be";
	case WORDS_OPEN_QUOTE:
		return "a quote is still open at the end of the line";
	case WORDS_BARE_HASH:
		return "a # inside quotes: write \\#";
	case WORDS_LONG_WORD:
		return "a word of more than 4096 bytes";
	case WORDS_TOO_MANY:
		return "more than 64 words";
	case WORDS_LONG_LINE:
		return "a line of more than 65536 bytes";
	}
	return "unknown";
}

static bool
escape(struct buf *buf, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "\"#\\");

		buf_add(buf, text, plain);
		if (!text[plain])
			return !buf->failed;
		buf_add(buf, (char[]){ '\\', text[plain] }, 2);
		text += plain + 1;
	}
}

bool
words_quote(struct buf *buf, const char *text)
{
	buf_add(buf, "\"", 1);
	escape(buf, text);
	return buf_add(buf, "\"", 1);
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

bool
words_is_name(const char *text)
{
	size_t len = 0;

	if (!is_letter_or_digit(text[0]))
		return false;
	while (is_letter_or_digit(text[len]) || text[len] == '.' || text[len] == '_' ||
	       text[len] == '-')
		if (++len > 128)
			return false;
	return text[len] == '\0';
}

void
words_free_secret(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

bool
words_same_secret(const char *a, const char *b)
{
	size_t a_len, b_len;
	volatile unsigned char differ;

	if (!a || !b)
		return false;
	a_len = strlen(a);
	b_len = strlen(b);
	differ = a_len != b_len;
	/* Always as many steps as B is long; past A's end its NUL is compared again and again. */
	for (size_t i = 0; i < b_len; i++)
		differ |= (unsigned char)(a[i < a_len ? i : a_len] ^ b[i]);
	return !differ;
}
