/* target.h - the implementation under test: where its programs are and what it is known to fail. */
#ifndef CONFORMANCE_TARGET_H
#define CONFORMANCE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct deviation {
	char *pattern; /* a case id, or a shell pattern of ids */
	char *reason;  /* cites a sentence or a document; NULL: it holds, whatever stands above */
	bool skip;     /* do not run: it would harm or never end */
};

/* A driver program and a device it is for; or, with an option, patterns of both. */
struct pairing {
	char *program, *device, *option; /* owned; no option: NULL */
	bool quick;
};

struct target {
	char *name, *bindir, *sbindir, *driverdir; /* owned */
	char *upsd, *driver, *upsmon;		   /* program names; owned */
	char *pid_dir;	      /* where upsmon insists on its pid file; "": it takes NUT_PIDPATH */
	char *as_root;	      /* arguments daemons need when the suite runs as root */
	char *driver_options; /* arguments that keep a driver in the foreground; NULL: dialect's */
	const struct dialect *dialect; /* of its configuration; never NULL */
	char *tls;		       /* how its upsd.conf names keys: "openssl" or "nss" */
	int likes;		       /* how deep in files that are like others */
	bool fresh_drivers;	       /* a driver is not fit for another case */
	struct deviation *deviations;
	size_t deviations_len;
	struct pairing *pairs, *options; /* owned */
	size_t pairs_len, options_len;
};

/* Open a file of conformance/: in the source tree, or where it was installed.  BUILD is the folder
 * above the program's.  PATH gets its name.  NULL when it is nowhere. */
FILE *target_open_data(const char *name, const char *build, char *path, size_t size);
/* Read conformance/targets/NAME.conf, or the file NAME when it holds a slash.  BUILD is the folder
 * that relative paths begin at.  Prints what is wrong and exits. */
struct target *target_read(const char *name, const char *build);
/* The deviation listed for the case, or NULL.  Of several lines the last counts. */
const struct deviation *target_deviation(const struct target *target, const char *id);
/* Configuration in the words of that release; false when none is called so. */
bool target_speak(struct target *target, const char *dialect);
/* The arguments that keep a driver in the foreground. */
const char *target_foreground(const struct target *target);
void target_free(struct target *target);

#endif
