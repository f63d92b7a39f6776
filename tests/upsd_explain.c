/* upsd --explain says what a running upsd does: random upsd.conf, upsd.users, tcp-wrappers,
 * address, request, user and password, by both.  (Its wording is judged in tests/upsd_access.c.) */
#include "upsd/explain.h"
#include "upsd/listen.h"
#include "upsd/seen.h"
#include "upsdstage.h"

#include <fcntl.h>
#include <netinet/tcp.h>

#define HASH_A "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6" /* here: of "a" */
#define DENIED "ERR ACCESS-DENIED\n"

static unsigned seed = 20261126;
static int logins; /* so often a request was granted that needs more than reading */

static size_t
any(size_t below)
{
	return (size_t)rand_r(&seed) % below;
}

#define PICK(array) array[any(sizeof(array) / sizeof(*(array)))]

/* ---- the world: who connects, what the helper says ---- */

static struct addr comes_from;
static const char *wrap_word; /* what tcp-wrappers say to all */

static int
accept_from(void *owner, int fd, struct addr *from)
{
	int got = fast_kernel->accept(owner, fd, from);

	if (got != -1)
		*from = comes_from;
	return got;
}

static int
answer_at_once(void *owner, const void *question, size_t len)
{
	bool crypt = len > 6 && !memcmp(question, "crypt ", 6);
	const char *word = wrap_word;
	int ends[2];

	if (crypt)
		word = !memcmp((const char *)question + len - 2, " a", 2) ? "yes" : "no";
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	cr_assert_neq(send(ends[1], word, strlen(word), 0), -1);
	close(ends[1]);
	return ends[0];
}

/* ---- a random configuration ---- */

static void
add_lists(char *text)
{
	static const char *const blocks[] = { "10.0.0.1/32", "10.0.0.0/24",
		"10.0.0.0/255.255.254.0", "10.0.0.0/8", "0.0.0.0/0", "0.0.0.0/0", "::/0",
		"127.0.0.0/8", "::1/128", "::/0", "2001:db8::/32", "2001:db8::/64", "fe80::/10",
		"::ffff:10.0.0.2/128" };
	static const char *const actions[] = { "grant", "grant", "grant", "grant", "deny", "drop" };
	static const char *const levels[] = { "base", "monitor", "login", "master", "manager",
		"all", "all", "all" };
	static const char *const passwords[] = { "", "", " a", " b" };
	static const char *const names[] = { "one", "two", "three" };

	for (size_t i = 0; i < 3; i++)
		for (size_t n = 1 + any(3); n > 0; n--)
			sprintf(text + strlen(text), "ACL %s %s\n", names[i], PICK(blocks));
	for (size_t n = any(3) ? any(6) : 0; n > 0; n--)
		sprintf(text + strlen(text), "ACCESS %s %s %s%s\n", PICK(actions), PICK(levels),
		    PICK(names), PICK(passwords));
	for (size_t n = any(3) ? 0 : 1 + any(3); n > 0; n--)
		sprintf(text + strlen(text), "%s %s\n", any(4) ? "ACCEPT" : "REJECT", PICK(names));
}

static void
add_users(char *text, bool acls)
{
	static const char *const passwords[] = { "a", "b", "\"" HASH_A "\"" };
	static const char *const rights[] = { "upsmon primary\n", "upsmon secondary\n",
		"actions = SET\n", "instcmds = load.off\n",
		"upsmon primary\nactions = SET\ninstcmds = ALL\n" };
	static const char *const narrow[] = { "", "", "ups = Dead\n", "ups = u\n",
		"allowfrom = one\n", "allowfrom = two three\n" };

	for (int i = 0; i < 3; i++)
		sprintf(text + strlen(text), "[user%d]\npassword = %s\n%s%s", i, PICK(passwords),
		    PICK(rights), narrow[any(acls ? 6 : 4)]);
	strcat(text, "[none]\nupsmon secondary\n");
}

/* Take it over as at a start.  false: it has faults. */
static bool
reload_random(void)
{
	char conf[4096] = "LISTEN 127.0.0.1\n", users[2048] = "", path[128];
	bool lists = any(2);

	if (lists)
		add_lists(conf);
	stage_file("upsd.conf", conf);
	snprintf(path, sizeof(path), "%s/upsd.users", stage.folder);
	unlink(path);
	if (any(4)) {
		add_users(users, lists);
		stage_file("upsd.users", users);
	}
	wrap_word = any(4) ? "yes" : "no";
	stage.upsd->wrap = any(2);
	stage.upsd->conf->has_users = false;
	stage.log[0] = '\0';
	upsd_reload(stage.upsd);
	return strstr(stage.log, "configuration reloaded");
}

/* ---- one question, by both ---- */

struct asked {
	const char *host, *request, *user, *password; /* NULL: nothing */
};

static const char *
explained(const struct asked *asked, bool knows_password)
{
	static char text[8192];
	struct faults faults = { 0 };
	struct upsdconf *conf = upsdconf_read(&stage.source, &faults);
	struct question question = { .request = asked->request,
		.user = asked->user,
		.knows_password = knows_password,
		.password = knows_password ? asked->password : NULL };
	struct buf out = { 0 };
	const char *hash, *password;

	cr_assert(conf && !faults.faults);
	cr_assert(addr_parse(&question.from, asked->host, 0));
	addr_unmap(&question.from);
	if (stage.upsd->wrap && explain_asks_wrap(&question))
		question.wrap = !strcmp(wrap_word, "yes") ? WRAP_YES : WRAP_NO;
	if ((hash = explain_hash(conf, &question, &password)))
		question.fits_hash = !strcmp(hash, HASH_A) && !strcmp(password, "a");
	explain(conf, &question, &out);
	snprintf(text, sizeof(text), "%.*s", (int)buf_len(&out), buf_bytes(&out));
	buf_free(&out);
	upsdconf_free(conf);
	faults_free(&faults);
	return text;
}

/* What comes back for TEXT, however long upsd takes. */
static const char *
patiently(int fd, const char *text)
{
	cr_assert_neq(send(fd, text, strlen(text), MSG_NOSIGNAL), -1);
	return client_hears(fd);
}

static int
knock(const char *host)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	struct addr at;

	/* After a request that is dropped, Nagle would wait in real time. */
	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)), 0);
	cr_assert(addr_parse(&comes_from, host, 1234));
	cr_assert(listen_address(stage.upsd, &at));
	cr_assert_eq(connect(fd, &at.any, sizeof(struct sockaddr_in)), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* As explain words it: NULL when it is granted. */
static const char *
done(const struct asked *asked)
{
	static const char *const refusals[] = { "ERR ACCESS-DENIED", "ERR USERNAME-REQUIRED",
		"ERR PASSWORD-REQUIRED" };
	char line[256];
	const char *got, *refused = NULL;
	int fd = knock(asked->host);

	seen_free(stage.upsd->throttle); /* how long it takes is not the question */
	stage.upsd->throttle = NULL;
	got = client_hears(fd);
	if (!strcmp(got, "<EOF>")) {
		refused = "closed at connect without a byte";
	} else if (*got) {
		cr_expect_str_eq(got, DENIED);
		refused = "ERR ACCESS-DENIED at connect, then closed";
	} else if (asked->request) {
		if (asked->user) {
			snprintf(line, sizeof(line), "USERNAME %s\n", asked->user);
			cr_expect_str_eq(patiently(fd, line), "OK\n");
		}
		if (asked->password) {
			snprintf(line, sizeof(line), "PASSWORD \"%s\"\n", asked->password);
			cr_expect_str_eq(patiently(fd, line), "OK\n");
		}
		snprintf(line, sizeof(line), "%s\n", asked->request);
		got = patiently(fd, line);
		if (!*got)
			refused = "no answer at all, the connection stays";
		for (size_t i = 0; i < 3; i++)
			if (!strncmp(got, refusals[i], strlen(refusals[i])))
				refused = refusals[i];
		cr_expect_null(strstr(got, "<EOF>"));
		got = patiently(fd, "NETVER\n");
		cr_expect_str_eq(got, "1.3\n", "after %s by %s (%s) from %s, %s: %s",
		    asked->request, asked->user, asked->password, asked->host, refused, got);
	}
	logins += !refused && asked->request &&
		  explain_asks_wrap(&(struct question){ .request = asked->request });
	close(fd);
	fast_turn(stage.loop, 2);
	return refused;
}

static void
compare(const struct asked *asked)
{
	static const char *const candidates[] = { "a", "b", "" };
	struct asked tries = *asked;
	const char *refused = done(asked), *text = explained(asked, true);
	bool grants = strstr(text, "\nverdict: grant"), possible = false;
	char last[100];

	cr_expect_eq(grants, !refused, "%s, %s (%s): %s, but\n%s", asked->user, asked->request,
	    asked->password, refused, text);
	snprintf(last, sizeof(last), ": %s\n", refused ? refused : "");
	cr_expect(!refused || strstr(text, last), "%s, %s (%s): %s, but\n%s", asked->user,
	    asked->request, asked->password, refused, text);
	/* Without a password: is there one with which it is granted? */
	for (size_t i = 0; i < 3 && !possible; i++) {
		tries.password = candidates[i];
		possible = !done(&tries);
	}
	text = explained(asked, false);
	grants = strstr(text, "\nverdict: grant");
	cr_expect_eq(grants, possible, "%s, %s: %spossible, but\n%s", asked->user, asked->request,
	    possible ? "" : "im", text);
}

Test(upsd_explain_random, what_is_said_is_what_is_done, .fini = stage_end)
{
	static const char *const hosts[] = { "10.0.0.1", "10.0.0.2", "10.0.1.1", "::ffff:10.0.0.1",
		"127.0.0.1", "::1", "fe80::1%lo", "2001:db8::1", "2001:db8:1::1", "192.0.2.1" };
	static const char *const requests[] = { NULL, "VER", "NONSENSE", "get var u ups.status",
		"LIST UPS", "LOGIN u", "LOGIN Dead", "PRIMARY u", "MASTER Dead", "fsd u",
		"SET VAR u ups.id x", "SET TRACKING ON", "INSTCMD u load.off",
		"instcmd u beeper.mute" };
	static const char *const users[] = { NULL, "user0", "user1", "user2", "user0", "user1",
		"user2", "none", "ghost" };
	static const char *const passwords[] = { NULL, "a", "a", "b", "" };
	int taken = 0;

	stage_live();
	fast_world.accept = accept_from;
	fast_world.ask = answer_at_once;
	cr_assert(listen_start(stage.upsd));
	for (int round = 0; round < 100; round++) {
		if (!reload_random())
			continue;
		taken++;
		for (int i = 0; i < 8; i++)
			compare(&(struct asked){
			    PICK(hosts), PICK(requests), PICK(users), PICK(passwords) });
	}
	cr_expect_gt(taken, 20);
	cr_expect_gt(logins, 50, "%d", logins);
}
