/* openssl.c - TLS by OpenSSL 3; the only file in src/ that includes <openssl/...>.
 *
 * The library reads and writes through the world, takes the time from it, and is given our own
 * verdict on certificates (judge()). */
#include "tls/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MAX (1u << 20) /* bytes in a CERTFILE */
#define READ_AHEAD 4096	   /* bytes asked of the world at once, so that a record is one read */
#define CHAIN_MAX 9	   /* authorities between a certificate and the one we trust */

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

struct tls_session {
	struct tls *tls; /* counted */
	SSL *ssl;
	const struct world *world; /* borrowed */
	int fd;			   /* borrowed */
	char *host, *name;	   /* owned; whom to reach, whom the certificate must name */
	char *why;		   /* owned: the reason of the first failure; see forget() */
	char *peer_name;	   /* owned */
	enum tls_trust trust;
	bool ticket_owed; /* to be sent with the first bytes of ours */
	bool broken;	  /* no more may be said, not even good-bye */
	bool eof;
	bool drained; /* the world had no more when asked last */
};

/* ---- words ---- */

/* What words() says when there is no memory for them: a fault is never NULL, which means "none". */
static char no_memory[] = "out of memory";

static char *words(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* To be given to forget(). */
static char *
words(const char *format, ...)
{
	struct buf text = { .max = 4096 };
	va_list args;
	char *said;

	va_start(args, format);
	buf_add_vformat(&text, format, args);
	va_end(args);
	said = buf_steal(&text);
	return said ? said : no_memory;
}

static void
forget(char *said)
{
	if (said != no_memory)
		free(said);
}

/* For somebody who knows nothing of no_memory. */
static char *
given_away(char *said)
{
	return said == no_memory ? NULL : said;
}

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

/* "Oct 28 20:05:32 2002 GMT", to be freed. */
static char *
time_text(const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio)
		ASN1_TIME_print(bio, time);
	return written(bio);
}

/* "CN=mon,O=home", printable ASCII whatever is in it; to be freed. */
static char *
subject_text(const X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio)
		X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
	return written(bio);
}

static const char *
or_unknown(const char *text)
{
	return text ? text : "?";
}

/* The library's own words for what went wrong last. */
static const char *
library_says(void)
{
	unsigned long error = ERR_peek_last_error();
	const char *text = error ? ERR_reason_error_string(error) : NULL;

	return text ? text : "unknown error";
}

/* ---- our certificate ---- */

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
		return words("%s: %s", path, strerror(errno));
	if (!S_ISREG(about.st_mode))
		return words("%s: not a file", path);
	if (about.st_size > (off_t)PEM_MAX)
		return words("%s: too large for certificates and a key", path);
	if ((about.st_mode & (S_IROTH | S_IWOTH)) && !open_is_fine)
		return words("%s: mode %04o: everybody may read or write this file with a key; "
			     "chmod o= it, or set NUT_ALLOW_OPEN_FILES=yes",
		    path, (unsigned)about.st_mode & 07777);
	return NULL;
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
			return words(
			    "%s: its certificate cannot be used: %s", path, library_says());
		}
		if (ours)
			tls->cert = cert;
		else
			X509_free(cert);
	}
	if (!tls->cert)
		return words("%s: there is no certificate in it", path);
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return words("%s: a certificate in it is damaged: %s", path, library_says());
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
		return words("%s: the key has a password, and CERTIDENT gives none", path);
	if (!key && password.asked)
		return words("%s: the password of CERTIDENT does not open the key", path);
	if (!key)
		return words("%s: its private key is damaged: %s", path, library_says());
	if (X509_check_private_key(tls->cert, key) != 1)
		fault = words("%s: the private key does not fit the certificate", path);
	else if (SSL_CTX_use_PrivateKey(tls->context, key) != 1)
		fault = words("%s: its private key cannot be used: %s", path, library_says());
	EVP_PKEY_free(key);
	return fault;
}

/* Does CERT bear NAME: as a host, an address, its common name, its whole subject? */
static bool
bears(X509 *cert, const char *name, bool host_only)
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
	whole = subject_text(cert);
	found = found || (whole && !strcmp(whole, name));
	free(whole);
	return found;
}

static char *
ident_fault(const struct tls *tls, const char *path, const char *name)
{
	char *subject, *fault;

	if (!name || !*name || bears(tls->cert, name, false))
		return NULL;
	subject = subject_text(tls->cert);
	fault = words("%s: CERTIDENT says %s, but the certificate is for %s", path, name,
	    or_unknown(subject));
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
		fault = no_memory;
	ERR_clear_error();
	if (!fault)
		fault = use_certificates(tls, certs, settings->cert_file);
	ERR_clear_error();
	if (!fault)
		fault = has_key(bytes, len)
			    ? use_key(tls, key, settings->cert_file, settings->ident_password)
			    : words("%s: there is no private key in it", settings->cert_file);
	if (!fault)
		fault = ident_fault(tls, settings->cert_file, settings->ident_name);
	BIO_free(certs);
	BIO_free(key);
	return fault;
}

/* Our certificate, its chain and its key, from cert_file.  NULL: fine. */
static char *
load_cert_file(struct tls *tls, const struct tls_settings *settings)
{
	const char *path = settings->cert_file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	unsigned char *bytes;
	size_t len;
	char *fault;

	if (fd == -1)
		return words("%s: %s", path, strerror(errno));
	fault = key_file_fault(fd, path, settings->open_key_file);
	if (!fault) {
		bytes = read_whole(fd, &len);
		fault = bytes ? use_bytes(tls, settings, bytes, len)
			      : words("%s: %s", path, strerror(errno));
		OPENSSL_clear_free(bytes, PEM_MAX);
	}
	close(fd);
	tls->cert_file = strdup(path);
	return fault;
}

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
		return words("%s: %s", path, strerror(errno));
	while (!any && (entry = readdir(folder)))
		any = is_hashed_name(entry->d_name);
	closedir(folder);
	return any ? NULL
		   : words("%s: no certificate has a hashed name; run: openssl rehash %s", path,
			 path);
}

/* The certificates and CRLs in a file. */
static char *
trust_file(struct tls *tls, const char *path)
{
	X509_LOOKUP *lookup =
	    X509_STORE_add_lookup(SSL_CTX_get_cert_store(tls->context), X509_LOOKUP_file());

	if (!lookup)
		return no_memory;
	ERR_clear_error();
	if (X509_load_cert_crl_file(lookup, path, X509_FILETYPE_PEM) > 0)
		return NULL;
	return words(
	    "%s: there is no certificate in it that can be read: %s", path, library_says());
}

static char *
trust_folder(struct tls *tls, const char *path)
{
	char *fault = folder_fault(path);

	if (fault || SSL_CTX_load_verify_dir(tls->context, path) == 1)
		return fault;
	return words("%s: %s", path, library_says());
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

/* Load cert_path.  NULL: fine. */
static char *
load_cert_path(struct tls *tls, const char *path)
{
	X509_STORE *store = SSL_CTX_get_cert_store(tls->context);
	struct stat about;
	char *fault;

	if (stat(path, &about) != 0)
		return words("%s: %s", path, strerror(errno));
	if (about.st_mode & S_IWOTH)
		return words("%s: mode %04o: everybody may write here and so be trusted; chmod "
			     "o-w it",
		    path, (unsigned)about.st_mode & 07777);
	fault = S_ISDIR(about.st_mode) ? trust_folder(tls, path) : trust_file(tls, path);
	if (fault)
		return fault;
	/* A certificate in there is trusted whoever signed it: the chapter's recipe pins. */
	X509_STORE_set_flags(
	    store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_STORE_set_verify_cb(store, overlook_missing_crl);
	return NULL;
}

/* Tell clients which authorities we know, so that they can choose a certificate. */
static void
name_authorities(struct tls *tls, const char *path)
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

static void
say_why(struct tls_session *session, char *why)
{
	if (!session->why)
		session->why = why;
	else
		forget(why);
}

/* Why X509_verify_cert() refused; for say_why(). */
static char *
refusal(X509_STORE_CTX *store)
{
	int error = X509_STORE_CTX_get_error(store);
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	const char *what = X509_verify_cert_error_string(error);
	bool expired = error == X509_V_ERR_CERT_HAS_EXPIRED;
	char *detail = NULL, *text;

	if (cert && (expired || error == X509_V_ERR_CERT_NOT_YET_VALID))
		detail = time_text(expired ? X509_get0_notAfter(cert) : X509_get0_notBefore(cert));
	else if (cert)
		detail = subject_text(cert);
	text = words("certificate verify failed: %s (%s%s)", what,
	    !cert				     ? ""
	    : expired				     ? "notAfter="
	    : error == X509_V_ERR_CERT_NOT_YET_VALID ? "notBefore="
						     : "subject ",
	    or_unknown(detail));
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

/* Whom must the server's certificate name?  NULL: nobody. */
static const char *
name_to_check(const struct tls_session *session)
{
	if (session->name)
		return session->name;
	return session->trust == TLS_PINNED ? NULL : session->host;
}

static bool
names_the_right_one(struct tls_session *session, X509 *cert)
{
	const char *name = name_to_check(session);
	char *subject;

	if (!name || bears(cert, name, !session->name))
		return true;
	subject = subject_text(cert);
	say_why(session, words("certificate verify failed: it does not name %s (subject %s)", name,
			     or_unknown(subject)));
	free(subject);
	return false;
}

static int
judge(X509_STORE_CTX *store, void *owner)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_session *session = SSL_get_app_data(ssl);
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	const struct world *world = session->world;

	if (!session->tls->verify)
		return 1;
	X509_STORE_CTX_set_time(store, 0, (time_t)(world->wall_ms(world->owner) / 1000));
	if (X509_verify_cert(store) != 1) {
		say_why(session, refusal(store));
		return 0;
	}
	session->trust = is_pinned(store, cert) ? TLS_PINNED : TLS_CHAINED;
	if (session->tls->server || names_the_right_one(session, cert))
		return 1;
	X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
	return 0;
}

/* ---- set-up ---- */

bool
tls_available(void)
{
	return true;
}

static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
read_world(BIO *bio, char *bytes, int len)
{
	struct tls_session *session = BIO_get_data(bio);
	const struct world *world = session->world;
	ssize_t got = world->read(
	    world->owner, session->fd, bytes, len < READ_AHEAD ? (size_t)len : READ_AHEAD);

	BIO_clear_retry_flags(bio);
	session->drained = got == -1 && must_wait();
	if (session->drained)
		BIO_set_retry_read(bio);
	session->eof = got == 0;
	return (int)got;
}

static int
write_world(BIO *bio, const char *bytes, int len)
{
	struct tls_session *session = BIO_get_data(bio);
	const struct world *world = session->world;
	ssize_t sent = world->write(world->owner, session->fd, bytes, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (sent == -1 && must_wait())
		BIO_set_retry_write(bio);
	return (int)sent;
}

static long
control_world(BIO *bio, int what, long number, void *pointer)
{
	struct tls_session *session = BIO_get_data(bio);

	if (what == BIO_CTRL_EOF)
		return session->eof;
	return what == BIO_CTRL_FLUSH;
}

static bool
make_method(struct tls *tls)
{
	tls->over_world = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "world");
	if (!tls->over_world)
		return false;
	BIO_meth_set_read(tls->over_world, read_world);
	BIO_meth_set_write(tls->over_world, write_world);
	BIO_meth_set_ctrl(tls->over_world, control_world);
	return true;
}

static void
release(struct tls *tls)
{
	if (!tls || --tls->users > 0)
		return;
	SSL_CTX_free(tls->context);
	BIO_meth_free(tls->over_world);
	X509_free(tls->cert);
	free(tls->cert_file);
	free(tls);
}

/* What is the same for both sides. */
static struct tls *
start(const SSL_METHOD *method)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (!tls)
		return NULL;
	tls->users = 1;
	tls->context = SSL_CTX_new(method);
	if (!tls->context || !make_method(tls) ||
	    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1) {
		release(tls);
		return NULL;
	}
	/* Many NUT clients hang up without good-bye; lines and lists have their own ends. */
	SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					      SSL_OP_CIPHER_SERVER_PREFERENCE |
					      SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(tls->context, SSL_MODE_ENABLE_PARTIAL_WRITE |
					   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
					   SSL_MODE_RELEASE_BUFFERS);
	/* What is no line of ours (key updates, say) is looked at as far as it was read, not until
	 * it ends. */
	SSL_CTX_clear_mode(tls->context, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_read_ahead(tls->context, 1);
	SSL_CTX_set_verify_depth(tls->context, CHAIN_MAX);
	SSL_CTX_set_cert_verify_callback(tls->context, judge, NULL);
	return tls;
}

static char *
set_up_server(struct tls *tls, const struct tls_settings *settings)
{
	bool demand = settings->request_client == TLS_REQUIRE;
	char *fault;

	if (!settings->cert_file)
		return words("CERTFILE is missing, the file with our certificate and key");
	if (settings->request_client != TLS_REQUEST_NO && !settings->cert_path)
		return words("CERTREQUEST without CERTPATH: whose certificates are good?");
	fault = load_cert_file(tls, settings);
	/* One ticket, sent with the first reply, so that no first reply waits. */
	SSL_CTX_set_num_tickets(tls->context, 0);
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(tls->context, (const unsigned char *)"upsd", 4);
	if (fault || settings->request_client == TLS_REQUEST_NO)
		return fault;
	tls->verify = true;
	fault = load_cert_path(tls, settings->cert_path);
	if (fault)
		return fault;
	name_authorities(tls, settings->cert_path);
	SSL_CTX_set_verify(
	    tls->context, SSL_VERIFY_PEER | (demand ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	return NULL;
}

static char *
set_up_client(struct tls *tls, const struct tls_settings *settings)
{
	char *fault = settings->cert_file ? load_cert_file(tls, settings) : NULL;

	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	if (fault || !settings->verify)
		return fault;
	if (!settings->cert_path)
		return words("CERTVERIFY without CERTPATH: whose certificates are good?");
	tls->verify = true;
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	return load_cert_path(tls, settings->cert_path);
}

static struct tls *
finish(struct tls *tls, char *fault, char **why)
{
	ERR_clear_error();
	*why = given_away(fault);
	if (!fault)
		return tls;
	release(tls);
	return NULL;
}

struct tls *
tls_server_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start(TLS_server_method());

	if (tls)
		tls->server = true;
	return finish(
	    tls, tls ? set_up_server(tls, settings) : words("OpenSSL: %s", library_says()), why);
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start(TLS_client_method());

	return finish(
	    tls, tls ? set_up_client(tls, settings) : words("OpenSSL: %s", library_says()), why);
}

void
tls_free(struct tls *tls)
{
	release(tls);
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
	when = time_text(expired ? X509_get0_notAfter(tls->cert) : X509_get0_notBefore(tls->cert));
	text = expired ? words("%s: the certificate has expired (notAfter=%s)",
			     or_unknown(tls->cert_file), or_unknown(when))
		       : words("%s: the certificate is not valid yet (notBefore=%s)",
			     or_unknown(tls->cert_file), or_unknown(when));
	free(when);
	return given_away(text);
}

/* ---- one connection ---- */

static void
session_free(void *state)
{
	struct tls_session *session = state;

	/* Our good-bye, if it goes out at once; nobody waits for theirs. */
	if (session->ssl && !session->broken && SSL_is_init_finished(session->ssl))
		(void)SSL_shutdown(session->ssl);
	ERR_clear_error();
	SSL_free(session->ssl);
	release(session->tls);
	free(session->host);
	free(session->name);
	forget(session->why);
	free(session->peer_name);
	free(session);
}

static bool
copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

static bool
attach(struct tls_session *session)
{
	BIO *bio = BIO_new(session->tls->over_world);

	session->ssl = bio ? SSL_new(session->tls->context) : NULL;
	if (!session->ssl) {
		BIO_free(bio);
		return false;
	}
	BIO_set_data(bio, session);
	BIO_set_init(bio, 1);
	SSL_set_bio(session->ssl, bio, bio);
	SSL_set_app_data(session->ssl, session);
	return true;
}

struct tls_session *
tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name)
{
	struct tls_session *session = calloc(1, sizeof(*session));
	struct addr addr;

	if (!session)
		return NULL;
	tls->users++;
	session->tls = tls;
	session->world = world;
	session->fd = fd;
	if (!copy(&session->host, host) || !copy(&session->name, name) || !attach(session)) {
		session_free(session);
		return NULL;
	}
	if (tls->server)
		SSL_set_accept_state(session->ssl);
	else
		SSL_set_connect_state(session->ssl);
	if (host && !addr_parse(&addr, host, 0))
		SSL_set_tlsext_host_name(session->ssl, host);
	return session;
}

static const char *
alert(int number)
{
	/* OpenSSL 3.0 has no words for this one. */
	if (number == TLS13_AD_CERTIFICATE_REQUIRED)
		return "certificate required";
	return SSL_alert_desc_string_long(number);
}

/* In the reader's words where the library's do not say what to do. */
static char *
failure(const struct tls_session *session)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);

	if (session->eof)
		return words("the other side has hung up");
	if (!error)
		return words("%s", strerror(errno));
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		return words("the other side refuses: %s", alert(reason - SSL_AD_REASON_OFFSET));
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return words("it shows no certificate, which CERTREQUEST demands");
	return words("%s", or_unknown(ERR_reason_error_string(error)));
}

/* What it means that a call has RETURNED less than 1: as read(2) would say it. */
static int
conclude(struct tls_session *session, int returned, short *want)
{
	int saved = errno;

	switch (SSL_get_error(session->ssl, returned)) {
	case SSL_ERROR_WANT_READ:
		*want = POLLIN;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_WANT_WRITE:
		*want = POLLOUT;
		errno = EAGAIN;
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		errno = saved;
		say_why(session, failure(session));
		session->broken = true;
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

/* Hands are shaken.  false: no memory. */
static bool
shaken(struct tls_session *session)
{
	X509 *cert = SSL_get0_peer_certificate(session->ssl);

	session->ticket_owed = session->tls->server && SSL_version(session->ssl) >= TLS1_3_VERSION;
	if (!cert)
		return true;
	/* One who comes back with our ticket was judged when it was made. */
	if (session->tls->verify && session->trust == TLS_UNVERIFIED)
		session->trust = TLS_CHAINED;
	session->peer_name = subject_text(cert);
	if (!session->peer_name)
		session->peer_name = strdup("");
	return session->peer_name;
}

static int
session_handshake(void *state, short *want)
{
	struct tls_session *session = state;
	int done;

	ERR_clear_error();
	done = SSL_do_handshake(session->ssl);
	if (done == 1)
		return shaken(session) ? 1 : -1;
	done = conclude(session, done, want);
	if (done == -1 && errno == EAGAIN)
		return 0;
	say_why(session, words("the other side has hung up"));
	session->broken = true;
	return -1;
}

static int
at_most(size_t len)
{
	return len > 1 << 20 ? 1 << 20 : (int)len;
}

static ssize_t
session_read(void *state, void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	int got;

	ERR_clear_error();
	got = SSL_read(session->ssl, bytes, at_most(len));
	return got > 0 ? got : conclude(session, got, want);
}

static ssize_t
session_write(void *state, const void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	bool ticket = session->ticket_owed;
	int sent;

	ERR_clear_error();
	if (ticket)
		SSL_new_session_ticket(session->ssl);
	session->ticket_owed = false;
	sent = SSL_write(session->ssl, bytes, at_most(len));
	if (ticket) /* or 16 kB for reading stay until somebody speaks again */
		SSL_free_buffers(session->ssl);
	if (sent > 0)
		return sent;
	sent = conclude(session, sent, want);
	if (sent == 0) { /* the other side has said good-bye and takes no more */
		session->broken = true;
		errno = EPIPE;
	}
	return -1;
}

static bool
session_pending(void *state)
{
	struct tls_session *session = state;

	/* Part of a record, whose rest is still to come, is nothing to look at. */
	return SSL_pending(session->ssl) > 0 ||
	       (SSL_has_pending(session->ssl) && !session->drained);
}

static const char *
session_why(void *state)
{
	struct tls_session *session = state;

	return session->why;
}

const struct confine_call tls_calls[] = { CONFINE_END };

const struct conn_filter tls_filter = { session_handshake, session_read, session_write,
	session_pending, session_why, session_free };

enum tls_trust
tls_trust(const struct tls_session *session)
{
	return session->trust;
}

const char *
tls_peer_name(const struct tls_session *session)
{
	return session->peer_name;
}

const char *
tls_version(const struct tls_session *session)
{
	return SSL_get_version(session->ssl);
}
