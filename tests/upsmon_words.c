/* A whole upsmon and servers that say what a test tells them, in virtual time: which words shut it
 * down, when, and how fast.  docs/shutdown.md */
#include "tests/sim/sim.h"

#include "base/conn.h"
#include "base/log.h"
#include "upsmon/upsmon.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT 3493
#define SERVERS_MAX 3

/* ---- servers ---- */

struct server {
	const char *name; /* of its host, too; its UPS is u */
	struct loop *loop;
	int listening;
	struct conn *conn;
	char status[80]; /* "": DATA-STALE */
	bool drips;	 /* a byte each two seconds, never a whole line */
	bool no_primary; /* refuses PRIMARY */
	struct timer drip;
	unsigned told; /* how often it said its status */
	unsigned logins;
	int64_t fsd_ms;
};

static struct sim *sim;
static struct server servers[SERVERS_MAX];
static size_t servers_len;
static struct upsmon *upsmon;
static int64_t shut_ms;

static void
drip(void *owner)
{
	struct server *server = owner;

	if (server->conn && server->drips)
		conn_send_text(server->conn, "V");
	loop_timer_in(server->loop, &server->drip, 2000);
}

static void
answer(struct server *server, const char *line)
{
	char text[128] = "OK\n";

	if (server->drips)
		return;
	if (!strcmp(line, "GET VAR u ups.status")) {
		if (*server->status)
			snprintf(text, sizeof(text), "VAR u ups.status \"%s\"\n", server->status);
		else
			snprintf(text, sizeof(text), "ERR DATA-STALE\n");
		server->told++;
	} else if (!strncmp(line, "GET VAR", 7)) {
		snprintf(text, sizeof(text), "ERR VAR-NOT-SUPPORTED\n");
	} else if (server->no_primary &&
		   (!strcmp(line, "PRIMARY u") || !strcmp(line, "MASTER u"))) {
		snprintf(text, sizeof(text), "ERR ACCESS-DENIED\n");
	} else if (!strncmp(line, "GET NUMLOGINS", 13)) {
		snprintf(text, sizeof(text), "NUMLOGINS u 1\n");
	} else if (!strncmp(line, "STARTTLS", 8)) {
		snprintf(text, sizeof(text), "ERR FEATURE-NOT-CONFIGURED\n");
	} else if (!strcmp(line, "LOGIN u")) {
		server->logins++;
	} else if (!strcmp(line, "FSD u")) {
		snprintf(text, sizeof(text), "OK FSD-SET\n");
		server->fsd_ms = sim_now_ms(sim);
	}
	conn_send_text(server->conn, text);
}

static size_t
input(void *owner, char *bytes, size_t len)
{
	size_t used = 0;
	char *newline;

	while ((newline = memchr(bytes + used, '\n', len - used))) {
		*newline = '\0';
		answer(owner, bytes + used);
		used = (size_t)(newline - bytes) + 1;
	}
	return used;
}

static void
closed(void *owner, const char *why)
{
	struct server *server = owner;

	conn_free(server->conn);
	server->conn = NULL;
}

static void
peer_came(void *owner, int fd, short revents)
{
	static const struct conn_calls calls = { .input = input, .closed = closed };
	struct server *server = owner;
	const struct world *world = loop_world(server->loop);
	struct addr from;
	int peer = world->accept(world->owner, fd, &from);

	if (peer == -1)
		return;
	conn_free(server->conn);
	server->conn = conn_new(server->loop, peer, false, 4096, &calls, server);
	cr_assert(server->conn);
}

static void
serve(const char *name)
{
	struct server *server = &servers[servers_len++];
	const struct world *world;
	struct addr at;

	*server = (struct server){ .name = name, .loop = sim_loop(sim, name), .status = "OL" };
	server->drip = (struct timer){ .fire = drip, .owner = server };
	world = loop_world(server->loop);
	addr_any(&at, AF_INET, PORT);
	server->listening = world->listen(world->owner, &at, false, 0);
	cr_assert_neq(server->listening, -1);
	loop_watch(server->loop, server->listening, POLLIN, peer_came, server);
	loop_timer_in(server->loop, &server->drip, 2000);
}

/* ---- upsmon ---- */

static char failure[] = "Poll UPS [u@a] failed - ";
static unsigned failures_told;

static void
hear(void *owner, enum log_level level, const char *line)
{
	failures_told += !strncmp(line, failure, strlen(failure));
}

static void
shut_down(void *owner, bool primary)
{
	shut_ms = sim_now_ms(sim);
}

static void
finished(void *owner)
{
}

static void
begin(uint64_t seed)
{
	static struct log_settings log = { .name = "upsmon", .sink = hear };

	log_set(&log);
	sim = sim_new(seed);
	servers_len = 0;
	shut_ms = 0;
	failures_told = 0;
}

static struct monconf *
configuration(const char *text)
{
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("upsmon.conf", text, strlen(text));
	struct monconf *conf = monconf_from(file, &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	conffile_close(file);
	faults_free(&faults);
	return conf;
}

static void
monitor_with(const char *text)
{
	static const struct upsmon_calls calls = { shut_down, finished };
	const struct upsmon_settings settings = { .calls = &calls };

	upsmon = upsmon_new(sim_loop(sim, "host"), configuration(text), &settings);
	cr_assert(upsmon);
}

static void
end(void)
{
	upsmon_free(upsmon);
	for (size_t i = 0; i < servers_len; i++) {
		loop_timer_clear(servers[i].loop, &servers[i].drip);
		conn_free(servers[i].conn);
		loop_forget(servers[i].loop, servers[i].listening);
	}
	sim_free(sim);
}

/* Until it has said its status N times more. */
static void
told_again(struct server *server, unsigned n)
{
	unsigned until = server->told + n;

	for (int i = 0; server->told < until && i < 1000; i++)
		sim_run(sim, 100);
}

/* ---- which words, and when ---- */

enum { OL, OB, LB, RB, CAL, BYPASS, OFF, OVER, ALARM, FSD, WORDS };
static const char *const names[WORDS] = { "OL", "OB", "LB", "RB", "CAL", "BYPASS", "OFF", "OVER",
	"ALARM", "FSD" };

#define CONF                                                                                       \
	"MINSUPPLIES 1\nSHUTDOWNCMD true\nPOWERDOWNFLAG /none\nPOLLFREQ 5\nPOLLFREQALERT 1\n"      \
	"FINALDELAY 0\nDEADTIME 15\nHOSTSYNC 10\nOFFDURATION 25\nOVERDURATION 5\nOBLBDURATION "    \
	"3\nALARMCRITICAL 1\n"
#define DEADTIME_MS 15000
#define LOOK_MS 60000

static int64_t
sooner(int64_t a_ms, int64_t b_ms)
{
	return a_ms < b_ms ? a_ms : b_ms;
}

/* The rules of the document: how long after these words were said for the first time (LOST: and for
 * the last time) does it shut down?  INT64_MAX: never.  Before, it said OL. */
static int64_t
expected_ms(unsigned said, bool primary, bool lost)
{
	int64_t best_ms = INT64_MAX;
	bool says[WORDS], carried;

	for (int i = 0; i < WORDS; i++)
		says[i] = said >> i & 1;
	/* No word about the source of power takes back OL. */
	if (!says[OL] && !says[OB] && !says[OFF] && !says[BYPASS])
		says[OL] = true;
	carried = says[OB] && !says[OL];
	if (says[FSD])
		return 0;
	if (says[OFF])
		best_ms = sooner(best_ms, 25000);
	if (carried && says[LB] && !says[CAL])
		best_ms = sooner(best_ms, primary ? 3000 : 13000);
	if (lost && (carried || says[BYPASS] || says[ALARM] || says[OVER]))
		best_ms = sooner(best_ms, DEADTIME_MS);
	return best_ms;
}

static void
say(struct server *server, unsigned said)
{
	*server->status = '\0';
	for (int i = 0; i < WORDS; i++)
		if (said >> i & 1)
			strcat(strcat(server->status, *server->status ? " " : ""), names[i]);
}

/* How long after it was told. */
static int64_t
play_ms(unsigned said, bool primary, bool lost)
{
	char conf[400];
	int64_t told_ms, took_ms;

	begin(said + 1);
	serve("a");
	snprintf(conf, sizeof(conf), "MONITOR u@a 1 mon secret %s\n" CONF,
	    primary ? "primary" : "secondary");
	monitor_with(conf);
	told_again(&servers[0], 2);
	say(&servers[0], said);
	told_again(&servers[0], 1);
	told_ms = sim_now_ms(sim);
	if (lost)
		*servers[0].status = '\0';
	sim_run(sim, LOOK_MS);
	took_ms = shut_ms ? shut_ms - told_ms : INT64_MAX;
	end();
	return took_ms;
}

/* 1024 sets of words x role x communication, through the client and the monitor. */
Test(upsmon_words, every_set_of_words_shuts_down_when_the_document_says)
{
	unsigned wrong = 0;

	for (unsigned run = 0; run < 4u << WORDS; run++) {
		unsigned said = run >> 2;
		bool primary = run & 1, lost = run & 2;
		int64_t right_ms = expected_ms(said, primary, lost);
		int64_t took_ms = play_ms(said, primary, lost);

		/* It was told up to 0.1 s before we looked; a decision comes each second. */
		if (right_ms == INT64_MAX ? took_ms == INT64_MAX
					  : took_ms >= right_ms - 200 && took_ms <= right_ms + 1700)
			continue;
		if (wrong++ < 10)
			cr_log_error("words %x, %s, %s: %lld ms, not %lld", said,
			    primary ? "primary" : "secondary", lost ? "lost" : "heard",
			    (long long)took_ms, (long long)right_ms);
	}
	cr_expect_eq(wrong, 0, "%u are wrong", wrong);
}

/* ---- how fast ---- */

enum others { WELL, STOPPED, DRIPPING };

/* From OB LB at the upsd to FSD there, on battery before; two other servers are as OTHERS says. */
static int64_t
reaction_ms(uint64_t seed, enum others others)
{
	int64_t low_ms, took_ms;

	begin(seed);
	serve("a");
	serve("b");
	serve("c");
	monitor_with("MONITOR u@a 1 mon secret primary\nMONITOR u@b 1 mon secret primary\n"
		     "MONITOR u@c 1 mon secret primary\nMINSUPPLIES 3\nSHUTDOWNCMD true\n"
		     "POWERDOWNFLAG /none\nPOLLFREQ 5\nPOLLFREQALERT 2\nDEADTIME 600\n");
	told_again(&servers[0], 2);
	say(&servers[0], 1u << OB);
	for (size_t i = 1; i < servers_len; i++) {
		servers[i].drips = others == DRIPPING;
		if (others == STOPPED)
			sim_stop(sim, servers[i].name);
	}
	told_again(&servers[0], 3);
	sim_run(sim, (int64_t)sim_random(sim, 15000));
	say(&servers[0], 1u << OB | 1u << LB);
	low_ms = sim_now_ms(sim);
	sim_run(sim, 30000);
	took_ms = servers[0].fsd_ms ? servers[0].fsd_ms - low_ms : INT64_MAX;
	for (size_t i = 1; i < servers_len && others == STOPPED; i++)
		sim_continue(sim, servers[i].name);
	end();
	return took_ms;
}

static int64_t
slowest_ms(enum others others)
{
	int64_t slowest = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		int64_t took_ms = reaction_ms(seed, others);

		if (took_ms > slowest)
			slowest = took_ms;
	}
	return slowest;
}

/* M-31, R-41, R-42: below POLLFREQALERT and a second, whatever the other servers do. */
Test(upsmon_words, fsd_follows_a_low_battery_within_pollfreqalert_and_a_second)
{
	int64_t well_ms = slowest_ms(WELL), stopped_ms = slowest_ms(STOPPED);
	int64_t dripping_ms = slowest_ms(DRIPPING);

	printf("from OB LB to FSD at most %lld ms; two servers stopped %lld, dripping %lld\n",
	    (long long)well_ms, (long long)stopped_ms, (long long)dripping_ms);
	cr_expect_leq(well_ms, 3000);
	cr_expect_leq(stopped_ms, 3000);
	cr_expect_leq(dripping_ms, 3000);
}

/* ---- time that was none ---- */

#define DAY_MS INT64_C(86400000)

static void
jump_clock(void)
{
	sim_wall(sim, "host", DAY_MS);
	sim_run(sim, 3000);
	sim_wall(sim, "host", -DAY_MS);
}

static void
sleep_through_the_night(void)
{
	sim_suspend(sim, "host", true);
	sim_run(sim, DAY_MS / 3);
	sim_suspend(sim, "host", false);
}

static void
stop_for_a_minute(void)
{
	sim_stop(sim, "host");
	sim_run(sim, 60000);
	sim_continue(sim, "host");
}

static void
stop_while_the_link_breaks(void)
{
	sim_cut(sim, "host", "a", true);
	stop_for_a_minute();
	sim_cut(sim, "host", "a", false);
}

/* on battery, and for DEADTIME nothing was heard; but only because nobody listened. */
Test(upsmon_words, no_jump_sleep_or_stop_looks_like_a_lost_ups)
{
	static void (*const gaps[])(void) = { jump_clock, sleep_through_the_night,
		stop_for_a_minute, stop_while_the_link_breaks };

	for (size_t i = 0; i < sizeof(gaps) / sizeof(*gaps); i++) {
		begin(i + 1);
		serve("a");
		monitor_with("MONITOR u@a 1 mon secret secondary\n" CONF);
		told_again(&servers[0], 2);
		say(&servers[0], 1u << OB);
		told_again(&servers[0], 2);
		gaps[i]();
		sim_run(sim, 30000);
		cr_expect_eq(shut_ms, 0, "gap %zu", i);
		say(&servers[0], 1u << OB | 1u << LB);
		sim_run(sim, 16000);
		cr_expect_neq(shut_ms, 0, "gap %zu: it is still awake", i);
		end();
	}
}

/* The server stops, then the host sleeps; what it was asked before, it answers meanwhile: OB. After
 * that it says OL, or nothing more. */
static void
answer_into_sleep(bool mains_return)
{
	begin(1);
	serve("a");
	monitor_with("MONITOR u@a 1 mon secret secondary\n" CONF);
	told_again(&servers[0], 2);
	say(&servers[0], 1u << OB | 1u << LB);
	sim_stop(sim, "a");
	sim_run(sim, 6000);
	sim_suspend(sim, "host", true);
	sim_run(sim, 60000);
	sim_continue(sim, "a");
	sim_run(sim, 1000);
	say(&servers[0], mains_return ? 1u << OL : 0);
	sim_run(sim, 60000);
	sim_suspend(sim, "host", false);
	sim_run(sim, 14000);
	cr_expect_eq(shut_ms, 0, "it is no news");
	sim_run(sim, 12000);
}

Test(upsmon_words, what_was_asked_before_a_gap_is_no_news_but_the_last_that_was_heard)
{
	answer_into_sleep(true);
	cr_expect_eq(shut_ms, 0, "mains are back");
	end();
	answer_into_sleep(false);
	cr_expect_neq(shut_ms, 0, "lost for DEADTIME, and on battery before");
	end();
}

/* ---- the log ---- */

/* Somebody mends upsd.users before the outage comes: secondaries must then be told. */
Test(upsmon_words, a_right_that_was_refused_is_asked_for_again)
{
	begin(7);
	serve("a");
	servers[0].no_primary = true;
	monitor_with("MONITOR u@a 1 mon secret primary\n" CONF);
	told_again(&servers[0], 30);
	servers[0].no_primary = false;
	sim_run(sim, 61000);
	say(&servers[0], 1u << OB | 1u << LB);
	sim_run(sim, 30000);
	cr_expect(servers[0].fsd_ms && shut_ms);
	cr_expect_eq(servers[0].logins, 1, "it was logged in all the time");
	end();
}

/* a UPS that fails for one reason all night is told of once, and again after a reload. */
Test(upsmon_words, a_failure_that_lasts_is_told_once_and_again_after_a_reload)
{
	static const char conf[] = "MONITOR u@a 1 mon secret secondary\n" CONF;

	begin(1);
	serve("a");
	monitor_with(conf);
	told_again(&servers[0], 2);
	*servers[0].status = '\0';
	sim_run(sim, DAY_MS / 3);
	cr_expect_eq(failures_told, 1);
	upsmon_adopt(upsmon, configuration(conf));
	sim_run(sim, 20000);
	cr_expect_eq(failures_told, 2);
	cr_expect_eq(shut_ms, 0);
	end();
}
