/* none.c - a build without TLS: STARTTLS answers FEATURE-NOT-SUPPORTED. */
#include "tls/tls.h"

static const char no_tls[] = "this build has no TLS (make TLS=openssl)";

bool
tls_available(void)
{
	return false;
}

struct tls *
tls_server_new(const struct tls_settings *settings, const char **why)
{
	*why = no_tls;
	return NULL;
}

struct tls *
tls_client_new(const struct tls_settings *settings, const char **why)
{
	*why = no_tls;
	return NULL;
}

void
tls_free(struct tls *tls)
{
}

const struct conn_filter *
tls_filter(struct tls *tls, const struct world *world, int fd, const char *host, void **state)
{
	return NULL;
}
