/* upsd and its clients, drivers and reloads: docs/net-protocol.md, docs/sock-protocol.md. */
#include "upsd/listen.h"
#include "upsd/tracking.h"
#include "upsdstage.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

static void
expect_answers(int fd, const char *const (*table)[2], size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *answer = ask(fd, table[i][0]);

		cr_expect_str_eq(answer, table[i][1], "%s: %s", table[i][0], answer);
	}
}
#define EXPECT_ANSWERS(fd, table) expect_answers(fd, table, sizeof(table) / sizeof(*(table)))

/* ---- the order of the checks ---- */

Test(upsd_serve, nobody_is_asked_for_a_name_first, .init = stage_live, .fini = stage_end)
{
	static const char *const table[][2] = {
		{ "\n", "ERR UNKNOWN-COMMAND\n" },
		{ "# VER\n", "ERR UNKNOWN-COMMAND\n" },
		{ "\"\"\n", "ERR UNKNOWN-COMMAND\n" },
		{ "REQ ups.status\n", "ERR UNKNOWN-COMMAND\n" },
		{ "LOGIN\n", "ERR USERNAME-REQUIRED\n" },
		{ "LOGIN nowhere\n", "ERR USERNAME-REQUIRED\n" },
		{ "PRIMARY u\n", "ERR USERNAME-REQUIRED\n" },
		{ "MASTER u\n", "ERR USERNAME-REQUIRED\n" },
		{ "FSD u\n", "ERR USERNAME-REQUIRED\n" },
		{ "SET\n", "ERR USERNAME-REQUIRED\n" },
		{ "INSTCMD u load.off\n", "ERR USERNAME-REQUIRED\n" },
		{ "USERNAME\n", "ERR INVALID-ARGUMENT\n" },
		{ "USERNAME a b\n", "ERR INVALID-ARGUMENT\n" },
		{ "USERNAME mon\n", "OK\n" },
		{ "USERNAME mon\n", "ERR ALREADY-SET-USERNAME\n" },
		{ "LOGIN\n", "ERR PASSWORD-REQUIRED\n" },
		{ "INSTCMD u load.off\n", "ERR PASSWORD-REQUIRED\n" },
		{ "PASSWORD wrong\n", "OK\n" },
		{ "PASSWORD secret\n", "ERR ALREADY-SET-PASSWORD\n" },
		{ "LOGIN\n", "ERR INVALID-ARGUMENT\n" },
		{ "LOGIN u u\n", "ERR INVALID-ARGUMENT\n" },
		{ "LOGIN nowhere\n", "ERR UNKNOWN-UPS\n" },
		{ "SET VAR nowhere a b\n", "ERR UNKNOWN-UPS\n" },
		{ "SET VAR Dead a b\n", "ERR DRIVER-NOT-CONNECTED\n" },
		{ "INSTCMD Dead load.off\n", "ERR DRIVER-NOT-CONNECTED\n" },
		{ "INSTCMD u load.on\n", "ERR CMD-NOT-SUPPORTED\n" },
		{ "LOGIN u\n", "ERR ACCESS-DENIED\n" },
		{ "SET VAR u no.such x\n", "ERR ACCESS-DENIED\n" },
		{ "INSTCMD u load.off\n", "ERR ACCESS-DENIED\n" },
	};
	int fd = client_from("192.0.2.1");

	EXPECT_ANSWERS(fd, table);
	close(fd);
}

Test(upsd_serve, rights_are_those_of_the_user, .init = stage_live, .fini = stage_end)
{
	static const struct {
		const char *user, *password, *request, *answer;
	} table[] = {
		{ "mon", "secret", "LOGIN u\n", "OK\n" },
		{ "mon", "secret", "LOGIN Dead\n", "OK\n" },
		{ "mon", "secret", "PRIMARY u\n", "OK PRIMARY-GRANTED\n" },
		{ "mon", "secret", "MASTER u\n", "OK MASTER-GRANTED\n" },
		{ "mon", "secret", "FSD Dead\n", "OK FSD-SET\n" },
		{ "mon", "secret", "SET VAR u ups.id x\n", "ERR ACCESS-DENIED\n" },
		{ "mon", "secret", "INSTCMD u load.off\n", "ERR ACCESS-DENIED\n" },
		{ "sec", "second", "LOGIN u\n", "OK\n" },
		{ "sec", "second", "PRIMARY u\n", "ERR ACCESS-DENIED\n" },
		{ "sec", "second", "FSD u\n", "ERR ACCESS-DENIED\n" },
		{ "admin", "root", "LOGIN u\n", "ERR ACCESS-DENIED\n" },
		{ "admin", "root", "SET VAR u ups.id x\n", "OK\n" },
		{ "admin", "root", "INSTCMD u load.off\n", "OK\n" },
		{ "admin", "root", "INSTCMD u beeper.mute\n", "ERR ACCESS-DENIED\n" },
		{ "other", "root", "INSTCMD u beeper.mute\n", "OK\n" },
		{ "nobody", "none", "LOGIN u\n", "ERR ACCESS-DENIED\n" },
		{ "nobody", "none", "SET TRACKING ON\n", "OK\n" },
		{ "nobody", "wrong", "SET TRACKING ON\n", "ERR ACCESS-DENIED\n" },
		{ "ghost", "none", "LOGIN u\n", "ERR ACCESS-DENIED\n" },
		{ "MON", "secret", "LOGIN u\n", "ERR ACCESS-DENIED\n" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		int fd = client_as(table[i].user, table[i].password);

		cr_expect_str_eq(ask(fd, table[i].request), table[i].answer, "%s: %s",
		    table[i].user, table[i].request);
		close(fd);
	}
	cr_expect_null(strstr(stage.log, "secret"));
}

/* ---- the answers ---- */

Test(upsd_serve, get_and_list, .init = stage_live, .fini = stage_end)
{
	static const char *const table[][2] = {
		{ "netver\n", "1.3\n" },
		{ "PROTVER\n", "1.3\n" },
		{ "VER x\n", "ERR INVALID-ARGUMENT\n" },
		{ "GET\n", "ERR INVALID-ARGUMENT\n" },
		{ "GET FOO u\n", "ERR INVALID-ARGUMENT\n" },
		{ "GET VAR u\n", "ERR INVALID-ARGUMENT\n" },
		{ "GET VAR u battery.charge\n", "VAR u battery.charge \"100\"\n" },
		{ "get var U Battery.Charge\n", "VAR U Battery.Charge \"100\"\n" },
		{ "GET VAR u no.such\n", "ERR VAR-NOT-SUPPORTED\n" },
		{ "GET VAR x server.nothing\n", "ERR VAR-NOT-SUPPORTED\n" },
		{ "GET VAR Dead ups.status\n", "ERR DRIVER-NOT-CONNECTED\n" },
		{ "GET VAR nowhere ups.status\n", "ERR UNKNOWN-UPS\n" },
		{ "GET UPSDESC u\n", "UPSDESC u \"A \\\"box\\\"\"\n" },
		{ "GET UPSDESC Dead\n", "UPSDESC Dead \"Unavailable\"\n" },
		{ "GET TYPE u ups.id\n", "TYPE u ups.id RW STRING:8\n" },
		{ "GET TYPE u ups.delay\n", "TYPE u ups.delay RW RANGE NUMBER\n" },
		{ "GET TYPE u input.sensitivity\n", "TYPE u input.sensitivity RW ENUM NUMBER\n" },
		{ "GET TYPE u server.info\n", "ERR VAR-NOT-SUPPORTED\n" },
		{ "GET DESC u battery.charge\n", "DESC u battery.charge \"Charge\"\n" },
		{ "GET DESC u no.such\n", "DESC u no.such \"Description unavailable\"\n" },
		{ "GET CMDDESC u load.off\n", "CMDDESC u load.off \"Off\"\n" },
		{ "GET NUMLOGINS u\n", "NUMLOGINS u 0\n" },
		{ "GET NUMLOGINS Dead\n", "ERR DRIVER-NOT-CONNECTED\n" },
		{ "GET TRACKING\n", "OFF\n" },
		{ "GET TRACKING x\n", "ERR FEATURE-NOT-CONFIGURED\n" },
		{ "LIST\n", "ERR INVALID-ARGUMENT\n" },
		{ "LIST CLIENTS u\n", "ERR INVALID-ARGUMENT\n" },
		{ "LIST UPS\n", "BEGIN LIST UPS\nUPS u \"A \\\"box\\\"\"\n"
				"UPS Dead \"Description unavailable\"\nEND LIST UPS\n" },
		{ "LIST VAR U\n",
		    "BEGIN LIST VAR U\nVAR U battery.charge \"100\"\n"
		    "VAR U input.sensitivity \"high\"\nVAR U ups.delay \"20\"\n"
		    "VAR U ups.id \"abc\"\nVAR U ups.status \"OL\"\nEND LIST VAR U\n" },
		{ "LIST RW u\n",
		    "BEGIN LIST RW u\nRW u input.sensitivity \"high\"\nRW u ups.delay \"20\"\n"
		    "RW u ups.id \"abc\"\nEND LIST RW u\n" },
		{ "LIST CMD u\n",
		    "BEGIN LIST CMD u\nCMD u beeper.mute\nCMD u load.off\nEND LIST CMD u\n" },
		{ "LIST ENUM u input.sensitivity\n",
		    "BEGIN LIST ENUM u input.sensitivity\nENUM u input.sensitivity \"high\"\n"
		    "ENUM u input.sensitivity \"a \\\"b\\\"\"\n"
		    "END LIST ENUM u input.sensitivity\n" },
		{ "LIST RANGE u ups.delay\n",
		    "BEGIN LIST RANGE u ups.delay\nRANGE u ups.delay \"10\" \"30\"\n"
		    "END LIST RANGE u ups.delay\n" },
		{ "LIST RANGE u ups.id\n", "BEGIN LIST RANGE u ups.id\nEND LIST RANGE u ups.id\n" },
		{ "LIST ENUM u no.such\n", "ERR VAR-NOT-SUPPORTED\n" },
		{ "LIST VAR Dead\n", "ERR DRIVER-NOT-CONNECTED\n" },
		{ "LIST CLIENT Dead\n", "BEGIN LIST CLIENT Dead\nEND LIST CLIENT Dead\n" },
	};
	int fd = client_from("192.0.2.1");

	EXPECT_ANSWERS(fd, table);
	close(fd);
}

Test(upsd_serve, set_looks_at_the_value, .init = stage_live, .fini = stage_end)
{
	static const char *const table[][2] = {
		{ "SET VAR u no.such x\n", "ERR VAR-NOT-SUPPORTED\n" },
		{ "SET VAR u battery.charge 1\n", "ERR READONLY\n" },
		{ "SET VAR u ups.id 123456789\n", "ERR TOO-LONG\n" },
		{ "SET VAR u ups.id 12345678\n", "OK\n" },
		{ "SET VAR u ups.delay 9\n", "ERR INVALID-VALUE\n" },
		{ "SET VAR u ups.delay 25.9\n", "ERR INVALID-VALUE\n" },
		{ "SET VAR u ups.delay 15abc\n", "ERR INVALID-VALUE\n" },
		{ "SET VAR u ups.delay 30\n", "OK\n" },
		{ "SET VAR u input.sensitivity HIGH\n", "ERR INVALID-VALUE\n" },
		{ "SET VAR u input.sensitivity \"a \\\"b\\\"\"\n", "OK\n" },
		{ "SET VAR u ups.id a b\n", "ERR INVALID-ARGUMENT\n" },
		{ "SET TRACKING MAYBE\n", "ERR INVALID-ARGUMENT\n" },
		{ "SET FOO\n", "ERR INVALID-ARGUMENT\n" },
		{ "INSTCMD u load.off 1 2\n", "ERR INVALID-ARGUMENT\n" },
		{ "INSTCMD u load.off \"5 TRACKING x\"\n", "OK\n" },
	};
	int fd = client_as("admin", "root");

	EXPECT_ANSWERS(fd, table);
	cr_expect_str_eq(driver_hears(),
	    "SET ups.id \"12345678\"\nSET ups.delay \"30\"\n"
	    "SET input.sensitivity \"a \\\"b\\\"\"\nINSTCMD load.off \"5 TRACKING x\"\n");
	close(fd);
}

/* ---- what becomes of an order ---- */

/* Have FD's INSTCMD tracked; its id. */
static char *
order(int fd)
{
	static char ids[8][40];
	static int used;
	char *id = ids[used++ % 8], heard[100];
	const char *answer = ask(fd, "INSTCMD u load.off\n");

	cr_assert_eq(strlen(answer), strlen("OK TRACKING ") + 36 + 1, "%s", answer);
	cr_assert_eq(sscanf(answer, "OK TRACKING %36s\n", id), 1);
	snprintf(heard, sizeof(heard), "INSTCMD load.off TRACKING %s\n", id);
	cr_expect_str_eq(driver_hears(), heard);
	return id;
}

static const char *
outcome(int fd, const char *id)
{
	char text[100];

	snprintf(text, sizeof(text), "GET TRACKING %s\n", id);
	return ask(fd, text);
}

static int
tracker(const char *user, const char *password)
{
	int fd = client_as(user, password);

	cr_assert_str_eq(ask(fd, "SET TRACKING ON\nGET TRACKING\n"), "OK\nON\n");
	return fd;
}

Test(upsd_serve, an_id_is_a_random_uuid, .init = stage_live, .fini = stage_end)
{
	int fd = tracker("admin", "root");
	char *one = order(fd), *two = order(fd);

	for (int i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23)
			cr_expect_eq(one[i], '-');
		else
			cr_expect(strchr("0123456789ABCDEF", one[i]), "%s", one);
	cr_expect_eq(one[14], '4');
	cr_expect(strchr("89AB", one[19]));
	cr_expect(strncmp(one, two, 8) != 0 && strcmp(one + 24, two + 24) != 0);
	close(fd);
}

Test(upsd_serve, an_outcome_is_told_to_its_user_alone, .init = stage_live, .fini = stage_end)
{
	static const char *const results[][2] = { { "0", "SUCCESS\n" }, { "1", "ERR UNKNOWN\n" },
		{ "2", "ERR INVALID-ARGUMENT\n" }, { "3", "ERR FAILED\n" },
		{ "4", "ERR INVALID-ARGUMENT\n" } };
	int fd = tracker("admin", "root"), same = tracker("admin", "root");
	int other = tracker("other", "root");
	char line[100], *id;

	for (size_t i = 0; i < sizeof(results) / sizeof(*results); i++) {
		id = order(fd);
		cr_expect_str_eq(outcome(fd, id), "PENDING\n");
		cr_expect_str_eq(outcome(other, id), "ERR UNKNOWN\n");
		snprintf(line, sizeof(line), "TRACKING %s %s\n", id, results[i][0]);
		driver_says(line);
		cr_expect_str_eq(outcome(fd, id), results[i][1], "%s", results[i][0]);
		cr_expect_str_eq(outcome(same, id), results[i][1]);
		cr_expect_str_eq(outcome(other, id), "ERR UNKNOWN\n");
	}
	id = order(fd);
	for (char *at = id; *at; at++)
		*at = (char)tolower(*at);
	cr_expect_str_eq(outcome(fd, id), "PENDING\n", "in lower case");
	cr_expect_str_eq(outcome(fd, "x"), "ERR UNKNOWN\n");
	cr_expect_str_eq(ask(fd, "SET TRACKING OFF\n"), "OK\n");
	cr_expect_str_eq(outcome(fd, id), "ERR FEATURE-NOT-CONFIGURED\n");
	close(fd);
	close(same);
	close(other);
}

Test(upsd_serve, an_order_dies_with_its_driver, .init = stage_live, .fini = stage_end)
{
	int fd = tracker("admin", "root");
	char *id = order(fd);

	driver_dies();
	cr_expect_str_eq(outcome(fd, id), "ERR FAILED\n");
	close(fd);
}

Test(upsd_serve, an_outcome_is_forgotten_after_trackingdelay, .init = stage_live, .fini = stage_end)
{
	int fd;
	char *id;

	stage.upsd->conf->tracking_delay_s = 300;
	fd = tracker("admin", "root");
	id = order(fd);
	fast_pass(stage.loop, 299000);
	close(fd);
	fd = tracker("admin", "root");
	cr_expect_str_eq(outcome(fd, id), "PENDING\n");
	fast_pass(stage.loop, 2000);
	cr_expect_str_eq(outcome(fd, id), "ERR UNKNOWN\n");
	close(fd);
}

Test(upsd_serve, nobodys_orders_cost_another_his_outcomes, .init = stage_live, .fini = stage_end)
{
	const struct ups *ups = upsd_ups(stage.upsd, "u", 1);
	int fd = tracker("admin", "root");
	char first[TRACKING_ID_LEN + 1] = "", *id = order(fd);

	for (int i = 0; i < 2 * TRACKING_MAX; i++) {
		const char *made = tracking_begin(stage.upsd->trackings, "other", ups);

		cr_assert(made);
		if (i == 0)
			strcpy(first, made);
	}
	cr_expect_str_eq(outcome(fd, id), "PENDING\n");
	cr_expect_str_eq(tracking_say(stage.upsd->trackings, "other", first), "ERR UNKNOWN\n");
	close(fd);
}

/* ---- forced shutdown and logins ---- */

static void
reload_with(const char *name, const char *text)
{
	stage_file(name, text);
	upsd_reload(stage.upsd);
}

Test(
    upsd_serve, a_forced_shutdown_outlives_driver_and_reload, .init = stage_live, .fini = stage_end)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\nFSD u\n"), "OK\nOK FSD-SET\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD OL\"\n");
	cr_expect(strstr(ask(fd, "LIST VAR u\n"), "VAR u ups.status \"FSD OL\"\n"));
	driver_dies();
	cr_expect_str_eq(ask(fd, "LIST VAR u\n"), "ERR DRIVER-NOT-CONNECTED\n");
	fast_pass(stage.loop, 2000);
	driver_dumps();
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD OL\"\n");
	driver_says("SETINFO ups.status \"FSD OB\"\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD OB\"\n");
	driver_says("SETINFO ups.status \"OL\"\n");
	reload_with("ups.conf", STAGE_UPSES "[third]\ndriver = test\nport = z\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD OL\"\n");
	/* It ends with the UPS, as do the sessions of those it feeds. */
	reload_with("ups.conf", "[third]\ndriver = test\nport = z\n");
	cr_expect_str_eq(client_hears(fd), "<EOF>");
	close(fd);
	close(stage.driver);
	reload_with("ups.conf", STAGE_UPSES);
	driver_dumps();
	fd = client_from("192.0.2.1");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"OL\"\n");
	close(fd);
}

Test(upsd_serve, logins_are_counted, .init = stage_live, .fini = stage_end)
{
	int one = client_as("mon", "secret"), two = client_as("sec", "second");
	int three = client_from("2001:db8::1");

	cr_expect_str_eq(ask(three, "GET NUMLOGINS u\n"), "NUMLOGINS u 0\n");
	cr_expect_str_eq(ask(one, "LOGIN u\nLOGIN u\nLOGIN nowhere\n"),
	    "OK\nERR ALREADY-LOGGED-IN\nERR ALREADY-LOGGED-IN\n");
	cr_expect_str_eq(ask(two, "LOGIN U\n"), "OK\n");
	cr_expect_str_eq(ask(three, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\nOK\n");
	cr_expect_str_eq(ask(one, "GET NUMLOGINS u\nLIST CLIENT u\n"),
	    "NUMLOGINS u 3\nBEGIN LIST CLIENT u\nCLIENT u 192.0.2.1\nCLIENT u 2001:db8::1\n"
	    "CLIENT u 192.0.2.1\nEND LIST CLIENT u\n");
	close(two);
	fast_turn(stage.loop, 2);
	cr_expect_str_eq(ask(one, "GET NUMLOGINS u\n"), "NUMLOGINS u 2\n");
	cr_expect_str_eq(ask(three, "LOGOUT\n"), "OK Goodbye\n<EOF>");
	cr_expect_str_eq(ask(one, "GET NUMLOGINS u\n"), "NUMLOGINS u 1\n");
	close(three);
	close(one);
	fast_turn(stage.loop, 2);
	one = client_from("192.0.2.1");
	cr_expect_str_eq(ask(one, "GET NUMLOGINS u\n"), "NUMLOGINS u 0\n");
	close(one);
}

/* ---- sessions ---- */

Test(upsd_serve, logout_ends_it_at_once, .init = stage_live, .fini = stage_end)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "OK\n");
	cr_expect_str_eq(ask(fd, "LOGOUT now\n"), "ERR INVALID-ARGUMENT\n");
	cr_expect_str_eq(ask(fd, "LOGOUT\nVER\nFSD u\n"), "OK Goodbye\n<EOF>");
	cr_expect_not(stage.upsd->upses[0]->fsd);
	cr_expect_eq(stage.upsd->upses[0]->logins, 0);
	close(fd);
}

Test(upsd_serve, bytes_that_are_no_words, .init = stage_live, .fini = stage_end)
{
#define BAD "ERR INVALID-ARGUMENT\n"
#define LINE(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = { LINE("NETV\x01"
			 "ER\n"),
		LINE("NETVER\0\n"), LINE("N\xe9TVER\n"), LINE("NETVER\x1b[A\n"),
		LINE("GET VAR u \"a#b\"\n"), LINE("GET VAR u \"open\n"), LINE("NETVER # \xff\n") };
	int fd = client_from("192.0.2.1");
	char *line = malloc(70000);

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_expect_str_eq(ask_bytes(fd, bad[i].bytes, bad[i].len), BAD, "%zu", i);
		cr_expect_str_eq(ask(fd, "NETVER\n"), "1.3\n", "%zu", i);
	}
	cr_expect_str_eq(ask(fd, "\"NETVER\"\r\n\\N\\ETVER # why\n"), "1.3\n1.3\n");
	/* A word too long, too many words; a line without end ends the session. */
	memset(line, 'x', 70000);
	line[5000] = '\n';
	cr_expect_str_eq(ask_bytes(fd, line, 5001), BAD);
	for (int i = 0; i < 200; i += 2)
		memcpy(line + i, "x ", 2);
	line[200] = '\n';
	cr_expect_str_eq(ask_bytes(fd, line, 201), BAD);
	cr_expect_str_eq(ask(fd, "NETVER\n"), "1.3\n");
	memset(line, 'x', 70000);
	cr_expect_str_eq(ask_bytes(fd, line, 70000), BAD "<EOF>");
	free(line);
	close(fd);
}

Test(upsd_serve, requests_in_one_piece_and_in_many, .init = stage_live, .fini = stage_end)
{
	char text[7 * 300 + 1] = "", expected[4 * 300 + 1] = "";
	int fd = client_from("192.0.2.1");

	for (int i = 0; i < 300; i++) {
		strcat(text, "NETVER\n");
		strcat(expected, "1.3\n");
	}
	cr_expect_str_eq(ask(fd, text), expected);
	for (const char *at = "NETVER"; *at; at++)
		cr_expect_str_eq(ask_bytes(fd, at, 1), "");
	cr_expect_str_eq(ask(fd, "\n"), "1.3\n");
	/* Who has said all still hears the answer. */
	cr_assert(send(fd, "NETVER\nNETV", 11, MSG_NOSIGNAL) == 11);
	shutdown(fd, SHUT_WR);
	cr_expect_str_eq(client_hears(fd), "1.3\n<EOF>");
	close(fd);
}

Test(upsd_serve, who_is_silent_goes_unless_logged_in, .init = stage_live, .fini = stage_end)
{
	int member = client_as("sec", "second"), visitor = client_from("192.0.2.1");

	cr_expect_str_eq(ask(member, "LOGIN u\n"), "OK\n");
	fast_pass(stage.loop, 50000);
	cr_expect_str_eq(ask(visitor, "NETVER\nNETV"), "1.3\n");
	fast_pass(stage.loop, 59000);
	cr_expect_str_eq(client_hears(visitor), "");
	fast_pass(stage.loop, 1500);
	cr_expect_str_eq(client_hears(visitor), "<EOF>");
	cr_expect_str_eq(ask(member, "NETVER\n"), "1.3\n");
	close(member);
	close(visitor);
}

/* ---- who guesses ---- */

static const char *
try_login(const char *host, const char *user, const char *password, int *fd)
{
	char text[100];

	*fd = client_from(host);
	snprintf(text, sizeof(text), "USERNAME %s\nPASSWORD %s\n", user, password);
	cr_assert_str_eq(ask(*fd, text), "OK\nOK\n");
	return ask(*fd, "LOGIN u\n");
}

Test(upsd_serve, guessing_is_slowed_down_for_the_guesser, .init = stage_live, .fini = stage_end)
{
	int fd, fd2;

	for (int i = 0; i < 5; i++) {
		cr_expect_str_eq(
		    try_login("192.0.2.9", "mon", "guess", &fd), "ERR ACCESS-DENIED\n");
		close(fd);
	}
	cr_expect_str_eq(try_login("192.0.2.9", "mon", "guess", &fd), "");
	/* Others do not notice, be it the user or the address. */
	cr_expect_str_eq(try_login("192.0.2.10", "mon", "secret", &fd2), "OK\n");
	close(fd2);
	cr_expect_str_eq(try_login("192.0.2.9", "sec", "second", &fd2), "OK\n");
	close(fd2);
	fast_pass(stage.loop, 99);
	cr_expect_str_eq(ask(fd, "NETVER\n"), "", "the answers keep their order");
	fast_pass(stage.loop, 1);
	cr_expect_str_eq(client_hears(fd), "ERR ACCESS-DENIED\n1.3\n");
	close(fd);
	/* The right password waits its turn, too, and then is right. */
	cr_expect_str_eq(try_login("192.0.2.9", "mon", "secret", &fd), "");
	fast_pass(stage.loop, 99);
	cr_expect_str_eq(client_hears(fd), "");
	fast_pass(stage.loop, 101);
	cr_expect_str_eq(client_hears(fd), "OK\n");
	close(fd);
}

Test(upsd_serve, many_connections_guess_no_faster, .init = stage_live, .fini = stage_end)
{
	int fds[30], fd, answered = 0;

	for (int i = 0; i < 5; i++) {
		try_login("192.0.2.9", "mon", "guess", &fd);
		close(fd);
	}
	for (int i = 0; i < 30; i++)
		cr_expect_str_eq(try_login("192.0.2.9", "mon", "guess", &fds[i]), "");
	fast_pass(stage.loop, 1000);
	for (int i = 0; i < 30; i++) {
		answered += *client_hears(fds[i]) != '\0';
		close(fds[i]);
	}
	cr_expect_leq(answered, 10);
	cr_expect_geq(answered, 9);
	/* Who goes while waiting leaves nothing behind. */
	fast_pass(stage.loop, 5000);
	cr_expect_eq(stage.upsd->visitors.len, 0);
}

/* ---- drivers ---- */

Test(upsd_serve, no_data_before_the_dump_is_done, .init = stage_begin, .fini = stage_end)
{
	int fd = client_from("192.0.2.1");

	driver_accept();
	driver_says(DRIVER_DUMP);
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "ERR DATA-STALE\n");
	driver_says("DUMPDONE\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"OL\"\n");
	driver_says("DATASTALE\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\nLIST VAR u\nGET UPSDESC u\n"),
	    "ERR DATA-STALE\nERR DATA-STALE\nUPSDESC u \"A \\\"box\\\"\"\n");
	driver_says("DATAOK\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"OL\"\n");
	close(fd);
}

/* A secondary that has not heard OB would else stay up until its power goes. */
Test(upsd_serve, fsd_is_told_whatever_the_driver_says, .init = stage_begin, .fini = stage_end)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "GET VAR dead ups.status\nFSD dead\nGET VAR dead UPS.status\n"),
	    "ERR DRIVER-NOT-CONNECTED\nOK FSD-SET\nVAR dead UPS.status \"FSD\"\n");
	cr_expect_str_eq(ask(fd, "GET VAR dead ups.id\nLIST VAR dead\nGET TYPE dead ups.status\n"),
	    "ERR DRIVER-NOT-CONNECTED\nERR DRIVER-NOT-CONNECTED\nERR DRIVER-NOT-CONNECTED\n");
	driver_accept();
	cr_expect_str_eq(
	    ask(fd, "FSD u\nGET VAR u ups.status\n"), "OK FSD-SET\nVAR u ups.status \"FSD\"\n");
	driver_says("SETINFO ups.id \"abc\"\nDUMPDONE\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD\"\n");
	driver_says("SETINFO ups.status \"OL\"\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "VAR u ups.status \"FSD OL\"\n");
	driver_says("DATASTALE\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\nGET VAR u ups.id\n"),
	    "VAR u ups.status \"FSD\"\nERR DATA-STALE\n");
	close(fd);
}

Test(upsd_serve, a_silent_driver_is_asked_then_stale, .init = stage_live, .fini = stage_end)
{
	int fd = client_from("192.0.2.1");

	fast_pass(stage.loop, 6000);
	cr_expect_str_eq(driver_hears(), "PING\n");
	fast_pass(stage.loop, 8500);
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	fast_pass(stage.loop, 2000);
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "ERR DATA-STALE\n");
	driver_says("PONG\n");
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	close(fd);
}

/* A upsd that was stopped, or slept, knows only what was so before. */
Test(upsd_serve, after_a_gap_the_driver_is_heard_first, .init = stage_live, .fini = stage_end)
{
	int fd = client_from("192.0.2.1");

	fast_now_ms += 12000; /* less than MAXAGE */
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "ERR DATA-STALE\n");
	cr_expect_str_eq(driver_hears(), "PING\n");
	driver_says("PONG\n");
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	close(fd);
}

Test(upsd_serve, nonsense_from_a_driver, .init = stage_live, .fini = stage_end)
{
	int fd = client_from("192.0.2.1");
	char flood[8192];

	driver_says("NONSENSE\nSETINFO\nSETINFO battery.charge \"1\x01\"\nDUMPALL\n\n"
		    "SETINFO \"bad name\" 1\nSETINFO battery.charge \"open\n");
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	memset(flood, 'x', sizeof(flood));
	for (int i = 0; i < 10; i++) {
		(void)!send(stage.driver, flood, sizeof(flood), MSG_NOSIGNAL);
		fast_turn(stage.loop, 5);
	}
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "ERR DRIVER-NOT-CONNECTED\n");
	/* It has to wait longer than one that merely went. */
	fast_pass(stage.loop, 4000);
	cr_expect_eq(accept(stage.listener, NULL, NULL), -1);
	fast_pass(stage.loop, 2000);
	close(stage.driver);
	driver_dumps();
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	close(fd);
}

Test(upsd_serve, a_socket_for_everybody_is_not_trusted, .init = stage_live, .fini = stage_end)
{
	char path[100];

	snprintf(path, sizeof(path), "%s/test-u", stage.folder);
	cr_assert_eq(chmod(path, 0666), 0);
	driver_dies();
	fast_pass(stage.loop, 5000);
	cr_expect_eq(accept(stage.listener, NULL, NULL), -1);
	cr_assert_eq(chmod(path, 0660), 0);
	fast_pass(stage.loop, 1100);
	driver_dumps();
}

/* ---- anything at all ---- */

/* A line, or nearly one, of WORDS and of bytes that are in no word. */
static size_t
random_line(unsigned *seed, const char *const *words, size_t len, char *out)
{
	char *at = out;

	for (int i = rand_r(seed) % 6; i >= 0; i--) {
		if (rand_r(seed) % 12)
			at = stpcpy(at, words[(size_t)rand_r(seed) % len]);
		else
			*at++ = (char)rand_r(seed);
		if (rand_r(seed) % 8)
			*at++ = ' ';
	}
	*at++ = '\n';
	return (size_t)(at - out);
}

Test(upsd_serve, random_lines_from_clients, .init = stage_live, .fini = stage_end)
{
	static const char *const words[] = { "GET", "LIST", "SET", "VAR", "INSTCMD", "TRACKING",
		"ON", "OFF", "u", "Dead", "ups.status", "ups.id", "load.off", "server.info",
		"USERNAME", "PASSWORD", "other", "root", "LOGIN", "FSD", "STARTTLS", "ENUM",
		"RANGE", "DESC", "UPS", "CLIENT", "\"", "\\", "#", "=", "\"a b\"", "\"\"" };
	unsigned seed = 3493;
	char line[600];

	for (int round = 0; round < 40; round++) {
		int fd = round % 2 ? client_as("other", "root") : client_from("192.0.2.7");

		for (int i = 0; i < 50; i++) {
			size_t len =
			    random_line(&seed, words, sizeof(words) / sizeof(*words), line);

			(void)!send(fd, line, len, MSG_NOSIGNAL);
			fast_turn(stage.loop, 1);
		}
		close(fd);
		(void)driver_hears();
		fd = client_from("192.0.2.1");
		cr_assert_str_eq(ask(fd, "GET VAR u battery.charge\n"),
		    "VAR u battery.charge \"100\"\n", "round %d", round);
		close(fd);
	}
}

Test(upsd_serve, random_lines_from_a_driver, .init = stage_live, .fini = stage_end)
{
	static const char *const words[] = { "SETINFO", "DELINFO", "ADDENUM", "DELENUM", "ADDRANGE",
		"DELRANGE", "SETAUX", "SETFLAGS", "ADDCMD", "DELCMD", "DATAOK", "DATASTALE",
		"DUMPDONE", "TRACKING", "PONG", "ups.status", "ups.id", "a.b", "RW", "STRING",
		"NUMBER", "0", "-1", "10", "99999999999999999999", "\"OL\"", "\"", "\\", "#",
		"\"a b\"" };
	int fd = client_from("192.0.2.1");
	unsigned seed = 20011127;
	char line[600];

	for (int i = 0; i < 3000; i++) {
		size_t len = random_line(&seed, words, sizeof(words) / sizeof(*words), line);

		cr_assert_eq(send(stage.driver, line, len, MSG_NOSIGNAL), (ssize_t)len);
		fast_turn(stage.loop, 1);
		if (i % 100 == 0) {
			const char *all = ask(fd, "LIST VAR u\nLIST RW u\nLIST CMD u\n");

			cr_assert(!strncmp(all, "BEGIN", 5) || !strncmp(all, "ERR DATA-STALE", 14),
			    "%s", all);
		}
	}
	driver_says("\n\"\n" DRIVER_DUMP "DATAOK\nDUMPDONE\n");
	cr_expect_str_eq(ask(fd, "GET VAR u battery.charge\n"), "VAR u battery.charge \"100\"\n");
	close(fd);
}

/* ---- reload ---- */

/* The first words of the report. */
static const char *
report(void)
{
	static char text[1024];
	FILE *file = fopen(stage.report, "r");

	cr_assert(file && fgets(text, sizeof(text), file));
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

Test(upsd_serve, a_fault_in_any_file_changes_nothing, .init = stage_live, .fini = stage_end)
{
	static const struct {
		const char *name, *text, *good;
	} bad[] = {
		{ "upsd.conf", "MAXAGE 1\nLISTNE ::1\n", "LISTEN 127.0.0.1\n" },
		{ "ups.conf", "[new]\ndriver = test\nport = x\n[u]\n", STAGE_UPSES },
		{ "upsd.users", "[mon]\npassword = other\nupsmon = boss\n", STAGE_USERS },
	};
	struct upsdconf *conf = stage.upsd->conf;
	int fd = client_as("mon", "secret");
	char said[100];

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "OK\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		reload_with(bad[i].name, bad[i].text);
		snprintf(said, sizeof(said), "%zu %s/%s:", i + 1, stage.folder, bad[i].name);
		cr_expect(!strncmp(report(), said, strlen(said)), "%s", report());
		cr_expect_eq(stage.upsd->conf, conf);
		cr_expect_eq(stage.upsd->generation, 1);
		cr_expect_str_eq(ask(fd, "GET NUMLOGINS u\nGET VAR u ups.status\nPRIMARY u\n"),
		    "NUMLOGINS u 1\nVAR u ups.status \"OL\"\nOK PRIMARY-GRANTED\n");
		cr_expect_str_eq(ask(fd, "GET UPSDESC new\n"), "ERR UNKNOWN-UPS\n");
		stage_file(bad[i].name, bad[i].good);
	}
	upsd_reload(stage.upsd);
	cr_expect_str_eq(report(), "4 ok");
	cr_expect_eq(stage.upsd->generation, 2);
	cr_expect_str_eq(ask(fd, "GET NUMLOGINS u\nGET VAR u ups.status\nPRIMARY u\n"),
	    "NUMLOGINS u 1\nVAR u ups.status \"OL\"\nOK PRIMARY-GRANTED\n");
	close(fd);
}

Test(upsd_serve, rights_that_were_taken_are_gone_at_once, .init = stage_live, .fini = stage_end)
{
	int admin = client_as("admin", "root"), mon = client_as("mon", "secret");

	cr_expect_str_eq(ask(admin, "SET VAR u ups.id x\n"), "OK\n");
	cr_expect_str_eq(ask(mon, "PRIMARY u\n"), "OK PRIMARY-GRANTED\n");
	reload_with("upsd.users", "[admin]\npassword = root\n[mon]\npassword = new\n"
				  "upsmon primary\n");
	cr_expect_str_eq(ask(admin, "SET VAR u ups.id x\n"), "ERR ACCESS-DENIED\n");
	cr_expect_str_eq(ask(mon, "PRIMARY u\n"), "ERR ACCESS-DENIED\n");
	close(admin);
	close(mon);
}

Test(upsd_serve, an_answer_that_waits_survives_the_reload, .init = stage_live, .fini = stage_end)
{
	int fd;

	for (int i = 0; i < 5; i++) {
		try_login("192.0.2.9", "mon", "guess", &fd);
		close(fd);
	}
	cr_expect_str_eq(try_login("192.0.2.9", "mon", "secret", &fd), "");
	reload_with("ups.conf", "[Dead]\ndriver = test\nport = y\n");
	fast_pass(stage.loop, 200);
	cr_expect_str_eq(client_hears(fd), "ERR UNKNOWN-UPS\n");
	close(fd);
}

Test(upsd_serve, another_driver_for_the_same_name, .init = stage_live, .fini = stage_end)
{
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\n"), "OK\n");
	reload_with("ups.conf", "[u]\ndriver = another\nport = x\n");
	cr_expect_str_eq(ask(fd, "GET VAR u ups.status\n"), "ERR DRIVER-NOT-CONNECTED\n");
	cr_expect_str_eq(ask(fd, "LIST UPS\n"),
	    "BEGIN LIST UPS\nUPS u \"Description unavailable\"\nEND LIST UPS\n");
	cr_expect_eq(stage.upsd->upses[0]->logins, 1);
	close(fd);
}

/* ---- the door ---- */

static int
dial(const struct addr *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, &to->any, sizeof(struct sockaddr_in)), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

Test(upsd_serve, clients_come_by_the_listener_up_to_maxconn, .init = stage_live, .fini = stage_end)
{
	struct addr at;
	bool settled;
	int fds[3], late;

	stage.upsd->conf->max_conn = 3 + 3; /* two UPSes and a listener count */
	cr_assert(listen_start(stage.upsd));
	cr_expect_eq(listen_open(stage.upsd, &settled), 1);
	cr_expect(settled);
	cr_assert(listen_address(stage.upsd, &at));
	for (int i = 0; i < 3; i++) {
		fds[i] = dial(&at);
		cr_expect_str_eq(ask(fds[i], "NETVER\n"), "1.3\n");
	}
	late = dial(&at);
	cr_expect_str_eq(client_hears(late), "ERR ACCESS-DENIED\n<EOF>");
	close(late);
	/* Who has been silent for a second makes room. */
	fast_pass(stage.loop, 1500);
	cr_expect_str_eq(ask(fds[0], "NETVER\n"), "1.3\n");
	late = dial(&at);
	cr_expect_str_eq(ask(late, "NETVER\n"), "1.3\n");
	cr_expect_str_eq(client_hears(fds[1]), "<EOF>");
	cr_expect_str_eq(ask(fds[0], "NETVER\n"), "1.3\n");
	close(late);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
}
