/* nss.h - what the files of the NSS back-end share.  They alone in src/ include its headers and
 * NSPR's. */
#ifndef NSS_BACKEND_H
#define NSS_BACKEND_H

#include "tls/session.h"

#include <cert.h>
#include <nspr.h>

/* Lives until its last session is gone. */
struct tls {
	PK11SlotInfo *slot;    /* owned: the database; NULL: none */
	CERTCertificate *cert; /* owned: ours; NULL: none */
	SECKEYPrivateKey *key; /* owned: its */
	char *title;	       /* owned: what messages call it */
	PRDescIdentity layer;  /* of the descriptors over the world */
	PRFileDesc *model;     /* owned: servers: what sessions are made from; NULL: clients */
	bool server, request, demand, verify;
	unsigned users;
};

struct session {
	struct tls_session common;
	PRFileDesc *ssl; /* owned, with the layer under it */
	const char *version;
	short blocked; /* what the layer last had to wait for: POLLIN or POLLOUT */
	bool shaken;
};

/* ---- nss_cert.c: what a certificate says ---- */

#define NSS_TIME_TEXT 64
/* "Oct 28 20:05:32 2002 GMT" */
void nss_time_text(PRTime at, char out[static NSS_TIME_TEXT]);
/* "CN=mon,O=home", printable ASCII whatever is in it; to be freed.  NULL: no memory. */
char *nss_subject_text(const CERTCertificate *cert);
/* The library's own words for what went wrong last. */
const char *nss_says(void);

/* ---- nss_own.c; NULL: fine ---- */

char *nss_open_database(struct tls *tls, const struct tls_settings *settings);
/* Our certificate and its key, named by CERTIDENT. */
char *nss_use_certificate(struct tls *tls, const struct tls_settings *settings);

/* ---- nss_judge.c ---- */

/* Our own verdict on the other side's certificate, for SSL_AuthCertificateHook(): OWNER is the
 * struct tls_session. */
SECStatus nss_judge(void *owner, PRFileDesc *ssl, PRBool check_signature, PRBool is_server);

/* ---- nss_layer.c ---- */

/* A descriptor of SESSION's connection; without one it never carries a byte.  NULL: no memory. */
PRFileDesc *nss_layer_new(PRDescIdentity identity, struct session *session);

#endif
