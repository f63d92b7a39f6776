#include "base/confine.h"

#include "base/addr.h"
#include "base/log.h"
#include "drivers/core/usb.h"
#include "tls/tls.h"
#include "upsd/calls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(confine);

/* What ASan calls at the begin of a thread, and before a function that does not return. */
static const struct confine_call sanitizers[] = { CONFINE(sigaltstack, "a stack for its handlers"),
	CONFINE_END };
static const struct confine_call *const tables[] = { confine_common, sanitizers, NULL };

/* The end of a child, without what a sanitizer does at an _exit(). */
static void
leave(int status)
{
	syscall(__NR_exit_group, status);
}

/* A child with the calls in OWN does WHAT in MODE; its exit status, or minus the signal that
 * ended it. */
static int
confined_to(const struct confine_call *const *own, enum confine_mode mode, int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		leave(confine_in_mode(own, mode) ? 99 : what());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
confined(enum confine_mode mode, int (*what)(void))
{
	return confined_to(tables, mode, what);
}

/* Of a call that stands in no table, and has no arguments. */
static int
error_of_getppid(void)
{
	return syscall(__NR_getppid) == -1 ? errno : 0;
}

static int
error_of_getpid(void)
{
	return syscall(__NR_getpid) == -1 ? errno : 0;
}

Test(confine, what_is_in_a_table_is_done)
{
	cr_expect_eq(confined(CONFINE_YES, error_of_getpid), 0);
	cr_expect_eq(confined(CONFINE_STRICT, error_of_getpid), 0);
}

Test(confine, what_is_in_none_is_as_on_an_older_kernel)
{
	cr_expect_eq(confined(CONFINE_YES, error_of_getppid), ENOSYS);
}

Test(confine, or_ends_the_process_when_strict)
{
	cr_expect_eq(confined(CONFINE_STRICT, error_of_getppid), -SIGSYS);
}

Test(confine, or_is_done_when_it_is_only_logged)
{
	cr_expect_eq(confined(CONFINE_LOG, error_of_getppid), 0);
}

static int
run_another(void)
{
	execl("/bin/true", "true", NULL);
	return errno;
}

static int
trace(void)
{
	return syscall(__NR_ptrace, 0, 0, 0, 0) == -1 ? errno : 0;
}

static int
load_program(void)
{
	return syscall(__NR_bpf, 0, NULL, 0) == -1 ? errno : 0;
}

static int
mount_something(void)
{
	return syscall(__NR_mount, "/", "/", "", 0, NULL) == -1 ? errno : 0;
}

Test(confine, the_worst_end_the_process)
{
	int (*const worst[])(void) = { run_another, trace, load_program, mount_something };

	for (size_t i = 0; i < sizeof(worst) / sizeof(*worst); i++)
		cr_expect_eq(confined(CONFINE_YES, worst[i]), -SIGSYS, "%zu", i);
	cr_expect_eq(confined(CONFINE_LOG, run_another), 0);
}

#ifndef __i386__ /* there, all of them are socketcall(2) */
/* A family in a row, one in none, and then a call further down the table. */
static int
open_sockets(void)
{
	if (socket(AF_UNIX, SOCK_STREAM, 0) == -1)
		return 1;
	if (socket(AF_INET, SOCK_STREAM, 0) != -1 || errno != ENOSYS)
		return 2;
	return error_of_getpid() ? 3 : 0;
}

Test(confine, arguments_count)
{
	cr_expect_eq(confined(CONFINE_YES, open_sockets), 0);
}
#endif

/* At a reload, in a repeater, and whenever such a peer comes. */
static int
read_link_local(void)
{
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	if (!addr_parse(&addr, "fe80::1%lo", 3493))
		return 1;
	return strcmp(addr_host(&addr, text), "fe80::1%lo") ? 2 : 0;
}

Test(confine, an_address_names_its_interface)
{
	cr_expect_eq(confined(CONFINE_YES, read_link_local), 0);
	cr_expect_eq(confined(CONFINE_STRICT, read_link_local), 0);
}

static int begun[2], go[2];

static void *
wait_and_call(void *unused)
{
	char byte;

	if (write(begun[1], "", 1) == 1 && read(go[0], &byte, 1) == 1)
		leave(error_of_getppid());
	return NULL;
}

/* A thread that has not begun yet would ask for more. */
static int
confine_with_thread(void)
{
	pthread_t thread;
	char byte;

	if (pipe(begun) || pipe(go) || pthread_create(&thread, NULL, wait_and_call, NULL) ||
	    read(begun[0], &byte, 1) != 1 || confine_in_mode(tables, CONFINE_YES) ||
	    write(go[1], "", 1) != 1)
		return 99;
	pthread_join(thread, NULL);
	return 98;
}

Test(confine, threads_that_were_there_before_have_it_too)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		leave(confine_with_thread());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_expect(WIFEXITED(status));
	cr_expect_eq(WEXITSTATUS(status), ENOSYS);
}

/* ---- a driver of USB: libusb's thread, and nothing else that is new ---- */

static void *
error_in_thread(void *error)
{
	*(int *)error = error_of_getppid();
	return NULL;
}

static int
begin_thread(void)
{
	pthread_t thread;
	int error = 0;

	if (pthread_create(&thread, NULL, error_in_thread, &error) || pthread_join(thread, NULL))
		return 98;
	return error;
}

static void *
begin_nothing(void *unused)
{
	return NULL;
}

static int
begin_quiet_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, begin_nothing, NULL) || pthread_join(thread, NULL);
}

/* What is not refused leaves a process behind, which ends at once. */
static int
begin_processes(void)
{
	static const unsigned long flags[] = { SIGCHLD, CLONE_NEWUSER | SIGCHLD,
		CLONE_VM | CLONE_VFORK | SIGCHLD };

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		long pid = syscall(__NR_clone, flags[i], NULL, NULL, NULL, NULL);

		if (pid != -1 || errno != ENOSYS)
			leave(pid ? 1 + (int)i : 0);
	}
	return syscall(__NR_clone3, NULL, 0) == -1 && errno == ENOSYS ? 0 : 97;
}

Test(confine, a_driver_of_usb_has_threads_and_no_processes)
{
	const struct confine_call *const usb[] = { confine_common, carrier_usb.calls, sanitizers,
		NULL };

	cr_expect_eq(confined_to(usb, CONFINE_YES, begin_thread), ENOSYS);
	cr_expect_eq(confined_to(usb, CONFINE_STRICT, begin_quiet_thread), 0);
	cr_expect_eq(confined_to(usb, CONFINE_YES, begin_processes), 0);
	cr_expect_neq(confined(CONFINE_YES, begin_thread), ENOSYS);
}

/* Though the signal cannot be sent: by an instruction that is not allowed. */
static int
give_up(void)
{
	signal(SIGSEGV, SIG_DFL); /* ASan would report it */
	abort();
}

Test(confine, abort_is_the_end_all_the_same)
{
	cr_expect_lt(confined(CONFINE_YES, give_up), 0);
}

#ifdef __x86_64__
static int
call_as_i386(void)
{
	int number = 20 /* getpid */, result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number) : "memory");
	return result > 0 ? 0 : 1;
}

static int
call_as_x32(void)
{
	return syscall(0x40000000 | __NR_getpid) == -1;
}

Test(confine, calls_of_another_machine_end_the_process)
{
	cr_expect_eq(confined(CONFINE_YES, call_as_i386), -SIGSYS);
	cr_expect_eq(confined(CONFINE_YES, call_as_x32), -SIGSYS);
}
#endif

/* ---- the tables ---- */

static void
check(const struct confine_call *table)
{
	for (const struct confine_call *call = table; call->name; call++) {
		cr_expect(*call->why, "%s", call->name);
		for (const struct confine_call *other = table; other != call; other++)
			cr_expect(strcmp(other->name, call->name) ||
				      (call->mask && other->mask && call->value != other->value),
			    "%s stands twice", call->name);
		for (const struct confine_call *other = confine_common;
		     table != confine_common && other->name; other++)
			cr_expect(strcmp(other->name, call->name) || other->mask,
			    "%s is in confine_common", call->name);
	}
}

#if defined(__x86_64__) && !defined(__ILP32__)
/* (Kernels since 6.14 let it pass whatever a filter says: it cannot be seen to be done.) */
static bool
stands(const struct confine_call *table, int number)
{
	while (table->name && table->number != number)
		table++;
	return table->name != NULL;
}

Test(confine, who_is_traced_by_the_kernel_lives)
{
	cr_expect(stands(confine_common, 335), "uretprobe");
	cr_expect(stands(confine_common, 336), "uprobe");
}
#endif

Test(confine, each_call_stands_once)
{
	check(confine_common);
	check(upsd_calls);
	check(tls_calls);
	check(carrier_usb.calls);
}

/* ---- whether ---- */

static char said[256];

static void
hear(void *owner, enum log_level level, const char *line)
{
	snprintf(said, sizeof(said), "%s", line);
}

Test(confine, why_not_is_logged)
{
	log_set(&(struct log_settings){ .sink = hear });
	setenv("NUT_CONFINE", "no", 1);
	cr_expect_not(confine(tables));
	cr_expect_str_eq(said, "not confined: NUT_CONFINE=no");
	cr_expect_eq(error_of_getppid(), 0);
}

Test(confine, not_beneath_what_is_preloaded)
{
	log_set(&(struct log_settings){ .sink = hear });
	setenv("NUT_CONFINE", "strict", 1);
	setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);
	cr_expect_not(confine(tables));
	cr_expect(!strncmp(said, "not confined: ", 14), "%s", said);
	cr_expect_eq(error_of_getppid(), 0);
}
