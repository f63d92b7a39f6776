/* docs/devices/megatec.md, spoken by the emulated device. */
#include "tests/emutest.h"

#define DEVICE(dialect)                                                                            \
	"model megatec\ndialect " dialect                                                          \
	"\ntopology interactive\nups.mfr Acme\nups.model \"M 1\"\n"                                \
	"ups.firmware V2\nups.load 14\nups.power.nominal 500\ninput.current.nominal 2\n"           \
	"battery.voltage.nominal 24\nambient.temperature 25\n"

Test(emu_megatec, status_has_46_characters_and_the_truth)
{
	begin(DEVICE("megatec"));
	cr_expect_str_eq(ask("Q1\r"), "(230.0 230.0 230.0 014 50.0 27.3 26.7 00001001\r");
	order("mains voltage 200");
	cr_expect_str_eq(ask("Q1\r"), "(200.0 200.0 232.0 014 50.0 27.3 26.7 00101001\r");
	order("mains voltage 140");
	order("load 80");
	const char *status = ask("Q1\r");

	cr_expect_eq(strlen(status), 47);
	cr_expect(strncmp(status, "(140.0 140.0 230.0 080 50.0 2", 29) == 0, "%s", status);
	cr_expect_str_eq(strrchr(status, ' '), " 10001001\r");
	order("battery 10");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 11001001\r");
	end();
}

Test(emu_megatec, status_without_mains)
{
	begin(DEVICE("megatec"));
	order("mains off");
	cr_expect(strncmp(ask("Q1\r"), "(000.0 000.0 230.0 014 00.0 ", 28) == 0, "%s", got);
	order("fail on");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 10011001\r");
	end();
}

Test(emu_megatec, online_with_voltage_per_cell_and_no_thermometer)
{
	begin("model megatec\ntopology online\nvoltage-per-cell\nno-temperature\n"
	      "battery.voltage.nominal 96\nups.load 35\ninput.voltage.nominal 220\n");
	cr_expect_str_eq(ask("Q1\r"), "(220.0 220.0 220.0 035 50.0 2.27 --.- 00000001\r");
	cr_expect_str_eq(ask("F\r"), "#220.0 005 96.00 50.0\r");
	end();
}

Test(emu_megatec, ratings_and_vendor_are_as_wide_as_they_must_be)
{
	begin(DEVICE("megatec"));
	cr_expect_str_eq(ask("F\r"), "#230.0 002 24.00 50.0\r");
	cr_expect_str_eq(ask("I\r"), "#Acme            M 1        V2        \r");
	cr_expect_eq(strlen(got), 39);
	end();
}

struct dialect_case {
	const char *device, *question, *begins;
};

Test(emu_megatec, dialects_know_their_own_questions)
{
	static const struct dialect_case cases[] = {
		{ DEVICE("megatec"), "Q1\r", "(230" },
		{ DEVICE("megatec"), "QS\r", "QS\r" },
		{ DEVICE("megatec"), "QGS\r", "QGS\r" },
		{ DEVICE("megatec/old"), "D\r", "(230" },
		{ DEVICE("megatec/old"), "Q1\r", "Q1\r" },
		{ DEVICE("mecer") "protocol PI98\n", "QPI\r", "(PI98\r" },
		{ DEVICE("mecer"), "QPI\r", "(NAK\r" },
		{ DEVICE("mecer"), "Q1\r", "(230" },
		{ DEVICE("mecer"), "CT\r", "(ACK\r" },
		{ DEVICE("mecer"), "T.3\r", "(ACK\r" },
		{ DEVICE("mustek"), "QS\r", "(230" },
		{ DEVICE("mustek"), "Q1\r", "NAK\r" },
		{ DEVICE("mustek"), "I\r", "#Acme" },
		{ DEVICE("q1"), "Q1\r", "(230" },
		{ DEVICE("q1"), "I\r", "" },
		{ DEVICE("q1"), "F\r", "" },
		{ DEVICE("voltronic-qs"), "M\r", "V\r" },
		{ DEVICE("voltronic-qs"), "QS\r", "(230" },
		{ DEVICE("voltronic-qs"), "TL\r", "(NAK\r" },
		{ DEVICE("voltronic-qs"), "F\r", "#230" },
		{ DEVICE("voltronic-qs-hex"), "M\r", "P\r" },
		{ DEVICE("voltronic-qs-hex"), "QS\r", "#" },
		{ DEVICE("voltronic-qs-hex"), "Q1\r", "N\r" },
		{ DEVICE("voltronic-qs-hex"), "TL\r", "" },
		{ DEVICE("voltronic-qs-hex"), "CT\r", "" },
		{ DEVICE("voltronic-qs-hex") "protocol T\n", "M\r", "T\r" },
		{ DEVICE("voltronic-qs-hex") "protocol T\n", "T\r", "" },
		{ DEVICE("voltronic-qs-hex") "protocol T\n", "TL\r", "N\r" },
		{ DEVICE("bestups") "ups.model FOR\n", "ID\r", "FOR,500,230,230,19.2,27.3\r" },
		{ DEVICE("bestups"), "RT\r", "1" },
		{ DEVICE("bestups"), "BP?\r", "01\r" },
		{ DEVICE("bestups"), "SS?\r", "0\r" },
		{ DEVICE("bestups") "protocol 5\n", "M\r", "5\r" },
		{ DEVICE("bestups"), "Q\r", "" },
		{ DEVICE("bestups"), "QPI\r", "" },
		{ DEVICE("zinto"), "FW?\r", "#Acme" },
		{ DEVICE("zinto"), "I\r", "I\r" },
		{ DEVICE("megatec") "rejects F\n", "F\r", "F\r" },
		{ DEVICE("megatec") "unknown silent\n", "QGS\r", "" },
		{ DEVICE("megatec") "accepted ACK\n", "CT\r", "ACK\r" },
		{ DEVICE("megatec") "no-end F\n", "F\r", "#230.0 002 24.00 50.0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct dialect_case *c = &cases[i];

		begin(c->device);
		ask(c->question);
		cr_expect(*c->begins ? !strncmp(got, c->begins, strlen(c->begins)) : !*got,
		    "row %zu: %s: %s", i, c->question, got);
		if (c->begins[0] == '#' && strlen(c->begins) > 10)
			cr_expect_str_eq(got, c->begins, "no CR");
		end();
	}
}

/* 6.2: n is tenths of a minute or minutes, m minutes. */
Test(emu_megatec, delays_of_shutdown_and_return)
{
	begin(DEVICE("megatec"));
	cr_expect_str_eq(ask("S.5R0003\r"), "", "obeyed in silence");
	cr_expect_str_eq(show("ups.timer.shutdown"), "30.0");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 00001011\r");
	pass(31);
	cr_expect_str_eq(show("output"), "off");
	pass(178);
	cr_expect_str_eq(show("output"), "off");
	pass(2);
	cr_expect_str_eq(show("output"), "on");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 00001001\r");
	ask("S01R0000\r");
	pass(61);
	cr_expect_str_eq(show("output"), "off");
	pass(3600);
	cr_expect_str_eq(show("output"), "off");
	ask("C\r");
	cr_expect_str_eq(show("output"), "on");
	ask("S02\r");
	pass(125);
	cr_expect_str_eq(show("output"), "off");
	pass(10);
	cr_expect_str_eq(show("output"), "on");
	end();
}

Test(emu_megatec, delays_that_are_none_are_not_obeyed)
{
	static const char *const wrong[] = { "S\r", "S.1\r", "S5R0003\r", "S.5R003\r", "S.5X0003\r",
		"S.5R00030\r", "S99\r", "S.5R00x3\r", "T0\r", "T00\r", "TX\r", "T.3\r" };

	begin(DEVICE("megatec"));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		ask(wrong[i]);
		cr_expect_str_eq(show("ups.timer.shutdown"), "-1.0", "%s", wrong[i]);
		cr_expect_str_eq(show("test"), "none", "%s", wrong[i]);
	}
	end();
}

Test(emu_megatec, battery_tests)
{
	begin(DEVICE("megatec"));
	ask("T\r");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 00001101\r", "b7 stays 0: mains are there");
	pass(11);
	cr_expect_str_eq(show("test"), "passed");
	ask("T02\r");
	pass(119);
	cr_expect_str_eq(show("test"), "running");
	pass(2);
	cr_expect_str_eq(show("test"), "passed");
	ask("TL\r");
	ask("CT\r");
	cr_expect_str_eq(show("test"), "stopped");
	end();
}

Test(emu_megatec, beeper)
{
	begin(DEVICE("megatec"));
	ask("Q\r");
	cr_expect_str_eq(show("ups.beeper.status"), "disabled");
	cr_expect_str_eq(strrchr(ask("Q1\r"), ' '), " 00001000\r");
	ask("Q\r");
	cr_expect_str_eq(show("ups.beeper.status"), "enabled");
	end();
}

Test(emu_megatec, an_empty_battery_answers_nobody)
{
	begin(DEVICE("megatec"));
	order("mains off");
	order("battery 0");
	pass(1);
	cr_expect_str_eq(ask("Q1\r"), "");
	order("mains on");
	pass(1);
	cr_expect_eq(strlen(ask("Q1\r")), 47);
	end();
}

Test(emu_megatec, cuts_questions_at_the_end_byte_however_they_come)
{
	begin(DEVICE("megatec"));
	cr_expect_str_eq(ask("Q"), "");
	cr_expect_eq(strlen(ask("1\r")), 47);
	cr_expect_eq(strlen(ask("Q1\rQ1\r")), 94);
	cr_expect_str_eq(ask("\r"), "\r", "an empty question is an unknown one");
	char long_one[400];

	memset(long_one, 'Q', sizeof(long_one));
	strcpy(long_one + 390, "\r");
	ask(long_one);
	cr_expect_eq(strlen(ask("Q1\r")), 47, "well again after one that was too long");
	end();
}
