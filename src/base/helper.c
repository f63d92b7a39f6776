#include "base/helper.h"

#include "base/buf.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536
#define RESTART_S 1
#define STOPPED_S                                                                                  \
	3 /* so long a stopped server may stay so: nobody who asks waits longer for nothing */
#define GRACE_MS 1000 /* the asker waits so much longer than the server lets a worker live */

/* ---- the workers: each answers one question and exits ---- */

/* "name HOST PORT" -> one numeric address a line. */
static void
answer_name(char *question, int to)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found, *at;
	char *save, *host = strtok_r(question, " ", &save), *port = strtok_r(NULL, " ", &save);
	char text[ADDR_TEXT_MAX];
	int len;

	if (!host || getaddrinfo(host, port, &hints, &found))
		return;
	for (at = found; at; at = at->ai_next) {
		if (getnameinfo(at->ai_addr, at->ai_addrlen, text, sizeof(text) - 1, NULL, 0,
			NI_NUMERICHOST))
			continue;
		len = (int)strlen(text);
		text[len++] = '\n';
		if (write(to, text, (size_t)len) != len)
			break;
	}
	freeaddrinfo(found);
}

static const struct helper_kind name_kind = { "name", answer_name };

static bool
is_kind(const struct helper_kind *kind, const char *question, size_t len)
{
	return strlen(kind->kind) == len && !strncmp(question, kind->kind, len);
}

static void
answer(const struct helper_kind *const *more, char *question, int to)
{
	size_t len = strcspn(question, " ");

	if (!question[len])
		return;
	if (is_kind(&name_kind, question, len))
		name_kind.answer(question + len + 1, to);
	for (; more && *more; more++)
		if (is_kind(*more, question, len))
			(*more)->answer(question + len + 1, to);
}

void
helper_say_yes(int to, bool yes)
{
	const char *word = yes ? "yes" : "no";

	if (write(to, word, strlen(word)) == -1)
		return; /* nobody waits for it any more */
}

bool
helper_is_yes(const char *answer)
{
	return answer && !strcmp(answer, "yes");
}

/* ---- the server ---- */

struct worker {
	pid_t pid;     /* 0: none */
	int alive_fd;  /* end of file when it is gone */
	int answer_fd; /* hung up when nobody waits for the answer any more */
	int64_t deadline_ms;
};

struct server {
	int fd; /* questions come from it */
	const struct helper_kind *const *more;
	struct worker workers[HELPER_WORKERS];
	bool over; /* nobody will ask any more */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One question and the descriptor for its answer.  Its length, 0 when nobody will ask any more. */
static ssize_t
receive(int fd, char *question, int *to)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { question, HELPER_QUESTION_MAX - 1 };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *header;

	*to = -1;
	if (len <= 0)
		return len;
	header = CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(to, CMSG_DATA(header), sizeof(int));
	question[len] = '\0';
	return len;
}

/* In a worker: what belongs to the server and to the others. */
static void
close_all(const struct server *server)
{
	const struct worker *workers = server->workers;

	close(server->fd);
	for (size_t i = 0; i < HELPER_WORKERS; i++)
		if (workers[i].pid) {
			close(workers[i].alive_fd);
			close(workers[i].answer_fd);
		}
}

/* One of the workers that is idle answers.  TO is its own from here on. */
static void
start_worker(struct server *server, size_t idle, char *question, int to)
{
	int alive[2];
	pid_t pid;

	if (pipe(alive) == -1) {
		close(to);
		return;
	}
	pid = fork();
	if (pid == 0) {
		close_all(server);
		close(alive[0]);
		answer(server->more, question, to);
		explicit_bzero(question, HELPER_QUESTION_MAX);
		_exit(0);
	}
	close(alive[1]);
	if (pid == -1) {
		close(alive[0]);
		close(to);
		return;
	}
	server->workers[idle] = (struct worker){ pid, alive[0], to, now_ms() + HELPER_DEADLINE_MS };
}

static void
end_worker(struct worker *worker)
{
	kill(worker->pid, SIGKILL);
	while (waitpid(worker->pid, NULL, 0) == -1 && errno == EINTR)
		;
	close(worker->alive_fd);
	close(worker->answer_fd);
	worker->pid = 0;
}

/* How long until the first deadline, -1 if there is no worker. */
static int
patience_ms(const struct worker *workers)
{
	int64_t first = INT64_MAX, now = now_ms();

	for (size_t i = 0; i < HELPER_WORKERS; i++)
		if (workers[i].pid && workers[i].deadline_ms < first)
			first = workers[i].deadline_ms;
	return first == INT64_MAX ? -1 : first <= now ? 0 : (int)(first - now);
}

/* false when nobody will ask any more, or something is wrong. */
static bool
take_question(struct server *server, size_t idle)
{
	char question[HELPER_QUESTION_MAX];
	int to;
	ssize_t len = receive(server->fd, question, &to);

	server->over = len == 0;
	if (len == 0 || (len == -1 && errno != EINTR))
		return false;
	if (len > 0 && to != -1)
		start_worker(server, idle, question, to);
	else if (to != -1)
		close(to);
	explicit_bzero(question, sizeof(question));
	return true;
}

/* One turn of the server; false when nobody will ask any more, or something is wrong. */
static bool
serve_once(struct server *server)
{
	struct worker *workers = server->workers;
	struct pollfd fds[2 * HELPER_WORKERS + 1];
	size_t idle = HELPER_WORKERS;

	for (size_t i = 0; i < HELPER_WORKERS; i++) {
		bool busy = workers[i].pid != 0;

		fds[2 * i] = (struct pollfd){ busy ? workers[i].alive_fd : -1, POLLIN, 0 };
		fds[2 * i + 1] = (struct pollfd){ busy ? workers[i].answer_fd : -1, 0, 0 };
		if (!busy)
			idle = i;
	}
	/* With all workers busy, questions wait in the socket. */
	fds[2 * HELPER_WORKERS] =
	    (struct pollfd){ idle < HELPER_WORKERS ? server->fd : -1, POLLIN, 0 };
	if (poll(fds, 2 * HELPER_WORKERS + 1, patience_ms(workers)) == -1)
		return errno == EINTR;
	for (size_t i = 0; i < HELPER_WORKERS; i++)
		if (workers[i].pid && (fds[2 * i].revents || fds[2 * i + 1].revents ||
					  now_ms() >= workers[i].deadline_ms))
			end_worker(&workers[i]);
	return !fds[2 * HELPER_WORKERS].revents || take_question(server, idle);
}

static bool
serve(int fd, const struct helper_kind *const *more)
{
	struct server server = { .fd = fd, .more = more };

	while (serve_once(&server))
		;
	for (size_t i = 0; i < HELPER_WORKERS; i++)
		if (server.workers[i].pid)
			end_worker(&server.workers[i]);
	return server.over;
}

/* It stays a zombie until its group is gone: nobody else may have its number.  One that is stopped
 * (SIGSTOP) and not continued would never answer again, and is ended. */
static void
wait_for_end(pid_t pid, siginfo_t *ended)
{
	for (int stopped_s = 0;;) {
		int wait = WEXITED | WSTOPPED | WNOWAIT | (stopped_s ? WNOHANG : 0);

		*ended = (siginfo_t){ 0 };
		if (waitid(P_PID, (id_t)pid, ended, wait) == -1)
			continue; /* EINTR */
		if (ended->si_pid == 0) {
			stopped_s = 0; /* it goes on */
			continue;
		}
		if (ended->si_code != CLD_STOPPED)
			return;
		if (stopped_s++ == STOPPED_S) {
			log_warnx("the helper has been stopped for %d s: ended", STOPPED_S);
			kill(-pid, SIGKILL);
		}
		sleep(1);
	}
}

/* A server that died is started again: without one nobody could log in where libwrap is asked.
 * What was asked meanwhile waits in the socket; what it was about to answer, its workers being in
 * its process group, is not answered. */
static void
keep_serving(int fd, const struct helper_kind *const *more)
{
	siginfo_t ended;

	for (;; sleep(RESTART_S)) {
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			_exit(serve(fd, more) ? 0 : 1);
		}
		if (pid == -1)
			continue;
		wait_for_end(pid, &ended);
		if (ended.si_code != CLD_EXITED || ended.si_status != 0)
			kill(-pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			;
		if (ended.si_code == CLD_EXITED && ended.si_status == 0)
			return;
		log_warnx("the helper has died (%s %d) and is started again",
		    ended.si_code == CLD_EXITED ? "status" : "signal", ended.si_status);
	}
}

/* What is meant for the daemon (a terminal's signals go to all) must not end the helper before the
 * daemon: that closes the socket when it ends. */
static void
set_signals(void)
{
	const int ignored[] = { SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGTERM };

	for (int s = 1; s < NSIG; s++)
		signal(s, SIG_DFL);
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
}

static void
close_all_but(int keep)
{
	long most = sysconf(_SC_OPEN_MAX);

	if (keep > 3)
		close_range(3, (unsigned)keep - 1, 0);
	close_range((unsigned)keep + 1, most > 0 ? (unsigned)most : 1024u, 0);
}

/* Whoever reads what the daemon wrote at its start must see the end of it. */
static void
leave_terminal(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; null != -1 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
}

/* A daemon of the same user that was taken over could write /proc/PID/mem, and so get round what
 * confines it (base/confine): we are not.  Our children have it, too. */
static void
close_memory(void)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
		log_warn("the helper's memory is open to its user");
}

int
helper_start(const struct proc_user *as, const struct helper_kind *const *more)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	fflush(NULL);
	/* Twice, so that it is nobody's child that must be waited for. */
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		set_signals();
		close_all_but(ends[1]);
		leave_terminal();
		if (as)
			proc_become(as);
		close_memory();
		keep_serving(ends[1], more);
		_exit(0);
	}
	close(ends[1]);
	if (pid == -1) {
		close(ends[0]);
		return -1;
	}
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
	return ends[0];
}

/* ---- asking ---- */

struct helper_question {
	struct loop *loop; /* borrowed */
	int fd;		   /* owned: the answer comes from it */
	struct buf answer;
	struct timer deadline;
	helper_answered *answered;
	void *owner;
};

void
helper_withdraw(struct helper_question *question)
{
	const struct world *world;

	if (!question)
		return;
	world = loop_world(question->loop);
	loop_timer_clear(question->loop, &question->deadline);
	loop_forget(question->loop, question->fd);
	world->close(world->owner, question->fd);
	buf_free(&question->answer);
	free(question);
}

static void
finish(struct helper_question *question, bool whole)
{
	struct buf answer = question->answer;
	helper_answered *answered = question->answered;
	void *owner = question->owner;
	size_t len = buf_len(&answer);

	question->answer = (struct buf){ 0 };
	helper_withdraw(question);
	if (!whole || !len || !buf_add(&answer, "", 1))
		answered(owner, NULL, 0);
	else
		answered(owner, buf_bytes(&answer), len);
	buf_free(&answer);
}

static void
too_late(void *owner)
{
	finish(owner, false);
}

static void
arrived(void *owner, int fd, short revents)
{
	struct helper_question *question = owner;
	const struct world *world = loop_world(question->loop);

	for (;;) {
		char *room = buf_room(&question->answer, 1024);
		ssize_t len = room ? world->read(world->owner, fd, room, 1024) : -1;

		if (room && len > 0) {
			buf_added(&question->answer, (size_t)len);
			continue;
		}
		if (room && len == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		finish(question, room && len == 0);
		return;
	}
}

struct helper_question *
helper_ask(struct loop *loop, const char *text, helper_answered *answered, void *owner)
{
	const struct world *world = loop_world(loop);
	struct helper_question *question;
	size_t len = strlen(text);
	int fd;

	errno = EMSGSIZE;
	if (len >= HELPER_QUESTION_MAX || (fd = world->ask(world->owner, text, len)) == -1)
		return NULL;
	question = calloc(1, sizeof(*question));
	if (!question || !loop_watch(loop, fd, POLLIN, arrived, question)) {
		world->close(world->owner, fd);
		free(question);
		errno = ENOMEM;
		return NULL;
	}
	*question = (struct helper_question){
		.loop = loop,
		.fd = fd,
		.answer = { .max = ANSWER_MAX },
		.deadline = { .fire = too_late, .owner = question },
		.answered = answered,
		.owner = owner,
	};
	loop_timer_in(loop, &question->deadline, HELPER_DEADLINE_MS + GRACE_MS);
	return question;
}

/* ---- names ---- */

#define ADDRS_MAX 32

struct helper_name {
	struct loop *loop; /* borrowed */
	struct helper_question
	    *question; /* NULL: the answer is known, and told later in this turn */
	struct later later;
	struct addr addrs[ADDRS_MAX];
	size_t len;
	uint16_t port;
	helper_resolved *resolved;
	void *owner;
};

void
helper_resolve_withdraw(struct helper_name *name)
{
	if (!name)
		return;
	loop_later_clear(&name->later);
	helper_withdraw(name->question);
	free(name);
}

static void
tell(void *owner)
{
	struct helper_name *name = owner;

	name->resolved(name->owner, name->addrs, name->len);
	free(name);
}

static void
got_addresses(void *owner, const char *answer, size_t len)
{
	struct helper_name *name = owner;
	const char *end = answer ? answer + len : NULL, *newline;
	char text[ADDR_TEXT_MAX];

	name->question = NULL;
	for (; answer && answer < end && name->len < ADDRS_MAX; answer = newline + 1) {
		newline = memchr(answer, '\n', (size_t)(end - answer));
		if (!newline || (size_t)(newline - answer) >= sizeof(text))
			break;
		memcpy(text, answer, (size_t)(newline - answer));
		text[newline - answer] = '\0';
		name->len += addr_parse(&name->addrs[name->len], text, name->port);
	}
	tell(name);
}

/* A host as it may stand in a question: no blanks. */
static bool
is_host(const char *host)
{
	return *host && strlen(host) < 256 && !strpbrk(host, " \t\r\n");
}

/* HOST's addresses, if nobody need be asked for them.  localhost is always this host (RFC
 * 6761, 6.3): who watches a UPS here must not wait behind names whose server is without power. */
static size_t
known_addresses(struct addr *out, const char *host, uint16_t port)
{
	if (strcasecmp(host, "localhost") != 0)
		return addr_parse(out, host, port);
	addr_parse(&out[0], "127.0.0.1", port);
	addr_parse(&out[1], "::1", port);
	return 2;
}

struct helper_name *
helper_resolve(
    struct loop *loop, const char *host, uint16_t port, helper_resolved *resolved, void *owner)
{
	struct helper_name *name = calloc(1, sizeof(*name));
	char question[512];

	if (!name)
		return NULL;
	name->loop = loop;
	name->port = port;
	name->resolved = resolved;
	name->owner = owner;
	name->later = (struct later){ .run = tell, .owner = name };
	name->len = known_addresses(name->addrs, host, port);
	if (!name->len && is_host(host)) {
		snprintf(question, sizeof(question), "name %s %u", host, port);
		name->question = helper_ask(loop, question, got_addresses, name);
	}
	if (!name->question)
		loop_later(loop, &name->later);
	return name;
}
