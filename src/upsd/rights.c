#include "upsd/rights.h"

#include "base/hash.h"

#include <string.h>

static struct helper_question *
ask_hash(struct peer *peer, helper_answered *answered, void *owner)
{
	const struct users *users = peer->upsd->conf->users;
	const char *hash = users_hash(users, users_find(users, peer_user(peer)));

	return hash ? hash_ask(peer->upsd->loop, hash, peer->password, answered, owner) : NULL;
}

/* Is its password that of USER?  What crypt(3) must tell is asked of the helper. */
static enum peer_right
fits(struct peer *peer, const struct user *user, bool *silent)
{
	enum peer_right right;

	if (!users_hash(peer->upsd->conf->users, user) || !peer->password ||
	    strlen(peer->password) > HASH_PASSWORD_MAX)
		return user_password(user, peer->password) ? PEER_MAY : PEER_MAY_NOT;
	right = peer_ask(peer, PEER_ASKED_HASH, ask_hash, silent);
	/* Of a hash that is not its own nothing counts. */
	return right == PEER_MAY && !user_is_usable(user) ? PEER_MAY_NOT : right;
}

/* `allowfrom`: a mismatch answers as a wrong password does (F10), and as late. */
static bool
comes_from_there(const struct peer *peer, const struct user *user)
{
	struct addr from = peer_from(peer);

	return user_may_come_from(user, peer->upsd->conf->access, &from);
}

enum peer_right
rights_authentic(struct peer *peer)
{
	struct upsd *upsd = peer->upsd;
	const struct user *user;
	enum peer_right right;
	bool silent = false;

	/* In host-based mode layer 1 has judged all that was sent (E5). */
	if (peer->verified == upsd->generation || !upsd->conf->has_users)
		return PEER_MAY;
	/* Whose turn led to a question needs no second one. */
	right = peer_knows(peer, PEER_ASKED_HASH) ? PEER_MAY : peer_turn(peer);
	if (right != PEER_MAY)
		return right;
	user = users_find(upsd->conf->users, peer_user(peer));
	right = fits(peer, user, &silent);
	if (right == PEER_WAIT || silent)
		return right;
	if (right == PEER_MAY_NOT) {
		peer_failed(peer, "wrong user name or password");
		return PEER_MAY_NOT;
	}
	if (!comes_from_there(peer, user)) {
		peer_failed(peer, "this user may not come from there (allowfrom)");
		return PEER_MAY_NOT;
	}
	peer_passed(peer);
	return PEER_MAY;
}

static enum peer_right
judge(struct peer *peer, const struct ups *ups, bool granted, const char *what)
{
	char name[256];
	unsigned missed;

	if (granted)
		return PEER_MAY;
	if (log_rate(&peer->upsd->denied, loop_now_ms(peer->upsd->loop), &missed))
		log_notice("client %s may not use %s on UPS [%s]%s",
		    peer_name(peer, name, sizeof(name)), what, ups->conf->name,
		    missed ? " (others not shown)" : "");
	return PEER_MAY_NOT;
}

/* The user that has been found authentic. */
static const struct user *
user_of(const struct peer *peer)
{
	return users_find(peer->upsd->conf->users, peer_user(peer));
}

enum peer_right
rights_may(struct peer *peer, const struct ups *ups, enum user_action action)
{
	const struct user *user;
	enum peer_right right = rights_authentic(peer);

	if (right != PEER_MAY || !peer->upsd->conf->has_users)
		return right;
	user = user_of(peer);
	return judge(peer, ups, user_may(user, action) && user_may_act_on(user, ups->conf->name),
	    action == USER_LOGIN ? "LOGIN"
	    : action == USER_FSD ? "FSD"
	    : action == USER_SET ? "SET"
				 : "PRIMARY");
}

enum peer_right
rights_may_instcmd(struct peer *peer, const struct ups *ups, const char *cmd)
{
	const struct user *user;
	enum peer_right right = rights_authentic(peer);

	if (right != PEER_MAY || !peer->upsd->conf->has_users)
		return right;
	user = user_of(peer);
	return judge(
	    peer, ups, user_may_instcmd(user, cmd) && user_may_act_on(user, ups->conf->name), cmd);
}
