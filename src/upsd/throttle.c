#include "upsd/throttle.h"

#include <string.h>

/* The marks a try is judged by.  Without IPv6 "knows" and "guesses" are the same. */
struct keys {
	uint64_t network; /* failures from there, whoever */
	uint64_t guesses; /* failures from there, as this user */
	uint64_t knows;	  /* this address as this user: precious once it has passed */
};

static struct keys
keys_of(const struct seen *throttle, const struct addr *from, const char *user)
{
	struct addr network = *from;
	char host[ADDR_TEXT_MAX], net[ADDR_TEXT_MAX];

	if (network.any.sa_family == AF_INET6)
		memset(&network.v6.sin6_addr.s6_addr[8], 0, 8);
	addr_host(&network, net);
	addr_host(from, host);
	return (struct keys){
		.network = seen_key(throttle, net, NULL),
		.guesses = seen_key(throttle, net, user),
		.knows = seen_key(throttle, host, user),
	};
}

static unsigned
failures_of(const struct seen_mark *mark, int64_t now_ms)
{
	return mark && now_ms - mark->seen_ms < THROTTLE_FORGET_MS ? mark->count : 0;
}

static unsigned
count_failure(struct seen_mark *mark, int64_t now_ms)
{
	mark->count = failures_of(mark, now_ms) + 1;
	mark->seen_ms = now_ms;
	return mark->count;
}

/* The next turn of MARK's queue, at least one step from now. */
static int64_t
queue(struct seen_mark *mark, int64_t now_ms)
{
	int64_t at_ms = now_ms + THROTTLE_STEP_MS;

	if (at_ms < mark->next_ms)
		at_ms = mark->next_ms;
	if (at_ms > now_ms + THROTTLE_MOST_MS)
		return THROTTLE_MOST_MS + 1;
	mark->next_ms = at_ms + THROTTLE_STEP_MS;
	return at_ms - now_ms;
}

int64_t
throttle_wait_ms(
    struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms, bool *refuse)
{
	struct keys keys = keys_of(throttle, from, user);
	struct seen_mark *guesses = seen_find(throttle, keys.guesses);
	struct seen_mark *network = seen_find(throttle, keys.network);
	const struct seen_mark *knows = seen_find(throttle, keys.knows);
	int64_t wait_ms = 0, other_ms = 0;

	if (failures_of(guesses, now_ms) >= THROTTLE_FREE)
		wait_ms = queue(guesses, now_ms);
	if (failures_of(network, now_ms) >= 10 * THROTTLE_FREE)
		other_ms = queue(network, now_ms);
	if (other_ms > wait_ms)
		wait_ms = other_ms;
	*refuse = wait_ms > THROTTLE_MOST_MS && !(knows && knows->precious);
	return wait_ms < THROTTLE_MOST_MS ? wait_ms : THROTTLE_MOST_MS;
}

unsigned
throttle_failed(struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms)
{
	struct keys keys = keys_of(throttle, from, user);

	count_failure(seen_make(throttle, keys.network), now_ms);
	return count_failure(seen_make(throttle, keys.guesses), now_ms);
}

void
throttle_passed(struct seen *throttle, const struct addr *from, const char *user, int64_t now_ms)
{
	struct keys keys = keys_of(throttle, from, user);
	struct seen_mark *guesses = seen_find(throttle, keys.guesses);
	struct seen_mark *knows = seen_make(throttle, keys.knows);

	if (guesses)
		guesses->count = 0;
	knows->precious = true;
	knows->seen_ms = now_ms;
}
