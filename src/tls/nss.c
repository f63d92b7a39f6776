/* nss.c - TLS by NSS; the only file in src/ that includes its headers and NSPR's.
 *
 * The library reads and writes through a layer over the world and is given our own verdict on
 * certificates (judge()).  Keys and certificates lie in a database (certutil): each struct tls has
 * it open as a slot of its own.  Sessions are not resumed. */
#include "tls/tls.h"

#include <cert.h>
#include <certdb.h>
#include <errno.h>
#include <keyhi.h>
#include <nspr.h>
#include <nss.h>
#include <pk11pub.h>
#include <secerr.h>
#include <secmod.h>
#include <ssl.h>
#include <sslerr.h>
#include <sslproto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* Lives until its last session is gone. */
struct tls {
	PK11SlotInfo *slot;    /* owned: the database; NULL: none */
	CERTCertificate *cert; /* owned: ours; NULL: none */
	SECKEYPrivateKey *key; /* owned: its */
	char *title;	       /* owned: what messages call it */
	PRDescIdentity layer;  /* of the descriptors over the world */
	PRFileDesc *model;     /* owned: servers: what sessions are made from; NULL: clients */
	bool server, request, demand, verify;
	unsigned users;
};

struct tls_session {
	struct tls *tls;	   /* counted */
	PRFileDesc *ssl;	   /* owned, with the layer under it */
	const struct world *world; /* borrowed */
	int fd;			   /* borrowed */
	char *host, *name;	   /* owned; whom to reach, whom the certificate must name */
	char *why;		   /* owned: the reason of the last failure */
	char *peer_name;	   /* owned */
	const char *version;
	enum tls_trust trust;
	short blocked; /* what the layer last had to wait for: POLLIN or POLLOUT */
	bool shaken, broken, eof;
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

/* "Oct 28 20:05:32 2002 GMT" */
static void
time_text(PRTime at, char *out, size_t size)
{
	time_t seconds = (time_t)(at / PR_USEC_PER_SEC);
	struct tm when;

	*out = '\0';
	if (gmtime_r(&seconds, &when))
		strftime(out, size, "%b %e %H:%M:%S %Y GMT", &when);
}

/* "CN=mon,O=home", printable ASCII whatever is in it; to be freed. */
static char *
subject_text(const CERTCertificate *cert)
{
	char *text = strdup(cert->subjectName ? cert->subjectName : "");

	for (char *at = text; at && *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			*at = '?';
	return text;
}

static const char *
or_unknown(const char *text)
{
	return text ? text : "?";
}

static const char *
library_says(void)
{
	const char *text = PR_ErrorToString(PR_GetError(), PR_LANGUAGE_I_DEFAULT);

	return text && *text ? text : "unknown error";
}

/* ---- the database ---- */

/* What is wrong with the folder or its keys; NULL: nothing. */
static char *
database_fault(const char *path, bool open_is_fine)
{
	struct buf keys = { .max = 4096 };
	struct stat about;
	char *fault = NULL;

	if (path[strcspn(path, "'\"\\<>=")])
		return words("%s: a path with quotes cannot be used", path);
	if (stat(path, &about) != 0)
		return words("%s: %s", path, strerror(errno));
	if (about.st_mode & S_IWOTH)
		return words("%s: mode %04o: everybody may write here and so be trusted; chmod "
			     "o-w it",
		    path, (unsigned)about.st_mode & 07777);
	buf_add_format(&keys, "%s/key4.db", path);
	if (!buf_add(&keys, "", 1))
		fault = no_memory;
	else if (stat(buf_bytes(&keys), &about) != 0)
		fault = words("%s: there is no NSS database in it (%s: %s); make one: certutil -N "
			      "-d %s",
		    path, buf_bytes(&keys), strerror(errno), path);
	else if ((about.st_mode & (S_IROTH | S_IWOTH)) && !open_is_fine)
		fault = words("%s: mode %04o: everybody may read or write this file with keys; "
			      "chmod o= it, or set NUT_ALLOW_OPEN_FILES=yes",
		    buf_bytes(&keys), (unsigned)about.st_mode & 07777);
	buf_free(&keys);
	return fault;
}

/* The library keeps lists of what is revoked: there may be newer ones in our database. */
static void
forget_crls(const struct tls *tls)
{
	CERTCertList *list = PK11_ListCertsInSlot(tls->slot);

	for (CERTCertListNode *node = list ? CERT_LIST_HEAD(list) : NULL;
	     node && !CERT_LIST_END(node, list); node = CERT_LIST_NEXT(node))
		CERT_CRLCacheRefreshIssuer(CERT_GetDefaultCertDB(), &node->cert->derSubject);
	if (list)
		CERT_DestroyCertList(list);
}

/* NULL: fine. */
static char *
open_database(struct tls *tls, const struct tls_settings *settings)
{
	const char *path = settings->cert_path;
	/* Without keys of ours in it nobody minds who reads it. */
	bool keys = settings->ident_name && *settings->ident_name;
	char *fault = database_fault(path, settings->open_key_file || !keys);
	char *spec;

	if (fault)
		return fault;
	spec =
	    given_away(words("configdir='sql:%s' tokenDescription='refnut' flags=readOnly", path));
	tls->slot = spec ? SECMOD_OpenUserDB(spec) : NULL;
	free(spec);
	if (!tls->slot)
		return words("%s: %s", path, library_says());
	forget_crls(tls);
	return NULL;
}

/* NULL: fine. */
static char *
unlock_database(struct tls *tls, const struct tls_settings *settings)
{
	const char *password = settings->ident_password;

	if (PK11_NeedUserInit(tls->slot) || !PK11_NeedLogin(tls->slot))
		return NULL;
	if (PK11_CheckUserPassword(tls->slot, password ? password : "") == SECSuccess)
		return NULL;
	return password && *password
		   ? words("%s: the password of CERTIDENT does not open the database",
			 settings->cert_path)
		   : words("%s: the database has a password, and CERTIDENT gives none",
			 settings->cert_path);
}

/* "refnut:My nut server": the part that was given with certutil -n. */
static bool
has_nickname(const CERTCertificate *cert, const char *name)
{
	const char *nickname = cert->nickname ? cert->nickname : "";
	const char *colon = strchr(nickname, ':');

	return !strcmp(nickname, name) || (colon && !strcmp(colon + 1, name));
}

/* As a key of this process: one in the database is decrypted for each use, which takes 70 ms. */
static SECKEYPrivateKey *
take_out(SECKEYPrivateKey *stored)
{
	PK11SlotInfo *slot = PK11_GetInternalSlot();
	SECKEYPrivateKey *key =
	    stored && slot ? PK11_CopyTokenPrivKeyToSessionPrivKey(slot, stored) : NULL;

	if (slot)
		PK11_FreeSlot(slot);
	if (!key)
		return stored;
	SECKEY_DestroyPrivateKey(stored);
	return key;
}

/* Our certificate and its key, named by CERTIDENT.  NULL: fine. */
static char *
use_certificate(struct tls *tls, const struct tls_settings *settings)
{
	const char *name = settings->ident_name;
	CERTCertList *list = PK11_ListCertsInSlot(tls->slot);
	char *fault = unlock_database(tls, settings);

	for (CERTCertListNode *node = list ? CERT_LIST_HEAD(list) : NULL;
	     node && !CERT_LIST_END(node, list) && !tls->cert; node = CERT_LIST_NEXT(node))
		if (has_nickname(node->cert, name))
			tls->cert = CERT_DupCertificate(node->cert);
	if (list)
		CERT_DestroyCertList(list);
	if (fault)
		return fault;
	if (!tls->cert)
		return words("%s: CERTIDENT says %s, and there is no certificate of that name; "
			     "see: certutil -L -d %s",
		    settings->cert_path, name, settings->cert_path);
	tls->title = given_away(words("%s: %s", settings->cert_path, name));
	tls->key = take_out(PK11_FindPrivateKeyFromCert(tls->slot, tls->cert, NULL));
	if (!tls->key)
		return words("%s: there is no private key of %s in it", settings->cert_path, name);
	return tls->title ? NULL : no_memory;
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

/* Why the library refused CERT at NOW, in the words OpenSSL has for it; for say_why(). */
static char *
refusal(const CERTCertificate *cert, PRTime now, PRErrorCode error)
{
	SECCertTimeValidity validity = CERT_CheckCertValidTimes(cert, now, PR_FALSE);
	const char *what = library_says();
	PRTime from = 0, to = 0;
	char when[64], *subject, *text;

	if (CERT_GetCertTimes(cert, &from, &to) == SECSuccess && validity != secCertTimeValid) {
		time_text(validity == secCertTimeExpired ? to : from, when, sizeof(when));
		return validity == secCertTimeExpired
			   ? words("certificate verify failed: certificate has expired "
				   "(notAfter=%s)",
				 when)
			   : words("certificate verify failed: certificate is not yet valid "
				   "(notBefore=%s)",
				 when);
	}
	if (error == SEC_ERROR_REVOKED_CERTIFICATE)
		what = "certificate revoked";
	else if (error == SEC_ERROR_UNKNOWN_ISSUER || error == SEC_ERROR_UNTRUSTED_ISSUER ||
		 error == SEC_ERROR_CA_CERT_INVALID)
		what = cert->isRoot ? "self-signed certificate"
				    : "unable to get local issuer certificate";
	subject = subject_text(cert);
	text = words("certificate verify failed: %s (subject %s)", what, or_unknown(subject));
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
	const char *name = session->name		  ? session->name
			   : session->trust == TLS_PINNED ? NULL
							  : session->host;
	char *subject;

	if (!name || bears(cert, name, !session->name))
		return true;
	subject = subject_text(cert);
	say_why(session, words("certificate verify failed: it does not name %s (subject %s)", name,
			     or_unknown(subject)));
	free(subject);
	PR_SetError(SSL_ERROR_BAD_CERT_DOMAIN, 0);
	return false;
}

static SECStatus
judge(void *owner, PRFileDesc *ssl, PRBool check_signature, PRBool is_server)
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

		say_why(session, refusal(cert, now, error));
		PR_SetError(error, 0);
	} else {
		session->trust = is_pinned(session->tls, cert) ? TLS_PINNED : TLS_CHAINED;
		good = is_server || names_the_right_one(session, cert);
	}
	CERT_DestroyCertificate(cert);
	return good ? SECSuccess : SECFailure;
}

/* A server asks for our certificate. */
static SECStatus
show_certificate(void *owner, PRFileDesc *ssl, CERTDistNames *authorities, CERTCertificate **cert,
    SECKEYPrivateKey **key)
{
	struct tls_session *session = owner;

	if (!session->tls->cert)
		return SECFailure; /* goes on without */
	*cert = CERT_DupCertificate(session->tls->cert);
	*key = SECKEY_CopyPrivateKey(session->tls->key);
	return *cert && *key ? SECSuccess : SECFailure;
}

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

static PRFileDesc *descriptor(const struct tls *tls, struct tls_session *session);

/* Which has the key ready: to make it so takes 14 ms. */
static char *
make_model(struct tls *tls)
{
	tls->model = descriptor(tls, NULL);
	if (tls->model &&
	    SSL_ConfigServerCert(tls->model, tls->cert, tls->key, NULL, 0) == SECSuccess)
		return NULL;
	return words("%s: %s", tls->title, library_says());
}

static char *
refuse_file(const struct tls_settings *settings)
{
	return settings->cert_file
		   ? words("CERTFILE %s: this build uses NSS: put it into the database (CERTPATH) "
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
		return words("CERTPATH is missing, the database with our certificate and key");
	if (!settings->ident_name || !*settings->ident_name)
		return words(
		    "CERTIDENT is missing: which certificate of %s is ours?", settings->cert_path);
	fault = open_database(tls, settings);
	if (!fault)
		fault = use_certificate(tls, settings);
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
		return words(settings->verify
				 ? "CERTVERIFY without CERTPATH: whose certificates are good?"
				 : "CERTIDENT without CERTPATH: where is our certificate?");
	fault = open_database(tls, settings);
	return fault || !shows ? fault : use_certificate(tls, settings);
}

static struct tls *
finish(struct tls *tls, char *fault, char **why)
{
	*why = given_away(fault);
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
	    tls, tls ? set_up_server(tls, settings) : words("NSS: %s", library_says()), why);
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	struct tls *tls = start();

	return finish(
	    tls, tls ? set_up_client(tls, settings) : words("NSS: %s", library_says()), why);
}

void
tls_free(struct tls *tls)
{
	release(tls);
}

char *
tls_doubt(const struct tls *tls, int64_t wall_ms)
{
	PRTime from = 0, to = 0;
	char when[64];

	if (!tls->cert || CERT_GetCertTimes(tls->cert, &from, &to) != SECSuccess)
		return NULL;
	switch (CERT_CheckCertValidTimes(tls->cert, wall_ms * PR_USEC_PER_MSEC, PR_FALSE)) {
	case secCertTimeExpired:
		time_text(to, when, sizeof(when));
		return given_away(
		    words("%s: the certificate has expired (notAfter=%s)", tls->title, when));
	case secCertTimeNotValidYet:
		time_text(from, when, sizeof(when));
		return given_away(
		    words("%s: the certificate is not valid yet (notBefore=%s)", tls->title, when));
	default:
		return NULL;
	}
}

/* ---- the layer over the world ---- */

static struct tls_session *
session_of(PRFileDesc *layer)
{
	return (struct tls_session *)layer->secret;
}

static PRInt32
must_wait_or_fail(struct tls_session *session, short for_what)
{
	bool wait = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;

	session->blocked = for_what;
	PR_SetError(wait ? PR_WOULD_BLOCK_ERROR : PR_IO_ERROR, errno);
	return -1;
}

static PRInt32 PR_CALLBACK
layer_recv(PRFileDesc *layer, void *bytes, PRInt32 len, PRIntn flags, PRIntervalTime timeout)
{
	struct tls_session *session = session_of(layer);
	const struct world *world = session->world;
	ssize_t got = world->read(world->owner, session->fd, bytes, (size_t)len);

	if (got == -1)
		return must_wait_or_fail(session, POLLIN);
	session->eof = got == 0;
	return (PRInt32)got;
}

static PRInt32 PR_CALLBACK
layer_send(PRFileDesc *layer, const void *bytes, PRInt32 len, PRIntn flags, PRIntervalTime timeout)
{
	struct tls_session *session = session_of(layer);
	const struct world *world = session->world;
	ssize_t sent;

	/* No good-bye from a session that never was, or is no more. */
	if (session->fd == -1) {
		errno = EPIPE;
		return must_wait_or_fail(session, POLLOUT);
	}
	sent = world->write(world->owner, session->fd, bytes, (size_t)len);
	return sent == -1 ? must_wait_or_fail(session, POLLOUT) : (PRInt32)sent;
}

/* It must seem connected; who it is counts only for resumption, which is off. */
static PRStatus PR_CALLBACK
layer_name(PRFileDesc *layer, PRNetAddr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->inet.family = PR_AF_INET;
	addr->inet.ip = PR_htonl(PR_INADDR_LOOPBACK);
	return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
layer_option(PRFileDesc *layer, PRSocketOptionData *data)
{
	if (data->option != PR_SockOpt_Nonblocking) {
		PR_SetError(PR_NOT_IMPLEMENTED_ERROR, 0);
		return PR_FAILURE;
	}
	data->value.non_blocking = PR_TRUE;
	return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
layer_set_option(PRFileDesc *layer, const PRSocketOptionData *data)
{
	return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
layer_shutdown(PRFileDesc *layer, PRIntn how)
{
	return PR_SUCCESS;
}

static PRStatus PR_CALLBACK
layer_close(PRFileDesc *layer)
{
	layer->dtor(layer);
	return PR_SUCCESS;
}

static const PRIOMethods layer_methods = {
	.file_type = PR_DESC_LAYERED,
	.close = layer_close,
	.shutdown = layer_shutdown,
	.recv = layer_recv,
	.send = layer_send,
	.getsockname = layer_name,
	.getpeername = layer_name,
	.getsocketoption = layer_option,
	.setsocketoption = layer_set_option,
};

/* ---- one connection ---- */

static void
session_free(void *state)
{
	struct tls_session *session = state;

	if (!session->shaken || session->broken)
		session->fd = -1;
	if (session->ssl)
		PR_Close(session->ssl);
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
descriptor(const struct tls *tls, struct tls_session *session)
{
	PRFileDesc *layer = PR_CreateIOLayerStub(tls->layer, &layer_methods), *ssl;

	if (!layer)
		return NULL;
	layer->secret = (PRFilePrivate *)session;
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

static bool
attach(struct tls_session *session)
{
	const struct tls *tls = session->tls;

	session->ssl = descriptor(tls, session);
	if (!session->ssl || SSL_AuthCertificateHook(session->ssl, judge, session) != SECSuccess ||
	    SSL_GetClientAuthDataHook(session->ssl, show_certificate, session) != SECSuccess)
		return false;
	if (session->host && SSL_SetURL(session->ssl, session->host) != SECSuccess)
		return false;
	return SSL_ResetHandshake(session->ssl, tls->server) == SECSuccess;
}

struct tls_session *
tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name)
{
	struct tls_session *session = calloc(1, sizeof(*session));

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
	return session;
}

/* "SSL_ERROR_UNKNOWN_CA_ALERT": "the other side refuses: unknown CA".  NULL: it is no alert. */
static char *
alert(PRErrorCode error)
{
	const char *name = PR_ErrorToName(error), *begin = "SSL_ERROR_", *end = "_ALERT";
	size_t len = name ? strlen(name) : 0;
	char text[64];

	if (error == SSL_ERROR_UNKNOWN_CA_ALERT)
		return words("the other side refuses: unknown CA");
	if (error == SSL_ERROR_BAD_CERT_ALERT || error == SSL_ERROR_EXPIRED_CERT_ALERT ||
	    error == SSL_ERROR_REVOKED_CERT_ALERT)
		return words("the other side refuses: %s",
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
	return words("the other side refuses: %s", text);
}

/* In the reader's words where the library's do not say what to do. */
static char *
failure(const struct tls_session *session, PRErrorCode error)
{
	char *refused = alert(error);

	if (refused)
		return refused;
	if (session->eof || error == PR_END_OF_FILE_ERROR)
		return words("the other side has hung up");
	if (error == PR_IO_ERROR)
		return words("%s", strerror(PR_GetOSError()));
	if (error == SSL_ERROR_NO_CERTIFICATE)
		return words("it shows no certificate, which CERTREQUEST demands");
	if (error == SSL_ERROR_UNSUPPORTED_VERSION)
		return words("unsupported protocol");
	return words("%s", library_says());
}

/* A call has failed: as read(2) would say it.  Always -1. */
static int
conclude(struct tls_session *session, short *want)
{
	PRErrorCode error = PR_GetError();

	/* At the end of file the library may say nothing, and what it said before still stands. */
	if (error == PR_WOULD_BLOCK_ERROR && !session->eof) {
		*want = session->blocked;
		errno = EAGAIN;
		return -1;
	}
	say_why(session, failure(session, error));
	session->broken = true;
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
shaken(struct tls_session *session)
{
	CERTCertificate *cert = SSL_PeerCertificate(session->ssl);
	SSLChannelInfo info = { 0 };

	session->shaken = true;
	SSL_GetChannelInfo(session->ssl, &info, sizeof(info));
	session->version = version_text(info.protocolVersion);
	if (!cert)
		return true;
	session->peer_name = subject_text(cert);
	CERT_DestroyCertificate(cert);
	return session->peer_name;
}

static int
session_handshake(void *state, short *want)
{
	struct tls_session *session = state;

	session->blocked = POLLIN;
	if (SSL_ForceHandshake(session->ssl) == SECSuccess)
		return shaken(session) ? 1 : -1;
	(void)conclude(session, want);
	return errno == EAGAIN ? 0 : -1;
}

static PRInt32
at_most(size_t len)
{
	return len > 1 << 20 ? 1 << 20 : (PRInt32)len;
}

static ssize_t
session_read(void *state, void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	PRInt32 got;

	session->blocked = POLLIN;
	got = PR_Recv(session->ssl, bytes, at_most(len), 0, PR_INTERVAL_NO_WAIT);
	return got >= 0 ? got : conclude(session, want);
}

static ssize_t
session_write(void *state, const void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	PRInt32 sent;

	session->blocked = POLLOUT;
	sent = PR_Send(session->ssl, bytes, at_most(len), 0, PR_INTERVAL_NO_WAIT);
	return sent >= 0 ? sent : conclude(session, want);
}

static bool
session_pending(void *state)
{
	struct tls_session *session = state;

	return SSL_DataPending(session->ssl) > 0;
}

static const char *
session_why(void *state)
{
	struct tls_session *session = state;

	return session->why;
}

const struct confine_call tls_calls[] = {
	CONFINE(statfs, "the database: does it lie across a network?"),
	CONFINE(statfs64, "the same on 32 bits"),
	CONFINE_END,
};

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
	return session->version ? session->version : "";
}
