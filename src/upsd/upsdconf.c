#include "upsd/upsdconf.h"

#include "ups/paths.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct upsdconf *
upsdconf_new(const struct upsdconf_source *source)
{
	struct upsdconf *conf = calloc(1, sizeof(*conf));

	if (!conf)
		return NULL;
	conf->max_age_s = 15;
	conf->tracking_delay_s = 3600;
	conf->debug_min = -1;
	conf->state_path = strdup(source->state_path);
	conf->data_path = strdup(source->data_path);
	conf->users = users_new();
	conf->access = access_new();
	conf->descriptions = descriptions_new();
	if (!conf->state_path || !conf->data_path || !conf->users || !conf->access ||
	    !conf->descriptions) {
		upsdconf_free(conf);
		return NULL;
	}
	return conf;
}

void
upsdconf_free(struct upsdconf *conf)
{
	if (!conf)
		return;
	for (size_t i = 0; i < conf->listens_len; i++)
		free(conf->listens[i].host);
	free(conf->listens);
	free(conf->state_path);
	free(conf->data_path);
	free(conf->cert_file);
	free(conf->cert_path);
	free(conf->cert_ident_name);
	words_free_secret(conf->cert_ident_password);
	tls_free(conf->tls);
	for (size_t i = 0; i < conf->upses_len; i++) {
		free(conf->upses[i].desc);
		free(conf->upses[i].path);
	}
	free(conf->upses);
	upsconf_free(conf->upsconf);
	users_free(conf->users);
	access_free(conf->access);
	descriptions_free(conf->descriptions);
	free(conf);
}

/* Reading upsd.conf: what a directive's function sees. */
struct reader {
	struct upsdconf *conf;
	const struct upsdconf_source *source;
	struct conffile *file;
	struct faults *faults;
	unsigned tls_line; /* the last that has a say in TLS; 0: none */
};

#define fault(reader, ...)                                                                         \
	faults_add((reader)->faults, conffile_path((reader)->file), conffile_line((reader)->file), \
	    __VA_ARGS__)
#define warning(reader, ...)                                                                       \
	faults_warn((reader)->faults, conffile_path((reader)->file),                               \
	    conffile_line((reader)->file), __VA_ARGS__)

static bool
add_listen(struct upsdconf *conf, const char *host, uint16_t port, unsigned line)
{
	struct upsdconf_listen *grown =
	    reallocarray(conf->listens, conf->listens_len + 1, sizeof(*grown));

	if (!grown)
		return false;
	conf->listens = grown;
	grown += conf->listens_len;
	*grown = (struct upsdconf_listen){ .host = strdup(host), .port = port, .line = line };
	if (!grown->host)
		return false;
	conf->listens_len++;
	return true;
}

/* What is wrong with HOST as the address of a LISTEN line; NULL: nothing. */
static const char *
host_fault(const char *host)
{
	struct addr addr;

	if (!strcmp(host, "*") || addr_parse(&addr, host, 0))
		return NULL;
	if (strchr(host, '/'))
		return "is not one address but a block; write the address alone";
	if (strchr(host, ':'))
		return "is not an address; write the port as a word of its own";
	if (!*host || strlen(host) > 255 ||
	    host[strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")])
		return "is neither an address nor a host name";
	if (!host[strspn(host, "0123456789.")])
		return "is not an IPv4 address";
	return NULL;
}

static void
take_listen(struct reader *reader, char **value, size_t len)
{
	uint16_t port = reader->source->port;
	const char *why = host_fault(value[0]);

	if (why)
		fault(reader, "LISTEN %s: %s", value[0], why);
	else if (len == 2 && !addr_port_parse(value[1], &port))
		fault(
		    reader, "LISTEN %s %s: a port is a number from 1 to 65535", value[0], value[1]);
	else if (!add_listen(reader->conf, value[0], port, conffile_line(reader->file)))
		fault(reader, "out of memory");
}

static void
take_number(struct reader *reader, const char *text, long min, long max, long *out)
{
	if (!conffile_number(text, min, max, out))
		fault(reader, "%s is not a number from %ld to %ld", text, min, max);
}

static void
take_bool(struct reader *reader, const char *text, bool *out)
{
	if (!conffile_bool(text, out))
		fault(reader, "%s is neither yes nor no", text);
}

static void
take_text(struct reader *reader, const char *text, char **out)
{
	char *copy = strdup(text);

	if (!*text)
		fault(reader, "the value is empty");
	if (!copy)
		fault(reader, "out of memory");
	free(*out);
	*out = copy;
}

static void
take_max_age(struct reader *reader, char **value, size_t len)
{
	take_number(reader, value[0], 1, 86400, &reader->conf->max_age_s);
}

static void
take_tracking_delay(struct reader *reader, char **value, size_t len)
{
	take_number(reader, value[0], 1, 30L * 86400, &reader->conf->tracking_delay_s);
}

static void
take_max_conn(struct reader *reader, char **value, size_t len)
{
	take_number(reader, value[0], 1, 1000000, &reader->conf->max_conn);
}

static void
take_debug_min(struct reader *reader, char **value, size_t len)
{
	take_number(reader, value[0], 0, 100, &reader->conf->debug_min);
}

static void
take_allow_no_device(struct reader *reader, char **value, size_t len)
{
	take_bool(reader, value[0], &reader->conf->allow_no_device);
}

/* Ours serves with the listeners it gets in any case and waits for the others. */
static void
take_allow_not_all(struct reader *reader, char **value, size_t len)
{
	take_bool(reader, value[0], &reader->conf->allow_not_all_listeners);
}

static void
take_folder(struct reader *reader, const char *text, char **out)
{
	if (*text != '/')
		fault(reader, "%s is not a path from the root", text);
	else
		take_text(reader, text, out);
}

static void
take_state_path(struct reader *reader, char **value, size_t len)
{
	if (!reader->source->state_path_wins)
		take_folder(reader, value[0], &reader->conf->state_path);
}

static void
take_data_path(struct reader *reader, char **value, size_t len)
{
	take_folder(reader, value[0], &reader->conf->data_path);
}

static void
take_cert_file(struct reader *reader, char **value, size_t len)
{
	reader->tls_line = conffile_line(reader->file);
	take_text(reader, value[0], &reader->conf->cert_file);
}

static void
take_cert_path(struct reader *reader, char **value, size_t len)
{
	take_text(reader, value[0], &reader->conf->cert_path);
}

static void
take_cert_ident(struct reader *reader, char **value, size_t len)
{
	reader->tls_line = conffile_line(reader->file);
	free(reader->conf->cert_ident_name);
	words_free_secret(reader->conf->cert_ident_password);
	reader->conf->cert_ident_name = strdup(value[0]); /* "": any */
	reader->conf->cert_ident_password = strdup(value[1]);
	if (!reader->conf->cert_ident_name || !reader->conf->cert_ident_password)
		fault(reader, "out of memory");
}

static void
take_cert_request(struct reader *reader, char **value, size_t len)
{
	static const char *const words[] = { "NO", "REQUEST", "REQUIRE" };

	reader->tls_line = conffile_line(reader->file);
	for (long i = 0; i < 3; i++)
		if (!strcasecmp(value[0], words[i]) ||
		    (value[0][0] == '0' + (char)i && !value[0][1])) {
			reader->conf->cert_request = i;
			return;
		}
	fault(reader, "CERTREQUEST is NO, REQUEST or REQUIRE, not %s", value[0]);
}

/* Whatever it says, we speak nothing weak. */
static void
take_disable_weak_ssl(struct reader *reader, char **value, size_t len)
{
	bool disable = true;

	take_bool(reader, value[0], &disable);
	if (!disable)
		warning(reader, "DISABLE_WEAK_SSL %s: TLS before 1.2 stays disabled all the same",
		    value[0]);
}

static void
take_force_ssl(struct reader *reader, char **value, size_t len)
{
	reader->tls_line = conffile_line(reader->file);
	take_bool(reader, value[0], &reader->conf->force_ssl);
}

static const struct directive {
	const char *word;
	size_t min, max; /* values */
	void (*take)(struct reader *reader, char **value, size_t len);
	const char *shape;
} directives[] = {
	{ "LISTEN", 1, 2, take_listen, "an address and perhaps a port" },
	{ "MAXAGE", 1, 1, take_max_age, "a number of seconds" },
	{ "TRACKINGDELAY", 1, 1, take_tracking_delay, "a number of seconds" },
	{ "MAXCONN", 1, 1, take_max_conn, "a number of connections" },
	{ "DEBUG_MIN", 1, 1, take_debug_min, "a level" },
	{ "ALLOW_NO_DEVICE", 1, 1, take_allow_no_device, "yes or no" },
	{ "ALLOW_NOT_ALL_LISTENERS", 1, 1, take_allow_not_all, "yes or no" },
	{ "STATEPATH", 1, 1, take_state_path, "a folder" },
	{ "DATAPATH", 1, 1, take_data_path, "a folder" },
	{ "CERTFILE", 1, 1, take_cert_file, "a file" },
	{ "CERTPATH", 1, 1, take_cert_path, "a file or folder" },
	{ "CERTIDENT", 2, 2, take_cert_ident, "a name and a password" },
	{ "CERTREQUEST", 1, 1, take_cert_request, "NO, REQUEST or REQUIRE" },
	{ "DISABLE_WEAK_SSL", 1, 1, take_disable_weak_ssl, "yes or no" },
	{ "FORCESSL", 1, 1, take_force_ssl, "yes or no" },
};

static const struct directive *
find_directive(const char *word)
{
	for (size_t i = 0; i < sizeof(directives) / sizeof(*directives); i++) {
		const struct directive *directive = &directives[i];

		if (!strcmp(directive->word, word) ||
		    (directive->take == take_debug_min && !strcasecmp(directive->word, word)))
			return directive;
	}
	return NULL;
}

static void
take_line(struct reader *reader, struct words *words)
{
	const struct directive *directive = find_directive(words->word[0]);

	if (access_is_directive(words->word[0]))
		access_add(reader->conf->access, words, conffile_path(reader->file),
		    conffile_line(reader->file), reader->faults);
	else if (!directive)
		fault(reader, "no such directive: %s", words->word[0]);
	else if (words->eight_bit)
		fault(reader, "%s: a byte outside ASCII", directive->word);
	else if (words->len - 1 < directive->min || words->len - 1 > directive->max)
		fault(reader, "%s takes %s", directive->word, directive->shape);
	else
		directive->take(reader, words->word + 1, words->len - 1);
}

static void
start_tls(struct reader *reader)
{
	struct upsdconf *conf = reader->conf;
	const char *path = conffile_path(reader->file);
	char *why = NULL;
	struct tls_settings settings = {
		.cert_file = conf->cert_file,
		.cert_path = conf->cert_path,
		.ident_name = conf->cert_ident_name,
		.ident_password = conf->cert_ident_password,
		.request_client = (enum tls_request)conf->cert_request,
		.open_key_file = reader->source->allow_open_files,
	};

	/* CERTPATH alone only says whom we would trust. */
	conf->wants_tls = conf->cert_file || conf->cert_ident_name || conf->cert_request;
	if (conf->force_ssl && !conf->wants_tls)
		faults_add(reader->faults, path, reader->tls_line,
		    "FORCESSL without CERTFILE: nobody could log in");
	if (!conf->wants_tls || reader->source->keys_later)
		return;
	conf->tls = tls_server_new(&settings, &why);
	if (!conf->tls)
		faults_add(reader->faults, path, reader->tls_line,
		    "TLS is configured but cannot be used: %s", why ? why : "out of memory");
	free(why);
}

void
upsdconf_parse(struct upsdconf *conf, struct conffile *file, const struct upsdconf_source *source,
    struct faults *faults)
{
	struct reader reader = { .conf = conf, .source = source, .file = file, .faults = faults };
	struct words words;
	bool allow;

	while (conffile_next(file, &words, faults))
		take_line(&reader, &words);
	if (source->allow_no_device && conffile_bool(source->allow_no_device, &allow))
		conf->allow_no_device = allow;
	if (!conf->listens_len && (!add_listen(conf, "127.0.0.1", source->port, 0) ||
				      !add_listen(conf, "::1", source->port, 0)))
		faults_add(faults, conffile_path(file), 0, "out of memory");
	start_tls(&reader);
}

/* What the lint asks of the LISTEN lines; a name may be any address of either family. */
static void
look_at_listens(const struct upsdconf *conf, struct access_sockets *out)
{
	struct addr addr;

	for (size_t i = 0; i < conf->listens_len; i++) {
		const struct upsdconf_listen *listen = &conf->listens[i];
		bool numeric = addr_parse(&addr, listen->host, 0);

		out->listen_lines = out->listen_lines || listen->line;
		out->ipv6 = out->ipv6 || !strcmp(listen->host, "*") || strchr(listen->host, ':');
		out->other_hosts =
		    out->other_hosts || (numeric ? !addr_is_loopback(&addr)
						 : strcasecmp(listen->host, "localhost") != 0);
	}
}

void
upsdconf_finish_access(struct upsdconf *conf, const char *path, struct faults *faults)
{
	struct access_sockets sockets = { 0 };

	look_at_listens(conf, &sockets);
	access_finish(conf->access, path, &sockets, faults);
}

/* "dir/driver-ups", NULL when there is no memory. */
static char *
socket_path(const struct upsdconf *conf, const char *driver, const char *ups)
{
	struct buf path = { .max = 4096 };

	buf_add_format(&path, "%s/%s-%s", conf->state_path, driver, ups);
	return buf_steal(&path);
}

static char *
quoted(const char *text)
{
	struct buf out = { .max = 2 * WORD_LEN_MAX + 3 };

	words_quote(&out, text);
	return buf_steal(&out);
}

void
upsdconf_take_upses(struct upsdconf *conf, struct upsconf *upsconf, struct faults *faults)
{
	struct addr addr;

	conf->upsconf = upsconf;
	if (!upsconf->ups_len)
		return;
	conf->upses = calloc(upsconf->ups_len, sizeof(*conf->upses));
	if (!conf->upses) {
		faults_add(faults, upsconf->path, 0, "out of memory");
		return;
	}
	for (size_t i = 0; i < upsconf->ups_len; i++) {
		const struct upsconf_ups *from = &upsconf->ups[i];
		struct upsdconf_ups *ups = &conf->upses[conf->upses_len++];
		const char *desc = upsconf_get(from, "desc");

		ups->name = from->name;
		ups->name_len = strlen(from->name);
		ups->driver = upsconf_get(from, "driver");
		if (!ups->driver) /* reported by upsconf_read() */
			ups->driver = "";
		if (desc)
			ups->desc = quoted(desc);
		ups->path = socket_path(conf, ups->driver, ups->name);
		if (!ups->path || (desc && !ups->desc))
			faults_add(faults, upsconf->path, from->line, "out of memory");
		else if (!addr_unix(&addr, ups->path))
			faults_add(faults, upsconf->path, from->line,
			    "[%s]: the path of the driver's socket is too long: %s", ups->name,
			    ups->path);
	}
}

static char *
path_of(const char *folder, const char *name)
{
	struct buf path = { .max = 8192 };

	buf_add_format(&path, "%s/%s", folder, name);
	return buf_steal(&path);
}

/* PATH opened; a fault if that fails. */
static struct conffile *
open_file(const char *path, struct faults *faults)
{
	struct conffile *file = path ? conffile_open(path) : NULL;

	if (!file)
		faults_add(faults, path ? path : "configuration", 0, "cannot be read: %s",
		    strerror(errno));
	return file;
}

static void
read_upsd_conf(struct upsdconf *conf, const struct upsdconf_source *source, struct faults *faults)
{
	char *path = path_of(source->conf_path, "upsd.conf");
	struct conffile *file = open_file(path, faults);

	if (file) {
		/* It may hold passwords: of CERTIDENT, of ACCESS. */
		upsdconf_parse(conf, file, source, faults);
		if (conf->cert_ident_password || access_has_secret(conf->access))
			conffile_check_secret(file, source->allow_open_files, faults);
	}
	conffile_close(file);
	free(path);
}

/* Where the drivers' sockets are: the environment, ups.conf, upsd.conf, what was compiled in. */
static void
settle_state_path(
    struct upsdconf *conf, const struct upsdconf_source *source, struct faults *faults)
{
	const char *path = upsconf_global(conf->upsconf, "statepath");

	if (!path || source->state_path_wins)
		path = conf->state_path;
	if (source->state_path_now && strcmp(path, source->state_path_now) != 0) {
		faults_warn(faults, "STATEPATH", 0,
		    "changed to %s, which counts from the next start on; %s stays", path,
		    source->state_path_now);
		path = source->state_path_now;
	}
	if (path == conf->state_path)
		return;
	free(conf->state_path);
	conf->state_path = strdup(path);
}

static void
read_ups_conf(struct upsdconf *conf, const struct upsdconf_source *source, struct faults *faults)
{
	char *path = path_of(source->conf_path, "ups.conf");
	struct conffile *file = path ? conffile_open(path) : NULL;

	if (file)
		conf->upsconf = upsconf_from(file, faults);
	else if (path && errno == ENOENT && conf->allow_no_device)
		faults_warn(faults, path, 0, "there is no such file, hence no UPS");
	else
		faults_add(
		    faults, path ? path : "ups.conf", 0, "cannot be read: %s", strerror(errno));
	if (conf->upsconf) {
		settle_state_path(conf, source, faults);
		if (conf->state_path) {
			conffile_check_folder(conf->state_path, source->allow_open_files, faults);
			upsdconf_take_upses(conf, conf->upsconf, faults);
		}
		if (!conf->upsconf->ups_len && !conf->allow_no_device)
			faults_add(faults, path, 0,
			    "no UPS is defined; if that is meant, say ALLOW_NO_DEVICE yes in "
			    "upsd.conf");
	}
	if ((file && !conf->upsconf) || !conf->state_path)
		faults_add(faults, "ups.conf", 0, "out of memory");
	conffile_close(file);
	free(path);
}

/* That there is no such file is host-based mode (E5), where ACCESS lines say who may do what and
 * it was not there before (F4). */
static void
read_users(struct upsdconf *conf, const struct upsdconf_source *source, struct faults *faults)
{
	char *path = path_of(source->conf_path, "upsd.users");
	struct conffile *file = path ? conffile_open(path) : NULL;

	conf->has_users =
	    file || errno != ENOENT || source->users_now || !access_needs_table(conf->access);
	if (file) {
		conffile_check_secret(file, source->allow_open_files, faults);
		users_parse(conf->users, file, faults);
		users_finish(conf->users, path, conf->access, conf->upsconf, faults);
		if (source->users_now && !conffile_stat(file)->st_size)
			faults_add(faults, path, 0,
			    "is empty; to refuse everybody write a comment into it");
	} else if (conf->has_users) {
		faults_add(
		    faults, path ? path : "upsd.users", 0, "cannot be read: %s", strerror(errno));
	}
	conffile_close(file);
	free(path);
}

static void
read_descriptions(struct upsdconf *conf, struct faults *faults)
{
	char *path = path_of(conf->data_path, "cmdvartab");
	struct conffile *file = path ? conffile_open(path) : NULL;

	if (file)
		descriptions_parse(conf->descriptions, file, faults);
	else
		faults_warn(faults, path ? path : "cmdvartab", 0,
		    "cannot be read: %s; there will be no descriptions", strerror(errno));
	conffile_close(file);
	free(path);
}

struct upsdconf *
upsdconf_read(const struct upsdconf_source *source, struct faults *faults)
{
	struct upsdconf *conf = upsdconf_new(source);
	char *path = path_of(source->conf_path, "upsd.conf");

	if (!conf || !path) {
		faults_add(faults, "configuration", 0, "out of memory");
		upsdconf_free(conf);
		free(path);
		return NULL;
	}
	read_upsd_conf(conf, source, faults);
	read_ups_conf(conf, source, faults);
	read_users(conf, source, faults);
	upsdconf_finish_access(conf, path, faults);
	free(path);
	read_descriptions(conf, faults);
	return conf;
}
