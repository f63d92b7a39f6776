/* main.c - the upsd program: options, and everything that is done once per process. */
#include "base/hash.h"
#include "base/proc.h"
#include "tls/tls.h"
#include "ups/paths.h"
#include "upsd/calls.h"
#include "upsd/explain.h"
#include "upsd/listen.h"
#include "upsd/upsd.h"
#include "wrap/wrap.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RELOAD_WAIT_MS 10000
#define NAMES_WAIT_MS 10000 /* for the names of LISTEN lines at start, while we are still root */

struct options {
	const char *root, *user;
	const char *command; /* "reload" or "stop" */
	pid_t pid;
	bool check, foreground, pid_file, background;
	bool explain, password;
	char **about; /* with explain: an address, a request, a user */
	int debug, quiet, family;
};

/* All of one run. */
struct program {
	struct options options;
	struct paths paths;
	struct upsdconf_source source;
	struct proc_user user;
	bool drop; /* we are root and shall become USER */
	struct loop *loop;
	struct upsd *upsd;
	struct later reload;
	struct timer watchdog;
	char pid_path[512], report_path[2][512];
};

static void
usage(FILE *to)
{
	fputs("usage: upsd [-DFBq46] [-r dir] [-u user] [-P pid] [-c reload|stop] [-t]\n"
	      "       upsd --explain [--password] address [command [user]]\n"
	      "  -c reload  check the configuration, then have the running upsd take it over\n"
	      "  -c stop    end the running upsd\n"
	      "  -P pid     the running upsd, instead of what the pid file says\n"
	      "  -t         check the configuration, tell every fault, and who may connect\n"
	      "  --explain  which line lets that address, or keeps it from, do that\n"
	      "  --password with it: the client's password is the first line of the input\n"
	      "  -D         more debugging output; stay in the foreground\n"
	      "  -F         stay in the foreground; twice: write a pid file, too\n"
	      "  -B         go to the background all the same\n"
	      "  -q         log less\n"
	      "  -r dir     chroot there\n"
	      "  -u user    the user to be\n"
	      "  -4, -6     listen on IPv4, on IPv6 only\n"
	      "  -V, -h     tell the version; this help\n",
	    to);
}

static _Noreturn void
bad_usage(const char *why)
{
	fprintf(stderr, "upsd: %s\n", why);
	usage(stderr);
	exit(1);
}

/* NUT takes any beginning of the word. */
static const char *
parse_command(const char *word)
{
	if (*word && !strncmp("reload", word, strlen(word)))
		return "reload";
	if (*word && !strncmp("stop", word, strlen(word)))
		return "stop";
	bad_usage("-c takes reload or stop");
}

static pid_t
parse_pid(const char *text)
{
	long pid;

	if (!conffile_number(text, 2, 4194304, &pid))
		bad_usage("-P takes a process id");
	return (pid_t)pid;
}

enum { EXPLAIN_OPTION = 256, PASSWORD_OPTION };

static void
parse_option(struct options *options, int option)
{
	switch (option) {
	case 'c':
		options->command = parse_command(optarg);
		break;
	case 'P':
		options->pid = parse_pid(optarg);
		break;
	case 'D':
		options->debug++;
		break;
	case 'F':
		options->pid_file = options->foreground;
		options->foreground = true;
		break;
	case 'B':
		options->background = true;
		break;
	case 'q':
		options->quiet++;
		break;
	case 'r':
		options->root = optarg;
		break;
	case 'u':
		options->user = optarg;
		break;
	case '4':
		options->family = AF_INET;
		break;
	case '6':
		options->family = AF_INET6;
		break;
	case 't':
		options->check = true;
		break;
	case EXPLAIN_OPTION:
		options->explain = true;
		break;
	case PASSWORD_OPTION:
		options->password = true;
		break;
	case 'V':
		paths_print_version("upsd");
		exit(0);
	case 'h':
		usage(stdout);
		exit(0);
	case 'i':
	case 'p':
		bad_usage("addresses and ports are set by LISTEN in upsd.conf");
	default: /* getopt() has said what is wrong */
		usage(stderr);
		exit(1);
	}
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "explain", no_argument, NULL, EXPLAIN_OPTION },
		{ "password", no_argument, NULL, PASSWORD_OPTION },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	options->family = AF_UNSPEC;
	while ((option = getopt_long(argc, argv, "+c:P:DFBqr:u:46tVhi:p:", names, NULL)) != -1)
		parse_option(options, option);
	options->about = argv + optind;
	if (options->explain && (optind == argc || argc - optind > 3))
		bad_usage("--explain takes an address, and perhaps a command and a user");
	if (options->password && !options->explain)
		bad_usage("--password belongs to --explain");
	if (!options->explain && optind < argc)
		bad_usage("surplus words");
	if (options->background && options->foreground)
		bad_usage("-B and -F contradict each other");
	if (options->debug && !options->background)
		options->foreground = true;
}

/* -D counted, or NUT_DEBUG_LEVEL if that is more. */
static int
debug_level(const struct options *options)
{
	const char *environment = getenv("NUT_DEBUG_LEVEL");
	long level;

	if (environment && conffile_number(environment, options->debug, 100, &level))
		return (int)level;
	return options->debug;
}

static void
start_log(const struct options *options)
{
	struct log_settings settings = {
		.name = "upsd",
		.to_stderr = true,
		.debug = debug_level(options),
	};

	if (options->quiet)
		settings.quietest = options->quiet == 1 ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARNING;
	if (options->explain)
		settings.quietest = LOG_LEVEL_ERROR; /* -t warns */
	/* Started as a daemon we say start-up faults on stderr, too. */
	if (!options->foreground && !options->command && !options->check && !options->explain)
		settings.to_syslog = true;
	log_set(&settings);
	if (settings.to_syslog)
		log_open();
}

/* DEBUG_MIN of the configuration in force. */
static void
set_debug_level(const struct program *program)
{
	int level = debug_level(&program->options);

	if (program->upsd->conf->debug_min > level)
		level = (int)program->upsd->conf->debug_min;
	log_debug_level(level);
}

static void
find_files(struct program *program)
{
	const struct paths *paths = &program->paths;
	const char *open_files = getenv("NUT_ALLOW_OPEN_FILES");
	bool allow = false;

	program->source = (struct upsdconf_source){
		.conf_path = paths->conf,
		.state_path = paths->state,
		.data_path = paths->data,
		.state_path_wins = getenv("NUT_STATEPATH") && *getenv("NUT_STATEPATH"),
		.port = paths->port,
		.allow_no_device = getenv("ALLOW_NO_DEVICE"),
		.allow_open_files = open_files && conffile_bool(open_files, &allow) && allow,
	};
	snprintf(program->pid_path, sizeof(program->pid_path), "%s/upsd.pid", paths->altpid);
	snprintf(
	    program->report_path[0], sizeof(program->report_path[0]), "%s/upsd.reload", paths->pid);
	snprintf(program->report_path[1], sizeof(program->report_path[1]), "%s/upsd.reload",
	    paths->altpid);
}

static void
find_user(struct program *program)
{
	const char *name = program->options.user ? program->options.user : program->paths.user;

	if (geteuid() != 0) {
		if (program->options.user)
			log_info("-u %s: not started as root, staying who we are", name);
		return;
	}
	if (!proc_user_find(&program->user, name))
		fatalx("no such user: %s", name);
	program->drop = program->user.uid != 0;
}

/* ---- upsd -t, upsd -c ---- */

/* NULL after telling all faults. */
static struct upsdconf *
read_conf(const struct upsdconf_source *source)
{
	struct faults faults = { 0 };
	struct upsdconf *conf = upsdconf_read(source, &faults);

	/* What is read again as another user warns then. */
	if (faults.faults || !source->keys_later)
		faults_log(&faults);
	if (faults.faults) {
		upsdconf_free(conf);
		conf = NULL;
	}
	faults_free(&faults);
	return conf;
}

static void
print(struct buf *out)
{
	if (out->failed)
		fatalx("out of memory");
	fwrite(buf_bytes(out), 1, buf_len(out), stdout);
	buf_free(out);
}

static int
check(struct program *program)
{
	struct buf table = { .max = 16u << 20 };
	struct upsdconf *conf;

	/* As the one who will have to read the files. */
	if (program->drop)
		proc_become(&program->user);
	conf = read_conf(&program->source);
	if (!conf)
		return 1;
	printf("upsd: the configuration is good: %zu UPS%s\n", conf->upses_len,
	    conf->upses_len == 1 ? "" : "es");
	access_print(conf->access, &table);
	print(&table);
	if (!conf->has_users)
		puts("no upsd.users: the access lists alone decide");
	upsdconf_free(conf);
	return 0;
}

/* The first line of the input, NULL if there is none.  Never in an argument, which all may read. */
static char *
read_password(void)
{
	static char line[WORD_LEN_MAX + 2];

	if (!fgets(line, sizeof(line), stdin))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The loop that asks base/helper, of which we then wait for the answer. */
struct inquiry {
	struct world *world;
	struct loop *loop;
	bool done, yes;
};

static void
inquiry_begin(struct inquiry *inquiry, const struct program *program)
{
	static const struct helper_kind *const kinds[] = { &hash_helper, &wrap_helper, NULL };

	inquiry->world =
	    world_kernel_new(helper_start(program->drop ? &program->user : NULL, kinds));
	inquiry->loop = inquiry->world ? loop_new(inquiry->world) : NULL;
	if (!inquiry->loop)
		fatalx("out of memory");
}

static void
inquiry_end(struct inquiry *inquiry)
{
	loop_free(inquiry->loop);
	world_kernel_free(inquiry->world);
}

static void
was_answered(void *owner, const char *answer, size_t len)
{
	struct inquiry *inquiry = owner;

	inquiry->yes = helper_is_yes(answer);
	inquiry->done = true;
}

/* QUESTION: NULL when it could not be asked.  No answer is no. */
static bool
says_yes(struct inquiry *inquiry, const struct helper_question *question)
{
	return question &&
	       loop_run_until(inquiry->loop, &inquiry->done, HELPER_DEADLINE_MS + 1000) &&
	       inquiry->yes;
}

/* Layer 2, as a running upsd asks it, but for the address that was connected to. */
static bool
wrap_says_yes(struct inquiry *inquiry, const struct question *question)
{
	char host[ADDR_TEXT_MAX];

	inquiry->done = false;
	return says_yes(
	    inquiry, wrap_ask(inquiry->loop, addr_host(&question->from, host), "unknown",
			 question->user ? question->user : "unknown", was_answered, inquiry));
}

static bool
hash_says_yes(struct inquiry *inquiry, const char *hash, const char *password)
{
	inquiry->done = false;
	return says_yes(inquiry, hash_ask(inquiry->loop, hash, password, was_answered, inquiry));
}

/* Ask who must be asked beforehand; the configuration as upsd's user reads it, NULL when it has
 * faults. */
static struct upsdconf *
prepare(const struct program *program, struct question *question)
{
	struct inquiry inquiry = { 0 };
	struct upsdconf *conf;
	const char *hash, *password;

	inquiry_begin(&inquiry, program); /* outside, as a running upsd's is */
	if (program->options.root)
		proc_chroot(program->options.root);
	if (wrap_available() && explain_asks_wrap(question))
		question->wrap = wrap_says_yes(&inquiry, question) ? WRAP_YES : WRAP_NO;
	if (program->drop)
		proc_become(&program->user);
	conf = read_conf(&program->source);
	if (conf && (hash = explain_hash(conf, question, &password)))
		question->fits_hash = hash_says_yes(&inquiry, hash, password);
	inquiry_end(&inquiry);
	return conf;
}

/* 0: granted; 1: the configuration has faults; 2: refused. */
static int
explain_question(const struct program *program)
{
	char **about = program->options.about;
	struct question question = { .request = about[1], .user = about[1] ? about[2] : NULL };
	struct buf out = { .max = 1u << 20 };
	enum explain_verdict verdict;
	struct upsdconf *conf;

	if (!addr_parse(&question.from, about[0], 0))
		fatalx("%s is not an address", about[0]);
	addr_unmap(&question.from);
	question.knows_password = program->options.password;
	if (question.knows_password)
		question.password = read_password();
	conf = prepare(program, &question);
	if (!conf)
		return 1;
	verdict = explain(conf, &question, &out);
	print(&out);
	upsdconf_free(conf);
	return verdict == EXPLAIN_GRANT ? 0 : 2;
}

/* Where PATH of a upsd that runs in a jail (-r) is for us outside. */
static const char *
outside(const struct program *program, const char *path, char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s%s", program->options.root ? program->options.root : "", path);
	return out;
}

/* "COUNT ok|fault" and "pid N" of the running upsd. */
struct report {
	unsigned count;
	char text[1024];
};

static bool
read_report(const struct program *program, pid_t pid, struct report *out)
{
	for (int i = 0; i < 2; i++) {
		char path[PATH_MAX];
		FILE *file = fopen(outside(program, program->report_path[i], path), "re");
		long of = 0;
		int got;

		if (!file)
			continue;
		got = fscanf(file, "%u %1023[^\n]\npid %ld", &out->count, out->text, &of);
		fclose(file);
		if (got == 3 && of == pid)
			return true;
	}
	return false;
}

/* Are the files good for upsd's user?  A child looks as him, since we have a signal to send. */
static bool
is_good_for_upsd(const struct program *program)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (program->options.root)
			proc_chroot(program->options.root);
		if (program->drop)
			proc_become(&program->user);
		exit(read_conf(&program->source) ? 0 : 1);
	}
	return child != -1 && waitpid(child, &status, 0) == child && status == 0;
}

static int
reload(const struct program *program, pid_t pid)
{
	struct report before, after;
	bool had;

	if (!is_good_for_upsd(program)) {
		log_error("not reloaded: upsd keeps what it has");
		return 1;
	}
	had = read_report(program, pid, &before);
	if (kill(pid, SIGHUP) != 0)
		fatal("cannot signal process %ld", (long)pid);
	for (int waited_ms = 0; waited_ms < RELOAD_WAIT_MS; waited_ms += 20) {
		if (read_report(program, pid, &after) && (!had || after.count != before.count)) {
			if (!strcmp(after.text, "ok"))
				return 0;
			log_error("upsd refused: %s", after.text);
			return 1;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	log_error("upsd did not answer within %d s", RELOAD_WAIT_MS / 1000);
	return 1;
}

static int
send_command(const struct program *program)
{
	pid_t pid = program->options.pid;
	char path[PATH_MAX];

	if (!pid)
		pid = proc_pidfile_read(outside(program, program->pid_path, path), "upsd");
	if (!pid)
		fatalx("no upsd is running (%s)", path);
	if (!strcmp(program->options.command, "reload"))
		return reload(program, pid);
	if (kill(pid, SIGTERM) != 0)
		fatal("cannot signal process %ld", (long)pid);
	return 0;
}

/* ---- serving ---- */

/* However many SIGHUPs came in one turn, they are one reload. */
static void
reload_now(void *owner)
{
	struct program *program = owner;

	proc_notify_reloading();
	upsd_reload(program->upsd);
	set_debug_level(program);
	proc_notify("READY=1");
}

static void
got_signal(void *owner, int signal)
{
	struct program *program = owner;

	if (signal == SIGHUP) {
		loop_later(program->loop, &program->reload);
		return;
	}
	log_notice("Signal %d: exiting", signal);
	loop_stop(program->loop);
}

static void
watchdog(void *owner)
{
	struct program *program = owner;

	proc_notify("WATCHDOG=1");
	loop_timer_in(program->loop, &program->watchdog, proc_watchdog_ms());
}

/* As many descriptors as we are allowed. */
static long
raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max < 1048576 ? limit.rlim_max : 1048576;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	return (long)limit.rlim_cur;
}

/* At least one address must be open; the rest may come later. */
static void
listen_or_die(struct program *program)
{
	struct upsd *upsd = program->upsd;
	int64_t until_ms = loop_now_ms(program->loop) + NAMES_WAIT_MS;
	bool settled;

	upsd->family = program->options.family;
	if (!listen_start(upsd))
		fatalx("out of memory");
	while (!listen_open(upsd, &settled) || program->drop) {
		if (settled || loop_now_ms(program->loop) >= until_ms)
			break;
		loop_step(program->loop, 100);
	}
	if (!listen_open(upsd, &settled))
		fatalx("no address to listen on");
}

static void
become_user(struct program *program)
{
	struct upsdconf *conf;

	if (!program->drop)
		return;
	proc_become(&program->user);
	/* What the files say counts as this user can read it: the next reload will be no different.
	 * Keys have not been read before. */
	program->source.keys_later = false;
	conf = read_conf(&program->source);
	if (!conf)
		fatalx("user %s cannot start", program->user.name);
	if (!upsd_adopt(program->upsd, conf))
		fatalx("out of memory");
}

static void
serve(struct program *program, struct world *world)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT, SIGQUIT, 0 };
	static const struct confine_call *const calls[] = { confine_common, upsd_calls, tls_calls,
		NULL };
	struct upsdconf *conf;

	program->source.keys_later = program->drop;
	conf = read_conf(&program->source);
	if (!conf)
		fatalx("not started; upsd -t checks the configuration");
	program->loop = loop_new(world);
	program->upsd = program->loop ? upsd_new(program->loop, conf) : NULL;
	if (!program->upsd)
		fatalx("out of memory");
	program->upsd->source = &program->source;
	program->upsd->report_path = program->report_path[0];
	program->upsd->report_path2 = program->report_path[1];
	program->upsd->fd_max = raise_fd_limit();
	program->upsd->wrap = wrap_available();
	program->reload = (struct later){ .run = reload_now, .owner = program };
	program->watchdog = (struct timer){ .fire = watchdog, .owner = program };
	proc_signals(program->loop, signals, got_signal, program);

	listen_or_die(program);
	become_user(program);
	set_debug_level(program);
	if ((!program->options.foreground || program->options.pid_file) &&
	    !proc_pidfile_write(program->pid_path))
		log_warn("cannot write %s", program->pid_path);
	upsd_report(program->upsd, NULL);
	confine(calls);
	proc_ready();
	proc_notify("READY=1");
	if (proc_watchdog_ms())
		watchdog(program);
	loop_run(program->loop);

	proc_notify("STOPPING=1");
	loop_timer_clear(program->loop, &program->watchdog);
	loop_later_clear(&program->reload);
	proc_signals_end(program->loop);
	upsd_free(program->upsd);
	loop_free(program->loop);
	if (!program->options.foreground || program->options.pid_file)
		(void)unlink(program->pid_path);
	for (int i = 0; i < 2; i++)
		(void)unlink(program->report_path[i]);
}

static void
refuse_second(const struct program *program)
{
	char path[PATH_MAX];
	pid_t pid = proc_pidfile_read(outside(program, program->pid_path, path), "upsd");

	if (pid && pid != getpid())
		fatalx("A previous upsd instance is already running! (process %ld, %s)", (long)pid,
		    path);
}

int
main(int argc, char **argv)
{
	static const struct helper_kind *const kinds[] = { &hash_helper, &wrap_helper, NULL };
	struct program program = { 0 };
	struct world *world;
	int helper_fd;

	proc_begin();
	paths_get(&program.paths);
	parse_options(&program.options, argc, argv);
	start_log(&program.options);
	find_files(&program);
	find_user(&program);
	if (program.options.command)
		return send_command(&program);
	if (program.options.root && program.options.check)
		proc_chroot(program.options.root);
	if (program.options.check)
		return check(&program);
	if (program.options.explain)
		return explain_question(&program);

	if (!program.options.foreground)
		proc_background();
	helper_fd = helper_start(program.drop ? &program.user : NULL, kinds);
	if (helper_fd == -1)
		fatal("cannot start the process that may wait");
	refuse_second(&program); /* a jail has no /proc */
	if (program.options.root)
		proc_chroot(program.options.root);
	world = world_kernel_new(helper_fd);
	if (!world)
		fatalx("out of memory");
	serve(&program, world);
	world_kernel_free(world);
	return 0;
}
