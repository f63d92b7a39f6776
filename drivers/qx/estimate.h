/* estimate.h - charge and runtime of a battery of which only the voltage is known.
 * docs/devices/megatec.md, section 10.  Pure: the caller brings the time. */
#ifndef ESTIMATE_H
#define ESTIMATE_H

#include <stdbool.h>
#include <stdint.h>

struct estimate {
	double charge_s; /* empty to full, on mains */
	double idle;	 /* least load, 0..1 */
	/* Runtime with full battery at the share L of the rated load: FULL_S / L^EXPONENT.  FULL_S
	 * 0: not known, the charge follows the voltage alone. */
	double full_s, exponent;

	double charge;	  /* 0..1; NAN unknown */
	double runtime_s; /* NAN unknown */
	int64_t at_ms;
	bool running; /* CHARGE is carried on from AT_MS */
};

/* {.charge_s = 43200, .idle = 0.1} is ready to use.  TEXT is "240,100,720,50": two runtimes in s
 * and their loads in percent, the higher load first.  False when it is not like that. */
bool estimate_runtimecal(struct estimate *estimate, const char *text);

/* What a reading is to be multiplied with, when NOMINAL is the whole battery's; 0: nothing fits. */
double estimate_packs(double nominal, double reading);

/* Charge and runtime now.  VOLTAGE is the whole battery's, LOAD in percent; NAN is unknown. */
void estimate_update(struct estimate *estimate, int64_t now_ms, bool on_battery, double voltage,
    double low, double high, double load);

#endif
