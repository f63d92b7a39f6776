/* exchange.c - the queue of exchanges, one running at a time. */
#include "drivers/core/core.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 120	   /* bytes of a question or answer in a trace line */
#define LATE_MARGIN_MS 500 /* added to the slowest answer seen */

struct queued_exchange {
	struct exchange what; /* .question is BYTES */
	struct queued_exchange *next;
	unsigned char bytes[];
};

static void
append(struct exchange_queue *queue, struct queued_exchange *item)
{
	item->next = NULL;
	*queue->last = item;
	queue->last = &item->next;
}

static void
prepend(struct exchange_queue *queue, struct queued_exchange *item)
{
	if (!(item->next = queue->first))
		queue->last = &item->next;
	queue->first = item;
}

static struct queued_exchange *
take_first(struct exchange_queue *queue)
{
	struct queued_exchange *item = queue->first;

	if (item && !(queue->first = item->next))
		queue->last = &queue->first;
	return item;
}

/* The urgent first; but a round that is due or under way waits for one of them alone, or a peer
 * that keeps giving orders could keep us from seeing that the mains have failed. */
static struct queued_exchange *
take_next(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	bool had_one = exchanges->urgent_since == core->rounds + 1;
	struct queued_exchange *item;

	if (core->in_round && had_one && !core->cutting && exchanges->normal.first)
		return take_first(&exchanges->normal);
	if (!(item = take_first(&exchanges->urgent)))
		return take_first(&exchanges->normal);
	exchanges->urgent_since = core->rounds + 1;
	return item;
}

/* --- the trace --------------------------------------------------------------------------- */

static void
show(struct buf *buf, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	buf_add_text(buf, "\"");
	for (size_t i = 0; i < len && i < SHOWN_MAX; i++)
		if (byte[i] == '\r')
			buf_add_text(buf, "\\r");
		else if (byte[i] == '\n')
			buf_add_text(buf, "\\n");
		else if (byte[i] == '"' || byte[i] == '\\')
			buf_add_format(buf, "\\%c", byte[i]);
		else if (byte[i] < 0x20 || byte[i] > 0x7e)
			buf_add_format(buf, "\\%03o", byte[i]);
		else
			buf_add_format(buf, "%c", byte[i]);
	buf_add_text(buf, len > SHOWN_MAX ? "\"..." : "\"");
}

static void
trace(const struct core *core, const struct exchange *what, enum exchange_end end, size_t len)
{
	static const char *const ends[] = {
		[EXCHANGE_ANSWERED] = "",
		[EXCHANGE_TIMEOUT] = " (timeout)",
		[EXCHANGE_LOST] = " (port lost)",
		[EXCHANGE_REFUSED] = " (stall)",
		[EXCHANGE_BROKEN] = " (broken)",
	};
	struct buf buf = { .max = 4096 };

	if (log_get()->debug < 3)
		return;
	show(&buf, what->question, what->question_len);
	buf_add_text(&buf, " -> ");
	show(&buf, core->exchanges.answer, len);
	buf_add(&buf, "", 1);
	if (!buf.failed)
		log_debug(3, "exchange %s: %s%s, %lld ms", what->name, buf_bytes(&buf), ends[end],
		    (long long)(loop_now_ms(core->loop) - core->exchanges.asked_ms));
	buf_free(&buf);
}

/* Does the carrier itself know how this exchange ends?  Then none comes late. */
static bool
takes_back(const struct core *core, const struct exchange *what)
{
	return !what->complete && core->port && core->carrier->cancel;
}

/* false: what it was asked may be answered all the same. */
static bool
take_back(struct core *core)
{
	return core->port && core->carrier->cancel && core->carrier->cancel(core->port);
}

/* --- late answers ------------------------------------------------------------------------ */

/* From the question: until then an answer may come. */
static int64_t
patience(const struct exchanges *exchanges, const struct exchange *what)
{
	int64_t ms = 2 * (int64_t)what->deadline_ms;

	if (exchanges->slowest_ms + LATE_MARGIN_MS > ms)
		ms = exchanges->slowest_ms + LATE_MARGIN_MS;
	return ms < EXCHANGE_LATE_MAX_MS ? ms : EXCHANGE_LATE_MAX_MS;
}

static bool
in_doubt(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;

	if (loop_now_ms(core->loop) - exchanges->unanswered_ms > EXCHANGE_LATE_MAX_MS)
		exchanges->owed = 0;
	return exchanges->owed > 0;
}

/* An answer took so long.  Those in time let it be forgotten again. */
static void
learn_delay(struct core *core, const struct exchange *what, int64_t took_ms)
{
	struct exchanges *exchanges = &core->exchanges;

	if (took_ms <= (int64_t)what->deadline_ms) {
		exchanges->slowest_ms -= exchanges->slowest_ms / 64;
		return;
	}
	log_debug(3, "exchange %s: an answer after %lld ms", what->name, (long long)took_ms);
	if (took_ms > exchanges->slowest_ms)
		exchanges->slowest_ms = took_ms;
	if (exchanges->said_late || what->may_be_silent)
		return;
	exchanges->said_late = true;
	log_warnx("[%s] an answer came after %lld ms: thrown away, as all later than %u ms will be",
	    core->conf->ups_name, (long long)took_ms, what->deadline_ms);
}

/* The one asked last may yet be answered. */
static void
owe(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;

	in_doubt(core);
	exchanges->owed++;
	exchanges->unanswered_ms = exchanges->asked_ms;
}

/* The running one will not be waited for any more. */
static void
leave(struct core *core)
{
	const struct queued_exchange *item = core->exchanges.running;

	if (item && item->what.complete && !item->what.may_be_silent && core->exchanges.len == 0)
		owe(core);
}

static void
listen_on(struct core *core, int64_t ms)
{
	struct exchanges *exchanges = &core->exchanges;
	int64_t passed_ms = loop_now_ms(core->loop) - exchanges->asked_ms;

	if (ms > EXCHANGE_LATE_MAX_MS - passed_ms)
		ms = EXCHANGE_LATE_MAX_MS - passed_ms;
	loop_timer_in(core->loop, &exchanges->deadline, ms > 0 ? ms : 0);
}

static void
stop_listening(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;

	loop_timer_clear(core->loop, &exchanges->deadline);
	exchanges->listening = false;
	loop_later(core->loop, &exchanges->next);
}

/* A whole answer has come late: that of the first question that is owed one. */
static void
take_late(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;

	learn_delay(core, &exchanges->last, loop_now_ms(core->loop) - exchanges->asked_ms);
	exchanges->len = 0;
	if (exchanges->owed)
		exchanges->owed--;
	if (exchanges->owed == 0)
		stop_listening(core);
}

static void
hear_late(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	size_t whole = exchanges->last.complete(core->device, exchanges->answer, exchanges->len);

	if (whole > 0 && whole <= exchanges->len)
		take_late(core);
	else if (exchanges->len == EXCHANGE_BYTES_MAX)
		exchanges->len = 0;
	if (exchanges->listening)
		listen_on(core, patience(exchanges, &exchanges->last) / 2);
}

/* A whole answer, and soon enough: it was that of the last question after all, and slow. */
static void
hear_unasked(struct core *core, const void *bytes, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	int64_t took_ms = loop_now_ms(core->loop) - exchanges->asked_ms;

	log_debug(4, "%zu bytes dropped: nothing was asked", len);
	if (exchanges->last.complete && took_ms <= EXCHANGE_LATE_MAX_MS &&
	    exchanges->last.complete(core->device, bytes, len) > 1)
		learn_delay(core, &exchanges->last, took_ms);
}

/* --- one exchange ------------------------------------------------------------------------ */

/* The running one has ended; the answer is its first LEN bytes. */
static void
finish(struct core *core, enum exchange_end end, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item = exchanges->running;

	loop_timer_clear(core->loop, &exchanges->deadline);
	exchanges->running = NULL;
	exchanges->held = false;
	exchanges->last = item->what;
	exchanges->last.question = NULL;
	exchanges->answer[len] = '\0';
	trace(core, &item->what, end, len);
	if (end == EXCHANGE_TIMEOUT && item->what.complete && !item->what.may_be_silent) {
		exchanges->listening = true;
		/* Of an answer that has begun the rest is to come, if anything. */
		if (len == 0)
			owe(core);
	}
	if (exchanges->open)
		loop_later(core->loop, &exchanges->next);
	if (item->what.done)
		item->what.done(item->what.owner ? item->what.owner : core->device, &item->what,
		    end, exchanges->answer, len);
	exchanges->len = 0;
	if (exchanges->listening)
		listen_on(core, patience(exchanges, &item->what) -
				    (loop_now_ms(core->loop) - exchanges->asked_ms));
	free(item);
}

void
core_exchange_was_whole(struct core *core)
{
	core->exchanges.listening = false;
}

/* Whole, but is it the answer to this question or to one before?  The line will tell. */
static void
hold(struct core *core, enum exchange_end end, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	int64_t wait_ms = exchanges->slowest_ms;

	exchanges->held = true;
	exchanges->held_end = end;
	exchanges->held_len = exchanges->len = len;
	exchanges->held_late_ms = loop_now_ms(core->loop) - exchanges->unanswered_ms;
	if (wait_ms < exchanges->held_late_ms)
		wait_ms = exchanges->held_late_ms;
	loop_timer_in(core->loop, &exchanges->deadline, wait_ms + LATE_MARGIN_MS);
}

/* Another answer while one is held: that was of the question before. */
static void
was_late(struct core *core, bool whole)
{
	struct exchanges *exchanges = &core->exchanges;

	learn_delay(core, &exchanges->running->what, exchanges->held_late_ms);
	exchanges->owed--;
	finish(core, EXCHANGE_TIMEOUT, 0);
	if (whole && exchanges->listening)
		take_late(core);
}

static void
end_with(struct core *core, enum exchange_end end, size_t len)
{
	const struct exchange *what = &core->exchanges.running->what;

	if (len > 0 && !what->may_be_silent && in_doubt(core)) {
		hold(core, end, len);
		return;
	}
	if (end == EXCHANGE_ANSWERED)
		learn_delay(core, what, loop_now_ms(core->loop) - core->exchanges.asked_ms);
	finish(core, end, len);
}

static void
time_is_up(void *owner)
{
	struct core *core = owner;
	struct exchanges *exchanges = &core->exchanges;

	if (!exchanges->running) {
		stop_listening(core);
	} else if (exchanges->held) {
		exchanges->owed = 0; /* nothing else came: the line is in step again */
		finish(core, exchanges->held_end, exchanges->held_len);
	} else if (take_back(core)) {
		finish(core,
		    takes_back(core, &exchanges->running->what) ? EXCHANGE_TIMEOUT
								: EXCHANGE_BROKEN,
		    0);
	} else if (!exchanges->running->what.complete) {
		/* No answer to wait for: the deadline is the end of the settling time. */
		finish(core, EXCHANGE_ANSWERED, exchanges->len);
	} else {
		end_with(core, EXCHANGE_TIMEOUT, exchanges->len);
	}
}

static int64_t
time_of(const struct core *core, const struct exchange *what)
{
	if (takes_back(core, what))
		return what->deadline_ms;
	if (!what->complete)
		return what->settle_ms;
	return what->may_be_silent ? patience(&core->exchanges, what) : (int64_t)what->deadline_ms;
}

static void
run_next(void *owner)
{
	struct core *core = owner;
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item;

	if (!exchanges->open || exchanges->running || exchanges->listening ||
	    !(item = take_next(core)))
		return;
	exchanges->running = item;
	exchanges->len = 0;
	exchanges->asked_ms = loop_now_ms(core->loop);
	loop_timer_in(core->loop, &exchanges->deadline, time_of(core, &item->what));
	core->carrier->ask(core->port, &item->what);
}

static void
collect(struct core *core, const void *bytes, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	size_t room = EXCHANGE_BYTES_MAX - exchanges->len;

	if (len > room) {
		log_debug(3, "an answer is too long");
		len = room;
	}
	memcpy(exchanges->answer + exchanges->len, bytes, len);
	exchanges->len += len;
	exchanges->answer[exchanges->len] = '\0';
}

/* Behind the answer that is held. */
static void
hear_behind(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	size_t len = exchanges->len - exchanges->held_len;
	size_t whole = exchanges->running->what.complete(
	    core->device, exchanges->answer + exchanges->held_len, len);

	/* Behind an answer that had no end, whatever comes is another. */
	if (whole || exchanges->held_end == EXCHANGE_TIMEOUT || len == EXCHANGE_BYTES_MAX)
		was_late(core, whole > 0);
}

/* The first bytes that come behind an order may be those of a question before it: then the device
 * is as slow as that, and the order's own reply may be too. */
static void
mind_the_question_before(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	const struct exchange *what = &exchanges->running->what;
	int64_t now_ms = loop_now_ms(core->loop);

	if (!what->may_be_silent || exchanges->len > 0 || !in_doubt(core))
		return;
	learn_delay(core, what, now_ms - exchanges->unanswered_ms);
	loop_timer_in(core->loop, &exchanges->deadline,
	    patience(exchanges, what) - (now_ms - exchanges->asked_ms));
}

void
core_arrived(struct core *core, const void *bytes, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	size_t whole;

	if (!exchanges->running && !exchanges->listening) {
		hear_unasked(core, bytes, len);
		return;
	}
	if (exchanges->running)
		mind_the_question_before(core);
	collect(core, bytes, len);
	if (exchanges->listening) {
		hear_late(core);
		return;
	}
	if (!exchanges->running->what.complete)
		return;
	if (exchanges->held) {
		hear_behind(core);
		return;
	}
	whole = exchanges->running->what.complete(core->device, exchanges->answer, exchanges->len);
	if (whole > 0 && whole <= exchanges->len)
		end_with(core, EXCHANGE_ANSWERED, whole);
	else if (exchanges->len == EXCHANGE_BYTES_MAX)
		finish(core, EXCHANGE_TIMEOUT, exchanges->len);
}

void
core_ended(struct core *core, enum exchange_end end, const void *bytes, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;

	if (!exchanges->running)
		return;
	if (len > EXCHANGE_BYTES_MAX)
		len = EXCHANGE_BYTES_MAX;
	if (len)
		memcpy(exchanges->answer, bytes, len);
	finish(core, end, len);
}

/* --- the queue --------------------------------------------------------------------------- */

void
core_exchange(struct core *core, const struct exchange *exchange, bool urgent)
{
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item;

	if (!exchanges->open) {
		log_debug(1, "exchange %s: the port is closed", exchange->name);
		return;
	}
	if (!(item = malloc(sizeof(*item) + exchange->question_len))) {
		core_failed(core, "out of memory");
		return;
	}
	item->what = *exchange;
	if (exchange->question_len)
		memcpy(item->bytes, exchange->question, exchange->question_len);
	item->what.question = item->bytes;
	/* Nothing that waits goes before the order to cut the power. */
	if (urgent && core->cutting)
		prepend(&exchanges->urgent, item);
	else
		append(urgent ? &exchanges->urgent : &exchanges->normal, item);
	loop_later(core->loop, &exchanges->next);
}

void
core_exchanges_drop(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item;

	loop_timer_clear(core->loop, &exchanges->deadline);
	if (exchanges->running)
		take_back(core);
	leave(core);
	exchanges->listening = exchanges->held = false;
	free(exchanges->running);
	exchanges->running = NULL;
	while ((item = take_first(&exchanges->urgent)) || (item = take_first(&exchanges->normal)))
		free(item);
}

void
exchanges_init(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;

	exchanges->urgent.last = &exchanges->urgent.first;
	exchanges->normal.last = &exchanges->normal.first;
	exchanges->deadline = (struct timer){ .fire = time_is_up, .owner = core };
	exchanges->next = (struct later){ .run = run_next, .owner = core };
}

void
exchanges_open(struct core *core)
{
	core->exchanges.open = true;
}

void
exchanges_close(struct core *core, bool lost)
{
	struct exchanges *exchanges = &core->exchanges;

	/* Closed first: what DONE queues now is not kept. */
	exchanges->open = false;
	loop_later_clear(&exchanges->next);
	leave(core);
	while (lost && (exchanges->running || (exchanges->running = take_next(core)))) {
		finish(core, EXCHANGE_LOST, exchanges->len);
		exchanges->len = 0;
	}
	core_exchanges_drop(core);
}
