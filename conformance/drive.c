#include "drive.h"

#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "nut-conform: %s: %s\n", what, why);
	exit(2);
}

static void *
own(void *made)
{
	if (!made)
		die("drive", strerror(errno));
	return made;
}

static char *
real(const char *path)
{
	char *whole = realpath(path, NULL);

	if (!whole)
		die(path, strerror(errno));
	return whole;
}

/* DEVICE as a file: a path, or one of those that come with nut-emu. */
static char *
device_file(const char *device, const char *build)
{
	static const char *const places[] = { "/../emulators/devices", "/../../emulators/devices",
		"/share/nut/emulators/devices" };
	const char *own_place = getenv("NUT_EMU_DEVICES");
	char path[PATH_MAX];

	if (strpbrk(device, "/."))
		return real(device);
	if (own_place) {
		snprintf(path, sizeof(path), "%s/%s.dev", own_place, device);
		return real(path);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%s/%s.dev", build, places[i], device);
		if (!access(path, R_OK))
			return real(path);
	}
	die(device, "there is no such device; nut-emu --list shows them");
}

/* Of the same protocol there are serial devices with an adapter's ids. */
static void
read_kind(struct drive *drive)
{
	char line[512], word[16];
	FILE *in = fopen(drive->file, "r");

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "model %15s", word) == 1 && !strcmp(word, "hidups"))
			drive->hid = drive->usb = true;
		if (sscanf(line, "bridge %15s", word) == 1)
			drive->usb = true;
	}
	if (in)
		fclose(in);
}

/* The device file's name without its ending. */
static char *
device_name(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *name = own(strdup(slash ? slash + 1 : file));

	if (strrchr(name, '.'))
		*strrchr(name, '.') = '\0';
	return name;
}

/* Lines for ups.conf from the target's "with PROGRAM DEVICE name=value" words. */
static char *
options_for(const struct target *target, const struct drive *drive)
{
	char lines[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < target->options_len; i++) {
		const struct pairing *row = &target->options[i];

		if (fnmatch(row->program, drive->name, 0) || fnmatch(row->device, drive->device, 0))
			continue;
		len += (size_t)snprintf(lines + len, sizeof(lines) - len, "\t%s\n", row->option);
		if (len >= sizeof(lines))
			die(row->option, "too many options");
	}
	return own(strdup(lines));
}

static void
add(struct drives *drives, const struct target *target, const char *program, const char *device,
    const char *build)
{
	struct drive *drive;
	char path[PATH_MAX];

	drives->at = own(realloc(drives->at, (drives->len + 1) * sizeof(*drive)));
	drive = &drives->at[drives->len++];
	snprintf(path, sizeof(path), "%s/%s", target->driverdir, program);
	drive->program = strchr(program, '/') ? real(program) : own(strdup(path));
	drive->name = strrchr(drive->program, '/') + 1;
	drive->file = device_file(device, build);
	drive->device = device_name(drive->file);
	drive->usb = drive->hid = false;
	read_kind(drive);
	drive->options = options_for(target, drive);
	snprintf(path, sizeof(path), "%s/bin/nut-emu", build);
	drive->emulator = own(strdup(path));
}

static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "driver/ * / * /mute" becomes "driver/usbhid-ups/eaton-3s-700/mute". */
static char *
id_for(const char *row, const struct drive *drive)
{
	char id[512];

	snprintf(id, sizeof(id), "driver/%s/%s/%s", drive->name, drive->device, last_part(row));
	return own(strdup(id));
}

static void
add_cases(struct drives *drives, bool quick)
{
	size_t most = suite_rows() * drives->len;

	drives->cases = own(calloc(most + 1, sizeof(*drives->cases)));
	for (size_t i = 0; i < drives->len; i++)
		for (size_t j = 0; j < suite_rows(); j++) {
			const struct drive *drive = &drives->at[i];
			struct test_case made = *suite_row(j);

			if (made.flags & (drive->usb ? SERIAL : USB) ||
			    (quick && !(made.flags & QUICK)))
				continue;
			made.id = id_for(made.id, drive);
			made.drive = drive;
			drives->cases[drives->cases_len++] = made;
		}
}

void
drives_make(struct drives *drives, const struct target *target, const char *program,
    const char *device, const char *build)
{
	bool all = !device || !strcmp(device, "all");

	if (!all) {
		add(drives, target, program, device, build);
	} else {
		for (size_t i = 0; i < target->pairs_len; i++) {
			const struct pairing *row = &target->pairs[i];

			if (program ? !strcmp(row->program, last_part(program)) : row->quick)
				add(drives, target, program ? program : row->program, row->device,
				    build);
		}
		if (program && !drives->len)
			die(program, "the target file lists no devices for it; name one");
	}
	add_cases(drives, !program);
}

void
drives_free(struct drives *drives)
{
	for (size_t i = 0; i < drives->cases_len; i++)
		free((char *)(uintptr_t)drives->cases[i].id); /* made by id_for() */
	free(drives->cases);
	for (size_t i = 0; i < drives->len; i++) {
		struct drive *drive = &drives->at[i];

		free(drive->program);
		free(drive->device);
		free(drive->file);
		free(drive->emulator);
		free(drive->options);
	}
	free(drives->at);
}

const char *
drive_target(const char *program, const char *build)
{
	static const char *const names[] = { "ours", "upstream" };
	const char *found = "other";

	if (!strchr(program, '/'))
		return names[0];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct target *target = target_read(names[i], build);
		char *folder = realpath(target->driverdir, NULL), *whole = realpath(program, NULL);

		if (folder && whole && !strncmp(folder, whole, strlen(folder)) &&
		    whole + strlen(folder) == strrchr(whole, '/'))
			found = names[i];
		free(folder);
		free(whole);
		target_free(target);
	}
	return found;
}
