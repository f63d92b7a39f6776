#include "fuzz/lib/bench.h"

#include "emulators/show.h"

#include <math.h>

static struct bench *current; /* transports know their emu alone */

static void *
open_line(struct emu *emu, const struct emu_options *options, const char **why)
{
	return current;
}

static void
hear(void *port, const struct emu_message *message)
{
	struct bench *bench = port;

	bench->said += message->len;
}

static const char *
where(void *port)
{
	return "bench";
}

static void
close_line(void *port)
{
}

void
bench_begin(struct bench *bench, const struct emu_device_file *device)
{
	static const struct emu_transport transport = { .name = "bench",
		.open = open_line,
		.write = hear,
		.where = where,
		.close = close_line };
	const char *why = "no memory";

	fuzz_log();
	current = bench;
	*bench = (struct bench){ .sim = sim_new(1) };
	bench->emu = emu_new(sim_loop(bench->sim, "h/emu"), device, &transport, NULL);
	must(bench->emu && emu_plug(bench->emu, &why), "%s", why);
}

void
bench_check(struct bench *bench)
{
	struct emu_battery *battery = emu_battery(bench->emu);
	struct buf shown = { .max = 4 << 20 };

	must(battery->charge >= 0 && battery->charge <= 1, "charge %g", battery->charge);
	must(isfinite(battery->volts) && battery->volts >= 0, "%g V", battery->volts);
	must(isfinite(battery->amps), "%g A", battery->amps);
	must(
	    isfinite(emu_battery_output_volts(battery)), "%g V", emu_battery_output_volts(battery));
	must(!isnan(emu_battery_runtime(battery)), "its runtime is no number");
	emu_show(bench->emu, &shown);
	emu_history(bench->emu, &shown);
	must(!shown.failed && buf_len(&shown) && buf_bytes(&shown)[buf_len(&shown) - 1] == '\n',
	    "what it shows is no whole line");
	buf_free(&shown);
}

void
bench_end(struct bench *bench)
{
	emu_free(bench->emu);
	sim_free(bench->sim);
}
