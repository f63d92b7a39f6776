#include "upsmon/parent.h"

#include "base/log.h"
#include "base/proc.h"
#include "upsmon/flag.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BEGIN_S 5
#define TRIES_KEPT 32 /* SHUTDOWNCMDs that have not ended yet */
#define END_S 5	      /* a child that does not end, as one that is stopped, is left behind */
#define STEP_MS 100   /* how often we look whether a process has ended */

static void
sleep_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* A disk that hangs must not hold up the shutdown: the flag is set in a process of its own, which
 * may go on when it is waited for no longer. */
static void
set_flag(const char *flag)
{
	pid_t pid = fork();

	if (pid <= 0) {
		if (!flag_set(flag))
			log_warn("POWERDOWNFLAG %s cannot be set: the UPS will not be switched off",
			    flag);
		if (pid == 0)
			_exit(0);
		return;
	}
	for (int left_ms = PARENT_FLAG_S * 1000; left_ms > 0; left_ms -= STEP_MS / 10) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		sleep_ms(STEP_MS / 10);
	}
	log_error("POWERDOWNFLAG %s is not set after %d s: going on without", flag, PARENT_FLAG_S);
}

static pid_t
start(const char *command)
{
	pid_t pid = fork();

	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		for (int s = 1; s < NSIG; s++)
			signal(s, SIG_DFL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Did the one at NEWEST end well within PARENT_AGAIN_S, or an earlier one that was only slow? */
static bool
ended_well(pid_t tries[TRIES_KEPT], unsigned newest)
{
	for (int left_ms = PARENT_AGAIN_S * 1000; left_ms > 0; left_ms -= STEP_MS) {
		for (unsigned i = 0; i < TRIES_KEPT; i++) {
			int status = 0;
			pid_t got = tries[i] ? waitpid(tries[i], &status, WNOHANG) : 0;

			if (got > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
				return true;
			if (got == 0 || (got == -1 && errno == EINTR))
				continue;
			tries[i] = 0;
			if (i != newest)
				continue;
			log_error("SHUTDOWNCMD failed (status %d)", status);
			sleep(PARENT_AGAIN_S);
			return false;
		}
		sleep_ms(STEP_MS);
	}
	log_error("SHUTDOWNCMD still runs after %d s", PARENT_AGAIN_S);
	return false;
}

void
parent_shut_down(char byte, const char *command, const char *flag)
{
	pid_t tries[TRIES_KEPT] = { 0 };

	if (byte == PARENT_PRIMARY && flag)
		set_flag(flag);
	for (unsigned try = 0;; try++) {
		unsigned newest = try % TRIES_KEPT;

		log_notice("running SHUTDOWNCMD%s", try > 0 ? " again" : "");
		tries[newest] = start(command);
		if (tries[newest] == -1) {
			tries[newest] = 0;
			log_warn("SHUTDOWNCMD cannot be started");
			sleep(1);
		} else if (ended_well(tries, newest)) {
			return;
		}
	}
}

/* The child's last word: a byte, or 0 when it is gone. */
static char
listen_to(int fd)
{
	char byte;
	ssize_t len;

	while ((len = read(fd, &byte, 1)) == -1 && errno == EINTR)
		;
	return len == 1 ? byte : 0;
}

static pid_t child;

/* The child goes first: one that saw us gone would tell everybody that nothing can be shut down. */
static void
end_both(int signal)
{
	alarm(END_S);
	if (child > 0 && kill(child, SIGTERM) == 0)
		waitpid(child, NULL, 0);
	_exit(0);
}

static time_t
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* Who asks us, the process that was started, means the one that can do something about it. */
static void
pass_on(int signal)
{
	if (child > 0)
		kill(child, signal);
}

/* How the child left: its exit status, -1 if it must be started again.  The FIRST, if it ends with
 * an error in its first seconds, could not even begin; later ones are never given up. */
static int
leave_or_restart(char byte, int fd, time_t began_s, bool first)
{
	int status = 0;

	if (byte) {
		log_error("the monitoring process sent 0x%02x, which means nothing: it is ended",
		    (unsigned char)byte);
		kill(child, SIGKILL);
	}
	close(fd);
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		;
	child = 0;
	if (!byte && WIFEXITED(status) &&
	    (WEXITSTATUS(status) == 0 || (first && now_s() - began_s < BEGIN_S)))
		return WEXITSTATUS(status);
	log_error("the monitoring process died (status %d): starting it again", status);
	sleep(1);
	return -1;
}

static void
catch_signals(void (*asked)(int), void (*ended)(int))
{
	signal(SIGHUP, asked);
	signal(SIGUSR1, asked);
	signal(SIGUSR2, asked);
	signal(SIGTERM, ended);
	signal(SIGINT, ended);
	signal(SIGQUIT, ended);
}

/* Both halves return from here; PAIR[0] is the parent's end, PAIR[1] the child's.  false with
 * errno.
 */
static bool
fork_child(int pair[2])
{
	sigset_t ending, before;
	int error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	/* Whoever ends us from here on ends the child as well. */
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGQUIT);
	sigprocmask(SIG_BLOCK, &ending, &before);
	catch_signals(pass_on, end_both);
	child = fork();
	error = errno;
	if (child == 0)
		catch_signals(SIG_DFL, SIG_DFL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (child != -1)
		return true;
	child = 0;
	close(pair[0]);
	close(pair[1]);
	errno = error;
	return false;
}

int
parent_split(const char *command, const char *flag, bool *again)
{
	int pair[2], status;
	time_t began_s;
	char byte;

	for (*again = false;; *again = true) {
		while (!fork_child(pair)) {
			if (!*again)
				fatal("no monitoring process");
			log_warn("the monitoring process cannot be started again");
			sleep(1);
		}
		if (child == 0) {
			close(pair[0]);
			return pair[1];
		}
		began_s = now_s();
		close(pair[1]);
		proc_let_go();
		byte = listen_to(pair[0]);
		if (byte == PARENT_PRIMARY || byte == PARENT_SECONDARY) {
			catch_signals(
			    SIG_IGN, SIG_IGN); /* whoever ends us now shuts down as well */
			parent_shut_down(byte, command, flag);
			/* SHUTDOWNEXIT: the child may stay logged in, and we with it. */
			catch_signals(pass_on, end_both);
			while (waitpid(child, &status, 0) == -1 && errno == EINTR)
				;
			exit(0);
		}
		status = leave_or_restart(byte, pair[0], began_s, !*again);
		if (status != -1)
			exit(status);
	}
}
