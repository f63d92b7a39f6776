/* upsmon's privileged half: one byte in, one command out.  Robustness. */
#include "upsmon/parent.h"

#include "upsmon/flag.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

Test(parent, a_secondary_gets_the_command_alone)
{
	struct stage stage;

	set_up(&stage);
	cr_expect_eq(play(&stage, ask_as_secondary), 0);
	cr_expect(there(stage.ran));
	cr_expect_not(there(stage.flag));
	tear_down(&stage);
}

/* The first run takes 12 s, the second, begun after 10, would take for ever. */
Test(parent, a_command_that_was_only_slow_is_not_run_for_ever)
{
	struct stage stage;
	char ran[8] = "";
	int fd;

	set_up(&stage);
	snprintf(stage.command, sizeof(stage.command),
	    "if [ -e %s ]; then echo x >>%s; exec sleep 60; fi; echo x >%s; exec sleep 11",
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
