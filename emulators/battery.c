#include "emulators/battery.h"

#include <math.h>

#define EMPTY 1e-4 /* of the charge: below, nothing is left */
#define FULL 0.9995
#define HOUR 3600.0
#define CHARGE_HOURS 1.0       /* the time constant with which the last amperes taper off */
#define COULOMB_EFFICIENCY 0.9 /* of what is charged, this much can be had back */
#define THERMAL_SECONDS 600.0
#define FULL_LOAD_RISE 12.0 /* degrees above ambient at 100 % load */
#define TEST_LOW_VOLTS 0.85 /* of nominal: a battery that sags below in a test has failed it */

static double
or_else(double value, double fallback)
{
	return value > 0 ? value : fallback;
}

void
emu_rating_complete(struct emu_rating *r)
{
	r->volts = or_else(r->volts, 230);
	r->hertz = or_else(r->hertz, 50);
	r->va = or_else(r->va, 1000);
	r->watts = or_else(r->watts, r->va * 0.6);
	r->amps = or_else(r->amps, r->va / r->volts);
	r->transfer_low = or_else(r->transfer_low, r->volts * 0.74);
	r->transfer_high = or_else(r->transfer_high, r->volts * 1.22);
	r->boost_below = or_else(r->boost_below, r->volts * 0.9);
	r->trim_above = or_else(r->trim_above, r->volts * 1.1);
	r->battery_volts = or_else(r->battery_volts, 24);
	r->battery_ah = or_else(r->battery_ah, 7);
	r->peukert = or_else(r->peukert, 1.15);
	r->efficiency = or_else(r->efficiency, 0.85);
	r->idle_watts = or_else(r->idle_watts, r->watts * 0.02);
	/* Full load pulls the voltage down by a twentieth. */
	r->battery_ohms = or_else(
	    r->battery_ohms, 0.05 * r->battery_volts * r->battery_volts * r->efficiency / r->watts);
	r->float_volts = or_else(r->float_volts, r->battery_volts * 1.1375);
	r->charger_amps = or_else(r->charger_amps, r->battery_ah * 0.1);
	r->cutoff_volts = or_else(r->cutoff_volts, r->battery_volts * 0.8);
	r->low_percent = or_else(r->low_percent, 20);
	r->overload_seconds = or_else(r->overload_seconds, 30);
	r->ambient_celsius = or_else(r->ambient_celsius, 24);
}

/* A lead battery at rest: nearly straight, with a knee where it is almost empty. */
static double
rest_volts(const struct emu_battery *b)
{
	double per_cell = 1.95 + 0.18 * b->charge;

	if (b->charge < 0.2)
		per_cell -= 0.15 * pow(1 - b->charge / 0.2, 2);
	return per_cell * b->rating.battery_volts / 2;
}

static double
capacity_coulombs(const struct emu_battery *b)
{
	return b->rating.battery_ah * HOUR * b->health;
}

/* What the battery gives for the load of now, in watts. */
static double
watts_wanted(const struct emu_battery *b)
{
	return b->rating.watts * b->load_percent / 100 / b->rating.efficiency +
	       b->rating.idle_watts;
}

/* Amperes that make WATTS at the poles behind the inner resistance; if it cannot give so much, what
 * it gives at its best. */
static double
amps_for(const struct emu_battery *b, double watts)
{
	double rest = rest_volts(b), ohms = b->rating.battery_ohms;
	double inside = rest * rest - 4 * ohms * watts;

	return inside <= 0 ? rest / (2 * ohms) : (rest - sqrt(inside)) / (2 * ohms);
}

/* Peukert: what drains faster than in 20 hours drains more than it gives.  (Never less, or energy
 * would come from nowhere.) */
static double
drain(const struct emu_battery *b, double amps)
{
	double rated = b->rating.battery_ah / 20;

	return amps > rated ? amps * pow(amps / rated, b->rating.peukert - 1) : amps;
}

/* Constant current first; then, at the float voltage, ever less of it. */
static double
charging_amps(const struct emu_battery *b, double *volts)
{
	double rest = rest_volts(b);
	double accepted = b->rating.battery_ah * b->health * (1 - b->charge) / CHARGE_HOURS;
	double amps = fmin(b->rating.charger_amps, accepted);

	*volts = accepted > 0 ? rest + (b->rating.float_volts - rest) * amps / accepted
			      : b->rating.float_volts;
	return amps;
}

bool
emu_battery_mains_good(const struct emu_battery *b)
{
	return b->mains && b->mains_volts >= b->rating.transfer_low &&
	       b->mains_volts <= b->rating.transfer_high &&
	       fabs(b->mains_hertz - b->rating.hertz) <= 5;
}

bool
emu_battery_testing(const struct emu_battery *b)
{
	return b->test == EMU_TEST_RUNNING;
}

bool
emu_battery_discharging(const struct emu_battery *b)
{
	return b->source == EMU_BATTERY;
}

bool
emu_battery_low(const struct emu_battery *b)
{
	return emu_battery_discharging(b) && b->charge * 100 <= b->rating.low_percent;
}

bool
emu_battery_overload(const struct emu_battery *b)
{
	return b->output && b->load_percent > 100;
}

bool
emu_battery_awake(const struct emu_battery *b)
{
	return b->mains || b->output;
}

static enum emu_source
line_source(const struct emu_battery *b)
{
	if (b->rating.topology != EMU_INTERACTIVE)
		return EMU_LINE;
	if (b->mains_volts < b->rating.boost_below)
		return EMU_BOOST;
	return b->mains_volts > b->rating.trim_above ? EMU_TRIM : EMU_LINE;
}

static enum emu_source
choose_source(const struct emu_battery *b)
{
	if (!b->output)
		return EMU_NOTHING;
	if (!emu_battery_mains_good(b) || emu_battery_testing(b))
		return EMU_BATTERY;
	return b->bypass_wanted ? EMU_BYPASS : line_source(b);
}

static void
end_test(struct emu_battery *b, enum emu_test_result result)
{
	b->test = result;
	b->test_end_ms = EMU_NEVER;
}

/* What follows at once from the state of things: source, overload clock, voltage at the poles. */
static void
settle(struct emu_battery *b)
{
	enum emu_source before = b->source;

	if (emu_battery_testing(b) && (!emu_battery_mains_good(b) || !b->output))
		end_test(b, EMU_TEST_STOPPED);
	b->source = choose_source(b);
	if (b->source == EMU_BATTERY && before != EMU_BATTERY && !emu_battery_testing(b))
		b->fault_volts = emu_battery_input_volts(b);
	if (!emu_battery_overload(b))
		b->overload_at_ms = EMU_NEVER;
	else if (b->overload_at_ms == EMU_NEVER)
		b->overload_at_ms = b->clock_ms + (int64_t)(b->rating.overload_seconds * 1000);

	if (b->source == EMU_BATTERY) {
		b->amps = amps_for(b, watts_wanted(b));
		b->volts = rest_volts(b) - b->amps * b->rating.battery_ohms;
	} else if (b->mains && b->charge < 1) {
		b->amps = -charging_amps(b, &b->volts);
	} else {
		b->amps = 0;
		b->volts = b->mains ? b->rating.float_volts : rest_volts(b);
	}
}

static void
switch_off(struct emu_battery *b, double back_after)
{
	b->output = false;
	b->off_at_ms = EMU_NEVER;
	b->back_at_ms =
	    back_after == EMU_STAY_OFF ? EMU_NEVER : b->clock_ms + (int64_t)(back_after * 1000);
}

static void
switch_on(struct emu_battery *b)
{
	b->output = true;
	b->emptied = false;
	b->back_at_ms = EMU_NEVER;
}

/* Timers, in the order in which a UPS would notice. */
static void
run_timers(struct emu_battery *b)
{
	if (b->off_at_ms <= b->clock_ms)
		switch_off(b, b->back_after);
	if (!b->output && b->back_at_ms <= b->clock_ms && emu_battery_mains_good(b) &&
	    (!b->emptied || b->charge * 100 >= b->rating.restart_percent))
		switch_on(b);
	if (emu_battery_testing(b) && b->test_end_ms <= b->clock_ms)
		end_test(b, EMU_TEST_PASSED);
	if (b->overload_at_ms <= b->clock_ms) {
		if (b->rating.topology == EMU_ONLINE && emu_battery_mains_good(b) &&
		    !b->bypass_wanted)
			b->bypass_wanted = true;
		else if (b->source != EMU_BYPASS)
			switch_off(b, EMU_STAY_OFF);
		b->overload_at_ms = EMU_NEVER;
	}
}

static void
discharge(struct emu_battery *b, double seconds)
{
	b->charge -= drain(b, b->amps) * seconds / capacity_coulombs(b);
	b->out_of_battery += b->volts * b->amps * seconds;
	if (b->charge <= EMPTY || b->volts < b->rating.cutoff_volts) {
		if (b->charge <= EMPTY)
			b->charge = 0;
		if (emu_battery_testing(b)) { /* mains is there: the load does not notice */
			end_test(b, EMU_TEST_FAILED);
			return;
		}
		/* What was to come back after a while comes back with mains; so does one that was
		 * not to be switched off at all, unless it is of the kind that waits for a finger.
		 */
		b->emptied = true;
		switch_off(b, b->rating.no_restart ? EMU_STAY_OFF : 0);
		return;
	}
	if (!emu_battery_testing(b))
		return;
	if (b->volts < b->rating.battery_volts * TEST_LOW_VOLTS)
		end_test(b, EMU_TEST_FAILED);
	else if (emu_battery_low(b))
		end_test(b, b->test_deep ? EMU_TEST_PASSED : EMU_TEST_FAILED);
}

static void
recharge(struct emu_battery *b, double seconds)
{
	b->charge += -b->amps * COULOMB_EFFICIENCY * seconds / capacity_coulombs(b);
	b->into_battery += b->volts * -b->amps * seconds;
	if (b->charge >= FULL)
		b->charge = 1;
}

static double
settled_celsius(const struct emu_battery *b)
{
	return b->rating.ambient_celsius + FULL_LOAD_RISE * emu_battery_load_now(b) / 100;
}

static void
warm(struct emu_battery *b, double seconds)
{
	double to = settled_celsius(b);

	b->celsius += (to - b->celsius) * fmin(1, seconds / THERMAL_SECONDS);
	if (fabs(to - b->celsius) < 0.02)
		b->celsius = to;
}

static void
step(struct emu_battery *b)
{
	double seconds = EMU_STEP_MS / 1000.0;

	b->clock_ms += EMU_STEP_MS;
	if (b->output)
		b->to_load += b->rating.watts * b->load_percent / 100 * seconds;
	if (emu_battery_discharging(b))
		discharge(b, seconds);
	else if (b->amps < 0)
		recharge(b, seconds);
	warm(b, seconds);
	run_timers(b);
	settle(b);
}

bool
emu_battery_quiet(const struct emu_battery *b)
{
	bool waits_for_time = b->off_at_ms != EMU_NEVER || b->overload_at_ms != EMU_NEVER ||
			      emu_battery_testing(b) || emu_battery_discharging(b);
	/* Off and to come back: only time is missing if mains is there already. */
	bool comes_back = !b->output && b->back_at_ms != EMU_NEVER && b->mains;
	bool charging = b->mains && b->charge < 1;

	return !waits_for_time && !comes_back && !charging && b->celsius == settled_celsius(b);
}

void
emu_battery_advance(struct emu_battery *b, int64_t clock_ms)
{
	while (b->clock_ms + EMU_STEP_MS <= clock_ms) {
		if (!emu_battery_quiet(b)) {
			step(b);
			continue;
		}
		/* Nothing but the counter of the load's energy moves. */
		int64_t steps = (clock_ms - b->clock_ms) / EMU_STEP_MS;

		if (b->output)
			b->to_load += b->rating.watts * b->load_percent / 100 * (double)steps *
				      EMU_STEP_MS / 1000;
		b->clock_ms += steps * EMU_STEP_MS;
	}
}

void
emu_battery_init(struct emu_battery *b, const struct emu_rating *rating, double load_percent)
{
	*b = (struct emu_battery){
		.rating = *rating,
		.mains = true,
		.mains_volts = rating->volts,
		.mains_hertz = rating->hertz,
		.load_percent = load_percent,
		.health = 1,
		.beeper = true,
		.output = true,
		.charge = 1,
		.test_end_ms = EMU_NEVER,
		.off_at_ms = EMU_NEVER,
		.back_at_ms = EMU_NEVER,
		.overload_at_ms = EMU_NEVER,
	};
	emu_rating_complete(&b->rating);
	b->mains_volts = b->rating.volts;
	b->mains_hertz = b->rating.hertz;
	b->celsius = settled_celsius(b);
	settle(b);
}

void
emu_battery_mains(struct emu_battery *b, bool on)
{
	b->mains = on;
	settle(b);
}

void
emu_battery_mains_volts(struct emu_battery *b, double volts)
{
	b->mains_volts = volts;
	settle(b);
}

void
emu_battery_mains_hertz(struct emu_battery *b, double hertz)
{
	b->mains_hertz = hertz;
	settle(b);
}

void
emu_battery_load(struct emu_battery *b, double percent)
{
	b->load_percent = percent;
	settle(b);
}

void
emu_battery_charge(struct emu_battery *b, double percent)
{
	b->charge = percent / 100;
	settle(b);
}

void
emu_battery_bypass(struct emu_battery *b, bool wanted)
{
	b->bypass_wanted = wanted;
	settle(b);
}

void
emu_battery_output(struct emu_battery *b, bool on)
{
	if (on && (emu_battery_mains_good(b) || b->charge > EMPTY))
		switch_on(b);
	else if (!on)
		switch_off(b, EMU_STAY_OFF);
	settle(b);
}

void
emu_battery_off_in(struct emu_battery *b, double off, double back)
{
	b->off_at_ms = b->clock_ms + (int64_t)(off * 1000);
	b->back_after = back;
	if (off <= 0)
		switch_off(b, back);
	settle(b);
}

void
emu_battery_off_cancel(struct emu_battery *b)
{
	b->off_at_ms = EMU_NEVER;
	if (!b->output)
		emu_battery_output(b, true);
}

static bool
start_test(struct emu_battery *b, bool deep, int64_t end_ms)
{
	if (!emu_battery_mains_good(b) || !b->output || emu_battery_testing(b) ||
	    b->charge * 100 <= b->rating.low_percent)
		return false;
	b->test = EMU_TEST_RUNNING;
	b->test_deep = deep;
	b->test_end_ms = end_ms;
	settle(b);
	return true;
}

bool
emu_battery_test(struct emu_battery *b, double seconds)
{
	return start_test(b, false, b->clock_ms + (int64_t)(seconds * 1000));
}

bool
emu_battery_test_deep(struct emu_battery *b)
{
	return start_test(b, true, EMU_NEVER);
}

void
emu_battery_test_stop(struct emu_battery *b)
{
	if (emu_battery_testing(b))
		end_test(b, EMU_TEST_STOPPED);
	settle(b);
}

double
emu_battery_input_volts(const struct emu_battery *b)
{
	return b->mains ? b->mains_volts : 0;
}

double
emu_battery_input_hertz(const struct emu_battery *b)
{
	return b->mains ? b->mains_hertz : 0;
}

double
emu_battery_output_volts(const struct emu_battery *b)
{
	switch (b->source) {
	case EMU_NOTHING:
		return 0;
	case EMU_BYPASS:
		return b->mains_volts;
	case EMU_BOOST:
		return b->mains_volts * 1.16;
	case EMU_TRIM:
		return b->mains_volts * 0.86;
	case EMU_LINE:
		return b->rating.topology == EMU_ONLINE ? b->rating.volts : b->mains_volts;
	case EMU_BATTERY:
		break;
	}
	return b->rating.volts;
}

double
emu_battery_output_hertz(const struct emu_battery *b)
{
	if (b->source == EMU_NOTHING)
		return 0;
	return b->source == EMU_BATTERY || b->rating.topology == EMU_ONLINE ? b->rating.hertz
									    : b->mains_hertz;
}

double
emu_battery_output_amps(const struct emu_battery *b)
{
	double volts = emu_battery_output_volts(b);

	return volts > 0 ? b->rating.va * emu_battery_load_now(b) / 100 / volts : 0;
}

double
emu_battery_load_now(const struct emu_battery *b)
{
	return b->output ? b->load_percent : 0;
}

double
emu_battery_runtime(const struct emu_battery *b)
{
	double amps = amps_for(b, watts_wanted(b));

	return amps > 0 ? b->charge * capacity_coulombs(b) / drain(b, amps) : 0;
}
