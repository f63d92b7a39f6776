/* show.h - the whole state of an emulated device as names and values, as `show` and `wait` see it.
 * Names are NUT's where NUT has one; values are the truth, not what the device says. */
#ifndef EMU_SHOW_H
#define EMU_SHOW_H

#include "emulators/emu.h"

#define EMU_SHOWN 256 /* bytes of a value at most */

/* All of it, "name value" a line. */
void emu_show(struct emu *emu, struct buf *out);
/* One value; false if there is no such name. */
bool emu_show_one(struct emu *emu, const char *name, char out[EMU_SHOWN]);
/* Does the value of NAME stand in this relation?  RELATION is "is", "<" or ">" (numbers).  -1: no
 * such name or relation, else 0 or 1. */
int emu_show_is(struct emu *emu, const char *name, const char *relation, const char *value);

#endif
