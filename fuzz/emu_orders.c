/* emu_orders - the words that steer an emulated device, and the same as a scenario. */
#include "fuzz/lib/bench.h"

#include "emulators/orders.h"
#include "emulators/scenario.h"

static void
read_device(struct emu_device_file *device)
{
	static const char text[] = "model megatec\nups.power.nominal 500\nbattery.capacity 4.5\n";
	struct conffile *file = conffile_from("x.dev", text, sizeof(text) - 1);
	struct faults faults = { 0 };

	must(file && emu_device_parse(device, "x", file, &faults), "%s", faults_first(&faults));
	faults_free(&faults);
	conffile_close(file);
}

static void
order(struct bench *bench, const char *line, size_t len)
{
	char *text = fuzz_text(line, len);
	struct buf out = { .max = 4 << 20 };
	struct words words;

	if (words_split(&words, text, WORDS_SOCKET) == WORDS_OK && words.len) {
		const char *why = emu_order(bench->emu, &words, &out);

		must(!why || *why, "refused, and no word why");
		must(!buf_len(&out) || buf_bytes(&out)[buf_len(&out) - 1] == '\n', "half a line");
		bench_check(bench);
	}
	sim_run(bench->sim, 500);
	buf_free(&out);
	free(text);
}

static void
play(struct bench *bench, const uint8_t *data, size_t size)
{
	struct conffile *file = conffile_from("x.scenario", (const char *)data, size);
	struct faults faults = { 0 };
	struct emu_scenario *scenario;
	size_t count;

	must(file, "no memory");
	fuzz_scarce(0, false);
	scenario = emu_scenario_read(file, &faults);
	count = fuzz_plenty();
	must(!scenario == (faults.faults > 0), "%s", scenario ? faults_first(&faults) : "no fault");
	if (scenario) {
		emu_scenario_start(scenario, bench->emu);
		sim_run(bench->sim, 30000);
		bench_check(bench);
	}
	emu_scenario_free(scenario);
	faults_free(&faults);
	conffile_close(file);

	must(file = conffile_from("x.scenario", (const char *)data, size), "no memory");
	fuzz_scarce_by(data, size, count);
	scenario = emu_scenario_read(file, &faults);
	(void)fuzz_plenty();
	must(!scenario == (faults.faults > 0), "without memory: %s",
	    scenario ? faults_first(&faults) : "no fault");
	emu_scenario_free(scenario);
	faults_free(&faults);
	conffile_close(file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct emu_device_file device;
	const uint8_t *at = data;
	struct bench bench;
	const char *line;
	size_t len;

	read_device(&device);
	bench_begin(&bench, &device);
	play(&bench, data, size);
	for (int n = 0; n < 30 && fuzz_line(&at, data + size, &line, &len); n++)
		order(&bench, line, len);
	bench_end(&bench);
	emu_device_free(&device);
	return 0;
}
