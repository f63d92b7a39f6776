/* devfile.h - the files that dummy-ups plays (docs/man/dummy-ups.8, "Files").
 *
 * A file is what upsc prints, "name: value" a line, with "TIMER seconds" between scenes, and the
 * comments of NUT's device dump library, which tell more than upsc does:
 *
 *	#CMD:beeper.off
 *	#RW:battery.charge.low:STRING:10	#RW:ups.start.auto:ENUM:"yes"
 *	#RW:ups.delay.start:RANGE:"0" "599940"
 *
 * and the blocks of upsrw's and upscmd's output behind "# DEVICE:COMMENT-BLOCK:...UPSRW:" and
 * "...UPSCMD:", up to "# DEVICE:EOC".  No I/O here but devfile_read(). */
#ifndef DEVFILE_H
#define DEVFILE_H

#include "base/conffile.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

enum devfile_kind {
	DEVFILE_SET,	/* name, value */
	DEVFILE_TIMER,	/* number: seconds */
	DEVFILE_STRING, /* name may be set; number: its greatest length, 0 not told */
	DEVFILE_NUMBER, /* name may be set to a number */
	DEVFILE_ENUM,	/* name may be set to value */
	DEVFILE_RANGE,	/* name may be set to number..max */
	DEVFILE_CMD	/* name */
};

struct devfile_line {
	enum devfile_kind kind;
	char *name, *value; /* owned; NULL where there is none */
	long number, max;
};

struct devfile {
	struct devfile_line *lines;
	size_t len;
	struct stat stat; /* of the file that was read */
};

/* Is NAME told of the device?  driver.* and server.* are told by those that run now, not by those
 * of a dump or of another upsd. */
bool devfile_is_of_device(const char *name);

/* What is wrong goes to FAULTS with file:line; NULL when something is.  A byte that is not ASCII
 * becomes ? and a warning. */
struct devfile *devfile_parse(
    const char *path, const char *bytes, size_t len, struct faults *faults);
struct devfile *devfile_read(const char *path, struct faults *faults);
void devfile_free(struct devfile *file);

#endif
