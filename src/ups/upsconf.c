#include "ups/upsconf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VALUES_MAX 256 /* in one section */

enum kind {
	NUMBER,	     /* min..max */
	FLAG,	     /* alone on its line */
	SYNCHRONOUS, /* auto, yes or no */
	TEXT,	     /* anything but nothing */
	FOLDER	     /* an absolute path */
};

enum { ABOVE = 1, INSIDE = 2, BOTH = 3 }; /* the first section; a section */

/* What we check for all readers.  Inside a section any other key is the driver's own. */
static const struct directive {
	const char *key;
	unsigned where;
	enum kind kind;
	long min, max;
} directives[] = {
	{ "chroot", ABOVE, FOLDER, 0, 0 },
	{ "driverpath", ABOVE, FOLDER, 0, 0 },
	{ "statepath", ABOVE, FOLDER, 0, 0 },
	{ "nowait", ABOVE, FLAG, 0, 0 },
	{ "reconnect_max_tries", ABOVE, NUMBER, -1, 1000000 },
	{ "reconnect_report_freq", ABOVE, NUMBER, 0, 1000000 },
	{ "LIBUSB_DEBUG", ABOVE, NUMBER, 0, 4 },
	{ "maxstartdelay", BOTH, NUMBER, 1, 3600 },
	{ "maxretry", BOTH, NUMBER, 1, 1000 },
	{ "retrydelay", BOTH, NUMBER, 0, 3600 },
	{ "pollinterval", BOTH, NUMBER, 1, 3600 },
	{ "synchronous", BOTH, SYNCHRONOUS, 0, 0 },
	{ "debug_min", BOTH, NUMBER, 0, 99 },
	{ "user", BOTH, TEXT, 0, 0 },
	{ "group", BOTH, TEXT, 0, 0 },
	{ "driver", INSIDE, TEXT, 0, 0 },
	{ "port", INSIDE, TEXT, 0, 0 },
	{ "sdorder", INSIDE, NUMBER, -1, 10000 },
	{ "sdcommands", INSIDE, TEXT, 0, 0 },
	{ "nolock", INSIDE, FLAG, 0, 0 },
	{ "ignorelb", INSIDE, FLAG, 0, 0 },
};

/* One reading: where we are and whom to tell. */
struct reading {
	struct upsconf *conf;
	struct conffile *file;
	struct faults *faults;
	struct upsconf_ups *ups; /* NULL above the first section, and in one that is refused */
	bool inside;
};

#define fault(reading, ...) conffile_fault((reading)->file, (reading)->faults, __VA_ARGS__)

static const struct directive *
find_directive(const char *key, unsigned where)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++)
		if ((directives[i].where & where) && strcmp(directives[i].key, key) == 0)
			return &directives[i];
	return NULL;
}

/* VALUE is NULL when there was no "=". */
static bool
check(struct reading *reading, const struct directive *directive, const char *value)
{
	const char *key = directive->key;
	long number;

	if (directive->kind == FLAG) {
		if (value)
			fault(reading, "%s stands alone, without a value", key);
		return !value;
	}
	if (!value || !*value) {
		fault(reading, "%s needs a value: %s = ...", key, key);
		return false;
	}
	switch (directive->kind) {
	case NUMBER:
		if (conffile_number(value, directive->min, directive->max, &number))
			return true;
		fault(reading, "%s must be a whole number from %ld to %ld, not \"%s\"", key,
		    directive->min, directive->max, value);
		return false;
	case SYNCHRONOUS:
		if (strcmp(value, "auto") == 0 || strcmp(value, "yes") == 0 ||
		    strcmp(value, "no") == 0)
			return true;
		fault(reading, "synchronous must be auto, yes or no, not \"%s\"", value);
		return false;
	case FOLDER:
		if (*value == '/')
			return true;
		fault(reading, "%s must be a path from the root, not \"%s\"", key, value);
		return false;
	default:
		return true;
	}
}

/* Clients may decode ASCII only: what the UPS is called gets a ? for each foreign byte.  Anywhere
 * else, where it would change a meaning, such a byte is a fault. */
static bool
check_bytes(struct reading *reading, const char *key, char *value)
{
	bool published = strcmp(key, "desc") == 0 || strncmp(key, "default.", 8) == 0 ||
			 strncmp(key, "override.", 9) == 0;
	bool foreign = false;

	for (char *c = value; c && *c; c++) {
		if (*c >= ' ' && *c <= '~')
			continue;
		foreign = true;
		if (published)
			*c = '?';
	}
	if (foreign && published)
		conffile_warn(
		    reading->file, reading->faults, "each 8-bit byte of %s is shown as ?", key);
	else if (foreign)
		fault(reading, "%s holds 8-bit bytes", key);
	return published || !foreign;
}

static bool
add_value(struct reading *reading, const char *key, const char *value)
{
	struct upsconf *conf = reading->conf;
	struct upsconf_value **list = reading->ups ? &reading->ups->values : &conf->globals;
	size_t *len = reading->ups ? &reading->ups->len : &conf->globals_len;
	struct upsconf_value *grown, new = { .line = conffile_line(reading->file) };

	if (*len == VALUES_MAX) {
		fault(reading, "more than %d lines in one section", VALUES_MAX);
		return true;
	}
	grown = realloc(*list, (*len + 1) * sizeof(*grown));
	if (!grown)
		return false;
	*list = grown;
	new.key = strdup(key);
	new.value = value ? strdup(value) : NULL;
	if (!new.key || (value && !new.value)) {
		free(new.key);
		free(new.value);
		return false;
	}
	grown[(*len)++] = new;
	return true;
}

/* Sections that are refused still get their lines checked, but keep none.  false: no memory. */
static bool
open_section(struct reading *reading, const char *name)
{
	struct upsconf *conf = reading->conf;
	const struct upsconf_ups *twin;
	struct upsconf_ups *grown;

	reading->inside = true;
	reading->ups = NULL;
	if (!words_is_name(name)) {
		fault(reading,
		    "[%s]: a UPS name has only letters, digits, dots, dashes and underscores",
		    name);
		return true;
	}
	if (strcmp(name, "default") == 0) {
		fault(reading, "[default] is no name for a UPS");
		return true;
	}
	twin = upsconf_find(conf, name);
	if (twin) {
		fault(reading, "[%s] is there already, on line %u", name, twin->line);
		return true;
	}
	if (conf->ups_len == UPSCONF_UPS_MAX) {
		fault(reading, "more than %d UPSes", UPSCONF_UPS_MAX);
		return true;
	}
	grown = realloc(conf->ups, (conf->ups_len + 1) * sizeof(*grown));
	if (!grown)
		return false;
	conf->ups = grown;
	grown[conf->ups_len] =
	    (struct upsconf_ups){ .name = strdup(name), .line = conffile_line(reading->file) };
	if (!grown[conf->ups_len].name)
		return false;
	reading->ups = &grown[conf->ups_len++];
	return true;
}

/* "key" or "key = value".  false: no memory. */
static bool
read_directive(struct reading *reading, struct words *words)
{
	char *key = words->word[0], *value = words->len == 3 ? words->word[2] : NULL;
	const struct directive *directive;

	if (words->len > 1 && strcmp(words->word[1], "=") != 0) {
		fault(reading, "write %s = value, or one word alone", key);
		return true;
	}
	if (words->len == 2) {
		fault(reading, "%s = has no value", key);
		return true;
	}
	if (words->len > 3) {
		fault(reading, "more than one word after %s =: put quotes around the value", key);
		return true;
	}
	if (!words_is_name(key)) {
		fault(reading, "\"%s\" is no directive", key);
		return true;
	}
	directive = find_directive(key, reading->inside ? INSIDE : ABOVE);
	if (!directive && !reading->inside) {
		fault(reading, "no such directive above the first section: %s", key);
		return true;
	}
	if (directive && !check(reading, directive, value))
		return true;
	if (strcmp(key, "driver") == 0 && reading->inside && !words_is_name(value)) {
		fault(reading, "\"%s\" is no name of a driver", value);
		return true;
	}
	if (strcmp(key, "sddelay") == 0)
		conffile_warn(
		    reading->file, reading->faults, "sddelay is obsolete and does nothing");
	if (!check_bytes(reading, key, value) || (reading->inside && !reading->ups))
		return true;
	return add_value(reading, key, value);
}

static void
check_complete(const struct upsconf *conf, struct faults *faults)
{
	for (size_t i = 0; i < conf->ups_len; i++) {
		const struct upsconf_ups *ups = &conf->ups[i];

		if (!upsconf_get(ups, "driver"))
			faults_add(faults, conf->path, ups->line, "[%s] has no driver", ups->name);
		if (!upsconf_get(ups, "port"))
			faults_add(faults, conf->path, ups->line, "[%s] has no port", ups->name);
	}
}

/* Passwords for a UPS on the network.  A warning only: NUT never minded, and drivers must start. */
static void
warn_of_secrets(const struct upsconf *conf, const struct conffile *file, struct faults *faults)
{
	static const char *const secrets[] = { "password", "community", "authPassword",
		"privPassword" };

	for (size_t i = 0; i < conf->ups_len; i++)
		for (size_t j = 0; j < sizeof(secrets) / sizeof(*secrets); j++)
			if (upsconf_get(&conf->ups[i], secrets[j])) {
				conffile_check_secret(file, true, faults);
				return;
			}
}

struct upsconf *
upsconf_from(struct conffile *file, struct faults *faults)
{
	struct upsconf *conf = calloc(1, sizeof(*conf));
	struct reading reading = { .conf = conf, .file = file, .faults = faults };
	struct words words;
	bool enough = conf && (conf->path = strdup(conffile_path(file)));

	while (enough && conffile_next(file, &words, faults)) {
		char *section = conffile_section(&words);

		if (section) {
			enough = open_section(&reading, section);
		} else if (words.word[0][0] == '[') {
			fault(&reading, "a section is one word in brackets, such as [myups]");
			reading.inside = true;
			reading.ups = NULL;
		} else {
			enough = read_directive(&reading, &words);
		}
	}
	if (!enough) {
		fault(&reading, "out of memory");
		upsconf_free(conf);
		return NULL;
	}
	check_complete(conf, faults);
	warn_of_secrets(conf, file, faults);
	return conf;
}

struct upsconf *
upsconf_read(const char *path, struct faults *faults)
{
	struct conffile *file = conffile_read(path, faults);
	struct upsconf *conf;

	if (!file)
		return NULL;
	conf = upsconf_from(file, faults);
	conffile_close(file);
	return conf;
}

static void
values_free(struct upsconf_value *values, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		free(values[i].key);
		words_free_secret(values[i].value); /* as some drivers' are */
	}
	free(values);
}

void
upsconf_free(struct upsconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->ups_len; i++) {
		free(conf->ups[i].name);
		values_free(conf->ups[i].values, conf->ups[i].len);
	}
	free(conf->ups);
	values_free(conf->globals, conf->globals_len);
	free(conf->path);
	free(conf);
}

const struct upsconf_ups *
upsconf_find(const struct upsconf *conf, const char *name)
{
	for (size_t i = 0; i < conf->ups_len; i++)
		if (strcasecmp(conf->ups[i].name, name) == 0)
			return &conf->ups[i];
	return NULL;
}

static const char *
last_value(const struct upsconf_value *values, size_t len, const char *key)
{
	while (len-- > 0)
		if (strcmp(values[len].key, key) == 0)
			return values[len].value ? values[len].value : "";
	return NULL;
}

const char *
upsconf_get(const struct upsconf_ups *ups, const char *key)
{
	return last_value(ups->values, ups->len, key);
}

const char *
upsconf_global(const struct upsconf *conf, const char *key)
{
	return last_value(conf->globals, conf->globals_len, key);
}
