/* What a driver makes of a device that works: docs/sock-protocol.md, section 7.  Each row is run
 * for each pair of a driver and a device. */
#include <ctype.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conformance/rig.h"
#include "conformance/talk.h"

enum { SOON_MS = 12000 }; /* polls are a second apart; a busy machine, a slow line */

/* --- what the device file says --- */

static const char *
file_value(const char *file, const char *key)
{
	static char value[256];
	char line[512];
	FILE *in = fopen(file, "r");

	value[0] = '\0';
	while (in && fgets(line, sizeof(line), in)) {
		char *at = line + strcspn(line, " \t\n");

		if (*at)
			*at++ = '\0';
		if (strcmp(line, key) != 0)
			continue;
		at += strspn(at, " \t");
		if (*at == '"')
			snprintf(
			    value, sizeof(value), "%.*s", (int)strcspn(at + 1, "\"\n"), at + 1);
		else
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, " \t\n"), at);
		break;
	}
	if (in)
		fclose(in);
	return value;
}

/* A field of a report that lives: "feature 06:0+8 ... follows charge", unless it is refused. */
static bool
file_follows(const char *file, const char *word)
{
	char line[512], stalls[256] = "", wanted[64], id[8];
	FILE *in = fopen(file, "r");
	bool found = false;

	snprintf(wanted, sizeof(wanted), " follows %s", word);
	while (in && !found && fgets(line, sizeof(line), in)) {
		char *at = strstr(line, wanted);
		size_t len = strlen(wanted);

		if (!strncmp(line, "stalls", 6))
			snprintf(stalls, sizeof(stalls), " %.*s", (int)strcspn(line + 6, "i\n"),
			    line + 6 + strspn(line + 6, "\t"));
		if (!at || !strchr(" \t\n", at[len]) || strncmp(line, "feature ", 8) != 0)
			continue;
		snprintf(id, sizeof(id), " %.2s", line + 8);
		found = !strstr(stalls, id);
	}
	if (in)
		fclose(in);
	return found;
}

/* --- values --- */

/* FOLLOWS: how a HID device file says that it tells this; SERIAL: every serial dialect does.  What
 * a device does not tell, a driver may estimate. */
static const struct told {
	const char *name, *follows;
	bool serial;
	double within;
} told[] = {
	{ "battery.charge", "charge", false, 1 },
	{ "battery.runtime", "runtime", false, 60 },
	{ "battery.voltage", "battery.voltage", true, 0.3 },
	{ "ups.load", "load", true, 1 },
	{ "input.voltage", "input.voltage", true, 1 },
	{ "output.voltage", "output.voltage", true, 1 },
	{ "ups.beeper.status", "beeper", false, 0 },
};

static bool
device_tells(const struct drive *drive, const struct told *row)
{
	return drive->hid ? file_follows(drive->file, row->follows) : row->serial;
}

/* What the protocol cannot carry, or not so exactly. */
static const struct {
	const char *device, *name;
} coarse[] = {
	{ "cyberpower-cp1500", "battery.voltage" }, /* eight bits for tenths of a volt */
	{ "fsp-champ-1000", "ups.load" },	    /* told as 0, whatever it is */
	{ "rucelf-upoii-3000", "battery.voltage" }, /* of one cell */
	{ "missing-cr-online", "battery.voltage" }, /* of one cell */
};

static bool
is_coarse(const char *device, const char *name)
{
	for (size_t i = 0; i < sizeof(coarse) / sizeof(coarse[0]); i++)
		if (!strcmp(coarse[i].device, device) && !strcmp(coarse[i].name, name))
			return true;
	return false;
}

static bool
agrees(struct bench *bench, const struct told *row)
{
	const char *said = rig_value(bench->rig, row->name);
	char truth[64], *end;
	double number;

	snprintf(truth, sizeof(truth), "%s", rig_tell(bench, "show %s", row->name));
	number = strtod(said, &end);
	if (!strcmp(said, truth))
		return true;
	return end > said && !*end && fabs(number - atof(truth)) <= row->within;
}

static void
compare(struct bench *bench, const char *when)
{
	const struct drive *drive = bench->rig->drive;

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		int64_t end = now_ms() + SOON_MS;

		if (!*rig_value(bench->rig, told[i].name) || !device_tells(drive, &told[i]) ||
		    is_coarse(drive->device, told[i].name))
			continue;
		while (!agrees(bench, &told[i])) {
			need(bench, now_ms() < end, "%s, %s: the driver says '%s', it is '%s'",
			    when, told[i].name, rig_value(bench->rig, told[i].name),
			    rig_tell(bench, "show %s", told[i].name));
			rig_watch(bench, 100);
		}
	}
}

static void
starts(struct bench *bench)
{
	struct rig *rig = rig_start(bench);

	need(bench, *rig_value(rig, "driver.name"), "there is no driver.name");
	rig_stop_driver(bench);
}

static void
values_are_true(struct bench *bench)
{
	rig_start(bench);
	compare(bench, "on line");
	bench->rig->forbidden = "LB OFF";
	rig_tell(bench, "load 50");
	rig_tell(bench, "mains off");
	need(bench, rig_status(bench, "OB", SOON_MS), "no OB");
	compare(bench, "on battery");
	rig_stop_driver(bench);
}

static void
values_are_there(struct bench *bench)
{
	struct rig *rig = rig_start(bench);
	char missing[256] = "";

	rig_watch(bench, 3000); /* the polls that ask for the rest */
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		size_t len = strlen(missing);

		if (device_tells(rig->drive, &told[i]) && !rig_variable(rig, told[i].name))
			snprintf(missing + len, sizeof(missing) - len, " %s", told[i].name);
	}
	need(bench, !*missing, "the device tells, the driver does not publish:%s", missing);
	rig_stop_driver(bench);
}

/* Letters and digits alone count: a protocol may cut, pad, and write capitals. */
static bool
same_name(const char *said, const char *is)
{
	for (;; said++, is++) {
		while (*said && !isalnum((unsigned char)*said))
			said++;
		while (*is && !isalnum((unsigned char)*is))
			is++;
		if (tolower((unsigned char)*said) != tolower((unsigned char)*is))
			return false;
		if (!*said)
			return true;
	}
}

static void
names_the_device(struct bench *bench)
{
	static const char *const names[][2] = { { "ups.mfr", "device.mfr" },
		{ "ups.serial", "device.serial" } };
	struct rig *rig = rig_start(bench);
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *is = file_value(rig->drive->file, names[i][0]);
		const char *said = rig_value(rig, names[i][1]);

		if (!*said)
			said = rig_value(rig, names[i][0]);
		/* What a text protocol has no question for cannot be known. */
		if (!*is || (!*said && !rig->drive->hid))
			continue;
		any = true;
		need(bench, same_name(said, is), "%s is '%s', the device says '%s'", names[i][1],
		    said, is);
	}
	rig_stop_driver(bench);
	if (!any)
		skip(bench, "the device says neither manufacturer nor serial number");
}

/* --- status --- */

static void
expect_status(struct bench *bench, const char *words, const char *when)
{
	need(bench, rig_status(bench, words, SOON_MS), "%s: ups.status is '%s', %s, not '%s'", when,
	    rig_value(bench->rig, "ups.status"), bench->rig->fresh ? "fresh" : "stale", words);
}

static void
follows_an_outage(struct bench *bench)
{
	struct rig *rig = rig_start(bench);

	rig->forbidden = "LB OFF";
	rig_tell(bench, "load 50");
	rig_tell(bench, "mains off");
	expect_status(bench, "OB", "mains off");
	rig->forbidden = "OL OFF";
	rig_tell(bench, "battery 5");
	expect_status(bench, "OB LB", "battery low");
	rig->forbidden = "OFF";
	rig_tell(bench, "battery 80");
	rig_tell(bench, "mains on");
	expect_status(bench, "OL", "mains on");
	rig->forbidden = "OB LB OFF";
	rig_watch(bench, 2000);
	rig_stop_driver(bench);
}

/* --- orders --- */

static void
give(struct bench *bench, const char *command, const char *seen)
{
	need(bench, rig_order(bench, "INSTCMD %s", command), "%s: %s", command,
	    *bench->rig->result ? bench->rig->result : "no answer in 10 s");
	need(bench, rig_sees(bench, seen, 10), "%s: the device does not show '%s'", command, seen);
}

static void
need_command(struct bench *bench, const char *command)
{
	if (!rig_offers(bench->rig, command))
		skip(bench, "does not offer %s", command);
}

static void
beeper(struct bench *bench)
{
	static const char *const orders[][2] = {
		{ "beeper.disable", "ups.beeper.status disabled" },
		{ "beeper.enable", "ups.beeper.status enabled" },
		{ "beeper.off", "ups.beeper.status disabled" },
		{ "beeper.on", "ups.beeper.status enabled" },
	};
	struct rig *rig = rig_start(bench);
	unsigned given = 0;

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		if (rig_offers(rig, orders[i][0])) {
			give(bench, orders[i][0], orders[i][1]);
			given++;
		}
	if (rig_offers(rig, "beeper.toggle")) {
		bool on = !strcmp(rig_tell(bench, "show ups.beeper.status"), "enabled");

		give(bench, "beeper.toggle", orders[on ? 0 : 1][1]);
		given++;
	}
	rig_stop_driver(bench);
	if (!given)
		skip(bench, "offers no order for the beeper");
}

static void
battery_test(struct bench *bench)
{
	struct rig *rig = rig_start(bench);
	const char *begin = rig_offers(rig, "test.battery.start.quick") ? "test.battery.start.quick"
									: "test.battery.start.deep";

	need_command(bench, begin);
	rig->forbidden = "LB OFF";
	give(bench, begin, "test running");
	if (rig_offers(rig, "test.battery.stop")) {
		give(bench, "test.battery.stop", "test stopped");
	} else {
		rig_tell(bench, "speed 60");
		need(bench, rig_sees(bench, "test passed", 30), "the test does not end");
	}
	rig_stop_driver(bench);
}

/* The order that the row is about, which switches the output off. */
static void
cut_by(struct bench *bench, const char *command)
{
	struct rig *rig = rig_start(bench);

	need_command(bench, command);
	rig->forbidden = NULL; /* it is off now, and whatever it says then */
	need(bench, rig_order(bench, "INSTCMD %s", command), "%s: %s", command,
	    *rig->result ? rig->result : "no answer in 10 s");
	rig_tell(bench, "speed 30");
	need(bench, rig_sees(bench, "output off", 20), "%s does not cut the power", command);
}

static void
well_again(struct bench *bench)
{
	rig_tell(bench, "speed 1");
	need(bench, rig_status(bench, "OL", 30000), "on again, and ups.status is '%s', %s",
	    rig_value(bench->rig, "ups.status"), bench->rig->fresh ? "fresh" : "stale");
	rig_stop_driver(bench);
}

static void
cuts_and_returns(struct bench *bench)
{
	cut_by(bench, bench->test->with);
	need(bench, rig_sees(bench, "output on", 20), "%s: it stays off", bench->test->with);
	well_again(bench);
}

static void
cuts(struct bench *bench)
{
	cut_by(bench, bench->test->with);
	if (!strcmp(
		bench->test->with, "shutdown.stayoff")) { /* after load.off a device may return */
		rig_watch(bench, 3000);			  /* a minute and a half for the device */
		need(bench, rig_sees(bench, "output off", 0), "it comes back");
	}
	if (rig_offers(bench->rig, "load.on")) {
		need(bench, rig_order(bench, "INSTCMD load.on"), "load.on: %s", bench->rig->result);
		need(bench, rig_sees(bench, "output on", 20), "load.on does not switch it on");
	} else {
		rig_tell(bench, "output on");
	}
	well_again(bench);
}

static void
takes_back(struct bench *bench)
{
	struct rig *rig = rig_start(bench);

	need_command(bench, "shutdown.stop");
	need_command(bench, "shutdown.return");
	rig->forbidden = "OB LB";
	give(bench, "shutdown.return", "ups.timer.shutdown > 0");
	give(bench, "shutdown.stop", "ups.timer.shutdown < 0");
	rig_stop_driver(bench);
}

/* What nobody can tell to cut the power: a bridge without a way for that order. */
static bool
cannot_be_told(const struct drive *drive)
{
	return !drive->hid && !strcmp(file_value(drive->file, "bridge"), "krauler");
}

static void
says_that_it_cannot(struct bench *bench)
{
	need(bench, !rig_run_driver(bench, "-k", 40000) && bench->rig->driver->done,
	    "-k: %s, and the device has no way to be told",
	    bench->rig->driver->done ? "says that it is done" : "does not end in 40 s");
	need(bench, rig_sees(bench, "output on", 0), "the power is off");
}

static void
kills_power(struct bench *bench)
{
	const struct drive *drive = rig_plug(bench)->drive;

	if (cannot_be_told(drive)) {
		says_that_it_cannot(bench);
		return;
	}

	if (drive->hid && !file_follows(drive->file, "shutdown") &&
	    !file_follows(drive->file, "reboot") && !file_follows(drive->file, "powercom.shutdown"))
		skip(bench, "the device cannot be told to");
	need(bench, rig_run_driver(bench, "-k", 40000), "-k: %s",
	    bench->rig->driver->done ? log_of(bench, bench->rig->driver) : "does not end in 40 s");
	rig_tell(bench, "speed 20");
	need(bench, rig_sees(bench, "output off", 30), "-k does not cut the power");
	need(bench, rig_sees(bench, "output on", 30), "-k: there are mains, and it stays off");
}

/* --- settings --- */

static const struct setting {
	const char *name;
	double by; /* how far from what it is */
	bool kept; /* by the device, else by the driver */
} settings[] = {
	{ "battery.charge.low", 7, true },
	{ "battery.runtime.low", 60, true },
	{ "input.transfer.low", -2, true },
	{ "input.transfer.high", 2, true },
	{ "input.sensitivity", 0, true },
	{ "ups.delay.shutdown", 0, false }, /* whole minutes: many devices count no less */
	{ "ups.delay.start", 0, false },
};
#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* Another value for it, or "". */
static void
choose(const struct setting *setting, const struct variable *variable, char *out, size_t size)
{
	double now = atof(variable->value), next = now + setting->by;

	out[0] = '\0';
	if (!setting->kept)
		snprintf(out, size, "%s", now == 240 ? "300" : "240");
	else if (*variable->other)
		snprintf(out, size, "%s", variable->other);
	else if (variable->ranged && (next < variable->least || next > variable->most))
		snprintf(
		    out, size, "%.0f", variable->least == now ? variable->most : variable->least);
	else if (setting->by != 0 && isdigit((unsigned char)variable->value[0]))
		snprintf(out, size, "%.0f", next);
}

static bool
is_value(struct bench *bench, const char *name, const char *wanted, int ms)
{
	int64_t end = now_ms() + ms;

	for (;;) {
		const char *said = rig_value(bench->rig, name);

		if (!strcasecmp(said, wanted) ||
		    (isdigit((unsigned char)*wanted) && *said && atof(said) == atof(wanted)))
			return true;
		if (now_ms() >= end)
			return false;
		rig_watch(bench, 50);
	}
}

static void
settings_are_kept(struct bench *bench)
{
	struct rig *rig = rig_start(bench);
	char wanted[SETTINGS][80] = { "" };
	unsigned set = 0;

	rig_watch(bench, 3000);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct variable *variable = rig_variable(rig, settings[i].name);

		if (!variable || !variable->writable)
			continue;
		choose(&settings[i], variable, wanted[i], sizeof(wanted[i]));
		if (!*wanted[i])
			continue;
		set++;
		need(bench, rig_order(bench, "SET %s \"%s\"", settings[i].name, wanted[i]),
		    "SET %s \"%s\": %s", settings[i].name, wanted[i],
		    *rig->result ? rig->result : "no answer in 10 s");
		need(bench, is_value(bench, settings[i].name, wanted[i], SOON_MS),
		    "%s was set to '%s' and is '%s'", settings[i].name, wanted[i],
		    rig_value(rig, settings[i].name));
	}
	rig_stop_driver(bench);
	if (!set)
		skip(bench, "offers none of the settings that the suite knows");
	rig_drive(bench); /* it asks the device anew */
	for (size_t i = 0; i < SETTINGS; i++)
		need(bench,
		    !settings[i].kept || !*wanted[i] ||
			is_value(bench, settings[i].name, wanted[i], SOON_MS),
		    "%s was set to '%s', and the device has '%s'", settings[i].name, wanted[i],
		    rig_value(rig, settings[i].name));
	rig_stop_driver(bench);
}

#define ON_DEVICE .kind = EMPTY, .flags = SLOW | PAIR

static const struct test_case cases[] = {
	{ "driver/*/*/starts", MUST, "S-7.1 S-7.2", "fresh data with OL soon after the start",
	    .run = starts, .kind = EMPTY, .flags = SLOW | PAIR | QUICK | BRIEF },
	{ "driver/*/*/values", MUST, "S-7.3", "what it publishes is what the device has",
	    .run = values_are_true, .kind = EMPTY, .flags = SLOW | PAIR | QUICK | BRIEF },
	{ "driver/*/*/complete", SHOULD, "S-7.4", "what the device tells is published",
	    .run = values_are_there, ON_DEVICE },
	{ "driver/*/*/names", SHOULD, "S-7.4", "manufacturer and serial number are the device's",
	    .run = names_the_device, ON_DEVICE },
	{ "driver/*/*/outage", MUST, "S-4.1 S-7.5",
	    "mains off, battery low, mains on: OB, OB LB, OL, in time", .run = follows_an_outage,
	    .kind = EMPTY, .flags = SLOW | PAIR | QUICK | BRIEF },
	{ "driver/*/*/beeper", MUST, "S-7.11", "the commands for the beeper reach the device",
	    .run = beeper, ON_DEVICE },
	{ "driver/*/*/test", MUST, "S-7.11",
	    "the command for a battery test reaches the device; it begins, and ends",
	    .run = battery_test, ON_DEVICE },
	{ "driver/*/*/shutdown.return", MUST, "S-7.11 S-7.12",
	    "shutdown.return: the power goes off, and returns", .run = cuts_and_returns,
	    .with = "shutdown.return", ON_DEVICE },
	{ "driver/*/*/shutdown.reboot", MUST, "S-7.11 S-7.12",
	    "shutdown.reboot: the power goes off, and returns", .run = cuts_and_returns,
	    .with = "shutdown.reboot", ON_DEVICE },
	{ "driver/*/*/shutdown.stayoff", MUST, "S-7.11 S-7.12",
	    "shutdown.stayoff: the power goes off, and stays off", .run = cuts,
	    .with = "shutdown.stayoff", ON_DEVICE },
	{ "driver/*/*/load.off", MUST, "S-7.11", "load.off: the power goes off", .run = cuts,
	    .with = "load.off", ON_DEVICE },
	{ "driver/*/*/load.off.delay", MUST, "S-7.11", "load.off.delay: the power goes off",
	    .run = cuts, .with = "load.off.delay", ON_DEVICE },
	{ "driver/*/*/shutdown.stop", MUST, "S-7.11",
	    "shutdown.stop: a shutdown under way is taken back", .run = takes_back, ON_DEVICE },
	{ "driver/*/*/killpower", MUST, "S-7.12", "-k cuts the power, which returns with mains",
	    .run = kills_power, .kind = EMPTY, .flags = SLOW | PAIR | QUICK },
	{ "driver/*/*/settings", MUST, "S-7.13",
	    "what is set is in the device, and what is published says so", .run = settings_are_kept,
	    ON_DEVICE },
};

SECTION(driver_device);
