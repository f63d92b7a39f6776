/* voltronic.h - Voltronic Power's answers, host side: bytes -> struct, no I/O.
 * Specified in docs/devices/voltronic.md; sections are cited.  Commands and what is said to them
 * are Megatec's (megatec.h). */
#ifndef VOLTRONIC_H
#define VOLTRONIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All parsers: ANSWER with or without its CR; NULL, or what is wrong with it (a constant string;
 * OUT is then not to be used).  NAN: the device does not have it. */

struct voltronic_status { /* 2, QGS */
	double input_voltage, input_frequency, output_voltage, output_frequency, output_current;
	double load; /* percent */
	double battery_voltage, temperature;
	unsigned bits;
	bool extra;
};
enum {
	VOLTRONIC_TEST_FAILED = 1 << 1,
	VOLTRONIC_SILENCED = 1 << 2,
	VOLTRONIC_SHUTDOWN = 1 << 3,
	VOLTRONIC_TEST = 1 << 4,
	VOLTRONIC_EPO = 1 << 5,
	VOLTRONIC_FAILED = 1 << 6,
	VOLTRONIC_BYPASS_OR_AVR = 1 << 7,
	VOLTRONIC_BATTERY_LOW = 1 << 8,
	VOLTRONIC_MAINS_FAILED = 1 << 9,
	VOLTRONIC_TYPE_SHIFT = 10 /* 0 standby, 1 line-interactive, 2 online */
};
const char *voltronic_status_parse(struct voltronic_status *out, const char *answer, size_t len);

struct voltronic_battery { /* 5, QBV */
	double voltage, number, packs, charge, minutes;
};
const char *voltronic_battery_parse(struct voltronic_battery *out, const char *answer, size_t len);

struct voltronic_ratings { /* QRI */
	double voltage, current, battery_voltage, frequency;
};
const char *voltronic_ratings_parse(struct voltronic_ratings *out, const char *answer, size_t len);

struct voltronic_model { /* 6, QMD */
	char name[16], power[8];
	double power_factor; /* 0.8 */
	double input_phases, output_phases;
	double input_voltage, output_voltage; /* nominal */
	double batteries, battery_voltage;    /* how many in series, V of one */
};
const char *voltronic_model_parse(struct voltronic_model *out, const char *answer, size_t len);

/* QMOD, 3: one of VOLTRONIC_MODES. */
#define VOLTRONIC_MODES "PSYLBTFECD"
const char *voltronic_mode_parse(char *out, const char *answer, size_t len);
/* QWS, 4: warning n is bit 64 - n. */
const char *voltronic_warnings_parse(uint64_t *out, const char *answer, size_t len);

/* 7, QFLAG: bit 0 is 'a'. */
struct voltronic_flags {
	uint32_t enabled, disabled;
};
const char *voltronic_flags_parse(struct voltronic_flags *out, const char *answer, size_t len);
static inline uint32_t
voltronic_flag(char letter)
{
	return UINT32_C(1) << (letter - 'a');
}

/* "(242 218", "(53.0 47.0": two numbers of SHAPES (frame.h), the first the higher. */
const char *voltronic_limits_parse(
    double *high, double *low, const char *shapes, const char *answer, size_t len);
/* "#20" (RE0). */
const char *voltronic_cutoff_parse(double *out, const char *answer, size_t len);
/* QMF, QVFW, QID: "(" LABEL text; '#' and blanks in front are taken off.  OUT holds SIZE. */
const char *voltronic_text_parse(
    char *out, size_t size, const char *label, const char *answer, size_t len);

#endif
