/* Megatec's frames and commands: docs/devices/megatec.md. */
#include "drivers/proto/megatec.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GOOD "(226.0 195.0 226.0 014 49.0 27.5 30.0 00001001"

static const char *
status(struct megatec_status *out, const char *answer)
{
	return megatec_status_parse(out, answer, strlen(answer));
}

static bool
refused(const char *answer)
{
	struct megatec_status got;

	return status(&got, answer) != NULL;
}

/* 3.1 */
Test(megatec, status_is_cut_into_its_fields)
{
	struct megatec_status got;

	cr_expect_null(status(&got, "(208.4 140.0 207.4 034 59.9 2.05 35.0 00110000\r"));
	cr_expect_float_eq(got.input_voltage, 208.4, 1e-9);
	cr_expect_float_eq(got.fault_voltage, 140.0, 1e-9);
	cr_expect_float_eq(got.output_voltage, 207.4, 1e-9);
	cr_expect_float_eq(got.load, 34, 1e-9);
	cr_expect_float_eq(got.frequency, 59.9, 1e-9);
	cr_expect_float_eq(got.battery_voltage, 2.05, 1e-9);
	cr_expect_float_eq(got.temperature, 35.0, 1e-9);
	cr_expect_eq(got.bits, MEGATEC_BYPASS_OR_AVR | MEGATEC_FAILED);
	cr_expect_not(got.extra);
}

/* Seen in public reports. */
Test(megatec, real_answers_are_taken)
{
	static const char *const real[] = {
		"(209.7 209.7 219.7 020 50.0 41.8 23.3 00000001\r",
		"(002.9 000.0 000.0 000 00.0 2.02 21.0 10000001\r",
		"(227.0 120.0 000.0 000 49.9 2.28 25.0 00000001\r",
		"(240.4 000.0 219.9 020 50.0 2.23 43.0 00000001\r",
		"(229.4 229.4 229.4 013 49.9 13.1 25.0 00001001\r",
		"(220.0 220.0 220.0 013 49.9 108.4 -5.0 00001001\r",
	};
	struct megatec_status got;

	for (size_t i = 0; i < sizeof(real) / sizeof(real[0]); i++)
		cr_expect_null(status(&got, real[i]), "%s", real[i]);
}

/* 3.4.5 */
Test(megatec, a_whole_answer_without_cr_is_taken)
{
	cr_expect_not(refused(GOOD));
}

/* 3.4.1, 3.4.2 */
Test(megatec, what_is_not_whole_and_exact_is_refused)
{
	static const char *const bad[] = {
		"",
		"\r",
		"Q1\r",
		"NAK\r",
		"(NAK\r",
		"(ACK\r",
		"(226.0 195.0 226.0 0\r",
		"(226.0 195.0 226.0 014 49.0 27.5 30.0 0000100\r",
		"(226.0 195.0 226.0 014 49.0 27.5 30.0 000010010\r",
		"(226.0 195.0 226.0 014 49.0 27.5 30.0 0000A001\r",
		"(226.0 195.0 226.0 014 49.0 27.5 30.0 --------\r",
		"(226.0 195.0 22.0 014 49.0 27.5 30.0 00001001\r",
		"(226.0 195.0 226.0 14 49.0 27.5 30.0 00001001\r",
		"(226.0 195.0 226.0  014 49.0 27.5 30.0 00001001\r",
		"(226.0 195.0 2-6.0 014 49.0 27.5 30.0 00001001\r",
		"(22#.0 195;0 226.% 014 4,.0 27.  30.0 %000100$\r",
		"(226.0 195.0 226.0 014 49.0 27.5 00001001\r",
		"226.0 195.0 226.0 014 49.0 27.5 30.0 00001001\r",
		"#226.0 195.0 226.0 014 49.0 27.5 30.0 00001001\r",
		" " GOOD "\r",
		"\n" GOOD "\r",
		GOOD "\r\r",
		GOOD "\xff\r",
		"#230.0 010 024.0 50.0\r",
	};
	struct megatec_status got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect(refused(bad[i]), "\"%s\" was taken", bad[i]);
	cr_expect_not_null(megatec_status_parse(&got, "\0" GOOD "\r", sizeof(GOOD) + 1));
}

Test(megatec, no_byte_can_be_lost_or_changed_unseen_in_the_bits)
{
	char answer[] = GOOD "\r";

	for (size_t lost = 0; lost + 2 < sizeof(answer); lost++) {
		char less[sizeof(answer)];

		memcpy(less, answer, lost);
		strcpy(less + lost, answer + lost + 1);
		cr_expect(refused(less), "\"%s\" was taken", less);
	}
}

/* 3.1.2 */
Test(megatec, a_dashed_field_is_unknown_and_the_rest_is_kept)
{
	struct megatec_status got;

	cr_expect_null(status(&got, "(---.- 195.0 ---.- --- 49.0 -.-- --.- 10001001\r"));
	cr_expect(isnan(got.input_voltage) && isnan(got.output_voltage) && isnan(got.load));
	cr_expect(isnan(got.battery_voltage) && isnan(got.temperature));
	cr_expect_float_eq(got.fault_voltage, 195.0, 1e-9);
	cr_expect_eq(got.bits & MEGATEC_MAINS_FAILED, MEGATEC_MAINS_FAILED);
}

/* 3.1.3 */
Test(megatec, fields_behind_the_bits_are_noticed_and_ignored)
{
	struct megatec_status got;

	cr_expect_null(status(&got, GOOD " 12.3 0101\r"));
	cr_expect(got.extra);
	cr_expect_null(status(&got, GOOD " \r"));
	cr_expect_not(got.extra);
}

/* 3.3 */
Test(megatec, bit_5_is_split_by_the_ratio)
{
	cr_expect_eq(megatec_regulation(226, 100), MEGATEC_NOTHING);
	cr_expect_eq(megatec_regulation(226, 200), MEGATEC_TRIM);
	cr_expect_eq(megatec_regulation(226, 226), MEGATEC_BYPASS);
	cr_expect_eq(megatec_regulation(226, 250), MEGATEC_BOOST);
	cr_expect_eq(megatec_regulation(226, 400), MEGATEC_NOTHING);
	cr_expect_eq(megatec_regulation(0, 226), MEGATEC_NOTHING);
	cr_expect_eq(megatec_regulation((double)NAN, 226), MEGATEC_NOTHING);
}

/* 4 */
Test(megatec, ratings)
{
	struct megatec_ratings got;
	const char *answer = "#220.0 013 72.00 50.0"; /* without CR, as one model has it */

	cr_expect_null(megatec_ratings_parse(&got, answer, strlen(answer)));
	cr_expect_float_eq(got.voltage, 220, 1e-9);
	cr_expect_float_eq(got.current, 13, 1e-9);
	cr_expect_float_eq(got.battery_voltage, 72, 1e-9);
	cr_expect_float_eq(got.frequency, 50, 1e-9);
	answer = "#230.0 --- 024.0 60.0\r";
	cr_expect_null(megatec_ratings_parse(&got, answer, strlen(answer)));
	cr_expect(isnan(got.current));
	cr_expect_float_eq(got.battery_voltage, 24, 1e-9);
	answer = "#230.0 010 24.0 50.0\r";
	cr_expect_not_null(megatec_ratings_parse(&got, answer, strlen(answer)));
	cr_expect_not_null(megatec_ratings_parse(&got, "F\r", 2));
}

/* 5 */
Test(megatec, vendor)
{
	struct megatec_vendor got;
	const char *answer = "#NOT_A_LIVE_UPS  TEST ING   V1.0      \r";

	cr_expect_null(megatec_vendor_parse(&got, answer, strlen(answer)));
	cr_expect_str_eq(got.company, "NOT_A_LIVE_UPS");
	cr_expect_str_eq(got.model, "TEST ING");
	cr_expect_str_eq(got.version, "V1.0");
	answer = "#                                B1.12_APFB\r";
	cr_expect_not_null(megatec_vendor_parse(&got, answer, strlen(answer)));
	answer = "#                           B1.12_APFB\r";
	cr_expect_null(megatec_vendor_parse(&got, answer, strlen(answer)));
	cr_expect_str_eq(got.company, "");
	cr_expect_str_eq(got.version, "B1.12_APFB");
	cr_expect_not_null(megatec_vendor_parse(&got, "I\r", 2));
	cr_expect_not_null(megatec_vendor_parse(&got, "", 0));
}

Test(megatec, protocol_number)
{
	cr_expect_eq(megatec_protocol_parse("(PI98\r", 6), 98);
	cr_expect_eq(megatec_protocol_parse("(PI01", 5), 1);
	cr_expect_eq(megatec_protocol_parse("QPI\r", 4), -1);
	cr_expect_eq(megatec_protocol_parse("(PIx1\r", 6), -1);
	cr_expect_eq(megatec_protocol_parse("", 0), -1);
}

/* 6.1 */
Test(megatec, what_an_answer_to_a_command_says)
{
	cr_expect_eq(megatec_reply("T\r", "", 0), MEGATEC_OBEYED);
	cr_expect_eq(megatec_reply("T\r", "\r", 1), MEGATEC_OBEYED);
	cr_expect_eq(megatec_reply("T\r", "ACK\r", 4), MEGATEC_OBEYED);
	cr_expect_eq(megatec_reply("T\r", "(ACK\r", 5), MEGATEC_OBEYED);
	cr_expect_eq(megatec_reply("T\r", "T\r", 2), MEGATEC_REFUSED);
	cr_expect_eq(megatec_reply("T\r", "T", 1), MEGATEC_REFUSED);
	cr_expect_eq(megatec_reply("T\r", "NAK\r", 4), MEGATEC_REFUSED);
	cr_expect_eq(megatec_reply("T\r", "(NAK\r", 5), MEGATEC_REFUSED);
	cr_expect_eq(megatec_reply("T\r", GOOD "\r", sizeof(GOOD)), MEGATEC_STRANGE);
	cr_expect_eq(megatec_reply("T\r", "(", 1), MEGATEC_STRANGE);
}

/* 6.2 */
Test(megatec, delays_are_rounded_up_and_never_to_nothing)
{
	static const struct {
		unsigned off, on;
		const char *sent;
	} rows[] = {
		{ 30, 180, "S.5R0003\r" },
		{ 60, 120, "S01R0002\r" },
		{ 0, 180, "S00R0003\r" },
		{ 1, 1, "S.2R0001\r" },
		{ 12, 60, "S.2R0001\r" },
		{ 13, 61, "S.3R0002\r" },
		{ 54, 119, "S.9R0002\r" },
		{ 55, 120, "S01R0002\r" },
		{ 61, 121, "S02R0003\r" },
		{ 600, 0, "S10\r" },
		{ 12, 0, "S.2\r" },
		{ 5940, 599940, "S99R9999\r" },
		{ 4000000000, 4000000000, "S99R9999\r" },
	};
	char got[MEGATEC_COMMAND_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		megatec_shutdown_return(got, rows[i].off, rows[i].on);
		cr_expect_str_eq(got, rows[i].sent);
	}
	megatec_shutdown_stayoff(got, 30);
	cr_expect_str_eq(got, "S.5R0000\r");
	megatec_shutdown_stayoff(got, 0);
	cr_expect_str_eq(got, "S00R0000\r");
}

/* 6.3 */
Test(megatec, tests)
{
	char got[MEGATEC_COMMAND_MAX];

	megatec_test(got, 600);
	cr_expect_str_eq(got, "T10\r");
	megatec_test(got, 12);
	cr_expect_str_eq(got, "T.2\r");
	megatec_test(got, 5940);
	cr_expect_str_eq(got, "T99\r");
}

/* Whatever comes: it is refused, or every number is one that fits its field. */
Test(megatec, noise_is_refused_or_in_range)
{
	static const char seeds[][50] = { GOOD "\r",
		"(---.- 195.0 ---.- --- 49.0 -.-- --.- 10001001\r", "#230.0 010 024.0 50.0\r",
		"#NOT_A_LIVE_UPS  TESTING    TESTING   \r" };
	unsigned seed = (unsigned)time(NULL), state = seed;
	struct megatec_status status;
	struct megatec_ratings ratings;
	struct megatec_vendor vendor;

	for (int round = 0; round < 200000; round++) {
		char *answer = strdup(seeds[rand_r(&state) % 4]); /* of its own size, for ASan */
		size_t len = strlen(answer);

		for (int changes = rand_r(&state) % 4; changes >= 0; changes--)
			answer[(size_t)rand_r(&state) % len] = (char)(rand_r(&state) % 256);
		len -= (size_t)rand_r(&state) % 4;
		if (!megatec_status_parse(&status, answer, len)) {
			cr_assert(!(status.input_voltage > 999.9), "seed %u", seed);
			cr_assert(!(status.load > 999), "seed %u", seed);
			cr_assert(!(status.temperature < -9.9), "seed %u", seed);
			cr_assert_lt(status.bits, 256u, "seed %u", seed);
		}
		if (!megatec_ratings_parse(&ratings, answer, len))
			cr_assert(!(ratings.battery_voltage > 999.9), "seed %u", seed);
		if (!megatec_vendor_parse(&vendor, answer, len))
			cr_assert_leq(strlen(vendor.company), 15u, "seed %u", seed);
		megatec_protocol_parse(answer, len);
		megatec_reply("T\r", answer, len);
		free(answer);
	}
}
