#include "upsd/descriptions.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	char *name, *quoted; /* owned */
};

/* In the file's order while it is read, by name afterwards. */
struct list {
	struct entry *entry;
	size_t len, size;
};

struct descriptions {
	struct list vars, cmds;
};

struct descriptions *
descriptions_new(void)
{
	return calloc(1, sizeof(struct descriptions));
}

static void
list_free(struct list *list)
{
	for (size_t i = 0; i < list->len; i++) {
		free(list->entry[i].name);
		free(list->entry[i].quoted);
	}
	free(list->entry);
}

void
descriptions_free(struct descriptions *descriptions)
{
	if (!descriptions)
		return;
	list_free(&descriptions->vars);
	list_free(&descriptions->cmds);
	free(descriptions);
}

static bool
list_add(struct list *list, const char *name, const char *text)
{
	struct buf quoted = { .max = 2 * WORD_LEN_MAX + 3 };
	struct entry *entry;

	if (list->len == list->size) {
		size_t size = list->size ? list->size * 2 : 64;

		entry = reallocarray(list->entry, size, sizeof(*entry));
		if (!entry)
			return false;
		list->entry = entry;
		list->size = size;
	}
	entry = &list->entry[list->len];
	words_quote(&quoted, text);
	entry->quoted = buf_steal(&quoted);
	entry->name = strdup(name);
	if (!entry->quoted || !entry->name) {
		free(entry->quoted);
		free(entry->name);
		return false;
	}
	list->len++;
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

void
descriptions_parse(struct descriptions *descriptions, struct conffile *file, struct faults *faults)
{
	struct words words;

	while (conffile_next(file, &words, faults)) {
		struct list *list = NULL;

		if (words.len == 3 && !strcmp(words.word[0], "VARDESC"))
			list = &descriptions->vars;
		else if (words.len == 3 && !strcmp(words.word[0], "CMDDESC"))
			list = &descriptions->cmds;
		if (!list || words.eight_bit)
			faults_warn(faults, conffile_path(file), conffile_line(file),
			    "not VARDESC or CMDDESC, a name and a text in quotes");
		else if (!list_add(list, words.word[1], words.word[2]))
			faults_add(
			    faults, conffile_path(file), conffile_line(file), "out of memory");
	}
	if (descriptions->vars.len)
		qsort(descriptions->vars.entry, descriptions->vars.len, sizeof(struct entry),
		    by_name);
	if (descriptions->cmds.len)
		qsort(descriptions->cmds.entry, descriptions->cmds.len, sizeof(struct entry),
		    by_name);
}

static int
is_named(const void *name, const void *entry)
{
	return strcasecmp(name, ((const struct entry *)entry)->name);
}

static const char *
find(const struct list *list, const char *name)
{
	const struct entry *found =
	    list->len ? bsearch(name, list->entry, list->len, sizeof(*found), is_named) : NULL;

	return found ? found->quoted : NULL;
}

const char *
descriptions_var(const struct descriptions *descriptions, const char *name)
{
	return find(&descriptions->vars, name);
}

const char *
descriptions_cmd(const struct descriptions *descriptions, const char *name)
{
	return find(&descriptions->cmds, name);
}
