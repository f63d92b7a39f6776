#include "emulators/bridge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STRING_ASKED 0x0300 /* GET_DESCRIPTOR, a string */
#define PACKET 8

struct kind {
	const char *name;
	/* By reports: the wValue with which they come, 0: at an interrupt endpoint; then their
	 * letters, and a report of the answer. */
	unsigned value;
	size_t (*letters)(char *out, const unsigned char *report, size_t len);
	size_t (*report)(unsigned char *out, const char *text, size_t len, size_t *taken);
	/* By strings: the question for which the string stands.  false: it stalls. */
	bool (*question)(char *out, size_t size, unsigned index);
	const char *obeyed; /* what is said when the UPS has nothing to say to an order */
	unsigned request;   /* of the vendor's, to an endpoint: with that the letters come, bare */
	size_t fetched;	    /* bytes of the report in which the answer waits to be fetched */
	bool out_endpoint, collects;
	unsigned packet; /* bytes; 0: PACKET */
	bool idles;	 /* a report without letters tells that no more are there */
};

struct emu_bridge {
	const struct kind *kind;
	struct emu_usb usb;
};

static struct emu_bridge *
bridge_of(const struct emu *emu)
{
	return emu_device(emu)->bridge;
}

/* ---- reports ---- */

static size_t
plain_letters(char *out, const unsigned char *report, size_t len)
{
	size_t n = 0;

	while (n < len && report[n]) {
		out[n] = (char)report[n];
		n++;
	}
	return n;
}

static size_t
eight_letters(unsigned char *out, const char *text, size_t len, size_t *taken)
{
	*taken = len < PACKET ? len : PACKET;
	memset(out, 0, PACKET);
	memcpy(out, text, *taken);
	return PACKET;
}

static size_t
sixty_four(unsigned char *out, const char *text, size_t len, size_t *taken)
{
	*taken = len < 64 ? len : 64;
	memset(out, 0, 64);
	memcpy(out, text, *taken);
	return 64;
}

static size_t
sgs_letters(char *out, const unsigned char *report, size_t len)
{
	size_t n = len ? report[0] : 0;

	if (n > 7 || n + 1 > len)
		return 0;
	memcpy(out, report + 1, n);
	return n;
}

static size_t
sgs_report(unsigned char *out, const char *text, size_t len, size_t *taken)
{
	*taken = len < 7 ? len : 7;
	memset(out, 0, PACKET);
	out[0] = (unsigned char)*taken;
	memcpy(out + 1, text, *taken);
	return PACKET;
}

/* a1 to a3, and so many letters. */
static size_t
armac_letters(char *out, const unsigned char *report, size_t len)
{
	size_t n = len ? report[0] & 0x0f : 0, taken = 0;

	if (len != 4 || (report[0] & 0xf0) != 0xa0 || n > 3)
		return 0;
	for (size_t i = 1; i <= n; i++)
		if (report[i]) /* a host may send the end of its string, too */
			out[taken++] = (char)report[i];
	return taken;
}

/* Six bytes: 80 and how many letters, five of them; behind them what stood there before. */
static size_t
armac_report(unsigned char *out, const char *text, size_t len, size_t *taken)
{
	*taken = len < 5 ? len : 5;
	memset(out, '0', 6);
	out[0] = (unsigned char)(0x80 | *taken);
	memcpy(out + 1, text, *taken);
	return 6;
}

/* 05 00, how many letters, they; 47 bytes whatever they are. */
static size_t
ablerex_letters(char *out, const unsigned char *report, size_t len)
{
	size_t n = len == 47 ? report[2] : 0;

	if (n > 44 || report[0] != 0x05 || report[1] != 0x00)
		return 0;
	memcpy(out, report + 3, n);
	return n;
}

static size_t
bare_letters(char *out, const unsigned char *report, size_t len)
{
	memcpy(out, report, len);
	return len;
}

/* Nothing fills it up: the last one is a packet that is not full. */
static size_t
bare_report(unsigned char *out, const char *text, size_t len, size_t *taken)
{
	*taken = len < PACKET ? len : PACKET;
	memcpy(out, text, *taken);
	return *taken;
}

static size_t
fuji_letters(char *out, const unsigned char *report, size_t len)
{
	size_t n = len == 8 ? report[2] : 0;

	if (n < 2 || n > 4 || report[0] != 0x80 || report[1] != 0x06 || report[3] != 0x03)
		return 0;
	memcpy(out, report + 4, n - 1);
	out[n - 1] = '\r';
	return n;
}

/* ---- strings ---- */

static bool
copy(char *out, size_t size, const char *text)
{
	if (text)
		snprintf(out, size, "%s\r", text);
	return text != NULL;
}

/* 0b stops whatever runs, a shutdown or a test. */
static bool
krauler_question(char *out, size_t size, unsigned index)
{
	static const char *const questions[] = { [0x03] = "Q1",
		[0x04] = "T",
		[0x05] = "TL",
		[0x07] = "Q",
		[0x0b] = "C\rCT",
		[0x0c] = "I",
		[0x0d] = "F" };

	return index < sizeof(questions) / sizeof(questions[0]) &&
	       copy(out, size, questions[index]);
}

/* 10 to f8: sixteens are the delay, .5 to .9 and 1 to 10 minutes; 8: it comes back. */
static bool
mec_question(char *out, size_t size, unsigned index)
{
	static const char *const delays[] = { ".5", ".6", ".7", ".8", ".9", "01", "02", "03", "04",
		"05", "06", "07", "08", "09", "10" };
	static const char *const questions[] = {
		[0x03] = "Q1", [0x07] = "Q", [0x0a] = "C", [0x0c] = "I", [0x0d] = "F"
	};

	if (index < sizeof(questions) / sizeof(questions[0]))
		return copy(out, size, questions[index]);
	if (index < 0x10 || (index & 7))
		return false;
	snprintf(out, size, "S%s%s\r", delays[index / 16 - 1], index & 8 ? "" : "R0000");
	return true;
}

static const struct kind kinds[] = {
	{ "cypress", .value = 0x0200, .letters = plain_letters, .report = eight_letters },
	{ "phoenix", .value = 0x0200, .letters = plain_letters, .report = eight_letters },
	{ "ippon", .value = 0x0002, .letters = plain_letters, .report = sixty_four,
	    .collects = true },
	{ "sgs", .value = 0x0200, .letters = sgs_letters, .report = sgs_report },
	{ "armac", .packet = 6, .value = 0x0200, .letters = armac_letters, .report = armac_report,
	    .idles = true },
	{ "phoenixtec", .request = 0x0d, .letters = bare_letters, .report = bare_report },
	{ "ablerex", .value = 0x0305, .letters = ablerex_letters, .fetched = 47, .collects = true },
	{ "fuji", .letters = fuji_letters, .report = eight_letters, .out_endpoint = true },
	{ "krauler", .question = krauler_question, .obeyed = "\r", .collects = true },
	{ "mec", .question = mec_question, .obeyed = "UPS No Ack", .collects = true },
};

/* ---- hearing ---- */

/* The UPS hears them when the bridge has told the host that it has them; which may send more at
 * that. */
static bool
take_letters(struct emu *emu, const unsigned char *bytes, size_t len)
{
	struct emu_bridge_now *now = emu_bridge_state(emu);

	if (len > 64 || now->question_len + len > sizeof(now->question))
		return false;
	now->question_len +=
	    bridge_of(emu)->kind->letters(now->question + now->question_len, bytes, len);
	return true;
}

static bool
set_report(
    struct emu *emu, enum emu_usb_report type, unsigned id, const unsigned char *bytes, size_t len)
{
	const struct kind *kind = bridge_of(emu)->kind;

	if (!kind->value || ((unsigned)type << 8 | id) != kind->value)
		return false;
	emu_bridge_state(emu)->answer_len = 0;
	return take_letters(emu, bytes, len);
}

/* What the UPS has said to the last question, however often it is fetched; zeros behind it. */
static bool
get_report(struct emu *emu, enum emu_usb_report type, unsigned id, struct buf *out)
{
	struct emu_bridge_now *now = emu_bridge_state(emu);
	const struct kind *kind = bridge_of(emu)->kind;
	char report[EMU_BRIDGE_TEXT] = { 0 };

	if (!kind->fetched || ((unsigned)type << 8 | id) != kind->value)
		return false;
	memcpy(report, now->answer, now->answer_len);
	return buf_add(out, report, kind->fetched);
}

static void
pass_on(struct emu *emu)
{
	struct emu_bridge_now *now = emu_bridge_state(emu);
	char question[EMU_BRIDGE_TEXT];
	const struct emu_message message = {
		.kind = EMU_BYTES, .bytes = question, .len = now->question_len
	};

	memcpy(question, now->question, now->question_len);
	now->question_len = 0;
	if (message.len)
		emu_hear(emu, &message);
}

static void
say_string(struct emu *emu, const char *text, size_t len)
{
	struct emu_bridge_now *now = emu_bridge_state(emu);
	struct emu_message answer = now->asked;
	size_t room = answer.setup[6] | (size_t)answer.setup[7] << 8;
	unsigned char bytes[255] = { 0, 3 };

	if (len > 126)
		len = 126;
	bytes[0] = (unsigned char)(2 + 2 * len);
	for (size_t i = 0; i < len; i++)
		bytes[2 + 2 * i] = (unsigned char)text[i];
	answer.bytes = bytes;
	answer.len = bytes[0] < room ? bytes[0] : room;
	now->waiting = false;
	emu_transmit(emu, &answer);
}

static unsigned
value_of(const struct emu_message *message)
{
	return message->setup[2] | (unsigned)message->setup[3] << 8;
}

/* A string that stands for a question. */
static bool
ask_string(struct emu *emu, const struct emu_message *message)
{
	const struct kind *kind = bridge_of(emu)->kind;
	struct emu_bridge_now *now = emu_bridge_state(emu);
	unsigned long said = emu_heard(emu)->said;

	if (!kind->question || message->setup[0] != 0x80 || message->setup[1] != 6 ||
	    (value_of(message) & 0xff00) != STRING_ASKED ||
	    !kind->question(now->question, sizeof(now->question), value_of(message) & 0xff))
		return false;
	bool is_query = !strcmp(now->question, "Q1\r") || !strcmp(now->question, "F\r") ||
			!strcmp(now->question, "I\r");

	now->asked = *message;
	now->waiting = true;
	now->question_len = strlen(now->question);
	pass_on(emu);
	/* The UPS has said nothing to that, nor will it. */
	if (now->waiting && emu_heard(emu)->said == said) {
		const char *words = is_query ? "UPS No Ack" : kind->obeyed;

		say_string(emu, words, strlen(words));
	}
	return true;
}

/* At its interrupt endpoint, or by a request of the vendor's. */
static void
hear_letters(struct emu *emu, const struct emu_message *message)
{
	const struct kind *kind = bridge_of(emu)->kind;
	struct emu_message answer = { .kind = EMU_CONTROL, .tag = message->tag };
	bool known =
	    message->kind == EMU_REPORT ? kind->out_endpoint : message->setup[1] == kind->request;

	memcpy(answer.setup, message->setup, sizeof(answer.setup));
	answer.refused = !known || !take_letters(emu, message->bytes, message->len);
	emu_transmit(emu, &answer);
	pass_on(emu);
}

void
emu_bridge_hear(struct emu *emu, const struct emu_message *message)
{
	struct emu_bridge *bridge = bridge_of(emu);

	if (!message->settled && emu_bus_fails(emu, message))
		return;
	if (message->kind == EMU_REPORT || (bridge->kind->request && message->setup[0] == 0x42))
		hear_letters(emu, message);
	else if (!ask_string(emu, message)) {
		emu_usb_hear(emu, &bridge->usb, message);
		pass_on(emu);
	}
}

/* ---- saying ---- */

/* Until the next question comes.  What has no room is lost. */
static void
keep_answer(struct emu *emu, const char *bytes, size_t len)
{
	struct emu_bridge_now *now = emu_bridge_state(emu);
	size_t room = bridge_of(emu)->kind->fetched - now->answer_len;

	if (len > room)
		len = room;
	memcpy(now->answer + now->answer_len, bytes, len);
	now->answer_len += len;
}

void
emu_bridge_say(struct emu *emu, const char *bytes, size_t len)
{
	const struct kind *kind = bridge_of(emu)->kind;
	unsigned char report[64];

	if (kind->question) {
		if (emu_bridge_state(emu)->waiting)
			say_string(emu, bytes, len);
		return;
	}
	if (kind->fetched) {
		keep_answer(emu, bytes, len);
		return;
	}
	for (size_t at = 0, taken; at < len; at += taken) {
		struct emu_message message = { .kind = EMU_REPORT, .bytes = report };

		message.len = kind->report(report, bytes + at, len - at, &taken);
		emu_transmit(emu, &message);
	}
	if (kind->idles && len && bytes[len - 1] == '\r') {
		size_t none;
		struct emu_message message = { .kind = EMU_REPORT, .bytes = report };

		message.len = kind->report(report, bytes, 0, &none);
		emu_transmit(emu, &message);
	}
}

/* ---- device files ---- */

const char *
emu_bridge_set(struct emu_device_file *device, const char *name)
{
	if (device->bridge)
		return "one bridge is enough";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].name, name)) {
			device->bridge = calloc(1, sizeof(*device->bridge));
			if (!device->bridge)
				return "out of memory";
			device->bridge->kind = &kinds[i];
			return NULL;
		}
	return "there is no such bridge";
}

/* Reports of eight bytes each way, of a page that is the vendor's. */
static const unsigned char report_descriptor[] = { 0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x09,
	0x02, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08, 0x95, 0x08, 0x81, 0x02, 0x09, 0x03, 0x91,
	0x02, 0xc0 };

static unsigned char
put_string(struct emu_usb *usb, unsigned char index, const char *text)
{
	if (!text[0])
		return 0;
	strcpy(usb->strings[index], text);
	return index;
}

const char *
emu_bridge_complete(struct emu_device_file *device)
{
	struct emu_usb *usb = &device->bridge->usb;

	if (!device->model || !device->model->commands)
		return "a bridge stands before a model with lines";
	usb->vendor = (unsigned)strtoul(device->vendor_id, NULL, 16);
	usb->product = (unsigned)strtoul(device->product_id, NULL, 16);
	usb->release = 0x0001;
	usb->packet = device->bridge->kind->packet ? device->bridge->kind->packet : PACKET;
	usb->no_hid = device->no_hid;
	usb->out_endpoint = device->bridge->kind->out_endpoint ? 2 : 0;
	usb->manufacturer = put_string(usb, 1, device->usb_mfr);
	usb->name = put_string(usb, 2, device->usb_product);
	usb->answers_strings = device->bridge->kind->question != NULL;
	usb->asks_of_vendor = device->bridge->kind->request != 0;
	usb->get_report = get_report;
	usb->set_report = set_report;
	memcpy(usb->report_descriptor, report_descriptor, sizeof(report_descriptor));
	usb->report_descriptor_len = sizeof(report_descriptor);
	return NULL;
}

void
emu_bridge_free(struct emu_device_file *device)
{
	free(device->bridge);
	device->bridge = NULL;
}

bool
emu_bridge_collects(const struct emu_device_file *device)
{
	return device->bridge && device->bridge->kind->collects;
}

const struct emu_usb *
emu_usb_of(const struct emu_device_file *device)
{
	if (device->bridge)
		return &device->bridge->usb;
	return device->model->usb ? device->model->usb(device) : NULL;
}
