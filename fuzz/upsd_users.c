/* upsd_users - upsd.users, asked about who may do what: the answers must be those of a slow second
 * reading of upsd.users(5), which looks through the whole file for each question. */
#include "fuzz/lib/fuzz.h"

#include "upsd/users.h"

static void
add_acl(struct access_list *list, const char *text)
{
	struct conffile *file = conffile_from("upsd.conf", text, strlen(text));
	struct faults none = { 0 };
	struct words words;

	must(file, "no memory");
	while (conffile_next(file, &words, &none))
		access_add(list, &words, "upsd.conf", 1, &none);
	conffile_close(file);
	must(none.len == 0, "%s", faults_first(&none));
}

/* ---- the slow reading ---- */

static const uint8_t *input;
static size_t input_len;

/* Is VALUE (NULL: anything) on a line KEY of section NAME?  WITH_CASE or without. */
static bool
slow_has(const char *name, const char *key, const char *value, bool with_case)
{
	struct conffile *file = conffile_from("x", (const char *)input, input_len);
	struct faults none = { 0 };
	struct words words;
	bool inside = false, found = false;

	must(file, "no memory");
	while (conffile_next(file, &words, &none)) {
		const char *section = conffile_section(&words);

		if (section)
			inside = !strcmp(section, name);
		else if (inside && !strcasecmp(words.word[0], key))
			for (size_t i = 1; i < words.len; i++)
				found =
				    found || (i == 1 && !strcmp(words.word[i], "=")
						     ? false
						     : !value || !(with_case ? strcmp : strcasecmp)(
								     words.word[i], value));
	}
	conffile_close(file);
	faults_free(&none);
	return found;
}

static bool
slow_may(const char *name, enum user_action action)
{
	bool primary =
	    slow_has(name, "upsmon", "primary", false) || slow_has(name, "upsmon", "master", false);

	switch (action) {
	case USER_LOGIN:
		return primary || slow_has(name, "upsmon", "secondary", false) ||
		       slow_has(name, "upsmon", "slave", false) ||
		       slow_has(name, "actions", "LOGIN", false);
	case USER_PRIMARY:
		return primary || slow_has(name, "actions", "PRIMARY", false) ||
		       slow_has(name, "actions", "MASTER", false);
	case USER_FSD:
		return primary || slow_has(name, "actions", "FSD", false);
	default:
		return slow_has(name, "actions", "SET", false);
	}
}

/* One of KEY's values, or WITHOUT when there is no such line. */
static bool
slow_lists(const char *name, const char *key, const char *value, bool with_case, bool without)
{
	return slow_has(name, key, NULL, false) ? slow_has(name, key, value, with_case) : without;
}

static void
compare(const struct user *user, const char *name, const struct access_list *lists)
{
	static const char *const cmds[] = { "load.off", "test", "ALL" }, *const upses[] = { "u",
		"v" };
	struct addr peer;

	for (enum user_action action = USER_LOGIN; action <= USER_SET; action <<= 1)
		must(user_may(user, action) == slow_may(name, action), "%s and action %d", name,
		    action);
	for (size_t i = 0; i < 3; i++)
		must(user_may_instcmd(user, cmds[i]) ==
			 (slow_has(name, "instcmds", "ALL", false) ||
			     slow_has(name, "instcmds", cmds[i], false)),
		    "%s and %s", name, cmds[i]);
	for (size_t i = 0; i < 2; i++)
		must(user_may_act_on(user, upses[i]) ==
			 slow_lists(name, "ups", upses[i], false, true),
		    "%s and [%s]", name, upses[i]);
	addr_parse(&peer, "10.0.0.1", 0);
	must(user_may_come_from(user, lists, &peer) ==
		 slow_lists(name, "allowfrom", "here", true, true),
	    "%s from 10.0.0.1", name);
	must(user_password(user, "m") == slow_has(name, "password", "m", true), "%s and m", name);
	must(user_is_usable(user) == slow_has(name, "password", NULL, false), "%s is usable", name);
}

static void
compare_all(const struct users *users, const struct access_list *lists)
{
	struct conffile *file = conffile_from("x", (const char *)input, input_len);
	struct faults none = { 0 };
	struct words words;

	must(file, "no memory");
	for (int n = 0; n < 20 && conffile_next(file, &words, &none); n++) {
		const char *name = conffile_section(&words);

		if (name)
			compare(users_find(users, name), name, lists);
	}
	conffile_close(file);
	faults_free(&none);
}

/* ---- */

static void
say_user(
    const struct users *users, const char *name, const struct access_list *lists, struct buf *said)
{
	const struct user *user = users_find(users, name);
	const char *hash = users_hash(users, user);
	struct addr peer;

	must(!user_password(NULL, "m"), "nobody has a password");
	if (!user)
		return;
	addr_parse(&peer, "10.0.0.1", 0);
	buf_add_format(said, "%s: %d %d%d%d%d %d%d %d%d %d %d %s\n", name, user_is_usable(user),
	    user_may(user, USER_LOGIN), user_may(user, USER_PRIMARY), user_may(user, USER_FSD),
	    user_may(user, USER_SET), user_may_instcmd(user, "load.off"),
	    user_may_instcmd(user, "test"), user_may_act_on(user, "u"), user_may_act_on(user, "v"),
	    user_may_come_from(user, lists, &peer), user_password(user, "m"), hash ? hash : "-");
	must(!user_password(user, "m") || user_is_usable(user), "%s has a password", name);
	must(!user_password(user, NULL) && !user_password(user, "a password nobody has"), "%s",
	    name);
}

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct fuzz_scarcity scarcity = fuzz_pause();
	struct access_list *lists = access_new();
	struct users *users;

	must(lists, "no memory");
	add_acl(lists, "ACL here 10.0.0.0/8\nACL there 192.0.2.1/32\n");
	fuzz_go_on(scarcity);
	if (!(users = users_new())) {
		said->failed = true;
		access_free(lists);
		return;
	}
	users_parse(users, file, faults);
	users_finish(users, conffile_path(file), lists, NULL, faults);
	scarcity = fuzz_pause();
	say_user(users, "mon", lists, said);
	say_user(users, "a", lists, said);
	say_user(users, "", lists, said);
	if (!faults->faults)
		compare_all(users, lists);
	fuzz_go_on(scarcity);
	users_free(users);
	access_free(lists);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input = data;
	input_len = size;
	fuzz_conf("upsd.users", data, size, take);
	return 0;
}
