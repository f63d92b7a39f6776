/* drvconf.h - what one driver program was told: its command line, then its section of ups.conf
 * (docs/man/nutupsdrv.8, ups.conf.5).  A value without descriptors: a reload builds a second one,
 * compares, and adopts it or throws it away. */
#ifndef DRVCONF_H
#define DRVCONF_H

#include "base/conffile.h"
#include "drivers/core/driver.h"
#include "ups/paths.h"

#define DRVCONF_STALE_MS 10000 /* staletime: how long data may miss after they were due */
#define DRVCONF_START_S 20     /* how long the first identification may be tried */

/* What -k, -c, -L and so on ask for instead of the normal run. */
enum drvconf_task {
	DRVCONF_RUN,
	DRVCONF_HELP,
	DRVCONF_VERSION,
	DRVCONF_LIST_OPTIONS,
	DRVCONF_LIST_IDS,
	DRVCONF_SHUTDOWN, /* -k */
	DRVCONF_COMMAND	  /* -c */
};

/* argv, and nothing else.  Strings are borrowed from argv. */
struct drvconf_args {
	enum drvconf_task task;
	const char *command; /* -c: reload, reload-or-error, reload-or-exit, exit */
	long command_pid;    /* -P; 0 not given */
	const char *ups_name;
	bool no_file; /* -s */
	const char *user, *group, *chroot;
	int debug, quiet, dump_rounds; /* -D, -q, -d */
	int foreground;		       /* -F once or twice; -1: -B */
	long poll_seconds;	       /* -i; 0 not given */
	const char *const *settings;   /* -x, in order: "key=value" or "flag" */
	size_t settings_len;
};

/* NULL, or what is wrong (constant text); *WHERE is then the word it is about. */
const char *drvconf_args_parse(
    struct drvconf_args *out, int argc, char *const *argv, const char **where);
void drvconf_args_free(struct drvconf_args *args);

struct drvconf_value {
	char *key, *value; /* owned; value "" for a flag */
	char *path;	   /* owned: "ups.conf" as opened, or "-x" */
	unsigned line;	   /* 0 for -x */
	bool flag;
};

struct drvconf {
	char *ups_name, *port; /* owned */
	char *dir;	       /* owned: the folder of ups.conf */
	struct drvconf_value *values;
	size_t len;
	int64_t poll_ms, stale_ms;
	long start_s;
	int debug_args, debug_min; /* of the command line and the file; drvconf_debug() */
	bool ignorelb, allow_killpower;
	char *user, *group, *chroot, *statepath; /* owned; NULL not given */
};

/* Read ARGS and the file at PATH (not with -s), check all that DRIVER and the core know.  NULL when
 * FAULTS has faults.  A key that is neither common nor DRIVER's is one. */
struct drvconf *drvconf_read(const struct driver *driver, const struct drvconf_args *args,
    const char *path, struct faults *faults);
void drvconf_free(struct drvconf *conf);

/* The value that counts: -x before the file, the last one within each.  NULL if not given. */
const struct drvconf_value *drvconf_find(const struct drvconf *conf, const char *key);
/* Is KEY a secret (password, community ...), which is never published? */
bool drvconf_is_secret(const char *key);
/* The first key by which A and B differ and that a running driver cannot change; NULL if none. */
const char *drvconf_fixed_change(const struct drvconf *a, const struct drvconf *b);
/* The debug level that both ask for. */
int drvconf_debug(const struct drvconf *conf);
/* Take over from NEWER all that a running driver can change; the rest of NEWER is freed with it. */
void drvconf_adopt(struct drvconf *conf, struct drvconf *newer);
/* Is KEY one of the common ones that say nothing about the driver itself (desc, sdorder ...)? */
bool drvconf_is_foreign(const char *key);
/* "default.x" or "override.x" with that PREFIX: the value's variable, NULL for another key. */
const char *drvconf_variable(const struct drvconf_value *value, const char *prefix);

/* For -h and -L. */
void drvconf_print_help(const struct driver *driver);
void drvconf_print_options(const struct driver *driver);
/* "051d 0002", "09ae *": a line for each USB device that it knows. */
void drvconf_print_ids(const struct driver *driver);

#endif
