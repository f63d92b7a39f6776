/* capture.c - the events of a capture, whatever its form: submissions and completions are put
 * together here. */
#include "emulators/capture.h"

#include <stdlib.h>
#include <string.h>

#define PENDING 64 /* submitted at one time; a host has two or three for a UPS */

struct emu_capture_pending {
	bool used;
	uint64_t id;
	struct emu_capture_event event; /* its bytes are those that went out */
};

const unsigned char *
emu_capture_bytes(const struct emu_capture *capture, const struct emu_capture_event *event)
{
	const char *bytes = buf_bytes(&capture->data);

	return (const unsigned char *)(bytes ? bytes + event->at : "");
}

/* Keep LEN bytes; where they are. */
static const char *
keep(struct emu_capture *capture, const void *bytes, size_t len, size_t *at)
{
	*at = buf_len(&capture->data);
	return !len || buf_add(&capture->data, bytes, len) ? NULL : "holds too much data";
}

/* With the bytes that it has already. */
static const char *
add_event(struct emu_capture *capture, const struct emu_capture_event *event)
{
	size_t room = capture->len ? capture->len & (capture->len - 1) : 0;

	if (capture->len == EMU_CAPTURE_EVENTS)
		return "holds too many transfers";
	if (!room) { /* a power of two is full */
		size_t size = capture->len ? 2 * capture->len : 1;
		struct emu_capture_event *more =
		    realloc(capture->events, size * sizeof(*capture->events));

		if (!more)
			return "out of memory";
		capture->events = more;
	}
	capture->events[capture->len++] = *event;
	return NULL;
}

const char *
emu_capture_add(struct emu_capture *capture, const struct emu_capture_event *event,
    const void *bytes, size_t len)
{
	struct emu_capture_event kept = *event;
	const char *why = keep(capture, bytes, len, &kept.at);

	kept.len = len;
	return why ? why : add_event(capture, &kept);
}

/* ---- transfers ---- */

static struct emu_capture_pending *
find(struct emu_capturing *capturing, uint64_t id)
{
	for (size_t i = 0; i < PENDING; i++)
		if (capturing->pending[i].used && capturing->pending[i].id == id)
			return &capturing->pending[i];
	return NULL;
}

static const char *
submitted(struct emu_capturing *capturing, const struct emu_urb *urb)
{
	struct emu_capture_pending *pending = find(capturing, urb->id);
	struct emu_capture_event event = {
		.kind = urb->transfer == EMU_URB_CONTROL ? EMU_CAPTURED_CONTROL
			: urb->in			 ? EMU_CAPTURED_INTERRUPT
							 : EMU_CAPTURED_OUT,
		.bus = urb->bus,
		.address = urb->address,
	};
	const char *why = NULL;

	if (urb->transfer == EMU_URB_CONTROL && !urb->has_setup)
		return "a control request without its setup packet";
	memcpy(event.setup, urb->setup, 8);
	if (!urb->in) {
		why = keep(capturing->capture, urb->bytes, urb->len, &event.at);
		event.len = urb->len;
		event.cut = urb->len < urb->length;
	}
	if (!pending)
		pending = &capturing->pending[capturing->next++ % PENDING];
	*pending = (struct emu_capture_pending){ true, urb->id, event };
	return why;
}

static const char *
over(struct emu_capturing *capturing, const struct emu_urb *urb)
{
	struct emu_capture_pending *pending = find(capturing, urb->id);
	struct emu_capture_event event;
	const char *why = NULL;

	/* Submitted before the capture began: an interrupt tells all that there is to know. */
	if (pending)
		event = pending->event;
	else if (urb->transfer == EMU_URB_INTERRUPT && urb->in)
		event = (struct emu_capture_event){
			.kind = EMU_CAPTURED_INTERRUPT, .bus = urb->bus, .address = urb->address
		};
	else
		return NULL;
	if (pending)
		pending->used = false;
	event.refused = urb->status == -32 && event.kind == EMU_CAPTURED_CONTROL;
	if (urb->status && !event.refused) {
		capturing->capture->left_out++;
		return NULL;
	}
	bool in = event.kind == EMU_CAPTURED_CONTROL ? event.setup[0] & 0x80
						     : event.kind == EMU_CAPTURED_INTERRUPT;

	if (in && !event.refused) {
		why = keep(capturing->capture, urb->bytes, urb->len, &event.at);
		event.len = urb->len;
		event.cut = urb->len < urb->length;
	}
	return why ? why : add_event(capturing->capture, &event);
}

const char *
emu_capture_urb(struct emu_capturing *capturing, const struct emu_urb *urb)
{
	struct emu_capture_pending *pending;

	if (urb->transfer != EMU_URB_CONTROL && urb->transfer != EMU_URB_INTERRUPT) {
		capturing->capture->left_out += urb->type == 'C';
		return NULL;
	}
	switch (urb->type) {
	case 'S':
		return submitted(capturing, urb);
	case 'C':
		return over(capturing, urb);
	case 'E':
		if ((pending = find(capturing, urb->id)))
			pending->used = false;
		return NULL;
	}
	return "an event that is no submission, completion or error";
}

/* ---- all of it ---- */

/* Its form is told by its first bytes. */
static void
read_any(struct emu_capturing *capturing, const void *bytes, size_t len, const char *name,
    struct faults *faults)
{
	const char *why = NULL;
	size_t where = 0;

	if (emu_capture_pcap(capturing, bytes, len, &why, &where) ||
	    emu_capture_usbmon(capturing, bytes, len, &why, &where)) {
		if (why)
			faults_add(faults, name, 0, "byte %zu: %s", where, why);
	} else if (emu_capture_text(capturing, bytes, len, &why, &where)) {
		if (why)
			faults_add(faults, name, (unsigned)where, "%s", why);
	} else {
		faults_add(faults, name, 0,
		    "is no capture that can be read: usbmon's, pcap or pcapng of usbmon, or the "
		    "log "
		    "of socat -x");
	}
	if (!faults->faults && !capturing->capture->len)
		faults_add(faults, name, 0, "has nothing of a UPS in it");
}

bool
emu_capture_read(
    struct emu_capture *out, const char *name, const void *bytes, size_t len, struct faults *faults)
{
	size_t before = faults->faults;
	struct emu_capturing capturing = { .capture = out };

	*out = (struct emu_capture){ .data = { .max = EMU_CAPTURE_DATA } };
	capturing.pending = calloc(PENDING, sizeof(*capturing.pending));
	if (!capturing.pending)
		faults_add(faults, name, 0, "out of memory");
	else if (len > EMU_CAPTURE_MAX)
		faults_add(faults, name, 0, "is longer than %u bytes", EMU_CAPTURE_MAX);
	else
		read_any(&capturing, bytes, len, name, faults);
	free(capturing.pending);
	if (faults->faults == before)
		return true;
	emu_capture_free(out);
	return false;
}

void
emu_capture_free(struct emu_capture *capture)
{
	free(capture->events);
	buf_free(&capture->data);
	*capture = (struct emu_capture){ 0 };
}
