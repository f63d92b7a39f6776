/* openssl_own.c - our certificate and its key: one PEM file. */
#include "tls/openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX (1u << 20) /* bytes in a CERTFILE */

/* What a PEM file is read with. */
struct password {
	const char *text; /* borrowed; NULL: none */
	bool asked;
};

/* The library may not ask the terminal. */
static int
give_password(char *out, int size, int writing, void *owner)
{
	struct password *password = owner;
	size_t len = password->text ? strlen(password->text) : 0;

	password->asked = true;
	if (!password->text || size < 0 || len > (size_t)size)
		return -1;
	memcpy(out, password->text, len);
	return (int)len;
}

/* Is FD, opened from PATH, a file that only we and our group may read?  NULL: yes. */
static char *
key_file_fault(int fd, const char *path, bool open_is_fine)
{
	struct stat about;

	if (fstat(fd, &about) != 0)
		return tls_words("%s: %s", path, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return tls_words("%s: not a file", path);
	if (about.st_size > (off_t)PEM_MAX)
		return tls_words("%s: too large for certificates and a key", path);
	return open_is_fine ? NULL : tls_key_file_fault(path, &about, "a key");
}

/* The bytes of FD, to be freed with OPENSSL_clear_free(). */
static unsigned char *
read_whole(int fd, size_t *len)
{
	unsigned char *bytes = OPENSSL_malloc(PEM_MAX);
	ssize_t got = 1;

	*len = 0;
	while (bytes && *len < PEM_MAX && (got = read(fd, bytes + *len, PEM_MAX - *len)) > 0)
		*len += (size_t)got;
	if (got != -1)
		return bytes;
	OPENSSL_clear_free(bytes, PEM_MAX);
	return NULL;
}

/* The first certificate in PEM is ours, the others lead to an authority. */
static char *
use_certificates(struct tls *tls, BIO *pem, const char *path)
{
	X509 *cert;

	while ((cert = PEM_read_bio_X509(pem, NULL, NULL, NULL))) {
		bool ours = !tls->cert;
		bool fine = (ours ? SSL_CTX_use_certificate(tls->context, cert)
				  : (int)SSL_CTX_add1_chain_cert(tls->context, cert)) == 1;

		if (!fine) {
			X509_free(cert);
			return tls_words(
			    "%s: its certificate cannot be used: %s", path, openssl_says());
		}
		if (ours)
			tls->cert = cert;
		else
			X509_free(cert);
	}
	if (!tls->cert)
		return tls_words("%s: there is no certificate in it", path);
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return tls_words("%s: a certificate in it is damaged: %s", path, openssl_says());
	return NULL;
}

static bool
has_key(const unsigned char *bytes, size_t len)
{
	static const char end_of_line[] = "PRIVATE KEY-----";

	return memmem(bytes, len, end_of_line, sizeof(end_of_line) - 1);
}

static char *
use_key(struct tls *tls, BIO *pem, const char *path, const char *password_text)
{
	struct password password = { .text = password_text };
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, give_password, &password);
	char *fault = NULL;

	if (!key && password.asked && !password_text)
		return tls_words("%s: the key has a password, and CERTIDENT gives none", path);
	if (!key && password.asked)
		return tls_words("%s: the password of CERTIDENT does not open the key", path);
	if (!key)
		return tls_words("%s: its private key is damaged: %s", path, openssl_says());
	if (X509_check_private_key(tls->cert, key) != 1)
		fault = tls_words("%s: the private key does not fit the certificate", path);
	else if (SSL_CTX_use_PrivateKey(tls->context, key) != 1)
		fault = tls_words("%s: its private key cannot be used: %s", path, openssl_says());
	EVP_PKEY_free(key);
	return fault;
}

static char *
ident_fault(const struct tls *tls, const char *path, const char *name)
{
	char *subject, *fault;

	if (!name || !*name || openssl_bears(tls->cert, name, false))
		return NULL;
	subject = openssl_subject_text(tls->cert);
	fault = tls_words("%s: CERTIDENT says %s, but the certificate is for %s", path, name,
	    tls_or_unknown(subject));
	free(subject);
	return fault;
}

static char *
use_bytes(
    struct tls *tls, const struct tls_settings *settings, const unsigned char *bytes, size_t len)
{
	BIO *certs = BIO_new_mem_buf(bytes, (int)len), *key = BIO_new_mem_buf(bytes, (int)len);
	char *fault = NULL;

	if (!certs || !key)
		fault = tls_no_memory;
	ERR_clear_error();
	if (!fault)
		fault = use_certificates(tls, certs, settings->cert_file);
	ERR_clear_error();
	if (!fault)
		fault = has_key(bytes, len)
			    ? use_key(tls, key, settings->cert_file, settings->ident_password)
			    : tls_words("%s: there is no private key in it", settings->cert_file);
	if (!fault)
		fault = ident_fault(tls, settings->cert_file, settings->ident_name);
	BIO_free(certs);
	BIO_free(key);
	return fault;
}

char *
openssl_load_cert_file(struct tls *tls, const struct tls_settings *settings)
{
	const char *path = settings->cert_file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char *bytes;
	size_t len;
	char *fault;

	if (fd == -1)
		return tls_words("%s: %s", path, strerror(errno));
	fault = key_file_fault(fd, path, settings->open_key_file);
	if (!fault) {
		bytes = read_whole(fd, &len);
		fault = bytes ? use_bytes(tls, settings, bytes, len)
			      : tls_words("%s: %s", path, strerror(errno));
		OPENSSL_clear_free(bytes, PEM_MAX);
	}
	close(fd);
	tls->cert_file = strdup(path);
	return fault;
}

char *
tls_doubt(const struct tls *tls, int64_t wall_ms)
{
	time_t now = (time_t)(wall_ms / 1000);
	bool expired, early;
	char *when, *text;

	if (!tls->cert)
		return NULL;
	expired = X509_cmp_time(X509_get0_notAfter(tls->cert), &now) < 0;
	early = X509_cmp_time(X509_get0_notBefore(tls->cert), &now) > 0;
	if (!expired && !early)
		return NULL;
	when = openssl_time_text(
	    expired ? X509_get0_notAfter(tls->cert) : X509_get0_notBefore(tls->cert));
	text = expired ? tls_words("%s: the certificate has expired (notAfter=%s)",
			     tls_or_unknown(tls->cert_file), tls_or_unknown(when))
		       : tls_words("%s: the certificate is not valid yet (notBefore=%s)",
			     tls_or_unknown(tls->cert_file), tls_or_unknown(when));
	free(when);
	return tls_given_away(text);
}
