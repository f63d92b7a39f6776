/* inside.h - what sim.c (processes, clock, turns) and net.c (sockets) know of each other. */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "tests/sim/sim.h"

#define HOSTS_MAX 32
#define DESCRIPTORS_FIRST 3

/* Bytes on their way to a socket, or a flag behind them. */
struct segment {
	int64_t at_ms;
	unsigned len;
	bool fin, reset;
};

enum kind { LISTENS, STREAM, SIGNALS };

/* What a descriptor stands for.  A stream and its other end know each other until both are closed.
 */
struct end {
	enum kind kind;
	uint64_t number;
	struct sim *sim;
	struct process *process; /* NULL: closed */
	struct host *host, *far; /* FAR: of a stream, the other's host */
	struct end *peer;	 /* of a stream: the other end; NULL while connecting */
	struct end *next;	 /* in a listener's backlog; in the list of the free */
	struct end *all_next, **all_back;
	struct addr local, remote;
	bool v6_only;
	int refs; /* events that are to come */

	/* Of a listener: who waits to be accepted. */
	struct end *backlog, **backlog_end;

	/* Of a stream. */
	bool connecting;
	bool fin, reset; /* have arrived */
	bool scheduled;	 /* the first segment has its event */
	int error;	 /* to be told once */
	int64_t held_ms; /* since when the other has not got what we said; 0: all is well */
	char *bytes;	 /* [start, arrived) can be read, [arrived, end) is on its way */
	size_t start, arrived, end, size;
	struct segment *segments;
	size_t first_segment, segments_len, segments_size;

	unsigned signals; /* of a signal descriptor: those that are pending, as bits */
};

struct link {
	int64_t delay_ms, jitter_ms;
	bool cut;
};

struct path {
	char *path;
	struct end *listens; /* NULL: the node is left over */
	struct path *next;
};

struct host {
	char *name;
	size_t number;
	struct link *links; /* to host N: sim->links[number] */
	bool down, asleep;
	int64_t asleep_since_ms, slept_ms; /* slept_ms: before that */
	int64_t wall_ahead_ms;
	struct path *paths;
	uint16_t next_port;
};

struct child {
	pid_t pid;
	int status;
};

struct process {
	struct sim *sim;
	struct host *host;
	char *where;
	struct world world;
	struct loop *loop;
	bool stopped, dead;
	bool stirred;	/* something may be ready */
	int64_t due_ms; /* its next timer, as of the end of its last turn; on everybody's clock */
	uid_t uid;
	gid_t gid;
	struct end **ends; /* by descriptor */
	size_t ends_len;
	int signal_fd; /* -1: none */
	void (*got)(void *owner, int signal);
	void *got_owner;
	struct child *ended; /* for wait() */
	size_t ended_len;
};

enum what { ARRIVE, CONNECT, GIVE_UP, CALL };

struct event {
	int64_t at_ms;
	uint64_t order; /* first come, first served */
	enum what what;
	struct end *end;
	void (*call)(void *owner);
	void *owner;
};

struct sim {
	uint64_t chance, order, trace;
	int64_t now_ms;
	bool fragment;
	pid_t last_pid;
	const struct process *running;
	struct host *hosts[HOSTS_MAX];
	size_t hosts_len;
	struct link links[HOSTS_MAX][HOSTS_MAX];
	struct process **processes;
	size_t processes_len;
	struct event *events; /* a heap, from 1 */
	size_t events_len, events_size;
	struct end *all; /* that are in use */
	struct end *unused;
	pid_t (*started)(void *, const char *, const struct world_spawn *);
	void *started_owner;
	const char *(*asked)(void *, const char *, const char *, int64_t *);
	void *asked_owner;
	void (*read)(void *, const char *, uint64_t, const char *, size_t);
	void *read_owner;
	uint64_t ends; /* that there have been */
};

/* sim.c */
void *sim_must(void *memory);
struct host *sim_find_host(struct sim *sim, const char *name, size_t len);
struct host *sim_host(struct sim *sim, const char *where); /* made if it is new */
void sim_event(struct sim *sim, struct event event, int64_t at_ms);

/* net.c */
void net_calls(struct world *world);
int net_descriptor(struct process *process, struct end *end);
struct end *net_end(struct sim *sim, enum kind kind, struct process *process);
/* The one whose bytes come from outside after a while: an answer of the helper. */
int net_answer(struct process *process, const char *text, int64_t after_ms);
void net_happens(struct event *event);
short net_ready(const struct process *process, int fd, short events);
void net_close_all(struct process *process, bool silently);
/* Something between A and B works again. */
void net_mended(struct sim *sim);
void net_free(struct sim *sim);

#endif
