/* nut-conform - does an implementation of Network UPS Tools do what the documents say?
 *
 * The parent chooses, shares the cases out to a few workers, each with a bench of its own, and
 * reports in order.  Cases that measure time run last, alone. */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "area.h"
#include "bench.h"
#include "dialect.h"
#include "drive.h"
#include "page.h"

enum { MAX_WORKERS = 24, PATIENCE_MS = 6000, DEVIATION_PATIENCE_MS = 1500 };

struct options {
	const char *driver, *device;
	const char *target, *junit, *json, *html, *beside, *learn, *build, *bindir, *sbindir,
	    *driverdir, *dialect;
	const char *only[64];
	size_t only_len;
	bool in[AREAS], in_any; /* the sections chosen, if any are */
	int jobs;
	bool list, keep, quiet, all, quick, musts;
};

struct worker {
	pid_t pid;
	int fd;	     /* numbers of cases go in, answers come out */
	size_t busy; /* 1 + the number of the case it runs, 0: none */
};

/* What a worker answers: this, then the two texts. */
struct answer {
	size_t number;
	enum verdict verdict;
	int ms;
	size_t why_len, trace_len;
};

struct session {
	const struct options *options;
	struct target *target;
	struct drives drives;
	const struct test_case **tests;
	struct result *results;
	size_t len, printed;
	struct worker workers[MAX_WORKERS];
};

static void
on_signal(int signal)
{
	if (signal != SIGCHLD)
		bench_interrupted = 1;
}

static void
catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART: poll shall wake */

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGCHLD, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static bool
whole_write(int fd, const void *at, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t put = write(fd, (const char *)at + done, len - done);

		if (put > 0)
			done += (size_t)put;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

static bool
whole_read(int fd, void *at, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t got = read(fd, (char *)at + done, len - done);

		if (got > 0)
			done += (size_t)got;
		else if (got == 0 || errno != EINTR || bench_interrupted)
			return false;
	}
	return true;
}

static void
run_one(struct session *session, struct bench *bench, size_t number, int fd)
{
	const struct test_case *test = session->tests[number];
	const struct deviation *deviation = target_deviation(session->target, test->id);
	struct answer answer = { .number = number, .verdict = SKIPPED };
	int64_t begin = now_ms();

	/* A failure that is waited for need not be waited for long. */
	bench->patience_ms = deviation ? DEVIATION_PATIENCE_MS : PATIENCE_MS;
	if (deviation && deviation->skip)
		snprintf(bench->why, sizeof(bench->why), "%s", deviation->reason);
	else if (bench_run(bench, test))
		answer.verdict = PASSED;
	else if (!bench->skipped)
		answer.verdict = FAILED;
	answer.ms = (int)(now_ms() - begin);
	answer.why_len = strlen(bench->why);
	answer.trace_len = answer.verdict == FAILED ? bench->trace.len : 0;
	if (!whole_write(fd, &answer, sizeof(answer)) ||
	    !whole_write(fd, bench->why, answer.why_len) ||
	    !whole_write(fd, bench->trace.at, answer.trace_len))
		bench_interrupted = 1;
}

static _Noreturn void
work(struct session *session, int fd)
{
	struct bench *bench = bench_new(session->target);
	size_t number;

	while (!bench_interrupted && whole_read(fd, &number, sizeof(number)))
		run_one(session, bench, number, fd);
	bench_free(bench, session->options->keep);
	_exit(0);
}

static void
start_worker(struct session *session, struct worker *worker)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends)) {
		perror("nut-conform: socketpair");
		exit(2);
	}
	fflush(stdout);
	worker->pid = fork();
	if (worker->pid == -1) {
		perror("nut-conform: fork");
		exit(2);
	}
	if (!worker->pid) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		for (size_t i = 0; i < MAX_WORKERS; i++)
			if (session->workers[i].fd > 0)
				close(session->workers[i].fd);
		close(ends[0]);
		work(session, ends[1]);
	}
	close(ends[1]);
	worker->fd = ends[0];
	worker->busy = 0;
}

static char *
read_text(int fd, size_t len)
{
	char *text = calloc(1, len + 1);

	if (text && !whole_read(fd, text, len))
		text[0] = '\0';
	return text;
}

static void
print_finished(struct session *session)
{
	while (session->printed < session->len &&
	       session->results[session->printed].verdict != NOT_RUN) {
		size_t i = session->printed++;

		if (!session->options->quiet ||
		    !report_expected(session->tests[i], &session->results[i], session->target))
			report_tap(i + 1, session->tests[i], &session->results[i], session->target);
	}
}

static void
take_answer(struct session *session, struct worker *worker)
{
	struct answer answer;

	if (whole_read(worker->fd, &answer, sizeof(answer))) {
		struct result *result = &session->results[answer.number];

		result->verdict = answer.verdict;
		result->ms = answer.ms;
		result->why = read_text(worker->fd, answer.why_len);
		result->trace = read_text(worker->fd, answer.trace_len);
		worker->busy = 0;
	} else if (!bench_interrupted) { /* a bug of the suite: say which case, go on with a new one
					  */
		struct result *result = &session->results[worker->busy - 1];

		result->verdict = FAILED;
		result->why = strdup("the suite itself crashed in this case");
		close(worker->fd);
		while (waitpid(worker->pid, NULL, 0) == -1 && errno == EINTR)
			;
		start_worker(session, worker);
	}
	print_finished(session);
}

/* The next case of this round: 0 slow ones, 1 the others, 2 those that must be alone. */
static bool
next_case(const struct session *session, int round, size_t *at, size_t *number)
{
	for (; *at < session->len; ++*at) {
		unsigned flags = session->tests[*at]->flags;

		if (round == (flags & SOLO ? 2 : flags & SLOW ? 0 : 1)) {
			*number = (*at)++;
			return true;
		}
	}
	return false;
}

/* Wait until a worker answers; false when none is busy. */
static bool
wait_answer(struct session *session)
{
	struct pollfd polled[MAX_WORKERS];
	bool busy = false;

	for (int i = 0; i < session->options->jobs; i++) {
		polled[i] =
		    (struct pollfd){ .fd = session->workers[i].busy ? session->workers[i].fd : -1,
			    .events = POLLIN };
		busy |= session->workers[i].busy > 0;
	}
	if (!busy || poll(polled, (nfds_t)session->options->jobs, -1) <= 0)
		return busy;
	for (int i = 0; i < session->options->jobs; i++)
		if (polled[i].revents)
			take_answer(session, &session->workers[i]);
	return true;
}

static struct worker *
idle_worker(struct session *session, int jobs)
{
	for (int i = 0; i < jobs; i++)
		if (!session->workers[i].busy)
			return &session->workers[i];
	return NULL;
}

static void
run_round(struct session *session, int round)
{
	int jobs = round == 2 ? 1 : session->options->jobs;
	size_t at = 0, number;

	while (!bench_interrupted && next_case(session, round, &at, &number)) {
		struct worker *worker = NULL;

		while (!bench_interrupted && !(worker = idle_worker(session, jobs)))
			wait_answer(session);
		if (!worker)
			break;
		worker->busy = number + 1;
		if (!whole_write(worker->fd, &number, sizeof(number)))
			break;
	}
	/* Round 1 fills the gaps that the slow ones leave; before round 2 all must be over. */
	while (round && !bench_interrupted && wait_answer(session))
		;
}

static void
run_all(struct session *session)
{
	for (int i = 0; i < session->options->jobs; i++)
		start_worker(session, &session->workers[i]);
	for (int round = 0; round < 3; round++)
		run_round(session, round);
	for (int i = 0; i < session->options->jobs; i++) {
		if (bench_interrupted)
			kill(session->workers[i].pid, SIGTERM);
		close(session->workers[i].fd);
	}
	for (int i = 0; i < session->options->jobs; i++)
		while (waitpid(session->workers[i].pid, NULL, 0) == -1 && errno == EINTR)
			;
}

static bool
chosen(const struct options *options, const char *id)
{
	for (size_t i = 0; i < options->only_len; i++)
		if (!strncmp(id, options->only[i], strlen(options->only[i])) ||
		    !fnmatch(options->only[i], id, 0))
			return true;
	return !options->only_len;
}

static bool
in_section(const struct options *options, const struct test_case *test)
{
	for (size_t i = 0; i < AREAS; i++)
		if (options->in[i] && area_has(i, test))
			return true;
	return !options->in_any;
}

/* How long a run may take: LONG ones only when asked for, the slow ones not in a quick run. */
static bool
in_time(const struct options *options, const struct test_case *test)
{
	if (options->quick && options->driver)
		return test->flags & QUICK;
	if (options->quick)
		return !(test->flags & (LONG | SOLO | PAIR | SLOW)) || test->flags & BRIEF;
	return options->all || options->list || !(test->flags & LONG);
}

static void
choose_of(struct session *session, const struct test_case *test)
{
	const struct options *options = session->options;

	if (chosen(options, test->id) && in_section(options, test) && in_time(options, test) &&
	    (!options->musts || test->level == MUST))
		session->tests[session->len++] = test;
}

/* With --driver nothing but that. */
static void
choose(struct session *session)
{
	const struct options *options = session->options;
	size_t len = options->driver ? 0 : suite_len();

	drives_make(
	    &session->drives, session->target, options->driver, options->device, options->build);
	session->tests = calloc(len + session->drives.cases_len + 1, sizeof(struct test_case *));
	session->results = calloc(len + session->drives.cases_len + 1, sizeof(*session->results));
	if (!session->tests || !session->results)
		exit(2);
	for (size_t i = 0; i < len; i++)
		choose_of(session, suite_case(i));
	for (size_t i = 0; i < session->drives.cases_len; i++)
		choose_of(session, &session->drives.cases[i]);
}

static void
forget(struct session *session)
{
	for (size_t i = 0; i < session->len; i++) {
		free(session->results[i].why);
		free(session->results[i].trace);
	}
	free(session->results);
	free(session->tests);
	drives_free(&session->drives);
	target_free(session->target);
}

static void
list(const struct session *session)
{
	for (size_t i = 0; i < session->len; i++) {
		printf("%s\t%s\t%s\t%s\t", session->tests[i]->id,
		    session->tests[i]->level == MUST ? "MUST" : "SHOULD", session->tests[i]->cites,
		    session->tests[i]->says);
		area_print(stdout, session->tests[i], " ");
		putchar('\n');
	}
}

static _Noreturn void
usage(FILE *to, int status)
{
	fprintf(to,
	    "usage: nut-conform [--target ours|upstream|FILE] [--only ID-PREFIX-OR-PATTERN]... "
	    "[--list]\n"
	    "                   [--section NAME]... [--level MUST] [--quick|--long]\n"
	    "                   [--driver PROGRAM --device NAME|FILE|all]\n"
	    "                   [--junit FILE] [--json FILE] [--html FILE [--beside FILE]]\n"
	    "                   [--learn FILE]\n"
	    "                   [--jobs N] [--keep] [--quiet] [--build DIR]\n"
	    "                   [--bindir DIR] [--sbindir DIR] [--driverdir DIR]\n"
	    "                   [--confdialect 2.8|2.7.4] [--help]\n"
	    "Sections: protocol, robustness, access, security, driver, shutdown.\n"
	    "Checks an implementation of Network UPS Tools case by case; docs/conformance.md tells "
	    "how.\n");
	exit(status);
}

static const struct option long_options[] = {
	{ "target", required_argument, NULL, 't' },
	{ "driver", required_argument, NULL, 'd' },
	{ "device", required_argument, NULL, 'e' },
	{ "only", required_argument, NULL, 'o' },
	{ "section", required_argument, NULL, 's' },
	{ "level", required_argument, NULL, 'm' },
	{ "quick", no_argument, NULL, 'Q' },
	{ "confdialect", required_argument, NULL, 'c' },
	{ "list", no_argument, NULL, 'l' },
	{ "junit", required_argument, NULL, 'j' },
	{ "json", required_argument, NULL, 'J' },
	{ "html", required_argument, NULL, 'H' },
	{ "beside", required_argument, NULL, 'N' },
	{ "learn", required_argument, NULL, 'R' },
	{ "jobs", required_argument, NULL, 'n' },
	{ "long", no_argument, NULL, 'L' },
	{ "keep", no_argument, NULL, 'k' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "build", required_argument, NULL, 'b' },
	{ "bindir", required_argument, NULL, 'B' },
	{ "sbindir", required_argument, NULL, 'S' },
	{ "driverdir", required_argument, NULL, 'D' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void
take_section(struct options *options, const char *name)
{
	int area = area_find(name);

	if (area == -1) {
		fprintf(stderr, "nut-conform: there is no section '%s'\n", name);
		usage(stderr, 2);
	}
	options->in[area] = options->in_any = true;
}

/* "SHOULD" is both: who asks for that wants no less than MUST. */
static void
take_level(struct options *options, const char *name)
{
	options->musts = !strcmp(name, "MUST");
	if (!options->musts && strcmp(name, "SHOULD") != 0) {
		fprintf(stderr, "nut-conform: there is no level '%s'\n", name);
		usage(stderr, 2);
	}
}

static void
parse_options(struct options *options, int argc, char **argv)
{
	int letter;

	while ((letter = getopt_long(argc, argv, "hqt:o:l", long_options, NULL)) != -1) {
		switch (letter) {
		case 't':
			options->target = optarg;
			break;
		case 'd':
			options->driver = optarg;
			break;
		case 'e':
			options->device = optarg;
			break;
		case 'o':
			if (options->only_len == sizeof(options->only) / sizeof(options->only[0]))
				usage(stderr, 2);
			options->only[options->only_len++] = optarg;
			break;
		case 's':
			take_section(options, optarg);
			break;
		case 'm':
			take_level(options, optarg);
			break;
		case 'Q':
			options->quick = true;
			break;
		case 'c':
			options->dialect = optarg;
			break;
		case 'l':
			options->list = true;
			break;
		case 'j':
			options->junit = optarg;
			break;
		case 'J':
			options->json = optarg;
			break;
		case 'H':
			options->html = optarg;
			break;
		case 'N':
			options->beside = optarg;
			break;
		case 'R':
			options->learn = optarg;
			break;
		case 'n':
			options->jobs = atoi(optarg);
			break;
		case 'L':
			options->all = true;
			break;
		case 'k':
			options->keep = true;
			break;
		case 'q':
			options->quiet = true;
			break;
		case 'b':
			options->build = optarg;
			break;
		case 'B':
			options->bindir = optarg;
			break;
		case 'S':
			options->sbindir = optarg;
			break;
		case 'D':
			options->driverdir = optarg;
			break;
		case 'h':
			usage(stdout, 0);
		default:
			usage(stderr, 2);
		}
	}
	if (optind < argc || (options->beside && !options->html) || options->jobs < 1 ||
	    options->jobs > MAX_WORKERS || (options->quick && options->all) ||
	    !options->driver != !options->device)
		usage(stderr, 2);
}

/* The folder above the one this program is in: build/bin/nut-conform -> build. */
static const char *
own_build(void)
{
	static char path[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len > 0 ? len : 0] = '\0';
	for (int i = 0; i < 2 && strrchr(path, '/'); i++)
		*strrchr(path, '/') = '\0';
	return path;
}

static void
override(char **place, const char *with)
{
	char *whole;

	if (!with)
		return;
	/* Daemons run in their own folder, so a path must not depend on ours. */
	whole = realpath(with, NULL);
	if (!whole) {
		fprintf(stderr, "nut-conform: %s: %s\n", with, strerror(errno));
		exit(2);
	}
	free(*place);
	*place = whole;
}

static bool
could_not(const char *file)
{
	fprintf(stderr, "nut-conform: %s: %s\n", file, strerror(errno));
	return false;
}

static bool
write_page(const struct options *options, const struct run *run)
{
	char path[PATH_MAX];
	FILE *sentences = target_open_data("sentences.txt", options->build, path, sizeof(path));
	FILE *template = target_open_data("report.html", options->build, path, sizeof(path));

	if (!template)
		return could_not(path);
	return page_html(options->html, run, options->beside, template, sentences) ||
	       could_not(options->beside && errno == EINVAL ? options->beside : options->html);
}

static bool
write_reports(const struct options *options, const struct run *run)
{
	if (options->junit && !report_junit(options->junit, run))
		return could_not(options->junit);
	if (options->learn && !report_learnt(options->learn, run))
		return could_not(options->learn);
	if (options->json && !page_json(options->json, run))
		return could_not(options->json);
	return !options->html || write_page(options, run);
}

int
main(int argc, char **argv)
{
	struct options options = { .jobs = 20, .build = own_build() };
	struct session session = { .options = &options };
	struct run run;
	struct tally tally;
	int64_t begin = now_ms();
	int status;

	parse_options(&options, argc, argv);
	if (!options.target)
		options.target =
		    options.driver ? drive_target(options.driver, options.build) : "ours";
	session.target = target_read(options.target, options.build);
	override(&session.target->bindir, options.bindir);
	override(&session.target->sbindir, options.sbindir);
	override(&session.target->driverdir, options.driverdir);
	if (options.dialect && !target_speak(session.target, options.dialect)) {
		fprintf(stderr, "nut-conform: there is no dialect '%s'; there are %s\n",
		    options.dialect, dialect_names());
		return 2;
	}
	choose(&session);
	if (options.list) {
		list(&session);
		forget(&session);
		return 0;
	}
	catch_signals();
	report_tap_plan(session.len);
	run_all(&session);
	if (bench_interrupted) {
		printf("Bail out! interrupted\n");
		return 130;
	}
	run = (struct run){ session.target, session.tests, session.results, session.len,
		now_ms() - begin };
	tally = report_count(&run);
	area_summary(&run);
	report_summary(&tally, &run);
	if (!write_reports(&options, &run))
		return 2;
	status = tally.unexpected || !session.len;
	forget(&session);
	return status;
}
