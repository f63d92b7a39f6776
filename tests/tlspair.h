/* tlspair.h - two sides of TLS in one process, by whatever stands behind tls.h, and what became of
 * them. */
#ifndef TLSPAIR_H
#define TLSPAIR_H

#include "fastworld.h"
#include "tls/tls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct side {
	struct tls *tls;
	struct tls_session *session;
	int fd;
	int state; /* of the handshake: 1 done, -1 failed */
	char why[400];
};
static struct side server, client;

static void
note_why(struct side *side)
{
	const char *why = tls_filter.why(side->session);

	snprintf(side->why, sizeof(side->why), "%s", why ? why : strerror(errno));
}

static void
shake(struct side *side)
{
	short want = 0;

	if (side->state == 0)
		side->state = tls_filter.handshake(side->session, &want);
	if (side->state == -1 && !*side->why) {
		note_why(side);
		/* The other side hears it. */
		(void)shutdown(side->fd, SHUT_WR);
	}
}

static void
connect_sides(const char *host, const char *name)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	server.fd = ends[0];
	client.fd = ends[1];
	server.session = tls_session_new(server.tls, &fast_world, ends[0], NULL, NULL);
	client.session = tls_session_new(client.tls, &fast_world, ends[1], host, name);
	cr_assert(server.session && client.session);
}

static struct tls *
must(struct tls *tls, char *why)
{
	cr_assert(tls, "%s", why ? why : "no memory");
	free(why);
	return tls;
}

static ssize_t
read_side(struct side *side, char *bytes, size_t size)
{
	short want = 0;
	ssize_t got = tls_filter.read(side->session, bytes, size, &want);

	if (got == -1 && errno != EAGAIN)
		note_why(side);
	return got;
}

/* Both shake hands; then each hears the other, so that a late refusal is noticed. */
static void
meet(const char *host, const char *name)
{
	short want = 0;
	char bytes[64];

	*server.why = *client.why = '\0';
	server.state = client.state = 0;
	connect_sides(host, name);
	for (int i = 0; i < 20 && (server.state == 0 || client.state == 0); i++) {
		shake(&client);
		shake(&server);
	}
	if (client.state == 1)
		(void)read_side(&client, bytes, sizeof(bytes));
	if (client.state != 1 || server.state != 1 || *client.why)
		return;
	cr_expect_eq(tls_filter.write(server.session, "hello", 5, &want), 5);
	if (read_side(&client, bytes, sizeof(bytes)) != 5) /* a ticket, by itself */
		cr_expect_eq(read_side(&client, bytes, sizeof(bytes)), 5);
	cr_expect_eq(memcmp(bytes, "hello", 5), 0);
}

static void
part(void)
{
	tls_filter.free(server.session);
	tls_filter.free(client.session);
	close(server.fd);
	close(client.fd);
}

static void
expect_said(const struct side *side, const char *why)
{
	cr_expect(strncmp(side->why, why, strlen(why)) == 0 && !*side->why == !*why,
	    "%s says: %s\n  expected: %s", side == &server ? "server" : "client", side->why, why);
}

#endif
