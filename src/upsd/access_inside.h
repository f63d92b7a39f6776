/* access_inside.h - what an access list is made of: for access.c and those who look at it whole. */
#ifndef ACCESS_INSIDE_H
#define ACCESS_INSIDE_H

#include "base/block.h"
#include "upsd/access.h"

/* All blocks of one name: lines of the same name add up (A6). */
struct acl {
	char *name;
	struct block *blocks; /* after access_finish(): in order, and none in another */
	size_t len;
	bool by_user; /* an `allowfrom` uses it (F10) */
};

struct access_rule {
	unsigned line;
	enum access_verdict verdict;
	enum access_level level;
	char *acl_name;
	size_t acl;	/* index into list->acls, after access_finish() */
	char *password; /* NULL: none */
};

/* One name of an ACCEPT or REJECT line (D1); the verdict is GRANT or DROP. */
struct table {
	struct access_rule *rules;
	size_t len;
};

struct access_list {
	char *path; /* of the file the lines stand in */
	struct acl *acls;
	size_t acls_len;
	size_t *slots; /* 1 + index of an ACL, by hash of its name; a power of two, half empty */
	size_t slots_len;
	struct table access, accept;
	unsigned first_acl_line;
	bool has_table; /* after access_finish(): the ACCESS table is active (A10) */
};

/* After access_finish(): the one block of ACL that INNER lies in, and one that shares an address
 * with BLOCK; NULL: none. */
const struct block *access_acl_covers(const struct acl *acl, const struct block *inner);
const struct block *access_acl_meets(const struct acl *acl, const struct block *block);
const char *access_verdict_name(enum access_verdict verdict);
/* What the table says at LEVEL, base aside: GRANT where there is none. */
enum access_verdict access_verdict_at(
    const struct access_list *list, const struct access_rights *rights, enum access_level level);
/* The warnings W1 to W10, and the notice of A11. */
void access_lint(
    const struct access_list *list, const struct access_sockets *sockets, struct faults *faults);

#endif
