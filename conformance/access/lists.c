#include "lists.h"

#include <stdio.h>
#include <string.h>

void
put_lists(struct bench *bench, const char *lines)
{
	char text[4096];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1 %d\nDATAPATH %s\n%s", bench->port,
	    bench->dir, lines);
	put_file(bench, "upsd.conf", text);
}

void
serve_lists(struct bench *bench)
{
	struct conn *conn = NULL;

	launch_upsd(bench, NULL);
	for (int64_t end = now_ms() + 10000; !conn;) {
		need(bench, !bench->upsd->done, "upsd exits at start with wait status %d: %s",
		    bench->upsd->status, log_of(bench, bench->upsd));
		need(bench, now_ms() < end, "upsd does not listen after 10 s");
		conn = try_dial(bench, "127.0.0.1", bench->port);
		if (!conn)
			bench_turn(bench, 5);
	}
	hang_up(bench, conn);
}

/* What an upsd does that never heard of such lines: it passes them over, or does not start. */
static bool
has_lists(struct bench *bench)
{
	struct conn *conn = NULL;
	const char *line;
	bool has;

	put_lists(bench, "ACL nobody 192.0.2.1/32\nACCESS deny all nobody\n");
	launch_upsd(bench, NULL);
	for (int64_t end = now_ms() + 10000; !conn && !bench->upsd->done && now_ms() < end;) {
		conn = try_dial(bench, "127.0.0.1", bench->port);
		if (!conn)
			bench_turn(bench, 5);
	}
	if (!conn) {
		bench->upsd->expected = true;
		return false;
	}
	say(bench, conn, "NETVER");
	line = try_hear(bench, conn, bench->patience_ms);
	has = !line || !matches(bench, "1\\.[0-9]", line);
	hang_up(bench, conn);
	stop_upsd(bench);
	return has;
}

void
need_lists(struct bench *bench)
{
	static enum { UNKNOWN, HAS, HAS_NOT } answer; /* the same for all cases of this worker */

	if (!answer) {
		answer = has_lists(bench) ? HAS : HAS_NOT;
		put_stock(bench); /* the port of the trial may linger */
	}
	if (answer == HAS_NOT)
		skip(bench, WITHOUT " access lists");
}
