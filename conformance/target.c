#include "target.h"

#include "dialect.h"

#include <fnmatch.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void
die(const char *file, int line, const char *what)
{
	fprintf(stderr, "nut-conform: %s:%d: %s\n", file, line, what);
	exit(2);
}

static char *
copy(const char *text)
{
	char *made = strdup(text);

	if (!made) {
		fprintf(stderr, "nut-conform: out of memory\n");
		exit(2);
	}
	return made;
}

/* A path as the target file wrote it: relative ones begin at the build folder. */
static char *
place(const char *build, const char *path)
{
	char whole[PATH_MAX];

	if (*path == '/')
		return copy(path);
	snprintf(whole, sizeof(whole), "%s/%s", build, path);
	return copy(whole);
}

/* A reason must lead somewhere: a numbered sentence, or a document. */
static bool
cites(const char *reason)
{
	regex_t pattern;
	bool found;

	if (regcomp(&pattern, "([MNSRTU]-[0-9]+)|docs/|RFC [0-9]+", REG_EXTENDED | REG_NOSUB))
		return false;
	found = !regexec(&pattern, reason, 0, NULL, 0);
	regfree(&pattern);
	return found;
}

/* The last line that fits counts: so a file may correct what it is like. */
static const char *
add_line(struct target *target, char *pattern, char *reason, bool skip)
{
	struct deviation *grown =
	    realloc(target->deviations, (target->deviations_len + 1) * sizeof(*grown));

	if (!grown)
		return "out of memory";
	target->deviations = grown;
	grown[target->deviations_len++] = (struct deviation){ pattern, reason, skip };
	return NULL;
}

static const char *
add_deviation(struct target *target, char *text, bool skip)
{
	char *reason = text + strcspn(text, " \t");

	if (*reason)
		*reason++ = '\0';
	reason += strspn(reason, " \t");
	if (!cites(reason))
		return "the reason must cite a sentence (R-16, N-3.4, M-2) or a document";
	return add_line(target, copy(text), copy(reason), skip);
}

static const char *
add_pairing(struct pairing **all, size_t *len, struct pairing made)
{
	struct pairing *grown = realloc(*all, (*len + 1) * sizeof(*grown));

	if (!grown)
		return "out of memory";
	*all = grown;
	grown[(*len)++] = made;
	return NULL;
}

/* "drives PROGRAM DEVICE...", "quick PROGRAM DEVICE...", "with PROGRAM DEVICE OPTION". */
static const char *
add_pairings(struct target *target, const char *word, char *text)
{
	const char *program = strtok(text, " \t"), *device = strtok(NULL, " \t"), *error = NULL;

	if (!program || !device)
		return "a program and a device are wanted";
	if (!strcmp(word, "with")) {
		const char *option = strtok(NULL, "");

		if (!option)
			return "an option is wanted";
		option += strspn(option, " \t");
		return add_pairing(&target->options, &target->options_len,
		    (struct pairing){ copy(program), copy(device), copy(option), false });
	}
	for (; !error && device; device = strtok(NULL, " \t"))
		error = add_pairing(&target->pairs, &target->pairs_len,
		    (struct pairing){ copy(program), copy(device), NULL, *word == 'q' });
	return error;
}

static bool read_file(struct target *target, const char *name, const char *build);

static const char *
like(struct target *target, const char *name, const char *build)
{
	bool found;

	if (++target->likes > 8)
		return "like another that is like another ... without end";
	found = read_file(target, name, build);
	target->likes--;
	return found ? NULL : "there is no such target file";
}

static const char *
take_line(struct target *target, const char *build, char *line)
{
	char *value = line + strcspn(line, " \t=");
	const struct {
		const char *key;
		char **to;
		bool path;
	} keys[] = {
		{ "name", &target->name, false },
		{ "bindir", &target->bindir, true },
		{ "sbindir", &target->sbindir, true },
		{ "driverdir", &target->driverdir, true },
		{ "upsd", &target->upsd, false },
		{ "driver", &target->driver, false },
		{ "upsmon", &target->upsmon, false },
		{ "pid_dir", &target->pid_dir, false },
		{ "as_root", &target->as_root, false },
		{ "driver_options", &target->driver_options, false },
		{ "tls", &target->tls, false },
	};

	if (*value)
		*value++ = '\0';
	value += strspn(value, " \t=");
	if (!strcmp(line, "like"))
		return like(target, value, build);
	if (!strcmp(line, "holds"))
		return add_line(target, copy(value), NULL, false);
	if (!strcmp(line, "deviation") || !strcmp(line, "skip"))
		return add_deviation(target, value, *line == 's');
	if (!strcmp(line, "drives") || !strcmp(line, "quick") || !strcmp(line, "with"))
		return add_pairings(target, line, value);
	if (!strcmp(line, "confdialect"))
		return target_speak(target, value) ? NULL
						   : "no such dialect; there are 2.8 and 2.7.4";
	if (!strcmp(line, "fresh_drivers")) {
		target->fresh_drivers = !strcmp(value, "yes");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(line, keys[i].key))
			continue;
		free(*keys[i].to);
		*keys[i].to = keys[i].path ? place(build, value) : copy(value);
		return NULL;
	}
	return "unknown word; see docs/conformance.md, \"Target files\"";
}

bool
target_speak(struct target *target, const char *name)
{
	const struct dialect *dialect = dialect_find(name);

	if (dialect)
		target->dialect = dialect;
	return dialect != NULL;
}

const char *
target_foreground(const struct target *target)
{
	return target->driver_options ? target->driver_options : target->dialect->foreground;
}

FILE *
target_open_data(const char *name, const char *build, char *path, size_t size)
{
	static const char *const places[] = { "/../conformance", "/../../conformance",
		"/share/nut-conform", "/conformance" };
	FILE *file = NULL;

	for (size_t i = 0; !file && i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, size, "%s%s/%s", build, places[i], name);
		file = fopen(path, "r");
	}
	return file;
}

/* NAME as a file: itself if it holds a slash, or among those that come with the suite. */
static FILE *
open_target(const char *name, const char *build, char *path, size_t size)
{
	char in_suite[NAME_MAX];

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return fopen(path, "r");
	}
	snprintf(in_suite, sizeof(in_suite), "targets/%s.conf", name);
	return target_open_data(in_suite, build, path, size);
}

static bool
read_file(struct target *target, const char *name, const char *build)
{
	char path[PATH_MAX], line[2048];
	FILE *file = open_target(name, build, path, sizeof(path));
	int at = 0;

	while (file && fgets(line, sizeof(line), file)) {
		char *start = line + strspn(line, " \t");
		const char *error;

		at++;
		line[strcspn(line, "\n")] = '\0';
		if (!*start || *start == '#')
			continue;
		error = take_line(target, build, start);
		if (error)
			die(path, at, error);
	}
	if (file)
		fclose(file);
	return file != NULL;
}

struct target *
target_read(const char *name, const char *build)
{
	struct target *target = calloc(1, sizeof(*target));

	if (!target) {
		fprintf(stderr, "nut-conform: out of memory\n");
		exit(2);
	}
	target->name = copy(name);
	target->bindir = place(build, "bin");
	target->sbindir = place(build, "sbin");
	target->driverdir = place(build, "drivers");
	target->upsd = copy("upsd");
	target->driver = copy("dummy-ups");
	target->upsmon = copy("upsmon");
	target->pid_dir = copy("");
	target->as_root = copy("");
	target->dialect = dialect_find("2.8");
	target->tls = copy("openssl");
	if (!read_file(target, name, build)) {
		fprintf(stderr, "nut-conform: no target file for '%s'\n", name);
		exit(2);
	}
	return target;
}

const struct deviation *
target_deviation(const struct target *target, const char *id)
{
	for (size_t i = target->deviations_len; i-- > 0;)
		if (!fnmatch(target->deviations[i].pattern, id, 0))
			return target->deviations[i].reason ? &target->deviations[i] : NULL;
	return NULL;
}

static void
free_pairings(struct pairing *all, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		free(all[i].program);
		free(all[i].device);
		free(all[i].option);
	}
	free(all);
}

void
target_free(struct target *target)
{
	if (!target)
		return;
	free_pairings(target->pairs, target->pairs_len);
	free_pairings(target->options, target->options_len);
	for (size_t i = 0; i < target->deviations_len; i++) {
		free(target->deviations[i].pattern);
		free(target->deviations[i].reason);
	}
	free(target->deviations);
	free(target->name);
	free(target->bindir);
	free(target->sbindir);
	free(target->driverdir);
	free(target->upsd);
	free(target->driver);
	free(target->upsmon);
	free(target->pid_dir);
	free(target->as_root);
	free(target->driver_options);
	free(target->tls);
	free(target);
}
