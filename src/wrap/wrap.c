#include "wrap/wrap.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct helper_question *
wrap_ask(struct loop *loop, const char *client, const char *server, const char *user,
    helper_answered *answered, void *owner)
{
	char text[2 * ADDR_TEXT_MAX + WRAP_USER_MAX + 16];

	if (!*user || strlen(user) > WRAP_USER_MAX) {
		errno = EINVAL;
		return NULL;
	}
	if ((size_t)snprintf(text, sizeof(text), "wrap %s %s %s", client, server, user) >=
	    sizeof(text)) {
		errno = EMSGSIZE;
		return NULL;
	}
	return helper_ask(loop, text, answered, owner);
}
