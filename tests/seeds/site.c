#include "tests/seeds/site.h"

#include "tests/seeds/evil.h"
#include "tests/seeds/oracle.h"
#include "upsd/listen.h"
#include "upsmon/flag.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- chance ---- */

uint64_t
chance_next(struct chance *chance)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

uint64_t
chance_below(struct chance *chance, uint64_t below)
{
	return chance_next(chance) % below;
}

int64_t
chance_between(struct chance *chance, int64_t least, int64_t most)
{
	return least + (int64_t)chance_below(chance, (uint64_t)(most - least + 1));
}

bool
chance_one_in(struct chance *chance, unsigned n)
{
	return chance_below(chance, n) == 0;
}

/* ---- telling ---- */

int64_t
site_ms(const struct site *site)
{
	return sim_now_ms(site->sim) - site->start_ms;
}

static void
say(struct site *site, const char *what, const char *text)
{
	printf("%9.3f  %-10s %s\n", (double)site_ms(site) / 1000, what, text);
}

void
site_say(struct site *site, const char *format, ...)
{
	char text[256];
	va_list args;

	if (!site->verbose)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	say(site, "*", text);
}

void
site_fail(struct site *site, const char *name, const char *format, ...)
{
	va_list args;

	if (*site->failed)
		return;
	va_start(args, format);
	vsnprintf(site->failed, sizeof(site->failed), format, args);
	va_end(args);
	snprintf(site->failed_name, sizeof(site->failed_name), "%s", name);
	site->failed_ms = site_ms(site);
	if (site->verbose)
		say(site, "VIOLATION", site->failed);
}

static struct host_of_site *
host_at(struct site *site, const char *where)
{
	size_t len = where ? strcspn(where, "/") : 0;

	for (size_t i = 0; i < site->hosts_len; i++)
		if (strlen(site->hosts[i].name) == len && !memcmp(site->hosts[i].name, where, len))
			return &site->hosts[i];
	return NULL;
}

/* upsmon says which rule made it act: "UPS u0@h0 is critical (R3): ..." */
static void
heard_log(void *owner, enum log_level level, const char *line)
{
	struct site *site = owner;
	const char *where = sim_running(site->sim);
	struct host_of_site *host = host_at(site, where);
	const char *rule = strstr(line, " is critical (R");

	if (host && rule && strstr(where, "/upsmon"))
		host->named_rules |= 1u << (rule[15] - '0');
	if (strstr(line, "did not run for"))
		site->totals->gaps++;
	if (site->verbose)
		say(site, where ? where : "-", line);
}

/* ---- power ---- */

void
unit_look(struct unit *unit)
{
	struct emu_battery *battery = &unit->battery;
	const struct host_of_site *server = &unit->site->hosts[unit->server];
	int64_t now_ms = site_ms(unit->site);
	bool fact[FACTS], calibrates;

	emu_battery_advance(battery, now_ms);
	if (!unit->mains || !battery->output)
		unit->calibrates_ms = 0;
	calibrates = emu_battery_testing(battery) || unit->calibrates_ms;
	fact[FACT_OB] = (emu_battery_discharging(battery) || unit->calibrates_ms) &&
			!(calibrates && unit->calibrates_on_line);
	fact[FACT_OBLB] = fact[FACT_OB] && emu_battery_low(battery) && !calibrates;
	fact[FACT_OFF] = !battery->output;
	fact[FACT_OVER] = emu_battery_overload(battery);
	fact[FACT_ALARM] = unit->alarm;
	fact[FACT_BYPASS] = battery->source == EMU_BYPASS;
	fact[FACT_FSD] = server->upsd && upsd_ups(server->upsd, unit->name, strlen(unit->name)) &&
			 upsd_ups(server->upsd, unit->name, strlen(unit->name))->fsd;
	for (int i = 0; i < FACTS; i++) {
		if (fact[i] != unit->fact[i])
			unit->fact_ms[i] = now_ms;
		if (fact[i] || unit->fact[i])
			unit->true_ms[i] = now_ms;
		unit->fact[i] = fact[i];
	}
}

void
unit_mains(struct unit *unit, bool on)
{
	unit_look(unit);
	site_say(unit->site, "%s: mains %s", unit->name, on ? "on" : "off");
	unit->mains = on;
	emu_battery_mains(&unit->battery, on);
	unit_look(unit);
}

bool
host_is_fed(const struct host_of_site *host)
{
	long sum = 0;

	if (host->outside)
		return true;
	for (size_t i = 0; i < host->wired_len; i++)
		if (host->site->units[host->feeds[i].unit].battery.output)
			sum += (long)host->feeds[i].value;
	return sum >= host->limits.min_supplies;
}

bool
host_is_primary(const struct host_of_site *host)
{
	for (size_t i = 0; i < host->feeds_len; i++)
		if (host->feeds[i].primary)
			return true;
	return false;
}

/* ---- the device and its driver ---- */

static void
status_of(struct unit *unit, char *text, size_t size)
{
	struct emu_battery *battery = &unit->battery;
	bool calibrates = emu_battery_testing(battery) || unit->calibrates_ms;
	bool low = (emu_battery_discharging(battery) && emu_battery_low(battery)) ||
		   (unit->calibrates_ms && site_ms(unit->site) - unit->calibrates_ms > 15000);
	const char *power = unit->fact[FACT_OB]	   ? "OB"
			    : unit->fact[FACT_OFF] ? (unit->mains ? "OFF OL" : "OFF")
						   : "OL";

	if (unit->contradicts && !strcmp(power, "OL"))
		power = "OL OB LB";
	snprintf(text, size, "%s%s%s%s%s%s%s%s%s", unit->alarm ? "ALARM " : "", power,
	    low ? " LB" : "", calibrates ? " CAL" : "", unit->fact[FACT_BYPASS] ? " BYPASS" : "",
	    unit->fact[FACT_OVER] ? " OVER" : "",
	    emu_battery_discharging(battery) ? " DISCHRG"
	    : battery->charge < 1	     ? " CHRG"
					     : "",
	    unit->odd ? " " : "", unit->odd ? unit->odd : "");
}

static bool
read_unit(void *owner, struct reading *out)
{
	struct unit *unit = owner;

	if (unit->lost || !emu_battery_awake(&unit->battery))
		return false;
	unit_look(unit);
	status_of(unit, out->status, sizeof(out->status));
	out->charge = unit->battery.charge * 100;
	if (unit->alarm)
		snprintf(
		    out->alarm, sizeof(out->alarm), "Fan %d!", (int)(site_ms(unit->site) / 60000));
	return true;
}

static const char *
at(const struct host_of_site *host, const char *process)
{
	static char where[4][64];
	static unsigned next;
	char *text = where[next++ % 4];

	snprintf(text, sizeof(where[0]), "%s/%s", host->name, process);
	return text;
}

static const char *
driver_at(const struct unit *unit)
{
	return at(&unit->site->hosts[unit->server], unit->name);
}

/* A process may be new, or have lived before. */
static struct loop *
fresh_loop(struct site *site, const char *where)
{
	sim_kill(site->sim, where);
	return sim_restart(site->sim, where);
}

void
driver_start(struct unit *unit)
{
	char path[48];

	if (unit->driver || unit->site->hosts[unit->server].state != HOST_ON)
		return;
	unit->driver_stopped = 0;
	snprintf(path, sizeof(path), "/sim/site-%s", unit->name);
	unit->driver =
	    device_new(fresh_loop(unit->site, driver_at(unit)), unit->name, path, read_unit, unit);
}

void
driver_end(struct unit *unit)
{
	if (!unit->driver)
		return;
	sim_kill(unit->site->sim, driver_at(unit));
	device_free(unit->driver);
	unit->driver = NULL;
}

/* SIGSTOP as long as anybody wants it. */
static void
stop(struct site *site, const char *where, int *count, int by)
{
	/* One that was restarted meanwhile is not stopped. */
	*count = *count + by > 0 ? *count + by : 0;
	if (*count > 0)
		sim_stop(site->sim, where);
	else
		sim_continue(site->sim, where);
}

void
driver_stop(struct unit *unit, int by)
{
	stop(unit->site, driver_at(unit), &unit->driver_stopped, by);
}

/* ---- upsd ---- */

static struct conffile *
file_of(const char *name, const char *text)
{
	struct conffile *file = conffile_from(name, text, strlen(text));

	if (!file)
		abort();
	return file;
}

static struct upsdconf *
upsd_conf(const struct host_of_site *host)
{
	static const char users[] = "[mon]\npassword = m\nupsmon primary\n"
				    "[sec]\npassword = s\nupsmon secondary\n";
	static const struct upsdconf_source source = {
		.conf_path = "/sim", .state_path = "/sim", .data_path = "/sim", .port = 3493
	};
	struct faults faults = { 0 };
	struct upsdconf *conf = upsdconf_new(&source);
	struct conffile *files[3];
	char upses[256] = "";

	for (size_t i = 0; i < host->site->units_len; i++)
		if (&host->site->hosts[host->site->units[i].server] == host)
			snprintf(upses + strlen(upses), sizeof(upses) - strlen(upses),
			    "[%s]\ndriver = site\nport = auto\n", host->site->units[i].name);
	files[0] = file_of("upsd.conf", "LISTEN 0.0.0.0 3493\nMAXAGE 15\n");
	files[1] = file_of("ups.conf", upses);
	files[2] = file_of("upsd.users", users);
	upsdconf_parse(conf, files[0], &source, &faults);
	upsdconf_take_upses(conf, upsconf_from(files[1], &faults), &faults);
	users_parse(conf->users, files[2], &faults);
	if (faults.faults)
		abort();
	for (int i = 0; i < 3; i++)
		conffile_close(files[i]);
	faults_free(&faults);
	return conf;
}

void
upsd_start(struct host_of_site *host)
{
	struct site *site = host->site;

	if (!host->has_upsd || host->upsd || host->evil || host->state != HOST_ON)
		return;
	host->upsd = upsd_new(fresh_loop(site, at(host, "upsd")), upsd_conf(host));
	host->upsd_life++;
	host->upsd_stopped = 0;
	if (!host->upsd || !listen_start(host->upsd))
		abort();
}

void
upsd_end(struct host_of_site *host)
{
	if (!host->upsd)
		return;
	sim_kill(host->site->sim, at(host, "upsd"));
	upsd_free(host->upsd);
	host->upsd = NULL;
}

void
upsd_stop(struct host_of_site *host, int by)
{
	stop(host->site, at(host, "upsd"), &host->upsd_stopped, by);
}

void
upsd_reload_now(struct host_of_site *host)
{
	if (host->upsd && !upsd_adopt(host->upsd, upsd_conf(host)))
		abort();
}

void
evil_start(struct host_of_site *host, enum evil evil)
{
	if (!host->has_upsd || host->evil || host->state != HOST_ON)
		return;
	upsd_end(host);
	host->evil = evil_new(fresh_loop(host->site, at(host, "upsd")), evil);
}

void
evil_end(struct host_of_site *host)
{
	if (!host->evil)
		return;
	sim_kill(host->site->sim, at(host, "upsd"));
	evil_free(host->evil);
	host->evil = NULL;
}

/* ---- upsmon ---- */

static void
conf_text(const struct host_of_site *host, char *text, size_t size)
{
	const struct limits *limits = &host->limits;
	char exit_text[16];
	size_t len = 0;

#define ADD(...) len += (size_t)snprintf(text + len, size - len, __VA_ARGS__)
	for (size_t i = 0; i < host->feeds_len; i++) {
		const struct feed *feed = &host->feeds[i];
		const struct unit *unit = &host->site->units[feed->unit];

		ADD("MONITOR %s@%s %u %s\n", unit->name, host->site->hosts[unit->server].name,
		    feed->value, feed->primary ? "mon m primary" : "sec s secondary");
	}
	snprintf(exit_text, sizeof(exit_text), "%ld", limits->shutdown_exit);
	ADD("MINSUPPLIES %ld\nSHUTDOWNCMD \"/sbin/shutdown -h +0\"\nPOWERDOWNFLAG %s/%s\n"
	    "POLLFREQ %ld\nPOLLFREQALERT %ld\nHOSTSYNC %ld\nDEADTIME %ld\nFINALDELAY %ld\n"
	    "OFFDURATION %ld\nOVERDURATION %ld\nOBLBDURATION %ld\nALARMCRITICAL %d\n"
	    "SHUTDOWNEXIT %s\nNOCOMMWARNTIME 60\nRBWARNTIME 120\n",
	    limits->min_supplies, host->site->flag_folder, host->name, limits->pollfreq,
	    limits->pollfreqalert, limits->hostsync, limits->deadtime, limits->finaldelay,
	    limits->offduration, limits->overduration, limits->oblbduration, limits->alarm_critical,
	    limits->shutdown_exit < 0	 ? "no"
	    : limits->shutdown_exit == 0 ? "yes"
					 : exit_text);
	if (limits->exec)
		ADD("NOTIFYCMD \"/bin/notify --who %s | mail\"\nNOTIFYFLAG ONBATT SYSLOG+EXEC\n"
		    "NOTIFYFLAG COMMBAD SYSLOG+WALL+EXEC\nNOTIFYFLAG ONLINE IGNORE\n"
		    "NOTIFYMSG ONBATT \"%%s is on battery: 100%% sure\"\n",
		    host->name);
	if (host->more_conf)
		ADD("%s\n", host->more_conf);
#undef ADD
}

static struct monconf *
mon_conf(const struct host_of_site *host, const char *with)
{
	struct faults faults = { 0 };
	struct monconf *conf;
	struct conffile *file;
	char text[2048];

	conf_text(host, text, sizeof(text) - 256);
	if (with)
		strcat(text, with);
	file = file_of("upsmon.conf", text);
	conf = monconf_from(file, &faults);
	faults_log(&faults);
	faults_free(&faults);
	conffile_close(file);
	return conf;
}

static void
end_upsmon_later(void *owner)
{
	struct host_of_site *host = owner;

	upsmon_end(host);
}

/* The privileged parent: sets the flag and runs the command; then the system comes down. */
static void
shut_down(void *owner, bool primary)
{
	struct host_of_site *host = owner;
	struct site *site = host->site;
	char path[128];

	if (host->rehearses)
		site_fail(site, "rehearsal", "%s: SHUTDOWNCMD in a rehearsal", host->name);
	if (host->parent_gone)
		return;
	snprintf(path, sizeof(path), "%s/%s", site->flag_folder, host->name);
	if (primary)
		host->flag = flag_set(path);
	site_say(site, "%s: SHUTDOWNCMD%s", host->name, primary ? ", POWERDOWNFLAG" : "");
	host->ran = true;
	host->ran_as_primary = primary;
	host->ran_ms = site_ms(site);
	if (!site->first_ran_ms[host - site->hosts])
		site->first_ran_ms[host - site->hosts] = host->ran_ms;
	oracle_ran(site->oracle, host);
	site->totals->shutdowns++;
	if (host->state == HOST_ON) {
		host->state = HOST_HALTING;
		host->until_ms = site_ms(site) + 1000 + (int64_t)sim_random(site->sim, 7000);
	}
}

static void
finished(void *owner)
{
	struct host_of_site *host = owner;

	sim_at(host->site->sim, 0, end_upsmon_later, host);
}

static void
got_signal(void *owner, int signal)
{
	struct host_of_site *host = owner;

	if (signal == SIGCHLD && host->upsmon)
		upsmon_child_ended(host->upsmon);
	if (signal == SIGUSR1 && host->upsmon)
		upsmon_force(host->upsmon);
}

void
upsmon_start(struct host_of_site *host)
{
	static const struct upsmon_calls calls = { shut_down, finished };
	struct upsmon_settings settings = {
		.calls = &calls, .owner = host, .rehearse = host->rehearses
	};
	struct site *site = host->site;
	const char *where = at(host, "upsmon");
	struct loop *loop;

	if (!host->feeds_len || host->upsmon || host->state != HOST_ON)
		return;
	loop = fresh_loop(site, where);
	sim_signals(site->sim, where, got_signal, host);
	host->upsmon = upsmon_new(loop, mon_conf(host, NULL), &settings);
	if (!host->upsmon)
		abort();
	host->upsmon_life++;
	host->upsmon_stopped = 0;
	host->began = host->ran = host->asked = host->parent_gone = false;
	host->named_rules = 0;
	host->up_ms = site_ms(site);
	host->awake_ms = 0;
	oracle_upsmon_started(site->oracle, host);
}

void
upsmon_end(struct host_of_site *host)
{
	if (!host->upsmon)
		return;
	sim_kill(host->site->sim, at(host, "upsmon"));
	upsmon_free(host->upsmon);
	host->upsmon = NULL;
}

void
upsmon_stop(struct host_of_site *host, int by)
{
	stop(host->site, at(host, "upsmon"), &host->upsmon_stopped, by);
}

void
upsmon_reload_now(struct host_of_site *host, const char *with)
{
	struct monconf *conf;

	if (!host->upsmon)
		return;
	conf = mon_conf(host, with);
	if (with && conf)
		site_fail(host->site, "reload", "%s: upsmon.conf with a line \"%s\" is taken",
		    host->name, with);
	if (!with && !conf)
		abort();
	if (conf)
		upsmon_adopt(host->upsmon, conf);
}

void
upsmon_ask_fsd(struct host_of_site *host)
{
	if (!host->upsmon || host->ran)
		return;
	host->asked = true;
	sim_signal(host->site->sim, at(host, "upsmon"), SIGUSR1);
}

void
upsmon_parent_dies(struct host_of_site *host)
{
	if (!host->upsmon || host->ran)
		return;
	host->parent_gone = true;
	upsmon_lost_parent(host->upsmon);
}

bool
upsmon_can_run(const struct host_of_site *host)
{
	return host->upsmon && !host->upsmon_stopped && !host->asleep;
}

/* ---- hosts and links ---- */

void
host_asleep(struct host_of_site *host, int by)
{
	host->asleep = host->asleep + by > 0 ? host->asleep + by : 0;
	sim_suspend(host->site->sim, host->name, host->asleep > 0);
}

void
link_cut(struct site *site, size_t a, size_t b, int by)
{
	int count = site->cuts[a][b] += by;

	if (a != b)
		site->cuts[b][a] = count;
	sim_cut(site->sim, site->hosts[a].name, site->hosts[b].name, count > 0);
}

void
link_slow(struct site *site, size_t a, size_t b, int by)
{
	int count = site->slow[a][b] += by;

	if (a != b)
		site->slow[b][a] = count;
	sim_delay(site->sim, site->hosts[a].name, site->hosts[b].name,
	    count > 0 ? 1200 : site->delay_ms, count > 0 ? 1500 : 2);
}

static void
end_daemons(struct host_of_site *host)
{
	struct site *site = host->site;

	upsmon_end(host);
	upsd_end(host);
	evil_end(host);
	for (size_t i = 0; i < site->units_len; i++)
		if (&site->hosts[site->units[i].server] == host)
			driver_end(&site->units[i]);
}

static void
go_off(struct host_of_site *host)
{
	end_daemons(host);
	host->asleep = 0;
	sim_suspend(host->site->sim, host->name, false);
	sim_power(host->site->sim, host->name, false);
	host->state = HOST_OFF;
	host->off_ms = site_ms(host->site);
	host->power_was_cut = !host_is_fed(host);
}

/* The last of an orderly shutdown: upsmon -K && upsdrvctl shutdown. */
static void
halt(struct host_of_site *host)
{
	struct site *site = host->site;

	site_say(site, "%s: halted%s", host->name, host->flag ? ", UPS told to switch off" : "");
	oracle_halted(site->oracle, host);
	for (size_t i = 0; host->flag && i < site->units_len; i++)
		if (&site->hosts[site->units[i].server] == host) {
			unit_look(&site->units[i]);
			emu_battery_off_in(&site->units[i].battery, 20, 10);
		}
	go_off(host);
}

static void
boot(struct host_of_site *host)
{
	struct site *site = host->site;
	char path[128];

	site_say(site, "%s: booted", host->name);
	host->state = HOST_ON;
	site->totals->boots++;
	snprintf(path, sizeof(path), "%s/%s", site->flag_folder, host->name);
	if (host->flag && !flag_clear(path))
		abort();
	host->flag = false;
	sim_power(site->sim, host->name, true);
	for (size_t i = 0; i < site->units_len; i++)
		if (&site->hosts[site->units[i].server] == host)
			driver_start(&site->units[i]);
	upsd_start(host);
	upsmon_start(host);
}

static void
mind_host(struct host_of_site *host)
{
	struct site *site = host->site;
	int64_t now_ms = site_ms(site);
	bool fed = host_is_fed(host);

	if (host->state != HOST_OFF && !fed) {
		site_say(site, "%s: its power is gone", host->name);
		if (host->state == HOST_ON && !host->ran)
			site->totals->deaths++;
		oracle_died(site->oracle, host);
		go_off(host);
		return;
	}
	if (host->state == HOST_HALTING && !host->asleep && now_ms >= host->until_ms)
		halt(host);
	if (host->state == HOST_BOOTING && now_ms >= host->until_ms)
		boot(host);
	if (host->state != HOST_OFF)
		return;
	host->power_was_cut = host->power_was_cut || !fed;
	/* It starts with its power; or somebody comes and presses the button. */
	if (fed && (host->power_was_cut || now_ms - host->off_ms > 120000)) {
		host->state = HOST_BOOTING;
		host->until_ms = now_ms + 15000 + (int64_t)sim_random(site->sim, 20000);
	}
}

static void
tick(void *owner)
{
	struct site *site = owner;

	sim_at(site->sim, TICK_MS, tick, site);
	for (size_t i = 0; i < site->units_len; i++)
		unit_look(&site->units[i]);
	for (size_t i = 0; i < site->hosts_len; i++) {
		struct host_of_site *host = &site->hosts[i];

		if (upsmon_can_run(host))
			host->awake_ms += TICK_MS;
		if (host->asleep)
			host->slept_ms += TICK_MS;
	}
	oracle_tick(site->oracle);
	for (size_t i = 0; i < site->hosts_len; i++) {
		struct host_of_site *host = &site->hosts[i];

		if (host->upsmon && !host->began && upsmon_shutting_down(host->upsmon)) {
			host->began = true;
			host->began_ms = site_ms(site);
			oracle_began(site->oracle, host);
		}
		mind_host(host);
	}
}

/* Some notifiers hang, some cannot be started. */
static pid_t
started(void *owner, const char *where, const struct world_spawn *what)
{
	struct site *site = owner;
	pid_t pid = sim_new_pid(site->sim);
	uint64_t luck = sim_random(site->sim, 40);

	if (luck == 0)
		return -1;
	if (luck > 1) /* else it hangs */
		sim_child_ended(site->sim, where, pid, luck == 2 ? 256 : 0);
	return pid;
}

struct site *
site_new(uint64_t seed, struct totals *totals, bool verbose)
{
	struct site *site = calloc(1, sizeof(*site));

	if (!site)
		abort();
	site->sim = sim_new(seed);
	site->start_ms = sim_now_ms(site->sim);
	site->totals = totals;
	site->verbose = verbose;
	site->oracle = oracle_new(site);
	sim_on_spawn(site->sim, started, site);
	log_set(&(struct log_settings){ .name = "site",
	    .quietest = verbose ? LOG_LEVEL_INFO : LOG_LEVEL_NOTICE,
	    .sink = heard_log,
	    .sink_owner = site });
	return site;
}

void
site_begin(struct site *site)
{
	for (size_t i = 0; i < site->hosts_len; i++)
		(void)sim_addr(site->sim, site->hosts[i].name, 0); /* it is known by name */
	for (size_t i = 0; i < site->hosts_len; i++)
		for (size_t j = 0; j < i; j++)
			sim_delay(
			    site->sim, site->hosts[i].name, site->hosts[j].name, site->delay_ms, 2);
	for (size_t i = 0; i < site->hosts_len; i++)
		boot(&site->hosts[i]);
	sim_at(site->sim, TICK_MS, tick, site);
}

void
site_run(struct site *site, int64_t for_ms)
{
	sim_run(site->sim, for_ms);
}

void
site_free(struct site *site)
{
	char path[128];

	for (size_t i = 0; i < site->hosts_len; i++) {
		end_daemons(&site->hosts[i]);
		snprintf(path, sizeof(path), "%s/%s", site->flag_folder, site->hosts[i].name);
		if (site->hosts[i].flag)
			(void)unlink(path);
	}
	site->totals->virtual_ms += (unsigned long)site_ms(site);
	oracle_free(site->oracle);
	sim_free(site->sim);
	free(site);
}
