/* world.h - what a process cannot compute: time, the network, chance.
 *
 * A daemon holds one loop, made from a world, and makes calls of these kinds no other way.  The
 * kernel's world is here; the simulated one, with a virtual clock and a network in memory, is in
 * tests/sim/.  No call blocks.  Descriptors are small ints in every world, made non-blocking and
 * close-on-exec. */
#ifndef WORLD_H
#define WORLD_H

#include "base/addr.h"

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct world_spawn {
	const char *const *argv; /* NULL-ended; argv[0] is a path or looked up in PATH */
	const char *const *env;	 /* "NAME=value" to add; NULL-ended, may be NULL */
	int keep_fd[3];		 /* what becomes 0, 1, 2; -1 means /dev/null */
	bool apart;		 /* in a process group of its own */
};

struct world {
	void *owner;
	int64_t (*clock_ms)(void *owner); /* CLOCK_MONOTONIC */
	int64_t (*wall_ms)(void *owner);  /* since 1970 */
	/* CLOCK_BOOTTIME: goes on while the host is suspended, when clock_ms() stands still. */
	int64_t (*boot_ms)(void *owner);

	/* Wait at most TIMEOUT_MS (-1: for ever) for any of FDS (fd -1: a hole).  The indexes of
	 * those with revents go to READY, which has room for LEN.  Returns how many, -1 with errno.
	 */
	int (*poll)(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready);

	/* -1 with errno.  listen(): backlog as large as the system gives; IPv6 sockets are v6-only
	 * when V6_ONLY; a unix socket is made with MODE, an old one at its path being replaced only
	 * if nobody answers there.  accept() and connect(): TCP_NODELAY, accept() also keepalive; a
	 * unix peer's uid is in FROM.  connect() may still be under way: it is done when POLLOUT
	 * comes, and connected() then tells how it went: 0, or an errno. */
	int (*listen)(void *owner, const struct addr *at, bool v6_only, mode_t mode);
	int (*accept)(void *owner, int fd, struct addr *from);
	int (*connect)(void *owner, const struct addr *to);
	int (*connected)(void *owner, int fd);
	bool (*local)(void *owner, int fd, struct addr *at); /* getsockname */
	/* The peer of FD learns now what has arrived, not 40 ms later or with our next bytes, for
	 * which it may wait (TCP_QUICKACK).  NULL: does nothing. */
	void (*acknowledge)(void *owner, int fd);

	/* As read(2), write(2); never SIGPIPE. */
	ssize_t (*read)(void *owner, int fd, void *bytes, size_t len);
	ssize_t (*write)(void *owner, int fd, const void *bytes, size_t len);
	void (*close)(void *owner, int fd);

	/* Start a program.  Its pid, or -1 when there is no process for it.  How it ended comes as
	 * SIGCHLD, see proc.h; wait() gives the pid of one that has ended and its status, or 0.
	 * One that is not there ends with 127, and the log says why: its file may be on a server
	 * that does not answer, and is not waited for. */
	pid_t (*spawn)(void *owner, const struct world_spawn *what);
	pid_t (*wait)(void *owner, int *status);
	/* One that spawn() started; -PID: and what it has started itself, if it is APART. */
	void (*kill)(void *owner, pid_t pid, int signal);

	/* Put QUESTION to the helper (helper.h), which may block for us.  A descriptor from which
	 * the answer is read to its end; no bytes at all means no answer.  Close it to withdraw. */
	int (*ask)(void *owner, const void *question, size_t len);

	void (*random)(void *owner, void *bytes, size_t len); /* fit for secrets; cannot fail */
};

/* The world of this process.  HELPER_FD: the socket that helper_start() gave, or -1. */
struct world *world_kernel_new(int helper_fd);
void world_kernel_free(struct world *world);

#endif
