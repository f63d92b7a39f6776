#include "base/world.h"

#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/refnut-world-XXXXXX";
static struct world *world;
static void *it;

static void
begin(void)
{
	cr_assert(mkdtemp(folder));
	cr_assert(world = world_kernel_new(-1));
	it = world->owner;
}

static void
finish(void)
{
	char command[128];

	world_kernel_free(world);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(world, .init = begin, .fini = finish);

static struct addr
path(const char *name)
{
	struct addr at = { .len = sizeof(at.unix_path) };

	at.unix_path.sun_family = AF_UNIX;
	snprintf(at.unix_path.sun_path, sizeof(at.unix_path.sun_path), "%s/%s", folder, name);
	return at;
}

static struct addr
loopback(void)
{
	struct addr at = { .len = sizeof(at.v4) };

	at.v4.sin_family = AF_INET;
	at.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return at;
}

/* Wait for EVENTS on one descriptor. */
static void
await(int fd, short events)
{
	struct pollfd polled = { .fd = fd, .events = events };
	size_t ready;

	cr_assert_eq(world->poll(it, &polled, 1, 5000, &ready), 1);
}

static mode_t
mode_of(const struct addr *at)
{
	struct stat status;

	cr_assert_eq(lstat(at->unix_path.sun_path, &status), 0);
	return status.st_mode & 07777;
}

/* robustness 91 */
Test(world, a_unix_socket_has_the_mode_asked_for_whatever_the_umask)
{
	const mode_t umasks[] = { 0, 077, 0777 };
	struct addr at = path("socket");

	for (size_t i = 0; i < 3; i++) {
		umask(umasks[i]);
		int fd = world->listen(it, &at, false, 0660);

		cr_assert_geq(fd, 0);
		cr_expect_eq(mode_of(&at), 0660);
		world->close(it, fd);
	}
	cr_expect_eq(umask(022), 0777);
}

/* robustness 82: the second of two refuses, the first lives. */
Test(world, a_stale_unix_socket_is_replaced_but_one_in_use_is_not)
{
	struct addr at = path("socket");
	int first = world->listen(it, &at, false, 0600), second;

	cr_assert_geq(first, 0);
	cr_expect_eq(world->listen(it, &at, false, 0600), -1);
	cr_expect_eq(errno, EADDRINUSE);
	world->close(it, first);
	second = world->listen(it, &at, false, 0600);
	cr_expect_geq(second, 0);
}

Test(world, a_file_where_a_unix_socket_should_be_is_left_alone)
{
	struct addr at = path("file");
	int fd = open(at.unix_path.sun_path, O_CREAT | O_WRONLY, 0600);
	struct stat status;

	close(fd);
	cr_expect_eq(world->listen(it, &at, false, 0600), -1);
	cr_expect_eq(errno, EADDRINUSE);
	cr_expect_eq(stat(at.unix_path.sun_path, &status), 0);
	cr_expect(S_ISREG(status.st_mode));
}

Test(world, a_unix_peer_is_known_by_its_uid)
{
	struct addr at = path("socket"), from;
	int listening = world->listen(it, &at, false, 0600);
	int client = world->connect(it, &at);
	int server = world->accept(it, listening, &from);

	cr_assert_geq(client, 0);
	cr_assert_geq(server, 0);
	cr_expect(from.know_uid);
	cr_expect_eq(from.uid, getuid());
	cr_expect_eq(from.gid, getgid());
}

Test(world, bytes_travel_over_tcp_and_descriptors_are_nonblocking_and_cloexec)
{
	struct addr at = loopback(), from;
	int listening = world->listen(it, &at, false, 0), client, server;
	char bytes[8];

	cr_assert_geq(listening, 0);
	cr_assert(world->local(it, listening, &at));
	client = world->connect(it, &at);
	await(client, POLLOUT);
	cr_expect_eq(world->connected(it, client), 0);
	await(listening, POLLIN);
	server = world->accept(it, listening, &from);
	cr_expect_eq(from.any.sa_family, AF_INET);
	cr_expect(!from.know_uid);
	cr_expect_eq(world->accept(it, listening, &from), -1);
	cr_expect_eq(errno, EAGAIN);

	for (int i = 0; i < 3; i++) {
		int fd = (int[]){ listening, client, server }[i];

		cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
		cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	cr_expect_eq(world->write(it, client, "hello", 5), 5);
	await(server, POLLIN);
	cr_expect_eq(world->read(it, server, bytes, sizeof(bytes)), 5);
	world->close(it, client);
	await(server, POLLIN);
	cr_expect_eq(world->read(it, server, bytes, sizeof(bytes)), 0);
}

Test(world, a_refused_connection_says_so)
{
	struct addr at = loopback();
	int listening = world->listen(it, &at, false, 0), client;

	cr_assert(world->local(it, listening, &at));
	world->close(it, listening);
	client = world->connect(it, &at);
	if (client == -1) {
		cr_expect_eq(errno, ECONNREFUSED);
		return;
	}
	await(client, POLLOUT);
	cr_expect_eq(world->connected(it, client), ECONNREFUSED);
}

/* robustness 86: v4 and v6 side by side on one port. */
Test(world, a_v6_only_socket_leaves_the_port_to_v4)
{
	struct addr six = { .len = sizeof(six.v6) }, four = { .len = sizeof(four.v4) };
	int fd;

	six.v6.sin6_family = AF_INET6;
	fd = world->listen(it, &six, true, 0);
	if (fd == -1)
		cr_skip_test("no IPv6 here: %s", strerror(errno));
	cr_assert(world->local(it, fd, &six));
	four.v4.sin_family = AF_INET;
	four.v4.sin_port = six.v6.sin6_port;
	cr_expect_geq(world->listen(it, &four, false, 0), 0);
}

Test(world, writing_to_one_that_is_gone_is_an_error_not_a_signal)
{
	struct addr at = path("socket"), from;
	int listening = world->listen(it, &at, false, 0600);
	int client = world->connect(it, &at);

	signal(SIGPIPE, SIG_DFL);
	world->close(it, world->accept(it, listening, &from));
	cr_expect_eq(world->write(it, client, "x", 1), -1);
	cr_expect_eq(errno, EPIPE);
}

/* ---- the two tiers ---- */

#define CROWD 400

struct crowd {
	struct pollfd fds[CROWD];
	int ends[CROWD][2];
	size_t ready[CROWD];
};

static struct crowd *
new_crowd(void)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	for (int i = 0; i < CROWD; i++) {
		cr_assert_eq(pipe(crowd->ends[i]), 0);
		crowd->fds[i] = (struct pollfd){ .fd = crowd->ends[i][0], .events = POLLIN };
	}
	return crowd;
}

static void
poke(struct crowd *crowd, size_t which)
{
	cr_assert_eq(write(crowd->ends[which][1], "x", 1), 1);
}

static void
eat(struct crowd *crowd, size_t which)
{
	char byte;

	cr_assert_eq(read(crowd->ends[which][0], &byte, 1), 1);
}

static int
turn(struct crowd *crowd, int timeout_ms)
{
	return world->poll(it, crowd->fds, CROWD, timeout_ms, crowd->ready);
}

Test(world, a_cold_descriptor_is_seen_soon_though_a_hot_one_never_rests)
{
	struct crowd *crowd = new_crowd();
	int64_t start_ms;
	bool seen = false;

	poke(crowd, 7); /* is never eaten: always ready */
	cr_assert_eq(turn(crowd, -1), 1);
	cr_assert_eq(crowd->ready[0], 7);
	poke(crowd, 300);
	start_ms = world->clock_ms(it);
	while (!seen && world->clock_ms(it) - start_ms < 1000) {
		int found = turn(crowd, -1);

		for (int i = 0; i < found; i++)
			seen |= crowd->ready[i] == 300;
	}
	cr_expect(seen);
	free(crowd);
}

Test(world, a_cold_descriptor_is_seen_when_the_hot_ones_are_silent)
{
	struct crowd *crowd = new_crowd();

	poke(crowd, 7);
	cr_assert_eq(turn(crowd, -1), 1);
	eat(crowd, 7);
	poke(crowd, 300);
	cr_expect_eq(turn(crowd, -1), 1);
	cr_expect_eq(crowd->ready[0], 300);
	free(crowd);
}

Test(world, a_hot_descriptor_that_became_a_hole_or_changed_events_is_believed)
{
	struct crowd *crowd = new_crowd();

	for (size_t i = 0; i < 3; i++)
		poke(crowd, i);
	cr_assert_eq(turn(crowd, -1), 3);
	crowd->fds[0].fd = -1;
	crowd->fds[1].events = 0;
	cr_expect_eq(turn(crowd, 0), 1);
	cr_expect_eq(crowd->ready[0], 2);
	/* A shorter array than before. */
	cr_expect_eq(world->poll(it, crowd->fds, 70, 0, crowd->ready), 1);
	free(crowd);
}

static int64_t
cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_usec;
}

Test(world, an_idle_turn_really_blocks)
{
	struct crowd *crowd = new_crowd();
	int64_t start_ms, start_us;

	poke(crowd, 7);
	cr_assert_eq(turn(crowd, -1), 1);
	eat(crowd, 7);
	start_ms = world->clock_ms(it);
	start_us = cpu_us();
	cr_expect_eq(turn(crowd, 200), 0);
	cr_expect_geq(world->clock_ms(it) - start_ms, 199);
	cr_expect_lt(cpu_us() - start_us, 10000);
	free(crowd);
}

/* ---- programs ---- */

/* What the shell says that COMMAND was given as 1; how it ended in STATUS. */
static void
run(const char *command, const char *const *env, char *out, size_t size, int *status)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	int ends[2];
	struct world_spawn what = { .argv = argv, .env = env, .keep_fd = { -1, 0, -1 } };
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	what.keep_fd[1] = ends[1];
	pid = world->spawn(it, &what);
	cr_assert_gt(pid, 0);
	close(ends[1]);
	while ((got = read(ends[0], out + len, size - 1 - len)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	close(ends[0]);
	while (world->wait(it, status) != pid)
		;
	cr_expect_eq(world->wait(it, status), 0);
}

Test(world, a_program_gets_its_environment_and_no_descriptor_but_three)
{
	const char *const env[] = { "NOTIFYTYPE=ONBATT", "HOME=/nowhere", NULL };
	char out[512];
	int status;

	cr_assert_neq(dup(2), -1); /* must not be seen */
	run("echo $NOTIFYTYPE $HOME; ls /proc/self/fd | wc -l; exit 3", env, out, sizeof(out),
	    &status);
	cr_expect_str_eq(out, "ONBATT /nowhere\n4\n"); /* the fourth is ls's own */
	cr_expect_eq(WEXITSTATUS(status), 3);
}

/* A notifier's own children hold what it held. */
Test(world, a_program_apart_is_killed_with_what_it_started)
{
	const char *const argv[] = { "sh", "-c", "sleep 1000 & echo x; wait", NULL };
	int ends[2], status;
	struct world_spawn what = { .argv = argv, .keep_fd = { -1, 0, -1 }, .apart = true };
	char byte[2];
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	what.keep_fd[1] = ends[1];
	pid = world->spawn(it, &what);
	close(ends[1]);
	cr_expect_eq(read(ends[0], byte, 2), 2);
	world->kill(it, -pid, SIGKILL);
	cr_expect_eq(read(ends[0], byte, 1), 0, "nobody holds the other end any more");
	close(ends[0]);
	while (world->wait(it, &status) != pid)
		;
	cr_expect_eq(WTERMSIG(status), SIGKILL);
}

Test(world, a_program_begins_with_default_signals)
{
	char out[512];
	int status;
	sigset_t all;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* Signals 1 to 31; those of libc itself are nobody's business. */
	run("grep -cE '^Sig(Ign|Blk):.*[08]0{7}$' /proc/self/status", NULL, out, sizeof(out),
	    &status);
	cr_expect_str_eq(out, "2\n");
}

Test(world, crossed_descriptors_arrive_straight)
{
	const char *const argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	struct world_spawn what = { .argv = argv, .keep_fd = { -1, 2, 1 } };
	char name[2][64], out[16];
	int saved[2], fds[2], status;

	for (int i = 0; i < 2; i++) {
		snprintf(name[i], sizeof(name[i]), "%s/%d", folder, i);
		saved[i] = dup(i + 1);
		fds[i] = open(name[i], O_CREAT | O_RDWR, 0600);
	}
	dup2(fds[0], 2);
	dup2(fds[1], 1);
	pid_t pid = world->spawn(it, &what);
	dup2(saved[0], 1);
	dup2(saved[1], 2);
	cr_assert_gt(pid, 0);
	while (world->wait(it, &status) != pid)
		;
	cr_expect_eq(pread(fds[0], out, sizeof(out), 0), 4);
	cr_expect_eq(memcmp(out, "out\n", 4), 0);
	cr_expect_eq(pread(fds[1], out, sizeof(out), 0), 4);
	cr_expect_eq(memcmp(out, "err\n", 4), 0);
}

/* In front of libc's: the file of one program is on a server that does not answer. */
int
execvpe(const char *file, char *const argv[], char *const env[])
{
	if (!strcmp(file, "/hangs/program"))
		pause();
	return execve(strcmp(file, "sh") != 0 ? file : "/bin/sh", argv, env);
}

Test(world, a_program_that_is_not_there_ends_with_127_and_says_why)
{
	const char *const argv[] = { "/nowhere/program", NULL };
	struct world_spawn what = { .argv = argv, .keep_fd = { -1, -1, -1 } };
	char name[64], out[128] = "";
	int status, fd, saved = dup(2);

	log_set(&(struct log_settings){ .name = "test", .to_stderr = true });
	snprintf(name, sizeof(name), "%s/said", folder);
	fd = open(name, O_CREAT | O_RDWR, 0600);
	dup2(fd, 2);
	pid_t pid = world->spawn(it, &what);
	dup2(saved, 2);
	cr_assert_gt(pid, 0);
	while (world->wait(it, &status) != pid)
		;
	cr_expect_eq(WEXITSTATUS(status), 127);
	cr_expect_gt(pread(fd, out, sizeof(out) - 1, 0), 0);
	cr_expect_str_eq(
	    out, "test: /nowhere/program cannot be started: No such file or directory\n");
}

Test(world, a_program_that_does_not_begin_is_not_waited_for)
{
	const char *const argv[] = { "/hangs/program", NULL };
	struct world_spawn what = { .argv = argv, .keep_fd = { -1, -1, -1 }, .apart = true };
	int status;
	pid_t pid;

	alarm(10); /* else we stay here for ever */
	pid = world->spawn(it, &what);
	cr_assert_gt(pid, 0);
	cr_expect_eq(world->wait(it, &status), 0);
	world->kill(it, -pid, SIGKILL);
	while (world->wait(it, &status) != pid)
		;
	cr_expect_eq(WTERMSIG(status), SIGKILL);
}

Test(world, without_a_helper_nothing_can_be_asked)
{
	cr_expect_eq(world->ask(it, "name localhost 1", 16), -1);
	cr_expect_eq(errno, ENOTCONN);
}
