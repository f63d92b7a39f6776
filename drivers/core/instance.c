/* instance.c - the same driver for the same UPS, in another process. */
#include "drivers/core/instance.h"

#include "base/conn.h"
#include "base/log.h"
#include "base/proc.h"
#include "ups/sockmsg.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#define TRACKING "order"
#define EXIT_MS 5000 /* how long one may take to go */

struct question {
	struct conn *conn;
	enum instance_answer answer;
	bool answered, closed;
};

static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct question *question = owner;
	struct sockmsg msg;

	if (error || sockmsg_parse(&msg, words) || msg.type != SOCKMSG_RESULT ||
	    strcmp(msg.tracking, TRACKING) != 0)
		return true;
	question->answer = msg.number == RESULT_HANDLED ? INSTANCE_DONE : INSTANCE_FAILED;
	question->answered = true;
	return true;
}

static size_t
question_input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
question_closed(void *owner, const char *why)
{
	struct question *question = owner;

	conn_free(question->conn);
	question->conn = NULL;
	question->answered = question->closed = true;
}

static const struct conn_calls question_calls = { .input = question_input,
	.closed = question_closed };

/* false when nobody listens. */
static bool
ask(const struct instance *instance, struct question *question, const char *order)
{
	const struct world *world = loop_world(instance->loop);
	struct addr at;
	int fd;

	*question = (struct question){ .answer = INSTANCE_MUTE };
	if (!addr_unix(&at, instance->socket))
		return false;
	if ((fd = world->connect(world->owner, &at)) == -1)
		return false;
	question->conn =
	    conn_new(instance->loop, fd, true, WORDS_LINE_MAX, &question_calls, question);
	if (!question->conn) {
		world->close(world->owner, fd);
		return false;
	}
	conn_send_text(question->conn, "NOBROADCAST\n");
	conn_send_text(question->conn, order);
	conn_send_text(question->conn, " TRACKING " TRACKING "\n");
	return true;
}

enum instance_answer
instance_ask(const struct instance *instance, const char *order, int64_t timeout_ms)
{
	struct question question;

	if (!ask(instance, &question, order))
		return INSTANCE_NONE;
	loop_run_until(instance->loop, &question.answered, timeout_ms);
	conn_free(question.conn);
	loop_step(instance->loop, 0);
	return question.answer;
}

pid_t
instance_pid(const struct instance *instance)
{
	return proc_pidfile_read(instance->pidfile, instance->program);
}

/* --- ending it --------------------------------------------------------------------------- */

struct watch_pid {
	struct loop *loop;
	struct timer look;
	pid_t pid;
	bool gone;
};

static void
look(void *owner)
{
	struct watch_pid *watch = owner;

	if (kill(watch->pid, 0) == -1 && errno == ESRCH)
		watch->gone = true;
	else
		loop_timer_in(watch->loop, &watch->look, 20);
}

static bool
pid_goes(const struct instance *instance, pid_t pid)
{
	struct watch_pid watch = { .loop = instance->loop, .pid = pid };

	watch.look = (struct timer){ .fire = look, .owner = &watch };
	look(&watch);
	loop_run_until(instance->loop, &watch.gone, EXIT_MS);
	loop_timer_clear(instance->loop, &watch.look);
	return watch.gone;
}

/* By its socket.  true when it said yes and hung up. */
static bool
end_by_socket(const struct instance *instance)
{
	struct question question;

	if (!ask(instance, &question, "INSTCMD driver.exit"))
		return false;
	loop_run_until(instance->loop, &question.answered, EXIT_MS);
	if (question.answer == INSTANCE_DONE) {
		log_notice("another instance was running; it exits");
		loop_run_until(instance->loop, &question.closed, EXIT_MS);
	}
	conn_free(question.conn);
	loop_step(instance->loop, 0);
	return question.closed && question.answer == INSTANCE_DONE;
}

bool
instance_end(const struct instance *instance)
{
	bool told = end_by_socket(instance);
	pid_t pid = instance_pid(instance);

	if (pid == 0 || pid == getpid())
		return true;
	if (told && pid_goes(instance, pid))
		return true;
	log_notice("another instance, pid %ld, is sent SIGTERM", (long)pid);
	return kill(pid, SIGTERM) == -1 ? errno == ESRCH : pid_goes(instance, pid);
}
