/* upsmon - what two servers say, into a whole upsmon that monitors u@s (primary) and v@w.
 *
 * They answer well, by a status that is OL at first.  A line of the input is one thing that
 * happens, told by its first byte:
 *	V	the status is the rest from now on
 *	A	the next question has the rest as its answer;  a: without a newline
 *	S	s says the rest unasked;  X: it closes;  N: both are silent, or not any more
 *	T	as many seconds pass as the rest has bytes;  F: "upsmon -c fsd";  C: a line of
 *		upsmon.conf;  R: reload
 *
 * It never shuts down unless somebody gave it a reason, and does it once. */
#include "fuzz/lib/wire.h"

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
	struct wire server[2];
	int listener[2];
	char status[100];
	char *next; /* owned: the answer to the next question; NULL: a good one */
	bool newline, silent;
	bool reason; /* there is one to shut down */
	unsigned shutdowns;
	bool finished;
};

static const char *const where[2] = { "s/server", "w/server" };

/* ---- the process around it ---- */

static void
shut_down(void *owner, bool primary)
{
	struct stage *stage = owner;

	must(stage->reason, "a shutdown for no reason");
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

/* ---- the servers ---- */

/* All that may make a host shut down: OB LB, OB and silence, OFF, OVER, ALARM, FSD, the end of a
 * supply's mains. */
static void
note_reason(struct stage *stage, const char *bytes, size_t len)
{
	static const char *const words[] = { "OB", "LB", "FSD", "OFF", "OVER", "ALARM" };
	char *text = fuzz_text(bytes, len);

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		stage->reason = stage->reason || strcasestr(text, words[i]);
	free(text);
}

static void
say(struct stage *stage, int i, const char *text)
{
	note_reason(stage, text, strlen(text));
	wire_send(&stage->server[i], text, strlen(text));
}

static void
answer(struct stage *stage, int i, const char *line)
{
	if (stage->next) {
		say(stage, i, stage->next);
		say(stage, i, stage->newline ? "\n" : "");
		free(stage->next);
		stage->next = NULL;
	} else if (!strncmp(line, "GET VAR", 7)) {
		say(stage, i, line + 4);
		say(stage, i, " \"");
		say(stage, i, strstr(line, "ups.status") ? stage->status : "x");
		say(stage, i, "\"\n");
	} else if (!strncmp(line, "GET NUMLOGINS", 13) || !strncmp(line, "GET ", 4)) {
		say(stage, i, line + 4);
		say(stage, i, " 1\n");
	} else if (!strncmp(line, "LIST ", 5)) {
		say(stage, i, "BEGIN ");
		say(stage, i, line);
		say(stage, i, "\nEND ");
		say(stage, i, line);
		say(stage, i, "\n");
	} else if (!strncmp(line, "STARTTLS", 8)) {
		say(stage, i, "ERR FEATURE-NOT-CONFIGURED\n");
	} else {
		say(stage, i, "OK\n");
	}
}

static void
serve(struct stage *stage, int i)
{
	struct wire *wire = &stage->server[i];

	wire_accept(wire, stage->sim, where[i], stage->listener[i]);
	wire_read(wire);
	for (;;) {
		char *bytes = buf_bytes(&wire->in);
		char *newline = bytes ? memchr(bytes, '\n', buf_len(&wire->in)) : NULL;

		if (!newline)
			return;
		*newline = '\0';
		if (!stage->silent)
			answer(stage, i, bytes);
		buf_take(&wire->in, (size_t)(newline - bytes) + 1);
	}
}

static void
run(struct stage *stage, int64_t ms)
{
	for (int64_t step = ms < 250 ? ms : 250; ms > 0; ms -= step) {
		sim_run(stage->sim, step);
		for (int i = 0; i < 2; i++)
			serve(stage, i);
		if (stage->finished && stage->upsmon) {
			upsmon_free(stage->upsmon);
			stage->upsmon = NULL;
		}
	}
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
	struct addr at;

	fuzz_log();
	stage->sim = sim_new(1);
	strcpy(stage->status, "OL");
	addr_any(&at, AF_INET, 3493);
	for (int i = 0; i < 2; i++) {
		stage->server[i].fd = -1;
		stage->server[i].in.max = 16 << 20;
		stage->listener[i] = wire_listen(stage->sim, where[i], &at);
	}
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
		wire_close(&stage->server[i]);
	sim_free(stage->sim);
	buf_free(&stage->conf);
	free(stage->next);
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
		memset(stage->status, 0, sizeof(stage->status));
		memcpy(stage->status, rest, len < 99 ? len : 99);
		break;
	case 'A':
	case 'a':
		free(stage->next);
		stage->next = fuzz_text(rest, len);
		stage->newline = what == 'A';
		run(stage, 6000);
		break;
	case 'S':
		note_reason(stage, rest, len);
		wire_send(&stage->server[0], rest, len);
		wire_send(&stage->server[0], "\n", 1);
		break;
	case 'X':
		wire_close(&stage->server[0]);
		break;
	case 'N':
		stage->silent = !stage->silent;
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
