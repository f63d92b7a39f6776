/* upssched - what peers say to the process that keeps upssched's timers.
 *
 * A line of the input is one thing that happens, told by its first byte:
 *	1	the peer says the rest;  a: without a newline;  X: it goes
 *	T	as many seconds pass as the rest has bytes
 *
 * Each whole line that is not LIST has one answer, OK or ERR. */
#include "fuzz/lib/wire.h"

#include "upssched/timers.h"

#include <signal.h>

struct stage {
	struct sim *sim;
	struct timers *timers;
	struct wire peer;
};

static void
idle(void *owner)
{
}

static void
got_signal(void *owner, int signal)
{
	struct stage *stage = owner;

	timers_reap(stage->timers);
}

static void
run(struct stage *stage, int64_t ms)
{
	sim_run(stage->sim, ms);
	wire_read(&stage->peer);
	for (;;) {
		const char *bytes = buf_bytes(&stage->peer.in);
		const char *newline = bytes ? memchr(bytes, '\n', buf_len(&stage->peer.in)) : NULL;

		if (!newline)
			return;
		must(!memcmp(bytes, "OK", 2) || !memcmp(bytes, "ER", 2) || !memcmp(bytes, "TI", 2),
		    "%.*s", (int)(newline - bytes), bytes);
		buf_take(&stage->peer.in, (size_t)(newline - bytes) + 1);
	}
}

static void
say(struct stage *stage, const char *text, size_t len, bool newline)
{
	struct addr at;

	addr_unix(&at, "/sim/pipe");
	if (stage->peer.fd == -1)
		wire_connect(&stage->peer, stage->sim, "h/upssched", &at);
	wire_send(&stage->peer, text, len);
	wire_send(&stage->peer, "\n", newline);
	run(stage, 10);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct timers_settings settings = { .cmdscript = "/bin/true x", .idle = idle };
	struct stage stage = { .sim = sim_new(1), .peer = { .fd = -1 } };
	const uint8_t *end = data + size;
	const char *line;
	struct addr at;
	size_t len;

	fuzz_log();
	addr_unix(&at, "/sim/pipe");
	stage.timers = timers_new(
	    sim_loop(stage.sim, "h/timers"), wire_listen(stage.sim, "h/timers", &at), &settings);
	must(stage.timers, "no memory");
	sim_signals(stage.sim, "h/timers", got_signal, &stage);
	for (int n = 0; n < 60 && fuzz_line(&data, end, &line, &len); n++) {
		if (len && (*line == '1' || *line == 'a'))
			say(&stage, line + 1, len - 1, *line == '1');
		else if (len && *line == 'T')
			run(&stage, 1000 * (int64_t)(len < 60 ? len : 60));
		else if (len && *line == 'X')
			wire_close(&stage.peer);
	}
	run(&stage, 100);
	timers_free(stage.timers);
	wire_close(&stage.peer);
	sim_free(stage.sim);
	return 0;
}
