/* battery.h - the power side of an emulated UPS: mains, load, battery and output as time passes.
 *
 * Pure: no clock, no chance, no I/O.  The owner says how late it is on a virtual clock; the state
 * moves in steps of EMU_STEP_MS, so that the same orders at the same moments give the same state
 * however often anybody looks.  Written about in docs/emulators.md, "The battery". */
#ifndef EMU_BATTERY_H
#define EMU_BATTERY_H

#include <stdbool.h>
#include <stdint.h>

#define EMU_STEP_MS 100

enum emu_topology { EMU_STANDBY, EMU_INTERACTIVE, EMU_ONLINE };

/* What carries the load. */
enum emu_source { EMU_NOTHING, EMU_LINE, EMU_BOOST, EMU_TRIM, EMU_BYPASS, EMU_BATTERY };

enum emu_test_result {
	EMU_TEST_NONE,
	EMU_TEST_RUNNING,
	EMU_TEST_PASSED,
	EMU_TEST_FAILED,
	EMU_TEST_STOPPED
};

/* The plate on the back: what does not change.  From the device file; emu_rating_complete() fills
 * in what it left 0. */
struct emu_rating {
	enum emu_topology topology;
	double volts, hertz;		    /* in and out */
	double watts, va, amps;		    /* at 100 % load */
	double transfer_low, transfer_high; /* V; outside them the battery carries the load */
	double boost_below, trim_above;	    /* V; interactive ones: the taps of the transformer */
	double battery_volts;		    /* nominal: 2 V a cell */
	double battery_ah;		    /* at the 20-hour rate */
	double peukert;			    /* exponent, 1 = none */
	double battery_ohms;		    /* inner resistance */
	double float_volts;		    /* where the charger holds it */
	double charger_amps;		    /* constant current, before it gets there */
	double cutoff_volts;		    /* output goes off below */
	double low_percent;		    /* charge at which "battery low" is said */
	double efficiency;		    /* of the inverter, 0..1 */
	double idle_watts;		    /* what the electronics take */
	double overload_seconds;	    /* how long an overload is borne */
	double ambient_celsius;
	double restart_percent; /* charge wanted before mains restarts an emptied UPS */
	bool no_restart;	/* stays off when mains returns after empty */
};
void emu_rating_complete(struct emu_rating *rating);

#define EMU_NEVER INT64_MAX
#define EMU_STAY_OFF (-1.0) /* emu_battery_off_in(): not until somebody switches it on */

struct emu_battery {
	struct emu_rating rating;
	int64_t clock_ms; /* virtual, since switched on; a multiple of EMU_STEP_MS */

	/* What the world does to it. */
	bool mains;
	double mains_volts, mains_hertz; /* while there is mains */
	double load_percent;		 /* asked for, while the output is on */
	double health;			 /* 0..1 of the capacity it had when new */
	bool bypass_wanted, beeper, failed;

	/* What follows from it. */
	enum emu_source source;
	bool output;
	double charge;	    /* 0..1 of what it holds now, health considered */
	double volts, amps; /* at the poles; amps > 0 flow out */
	double fault_volts; /* what mains had when it was last left, 0 before */
	double celsius;
	bool emptied; /* output was cut because the battery was empty */
	enum emu_test_result test;
	bool test_deep;
	int64_t test_end_ms;
	int64_t off_at_ms;	/* EMU_NEVER: no shutdown is pending */
	double back_after;	/* seconds from off to on, EMU_STAY_OFF */
	int64_t back_at_ms;	/* EMU_NEVER: nothing will switch it on */
	int64_t overload_at_ms; /* when the overload will have been borne long enough */

	/* Joules since it was switched on. */
	double to_load, out_of_battery, into_battery;
};

void emu_battery_init(
    struct emu_battery *battery, const struct emu_rating *rating, double load_percent);

/* Let time pass until CLOCK_MS (never backwards). */
void emu_battery_advance(struct emu_battery *battery, int64_t clock_ms);
/* Nothing will change by time alone: the owner need not look again until it changes something. */
bool emu_battery_quiet(const struct emu_battery *battery);

/* Orders.  Each takes effect at once. */
void emu_battery_mains(struct emu_battery *battery, bool on);
void emu_battery_mains_volts(struct emu_battery *battery, double volts);
void emu_battery_mains_hertz(struct emu_battery *battery, double hertz);
void emu_battery_load(struct emu_battery *battery, double percent);
void emu_battery_charge(struct emu_battery *battery, double percent);
void emu_battery_bypass(struct emu_battery *battery, bool wanted);
/* The button on the front.  On works only with mains, or with something left in the battery. */
void emu_battery_output(struct emu_battery *battery, bool on);

/* Output off in OFF seconds; on again BACK seconds later (0: at once) or, if there is no mains
 * then, as soon as there is.  BACK may be EMU_STAY_OFF. */
void emu_battery_off_in(struct emu_battery *battery, double off, double back);
/* Forget a pending shutdown; an output that is off because of one comes back. */
void emu_battery_off_cancel(struct emu_battery *battery);
/* Run on battery for SECONDS though there is mains.  false when it cannot: no mains, output off, a
 * test is running, battery low. */
bool emu_battery_test(struct emu_battery *battery, double seconds);
/* The same until the battery is low. */
bool emu_battery_test_deep(struct emu_battery *battery);
void emu_battery_test_stop(struct emu_battery *battery);

/* Questions. */
bool emu_battery_mains_good(const struct emu_battery *battery); /* within the transfer points */
bool emu_battery_discharging(const struct emu_battery *battery);
bool emu_battery_low(const struct emu_battery *battery); /* discharging, and little is left */
bool emu_battery_overload(const struct emu_battery *battery);
bool emu_battery_testing(const struct emu_battery *battery);
/* Its electronics have power: mains, or it lives on its battery.  Asleep, it answers nobody. */
bool emu_battery_awake(const struct emu_battery *battery);
double emu_battery_input_volts(const struct emu_battery *battery);
double emu_battery_input_hertz(const struct emu_battery *battery);
double emu_battery_output_volts(const struct emu_battery *battery);
double emu_battery_output_hertz(const struct emu_battery *battery);
double emu_battery_output_amps(const struct emu_battery *battery);
double emu_battery_load_now(const struct emu_battery *battery); /* percent; 0 while off */
/* Seconds until empty at the present load, were it on battery from now on. */
double emu_battery_runtime(const struct emu_battery *battery);

#endif
