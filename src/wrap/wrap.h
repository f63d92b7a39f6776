/* wrap.h - tcp-wrappers: may this user at this address be served?  Layer 2 of docs/access.md.
 *
 * One back-end is linked, chosen by `make WRAP=`: libwrap.c, or none.c.  libwrap may block (reverse
 * look-ups, `spawn`) and may even replace the process (`twist`), so base/helper's worker asks it.
 */
#ifndef WRAP_H
#define WRAP_H

#include "base/helper.h"

#define WRAP_USER_MAX 127 /* bytes of a user name; libwrap would cut a longer one */

/* Is libwrap built in?  If not there is nothing to ask: the answer would be no. */
bool wrap_available(void);

/* One of the MORE of helper_start(): "wrap CLIENT SERVER USER", USER to the end. */
extern const struct helper_kind wrap_helper;

/* May USER at CLIENT use upsd at the address SERVER ("unknown" when it is not known)?  Hosts as
 * addr_host() writes them.  hosts.allow and hosts.deny are read anew for each question.
 * helper_is_yes() reads the answer.  NULL as helper_ask(), and with EINVAL for a USER that libwrap
 * must not see: empty (it would ask the client's port 113) or longer than WRAP_USER_MAX. */
struct helper_question *wrap_ask(struct loop *loop, const char *client, const char *server,
    const char *user, helper_answered *answered, void *owner);

/* Read other files than /etc/hosts.allow and /etc/hosts.deny: for tests, before helper_start(). */
void wrap_tables(char *allow, char *deny);

#endif
