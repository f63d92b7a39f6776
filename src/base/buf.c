#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST 256u
#define MAX_DEFAULT (1024u * 1024u)

static size_t
most(const struct buf *buf)
{
	if (!buf->max)
		return MAX_DEFAULT;
	return buf->max < SIZE_MAX / 4 ? buf->max : SIZE_MAX / 4; /* doubling never wraps */
}

/* A size with room for HELD bytes and one more: vsnprintf() ends with a NUL. */
static size_t
size_for(const struct buf *buf, size_t held)
{
	size_t size = buf->size ? buf->size : SIZE_LEAST;

	while (size <= held)
		size *= 2;
	return size <= most(buf) ? size : most(buf) + 1;
}

/* Make bytes[end .. end + len) ours; false leaves BUF as it was. */
static bool
make_room(struct buf *buf, size_t len)
{
	size_t held = buf_len(buf), size;
	char *bytes;

	if (buf->size - buf->end > len) /* and so within the maximum: SIZE never goes beyond it */
		return true;
	if (len > most(buf) || held > most(buf) - len)
		return false;
	/* Slide only when that frees at least half, so that sliding costs O(1) a byte. */
	if (buf->bytes && buf->start >= buf->size / 2 && buf->size - held > len) {
		memmove(buf->bytes, buf->bytes + buf->start, held);
		buf->start = 0;
		buf->end = held;
		return true;
	}
	size = size_for(buf, held + len);
	bytes = malloc(size);
	if (!bytes)
		return false;
	if (buf->bytes)
		memcpy(bytes, buf->bytes + buf->start, held);
	free(buf->bytes);
	buf->bytes = bytes;
	buf->size = size;
	buf->start = 0;
	buf->end = held;
	return true;
}

char *
buf_new_room(struct buf *buf, size_t len)
{
	if (buf->failed || !make_room(buf, len))
		return NULL;
	return buf->bytes + buf->end;
}

bool
buf_add(struct buf *buf, const void *bytes, size_t len)
{
	if (!len)
		return !buf->failed;
	if (buf->failed || !make_room(buf, len)) {
		buf->failed = true;
		return false;
	}
	memcpy(buf->bytes + buf->end, bytes, len);
	buf->end += len;
	return true;
}

bool
buf_add_text(struct buf *buf, const char *text)
{
	return buf_add(buf, text, strlen(text));
}

bool
buf_add_vformat(struct buf *buf, const char *format, va_list args)
{
	char line[256], *room;
	va_list again;
	int len;

	if (buf->failed)
		return false;
	va_copy(again, args);
	len = vsnprintf(line, sizeof(line), format, args);
	if (len < 0) {
		buf->failed = true;
	} else if ((size_t)len < sizeof(line)) {
		buf_add(buf, line, (size_t)len);
	} else if (make_room(buf, (size_t)len)) {
		room = buf->bytes + buf->end;
		vsnprintf(room, (size_t)len + 1, format, again);
		buf->end += (size_t)len;
	} else {
		buf->failed = true;
	}
	va_end(again);
	return !buf->failed;
}

bool
buf_add_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	bool added;

	va_start(args, format);
	added = buf_add_vformat(buf, format, args);
	va_end(args);
	return added;
}

void
buf_take(struct buf *buf, size_t len)
{
	buf->start += len < buf_len(buf) ? len : buf_len(buf);
	if (buf->start < buf->end)
		return;
	free(buf->bytes);
	buf->bytes = NULL;
	buf->start = buf->end = buf->size = 0;
}

char *
buf_steal(struct buf *buf)
{
	size_t len = buf_len(buf);
	char *text = buf->failed ? NULL : malloc(len + 1);

	if (text) {
		if (len)
			memcpy(text, buf_bytes(buf), len);
		text[len] = '\0';
	}
	buf_free(buf);
	return text;
}

void
buf_free(struct buf *buf)
{
	free(buf->bytes);
	*buf = (struct buf){ .max = buf->max };
}
