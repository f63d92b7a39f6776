/* bridges - a UPS of the Q* protocols behind a USB bridge, which carries well, but for what the
 * input says, and the driver nutdrv_qx at the other end.
 *
 * The first byte chooses the emulated device.  Then a line of the input is one thing that happens,
 * told by its first byte:
 *	s k b	string k (a byte) is the descriptor b
 *	x	transfers are stalled;  y: they fail;  z: they do not end;  ~: all is well again
 *	p	an interrupt report;  =: the next transfer is answered when it has come
 *	O	an order to the device;  1: a peer of the driver says the rest
 *	T	as many seconds pass as the rest has bytes;  U: unplugged, or plugged in again */
#include "fuzz/lib/drive.h"

#include "drivers/core/usb.h"
#include "drivers/proto/hid.h"
#include "emulators/emu.h"
#include "emulators/orders.h"
#include "emulators/usbdev.h"

#include <stdio.h>

#define STRINGS 24

static const char *const devices[] = { "usb-cypress", "usb-phoenix", "usb-ippon", "usb-sgs",
	"usb-armac", "usb-fuji", "usb-krauler", "usb-fabula", "usb-hunnox", "usb-snr" };
#define DEVICES (sizeof(devices) / sizeof(*devices))

static struct emu_device_file files[DEVICES]; /* read once */

static struct bus {
	struct emu *emu;
	const struct emu_usb *usb;
	bool present, opened, listens;
	char spoils; /* x, y, z; 0: all is well */
	const struct usb_calls *calls;
	void *owner;
	uint64_t asked; /* the tag of the transfer that runs; 0: none */
	uint64_t tag;
	struct buf early; /* a report that comes before the next transfer has ended */
	struct {
		unsigned number;
		size_t len;
		char *bytes; /* owned */
	} string[STRINGS];
	size_t strings;
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
	if (bus.present)
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

static bool
answer_otherwise(const unsigned char *setup)
{
	size_t length = setup[6] | (size_t)setup[7] << 8;

	for (size_t i = bus.strings; setup[0] == 0x80 && setup[1] == 6 && setup[3] == 3 && i--;)
		if (bus.string[i].number == setup[2]) {
			answered(EXCHANGE_ANSWERED, bus.string[i].bytes,
			    bus.string[i].len < length ? bus.string[i].len : length);
			return true;
		}
	return false;
}

/* false: the emulated device is to answer. */
static bool
is_spoilt(void)
{
	if (bus.spoils == 'x' || bus.spoils == 'y')
		answered(bus.spoils == 'x' ? EXCHANGE_REFUSED : EXCHANGE_BROKEN, NULL, 0);
	else if (!bus.spoils && bus.listens && buf_len(&bus.early)) {
		struct buf report = bus.early;

		bus.early = (struct buf){ .max = 4096 };
		bus.calls->heard(bus.owner, buf_bytes(&report), buf_len(&report));
		buf_free(&report);
	}
	return bus.spoils != 0;
}

static bool
control(void *handle, const void *setup, size_t len)
{
	struct emu_message message = {
		.kind = EMU_CONTROL, .bytes = (const char *)setup + 8, .len = len - 8
	};

	must(len >= 8, "%zu bytes are no request", len);
	must(!bus.asked, "two transfers at once");
	if (!bus.present)
		return false;
	message.tag = bus.asked = ++bus.tag;
	memcpy(message.setup, setup, 8);
	if (!is_spoilt() && bus.asked && !answer_otherwise(setup))
		emu_hear(bus.emu, &message);
	return true;
}

static bool
send_report(void *handle, uint8_t endpoint, const void *bytes, size_t len)
{
	struct emu_message message = { .kind = EMU_REPORT, .bytes = bytes, .len = len };

	must(!bus.asked && endpoint == 2 && len == 8, "no such report");
	if (!bus.present)
		return false;
	message.tag = bus.asked = ++bus.tag;
	if (!is_spoilt() && bus.asked)
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
	must(len >= 8 && len % 8 == 0, "%zu bytes end in the midst of a packet", len);
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
	.send = send_report,
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

static void
string_is(const char *rest, size_t len)
{
	if (!len || bus.strings == STRINGS)
		return;
	bus.string[bus.strings].number = (unsigned char)*rest;
	bus.string[bus.strings].len = len - 1;
	bus.string[bus.strings++].bytes = fuzz_copy(rest + 1, len - 1);
}

static void
forget_strings(void)
{
	while (bus.strings)
		free(bus.string[--bus.strings].bytes);
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
	char *copy = fuzz_copy(rest, len);

	switch (what) {
	case 's':
		string_is(rest, len);
		break;
	case 'x' ... 'z':
		bus.spoils = what;
		break;
	case '~':
		bus.spoils = 0;
		forget_strings();
		break;
	case 'p':
		(void)hid_is_power_device(copy, len);
		if (bus.listens)
			bus.calls->heard(bus.owner, copy, len);
		break;
	case '=':
		buf_take(&bus.early, buf_len(&bus.early));
		buf_add(&bus.early, copy, len);
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
	free(copy);
	drive_run(drive, 50);
}

static void
begin(struct drive *drive, size_t device)
{
	extern const struct driver nutdrv_qx_driver;
	static const char *const snr[] = { "port=auto", "subdriver=snr", "vendorid=0001",
		"productid=0000", NULL };
	static const char *const others[] = { "port=auto", NULL };
	static struct driver driver;
	struct faults faults = { 0 };
	char path[100];
	const char *why;

	driver = nutdrv_qx_driver;
	driver.usb_carrier = &carrier;
	snprintf(path, sizeof(path), "emulators/devices/%s.dev", devices[device]);
	if (!files[device].model)
		must(emu_device_read(&files[device], path, &faults), "%s", faults_first(&faults));
	faults_free(&faults);
	bus.usb = emu_usb_of(&files[device]);
	bus.emu = emu_new(drive_loop(drive), &files[device], &transport, NULL);
	bus.present = true;
	bus.early.max = 4096;
	must(bus.emu && emu_plug(bus.emu, &why), "no device");
	must(drive_begin(drive, &driver, device == DEVICES - 1 ? snr : others), "no driver");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	const char *text;
	size_t len;

	if (!size)
		return 0;
	begin(&drive, *data++ % DEVICES);
	drive_run(&drive, 6000);
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
	forget_strings();
	buf_free(&bus.early);
	memset(&bus, 0, sizeof(bus));
	return 0;
}
