/* rows.h - how the tables of drivers/hid are written: one row, one line.  hidups.h. */
#ifndef HID_ROWS_H
#define HID_ROWS_H

#include "drivers/hid/hidups.h"

#define OTHER(name, path, how, decimals, flags)                                                    \
	{                                                                                          \
		name, path, how, decimals, NULL, flags, 0, 0                                       \
	}
#define NUMBER(name, path, decimals, flags) OTHER(name, path, HIDUPS_NUMBER, decimals, flags)
#define TIMES(name, path, decimals, flags, times)                                                  \
	{                                                                                          \
		name, path, HIDUPS_NUMBER, decimals, NULL, flags, times, 0                         \
	}
#define WORD(name, path, words, flags)                                                             \
	{                                                                                          \
		name, path, HIDUPS_WORD, 0, words, flags, 0, 0                                     \
	}
#define TEXT(name, path) OTHER(name, path, HIDUPS_STRING, 0, HIDUPS_ONCE)
/* What stands there is none of the base's variables. */
#define NONE(path) OTHER(NULL, path, HIDUPS_NUMBER, 0, 0)

#define FLAG(path, state, flags)                                                                   \
	{                                                                                          \
		path, state, false, flags, 0, 0                                                    \
	}
#define UNLESS(path, state, flags)                                                                 \
	{                                                                                          \
		path, state, true, flags, 0, 0                                                     \
	}

#define ONCE HIDUPS_ONCE
#define QUICK HIDUPS_QUICK
#define ALSO HIDUPS_ALSO
#define RW HIDUPS_RW

#endif
