/* none.c - a build without TLS: STARTTLS answers FEATURE-NOT-SUPPORTED. */
#include "tls/tls.h"

#include <string.h>

const struct confine_call tls_calls[] = { CONFINE_END };

const struct conn_filter tls_filter = { .handshake = NULL };

bool
tls_available(void)
{
	return false;
}

struct tls *
tls_server_new(const struct tls_settings *settings, char **why)
{
	*why = strdup("this build has no TLS (make TLS=openssl)");
	return NULL;
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	return tls_server_new(settings, why);
}

void
tls_free(struct tls *tls)
{
}

char *
tls_doubt(const struct tls *tls, int64_t wall_ms)
{
	return NULL;
}

struct tls_session *
tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name)
{
	return NULL;
}

const char *
tls_version(const struct tls_session *session)
{
	return "";
}
