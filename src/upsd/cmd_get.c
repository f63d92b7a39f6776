/* cmd_get.c - GET NUMLOGINS, UPSDESC, VAR, TYPE, DESC, CMDDESC, TRACKING. */
#include "ups/paths.h"
#include "ups/status.h"
#include "upsd/command.h"

#include <string.h>

/* The one variable that is not the driver's alone: FSD is latched here. */
static bool
shows_fsd(const struct ups *ups, const struct state_var *var)
{
	return ups->fsd && !strcasecmp(var->name, "ups.status") &&
	       !(status_parse(state_get(ups->state, var->name)) & STATUS_FSD);
}

/* "VAR ups name value", UPS and NAME as the client typed them, which are as long as ours. */
static char *
put(char *to, const char *bytes, size_t len)
{
	memcpy(to, bytes, len);
	return to + len;
}

static void
say_var(struct peer *peer, const struct ups *ups, const char *ups_name, const char *name,
    const struct state_var *var)
{
	struct buf *out = peer_out(peer);
	size_t ups_len = ups->conf->name_len, name_len = var->name_len;
	bool fsd = shows_fsd(ups, var);
	char *to = buf_room(out, ups_len + name_len + var->quoted_len + sizeof("VAR   \"FSD \n"));
	char *at = to;

	if (!to)
		return;
	at = put(at, "VAR ", 4);
	at = put(at, ups_name, ups_len);
	*at++ = ' ';
	at = put(at, name, name_len);
	*at++ = ' ';
	if (fsd)
		at = put(at, "\"FSD ", 5);
	at = put(at, var->quoted + fsd, var->quoted_len - fsd);
	*at++ = '\n';
	buf_added(out, (size_t)(at - to));
}

/* "VERB word word text". */
static void
say_line(
    struct peer *peer, const char *verb, const char *first, const char *second, const char *text)
{
	struct buf *out = peer_out(peer);

	buf_add_text(out, verb);
	buf_add_text(out, " ");
	peer_add_word(out, first);
	if (second) {
		buf_add_text(out, " ");
		peer_add_word(out, second);
	}
	buf_add_text(out, " ");
	buf_add_text(out, text);
	buf_add_text(out, "\n");
}

enum command_answer
command_get_numlogins(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);

	if (ups)
		buf_add_format(peer_out(peer), "NUMLOGINS %s %u\n", words->word[2], ups->logins);
	return DONE;
}

enum command_answer
command_get_upsdesc(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_ups(peer, words, 2);

	if (ups)
		say_line(peer, "UPSDESC", words->word[2], NULL,
		    ups->conf->desc ? ups->conf->desc : "\"Unavailable\"");
	return DONE;
}

/* server.info and server.version are answered whatever the UPS is called. */
static void
say_server_var(struct peer *peer, const struct words *words)
{
	const char *name = words->word[3];

	if (!strcasecmp(name, "server.info"))
		say_line(peer, "VAR", words->word[2], name,
		    "\"Network UPS Tools upsd " NUT_VERSION " (refnut " REFNUT_VERSION
		    ") - " REFNUT_URL "\"");
	else if (!strcasecmp(name, "server.version"))
		say_line(peer, "VAR", words->word[2], name,
		    "\"" NUT_VERSION " (refnut " REFNUT_VERSION ")\"");
	else
		peer_error(peer, NET_VAR_NOT_SUPPORTED);
}

enum command_answer
command_get_var(struct peer *peer, const struct words *words)
{
	const char *name = words->word[3];
	const struct state_var *var;
	struct ups *ups;
	enum net_error error;

	if ((name[0] | 0x20) == 's' && !strncasecmp(name, "server.", 7)) {
		say_server_var(peer, words);
		return DONE;
	}
	var = command_find_var(peer, words, &ups, &error);
	/* A primary that has lost its driver on battery sets FSD all the same, and its secondaries
	 * may not have heard of the battery: they must hear of FSD, which is not the driver's to
	 * say. */
	if (var)
		say_var(peer, ups, words->word[2], name, var);
	else if (ups && ups->fsd && !strcasecmp(name, "ups.status"))
		say_line(peer, "VAR", words->word[2], name, "\"FSD\"");
	else
		peer_error(peer, error);
	return DONE;
}

enum command_answer
command_get_type(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	const struct state_var *var = command_var(peer, ups, words, 3);
	struct buf *out;

	if (!var)
		return DONE;
	out = peer_out(peer);
	buf_add_format(out, "TYPE %s %s", words->word[2], words->word[3]);
	if (var->flags & STATE_RW)
		buf_add_text(out, " RW");
	if (var->enums_len)
		buf_add_text(out, " ENUM");
	if (var->ranges_len)
		buf_add_text(out, " RANGE");
	if (var->flags & STATE_STRING)
		buf_add_format(out, " STRING:%ld\n", var->aux);
	else
		buf_add_text(out, " NUMBER\n");
	return DONE;
}

enum command_answer
command_get_desc(struct peer *peer, const struct words *words)
{
	const char *desc = descriptions_var(peer->upsd->conf->descriptions, words->word[3]);

	if (command_live_ups(peer, words, 2))
		say_line(peer, "DESC", words->word[2], words->word[3],
		    desc ? desc : "\"Description unavailable\"");
	return DONE;
}

enum command_answer
command_get_cmddesc(struct peer *peer, const struct words *words)
{
	const char *desc = descriptions_cmd(peer->upsd->conf->descriptions, words->word[3]);

	if (command_live_ups(peer, words, 2))
		say_line(peer, "CMDDESC", words->word[2], words->word[3],
		    desc ? desc : "\"Description unavailable\"");
	return DONE;
}
