/* frame.h - cut an answer of the Q* protocols into its fields: "(226.0 195.0 ... 00001001" and CR.
 *
 * Strict: each field has one of the shapes that the protocol's page gives it, so that a byte lost
 * on the line is noticed (docs/devices/megatec.md, 3.4).  The first fault sticks; ask once at the
 * end.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>

struct frame {
	const char *at, *end; /* what is not yet cut; borrowed */
	bool first;
	char separator;	   /* between two fields: a space, unless set after frame_open() */
	const char *fault; /* what is wrong, a constant string; NULL nothing */
};

/* ANSWER of LEN bytes must begin with FIRST ('\0': anything) and be printable; one CR at its end is
 * not part of it, and may be missing. */
void frame_open(struct frame *frame, const char *answer, size_t len, char first);

/* The next field, which stands behind one separator unless it is the first.  SHAPES: "dd.d|d.dd", d
 * a digit, all else as it is.  A dash for each digit is a quantity the device does not have: NAN.
 */
double frame_number(struct frame *frame, const char *shapes);
/* COUNT of '0' and '1', the leftmost being the highest bit. */
unsigned long long frame_bits(struct frame *frame, unsigned count);
/* The next WIDTH characters, blanks and PAD at both ends taken off; OUT has room for WIDTH + 1. */
void frame_text(struct frame *frame, char *out, size_t width, char pad);
/* Nothing may be left; NULL when all was right. */
const char *frame_close(struct frame *frame);
/* Likewise, but a space and more may follow: *EXTRA says whether something did. */
const char *frame_close_loose(struct frame *frame, bool *extra);

/* Length of the first line in LEN bytes, its CR included; 0 for none yet. */
size_t frame_line(const char *bytes, size_t len);

#endif
