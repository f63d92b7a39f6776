#include "client/logformat.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct escape {
	const char *word;
	enum logpart_kind kind;
	bool has_text; /* a blank and something must follow; else nothing may */
} escapes[] = {
	{ "TIME", LOGPART_TIME, true },
	{ "ETIME", LOGPART_ETIME, false },
	{ "HOST", LOGPART_HOST, false },
	{ "UPSHOST", LOGPART_UPSHOST, false },
	{ "PID", LOGPART_PID, false },
	{ "VAR", LOGPART_VAR, true },
};

static const char *
add(struct logformat *format, enum logpart_kind kind, const char *text, size_t len)
{
	char *copy = text ? strndup(text, len) : NULL;

	if (text && !copy)
		return "out of memory";
	if (format->len == LOGFORMAT_PARTS_MAX) {
		free(copy);
		return "the format has too many escapes";
	}
	format->parts[format->len++] = (struct logpart){ kind, copy };
	return NULL;
}

/* Whatever else there is can be asked of no server. */
static bool
is_printable(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* What stands between two percent signs. */
static const char *
add_escape(struct logformat *format, const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		const struct escape *escape = &escapes[i];
		size_t word = strlen(escape->word);

		if (len < word || strncasecmp(text, escape->word, word) != 0)
			continue;
		if (!escape->has_text && len == word)
			return add(format, escape->kind, NULL, 0);
		if (escape->has_text && len > word + 1 && text[word] == ' ' &&
		    (escape->kind != LOGPART_VAR || is_printable(text, len)))
			return add(format, escape->kind, text + word + 1, len - word - 1);
	}
	return add(format, LOGPART_TEXT, "INVALID", 7);
}

/* NUT's times are written with @ where strftime() has %. */
static void
fix_times(struct logformat *format)
{
	for (size_t i = 0; i < format->len; i++)
		if (format->parts[i].kind == LOGPART_TIME)
			for (char *c = format->parts[i].text; *c; c++)
				if (*c == '@')
					*c = '%';
}

const char *
logformat_parse(struct logformat *out, const char *text)
{
	const char *error = NULL, *end;

	*out = (struct logformat){ 0 };
	while (*text && !error) {
		size_t len = strcspn(text, "%");

		if (len) {
			error = add(out, LOGPART_TEXT, text, len);
			text += len;
		} else if (text[1] == '%') {
			error = add(out, LOGPART_TEXT, "%", 1);
			text += 2;
		} else if (text[1] == 't' && strncmp(text + 1, "time", 4) != 0) {
			error = add(out, LOGPART_TEXT, "\t", 1);
			text += 2;
		} else {
			/* One that is not closed takes the rest, and is invalid. */
			end = strchr(text + 1, '%');
			error = add_escape(out, text + 1, end ? (size_t)(end - text - 1) : 0);
			text = end ? end + 1 : "";
		}
	}
	if (error)
		logformat_free(out);
	fix_times(out);
	return error;
}

void
logformat_free(struct logformat *format)
{
	for (size_t i = 0; i < format->len; i++)
		free(format->parts[i].text);
	*format = (struct logformat){ 0 };
}

/* The format is its user's own, and strftime() reads no memory for any of its conversions. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static bool
add_time(struct buf *buf, const char *format, time_t now)
{
	char text[512];
	struct tm tm;
	size_t len = localtime_r(&now, &tm) ? strftime(text, sizeof(text), format, &tm) : 0;

	return buf_add(buf, text, len);
}
#pragma GCC diagnostic pop

bool
logformat_write(struct buf *buf, const struct logformat *format,
    const struct logformat_facts *facts, char *const *values)
{
	for (size_t i = 0; i < format->len; i++) {
		const struct logpart *part = &format->parts[i];

		switch (part->kind) {
		case LOGPART_TEXT:
			buf_add_text(buf, part->text);
			break;
		case LOGPART_TIME:
			add_time(buf, part->text, facts->now);
			break;
		case LOGPART_ETIME:
			buf_add_format(buf, "%lld", (long long)facts->now);
			break;
		case LOGPART_HOST:
			buf_add_text(buf, facts->host);
			break;
		case LOGPART_UPSHOST:
			buf_add_text(buf, facts->upshost);
			break;
		case LOGPART_PID:
			buf_add_format(buf, "%ld", (long)facts->pid);
			break;
		case LOGPART_VAR:
			buf_add_text(buf, values[i] ? values[i] : "NA");
			break;
		}
	}
	return buf_add(buf, "\n", 1);
}
