#include "emulators/faults.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define STATUS "(226.0 195.0 226.0 014 49.0 27.5 30.0 00001001"

static struct emu_faults faults;
static struct emu_spoilt spoilt;

static int
set(const char *text, const char **why)
{
	static char line[128];
	struct words words;

	snprintf(line, sizeof(line), "%s", text);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	return emu_fault_set(&faults, &words, why);
}

/* What an answer to Q1 becomes, "lost" if nothing. */
static const char *
spoil(const char *order, const char *answer)
{
	static char text[256];
	const char *why = NULL;

	emu_faults_clear(&faults);
	cr_assert_eq(set(order, &why), 1, "%s", why);
	emu_faults_pass(
	    &faults, EMU_FAULTS_ALL, &spoilt, "Q1", answer, strlen(answer), "(NAK", '\r');
	snprintf(text, sizeof(text), "%.*s", (int)buf_len(&spoilt.bytes), buf_bytes(&spoilt.bytes));
	buf_free(&spoilt.bytes);
	return spoilt.lost ? "lost" : text;
}

Test(emu_faults, each_does_what_the_transcripts_show)
{
	cr_expect_str_eq(spoil("mute", STATUS "\r"), "lost");
	cr_expect_str_eq(spoil("echo", STATUS "\r"), "Q1\r");
	cr_expect_str_eq(spoil("nak", STATUS "\r"), "(NAK\r");
	cr_expect_str_eq(
	    spoil("dashes", STATUS "\r"), "(---.- 195.0 226.0 014 49.0 27.5 --.- 00001001\r");
	cr_expect_str_eq(
	    spoil("badbits", STATUS "\r"), "(226.0 195.0 226.0 014 49.0 27.5 30.0 0000A001\r");
	cr_expect_str_eq(spoil("extra", STATUS "\r"), STATUS " 123 456 789\r");
	cr_expect_str_eq(spoil("truncate 20", STATUS "\r"), "(226.0 195.0 226.0 0\r");
	cr_expect_str_eq(spoil("nocr", STATUS "\r"), STATUS);
	cr_expect_str_neq(spoil("garble 3", STATUS "\r"), STATUS "\r");
	cr_expect_str_eq(spoil("nul", STATUS "\r"), "", "a zero byte comes first");
}

Test(emu_faults, garble_changes_so_many_characters_and_never_the_end)
{
	const char *noisy = spoil("garble 5", STATUS "\r");
	size_t changed = 0;

	cr_assert_eq(strlen(noisy), strlen(STATUS "\r"));
	for (size_t i = 0; noisy[i]; i++)
		changed += noisy[i] != (STATUS "\r")[i];
	cr_expect_eq(changed, 5);
	cr_expect_eq(noisy[strlen(noisy) - 1], '\r');
}

Test(emu_faults, delay_and_slow_touch_no_byte)
{
	cr_expect_str_eq(spoil("delay 1600", STATUS "\r"), STATUS "\r");
	cr_expect_eq(spoilt.delay_ms, 1600);
	cr_expect_str_eq(spoil("slow", STATUS "\r"), STATUS "\r");
	cr_expect_eq(spoilt.byte_ms, 4);
}

Test(emu_faults, lasts_for_so_many_answers)
{
	const char *why;

	cr_expect_eq(set("nak for 2", &why), 1);
	for (int i = 0; i < 3; i++) {
		emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "Q1", "x\r", 2, "NAK", '\r');
		cr_expect_eq(buf_len(&spoilt.bytes), i < 2 ? 4 : 2, "answer %d", i);
		buf_free(&spoilt.bytes);
	}
}

Test(emu_faults, touches_only_one_question)
{
	const char *why;

	cr_expect_eq(set("mute only F", &why), 1);
	emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "Q1", "x\r", 2, "NAK", '\r');
	cr_expect_not(spoilt.lost);
	buf_free(&spoilt.bytes);
	emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "F", "x\r", 2, "NAK", '\r');
	cr_expect(spoilt.lost);
	buf_free(&spoilt.bytes);
}

Test(emu_faults, wrong_words_are_said_to_be_wrong)
{
	const char *why = NULL;

	cr_expect_eq(set("explode", &why), 0);
	cr_expect_eq(set("garble 0", &why), -1);
	cr_expect_eq(set("garble 3 for", &why), -1);
	cr_expect_eq(set("garble 3 sometimes 2", &why), -1);
	cr_expect_eq(set("mute only AQUESTIONTOOLONGFORUS", &why), -1);
	cr_expect_not_null(why);
}

Test(emu_faults, are_shown_and_cleared)
{
	const char *why;
	struct buf out = { 0 };

	set("garble 4 for 9 only Q1", &why);
	set("mute 2", &why);
	emu_faults_show(&faults, &out);
	buf_add(&out, "", 1);
	cr_expect_str_eq(buf_bytes(&out), "mute for 2, garble 4 for 9 only Q1");
	buf_free(&out);
	emu_faults_clear(&faults);
	emu_faults_show(&faults, &out);
	buf_add(&out, "", 1);
	cr_expect_str_eq(buf_bytes(&out), "none");
	buf_free(&out);
}

Test(emu_faults, survive_answers_without_any_text)
{
	static const char *const all[] = { "echo", "nak", "dashes", "badbits", "extra",
		"garble 200", "truncate 1", "nul", "nocr" };
	const char *why;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		set(all[i], &why);
	emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "", "", 0, "", '\r');
	buf_free(&spoilt.bytes);
	emu_faults_clear(&faults);
	for (size_t i = 2; i < sizeof(all) / sizeof(all[0]); i++)
		set(all[i], &why);
	emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "", "\r", 1, "", '\r');
	buf_free(&spoilt.bytes);
}

Test(emu_faults, some_answers_pass_before)
{
	struct buf shown = { 0 };
	const char *why = NULL;

	emu_faults_clear(&faults);
	cr_assert_eq(set("stall after 2 for 1", &why), 1, "%s", why);
	emu_faults_show(&faults, &shown);
	cr_expect_eq(buf_len(&shown), strlen("stall after 2 for 1"));
	buf_free(&shown);
	for (int i = 0; i < 4; i++) {
		emu_faults_pass(&faults, EMU_FAULTS_ALL, &spoilt, "Q1", "x", 1, "NAK", 0);
		cr_expect_eq(spoilt.stall, i == 2, "answer %d", i);
		buf_free(&spoilt.bytes);
	}
	cr_expect_eq(set("stall after", &why), -1);
	cr_expect_eq(set("stall after x", &why), -1);
}
