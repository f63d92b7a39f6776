#include "base/proc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/refnut-proc-XXXXXX";
static char path[64];

static void
begin(void)
{
	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/x.pid", folder);
}

static void
end(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	cr_expect_eq(system(command), 0);
}

TestSuite(proc, .init = begin, .fini = end, .timeout = 30);

static void
write_pid(const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert(file);
	fputs(text, file);
	fclose(file);
}

/* robustness 91 */
Test(proc, a_pid_file_has_mode_644_whatever_the_umask)
{
	struct stat status;

	umask(0777);
	cr_assert(proc_pidfile_write(path));
	umask(0);
	cr_assert(proc_pidfile_write(path));
	cr_assert_eq(stat(path, &status), 0);
	cr_expect_eq(status.st_mode & 07777, 0644);
	cr_expect_eq(proc_pidfile_read(path, "proc"), getpid());
}

Test(proc, a_pid_file_is_not_written_through_a_link)
{
	char target[64];

	snprintf(target, sizeof(target), "%s/precious", folder);
	cr_assert_eq(symlink(target, path), 0);
	cr_expect(proc_pidfile_write(path));
	cr_expect_eq(access(target, F_OK), -1);
}

/* robustness 60 */
Test(proc, a_pid_file_of_another_program_counts_for_nothing)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	write_pid(text);
	cr_expect_eq(proc_pidfile_read(path, "upsd"), 0);
	cr_expect_eq(proc_pidfile_read(path, "pro"), 0);
	cr_expect_eq(proc_pidfile_read(path, "proc"), getpid());
}

Test(proc, what_is_no_pid_counts_for_nothing)
{
	const char *const texts[] = { "", "\n", "0\n", "-1\n", "1\n", "99999999999999999999\n",
		"12x\n", "0x1\n" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		write_pid(texts[i]);
		cr_expect_eq(proc_pidfile_read(path, "proc"), 0, "%s", texts[i]);
	}
	cr_expect_eq(proc_pidfile_read("/nowhere/x.pid", "proc"), 0);
}

Test(proc, the_pid_of_one_that_has_ended_counts_for_nothing)
{
	pid_t pid = fork();
	char text[32];

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	snprintf(text, sizeof(text), "%ld\n", (long)pid);
	write_pid(text);
	cr_expect_eq(proc_pidfile_read(path, "proc"), 0);
}

/* A child goes into the background and does WHAT; how its parent's exit looks to the caller. */
static int
exit_of_parent(void (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		proc_background();
		what();
		_exit(7);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int told[2];

static void
say_ready(void)
{
	struct stat null, out;
	char is_null;

	proc_ready();
	is_null = stat("/dev/null", &null) == 0 && fstat(1, &out) == 0 &&
		  null.st_rdev == out.st_rdev && getsid(0) == getpid();
	if (write(told[1], &is_null, 1) != 1)
		_exit(1);
}

static void
die(void)
{
	_exit(0);
}

Test(proc, the_parent_waits_until_the_daemon_serves)
{
	char is_null = 0;

	cr_assert_eq(pipe(told), 0);
	cr_expect_eq(exit_of_parent(say_ready), 0);
	cr_expect_eq(read(told[0], &is_null, 1), 1);
	cr_expect(is_null, "a session of its own, and 1 is /dev/null");
}

Test(proc, the_parent_fails_when_the_daemon_dies_first)
{
	cr_expect_eq(exit_of_parent(die), 1);
}

static int got_signals[8];
static size_t got_len;
static bool done;

static void
got(void *owner, int signal)
{
	got_signals[got_len++ % 8] = signal;
	done = signal == SIGTERM;
}

/* robustness 21 */
Test(proc, signals_come_through_the_loop_and_a_burst_is_one)
{
	const int wanted[] = { SIGHUP, SIGTERM, 0 };
	struct world *world = world_kernel_new(-1);
	struct loop *loop = loop_new(world);

	proc_signals(loop, wanted, got, NULL);
	for (int i = 0; i < 200; i++)
		raise(SIGHUP);
	raise(SIGTERM);
	cr_expect(loop_run_until(loop, &done, 5000));
	cr_expect_eq(got_len, 2);
	cr_expect_eq(got_signals[0], SIGHUP);
	cr_expect_eq(got_signals[1], SIGTERM);
	proc_signals_end(loop);
	raise(SIGHUP);
	loop_step(loop, 0);
	cr_expect_eq(got_len, 2);
	loop_free(loop);
	world_kernel_free(world);
}

/* robustness 98 */
Test(proc, systemd_is_told_and_its_absence_is_silent)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	char text[64] = "", usec[32];

	proc_begin();
	proc_notify("READY=1");
	cr_expect_eq(proc_watchdog_ms(), 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/notify", folder);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	setenv("NOTIFY_SOCKET", at.sun_path, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	proc_begin();
	proc_notify("READY=1");
	cr_expect_eq(recv(fd, text, sizeof(text) - 1, 0), 7);
	cr_expect_str_eq(text, "READY=1");
	cr_expect_eq(proc_watchdog_ms(), 1500);
	snprintf(usec, sizeof(usec), "%ld", (long)getppid());
	setenv("WATCHDOG_PID", usec, 1); /* meant for another process */
	cr_expect_eq(proc_watchdog_ms(), 0);
	proc_stand_in();
	cr_expect_eq(proc_watchdog_ms(), 1500);
	setenv("WATCHDOG_PID", "1", 1); /* neither for us nor for our parent */
	proc_stand_in();
	cr_expect_eq(proc_watchdog_ms(), 0);
	close(fd);
}

Test(proc, closed_standard_descriptors_are_opened)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		close(0);
		close(2);
		proc_begin();
		_exit(fcntl(0, F_GETFD) != -1 && fcntl(2, F_GETFD) != -1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0);
}

/* Else upsmon would take a SHUTDOWNCMD that did its work for one that failed, and a monitoring
 * process that died for one that was stopped. */
Test(proc, signals_that_were_ignored_or_blocked_before_are_not)
{
	pid_t pid = fork();
	int status;
	sigset_t all, now;

	if (pid == 0) {
		signal(SIGCHLD, SIG_IGN);
		signal(SIGALRM, SIG_IGN);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);
		proc_begin();
		sigprocmask(SIG_SETMASK, NULL, &now);
		for (int s = 1; s < NSIG; s++)
			if (sigismember(&now, s) == 1)
				_exit(2);
		pid = fork();
		if (pid == 0)
			_exit(7);
		if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != 7)
			_exit(3);
		raise(SIGALRM);
		_exit(4);
	}
	waitpid(pid, &status, 0);
	cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM, "%#x", (unsigned)status);
}

Test(proc, a_user_is_found_and_become_for_good)
{
	struct proc_user nobody;
	pid_t pid;
	int status;

	cr_expect(!proc_user_find(&nobody, "no-such-user"));
	cr_assert(proc_user_find(&nobody, "nobody"));
	cr_expect(proc_user_join(&nobody, 54321));
	cr_expect(proc_user_join(&nobody, 54321), "it is in already");
	cr_expect_eq(nobody.groups[nobody.groups_len - 1], 54321);
	cr_expect_neq(nobody.uid, 0);
	if (geteuid() != 0)
		cr_skip_test("root alone can become another user");
	if ((pid = fork()) == 0) {
		gid_t groups[64];
		bool joined = false;
		int len;

		proc_become(&nobody);
		len = getgroups(64, groups);
		for (int i = 0; i < len; i++)
			joined = joined || groups[i] == 54321;
		_exit(getuid() == nobody.uid && geteuid() == nobody.uid && getgid() == nobody.gid &&
			      len == nobody.groups_len && joined && setuid(0) == -1
			  ? 0
			  : 1);
	}
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0);
}

Test(proc, a_root_directory_is_changed_with_the_working_directory)
{
	pid_t pid;
	int status;
	char cwd[64];

	if (geteuid() != 0)
		cr_skip_test("root alone can change the root directory");
	if ((pid = fork()) == 0) {
		proc_chroot(folder);
		_exit(getcwd(cwd, sizeof(cwd)) && !strcmp(cwd, "/") && access("/etc", F_OK) == -1
			  ? 0
			  : 1);
	}
	waitpid(pid, &status, 0);
	cr_expect_eq(status, 0);
}
