#include "upsd/throttle.h"

#include <stdlib.h>
#include <string.h>

#define SETS 256
#define WAYS 4

struct entry {
	uint64_t key; /* 0: free */
	int64_t failed_ms, next_ms;
	unsigned failures;
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
find(struct throttle *throttle, uint64_t key, int64_t now_ms)
{
	struct entry *set = throttle->set[(key >> 32) % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key && now_ms - set[i].failed_ms < THROTTLE_FORGET_MS)
			return &set[i];
	return NULL;
}

static struct entry *
find_or_make(struct throttle *throttle, uint64_t key, int64_t now_ms)
{
	struct entry *set = throttle->set[(key >> 32) % SETS];
	struct entry *entry = find(throttle, key, now_ms), *oldest = set;

	if (entry)
		return entry;
	for (int i = 0; i < WAYS; i++) {
		if (!set[i].key || set[i].key == key) {
			oldest = &set[i];
			break;
		}
		if (set[i].failed_ms < oldest->failed_ms)
			oldest = &set[i];
	}
	*oldest = (struct entry){ .key = key };
	return oldest;
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
	struct entry *pair = find(throttle, key_of(throttle, host, user), now_ms);
	struct entry *address = find(throttle, key_of(throttle, host, NULL), now_ms);
	int64_t wait_ms = 0, other_ms;

	*refuse = false;
	if (pair && pair->failures >= THROTTLE_FREE)
		wait_ms = queue(pair, now_ms);
	if (wait_ms > THROTTLE_MOST_MS) {
		*refuse = true;
		return THROTTLE_MOST_MS;
	}
	/* One address may be many people's: it slows them, but never refuses to look. */
	if (address && address->failures >= 10 * THROTTLE_FREE) {
		other_ms = queue(address, now_ms);
		if (other_ms > THROTTLE_MOST_MS)
			other_ms = THROTTLE_MOST_MS;
		if (other_ms > wait_ms)
			wait_ms = other_ms;
	}
	return wait_ms;
}

unsigned
throttle_failed(struct throttle *throttle, const char *host, const char *user, int64_t now_ms)
{
	struct entry *address = find_or_make(throttle, key_of(throttle, host, NULL), now_ms);
	struct entry *pair;

	address->failures++;
	address->failed_ms = now_ms;
	pair = find_or_make(throttle, key_of(throttle, host, user), now_ms);
	pair->failures++;
	pair->failed_ms = now_ms;
	return pair->failures;
}

void
throttle_passed(struct throttle *throttle, const char *host, const char *user)
{
	uint64_t key = key_of(throttle, host, user);
	struct entry *set = throttle->set[(key >> 32) % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key)
			set[i] = (struct entry){ 0 };
}
