#include "upsd/asking.h"

#include <string.h>

static bool
may_be_asked(const struct asking *asking, const char *host)
{
	size_t len = 0;

	for (size_t i = 0; i < ASKING_AT_ONCE; i++)
		len += asking->asked[i] && !strcmp(asking->asked[i]->host, host);
	return len < ASKING_OF_ONE;
}

static struct asker *
find_next(const struct asking *asking)
{
	struct asker *asker = asking->first;

	while (asker && (asker->question || !may_be_asked(asking, asker->host)))
		asker = asker->after;
	return asker;
}

static void
replace(struct asking *asking, const struct asker *old, struct asker *now)
{
	for (size_t i = 0; i < ASKING_AT_ONCE; i++)
		if (asking->asked[i] == old) {
			asking->asked[i] = now;
			return;
		}
}

static bool
has_room(const struct asking *asking)
{
	for (size_t i = 0; i < ASKING_AT_ONCE; i++)
		if (!asking->asked[i])
			return true;
	return false;
}

void
asking_end(struct asker *asker)
{
	struct asking *asking = asker->asking;

	if (!asking)
		return;
	replace(asking, asker, NULL);
	helper_withdraw(asker->question);
	loop_timer_clear(asking->loop, &asker->deadline);
	*(asker->before ? &asker->before->after : &asking->first) = asker->after;
	*(asker->after ? &asker->after->before : &asking->last) = asker->before;
	asker->question = NULL;
	asker->asking = NULL;
	if (asking->first)
		loop_later(asking->loop, &asking->next);
	else
		loop_later_clear(&asking->next);
}

static void
finish(struct asker *asker, enum asking_answer answer)
{
	asking_end(asker);
	asker->answered(asker->owner, answer);
}

static void
answered(void *owner, const char *answer, size_t len)
{
	struct asker *asker = owner;

	asker->question = NULL; /* it is over */
	finish(asker, !answer ? ASKING_NONE : helper_is_yes(answer) ? ASKING_YES : ASKING_NO);
}

static void
too_late(void *owner)
{
	finish(owner, ASKING_NONE);
}

static void
ask_next(void *owner)
{
	struct asking *asking = owner;
	struct asker *asker;

	while (has_room(asking) && (asker = find_next(asking))) {
		asker->question = asker->ask(asker->owner, answered, asker);
		if (asker->question)
			replace(asking, NULL, asker);
		else
			finish(asker, ASKING_NONE);
	}
}

void
asking_init(struct asking *asking, struct loop *loop)
{
	*asking = (struct asking){ .loop = loop, .next = { .run = ask_next, .owner = asking } };
}

void
asking_begin(struct asking *asking, struct asker *asker)
{
	asker->asking = asking;
	asker->question = NULL;
	asker->after = NULL;
	asker->before = asking->last;
	*(asking->last ? &asking->last->after : &asking->first) = asker;
	asking->last = asker;
	asker->deadline = (struct timer){ .fire = too_late, .owner = asker };
	loop_timer_in(asking->loop, &asker->deadline, ASKING_MOST_MS);
	loop_later(asking->loop, &asking->next);
}
