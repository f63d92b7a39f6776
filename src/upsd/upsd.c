#include "upsd/upsd.h"

#include "upsd/driverlink.h"
#include "upsd/layers.h"
#include "upsd/listen.h"
#include "upsd/peer.h"
#include "upsd/refused.h"
#include "upsd/seen.h"
#include "upsd/tracking.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- UPSes by name ---- */

static bool
is_called(const struct ups *ups, const char *name, size_t len)
{
	return ups->conf->name_len == len && words_same_name(ups->conf->name, name, len);
}

struct ups *
upsd_ups(const struct upsd *upsd, const char *name, size_t len)
{
	size_t mask = upsd->slots_len - 1, i;
	struct ups *ups;

	if (upsd->upses_len == 1) /* as nearly everywhere */
		return is_called(upsd->upses[0], name, len) ? upsd->upses[0] : NULL;
	i = words_name_hash(name, len) & mask;
	while ((ups = upsd->slots[i]) && !is_called(ups, name, len))
		i = (i + 1) & mask;
	return ups;
}

/* The UPSes of one configuration: those that stay, and new ones with CONF set. */
struct fleet {
	struct ups **ups, **slots;
	size_t len, slots_len;
};

static void
put(struct fleet *fleet, struct ups *ups, const struct upsdconf_ups *conf)
{
	size_t mask = fleet->slots_len - 1, i = words_name_hash(conf->name, conf->name_len) & mask;

	while (fleet->slots[i])
		i = (i + 1) & mask;
	fleet->slots[i] = ups;
}

static struct ups *
ups_new(struct upsd *upsd, const struct upsdconf_ups *conf)
{
	struct ups *ups = calloc(1, sizeof(*ups));

	if (!ups)
		return NULL;
	ups->upsd = upsd;
	ups->conf = conf;
	ups->state = state_new();
	if (!ups->state) {
		free(ups);
		return NULL;
	}
	return ups;
}

/* CONF is one of ours that was never started, or has been stopped. */
static void
ups_free(struct ups *ups)
{
	state_free(ups->state);
	free(ups);
}

static void
fleet_free(struct fleet *fleet, const struct upsdconf *conf)
{
	/* Only the new ones point into CONF. */
	for (size_t i = 0; i < fleet->len; i++)
		if (fleet->ups[i] && fleet->ups[i]->conf == &conf->upses[i])
			ups_free(fleet->ups[i]);
	free(fleet->ups);
	free(fleet->slots);
}

/* false: no memory; nothing has changed. */
static bool
fleet_make(struct fleet *fleet, struct upsd *upsd, const struct upsdconf *conf)
{
	*fleet = (struct fleet){ .slots_len = 16 };
	while (fleet->slots_len < 2 * conf->upses_len)
		fleet->slots_len *= 2;
	fleet->slots = calloc(fleet->slots_len, sizeof(*fleet->slots));
	fleet->ups = calloc(conf->upses_len + 1, sizeof(*fleet->ups));
	if (!fleet->slots || !fleet->ups)
		goto fail;
	for (; fleet->len < conf->upses_len; fleet->len++) {
		const struct upsdconf_ups *now = &conf->upses[fleet->len];
		struct ups *ups = upsd->slots ? upsd_ups(upsd, now->name, now->name_len) : NULL;

		if (!ups)
			ups = ups_new(upsd, now);
		if (!ups)
			goto fail;
		fleet->ups[fleet->len] = ups;
		put(fleet, ups, now);
	}
	return true;
fail:
	fleet_free(fleet, conf);
	return false;
}

/* UPS goes: its clients are let go, its pending commands have failed. */
static void
retire(struct upsd *upsd, struct ups *ups)
{
	struct peer *peer, *next;

	for (peer = upsd->members.first; peer; peer = next) {
		next = peer->after;
		if (peer->login == ups)
			peer_free(peer);
	}
	driverlink_stop(ups);
	tracking_ups_lost(upsd->trackings, ups, true);
	ups_free(ups);
}

static bool
is_in(const struct fleet *fleet, const struct ups *ups)
{
	size_t mask = fleet->slots_len - 1;
	size_t i = words_name_hash(ups->conf->name, ups->conf->name_len) & mask;

	for (; fleet->slots[i]; i = (i + 1) & mask)
		if (fleet->slots[i] == ups)
			return true;
	return false;
}

/* From here on nothing can fail. */
static void
fleet_commit(struct fleet *fleet, struct upsd *upsd, const struct upsdconf *conf)
{
	for (size_t i = 0; i < upsd->upses_len; i++)
		if (!is_in(fleet, upsd->upses[i]))
			retire(upsd, upsd->upses[i]);
	for (size_t i = 0; i < fleet->len; i++) {
		struct ups *ups = fleet->ups[i];

		if (strcmp(ups->conf->path, conf->upses[i].path) != 0)
			driverlink_stop(ups); /* it has another driver now */
		ups->conf = &conf->upses[i];
	}
	free(upsd->upses);
	free(upsd->slots);
	upsd->upses = fleet->ups;
	upsd->upses_len = fleet->len;
	upsd->slots = fleet->slots;
	upsd->slots_len = fleet->slots_len;
}

/* ---- a configuration comes into force ---- */

static bool
same_listens(const struct upsdconf *a, const struct upsdconf *b)
{
	if (a->listens_len != b->listens_len)
		return false;
	for (size_t i = 0; i < a->listens_len; i++)
		if (a->listens[i].port != b->listens[i].port ||
		    strcmp(a->listens[i].host, b->listens[i].host) != 0)
			return false;
	return true;
}

/* What is fixed at start keeps its old value, in NOW too. */
static void
keep_fixed(struct upsdconf *old, struct upsdconf *now)
{
	struct upsdconf_listen *listens = now->listens;
	size_t len = now->listens_len;

	if (!same_listens(old, now))
		log_warnx("LISTEN has changed, which counts from the next start on; "
			  "the old addresses stay");
	now->listens = old->listens;
	now->listens_len = old->listens_len;
	old->listens = listens;
	old->listens_len = len;
}

static void
doubt_certificate(const struct upsd *upsd)
{
	char *doubt = upsd->conf->tls ? tls_doubt(upsd->conf->tls, loop_wall_ms(upsd->loop)) : NULL;

	if (doubt)
		log_warnx("%s; clients that verify will refuse it", doubt);
	free(doubt);
}

bool
upsd_adopt(struct upsd *upsd, struct upsdconf *conf)
{
	struct upsdconf *old = upsd->conf;
	struct fleet fleet;

	if (!fleet_make(&fleet, upsd, conf))
		return false;
	if (old)
		keep_fixed(old, conf);
	fleet_commit(&fleet, upsd, conf);
	upsd->conf = conf;
	upsd->asked_from = access_is_active(conf->access) ? ACCESS_BASE : ACCESS_LOGIN;
	upsd->generation++;
	if (upsd->members.len && access_is_active(conf->access))
		loop_timer_in(upsd->loop, &upsd->lost, PEER_IDLE_MS);
	doubt_certificate(upsd);
	for (size_t i = 0; i < upsd->upses_len; i++)
		if (upsd->upses[i]->link.started)
			driverlink_retime(upsd->upses[i]);
		else
			driverlink_start(upsd->upses[i]);
	upsdconf_free(old);
	return true;
}

/* ---- reload ---- */

/* In one go, so that a reader sees all of it.  FLAGS for open(); true: it is there. */
static bool
write_text(const char *path, int flags, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags, 0644);
	bool ok = fd != -1 && write(fd, text, len) == (ssize_t)len;

	return fd != -1 && close(fd) == 0 && ok;
}

/* On a full disk there is no room for a new file, but there is in the old one. */
static bool
write_report(const char *path, unsigned count, const char *fault)
{
	char fresh[4096], text[1100];
	size_t len;

	if ((size_t)snprintf(fresh, sizeof(fresh), "%s.new", path) >= sizeof(fresh))
		return false;
	/* As much of the fault as the reader, main.c, takes. */
	len = (size_t)snprintf(text, sizeof(text), "%u %.1000s\npid %ld\n", count,
	    fault ? fault : "ok", (long)getpid());
	(void)unlink(fresh);
	if (write_text(fresh, O_CREAT | O_EXCL, text, len) && rename(fresh, path) == 0)
		return true;
	(void)unlink(fresh);
	return write_text(path, 0, text, len);
}

void
upsd_report(struct upsd *upsd, const char *fault)
{
	if (!upsd->report_path || write_report(upsd->report_path, upsd->reloads, fault))
		return;
	if (!upsd->report_path2 || !write_report(upsd->report_path2, upsd->reloads, fault))
		log_warn("%s", upsd->report_path);
}

void
upsd_reload(struct upsd *upsd)
{
	struct faults faults = { 0 };
	struct upsdconf_source source = *upsd->source;
	struct upsdconf *conf;
	const char *fault;

	upsd->reloads++;
	source.state_path_now = upsd->conf->state_path;
	source.users_now = upsd->conf->has_users;
	conf = upsdconf_read(&source, &faults);
	faults_log(&faults);
	fault = faults_first(&faults);
	if (!fault && (!conf || !upsd_adopt(upsd, conf)))
		fault = "out of memory";
	if (fault) {
		log_error("reload refused, the old configuration stays in force");
		upsdconf_free(conf);
	} else {
		log_notice("configuration reloaded");
	}
	upsd_report(upsd, fault);
	faults_free(&faults);
}

/* ---- the whole ---- */

static void
after_gap(void *owner, int64_t late_ms, int64_t slept_ms)
{
	struct upsd *upsd = owner;

	log_notice("upsd did not run for %lld s: data are stale until the drivers are heard again",
	    (long long)((late_ms + slept_ms) / 1000));
	for (size_t i = 0; i < upsd->upses_len; i++)
		driverlink_after_gap(upsd->upses[i], late_ms);
}

struct upsd *
upsd_new(struct loop *loop, struct upsdconf *conf)
{
	struct upsd *upsd = calloc(1, sizeof(*upsd));
	uint64_t seed;

	if (!upsd)
		return NULL;
	upsd->loop = loop;
	upsd->world = loop_world(loop);
	upsd->fd_max = 1024;
	upsd->idle = (struct timer){ .fire = peer_idle, .owner = upsd };
	upsd->lost = (struct timer){ .fire = layers_end_lost, .owner = upsd };
	asking_init(&upsd->asking, loop);
	upsd->full = upsd->refused = upsd->silent =
	    (struct log_rate){ .each_ms = 60000, .burst = 1 };
	upsd->shakes = upsd->clear = (struct log_rate){ .each_ms = 60000, .burst = 10 };
	upsd->failed = upsd->denied = (struct log_rate){ .each_ms = 60000, .burst = 60 };
	upsd->trackings = tracking_new(upsd);
	upsd->world->random(upsd->world->owner, &seed, sizeof(seed));
	upsd->denials = seen_new(seed);
	if (!upsd->trackings || !upsd->denials || !upsd_adopt(upsd, conf)) {
		tracking_free(upsd->trackings);
		seen_free(upsd->denials);
		free(upsd);
		return NULL;
	}
	loop_on_gap(loop, after_gap, upsd);
	return upsd;
}

void
upsd_free(struct upsd *upsd)
{
	if (!upsd)
		return;
	loop_on_gap(upsd->loop, NULL, NULL);
	listen_stop(upsd);
	refused_free_all(upsd);
	while (upsd->visitors.first)
		peer_free(upsd->visitors.first);
	while (upsd->members.first)
		peer_free(upsd->members.first);
	for (size_t i = 0; i < upsd->upses_len; i++)
		retire(upsd, upsd->upses[i]);
	loop_timer_clear(upsd->loop, &upsd->idle);
	loop_timer_clear(upsd->loop, &upsd->lost);
	tracking_free(upsd->trackings);
	seen_free(upsd->throttle);
	seen_free(upsd->denials);
	free(upsd->upses);
	free(upsd->slots);
	upsdconf_free(upsd->conf);
	free(upsd);
}
