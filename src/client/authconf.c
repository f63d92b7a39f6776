#include "client/authconf.h"

#include "ups/paths.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define INCLUDES_MAX 8 /* files in files */
#define PATH_MAX_LEN 4096

/* What one section says; NULL: nothing. */
enum text {
	TEXT_USER,
	TEXT_PASSWORD,
	TEXT_CERT_PATH,
	TEXT_CERT_FILE,
	TEXT_IDENT_NAME,
	TEXT_IDENT_PASSWORD,
	TEXT_CERT_HOST,
	TEXTS
};

enum choice { UNSAID = 0, NO, YES }; /* calloc() says nothing */

struct section {
	struct section *next;
	char *user, *host; /* owned.  user "": all; host NULL: the global one */
	uint16_t port;
	char *text[TEXTS]; /* owned */
	enum choice verify, force, clear;
};

struct authconf {
	struct section *sections; /* the first is the global one */
	bool open_files;	  /* NUT_ALLOW_OPEN_FILES */
};

/* What is being read. */
struct reading {
	struct authconf *conf;
	struct section *section; /* NULL: one that does not count here */
	struct section *scope;	 /* where the file was included; NULL: globally */
	const struct conffile *file;
	struct faults *faults;
	unsigned depth;
	bool secret; /* it holds a password */
};

#define fault(reading, ...) conffile_fault((reading)->file, (reading)->faults, __VA_ARGS__)

static void read_into(struct reading *reading, struct conffile *file);

/* ---- memory ---- */

static void
section_free(struct section *section)
{
	if (!section)
		return;
	free(section->user);
	free(section->host);
	for (size_t i = 0; i < TEXTS; i++)
		words_free_secret(section->text[i]);
	free(section);
}

/* Append one; takes USER and HOST.  NULL when out of memory. */
static struct section *
section_new(struct authconf *conf, char *user, char *host, uint16_t port)
{
	struct section *section = calloc(1, sizeof(*section)), **end = &conf->sections;

	if (!section) {
		free(user);
		free(host);
		return NULL;
	}
	section->user = user;
	section->host = host;
	section->port = port;
	while (*end)
		end = &(*end)->next;
	*end = section;
	return section;
}

static struct authconf *
authconf_new(void)
{
	const char *open_files = getenv("NUT_ALLOW_OPEN_FILES");
	struct authconf *conf = calloc(1, sizeof(*conf));

	if (conf && open_files)
		conffile_bool(open_files, &conf->open_files);
	if (conf && section_new(conf, NULL, NULL, 0))
		return conf;
	free(conf);
	return NULL;
}

void
authconf_free(struct authconf *conf)
{
	if (!conf)
		return;
	while (conf->sections) {
		struct section *section = conf->sections;

		conf->sections = section->next;
		section_free(section);
	}
	free(conf);
}

/* ---- sections ---- */

static struct section *
section_find(const struct authconf *conf, const char *user, const char *host, uint16_t port)
{
	for (struct section *section = conf->sections->next; section; section = section->next)
		if (section->port == port && !strcmp(section->user, user) &&
		    !strcasecmp(section->host, host))
			return section;
	return NULL;
}

/* "3493", "nut" */
static bool
parse_port(const char *text, uint16_t *out)
{
	const struct servent *service;

	if (!*text || addr_port_parse(text, out))
		return true;
	service = text[strspn(text, "0123456789")] ? getservbyname(text, "tcp") : NULL;
	if (!service)
		return false;
	*out = (uint16_t)(((unsigned)service->s_port & 0xff) << 8 |
			  ((unsigned)service->s_port >> 8 & 0xff));
	return true;
}

/* "host", "host:port", ":port", "[::1]:port", "" in place.  NULL or what is wrong. */
static const char *
parse_host(char *text, char **host, uint16_t *port)
{
	char *colon = strchr(text, ':'), *bracket = *text == '[' ? strchr(text, ']') : NULL;

	if (bracket) {
		if (bracket[1] && bracket[1] != ':')
			return "write [user@host:port]";
		colon = bracket[1] ? bracket + 1 : NULL;
		*bracket = '\0';
		text++;
	} else if (colon && strchr(colon + 1, ':')) {
		return "write an IPv6 address in brackets of its own: [@[::1]:3493]";
	}
	if (colon)
		*colon = '\0';
	if (colon && !parse_port(colon + 1, port))
		return "the port is neither a number nor the name of a service";
	*host = *text ? text : (char *)(uintptr_t) "localhost";
	return NULL;
}

/* The section called NAME, made if there is none.  NULL after a fault. */
static struct section *
section_open(struct reading *reading, char *name)
{
	char *at = strchr(name, '@'), *user = at ? name : (char *)(uintptr_t) "", *host;
	uint16_t port = paths_port();
	const char *wrong;
	struct section *section;

	if (!*name || !strcmp(name, "_global_defaults"))
		return reading->conf->sections;
	if (at)
		*at = '\0';
	wrong = parse_host(at ? at + 1 : name, &host, &port);
	if (wrong) {
		fault(reading, "%s", wrong);
		return NULL;
	}
	section = section_find(reading->conf, user, host, port);
	if (section)
		return section;
	user = strdup(user);
	host = strdup(host);
	if (user && host) {
		section = section_new(reading->conf, user, host, port);
	} else {
		free(user);
		free(host);
	}
	if (!section)
		fault(reading, "out of memory");
	return section;
}

/* A file that was included in a section may only add to that one. */
static void
begin_section(struct reading *reading, char *name)
{
	size_t faults_before = reading->faults->faults;

	reading->section = section_open(reading, name);
	if (reading->scope && reading->section != reading->scope) {
		if (reading->faults->faults == faults_before)
			conffile_warn(reading->file, reading->faults,
			    "this section does not count here: the file is included in another");
		reading->section = NULL;
	}
}

/* ---- what sections say ---- */

struct key {
	const char *word;
	void (*take)(struct reading *reading, const struct key *key, const char *value);
	size_t field; /* into struct section */
};

static void
take_text(struct reading *reading, const struct key *key, const char *value)
{
	char **field = (char **)((char *)reading->section + key->field), *copy = strdup(value);

	words_free_secret(*field);
	*field = copy;
	if (!copy)
		fault(reading, "out of memory");
}

static void
take_secret(struct reading *reading, const struct key *key, const char *value)
{
	reading->secret = true;
	take_text(reading, key, value);
}

static void
take_user(struct reading *reading, const struct key *key, const char *value)
{
	const char *of_title = reading->section->user;

	if (of_title && *of_title && strcmp(of_title, value) != 0)
		fault(reading, "the section is for user %s, and %s names another", of_title,
		    key->word);
	else
		take_text(reading, key, value);
}

static void
take_choice(struct reading *reading, const struct key *key, const char *value)
{
	enum choice *field = (enum choice *)((char *)reading->section + key->field);
	bool yes;

	if (!strcmp(value, "-1"))
		*field = UNSAID;
	else if (conffile_bool(value, &yes))
		*field = yes ? YES : NO;
	else
		fault(reading, "%s takes yes, no, or -1 for what is said elsewhere, not %s",
		    key->word, value);
}

/* Which library this build has is not up to the file; that none is used may be. */
static void
take_backend(struct reading *reading, const struct key *key, const char *value)
{
	if (!strcasecmp(value, "none"))
		reading->section->clear = YES;
	else if (!strcasecmp(value, "openssl") || !strcasecmp(value, "nss"))
		reading->section->clear = NO;
	else
		fault(reading, "%s is openssl, nss or none, not %s", key->word, value);
}

#define TEXT(which) (offsetof(struct section, text) + sizeof(char *) * (which))
static const struct key keys[] = {
	{ "USER", take_user, TEXT(TEXT_USER) },
	{ "USERNAME", take_user, TEXT(TEXT_USER) },
	{ "PASS", take_secret, TEXT(TEXT_PASSWORD) },
	{ "PASSWORD", take_secret, TEXT(TEXT_PASSWORD) },
	{ "CERTPATH", take_text, TEXT(TEXT_CERT_PATH) },
	{ "CERTFILE", take_text, TEXT(TEXT_CERT_FILE) },
	{ "CERTIDENT_NAME", take_text, TEXT(TEXT_IDENT_NAME) },
	{ "CERTIDENT_PASS", take_secret, TEXT(TEXT_IDENT_PASSWORD) },
	{ "CERTHOST", take_text, TEXT(TEXT_CERT_HOST) },
	{ "CERTVERIFY", take_choice, offsetof(struct section, verify) },
	{ "FORCESSL", take_choice, offsetof(struct section, force) },
	{ "SSLBACKEND", take_backend, 0 },
};

/* PATH, as seen from the file that names it; to be freed. */
static char *
seen_from(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	struct buf text = { .max = PATH_MAX_LEN };

	if (*path != '/' && slash)
		buf_add(&text, file, (size_t)(slash - file) + 1);
	buf_add_text(&text, path);
	return buf_steal(&text);
}

static void
include(struct reading *reading, const char *named, bool required)
{
	struct section *global = reading->conf->sections;
	struct reading inner = { .conf = reading->conf,
		.section = reading->section,
		.scope = reading->section == global ? NULL : reading->section,
		.faults = reading->faults,
		.depth = reading->depth + 1 };
	char *path;
	struct conffile *file;

	if (inner.depth > INCLUDES_MAX) {
		fault(reading, "%s: too many files in files", named);
		return;
	}
	path = seen_from(conffile_path(reading->file), named);
	file = path ? conffile_open(path) : NULL;
	if (file)
		read_into(&inner, file);
	else if (!path || required || errno != ENOENT)
		fault(reading, "%s: %s", named, path ? strerror(errno) : "out of memory");
	conffile_close(file);
	free(path);
}

static void
take_line(struct reading *reading, struct words *line)
{
	const char *word = line->word[0], *value;
	bool required = !strcasecmp(word, "INCLUDE_REQUIRED");

	if (required || !strcasecmp(word, "INCLUDE")) {
		if (line->len == 2)
			include(reading, line->word[1], required);
		else
			fault(reading, "%s takes a file", word);
		return;
	}
	value = line->len == 3 && !strcmp(line->word[1], "=") ? line->word[2] : NULL;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcasecmp(word, keys[i].word) != 0)
			continue;
		if (line->len == 1 && keys[i].take == take_choice)
			value = "yes";
		if (value)
			keys[i].take(reading, &keys[i], value);
		else
			fault(reading, "write %s = value, in quotes if there are spaces",
			    keys[i].word);
		return;
	}
	fault(reading, "no such keyword: %s", word);
}

static void
read_into(struct reading *reading, struct conffile *file)
{
	struct words line;

	reading->file = file;
	while (conffile_next(file, &line, reading->faults)) {
		char *name = conffile_section(&line);

		if (name)
			begin_section(reading, name);
		else if (line.eight_bit)
			fault(reading, "bytes outside ASCII");
		else if (reading->section)
			take_line(reading, &line);
	}
	/* Who may write here decides whom we trust; who may read here has our passwords. */
	if (reading->secret || conffile_stat(file)->st_mode & S_IWOTH)
		conffile_check_secret(file, reading->conf->open_files, reading->faults);
}

struct authconf *
authconf_from(struct conffile *file, struct faults *faults)
{
	struct authconf *conf = authconf_new();
	size_t faults_before = faults->faults;
	struct reading reading = { .conf = conf, .faults = faults };

	if (!conf) {
		faults_add(faults, conffile_path(file), 0, "out of memory");
		return NULL;
	}
	reading.section = conf->sections;
	read_into(&reading, file);
	if (faults->faults == faults_before)
		return conf;
	authconf_free(conf);
	return NULL;
}

/* ---- where it is ---- */

/* Open FOLDER/NAME.  NULL: see errno. */
static struct conffile *
open_in(const char *folder, const char *name)
{
	struct buf path = { .max = PATH_MAX_LEN };
	struct conffile *file = NULL;

	errno = ENOENT;
	if (folder && buf_add_format(&path, "%s/%s", folder, name) && buf_add(&path, "", 1))
		file = conffile_open(buf_bytes(&path));
	buf_free(&path);
	return file;
}

/* Does errno say that there is nothing for us? */
static bool
is_none(void)
{
	return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
}

/* The file in the usual place.  NULL with errno; *WHERE is then the last place looked at.  One that
 * we may not read is for others: as if it were not there. */
static struct conffile *
open_usual(const char **where)
{
	const char *named = getenv("NUT_AUTHCONF_FILE"), *folder = getenv("NUT_AUTHCONF_PATH");
	struct paths paths;

	paths_get(&paths);
	if (named) {
		*where = named;
		return conffile_open(named);
	}
	if (folder) {
		*where = folder;
		return open_in(folder, "nutauth.conf");
	}
	const struct {
		const char *folder, *name, *where;
	} places[] = {
		{ getenv("HOME"), ".config/nut/nutauth.conf", "~/.config/nut/nutauth.conf" },
		{ getenv("HOME"), ".nutauth.conf", "~/.nutauth.conf" },
		{ paths.conf, "nutauth.conf", paths.conf },
	};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct conffile *file = open_in(places[i].folder, places[i].name);

		*where = places[i].where;
		if (file || !is_none())
			return file;
	}
	return NULL;
}

struct authconf *
authconf_read(const char *which, struct faults *faults)
{
	bool must = which && !strcmp(which, "default");
	const char *where = which;
	struct conffile *file;
	struct authconf *conf;

	if (which && !strcmp(which, "none"))
		return authconf_new();
	file = which && !must ? conffile_open(which) : open_usual(&where);
	if (!file && !which && is_none())
		return authconf_new();
	if (!file) {
		faults_add(faults, where, 0, "%s", strerror(errno));
		return NULL;
	}
	conf = authconf_from(file, faults);
	conffile_close(file);
	return conf;
}

/* ---- one account ---- */

/* The sections that hold for it, the most particular first; NULL: there is no such. */
struct levels {
	const struct section *level[3];
};

static const char *
first_text(const struct levels *levels, enum text which)
{
	for (size_t i = 0; i < 3; i++)
		if (levels->level[i] && levels->level[i]->text[which])
			return levels->level[i]->text[which];
	return NULL;
}

/* The first password that is USER's: one beside the name of somebody else is not. */
static const char *
password_of(const struct levels *levels, const char *user)
{
	for (size_t i = 0; i < 3; i++) {
		const struct section *level = levels->level[i];
		const char *whose = level ? level->text[TEXT_USER] : NULL;

		if (level && level->text[TEXT_PASSWORD] && (!whose || !strcmp(whose, user)))
			return level->text[TEXT_PASSWORD];
	}
	return NULL;
}

static bool
chosen(const struct levels *levels, size_t field)
{
	for (size_t i = 0; i < 3; i++) {
		const char *level = (const char *)levels->level[i];
		enum choice choice = level ? *(const enum choice *)(level + field) : UNSAID;

		if (choice != UNSAID)
			return choice == YES;
	}
	return false;
}

struct authconf_account
authconf_account(const struct authconf *conf, const char *user, const char *host, uint16_t port)
{
	struct levels levels = { { NULL, section_find(conf, "", host, port), conf->sections } };
	struct authconf_account account = { .user = user };
	bool force;

	if (!user)
		account.user = first_text(&levels, TEXT_USER);
	if (account.user) {
		levels.level[0] = section_find(conf, account.user, host, port);
		account.password = password_of(&levels, account.user);
	}
	account.tls_name = first_text(&levels, TEXT_CERT_HOST);
	account.tls_settings = (struct tls_settings){
		.cert_path = first_text(&levels, TEXT_CERT_PATH),
		.cert_file = first_text(&levels, TEXT_CERT_FILE),
		.ident_name = first_text(&levels, TEXT_IDENT_NAME),
		.ident_password = first_text(&levels, TEXT_IDENT_PASSWORD),
		.verify = chosen(&levels, offsetof(struct section, verify)),
		.open_key_file = conf->open_files,
	};
	force = chosen(&levels, offsetof(struct section, force)) || account.tls_settings.verify;
	/* Both said: nothing is sent in clear. */
	account.tls = force						 ? CLIENT_TLS_FORCE
		      : chosen(&levels, offsetof(struct section, clear)) ? CLIENT_TLS_NONE
									 : CLIENT_TLS_TRY;
	return account;
}
