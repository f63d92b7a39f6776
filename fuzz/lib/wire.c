#include "fuzz/lib/wire.h"

#include <errno.h>

void
wire_connect(struct wire *wire, struct sim *sim, const char *where, const struct addr *to)
{
	wire->world = loop_world(sim_loop(sim, where));
	wire->fd = wire->world->connect(wire->world->owner, to);
}

int
wire_listen(struct sim *sim, const char *where, const struct addr *at)
{
	const struct world *world = loop_world(sim_loop(sim, where));
	int fd = world->listen(world->owner, at, false, 0600);

	must(fd != -1, "nothing listens at %s", where);
	return fd;
}

void
wire_accept(struct wire *wire, struct sim *sim, const char *where, int listener)
{
	struct addr from;

	if (wire->fd != -1)
		return;
	wire->world = loop_world(sim_loop(sim, where));
	wire->fd = wire->world->accept(wire->world->owner, listener, &from);
}

void
wire_send(struct wire *wire, const void *bytes, size_t len)
{
	const char *at = bytes;
	ssize_t sent = 1;

	for (; wire->fd != -1 && len && sent > 0; at += sent, len -= (size_t)sent)
		sent = wire->world->write(wire->world->owner, wire->fd, at, len);
}

void
wire_read(struct wire *wire)
{
	char bytes[4096];
	ssize_t got = -1;

	while (wire->fd != -1) {
		got = wire->world->read(wire->world->owner, wire->fd, bytes, sizeof(bytes));
		if (got <= 0)
			break;
		must(buf_add(&wire->in, bytes, (size_t)got), "more than %zu bytes came",
		    buf_len(&wire->in));
	}
	if (wire->fd != -1 && (got == 0 || errno != EAGAIN)) {
		wire->world->close(wire->world->owner, wire->fd);
		wire->fd = -1;
	}
}

void
wire_close(struct wire *wire)
{
	if (wire->fd != -1)
		wire->world->close(wire->world->owner, wire->fd);
	buf_free(&wire->in);
	wire->fd = -1;
}
