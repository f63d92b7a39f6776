#include "client/question.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum shape {
	SHAPE_ECHO,  /* WORD, the arguments again, then what was asked for */
	SHAPE_LIST,  /* BEGIN LIST ..., lines like SHAPE_ECHO, END LIST ... */
	SHAPE_DONE,  /* OK, perhaps with WORD and more */
	SHAPE_STATE, /* PENDING or SUCCESS */
	SHAPE_FREE   /* anything that is not ERR */
};

/* docs/net-protocol.md, 3 to 8. */
static const struct kind {
	const char *ask;
	unsigned char args_min, args_max;
	enum shape shape;
	const char *word;
	unsigned char new_min, new_max; /* words beyond WORD and those repeated */
} kinds[QUESTION_KINDS] = {
	[CLIENT_VER] = { "VER", 0, 0, SHAPE_FREE, NULL, 1, WORDS_MAX },
	[CLIENT_NETVER] = { "NETVER", 0, 0, SHAPE_FREE, NULL, 1, 1 },
	[CLIENT_GET_VAR] = { "GET VAR", 2, 2, SHAPE_ECHO, "VAR", 1, 1 },
	[CLIENT_GET_TYPE] = { "GET TYPE", 2, 2, SHAPE_ECHO, "TYPE", 0, WORDS_MAX },
	[CLIENT_GET_DESC] = { "GET DESC", 2, 2, SHAPE_ECHO, "DESC", 1, 1 },
	[CLIENT_GET_CMDDESC] = { "GET CMDDESC", 2, 2, SHAPE_ECHO, "CMDDESC", 1, 1 },
	[CLIENT_GET_UPSDESC] = { "GET UPSDESC", 1, 1, SHAPE_ECHO, "UPSDESC", 1, 1 },
	[CLIENT_GET_NUMLOGINS] = { "GET NUMLOGINS", 1, 1, SHAPE_ECHO, "NUMLOGINS", 1, 1 },
	[CLIENT_GET_TRACKING] = { "GET TRACKING", 1, 1, SHAPE_STATE, NULL, 1, 1 },
	[CLIENT_LIST_UPS] = { "LIST UPS", 0, 0, SHAPE_LIST, "UPS", 1, 2 },
	[CLIENT_LIST_VAR] = { "LIST VAR", 1, 1, SHAPE_LIST, "VAR", 2, 2 },
	[CLIENT_LIST_RW] = { "LIST RW", 1, 1, SHAPE_LIST, "RW", 2, 2 },
	[CLIENT_LIST_CMD] = { "LIST CMD", 1, 1, SHAPE_LIST, "CMD", 1, 1 },
	[CLIENT_LIST_CLIENT] = { "LIST CLIENT", 1, 1, SHAPE_LIST, "CLIENT", 1, 1 },
	[CLIENT_LIST_ENUM] = { "LIST ENUM", 2, 2, SHAPE_LIST, "ENUM", 1, 1 },
	[CLIENT_LIST_RANGE] = { "LIST RANGE", 2, 2, SHAPE_LIST, "RANGE", 2, 2 },
	[CLIENT_LOGIN] = { "LOGIN", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[CLIENT_PRIMARY] = { "PRIMARY", 1, 1, SHAPE_DONE, "PRIMARY-GRANTED", 0, 0 },
	[CLIENT_MASTER] = { "MASTER", 1, 1, SHAPE_DONE, "MASTER-GRANTED", 0, 0 },
	[CLIENT_FSD] = { "FSD", 1, 1, SHAPE_DONE, "FSD-SET", 0, 0 },
	[CLIENT_SET_VAR] = { "SET VAR", 3, 3, SHAPE_DONE, "TRACKING", 0, 1 },
	[CLIENT_INSTCMD] = { "INSTCMD", 2, 3, SHAPE_DONE, "TRACKING", 0, 1 },
	[CLIENT_SET_TRACKING] = { "SET TRACKING", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[CLIENT_LOGOUT] = { "LOGOUT", 0, 0, SHAPE_FREE, NULL, 1, 2 },
	[ASK_STARTTLS] = { "STARTTLS", 0, 0, SHAPE_DONE, "STARTTLS", 0, 0 },
	[ASK_USERNAME] = { "USERNAME", 1, 1, SHAPE_DONE, NULL, 0, 0 },
	[ASK_PASSWORD] = { "PASSWORD", 1, 1, SHAPE_DONE, NULL, 0, 0 },
};

/* ---- asking ---- */

void
question_forget_line(struct question *question)
{
	if (question_is_own(question) && buf_len(&question->line))
		explicit_bzero(buf_bytes(&question->line), buf_len(&question->line));
	buf_free(&question->line);
}

void
question_free(struct question *question)
{
	if (!question)
		return;
	for (size_t i = 0; i < question->args_len; i++) {
		if (question->args[i] && question_is_own(question))
			explicit_bzero(question->args[i], strlen(question->args[i]));
		free(question->args[i]);
	}
	question_forget_line(question);
	free(question);
}

void
question_free_all(struct question **list)
{
	while (*list) {
		struct question *question = *list;

		*list = question->next;
		question_free(question);
	}
}

static bool
is_printable(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
			return false;
	return true;
}

/* NUT's own clients send names bare and values quoted; servers written with them in mind see no
 * difference. */
static bool
add_word(struct buf *line, const char *word, bool quote)
{
	return buf_add(line, " ", 1) &&
	       (quote || !*word || strpbrk(word, " \"\\#=") ? words_quote(line, word)
							    : buf_add_text(line, word));
}

/* Fill in QUESTION's arguments and line.  NULL or what is wrong. */
static const char *
compose(struct question *question, const char *const *args)
{
	const struct kind *kind = &kinds[question->kind];
	size_t len = 0;

	question->line.max = WORDS_LINE_MAX;
	if (!buf_add_text(&question->line, kind->ask))
		return "out of memory";
	for (; args && args[len]; len++) {
		if (len == kind->args_max)
			return "too many arguments";
		if (!is_printable(args[len]))
			return "only printable ASCII can be sent";
		if (strlen(args[len]) > WORD_LEN_MAX)
			return "too long to be sent";
		question->args[len] = strdup(args[len]);
		question->args_len = len + 1;
		if (!question->args[len] || !add_word(&question->line, args[len],
						question->kind == CLIENT_SET_VAR && len == 2))
			return "out of memory";
	}
	if (len < kind->args_min)
		return "too few arguments";
	return buf_add(&question->line, "\n", 1) ? NULL : "out of memory";
}

struct question *
question_new(int kind, const char *const *args, const char **error)
{
	struct question *question = calloc(1, sizeof(*question));

	*error = "out of memory";
	if (!question)
		return NULL;
	question->kind = kind;
	*error = compose(question, args);
	if (*error) {
		question_free(question);
		return NULL;
	}
	return question;
}

/* ---- answers ---- */

/* Do words FROM.. of LINE repeat the question's arguments?  Names compare without case: servers
 * echo them as typed, but LIST CLIENT as they are configured. */
static bool
repeats(const struct question *question, const struct words *line, size_t from)
{
	if (line->len < from + question->args_len)
		return false;
	for (size_t i = 0; i < question->args_len; i++)
		if (strcasecmp(line->word[from + i], question->args[i]) != 0)
			return false;
	return true;
}

int
question_fits(const struct question *question, const struct words *line)
{
	const struct kind *kind = &kinds[question->kind];
	size_t old = 0, new;

	switch (kind->shape) {
	case SHAPE_ECHO:
	case SHAPE_LIST:
		if (strcmp(line->word[0], kind->word) != 0 || !repeats(question, line, 1))
			return -1;
		old = 1 + question->args_len;
		break;
	case SHAPE_DONE:
		if (strcmp(line->word[0], "OK") != 0)
			return -1;
		old = 1;
		if (line->len > 1) {
			if (!kind->word || strcmp(line->word[1], kind->word) != 0)
				return -1;
			old = 2;
		}
		break;
	case SHAPE_STATE:
		if (strcmp(line->word[0], "PENDING") != 0 && strcmp(line->word[0], "SUCCESS") != 0)
			return -1;
		break;
	case SHAPE_FREE:
		break;
	}
	new = line->len - old;
	return new >= kind->new_min &&new <= kind->new_max ? (int)old : -1;
}

/* "BEGIN LIST VAR su700" and "END LIST VAR su700". */
bool
question_brackets(const struct question *question, const struct words *line, const char *bracket)
{
	return line->len == 3 + question->args_len && strcmp(line->word[0], bracket) == 0 &&
	       strcmp(line->word[1], "LIST") == 0 &&
	       strcmp(line->word[2], kinds[question->kind].word) == 0 && repeats(question, line, 3);
}

bool
question_wants_list(const struct question *question)
{
	return kinds[question->kind].shape == SHAPE_LIST;
}

/* ---- lists ---- */

bool
rows_add(struct rows *list, const char *const *words, size_t len)
{
	size_t bytes = len * sizeof(char *);
	const char **pointers;
	char *text;

	if (list->len == list->size) {
		size_t size = list->size ? 2 * list->size : 32;
		struct client_row *rows = realloc(list->rows, size * sizeof(*rows));

		if (!rows)
			return false;
		list->rows = rows;
		list->size = size;
	}
	for (size_t i = 0; i < len; i++)
		bytes += strlen(words[i]) + 1;
	pointers = malloc(bytes);
	if (!pointers)
		return false;
	text = (char *)(pointers + len);
	for (size_t i = 0; i < len; i++) {
		pointers[i] = text;
		text = stpcpy(text, words[i]) + 1;
	}
	list->rows[list->len++] = (struct client_row){ .len = len, .word = pointers };
	return true;
}

void
rows_free(struct rows *list)
{
	for (size_t i = 0; i < list->len; i++)
		free((void *)list->rows[i].word);
	free(list->rows);
	*list = (struct rows){ 0 };
}
