/* repeater - what another upsd says, into dummy-ups that repeats its UPS u.
 *
 * It answers well, by a status that is OL at first.  A line of the input is one thing that happens,
 * told by its first byte:
 *	V	the status is the rest from now on
 *	A	what it is asked within the next 5 s has the rest as its answer
 *	S	it says the rest unasked;  s: without a newline;  X: it closes;  N: it is silent, or
 *		not any more
 *	T	as many seconds pass as the rest has bytes;  1: a peer of the driver says the rest
 *	R	a reload with this as one more setting
 */
#include "fuzz/lib/drive.h"
#include "fuzz/lib/server.h"

static void
run(struct drive *drive, struct server *server, int64_t ms)
{
	bool busy = true;

	for (int64_t step = 100; ms > 0; ms -= step) {
		step = server_step(step, busy, 100, ms);
		drive_run(drive, step);
		busy = server_turn(server);
	}
}

static void
happen(struct drive *drive, struct server *server, char what, const char *rest, size_t len)
{
	switch (what) {
	case 'V':
		memset(server->status, 0, sizeof(server->status));
		memcpy(server->status, rest, len < 99 ? len : 99);
		break;
	case 'A':
		server->silent = true;
		run(drive, server, 5000);
		server_answer(server, rest, len);
		server->silent = false;
		break;
	case 'S':
	case 's':
		server_say(server, rest, len);
		server_say(server, "\n", what == 'S');
		break;
	case 'X':
		wire_close(&server->wire);
		break;
	case 'N':
		server->silent = !server->silent;
		break;
	case 'T':
		run(drive, server, 1000 * (int64_t)(len < 40 ? len : 40));
		break;
	case '1':
	case 'R':
		drive_happen(drive, what, rest, len);
		break;
	}
	run(drive, server, 100);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extern const struct driver dummy_ups_driver;
	static const char *const settings[] = { "port=u@s", NULL };
	const uint8_t *end = data + size;
	struct server server = { 0 };
	struct drive drive = { 0 };
	const char *line;
	size_t len;

	(void)drive_loop(&drive);
	server_begin(&server, drive.sim, "s/server");
	must(drive_begin(&drive, &dummy_ups_driver, settings), "no driver");
	run(&drive, &server, 3000);
	for (int n = 0; n < 40 && fuzz_line(&data, end, &line, &len); n++)
		if (len)
			happen(&drive, &server, *line, line + 1, len - 1);
	drive_check(&drive, false);
	server.silent = true;
	run(&drive, &server, 60000);
	must(!publish_is_fresh(drive.core->publish), "fresh, though nobody answers");
	server_end(&server);
	drive_end(&drive);
	return 0;
}
