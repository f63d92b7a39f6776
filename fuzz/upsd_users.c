/* upsd_users - upsd.users, asked about who may do what. */
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
	say_user(users, "mon", lists, said);
	say_user(users, "a", lists, said);
	say_user(users, "", lists, said);
	users_free(users);
	access_free(lists);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("upsd.users", data, size, take);
	return 0;
}
