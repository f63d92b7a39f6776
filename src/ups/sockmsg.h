/* sockmsg.h - lines on a driver's socket, both directions (docs/sock-protocol.md). */
#ifndef SOCKMSG_H
#define SOCKMSG_H

#include "base/buf.h"
#include "base/words.h"
#include "ups/state.h"

#include <stdbool.h>

enum sockmsg_type {
	SOCKMSG_UNKNOWN, /* no such word, or one with too few or malformed words */
	/* driver -> server */
	SOCKMSG_SETINFO, /* name, value */
	SOCKMSG_DELINFO, /* name */
	SOCKMSG_ADDENUM,
	SOCKMSG_DELENUM, /* name, value */
	SOCKMSG_ADDRANGE,
	SOCKMSG_DELRANGE, /* name, min, max */
	SOCKMSG_SETAUX,	  /* name, number */
	SOCKMSG_SETFLAGS, /* name, flags */
	SOCKMSG_ADDCMD,
	SOCKMSG_DELCMD, /* name */
	SOCKMSG_DATAOK,
	SOCKMSG_DATASTALE,
	SOCKMSG_DUMPDONE,
	SOCKMSG_PONG,
	SOCKMSG_RESULT,	 /* "TRACKING id n": tracking, number */
	SOCKMSG_PID,	 /* number */
	SOCKMSG_GOODBYE, /* "OK Goodbye" */
	/* server -> driver */
	SOCKMSG_DUMPALL,
	SOCKMSG_DUMPSTATUS,
	SOCKMSG_PING,
	SOCKMSG_GETPID,
	SOCKMSG_LOGOUT,
	SOCKMSG_DUMPVALUE, /* name */
	SOCKMSG_INSTCMD,   /* name, value or NULL, tracking or NULL */
	SOCKMSG_SET,	   /* name, value, tracking or NULL */
	SOCKMSG_NOBROADCAST,
	SOCKMSG_BROADCAST /* number; below 1 is off */
};

/* Results that TRACKING carries (STAT_* of NUT). */
enum sockmsg_result {
	RESULT_PENDING = -1,
	RESULT_HANDLED = 0,
	RESULT_UNKNOWN = 1,
	RESULT_INVALID = 2,
	RESULT_FAILED = 3,
	RESULT_CONVERSION_FAILED = 4
};

struct sockmsg {
	enum sockmsg_type type;
	const char *name, *value, *tracking; /* borrowed from the words; NULL where there is none */
	long min, max, number;
	unsigned flags; /* STATE_RW ... */
};

/* Words of a line -> message.  NULL, or what is wrong with it (a constant string; OUT->type is then
 * SOCKMSG_UNKNOWN).  Names are checked (words_is_name), numbers are whole or refused. */
const char *sockmsg_parse(struct sockmsg *out, const struct words *words);
/* Message -> line with newline, appended. */
bool sockmsg_format(struct buf *buf, const struct sockmsg *msg);
/* The lines that carry one variable of a dump (SETINFO, ADDENUM*, ADDRANGE*, SETAUX, SETFLAGS). */
bool sockmsg_format_var(struct buf *buf, const struct state_var *var);

#endif
