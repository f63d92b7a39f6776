/* shim.c - loaded before libc into a process called upsd, it makes it the mutant that MUTANT names:
 * what passes between upsd and its clients or drivers is changed on the way.  All of it is one
 * process's, so its state is static here. */
#include <dlfcn.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mutants.h"

enum { FDS = 4096, ROOM = 1 << 18 };

struct peer {
	enum { NOBODY, CLIENT, DRIVER } is;
	bool heard; /* it has been sent something */
};

static const struct mutant *mutant;
static struct peer peers[FDS];

/* The next in line behind us. */
#define REAL(name)                                                                                 \
	static __typeof__(&name) real;                                                             \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void
choose(void)
{
	const char *name = getenv("MUTANT");

	if (!name || strcmp(program_invocation_short_name, "upsd"))
		return;
	for (size_t i = 0; i < mutants_len; i++)
		if (!strcmp(mutants[i].name, name))
			mutant = &mutants[i];
	if (!mutant)
		abort();
}

static struct peer *
peer_at(int fd)
{
	return mutant && fd >= 0 && fd < FDS && peers[fd].is ? &peers[fd] : NULL;
}

static bool
passes(const struct peer *peer, enum way client, enum way driver)
{
	return peer && (mutant->from || mutant->change) &&
	       mutant->way == (peer->is == CLIENT ? client : driver);
}

static void
change(struct piece *piece)
{
	if (mutant->change)
		mutant->change(piece);
	else
		piece_replace(piece, mutant->from, mutant->to);
}

/* All of it, whatever the time. */
static void
send_all(int fd, const char *at, size_t len)
{
	REAL(send);

	while (len > 0) {
		ssize_t sent = real(fd, at, len, MSG_NOSIGNAL);

		if (sent == -1 && errno == EAGAIN) {
			struct pollfd polled = { .fd = fd, .events = POLLOUT };

			if (poll(&polled, 1, 15000) < 1)
				return;
		} else if (sent == -1) {
			return;
		} else {
			at += sent;
			len -= (size_t)sent;
		}
	}
}

/* Until the client has taken all of it. */
static void
wait_for_client(int fd)
{
	int waiting = 0;

	for (int ms = 0; ms < 2000 && !ioctl(fd, SIOCOUTQ, &waiting) && waiting > 0; ms++)
		poll(NULL, 0, 1);
}

ssize_t
send(int fd, const void *bytes, size_t len, int flags)
{
	static char room[ROOM];
	struct piece piece = { room, len, ROOM };
	struct peer *peer = peer_at(fd);
	REAL(send);

	if (peer)
		peer->heard = true;
	if (peer && mutant->quirk == BLOCKS) {
		send_all(fd, bytes, len);
		wait_for_client(fd);
		return (ssize_t)len;
	}
	if (!passes(peer, TO_CLIENT, TO_DRIVER) || len > ROOM / 2)
		return real(fd, bytes, len, flags);
	memcpy(room, bytes, len);
	change(&piece);
	send_all(fd, room, piece.len);
	return (ssize_t)len;
}

ssize_t
read(int fd, void *bytes, size_t size)
{
	struct peer *peer = peer_at(fd);
	bool changed = passes(peer, FROM_CLIENT, FROM_DRIVER) && size > 1024;
	struct piece piece = { bytes, 0, size };
	ssize_t got;
	REAL(read);

	/* Less than there is room for: a change may make it longer. */
	got = real(fd, bytes, changed ? size / 4 : size);
	if (!changed || got <= 0)
		return got;
	piece.len = (size_t)got;
	change(&piece);
	if (piece.len == 0) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)piece.len;
}

static int
take_client(int fd)
{
	if (mutant && fd >= 0 && fd < FDS) {
		peers[fd] = (struct peer){ .is = CLIENT };
		if (mutant->quirk == GREETS)
			send_all(fd, "hello\n", 6);
	}
	return fd;
}

int
accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	REAL(accept4);
	return take_client(real(fd, addr, len, flags));
}

int
connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	REAL(connect);
	if (mutant && addr->sa_family == AF_UNIX && fd >= 0 && fd < FDS)
		peers[fd] = (struct peer){ .is = DRIVER };
	return real(fd, addr, len);
}

int
close(int fd)
{
	struct peer *peer = peer_at(fd);
	REAL(close);

	if (peer && peer->is == CLIENT && !peer->heard && mutant->quirk == ANSWERS_A_DROP)
		send_all(fd, "ERR ACCESS-DENIED\n", 18);
	if (peer)
		*peer = (struct peer){ 0 };
	return real(fd);
}
