/* upsmon_conf - upsmon.conf, and the messages of its NOTIFYMSG lines. */
#include "fuzz/lib/fuzz.h"

#include "upsmon/monconf.h"

static void
say_notify(const struct monconf *conf, struct buf *said)
{
	for (int i = 0; i < NOTIFY_TYPES; i++) {
		const char *message = conf->notify[i].message;

		must(conf->notify[i].flags < 8, "flags %u", conf->notify[i].flags);
		buf_add_format(said, "%u ", conf->notify[i].flags);
		if (message)
			notify_format(said, message, "u@h", "extra");
	}
	for (char **word = conf->notify_cmd.words; word && *word; word++)
		buf_add_format(said, "<%s>", *word);
	buf_add_text(said, "\n");
}

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct monconf *conf = monconf_from(file, faults);

	must(!conf == (faults->faults > 0), "%s", conf ? faults_first(faults) : "nothing is wrong");
	if (!conf)
		return;
	for (size_t i = 0; i < conf->monitors_len; i++) {
		const struct monconf_monitor *monitor = &conf->monitors[i];
		struct monconf_tls tls = monconf_tls(conf, &monitor->at);

		must(*monitor->at.ups && *monitor->at.host, "%s", monitor->text);
		buf_add_format(said, "%u: %s %s %s:%u %u %s %s %d %d%d %s\n", monitor->line,
		    monitor->text, monitor->at.ups, monitor->at.host, monitor->at.port,
		    monitor->power_value, monitor->user, monitor->password, monitor->primary,
		    tls.verify, tls.force, tls.name ? tls.name : "-");
	}
	must(conf->pollfreq_s > 0 && conf->pollfreqalert_s > 0 && conf->deadtime_s > 0,
	    "%ld %ld %ld", conf->pollfreq_s, conf->pollfreqalert_s, conf->deadtime_s);
	buf_add_format(said, "%ld %ld %ld %ld %ld %ld %ld %ld %ld %ld %d %d %ld %s %s\n",
	    conf->min_supplies, conf->pollfreq_s, conf->pollfreqalert_s, conf->hostsync_s,
	    conf->deadtime_s, conf->finaldelay_s, conf->rbwarntime_s, conf->nocommwarntime_s,
	    conf->offduration_s, conf->oblbduration_s, conf->alarm_critical, conf->shutdown_exit,
	    conf->shutdown_exit_s, conf->shutdown_cmd ? conf->shutdown_cmd : "-",
	    conf->powerdown_flag ? conf->powerdown_flag : "-");
	say_notify(conf, said);
	monconf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("upsmon.conf", data, size, take);
	return 0;
}
