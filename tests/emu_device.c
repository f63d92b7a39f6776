#include "emulators/emu.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

static char fault[512];

static bool
parse(const char *text)
{
	struct emu_device_file device;
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("x.dev", text, strlen(text));
	bool ok = emu_device_parse(&device, "x", file, &faults);

	snprintf(fault, sizeof(fault), "%s", faults.len ? faults.list[0].text : "");
	faults_free(&faults);
	conffile_close(file);
	if (ok)
		emu_device_free(&device);
	return ok;
}

Test(emu_device, wrong_lines_are_named_by_file_and_line)
{
	cr_expect(parse("model megatec\n"));
	cr_expect_not(parse(""));
	cr_expect_str_eq(fault, "x.dev: no model is named");
	cr_expect_not(parse("model megatec\nno.such.key 3\n"));
	cr_expect_str_eq(fault, "x.dev:2: no.such.key: no such key");
	cr_expect_not(parse("model telepathy\n"));
	cr_expect_not(parse("model hidups\nstring 1 x\nmodel megatec\n"), "one model");
	cr_expect_not(parse("dialect mustek\nmodel megatec\n"), "the model comes first");
	cr_expect_not(parse("model megatec\nups.load lots\n"));
	cr_expect_not(parse("model megatec\nups.load 12 13\n"));
	cr_expect_not(parse("model megatec\nno-temperature please\n"));
	cr_expect_not(parse("model megatec\ntopology sideways\n"));
	cr_expect_not(parse("model megatec\nanswer.ms -5\n"));
	cr_expect_not(parse("model megatec\nups.load nan\n"));
	cr_expect_not(parse("model megatec\nups.model "
			    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			    "aaaaaaaaaaaa\n"));
}

/* Each says who it is and where its data come from. */
Test(emu_device, every_file_of_ours_reads)
{
	DIR *folder = opendir("emulators/devices");
	size_t read = 0;

	cr_assert_not_null(folder, "run from the top of the tree");
	for (struct dirent *entry; (entry = readdir(folder));) {
		struct emu_device_file device;
		struct faults faults = { 0 };
		char path[512];

		if (!strstr(entry->d_name, ".dev"))
			continue;
		snprintf(path, sizeof(path), "emulators/devices/%s", entry->d_name);
		cr_expect(emu_device_read(&device, path, &faults), "%s",
		    faults.len ? faults.list[0].text : path);
		cr_expect(device.title[0], "%s has no title", path);
		faults_free(&faults);
		emu_device_free(&device);
		read++;
	}
	closedir(folder);
	cr_expect_geq(read, 13);
}
