#include "emulators/post.h"

#include <stdlib.h>
#include <string.h>

/* How many bytes of the first parcel may have left by now. */
static size_t
bytes_due(const struct emu_parcel *parcel, int64_t now_ms)
{
	if (parcel->byte_us == 0)
		return parcel->message.len;
	int64_t bytes = (now_ms - parcel->due_ms) * 1000 / parcel->byte_us + 1;

	return bytes < (int64_t)parcel->message.len ? (size_t)bytes : parcel->message.len;
}

static void
drop_first(struct emu_post *post)
{
	struct emu_parcel *parcel = post->first;

	post->first = parcel->next;
	if (!post->first)
		post->last = &post->first;
	free(parcel);
}

/* Deliver what is due of the first; true when it is gone. */
static bool
deliver_first(struct emu_post *post, int64_t now_ms)
{
	struct emu_parcel *parcel = post->first;
	size_t due = bytes_due(parcel, now_ms);
	struct emu_message part = parcel->message;

	if (due > parcel->sent || part.len == 0) {
		part.bytes = (const char *)parcel->message.bytes + parcel->sent;
		part.len = due - parcel->sent;
		parcel->sent = due;
		post->deliver(post->owner, &part);
	}
	return parcel->sent == parcel->message.len;
}

static void
work(void *owner)
{
	struct emu_post *post = owner;
	int64_t now_ms = loop_now_ms(post->loop);

	loop_timer_clear(post->loop, &post->timer);
	while (post->first && post->first->due_ms <= now_ms) {
		if (deliver_first(post, now_ms)) {
			drop_first(post);
			continue;
		}
		int64_t next_us = (int64_t)post->first->sent * post->first->byte_us;

		loop_timer_at(
		    post->loop, &post->timer, post->first->due_ms + (next_us + 999) / 1000);
		return;
	}
	if (post->first)
		loop_timer_at(post->loop, &post->timer, post->first->due_ms);
}

void
emu_post_init(struct emu_post *post, struct loop *loop,
    void (*deliver)(void *owner, const struct emu_message *message), void *owner)
{
	*post = (struct emu_post){ .loop = loop, .deliver = deliver, .owner = owner };
	post->last = &post->first;
	post->timer = (struct timer){ .fire = work, .owner = post };
}

void
emu_post(struct emu_post *post, const struct emu_message *message, long delay_ms, long byte_us)
{
	struct emu_parcel *parcel = calloc(1, sizeof(*parcel) + message->len);
	int64_t from_ms = loop_now_ms(post->loop);
	bool idle = !post->first;

	if (!parcel)
		return; /* lost on the wire */
	if (post->free_ms > from_ms)
		from_ms = post->free_ms;
	parcel->message = *message;
	parcel->message.bytes =
	    memcpy(parcel + 1, message->len ? message->bytes : "", message->len);
	parcel->due_ms = from_ms + delay_ms;
	parcel->byte_us = message->kind == EMU_BYTES ? byte_us : 0;
	post->free_ms = parcel->due_ms + (int64_t)message->len * parcel->byte_us / 1000;
	*post->last = parcel;
	post->last = &parcel->next;
	if (idle)
		work(post);
}

void
emu_post_clear(struct emu_post *post)
{
	while (post->first)
		drop_first(post);
	post->free_ms = 0;
	loop_timer_clear(post->loop, &post->timer);
}
