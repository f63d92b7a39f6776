/* post.h - what a device says, on its way: one message after the other, each when it is due, its
 * bytes as slowly as the line. */
#ifndef EMU_POST_H
#define EMU_POST_H

#include "emulators/emu.h"

struct emu_parcel {
	struct emu_parcel *next;
	struct emu_message message; /* .bytes point behind the struct */
	int64_t due_ms;		    /* when its first byte leaves */
	long byte_us;		    /* between two bytes; 0: all at once */
	size_t sent;
};

struct emu_post {
	struct loop *loop;
	void (*deliver)(void *owner, const struct emu_message *message);
	void *owner;
	struct emu_parcel *first, **last;
	struct timer timer;
	int64_t free_ms; /* when the last one queued will have gone */
};

void emu_post_init(struct emu_post *post, struct loop *loop,
    void (*deliver)(void *owner, const struct emu_message *message), void *owner);
/* Behind those that wait, and DELAY_MS after that.  A copy is made; DELIVER may be called now. */
void emu_post(
    struct emu_post *post, const struct emu_message *message, long delay_ms, long byte_us);
/* Forget all that is on its way. */
void emu_post_clear(struct emu_post *post);

#endif
