/* upsd.users: what it may say, and who may then do what: docs/man/upsd.users.5. */
#include "upsd/users.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* "secret", by mkpasswd(1) and `openssl passwd`. */
#define YESCRYPT "$y$j9T$dddZ3FuqVYp5E5dTCs5wd.$TmpMeutYxyauxXXtbXGycQqCwG/jnT86KmMt1eAgYL3"
#define SHA256 "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6"
#define MD5 "$1$RugaddaP$NYlgycF7f.HgonRCXfgFj0"

static struct access_list *lists;

/* Beside an upsd.conf with the ACLs "lan" and "v6" and a ups.conf with [u] and [Box]. */
static struct users *
parse_users(const char *text, struct faults *faults)
{
	static const char acls[] =
	    "ACL lan 10.0.0.0/24\nACL lan 10.0.2.0/24\nACL v6 2001:db8::/32\n";
	static const char upses[] = "[u]\ndriver = d\nport = p\n[Box]\ndriver = d\nport = p\n";
	struct users *users = users_new();
	struct conffile *file = conffile_from("upsd.users", text, strlen(text));
	struct conffile *conf = conffile_from("upsd.conf", acls, strlen(acls));
	struct conffile *ups_conf = conffile_from("ups.conf", upses, strlen(upses));
	struct upsconf *upsconf = upsconf_from(ups_conf, faults);
	struct words words;

	access_free(lists);
	lists = access_new();
	cr_assert(users && file && conf && upsconf && lists);
	while (conffile_next(conf, &words, faults))
		access_add(lists, &words, "upsd.conf", conffile_line(conf), faults);
	users_parse(users, file, faults);
	users_finish(users, "upsd.users", lists, upsconf, faults);
	conffile_close(file);
	conffile_close(conf);
	conffile_close(ups_conf);
	upsconf_free(upsconf);
	return users;
}

static void
end(void)
{
	access_free(lists);
	lists = NULL;
}

TestSuite(users, .fini = end);

/* Is FAULT, a beginning, what is said? */
static bool
begins(const char *said, const char *fault)
{
	return said && !strncmp(said, fault, strlen(fault));
}

Test(users, lines_are_taken_or_refused_with_the_line)
{
	static const struct {
		const char *text, *fault;
	} table[] = {
		{ "", NULL },
		{ "[a]\npassword = x\n[b]\npassword = y\n", NULL },
		{ "[a]\npassword x\nupsmon primary\n", NULL },
		{ "[a]\npassword = x\n[A]\npassword = y\n", NULL },
		{ "[a]\npassword = x\n[a]\npassword = y\n",
		    "upsd.users:3: user [a] was there already" },
		{ "[]\npassword = x\n", "upsd.users:1: " },
		{ "password = x\n", "upsd.users:1: password stands above the first [user]" },
		{ "[a]\npassword = x y\n", "upsd.users:2: a password is one word" },
		{ "[a]\npassword = \"\"\n", "upsd.users:2: the password of [a] is empty" },
		{ "[a]\npassword =\n", "upsd.users:2: password has no value" },
		{ "[a]\npassword\n", "upsd.users:2: password has no value" },
		{ "[a]\npassword = x\npassword = y\n", "upsd.users:3: [a] has a password already" },
		{ "[a]\npassword = x\nupsmon = tertiary\n",
		    "upsd.users:3: upsmon is primary or secondary, not tertiary" },
		{ "[a]\npassword = x\nupsmon primary now\n", "upsd.users:3: upsmon is followed" },
		{ "[a]\npassword = x\nallowfrom = lan v6\nallowfrom = lan\n", NULL },
		{ "[a]\npassword = x\nallowfrom = lan\n\nallowfrom = v6 nowhere\n",
		    "upsd.users:5: allowfrom: no ACL nowhere is defined in upsd.conf" },
		{ "[a]\npassword = x\nallowfrom = LAN\n", "upsd.users:3: allowfrom: no ACL LAN" },
		{ "[a]\npassword = x\nallowfrom =\n", "upsd.users:3: allowfrom has no value" },
		{ "[a]\npassword = x\nups = u box\nups = x\n", NULL },
		{ "[a]\npassword = x\nups\n", "upsd.users:3: ups has no value" },
		{ "[a]\npassword = " YESCRYPT "\n", NULL },
		{ "[a]\npassword = \"" SHA256 "\"\n", NULL },
		{ "[a]\npassword = $6$salt$short\n",
		    "upsd.users:2: the password of [a] begins like a hash of crypt(5) but is cut" },
		{ "[a]\npassword = $6$rounds=5000$salt$x\n",
		    "upsd.users:2: a password is one word; put it in quotes" },
		{ "[a]\npassword = x\naction = SET\n", "upsd.users:3: no such key: action" },
		{ "[a]\npassword = \"x#y\"\n", "upsd.users:2: " },
		{ "[a]\npassword = \"x\\#y\"\n", NULL },
		{ "[a]\npassword = p\xc3\xa4sse\n", "upsd.users:2: a byte outside ASCII" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };

		users_free(parse_users(table[i].text, &faults));
		cr_expect_eq(faults.faults, table[i].fault != NULL, "%s", table[i].text);
		cr_expect(!table[i].fault || begins(faults_first(&faults), table[i].fault),
		    "%s: %s", table[i].text, faults_first(&faults));
		faults_free(&faults);
	}
}

/* The rights of one user whose section is LINES. */
static unsigned
actions_of(const char *lines)
{
	struct faults faults = { 0 };
	char text[256];
	struct users *users;
	unsigned actions = 0;

	snprintf(text, sizeof(text), "[u]\npassword = x\n%s\n", lines);
	users = parse_users(text, &faults);
	cr_expect_eq(faults.faults, 0, "%s", lines);
	for (unsigned bit = USER_LOGIN; bit <= USER_SET; bit <<= 1)
		if (user_may(users_find(users, "u"), (enum user_action)bit))
			actions |= bit;
	users_free(users);
	faults_free(&faults);
	return actions;
}

Test(users, roles_and_actions_in_both_ages_words)
{
	const unsigned primary = USER_LOGIN | USER_PRIMARY | USER_FSD;

	cr_expect_eq(actions_of(""), 0);
	cr_expect_eq(actions_of("upsmon primary"), primary);
	cr_expect_eq(actions_of("upsmon = master"), primary);
	cr_expect_eq(actions_of("upsmon Secondary"), USER_LOGIN);
	cr_expect_eq(actions_of("upsmon slave"), USER_LOGIN);
	cr_expect_eq(actions_of("actions = SET"), USER_SET);
	cr_expect_eq(actions_of("ACTIONS = set fsd"), USER_SET | USER_FSD);
	cr_expect_eq(actions_of("actions = LOGIN\nactions = MASTER"), USER_LOGIN | USER_PRIMARY);
	cr_expect_eq(actions_of("actions = FLY"), 0);
}

Test(users, instant_commands_are_those_named_or_all)
{
	struct faults faults = { 0 };
	struct users *users = parse_users("[one]\npassword = x\ninstcmds = load.off\n"
					  "instcmds = beeper.mute test.battery.stop\n"
					  "[all]\npassword = x\ninstcmds = ALL\n"
					  "[none]\npassword = x\n[locked]\ninstcmds = ALL\n",
	    &faults);
	const struct user *one = users_find(users, "one"), *none = users_find(users, "none");

	cr_expect(user_may_instcmd(one, "load.off") && user_may_instcmd(one, "LOAD.OFF"));
	cr_expect(user_may_instcmd(one, "test.battery.stop"));
	cr_expect_not(user_may_instcmd(one, "load.on"));
	cr_expect_not(user_may_instcmd(one, "load"));
	cr_expect(user_may_instcmd(users_find(users, "all"), "anything"));
	cr_expect_not(user_may_instcmd(none, "load.off"));
	cr_expect_not(user_may_instcmd(NULL, "load.off"));
	cr_expect_eq(faults.faults, 0);
	cr_expect_eq(faults.len, 1, "the user without a password is warned about");
	cr_expect_not(user_password(users_find(users, "locked"), ""));
	users_free(users);
	faults_free(&faults);
}

Test(users, a_password_is_right_as_a_whole)
{
	struct faults faults = { 0 };
	struct users *users = parse_users("[u]\npassword = \"se cret\"\n", &faults);
	const struct user *user = users_find(users, "u");

	cr_expect(user_password(user, "se cret"));
	cr_expect_not(user_password(user, "se cre"));
	cr_expect_not(user_password(user, "se cret "));
	cr_expect_not(user_password(user, "SE CRET"));
	cr_expect_not(user_password(user, ""));
	cr_expect_not(user_password(NULL, "no password is as long as this one"));
	cr_expect_null(users_find(users, "U"));
	users_free(users);
	faults_free(&faults);
}

/* A child tries PASSWORD, in so many instructions; -1 where nobody may look on. */
static long
steps_to_try(const struct user *user, const char *password)
{
	long steps = 0;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(1);
		raise(SIGSTOP);
		user_password(user, password);
		raise(SIGSTOP);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (!WIFSTOPPED(status))
		return -1;
	do {
		cr_assert_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		steps++;
	} while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return steps;
}

/* A long one: strcmp() compares 32 bytes at once. */
Test(users, a_wrong_password_takes_as_long_wherever_it_is_wrong)
{
	struct faults faults = { 0 };
	char text[256], tried[101]; /* the same place in memory each time */
	struct users *users;
	long last, first;

	memset(tried, 'a', sizeof(tried) - 1);
	tried[sizeof(tried) - 1] = '\0';
	snprintf(text, sizeof(text), "[u]\npassword = %s\n", tried);
	users = parse_users(text, &faults);
	cr_assert(user_password(users_find(users, "u"), tried));
	tried[sizeof(tried) - 2] = 'x';
	last = steps_to_try(users_find(users, "u"), tried);
	tried[0] = 'x';
	first = steps_to_try(users_find(users, "u"), tried);
	cr_expect_eq(first, last, "%ld and %ld instructions", first, last);
	users_free(users);
	faults_free(&faults);
}

Test(users, no_message_holds_the_password)
{
	struct faults faults = { 0 };

	users_free(parse_users("[u]\npassword = hidden twice\n[v]\npassword = hidden\n"
			       "password = hidden\n[w]\npassword = hidden\xff\n"
			       "[x]\npassword = $6$hidden\n[y]\npassword = $sha1$hidden\n",
	    &faults));
	cr_expect_geq(faults.faults, 3);
	for (size_t i = 0; i < faults.len; i++)
		cr_expect_null(strstr(faults.list[i].text, "hidden"), "%s", faults.list[i].text);
	faults_free(&faults);
}

/* The only warning that TEXT makes; NULL: none. */
static const char *
warning_of(const char *text)
{
	static char told[256];
	struct faults faults = { 0 };

	users_free(parse_users(text, &faults));
	cr_expect_eq(faults.faults, 0, "%s", faults_first(&faults));
	cr_expect_leq(faults.len, 1, "%s", text);
	snprintf(told, sizeof(told), "%s", faults.len ? faults.list[0].text : "");
	faults_free(&faults);
	return *told ? told : NULL;
}

Test(users, nonsense_is_warned_about)
{
	static const struct {
		const char *text, *warning;
	} table[] = {
		{ "[a]\npassword = x\nupsmon primary\nups = u BOX\n", NULL },
		{ "[a]\npassword = x\ninstcmds = load.off\nups = u\n", NULL },
		{ "[a]\npassword = x\nallowfrom = lan\n", NULL },
		{ "[a]\npassword = " SHA256 "\n", NULL },
		{ "[b]\npassword = x\n\n[a]\nups = u\nupsmon primary\n",
		    "upsd.users:4: user [a] has no password and so cannot be used" },
		{ "[a]\npassword = x\nupsmon primary\nups = u\nups = nowhere\n",
		    "upsd.users:5: no UPS [nowhere] in ups.conf" },
		{ "[a]\npassword = x\nupsmon primary\nups = u U\n",
		    "upsd.users:4: U was there already" },
		{ "[a]\npassword = x\nups = u\n", "upsd.users:3: user [a] has no right that" },
		{ "[a]\npassword = x\nactions = FLY\n", "upsd.users:3: no such action: FLY" },
		{ "[a]\npassword = " MD5 "\n",
		    "upsd.users:2: the hash of the password of [a] is of" },
		{ "[a]\npassword = $sha1$1$x$y\n",
		    "upsd.users:2: the password of [a] begins like a" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const char *warning = warning_of(table[i].text);

		cr_expect(table[i].warning ? begins(warning, table[i].warning) : !warning, "%s: %s",
		    table[i].text, warning);
	}
}

Test(users, a_scope_names_upses_and_none_is_all)
{
	struct faults faults = { 0 };
	struct users *users = parse_users("[one]\npassword = x\nups = u\nupsmon primary\n"
					  "[two]\npassword = x\nups = u\nups = Box\n"
					  "[all]\npassword = x\n",
	    &faults);
	const struct user *one = users_find(users, "one"), *two = users_find(users, "two");

	cr_expect(user_may_act_on(one, "u") && user_may_act_on(one, "U"));
	cr_expect_not(user_may_act_on(one, "box"));
	cr_expect_not(user_may_act_on(one, ""));
	cr_expect(user_may_act_on(two, "U") && user_may_act_on(two, "box"));
	cr_expect(user_may_act_on(users_find(users, "all"), "box"));
	cr_expect_not(user_may_act_on(NULL, "u"));
	users_free(users);
	faults_free(&faults);
}

/* docs/access.md, F10 */
Test(users, allowfrom_lines_add_up_and_none_is_anywhere)
{
	static const struct {
		const char *user, *from;
		bool may;
	} table[] = {
		{ "lan", "10.0.0.7", true },
		{ "lan", "10.0.2.7", true },
		{ "lan", "::ffff:10.0.0.7", true },
		{ "lan", "10.0.1.7", false },
		{ "lan", "2001:db8::7", false },
		{ "both", "10.0.0.7", true },
		{ "both", "2001:db8::7", true },
		{ "both", "127.0.0.1", false },
		{ "any", "192.0.2.1", true },
		{ "ghost", "10.0.0.7", false },
	};
	struct faults faults = { 0 };
	struct users *users = parse_users("[lan]\npassword = x\nallowfrom = lan\n"
					  "[both]\npassword = x\nallowfrom = lan\nallowfrom = v6\n"
					  "[any]\npassword = x\n",
	    &faults);

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct addr from;

		cr_assert(addr_parse(&from, table[i].from, 1));
		cr_expect_eq(user_may_come_from(users_find(users, table[i].user), lists, &from),
		    table[i].may, "%s from %s", table[i].user, table[i].from);
	}
	/* What only users name is no list of who may connect. */
	cr_expect_eq(faults.len, 0);
	users_free(users);
}

Test(users, a_hash_is_not_the_password)
{
	struct faults faults = { 0 };
	struct users *users = parse_users("[plain]\npassword = secret\n[locked]\n"
					  "[one]\npassword = " SHA256 "\n"
					  "[two]\npassword = " YESCRYPT "\n",
	    &faults);

	cr_expect_not(user_password(users_find(users, "one"), SHA256));
	cr_expect_not(user_password(users_find(users, "one"), "secret"), "not without crypt(3)");
	cr_expect_str_eq(users_hash(users, users_find(users, "one")), SHA256);
	cr_expect_str_eq(users_hash(users, users_find(users, "two")), YESCRYPT);
	cr_expect_null(users_hash(users, users_find(users, "plain")));
	/* Those who are nobody cost as much as those who are somebody. */
	cr_expect_str_eq(users_hash(users, NULL), SHA256);
	cr_expect_str_eq(users_hash(users, users_find(users, "locked")), SHA256);
	cr_expect_not(user_is_usable(users_find(users, "locked")) || user_is_usable(NULL));
	users_free(users);
	users = parse_users("[plain]\npassword = secret\n", &faults);
	cr_expect_null(users_hash(users, NULL));
	cr_expect_not(user_password(NULL, "secret"));
	users_free(users);
	faults_free(&faults);
}
