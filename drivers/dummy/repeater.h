/* repeater.h - dummy-ups as a client of another upsd: "port = ups@host". */
#ifndef REPEATER_H
#define REPEATER_H

#include "drivers/core/driver.h"

struct repeater;

/* NULL after core_fault(). */
struct repeater *repeater_new(struct core *core);
void repeater_free(struct repeater *repeater);
/* The calls of struct driver. */
void repeater_start(struct repeater *repeater);
void repeater_poll(struct repeater *repeater);
enum sockmsg_result repeater_instcmd(
    struct repeater *repeater, const char *name, const char *param, core_ticket ticket);
enum sockmsg_result repeater_setvar(
    struct repeater *repeater, const char *name, const char *value, core_ticket ticket);

#endif
