/* nss_judge.c - the verdict on the other side. */
#include "tls/nss.h"

#include <certdb.h>
#include <pk11pub.h>
#include <secerr.h>
#include <ssl.h>
#include <sslerr.h>
#include <stdlib.h>
#include <string.h>

/* Why the library refused CERT at NOW, in the words OpenSSL has for it; for tls_session_say_why().
 */
static char *
refusal(const CERTCertificate *cert, PRTime now, PRErrorCode error)
{
	SECCertTimeValidity validity = CERT_CheckCertValidTimes(cert, now, PR_FALSE);
	const char *what = nss_says();
	PRTime from = 0, to = 0;
	char when[NSS_TIME_TEXT], *subject, *text;

	if (CERT_GetCertTimes(cert, &from, &to) == SECSuccess && validity != secCertTimeValid) {
		nss_time_text(validity == secCertTimeExpired ? to : from, when);
		return validity == secCertTimeExpired
			   ? tls_words("certificate verify failed: certificate has expired "
				       "(notAfter=%s)",
				 when)
			   : tls_words("certificate verify failed: certificate is not yet valid "
				       "(notBefore=%s)",
				 when);
	}
	if (error == SEC_ERROR_REVOKED_CERTIFICATE)
		what = "certificate revoked";
	else if (error == SEC_ERROR_UNKNOWN_ISSUER || error == SEC_ERROR_UNTRUSTED_ISSUER ||
		 error == SEC_ERROR_CA_CERT_INVALID)
		what = cert->isRoot ? "self-signed certificate"
				    : "unable to get local issuer certificate";
	subject = nss_subject_text(cert);
	text =
	    tls_words("certificate verify failed: %s (subject %s)", what, tls_or_unknown(subject));
	free(subject);
	return text;
}

/* Does the certificate itself lie in the database, as trusted (certutil -t P,,)? */
static bool
is_pinned(const struct tls *tls, CERTCertificate *cert)
{
	CERTCertTrust trust;

	return tls->slot && PK11_FindCertInSlot(tls->slot, cert, NULL) != CK_INVALID_HANDLE &&
	       CERT_GetCertTrust(cert, &trust) == SECSuccess && (trust.sslFlags & CERTDB_TRUSTED);
}

/* Does CERT bear NAME: as a host or an address; else as its common name or whole subject? */
static bool
bears(CERTCertificate *cert, const char *name, bool host_only)
{
	char *common;
	bool found = *name && CERT_VerifyCertName(cert, name) == SECSuccess;

	if (found || host_only)
		return found;
	common = CERT_GetCommonName(&cert->subject);
	found = (common && !strcmp(common, name)) ||
		(cert->subjectName && !strcmp(cert->subjectName, name));
	PORT_Free(common);
	return found;
}

static bool
names_the_right_one(struct tls_session *session, CERTCertificate *cert)
{
	const char *name = tls_session_name_to_check(session);
	char *subject;

	if (!name || bears(cert, name, !session->name))
		return true;
	subject = nss_subject_text(cert);
	tls_session_wrong_name(session, subject);
	free(subject);
	PR_SetError(SSL_ERROR_BAD_CERT_DOMAIN, 0);
	return false;
}

SECStatus
nss_judge(void *owner, PRFileDesc *ssl, PRBool check_signature, PRBool is_server)
{
	struct tls_session *session = owner;
	const struct world *world = session->world;
	PRTime now = world->wall_ms(world->owner) * PR_USEC_PER_MSEC;
	CERTCertificate *cert;
	bool good;

	if (!session->tls->verify)
		return SECSuccess;
	cert = SSL_PeerCertificate(ssl);
	if (!cert)
		return SECFailure;
	good = CERT_VerifyCertificate(CERT_GetDefaultCertDB(), cert, check_signature,
		   is_server ? certificateUsageSSLClient : certificateUsageSSLServer, now, NULL,
		   NULL, NULL) == SECSuccess;
	if (!good) {
		PRErrorCode error = PR_GetError();

		tls_session_say_why(session, refusal(cert, now, error));
		PR_SetError(error, 0);
	} else {
		session->trust = is_pinned(session->tls, cert) ? TLS_PINNED : TLS_CHAINED;
		good = is_server || names_the_right_one(session, cert);
	}
	CERT_DestroyCertificate(cert);
	return good ? SECSuccess : SECFailure;
}
