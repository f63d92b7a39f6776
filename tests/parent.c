/* upsmon's privileged half: one byte in, one command out.  Robustness. */
#include "upsmon/parent.h"

#include "upsmon/flag.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A disk that does not answer for longer than anybody waits. */
static bool disk_hangs;

int
fsync(int fd)
{
	if (disk_hangs)
		sleep(2 * PARENT_FLAG_S);
	return 0;
}

/* Of the privileged half: its second one is one too many. */
static unsigned pairs, pairs_wrong;

int
socketpair(int domain, int type, int protocol, int pair[2])
{
	if (pairs_wrong && ++pairs == pairs_wrong) {
		errno = ENFILE;
		return -1;
	}
	return (int)syscall(SYS_socketpair, domain, type, protocol, pair);
}

struct stage {
	char folder[64], ran[96], began[96], flag[96], command[512];
};

static void
set_up(struct stage *stage)
{
	strcpy(stage->folder, "/tmp/parent.XXXXXX");
	cr_assert(mkdtemp(stage->folder));
	snprintf(stage->ran, sizeof(stage->ran), "%s/ran", stage->folder);
	snprintf(stage->began, sizeof(stage->began), "%s/began", stage->folder);
	snprintf(stage->flag, sizeof(stage->flag), "%s/flag", stage->folder);
	snprintf(stage->command, sizeof(stage->command), "echo x >>%s", stage->ran);
}

static void
tear_down(struct stage *stage)
{
	unlink(stage->ran);
	unlink(stage->began);
	unlink(stage->flag);
	rmdir(stage->folder);
}

static bool
there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* The two halves; the monitoring one does MONITOR when it begins for the first time, and leaves
 * well when it is started again.  The status of the privileged one. */
static int
play(struct stage *stage, void (*monitor)(int fd))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		bool again;
		int fd = parent_split(stage->command, stage->flag, &again);

		if (again != there(stage->began))
			_exit(8);
		if (again)
			_exit(0);
		close(open(stage->began, O_WRONLY | O_CREAT, 0600));
		monitor(fd);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
say(int fd, const void *bytes, size_t len)
{
	if (write(fd, bytes, len) == -1)
		_exit(9);
}

static void
ask_as_primary(int fd)
{
	say(fd, (char[]){ PARENT_PRIMARY }, 1);
}

static void
ask_as_secondary(int fd)
{
	say(fd, (char[]){ PARENT_SECONDARY }, 1);
}

static void
ask_a_thousand_times(int fd)
{
	char bytes[1000];

	memset(bytes, PARENT_SECONDARY, sizeof(bytes));
	say(fd, bytes, sizeof(bytes));
}

static void
say_garbage(int fd)
{
	say(fd, "\1", 1);
	pause(); /* until it is ended */
}

static void
say_much_garbage(int fd)
{
	char bytes[1000];

	memset(bytes, 'x', sizeof(bytes));
	say(fd, bytes, sizeof(bytes));
	pause();
}

static void
leave(int fd)
{
}

static void
leave_with_an_error(int fd)
{
	_exit(7);
}

static void
die(int fd)
{
	raise(SIGKILL);
}

/* `kill -HUP` of the process that was started. */
static void
ask_the_other_to_reload(int fd)
{
	sigset_t asked;

	sigemptyset(&asked);
	sigaddset(&asked, SIGHUP);
	sigaddset(&asked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &asked, NULL);
	kill(getppid(), SIGHUP);
	if (sigtimedwait(&asked, NULL, &(struct timespec){ .tv_sec = 5 }) != SIGHUP)
		_exit(7);
	kill(getppid(), SIGUSR1);
	if (sigtimedwait(&asked, NULL, &(struct timespec){ .tv_sec = 5 }) != SIGUSR1)
		_exit(7);
}

/* Stops the privileged half, and says whether that was still there when it had to
 * leave itself, by a file. */
static void
stop_the_other(int fd)
{
	struct pollfd other = { .fd = fd, .events = POLLIN };
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	kill(getppid(), SIGTERM);
	if (sigtimedwait(&term, NULL, &(struct timespec){ .tv_sec = 5 }) == SIGTERM &&
	    poll(&other, 1, 200) == 0)
		say(open(getenv("PARENT_TEST_SEEN"), O_WRONLY | O_CREAT, 0600), "x", 1);
}

Test(parent, when_both_are_stopped_the_monitoring_half_goes_first)
{
	struct stage stage;

	set_up(&stage);
	setenv("PARENT_TEST_SEEN", stage.flag, 1);
	cr_expect_eq(play(&stage, stop_the_other), 0);
	cr_expect(there(stage.flag), "it saw the privileged half gone");
	cr_expect_not(there(stage.ran));
	tear_down(&stage);
}

Test(parent, a_primary_gets_flag_and_command)
{
	struct stage stage;

	set_up(&stage);
	cr_expect_eq(play(&stage, ask_as_primary), 0);
	cr_expect(there(stage.ran));
	cr_expect(flag_is_set(stage.flag));
	tear_down(&stage);
}

Test(parent, a_disk_that_hangs_does_not_hold_up_the_command)
{
	struct stage stage;
	time_t began;

	set_up(&stage);
	disk_hangs = true;
	began = time(NULL);
	cr_expect_eq(play(&stage, ask_as_primary), 0);
	cr_expect(there(stage.ran));
	cr_expect_lt(time(NULL) - began, 2 * PARENT_FLAG_S);
	tear_down(&stage);
}

/* Where the other half died for want of memory there may be none for a new one, for a while. */
Test(parent, what_cannot_be_started_again_at_once_is_started_later)
{
	struct stage stage;

	set_up(&stage);
	pairs_wrong = 2;
	cr_expect_eq(play(&stage, die), 0);
	cr_expect_not(there(stage.ran));
	tear_down(&stage);
}

Test(parent, a_secondary_gets_the_command_alone)
{
	struct stage stage;

	set_up(&stage);
	cr_expect_eq(play(&stage, ask_as_secondary), 0);
	cr_expect(there(stage.ran));
	cr_expect_not(there(stage.flag));
	tear_down(&stage);
}

/* The first run takes 11 s, the second, begun after 10, far longer. */
Test(parent, a_command_that_was_only_slow_is_not_run_for_ever)
{
	struct stage stage;
	char ran[8] = "";
	int fd;

	set_up(&stage);
	snprintf(stage.command, sizeof(stage.command),
	    "if [ -e %s ]; then echo x >>%s; exec sleep 20; fi; echo x >%s; exec sleep 11",
	    stage.ran, stage.ran, stage.ran);
	cr_expect_eq(play(&stage, ask_as_secondary), 0);
	fd = open(stage.ran, O_RDONLY);
	cr_expect_eq(read(fd, ran, sizeof(ran)), 4, "it ran twice");
	close(fd);
	tear_down(&stage);
}

Test(parent, a_thousand_requests_are_one)
{
	struct stage stage;
	struct stat st;

	set_up(&stage);
	cr_expect_eq(play(&stage, ask_a_thousand_times), 0);
	cr_expect(stat(stage.ran, &st) == 0 && st.st_size == 2);
	tear_down(&stage);
}

Test(parent, what_is_no_request_runs_nothing)
{
	static void (*const monitors[])(
	    int fd) = { say_garbage, say_much_garbage, leave, leave_with_an_error, die };
	static const int statuses[] = { 0, 0, 0, 7, 0 };

	for (size_t i = 0; i < sizeof(monitors) / sizeof(*monitors); i++) {
		struct stage stage;

		set_up(&stage);
		cr_expect_eq(play(&stage, monitors[i]), statuses[i], "%zu", i);
		cr_expect_not(there(stage.ran), "%zu", i);
		cr_expect_not(there(stage.flag), "%zu", i);
		tear_down(&stage);
	}
}

Test(parent, passes_on_what_the_other_half_can_do)
{
	struct stage stage;

	set_up(&stage);
	cr_expect_eq(play(&stage, ask_the_other_to_reload), 0);
	tear_down(&stage);
}
