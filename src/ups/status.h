/* status.h - the words of ups.status (docs/variables.md, "Status words"). */
#ifndef STATUS_H
#define STATUS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order in which they are published. */
enum status_bit {
	STATUS_ALARM = 1 << 0,
	STATUS_OL = 1 << 1,
	STATUS_OB = 1 << 2,
	STATUS_LB = 1 << 3,
	STATUS_HB = 1 << 4,
	STATUS_RB = 1 << 5,
	STATUS_CHRG = 1 << 6,
	STATUS_DISCHRG = 1 << 7,
	STATUS_BYPASS = 1 << 8,
	STATUS_CAL = 1 << 9,
	STATUS_OFF = 1 << 10,
	STATUS_OVER = 1 << 11,
	STATUS_TRIM = 1 << 12,
	STATUS_BOOST = 1 << 13,
	STATUS_FSD = 1 << 14,
	STATUS_ECO = 1 << 15,
	STATUS_TEST = 1 << 16,
	STATUS_OTHER = 1 << 30 /* parsed: some word we do not know */
};

/* The bits of TEXT's blank-separated whole words, any case; 0 for none. */
uint32_t status_parse(const char *text);
/* Appends "OL CHRG" and so on (never STATUS_OTHER). */
bool status_format(struct buf *buf, uint32_t bits);

#endif
