#include "drivers/proto/bestups.h"

#include "drivers/proto/frame.h"

#include <math.h>

const char *
bestups_id_parse(struct bestups_id *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '\0');
	frame.separator = ',';
	frame_text(&frame, out->model, sizeof(out->model) - 1, ' ');
	out->power = frame_number(&frame, "dddd|ddd| ddd|ddd ");
	out->input_voltage = frame_number(&frame, "ddd");
	out->output_voltage = frame_number(&frame, "ddd");
	out->battery_low = frame_number(&frame, "dd.d|ddd.d");
	out->battery_high = frame_number(&frame, "dd.d|ddd.d");
	return frame_close(&frame);
}

const char *
bestups_number_parse(double *out, const char *shapes, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '\0');
	*out = frame_number(&frame, shapes);
	return frame_close(&frame);
}

const struct bestups_transfer *
bestups_transfer(int setting, double volts)
{
	static const struct bestups_transfer low[10] = { { 96, 109, 130, 146 },
		{ 96, 109, 138, 156 }, { 90, 104, 130, 146 }, { 90, 104, 138, 156 },
		{ 90, 104, 120, 130 }, { 90, 104, 130, 146 }, { 90, 96, 120, 130 },
		{ 90, 96, 130, 146 }, { 96, 109, 146, 156 }, { 90, 104, 146, 156 } };
	static const struct bestups_transfer high[10] = { { 200, 222, 250, 284 },
		{ 200, 222, 264, 290 }, { 188, 210, 250, 284 }, { 188, 210, 264, 290 },
		{ 188, 210, 244, 270 }, { 188, 210, 250, 284 }, { 180, 200, 244, 270 },
		{ 180, 200, 250, 284 }, { 165, 188, 222, 244 }, { 165, 188, 244, 270 } };

	if (setting < 0 || setting > 9 || isnan(volts) || volts <= 0)
		return NULL;
	return volts > 160 ? &high[setting] : &low[setting];
}
