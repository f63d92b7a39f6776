/* veil.h - the suite's own TLS, over a connection of the bench: cases go on to say and to hear
 * lines.  Shares nothing with src/tls.  veil_openssl.c, or veil_none.c where there is no OpenSSL.
 */
#ifndef CONFORMANCE_VEIL_H
#define CONFORMANCE_VEIL_H

#include "talk.h"

struct veil;

/* How a client shakes hands; zeroes: as it comes, trusting anybody. */
struct manner {
	const char *show;	   /* certificate of that name (site.h), or NULL */
	int version;		   /* only this, 0x0303 is TLS 1.2; 0: 1.2 and 1.3 */
	const char *ciphers;	   /* NULL: the usual */
	const struct conn *resume; /* the session of this earlier connection */
};

/* Shake hands over CONN, which has heard OK STARTTLS: NULL, or what is wrong (static). */
const char *veil_on(struct bench *bench, struct conn *conn, const struct manner *manner);
void veil_begin(struct bench *bench, struct conn *conn, const struct manner *manner); /* hello */
void shake(struct bench *bench, struct conn *conn); /* fails the case when it fails */
/* STARTTLS and the handshake, likewise. */
void starttls(struct bench *bench, struct conn *conn);
struct conn *dial_tls(struct bench *bench, const struct manner *manner);
/* They are refused: in the handshake or right behind it, before any answer. */
void want_refused(struct bench *bench, const struct manner *manner);

/* What was found out. */
bool veil_resumed(const struct conn *conn);
unsigned veil_tickets(const struct conn *conn); /* received so far */
bool veil_goodbye(const struct conn *conn);	/* close_notify came */
bool veil_asked(const struct conn *conn);	/* for a certificate of ours */
int veil_alert(const struct conn *conn);	/* the last one that came; -1 */
bool veil_compressed(const struct conn *conn);
const char *veil_version(const struct conn *conn);
/* The common name of the certificate that the server shows; static. */
const char *veil_name(const struct conn *conn);
/* All bytes since STARTTLS were whole TLS records, in both directions. */
bool veil_only_records(const struct conn *conn);
/* TLS 1.2: ask for another handshake; false when the server will not. */
bool veil_renegotiates(struct bench *bench, struct conn *conn);
void veil_goodbye_from_us(struct conn *conn);

/* For the bench. */
void veil_take(struct bench *bench, struct conn *conn, const void *at, size_t len);
void veil_seal(struct conn *conn);
struct bytes *veil_out(struct veil *veil);
void veil_free(struct veil *veil);

/* Certificates: files in the private folder.  NAME.crt, NAME.key, NAME.pem (both, 0640). */
struct issue {
	const char *name;	/* file and common name */
	const char *by;		/* an earlier one's name; NULL: itself */
	int from_days, to_days; /* from now; 0 and 0: since yesterday, for a month */
	bool authority;
	bool rsa;	      /* a key of RSA, 2048 bits: costs a server more */
	const char *password; /* of the key in the .pem */
};
void certificate(struct bench *bench, const struct issue *issue);
/* NAME.crl of the authority NAME: it takes REVOKED back. */
void revocations(struct bench *bench, const char *name, const char *revoked);
/* NAME.p12, without a password. */
void pkcs12(struct bench *bench, const char *name);
bool veil_here(void); /* does this build of the suite have TLS? */

#endif
