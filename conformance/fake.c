/* fake.c - pretended drivers: they listen where upsd looks for a driver, and say what they are
 * told. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "inside.h"
#include "talk.h"

/* Every kind of variable; out of alphabetical order, so that upsd has to sort. */
const char stock_dump[] = "SETINFO ups.status \"OL\"\n"
			  "SETINFO ups.id \"bench\"\n"
			  "SETAUX ups.id 16\n"
			  "SETFLAGS ups.id RW STRING\n"
			  "SETINFO battery.charge \"100\"\n"
			  "SETFLAGS battery.charge NUMBER\n"
			  "SETINFO battery.charge.low \"20\"\n"
			  "ADDRANGE battery.charge.low 5 50\n"
			  "ADDRANGE battery.charge.low 60 70\n"
			  "SETFLAGS battery.charge.low RW NUMBER\n"
			  "SETINFO device.model \"Bench \\\"1500\\\" \\\\ \\#1\"\n"
			  "SETINFO device.serial \"\"\n"
			  "SETINFO input.sensitivity \"normal\"\n"
			  "ADDENUM input.sensitivity \"low\"\n"
			  "ADDENUM input.sensitivity \"normal\"\n"
			  "ADDENUM input.sensitivity \"very \\\"high\\\"\"\n"
			  "SETAUX input.sensitivity 12\n"
			  "SETFLAGS input.sensitivity RW STRING\n"
			  "SETINFO ups.contact \"nobody\"\n"
			  "SETFLAGS ups.contact RW STRING\n"
			  "SETINFO outlet.1.desc \"Main Outlet\"\n"
			  "SETAUX outlet.1.desc 20\n"
			  "SETFLAGS outlet.1.desc RW STRING\n"
			  "SETINFO ups.delay.start \"30\"\n"
			  "SETFLAGS ups.delay.start RW NUMBER\n"
			  "ADDCMD load.off\n"
			  "ADDCMD beeper.toggle\n"
			  "ADDCMD load.off.delay\n"
			  "ADDCMD test.battery.start\n"
			  "DATAOK\n"
			  "DUMPDONE\n";

static const char stale_dump[] = "DATASTALE\n"
				 "SETINFO ups.status \"OL\"\n"
				 "ADDCMD load.off\n"
				 "DUMPDONE\n";

static const char mixed_dump[] = "SETINFO ups.status \"OL CHRG\"\n"
				 "SETINFO Input.Voltage \"229.9\"\n"
				 "ADDCMD Load.Off\n"
				 "DATAOK\n"
				 "DUMPDONE\n";

void
fake_stock(struct bench *bench)
{
	fake_add(bench, "bench", stock_dump);
	fake_add(bench, "stale", stale_dump);
	fake_add(bench, "Mixed", mixed_dump);
}

void
fake_stuff(struct bench *bench, struct fake *fake)
{
	fake->stuffed = true;
	if (listen(fake->listener, 0))
		fail(bench, "suite: listen: %s", strerror(errno));
	for (int i = 0; i < 8; i++) {
		struct sockaddr_un addr;
		socklen_t len = sizeof(addr);
		int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

		if (fd == -1 || getsockname(fake->listener, (struct sockaddr *)&addr, &len))
			fail(bench, "suite: %s", strerror(errno));
		if (connect(fd, (struct sockaddr *)&addr, len)) {
			close(fd);
			return; /* full */
		}
		conn_add(bench, fd, '.')->held = true;
	}
}

static const char *
socket_name(struct bench *bench, const struct fake *fake)
{
	char name[128];

	snprintf(name, sizeof(name), "dummy-ups-%s", fake->name);
	return path_of(bench, name);
}

void
fake_listen(struct bench *bench, struct fake *fake)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = socket_name(bench, fake);

	need(bench, strlen(path) < sizeof(addr.sun_path), "suite: path too long: %s", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	unlink(path);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fake->listener == -1 || bind(fake->listener, (struct sockaddr *)&addr, sizeof(addr)) ||
	    chmod(path, 0660) || listen(fake->listener, 64))
		fail(bench, "suite: cannot listen on %s: %s", path, strerror(errno));
}

struct fake *
fake_add(struct bench *bench, const char *name, const char *dump)
{
	struct fake *fake = calloc(1, sizeof(*fake));

	if (!fake)
		fail(bench, "suite: out of memory");
	snprintf(fake->name, sizeof(fake->name), "%s", name);
	fake->dump = dump;
	fake->listener = -1;
	fake->next = bench->fakes;
	bench->fakes = fake;
	fake_listen(bench, fake);
	return fake;
}

struct fake *
fake_get(struct bench *bench, const char *name)
{
	for (struct fake *fake = bench->fakes; fake; fake = fake->next)
		if (!strcmp(fake->name, name))
			return fake;
	fail(bench, "suite: no pretended driver '%s'", name);
}

void
fake_free(struct fake *fake)
{
	if (fake->listener != -1)
		close(fake->listener);
	bytes_free(&fake->heard);
	free(fake);
}

static void
leave_peer(struct bench *bench, struct fake *fake)
{
	struct conn *next;

	bench->dirty = true;
	for (struct conn *conn = bench->conns; conn; conn = next) {
		next = conn->next;
		if (conn->fake == fake)
			conn_remove(bench, conn);
	}
	fake->peer = NULL;
}

void
fake_vanish(struct bench *bench, struct fake *fake)
{
	leave_peer(bench, fake);
	if (fake->listener != -1)
		close(fake->listener);
	fake->listener = -1;
	unlink(socket_name(bench, fake));
}

void
fake_accept(struct bench *bench, struct fake *fake)
{
	int fd = accept4(fake->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd == -1)
		return;
	fake->peer = conn_add(bench, fd, fake->name[0]);
	fake->peer->fake = fake;
	fake->connects++;
}

/* Lines that came from upsd: the two that every driver answers are answered, the rest kept. */
void
fake_answer(struct bench *bench, struct fake *fake, struct conn *conn)
{
	char *newline;

	while (!fake->mute && conn->in.len && (newline = memchr(conn->in.at, '\n', conn->in.len))) {
		size_t len = (size_t)(newline - conn->in.at) + 1;

		if (len == 8 && !strncmp(conn->in.at, "DUMPALL", 7)) {
			fake->dumps++;
			bytes_add(&conn->out, fake->dump, strlen(fake->dump));
		} else if (len == 5 && !strncmp(conn->in.at, "PING", 4)) {
			fake->pings++;
			if (!fake->no_pong)
				bytes_add(&conn->out, "PONG\n", 5);
		} else {
			bytes_add(&fake->heard, conn->in.at, len);
		}
		bytes_drop(&conn->in, len);
	}
}

void
fake_bytes(struct bench *bench, struct fake *fake, const void *at, size_t len)
{
	bench->dirty = true;
	need(bench, fake->peer, "upsd is not connected to the driver of %s", fake->name);
	bytes_add(&fake->peer->out, at, len);
}

void
fake_say(struct bench *bench, struct fake *fake, const char *format, ...)
{
	struct bytes line = { 0 };
	va_list args;

	va_start(args, format);
	bytes_add_format(&line, format, args);
	va_end(args);
	bytes_add(&line, "\n", 1);
	fake_bytes(bench, fake, line.at, line.len);
	bytes_free(&line);
}

const char *
fake_hear(struct bench *bench, struct fake *fake)
{
	static struct bytes line;
	int64_t end = now_ms() + bench->patience_ms;

	while (!bytes_take_line(&fake->heard, &line)) {
		need(bench, now_ms() < end, "the driver of %s hears nothing", fake->name);
		bench_turn(bench, (int)(end - now_ms()));
	}
	return line.at;
}

void
fake_want(struct bench *bench, struct fake *fake, const char *line)
{
	const char *heard = fake_hear(bench, fake);

	need(bench, !strcmp(heard, line), "the driver of %s hears '%s' instead of '%s'", fake->name,
	    heard, line);
}

void
fake_silent(struct bench *bench, struct fake *fake, int ms)
{
	bench_idle(bench, ms);
	need(
	    bench, !fake->heard.len, "the driver of %s hears '%.200s'", fake->name, fake->heard.at);
}

void
fake_dumped(struct bench *bench, struct fake *fake, unsigned count)
{
	int64_t end = now_ms() + bench->patience_ms + 5000;

	while (fake->dumps < count || (fake->peer && fake->peer->out.len)) {
		need(bench, now_ms() < end, "upsd asked %s for %u dumps instead of %u", fake->name,
		    fake->dumps, count);
		bench_turn(bench, (int)(end - now_ms()));
	}
}
