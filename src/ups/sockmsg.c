#include "ups/sockmsg.h"
#include "base/conffile.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

/* What stands behind the first word. */
enum shape {
	NOTHING,
	NAME,
	NAME_VALUE,
	NAME_RANGE,
	NAME_NUMBER,
	NAME_FLAGS,
	RESULT,	      /* TRACKING id n */
	NUMBER,	      /* PID n */
	MAYBE_NUMBER, /* BROADCAST [n] */
	GOODBYE,      /* OK Goodbye */
	INSTCMD,      /* name [value] [TRACKING id] */
	SET	      /* name value [TRACKING id] */
};

static const struct row {
	const char *word;
	enum sockmsg_type type;
	enum shape shape;
	size_t words; /* at least, the first included; more are ignored, as NUT does */
} rows[] = {
	{ "SETINFO", SOCKMSG_SETINFO, NAME_VALUE, 3 },
	{ "DELINFO", SOCKMSG_DELINFO, NAME, 2 },
	{ "ADDENUM", SOCKMSG_ADDENUM, NAME_VALUE, 3 },
	{ "DELENUM", SOCKMSG_DELENUM, NAME_VALUE, 3 },
	{ "ADDRANGE", SOCKMSG_ADDRANGE, NAME_RANGE, 4 },
	{ "DELRANGE", SOCKMSG_DELRANGE, NAME_RANGE, 4 },
	{ "SETAUX", SOCKMSG_SETAUX, NAME_NUMBER, 3 },
	{ "SETFLAGS", SOCKMSG_SETFLAGS, NAME_FLAGS, 2 },
	{ "ADDCMD", SOCKMSG_ADDCMD, NAME, 2 },
	{ "DELCMD", SOCKMSG_DELCMD, NAME, 2 },
	{ "DATAOK", SOCKMSG_DATAOK, NOTHING, 1 },
	{ "DATASTALE", SOCKMSG_DATASTALE, NOTHING, 1 },
	{ "DUMPDONE", SOCKMSG_DUMPDONE, NOTHING, 1 },
	{ "PONG", SOCKMSG_PONG, NOTHING, 1 },
	{ "TRACKING", SOCKMSG_RESULT, RESULT, 3 },
	{ "PID", SOCKMSG_PID, NUMBER, 2 },
	{ "OK", SOCKMSG_GOODBYE, GOODBYE, 2 },
	{ "DUMPALL", SOCKMSG_DUMPALL, NOTHING, 1 },
	{ "DUMPSTATUS", SOCKMSG_DUMPSTATUS, NOTHING, 1 },
	{ "PING", SOCKMSG_PING, NOTHING, 1 },
	{ "GETPID", SOCKMSG_GETPID, NOTHING, 1 },
	{ "LOGOUT", SOCKMSG_LOGOUT, NOTHING, 1 },
	{ "DUMPVALUE", SOCKMSG_DUMPVALUE, NAME, 2 },
	{ "INSTCMD", SOCKMSG_INSTCMD, INSTCMD, 2 },
	{ "SET", SOCKMSG_SET, SET, 3 },
	{ "NOBROADCAST", SOCKMSG_NOBROADCAST, NOTHING, 1 },
	{ "BROADCAST", SOCKMSG_BROADCAST, MAYBE_NUMBER, 1 },
};
#define ROWS (sizeof(rows) / sizeof(*rows))

static const struct {
	const char *word;
	unsigned flag;
} flags[] = { { "RW", STATE_RW }, { "STRING", STATE_STRING }, { "NUMBER", STATE_NUMBER } };
#define FLAGS (sizeof(flags) / sizeof(*flags))

static const char not_a_number[] = "not a whole number";

static bool
number(const char *text, long *out)
{
	return conffile_number(text, LONG_MIN, LONG_MAX, out);
}

/* The words from FROM on are nothing, or "TRACKING id". */
static const char *
parse_tracking(struct sockmsg *out, const struct words *words, size_t from)
{
	if (words->len == from)
		return NULL;
	if (words->len != from + 2 || strcasecmp(words->word[from], "TRACKING") != 0)
		return "too many words, or no TRACKING before the last";
	if (!words_is_name(words->word[from + 1]))
		return "not a tracking id";
	out->tracking = words->word[from + 1];
	return NULL;
}

static const char *
parse_flags(struct sockmsg *out, const struct words *words)
{
	for (size_t i = 2; i < words->len; i++)
		for (size_t j = 0; j < FLAGS; j++)
			if (strcasecmp(words->word[i], flags[j].word) == 0)
				out->flags |= flags[j].flag;
	return NULL;
}

static const char *
parse_shape(struct sockmsg *out, enum shape shape, const struct words *words)
{
	char *const *word = words->word;

	switch (shape) {
	case NOTHING:
	case NAME:
		return NULL;
	case NAME_VALUE:
		out->value = word[2];
		return NULL;
	case NAME_RANGE:
		return number(word[2], &out->min) && number(word[3], &out->max) ? NULL
										: not_a_number;
	case NAME_NUMBER:
		return number(word[2], &out->number) ? NULL : not_a_number;
	case NAME_FLAGS:
		return parse_flags(out, words);
	case RESULT:
		out->tracking = word[1];
		if (!words_is_name(word[1]))
			return "not a tracking id";
		return number(word[2], &out->number) ? NULL : not_a_number;
	case NUMBER:
		return number(word[1], &out->number) ? NULL : not_a_number;
	case MAYBE_NUMBER:
		out->number = 1;
		return words->len < 2 || number(word[1], &out->number) ? NULL : not_a_number;
	case GOODBYE:
		return strcasecmp(word[1], "Goodbye") == 0 ? NULL : "not OK Goodbye";
	case INSTCMD:
		/* Four words are name TRACKING id: a value alone is the third of three or five. */
		if (words->len == 3 || words->len == 5)
			out->value = word[2];
		return parse_tracking(out, words, out->value ? 3 : 2);
	case SET:
		out->value = word[2];
		return parse_tracking(out, words, 3);
	}
	return "unknown";
}

static bool
has_name(enum shape shape)
{
	return (shape >= NAME && shape <= NAME_FLAGS) || shape == INSTCMD || shape == SET;
}

const char *
sockmsg_parse(struct sockmsg *out, const struct words *words)
{
	const struct row *row = NULL;
	const char *error;

	*out = (struct sockmsg){ .type = SOCKMSG_UNKNOWN };
	for (size_t i = 0; words->len && i < ROWS && !row; i++)
		if (strcasecmp(words->word[0], rows[i].word) == 0)
			row = &rows[i];
	if (!row)
		return "no such message";
	if (words->len < row->words)
		return "too few words";
	if (has_name(row->shape)) {
		if (!words_is_name(words->word[1]))
			return "not a name";
		out->name = words->word[1];
	}
	error = parse_shape(out, row->shape, words);
	if (error)
		*out = (struct sockmsg){ .type = SOCKMSG_UNKNOWN };
	else
		out->type = row->type;
	return error;
}

static void
add_word(struct buf *buf, const char *word)
{
	buf_add(buf, " ", 1);
	buf_add_text(buf, word);
}

static void
add_quoted(struct buf *buf, const char *value)
{
	buf_add(buf, " ", 1);
	words_quote(buf, value);
}

static void
add_flags(struct buf *buf, unsigned which)
{
	for (size_t i = 0; i < FLAGS; i++)
		if (which & flags[i].flag)
			add_word(buf, flags[i].word);
}

bool
sockmsg_format(struct buf *buf, const struct sockmsg *msg)
{
	const struct row *row = rows;

	while (row < rows + ROWS && row->type != msg->type)
		row++;
	if (row == rows + ROWS)
		return false;
	buf_add_text(buf, row->word);
	if (has_name(row->shape))
		add_word(buf, msg->name);
	switch (row->shape) {
	case NOTHING:
	case NAME:
		break;
	case NAME_RANGE:
		buf_add_format(buf, " %ld %ld", msg->min, msg->max);
		break;
	case NAME_NUMBER:
	case NUMBER:
	case MAYBE_NUMBER:
		buf_add_format(buf, " %ld", msg->number);
		break;
	case NAME_FLAGS:
		add_flags(buf, msg->flags);
		break;
	case RESULT:
		buf_add_format(buf, " %s %ld", msg->tracking, msg->number);
		break;
	case GOODBYE:
		add_word(buf, "Goodbye");
		break;
	case NAME_VALUE:
	case INSTCMD:
	case SET:
		if (msg->value)
			add_quoted(buf, msg->value);
		if (msg->tracking)
			buf_add_format(buf, " TRACKING %s", msg->tracking);
		break;
	}
	return buf_add(buf, "\n", 1);
}

bool
sockmsg_format_var(struct buf *buf, const struct state_var *var)
{
	struct sockmsg msg = { .name = var->name, .flags = var->flags, .number = var->aux };

	buf_add(buf, "SETINFO ", 8);
	buf_add(buf, var->name, var->name_len);
	buf_add(buf, " ", 1);
	buf_add(buf, var->quoted, var->quoted_len);
	buf_add(buf, "\n", 1);
	msg.type = SOCKMSG_ADDENUM;
	for (size_t i = 0; i < var->enums_len; i++) {
		msg.value = var->enums[i];
		sockmsg_format(buf, &msg);
	}
	msg.type = SOCKMSG_ADDRANGE;
	for (size_t i = 0; i < var->ranges_len; i++) {
		msg.min = var->ranges[i].min;
		msg.max = var->ranges[i].max;
		sockmsg_format(buf, &msg);
	}
	msg.type = SOCKMSG_SETAUX;
	if (var->aux)
		sockmsg_format(buf, &msg);
	msg.type = SOCKMSG_SETFLAGS;
	if (var->flags)
		sockmsg_format(buf, &msg);
	return !buf->failed;
}
