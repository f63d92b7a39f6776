/* upsconf.h - ups.conf, as upsd, the drivers and upsdrvctl read it (docs/man/ups.conf.5). */
#ifndef UPSCONF_H
#define UPSCONF_H

#include "base/conffile.h"

#include <stdbool.h>
#include <stddef.h>

#define UPSCONF_UPS_MAX 1000

struct upsconf_value {
	char *key, *value; /* owned; value NULL for a flag */
	unsigned line;
};

struct upsconf_ups {
	char *name; /* owned */
	unsigned line;
	struct upsconf_value *values; /* in file order; a repeated key: the last counts */
	size_t len;
};

struct upsconf {
	char *path;
	struct upsconf_value *globals;
	size_t globals_len;
	struct upsconf_ups *ups;
	size_t ups_len;
};

/* Read and check what every reader needs: names, no section twice, driver and port present, global
 * keys known and in range.  A driver's own keys are checked by the driver.  NULL only for lack of
 * memory or an unreadable file (a fault says so); else look at faults->faults. */
struct upsconf *upsconf_read(const char *path, struct faults *faults);
struct upsconf *upsconf_from(
    struct conffile *file, struct faults *faults); /* FILE stays the caller's */
void upsconf_free(struct upsconf *conf);

/* Names compare without case, as upsd does.  NULL if there is none. */
const struct upsconf_ups *upsconf_find(const struct upsconf *conf, const char *name);
/* The value of KEY ("" for a flag), else NULL.  upsconf_global() looks above the first section. */
const char *upsconf_get(const struct upsconf_ups *ups, const char *key);
const char *upsconf_global(const struct upsconf *conf, const char *key);

#endif
