#include "tests/seeds/evil.h"

#include "base/conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEERS_MAX 16
#define DRIP_MS 3000

struct victim {
	struct evil_server *server;
	struct conn *conn;
	size_t dripped;
};

struct evil_server {
	struct loop *loop;
	enum evil evil;
	int fd;
	struct timer drip;
	struct victim victims[PEERS_MAX];
};

/* What is said to each line, by kind; %s is what a status question would name. */
static const char *const answers[EVILS] = {
	[EVIL_OTHER_UPS] = "VAR elsewhere ups.status \"OB LB\"\n",
	[EVIL_OK_TO_ALL] = "OK\n",
	[EVIL_EMPTY] = "VAR u0 ups.status \"\"\n",
	[EVIL_ERRORS] = "ERR DATA-STALE\n",
	[EVIL_NOISE] = "\x01\x7f\xff VAR \"u0 ups.status OB\\\n",
};

static void
say_noise(struct victim *victim)
{
	const struct world *world = loop_world(victim->server->loop);
	unsigned char bytes[64];

	world->random(world->owner, bytes, sizeof(bytes));
	conn_send(victim->conn, (const char *)bytes, sizeof(bytes));
}

static size_t
heard(void *owner, char *bytes, size_t len)
{
	struct victim *victim = owner;
	enum evil evil = victim->server->evil;

	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n')
			continue;
		if (evil == EVIL_NOISE)
			say_noise(victim);
		if (answers[evil])
			conn_send_text(victim->conn, answers[evil]);
	}
	if (evil == EVIL_ENDLESS)
		for (int i = 0; i < 64; i++)
			conn_send_text(
			    victim->conn, "VAR u0 ups.status OB LB and so on, on and on");
	return len;
}

static void
closed(void *owner, const char *why)
{
	struct victim *victim = owner;

	conn_free(victim->conn);
	victim->conn = NULL;
}

static void
accept_all(void *owner, int fd, short revents)
{
	static const struct conn_calls calls = { heard, closed, NULL };
	struct evil_server *server = owner;
	const struct world *world = loop_world(server->loop);
	struct addr from;
	int peer;

	while ((peer = world->accept(world->owner, fd, &from)) != -1) {
		struct victim *victim = NULL;

		for (size_t i = 0; i < PEERS_MAX && !victim; i++)
			if (!server->victims[i].conn)
				victim = &server->victims[i];
		if (!victim || server->evil == EVIL_CLOSES) {
			world->close(world->owner, peer);
			continue;
		}
		*victim = (struct victim){ .server = server };
		victim->conn = conn_new(server->loop, peer, false, 4096, &calls, victim);
	}
}

static void
drip(void *owner)
{
	static const char text[] = "VAR u0 ups.status \"OB LB\"\n";
	struct evil_server *server = owner;

	loop_timer_in(server->loop, &server->drip, DRIP_MS);
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct victim *victim = &server->victims[i];

		if (victim->conn)
			conn_send(victim->conn, text + victim->dripped++ % (sizeof(text) - 1), 1);
	}
}

struct evil_server *
evil_new(struct loop *loop, enum evil evil)
{
	struct evil_server *server = calloc(1, sizeof(*server));
	const struct world *world = loop_world(loop);
	struct addr here;

	if (!server)
		abort();
	server->loop = loop;
	server->evil = evil;
	server->drip = (struct timer){ .fire = drip, .owner = server };
	addr_any(&here, AF_INET, 3493);
	server->fd = world->listen(world->owner, &here, false, 0);
	if (server->fd == -1)
		abort();
	loop_watch(loop, server->fd, POLLIN, accept_all, server);
	if (evil == EVIL_DRIP)
		loop_timer_in(loop, &server->drip, DRIP_MS);
	return server;
}

void
evil_free(struct evil_server *server)
{
	loop_timer_clear(server->loop, &server->drip);
	for (size_t i = 0; i < PEERS_MAX; i++)
		conn_free(server->victims[i].conn);
	loop_forget(server->loop, server->fd);
	free(server);
}
