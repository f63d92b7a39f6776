/* A flood of clients that are refused, and one that is served: a simulated second holds thousands.
 */
#include "tests/sim/sim.h"

#include "base/conn.h"
#include "upsd/denials.h"
#include "upsd/listen.h"
#include "upsd/refused.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned logged;

static void
hear_log(void *owner, enum log_level level, const char *line)
{
	logged += strstr(line, " denied: ") || strstr(line, " dropped: ");
}

static struct conffile *
memory(const char *path, const char *text)
{
	struct conffile *file = conffile_from(path, text, strlen(text));

	cr_assert(file);
	return file;
}

/* mon and the hosts named: 10.0.0.2 may do all, 10.0.0.3 is denied, 10.0.0.4 is dropped. */
static struct upsdconf *
make_conf(void)
{
	static const struct upsdconf_source source = { .conf_path = "/nowhere",
		.state_path = "/run/nut",
		.data_path = "/usr/share/nut",
		.port = 3493 };
	struct upsdconf *conf = upsdconf_new(&source);
	struct faults faults = { 0 };
	struct conffile *file =
	    memory("upsd.conf", "LISTEN 10.0.0.1\nACL mon 10.0.0.2/32\nACL silent 10.0.0.4/32\n"
				"ACCESS grant all mon\nACCESS drop all silent\n");

	upsdconf_parse(conf, file, &source, &faults);
	conffile_close(file);
	file = memory("ups.conf", "[u]\ndriver = test\nport = x\n");
	upsdconf_take_upses(conf, upsconf_from(file, &faults), &faults);
	conffile_close(file);
	file = memory("upsd.users", "[mon]\npassword = pw\nupsmon primary\n");
	users_parse(conf->users, file, &faults);
	conffile_close(file);
	conf->has_users = true;
	upsdconf_finish_access(conf, "upsd.conf", &faults);
	cr_assert_eq(faults.faults, 0, "%s", faults_first(&faults));
	faults_free(&faults);
	return conf;
}

/* ---- who is served ---- */

struct client {
	struct sim *sim;
	struct conn *conn;
	struct timer ask;
	int64_t asked_ms, worst_ms;
	unsigned answers;
	bool gone;
};

static size_t
client_input(void *owner, char *bytes, size_t len)
{
	struct client *client = owner;
	int64_t took_ms = sim_now_ms(client->sim) - client->asked_ms;

	if (client->asked_ms && took_ms > client->worst_ms)
		client->worst_ms = took_ms;
	client->answers += len == 4 && !memcmp(bytes, "1.3\n", 4);
	return len;
}

static void
client_closed(void *owner, const char *why)
{
	((struct client *)owner)->gone = true;
}

static void
client_ask(void *owner)
{
	struct client *client = owner;

	client->asked_ms = sim_now_ms(client->sim);
	conn_send_text(client->conn, "NETVER\n");
	loop_timer_in(sim_loop(client->sim, "mon"), &client->ask, 100);
}

static void
client_begin(struct client *client)
{
	static const struct conn_calls calls = { client_input, client_closed, NULL };
	struct loop *loop = sim_loop(client->sim, "mon");
	const struct world *world = loop_world(loop);
	struct addr to = sim_addr(client->sim, "ups", 3493);
	int fd = world->connect(world->owner, &to);

	cr_assert_neq(fd, -1);
	client->conn = conn_new(loop, fd, true, 65536, &calls, client);
	conn_send_text(client->conn, "USERNAME mon\nPASSWORD pw\nLOGIN u\n");
	client->ask = (struct timer){ .fire = client_ask, .owner = client };
	loop_timer_in(loop, &client->ask, 500);
}

/* ---- who is not ---- */

#define AT_ONCE 30

struct flood {
	struct sim *sim;
	const char *host;
	struct timer again;
	int fds[AT_ONCE];
	unsigned knocks;
};

/* Every four milliseconds all connections are closed and as many opened. */
static void
knock(void *owner)
{
	struct flood *flood = owner;
	struct loop *loop = sim_loop(flood->sim, flood->host);
	const struct world *world = loop_world(loop);
	struct addr to = sim_addr(flood->sim, "ups", 3493);

	for (int i = 0; i < AT_ONCE; i++) {
		if (flood->fds[i] != -1)
			world->close(world->owner, flood->fds[i]);
		flood->fds[i] = world->connect(world->owner, &to);
		flood->knocks += flood->fds[i] != -1;
	}
	loop_timer_in(loop, &flood->again, 4);
}

static void
flood_begin(struct flood *flood, struct sim *sim, const char *host)
{
	flood->sim = sim;
	flood->host = host;
	memset(flood->fds, -1, sizeof(flood->fds));
	flood->again = (struct timer){ .fire = knock, .owner = flood };
	loop_timer_in(sim_loop(sim, host), &flood->again, 1000);
}

/* docs/access.md, A-C7, and R-8: 15 000 a second are turned away. */
Test(upsd_flood, refused_clients_delay_nobody)
{
	static const char *const hosts[] = { "ups", "mon", "denied", "dropped" };
	struct flood denied = { 0 }, dropped = { 0 };
	struct client client = { 0 };
	struct sim *sim = sim_new(20011127);
	struct upsd *upsd;

	log_set(&(struct log_settings){ .name = "upsd", .sink = hear_log });
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++)
		sim_loop(sim, hosts[i]);
	upsd = upsd_new(sim_loop(sim, "ups"), make_conf());
	cr_assert(upsd && listen_start(upsd));
	client.sim = sim;
	client_begin(&client);
	flood_begin(&denied, sim, "denied");
	flood_begin(&dropped, sim, "dropped");
	sim_run(sim, 6000);

	cr_expect_gt(denied.knocks + dropped.knocks, 60000);
	cr_expect_not(client.gone);
	cr_expect_geq(client.answers, 54);
	cr_expect_eq(upsd->members.len, 1);
	cr_expect_leq(client.worst_ms, 50, "%ld ms", (long)client.worst_ms);
	cr_expect_leq(upsd->refusals_len, REFUSED_MAX);
	cr_expect_eq(upsd->visitors.len, 0);
	cr_expect_eq(logged, 2); /* each address and rule once */

	loop_timer_clear(sim_loop(sim, "mon"), &client.ask);
	loop_timer_clear(sim_loop(sim, "denied"), &denied.again);
	loop_timer_clear(sim_loop(sim, "dropped"), &dropped.again);
	conn_free(client.conn);
	upsd_free(upsd);
	sim_free(sim);
}
