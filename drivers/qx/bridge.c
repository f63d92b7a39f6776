/* bridge.c - a question through a bridge and back: bridge.h. */
#include "drivers/qx/bridge.h"

#include "base/log.h"
#include "drivers/proto/hid.h"
#include "drivers/qx/qx.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TRIES 10 /* of a string that comes mutilated, or does not come: "UPS No Ack" */
#define GET_REPORT 0x01
#define SET_REPORT 0x09
#define GET_DESCRIPTOR 0x06
#define INTERRUPT_OUT 0x02 /* where the descriptors tell of none */
#define VENDOR_OUT 0x42	   /* a request of the vendor's, to an endpoint */
#define FETCH_AFTER_MS 500 /* the UPS has had the time to answer */
#define FETCH_AGAIN_MS 250
#define LETTERS_MIN 16 /* of a status: no serial number looks like the beginning of one */

/* ---- options ---- */

static void
read_subdriver(struct qx *qx)
{
	const char *name = core_option(qx->core, "subdriver");

	if (!name)
		return;
	qx->wire.bridge = qx_bridge_find(name);
	qx->wire.given = true;
	if (!qx->wire.bridge)
		core_fault(qx->core, "subdriver",
		    "one of ablerex, armac, cypress, fabula, fuji, hunnox, ippon, krauler, "
		    "phoenix, phoenixtec, sgs, snr");
	else if (!core_option(qx->core, "vendorid") || !core_option(qx->core, "productid"))
		core_fault(qx->core, "subdriver", "give vendorid and productid, too");
}

static void
read_language(struct qx *qx)
{
	const char *text = core_option(qx->core, "langid_fix");
	unsigned long number;
	char *end;

	if (!text)
		return;
	number = strtoul(text, &end, 16);
	if (strspn(text, "0123456789abcdefABCDEFxX") != strlen(text) || *end || number < 1 ||
	    number > 0xffff)
		core_fault(qx->core, "langid_fix", "not the number of a language, like 0x409");
	else
		qx->wire.language = (uint16_t)number;
}

/* As NUT does: any of these means USB, whatever the port is. */
static bool
means_usb(struct core *core)
{
	static const char *const names[] = { "subdriver", "vendorid", "productid", "vendor",
		"product", "serial", "bus", "langid_fix" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (core_option(core, names[i]))
			return true;
	return strcasecmp(core_port(core), "auto") == 0;
}

bool
qx_is_usb(void *device)
{
	return ((struct qx *)device)->wire.is_usb;
}

/* ---- by reports ---- */

static void packed(void *device, enum exchange_end end, const unsigned char *bytes, size_t len);

/* Over the one of SET_REPORT; how long all is. */
static size_t
vendor_setup(unsigned char *request, const struct qx_bridge *bridge, size_t letters)
{
	const unsigned char setup[8] = { VENDOR_OUT, bridge->request, 0, 0, 0, 0,
		(unsigned char)letters, 0 };

	memcpy(request, setup, sizeof(setup));
	return sizeof(setup) + letters;
}

static void
send_report(struct qx *qx)
{
	struct qx_wire *wire = &qx->wire;
	const struct qx_bridge *bridge = wire->bridge;
	uint8_t out = usb_about(qx->usb)->out_endpoint;
	unsigned char request[8 + QX_BRIDGE_REPORT] = { 0x21, SET_REPORT,
		(unsigned char)bridge->value, (unsigned char)(bridge->value >> 8),
		usb_about(qx->usb)->interface, 0, (unsigned char)bridge->write_len, 0 };

	wire->taken = bridge->pack(request + 8, wire->text + wire->at, wire->len - wire->at);
	wire->writing = true;
	wire->early_len = 0;
	if (bridge->request)
		usb_transfer(qx->usb, request, vendor_setup(request, bridge, wire->taken), packed);
	else if (bridge->value)
		usb_transfer(qx->usb, request, 8u + bridge->write_len, packed);
	else
		usb_send(
		    qx->usb, out ? out : INTERRUPT_OUT, request + 8, bridge->write_len, packed);
}

/* QS is answered in letters, or by a # and bytes of all kinds: docs/devices/megatec.md, 12. */
static bool
is_binary(const struct qx_wire *wire, const unsigned char *report, size_t len)
{
	if (strcmp(wire->text, "QS\r") != 0)
		return false;
	if (wire->got)
		return wire->begins == '#';
	if (wire->writing && wire->early_len)
		return wire->early[0] == '#';
	/* Behind a count, with some bridges. */
	return len >= 2 && (report[0] == '#' || report[1] == '#');
}

static void
arrived(struct qx *qx, const char *text, size_t len)
{
	if (qx->wire.got == 0 && len > 0)
		qx->wire.begins = *text;
	qx->wire.got = len > 0 && text[len - 1] == '\r' ? 0 : qx->wire.got + len;
	core_arrived(qx->core, text, len);
}

static void
packed(void *device, enum exchange_end end, const unsigned char *bytes, size_t len)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;

	wire->writing = false;
	if (end != EXCHANGE_ANSWERED) {
		core_ended(qx->core, end, NULL, 0);
		return;
	}
	wire->at += wire->taken;
	if (wire->at < wire->len)
		send_report(qx);
	else if (wire->bridge->fetched)
		loop_timer_in(core_loop(qx->core), &wire->fetch, FETCH_AFTER_MS);
	else if (wire->early_len)
		arrived(qx, wire->early, wire->early_len);
}

/* What comes while the question is being written answers another one, unless it is on its last
 * report: the answer may overtake the news that it has been taken. */
void
qx_heard(void *device, const unsigned char *bytes, size_t len)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;
	char text[QX_BRIDGE_REPORT + 1];

	if (!wire->bridge || !wire->bridge->unpack)
		return;
	if (len == 0) {
		core_port_lost(qx->core, "the interrupt pipe of the bridge does not work");
		return;
	}
	if (len > QX_BRIDGE_REPORT)
		len = QX_BRIDGE_REPORT;
	len = wire->bridge->unpack(text, bytes, len, wire->got, is_binary(wire, bytes, len));
	if (!wire->writing) {
		if (len)
			arrived(qx, text, len);
	} else if (wire->at + wire->taken == wire->len &&
		   len <= sizeof(wire->early) - wire->early_len) {
		memcpy(wire->early + wire->early_len, text, len);
		wire->early_len += len;
	}
}

/* ---- by a report that is fetched ---- */

/* Nothing yet, or not all: look again.  What was there before may still be there. */
static void
fetched(void *device, enum exchange_end end, const unsigned char *bytes, size_t len)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;
	char text[QX_BRIDGE_REPORT];
	size_t old = wire->early_len;

	len = end == EXCHANGE_ANSWERED && len <= sizeof(text)
		  ? wire->bridge->unpack(text, bytes, len, 0, false)
		  : 0;
	if (len == 0 || text[len - 1] != '\r')
		loop_timer_in(core_loop(qx->core), &wire->fetch, FETCH_AGAIN_MS);
	if (len == 0)
		return;
	if (len < old || memcmp(text, wire->early, old) != 0)
		old = 0;
	memcpy(wire->early, text, len);
	wire->early_len = len;
	if (len > old)
		arrived(qx, text + old, len - old);
}

static void
fetch(void *owner)
{
	struct qx *qx = owner;
	const struct qx_bridge *bridge = qx->wire.bridge;
	const unsigned char setup[8] = { 0xa1, GET_REPORT, (unsigned char)bridge->value,
		(unsigned char)(bridge->value >> 8), usb_about(qx->usb)->interface, 0,
		(unsigned char)bridge->write_len, 0 };

	usb_transfer(qx->usb, setup, sizeof(setup), fetched);
}

static void
stop_fetching(struct qx *qx)
{
	loop_timer_clear(core_loop(qx->core), &qx->wire.fetch);
}

/* ---- by strings ---- */

static void string_came(
    void *device, enum exchange_end end, const unsigned char *bytes, size_t len);

static void
read_string(struct qx *qx)
{
	struct qx_wire *wire = &qx->wire;
	const struct qx_bridge *bridge = wire->bridge;
	uint16_t language = wire->language     ? wire->language
			    : bridge->language ? bridge->language
					       : usb_language(qx->usb);
	const unsigned char setup[8] = { 0x80, GET_DESCRIPTOR, wire->strings[wire->string], 3,
		(unsigned char)language, (unsigned char)(language >> 8),
		(unsigned char)bridge->string_len, 0 };

	usb_transfer(qx->usb, setup, sizeof(setup), string_came);
}

/* Its letters, with a CR behind. */
static size_t
read_letters(char out[128], const unsigned char *bytes)
{
	size_t len = 0;

	for (size_t i = 2; i + 1 < bytes[0] && len < 126; i += 2) {
		out[len++] = bytes[i + 1] ? '?' : (char)bytes[i];
		if (out[len - 1] == '\r')
			return len;
	}
	out[len++] = '\r';
	return len;
}

static void
take_string(struct qx *qx, const unsigned char *bytes, size_t len)
{
	struct qx_wire *wire = &qx->wire;
	bool whole = len >= 2 && bytes[1] == 3 && bytes[0] == len && bytes[0] >= 2;
	char text[128];

	len = whole ? read_letters(text, bytes) : 0;
	/* An order is not given twice. */
	if (wire->first == '\r') {
		core_ended(qx->core, EXCHANGE_ANSWERED, NULL, 0);
		return;
	}
	if (!whole || (len == 11 && strncasecmp(text, "UPS No Ack", 10) == 0)) {
		if (++wire->tries < TRIES)
			read_string(qx);
		else
			core_ended(qx->core, whole ? EXCHANGE_ANSWERED : EXCHANGE_BROKEN, NULL, 0);
		return;
	}
	if (wire->first)
		text[0] = wire->first;
	core_ended(qx->core, EXCHANGE_ANSWERED, text, len);
}

static void
string_came(void *device, enum exchange_end end, const unsigned char *bytes, size_t len)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;
	bool last = wire->string + 1 == wire->strings_len;

	if (end != EXCHANGE_ANSWERED && (last || end != EXCHANGE_REFUSED)) {
		core_ended(qx->core, end, NULL, 0);
	} else if (last) {
		take_string(qx, bytes, len);
	} else {
		wire->string++;
		read_string(qx);
	}
}

/* hunnox: before the string that is wanted another one wants to be read, each time a different one;
 * at the very beginning these three. */
static void
keep_step(struct qx *qx, uint8_t wanted)
{
	static const uint8_t first[] = { 0x00, 0x00, 0x01 }, others[] = { 0x0d, 0x03, 0x0c };
	struct qx_wire *wire = &qx->wire;
	uint8_t other = others[(wire->step + 2) % 3];

	if (wire->step == 0) {
		memcpy(wire->strings, first, sizeof(first));
		wire->strings_len = sizeof(first);
	} else if (other != wanted && !(other == 0x0c && qx->novendor)) {
		wire->strings[wire->strings_len++] = other;
	}
	wire->step = wire->step % 3 + 1;
}

static void
ask_string(struct qx *qx, int wanted)
{
	struct qx_wire *wire = &qx->wire;

	wire->string = wire->strings_len = 0;
	wire->tries = 0;
	if (wire->bridge->lockstep)
		keep_step(qx, (uint8_t)wanted);
	wire->strings[wire->strings_len++] = (uint8_t)wanted;
	read_string(qx);
}

/* ---- exchanges ---- */

bool
qx_carries(const struct qx *qx, const char *text)
{
	const struct qx_bridge *bridge = qx->wire.bridge;
	char first;

	if (!bridge)
		return true;
	if (bridge->find_string)
		return bridge->find_string(text, &first) != -1;
	return !bridge->takes || bridge->takes(text);
}

static void
ask(void *device, const struct exchange *exchange)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;
	const struct qx_bridge *bridge = wire->bridge;

	wire->len = wire->at = wire->got = 0;
	wire->writing = false;
	if (exchange->question_len > QX_BRIDGE_QUESTION) {
		core_ended(qx->core, EXCHANGE_REFUSED, NULL, 0);
		return;
	}
	memcpy(wire->text, exchange->question, exchange->question_len);
	wire->len = exchange->question_len;
	wire->text[wire->len] = '\0';
	if (!qx_carries(qx, wire->text))
		core_ended(qx->core, EXCHANGE_ANSWERED, wire->text, wire->len);
	else if (bridge->find_string)
		ask_string(qx, bridge->find_string(wire->text, &wire->first));
	else
		send_report(qx);
}

/* What was written may be answered. */
static bool
cancel(void *device)
{
	struct qx *qx = device;
	struct qx_wire *wire = &qx->wire;
	bool answerable = !wire->bridge->find_string && !wire->writing;

	wire->writing = false;
	stop_fetching(qx);
	return !answerable;
}

static const struct usb_bridge calls = { .ask = ask, .cancel = cancel };

/* ---- which device ---- */

static void
use(struct qx *qx)
{
	const struct usb_about *about = usb_about(qx->usb);
	const struct qx_bridge *bridge = qx->wire.bridge;

	log_info("[%s] %04x:%04x: bridge %s", core_ups_name(qx->core), about->vendor,
	    about->product, bridge->name);
	core_setf(qx->core, "ups.vendorid", "%04x", about->vendor);
	core_setf(qx->core, "ups.productid", "%04x", about->product);
	qx->wire.writing = false;
	qx->wire.step = 0;
	qx->wire.used = true;
	usb_use_bridge(qx->usb, &calls);
	if (bridge->read_len)
		usb_listen(qx->usb, bridge->read_len);
	qx_detect(qx);
}

/* Letters of a status in string 3, with whatever letter in front; or that there is none. */
static bool
answers_by_string(const unsigned char *bytes, size_t len)
{
	char text[128];

	if (len < 2 || bytes[0] > len || bytes[1] != 3)
		return false;
	len = read_letters(text, bytes) - 1;
	text[len] = '\0'; /* for its CR */
	return !strcasecmp(text, "UPS No Ack") ||
	       (len >= LETTERS_MIN && strchr(text, ' ') && strchr(text, '.') &&
		   strspn(text + 1, "0123456789. -") == len - 1);
}

static void
string_told(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct qx *qx = device;

	if (end == EXCHANGE_LOST)
		return;
	if (end == EXCHANGE_ANSWERED && answers_by_string((const unsigned char *)answer, len))
		qx->wire.bridge = qx->wire.bridge->rival;
	use(qx);
}

/* If it could be another one as well, its answer to Q1 tells. */
static void
choose(struct qx *qx)
{
	struct qx_wire *wire = &qx->wire;

	if (wire->given || !wire->bridge->rival) {
		use(qx);
		return;
	}
	usb_ask(qx->usb,
	    &(struct usb_request){ .name = "string",
		.type = 0x80,
		.request = GET_DESCRIPTOR,
		.value = 0x303,
		.index = wire->language ? wire->language : usb_language(qx->usb),
		.length = 255,
		.done = string_told },
	    false);
}

/* A HID power device that has the number of a bridge is none. */
static void
descriptor_came(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	struct qx *qx = device;

	if (end == EXCHANGE_LOST)
		return;
	if (end == EXCHANGE_ANSWERED && hid_is_power_device(answer, len))
		usb_next(qx->usb, "it is a HID power device: usbhid-ups is its driver");
	else if (end == EXCHANGE_ANSWERED || end == EXCHANGE_REFUSED)
		choose(qx);
	else
		core_failed(qx->core, "the USB device does not tell its report descriptor");
}

static void
identified(void *device)
{
	struct qx *qx = device;
	const struct usb_about *about = usb_about(qx->usb);

	if (!qx->wire.given)
		qx->wire.bridge = qx_bridge_of(about);
	if (!qx->wire.bridge)
		usb_next(qx->usb, "not known: which bridge is it?  See subdriver in nutdrv_qx(8)");
	else if (about->is_hid && !qx->wire.given)
		usb_ask(qx->usb,
		    &(struct usb_request){ .name = "report descriptor",
			.type = 0x81,
			.request = GET_DESCRIPTOR,
			.value = 0x2200,
			.length = HID_DESCRIPTOR_MAX,
			.done = descriptor_came },
		    false);
	else
		choose(qx);
}

void
qx_bridge_begin(struct qx *qx)
{
	qx->wire.used = false;
	stop_fetching(qx);
	qx->wire.fetch = (struct timer){ .fire = fetch, .owner = qx };
	usb_identify(qx->usb, identified);
}

void
qx_bridge_end(struct qx *qx)
{
	stop_fetching(qx);
}

void
qx_bridge_options(struct qx *qx, bool is_usb)
{
	qx->wire.is_usb = is_usb || (!qx->blazer && means_usb(qx->core));
	if (!qx->wire.is_usb)
		return;
	read_subdriver(qx);
	read_language(qx);
	qx->usb = usb_new(qx->core, qx_known);
	if (qx->usb && core_option(qx->core, "noscanlangid"))
		usb_assume_english(qx->usb);
}
