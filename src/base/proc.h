/* proc.h - once per process: daemonise, pid file, chroot, user, signals, sd_notify.  Called by
 * main.c alone. */
#ifndef PROC_H
#define PROC_H

#include "base/loop.h"

#include <stdbool.h>
#include <sys/types.h>

/* Fork; the parent waits until the child says proc_ready() and then exits 0, or 1 if the child dies
 * before.  Returns in the child: a new session, / as directory is left to the caller. */
void proc_background(void);
/* The daemon serves: release the parent that waits and put 0, 1, 2 onto /dev/null.  Does nothing in
 * the foreground. */
void proc_ready(void);
/* For a process behind the one that says proc_ready(): let go of the terminal and of the parent
 * that waits.  Does nothing in the foreground. */
void proc_let_go(void);

/* PATH gets our pid and a newline, mode 0644.  false with errno.  proc_pidfile_read() gives the pid
 * of a live process whose program name is NAME (as /proc tells, "(deleted)" too), or 0: a stale
 * file, or a stranger's pid, counts for nothing. */
bool proc_pidfile_write(const char *path);
pid_t proc_pidfile_read(const char *path, const char *name);

/* uid and gid of a user, resolved before a chroot.  false if there is none. */
struct proc_user {
	char name[64];
	uid_t uid;
	gid_t gid;
	gid_t groups[64]; /* supplementary ones */
	int groups_len;
};
bool proc_user_find(struct proc_user *out, const char *name);
/* One more group for it to be in.  False: its list is full. */
bool proc_user_join(struct proc_user *user, gid_t group);
/* chroot into DIR and chdir to /.  Start-up only: fatal on failure. */
void proc_chroot(const char *dir);
/* Become USER for good, supplementary groups as the system gives them; no-op if we are it already,
 * or (with a note) if we are not root.  Fatal on failure. */
void proc_become(const struct proc_user *user);

/* Standard start of every main(): ignore SIGPIPE, neither ignore nor block what whoever started us
 * did, open 0, 1, 2 if closed, LC_NUMERIC stays C, find systemd's socket (a chroot would hide it).
 */
void proc_begin(void);
/* Call GOT on the loop for each of SIGNALS (0-ended). */
void proc_signals(
    struct loop *loop, const int *signals, void (*got)(void *owner, int signal), void *owner);
void proc_signals_end(struct loop *loop);

/* systemd's notify protocol: "READY=1", "RELOADING=1\nMONOTONIC_USEC=...", "STOPPING=1",
 * "WATCHDOG=1".  Silent where $NOTIFY_SOCKET is not set. */
void proc_notify(const char *state);
/* "RELOADING=1" with the moment, which systemd asks for. */
void proc_notify_reloading(void);
/* $WATCHDOG_USEC / 2 in ms for us, 0 when none is wanted. */
int64_t proc_watchdog_ms(void);
/* We do the work of our parent: a watchdog that was meant for it is ours. */
void proc_stand_in(void);

#endif
