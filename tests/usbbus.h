/* usbbus.h - a USB bus in process: emulated devices behind drivers/core/usb.h, on the test's own
 * loop and clock.  Include it in one file of a test. */
#ifndef USBBUS_H
#define USBBUS_H

#include "drivers/core/usb.h"
#include "emulators/emu.h"
#include "emulators/orders.h"
#include "emulators/show.h"
#include "emulators/usbdev.h"
#include "tests/coretest.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <valgrind/memcheck.h>

#define BUS_DEVICES 4

struct bus_handle;

static struct bus_device {
	struct emu_device_file file;
	struct emu *emu; /* NULL: the rest means nothing */
	bool present;
	unsigned address;
	struct bus_handle *open;
	int denied; /* errno of open() */
} bus_devices[BUS_DEVICES];

/* How an answer is spoilt that comes for all that. */
enum bus_spoilt {
	BUS_WHOLE,
	BUS_EMPTY,    /* no byte of it */
	BUS_ONE_BYTE, /* the id alone */
	BUS_HALF,
	BUS_WRONG_ID, /* of a report: another one's in front */
	BUS_LONGER    /* as long as was asked for, with ones behind it */
};

/* What the test counts, and what is to go wrong with transfer number K, from 1. */
static struct {
	struct loop *loop;
	unsigned opens, closes, halts, resets, transfers;
	unsigned fail_at, fail_to;  /* transfers that fail, both included; 0: none */
	enum exchange_end fail_how; /* unless they are: */
	enum bus_spoilt spoilt;
	unsigned spare; /* one of so many does not fail; 0: all do */
	bool pipe_fails;
	struct buf *tap;	   /* where usbmon would write what it sees; NULL: nobody looks */
	struct usb_choice choice;  /* of the last opening */
	unsigned interface_asked;  /* of the last request to an interface */
	unsigned descriptor_asked; /* wValue of the last one for a report descriptor */
	uint8_t sent_to, in_endpoint;
} bus_now;

struct bus_handle {
	struct bus_device *device;
	const struct usb_calls *calls;
	void *owner;
	uint64_t asked; /* the tag of the request that runs, 0 none */
	bool listens, spoils, of_report;
	size_t listen_room, heard_len; /* of the interrupt transfer */
	unsigned char heard[EMU_USB_REPORT_MAX];
	size_t room; /* bytes that were asked for */
};

/* ---- somebody listens ---- */

/* An event as it is read from /dev/usbmon1. */
static inline void
bus_tap(char type, uint64_t id, const unsigned char *setup, int status, const void *bytes,
    size_t len, size_t length)
{
	unsigned char header[48] = { 0 };

	if (!bus_now.tap)
		return;
	memcpy(header, &id, sizeof(id));
	header[8] = (unsigned char)type;
	header[9] = setup ? 2 : 1;
	header[10] = setup ? setup[0] & 0x80 : 0x81;
	header[11] = 5; /* its address */
	header[12] = 1; /* on bus 1 */
	header[14] = type == 'S' ? 0 : '-';
	header[28] = (unsigned char)status;
	memset(header + 29, status < 0 ? 0xff : 0, 3);
	header[32] = (unsigned char)length;
	header[33] = (unsigned char)(length >> 8);
	header[36] = (unsigned char)len;
	header[37] = (unsigned char)(len >> 8);
	if (setup && type == 'S')
		memcpy(header + 40, setup, 8);
	buf_add(bus_now.tap, header, sizeof(header));
	if (len)
		buf_add(bus_now.tap, bytes, len);
}

/* ---- the emulator's side: a transport ---- */

static inline void *
bus_emu_open(struct emu *emu, const struct emu_options *options, const char **why)
{
	for (size_t i = 0; i < BUS_DEVICES; i++)
		if (bus_devices[i].emu == emu || !bus_devices[i].emu)
			return &bus_devices[i];
	return NULL;
}

/* The answer as it arrives, in OUT. */
static inline size_t
bus_spoil(const struct bus_handle *handle, const struct emu_message *message, unsigned char *out)
{
	size_t len = message->len;

	if (len)
		memcpy(out, message->bytes, len);
	if (!handle->spoils)
		return len;
	switch (bus_now.spoilt) {
	case BUS_EMPTY:
		return 0;
	case BUS_ONE_BYTE:
		return len ? 1 : 0;
	case BUS_HALF:
		return len / 2;
	case BUS_WRONG_ID:
		out[0] = (unsigned char)(out[0] + handle->of_report);
		return len;
	case BUS_LONGER:
		if (len < handle->room)
			memset(out + len, 0xff, handle->room - len);
		return handle->room;
	case BUS_WHOLE:
		break;
	}
	return len;
}

/* As on the wire: a packet that is not full ends a transfer, and so do as many bytes as it has room
 * for; more are a fault. */
static inline void
bus_interrupt(struct bus_handle *handle, const struct emu_message *message)
{
	const struct emu_usb *usb = emu_usb_of(&handle->device->file);
	unsigned char bytes[EMU_USB_REPORT_MAX];
	size_t len = handle->heard_len + message->len;

	cr_assert_leq(len, handle->listen_room, "the interrupt transfer overflows");
	memcpy(handle->heard + handle->heard_len, message->bytes, message->len);
	handle->heard_len = len;
	if (message->len % usb->packet == 0 && len < handle->listen_room)
		return;
	memcpy(bytes, handle->heard, len);
	handle->heard_len = 0;
	handle->calls->heard(handle->owner, bytes, len);
}

static inline void
bus_emu_write(void *port, const struct emu_message *message)
{
	unsigned char bytes[EMU_USB_DESCRIPTOR_MAX] = { 0 };
	struct bus_device *device = port;
	struct bus_handle *handle = device->open;

	if (!handle || !device->present)
		return;
	if (message->kind == EMU_REPORT) {
		bus_tap('C', 0, NULL, 0, message->bytes, message->len, message->len);
		if (handle->listens && !message->broken)
			bus_interrupt(handle, message);
		return;
	}
	if (message->tag != handle->asked)
		return;
	handle->asked = 0;
	bus_tap('C', message->tag, message->setup, message->refused ? -32 : 0, message->bytes,
	    message->setup[0] & 0x80 ? message->len : 0, message->len);
	size_t len = bus_spoil(handle, message, bytes);

	handle->calls->answered(handle->owner,
	    message->refused  ? EXCHANGE_REFUSED
	    : message->broken ? EXCHANGE_BROKEN
			      : EXCHANGE_ANSWERED,
	    bytes, len);
}

static inline const char *
bus_emu_where(void *port)
{
	return "bus";
}

static inline void
bus_emu_close(void *port)
{
}

static const struct emu_transport bus_transport = { .name = "bus",
	.usb = true,
	.open = bus_emu_open,
	.write = bus_emu_write,
	.where = bus_emu_where,
	.close = bus_emu_close };

/* ---- the driver's side: a back end ---- */

static inline void *
bus_open(struct loop *loop, const char **why)
{
	return bus_devices;
}

static inline void
bus_close(void *bus)
{
}

static inline bool
bus_describe(void *bus, size_t i, const struct usb_choice *choice, struct usb_about *out)
{
	*out = (struct usb_about){ 0 };
	if (i >= BUS_DEVICES)
		return false;
	if (!bus_devices[i].emu || !bus_devices[i].present)
		return true;
	const struct emu_usb *usb = emu_usb_of(&bus_devices[i].file);

	*out = (struct usb_about){ .vendor = (uint16_t)usb->vendor,
		.product = (uint16_t)usb->product,
		.release = (uint16_t)usb->release,
		.bus = 1,
		.address = bus_devices[i].address,
		.string_of = { usb->manufacturer, usb->name, usb->serial },
		.interface =
		    (uint8_t)(choice->interface == -1 ? (int)usb->interface : choice->interface),
		.in_endpoint =
		    (uint8_t)(choice->in_endpoint == -1 ? 0x81 : 0x80 | choice->in_endpoint),
		.out_endpoint = (uint8_t)(choice->out_endpoint == -1 ? (int)usb->out_endpoint
								     : choice->out_endpoint),
		.in_packet = (uint16_t)usb->packet,
		.is_hid = !usb->no_hid,
		.is_fast = usb->full_speed };
	snprintf(out->port, sizeof(out->port), "1-%zu", i + 1);
	return true;
}

static inline void *
bus_open_device(void *bus, size_t i, const struct usb_about *about, const struct usb_calls *calls,
    void *owner, const char **why)
{
	struct bus_handle *handle;

	if (bus_devices[i].denied || bus_devices[i].open) {
		errno = bus_devices[i].open ? EBUSY : bus_devices[i].denied;
		return NULL;
	}
	handle = calloc(1, sizeof(*handle));
	*handle = (struct bus_handle){ .device = &bus_devices[i], .calls = calls, .owner = owner };
	bus_now.choice = *about->choice;
	bus_now.in_endpoint = about->in_endpoint;
	bus_devices[i].open = handle;
	bus_now.opens++;
	return handle;
}

static inline void
bus_close_device(void *owner)
{
	struct bus_handle *handle = owner;

	handle->device->open = NULL;
	bus_now.closes++;
	free(handle);
}

static inline bool
bus_fails(void)
{
	unsigned k = bus_now.transfers;

	if (!bus_now.fail_at || k < bus_now.fail_at || k > bus_now.fail_to)
		return false;
	/* Scattered, so that it is not the same one of each round. */
	return !bus_now.spare || (k * 2654435761u >> 16) % bus_now.spare;
}

static inline bool
bus_control(void *owner, const void *setup, size_t len)
{
	struct bus_handle *handle = owner;
	const unsigned char *bytes = setup;
	size_t data = bytes[0] & 0x80 ? 0 : bytes[6] | (size_t)bytes[7] << 8;
	struct emu_message message = {
		.kind = EMU_CONTROL, .bytes = bytes + 8, .len = len - 8, .tag = ++bus_now.transfers
	};
	bool fails = bus_fails();

	cr_assert_eq(handle->asked, 0, "two transfers at once");
	/* all that is sent was meant to be. */
	cr_assert_eq(len, 8 + data);
	cr_assert_eq(VALGRIND_CHECK_MEM_IS_DEFINED(setup, len), 0);

	if ((bytes[0] & 0x1f) == 1)
		bus_now.interface_asked = bytes[4] | (unsigned)bytes[5] << 8;
	if (bytes[0] == 0x81 && bytes[1] == 6 && bytes[3] == 0x22)
		bus_now.descriptor_asked = bytes[2] | (unsigned)bytes[3] << 8;
	if (!handle->device->present)
		return false;
	handle->asked = message.tag;
	handle->room = bytes[6] | (size_t)bytes[7] << 8;
	handle->of_report = bytes[0] == 0xa1 && bytes[1] == 1;
	handle->spoils = fails && bus_now.spoilt;
	fails = fails && !bus_now.spoilt;
	if (fails && bus_now.fail_how == EXCHANGE_TIMEOUT)
		return true;
	if (fails) {
		handle->asked = 0;
		handle->calls->answered(handle->owner, bus_now.fail_how, NULL, 0);
		return true;
	}
	memcpy(message.setup, setup, 8);
	bus_tap('S', message.tag, setup, 0, bytes + 8, data, handle->room);
	emu_hear(handle->device->emu, &message);
	return true;
}

static inline bool
bus_send(void *owner, uint8_t endpoint, const void *bytes, size_t len)
{
	struct bus_handle *handle = owner;
	struct emu_message message = {
		.kind = EMU_REPORT, .bytes = bytes, .len = len, .tag = ++bus_now.transfers
	};

	bus_now.sent_to = endpoint;
	handle->room = 0;
	handle->of_report = handle->spoils = false;
	if (!handle->device->present)
		return false;
	if (bus_fails()) {
		if (bus_now.fail_how != EXCHANGE_TIMEOUT)
			handle->calls->answered(handle->owner, bus_now.fail_how, NULL, 0);
		return true;
	}
	handle->asked = message.tag;
	emu_hear(handle->device->emu, &message);
	return true;
}

static inline void
bus_cancel(void *owner)
{
	((struct bus_handle *)owner)->asked = 0;
}

static inline bool
bus_listen(void *owner, size_t len)
{
	struct bus_handle *handle = owner;

	handle->listens = !bus_now.pipe_fails;
	handle->listen_room = len;
	handle->heard_len = 0;
	return handle->listens;
}

static inline bool
bus_clear_halt(void *owner)
{
	bus_now.halts++;
	return true;
}

static inline bool
bus_reset(void *owner)
{
	bus_now.resets++;
	return true;
}

static const struct usb_backend bus_backend = { .name = "bus",
	.bus_open = bus_open,
	.bus_close = bus_close,
	.describe = bus_describe,
	.open = bus_open_device,
	.close = bus_close_device,
	.control = bus_control,
	.send = bus_send,
	.cancel = bus_cancel,
	.listen = bus_listen,
	.clear_halt = bus_clear_halt,
	.reset = bus_reset };

static inline void *
bus_port_open(struct core *core, const char **why)
{
	return usb_port_open(core, &bus_backend, why);
}

static const struct carrier bus_carrier = { .name = "bus",
	.open = bus_port_open,
	.ask = usb_port_ask,
	.close = usb_port_close,
	.cancel = usb_port_cancel };

/* ---- what a test does ---- */

static inline struct loop *
bus_begin(void)
{
	memset(&bus_now, 0, sizeof(bus_now));
	memset(bus_devices, 0, sizeof(bus_devices));
	return bus_now.loop = fast_loop();
}

/* The device file at PATH is put in; SERIAL changes its serial number, NULL leaves it. */
static inline struct bus_device *
bus_plug_file(const char *path, const char *serial)
{
	struct faults faults = { 0 };
	struct bus_device *device = bus_devices;
	const char *why;

	while (device->emu)
		device++;
	cr_assert(emu_device_read(&device->file, path, &faults), "%s",
	    faults.len ? faults.list[0].text : path);
	if (serial) {
		struct emu_usb *usb = (struct emu_usb *)emu_usb_of(&device->file);

		strcpy(usb->strings[usb->serial], serial);
	}
	struct emu *emu = emu_new(bus_now.loop, &device->file, &bus_transport, NULL);

	cr_assert(emu_plug(emu, &why));
	device->emu = emu;
	device->present = true;
	device->address = (unsigned)(device - bus_devices) + 2;
	return device;
}

/* The one of emulators/devices. */
static inline struct bus_device *
bus_plug(const char *name, const char *serial)
{
	char path[256];

	snprintf(path, sizeof(path), "emulators/devices/%s.dev", name);
	return bus_plug_file(path, serial);
}

static inline void
bus_pull(struct bus_device *device)
{
	struct bus_handle *handle = device->open;

	device->present = false;
	if (handle && (handle->asked || handle->listens)) {
		handle->asked = 0;
		handle->calls->answered(handle->owner, EXCHANGE_LOST, NULL, 0);
	}
}

static inline void
bus_put_back(struct bus_device *device)
{
	device->present = true;
	device->address += BUS_DEVICES;
}

static inline const char *
bus_order(struct bus_device *device, const char *text)
{
	char line[256];
	struct words words;
	struct buf out = { 0 };

	snprintf(line, sizeof(line), "%s", text);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	const char *why = emu_order(device->emu, &words, &out);

	buf_free(&out);
	return why;
}

static inline const char *
bus_show(struct bus_device *device, const char *name)
{
	static char value[EMU_SHOWN];

	cr_assert(emu_show_one(device->emu, name, value), "%s", name);
	return value;
}

static inline void
bus_end(struct core *core)
{
	core_free(core);
	for (size_t i = 0; i < BUS_DEVICES; i++)
		if (bus_devices[i].emu) {
			emu_free(bus_devices[i].emu);
			emu_device_free(&bus_devices[i].file);
		}
	cr_expect_eq(bus_now.opens, bus_now.closes, "a device is still open");
	fast_end(bus_now.loop);
}

#endif
