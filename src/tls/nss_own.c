/* nss_own.c - the database: our certificate and its key, and whom we trust. */
#include "tls/nss.h"

#include <certdb.h>
#include <errno.h>
#include <keyhi.h>
#include <pk11pub.h>
#include <secmod.h>
#include <stdlib.h>
#include <string.h>

/* What is wrong with the folder or its keys; NULL: nothing. */
static char *
database_fault(const char *path, bool open_is_fine)
{
	struct buf keys = { .max = 4096 };
	struct stat about;
	char *fault;

	if (path[strcspn(path, "'\"\\<>=")])
		return tls_words("%s: a path with quotes cannot be used", path);
	if (stat(path, &about) != 0)
		return tls_words("%s: %s", path, strerror(errno));
	fault = tls_trust_file_fault(path, &about);
	if (fault)
		return fault;
	buf_add_format(&keys, "%s/key4.db", path);
	if (!buf_add(&keys, "", 1))
		fault = tls_no_memory;
	else if (stat(buf_bytes(&keys), &about) != 0)
		fault =
		    tls_words("%s: there is no NSS database in it (%s: %s); make one: certutil -N "
			      "-d %s",
			path, buf_bytes(&keys), strerror(errno), path);
	else if (!open_is_fine)
		fault = tls_key_file_fault(buf_bytes(&keys), &about, "keys");
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

char *
nss_open_database(struct tls *tls, const struct tls_settings *settings)
{
	const char *path = settings->cert_path;
	/* Without keys of ours in it nobody minds who reads it. */
	bool keys = settings->ident_name && *settings->ident_name;
	char *fault = database_fault(path, settings->open_key_file || !keys);
	char *spec;

	if (fault)
		return fault;
	spec = tls_given_away(
	    tls_words("configdir='sql:%s' tokenDescription='refnut' flags=readOnly", path));
	tls->slot = spec ? SECMOD_OpenUserDB(spec) : NULL;
	free(spec);
	if (!tls->slot)
		return tls_words("%s: %s", path, nss_says());
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
		   ? tls_words("%s: the password of CERTIDENT does not open the database",
			 settings->cert_path)
		   : tls_words("%s: the database has a password, and CERTIDENT gives none",
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

char *
nss_use_certificate(struct tls *tls, const struct tls_settings *settings)
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
		return tls_words("%s: CERTIDENT says %s, and there is no certificate of that name; "
				 "see: certutil -L -d %s",
		    settings->cert_path, name, settings->cert_path);
	tls->title = tls_given_away(tls_words("%s: %s", settings->cert_path, name));
	tls->key = take_out(PK11_FindPrivateKeyFromCert(tls->slot, tls->cert, NULL));
	if (!tls->key)
		return tls_words(
		    "%s: there is no private key of %s in it", settings->cert_path, name);
	return tls->title ? NULL : tls_no_memory;
}

char *
tls_doubt(const struct tls *tls, int64_t wall_ms)
{
	PRTime from = 0, to = 0;
	char when[NSS_TIME_TEXT];

	if (!tls->cert || CERT_GetCertTimes(tls->cert, &from, &to) != SECSuccess)
		return NULL;
	switch (CERT_CheckCertValidTimes(tls->cert, wall_ms * PR_USEC_PER_MSEC, PR_FALSE)) {
	case secCertTimeExpired:
		nss_time_text(to, when);
		return tls_given_away(
		    tls_words("%s: the certificate has expired (notAfter=%s)", tls->title, when));
	case secCertTimeNotValidYet:
		nss_time_text(from, when);
		return tls_given_away(tls_words(
		    "%s: the certificate is not valid yet (notBefore=%s)", tls->title, when));
	default:
		return NULL;
	}
}
