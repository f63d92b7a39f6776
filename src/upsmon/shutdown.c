#include "upsmon/upsmon.h"

#include "base/log.h"

#include <stdlib.h>

#define COUNT_MS 250 /* how often a primary asks who is still logged in */

/* docs/shutdown.md, "The sequence" */
struct shutdown {
	struct upsmon *upsmon;
	struct timer timer;
	bool begun; /* what follows has a meaning */
	int64_t began_ms;
	bool primary; /* of some UPS: we wait for secondaries and set POWERDOWNFLAG */
	bool told_of_wait;
};

static void say_goodbye(struct shutdown *shutdown);

static const char *
first_primary(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (monitor_is_primary(upsmon->monitors[i]))
			return monitor_name(upsmon->monitors[i]);
	return NULL;
}

/* Is anybody but us still logged in to a UPS whose primary we are? */
static bool
anybody_left(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (monitor_waits(upsmon->monitors[i]))
			return true;
	return false;
}

/* FSD where it was not sent yet, and who is still there? */
static void
ask_secondaries(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (monitor_is_primary(upsmon->monitors[i])) {
			monitor_send_fsd(upsmon->monitors[i]);
			monitor_count_logins(upsmon->monitors[i]);
		}
}

/* HOSTSYNC: until nobody but us is logged in, or the time is up. */
static void
wait_for_secondaries(void *owner)
{
	struct shutdown *shutdown = owner;
	struct upsmon *upsmon = shutdown->upsmon;
	int64_t waited_ms = loop_now_ms(upsmon->loop) - shutdown->began_ms;

	if (!anybody_left(upsmon)) {
		log_notice("all secondaries have logged out");
		say_goodbye(shutdown);
		return;
	}
	if (waited_ms > upsmon->conf->hostsync_s * 1000) {
		log_warnx("HOSTSYNC: %ld s have passed, going on without waiting for the rest",
		    upsmon->conf->hostsync_s);
		say_goodbye(shutdown);
		return;
	}
	if (!shutdown->told_of_wait && waited_ms >= COUNT_MS) {
		shutdown->told_of_wait = true;
		upsmon_notify(upsmon, NOTIFY_SHUTDOWN_HOSTSYNC, first_primary(upsmon), NULL);
	}
	ask_secondaries(upsmon);
	loop_timer_in(upsmon->loop, &shutdown->timer, COUNT_MS);
}

static void
leave(void *owner)
{
	struct shutdown *shutdown = owner;
	struct upsmon *upsmon = shutdown->upsmon;

	upsmon->settings.calls->finished(upsmon->settings.owner);
}

static void
run_command(void *owner)
{
	struct shutdown *shutdown = owner;
	struct upsmon *upsmon = shutdown->upsmon;
	const struct monconf *conf = upsmon->conf;

	if (upsmon->settings.rehearse)
		log_notice("rehearsal: now %sSHUTDOWNCMD would run: %s",
		    shutdown->primary ? "POWERDOWNFLAG would be set and " : "",
		    conf->shutdown_cmd ? conf->shutdown_cmd : "(none)");
	else
		upsmon->settings.calls->shut_down(upsmon->settings.owner, shutdown->primary);
	/* SHUTDOWNEXIT: closing the connections is what tells upsd, and so our primary, that we are
	 * done.  "no" keeps them until the operating system ends us. */
	if (!conf->shutdown_exit)
		return;
	shutdown->timer.fire = leave;
	loop_timer_in(upsmon->loop, &shutdown->timer, conf->shutdown_exit_s * 1000);
}

static void
say_goodbye(struct shutdown *shutdown)
{
	struct upsmon *upsmon = shutdown->upsmon;

	log_notice("Executing automatic power-fail shutdown");
	upsmon_notify(upsmon, NOTIFY_SHUTDOWN, NULL, NULL);
	shutdown->timer.fire = run_command;
	loop_timer_in(upsmon->loop, &shutdown->timer, upsmon->conf->finaldelay_s * 1000);
}

static void
rehearse_fsd(const struct upsmon *upsmon)
{
	for (size_t i = 0; i < upsmon->len; i++)
		if (monitor_is_primary(upsmon->monitors[i]))
			log_notice("rehearsal: FSD would be sent for %s",
			    monitor_name(upsmon->monitors[i]));
}

/* Does the file make us primary of some UPS, connected to it or not? */
static bool
is_primary(const struct monconf *conf)
{
	for (size_t i = 0; i < conf->monitors_len; i++)
		if (conf->monitors[i].primary)
			return true;
	return false;
}

struct shutdown *
shutdown_new(struct upsmon *upsmon)
{
	struct shutdown *shutdown = calloc(1, sizeof(*shutdown));

	if (!shutdown)
		return NULL;
	*shutdown = (struct shutdown){
		.upsmon = upsmon,
		.timer = { .fire = wait_for_secondaries, .owner = shutdown },
	};
	/* The loop, too, has room for it from now on. */
	loop_timer_at(upsmon->loop, &shutdown->timer, INT64_MAX);
	return shutdown;
}

void
shutdown_begin(struct shutdown *shutdown)
{
	struct upsmon *upsmon = shutdown->upsmon;

	if (shutdown->begun)
		return;
	shutdown->begun = true;
	shutdown->began_ms = loop_now_ms(upsmon->loop);
	shutdown->primary = is_primary(upsmon->conf);
	if (upsmon->settings.rehearse)
		rehearse_fsd(upsmon);
	if (anybody_left(upsmon) && !upsmon->settings.rehearse)
		wait_for_secondaries(shutdown);
	else
		say_goodbye(shutdown);
}

bool
shutdown_has_begun(const struct shutdown *shutdown)
{
	return shutdown->begun;
}

void
shutdown_free(struct shutdown *shutdown)
{
	if (!shutdown)
		return;
	loop_timer_clear(shutdown->upsmon->loop, &shutdown->timer);
	free(shutdown);
}
