#include "ups/netmsg.h"

#include <string.h>

/* Texts as NUT 2.8.0's upsc prints them (measured); the errors it does not know are all "Unknown
 * error" there. */
static const struct {
	const char *name, *text;
} errors[] = {
	[NET_OK] = { "OK", "No error" },
	[NET_ACCESS_DENIED] = { "ACCESS-DENIED", "Access denied" },
	[NET_UNKNOWN_UPS] = { "UNKNOWN-UPS", "Unknown UPS" },
	[NET_VAR_NOT_SUPPORTED] = { "VAR-NOT-SUPPORTED", "Variable not supported by UPS" },
	[NET_CMD_NOT_SUPPORTED] = { "CMD-NOT-SUPPORTED", "Instant command not supported" },
	[NET_INVALID_ARGUMENT] = { "INVALID-ARGUMENT", "Unknown error" },
	[NET_INSTCMD_FAILED] = { "INSTCMD-FAILED", "Instant command failed" },
	[NET_SET_FAILED] = { "SET-FAILED", "Set command failed" },
	[NET_READONLY] = { "READONLY", "Read-only variable" },
	[NET_TOO_LONG] = { "TOO-LONG", "New value is too long" },
	[NET_FEATURE_NOT_SUPPORTED] = { "FEATURE-NOT-SUPPORTED", "Unknown error" },
	[NET_FEATURE_NOT_CONFIGURED] = { "FEATURE-NOT-CONFIGURED", "Unknown error" },
	[NET_ALREADY_SSL_MODE] = { "ALREADY-SSL-MODE", "Unknown error" },
	[NET_DRIVER_NOT_CONNECTED] = { "DRIVER-NOT-CONNECTED", "Driver not connected" },
	[NET_DATA_STALE] = { "DATA-STALE", "Data stale" },
	[NET_ALREADY_LOGGED_IN] = { "ALREADY-LOGGED-IN", "Already logged in" },
	[NET_INVALID_PASSWORD] = { "INVALID-PASSWORD", "Invalid password" },
	[NET_ALREADY_SET_PASSWORD] = { "ALREADY-SET-PASSWORD", "Already set password" },
	[NET_INVALID_USERNAME] = { "INVALID-USERNAME", "Invalid username" },
	[NET_ALREADY_SET_USERNAME] = { "ALREADY-SET-USERNAME", "Already set username" },
	[NET_USERNAME_REQUIRED] = { "USERNAME-REQUIRED", "Username required" },
	[NET_PASSWORD_REQUIRED] = { "PASSWORD-REQUIRED", "Password required" },
	[NET_UNKNOWN_COMMAND] = { "UNKNOWN-COMMAND", "Unknown command" },
	[NET_INVALID_VALUE] = { "INVALID-VALUE", "Invalid value for variable" },
	[NET_UNKNOWN_ERROR] = { "UNKNOWN", "Unknown error" },
};

const char *
net_error_text(enum net_error error)
{
	return errors[error].text;
}

enum net_error
net_error_parse(const char *name)
{
	for (size_t i = NET_OK + 1; i < NET_UNKNOWN_ERROR; i++)
		if (strcmp(name, errors[i].name) == 0)
			return (enum net_error)i;
	return NET_UNKNOWN_ERROR;
}

bool
net_error_format(struct buf *buf, enum net_error error)
{
	buf_add(buf, "ERR ", 4);
	buf_add_text(buf, errors[error].name);
	return buf_add(buf, "\n", 1);
}
