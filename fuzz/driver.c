/* driver - what peers say on a driver's socket, while the driver publishes.
 *
 * A line of the input is one thing that happens, told by its first byte:
 *	1	the peer says the rest
 *	S n v	the driver sets variable n to v;  F n: makes it a text to be set, of up to 8 letters
 *	E n v	adds a value it may have;  N n: makes it a number from 1 to 30;  C n: adds a command
 *	U n, V n  forgets the variable, the command
 *	A text	an alarm;  L: the next rounds are lost, or not any more
 *	R	a reload with the rest as one more setting
 *	T	as many seconds pass as the rest has bytes;  O: how the next orders end */
#include "fuzz/lib/drive.h"

#include <stdio.h>

static struct core *core;
static bool loses;
static enum sockmsg_result result;
static core_ticket ticket;
static char alarm_text[100];

static void *
new_device(struct core *of)
{
	core = of;
	return &core;
}

static void
start(void *device)
{
	core_set(core, "ups.mfr", "Fuzz");
	core_set(core, "ups.id", "x");
	core_var(core, "ups.id", STATE_RW | STATE_STRING, 8);
	core_cmd(core, "load.off");
	core_started(core);
}

static void
poll_device(void *device)
{
	core_status(core, STATUS_OL);
	if (*alarm_text)
		core_alarm(core, alarm_text);
	core_round_done(core, !loses);
}

static enum sockmsg_result
order(void *device, const char *name, const char *value, core_ticket asked)
{
	ticket = asked;
	return result;
}

static void
free_nothing(void *device)
{
}

static const struct driver_option options[] = { { NULL, false, NULL } };
static const struct driver fuzz_driver = { .name = "fuzz",
	.version = "1",
	.options = options,
	.new = new_device,
	.start = start,
	.poll = poll_device,
	.instcmd = order,
	.setvar = order,
	.free = free_nothing };

/* One line; NAME and VALUE are the rest of it. */
static void
happen(struct drive *drive, char what, const char *name, const char *value, size_t len)
{
	switch (what) {
	case 'S':
		core_set(core, name, value);
		break;
	case 'F':
		core_var(core, name, STATE_RW | STATE_STRING, 8);
		break;
	case 'E':
		core_var(core, name, STATE_RW, 0);
		core_enum(core, name, value);
		break;
	case 'N':
		core_var(core, name, STATE_RW | STATE_NUMBER, 0);
		core_range(core, name, 1, 30);
		break;
	case 'C':
		core_cmd(core, name);
		break;
	case 'U':
		core_unset(core, name);
		break;
	case 'V':
		core_uncmd(core, name);
		break;
	case 'A':
		snprintf(alarm_text, sizeof(alarm_text), "%s %s", name, value);
		break;
	case 'L':
		loses = !loses;
		break;
	case 'O':
		result = (enum sockmsg_result)((int)(len % 6) - 1);
		break;
	case 'T':
		drive_run(drive, 1000 * (int64_t)(len < 60 ? len : 60));
		break;
	case 'D':
		if (ticket)
			core_finish(core, ticket, RESULT_HANDLED);
		ticket = 0;
		break;
	}
}

/* Names and values are a driver's own, or it has looked at them. */
static bool
is_text(const char *text)
{
	while (*text >= ' ' && *text <= '~')
		text++;
	return !*text;
}

static void
take_line(struct drive *drive, const char *line, size_t len)
{
	char *text, *value, nothing[] = "";

	if (len && (*line == '1' || *line == 'R')) {
		drive_happen(drive, *line, line + 1, len - 1);
		return;
	}
	text = fuzz_text(line, len);
	value = strchr(text, ' ');
	if (value)
		*value++ = '\0';
	if (*text && is_text(text))
		happen(drive, *text, text + 1, value ? value : nothing, len - 1);
	drive_run(drive, 1);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const settings[] = { "port=x", "override.battery.charge.low=30",
		"default.ups.type=some", NULL };
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	const char *line;
	size_t len;

	loses = false;
	result = RESULT_HANDLED;
	ticket = 0;
	*alarm_text = '\0';
	must(drive_begin(&drive, &fuzz_driver, settings), "no driver");
	drive_run(&drive, 2500);
	for (int n = 0; n < 60 && fuzz_line(&data, end, &line, &len); n++)
		take_line(&drive, line, len);
	drive_check(&drive, false);
	if (!loses)
		drive_run(&drive, 60000);
	must(publish_is_fresh(drive.core->publish) || loses || drive.core->phase == CORE_STOPPED,
	    "stale for no reason");
	drive_end(&drive);
	return 0;
}
