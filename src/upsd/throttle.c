#include "upsd/throttle.h"

#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 4

struct entry {
	uint64_t key; /* 0: free */
	int64_t tried_ms, next_ms;
	unsigned failures; /* since it passed; see failures_of() */
	bool passed;	   /* once, the right password came */
};

struct throttle {
	uint64_t seed;
	struct entry set[SETS][WAYS];
};

struct throttle *
throttle_new(uint64_t seed)
{
	struct throttle *throttle = calloc(1, sizeof(*throttle));

	if (throttle)
		throttle->seed = seed;
	return throttle;
}

void
throttle_free(struct throttle *throttle)
{
	free(throttle);
}

static uint64_t
mix(uint64_t hash, const char *text)
{
	for (; *text; text++) {
		hash = (hash ^ (unsigned char)*text) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 29;
	}
	return (hash ^ 0x100) * 0x9e3779b97f4a7c15u;
}

/* USER NULL: the address alone. */
static uint64_t
key_of(const struct throttle *throttle, const char *host, const char *user)
{
	uint64_t key = mix(throttle->seed, host);

	if (user)
		key = mix(key, user);
	return key ? key : 1;
}

static struct entry *
find(struct throttle *throttle, uint64_t key)
{
	struct entry *set = throttle->set[(key >> 32) % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/* Whoever guesses names makes entries; those that passed are the last to go. */
static bool
goes_before(const struct entry *a, const struct entry *b)
{
	return a->passed != b->passed ? b->passed : a->tried_ms < b->tried_ms;
}

static struct entry *
find_or_make(struct throttle *throttle, uint64_t key)
{
	struct entry *set = throttle->set[(key >> 32) % SETS];
	struct entry *entry = find(throttle, key), *first = set;

	if (entry)
		return entry;
	for (int i = 1; i < WAYS && first->key; i++)
		if (!set[i].key || goes_before(&set[i], first))
			first = &set[i];
	*first = (struct entry){ .key = key };
	return first;
}

static unsigned
failures_of(const struct entry *entry, int64_t now_ms)
{
	return entry && now_ms - entry->tried_ms < THROTTLE_FORGET_MS ? entry->failures : 0;
}

static void
count_failure(struct entry *entry, int64_t now_ms)
{
	entry->failures = failures_of(entry, now_ms) + 1;
	entry->tried_ms = now_ms;
}

/* The next turn of ENTRY's queue, at least one step from now. */
static int64_t
queue(struct entry *entry, int64_t now_ms)
{
	int64_t at_ms = now_ms + THROTTLE_STEP_MS;

	if (at_ms < entry->next_ms)
		at_ms = entry->next_ms;
	if (at_ms > now_ms + THROTTLE_MOST_MS)
		return THROTTLE_MOST_MS + 1;
	entry->next_ms = at_ms + THROTTLE_STEP_MS;
	return at_ms - now_ms;
}

int64_t
throttle_wait_ms(
    struct throttle *throttle, const char *host, const char *user, int64_t now_ms, bool *refuse)
{
	struct entry *pair = find(throttle, key_of(throttle, host, user));
	struct entry *address = find(throttle, key_of(throttle, host, NULL));
	int64_t wait_ms = 0, other_ms = 0;

	if (failures_of(pair, now_ms) >= THROTTLE_FREE)
		wait_ms = queue(pair, now_ms);
	if (failures_of(address, now_ms) >= 10 * THROTTLE_FREE)
		other_ms = queue(address, now_ms);
	if (other_ms > wait_ms)
		wait_ms = other_ms;
	*refuse = wait_ms > THROTTLE_MOST_MS && !(pair && pair->passed);
	return wait_ms < THROTTLE_MOST_MS ? wait_ms : THROTTLE_MOST_MS;
}

unsigned
throttle_failed(struct throttle *throttle, const char *host, const char *user, int64_t now_ms)
{
	struct entry *pair;

	count_failure(find_or_make(throttle, key_of(throttle, host, NULL)), now_ms);
	pair = find_or_make(throttle, key_of(throttle, host, user));
	count_failure(pair, now_ms);
	return pair->failures;
}

void
throttle_passed(struct throttle *throttle, const char *host, const char *user, int64_t now_ms)
{
	struct entry *pair = find_or_make(throttle, key_of(throttle, host, user));

	pair->failures = 0;
	pair->passed = true;
	pair->tried_ms = now_ms;
}
