/* Voltronic's answers: docs/devices/voltronic.md. */
#include "drivers/proto/voltronic.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#define GOOD "(234.9 50.0 229.8 50.0 000.0 000 369.1 ---.- 026.5 ---.- 018.8 100000000001"

/* 2 */
Test(voltronic, status)
{
	struct voltronic_status got;

	cr_expect_null(voltronic_status_parse(&got, GOOD "\r", sizeof(GOOD)));
	cr_expect_float_eq(got.input_voltage, 234.9, 1e-9);
	cr_expect_float_eq(got.input_frequency, 50.0, 1e-9);
	cr_expect_float_eq(got.output_voltage, 229.8, 1e-9);
	cr_expect_float_eq(got.output_current, 0, 1e-9);
	cr_expect_float_eq(got.load, 0, 1e-9);
	cr_expect_float_eq(got.battery_voltage, 26.5, 1e-9);
	cr_expect_float_eq(got.temperature, 18.8, 1e-9);
	cr_expect_eq(got.bits >> VOLTRONIC_TYPE_SHIFT, 2);
	cr_expect_not(got.extra);
}

Test(voltronic, status_that_is_not_whole_is_refused)
{
	char answer[] = GOOD "\r";
	struct voltronic_status got;

	cr_expect_not_null(voltronic_status_parse(&got, "(NAK\r", 5));
	cr_expect_not_null(voltronic_status_parse(&got, "QGS\r", 4));
	cr_expect_not_null(voltronic_status_parse(&got, "", 0));
	for (size_t lost = 0; lost + 2 < sizeof(answer); lost++) {
		char less[sizeof(answer)];

		memcpy(less, answer, lost);
		strcpy(less + lost, answer + lost + 1);
		cr_expect_not_null(
		    voltronic_status_parse(&got, less, strlen(less)), "\"%s\" was taken", less);
	}
}

/* 5 */
Test(voltronic, battery)
{
	struct voltronic_battery got;

	cr_expect_null(voltronic_battery_parse(&got, "(026.5 02 01 068 255\r", 21));
	cr_expect_float_eq(got.packs, 1, 1e-9);
	cr_expect_float_eq(got.charge, 68, 1e-9);
	cr_expect_float_eq(got.minutes, 255, 1e-9);
	cr_expect_null(voltronic_battery_parse(&got, "(026.5 02 01 --- ---\r", 21));
	cr_expect(isnan(got.charge) && isnan(got.minutes));
	cr_expect_not_null(voltronic_battery_parse(&got, "(NAK\r", 5));
}

/* 6 */
Test(voltronic, model)
{
	struct voltronic_model got;
	const char *answer = "(#######OLHVT1K0 ###1000 80 1/1 230 230 02 12.0\r";

	cr_expect_null(voltronic_model_parse(&got, answer, strlen(answer)));
	cr_expect_str_eq(got.name, "OLHVT1K0");
	cr_expect_str_eq(got.power, "1000");
	cr_expect_float_eq(got.power_factor, 0.8, 1e-9);
	cr_expect_float_eq(got.input_phases, 1, 1e-9);
	cr_expect_float_eq(got.output_voltage, 230, 1e-9);
	cr_expect_float_eq(got.batteries, 2, 1e-9);
	answer = "(#######OLHVT1K0 ###1x00 80 1/1 230 230 02 12.0\r";
	cr_expect_not_null(voltronic_model_parse(&got, answer, strlen(answer)));
	answer = "(#######OLHVT1K0 ###1000 80 1-1 230 230 02 12.0\r";
	cr_expect_not_null(voltronic_model_parse(&got, answer, strlen(answer)));
}

/* 3, 4, 7 */
Test(voltronic, mode_warnings_capabilities)
{
	struct voltronic_flags flags;
	char mode, bits[66] = "(";
	uint64_t warnings;

	cr_expect_null(voltronic_mode_parse(&mode, "(L\r", 3));
	cr_expect_eq(mode, 'L');
	cr_expect_not_null(voltronic_mode_parse(&mode, "(X\r", 3));
	cr_expect_not_null(voltronic_mode_parse(&mode, "(LL\r", 4));
	cr_expect_not_null(voltronic_mode_parse(&mode, "(\r", 2));
	memset(bits + 1, '0', 64);
	bits[8] = '1';
	cr_expect_null(voltronic_warnings_parse(&warnings, bits, 65));
	cr_expect_eq(warnings, UINT64_C(1) << (64 - 8));
	cr_expect_not_null(voltronic_warnings_parse(&warnings, bits, 64));
	cr_expect_null(voltronic_flags_parse(&flags, "(EpashcDbroegfl\r", 16));
	cr_expect(flags.enabled & voltronic_flag('p'));
	cr_expect(flags.disabled & voltronic_flag('r'));
	cr_expect_not((flags.enabled | flags.disabled) & voltronic_flag('v'));
	cr_expect_not_null(voltronic_flags_parse(&flags, "(NAK\r", 5));
	cr_expect_not_null(voltronic_flags_parse(&flags, "(\r", 2));
}

Test(voltronic, limits_and_texts)
{
	double high, low;
	char text[32];

	cr_expect_null(voltronic_limits_parse(&high, &low, "ddd", "(242 218\r", 9));
	cr_expect(high > 241.9 && low < 218.1);
	cr_expect_null(voltronic_limits_parse(&high, &low, "dd.d", "(53.0 47.0\r", 11));
	cr_expect_not_null(voltronic_limits_parse(&high, &low, "dd.d", "(NAK\r", 5));
	cr_expect_null(voltronic_cutoff_parse(&low, "#20\r", 4));
	cr_expect_float_eq(low, 20, 1e-9);
	cr_expect_null(voltronic_text_parse(text, sizeof(text), "", "(#######BOH\r", 12));
	cr_expect_str_eq(text, "BOH");
	cr_expect_null(voltronic_text_parse(text, sizeof(text), "VERFW:", "(VERFW:00322.02\r", 16));
	cr_expect_str_eq(text, "00322.02");
	cr_expect_not_null(voltronic_text_parse(text, sizeof(text), "", "(NAK\r", 5));
	cr_expect_not_null(voltronic_text_parse(text, 4, "", "(12345\r", 7));
}
