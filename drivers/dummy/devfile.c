/* devfile.c - dumps of devices, and scenes to play. */
#include "drivers/dummy/devfile.h"

#include "base/words.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LINES_MAX 65536
#define TIMER_MAX (7 * 24 * 3600)

/* Inside which comment block a line is. */
enum block { BLOCK_NONE, BLOCK_UPSRW, BLOCK_UPSCMD };

struct reader {
	const char *path;
	unsigned line;
	struct faults *faults;
	struct devfile *file;
	enum block block;
	char name[130]; /* BLOCK_UPSRW: the variable told of */
	bool enums;	/* its type is ENUM, else RANGE or STRING */
};

bool
devfile_is_of_device(const char *name)
{
	return strncasecmp(name, "driver.", 7) != 0 && strncasecmp(name, "server.", 7) != 0;
}

/* --- lines ------------------------------------------------------------------------------- */

static struct devfile_line *
add(struct reader *reader, enum devfile_kind kind, const char *name, const char *value)
{
	struct devfile *file = reader->file;
	struct devfile_line *line;

	if (file->len == LINES_MAX) {
		faults_add(reader->faults, reader->path, reader->line, "too many lines");
		return NULL;
	}
	/* Grown by doubling: at 0, 1, 2, 4 ... there is no room. */
	if ((file->len & (file->len - 1)) == 0) {
		struct devfile_line *more =
		    realloc(file->lines, (file->len ? 2 * file->len : 1) * sizeof(*more));

		if (!more) {
			faults_add(reader->faults, reader->path, reader->line, "out of memory");
			return NULL;
		}
		file->lines = more;
	}
	line = &file->lines[file->len++];
	*line = (struct devfile_line){ .kind = kind,
		.name = name ? strdup(name) : NULL,
		.value = value ? strdup(value) : NULL };
	if ((name && !line->name) || (value && !line->value))
		faults_add(reader->faults, reader->path, reader->line, "out of memory");
	return line;
}

static char *
skip_blanks(char *text)
{
	return text + strspn(text, " \t");
}

static void
cut_trailing_blanks(char *text)
{
	size_t len = strlen(text);

	while (len && strchr(" \t\r", text[len - 1]))
		text[--len] = '\0';
}

/* As NUT reads it: # behind a blank begins a comment, "a value" loses its quotes. */
static char *
value_of(char *text)
{
	struct words words;
	char *copy;

	text = skip_blanks(text);
	if (*text == '"' && (copy = strdup(text))) {
		bool quoted = words_split(&words, copy, WORDS_FILE) == WORDS_OK && words.len == 1;

		if (quoted)
			strcpy(text, words.word[0]); /* never longer than it was with quotes */
		free(copy);
		if (quoted)
			return text;
	}
	if (*text == '#')
		*text = '\0';
	for (char *hash = text; (hash = strchr(hash, '#')); hash++)
		if (hash[-1] == ' ' || hash[-1] == '\t') {
			*hash = '\0';
			break;
		}
	cut_trailing_blanks(text);
	return text;
}

static void
read_timer(struct reader *reader, char *text)
{
	struct devfile_line *line;
	long seconds;

	text = value_of(text);
	if (!conffile_number(text, 0, TIMER_MAX, &seconds)) {
		faults_add(
		    reader->faults, reader->path, reader->line, "TIMER: not a number of seconds");
		return;
	}
	if ((line = add(reader, DEVFILE_TIMER, NULL, NULL)))
		line->number = seconds;
}

static void
read_setting(struct reader *reader, char *text)
{
	char *colon = strchr(text, ':');

	if (strncmp(text, "TIMER", 5) == 0 && (text[5] == ' ' || text[5] == '\t')) {
		read_timer(reader, text + 5);
		return;
	}
	if (colon) {
		*colon = '\0';
		cut_trailing_blanks(text);
	}
	if (!colon || !words_is_name(text)) {
		faults_add(reader->faults, reader->path, reader->line,
		    "write \"variable: value\" or \"TIMER seconds\"");
		return;
	}
	add(reader, DEVFILE_SET, text, value_of(colon + 1));
}

/* --- comments that tell more ------------------------------------------------------------- */

static void
malformed(struct reader *reader, const char *what)
{
	faults_warn(reader->faults, reader->path, reader->line, "%s: not understood", what);
}

/* The first quoted or bare word of *TEXT; the rest stays in *TEXT.  NULL when there is none. */
static char *
next_word(char **text)
{
	char *word = skip_blanks(*text), *end;

	if (*word == '"') {
		if (!(end = strchr(++word, '"')))
			return NULL;
	} else {
		end = word + strcspn(word, " \t");
		if (end == word)
			return NULL;
	}
	*text = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static void
add_range(struct reader *reader, const char *name, const char *min, const char *max)
{
	struct devfile_line *line;
	long from, to;

	if (!min || !max || !conffile_number(min, -1000000000, 1000000000, &from) ||
	    !conffile_number(max, from, 1000000000, &to)) {
		malformed(reader, "RANGE");
		return;
	}
	if ((line = add(reader, DEVFILE_RANGE, name, NULL))) {
		line->number = from;
		line->max = to;
	}
}

/* "battery.charge.low:STRING:10" and so on, behind "#RW:". */
static void
read_rw(struct reader *reader, char *text)
{
	char *type = strchr(text, ':'), *more = NULL, *first, *second;
	struct devfile_line *line;
	long length = 0;

	if (type) {
		*type++ = '\0';
		if ((more = strchr(type, ':')))
			*more++ = '\0';
	}
	if (!type || !words_is_name(text)) {
		malformed(reader, "#RW:");
		return;
	}
	if (strcmp(type, "STRING") == 0 && (!more || conffile_number(more, 0, 4096, &length))) {
		if ((line = add(reader, DEVFILE_STRING, text, NULL)))
			line->number = length;
	} else if (strcmp(type, "NUMBER") == 0) {
		add(reader, DEVFILE_NUMBER, text, NULL);
	} else if (strcmp(type, "ENUM") == 0 && more && (first = next_word(&more))) {
		add(reader, DEVFILE_ENUM, text, first);
	} else if (strcmp(type, "RANGE") == 0 && more) {
		first = next_word(&more);
		second = next_word(&more);
		add_range(reader, text, first, second);
	} else {
		malformed(reader, "#RW:");
	}
}

/* A line of upsrw's output: "[name]", "Type: ENUM NUMBER", "Option: "1-99" SELECTED". */
static void
read_upsrw(struct reader *reader, char *text)
{
	char *end = strchr(text, ']'), *word;

	if (text[0] == '[' && end) {
		*end = '\0';
		if (words_is_name(text + 1))
			snprintf(reader->name, sizeof(reader->name), "%s", text + 1);
		else
			reader->name[0] = '\0';
		return;
	}
	if (!reader->name[0])
		return;
	if (strncmp(text, "Type:", 5) == 0) {
		reader->enums = strstr(text, "ENUM") != NULL;
		add(reader, strstr(text, "STRING") ? DEVFILE_STRING : DEVFILE_NUMBER, reader->name,
		    NULL);
		return;
	}
	if (strncmp(text, "Option:", 7) != 0)
		return;
	text += 7;
	if (!(word = next_word(&text))) {
		malformed(reader, "Option");
	} else if (reader->enums) {
		add(reader, DEVFILE_ENUM, reader->name, word);
	} else {
		/* The dash after the first digit parts them: "-5-10". */
		char *dash = *word ? strchr(word + 1, '-') : NULL;

		if (dash)
			*dash++ = '\0';
		add_range(reader, reader->name, word, dash);
	}
}

/* A line of upscmd's output: "name - description". */
static void
read_upscmd(struct reader *reader, char *text)
{
	char *end = strstr(text, " - ");

	if (!end)
		return;
	*end = '\0';
	if (words_is_name(text))
		add(reader, DEVFILE_CMD, text, NULL);
}

static void
read_comment(struct reader *reader, char *text)
{
	if (strncmp(text, "#RW:", 4) == 0) {
		read_rw(reader, text + 4);
		return;
	}
	if (strncmp(text, "#CMD:", 5) == 0) {
		cut_trailing_blanks(text);
		if (words_is_name(text + 5))
			add(reader, DEVFILE_CMD, text + 5, NULL);
		else
			malformed(reader, "#CMD:");
		return;
	}
	text = skip_blanks(text + 1);
	if (strncmp(text, "DEVICE:", 7) == 0) {
		bool begins = strstr(text, "COMMENT-BLOCK:") != NULL;

		reader->block = begins && strstr(text, ":UPSRW")    ? BLOCK_UPSRW
				: begins && strstr(text, ":UPSCMD") ? BLOCK_UPSCMD
								    : BLOCK_NONE;
		reader->name[0] = '\0';
	} else if (reader->block == BLOCK_UPSRW) {
		read_upsrw(reader, text);
	} else if (reader->block == BLOCK_UPSCMD) {
		read_upscmd(reader, text);
	}
}

/* --- the file ---------------------------------------------------------------------------- */

static void
read_line(struct reader *reader, char *text)
{
	bool bad = false;

	if (*skip_blanks(text) == '#') {
		read_comment(reader, skip_blanks(text));
		return;
	}
	reader->block = BLOCK_NONE;
	cut_trailing_blanks(text);
	text = skip_blanks(text);
	if (!*text)
		return;
	for (unsigned char *byte = (unsigned char *)text; *byte; byte++)
		if ((*byte < 0x20 && *byte != '\t') || *byte > 0x7e) {
			*byte = '?';
			bad = true;
		}
	if (bad)
		faults_warn(reader->faults, reader->path, reader->line,
		    "a byte that is not ASCII is published as ?");
	read_setting(reader, text);
}

struct devfile *
devfile_parse(const char *path, const char *bytes, size_t len, struct faults *faults)
{
	struct reader reader = { .path = path, .faults = faults };
	size_t before = faults->faults, used = 0;

	if (!(reader.file = calloc(1, sizeof(*reader.file)))) {
		faults_add(faults, path, 0, "out of memory");
		return NULL;
	}
	while (used < len) {
		const char *end = memchr(bytes + used, '\n', len - used);
		size_t line_len = end ? (size_t)(end - bytes) - used : len - used;
		char *line = strndup(bytes + used, line_len);

		reader.line++;
		if (!line || strlen(line) != line_len)
			faults_add(
			    faults, path, reader.line, line ? "a NUL byte" : "out of memory");
		else
			read_line(&reader, line);
		free(line);
		used += line_len + 1;
	}
	if (faults->faults == before)
		return reader.file;
	devfile_free(reader.file);
	return NULL;
}

static char *
read_whole(int fd, size_t size, size_t *len)
{
	char *bytes = malloc(size + 1);
	ssize_t got = 0;

	*len = 0;
	while (bytes && *len < size && (got = read(fd, bytes + *len, size - *len)) > 0)
		*len += (size_t)got;
	if (got >= 0)
		return bytes;
	free(bytes);
	return NULL;
}

struct devfile *
devfile_read(const char *path, struct faults *faults)
{
	/* Non-blocking, lest a FIFO holds us up. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct devfile *file = NULL;
	struct stat stat;
	char *bytes = NULL;
	size_t len;

	if (fd == -1 || fstat(fd, &stat) == -1) {
		faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
		goto out;
	}
	if (!S_ISREG(stat.st_mode) || stat.st_size > CONFFILE_MAX) {
		faults_add(faults, path, 0, "not a regular file, or larger than 4 MiB");
		goto out;
	}
	if (!(bytes = read_whole(fd, (size_t)stat.st_size, &len))) {
		faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
		goto out;
	}
	if ((file = devfile_parse(path, bytes, len, faults)))
		file->stat = stat;
out:
	free(bytes);
	if (fd != -1)
		close(fd);
	return file;
}

void
devfile_free(struct devfile *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->len; i++) {
		free(file->lines[i].name);
		free(file->lines[i].value);
	}
	free(file->lines);
	free(file);
}
