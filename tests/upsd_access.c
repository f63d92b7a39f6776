/* Access lists at work in upsd: docs/access.md.  (What a list means is judged in tests/access.c.)
 */
#include "conformance/access/vectors.h"
#include "upsd/denials.h"
#include "upsd/explain.h"
#include "upsd/listen.h"
#include "upsd/refused.h"
#include "upsdstage.h"

#include <fcntl.h>

#define DENIED "ERR ACCESS-DENIED\n"

/* ---- upsd --explain ---- */

static const struct upsdconf_source source = { .conf_path = "/nowhere",
	.state_path = "/run/nut",
	.data_path = "/usr/share/nut",
	.port = 3493,
	.keys_later = true };

/* TEXT as upsd.conf, with upsd.users (NULL: there is none); NULL when it has faults. */
static struct upsdconf *
conf_of(const char *text, const char *users)
{
	struct upsdconf *conf = upsdconf_new(&source);
	struct conffile *file = conffile_from("upsd.conf", text, strlen(text));
	struct faults faults = { 0 };

	cr_assert(conf && file);
	upsdconf_parse(conf, file, &source, &faults);
	conffile_close(file);
	if (users) {
		cr_assert(file = conffile_from("upsd.users", users, strlen(users)));
		users_parse(conf->users, file, &faults);
		conffile_close(file);
		users_finish(conf->users, "upsd.users", conf->access, NULL, &faults);
		conf->has_users = true;
	}
	upsdconf_finish_access(conf, "upsd.conf", &faults);
	if (faults.faults) {
		upsdconf_free(conf);
		conf = NULL;
	}
	faults_free(&faults);
	return conf;
}

/* What upsd --explain says; to be freed. */
static char *
explained(const struct upsdconf *conf, const char *host, struct question question,
    enum explain_verdict *verdict)
{
	struct buf out = { 0 };

	cr_assert(addr_parse(&question.from, host, 0));
	addr_unmap(&question.from);
	*verdict = explain(conf, &question, &out);
	return buf_steal(&out);
}

static void
explain_vector(const struct access_vector *v)
{
	static const char *const names[] = { "grant", "deny", "drop" };
	struct upsdconf *conf = conf_of(v->config, NULL);
	bool connects = !strcmp(v->command, "connect");
	enum explain_verdict verdict;
	char *text, last[100];

	if (!conf) {
		cr_expect_str_eq(v->expect, "config-error", "%s", v->name);
		return;
	}
	text = explained(conf, v->client,
	    (struct question){ .request = connects ? NULL : v->command,
		.knows_password = true,
		.password = v->password },
	    &verdict);
	cr_expect_str_eq(names[verdict], v->expect, "%s: %s", v->name, text);
	snprintf(last, sizeof(last), "\nverdict: %s%s%s", v->expect, v->reply ? ": " : "",
	    v->reply ? v->reply : "");
	cr_expect(strstr(text, last), "%s: %s", v->name, text);
	free(text);
	upsdconf_free(conf);
}

Test(upsd_explain, every_vector_is_explained_with_its_verdict)
{
	for (size_t i = 0; i < sizeof(access_vectors) / sizeof(*access_vectors); i++)
		explain_vector(&access_vectors[i]);
}

#define LAN                                                                                        \
	"ACL here 127.0.0.1/32\nACL lan 192.168.1.0/24\nACCESS grant all here\n"                   \
	"ACCESS grant login lan secret\nACCESS drop all lan\n"

Test(upsd_explain, it_names_layer_line_and_reason_and_no_secret)
{
	static const struct {
		const char *request, *user, *says;
	} table[] = {
		{ NULL, NULL, "upsd.conf:4: ACCESS grant login lan\n" },
		{ NULL, NULL, "\nverdict: grant\n" },
		{ "LOGIN u", "mon", "[mon] may, with the password that stands there\n" },
		{ "LOGIN u", "mon", "\nverdict: grant, to who sends the password of that line\n" },
		{ "LOGIN u", NULL, "\nverdict: deny: ERR USERNAME-REQUIRED\n" },
		{ "LOGIN u", "ghost", "[ghost] is not there\nverdict: deny: ERR ACCESS-DENIED\n" },
		{ "LOGIN u", "sec",
		    "[sec] has another password than that line, and only one can be sent\n" },
		{ "LOGIN u", "sec", "\nverdict: deny: ERR ACCESS-DENIED\n" },
		{ "FSD u", "sec", "upsd.conf:5: ACCESS drop all lan\n" },
		{ "FSD u", "sec", "\nverdict: drop: no answer at all, the connection stays\n" },
		{ "GET VAR u x", NULL, "upsd.users: not asked\nverdict: grant\n" },
		{ "NONSENSE", NULL, "needs the level base\n" },
		{ "LOGIN u", "admin", "[admin] has no right to that\n" },
		{ "LOGIN u", "away", "[away] may not come from there (allowfrom)\n" },
		{ "LOGIN u", "one", "[one] may not do that to this UPS (ups)\n" },
		{ "LOGIN other", "one", "\nverdict: grant, " },
		{ "LOGIN u", "mon", "\ntcp-wrappers: not built in\n" },
	};
	struct upsdconf *conf =
	    conf_of(LAN, STAGE_USERS "[away]\npassword = x\nupsmon secondary\nallowfrom = here\n"
				     "[one]\npassword = secret\nupsmon secondary\nups = other\n");

	cr_assert(conf);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		enum explain_verdict verdict;
		char *text = explained(conf, "192.168.1.7",
		    (struct question){ .request = table[i].request, .user = table[i].user },
		    &verdict);

		cr_expect(strstr(text, table[i].says), "%s in %s", table[i].says, text);
		cr_expect_null(strstr(text, "secret"));
		free(text);
	}
	upsdconf_free(conf);
}

/* --password: it counts in each layer that has one. */
Test(upsd_explain, a_given_password_is_that_of_the_user_or_not)
{
	struct upsdconf *conf = conf_of("", STAGE_USERS);
	struct question question = { .request = "LOGIN u", .user = "mon", .knows_password = true };
	static const struct {
		const char *password, *says;
	} table[] = {
		{ "secret", "[mon] may\nverdict: grant\n" },
		{ "wrong", "[mon] has another password\nverdict: deny: ERR ACCESS-DENIED\n" },
		{ NULL, "\nverdict: deny: ERR PASSWORD-REQUIRED\n" },
	};

	cr_assert(conf);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		enum explain_verdict verdict;
		char *text;

		question.password = table[i].password;
		text = explained(conf, "192.0.2.1", question, &verdict);
		cr_expect(strstr(text, table[i].says), "%s in %s", table[i].says, text);
		free(text);
	}
	upsdconf_free(conf);
}

Test(upsd_explain, it_tells_that_tls_must_come_first)
{
	static const char says[] = "FORCESSL: only to who has said STARTTLS before\n";
	struct upsdconf *conf = conf_of("CERTFILE /nowhere\nFORCESSL yes\n", STAGE_USERS);
	struct question question = { .request = "LOGIN u", .user = "mon" };
	enum explain_verdict verdict;
	char *text;

	cr_assert(conf);
	text = explained(conf, "192.0.2.1", question, &verdict);
	cr_expect(strstr(text, says), "%s", text);
	free(text);
	question.request = "LIST UPS";
	text = explained(conf, "192.0.2.1", question, &verdict);
	cr_expect_null(strstr(text, says));
	free(text);
	upsdconf_free(conf);
}

Test(upsd_explain, tcp_wrappers_are_asked_from_login_up)
{
	struct upsdconf *conf = conf_of("", STAGE_USERS);
	struct question question = { .request = "LOGIN u", .user = "mon", .wrap = WRAP_NO };
	enum explain_verdict verdict;
	char *text;

	cr_assert(conf);
	cr_expect(explain_asks_wrap(&question));
	text = explained(conf, "192.0.2.1", question, &verdict);
	cr_expect(strstr(text, "tcp-wrappers: no"), "%s", text);
	cr_expect_eq(verdict, EXPLAIN_DENY);
	free(text);
	question.request = "GET VAR u x";
	cr_expect(!explain_asks_wrap(&question));
	text = explained(conf, "192.0.2.1", question, &verdict);
	cr_expect_eq(verdict, EXPLAIN_GRANT);
	free(text);
	upsdconf_free(conf);
}

/* ---- commands ---- */

/* upsd.conf is CONF beside its LISTEN line, and upsd.users is there or not. */
static void
begin(const char *conf, bool users)
{
	char text[4096];

	stage_live();
	snprintf(text, sizeof(text), "LISTEN 127.0.0.1\n%s", conf);
	stage_file("upsd.conf", text);
	if (!users) {
		snprintf(text, sizeof(text), "%s/upsd.users", stage.folder);
		unlink(text);
		stage.upsd->conf->has_users = false; /* as if it had been started so */
	}
	upsd_reload(stage.upsd);
	cr_assert(strstr(stage.log, "configuration reloaded"), "%s", stage.log);
	stage.log[0] = '\0';
}

/* Reload with CONF: does it take effect? */
static bool
reload(const char *conf)
{
	char text[4096];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1\n%s", conf);
	stage_file("upsd.conf", text);
	stage.log[0] = '\0';
	upsd_reload(stage.upsd);
	return strstr(stage.log, "configuration reloaded");
}

static void
expect(int fd, const char *request, const char *answer)
{
	const char *got = ask(fd, request);

	cr_expect_str_eq(got, answer, "%s got %s", request, got);
}

static unsigned
count(const char *text)
{
	unsigned n = 0;

	for (const char *at = stage.log; (at = strstr(at, text)); at++)
		n++;
	return n;
}

#define A_HOST "ACL h 192.0.2.1/32\n"

/* A-C7, A-C9, A-F6: the order of the answers, with and without upsd.users. */
Test(upsd_access, each_refusal_has_its_answer, .fini = stage_end)
{
	int fd;

	begin(
	    A_HOST "ACCESS grant login h hidden\nACCESS drop master h\nACCESS deny all h\n", true);
	fd = client_from("192.0.2.1");
	expect(fd, "GET VAR u ups.status\n", "VAR u ups.status \"OL\"\n");
	expect(fd, "NONSENSE\n", "ERR UNKNOWN-COMMAND\n");
	expect(fd, "LOGIN u\n", "ERR USERNAME-REQUIRED\n");
	expect(fd, "SET\n", DENIED);
	expect(fd, "FSD u\n", "");
	expect(fd, "MASTER\n", "");
	expect(fd, "USERNAME mon\n", "OK\n");
	expect(fd, "LOGIN u\n", "ERR PASSWORD-REQUIRED\n");
	/* Both layers want it to be the same: upsd.users has another. */
	expect(fd, "PASSWORD secret\n", "OK\n");
	expect(fd, "LOGIN u\n", DENIED);
	expect(fd, "VER x\n", "ERR INVALID-ARGUMENT\n");
	close(fd);
	cr_expect_null(strstr(stage.log, "hidden"));
	cr_expect_null(strstr(stage.log, "secret"));
}

/* A-E5, A-C4 */
Test(upsd_access, without_users_the_line_alone_decides, .fini = stage_end)
{
	int fd;

	begin(
	    A_HOST "ACL free 192.0.2.2/32\nACCESS grant all h pw\nACCESS grant all free\n", false);
	fd = client_from("192.0.2.1");
	expect(fd, "LOGIN u\n", "ERR PASSWORD-REQUIRED\n");
	expect(fd, "PASSWORD pw\n", "OK\n");
	expect(fd, "LOGIN u\n", "OK\n");
	expect(fd, "PRIMARY u\n", "OK PRIMARY-GRANTED\n");
	expect(fd, "SET TRACKING ON\n", "OK\n");
	close(fd);
	fd = client_from("192.0.2.2");
	expect(fd, "INSTCMD u load.off\n", "OK\n");
	expect(fd, "INSTCMD u nonsense\n", "ERR CMD-NOT-SUPPORTED\n");
	expect(fd, "FSD u\n", "OK FSD-SET\n");
	close(fd);
	fd = client_from("192.0.2.1");
	expect(fd, "PASSWORD \"\"\n", "OK\n");
	expect(fd, "LOGIN u\n", DENIED);
	expect(fd, "GET UPSDESC Dead\n", "UPSDESC Dead \"Unavailable\"\n");
	close(fd);
}

/* A-F8: guesses at a line's password wait as those at a user's do. */
Test(upsd_access, guessing_the_password_of_a_line_is_slowed_down, .fini = stage_end)
{
	int64_t begin_ms;
	int fd;

	begin(A_HOST "ACCESS grant all h pw\n", false);
	for (int i = 0; i < 6; i++) {
		fd = client_from("192.0.2.1");
		expect(fd, "PASSWORD guess\n", "OK\n");
		begin_ms = loop_now_ms(stage.loop);
		cr_assert_neq(send(fd, "LOGIN u\n", 8, MSG_NOSIGNAL), -1);
		while (!strcmp(client_hears(fd), ""))
			fast_pass(stage.loop, 10);
		cr_expect_eq(loop_now_ms(stage.loop) - begin_ms >= 100, i >= 5, "guess %d", i);
		close(fd);
	}
	cr_expect(strstr(stage.log, "client @192.0.2.1: wrong user name or password (failure 5"));
	/* Others do not notice, nor who has the right one. */
	fd = client_from("192.0.2.1");
	expect(fd, "NETVER\n", "1.3\n");
	close(fd);
}

/* Of those that must not even be looked at it is not said that a line denied them. */
Test(upsd_access, a_flood_of_guesses_is_not_the_lines_doing, .fini = stage_end)
{
	int fds[60];

	begin(A_HOST "ACCESS grant all h pw\n", false);
	for (int i = 0; i < 60; i++) {
		fds[i] = client_from("192.0.2.1");
		cr_assert_neq(send(fds[i], "PASSWORD guess\nLOGIN u\n", 23, MSG_NOSIGNAL), -1);
		fast_turn(stage.loop, 2);
	}
	fast_pass(stage.loop, 5000);
	for (int i = 0; i < 60; i++) {
		cr_expect_str_eq(client_hears(fds[i]), "OK\n" DENIED);
		close(fds[i]);
	}
	cr_expect(strstr(stage.log, "wrong user name or password"));
	cr_expect_null(strstr(stage.log, "LOGIN denied"), "%s", stage.log);
}

/* A-F7 */
Test(upsd_access, a_dropped_command_does_not_keep_a_client_alive, .fini = stage_end)
{
	int fd;

	begin(A_HOST "ACCESS grant base h\nACCESS drop all h\n", true);
	fd = client_from("192.0.2.1");
	for (int i = 0; i < 6; i++) {
		expect(fd, "GET VAR u ups.status\n", "");
		fast_pass(stage.loop, 9000);
	}
	expect(fd, "GET VAR u ups.status\n", "");
	fast_pass(stage.loop, 7000);
	cr_expect_str_eq(client_hears(fd), "<EOF>");
	close(fd);
	/* While one that is answered does. */
	fd = client_from("192.0.2.1");
	for (int i = 0; i < 10; i++) {
		expect(fd, "NETVER\n", "1.3\n");
		fast_pass(stage.loop, 9000);
	}
	close(fd);
}

/* ---- reload ---- */

/* A-C6, A-C7, A-C8, A-D2, A-F5 */
Test(upsd_access, a_reload_judges_live_sessions_again, .fini = stage_end)
{
	static const struct {
		const char *conf, *request, *answer;
	} table[] = {
		{ A_HOST "ACCESS grant base h\n", "LIST UPS\n", DENIED },
		{ A_HOST "ACCESS deny all h\n", "NETVER\n", DENIED "<EOF>" },
		{ A_HOST "ACCESS drop all h\n", "NETVER\n", "<EOF>" },
		{ A_HOST "ACCESS drop all h\n", "\"no words\001\n", "<EOF>" },
		{ A_HOST "ACCESS deny all h\n", "\"no words\001\n", DENIED "<EOF>" },
		{ A_HOST "REJECT h\n", "NETVER\n", DENIED "<EOF>" },
		{ A_HOST "ACCEPT h\n", "NETVER\n", "1.3\n" },
		{ "", "NETVER\n", "1.3\n" },
	};

	begin(A_HOST "ACCESS grant all h\n", true);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int fd;

		cr_assert(reload(A_HOST "ACCESS grant all h\n"));
		fd = client_as("mon", "secret");
		expect(fd, "LOGIN u\n", "OK\n");
		cr_assert(reload(table[i].conf));
		expect(fd, table[i].request, table[i].answer);
		close(fd);
	}
}

/* A-F5: whoever has lost base and stays silent ends, logged in or not; others may be silent. */
Test(upsd_access, a_login_that_lost_base_ends_after_a_minute, .fini = stage_end)
{
	static const char *const host[] = { "192.0.2.1", "192.0.2.2" };
	int fd[2];

	begin(A_HOST "ACL g 192.0.2.2/32\nACCESS grant all h\nACCESS grant all g\n", true);
	for (int i = 0; i < 2; i++) {
		fd[i] = client_from(host[i]);
		expect(fd[i], "USERNAME mon\nPASSWORD secret\nLOGIN u\n", "OK\nOK\nOK\n");
	}
	cr_assert(reload(A_HOST "ACL g 192.0.2.2/32\nACCESS deny all h\nACCESS grant all g\n"));
	fast_pass(stage.loop, PEER_IDLE_MS - 1000);
	cr_expect_eq(stage.upsd->members.len, 2);
	fast_pass(stage.loop, 2000);
	cr_expect_eq(stage.upsd->members.len, 1);
	cr_expect_str_eq(client_hears(fd[0]), "<EOF>");
	cr_expect(strstr(stage.log, "client mon@192.0.2.1: closed: "), "%s", stage.log);
	expect(fd[1], "NETVER\n", "1.3\n");
	close(fd[0]);
	close(fd[1]);
}

/* A-B1: not even of an interface that has gone or has another name now. */
Test(upsd_access, the_zone_of_an_address_never_counts, .fini = stage_end)
{
	const char *conf = "ACL l fe80::/10\nACCESS grant all l\n";
	int fd;

	begin(conf, true);
	fd = client_from("fe80::1%lo");
	strcpy(stage.upsd->visitors.last->host, "fe80::1%x");
	cr_assert(reload(conf));
	expect(fd, "NETVER\n", "1.3\n");
	close(fd);
}

/* A, A-F2 */
Test(upsd_access, a_reload_with_a_fault_changes_nothing, .fini = stage_end)
{
	static const char *const faulty[] = {
		"ACL h 192.0.2.1\nACCESS grant all h\n",
		A_HOST "ACCESS grant all box\n",
		A_HOST "ACESS deny all h\nACCESS grant all h\n",
		A_HOST "access grant all h\n",
		A_HOST "ACCESS grant all h \"\"\n",
		A_HOST "ACCESS grant all h\nACL x 1.2.3.4/33\n",
		A_HOST "ACCESS grant all h\nMAXAGE never\n",
	};
	int fd;

	begin(A_HOST "ACCESS grant monitor h\n", true);
	fd = client_from("192.0.2.1");
	for (size_t i = 0; i < sizeof(faulty) / sizeof(*faulty); i++) {
		cr_expect(!reload(faulty[i]), "%s", faulty[i]);
		cr_expect(strstr(stage.log, "/upsd.conf:"), "%s", stage.log);
		expect(fd, "FSD u\n", DENIED);
		expect(fd, "GET VAR u ups.status\n", "VAR u ups.status \"OL\"\n");
	}
	close(fd);
}

/* A-F4 */
Test(upsd_access, a_users_file_that_goes_is_not_host_based_mode, .fini = stage_end)
{
	char path[128];

	begin(A_HOST "ACCESS grant all h\n", true);
	stage_file("upsd.users", "");
	cr_expect(!reload(A_HOST "ACCESS grant all h\n"));
	cr_expect(strstr(stage.log, "upsd.users: is empty"), "%s", stage.log);
	snprintf(path, sizeof(path), "%s/upsd.users", stage.folder);
	unlink(path);
	cr_expect(!reload(A_HOST "ACCESS grant all h\n"));
	cr_expect(strstr(stage.log, "upsd.users: cannot be read"), "%s", stage.log);
	cr_expect(stage.upsd->conf->has_users);
	/* One that comes counts from then on. */
	stage.upsd->conf->has_users = false;
	cr_expect(reload(A_HOST "ACCESS grant all h\n"));
	stage_file("upsd.users", STAGE_USERS);
	cr_expect(reload(A_HOST "ACCESS grant all h\n"));
	cr_expect(stage.upsd->conf->has_users);
}

/* ---- at the door ---- */

/* A client at 127.0.0.N. */
static int
knock(int n)
{
	struct sockaddr_in from = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct addr at;

	cr_assert(listen_address(stage.upsd, &at));
	from.sin_addr.s_addr = htonl(0x7f000000u + (unsigned)n);
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	cr_assert_eq(connect(fd, &at.any, sizeof(struct sockaddr_in)), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	fast_turn(stage.loop, 3);
	return fd;
}

static void
open_door(const char *conf)
{
	begin(conf, true);
	cr_assert(listen_start(stage.upsd));
}

#define FRIEND "ACL friend 127.0.0.1/32\nACL foe 127.0.0.2/32\n"

/* A-C7: the greeting is the answer to the first line, three more follow, then it is over. */
Test(upsd_access, a_denied_client_is_told_and_kept_for_four_lines, .fini = stage_end)
{
	int fd;

	open_door(FRIEND "ACCESS grant all friend\nACCESS deny all foe\n");
	fd = knock(2);
	cr_expect_str_eq(client_hears(fd), DENIED);
	expect(fd, "STARTTLS\n", "");
	expect(fd, "USERNAME mon\nPASS", DENIED);
	expect(fd, "WORD secret\n", DENIED);
	expect(fd, "LOGIN u\nLOGIN u\nLOGIN u\n", DENIED "<EOF>");
	close(fd);
	cr_expect_eq(stage.upsd->visitors.len, 0);
	fd = knock(1);
	expect(fd, "NETVER\n", "1.3\n");
	close(fd);
}

Test(upsd_access, a_denied_client_that_is_silent_is_closed_after_two_seconds, .fini = stage_end)
{
	int fd;

	open_door(FRIEND "ACCESS grant all friend\n");
	fd = knock(9);
	cr_expect_str_eq(client_hears(fd), DENIED);
	fast_pass(stage.loop, REFUSED_MS - 100);
	cr_expect_str_eq(client_hears(fd), "");
	fast_pass(stage.loop, 200);
	cr_expect_str_eq(client_hears(fd), "<EOF>");
	close(fd);
}

/* A-C8, A-D2, A-D3 */
Test(upsd_access, a_dropped_client_gets_not_one_byte, .fini = stage_end)
{
	static const char *const confs[] = {
		FRIEND "ACCESS grant all friend\nACCESS drop all foe\n",
		FRIEND "ACCEPT friend\n",
		FRIEND "REJECT foe\nACCEPT friend\n",
		FRIEND "REJECT foe\nACCESS grant all friend\nACCESS grant all foe\n",
	};

	open_door(confs[0]);
	for (size_t i = 0; i < sizeof(confs) / sizeof(*confs); i++) {
		int fd;

		cr_assert(reload(confs[i]));
		fd = knock(2);
		cr_expect_str_eq(client_hears(fd), "<EOF>", "%s", confs[i]);
		close(fd);
	}
}

/* A-C7, A-F7: they are few, take nobody's place, and say one thing to all. */
Test(upsd_access, refused_clients_are_capped_and_take_nobodys_place, .fini = stage_end)
{
	int fds[REFUSED_MAX + 4], fd;

	open_door(FRIEND "ACCESS grant all friend\nACCESS deny all foe\n");
	stage.upsd->conf->max_conn = 3 + 1; /* two UPSes and a listener count */
	for (int i = 0; i < REFUSED_MAX + 4; i++) {
		fds[i] = knock(2);
		cr_expect_str_eq(
		    client_hears(fds[i]), i < REFUSED_MAX ? DENIED : DENIED "<EOF>", "%d", i);
	}
	fd = knock(1);
	expect(fd, "NETVER\n", "1.3\n");
	close(fds[0]);
	fast_turn(stage.loop, 3);
	close(knock(2));
	for (int i = 1; i < REFUSED_MAX + 4; i++)
		close(fds[i]);
	close(fd);
	/* Twenty times, one line: which address, which rule. */
	cr_expect_eq(count("client 127.0.0.2: connection denied: "), 1, "%s", stage.log);
	cr_expect(strstr(stage.log, "/upsd.conf:5: ACCESS deny all foe"));
}

/* A-C8: once per address, rule and minute. */
Test(upsd_access, refusals_are_logged_once_a_minute, .fini = stage_end)
{
	int fd;

	begin(A_HOST "ACCESS grant monitor h\nACCESS drop login h\n", true);
	fd = client_from("192.0.2.1");
	for (int i = 0; i < 50; i++) {
		expect(fd, "LOGIN u\n", "");
		expect(fd, "FSD u\n", DENIED);
	}
	cr_expect_eq(count("client 192.0.2.1: LOGIN dropped: "), 1);
	cr_expect_eq(count("upsd.conf:4: ACCESS drop login h"), 1);
	cr_expect_eq(count("client 192.0.2.1: FSD denied: end of list"), 1);
	fast_pass(stage.loop, 50000);
	expect(fd, "GET UPSDESC Dead\n", "UPSDESC Dead \"Unavailable\"\n");
	fast_pass(stage.loop, 11000);
	expect(fd, "LOGIN u\n", "");
	cr_expect_eq(count("LOGIN dropped: "), 2);
	cr_expect(strstr(stage.log, "(others not shown)"));
	close(fd);
}

Test(denials, each_address_and_rule_has_its_own_minute)
{
	struct seen *denials = seen_new(7);
	unsigned missed;

	cr_assert(denials);
	cr_expect(denials_tell(denials, "192.0.2.1", 3, 0, &missed));
	cr_expect(denials_tell(denials, "192.0.2.1", 4, 0, &missed));
	cr_expect(denials_tell(denials, "192.0.2.2", 3, 0, &missed));
	for (int i = 0; i < 9; i++)
		cr_expect(!denials_tell(denials, "192.0.2.1", 3, DENIALS_EACH_MS - 1, &missed));
	cr_expect(denials_tell(denials, "192.0.2.1", 3, DENIALS_EACH_MS, &missed));
	cr_expect_eq(missed, 9);
	cr_expect(denials_tell(denials, "192.0.2.1", 3, 2 * DENIALS_EACH_MS, &missed));
	cr_expect_eq(missed, 0);
	seen_free(denials);
}
