/* publish.c - the driver's state and the peers on its socket. */
#include "drivers/core/publish.h"

#include "base/conn.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct peer_of_driver {
	struct publish *publish; /* borrowed */
	struct conn *conn;	 /* owned */
	struct addr from;
	uint64_t id;
	size_t behind; /* bytes of updates queued since it last had taken everything */
	bool quiet;    /* NOBROADCAST */
	bool ended;    /* nothing more is read: it goes when its output has */
	bool gone;     /* freed at the end of this turn */
};

struct publish {
	struct loop *loop; /* borrowed */
	const struct publish_calls *calls;
	void *owner;
	struct state *state;
	bool fresh;
	int fd;	    /* listening; -1 */
	char *path; /* owned */
	struct stat made;
	gid_t group; /* who may command, beside root and ourselves */
	struct peer_of_driver *peers[PUBLISH_PEERS_MAX];
	size_t len;
	uint64_t last_id;
	struct later sweep;
	struct log_rate crowd, refused, nonsense;
};

/* --- peers ------------------------------------------------------------------------------- */

static void
drop(struct peer_of_driver *peer)
{
	if (peer->gone)
		return;
	peer->gone = peer->ended = true;
	conn_free(peer->conn);
	peer->conn = NULL;
	loop_later(peer->publish->loop, &peer->publish->sweep);
}

static void
sweep(void *owner)
{
	struct publish *publish = owner;
	size_t kept = 0;

	for (size_t i = 0; i < publish->len; i++)
		if (publish->peers[i]->gone)
			free(publish->peers[i]);
		else
			publish->peers[kept++] = publish->peers[i];
	publish->len = kept;
}

/* To all: BUF is one change. */
static void
broadcast(struct publish *publish, struct buf *buf)
{
	for (size_t i = 0; i < publish->len; i++) {
		struct peer_of_driver *peer = publish->peers[i];

		if (peer->quiet || peer->ended)
			continue;
		if (conn_unsent(peer->conn) == 0)
			peer->behind = 0;
		peer->behind += buf_len(buf);
		if (peer->behind > PUBLISH_BEHIND_MAX) {
			log_notice("a peer on the driver's socket does not read: closed");
			drop(peer);
			continue;
		}
		conn_send(peer->conn, buf_bytes(buf), buf_len(buf));
	}
	buf_free(buf);
}

static void
tell_all(struct publish *publish, const struct sockmsg *msg)
{
	struct buf buf = { .max = WORDS_LINE_MAX };

	if (publish->len && sockmsg_format(&buf, msg))
		broadcast(publish, &buf);
	buf_free(&buf);
}

static void
say(struct peer_of_driver *peer, const struct sockmsg *msg)
{
	sockmsg_format(conn_out(peer->conn), msg);
}

static void
say_type(struct peer_of_driver *peer, enum sockmsg_type type)
{
	say(peer, &(struct sockmsg){ .type = type });
}

/* --- what peers ask ---------------------------------------------------------------------- */

/* Frames of every dump: DATASTALE first, DATAOK and DUMPDONE last. */
static void
dump_begin(struct peer_of_driver *peer)
{
	if (!peer->publish->fresh)
		say_type(peer, SOCKMSG_DATASTALE);
}

static void
dump_end(struct peer_of_driver *peer)
{
	if (peer->publish->fresh)
		say_type(peer, SOCKMSG_DATAOK);
	say_type(peer, SOCKMSG_DUMPDONE);
}

static void
dump_all(struct peer_of_driver *peer)
{
	struct state *state = peer->publish->state;
	size_t len;
	const struct state_var *const *vars = state_vars(state, &len);

	dump_begin(peer);
	for (size_t i = 0; i < len; i++)
		sockmsg_format_var(conn_out(peer->conn), vars[i]);
	const char *const *cmds = state_cmds(state, &len);
	for (size_t i = 0; i < len; i++)
		say(peer, &(struct sockmsg){ .type = SOCKMSG_ADDCMD, .name = cmds[i] });
	dump_end(peer);
}

static void
dump_value(struct peer_of_driver *peer, const char *name)
{
	const struct state_var *var = state_var(peer->publish->state, name);

	dump_begin(peer);
	if (var)
		sockmsg_format_var(conn_out(peer->conn), var);
	dump_end(peer);
}

/* Is GID among the supplementary groups of the process at the other end? */
static bool
in_group(int fd, gid_t gid)
{
	socklen_t size = 0;
	gid_t *groups;
	bool found = false;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	if (!(groups = malloc(size)))
		return false;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) == 0)
		for (size_t i = 0; i < size / sizeof(*groups); i++)
			found = found || groups[i] == gid;
	free(groups);
	return found;
}

/* Commands and settings are taken from root, from our own user, and from the socket's group. */
static bool
may_command(const struct peer_of_driver *peer)
{
	if (!peer->from.know_uid)
		return false;
	return peer->from.uid == 0 || peer->from.uid == geteuid() ||
	       peer->from.gid == peer->publish->group ||
	       in_group(conn_fd(peer->conn), peer->publish->group);
}

static void
command(struct peer_of_driver *peer, const struct sockmsg *msg)
{
	struct publish *publish = peer->publish;
	struct asker asker = { peer->id, msg->tracking };
	char who[ADDR_TEXT_MAX];
	unsigned missed;

	if (!may_command(peer)) {
		if (log_rate(&publish->refused, loop_now_ms(publish->loop), &missed))
			log_warnx("%s of %s refused: %s is not in the socket's group (%u more "
				  "refused since the last such line)",
			    msg->type == SOCKMSG_SET ? "SET" : "INSTCMD", msg->name,
			    addr_host(&peer->from, who), missed);
		publish_result(publish, &asker, RESULT_FAILED);
		return;
	}
	log_notice("%s %s from %s", msg->type == SOCKMSG_SET ? "SET" : "INSTCMD", msg->name,
	    addr_host(&peer->from, who));
	if (msg->type == SOCKMSG_SET)
		publish->calls->setvar(publish->owner, &asker, msg->name, msg->value);
	else
		publish->calls->instcmd(publish->owner, &asker, msg->name, msg->value);
}

static void
answer(struct peer_of_driver *peer, const struct sockmsg *msg)
{
	switch (msg->type) {
	case SOCKMSG_DUMPALL:
		dump_all(peer);
		return;
	case SOCKMSG_DUMPSTATUS:
		dump_value(peer, "ups.status");
		return;
	case SOCKMSG_DUMPVALUE:
		dump_value(peer, msg->name);
		return;
	case SOCKMSG_PING:
		say_type(peer, SOCKMSG_PONG);
		return;
	case SOCKMSG_GETPID:
		say(peer, &(struct sockmsg){ .type = SOCKMSG_PID, .number = getpid() });
		return;
	case SOCKMSG_NOBROADCAST:
		peer->quiet = true;
		return;
	case SOCKMSG_BROADCAST:
		peer->quiet = msg->number < 1;
		return;
	case SOCKMSG_LOGOUT:
		say_type(peer, SOCKMSG_GOODBYE);
		peer->ended = true;
		conn_end(peer->conn);
		return;
	case SOCKMSG_INSTCMD:
	case SOCKMSG_SET:
		command(peer, msg);
		return;
	default:
		log_debug(1, "driver's socket: a message that only drivers send");
	}
}

/* A line that is none of ours; it is passed over. */
static void
complain(struct publish *publish, const char *word, const char *error)
{
	unsigned missed;

	if (log_rate(&publish->nonsense, loop_now_ms(publish->loop), &missed))
		log_info("driver's socket: \"%s\": %s (%u more bad lines since the last such one)",
		    word, error, missed);
}

static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct peer_of_driver *peer = owner;
	struct sockmsg msg;
	const char *why;

	if (error) {
		complain(peer->publish, "...", words_strerror(error));
		if (error == WORDS_LONG_LINE)
			drop(peer);
	} else if (words->len > 0) {
		if ((why = sockmsg_parse(&msg, words)))
			complain(peer->publish, words->word[0], why);
		else
			answer(peer, &msg);
	}
	return !peer->ended && !conn_full(peer->conn);
}

static size_t
peer_input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

static void
peer_closed(void *owner, const char *why)
{
	struct peer_of_driver *peer = owner;

	log_debug(1, "driver's socket: a peer has gone%s%s", why ? ": " : "", why ? why : "");
	drop(peer);
}

static const struct conn_calls peer_calls = { .input = peer_input, .closed = peer_closed };

static void
welcome(struct publish *publish, int fd, const struct addr *from)
{
	const struct world *world = loop_world(publish->loop);
	struct peer_of_driver *peer = NULL;
	unsigned missed;

	if (publish->len == PUBLISH_PEERS_MAX) {
		if (log_rate(&publish->crowd, loop_now_ms(publish->loop), &missed))
			log_warnx("driver's socket: %d peers are connected, one more is refused "
				  "(%u since the last such line)",
			    PUBLISH_PEERS_MAX, missed);
		goto fail;
	}
	if (!(peer = calloc(1, sizeof(*peer))) ||
	    !(peer->conn = conn_new(publish->loop, fd, false, WORDS_LINE_MAX, &peer_calls, peer))) {
		log_warnx("driver's socket: out of memory");
		goto fail;
	}
	peer->publish = publish;
	peer->from = *from;
	peer->id = ++publish->last_id;
	publish->peers[publish->len++] = peer;
	return;
fail:
	free(peer);
	world->close(world->owner, fd);
}

static void
accept_ready(void *owner, int listening, short revents)
{
	struct publish *publish = owner;
	const struct world *world = loop_world(publish->loop);
	struct addr from;
	int fd;

	/* A turn takes at most a table's worth, so that a flood cannot hold up the device. */
	for (int i = 0; i < PUBLISH_PEERS_MAX; i++) {
		if ((fd = world->accept(world->owner, listening, &from)) == -1)
			return;
		welcome(publish, fd, &from);
	}
}

/* --- the socket -------------------------------------------------------------------------- */

struct publish *
publish_new(struct loop *loop, const struct publish_calls *calls, void *owner)
{
	struct publish *publish = calloc(1, sizeof(*publish));

	if (!publish || !(publish->state = state_new())) {
		free(publish);
		return NULL;
	}
	publish->loop = loop;
	publish->calls = calls;
	publish->owner = owner;
	publish->fd = -1;
	publish->group = getegid();
	publish->sweep = (struct later){ .run = sweep, .owner = publish };
	publish->crowd = publish->refused = publish->nonsense =
	    (struct log_rate){ .each_ms = 60000, .burst = 1 };
	return publish;
}

bool
publish_listen(struct publish *publish, const char *path, gid_t group)
{
	const struct world *world = loop_world(publish->loop);
	struct addr at;

	if (!addr_unix(&at, path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!(publish->path = strdup(path)))
		return false;
	if ((publish->fd = world->listen(world->owner, &at, false, 0660)) == -1)
		return false;
	if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group) == -1)
		log_warn("%s: cannot give it to group %ld (is the driver's user a member?)", path,
		    (long)group);
	/* In a simulated world there is no such file: then our own group counts. */
	if (lstat(path, &publish->made) == 0)
		publish->group = publish->made.st_gid;
	return loop_watch(publish->loop, publish->fd, POLLIN, accept_ready, publish);
}

static void
stop_listening(struct publish *publish)
{
	const struct world *world = loop_world(publish->loop);
	struct stat there;

	if (publish->fd == -1)
		return;
	loop_forget(publish->loop, publish->fd);
	world->close(world->owner, publish->fd);
	/* Not the socket that a successor may have made at the same place. */
	if (lstat(publish->path, &there) == 0 && there.st_ino == publish->made.st_ino &&
	    there.st_dev == publish->made.st_dev)
		unlink(publish->path);
}

void
publish_free(struct publish *publish)
{
	if (!publish)
		return;
	stop_listening(publish);
	for (size_t i = 0; i < publish->len; i++) {
		conn_free(publish->peers[i]->conn);
		free(publish->peers[i]);
	}
	loop_later_clear(&publish->sweep);
	free(publish->path);
	state_free(publish->state);
	free(publish);
}

/* --- changes ----------------------------------------------------------------------------- */

struct state *
publish_state(struct publish *publish)
{
	return publish->state;
}

/* Tell all about a change that the state took, and hand on what it said. */
static enum state_error
told(struct publish *publish, enum state_error error, const struct sockmsg *msg)
{
	if (error == STATE_OK)
		tell_all(publish, msg);
	return error;
}

enum state_error
publish_set(struct publish *publish, const char *name, const char *value)
{
	return told(publish, state_set(publish->state, name, value),
	    &(struct sockmsg){ .type = SOCKMSG_SETINFO, .name = name, .value = value });
}

enum state_error
publish_delete(struct publish *publish, const char *name)
{
	return told(publish, state_delete(publish->state, name),
	    &(struct sockmsg){ .type = SOCKMSG_DELINFO, .name = name });
}

enum state_error
publish_var(struct publish *publish, const char *name, unsigned flags, long aux)
{
	const struct state_var *var = state_var(publish->state, name);
	enum state_error error = STATE_SAME;

	if (!var)
		return STATE_NO_SUCH_VAR;
	if (var->aux != aux)
		error = told(publish, state_aux(publish->state, name, aux),
		    &(struct sockmsg){ .type = SOCKMSG_SETAUX, .name = name, .number = aux });
	if (var->flags != flags)
		error = told(publish, state_flags(publish->state, name, flags),
		    &(struct sockmsg){ .type = SOCKMSG_SETFLAGS, .name = name, .flags = flags });
	return error;
}

enum state_error
publish_enum(struct publish *publish, const char *name, const char *value)
{
	return told(publish, state_enum_add(publish->state, name, value),
	    &(struct sockmsg){ .type = SOCKMSG_ADDENUM, .name = name, .value = value });
}

enum state_error
publish_range(struct publish *publish, const char *name, long min, long max)
{
	return told(publish, state_range_add(publish->state, name, min, max),
	    &(struct sockmsg){ .type = SOCKMSG_ADDRANGE, .name = name, .min = min, .max = max });
}

enum state_error
publish_cmd(struct publish *publish, const char *name)
{
	return told(publish, state_cmd_add(publish->state, name),
	    &(struct sockmsg){ .type = SOCKMSG_ADDCMD, .name = name });
}

enum state_error
publish_uncmd(struct publish *publish, const char *name)
{
	return told(publish, state_cmd_delete(publish->state, name),
	    &(struct sockmsg){ .type = SOCKMSG_DELCMD, .name = name });
}

void
publish_fresh(struct publish *publish, bool fresh)
{
	if (publish->fresh == fresh)
		return;
	publish->fresh = fresh;
	tell_all(publish, &(struct sockmsg){ .type = fresh ? SOCKMSG_DATAOK : SOCKMSG_DATASTALE });
}

bool
publish_is_fresh(const struct publish *publish)
{
	return publish->fresh;
}

void
publish_result(struct publish *publish, const struct asker *asker, enum sockmsg_result result)
{
	if (!asker->tracking)
		return;
	for (size_t i = 0; i < publish->len; i++)
		if (publish->peers[i]->id == asker->peer && !publish->peers[i]->ended)
			say(publish->peers[i], &(struct sockmsg){ .type = SOCKMSG_RESULT,
						   .tracking = asker->tracking,
						   .number = result });
}
