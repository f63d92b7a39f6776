/* replay.c - a device that says what it was heard to say: for those that no model knows, and for
 * bug reports as they came.  docs/emulators.md, "Recorded devices".
 *
 * The k-th time that something is asked gets the k-th answer that was recorded; when there are no
 * more, the last one again.  What was never asked is refused.  Nothing here has a battery. */
#include "emulators/usbdev.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 8192
#define QUESTION_MAX 512 /* bytes of a line's question */

enum kind { CONTROL, OUT, LINE };

struct bytes {
	unsigned char *bytes; /* owned */
	size_t len;
};

struct said {
	struct bytes bytes;
	struct said *next;
};

/* One question, the answer, and what is said unasked after it. */
struct row {
	enum kind kind;
	unsigned char setup[6]; /* CONTROL: type, request, value, index; not the length */
	bool any_data;		/* CONTROL: no data are told: any will do */
	bool refused;
	struct bytes question, answer;
	struct said *said; /* owned */
	size_t times;	   /* so often is it the answer */
};

struct replay {
	struct emu_usb usb;
	bool is_usb, lines_end; /* questions of lines end with a carriage return */
	struct row *rows;	/* owned */
	size_t len;
};

struct state {
	unsigned char heard[QUESTION_MAX]; /* of a line */
	size_t heard_len;
	size_t used[ROWS];
};

static const struct emu_dialect dialects[] = { { "replay", 1, NULL, NULL, "silent" },
	{ NULL, 0, NULL, NULL, NULL } };

/* ---- the device file ---- */

static const char *
read_hex(struct bytes *out, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(text);

	if (out->bytes || len % 2 || strspn(text, digits) != len)
		return "wants two hex digits for each byte";
	out->len = len / 2;
	if (!(out->bytes = malloc(out->len + 1)))
		return "out of memory";
	for (size_t i = 0; i < out->len; i++)
		out->bytes[i] = (unsigned char)((strchr(digits, text[2 * i]) - digits) << 4 |
						(strchr(digits, text[2 * i + 1]) - digits));
	return NULL;
}

/* [data HEX] [is HEX] [stall] [times N], from word I on. */
static const char *
read_options(struct row *row, const struct words *words, size_t i)
{
	const char *why = NULL;
	long times;

	for (; i < words->len && !why; i++) {
		const char *name = words->word[i];

		if (!strcmp(name, "stall") && row->kind == CONTROL) {
			row->refused = true;
			continue;
		}
		if (++i == words->len)
			return "a value is missing at the end";
		if (!strcmp(name, "data") && row->kind == CONTROL) {
			row->any_data = false;
			why = read_hex(&row->question, words->word[i]);
		} else if (!strcmp(name, "is") && row->kind != OUT) {
			why = read_hex(&row->answer, words->word[i]);
		} else if (!strcmp(name, "times")) {
			if (!conffile_number(words->word[i], 1, 1000000, &times))
				return "times wants a number";
			row->times = (size_t)times;
		} else {
			return "behind the question: data, is, stall, times";
		}
	}
	return why;
}

/* control TYPE REQUEST VALUE INDEX, as in docs/devices/hid.md, 1 */
static const char *
read_control(struct row *row, const struct words *words)
{
	static const unsigned digits[] = { 2, 2, 4, 4 };
	unsigned long number[4];
	char *end;

	if (words->len < 5)
		return "wants type, request, value and index, in hex";
	for (size_t i = 0; i < 4; i++) {
		number[i] = strtoul(words->word[i + 1], &end, 16);
		if (*end || strlen(words->word[i + 1]) != digits[i])
			return "wants type, request, value and index, in hex: a1 01 0306 0000";
	}
	row->setup[0] = (unsigned char)number[0];
	row->setup[1] = (unsigned char)number[1];
	row->setup[2] = (unsigned char)number[2];
	row->setup[3] = (unsigned char)(number[2] >> 8);
	row->setup[4] = (unsigned char)number[3];
	row->setup[5] = (unsigned char)(number[3] >> 8);
	row->any_data = true;
	return read_options(row, words, 5);
}

static void
row_free(struct row *row)
{
	struct said *next;

	for (struct said *said = row->said; said; said = next) {
		next = said->next;
		free(said->bytes.bytes);
		free(said);
	}
	free(row->question.bytes);
	free(row->answer.bytes);
}

static const char *
add_row(struct replay *replay, enum kind kind, const struct words *words)
{
	struct row row = { .kind = kind, .times = 1 };
	bool full = replay->len && !(replay->len & (replay->len - 1));
	const char *why;

	if (replay->len == ROWS)
		return "too many of them";
	if (kind == CONTROL)
		why = read_control(&row, words);
	else if (words->len < 2)
		why = "wants bytes in hex";
	else if (!(why = read_hex(&row.question, words->word[1])))
		why = read_options(&row, words, 2);
	if (!why && kind == LINE && (!row.question.len || row.question.len > QUESTION_MAX))
		why = "a question has 1 to 512 bytes";
	if (!why && (full || !replay->rows)) {
		size_t size = replay->len ? 2 * replay->len : 1;
		struct row *more = realloc(replay->rows, size * sizeof(*more));

		why = more ? NULL : "out of memory";
		if (more)
			replay->rows = more;
	}
	if (why) {
		row_free(&row);
		return why;
	}
	replay->rows[replay->len++] = row;
	if (kind == LINE && memchr(row.question.bytes, '\r', row.question.len))
		replay->lines_end = true;
	replay->is_usb = replay->is_usb || kind != LINE;
	return NULL;
}

/* Behind the answer above. */
static const char *
add_said(struct replay *replay, const struct words *words)
{
	struct said *said, **at;
	const char *why;

	if (words->len != 2 || !replay->len)
		return "wants bytes in hex, and stands behind an answer";
	if (!(said = calloc(1, sizeof(*said))))
		return "out of memory";
	why = read_hex(&said->bytes, words->word[1]);
	if (!why && said->bytes.len > EMU_USB_REPORT_MAX)
		why = "is too long";
	if (why) {
		free(said->bytes.bytes);
		free(said);
		return why;
	}
	for (at = &replay->rows[replay->len - 1].said; *at; at = &(*at)->next)
		;
	*at = said;
	return NULL;
}

static const char *
add_descriptor(struct replay *replay, const struct words *words)
{
	struct bytes more = { NULL, 0 };
	const char *why = words->len == 2 ? read_hex(&more, words->word[1]) : "wants hex digits";
	struct emu_usb *usb = &replay->usb;

	if (!why && more.len > EMU_USB_DESCRIPTOR_MAX - usb->report_descriptor_len)
		why = "is too long";
	if (!why) {
		memcpy(usb->report_descriptor + usb->report_descriptor_len, more.bytes, more.len);
		usb->report_descriptor_len += more.len;
	}
	replay->is_usb = true;
	free(more.bytes);
	return why;
}

static const char *
directive(struct emu_device_file *device, const struct words *words)
{
	const char *name = words->word[0];

	if (!device->model_data && !(device->model_data = calloc(1, sizeof(struct replay))))
		return "out of memory";
	struct replay *replay = device->model_data;

	if (!strcmp(name, "control"))
		return add_row(replay, CONTROL, words);
	if (!strcmp(name, "out"))
		return add_row(replay, OUT, words);
	if (!strcmp(name, "line"))
		return add_row(replay, LINE, words);
	if (!strcmp(name, "says"))
		return add_said(replay, words);
	if (!strcmp(name, "descriptor"))
		return add_descriptor(replay, words);
	replay->is_usb = true;
	return emu_usb_directive(&replay->usb, words);
}

static bool
no_report(struct emu *emu, enum emu_usb_report type, unsigned id, struct buf *out)
{
	return false;
}

static bool
no_set(
    struct emu *emu, enum emu_usb_report type, unsigned id, const unsigned char *bytes, size_t len)
{
	return false;
}

static const char *
complete(struct emu_device_file *device)
{
	struct replay *replay = device->model_data;

	if (!replay || !replay->len)
		return "nothing is recorded in it";
	for (size_t i = 0; i < replay->len; i++)
		if ((replay->rows[i].kind == LINE) == replay->is_usb)
			return "it is on a line, or on USB, but not both";
	if (replay->is_usb && (strlen(device->vendor_id) != 4 || strlen(device->product_id) != 4))
		return "a USB device wants ups.vendorid and ups.productid";
	for (size_t i = 0; i < replay->len; i++) /* GET_DESCRIPTOR of a string */
		if (replay->rows[i].kind == CONTROL && replay->rows[i].setup[0] == 0x80 &&
		    replay->rows[i].setup[1] == 6 && replay->rows[i].setup[3] == 3)
			replay->usb.answers_strings = true;
	replay->usb.get_report = no_report;
	replay->usb.set_report = no_set;
	emu_usb_complete(&replay->usb, device);
	return NULL;
}

static void
free_replay(void *model_data)
{
	struct replay *replay = model_data;

	for (size_t i = 0; replay && i < replay->len; i++)
		row_free(&replay->rows[i]);
	if (replay)
		free(replay->rows);
	free(replay);
}

static const struct emu_usb *
usb_of(const struct emu_device_file *device)
{
	const struct replay *replay = device->model_data;

	return replay && replay->is_usb ? &replay->usb : NULL;
}

/* ---- answers ---- */

static const struct replay *
replay_of(struct emu *emu)
{
	return emu_device(emu)->model_data;
}

static bool
same(const struct bytes *bytes, const void *others, size_t len)
{
	return bytes->len == len && (!len || !memcmp(bytes->bytes, others, len));
}

/* Is the message what ROW answers?  EXACT: its data are told, and the same. */
static bool
fits(const struct row *row, const struct emu_message *message, bool exact)
{
	if (message->kind != EMU_CONTROL)
		return row->kind == (message->kind == EMU_BYTES ? LINE : OUT) &&
		       same(&row->question, message->bytes, message->len);
	if (row->kind != CONTROL || memcmp(row->setup, message->setup, 6) != 0)
		return false;
	return exact ? same(&row->question, message->bytes, message->len) : row->any_data;
}

/* The next of those that fit, the last when all have been said.  NULL: there are none. */
static const struct row *
find(struct emu *emu, const struct emu_message *message, bool exact)
{
	const struct replay *replay = replay_of(emu);
	struct state *state = emu_state(emu);
	const struct row *last = NULL;

	for (size_t i = 0; i < replay->len; i++) {
		if (!fits(&replay->rows[i], message, exact))
			continue;
		last = &replay->rows[i];
		if (state->used[i] < last->times) {
			state->used[i]++;
			return last;
		}
	}
	return last;
}

/* What came unasked after it: once, when it was the answer as often as it is recorded. */
static void
say_more(struct emu *emu, const struct row *row)
{
	struct state *state = emu_state(emu);
	size_t i = row->times ? (size_t)(row - replay_of(emu)->rows) : 0;

	if (!row->times || state->used[i] != row->times)
		return;
	state->used[i]++; /* the last row is found again, with nothing behind it */
	for (const struct said *said = row->said; said; said = said->next) {
		struct emu_message message = { .kind = row->kind == LINE ? EMU_BYTES : EMU_REPORT,
			.bytes = said->bytes.bytes,
			.len = said->bytes.len };

		emu_send(emu, &message);
	}
}

static void
answer(struct emu *emu, const struct row *row, const struct emu_message *message)
{
	struct emu_message said = *message;
	size_t room = message->setup[6] | (size_t)message->setup[7] << 8;

	said.bytes = row->answer.bytes;
	said.len = row->answer.len;
	said.refused = row->refused;
	if (message->kind == EMU_CONTROL && said.len > room)
		said.len = room;
	if (message->kind == EMU_REPORT) /* that it has arrived is told like this */
		said.kind = EMU_CONTROL;
	if (message->kind != EMU_BYTES || said.len)
		emu_send(emu, &said);
	say_more(emu, row);
}

/* Has a recorded question these bytes at its beginning? */
static bool
begins_one(const struct replay *replay, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < replay->len; i++)
		if (replay->rows[i].question.len >= len &&
		    !memcmp(replay->rows[i].question.bytes, bytes, len))
			return true;
	return false;
}

/* A question that was not recorded ends with its carriage return, where those recorded have one. */
static void
hear_byte(struct emu *emu, unsigned char byte)
{
	struct state *state = emu_state(emu);
	const struct replay *replay = replay_of(emu);
	struct emu_message message = { .kind = EMU_BYTES, .bytes = state->heard };
	const struct row *row;

	state->heard[state->heard_len++] = byte;
	message.len = state->heard_len;
	if ((row = find(emu, &message, true))) {
		state->heard_len = 0;
		answer(emu, row, &message);
	} else if (state->heard_len == QUESTION_MAX || (replay->lines_end && byte == '\r')) {
		state->heard_len = 0;
	} else if (!replay->lines_end && !begins_one(replay, state->heard, state->heard_len)) {
		state->heard_len = 0;
		if (begins_one(replay, &byte, 1))
			state->heard[state->heard_len++] = byte;
	}
}

static void
hear(struct emu *emu, const struct emu_message *message)
{
	static const struct row never = { .kind = OUT, .refused = true };
	const unsigned char *bytes = message->bytes;
	const struct row *row;

	for (size_t i = 0; message->kind == EMU_BYTES && i < message->len; i++)
		hear_byte(emu, bytes[i]);
	if (message->kind == EMU_BYTES)
		return;
	row = find(emu, message, true);
	if (!row)
		row = find(emu, message, false);
	if (row)
		answer(emu, row, message);
	else if (message->kind == EMU_CONTROL)
		emu_usb_hear(emu, &replay_of(emu)->usb, message);
	else
		answer(emu, &never, message);
}

const struct emu_model emu_replay = {
	.name = "replay",
	.dialects = dialects,
	.hear = hear,
	.state_size = sizeof(struct state),
	.directive = directive,
	.complete = complete,
	.free = free_replay,
	.usb = usb_of,
};
