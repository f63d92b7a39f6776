#include "base/proc.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What there is once in a process, by its nature. */
static struct {
	int ready_fd;	    /* the parent that waits reads from it; -1: none */
	int notify_fd;	    /* connected to systemd; -1: not there */
	int signal_pipe[2]; /* the handler writes, the loop reads; -1: not set up */
	void (*got)(void *owner, int signal);
	void *owner;
} process = { .ready_fd = -1, .notify_fd = -1, .signal_pipe = { -1, -1 } };

/* ---- beginning ---- */

static void
open_standard_descriptors(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd != -1 && fd < 3)
		fd = dup(fd);
	if (fd > 2)
		close(fd);
}

/* sd_notify(3): a path, or with @ in front a name of Linux. */
static void
find_systemd(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	size_t len = name ? strlen(name) : 0;

	if (len < 2 || len >= sizeof(at.sun_path) || (name[0] != '/' && name[0] != '@'))
		return;
	memcpy(at.sun_path, name, len);
	if (at.sun_path[0] == '@')
		at.sun_path[0] = '\0';
	process.notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (process.notify_fd == -1)
		return;
	if (connect(process.notify_fd, (struct sockaddr *)&at,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1) {
		close(process.notify_fd);
		process.notify_fd = -1;
	}
}

/* Who started us may have ignored or blocked what we live by: how children end (an ignored SIGCHLD
 * hides it), alarms, and what ends us. */
static void
begin_signals(void)
{
	sigset_t none;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
proc_begin(void)
{
	open_standard_descriptors();
	begin_signals();
	find_systemd();
}

void
proc_background(void)
{
	int ends[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		fatal("no pipe to the background");
	fflush(NULL);
	pid = fork();
	if (pid == -1)
		fatal("no process for the background");
	if (pid == 0) {
		close(ends[0]);
		process.ready_fd = ends[1];
		setsid();
		return;
	}
	close(ends[1]);
	while (read(ends[0], &byte, 1) == -1 && errno == EINTR)
		;
	/* A byte came, or the end of file of a child that died. */
	_exit(byte == 'r' ? 0 : 1);
}

void
proc_let_go(void)
{
	int null;

	if (process.ready_fd == -1)
		return;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null != -1 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	close(process.ready_fd);
	process.ready_fd = -1;
}

void
proc_ready(void)
{
	if (process.ready_fd != -1 && write(process.ready_fd, "r", 1) == -1)
		log_warn("whoever started us is gone");
	proc_let_go();
}

/* ---- pid files ---- */

bool
proc_pidfile_write(const char *path)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid()), error;
	int fd;

	/* Never through somebody's link, and not into a file that is open elsewhere. */
	if (unlink(path) == -1 && errno != ENOENT)
		return false;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return false;
	errno = 0;
	if (fchmod(fd, 0644) == -1 || write(fd, text, (size_t)len) != len) {
		error = errno;
		close(fd);
		unlink(path);
		errno = error;
		return false;
	}
	return close(fd) == 0;
}

static pid_t
pid_in(const char *path)
{
	char text[32];
	ssize_t len;
	char *end;
	long pid;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd == -1)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	pid = strtol(text, &end, 10);
	return end != text && (*end == '\n' || !*end) && pid > 1 && pid <= INT_MAX ? (pid_t)pid : 0;
}

static bool
same_program(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	size_t len = strlen(name);

	path = slash ? slash + 1 : path;
	return !strncmp(path, name, len) && (!path[len] || !strcmp(path + len, " (deleted)"));
}

/* Is PID a process of the program NAME?  Its executable says so, or its first word (an alias, or a
 * program that runs under another one). */
static bool
runs(pid_t pid, const char *name)
{
	char proc[64], text[PATH_MAX];
	ssize_t len;
	int fd;

	snprintf(proc, sizeof(proc), "/proc/%ld/exe", (long)pid);
	len = readlink(proc, text, sizeof(text) - 1);
	if (len > 0) {
		text[len] = '\0';
		if (same_program(text, name))
			return true;
	}
	snprintf(proc, sizeof(proc), "/proc/%ld/cmdline", (long)pid);
	fd = open(proc, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	return same_program(text, name);
}

pid_t
proc_pidfile_read(const char *path, const char *name)
{
	pid_t pid = pid_in(path);

	if (!pid || (kill(pid, 0) == -1 && errno != EPERM))
		return 0;
	return runs(pid, name) ? pid : 0;
}

/* ---- users ---- */

bool
proc_user_find(struct proc_user *out, const char *name)
{
	const struct passwd *passwd = getpwnam(name);

	if (!passwd || strlen(name) >= sizeof(out->name))
		return false;
	memset(out, 0, sizeof(*out));
	strcpy(out->name, name);
	out->uid = passwd->pw_uid;
	out->gid = passwd->pw_gid;
	out->groups_len = (int)(sizeof(out->groups) / sizeof(*out->groups));
	if (getgrouplist(name, out->gid, out->groups, &out->groups_len) == -1) {
		log_warnx("user %s is in too many groups: only the first count", name);
		out->groups_len = (int)(sizeof(out->groups) / sizeof(*out->groups));
	}
	return true;
}

bool
proc_user_join(struct proc_user *user, gid_t group)
{
	for (int i = 0; i < user->groups_len; i++)
		if (user->groups[i] == group)
			return true;
	if (user->groups_len == (int)(sizeof(user->groups) / sizeof(*user->groups)))
		return false;
	user->groups[user->groups_len++] = group;
	return true;
}

void
proc_chroot(const char *dir)
{
	if (chdir(dir) == -1 || chroot(".") == -1 || chdir("/") == -1)
		fatal("cannot change the root directory to %s", dir);
}

void
proc_become(const struct proc_user *user)
{
	if (geteuid() == user->uid)
		return;
	if (geteuid() != 0) {
		log_notice(
		    "not root: running as uid %ld and not as %s", (long)geteuid(), user->name);
		return;
	}
	if (setgroups((size_t)user->groups_len, user->groups) == -1 || setgid(user->gid) == -1 ||
	    setuid(user->uid) == -1)
		fatal("cannot become user %s", user->name);
	if (user->uid != 0 && setuid(0) != -1)
		fatalx("root again after becoming %s", user->name);
}

/* ---- signals ---- */

static void
handle(int signal)
{
	unsigned char byte = (unsigned char)signal;
	int error = errno;

	/* A full pipe holds plenty of signals already. */
	if (write(process.signal_pipe[1], &byte, 1) == -1)
		errno = error;
	errno = error;
}

static void
hand_on(void *owner, int fd, short revents)
{
	unsigned char bytes[64];
	bool seen[256] = { false };
	ssize_t len;

	/* Many of one kind are one: 200 SIGHUPs ask for a single reload. */
	while ((len = read(fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < len; i++)
			seen[bytes[i]] = true;
	for (int signal = 1; signal < 256; signal++)
		if (seen[signal] && process.got)
			process.got(process.owner, signal);
}

void
proc_signals(
    struct loop *loop, const int *signals, void (*got)(void *owner, int signal), void *owner)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };

	process.got = got;
	process.owner = owner;
	if (process.signal_pipe[0] == -1 &&
	    pipe2(process.signal_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
		fatal("no pipe for signals");
	if (!loop_watch(loop, process.signal_pipe[0], POLLIN, hand_on, NULL))
		fatalx("out of memory");
	sigemptyset(&action.sa_mask);
	for (; *signals; signals++)
		if (sigaction(*signals, &action, NULL) == -1)
			fatal("signal %d", *signals);
}

void
proc_signals_end(struct loop *loop)
{
	if (process.signal_pipe[0] == -1)
		return;
	/* Handlers stay; what comes now goes nowhere. */
	loop_forget(loop, process.signal_pipe[0]);
	process.got = NULL;
}

/* ---- systemd ---- */

void
proc_notify(const char *state)
{
	if (process.notify_fd != -1 &&
	    send(process.notify_fd, state, strlen(state), MSG_NOSIGNAL) == -1)
		log_debug(1, "systemd does not listen: %s", state);
}

void
proc_notify_reloading(void)
{
	struct timespec now;
	char state[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
	    (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	proc_notify(state);
}

/* Is the watchdog meant for process PID? */
static bool
watches(pid_t pid)
{
	const char *whom = getenv("WATCHDOG_PID");

	return !whom || strtol(whom, NULL, 10) == (long)pid;
}

void
proc_stand_in(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", (long)getpid());
	if (watches(getppid()))
		setenv("WATCHDOG_PID", text, 1);
}

int64_t
proc_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	char *end;
	long long value;

	if (process.notify_fd == -1 || !usec || !watches(getpid()))
		return 0;
	value = strtoll(usec, &end, 10);
	return end != usec && !*end && value >= 2000 ? value / 2000 : 0;
}
