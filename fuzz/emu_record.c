/* emu_record - captures of strangers: what is taken becomes a device file that nut-emu reads, and
 * the device says what was captured. */
#include "fuzz/lib/bench.h"

#include "emulators/record.h"

static void
replay(const struct buf *text)
{
	struct emu_device_file device;
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("x.dev", buf_bytes(text), buf_len(text));
	struct bench bench;

	must(file, "no memory");
	must(emu_device_parse(&device, "x", file, &faults), "%s\n%.*s", faults_first(&faults),
	    (int)buf_len(text), buf_bytes(text));
	conffile_close(file);
	bench_begin(&bench, &device);
	bench_check(&bench);
	bench_end(&bench);
	emu_device_free(&device);
	faults_free(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct emu_record_options options = { .id = size && *data & 1 ? "1234:5678" : NULL };
	struct faults faults = { 0 };
	struct buf out = { .max = CONFFILE_MAX };
	struct emu_capture capture;
	void *bytes;

	if (!size)
		return 0;
	bytes = fuzz_copy(data + 1, size - 1);
	if (!emu_capture_read(&capture, "x", bytes, size - 1, &faults))
		must(faults.faults, "refused, and nothing is wrong");
	else if (emu_record(&capture, &options, "x", &out, &faults))
		replay(&out);
	else
		must(faults.faults, "no device, and nothing is wrong");
	emu_capture_free(&capture);
	faults_free(&faults);
	buf_free(&out);
	free(bytes);
	return 0;
}
