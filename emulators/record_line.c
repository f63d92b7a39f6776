/* record_line.c - the rows of a recorded UPS on a serial line. */
#include "emulators/recording.h"

#define QUESTION_MAX 512 /* bytes of a question */

/* Behind a row, for people. */
static void
add_comment(struct buf *out, const unsigned char *bytes, size_t len)
{
	buf_add_text(out, " # ");
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == '\r')
			buf_add_text(out, "\\r");
		else if (bytes[i] >= 0x20 && bytes[i] < 0x7f && bytes[i] != '\\')
			buf_add_format(out, "%c", bytes[i]);
		else
			buf_add_format(out, "\\x%02x", bytes[i]);
}

struct line {
	struct buf question, answer;
	size_t rows;
};

static void
write_line(
    struct emu_recording *record, const unsigned char *question, size_t len, struct buf *answer)
{
	record->rows++;
	buf_add_text(record->out, "line ");
	emu_add_hex(record->out, question, len);
	if (buf_len(answer)) {
		buf_add_text(record->out, " is ");
		emu_add_hex(record->out, (const unsigned char *)buf_bytes(answer), buf_len(answer));
	}
	add_comment(record->out, question, len);
	if (buf_len(answer)) {
		buf_add_text(record->out, "  ");
		add_comment(record->out, (const unsigned char *)buf_bytes(answer), buf_len(answer));
	}
	buf_add_text(record->out, "\n");
}

/* What was asked in one go, and the answer to the last of it: a question that ends with a carriage
 * return and had no answer stands alone. */
static void
end_line(struct emu_recording *record, struct line *line)
{
	const unsigned char *bytes = (const unsigned char *)buf_bytes(&line->question);
	size_t len = buf_len(&line->question), from = 0;
	struct buf nothing = { 0 };

	for (size_t i = 0; len && i + 1 < len; i++) {
		if (bytes[i] != '\r' || bytes[i + 1] == '\n' || bytes[i + 1] == '\r')
			continue;
		if (i + 1 - from <= QUESTION_MAX && line->rows++ < EMU_ROWS)
			write_line(record, bytes + from, i + 1 - from, &nothing);
		else
			record->cut++;
		from = i + 1;
	}
	if (len && (len - from > QUESTION_MAX || buf_len(&line->answer) > EMU_ROW_MAX))
		record->cut++;
	else if (len && line->rows++ < EMU_ROWS)
		write_line(record, bytes + from, len - from, &line->answer);
	record->full = record->full || line->rows > EMU_ROWS;
	buf_free(&line->question);
	buf_free(&line->answer);
}

bool
emu_record_line(struct emu_recording *record)
{
	struct line line = { { .max = EMU_CAPTURE_DATA }, { .max = EMU_CAPTURE_DATA }, 0 };
	enum emu_captured before = EMU_CAPTURED_ASKED;
	bool memory = true;

	for (size_t i = 0; i < record->capture->len; i++) {
		const struct emu_capture_event *event = &record->capture->events[i];

		if (event->kind == EMU_CAPTURED_ASKED && before == EMU_CAPTURED_SAID)
			end_line(record, &line);
		before = event->kind;
		if (event->kind == EMU_CAPTURED_SAID && !buf_len(&line.question))
			record->unasked++;
		else
			memory = buf_add(event->kind == EMU_CAPTURED_ASKED ? &line.question
									   : &line.answer,
				     emu_recorded(record, event), event->len) &&
				 memory;
	}
	end_line(record, &line);
	if (!memory)
		faults_add(record->faults, record->name, 0, "out of memory");
	return memory;
}
