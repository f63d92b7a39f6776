#include "base/helper.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct world *world;
static struct loop *loop;
static int helper = -1;

static void
begin(void)
{
	cr_assert_neq(helper = helper_start(NULL, NULL), -1);
	cr_assert(world = world_kernel_new(helper));
	cr_assert(loop = loop_new(world));
}

static void
end(void)
{
	loop_free(loop);
	world_kernel_free(world);
	if (helper != -1)
		close(helper);
}

TestSuite(helper, .init = begin, .fini = end, .timeout = 30);

static struct addr got[32];
static size_t got_len;
static bool done;

static void
resolved(void *owner, const struct addr *addrs, size_t len)
{
	cr_expect(!done, "called once");
	memcpy(got, addrs, len * sizeof(*addrs));
	got_len = len;
	done = true;
}

static char answer[256];

static void
answered(void *owner, const char *text, size_t len)
{
	strncpy(answer, text ? text : "none", sizeof(answer) - 1);
	cr_expect(!text || strlen(text) == len);
	done = true;
}

/* The first address of HOST, "" if there is none. */
static const char *
resolve(const char *host)
{
	static char text[ADDR_TEXT_MAX];

	done = false;
	cr_assert(helper_resolve(loop, host, 3493, resolved, NULL));
	cr_expect(!done, "not from inside the call");
	cr_assert(loop_run_until(loop, &done, 15000));
	return got_len ? addr_text(&got[0], text) : "";
}

Test(helper, names_become_addresses)
{
	/* A name as far as we are concerned, and none that somebody must be asked for. */
	cr_expect_str_eq(resolve("127.1"), "127.0.0.1:3493");
}

Test(helper, numeric_hosts_need_no_helper)
{
	close(helper);
	helper = -1;
	cr_expect_str_eq(resolve("192.0.2.7"), "192.0.2.7:3493");
	cr_expect_str_eq(resolve("2001:db8::7"), "[2001:db8::7]:3493");
}

static void
sleep_long(char *question, int to)
{
	sleep(60);
}

/* Names whose server is dead, as in an outage, keep all workers busy. */
Test(helper, this_host_is_known_while_all_other_names_are_waited_for)
{
	static const struct helper_kind slow = { "slow", sleep_long };
	const struct helper_kind *const kinds[] = { &slow, NULL };
	struct helper_question *questions[2 * HELPER_WORKERS];
	char text[ADDR_TEXT_MAX];

	end();
	cr_assert_neq(helper = helper_start(NULL, kinds), -1);
	world = world_kernel_new(helper);
	loop = loop_new(world);
	for (size_t i = 0; i < 2 * HELPER_WORKERS; i++)
		cr_assert(questions[i] = helper_ask(loop, "slow one", answered, NULL));
	done = false;
	cr_assert(helper_resolve(loop, "LocalHost", 3493, resolved, NULL));
	cr_expect(!done, "not from inside the call");
	loop_step(loop, 0);
	cr_assert(done);
	cr_assert_eq(got_len, 2);
	cr_expect_str_eq(addr_text(&got[0], text), "127.0.0.1:3493");
	cr_expect_str_eq(addr_text(&got[1], text), "[::1]:3493");
	for (size_t i = 0; i < 2 * HELPER_WORKERS; i++)
		helper_withdraw(questions[i]);
}

Test(helper, without_a_helper_names_have_no_address)
{
	loop_free(loop);
	world_kernel_free(world);
	world = world_kernel_new(-1);
	loop = loop_new(world);
	cr_expect_str_eq(resolve("127.1"), "");
}

Test(helper, a_host_that_is_no_word_is_not_asked_for)
{
	cr_expect_str_eq(resolve("local host"), "");
	cr_expect_str_eq(resolve("localhost 22\nname"), "");
	cr_expect_str_eq(resolve(""), "");
}

Test(helper, an_unknown_kind_gets_no_answer)
{
	cr_assert(helper_ask(loop, "colour green", answered, NULL));
	cr_assert(loop_run_until(loop, &done, 15000));
	cr_expect_str_eq(answer, "none");
}

static void
say_closed(char *question, int to)
{
	helper_say_yes(to, prctl(PR_GET_DUMPABLE) == 0);
}

/* /proc/PID/mem: a daemon that is confined could have the helper do what it may not. */
Test(helper, its_memory_is_closed_to_others_of_its_user)
{
	static const struct helper_kind closed = { "closed", say_closed };
	const struct helper_kind *const kinds[] = { &closed, NULL };

	end();
	cr_assert_neq(helper = helper_start(NULL, kinds), -1);
	world = world_kernel_new(helper);
	loop = loop_new(world);
	cr_assert(helper_ask(loop, "closed ?", answered, NULL));
	cr_assert(loop_run_until(loop, &done, 15000));
	cr_expect_str_eq(answer, "yes");
}

static unsigned count;

static void
counted(void *owner, const char *text, size_t len)
{
	count++;
	done = count == 40;
}

Test(helper, forty_questions_at_once_are_all_answered)
{
	for (int i = 0; i < 40; i++)
		cr_assert(helper_ask(loop, "name localhost 80", counted, NULL));
	cr_expect(loop_run_until(loop, &done, 20000));
}

Test(helper, a_withdrawn_question_is_not_answered)
{
	struct helper_question *question = helper_ask(loop, "name localhost 80", answered, NULL);
	struct helper_name *name = helper_resolve(loop, "127.0.0.1", 1, resolved, NULL);

	helper_withdraw(question);
	helper_resolve_withdraw(name);
	cr_expect(!loop_run_until(loop, &done, 50));
	cr_expect_str_eq(resolve("127.0.0.1"), "127.0.0.1:3493"); /* the helper is well */
}

static void
kill_the_server(char *question, int to)
{
	kill(getppid(), SIGKILL);
}

/* Robustness: whoever is asked by it, libwrap above all, would else be asked no more. */
Test(helper, a_server_that_dies_is_started_again)
{
	static const struct helper_kind harm = { "harm", kill_the_server };
	const struct helper_kind *const kinds[] = { &harm, NULL };

	end();
	cr_assert_neq(helper = helper_start(NULL, kinds), -1);
	world = world_kernel_new(helper);
	loop = loop_new(world);
	for (int i = 0; i < 2; i++) {
		done = false;
		cr_assert(helper_ask(loop, "harm it", answered, NULL));
		cr_assert(loop_run_until(loop, &done, 15000));
		cr_expect_str_eq(answer, "none", "no answer is no");
		cr_expect_neq(*resolve("127.1"), 0, "what is asked now waits for it");
	}
}

static void
stop_the_server(char *question, int to)
{
	kill(getppid(), SIGSTOP);
}

/* Sooner than the deadline of a question: who is asked by it gets an answer, if it is only no. */
Test(helper, a_server_that_is_stopped_is_replaced)
{
	static const struct helper_kind harm = { "harm", stop_the_server };
	const struct helper_kind *const kinds[] = { &harm, NULL };

	end();
	cr_assert_neq(helper = helper_start(NULL, kinds), -1);
	world = world_kernel_new(helper);
	loop = loop_new(world);
	done = false;
	cr_assert(helper_ask(loop, "harm it", answered, NULL));
	cr_assert(loop_run_until(loop, &done, HELPER_DEADLINE_MS - 2000));
	cr_expect_str_eq(answer, "none", "no answer is no");
	cr_expect_neq(*resolve("localhost"), 0, "what is asked now waits for the next one");
}

static void
kill_the_server_of_two(char *question, int to)
{
	sleep(1); /* the other has been asked first, and runs or waits in the socket */
	kill(getppid(), SIGKILL);
	pause();
}

static void
counted_two(void *owner, const char *text, size_t len)
{
	cr_expect_null(text);
	done = ++count == 2;
}

static void
only_pause(char *question, int to)
{
	pause();
}

Test(helper, what_a_dying_server_was_about_to_answer_is_not_answered)
{
	static const struct helper_kind hang = { "hang", only_pause };
	static const struct helper_kind harm = { "harm", kill_the_server_of_two };
	const struct helper_kind *const kinds[] = { &hang, &harm, NULL };

	end();
	cr_assert_neq(helper = helper_start(NULL, kinds), -1);
	world = world_kernel_new(helper);
	loop = loop_new(world);
	cr_assert(helper_ask(loop, "hang on", counted_two, NULL));
	cr_assert(helper_ask(loop, "harm it", counted_two, NULL));
	/* Sooner than the deadline: the workers are gone with their server. */
	cr_expect(loop_run_until(loop, &done, HELPER_DEADLINE_MS - 2000));
}

Test(helper, it_ends_when_the_last_copy_of_its_socket_is_closed)
{
	int socket, status;
	pid_t pid;

	/* Orphans become our children, so that we see them end. */
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	socket = helper_start(NULL, NULL);
	cr_expect_eq(waitpid(-1, &status, WNOHANG), 0);
	close(socket);
	pid = waitpid(-1, &status, 0);
	cr_expect_gt(pid, 0);
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
