#include "fuzz/lib/drive.h"

#include "emulators/orders.h"
#include "ups/status.h"

#include <math.h>
#include <stdio.h>

static const char path[] = "/sim/socket";

static void
nothing(void *owner)
{
}

static void
over(void *owner, int status)
{
}

static struct drvconf *
reread(void *owner)
{
	struct drive *drive = owner;
	struct drvconf *newer = drive->newer;

	drive->newer = NULL;
	return newer;
}

static void
meet(struct drive *drive)
{
	struct addr at;

	wire_close(&drive->peer);
	drive->peer.in.max = 16 << 20;
	addr_unix(&at, path);
	wire_connect(&drive->peer, drive->sim, "h/peer", &at);
}

struct loop *
drive_loop(struct drive *drive)
{
	if (!drive->sim) {
		fuzz_log();
		drive->sim = sim_new(1);
		drive->peer.fd = -1;
	}
	return sim_loop(drive->sim, "h/driver");
}

void
drive_device(struct drive *drive, struct emu_device_file *file, const char *name,
    const struct emu_transport *transport)
{
	struct faults faults = { 0 };
	char device[100];
	const char *why;

	snprintf(device, sizeof(device), "emulators/devices/%s.dev", name);
	if (!file->model)
		must(emu_device_read(file, device, &faults), "%s", faults_first(&faults));
	faults_free(&faults);
	drive->emu = emu_new(drive_loop(drive), file, transport, NULL);
	must(drive->emu && emu_plug(drive->emu, &why), "no device");
}

static void
add_setting(struct drive *drive, const char *text, size_t len)
{
	if (drive->settings < DRIVE_SETTINGS)
		drive->setting[drive->settings++] = fuzz_text(text, len);
}

void
drive_settings(struct drive *drive, const uint8_t **data, const uint8_t *end)
{
	const char *line;
	size_t len;

	while (*data < end && **data == 'c' && fuzz_line(data, end, &line, &len))
		add_setting(drive, line + 1, len - 1);
}

/* NULL: they are faulty. */
static struct drvconf *
read_settings(struct drive *drive)
{
	struct drvconf_args args = { .ups_name = "u",
		.no_file = true,
		.settings = (const char *const *)drive->setting,
		.settings_len = drive->settings };
	struct faults faults = { 0 };
	struct drvconf *conf = drvconf_read(drive->driver, &args, "/nowhere/ups.conf", &faults);

	must(!conf == (faults.faults > 0), "%s", conf ? faults_first(&faults) : "nothing is wrong");
	faults_free(&faults);
	return conf;
}

/* Those that every harness gives come first: the last of a key counts. */
static void
put_in_front(struct drive *drive, const char *const *settings)
{
	char *more[DRIVE_SETTINGS];
	size_t len = drive->settings;

	memcpy(more, drive->setting, sizeof(more));
	drive->settings = 0;
	for (; *settings; settings++)
		add_setting(drive, *settings, strlen(*settings));
	for (size_t i = 0; i < len; i++)
		if (drive->settings < DRIVE_SETTINGS)
			drive->setting[drive->settings++] = more[i];
		else
			free(more[i]);
}

bool
drive_begin(struct drive *drive, const struct driver *driver, const char *const *settings)
{
	static const struct core_calls calls = { .ready = nothing, .over = over, .reread = reread };
	struct loop *loop = drive_loop(drive);
	struct drvconf *conf;

	drive->driver = driver;
	put_in_front(drive, settings);
	conf = read_settings(drive);
	if (conf)
		drive->core = core_new(driver, conf, loop, &calls, drive);
	if (!drive->core)
		return false;
	must(publish_listen(drive->core->publish, path, (gid_t)-1), "no socket");
	core_begin(drive->core, false);
	meet(drive);
	drive_run(drive, 100);
	return true;
}

/* ---- what the peer hears ---- */

static bool
hear(void *owner, const struct words *words, enum words_error error)
{
	struct sockmsg msg;
	const char *why = error ? words_strerror(error) : sockmsg_parse(&msg, words);

	must(!error, "the driver says a line that is none: %s", why);
	must(words->len > 0, "the driver says an empty line");
	must(!why, "the driver says %s: %s", words->word[0], why);
	return true;
}

void
drive_run(struct drive *drive, int64_t ms)
{
	sim_run(drive->sim, ms);
	wire_read(&drive->peer);
	buf_take(&drive->peer.in,
	    words_lines(buf_bytes(&drive->peer.in), buf_len(&drive->peer.in), hear, NULL));
}

void
drive_say(struct drive *drive, const char *line, size_t len)
{
	if (drive->peer.fd == -1)
		meet(drive);
	wire_send(&drive->peer, line, len);
	wire_send(&drive->peer, "\n", 1);
	drive_run(drive, 10);
}

/* ---- what happens ---- */

static void
order(struct emu *emu, const char *rest, size_t len)
{
	char *text = fuzz_text(rest, len);
	struct buf shown = { 0 };
	struct words words;

	if (words_split(&words, text, WORDS_SOCKET) == WORDS_OK && words.len)
		(void)emu_order(emu, &words, &shown);
	buf_free(&shown);
	free(text);
}

/* All that the driver publishes. */
static char *
all_of(struct drive *drive)
{
	struct state *state = publish_state(drive->core->publish);
	struct buf out = { .max = 16 << 20 };
	const struct state_var *const *vars;
	const char *const *cmds;
	size_t len;

	vars = state_vars(state, &len);
	for (size_t i = 0; i < len; i++)
		buf_add_format(&out, "%s %s %u %ld %zu %zu\n", vars[i]->name, vars[i]->quoted,
		    vars[i]->flags, vars[i]->aux, vars[i]->enums_len, vars[i]->ranges_len);
	cmds = state_cmds(state, &len);
	for (size_t i = 0; i < len; i++)
		buf_add_format(&out, "%s\n", cmds[i]);
	buf_add(&out, "", 1);
	return buf_steal(&out);
}

static void
reload(struct drive *drive, const char *rest, size_t len)
{
	static const char *const how[] = { "reload", "reload-or-error" };
	size_t settings = drive->settings;
	char *before = all_of(drive), *after;
	enum sockmsg_result result;
	bool faulty;

	if (len)
		add_setting(drive, rest, len);
	drvconf_free(drive->newer);
	drive->newer = read_settings(drive);
	faulty = !drive->newer;
	result = core_command(drive->core, how[len & 1]);
	after = all_of(drive);
	must(!faulty || (len & 1) == 0 || result == RESULT_FAILED, "a faulty reload ends with %d",
	    result);
	must((!faulty && result == RESULT_HANDLED) || (before && after && !strcmp(before, after)),
	    "%sbecame\n%s", before, after);
	if (drive->settings > settings && (faulty || result != RESULT_HANDLED))
		free(drive->setting[--drive->settings]);
	free(before);
	free(after);
}

void
drive_happen(struct drive *drive, char what, const char *rest, size_t len)
{
	switch (what) {
	case 'O':
		order(drive->emu, rest, len);
		break;
	case '1':
		drive_say(drive, rest, len);
		break;
	case 'R':
		reload(drive, rest, len);
		break;
	case 'T':
		drive_run(drive, 1000 * (int64_t)(len < 40 ? len : 40));
		break;
	}
}

/* ---- what is published ---- */

static void
check_value(const char *name, const char *value)
{
	static const char *const numbers[] = { ".voltage", ".frequency", ".current", ".load",
		".charge", ".runtime", ".temperature", ".realpower" };
	size_t len = strlen(name);
	char *end;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		size_t tail = strlen(numbers[i]);

		if (len <= tail || strcmp(name + len - tail, numbers[i]) != 0)
			continue;
		must(isfinite(strtod(value, &end)) && *value && !*end, "%s is %s", name, value);
	}
}

/* The lines of a dump, taken as upsd takes them. */
static bool
mirror(void *owner, const struct words *words, enum words_error error)
{
	struct state *state = owner;
	struct sockmsg msg;

	if (error || sockmsg_parse(&msg, words))
		return true;
	if (msg.type == SOCKMSG_SETINFO)
		state_set(state, msg.name, msg.value);
	else if (msg.type == SOCKMSG_ADDENUM)
		state_enum_add(state, msg.name, msg.value);
	else if (msg.type == SOCKMSG_ADDRANGE)
		state_range_add(state, msg.name, msg.min, msg.max);
	else if (msg.type == SOCKMSG_SETAUX)
		state_aux(state, msg.name, msg.number);
	else if (msg.type == SOCKMSG_SETFLAGS)
		state_flags(state, msg.name, msg.flags);
	else if (msg.type == SOCKMSG_ADDCMD)
		state_cmd_add(state, msg.name);
	return true;
}

static void
check_same(struct state *told, struct state *known)
{
	size_t told_len, known_len;
	const struct state_var *const *a = state_vars(told, &told_len);
	const struct state_var *const *b = state_vars(known, &known_len);
	const char *const *told_cmds, *const *known_cmds;

	must(told_len == known_len, "%zu variables are told, not %zu", told_len, known_len);
	for (size_t i = 0; i < told_len; i++) {
		must(!strcmp(a[i]->name, b[i]->name) && !strcmp(a[i]->quoted, b[i]->quoted),
		    "%s %s, not %s %s", a[i]->name, a[i]->quoted, b[i]->name, b[i]->quoted);
		must(a[i]->flags == b[i]->flags && a[i]->aux == b[i]->aux &&
			 a[i]->enums_len == b[i]->enums_len && a[i]->ranges_len == b[i]->ranges_len,
		    "%s is of another kind", a[i]->name);
	}
	told_cmds = state_cmds(told, &told_len);
	known_cmds = state_cmds(known, &known_len);
	must(told_len == known_len, "%zu commands are told, not %zu", told_len, known_len);
	for (size_t i = 0; i < told_len; i++)
		must(!strcmp(told_cmds[i], known_cmds[i]), "%s", told_cmds[i]);
}

bool
drive_is_overridden(const struct drive *drive)
{
	for (size_t i = 0; i < drive->settings; i++)
		if (!strncasecmp(drive->setting[i], "override.", 9) ||
		    !strncasecmp(drive->setting[i], "default.", 8))
			return true;
	return false;
}

void
drive_check(struct drive *drive, bool numbers)
{
	struct state *known = publish_state(drive->core->publish), *told = state_new();
	const char *status = state_get(known, "ups.status");
	const struct state_var *const *vars;
	size_t len;

	numbers = numbers && !drive_is_overridden(drive);
	vars = state_vars(known, &len);
	for (size_t i = 0; numbers && i < len; i++)
		check_value(vars[i]->name, state_get(known, vars[i]->name));
	if (numbers && status) {
		uint32_t bits = status_parse(status);

		must(!(bits & STATUS_OTHER), "ups.status is %s", status);
		must((bits & (STATUS_OL | STATUS_OB)) != (STATUS_OL | STATUS_OB), "both: %s",
		    status);
	}
	meet(drive);
	wire_send(&drive->peer, "DUMPALL\n", 8);
	sim_run(drive->sim, 0);
	sim_run(drive->sim, 1);
	wire_read(&drive->peer);
	words_lines(buf_bytes(&drive->peer.in), buf_len(&drive->peer.in), mirror, told);
	check_same(told, known);
	state_free(told);
	wire_close(&drive->peer);
}

void
drive_check_silence(struct drive *drive)
{
	int64_t stale_ms = drive->core->conf->stale_ms;

	if (drive->core->phase == CORE_STOPPED || stale_ms > 300000) /* it may take hours */
		return;
	drive_run(drive, 40000 + stale_ms);
	must(!publish_is_fresh(drive->core->publish), "fresh, though nobody answers");
}

void
drive_end(struct drive *drive)
{
	emu_free(drive->emu);
	wire_close(&drive->peer);
	drvconf_free(drive->newer);
	core_free(drive->core);
	while (drive->settings)
		free(drive->setting[--drive->settings]);
	sim_free(drive->sim);
}
