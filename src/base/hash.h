/* hash.h - passwords that a file keeps as crypt(3) hashes, "$y$...": is a word one, and does a
 * password fit it?  crypt(3) takes its time (yescrypt: 30 ms), so base/helper is asked. */
#ifndef HASH_H
#define HASH_H

#include "base/helper.h"

enum hash_kind {
	HASH_NONE, /* not a hash */
	HASH_GOOD,
	HASH_WEAK,   /* one that can be guessed quickly today */
	HASH_BROKEN, /* begins as a hash does, but nothing can fit it: cut off, or mistyped */
	HASH_UNKNOWN /* "$word$...": may be a hash of a kind that we do not know */
};
enum hash_kind hash_look(const char *text);

/* One of the MORE of helper_start(): "crypt HASH PASSWORD". */
extern const struct helper_kind hash_helper;

/* Does PASSWORD fit HASH (HASH_GOOD or HASH_WEAK)?  helper_is_yes() reads the answer.  NULL as
 * helper_ask(); a PASSWORD over HASH_PASSWORD_MAX bytes, which crypt(3) does not take, is EMSGSIZE.
 */
#define HASH_PASSWORD_MAX 511
struct helper_question *hash_ask(struct loop *loop, const char *hash, const char *password,
    helper_answered *answered, void *owner);

#endif
