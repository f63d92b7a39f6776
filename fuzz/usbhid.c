/* usbhid - a USB UPS that answers well, but for what the input says, and the driver usbhid-ups at
 * the other end.
 *
 * The first byte chooses the emulated device.  Then a line of the input is one thing that happens,
 * told by its first byte, and the next may be a number (of 4 bytes each in d):
 *	d k b	the report descriptor: from byte k on it is b (before the first of another kind)
 *	s k b	string k is the descriptor b;  f k b, i k b: feature or input report k is b
 *	x	requests are stalled;  y: they fail;  z: no answer;  ~: all is well again
 *	p	an interrupt report;  O: an order to the device;  1: a peer says the rest
 *	T	as many seconds pass as the rest has bytes;  U: unplugged, or plugged in again
 *	R	a reload with this as one more setting;  c, before all others: a setting */
#include "fuzz/lib/cable.h"

static const char *const devices[] = { "cyberpower-cp1500", "eaton-3s-700", "apc-backups-500",
	"liebert-psi5", "powercom-bnt-1000", "tripplite-smart-3016", "arduino-hidpowerdevice",
	"generic-5131-2007", "apc-smartups-3000" };
#define DEVICES (sizeof(devices) / sizeof(*devices))

static struct emu_device_file files[DEVICES]; /* read once */

/* REST: a byte that is the number, and what is to be said. */
static void
answer_by(char kind, const char *rest, size_t len)
{
	size_t from = len ? (unsigned char)*rest : 0, room = len ? len - 1 : 0;
	size_t all = cable.usb->report_descriptor_len;
	char *bytes;

	if (!len)
		return;
	if (kind != 'd') {
		cable_answer(kind, (unsigned)from, fuzz_text(rest + 1, room), room);
		return;
	}
	bytes = fuzz_copy(cable.usb->report_descriptor, all);
	for (size_t i = 0; i < room && 4 * from + i < all; i++)
		bytes[4 * from + i] = rest[1 + i];
	cable_answer(kind, 0, bytes, all);
}

static void
happen(struct drive *drive, char what, const char *rest, size_t len)
{
	switch (what) {
	case 's':
	case 'f':
	case 'i':
		answer_by(what, rest, len);
		break;
	case 'p':
		cable_report(rest, len);
		break;
	default:
		cable_happen(drive, what, rest, len);
	}
	drive_run(drive, 50);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extern const struct driver usbhid_ups_driver;
	static const char *const settings[] = { "port=auto", "vendorid=.*", NULL };
	struct driver driver = usbhid_ups_driver;
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	size_t device, len;
	const char *text;

	if (!size)
		return 0;
	driver.carrier = &cable_carrier;
	device = *data++ % DEVICES;
	cable_begin(&drive, &files[device], devices[device]);
	drive_settings(&drive, &data, end);
	while (data < end && strchr("dsfi", *data) && fuzz_line(&data, end, &text, &len))
		answer_by(*text, text + 1, len - 1);
	if (!drive_begin(&drive, &driver, settings)) {
		cable_break(&drive);
		return 0;
	}
	drive_run(&drive, 3000);
	for (int n = 0; n < 40 && fuzz_line(&data, end, &text, &len); n++)
		if (len)
			happen(&drive, *text, text + 1, len - 1);
	drive_run(&drive, 3000);
	cable_end(&drive);
	return 0;
}
