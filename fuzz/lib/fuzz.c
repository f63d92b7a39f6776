#include "fuzz/lib/fuzz.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

void
fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s:%d: %s does not hold: ", file, line, condition);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	abort();
}

static void
hear(void *owner, enum log_level level, const char *line)
{
	if (owner)
		fprintf(stderr, "log: %s\n", line);
}

void
fuzz_log(void)
{
	log_set(&(struct log_settings){ .name = "fuzz",
	    .debug = 5,
	    .quietest = LOG_LEVEL_DEBUG,
	    .sink = hear,
	    .sink_owner = getenv("FUZZ_LOG") });
}

void *
fuzz_copy(const void *bytes, size_t size)
{
	void *copy = malloc(size ? size : 1);

	must(copy, "no memory");
	if (size)
		memcpy(copy, bytes, size);
	return copy;
}

char *
fuzz_text(const void *bytes, size_t size)
{
	char *text = malloc(size + 1);

	must(text, "no memory");
	if (size)
		memcpy(text, bytes, size);
	text[size] = '\0';
	return text;
}

bool
fuzz_line(const uint8_t **data, const uint8_t *end, const char **line, size_t *len)
{
	const uint8_t *at = *data, *newline;

	if (at == end)
		return false;
	newline = memchr(at, '\n', (size_t)(end - at));
	*line = (const char *)at;
	*len = (size_t)((newline ? newline : end) - at);
	*data = newline ? newline + 1 : end;
	return true;
}

/* ---- files ---- */

static char folder[64];
static char files[8][128];

static void
remove_all(void)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files) && *files[i]; i++)
		(void)unlink(files[i]);
	(void)rmdir(folder);
}

const char *
fuzz_folder(void)
{
	if (*folder)
		return folder;
	strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/refnut-fuzz-XXXXXX"
						     : "/tmp/refnut-fuzz-XXXXXX");
	must(mkdtemp(folder), "%s", folder);
	atexit(remove_all);
	return folder;
}

void
fuzz_file(const char *name, const void *bytes, size_t size)
{
	char path[128];
	size_t i = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name);
	while (*files[i] && strcmp(files[i], path) != 0)
		must(++i < sizeof(files) / sizeof(*files), "too many files");
	strcpy(files[i], path);
	fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
	must(fd != -1 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0, "%s", path);
}

/* ---- configuration files ---- */

/* Each line again, in quotes where it needs them, on the line where it stood.  false: some line is
 * no words at all. */
static bool
print_again(struct conffile *file, struct buf *out)
{
	struct faults faults = { 0 };
	struct words words;
	unsigned at = 1;
	bool ok;

	while (conffile_next(file, &words, &faults)) {
		for (; at < conffile_line(file); at++)
			buf_add_text(out, "\n");
		for (size_t i = 0; i < words.len; i++) {
			if (strcmp(words.word[i], "=") != 0)
				words_quote(out, words.word[i]);
			else
				buf_add_text(out, "=");
			buf_add_text(out, " ");
		}
	}
	ok = faults.len == 0 && !out->failed;
	faults_free(&faults);
	return ok;
}

static char *
said_of(const char *name, const void *bytes, size_t size, fuzz_take *take)
{
	struct conffile *file = conffile_from(name, bytes, size);
	struct faults faults = { 0 };
	struct buf said = { .max = 16u << 20 };
	unsigned last = (unsigned)size + 1;
	char *text;

	must(file, "no memory");
	take(file, &faults, &said);
	must(conffile_line(file) <= last, "line %u of %zu bytes", conffile_line(file), size);
	conffile_close(file);
	for (size_t i = 0; i < faults.len; i++)
		buf_add_format(
		    &said, "%s%s\n", faults.list[i].warning ? "(" : "", faults.list[i].text);
	faults_free(&faults);
	buf_add(&said, "", 1);
	must(text = buf_steal(&said), "no memory");
	return text;
}

void
fuzz_conf(const char *name, const uint8_t *data, size_t size, fuzz_take *take)
{
	struct buf again = { .max = 16u << 20 };
	struct conffile *file = conffile_from(name, (const char *)data, size);
	char *first, *second;

	fuzz_log();
	must(file, "no memory");
	first = said_of(name, data, size, take);
	if (print_again(file, &again) && buf_len(&again) <= CONFFILE_MAX) {
		second = said_of(
		    name, buf_bytes(&again) ? buf_bytes(&again) : "", buf_len(&again), take);
		must(!strcmp(first, second), "as written:\n%sand printed again, %.*s\n%s", first,
		    (int)buf_len(&again), buf_bytes(&again) ? buf_bytes(&again) : "", second);
		free(second);
	}
	buf_free(&again);
	free(first);
	conffile_close(file);
}
