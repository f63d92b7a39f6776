/* nss.c - TLS by NSS.  The library reads and writes through a layer over the world (nss_layer.c)
 * and is given our own verdict on certificates (nss_judge.c).  Keys and certificates lie in a
 * database (certutil): each struct tls has it open as a slot of its own (nss_own.c).  Sessions are
 * not resumed. */
#include "tls/nss.h"

#include <errno.h>
#include <keyhi.h>
#include <nss.h>
#include <pk11pub.h>
#include <secmod.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslproto.h>
#include <stdlib.h>
#include <string.h>

/* ---- set-up ---- */

bool
tls_available(void)
{
	return true;
}

static void
release(struct tls *tls)
{
	if (!tls || --tls->users > 0)
		return;
	if (tls->model)
		PR_Close(tls->model);
	if (tls->key)
		SECKEY_DestroyPrivateKey(tls->key);
	if (tls->cert)
		CERT_DestroyCertificate(tls->cert);
	if (tls->slot) {
		(void)SECMOD_CloseUserDB(tls->slot);
		PK11_FreeSlot(tls->slot);
	}
	free(tls->title);
	free(tls);
}

/* What is the same for both sides. */
static struct tls *
start(void)
{
	struct tls *tls;

	/* The library is one for the whole process. */
	if (!NSS_IsInitialized() &&
	    (NSS_NoDB_Init(NULL) != SECSuccess || NSS_SetDomesticPolicy() != SECSuccess))
		return NULL;
	tls = calloc(1, sizeof(*tls));
	if (!tls)
		return NULL;
	tls->users = 1;
	tls->layer = PR_GetUniqueIdentity("world");
	return tls;
}

static PRFileDesc *descriptor(const struct tls *tls, struct session *session);

/* Which has the key ready: to make it so takes 14 ms. */
static char *
make_model(struct tls *tls)
{
	tls->model = descriptor(tls, NULL);
	if (tls->model &&
	    SSL_ConfigServerCert(tls->model, tls->cert, tls->key, NULL, 0) == SECSuccess)
		return NULL;
	return tls_words("%s: %s", tls->title, nss_says());
}

static char *
refuse_file(const struct tls_settings *settings)
{
	return settings->cert_file
		   ? tls_words(
			 "CERTFILE %s: this build uses NSS: put it into the database (CERTPATH) "
			 "and name it with CERTIDENT",
			 settings->cert_file)
		   : NULL;
}

static char *
set_up_server(struct tls *tls, const struct tls_settings *settings)
{
	char *fault = refuse_file(settings);

	tls->server = true;
	tls->request = tls->verify = settings->request_client != TLS_REQUEST_NO;
	tls->demand = settings->request_client == TLS_REQUIRE;
	if (fault)
		return fault;
	if (!settings->cert_path)
		return tls_words("CERTPATH is missing, the database with our certificate and key");
	if (!settings->ident_name || !*settings->ident_name)
		return tls_words(
		    "CERTIDENT is missing: which certificate of %s is ours?", settings->cert_path);
	fault = nss_open_database(tls, settings);
	if (!fault)
		fault = nss_use_certificate(tls, settings);
	return fault ? fault : make_model(tls);
}

static char *
set_up_client(struct tls *tls, const struct tls_settings *settings)
{
	bool shows = settings->ident_name && *settings->ident_name;
	char *fault = refuse_file(settings);

	tls->verify = settings->verify;
	if (fault || (!settings->verify && !shows))
		return fault;
	if (!settings->cert_path)
		return tls_words(settings->verify
				     ? "CERTVERIFY without CERTPATH: whose certificates are good?"
				     : "CERTIDENT without CERTPATH: where is our certificate?");
	fault = nss_open_database(tls, settings);
	return fault || !shows ? fault : nss_use_certificate(tls, settings);
}

static struct tls *
finish(struct tls *tls, char *fault, char **why)
{
	*why = tls_given_away(fault);
	if (tls && !fault)
		return tls;
	release(tls);
	return NULL;
}

struct tls *
tls_server_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start();

	return finish(
	    tls, tls ? set_up_server(tls, settings) : tls_words("NSS: %s", nss_says()), why);
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start();

	return finish(
	    tls, tls ? set_up_client(tls, settings) : tls_words("NSS: %s", nss_says()), why);
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

	if (!session->shaken || session->common.broken)
		session->common.fd = -1;
	if (session->ssl)
		PR_Close(session->ssl);
	release(session->common.tls);
	tls_session_end(&session->common);
	free(session);
}

static bool
set_options(PRFileDesc *ssl, const struct tls *tls)
{
	static const SSLVersionRange versions = { SSL_LIBRARY_VERSION_TLS_1_2,
		SSL_LIBRARY_VERSION_TLS_1_3 };
	const struct {
		PRInt32 option;
		PRIntn value;
	} options[] = {
		{ SSL_SECURITY, PR_TRUE },
		{ SSL_HANDSHAKE_AS_SERVER, tls->server },
		{ SSL_HANDSHAKE_AS_CLIENT, !tls->server },
		{ SSL_NO_CACHE, PR_TRUE },
		{ SSL_ENABLE_SESSION_TICKETS, PR_FALSE },
		{ SSL_ENABLE_RENEGOTIATION, SSL_RENEGOTIATE_NEVER },
		{ SSL_REQUEST_CERTIFICATE, tls->request },
		{ SSL_REQUIRE_CERTIFICATE, tls->demand ? SSL_REQUIRE_ALWAYS : SSL_REQUIRE_NEVER },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		if (SSL_OptionSet(ssl, options[i].option, options[i].value) != SECSuccess)
			return false;
	return SSL_VersionRangeSet(ssl, &versions) == SECSuccess;
}

/* Like the model where there is one; without SESSION it is one, and never carries a byte. */
static PRFileDesc *
descriptor(const struct tls *tls, struct session *session)
{
	PRFileDesc *layer = nss_layer_new(tls->layer, session), *ssl;

	if (!layer)
		return NULL;
	ssl = SSL_ImportFD(tls->model, layer);
	if (!ssl) {
		layer->dtor(layer);
		return NULL;
	}
	if (set_options(ssl, tls))
		return ssl;
	PR_Close(ssl);
	return NULL;
}

/* A server asks for our certificate. */
static SECStatus
show_certificate(void *owner, PRFileDesc *ssl, CERTDistNames *authorities, CERTCertificate **cert,
    SECKEYPrivateKey **key)
{
	struct session *session = owner;

	if (!session->common.tls->cert)
		return SECFailure; /* goes on without */
	*cert = CERT_DupCertificate(session->common.tls->cert);
	*key = SECKEY_CopyPrivateKey(session->common.tls->key);
	return *cert && *key ? SECSuccess : SECFailure;
}

static bool
attach(struct session *session)
{
	const struct tls *tls = session->common.tls;

	session->ssl = descriptor(tls, session);
	if (!session->ssl ||
	    SSL_AuthCertificateHook(session->ssl, nss_judge, &session->common) != SECSuccess ||
	    SSL_GetClientAuthDataHook(session->ssl, show_certificate, session) != SECSuccess)
		return false;
	if (session->common.host && SSL_SetURL(session->ssl, session->common.host) != SECSuccess)
		return false;
	return SSL_ResetHandshake(session->ssl, tls->server) == SECSuccess;
}

struct tls_session *
tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return NULL;
	tls->users++;
	if (!tls_session_begin(&session->common, tls, world, fd, host, name) || !attach(session)) {
		session_free(session);
		return NULL;
	}
	return &session->common;
}

/* "SSL_ERROR_UNKNOWN_CA_ALERT": "the other side refuses: unknown CA".  NULL: it is no alert. */
static char *
alert(PRErrorCode error)
{
	const char *name = PR_ErrorToName(error), *begin = "SSL_ERROR_", *end = "_ALERT";
	size_t len = name ? strlen(name) : 0;
	char text[64];

	if (error == SSL_ERROR_UNKNOWN_CA_ALERT)
		return tls_words("the other side refuses: unknown CA");
	if (error == SSL_ERROR_BAD_CERT_ALERT || error == SSL_ERROR_EXPIRED_CERT_ALERT ||
	    error == SSL_ERROR_REVOKED_CERT_ALERT)
		return tls_words("the other side refuses: %s",
		    error == SSL_ERROR_BAD_CERT_ALERT	    ? "bad certificate"
		    : error == SSL_ERROR_EXPIRED_CERT_ALERT ? "certificate expired"
							    : "certificate revoked");
	if (len < strlen(begin) + strlen(end) || len >= sizeof(text) ||
	    strncmp(name, begin, strlen(begin)) != 0 || strcmp(name + len - strlen(end), end) != 0)
		return NULL;
	len -= strlen(begin) + strlen(end);
	for (size_t i = 0; i < len; i++) {
		char c = name[strlen(begin) + i];

		text[i] = c == '_' ? ' ' : c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
	}
	text[len] = '\0';
	return tls_words("the other side refuses: %s", text);
}

/* In the reader's words where the library's do not say what to do. */
static char *
failure(const struct session *session, PRErrorCode error)
{
	char *refused = alert(error);

	if (refused)
		return refused;
	if (session->common.eof || error == PR_END_OF_FILE_ERROR)
		return tls_words("the other side has hung up");
	if (error == PR_IO_ERROR)
		return tls_words("%s", strerror(PR_GetOSError()));
	if (error == SSL_ERROR_NO_CERTIFICATE)
		return tls_words("it shows no certificate, which CERTREQUEST demands");
	if (error == SSL_ERROR_UNSUPPORTED_VERSION)
		return tls_words("unsupported protocol");
	return tls_words("%s", nss_says());
}

/* A call has failed: as read(2) would say it.  Always -1. */
static int
conclude(struct session *session, short *want)
{
	PRErrorCode error = PR_GetError();

	/* At the end of file the library may say nothing, and what it said before still stands. */
	if (error == PR_WOULD_BLOCK_ERROR && !session->common.eof) {
		*want = session->blocked;
		errno = EAGAIN;
		return -1;
	}
	tls_session_say_why(&session->common, failure(session, error));
	session->common.broken = true;
	errno = EPROTO;
	return -1;
}

static const char *
version_text(PRUint16 version)
{
	return version == SSL_LIBRARY_VERSION_TLS_1_3	? "TLSv1.3"
	       : version == SSL_LIBRARY_VERSION_TLS_1_2 ? "TLSv1.2"
							: "?";
}

/* Hands are shaken.  false: no memory. */
static bool
shaken(struct session *session)
{
	CERTCertificate *cert = SSL_PeerCertificate(session->ssl);
	SSLChannelInfo info = { 0 };

	session->shaken = true;
	SSL_GetChannelInfo(session->ssl, &info, sizeof(info));
	session->version = version_text(info.protocolVersion);
	if (!cert)
		return true;
	session->common.peer_name = nss_subject_text(cert);
	CERT_DestroyCertificate(cert);
	return session->common.peer_name;
}

static int
session_handshake(void *state, short *want)
{
	struct session *session = state;

	session->blocked = POLLIN;
	if (SSL_ForceHandshake(session->ssl) == SECSuccess)
		return shaken(session) ? 1 : -1;
	(void)conclude(session, want);
	return errno == EAGAIN ? 0 : -1;
}

static ssize_t
session_read(void *state, void *bytes, size_t len, short *want)
{
	struct session *session = state;
	PRInt32 got;

	session->blocked = POLLIN;
	got = PR_Recv(session->ssl, bytes, tls_at_most(len), 0, PR_INTERVAL_NO_WAIT);
	return got >= 0 ? got : conclude(session, want);
}

static ssize_t
session_write(void *state, const void *bytes, size_t len, short *want)
{
	struct session *session = state;
	PRInt32 sent;

	session->blocked = POLLOUT;
	sent = PR_Send(session->ssl, bytes, tls_at_most(len), 0, PR_INTERVAL_NO_WAIT);
	return sent >= 0 ? sent : conclude(session, want);
}

static bool
session_pending(void *state)
{
	struct session *session = state;

	return SSL_DataPending(session->ssl) > 0;
}

const struct confine_call tls_calls[] = {
	CONFINE(statfs, "the database: does it lie across a network?"),
	CONFINE(statfs64, "the same on 32 bits"),
	CONFINE_END,
};

const struct conn_filter tls_filter = { session_handshake, session_read, session_write,
	session_pending, tls_session_why, session_free };

const char *
tls_version(const struct tls_session *session)
{
	const char *version = ((const struct session *)session)->version;

	return version ? version : "";
}
