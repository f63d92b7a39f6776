/* shim.c - loaded before libc into upsd, upsmon or a driver, it makes it the mutant that MUTANT
 * names: what passes between upsd and its clients or drivers, or between a driver and its clients
 * or device, is changed on the way.  All of it is one process's, so its state is static here. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mutants.h"

enum { FDS = 4096, ROOM = 1 << 18 };

struct peer {
	enum { NOBODY, CLIENT, DRIVER, DEVICE, SERVER } is;
	bool heard; /* it has been sent something */
	bool asked; /* and, a device, has not answered yet */
};

static const struct mutant *mutant;
static struct peer peers[FDS];

/* The next in line behind us. */
#define REAL(name)                                                                                 \
	static __typeof__(&name) real;                                                             \
	if (!real)                                                                                 \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

static bool
is_of_upsmon(const struct mutant *of)
{
	return !strncmp(of->fails, UPSMON_CASE, strlen(UPSMON_CASE));
}

static bool
is_of_this_program(const struct mutant *of)
{
	const char *program = program_invocation_short_name;
	char begins[80];

	if (is_of_upsmon(of))
		return !strcmp(program, "upsmon");
	snprintf(begins, sizeof(begins), DRIVER_CASE "%s/", program);
	return strncmp(of->fails, DRIVER_CASE, strlen(DRIVER_CASE))
		   ? !strcmp(program, "upsd")
		   : !strncmp(of->fails, begins, strlen(begins));
}

__attribute__((constructor)) static void
choose(void)
{
	const char *name = getenv("MUTANT");

	if (!name)
		return;
	for (size_t i = 0; i < mutants_len; i++)
		if (!strcmp(mutants[i].name, name) && is_of_this_program(&mutants[i]))
			mutant = &mutants[i];
}

static struct peer *
peer_at(int fd)
{
	return mutant && fd >= 0 && fd < FDS && peers[fd].is ? &peers[fd] : NULL;
}

static bool
passes(const struct peer *peer, bool out)
{
	static const enum way ways[][2] = { [CLIENT] = { FROM_CLIENT, TO_CLIENT },
		[DRIVER] = { FROM_DRIVER, TO_DRIVER },
		[DEVICE] = { FROM_DEVICE, TO_DEVICE },
		[SERVER] = { FROM_SERVER, TO_SERVER } };

	return peer && (mutant->from || mutant->change) && mutant->way == ways[peer->is][out];
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
	if (!passes(peer, true) || peer->is == DEVICE || len > ROOM / 2)
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
	bool changed = passes(peer, false) && size > 64;
	struct piece piece = { bytes, 0, size };
	ssize_t got;
	REAL(read);

	/* Less than there is room for: a change may make it longer. */
	got = real(fd, bytes, changed ? size / 4 : size);
	if (peer && got > 0)
		peer->asked = false;
	if (!changed || got <= 0)
		return got;
	piece.len = (size_t)got;
	if (mutant->quirk == DIES && memmem(bytes, piece.len, mutant->from, strlen(mutant->from)))
		_exit(1);
	change(&piece);
	if (piece.len == 0) {
		errno = EAGAIN;
		return -1;
	}
	return (ssize_t)piece.len;
}

/* A serial line: the sockets of a driver are written by send(). */
ssize_t
write(int fd, const void *bytes, size_t len)
{
	char room[256];
	struct piece piece = { room, len, sizeof(room) };
	struct peer *peer = peer_at(fd);
	REAL(write);

	if (!peer || peer->is != DEVICE || len > sizeof(room) / 2)
		return real(fd, bytes, len);
	if (mutant->quirk == SLEEPS)
		poll(NULL, 0, 1500);
	for (int i = 0; i < FDS && peer->asked && mutant->quirk == LOSES_PATIENCE; i++)
		if (peers[i].is == CLIENT)
			send_all(i, "DATASTALE\n", 10);
	peer->asked = true;
	if (!passes(peer, true))
		return real(fd, bytes, len);
	memcpy(room, bytes, len);
	change(&piece);
	if (piece.len && real(fd, room, piece.len) != (ssize_t)piece.len)
		return -1;
	return (ssize_t)len;
}

/* The suite calls the device "tty". */
int
open(const char *path, int flags, ...)
{
	size_t len = strlen(path);
	va_list args;
	mode_t mode;
	int fd;
	REAL(open);

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	fd = real(path, flags, mode);
	if (mutant && fd >= 0 && fd < FDS && len > 4 && !strcmp(path + len - 4, "/tty"))
		peers[fd] = (struct peer){ .is = DEVICE };
	return fd;
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
	bool local = addr->sa_family == AF_UNIX;
	REAL(connect);

	if (mutant && fd >= 0 && fd < FDS && local == !is_of_upsmon(mutant))
		peers[fd] = (struct peer){ .is = local ? DRIVER : SERVER };
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
