/* What a driver makes of a device that does wrong: docs/sock-protocol.md, section 7.  The faults
 * are those of nut-emu(1); mains and battery are well all the time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance/rig.h"
#include "conformance/talk.h"

enum {
	STALE_MS = 15000 + 2000, /* S-7.7, and what a busy machine takes */
	AGAIN_MS = 40000,	 /* S-7.9: the longest back-off, a start, and that */
	SPOILT_MS = 12000,	 /* a dozen polls */
	PROMPT_MS = 1000,
};

/* Numbers that stand still while mains and load do, and how far they may drift. */
static const struct still {
	const char *name;
	double by;
} stills[] = {
	{ "input.voltage", 2 },
	{ "output.voltage", 2 },
	{ "battery.voltage", 1 },
	{ "battery.charge", 2 },
	{ "ups.load", 2 },
	{ "input.frequency", 1 },
};
#define STILLS (sizeof(stills) / sizeof(stills[0]))

static void
well_again(struct bench *bench)
{
	need(bench, rig_status(bench, "OL", AGAIN_MS), "%d s after the fault: %s, '%s'",
	    AGAIN_MS / 1000, bench->rig->fresh ? "fresh" : "stale",
	    rig_value(bench->rig, "ups.status"));
	rig_watch(bench, 1000); /* and no lie late */
	rig_stop_driver(bench);
}

static void
goes_stale(struct bench *bench)
{
	if (!strcmp(bench->test->with, "wrongid") && !bench->test->drive->hid)
		skip(bench, "its reports have no ids");
	rig_start(bench);
	rig_tell(bench, "%s", bench->test->with);
	need(bench, rig_fresh(bench, false, STALE_MS), "still called fresh after %d s of '%s'",
	    STALE_MS / 1000, bench->test->with);
	rig_watch(bench, 2000);
	rig_tell(bench, "clear");
	well_again(bench);
}

static void
cable(struct bench *bench)
{
	rig_start(bench);
	rig_tell(bench, "hangup");
	need(bench, rig_fresh(bench, false, STALE_MS),
	    "still called fresh %d s after the cable went", STALE_MS / 1000);
	rig_watch(bench, 3000);
	rig_tell(bench, "replug");
	well_again(bench);
}

/* In the middle of an answer, and soon back: nobody need notice, and nobody may be confused. */
static void
flapping_cable(struct bench *bench)
{
	rig_start(bench);
	for (int i = 0; i < 4; i++) {
		rig_tell(bench, "unplug after %d for 1", i);
		need(bench, rig_sees(bench, "port is unplugged", 20), "nothing was asked for 20 s");
		rig_watch(bench, 300);
		rig_tell(bench, "replug");
		need(bench, rig_status(bench, "OL", AGAIN_MS), "%d s after it was put back: %s",
		    AGAIN_MS / 1000, bench->rig->fresh ? "fresh" : "stale");
	}
	well_again(bench);
}

/* Whether the data become stale or the driver makes something of what comes: nothing in it may be
 * what the device did not mean. */
static void
publishes_no_noise(struct bench *bench)
{
	struct rig *rig = rig_start(bench);
	char before[STILLS][64];
	int64_t end;
	long heard;

	rig_watch(bench, 2000);
	for (size_t i = 0; i < STILLS; i++)
		snprintf(before[i], sizeof(before[i]), "%.63s", rig_value(rig, stills[i].name));
	heard = atol(rig_tell(bench, "show heard"));
	rig_tell(bench, "%s", bench->test->with);
	for (end = now_ms() + SPOILT_MS; now_ms() < end;) {
		rig_watch(bench, 100);
		for (size_t i = 0; i < STILLS; i++) {
			const char *now = rig_value(rig, stills[i].name);

			if (!strcmp(stills[i].name, "battery.charge") && !rig->drive->hid)
				continue; /* the driver's estimate */
			need(bench,
			    !*now || !*before[i] ||
				fabs(atof(now) - atof(before[i])) <= stills[i].by,
			    "%s was %s and becomes '%s'", stills[i].name, before[i], now);
		}
	}
	need(bench, atol(rig_tell(bench, "show heard")) > heard, "nothing was asked for %d s",
	    SPOILT_MS / 1000);
	rig_tell(bench, "clear");
	well_again(bench);
}

/* One answer of many is lost: no reason to call the rest stale. */
static void
bears_one(struct bench *bench)
{
	int64_t end;

	rig_start(bench);
	rig_tell(bench, "%s for 1", bench->test->with);
	for (end = now_ms() + SPOILT_MS; now_ms() < end;) {
		rig_watch(bench, 100);
		need(bench, bench->rig->fresh, "one answer is lost, and the data are stale");
	}
	rig_stop_driver(bench);
}

static void
answers_promptly(struct bench *bench)
{
	rig_start(bench);
	rig_tell(bench, "mute");
	rig_watch(bench, SPOILT_MS);
	need(bench,
	    bench->rig->worst_ms <= PROMPT_MS &&
		(!bench->rig->pinged_ms || now_ms() - bench->rig->pinged_ms <= PROMPT_MS),
	    "PONG after %d ms", bench->rig->worst_ms);
	rig_stop_driver(bench);
}

#define STALE(order, more)                                                                         \
	.run = goes_stale, .with = (order), .kind = EMPTY, .flags = SLOW | PAIR | (more)
#define NOISE(order, more)                                                                         \
	.run = publishes_no_noise, .with = (order), .kind = EMPTY, .flags = SLOW | PAIR | (more)

static const struct test_case cases[] = {
	{ "driver/*/*/mute", MUST, "S-4.1 S-7.6 S-7.7 S-7.9",
	    "a silent device: stale in time, no false OB, LB or OFF, then fresh again",
	    STALE("mute", QUICK) },
	{ "driver/*/*/prompt", SHOULD, "S-7.6", "PING is answered within a second while it is mute",
	    .run = answers_promptly, .kind = EMPTY, .flags = SLOW | PAIR },
	{ "driver/*/*/nak", MUST, "S-4.1 S-7.6 S-7.7 S-7.9",
	    "all is refused (NAK): stale in time, no false word, then fresh again",
	    STALE("nak", SERIAL) },
	{ "driver/*/*/echo", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-74",
	    "its own questions come back: they are no answers, the data become stale",
	    STALE("echo", SERIAL) },
	{ "driver/*/*/empty", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-69",
	    "answers without a byte: stale in time, no false word", STALE("truncate 0", 0) },
	{ "driver/*/*/short", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-74",
	    "one byte of each answer: stale in time, no false word", STALE("truncate 1", 0) },
	{ "driver/*/*/late", MUST, "S-4.1 S-7.6 S-7.8 S-7.9",
	    "each answer two seconds late: no noise among the values, no false word",
	    NOISE("delay 2100", 0) },
	{ "driver/*/*/stall", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-72",
	    "USB, each request is refused: stale in time, no false word, then fresh again",
	    STALE("stall", USB | QUICK) },
	{ "driver/*/*/io", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-72",
	    "USB, transfers fail: stale in time, no false word, then fresh again",
	    STALE("io", USB) },
	{ "driver/*/*/wrongid", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-71",
	    "USB, other reports come than were asked for: stale in time, no false word",
	    STALE("wrongid", USB) },
	{ "driver/*/*/half", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "answers cut at 18 bytes: what is missing is not 0, and no false word",
	    NOISE("truncate 18", SERIAL) },
	{ "driver/*/*/cut", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "answers lack their last byte: no noise among the values, no false word",
	    NOISE("truncate 45", SERIAL) },
	{ "driver/*/*/garble", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "noise in each answer: none among the values, no false word",
	    NOISE("garble 6", SERIAL | QUICK) },
	{ "driver/*/*/badbits", MUST, "S-4.1 S-7.6 S-7.8 S-7.9",
	    "a letter among the status bits is none: no false word", NOISE("badbits", SERIAL) },
	{ "driver/*/*/dashes", MUST, "S-4.1 S-7.6 S-7.8 S-7.9",
	    "dashes in place of two numbers are not 0", NOISE("dashes", SERIAL) },
	{ "driver/*/*/extra", MUST, "S-4.1 S-7.6 S-7.8 S-7.9",
	    "numbers behind the last field: the others do not move", NOISE("extra", SERIAL) },
	{ "driver/*/*/nul", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "a zero byte in front: no noise among the values, no false word",
	    NOISE("nul", SERIAL) },
	{ "driver/*/*/nocr", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "answers without an end: no noise among the values, no false word",
	    NOISE("nocr", SERIAL) },
	{ "driver/*/*/slow", MUST, "S-4.1 S-7.6 S-7.8 S-7.9 R-74",
	    "byte by byte: no noise among the values, no false word", NOISE("slow 4", SERIAL) },
	{ "driver/*/*/one", SHOULD, "S-7.10", "one answer is lost: no reason to call all stale",
	    .run = bears_one, .with = "mute", .kind = EMPTY, .flags = SLOW | PAIR },
	{ "driver/*/*/cable", MUST, "S-4.1 S-7.6 S-7.7 S-7.9 R-68",
	    "the cable out: stale in time, no false word; in again: fresh", .run = cable,
	    .kind = EMPTY, .flags = SLOW | PAIR | QUICK },
	{ "driver/*/*/flaps", MUST, "S-4.1 S-7.6 S-7.9 R-68",
	    "the cable out in an answer, and in at once: no false word, fresh again",
	    .run = flapping_cable, .kind = EMPTY, .flags = SLOW | PAIR },
};

SECTION(driver_faults);
