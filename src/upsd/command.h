/* command.h - the commands of the network protocol, one row each (docs/net-protocol.md). */
#ifndef COMMAND_H
#define COMMAND_H

#include "base/words.h"
#include "upsd/access.h"
#include "upsd/peer.h"

/* LATER: rights_may() and the like said PEER_WAIT; nothing has been done or answered.
 * UNHEARD: an access list dropped it; nothing is answered, and its client counts as silent. */
enum command_answer { DONE, LATER, UNHEARD };

struct command {
	const char *word;
	size_t min, max; /* words, the command included */
	enum access_level level;
	enum command_answer (*run)(struct peer *peer, const struct words *words);
};

/* What WORD needs; what is no command needs base. */
enum access_level command_level(const char *word);
/* Answer one request. */
enum command_answer command_run(struct peer *peer, const struct words *words);
/* The same for a line that is no words. */
enum command_answer command_bad_line(struct peer *peer);

/* The checks that many commands begin with.  NULL: answered with an error.  LIVE: its data must be
 * fresh, too. */
struct ups *command_ups(struct peer *peer, const char *name);
struct ups *command_live_ups(struct peer *peer, const char *name);
/* A variable of UPS; NULL, too, when UPS is (it has been answered). */
const struct state_var *command_var(struct peer *peer, const struct ups *ups, const char *name);

enum command_answer command_ver(struct peer *peer, const struct words *words);
enum command_answer command_netver(struct peer *peer, const struct words *words);
enum command_answer command_help(struct peer *peer, const struct words *words);
enum command_answer command_starttls(struct peer *peer, const struct words *words);
enum command_answer command_username(struct peer *peer, const struct words *words);
enum command_answer command_password(struct peer *peer, const struct words *words);
enum command_answer command_login(struct peer *peer, const struct words *words);
enum command_answer command_logout(struct peer *peer, const struct words *words);
enum command_answer command_primary(struct peer *peer, const struct words *words);
enum command_answer command_master(struct peer *peer, const struct words *words);
enum command_answer command_fsd(struct peer *peer, const struct words *words);
enum command_answer command_get(struct peer *peer, const struct words *words);
enum command_answer command_list(struct peer *peer, const struct words *words);
enum command_answer command_set(struct peer *peer, const struct words *words);
enum command_answer command_instcmd(struct peer *peer, const struct words *words);
/* GET TRACKING [id] stands with SET TRACKING. */
enum command_answer command_get_tracking(struct peer *peer, const struct words *words);

#endif
