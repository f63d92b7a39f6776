#include "drivers/core/usb.h"

#include "base/confine.h"
#include "base/conffile.h"
#include "drivers/core/core.h"

#include <errno.h>
#include <regex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define DEVICES_MAX 256 /* on all buses */
#define ENGLISH 0x0409

/* What the user may ask for; the last three are known when the strings are. */
enum { VENDORID, PRODUCTID, BUS, DEVICE, BUSPORT, VENDOR, PRODUCT, SERIAL, WISHES };
static const char *const wish_names[WISHES] = { "vendorid", "productid", "bus", "device", "busport",
	"vendor", "product", "serial" };

struct usb_port;

/* What lasts from one opening to the next. */
struct usb {
	struct core *core;	       /* borrowed */
	const struct usb_known *known; /* borrowed */
	bool explores;
	regex_t wishes[WISHES];
	bool wished[WISHES];
	struct usb_choice choice;
	struct usb_about about;	  /* the device that is open, or was last */
	bool found;		  /* it was identified once, and is ours from now on */
	uint16_t vendor, product; /* ours */
	char serial[USB_STRING_MAX];
	struct usb_port *port; /* borrowed: the core's; NULL while closed */
	void (*identified)(void *device);
	bool was_found;			 /* before the device that is open was identified */
	uint16_t language;		 /* of its strings */
	bool english;			 /* without asking */
	const struct usb_bridge *bridge; /* borrowed: the driver's */
	char why[256];
	bool said_denied, said_other; /* since it was identified last */
};

struct usb_port {
	struct usb *usb;		   /* borrowed */
	const struct usb_backend *backend; /* borrowed */
	void *bus, *handle;		   /* owned; HANDLE NULL between two devices */
	size_t at;			   /* of the device that is open */
	bool identified;		   /* it is */
	bool bridging;			   /* an exchange of the bridge's runs */
	usb_transferred *transferred;	   /* a bridge's transfer runs */
};

/* ---- options ---- */

static void
free_wishes(struct usb *usb)
{
	for (size_t i = 0; i < WISHES; i++)
		if (usb->wished[i])
			regfree(&usb->wishes[i]);
}

/* "4", "0x84": as in NUT hexadecimal all. */
static int
read_hex(struct core *core, const char *name, unsigned long most)
{
	const char *text = core_option(core, name);
	unsigned long number;
	char *end;

	if (!text)
		return -1;
	number = strtoul(text, &end, 16);
	if (*text && strspn(text, "0123456789abcdefABCDEFxX") == strlen(text) && !*end &&
	    number <= most)
		return (int)number;
	core_fault(core, name, "not a hexadecimal number from 0 to %lx", most);
	return -1;
}

/* 0x84 is 4. */
static int
read_endpoint(struct core *core, const char *name, unsigned long most)
{
	int number = read_hex(core, name, most);

	if (number == -1)
		return -1;
	if ((number & 0x0f) == 0 || (number & 0x70))
		core_fault(core, name, "not an interrupt endpoint: 1 to f");
	return number & 0x0f;
}

static int
read_alternate(struct core *core)
{
	const char *text = core_option(core, "usb_set_altinterface");
	long number;

	if (!text)
		return -1;
	if (!*text)
		return 0;
	if (conffile_number(text, 0, 255, &number))
		return (int)number;
	core_fault(core, "usb_set_altinterface", "not a number from 0 to 255");
	return -1;
}

static void
read_choice(struct core *core, struct usb_choice *out)
{
	out->config = read_hex(core, "usb_config_index", 0xff);
	out->interface = read_hex(core, "usb_hid_rep_index", 0xff);
	out->descriptor = read_hex(core, "usb_hid_desc_index", 0xff);
	out->in_endpoint = read_endpoint(core, "usb_hid_ep_in", 0x8f);
	out->out_endpoint = read_endpoint(core, "usb_hid_ep_out", 0x0f);
	out->alternate = read_alternate(core);
}

struct usb *
usb_new(struct core *core, const struct usb_known *known)
{
	struct usb *usb = calloc(1, sizeof(*usb));

	if (!usb)
		return NULL;
	usb->core = core;
	usb->known = known;
	usb->explores = core_option(core, "explore") != NULL;
	read_choice(core, &usb->choice);
	for (size_t i = 0; i < WISHES; i++) {
		const char *text = core_option(core, wish_names[i]);
		char why[100];
		int error;

		if (!text)
			continue;
		error = regcomp(&usb->wishes[i], text, REG_EXTENDED | REG_ICASE);
		if (error) {
			regerror(error, &usb->wishes[i], why, sizeof(why));
			core_fault(core, wish_names[i], "not a regular expression: %s", why);
		} else {
			usb->wished[i] = true;
		}
	}
	core->usb = usb;
	return usb;
}

void
usb_free(struct usb *usb)
{
	if (!usb)
		return;
	usb->core->usb = NULL;
	free_wishes(usb);
	free(usb);
}

const struct usb_about *
usb_about(const struct usb *usb)
{
	return &usb->about;
}

/* ---- which device ---- */

/* The whole of it: "serial = 12" is not 512's. */
static bool
as_wished(const struct usb *usb, size_t wish, const char *text)
{
	regmatch_t match;

	if (!usb->wished[wish])
		return true;
	return regexec(&usb->wishes[wish], text, 1, &match, 0) == 0 && match.rm_so == 0 &&
	       text[match.rm_eo] == '\0';
}

static const struct usb_known *
find_known(const struct usb *usb, const struct usb_about *about)
{
	for (const struct usb_known *known = usb->known; known->vendor; known++)
		if (known->vendor == about->vendor &&
		    (known->product == -1 || known->product == about->product))
			return known;
	return NULL;
}

/* As far as its descriptors tell.  A device that the driver does not know is taken on the user's
 * word: vendor and product by number; to be explored, the vendor is enough. */
static bool
fits(const struct usb *usb, struct usb_about *about)
{
	char text[WISHES][40];

	about->known = find_known(usb, about);
	if (usb->found && (about->vendor != usb->vendor || about->product != usb->product))
		return false;
	if (!about->known && !(usb->wished[VENDORID] && (usb->wished[PRODUCTID] || usb->explores)))
		return false;
	snprintf(text[VENDORID], sizeof(text[0]), "%04x", about->vendor);
	snprintf(text[PRODUCTID], sizeof(text[0]), "%04x", about->product);
	snprintf(text[BUS], sizeof(text[0]), "%03u", about->bus);
	snprintf(text[DEVICE], sizeof(text[0]), "%03u", about->address);
	snprintf(text[BUSPORT], sizeof(text[0]), "%s", about->port);
	for (size_t i = VENDORID; i <= BUSPORT; i++)
		/* A number changes when it is plugged in again: it chooses at the start only. */
		if (!(usb->found && i == DEVICE) && !as_wished(usb, i, text[i]))
			return false;
	return true;
}

/* As far as its strings tell.  One that has told its serial number is known by that for ever after.
 */
static bool
fits_by_strings(const struct usb *usb)
{
	const struct usb_about *about = &usb->about;

	if (usb->found)
		return !usb->serial[0] || strcmp(about->strings[USB_SERIAL], usb->serial) == 0;
	return as_wished(usb, VENDOR, about->strings[USB_MANUFACTURER]) &&
	       as_wished(usb, PRODUCT, about->strings[USB_PRODUCT]) &&
	       as_wished(usb, SERIAL, about->strings[USB_SERIAL]);
}

/* ---- opening ---- */

static const char takes_none[] = "the USB device takes no requests";

static void
answered(void *owner, enum exchange_end end, const void *bytes, size_t len)
{
	struct usb_port *port = owner;
	struct core *core = port->usb->core;
	usb_transferred *transferred = port->transferred;

	port->transferred = NULL;
	if (end == EXCHANGE_LOST)
		core_port_lost(core, "the USB device is gone");
	else if (transferred)
		transferred(core->device, end, bytes, len);
	else if (!port->bridging)
		core_ended(core, end, bytes, len);
}

static void
heard(void *owner, const void *bytes, size_t len)
{
	struct core *core = ((struct usb_port *)owner)->usb->core;

	if (!bytes)
		log_warnx("[%s] the interrupt pipe does not work%s", core_ups_name(core),
		    ((struct usb_port *)owner)->usb->bridge ? "" : ": polling alone");
	if (core->driver->heard)
		core->driver->heard(core->device, bytes, bytes ? len : 0);
}

static const struct usb_calls calls = { .answered = answered, .heard = heard };

/* What to do about an open that failed, for whoever reads the log. */
static const char *
advice(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return "; its node in /dev/bus/usb belongs to others: install the udev rules "
		       "(nut-usbups.rules) and plug it in again, or see -u";
	case EBUSY:
		return "; another program, or another driver section, has it";
	}
	return "";
}

static void
remember_failure(struct usb_port *port, const struct usb_about *about, const char *why)
{
	struct usb *usb = port->usb;
	bool denied = errno == EACCES || errno == EPERM;

	snprintf(usb->why, sizeof(usb->why), "%04x:%04x at %03u/%03u: %s%s%s%s", about->vendor,
	    about->product, about->bus, about->address, why, errno ? ": " : "",
	    errno ? strerror(errno) : "", advice(errno));
	/* Back, and its node is another one's now; at the start it is said anyway. */
	if (denied && usb->core->was_started && !usb->said_denied)
		log_warnx("[%s] %s", core_ups_name(usb->core), usb->why);
	usb->said_denied = usb->said_denied || denied;
}

/* The first that fits from device AT on.  false: there is none, and usb->why says what there was.
 */
static bool
open_from(struct usb_port *port, size_t at)
{
	struct usb *usb = port->usb;
	struct usb_about about;

	for (; at < DEVICES_MAX && port->backend->describe(port->bus, at, &usb->choice, &about);
	     at++) {
		const char *why = "cannot open it";

		about.choice = &usb->choice;
		if (!fits(usb, &about))
			continue;
		errno = 0;
		port->handle = port->backend->open(port->bus, at, &about, &calls, port, &why);
		if (port->handle) {
			port->at = at;
			port->identified = false;
			usb->about = about;
			return true;
		}
		remember_failure(port, &about, why);
		log_debug(1, "[%s] %s", core_ups_name(usb->core), usb->why);
	}
	return false;
}

/* The ladder: a lost device is opened again; then its pipe's halt is cleared, too; then it is
 * reset; and again.  One of them for each step of the back-off, for each may take a while.  false:
 * it must be opened again. */
static bool
climb(struct usb_port *port)
{
	struct core *core = port->usb->core;
	const char *name = core_ups_name(core);

	if (!core->was_started || core->failures < 2)
		return true;
	switch (core->failures % 3) {
	case 2:
		log_debug(1, "[%s] clearing the halt of its interrupt pipe", name);
		if (!port->backend->clear_halt(port->handle))
			log_debug(1, "[%s] cannot clear it", name);
		return true;
	case 0:
		log_notice("[%s] resetting the USB device", name);
		return port->backend->reset(port->handle);
	}
	return true;
}

void *
usb_port_open(struct core *core, const struct usb_backend *backend, const char **why)
{
	struct usb *usb = core->usb;
	struct usb_port *port = calloc(1, sizeof(*port));

	*why = "out of memory";
	if (!port)
		return NULL;
	port->usb = usb;
	port->backend = backend;
	if (!(port->bus = backend->bus_open(core->loop, why))) {
		free(port);
		return NULL;
	}
	snprintf(usb->why, sizeof(usb->why), "%s",
	    usb->found ? "the USB device is not there" : "no USB device fits");
	if (open_from(port, 0)) {
		if (climb(port)) {
			usb->port = port;
			return port;
		}
		snprintf(usb->why, sizeof(usb->why), "the USB device was reset");
	}
	usb_port_close(port);
	*why = usb->why;
	errno = 0;
	return NULL;
}

void
usb_port_close(void *state)
{
	struct usb_port *port = state;

	if (port->usb->port == port)
		port->usb->port = NULL;
	if (port->handle)
		port->backend->close(port->handle);
	port->backend->bus_close(port->bus);
	free(port);
}

void
usb_port_ask(void *state, const struct exchange *exchange)
{
	struct usb_port *port = state;
	struct usb *usb = port->usb;

	port->bridging = exchange->complete && usb->bridge;
	if (port->bridging && port->identified)
		usb->bridge->ask(usb->core->device, exchange);
	else if (port->bridging || !port->handle ||
		 !port->backend->control(port->handle, exchange->question, exchange->question_len))
		core_port_lost(usb->core, takes_none);
}

bool
usb_port_cancel(void *state)
{
	struct usb_port *port = state;

	port->transferred = NULL;
	if (port->handle)
		port->backend->cancel(port->handle);
	return !port->bridging || port->usb->bridge->cancel(port->usb->core->device);
}

void
usb_use_bridge(struct usb *usb, const struct usb_bridge *bridge)
{
	usb->bridge = bridge;
}

void
usb_transfer(struct usb *usb, const void *setup, size_t len, usb_transferred *done)
{
	struct usb_port *port = usb->port;

	if (!port)
		return;
	port->transferred = done;
	if (!port->handle || !port->backend->control(port->handle, setup, len))
		core_port_lost(usb->core, takes_none);
}

void
usb_send(struct usb *usb, uint8_t endpoint, const void *bytes, size_t len, usb_transferred *done)
{
	struct usb_port *port = usb->port;

	if (!port)
		return;
	port->transferred = done;
	if (!port->handle || !port->backend->send(port->handle, endpoint, bytes, len))
		core_port_lost(usb->core, takes_none);
}

static void *
open_libusb(struct core *core, const char **why)
{
	return usb_port_open(core, &usb_libusb, why);
}

/* libusb's, which begins anew each time the device is opened. */
static const struct confine_call kernel_calls[] = {
	CONFINE_IF(ioctl, 1, 0xff00, 'U' << 8, "usbdevfs"),
	CONFINE_IF(socket, 0, UINT32_MAX, AF_NETLINK, "libudev: what is plugged in"),
	CONFINE(bind, "the same"),
	CONFINE(fstatfs, "libudev: is it sysfs?"),
	CONFINE(fstatfs64, "the same on 32 bits"),
	CONFINE(statfs, "the same"),
	CONFINE(statfs64, "the same on 32 bits"),
	CONFINE(eventfd2, "libusb: wakes its loop"),
	CONFINE(timerfd_create, "libusb: its deadlines"),
	CONFINE(timerfd_settime, "the same"),
	CONFINE(timerfd_settime64, "the same on 32 bits"),
	CONFINE(pipe2, "libusb: tells its thread to end"),
	CONFINE_IF(clone, 0, CLONE_THREAD, CLONE_THREAD, "libusb's thread; never a process"),
	CONFINE(set_robust_list, "the same"),
	CONFINE(rseq, "the same"),
	CONFINE_IF(prctl, 0, UINT32_MAX, PR_SET_NAME, "its name"),
	CONFINE_END,
};

const struct carrier carrier_usb = {
	.name = "usb",
	.open = open_libusb,
	.ask = usb_port_ask,
	.close = usb_port_close,
	.cancel = usb_port_cancel,
	.calls = kernel_calls,
};

/* ---- requests ---- */

void
usb_ask(struct usb *usb, const struct usb_request *request, bool urgent)
{
	bool out = !(request->type & 0x80);
	uint16_t index = (request->type & 0x1f) == 1 ? usb->about.interface : request->index;
	uint8_t which = request->type == 0x81 && request->request == 6 && usb->choice.descriptor > 0
			    ? (uint8_t)usb->choice.descriptor
			    : (uint8_t)request->value;
	unsigned char question[8 + EXCHANGE_BYTES_MAX] = { request->type, request->request, which,
		(unsigned char)(request->value >> 8), (unsigned char)index,
		(unsigned char)(index >> 8), (unsigned char)request->length,
		(unsigned char)(request->length >> 8) };
	size_t len = 8;

	if (out && request->length <= EXCHANGE_BYTES_MAX && request->length) {
		memcpy(question + 8, request->data, request->length);
		len += request->length;
	}
	core_exchange(usb->core,
	    &(struct exchange){ .name = request->name,
		.question = question,
		.question_len = len,
		.deadline_ms = USB_REQUEST_MS,
		.done = request->done,
		.owner = request->owner,
		.tag = request->tag,
		.ticket = request->ticket },
	    urgent);
}

void
usb_listen(struct usb *usb, size_t len)
{
	struct usb_port *port = usb->port;
	size_t packet = usb->about.in_packet & 0x7ffu;

	/* Whole packets: one that were longer than its place would be a fault of the bus. */
	if (packet)
		len = (len + packet - 1) / packet * packet;
	if (port && port->handle && usb->about.in_endpoint &&
	    !port->backend->listen(port->handle, len))
		heard(port, NULL, 0);
}

/* ---- strings ---- */

bool
usb_string_whole(const void *answer, size_t len)
{
	const unsigned char *bytes = answer;

	return len >= 2 && bytes[0] <= len;
}

bool
usb_string_text(char out[USB_STRING_MAX], const void *answer, size_t len)
{
	const unsigned char *bytes = answer;
	size_t at = 0;

	out[0] = '\0';
	if (len < 2 || bytes[1] != 3 || bytes[0] < 2)
		return false;
	if (bytes[0] < len)
		len = bytes[0];
	for (size_t i = 2; i + 1 < len && at < USB_STRING_MAX - 1; i += 2)
		out[at++] =
		    bytes[i + 1] == 0 && bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
	while (at > 0 && out[at - 1] == ' ')
		at--;
	out[at] = '\0';
	return true;
}

static void
ask_string(struct usb *usb, unsigned index, int tag, void *owner,
    void (*done)(void *owner, const struct exchange *exchange, enum exchange_end end,
	const char *answer, size_t len))
{
	usb_ask(usb,
	    &(struct usb_request){ .name = "string",
		.type = 0x80,
		.request = 6,
		.value = (uint16_t)(0x300 | index),
		.index = index ? usb->language : 0,
		.length = 255,
		.done = done,
		.owner = owner,
		.tag = tag },
	    false);
}

void
usb_ask_string(struct usb *usb, unsigned index, int tag,
    void (*done)(void *device, const struct exchange *exchange, enum exchange_end end,
	const char *answer, size_t len))
{
	ask_string(usb, index, tag, NULL, done);
}

/* ---- who it is ---- */

static void ask_strings(struct usb *usb, size_t which);
static void ask_language(struct usb *usb);

/* WHY: what will be said if there is none. */
static void
next_device(struct usb *usb, const char *why)
{
	struct usb_port *port = usb->port;

	port->backend->close(port->handle);
	port->handle = NULL;
	snprintf(usb->why, sizeof(usb->why), "%s", why);
	if (open_from(port, port->at + 1))
		ask_language(usb);
	else
		core_failed(usb->core, usb->why);
}

static void
known_now(struct usb *usb)
{
	struct usb_about *about = &usb->about;

	if (!fits_by_strings(usb)) {
		log_debug(1, "[%s] %04x:%04x at %03u/%03u has other strings",
		    core_ups_name(usb->core), about->vendor, about->product, about->bus,
		    about->address);
		if (usb->found && !usb->said_other)
			log_warnx("[%s] %04x:%04x at %03u/%03u is another one: its serial number "
				  "is not %s.  To take it, start the driver anew",
			    core_ups_name(usb->core), about->vendor, about->product, about->bus,
			    about->address, usb->serial);
		usb->said_other = usb->said_other || usb->found;
		next_device(usb, "no USB device fits");
		return;
	}
	usb->said_denied = usb->said_other = false;
	usb->was_found = usb->found;
	usb->port->identified = true;
	usb->found = true;
	usb->vendor = about->vendor;
	usb->product = about->product;
	if (!usb->serial[0])
		strcpy(usb->serial, about->strings[USB_SERIAL]);
	usb->identified(usb->core->device);
}

static void
string_came(void *owner, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct usb *usb = owner;
	size_t which = (size_t)exchange->tag;
	char *string = usb->about.strings[which];

	string[0] = '\0';
	if (end == EXCHANGE_LOST)
		return;
	/* A stall is an answer: it has none.  Half a serial number would be another device's. */
	if (end != EXCHANGE_REFUSED &&
	    (end != EXCHANGE_ANSWERED || !usb_string_whole(answer, len) ||
		!usb_string_text(string, answer, len)))
		core_failed(usb->core, "the USB device does not tell its strings");
	/* Else any other device without one would be taken for it. */
	else if (which == USB_SERIAL && end == EXCHANGE_REFUSED && usb->found && usb->serial[0])
		core_failed(usb->core, "the USB device does not tell its serial number");
	else
		ask_strings(usb, which + 1);
}

/* Those from WHICH on, one after the other. */
static void
ask_strings(struct usb *usb, size_t which)
{
	while (which <= USB_SERIAL && !usb->about.string_of[which])
		usb->about.strings[which++][0] = '\0';
	if (which > USB_SERIAL)
		known_now(usb);
	else
		ask_string(usb, usb->about.string_of[which], (int)which, usb, string_came);
}

static void
language_came(void *owner, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)answer;
	struct usb *usb = owner;

	usb->language = ENGLISH;
	if (end == EXCHANGE_ANSWERED && len >= 4 && bytes[1] == 3)
		usb->language = (uint16_t)(bytes[2] | bytes[3] << 8);
	if (end == EXCHANGE_ANSWERED || end == EXCHANGE_REFUSED)
		ask_strings(usb, USB_MANUFACTURER);
	else if (end != EXCHANGE_LOST)
		core_failed(usb->core, "the USB device does not answer");
}

static void
ask_language(struct usb *usb)
{
	usb->language = ENGLISH;
	if (usb->english)
		ask_strings(usb, USB_MANUFACTURER);
	else
		ask_string(usb, 0, 0, usb, language_came);
}

void
usb_next(struct usb *usb, const char *why)
{
	char reason[200];

	snprintf(reason, sizeof(reason), "%04x:%04x at %03u/%03u: %s", usb->about.vendor,
	    usb->about.product, usb->about.bus, usb->about.address, why);
	log_info("[%s] %s", core_ups_name(usb->core), reason);
	if (!usb->was_found) {
		usb->found = false;
		usb->serial[0] = '\0';
	}
	next_device(usb, reason);
}

bool
usb_is_identified(const struct usb *usb)
{
	return usb->port && usb->port->identified;
}

void
usb_assume_english(struct usb *usb)
{
	usb->english = true;
}

uint16_t
usb_language(const struct usb *usb)
{
	return usb->language;
}

void
usb_identify(struct usb *usb, void (*done)(void *device))
{
	usb->identified = done;
	ask_language(usb);
}
