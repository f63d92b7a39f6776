#include "upsd/layers.h"

#include "upsd/denials.h"
#include "wrap/wrap.h"

#include <limits.h>
#include <string.h>

#define WRAP_RULE UINT_MAX /* in denials: no line of ours */

/* ---- layer 2 ---- */

/* Where PEER came to; TEXT gets "unknown" when that is no internet address. */
static const char *
server_of(struct peer *peer, char text[ADDR_TEXT_MAX])
{
	const struct world *world = peer->upsd->world;
	struct addr at = { 0 };

	if (!world->local(world->owner, conn_fd(peer->conn), &at) ||
	    (at.any.sa_family != AF_INET && at.any.sa_family != AF_INET6))
		return strcpy(text, "unknown");
	addr_unmap(&at);
	addr_host(&at, text);
	return text;
}

static struct helper_question *
ask_wrap(struct peer *peer, helper_answered *answered, void *owner)
{
	char server[ADDR_TEXT_MAX];

	/* F8: who need not say a name is "unknown", never "", which libwrap would look up. */
	return wrap_ask(peer->upsd->loop, peer->host, server_of(peer, server),
	    peer->username ? peer->username : "unknown", answered, owner);
}

static enum peer_right
wrap_may(struct peer *peer, const char *what)
{
	struct upsd *upsd = peer->upsd;
	int64_t now_ms = loop_now_ms(upsd->loop);
	char name[256];
	unsigned missed, others;
	enum peer_right right;
	bool silent = false;

	if (!upsd->wrap)
		return PEER_MAY;
	right = peer_ask(peer, PEER_ASKED_WRAP, ask_wrap, &silent);
	if (right == PEER_MAY_NOT && !silent &&
	    denials_tell(upsd->denials, peer->host, WRAP_RULE, now_ms, &missed) &&
	    log_rate(&upsd->denied, now_ms, &others))
		log_notice("client %s: %s denied: tcp-wrappers (hosts.allow, hosts.deny)%s",
		    peer_name(peer, name, sizeof(name)), what,
		    missed || others ? " (others not shown)" : "");
	return right;
}

/* FORCESSL */
static enum peer_right
encrypted(struct peer *peer, const char *what)
{
	return peer_must_encrypt(peer) ? PEER_MAY_NOT : PEER_MAY;
}

/* Layers behind layer 1 that judge a command by its level alone, in order; asked for login and
 * above.  PEER_MAY_NOT is answered with ERR ACCESS-DENIED, and logged by the layer itself. */
static const struct layer {
	enum peer_right (*may)(struct peer *peer, const char *what);
} layers[] = {
	{ encrypted }, { wrap_may }, { NULL }, /* the end */
};

/* ---- layer 1 ---- */

/* "client 192.0.2.7: LOGIN denied: upsd.conf:12: ACCESS deny all box" */
static void
tell(struct upsd *upsd, const char *host, const struct access_rights *rights,
    enum access_level level, const char *what, const char *verdict)
{
	const struct access_list *list = upsd->conf->access;
	int64_t now_ms = loop_now_ms(upsd->loop);
	struct buf why = { .max = 1024 };
	unsigned missed, others;

	if (!denials_tell(upsd->denials, host, access_line(list, rights, level), now_ms, &missed) ||
	    !log_rate(&upsd->denied, now_ms, &others))
		return;
	if (access_reason(list, rights, level, &why) && buf_add(&why, "", 1))
		log_notice("client %s: %s %s: %s%s", host, what, verdict, buf_bytes(&why),
		    missed || others ? " (others not shown)" : "");
	buf_free(&why);
}

enum access_answer
layers_connect(struct upsd *upsd, const struct addr *from, struct access_rights *rights)
{
	enum access_answer answer;
	char host[ADDR_TEXT_MAX];

	access_walk(upsd->conf->access, from, rights);
	answer = access_connect(upsd->conf->access, rights);
	if (answer != ACCESS_PASS)
		tell(upsd, addr_host(from, host), rights, ACCESS_BASE, "connection",
		    answer == ACCESS_END_SILENT ? "dropped" : "denied");
	return answer;
}

/* The rights of PEER under the lists in force. */
static const struct access_rights *
rights_of(struct peer *peer)
{
	struct upsd *upsd = peer->upsd;
	struct addr from;

	if (peer->judged == upsd->generation)
		return &peer->rights;
	from = peer_from(peer);
	access_walk(upsd->conf->access, &from, &peer->rights);
	peer->judged = upsd->generation;
	return &peer->rights;
}

void
layers_end_lost(void *owner)
{
	struct upsd *upsd = owner;
	struct peer *peer, *next;
	char name[256];

	for (peer = upsd->members.first; peer; peer = next) {
		next = peer->after;
		if (access_connect(upsd->conf->access, rights_of(peer)) == ACCESS_PASS)
			continue;
		log_notice("client %s: closed: a reload has refused its address, and it is silent",
		    peer_name(peer, name, sizeof(name)));
		peer_free(peer);
	}
}

/* What layer 1 says, a wrong password being slowed down as one of upsd.users is. */
static enum layers_answer
ask_lists(struct peer *peer, enum access_level level, enum access_answer *answer)
{
	const struct upsdconf *conf = peer->upsd->conf;
	const struct access_rights *rights = rights_of(peer);
	const struct access_shown shown = { .users = conf->has_users,
		.username = peer->username != NULL,
		.password = peer->password };
	bool guess = peer->password && (peer->username || !conf->has_users) &&
		     access_secret(conf->access, rights, level);
	enum peer_right turn = guess ? peer_turn(peer) : PEER_MAY;

	if (turn == PEER_WAIT)
		return LAYERS_LATER;
	/* What is one guess too many is refused as a wrong one, unseen. */
	*answer = turn == PEER_MAY ? access_command(conf->access, rights, level, &shown)
				   : ACCESS_SAY_WRONG;
	if (turn == PEER_MAY && *answer == ACCESS_SAY_WRONG)
		peer_failed(peer, "wrong user name or password");
	else if (guess && *answer == ACCESS_PASS && !conf->has_users)
		peer_passed(peer);
	return LAYERS_PASS;
}

/* Do what ANSWER, which is not PASS, says. */
static enum layers_answer
refuse(struct peer *peer, enum access_level level, const char *what, enum access_answer answer)
{
	bool ends = answer == ACCESS_END_DENIED || answer == ACCESS_END_SILENT;
	bool silent = answer == ACCESS_SAY_NOTHING || answer == ACCESS_END_SILENT;

	if (answer == ACCESS_SAY_USERNAME || answer == ACCESS_SAY_PASSWORD) {
		peer_error(peer,
		    answer == ACCESS_SAY_USERNAME ? NET_USERNAME_REQUIRED : NET_PASSWORD_REQUIRED);
		return LAYERS_ANSWERED;
	}
	if (answer != ACCESS_SAY_WRONG) /* which has been logged as a guess */
		tell(peer->upsd, peer->host, &peer->rights, level, what,
		    silent ? "dropped" : "denied");
	if (!silent)
		peer_error(peer, NET_ACCESS_DENIED);
	if (ends) {
		peer->ended = true;
		conn_end(peer->conn);
	}
	return silent ? LAYERS_SILENT : LAYERS_ANSWERED;
}

enum layers_answer
layers_command(struct peer *peer, enum access_level level, const char *what)
{
	enum access_answer answer = ACCESS_PASS;

	if (layers_absent(peer, level))
		return LAYERS_PASS;
	if (ask_lists(peer, level, &answer) == LAYERS_LATER)
		return LAYERS_LATER;
	if (answer != ACCESS_PASS)
		return refuse(peer, level, what, answer);
	for (const struct layer *layer = layers; level >= ACCESS_LOGIN && layer->may; layer++) {
		enum peer_right right = layer->may(peer, what);

		if (right == PEER_WAIT)
			return LAYERS_LATER;
		if (right == PEER_MAY_NOT) {
			peer_error(peer, NET_ACCESS_DENIED);
			return LAYERS_ANSWERED;
		}
	}
	return LAYERS_PASS;
}
