#include "upsd/denials.h"

#include <stdlib.h>

#define SETS 256
#define WAYS 4

struct entry {
	uint64_t key; /* 0: free */
	int64_t told_ms;
	unsigned missed;
};

struct denials {
	uint64_t seed;
	struct entry set[SETS][WAYS];
};

struct denials *
denials_new(uint64_t seed)
{
	struct denials *denials = calloc(1, sizeof(*denials));

	if (denials)
		denials->seed = seed;
	return denials;
}

void
denials_free(struct denials *denials)
{
	free(denials);
}

static uint64_t
mix(uint64_t hash, uint64_t more)
{
	hash = (hash ^ more) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 29;
}

static uint64_t
key_of(const struct denials *denials, const char *host, unsigned line)
{
	uint64_t key = mix(denials->seed, line);

	while (*host)
		key = mix(key, (unsigned char)*host++);
	return key ? key : 1;
}

bool
denials_tell(
    struct denials *denials, const char *host, unsigned line, int64_t now_ms, unsigned *missed)
{
	uint64_t key = key_of(denials, host, line);
	struct entry *set = denials->set[(key >> 32) % SETS], *entry = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			entry = &set[i];
			break;
		}
		if (!set[i].key || (entry->key && set[i].told_ms < entry->told_ms))
			entry = &set[i];
	}
	if (entry->key != key) {
		*entry = (struct entry){ .key = key, .told_ms = now_ms - DENIALS_EACH_MS };
	}
	if (now_ms - entry->told_ms < DENIALS_EACH_MS) {
		entry->missed++;
		return false;
	}
	*missed = entry->missed;
	entry->missed = 0;
	entry->told_ms = now_ms;
	return true;
}
