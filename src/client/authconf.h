/* authconf.h - nutauth.conf: whom the command-line clients trust, and who they say they are, by
 * server and user.  Specified in docs/man/nutauth.conf.5. */
#ifndef AUTHCONF_H
#define AUTHCONF_H

#include "base/addr.h"
#include "base/conffile.h"
#include "client/client.h"

#include <stdbool.h>
#include <stdint.h>

struct authconf;

/* Read the file WHICH (-A): a path; "default": the one in the usual place, which must be there;
 * "none": nothing; NULL: the one in the usual place, if any.  NULL when out of memory or after
 * faults. */
struct authconf *authconf_read(const char *which, struct faults *faults);
/* The same from an open file. */
struct authconf *authconf_from(struct conffile *file, struct faults *faults);
void authconf_free(struct authconf *conf); /* NULL is fine */

/* What holds for one account.  Texts are borrowed from the authconf and from what it was asked
 * with; NULL: not said. */
struct authconf_account {
	const char *user, *password; /* a secret; it is this user's */
	const char *tls_name;	     /* CERTHOST */
	enum client_tls tls;
	struct tls_settings tls_settings;
};
/* For USER at HOST and PORT; USER NULL: the one the file names. */
struct authconf_account authconf_account(
    const struct authconf *conf, const char *user, const char *host, uint16_t port);

#endif
