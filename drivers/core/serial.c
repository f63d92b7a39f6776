/* serial.c - the carrier on a tty: 8 data bits, no parity, raw, no flow control. */
#include "base/confine.h"
#include "drivers/core/core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct serial {
	struct core *core; /* borrowed */
	int fd;
};

void
core_serial_line(struct core *core, const struct serial_line *line)
{
	core->line = *line;
}

static speed_t
speed_of(unsigned baud)
{
	static const struct {
		unsigned baud;
		speed_t speed;
	} speeds[] = { { 300, B300 }, { 600, B600 }, { 1200, B1200 }, { 2400, B2400 },
		{ 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
		{ 57600, B57600 }, { 115200, B115200 } };

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B0;
}

/* Raw at that speed, and make sure that the tty took it. */
static bool
set_line(int fd, unsigned baud)
{
	struct termios want, got;
	speed_t speed = speed_of(baud);

	if (speed == B0) {
		errno = EINVAL;
		return false;
	}
	if (tcgetattr(fd, &want) == -1)
		return false;
	cfmakeraw(&want);
	want.c_cflag |= CLOCAL | CREAD;
	want.c_cflag &= ~(tcflag_t)(CRTSCTS | CSTOPB | PARENB | HUPCL);
	want.c_cc[VMIN] = 1;
	want.c_cc[VTIME] = 0;
	cfsetispeed(&want, speed);
	cfsetospeed(&want, speed);
	if (tcsetattr(fd, TCSANOW, &want) == -1 || tcgetattr(fd, &got) == -1)
		return false;
	if (got.c_lflag & ICANON || cfgetospeed(&got) != speed) {
		errno = EINVAL;
		return false;
	}
	return true;
}

/* Many interfaces draw their power from these lines.  A pty has none (ENOTTY or EINVAL). */
static bool
set_cable_power(int fd, const struct serial_line *line)
{
	int on = (line->dtr ? TIOCM_DTR : 0) | (line->rts ? TIOCM_RTS : 0);
	int off = (TIOCM_DTR | TIOCM_RTS) & ~on;

	if ((on && ioctl(fd, TIOCMBIS, &on) == -1) || (off && ioctl(fd, TIOCMBIC, &off) == -1))
		return errno == ENOTTY || errno == EINVAL;
	return true;
}

/* One driver a device: flock() holds against us and NUT, TIOCEXCL against all but root. */
static const char *
lock(int fd)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			errno = EBUSY;
		return "another program has it";
	}
	return ioctl(fd, TIOCEXCL) == -1 ? "cannot take it for us alone" : NULL;
}

static void
close_fd(struct serial *serial)
{
	const struct world *world = loop_world(serial->core->loop);

	world->close(world->owner, serial->fd);
}

static void
arrived(void *owner, int fd, short revents)
{
	struct serial *serial = owner;
	const struct world *world = loop_world(serial->core->loop);
	char bytes[512];
	ssize_t len = world->read(world->owner, fd, bytes, sizeof(bytes));

	if (len > 0) {
		core_arrived(serial->core, bytes, (size_t)len);
		return;
	}
	if (len == -1 && (errno == EAGAIN || errno == EINTR) && !(revents & (POLLHUP | POLLERR)))
		return;
	/* poll() would say so for ever: look no more until it is opened again. */
	loop_forget(serial->core->loop, fd);
	core_port_lost(serial->core, "the serial port has hung up");
}

/* Everything about the line of an open tty; NULL or what went wrong. */
static const char *
prepare(struct serial *serial)
{
	const struct serial_line *line = &serial->core->line;
	const char *why;

	if (!isatty(serial->fd))
		return "not a serial port";
	if ((why = lock(serial->fd)))
		return why;
	if (!set_line(serial->fd, line->baud))
		return "cannot set up the line";
	if (!set_cable_power(serial->fd, line))
		return "cannot set DTR and RTS";
	tcflush(serial->fd, TCIOFLUSH);
	if (!loop_watch(serial->core->loop, serial->fd, POLLIN, arrived, serial)) {
		errno = ENOMEM;
		return "cannot watch it";
	}
	return NULL;
}

static void *
serial_open(struct core *core, const char **why)
{
	struct serial *serial = calloc(1, sizeof(*serial));

	*why = "cannot open";
	if (!serial)
		return NULL;
	serial->core = core;
	serial->fd = open(core_port(core), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (serial->fd == -1 && errno == EBUSY)
		*why = "another program has it"; /* TIOCEXCL */
	if (serial->fd != -1) {
		int error;

		if (!(*why = prepare(serial)))
			return serial;
		error = errno;
		close_fd(serial);
		errno = error;
	}
	free(serial);
	return NULL;
}

static void
serial_ask(void *port, const struct exchange *exchange)
{
	struct serial *serial = port;
	const struct world *world = loop_world(serial->core->loop);
	ssize_t len;

	/* A late answer to the last question is not one to this.  What we wrote may still be on its
	 * way out at 2400 baud, and stays. */
	tcflush(serial->fd, TCIFLUSH);
	len = world->write(world->owner, serial->fd, exchange->question, exchange->question_len);
	/* Questions are short and polls slow: a queue of kilobytes that is full never moves. */
	if (len != (ssize_t)exchange->question_len)
		core_port_lost(serial->core, "the serial port takes no bytes");
}

static void
serial_close(void *port)
{
	struct serial *serial = port;

	loop_forget(serial->core->loop, serial->fd);
	ioctl(serial->fd, TIOCNXCL);
	close_fd(serial);
	free(serial);
}

/* ioctl(2) of terminals alone, and of these not the one that types for the user. */
static const struct confine_call kernel_calls[] = {
	CONFINE_IF(ioctl, 1, UINT32_MAX, TCSETS, "tcsetattr()"),
	CONFINE_IF(ioctl, 1, 0xffff, 'T' << 8 | 0x2b, "TCSETS2: the same, by newer libraries"),
	CONFINE_IF(ioctl, 1, UINT32_MAX, TCFLSH, "tcflush()"),
	CONFINE_IF(ioctl, 1, UINT32_MAX, TIOCMBIS, "DTR and RTS"),
	CONFINE_IF(ioctl, 1, UINT32_MAX, TIOCMBIC, "DTR and RTS"),
	CONFINE_IF(ioctl, 1, UINT32_MAX, TIOCEXCL, "for us alone"),
	CONFINE_IF(ioctl, 1, UINT32_MAX, TIOCNXCL, "for others again"),
	CONFINE(flock, "for us alone"),
	CONFINE_END,
};

const struct carrier carrier_serial = {
	.name = "serial",
	.open = serial_open,
	.ask = serial_ask,
	.close = serial_close,
	.calls = kernel_calls,
};
