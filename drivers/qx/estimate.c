#include "drivers/qx/estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool
read_number(const char **text, double *out)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	*out = strtod(*text, &end);
	*text = end;
	return *out > 0 && *out < 1e9;
}

bool
estimate_runtimecal(struct estimate *estimate, const char *text)
{
	double numbers[4];

	if (strspn(text, "0123456789.,") != strlen(text))
		return false;
	for (int i = 0; i < 4; i++) {
		if (i > 0 && *text++ != ',')
			return false;
		if (!read_number(&text, &numbers[i]))
			return false;
	}

	double long_s = numbers[2], short_s = numbers[0];
	double high = numbers[1] / 100, low = numbers[3] / 100;

	if (*text || high <= low || short_s >= long_s || high > 2)
		return false;
	estimate->exponent = log(long_s / short_s) / log(high / low);
	estimate->full_s = short_s * pow(high, estimate->exponent);
	return true;
}

double
estimate_packs(double nominal, double reading)
{
	static const double packs[] = { 120, 100, 80, 60, 48, 36, 30, 24, 18, 12, 8, 6, 4, 3, 2, 1,
		0.5 };

	for (size_t i = 0; i < sizeof(packs) / sizeof(packs[0]); i++)
		if (packs[i] * reading <= 1.2 * nominal)
			return packs[i] * reading < 0.8 * nominal ? 0 : packs[i];
	return 0;
}

static double
within(double value, double min, double max)
{
	return value < min ? min : value > max ? max : value;
}

void
estimate_update(struct estimate *estimate, int64_t now_ms, bool on_battery, double voltage,
    double low, double high, double load)
{
	double by_voltage = (double)NAN;
	double share = load / 100, used;
	double passed_s = (double)(now_ms - estimate->at_ms) / 1000;

	estimate->runtime_s = (double)NAN;
	if (high > low)
		by_voltage = within((voltage - low) / (high - low), 0, 1);
	if (isnan(voltage))
		by_voltage = (double)NAN;
	if (estimate->full_s <= 0) {
		estimate->charge = by_voltage;
		return;
	}
	used = pow(share, estimate->exponent);
	if (used < estimate->idle)
		used = estimate->idle;
	if (!estimate->running) {
		estimate->charge = by_voltage;
		estimate->running = !isnan(by_voltage);
	} else if (!on_battery) {
		estimate->charge += passed_s / estimate->charge_s;
	} else if (!isnan(load)) {
		estimate->charge -= passed_s * used / estimate->full_s;
	}
	estimate->at_ms = now_ms;
	if (!estimate->running)
		return;
	estimate->charge = within(estimate->charge, 0, 1);
	if (!isnan(load))
		estimate->runtime_s = estimate->charge * estimate->full_s / used;
}
