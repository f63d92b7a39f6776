/* sim.h - a whole system in one test: processes on hosts, a network in memory, a virtual clock.
 *
 * Each process has a world of its own, with its own descriptors, and a loop made from it; daemons
 * are built on that loop as on any.  sim_run() picks a process that has something to do, by the
 * seed, and gives it one turn; when none has, the clock moves to the next timer or delivery.  The
 * same seed gives the same run.
 *
 * WHERE is "host/process", or "host" where one process is enough.  A host or process that is named
 * for the first time is made.  Hosts have the addresses 10.0.0.1, 10.0.0.2 ..., in the order they
 * are made, and can be looked up by name (helper_resolve()).  Paths of unix sockets are the host's.
 */
#ifndef SIM_H
#define SIM_H

#include "base/loop.h"

struct sim;

struct sim *sim_new(uint64_t seed);
/* Loops go, too; what stands on them is freed before. */
void sim_free(struct sim *sim);

/* The loop of a process; the same until sim_restart(). */
struct loop *sim_loop(struct sim *sim, const char *where);

/* Let FOR_MS pass.  sim_run_until() ends when *DONE; false when FOR_MS have passed first.  A
 * process that is busy without end at one instant is a failure: it is named and the test aborts.
 * loop_run_until() on a sim's loop lets the others run, too. */
void sim_run(struct sim *sim, int64_t for_ms);
bool sim_run_until(struct sim *sim, const bool *done, int64_t for_ms);
int64_t sim_now_ms(const struct sim *sim);
/* Call IT when IN_MS have passed, between turns. */
void sim_at(struct sim *sim, int64_t in_ms, void (*it)(void *owner), void *owner);
/* A sum over all turns so far: equal for equal runs. */
uint64_t sim_trace(const struct sim *sim);
/* Whose turn it is: "host/process"; NULL between turns. */
const char *sim_running(const struct sim *sim);
/* Chance from the sim's seed, below BELOW. */
uint64_t sim_random(struct sim *sim, uint64_t below);

/* ---- processes ---- */

/* SIGSTOP and SIGCONT: it gets no turn, but the kernel goes on acknowledging for it. */
void sim_stop(struct sim *sim, const char *where);
void sim_continue(struct sim *sim, const char *where);
/* The host sleeps: no process runs, its monotonic clock stands still, and the network hears nothing
 * of it, as with a link that is cut. */
void sim_suspend(struct sim *sim, const char *host, bool asleep);
/* SIGKILL: its descriptors are closed and it gets no more turns.  Then free what stood on its loop,
 * and sim_restart() gives a new loop. */
void sim_kill(struct sim *sim, const char *where);
struct loop *sim_restart(struct sim *sim, const char *where);
/* How many all processes have open. */
size_t sim_descriptors(const struct sim *sim);
/* The memory that the network and the scheduler have taken, apart from what processes hold. */
size_t sim_bytes(const struct sim *sim);
/* Who it is to unix peers.  0 and 0 unless said. */
void sim_set_user(struct sim *sim, const char *where, uid_t uid, gid_t gid);

/* In place of proc_signals(): GOT is called on the process's loop for each sim_signal(). */
void sim_signals(
    struct sim *sim, const char *where, void (*got)(void *owner, int signal), void *owner);
void sim_signal(struct sim *sim, const char *where, int signal);

/* Programs are not run: STARTED says their pid (-1: cannot be started).  When sim_child_ended() is
 * called, world.wait() tells it and the process gets SIGCHLD.  Without STARTED all can be started,
 * and end at once with status 0. */
void sim_on_spawn(struct sim *sim,
    pid_t (*started)(void *owner, const char *where, const struct world_spawn *what), void *owner);
void sim_child_ended(struct sim *sim, const char *where, pid_t pid, int status);
/* A number for a pid that no other has. */
pid_t sim_new_pid(struct sim *sim);

/* ASKED answers for the helper: text that stays valid until the next call, or NULL for no answer;
 * *AFTER_MS may be set, -1 for never.  Without it, "name HOST PORT" knows the hosts. */
void sim_on_ask(struct sim *sim,
    const char *(*asked)(void *owner, const char *where, const char *question, int64_t *after_ms),
    void *owner);

/* ---- the network ---- */

/* READ sees all bytes of streams that processes read, as they do; CONNECTION is another number for
 * each end. */
void sim_on_read(struct sim *sim,
    void (*read)(
	void *owner, const char *where, uint64_t connection, const char *bytes, size_t len),
    void *owner);

/* The address of PORT on HOST. */
struct addr sim_addr(struct sim *sim, const char *host, uint16_t port);

/* Between two hosts, both ways.  Within one host nothing takes time.  1 ms unless said.  JITTER_MS
 * is the most that chance adds; order stays. */
void sim_delay(struct sim *sim, const char *a, const char *b, int64_t delay_ms, int64_t jitter_ms);
/* Cut: nothing arrives, nobody is told.  As with TCP, what was sent is sent again and arrives after
 * the link is mended; a connect() gives up after 127 s, bytes that are not acknowledged break the
 * connection after 924 s (Linux). */
void sim_cut(struct sim *sim, const char *a, const char *b, bool cut);
/* Power: a host without it has no processes (sim_restart() them later) and answers nothing. */
void sim_power(struct sim *sim, const char *host, bool on);
/* The wall clock of a host, ahead of 2026-01-01 plus what has passed. */
void sim_wall(struct sim *sim, const char *host, int64_t ahead_ms);
/* Reads and writes end early by chance. */
void sim_fragment(struct sim *sim, bool on);

#endif
