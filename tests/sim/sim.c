#include "tests/sim/inside.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define WALL_MS 1767225600000 /* 2026-01-01 */
#define BUSY_MAX 100000	      /* turns at one instant before we call it a spin */

void *
sim_must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- chance: splitmix64 ---- */

static uint64_t
next_random(struct sim *sim)
{
	uint64_t z = sim->chance += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t
sim_random(struct sim *sim, uint64_t below)
{
	return next_random(sim) % below;
}

/* ---- hosts and processes ---- */

struct host *
sim_find_host(struct sim *sim, const char *name, size_t len)
{
	for (size_t i = 0; i < sim->hosts_len; i++)
		if (strlen(sim->hosts[i]->name) == len && !memcmp(sim->hosts[i]->name, name, len))
			return sim->hosts[i];
	return NULL;
}

struct host *
sim_host(struct sim *sim, const char *where)
{
	size_t len = strcspn(where, "/");
	struct host *host = sim_find_host(sim, where, len);

	if (host)
		return host;
	assert(sim->hosts_len < HOSTS_MAX);
	host = sim_must(calloc(1, sizeof(*host)));
	host->name = sim_must(strndup(where, len));
	host->number = sim->hosts_len;
	host->links = sim->links[sim->hosts_len];
	host->next_port = 40000;
	sim->hosts[sim->hosts_len++] = host;
	return host;
}

static int64_t
slept_ms(const struct process *process)
{
	const struct host *host = process->host;

	return host->slept_ms + (host->asleep ? process->sim->now_ms - host->asleep_since_ms : 0);
}

static int64_t
sim_boot_clock(void *owner)
{
	const struct process *process = owner;

	return process->sim->now_ms;
}

static int64_t
sim_clock(void *owner)
{
	const struct process *process = owner;

	return process->sim->now_ms - slept_ms(process);
}

static void
note_due(struct process *process)
{
	int64_t at_ms = loop_next_ms(process->loop);

	process->due_ms = at_ms == INT64_MAX ? at_ms : at_ms + slept_ms(process);
}

/* Timers were perhaps set between turns. */
static void
note_all_due(struct sim *sim)
{
	for (size_t i = 0; i < sim->processes_len; i++)
		note_due(sim->processes[i]);
}

static int64_t
sim_wall_clock(void *owner)
{
	const struct process *process = owner;

	return WALL_MS + process->sim->now_ms + process->host->wall_ahead_ms;
}

static void
sim_chance(void *owner, void *bytes, size_t len)
{
	for (unsigned char *to = bytes; len--;)
		*to++ = (unsigned char)next_random(((struct process *)owner)->sim);
}

static pid_t
sim_spawn(void *owner, const struct world_spawn *what)
{
	struct process *process = owner;
	struct sim *sim = process->sim;
	pid_t pid;

	if (sim->started)
		return sim->started(sim->started_owner, process->where, what);
	pid = sim_new_pid(sim);
	sim_child_ended(sim, process->where, pid, 0);
	return pid;
}

static pid_t
sim_wait(void *owner, int *status)
{
	struct process *process = owner;
	struct child first;

	if (!process->ended_len)
		return 0;
	first = process->ended[0];
	memmove(process->ended, process->ended + 1, --process->ended_len * sizeof(first));
	*status = first.status;
	return first.pid;
}

static void
sim_kill_child(void *owner, pid_t pid, int signal)
{
	struct process *process = owner;

	sim_child_ended(process->sim, process->where, pid < 0 ? -pid : pid, signal);
}

/* "name HOST PORT" */
static const char *
know_hosts(struct sim *sim, const char *question)
{
	static char text[32];
	const char *name = question + 5;
	const struct host *host;

	if (strncmp(question, "name ", 5))
		return NULL;
	if (!strncmp(name, "localhost ", 10))
		return "127.0.0.1\n";
	if (!(host = sim_find_host(sim, name, strcspn(name, " "))))
		return NULL;
	snprintf(text, sizeof(text), "10.0.0.%zu\n", host->number + 1);
	return text;
}

static int
sim_ask(void *owner, const void *bytes, size_t len)
{
	struct process *process = owner;
	struct sim *sim = process->sim;
	char question[4096];
	int64_t after_ms = 0;
	const char *answer;

	if (len >= sizeof(question) || process->dead) {
		errno = EMSGSIZE;
		return -1;
	}
	memcpy(question, bytes, len);
	question[len] = '\0';
	answer = sim->asked ? sim->asked(sim->asked_owner, process->where, question, &after_ms)
			    : know_hosts(sim, question);
	return net_answer(process, answer ? answer : "", after_ms);
}

static bool run(struct sim *sim, int64_t until_ms, const bool *done, struct process *waits);

static int
find_ready(const struct process *process, struct pollfd *fds, size_t len, size_t *ready)
{
	int found = 0;

	for (size_t i = 0; i < len; i++) {
		if (fds[i].fd == -1)
			continue;
		fds[i].revents = net_ready(process, fds[i].fd, fds[i].events);
		if (fds[i].revents)
			ready[found++] = i;
	}
	return found;
}

static int
sim_poll(void *owner, struct pollfd *fds, size_t len, int timeout_ms, size_t *ready)
{
	struct process *process = owner;
	struct sim *sim = process->sim;
	int found = find_ready(process, fds, len, ready);

	/* A test that turns a loop by itself, as a tool does: the others have their turns while it
	 * waits.  The turns that run() gives come with 0. */
	if (!found && timeout_ms != 0 && !process->dead) {
		process->stirred = false;
		run(sim, timeout_ms < 0 ? INT64_MAX : sim->now_ms + timeout_ms, NULL, process);
		found = find_ready(process, fds, len, ready);
	}
	/* It is at rest when a turn finds nothing to do. */
	if (found)
		process->stirred = true;
	return found;
}

static struct process *
new_process(struct sim *sim, const char *where)
{
	struct process *process = sim_must(calloc(1, sizeof(*process)));

	sim->processes =
	    sim_must(realloc(sim->processes, (sim->processes_len + 1) * sizeof(struct process *)));
	sim->processes[sim->processes_len++] = process;
	process->sim = sim;
	process->host = sim_host(sim, where);
	process->where = sim_must(strdup(where));
	process->signal_fd = -1;
	process->world = (struct world){
		.owner = process,
		.clock_ms = sim_clock,
		.wall_ms = sim_wall_clock,
		.boot_ms = sim_boot_clock,
		.poll = sim_poll,
		.spawn = sim_spawn,
		.wait = sim_wait,
		.kill = sim_kill_child,
		.ask = sim_ask,
		.random = sim_chance,
	};
	net_calls(&process->world);
	process->loop = sim_must(loop_new(&process->world));
	return process;
}

static struct process *
process_at(struct sim *sim, const char *where)
{
	for (size_t i = 0; i < sim->processes_len; i++)
		if (!strcmp(sim->processes[i]->where, where))
			return sim->processes[i];
	return new_process(sim, where);
}

struct loop *
sim_loop(struct sim *sim, const char *where)
{
	return process_at(sim, where)->loop;
}

void
sim_stop(struct sim *sim, const char *where)
{
	process_at(sim, where)->stopped = true;
}

void
sim_suspend(struct sim *sim, const char *name, bool asleep)
{
	struct host *host = sim_host(sim, name);

	if (host->asleep == asleep)
		return;
	host->asleep = asleep;
	if (asleep) {
		host->asleep_since_ms = sim->now_ms;
		return;
	}
	host->slept_ms += sim->now_ms - host->asleep_since_ms;
	net_mended(sim);
}

const char *
sim_running(const struct sim *sim)
{
	return sim->running ? sim->running->where : NULL;
}

void
sim_continue(struct sim *sim, const char *where)
{
	process_at(sim, where)->stopped = false;
}

static void
end_process(struct process *process, bool silently)
{
	process->dead = true;
	process->stopped = false;
	process->signal_fd = -1;
	process->ended_len = 0;
	net_close_all(process, silently);
}

void
sim_kill(struct sim *sim, const char *where)
{
	end_process(process_at(sim, where), false);
}

struct loop *
sim_restart(struct sim *sim, const char *where)
{
	struct process *process = process_at(sim, where);

	assert(process->dead && !process->host->down);
	loop_free(process->loop);
	process->dead = false;
	process->stirred = true;
	return process->loop = sim_must(loop_new(&process->world));
}

size_t
sim_descriptors(const struct sim *sim)
{
	size_t count = 0;

	for (size_t i = 0; i < sim->processes_len; i++)
		for (size_t fd = 0; fd < sim->processes[i]->ends_len; fd++)
			count += sim->processes[i]->ends[fd] != NULL;
	return count;
}

static size_t
weight(void *memory)
{
	return memory ? malloc_usable_size(memory) + sizeof(size_t) : 0;
}

static size_t
weight_of_ends(struct end *end, bool of_all)
{
	size_t sum = 0;

	for (; end; end = of_all ? end->all_next : end->next)
		sum += weight(end) + weight(end->bytes) + weight(end->segments);
	return sum;
}

size_t
sim_bytes(const struct sim *sim)
{
	size_t sum = weight(sim->events) + weight_of_ends(sim->all, true) +
		     weight_of_ends(sim->unused, false);

	for (size_t i = 0; i < sim->processes_len; i++)
		sum += weight(sim->processes[i]->ends) + weight(sim->processes[i]->ended);
	return sum;
}

void
sim_set_user(struct sim *sim, const char *where, uid_t uid, gid_t gid)
{
	struct process *process = process_at(sim, where);

	process->uid = uid;
	process->gid = gid;
}

/* ---- signals and children ---- */

static void
hand_on(void *owner, int fd, short revents)
{
	struct process *process = owner;
	struct end *end = process->ends[fd];
	unsigned pending = end->signals;

	end->signals = 0;
	for (int signal = 1; signal < 32; signal++)
		if (pending & 1u << signal)
			process->got(process->got_owner, signal);
}

void
sim_signals(struct sim *sim, const char *where, void (*got)(void *owner, int signal), void *owner)
{
	struct process *process = process_at(sim, where);

	assert(process->signal_fd == -1);
	process->got = got;
	process->got_owner = owner;
	process->signal_fd = net_descriptor(process, net_end(sim, SIGNALS, process));
	if (!loop_watch(process->loop, process->signal_fd, POLLIN, hand_on, process))
		abort();
}

void
sim_signal(struct sim *sim, const char *where, int signal)
{
	struct process *process = process_at(sim, where);

	if (process->signal_fd == -1)
		return;
	process->ends[process->signal_fd]->signals |= 1u << signal;
	process->stirred = true;
}

void
sim_on_spawn(struct sim *sim,
    pid_t (*started)(void *owner, const char *where, const struct world_spawn *what), void *owner)
{
	sim->started = started;
	sim->started_owner = owner;
}

void
sim_child_ended(struct sim *sim, const char *where, pid_t pid, int status)
{
	struct process *process = process_at(sim, where);

	if (process->dead)
		return;
	process->ended =
	    sim_must(realloc(process->ended, (process->ended_len + 1) * sizeof(*process->ended)));
	process->ended[process->ended_len++] = (struct child){ pid, status };
	sim_signal(sim, where, SIGCHLD);
}

pid_t
sim_new_pid(struct sim *sim)
{
	return ++sim->last_pid;
}

void
sim_on_ask(struct sim *sim,
    const char *(*asked)(void *owner, const char *where, const char *question, int64_t *after_ms),
    void *owner)
{
	sim->asked = asked;
	sim->asked_owner = owner;
}

void
sim_on_read(struct sim *sim,
    void (*read)(
	void *owner, const char *where, uint64_t connection, const char *bytes, size_t len),
    void *owner)
{
	sim->read = read;
	sim->read_owner = owner;
}

/* ---- events: a heap in order of time, then of birth ---- */

static bool
is_before(const struct event *a, const struct event *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void
sim_event(struct sim *sim, struct event event, int64_t at_ms)
{
	size_t place;

	if (sim->events_len + 1 >= sim->events_size) {
		sim->events_size = sim->events_size ? sim->events_size * 2 : 64;
		sim->events =
		    sim_must(realloc(sim->events, sim->events_size * sizeof(*sim->events)));
	}
	event.at_ms = at_ms;
	event.order = sim->order++;
	for (place = ++sim->events_len; place > 1 && is_before(&event, &sim->events[place / 2]);
	     place /= 2)
		sim->events[place] = sim->events[place / 2];
	sim->events[place] = event;
}

static struct event
take_event(struct sim *sim)
{
	struct event first = sim->events[1], last = sim->events[sim->events_len--];
	size_t place = 1;

	for (size_t below; (below = place * 2) <= sim->events_len; place = below) {
		if (below < sim->events_len &&
		    is_before(&sim->events[below + 1], &sim->events[below]))
			below++;
		if (is_before(&last, &sim->events[below]))
			break;
		sim->events[place] = sim->events[below];
	}
	sim->events[place] = last;
	return first;
}

void
sim_at(struct sim *sim, int64_t in_ms, void (*it)(void *owner), void *owner)
{
	sim_event(
	    sim, (struct event){ .what = CALL, .call = it, .owner = owner }, sim->now_ms + in_ms);
}

static void
happen(struct sim *sim)
{
	bool called = false;

	while (sim->events_len && sim->events[1].at_ms <= sim->now_ms) {
		struct event event = take_event(sim);

		if (event.what == CALL)
			event.call(event.owner);
		else
			net_happens(&event);
		called = called || event.what == CALL;
	}
	if (called)
		note_all_due(sim);
}

/* ---- turns ---- */

static bool
is_runnable(const struct process *process)
{
	return !process->stopped && !process->dead && !process->host->asleep &&
	       (process->stirred || process->due_ms <= process->sim->now_ms);
}

/* One of those that can run, other than WAITS, by chance. */
static struct process *
pick(struct sim *sim, const struct process *waits)
{
	struct process *picked = NULL;
	uint64_t runnable = 0;

	for (size_t i = 0; i < sim->processes_len; i++) {
		struct process *process = sim->processes[i];

		if (process == waits || !is_runnable(process))
			continue;
		/* Each of N is kept with a chance of 1 / N. */
		if (++runnable == 1 || sim_random(sim, runnable) == 0)
			picked = process;
	}
	return picked;
}

static void
turn(struct process *process)
{
	struct sim *sim = process->sim;
	const struct process *before = sim->running;

	for (const char *at = process->where; *at; at++)
		sim->trace = (sim->trace ^ (unsigned char)*at) * 0x100000001b3;
	sim->trace = (sim->trace ^ (uint64_t)sim->now_ms) * 0x100000001b3;
	/* What it does in this turn may make more ready. */
	process->stirred = process->due_ms <= sim->now_ms;
	sim->running = process;
	loop_step(process->loop, 0);
	sim->running = before;
	note_due(process);
}

/* When something happens next, except by a turn. */
static int64_t
next_ms(const struct sim *sim, const struct process *waits)
{
	int64_t first_ms = sim->events_len ? sim->events[1].at_ms : INT64_MAX;

	for (size_t i = 0; i < sim->processes_len; i++) {
		const struct process *process = sim->processes[i];

		if (process == waits || process->stopped || process->dead || process->host->asleep)
			continue;
		if (process->due_ms < first_ms)
			first_ms = process->due_ms;
	}
	return first_ms;
}

static bool
is_ready(struct process *process)
{
	bool stirred = process->stirred;

	process->stirred = false;
	return stirred;
}

/* Until UNTIL_MS, or *DONE, or something may be ready for WAITS, whose turn this is. */
static bool
run(struct sim *sim, int64_t until_ms, const bool *done, struct process *waits)
{
	unsigned busy = 0;
	struct process *process;
	int64_t at_ms;

	note_all_due(sim);
	for (;;) {
		happen(sim);
		if ((done && *done) || (waits && is_ready(waits)))
			return true;
		if ((process = pick(sim, waits))) {
			if (++busy > BUSY_MAX) {
				fprintf(stderr, "sim: %s is busy without end at %lld ms\n",
				    process->where, (long long)sim->now_ms);
				abort();
			}
			turn(process);
			continue;
		}
		busy = 0;
		at_ms = next_ms(sim, waits);
		if (at_ms > until_ms || at_ms == INT64_MAX)
			break;
		if (at_ms > sim->now_ms)
			sim->now_ms = at_ms;
	}
	if (until_ms == INT64_MAX) {
		fprintf(stderr, "sim: nothing will ever happen again\n");
		abort();
	}
	sim->now_ms = until_ms;
	return false;
}

bool
sim_run_until(struct sim *sim, const bool *done, int64_t for_ms)
{
	/* The test may have done something with any of them. */
	for (size_t i = 0; i < sim->processes_len; i++)
		sim->processes[i]->stirred = true;
	return run(sim, sim->now_ms + for_ms, done, NULL);
}

void
sim_run(struct sim *sim, int64_t for_ms)
{
	sim_run_until(sim, NULL, for_ms);
}

int64_t
sim_now_ms(const struct sim *sim)
{
	return sim->now_ms;
}

uint64_t
sim_trace(const struct sim *sim)
{
	return sim->trace;
}

/* ---- the network's settings ---- */

void
sim_delay(struct sim *sim, const char *a, const char *b, int64_t delay_ms, int64_t jitter_ms)
{
	size_t i = sim_host(sim, a)->number, j = sim_host(sim, b)->number;

	sim->links[i][j].delay_ms = sim->links[j][i].delay_ms = delay_ms;
	sim->links[i][j].jitter_ms = sim->links[j][i].jitter_ms = jitter_ms;
}

void
sim_cut(struct sim *sim, const char *a, const char *b, bool cut)
{
	size_t i = sim_host(sim, a)->number, j = sim_host(sim, b)->number;

	sim->links[i][j].cut = sim->links[j][i].cut = cut;
	if (!cut)
		net_mended(sim);
}

void
sim_power(struct sim *sim, const char *name, bool on)
{
	struct host *host = sim_host(sim, name);

	host->down = !on;
	for (size_t i = 0; !on && i < sim->processes_len; i++)
		if (sim->processes[i]->host == host && !sim->processes[i]->dead)
			end_process(sim->processes[i], true);
	if (on)
		net_mended(sim);
}

void
sim_wall(struct sim *sim, const char *host, int64_t ahead_ms)
{
	sim_host(sim, host)->wall_ahead_ms = ahead_ms;
}

void
sim_fragment(struct sim *sim, bool on)
{
	sim->fragment = on;
}

/* ---- the whole ---- */

struct sim *
sim_new(uint64_t seed)
{
	struct sim *sim = sim_must(calloc(1, sizeof(*sim)));

	sim->chance = seed;
	sim->now_ms = 1000000; /* as after some time of work: 0 is never now */
	sim->last_pid = 1000;
	for (size_t i = 0; i < HOSTS_MAX; i++)
		for (size_t j = 0; j < HOSTS_MAX; j++)
			sim->links[i][j].delay_ms = i != j;
	return sim;
}

void
sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (size_t i = 0; i < sim->processes_len; i++) {
		struct process *process = sim->processes[i];

		loop_free(process->loop);
		net_close_all(process, true);
		free(process->ends);
		free(process->ended);
		free(process->where);
		free(process);
	}
	net_free(sim);
	for (size_t i = 0; i < sim->hosts_len; i++) {
		free(sim->hosts[i]->name);
		free(sim->hosts[i]);
	}
	free(sim->processes);
	free(sim->events);
	free(sim);
}
