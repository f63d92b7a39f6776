/* cmd_session.c - who is there: VER NETVER HELP STARTTLS USERNAME PASSWORD LOGIN LOGOUT PRIMARY
 * MASTER FSD. */
#include "ups/paths.h"
#include "upsd/command.h"
#include "upsd/rights.h"

#include <stdlib.h>
#include <string.h>

#define HANDSHAKE_MS 10000

enum command_answer
command_ver(struct peer *peer, const struct words *words)
{
	peer_say(peer, "Network UPS Tools upsd " NUT_VERSION " (refnut " REFNUT_VERSION
		       ") - " REFNUT_URL "\n");
	return DONE;
}

enum command_answer
command_netver(struct peer *peer, const struct words *words)
{
	peer_say(peer, NUT_PROTOCOL "\n");
	return DONE;
}

enum command_answer
command_help(struct peer *peer, const struct words *words)
{
	peer_say(peer,
	    "Commands: HELP VER PROTVER GET LIST SET INSTCMD LOGIN LOGOUT USERNAME PASSWORD "
	    "STARTTLS\n");
	return DONE;
}

static void
handshake_done(void *owner, const char *why)
{
	struct peer *peer = owner;
	struct tls_session *session = conn_filter_state(peer->conn);
	const char *name = why ? NULL : tls_peer_name(session);
	unsigned missed;

	/* When it failed the conn closes itself and says so through closed(). */
	peer->tls = !why;
	peer->ended = why != NULL;
	if (!why)
		log_debug(1, "client %s: %s, %s%s", peer->host, tls_version(session),
		    name ? "certificate " : "no certificate", name ? name : "");
	else if (log_rate(&peer->upsd->shakes, loop_now_ms(peer->upsd->loop), &missed))
		log_notice("client %s: TLS handshake failed: %s%s", peer->host, why,
		    missed ? " (others not shown)" : "");
}

enum command_answer
command_starttls(struct peer *peer, const struct words *words)
{
	struct upsd *upsd = peer->upsd;
	struct tls_session *session;

	if (peer->tls || !tls_available() || !upsd->conf->wants_tls) {
		peer_error(peer, peer->tls	   ? NET_ALREADY_SSL_MODE
				 : tls_available() ? NET_FEATURE_NOT_CONFIGURED
						   : NET_FEATURE_NOT_SUPPORTED);
		return DONE;
	}
	if (!upsd->conf->tls) {
		/* Just starting, our keys not read: no answer that would let it go on in clear. */
		peer->ended = true;
		conn_end(peer->conn);
		return DONE;
	}
	peer_say(peer, "OK STARTTLS\n");
	/* What was said in clear may have been said by anybody. */
	peer_forget(peer);
	/* Nothing that follows this line in the same segment is ever a command: conn_filter()
	 * closes the connection when there is something. */
	peer->ended = true;
	session = tls_session_new(upsd->conf->tls, upsd->world, conn_fd(peer->conn), NULL, NULL);
	if (!session ||
	    !conn_filter(peer->conn, &tls_filter, session, HANDSHAKE_MS, handshake_done))
		conn_end(peer->conn);
	return DONE;
}

static bool
keep(char **where, const char *text)
{
	*where = strdup(text);
	return *where != NULL;
}

enum command_answer
command_username(struct peer *peer, const struct words *words)
{
	if (peer_must_encrypt(peer))
		peer_error(peer, NET_ACCESS_DENIED);
	else if (peer->username)
		peer_error(peer, NET_ALREADY_SET_USERNAME);
	else if (!*words->word[1] || !keep(&peer->username, words->word[1]))
		peer_error(peer, NET_INVALID_USERNAME);
	else
		peer_say(peer, "OK\n");
	return DONE;
}

enum command_answer
command_password(struct peer *peer, const struct words *words)
{
	if (peer_must_encrypt(peer))
		peer_error(peer, NET_ACCESS_DENIED);
	else if (peer->password)
		peer_error(peer, NET_ALREADY_SET_PASSWORD);
	else if (!keep(&peer->password, words->word[1]))
		peer_error(peer, NET_INVALID_PASSWORD);
	else
		peer_say(peer, "OK\n");
	return DONE;
}

enum command_answer
command_login(struct peer *peer, const struct words *words)
{
	struct ups *ups;
	enum peer_right right;
	char name[256];

	if (peer->login) {
		peer_error(peer, NET_ALREADY_LOGGED_IN);
		return DONE;
	}
	ups = command_ups(peer, words, 1);
	if (!ups)
		return DONE;
	right = rights_may(peer, ups, USER_LOGIN);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT) {
		peer_error(peer, NET_ACCESS_DENIED);
		return DONE;
	}
	peer_login(peer, ups);
	log_info("Client %s logged in to UPS [%s]%s", peer_name(peer, name, sizeof(name)),
	    ups->conf->name, peer->tls ? " (SSL)" : "");
	peer_say(peer, "OK\n");
	return DONE;
}

enum command_answer
command_logout(struct peer *peer, const struct words *words)
{
	char name[256];

	if (peer->login) {
		log_info("Client %s logged out from UPS [%s]", peer_name(peer, name, sizeof(name)),
		    peer->login->conf->name);
		peer_login(peer, NULL);
	}
	peer_say(peer, "OK Goodbye\n");
	peer->ended = true;
	conn_end(peer->conn);
	return DONE;
}

/* PRIMARY and its old word: the answer uses the word that was asked. */
static enum command_answer
grant_primary(struct peer *peer, const struct words *words, const char *granted)
{
	struct ups *ups = command_ups(peer, words, 1);
	enum peer_right right;

	if (!ups)
		return DONE;
	right = rights_may(peer, ups, USER_PRIMARY);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT)
		peer_error(peer, NET_ACCESS_DENIED);
	else
		peer_say(peer, granted);
	return DONE;
}

enum command_answer
command_primary(struct peer *peer, const struct words *words)
{
	return grant_primary(peer, words, "OK PRIMARY-GRANTED\n");
}

enum command_answer
command_master(struct peer *peer, const struct words *words)
{
	return grant_primary(peer, words, "OK MASTER-GRANTED\n");
}

enum command_answer
command_fsd(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_ups(peer, words, 1);
	enum peer_right right;
	char name[256];

	if (!ups)
		return DONE;
	right = rights_may(peer, ups, USER_FSD);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT) {
		peer_error(peer, NET_ACCESS_DENIED);
		return DONE;
	}
	log_notice(
	    "Client %s set FSD on UPS [%s]", peer_name(peer, name, sizeof(name)), ups->conf->name);
	ups->fsd = true;
	peer_say(peer, "OK FSD-SET\n");
	return DONE;
}
