/* conffile.h - a configuration file, one directive at a time, each message with file:line. */
#ifndef CONFFILE_H
#define CONFFILE_H

#include "base/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define CONFFILE_MAX (4u << 20) /* bytes in a file */

/* Everything that is wrong with a set of files, in the order found. "faults" make a configuration
 * unusable; "warnings" do not. {0} is empty. */
struct faults {
	struct fault {
		bool warning;
		bool note;  /* a warning that is none: logged as a notice */
		char *text; /* owned: "upsd.conf:12: no such directive: LISTNE" */
	} * list;
	size_t len;
	size_t faults; /* how many of them are not warnings */
};

void faults_add(struct faults *faults, const char *path, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_warn(struct faults *faults, const char *path, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_note(struct faults *faults, const char *path, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void faults_free(struct faults *faults);
/* All are warnings from here on: for who must go on with what could be read. */
void faults_forgive(struct faults *faults);
/* Log all: faults as errors, warnings as warnings, notes as notices. */
void faults_log(const struct faults *faults);
/* The first that is not a warning, NULL if there is none.  Borrowed. */
const char *faults_first(const struct faults *faults);

struct conffile;

/* Read PATH whole (a regular file of at most CONFFILE_MAX bytes).  NULL with errno set; the caller
 * words the fault, since only it knows whether the file may be missing.  Messages name PATH as
 * given.  LINE 0 in a fault means the whole file. */
struct conffile *conffile_open(const char *path);
/* The same where the file must be there: NULL after a fault that says why it cannot be read. */
struct conffile *conffile_read(const char *path, struct faults *faults);
/* The same from bytes in memory, for tests and fuzzers. */
struct conffile *conffile_from(const char *path, const char *bytes, size_t len);
void conffile_close(struct conffile *file);

/* The next line that has words.  false at the end.  Lines that are no words at all (open quote, bad
 * byte ...) become faults and are passed over.  The words live until the next call. */
bool conffile_next(struct conffile *file, struct words *words, struct faults *faults);
/* The physical line on which the first word of the last directive stands, from 1. */
unsigned conffile_line(const struct conffile *file);
const char *conffile_path(const struct conffile *file);
/* A fault, or a warning, about that directive. */
void conffile_fault(const struct conffile *file, struct faults *faults, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void conffile_warn(const struct conffile *file, struct faults *faults, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Size, owner and mode as they were when opened (zeroed for conffile_from). */
const struct stat *conffile_stat(const struct conffile *file);

/* FILE holds secrets: that others may read or write it is a fault, or with ALLOW a warning
 * (NUT_ALLOW_OPEN_FILES). */
void conffile_check_secret(const struct conffile *file, bool allow, struct faults *faults);

/* The same for a folder in which others must not put anything, as that of the drivers' sockets. */
void conffile_check_folder(const char *path, bool allow, struct faults *faults);

/* "[name]" as the only word: the name, in place; NULL if the line opens no section. */
char *conffile_section(struct words *words);

/* Values many directives share.  false if TEXT is not one: OUT then stays as it is. */
bool conffile_bool(const char *text, bool *out); /* true on yes 1 / false off no 0, any case */
/* Decimal digits, perhaps behind a -, and nothing else; from MIN to MAX. */
bool conffile_number(const char *text, long min, long max, long *out);

#endif
