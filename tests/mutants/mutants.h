/* mutants.h - deliberately wrong servers, drivers and upsmons: ours, with their bytes changed on
 * the way. Each must make the case fail that judges what was broken (ci/mutants). */
#ifndef TESTS_MUTANTS_H
#define TESTS_MUTANTS_H

#include <stdbool.h>
#include <stddef.h>

/* On which way, seen from upsd; or from a driver, whose client is upsd and whose device hangs on a
 * serial line; or from upsmon, whose server is upsd. */
enum way {
	TO_CLIENT,
	FROM_CLIENT,
	TO_DRIVER,
	FROM_DRIVER,
	TO_DEVICE,
	FROM_DEVICE,
	TO_SERVER,
	FROM_SERVER,
	WAYS
};

/* Bytes on their way; there is room for more. */
struct piece {
	char *at;
	size_t len, size;
};

struct mutant {
	const char *name;
	const char *fails; /* the case that must fail */
	enum way way;
	const char *from, *to;		     /* this instead of that, or */
	void (*change)(struct piece *piece); /* any other change of what passes, or */
	enum quirk {
		NO_QUIRK,
		GREETS,
		BLOCKS,
		ANSWERS_A_DROP,
		DIES,		/* of FROM, from the device */
		SLEEPS,		/* a while at each question to the device */
		LOSES_PATIENCE, /* says DATASTALE at the first answer that does not come */
	} quirk;
};

/* "driver/PROGRAM/DEVICE/WHAT" is about a driver, what begins with shutdown about upsmon,
 * everything else about upsd. */
#define DRIVER_CASE "driver/"
#define UPSMON_CASE "shutdown/"

extern const struct mutant mutants[];
extern const size_t mutants_len;

/* Put TO for each FROM, as far as there is room. */
void piece_replace(struct piece *piece, const char *from, const char *to);

#endif
