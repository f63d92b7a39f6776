/* upsdconf.h - everything upsd reads from files, as one value without descriptors: upsd.conf,
 * ups.conf, upsd.users and the descriptions.  Built whole, then adopted or thrown away whole
 * (docs/man/upsd.conf.5). */
#ifndef UPSDCONF_H
#define UPSDCONF_H

#include "base/conffile.h"
#include "tls/tls.h"
#include "ups/upsconf.h"
#include "upsd/access.h"
#include "upsd/descriptions.h"
#include "upsd/users.h"

#include <stdbool.h>
#include <stdint.h>

/* What is not in a file: the environment and what was compiled in.  main() fills it; borrowed. */
struct upsdconf_source {
	const char *conf_path;	/* the folder of the configuration files */
	const char *state_path; /* when no file names another */
	const char *data_path;
	bool state_path_wins; /* it came from NUT_STATEPATH: the files do not count */
	const char
	    *state_path_now; /* the one in force, which a reload cannot change; NULL at start */
	uint16_t port;	     /* of a LISTEN without one */
	bool users_now;	     /* layer 3 is in force: a reload must not lose upsd.users (F4) */
	const char *allow_no_device; /* $ALLOW_NO_DEVICE, NULL if not set: wins over the file */
	bool allow_open_files;	     /* secrets that others may read are a warning only */
	bool keys_later;	     /* leave keys alone: they are for the user we shall become */
};

/* One LISTEN line. */
struct upsdconf_listen {
	char *host; /* owned; "*" for any address of both families */
	uint16_t port;
	unsigned line; /* 0: the default, no line says so */
};

/* One UPS as upsd sees it. */
struct upsdconf_ups {
	const char *name, *driver; /* borrowed from upsconf */
	size_t name_len;
	char *desc; /* owned; quoted; NULL if there is none */
	char *path; /* owned; of the driver's socket */
};

struct upsdconf {
	struct upsdconf_listen *listens; /* owned; at least one */
	size_t listens_len;
	long max_age_s, tracking_delay_s;
	long max_conn;	/* 0: as many as there are descriptors */
	long debug_min; /* -1: none */
	bool allow_no_device, allow_not_all_listeners;
	char *state_path, *data_path; /* owned */
	char *cert_file, *cert_path;  /* owned; NULL if not given, as the next two */
	char *cert_ident_name, *cert_ident_password;
	long cert_request; /* 0 no, 1 request, 2 require */
	bool force_ssl;	   /* no name, password or login in clear */
	bool wants_tls;	   /* TLS is configured */
	struct tls *tls;   /* owned; NULL: not configured, or its keys are yet to be read */

	struct upsconf *upsconf;    /* owned; what the names below are borrowed from */
	struct upsdconf_ups *upses; /* owned; in the order of ups.conf */
	size_t upses_len;
	struct users *users; /* owned */
	bool has_users;	     /* upsd.users is there; else the ACCESS table alone decides (E5) */
	struct access_list *access;	   /* owned: ACL, ACCESS, ACCEPT, REJECT */
	struct descriptions *descriptions; /* owned */
};

/* Read and check all files.  NULL, or a value that may be incomplete, when faults->faults is not 0:
 * do not use it then. */
struct upsdconf *upsdconf_read(const struct upsdconf_source *source, struct faults *faults);
void upsdconf_free(struct upsdconf *conf);

/* The parts, for tests: a value with all defaults (NULL: no memory), upsd.conf into it, and the
 * UPSes of ups.conf, which it owns from here on. */
struct upsdconf *upsdconf_new(const struct upsdconf_source *source);
void upsdconf_parse(struct upsdconf *conf, struct conffile *file,
    const struct upsdconf_source *source, struct faults *faults);
void upsdconf_take_upses(struct upsdconf *conf, struct upsconf *upsconf, struct faults *faults);
/* After upsd.conf and upsd.users: the access lists, whose lines stand in PATH. */
void upsdconf_finish_access(struct upsdconf *conf, const char *path, struct faults *faults);

#endif
