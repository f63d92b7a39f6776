/* certs.h - keys, certificates and revocation lists made at test time, as files in one folder. */
#ifndef CERTS_H
#define CERTS_H

#include <criterion/criterion.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY (24L * 3600) /* in s */

struct cert {
	X509 *cert;
	EVP_PKEY *key;
};

/* What a certificate shall say; zeroes are the usual. */
struct wish {
	const char *cn;		 /* NULL: openssl's default subject, without any name */
	const char *alt;	 /* "DNS:a,IP:192.0.2.1" */
	long from_days, to_days; /* from now; 0 and 0: since yesterday, for a month */
	const struct cert *by;	 /* NULL: itself */
	bool ca;
};

static char certs_folder[64];

/* The path of NAME; lives as long as the test's process. */
static inline const char *
certs_path(const char *name)
{
	static char paths[32][160];
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", certs_folder, name);
	for (size_t i = 0; i < 32; i++)
		if (!*paths[i] || !strcmp(paths[i], path))
			return strcpy(paths[i], path);
	cr_assert(false, "too many files");
	return NULL;
}

static inline void
certs_begin(void)
{
	cr_assert(mkdtemp(strcpy(certs_folder, "/tmp/refnut-certs-XXXXXX")));
}

static inline int
certs_remove(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	return remove(path);
}

static inline void
certs_end(void)
{
	cr_expect_eq(nftw(certs_folder, certs_remove, 4, FTW_DEPTH | FTW_PHYS), 0);
}

static inline void
cert_free(struct cert *cert)
{
	X509_free(cert->cert);
	EVP_PKEY_free(cert->key);
	*cert = (struct cert){ 0 };
}

static inline void
cert_extension(X509 *cert, X509 *issuer, int kind, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	cr_assert(extension);
	X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
}

static inline void
cert_name(X509_NAME *name, const char *field, const char *value)
{
	cr_assert(X509_NAME_add_entry_by_txt(
	    name, field, MBSTRING_ASC, (const unsigned char *)value, -1, -1, 0));
}

static inline struct cert
cert_make(const struct wish *wish)
{
	static long serial = 1;
	struct cert made = { X509_new(), EVP_EC_gen("P-256") };
	X509 *cert = made.cert, *issuer = wish->by ? wish->by->cert : cert;
	X509_NAME *name = X509_get_subject_name(cert);
	bool usual = !wish->from_days && !wish->to_days;

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++);
	X509_gmtime_adj(X509_getm_notBefore(cert), (usual ? -1 : wish->from_days) * DAY);
	X509_gmtime_adj(X509_getm_notAfter(cert), (usual ? 30 : wish->to_days) * DAY);
	X509_set_pubkey(cert, made.key);
	if (!wish->cn) {
		cert_name(name, "C", "AU");
		cert_name(name, "ST", "Some-State");
		cert_name(name, "O", "Internet Widgits Pty Ltd");
	} else {
		cert_name(name, "CN", wish->cn);
	}
	X509_set_issuer_name(cert, X509_get_subject_name(issuer));
	/* As `openssl req -x509` does: what signs itself may sign others. */
	cert_extension(cert, issuer, NID_basic_constraints,
	    wish->ca || !wish->by ? "critical,CA:TRUE" : "CA:FALSE");
	cert_extension(cert, issuer, NID_subject_key_identifier, "hash");
	if (wish->by)
		cert_extension(cert, issuer, NID_authority_key_identifier, "keyid:always");
	if (wish->alt)
		cert_extension(cert, issuer, NID_subject_alt_name, wish->alt);
	cr_assert(X509_sign(cert, wish->by ? wish->by->key : made.key, EVP_sha256()));
	return made;
}
#define CERT(...) cert_make(&(struct wish){ __VA_ARGS__ })

/* An authority's list of what it takes back: REVOKED, NULL for nothing. */
static inline X509_CRL *
crl_make(const struct cert *by, const struct cert *revoked)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -3600), *next = X509_gmtime_adj(NULL, DAY);

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, now);
	X509_CRL_set1_nextUpdate(crl, next);
	if (revoked) {
		X509_REVOKED *entry = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->cert));
		X509_REVOKED_set_revocationDate(entry, now);
		X509_CRL_add0_revoked(crl, entry);
	}
	X509_CRL_sort(crl);
	cr_assert(X509_CRL_sign(crl, by->key, EVP_sha256()));
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	return crl;
}

/* What goes into a file; each may be NULL. */
struct pem {
	const struct cert *certs[4];
	const struct cert *key;
	const char *password;
	X509_CRL *crl;
	mode_t mode; /* 0: 0600 */
};

static inline const char *
pem_write(const char *name, const struct pem *pem)
{
	const char *path = certs_path(name);
	FILE *file = fopen(path, "w");

	cr_assert(file, "%s", path);
	for (size_t i = 0; i < 4; i++)
		if (pem->certs[i])
			cr_assert(PEM_write_X509(file, pem->certs[i]->cert));
	if (pem->key)
		cr_assert(PEM_write_PrivateKey(file, pem->key->key,
		    pem->password ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
		    (void *)(uintptr_t)pem->password));
	if (pem->crl)
		cr_assert(PEM_write_X509_CRL(file, pem->crl));
	fclose(file);
	cr_assert_eq(chmod(path, pem->mode ? pem->mode : 0600), 0);
	return path;
}
#define PEM(name, ...) pem_write(name, &(struct pem){ __VA_ARGS__ })

/* CERT and its key as a CERTFILE. */
static inline const char *
pem_pair(const char *name, const struct cert *cert)
{
	return PEM(name, .certs = { cert }, .key = cert);
}

/* Put CERT or CRL into FOLDER, under its hash. */
static inline void
pem_hashed(const char *folder, const struct cert *cert, X509_CRL *crl)
{
	const X509_NAME *name = crl ? X509_CRL_get_issuer(crl) : X509_get_subject_name(cert->cert);
	char path[128];

	(void)mkdir(certs_path(folder), 0755);
	snprintf(path, sizeof(path), "%s/%08lx.%s", folder,
	    X509_NAME_hash_ex(name, NULL, NULL, NULL), crl ? "r0" : "0");
	if (crl)
		PEM(path, .crl = crl);
	else
		PEM(path, .certs = { cert });
}

#endif
