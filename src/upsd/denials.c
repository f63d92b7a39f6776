#include "upsd/denials.h"

#include <stdio.h>

bool
denials_tell(
    struct seen *denials, const char *host, unsigned line, int64_t now_ms, unsigned *missed)
{
	struct seen_mark *mark;
	char rule[16];
	uint64_t key;

	snprintf(rule, sizeof(rule), "%u", line);
	key = seen_key(denials, host, rule);
	mark = seen_find(denials, key);
	if (mark && now_ms - mark->seen_ms < DENIALS_EACH_MS) {
		mark->count++;
		return false;
	}
	mark = seen_make(denials, key);
	*missed = mark->count;
	mark->count = 0;
	mark->seen_ms = now_ms;
	return true;
}
