/* session.h - what the back-ends of tls.h have in common: a session, whatever library speaks in it;
 * the rules that no library knows; and the words in which a fault is told. */
#ifndef TLS_SESSION_H
#define TLS_SESSION_H

#include "tls/tls.h"

#include <sys/stat.h>

/* ---- words, for tls_session_say_why() or tls_given_away() ---- */

/* Never NULL, which means "no fault": without memory they are tls_no_memory. */
char *tls_words(const char *format, ...) __attribute__((format(printf, 1, 2)));
extern char tls_no_memory[];
/* For somebody who frees them and knows nothing of tls_no_memory: that becomes NULL. */
char *tls_given_away(char *words);
/* "?" for NULL. */
const char *tls_or_unknown(const char *text);

/* ---- files ---- */

/* PATH, as stat(2) tells ABOUT it, holds whom we trust, or KEYS ("a key") of ours.  NULL: nobody
 * else may write, or read, it. */
char *tls_trust_file_fault(const char *path, const struct stat *about);
char *tls_key_file_fault(const char *path, const struct stat *about, const char *keys);

/* ---- a session ---- */

/* The first member of each back-end's own, which counts TLS. */
struct tls_session {
	struct tls *tls;
	const struct world *world; /* borrowed */
	int fd;			   /* borrowed */
	char *host, *name;	   /* owned; whom to reach, whom the certificate must name */
	char *why;		   /* owned: words: the reason of the first failure */
	char *peer_name;	   /* owned */
	enum tls_trust trust;
	bool broken; /* no more may be said, not even good-bye */
	bool eof;
};

/* false: no memory; to be ended all the same. */
bool tls_session_begin(struct tls_session *session, struct tls *tls, const struct world *world,
    int fd, const char *host, const char *name);
void tls_session_end(struct tls_session *session); /* what is owned */
/* Takes over WHY, which counts when it is the first. */
void tls_session_say_why(struct tls_session *session, char *why);
/* Whom must the server's certificate name, once it is known to be PINNED or CHAINED?  NULL: nobody.
 */
const char *tls_session_name_to_check(const struct tls_session *session);
/* It names SUBJECT (NULL: no memory) instead. */
void tls_session_wrong_name(struct tls_session *session, const char *subject);

/* Has the world's read or write failed because it would have to wait?  (errno) */
bool tls_must_wait(void);
/* LEN as the libraries take it. */
int tls_at_most(size_t len);
/* The "why" of conn_filter. */
const char *tls_session_why(void *state);

#endif
