/* pty.c - a pseudo-terminal in the place of a serial line.  The driver opens its slave side, by the
 * link if one was asked for.
 *
 * We keep the slave open as well: a master whose slave nobody holds reads EIO and spins, and a
 * driver that restarts must find a line as it left it.  Unplugging closes both: the driver sees a
 * hang-up, and the next plug makes a new pty behind the same link. */
#include "emulators/emu.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

struct port {
	struct emu *emu;   /* borrowed */
	int master, slave; /* owned; -1: not open */
	char name[64];	   /* /dev/pts/N */
	char *link;	   /* owned; NULL: none */
};

static const char *
where(void *state)
{
	struct port *port = state;

	return port->link ? port->link : port->name;
}

/* Is what LINK points to still this pty?  Another emulator may have taken the name over. */
static bool
link_is_ours(const struct port *port)
{
	char target[sizeof(port->name)];
	ssize_t len = readlink(port->link, target, sizeof(target) - 1);

	if (len == -1)
		return false;
	target[len] = '\0';
	return !strcmp(target, port->name);
}

static void
close_port(void *state)
{
	struct port *port = state;
	struct loop *loop = emu_loop(port->emu);

	if (port->link && link_is_ours(port))
		unlink(port->link);
	if (port->master != -1) {
		loop_forget(loop, port->master);
		close(port->master);
	}
	if (port->slave != -1)
		close(port->slave);
	free(port->link);
	free(port);
}

static void
hear(void *owner, int fd, short revents)
{
	struct port *port = owner;
	char bytes[512];
	ssize_t len = read(fd, bytes, sizeof(bytes));
	struct emu_message message = { .kind = EMU_BYTES, .bytes = bytes };

	if (len <= 0) /* EAGAIN, or a state the slave's being open rules out */
		return;
	message.len = (size_t)len;
	emu_hear(port->emu, &message);
}

/* Raw bytes both ways, and nothing echoed before the driver has set the line itself. */
static bool
make_raw(int fd)
{
	struct termios line;

	if (tcgetattr(fd, &line) == -1)
		return false;
	cfmakeraw(&line);
	cfsetspeed(&line, B2400);
	return tcsetattr(fd, TCSANOW, &line) == 0;
}

/* Replace what stands at the link, in one step, unless it is something else than a link. */
static bool
make_link(struct port *port)
{
	char beside[PATH_MAX];
	struct stat there;

	if (lstat(port->link, &there) == 0 && !S_ISLNK(there.st_mode)) {
		errno = EEXIST;
		return false;
	}
	snprintf(beside, sizeof(beside), "%s.%ld", port->link, (long)getpid());
	unlink(beside);
	if (symlink(port->name, beside) == -1)
		return false;
	if (rename(beside, port->link) == 0)
		return true;
	unlink(beside);
	return false;
}

static void *
open_port(struct emu *emu, const struct emu_options *options, const char **why)
{
	struct port *port = calloc(1, sizeof(*port));

	*why = "out of memory";
	if (!port)
		return NULL;
	port->emu = emu;
	port->slave = -1;
	*why = "cannot get a pseudo-terminal";
	port->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (port->master == -1 || grantpt(port->master) == -1 || unlockpt(port->master) == -1 ||
	    ptsname_r(port->master, port->name, sizeof(port->name)) != 0)
		goto fail;
	port->slave = open(port->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port->slave == -1 || !make_raw(port->slave))
		goto fail;
	*why = "cannot set the permissions of the pseudo-terminal";
	if (chmod(port->name, options->mode ? (mode_t)options->mode : 0660) == -1)
		goto fail;
	*why = "cannot make the link";
	if (options->link && (!(port->link = strdup(options->link)) || !make_link(port)))
		goto fail;
	*why = "out of memory";
	if (!loop_watch(emu_loop(emu), port->master, POLLIN, hear, port))
		goto fail;
	return port;
fail:;
	int error = errno;

	if (port->master != -1)
		close(port->master);
	port->master = -1;
	close_port(port);
	errno = error;
	return NULL;
}

static void
say(void *state, const struct emu_message *message)
{
	struct port *port = state;

	/* A full pty loses what does not fit, as a line does that nobody reads. */
	if (message->len && write(port->master, message->bytes, message->len) == -1)
		return;
}

const struct emu_transport emu_pty = {
	.name = "pty",
	.open = open_port,
	.write = say,
	.where = where,
	.close = close_port,
};
