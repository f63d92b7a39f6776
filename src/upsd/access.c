#include "upsd/access_inside.h"

#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = { "grant", "deny", "drop" };
static const char *const levels[] = { "base", "monitor", "login", "master", "manager", "all" };
static const char *const directives[] = { "ACL", "ACCESS", "ACCEPT", "REJECT" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct access_list *
access_new(void)
{
	return calloc(1, sizeof(struct access_list));
}

static void
free_table(struct table *table)
{
	for (size_t i = 0; i < table->len; i++) {
		free(table->rules[i].acl_name);
		words_free_secret(table->rules[i].password);
	}
	free(table->rules);
}

void
access_free(struct access_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->acls_len; i++) {
		free(list->acls[i].name);
		free(list->acls[i].blocks);
	}
	free(list->acls);
	free(list->slots);
	free_table(&list->access);
	free_table(&list->accept);
	free(list->path);
	free(list);
}

const char *
access_level_name(enum access_level level)
{
	return levels[level];
}

const char *
access_verdict_name(enum access_verdict verdict)
{
	return verdicts[verdict];
}

bool
access_is_directive(const char *word)
{
	for (size_t i = 0; i < COUNT(directives); i++)
		if (!strcasecmp(word, directives[i]))
			return true;
	return false;
}

static size_t
find_word(const char *word, const char *const *list, size_t len)
{
	size_t i = 0;

	while (i < len && strcmp(word, list[i]))
		i++;
	return i;
}

/* Where the ACL of that name is, or would be, in the hash table. */
static size_t
slot_of(const struct access_list *list, const char *name)
{
	size_t mask = list->slots_len - 1, i = words_name_hash(name, strlen(name)) & mask;

	while (list->slots[i] && strcmp(list->acls[list->slots[i] - 1].name, name))
		i = (i + 1) & mask;
	return i;
}

/* The index of the ACL of that name, acls_len if there is none. */
static size_t
find_acl(const struct access_list *list, const char *name)
{
	size_t slot = list->slots_len ? list->slots[slot_of(list, name)] : 0;

	return slot ? slot - 1 : list->acls_len;
}

/* Room for one more ACL, here and in the hash table. */
static bool
grow(struct access_list *list)
{
	struct acl *acls = reallocarray(list->acls, list->acls_len + 1, sizeof(*acls));
	size_t len = list->slots_len ? 2 * list->slots_len : 16, *slots;

	if (!acls)
		return false;
	list->acls = acls;
	if (2 * (list->acls_len + 1) <= list->slots_len)
		return true;
	slots = calloc(len, sizeof(*slots));
	if (!slots)
		return false;
	free(list->slots);
	list->slots = slots;
	list->slots_len = len;
	for (size_t i = 0; i < list->acls_len; i++)
		slots[slot_of(list, list->acls[i].name)] = i + 1;
	return true;
}

static bool
add_block(struct access_list *list, const char *name, const struct block *block)
{
	size_t i = find_acl(list, name);
	struct block *blocks;

	if (i == ACCESS_ACLS_MAX)
		return false;
	if (i == list->acls_len) {
		char *copy = strdup(name);

		if (!copy || !grow(list)) {
			free(copy);
			return false;
		}
		list->slots[slot_of(list, name)] = i + 1;
		list->acls[list->acls_len++] = (struct acl){ .name = copy };
	}
	blocks = reallocarray(list->acls[i].blocks, list->acls[i].len + 1, sizeof(*blocks));
	if (!blocks)
		return false;
	blocks[list->acls[i].len++] = *block;
	list->acls[i].blocks = blocks;
	return true;
}

static bool
add_rule(struct table *table, const struct access_rule *rule, const char *password)
{
	struct access_rule *rules, added = *rule;

	if (table->len == ACCESS_RULES_MAX)
		return false;
	rules = reallocarray(table->rules, table->len + 1, sizeof(*rules));
	if (!rules)
		return false;
	table->rules = rules;
	added.acl_name = strdup(rule->acl_name);
	added.password = password ? strdup(password) : NULL;
	if (!added.acl_name || (password && !added.password)) {
		free(added.acl_name);
		words_free_secret(added.password);
		return false;
	}
	rules[table->len++] = added;
	return true;
}

/* "ACL name block" */
static void
add_acl(struct access_list *list, const struct words *line, const char *path, unsigned at,
    struct faults *faults)
{
	struct block block;
	bool host_bits = false;
	const char *error = NULL;

	if (line->len != 3)
		error = "ACL takes a name and an address block";
	else if (!*line->word[1])
		error = "the name of an ACL may not be empty";
	else
		error = block_parse(&block, line->word[2], &host_bits);
	if (error) {
		faults_add(faults, path, at, "%s", error);
		return;
	}
	if (host_bits)
		faults_warn(faults, path, at,
		    "W5: %s has bits set behind its mask; they are ignored", line->word[2]);
	if (!list->first_acl_line)
		list->first_acl_line = at;
	if (!add_block(list, line->word[1], &block))
		faults_add(
		    faults, path, at, "no room for it, or for more than %d ACLs", ACCESS_ACLS_MAX);
}

/* "ACCESS action level aclname [password]" */
static void
add_access(struct access_list *list, const struct words *line, const char *path, unsigned at,
    struct faults *faults)
{
	const char *password = line->len == 5 ? line->word[4] : NULL;
	struct access_rule rule = { .line = at };
	size_t verdict, level;

	if (line->len != 4 && line->len != 5) {
		faults_add(faults, path, at,
		    "ACCESS takes an action, a level, an ACL's name and perhaps a password");
		return;
	}
	verdict = find_word(line->word[1], verdicts, COUNT(verdicts));
	level = find_word(line->word[2], levels, COUNT(levels));
	if (verdict == COUNT(verdicts))
		faults_add(faults, path, at, "no such action: %s; write grant, deny or drop",
		    line->word[1]);
	else if (level == COUNT(levels))
		faults_add(faults, path, at,
		    "no such level: %s; write base, monitor, login, master, manager or all",
		    line->word[2]);
	else if (password && !*password)
		faults_add(faults, path, at, "the password is empty");
	else {
		rule.verdict = (enum access_verdict)verdict;
		rule.level = (enum access_level)level;
		rule.acl_name = line->word[3];
		if (!add_rule(&list->access, &rule, password))
			faults_add(
			    faults, path, at, "no room for more than %d lines", ACCESS_RULES_MAX);
	}
}

/* "ACCEPT name ...", "REJECT name ..." */
static void
add_accept(struct access_list *list, const struct words *line, const char *path, unsigned at,
    struct faults *faults)
{
	struct access_rule rule = { .line = at, .level = ACCESS_ALL };

	if (line->len < 2)
		faults_add(faults, path, at, "%s takes at least one ACL's name", line->word[0]);
	rule.verdict = strcmp(line->word[0], "ACCEPT") ? ACCESS_DROP : ACCESS_GRANT;
	for (size_t i = 1; i < line->len; i++) {
		rule.acl_name = line->word[i];
		if (!add_rule(&list->accept, &rule, NULL))
			faults_add(
			    faults, path, at, "no room for more than %d lines", ACCESS_RULES_MAX);
	}
}

void
access_add(struct access_list *list, const struct words *line, const char *path, unsigned at,
    struct faults *faults)
{
	static void (*const add[])(struct access_list *, const struct words *, const char *,
	    unsigned, struct faults *) = { add_acl, add_access, add_accept, add_accept };
	size_t which = find_word(line->word[0], directives, COUNT(directives));

	if (which == COUNT(directives))
		faults_add(faults, path, at, "%s must be written in capitals", line->word[0]);
	else if (line->eight_bit)
		faults_add(faults, path, at, "bytes outside ASCII are not allowed in %s lines",
		    line->word[0]);
	else
		add[which](list, line, path, at, faults);
}

bool
access_use_acl(struct access_list *list, const char *name)
{
	size_t i = find_acl(list, name);

	if (i == list->acls_len)
		return false;
	list->acls[i].by_user = true;
	return true;
}

bool
access_has_secret(const struct access_list *list)
{
	for (size_t i = 0; i < list->access.len; i++)
		if (list->access.rules[i].password)
			return true;
	return false;
}

bool
access_has_table(const struct access_list *list)
{
	return list->has_table;
}

/* A10: ACL lines alone make an empty, active table, so that nobody gets in. */
bool
access_needs_table(const struct access_list *list)
{
	if (list->access.len || list->accept.len)
		return list->access.len;
	for (size_t i = 0; i < list->acls_len; i++)
		if (!list->acls[i].by_user)
			return true;
	return false;
}

bool
access_is_active(const struct access_list *list)
{
	return list->accept.len || access_has_table(list);
}

/* ---- Blocks in order ---- */

/* Put the blocks of ACL in order, and drop those that lie in another (A6): then no more than one
 * can hold an address, and it is found by halving. */
static void
settle(struct acl *acl)
{
	size_t kept = 0;

	if (!acl->len) /* there was no memory for its block, which is a fault */
		return;
	qsort(acl->blocks, acl->len, sizeof(*acl->blocks), block_compare);
	for (size_t i = 0; i < acl->len; i++)
		if (!kept || !block_covers(&acl->blocks[kept - 1], &acl->blocks[i]))
			acl->blocks[kept++] = acl->blocks[i];
	acl->len = kept;
}

/* How many blocks of ACL stand before BLOCK, or are it. */
static size_t
place_of(const struct acl *acl, const struct block *block)
{
	size_t from = 0, to = acl->len;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (block_compare(&acl->blocks[middle], block) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

const struct block *
access_acl_covers(const struct acl *acl, const struct block *inner)
{
	size_t place = place_of(acl, inner);

	return place && block_covers(&acl->blocks[place - 1], inner) ? &acl->blocks[place - 1]
								     : NULL;
}

const struct block *
access_acl_meets(const struct acl *acl, const struct block *block)
{
	const struct block *outer = access_acl_covers(acl, block);
	size_t place = place_of(acl, block);

	if (outer)
		return outer;
	return place < acl->len && block_covers(block, &acl->blocks[place]) ? &acl->blocks[place]
									    : NULL;
}

/* ---- Walking ---- */

/* During one walk: what is known of each ACL and the peer, so that none is tested twice. */
struct walk {
	const struct access_list *list;
	struct block peer;
	unsigned char known[ACCESS_ACLS_MAX];
};
enum { NOT_TESTED, HOLDS, HOLDS_NOT }; /* in known[] */

/* B1; false: PEER is in no block. */
static bool
block_of_peer(struct block *out, const struct addr *peer)
{
	struct addr unmapped = *peer;

	addr_unmap(&unmapped);
	return block_of(out, &unmapped);
}

bool
access_acl_holds(const struct access_list *list, const char *name, const struct addr *peer)
{
	size_t i = find_acl(list, name);
	struct block block;

	return i < list->acls_len && block_of_peer(&block, peer) &&
	       access_acl_covers(&list->acls[i], &block);
}

static bool
holds(struct walk *walk, const struct access_rule *rule)
{
	if (walk->known[rule->acl] == NOT_TESTED)
		walk->known[rule->acl] =
		    access_acl_covers(&walk->list->acls[rule->acl], &walk->peer) ? HOLDS
										 : HOLDS_NOT;
	return walk->known[rule->acl] == HOLDS;
}

void
access_walk(const struct access_list *list, const struct addr *peer, struct access_rights *out)
{
	struct walk walk;

	*out = (struct access_rights){ 0 };
	walk.list = list;
	memset(walk.known, NOT_TESTED, list->acls_len);
	if (!block_of_peer(&walk.peer, peer))
		return;
	for (size_t i = 0; i < list->accept.len && !out->accept; i++)
		if (holds(&walk, &list->accept.rules[i]))
			out->accept = (uint16_t)(i + 1);
	/* C3: for each level, the first line that holds the peer and reaches the level.  A line
	 * whose highest level is decided already has nothing left to decide. */
	for (size_t i = 0; i < list->access.len && !out->rule[ACCESS_LEVELS - 1]; i++) {
		const struct access_rule *rule = &list->access.rules[i];
		size_t reaches =
		    rule->level == ACCESS_ALL ? ACCESS_LEVELS : (size_t)rule->level + 1;

		if (out->rule[reaches - 1] || !holds(&walk, rule))
			continue;
		for (size_t level = 0; level < reaches; level++)
			if (!out->rule[level])
				out->rule[level] = (uint16_t)(i + 1);
	}
}

/* The deciding line of a table; NULL: its end. */
static const struct access_rule *
rule_of(const struct table *table, uint16_t which)
{
	return which ? &table->rules[which - 1] : NULL;
}

/* D1, D3 */
static bool
is_accepted(const struct access_list *list, const struct access_rights *rights)
{
	const struct access_rule *rule = rule_of(&list->accept, rights->accept);

	return !list->accept.len || (rule && rule->verdict == ACCESS_GRANT);
}

enum access_verdict
access_verdict_at(
    const struct access_list *list, const struct access_rights *rights, enum access_level level)
{
	const struct access_rule *rule = rule_of(&list->access, rights->rule[level]);

	if (!access_has_table(list))
		return ACCESS_GRANT;
	/* C5: the invisible last line denies. */
	return rule ? rule->verdict : ACCESS_DENY;
}

enum access_answer
access_connect(const struct access_list *list, const struct access_rights *rights)
{
	if (!is_accepted(list, rights))
		return ACCESS_END_SILENT;
	switch (access_verdict_at(list, rights, ACCESS_BASE)) {
	case ACCESS_GRANT:
		return ACCESS_PASS;
	case ACCESS_DENY:
		return ACCESS_END_DENIED;
	default:
		return ACCESS_END_SILENT;
	}
}

enum access_answer
access_command(const struct access_list *list, const struct access_rights *rights,
    enum access_level level, const struct access_shown *shown)
{
	enum access_answer connect = access_connect(list, rights);
	const char *secret;

	if (connect != ACCESS_PASS) /* only a reload can bring this about; D2: REJECT then speaks */
		return is_accepted(list, rights) ? connect : ACCESS_END_DENIED;
	switch (access_verdict_at(list, rights, level)) {
	case ACCESS_GRANT:
		break;
	case ACCESS_DENY:
		return ACCESS_SAY_DENIED;
	default:
		return ACCESS_SAY_NOTHING;
	}
	if (level < ACCESS_LOGIN)
		return ACCESS_PASS;
	secret = access_secret(list, rights, level);
	if (shown->users && !shown->username)
		return ACCESS_SAY_USERNAME;
	if ((shown->users || secret) && !shown->password)
		return ACCESS_SAY_PASSWORD;
	/* C9: an empty password counts as sent and never matches. */
	if (secret && !words_same_secret(secret, shown->password))
		return ACCESS_SAY_WRONG;
	return ACCESS_PASS;
}

const char *
access_secret(
    const struct access_list *list, const struct access_rights *rights, enum access_level level)
{
	const struct access_rule *rule = rule_of(&list->access, rights->rule[level]);
	bool granted =
	    rule && rule->verdict == ACCESS_GRANT && access_connect(list, rights) == ACCESS_PASS;

	return granted && level >= ACCESS_LOGIN ? rule->password : NULL;
}

/* The ACCESS line that decides LEVEL: what base refuses decides for every level (C6). */
static const struct access_rule *
decider(const struct access_list *list, const struct access_rights *rights, enum access_level level)
{
	bool base = access_verdict_at(list, rights, ACCESS_BASE) == ACCESS_GRANT;

	return rule_of(&list->access, rights->rule[base ? level : ACCESS_BASE]);
}

unsigned
access_line(
    const struct access_list *list, const struct access_rights *rights, enum access_level level)
{
	const struct access_rule *rule = is_accepted(list, rights) && access_has_table(list)
					     ? decider(list, rights, level)
					     : rule_of(&list->accept, rights->accept);

	return rule ? rule->line : 0;
}

bool
access_reason(const struct access_list *list, const struct access_rights *rights,
    enum access_level level, struct buf *out)
{
	const struct access_rule *rule;

	if (!access_is_active(list))
		return buf_add_text(out, "no access lists");
	rule = rule_of(&list->accept, rights->accept);
	if (!rule && list->accept.len)
		return buf_add_text(out, "end of list (ACCEPT and REJECT)");
	if (!is_accepted(list, rights) || !access_has_table(list))
		return buf_add_format(out, "%s:%u: %s %s", list->path, rule->line,
		    rule->verdict == ACCESS_GRANT ? "ACCEPT" : "REJECT", rule->acl_name);
	rule = decider(list, rights, level);
	if (!rule)
		return buf_add_text(out, "end of list");
	return buf_add_format(out, "%s:%u: ACCESS %s %s %s", list->path, rule->line,
	    verdicts[rule->verdict], levels[rule->level], rule->acl_name);
}

/* ---- The end of the file ---- */

/* A7: every name that a rule uses must be an ACL's. */
static bool
resolve(struct access_list *list, struct table *table, const char *path, struct faults *faults)
{
	bool all = true;

	for (size_t i = 0; i < table->len; i++) {
		struct access_rule *rule = &table->rules[i];

		rule->acl = find_acl(list, rule->acl_name);
		if (rule->acl < list->acls_len)
			continue;
		faults_add(faults, path, rule->line, "no ACL line names %s", rule->acl_name);
		all = false;
	}
	return all;
}

void
access_finish(struct access_list *list, const char *path, const struct access_sockets *sockets,
    struct faults *faults)
{
	bool resolved = resolve(list, &list->access, path, faults);

	resolved = resolve(list, &list->accept, path, faults) && resolved; /* faults of both */
	list->has_table = access_needs_table(list);
	for (size_t i = 0; i < list->acls_len; i++)
		settle(&list->acls[i]);
	if (!(list->path = strdup(path))) {
		faults_add(faults, path, 0, "out of memory");
		return;
	}
	if (!resolved || faults->faults || !access_is_active(list))
		return;
	access_lint(list, sockets, faults);
}
