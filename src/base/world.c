#include "base/world.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The two-tier poll.  The kernel's scan of thousands of idle descriptors is all the cost of a
 * turn; so those active lately ("hot") are polled alone, and all of them now and then. */
#define TIER_MIN 64	  /* with fewer descriptors there is one tier */
#define ALL_EACH_US 5000  /* all are polled at least so often ... */
#define HOT_SILENCE_MS 1  /* ... or when the hot ones are silent for so long */
#define HOT_FOR_US 250000 /* how long one is hot after it was active */
#define KEEPALIVE_AFTER_S 120
#define BACKLOG 4096 /* SOMAXCONN of Linux; older systems cut it to theirs */

struct kernel {
	struct world world;
	int helper_fd; /* borrowed */

	size_t *hot; /* indexes of the caller's array */
	struct pollfd *hot_polled;
	size_t hot_len, hot_size;
	int64_t *active_us; /* by index: when it was active last; 0 is not hot */
	size_t active_size;
	int64_t all_polled_us;
};

/* ---- time and chance ---- */

static int64_t
clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline int64_t
clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t
kernel_clock_ms(void *owner)
{
	return clock_ms(CLOCK_MONOTONIC);
}

static int64_t
kernel_wall_ms(void *owner)
{
	return clock_ms(CLOCK_REALTIME_COARSE); /* 4 ms are exact enough */
}

static int64_t
kernel_boot_ms(void *owner)
{
	return clock_ms(CLOCK_BOOTTIME);
}

static void
kernel_random(void *owner, void *bytes, size_t len)
{
	for (char *to = bytes; len > 0;) {
		ssize_t got = getrandom(to, len, 0);

		if (got == -1) {
			if (errno == EINTR)
				continue;
			abort(); /* a kernel without it; nothing else is fit for secrets */
		}
		to += got;
		len -= (size_t)got;
	}
}

/* ---- poll ---- */

static bool
know_indexes(struct kernel *kernel, size_t len)
{
	size_t size = kernel->active_size ? kernel->active_size : 256;
	int64_t *active_us;

	if (len <= kernel->active_size)
		return true;
	while (size < len)
		size *= 2;
	active_us = realloc(kernel->active_us, size * sizeof(*active_us));
	if (!active_us)
		return false;
	memset(
	    active_us + kernel->active_size, 0, (size - kernel->active_size) * sizeof(*active_us));
	kernel->active_us = active_us;
	kernel->active_size = size;
	return true;
}

/* INDEX is active.  Without memory for that it stays cold, which is only slower. */
static void
heat(struct kernel *kernel, size_t index, int64_t now_us)
{
	size_t size = kernel->hot_size ? kernel->hot_size * 2 : 64;
	size_t *hot;
	struct pollfd *polled;

	if (!know_indexes(kernel, index + 1))
		return;
	if (!kernel->active_us[index]) {
		if (kernel->hot_len == kernel->hot_size) {
			if (!(hot = realloc(kernel->hot, size * sizeof(*hot))))
				return;
			kernel->hot = hot;
			if (!(polled = realloc(kernel->hot_polled, size * sizeof(*polled))))
				return;
			kernel->hot_polled = polled;
			kernel->hot_size = size;
		}
		kernel->hot[kernel->hot_len++] = index;
	}
	kernel->active_us[index] = now_us;
}

/* Look again at the hot ones in FDS, which may have changed since, and forget those that are gone
 * or have cooled. */
static void
refresh_hot(struct kernel *kernel, const struct pollfd *fds, size_t len, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < kernel->hot_len; i++) {
		size_t index = kernel->hot[i];

		if (index >= len || fds[index].fd == -1 ||
		    now_us - kernel->active_us[index] > HOT_FOR_US) {
			kernel->active_us[index] = 0;
			continue;
		}
		kernel->hot[kept] = index;
		kernel->hot_polled[kept++] = fds[index];
	}
	kernel->hot_len = kept;
}

static int
poll_hot(struct kernel *kernel, struct pollfd *fds, int timeout_ms, size_t *ready, int64_t now_us)
{
	int found = poll(kernel->hot_polled, kernel->hot_len, timeout_ms);
	int left = found;

	for (size_t i = 0, n = 0; left > 0; i++) {
		size_t index = kernel->hot[i];

		if (!kernel->hot_polled[i].revents)
			continue;
		left--;
		fds[index].revents = kernel->hot_polled[i].revents;
		kernel->active_us[index] = now_us;
		ready[n++] = index;
	}
	return found;
}

static int
poll_all(struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	int found = poll(fds, len, timeout_ms);
	size_t n = 0;

	/* From behind: there are the clients, who ask most. */
	for (size_t i = len; (int)n < found; i--)
		if (fds[i - 1].revents)
			ready[n++] = i - 1;
	return found;
}

/* Out of line, so that a turn with few descriptors does not save registers for it. */
static __attribute__((noinline)) int
poll_in_tiers(struct kernel *kernel, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	int found;

	refresh_hot(kernel, fds, len, now_us);
	if (kernel->hot_len && kernel->hot_len < len / 2 &&
	    now_us - kernel->all_polled_us < ALL_EACH_US) {
		int silence_ms = HOT_SILENCE_MS;

		if (timeout_ms >= 0 && timeout_ms < silence_ms)
			silence_ms = timeout_ms;
		found = poll_hot(kernel, fds, silence_ms, ready, now_us);
		if (found != 0)
			return found;
		if (timeout_ms > 0)
			timeout_ms -= silence_ms;
	}
	found = poll_all(fds, len, timeout_ms, ready);
	kernel->all_polled_us = now_us = clock_us(CLOCK_MONOTONIC);
	for (int i = 0; i < found; i++)
		heat(kernel, ready[i], now_us);
	return found;
}

static int
kernel_poll(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	if (len < TIER_MIN)
		return poll_all(fds, len, timeout_ms, ready);
	return poll_in_tiers(owner, fds, len, timeout_ms, ready);
}

/* ---- the network ---- */

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

static int
new_socket(int family)
{
	return socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void
set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* A new descriptor is about to be used: do not let it wait for the turn that polls all.  It stands
 * at its own number in a loop's array, and should it not, no harm is done. */
static void
expect(struct kernel *kernel, int fd)
{
	if (kernel->hot_len)
		heat(kernel, (size_t)fd, clock_us(CLOCK_MONOTONIC));
}

/* The node gets exactly MODE from the start, whatever the umask. */
static int
bind_path(int fd, const struct addr *at, mode_t mode)
{
	mode_t umask_was = umask(0777 & ~mode);
	int error = bind(fd, &at->any, at->len) == -1 ? errno : 0;

	umask(umask_was);
	errno = error;
	return error ? -1 : 0;
}

/* Is the socket at AT's path one that nobody listens on any more? */
static bool
is_deserted(const struct addr *at)
{
	struct stat status;
	bool deserted;
	int fd;

	if (lstat(at->unix_path.sun_path, &status) == -1 || !S_ISSOCK(status.st_mode))
		return false;
	if ((fd = new_socket(AF_UNIX)) == -1)
		return false;
	deserted = connect(fd, &at->any, at->len) == -1 && errno == ECONNREFUSED;
	close(fd);
	return deserted;
}

static int
bind_unix(int fd, const struct addr *at, mode_t mode)
{
	if (bind_path(fd, at, mode) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -1;
	if (!is_deserted(at) || unlink(at->unix_path.sun_path) == -1) {
		errno = EADDRINUSE;
		return -1;
	}
	return bind_path(fd, at, mode);
}

static int
kernel_listen(void *owner, const struct addr *at, bool v6_only, mode_t mode)
{
	int fd = new_socket(at->any.sa_family);
	int bound;

	if (fd == -1)
		return -1;
	if (at->any.sa_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6_only);
	if (at->any.sa_family == AF_UNIX) {
		bound = bind_unix(fd, at, mode);
	} else {
		set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
		bound = bind(fd, &at->any, at->len);
	}
	if (bound == -1 || listen(fd, BACKLOG) == -1) {
		close_keeping_errno(fd);
		return -1;
	}
	return fd;
}

static void
see_who(int fd, struct addr *from)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return;
	from->uid = peer.uid;
	from->gid = peer.gid;
	from->know_uid = true;
}

static int
kernel_accept(void *owner, int listening, struct addr *from)
{
	int fd;

	memset(from, 0, sizeof(*from));
	from->len = sizeof(from->room);
	fd = accept4(listening, &from->any, &from->len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd == -1)
		return -1;
	if (from->any.sa_family == AF_UNIX) {
		see_who(fd, from);
	} else {
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
		/* A client that may be silent for hours, and whose host has lost its power, would
		 * count as logged in for ever. */
		set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
		set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_AFTER_S);
	}
	expect(owner, fd);
	return fd;
}

static void
kernel_acknowledge(void *owner, int fd)
{
	set_option(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
}

static int
kernel_connect(void *owner, const struct addr *to)
{
	int fd = new_socket(to->any.sa_family);

	if (fd == -1)
		return -1;
	if (to->any.sa_family != AF_UNIX)
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (connect(fd, &to->any, to->len) == -1 && errno != EINPROGRESS) {
		close_keeping_errno(fd);
		return -1;
	}
	expect(owner, fd);
	return fd;
}

static int
kernel_connected(void *owner, int fd)
{
	int error;
	socklen_t len = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ? errno : error;
}

static bool
kernel_local(void *owner, int fd, struct addr *at)
{
	memset(at, 0, sizeof(*at));
	at->len = sizeof(at->room);
	return getsockname(fd, &at->any, &at->len) == 0;
}

static ssize_t
kernel_read(void *owner, int fd, void *bytes, size_t len)
{
	return read(fd, bytes, len);
}

static ssize_t
kernel_write(void *owner, int fd, const void *bytes, size_t len)
{
	ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

	/* A tty or a pipe; proc_begin() has seen to SIGPIPE. */
	return sent == -1 && errno == ENOTSOCK ? write(fd, bytes, len) : sent;
}

static void
kernel_close(void *owner, int fd)
{
	close(fd);
}

/* ---- programs ---- */

/* environ with ADD in front; the array is the caller's to free, the strings are borrowed. */
static char **
environment(const char *const *add)
{
	size_t had = 0, added = 0, len = 0;
	char **all;

	while (environ && environ[had])
		had++;
	while (add && add[added])
		added++;
	all = malloc((had + added + 1) * sizeof(*all));
	if (!all)
		return NULL;
	for (size_t i = 0; i < added; i++)
		all[len++] = (char *)(uintptr_t)add[i];
	for (size_t i = 0; i < had; i++) {
		size_t name = strcspn(environ[i], "=") + 1;
		bool replaced = false;

		for (size_t j = 0; j < added; j++)
			replaced |= strncmp(environ[i], add[j], name) == 0;
		if (!replaced)
			all[len++] = environ[i];
	}
	all[len] = NULL;
	return all;
}

/* In the new process, until it is another program.  KEEP become 0, 1, 2; all others are closed
 * then. Returns when that fails, with errno. */
static void
become_program(const struct world_spawn *what, const int keep[3], char **env)
{
	sigset_t none;

	for (int signal_no = 1; signal_no < NSIG; signal_no++)
		signal(signal_no, SIG_DFL);
	for (int i = 0; i < 3; i++) {
		int from = keep[i] == -1 ? open("/dev/null", O_RDWR | O_CLOEXEC) : keep[i];

		if (from == i ? fcntl(i, F_SETFD, 0) == -1 : dup2(from, i) == -1)
			return;
	}
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == -1)
		closefrom(3); /* a kernel before 5.11: whatever fails now is not told */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvpe(what->argv[0], (char *const *)(uintptr_t)what->argv, env);
}

/* Not posix_spawn(), nor vfork(): they return when the new program runs, and never when its file is
 * on a disk or a server that hangs. */
static pid_t
spawn_with(const struct world_spawn *what, const int keep[3], char **env)
{
	sigset_t all, before;
	pid_t pid;
	int error;

	/* In the child none may run our handler, which would write into our pipe. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = fork();
	error = errno;
	if (what->apart && pid != -1)
		setpgid(pid, pid); /* on both sides: whoever comes first */
	if (pid == 0) {
		int said = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

		become_program(what, keep, env);
		error = errno;
		dup2(said, STDERR_FILENO);
		errno = error;
		log_warn("%s cannot be started", what->argv[0]);
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

static pid_t
kernel_spawn(void *owner, const struct world_spawn *what)
{
	int keep[3] = { -1, -1, -1 };
	char **env = environment(what->env);
	int error = env ? 0 : ENOMEM;
	pid_t pid = -1;

	/* Copies above 2: what becomes 1 may be 0 now. */
	for (int i = 0; i < 3 && !error; i++)
		if (what->keep_fd[i] != -1) {
			keep[i] = fcntl(what->keep_fd[i], F_DUPFD_CLOEXEC, 3);
			if (keep[i] == -1)
				error = errno;
		}
	if (!error && (pid = spawn_with(what, keep, env)) == -1)
		error = errno;
	for (int i = 0; i < 3; i++)
		if (keep[i] != -1)
			close(keep[i]);
	free(env);
	errno = error;
	return pid;
}

static pid_t
kernel_wait(void *owner, int *status)
{
	pid_t pid = waitpid(-1, status, WNOHANG);

	return pid > 0 ? pid : 0;
}

static void
kernel_kill(void *owner, pid_t pid, int signal)
{
	kill(pid, signal);
}

/* ---- the helper ---- */

static int
send_with_descriptor(int to, const void *bytes, size_t len, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, len };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};

	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return sendmsg(to, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == -1 ? -1 : 0;
}

static int
kernel_ask(void *owner, const void *question, size_t len)
{
	struct kernel *kernel = owner;
	int ends[2];

	if (kernel->helper_fd == -1) {
		errno = ENOTCONN;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	if (send_with_descriptor(kernel->helper_fd, question, len, ends[1]) == -1) {
		close_keeping_errno(ends[0]);
		close_keeping_errno(ends[1]);
		return -1;
	}
	close(ends[1]);
	return ends[0];
}

/* ---- the whole ---- */

struct world *
world_kernel_new(int helper_fd)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel)
		return NULL;
	kernel->helper_fd = helper_fd;
	kernel->world = (struct world){
		.owner = kernel,
		.clock_ms = kernel_clock_ms,
		.wall_ms = kernel_wall_ms,
		.boot_ms = kernel_boot_ms,
		.poll = kernel_poll,
		.listen = kernel_listen,
		.accept = kernel_accept,
		.connect = kernel_connect,
		.connected = kernel_connected,
		.acknowledge = kernel_acknowledge,
		.local = kernel_local,
		.read = kernel_read,
		.write = kernel_write,
		.close = kernel_close,
		.spawn = kernel_spawn,
		.wait = kernel_wait,
		.kill = kernel_kill,
		.ask = kernel_ask,
		.random = kernel_random,
	};
	return &kernel->world;
}

void
world_kernel_free(struct world *world)
{
	struct kernel *kernel;

	if (!world)
		return;
	kernel = world->owner;
	free(kernel->hot);
	free(kernel->hot_polled);
	free(kernel->active_us);
	free(kernel);
}
