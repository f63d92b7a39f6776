#include "base/hash.h"

#include "base/words.h"

#include <crypt.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_MAX 384 /* CRYPT_OUTPUT_SIZE of libxcrypt */

/* crypt(5): how a hash begins, how many $ it has, how long its last field is. */
static const struct {
	const char *begin;
	size_t dollars, last;
	bool weak;
} methods[] = {
	{ "$y$", 4, 43, false },
	{ "$gy$", 4, 43, false },
	{ "$7$", 3, 43, false },
	{ "$2b$", 3, 53, false },
	{ "$2y$", 3, 53, false },
	{ "$2a$", 3, 53, false },
	{ "$6$", 3, 86, false },
	{ "$5$", 3, 43, false },
	{ "$1$", 3, 22, true },
};

/* "$word$": as all of them begin. */
static bool
begins_like_one(const char *text)
{
	size_t len = strspn(text + (*text == '$'),
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-,");

	return text[0] == '$' && len > 0 && text[1 + len] == '$';
}

enum hash_kind
hash_look(const char *text)
{
	static const char letters[] =
	    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
		size_t dollars = 0, len = strlen(text);
		const char *last = text;

		if (strncmp(text, methods[i].begin, strlen(methods[i].begin)) != 0)
			continue;
		for (const char *at = text; *at; at++)
			if (*at == '$') {
				dollars++;
				last = at + 1;
			}
		/* "rounds=5000$" may stand before the salt. */
		dollars -= strstr(text, "$rounds=") != NULL;
		if (len >= HASH_MAX || dollars != methods[i].dollars || strpbrk(text, " :;*!\\") ||
		    strlen(last) != methods[i].last || strspn(last, letters) != methods[i].last)
			return HASH_BROKEN;
		return methods[i].weak ? HASH_WEAK : HASH_GOOD;
	}
	return begins_like_one(text) ? HASH_UNKNOWN : HASH_NONE;
}

/* "HASH PASSWORD": a password may hold blanks, a hash never does. */
static void
answer(char *question, int to)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	char *password = strchr(question, ' ');
	const char *made;

	if (data && password) {
		*password++ = '\0';
		made = crypt_r(password, question, data);
		helper_say_yes(to, made && words_same_secret(made, question));
	}
	if (data)
		explicit_bzero(data, sizeof(*data));
	free(data);
}

const struct helper_kind hash_helper = { "crypt", answer };

struct helper_question *
hash_ask(struct loop *loop, const char *hash, const char *password, helper_answered *answered,
    void *owner)
{
	char text[HASH_MAX + HASH_PASSWORD_MAX + 16];
	struct helper_question *question;
	int error;

	if (strlen(hash) >= HASH_MAX || strlen(password) > HASH_PASSWORD_MAX) {
		errno = EMSGSIZE;
		return NULL;
	}
	snprintf(text, sizeof(text), "crypt %s %s", hash, password);
	question = helper_ask(loop, text, answered, owner);
	error = errno;
	explicit_bzero(text, sizeof(text));
	errno = error;
	return question;
}
