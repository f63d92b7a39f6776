#include "upsmon/notify.h"

#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

static const struct {
	const char *name, *message;
} types[NOTIFY_TYPES] = {
	[NOTIFY_ONLINE] = { "ONLINE", "UPS %s on line power" },
	[NOTIFY_ONBATT] = { "ONBATT", "UPS %s on battery" },
	[NOTIFY_LOWBATT] = { "LOWBATT", "UPS %s battery is low" },
	[NOTIFY_FSD] = { "FSD", "UPS %s: forced shutdown in progress" },
	[NOTIFY_COMMOK] = { "COMMOK", "Communications with UPS %s established" },
	[NOTIFY_COMMBAD] = { "COMMBAD", "Communications with UPS %s lost" },
	[NOTIFY_SHUTDOWN] = { "SHUTDOWN", "Auto logout and shutdown proceeding" },
	[NOTIFY_REPLBATT] = { "REPLBATT", "UPS %s battery needs to be replaced" },
	[NOTIFY_NOCOMM] = { "NOCOMM", "UPS %s is unavailable" },
	[NOTIFY_NOPARENT] = { "NOPARENT", "upsmon parent process died - shutdown impossible" },
	[NOTIFY_CAL] = { "CAL", "UPS %s: calibration in progress" },
	[NOTIFY_NOTCAL] = { "NOTCAL", "UPS %s: calibration finished" },
	[NOTIFY_OFF] = { "OFF", "UPS %s: administratively OFF or asleep" },
	[NOTIFY_NOTOFF] = { "NOTOFF", "UPS %s: no longer administratively OFF or asleep" },
	[NOTIFY_BYPASS] = { "BYPASS", "UPS %s: on bypass (powered, not protecting)" },
	[NOTIFY_NOTBYPASS] = { "NOTBYPASS", "UPS %s: no longer on bypass" },
	[NOTIFY_ECO] = { "ECO", "UPS %s: in ECO mode" },
	[NOTIFY_NOTECO] = { "NOTECO", "UPS %s: no longer in ECO mode" },
	[NOTIFY_ALARM] = { "ALARM", "UPS %s: alarm: %s" },
	[NOTIFY_NOTALARM] = { "NOTALARM", "UPS %s: no more alarms" },
	[NOTIFY_OVER] = { "OVER", "UPS %s: overloaded" },
	[NOTIFY_NOTOVER] = { "NOTOVER", "UPS %s: no longer overloaded" },
	[NOTIFY_TRIM] = { "TRIM", "UPS %s: trimming incoming voltage" },
	[NOTIFY_NOTTRIM] = { "NOTTRIM", "UPS %s: no longer trimming incoming voltage" },
	[NOTIFY_BOOST] = { "BOOST", "UPS %s: boosting incoming voltage" },
	[NOTIFY_NOTBOOST] = { "NOTBOOST", "UPS %s: no longer boosting incoming voltage" },
	[NOTIFY_OTHER] = { "OTHER", "UPS %s: unknown words in its status: %s" },
	[NOTIFY_NOTOTHER] = { "NOTOTHER", "UPS %s: no unknown words in its status" },
	[NOTIFY_SHUTDOWN_HOSTSYNC] = { "SHUTDOWN_HOSTSYNC",
	    "UPS %s: waiting for secondaries to log out" },
	[NOTIFY_SUSPEND_STARTING] = { "SUSPEND_STARTING", "This host is going to sleep" },
	[NOTIFY_SUSPEND_FINISHED] = { "SUSPEND_FINISHED", "This host has woken up" },
	[NOTIFY_SUSPEND_TIMEJUMP_UNEXPECTED] = { "SUSPEND_TIMEJUMP_UNEXPECTED",
	    "This host did not run upsmon for a while" },
};

const char *
notify_name(enum notify_type type)
{
	return types[type].name;
}

const char *
notify_stock_message(enum notify_type type)
{
	return types[type].message;
}

bool
notify_type_parse(const char *name, enum notify_type *out)
{
	for (size_t i = 0; i < NOTIFY_TYPES; i++)
		if (!strcasecmp(name, types[i].name)) {
			*out = (enum notify_type)i;
			return true;
		}
	return false;
}

/* The flag that the LEN bytes of TEXT name, 0 for none. */
static unsigned
flag_named(const char *text, size_t len)
{
	static const struct {
		const char *name;
		unsigned flag;
	} flags[] = { { "SYSLOG", NOTIFY_SYSLOG }, { "WALL", NOTIFY_WALL },
		{ "EXEC", NOTIFY_EXEC } };

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (strlen(flags[i].name) == len && !strncasecmp(text, flags[i].name, len))
			return flags[i].flag;
	return 0;
}

bool
notify_flags_parse(const char *text, unsigned *out)
{
	unsigned flags = 0, flag;

	if (!strcasecmp(text, "IGNORE")) {
		*out = 0;
		return true;
	}
	for (;;) {
		size_t len = strcspn(text, "+");

		if (!(flag = flag_named(text, len)))
			return false;
		flags |= flag;
		if (!text[len])
			break;
		text += len + 1;
	}
	*out = flags;
	return true;
}

bool
notify_format(struct buf *out, const char *message, const char *ups, const char *extra)
{
	const char *next[] = { ups, extra, "" };
	size_t used = 0;

	for (const char *c = message; *c; c++) {
		if (c[0] == '%' && c[1] == 's') {
			buf_add_text(out, next[used] ? next[used] : "");
			used += used < 2;
			c++;
		} else {
			buf_add(out, c, 1);
			c += c[0] == '%' && c[1] == '%';
		}
	}
	return !out->failed;
}

/* ---- Delivery ---- */

/* A program to run, or running. */
struct run {
	struct run *next;
	char **argv;  /* owned */
	char *env[3]; /* owned; NULL-ended */
	pid_t pid;    /* 0: waits */
	int64_t began_ms;
	struct timer limit;
	struct notifier *notifier;
};

struct notifier {
	struct loop *loop;
	struct run *waiting, **waiting_end, *running;
	size_t waiting_len, running_len;
	struct timer again; /* look whether one of those that wait may begin */
	struct log_rate full;
};

static void start_waiting(void *owner);

struct notifier *
notifier_new(struct loop *loop)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));

	if (notifier) {
		notifier->loop = loop;
		notifier->waiting_end = &notifier->waiting;
		notifier->again = (struct timer){ .fire = start_waiting, .owner = notifier };
		notifier->full = (struct log_rate){ .each_ms = 60000, .burst = 1 };
	}
	return notifier;
}

static void
run_free(struct run *run)
{
	if (!run)
		return;
	loop_timer_clear(run->notifier->loop, &run->limit);
	for (size_t i = 0; run->argv && run->argv[i]; i++)
		free(run->argv[i]);
	free(run->argv);
	free(run->env[0]);
	free(run->env[1]);
	free(run);
}

static void
free_list(struct run *run)
{
	while (run) {
		struct run *next = run->next;

		run_free(run);
		run = next;
	}
}

void
notifier_free(struct notifier *notifier)
{
	if (!notifier)
		return;
	loop_timer_clear(notifier->loop, &notifier->again);
	free_list(notifier->waiting);
	free_list(notifier->running); /* they finish without us */
	free(notifier);
}

size_t
notifier_busy(const struct notifier *notifier)
{
	return notifier->waiting_len + notifier->running_len;
}

/* What the log calls it: a line for the shell by its $0. */
static const char *
name_of(char *const *argv)
{
	bool line = !strcmp(argv[0], "/bin/sh") && argv[1] && !strcmp(argv[1], "-c");

	return line && argv[2] && argv[3] ? argv[3] : argv[0];
}

static void
kill_hung(void *owner)
{
	struct run *run = owner;

	log_warnx("%s runs for more than %d s: killed, with all that it has started",
	    name_of(run->argv), NOTIFY_TIMEOUT_MS / 1000);
	loop_world(run->notifier->loop)
	    ->kill(loop_world(run->notifier->loop)->owner, -run->pid, SIGKILL);
}

/* What happened to a UPS is told in its order: were ONBATT and ONLINE told at once, upssched might
 * cancel first what it then starts.  But one that hangs does not hold up the others for long. */
static bool
must_wait(const struct notifier *notifier, const struct run *run)
{
	int64_t since_ms = loop_now_ms(notifier->loop) - NOTIFY_ORDER_MS;

	for (const struct run *other = notifier->running; other; other = other->next)
		if (other->began_ms > since_ms && !strcmp(other->env[1], run->env[1]) &&
		    !strcmp(name_of(other->argv), name_of(run->argv)))
			return true;
	return false;
}

/* RUN, which waits no longer. */
static void
begin(struct notifier *notifier, struct run *run)
{
	const struct world *world = loop_world(notifier->loop);
	struct world_spawn spawn = { .argv = (const char *const *)run->argv,
		.env = (const char *const *)run->env,
		.keep_fd = { -1, -1, -1 },
		.apart = true };

	run->pid = world->spawn(world->owner, &spawn);
	if (run->pid <= 0) {
		log_warn("%s cannot be started", name_of(run->argv));
		run_free(run);
		return;
	}
	run->next = notifier->running;
	notifier->running = run;
	notifier->running_len++;
	run->began_ms = loop_now_ms(notifier->loop);
	run->limit = (struct timer){ .fire = kill_hung, .owner = run };
	loop_timer_in(notifier->loop, &run->limit, NOTIFY_TIMEOUT_MS);
}

static void
start_waiting(void *owner)
{
	struct notifier *notifier = owner;
	struct run **at = &notifier->waiting;

	while (*at && notifier->running_len < NOTIFY_RUNNING) {
		struct run *run = *at;

		if (must_wait(notifier, run)) {
			at = &run->next;
			continue;
		}
		*at = run->next;
		if (!*at)
			notifier->waiting_end = at;
		notifier->waiting_len--;
		begin(notifier, run);
	}
	if (notifier->waiting && notifier->running_len < NOTIFY_RUNNING)
		loop_timer_in(notifier->loop, &notifier->again, NOTIFY_ORDER_MS / 5);
}

static void
log_ended(const struct run *run, int status)
{
	const char *what = name_of(run->argv);

	if (WIFSIGNALED(status))
		log_warnx("%s died of signal %d", what, WTERMSIG(status));
	else
		log_warnx("%s ended with status %d", what, WEXITSTATUS(status));
}

static void
ended(struct notifier *notifier, pid_t pid, int status)
{
	for (struct run **at = &notifier->running; *at; at = &(*at)->next) {
		struct run *run = *at;

		if (run->pid != pid)
			continue;
		if (status)
			log_ended(run, status);
		*at = run->next;
		notifier->running_len--;
		run_free(run);
		return;
	}
}

void
notifier_reap(struct notifier *notifier)
{
	const struct world *world = loop_world(notifier->loop);
	int status;
	pid_t pid;

	while ((pid = world->wait(world->owner, &status)) > 0)
		ended(notifier, pid, status);
	start_waiting(notifier);
}

/* Copies of WORDS and of LAST, NULL-ended. */
static char **
copy_words(char *const *words, const char *last)
{
	size_t len = 0;
	char **copies;

	while (words[len])
		len++;
	copies = calloc(len + 2, sizeof(*copies));
	for (size_t i = 0; copies && i < len; i++)
		copies[i] = strdup(words[i]);
	if (copies)
		copies[len] = strdup(last);
	return copies;
}

static void
queue(struct notifier *notifier, char *const *words, const char *last, const char *type,
    const char *ups)
{
	struct run *run = calloc(1, sizeof(*run));
	struct buf env = { 0 };
	unsigned missed;

	if (!run)
		return;
	run->notifier = notifier;
	run->argv = copy_words(words, last);
	if (buf_add_format(&env, "NOTIFYTYPE=%s", type) && buf_add(&env, "", 1))
		run->env[0] = buf_steal(&env);
	if (buf_add_format(&env, "UPSNAME=%s", ups) && buf_add(&env, "", 1))
		run->env[1] = buf_steal(&env);
	if (!run->argv || !run->env[0] || !run->env[1]) {
		log_error("out of memory: nobody is told of %s", type);
		run_free(run);
		return;
	}
	if (notifier->waiting_len == NOTIFY_WAITING) {
		if (log_rate(&notifier->full, loop_now_ms(notifier->loop), &missed))
			log_error("%d notifications wait already: %s is not passed on",
			    NOTIFY_WAITING, type);
		run_free(run);
		return;
	}
	*notifier->waiting_end = run;
	notifier->waiting_end = &run->next;
	notifier->waiting_len++;
	start_waiting(notifier);
}

static void
queue_command(struct notifier *notifier, const struct notify_command *command, const char *text,
    const char *type, const char *ups)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:,@";
	char *const *words = command->words;
	struct buf line = { 0 };
	char *shell[5];

	if (words[1] || words[0][strspn(words[0], plain)] == '\0') {
		queue(notifier, words, text, type, ups);
		return;
	}
	/* A line for the shell, as older files have it.  The message is its first argument and
	 * never part of the line, so that nothing a server says can be run. */
	if (!buf_add_format(&line, "%s \"$1\"", words[0]) || !buf_add(&line, "", 1)) {
		buf_free(&line);
		return;
	}
	shell[0] = (char *)"/bin/sh";
	shell[1] = (char *)"-c";
	shell[2] = buf_bytes(&line);
	shell[3] = (char *)"NOTIFYCMD";
	shell[4] = NULL;
	queue(notifier, shell, text, type, ups);
	buf_free(&line);
}

void
notifier_send(struct notifier *notifier, enum notify_type type, unsigned flags,
    const struct notify_command *command, const char *ups, const char *text)
{
	/* Through its input: as an argument, a text that names a file would show the file. */
	char *const wall[] = { (char *)"/bin/sh", (char *)"-c",
		(char *)"printf '%s\\n' \"$1\" | wall", (char *)"wall", NULL };

	if (flags & NOTIFY_SYSLOG)
		log_notice("%s", text);
	if (flags & NOTIFY_WALL)
		queue(notifier, wall, text, types[type].name, ups);
	if (flags & NOTIFY_EXEC && command->words)
		queue_command(notifier, command, text, types[type].name, ups);
}
