#include "upsd/command.h"

#include "upsd/driverlink.h"
#include "upsd/layers.h"

#include <string.h>

#define ANY WORDS_MAX

/* A word that a request begins with or, of those with SUBJECTS, its second one. */
struct command {
	const char *word;	 /* NULL: the end of the table */
	size_t min, max;	 /* words of the whole request */
	enum access_level level; /* a subject needs what its command needs */
	command_call *run;
	const struct command *subjects;
};

/* What comes all the time stands first.  Counts that are "at least" end in ANY: NUT ignores
 * surplus words there, and so do we. */
static const struct command gets[] = {
	{ "VAR", 4, ANY, .run = command_get_var },
	{ "NUMLOGINS", 3, ANY, .run = command_get_numlogins },
	{ "UPSDESC", 3, ANY, .run = command_get_upsdesc },
	{ "TYPE", 4, ANY, .run = command_get_type },
	{ "DESC", 4, ANY, .run = command_get_desc },
	{ "CMDDESC", 4, ANY, .run = command_get_cmddesc },
	{ "TRACKING", 2, ANY, .run = command_get_tracking },
	{ .word = NULL },
};
static const struct command lists[] = {
	{ "VAR", 3, ANY, .run = command_list_var },
	{ "UPS", 2, ANY, .run = command_list_ups },
	{ "RW", 3, ANY, .run = command_list_rw },
	{ "CMD", 3, ANY, .run = command_list_cmd },
	{ "CLIENT", 3, ANY, .run = command_list_client },
	{ "ENUM", 4, ANY, .run = command_list_enum },
	{ "RANGE", 4, ANY, .run = command_list_range },
	{ .word = NULL },
};
static const struct command sets[] = {
	{ "VAR", 5, 5, .run = command_set_var },
	{ "TRACKING", 3, 3, .run = command_set_tracking },
	{ .word = NULL },
};
static const struct command commands[] = {
	{ "GET", 2, ANY, ACCESS_MONITOR, .subjects = gets },
	{ "LIST", 2, ANY, ACCESS_MONITOR, .subjects = lists },
	{ "USERNAME", 2, 2, ACCESS_BASE, .run = command_username },
	{ "PASSWORD", 2, 2, ACCESS_BASE, .run = command_password },
	{ "LOGIN", 2, 2, ACCESS_LOGIN, .run = command_login },
	{ "LOGOUT", 1, 1, ACCESS_BASE, .run = command_logout },
	{ "PRIMARY", 2, 2, ACCESS_PRIMARY, .run = command_primary },
	{ "MASTER", 2, 2, ACCESS_PRIMARY, .run = command_master },
	{ "FSD", 2, 2, ACCESS_PRIMARY, .run = command_fsd },
	{ "SET", 2, ANY, ACCESS_MANAGER, .subjects = sets },
	{ "INSTCMD", 3, 4, ACCESS_MANAGER, .run = command_instcmd },
	{ "STARTTLS", 1, ANY, ACCESS_BASE, .run = command_starttls },
	{ "VER", 1, 1, ACCESS_BASE, .run = command_ver },
	{ "NETVER", 1, 1, ACCESS_BASE, .run = command_netver },
	{ "PROTVER", 1, 1, ACCESS_BASE, .run = command_netver },
	{ "HELP", 1, 1, ACCESS_BASE, .run = command_help },
	{ .word = NULL },
};

static inline const struct command *
find(const struct command *table, const char *word)
{
	while (table->word && !words_same(word, table->word))
		table++;
	return table->word ? table : NULL;
}

enum access_level
command_level(const char *word)
{
	const struct command *command = find(commands, word);

	/* What is no command is answered to whoever may be here at all. */
	return command ? command->level : ACCESS_BASE;
}

/* May PEER go on to a command of LEVEL?  If not, ANSWER is what became of it. */
static bool
passes(struct peer *peer, enum access_level level, const char *what, enum command_answer *answer)
{
	enum layers_answer layers = layers_command(peer, level, what);

	*answer = layers == LAYERS_LATER ? LATER : layers == LAYERS_SILENT ? UNHEARD : DONE;
	return layers == LAYERS_PASS;
}

/* The order of the checks is the protocol's: net-protocol.md, "Check order". */
enum command_answer
command_run(struct peer *peer, const struct words *words)
{
	const struct command *command = words->len ? find(commands, words->word[0]) : NULL;
	enum command_answer answer;

	if (!command) {
		if (passes(peer, ACCESS_BASE, "an unknown command", &answer))
			peer_error(peer, NET_UNKNOWN_COMMAND);
		return answer;
	}
	if (!layers_absent(peer, command->level) &&
	    !passes(peer, command->level, command->word, &answer))
		return answer;
	if (command->subjects)
		command = words->len > 1 ? find(command->subjects, words->word[1]) : NULL;
	if (command && words->len >= command->min && words->len <= command->max)
		return command->run(peer, words);
	peer_error(peer, NET_INVALID_ARGUMENT);
	return DONE;
}

enum command_answer
command_bad_line(struct peer *peer)
{
	enum command_answer answer;

	if (passes(peer, ACCESS_BASE, "a malformed line", &answer))
		peer_error(peer, NET_INVALID_ARGUMENT);
	return answer;
}

struct ups *
command_ups(struct peer *peer, const struct words *words, size_t at)
{
	struct ups *ups = upsd_ups(peer->upsd, words->word[at], words->word_len[at]);

	if (!ups)
		peer_error(peer, NET_UNKNOWN_UPS);
	return ups;
}

struct ups *
command_live_ups(struct peer *peer, const struct words *words, size_t at)
{
	struct ups *ups = command_ups(peer, words, at);
	enum net_error error = ups ? driverlink_check(ups) : NET_OK;

	if (error == NET_OK)
		return ups;
	peer_error(peer, error);
	return NULL;
}

const struct state_var *
command_find_var(
    const struct peer *peer, const struct words *words, struct ups **ups, enum net_error *error)
{
	struct ups *found = upsd_ups(peer->upsd, words->word[2], words->word_len[2]);
	const struct state_var *var;

	*ups = found;
	*error = found ? driverlink_check(found) : NET_UNKNOWN_UPS;
	if (*error != NET_OK)
		return NULL;
	var = state_find(found->state, words->word[3], words->word_len[3]);
	if (!var)
		*error = NET_VAR_NOT_SUPPORTED;
	return var;
}

const struct state_var *
command_var(struct peer *peer, const struct ups *ups, const struct words *words, size_t at)
{
	const struct state_var *var;

	if (!ups)
		return NULL;
	var = state_find(ups->state, words->word[at], words->word_len[at]);
	if (!var)
		peer_error(peer, NET_VAR_NOT_SUPPORTED);
	return var;
}
