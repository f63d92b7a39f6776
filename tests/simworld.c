#include "tests/sim/sim.h"

#include "base/conn.h"
#include "base/helper.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---- a server that says every line again, and a client that asks each second ---- */

#define PEERS_MAX 16

struct server {
	struct loop *loop;
	int listening;
	struct echo {
		struct server *server;
		struct conn *conn;
	} peers[PEERS_MAX];
	struct addr last;
	size_t lines;
	int64_t gap_ms;
};

static size_t
echo_input(void *owner, char *bytes, size_t len)
{
	struct echo *echo = owner;
	char *newline = memrchr(bytes, '\n', len);
	size_t lines = newline ? (size_t)(newline - bytes) + 1 : 0;

	for (size_t i = 0; i < lines; i++)
		echo->server->lines += bytes[i] == '\n';
	conn_send(echo->conn, bytes, lines);
	return lines;
}

static void
echo_closed(void *owner, const char *why)
{
	struct echo *echo = owner;

	conn_free(echo->conn);
	echo->conn = NULL;
}

static void
echo_accept(void *owner, int fd, short revents)
{
	static const struct conn_calls calls = { echo_input, echo_closed, NULL };
	struct server *server = owner;
	const struct world *world = loop_world(server->loop);
	int peer;

	while ((peer = world->accept(world->owner, fd, &server->last)) != -1) {
		struct echo *echo = server->peers;

		while (echo->conn)
			echo++;
		echo->server = server;
		echo->conn = conn_new(server->loop, peer, false, 4096, &calls, echo);
	}
}

static struct addr
any(uint16_t port)
{
	struct addr addr;

	addr_any(&addr, AF_INET, port);
	return addr;
}

static void
see_gap(void *owner, int64_t late_ms, int64_t slept_ms)
{
	((struct server *)owner)->gap_ms = late_ms;
}

static void
server_start(struct server *server, struct loop *loop, const struct addr *at)
{
	const struct world *world = loop_world(loop);

	memset(server, 0, sizeof(*server));
	server->loop = loop;
	loop_on_gap(loop, see_gap, server);
	server->listening = world->listen(world->owner, at, false, 0600);
	cr_assert_neq(server->listening, -1, "%s", strerror(errno));
	loop_watch(loop, server->listening, POLLIN, echo_accept, server);
}

static void
server_end(struct server *server)
{
	const struct world *world = loop_world(server->loop);

	for (size_t i = 0; i < PEERS_MAX; i++)
		conn_free(server->peers[i].conn);
	loop_forget(server->loop, server->listening);
	world->close(world->owner, server->listening);
}

struct client {
	struct loop *loop;
	struct conn *conn;
	struct timer again;
	int64_t each_ms;
	size_t asked, answered;
	int64_t answered_ms;
	uint32_t sum; /* of the bytes in their order */
	bool connected, closed;
	char why[64];
};

static uint32_t
sum_of(uint32_t sum, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = sum * 31 + (unsigned char)bytes[i];
	return sum;
}

static size_t
client_input(void *owner, char *bytes, size_t len)
{
	struct client *client = owner;

	for (size_t i = 0; i < len; i++)
		client->answered += bytes[i] == '\n';
	client->answered_ms = loop_now_ms(client->loop);
	client->sum = sum_of(client->sum, bytes, len);
	return len;
}

static void
client_closed(void *owner, const char *why)
{
	struct client *client = owner;

	client->closed = true;
	snprintf(client->why, sizeof(client->why), "%s", why ? why : "end");
	conn_free(client->conn);
	client->conn = NULL;
	loop_timer_clear(client->loop, &client->again);
}

static void
client_connected(void *owner)
{
	((struct client *)owner)->connected = true;
}

static void
client_ask(void *owner)
{
	struct client *client = owner;

	client->asked++;
	conn_send_text(client->conn, "GET VAR su700 ups.status\n");
	loop_timer_in(client->loop, &client->again, client->each_ms);
}

static void
client_start(struct client *client, struct loop *loop, const struct addr *to, int64_t each_ms)
{
	static const struct conn_calls calls = { client_input, client_closed, client_connected };
	const struct world *world = loop_world(loop);
	int fd = world->connect(world->owner, to);

	cr_assert_neq(fd, -1, "%s", strerror(errno));
	*client = (struct client){
		.loop = loop, .each_ms = each_ms, .again = { .fire = client_ask, .owner = client }
	};
	client->conn = conn_new(loop, fd, true, 4096, &calls, client);
	if (each_ms)
		loop_timer_in(loop, &client->again, each_ms);
}

static void
client_end(struct client *client)
{
	conn_free(client->conn);
	loop_timer_clear(client->loop, &client->again);
}

static struct server server;
static struct client client;
static struct sim *sim;

/* A client on host a that asks a server on host b each second. */
static void
pair(void)
{
	struct addr here = any(3493), there;

	server_start(&server, sim_loop(sim, "b"), &here);
	there = sim_addr(sim, "b", 3493);
	client_start(&client, sim_loop(sim, "a"), &there, 1000);
}

static void
begin(void)
{
	sim = sim_new(1);
}

static void
end(void)
{
	sim_free(sim);
}

TestSuite(simworld, .init = begin, .fini = end, .timeout = 60);

static void
end_pair(void)
{
	client_end(&client);
	server_end(&server);
}

Test(simworld, a_question_is_answered_after_twice_the_delay)
{
	sim_delay(sim, "a", "b", 30, 0);
	pair();
	sim_run(sim, 1059);
	cr_expect_eq(client.answered, 0);
	sim_run(sim, 1);
	cr_expect_eq(client.answered, 1);
	sim_run(sim, 9000);
	cr_expect_eq(client.answered, 10);
	end_pair();
}

static uint64_t
trace_of(uint64_t seed)
{
	uint64_t trace;

	sim_free(sim);
	sim = sim_new(seed);
	sim_fragment(sim, true);
	sim_delay(sim, "a", "b", 5, 20);
	pair();
	sim_run(sim, 60000);
	trace = sim_trace(sim);
	cr_expect_geq(client.answered, 59);
	end_pair();
	return trace;
}

Test(simworld, the_same_seed_gives_the_same_run)
{
	uint64_t first = trace_of(7), other = trace_of(8);

	cr_expect_eq(first, trace_of(7));
	cr_expect_neq(first, other);
}

Test(simworld, nobody_listening_refuses)
{
	struct addr there = sim_addr(sim, "b", 3493);

	client_start(&client, sim_loop(sim, "a"), &there, 0);
	cr_expect(sim_run_until(sim, &client.closed, 1000));
	cr_expect_str_eq(client.why, strerror(ECONNREFUSED));
}

Test(simworld, an_address_of_nobody_is_silent_until_the_kernel_gives_up)
{
	struct addr there;

	cr_assert(addr_parse(&there, "10.9.9.9", 3493));
	client_start(&client, sim_loop(sim, "a"), &there, 0);
	cr_expect(!sim_run_until(sim, &client.closed, 126000));
	cr_expect(sim_run_until(sim, &client.closed, 2000));
	cr_expect_str_eq(client.why, strerror(ETIMEDOUT));
}

Test(simworld, what_is_sent_over_a_cut_link_arrives_when_it_is_mended)
{
	pair();
	sim_run(sim, 5500);
	sim_cut(sim, "a", "b", true);
	sim_run(sim, 60000);
	cr_expect_eq(client.answered, 5);
	cr_expect(!client.closed);
	sim_cut(sim, "a", "b", false);
	sim_run(sim, 100);
	cr_expect_eq(client.answered, client.asked);
	end_pair();
}

Test(simworld, a_link_that_stays_cut_breaks_the_connection_in_the_end)
{
	pair();
	sim_run(sim, 1500);
	sim_cut(sim, "a", "b", true);
	cr_expect(!sim_run_until(sim, &client.closed, 900000));
	cr_expect(sim_run_until(sim, &client.closed, 60000));
	cr_expect_str_eq(client.why, strerror(ETIMEDOUT));
	end_pair();
}

Test(simworld, a_connect_over_a_cut_link_succeeds_when_it_is_mended)
{
	sim_cut(sim, "a", "b", true);
	pair();
	sim_run(sim, 20000);
	cr_expect(!client.connected);
	sim_cut(sim, "a", "b", false);
	sim_run(sim, 100);
	cr_expect(client.connected);
	end_pair();
}

Test(simworld, a_stopped_process_gets_no_turn_and_then_sees_the_gap)
{
	struct timer tick = { .fire = client_connected, .owner = &(struct client){ 0 } };

	pair();
	sim_run(sim, 1500);
	loop_timer_in(server.loop, &tick, 1000);
	sim_stop(sim, "b");
	sim_run(sim, 30000);
	cr_expect_eq(client.answered, 1);
	cr_expect(!client.closed, "its kernel still takes bytes");
	sim_continue(sim, "b");
	sim_run(sim, 10);
	cr_expect_eq(client.answered, client.asked);
	cr_expect_geq(server.gap_ms, 28000);
	end_pair();
}

Test(simworld, a_killed_process_closes_and_can_be_started_again)
{
	struct addr here = any(3493), there = sim_addr(sim, "b", 3493);

	pair();
	sim_run(sim, 1500);
	sim_kill(sim, "b");
	cr_expect(sim_run_until(sim, &client.closed, 10));
	cr_expect_str_eq(client.why, "end");
	server_end(&server);
	server_start(&server, sim_restart(sim, "b"), &here);
	client_start(&client, sim_loop(sim, "a"), &there, 1000);
	sim_run(sim, 1500);
	cr_expect_eq(client.answered, 1);
	end_pair();
}

Test(simworld, a_host_without_power_says_nothing_and_resets_when_it_is_back)
{
	pair();
	sim_run(sim, 1500);
	sim_power(sim, "b", false);
	sim_run(sim, 60000);
	cr_expect(!client.closed);
	server_end(&server);
	sim_power(sim, "b", true);
	cr_expect(sim_run_until(sim, &client.closed, 2000));
	cr_expect_str_eq(client.why, strerror(ECONNRESET));
	client_end(&client);
}

Test(simworld, unix_sockets_are_of_one_host_and_know_their_peer)
{
	struct addr path;
	const struct world *other = loop_world(sim_loop(sim, "c/upsd"));

	addr_unix(&path, "/run/nut/dummy-ups-su700");
	server_start(&server, sim_loop(sim, "b/driver"), &path);
	sim_set_user(sim, "b/upsd", 107, 108);
	client_start(&client, sim_loop(sim, "b/upsd"), &path, 1000);
	sim_run(sim, 1000);
	cr_expect_eq(client.answered, 1);
	cr_expect(server.last.know_uid);
	cr_expect_eq(server.last.uid, 107);
	cr_expect_eq(server.last.gid, 108);
	cr_expect_eq(other->connect(other->owner, &path), -1);
	cr_expect_eq(errno, ENOENT);

	sim_kill(sim, "b/driver");
	server_end(&server);
	cr_expect(sim_run_until(sim, &client.closed, 1));
	other = loop_world(sim_loop(sim, "b/upsd"));
	cr_expect_eq(other->connect(other->owner, &path), -1);
	cr_expect_eq(errno, ECONNREFUSED);
	server_start(&server, sim_restart(sim, "b/driver"), &path);
	end_pair();
}

Test(simworld, a_port_is_taken_once)
{
	const struct world *world = loop_world(sim_loop(sim, "b"));
	const struct world *second = loop_world(sim_loop(sim, "b/other"));
	struct addr all = any(3493), one = sim_addr(sim, "b", 3493),
		    foreign = sim_addr(sim, "c", 3493);
	int fd = world->listen(world->owner, &all, false, 0);

	cr_expect_neq(fd, -1);
	cr_expect_eq(second->listen(second->owner, &one, false, 0), -1);
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_eq(second->listen(second->owner, &foreign, false, 0), -1);
	cr_expect_eq(errno, EADDRNOTAVAIL);
	world->close(world->owner, fd);
	cr_expect_neq(second->listen(second->owner, &one, false, 0), -1);
}

/* Nearly a megabyte of lines through broken reads and writes, to a server that stops for a while.
 */
Test(simworld, many_bytes_arrive_whole_and_in_order)
{
	char line[32];
	size_t said = 0;
	uint32_t sum = 0;

	sim_fragment(sim, true);
	pair();
	loop_timer_clear(client.loop, &client.again);
	for (int i = 0; i < 5000 && client.answered < 40000; i++) {
		while (said < 40000 && conn_unsent(client.conn) < 32768) {
			snprintf(line, sizeof(line), "line number %08zu\n", said++);
			conn_send_text(client.conn, line);
			sum = sum_of(sum, line, strlen(line));
		}
		if (i == 10)
			sim_stop(sim, "b");
		if (i == 60)
			sim_continue(sim, "b");
		sim_run(sim, 100);
		cr_assert(!client.closed, "%s", client.why);
	}
	cr_expect_eq(client.answered, 40000);
	cr_expect_eq(server.lines, 40000);
	cr_expect_eq(client.sum, sum);
	end_pair();
}

/* ---- programs, signals, names ---- */

static int signals[8];
static size_t signals_len;

static void
got(void *owner, int signal)
{
	signals[signals_len++ % 8] = signal;
}

static pid_t
started(void *owner, const char *where, const struct world_spawn *what)
{
	snprintf(owner, 64, "%s %s", where, what->argv[0]);
	return 4711;
}

Test(simworld, a_child_that_ends_is_signalled_and_waited_for)
{
	const char *const argv[] = { "/sbin/shutdown", "-h", NULL };
	const struct world *world = loop_world(sim_loop(sim, "a/upsmon"));
	char text[64] = "";
	int status = -1;

	sim_signals(sim, "a/upsmon", got, NULL);
	sim_on_spawn(sim, started, text);
	cr_expect_eq(world->spawn(world->owner, &(struct world_spawn){ .argv = argv }), 4711);
	cr_expect_str_eq(text, "a/upsmon /sbin/shutdown");
	sim_run(sim, 1000);
	cr_expect_eq(signals_len, 0);
	cr_expect_eq(world->wait(world->owner, &status), 0);
	sim_child_ended(sim, "a/upsmon", 4711, 3 << 8);
	sim_run(sim, 1);
	cr_expect_eq(signals_len, 1);
	cr_expect_eq(signals[0], SIGCHLD);
	cr_expect_eq(world->wait(world->owner, &status), 4711);
	cr_expect_eq(WEXITSTATUS(status), 3);
	cr_expect_eq(world->wait(world->owner, &status), 0);
}

Test(simworld, signals_wait_for_a_stopped_process)
{
	sim_signals(sim, "a", got, NULL);
	sim_stop(sim, "a");
	sim_signal(sim, "a", SIGHUP);
	sim_signal(sim, "a", SIGHUP);
	sim_run(sim, 10);
	cr_expect_eq(signals_len, 0);
	sim_continue(sim, "a");
	sim_run(sim, 10);
	cr_expect_eq(signals_len, 1);
}

static bool resolved;
static char address[ADDR_TEXT_MAX];

static void
see_address(void *owner, const struct addr *addrs, size_t len)
{
	resolved = true;
	snprintf(address, sizeof(address), "none");
	if (len)
		addr_text(addrs, address);
}

static const char *
ask_slowly(void *owner, const char *where, const char *question, int64_t *after_ms)
{
	*after_ms = *(int64_t *)owner;
	return "192.0.2.9\n192.0.2.10\n";
}

Test(simworld, hosts_are_known_by_name)
{
	sim_loop(sim, "a");
	sim_loop(sim, "b");
	helper_resolve(sim_loop(sim, "a"), "b", 3493, see_address, NULL);
	cr_expect(sim_run_until(sim, &resolved, 10));
	cr_expect_str_eq(address, "10.0.0.2:3493");
	resolved = false;
	helper_resolve(sim_loop(sim, "a"), "nobody", 3493, see_address, NULL);
	cr_expect(sim_run_until(sim, &resolved, 10));
	cr_expect_str_eq(address, "none");
}

Test(simworld, a_name_server_may_be_slow_or_dead)
{
	int64_t after_ms = 3000;

	sim_on_ask(sim, ask_slowly, &after_ms);
	helper_resolve(sim_loop(sim, "a"), "b", 3493, see_address, NULL);
	cr_expect(!sim_run_until(sim, &resolved, 2999));
	cr_expect(sim_run_until(sim, &resolved, 1));
	cr_expect_str_eq(address, "192.0.2.9:3493");
	resolved = false;
	after_ms = -1;
	helper_resolve(sim_loop(sim, "a"), "b", 3493, see_address, NULL);
	cr_expect(!sim_run_until(sim, &resolved, HELPER_DEADLINE_MS - 1));
	cr_expect(sim_run_until(sim, &resolved, 5000));
	cr_expect_str_eq(address, "none");
}

/* ---- the scheduler ---- */

/* As upsc: client_ask() and loop_run_until(). */
Test(simworld, a_tool_that_turns_its_own_loop_lets_the_others_run)
{
	struct addr here = any(3493), there = sim_addr(sim, "b", 3493);

	server_start(&server, sim_loop(sim, "b"), &here);
	client_start(&client, sim_loop(sim, "a"), &there, 0);
	cr_expect(loop_run_until(client.loop, &client.connected, 5000));
	conn_send_text(client.conn, "hello\n");
	cr_expect(!loop_run_until(client.loop, &client.closed, 5000));
	cr_expect_eq(client.answered, 1);
	cr_expect_eq(client.answered_ms, sim_now_ms(sim) - 4998);
	end_pair();
}

static void
never_read(void *owner, int fd, short revents)
{
}

Test(simworld, a_process_that_spins_is_found, .signal = SIGABRT)
{
	pair();
	loop_forget(server.loop, server.listening);
	loop_watch(server.loop, server.listening, POLLIN, never_read, NULL);
	sim_run(sim, 1500);
}

static void
kill_and_note(void *owner)
{
	*(int64_t *)owner = sim_now_ms(sim);
	sim_cut(sim, "a", "b", true);
}

Test(simworld, a_scenario_happens_at_its_time)
{
	int64_t start_ms = sim_now_ms(sim), at_ms = 0;

	pair();
	sim_at(sim, 4500, kill_and_note, &at_ms);
	sim_run(sim, 60000);
	cr_expect_eq(at_ms, start_ms + 4500);
	cr_expect_eq(sim_now_ms(sim), start_ms + 60000);
	cr_expect_eq(client.answered, 4);
	end_pair();
}

/* The kernel's world and a simulated one in one program. */
Test(simworld, the_kernels_world_is_not_disturbed)
{
	struct world *kernel = world_kernel_new(-1);
	struct loop *loop = loop_new(kernel);
	bool never = false;

	pair();
	sim_run(sim, 5000);
	cr_expect(!loop_run_until(loop, &never, 5));
	sim_run(sim, 5000);
	cr_expect_geq(client.answered, 9);
	end_pair();
	loop_free(loop);
	world_kernel_free(kernel);
}

/* 15 minutes of two servers, each with a driver of its own, and two clients. */
Test(simworld, a_quarter_of_an_hour_of_six_processes_is_short)
{
	static struct server servers[4];
	static struct client clients[6];
	const char *const where[4] = { "b/upsd", "c/upsd", "b/driver", "c/driver" };
	struct addr here = any(3493), path;
	size_t turns = 0;

	addr_unix(&path, "/run/nut/driver");
	for (int i = 0; i < 4; i++)
		server_start(&servers[i], sim_loop(sim, where[i]), i < 2 ? &here : &path);
	for (int i = 0; i < 4; i++) {
		struct addr there = sim_addr(sim, i % 2 ? "b" : "c", 3493);

		client_start(
		    &clients[i], sim_loop(sim, i < 2 ? "a/upsmon" : "d/upsmon"), &there, 5000);
	}
	for (int i = 0; i < 2; i++)
		client_start(&clients[4 + i], sim_loop(sim, where[i]), &path, 2000);
	sim_run(sim, 15 * 60 * 1000);
	for (int i = 0; i < 6; i++) {
		turns += clients[i].answered;
		client_end(&clients[i]);
	}
	cr_expect_geq(turns, 4 * 179 + 2 * 449);
	for (int i = 0; i < 4; i++)
		server_end(&servers[i]);
}
