/* answers - what serial UPSes answer, through every parser of drivers/proto, and string
 * descriptors of USB devices.  The first byte chooses which. */
#include "fuzz/lib/fuzz.h"

#include "drivers/core/usb.h"
#include "drivers/proto/frame.h"
#include "drivers/proto/megatec.h"
#include "drivers/proto/qshex.h"
#include "drivers/proto/voltronic.h"

#include <math.h>

/* A quantity is a number, or NAN where the device does not have it. */
static void
check_number(double number)
{
	must(!isinf(number) && !(number < -9999) && !(number > 1e9), "%g", number);
}
#define NUMBERS(...)                                                                               \
	do {                                                                                       \
		const double numbers[] = { __VA_ARGS__ };                                          \
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)                    \
			check_number(numbers[i]);                                                  \
	} while (0)

static void
check_text(const char *text)
{
	for (; *text; text++)
		must(*text >= ' ' && *text <= '~', "byte %d", *text);
}

static void
take_megatec(int which, const char *answer, size_t len)
{
	struct megatec_status status;
	struct megatec_ratings ratings;
	struct megatec_vendor vendor;

	if (which == 0 && !megatec_status_parse(&status, answer, len)) {
		NUMBERS(status.input_voltage, status.fault_voltage, status.output_voltage,
		    status.load, status.frequency, status.battery_voltage, status.temperature);
		must(status.bits < 256, "%x", status.bits);
		(void)megatec_regulation(status.input_voltage, status.output_voltage);
	}
	if (which == 1 && !megatec_ratings_parse(&ratings, answer, len))
		NUMBERS(
		    ratings.voltage, ratings.current, ratings.battery_voltage, ratings.frequency);
	if (which == 2 && !megatec_vendor_parse(&vendor, answer, len)) {
		check_text(vendor.company);
		check_text(vendor.model);
		check_text(vendor.version);
	}
	if (which == 3) {
		must(megatec_protocol_parse(answer, len) >= -1, "below -1");
		(void)megatec_reply("T\r", answer, len);
		must(frame_line(answer, len) <= len, "a line of more than all");
	}
}

static void
take_voltronic(int which, const char *answer, size_t len)
{
	struct voltronic_status status;
	struct voltronic_battery battery;
	struct voltronic_ratings ratings;
	struct voltronic_model model;
	struct voltronic_flags flags;
	char mode, text[40];
	uint64_t warnings;
	double high, low;

	if (which == 0 && !voltronic_status_parse(&status, answer, len))
		NUMBERS(status.input_voltage, status.input_frequency, status.output_voltage,
		    status.output_frequency, status.output_current, status.load,
		    status.battery_voltage, status.temperature);
	if (which == 1 && !voltronic_battery_parse(&battery, answer, len))
		NUMBERS(battery.voltage, battery.number, battery.packs, battery.charge,
		    battery.minutes);
	if (which == 2 && !voltronic_ratings_parse(&ratings, answer, len))
		NUMBERS(
		    ratings.voltage, ratings.current, ratings.battery_voltage, ratings.frequency);
	if (which == 3 && !voltronic_model_parse(&model, answer, len)) {
		NUMBERS(model.power_factor, model.input_voltage, model.output_voltage,
		    model.batteries, model.battery_voltage);
		check_text(model.name);
	}
	if (which == 4 && !voltronic_mode_parse(&mode, answer, len))
		must(mode && strchr(VOLTRONIC_MODES, mode), "mode %c", mode);
	if (which == 5)
		(void)voltronic_warnings_parse(&warnings, answer, len);
	if (which == 6 && !voltronic_flags_parse(&flags, answer, len))
		must(!(flags.enabled >> 26) && !(flags.disabled >> 26), "more than 26 letters");
	if (which == 7 && !voltronic_limits_parse(&high, &low, "ddd|dd.d", answer, len))
		NUMBERS(high, low);
	if (which == 8 && !voltronic_cutoff_parse(&high, answer, len))
		NUMBERS(high);
	if (which == 9 && !voltronic_text_parse(text, sizeof(text), "PI", answer, len))
		check_text(text);
}

static void
take_qshex(const char *answer, size_t len)
{
	struct qshex_status status;

	if (qshex_status_parse(&status, answer, len))
		return;
	NUMBERS(status.input_voltage, status.output_voltage, status.load, status.frequency,
	    status.battery_voltage, status.rated_voltage, status.rated_frequency,
	    status.rated_battery_voltage);
	must(!(status.bits >> 8), "more than eight bits");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char string[USB_STRING_MAX], *answer;

	if (!size)
		return 0;
	answer = fuzz_copy(data + 1, size - 1);
	if (data[0] == 0xff)
		take_qshex(answer, size - 1);
	else if (data[0] % 16 < 4)
		take_megatec(data[0] % 16, answer, size - 1);
	else if (data[0] % 16 < 14)
		take_voltronic(data[0] % 16 - 4, answer, size - 1);
	else if (usb_string_text(string, answer, size - 1)) {
		check_text(string);
		(void)usb_string_whole(answer, size - 1);
	}
	free(answer);
	return 0;
}
