#include "upsd/listen.h"

#include "base/helper.h"
#include "upsd/layers.h"
#include "upsd/refused.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ADDRS_MAX 8	     /* of one name */
#define FULL_PAUSE_MS 250    /* out of descriptors: how long we accept nobody */
#define EVICT_SILENT_MS 1000 /* who has been silent so long may have to make room */
#define ACCEPT_AT_ONCE 256   /* then others have their turn */

/* One address that is, or shall be, open. */
struct spot {
	struct listener *listener; /* borrowed */
	struct addr at;
	bool v6_only;
	int fd;		    /* owned; -1: not open */
	bool complained;    /* its absence is known */
	struct timer retry; /* open it again; while open: accept again */
};

/* One LISTEN line. */
struct listener {
	struct listener *next;
	struct upsd *upsd; /* borrowed */
	char *host;	   /* owned */
	uint16_t port;
	bool implied;		  /* no line asks for this very address */
	struct helper_name *name; /* owned; the question under way */
	bool asked, complained;
	struct timer retry; /* ask again */
	struct spot spot[ADDRS_MAX];
	size_t spots;
};

/* ---- accepting ---- */

/* How many clients there may be. */
static size_t
seats(const struct upsd *upsd)
{
	long room = upsd->conf->max_conn ? upsd->conf->max_conn : upsd->fd_max - 16;
	long taken = (long)upsd->upses_len;

	/* As in NUT each UPS and each listener counts as one. */
	for (const struct listener *listener = upsd->listeners; listener; listener = listener->next)
		taken += (long)listener->spots;
	return room > taken ? (size_t)(room - taken) : 1;
}

/* Room for one more client, which may cost the one that has been silent longest its place. */
static bool
make_room(struct upsd *upsd)
{
	struct peer *oldest;
	unsigned missed;

	if (upsd->visitors.len + upsd->members.len < seats(upsd))
		return true;
	oldest = peer_oldest_visitor(upsd, EVICT_SILENT_MS);
	if (log_rate(&upsd->full, loop_now_ms(upsd->loop), &missed))
		log_warnx("MAXCONN reached (%zu clients, %zu of them logged in): %s",
		    upsd->visitors.len + upsd->members.len, upsd->members.len,
		    oldest ? "the longest idle one makes room" : "a new one is refused");
	peer_free(oldest);
	return oldest != NULL;
}

static void
welcome(struct upsd *upsd, int fd, const struct addr *from)
{
	struct access_rights rights;
	enum access_answer answer = layers_connect(upsd, from, &rights);
	struct peer *peer;

	if (answer == ACCESS_END_SILENT) {
		upsd->world->close(upsd->world->owner, fd);
	} else if (answer == ACCESS_END_DENIED) {
		refused_new(upsd, fd);
	} else if (!make_room(upsd)) {
		refused_turn_away(upsd, fd);
	} else if ((peer = peer_new(upsd, fd, from))) {
		peer->rights = rights;
		peer->judged = upsd->generation;
	}
}

static bool
out_of_descriptors(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void
accept_clients(void *owner, int fd, short revents)
{
	struct spot *spot = owner;
	struct upsd *upsd = spot->listener->upsd;

	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		struct addr from;
		int client = upsd->world->accept(upsd->world->owner, fd, &from);
		unsigned missed;

		if (client != -1) {
			addr_unmap(&from);
			welcome(upsd, client, &from);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (out_of_descriptors(errno)) {
			/* poll() would call us again at once, for nothing. */
			if (log_rate(&upsd->refused, loop_now_ms(upsd->loop), &missed))
				log_warn("cannot accept a client");
			loop_events(upsd->loop, fd, 0);
			loop_timer_in(upsd->loop, &spot->retry, FULL_PAUSE_MS);
		}
		return;
	}
}

/* ---- opening ---- */

static void
open_spot(struct spot *spot)
{
	struct listener *listener = spot->listener;
	struct upsd *upsd = listener->upsd;
	char text[ADDR_TEXT_MAX];

	spot->fd = upsd->world->listen(upsd->world->owner, &spot->at, spot->v6_only, 0);
	if (spot->fd != -1 && loop_watch(upsd->loop, spot->fd, POLLIN, accept_clients, spot)) {
		log_info("listening on %s", addr_text(&spot->at, text));
		return;
	}
	if (spot->fd != -1) {
		upsd->world->close(upsd->world->owner, spot->fd);
		spot->fd = -1;
		errno = ENOMEM;
	}
	/* A machine may have one family only: the default and * mean what there is. */
	if (!spot->complained &&
	    !(listener->implied && (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT)))
		log_warn("cannot listen on %s; trying again every %d s", addr_text(&spot->at, text),
		    LISTEN_RETRY_MS / 1000);
	spot->complained = true;
	loop_timer_in(upsd->loop, &spot->retry, LISTEN_RETRY_MS);
}

static void
retry(void *owner)
{
	struct spot *spot = owner;

	if (spot->fd == -1)
		open_spot(spot);
	else
		loop_events(spot->listener->upsd->loop, spot->fd, POLLIN);
}

static void
add_spot(struct listener *listener, const struct addr *at, bool v6_only)
{
	struct upsd *upsd = listener->upsd;
	struct spot *spot;

	if (upsd->family != AF_UNSPEC && at->any.sa_family != upsd->family)
		return;
	if (listener->spots == ADDRS_MAX)
		return;
	spot = &listener->spot[listener->spots++];
	*spot = (struct spot){ .listener = listener, .at = *at, .v6_only = v6_only, .fd = -1 };
	spot->retry = (struct timer){ .fire = retry, .owner = spot };
	open_spot(spot);
}

static void
resolved(void *owner, const struct addr *addrs, size_t len)
{
	struct listener *listener = owner;

	listener->name = NULL;
	listener->asked = true;
	if (!len) {
		if (!listener->complained)
			log_warnx("LISTEN %s: no address of that name; trying again every %d s",
			    listener->host, LISTEN_RETRY_MS / 1000);
		listener->complained = true;
		loop_timer_in(listener->upsd->loop, &listener->retry, LISTEN_RETRY_MS);
	}
	for (size_t i = 0; i < len; i++)
		add_spot(listener, &addrs[i], true);
}

static void
ask(void *owner)
{
	struct listener *listener = owner;

	listener->name = helper_resolve(
	    listener->upsd->loop, listener->host, listener->port, resolved, listener);
	if (!listener->name)
		resolved(listener, NULL, 0);
}

static void
begin(struct listener *listener)
{
	struct addr at;

	if (!strcmp(listener->host, "*")) {
		listener->implied = true;
		addr_any(&at, AF_INET, listener->port);
		add_spot(listener, &at, false);
		addr_any(&at, AF_INET6, listener->port);
		add_spot(listener, &at, true);
	} else if (addr_parse(&at, listener->host, listener->port)) {
		/* "::" alone serves both families. */
		add_spot(listener, &at, !!strcmp(listener->host, "::"));
	} else {
		listener->implied |= !strcasecmp(listener->host, "localhost");
		ask(listener);
		return;
	}
	listener->asked = true;
}

bool
listen_start(struct upsd *upsd)
{
	struct listener **last = &upsd->listeners;

	for (size_t i = 0; i < upsd->conf->listens_len; i++) {
		const struct upsdconf_listen *line = &upsd->conf->listens[i];
		struct listener *listener = calloc(1, sizeof(*listener));

		if (!listener || !(listener->host = strdup(line->host))) {
			free(listener);
			return false;
		}
		listener->upsd = upsd;
		listener->port = line->port;
		listener->implied = !line->line;
		listener->retry = (struct timer){ .fire = ask, .owner = listener };
		*last = listener;
		last = &listener->next;
		begin(listener);
	}
	return true;
}

static void
close_spot(struct upsd *upsd, struct spot *spot)
{
	loop_timer_clear(upsd->loop, &spot->retry);
	if (spot->fd == -1)
		return;
	loop_forget(upsd->loop, spot->fd);
	upsd->world->close(upsd->world->owner, spot->fd);
}

void
listen_stop(struct upsd *upsd)
{
	struct listener *listener;

	while ((listener = upsd->listeners)) {
		upsd->listeners = listener->next;
		helper_resolve_withdraw(listener->name);
		loop_timer_clear(upsd->loop, &listener->retry);
		for (size_t i = 0; i < listener->spots; i++)
			close_spot(upsd, &listener->spot[i]);
		free(listener->host);
		free(listener);
	}
}

size_t
listen_open(const struct upsd *upsd, bool *settled)
{
	size_t open = 0;

	*settled = true;
	for (const struct listener *listener = upsd->listeners; listener;
	     listener = listener->next) {
		*settled = *settled && listener->asked;
		for (size_t i = 0; i < listener->spots; i++)
			open += listener->spot[i].fd != -1;
	}
	return open;
}

bool
listen_address(const struct upsd *upsd, struct addr *out)
{
	for (const struct listener *listener = upsd->listeners; listener; listener = listener->next)
		for (size_t i = 0; i < listener->spots; i++)
			if (listener->spot[i].fd != -1)
				return upsd->world->local(
				    upsd->world->owner, listener->spot[i].fd, out);
	return false;
}
