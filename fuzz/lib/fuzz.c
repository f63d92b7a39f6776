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

/* What TAKE says of the file, LEN bytes, and behind it the faults; NULL: there was no memory to say
 * it. */
static char *
said_of(const char *name, const void *bytes, size_t size, fuzz_take *take, struct faults *faults,
    size_t *len)
{
	struct fuzz_scarcity scarcity = fuzz_pause();
	struct conffile *file = conffile_from(name, bytes, size);
	struct buf said = { .max = 16u << 20 };
	unsigned last = (unsigned)size + 1;
	char *text = NULL;

	must(file && buf_new_room(&said, 4096), "no memory");
	fuzz_go_on(scarcity);
	take(file, faults, &said);
	scarcity = fuzz_pause();
	must(conffile_line(file) <= last, "line %u of %zu bytes", conffile_line(file), size);
	conffile_close(file);
	*len = buf_len(&said);
	for (size_t i = 0; i < faults->len; i++)
		buf_add_format(
		    &said, "%s%s\n", faults->list[i].warning ? "(" : "", faults->list[i].text);
	buf_add(&said, "", 1);
	if (!said.failed)
		must(text = buf_steal(&said), "no memory");
	buf_free(&said);
	fuzz_go_on(scarcity);
	return text;
}

/* COUNT allocations were made when there was memory. */
static void
read_scarcely(const char *name, const uint8_t *data, size_t size, fuzz_take *take,
    const char *expect, size_t expect_len, size_t count)
{
	struct faults faults = { 0 };
	char *said;
	size_t len;

	fuzz_scarce_by(data, size, count);
	said = said_of(name, data, size, take, &faults, &len);
	(void)fuzz_plenty();
	/* A warning may be lost. */
	must(!said || faults.faults || (len == expect_len && !memcmp(said, expect, len)),
	    "without memory it says\n%snot\n%s", said, expect);
	faults_free(&faults);
	free(said);
}

void
fuzz_conf(const char *name, const uint8_t *data, size_t size, fuzz_take *take)
{
	struct buf again = { .max = 16u << 20 };
	struct conffile *file = conffile_from(name, (const char *)data, size);
	struct faults faults = { 0 };
	char *first, *second;
	size_t count, len, again_len;

	fuzz_log();
	must(file, "no memory");
	fuzz_scarce(0, false);
	must(first = said_of(name, data, size, take, &faults, &len), "too much is said");
	count = fuzz_plenty();
	faults_free(&faults);
	if (print_again(file, &again) && buf_len(&again) <= CONFFILE_MAX) {
		const char *bytes = buf_bytes(&again) ? buf_bytes(&again) : "";

		second = said_of(name, bytes, buf_len(&again), take, &faults, &again_len);
		must(second && !strcmp(first, second), "as written:\n%sand printed again, %.*s\n%s",
		    first, (int)buf_len(&again), bytes, second ? second : "too much");
		faults_free(&faults);
		free(second);
	}
	read_scarcely(name, data, size, take, first, len, count);
	buf_free(&again);
	free(first);
	conffile_close(file);
}
