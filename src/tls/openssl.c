/* openssl.c - TLS by OpenSSL 3.  The library reads and writes through the world, takes the time
 * from it, and is given our own verdict on certificates (openssl_judge.c). */
#include "tls/openssl.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define READ_AHEAD 4096 /* bytes asked of the world at once, so that a record is one read */
#define CHAIN_MAX 9	/* authorities between a certificate and the one we trust */

struct session {
	struct tls_session common;
	SSL *ssl;
	bool ticket_owed; /* to be sent with the first bytes of ours */
	bool drained;	  /* the world had no more when asked last */
};

/* ---- set-up ---- */

bool
tls_available(void)
{
	return true;
}

static int
read_world(BIO *bio, char *bytes, int len)
{
	struct session *session = BIO_get_data(bio);
	const struct world *world = session->common.world;
	ssize_t got = world->read(
	    world->owner, session->common.fd, bytes, len < READ_AHEAD ? (size_t)len : READ_AHEAD);

	BIO_clear_retry_flags(bio);
	session->drained = got == -1 && tls_must_wait();
	if (session->drained)
		BIO_set_retry_read(bio);
	session->common.eof = got == 0;
	return (int)got;
}

static int
write_world(BIO *bio, const char *bytes, int len)
{
	struct session *session = BIO_get_data(bio);
	const struct world *world = session->common.world;
	ssize_t sent = world->write(world->owner, session->common.fd, bytes, (size_t)len);

	BIO_clear_retry_flags(bio);
	if (sent == -1 && tls_must_wait())
		BIO_set_retry_write(bio);
	return (int)sent;
}

static long
control_world(BIO *bio, int what, long number, void *pointer)
{
	struct session *session = BIO_get_data(bio);

	if (what == BIO_CTRL_EOF)
		return session->common.eof;
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
	SSL_CTX_set_cert_verify_callback(tls->context, openssl_judge, NULL);
	return tls;
}

static char *
set_up_server(struct tls *tls, const struct tls_settings *settings)
{
	bool demand = settings->request_client == TLS_REQUIRE;
	char *fault;

	if (!settings->cert_file)
		return tls_words("CERTFILE is missing, the file with our certificate and key");
	if (settings->request_client != TLS_REQUEST_NO && !settings->cert_path)
		return tls_words("CERTREQUEST without CERTPATH: whose certificates are good?");
	fault = openssl_load_cert_file(tls, settings);
	/* One ticket, sent with the first reply, so that no first reply waits. */
	SSL_CTX_set_num_tickets(tls->context, 0);
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(tls->context, (const unsigned char *)"upsd", 4);
	if (fault || settings->request_client == TLS_REQUEST_NO)
		return fault;
	tls->verify = true;
	fault = openssl_load_cert_path(tls, settings->cert_path);
	if (fault)
		return fault;
	openssl_name_authorities(tls, settings->cert_path);
	SSL_CTX_set_verify(
	    tls->context, SSL_VERIFY_PEER | (demand ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), NULL);
	return NULL;
}

static char *
set_up_client(struct tls *tls, const struct tls_settings *settings)
{
	char *fault = settings->cert_file ? openssl_load_cert_file(tls, settings) : NULL;

	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	if (fault || !settings->verify)
		return fault;
	if (!settings->cert_path)
		return tls_words("CERTVERIFY without CERTPATH: whose certificates are good?");
	tls->verify = true;
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, NULL);
	return openssl_load_cert_path(tls, settings->cert_path);
}

static struct tls *
finish(struct tls *tls, char *fault, char **why)
{
	ERR_clear_error();
	*why = tls_given_away(fault);
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
	return finish(tls,
	    tls ? set_up_server(tls, settings) : tls_words("OpenSSL: %s", openssl_says()), why);
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start(TLS_client_method());

	return finish(tls,
	    tls ? set_up_client(tls, settings) : tls_words("OpenSSL: %s", openssl_says()), why);
}

void
tls_free(struct tls *tls)
{
	release(tls);
}

/* ---- one connection ---- */

static void
session_free(void *state)
{
	struct session *session = state;

	/* Our good-bye, if it goes out at once; nobody waits for theirs. */
	if (session->ssl && !session->common.broken && SSL_is_init_finished(session->ssl))
		(void)SSL_shutdown(session->ssl);
	ERR_clear_error();
	SSL_free(session->ssl);
	release(session->common.tls);
	tls_session_end(&session->common);
	free(session);
}

static bool
attach(struct session *session)
{
	BIO *bio = BIO_new(session->common.tls->over_world);

	session->ssl = bio ? SSL_new(session->common.tls->context) : NULL;
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
	struct session *session = calloc(1, sizeof(*session));
	struct addr addr;

	if (!session)
		return NULL;
	tls->users++;
	if (!tls_session_begin(&session->common, tls, world, fd, host, name) || !attach(session)) {
		session_free(session);
		return NULL;
	}
	if (tls->server)
		SSL_set_accept_state(session->ssl);
	else
		SSL_set_connect_state(session->ssl);
	if (host && !addr_parse(&addr, host, 0))
		SSL_set_tlsext_host_name(session->ssl, host);
	return &session->common;
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
failure(const struct session *session)
{
	unsigned long error = ERR_peek_error();
	int reason = ERR_GET_REASON(error);

	if (session->common.eof)
		return tls_words("the other side has hung up");
	if (!error)
		return tls_words("%s", strerror(errno));
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		return tls_words(
		    "the other side refuses: %s", alert(reason - SSL_AD_REASON_OFFSET));
	if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
		return tls_words("it shows no certificate, which CERTREQUEST demands");
	return tls_words("%s", tls_or_unknown(ERR_reason_error_string(error)));
}

/* What it means that a call has RETURNED less than 1: as read(2) would say it. */
static int
conclude(struct session *session, int returned, short *want)
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
		tls_session_say_why(&session->common, failure(session));
		session->common.broken = true;
		ERR_clear_error();
		errno = EPROTO;
		return -1;
	}
}

/* Hands are shaken.  false: no memory. */
static bool
shaken(struct session *session)
{
	X509 *cert = SSL_get0_peer_certificate(session->ssl);

	session->ticket_owed =
	    session->common.tls->server && SSL_version(session->ssl) >= TLS1_3_VERSION;
	if (!cert)
		return true;
	/* One who comes back with our ticket was judged when it was made. */
	if (session->common.tls->verify && session->common.trust == TLS_UNVERIFIED)
		session->common.trust = TLS_CHAINED;
	session->common.peer_name = openssl_subject_text(cert);
	if (!session->common.peer_name)
		session->common.peer_name = strdup("");
	return session->common.peer_name;
}

static int
session_handshake(void *state, short *want)
{
	struct session *session = state;
	int done;

	ERR_clear_error();
	done = SSL_do_handshake(session->ssl);
	if (done == 1)
		return shaken(session) ? 1 : -1;
	done = conclude(session, done, want);
	if (done == -1 && errno == EAGAIN)
		return 0;
	tls_session_say_why(&session->common, tls_words("the other side has hung up"));
	session->common.broken = true;
	return -1;
}

static ssize_t
session_read(void *state, void *bytes, size_t len, short *want)
{
	struct session *session = state;
	int got;

	ERR_clear_error();
	got = SSL_read(session->ssl, bytes, tls_at_most(len));
	return got > 0 ? got : conclude(session, got, want);
}

static ssize_t
session_write(void *state, const void *bytes, size_t len, short *want)
{
	struct session *session = state;
	bool ticket = session->ticket_owed;
	int sent;

	ERR_clear_error();
	if (ticket)
		SSL_new_session_ticket(session->ssl);
	session->ticket_owed = false;
	sent = SSL_write(session->ssl, bytes, tls_at_most(len));
	if (ticket) /* or 16 kB for reading stay until somebody speaks again */
		SSL_free_buffers(session->ssl);
	if (sent > 0)
		return sent;
	sent = conclude(session, sent, want);
	if (sent == 0) { /* the other side has said good-bye and takes no more */
		session->common.broken = true;
		errno = EPIPE;
	}
	return -1;
}

static bool
session_pending(void *state)
{
	struct session *session = state;

	/* Part of a record, whose rest is still to come, is nothing to look at. */
	return SSL_pending(session->ssl) > 0 ||
	       (SSL_has_pending(session->ssl) && !session->drained);
}

const struct confine_call tls_calls[] = { CONFINE_END };

const struct conn_filter tls_filter = { session_handshake, session_read, session_write,
	session_pending, tls_session_why, session_free };

const char *
tls_version(const struct tls_session *session)
{
	return SSL_get_version(((const struct session *)session)->ssl);
}
