#include "emulators/emu.h"
#include "tests/fastworld.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static struct loop *loop;
static struct emu_device_file device;
static struct emu *emu;
static char folder[] = "/tmp/emu-pty-XXXXXX", tty[64];

static void
begin(void)
{
	static const char text[] = "model megatec\nups.load 14\n";
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("x", text, strlen(text));
	const char *why;

	cr_assert(emu_device_parse(&device, "x", file, &faults));
	conffile_close(file);
	cr_assert_not_null(mkdtemp(folder));
	snprintf(tty, sizeof(tty), "%s/tty", folder);
	loop = fast_loop();
	struct emu_options options = { .link = tty, .mode = 0600 };

	emu = emu_new(loop, &device, &emu_pty, &options);
	cr_assert(emu_plug(emu, &why), "%s", why);
}

static void
end(void)
{
	struct stat there;

	emu_free(emu);
	cr_expect_eq(lstat(tty, &there), -1, "the link went with it");
	rmdir(folder);
	fast_end(loop);
}

/* As a driver does it, without setting the line. */
static int
open_tty(void)
{
	int fd = open(tty, O_RDWR | O_NOCTTY | O_NONBLOCK);

	cr_assert_neq(fd, -1);
	return fd;
}

static ssize_t
ask(int fd, const char *question, char *answer, size_t size)
{
	ssize_t len;

	cr_assert_eq(write(fd, question, strlen(question)), (ssize_t)strlen(question));
	fast_turn(loop, 3);
	len = read(fd, answer, size - 1);
	answer[len > 0 ? len : 0] = '\0';
	return len;
}

Test(emu_pty, is_raw_from_the_start)
{
	char answer[128];

	begin();
	int fd = open_tty();

	cr_expect_eq(ask(fd, "Q1\r", answer, sizeof(answer)), 47);
	cr_expect_eq(answer[46], '\r');
	cr_expect_eq(
	    ask(fd, "QGS\r", answer, sizeof(answer)), 4, "the device's echo, not the tty's");
	close(fd);
	end();
}

Test(emu_pty, outlives_its_drivers)
{
	char answer[128];

	begin();
	for (int i = 0; i < 3; i++) {
		int fd = open_tty();

		cr_expect_eq(ask(fd, "Q1\r", answer, sizeof(answer)), 47);
		close(fd);
		fast_turn(loop, 3);
	}
	end();
}

Test(emu_pty, unplugged_it_hangs_up_and_comes_back_under_the_same_name)
{
	char answer[128];
	const char *why;

	begin();
	int fd = open_tty();

	emu_unplug(emu);
	cr_expect_leq(read(fd, answer, sizeof(answer)), 0);
	cr_expect_eq(open(tty, O_RDWR), -1);
	close(fd);
	cr_assert(emu_plug(emu, &why));
	fd = open_tty();
	cr_expect_eq(ask(fd, "Q1\r", answer, sizeof(answer)), 47);
	close(fd);
	end();
}

Test(emu_pty, does_not_replace_a_file_that_is_no_link)
{
	const char *why = NULL;

	begin();
	emu_unplug(emu);
	int fd = open(tty, O_CREAT | O_WRONLY, 0600);

	close(fd);
	cr_expect_not(emu_plug(emu, &why));
	cr_expect_eq(errno, EEXIST);
	cr_expect_str_eq(why, "cannot make the link");
	unlink(tty);
	end();
}

Test(emu_pty, has_the_permissions_asked_for)
{
	struct stat there;

	begin();
	cr_assert_eq(stat(tty, &there), 0);
	cr_expect_eq(there.st_mode & 0777, 0600);
	end();
}

Test(emu_pty, a_host_that_never_reads_stops_nobody)
{
	char noise[4096];

	begin();
	int fd = open_tty();

	memset(noise, 'Q', sizeof(noise));
	for (size_t i = 0; i < sizeof(noise); i += 4)
		memcpy(noise + i, "Q1\rF", 4);
	for (int i = 0; i < 40; i++) {
		if (write(fd, noise, sizeof(noise)) == -1)
			cr_assert_eq(errno, EAGAIN);
		fast_turn(loop, 5);
	}
	close(fd);
	end();
}
