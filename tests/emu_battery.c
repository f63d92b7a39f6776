#include "emulators/battery.h"

#include <criterion/criterion.h>
#include <math.h>

static struct emu_battery b;

static void
make(enum emu_topology topology)
{
	struct emu_rating rating = { .topology = topology, .watts = 600, .va = 1000 };

	emu_battery_init(&b, &rating, 20);
}

static void
pass(double seconds)
{
	emu_battery_advance(&b, b.clock_ms + (int64_t)llround(seconds * 1000));
}

/* Seconds until the output goes off, at most a day. */
static double
run_down(double load)
{
	int64_t from_ms = b.clock_ms;

	emu_battery_load(&b, load);
	emu_battery_mains(&b, false);
	while (b.output && b.clock_ms - from_ms < 86400000)
		pass(1);
	return (double)(b.clock_ms - from_ms) / 1000;
}

Test(emu_battery, rests_on_mains_full_and_quiet)
{
	make(EMU_INTERACTIVE);
	cr_expect_eq(b.source, EMU_LINE);
	cr_expect_eq(b.charge, 1);
	cr_expect_float_eq(b.volts, 27.3, 0.001);
	cr_expect(emu_battery_quiet(&b));
	pass(100000);
	cr_expect_eq(b.charge, 1);
	cr_expect_eq(b.clock_ms, 100000000);
}

Test(emu_battery, what_an_order_changes_is_changed_at_once)
{
	make(EMU_INTERACTIVE);
	emu_battery_mains(&b, false);
	cr_expect_eq(b.source, EMU_BATTERY);
	cr_expect_eq(emu_battery_input_volts(&b), 0);
	cr_expect_eq(emu_battery_output_volts(&b), 230);
	cr_expect_lt(b.volts, 26);
	emu_battery_mains(&b, true);
	cr_expect_eq(b.source, EMU_LINE);
}

Test(emu_battery, how_often_one_looks_changes_nothing)
{
	struct emu_battery often;

	make(EMU_INTERACTIVE);
	emu_battery_load(&b, 70);
	emu_battery_mains(&b, false);
	often = b;
	pass(300);
	for (int64_t ms = 0; ms <= 300000; ms += 7)
		emu_battery_advance(&often, ms);
	emu_battery_advance(&often, 300000);
	cr_expect_eq(often.charge, b.charge);
	cr_expect_eq(often.volts, b.volts);
	cr_expect_eq(often.out_of_battery, b.out_of_battery);
}

Test(emu_battery, discharge_is_monotonic_and_low_comes_before_empty)
{
	double charge, low_at = -1;

	make(EMU_INTERACTIVE);
	emu_battery_load(&b, 80);
	emu_battery_mains(&b, false);
	for (charge = b.charge; b.output; charge = b.charge) {
		pass(1);
		cr_assert_lt(b.charge, charge);
		if (low_at < 0 && emu_battery_low(&b))
			low_at = (double)b.clock_ms / 1000;
	}
	cr_expect_gt(low_at, 0);
	cr_expect_lt(low_at, (double)b.clock_ms / 1000 - 30, "some time is left at LB");
	cr_expect_lt(b.charge, 0.02);
	cr_expect(b.emptied);
	cr_expect_not(emu_battery_awake(&b), "nothing feeds it any more");
}

Test(emu_battery, twice_the_load_lasts_less_than_half_as_long)
{
	make(EMU_INTERACTIVE);
	double half = run_down(40);

	make(EMU_INTERACTIVE);
	double full = run_down(80);

	cr_expect_lt(full, half / 2, "Peukert: %.0f s and %.0f s", full, half);
	cr_expect_gt(full, half / 4);
}

Test(emu_battery, the_estimate_of_runtime_comes_true)
{
	make(EMU_INTERACTIVE);
	emu_battery_load(&b, 60);
	emu_battery_mains(&b, false);
	double said = emu_battery_runtime(&b), lasted = run_down(60);

	cr_expect_lt(
	    fabs(said - lasted) / lasted, 0.15, "said %.0f s, lasted %.0f s", said, lasted);
}

Test(emu_battery, energy_does_not_come_from_nowhere)
{
	make(EMU_INTERACTIVE);
	double to_load = b.to_load;

	run_down(50);
	to_load = b.to_load - to_load;
	cr_expect_lt(to_load, b.out_of_battery, "the inverter wastes some");
	cr_expect_lt(b.out_of_battery, 7 * 24 * 3600.0 * 1.1, "no more than was in it");
	double out = b.out_of_battery;

	emu_battery_mains(&b, true);
	pass(2 * 86400);
	cr_expect_eq(b.charge, 1);
	cr_expect_gt(b.into_battery, out, "filling it takes more than it gave");
}

Test(emu_battery, charging_is_monotonic_first_constant_current_then_ever_less)
{
	make(EMU_INTERACTIVE);
	emu_battery_charge(&b, 10);
	double charge = b.charge, volts = b.volts, first_amps = b.amps, amps = b.amps;

	cr_expect_float_eq(first_amps, -0.7, 1e-9);
	while (b.charge < 1) {
		pass(60);
		cr_assert_geq(b.charge, charge);
		cr_assert_geq(b.volts, volts - 1e-9);
		cr_assert_geq(b.amps, amps - 1e-9);
		charge = b.charge, volts = b.volts, amps = b.amps;
		cr_assert_lt(b.clock_ms, 2 * 86400000LL);
	}
	cr_expect_float_eq(b.volts, 27.3, 1e-6);
	cr_expect_eq(b.amps, 0);
}

Test(emu_battery, comes_back_when_mains_do_after_it_was_empty)
{
	make(EMU_INTERACTIVE);
	emu_battery_charge(&b, 1);
	run_down(80);
	cr_expect_not(b.output);
	emu_battery_mains(&b, true);
	pass(1);
	cr_expect(b.output);
	cr_expect_eq(b.source, EMU_LINE);
}

Test(emu_battery, of_the_kind_that_waits_for_a_finger_it_does_not)
{
	struct emu_rating rating = { .no_restart = true };

	emu_battery_init(&b, &rating, 20);
	emu_battery_charge(&b, 1);
	run_down(80);
	emu_battery_mains(&b, true);
	pass(3600);
	cr_expect_not(b.output);
	emu_battery_output(&b, true);
	cr_expect(b.output);
}

Test(emu_battery, shutdown_with_return)
{
	make(EMU_INTERACTIVE);
	emu_battery_off_in(&b, 30, 180);
	pass(29);
	cr_expect(b.output);
	pass(1);
	cr_expect_not(b.output);
	cr_expect_eq(emu_battery_load_now(&b), 0);
	pass(179);
	cr_expect_not(b.output);
	pass(1);
	cr_expect(b.output);
}

Test(emu_battery, return_waits_for_mains)
{
	make(EMU_INTERACTIVE);
	emu_battery_mains(&b, false);
	emu_battery_off_in(&b, 30, 180);
	pass(1000);
	cr_expect_not(b.output);
	cr_expect_not(emu_battery_awake(&b));
	emu_battery_mains(&b, true);
	pass(1);
	cr_expect(b.output);
}

Test(emu_battery, stayoff_stays_off_and_cancel_brings_it_back)
{
	make(EMU_INTERACTIVE);
	emu_battery_off_in(&b, 0, EMU_STAY_OFF);
	cr_expect_not(b.output);
	pass(86400);
	cr_expect_not(b.output);
	emu_battery_off_cancel(&b);
	cr_expect(b.output);
	emu_battery_off_in(&b, 60, 0);
	emu_battery_off_cancel(&b);
	pass(120);
	cr_expect(b.output);
}

Test(emu_battery, a_test_runs_on_battery_and_passes)
{
	make(EMU_INTERACTIVE);
	cr_expect(emu_battery_test(&b, 10));
	cr_expect_eq(b.source, EMU_BATTERY);
	cr_expect_not(emu_battery_test(&b, 10), "one at a time");
	pass(10);
	cr_expect_eq(b.test, EMU_TEST_PASSED);
	cr_expect_eq(b.source, EMU_LINE);
	cr_expect_lt(b.charge, 1);
}

Test(emu_battery, an_old_battery_fails_its_test_and_the_load_does_not_notice)
{
	make(EMU_INTERACTIVE);
	b.health = 0.02;
	emu_battery_load(&b, 90);
	cr_expect(emu_battery_test(&b, 60));
	while (emu_battery_testing(&b)) {
		pass(1);
		cr_assert(b.output);
	}
	cr_expect_eq(b.test, EMU_TEST_FAILED);
	cr_expect_eq(b.source, EMU_LINE);
}

Test(emu_battery, a_deep_test_ends_where_the_battery_is_low)
{
	make(EMU_INTERACTIVE);
	cr_expect(emu_battery_test_deep(&b));
	while (emu_battery_testing(&b))
		pass(10);
	cr_expect_eq(b.test, EMU_TEST_PASSED);
	cr_expect_float_eq(b.charge * 100, 20, 0.5);
}

Test(emu_battery, a_mains_failure_ends_the_test_but_not_the_supply)
{
	make(EMU_INTERACTIVE);
	emu_battery_test(&b, 60);
	emu_battery_mains(&b, false);
	cr_expect_eq(b.test, EMU_TEST_STOPPED);
	cr_expect_eq(b.source, EMU_BATTERY);
	cr_expect_not(emu_battery_test(&b, 10), "no test without mains");
}

Test(emu_battery, line_interactive_boosts_and_trims)
{
	make(EMU_INTERACTIVE);
	emu_battery_mains_volts(&b, 200);
	cr_expect_eq(b.source, EMU_BOOST);
	cr_expect_gt(emu_battery_output_volts(&b), 210);
	emu_battery_mains_volts(&b, 260);
	cr_expect_eq(b.source, EMU_TRIM);
	cr_expect_lt(emu_battery_output_volts(&b), 240);
	emu_battery_mains_volts(&b, 150);
	cr_expect_eq(b.source, EMU_BATTERY);
	cr_expect_eq(b.fault_volts, 150);
	emu_battery_mains_volts(&b, 230);
	emu_battery_mains_hertz(&b, 43);
	cr_expect_eq(b.source, EMU_BATTERY, "the frequency is off");
}

Test(emu_battery, online_gives_nominal_whatever_comes_in)
{
	make(EMU_ONLINE);
	emu_battery_mains_volts(&b, 200);
	cr_expect_eq(emu_battery_output_volts(&b), 230);
	emu_battery_bypass(&b, true);
	cr_expect_eq(emu_battery_output_volts(&b), 200);
}

Test(emu_battery, overload_is_borne_for_a_while)
{
	make(EMU_INTERACTIVE);
	emu_battery_load(&b, 130);
	pass(29);
	cr_expect(b.output);
	pass(2);
	cr_expect_not(b.output);

	make(EMU_ONLINE);
	emu_battery_load(&b, 130);
	pass(31);
	cr_expect_eq(b.source, EMU_BYPASS);
}

Test(emu_battery, warms_under_load_towards_a_limit)
{
	make(EMU_INTERACTIVE);
	double before = b.celsius;

	emu_battery_load(&b, 100);
	pass(60);
	cr_expect_gt(b.celsius, before);
	pass(86400);
	cr_expect_float_eq(b.celsius, 36, 0.1);
	cr_expect(emu_battery_quiet(&b));
}
