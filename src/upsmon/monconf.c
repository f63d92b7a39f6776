#include "upsmon/monconf.h"

#include "ups/paths.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONG_WHILE_S (366L * 24 * 3600)

/* What is being read, passed to each directive's function. */
struct reading {
	struct monconf *conf;
	const struct words *line;
	const struct conffile *file;
	struct faults *faults;
};

#define fault(reading, ...) conffile_fault((reading)->file, (reading)->faults, __VA_ARGS__)

static char *
copy(struct reading *reading, const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		fault(reading, "out of memory");
	return copied;
}

static void
replace(struct reading *reading, char **field, const char *text)
{
	free(*field);
	*field = copy(reading, text);
}

/* ---- One function a directive; the table at the end has checked the number of words ---- */

struct directive {
	const char *word;
	size_t min, max; /* words, the directive included */
	void (*take)(struct reading *reading, const struct directive *directive);
	size_t field; /* offset into struct monconf */
	long least, most;
};

static void *
field_of(struct reading *reading, const struct directive *directive)
{
	return (char *)reading->conf + directive->field;
}

static void
take_number(struct reading *reading, const struct directive *directive)
{
	long *field = field_of(reading, directive);

	if (!conffile_number(reading->line->word[1], directive->least, directive->most, field))
		fault(reading, "%s takes a whole number from %ld to %ld, not %s", directive->word,
		    directive->least, directive->most, reading->line->word[1]);
}

static void
take_bool(struct reading *reading, const struct directive *directive)
{
	bool *field = field_of(reading, directive);

	if (!conffile_bool(reading->line->word[1], field))
		fault(
		    reading, "%s takes yes or no, not %s", directive->word, reading->line->word[1]);
}

static void
take_text(struct reading *reading, const struct directive *directive)
{
	replace(reading, field_of(reading, directive), reading->line->word[1]);
}

/* Both processes, and the last script of a shutdown, must mean the same file. */
static void
take_path(struct reading *reading, const struct directive *directive)
{
	if (reading->line->word[1][0] != '/')
		fault(reading, "%s takes a path that begins with /, not %s", directive->word,
		    reading->line->word[1]);
	else
		take_text(reading, directive);
}

/* SHUTDOWNCMD: several words are joined as the shell will see them. */
static void
take_shutdown_cmd(struct reading *reading, const struct directive *directive)
{
	struct buf text = { 0 };
	bool whole;

	for (size_t i = 1; i < reading->line->len; i++) {
		if (i > 1)
			buf_add_text(&text, " ");
		buf_add_text(&text, reading->line->word[i]);
	}
	free(reading->conf->shutdown_cmd);
	reading->conf->shutdown_cmd = NULL;
	whole = buf_add(&text, "", 1);
	if (whole && buf_bytes(&text)[strspn(buf_bytes(&text), " ")]) {
		reading->conf->shutdown_cmd = buf_steal(&text);
		whole = reading->conf->shutdown_cmd != NULL;
	}
	if (!whole)
		fault(reading, "out of memory");
	buf_free(&text); /* an empty one would succeed and do nothing: it is none */
}

static void
free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static void
take_notify_cmd(struct reading *reading, const struct directive *directive)
{
	char **words = calloc(reading->line->len, sizeof(*words));

	free_words(reading->conf->notify_cmd.words);
	reading->conf->notify_cmd.words = words;
	for (size_t i = 1; words && i < reading->line->len; i++)
		if (!(words[i - 1] = copy(reading, reading->line->word[i])))
			break; /* for they end where the first NULL is */
	if (!words)
		fault(reading, "out of memory");
}

static bool
parse_role(const char *word, bool *primary)
{
	*primary = !strcasecmp(word, "primary") || !strcasecmp(word, "master");
	return *primary || !strcasecmp(word, "secondary") || !strcasecmp(word, "slave");
}

static void
free_monitor(struct monconf_monitor *monitor)
{
	free(monitor->text);
	free(monitor->user);
	words_free_secret(monitor->password);
}

static bool
is_monitored(const struct monconf *conf, const char *text)
{
	for (size_t i = 0; i < conf->monitors_len; i++)
		if (!strcmp(conf->monitors[i].text, text))
			return true;
	return false;
}

/* "MONITOR ups[@host[:port]] powervalue user password primary|secondary" */
static void
take_monitor(struct reading *reading, const struct directive *directive)
{
	char *const *word = reading->line->word;
	struct monconf *conf = reading->conf;
	struct monconf_monitor monitor = { .line = conffile_line(reading->file) }, *monitors;
	const char *wrong = addr_ups_at(&monitor.at, word[1], true, paths_port());
	long power_value = 0;

	if (wrong)
		fault(reading, "%s: %s", word[1], wrong);
	else if (!conffile_number(word[2], 0, 1000, &power_value))
		fault(reading, "%s: the power value is a whole number from 0, not %s", word[1],
		    word[2]);
	else if (!parse_role(word[5], &monitor.primary))
		fault(reading, "%s: write primary or secondary, not %s", word[1], word[5]);
	else if (!*word[3])
		fault(reading, "%s: the user name is empty", word[1]);
	else if (is_monitored(conf, word[1]))
		fault(reading, "%s is monitored by an earlier line", word[1]);
	else if (conf->monitors_len == MONCONF_MONITORS_MAX)
		fault(reading, "no more than %d UPSes can be monitored", MONCONF_MONITORS_MAX);
	else if (!(monitors =
			 reallocarray(conf->monitors, conf->monitors_len + 1, sizeof(*monitors))))
		fault(reading, "out of memory");
	else {
		conf->monitors = monitors;
		monitor.text = copy(reading, word[1]);
		monitor.power_value = (unsigned)power_value;
		monitor.user = copy(reading, word[3]);
		monitor.password = copy(reading, word[4]);
		if (monitor.text && monitor.user && monitor.password)
			conf->monitors[conf->monitors_len++] = monitor;
		else
			free_monitor(&monitor);
	}
}

static void
take_notify_message(struct reading *reading, const struct directive *directive)
{
	enum notify_type type;

	if (!notify_type_parse(reading->line->word[1], &type))
		conffile_warn(reading->file, reading->faults, "no such notification, ignored: %s",
		    reading->line->word[1]);
	else
		replace(reading, &reading->conf->notify[type].message, reading->line->word[2]);
}

static void
take_notify_flag(struct reading *reading, const struct directive *directive)
{
	enum notify_type type;

	if (!notify_type_parse(reading->line->word[1], &type))
		conffile_warn(reading->file, reading->faults, "no such notification, ignored: %s",
		    reading->line->word[1]);
	else if (!notify_flags_parse(reading->line->word[2], &reading->conf->notify[type].flags))
		fault(reading, "%s: write IGNORE, or SYSLOG, WALL and EXEC with + between them",
		    reading->line->word[2]);
}

/* "SHUTDOWNEXIT yes|no|seconds" */
static void
take_shutdown_exit(struct reading *reading, const struct directive *directive)
{
	struct monconf *conf = reading->conf;
	const char *word = reading->line->word[1];

	if (conffile_number(word, 2, LONG_WHILE_S, &conf->shutdown_exit_s))
		conf->shutdown_exit = true;
	else if (!conffile_bool(word, &conf->shutdown_exit))
		fault(reading, "SHUTDOWNEXIT takes yes, no or a number of seconds, not %s", word);
	else
		conf->shutdown_exit_s = 0;
}

static void
take_cert_ident(struct reading *reading, const struct directive *directive)
{
	replace(reading, &reading->conf->cert_ident, reading->line->word[1]);
	replace(reading, &reading->conf->cert_password, reading->line->word[2]);
}

/* "CERTHOST host[:port] name certverify forcessl" */
static void
take_cert_host(struct reading *reading, const struct directive *directive)
{
	char *const *word = reading->line->word;
	struct monconf *conf = reading->conf;
	struct monconf_host host = { 0 }, *hosts;
	struct ups_at at;
	const char *wrong = addr_ups_at(&at, word[1], false, 0);

	if (wrong)
		fault(reading, "%s: %s", word[1], wrong);
	else if (!conffile_bool(word[3], &host.verify) || !conffile_bool(word[4], &host.force))
		fault(reading, "CERTHOST takes a host, a certificate's name, and twice 0 or 1");
	else if (!(hosts = reallocarray(conf->hosts, conf->hosts_len + 1, sizeof(*hosts))))
		fault(reading, "out of memory");
	else {
		conf->hosts = hosts;
		host.host = copy(reading, at.host);
		host.name = copy(reading, word[2]);
		host.port = at.port;
		conf->hosts[conf->hosts_len++] = host;
	}
}

#define FIELD(name) offsetof(struct monconf, name)
static const struct directive directives[] = {
	{ "ALARMCRITICAL", 2, 2, take_bool, FIELD(alarm_critical), 0, 0 },
	{ "CERTFILE", 2, 2, take_text, FIELD(cert_file), 0, 0 },
	{ "CERTHOST", 5, 5, take_cert_host, 0, 0, 0 },
	{ "CERTIDENT", 3, 3, take_cert_ident, 0, 0, 0 },
	{ "CERTPATH", 2, 2, take_text, FIELD(cert_path), 0, 0 },
	{ "CERTVERIFY", 2, 2, take_bool, FIELD(cert_verify), 0, 0 },
	{ "DEADTIME", 2, 2, take_number, FIELD(deadtime_s), 1, LONG_WHILE_S },
	{ "DEBUG_MIN", 2, 2, take_number, FIELD(debug_min), 0, 9 },
	{ "FINALDELAY", 2, 2, take_number, FIELD(finaldelay_s), 0, 3600 },
	{ "FORCESSL", 2, 2, take_bool, FIELD(force_ssl), 0, 0 },
	{ "HOSTSYNC", 2, 2, take_number, FIELD(hostsync_s), 0, 86400 },
	{ "MINSUPPLIES", 2, 2, take_number, FIELD(min_supplies), 0, 1000 },
	{ "MONITOR", 6, 6, take_monitor, 0, 0, 0 },
	{ "NOCOMMWARNTIME", 2, 2, take_number, FIELD(nocommwarntime_s), 1, LONG_WHILE_S },
	{ "NOTIFYCMD", 2, WORDS_MAX, take_notify_cmd, 0, 0, 0 },
	{ "NOTIFYFLAG", 3, 3, take_notify_flag, 0, 0, 0 },
	{ "NOTIFYMSG", 3, 3, take_notify_message, 0, 0, 0 },
	{ "OBLBDURATION", 2, 2, take_number, FIELD(oblbduration_s), -LONG_WHILE_S, 86400 },
	{ "OFFDURATION", 2, 2, take_number, FIELD(offduration_s), -LONG_WHILE_S, LONG_WHILE_S },
	{ "OVERDURATION", 2, 2, take_number, FIELD(overduration_s), -LONG_WHILE_S, LONG_WHILE_S },
	{ "POLLFAIL_LOG_THROTTLE_MAX", 2, 2, take_number, FIELD(pollfail_log_throttle), -1,
	    INT_MAX },
	{ "POLLFREQ", 2, 2, take_number, FIELD(pollfreq_s), 1, 86400 },
	{ "POLLFREQALERT", 2, 2, take_number, FIELD(pollfreqalert_s), 1, 86400 },
	{ "POWERDOWNFLAG", 2, 2, take_path, FIELD(powerdown_flag), 0, 0 },
	{ "RBWARNTIME", 2, 2, take_number, FIELD(rbwarntime_s), 1, LONG_WHILE_S },
	{ "RUN_AS_USER", 2, 2, take_text, FIELD(run_as_user), 0, 0 },
	{ "SHUTDOWNCMD", 2, WORDS_MAX, take_shutdown_cmd, 0, 0, 0 },
	{ "SHUTDOWNEXIT", 2, 2, take_shutdown_exit, 0, 0, 0 },
};

static const struct directive *
find(const char *word)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++)
		if (!strcmp(word, directives[i].word))
			return &directives[i];
	return NULL;
}

static void
take_line(struct reading *reading)
{
	const struct words *line = reading->line;
	const struct directive *directive = find(line->word[0]);

	/* A word of some other NUT release must not leave the host unprotected: warn and go on. */
	if (!directive)
		conffile_warn(reading->file, reading->faults, "no such directive, ignored: %s",
		    line->word[0]);
	else if (line->len < directive->min || line->len > directive->max)
		fault(reading, "%s takes %zu words behind it%s", directive->word,
		    directive->min - 1, directive->max > directive->min ? " or more" : "");
	else if (line->eight_bit && directive->take != take_notify_message)
		fault(reading, "bytes outside ASCII are not allowed in %s", directive->word);
	else
		directive->take(reading, directive);
}

bool
monconf_can_shut_down(
    const struct monconf *conf, const char *command, const char *flag, struct faults *faults)
{
	bool primary = false, can = true;

	for (size_t i = 0; i < conf->monitors_len; i++)
		primary = primary || conf->monitors[i].primary;
	if (conf->min_supplies && !command) {
		faults_add(
		    faults, conf->path, 0, "no SHUTDOWNCMD: this host could not be shut down");
		can = false;
	}
	if (primary && !flag) {
		faults_add(faults, conf->path, 0,
		    "no POWERDOWNFLAG: a primary needs it to have the UPS switched off at the end");
		can = false;
	}
	return can;
}

/* What only the whole file shows. */
static void
check_whole(const struct monconf *conf, struct faults *faults)
{
	long sum = 0;
	bool anybody_told = false;

	for (size_t i = 0; i < conf->monitors_len; i++)
		sum += (long)conf->monitors[i].power_value;
	for (size_t i = 0; i < NOTIFY_TYPES; i++)
		anybody_told = anybody_told || conf->notify[i].flags & NOTIFY_EXEC;
	if (!conf->monitors_len && conf->min_supplies)
		faults_add(faults, conf->path, 0, "no MONITOR line: there is nothing to watch");
	else if (sum < conf->min_supplies)
		faults_add(faults, conf->path, 0,
		    "the power values add up to %ld, less than MINSUPPLIES %ld: this host would "
		    "have to "
		    "shut down at once",
		    sum, conf->min_supplies);
	monconf_can_shut_down(conf, conf->shutdown_cmd, conf->powerdown_flag, faults);
	if (anybody_told && !conf->notify_cmd.words)
		faults_warn(
		    faults, conf->path, 0, "NOTIFYFLAG says EXEC, but there is no NOTIFYCMD");
	if (conf->deadtime_s < conf->pollfreq_s || conf->deadtime_s < conf->pollfreqalert_s)
		faults_warn(faults, conf->path, 0,
		    "DEADTIME %ld is shorter than the time between two polls", conf->deadtime_s);
}

static struct monconf *
with_defaults(const char *path)
{
	struct monconf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	*conf = (struct monconf){
		.path = strdup(path),
		.min_supplies = 1,
		.pollfreq_s = 5,
		.pollfreqalert_s = 5,
		.hostsync_s = 15,
		.deadtime_s = 15,
		.finaldelay_s = 5,
		.rbwarntime_s = 43200,
		.nocommwarntime_s = 300,
		.offduration_s = 30,
		.overduration_s = -1,
		.oblbduration_s = 0,
		.pollfail_log_throttle = -1,
		.alarm_critical = true,
		.shutdown_exit = true,
		.debug_min = -1,
	};
	for (size_t i = 0; i < NOTIFY_TYPES; i++)
		conf->notify[i].flags = NOTIFY_FLAGS_DEFAULT;
	if (!conf->path) {
		free(conf);
		return NULL;
	}
	return conf;
}

struct monconf *
monconf_from(struct conffile *file, struct faults *faults)
{
	struct monconf *conf = with_defaults(conffile_path(file));
	size_t faults_before = faults->faults;
	struct words line;

	if (!conf) {
		faults_add(faults, conffile_path(file), 0, "out of memory");
		return NULL;
	}
	while (conffile_next(file, &line, faults)) {
		struct reading reading = { conf, &line, file, faults };

		take_line(&reading);
	}
	check_whole(conf, faults);
	if (faults->faults > faults_before) {
		monconf_free(conf);
		return NULL;
	}
	return conf;
}

struct monconf *
monconf_read(const char *path, bool allow_open, struct faults *faults)
{
	size_t faults_before = faults->faults;
	struct conffile *file = conffile_read(path, faults);
	struct monconf *conf;

	if (!file)
		return NULL;
	conffile_check_secret(file, allow_open, faults);
	conf = monconf_from(file, faults);
	conffile_close(file);
	if (conf)
		conf->open_files = allow_open;
	if (faults->faults > faults_before) {
		monconf_free(conf);
		return NULL;
	}
	return conf;
}

/* ---- TLS ---- */

struct monconf_tls
monconf_tls(const struct monconf *conf, const struct ups_at *at)
{
	struct monconf_tls tls = { .verify = conf->cert_verify, .force = conf->force_ssl };

	/* Of two CERTHOSTs for one host the later counts, as in NUT. */
	for (size_t i = 0; i < conf->hosts_len; i++) {
		const struct monconf_host *host = &conf->hosts[i];

		if (!strcasecmp(host->host, at->host) && (!host->port || host->port == at->port))
			tls = (struct monconf_tls){ host->name, host->verify, host->force };
	}
	return tls;
}

struct tls_settings
monconf_tls_settings(const struct monconf *conf, bool verify)
{
	return (struct tls_settings){
		.cert_file = conf->cert_file,
		.cert_path = conf->cert_path,
		.ident_name = conf->cert_ident,
		.ident_password = conf->cert_password,
		.verify = verify,
		.open_key_file = conf->open_files,
	};
}

/* Two monitors that verify share their keys.  Where nothing is to be read, each client does for
 * itself, and only once its upsd says OK STARTTLS. */
static bool
read_keys(struct monconf *conf, bool verify, struct faults *faults)
{
	struct tls_settings settings = monconf_tls_settings(conf, verify);
	char *why = NULL;

	if (conf->keys[verify] || (!verify && !conf->cert_file && !conf->cert_ident))
		return true;
	conf->keys[verify] = tls_client_new(&settings, &why);
	if (!conf->keys[verify])
		faults_add(faults, conf->path, 0, "TLS is configured but cannot be used: %s",
		    why ? why : "out of memory");
	free(why);
	return conf->keys[verify];
}

bool
monconf_read_keys(struct monconf *conf, struct faults *faults)
{
	for (size_t i = 0; i < conf->monitors_len; i++) {
		struct monconf_tls tls = monconf_tls(conf, &conf->monitors[i].at);

		if (tls.force && !tls_available()) {
			faults_add(faults, conf->path, conf->monitors[i].line,
			    "FORCESSL, but this build has no TLS: it would never be connected");
			return false;
		}
		if (!read_keys(conf, tls.verify, faults))
			return false;
	}
	return true;
}

char *
monconf_read_flag(const char *path)
{
	struct conffile *file = conffile_open(path);
	struct faults faults = { 0 };
	struct words line;
	char *flag = NULL;

	while (file && conffile_next(file, &line, &faults))
		if (line.len == 2 && !strcmp(line.word[0], "POWERDOWNFLAG")) {
			free(flag);
			flag = strdup(line.word[1]);
		}
	faults_free(&faults);
	conffile_close(file);
	return flag;
}

void
monconf_free(struct monconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->monitors_len; i++)
		free_monitor(&conf->monitors[i]);
	for (size_t i = 0; i < conf->hosts_len; i++) {
		free(conf->hosts[i].host);
		free(conf->hosts[i].name);
	}
	for (size_t i = 0; i < NOTIFY_TYPES; i++)
		free(conf->notify[i].message);
	free(conf->monitors);
	free(conf->hosts);
	free(conf->shutdown_cmd);
	free(conf->powerdown_flag);
	free(conf->run_as_user);
	free_words(conf->notify_cmd.words);
	free(conf->cert_path);
	free(conf->cert_file);
	free(conf->cert_ident);
	words_free_secret(conf->cert_password);
	tls_free(conf->keys[false]);
	tls_free(conf->keys[true]);
	free(conf->path);
	free(conf);
}
