/* megatec.h - Megatec's answers and commands, host side: bytes <-> struct, no I/O.
 * Specified in docs/devices/megatec.md; sections are cited as 3.1 and so on. */
#ifndef MEGATEC_H
#define MEGATEC_H

#include <stdbool.h>
#include <stddef.h>

#define MEGATEC_COMMAND_MAX 16 /* bytes of the longest command, its CR and NUL included */

/* 3.1.  NAN: the device does not have it. */
struct megatec_status {
	double input_voltage, fault_voltage, output_voltage; /* V */
	double load;					     /* percent */
	double frequency;				     /* Hz */
	double battery_voltage;				     /* V, maybe of one cell */
	double temperature;				     /* degrees Celsius */
	unsigned bits;
	bool extra; /* fields behind the bits */
};

/* 3.2 */
enum {
	MEGATEC_BEEPER = 1 << 0,
	MEGATEC_SHUTDOWN = 1 << 1,
	MEGATEC_TEST = 1 << 2,
	MEGATEC_STANDBY_TYPE = 1 << 3,
	MEGATEC_FAILED = 1 << 4,
	MEGATEC_BYPASS_OR_AVR = 1 << 5,
	MEGATEC_BATTERY_LOW = 1 << 6,
	MEGATEC_MAINS_FAILED = 1 << 7
};

struct megatec_ratings { /* 4 */
	double voltage, current, battery_voltage, frequency;
};

struct megatec_vendor { /* 5; "" for a blank field */
	char company[16], model[11], version[11];
};

/* ANSWER is what came, with or without its CR.  NULL, or what is wrong with it (a constant string;
 * OUT is then not to be used). */
const char *megatec_status_parse(struct megatec_status *out, const char *answer, size_t len);
const char *megatec_ratings_parse(struct megatec_ratings *out, const char *answer, size_t len);
const char *megatec_vendor_parse(struct megatec_vendor *out, const char *answer, size_t len);
/* "(PI98": 98; -1 for anything else. */
int megatec_protocol_parse(const char *answer, size_t len);

/* 3.3: what bit 5 means. */
enum megatec_regulation { MEGATEC_NOTHING, MEGATEC_TRIM, MEGATEC_BYPASS, MEGATEC_BOOST };
enum megatec_regulation megatec_regulation(double input_voltage, double output_voltage);

/* 6.1: what an answer to COMMAND says.  LEN 0 is silence. */
enum megatec_reply { MEGATEC_OBEYED, MEGATEC_REFUSED, MEGATEC_STRANGE };
enum megatec_reply megatec_reply(const char *command, const char *answer, size_t len);

/* 6.2: the next seconds, upwards, that n and m can say. */
unsigned megatec_off_seconds(unsigned seconds);
unsigned megatec_on_seconds(unsigned seconds);
/* "S.5R0003\r".  ON_SECONDS 0: without R, back as soon as there are mains. */
void megatec_shutdown_return(
    char out[MEGATEC_COMMAND_MAX], unsigned off_seconds, unsigned on_seconds);
void megatec_shutdown_stayoff(char out[MEGATEC_COMMAND_MAX], unsigned off_seconds);
/* 6.3: "T10\r"; below a minute in tenths, "T.5\r". */
void megatec_test(char out[MEGATEC_COMMAND_MAX], unsigned seconds);

#endif
