/* upslog - write what UPSes say to files, a line each some seconds (docs/man/upslog.8). */
#include "base/helper.h"
#include "base/log.h"
#include "base/proc.h"
#include "client/authconf.h"
#include "client/client.h"
#include "client/logformat.h"
#include "client/tool.h"
#include "ups/paths.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLIENT_MS 8000	 /* for a connect, and for an answer */
#define ENTRIES_MAX 4096 /* a server tells what "*" means, and might not stop */

static const char usage_text[] =
    "usage: upslog [-f format] [-i seconds] [-d count] [-N] [-p name] [-u user] [-B | -F] [-D]\n"
    "              [-A file] [-W seconds] -s ups[@host[:port]] -l file\n"
    "       upslog ... -m ups[@host[:port]],file [-m ...]\n"
    "\n"
    "Write what UPSes say to files, a line each some seconds.\n"
    "\n"
    "  -s    the UPS; * for all of its host\n"
    "  -l    the file, - for the standard output\n"
    "  -m    both at once; may be given again\n"
    "  -f    what a line says: text with %VAR name%, %TIME format% (@ for strftime's %),\n"
    "        %ETIME%, %HOST%, %UPSHOST%, %PID%, %t, %%\n"
    "  -N    begin each line with %UPSHOST%%t\n"
    "  -i    seconds between lines (default: 30)\n"
    "  -d    end after so many lines of each UPS\n"
    "  -p    name of the pid file (default: upslog)\n"
    "  -u    become this user if started as root\n"
    "  -B    go to the background although the output is standard output\n"
    "  -F    stay in the foreground;  -D  the same, and tell what is done\n"
    "  -A    whom to trust: a file, default or none (nutauth.conf(5))\n"
    "  -W    give up connecting after so many seconds (default: 8)\n"
    "  -h    this text;  -V  the version\n"
    "\n"
    "The format, if none is given:\n" LOGFORMAT_DEFAULT "\n";

/* One file, perhaps of several UPSes. */
struct target {
	struct target *next;
	const char *path; /* borrowed from argv */
	FILE *file;
	bool failing; /* its last write failed, and this was said */
};

/* One upsd, perhaps of several UPSes. */
struct server {
	struct server *next;
	struct upslog *upslog;
	char host[256];
	uint16_t port;
	struct client *client;
	struct tls_settings tls;
	bool failing; /* it could not be reached, and this was said */
};

/* One UPS whose lines go to one file. */
struct entry {
	struct entry *next;
	struct upslog *upslog;
	struct server *server;
	struct target *target;
	char *ups, *upshost; /* owned; ups "*": all of the server, asked for anew each time */
	bool asking;	     /* a round is under way */
	size_t left, part;   /* answers still to come; the part whose answer is next */
	char *values[LOGFORMAT_PARTS_MAX];
};

struct upslog {
	struct loop *loop;
	struct authconf *auth;
	struct logformat format;
	struct target *targets;
	struct server *servers;
	struct entry *entries;
	size_t entries_len;
	bool full; /* that there are more than ENTRIES_MAX was said */
	struct timer tick;
	int64_t interval_ms, connect_ms;
	unsigned long rounds_left; /* 0: no end */
	bool last_round;
	char hostname[256];
	int status;
};

struct options {
	const char *format, *ups, *file, *pid_name, *user, *auth_file;
	bool prefix, foreground, background;
	int debug;
	unsigned long count;
	int64_t interval_ms, connect_ms;
};

/* ---- files ---- */

static bool
target_open(struct target *target)
{
	FILE *file =
	    strcmp(target->path, "-") == 0 ? fdopen(dup(1), "a") : fopen(target->path, "ae");

	if (!file)
		return false;
	if (target->file)
		fclose(target->file);
	target->file = file;
	return true;
}

static struct target *
target_find(struct upslog *upslog, const char *path)
{
	struct target *target = upslog->targets;

	while (target && strcmp(target->path, path) != 0)
		target = target->next;
	if (target)
		return target;
	target = calloc(1, sizeof(*target));
	if (!target)
		fatalx("out of memory");
	target->path = path;
	target->next = upslog->targets;
	upslog->targets = target;
	return target;
}

/* SIGHUP.  A file that cannot be opened again goes on where it was, as does the standard output,
 * which in the background is nowhere else any more. */
static void
reopen(struct upslog *upslog)
{
	for (struct target *target = upslog->targets; target; target = target->next)
		if (strcmp(target->path, "-") != 0 && !target_open(target))
			log_warn("could not reopen logfile %s", target->path);
}

static void
write_line(struct entry *entry)
{
	struct upslog *upslog = entry->upslog;
	struct target *target = entry->target;
	const struct logformat_facts facts = {
		.now = (time_t)(loop_wall_ms(upslog->loop) / 1000),
		.host = upslog->hostname,
		.upshost = entry->upshost,
		.pid = getpid(),
	};
	struct buf line = { 0 };
	bool good = logformat_write(&line, &upslog->format, &facts, entry->values) &&
		    fwrite(buf_bytes(&line), 1, buf_len(&line), target->file) == buf_len(&line) &&
		    fflush(target->file) == 0;

	if (!good && !target->failing)
		log_warn("cannot write to %s", target->path);
	if (!good)
		upslog->status = 1;
	target->failing = !good;
	clearerr(target->file);
	buf_free(&line);
}

/* ---- rounds ---- */

/* After -d rounds we end, as soon as all of the last one is written. */
static void
end_if_done(struct upslog *upslog)
{
	for (struct entry *entry = upslog->entries; entry; entry = entry->next)
		if (entry->asking)
			return;
	if (upslog->last_round)
		loop_stop(upslog->loop);
}

static void
end_round(struct entry *entry)
{
	entry->asking = false;
	if (strcmp(entry->ups, "*") != 0)
		write_line(entry);
	for (size_t i = 0; i < entry->upslog->format.len; i++) {
		free(entry->values[i]);
		entry->values[i] = NULL;
	}
	end_if_done(entry->upslog);
}

static void
take_value(void *owner, const struct client_answer *answer)
{
	struct entry *entry = owner;
	struct upslog *upslog = entry->upslog;

	while (upslog->format.parts[entry->part].kind != LOGPART_VAR)
		entry->part++;
	if (answer->result == CLIENT_OK)
		entry->values[entry->part] = strdup(answer->rows[0].word[0]);
	if (answer->result != CLIENT_FAILED)
		entry->server->failing = false;
	entry->part++;
	if (--entry->left == 0)
		end_round(entry);
}

static void ask_values(struct entry *entry);
static struct entry *entry_add(struct upslog *upslog, struct server *server, struct target *target,
    const char *ups, const char *upshost);

static bool
is_known(const struct entry *all, const char *name)
{
	for (const struct entry *entry = all->upslog->entries; entry; entry = entry->next)
		if (entry->server == all->server && entry->target == all->target &&
		    strcmp(entry->ups, name) == 0)
			return true;
	return false;
}

/* A UPS that "*" of ALL stands for. */
static void
add_named(struct entry *all, const char *name)
{
	struct upslog *upslog = all->upslog;
	char *upshost;

	if (upslog->entries_len == ENTRIES_MAX) {
		if (!upslog->full)
			log_error("more than %d UPSes: the others are left out", ENTRIES_MAX);
		upslog->full = true;
		return;
	}
	if (asprintf(&upshost, "%s%s", name, all->upshost + 1) == -1)
		fatalx("out of memory");
	ask_values(entry_add(upslog, all->server, all->target, name, upshost));
	free(upshost);
}

/* The UPSes of a server we did not know of begin with this round. */
static void
take_names(void *owner, const struct client_answer *answer)
{
	struct entry *all = owner;

	for (size_t i = 0; i < answer->rows_len && answer->result == CLIENT_OK; i++)
		if (!is_known(all, answer->rows[i].word[0]))
			add_named(all, answer->rows[i].word[0]);
	end_round(all);
}

static void
ask_values(struct entry *entry)
{
	const struct logformat *format = &entry->upslog->format;
	struct client *client = entry->server->client;

	/* A round that is still under way has its own deadline; this one is left out. */
	if (entry->asking)
		return;
	entry->asking = true;
	client_connect(client);
	if (strcmp(entry->ups, "*") == 0) {
		if (client_ask(client, CLIENT_LIST_UPS, NULL, take_names, entry))
			end_round(entry);
		return;
	}
	entry->part = entry->left = 0;
	for (size_t i = 0; i < format->len; i++) {
		const struct logpart *part = &format->parts[i];

		if (part->kind != LOGPART_VAR)
			continue;
		/* Answers are taken for the parts in turn: none may be left out between two. */
		if (client_ask(client, CLIENT_GET_VAR, CLIENT_ARGS(entry->ups, part->text),
			take_value, entry))
			break;
		entry->left++;
	}
	if (!entry->left)
		end_round(entry);
}

static void
log_now(struct upslog *upslog)
{
	for (struct entry *entry = upslog->entries; entry; entry = entry->next)
		ask_values(entry);
}

static void
tick(void *owner)
{
	struct upslog *upslog = owner;

	if (upslog->rounds_left && --upslog->rounds_left == 0)
		upslog->last_round = true;
	else
		loop_timer_at(
		    upslog->loop, &upslog->tick, loop_now_ms(upslog->loop) + upslog->interval_ms);
	log_now(upslog);
}

/* ---- servers and UPSes ---- */

static void
server_closed(void *owner, const char *why)
{
	struct server *server = owner;

	if (!server->failing)
		log_warnx("%s:%u: %s", server->host, server->port, why ? why : "logged out");
	server->failing = true;
}

static struct server *
server_find(struct upslog *upslog, const struct ups_at *where)
{
	struct server *server = upslog->servers;

	while (server && (server->port != where->port || strcmp(server->host, where->host) != 0))
		server = server->next;
	if (server)
		return server;
	server = calloc(1, sizeof(*server));
	if (!server)
		fatalx("out of memory");
	server->upslog = upslog;
	server->port = where->port;
	snprintf(server->host, sizeof(server->host), "%s", where->host);
	server->next = upslog->servers;
	upslog->servers = server;
	return server;
}

static void
server_start(struct server *server)
{
	static const struct client_calls calls = { .closed = server_closed };
	const struct authconf_account account =
	    authconf_account(server->upslog->auth, NULL, server->host, server->port);
	const struct client_settings settings = {
		.host = server->host,
		.port = server->port,
		.tls = account.tls,
		.tls_settings = &server->tls,
		.tls_name = account.tls_name,
		.connect_ms = server->upslog->connect_ms,
		.answer_ms = CLIENT_MS,
	};

	server->tls = account.tls_settings;
	server->client = client_new(server->upslog->loop, &settings, &calls, server);
	if (!server->client)
		fatalx("out of memory");
}

/* At the end, so that lines come in the order of the arguments. */
static struct entry *
entry_add(struct upslog *upslog, struct server *server, struct target *target, const char *ups,
    const char *upshost)
{
	struct entry *entry = calloc(1, sizeof(*entry)), **end = &upslog->entries;

	if (!entry || !(entry->ups = strdup(ups)) || !(entry->upshost = strdup(upshost)))
		fatalx("out of memory");
	entry->upslog = upslog;
	entry->server = server;
	entry->target = target;
	upslog->entries_len++;
	while (*end)
		end = &(*end)->next;
	*end = entry;
	return entry;
}

/* "ups@host" and a file, as given by -s and -l or by -m.  false after a message. */
static bool
add_log(struct upslog *upslog, const char *upshost, const char *path, uint16_t port)
{
	bool all = upshost[0] == '*' && (!upshost[1] || upshost[1] == '@');
	struct ups_at where;
	const char *error =
	    all ? addr_ups_at(&where, upshost[1] ? upshost + 2 : "localhost", false, port)
		: addr_ups_at(&where, upshost, true, port);

	if (error) {
		tool_print_bad_ups(upshost, error);
		return false;
	}
	entry_add(upslog, server_find(upslog, &where), target_find(upslog, path),
	    all ? "*" : where.ups, upshost);
	return true;
}

static void
upslog_free(struct upslog *upslog)
{
	for (struct server *server = upslog->servers, *next; server; server = next) {
		next = server->next;
		client_free(server->client);
		free(server);
	}
	for (struct entry *entry = upslog->entries, *next; entry; entry = next) {
		next = entry->next;
		for (size_t i = 0; i < LOGFORMAT_PARTS_MAX; i++)
			free(entry->values[i]);
		free(entry->ups);
		free(entry->upshost);
		free(entry);
	}
	for (struct target *target = upslog->targets, *next; target; target = next) {
		next = target->next;
		if (target->file && fclose(target->file) != 0)
			upslog->status = 1;
		free(target);
	}
	authconf_free(upslog->auth);
	logformat_free(&upslog->format);
}

/* ---- main ---- */

static bool
parse_number(const char *text, const char *option, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *out >= 1 && *out <= 86400000)
		return true;
	fprintf(stderr, "upslog: %s takes a whole number, at least 1\n", option);
	return false;
}

/* "ups,file" in place. */
static bool
add_pair(struct upslog *upslog, char *pair, uint16_t port)
{
	char *comma = strchr(pair, ',');

	if (!comma || !comma[1]) {
		fputs("upslog: -m takes a UPS, a comma and a file\n", stderr);
		return false;
	}
	*comma = '\0';
	return add_log(upslog, pair, comma + 1, port);
}

/* An option without a value. */
static bool
take_flag(struct options *options, int option)
{
	switch (option) {
	case 'N':
		options->prefix = true;
		return true;
	case 'D':
		options->debug++;
		options->foreground = true;
		return true;
	case 'F':
		options->foreground = true;
		return true;
	case 'B':
		options->background = true;
		return true;
	default:
		return false;
	}
}

/* An option whose value is kept as it is. */
static bool
take_text(struct options *options, int option, const char *text)
{
	switch (option) {
	case 's':
		options->ups = text;
		return true;
	case 'l':
		options->file = text;
		return true;
	case 'f':
		options->format = text;
		return true;
	case 'u':
		options->user = text;
		return true;
	case 'p':
		options->pid_name = text;
		return true;
	case 'A':
		options->auth_file = text;
		return true;
	default:
		return false;
	}
}

/* The others; false after a message. */
static bool
take_option(struct options *options, int option, char *text, struct upslog *upslog, uint16_t port)
{
	unsigned long seconds;

	switch (option) {
	case 'm':
		return add_pair(upslog, text, port);
	case 'i':
		if (!parse_number(text, "-i", &seconds))
			return false;
		options->interval_ms = (int64_t)seconds * 1000;
		return true;
	case 'd':
		return parse_number(text, "-d", &options->count);
	case 'W':
		return tool_connect_seconds(text, &options->connect_ms);
	case 'h':
		tool_help("upslog", usage_text);
	case 'V':
		tool_help("upslog", NULL);
	default:
		fputs(usage_text, stderr);
		return false;
	}
}

static bool
parse_options(int argc, char **argv, struct options *options, struct upslog *upslog, uint16_t port)
{
	int option;

	tool_connect_seconds(NULL, &options->connect_ms);
	while ((option = getopt(argc, argv, "+hVs:l:m:f:i:d:Nu:p:DFBA:W:")) != -1)
		if (!take_flag(options, option) && !take_text(options, option, optarg) &&
		    !take_option(options, option, optarg, upslog, port))
			return false;
	return true;
}

/* -s and -l, the format: what is left once all options are known.  false after a message. */
static bool
set_up(struct upslog *upslog, struct options *options, const struct paths *paths)
{
	char format[4096];
	const char *error;

	if (!options->ups && !upslog->entries) {
		fputs("No UPS defined for monitoring - use -s <system>\n", stderr);
		return false;
	}
	if (options->ups && !options->file) {
		fputs("No filename defined for logging - use -l <file>\n", stderr);
		return false;
	}
	if (options->ups && !add_log(upslog, options->ups, options->file, paths->port))
		return false;
	if (snprintf(format, sizeof(format), "%s%s", options->prefix ? "%UPSHOST%%t" : "",
		options->format ? options->format : LOGFORMAT_DEFAULT) >= (int)sizeof(format))
		error = "the format is too long";
	else
		error = logformat_parse(&upslog->format, format);
	if (error)
		fprintf(stderr, "upslog: %s\n", error);
	upslog->interval_ms = options->interval_ms;
	upslog->connect_ms = options->connect_ms;
	upslog->rounds_left = options->count;
	return !error;
}

static void
got_signal(void *owner, int number)
{
	struct upslog *upslog = owner;

	switch (number) {
	case SIGHUP:
		log_notice("Signal %d: reopening log file", number);
		reopen(upslog);
		break;
	case SIGUSR1:
		log_now(upslog);
		break;
	default:
		log_notice("Signal %d: exiting", number);
		loop_stop(upslog->loop);
	}
}

/* false after a message. */
static bool
open_files(struct upslog *upslog, bool *to_stdout)
{
	for (struct target *target = upslog->targets; target; target = target->next) {
		if (strcmp(target->path, "-") == 0)
			*to_stdout = true;
		if (!target_open(target)) {
			fprintf(stderr, "could not open logfile %s: %s\n", target->path,
			    strerror(errno));
			return false;
		}
	}
	return true;
}

static void
read_auth_or_die(struct upslog *upslog, const char *which)
{
	struct faults faults = { 0 };

	upslog->auth = authconf_read(which, &faults);
	faults_log(&faults);
	if (!upslog->auth)
		fatalx("nutauth.conf cannot be used: %s",
		    faults_first(&faults) ? faults_first(&faults) : "out of memory");
	faults_free(&faults);
}

static void
run(struct upslog *upslog, const struct options *options, const struct paths *paths,
    const struct proc_user *user)
{
	static const int signals[] = { SIGHUP, SIGUSR1, SIGTERM, SIGINT, SIGQUIT, 0 };
	int helper = helper_start(user, NULL);
	struct world *world = world_kernel_new(helper);
	char pid_path[512];

	upslog->loop = world ? loop_new(world) : NULL;
	if (!upslog->loop)
		fatalx("out of memory");
	snprintf(pid_path, sizeof(pid_path), "%s%s%s.pid",
	    options->pid_name[0] == '/' ? "" : paths->pid, options->pid_name[0] == '/' ? "" : "/",
	    options->pid_name);
	if (!proc_pidfile_write(pid_path))
		log_warn("%s", pid_path);
	if (user)
		proc_become(user);
	read_auth_or_die(upslog, options->auth_file);
	for (struct server *server = upslog->servers; server; server = server->next)
		server_start(server);
	proc_signals(upslog->loop, signals, got_signal, upslog);
	upslog->tick = (struct timer){ .fire = tick, .owner = upslog };
	loop_timer_in(upslog->loop, &upslog->tick, 0);
	proc_ready();
	loop_run(upslog->loop);

	loop_timer_clear(upslog->loop, &upslog->tick);
	proc_signals_end(upslog->loop);
	unlink(pid_path);
	upslog_free(upslog);
	loop_free(upslog->loop);
	world_kernel_free(world);
}

int
main(int argc, char **argv)
{
	struct options options = {
		.pid_name = "upslog", .interval_ms = 30000, .connect_ms = CLIENT_MS
	};
	static struct upslog upslog;
	struct log_settings log = { .name = "upslog", .to_stderr = true };
	struct paths paths;
	struct proc_user user;
	bool to_stdout = false;

	proc_begin();
	paths_get(&paths);
	if (!parse_options(argc, argv, &options, &upslog, paths.port) ||
	    !set_up(&upslog, &options, &paths))
		return 1;
	if (options.user && !proc_user_find(&user, options.user)) {
		fprintf(stderr, "upslog: there is no user %s\n", options.user);
		return 1;
	}
	if (gethostname(upslog.hostname, sizeof(upslog.hostname) - 1) == -1)
		snprintf(upslog.hostname, sizeof(upslog.hostname), "localhost");
	if (!open_files(&upslog, &to_stdout))
		return 1;
	if (!getenv("NUT_QUIET_INIT_BANNER"))
		paths_print_version("upslog");
	for (struct entry *entry = upslog.entries; entry; entry = entry->next)
		printf("logging status of %s to %s (%llds intervals)\n", entry->upshost,
		    entry->target->path, (long long)(upslog.interval_ms / 1000));
	fflush(stdout);

	log.debug = options.debug;
	log.to_syslog = options.background || (!options.foreground && !to_stdout);
	log_set(&log);
	log_open();
	if (log.to_syslog)
		proc_background();
	run(&upslog, &options, &paths, options.user ? &user : NULL);
	return upslog.status;
}
