/* qx - a UPS of the Q* protocols that answers well, but for what the input says, and the driver
 * nutdrv_qx (or blazer_ser) at the other end.
 *
 * The first byte chooses the emulated device, the second is the protocol= of the driver.  Then a
 * line of the input is one thing that happens, told by its first byte:
 *	= Q a	from now on question Q is answered by a;  M: none is;  ~: all are, and well
 *	+	unasked, the rest comes with a CR;  -: without
 *	O	an order to the device ("mains off");  1: a peer of the driver says the rest
 *	T	as many seconds pass as the rest has bytes;  U: the port is lost
 *	R	a reload with this as one more setting;  c, before all others: a setting
 *
 * What is published as read from it, it has said; and when it is silent, data become stale. */
#include "fuzz/lib/drive.h"

#include "drivers/proto/frame.h"
#include "drivers/proto/qshex.h"
#include "emulators/emu.h"

#include <stdio.h>

#define OTHERS 16

static const char *const devices[] = { "megatec-500", "voltronic-qs-850", "powerwalker-vfi-1000",
	"mecer-me-1000", "mustek-powermust-800", "zinto-1000", "q1-only", "megatec-old-600",
	"voltronic-few-words", "rucelf-upoii-3000", "qs-hex-650", "qs-hex-1500",
	"best-fortress-750", "best-axxium-1500" };
#define DEVICES (sizeof(devices) / sizeof(*devices))
static const char *const protocols[] = { NULL, "megatec", "megatec/old", "mecer", "mustek", "q1",
	"voltronic", "voltronic-qs", "zinto", "hunnox", "voltronic-qs-hex", "bestups" };
#define PROTOCOLS (sizeof(protocols) / sizeof(*protocols))

/* A byte below 80 means what it meant when there were only the first OLD of COUNT: the corpus is
 * full of them. */
static size_t
chosen(uint8_t byte, size_t old, size_t count)
{
	return byte < 0x80 ? byte % old : byte % count;
}

static struct emu_device_file files[DEVICES]; /* read once */

static struct line {
	struct core *core;
	struct emu *emu;
	bool mute, cut; /* nothing is asked; nothing comes back, either, be it late */
	struct {
		char *question, *answer; /* owned */
	} other[OTHERS];
	size_t others;
	struct buf heard; /* all that came to the driver */
} line;

/* ---- the device's end ---- */

static void *
emu_end(struct emu *emu, const struct emu_options *options, const char **why)
{
	return &line;
}

static void
emu_says(void *port, const struct emu_message *message)
{
	if (!line.core || line.cut)
		return;
	buf_add(&line.heard, message->bytes, message->len);
	core_arrived(line.core, message->bytes, message->len);
}

static const char *
emu_is_at(void *port)
{
	return "line";
}

static void
nothing(void *port)
{
}

static const struct emu_transport transport = {
	.name = "line", .open = emu_end, .write = emu_says, .where = emu_is_at, .close = nothing
};

/* ---- the driver's end ---- */

static void *
open_line(struct core *core, const char **why)
{
	line.core = core;
	return &line;
}

static void
ask(void *port, const struct exchange *exchange)
{
	struct emu_message message = {
		.kind = EMU_BYTES, .bytes = exchange->question, .len = exchange->question_len
	};

	must(exchange->question_len <= 64, "%zu bytes are asked", exchange->question_len);
	if (line.mute || !exchange->question_len)
		return;
	for (size_t i = line.others; i--;) {
		size_t len = strlen(line.other[i].question);

		if (exchange->question_len != len + 1 ||
		    memcmp(exchange->question, line.other[i].question, len) != 0)
			continue;
		emu_blurt(line.emu, line.other[i].answer, strlen(line.other[i].answer));
		emu_blurt(line.emu, "\r", 1);
		return;
	}
	emu_hear(line.emu, &message);
}

static void
close_line(void *port)
{
	line.core = NULL;
}

static const struct carrier carrier = {
	.name = "line", .open = open_line, .ask = ask, .close = close_line
};

/* ---- what happens ---- */

static void
forget_others(void)
{
	while (line.others) {
		free(line.other[--line.others].question);
		free(line.other[line.others].answer);
	}
}

static void
answer_by(const char *rest, size_t len)
{
	const char *blank = memchr(rest, ' ', len);
	size_t question = blank ? (size_t)(blank - rest) : len;

	if (line.others == OTHERS)
		return;
	line.other[line.others].question = fuzz_text(rest, question);
	line.other[line.others++].answer =
	    blank ? fuzz_text(blank + 1, len - question - 1) : fuzz_text("", 0);
}

static void
happen(struct drive *drive, char what, const char *rest, size_t len)
{
	switch (what) {
	case '=':
		answer_by(rest, len);
		break;
	case '~':
		forget_others();
		line.mute = false;
		break;
	case 'M':
		line.mute = true;
		break;
	case '+':
	case '-':
		emu_blurt(line.emu, rest, len);
		emu_blurt(line.emu, "\r", what == '+');
		break;
	case 'U':
		if (line.core)
			core_port_lost(line.core, "unplugged");
		break;
	default:
		drive_happen(drive, what, rest, len);
	}
	drive_run(drive, 50);
}

/* Then some of it was never said in letters. */
static bool
heard_binary(void)
{
	const char *at = buf_bytes(&line.heard);
	size_t left = buf_len(&line.heard), len;
	struct qshex_status status;

	for (; (len = frame_line(at, left)); at += len, left -= len)
		/* Other things may stand before it in the line. */
		for (size_t i = 0; i < len; i++)
			if (at[i] == '#' && !qshex_status_parse(&status, at + i, len - i))
				return true;
	return false;
}

/* What is published as read from the device, it has said, perhaps with noughts in front. */
static void
check_said(struct core *core)
{
	static const char *const names[] = { "input.voltage", "output.voltage", "input.frequency",
		"output.frequency", "ups.temperature", "ups.load" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = core_get(core, names[i]);

		must(!value ||
			 memmem(buf_bytes(&line.heard), buf_len(&line.heard), value, strlen(value)),
		    "%s is %s, which nobody said", names[i], value);
	}
}

/* false: its settings are refused. */
static bool
begin(struct drive *drive, size_t device, const char *protocol)
{
	extern const struct driver nutdrv_qx_driver, blazer_ser_driver;
	static struct driver driver;
	char text[200];
	const char *settings[] = { "port=x", text, NULL };

	driver = device == 0 && protocol ? blazer_ser_driver : nutdrv_qx_driver;
	driver.carrier = &carrier;
	snprintf(text, sizeof(text), "protocol=%s", protocol ? protocol : "");
	settings[1] = protocol && driver.name[0] == 'n' ? text : NULL;
	drive_device(drive, &files[device], devices[device], &transport);
	line.emu = drive->emu;
	return drive_begin(drive, &driver, settings);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	const char *text, *protocol;
	size_t device, len;

	if (size < 2)
		return 0;
	device = chosen(data[0], 10, DEVICES);
	protocol = protocols[chosen(data[1], 9, PROTOCOLS)];
	data += 2;
	line.heard.max = 16 << 20;
	drive_settings(&drive, &data, end);
	if (!begin(&drive, device, protocol))
		goto out;
	drive_run(&drive, 3000);
	for (int n = 0; n < 40 && fuzz_line(&data, end, &text, &len); n++)
		if (len)
			happen(&drive, *text, text + 1, len - 1);
	drive_run(&drive, 3000);
	drive_check(&drive, true);
	if (!drive_is_overridden(&drive) && !heard_binary())
		check_said(drive.core);
	line.mute = line.cut = true;
	drive_check_silence(&drive);
out:
	drive_end(&drive);
	forget_others();
	buf_free(&line.heard);
	memset(&line, 0, sizeof(line));
	return 0;
}
