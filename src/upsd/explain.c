#include "upsd/explain.h"

#include "upsd/command.h"

#include <string.h>

/* What the layers are asked, and what the first that refuses has answered. */
struct case_at_hand {
	const struct upsdconf *conf;
	const struct question *question;
	char request[WORDS_LINE_MAX];
	struct words words; /* of the request, at least the command */
	enum access_level level;
	struct access_rights rights;
	const char *secret; /* of the access list's line, NULL: none */
	struct buf *out;
	enum explain_verdict verdict;
	const char *answer; /* what the client sees; NULL: nobody has refused yet */
};

static bool
is_connect(const struct case_at_hand *it)
{
	return !it->question->request;
}

static void
refuse(struct case_at_hand *it, enum explain_verdict verdict, const char *answer)
{
	if (it->answer)
		return;
	it->verdict = verdict;
	it->answer = answer;
}

/* ---- the layers ---- */

static void
ask_listen(struct case_at_hand *it)
{
	bool reachable = addr_is_loopback(&it->question->from);

	buf_add_text(it->out, "LISTEN:");
	for (size_t i = 0; i < it->conf->listens_len; i++) {
		const struct upsdconf_listen *listen = &it->conf->listens[i];
		struct addr addr;

		buf_add_format(it->out, " %s %u", listen->host, listen->port);
		reachable =
		    reachable || !addr_parse(&addr, listen->host, 0) || !addr_is_loopback(&addr);
	}
	buf_add_text(it->out, reachable ? "\n" : " (none of them can be reached from there)\n");
}

/* Which line, in words; which tables there are is said by the reason. */
static void
ask_lists(struct case_at_hand *it)
{
	const struct question *question = it->question;
	const struct access_list *list = it->conf->access;
	const struct access_shown shown = { .users = it->conf->has_users,
		.username = question->user != NULL,
		.password = question->password };
	enum access_answer answer;

	access_walk(list, &question->from, &it->rights);
	answer = access_connect(list, &it->rights);
	buf_add_text(it->out, "access lists: ");
	access_reason(list, &it->rights, it->level, it->out);
	if (answer == ACCESS_PASS && !is_connect(it))
		answer = access_command(list, &it->rights, it->level, &shown);
	it->secret = access_secret(list, &it->rights, it->level);
	buf_add_text(it->out, it->secret ? " (with a password)\n" : "\n");
	switch (answer) {
	case ACCESS_PASS:
		break;
	case ACCESS_SAY_USERNAME:
		refuse(it, EXPLAIN_DENY, "ERR USERNAME-REQUIRED");
		break;
	case ACCESS_SAY_PASSWORD:
		if (question->knows_password)
			refuse(it, EXPLAIN_DENY, "ERR PASSWORD-REQUIRED");
		break;
	case ACCESS_SAY_DENIED:
	case ACCESS_SAY_WRONG:
		refuse(it, EXPLAIN_DENY, "ERR ACCESS-DENIED");
		break;
	case ACCESS_SAY_NOTHING:
		refuse(it, EXPLAIN_DROP, "no answer at all, the connection stays");
		break;
	case ACCESS_END_DENIED:
		refuse(it, EXPLAIN_DENY, "ERR ACCESS-DENIED at connect, then closed");
		break;
	case ACCESS_END_SILENT:
		refuse(it, EXPLAIN_DROP, "closed at connect without a byte");
		break;
	}
}

/* Whoever comes in clear would hear ERR ACCESS-DENIED to its USERNAME already. */
static void
ask_force_ssl(struct case_at_hand *it)
{
	if (it->conf->force_ssl && it->level >= ACCESS_LOGIN)
		buf_add_text(it->out, "FORCESSL: only to who has said STARTTLS before\n");
}

static void
ask_wrap(struct case_at_hand *it)
{
	static const char *const says[] = { "not built in", "yes", "no (hosts.allow, hosts.deny)" };

	if (it->level < ACCESS_LOGIN) {
		buf_add_text(it->out, "tcp-wrappers: not asked\n");
		return;
	}
	buf_add_format(it->out, "tcp-wrappers: %s\n", says[it->question->wrap]);
	if (it->question->wrap == WRAP_NO)
		refuse(it, EXPLAIN_DENY, "ERR ACCESS-DENIED");
}

/* Has USER the right that the request needs?  Which one INSTCMD needs depends on its command, and
 * SET TRACKING needs none. */
static bool
has_right(const struct case_at_hand *it, const struct user *user)
{
	const char *const *word = (const char *const *)it->words.word;
	static const struct {
		const char *word;
		enum user_action action;
	} actions[] = {
		{ "LOGIN", USER_LOGIN },
		{ "PRIMARY", USER_PRIMARY },
		{ "MASTER", USER_PRIMARY },
		{ "FSD", USER_FSD },
		{ "SET", USER_SET },
	};

	if (words_same(word[0], "SET") && it->words.len > 1 && words_same(word[1], "TRACKING"))
		return true;
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (words_same(word[0], actions[i].word))
			return user_may(user, actions[i].action);
	return it->words.len < 3 || user_may_instcmd(user, word[2]);
}

/* What keeps USER (NULL: there is none) from it; NULL: nothing. */
static const char *
why_not(const struct case_at_hand *it, const struct user *user)
{
	/* The word behind the command, or behind SET VAR, is a UPS. */
	size_t at = !words_same(it->words.word[0], "SET")			? 1
		    : it->words.len > 1 && words_same(it->words.word[1], "VAR") ? 2
										: WORDS_MAX;

	if (!user)
		return "is not there";
	if (!user_is_usable(user))
		return "has no password";
	if (!user_may_come_from(user, it->conf->access, &it->question->from))
		return "may not come from there (allowfrom)";
	if (!has_right(it, user))
		return "has no right to that";
	if (it->words.len > at && !user_may_act_on(user, it->words.word[at]))
		return "may not do that to this UPS (ups)";
	return NULL;
}

/* What the client sends as PASSWORD, as far as it is known: the line's, when it is to be right. */
static const char *
sent_password(const struct question *question, const char *secret)
{
	return question->knows_password ? question->password : secret;
}

static bool
has_other_password(const struct case_at_hand *it, const struct user *user)
{
	const char *sent = sent_password(it->question, it->secret);

	if (!sent)
		return false;
	return users_hash(it->conf->users, user) ? !it->question->fits_hash
						 : !user_password(user, sent);
}

static void
ask_users(struct case_at_hand *it)
{
	const char *name = it->question->user, *why;
	const struct user *user;

	buf_add_text(it->out, "upsd.users: ");
	if (!it->conf->has_users) {
		buf_add_text(it->out, "there is none; the access lists alone decide\n");
		return;
	}
	if (it->level < ACCESS_LOGIN) {
		buf_add_text(it->out, "not asked\n");
		return;
	}
	if (!name) {
		buf_add_text(it->out, "asks for a user\n");
		refuse(it, EXPLAIN_DENY, "ERR USERNAME-REQUIRED");
		return;
	}
	user = users_find(it->conf->users, name);
	why = why_not(it, user);
	if (why) {
		buf_add_format(it->out, "[%s] %s\n", name, why);
		refuse(it, EXPLAIN_DENY, "ERR ACCESS-DENIED");
	} else if (has_other_password(it, user)) {
		buf_add_format(it->out, "[%s] has another password%s\n", name,
		    it->question->knows_password ? ""
						 : " than that line, and only one can be sent");
		refuse(it, EXPLAIN_DENY, "ERR ACCESS-DENIED");
	} else if (words_same(it->words.word[0], "INSTCMD") && it->words.len < 3) {
		buf_add_format(it->out,
		    "[%s] may, if the command is among its instcmds; ask for \"INSTCMD UPS "
		    "COMMAND\" to know\n",
		    name);
	} else {
		buf_add_format(it->out, "[%s] may%s\n", name,
		    it->question->knows_password ? "" : ", with the password that stands there");
	}
}

/* In the order of docs/access.md, E1. */
static void (*const layers[])(
    struct case_at_hand *it) = { ask_listen, ask_lists, ask_force_ssl, ask_wrap, ask_users };

/* ---- the whole ---- */

/* Cut the request.  Its command may be one that there is not, too. */
static void
cut(struct case_at_hand *it)
{
	static char nothing[] = "";

	it->level = ACCESS_BASE;
	if (is_connect(it))
		return;
	strncpy(it->request, it->question->request, sizeof(it->request) - 1);
	if (words_split(&it->words, it->request, WORDS_SOCKET) != WORDS_OK || !it->words.len) {
		it->words.len = 1;
		it->words.word[0] = nothing;
		it->words.word_len[0] = 0;
	}
	it->level = command_level(it->words.word[0]);
}

bool
explain_asks_wrap(const struct question *question)
{
	struct case_at_hand it = { .question = question };

	cut(&it);
	return it.level >= ACCESS_LOGIN;
}

const char *
explain_hash(const struct upsdconf *conf, const struct question *question, const char **password)
{
	struct case_at_hand it = { .question = question };
	const struct user *user = question->user ? users_find(conf->users, question->user) : NULL;

	cut(&it);
	access_walk(conf->access, &question->from, &it.rights);
	*password = sent_password(question, access_secret(conf->access, &it.rights, it.level));
	return it.level >= ACCESS_LOGIN && user && *password ? users_hash(conf->users, user) : NULL;
}

static const char *
verdict_name(enum explain_verdict verdict)
{
	return verdict == EXPLAIN_GRANT ? "grant" : verdict == EXPLAIN_DENY ? "deny" : "drop";
}

enum explain_verdict
explain(const struct upsdconf *conf, const struct question *question, struct buf *out)
{
	struct case_at_hand it = {
		.conf = conf, .question = question, .out = out, .verdict = EXPLAIN_GRANT
	};
	char host[ADDR_TEXT_MAX];

	cut(&it);
	buf_add_format(out, "%s: %s needs the level %s\n", addr_host(&question->from, host),
	    is_connect(&it) ? "a connection" : it.words.word[0], access_level_name(it.level));
	for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
		layers[i](&it);
	buf_add_format(out, "verdict: %s", verdict_name(it.verdict));
	if (it.answer)
		buf_add_format(out, ": %s", it.answer);
	else if (it.secret && !question->knows_password)
		buf_add_text(out, ", to who sends the password of that line");
	buf_add_text(out, "\n");
	return it.verdict;
}
