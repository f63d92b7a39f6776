#include "fuzz/lib/cable.h"

struct cable cable;

/* ---- the device's end ---- */

static void *
emu_end(struct emu *emu, const struct emu_options *options, const char **why)
{
	return &cable;
}

static void
answered(enum exchange_end end, const void *bytes, size_t len)
{
	if (!cable.asked)
		return;
	cable.asked = 0;
	cable.calls->answered(cable.owner, end, bytes, len);
}

static void
emu_says(void *port, const struct emu_message *message)
{
	if (!cable.opened || !cable.present || cable.silent)
		return;
	if (message->kind == EMU_REPORT) {
		if (cable.listens)
			cable.calls->heard(cable.owner, message->bytes, message->len);
	} else if (message->tag == cable.asked) {
		answered(message->refused  ? EXCHANGE_REFUSED
			 : message->broken ? EXCHANGE_BROKEN
					   : EXCHANGE_ANSWERED,
		    message->bytes, message->len);
	}
}

static const char *
emu_is_at(void *port)
{
	return "cable";
}

static void
nothing(void *port)
{
}

static const struct emu_transport transport = { .name = "cable",
	.usb = true,
	.open = emu_end,
	.write = emu_says,
	.where = emu_is_at,
	.close = nothing };

/* ---- the driver's end ---- */

static void *
open_bus(struct loop *loop, const char **why)
{
	return &cable;
}

static bool
describe(void *of, size_t i, const struct usb_choice *choice, struct usb_about *out)
{
	*out = (struct usb_about){ 0 };
	if (i > 0)
		return false;
	if (cable.present)
		*out = (struct usb_about){ .vendor = (uint16_t)cable.usb->vendor,
			.product = (uint16_t)cable.usb->product,
			.bus = 1,
			.address = 2,
			.port = "1-1",
			.string_of = { cable.usb->manufacturer, cable.usb->name,
			    cable.usb->serial },
			.in_endpoint = 0x81,
			.in_packet = (uint16_t)cable.usb->packet,
			.is_hid = !cable.usb->no_hid };
	return true;
}

static void *
open_device(void *of, size_t i, const struct usb_about *about, const struct usb_calls *calls,
    void *owner, const char **why)
{
	must(!cable.opened, "opened twice");
	cable.opened = true;
	cable.calls = calls;
	cable.owner = owner;
	return &cable;
}

static void
close_device(void *handle)
{
	cable.opened = cable.listens = false;
	cable.asked = 0;
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

	for (size_t i = cable.others; kind && i--;)
		if (cable.other[i].kind == kind &&
		    (kind == 'd' || cable.other[i].number == setup[2])) {
			answered(EXCHANGE_ANSWERED, cable.other[i].bytes,
			    cable.other[i].len < length ? cable.other[i].len : length);
			return true;
		}
	return false;
}

/* false: the emulated device is to answer. */
static bool
is_spoilt(void)
{
	if (cable.spoils == 'x' || cable.spoils == 'y')
		answered(cable.spoils == 'x' ? EXCHANGE_REFUSED : EXCHANGE_BROKEN, NULL, 0);
	else if (!cable.spoils && cable.listens && buf_len(&cable.early)) {
		struct buf report = cable.early;

		cable.early = (struct buf){ .max = 4096 };
		cable.calls->heard(cable.owner, buf_bytes(&report), buf_len(&report));
		buf_free(&report);
	}
	return cable.spoils != 0;
}

static bool
control(void *handle, const void *setup, size_t len)
{
	struct emu_message message = {
		.kind = EMU_CONTROL, .bytes = (const char *)setup + 8, .len = len - 8
	};

	must(len >= 8, "%zu bytes are no request", len);
	must(!cable.asked, "two transfers at once");
	if (!cable.present)
		return false;
	message.tag = cable.asked = ++cable.tag;
	memcpy(message.setup, setup, 8);
	if (!is_spoilt() && cable.asked && !answer_otherwise(setup))
		emu_hear(cable.emu, &message);
	return true;
}

static bool
send_report(void *handle, uint8_t endpoint, const void *bytes, size_t len)
{
	struct emu_message message = { .kind = EMU_REPORT, .bytes = bytes, .len = len };

	must(!cable.asked && endpoint == 2 && len == 8, "no such report");
	if (!cable.present)
		return false;
	message.tag = cable.asked = ++cable.tag;
	if (!is_spoilt() && cable.asked)
		emu_hear(cable.emu, &message);
	return true;
}

static void
cancel(void *handle)
{
	cable.asked = 0;
}

static bool
start_listening(void *handle, size_t len)
{
	must(len && len % cable.usb->packet == 0, "%zu bytes end in the midst of a packet", len);
	return cable.listens = true;
}

static bool
mend(void *handle)
{
	return true;
}

static const struct usb_backend backend = { .name = "cable",
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

const struct carrier cable_carrier = { .name = "cable",
	.open = open_port,
	.ask = usb_port_ask,
	.close = usb_port_close,
	.cancel = usb_port_cancel };

/* ---- what happens ---- */

void
cable_answer(char kind, unsigned number, char *bytes, size_t len)
{
	if (cable.others == CABLE_OTHERS)
		free(bytes);
	else
		cable.other[cable.others++] = (struct cable_other){ kind, number, len, bytes };
}

void
cable_forget_answers(void)
{
	while (cable.others)
		free(cable.other[--cable.others].bytes);
}

void
cable_report(const char *bytes, size_t len)
{
	if (cable.listens)
		cable.calls->heard(cable.owner, bytes, len);
}

static void
plug(bool in)
{
	cable.present = in;
	if (!in && cable.opened && (cable.asked || cable.listens)) {
		cable.asked = 0;
		cable.calls->answered(cable.owner, EXCHANGE_LOST, NULL, 0);
	}
}

void
cable_happen(struct drive *drive, char what, const char *rest, size_t len)
{
	switch (what) {
	case 'x' ... 'z':
		cable.spoils = what;
		break;
	case '~':
		cable.spoils = 0;
		cable_forget_answers();
		break;
	case 'U':
		plug(!cable.present);
		break;
	default:
		drive_happen(drive, what, rest, len);
	}
}

void
cable_begin(struct drive *drive, struct emu_device_file *file, const char *name)
{
	cable.present = true;
	cable.early.max = 4096;
	drive_device(drive, file, name, &transport);
	cable.emu = drive->emu;
	cable.usb = emu_usb_of(file);
}

void
cable_end(struct drive *drive)
{
	drive_check(drive, true);
	cable.spoils = 'z';
	cable.silent = true;
	drive_check_silence(drive);
	cable_break(drive);
}

void
cable_break(struct drive *drive)
{
	drive_end(drive);
	cable_forget_answers();
	buf_free(&cable.early);
	memset(&cable, 0, sizeof(cable));
}
