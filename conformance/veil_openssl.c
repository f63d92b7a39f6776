/* veil_openssl.c - TLS of the suite by OpenSSL: the bench moves bytes, this makes records of them.
 */
#include "veil.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

struct veil {
	SSL_CTX *context;
	SSL *ssl;
	BIO *from, *to;	      /* owned by SSL */
	struct bytes out;     /* records that wait to leave */
	struct bytes wire[2]; /* all that came and all that left */
	SSL_SESSION *session; /* the newest ticket's */
	unsigned tickets, shaken;
	int alert;
	bool asked, failed;
	char why[200];
};

bool
veil_here(void)
{
	return true;
}

/* ---- what OpenSSL tells on its way ---- */

static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	struct veil *veil = SSL_get_app_data(ssl);

	SSL_SESSION_free(veil->session);
	veil->session = session;
	veil->tickets++;
	return 1; /* ours now */
}

static void
on_event(const SSL *ssl, int where, int value)
{
	struct veil *veil = SSL_get_app_data(ssl);

	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		veil->alert = value & 0xff;
	if (where & SSL_CB_HANDSHAKE_DONE)
		veil->shaken++;
}

static int
on_request(SSL *ssl, void *veil)
{
	((struct veil *)veil)->asked = true;
	return 1;
}

/* ---- bytes in and out ---- */

static void
drain(struct veil *veil)
{
	char room[16384];
	int got;

	while ((got = BIO_read(veil->to, room, sizeof(room))) > 0) {
		bytes_add(&veil->out, room, (size_t)got);
		bytes_add(&veil->wire[1], room, (size_t)got);
	}
}

/* RESULT is of the last call: did it fail for good? */
static void
note(struct veil *veil, int result)
{
	int error = SSL_get_error(veil->ssl, result);
	unsigned long code = ERR_get_error();

	if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
		veil->failed = true;
		snprintf(veil->why, sizeof(veil->why), "%s",
		    code ? ERR_reason_error_string(code) : "it failed");
	}
	ERR_clear_error();
}

static void
advance(struct bench *bench, struct conn *conn)
{
	struct veil *veil = conn->veil;
	char room[16384];
	int got = 0;

	if (!veil->failed && !SSL_is_init_finished(veil->ssl))
		note(veil, SSL_do_handshake(veil->ssl));
	while (!veil->failed && SSL_is_init_finished(veil->ssl) &&
	       (got = SSL_read(veil->ssl, room, sizeof(room))) > 0) {
		bench_trace(bench, conn->tag, '<', room, (size_t)got);
		bytes_add(&conn->in, room, (size_t)got);
	}
	if (got <= 0 && !veil->failed && SSL_is_init_finished(veil->ssl))
		note(veil, got);
	drain(veil);
}

void
veil_take(struct bench *bench, struct conn *conn, const void *at, size_t len)
{
	struct veil *veil = conn->veil;

	bytes_add(&veil->wire[0], at, len);
	BIO_write(veil->from, at, (int)len);
	advance(bench, conn);
}

void
veil_seal(struct conn *conn)
{
	struct veil *veil = conn->veil;

	if (veil->failed || !veil->shaken || !SSL_is_init_finished(veil->ssl))
		return;
	if (SSL_write(veil->ssl, conn->out.at, (int)conn->out.len) > 0)
		bytes_drop(&conn->out, conn->out.len);
	drain(veil);
}

struct bytes *
veil_out(struct veil *veil)
{
	return &veil->out;
}

void
veil_free(struct veil *veil)
{
	if (!veil)
		return;
	SSL_SESSION_free(veil->session);
	SSL_free(veil->ssl);
	SSL_CTX_free(veil->context);
	bytes_free(&veil->out);
	bytes_free(&veil->wire[0]);
	bytes_free(&veil->wire[1]);
	free(veil);
}

/* ---- handshakes ---- */

static void
put_on(struct bench *bench, struct conn *conn)
{
	struct veil *veil = conn->veil = calloc(1, sizeof(*veil));

	need(bench, veil, "suite: out of memory");
	need(bench, !conn->in.len, "behind OK STARTTLS comes: %.100s", conn->in.at);
	veil->alert = -1;
	veil->context = SSL_CTX_new(TLS_client_method());
	veil->ssl = veil->context ? SSL_new(veil->context) : NULL;
	veil->from = BIO_new(BIO_s_mem());
	veil->to = BIO_new(BIO_s_mem());
	need(bench, veil->ssl && veil->from && veil->to, "suite: no TLS");
	SSL_set_bio(veil->ssl, veil->from, veil->to);
	SSL_set_app_data(veil->ssl, veil);
	SSL_set_info_callback(veil->ssl, on_event);
	SSL_set_cert_cb(veil->ssl, on_request, veil);
	SSL_CTX_set_session_cache_mode(
	    veil->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(veil->context, on_session);
	SSL_set_connect_state(veil->ssl);
}

static void
behave(struct bench *bench, struct veil *veil, const struct manner *manner)
{
	char name[200];
	bool usable = true;

	SSL_set_min_proto_version(veil->ssl, manner->version ? manner->version : TLS1_2_VERSION);
	SSL_set_max_proto_version(veil->ssl, manner->version);
	if ((manner->version && manner->version < TLS1_2_VERSION) || manner->ciphers)
		SSL_set_security_level(veil->ssl, 0);
	if (manner->ciphers)
		usable = SSL_set_cipher_list(veil->ssl, manner->ciphers);
	if (manner->show) {
		snprintf(name, sizeof(name), "%s.crt", manner->show);
		usable &= SSL_use_certificate_file(
			      veil->ssl, path_of(bench, name), SSL_FILETYPE_PEM) == 1;
		snprintf(name, sizeof(name), "%s.key", manner->show);
		usable &=
		    SSL_use_PrivateKey_file(veil->ssl, path_of(bench, name), SSL_FILETYPE_PEM) == 1;
	}
	if (manner->resume) {
		need(bench, manner->resume->veil->session, "no session to resume");
		usable &= SSL_set_session(veil->ssl, manner->resume->veil->session) == 1;
	}
	need(bench, usable, "suite: %s", ERR_reason_error_string(ERR_get_error()));
}

void
veil_begin(struct bench *bench, struct conn *conn, const struct manner *manner)
{
	static const struct manner usual;

	put_on(bench, conn);
	behave(bench, conn->veil, manner ? manner : &usual);
	advance(bench, conn);
}

const char *
veil_on(struct bench *bench, struct conn *conn, const struct manner *manner)
{
	int64_t end = now_ms() + bench->patience_ms;
	struct veil *veil;

	veil_begin(bench, conn, manner);
	veil = conn->veil;
	while (!veil->failed && !SSL_is_init_finished(veil->ssl)) {
		if (conn->eof)
			return "closed in the handshake";
		if (now_ms() >= end)
			return "silence in the handshake";
		bench_turn(bench, (int)(end - now_ms()));
	}
	return veil->failed ? veil->why : NULL;
}

static struct conn *
willing(struct bench *bench, struct conn *conn)
{
	say(bench, conn, "STARTTLS");
	want(bench, conn, "OK STARTTLS");
	return conn;
}

void
shake(struct bench *bench, struct conn *conn)
{
	const char *why = veil_on(bench, conn, NULL);

	need(bench, !why, "the handshake fails: %s", why);
}

void
starttls(struct bench *bench, struct conn *conn)
{
	shake(bench, willing(bench, conn));
}

struct conn *
dial_tls(struct bench *bench, const struct manner *manner)
{
	struct conn *conn = willing(bench, dial(bench));
	const char *why = veil_on(bench, conn, manner);

	need(bench, !why, "the handshake fails: %s", why);
	return conn;
}

void
want_refused(struct bench *bench, const struct manner *manner)
{
	struct conn *conn = willing(bench, dial(bench));
	const char *why = veil_on(bench, conn, manner);

	/* In TLS 1.3 the client is through before the server has seen its certificate. */
	if (!why && !conn->veil->failed) {
		say(bench, conn, "NETVER");
		why = try_hear(bench, conn, bench->patience_ms);
		need(bench, !why, "not refused: answers %s", why);
	}
	need(bench, ends(bench, conn, bench->patience_ms), "refused, but not closed");
}

/* ---- what was found out ---- */

bool
veil_resumed(const struct conn *conn)
{
	return SSL_session_reused(conn->veil->ssl);
}

unsigned
veil_tickets(const struct conn *conn)
{
	return conn->veil->tickets;
}

bool
veil_goodbye(const struct conn *conn)
{
	return SSL_get_shutdown(conn->veil->ssl) & SSL_RECEIVED_SHUTDOWN;
}

bool
veil_asked(const struct conn *conn)
{
	return conn->veil->asked;
}

int
veil_alert(const struct conn *conn)
{
	return conn->veil->alert;
}

bool
veil_compressed(const struct conn *conn)
{
	return SSL_get_current_compression(conn->veil->ssl) != NULL;
}

const char *
veil_version(const struct conn *conn)
{
	return SSL_get_version(conn->veil->ssl);
}

const char *
veil_name(const struct conn *conn)
{
	static char name[200];
	X509 *shown = SSL_get1_peer_certificate(conn->veil->ssl);

	name[0] = '\0';
	if (shown)
		X509_NAME_get_text_by_NID(
		    X509_get_subject_name(shown), NID_commonName, name, sizeof(name));
	X509_free(shown);
	return name;
}

bool
veil_only_records(const struct conn *conn)
{
	for (size_t way = 0; way < 2; way++) {
		const struct bytes *wire = &conn->veil->wire[way];
		const unsigned char *byte = (const unsigned char *)wire->at;
		size_t at = 0;

		while (at + 5 <= wire->len && byte[at] >= 20 && byte[at] <= 23 && byte[at + 1] == 3)
			at += 5 + ((size_t)byte[at + 3] << 8 | byte[at + 4]);
		if (!at || at != wire->len)
			return false;
	}
	return true;
}

bool
veil_renegotiates(struct bench *bench, struct conn *conn)
{
	struct veil *veil = conn->veil;
	unsigned before = veil->shaken;
	int64_t end = now_ms() + bench->patience_ms;

	if (SSL_renegotiate(veil->ssl) != 1)
		return false;
	advance(bench, conn);
	while (!veil->failed && !conn->eof && veil->shaken == before && now_ms() < end)
		bench_turn(bench, (int)(end - now_ms()));
	return veil->shaken != before;
}

void
veil_goodbye_from_us(struct conn *conn)
{
	veil_seal(conn);
	SSL_shutdown(conn->veil->ssl);
	drain(conn->veil);
}

/* ---- certificates ---- */

static const char *
file_of(struct bench *bench, const char *name, const char *ending)
{
	char file[200];

	snprintf(file, sizeof(file), "%s.%s", name, ending);
	return path_of(bench, file);
}

static X509 *
read_cert(struct bench *bench, const char *name)
{
	BIO *bio = BIO_new_file(file_of(bench, name, "crt"), "r");
	X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	need(bench, cert, "suite: cannot read %s.crt", name);
	return cert;
}

static EVP_PKEY *
read_key(struct bench *bench, const char *name)
{
	BIO *bio = BIO_new_file(file_of(bench, name, "key"), "r");
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	need(bench, key, "suite: cannot read %s.key", name);
	return key;
}

/* What BIO holds becomes a file; BIO is freed. */
static void
write_out(struct bench *bench, const char *name, const char *ending, BIO *bio)
{
	char file[200], *at;
	long len = BIO_get_mem_data(bio, &at);

	snprintf(file, sizeof(file), "%s.%s", name, ending);
	put_bytes(bench, file, at, (size_t)len);
	BIO_free(bio);
}

static bool
extend(X509 *cert, X509 *issuer, int kind, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool done;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
	done = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

static bool
fill_in(X509 *cert, X509 *issuer, const struct issue *issue)
{
	static long serial;
	bool usual = !issue->from_days && !issue->to_days;
	const long day = 24L * 3600;

	return X509_set_version(cert, 2) &&
	       ASN1_INTEGER_set_int64(X509_get_serialNumber(cert), now_ms() * 1000 + ++serial) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), (usual ? -1 : issue->from_days) * day) &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), (usual ? 30 : issue->to_days) * day) &&
	       X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		   (const unsigned char *)issue->name, -1, -1, 0) &&
	       X509_set_issuer_name(cert, X509_get_subject_name(issuer)) &&
	       extend(cert, issuer, NID_basic_constraints,
		   issue->authority ? "critical,CA:TRUE" : "CA:FALSE") &&
	       extend(cert, issuer, NID_subject_key_identifier, "hash");
}

void
certificate(struct bench *bench, const struct issue *issue)
{
	EVP_PKEY *key = issue->rsa ? EVP_RSA_gen(3072) : EVP_EC_gen("P-256"), *signer = key;
	X509 *cert = X509_new(), *issuer = cert;
	BIO *crt = BIO_new(BIO_s_mem()), *clear = BIO_new(BIO_s_mem()), *pem = BIO_new(BIO_s_mem());
	const EVP_CIPHER *cipher = issue->password ? EVP_aes_256_cbc() : NULL;

	if (issue->by) {
		issuer = read_cert(bench, issue->by);
		signer = read_key(bench, issue->by);
	}
	need(bench,
	    key && cert && crt && clear && pem && X509_set_pubkey(cert, key) &&
		fill_in(cert, issuer, issue) && X509_sign(cert, signer, EVP_sha256()) &&
		PEM_write_bio_X509(crt, cert) && PEM_write_bio_X509(pem, cert) &&
		PEM_write_bio_PrivateKey(clear, key, NULL, NULL, 0, NULL, NULL) &&
		PEM_write_bio_PrivateKey(pem, key, cipher, (const unsigned char *)issue->password,
		    issue->password ? (int)strlen(issue->password) : 0, NULL, NULL),
	    "suite: no certificate %s", issue->name);
	write_out(bench, issue->name, "crt", crt);
	write_out(bench, issue->name, "key", clear);
	write_out(bench, issue->name, "pem", pem);
	if (issue->by) {
		X509_free(issuer);
		EVP_PKEY_free(signer);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
}

void
revocations(struct bench *bench, const char *name, const char *revoked)
{
	X509 *issuer = read_cert(bench, name), *cert = read_cert(bench, revoked);
	EVP_PKEY *signer = read_key(bench, name);
	X509_CRL *list = X509_CRL_new();
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, -3600), *next = X509_gmtime_adj(NULL, 24L * 3600);
	BIO *bio = BIO_new(BIO_s_mem()), *der = BIO_new(BIO_s_mem());

	need(bench,
	    list && entry && now && next && bio && der && X509_CRL_set_version(list, 1) &&
		X509_CRL_set_issuer_name(list, X509_get_subject_name(issuer)) &&
		X509_CRL_set1_lastUpdate(list, now) && X509_CRL_set1_nextUpdate(list, next) &&
		X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert)) &&
		X509_REVOKED_set_revocationDate(entry, now) && X509_CRL_add0_revoked(list, entry) &&
		X509_CRL_sign(list, signer, EVP_sha256()) && PEM_write_bio_X509_CRL(bio, list) &&
		i2d_X509_CRL_bio(der, list),
	    "suite: no list of what is revoked");
	write_out(bench, name, "crl", bio);
	write_out(bench, name, "crl.der", der);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	X509_CRL_free(list);
	X509_free(issuer);
	X509_free(cert);
	EVP_PKEY_free(signer);
}

void
pkcs12(struct bench *bench, const char *name)
{
	X509 *cert = read_cert(bench, name);
	EVP_PKEY *key = read_key(bench, name);
	PKCS12 *made = PKCS12_create("x", name, key, cert, NULL, 0, 0, 1, 1, 0);
	BIO *bio = BIO_new(BIO_s_mem());

	need(bench, made && bio && i2d_PKCS12_bio(bio, made), "suite: no PKCS #12 file");
	write_out(bench, name, "p12", bio);
	PKCS12_free(made);
	X509_free(cert);
	EVP_PKEY_free(key);
}
