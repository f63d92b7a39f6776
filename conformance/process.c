/* process.c - the target's daemons: started, waited for, measured, ended.  Only our own pids. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dialect.h"
#include "inside.h"
#include "talk.h"

/* Bound to PORT of 127.0.0.1; -1 if it is not free. */
static int
bound_to(int type, uint16_t port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd != -1 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Below the ports that the kernel gives to connections, so that none of those takes it before the
 * daemon does; and while HOLD, the same number of UDP, is bound, no other bench takes it, though
 * nobody listens. */
int
free_tcp_port(int *hold)
{
	for (int tries = 0; tries < 100; tries++) {
		uint16_t number;
		int fd;

		if (getrandom(&number, sizeof(number), 0) != sizeof(number))
			return -1;
		number = (uint16_t)(10000 + number % 20000);
		*hold = bound_to(SOCK_DGRAM, number);
		if (*hold == -1)
			continue;
		fd = bound_to(SOCK_STREAM, number);
		if (fd != -1) {
			close(fd);
			return number;
		}
		close(*hold);
		*hold = -1;
	}
	return -1;
}

int
bind_to(struct bench *bench, const char *host, int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd == -1 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    inet_pton(AF_INET, host, &addr.sin_addr) != 1 ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 1))
		fail(bench, "suite: cannot bind %s port %d: %s", host, port, strerror(errno));
	return fd;
}

static bool
put_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool well = fd != -1 && write(fd, line, strlen(line)) == (ssize_t)strlen(line);

	if (fd != -1)
		close(fd);
	return well;
}

/* Mounts of its own for this process.  An ordinary user may have them together with a user
 * namespace, in which he stays who he is. */
static bool
own_mounts(void)
{
	char uid[40], gid[40];

	if (!geteuid())
		return !unshare(CLONE_NEWNS) &&
		       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
	snprintf(uid, sizeof(uid), "%u %u 1", geteuid(), geteuid());
	snprintf(gid, sizeof(gid), "%u %u 1", getegid(), getegid());
	return !unshare(CLONE_NEWUSER | CLONE_NEWNS) && put_line("/proc/self/setgroups", "deny") &&
	       put_line("/proc/self/uid_map", uid) && put_line("/proc/self/gid_map", gid);
}

/* A program that does not know NUT_PIDPATH is shown the private folder in place of its own. */
static bool
mount_over(const char *fixed, const char *private)
{
	return !*fixed || (own_mounts() && !mount(private, fixed, NULL, MS_BIND, NULL));
}

bool
pid_dir_is_private(struct bench *bench)
{
	static enum { UNKNOWN, NO, YES } known;
	int status = 1;
	pid_t child;

	if (known == UNKNOWN) {
		child = fork();
		if (!child)
			_exit(!mount_over(bench->target->pid_dir, bench->dir));
		/* Its own end wakes us by SIGCHLD. */
		while (child > 0 && waitpid(child, &status, 0) == -1 && errno == EINTR)
			;
		known = status ? NO : YES;
	}
	return known == YES;
}

/* In the child, between fork and exec. */
static _Noreturn void
become(struct bench *bench, const char *const *argv, int in, const char *log)
{
	static const char *const paths[] = { "NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH",
		"NUT_PIDPATH" };
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setpgid(0, 0); /* a key at the terminal is for the suite; it ends us in its own order */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	umask(bench->umask);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		setenv(paths[i], bench->dir, 1);
	if (bench->pid_dir)
		setenv("NUT_PIDPATH", bench->pid_dir, 1);
	if (bench->pid_dir && pid_dir_is_private(bench) &&
	    !mount_over(bench->target->pid_dir, bench->pid_dir)) {
		dprintf(2, "suite: %s cannot be made private: %s\n", bench->target->pid_dir,
		    strerror(errno));
		_exit(127);
	}
	if (getenv("SUITE_PIDPATH")) {
		setenv("NUT_PIDPATH", getenv("SUITE_PIDPATH"), 1);
		setenv("NUT_ALTPIDPATH", getenv("SUITE_PIDPATH"), 1);
	}
	setenv("NUT_QUIET_INIT_UPSNOTIFY", "true", 1);
	if (in == -1)
		in = open("/dev/null", O_RDONLY);
	dup2(in, 0);
	dup2(out, 1);
	if (bench->split) {
		char name[320];

		snprintf(name, sizeof(name), "%s.err", log);
		out = open(name, O_WRONLY | O_CREAT | O_APPEND, 0600);
	}
	dup2(out, 2);
	/* execv's type is from before const; it changes nothing. */
	execv(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "suite: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

struct process *
spawn(struct bench *bench, const char *name, const char *const *argv)
{
	static unsigned serial;
	struct process *process = calloc(1, sizeof(*process));
	int ends[2] = { -1, -1 };

	if (!process || pipe2(ends, O_CLOEXEC))
		fail(bench, "suite: %s", strerror(errno));
	snprintf(process->name, sizeof(process->name), "%s", name);
	snprintf(process->log, sizeof(process->log), "%s/%s.%u.log", bench->dir, name, serial++);
	process->in = ends[1];
	process->pid = fork();
	if (process->pid == -1)
		fail(bench, "suite: fork: %s", strerror(errno));
	if (!process->pid)
		become(bench, argv, ends[0], process->log);
	close(ends[0]);
	process->next = bench->processes;
	bench->processes = process;
	return process;
}

void
processes_reap(struct bench *bench)
{
	int status;
	pid_t pid;

	/* What daemons leave behind comes to us, too (main.c): as a zombie it would pass for alive.
	 */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (struct process *process = bench->processes; process; process = process->next)
			if (process->pid == pid && !process->done) {
				process->status = status;
				process->done = true;
			}
}

bool
wait_end(struct bench *bench, struct process *process, int ms)
{
	int64_t end = now_ms() + ms;

	while (!process->done && now_ms() < end)
		bench_turn(bench, (int)(end - now_ms()));
	if (process->done)
		process->expected = true;
	return process->done;
}

void
stop(struct bench *bench, struct process *process, int signal)
{
	process->expected = true;
	if (process->done)
		return;
	kill(process->pid, signal);
	need(bench, wait_end(bench, process, bench->patience_ms), "%s does not end on signal %d",
	    process->name, signal);
}

void
processes_end(struct bench *bench)
{
	struct process *next;

	for (struct process *process = bench->processes; process; process = process->next) {
		if (!process->done)
			kill(process->pid, SIGKILL);
		kill(-process->pid, SIGKILL); /* what it left behind: upsmon is two */
	}
	for (struct process *process = bench->processes; process; process = next) {
		next = process->next;
		if (!process->done)
			while (waitpid(process->pid, &process->status, 0) == -1 && errno == EINTR)
				;
		if (process->in != -1)
			close(process->in);
		free(process);
	}
	bench->processes = bench->upsd = bench->driver = NULL;
}

const char *
log_of(struct bench *bench, struct process *process)
{
	return get_file(bench, process->log);
}

unsigned
log_count(struct bench *bench, struct process *process, const char *text)
{
	unsigned count = 0;

	for (const char *at = log_of(bench, process); (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

/* Field WHICH of /proc/PID/stat, counted as proc(5) does. */
static long
proc_field(const struct process *process, int which)
{
	char path[64], line[1024], *at;
	FILE *file;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)process->pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	len = fread(line, 1, sizeof(line) - 1, file);
	fclose(file);
	line[len] = '\0';
	at = strrchr(line, ')'); /* the name may hold anything, blanks too */
	for (int field = 2; at && field < which; field++) {
		at = strchr(at + 1, ' ');
	}
	return at ? atol(at) : -1;
}

/* AddressSanitizer keeps what was freed for a while: then memory says nothing. */
static bool
is_sanitized(const struct process *process)
{
	char path[64], line[1024];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)process->pid);
	file = fopen(path, "r");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "libasan") != NULL;
	if (file)
		fclose(file);
	return found;
}

long
memory_kb(struct process *process)
{
	long pages = is_sanitized(process) ? 0 : proc_field(process, 24);

	return pages == -1 ? -1 : pages * (sysconf(_SC_PAGESIZE) / 1024);
}

long
cpu_ms(struct process *process)
{
	long user = proc_field(process, 14), system = proc_field(process, 15);

	return user == -1 ? -1 : (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

long
awake_ms(struct process *process)
{
	unsigned long long ran, waited;
	char path[64];
	FILE *file;
	int got;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)process->pid);
	file = fopen(path, "r");
	if (!file) /* a kernel without it */
		return cpu_ms(process);
	got = fscanf(file, "%llu %llu", &ran, &waited);
	fclose(file);
	return got == 2 ? (long)((ran + waited) / 1000000) : cpu_ms(process);
}

long
open_files(struct process *process)
{
	char path[64];
	struct stat status;
	long count = 0;

	for (int fd = 0; fd < 4096; fd++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)process->pid, fd);
		count += !lstat(path, &status);
	}
	return count;
}

/* ARGV grows by the words of TEXT, which stays the owner of nothing: ROOM holds them. */
static size_t
add_words(const char **argv, size_t len, const char *text, char *room, size_t size)
{
	snprintf(room, size, "%s", text);
	for (char *word = strtok(room, " "); word && len < 30; word = strtok(NULL, " "))
		argv[len++] = word;
	return len;
}

struct process *
launch_upsd(struct bench *bench, const char *const *more)
{
	const char *argv[40];
	char path[512], room[256];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/%s", bench->target->sbindir, bench->target->upsd);
	argv[len++] = path;
	argv[len++] = bench->target->dialect->foreground;
	if (!geteuid())
		len = add_words(argv, len, bench->target->as_root, room, sizeof(room));
	for (; more && *more; more++)
		argv[len++] = *more;
	argv[len] = NULL;
	bench->upsd = spawn(bench, "upsd", argv);
	return bench->upsd;
}

/* Until the data of FAKE have arrived: upsd no longer says that it has none.  When it never does,
 * that is for the cases to say, each in its own words. */
static void
settle(struct bench *bench, struct conn *conn, const struct fake *fake)
{
	const char *wanted = strncmp(fake->dump, "DATASTALE", 9) ? "VAR [^ ]+ ups.status \"[^W].*\""
								 : "ERR DATA-STALE";
	int64_t end = now_ms() + 2000;

	while (now_ms() < end &&
	       !matches(bench, wanted, ask(bench, conn, "GET VAR %s ups.status", fake->name)))
		bench_turn(bench, 10);
}

void
start_upsd(struct bench *bench)
{
	int64_t end = now_ms() + 10000;
	struct conn *conn = NULL;

	launch_upsd(bench, NULL);
	while (!conn) {
		need(bench, !bench->upsd->done, "upsd exits at start with wait status %d: %s",
		    bench->upsd->status, log_of(bench, bench->upsd));
		need(bench, now_ms() < end, "upsd does not listen after 10 s");
		conn = try_dial(bench, "127.0.0.1", bench->port);
		if (!conn)
			bench_turn(bench, 5);
	}
	want_like(bench, (say(bench, conn, "VER"), conn), "Network UPS Tools .*");
	for (struct fake *fake = bench->fakes; fake; fake = fake->next)
		if (fake->listener != -1 && !fake->mute && !fake->stuffed &&
		    strstr(fake->dump, "DUMPDONE"))
			settle(bench, conn, fake);
	hang_up(bench, conn);
}

void
stop_upsd(struct bench *bench)
{
	struct process *upsd = bench->upsd;

	bench->upsd = NULL;
	stop(bench, upsd, SIGTERM);
}

void
upsd_alive(struct bench *bench)
{
	struct conn *conn = dial(bench);

	want_like(bench, (say(bench, conn, "VER"), conn), "Network UPS Tools .*");
	hang_up(bench, conn);
}

void
reload_upsd(struct bench *bench)
{
	char before[256];
	int64_t end = now_ms() + bench->patience_ms;
	struct conn *conn;

	snprintf(before, sizeof(before), "%s", get_file(bench, "upsd.reload"));
	kill(bench->upsd->pid, SIGHUP);
	if (*before) { /* ours tells when it is done */
		while (!strcmp(before, get_file(bench, "upsd.reload")) && now_ms() < end)
			bench_turn(bench, 5);
		return;
	}
	/* Else: it woke for the signal; what it answers a turn later, it answers after the reload.
	 */
	conn = dial(bench);
	for (int i = 0; i < 2; i++)
		want_like(bench, (say(bench, conn, "VER"), conn), "Network UPS Tools .*");
	hang_up(bench, conn);
	bench_idle(bench, 200);
}

struct process *
launch_driver(struct bench *bench, const char *const *more)
{
	const char *argv[40];
	char path[512], room[256], room2[256];
	size_t len = 0;

	snprintf(path, sizeof(path), "%s/%s", bench->target->driverdir, bench->target->driver);
	argv[len++] = path;
	argv[len++] = "-a";
	argv[len++] = "stock";
	len = add_words(argv, len, target_foreground(bench->target), room, sizeof(room));
	if (!geteuid())
		len = add_words(argv, len, bench->target->as_root, room2, sizeof(room2));
	for (; more && *more; more++)
		argv[len++] = *more;
	argv[len] = NULL;
	bench->driver = spawn(bench, "driver", argv);
	return bench->driver;
}

void
start_driver_as_is(struct bench *bench)
{
	int64_t end = now_ms() + 15000;
	struct conn *conn = NULL;

	launch_driver(bench, NULL);
	while (!conn) {
		need(bench, !bench->driver->done,
		    "the driver exits at start with wait status %d: %s", bench->driver->status,
		    log_of(bench, bench->driver));
		need(bench, now_ms() < end, "the driver's socket does not come");
		conn = try_dial(bench, "driver", 0);
		if (!conn)
			bench_turn(bench, 5);
	}
	/* NUT's sleeps for seconds before it listens to anybody. */
	say(bench, conn, "PING");
	need(bench, try_hear(bench, conn, 10000), "the driver does not answer PING");
	/* It stays until the case is over: NUT 2.8.0 aborts when one that went was not noticed. */
}

void
start_driver_with(struct bench *bench, const char *lines)
{
	add_to_file(bench, "ups.conf",
	    "[stock]\n\tdriver = dummy-ups\n\tport = stock.dev\n\tmode = dummy-once\n");
	add_to_file(bench, "ups.conf", lines);
	start_driver_as_is(bench);
}

void
start_driver(struct bench *bench)
{
	start_driver_with(bench, "\tpollinterval = 60\n");
}
