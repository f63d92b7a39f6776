/* cmd_list.c - LIST UPS, VAR, RW, CMD, CLIENT, ENUM, RANGE: each a whole in one buffer. */
#include "ups/status.h"
#include "upsd/command.h"

#include <stdio.h>
#include <string.h>

/* "BEGIN LIST VAR su700": the header and trailer repeat the question as it was asked. */
static void
say_frame(struct buf *out, const char *edge, const struct words *words, size_t count)
{
	buf_add_text(out, edge);
	for (size_t i = 1; i < count; i++) {
		buf_add_text(out, " ");
		buf_add_text(out, words->word[i]);
	}
	buf_add_text(out, "\n");
}

enum command_answer
command_list_ups(struct peer *peer, const struct words *words)
{
	const struct upsd *upsd = peer->upsd;
	struct buf *out = peer_out(peer);

	say_frame(out, "BEGIN LIST", words, 2);
	for (size_t i = 0; i < upsd->upses_len; i++) {
		const struct upsdconf_ups *ups = upsd->upses[i]->conf;

		buf_add_format(out, "UPS %s %s\n", ups->name,
		    ups->desc ? ups->desc : "\"Description unavailable\"");
	}
	say_frame(out, "END LIST", words, 2);
	return DONE;
}

/* What each row begins with, "VAR su700 ".  It is copied in whole pieces, the last one beyond its
 * end, since a list of hundreds of rows spends its time here. */
struct front {
	char text[160]; /* room for a verb, a name of a UPS, blanks, and the rest of a piece */
	size_t len;
};
#define FRONT_PIECE 16u

static void
make_front(struct front *front, const char *verb, const char *ups_name)
{
	*front = (struct front){ 0 };
	front->len = (size_t)snprintf(front->text, sizeof(front->text), "%s %s ", verb, ups_name);
}

static inline char *
add_front(char *to, const struct front *front)
{
	for (size_t i = 0; i < front->len; i += FRONT_PIECE)
		memcpy(to + i, front->text + i, FRONT_PIECE);
	return to + front->len;
}

/* One row for each variable that has FLAG.  The room for all is made once. */
static void
say_vars(struct buf *out, struct state *state, const struct front *front, unsigned flag, bool fsd)
{
	size_t vars_len;
	const struct state_var *const *vars = state_vars(state, &vars_len);
	char *to = buf_room(out, state_bytes(state) + vars_len * (front->len + sizeof(" \n")) +
				     sizeof("FSD ") + FRONT_PIECE);
	char *at = to;

	if (!to)
		return;
	for (size_t i = 0; i < vars_len; i++) {
		const struct state_var *var = vars[i];
		size_t cut = 0;

		if ((var->flags & flag) != flag)
			continue;
		at = add_front(at, front);
		at = mempcpy(at, var->name, var->name_len);
		*at++ = ' ';
		if (fsd && !strcasecmp(var->name, "ups.status")) {
			at = mempcpy(at, "\"FSD ", 5);
			cut = 1;
		}
		at = mempcpy(at, var->quoted + cut, var->quoted_len - cut);
		*at++ = '\n';
	}
	buf_added(out, (size_t)(at - to));
}

static void
say_some_vars(struct peer *peer, const struct words *words, const char *verb, unsigned flag)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	struct front front;
	struct buf *out;
	bool fsd;

	if (!ups)
		return;
	out = peer_out(peer);
	make_front(&front, verb, words->word[2]);
	fsd =
	    ups->fsd && !flag && !(status_parse(state_get(ups->state, "ups.status")) & STATUS_FSD);
	say_frame(out, "BEGIN LIST", words, 3);
	say_vars(out, ups->state, &front, flag, fsd);
	say_frame(out, "END LIST", words, 3);
}

enum command_answer
command_list_var(struct peer *peer, const struct words *words)
{
	say_some_vars(peer, words, "VAR", 0);
	return DONE;
}

enum command_answer
command_list_rw(struct peer *peer, const struct words *words)
{
	say_some_vars(peer, words, "RW", STATE_RW);
	return DONE;
}

enum command_answer
command_list_cmd(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	struct buf *out;
	const char *const *cmds;
	size_t len;

	if (!ups)
		return DONE;
	out = peer_out(peer);
	say_frame(out, "BEGIN LIST", words, 3);
	cmds = state_cmds(ups->state, &len);
	for (size_t i = 0; i < len; i++)
		buf_add_format(out, "CMD %s %s\n", words->word[2], cmds[i]);
	say_frame(out, "END LIST", words, 3);
	return DONE;
}

enum command_answer
command_list_client(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_ups(peer, words, 2);
	struct buf *out;

	if (!ups)
		return DONE;
	out = peer_out(peer);
	say_frame(out, "BEGIN LIST", words, 3);
	for (const struct peer *other = peer->upsd->members.first; other; other = other->after)
		if (other->login == ups)
			buf_add_format(out, "CLIENT %s %s\n", ups->conf->name, other->host);
	say_frame(out, "END LIST", words, 3);
	return DONE;
}

enum command_answer
command_list_enum(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	const struct state_var *var = command_var(peer, ups, words, 3);
	struct buf *out;

	if (!var)
		return DONE;
	out = peer_out(peer);
	say_frame(out, "BEGIN LIST", words, 4);
	for (size_t i = 0; i < var->enums_len; i++) {
		buf_add_format(out, "ENUM %s %s ", words->word[2], words->word[3]);
		words_quote(out, var->enums[i]);
		buf_add_text(out, "\n");
	}
	say_frame(out, "END LIST", words, 4);
	return DONE;
}

enum command_answer
command_list_range(struct peer *peer, const struct words *words)
{
	struct ups *ups = command_live_ups(peer, words, 2);
	const struct state_var *var = command_var(peer, ups, words, 3);
	struct buf *out;

	if (!var)
		return DONE;
	out = peer_out(peer);
	say_frame(out, "BEGIN LIST", words, 4);
	for (size_t i = 0; i < var->ranges_len; i++)
		buf_add_format(out, "RANGE %s %s \"%ld\" \"%ld\"\n", words->word[2], words->word[3],
		    var->ranges[i].min, var->ranges[i].max);
	say_frame(out, "END LIST", words, 4);
	return DONE;
}
