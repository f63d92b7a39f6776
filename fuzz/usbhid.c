/* usbhid - a USB UPS that answers well, but for what the input says, and the driver usbhid-ups at
 * the other end.
 *
 * The first byte chooses the emulated device.  Then a line of the input is one thing that happens,
 * told by its first byte, and the next may be a number (of 4 bytes each in d):
 *	d k b	the report descriptor: from byte k on it is b (before the first of another kind)
 *	s k b	string k is the descriptor b;  f k b, i k b: feature or input report k is b
 *	x	requests are stalled;  y: they fail;  z: they are not answered;  ~: all is well
 *again p	an interrupt report;  O: an order to the device;  1: a peer of the driver says the
 *rest T	as many seconds pass as the rest has bytes;  U: unplugged, or plugged in again */
#include "fuzz/lib/drive.h"

#include "drivers/core/usb.h"
#include "emulators/emu.h"
#include "emulators/orders.h"
#include "emulators/usbdev.h"

#include <stdio.h>

#define OTHERS 24

static const char *const devices[] = { "cyberpower-cp1500", "eaton-3s-700", "apc-backups-500",
	"liebert-psi5", "powercom-bnt-1000", "tripplite-smart-3016", "arduino-hidpowerdevice",
	"generic-5131-2007", "apc-smartups-3000" };
#define DEVICES (sizeof(devices) / sizeof(*devices))

static struct emu_device_file files[DEVICES]; /* read once */

static struct bus {
	struct emu *emu;
	const struct emu_usb *usb;
	bool present, opened, listens;
	char spoils; /* x, y, z; 0: all is well */
	const struct usb_calls *calls;
	void *owner;
	uint64_t asked; /* the tag of the request that runs; 0: none */
	uint64_t tag;
	struct {
		char kind;
		unsigned number;
		size_t len;
		char *bytes; /* owned */
	} other[OTHERS];
	size_t others;
} bus;

/* ---- the device's end ---- */

static void *
emu_end(struct emu *emu, const struct emu_options *options, const char **why)
{
	return &bus;
}

static void
answered(enum exchange_end end, const void *bytes, size_t len)
{
	if (!bus.asked)
		return;
	bus.asked = 0;
	bus.calls->answered(bus.owner, end, bytes, len);
}

static void
emu_says(void *port, const struct emu_message *message)
{
	if (!bus.opened || !bus.present)
		return;
	if (message->kind == EMU_REPORT) {
		if (bus.listens)
			bus.calls->heard(bus.owner, message->bytes, message->len);
	} else if (message->tag == bus.asked) {
		answered(message->refused  ? EXCHANGE_REFUSED
			 : message->broken ? EXCHANGE_BROKEN
					   : EXCHANGE_ANSWERED,
		    message->bytes, message->len);
	}
}

static const char *
emu_is_at(void *port)
{
	return "bus";
}

static void
nothing(void *port)
{
}

static const struct emu_transport transport = { .name = "bus",
	.usb = true,
	.open = emu_end,
	.write = emu_says,
	.where = emu_is_at,
	.close = nothing };

/* ---- the driver's end ---- */

static void *
open_bus(struct loop *loop, const char **why)
{
	return &bus;
}

static bool
describe(void *of, size_t i, struct usb_about *out)
{
	*out = (struct usb_about){ 0 };
	if (i > 0)
		return false;
	if (!bus.present)
		return true;
	*out = (struct usb_about){ .vendor = (uint16_t)bus.usb->vendor,
		.product = (uint16_t)bus.usb->product,
		.bus = 1,
		.address = 2,
		.port = "1-1",
		.string_of = { bus.usb->manufacturer, bus.usb->name, bus.usb->serial },
		.in_endpoint = 0x81,
		.in_packet = (uint16_t)bus.usb->packet,
		.is_hid = true };
	return true;
}

static void *
open_device(void *of, size_t i, const struct usb_about *about, const struct usb_calls *calls,
    void *owner, const char **why)
{
	must(!bus.opened, "opened twice");
	bus.opened = true;
	bus.calls = calls;
	bus.owner = owner;
	return &bus;
}

static void
close_device(void *handle)
{
	bus.opened = bus.listens = false;
	bus.asked = 0;
}

/* The answer that the input gives to SETUP, if it does. */
static bool
answer_otherwise(const unsigned char *setup)
{
	unsigned type = setup[3], length = setup[6] | (unsigned)setup[7] << 8;
	char kind = setup[0] == 0x81 && setup[1] == 6 && type == 0x22 ? 'd'
		    : setup[0] == 0x80 && setup[1] == 6 && type == 3  ? 's'
		    : setup[0] == 0xa1 && setup[1] == 1 && type == 3  ? 'f'
		    : setup[0] == 0xa1 && setup[1] == 1 && type == 1  ? 'i'
								      : 0;

	for (size_t i = bus.others; kind && i--;)
		if (bus.other[i].kind == kind && (kind == 'd' || bus.other[i].number == setup[2])) {
			answered(EXCHANGE_ANSWERED, bus.other[i].bytes,
			    bus.other[i].len < length ? bus.other[i].len : length);
			return true;
		}
	return false;
}

static bool
control(void *handle, const void *setup, size_t len)
{
	struct emu_message message = {
		.kind = EMU_CONTROL, .bytes = (const char *)setup + 8, .len = len - 8
	};

	must(len >= 8, "%zu bytes are no request", len);
	if (!bus.present)
		return false;
	message.tag = bus.asked = ++bus.tag;
	memcpy(message.setup, setup, 8);
	if (bus.spoils == 'x' || bus.spoils == 'y')
		answered(bus.spoils == 'x' ? EXCHANGE_REFUSED : EXCHANGE_BROKEN, NULL, 0);
	else if (!bus.spoils && !answer_otherwise(setup))
		emu_hear(bus.emu, &message);
	return true;
}

static void
cancel(void *handle)
{
	bus.asked = 0;
}

static bool
start_listening(void *handle, size_t len)
{
	return bus.listens = true;
}

static bool
mend(void *handle)
{
	return true;
}

static const struct usb_backend backend = { .name = "bus",
	.bus_open = open_bus,
	.bus_close = nothing,
	.describe = describe,
	.open = open_device,
	.close = close_device,
	.control = control,
	.cancel = cancel,
	.listen = start_listening,
	.clear_halt = mend,
	.reset = mend };

static void *
open_port(struct core *core, const char **why)
{
	return usb_port_open(core, &backend, why);
}

static const struct carrier carrier = { .name = "bus",
	.open = open_port,
	.ask = usb_port_ask,
	.close = usb_port_close,
	.cancel = usb_port_cancel };

/* ---- what happens ---- */

static void
plug(bool in)
{
	bus.present = in;
	if (!in && bus.opened && (bus.asked || bus.listens)) {
		bus.asked = 0;
		bus.calls->answered(bus.owner, EXCHANGE_LOST, NULL, 0);
	}
}

/* REST: a byte that is the number, and what is to be said. */
static void
answer_by(char kind, const char *rest, size_t len)
{
	size_t from = len ? (unsigned char)*rest : 0, room = len ? len - 1 : 0;
	char *bytes;

	if (!len || bus.others == OTHERS)
		return;
	bytes = fuzz_text(rest + 1, room);
	if (kind == 'd') {
		size_t all = bus.usb->report_descriptor_len;

		free(bytes);
		bytes = fuzz_copy(bus.usb->report_descriptor, all);
		for (size_t i = 0; i < room && 4 * from + i < all; i++)
			bytes[4 * from + i] = rest[1 + i];
		room = all;
	}
	bus.other[bus.others].kind = kind;
	bus.other[bus.others].number = (unsigned)from;
	bus.other[bus.others].len = room;
	bus.other[bus.others++].bytes = bytes;
}

static void
forget_others(void)
{
	while (bus.others)
		free(bus.other[--bus.others].bytes);
}

static void
order(const char *rest, size_t len)
{
	char *text = fuzz_text(rest, len);
	struct buf shown = { 0 };
	struct words words;

	if (words_split(&words, text, WORDS_SOCKET) == WORDS_OK && words.len)
		(void)emu_order(bus.emu, &words, &shown);
	buf_free(&shown);
	free(text);
}

static void
happen(struct drive *drive, char what, const char *rest, size_t len)
{
	switch (what) {
	case 's':
	case 'f':
	case 'i':
		answer_by(what, rest, len);
		break;
	case 'x' ... 'z':
		bus.spoils = what;
		break;
	case '~':
		bus.spoils = 0;
		forget_others();
		break;
	case 'p':
		if (bus.listens)
			bus.calls->heard(bus.owner, rest, len);
		break;
	case 'O':
		order(rest, len);
		break;
	case '1':
		drive_say(drive, rest, len);
		break;
	case 'T':
		drive_run(drive, 1000 * (int64_t)(len < 40 ? len : 40));
		break;
	case 'U':
		plug(!bus.present);
		break;
	}
	drive_run(drive, 50);
}

static void
begin(struct drive *drive, size_t device)
{
	struct faults faults = { 0 };
	char path[100];
	const char *why;

	snprintf(path, sizeof(path), "emulators/devices/%s.dev", devices[device]);
	if (!files[device].model)
		must(emu_device_read(&files[device], path, &faults), "%s", faults_first(&faults));
	faults_free(&faults);
	bus.usb = files[device].model->usb(&files[device]);
	bus.emu = emu_new(drive_loop(drive), &files[device], &transport, NULL);
	bus.present = true;
	must(bus.emu && emu_plug(bus.emu, &why), "no device");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extern const struct driver usbhid_ups_driver;
	static const char *const settings[] = { "port=auto", "vendorid=.*", NULL };
	struct driver driver = usbhid_ups_driver;
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	const char *text;
	size_t len;

	if (!size)
		return 0;
	driver.carrier = &carrier;
	begin(&drive, *data++ % DEVICES);
	while (data < end && strchr("dsfi", *data) && fuzz_line(&data, end, &text, &len))
		answer_by(*text, text + 1, len - 1);
	must(drive_begin(&drive, &driver, settings), "no driver");
	drive_run(&drive, 3000);
	for (int n = 0; n < 40 && fuzz_line(&data, end, &text, &len); n++)
		if (len)
			happen(&drive, *text, text + 1, len - 1);
	drive_run(&drive, 3000);
	drive_check(&drive, true);
	bus.spoils = 'z';
	drive_run(&drive, 40000);
	must(!publish_is_fresh(drive.core->publish), "fresh, though nobody answers");
	emu_free(bus.emu);
	drive_end(&drive);
	forget_others();
	memset(&bus, 0, sizeof(bus));
	return 0;
}
