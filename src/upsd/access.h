/* access.h - what a peer's address lets it ask of upsd: ACL/ACCESS of 2001, ACCEPT/REJECT of 2.0.
 * Layer 1 of docs/access.md, whose clauses (A1 ... F11) are cited here.  Pure: no I/O, no clock. */
#ifndef ACCESS_H
#define ACCESS_H

#include "base/addr.h"
#include "base/buf.h"
#include "base/conffile.h"

#include <stdbool.h>

/* Ordered: each level includes the ones before it (C2).  The files spell PRIMARY "master". */
enum access_level {
	ACCESS_BASE,
	ACCESS_MONITOR,
	ACCESS_LOGIN,
	ACCESS_PRIMARY,
	ACCESS_MANAGER,
	ACCESS_ALL /* in a rule: sufficient for each of the five above */
};
#define ACCESS_LEVELS ACCESS_ALL /* how many levels a command can need */

enum access_verdict { ACCESS_GRANT, ACCESS_DENY, ACCESS_DROP };

#define ACCESS_ACLS_MAX 16384  /* different names of ACLs */
#define ACCESS_RULES_MAX 65535 /* ACCESS lines; names in ACCEPT and REJECT lines */

struct access_list;
struct access_rule;

struct access_list *access_new(void);
void access_free(struct access_list *list);

/* Is WORD one of ACL ACCESS ACCEPT REJECT, in any case?  (Any but capitals is then a fault, A2.) */
bool access_is_directive(const char *word);
/* Take one such line; what is wrong with it becomes a fault. */
void access_add(struct access_list *list, const struct words *line, const char *path, unsigned at,
    struct faults *faults);
/* Before access_finish(): an `allowfrom` of upsd.users uses the ACL of that name.  false: no line
 * defines it.  One that is used so does not make the ACCESS table active by itself (F10). */
bool access_use_acl(struct access_list *list, const char *name);
bool access_acl_holds(const struct access_list *list, const char *name, const struct addr *peer);

/* What the lint has to know of the sockets (W7, W9, W10). */
struct access_sockets {
	bool listen_lines; /* the file has LISTEN lines */
	bool ipv6;	   /* some of them, or the default, are IPv6 */
	bool other_hosts;  /* some of them are reachable from other hosts */
};
/* After the last line, and after upsd.users: resolve names (A7), decide which tables are active
 * (A10), then warn (W1 to W10, and the notice of A11). */
void access_finish(struct access_list *list, const char *path, const struct access_sockets *sockets,
    struct faults *faults);

/* Is layer 1 configured (A10)?  Is the ACCESS table, which makes host-based mode possible (E5)? */
bool access_is_active(const struct access_list *list);
bool access_has_table(const struct access_list *list);
bool access_needs_table(const struct access_list *list); /* the same, before access_finish() */
/* Is there a password on some line, so that others must not read the file? */
bool access_has_secret(const struct access_list *list);

/* The whole list walked once for one address: which line decides each level.  Kept in the peer,
 * made again after a reload, and small, since there may be thousands.  Cannot fail, allocates
 * nothing. */
struct access_rights {
	uint16_t accept;	      /* 1 + the deciding name of ACCEPT and REJECT; 0: none */
	uint16_t rule[ACCESS_LEVELS]; /* 1 + the deciding ACCESS line; 0: end of list */
};
void access_walk(
    const struct access_list *list, const struct addr *peer, struct access_rights *out);

/* What a peer has shown so far, and whether upsd.users is used (layer 3). */
struct access_shown {
	bool users;	      /* upsd.users is configured (E4) */
	bool username;	      /* USERNAME was sent */
	const char *password; /* PASSWORD as sent; NULL: never */
};

enum access_answer {
	ACCESS_PASS,
	ACCESS_SAY_DENIED,   /* ERR ACCESS-DENIED */
	ACCESS_SAY_WRONG,    /* the same, because the password is not the line's: a guess */
	ACCESS_SAY_NOTHING,  /* C8 */
	ACCESS_SAY_USERNAME, /* ERR USERNAME-REQUIRED */
	ACCESS_SAY_PASSWORD, /* ERR PASSWORD-REQUIRED */
	ACCESS_END_DENIED, /* ERR ACCESS-DENIED, and the connection ends (C7, D2 after a reload) */
	ACCESS_END_SILENT  /* the connection ends without a word */
};

/* At accept: PASS, END_DENIED (a greeting, C7) or END_SILENT (C8, D2). */
enum access_answer access_connect(
    const struct access_list *list, const struct access_rights *rights);
/* At each command, which needs LEVEL: "Decision procedure", before layer 2. */
enum access_answer access_command(const struct access_list *list,
    const struct access_rights *rights, enum access_level level, const struct access_shown *shown);

/* The password of the line that grants LEVEL, to be compared (C4); NULL: none. */
const char *access_secret(
    const struct access_list *list, const struct access_rights *rights, enum access_level level);

/* Why: appends "upsd.conf:12: ACCESS deny all box" (never a password), or "end of list". */
bool access_reason(const struct access_list *list, const struct access_rights *rights,
    enum access_level level, struct buf *out);
/* The number of the line that access_reason() names; 0: end of list, or no lists. */
unsigned access_line(
    const struct access_list *list, const struct access_rights *rights, enum access_level level);
/* The tables as they are in force, for people: a line each, with the blocks behind the name. */
bool access_print(const struct access_list *list, struct buf *out);
const char *access_level_name(enum access_level level);

#endif
