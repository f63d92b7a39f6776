#include "story.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dialect.h"
#include "feed.h"
#include "inside.h"
#include "talk.h"

enum { FEEDS = 4, START_MS = 8000, TURN_MS = 20 };

struct story {
	struct bench *bench;
	struct feed *feeds[FEEDS];
	char role[FEEDS][16];
	bool other_password; /* than the one it began with */
	int power[FEEDS];
	char conf[2048];     /* lines of the case */
	char without[8][32]; /* directives that are left out */
	size_t without_len;
	struct process *upsmon;
	char option[16]; /* one more for upsmon */
	struct process *stranger;
	long files;	   /* descriptors it had */
	struct feed *feed; /* the one a step speaks of */
	const char *rest;  /* what follows the first word of a step */
};

/* ---- upsmon and its files ---- */

static const char *const types[] = { "ONLINE", "ONBATT", "LOWBATT", "FSD", "COMMOK", "COMMBAD",
	"SHUTDOWN", "REPLBATT", "NOCOMM", "NOPARENT", "CAL", "NOTCAL", "OFF", "NOTOFF", "BYPASS",
	"NOTBYPASS", "ECO", "NOTECO", "ALARM", "NOTALARM", "OVER", "NOTOVER", "TRIM", "NOTTRIM",
	"BOOST", "NOTBOOST", "OTHER", "NOTOTHER", "SHUTDOWN_HOSTSYNC" };

static void
put_script(struct bench *bench, const char *name, const char *what, const char *text)
{
	char file[128];

	snprintf(file, sizeof(file), "%s-%s", name, what);
	if (!access(path_of(bench, file), F_OK))
		return; /* it may be running */
	put_file(bench, file, text);
	if (chmod(path_of(bench, file), 0755))
		fail(bench, "suite: %s: %s", file, strerror(errno));
}

void
monitor_files(struct bench *bench, const char *name, const char *lines)
{
	char text[8192], file[128], tell[32];
	size_t used;

	snprintf(tell, sizeof(tell), "tell.%u", bench->cases);
	snprintf(text, sizeof(text),
	    "#!/bin/sh\nprintf '%%s|%%s|%%s\\n' \"$NOTIFYTYPE\" \"$UPSNAME\" \"$1\" >>%s/%s.%s\n",
	    bench->dir, name, tell);
	put_script(bench, name, tell, text);
	snprintf(text, sizeof(text),
	    "#!/bin/sh\nflag=noflag\n[ ! -e %s/%s.flag ] || flag=flag\n"
	    "echo \"$flag\" >>%s/%s.ran\n",
	    bench->dir, name, bench->dir, name);
	put_script(bench, name, "shut", text);
	snprintf(text, sizeof(text),
	    "SHUTDOWNCMD \"%s/%s-shut\"\nNOTIFYCMD %s/%s-%s\nPOWERDOWNFLAG %s/%s.flag\n"
	    "POLLFREQ 1\nPOLLFREQALERT 1\nDEADTIME 3\nHOSTSYNC 2\nFINALDELAY 0\n",
	    bench->dir, name, bench->dir, name, tell, bench->dir, name);
	used = strlen(text);
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		used += (size_t)snprintf(
		    text + used, sizeof(text) - used, "NOTIFYFLAG %s SYSLOG+EXEC\n", types[i]);
	snprintf(text + used, sizeof(text) - used, "%s", lines);
	snprintf(file, sizeof(file), "%s.conf", name);
	put_file(bench, file, text);
	snprintf(file, sizeof(file), "%s.pids", name);
	if (mkdir(path_of(bench, file), 0755) && errno != EEXIST)
		fail(bench, "suite: %s: %s", file, strerror(errno));
}

/* The pid file in the place that the target insists on might be that of the host's own upsmon: no
 * case may write it, nor send a signal to whom it names. */
static void
need_pid_file(struct bench *bench)
{
	if (!pid_dir_is_private(bench))
		skip(bench,
		    "its upsmon keeps its pid file in %s (docs/conformance.md, pid_dir), which "
		    "cannot "
		    "be made private here: there are no user namespaces",
		    bench->target->pid_dir);
}

pid_t
upsmon_pid(struct bench *bench, const char *name)
{
	char file[64];
	pid_t pid;

	need_pid_file(bench);
	snprintf(file, sizeof(file), "%s.pids/upsmon.pid", name);
	pid = (pid_t)atol(get_file(bench, file));
	need(bench, pid > 1, "there is no pid file");
	return pid;
}

/* `upsmon -f NAME.conf MORE...' with NAME's own place for the pid file. */
static struct process *
spawn_upsmon(struct bench *bench, const char *name, const char *const *more)
{
	const char *argv[24];
	char path[512], conf[512], pids[512];
	struct process *process;
	size_t len = 0;

	if (!pid_dir_is_private(bench) && !access(bench->target->pid_dir, W_OK))
		need_pid_file(bench);
	snprintf(path, sizeof(path), "%s/%s", bench->target->sbindir, bench->target->upsmon);
	snprintf(conf, sizeof(conf), "%s/%s.conf", bench->dir, name);
	snprintf(pids, sizeof(pids), "%s/%s.pids", bench->dir, name);
	argv[len++] = path;
	argv[len++] = "-f";
	argv[len++] = conf;
	for (; *more && len < 23; more++)
		argv[len++] = *more;
	argv[len] = NULL;
	bench->pid_dir = pids;
	process = spawn(bench, name, argv);
	bench->pid_dir = NULL;
	return process;
}

struct process *
launch_upsmon(struct bench *bench, const char *name, const char *const *more)
{
	const char *argv[24] = { bench->target->dialect->foreground };
	char room[128];
	size_t len = 1;

	snprintf(room, sizeof(room), "%s", geteuid() ? "" : bench->target->as_root);
	for (char *word = strtok(room, " "); word && len < 16; word = strtok(NULL, " "))
		argv[len++] = word;
	for (; more && *more && len < 23; more++)
		argv[len++] = *more;
	return spawn_upsmon(bench, name, argv);
}

/* ---- Steps ---- */

static void
turn(struct story *story)
{
	for (int i = 0; i < FEEDS; i++)
		if (story->feeds[i])
			feed_turn(story->bench, story->feeds[i]);
	bench_turn(story->bench, TURN_MS);
}

static bool
leaves_out(const struct story *story, const char *line)
{
	for (size_t i = 0; i < story->without_len; i++)
		if (!strncmp(line, story->without[i], strlen(story->without[i])))
			return true;
	return false;
}

static void
put_conf(struct story *story)
{
	char lines[4096], kept[8192];
	size_t used = 0;

	for (int i = 0; i < FEEDS; i++)
		if (story->feeds[i] && story->power[i] >= 0)
			used += (size_t)snprintf(lines + used, sizeof(lines) - used,
			    "MONITOR u@127.0.0.1:%d %d mon %s %s\n", story->feeds[i]->server.port,
			    story->power[i], story->other_password ? "other" : "monsecret",
			    story->role[i]);
	snprintf(lines + used, sizeof(lines) - used, "%s", story->conf);
	monitor_files(story->bench, "mon", lines);
	if (!story->without_len)
		return;
	used = 0;
	for (const char *line = get_file(story->bench, "mon.conf"); *line;) {
		size_t len = strcspn(line, "\n") + 1;

		if (!leaves_out(story, line) && used + len < sizeof(kept)) {
			memcpy(kept + used, line, len);
			used += len;
		}
		line += len;
	}
	put_bytes(story->bench, "mon.conf", kept, used);
}

/* TEXT with DIR for the private folder. */
static const char *
with_dir(struct story *story, const char *text)
{
	static char out[1024];
	size_t used = 0;

	for (const char *hole; (hole = strstr(text, "DIR")) != NULL; text = hole + 3)
		used += (size_t)snprintf(out + used, sizeof(out) - used, "%.*s%s",
		    (int)(hole - text), text, story->bench->dir);
	snprintf(out + used, sizeof(out) - used, "%s", text);
	return out;
}

static void
step_conf(struct story *story)
{
	size_t used = strlen(story->conf);

	snprintf(
	    story->conf + used, sizeof(story->conf) - used, "%s\n", with_dir(story, story->rest));
	if (story->upsmon)
		put_conf(story);
}

static void
step_noconf(struct story *story)
{
	if (story->without_len < 8)
		snprintf(story->without[story->without_len++], 32, "%s", story->rest);
	if (story->upsmon)
		put_conf(story);
}

static void
step_launch(struct story *story)
{
	const char *more[] = { *story->option ? story->option : NULL, NULL };

	put_conf(story);
	story->upsmon = launch_upsmon(story->bench, "mon", more);
}

static bool
all_polled(const struct story *story)
{
	for (int i = 0; i < FEEDS; i++)
		if (story->feeds[i] && !story->feeds[i]->polls && !story->feeds[i]->frozen &&
		    story->feeds[i]->server.listener != -1)
			return false;
	return true;
}

static void
step_start(struct story *story)
{
	int64_t end = now_ms() + START_MS;

	step_launch(story);
	while (!all_polled(story)) {
		need(story->bench, !story->upsmon->done, "upsmon exits at start: %s",
		    log_of(story->bench, story->upsmon));
		need(story->bench, now_ms() < end, "upsmon polls nobody");
		turn(story);
	}
}

static void
add_feed(struct story *story, int which, const char *role, int power)
{
	need(story->bench, which >= 0 && which < FEEDS && !story->feeds[which], "suite: server");
	story->feeds[which] = feed_new(story->bench);
	snprintf(story->role[which], sizeof(story->role[which]), "%s", role);
	story->power[which] = power;
}

static void
step_server(struct story *story)
{
	char role[16] = "primary", letter = 'b';
	int power = 1;

	need(story->bench, sscanf(story->rest, "%c %15s %d", &letter, role, &power) >= 1,
	    "suite: server");
	add_feed(story, letter - 'a', role, power);
	if (story->upsmon)
		put_conf(story);
}

static void
step_drop(struct story *story)
{
	story->power[story->rest[0] - 'a'] = -1;
	put_conf(story);
}

static void
step_option(struct story *story)
{
	snprintf(story->option, sizeof(story->option), "%s", story->rest);
}

static void
step_role(struct story *story)
{
	snprintf(story->role[0], sizeof(story->role[0]), "%s", story->rest);
	put_conf(story);
}

static void
step_password(struct story *story)
{
	story->other_password = true;
	put_conf(story);
}

static void
step_power(struct story *story)
{
	story->power[0] = atoi(story->rest);
}

/* Copy TEXT, %hh being a byte. */
static void
unhex(char *out, size_t size, const char *text)
{
	size_t used = 0;
	unsigned byte;

	for (; *text && used + 1 < size; text++)
		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			out[used++] = (char)byte;
			text += 2;
		} else {
			out[used++] = *text;
		}
	out[used] = '\0';
}

static void
step_is(struct story *story)
{
	snprintf(story->feed->words, sizeof(story->feed->words), "%s", story->rest);
	story->feed->raw[0] = '\0';
	story->feed->flood = 0;
}

static void
step_alarm(struct story *story)
{
	snprintf(story->feed->alarm, sizeof(story->feed->alarm), "%s", story->rest);
}

static void
step_raw(struct story *story)
{
	unhex(story->feed->raw, sizeof(story->feed->raw), story->rest);
}

static void
step_flood(struct story *story)
{
	story->feed->flood = (size_t)atol(story->rest);
}

static void
step_drip(struct story *story)
{
	story->feed->drip_ms = atoi(story->rest);
}

static void
step_freeze(struct story *story)
{
	feed_freeze(story->bench, story->feed, true);
}

static void
step_go(struct story *story)
{
	feed_freeze(story->bench, story->feed, false);
}

static void
step_hangup(struct story *story)
{
	feed_close(story->bench, story->feed, false);
}

static void
step_vanish(struct story *story)
{
	feed_close(story->bench, story->feed, true);
}

static void
step_listen(struct story *story)
{
	server_listen(story->bench, &story->feed->server);
}

static void
step_others(struct story *story)
{
	story->feed->others = atoi(story->rest);
}

static void
step_refuse(struct story *story)
{
	story->feed->refuse = true;
}

static void
step_old(struct story *story)
{
	story->feed->old = true;
}

static void
step_polls(struct story *story)
{
	unsigned wanted = story->feed->polls + (unsigned)atoi(story->rest);
	int64_t end = now_ms() + story->bench->patience_ms + 3000 * atoi(story->rest);

	while (story->feed->polls < wanted) {
		need(story->bench, now_ms() < end, "upsmon polls no more");
		turn(story);
	}
}

static void
step_login(struct story *story)
{
	int64_t end = now_ms() + story->bench->patience_ms;

	while (feed_logins(story->bench, story->feed) != atoi(story->rest)) {
		need(story->bench, now_ms() < end, "%d clients are logged in instead of %s",
		    feed_logins(story->bench, story->feed), story->rest);
		turn(story);
	}
}

static bool
has_heard(const struct feed *feed, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = feed->server.heard.at; at && (at = strstr(at, line)); at++)
		if ((at == feed->server.heard.at || at[-1] == '\n') &&
		    (at[len] == '\n' || at[len] == '\r'))
			return true;
	return false;
}

static void
step_heard(struct story *story)
{
	int64_t end = now_ms() + story->bench->patience_ms;

	while (!has_heard(story->feed, story->rest)) {
		need(story->bench, now_ms() < end, "upsd does not hear '%s'", story->rest);
		turn(story);
	}
}

static void
step_unheard(struct story *story)
{
	need(story->bench, !has_heard(story->feed, story->rest), "upsd hears '%s'", story->rest);
}

/* All that this case's upsmon told. */
static const char *
all_told(struct story *story)
{
	char file[64];

	snprintf(file, sizeof(file), "mon.tell.%u", story->bench->cases);
	return get_file(story->bench, file);
}

/* How often the notification TYPE was told with TEXT behind it. */
static int
told(struct story *story, const char *type, const char *text)
{
	size_t len = strlen(type);
	int count = 0;

	for (char *line = (char *)(uintptr_t)all_told(story), *next; line && *line; line = next) {
		if ((next = strchr(line, '\n')))
			*next++ = '\0';
		count +=
		    !strncmp(line, type, len) && line[len] == '|' && strstr(line, text) != NULL;
	}
	return count;
}

static void
step_told(struct story *story)
{
	int64_t end = now_ms() + story->bench->patience_ms;
	const char *text = story->rest;
	int wanted = 0, used = 0, count;
	char type[64];

	if (sscanf(text, "%d %n", &wanted, &used) == 1)
		text += used;
	need(story->bench, sscanf(text, "%63s %n", type, &used) == 1, "suite: told");
	text += used;
	while ((count = told(story, type, text)) < (wanted ? wanted : 1)) {
		need(story->bench, now_ms() < end, "%s %s is told %d times; told was: %s", type,
		    text, count, all_told(story));
		turn(story);
	}
	need(story->bench, !wanted || count == wanted, "%s is told %d times instead of %d", type,
	    count, wanted);
}

static void
step_untold(struct story *story)
{
	need(story->bench, !told(story, story->rest, ""), "%s is told", story->rest);
}

static int
times_shut(struct story *story)
{
	int lines = 0;

	for (const char *at = get_file(story->bench, "mon.ran"); (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

static void
step_shut(struct story *story)
{
	int ms = *story->rest ? atoi(story->rest) : story->bench->patience_ms;
	int64_t begin = now_ms();

	while (!times_shut(story)) {
		need(story->bench, now_ms() - begin < ms, "no shutdown within %d ms", ms);
		turn(story);
	}
	need(story->bench, times_shut(story) == 1, "SHUTDOWNCMD runs twice");
}

static void
step_up(struct story *story)
{
	int64_t end = now_ms() + atoi(story->rest);

	while (now_ms() < end) {
		need(story->bench, !times_shut(story), "it shuts down");
		turn(story);
	}
}

static void
step_flag(struct story *story)
{
	const char *ran = get_file(story->bench, "mon.ran");

	need(story->bench, !strncmp(ran, "flag", 4), "POWERDOWNFLAG was not there");
}

static void
step_noflag(struct story *story)
{
	const char *ran = get_file(story->bench, "mon.ran");

	need(story->bench, !strncmp(ran, "noflag", 6), "POWERDOWNFLAG was there");
}

static void
step_once(struct story *story)
{
	int64_t end = now_ms() + 1500;

	while (now_ms() < end)
		turn(story);
	need(story->bench, times_shut(story) == 1, "SHUTDOWNCMD runs %d times", times_shut(story));
}

static void
step_ends(struct story *story)
{
	struct process *upsmon = story->upsmon;
	int64_t end = now_ms() + story->bench->patience_ms;

	while (!upsmon->done && now_ms() < end)
		turn(story);
	upsmon->expected = true;
	need(story->bench, upsmon->done, "upsmon does not end");
	need(story->bench,
	    WIFEXITED(upsmon->status) && WEXITSTATUS(upsmon->status) == atoi(story->rest),
	    "upsmon ends with wait status 0x%x", (unsigned)upsmon->status);
}

static void
step_lives(struct story *story)
{
	turn(story);
	need(story->bench, !story->upsmon->done, "upsmon ended with wait status 0x%x",
	    (unsigned)story->upsmon->status);
}

static void
step_signal(struct story *story)
{
	static const struct {
		const char *name;
		int signal;
	} signals[] = { { "HUP", SIGHUP }, { "TERM", SIGTERM }, { "USR1", SIGUSR1 },
		{ "STOP", SIGSTOP }, { "CONT", SIGCONT }, { "KILL", SIGKILL } };
	pid_t pid = upsmon_pid(story->bench, "mon");

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if (!strcmp(signals[i].name, story->rest))
			kill(pid, signals[i].signal);
}

static void
step_command(struct story *story)
{
	char room[1100];
	const char *argv[16];
	char pid[32];
	struct process *process;
	size_t len = 0;
	char *status;

	need_pid_file(story->bench);
	snprintf(room, sizeof(room), "%s", with_dir(story, story->rest));
	status = strtok(room, " ");
	for (char *word = strtok(NULL, " "); word && len < 15; word = strtok(NULL, " ")) {
		if (!strcmp(word, "PID")) {
			snprintf(pid, sizeof(pid), "%d", (int)upsmon_pid(story->bench, "mon"));
			word = pid;
		} else if (!strcmp(word, "-F")) {
			argv[len++] = story->bench->target->dialect->foreground;
			continue;
		}
		argv[len++] = word;
	}
	argv[len] = NULL;
	if (!story->upsmon)
		put_conf(story);
	process = spawn_upsmon(story->bench, "mon", argv);
	process->expected = true;
	need(story->bench, wait_end(story->bench, process, story->bench->patience_ms),
	    "`upsmon %s' does not end", story->rest);
	need(story->bench,
	    WIFEXITED(process->status) &&
		(*status == '*' || WEXITSTATUS(process->status) == atoi(status)),
	    "`upsmon %s' ends with wait status 0x%x: %s", story->rest, (unsigned)process->status,
	    log_of(story->bench, process));
}

static void
step_file(struct story *story)
{
	char name[64];
	size_t len = strcspn(story->rest, " ");

	snprintf(name, sizeof(name), "%.*s", (int)len, story->rest);
	put_file(story->bench, name, story->rest[len] ? story->rest + len + 1 : "");
}

static void
step_exists(struct story *story)
{
	need(story->bench, !access(path_of(story->bench, story->rest), F_OK), "%s is missing",
	    story->rest);
}

static void
step_missing(struct story *story)
{
	need(story->bench, access(path_of(story->bench, story->rest), F_OK), "%s is there",
	    story->rest);
}

static void
step_log(struct story *story)
{
	int64_t end = now_ms() + story->bench->patience_ms;

	while (!log_count(story->bench, story->upsmon, story->rest)) {
		need(story->bench, now_ms() < end, "its log does not say '%s': %s", story->rest,
		    log_of(story->bench, story->upsmon));
		turn(story);
	}
}

static void
step_patience(struct story *story)
{
	story->bench->patience_ms = atoi(story->rest);
}

/* "paced 3 2000 9000": three more polls take from 2 to 9 s. */
static void
step_paced(struct story *story)
{
	int polls = 0, least = 0, most = 0;
	int64_t begin = now_ms(), took;
	unsigned wanted;

	need(story->bench, sscanf(story->rest, "%d %d %d", &polls, &least, &most) == 3,
	    "suite: paced");
	wanted = story->feed->polls + (unsigned)polls;
	while (story->feed->polls < wanted && now_ms() - begin < most)
		turn(story);
	took = now_ms() - begin;
	need(story->bench, story->feed->polls >= wanted, "not %d polls within %d ms", polls, most);
	need(story->bench, took >= least, "%d polls within %d ms", polls, (int)took);
}

/* "logless 4 TEXT": fewer than 4 lines say TEXT. */
static void
step_logless(struct story *story)
{
	int most = atoi(story->rest);
	const char *text = strchr(story->rest, ' ');
	unsigned count = text ? log_count(story->bench, story->upsmon, text + 1) : 0;

	need(story->bench, count < (unsigned)most, "its log says %u times '%s'", count, text);
}

/* A pid file that names a process which is to live to the end. */
static void
step_stranger(struct story *story)
{
	static const char *const argv[] = { "/bin/sleep", "100", NULL };
	char text[32];

	need_pid_file(story->bench);
	put_conf(story);
	story->stranger = spawn(story->bench, "stranger", argv);
	snprintf(text, sizeof(text), "%ld\n", (long)story->stranger->pid);
	put_file(story->bench, "mon.pids/upsmon.pid", text);
}

/* As many descriptors as the last time. */
static void
step_files(struct story *story)
{
	struct process child = { .pid = upsmon_pid(story->bench, "mon") };
	long count = open_files(&child);

	need(story->bench, !story->files || count <= story->files,
	    "it has %ld descriptors, and had %ld", count, story->files);
	story->files = count;
}

static void
step_after(struct story *story)
{
	int64_t end = now_ms() + atoi(story->rest);

	while (now_ms() < end)
		turn(story);
}

static const struct {
	const char *word;
	void (*run)(struct story *story);
} steps[] = {
	{ "after", step_after },
	{ "alarm", step_alarm },
	{ "command", step_command },
	{ "conf", step_conf },
	{ "drip", step_drip },
	{ "drop", step_drop },
	{ "ends", step_ends },
	{ "exists", step_exists },
	{ "file", step_file },
	{ "files", step_files },
	{ "flag", step_flag },
	{ "flood", step_flood },
	{ "freeze", step_freeze },
	{ "go", step_go },
	{ "hangup", step_hangup },
	{ "heard", step_heard },
	{ "is", step_is },
	{ "launch", step_launch },
	{ "listen", step_listen },
	{ "lives", step_lives },
	{ "log", step_log },
	{ "login", step_login },
	{ "logless", step_logless },
	{ "missing", step_missing },
	{ "noconf", step_noconf },
	{ "noflag", step_noflag },
	{ "old", step_old },
	{ "once", step_once },
	{ "option", step_option },
	{ "others", step_others },
	{ "paced", step_paced },
	{ "password", step_password },
	{ "patience", step_patience },
	{ "polls", step_polls },
	{ "power", step_power },
	{ "raw", step_raw },
	{ "refuse", step_refuse },
	{ "role", step_role },
	{ "server", step_server },
	{ "shut", step_shut },
	{ "signal", step_signal },
	{ "start", step_start },
	{ "stranger", step_stranger },
	{ "told", step_told },
	{ "unheard", step_unheard },
	{ "untold", step_untold },
	{ "up", step_up },
	{ "vanish", step_vanish },
};

static void
run_step(struct story *story, const char *line)
{
	int which = 0;
	size_t len;

	if (line[0] >= 'a' && line[0] < 'a' + FEEDS && line[1] == ' ') {
		which = line[0] - 'a';
		line += 2;
	}
	story->feed = story->feeds[which];
	len = strcspn(line, " ");
	story->rest = line + len + (line[len] == ' ');
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (strlen(steps[i].word) == len && !strncmp(line, steps[i].word, len)) {
			steps[i].run(story);
			return;
		}
	fail(story->bench, "suite: no such step: %s", line);
}

void
story(struct bench *bench, const char *text)
{
	struct story tale = { .bench = bench };

	add_feed(&tale, 0, "primary", 1);
	while (*text) {
		size_t len = strcspn(text, "\n");
		char line[512];

		need(bench, len < sizeof(line), "suite: long step");
		memcpy(line, text, len);
		line[len] = '\0';
		bench_trace(bench, '#', ' ', line, len);
		run_step(&tale, line);
		text += len + (text[len] == '\n');
	}
	/* What ends by itself after a shutdown is no accident. */
	if (tale.upsmon && times_shut(&tale))
		tale.upsmon->expected = true;
}
