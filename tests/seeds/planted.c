#include "tests/seeds/planted.h"

#include "client/client.h"
#include "tests/sim/sim.h"
#include "upsd/driverlink.h"
#include "upsmon/upsmon.h"

#include <stdlib.h>
#include <string.h>

enum planted planted;

static const struct {
	const char *name, *what;
} plants[PLANTED_FAULTS] = {
	[PLANTED_NONE] = { "none", "" },
	[FSD_LOST_WITH_DRIVER] = { "fsd-lost-with-driver",
	    "upsd forgets FSD when the driver goes" },
	[FSD_LOST_BY_RELOAD] = { "fsd-lost-by-reload", "upsd forgets FSD at a reload" },
	[FSD_NOT_SENT] = { "fsd-not-sent", "a primary shuts down without setting FSD" },
	[FSD_UNSEEN_BY_SECONDARIES] = { "fsd-unseen-by-secondaries",
	    "a secondary does not heed FSD" },
	[FSD_BY_SUBSTRING] = { "fsd-by-substring", "any word that contains FSD is FSD" },
	[LB_BY_SUBSTRING] = { "lb-by-substring", "any word that contains LB is LB" },
	[OB_BEATS_OL] = { "ob-beats-ol", "of `OL OB`, OB counts" },
	[CAL_IGNORED] = { "cal-ignored", "a calibration counts as an outage" },
	[HOSTSYNC_IGNORED] = { "hostsync-ignored", "a primary waits for nobody" },
	[HOSTSYNC_TRIPLED] = { "hostsync-tripled", "it waits three times too long" },
	[FINALDELAY_TRIPLED] = { "finaldelay-tripled", "FINALDELAY lasts three times as long" },
	[LOGIN_FORGOTTEN] = { "login-forgotten", "upsmon never sends LOGIN" },
	[LOGIN_ONCE] = { "login-once",
	    "it sends LOGIN on its first connection, not when it reconnects" },
	[SECONDARY_AT_ONCE] = { "secondary-at-once", "a secondary does not wait HOSTSYNC for FSD" },
	[SECONDARY_WAITS_FOR_EVER] = { "secondary-waits-for-ever",
	    "a secondary shuts down by FSD alone" },
	[DEADTIME_FROM_FAILURE] = { "deadtime-from-failure",
	    "DEADTIME counts from the first failure, not the last good poll" },
	[DEADTIME_HALVED] = { "deadtime-halved", "DEADTIME is half as long" },
	[DEADTIME_NEVER] = { "deadtime-never", "a lost UPS never counts as critical" },
	[DEADTIME_BY_WALL_CLOCK] = { "deadtime-by-wall-clock",
	    "ages are taken from the wall clock" },
	[LOST_ON_LINE_IS_CRITICAL] = { "lost-on-line-is-critical",
	    "a UPS that is lost while OL is critical" },
	[STALE_IS_SERVED] = { "stale-is-served", "upsd serves stale data as fresh" },
	[DEAD_DRIVER_IS_SERVED] = { "dead-driver-is-served",
	    "upsd serves what a dead driver said" },
	[OBLBDURATION_IGNORED] = { "oblbduration-ignored", "OBLBDURATION is always 0" },
	[OBLB_STOPS_WHEN_LOST] = { "oblb-stops-when-lost",
	    "the time of OB LB stops when the link is down" },
	[OFF_IGNORED] = { "off-ignored", "OFF is never critical" },
	[OFFDURATION_IGNORED] = { "offduration-ignored", "OFF is critical at once" },
	[OVERDURATION_IGNORED] = { "overduration-ignored", "OVER counts at once" },
	[ALARMCRITICAL_IGNORED] = { "alarmcritical-ignored",
	    "a lost UPS with an alarm is critical whatever ALARMCRITICAL says" },
	[MINSUPPLIES_IGNORED] = { "minsupplies-ignored", "MINSUPPLIES is always 1" },
	[ALL_SUPPLIES_NEEDED] = { "all-supplies-needed", "redundant supplies are all needed" },
	[DEAF_AT_FIRST] = { "deaf-at-first",
	    "what a UPS says in the first half minute counts for nothing" },
	[GAP_IGNORED] = { "gap-ignored", "time in which upsmon did not run counts" },
	[GAP_SEEN_LATE] = { "gap-seen-late",
	    "a gap is seen after what arrived in it has been read" },
	[GAPS_ALL_FORGIVEN] = { "gaps-all-forgiven",
	    "every gap is forgiven, so that a thrashing host never shuts down" },
	[SUSPEND_UNSEEN] = { "suspend-unseen", "the sleep of a host is not seen" },
	[SERVER_GAP_UNSEEN] = { "server-gap-unseen",
	    "upsd and driver do not see that they were stopped" },
	[RELOAD_FORGETS] = { "reload-forgets", "a reload forgets what is known of each UPS" },
	[NO_SECOND_CONNECTION] = { "no-second-connection", "upsmon never reconnects" },
	[ALERT_WAITS] = { "alert-waits",
	    "POLLFREQALERT begins only after the poll that was planned" },
	[POLLFREQALERT_IGNORED] = { "pollfreqalert-ignored",
	    "POLLFREQ counts during an outage, too" },
	[FLAG_BY_SECONDARIES] = { "flag-by-secondaries", "secondaries set POWERDOWNFLAG" },
	[FLAG_ONLY_IF_CONNECTED] = { "flag-only-if-connected",
	    "a primary that has lost its upsd sets none" },
};

const char *
planted_name(enum planted fault)
{
	return plants[fault].name;
}

const char *
planted_what(enum planted fault)
{
	return plants[fault].what;
}

bool
planted_named(const char *name)
{
	for (int i = 0; i < PLANTED_FAULTS; i++)
		if (!strcmp(plants[i].name, name)) {
			planted = (enum planted)i;
			return true;
		}
	return false;
}

/* Every wrapper and what it wraps. */
#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* ---- what the wrappers remember ---- */

#define NOTES_MAX 64

/* Of a monitor, an upsd or a client. */
struct late_gap;
struct note {
	const void *about;
	struct upsmon *upsmon; /* of a monitor */
	bool lost;
	int64_t born_ms, lost_ms, gap_ms, heard_ms, wall_ms;
	unsigned count;
	struct late_gap *late; /* of a upsmon */
};
static struct note notes[NOTES_MAX];

static struct note *
note(const void *about)
{
	struct note *unused = NULL;

	for (size_t i = 0; i < NOTES_MAX; i++) {
		if (notes[i].about == about)
			return &notes[i];
		if (!notes[i].about && !unused)
			unused = &notes[i];
	}
	if (!unused)
		abort();
	*unused = (struct note){ .about = about };
	return unused;
}

static void
forget(const void *about)
{
	if (about)
		*note(about) = (struct note){ 0 };
}

/* ---- upsd ---- */

static void
drop_fsd(const struct upsd *upsd, const struct state *state)
{
	for (size_t i = 0; i < upsd->upses_len; i++)
		if (!state || upsd->upses[i]->state == state)
			upsd->upses[i]->fsd = false;
}

WRAP(struct upsd *, upsd_new, struct loop *loop, struct upsdconf *conf)
{
	struct upsd *upsd = __real_upsd_new(loop, conf);

	note(upsd)->count = 1; /* an upsd */
	return upsd;
}

WRAP(void, upsd_free, struct upsd *upsd)
{
	forget(upsd);
	__real_upsd_free(upsd);
}

WRAP(bool, upsd_adopt, struct upsd *upsd, struct upsdconf *conf)
{
	bool ok = __real_upsd_adopt(upsd, conf);

	if (planted == FSD_LOST_BY_RELOAD)
		drop_fsd(upsd, NULL);
	return ok;
}

WRAP(void, state_clear, struct state *state)
{
	if (planted == DEAD_DRIVER_IS_SERVED)
		return;
	__real_state_clear(state);
	for (size_t i = 0; i < NOTES_MAX && planted == FSD_LOST_WITH_DRIVER; i++)
		if (notes[i].count && !notes[i].upsmon)
			drop_fsd(notes[i].about, state);
}

WRAP(enum net_error, driverlink_check, const struct ups *ups)
{
	enum net_error error = __real_driverlink_check(ups);

	if (planted == STALE_IS_SERVED && error == NET_DATA_STALE && ups->link.dumped)
		return NET_OK;
	if (planted == DEAD_DRIVER_IS_SERVED && error == NET_DRIVER_NOT_CONNECTED)
		return NET_OK;
	return error;
}

/* ---- words ---- */

WRAP(uint32_t, status_parse, const char *text)
{
	uint32_t bits = __real_status_parse(text);

	if (planted == LB_BY_SUBSTRING && strstr(text, "LB"))
		bits |= STATUS_LB;
	if (planted == FSD_BY_SUBSTRING && strstr(text, "FSD"))
		bits |= STATUS_FSD;
	return bits;
}

WRAP(uint32_t, decide_words, uint32_t words)
{
	if (planted == OB_BEATS_OL && words & STATUS_OB)
		return words & ~(uint32_t)STATUS_OL;
	words = __real_decide_words(words);
	if (planted == CAL_IGNORED)
		words &= ~(uint32_t)STATUS_CAL;
	return words;
}

/* ---- one UPS ---- */

WRAP(struct monitor *, monitor_new, struct upsmon *upsmon, const struct monconf_monitor *conf)
{
	struct monitor *monitor = __real_monitor_new(upsmon, conf);

	*note(monitor) = (struct note){
		.about = monitor, .upsmon = upsmon, .born_ms = loop_now_ms(upsmon->loop)
	};
	return monitor;
}

WRAP(void, monitor_free, struct monitor *monitor)
{
	forget(monitor);
	__real_monitor_free(monitor);
}

static void
mutate_age(struct decide_ups *view, struct note *known)
{
	const struct loop *loop = known->upsmon->loop;
	int64_t now_ms = loop_now_ms(loop), heard_ms = now_ms - view->age_ms;

	if (planted == DEADTIME_FROM_FAILURE)
		view->age_ms = known->lost ? now_ms - known->lost_ms : 0;
	if (planted == GAPS_ALL_FORGIVEN && known->gap_ms && now_ms - known->gap_ms < view->age_ms)
		view->age_ms = now_ms - known->gap_ms;
	if (heard_ms != known->heard_ms)
		known->wall_ms = loop_wall_ms(loop);
	known->heard_ms = heard_ms;
	if (planted == DEADTIME_BY_WALL_CLOCK)
		view->age_ms = loop_wall_ms(loop) - known->wall_ms;
}

WRAP(struct decide_ups, monitor_view, const struct monitor *monitor)
{
	struct decide_ups view = __real_monitor_view(monitor);
	struct note *known = note(monitor);

	mutate_age(&view, known);
	if (planted == OBLB_STOPS_WHEN_LOST && view.age_ms > 6000)
		view.oblb_ms = DECIDE_NEVER;
	if (planted == OFF_IGNORED)
		view.off_ms = DECIDE_NEVER;
	if (planted == DEAF_AT_FIRST && loop_now_ms(known->upsmon->loop) - known->born_ms < 30000)
		view = (struct decide_ups){ .power_value = view.power_value };
	return view;
}

WRAP(void, monitor_gap, struct monitor *monitor, int64_t late_ms)
{
	struct note *known = note(monitor);

	known->gap_ms = loop_now_ms(known->upsmon->loop);
	if (planted != GAP_IGNORED)
		__real_monitor_gap(monitor, late_ms);
}

WRAP(bool, monitor_matches, const struct monitor *monitor, const struct monconf_monitor *conf)
{
	return planted != RELOAD_FORGETS && __real_monitor_matches(monitor, conf);
}

WRAP(void, monitor_send_fsd, struct monitor *monitor)
{
	if (planted != FSD_NOT_SENT)
		__real_monitor_send_fsd(monitor);
}

WRAP(bool, monitor_waits, const struct monitor *monitor)
{
	return planted != HOSTSYNC_IGNORED && __real_monitor_waits(monitor);
}

/* ---- the decision ---- */

static struct decide_ups
mutate_view(struct decide_ups view, const struct decide_limits *limits)
{
	if (planted == FSD_UNSEEN_BY_SECONDARIES && !view.primary)
		view.words &= ~(uint32_t)STATUS_FSD;
	if (planted == SECONDARY_AT_ONCE)
		view.primary = true;
	if (planted == SECONDARY_WAITS_FOR_EVER && !view.primary)
		view.oblb_ms = DECIDE_NEVER;
	if (planted == LOST_ON_LINE_IS_CRITICAL && view.age_ms > limits->deadtime_ms)
		view.words = STATUS_OB;
	return view;
}

static struct decide_limits
mutate_limits(struct decide_limits limits)
{
	if (planted == DEADTIME_HALVED)
		limits.deadtime_ms /= 2;
	if (planted == DEADTIME_NEVER)
		limits.deadtime_ms = INT64_MAX;
	if (planted == OBLBDURATION_IGNORED)
		limits.oblbduration_ms = 0;
	if (planted == OFFDURATION_IGNORED && limits.offduration_ms > 0)
		limits.offduration_ms = 0;
	if (planted == OVERDURATION_IGNORED)
		limits.overduration_ms = 0;
	if (planted == ALARMCRITICAL_IGNORED)
		limits.alarm_critical = true;
	if (planted == MINSUPPLIES_IGNORED)
		limits.min_supplies = 1;
	return limits;
}

WRAP(struct decision, decide_ups, const struct decide_ups *ups, const struct decide_limits *limits)
{
	struct decide_ups view = mutate_view(*ups, limits);
	struct decide_limits mutated = mutate_limits(*limits);

	return __real_decide_ups(&view, &mutated);
}

WRAP(struct decide_sum, decide_all, const struct decide_ups *ups, size_t len,
    const struct decide_limits *limits)
{
	struct decide_ups views[MONCONF_MONITORS_MAX];
	struct decide_limits mutated = mutate_limits(*limits);
	struct decide_sum sum;
	unsigned all = 0;

	for (size_t i = 0; i < len; i++) {
		views[i] = mutate_view(ups[i], limits);
		all += ups[i].power_value;
	}
	sum = __real_decide_all(views, len, &mutated);
	if (planted == ALL_SUPPLIES_NEEDED)
		sum.shut_down = sum.feeding < all;
	return sum;
}

/* ---- upsmon ---- */

WRAP(void, upsmon_notify, struct upsmon *upsmon, enum notify_type type, const char *ups,
    const char *extra)
{
	for (size_t i = 0; i < NOTES_MAX; i++) {
		struct note *known = &notes[i];

		if (known->upsmon != upsmon || !ups || monitor_name(known->about) != ups)
			continue;
		if (type == NOTIFY_COMMBAD)
			known->lost_ms = loop_now_ms(upsmon->loop);
		if (type == NOTIFY_COMMBAD || type == NOTIFY_COMMOK)
			known->lost = type == NOTIFY_COMMBAD;
	}
	__real_upsmon_notify(upsmon, type, ups, extra);
}

/* With GAP_SEEN_LATE or SUSPEND_UNSEEN in force: what upsmon_new() wanted to be told. */
static loop_gap *gap_registered;
static bool in_upsmon_new;

WRAP(void, loop_on_gap, struct loop *loop, loop_gap *gap, void *owner)
{
	if (planted == SERVER_GAP_UNSEEN && !in_upsmon_new)
		return;
	gap_registered = planted == GAP_SEEN_LATE || planted == SUSPEND_UNSEEN ? gap : NULL;
	__real_loop_on_gap(loop, gap, owner);
}

/* A gap that is told after what is ready has been read, instead of before. */
struct late_gap {
	loop_gap *gap;
	void *owner;
	struct timer timer;
	int64_t late_ms, slept_ms;
};

static void
tell_late(void *owner)
{
	struct late_gap *late = owner;

	late->gap(late->owner, late->late_ms, late->slept_ms);
}

static void
gap_came(void *owner, int64_t late_ms, int64_t slept_ms)
{
	struct upsmon *upsmon = owner;
	struct late_gap *late = note(upsmon)->late;

	late->late_ms = late_ms;
	late->slept_ms = planted == SUSPEND_UNSEEN ? 0 : slept_ms;
	if (planted == GAP_SEEN_LATE)
		loop_timer_in(upsmon->loop, &late->timer, 0);
	else if (planted != SUSPEND_UNSEEN || late_ms > LOOP_GAP_MS)
		tell_late(late);
}

WRAP(void, upsmon_hasten, struct upsmon *upsmon)
{
	if (planted != ALERT_WAITS && planted != POLLFREQALERT_IGNORED)
		__real_upsmon_hasten(upsmon);
}

WRAP(int64_t, upsmon_poll_ms, const struct upsmon *upsmon)
{
	return planted == POLLFREQALERT_IGNORED ? upsmon->conf->pollfreq_s * 1000
						: __real_upsmon_poll_ms(upsmon);
}

WRAP(struct monconf *, monconf_from, struct conffile *file, struct faults *faults)
{
	struct monconf *conf = __real_monconf_from(file, faults);

	if (conf && planted == HOSTSYNC_TRIPLED)
		conf->hostsync_s *= 3;
	if (conf && planted == FINALDELAY_TRIPLED)
		conf->finaldelay_s *= 3;
	return conf;
}

/* What upsmon's process does, with its flag. */
static const struct upsmon_calls *true_calls;

static bool
is_connected_primary(const void *host)
{
	for (size_t i = 0; i < NOTES_MAX; i++)
		if (notes[i].upsmon && notes[i].upsmon->settings.owner == host &&
		    monitor_is_primary(notes[i].about))
			return true;
	return false;
}

static void
shut_down(void *owner, bool primary)
{
	if (planted == FLAG_BY_SECONDARIES)
		primary = true;
	if (planted == FLAG_ONLY_IF_CONNECTED)
		primary = primary && is_connected_primary(owner);
	true_calls->shut_down(owner, primary);
}

static void
finished(void *owner)
{
	true_calls->finished(owner);
}

WRAP(struct upsmon *, upsmon_new, struct loop *loop, struct monconf *conf,
    const struct upsmon_settings *settings)
{
	static const struct upsmon_calls calls = { shut_down, finished };
	struct upsmon_settings with = *settings;

	struct upsmon *upsmon;

	true_calls = settings->calls;
	with.calls = &calls;
	in_upsmon_new = true;
	upsmon = __real_upsmon_new(loop, conf, &with);
	in_upsmon_new = false;
	if (gap_registered) {
		struct late_gap *late = calloc(1, sizeof(*late));

		*late = (struct late_gap){ .gap = gap_registered,
			.owner = upsmon,
			.timer = { .fire = tell_late, .owner = late } };
		note(upsmon)->late = late;
		gap_registered = NULL;
		__real_loop_on_gap(loop, gap_came, upsmon);
	}
	return upsmon;
}

WRAP(void, upsmon_free, struct upsmon *upsmon)
{
	struct late_gap *late = note(upsmon)->late;

	if (late)
		loop_timer_clear(upsmon->loop, &late->timer);
	free(late);
	forget(upsmon);
	__real_upsmon_free(upsmon);
}

/* ---- the client ---- */

WRAP(struct client *, client_new, struct loop *loop, const struct client_settings *settings,
    const struct client_calls *calls, void *owner)
{
	struct client *client = __real_client_new(loop, settings, calls, owner);

	note(client)->upsmon = NULL;
	return client;
}

WRAP(void, client_free, struct client *client)
{
	forget(client);
	__real_client_free(client);
}

WRAP(void, client_connect, struct client *client)
{
	if (planted == NO_SECOND_CONNECTION && note(client)->lost)
		return;
	note(client)->lost = client_state(client) == CLIENT_DOWN;
	__real_client_connect(client);
}

static void
no_answer(void *owner, const struct client_answer *answer)
{
}

WRAP(const char *, client_ask, struct client *client, enum client_kind kind,
    const char *const *args, client_answered *answered, void *owner)
{
	bool again = kind == CLIENT_LOGIN && note(client)->gap_ms++ > 0;

	if (kind == CLIENT_LOGIN &&
	    (planted == LOGIN_FORGOTTEN || (planted == LOGIN_ONCE && again)))
		return __real_client_ask(client, CLIENT_VER, NULL, no_answer, NULL);
	return __real_client_ask(client, kind, args, answered, owner);
}
