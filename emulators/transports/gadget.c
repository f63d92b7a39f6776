/* gadget.c - a USB device at the other end of a cable: Linux' FunctionFS on any USB device
 * controller, dummy_hcd (the host is the same kernel) or that of a board (another machine is).  The
 * kernel answers for device, configuration and strings; interface and endpoints are ours.
 * docs/emulators.md, "On a cable".
 *
 * A request of the host's (SETUP) is an event at ep0.  It must have its answer before the next
 * event is read, unless the host has given up: then the next one cancels it.  Nothing tells that,
 * so it is asked now and then while the device takes its time. */
#include "base/log.h"
#include "emulators/transports/aio.h"
#include "emulators/transports/gadget_configfs.h"
#include "emulators/transports/gadget_descriptors.h"
#include "emulators/transports/gadget_ep0.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usb/functionfs.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REPORTS 32	  /* that wait for the host to ask */
#define STILL_ASKED_MS 20 /* how often it is looked whether the host still waits */
#define FROM_DEVICE 0x80  /* bmRequestType */

struct report {
	unsigned char bytes[EMU_USB_REPORT_MAX];
	size_t len;
};

/* What ep0 is at. */
enum stage {
	IDLE,	/* events are read */
	ASKED,	/* the device is to answer a question */
	TAKING, /* the child reads what the host sends with an order */
	GIVING	/* the child writes the answer */
};

struct gadget {
	struct emu *emu; /* borrowed */
	struct emu_gadget_place place;
	int ep0, in, out; /* owned; OUT -1: it has none */
	struct emu_aio aio;
	struct emu_ep0 data;
	bool aio_open, data_open;

	enum stage stage;
	unsigned char setup[8]; /* of the request that is under way */
	uint64_t tag;		/* its number */
	struct timer still_asked;

	bool plugged; /* else nothing goes to the device */
	bool enabled; /* the host has configured it: the endpoints are there */
	struct report reports[REPORTS];
	size_t reports_len;
	bool writing; /* the first of them is on its way */
	bool reading; /* what comes at the endpoint from the host */
	unsigned char heard[64];
};

/* ---- interrupts ---- */

static void
write_report(struct gadget *gadget)
{
	struct report *first = &gadget->reports[0];

	if (!gadget->writing && gadget->enabled && gadget->reports_len)
		gadget->writing = emu_aio_write(
		    &gadget->aio, gadget->in, first->bytes, first->len, &gadget->writing);
}

/* One packet: what a controller is to read ends with a packet that is not full, or when it has all.
 */
static void
read_report(struct gadget *gadget)
{
	unsigned char *heard = gadget->heard;
	size_t packet = emu_usb_of(emu_device(gadget->emu))->packet;

	if (!gadget->reading && gadget->enabled && gadget->out != -1)
		gadget->reading =
		    emu_aio_read(&gadget->aio, gadget->out, heard, packet, &gadget->reading);
}

static void
drop_report(struct gadget *gadget, size_t i)
{
	struct report *report = &gadget->reports[i];

	memmove(report, report + 1, (--gadget->reports_len - i) * sizeof(*report));
}

static void
say_report(struct gadget *gadget, const struct emu_message *message)
{
	if (message->broken || message->len > EMU_USB_REPORT_MAX || !gadget->enabled)
		return;
	if (gadget->reports_len == REPORTS) /* the host does not ask: the oldest is lost */
		drop_report(gadget, gadget->writing ? 1 : 0);
	struct report *last = &gadget->reports[gadget->reports_len++];

	memcpy(last->bytes, message->bytes, message->len);
	last->len = message->len;
	write_report(gadget);
}

/* The first one has gone, or has been lost with a host that let go of the device: what is old by
 * then must not be told to the next one. */
static void
written(struct gadget *gadget)
{
	gadget->writing = false;
	drop_report(gadget, 0);
	write_report(gadget);
}

static void
was_read(struct gadget *gadget, long result)
{
	struct emu_message message = {
		.kind = EMU_REPORT, .bytes = gadget->heard, .len = (size_t)result
	};

	gadget->reading = false;
	if (result > 0 && gadget->plugged)
		emu_hear(gadget->emu, &message);
	if (result > 0 || result == -ESHUTDOWN) /* that is, configured anew */
		read_report(gadget);
}

static void
transfers_ended(void *owner, int fd, short revents)
{
	struct gadget *gadget = owner;
	struct emu_aio_end ends[EMU_AIO_MAX];
	size_t len = emu_aio_take(&gadget->aio, ends);

	for (size_t i = 0; i < len; i++)
		if (ends[i].owner == &gadget->writing)
			written(gadget);
		else
			was_read(gadget, ends[i].result);
}

/* ---- requests ---- */

static void
set_stage(struct gadget *gadget, enum stage stage)
{
	struct loop *loop = emu_loop(gadget->emu);

	gadget->stage = stage;
	/* While a request is under way, ep0 is ready all the time. */
	loop_events(loop, gadget->ep0, stage == IDLE ? POLLIN : 0);
	if (stage == ASKED)
		loop_timer_in(loop, &gadget->still_asked, STILL_ASKED_MS);
	else
		loop_timer_clear(loop, &gadget->still_asked);
}

static bool
goes_out(const struct gadget *gadget)
{
	return !(gadget->setup[0] & FROM_DEVICE);
}

static size_t
length_of(const struct gadget *gadget)
{
	return gadget->setup[6] | (size_t)gadget->setup[7] << 8;
}

/* A transfer in the wrong direction is FunctionFS' word for it: EL2HLT, or EIDRM when the host has
 * given up. */
static void
stall(struct gadget *gadget)
{
	unsigned char none[1];
	ssize_t done = goes_out(gadget) ? write(gadget->ep0, none, 0) : read(gadget->ep0, none, 0);

	if (done == -1 && errno != EL2HLT && errno != EIDRM)
		log_debug(1, "ep0: cannot stall: %s", strerror(errno));
	set_stage(gadget, IDLE);
}

/* Does the host still wait?  Bytes that cannot be read are taken by nobody: EFAULT if it does. */
static void
look_whether_asked(void *owner)
{
	struct gadget *gadget = owner;
	const void *volatile nowhere = NULL;

	if (write(gadget->ep0, nowhere, 1) == -1 && (errno == EFAULT || errno == EAGAIN))
		loop_timer_in(emu_loop(gadget->emu), &gadget->still_asked, STILL_ASKED_MS);
	else
		set_stage(gadget, IDLE);
}

static struct emu_message
message_of(struct gadget *gadget)
{
	struct emu_message message = { .kind = EMU_CONTROL, .tag = ++gadget->tag };

	memcpy(message.setup, gadget->setup, sizeof(message.setup));
	return message;
}

/* The host sends something, or orders something.  What will be refused must be refused now. */
static void
order_came(struct gadget *gadget)
{
	struct emu_message message = message_of(gadget);
	size_t len = length_of(gadget);

	gadget->stage = ASKED;
	if (emu_bus_fails(gadget->emu, &message)) {
		if (gadget->stage == ASKED)
			stall(gadget); /* there is no way to say nothing */
		return;
	}
	if (len > EMU_EP0_MAX || !emu_ep0_read(&gadget->data, len))
		stall(gadget);
	else
		set_stage(gadget, TAKING);
}

static void
question_came(struct gadget *gadget)
{
	struct emu_message message = message_of(gadget);

	set_stage(gadget, ASKED);
	emu_hear(gadget->emu, &message);
}

static void
say_answer(struct gadget *gadget, const struct emu_message *message)
{
	if (gadget->stage != ASKED || message->tag != gadget->tag)
		return; /* nobody waits for it, or it is the answer to an order: that has been told
			 */
	if (message->refused || (message->broken && goes_out(gadget)))
		stall(gadget);
	else if (message->broken)
		return; /* the host waits in vain */
	else if (!emu_ep0_write(&gadget->data, message->bytes, message->len))
		stall(gadget);
	else
		set_stage(gadget, GIVING);
}

static void
say(void *owner, const struct emu_message *message)
{
	struct gadget *gadget = owner;

	if (message->kind == EMU_REPORT)
		say_report(gadget, message);
	else
		say_answer(gadget, message);
}

/* The child has read, or written. */
static void
data_done(void *owner, int fd, short revents)
{
	struct gadget *gadget = owner;
	unsigned char bytes[EMU_EP0_MAX];
	enum stage was = gadget->stage;
	bool gone = false;
	long result = 0;

	if (!emu_ep0_result(&gadget->data, bytes, &result, &gone)) {
		if (gone) {
			log_warnx("the process at ep0 has ended: the device is mute from here on");
			loop_forget(emu_loop(gadget->emu), fd);
		}
		return;
	}
	set_stage(gadget, IDLE);
	if (was != TAKING || result < 0 || !gadget->plugged)
		return;
	struct emu_message message = message_of(gadget);

	message.bytes = bytes;
	message.len = (size_t)result;
	message.settled = true;
	emu_hear(gadget->emu, &message);
}

/* ---- events ---- */

/* The controller chooses the numbers of endpoints, and some drivers do not look. */
static void
check_number(int fd, unsigned wanted)
{
	struct usb_endpoint_descriptor now;

	if (fd != -1 && ioctl(fd, FUNCTIONFS_ENDPOINT_DESC, &now) == 0 &&
	    now.bEndpointAddress != wanted)
		log_info("endpoint %02x has become %02x: a driver that does not look it up will "
			 "not find it",
		    wanted, now.bEndpointAddress);
}

static void
set_enabled(struct gadget *gadget, bool enabled)
{
	const struct emu_usb *usb = emu_usb_of(emu_device(gadget->emu));

	gadget->enabled = enabled;
	if (enabled) {
		check_number(gadget->in, 0x81);
		check_number(gadget->out, usb->out_endpoint);
	}
	if (!enabled)
		gadget->reports_len = gadget->writing ? 1 : 0;
	write_report(gadget);
	read_report(gadget);
}

static void
event_came(void *owner, int fd, short revents)
{
	struct gadget *gadget = owner;
	struct usb_functionfs_event event;

	/* EIDRM: what was under way has been cancelled, and is forgotten with this. */
	if (read(fd, &event, sizeof(event)) != (ssize_t)sizeof(event))
		return;
	switch (event.type) {
	case FUNCTIONFS_ENABLE:
		set_enabled(gadget, true);
		break;
	case FUNCTIONFS_DISABLE:
	case FUNCTIONFS_UNBIND:
		set_enabled(gadget, false);
		break;
	case FUNCTIONFS_SETUP:
		memcpy(gadget->setup, &event.u.setup, sizeof(gadget->setup));
		if (!gadget->plugged)
			stall(gadget);
		else if (goes_out(gadget))
			order_came(gadget);
		else
			question_came(gadget);
		break;
	}
}

/* ---- plugging ---- */

static void
close_one(int fd)
{
	if (fd != -1)
		close(fd);
}

static void
forget(void *kept)
{
	struct gadget *gadget = kept;
	struct loop *loop = emu_loop(gadget->emu);

	loop_timer_clear(loop, &gadget->still_asked);
	if (gadget->data_open) {
		loop_forget(loop, gadget->data.fd);
		emu_ep0_end(&gadget->data);
	}
	if (gadget->aio_open) {
		loop_forget(loop, gadget->aio.fd);
		emu_aio_close(&gadget->aio);
	}
	if (gadget->ep0 != -1)
		loop_forget(loop, gadget->ep0);
	close_one(gadget->in);
	close_one(gadget->out);
	close_one(gadget->ep0);
	emu_gadget_remove(&gadget->place);
	free(gadget);
}

/* Descriptors and strings: then the endpoints have files. */
static bool
describe(struct gadget *gadget, const struct emu_usb *usb)
{
	struct buf descriptors = { 0 }, strings = { 0 };
	bool ok = emu_gadget_descriptors(usb, &descriptors) && emu_gadget_strings(usb, &strings) &&
		  write(gadget->ep0, buf_bytes(&descriptors), buf_len(&descriptors)) ==
		      (ssize_t)buf_len(&descriptors) &&
		  write(gadget->ep0, buf_bytes(&strings), buf_len(&strings)) ==
		      (ssize_t)buf_len(&strings);
	int error = errno;

	buf_free(&descriptors);
	buf_free(&strings);
	errno = error;
	return ok;
}

static bool
open_files(struct gadget *gadget, const struct emu_usb *usb, const char **why)
{
	const int how = O_RDWR | O_NONBLOCK | O_CLOEXEC;

	*why = "cannot mount functionfs";
	int folder = emu_gadget_mount(&gadget->place);

	if (folder == -1)
		return false;
	*why = "FunctionFS does not take the device";
	bool ok = (gadget->ep0 = openat(folder, "ep0", how)) != -1 && describe(gadget, usb) &&
		  (gadget->in = openat(folder, "ep1", how)) != -1 &&
		  (!usb->out_endpoint || (gadget->out = openat(folder, "ep2", how)) != -1);
	int error = errno;

	close(folder);
	errno = error;
	return ok;
}

static bool
start(struct gadget *gadget, const char **why)
{
	struct loop *loop = emu_loop(gadget->emu);

	*why = "cannot use ep0";
	if (!loop_watch(loop, gadget->ep0, POLLIN, event_came, gadget))
		return false;
	*why = "the kernel has no asynchronous I/O";
	if (!emu_aio_open(&gadget->aio))
		return false;
	gadget->aio_open = true;
	*why = "cannot start the process at ep0";
	if (!emu_ep0_start(&gadget->data, gadget->ep0))
		return false;
	gadget->data_open = true;
	return loop_watch(loop, gadget->aio.fd, POLLIN, transfers_ended, gadget) &&
	       loop_watch(loop, gadget->data.fd, POLLIN, data_done, gadget);
}

static struct gadget *
make(struct emu *emu, const char **why)
{
	const struct emu_usb *usb = emu_usb_of(emu_device(emu));
	struct gadget *gadget;

	*why = "it answers by string descriptors, and over FunctionFS these are the kernel's";
	errno = 0;
	if (usb->answers_strings)
		return NULL;
	*why = "its questions come as requests to endpoint 0, and FunctionFS passes none such on";
	if (usb->asks_of_vendor)
		return NULL;
	*why = "out of memory";
	if (!(gadget = calloc(1, sizeof(*gadget))))
		return NULL;
	gadget->emu = emu;
	gadget->ep0 = gadget->in = gadget->out = -1;
	gadget->still_asked = (struct timer){ .fire = look_whether_asked, .owner = gadget };
	if (emu_gadget_make(&gadget->place, usb, why) && open_files(gadget, usb, why) &&
	    start(gadget, why))
		return gadget;
	int error = errno;

	forget(gadget);
	errno = error;
	return NULL;
}

static void *
open_port(struct emu *emu, const struct emu_options *options, const char **why)
{
	void **kept = emu_kept(emu);
	struct gadget *gadget = *kept ? *kept : make(emu, why);

	if (!gadget)
		return NULL;
	gadget->plugged = emu_gadget_bind(&gadget->place, options->udc, why);
	if (gadget->plugged)
		return *kept = gadget;
	int error = errno;

	if (!*kept)
		forget(gadget);
	errno = error;
	return NULL;
}

static const char *
where(void *port)
{
	return ((struct gadget *)port)->place.udc;
}

/* Off the cable; the gadget stays made. */
static void
close_port(void *port)
{
	struct gadget *gadget = port;

	gadget->plugged = false;
	emu_gadget_unbind(&gadget->place);
	if (gadget->stage == ASKED)
		set_stage(gadget, IDLE);
}

const struct emu_transport emu_gadget = { .name = "gadget",
	.usb = true,
	.open = open_port,
	.write = say,
	.where = where,
	.close = close_port,
	.forget = forget };
