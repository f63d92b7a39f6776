/* faults.h - what goes wrong between a model and its transport.
 *
 * Pure: an answer goes in, what is left of it comes out.  Each fault is one row of a table; a fault
 * lasts until cleared, or for so many answers, or touches only the answers to one question.  Listed
 * in nut-emu(1); docs/emulators.md, "Orders and events", says how they act. */
#ifndef EMU_FAULTS_H
#define EMU_FAULTS_H

#include "base/buf.h"
#include "base/words.h"

#include <stdbool.h>
#include <stdint.h>

#define EMU_FAULT_KINDS 16

struct emu_fault {
	bool on;
	long amount; /* milliseconds, characters: what the row says */
	long wait;   /* answers that it lets pass before */
	long left;   /* answers it still spoils; -1: until cleared */
	char only[16];
};

struct emu_faults {
	struct emu_fault fault[EMU_FAULT_KINDS]; /* by row */
};

/* "garble 3", "mute", "delay 1600 for 2", "nak only F", "stall after 20 for 1".  0: these words
 * name no fault; 1 done; -1: they do, and *WHY says what is wrong with the rest. */
int emu_fault_set(struct emu_faults *faults, const struct words *words, const char **why);
void emu_faults_clear(struct emu_faults *faults);
/* "garble 3, mute", or "none". */
void emu_faults_show(const struct emu_faults *faults, struct buf *out);
/* One line for each: its words and what it does. */
void emu_faults_help(struct buf *out);

/* Where a bridge stands between, what is said and the request that carries it are spoilt apart. */
enum emu_faults_of { EMU_FAULTS_ALL, EMU_FAULTS_TEXT, EMU_FAULTS_BUS };

/* What an answer to QUESTION becomes. */
struct emu_spoilt {
	struct buf bytes;
	bool lost;     /* nothing goes out at all */
	bool stall;    /* USB: refused instead */
	bool broken;   /* USB: the transfer fails on its way */
	bool unplug;   /* the cable is pulled out */
	long delay_ms; /* later than it would */
	long byte_ms;  /* between two bytes */
};
/* REFUSED: the device's word for "I will not", what `nak` answers; END: what ends a line, NUL if
 * nothing.  buf_free(&out->bytes) afterwards. */
void emu_faults_pass(struct emu_faults *faults, enum emu_faults_of of, struct emu_spoilt *out,
    const char *question, const void *answer, size_t len, const char *refused, char end);

#endif
