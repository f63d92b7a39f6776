#include "base/log.h"
#include "base/buf.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void
hear(void *owner, enum log_level level, const char *line)
{
	buf_add_format(owner, "%d %s\n", level, line);
}

Test(log, levels_and_errno)
{
	struct buf heard = { 0 };
	struct log_settings ear = { .name = "upsd", .sink = hear, .sink_owner = &heard };
	char *text;

	log_set(&ear);
	errno = ENOENT;
	log_warn("cannot open %s", "x");
	cr_expect_eq(errno, ENOENT, "logging leaves errno alone");
	log_warnx("a");
	log_error("b");
	log_notice("c");
	log_info("d");
	log_debug(1, "not shown");
	log_debug_level(2);
	log_debug(2, "e");
	log_debug(3, "not shown");
	text = buf_steal(&heard);
	cr_expect_str_eq(text, "4 cannot open x: No such file or directory\n"
			       "4 a\n3 b\n5 c\n6 d\n7 D2: e\n");
	free(text);
	ear.quietest = LOG_LEVEL_WARNING;
	log_set(&ear);
	log_notice("c");
	log_warnx("a");
	text = buf_steal(&heard);
	cr_expect_str_eq(text, "4 a\n");
	free(text);
}

Test(log, foreign_bytes_are_escaped_and_lines_bounded)
{
	struct buf heard = { 0 };
	struct log_settings ear = { .sink = hear, .sink_owner = &heard };
	char *text, huge[5000];

	log_set(&ear);
	log_info("user \"%s\"", "a\nupsd: forged\x1b[2J\xe9\x7f");
	text = buf_steal(&heard);
	cr_expect_str_eq(text, "6 user \"a\\x0aupsd: forged\\x1b[2J\\xe9\\x7f\"\n");
	free(text);
	memset(huge, '\x01', sizeof(huge));
	huge[4999] = '\0';
	log_info("%s", huge);
	cr_expect_lt(buf_len(&heard), 1100);
	cr_expect(memcmp(buf_bytes(&heard) + buf_len(&heard) - 5, "1...\n", 5) == 0);
	buf_free(&heard);
}

static int
logger(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(at.sun_path, path);
	unlink(path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static char *
datagram(int fd)
{
	static char text[2048];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

/* A logger that is gone, full or restarted costs lines, never time, and the loss is told. */
Test(log, the_logger_is_never_waited_for, .timeout = 20)
{
	char folder[] = "/tmp/log-XXXXXX", path[64], expect[128];
	struct log_settings settings = { .name = "upsd", .to_syslog = true, .syslog_path = path };
	int fd, seen = 0, lost = 0;

	cr_assert(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/log", folder);
	log_set(&settings);
	log_warnx("nobody there");
	fd = logger(path);
	log_warnx("hello");
	snprintf(expect, sizeof(expect),
	    "<28>upsd[%ld]: 1 lines were lost here: the logger did not take them", (long)getpid());
	cr_expect_str_eq(datagram(fd), expect);
	snprintf(expect, sizeof(expect), "<28>upsd[%ld]: hello", (long)getpid());
	cr_expect_str_eq(datagram(fd), expect);

	for (int i = 0; i < 2000; i++)
		log_info("line %d", i);
	while (*datagram(fd))
		seen++;
	cr_expect(seen > 0 && seen < 2000);
	log_info("again");
	sscanf(strchr(datagram(fd), ' '), " %d", &lost);
	cr_expect_eq(seen + lost, 2000);
	cr_expect(strstr(datagram(fd), ": again"));

	close(fd);
	fd = logger(path);
	log_info("after a restart");
	cr_expect(strstr(datagram(fd), ": after a restart"));
	close(fd);
	unlink(path);
	rmdir(folder);
}

Test(log, stderr_is_never_waited_for, .timeout = 20)
{
	struct log_settings settings = { .name = "upsd", .to_stderr = true };
	int ends[2], kept = dup(2);
	char text[4096];
	ssize_t len;

	cr_assert_eq(pipe(ends), 0);
	dup2(ends[1], 2);
	log_set(&settings);
	log_info("first");
	for (int i = 0; i < 20000; i++)
		log_info("fill the pipe %d", i);
	dup2(kept, 2);
	len = read(ends[0], text, sizeof(text) - 1);
	cr_assert_gt(len, 0);
	text[len] = '\0';
	cr_expect(strncmp(text, "upsd: first\nupsd: fill", 22) == 0);
}

Test(log, fatal_exits_1, .exit_code = 1)
{
	struct buf heard = { 0 };
	struct log_settings ear = { .sink = hear, .sink_owner = &heard };

	log_set(&ear);
	fatalx("no");
}

Test(log, rate)
{
	struct log_rate rate = { .each_ms = 60000, .burst = 2 };
	unsigned missed;

	cr_expect(log_rate(&rate, 5, &missed));
	cr_expect(log_rate(&rate, 6, &missed));
	cr_expect_not(log_rate(&rate, 7, &missed));
	cr_expect_not(log_rate(&rate, 60004, &missed));
	cr_expect(log_rate(&rate, 60005, &missed));
	cr_expect_eq(missed, 2);
	cr_expect(log_rate(&rate, 60006, &missed));
	cr_expect_eq(missed, 0);
	cr_expect_not(log_rate(&rate, 60007, &missed));
}
