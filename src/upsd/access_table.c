#include "upsd/access_inside.h"

#include <string.h>

/* "192.168.1.0/24 2001:db8::/64 and 3 more" */
static void
add_blocks(struct buf *out, const struct acl *acl)
{
	char text[BLOCK_TEXT_MAX];
	size_t shown = acl->len > 8 ? 7 : acl->len;

	for (size_t i = 0; i < shown; i++)
		buf_add_format(out, " %s", block_text(&acl->blocks[i], text));
	if (shown < acl->len)
		buf_add_format(out, " and %zu more", acl->len - shown);
}

static void
add_rule(struct buf *out, const struct access_list *list, const struct access_rule *rule)
{
	buf_add_format(out, "  %6u  %-5s  %-7s  %s:", rule->line,
	    access_verdict_name(rule->verdict), access_level_name(rule->level), rule->acl_name);
	add_blocks(out, &list->acls[rule->acl]);
	if (rule->password && rule->verdict == ACCESS_GRANT && rule->level >= ACCESS_LOGIN)
		buf_add_text(out, "; from login up with the password of the line");
	buf_add_text(out, "\n");
}

/* As the rules of docs/access.md make of the lines, in the order in which they are asked. */
bool
access_print(const struct access_list *list, struct buf *out)
{
	if (!access_is_active(list))
		return buf_add_text(out, "no access lists: every address may connect\n");
	if (list->accept.len) {
		buf_add_format(
		    out, "%s, ACCEPT and REJECT, the first that holds the client:\n", list->path);
		for (size_t i = 0; i < list->accept.len; i++)
			add_rule(out, list, &list->accept.rules[i]);
		buf_add_text(out, "     end  drop   all      everybody else\n");
	}
	if (access_has_table(list)) {
		buf_add_format(out,
		    "%s, ACCESS, the first that holds the client and reaches the level needed:\n",
		    list->path);
		for (size_t i = 0; i < list->access.len; i++)
			add_rule(out, list, &list->access.rules[i]);
		buf_add_text(out, "     end  deny   all      everybody else\n");
	}
	return !out->failed;
}
