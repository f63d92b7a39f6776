/* tls.h - the one interface to TLS; never blocks.  Which library stands behind it is chosen by the
 * Makefile (TLS=openssl|nss|none): one back-end, one file, no #if in callers.  Specified in
 * docs/security.md.  Nothing older than TLS 1.2 is ever spoken.
 *
 * How a caller encrypts a conn:
 *	session = tls_session_new(tls, world, conn_fd(conn), host, name);
 *	if (!session || !conn_filter(conn, &tls_filter, session, timeout_ms, done)) ... */
#ifndef TLS_H
#define TLS_H

#include "base/confine.h"
#include "base/conn.h"

#include <stdbool.h>
#include <stdint.h>

enum tls_request { TLS_REQUEST_NO, TLS_REQUEST, TLS_REQUIRE };

/* One side's set-up; only read during the call. */
struct tls_settings {
	const char *cert_file; /* our certificate, its chain and key: one PEM file; NULL: none */
	/* Whom we trust, authorities or single certificates, and CRLs: a PEM file, a folder with
	 * hashed names, or an NSS database (with our certificate, too); NULL: nobody. */
	const char *cert_path;
	/* CERTIDENT: the name our certificate must bear ("" or NULL: any; the nickname in an NSS
	 * database), and the password of its key (NULL: none; a secret). */
	const char *ident_name, *ident_password;
	enum tls_request request_client; /* servers: ask clients for a certificate; if one is shown
					  * it must be good */
	bool verify;			 /* clients: the server must prove who it is */
	bool open_key_file; /* a key file that others may read is fine (NUT_ALLOW_OPEN_FILES) */
};

struct tls; /* keys and certificates, read once */

/* Is there a TLS back-end in this build? */
bool tls_available(void);
/* NULL when SETTINGS cannot be used: *WHY then is words that name the file, for the caller to free
 * (NULL: out of memory).  A reload makes a new one: sessions of the old one live on. */
struct tls *tls_server_new(const struct tls_settings *settings, char **why);
struct tls *tls_client_new(const struct tls_settings *settings, char **why);
void tls_free(struct tls *tls); /* NULL is fine */
/* What the administrator should know of our own certificate though it can be used ("/etc/x.pem:
 * the certificate has expired (notAfter=...)"), to be freed; NULL: nothing.  WALL_MS is now. */
char *tls_doubt(const struct tls *tls, int64_t wall_ms);

/* What the library calls of the kernel beside confine_common (base/confine.h). */
extern const struct confine_call tls_calls[];

/* One connection: the STATE of conn_filter(), which owns it from there on (conn_filter_state()). */
struct tls_session;
extern const struct conn_filter tls_filter;

/* Over FD, which stays the caller's.  A client that verifies checks the certificate's name: NAME
 * (CERTHOST) when given, else HOST, as the user wrote it: a name or an address.  Only a certificate
 * that lies in cert_path itself is trusted without (unless NAME is given).  Servers pass NULLs.
 * NULL when out of memory. */
struct tls_session *tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name);

/* After the handshake.  Texts live as long as the session. */
enum tls_trust {
	TLS_UNVERIFIED, /* nobody has asked, or the client showed no certificate */
	TLS_CHAINED,	/* signed by an authority in cert_path, and the name fits */
	TLS_PINNED	/* the certificate itself lies in cert_path */
};
enum tls_trust tls_trust(const struct tls_session *session);
/* Whom the other side's certificate names, as printable ASCII: "CN=mon,O=home"; NULL: it has shown
 * none.  Proven only when tls_trust() says so. */
const char *tls_peer_name(const struct tls_session *session);
const char *tls_version(const struct tls_session *session); /* "TLSv1.3" */

#endif
