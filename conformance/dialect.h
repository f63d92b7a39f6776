/* dialect.h - the words that configuration files are written in, and what else goes with a release.
 *
 * Cases write them for NUT 2.8; for an older target they are changed on their way into the private
 * folder, so that no case need care. */
#ifndef CONFORMANCE_DIALECT_H
#define CONFORMANCE_DIALECT_H

#include "bench.h"

/* What a release of NUT takes. */
struct dialect {
	const char *name;	/* "2.8" */
	const char *protocol;	/* what NETVER answers */
	const char *foreground; /* keeps upsd, upsmon and drivers there */
	bool primary;		/* knows primary and secondary; else master and slave */
	bool allows;		/* upsd.conf has ALLOW_NO_DEVICE and its like */
	bool modes;		/* dummy-ups has the option "mode" */
};

/* The one of that name, or NULL. */
const struct dialect *dialect_find(const char *name);
/* All names, with commas. */
const char *dialect_names(void);
/* TEXT, the whole of file NAME or some lines of it, in the words of DIALECT is added to OUT.  What
 * is no configuration stays as it is. */
void dialect_add(struct bytes *out, const struct dialect *dialect, const char *name,
    const char *text, size_t len);

#endif
