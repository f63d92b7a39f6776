/* site.h - certificates, and an upsd.conf that has upsd use them, in the words of its library. */
#ifndef CONFORMANCE_SITE_H
#define CONFORMANCE_SITE_H

#include "veil.h"

/* Ends the case as one that is not judged, unless suite and target have TLS. */
void site_need_tls(struct bench *bench);
/* The authority "ca" and a certificate of it, "server"; upsd.conf says so. */
void site_secure(struct bench *bench);

/* What upsd.conf shall say. */
struct site {
	const char *show;     /* certificate */
	const char *password; /* of its key, or of the database */
	const char *ident;    /* CERTIDENT's name; NULL: the certificate's, or none */
	const char *trust;    /* whose certificates clients may show, or NULL */
	bool lists;	      /* there is a list of what it has revoked */
	const char *more;     /* further lines, or NULL */
};
void site_conf(struct bench *bench, const struct site *site);
bool site_is_nss(const struct bench *bench);

#endif
