/* seen.h - what clients did before, in bounded memory: a table of marks by a hashed key.  When
 * there is no room, what was seen longest ago is forgotten first. */
#ifndef SEEN_H
#define SEEN_H

#include <stdbool.h>
#include <stdint.h>

struct seen_mark {
	uint64_t key;	 /* 0: free */
	int64_t seen_ms; /* monotonic clock: when it was last of use */
	int64_t next_ms; /* throttle.c: when the queue of this one is over */
	unsigned count;
	bool precious; /* forgotten after all others */
};

struct seen;
struct seen *seen_new(uint64_t seed); /* NULL: no memory; a secret: places are unguessable */
void seen_free(struct seen *seen);    /* NULL is fine */

/* The key for two words; WHAT may be NULL, which is another key than "". */
uint64_t seen_key(const struct seen *seen, const char *who, const char *what);
/* Marks are borrowed, until the next seen_make(). */
struct seen_mark *seen_find(struct seen *seen, uint64_t key); /* NULL: none */
/* The same, or a new one of zeros beside KEY. */
struct seen_mark *seen_make(struct seen *seen, uint64_t key);

#endif
