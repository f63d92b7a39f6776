/* What upsd asks of its helper: tcp-wrappers and hashed passwords; and what users are kept to.
 * docs/access.md, U.  The helper is the test. */
#include "upsdstage.h"

#include <errno.h>

/* "secret", by `openssl passwd -5`. */
#define HASH "$5$ab$uBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6"
#define HASHED                                                                                     \
	"[mon]\npassword = " HASH "\nupsmon primary\n"                                             \
	"[plain]\npassword = secret\nupsmon secondary\n"

/* ---- the helper ---- */

static struct {
	char text[600];
	int fd; /* -1: answered */
} asked[64];
static size_t asked_len;
static bool no_helper;

static int
take_question(void *owner, const void *question, size_t len)
{
	int ends[2];

	if (no_helper) {
		errno = ENOTCONN;
		return -1;
	}
	cr_assert(asked_len < 64 && len < sizeof(asked->text));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	memcpy(asked[asked_len].text, question, len);
	asked[asked_len].text[len] = '\0';
	asked[asked_len++].fd = ends[1];
	return ends[0];
}

/* Answer question WHICH, and let it be heard. */
static void
answer(size_t which, const char *text)
{
	cr_assert_lt(which, asked_len);
	(void)send(asked[which].fd, text, strlen(text), MSG_NOSIGNAL);
	close(asked[which].fd);
	asked[which].fd = -1;
	fast_turn(stage.loop, 5);
}

/* The last question, "none" when it is answered. */
static const char *
last_asked(void)
{
	fast_turn(stage.loop, 3);
	return asked_len && asked[asked_len - 1].fd != -1 ? asked[asked_len - 1].text : "none";
}

static void
begin(void)
{
	stage_live();
	fast_world.ask = take_question;
}

static void
begin_wrap(void)
{
	begin();
	stage.upsd->wrap = true;
}

static void
begin_hashed(void)
{
	begin();
	stage_file("upsd.users", HASHED);
	upsd_reload(stage.upsd);
}

static void
end(void)
{
	stage_end();
	for (size_t i = 0; i < asked_len; i++)
		if (asked[i].fd != -1)
			close(asked[i].fd);
}

/* ---- tcp-wrappers ---- */

TestSuite(upsd_asks, .fini = end, .timeout = 60);

/* U-11 A-E3 */
Test(upsd_asks, wrappers_judge_the_commands_that_log_in, .init = begin_wrap)
{
	static const char *const judged[] = { "LOGIN u\n", "LOGIN\n", "LOGIN nowhere\n",
		"PRIMARY u\n", "MASTER u\n", "FSD u\n", "SET VAR u ups.id x\n", "SET\n",
		"SET TRACKING ON\n", "INSTCMD u load.off\n" };
	static const char *const free_for_all[] = { "VER\n", "NETVER\n", "HELP\n", "GET VAR u x\n",
		"LIST UPS\n", "GET NUMLOGINS u\n", "GET TRACKING\n", "GET TRACKING x\n", "what\n",
		"STARTTLS\n", "USERNAME x\n", "PASSWORD x\n" };
	int fd = client_as("mon", "secret");

	for (size_t i = 0; i < sizeof(free_for_all) / sizeof(*free_for_all); i++)
		cr_expect_str_neq(ask(fd, free_for_all[i]), "", "%s", free_for_all[i]);
	cr_expect_eq(asked_len, 0);
	for (size_t i = 0; i < sizeof(judged) / sizeof(*judged); i++) {
		cr_expect_str_eq(ask(fd, judged[i]), "", "%s", judged[i]);
		cr_expect_eq(asked_len, i + 1);
		cr_expect_str_eq(asked[i].text, "wrap 192.0.2.1 unknown mon");
		answer(i, "no");
		cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n", "%s", judged[i]);
	}
	cr_expect(strstr(stage.log, "client mon@192.0.2.1: LOGIN denied: tcp-wrappers"));
	cr_expect_null(strstr(stage.log, "secret"));
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	answer(asked_len - 1, "yes");
	cr_expect_str_eq(client_hears(fd), "OK\n", "the connection has stayed open");
	close(fd);
}

/* U-11 U-12 */
Test(upsd_asks, name_and_password_come_before_wrappers, .init = begin_wrap)
{
	int fd = client_from("192.0.2.1");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "ERR USERNAME-REQUIRED\n");
	cr_expect_str_eq(ask(fd, "USERNAME \"\"\n"), "ERR INVALID-USERNAME\n");
	cr_expect_str_eq(ask(fd, "USERNAME \"mo n\"\n"), "OK\n");
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "ERR PASSWORD-REQUIRED\n");
	cr_expect_eq(asked_len, 0);
	cr_expect_str_eq(ask(fd, "PASSWORD x\nLOGIN u\n"), "OK\n");
	cr_expect_str_eq(last_asked(), "wrap 192.0.2.1 unknown mo n");
	answer(0, "yes");
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n", "upsd.users is asked, too");
	close(fd);
}

/* U-12: libwrap cuts longer ones, which might then match. */
Test(upsd_asks, an_overlong_user_is_refused_unasked, .init = begin_wrap)
{
	char text[200] = "USERNAME ";
	int fd = client_from("192.0.2.1");

	memset(text + 9, 'x', 128);
	strcpy(text + 137, "\nPASSWORD x\nLOGIN u\n");
	cr_expect_str_eq(ask(fd, text), "OK\nOK\nERR ACCESS-DENIED\n");
	cr_expect_eq(asked_len, 0);
	close(fd);
}

/* U-5 */
Test(upsd_asks, a_stalled_answer_holds_up_nobody_else, .init = begin_wrap)
{
	int slow = client_as("mon", "secret"), other = client_from("192.0.2.2");

	cr_expect_str_eq(ask(slow, "LOGIN u\nGET NUMLOGINS u\nVER x\n"), "");
	fast_pass(stage.loop, 5000);
	driver_says("PONG\n"); /* it has been silent all the while */
	cr_expect_str_eq(ask(other, "GET NUMLOGINS u\n"), "NUMLOGINS u 0\n");
	cr_expect_str_eq(ask(other, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\n");
	cr_expect_eq(asked_len, 2);
	answer(1, "yes");
	cr_expect_str_eq(client_hears(other), "OK\n");
	cr_expect_str_eq(client_hears(slow), "", "its further lines wait");
	answer(0, "yes");
	cr_expect_str_eq(client_hears(slow), "OK\nNUMLOGINS u 2\nERR INVALID-ARGUMENT\n");
	close(slow);
	close(other);
}

Test(upsd_asks, whoever_leaves_meanwhile_is_forgotten, .init = begin_wrap)
{
	int fd = client_as("mon", "secret"), other = client_from("192.0.2.2");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	close(fd);
	fast_turn(stage.loop, 5);
	answer(0, "yes");
	cr_expect_str_eq(ask(other, "GET NUMLOGINS u\n"), "NUMLOGINS u 0\n");
	/* And one who is still waiting when upsd ends. */
	cr_expect_str_eq(ask(other, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\n");
	close(other);
}

/* U-14 */
Test(upsd_asks, no_answer_is_no, .init = begin_wrap)
{
	static const char *const odd[] = { "", "yes please", "YES", "y" };
	int fd = client_as("mon", "secret");

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
		answer(i, odd[i]);
		cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n", "%s", odd[i]);
	}
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	fast_pass(stage.loop, ASKING_MOST_MS - 1000);
	cr_expect_str_eq(client_hears(fd), "");
	fast_pass(stage.loop, 1001);
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	cr_expect(strstr(stage.log, "client mon@192.0.2.1 is refused: tcp-wrappers: no answer in"));
	no_helper = true;
	fast_pass(stage.loop, 60000); /* it is told once a minute */
	driver_says("PONG\n");
	close(fd);
	fd = client_as("mon", "secret");
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "ERR ACCESS-DENIED\n");
	cr_expect(
	    strstr(stage.log, "is refused: tcp-wrappers: Transport endpoint is not connected"));
	close(fd);
}

/* U-15: however many connections one address has, others find room. */
Test(upsd_asks, one_address_never_has_all_workers, .init = begin_wrap)
{
	int crowd[12], other = client_from("192.0.2.2");
	size_t of_crowd = 0;

	for (size_t i = 0; i < 12; i++) {
		crowd[i] = client_as("mon", "secret");
		cr_expect_str_eq(ask(crowd[i], "LOGIN u\n"), "");
	}
	cr_expect_eq(asked_len, ASKING_OF_ONE);
	cr_expect_str_eq(ask(other, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\n");
	cr_expect_eq(asked_len, ASKING_OF_ONE + 1);
	cr_expect_str_eq(last_asked(), "wrap 192.0.2.2 unknown mon");
	answer(ASKING_OF_ONE, "yes");
	cr_expect_str_eq(client_hears(other), "OK\n");
	for (size_t i = 0; i < asked_len; i++)
		if (asked[i].fd != -1)
			answer(i, "yes");
	for (size_t i = 0; i < 12; i++) {
		cr_expect_str_eq(client_hears(crowd[i]), "OK\n", "%zu", i);
		close(crowd[i]);
	}
	for (size_t i = 0; i < asked_len; i++)
		of_crowd += !strcmp(asked[i].text, "wrap 192.0.2.1 unknown mon");
	cr_expect_eq(of_crowd, 12, "each is asked once");
	close(other);
}

/* U-12, docs/access.md, F8 */
Test(upsd_asks, without_upsd_users_a_nameless_client_is_unknown, .init = begin_wrap)
{
	char path[128];
	int fd;

	stage_file("upsd.conf", "LISTEN 127.0.0.1\nACL lan 192.0.2.0/24\nACCESS grant all lan\n");
	snprintf(path, sizeof(path), "%s/upsd.users", stage.folder);
	cr_assert_eq(unlink(path), 0);
	stage.upsd->conf->has_users = false; /* as if started so (F4) */
	upsd_reload(stage.upsd);
	fd = client_from("192.0.2.1");
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	cr_expect_str_eq(last_asked(), "wrap 192.0.2.1 unknown unknown");
	answer(asked_len - 1, "yes");
	cr_expect_str_eq(client_hears(fd), "OK\n");
	close(fd);
}

/* ---- hashed passwords ---- */

/* U-4 */
Test(upsd_asks, a_hash_is_asked_about_once_a_connection, .init = begin_hashed)
{
	int fd = client_as("mon", "secret");

	cr_expect_eq(asked_len, 0);
	cr_expect_str_eq(ask(fd, "LOGIN u\nFSD u\nMASTER u\n"), "");
	cr_expect_str_eq(last_asked(), "crypt " HASH " secret");
	answer(0, "yes");
	cr_expect_str_eq(client_hears(fd), "OK\nOK FSD-SET\nOK MASTER-GRANTED\n");
	cr_expect_eq(asked_len, 1);
	upsd_reload(stage.upsd);
	cr_expect_str_eq(ask(fd, "PRIMARY u\n"), "", "and again after a reload");
	cr_expect_eq(asked_len, 2);
	answer(1, "no");
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	cr_expect_null(strstr(stage.log, "secret"));
	cr_expect_null(strstr(stage.log, "$5$"));
	close(fd);
}

Test(upsd_asks, plain_passwords_need_no_helper, .init = begin_hashed)
{
	int fd = client_as("plain", "secret"), hash = client_as("mon", HASH);

	no_helper = true;
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "OK\n");
	cr_expect_str_eq(ask(hash, "LOGIN u\n"), "ERR ACCESS-DENIED\n");
	close(fd);
	close(hash);
}

Test(upsd_asks, a_reload_meanwhile_makes_it_ask_for_the_new_hash, .init = begin_hashed)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	stage_file("upsd.users", "[mon]\npassword = "
				 "$5$ab$aBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6\n"
				 "upsmon primary\n");
	upsd_reload(stage.upsd);
	answer(0, "yes");
	cr_expect_str_eq(client_hears(fd), "", "the answer was about the old one");
	cr_expect_str_eq(
	    last_asked(), "crypt $5$ab$aBQPK5nh89waaCXDSRwBxzVzl.pS5fPkZnKN7HXbvj6 secret");
	answer(1, "no");
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	close(fd);
}

Test(upsd_asks, a_user_who_went_with_a_reload_meanwhile_is_nobody, .init = begin_hashed)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	stage_file("upsd.users", "[plain]\npassword = secret\n");
	upsd_reload(stage.upsd);
	answer(0, "yes");
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	close(fd);
}

/* U-6, R-14: what it takes must not tell which users there are. */
Test(upsd_asks, an_unknown_user_is_asked_about_as_well, .init = begin_hashed)
{
	int fd = client_as("ghost", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	cr_expect_str_eq(last_asked(), "crypt " HASH " secret");
	answer(0, "yes");
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	cr_expect(strstr(stage.log, "client ghost@192.0.2.1: wrong user name or password"));
	close(fd);
}

/* U-14, R-12, R-13 */
Test(upsd_asks, wrong_guesses_are_slowed_and_silence_is_no_guess, .init = begin_hashed)
{
	int fd = client_as("mon", "wrong");
	int64_t before_ms;

	for (int i = 0; i < 5; i++) {
		cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
		answer(asked_len - 1, "no");
		cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	}
	cr_expect_eq(asked_len, 5);
	before_ms = fast_now_ms;
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	cr_expect_eq(asked_len, 5, "its turn has not come");
	while (asked_len == 5 && fast_now_ms < before_ms + 3000)
		loop_step(stage.loop, 50);
	cr_expect_geq(fast_now_ms, before_ms + 100);
	answer(5, ""); /* the helper has died */
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n");
	cr_expect(strstr(stage.log, "is refused: hashed password: no answer in time"));
	cr_expect(strstr(stage.log, "(failure 5)"));
	cr_expect_null(strstr(stage.log, "(failure 6"));
	close(fd);
}

/* many connections that guess at the same moment are no way around it. */
Test(upsd_asks, guesses_all_at_once_are_slowed_too, .init = begin_hashed)
{
	int crowd[20];
	int64_t before_ms;

	for (size_t i = 0; i < 20; i++) {
		crowd[i] = client_as("mon", "wrong");
		cr_expect_str_eq(ask(crowd[i], "LOGIN u\n"), "");
	}
	cr_expect_eq(asked_len, ASKING_OF_ONE);
	for (size_t i = 0; i < asked_len; i++)
		answer(i, "no");
	cr_expect_leq(asked_len, 5 + ASKING_OF_ONE, "%zu", asked_len);
	before_ms = fast_now_ms;
	while (asked_len < 20 && fast_now_ms < before_ms + 5000) {
		loop_step(stage.loop, 50);
		for (size_t i = 0; i < asked_len; i++)
			if (asked[i].fd != -1)
				answer(i, "no");
	}
	cr_expect_geq(fast_now_ms, before_ms + 1200);
	for (size_t i = 0; i < 20; i++) {
		cr_expect_str_eq(client_hears(crowd[i]), "ERR ACCESS-DENIED\n", "%zu", i);
		close(crowd[i]);
	}
}

Test(upsd_asks, wrappers_come_before_the_hash, .init = begin_hashed)
{
	int fd = client_as("mon", "secret");

	stage.upsd->wrap = true;
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "");
	cr_expect_str_eq(last_asked(), "wrap 192.0.2.1 unknown mon");
	answer(0, "yes");
	cr_expect_str_eq(last_asked(), "crypt " HASH " secret");
	answer(1, "yes");
	cr_expect_str_eq(client_hears(fd), "OK\n");
	cr_expect_eq(asked_len, 2);
	close(fd);
}

/* ---- what users are kept to ---- */

Test(upsd_asks, a_user_acts_on_its_own_upses_alone, .init = begin)
{
	static const char *const requests[][2] = {
		{ "GET VAR u battery.charge\n", "VAR u battery.charge \"100\"\n" },
		{ "LOGIN nowhere\n", "ERR UNKNOWN-UPS\n" },
		{ "LOGIN u\n", "ERR ACCESS-DENIED\n" },
		{ "PRIMARY u\n", "ERR ACCESS-DENIED\n" },
		{ "MASTER u\n", "ERR ACCESS-DENIED\n" },
		{ "FSD u\n", "ERR ACCESS-DENIED\n" },
		{ "SET VAR u ups.id x\n", "ERR ACCESS-DENIED\n" },
		{ "INSTCMD u load.off\n", "ERR ACCESS-DENIED\n" },
		{ "GET NUMLOGINS u\n", "NUMLOGINS u 0\n" },
		{ "SET TRACKING ON\n", "OK\n" },
		{ "LOGIN DEAD\n", "OK\n" },
		{ "FSD dead\n", "OK FSD-SET\n" },
	};
	int fd = client_as("box", "x");

	stage_file("upsd.users", "[box]\npassword = x\nups = Dead\nupsmon primary\n"
				 "actions = SET\ninstcmds = ALL\n");
	upsd_reload(stage.upsd);
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		cr_expect_str_eq(ask(fd, requests[i][0]), requests[i][1], "%s", requests[i][0]);
	cr_expect(strstr(stage.log, "client box@192.0.2.1 may not use LOGIN on UPS [u]"));
	cr_expect_str_eq(driver_hears(), "", "the driver was not told anything");
	close(fd);
}

/* U-9: answered as a wrong password is; the log tells the truth. */
Test(upsd_asks, a_user_comes_from_where_it_may, .init = begin)
{
	int here = client_as("mon", "x"), there = client_from("198.51.100.1"),
	    mapped = client_from("::ffff:192.0.2.9");

	stage_file("upsd.conf", "LISTEN 127.0.0.1\nACL lan 192.0.2.0/24\n");
	stage_file("upsd.users", "[mon]\npassword = x\nupsmon secondary\nallowfrom = lan\n");
	upsd_reload(stage.upsd);
	cr_expect_str_eq(ask(there, "USERNAME mon\nPASSWORD x\nLOGIN u\n"),
	    "OK\nOK\nERR ACCESS-DENIED\n", "ACL lines that users alone name keep nobody out");
	cr_expect(strstr(stage.log, "client mon@198.51.100.1: this user may not come from there"));
	cr_expect_str_eq(ask(there, "SET TRACKING ON\n"), "ERR ACCESS-DENIED\n");
	cr_expect_str_eq(ask(here, "LOGIN u\n"), "OK\n");
	cr_expect_str_eq(ask(mapped, "USERNAME mon\nPASSWORD x\nLOGIN u\n"), "OK\nOK\nOK\n");
	close(here);
	close(there);
	close(mapped);
}

Test(upsd_asks, an_unknown_acl_refuses_the_reload, .init = begin)
{
	int fd = client_as("mon", "secret");

	stage_file("upsd.users", "[mon]\npassword = secret\nupsmon primary\nallowfrom = nowhere\n");
	upsd_reload(stage.upsd);
	cr_expect(strstr(stage.log, "upsd.users:4: allowfrom: no ACL nowhere is defined"));
	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "OK\n");
	close(fd);
}
