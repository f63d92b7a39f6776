#include "upsd/users.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* The values of all lines of one key. */
struct names {
	struct name {
		char *text;
		unsigned line;
	} * list;
	size_t len;
};

struct user {
	char *name;
	unsigned line;
	char *password; /* NULL: nobody can be this user */
	bool hashed;
	unsigned actions;
	bool all_instcmds;
	struct names instcmds;
	struct names upses, allowfrom; /* empty: any */
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
names_free(struct names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->list[i].text);
	free(names->list);
}

static bool
names_add(struct names *names, const char *text, unsigned line)
{
	struct name *grown = reallocarray(names->list, names->len + 1, sizeof(*grown));

	if (grown)
		names->list = grown;
	if (!grown || !(grown[names->len].text = strdup(text)))
		return false;
	grown[names->len++].line = line;
	return true;
}

/* These names compare without case. */
static bool
names_have(const struct names *names, const char *text)
{
	for (size_t i = 0; i < names->len; i++)
		if (!strcasecmp(names->list[i].text, text))
			return true;
	return false;
}

static void
user_free(struct user *user)
{
	free(user->name);
	words_free_secret(user->password);
	names_free(&user->instcmds);
	names_free(&user->upses);
	names_free(&user->allowfrom);
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

/* Tell what is odd about PASSWORD, never PASSWORD itself.  Is it a hash? */
static bool
look_at_password(struct reader *reader, const char *password)
{
	switch (hash_look(password)) {
	case HASH_GOOD:
		return true;
	case HASH_WEAK:
		warning(reader,
		    "the hash of the password of [%s] is of a kind that is quick to guess",
		    reader->user->name);
		return true;
	case HASH_BROKEN:
		fault(reader,
		    "the password of [%s] begins like a hash of crypt(5) but is cut off or "
		    "mistyped",
		    reader->user->name);
		return true;
	case HASH_UNKNOWN:
		warning(reader,
		    "the password of [%s] begins like a hash, but of no kind that is known: it is "
		    "taken as the password itself",
		    reader->user->name);
		return false;
	case HASH_NONE:
		break;
	}
	return false;
}

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
	else
		reader->user->hashed = look_at_password(reader, values[0]);
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

/* To NAMES; one that is there already is told of. */
static void
add_names(struct reader *reader, struct names *names, char **values, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (names_have(names, values[i]))
			warning(reader, "%s was there already", values[i]);
		else if (!names_add(names, values[i], conffile_line(reader->file)))
			fault(reader, "out of memory");
	}
}

static void
add_instcmds(struct reader *reader, char **values, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!strcasecmp(values[i], "ALL"))
			reader->user->all_instcmds = true;
		else if (!names_add(
			     &reader->user->instcmds, values[i], conffile_line(reader->file)))
			fault(reader, "out of memory");
}

static void
add_upses(struct reader *reader, char **values, size_t len)
{
	add_names(reader, &reader->user->upses, values, len);
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

/* Names of ACLs, which compare with case. */
static void
add_allowfrom(struct reader *reader, char **values, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!names_add(&reader->user->allowfrom, values[i], conffile_line(reader->file)))
			fault(reader, "out of memory");
}

static const struct {
	const char *key;
	void (*take)(struct reader *reader, char **values, size_t len);
} keys[] = {
	{ "password", set_password },
	{ "actions", add_actions },
	{ "instcmds", add_instcmds },
	{ "upsmon", set_upsmon },
	{ "ups", add_upses },
	{ "allowfrom", add_allowfrom },
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
	user->line = conffile_line(reader->file);
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
}

static bool
has_rights(const struct user *user)
{
	return user->actions || user->all_instcmds || user->instcmds.len;
}

static void
check_user(const struct user *user, const char *path, struct access_list *lists,
    const struct upsconf *upsconf, struct faults *faults)
{
	const struct name *name;

	if (!user->password)
		faults_warn(faults, path, user->line,
		    "user [%s] has no password and so cannot be used", user->name);
	if (user->upses.len && !has_rights(user))
		faults_warn(faults, path, user->upses.list[0].line,
		    "user [%s] has no right that `ups' could limit: no actions, instcmds or upsmon",
		    user->name);
	for (size_t i = 0; i < user->upses.len; i++) {
		name = &user->upses.list[i];
		if (upsconf && !upsconf_find(upsconf, name->text))
			faults_warn(
			    faults, path, name->line, "no UPS [%s] in ups.conf", name->text);
	}
	for (size_t i = 0; i < user->allowfrom.len; i++) {
		name = &user->allowfrom.list[i];
		if (!access_use_acl(lists, name->text))
			faults_add(faults, path, name->line,
			    "allowfrom: no ACL %s is defined in upsd.conf", name->text);
	}
}

void
users_finish(struct users *users, const char *path, struct access_list *lists,
    const struct upsconf *upsconf, struct faults *faults)
{
	for (size_t i = 0; i < users->len; i++)
		check_user(users->list[i], path, lists, upsconf, faults);
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
user_is_usable(const struct user *user)
{
	return user && user->password;
}

const char *
users_hash(const struct users *users, const struct user *user)
{
	if (user_is_usable(user))
		return user->hashed ? user->password : NULL;
	for (size_t i = 0; i < users->len; i++)
		if (users->list[i]->password && users->list[i]->hashed)
			return users->list[i]->password;
	return NULL;
}

bool
user_password(const struct user *user, const char *password)
{
	static const char nobody[] = "no password is as long as this one";
	bool plain = user_is_usable(user) && !user->hashed;

	return words_same_secret(plain ? user->password : nobody, password) && plain;
}

bool
user_may_come_from(
    const struct user *user, const struct access_list *lists, const struct addr *peer)
{
	if (!user)
		return false;
	for (size_t i = 0; i < user->allowfrom.len; i++)
		if (access_acl_holds(lists, user->allowfrom.list[i].text, peer))
			return true;
	return user->allowfrom.len == 0;
}

bool
user_may(const struct user *user, enum user_action action)
{
	return user && (user->actions & action) == (unsigned)action;
}

bool
user_may_instcmd(const struct user *user, const char *cmd)
{
	return user && (user->all_instcmds || names_have(&user->instcmds, cmd));
}

bool
user_may_act_on(const struct user *user, const char *ups)
{
	return user && (user->upses.len == 0 || names_have(&user->upses, ups));
}
