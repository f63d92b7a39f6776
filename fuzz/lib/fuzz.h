/* fuzz.h - what every harness has: one function that takes any bytes, and must() for what has to
 * hold beyond "no crash".  How to write one: docs/fuzzing.md. */
#ifndef FUZZ_H
#define FUZZ_H

#include "base/buf.h"
#include "base/conffile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of libFuzzer, or of replay.c.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that must hold, and what it is: else say so, and abort. */
#define must(condition, ...)                                                                       \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fuzz_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);                    \
	} while (0)
void fuzz_fail(const char *file, int line, const char *condition, const char *format, ...)
    __attribute__((format(printf, 4, 5), noreturn));

/* From here on logs are worded as ever, and go nowhere; where $FUZZ_LOG is set, to stderr. */
void fuzz_log(void);

/* SIZE bytes and not one more, so that a sanitizer sees who reads behind them.  free() it. */
void *fuzz_copy(const void *bytes, size_t size);
/* The same with a NUL behind; at the first NUL in BYTES it ends. */
char *fuzz_text(const void *bytes, size_t size);
/* Cut the next line off the front of DATA..END, without its newline; false: there is none. */
bool fuzz_line(const uint8_t **data, const uint8_t *end, const char **line, size_t *len);

/* A folder of this process alone, gone at its end; and a file in it, mode 0600. */
const char *fuzz_folder(void);
void fuzz_file(const char *name, const void *bytes, size_t size);

/* Memory is scarce: of the allocations that follow number FROM (the first is 1; 0: none) fails, and
 * ALL behind it, too.  Until fuzz_plenty(), which returns how many there were. */
void fuzz_scarce(size_t from, bool all);
size_t fuzz_plenty(void);
/* The same, FROM and ALL by the input BYTES; COUNT is what fuzz_plenty() returned when none failed.
 */
void fuzz_scarce_by(const void *bytes, size_t len, size_t count);
/* Memory is plenty, and they are not counted, from one to the other: for what is the harness's. */
struct fuzz_scarcity {
	size_t asked, fails;
} fuzz_pause(void);
void fuzz_go_on(struct fuzz_scarcity from);

/* A configuration file: TAKE reads FILE to its end, and may append what it made of it to SAID.
 * It is read three times.  The second time it is as words_quote() writes each line: both must say
 * the same, and find the same faults on the same lines.  The third time an allocation fails: either
 * that is a fault, or nothing is different.  TAKE that could not begin sets SAID->failed. */
typedef void fuzz_take(struct conffile *file, struct faults *faults, struct buf *said);
void fuzz_conf(const char *name, const uint8_t *data, size_t size, fuzz_take *take);

#endif
