#include "drivers/proto/megatec.h"

#include "drivers/proto/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OFF_MINUTES_MAX 99u
#define ON_MINUTES_MAX 9999u

const char *
megatec_status_parse(struct megatec_status *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	out->input_voltage = frame_number(&frame, "ddd.d");
	out->fault_voltage = frame_number(&frame, "ddd.d");
	out->output_voltage = frame_number(&frame, "ddd.d");
	out->load = frame_number(&frame, "ddd");
	out->frequency = frame_number(&frame, "dd.d");
	out->battery_voltage = frame_number(&frame, "dd.d|d.dd|ddd.d");
	out->temperature = frame_number(&frame, "dd.d|-d.d");
	out->bits = (unsigned)frame_bits(&frame, 8);
	return frame_close_loose(&frame, &out->extra);
}

const char *
megatec_ratings_parse(struct megatec_ratings *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '#');
	out->voltage = frame_number(&frame, "ddd.d");
	out->current = frame_number(&frame, "ddd|d.d");
	out->battery_voltage = frame_number(&frame, "dd.dd|ddd.d");
	out->frequency = frame_number(&frame, "dd.d");
	return frame_close(&frame);
}

const char *
megatec_vendor_parse(struct megatec_vendor *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '#');
	frame_text(&frame, out->company, sizeof(out->company) - 1, ' ');
	frame_text(&frame, out->model, sizeof(out->model) - 1, ' ');
	frame_text(&frame, out->version, sizeof(out->version) - 1, ' ');
	return frame_close(&frame);
}

int
megatec_protocol_parse(const char *answer, size_t len)
{
	if (len > 0 && answer[len - 1] == '\r')
		len--;
	if (len != 5 || memcmp(answer, "(PI", 3) != 0 || answer[3] < '0' || answer[3] > '9' ||
	    answer[4] < '0' || answer[4] > '9')
		return -1;
	return (answer[3] - '0') * 10 + answer[4] - '0';
}

enum megatec_regulation
megatec_regulation(double input_voltage, double output_voltage)
{
	if (isnan(input_voltage) || isnan(output_voltage) || input_voltage < 1)
		return MEGATEC_NOTHING;

	double ratio = output_voltage / input_voltage;

	if (ratio < 0.5 || ratio >= 1.5)
		return MEGATEC_NOTHING;
	return ratio < 0.95 ? MEGATEC_TRIM : ratio < 1.05 ? MEGATEC_BYPASS : MEGATEC_BOOST;
}

enum megatec_reply
megatec_reply(const char *command, const char *answer, size_t len)
{
	size_t command_len = strcspn(command, "\r");

	if (len > 0 && answer[len - 1] == '\r')
		len--;
	if (len == 0)
		return MEGATEC_OBEYED;
	if (len == command_len && memcmp(answer, command, len) == 0)
		return MEGATEC_REFUSED;
	if (len == 1 && answer[0] == 'N')
		return MEGATEC_REFUSED;
	if (answer[0] == '(') {
		answer++;
		len--;
	}
	if (len == 3 && memcmp(answer, "ACK", 3) == 0)
		return MEGATEC_OBEYED;
	return len == 3 && memcmp(answer, "NAK", 3) == 0 ? MEGATEC_REFUSED : MEGATEC_STRANGE;
}

static unsigned
round_up(unsigned seconds, unsigned unit)
{
	return seconds / unit * unit + (seconds % unit ? unit : 0);
}

unsigned
megatec_off_seconds(unsigned seconds)
{
	if (seconds == 0)
		return 0;
	if (seconds <= 12) /* there is no .1 */
		return 12;
	if (seconds > OFF_MINUTES_MAX * 60)
		return OFF_MINUTES_MAX * 60;
	return round_up(seconds, seconds <= 54 ? 6 : 60);
}

unsigned
megatec_on_seconds(unsigned seconds)
{
	return seconds > ON_MINUTES_MAX * 60 ? ON_MINUTES_MAX * 60 : round_up(seconds, 60);
}

/* The two characters of n. */
static void
format_time(char out[3], unsigned seconds)
{
	unsigned n = megatec_off_seconds(seconds);

	out[0] = n > 0 && n < 60 ? '.' : (char)('0' + n / 60 / 10);
	out[1] = (char)('0' + (n < 60 ? n / 6 : n / 60 % 10));
	out[2] = '\0';
}

void
megatec_shutdown_return(char out[MEGATEC_COMMAND_MAX], unsigned off_seconds, unsigned on_seconds)
{
	char n[3];

	format_time(n, off_seconds);
	if (on_seconds == 0)
		snprintf(out, MEGATEC_COMMAND_MAX, "S%s\r", n);
	else
		snprintf(
		    out, MEGATEC_COMMAND_MAX, "S%sR%04u\r", n, megatec_on_seconds(on_seconds) / 60);
}

void
megatec_shutdown_stayoff(char out[MEGATEC_COMMAND_MAX], unsigned off_seconds)
{
	char n[3];

	format_time(n, off_seconds);
	snprintf(out, MEGATEC_COMMAND_MAX, "S%sR0000\r", n);
}

void
megatec_test(char out[MEGATEC_COMMAND_MAX], unsigned seconds)
{
	char n[3];

	format_time(n, seconds);
	snprintf(out, MEGATEC_COMMAND_MAX, "T%s\r", n);
}
