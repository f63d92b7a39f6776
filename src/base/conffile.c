#include "base/conffile.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FAULTS_KEPT 200 /* enough for a person; the rest is counted only */

struct conffile {
	char *path;  /* owned */
	char *bytes; /* owned; ends in a newline */
	size_t len, at;
	unsigned next_line; /* physical line at AT */
	unsigned line;
	struct stat stat;
};

static void add(struct faults *faults, bool warning, const char *path, unsigned line,
    const char *format, va_list args) __attribute__((format(printf, 5, 0)));

static void
add(struct faults *faults, bool warning, const char *path, unsigned line, const char *format,
    va_list args)
{
	struct buf text = { .max = 8192 };
	struct fault *list;

	if (!warning)
		faults->faults++;
	if (faults->len >= FAULTS_KEPT)
		return;
	list = realloc(faults->list, (faults->len + 1) * sizeof(*list));
	if (!list)
		return; /* the count says it all the same */
	faults->list = list;
	if (path && line)
		buf_add_format(&text, "%s:%u: ", path, line);
	else if (path)
		buf_add_format(&text, "%s: ", path);
	buf_add_vformat(&text, format, args);
	list[faults->len] = (struct fault){ .warning = warning, .text = buf_steal(&text) };
	if (list[faults->len].text)
		faults->len++;
}

void
faults_add(struct faults *faults, const char *path, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(faults, false, path, line, format, args);
	va_end(args);
}

void
faults_warn(struct faults *faults, const char *path, unsigned line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(faults, true, path, line, format, args);
	va_end(args);
}

void
conffile_fault(const struct conffile *file, struct faults *faults, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(faults, false, file->path, file->line, format, args);
	va_end(args);
}

void
conffile_warn(const struct conffile *file, struct faults *faults, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add(faults, true, file->path, file->line, format, args);
	va_end(args);
}

void
faults_note(struct faults *faults, const char *path, unsigned line, const char *format, ...)
{
	size_t before = faults->len;
	va_list args;

	va_start(args, format);
	add(faults, true, path, line, format, args);
	va_end(args);
	if (faults->len > before)
		faults->list[before].note = true;
}

void
faults_free(struct faults *faults)
{
	for (size_t i = 0; i < faults->len; i++)
		free(faults->list[i].text);
	free(faults->list);
	*faults = (struct faults){ 0 };
}

void
faults_forgive(struct faults *faults)
{
	for (size_t i = 0; i < faults->len; i++)
		faults->list[i].warning = true;
	faults->faults = 0;
}

void
faults_log(const struct faults *faults)
{
	size_t shown = 0;

	for (size_t i = 0; i < faults->len; i++) {
		if (faults->list[i].note) {
			log_notice("%s", faults->list[i].text);
		} else if (faults->list[i].warning) {
			log_warnx("%s", faults->list[i].text);
		} else {
			log_error("%s", faults->list[i].text);
			shown++;
		}
	}
	if (faults->faults > shown)
		log_error("... and %zu faults more", faults->faults - shown);
}

const char *
faults_first(const struct faults *faults)
{
	for (size_t i = 0; i < faults->len; i++)
		if (!faults->list[i].warning)
			return faults->list[i].text;
	return faults->faults ? "something is wrong, but there is no memory to say what" : NULL;
}

/* A file over the bytes [0..len) of BYTES, which has room for one more and is ours now. */
static struct conffile *
make(const char *path, char *bytes, size_t len)
{
	struct conffile *file = calloc(1, sizeof(*file));
	char *name = strdup(path);

	if (!file || !name || !bytes) {
		free(file);
		free(name);
		free(bytes);
		errno = ENOMEM;
		return NULL;
	}
	if (!len || bytes[len - 1] != '\n')
		bytes[len++] = '\n';
	*file = (struct conffile){ .path = name, .bytes = bytes, .len = len, .next_line = 1 };
	return file;
}

struct conffile *
conffile_from(const char *path, const char *bytes, size_t len)
{
	char *copy;

	if (len > CONFFILE_MAX) {
		errno = EFBIG;
		return NULL;
	}
	copy = malloc(len + 1);
	if (copy && len)
		memcpy(copy, bytes, len);
	return make(path, copy, len);
}

/* All of FD, which may have grown since it was of SIZE bytes; at most CONFFILE_MAX, and room for
 * one more. */
static char *
read_whole(int fd, off_t size, size_t *len)
{
	size_t room = size < CONFFILE_MAX ? (size_t)size + 2 : CONFFILE_MAX + 2;
	char *bytes = malloc(room), *larger;
	ssize_t got;

	*len = 0;
	while (bytes && *len <= CONFFILE_MAX) {
		if (*len + 1 == room) {
			room = room < CONFFILE_MAX / 2 ? 2 * room : CONFFILE_MAX + 2;
			if (!(larger = realloc(bytes, room)))
				break;
			bytes = larger;
		}
		got = read(fd, bytes + *len, room - 1 - *len);
		if (got == 0)
			return bytes;
		if (got > 0)
			*len += (size_t)got;
		else if (errno != EINTR)
			break;
	}
	if (*len > CONFFILE_MAX)
		errno = EFBIG;
	free(bytes);
	return NULL;
}

struct conffile *
conffile_open(const char *path)
{
	/* Not to hang on a FIFO; for a regular file O_NONBLOCK changes nothing. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct conffile *file = NULL;
	struct stat stat;
	char *bytes = NULL;
	size_t len;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &stat) == 0) {
		if (S_ISREG(stat.st_mode))
			bytes = read_whole(fd, stat.st_size, &len);
		else
			errno = S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
	}
	if (bytes && (file = make(path, bytes, len)))
		file->stat = stat;
	error = errno;
	close(fd);
	errno = error;
	return file;
}

struct conffile *
conffile_read(const char *path, struct faults *faults)
{
	struct conffile *file = conffile_open(path);

	if (!file)
		faults_add(faults, path, 0, "cannot be read: %s", strerror(errno));
	return file;
}

void
conffile_close(struct conffile *file)
{
	if (!file)
		return;
	/* It may have held passwords. */
	explicit_bzero(file->bytes, file->len);
	free(file->bytes);
	free(file->path);
	free(file);
}

static unsigned
count_newlines(const char *from, const char *to)
{
	unsigned lines = 0;

	for (; from < to && (from = memchr(from, '\n', (size_t)(to - from))); from++)
		lines++;
	return lines;
}

/* Past the newline at which a line that is too long ends. */
static size_t
rest_of_line(const struct conffile *file)
{
	size_t from = file->len - file->at < WORDS_LINE_MAX ? file->len : file->at + WORDS_LINE_MAX;
	char *newline = memchr(file->bytes + from, '\n', file->len - from);

	return (newline ? (size_t)(newline - file->bytes) + 1 : file->len) - file->at;
}

bool
conffile_next(struct conffile *file, struct words *words, struct faults *faults)
{
	while (file->at < file->len) {
		char *start = file->bytes + file->at;
		size_t used;
		enum words_error error;

		error = words_cut(words, start, file->len - file->at, WORDS_FILE, &used);
		file->line = file->next_line;
		if (error == WORDS_MORE) {
			used = file->len - file->at;
		} else if (error == WORDS_LONG_LINE) {
			used = rest_of_line(file);
			words->lines = count_newlines(start, start + used);
		}
		file->at += used;
		file->next_line += words->lines;
		if (error)
			faults_add(faults, file->path, file->line, "%s", words_strerror(error));
		if (!words->len)
			continue;
		/* Lines joined in front of the first word are not where a reader looks. */
		if (words->word[0] > start && words->word[0] < start + used)
			file->line += count_newlines(start, words->word[0]);
		return true;
	}
	words->len = 0;
	return false;
}

unsigned
conffile_line(const struct conffile *file)
{
	return file->line;
}

const char *
conffile_path(const struct conffile *file)
{
	return file->path;
}

const struct stat *
conffile_stat(const struct conffile *file)
{
	return &file->stat;
}

void
conffile_check_secret(const struct conffile *file, bool allow, struct faults *faults)
{
	mode_t mode = conffile_stat(file)->st_mode & 07777;

	if (!(mode & (S_IROTH | S_IWOTH)))
		return;
	if (allow)
		faults_warn(faults, conffile_path(file), 0,
		    "mode %04o: everybody may read or write this file with passwords; chmod o= it",
		    (unsigned)mode);
	else
		faults_add(faults, conffile_path(file), 0,
		    "mode %04o: everybody may read or write this file with passwords; chmod o= it, "
		    "or set NUT_ALLOW_OPEN_FILES=yes",
		    (unsigned)mode);
}

void
conffile_check_folder(const char *path, bool allow, struct faults *faults)
{
	struct stat st;

	if (stat(path, &st) == -1 || !(st.st_mode & S_IWOTH))
		return;
	if (allow)
		faults_warn(faults, path, 0,
		    "mode %04o: everybody may put a driver's socket here; chmod o-w it",
		    (unsigned)st.st_mode & 07777);
	else
		faults_add(faults, path, 0,
		    "mode %04o: everybody may put a driver's socket here; chmod o-w it, or set "
		    "NUT_ALLOW_OPEN_FILES=yes",
		    (unsigned)st.st_mode & 07777);
}

char *
conffile_section(struct words *words)
{
	char *word = words->len == 1 ? words->word[0] : "";
	size_t len = strlen(word);

	if (len < 2 || word[0] != '[' || word[len - 1] != ']')
		return NULL;
	word[len - 1] = '\0';
	return word + 1;
}

bool
conffile_bool(const char *text, bool *out)
{
	static const struct {
		const char *text;
		bool value;
	} words[] = { { "true", true }, { "on", true }, { "yes", true }, { "1", true },
		{ "false", false }, { "off", false }, { "no", false }, { "0", false } };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcasecmp(text, words[i].text) == 0) {
			*out = words[i].value;
			return true;
		}
	return false;
}

bool
conffile_number(const char *text, long min, long max, long *out)
{
	const char *digits = text + (*text == '-');
	long value;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return false;
	errno = 0;
	value = strtol(text, NULL, 10);
	if (errno || value < min || value > max)
		return false;
	*out = value;
	return true;
}
