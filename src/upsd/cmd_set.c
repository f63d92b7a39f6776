/* cmd_set.c - what changes a UPS: SET VAR, INSTCMD; and SET and GET TRACKING. */
#include "upsd/command.h"
#include "upsd/rights.h"
#include "upsd/driverlink.h"
#include "upsd/tracking.h"

#include <string.h>

/* Send MSG to UPS's driver and answer OK, with a tracking id if this client wants one. */
static void
send_and_answer(struct peer *peer, struct ups *ups, struct sockmsg *msg, enum net_error failure)
{
	struct tracking *trackings = peer->upsd->trackings;

	if (peer->tracking) {
		msg->tracking = tracking_begin(trackings, peer_user(peer), ups);
		if (!msg->tracking) {
			peer_error(peer, failure);
			return;
		}
	}
	if (!driverlink_send(ups, msg)) {
		if (msg->tracking)
			tracking_forget(trackings, msg->tracking);
		peer_error(peer, failure);
	} else if (msg->tracking) {
		buf_add_format(peer_out(peer), "OK TRACKING %s\n", msg->tracking);
	} else {
		peer_say(peer, "OK\n");
	}
}

/* Why VALUE cannot be put into VAR; NET_OK: it can. */
static enum net_error
value_fault(const struct state_var *var, const char *value)
{
	if (!var)
		return NET_VAR_NOT_SUPPORTED;
	if (!(var->flags & STATE_RW))
		return NET_READONLY;
	switch (state_fits(var, value)) {
	case STATE_FITS:
		return NET_OK;
	case STATE_TOO_LONG:
		return NET_TOO_LONG;
	case STATE_NOT_VALID:
		return NET_INVALID_VALUE;
	case STATE_NOT_SETTABLE:
		break;
	}
	return NET_SET_FAILED;
}

enum command_answer
command_set_var(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	enum peer_right right;
	enum net_error error;
	char name[256];

	if (!ups)
		return DONE;
	right = rights_may(peer, ups, USER_SET);
	if (right == PEER_WAIT)
		return LATER;
	error = right == PEER_MAY_NOT
		    ? NET_ACCESS_DENIED
		    : value_fault(state_find(ups->state, words->word[3], words->word_len[3]),
			  words->word[4]);
	if (error != NET_OK) {
		peer_error(peer, error);
		return DONE;
	}
	log_info("Set variable: %s set %s on %s to %.128s", peer_name(peer, name, sizeof(name)),
	    words->word[3], ups->conf->name, words->word[4]);
	send_and_answer(peer, ups,
	    &(struct sockmsg){
		.type = SOCKMSG_SET, .name = words->word[3], .value = words->word[4] },
	    NET_SET_FAILED);
	return DONE;
}

enum command_answer
command_set_tracking(struct peer *peer, const struct words *words)
{
	bool on = !strcasecmp(words->word[2], "ON");
	enum peer_right right;

	if (!on && strcasecmp(words->word[2], "OFF") != 0) {
		peer_error(peer, NET_INVALID_ARGUMENT);
		return DONE;
	}
	right = rights_authentic(peer);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT) {
		peer_error(peer, NET_ACCESS_DENIED);
		return DONE;
	}
	peer->tracking = on;
	peer_say(peer, "OK\n");
	return DONE;
}

enum command_answer
command_instcmd(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 1);
	const char *cmd = words->word[2], *param = words->len > 3 ? words->word[3] : NULL;
	enum peer_right right;
	char name[256];

	if (!ups)
		return DONE;
	if (!state_cmd(ups->state, cmd)) {
		peer_error(peer, NET_CMD_NOT_SUPPORTED);
		return DONE;
	}
	right = rights_may_instcmd(peer, ups, cmd);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT) {
		peer_error(peer, NET_ACCESS_DENIED);
		return DONE;
	}
	log_info("Instant command: %s did %s%s%.128s on %s", peer_name(peer, name, sizeof(name)),
	    cmd, param ? " with " : "", param ? param : "", ups->conf->name);
	send_and_answer(peer, ups,
	    &(struct sockmsg){ .type = SOCKMSG_INSTCMD, .name = cmd, .value = param },
	    NET_INSTCMD_FAILED);
	return DONE;
}

enum command_answer
command_get_tracking(struct peer *peer, const struct words *words)
{
	enum peer_right right;

	if (words->len == 2) {
		peer_say(peer, peer->tracking ? "ON\n" : "OFF\n");
		return DONE;
	}
	/* Where tracking is on, name and password have been given. */
	if (!peer->tracking) {
		peer_error(peer, NET_FEATURE_NOT_CONFIGURED);
		return DONE;
	}
	right = rights_authentic(peer);
	if (right == PEER_WAIT)
		return LATER;
	if (right == PEER_MAY_NOT)
		peer_error(peer, NET_ACCESS_DENIED);
	else
		peer_say(
		    peer, tracking_say(peer->upsd->trackings, peer_user(peer), words->word[2]));
	return DONE;
}
