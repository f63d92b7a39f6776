#include "upsd/tracking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 1024

/* A user with ids; gone with the last of them. */
struct owner {
	struct owner *next;
	size_t ids;
	char user[];
};

struct entry {
	struct entry *older, *newer; /* by age */
	struct owner *owner;
	struct entry *next;    /* in its slot */
	const struct ups *ups; /* borrowed; NULL: it is gone */
	long result;	       /* enum sockmsg_result */
	int64_t begun_ms;
	char id[TRACKING_ID_LEN + 1];
};

struct tracking {
	struct upsd *upsd; /* borrowed */
	struct entry *oldest, *newest;
	struct owner *owners;
	size_t len;
	struct timer expire; /* of the oldest */
	struct entry *slot[SLOTS];
};

static void expire(void *owner);

struct tracking *
tracking_new(struct upsd *upsd)
{
	struct tracking *tracking = calloc(1, sizeof(*tracking));

	if (tracking) {
		tracking->upsd = upsd;
		tracking->expire = (struct timer){ .fire = expire, .owner = tracking };
	}
	return tracking;
}

static size_t
slot_of(const char *id)
{
	unsigned hash = 0;

	for (int i = 0; i < 8 && id[i]; i++)
		hash = hash * 31 + ((unsigned char)id[i] | 0x20);
	return hash % SLOTS;
}

/* NULL: no memory. */
static struct owner *
owner_of(struct tracking *tracking, const char *user)
{
	struct owner *owner = tracking->owners;

	while (owner && strcmp(owner->user, user) != 0)
		owner = owner->next;
	if (owner || !(owner = calloc(1, sizeof(*owner) + strlen(user) + 1)))
		return owner;
	strcpy(owner->user, user);
	owner->next = tracking->owners;
	tracking->owners = owner;
	return owner;
}

static void
drop_if_idle(struct tracking *tracking, struct owner *owner)
{
	struct owner **at = &tracking->owners;

	if (owner->ids > 0)
		return;
	while (*at != owner)
		at = &(*at)->next;
	*at = owner->next;
	free(owner);
}

static void
remove_entry(struct tracking *tracking, struct entry *entry)
{
	struct entry **at = &tracking->slot[slot_of(entry->id)];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	*(entry->older ? &entry->older->newer : &tracking->oldest) = entry->newer;
	*(entry->newer ? &entry->newer->older : &tracking->newest) = entry->older;
	tracking->len--;
	entry->owner->ids--;
	drop_if_idle(tracking, entry->owner);
	free(entry);
}

/* Room for one more: the oldest goes of whoever has most, so that nobody costs another his ids. */
static void
make_room(struct tracking *tracking)
{
	struct owner *most = tracking->owners;
	struct entry *entry = tracking->oldest;

	if (tracking->len < TRACKING_MAX)
		return;
	for (struct owner *owner = most->next; owner; owner = owner->next)
		if (owner->ids > most->ids)
			most = owner;
	while (entry->owner != most)
		entry = entry->newer;
	remove_entry(tracking, entry);
}

void
tracking_free(struct tracking *tracking)
{
	if (!tracking)
		return;
	loop_timer_clear(tracking->upsd->loop, &tracking->expire);
	while (tracking->oldest)
		remove_entry(tracking, tracking->oldest);
	free(tracking);
}

static void
expire(void *owner)
{
	struct tracking *tracking = owner;
	int64_t delay_ms = tracking->upsd->conf->tracking_delay_s * 1000;
	int64_t now_ms = loop_now_ms(tracking->upsd->loop);

	while (tracking->oldest && tracking->oldest->begun_ms + delay_ms <= now_ms)
		remove_entry(tracking, tracking->oldest);
	if (tracking->oldest)
		loop_timer_at(
		    tracking->upsd->loop, &tracking->expire, tracking->oldest->begun_ms + delay_ms);
}

/* RFC 4122, section 4.4, in upper case as NUT writes it. */
static void
make_id(const struct world *world, char id[TRACKING_ID_LEN + 1])
{
	unsigned char b[16];

	world->random(world->owner, b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(id, TRACKING_ID_LEN + 1,
	    "%02X%02X%02X%02X-%02X%02X-%02X%02X-%02X%02X-%02X%02X%02X%02X%02X%02X", b[0], b[1],
	    b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]);
}

const char *
tracking_begin(struct tracking *tracking, const char *user, const struct ups *ups)
{
	struct entry *entry, **slot;

	make_room(tracking);
	entry = calloc(1, sizeof(*entry));
	if (!entry || !(entry->owner = owner_of(tracking, user))) {
		free(entry);
		return NULL;
	}
	entry->owner->ids++;
	make_id(tracking->upsd->world, entry->id);
	entry->ups = ups;
	entry->result = RESULT_PENDING;
	entry->begun_ms = loop_now_ms(tracking->upsd->loop);
	slot = &tracking->slot[slot_of(entry->id)];
	entry->next = *slot;
	*slot = entry;
	entry->older = tracking->newest;
	*(entry->older ? &entry->older->newer : &tracking->oldest) = entry;
	tracking->newest = entry;
	tracking->len++;
	if (!timer_is_set(&tracking->expire))
		loop_timer_in(tracking->upsd->loop, &tracking->expire,
		    tracking->upsd->conf->tracking_delay_s * 1000);
	return entry->id;
}

static struct entry *
find(const struct tracking *tracking, const char *id)
{
	struct entry *entry = tracking->slot[slot_of(id)];

	while (entry && strcasecmp(entry->id, id) != 0)
		entry = entry->next;
	return entry;
}

void
tracking_forget(struct tracking *tracking, const char *id)
{
	struct entry *entry = find(tracking, id);

	if (entry)
		remove_entry(tracking, entry);
}

void
tracking_result(struct tracking *tracking, const struct ups *ups, const char *id, long result)
{
	struct entry *entry = find(tracking, id);

	if (entry && entry->ups == ups && entry->result == RESULT_PENDING)
		entry->result = result;
}

void
tracking_ups_lost(struct tracking *tracking, const struct ups *ups, bool gone)
{
	for (struct entry *entry = tracking->oldest; entry; entry = entry->newer) {
		if (entry->ups != ups)
			continue;
		if (entry->result == RESULT_PENDING)
			entry->result = RESULT_FAILED;
		if (gone)
			entry->ups = NULL;
	}
}

const char *
tracking_say(const struct tracking *tracking, const char *user, const char *id)
{
	const struct entry *entry = find(tracking, id);

	if (!entry || strcmp(entry->owner->user, user) != 0)
		return "ERR UNKNOWN\n";
	switch (entry->result) {
	case RESULT_PENDING:
		return "PENDING\n";
	case RESULT_HANDLED:
		return "SUCCESS\n";
	case RESULT_INVALID:
	case RESULT_CONVERSION_FAILED:
		return "ERR INVALID-ARGUMENT\n";
	case RESULT_FAILED:
		return "ERR FAILED\n";
	default:
		return "ERR UNKNOWN\n";
	}
}
