#include "upsd/users.h"

#include <stdlib.h>
#include <string.h>

struct user {
	char *name;
	char *password; /* NULL: nobody can be this user */
	unsigned actions;
	bool all_instcmds;
	char **instcmds;
	size_t instcmds_len;
};

struct users {
	struct user **list; /* in the file's order */
	size_t len;
};

struct users *
users_new(void)
{
	return calloc(1, sizeof(struct users));
}

static void
user_free(struct user *user)
{
	free(user->name);
	words_free_secret(user->password);
	for (size_t i = 0; i < user->instcmds_len; i++)
		free(user->instcmds[i]);
	free(user->instcmds);
	free(user);
}

void
users_free(struct users *users)
{
	if (!users)
		return;
	for (size_t i = 0; i < users->len; i++)
		user_free(users->list[i]);
	free(users->list);
	free(users);
}

/* What is being read: the file, the section we are in, where complaints go. */
struct reader {
	struct conffile *file;
	struct faults *faults;
	struct user *user;
};

#define fault(reader, ...)                                                                         \
	faults_add((reader)->faults, conffile_path((reader)->file), conffile_line((reader)->file), \
	    __VA_ARGS__)
#define warning(reader, ...)                                                                       \
	faults_warn((reader)->faults, conffile_path((reader)->file),                               \
	    conffile_line((reader)->file), __VA_ARGS__)

static void
set_password(struct reader *reader, char **values, size_t len)
{
	if (len != 1)
		fault(reader, "a password is one word; put it in quotes");
	else if (!*values[0])
		fault(reader, "the password of [%s] is empty", reader->user->name);
	else if (reader->user->password)
		fault(reader, "[%s] has a password already", reader->user->name);
	else if (!(reader->user->password = strdup(values[0])))
		fault(reader, "out of memory");
}

static void
add_actions(struct reader *reader, char **values, size_t len)
{
	static const struct {
		const char *word;
		unsigned action;
	} actions[] = {
		{ "SET", USER_SET },
		{ "FSD", USER_FSD },
		{ "LOGIN", USER_LOGIN },
		{ "PRIMARY", USER_PRIMARY },
		{ "MASTER", USER_PRIMARY },
	};

	for (size_t i = 0; i < len; i++) {
		unsigned action = 0;

		for (size_t k = 0; k < sizeof(actions) / sizeof(*actions); k++)
			if (!strcasecmp(values[i], actions[k].word))
				action = actions[k].action;
		if (!action)
			warning(reader, "no such action: %s (SET, FSD, LOGIN, PRIMARY)", values[i]);
		reader->user->actions |= action;
	}
}

static void
add_instcmds(struct reader *reader, char **values, size_t len)
{
	struct user *user = reader->user;

	for (size_t i = 0; i < len; i++) {
		char **grown;

		if (!strcasecmp(values[i], "ALL")) {
			user->all_instcmds = true;
			continue;
		}
		grown = reallocarray(user->instcmds, user->instcmds_len + 1, sizeof(*grown));
		if (grown)
			user->instcmds = grown;
		if (!grown || !(grown[user->instcmds_len] = strdup(values[i]))) {
			fault(reader, "out of memory");
			return;
		}
		user->instcmds_len++;
	}
}

static void
set_upsmon(struct reader *reader, char **values, size_t len)
{
	unsigned *actions = &reader->user->actions;

	if (len != 1)
		fault(reader, "upsmon is followed by primary or secondary");
	else if (!strcasecmp(values[0], "primary") || !strcasecmp(values[0], "master"))
		*actions |= USER_LOGIN | USER_PRIMARY | USER_FSD;
	else if (!strcasecmp(values[0], "secondary") || !strcasecmp(values[0], "slave"))
		*actions |= USER_LOGIN;
	else
		fault(reader, "upsmon is primary or secondary, not %s", values[0]);
}

/* These restrict a user; passing over them would grant more than was meant. */
static void
refuse(struct reader *reader, char **values, size_t len)
{
	fault(reader, "limits on where a user comes from are not supported yet; remove the line");
}

static const struct {
	const char *key;
	void (*take)(struct reader *reader, char **values, size_t len);
} keys[] = {
	{ "password", set_password },
	{ "actions", add_actions },
	{ "instcmds", add_instcmds },
	{ "upsmon", set_upsmon },
	{ "allowfrom", refuse },
};

static void
take_line(struct reader *reader, struct words *words)
{
	/* "key = value ..." and, for upsmon, "key value" */
	size_t first = words->len > 1 && !strcmp(words->word[1], "=") ? 2 : 1;

	if (!reader->user) {
		fault(reader, "%s stands above the first [user]", words->word[0]);
		return;
	}
	if (words->eight_bit) {
		fault(reader, "a byte outside ASCII");
		return;
	}
	if (words->len == first) {
		fault(reader, "%s has no value", words->word[0]);
		return;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!strcasecmp(words->word[0], keys[i].key)) {
			keys[i].take(reader, words->word + first, words->len - first);
			return;
		}
	fault(reader, "no such key: %s", words->word[0]);
}

static struct user *
new_section(struct users *users, struct reader *reader, const char *name)
{
	struct user **grown, *user;

	if (!*name || users_find(users, name)) {
		fault(reader, *name ? "user [%s] was there already" : "[%s] has no name", name);
		/* Its lines are still read, into nobody, so that other faults show. */
	}
	user = calloc(1, sizeof(*user));
	grown = reallocarray(users->list, users->len + 1, sizeof(*grown));
	if (grown)
		users->list = grown;
	if (!user || !grown || !(user->name = strdup(name))) {
		fault(reader, "out of memory");
		free(user);
		return NULL;
	}
	grown[users->len++] = user;
	return user;
}

void
users_parse(struct users *users, struct conffile *file, struct faults *faults)
{
	struct reader reader = { .file = file, .faults = faults };
	struct words words;

	while (conffile_next(file, &words, faults)) {
		const char *name = conffile_section(&words);

		if (name)
			reader.user = new_section(users, &reader, name);
		else
			take_line(&reader, &words);
	}
	for (size_t i = 0; i < users->len; i++)
		if (!users->list[i]->password)
			faults_warn(faults, conffile_path(file), 0,
			    "user [%s] has no password and so cannot be used",
			    users->list[i]->name);
}

const struct user *
users_find(const struct users *users, const char *name)
{
	for (size_t i = 0; i < users->len; i++)
		if (!strcmp(users->list[i]->name, name))
			return users->list[i];
	return NULL;
}

bool
user_password(const struct user *user, const char *password)
{
	static const char nobody[] = "no password is as long as this one";
	bool same = words_same_secret(user && user->password ? user->password : nobody, password);

	return same && user && user->password;
}

bool
user_may(const struct user *user, enum user_action action)
{
	return user && (user->actions & action) == (unsigned)action;
}

bool
user_may_instcmd(const struct user *user, const char *cmd)
{
	if (!user)
		return false;
	for (size_t i = 0; i < user->instcmds_len; i++)
		if (!strcasecmp(user->instcmds[i], cmd))
			return true;
	return user->all_instcmds;
}
