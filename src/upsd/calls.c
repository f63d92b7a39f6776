#include "upsd/calls.h"

#include <sys/socket.h>

const struct confine_call upsd_calls[] = {
	CONFINE_IF(socket, 0, UINT32_MAX, AF_INET, "LISTEN: an address that comes late"),
	CONFINE_IF(socket, 0, UINT32_MAX, AF_INET6, "the same"),
	CONFINE(bind, "the same"),
	CONFINE(listen, "the same"),
	CONFINE_END,
};
