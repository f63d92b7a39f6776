#include "wrap/wrap.h"

#include <string.h>
#include <syslog.h>
#include <tcpd.h>

/* The library wants them of its user. */
int allow_severity = LOG_INFO, deny_severity = LOG_WARNING;

bool
wrap_available(void)
{
	return true;
}

void
wrap_tables(char *allow, char *deny)
{
	hosts_allow_table = allow;
	hosts_deny_table = deny;
}

/* Does libwrap serve USER at CLIENT, who speaks to SERVER?  May block. */
static bool
is_served(const char *client, const char *server, const char *user)
{
	struct request_info request;
	struct addr from, to;

	if (!*user || !addr_parse(&from, client, 0))
		return false;
	/* A `twist` line is refused: nothing may run in place of a resident server. */
	resident = 1;
	request_init(&request, RQ_DAEMON, "upsd", RQ_USER, user, RQ_CLIENT_SIN, &from.room, 0);
	if (addr_parse(&to, server, 0))
		request_set(&request, RQ_SERVER_SIN, &to.room, 0);
	sock_methods(&request);
	return hosts_access(&request) != 0;
}

static void
answer(char *question, int to)
{
	char *save, *client = strtok_r(question, " ", &save), *server = strtok_r(NULL, " ", &save);
	bool served = client && server && is_served(client, server, save);

	helper_say_yes(to, served);
}

const struct helper_kind wrap_helper = { "wrap", answer };
