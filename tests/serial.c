/* serial.c - tests of drivers/core/serial.c over a pty. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "coretest.h"

static char got[64];
static enum exchange_end got_end;
static int got_times;

static void
done(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	snprintf(got, sizeof(got), "%s", answer);
	got_end = end;
	got_times++;
}

static size_t
to_cr(void *device, const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\r', len);

	return end ? (size_t)(end - bytes) + 1 : 0;
}

static struct driver serial_driver;
static char port_setting[128];

static int
make_pty(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	cr_assert_neq(fd, -1);
	grantpt(fd);
	unlockpt(fd);
	snprintf(port_setting, sizeof(port_setting), "port=%s", ptsname(fd));
	return fd;
}

static struct core *
make_core(struct loop *loop)
{
	struct core *core;

	serial_driver = test_driver;
	serial_driver.carrier = &carrier_serial;
	script.no_end = true;
	core = test_core(loop, &serial_driver, SETTINGS(port_setting));
	cr_assert(core);
	return core;
}

static void
ask(struct core *core)
{
	core_exchange(core,
	    &(struct exchange){ .name = "Q1",
		.question = "Q1\r",
		.question_len = 3,
		.deadline_ms = 1000,
		.complete = to_cr,
		.done = done },
	    false);
}

/* a new pty is in canonical mode. */
Test(serial, asks_and_hears_raw_bytes)
{
	struct loop *loop = fast_loop();
	int fd = make_pty();
	struct core *core = make_core(loop);
	struct termios line;
	char bytes[16] = "";

	core_begin(core, false);
	fast_turn(loop, 2);
	cr_assert_eq(script.ready + script.starts, 1);
	cr_assert_eq(tcgetattr(fd, &line), 0);
	cr_expect_eq(line.c_lflag & (tcflag_t)(ICANON | ECHO | ISIG), 0);
	cr_expect_eq(line.c_iflag & (tcflag_t)(ICRNL | IXON), 0);
	cr_expect_eq(cfgetospeed(&line), B2400);
	/* What came before the question is no answer. */
	cr_assert_eq(write(fd, "late\r", 5), 5);
	fast_turn(loop, 2);
	ask(core);
	fast_turn(loop, 2);
	cr_expect_eq(read(fd, bytes, sizeof(bytes)), 3);
	cr_expect_str_eq(bytes, "Q1\r");
	cr_assert_eq(write(fd, "(\x11\xff", 3), 3);
	fast_turn(loop, 1);
	cr_assert_eq(write(fd, "1\r", 2), 2);
	fast_turn(loop, 2);
	cr_expect_str_eq(got, "(\x11\xff"
			      "1\r");
	cr_expect_eq(got_end, EXCHANGE_ANSWERED);
	core_free(core);
	close(fd);
	fast_end(loop);
}

/* */
/* */
Test(serial, a_second_driver_on_the_device_is_refused_and_the_first_lives)
{
	struct loop *loop = fast_loop();
	int fd = make_pty();
	struct core *first = make_core(loop), *second;
	char bytes[16];

	core_begin(first, false);
	fast_turn(loop, 2);
	second = make_core(loop);
	core_begin(second, false);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 1);
	cr_expect_eq(logged("another program has it"), 1);
	core_free(second);
	ask(first);
	fast_turn(loop, 2);
	cr_expect_eq(read(fd, bytes, sizeof(bytes)), 3);
	core_free(first);
	/* Once it is closed the next one may have it. */
	first = make_core(loop);
	script.over = 0;
	core_begin(first, false);
	cr_expect_eq(script.over, 0);
	core_free(first);
	close(fd);
	fast_end(loop);
}

Test(serial, a_hang_up_is_noticed_at_once)
{
	struct loop *loop = fast_loop();
	int fd = make_pty();
	struct core *core = make_core(loop);

	core_begin(core, false);
	fast_turn(loop, 2);
	ask(core);
	fast_turn(loop, 2);
	close(fd);
	fast_turn(loop, 3);
	cr_expect_eq(got_times, 1);
	cr_expect_eq(got_end, EXCHANGE_LOST);
	cr_expect_eq(core->phase, CORE_CLOSED);
	cr_expect_eq(logged("hung up"), 1);
	core_free(core);
	fast_end(loop);
}

Test(serial, what_is_no_tty_is_refused)
{
	struct loop *loop = fast_loop();
	struct core *core;

	snprintf(port_setting, sizeof(port_setting), "port=/dev/null");
	core = make_core(loop);
	core_begin(core, false);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(logged("/dev/null: not a serial port"), 1);
	core_free(core);
	fast_end(loop);
}

Test(serial, an_unheard_of_speed_is_refused)
{
	struct loop *loop = fast_loop();
	int fd = make_pty();
	struct core *core = make_core(loop);

	core_serial_line(core, &(struct serial_line){ .baud = 2401 });
	core_begin(core, false);
	cr_expect_eq(script.over, 1);
	core_free(core);
	close(fd);
	fast_end(loop);
}
