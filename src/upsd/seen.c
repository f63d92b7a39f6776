#include "upsd/seen.h"

#include <stdlib.h>

#define SETS 256
#define WAYS 4

struct seen {
	uint64_t seed;
	struct seen_mark set[SETS][WAYS];
};

struct seen *
seen_new(uint64_t seed)
{
	struct seen *seen = calloc(1, sizeof(*seen));

	if (seen)
		seen->seed = seed;
	return seen;
}

void
seen_free(struct seen *seen)
{
	free(seen);
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

uint64_t
seen_key(const struct seen *seen, const char *who, const char *what)
{
	uint64_t key = mix(seen->seed, who);

	if (what)
		key = mix(key, what);
	return key ? key : 1;
}

static struct seen_mark *
set_of(struct seen *seen, uint64_t key)
{
	return seen->set[(key >> 32) % SETS];
}

struct seen_mark *
seen_find(struct seen *seen, uint64_t key)
{
	struct seen_mark *set = set_of(seen, key);

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

static bool
goes_before(const struct seen_mark *a, const struct seen_mark *b)
{
	if (!a->key || !b->key)
		return !a->key;
	return a->precious != b->precious ? b->precious : a->seen_ms < b->seen_ms;
}

struct seen_mark *
seen_make(struct seen *seen, uint64_t key)
{
	struct seen_mark *mark = seen_find(seen, key), *set = set_of(seen, key), *first = set;

	if (mark)
		return mark;
	for (int i = 1; i < WAYS; i++)
		if (goes_before(&set[i], first))
			first = &set[i];
	*first = (struct seen_mark){ .key = key };
	return first;
}
