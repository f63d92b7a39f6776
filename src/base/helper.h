/* helper.h - a child that may block for us: names to addresses; crypt(3) (base/hash.h) and libwrap
 * (wrap/wrap.h) for those who say so at its start.
 *
 * A small fork server, started before chroot and confinement as the daemon's user.  One forked
 * worker a question, at most HELPER_WORKERS at a time (more wait), killed at the deadline.  No
 * answer means *no* for access and *try again* for names.  A server that dies, or is stopped, is
 * started again by its parent, which does nothing else. */
#ifndef HELPER_H
#define HELPER_H

#include "base/loop.h"
#include "base/proc.h"

#define HELPER_WORKERS 4
#define HELPER_DEADLINE_MS 10000
#define HELPER_QUESTION_MAX 4096

/* A kind of question.  ANSWER gets what stands behind the kind, in a worker: it may block, change
 * QUESTION and the process, and leaves its answer in TO.  Questions are wiped everywhere once they
 * are answered, and never logged: they may hold passwords. */
struct helper_kind {
	const char *kind; /* one word */
	void (*answer)(char *question, int to);
};

/* Fork the server, which becomes user AS first (NULL: stays who we are); the socket to give to
 * world_kernel_new(), or -1 with errno.  MORE: kinds beside "name", NULL behind the last; or NULL.
 * The server ends by itself when the last copy of that socket is closed. */
int helper_start(const struct proc_user *as, const struct helper_kind *const *more);

/* ANSWER: LEN bytes, NUL-ended behind them; NULL and 0 when there was none.  Called once, unless
 * the question is withdrawn first; never from inside helper_ask(). */
typedef void helper_answered(void *owner, const char *answer, size_t len);
struct helper_question;
/* QUESTION: a kind, a blank, and what it takes: "name HOST PORT"; shorter than HELPER_QUESTION_MAX.
 * NULL when it cannot be asked; errno EAGAIN: too many wait already. */
struct helper_question *helper_ask(
    struct loop *loop, const char *question, helper_answered *answered, void *owner);
void helper_withdraw(struct helper_question *question); /* NULL is fine */

/* Kinds that are asked whether something may be: say so, and hear it.  No answer is no. */
void helper_say_yes(int to, bool yes);
bool helper_is_yes(const char *answer);

/* "name HOST PORT": addresses, best first.  LEN 0 when there is none.  Numeric hosts and localhost
 * (127.0.0.1, ::1) are answered without the helper, but never from inside the call. */
typedef void helper_resolved(void *owner, const struct addr *addrs, size_t len);
struct helper_name;
struct helper_name *helper_resolve(
    struct loop *loop, const char *host, uint16_t port, helper_resolved *resolved, void *owner);
void helper_resolve_withdraw(struct helper_name *name); /* NULL is fine */

#endif
