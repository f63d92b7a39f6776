/* tcp-wrappers, against tcpdmatch(8), which comes with libwrap but decides by its own main(). */
#include "wrap/wrap.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct world *world;
static struct loop *loop;
static int helper = -1;
static char folder[] = "/tmp/refnut-wrap-XXXXXX", allow[64], deny[64];

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

static void
begin(void)
{
	static const struct helper_kind *const more[] = { &wrap_helper, NULL };

	cr_assert(mkdtemp(folder));
	snprintf(allow, sizeof(allow), "%s/hosts.allow", folder);
	snprintf(deny, sizeof(deny), "%s/hosts.deny", folder);
	wrap_tables(allow, deny);
	cr_assert_neq(helper = helper_start(NULL, more), -1);
	cr_assert(world = world_kernel_new(helper));
	cr_assert(loop = loop_new(world));
}

static void
begin_libwrap(void)
{
	if (!wrap_available())
		cr_skip_test("built without libwrap");
	begin();
}

static void
end(void)
{
	if (!loop)
		return;
	loop_free(loop);
	world_kernel_free(world);
	close(helper);
	(void)unlink(allow);
	(void)unlink(deny);
	cr_expect_eq(rmdir(folder), 0);
}

TestSuite(wrap, .init = begin_libwrap, .fini = end, .timeout = 60);
TestSuite(wrap_ask, .init = begin, .fini = end, .timeout = 60);

static bool served, done;

static void
answered(void *owner, const char *answer, size_t len)
{
	served = helper_is_yes(answer);
	done = true;
}

static bool
asked_by(const char *user, const char *client, const char *server)
{
	done = served = false;
	cr_assert(wrap_ask(loop, client, server, user, answered, NULL));
	cr_assert(loop_run_until(loop, &done, 15000));
	return served;
}

/* What tcpdmatch says; -1: it is not installed. */
static int
oracle(const char *user, const char *client)
{
	char command[256], line[256];
	int verdict = -1;
	FILE *from;

	snprintf(command, sizeof(command),
	    "cd %s && PATH=$PATH:/usr/sbin tcpdmatch -d upsd '%s@%s' 2>/dev/null", folder, user,
	    client);
	from = popen(command, "r");
	cr_assert(from);
	while (fgets(line, sizeof(line), from)) {
		if (strstr(line, "granted"))
			verdict = 1;
		else if (strstr(line, "denied"))
			verdict = 0;
	}
	pclose(from);
	return verdict;
}

Test(wrap, it_decides_as_tcpdmatch_does)
{
	static const struct {
		const char *allow, *deny;
	} tables[] = {
		{ "", "" },
		{ "", "upsd: ALL\n" },
		{ "upsd: 10.0.0.0/24\n", "ALL: ALL\n" },
		{ "upsd: mon@10.0.0.1, adm@10.0.0.2\n", "upsd: ALL\n" },
		{ "upsd: mon@10.0.0. EXCEPT 10.0.0.2\n", "upsd: ALL\n" },
		{ "upsd: 10.0.0.1: DENY\nupsd: ALL: ALLOW\n", "" },
		{ "upsd: KNOWN@10.0.0.1\n", "upsd: ALL\n" },
		{ "upsd: UNKNOWN@ALL\n", "upsd: ALL\n" },
		{ "ups : mon@10.0.0.1/32\n", "upsd : ALL\n" }, /* the misprint of 2.7.4 */
		{ "upsd: [2001:db8::]/32\n", "upsd: ALL\n" },
		{ "upsd: 0.0.0.0/0\n", "upsd: ALL\n" },
		{ "upsd: 10.0.0.5/24\n", "upsd: ALL\n" },
		{ "upsd 10.0.0.1\n", "upsd: ALL\n" },
		{ "upsd: .evil@ALL\n", "upsd: ALL\n" },
	};
	static const char *const users[] = { "mon", "MON", "adm", "unknown", "x.evil" };
	static const char *const clients[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "2001:db8::1" };

	if (oracle("mon", "10.0.0.1") == -1)
		cr_skip_test("no tcpdmatch");
	for (size_t t = 0; t < sizeof(tables) / sizeof(*tables); t++) {
		write_file(allow, tables[t].allow);
		write_file(deny, tables[t].deny);
		for (size_t u = 0; u < sizeof(users) / sizeof(*users); u++)
			for (size_t c = 0; c < sizeof(clients) / sizeof(*clients); c++)
				cr_expect_eq(asked_by(users[u], clients[c], "unknown"),
				    oracle(users[u], clients[c]), "%s%s%s@%s", tables[t].allow,
				    tables[t].deny, users[u], clients[c]);
	}
}

Test(wrap, without_files_everybody_is_served)
{
	cr_expect(asked_by("mon", "10.0.0.1", "unknown"));
}

Test(wrap, the_daemon_is_upsd_at_the_address_the_client_came_to)
{
	write_file(allow, "");
	write_file(deny, "upsd@10.0.0.9: ALL\n");
	cr_expect_not(asked_by("mon", "10.0.0.1", "10.0.0.9"));
	cr_expect(asked_by("mon", "10.0.0.1", "10.0.0.8"));
}

/* U-13: a new line counts at once. */
Test(wrap, the_files_are_read_for_each_question)
{
	write_file(deny, "upsd: ALL\n");
	cr_expect_not(asked_by("mon", "10.0.0.1", "unknown"));
	write_file(deny, "");
	cr_expect(asked_by("mon", "10.0.0.1", "unknown"));
}

/* U-13 */
Test(wrap, twist_refuses_and_runs_nothing)
{
	char text[256], made[128];

	snprintf(made, sizeof(made), "%s/made", folder);
	snprintf(text, sizeof(text), "upsd: ALL: twist /bin/touch %s\n", made);
	write_file(allow, text);
	cr_expect_not(asked_by("mon", "10.0.0.1", "unknown"));
	cr_expect_not(asked_by("mon", "10.0.0.1", "unknown"));
	cr_expect_eq(access(made, F_OK), -1);
	write_file(allow, "");
	cr_expect(asked_by("mon", "10.0.0.1", "unknown"), "the helper is well");
}

Test(wrap, spawn_runs_in_the_helper)
{
	char text[256], made[128];

	snprintf(made, sizeof(made), "%s/made", folder);
	snprintf(text, sizeof(text), "upsd: ALL: spawn /bin/touch %s: DENY\n", made);
	write_file(allow, text);
	cr_expect_not(asked_by("mon", "10.0.0.1", "unknown"));
	cr_expect_eq(unlink(made), 0);
}

Test(wrap_ask, an_empty_user_is_never_shown_to_libwrap)
{
	char user[WRAP_USER_MAX + 2];

	write_file(allow, "upsd: mon@ALL\n");
	cr_expect_null(wrap_ask(loop, "10.0.0.1", "unknown", "", answered, NULL));
	memset(user, 'x', sizeof(user) - 1);
	user[sizeof(user) - 1] = '\0';
	cr_expect_null(wrap_ask(loop, "10.0.0.1", "unknown", user, answered, NULL));
	cr_expect_eq(errno, EINVAL);
	/* Not even when the question is made by hand. */
	done = false;
	cr_assert(helper_ask(loop, "wrap 10.0.0.1 unknown ", answered, NULL));
	cr_assert(loop_run_until(loop, &done, 5000));
	cr_expect_not(served);
}

Test(wrap, a_slow_line_holds_up_no_other_question)
{
	struct helper_question *slow;

	write_file(allow, "upsd: slow@ALL: spawn (sleep 20)\n");
	slow = wrap_ask(loop, "10.0.0.1", "unknown", "slow", answered, NULL);
	cr_assert(slow);
	for (int i = 0; i < 8; i++)
		cr_expect(asked_by("mon", "10.0.0.1", "unknown"));
	helper_withdraw(slow);
}
