/* command.h - the commands of the network protocol, one row each (docs/net-protocol.md). */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/words.h"
#include "upsd/access.h"
#include "upsd/peer.h"

/* LATER: rights_may() and the like said PEER_WAIT; nothing has been done or answered.
 * UNHEARD: an access list dropped it; nothing is answered, and its client counts as silent. */
enum command_answer { DONE, LATER, UNHEARD };

/* What WORD needs; what is no command needs base. */
enum access_level command_level(const char *word);
/* Answer one request. */
enum command_answer command_run(struct peer *peer, const struct words *words);
/* The same for a line that is no words. */
enum command_answer command_bad_line(struct peer *peer);

/* The checks that many commands begin with: the UPS that the word AT names.  NULL: answered with an
 * error.  LIVE: its data must be fresh, too. */
struct ups *command_ups(struct peer *peer, const struct words *words, size_t at);
struct ups *command_live_ups(struct peer *peer, const struct words *words, size_t at);
/* Both, of the words 2 and 3, without a word to the peer.  NULL: ERROR says why, and UPS is NULL if
 * there is none. */
const struct state_var *command_find_var(
    const struct peer *peer, const struct words *words, struct ups **ups, enum net_error *error);
/* The variable of UPS that the word AT names; NULL, too, when UPS is (it has been answered). */
const struct state_var *command_var(
    struct peer *peer, const struct ups *ups, const struct words *words, size_t at);

/* One for each row of the table in command.c. */
typedef enum command_answer command_call(struct peer *peer, const struct words *words);
command_call command_ver, command_netver, command_help, command_starttls, command_username,
    command_password, command_login, command_logout, command_primary, command_master, command_fsd,
    command_instcmd;
command_call command_get_numlogins, command_get_upsdesc, command_get_var, command_get_type,
    command_get_desc, command_get_cmddesc, command_get_tracking;
command_call command_list_ups, command_list_var, command_list_rw, command_list_cmd,
    command_list_client, command_list_enum, command_list_range;
command_call command_set_var, command_set_tracking;

#endif
