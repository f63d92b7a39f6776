/* nss_layer.c - how the bytes of NSS travel: a descriptor of NSPR over the world. */
#include "tls/nss.h"

#include <errno.h>
#include <string.h>

static struct session *
session_of(PRFileDesc *layer)
{
	return (struct session *)layer->secret;
}

static PRInt32
must_wait_or_fail(struct session *session, short for_what)
{
	session->blocked = for_what;
	PR_SetError(tls_must_wait() ? PR_WOULD_BLOCK_ERROR : PR_IO_ERROR, errno);
	return -1;
}

static PRInt32 PR_CALLBACK
layer_recv(PRFileDesc *layer, void *bytes, PRInt32 len, PRIntn flags, PRIntervalTime timeout)
{
	struct session *session = session_of(layer);
	const struct world *world = session->common.world;
	ssize_t got = world->read(world->owner, session->common.fd, bytes, (size_t)len);

	if (got == -1)
		return must_wait_or_fail(session, POLLIN);
	session->common.eof = got == 0;
	return (PRInt32)got;
}

static PRInt32 PR_CALLBACK
layer_send(PRFileDesc *layer, const void *bytes, PRInt32 len, PRIntn flags, PRIntervalTime timeout)
{
	struct session *session = session_of(layer);
	const struct world *world = session->common.world;
	ssize_t sent;

	/* No good-bye from a session that never was, or is no more. */
	if (session->common.fd == -1) {
		errno = EPIPE;
		return must_wait_or_fail(session, POLLOUT);
	}
	sent = world->write(world->owner, session->common.fd, bytes, (size_t)len);
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

PRFileDesc *
nss_layer_new(PRDescIdentity identity, struct session *session)
{
	PRFileDesc *layer = PR_CreateIOLayerStub(identity, &layer_methods);

	if (layer)
		layer->secret = (PRFilePrivate *)session;
	return layer;
}
