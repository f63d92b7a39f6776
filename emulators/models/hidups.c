/* hidups.c - USB HID power devices, device side.  docs/devices/hid.md. */
#include "emulators/models/hidups.h"

#include <stdlib.h>
#include <string.h>

static const struct emu_dialect dialects[] = { { "hid", 1, NULL, NULL, "silent" },
	{ NULL, 0, NULL, NULL, NULL } };

static const struct emu_hid *
hid_of(struct emu *emu)
{
	return emu_device(emu)->model_data;
}

/* ---- reports ---- */

/* Element N of field I. */
static long long
raw_of(struct emu *emu, size_t i, unsigned n)
{
	const struct emu_hid_field *field = &hid_of(emu)->fields[i];
	const struct emu_hid_state *state = emu_state(emu);

	if (n < field->bytes_len)
		return field->bytes[n];
	return field->follows ? emu_hid_raw(emu, field) : state->raw[i];
}

static void
put_bits(unsigned char *data, unsigned bit, unsigned bits, long long raw)
{
	for (unsigned i = 0; i < bits; i++, bit++)
		if ((unsigned long long)raw >> i & 1)
			data[bit / 8] |= (unsigned char)(1u << bit % 8);
}

static long long
get_bits(const unsigned char *data, unsigned bit, unsigned bits, bool sign)
{
	long long raw = 0;

	for (unsigned i = 0; i < bits; i++, bit++)
		raw |= (long long)(data[bit / 8] >> bit % 8 & 1) << i;
	if (sign && bits > 0 && raw >> (bits - 1))
		raw -= 1ll << bits;
	return raw;
}

/* Bytes of a report as it travels, 0 if there is no such. */
static size_t
report_len(const struct emu_hid *hid, enum emu_usb_report type, unsigned id)
{
	unsigned bits = type >= 1 && type <= 3 ? hid->report_bits[type][id] : 0;

	return bits ? (bits + 7) / 8 + hid->numbered : 0;
}

static size_t
make_report(
    struct emu *emu, enum emu_usb_report type, unsigned id, unsigned char out[EMU_USB_REPORT_MAX])
{
	const struct emu_hid *hid = hid_of(emu);
	size_t len = report_len(hid, type, id);

	memset(out, 0, len);
	if (len && hid->numbered)
		out[0] = (unsigned char)id;
	for (size_t i = len ? hid->first[type][id] : 0; i; i = hid->fields[i - 1].next) {
		const struct emu_hid_field *field = &hid->fields[i - 1];

		for (unsigned n = 0; n < field->times; n++)
			put_bits(out + hid->numbered, field->bit + n * field->bits, field->bits,
			    raw_of(emu, i - 1, n));
	}
	return len;
}

static bool
stalls(const struct emu_hid *hid, enum emu_usb_report type, unsigned id)
{
	for (size_t i = 0; i < hid->stalls_len; i++)
		if (hid->stalls[i].type == type && hid->stalls[i].id == id)
			return true;
	return false;
}

static bool
get_report(struct emu *emu, enum emu_usb_report type, unsigned id, struct buf *out)
{
	unsigned char bytes[EMU_USB_REPORT_MAX];
	size_t len = stalls(hid_of(emu), type, id) ? 0 : make_report(emu, type, id, bytes);

	return len && buf_add(out, bytes, len);
}

/* The host writes reports whole.  What it writes as it was has been no order, unless it is all that
 * the report has: a test that has passed is started again by writing "1". */
static bool
set_report(
    struct emu *emu, enum emu_usb_report type, unsigned id, const unsigned char *bytes, size_t len)
{
	const struct emu_hid *hid = hid_of(emu);
	struct emu_hid_state *state = emu_state(emu);
	size_t whole = report_len(hid, type, id);
	bool ok = true, alone;

	if (!whole || len < whole || (hid->numbered && bytes[0] != id))
		return false;
	alone = hid->first[type][id] == hid->last[type][id];
	for (size_t i = hid->first[type][id]; i && ok; i = hid->fields[i - 1].next) {
		const struct emu_hid_field *field = &hid->fields[i - 1];
		long long raw =
		    get_bits(bytes + hid->numbered, field->bit, field->bits, field->least < 0);

		if (!field->follows)
			state->raw[i - 1] = raw;
		else if (alone || raw != emu_hid_raw(emu, field))
			ok = emu_hid_written(emu, field, raw);
	}
	return ok;
}

/* ---- what it says unasked ---- */

static void
changed(struct emu *emu)
{
	const struct emu_hid *hid = hid_of(emu);
	struct emu_hid_state *state = emu_state(emu);
	unsigned char bytes[EMU_USB_REPORT_MAX];

	for (unsigned id = 0; id < 256; id++) {
		if (!hid->first[EMU_USB_INPUT][id])
			continue;
		size_t len = make_report(emu, EMU_USB_INPUT, id, bytes);
		struct emu_message message = { .kind = EMU_REPORT, .bytes = bytes, .len = len };

		if (len == state->told[id].len && !memcmp(bytes, state->told[id].bytes, len))
			continue;
		memcpy(state->told[id].bytes, bytes, len);
		state->told[id].len = len;
		if (emu_battery_awake(emu_battery(emu)))
			emu_send(emu, &message);
	}
}

/* ---- life ---- */

static const struct emu_usb *
usb_of(const struct emu_device_file *device)
{
	const struct emu_hid *hid = device->model_data;

	return &hid->usb;
}

static const char *
complete(struct emu_device_file *device)
{
	struct emu_hid *hid = device->model_data;

	if (!hid || !hid->len)
		return "a hidups needs fields";
	hid->usb.get_report = get_report;
	hid->usb.set_report = set_report;
	hid->usb.states = hid->numbered ? EMU_USB_STATES_BY_ID : EMU_USB_ONE_STATE;
	emu_usb_complete(&hid->usb, device);
	return emu_hid_describe(hid) ? NULL : "its report descriptor would be too long";
}

static void
start(struct emu *emu)
{
	const struct emu_hid *hid = hid_of(emu);
	struct emu_hid_state *state = emu_state(emu);

	state->start_delay = -1;
	for (size_t i = 0; i < hid->len; i++)
		state->raw[i] = hid->fields[i].value;
	for (size_t i = 0; i < hid->len; i++) /* "follows runtime.low is 300" */
		if (hid->fields[i].follows == emu_hid_follow_find("runtime.low") ||
		    (hid->fields[i].has_value &&
			hid->fields[i].follows == emu_hid_follow_find("powercom.beeper")))
			emu_hid_written(emu, &hid->fields[i], hid->fields[i].value);
}

static void
hear(struct emu *emu, const struct emu_message *message)
{
	if (message->kind == EMU_CONTROL)
		emu_usb_hear(emu, &hid_of(emu)->usb, message);
}

const struct emu_model emu_hidups = {
	.name = "hidups",
	.dialects = dialects,
	.hear = hear,
	.state_size = sizeof(struct emu_hid_state),
	.start = start,
	.directive = emu_hid_directive,
	.complete = complete,
	.free = free,
	.changed = changed,
	.usb = usb_of,
};
