#include "upssched/timers.h"

#include "base/conn.h"
#include "base/log.h"
#include "base/words.h"
#include "upssched/schedconf.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096
#define IDLE_MS 250 /* a moment for the next request of the same notification */

struct entry {
	struct entry *next;
	struct timers *timers;
	char *name, *type, *ups; /* owned; ups of a shared one: whoever began it */
	bool shared;
	struct timer timer;
};

struct peer {
	struct peer *next;
	struct timers *timers;
	struct conn *conn;
};

struct timers {
	struct loop *loop; /* borrowed */
	int listen_fd;	   /* owned */
	struct timers_settings settings;
	struct entry *entries;
	size_t len;
	struct peer *peers;
	struct timer idle;
};

pid_t
timers_execute(struct loop *loop, const char *cmdscript, const char *argument, const char *type,
    const char *ups)
{
	const struct world *world = loop_world(loop);
	struct buf type_env = { 0 }, ups_env = { 0 };
	char *copy = strdup(cmdscript);
	const char *argv[WORDS_MAX + 2], *env[3] = { NULL };
	struct world_spawn spawn = { .argv = argv, .env = env, .keep_fd = { -1, 1, 2 } };
	struct words words;
	pid_t pid = -1;

	if (copy && words_split(&words, copy, WORDS_FILE) == WORDS_OK && words.len &&
	    buf_add_format(&type_env, "NOTIFYTYPE=%s", type) && buf_add(&type_env, "", 1) &&
	    buf_add_format(&ups_env, "UPSNAME=%s", ups) && buf_add(&ups_env, "", 1)) {
		for (size_t i = 0; i < words.len; i++)
			argv[i] = words.word[i];
		argv[words.len] = argument;
		argv[words.len + 1] = NULL;
		env[0] = buf_bytes(&type_env);
		env[1] = buf_bytes(&ups_env);
		pid = world->spawn(world->owner, &spawn);
	}
	if (pid <= 0)
		log_error("CMDSCRIPT %s cannot be run for %s", cmdscript, argument);
	buf_free(&type_env);
	buf_free(&ups_env);
	free(copy);
	return pid;
}

/* ---- Entries ---- */

static void
look_idle(struct timers *timers)
{
	if (!timers->entries && !timers->peers)
		loop_timer_in(timers->loop, &timers->idle, IDLE_MS);
	else
		loop_timer_clear(timers->loop, &timers->idle);
}

static void
is_idle(void *owner)
{
	struct timers *timers = owner;

	if (timers->entries || timers->peers)
		return;
	loop_timer_in(timers->loop, &timers->idle, 10 * IDLE_MS);
	timers->settings.idle(timers->settings.owner);
}

static void
entry_free(struct entry *entry)
{
	loop_timer_clear(entry->timers->loop, &entry->timer);
	free(entry->name);
	free(entry->type);
	free(entry->ups);
	free(entry);
}

static void
remove_entry(struct entry *entry)
{
	struct timers *timers = entry->timers;
	struct entry **at = &timers->entries;

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	timers->len--;
	entry_free(entry);
	look_idle(timers);
}

static void
elapsed(void *owner)
{
	struct entry *entry = owner;

	log_info("Event: %s", entry->name);
	timers_execute(entry->timers->loop, entry->timers->settings.cmdscript, entry->name,
	    entry->type, entry->ups);
	remove_entry(entry);
}

/* The timer NAME of UPS, or the shared one of that name. */
static struct entry *
find(const struct timers *timers, const char *name, const char *ups)
{
	for (struct entry *entry = timers->entries; entry; entry = entry->next)
		if (!strcmp(entry->name, name) && (entry->shared || !strcmp(entry->ups, ups)))
			return entry;
	return NULL;
}

static const char *
start(struct timers *timers, const struct words *words, bool shared)
{
	const char *name = words->word[1], *ups = words->word[4];
	struct entry *entry = find(timers, name, ups);
	long seconds;

	if (!conffile_number(words->word[2], 0, SCHED_SECONDS_MAX, &seconds))
		return "not a number of seconds";
	if (entry)
		return NULL;
	if (timers->len == TIMERS_MAX)
		return "too many timers";
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return "out of memory";
	entry->timers = timers;
	entry->name = strdup(name);
	entry->type = strdup(words->word[3]);
	entry->ups = strdup(ups);
	entry->shared = shared;
	entry->timer = (struct timer){ .fire = elapsed, .owner = entry };
	if (!entry->name || !entry->type || !entry->ups) {
		entry_free(entry);
		return "out of memory";
	}
	entry->next = timers->entries;
	timers->entries = entry;
	timers->len++;
	loop_timer_in(timers->loop, &entry->timer, seconds * 1000);
	log_info("New timer: %s (%ld seconds)", name, seconds);
	return NULL;
}

static const char *
cancel(struct timers *timers, const struct words *words)
{
	const char *type = words->word[2], *ups = words->word[3];
	struct entry *entry = find(timers, words->word[1], ups);

	if (entry) {
		log_info("Cancelling timer: %s", entry->name);
		remove_entry(entry);
	} else if (words->len == 5) {
		timers_execute(timers->loop, timers->settings.cmdscript, words->word[4], type, ups);
	}
	return NULL;
}

static const char *
cancel_matched(struct timers *timers, const struct words *words)
{
	for (struct entry *entry = timers->entries, *next; entry; entry = next) {
		next = entry->next;
		if (fnmatch(words->word[1], entry->name, 0) == 0)
			remove_entry(entry);
	}
	return NULL;
}

/* ---- The socket ---- */

static const char *
serve(struct peer *peer, const struct words *words)
{
	struct timers *timers = peer->timers;
	const char *word = words->len ? words->word[0] : "";

	if (!strcmp(word, "START") && words->len == 5)
		return start(timers, words, false);
	if (!strcmp(word, "START-SHARED") && words->len == 5)
		return start(timers, words, true);
	if (!strcmp(word, "CANCEL") && (words->len == 4 || words->len == 5))
		return cancel(timers, words);
	if (!strcmp(word, "CANCEL-MATCHED") && words->len == 2)
		return cancel_matched(timers, words);
	if (strcmp(word, "LIST") || words->len != 1)
		return "no such request";
	for (const struct entry *entry = timers->entries; entry; entry = entry->next) {
		buf_add_text(conn_out(peer->conn), "TIMER ");
		words_quote(conn_out(peer->conn), entry->name);
		buf_add_format(conn_out(peer->conn), " %lld ",
		    (long long)(entry->timer.at_ms - loop_now_ms(timers->loop)) / 1000);
		words_quote(conn_out(peer->conn), entry->shared ? "*" : entry->ups);
		buf_add_text(conn_out(peer->conn), "\n");
	}
	return NULL;
}

static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct peer *peer = owner;
	const char *wrong = error ? words_strerror(error) : serve(peer, words);

	if (wrong)
		buf_add_format(conn_out(peer->conn), "ERR %s\n", wrong);
	else
		buf_add_text(conn_out(peer->conn), "OK\n");
	return !conn_full(peer->conn);
}

static size_t
peer_input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
peer_closed(void *owner, const char *why)
{
	struct peer *peer = owner;
	struct timers *timers = peer->timers;
	struct peer **at = &timers->peers;

	while (*at != peer)
		at = &(*at)->next;
	*at = peer->next;
	conn_free(peer->conn);
	free(peer);
	look_idle(timers);
}

static const struct conn_calls peer_calls = { .input = peer_input, .closed = peer_closed };

static void
somebody_calls(void *owner, int fd, short revents)
{
	struct timers *timers = owner;
	const struct world *world = loop_world(timers->loop);
	struct peer *peer;
	struct addr from;
	int got = world->accept(world->owner, fd, &from);

	if (got == -1)
		return;
	peer = calloc(1, sizeof(*peer));
	if (peer) {
		peer->timers = timers;
		peer->conn = conn_new(timers->loop, got, false, LINE_MAX_BYTES, &peer_calls, peer);
	}
	if (!peer || !peer->conn) {
		world->close(world->owner, got);
		free(peer);
		return;
	}
	peer->next = timers->peers;
	timers->peers = peer;
	look_idle(timers);
}

void
timers_reap(struct timers *timers)
{
	const struct world *world = loop_world(timers->loop);
	int status;

	while (world->wait(world->owner, &status) > 0)
		if (status)
			log_warnx("CMDSCRIPT ended with status %d", status);
}

struct timers *
timers_new(struct loop *loop, int listen_fd, const struct timers_settings *settings)
{
	struct timers *timers = calloc(1, sizeof(*timers));

	if (!timers || !loop_watch(loop, listen_fd, POLLIN, somebody_calls, timers)) {
		free(timers);
		return NULL;
	}
	timers->loop = loop;
	timers->listen_fd = listen_fd;
	timers->settings = *settings;
	timers->idle = (struct timer){ .fire = is_idle, .owner = timers };
	loop_timer_in(loop, &timers->idle, 10 * IDLE_MS); /* whoever started us calls first */
	return timers;
}

void
timers_free(struct timers *timers)
{
	const struct world *world;

	if (!timers)
		return;
	world = loop_world(timers->loop);
	while (timers->peers)
		peer_closed(timers->peers, NULL);
	while (timers->entries)
		remove_entry(timers->entries);
	loop_timer_clear(timers->loop, &timers->idle);
	loop_forget(timers->loop, timers->listen_fd);
	world->close(world->owner, timers->listen_fd);
	free(timers);
}
