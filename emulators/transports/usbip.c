/* usbip.c - a USB device behind the kernel's vhci_hcd: the kernel enumerates it, and everything
 * above it is the real thing.  The kernel asks over a socket of which it is handed the other end
 * (no usbip tools, no network): Documentation/usb/usbip_protocol.rst, USBIP_CMD_SUBMIT and
 * USBIP_CMD_UNLINK.  docs/emulators.md, "On a bus". */
#include "emulators/transports/usbip.h"

#include "base/buf.h"
#include "emulators/usbqueue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ATTACH "/sys/devices/platform/vhci_hcd.0/attach"
#define PORTS 8
#define DEVICE_ID 0x00010002 /* bus 1, device 2: any will do */
enum { LOW_SPEED = 1, FULL_SPEED };

#define HEADER 48
#define DATA_MAX 4096
#define PENDING 64 /* requests under way */
#define OUT_MAX (1u << 20)

enum { SUBMIT = 1, UNLINK, RET_SUBMIT, RET_UNLINK };
/* Words of a header. */
enum { COMMAND, SEQUENCE, DEVID, DIRECTION, ENDPOINT, FLAGS, LENGTH };
#define STATUS 5
#define ACTUAL 6
#define UNLINKED 5
#define SETUP_AT 40

struct pending {
	uint32_t sequence; /* 0: free */
	bool answered;	   /* by the device; else by the next report */
	uint32_t room;
	unsigned char bytes[EMU_USB_REPORT_MAX]; /* LEN of it are there already */
	size_t len;
};

struct port {
	struct emu *emu; /* borrowed */
	int fd;		 /* owned */
	bool gone;	 /* the host has let go of it: it is told nothing more */
	char where[32];
	struct buf in, out;
	struct pending pending[PENDING];
	struct emu_usb_queue ready; /* reports that wait for the host to ask */
};

static uint32_t
word(const unsigned char *header, size_t i)
{
	const unsigned char *at = header + 4 * i;

	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void
set_word(unsigned char *header, size_t i, uint32_t value)
{
	unsigned char *at = header + 4 * i;

	at[0] = (unsigned char)(value >> 24);
	at[1] = (unsigned char)(value >> 16);
	at[2] = (unsigned char)(value >> 8);
	at[3] = (unsigned char)value;
}

/* ---- to the host ---- */

static void
flush(struct port *port)
{
	if (port->gone) {
		buf_take(&port->out, buf_len(&port->out));
		return;
	}
	while (buf_len(&port->out)) {
		ssize_t sent = send(port->fd, buf_bytes(&port->out), buf_len(&port->out),
		    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent <= 0)
			break;
		buf_take(&port->out, (size_t)sent);
	}
	loop_events(
	    emu_loop(port->emu), port->fd, (short)(POLLIN | (buf_len(&port->out) ? POLLOUT : 0)));
}

static void
reply(struct port *port, uint32_t command, uint32_t sequence, int status, uint32_t actual,
    const void *bytes, size_t len)
{
	unsigned char header[HEADER] = { 0 };

	set_word(header, COMMAND, command);
	set_word(header, SEQUENCE, sequence);
	set_word(header, STATUS, (uint32_t)status);
	if (command == RET_SUBMIT)
		set_word(header, ACTUAL, actual);
	buf_add(&port->out, header, sizeof(header));
	if (len)
		buf_add(&port->out, bytes, len);
	flush(port);
}

static struct pending *
find(struct port *port, uint32_t sequence)
{
	for (size_t i = 0; i < PENDING; i++)
		if (port->pending[i].sequence == sequence)
			return &port->pending[i];
	return NULL;
}

static struct pending *
oldest_waiting(struct port *port)
{
	struct pending *oldest = NULL;

	for (size_t i = 0; i < PENDING; i++) {
		struct pending *one = &port->pending[i];

		if (one->sequence && !one->answered &&
		    (!oldest || (int32_t)(one->sequence - oldest->sequence) < 0))
			oldest = one;
	}
	return oldest;
}

/* Reports that wait go to the oldest request that waits for some. */
static void
match_reports(struct port *port)
{
	const struct emu_usb *usb = emu_usb_of(emu_device(port->emu));
	struct pending *one;

	while (port->ready.len && (one = oldest_waiting(port))) {
		size_t room = one->room < sizeof(one->bytes) ? one->room : sizeof(one->bytes);
		enum emu_usb_filled filled =
		    emu_usb_queue_fill(&port->ready, usb, one->bytes, room, &one->len);

		if (filled == EMU_USB_NOT_YET)
			return;
		reply(port, RET_SUBMIT, one->sequence, filled == EMU_USB_TOO_MUCH ? -EOVERFLOW : 0,
		    (uint32_t)one->len, one->bytes, one->len);
		one->sequence = 0;
	}
}

static void
say(void *owner, const struct emu_message *message)
{
	struct port *port = owner;
	struct pending *one = message->tag ? find(port, (uint32_t)message->tag) : NULL;
	bool out = !(message->setup[0] & 0x80);
	int status = message->refused ? -EPIPE : message->broken ? -EPROTO : 0;

	if (message->kind == EMU_REPORT) {
		emu_usb_queue_add(&port->ready, emu_usb_of(emu_device(port->emu)), message);
		match_reports(port);
		return;
	}
	if (!one || !one->answered)
		return;
	uint32_t len = message->len < one->room ? (uint32_t)message->len : one->room;

	one->sequence = 0;
	if (status)
		reply(port, RET_SUBMIT, (uint32_t)message->tag, status, 0, NULL, 0);
	else if (out) /* what was sent has arrived */
		reply(port, RET_SUBMIT, (uint32_t)message->tag, 0, one->room, NULL, 0);
	else
		reply(port, RET_SUBMIT, (uint32_t)message->tag, 0, len, message->bytes, len);
}

/* ---- from the host ---- */

static void
unlink_request(struct port *port, const unsigned char *header)
{
	struct pending *one = find(port, word(header, UNLINKED));

	if (one && word(header, UNLINKED))
		one->sequence = 0;
	else
		one = NULL;
	/* Not there any more: its answer is on its way already. */
	reply(port, RET_UNLINK, word(header, SEQUENCE), one ? -ECONNRESET : 0, 0, NULL, 0);
}

static void
submit(struct port *port, const unsigned char *header, const unsigned char *data)
{
	uint32_t sequence = word(header, SEQUENCE), length = word(header, LENGTH);
	struct pending *one = find(port, 0);
	bool out = word(header, DIRECTION) == 0;
	struct emu_message message = {
		.kind = EMU_CONTROL, .bytes = data, .len = out ? length : 0, .tag = sequence
	};

	if (!one || !sequence) {
		reply(port, RET_SUBMIT, sequence, -ENOMEM, 0, NULL, 0);
		return;
	}
	*one = (struct pending){
		.sequence = sequence, .answered = out || word(header, ENDPOINT) == 0, .room = length
	};
	if (!one->answered) {
		match_reports(port);
		return;
	}
	if (word(header, ENDPOINT) == 0)
		memcpy(message.setup, header + SETUP_AT, 8);
	else
		message.kind = EMU_REPORT;
	emu_hear(port->emu, &message);
}

/* One request, if there is a whole one.  false: not yet; *BROKEN: and never again. */
static bool
take(struct port *port, bool *broken)
{
	unsigned char request[HEADER + DATA_MAX];
	const char *bytes = buf_bytes(&port->in);
	size_t len = buf_len(&port->in), data = 0;

	if (len < HEADER)
		return false;
	memcpy(request, bytes, HEADER);
	if (word(request, COMMAND) == SUBMIT && word(request, DIRECTION) == 0)
		data = word(request, LENGTH);
	*broken = data > DATA_MAX ||
		  (word(request, COMMAND) != SUBMIT && word(request, COMMAND) != UNLINK);
	if (*broken || len < HEADER + data)
		return false;
	memcpy(request + HEADER, bytes + HEADER, data);
	buf_take(&port->in, HEADER + data);
	if (word(request, COMMAND) == SUBMIT)
		submit(port, request, request + HEADER);
	else
		unlink_request(port, request);
	return true;
}

static void
ready(void *owner, int fd, short revents)
{
	struct port *port = owner;
	char bytes[4096];
	bool broken = false;
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (got > 0)
		buf_add(&port->in, bytes, (size_t)got);
	while (take(port, &broken))
		;
	if (got == 0 || broken || port->in.failed || port->out.failed) {
		/* The host has let go of it, or is none: until it is plugged in again. */
		port->gone = true;
		loop_forget(emu_loop(port->emu), fd);
		shutdown(fd, SHUT_RDWR);
		return;
	}
	flush(port);
}

/* ---- plugging ---- */

void *
emu_usbip_serve(struct emu *emu, int fd)
{
	struct port *port = calloc(1, sizeof(*port));

	if (!port)
		return NULL;
	port->emu = emu;
	port->fd = fd;
	port->in.max = port->out.max = OUT_MAX;
	snprintf(port->where, sizeof(port->where), "usbip");
	if (loop_watch(emu_loop(emu), fd, POLLIN, ready, port))
		return port;
	free(port);
	return NULL;
}

/* "PORT FD DEVICE SPEED": the kernel takes FD over.  The port's number, -1 with errno. */
static int
attach(int fd, int speed)
{
	char line[64];
	int file, error = EBUSY;

	for (int i = 0; i < PORTS; i++) {
		int len = snprintf(line, sizeof(line), "%d %d %d %d\n", i, fd, DEVICE_ID, speed);

		if ((file = open(ATTACH, O_WRONLY | O_CLOEXEC)) == -1)
			return -1;
		ssize_t written = write(file, line, (size_t)len);

		error = errno;
		close(file);
		if (written == len)
			return i;
	}
	errno = error;
	return -1;
}

static void *
open_port(struct emu *emu, const struct emu_options *options, const char **why)
{
	const struct emu_device_file *file = emu_device(emu);
	struct port *port;
	int pair[2], number;

	*why = "cannot make a socket";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return NULL;
	*why = ATTACH " does not take it: is vhci-hcd loaded, and are you root?";
	number = attach(pair[1], emu_usb_of(file)->full_speed ? FULL_SPEED : LOW_SPEED);
	close(pair[1]);
	if (number == -1 || !(port = emu_usbip_serve(emu, pair[0]))) {
		close(pair[0]);
		return NULL;
	}
	snprintf(port->where, sizeof(port->where), "vhci port %d", number);
	return port;
}

static const char *
where(void *port)
{
	return ((struct port *)port)->where;
}

/* The kernel sees the end of the socket: the device is gone. */
static void
close_port(void *owner)
{
	struct port *port = owner;

	loop_forget(emu_loop(port->emu), port->fd);
	close(port->fd);
	buf_free(&port->in);
	buf_free(&port->out);
	free(port);
}

const struct emu_transport emu_usbip = { .name = "usbip",
	.usb = true,
	.open = open_port,
	.write = say,
	.where = where,
	.close = close_port };
