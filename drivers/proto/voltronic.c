#include "drivers/proto/voltronic.h"

#include "drivers/proto/frame.h"

#include <string.h>

const char *
voltronic_status_parse(struct voltronic_status *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	out->input_voltage = frame_number(&frame, "ddd.d");
	out->input_frequency = frame_number(&frame, "dd.d");
	out->output_voltage = frame_number(&frame, "ddd.d");
	out->output_frequency = frame_number(&frame, "dd.d");
	out->output_current = frame_number(&frame, "ddd.d");
	out->load = frame_number(&frame, "ddd");
	frame_number(&frame, "ddd.d"); /* bus voltages: nobody asks */
	frame_number(&frame, "ddd.d");
	out->battery_voltage = frame_number(&frame, "ddd.d");
	frame_number(&frame, "ddd.d");
	out->temperature = frame_number(&frame, "ddd.d");
	out->bits = (unsigned)frame_bits(&frame, 12);
	return frame_close_loose(&frame, &out->extra);
}

const char *
voltronic_battery_parse(struct voltronic_battery *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	out->voltage = frame_number(&frame, "ddd.d");
	out->number = frame_number(&frame, "dd");
	out->packs = frame_number(&frame, "dd");
	out->charge = frame_number(&frame, "ddd");
	out->minutes = frame_number(&frame, "ddd|dddd");
	return frame_close(&frame);
}

const char *
voltronic_ratings_parse(struct voltronic_ratings *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	out->voltage = frame_number(&frame, "ddd.d");
	out->current = frame_number(&frame, "ddd");
	out->battery_voltage = frame_number(&frame, "ddd.d");
	out->frequency = frame_number(&frame, "dd.d");
	return frame_close(&frame);
}

const char *
voltronic_model_parse(struct voltronic_model *out, const char *answer, size_t len)
{
	struct frame frame;
	char phases[4];

	frame_open(&frame, answer, len, '(');
	frame_text(&frame, out->name, sizeof(out->name) - 1, '#');
	frame_text(&frame, out->power, sizeof(out->power) - 1, '#');
	out->power_factor = frame_number(&frame, "dd|ddd") / 100;
	frame_text(&frame, phases, sizeof(phases) - 1, ' ');
	out->input_voltage = frame_number(&frame, "ddd");
	out->output_voltage = frame_number(&frame, "ddd");
	out->batteries = frame_number(&frame, "dd");
	out->battery_voltage = frame_number(&frame, "dd.d");

	const char *fault = frame_close(&frame);

	if (fault)
		return fault;
	if (strspn(out->power, "0123456789") != strlen(out->power))
		return "a power that is not a number";
	if (strlen(phases) != 3 || !strchr("123", phases[0]) || phases[1] != '/' ||
	    !strchr("123", phases[2]))
		return "phases that are not like 1/1";
	out->input_phases = phases[0] - '0';
	out->output_phases = phases[2] - '0';
	return NULL;
}

const char *
voltronic_mode_parse(char *out, const char *answer, size_t len)
{
	struct frame frame;
	char mode[2];

	frame_open(&frame, answer, len, '(');
	frame_text(&frame, mode, 1, ' ');

	const char *fault = frame_close(&frame);

	if (fault)
		return fault;
	*out = mode[0];
	return *out && strchr(VOLTRONIC_MODES, *out) ? NULL : "not a mode";
}

const char *
voltronic_warnings_parse(uint64_t *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	*out = frame_bits(&frame, 64);
	return frame_close(&frame);
}

const char *
voltronic_flags_parse(struct voltronic_flags *out, const char *answer, size_t len)
{
	struct frame frame;
	uint32_t *set = NULL;

	*out = (struct voltronic_flags){ 0 };
	frame_open(&frame, answer, len, '(');
	if (frame.fault)
		return frame.fault;
	for (; frame.at < frame.end; frame.at++) {
		if (*frame.at == 'E')
			set = &out->enabled;
		else if (*frame.at == 'D')
			set = &out->disabled;
		else if (!set || *frame.at < 'a' || *frame.at > 'z')
			return "not a list of capabilities";
		else
			*set |= voltronic_flag(*frame.at);
	}
	return set ? NULL : "empty";
}

const char *
voltronic_limits_parse(
    double *high, double *low, const char *shapes, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '(');
	*high = frame_number(&frame, shapes);
	*low = frame_number(&frame, shapes);
	return frame_close(&frame);
}

const char *
voltronic_cutoff_parse(double *out, const char *answer, size_t len)
{
	struct frame frame;

	frame_open(&frame, answer, len, '#');
	*out = frame_number(&frame, "dd");
	return frame_close(&frame);
}

const char *
voltronic_text_parse(char *out, size_t size, const char *label, const char *answer, size_t len)
{
	struct frame frame;
	size_t label_len = strlen(label);

	frame_open(&frame, answer, len, '(');
	if (frame.fault)
		return frame.fault;

	size_t width = (size_t)(frame.end - frame.at);

	if (width < label_len || memcmp(frame.at, label, label_len) != 0)
		return "does not begin as it should";
	frame.at += label_len;
	width -= label_len;
	if (width >= size)
		return "too long";
	frame_text(&frame, out, width, '#');
	/* An unknown question's answer is no text. */
	return strcmp(out, "NAK") == 0 ? "refused" : out[0] == '\0' ? "empty" : NULL;
}
