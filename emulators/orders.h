/* orders.h - the words that steer an emulated device: "mains off", "load 80", "garble 3".  The
 * control socket and the scenarios speak them.  Listed in docs/emulators.md, "Orders". */
#ifndef EMU_ORDERS_H
#define EMU_ORDERS_H

#include "emulators/emu.h"

/* Do what WORDS say; what they show is added to OUT, whole lines.  NULL, or why not (constant
 * text). */
const char *emu_order(struct emu *emu, const struct words *words, struct buf *out);

/* "50", "-3.5": a whole number or decimal fraction within bounds. */
bool emu_order_number(const char *text, double least, double most, double *out);

#endif
