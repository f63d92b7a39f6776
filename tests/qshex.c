/* voltronic-qs-hex's status: docs/devices/megatec.md, section 12. */
#include "drivers/proto/megatec.h"
#include "drivers/proto/qshex.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define PARSE(out, bytes) qshex_status_parse((out), (bytes), sizeof(bytes) - 1)

/* Those that the published sheet explains, on battery both. */
#define P_ANSWER "#\x06\x00 \x68 \x70\x01 \x69 \x0c \x61\xa8 \x28\x02\x12\xd0 \xd5 \x1e \x89\r"
#define T_ANSWER "#\x01\x02 \x65 \x73\x01 \x65 \x00 \x60\x00 \x12\xc0\x00 \xcc \x3c \x89 \x23\r"

Test(qshex, p_tells_its_status)
{
	struct qshex_status got;

	cr_assert_null(PARSE(&got, P_ANSWER));
	cr_expect_float_eq(got.input_voltage, 12.2, 0.05);
	cr_expect_float_eq(got.output_voltage, 230.6, 0.05);
	cr_expect_float_eq(got.load, 12, 1e-9);
	cr_expect_float_eq(got.frequency, 50, 0.05);
	cr_expect_float_eq(got.battery_voltage, 12.53, 0.005);
	cr_expect_eq(got.bits, MEGATEC_MAINS_FAILED | MEGATEC_STANDBY_TYPE | MEGATEC_BEEPER);
	cr_expect_not(got.rated);
}

Test(qshex, t_tells_its_ratings_too)
{
	struct qshex_status got;

	cr_assert_null(PARSE(&got, T_ANSWER));
	cr_expect_float_eq(got.output_voltage, 227.8, 0.05);
	cr_expect_float_eq(got.battery_voltage, 24, 0.005);
	cr_expect(got.rated);
	cr_expect_float_eq(got.rated_voltage, 230, 1e-9);
	cr_expect_float_eq(got.rated_frequency, 50, 1e-9);
	cr_expect_float_eq(got.rated_battery_voltage, 24, 1e-9);
}

Test(qshex, an_answer_without_its_cr_is_whole)
{
	struct qshex_status got;

	cr_expect_null(qshex_status_parse(&got, P_ANSWER, sizeof(P_ANSWER) - 2));
}

/* 12.2 */
Test(qshex, a_bracket_is_one_when_the_length_says_so)
{
	struct qshex_status got;

	/* Three bytes for three: ( and 01 are themselves. */
	cr_assert_null(
	    PARSE(&got, "#\x06\x00 \x68 \x70\x01 \x69 \x28 \x61\xa8 \x28\x01\x12 \xd5 \x1e \x09"));
	cr_expect_float_eq(got.load, 40, 1e-9);
	cr_expect_float_eq(got.frequency, 99.9, 1e-9);
	cr_assert_null(PARSE(
	    &got, "#\x06\x00 \x68 \x70\x01 \x69 \x28\x04 \x28\x02 \x12\xd0\x00 \xd5 \x1e \x09"));
	cr_expect_float_eq(got.load, 32, 1e-9);
	/* An escaped status, 20: 2.8.0 refuses that. */
	cr_assert_null(PARSE(&got,
	    "#\x06\x00 \x68 \x70\x01 \x69 \x0c \x61\xa8 \x28\x02\x12\xd0 \xd5 \x1e \x28\x04"));
	cr_expect_eq(got.bits, MEGATEC_BYPASS_OR_AVR);
	/* Each of both could be the escaped one. */
	cr_expect_not_null(PARSE(
	    &got, "#\x06\x00 \x68 \x70\x01 \x69 \x0c \x61\xa8 \x28\x02\x28\x01 \xd5 \x1e \x09"));
}

Test(qshex, what_is_not_whole_is_refused)
{
	struct qshex_status got;
	char bytes[] = T_ANSWER;

	/* Cut anywhere but behind the status. */
	for (size_t len = 0; len < sizeof(bytes) - 4; len++)
		cr_expect_not_null(qshex_status_parse(&got, bytes, len), "%zu", len);
	cr_expect_not_null(PARSE(&got, "(230.0 195.0 226.0 014 49.0 27.5 30.0 00001001"));
	cr_expect_not_null(PARSE(&got, "#230.0 010 024.0 50.0"));
	cr_expect_not_null(PARSE(&got, P_ANSWER " "));
	bytes[sizeof(bytes) - 2] = ' ';
	cr_expect_not_null(qshex_status_parse(&got, bytes, sizeof(bytes) - 1));
}

Test(qshex, dashes_and_a_time_of_nothing_are_not_known)
{
	struct qshex_status got;

	cr_assert_null(PARSE(&got, "#-- - -- - \x0c -- --- - - \x09"));
	cr_expect(isnan(got.input_voltage) && isnan(got.output_voltage));
	cr_expect(isnan(got.frequency) && isnan(got.battery_voltage));
	cr_expect_float_eq(got.load, 12, 1e-9);
	cr_assert_null(
	    PARSE(&got, "#\x06\x00 \x68 \x70\x01 \x69 \x0c \x00\x00 \x00\x00\x00 \xd5 \x1e \x89"));
	cr_expect(isnan(got.frequency));
}
