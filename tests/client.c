/* The client library against a server that says what it should not. */
#include "tests/clientstage.h"

#include "base/words.h"

/* ---- what should be ---- */

static const struct line good[] = {
	{ "GET VAR u ups.status", "VAR u ups.status \"OL CHRG\"\n" },
	{ "GET VAR u a.b", "VAR u a.b \"q\\\"\\\\\\#\"\n" },
	{ "GET TYPE u a.b", "TYPE u a.b RW ENUM STRING:20\n" },
	{ "GET NUMLOGINS u", "NUMLOGINS u 2\n" },
	{ "GET VAR u no", "ERR VAR-NOT-SUPPORTED\n" },
	{ "VER", "Network UPS Tools upsd 2.8.0\n" },
	{ "LIST VAR u", "BEGIN LIST VAR u\nVAR u a.b \"1\"\nVAR u c.d \"2 3\"\nEND LIST VAR u\n" },
	{ "LIST UPS", "BEGIN LIST UPS\nUPS u \"d\"\nEND LIST UPS\n" },
	{ "LIST CLIENT u", "BEGIN LIST CLIENT u\nCLIENT U ::1\nEND LIST CLIENT u\n" },
	{ "LIST ENUM u a.b", "BEGIN LIST ENUM u a.b\nEND LIST ENUM u a.b\n" },
	{ "LIST RANGE u a.b",
	    "BEGIN LIST RANGE u a.b\nRANGE u a.b \"1\" \"9\"\nEND LIST RANGE u a.b\n" },
	{ "LIST CMD s", "ERR DATA-STALE\n" },
	{ "LOGIN u", "OK\n" },
	{ "PRIMARY u", "OK PRIMARY-GRANTED\n" },
	{ "MASTER u", "OK MASTER-GRANTED\n" },
	{ "FSD u", "OK FSD-SET\n" },
	{ "SET VAR u a.b \"x y\\\"\\\\\\#=\"", "OK TRACKING 1-2\n" },
	{ "SET VAR u a.b \"\"", "OK\n" },
	{ "INSTCMD u load.off", "OK\n" },
	{ "INSTCMD u load.off \"a b\"", "OK\n" },
	{ "SET TRACKING ON", "OK\n" },
	{ "GET TRACKING 1-2", "SUCCESS\n" },
	{ "USERNAME \"a b\"", "OK\n" },
	{ "PASSWORD \"\"", "ERR INVALID-PASSWORD\n" },
	{ "LOGOUT", "OK Goodbye\n" },
	{ NULL, NULL },
};

Test(client, each_kind_of_question_gets_its_answer)
{
	struct stage stage;

	begin(&stage, good);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	ask(&stage, CLIENT_GET_TYPE, "u", "a.b");
	ask(&stage, CLIENT_GET_NUMLOGINS, "u");
	ask(&stage, CLIENT_GET_VAR, "u", "no");
	ask(&stage, CLIENT_VER, NULL);
	play(&stage);
	expect_heard(&stage, "OL CHRG;.;q\"\\#;.;RW;ENUM;STRING:20;.;2;.;!VAR-NOT-SUPPORTED;"
			     "Network;UPS;Tools;upsd;2.8.0;.;");
	stage.heard[0] = '\0';
	ask(&stage, CLIENT_LIST_VAR, "u");
	ask(&stage, CLIENT_LIST_UPS, NULL);
	ask(&stage, CLIENT_LIST_CLIENT, "u");
	ask(&stage, CLIENT_LIST_ENUM, "u", "a.b");
	ask(&stage, CLIENT_LIST_RANGE, "u", "a.b");
	ask(&stage, CLIENT_LIST_CMD, "s");
	play(&stage);
	expect_heard(&stage, "a.b;1;c.d;2 3;.;u;d;.;::1;.;.;1;9;.;!DATA-STALE;");
	stage.heard[0] = '\0';
	ask(&stage, CLIENT_LOGIN, "u");
	ask(&stage, CLIENT_PRIMARY, "u");
	ask(&stage, CLIENT_MASTER, "u");
	ask(&stage, CLIENT_FSD, "u");
	ask(&stage, CLIENT_SET_VAR, "u", "a.b", "x y\"\\#=");
	ask(&stage, CLIENT_SET_VAR, "u", "a.b", "");
	ask(&stage, CLIENT_INSTCMD, "u", "load.off");
	ask(&stage, CLIENT_INSTCMD, "u", "load.off", "a b");
	ask(&stage, CLIENT_SET_TRACKING, "ON");
	ask(&stage, CLIENT_GET_TRACKING, "1-2");
	play(&stage);
	expect_heard(&stage, ".;.;.;.;1-2;.;.;.;.;.;SUCCESS;.;");
	cr_expect_eq(stage.closed, 0);
	cr_expect_eq(stage.ready, 1);
	end(&stage);
}

Test(client, many_questions_in_flight_are_answered_in_order)
{
	struct stage stage;
	char want[4096] = "";

	begin(&stage, good);
	for (int i = 0; i < 100; i++) {
		ask(&stage, CLIENT_GET_VAR, "u", i % 2 ? "ups.status" : "a.b");
		note(want, sizeof(want), "", i % 2 ? "OL CHRG;." : "q\"\\#;.");
	}
	play(&stage);
	expect_heard(&stage, want);
	end(&stage);
}

Test(client, credentials_go_before_the_questions_and_a_refusal_is_told)
{
	struct stage stage;

	open_stage(&stage, good);
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_NONE, .user = "a b", .password = "" });
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	cr_expect_str_eq(stage.asked, "USERNAME \"a b\";PASSWORD \"\";GET VAR u ups.status;");
	expect_heard(&stage, "OL CHRG;.;");
	cr_expect_eq(client_login_error(stage.client), NET_INVALID_PASSWORD);
	end(&stage);
}

Test(client, logout_ends_the_connection_in_good_order)
{
	struct stage stage;

	begin(&stage, good);
	ask(&stage, CLIENT_LOGOUT, NULL);
	play(&stage);
	play_on(&stage);
	cr_expect_str_eq(stage.why, "(logged out)");
	expect_heard(&stage, "OK;Goodbye;.;");
	cr_expect_eq(client_state(stage.client), CLIENT_DOWN);
	end(&stage);
}

Test(client, questions_that_cannot_be_sent_are_refused_at_once)
{
	struct stage stage;
	char huge[5000];

	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	begin(&stage, good);
#define refused(kind, ...)                                                                         \
	cr_expect_not_null(                                                                        \
	    client_ask(stage.client, kind, CLIENT_ARGS(__VA_ARGS__), on_answer, &stage))
	refused(CLIENT_GET_VAR, "u");
	refused(CLIENT_GET_VAR, "u", "a.b", "c");
	refused(CLIENT_GET_VAR, "u", "a\nLOGOUT");
	refused(CLIENT_SET_VAR, "u", "a.b", "caf\xc3\xa9");
	refused(CLIENT_SET_VAR, "u", "a.b", huge);
	client_close(stage.client);
	refused(CLIENT_GET_VAR, "u", "ups.status");
	end(&stage);
}

/* ---- what should not be: robustness 49, 50, 95 ---- */

/* The question GET VAR u a.b (and a second one behind it), REPLY, and how it ends. */
static void
expect_end(const char *reply, const char *heard, const char *why)
{
	struct stage stage;
	const struct line lines[] = { { "GET VAR u a.b", reply }, { "GET VAR u c.d", "" },
		{ "LIST VAR u", reply }, { NULL, NULL } };
	enum client_kind kind = reply && strstr(reply, "LIST") ? CLIENT_LIST_VAR : CLIENT_GET_VAR;

	begin(&stage, lines);
	if (kind == CLIENT_LIST_VAR)
		ask(&stage, kind, "u");
	else
		ask(&stage, kind, "u", "a.b");
	play(&stage);
	play_on(&stage);
	cr_expect_eq(client_state(stage.client), CLIENT_DOWN, "after %s", reply);
	cr_expect_str_eq(stage.heard, heard);
	cr_expect_str_eq(stage.why, why);
	cr_expect_eq(stage.closed, 1);
	end(&stage);
}

#define WRONG "Protocol error: the answer is not to this question"
#define WRONG_ROW "Protocol error: a line that does not belong into this list"

Test(client, an_answer_to_another_question_closes)
{
	expect_end("VAR u c.d \"1\"\n", "?" WRONG ";", WRONG);
	expect_end("VAR v a.b \"1\"\n", "?" WRONG ";", WRONG);
	expect_end("TYPE u a.b RW\n", "?" WRONG ";", WRONG);
	expect_end("VAR u a.b\n", "?" WRONG ";", WRONG);
	expect_end("VAR u a.b \"1\" \"2\"\n", "?" WRONG ";", WRONG);
	expect_end("OK\n", "?" WRONG ";", WRONG);
	expect_end("\n", "?" WRONG ";", WRONG);
	expect_end("BEGIN LIST VAR v\n", "?" WRONG ";", WRONG);
	expect_end("BEGIN LIST RW u\nEND LIST RW u\n", "?" WRONG ";", WRONG);
	expect_end("END LIST VAR u\n", "?" WRONG ";", WRONG);
}

Test(client, a_line_of_another_list_closes)
{
#define BEGIN_ROW "BEGIN LIST VAR u\nVAR u a.b \"1\"\n"
	expect_end(BEGIN_ROW "END LIST VAR v\n", "?" WRONG_ROW ";", WRONG_ROW);
	expect_end(BEGIN_ROW "VAR v a.b \"1\"\n", "?" WRONG_ROW ";", WRONG_ROW);
	expect_end(BEGIN_ROW "RW u a.b \"1\"\n", "?" WRONG_ROW ";", WRONG_ROW);
	expect_end(BEGIN_ROW "ERR DATA-STALE\n", "?" WRONG_ROW ";", WRONG_ROW);
	expect_end(BEGIN_ROW "BEGIN LIST VAR u\n", "?" WRONG_ROW ";", WRONG_ROW);
}

Test(client, two_answers_to_one_question_close)
{
	const char *why = "Protocol error: a line that nobody asked for";

	expect_end("VAR u a.b \"1\"\nVAR u a.b \"2\"\n", "1;.;", why);
	expect_end("VAR u a.b \"1\"\nERR DATA-STALE\n", "1;.;", "Data stale");
}

Test(client, bytes_that_are_no_words_close)
{
	struct {
		const char *reply;
		enum words_error error;
	} bad[] = { { "VAR u a.b \"\x1b[2J\"\n", WORDS_BAD_BYTE },
		{ "VAR u a.b \"\xe9\"\n", WORDS_BAD_BYTE },
		{ "VAR u a.b \"1\n", WORDS_OPEN_QUOTE } };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char why[200], heard[202];

		snprintf(why, sizeof(why), "Protocol error: %s", words_strerror(bad[i].error));
		snprintf(heard, sizeof(heard), "?%s;", why);
		expect_end(bad[i].reply, heard, why);
	}
}

Test(client, the_questions_behind_a_bad_answer_fail_in_order_and_then_the_client)
{
	struct stage stage;
	const struct line lines[] = { { "GET VAR u a.b", "VAR u x.y \"1\"\n" },
		{ "GET VAR u c.d", "VAR u c.d \"1\"\n" }, { NULL, NULL } };

	begin(&stage, lines);
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	ask(&stage, CLIENT_GET_VAR, "u", "c.d");
	play(&stage);
	expect_heard(&stage, "?" WRONG ";?" WRONG ";");
	cr_expect_str_eq(stage.why, WRONG);
	end(&stage);
}

Test(client, a_server_that_closes_has_disconnected)
{
	struct stage stage;
	const struct line lines[] = { { "GET VAR u a.b", NULL }, { NULL, NULL } };

	begin(&stage, lines);
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	play(&stage);
	expect_heard(&stage, "?Server disconnected;");
	end(&stage);
}

static void
hang_up_peer(void *owner)
{
	struct stage *stage = owner;

	conn_end(stage->peer);
}

Test(client, closing_in_the_middle_of_a_line_or_list_is_no_answer)
{
	const char *parts[] = { "VAR u a.b \"1", "VAR u a.b \"1\"", "BEGIN LIST VAR u\nVAR u a" };

	for (size_t i = 0; i < 3; i++) {
		struct stage stage;
		const struct line lines[] = { { "GET VAR u a.b", parts[i] },
			{ "LIST VAR u", parts[i] }, { NULL, NULL } };

		begin(&stage, lines);
		stage.drip = (struct timer){ .fire = hang_up_peer, .owner = &stage };
		loop_timer_in(stage.loop, &stage.drip, 1000);
		if (i < 2)
			ask(&stage, CLIENT_GET_VAR, "u", "a.b");
		else
			ask(&stage, CLIENT_LIST_VAR, "u");
		play(&stage);
		expect_heard(&stage, "?Server disconnected;");
		end(&stage);
	}
}

Test(client, a_silent_server_is_given_up_at_the_deadline)
{
	struct stage stage;
	int64_t start_ms;

	begin(&stage, NULL);
	start_ms = fast_now_ms;
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	play(&stage);
	expect_heard(&stage, "?Read error: Connection timed out;");
	cr_expect_eq(stage.heard_ms - start_ms, CLIENT_ANSWER_MS);
	end(&stage);
}

/* robustness 41: the deadline is for the whole answer, not for the next byte. */
Test(client, a_server_that_drips_is_given_up_at_the_same_deadline)
{
	struct stage stage;
	int64_t start_ms;

	begin(&stage, NULL);
	start_ms = fast_now_ms;
	stage.to_drip = "BEGIN LIST VAR u\nVAR u a.b \"1\"\nVAR u c.d \"1\"\nEND LIST VAR u\n";
	ask(&stage, CLIENT_LIST_VAR, "u");
	loop_timer_in(stage.loop, &stage.drip, 1000);
	play(&stage);
	expect_heard(&stage, "?Read error: Connection timed out;");
	cr_expect_eq(stage.heard_ms - start_ms, CLIENT_ANSWER_MS);
	end(&stage);
}

Test(client, each_question_has_its_own_deadline)
{
	struct stage stage;
	const struct line lines[] = { { "GET VAR u a.b", "VAR u a.b \"1\"\n" },
		{ "GET VAR u c.d", "" }, { NULL, NULL } };

	begin(&stage, lines);
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	play(&stage);
	fast_now_ms += 9000;
	loop_step(stage.loop, 0);
	ask(&stage, CLIENT_GET_VAR, "u", "c.d");
	play(&stage);
	expect_heard(&stage, "1;.;?Read error: Connection timed out;");
	cr_expect_eq(stage.heard_ms - 1000000, 9000 + CLIENT_ANSWER_MS);
	end(&stage);
}

Test(client, an_idle_connection_has_no_deadline)
{
	struct stage stage;

	begin(&stage, good);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	for (int i = 0; i < 100; i++)
		loop_step(stage.loop, -1);
	cr_expect_gt(fast_now_ms, 1000000 + 2 * CLIENT_ANSWER_MS);
	cr_expect_eq(client_state(stage.client), CLIENT_READY);
	cr_expect_eq(stage.closed, 0);
	end(&stage);
}

/* Send TEXT again and again, TOTAL bytes or for as long as the client reads. */
static void
flood(struct stage *stage, const char *text, size_t total)
{
	size_t sent = 0, len = strlen(text);

	for (int i = 0; i < 100000 && client_state(stage->client) != CLIENT_DOWN && sent < total;
	     i++) {
		while (stage->peer && conn_unsent(stage->peer) < 100000 && sent < total) {
			conn_send(stage->peer, text, len);
			sent += len;
		}
		loop_step(stage->loop, 0);
	}
	play_on(stage);
}

Test(client, a_line_of_3_MB_is_not_kept)
{
	struct stage stage;

	begin(&stage, NULL);
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	for (int i = 0; i < 20 && !stage.peer; i++)
		loop_step(stage.loop, 0);
	flood(&stage, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 3u << 20);
	cr_expect_eq(client_state(stage.client), CLIENT_DOWN);
	expect_heard(&stage, "?Read error: line too long;");
	end(&stage);
}

Test(client, a_list_without_end_is_not_kept)
{
	const char *row = "VAR u a.b \"1\"\n";
	char long_row[4000];

	snprintf(long_row, sizeof(long_row), "VAR u a.b \"%03800d\"\n", 0);
	for (int i = 0; i < 2; i++) {
		struct stage stage;
		const struct line lines[] = { { "LIST VAR u", "BEGIN LIST VAR u\n" },
			{ NULL, NULL } };

		begin(&stage, lines);
		ask(&stage, CLIENT_LIST_VAR, "u");
		for (int j = 0; j < 20 && !*stage.asked; j++)
			loop_step(stage.loop, 0);
		flood(&stage, i ? long_row : row, 16u << 20);
		cr_expect_eq(client_state(stage.client), CLIENT_DOWN);
		expect_heard(&stage, "?Protocol error: the list has no end;");
		end(&stage);
	}
}

/* access C7: a server that refuses us says so before it is asked. */
Test(client, a_refusal_in_place_of_a_greeting_is_understood)
{
	struct stage stage;

	begin(&stage, NULL);
	play(&stage);
	for (int i = 0; i < 20 && !stage.peer; i++)
		loop_step(stage.loop, 0);
	conn_send_text(stage.peer, "ERR ACCESS-DENIED\n");
	play_on(&stage);
	cr_expect_str_eq(stage.why, "Access denied");
	end(&stage);
}

/* ---- connecting ---- */

/* An address where nobody listens. */
static struct addr
deaf_addr(void)
{
	struct addr addr;
	int fd;

	addr_parse(&addr, "127.0.0.1", 1);
	addr_set_port(&addr, 0);
	fd = fast_world.listen(fast_world.owner, &addr, false, 0);
	cr_assert(fast_world.local(fast_world.owner, fd, &addr));
	close(fd);
	return addr;
}

Test(client, addresses_are_tried_in_turn)
{
	struct stage stage;
	struct addr addrs[3];

	open_stage(&stage, good);
	addrs[0] = addrs[1] = deaf_addr();
	addrs[2] = stage.at;
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_NONE, .addrs = addrs, .addrs_len = 3 });
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	expect_heard(&stage, "OL CHRG;.;");
	end(&stage);
}

Test(client, when_no_address_answers_the_last_reason_is_told)
{
	struct stage stage;
	struct addr addrs[2];

	open_stage(&stage, good);
	addrs[0] = addrs[1] = deaf_addr();
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_NONE, .addrs = addrs, .addrs_len = 2 });
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	cr_expect_eq(stage.closed, 0, "no callback from inside a call");
	play(&stage);
	expect_heard(&stage, "?Connection failure: Connection refused;");
	cr_expect_str_eq(stage.why, "Connection failure: Connection refused");
	end(&stage);
}

Test(client, a_numeric_host_needs_no_helper_and_a_name_without_one_is_no_host)
{
	static const struct client_calls calls = { .ready = on_ready, .closed = on_closed };
	const char *hosts[] = { "127.0.0.1", "some.name.invalid" };

	for (int i = 0; i < 2; i++) {
		struct stage stage;
		struct client_settings settings = { .tls = CLIENT_TLS_NONE, .host = hosts[i] };

		open_stage(&stage, good);
		settings.port = addr_port(&stage.at);
		stage.client = client_new(stage.loop, &settings, &calls, &stage);
		client_connect(stage.client);
		ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
		play(&stage);
		expect_heard(&stage, i ? "?No such host;" : "OL CHRG;.;");
		end(&stage);
	}
}

/* connect() to port 1 goes on for ever: a socket that cannot be written to, with a peer that never
 * reads. */
static int held_fd = -1;

static int
slow_connect(void *owner, const struct addr *to)
{
	char bytes[4096] = { 0 };
	int pair[2];

	if (addr_port(to) != 1)
		return fast_kernel->connect(owner, to);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	while (write(pair[0], bytes, sizeof(bytes)) > 0)
		;
	held_fd = pair[1];
	return pair[0];
}

Test(client, an_address_that_swallows_everything_takes_only_its_share_of_the_time)
{
	struct stage stage;
	struct addr addrs[2];
	int64_t start_ms;

	open_stage(&stage, good);
	fast_world.connect = slow_connect;
	addr_parse(&addrs[0], "127.0.0.1", 1);
	addrs[1] = stage.at;
	start_ms = fast_now_ms;
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_NONE, .addrs = addrs, .addrs_len = 2 });
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	expect_heard(&stage, "OL CHRG;.;");
	cr_expect_eq(stage.heard_ms - start_ms, CLIENT_CONNECT_MS / 2);
	close(held_fd);
	end(&stage);
}

Test(client, a_connect_that_never_ends_is_given_up)
{
	struct stage stage;
	struct addr deaf;
	int64_t start_ms;

	open_stage(&stage, good);
	fast_world.connect = slow_connect;
	addr_parse(&deaf, "127.0.0.1", 1);
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_NONE, .addrs = &deaf, .addrs_len = 1 });
	start_ms = fast_now_ms;
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	expect_heard(&stage, "?Connection failure: Connection timed out;");
	cr_expect_eq(stage.heard_ms - start_ms, CLIENT_CONNECT_MS);
	close(held_fd);
	end(&stage);
}

Test(client, credentials_that_are_not_answered_are_a_failed_connect)
{
	struct stage stage;
	int64_t start_ms;

	open_stage(&stage, NULL);
	make_client(
	    &stage, &(struct client_settings){
			.tls = CLIENT_TLS_NONE, .user = "a", .password = "b", .connect_ms = 3000 });
	start_ms = fast_now_ms;
	client_connect(stage.client);
	play(&stage);
	cr_expect_eq(stage.ready, 0);
	cr_expect_str_eq(stage.why, "Connection failure: Connection timed out");
	cr_expect_eq(fast_now_ms - start_ms, 3000);
	end(&stage);
}

/* Whatever stands behind tls.h: a server that will not encrypt is no server. */
Test(client, forced_tls_is_never_given_up)
{
	struct stage stage;

	open_stage(&stage, good);
	make_client(&stage,
	    &(struct client_settings){ .tls = CLIENT_TLS_FORCE, .user = "a", .password = "b" });
	client_connect(stage.client);
	play(&stage);
	cr_expect_eq(stage.ready, 0);
	cr_expect(strncmp(stage.why, "SSL is not available", 20) == 0, "%s", stage.why);
	cr_expect_null(strstr(stage.asked, "USERNAME"));
	end(&stage);
}

Test(client, tls_that_is_only_tried_goes_on_in_clear)
{
	struct stage stage;

	open_stage(&stage, good);
	make_client(&stage, &(struct client_settings){ .tls = CLIENT_TLS_TRY });
	client_connect(stage.client);
	ask(&stage, CLIENT_GET_VAR, "u", "ups.status");
	play(&stage);
	expect_heard(&stage, "OL CHRG;.;");
	cr_expect_not(client_encrypted(stage.client));
	end(&stage);
}

/* ---- owners that act inside a callback ---- */

static void
free_it(struct stage *stage)
{
	client_free(stage->client);
	stage->client = NULL;
}

static void
close_it(struct stage *stage)
{
	client_close(stage->client);
}

static void
connect_again(struct stage *stage)
{
	client_connect(stage->client);
	ask(stage, CLIENT_GET_VAR, "u", "ups.status");
}

static void
ask_again(struct stage *stage)
{
	ask(stage, CLIENT_GET_VAR, "u", "ups.status");
}

/* Two questions under way; WHAT happens in the first callback. */
static void
act_in_callback(const struct line *lines, void (*what)(struct stage *), bool early)
{
	struct stage stage;

	begin(&stage, lines);
	if (!early) {
		play(&stage);
		ask(&stage, CLIENT_LIST_VAR, "u");
		ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	}
	stage.then = what;
	for (int i = 0; i < 50 && stage.client; i++)
		loop_step(stage.loop, -1);
	if (what == connect_again)
		cr_expect_not_null(strstr(stage.asked, "GET VAR u ups.status"));
	if (stage.client)
		play(&stage);
	end(&stage);
}

Test(client, its_owner_may_do_anything_in_a_callback)
{
	static const struct line wrong[] = { { "LIST VAR u", "VAR u x.y \"1\"\n" },
		{ "GET VAR u ups.status", "VAR u ups.status \"OL\"\n" }, { NULL, NULL } };
	void (*const acts[])(struct stage *) = { free_it, close_it, ask_again };

	for (size_t i = 0; i < 3; i++) {
		act_in_callback(good, acts[i], true);  /* ready */
		act_in_callback(good, acts[i], false); /* answered */
	}
	act_in_callback(wrong, free_it, false); /* answered, with a failure */
	act_in_callback(wrong, close_it, false);
	act_in_callback(wrong, connect_again, false);
}

Test(client, connects_again_when_its_owner_says_so)
{
	struct stage stage;
	const struct line lines[] = { { "GET VAR u a.b", NULL },
		{ "GET VAR u ups.status", "VAR u ups.status \"OL\"\n" }, { NULL, NULL } };

	begin(&stage, lines);
	ask(&stage, CLIENT_GET_VAR, "u", "a.b");
	play(&stage);
	cr_expect_eq(stage.closed, 1);
	connect_again(&stage);
	play(&stage);
	expect_heard(&stage, "?Server disconnected;OL;.;");
	cr_expect_eq(stage.accepted, 2);
	end(&stage);
}
