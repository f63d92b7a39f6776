/* emu_device - device files of the emulators, and what comes of them when mains fail. */
#include "fuzz/lib/bench.h"

static void
try_it(const struct emu_device_file *device)
{
	struct bench bench;

	bench_begin(&bench, device);
	bench_check(&bench);
	emu_battery_mains(emu_battery(bench.emu), false);
	emu_changed(bench.emu);
	sim_run(bench.sim, 20000);
	bench_check(&bench);
	emu_battery_mains(emu_battery(bench.emu), true);
	emu_changed(bench.emu);
	sim_run(bench.sim, 20000);
	bench_check(&bench);
	bench_end(&bench);
}

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct fuzz_scarcity scarcity;
	struct emu_device_file device;

	if (!emu_device_parse(&device, "x", file, faults)) {
		must(faults->faults, "refused, and nothing is wrong");
		return;
	}
	must(!faults->faults && device.model, "taken, but %s", faults_first(faults));
	buf_add_format(said, "%s %s %s %g %g\n", device.model->name, device.title, device.mfr,
	    device.rating.volts, device.rating.battery_ah);
	scarcity = fuzz_pause();
	try_it(&device);
	fuzz_go_on(scarcity);
	emu_device_free(&device);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("x.dev", data, size, take);
	return 0;
}
