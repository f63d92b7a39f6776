/* bench.h - one emulated device, with the harness at the other end of its line or cable. */
#ifndef BENCH_H
#define BENCH_H

#include "fuzz/lib/fuzz.h"

#include "emulators/emu.h"
#include "tests/sim/sim.h"

struct bench {
	struct sim *sim;
	struct emu *emu;
	size_t said; /* bytes that came from it */
};

/* DEVICE is borrowed. */
void bench_begin(struct bench *bench, const struct emu_device_file *device);
/* What the device is cannot be nonsense: its charge is from 0 to 1, its volts are numbers, what it
 * shows is lines of text. */
void bench_check(struct bench *bench);
void bench_end(struct bench *bench);

#endif
