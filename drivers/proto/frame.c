#include "drivers/proto/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 15

static void
spoil(struct frame *frame, const char *fault)
{
	if (!frame->fault)
		frame->fault = fault;
	frame->at = frame->end;
}

void
frame_open(struct frame *frame, const char *answer, size_t len, char first)
{
	*frame =
	    (struct frame){ .at = answer, .end = answer + len, .first = true, .separator = ' ' };
	if (len > 0 && answer[len - 1] == '\r')
		frame->end--;
	if (frame->at == frame->end)
		spoil(frame, "empty");
	for (const char *c = frame->at; c < frame->end; c++)
		if (*c < 0x20 || *c > 0x7e) {
			spoil(frame, "a byte that is not printable");
			return;
		}
	if (first == '\0' || frame->fault)
		return;
	if (*frame->at != first)
		spoil(frame, "does not begin as it should");
	else
		frame->at++;
}

/* What separates this field from the one before. */
static void
skip_space(struct frame *frame)
{
	if (frame->first) {
		frame->first = false;
		return;
	}
	if (frame->at == frame->end)
		spoil(frame, "too short");
	else if (*frame->at != frame->separator)
		spoil(frame, "a field that is too long");
	else
		frame->at++;
}

/* FIELD of WIDTH against one shape: a number, or a dash for each of its digits? */
static bool
fits(const char *field, const char *shape, size_t width, bool *unknown)
{
	size_t digits = 0, dashes = 0, places = 0;

	for (size_t i = 0; i < width; i++) {
		if (shape[i] != 'd') {
			if (field[i] != shape[i])
				return false;
			continue;
		}
		places++;
		digits += field[i] >= '0' && field[i] <= '9';
		dashes += field[i] == '-';
	}
	*unknown = dashes == places;
	return digits == places || dashes == places;
}

double
frame_number(struct frame *frame, const char *shapes)
{
	skip_space(frame);

	const char *space = frame->at == frame->end ? NULL
						    : memchr(frame->at, frame->separator,
							  (size_t)(frame->end - frame->at));
	size_t width = (size_t)((space ? space : frame->end) - frame->at);
	bool unknown;

	for (const char *shape = shapes; width > 0 && width <= NUMBER_MAX; shape++) {
		size_t shape_width = strcspn(shape, "|");

		if (shape_width == width && fits(frame->at, shape, width, &unknown)) {
			char text[NUMBER_MAX + 1] = "";

			memcpy(text, frame->at, width);
			frame->at += width;
			return unknown ? (double)NAN : strtod(text, NULL);
		}
		shape += shape_width;
		if (*shape == '\0')
			break;
	}
	spoil(frame, width == 0 ? "too short" : "a number of the wrong shape");
	return (double)NAN;
}

unsigned long long
frame_bits(struct frame *frame, unsigned count)
{
	unsigned long long bits = 0;

	skip_space(frame);
	if ((size_t)(frame->end - frame->at) < count) {
		spoil(frame, "too short");
		return 0;
	}
	for (unsigned i = 0; i < count; i++, frame->at++) {
		if (*frame->at != '0' && *frame->at != '1') {
			spoil(frame, "a bit that is neither 0 nor 1");
			return 0;
		}
		bits = bits << 1 | (*frame->at == '1');
	}
	return bits;
}

void
frame_text(struct frame *frame, char *out, size_t width, char pad)
{
	out[0] = '\0';
	skip_space(frame);
	if ((size_t)(frame->end - frame->at) < width) {
		spoil(frame, "too short");
		return;
	}

	const char *from = frame->at, *to = from + width;

	frame->at = to;
	while (from < to && (*from == ' ' || *from == pad))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == pad))
		to--;
	memcpy(out, from, (size_t)(to - from));
	out[to - from] = '\0';
}

const char *
frame_close(struct frame *frame)
{
	while (frame->at < frame->end && *frame->at == ' ')
		frame->at++;
	if (frame->at < frame->end)
		spoil(frame, "too long");
	return frame->fault;
}

const char *
frame_close_loose(struct frame *frame, bool *extra)
{
	*extra = false;
	if (frame->at < frame->end && *frame->at != ' ')
		spoil(frame, "a field that is too long");
	for (; frame->at < frame->end; frame->at++)
		*extra |= *frame->at != ' ';
	return frame->fault;
}

size_t
frame_line(const char *bytes, size_t len)
{
	const char *cr = len ? memchr(bytes, '\r', len) : NULL;

	return cr ? (size_t)(cr - bytes) + 1 : 0;
}
