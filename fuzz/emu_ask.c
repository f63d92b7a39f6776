/* emu_ask - what a host says to an emulated device.  The first byte chooses which; to one on USB
 * each line is a SETUP packet of 8 bytes with the data behind it, or an R and an interrupt report.
 */
#include "fuzz/lib/bench.h"

#include <stdio.h>

static const char *const devices[] = { "megatec-500", "voltronic-qs-850", "powerwalker-vfi-1000",
	"mecer-me-1000", "zinto-1000", "missing-cr-online", "cyberpower-cp1500", "eaton-3s-700",
	"tripplite-smart-3016", "powercom-bnt-1000", "usb-cypress", "usb-armac", "usb-fuji",
	"usb-hunnox", "usb-sgs" };
#define DEVICES (sizeof(devices) / sizeof(*devices))

static struct emu_device_file files[DEVICES]; /* read once */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	struct emu_device_file *device;
	struct faults faults = { 0 };
	struct bench bench;
	const char *line;
	char path[100];
	size_t len;

	if (!size)
		return 0;
	device = &files[*data % DEVICES];
	snprintf(path, sizeof(path), "emulators/devices/%s.dev", devices[*data++ % DEVICES]);
	if (!device->model)
		must(emu_device_read(device, path, &faults), "%s", faults_first(&faults));
	faults_free(&faults);
	bench_begin(&bench, device);
	for (int n = 0; n < 60 && fuzz_line(&data, end, &line, &len); n++) {
		struct emu_message message = { .kind = EMU_BYTES, .bytes = line, .len = len };

		if (emu_usb_of(device) && len < 8)
			continue;
		if (device->bridge && *line == 'R') {
			message.kind = EMU_REPORT;
			message.bytes = line + 1;
			message.len = len - 1;
		} else if (emu_usb_of(device)) {
			message.kind = EMU_CONTROL;
			memcpy(message.setup, line, 8);
			message.bytes = line + 8;
			message.len = len - 8;
		}
		emu_hear(bench.emu, &message);
		sim_run(bench.sim, 700);
	}
	bench_check(&bench);
	bench_end(&bench);
	return 0;
}
