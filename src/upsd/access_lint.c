#include "upsd/access_inside.h"

#include <stdlib.h>

#define LINT_PAIRS                                                                                 \
	10000000 /* of lines that are compared with each other: some tenths of a second */

/* The list, and those of its ACCESS lines that a later one need be compared with: not the second of
 * an ACL that grants (or refuses) what the first does. */
struct lint {
	const struct access_list *list;
	const struct access_rule **telling;
	size_t len;
	struct faults *faults;
};

static const struct acl *
acl_of(const struct lint *lint, const struct access_rule *rule)
{
	return &lint->list->acls[rule->acl];
}

static bool
covers_all(const struct acl *outer, const struct acl *inner)
{
	for (size_t i = 0; outer != inner && i < inner->len; i++)
		if (!access_acl_covers(outer, &inner->blocks[i]))
			return false;
	return true;
}

static bool
overlap(const struct acl *a, const struct acl *b)
{
	for (size_t i = 0; i < a->len; i++)
		if (access_acl_meets(b, &a->blocks[i]))
			return true;
	return false;
}

/* Is every address of BLOCK refused at base by the lines before RULE? */
static bool
fails_at_base(const struct lint *lint, const struct access_rule *rule, const struct block *block)
{
	for (size_t i = 0; i < lint->len && lint->telling[i] < rule; i++) {
		const struct acl *acl = acl_of(lint, lint->telling[i]);

		if (lint->telling[i]->verdict == ACCESS_GRANT) {
			if (access_acl_meets(acl, block))
				return false;
		} else if (access_acl_covers(acl, block)) {
			return true;
		}
	}
	return false;
}

/* W1 (F11): the earlier line that hides RULE, NULL if it can fire. */
static const struct access_rule *
hidden_by(const struct lint *lint, const struct access_rule *rule)
{
	for (size_t i = 0; i < lint->len && lint->telling[i] < rule; i++)
		if (lint->telling[i]->level >= rule->level &&
		    covers_all(acl_of(lint, lint->telling[i]), acl_of(lint, rule)))
			return lint->telling[i];
	return NULL;
}

static bool
never_connects(const struct lint *lint, const struct access_rule *rule)
{
	const struct acl *acl = acl_of(lint, rule);

	for (size_t i = 0; i < acl->len; i++)
		if (!fails_at_base(lint, rule, &acl->blocks[i]))
			return false;
	return true;
}

/* W3: a drop that a live connection can meet, its client then waiting for ever. */
static bool
drops_a_live_peer(const struct lint *lint, const struct access_rule *rule)
{
	if (rule->verdict != ACCESS_DROP || rule->level == ACCESS_BASE)
		return false;
	for (size_t i = 0; i < lint->len && lint->telling[i] < rule; i++)
		if (lint->telling[i]->verdict == ACCESS_GRANT &&
		    overlap(acl_of(lint, lint->telling[i]), acl_of(lint, rule)))
			return true;
	return false;
}

/* What those above make of RULE. */
static void
compare_rule(const struct lint *lint, const struct access_rule *rule)
{
	const char *path = lint->list->path;
	struct faults *faults = lint->faults;
	const struct access_rule *by = hidden_by(lint, rule);

	if (by)
		faults_warn(faults, path, rule->line,
		    "W1: never decides: line %u, above, holds the same "
		    "addresses and reaches at least the same level",
		    by->line);
	else if (never_connects(lint, rule))
		faults_warn(faults, path, rule->line,
		    "W1: never decides: lines above refuse the connection of all its addresses");
	if (drops_a_live_peer(lint, rule))
		faults_warn(faults, path, rule->line,
		    "W3: drop leaves a connected client waiting for an "
		    "answer that never comes; deny tells it");
}

static void
lint_rule(const struct lint *lint, const struct access_rule *rule)
{
	const char *path = lint->list->path;
	struct faults *faults = lint->faults;

	if (rule->verdict != ACCESS_GRANT && rule->level != ACCESS_ALL &&
	    rule->level != ACCESS_BASE)
		faults_warn(faults, path, rule->line,
		    "W2: %s %s also refuses the levels below, and "
		    "not those above; to cap a host grant what it may do and then write %s all",
		    access_verdict_name(rule->verdict), access_level_name(rule->level),
		    access_verdict_name(rule->verdict));
	if (rule->password && (rule->verdict != ACCESS_GRANT || rule->level < ACCESS_LOGIN))
		faults_warn(faults, path, rule->line, "W4: this password is never asked for");
}

static bool
may_login(const struct access_list *list, const char *host)
{
	struct access_rights rights;
	struct addr addr;

	if (!addr_parse(&addr, host, 0))
		return false;
	access_walk(list, &addr, &rights);
	return access_connect(list, &rights) == ACCESS_PASS &&
	       access_verdict_at(list, &rights, ACCESS_LOGIN) == ACCESS_GRANT;
}

static bool
grants_ipv6(const struct access_list *list, const struct table *table)
{
	for (size_t i = 0; i < table->len; i++) {
		const struct acl *acl = &list->acls[table->rules[i].acl];

		for (size_t j = 0; table->rules[i].verdict == ACCESS_GRANT && j < acl->len; j++)
			if (acl->blocks[j].family == AF_INET6)
				return true;
	}
	return false;
}

/* Does some line of TABLE let in an address that is not the host's own? */
static bool
grants_other_hosts(const struct access_list *list, const struct table *table)
{
	struct block local[2];
	bool host_bits;

	block_parse(&local[0], "127.0.0.0/8", &host_bits);
	block_parse(&local[1], "::1/128", &host_bits);
	for (size_t i = 0; i < table->len; i++) {
		const struct acl *acl = &list->acls[table->rules[i].acl];

		for (size_t j = 0; table->rules[i].verdict == ACCESS_GRANT && j < acl->len; j++)
			if (!block_covers(&local[0], &acl->blocks[j]) &&
			    !block_covers(&local[1], &acl->blocks[j]))
				return true;
	}
	return false;
}

static unsigned
first_line(const struct access_list *list)
{
	if (list->access.len)
		return list->access.rules[0].line;
	return list->accept.len ? list->accept.rules[0].line : list->first_acl_line;
}

static void
lint_whole(
    const struct access_list *list, const struct access_sockets *sockets, struct faults *faults)
{
	const char *path = list->path;
	unsigned at = first_line(list);
	bool v4 = may_login(list, "127.0.0.1"), v6 = may_login(list, "::1");

	faults_note(faults, path, at,
	    "access lists are in force (NUT 2.4 to 2.8 ignored such lines); "
	    "127.0.0.1 %s LOGIN, ::1 %s LOGIN",
	    v4 ? "may" : "may not", v6 ? "may" : "may not");
	if (!list->access.len && !list->accept.len)
		faults_warn(
		    faults, path, at, "ACL lines without ACCESS lines: everybody is denied");
	if (list->access.len && list->accept.len)
		faults_warn(faults, path, at,
		    "W6: ACCESS and ACCEPT or REJECT are both used; a client must pass both");
	if (sockets->ipv6 && !(list->accept.len ? grants_ipv6(list, &list->accept)
						: grants_ipv6(list, &list->access)))
		faults_warn(faults, path, at,
		    "W7: upsd listens on IPv6, but no line lets an IPv6 address in");
	if (!v4)
		faults_warn(faults, path, at,
		    "W8: 127.0.0.1 may not LOGIN: an upsmon on this host would "
		    "never hear of an outage");
	if (sockets->other_hosts && !list->access.len)
		faults_warn(faults, path, at,
		    "W9: lines of old files (ACL, ACCEPT, REJECT) now decide which "
		    "other hosts get in");
	if (!sockets->listen_lines && grants_other_hosts(list, &list->access))
		faults_warn(faults, path, at,
		    "W10: other hosts are granted access, but without a LISTEN line "
		    "only this host can connect");
}

/* false: no memory. */
static bool
find_telling(struct lint *lint)
{
	const struct access_list *list = lint->list;
	/* For each ACL and kind: 1 + the highest level so far. */
	unsigned char(*highest)[2] = calloc(list->acls_len + 1, sizeof(*highest));

	bool made =
	    highest && (lint->telling = calloc(list->access.len + 1, sizeof(*lint->telling)));

	for (size_t i = 0; made && i < list->access.len; i++) {
		const struct access_rule *rule = &list->access.rules[i];
		unsigned char *known = &highest[rule->acl][rule->verdict == ACCESS_GRANT];

		if (rule->level < *known)
			continue;
		*known = (unsigned char)(rule->level + 1);
		lint->telling[lint->len++] = rule;
	}
	free(highest);
	return made;
}

/* A reload holds up a whole upsd: far down a list of thousands, lines are not compared any more. */
static void
compare_rules(const struct lint *lint)
{
	const struct table *table = &lint->list->access;
	size_t above = 0, pairs = 0;

	for (size_t i = 0; i < table->len; i++) {
		const struct access_rule *rule = &table->rules[i];

		while (above < lint->len && lint->telling[above] < rule)
			above++;
		pairs += above;
		if (pairs > LINT_PAIRS) {
			faults_warn(lint->faults, lint->list->path, rule->line,
			    "W1, W3: so many lines that from here on they are not looked for");
			return;
		}
		compare_rule(lint, rule);
	}
}

void
access_lint(
    const struct access_list *list, const struct access_sockets *sockets, struct faults *faults)
{
	struct lint lint = { .list = list, .faults = faults };

	if (!find_telling(&lint))
		faults_add(faults, list->path, 0, "out of memory");
	compare_rules(&lint);
	for (size_t i = 0; i < list->access.len; i++)
		lint_rule(&lint, &list->access.rules[i]);
	free(lint.telling);
	lint_whole(list, sockets, faults);
}
