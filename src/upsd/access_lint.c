#include "upsd/access_inside.h"

static bool
acl_covers(const struct acl *outer, const struct block *inner)
{
	for (size_t i = 0; i < outer->len; i++)
		if (block_covers(&outer->blocks[i], inner))
			return true;
	return false;
}

static bool
acl_covers_all(const struct acl *outer, const struct acl *inner)
{
	for (size_t i = 0; outer != inner && i < inner->len; i++)
		if (!acl_covers(outer, &inner->blocks[i]))
			return false;
	return true;
}

static bool
acls_overlap(const struct acl *a, const struct acl *b)
{
	if (a == b)
		return true;
	for (size_t i = 0; i < a->len; i++)
		for (size_t j = 0; j < b->len; j++)
			if (block_overlaps(&a->blocks[i], &b->blocks[j]))
				return true;
	return false;
}

static bool
overlaps_block(const struct acl *acl, const struct block *block)
{
	for (size_t i = 0; i < acl->len; i++)
		if (block_overlaps(&acl->blocks[i], block))
			return true;
	return false;
}

/* Is every address of BLOCK refused at base by the lines before RULE? */
static bool
fails_at_base(
    const struct access_list *list, const struct access_rule *rule, const struct block *block)
{
	for (const struct access_rule *r = list->access.rules; r < rule; r++) {
		const struct acl *acl = &list->acls[r->acl];

		if (r->verdict == ACCESS_GRANT) {
			if (overlaps_block(acl, block))
				return false;
		} else if (acl_covers(acl, block)) {
			return true;
		}
	}
	return false;
}

/* W1 (F11): the earlier line that hides RULE, NULL if it can fire. */
static const struct access_rule *
hidden_by(const struct access_list *list, const struct access_rule *rule)
{
	const struct acl *acl = &list->acls[rule->acl];

	for (const struct access_rule *r = list->access.rules; r < rule; r++)
		if (r->level >= rule->level && acl_covers_all(&list->acls[r->acl], acl))
			return r;
	return NULL;
}

static bool
never_connects(const struct access_list *list, const struct access_rule *rule)
{
	const struct acl *acl = &list->acls[rule->acl];

	for (size_t i = 0; i < acl->len; i++)
		if (!fails_at_base(list, rule, &acl->blocks[i]))
			return false;
	return true;
}

/* W3: a drop that a live connection can meet, its client then waiting for ever. */
static bool
drops_a_live_peer(const struct access_list *list, const struct access_rule *rule)
{
	if (rule->verdict != ACCESS_DROP || rule->level == ACCESS_BASE)
		return false;
	for (const struct access_rule *r = list->access.rules; r < rule; r++)
		if (r->verdict == ACCESS_GRANT &&
		    acls_overlap(&list->acls[r->acl], &list->acls[rule->acl]))
			return true;
	return false;
}

static void
lint_rule(const struct access_list *list, const struct access_rule *rule, struct faults *faults)
{
	const char *path = list->path;
	const struct access_rule *by = hidden_by(list, rule);

	if (by)
		faults_warn(faults, path, rule->line,
		    "W1: never decides: line %u, above, holds the same "
		    "addresses and reaches at least the same level",
		    by->line);
	else if (never_connects(list, rule))
		faults_warn(faults, path, rule->line,
		    "W1: never decides: lines above refuse the connection of all its addresses");
	if (rule->verdict != ACCESS_GRANT && rule->level != ACCESS_ALL &&
	    rule->level != ACCESS_BASE)
		faults_warn(faults, path, rule->line,
		    "W2: %s %s also refuses the levels below, and "
		    "not those above; to cap a host grant what it may do and then write %s all",
		    access_verdict_name(rule->verdict), access_level_name(rule->level),
		    access_verdict_name(rule->verdict));
	if (drops_a_live_peer(list, rule))
		faults_warn(faults, path, rule->line,
		    "W3: drop leaves a connected client waiting for an "
		    "answer that never comes; deny tells it");
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

void
access_lint(
    const struct access_list *list, const struct access_sockets *sockets, struct faults *faults)
{
	for (size_t i = 0; i < list->access.len; i++)
		lint_rule(list, &list->access.rules[i], faults);
	lint_whole(list, sockets, faults);
}
