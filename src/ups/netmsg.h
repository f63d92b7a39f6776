/* netmsg.h - replies and error names of the network protocol (docs/net-protocol.md). */
#ifndef NETMSG_H
#define NETMSG_H

#include "base/buf.h"

#include <stdbool.h>

enum net_error {
	NET_OK,
	NET_ACCESS_DENIED,
	NET_UNKNOWN_UPS,
	NET_VAR_NOT_SUPPORTED,
	NET_CMD_NOT_SUPPORTED,
	NET_INVALID_ARGUMENT,
	NET_INSTCMD_FAILED,
	NET_SET_FAILED,
	NET_READONLY,
	NET_TOO_LONG,
	NET_FEATURE_NOT_SUPPORTED,
	NET_FEATURE_NOT_CONFIGURED,
	NET_ALREADY_SSL_MODE,
	NET_DRIVER_NOT_CONNECTED,
	NET_DATA_STALE,
	NET_ALREADY_LOGGED_IN,
	NET_INVALID_PASSWORD,
	NET_ALREADY_SET_PASSWORD,
	NET_INVALID_USERNAME,
	NET_ALREADY_SET_USERNAME,
	NET_USERNAME_REQUIRED,
	NET_PASSWORD_REQUIRED,
	NET_UNKNOWN_COMMAND,
	NET_INVALID_VALUE,
	NET_UNKNOWN_ERROR /* parsed: an ERR word we do not know; last */
};

/* What a client prints: "Access denied" (as NUT 2.8.0's upsc words it). */
const char *net_error_text(enum net_error error);
enum net_error net_error_parse(const char *name);
/* Appends "ERR NAME\n". */
bool net_error_format(struct buf *buf, enum net_error error);

#endif
