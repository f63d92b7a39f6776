#include "upsmon/upsmon.h"

#include "base/log.h"
#include "client/client.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANSWER_MS 5000	     /* for a whole answer: leaves room for a second try within DEADTIME */
#define SECOND_LOOK_MS 1000  /* after the first poll that says stale (robustness 65) */
#define LOGIN_AGAIN_MS 60000 /* after a refusal: somebody may mend upsd.users */
#define CONTRADICTION (STATUS_OL | STATUS_OB)
#define SOURCES (STATUS_OL | STATUS_OB | STATUS_OFF | STATUS_BYPASS) /* what power comes from */

struct monitor {
	struct upsmon *upsmon;	     /* borrowed */
	struct monconf_monitor conf; /* owned copies of its texts */
	struct client *client;	     /* owned */
	struct tls_settings tls;     /* borrows its texts from upsmon->conf, */
	struct monconf_tls secure;   /* as this does */
	struct timer poll;
	bool asking; /* a poll is under way */

	/* In this connection. */
	bool logged_in, primary_granted, primary_refused;
	bool fsd_sent;
	int64_t login_again_ms; /* when to ask again for what was refused; 0: not needed */
	long logins;		/* as last counted; -1 not known */

	/* What is known of the UPS.  Moments are of the monotonic clock; 0: not so. */
	bool heard, fsd;
	uint32_t words;
	int64_t heard_ms, off_since_ms, oblb_since_ms, over_since_ms;
	char *alarm, *others; /* owned: ups.alarm; unknown words; NULL: none */

	/* What has been told. */
	bool lost;	  /* COMMBAD was raised last */
	bool second_look; /* the last poll was refused, and it is asked once more before that counts
			   */
	int64_t silent_since_ms, told_nocomm_ms, told_replbatt_ms;
	char *last_why;	   /* owned: why the last poll failed, as logged */
	long failures;	   /* in a row, for the same reason */
	bool contradicted; /* OL and OB at once has been logged */
	bool told_onbatt;  /* and not ONLINE since */

	/* After a gap: polled before it is judged; one broken connection is forgiven; the answer to
	 * what was asked before it is no news, but may have said OB (when it came; 0: it did not).
	 */
	bool awaited, forgive_break, gap_used, outdated;
	int64_t was_carried_ms;
};

static void
notify(struct monitor *monitor, enum notify_type type, const char *extra)
{
	upsmon_notify(monitor->upsmon, type, monitor->conf.text, extra);
}

static int64_t
now_ms(const struct monitor *monitor)
{
	return loop_now_ms(monitor->upsmon->loop);
}

/* ---- Status words ---- */

/* Since when CONDITION holds: keeps the moment while it does. */
static int64_t
since(int64_t since_ms, bool condition, int64_t now)
{
	if (!condition)
		return 0;
	return since_ms ? since_ms : now ? now : 1;
}

/* Notifications that come and go with a word. */
static const struct {
	uint32_t bit;
	enum notify_type on, off;
} transitions[] = {
	{ STATUS_CAL, NOTIFY_CAL, NOTIFY_NOTCAL },
	{ STATUS_OFF, NOTIFY_OFF, NOTIFY_NOTOFF },
	{ STATUS_BYPASS, NOTIFY_BYPASS, NOTIFY_NOTBYPASS },
	{ STATUS_ECO, NOTIFY_ECO, NOTIFY_NOTECO },
	{ STATUS_OVER, NOTIFY_OVER, NOTIFY_NOTOVER },
	{ STATUS_TRIM, NOTIFY_TRIM, NOTIFY_NOTTRIM },
	{ STATUS_BOOST, NOTIFY_BOOST, NOTIFY_NOTBOOST },
};

static void
tell_transitions(struct monitor *monitor, uint32_t before, uint32_t words)
{
	uint32_t news = words & ~before;

	if (news & STATUS_OB)
		notify(monitor, NOTIFY_ONBATT, NULL);
	/* However it came back: what ONBATT has started at upssched must be ended. */
	if (monitor->told_onbatt && words & STATUS_OL)
		notify(monitor, NOTIFY_ONLINE, NULL);
	monitor->told_onbatt = !(words & STATUS_OL) && (monitor->told_onbatt || news & STATUS_OB);
	if (news & STATUS_LB)
		notify(monitor, NOTIFY_LOWBATT, NULL);
	if (news & STATUS_FSD && !monitor->fsd)
		notify(monitor, NOTIFY_FSD, NULL);
	for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++) {
		if (news & transitions[i].bit)
			notify(monitor, transitions[i].on, NULL);
		if (before & ~words & transitions[i].bit)
			notify(monitor, transitions[i].off, NULL);
	}
	if (before & ~words & STATUS_ALARM) {
		free(monitor->alarm);
		monitor->alarm = NULL;
		notify(monitor, NOTIFY_NOTALARM, NULL);
	}
}

static void
tell_battery(struct monitor *monitor)
{
	int64_t now = now_ms(monitor), again_ms = monitor->upsmon->conf->rbwarntime_s * 1000;

	if (!(monitor->words & STATUS_RB)) {
		monitor->told_replbatt_ms = 0;
		return;
	}
	if (monitor->told_replbatt_ms && now - monitor->told_replbatt_ms < again_ms)
		return;
	monitor->told_replbatt_ms = now;
	notify(monitor, NOTIFY_REPLBATT, NULL);
}

/* The words of TEXT that nobody knows, as one owned text; NULL for none. */
static char *
unknown_words(const char *text)
{
	struct buf others = { 0 };
	char word[64];

	while (*(text += strspn(text, " "))) {
		size_t len = strcspn(text, " ");

		if (len < sizeof(word)) {
			memcpy(word, text, len);
			word[len] = '\0';
		}
		if (len >= sizeof(word) || status_parse(word) & STATUS_OTHER) {
			if (buf_len(&others))
				buf_add(&others, " ", 1);
			buf_add(&others, text, len);
		}
		text += len;
	}
	if (!buf_len(&others) || !buf_add(&others, "", 1)) {
		buf_free(&others);
		return NULL;
	}
	return buf_steal(&others);
}

static void
tell_others(struct monitor *monitor, const char *text)
{
	char *others = unknown_words(text), *before = monitor->others;

	monitor->others = others;
	if (others && (!before || strcmp(others, before)))
		notify(monitor, NOTIFY_OTHER, others);
	else if (!others && before)
		notify(monitor, NOTIFY_NOTOTHER, NULL);
	free(before);
}

static void
tell_contradiction(struct monitor *monitor, uint32_t words)
{
	bool contradiction = (words & CONTRADICTION) == CONTRADICTION;

	if (contradiction && !monitor->contradicted)
		log_warnx("UPS %s says OL and OB at once; OL counts", monitor->conf.text);
	monitor->contradicted = contradiction;
}

static void
communication_is_good(struct monitor *monitor)
{
	if (monitor->lost)
		notify(monitor, NOTIFY_COMMOK, NULL);
	monitor->lost = false;
	monitor->second_look = false;
	monitor->awaited = monitor->forgive_break = monitor->gap_used = false;
	monitor->silent_since_ms = now_ms(monitor);
	monitor->told_nocomm_ms = 0;
	monitor->failures = 0;
	free(monitor->last_why);
	monitor->last_why = NULL;
}

/* A status without a word about the source, such as LB or CAL alone, takes back no OB, as in NUT.
 */
static uint32_t
with_source(uint32_t words, uint32_t before)
{
	return words & SOURCES ? words : words | (before & CONTRADICTION);
}

/* A good poll: TEXT is ups.status. */
static void
got_status(struct monitor *monitor, const char *text)
{
	uint32_t seen = status_parse(text), before = monitor->words;
	uint32_t words = with_source(decide_words(seen), before);
	int64_t now = now_ms(monitor);
	bool oblb = (words & (STATUS_OB | STATUS_LB | STATUS_CAL)) == (STATUS_OB | STATUS_LB);

	communication_is_good(monitor);
	monitor->heard = true;
	monitor->heard_ms = now;
	monitor->words = words;
	monitor->was_carried_ms = 0;
	monitor->off_since_ms = since(monitor->off_since_ms, words & STATUS_OFF, now);
	monitor->oblb_since_ms = since(monitor->oblb_since_ms, oblb, now);
	monitor->over_since_ms = since(monitor->over_since_ms, words & STATUS_OVER, now);
	tell_contradiction(monitor, seen);
	tell_transitions(monitor, before, words);
	tell_battery(monitor);
	tell_others(monitor, text);
	if (monitor_alert(monitor))
		upsmon_hasten(monitor->upsmon);
	upsmon_decide(monitor->upsmon);
}

struct decide_ups
monitor_view(const struct monitor *monitor)
{
	int64_t now = now_ms(monitor), deadtime_ms = monitor->upsmon->conf->deadtime_s * 1000;
	bool was_carried = monitor->was_carried_ms && now - monitor->was_carried_ms > deadtime_ms;

	return (struct decide_ups){
		.primary = monitor->conf.primary,
		.heard = monitor->heard,
		.fsd = monitor->fsd,
		.words = was_carried ? (monitor->words & ~(uint32_t)STATUS_OL) | STATUS_OB
				     : monitor->words,
		.age_ms = now - monitor->heard_ms,
		.off_ms = monitor->off_since_ms ? now - monitor->off_since_ms : DECIDE_NEVER,
		.oblb_ms = monitor->oblb_since_ms ? now - monitor->oblb_since_ms : DECIDE_NEVER,
		.over_ms = monitor->over_since_ms ? now - monitor->over_since_ms : DECIDE_NEVER,
		.power_value = monitor->conf.power_value,
	};
}

bool
monitor_alert(const struct monitor *monitor)
{
	return monitor->words &
	       (STATUS_OB | STATUS_OFF | STATUS_BYPASS | STATUS_ALARM | STATUS_OVER);
}

/* ---- When it goes wrong ---- */

static void
log_failure(struct monitor *monitor, const char *why)
{
	long throttle = monitor->upsmon->conf->pollfail_log_throttle;
	bool same = monitor->last_why && !strcmp(monitor->last_why, why);

	monitor->failures = same ? monitor->failures + 1 : 1;
	if (!same) {
		free(monitor->last_why);
		monitor->last_why = strdup(why);
	}
	if (!same || (throttle > 0 && monitor->failures % throttle == 0))
		log_warnx("Poll UPS [%s] failed - %s", monitor->conf.text, why);
}

static void
went_wrong(struct monitor *monitor, const char *why)
{
	monitor->awaited = false;
	log_failure(monitor, why);
	if (!monitor->lost) {
		monitor->lost = true;
		notify(monitor, NOTIFY_COMMBAD, NULL);
	}
	upsmon_decide(monitor->upsmon);
}

static void
poll_in(struct monitor *monitor, int64_t in_ms)
{
	loop_timer_in(monitor->upsmon->loop, &monitor->poll, in_ms);
}

void
monitor_poll_within(struct monitor *monitor, int64_t in_ms)
{
	if (timer_is_set(&monitor->poll) && monitor->poll.at_ms > now_ms(monitor) + in_ms)
		poll_in(monitor, in_ms);
}

/* upsd answered, but with no status: that is no good poll (R6). */
static void
refused_status(struct monitor *monitor, const char *why)
{
	if (!monitor->lost && !monitor->second_look && monitor->heard) {
		monitor->second_look = true;
		poll_in(monitor, SECOND_LOOK_MS);
		return;
	}
	went_wrong(monitor, why);
}

void
monitor_second(struct monitor *monitor)
{
	int64_t now = now_ms(monitor), warn_ms = monitor->upsmon->conf->nocommwarntime_s * 1000;
	int64_t told_ms =
	    monitor->told_nocomm_ms ? monitor->told_nocomm_ms : monitor->silent_since_ms;

	if (now - told_ms < warn_ms || !monitor->lost)
		return;
	monitor->told_nocomm_ms = now;
	notify(monitor, NOTIFY_NOCOMM, NULL);
}

void
monitor_gap(struct monitor *monitor, int64_t late_ms)
{
	int64_t *moments[] = { &monitor->off_since_ms, &monitor->oblb_since_ms,
		&monitor->over_since_ms, &monitor->silent_since_ms };

	monitor->outdated = monitor->asking;
	if (!monitor->heard || monitor->gap_used)
		return;
	monitor->gap_used = true;
	monitor->awaited = monitor->forgive_break = true;
	monitor->heard_ms = now_ms(monitor);
	for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++)
		if (*moments[i])
			*moments[i] += late_ms;
	poll_in(monitor, 0);
}

bool
monitor_awaited(const struct monitor *monitor)
{
	return monitor->awaited;
}

/* ---- Talking to upsd ---- */

static const char *
ups(const struct monitor *monitor)
{
	return monitor->conf.at.ups;
}

static void
ask(struct monitor *monitor, enum client_kind kind, client_answered *answered)
{
	const char *wrong =
	    client_ask(monitor->client, kind, CLIENT_ARGS(ups(monitor)), answered, monitor);

	if (wrong)
		log_debug(1, "UPS %s: %s", monitor->conf.text, wrong);
}

static void
got_alarm(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;
	const char *text = answer->result == CLIENT_OK ? answer->rows[0].word[0] : "";

	if (answer->result == CLIENT_FAILED || (monitor->alarm && !strcmp(monitor->alarm, text)))
		return;
	free(monitor->alarm);
	monitor->alarm = strdup(text);
	notify(monitor, NOTIFY_ALARM, text);
}

/* Why STATUS says nothing at all, NULL if it does.  A driver that has only begun says WAIT. */
static const char *
says_nothing(const char *status)
{
	status += strspn(status, " ");
	if (!*status)
		return "its status is empty";
	return !strcasecmp(status, "WAIT") ? "its driver knows nothing yet" : NULL;
}

/* TEXT is from before a gap, no news; but should nothing else come for DEADTIME, on battery is what
 * was heard last. */
static void
keep_danger(struct monitor *monitor, const char *text)
{
	monitor->was_carried_ms =
	    since(0, decide_words(status_parse(text)) & STATUS_OB, now_ms(monitor));
}

static void
got_answer(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;
	bool outdated = monitor->outdated;
	const char *wrong;

	monitor->asking = monitor->outdated = false;
	if (answer->result == CLIENT_FAILED)
		return; /* closed() comes next */
	if (outdated) {
		if (answer->result == CLIENT_OK)
			keep_danger(monitor, answer->rows[0].word[0]);
		poll_in(monitor, 0);
		return;
	}
	if (answer->result == CLIENT_REFUSED)
		refused_status(monitor, net_error_text(answer->error));
	else if ((wrong = says_nothing(answer->rows[0].word[0])))
		refused_status(monitor, wrong);
	else
		got_status(monitor, answer->rows[0].word[0]);
	if (monitor->words & STATUS_ALARM && answer->result == CLIENT_OK)
		client_ask(monitor->client, CLIENT_GET_VAR, CLIENT_ARGS(ups(monitor), "ups.alarm"),
		    got_alarm, monitor);
}

static void
got_login(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;

	if (answer->result == CLIENT_FAILED)
		return;
	monitor->logged_in = answer->result == CLIENT_OK;
	if (monitor->logged_in) {
		log_info("Logged into UPS %s%s", monitor->conf.text,
		    client_encrypted(monitor->client) ? " (SSL)" : "");
		return;
	}
	monitor->login_again_ms = now_ms(monitor) + LOGIN_AGAIN_MS;
	log_warnx("Login on UPS [%s] failed - %s: it is only watched, and its primary will not "
		  "wait for us",
	    monitor->conf.text, net_error_text(answer->error));
}

static void
got_primary(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;
	bool told = monitor->primary_refused;

	monitor->primary_granted = answer->result == CLIENT_OK;
	monitor->primary_refused = answer->result == CLIENT_REFUSED;
	if (!monitor->primary_refused)
		return;
	monitor->login_again_ms = now_ms(monitor) + LOGIN_AGAIN_MS;
	if (!told)
		log_warnx("Primary managerial privileges unavailable on UPS [%s] - %s",
		    monitor->conf.text, net_error_text(answer->error));
}

/* Servers before 2.8.0 know only MASTER. */
static void
got_primary_or_ask_master(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;

	if (answer->result == CLIENT_REFUSED)
		ask(monitor, CLIENT_MASTER, got_primary);
	else
		got_primary(monitor, answer);
}

/* Ask for what has not been granted in this connection. */
static void
log_in(struct monitor *monitor)
{
	monitor->login_again_ms = 0;
	if (!monitor->logged_in)
		ask(monitor, CLIENT_LOGIN, got_login);
	if (monitor->conf.primary && !monitor->primary_granted)
		ask(monitor, CLIENT_PRIMARY, got_primary_or_ask_master);
}

static void
ask_status(void *owner)
{
	struct monitor *monitor = owner;

	poll_in(monitor, upsmon_poll_ms(monitor->upsmon));
	if (monitor->asking)
		return; /* its own deadline ends it */
	if (client_state(monitor->client) == CLIENT_DOWN) {
		log_debug(1, "Trying to connect to UPS [%s]", monitor->conf.text);
		client_connect(monitor->client);
		return;
	}
	if (client_state(monitor->client) != CLIENT_READY)
		return;
	log_debug(1, "polling ups: %s%s", monitor->conf.text,
	    client_encrypted(monitor->client) ? " [SSL]" : "");
	if (monitor->login_again_ms && now_ms(monitor) >= monitor->login_again_ms)
		log_in(monitor);
	monitor->asking = !client_ask(monitor->client, CLIENT_GET_VAR,
	    CLIENT_ARGS(ups(monitor), "ups.status"), got_answer, monitor);
}

static void
ready(void *owner)
{
	struct monitor *monitor = owner;

	if (client_login_error(monitor->client) != NET_OK)
		log_warnx("UPS [%s]: user name or password not taken - %s", monitor->conf.text,
		    net_error_text(client_login_error(monitor->client)));
	log_in(monitor);
	ask_status(monitor);
}

/* What held in that connection. */
static void
left_upsd(struct monitor *monitor)
{
	monitor->asking = monitor->outdated = monitor->logged_in = false;
	monitor->primary_granted = monitor->primary_refused = monitor->fsd_sent = false;
	monitor->login_again_ms = 0;
	monitor->logins = -1;
}

static void
closed(void *owner, const char *why)
{
	struct monitor *monitor = owner;

	left_upsd(monitor);
	if (monitor->forgive_break) { /* it may have died while we slept */
		monitor->forgive_break = false;
		client_connect(monitor->client);
		return;
	}
	went_wrong(monitor, why ? why : "upsd closed the connection");
}

/* ---- The shutdown sequence ---- */

bool
monitor_is_primary(const struct monitor *monitor)
{
	return monitor->primary_granted && client_state(monitor->client) == CLIENT_READY;
}

static void
got_fsd(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;

	if (answer->result != CLIENT_OK) {
		log_error("FSD set on UPS %s failed: %s", monitor->conf.text,
		    answer->result == CLIENT_REFUSED ? net_error_text(answer->error) : answer->why);
		return;
	}
	if (!monitor->fsd && !(monitor->words & STATUS_FSD))
		notify(monitor, NOTIFY_FSD, NULL);
	monitor->fsd = true;
}

/* Known, or about to be: the answer to PRIMARY is on its way.  A connection that broke after our
 * FSD is no sign that the secondaries are gone. */
bool
monitor_waits(const struct monitor *monitor)
{
	bool down = client_state(monitor->client) == CLIENT_DOWN;

	if (!monitor->conf.primary || monitor->primary_refused)
		return false;
	if (down || !monitor->primary_granted)
		return !down || monitor->fsd;
	return monitor->logins != 0 && monitor->logins != 1; /* 1: us */
}

void
monitor_send_fsd(struct monitor *monitor)
{
	if (monitor->fsd_sent)
		return;
	monitor->fsd_sent = true;
	log_notice("Setting FSD on UPS %s", monitor->conf.text);
	ask(monitor, CLIENT_FSD, got_fsd);
}

static void
got_logins(void *owner, const struct client_answer *answer)
{
	struct monitor *monitor = owner;

	monitor->logins =
	    answer->result == CLIENT_OK ? strtol(answer->rows[0].word[0], NULL, 10) : -1;
}

void
monitor_count_logins(struct monitor *monitor)
{
	if (client_asked(monitor->client) < 8) /* a silent upsd is asked no more */
		ask(monitor, CLIENT_GET_NUMLOGINS, got_logins);
}

/* ---- Life ---- */

const char *
monitor_name(const struct monitor *monitor)
{
	return monitor->conf.text;
}

bool
monitor_matches(const struct monitor *monitor, const struct monconf_monitor *conf)
{
	return !strcmp(monitor->conf.text, conf->text);
}

static bool
same_account(const struct monitor *monitor, const struct monconf_monitor *conf)
{
	return !strcmp(monitor->conf.user, conf->user) &&
	       words_same_secret(monitor->conf.password, conf->password) &&
	       monitor->conf.primary == conf->primary;
}

/* Fill in how SETTINGS' server is to be met. */
static void
choose_tls(struct monitor *monitor, struct client_settings *settings)
{
	const struct monconf *conf = monitor->upsmon->conf;

	monitor->secure = monconf_tls(conf, &monitor->conf.at);
	monitor->tls = monconf_tls_settings(conf, monitor->secure.verify);
	settings->tls =
	    monitor->secure.verify || monitor->secure.force ? CLIENT_TLS_FORCE : CLIENT_TLS_TRY;
	settings->tls_settings = &monitor->tls;
	settings->tls_keys = conf->keys[monitor->secure.verify];
	settings->tls_name = monitor->secure.name;
}

static bool
same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Do the rules about TLS ask more or less of the server than OLD did? */
static bool
same_rules(const struct monitor *monitor, const struct monconf_tls *old, const char *old_path)
{
	return old->verify == monitor->secure.verify && old->force == monitor->secure.force &&
	       same_text(old->name, monitor->secure.name) &&
	       same_text(old_path, monitor->tls.cert_path);
}

static const struct client_calls client_calls = { .ready = ready, .closed = closed };

/* To CONF's server, with its account; NULL when out of memory. */
static struct client *
open_client(struct monitor *monitor, const struct monconf_monitor *conf)
{
	struct upsmon *upsmon = monitor->upsmon;
	struct client_settings settings = {
		.host = conf->at.host,
		.port = conf->at.port,
		.user = conf->user,
		.password = conf->password,
		.connect_ms = upsmon->settings.connect_ms,
		.answer_ms = ANSWER_MS,
	};

	choose_tls(monitor, &settings);
	return client_new(upsmon->loop, &settings, &client_calls, monitor);
}

/* Another user, password or role: by a new connection.  What is known of the UPS stays known. */
static void
adopt_account(struct monitor *monitor, const struct monconf_monitor *conf)
{
	char *user = strdup(conf->user), *password = strdup(conf->password);
	struct client *client = user && password ? open_client(monitor, conf) : NULL;

	if (!client) {
		log_error("out of memory: UPS %s: the old account stays", monitor->conf.text);
		free(user);
		words_free_secret(password);
		return;
	}
	client_free(monitor->client);
	left_upsd(monitor);
	monitor->client = client;
	free(monitor->conf.user);
	words_free_secret(monitor->conf.password);
	monitor->conf.user = user;
	monitor->conf.password = password;
	monitor->conf.primary = conf->primary;
}

/* The same account: new rules about TLS need a new connection. */
static void
adopt_tls(struct monitor *monitor)
{
	struct monconf_tls old = monitor->secure;
	const char *old_path = monitor->tls.cert_path;
	struct client_settings settings = { 0 };

	choose_tls(monitor, &settings);
	if (!client_set_tls(monitor->client, &settings))
		log_error("out of memory: UPS %s: CERTHOST is not applied", monitor->conf.text);
	if (!same_rules(monitor, &old, old_path)) {
		client_close(monitor->client);
		left_upsd(monitor);
	}
}

void
monitor_adopt(struct monitor *monitor, const struct monconf_monitor *conf)
{
	monitor->conf.power_value = conf->power_value;
	adopt_tls(monitor);
	if (!same_account(monitor, conf))
		adopt_account(monitor, conf);
	free(monitor->last_why); /* whoever reloads wants to know what is still wrong */
	monitor->last_why = NULL;
	poll_in(monitor, 0);
}

struct monitor *
monitor_new(struct upsmon *upsmon, const struct monconf_monitor *conf)
{
	struct monitor *monitor = calloc(1, sizeof(*monitor));

	if (!monitor)
		return NULL;
	*monitor = (struct monitor){
		.upsmon = upsmon,
		.conf = *conf,
		.poll = { .fire = ask_status, .owner = monitor },
		.logins = -1,
		.silent_since_ms = loop_now_ms(upsmon->loop),
	};
	monitor->conf.text = strdup(conf->text);
	monitor->conf.user = strdup(conf->user);
	monitor->conf.password = strdup(conf->password);
	monitor->client = open_client(monitor, conf);
	if (!monitor->conf.text || !monitor->conf.user || !monitor->conf.password ||
	    !monitor->client) {
		monitor_free(monitor);
		return NULL;
	}
	poll_in(monitor, 0);
	return monitor;
}

void
monitor_free(struct monitor *monitor)
{
	if (!monitor)
		return;
	loop_timer_clear(monitor->upsmon->loop, &monitor->poll);
	client_free(monitor->client);
	free(monitor->conf.text);
	free(monitor->conf.user);
	words_free_secret(monitor->conf.password);
	free(monitor->alarm);
	free(monitor->others);
	free(monitor->last_why);
	free(monitor);
}
