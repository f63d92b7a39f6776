/* suite.h - what a conformance case is, and the calls a case is written with.
 *
 * A case is one row of a table: an id, a requirement in one sentence, the ids of the sentences it
 * checks, and either a talk (lines to send and to expect) or a function.  A case runs on a bench: a
 * private folder, pretended drivers, and the target's own daemon.  See docs/conformance.md.
 *
 * Everything a case opens belongs to its bench and is closed for it, so a call that fails simply
 * ends the case: it does not return. */
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum level { MUST, SHOULD };

/* What runs before the case begins. */
enum bench_kind {
	SHARED, /* upsd with the stock configuration; other cases may have used it before */
	FRESH,	/* the same, started for this case */
	DRIVER, /* the target's dummy-ups with the stock .dev file, perhaps used before */
	DRIVER_FRESH,
	SECURE, /* upsd with the stock configuration and a certificate (site.h) */
	SECURE_FRESH,
	EMPTY, /* the stock configuration files, nothing running: the case starts what it needs */
};

enum {
	DIRTY = 1, /* leaves upsd changed: the next case gets a new one */
	SLOW = 2,  /* takes seconds: begun first */
	SOLO = 4,  /* measures time: runs when nothing else does */
	LONG = 8,  /* takes a minute: only with --long */
	/* A row for each pair of a driver and a device (drive.h) */
	PAIR = 16,
	QUICK = 32, /* also in a run of the whole suite */
	USB = 64,   /* on USB devices alone */
	SERIAL = 128,
	BRIEF = 256, /* SLOW, and in a quick run all the same */
};

struct bench;
struct drive;

struct test_case {
	const char *id; /* "net/get.var/2" */
	enum level level;
	const char *cites; /* "N-3.4 R-16": the sentences it checks */
	const char *says;  /* the requirement, one sentence */
	const char *talk;  /* one step per line, or NULL (see talk.h) */
	const char *story; /* likewise (see story.h) */
	void (*run)(struct bench *bench);
	enum bench_kind kind;
	unsigned flags;
	const char *with;	   /* what RUN is told */
	const struct drive *drive; /* of a row that has PAIR, once it is for one */
};

struct section {
	const struct test_case *cases;
	size_t len;
};

/* Steps of a talk that many cases begin with; ON is the connection's digit, or "". */
#define LOG_IN_ON(on, user, password)                                                              \
	on "> USERNAME " user "\n" on "< OK\n" on "> PASSWORD " password "\n" on "< OK\n"
#define LOG_IN(user, password) LOG_IN_ON("", user, password)
#define ADMIN LOG_IN("admin", "topsecret")
#define VERSION_LINE "<~ Network UPS Tools upsd 2\\.[^ ]+ .*- .*\n"

#define SECTION(name)                                                                              \
	extern const struct section name;                                                          \
	const struct section name = { cases, sizeof(cases) / sizeof(cases[0]) }

/* All cases in the order of the sections; the pointers are static. */
size_t suite_len(void);
const struct test_case *suite_case(size_t index);
/* The rows that have PAIR, which are not among them; their ids have stars for driver and device. */
size_t suite_rows(void);
const struct test_case *suite_row(size_t index);

#endif
