/* scenario.h - orders at their time, from a file.  See docs/emulators.md, "Scenarios". */
#ifndef EMU_SCENARIO_H
#define EMU_SCENARIO_H

#include "emulators/emu.h"

struct emu_scenario;

/* "500ms", "2s", "1m30s", "2h": milliseconds, -1 if TEXT is none. */
int64_t emu_duration_ms(const char *text);

/* Read FILE; NULL with FAULTS filled.  It begins with emu_scenario_start(), which borrows EMU. */
struct emu_scenario *emu_scenario_read(struct conffile *file, struct faults *faults);
void emu_scenario_start(struct emu_scenario *scenario, struct emu *emu);
bool emu_scenario_over(const struct emu_scenario *scenario);
void emu_scenario_free(struct emu_scenario *scenario); /* NULL is fine; before its emu */

#endif
