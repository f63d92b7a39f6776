/* bridge.h - the chips that give a UPS with a serial protocol a USB plug: how a question and its
 * answer travel through each of them.  docs/devices/megatec.md, section 11; docs/man/nutdrv_qx.8.
 *
 * A bridge carries a question in reports and answers in interrupt reports or in one that must be
 * fetched, or it has a string descriptor for each question that it knows, which is the answer.
 * bridges.c is the table: one row for each bridge, and which USB device has which; bridge.c does
 * what the row says, one transfer at a time, under the exchange that qx_ask() and qx_order() have
 * queued. */
#ifndef QX_BRIDGE_H
#define QX_BRIDGE_H

#include "drivers/core/usb.h"

#define QX_BRIDGE_QUESTION 64 /* letters; a longer one is none of any dialect */
#define QX_BRIDGE_REPORT 64   /* bytes */

struct qx_bridge {
	const char *name; /* subdriver= */

	/* By reports. */
	uint16_t value;	    /* wValue of SET_REPORT; 0: they go to interrupt endpoint 2, or by: */
	uint8_t request;    /* the vendor's, of as many bytes as there are letters; 0: none */
	uint16_t write_len; /* bytes of a report to it; 0: by strings */
	uint16_t read_len;  /* the longest from it; 0: it sends none */
	bool fetched;	    /* the answer is read by GET_REPORT, of the same value and length */
	/* Into REPORT, which is all zeros, from TEXT on, which ends with its CR.  How many letters.
	 */
	size_t (*pack)(unsigned char *report, const char *text, size_t len);
	/* The letters in a report; GOT of the answer have come before.  BINARY: they may be zeros.
	 */
	size_t (*unpack)(
	    char *out, const unsigned char *report, size_t len, size_t got, bool binary);

	/* By strings. */
	/* Which string is the answer to TEXT; *FIRST: the letter that it begins with, whatever
	 * comes;
	 * '\r': nothing that comes is an answer, it is an order; 0: as it comes.  -1: none. */
	int (*find_string)(const char *text, char *first);
	uint16_t string_len; /* wLength */
	uint16_t language;   /* 0: the device's first */
	bool lockstep;	     /* others want to be read in between: hunnox */

	/* NULL, or the one by strings that devices of the same number have: they answer Q1 by it.
	 */
	const struct qx_bridge *rival;

	/* NULL, or: does it take TEXT?  What it does not is sent back, as a UPS would. */
	bool (*takes)(const char *text);

	unsigned off_min_s;   /* the shortest delay that an order to switch off can have */
	bool returns_at_once; /* no delay before it switches on fits into an order */
};

/* All of them; last row: name NULL. */
extern const struct qx_bridge qx_bridges[];
const struct qx_bridge *qx_bridge_find(const char *name); /* NULL */
/* Which one that device is, NULL if it is not known. */
const struct qx_bridge *qx_bridge_of(const struct usb_about *about);
extern const struct usb_known qx_known[]; /* what: its struct qx_bridge */

/* Of the exchange that runs. */
struct qx_wire {
	const struct qx_bridge *bridge; /* NULL: a serial line, or not known yet */
	bool is_usb, given;		/* GIVEN: by subdriver= */
	bool used;			/* of the device that is open it is known, and works */
	uint16_t language;		/* langid_fix=, 0 */
	char text[QX_BRIDGE_QUESTION + 1];
	size_t len, at; /* letters, and where the report under way begins */
	size_t taken;	/* letters in it */
	bool writing;
	/* Came before it was known that all is written; of what is fetched: what was there last. */
	char early[QX_BRIDGE_REPORT * 2];
	size_t early_len, got;
	struct timer fetch; /* set: the answer will be looked for */
	char begins;	    /* the answer, when some of it has come */
	uint8_t strings[4]; /* to be read one after the other; the last one is the answer */
	size_t strings_len, string;
	char first;
	unsigned tries, step;
};

struct qx;
/* Options; IS_USB: whatever they are. */
void qx_bridge_options(struct qx *qx, bool is_usb);
/* Find the device and its bridge, then call FOUND. */
void qx_bridge_begin(struct qx *qx);
void qx_bridge_end(struct qx *qx);
bool qx_is_usb(void *device);
/* Is there a way for TEXT (with its CR) to the UPS?  Not through each bridge. */
bool qx_carries(const struct qx *qx, const char *text);
void qx_heard(void *device, const unsigned char *bytes, size_t len);

#define QX_BRIDGE_OPTIONS                                                                          \
	{ "subdriver", false, "USB: which bridge it is; with vendorid and productid" },            \
	    { "langid_fix", false, "USB: language of the strings, like 0x409" },                   \
	{                                                                                          \
		"noscanlangid", true, "USB: do not ask which languages it has"                     \
	}

#endif
