/* logformat.h - the lines of upslog: "%TIME @Y@m@d% %VAR ups.status%" (docs/man/upslog.8). */
#ifndef LOGFORMAT_H
#define LOGFORMAT_H

#include "base/buf.h"

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#define LOGFORMAT_PARTS_MAX 256
#define LOGFORMAT_DEFAULT                                                                          \
	"%TIME @Y@m@d @H@M@S% %VAR battery.charge% %VAR input.voltage% %VAR ups.load% "            \
	"[%VAR ups.status%] %VAR ups.temperature% %VAR input.frequency%"

enum logpart_kind {
	LOGPART_TEXT, /* as it is; what is no escape becomes the text INVALID, as in NUT */
	LOGPART_TIME, /* text: for strftime() */
	LOGPART_ETIME,
	LOGPART_HOST,
	LOGPART_UPSHOST,
	LOGPART_PID,
	LOGPART_VAR /* text: the variable's name */
};

struct logformat {
	struct logpart {
		enum logpart_kind kind;
		char *text; /* owned; NULL where KIND needs none */
	} parts[LOGFORMAT_PARTS_MAX];
	size_t len;
};

/* NULL or what is wrong (a constant string; OUT is then empty).  logformat_free() ends it. */
const char *logformat_parse(struct logformat *out, const char *text);
void logformat_free(struct logformat *format);

/* What a line says beside variables. */
struct logformat_facts {
	time_t now;
	const char *host;    /* ours */
	const char *upshost; /* "ups@host" as it was given */
	pid_t pid;
};

/* Append one line with its newline.  VALUES has the value of each part that is a LOGPART_VAR, in
 * its place; NULL comes out as NA. */
bool logformat_write(struct buf *buf, const struct logformat *format,
    const struct logformat_facts *facts, char *const *values);

#endif
