/* upsmon - what two servers say, into a whole upsmon that monitors u@s (primary) and v@w.
 *
 * They answer well, by a status that is OL at first.  A line of the input is one thing that
 * happens, told by its first byte:
 *	V	the status is the rest from now on
 *	A	the next question to s has the rest as its answer
 *	S	s says the rest unasked;  s: without a newline;  X: it closes;  N: both are silent,
 *		or not any more
 *	T	as many seconds pass as the rest has bytes;  F: "upsmon -c fsd";  C: a line of
 *		upsmon.conf;  R: reload
 *
 * It never shuts down unless somebody gave it a reason, and does it once. */
#include "fuzz/lib/server.h"

#include "upsmon/upsmon.h"

#include <signal.h>

#define CONF                                                                                       \
	"MONITOR u@s 1 mon m primary\nMONITOR v@w 1 mon m secondary\nMINSUPPLIES 2\n"              \
	"SHUTDOWNCMD /bin/true\nNOTIFYCMD /bin/true\nNOTIFYFLAG ONBATT SYSLOG+EXEC\n"              \
	"NOTIFYFLAG COMMBAD SYSLOG+WALL+EXEC\nDEADTIME 15\nOFFDURATION 10\nOVERDURATION 10\n"      \
	"ALARMCRITICAL yes\nFINALDELAY 1\nPOWERDOWNFLAG /nowhere/flag\n"

struct stage {
	struct sim *sim;
	struct upsmon *upsmon;
	struct buf conf;
	struct server server[2];
	bool reason; /* there is one to shut down, whatever the servers say */
	unsigned shutdowns;
	bool finished;
};

/* ---- the process around it ---- */

/* All that may make a host shut down: OB LB, OB and silence, BYPASS and silence, OFF, OVER, ALARM,
 * FSD. */
static bool
gave_reason(const struct server *server)
{
	static const char *const words[] = { "OB", "LB", "BYPASS", "FSD", "OFF", "OVER", "ALARM" };
	char *text = fuzz_text(buf_bytes(&server->said), buf_len(&server->said));
	bool found = false;

	for (size_t i = 0; i < buf_len(&server->said); i += strlen(text + i) + 1)
		for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++)
			found = found || strcasestr(text + i, words[k]);
	free(text);
	return found;
}

static void
shut_down(void *owner, bool primary)
{
	struct stage *stage = owner;

	must(stage->reason || gave_reason(&stage->server[0]) || gave_reason(&stage->server[1]),
	    "a shutdown for no reason");
	must(stage->shutdowns++ == 0, "a second shutdown");
}

static void
finished(void *owner)
{
	struct stage *stage = owner;

	stage->finished = true;
}

static void
got_signal(void *owner, int signal)
{
	struct stage *stage = owner;

	if (stage->upsmon && signal == SIGCHLD)
		upsmon_child_ended(stage->upsmon);
}

static void
run(struct stage *stage, int64_t ms)
{
	bool busy = true;

	for (int64_t step = 250; ms > 0; ms -= step) {
		step = server_step(step, busy, 250, ms);
		sim_run(stage->sim, step);
		busy = server_turn(&stage->server[0]);
		busy = server_turn(&stage->server[1]) || busy;
		if (stage->finished && stage->upsmon) {
			upsmon_free(stage->upsmon);
			stage->upsmon = NULL;
		}
	}
}

/* The next question that s is asked has this as its answer; it may take a while to come. */
static void
answer_once(struct stage *stage, const char *text, size_t len)
{
	struct server *server = &stage->server[0];
	bool silent = server->silent;

	server->silent = true;
	for (int i = 0; i < 30 && !buf_len(&server->wire.in); i++)
		run(stage, 250);
	server_answer(server, text, len);
	server->silent = silent;
}

/* ---- the whole ---- */

static struct monconf *
conf_of(const struct buf *text)
{
	struct conffile *file = conffile_from("upsmon.conf", buf_bytes(text), buf_len(text));
	struct faults faults = { 0 };
	struct monconf *conf;

	must(file, "no memory");
	conf = monconf_from(file, &faults);
	faults_log(&faults);
	faults_free(&faults);
	conffile_close(file);
	return conf;
}

static void
begin(struct stage *stage)
{
	static const struct upsmon_calls calls = { shut_down, finished };
	const struct upsmon_settings settings = { .calls = &calls, .owner = stage };
	struct monconf *conf;

	fuzz_log();
	stage->sim = sim_new(1);
	server_begin(&stage->server[0], stage->sim, "s/server");
	server_begin(&stage->server[1], stage->sim, "w/server");
	buf_add_text(&stage->conf, CONF);
	must(conf = conf_of(&stage->conf), "its configuration is faulty");
	stage->upsmon = upsmon_new(sim_loop(stage->sim, "h/upsmon"), conf, &settings);
	must(stage->upsmon, "no memory");
	sim_signals(stage->sim, "h/upsmon", got_signal, stage);
	run(stage, 3000);
}

static void
end(struct stage *stage)
{
	upsmon_free(stage->upsmon);
	for (int i = 0; i < 2; i++)
		server_end(&stage->server[i]);
	sim_free(stage->sim);
	buf_free(&stage->conf);
}

static void
reload(struct stage *stage)
{
	struct monconf *conf = stage->upsmon ? conf_of(&stage->conf) : NULL;

	if (!conf)
		return;
	upsmon_adopt(stage->upsmon, conf);
	stage->reason = true; /* another MINSUPPLIES may be one */
}

static void
happen(struct stage *stage, char what, const char *rest, size_t len)
{
	switch (what) {
	case 'V':
		for (int i = 0; i < 2; i++) {
			memset(stage->server[i].status, 0, sizeof(stage->server[i].status));
			memcpy(stage->server[i].status, rest, len < 99 ? len : 99);
		}
		break;
	case 'A':
		answer_once(stage, rest, len);
		break;
	case 'S':
	case 's':
		server_say(&stage->server[0], rest, len);
		server_say(&stage->server[0], "\n", what == 'S');
		break;
	case 'X':
		wire_close(&stage->server[0].wire);
		break;
	case 'N':
		stage->server[0].silent = stage->server[1].silent = !stage->server[0].silent;
		break;
	case 'F':
		stage->reason = true;
		if (stage->upsmon)
			upsmon_force(stage->upsmon);
		break;
	case 'C':
		buf_add(&stage->conf, rest, len);
		buf_add_text(&stage->conf, "\n");
		break;
	case 'R':
		reload(stage);
		break;
	case 'T':
		run(stage, 1000 * (int64_t)(len < 60 ? len : 60));
		break;
	}
	run(stage, 250);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end_of_data = data + size;
	struct stage stage = { 0 };
	const char *line;
	size_t len;

	begin(&stage);
	for (int n = 0; n < 30 && fuzz_line(&data, end_of_data, &line, &len); n++)
		if (len)
			happen(&stage, *line, line + 1, len - 1);
	run(&stage, 5000);
	end(&stage);
	return 0;
}
