#include "tests/sim/inside.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ROOM 262144		  /* bytes that a direction holds, arrived or not */
#define CONNECT_GIVE_UP_MS 127000 /* Linux: tcp_syn_retries 6 */
#define HELD_GIVE_UP_MS 924000	  /* Linux: tcp_retries2 15 */

/* ---- ends ---- */

struct end *
net_end(struct sim *sim, enum kind kind, struct process *process)
{
	struct end *end = sim->unused;
	char *bytes = NULL;
	size_t size = 0, segments_size = 0;
	struct segment *segments = NULL;

	if (end) { /* with its memory */
		sim->unused = end->next;
		bytes = end->bytes;
		size = end->size;
		segments = end->segments;
		segments_size = end->segments_size;
	} else {
		end = sim_must(malloc(sizeof(*end)));
	}
	memset(end, 0, sizeof(*end));
	end->kind = kind;
	end->number = ++sim->ends;
	end->sim = sim;
	end->process = process;
	end->host = end->far = process ? process->host : NULL;
	end->backlog_end = &end->backlog;
	end->bytes = bytes;
	end->size = size;
	end->segments = segments;
	end->segments_size = segments_size;
	if ((end->all_next = sim->all))
		sim->all->all_back = &end->all_next;
	end->all_back = &sim->all;
	sim->all = end;
	return end;
}

static void
put_away(struct end *end)
{
	*end->all_back = end->all_next;
	if (end->all_next)
		end->all_next->all_back = end->all_back;
	end->next = end->sim->unused;
	end->sim->unused = end;
}

/* Nobody holds it, nor its other end, and no event is to come for either. */
static void
put_away_if_done(struct end *end)
{
	struct end *peer = end->peer;

	if (end->process || end->refs || (peer && (peer->process || peer->refs)))
		return;
	put_away(end);
	if (peer)
		put_away(peer);
}

int
net_descriptor(struct process *process, struct end *end)
{
	size_t fd = DESCRIPTORS_FIRST;

	while (fd < process->ends_len && process->ends[fd])
		fd++;
	if (fd >= process->ends_len) {
		size_t len = fd * 2;

		process->ends = sim_must(realloc(process->ends, len * sizeof(struct end *)));
		memset(process->ends + process->ends_len, 0,
		    (len - process->ends_len) * sizeof(struct end *));
		process->ends_len = len;
	}
	process->ends[fd] = end;
	return (int)fd;
}

static struct end *
end_of(const struct process *process, int fd)
{
	return fd >= 0 && (size_t)fd < process->ends_len ? process->ends[fd] : NULL;
}

static void
stir(const struct end *end)
{
	if (end->process)
		end->process->stirred = true;
}

static void
event(struct end *end, enum what what, int64_t at_ms)
{
	end->refs++;
	sim_event(end->sim, (struct event){ .what = what, .end = end }, at_ms);
}

/* ---- the way between ---- */

static bool
is_cut(const struct host *a, const struct host *b)
{
	return a->down || b->down || a->asleep || b->asleep || a->links[b->number].cut;
}

static int64_t
arrival_ms(struct sim *sim, const struct host *from, const struct host *to)
{
	const struct link *link = &from->links[to->number];
	int64_t at_ms = sim->now_ms + link->delay_ms;

	return link->jitter_ms ? at_ms + (int64_t)sim_random(sim, (uint64_t)link->jitter_ms + 1)
			       : at_ms;
}

static void arrive(struct end *to);

/* LEN bytes that are in TO's buffer already, or a flag, are on their way to TO. */
static void
send_segment(struct end *to, int64_t at_ms, unsigned len, bool fin, bool reset)
{
	size_t last = to->first_segment + to->segments_len;

	/* Nothing overtakes. */
	if (to->segments_len && to->segments[last - 1].at_ms >= at_ms) {
		struct segment *before = &to->segments[last - 1];

		at_ms = before->at_ms;
		if (!before->fin && !before->reset && !fin && !reset) {
			before->len += len;
			return;
		}
	}
	if (!to->segments_len) {
		to->first_segment = last = 0;
	} else if (last == to->segments_size) {
		memmove(to->segments, to->segments + to->first_segment,
		    to->segments_len * sizeof(*to->segments));
		to->first_segment = 0;
		last = to->segments_len;
	}
	if (last == to->segments_size) {
		to->segments_size = to->segments_size ? to->segments_size * 2 : 8;
		to->segments =
		    sim_must(realloc(to->segments, to->segments_size * sizeof(*to->segments)));
	}
	to->segments[last] = (struct segment){ at_ms, len, fin, reset };
	to->segments_len++;
	if (at_ms <= to->sim->now_ms && to->segments_len == 1)
		arrive(to);
	else if (!to->scheduled) {
		to->scheduled = true;
		event(to, ARRIVE, to->segments[to->first_segment].at_ms);
	}
}

/* What TO's other end says comes from there; an answer of the helper from nowhere. */
static bool
is_held(const struct end *to)
{
	return to->peer && is_cut(to->far, to->host);
}

/* The kernel of a process that has gone, or has closed, answers bytes with a reset. */
static void
refuse(struct end *to)
{
	struct end *from = to->peer;

	if (from && from->process && !from->reset)
		send_segment(from, arrival_ms(to->sim, to->host, from->host), 0, false, true);
}

static void
take_segment(struct end *to, const struct segment *segment)
{
	to->arrived += segment->len;
	if (segment->fin)
		to->fin = true;
	if (segment->reset) {
		to->reset = true;
		to->error = ECONNRESET;
	}
	if (segment->len && !to->process) {
		to->start = to->arrived;
		refuse(to);
	}
}

static void
arrive(struct end *to)
{
	int64_t now_ms = to->sim->now_ms;

	if (is_held(to)) {
		struct end *from = to->peer;

		if (!from->held_ms) {
			from->held_ms = now_ms;
			event(from, GIVE_UP, now_ms + HELD_GIVE_UP_MS);
		}
		return;
	}
	if (to->peer)
		to->peer->held_ms = 0;
	while (to->segments_len && to->segments[to->first_segment].at_ms <= now_ms) {
		struct segment segment = to->segments[to->first_segment++];

		to->segments_len--;
		take_segment(to, &segment);
	}
	stir(to);
	if (to->segments_len && !to->scheduled) {
		to->scheduled = true;
		event(to, ARRIVE, to->segments[to->first_segment].at_ms);
	}
}

void
net_mended(struct sim *sim)
{
	for (struct end *end = sim->all; end; end = end->all_next) {
		if (end->kind != STREAM || !end->held_ms)
			continue;
		if (end->connecting) {
			if (end->far && !is_cut(end->host, end->far))
				event(end, CONNECT, arrival_ms(sim, end->host, end->far));
		} else if (end->peer && !is_held(end->peer) && !end->peer->scheduled) {
			end->peer->scheduled = true;
			event(end->peer, ARRIVE, arrival_ms(sim, end->host, end->far));
		}
	}
}

static void
give_up(struct end *end)
{
	int64_t patience_ms = end->connecting ? CONNECT_GIVE_UP_MS : HELD_GIVE_UP_MS;

	if (!end->held_ms || end->sim->now_ms - end->held_ms < patience_ms || !end->process)
		return;
	end->connecting = false;
	end->reset = true;
	end->error = ETIMEDOUT;
	stir(end);
}

/* ---- connecting ---- */

static bool
is_loopback(const struct addr *addr)
{
	return addr->any.sa_family == AF_INET ? ntohl(addr->v4.sin_addr.s_addr) >> 24 == 127
					      : IN6_IS_ADDR_LOOPBACK(&addr->v6.sin6_addr);
}

static bool
is_any(const struct addr *addr)
{
	return addr->any.sa_family == AF_INET ? addr->v4.sin_addr.s_addr == INADDR_ANY
					      : IN6_IS_ADDR_UNSPECIFIED(&addr->v6.sin6_addr);
}

static uint16_t
port_of(const struct addr *addr)
{
	return ntohs(addr->any.sa_family == AF_INET ? addr->v4.sin_port : addr->v6.sin6_port);
}

static void
set_port(struct addr *addr, uint16_t port)
{
	if (addr->any.sa_family == AF_INET)
		addr->v4.sin_port = htons(port);
	else
		addr->v6.sin6_port = htons(port);
}

static struct addr
address_of(const struct host *host, uint16_t port)
{
	struct addr addr = { .len = sizeof(addr.v4) };

	addr.v4.sin_family = AF_INET;
	addr.v4.sin_addr.s_addr = htonl(0x0a000001u + (uint32_t)host->number);
	addr.v4.sin_port = htons(port);
	return addr;
}

struct addr
sim_addr(struct sim *sim, const char *name, uint16_t port)
{
	return address_of(sim_host(sim, name), port);
}

/* Whose address it is, seen from FROM; NULL if nobody's. */
static struct host *
host_at(struct sim *sim, struct host *from, const struct addr *addr)
{
	uint32_t number;

	if (is_loopback(addr) || is_any(addr))
		return from;
	if (addr->any.sa_family != AF_INET)
		return NULL;
	number = ntohl(addr->v4.sin_addr.s_addr) - 0x0a000001u;
	return number < sim->hosts_len ? sim->hosts[number] : NULL;
}

static bool
same_address(const struct addr *a, const struct addr *b)
{
	if (a->any.sa_family != b->any.sa_family)
		return false;
	return a->any.sa_family == AF_INET ? a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr
					   : IN6_ARE_ADDR_EQUAL(&a->v6.sin6_addr, &b->v6.sin6_addr);
}

/* Would what is sent to TO, or bound there, meet LISTENS? */
static bool
meets(const struct end *listens, const struct addr *to)
{
	const struct addr *at = &listens->local;

	if (at->any.sa_family == AF_UNIX || port_of(at) != port_of(to))
		return false;
	if (at->any.sa_family != to->any.sa_family)
		return at->any.sa_family == AF_INET6 && is_any(at) && !listens->v6_only;
	return is_any(at) || same_address(at, to);
}

static struct end *
listener_at(const struct sim *sim, const struct host *host, const struct addr *to)
{
	for (struct end *end = sim->all; end; end = end->all_next)
		if (end->kind == LISTENS && end->process && end->host == host && meets(end, to))
			return end;
	return NULL;
}

static struct path *
find_path(const struct host *host, const struct addr *at)
{
	struct path *path = host->paths;

	while (path && strcmp(path->path, at->unix_path.sun_path) != 0)
		path = path->next;
	return path;
}

static uint16_t
free_port(struct host *host)
{
	if (host->next_port < 40000)
		host->next_port = 40000;
	return host->next_port++;
}

/* LISTENS and CLIENT meet: make the server's end, which waits to be accepted. */
static void
meet(struct end *listens, struct end *client)
{
	struct end *server = net_end(client->sim, STREAM, listens->process);

	server->peer = client;
	client->peer = server;
	server->far = client->host;
	server->local = client->remote;
	server->remote = client->local;
	if (client->process) {
		server->remote.uid = client->process->uid;
		server->remote.gid = client->process->gid;
		server->remote.know_uid = client->local.any.sa_family == AF_UNIX;
	}
	client->connecting = false;
	client->held_ms = 0;
	*listens->backlog_end = server;
	listens->backlog_end = &server->next;
	stir(listens);
	stir(client);
}

static void
syn_arrives(struct end *client)
{
	struct end *listens;

	if (!client->connecting || !client->process)
		return;
	if (!client->far || is_cut(client->host, client->far)) {
		if (client->held_ms)
			return;
		client->held_ms = client->sim->now_ms;
		event(client, GIVE_UP, client->sim->now_ms + CONNECT_GIVE_UP_MS);
		return;
	}
	if ((listens = listener_at(client->sim, client->far, &client->remote))) {
		meet(listens, client);
		return;
	}
	client->connecting = false;
	client->held_ms = 0;
	client->reset = true;
	client->error = ECONNREFUSED;
	stir(client);
}

void
net_happens(struct event *happened)
{
	struct end *end = happened->end;

	end->refs--;
	switch (happened->what) {
	case ARRIVE:
		end->scheduled = false;
		arrive(end);
		break;
	case CONNECT:
		syn_arrives(end);
		break;
	case GIVE_UP:
		give_up(end);
		break;
	case CALL:
		break;
	}
	put_away_if_done(end);
}

/* ---- the world's calls ---- */

static int
fails(int error)
{
	errno = error;
	return -1;
}

static int
listen_unix(struct process *process, const struct addr *at, struct end *end)
{
	struct path *path = find_path(process->host, at);

	if (path && path->listens)
		return fails(EADDRINUSE);
	if (!path) {
		path = sim_must(calloc(1, sizeof(*path)));
		path->path = sim_must(strdup(at->unix_path.sun_path));
		path->next = process->host->paths;
		process->host->paths = path;
	}
	path->listens = end;
	return 0;
}

static int
listen_inet(struct process *process, const struct addr *at, struct end *end)
{
	struct sim *sim = process->sim;

	if (host_at(sim, process->host, at) != process->host)
		return fails(EADDRNOTAVAIL);
	for (const struct end *other = sim->all; other && port_of(at); other = other->all_next) {
		if (other == end || other->kind != LISTENS || !other->process ||
		    other->host != process->host)
			continue;
		/* Either may be the one that takes in the other. */
		if (meets(other, at) ||
		    (other->local.any.sa_family != AF_UNIX && meets(end, &other->local)))
			return fails(EADDRINUSE);
	}
	if (!port_of(at))
		set_port(&end->local, free_port(process->host));
	return 0;
}

static int
net_listen(void *owner, const struct addr *at, bool v6_only, mode_t mode)
{
	struct process *process = owner;
	struct end *end;
	int failed;

	if (process->dead)
		return fails(EIO);
	end = net_end(process->sim, LISTENS, process);
	end->local = *at;
	end->v6_only = v6_only;
	failed = at->any.sa_family == AF_UNIX ? listen_unix(process, at, end)
					      : listen_inet(process, at, end);
	if (failed) {
		end->process = NULL;
		put_away(end);
		return -1;
	}
	return net_descriptor(process, end);
}

static int
net_accept(void *owner, int fd, struct addr *from)
{
	struct process *process = owner;
	struct end *listens = end_of(process, fd), *end;

	if (!listens || listens->kind != LISTENS)
		return fails(EBADF);
	if (!(end = listens->backlog))
		return fails(EAGAIN);
	if (!(listens->backlog = end->next))
		listens->backlog_end = &listens->backlog;
	end->next = NULL;
	*from = end->remote;
	return net_descriptor(process, end);
}

static int
connect_unix(struct process *process, const struct addr *to)
{
	const struct path *path = find_path(process->host, to);
	struct end *end;

	if (!path)
		return fails(ENOENT);
	if (!path->listens)
		return fails(ECONNREFUSED);
	end = net_end(process->sim, STREAM, process);
	end->local.any.sa_family = AF_UNIX;
	end->local.len = sizeof(end->local.any.sa_family);
	end->remote = *to;
	meet(path->listens, end);
	return net_descriptor(process, end);
}

static int
net_connect(void *owner, const struct addr *to)
{
	struct process *process = owner;
	struct sim *sim = process->sim;
	struct end *end;

	if (process->dead)
		return fails(EIO);
	if (to->any.sa_family == AF_UNIX)
		return connect_unix(process, to);
	end = net_end(sim, STREAM, process);
	end->connecting = true;
	end->remote = *to;
	end->far = host_at(sim, process->host, to);
	if (is_loopback(to) || is_any(to))
		end->local = *to;
	else
		end->local = address_of(process->host, 0);
	set_port(&end->local, free_port(process->host));
	/* Nobody's address: into the void, as behind a router that drops. */
	event(end, CONNECT, end->far ? arrival_ms(sim, process->host, end->far) : sim->now_ms);
	return net_descriptor(process, end);
}

static int
take_error(struct end *end)
{
	int error = end->error;

	end->error = 0;
	return error;
}

static int
net_connected(void *owner, int fd)
{
	struct end *end = end_of(owner, fd);

	if (!end)
		return EBADF;
	return end->connecting ? EINPROGRESS : take_error(end);
}

static bool
net_local(void *owner, int fd, struct addr *at)
{
	const struct end *end = end_of(owner, fd);

	if (end)
		*at = end->local;
	return end != NULL;
}

static size_t
fragment(struct sim *sim, size_t len)
{
	return sim->fragment && len > 1 ? 1 + (size_t)sim_random(sim, len) : len;
}

static ssize_t
net_read(void *owner, int fd, void *bytes, size_t len)
{
	struct end *end = end_of(owner, fd);
	size_t had;

	if (!end || end->kind != STREAM)
		return fails(EBADF);
	had = end->arrived - end->start;
	if (had) {
		len = fragment(end->sim, len < had ? len : had);
		memcpy(bytes, end->bytes + end->start, len);
		end->start += len;
		if (end->sim->read)
			end->sim->read(
			    end->sim->read_owner, end->process->where, end->number, bytes, len);
		if (end->peer)
			stir(end->peer); /* there is room again */
		return (ssize_t)len;
	}
	if (end->error)
		return fails(take_error(end));
	return end->fin || end->reset ? 0 : fails(EAGAIN);
}

static void
make_room(struct end *end, size_t len)
{
	if (end->start == end->end)
		end->start = end->arrived = end->end = 0;
	if (end->end + len <= end->size)
		return;
	if (end->start) {
		memmove(end->bytes, end->bytes + end->start, end->end - end->start);
		end->arrived -= end->start;
		end->end -= end->start;
		end->start = 0;
	}
	while (end->end + len > end->size)
		end->size = end->size ? end->size * 2 : 512;
	end->bytes = sim_must(realloc(end->bytes, end->size));
}

static size_t
room_at(const struct end *peer)
{
	size_t had = peer->end - peer->start;

	return had < ROOM ? ROOM - had : 0;
}

static bool
is_unix(const struct end *end)
{
	return end->local.any.sa_family == AF_UNIX;
}

static ssize_t
net_write(void *owner, int fd, const void *bytes, size_t len)
{
	struct end *end = end_of(owner, fd), *peer;
	size_t room;

	if (!end || end->kind != STREAM)
		return fails(EBADF);
	if (end->connecting)
		return fails(EAGAIN);
	if (end->error)
		return fails(take_error(end));
	if (end->reset || !(peer = end->peer) || (is_unix(end) && end->fin))
		return fails(EPIPE);
	if (!len)
		return 0;
	if (!(room = room_at(peer)))
		return fails(EAGAIN);
	len = fragment(end->sim, len < room ? len : room);
	make_room(peer, len);
	memcpy(peer->bytes + peer->end, bytes, len);
	peer->end += len;
	send_segment(
	    peer, arrival_ms(end->sim, end->host, peer->host), (unsigned)len, false, false);
	return (ssize_t)len;
}

/* The last of the path: its node stays, as nobody unlinks it. */
static void
leave_path(const struct end *end)
{
	struct path *path = find_path(end->host, &end->local);

	if (path && path->listens == end)
		path->listens = NULL;
}

static void
close_end(struct end *end, bool silently)
{
	struct end *peer = end->peer, *waiting, *next;
	bool unread = end->arrived > end->start;

	end->process = NULL;
	if (end->kind == LISTENS) {
		if (is_unix(end))
			leave_path(end);
		for (waiting = end->backlog; waiting; waiting = next) {
			next = waiting->next;
			close_end(waiting, silently);
		}
	} else if (end->kind == STREAM) {
		end->start = end->arrived;
		if (peer && peer->process && !silently && !end->reset)
			send_segment(
			    peer, arrival_ms(end->sim, end->host, peer->host), 0, !unread, unread);
	}
	put_away_if_done(end);
}

static void
net_close(void *owner, int fd)
{
	struct process *process = owner;
	struct end *end = end_of(process, fd);

	if (!end)
		return;
	process->ends[fd] = NULL;
	close_end(end, false);
}

void
net_close_all(struct process *process, bool silently)
{
	for (size_t fd = 0; fd < process->ends_len; fd++)
		if (process->ends[fd]) {
			struct end *end = process->ends[fd];

			process->ends[fd] = NULL;
			close_end(end, silently);
		}
}

short
net_ready(const struct process *process, int fd, short events)
{
	const struct end *end = end_of(process, fd);
	bool in, out, hung;

	if (!end)
		return POLLNVAL;
	if (end->kind != STREAM)
		return (end->kind == LISTENS ? end->backlog != NULL : end->signals != 0)
			   ? events & POLLIN
			   : 0;
	if (end->connecting)
		return 0;
	hung = end->reset || (end->fin && is_unix(end));
	in = end->arrived > end->start || end->fin || hung || end->error;
	out = hung || !end->peer || room_at(end->peer) > ROOM / 4;
	return (short)((in ? events & POLLIN : 0) | (out ? events & POLLOUT : 0) |
		       (hung ? POLLHUP : 0) | (end->error ? POLLERR : 0));
}

int
net_answer(struct process *process, const char *text, int64_t after_ms)
{
	struct end *end = net_end(process->sim, STREAM, process);
	size_t len = strlen(text);
	int64_t at_ms = process->sim->now_ms + after_ms;

	if (len) {
		make_room(end, len);
		memcpy(end->bytes, text, len);
	}
	end->end = len;
	if (after_ms >= 0) {
		if (len)
			send_segment(end, at_ms, (unsigned)len, false, false);
		send_segment(end, at_ms, 0, true, false);
	}
	return net_descriptor(process, end);
}

void
net_calls(struct world *world)
{
	world->listen = net_listen;
	world->accept = net_accept;
	world->connect = net_connect;
	world->connected = net_connected;
	world->local = net_local;
	world->read = net_read;
	world->write = net_write;
	world->close = net_close;
}

void
net_free(struct sim *sim)
{
	struct end *end, *next;

	for (end = sim->all; end; end = next) {
		next = end->all_next;
		end->next = sim->unused;
		sim->unused = end;
	}
	for (end = sim->unused; end; end = next) {
		next = end->next;
		free(end->bytes);
		free(end->segments);
		free(end);
	}
	for (size_t i = 0; i < sim->hosts_len; i++)
		for (struct path *path = sim->hosts[i]->paths, *after; path; path = after) {
			after = path->next;
			free(path->path);
			free(path);
		}
}
