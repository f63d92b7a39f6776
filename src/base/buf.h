/* buf.h - bytes with bounds: grows up to a stated maximum, holds no memory while empty. */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* A queue of bytes: append at the end, take from the front.  {.max = N} is an empty buffer; nothing
 * else need be initialised.  Once an append fails (memory, or more than MAX held) nothing of that
 * append is kept, FAILED is set and stays set until buf_free(), so that a caller may check once. */
struct buf {
	char *bytes;	   /* owned */
	size_t start, end; /* what is held: bytes[start .. end) */
	size_t size;	   /* allocated */
	size_t max;	   /* bytes held at most; 0 means 1 MiB */
	bool failed;
};

bool buf_add(struct buf *buf, const void *bytes, size_t len);
bool buf_add_text(struct buf *buf, const char *text);
bool buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool buf_add_vformat(struct buf *buf, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* What is held.  The pointer is borrowed and dies with the next call on BUF. */
static inline char *
buf_bytes(const struct buf *buf)
{
	return buf->bytes ? buf->bytes + buf->start : NULL;
}

static inline size_t
buf_len(const struct buf *buf)
{
	return buf->end - buf->start;
}

/* Forget the first LEN bytes; when none is left the memory goes too. */
void buf_take(struct buf *buf, size_t len);

/* Room for LEN more bytes at bytes[end], NULL when that is too much; buf_added() keeps N of them.
 */
char *buf_new_room(struct buf *buf, size_t len);
static inline char *
buf_room(struct buf *buf, size_t len)
{
	bool there = buf->size - buf->end > len && !buf->failed;

	return there ? buf->bytes + buf->end : buf_new_room(buf, len);
}

static inline void
buf_added(struct buf *buf, size_t len)
{
	buf->end += len;
	if (buf->start == buf->end)
		buf_take(buf, 0); /* a room that nothing was put in is given back */
}

/* The bytes held as a NUL-ended string that the caller frees; BUF is empty afterwards.
 * NULL when out of memory or when an append had failed. */
char *buf_steal(struct buf *buf);

/* Empty, and usable again with the same maximum. */
void buf_free(struct buf *buf);

#endif
