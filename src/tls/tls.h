/* tls.h - the one interface to TLS; never blocks.  Which library stands behind it is chosen by the
 * Makefile (TLS=none|openssl|nss): one back-end, one file, no #if in callers. */
#ifndef TLS_H
#define TLS_H

#include "base/conn.h"

#include <stdbool.h>

/* One side's set-up: certificate, key, trusted CAs, what to demand. */
struct tls_settings {
	const char *cert_file; /* chain and key, PEM; NULL: none */
	const char
	    *cert_path; /* trusted CAs: file, hashed directory, or NSS database; NULL: none */
	const char *ident_name,
	    *ident_password; /* CERTIDENT; NULL: none.  The password is a secret */
	int request_client;  /* 0 no, 1 ask, 2 demand a certificate (server) */
	bool verify;	     /* check the server (client) */
};

struct tls;

/* Is there a TLS back-end in this build? */
bool tls_available(void);
/* NULL with *WHY (constant, or owned by the library until the next call) when unusable. */
struct tls *tls_server_new(const struct tls_settings *settings, const char **why);
struct tls *tls_client_new(const struct tls_settings *settings, const char **why);
void tls_free(struct tls *tls); /* sessions made from it live on */

/* A filter for conn_filter(): accepts (server) or connects (client; HOST is the name to check, may
 * be NULL).  NULL when it cannot be made.  *STATE goes to conn_filter(). */
const struct conn_filter *tls_filter(
    struct tls *tls, const struct world *world, int fd, const char *host, void **state);

#endif
