/* exchange.c - the queue of exchanges, one running at a time. */
#include "drivers/core/core.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 120 /* bytes of a question or answer in a trace line */

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

static struct queued_exchange *
take_first(struct exchange_queue *queue)
{
	struct queued_exchange *item = queue->first;

	if (item && !(queue->first = item->next))
		queue->last = &queue->first;
	return item;
}

static struct queued_exchange *
take_next(struct exchanges *exchanges)
{
	struct queued_exchange *item = take_first(&exchanges->urgent);

	return item ? item : take_first(&exchanges->normal);
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

/* --- one exchange ------------------------------------------------------------------------ */

/* The running one has ended; the answer is its first LEN bytes. */
static void
finish(struct core *core, enum exchange_end end, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item = exchanges->running;

	loop_timer_clear(core->loop, &exchanges->deadline);
	exchanges->running = NULL;
	exchanges->answer[len] = '\0';
	trace(core, &item->what, end, len);
	if (exchanges->open)
		loop_later(core->loop, &exchanges->next);
	if (item->what.done)
		item->what.done(item->what.owner ? item->what.owner : core->device, &item->what,
		    end, exchanges->answer, len);
	free(item);
}

/* Does the carrier itself know how an exchange ends? */
static bool
takes_back(const struct core *core)
{
	return core->port && core->driver->carrier && core->driver->carrier->cancel;
}

static void
time_is_up(void *owner)
{
	struct core *core = owner;
	const struct exchange *what = &core->exchanges.running->what;

	if (takes_back(core)) {
		core->driver->carrier->cancel(core->port);
		finish(core, EXCHANGE_TIMEOUT, 0);
		return;
	}
	/* Without an answer to wait for, the deadline is the end of the settling time. */
	finish(core, what->complete ? EXCHANGE_TIMEOUT : EXCHANGE_ANSWERED, core->exchanges.len);
}

static void
run_next(void *owner)
{
	struct core *core = owner;
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item;

	if (!exchanges->open || exchanges->running || !(item = take_next(exchanges)))
		return;
	exchanges->running = item;
	exchanges->len = 0;
	exchanges->asked_ms = loop_now_ms(core->loop);
	loop_timer_in(core->loop, &exchanges->deadline,
	    item->what.complete || takes_back(core) ? item->what.deadline_ms
						    : item->what.settle_ms);
	core->driver->carrier->ask(core->port, &item->what);
}

void
core_arrived(struct core *core, const void *bytes, size_t len)
{
	struct exchanges *exchanges = &core->exchanges;
	size_t room = EXCHANGE_BYTES_MAX - exchanges->len, whole;

	if (!exchanges->running) {
		log_debug(4, "%zu bytes dropped: nothing was asked", len);
		return;
	}
	if (len > room) {
		log_debug(3, "exchange %s: the answer is too long", exchanges->running->what.name);
		len = room;
	}
	memcpy(exchanges->answer + exchanges->len, bytes, len);
	exchanges->len += len;
	exchanges->answer[exchanges->len] = '\0';
	if (!exchanges->running->what.complete)
		return;
	whole = exchanges->running->what.complete(core->device, exchanges->answer, exchanges->len);
	if (whole > 0 && whole <= exchanges->len)
		finish(core, EXCHANGE_ANSWERED, whole);
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
	append(urgent ? &exchanges->urgent : &exchanges->normal, item);
	loop_later(core->loop, &exchanges->next);
}

bool
core_exchanges_idle(const struct core *core)
{
	const struct exchanges *exchanges = &core->exchanges;

	return !exchanges->running && !exchanges->urgent.first && !exchanges->normal.first;
}

void
core_exchanges_drop(struct core *core)
{
	struct exchanges *exchanges = &core->exchanges;
	struct queued_exchange *item;

	loop_timer_clear(core->loop, &exchanges->deadline);
	if (exchanges->running && takes_back(core))
		core->driver->carrier->cancel(core->port);
	free(exchanges->running);
	exchanges->running = NULL;
	while ((item = take_next(exchanges)))
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
	while (lost && (exchanges->running || (exchanges->running = take_next(exchanges)))) {
		finish(core, EXCHANGE_LOST, exchanges->len);
		exchanges->len = 0;
	}
	core_exchanges_drop(core);
}
