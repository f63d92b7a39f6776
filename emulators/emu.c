#include "emulators/emu.h"

#include "emulators/bridge.h"
#include "emulators/faults.h"
#include "emulators/post.h"
#include "emulators/usbdev.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTION_MAX 128 /* bytes; a longer one is nothing any device knows */
#define TICK_MS 50	 /* how often time is looked at while something moves by itself */
#define HISTORY 200

const struct emu_model *const emu_models[] = { &emu_megatec, &emu_voltronic, &emu_hidups,
	&emu_replay, NULL };
const struct emu_transport *const emu_transports[] = { &emu_pty, &emu_umockdev, &emu_usbip,
	&emu_gadget, NULL };

struct line {
	int64_t at_ms;
	char direction; /* '>' host to UPS, '<' UPS to host */
	char text[2 * EMU_TEXT];
};

struct emu {
	struct loop *loop;		       /* borrowed */
	const struct emu_device_file *device;  /* borrowed */
	const struct emu_transport *transport; /* borrowed */
	struct emu_options options;	       /* strings borrowed */
	void *port;			       /* owned; NULL while unplugged */
	void *kept;			       /* owned: transport->forget */
	struct emu_battery battery;
	struct emu_faults faults;
	struct emu_post post;
	bool paced;
	struct later pull; /* the cable out */

	double speed; /* virtual = virtual_base + (now - real_base) * speed */
	int64_t real_base_ms;
	double virtual_base_ms;
	struct timer tick;
	struct {
		int64_t at_ms; /* EMU_NEVER: not set */
		void (*ring)(void *owner);
		void *owner;
	} alarm;
	int64_t held_ms; /* while the alarm rings, time stands here; -1 otherwise */
	struct emu_watcher *watchers;

	char question[QUESTION_MAX]; /* being collected */
	size_t question_len;
	char asked[QUESTION_MAX + 1]; /* being answered; "" when nothing was asked */
	bool question_spoilt;	      /* too long, or with a NUL in it */
	struct emu_heard heard;
	struct line history[HISTORY];
	size_t history_len; /* ever written */
	int64_t began_ms;
	void *state; /* owned: the model's */
	struct emu_bridge_now bridge;
};

/* ---- what was heard and said ---- */

static void
escape(char *out, size_t size, const char *bytes, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < len && at + 5 < size; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte == '\r')
			at += (size_t)snprintf(out + at, size - at, "\\r");
		else if (byte == '\n')
			at += (size_t)snprintf(out + at, size - at, "\\n");
		else if (byte < 0x20 || byte > 0x7e)
			at += (size_t)snprintf(out + at, size - at, "\\x%02x", byte);
		else
			out[at++] = (char)byte;
	}
	out[at] = '\0';
}

/* What was said, for people: USB's bytes in hex. */
static void
put_in_words(char *out, size_t size, const struct emu_message *message)
{
	const unsigned char *bytes = message->bytes;
	size_t at = 0;

	out[0] = '\0';
	if (message->kind == EMU_BYTES)
		escape(out, size, message->bytes, message->len);
	else if (message->refused || message->broken)
		snprintf(out, size, message->broken ? "broken" : "stall");
	else
		for (size_t i = 0; i < message->len && at + 4 < size; i++)
			at += (size_t)snprintf(out + at, size - at, i ? " %02x" : "%02x", bytes[i]);
}

static struct line *
remember(struct emu *emu, char direction, const struct emu_message *message)
{
	struct line *line = &emu->history[emu->history_len++ % HISTORY];

	line->at_ms = loop_now_ms(emu->loop) - emu->began_ms;
	line->direction = direction;
	put_in_words(line->text, sizeof(line->text), message);
	return line;
}

void
emu_history(const struct emu *emu, struct buf *out)
{
	size_t first = emu->history_len > HISTORY ? emu->history_len - HISTORY : 0;

	for (size_t i = first; i < emu->history_len; i++) {
		const struct line *line = &emu->history[i % HISTORY];

		buf_add_format(
		    out, "%.3f %c %s\n", (double)line->at_ms / 1000, line->direction, line->text);
	}
}

const struct emu_heard *
emu_heard(const struct emu *emu)
{
	return &emu->heard;
}

/* ---- time ---- */

int64_t
emu_clock_ms(struct emu *emu)
{
	int64_t passed_ms = loop_now_ms(emu->loop) - emu->real_base_ms;

	if (emu->held_ms >= 0)
		return emu->held_ms;
	return (int64_t)(emu->virtual_base_ms + (double)passed_ms * emu->speed);
}

/* From here on SPEED. */
void
emu_speed(struct emu *emu, double speed)
{
	int64_t clock_ms = emu_clock_ms(emu);

	emu_battery_advance(&emu->battery, clock_ms);
	emu->virtual_base_ms = (double)clock_ms;
	emu->real_base_ms = loop_now_ms(emu->loop);
	emu->speed = speed;
}

double
emu_speed_now(const struct emu *emu)
{
	return emu->speed;
}

struct emu_battery *
emu_battery(struct emu *emu)
{
	while (emu->held_ms < 0 && emu->alarm.at_ms <= emu_clock_ms(emu)) {
		emu->held_ms = emu->alarm.at_ms;
		emu->alarm.at_ms = EMU_NEVER;
		emu_battery_advance(&emu->battery, emu->held_ms);
		emu->alarm.ring(emu->alarm.owner);
		emu->held_ms = -1;
	}
	emu_battery_advance(&emu->battery, emu_clock_ms(emu));
	return &emu->battery;
}

/* When to look again: soon while something moves by itself, at the alarm, or never. */
static void
set_tick(struct emu *emu)
{
	int64_t in_ms = INT64_MAX;

	if (!emu_battery_quiet(&emu->battery))
		in_ms = TICK_MS;
	if (emu->alarm.at_ms != EMU_NEVER) {
		double left_ms = (double)(emu->alarm.at_ms - emu_clock_ms(emu)) / emu->speed;

		if (left_ms < (double)in_ms)
			in_ms = left_ms > 0 ? (int64_t)left_ms + 1 : 0;
	}
	if (in_ms == INT64_MAX)
		loop_timer_clear(emu->loop, &emu->tick);
	else if (!timer_is_set(&emu->tick) || emu->tick.at_ms > loop_now_ms(emu->loop) + in_ms)
		loop_timer_in(emu->loop, &emu->tick, in_ms);
}

void
emu_alarm(struct emu *emu, int64_t at_ms, void (*ring)(void *owner), void *owner)
{
	emu->alarm.at_ms = at_ms;
	emu->alarm.ring = ring;
	emu->alarm.owner = owner;
	if (emu->held_ms < 0)
		set_tick(emu);
}

/* Tell all who look; each may stop looking while it is told. */
static void
tell_watchers(struct emu *emu)
{
	struct emu_watcher *next;

	for (struct emu_watcher *watcher = emu->watchers; watcher; watcher = next) {
		next = watcher->next;
		watcher->look(watcher->owner);
	}
}

void
emu_changed(struct emu *emu)
{
	if (emu->device->model->changed)
		emu->device->model->changed(emu);
	tell_watchers(emu);
	emu_battery(emu);
	set_tick(emu);
}

static void
tick(void *owner)
{
	struct emu *emu = owner;

	emu_battery(emu);
	emu_changed(emu);
}

void
emu_watch(struct emu *emu, struct emu_watcher *watcher)
{
	if (watcher->on)
		return;
	watcher->on = true;
	watcher->next = emu->watchers;
	emu->watchers = watcher;
}

void
emu_unwatch(struct emu *emu, struct emu_watcher *watcher)
{
	struct emu_watcher **at = &emu->watchers;

	while (*at && *at != watcher)
		at = &(*at)->next;
	if (*at)
		*at = watcher->next;
	watcher->on = false;
}

/* ---- saying ---- */

static void
deliver(void *owner, const struct emu_message *message)
{
	struct emu *emu = owner;

	if (emu->device->bridge && message->kind == EMU_BYTES)
		emu_bridge_say(emu, message->bytes, message->len);
	else
		emu_transmit(emu, message);
}

void
emu_transmit(struct emu *emu, const struct emu_message *message)
{
	if (emu->port)
		emu->transport->write(emu->port, message);
}

struct emu_bridge_now *
emu_bridge_state(struct emu *emu)
{
	return &emu->bridge;
}

static long
byte_us(const struct emu *emu, long fault_ms)
{
	unsigned baud = emu->device->model->baud;

	if (emu_bridge_collects(emu->device))
		return 0;
	if (fault_ms)
		return fault_ms * 1000;
	return emu->paced && baud ? 10000000 / (long)baud : 0; /* 8N1: ten bits a byte */
}

/* What the device says when it will not. */
static const char *
refusal(const struct emu *emu)
{
	return emu->device->dialect->refused ? emu->device->dialect->refused : "NAK";
}

void
emu_send(struct emu *emu, const struct emu_message *message)
{
	struct emu_spoilt spoilt;
	char end = message->kind == EMU_BYTES ? emu->device->model->end : '\0';

	if (emu->device->bridge && message->kind != EMU_BYTES) {
		emu_transmit(emu, message); /* emu_bus_fails() has been asked */
		return;
	}
	emu_faults_pass(&emu->faults,
	    emu->device->bridge || message->settled ? EMU_FAULTS_TEXT : EMU_FAULTS_ALL, &spoilt,
	    message->kind == EMU_REPORT ? "report" : emu->asked, message->bytes, message->len,
	    refusal(emu), end);
	if (!spoilt.lost && !spoilt.bytes.failed) {
		struct emu_message out = *message;

		out.bytes = buf_bytes(&spoilt.bytes);
		out.len = buf_len(&spoilt.bytes);
		out.refused = out.refused || (spoilt.stall && out.kind == EMU_CONTROL);
		out.broken = spoilt.broken;
		if (out.refused || out.broken)
			out.len = 0;
		remember(emu, '<', &out);
		emu->heard.said++;
		put_in_words(emu->heard.answer, sizeof(emu->heard.answer), &out);
		emu_post(&emu->post, &out, emu->device->answer_ms + spoilt.delay_ms,
		    byte_us(emu, spoilt.byte_ms));
	}
	/* Whoever has asked is still at work. */
	if (spoilt.unplug)
		loop_later(emu->loop, &emu->pull);
	buf_free(&spoilt.bytes);
}

bool
emu_bus_fails(struct emu *emu, const struct emu_message *request)
{
	struct emu_message answer = *request;
	struct emu_spoilt spoilt;
	char name[EMU_TEXT] = "report";

	if (request->kind == EMU_CONTROL)
		emu_usb_name(name, sizeof(name), request->setup);
	answer.kind = EMU_CONTROL;
	emu_faults_pass(&emu->faults, EMU_FAULTS_BUS, &spoilt, name, NULL, 0, "", '\0');
	answer.len = 0;
	answer.refused = spoilt.stall;
	answer.broken = spoilt.broken;
	if (spoilt.stall || spoilt.broken)
		emu_transmit(emu, &answer);
	if (spoilt.unplug)
		loop_later(emu->loop, &emu->pull);
	buf_free(&spoilt.bytes);
	return spoilt.stall || spoilt.broken || spoilt.lost;
}

void
emu_say_bytes(struct emu *emu, const void *bytes, size_t len)
{
	struct buf line = { .max = 4096 };

	buf_add(&line, bytes, len);
	if (emu->device->model->end &&
	    !(emu->asked[0] && strcmp(emu->device->no_end, emu->asked) == 0))
		buf_add(&line, &emu->device->model->end, 1);
	if (!line.failed) {
		struct emu_message message = {
			.kind = EMU_BYTES, .bytes = buf_bytes(&line), .len = buf_len(&line)
		};
		emu_send(emu, &message);
	}
	buf_free(&line);
}

void
emu_say(struct emu *emu, const char *format, ...)
{
	struct buf line = { .max = 4096 };
	va_list args;

	va_start(args, format);
	buf_add_vformat(&line, format, args);
	va_end(args);
	if (!line.failed)
		emu_say_bytes(emu, buf_bytes(&line), buf_len(&line));
	buf_free(&line);
}

void
emu_blurt(struct emu *emu, const void *bytes, size_t len)
{
	struct emu_message message = { .kind = EMU_BYTES, .bytes = bytes, .len = len };

	remember(emu, '<', &message);
	emu_post(&emu->post, &message, 0, byte_us(emu, 0));
}

/* ---- hearing ---- */

static bool
rejects(const struct emu_device_file *device, const char *question)
{
	for (size_t i = 0; i < device->rejects_len; i++)
		if (!strcmp(device->rejects[i], question))
			return true;
	return false;
}

/* The command with the longest name that fits the question. */
static const struct emu_command *
find_command(const struct emu_device_file *device, const char *question)
{
	const struct emu_command *best = NULL;
	size_t best_len = 0;

	for (const struct emu_command *c = device->model->commands; c->name; c++) {
		size_t len = strlen(c->name);

		if (c->dialects && !(c->dialects & device->dialect->bit))
			continue;
		if (strncmp(question, c->name, len) != 0 || (question[len] && !c->rest))
			continue;
		if (!best || len > best_len) {
			best = c;
			best_len = len;
		}
	}
	return best;
}

/* WORDS as a device file writes them: "silent", "echo", or what is said. */
static void
say_words(struct emu *emu, const char *words)
{
	if (!words || !strcmp(words, "silent"))
		return;
	emu_say(emu, "%s", strcmp(words, "echo") ? words : emu->asked);
}

static void
answer(struct emu *emu, bool spoilt)
{
	const struct emu_device_file *device = emu->device;
	const struct emu_command *command = NULL;
	enum emu_verdict verdict = EMU_UNKNOWN;

	if (!spoilt && !rejects(device, emu->asked))
		command = find_command(device, emu->asked);
	if (command)
		verdict = command->run(emu, emu->asked + strlen(command->name), command->number);
	switch (verdict) {
	case EMU_SAID:
		break;
	case EMU_DONE:
		say_words(emu, device->accepted[0] ? device->accepted : device->dialect->accepted);
		break;
	case EMU_REFUSED:
		say_words(emu, device->dialect->refused);
		break;
	case EMU_UNKNOWN:
		say_words(emu, device->unknown[0] ? device->unknown : device->dialect->unknown);
		break;
	}
}

/* What is said may be answered with the next question before this returns. */
static void
hear_line(struct emu *emu)
{
	bool spoilt = emu->question_spoilt;

	memcpy(emu->asked, emu->question, emu->question_len);
	emu->asked[emu->question_len] = '\0';
	emu->heard.heard++;
	escape(emu->heard.question, sizeof(emu->heard.question), emu->question, emu->question_len);
	emu->question_len = 0;
	emu->question_spoilt = false;
	if (emu_battery_awake(emu_battery(emu)))
		answer(emu, spoilt);
	emu->asked[0] = '\0';
	emu_changed(emu);
}

static void
hear_byte(struct emu *emu, char byte)
{
	if (byte == emu->device->model->end)
		hear_line(emu);
	else if (emu->question_len == QUESTION_MAX || byte == '\0')
		emu->question_spoilt = true;
	else
		emu->question[emu->question_len++] = byte;
}

/* For models that are not line-oriented. */
static void
hear_message(struct emu *emu, const struct emu_message *message)
{
	struct line *line = remember(emu, '>', message);
	char text[sizeof(line->text)];

	emu->heard.heard++;
	if (message->kind == EMU_CONTROL) {
		emu_usb_name(emu->asked, sizeof(emu->asked), message->setup);
		snprintf(text, sizeof(text), "%.30s%s%.90s", emu->asked, message->len ? ": " : "",
		    line->text);
		strcpy(line->text, text);
	}
	snprintf(
	    emu->heard.question, sizeof(emu->heard.question), "%.*s", EMU_TEXT - 1, line->text);
	if (emu_battery_awake(emu_battery(emu)))
		emu->device->model->hear(emu, message);
	emu->asked[0] = '\0';
	emu_changed(emu);
}

void
emu_hear(struct emu *emu, const struct emu_message *message)
{
	const char *bytes = message->bytes;

	if (emu->device->bridge && message->kind != EMU_BYTES) {
		emu_bridge_hear(emu, message);
		return;
	}
	if (emu->device->model->hear) {
		hear_message(emu, message);
		return;
	}
	remember(emu, '>', message);
	for (size_t i = 0; i < message->len; i++)
		hear_byte(emu, bytes[i]);
}

/* ---- life ---- */

static void
pull(void *owner)
{
	emu_unplug(owner);
	tell_watchers(owner);
}

struct emu *
emu_new(struct loop *loop, const struct emu_device_file *device,
    const struct emu_transport *transport, const struct emu_options *options)
{
	struct emu *emu = calloc(1, sizeof(*emu));

	if (!emu)
		return NULL;
	emu->loop = loop;
	emu->device = device;
	emu->transport = transport;
	if (options)
		emu->options = *options;
	emu->speed = 1;
	emu->held_ms = -1;
	emu->alarm.at_ms = EMU_NEVER;
	emu->began_ms = emu->real_base_ms = loop_now_ms(loop);
	emu->tick = (struct timer){ .fire = tick, .owner = emu };
	emu->pull = (struct later){ .run = pull, .owner = emu };
	emu_post_init(&emu->post, loop, deliver, emu);
	emu_battery_init(&emu->battery, &device->rating, device->load);
	if (device->model->state_size && !(emu->state = calloc(1, device->model->state_size))) {
		free(emu);
		return NULL;
	}
	if (device->model->start)
		device->model->start(emu);
	return emu;
}

void
emu_free(struct emu *emu)
{
	if (!emu)
		return;
	emu_unplug(emu);
	if (emu->kept)
		emu->transport->forget(emu->kept);
	loop_timer_clear(emu->loop, &emu->tick);
	free(emu->state);
	free(emu);
}

bool
emu_plug(struct emu *emu, const char **why)
{
	if (!emu->port)
		emu->port = emu->transport->open(emu, &emu->options, why);
	return emu->port != NULL;
}

void
emu_unplug(struct emu *emu)
{
	if (emu->port)
		emu->transport->close(emu->port);
	emu->port = NULL;
	loop_later_clear(&emu->pull);
	emu->question_len = 0;
	emu->question_spoilt = false;
	emu->bridge = (struct emu_bridge_now){ 0 };
	emu_post_clear(&emu->post);
}

bool
emu_plugged(const struct emu *emu)
{
	return emu->port != NULL;
}

const char *
emu_where(const struct emu *emu)
{
	return emu->port ? emu->transport->where(emu->port) : "";
}

void **
emu_kept(struct emu *emu)
{
	return &emu->kept;
}

struct loop *
emu_loop(const struct emu *emu)
{
	return emu->loop;
}

const struct emu_device_file *
emu_device(const struct emu *emu)
{
	return emu->device;
}

void *
emu_state(struct emu *emu)
{
	return emu->state;
}

struct emu_faults *
emu_faults(struct emu *emu)
{
	return &emu->faults;
}

void
emu_pace(struct emu *emu, bool on)
{
	emu->paced = on;
}

bool
emu_paced(const struct emu *emu)
{
	return emu->paced;
}
