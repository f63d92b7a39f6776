#include "upsd/peer.h"

#include "upsd/command.h"
#include "upsd/throttle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A request whose answer must wait: its words, kept to run it again. */
struct pending {
	struct timer timer;
	bool refuse; /* then the answer is no */
	bool waited; /* it has had its turn */
	struct asker asker;
	enum peer_asked asking; /* what is being asked, and how */
	peer_question *ask;
	bool postponed; /* it is not asked yet after all: TIMER runs */
	struct {
		bool known;
		enum asking_answer answer;
		int error;	     /* why it could not even be asked; 0: it was */
		uint32_t generation; /* of the configuration that it was asked for */
	} asked[PEER_ASKED_KINDS];
	struct words words;
	char *text; /* owned: what WORDS borrows */
};

/* ---- the two lists, longest silent first ---- */

static struct peers *
list_of(struct peer *peer)
{
	return peer->login ? &peer->upsd->members : &peer->upsd->visitors;
}

static void
append(struct peers *list, struct peer *peer)
{
	peer->after = NULL;
	peer->before = list->last;
	*(list->last ? &list->last->after : &list->first) = peer;
	list->last = peer;
	list->len++;
}

static void
take_out(struct peers *list, struct peer *peer)
{
	*(peer->before ? &peer->before->after : &list->first) = peer->after;
	*(peer->after ? &peer->after->before : &list->last) = peer->before;
	list->len--;
}

static inline void
heard(struct peer *peer)
{
	struct peers *list = list_of(peer);

	peer->heard_ms = loop_now_ms(peer->upsd->loop);
	if (list->last != peer) {
		take_out(list, peer);
		append(list, peer);
	}
}

struct peer *
peer_oldest_visitor(const struct upsd *upsd, int64_t silent_ms)
{
	struct peer *peer = upsd->visitors.first;

	while (peer && peer->pending)
		peer = peer->after;
	return peer && loop_now_ms(upsd->loop) - peer->heard_ms >= silent_ms ? peer : NULL;
}

void
peer_login(struct peer *peer, struct ups *ups)
{
	take_out(list_of(peer), peer);
	if (peer->login)
		peer->login->logins--;
	peer->login = ups;
	if (ups)
		ups->logins++;
	append(list_of(peer), peer);
}

/* ---- requests ---- */

/* Keep WORDS of the input, so that the command can run again.  false: no memory. */
static bool
keep(struct pending *pending, const struct words *words)
{
	size_t size = 1;
	char *to;

	for (size_t i = 0; i < words->len; i++)
		size += words->word_len[i] + 1u;
	to = pending->text = malloc(size);
	if (!to)
		return false;
	pending->words = *words;
	for (size_t i = 0; i < words->len; i++) {
		pending->words.word[i] = to;
		to = (char *)mempcpy(to, words->word[i], words->word_len[i] + 1u);
	}
	return true;
}

static void
drop_pending(struct peer *peer)
{
	if (!peer->pending)
		return;
	loop_timer_clear(peer->upsd->loop, &peer->pending->timer);
	asking_end(&peer->pending->asker);
	free(peer->pending->text);
	free(peer->pending);
	peer->pending = NULL;
}

static void
run_again(struct peer *peer)
{
	if (command_run(peer, &peer->pending->words) == LATER)
		return;
	drop_pending(peer);
	conn_pause(peer->conn, false);
}

static void
had_turn(void *owner)
{
	struct peer *peer = owner;

	peer->pending->waited = true;
	run_again(peer);
}

static void
was_answered(void *owner, enum asking_answer answer)
{
	struct peer *peer = owner;

	if (peer->pending->postponed) {
		peer->pending->postponed = false;
		return;
	}
	peer->pending->asked[peer->pending->asking].known = true;
	peer->pending->asked[peer->pending->asking].answer = answer;
	run_again(peer);
}

/* false: no memory. */
static bool
make_pending(struct peer *peer)
{
	if (!peer->pending)
		peer->pending = calloc(1, sizeof(*peer->pending));
	return peer->pending != NULL;
}

/* The command just run must wait IN_MS.  false: no memory. */
static bool
wait_ms(struct peer *peer, int64_t in_ms, bool refuse)
{
	if (!make_pending(peer))
		return false;
	peer->pending->timer = (struct timer){ .fire = had_turn, .owner = peer };
	peer->pending->refuse = refuse;
	loop_timer_in(peer->upsd->loop, &peer->pending->timer, in_ms);
	return true;
}

/* false: the next line is not to be read now. */
static bool
obey(struct peer *peer, const struct words *words)
{
	enum command_answer answer = command_run(peer, words);

	if (answer != UNHEARD)
		heard(peer);
	if (answer != LATER)
		return true;
	if (keep(peer->pending, words))
		conn_pause(peer->conn, true);
	else
		conn_end(peer->conn);
	return false;
}

static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct peer *peer = owner;
	bool go_on = true;

	if (error)
		command_bad_line(peer);
	else
		go_on = obey(peer, words);
	if (error == WORDS_LONG_LINE)
		conn_end(peer->conn);
	return go_on && !peer->ended && !conn_full(peer->conn);
}

static size_t
input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
closed(void *owner, const char *why)
{
	struct peer *peer = owner;

	if (why)
		log_debug(1, "client %s: %s", peer->host, why);
	peer_free(peer);
}

/* ---- coming and going ---- */

static void
arm_idle(struct upsd *upsd)
{
	if (upsd->visitors.first && !timer_is_set(&upsd->idle))
		loop_timer_at(
		    upsd->loop, &upsd->idle, upsd->visitors.first->heard_ms + PEER_IDLE_MS);
}

void
peer_idle(void *owner)
{
	struct upsd *upsd = owner;
	struct peer *peer;

	while ((peer = peer_oldest_visitor(upsd, PEER_IDLE_MS))) {
		log_debug(1, "client %s: idle for too long", peer->host);
		peer_free(peer);
	}
	arm_idle(upsd);
}

struct peer *
peer_new(struct upsd *upsd, int fd, const struct addr *from)
{
	static const struct conn_calls calls = { input, closed, NULL };
	char host[ADDR_TEXT_MAX];
	size_t size = strlen(addr_host(from, host)) + 1;
	struct peer *peer = calloc(1, sizeof(*peer) + size);

	if (peer) {
		peer->upsd = upsd;
		memcpy(peer->host, host, size);
		peer->conn = conn_new(upsd->loop, fd, false, WORDS_LINE_MAX, &calls, peer);
	}
	if (!peer || !peer->conn) {
		upsd->world->close(upsd->world->owner, fd);
		free(peer);
		return NULL;
	}
	peer->heard_ms = loop_now_ms(upsd->loop);
	append(&upsd->visitors, peer);
	arm_idle(upsd);
	return peer;
}

void
peer_forget(struct peer *peer)
{
	words_free_secret(peer->username);
	words_free_secret(peer->password);
	peer->username = peer->password = NULL;
	peer->verified = 0;
	peer->tracking = false;
	if (peer->login)
		peer_login(peer, NULL);
}

void
peer_free(struct peer *peer)
{
	if (!peer)
		return;
	peer_forget(peer);
	take_out(list_of(peer), peer);
	drop_pending(peer);
	conn_free(peer->conn);
	free(peer);
}

/* ---- answers ---- */

struct buf *
peer_out(struct peer *peer)
{
	return conn_out(peer->conn);
}

void
peer_say(struct peer *peer, const char *line)
{
	buf_add_text(peer_out(peer), line);
}

void
peer_error(struct peer *peer, enum net_error error)
{
	net_error_format(peer_out(peer), error);
}

void
peer_add_word(struct buf *out, const char *text)
{
	if (words_is_name(text))
		buf_add_text(out, text);
	else
		words_quote(out, text);
}

const char *
peer_name(const struct peer *peer, char *text, size_t size)
{
	snprintf(text, size, "%.64s@%s", peer_user(peer), peer->host);
	return text;
}

struct addr
peer_from(const struct peer *peer)
{
	struct addr from = { 0 };
	char host[ADDR_TEXT_MAX];

	snprintf(host, sizeof(host), "%.*s", (int)strcspn(peer->host, "%"), peer->host);
	(void)addr_parse(&from, host, 0);
	return from;
}

const char *
peer_user(const struct peer *peer)
{
	return peer->username ? peer->username : "";
}

/* ---- what judges ask ---- */

bool
peer_must_encrypt(struct peer *peer)
{
	struct upsd *upsd = peer->upsd;
	unsigned missed;

	if (peer->tls || !upsd->conf->force_ssl)
		return false;
	if (!peer->clear_told && log_rate(&upsd->clear, loop_now_ms(upsd->loop), &missed))
		log_notice("client %s: refused, since it does not use TLS (FORCESSL)%s", peer->host,
		    missed ? " (others not shown)" : "");
	peer->clear_told = true;
	return true;
}

static void
log_failure(struct peer *peer, const char *why, unsigned failures)
{
	char name[256];
	unsigned missed;

	/* One line for each of the first few, then for each doubling. */
	if (failures > THROTTLE_FREE && (failures & (failures - 1)))
		return;
	if (!log_rate(&peer->upsd->failed, loop_now_ms(peer->upsd->loop), &missed))
		return;
	log_notice("client %s: %s (failure %u%s)", peer_name(peer, name, sizeof(name)), why,
	    failures, missed ? ", others not shown" : "");
}

/* NULL: no memory, and nobody is slowed. */
static struct seen *
throttle_of(struct upsd *upsd)
{
	uint64_t seed;

	if (!upsd->throttle) {
		upsd->world->random(upsd->world->owner, &seed, sizeof(seed));
		upsd->throttle = seen_new(seed);
	}
	return upsd->throttle;
}

void
peer_failed(struct peer *peer, const char *why)
{
	struct seen *throttle = throttle_of(peer->upsd);
	struct addr from = peer_from(peer);

	if (throttle)
		log_failure(peer, why,
		    throttle_failed(
			throttle, &from, peer_user(peer), loop_now_ms(peer->upsd->loop)));
}

void
peer_passed(struct peer *peer)
{
	struct seen *throttle = throttle_of(peer->upsd);
	struct addr from = peer_from(peer);

	if (throttle)
		throttle_passed(throttle, &from, peer_user(peer), loop_now_ms(peer->upsd->loop));
	peer->verified = peer->upsd->generation;
}

enum peer_right
peer_turn(struct peer *peer)
{
	struct upsd *upsd = peer->upsd;
	struct addr from;
	bool refuse = false;
	int64_t wait;

	if (peer->verified == upsd->generation || !upsd->throttle)
		return PEER_MAY;
	if (peer->pending && peer->pending->waited)
		return peer->pending->refuse ? PEER_MAY_NOT : PEER_MAY;
	from = peer_from(peer);
	wait = throttle_wait_ms(
	    upsd->throttle, &from, peer_user(peer), loop_now_ms(upsd->loop), &refuse);
	if (wait <= 0)
		return PEER_MAY;
	return wait_ms(peer, wait, refuse) ? PEER_WAIT : PEER_MAY_NOT;
}

bool
peer_knows(const struct peer *peer, enum peer_asked which)
{
	return peer->pending && peer->pending->asked[which].known &&
	       (which != PEER_ASKED_HASH ||
		   peer->pending->asked[which].generation == peer->upsd->generation);
}

static void
log_silence(struct peer *peer, enum peer_asked which)
{
	int error = peer->pending ? peer->pending->asked[which].error : ENOMEM;
	char name[256];
	unsigned missed;

	if (log_rate(&peer->upsd->silent, loop_now_ms(peer->upsd->loop), &missed))
		log_error("client %s is refused: %s: %s%s", peer_name(peer, name, sizeof(name)),
		    which == PEER_ASKED_WRAP ? "tcp-wrappers" : "hashed password",
		    error ? strerror(error) : "no answer in time",
		    missed ? " (others not shown)" : "");
}

/* The helper can be asked now.  Of guesses that came all at once the first have failed meanwhile,
 * perhaps: then the others wait for their turn as if they had come later. */
static struct helper_question *
put_question(void *owner, helper_answered *answered, void *asker)
{
	struct peer *peer = owner;
	struct pending *pending = peer->pending;
	struct helper_question *question;

	if (pending->asking == PEER_ASKED_HASH && peer_turn(peer) == PEER_WAIT) {
		pending->postponed = true;
		return NULL;
	}
	question = pending->ask(peer, answered, asker);
	pending->asked[pending->asking].error = question ? 0 : errno;
	return question;
}

enum peer_right
peer_ask(struct peer *peer, enum peer_asked which, peer_question *ask, bool *silent)
{
	struct pending *pending;
	enum asking_answer answer = ASKING_NONE;

	if (peer_knows(peer, which)) {
		answer = peer->pending->asked[which].answer;
	} else if (make_pending(peer)) {
		pending = peer->pending;
		pending->asking = which;
		pending->asked[which].known = false;
		pending->asked[which].error = 0;
		pending->asked[which].generation = peer->upsd->generation;
		pending->asker.host = peer->host;
		pending->ask = ask;
		pending->asker.ask = put_question;
		pending->asker.answered = was_answered;
		pending->asker.owner = peer;
		asking_begin(&peer->upsd->asking, &pending->asker);
		return PEER_WAIT;
	}
	if (answer == ASKING_NONE)
		log_silence(peer, which);
	*silent = answer == ASKING_NONE;
	return answer == ASKING_YES ? PEER_MAY : PEER_MAY_NOT;
}
