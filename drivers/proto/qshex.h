/* qshex.h - the status of voltronic-qs-hex, host side: bytes -> struct, no I/O.
 * Specified in docs/devices/megatec.md, section 12. */
#ifndef QSHEX_H
#define QSHEX_H

#include <stdbool.h>
#include <stddef.h>

/* NAN: the device does not tell it. */
struct qshex_status {
	double input_voltage, output_voltage; /* V */
	double load;			      /* percent */
	double frequency;		      /* of the output, Hz */
	double battery_voltage;		      /* V */
	unsigned bits;			      /* MEGATEC_BATTERY_LOW and its like: megatec.h */
	bool rated;			      /* there is a byte of ratings */
	double rated_voltage, rated_frequency, rated_battery_voltage;
};

/* ANSWER is what came, with or without its CR.  NULL, or what is wrong with it (a constant string;
 * OUT is then not to be used). */
const char *qshex_status_parse(struct qshex_status *out, const char *answer, size_t len);

#endif
