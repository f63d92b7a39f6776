/* emutest.h - one emulated device on a loop whose clock jumps, with the test at the other end of
 * its line. */
#ifndef EMUTEST_H
#define EMUTEST_H

#include "emulators/emu.h"
#include "emulators/orders.h"
#include "emulators/show.h"
#include "tests/fastworld.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct emu *emu;
static struct loop *emu_test_loop;
static struct emu_device_file emu_test_device;
static char got[4096]; /* what the device has said since ask() */
static size_t got_len;
/* USB: how many of each, how the last request went, and the last report that came by itself. */
static size_t heard_control, heard_reports;
static bool heard_stall, heard_broken;
static unsigned char reported[512];

static void *
ear_open(struct emu *from, const struct emu_options *options, const char **why)
{
	return got;
}

static void
ear_write(void *port, const struct emu_message *message)
{
	if (message->kind == EMU_REPORT) {
		heard_reports++;
		memcpy(reported, message->bytes, message->len);
		return;
	}
	heard_control += message->kind == EMU_CONTROL;
	heard_stall = message->refused;
	heard_broken = message->broken;
	cr_assert_leq(got_len + message->len, sizeof(got) - 1);
	if (message->len)
		memcpy(got + got_len, message->bytes, message->len);
	got_len += message->len;
	got[got_len] = '\0';
}

static const char *
ear_where(void *port)
{
	return "ear";
}

static void
ear_close(void *port)
{
}

static const struct emu_transport ear = {
	.name = "ear", .open = ear_open, .write = ear_write, .where = ear_where, .close = ear_close
};

/* A device of our making: the text of a device file. */
static inline void
begin(const char *text)
{
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("test.dev", text, strlen(text));
	const char *why;

	cr_assert(emu_device_parse(&emu_test_device, "test", file, &faults), "%s",
	    faults.len ? faults.list[0].text : "");
	conffile_close(file);
	emu_test_loop = fast_loop();
	emu = emu_new(emu_test_loop, &emu_test_device, &ear, NULL);
	cr_assert(emu_plug(emu, &why));
}

static inline void
end(void)
{
	emu_free(emu);
	emu_device_free(&emu_test_device);
	fast_end(emu_test_loop);
}

/* What it answers at once to BYTES. */
static inline const char *
ask(const char *bytes)
{
	struct emu_message message = { .kind = EMU_BYTES, .bytes = bytes, .len = strlen(bytes) };

	got_len = 0;
	got[0] = '\0';
	emu_hear(emu, &message);
	return got;
}

/* One order; NULL or why not.  What it showed is dropped. */
static inline const char *
order(const char *text)
{
	char line[2048];
	struct words words;
	struct buf out = { 0 };

	snprintf(line, sizeof(line), "%s", text);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	const char *why = emu_order(emu, &words, &out);

	buf_free(&out);
	return why;
}

static inline const char *
show(const char *name)
{
	static char value[EMU_SHOWN];

	cr_assert(emu_show_one(emu, name, value), "%s", name);
	return value;
}

static inline void
pass(double seconds)
{
	fast_pass(emu_test_loop, (int64_t)llround(seconds * 1000));
}

#endif
