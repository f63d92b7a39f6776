/* control.h - a unix socket that takes orders: one a line, answered by what it shows, if anything,
 * and a line "OK" or "ERR why".  See docs/emulators.md, "Orders". */
#ifndef EMU_CONTROL_H
#define EMU_CONTROL_H

#include "emulators/emu.h"

struct emu_control;

/* Listen at PATH, mode 0600.  NULL with errno. */
struct emu_control *emu_control_new(struct emu *emu, const char *path);
void emu_control_free(struct emu_control *control); /* NULL is fine; the socket goes, too */

/* The other end, for `nut-emu ctl`: send one line of WORDS to PATH, print to stdout what
 * comes back.  Tries for TIMEOUT_MS in all, the socket may appear late.  An exit status. */
int emu_control_ask(struct loop *loop, const char *path, char *const *words, int64_t timeout_ms);

#endif
