/* openssl_cert.c - what a certificate says: as text, and whom it names. */
#include "tls/openssl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* What BIO, which goes, has taken in. */
static char *
written(BIO *bio)
{
	char *bytes, *text;
	long len;

	if (!bio)
		return NULL;
	len = BIO_get_mem_data(bio, &bytes);
	text = len > 0 ? strndup(bytes, (size_t)len) : NULL;
	BIO_free(bio);
	return text;
}

char *
openssl_time_text(const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio)
		ASN1_TIME_print(bio, time);
	return written(bio);
}

char *
openssl_subject_text(const X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio)
		X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
	return written(bio);
}

const char *
openssl_says(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = error ? ERR_reason_error_string(error) : NULL;

	return text ? text : "unknown error";
}

bool
openssl_bears(X509 *cert, const char *name, bool host_only)
{
	const X509_NAME *subject = X509_get_subject_name(cert);
	struct addr addr;
	char *whole;
	bool found = false;

	if (addr_parse(&addr, name, 0))
		found = X509_check_ip_asc(cert, name, 0) == 1;
	else
		found = X509_check_host(cert, name, strlen(name),
			    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
	if (found || host_only)
		return found;
	for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) {
		unsigned char *text = NULL;
		int len = ASN1_STRING_to_UTF8(
		    &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));

		found = found || (len >= 0 && (size_t)len == strlen(name) &&
				     !memcmp(text, name, (size_t)len));
		OPENSSL_free(text);
	}
	whole = openssl_subject_text(cert);
	found = found || (whole && !strcmp(whole, name));
	free(whole);
	return found;
}
