/* drvconf.c - the command line and ups.conf of one driver. */
#include "drivers/core/drvconf.h"

#include "drivers/core/usb.h"
#include "ups/upsconf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Keys any driver takes in its section.  A running driver can change those marked LIVE. */
static const struct common_key {
	const char *name;
	bool flag, live, other; /* OTHER: upsd's or upsdrvctl's business */
	const char *help;
} common_keys[] = {
	{ "driver", false, false, true, NULL },
	{ "port", false, false, false, "Device file, or what the driver's page says" },
	{ "desc", false, true, true, NULL },
	{ "sdorder", false, true, true, NULL },
	{ "sdcommands", false, true, true, NULL },
	{ "maxretry", false, true, true, NULL },
	{ "retrydelay", false, true, true, NULL },
	{ "nowait", true, true, true, NULL },
	{ "maxstartdelay", false, true, false, "Seconds the first identification may take" },
	{ "pollinterval", false, true, false, "Seconds between two polls (default 2)" },
	{ "staletime", false, true, false,
	    "Seconds data may miss after they were due (default 10, at most 13)" },
	{ "synchronous", false, true, false, "Accepted for NUT's sake; the socket never blocks" },
	{ "user", false, false, false, "Run as this user (when started as root)" },
	{ "group", false, false, false, "Group of the driver's socket" },
	{ "debug_min", false, true, false, "Least debug level" },
	{ "ignorelb", true, true, false,
	    "Low battery is computed from battery.charge and battery.runtime" },
	{ "allow_killpower", false, false, false,
	    "Whether driver.killpower is obeyed (default 0)" },
	{ "nolock", true, false, false, "Accepted for NUT's sake; a device is always locked" },
	{ NULL, false, false, false, NULL },
};

static const struct common_key *
common_key(const char *name)
{
	for (const struct common_key *key = common_keys; key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

static const struct driver_option *
own_key(const struct driver *driver, const char *name)
{
	for (const struct driver_option *key = driver->options; key && key->name; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

const char *
drvconf_variable(const struct drvconf_value *value, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(value->key, prefix, len) == 0 ? value->key + len : NULL;
}

/* Either of "default.x" and "override.x": the x. */
static const char *
fixed_variable(const struct drvconf_value *value)
{
	const char *name = drvconf_variable(value, "default.");

	return name ? name : drvconf_variable(value, "override.");
}

bool
drvconf_is_foreign(const char *key)
{
	const struct common_key *common = common_key(key);

	return common && common->other;
}

bool
drvconf_is_secret(const char *key)
{
	/* Not "pass": what has to do with bypass is no secret. */
	static const char *const parts[] = { "password", "passwd", "passphrase", "secret",
		"community", "privkey", "authkey", "token" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcasestr(key, parts[i]))
			return true;
	return false;
}

/* --- the command line -------------------------------------------------------------------- */

static bool
set_task(struct drvconf_args *args, enum drvconf_task task)
{
	if (args->task != DRVCONF_RUN && args->task != task)
		return false;
	args->task = task;
	return true;
}

static const char *
take_command(struct drvconf_args *out, const char *value)
{
	static const char *const known[] = { "reload", "reload-or-error", "reload-or-exit",
		"exit" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], value) == 0) {
			out->command = known[i];
			return set_task(out, DRVCONF_COMMAND)
				   ? NULL
				   : "cannot be combined with the other options";
		}
	return "no such command; there are reload, reload-or-error, reload-or-exit and exit";
}

/* An option with a value. */
static const char *
take_value(struct drvconf_args *out, char letter, const char *value)
{
	long number;

	switch (letter) {
	case 'a':
	case 's':
		if (out->ups_name)
			return "give one of -a and -s, once";
		if (!words_is_name(value))
			return "not a UPS name (letters, digits, . _ -)";
		out->ups_name = value;
		out->no_file = letter == 's';
		return NULL;
	case 'c':
		return take_command(out, value);
	case 'd':
		if (!conffile_number(value, 1, 1000000, &number))
			return "not a number of updates (1 or more)";
		out->dump_rounds = (int)number;
		return NULL;
	case 'i':
		return conffile_number(value, 1, 3600, &out->poll_seconds)
			   ? NULL
			   : "not a poll interval (1 to 3600 seconds)";
	case 'P':
		return conffile_number(value, 2, 1L << 30, &out->command_pid) ? NULL : "not a pid";
	case 'g':
		out->group = value;
		return NULL;
	case 'r':
		out->chroot = value;
		return NULL;
	case 'u':
		out->user = value;
		return NULL;
	default: /* x */
		((const char **)out->settings)[out->settings_len++] = value;
		return NULL;
	}
}

/* An option without a value. */
static const char *
take_flag(struct drvconf_args *out, char letter)
{
	switch (letter) {
	case 'B':
		if (out->foreground > 0)
			return "-F and -B contradict each other";
		out->foreground = -1;
		return NULL;
	case 'D':
		out->debug++;
		return NULL;
	case 'F':
		if (out->foreground < 0)
			return "-F and -B contradict each other";
		out->foreground++;
		return NULL;
	case 'q':
		out->quiet++;
		return NULL;
	case 'h':
		out->task = DRVCONF_HELP;
		return NULL;
	case 'V':
		out->task = DRVCONF_VERSION;
		return NULL;
	case 'L':
		out->task = DRVCONF_LIST_OPTIONS;
		return NULL;
	case 'k':
		return set_task(out, DRVCONF_SHUTDOWN)
			   ? NULL
			   : "cannot be combined with the other options";
	default:
		return "no such option; -h lists them";
	}
}

const char *
drvconf_args_parse(struct drvconf_args *out, int argc, char *const *argv, const char **where)
{
	memset(out, 0, sizeof(*out));
	*where = argv[0];
	if (!(out->settings = calloc((size_t)argc + 1, sizeof(char *))))
		return "out of memory";
	for (int i = 1; i < argc; i++) {
		const char *word = *where = argv[i], *error;

		if (word[0] != '-' || !word[1])
			return "not an option; -h lists them";
		if (!strcmp(word, "--list-ids")) {
			out->task = DRVCONF_LIST_IDS;
			return NULL;
		}
		for (const char *letter = word + 1; *letter; letter++) {
			if (strchr("asxdigurcP", *letter)) {
				const char *value = letter[1] ? letter + 1 : argv[++i];

				if (!value)
					return "needs a value";
				if ((error = take_value(out, *letter, value)))
					return error;
				break;
			}
			if ((error = take_flag(out, *letter)))
				return error;
		}
		if (out->task == DRVCONF_HELP || out->task == DRVCONF_VERSION ||
		    out->task == DRVCONF_LIST_OPTIONS)
			return NULL;
	}
	*where = "-a";
	if (!out->ups_name)
		return "is needed: which UPS of ups.conf (or -s, to give all by -x)";
	return NULL;
}

void
drvconf_args_free(struct drvconf_args *args)
{
	free((void *)args->settings);
	args->settings = NULL;
}

/* --- values ------------------------------------------------------------------------------ */

static bool
add_value(struct drvconf *conf, const char *key, const char *value, const char *path, unsigned line)
{
	struct drvconf_value *more = realloc(conf->values, (conf->len + 1) * sizeof(*more));

	if (!more)
		return false;
	conf->values = more;
	more += conf->len++;
	*more = (struct drvconf_value){ .key = strdup(key),
		.value = strdup(value ? value : ""),
		.path = strdup(path),
		.line = line,
		.flag = !value };
	return more->key && more->value && more->path;
}

const struct drvconf_value *
drvconf_find(const struct drvconf *conf, const char *key)
{
	const struct drvconf_value *found = NULL;

	/* The file's come first, then those of -x: the last one counts. */
	for (size_t i = 0; i < conf->len; i++)
		if (strcmp(conf->values[i].key, key) == 0)
			found = &conf->values[i];
	return found;
}

static void
fault_at(struct faults *faults, const struct drvconf_value *value, const char *what)
{
	faults_add(faults, value->path, value->line, "%s: %s", value->key, what);
}

/* allow_killpower alone is what people write, and NUT takes it for yes; the other one is so
 * documented. */
static bool
may_stand_alone(const char *key)
{
	return strcmp(key, "allow_killpower") == 0 || strcmp(key, "usb_set_altinterface") == 0;
}

/* Is KEY known, and is a value there where one is needed? */
static void
check_key(const struct driver *driver, const struct drvconf_value *value, struct faults *faults)
{
	const struct common_key *common = common_key(value->key);
	const struct driver_option *own = own_key(driver, value->key);
	const char *variable = fixed_variable(value);

	if (variable) {
		if (!words_is_name(variable) || strncmp(variable, "driver.", 7) == 0)
			fault_at(faults, value, "not a variable that can be given here");
		return;
	}
	if (!common && !own) {
		faults_add(faults, value->path, value->line,
		    "%s: not an option of %s; %s -h lists them", value->key, driver->name,
		    driver->name);
		return;
	}
	if (!(own ? own->flag : common->flag) && value->flag && !may_stand_alone(value->key))
		fault_at(faults, value, "needs a value");
}

static long
number_of(const struct drvconf *conf, const struct upsconf *file, const char *key, long min,
    long max, long fallback, struct faults *faults)
{
	const struct drvconf_value *value = drvconf_find(conf, key);
	const char *global = file ? upsconf_global(file, key) : NULL;
	long number;

	if (value && conffile_number(value->value, min, max, &number))
		return number;
	if (value) {
		faults_add(faults, value->path, value->line, "%s: not a number from %ld to %ld",
		    key, min, max);
		return fallback;
	}
	if (global && conffile_number(global, min, max, &number))
		return number;
	return fallback;
}

static char *
text_of(const struct drvconf *conf, const struct upsconf *file, const char *key, const char *arg)
{
	const struct drvconf_value *value = drvconf_find(conf, key);
	const char *text = arg	   ? arg
			   : value ? value->value
			   : file  ? upsconf_global(file, key)
				   : NULL;

	return text && *text ? strdup(text) : NULL;
}

/* The values the core itself looks at. */
static void
take_common(struct drvconf *conf, const struct drvconf_args *args, const struct upsconf *file,
    struct faults *faults)
{
	const struct drvconf_value *kill = drvconf_find(conf, "allow_killpower");
	const struct drvconf_value *port = drvconf_find(conf, "port");

	conf->poll_ms = 1000 * number_of(conf, file, "pollinterval", 1, 3600, 2, faults);
	if (args->poll_seconds)
		conf->poll_ms = 1000 * args->poll_seconds;
	conf->stale_ms =
	    1000 * number_of(conf, NULL, "staletime", 1, 13, DRVCONF_STALE_MS / 1000, faults);
	conf->start_s = number_of(conf, file, "maxstartdelay", 1, 3600, DRVCONF_START_S, faults);
	conf->debug_min = (int)number_of(conf, file, "debug_min", 0, 99, 0, faults);
	conf->debug_args = args->debug;
	conf->ignorelb = drvconf_find(conf, "ignorelb") != NULL;
	if (kill && kill->flag)
		conf->allow_killpower = true;
	else if (kill && !conffile_bool(kill->value, &conf->allow_killpower))
		fault_at(faults, kill, "write yes or no");
	conf->user = text_of(conf, file, "user", args->user);
	conf->group = text_of(conf, file, "group", args->group);
	conf->chroot = text_of(conf, file, "chroot", args->chroot);
	conf->statepath = file ? text_of(conf, file, "statepath", NULL) : NULL;
	if (port)
		conf->port = strdup(port->value);
	else
		faults_add(faults, args->no_file ? "-s" : args->ups_name, 0,
		    "port: not given; it is needed");
}

static void
add_section(struct drvconf *conf, const struct driver *driver, const struct upsconf *file,
    struct faults *faults)
{
	const struct upsconf_ups *ups = upsconf_find(file, conf->ups_name);
	const char *name = ups ? upsconf_get(ups, "driver") : NULL;

	if (!ups) {
		faults_add(faults, file->path, 0, "there is no section [%s]", conf->ups_name);
		return;
	}
	if (name && strcmp(name, driver->name) != 0)
		faults_add(faults, file->path, ups->line, "[%s] wants the driver %s, this is %s",
		    ups->name, name, driver->name);
	for (size_t i = 0; i < ups->len; i++)
		if (!add_value(conf, ups->values[i].key, ups->values[i].value, file->path,
			ups->values[i].line))
			faults_add(faults, file->path, 0, "out of memory");
}

static void
add_settings(struct drvconf *conf, const struct drvconf_args *args, struct faults *faults)
{
	for (size_t i = 0; i < args->settings_len; i++) {
		char *key = strdup(args->settings[i]), *equal = key ? strchr(key, '=') : NULL;

		if (equal)
			*equal = '\0';
		if (!key || !add_value(conf, key, equal ? equal + 1 : NULL, "-x", 0))
			faults_add(faults, "-x", 0, "out of memory");
		free(key);
	}
}

static char *
folder(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
}

struct drvconf *
drvconf_read(const struct driver *driver, const struct drvconf_args *args, const char *path,
    struct faults *faults)
{
	struct drvconf *conf = calloc(1, sizeof(*conf));
	struct upsconf *file = NULL;

	if (!conf || !(conf->ups_name = strdup(args->ups_name)) || !(conf->dir = folder(path))) {
		faults_add(faults, path, 0, "out of memory");
		goto out;
	}
	if (!args->no_file) {
		if (!(file = upsconf_read(path, faults)))
			goto out;
		if (args->task == DRVCONF_SHUTDOWN)
			faults_forgive(faults); /* another UPS's section keeps no UPS on */
		add_section(conf, driver, file, faults);
	}
	add_settings(conf, args, faults);
	if (faults->faults)
		goto out;
	for (size_t i = 0; i < conf->len; i++)
		check_key(driver, &conf->values[i], faults);
	take_common(conf, args, file, faults);
out:
	upsconf_free(file);
	if (!faults->faults)
		return conf;
	drvconf_free(conf);
	return NULL;
}

static void
free_value(struct drvconf_value *value)
{
	free(value->key);
	words_free_secret(value->value); /* as some are */
	free(value->path);
}

void
drvconf_free(struct drvconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->len; i++)
		free_value(&conf->values[i]);
	free(conf->values);
	free(conf->ups_name);
	free(conf->port);
	free(conf->dir);
	free(conf->user);
	free(conf->group);
	free(conf->chroot);
	free(conf->statepath);
	free(conf);
}

/* May a running driver change it? */
static bool
is_live(const struct drvconf_value *value)
{
	const struct common_key *common = common_key(value->key);

	return fixed_variable(value) || (common && common->live);
}

int
drvconf_debug(const struct drvconf *conf)
{
	return conf->debug_min > conf->debug_args ? conf->debug_min : conf->debug_args;
}

/* A key of A whose value in B is another, or is not there. */
static const char *
differs(const struct drvconf *a, const struct drvconf *b)
{
	for (size_t i = 0; i < a->len; i++) {
		const char *key = a->values[i].key;
		const struct drvconf_value *ours = drvconf_find(a, key);
		const struct drvconf_value *theirs = drvconf_find(b, key);

		if (is_live(&a->values[i]))
			continue;
		if (!theirs || theirs->flag != ours->flag ||
		    strcmp(theirs->value, ours->value) != 0)
			return key;
	}
	return NULL;
}

const char *
drvconf_fixed_change(const struct drvconf *a, const struct drvconf *b)
{
	const char *key = differs(a, b);

	return key ? key : differs(b, a);
}

void
drvconf_adopt(struct drvconf *conf, struct drvconf *newer)
{
	size_t kept = 0, live = 0;
	struct drvconf_value *values = calloc(conf->len + newer->len + 1, sizeof(*values));

	if (!values)
		return;
	for (size_t i = 0; i < conf->len; i++)
		if (is_live(&conf->values[i]))
			free_value(&conf->values[i]);
		else
			values[kept++] = conf->values[i];
	for (size_t i = 0; i < newer->len; i++)
		if (is_live(&newer->values[i]))
			values[kept++] = newer->values[i];
		else
			newer->values[live++] = newer->values[i];
	free(conf->values);
	conf->values = values;
	conf->len = kept;
	newer->len = live;
	conf->poll_ms = newer->poll_ms;
	conf->stale_ms = newer->stale_ms;
	conf->debug_min = newer->debug_min;
	conf->ignorelb = newer->ignorelb;
}

/* --- -h and -L --------------------------------------------------------------------------- */

static const char usage[] =
    "usage: %s (-a <id>|-s <id>) [options]\n"
    "  -a <id>      take the section [id] of ups.conf; -x afterwards overrides it\n"
    "  -s <id>      read no ups.conf: all comes from -x, at least -x port=<port>\n"
    "  -x key=val   set an option (-x flag for one without value)\n"
    "  -k           have the UPS cut the power\n"
    "  -c <cmd>     tell the running driver: reload, reload-or-error, reload-or-exit, exit\n"
    "  -P <pid>     with -c: by a signal to that process\n"
    "  -d <count>   print all variables after <count> updates, and exit\n"
    "  -i <secs>    poll interval\n"
    "  -D           more debug messages (each time), and stay in the foreground\n"
    "  -F, -FF      stay in the foreground; -FF with a pid file\n"
    "  -B           go to the background even with -D or -d\n"
    "  -q           fewer log messages (each time)\n"
    "  -r <dir>     chroot to <dir>\n"
    "  -u <user>    run as <user> (when started as root)\n"
    "  -g <group>   group of the driver's socket\n"
    "  -L           list the options for programs, -V version, -h this help\n"
    "  --list-ids   list the USB devices that it knows: vendor, product\n\n"
    "Options for -x and ups.conf:\n";

void
drvconf_print_help(const struct driver *driver)
{
	printf(usage, driver->name);
	for (const struct driver_option *key = driver->options; key && key->name; key++)
		printf("  %s%s\n      %s\n", key->name, key->flag ? "" : "=<value>", key->help);
	for (const struct common_key *key = common_keys; key->name; key++)
		if (!key->other)
			printf("  %s%s\n      %s\n", key->name, key->flag ? "" : "=<value>",
			    key->help);
	printf("  default.<variable>=<value>\n      Its value while the device gives none\n"
	       "  override.<variable>=<value>\n      Its value whatever the device says\n");
}

void
drvconf_print_options(const struct driver *driver)
{
	for (const struct driver_option *key = driver->options; key && key->name; key++)
		printf("%s %s \"%s\"\n", key->flag ? "FLAG" : "VALUE", key->name, key->help);
}

void
drvconf_print_ids(const struct driver *driver)
{
	for (const struct usb_known *known = driver->usb; known && known->vendor; known++)
		if (known->product == -1)
			printf("%04x *\n", known->vendor);
		else
			printf("%04x %04x\n", known->vendor, (unsigned)known->product);
}
