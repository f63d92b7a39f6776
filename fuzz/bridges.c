/* bridges - a UPS of the Q* protocols behind a USB bridge, which carries well, but for what the
 * input says, and the driver nutdrv_qx at the other end.
 *
 * The first byte chooses the emulated device.  Then a line of the input is one thing that happens,
 * told by its first byte:
 *	s k b	string k (a byte) is the descriptor b;  f: feature report k is b
 *	x	transfers are stalled;  y: they fail;  z: they do not end;  ~: all is well again
 *	p	an interrupt report;  =: the next transfer is answered when it has come
 *	O	an order to the device;  1: a peer of the driver says the rest
 *	T	as many seconds pass as the rest has bytes;  U: unplugged, or plugged in again
 *	R	a reload with this as one more setting;  c, before all others: a setting */
#include "fuzz/lib/cable.h"

#include "drivers/proto/hid.h"

static const char *const devices[] = { "usb-cypress", "usb-phoenix", "usb-ippon", "usb-sgs",
	"usb-armac", "usb-fuji", "usb-krauler", "usb-fabula", "usb-hunnox", "usb-snr",
	"usb-phoenixtec", "usb-ablerex" };
#define DEVICES (sizeof(devices) / sizeof(*devices))

static struct emu_device_file files[DEVICES]; /* read once */

static void
happen(struct drive *drive, char what, const char *rest, size_t len)
{
	char *copy = fuzz_copy(rest, len);

	switch (what) {
	case 's':
	case 'f':
		if (len)
			cable_answer(
			    what, (unsigned char)*rest, fuzz_copy(rest + 1, len - 1), len - 1);
		break;
	case 'p':
		(void)hid_is_power_device(copy, len);
		cable_report(copy, len);
		break;
	case '=':
		buf_take(&cable.early, buf_len(&cable.early));
		buf_add(&cable.early, copy, len);
		break;
	default:
		cable_happen(drive, what, rest, len);
	}
	free(copy);
	drive_run(drive, 50);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extern const struct driver nutdrv_qx_driver;
	static const char *const snr[] = { "port=auto", "subdriver=snr", "vendorid=0001",
		"productid=0000", NULL };
	static const char *const others[] = { "port=auto", NULL };
	struct driver driver = nutdrv_qx_driver;
	const uint8_t *end = data + size;
	struct drive drive = { 0 };
	size_t device, len;
	const char *text;

	if (!size)
		return 0;
	driver.usb_carrier = &cable_carrier;
	device = *data++ % DEVICES;
	cable_begin(&drive, &files[device], devices[device]);
	drive_settings(&drive, &data, end);
	if (!drive_begin(&drive, &driver, !strcmp(devices[device], "usb-snr") ? snr : others)) {
		cable_break(&drive);
		return 0;
	}
	drive_run(&drive, 6000);
	for (int n = 0; n < 40 && fuzz_line(&data, end, &text, &len); n++)
		if (len)
			happen(&drive, *text, text + 1, len - 1);
	drive_run(&drive, 3000);
	cable_end(&drive);
	return 0;
}
