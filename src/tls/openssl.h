/* openssl.h - what the files of the OpenSSL back-end share.  They alone in src/ include
 * <openssl/...>. */
#ifndef OPENSSL_H
#define OPENSSL_H

#include "tls/session.h"

#include <openssl/ssl.h>

/* Lives until its last session is gone. */
struct tls {
	SSL_CTX *context;
	BIO_METHOD *over_world;
	X509 *cert;	 /* owned: ours; NULL: none */
	char *cert_file; /* owned: where it came from */
	bool verify;	 /* the other side's certificate is judged, if there is one */
	bool server;
	unsigned users;
};

/* ---- openssl_cert.c: what a certificate says, to be freed; NULL: no memory ---- */

/* "Oct 28 20:05:32 2002 GMT" */
char *openssl_time_text(const ASN1_TIME *time);
/* "CN=mon,O=home", printable ASCII whatever is in it. */
char *openssl_subject_text(const X509 *cert);
/* Does CERT bear NAME: as a host or an address; else, unless HOST_ONLY, as its common name or whole
 * subject? */
bool openssl_bears(X509 *cert, const char *name, bool host_only);
/* The library's own words for what went wrong last. */
const char *openssl_says(void);

/* ---- openssl_own.c ---- */

/* Our certificate, its chain and its key, from cert_file.  NULL: fine. */
char *openssl_load_cert_file(struct tls *tls, const struct tls_settings *settings);

/* ---- openssl_judge.c ---- */

/* Load cert_path.  NULL: fine. */
char *openssl_load_cert_path(struct tls *tls, const char *path);
/* Tell clients which authorities we know, so that they can choose a certificate. */
void openssl_name_authorities(struct tls *tls, const char *path);
/* Our own verdict on the other side's certificate, for SSL_CTX_set_cert_verify_callback(): the app
 * data of the SSL is its struct tls_session. */
int openssl_judge(X509_STORE_CTX *store, void *owner);

#endif
