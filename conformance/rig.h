/* rig.h - an emulated UPS, a driver on it, and we in upsd's place on the driver's socket.
 *
 * rig_start() makes all three.  Whatever waits keeps what the driver said, asks PING all the while,
 * and ends the case at a lie: a word of ups.status that the case has forbidden. */
#ifndef CONFORMANCE_RIG_H
#define CONFORMANCE_RIG_H

#include "bench.h"
#include "drive.h"

enum { RIG_VARIABLES = 400, RIG_COMMANDS = 200 };

struct variable {
	char name[80], value[256];
	char other[80]; /* a value of its enumeration that is not the one it has, or "" */
	bool there, writable, ranged;
	double least, most;
};

struct rig {
	const struct drive *drive;
	struct process *emulator, *driver;
	struct conn *control, *peer;
	char port[300];
	char shown[4096]; /* what the emulator's last order showed */
	struct variable variables[RIG_VARIABLES];
	size_t variables_len;
	char commands[RIG_COMMANDS][80];
	size_t commands_len;
	bool fresh, dumped;
	const char *forbidden;		/* words that would be a lie now */
	int64_t pinged_ms, answered_ms; /* 0: no question is open */
	int worst_ms;			/* of all answers to PING so far */
	char result[8];			/* of the last order that was tracked, or "" */
};

/* The emulator runs and can be told things.  Skips the case when it cannot be. */
struct rig *rig_plug(struct bench *bench);
/* The driver is started, has said all, and its data are fresh and "OL". */
void rig_drive(struct bench *bench);
struct rig *rig_start(struct bench *bench); /* both */
void rig_stop_driver(struct bench *bench);
/* The driver with OPTION alone, and not in the foreground: true if it ended with status 0 in MS. */
bool rig_run_driver(struct bench *bench, const char *option, int ms);

void rig_watch(struct bench *bench, int ms); /* turns for so long */
/* Tell the emulator; fails the case when it refuses.  What it shows, if anything, is returned. */
const char *rig_tell(struct bench *bench, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* True when it becomes so: "output off". */
bool rig_sees(struct bench *bench, const char *what, int seconds);
/* True when the driver's status has these of the words OL OB LB OFF, within MS. */
bool rig_status(struct bench *bench, const char *words, int ms);
bool rig_fresh(struct bench *bench, bool fresh, int ms);

const struct variable *rig_variable(const struct rig *rig, const char *name);
const char *rig_value(const struct rig *rig, const char *name); /* "" when it is not there */
bool rig_offers(const struct rig *rig, const char *command);
/* INSTCMD or SET, with words behind it: false when the driver refuses, or does not answer in 10 s.
 */
bool rig_order(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
