/* usb.h - USB devices for drivers: which one, and requests to it as exchanges.
 *
 * A driver makes a struct usb in its new(), has carrier_usb as its carrier, and calls
 * usb_identify() in its start(): the strings of the device are asked for, and the device is left
 * for the next one that fits when its strings do not.  From then on it queues requests.
 * docs/drivers.md, "USB".
 *
 * Nothing here blocks but what has no other form: opening, claiming, and one of clearing a halt and
 * resetting when the device has been lost, one of them for each step of the back-off. */
#ifndef USB_H
#define USB_H

#include "drivers/core/exchange.h"

#define USB_STRING_MAX 128 /* letters of a string, its end included */
#define USB_REQUEST_MS 2000
#define USB_INTERRUPT_MAX 512 /* bytes of one interrupt transfer */

/* A device that this driver knows.  Last row: vendor 0. */
struct usb_known {
	uint16_t vendor;
	int product;	  /* -1: any */
	const void *what; /* the driver's */
};

/* What the user has forced by usb_*; -1: nothing. */
struct usb_choice {
	int config;		       /* index of the configuration */
	int interface, alternate;      /* numbers; the alternate setting is set */
	int descriptor;		       /* index of the HID descriptors */
	int in_endpoint, out_endpoint; /* numbers, without the direction's bit */
};

/* A device as its descriptors tell.  The strings are there after usb_identify(). */
struct usb_about {
	uint16_t vendor, product, release;
	unsigned bus, address;
	char port[32];	      /* where it is plugged in: "3-1.2" */
	uint8_t string_of[3]; /* manufacturer, product, serial number: index, 0 none */
	uint8_t interface;    /* the one chosen, or the first of the HID class, or of all */
	uint8_t in_endpoint;  /* its interrupt endpoint, 0 none */
	uint16_t in_packet;   /* bytes */
	uint8_t out_endpoint; /* the same to it */
	const struct usb_choice *choice; /* borrowed: the user's */
	bool is_hid;			 /* it has an interface of the HID class */
	bool is_fast;			 /* more than low speed */
	const struct usb_known *known;	 /* the driver's row, NULL: the user's word alone */
	char strings[3][USB_STRING_MAX]; /* "" if it has none */
};
enum { USB_MANUFACTURER, USB_PRODUCT, USB_SERIAL };

struct usb;
/* KNOWN is borrowed; a bad option is a core_fault().  NULL when out of memory. */
struct usb *usb_new(struct core *core, const struct usb_known *known);
void usb_free(struct usb *usb); /* after the core has closed the port: in the driver's free() */

/* Rows for a driver's table of options. */
#define USB_OPTIONS                                                                                \
	{ "vendorid", false, "Regular expression: the four hex digits of the vendor's id" },       \
	    { "productid", false, "Regular expression: the four hex digits of the product's id" }, \
	    { "vendor", false, "Regular expression: the manufacturer's name" },                    \
	    { "product", false, "Regular expression: the product's name" },                        \
	    { "serial", false, "Regular expression: the serial number" },                          \
	    { "bus", false, "Regular expression: the bus, three digits" },                         \
	    { "device", false, "Regular expression: the number on the bus, three digits" },        \
	    { "busport", false, "Regular expression: where it is plugged in, like 3-1.2" },        \
	    { "usb_config_index", false, "Which of its configurations, from 0 (hexadecimal)" },    \
	    { "usb_hid_rep_index", false, "Number of its interface (hexadecimal)" },               \
	    { "usb_hid_desc_index", false, "Index of its HID descriptors (hexadecimal)" },         \
	    { "usb_hid_ep_in", false, "Number of the interrupt endpoint it speaks at (hex)" },     \
	    { "usb_hid_ep_out", false, "Number of the one it listens at (hexadecimal)" },          \
	    { "usb_set_altinterface", false,                                                       \
		    "Select an alternate setting of its interface, 0 unless given" },              \
	{                                                                                          \
		"allow_duplicates", true, "Take the first that fits, though another one fits too"  \
	}

extern const struct carrier carrier_usb;

/* In start(): find out who it is, then DONE(device).  When it is not the one that was asked for,
 * the next one is opened and asked; when there is none, core_failed() is called instead. */
void usb_identify(struct usb *usb, void (*done)(void *device));
const struct usb_about *usb_about(const struct usb *usb);

/* One request.  The answer is what came back: ANSWERED with its bytes (fewer than asked for,
 * maybe); REFUSED by a stall; BROKEN, TIMEOUT, LOST. */
struct usb_request {
	const char *name;	/* for the trace */
	uint8_t type, request;	/* bmRequestType, bRequest */
	uint16_t value, length; /* wIndex is the interface, or INDEX for a request to the device */
	uint16_t index;
	const void *data; /* LENGTH bytes to send when TYPE says out; copied */
	void (*done)(void *device, const struct exchange *exchange, enum exchange_end end,
	    const char *answer, size_t len);
	void *owner; /* DONE's first argument; NULL: the driver's device */
	int tag;
	core_ticket ticket;
};
void usb_ask(struct usb *usb, const struct usb_request *request, bool urgent);
/* String INDEX in the device's first language; usb_string_text() reads the answer. */
void usb_ask_string(struct usb *usb, unsigned index, int tag,
    void (*done)(void *device, const struct exchange *exchange, enum exchange_end end,
	const char *answer, size_t len));
/* false, and "", when the bytes are no string descriptor.  Letters outside ASCII become '?'. */
bool usb_string_text(char out[USB_STRING_MAX], const void *answer, size_t len);

/* Did all of it come that its first byte tells of? */
bool usb_string_whole(const void *answer, size_t len);

/* Interrupt reports are given to the driver's heard() from now on.  The longest has LEN bytes: a
 * transfer ends when so many have come, or USB_INTERRUPT_MAX, or with a packet that is not full. */
void usb_listen(struct usb *usb, size_t len);

/* In what usb_identify() calls: it is not this one, whatever it says it is.  The next one that fits
 * is opened and asked; if there is none, core_failed(WHY). */
void usb_next(struct usb *usb, const char *why);
/* Has the device that is open now been identified? */
bool usb_is_identified(const struct usb *usb);
/* Do not ask which languages its strings are in: English. */
void usb_assume_english(struct usb *usb);
uint16_t usb_language(const struct usb *usb);

/* ---- bridges: text in, text out ---- */

/* How an exchange with a COMPLETE travels, whose question is text: by as many transfers as it
 * takes, one at a time.  What comes back is given to core_arrived() and core_ended(). */
struct usb_bridge {
	void (*ask)(void *device, const struct exchange *exchange);
	/* No further transfer.  false: an answer may come all the same. */
	bool (*cancel)(void *device);
};
void usb_use_bridge(struct usb *usb, const struct usb_bridge *bridge);

typedef void usb_transferred(
    void *device, enum exchange_end end, const unsigned char *bytes, size_t len);
/* A control transfer: SETUP and what is sent behind it.  DONE is not called for a lost device. */
void usb_transfer(struct usb *usb, const void *setup, size_t len, usb_transferred *done);
/* An interrupt transfer to ENDPOINT. */
void usb_send(
    struct usb *usb, uint8_t endpoint, const void *bytes, size_t len, usb_transferred *done);

/* ---- back ends: libusb, and a model in process for tests ---- */

struct usb_calls {
	/* The request has ended; not called after cancel(). */
	void (*answered)(void *owner, enum exchange_end end, const void *bytes, size_t len);
	/* An interrupt report.  NULL: the pipe has failed and is given up. */
	void (*heard)(void *owner, const void *bytes, size_t len);
};

struct usb_backend {
	const char *name;
	/* The bus as it is now.  NULL with *WHY (constant text) and errno. */
	void *(*bus_open)(struct loop *loop, const char **why);
	void (*bus_close)(void *bus);
	/* Device I (from 0), as it is with CHOICE; false: there are no more. */
	bool (*describe)(
	    void *bus, size_t i, const struct usb_choice *choice, struct usb_about *out);
	/* Open, claim, and set what ABOUT's choice says; NULL with *WHY and errno. */
	void *(*open)(void *bus, size_t i, const struct usb_about *about,
	    const struct usb_calls *calls, void *owner, const char **why);
	void (*close)(void *handle);
	/* SETUP, and behind it the data of an out request.  false: it cannot be sent. */
	bool (*control)(void *handle, const void *setup, size_t len);
	void (*cancel)(void *handle);
	/* An interrupt transfer to the device; it ends as a request does. */
	bool (*send)(void *handle, uint8_t endpoint, const void *bytes, size_t len);
	bool (*listen)(void *handle, size_t len);
	bool (*clear_halt)(void *handle); /* may take a while */
	bool (*reset)(void *handle);	  /* may take a while; the handle may be dead afterwards */
};
extern const struct usb_backend usb_libusb;

/* What a carrier over BACKEND opens; carrier_usb is that over libusb. */
void *usb_port_open(struct core *core, const struct usb_backend *backend, const char **why);
void usb_port_ask(void *port, const struct exchange *exchange);
bool usb_port_cancel(void *port);
void usb_port_close(void *port);

#endif
