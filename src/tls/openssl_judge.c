/* openssl_judge.c - whom we trust, and the verdict on the other side. */
#include "tls/openssl.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- whom we trust ---- */

/* "0123abcd.0", "0123abcd.r0" */
static bool
is_hashed_name(const char *name)
{
	size_t hex = strspn(name, "0123456789abcdefABCDEF");

	if (hex != 8 || name[8] != '.')
		return false;
	name += name[9] == 'r' ? 10 : 9;
	return *name && !name[strspn(name, "0123456789")];
}

static char *
folder_fault(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	bool any = false;

	if (!folder)
		return tls_words("%s: %s", path, strerror(errno));
	while (!any && (entry = readdir(folder)))
		any = is_hashed_name(entry->d_name);
	closedir(folder);
	return any ? NULL
		   : tls_words("%s: no certificate has a hashed name; run: openssl rehash %s", path,
			 path);
}

/* The certificates and CRLs in a file. */
static char *
trust_file(struct tls *tls, const char *path)
{
	X509_LOOKUP *lookup =
	    X509_STORE_add_lookup(SSL_CTX_get_cert_store(tls->context), X509_LOOKUP_file());

	if (!lookup)
		return tls_no_memory;
	ERR_clear_error();
	if (X509_load_cert_crl_file(lookup, path, X509_FILETYPE_PEM) > 0)
		return NULL;
	return tls_words(
	    "%s: there is no certificate in it that can be read: %s", path, openssl_says());
}

static char *
trust_folder(struct tls *tls, const char *path)
{
	char *fault = folder_fault(path);

	if (fault || SSL_CTX_load_verify_dir(tls->context, path) == 1)
		return fault;
	return tls_words("%s: %s", path, openssl_says());
}

/* A CRL counts where its authority has one; where there is none, none was configured. */
static int
overlook_missing_crl(int ok, X509_STORE_CTX *store)
{
	if (!ok && X509_STORE_CTX_get_error(store) == X509_V_ERR_UNABLE_TO_GET_CRL) {
		X509_STORE_CTX_set_error(store, X509_V_OK);
		return 1;
	}
	return ok;
}

char *
openssl_load_cert_path(struct tls *tls, const char *path)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls->context);
	struct stat about;
	char *fault;

	if (stat(path, &about) != 0)
		return tls_words("%s: %s", path, strerror(errno));
	fault = tls_trust_file_fault(path, &about);
	if (!fault)
		fault = S_ISDIR(about.st_mode) ? trust_folder(tls, path) : trust_file(tls, path);
	if (fault)
		return fault;
	/* A certificate in there is trusted whoever signed it: the chapter's recipe pins. */
	X509_STORE_set_flags(
	    store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_set_verify_cb(store, overlook_missing_crl);
	return NULL;
}

void
openssl_name_authorities(struct tls *tls, const char *path)
{
	STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
	struct stat about;

	if (names && stat(path, &about) == 0) {
		if (S_ISDIR(about.st_mode))
			SSL_add_dir_cert_subjects_to_stack(names, path);
		else
			SSL_add_file_cert_subjects_to_stack(names, path);
	}
	if (names)
		SSL_CTX_set_client_CA_list(tls->context, names);
}

/* ---- the verdict on the other side ---- */

/* Why X509_verify_cert() refused; for tls_session_say_why(). */
static char *
refusal(X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const char *what = X509_verify_cert_error_string(error);
	bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
	char *detail = NULL, *text;

	if (cert && (expired || error == X509_V_ERR_CERT_NOT_YET_VALID))
		detail = openssl_time_text(
		    expired ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert));
	else if (cert)
		detail = openssl_subject_text(cert);
	text = tls_words("certificate verify failed: %s (%s%s)", what,
	    !cert				     ? ""
	    : expired				     ? "notAfter="
	    : error == X509_V_ERR_CERT_NOT_YET_VALID ? "notBefore="
						     : "subject ",
	    tls_or_unknown(detail));
	free(detail);
	return text;
}

/* Does the certificate itself lie in cert_path? */
static bool
is_pinned(X509_STORE_CTX *store, X509 *cert)
{
	STACK_OF(X509) *trusted = X509_STORE_CTX_get1_certs(store, X509_get_subject_name(cert));
	bool found = false;

	for (int i = 0; i < sk_X509_num(trusted); i++)
		found = found || X509_cmp(sk_X509_value(trusted, i), cert) == 0;
	sk_X509_pop_free(trusted, X509_free);
	return found;
}

static bool
names_the_right_one(struct tls_session *session, X509 *cert)
{
	const char *name = tls_session_name_to_check(session);
	char *subject;

	if (!name || openssl_bears(cert, name, !session->name))
		return true;
	subject = openssl_subject_text(cert);
	tls_session_wrong_name(session, subject);
	free(subject);
	return false;
}

int
openssl_judge(X509_STORE_CTX *store, void *owner)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	const struct world *world = session->world;

	if (!session->tls->verify)
		return 1;
	X509_STORE_CTX_set_time(store, 0, (time_t)(world->wall_ms(world->owner) / 1000));
	if (X509_verify_cert(store) != 1) {
		tls_session_say_why(session, refusal(store));
		return 0;
	}
	session->trust = is_pinned(store, cert) ? TLS_PINNED : TLS_CHAINED;
	if (session->tls->server || names_the_right_one(session, cert))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}
