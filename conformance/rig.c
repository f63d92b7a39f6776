#include "rig.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "talk.h"

#define ENV "/usr/bin/env"

enum {
	START_MS = 45000, /* 30 of the driver's, and what a busy machine takes */
	PING_MS = 10000,  /* S-7.6 */
	PING_EVERY_MS = 200,
	ORDER_MS = 10000,
	TURN_MS = 50,
};

/* --- what the driver says --- */

static bool
has_word(const char *words, const char *word, size_t len)
{
	for (const char *at = words; (at = strstr(at, word)); at++)
		if ((at == words || at[-1] == ' ') && (!at[len] || at[len] == ' '))
			return true;
	return false;
}

static bool
status_has(const char *status, const char *word)
{
	return has_word(status, word, strlen(word));
}

/* The word behind *AT, out of its quotes. */
static void
next_word(const char **at, char *out, size_t size)
{
	const char *from = *at + strspn(*at, " ");
	bool quoted = *from == '"';
	size_t len = 0;

	for (from += quoted; *from && (quoted ? *from != '"' : *from != ' '); from++) {
		if (*from == '\\' && from[1])
			from++;
		if (len + 1 < size)
			out[len++] = *from;
	}
	out[len] = '\0';
	*at = from + (quoted && *from == '"');
}

static struct variable *
find(struct rig *rig, const char *name)
{
	for (size_t i = 0; i < rig->variables_len; i++)
		if (!strcmp(rig->variables[i].name, name))
			return &rig->variables[i];
	return NULL;
}

static struct variable *
find_or_make(struct bench *bench, const char *name)
{
	struct rig *rig = bench->rig;
	struct variable *variable = find(rig, name);

	if (variable)
		return variable;
	need(bench, rig->variables_len < RIG_VARIABLES, "more than %d variables", RIG_VARIABLES);
	variable = &rig->variables[rig->variables_len++];
	snprintf(variable->name, sizeof(variable->name), "%s", name);
	return variable;
}

static void
check_status(struct bench *bench, const char *status)
{
	char word[16];

	for (const char *at = bench->rig->forbidden; at && *at;) {
		next_word(&at, word, sizeof(word));
		need(bench, !*word || !status_has(status, word),
		    "ups.status \"%s\": no device said %s", status, word);
	}
}

static void
take_setinfo(struct bench *bench, const char *at)
{
	char name[80], value[256];
	struct variable *variable;

	next_word(&at, name, sizeof(name));
	next_word(&at, value, sizeof(value));
	variable = find_or_make(bench, name);
	variable->there = true;
	memcpy(variable->value, value, sizeof(value));
	if (!strcmp(name, "ups.status"))
		check_status(bench, value);
}

/* ADDENUM, ADDRANGE, SETFLAGS, DELINFO. */
static void
take_about(struct bench *bench, const char *word, const char *at)
{
	char name[80], text[80];
	struct variable *variable;

	next_word(&at, name, sizeof(name));
	variable = find_or_make(bench, name);
	next_word(&at, text, sizeof(text));
	if (!strcmp(word, "DELINFO")) {
		variable->there = false;
	} else if (!strcmp(word, "SETFLAGS")) {
		variable->writable = !strcmp(text, "RW") || strstr(at, "RW");
	} else if (!strcmp(word, "ADDENUM")) {
		if (strcmp(text, variable->value) != 0)
			memcpy(variable->other, text, sizeof(text));
	} else if (!strcmp(word, "ADDRANGE")) {
		variable->ranged = true;
		variable->least = atof(text);
		next_word(&at, text, sizeof(text));
		variable->most = atof(text);
	}
}

static void
take_command(struct bench *bench, const char *at)
{
	struct rig *rig = bench->rig;
	char name[80];

	next_word(&at, name, sizeof(name));
	if (rig_offers(rig, name))
		return;
	need(bench, rig->commands_len < RIG_COMMANDS, "more than %d commands", RIG_COMMANDS);
	memcpy(rig->commands[rig->commands_len++], name, sizeof(name));
}

static void
take_pong(struct rig *rig)
{
	int ms = (int)(now_ms() - rig->pinged_ms);

	if (!rig->pinged_ms)
		return;
	rig->worst_ms = ms > rig->worst_ms ? ms : rig->worst_ms;
	rig->pinged_ms = 0;
	rig->answered_ms = now_ms();
}

static void
take_line(struct bench *bench, const char *line)
{
	struct rig *rig = bench->rig;
	const char *at = line;
	char word[80];

	next_word(&at, word, sizeof(word));
	if (!strcmp(word, "PONG"))
		take_pong(rig);
	else if (!strcmp(word, "DATAOK") || !strcmp(word, "DATASTALE"))
		rig->fresh = !strcmp(word, "DATAOK");
	else if (!strcmp(word, "DUMPDONE"))
		rig->dumped = true;
	else if (!strcmp(word, "SETINFO"))
		take_setinfo(bench, at);
	else if (!strcmp(word, "ADDCMD"))
		take_command(bench, at);
	else if (!strcmp(word, "TRACKING")) {
		next_word(&at, word, sizeof(word));
		next_word(&at, rig->result, sizeof(rig->result));
	} else
		take_about(bench, word, at);
}

/* --- time passes --- */

static void
turn(struct bench *bench, int ms)
{
	struct rig *rig = bench->rig;
	const char *line;

	if (!rig->peer) {
		bench_turn(bench, ms < TURN_MS ? ms : TURN_MS);
		return;
	}
	line = try_hear(bench, rig->peer, ms < TURN_MS ? ms : TURN_MS);
	while (line) {
		take_line(bench, line);
		line = try_hear(bench, rig->peer, 0);
	}
	need(bench, !rig->peer->eof, "the driver hung up");
	if (rig->pinged_ms) {
		need(bench, now_ms() - rig->pinged_ms < PING_MS, "PING is not answered for %d s",
		    PING_MS / 1000);
	} else if (now_ms() - rig->answered_ms >= PING_EVERY_MS) {
		rig->pinged_ms = now_ms();
		say(bench, rig->peer, "PING");
	}
}

void
rig_watch(struct bench *bench, int ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		turn(bench, (int)(end - now_ms()));
}

bool
rig_fresh(struct bench *bench, bool fresh, int ms)
{
	int64_t end = now_ms() + ms;

	while (bench->rig->fresh != fresh && now_ms() < end)
		turn(bench, TURN_MS);
	return bench->rig->fresh == fresh;
}

bool
rig_status(struct bench *bench, const char *words, int ms)
{
	static const char *const power[] = { "OL", "OB", "LB", "OFF" };
	int64_t end = now_ms() + ms;

	for (;;) {
		const char *status = rig_value(bench->rig, "ups.status");
		bool same = bench->rig->fresh;

		for (size_t i = 0; same && i < sizeof(power) / sizeof(power[0]); i++)
			same = status_has(status, power[i]) == status_has(words, power[i]);
		if (same || now_ms() >= end)
			return same;
		turn(bench, TURN_MS);
	}
}

/* --- the emulator --- */

/* Its answer to what was said last: false for ERR. */
static bool
obeyed(struct bench *bench, int ms)
{
	struct rig *rig = bench->rig;
	int64_t end = now_ms() + ms;
	size_t len = 0;

	rig->shown[0] = '\0';
	for (;;) {
		const char *line = try_hear(bench, rig->control, 0);

		if (line && !strcmp(line, "OK"))
			return true;
		if (line && (len += (size_t)snprintf(rig->shown + len, sizeof(rig->shown) - len,
				 "%s%s", len ? "\n" : "", line)) >= sizeof(rig->shown))
			fail(bench, "suite: the emulator shows too much");
		if (line && !strncmp(line, "ERR", 3))
			return false;
		if (line)
			continue;
		need(bench, !rig->control->eof && now_ms() < end, "suite: the emulator is silent");
		turn(bench, TURN_MS);
	}
}

const char *
rig_tell(struct bench *bench, const char *format, ...)
{
	struct rig *rig = bench->rig;
	char line[256];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	say(bench, rig->control, "%s", line);
	need(bench, obeyed(bench, 20000), "suite: the emulator, told '%s': %s", line, rig->shown);
	return rig->shown;
}

bool
rig_sees(struct bench *bench, const char *what, int seconds)
{
	say(bench, bench->rig->control, "wait %s within %d", what, seconds);
	return obeyed(bench, (seconds + 10) * 1000);
}

static struct conn *
dial_path(struct bench *bench, const char *path, const struct process *process, int ms)
{
	int64_t end = now_ms() + ms;

	for (;;) {
		struct conn *conn = try_dial(bench, path, 0);

		if (conn || process->done || now_ms() >= end)
			return conn;
		bench_turn(bench, 20);
	}
}

struct rig *
rig_plug(struct bench *bench)
{
	const struct drive *drive = bench->test->drive;
	const char *transport = drive->usb ? "umockdev" : "pty";
	char tmp[300], link[300];
	struct rig *rig = calloc(1, sizeof(*rig));

	need(bench, rig, "suite: out of memory");
	bench->rig = rig;
	rig->drive = drive;
	snprintf(tmp, sizeof(tmp), "TMPDIR=%s", bench->dir);
	snprintf(link, sizeof(link), "%s", path_of(bench, "tty"));
	const char *argv[] = { ENV, tmp, drive->emulator, "--device", drive->file, "--transport",
		transport, "--control", path_of(bench, "ctl"), drive->usb ? NULL : "--link", link,
		NULL };

	rig->emulator = spawn(bench, "nut-emu", argv);
	rig->control = dial_path(bench, path_of(bench, "ctl"), rig->emulator, 10000);
	need(bench, rig->control || drive->usb, "suite: %s", log_of(bench, rig->emulator));
	if (!rig->control) {
		rig->emulator->expected = true;
		skip(bench, "%s does not emulate %s here: %s", drive->emulator, drive->device,
		    log_of(bench, rig->emulator));
	}
	rig_tell(bench, "load 30");
	snprintf(
	    rig->port, sizeof(rig->port), "%s", drive->usb ? rig_tell(bench, "show port") : link);
	return rig;
}

/* --- the driver --- */

static size_t
split(const char **argv, size_t len, char *words)
{
	for (char *word = strtok(words, " "); word && len < 30; word = strtok(NULL, " "))
		argv[len++] = word;
	return len;
}

static struct process *
launch(struct bench *bench, const char *options)
{
	struct rig *rig = bench->rig;
	char folder[320], preload[512], words[256], as_root[256];
	const char *argv[40];
	size_t len = 0;

	snprintf(folder, sizeof(folder), "UMOCKDEV_DIR=%s", rig->port);
	if (rig->drive->usb) {
		argv[len++] = ENV;
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s:libumockdev-preload.so.0",
		    getenv("LD_PRELOAD") ? getenv("LD_PRELOAD") : "");
		argv[len++] = preload;
		argv[len++] = folder;
	}
	argv[len++] = rig->drive->program;
	argv[len++] = "-a";
	argv[len++] = "x";
	snprintf(words, sizeof(words), "%s", options);
	len = split(argv, len, words);
	snprintf(as_root, sizeof(as_root), "%s", geteuid() ? "" : bench->target->as_root);
	len = split(argv, len, as_root);
	argv[len] = NULL;
	put_file(bench, "ups.conf", "pollinterval = 1\n[x]\n\tdriver = ");
	add_to_file(bench, "ups.conf", rig->drive->name);
	add_to_file(bench, "ups.conf", "\n\tport = ");
	add_to_file(bench, "ups.conf", rig->drive->usb ? "auto" : rig->port);
	add_to_file(bench, "ups.conf", "\n");
	add_to_file(bench, "ups.conf", rig->drive->options);
	return spawn(bench, rig->drive->name, argv);
}

void
rig_drive(struct bench *bench)
{
	struct rig *rig = bench->rig;
	int64_t end = now_ms() + START_MS;
	char path[400], name[80];

	rig->variables_len = rig->commands_len = 0;
	rig->fresh = rig->dumped = false;
	rig->forbidden = "OB LB OFF";
	rig->driver = launch(bench, target_foreground(bench->target));
	snprintf(name, sizeof(name), "%s-x", rig->drive->name);
	snprintf(path, sizeof(path), "%s", path_of(bench, name));
	rig->peer = dial_path(bench, path, rig->driver, START_MS);
	need(bench, rig->peer, "the driver does not start: %s", log_of(bench, rig->driver));
	say(bench, rig->peer, "DUMPALL");
	rig->pinged_ms = 0;
	rig->answered_ms = now_ms();
	while (!rig->dumped || !rig_status(bench, "OL", 0)) {
		need(bench, now_ms() < end, "within %d s no fresh data with OL: %s, '%s'",
		    START_MS / 1000, rig->fresh ? "fresh" : "stale", rig_value(rig, "ups.status"));
		turn(bench, TURN_MS);
	}
	rig->worst_ms = 0;
}

struct rig *
rig_start(struct bench *bench)
{
	struct rig *rig = rig_plug(bench);

	rig_drive(bench);
	return rig;
}

void
rig_stop_driver(struct bench *bench)
{
	struct rig *rig = bench->rig;

	hang_up(bench, rig->peer);
	rig->peer = NULL;
	stop(bench, rig->driver, SIGTERM);
}

bool
rig_run_driver(struct bench *bench, const char *option, int ms)
{
	struct process *process = launch(bench, option);

	bench->rig->driver = process;
	return wait_end(bench, process, ms) && WIFEXITED(process->status) &&
	       WEXITSTATUS(process->status) == 0;
}

const struct variable *
rig_variable(const struct rig *rig, const char *name)
{
	for (size_t i = 0; i < rig->variables_len; i++)
		if (rig->variables[i].there && !strcmp(rig->variables[i].name, name))
			return &rig->variables[i];
	return NULL;
}

const char *
rig_value(const struct rig *rig, const char *name)
{
	const struct variable *variable = rig_variable(rig, name);

	return variable ? variable->value : "";
}

bool
rig_offers(const struct rig *rig, const char *command)
{
	for (size_t i = 0; i < rig->commands_len; i++)
		if (!strcmp(rig->commands[i], command))
			return true;
	return false;
}

bool
rig_order(struct bench *bench, const char *format, ...)
{
	static unsigned serial;
	struct rig *rig = bench->rig;
	int64_t end = now_ms() + ORDER_MS;
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	rig->result[0] = '\0';
	say(bench, rig->peer, "%s TRACKING 00000000-0000-4000-8000-%012u", line, ++serial);
	while (!rig->result[0] && now_ms() < end)
		turn(bench, TURN_MS);
	return !strcmp(rig->result, "0");
}
