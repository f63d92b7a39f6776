#include "tls/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

char tls_no_memory[] = "out of memory";

char *
tls_words(const char *format, ...)
{
	struct buf text = { .max = 4096 };
	va_list args;
	char *words;

	va_start(args, format);
	buf_add_vformat(&text, format, args);
	va_end(args);
	words = buf_steal(&text);
	return words ? words : tls_no_memory;
}

static void
forget(char *words)
{
	if (words != tls_no_memory)
		free(words);
}

char *
tls_given_away(char *words)
{
	return words == tls_no_memory ? NULL : words;
}

const char *
tls_or_unknown(const char *text)
{
	return text ? text : "?";
}

char *
tls_trust_file_fault(const char *path, const struct stat *about)
{
	if (!(about->st_mode & S_IWOTH))
		return NULL;
	return tls_words("%s: mode %04o: everybody may write here and so be trusted; chmod o-w it",
	    path, (unsigned)about->st_mode & 07777);
}

char *
tls_key_file_fault(const char *path, const struct stat *about, const char *keys)
{
	if (!(about->st_mode & (S_IROTH | S_IWOTH)))
		return NULL;
	return tls_words("%s: mode %04o: everybody may read or write this file with %s; "
			 "chmod o= it, or set NUT_ALLOW_OPEN_FILES=yes",
	    path, (unsigned)about->st_mode & 07777, keys);
}

static bool
copy(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return !text || *out;
}

bool
tls_session_begin(struct tls_session *session, struct tls *tls, const struct world *world, int fd,
    const char *host, const char *name)
{
	*session = (struct tls_session){ .tls = tls, .world = world, .fd = fd };
	return copy(&session->host, host) && copy(&session->name, name);
}

void
tls_session_end(struct tls_session *session)
{
	free(session->host);
	free(session->name);
	forget(session->why);
	free(session->peer_name);
}

void
tls_session_say_why(struct tls_session *session, char *why)
{
	if (!session->why)
		session->why = why;
	else
		forget(why);
}

const char *
tls_session_name_to_check(const struct tls_session *session)
{
	if (session->name)
		return session->name;
	return session->trust == TLS_PINNED ? NULL : session->host;
}

void
tls_session_wrong_name(struct tls_session *session, const char *subject)
{
	tls_session_say_why(
	    session, tls_words("certificate verify failed: it does not name %s (subject %s)",
			 tls_session_name_to_check(session), tls_or_unknown(subject)));
}

bool
tls_must_wait(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

int
tls_at_most(size_t len)
{
	return len > 1 << 20 ? 1 << 20 : (int)len;
}

const char *
tls_session_why(void *state)
{
	const struct tls_session *session = state;

	return session->why;
}

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
