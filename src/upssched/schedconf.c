#include "upssched/schedconf.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *word;
	enum sched_action action;
	size_t min, max; /* words behind it */
} actions[] = {
	{ "START-TIMER", SCHED_START, 2, 2 },
	{ "START-TIMER-SHARED", SCHED_START_SHARED, 2, 2 },
	{ "CANCEL-TIMER", SCHED_CANCEL, 1, 2 },
	{ "CANCEL-TIMER-MATCHED", SCHED_CANCEL_MATCHED, 1, 1 },
	{ "EXECUTE", SCHED_EXECUTE, 1, 1 },
};

struct reading {
	struct schedconf *conf;
	const struct words *line;
	const struct conffile *file;
	struct faults *faults;
	bool unusable;
};

#define fault(reading, ...)                                                                        \
	((reading)->unusable = true,                                                               \
	    conffile_fault((reading)->file, (reading)->faults, __VA_ARGS__))
#define bad_line(reading, ...) conffile_warn((reading)->file, (reading)->faults, __VA_ARGS__)

static void
set(struct reading *reading, char **field)
{
	if (reading->line->len != 2) {
		bad_line(reading, "%s takes one word, a path; put quotes around more",
		    reading->line->word[0]);
		return;
	}
	free(*field);
	if (!(*field = strdup(reading->line->word[1])))
		fault(reading, "out of memory");
}

/* "AT type ups action ..." */
static void
add_at(struct reading *reading)
{
	struct schedconf *conf = reading->conf;
	const struct words *line = reading->line;
	struct sched_at at = { .line = conffile_line(reading->file) }, *list;
	size_t i = 0, count = sizeof(actions) / sizeof(*actions);

	if (!conf->cmdscript || !conf->pipefn || !conf->lockfn) {
		fault(reading, "CMDSCRIPT, PIPEFN and LOCKFN must stand above the first AT");
		return;
	}
	if (line->len < 4) {
		bad_line(reading, "AT takes a notification, a UPS or *, and an action");
		return;
	}
	while (i < count && strcmp(line->word[3], actions[i].word))
		i++;
	if (i == count) {
		bad_line(reading, "no such action: %s", line->word[3]);
		return;
	}
	if (line->len - 4 < actions[i].min || line->len - 4 > actions[i].max) {
		bad_line(reading, "%s takes %zu words behind it", actions[i].word, actions[i].min);
		return;
	}
	at.action = actions[i].action;
	if ((at.action == SCHED_START || at.action == SCHED_START_SHARED) &&
	    !conffile_number(line->word[5], 0, SCHED_SECONDS_MAX, &at.seconds)) {
		bad_line(reading, "%s: not a number of seconds: %s", line->word[4], line->word[5]);
		return;
	}
	list = reallocarray(conf->at, conf->len + 1, sizeof(*list));
	if (!list) {
		fault(reading, "out of memory");
		return;
	}
	conf->at = list;
	at.type = strdup(line->word[1]);
	at.ups = strdup(line->word[2]);
	at.name = strdup(line->word[4]);
	if (at.action == SCHED_CANCEL && line->len == 6 && !(at.otherwise = strdup(line->word[5])))
		fault(reading, "out of memory");
	if (!at.type || !at.ups || !at.name)
		fault(reading, "out of memory");
	list[conf->len++] = at;
}

/* A line that cannot be used must not take the others with it: it is told of and passed over.  Only
 * what every line needs makes the file unusable. */
static void
take_line(struct reading *reading)
{
	const char *word = reading->line->word[0];

	if (!strcmp(word, "AT"))
		add_at(reading);
	else if (!strcmp(word, "CMDSCRIPT"))
		set(reading, &reading->conf->cmdscript);
	else if (!strcmp(word, "PIPEFN"))
		set(reading, &reading->conf->pipefn);
	else if (!strcmp(word, "LOCKFN"))
		set(reading, &reading->conf->lockfn);
	else if (!strcmp(word, "DEBUG_MIN") && reading->line->len == 2 &&
		 conffile_number(reading->line->word[1], 0, 9, &reading->conf->debug_min))
		return;
	else
		bad_line(reading, "no such directive, or not in this form: %s", word);
}

struct schedconf *
schedconf_from(struct conffile *file, struct faults *faults)
{
	struct schedconf *conf = calloc(1, sizeof(*conf));
	struct words line;
	struct reading reading = { .conf = conf, .line = &line, .file = file, .faults = faults };

	if (!conf) {
		faults_add(faults, conffile_path(file), 0, "out of memory");
		return NULL;
	}
	conf->debug_min = -1;
	while (conffile_next(file, &line, faults))
		take_line(&reading);
	if (reading.unusable) {
		schedconf_free(conf);
		return NULL;
	}
	return conf;
}

struct schedconf *
schedconf_read(const char *path, struct faults *faults)
{
	struct conffile *file = conffile_read(path, faults);
	struct schedconf *conf;

	if (!file)
		return NULL;
	conf = schedconf_from(file, faults);
	conffile_close(file);
	return conf;
}

void
schedconf_free(struct schedconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->len; i++) {
		free(conf->at[i].type);
		free(conf->at[i].ups);
		free(conf->at[i].name);
		free(conf->at[i].otherwise);
	}
	free(conf->at);
	free(conf->cmdscript);
	free(conf->pipefn);
	free(conf->lockfn);
	free(conf);
}

bool
sched_matches(const struct sched_at *at, const char *type, const char *ups)
{
	return !strcasecmp(at->type, type) && (!strcmp(at->ups, "*") || !strcmp(at->ups, ups));
}
