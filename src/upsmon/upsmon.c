#include "upsmon/upsmon.h"

#include "base/log.h"

#include <stdlib.h>

#define SECOND_MS 1000
#define NO_PARENT_MS 120000

void
upsmon_notify(struct upsmon *upsmon, enum notify_type type, const char *ups, const char *extra)
{
	const struct monconf *conf = upsmon->conf;
	const char *message = conf->notify[type].message;
	struct buf text = { 0 };

	if (!message)
		message = notify_stock_message(type);
	if (notify_format(&text, message, ups, extra) && buf_add(&text, "", 1))
		notifier_send(upsmon->notifier, type, conf->notify[type].flags, &conf->notify_cmd,
		    ups ? ups : "", buf_bytes(&text));
	else
		log_error("out of memory: nobody is told of %s", notify_name(type));
	buf_free(&text);
}

int64_t
upsmon_poll_ms(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (monitor_alert(upsmon->monitors[i]))
			return upsmon->conf->pollfreqalert_s * 1000;
	return upsmon->conf->pollfreq_s * 1000;
}

void
upsmon_hasten(struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		monitor_poll_within(upsmon->monitors[i], upsmon->conf->pollfreqalert_s * 1000);
}

static struct decide_limits
limits_of(const struct monconf *conf)
{
	return (struct decide_limits){
		.deadtime_ms = conf->deadtime_s * 1000,
		.hostsync_ms = conf->hostsync_s * 1000,
		.offduration_ms =
		    conf->offduration_s < 0 ? DECIDE_NEVER : conf->offduration_s * 1000,
		.overduration_ms =
		    conf->overduration_s < 0 ? DECIDE_NEVER : conf->overduration_s * 1000,
		.oblbduration_ms = conf->oblbduration_s < 0 ? 0 : conf->oblbduration_s * 1000,
		.alarm_critical = conf->alarm_critical,
		.min_supplies = (unsigned)conf->min_supplies,
	};
}

void
upsmon_decide(struct upsmon *upsmon)
{
	struct decide_limits limits = limits_of(upsmon->conf);
	struct decide_ups views[MONCONF_MONITORS_MAX];
	struct decide_sum sum;

	if (upsmon_shutting_down(upsmon))
		return;
	for (size_t i = 0; i < upsmon->len; i++) {
		views[i] = monitor_view(upsmon->monitors[i]);
		if (monitor_awaited(upsmon->monitors[i])) /* as one that was never heard */
			views[i] = (struct decide_ups){ .power_value = views[i].power_value };
	}
	sum = decide_all(views, upsmon->len, &limits);
	if (!sum.shut_down)
		return;
	for (size_t i = 0; i < upsmon->len; i++) {
		struct decision decision = decide_ups(&views[i], &limits);

		if (decision.critical && views[i].power_value)
			log_notice("UPS %s is critical (%s): %s", monitor_name(upsmon->monitors[i]),
			    decide_rule_name(decision.rule), decision.because);
	}
	log_notice("%u of the %ld supplies needed are fed: shutting down", sum.feeding,
	    upsmon->conf->min_supplies);
	upsmon_force(upsmon);
}

void
upsmon_force(struct upsmon *upsmon)
{
	shutdown_begin(upsmon->shutdown);
}

bool
upsmon_shutting_down(const struct upsmon *upsmon)
{
	return shutdown_has_begun(upsmon->shutdown);
}

/* What looks old now may only look so. */
static void
after_gap(void *owner, int64_t late_ms, int64_t slept_ms)
{
	struct upsmon *upsmon = owner;

	log_notice("upsmon did not run for %lld s: polling each UPS before it is judged",
	    (long long)((late_ms + slept_ms) / 1000));
	upsmon_notify(upsmon, NOTIFY_SUSPEND_TIMEJUMP_UNEXPECTED, NULL, NULL);
	for (size_t i = 0; i < upsmon->len; i++)
		monitor_gap(upsmon->monitors[i], late_ms);
}

static void
each_second(void *owner)
{
	struct upsmon *upsmon = owner;
	int64_t now_ms = loop_now_ms(upsmon->loop);

	loop_timer_in(upsmon->loop, &upsmon->second, SECOND_MS);
	if (upsmon->no_parent_ms && now_ms - upsmon->no_parent_ms >= NO_PARENT_MS) {
		upsmon->no_parent_ms = now_ms;
		upsmon_notify(upsmon, NOTIFY_NOPARENT, NULL, NULL);
	}
	for (size_t i = 0; i < upsmon->len; i++)
		monitor_second(upsmon->monitors[i]);
	upsmon_decide(upsmon);
}

void
upsmon_lost_parent(struct upsmon *upsmon)
{
	if (upsmon->no_parent_ms)
		return;
	upsmon->no_parent_ms = loop_now_ms(upsmon->loop);
	upsmon_notify(upsmon, NOTIFY_NOPARENT, NULL, NULL);
}

void
upsmon_child_ended(struct upsmon *upsmon)
{
	notifier_reap(upsmon->notifier);
}

/* The old monitor that CONF goes on with, NULL if there is none. */
static struct monitor *
take_old(struct upsmon *upsmon, const struct monconf_monitor *conf)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (upsmon->monitors[i] && monitor_matches(upsmon->monitors[i], conf)) {
			struct monitor *monitor = upsmon->monitors[i];

			upsmon->monitors[i] = NULL;
			return monitor;
		}
	return NULL;
}

/* Our own certificate is shown all the same: upsd says what it thinks of it. */
static void
tell_doubts(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < 2; i++) {
		const struct tls *keys = upsmon->conf->keys[i];
		char *doubt = keys ? tls_doubt(keys, loop_wall_ms(upsmon->loop)) : NULL;

		if (doubt)
			log_warnx("%s", doubt);
		free(doubt);
	}
}

void
upsmon_adopt(struct upsmon *upsmon, struct monconf *conf)
{
	struct monitor **monitors = calloc(conf->monitors_len + 1, sizeof(struct monitor *));
	struct monconf *old = upsmon->conf;
	size_t len = 0;

	if (!monitors) {
		log_error("out of memory: the old configuration stays");
		monconf_free(conf);
		return;
	}
	upsmon->conf = conf;
	tell_doubts(upsmon);
	for (size_t i = 0; i < conf->monitors_len; i++) {
		struct monitor *monitor = take_old(upsmon, &conf->monitors[i]);

		if (monitor)
			monitor_adopt(monitor, &conf->monitors[i]);
		else if (!(monitor = monitor_new(upsmon, &conf->monitors[i])))
			log_error("out of memory: %s is not monitored", conf->monitors[i].text);
		if (monitor)
			monitors[len++] = monitor;
	}
	for (size_t i = 0; i < upsmon->len; i++)
		monitor_free(upsmon->monitors[i]);
	free(upsmon->monitors);
	upsmon->monitors = monitors;
	upsmon->len = len;
	monconf_free(old);
}

struct upsmon *
upsmon_new(struct loop *loop, struct monconf *conf, const struct upsmon_settings *settings)
{
	struct upsmon *upsmon = calloc(1, sizeof(*upsmon));

	if (!upsmon)
		goto fail;
	*upsmon = (struct upsmon){
		.loop = loop,
		.settings = *settings,
		.second = { .fire = each_second, .owner = upsmon },
		.notifier = notifier_new(loop),
	};
	if (!upsmon->notifier || !(upsmon->shutdown = shutdown_new(upsmon)))
		goto fail;
	upsmon_adopt(upsmon, conf);
	if (!upsmon->conf) { /* it was freed */
		upsmon_free(upsmon);
		return NULL;
	}
	loop_timer_in(loop, &upsmon->second, SECOND_MS);
	loop_on_gap(loop, after_gap, upsmon);
	return upsmon;
fail:
	if (upsmon)
		notifier_free(upsmon->notifier);
	free(upsmon);
	monconf_free(conf);
	return NULL;
}

void
upsmon_free(struct upsmon *upsmon)
{
	if (!upsmon)
		return;
	loop_timer_clear(upsmon->loop, &upsmon->second);
	loop_on_gap(upsmon->loop, NULL, NULL);
	shutdown_free(upsmon->shutdown);
	for (size_t i = 0; i < upsmon->len; i++)
		monitor_free(upsmon->monitors[i]);
	free(upsmon->monitors);
	notifier_free(upsmon->notifier);
	monconf_free(upsmon->conf);
	free(upsmon);
}
