#include "upsd/command.h"

#include "upsd/driverlink.h"
#include "upsd/layers.h"

#include <string.h>

#define ANY WORDS_MAX

/* Counts that are "at least" end in ANY: NUT ignores surplus words there, and so do we. */
static const struct command commands[] = {
	{ "GET", 1, ANY, ACCESS_MONITOR, command_get },
	{ "LIST", 1, ANY, ACCESS_MONITOR, command_list },
	{ "USERNAME", 2, 2, ACCESS_BASE, command_username },
	{ "PASSWORD", 2, 2, ACCESS_BASE, command_password },
	{ "LOGIN", 2, 2, ACCESS_LOGIN, command_login },
	{ "LOGOUT", 1, 1, ACCESS_BASE, command_logout },
	{ "PRIMARY", 2, 2, ACCESS_PRIMARY, command_primary },
	{ "MASTER", 2, 2, ACCESS_PRIMARY, command_master },
	{ "FSD", 2, 2, ACCESS_PRIMARY, command_fsd },
	{ "SET", 1, ANY, ACCESS_MANAGER, command_set },
	{ "INSTCMD", 3, 4, ACCESS_MANAGER, command_instcmd },
	{ "STARTTLS", 1, ANY, ACCESS_BASE, command_starttls },
	{ "VER", 1, 1, ACCESS_BASE, command_ver },
	{ "NETVER", 1, 1, ACCESS_BASE, command_netver },
	{ "PROTVER", 1, 1, ACCESS_BASE, command_netver },
	{ "HELP", 1, 1, ACCESS_BASE, command_help },
};

static inline const struct command *
find(const char *word)
{
	/* The two that come all the time stand first. */
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (words_same(word, commands[i].word))
			return &commands[i];
	return NULL;
}

enum access_level
command_level(const char *word)
{
	const struct command *command = find(word);

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
	const struct command *command = words->len ? find(words->word[0]) : NULL;
	enum command_answer answer;

	if (command && !layers_absent(peer, command->level) &&
	    !passes(peer, command->level, command->word, &answer))
		return answer;
	if (!command && !passes(peer, ACCESS_BASE, "an unknown command", &answer))
		return answer;
	if (command && words->len >= command->min && words->len <= command->max)
		return command->run(peer, words);
	peer_error(peer, command ? NET_INVALID_ARGUMENT : NET_UNKNOWN_COMMAND);
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
command_ups(struct peer *peer, const char *name)
{
	struct ups *ups = upsd_ups(peer->upsd, name);

	if (!ups)
		peer_error(peer, NET_UNKNOWN_UPS);
	return ups;
}

struct ups *
command_live_ups(struct peer *peer, const char *name)
{
	struct ups *ups = command_ups(peer, name);
	enum net_error error = ups ? driverlink_check(ups) : NET_OK;

	if (error == NET_OK)
		return ups;
	peer_error(peer, error);
	return NULL;
}

const struct state_var *
command_var(struct peer *peer, const struct ups *ups, const char *name)
{
	const struct state_var *var = ups ? state_var(ups->state, name) : NULL;

	if (ups && !var)
		peer_error(peer, NET_VAR_NOT_SUPPORTED);
	return var;
}
