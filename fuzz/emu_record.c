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

/* One allocation fails: that is told, or the device file is the same. */
static void
record_scarcely(const void *bytes, size_t size, const struct emu_record_options *options,
    const struct buf *expect, size_t count)
{
	struct faults faults = { 0 };
	struct buf out = { .max = CONFFILE_MAX };
	struct emu_capture capture;
	bool taken;

	fuzz_scarce_by(bytes, size, count);
	taken = emu_capture_read(&capture, "x", bytes, size, &faults) &&
		emu_record(&capture, options, "x", &out, &faults);
	(void)fuzz_plenty();
	must(!taken == (faults.faults > 0), "without memory: %s",
	    taken ? faults_first(&faults) : "nothing is wrong");
	must(!taken || (buf_len(&out) == buf_len(expect) &&
			   !memcmp(buf_bytes(&out), buf_bytes(expect), buf_len(&out))),
	    "without memory it is another device:\n%.*s", (int)buf_len(&out), buf_bytes(&out));
	emu_capture_free(&capture);
	faults_free(&faults);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct emu_record_options options = { .id = size && *data & 1 ? "1234:5678" : NULL };
	struct faults faults = { 0 };
	struct buf out = { .max = CONFFILE_MAX };
	struct emu_capture capture;
	bool read, taken;
	size_t count;
	void *bytes;

	if (!size)
		return 0;
	bytes = fuzz_copy(data + 1, size - 1);
	fuzz_scarce(0, false);
	read = emu_capture_read(&capture, "x", bytes, size - 1, &faults);
	taken = read && emu_record(&capture, &options, "x", &out, &faults);
	count = fuzz_plenty();
	must(!taken == (faults.faults > 0), "%s",
	    taken ? faults_first(&faults) : "no device, and nothing is wrong");
	if (taken)
		replay(&out);
	emu_capture_free(&capture);
	record_scarcely(bytes, size - 1, &options, &out, count);
	faults_free(&faults);
	buf_free(&out);
	free(bytes);
	return 0;
}
