#include "upsd/driverlink.h"

#include "upsd/tracking.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define RETRY_MS 1000	 /* a driver that appears is served within 2 s */
#define DUMP_MS 15000	 /* from connect() to DUMPDONE */
#define GRACE_MS 1000	 /* beyond MAXAGE, so that a busy machine does not flap */
#define BACK_OFF_MS 5000 /* after misbehaviour; doubles */
#define BACK_OFF_MOST_MS 60000
#define COMPLAIN_MS 300000

static void
log_once(struct log_rate *rate, struct ups *ups, const char *what, const char *why)
{
	unsigned missed;

	if (!log_rate(rate, loop_now_ms(ups->upsd->loop), &missed))
		return;
	if (missed)
		log_warnx("UPS [%s]: %s: %s (%u more of these before)", ups->conf->name, what, why,
		    missed);
	else
		log_warnx("UPS [%s]: %s: %s", ups->conf->name, what, why);
}

static void
forget_data(struct ups *ups)
{
	struct driverlink *link = &ups->link;

	if (ups->state)
		state_clear(ups->state);
	link->connecting = link->dumped = link->stale = link->silent = false;
	tracking_ups_lost(ups->upsd->trackings, ups, false);
}

static void
disconnect(struct ups *ups)
{
	conn_free(ups->link.conn);
	ups->link.conn = NULL;
	forget_data(ups);
}

static void
retry_in(struct ups *ups, int64_t in_ms)
{
	loop_timer_in(ups->upsd->loop, &ups->link.timer, in_ms);
}

/* The driver breaks the rules: drop it, and let it wait longer each time. */
static void
misbehaved(struct ups *ups, const char *why)
{
	struct driverlink *link = &ups->link;
	int64_t lived_ms = loop_now_ms(ups->upsd->loop) - link->since_ms;

	log_once(&link->complaint, ups, "driver dropped", why);
	if (!link->back_off_ms || lived_ms > 2 * BACK_OFF_MOST_MS)
		link->back_off_ms = BACK_OFF_MS;
	else if (link->back_off_ms * 2 <= BACK_OFF_MOST_MS)
		link->back_off_ms *= 2;
	disconnect(ups);
	retry_in(ups, link->back_off_ms);
}

/* ---- what the driver says ---- */

static bool
full(enum state_error error)
{
	return error == STATE_FULL || error == STATE_NO_MEMORY;
}

static enum state_error
set_range(struct state *state, const struct sockmsg *msg)
{
	return msg->type == SOCKMSG_ADDRANGE
		   ? state_range_add(state, msg->name, msg->min, msg->max)
		   : state_range_delete(state, msg->name, msg->min, msg->max);
}

/* STATE_OK also for what changes no variable. */
static enum state_error
apply(struct ups *ups, const struct sockmsg *msg)
{
	struct driverlink *link = &ups->link;
	struct state *state = ups->state;

	switch (msg->type) {
	case SOCKMSG_SETINFO:
		return state_set(state, msg->name, msg->value);
	case SOCKMSG_DELINFO:
		return state_delete(state, msg->name);
	case SOCKMSG_ADDENUM:
		return state_enum_add(state, msg->name, msg->value);
	case SOCKMSG_DELENUM:
		return state_enum_delete(state, msg->name, msg->value);
	case SOCKMSG_ADDRANGE:
	case SOCKMSG_DELRANGE:
		return set_range(state, msg);
	case SOCKMSG_SETAUX:
		return state_aux(state, msg->name, msg->number);
	case SOCKMSG_SETFLAGS:
		return state_flags(state, msg->name, msg->flags);
	case SOCKMSG_ADDCMD:
		return state_cmd_add(state, msg->name);
	case SOCKMSG_DELCMD:
		return state_cmd_delete(state, msg->name);
	case SOCKMSG_DATAOK:
		link->stale = false;
		return STATE_OK;
	case SOCKMSG_DATASTALE:
		if (!link->stale && link->dumped)
			log_notice("Data for UPS [%s] is stale - check driver", ups->conf->name);
		link->stale = true;
		return STATE_OK;
	case SOCKMSG_DUMPDONE:
		if (!link->dumped)
			log_info("Connected to UPS [%s]: %s-%s", ups->conf->name, ups->conf->driver,
			    ups->conf->name);
		link->dumped = true;
		link->complaint.said = 0;
		return STATE_OK;
	case SOCKMSG_RESULT:
		tracking_result(ups->upsd->trackings, ups, msg->tracking, msg->number);
		return STATE_OK;
	default:
		return STATE_OK;
	}
}

static void heard(struct ups *ups);

/* false: the driver was dropped. */
static bool
take_message(struct ups *ups, const struct words *words)
{
	struct sockmsg msg;
	const char *why;
	enum state_error error;

	why = sockmsg_parse(&msg, words);
	if (!why && msg.type >= SOCKMSG_DUMPALL)
		why = "a request, not an answer";
	if (why) {
		log_once(&ups->link.odd, ups, "line from the driver ignored", why);
		return true;
	}
	error = apply(ups, &msg);
	if (full(error)) {
		misbehaved(ups, state_strerror(error));
		return false;
	}
	if (error == STATE_BAD_NAME || error == STATE_BAD_VALUE || error == STATE_BAD_RANGE) {
		log_once(
		    &ups->link.odd, ups, "line from the driver ignored", state_strerror(error));
		return true;
	}
	heard(ups);
	return true;
}

static bool
take_line(void *owner, const struct words *words, enum words_error error)
{
	struct ups *ups = owner;

	if (error == WORDS_LONG_LINE) {
		misbehaved(ups, words_strerror(error));
		return false;
	}
	if (error)
		log_once(
		    &ups->link.odd, ups, "line from the driver ignored", words_strerror(error));
	return !words->len || take_message(ups, words);
}

static size_t
input(void *owner, char *bytes, size_t len)
{
	return words_lines(bytes, len, take_line, owner);
}

/* ---- time ---- */

static int64_t
max_age_ms(const struct ups *ups)
{
	return ups->upsd->conf->max_age_s * 1000;
}

/* When silence is next to be judged: a PING, or staleness. */
static void
plan(struct ups *ups)
{
	struct driverlink *link = &ups->link;
	int64_t last_ms = link->pinged_ms > link->heard_ms ? link->pinged_ms : link->heard_ms;
	int64_t at_ms = last_ms + max_age_ms(ups) / 3;

	if (!link->dumped && at_ms > link->since_ms + DUMP_MS)
		at_ms = link->since_ms + DUMP_MS;
	if (!link->silent && at_ms > link->heard_ms + max_age_ms(ups) + GRACE_MS)
		at_ms = link->heard_ms + max_age_ms(ups) + GRACE_MS;
	loop_timer_at(ups->upsd->loop, &link->timer, at_ms);
}

static void
heard(struct ups *ups)
{
	struct driverlink *link = &ups->link;

	link->heard_ms = loop_now_ms(ups->upsd->loop);
	if (link->silent) {
		link->silent = false;
		log_notice("UPS [%s] data is no longer stale", ups->conf->name);
		plan(ups);
	}
}

static void
ask_alive(struct ups *ups)
{
	struct sockmsg ping = { .type = SOCKMSG_PING };

	ups->link.pinged_ms = loop_now_ms(ups->upsd->loop);
	driverlink_send(ups, &ping);
}

static void
judge_silence(struct ups *ups)
{
	struct driverlink *link = &ups->link;
	int64_t now_ms = loop_now_ms(ups->upsd->loop);

	if (!link->dumped && now_ms >= link->since_ms + DUMP_MS) {
		misbehaved(ups, "it accepted us but did not tell its data");
		return;
	}
	if (!link->silent && now_ms >= link->heard_ms + max_age_ms(ups) + GRACE_MS) {
		link->silent = true;
		if (link->dumped)
			log_notice("Data for UPS [%s] is stale - check driver", ups->conf->name);
	}
	if (now_ms - link->heard_ms >= max_age_ms(ups) / 3)
		ask_alive(ups);
	plan(ups);
}

void
driverlink_after_gap(struct ups *ups, int64_t late_ms)
{
	struct driverlink *link = &ups->link;

	if (!link->conn)
		return;
	link->since_ms += late_ms;
	link->silent = link->dumped;
	ask_alive(ups);
	plan(ups);
}

/* ---- coming and going ---- */

static void
closed(void *owner, const char *why)
{
	struct ups *ups = owner;
	bool served = ups->link.dumped;

	disconnect(ups);
	if (served)
		log_warnx("UPS [%s]: the driver is gone: %s", ups->conf->name,
		    why ? why : "it closed its socket");
	else
		log_once(&ups->link.complaint, ups, "cannot connect to the driver",
		    why ? why : "it closed its socket");
	/* So that the attempts to connect again are not told, too. */
	ups->link.complaint.said = 1;
	ups->link.complaint.since_ms = loop_now_ms(ups->upsd->loop);
	retry_in(ups, RETRY_MS);
}

static void
connected(void *owner)
{
	struct ups *ups = owner;
	struct sockmsg dump = { .type = SOCKMSG_DUMPALL };

	ups->link.connecting = false;
	driverlink_send(ups, &dump);
}

/* What is wrong with the socket at PATH; NULL: nothing, or it is not there (connect() says so). */
static const char *
socket_fault(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return NULL;
	if (!S_ISSOCK(st.st_mode))
		return "what stands at the socket's path is no socket";
	if (st.st_mode & S_IWOTH)
		return "everybody may write to the driver's socket; make it 0660 or stricter";
	return NULL;
}

static void
connect_driver(struct ups *ups)
{
	static const struct conn_calls calls = { input, closed, connected };
	struct driverlink *link = &ups->link;
	struct upsd *upsd = ups->upsd;
	const char *why = socket_fault(ups->conf->path);
	struct addr addr;
	int fd = -1;

	if (!why && (!ups->state || !addr_unix(&addr, ups->conf->path)))
		why = ups->state ? "the path of its socket is too long" : "out of memory";
	if (!why) {
		fd = upsd->world->connect(upsd->world->owner, &addr);
		if (fd == -1)
			why = strerror(errno);
	}
	if (fd != -1) {
		link->conn = conn_new(upsd->loop, fd, true, WORDS_LINE_MAX, &calls, ups);
		if (!link->conn) {
			upsd->world->close(upsd->world->owner, fd);
			why = "out of memory";
		}
	}
	if (why) {
		log_once(&link->complaint, ups, "cannot connect to the driver", why);
		retry_in(ups, RETRY_MS);
		return;
	}
	link->connecting = true;
	link->since_ms = link->heard_ms = link->pinged_ms = loop_now_ms(upsd->loop);
	plan(ups);
}

static void
fire(void *owner)
{
	struct ups *ups = owner;

	if (ups->link.conn)
		judge_silence(ups);
	else
		connect_driver(ups);
}

void
driverlink_start(struct ups *ups)
{
	if (!ups->state)
		ups->state = state_new();
	ups->link = (struct driverlink){
		.started = true,
		.timer = { .fire = fire, .owner = ups },
		.complaint = { .each_ms = COMPLAIN_MS, .burst = 1 },
		.odd = { .each_ms = COMPLAIN_MS, .burst = 1 },
	};
	connect_driver(ups);
}

void
driverlink_stop(struct ups *ups)
{
	loop_timer_clear(ups->upsd->loop, &ups->link.timer);
	disconnect(ups);
	ups->link.started = false;
}

void
driverlink_retime(struct ups *ups)
{
	if (ups->link.conn)
		plan(ups);
}

enum net_error
driverlink_check(const struct ups *ups)
{
	const struct driverlink *link = &ups->link;

	if (!link->conn || link->connecting)
		return NET_DRIVER_NOT_CONNECTED;
	return link->dumped && !link->stale && !link->silent ? NET_OK : NET_DATA_STALE;
}

bool
driverlink_send(struct ups *ups, const struct sockmsg *msg)
{
	struct conn *conn = ups->link.conn;

	if (!conn || ups->link.connecting || conn_full(conn))
		return false;
	return sockmsg_format(conn_out(conn), msg);
}
