/* bestups.h - what Best Power's UPSes answer beside Megatec's status, host side: bytes -> struct,
 * no I/O.  Specified in docs/devices/megatec.md, section 13. */
#ifndef BESTUPS_H
#define BESTUPS_H

#include <stddef.h>

/* 13.1.  NAN: the device does not tell it. */
struct bestups_id {
	char model[4];
	double power;			      /* VA */
	double input_voltage, output_voltage; /* V, rated */
	double battery_low, battery_high;     /* V, empty and full */
};

/* ANSWER is what came, with or without its CR.  NULL, or what is wrong with it (a constant string;
 * OUT is then not to be used). */
const char *bestups_id_parse(struct bestups_id *out, const char *answer, size_t len);
/* One number: SHAPES as in frame.h. */
const char *bestups_number_parse(double *out, const char *shapes, const char *answer, size_t len);

/* 13.3: at which V it leaves the mains, and how it corrects them before. */
struct bestups_transfer {
	int low, boost_high, trim_low, high;
};
/* What the answer SETTING, 0 to 9, to M means at so many V.  NULL: nothing. */
const struct bestups_transfer *bestups_transfer(int setting, double volts);

#endif
