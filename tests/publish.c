/* publish.c - tests of a driver's socket: drivers/core/publish.c. */
#include <criterion/criterion.h>

#include "coretest.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char last_order[128];

static void
note_instcmd(void *owner, const struct asker *asker, const char *name, const char *param)
{
	struct publish **publish = owner;

	snprintf(last_order, sizeof(last_order), "%s %s", name, param ? param : "-");
	publish_result(*publish, asker, RESULT_HANDLED);
}

static const struct publish_calls calls = { note_instcmd, note_instcmd };
static struct publish *publish;

static struct loop *
begin(void)
{
	struct loop *loop = fast_loop();

	log_set(&(struct log_settings){ .name = "test", .debug = 1, .sink = script_log });
	publish = publish_new(loop, &calls, &publish);
	cr_assert(publish);
	cr_assert(publish_listen(publish, socket_path(), (gid_t)-1));
	return loop;
}

static void
end(struct loop *loop)
{
	publish_free(publish);
	cr_expect_eq(access(socket_path(), F_OK), -1, "the socket is removed");
	rmdir(test_folder);
	fast_end(loop);
}

/* S-2.2 */
Test(publish, dumps_everything_in_order)
{
	struct loop *loop = begin();
	int fd = peer_connect(socket_path());

	publish_set(publish, "ups.status", "OL");
	publish_set(publish, "battery.charge", "90");
	publish_set(publish, "ups.id", "a \"b\" \\ #c");
	publish_var(publish, "ups.id", STATE_RW | STATE_STRING, 8);
	publish_set(publish, "input.sensitivity", "H");
	publish_enum(publish, "input.sensitivity", "H");
	publish_enum(publish, "input.sensitivity", "L");
	publish_set(publish, "ups.delay.start", "3");
	publish_range(publish, "ups.delay.start", 0, 60);
	publish_cmd(publish, "test.battery.start");
	publish_cmd(publish, "load.off");
	cr_expect_str_eq(peer_says(loop, fd, "NOBROADCAST\nDUMPALL\n"),
	    "DATASTALE\n"
	    "SETINFO battery.charge \"90\"\n"
	    "SETINFO input.sensitivity \"H\"\n"
	    "ADDENUM input.sensitivity \"H\"\n"
	    "ADDENUM input.sensitivity \"L\"\n"
	    "SETINFO ups.delay.start \"3\"\n"
	    "ADDRANGE ups.delay.start 0 60\n"
	    "SETINFO ups.id \"a \\\"b\\\" \\\\ \\#c\"\n"
	    "SETAUX ups.id 8\n"
	    "SETFLAGS ups.id RW STRING\n"
	    "SETINFO ups.status \"OL\"\n"
	    "ADDCMD load.off\n"
	    "ADDCMD test.battery.start\n"
	    "DUMPDONE\n");
	publish_fresh(publish, true);
	cr_expect_str_eq(
	    peer_says(loop, fd, "DUMPSTATUS\n"), "SETINFO ups.status \"OL\"\nDATAOK\nDUMPDONE\n");
	cr_expect_str_eq(peer_says(loop, fd, "DUMPVALUE battery.charge\n"),
	    "SETINFO battery.charge \"90\"\nDATAOK\nDUMPDONE\n");
	cr_expect_str_eq(peer_says(loop, fd, "DUMPVALUE no.such\n"), "DATAOK\nDUMPDONE\n");
	close(fd);
	end(loop);
}

/* S-3.2: live updates are escaped as dumps are (NUT 2.8.0 sends them raw). */
Test(publish, live_updates_are_escaped_and_only_changes_are_sent)
{
	struct loop *loop = begin();
	int fd = peer_connect(socket_path());

	peer_says(loop, fd, "PING\n");
	publish_set(publish, "ups.id", "\"#\\");
	publish_set(publish, "ups.id", "\"#\\");
	publish_fresh(publish, true);
	publish_fresh(publish, true);
	publish_delete(publish, "ups.id");
	publish_delete(publish, "ups.id");
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"),
	    "SETINFO ups.id \"\\\"\\#\\\\\"\nDATAOK\nDELINFO ups.id\nPONG\n");
	peer_says(loop, fd, "NOBROADCAST\n");
	publish_set(publish, "ups.id", "a");
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "PONG\n");
	peer_says(loop, fd, "BROADCAST 1\n");
	publish_set(publish, "ups.id", "b");
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "SETINFO ups.id \"b\"\nPONG\n");
	peer_says(loop, fd, "BROADCAST 0\n");
	publish_set(publish, "ups.id", "c");
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "PONG\n");
	close(fd);
	end(loop);
}

Test(publish, getpid_and_logout)
{
	struct loop *loop = begin();
	int fd = peer_connect(socket_path());
	char pid[32], byte;

	snprintf(pid, sizeof(pid), "PID %d\n", (int)getpid());
	cr_expect_str_eq(peer_says(loop, fd, "GETPID\n"), pid);
	cr_expect_str_eq(peer_says(loop, fd, "LOGOUT\nPING\n"), "OK Goodbye\n");
	cr_expect_eq(read(fd, &byte, 1), 0);
	close(fd);
	end(loop);
}

/* R-37, and the legal word counts of INSTCMD */
Test(publish, instcmd_in_all_its_shapes)
{
	struct loop *loop = begin();
	int fd = peer_connect(socket_path());

	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD a\n"), "");
	cr_expect_str_eq(last_order, "a -");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD b 5\n"), "");
	cr_expect_str_eq(last_order, "b 5");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD c TRACKING id1\n"), "TRACKING id1 0\n");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD d 5 TRACKING id2\n"), "TRACKING id2 0\n");
	cr_expect_str_eq(last_order, "d 5");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD\nINSTCMD e 5 6 7\n"), "");
	cr_expect_str_eq(last_order, "d 5");
	cr_expect_str_eq(peer_says(loop, fd, "SET x.y \"1 2\" TRACKING id3\n"), "TRACKING id3 0\n");
	cr_expect_str_eq(last_order, "x.y 1 2");
	close(fd);
	end(loop);
}

Test(publish, orders_of_strangers_fail)
{
	struct loop *loop = begin();
	int fd;

	fast_uid = 4242;
	fast_gid = 4242;
	fd = peer_connect(socket_path());
	last_order[0] = '\0';
	/* The kernel still knows that our process is in the socket's group, if it has groups. */
	publish_free(publish);
	publish = publish_new(loop, &calls, &publish);
	cr_assert(publish_listen(publish, socket_path(), 54321));
	close(fd);
	fd = peer_connect(socket_path());
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD a TRACKING id\n"), "TRACKING id 3\n");
	cr_expect_str_empty(last_order);
	cr_expect_eq(logged("INSTCMD of a refused"), 1);
	cr_expect_eq(strncmp(peer_says(loop, fd, "DUMPALL\n"), "DATASTALE\n", 10), 0);
	close(fd);
	fast_gid = 54321;
	fd = peer_connect(socket_path());
	if (getuid() == 0) /* else the chown above had no effect */
		cr_expect_str_eq(peer_says(loop, fd, "INSTCMD a TRACKING id\n"), "TRACKING id 0\n");
	close(fd);
	end(loop);
}

/* */
Test(publish, the_65th_peer_is_refused)
{
	struct loop *loop = begin();
	int fds[70];
	char byte;

	for (int i = 0; i < 70; i++) {
		fds[i] = peer_connect(socket_path());
		cr_assert_neq(fds[i], -1);
		fast_turn(loop, 1);
	}
	cr_expect_str_eq(peer_says(loop, fds[63], "PING\n"), "PONG\n");
	cr_expect_eq(read(fds[64], &byte, 1), 0);
	cr_expect_eq(logged("one more is refused"), 1);
	close(fds[0]);
	fast_turn(loop, 3);
	close(fds[69]);
	fds[69] = peer_connect(socket_path());
	cr_expect_str_eq(peer_says(loop, fds[69], "PING\n"), "PONG\n");
	for (int i = 1; i < 70; i++)
		close(fds[i]);
	end(loop);
}

/* */
Test(publish, a_peer_that_never_reads_is_dropped_and_others_are_served)
{
	struct loop *loop = begin();
	int deaf = peer_connect(socket_path()), good = peer_connect(socket_path());
	char text[4001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	peer_says(loop, good, "NOBROADCAST\n");
	for (int i = 0; i < 400; i++) {
		text[0] = (char)('a' + i % 26);
		publish_set(publish, "ups.id", text);
		fast_turn(loop, 1);
	}
	cr_expect_eq(logged("does not read: closed"), 1);
	cr_expect_str_eq(peer_says(loop, good, "PING\n"), "PONG\n");
	close(deaf);
	close(good);
	end(loop);
}

/* The group of a process that is root's, or a user's, is asked of the kernel: here of a child that
 * is in the socket's group by a supplementary one alone, and of one that is not. */
static void
ask_as(struct loop *loop, gid_t group, const char *answer)
{
	char got[64] = "";
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		int fd;

		if (setgroups(1, &group) == -1 || setgid(4242) == -1 || setuid(4242) == -1 ||
		    (fd = peer_connect(socket_path())) == -1)
			_exit(1);
		fcntl(fd, F_SETFL, 0);
		if (write(fd, "NOBROADCAST\nINSTCMD a TRACKING id\n", 34) == 34 &&
		    read(fd, got, sizeof(got) - 1) > 0 && write(ends[1], got, strlen(got)) > 0)
			_exit(0);
		_exit(1);
	}
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 20000 && read(ends[0], got, sizeof(got) - 1) == -1; i++) {
		loop_step(loop, 0);
		usleep(100);
	}
	close(ends[0]);
	waitpid(pid, NULL, 0);
	cr_expect_str_eq(got, answer);
}

Test(publish, a_supplementary_group_is_enough)
{
	struct loop *loop;

	if (getuid() != 0)
		cr_skip_test("root alone can become somebody of other groups");
	loop = begin();
	publish_free(publish);
	publish = publish_new(loop, &calls, &publish);
	cr_assert(publish_listen(publish, socket_path(), 54321));
	chmod(test_folder, 0755);
	chmod(socket_path(), 0666); /* the stranger is to get as far as the question */
	ask_as(loop, 54321, "TRACKING id 0\n");
	ask_as(loop, 54322, "TRACKING id 3\n");
	end(loop);
}

Test(publish, nonsense_is_passed_over)
{
	struct loop *loop = begin();
	int fd = peer_connect(socket_path());

	cr_expect_str_eq(peer_says(loop, fd,
			     "NONSENSE\n\n# comment\nINSTCMD \"open\nSETINFO a 1\nB\001AD\nPING\n"),
	    "PONG\n");
	cr_expect_eq(logged("driver's socket: "), 2, "%s", script.log); /* one is a debug line */
	fast_pass(loop, 61000);
	for (int i = 0; i < 100; i++)
		peer_says(loop, fd, "NONSENSE\n");
	cr_expect_eq(logged("\"NONSENSE\""), 2);
	cr_expect_eq(logged("more bad lines since"), 2);
	close(fd);
	end(loop);
}
