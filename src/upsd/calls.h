/* calls.h - what upsd calls of the kernel beside confine_common. */
#ifndef UPSD_CALLS_H
#define UPSD_CALLS_H

#include "base/confine.h"

extern const struct confine_call upsd_calls[];

#endif
