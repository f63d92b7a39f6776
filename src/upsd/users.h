/* users.h - upsd.users: who may do what, to which UPS, from where (docs/man/upsd.users.5). */
#ifndef USERS_H
#define USERS_H

#include "base/conffile.h"
#include "ups/upsconf.h"
#include "upsd/access.h"

#include <stdbool.h>

enum user_action {
	USER_LOGIN = 1 << 0,
	USER_PRIMARY = 1 << 1,
	USER_FSD = 1 << 2,
	USER_SET = 1 << 3
};

struct user;
struct users;

struct users *users_new(void);
void users_free(struct users *users);
/* Add FILE's sections.  What is wrong with it goes to FAULTS. */
void users_parse(struct users *users, struct conffile *file, struct faults *faults);

/* After all lines, and before access_finish(): what the users name must be there.  An ACL of
 * `allowfrom` that LISTS do not define is a fault (F10), a UPS that UPSCONF (NULL: it cannot be
 * read) has not is a warning. */
void users_finish(struct users *users, const char *path, struct access_list *lists,
    const struct upsconf *upsconf, struct faults *faults);

/* NULL if there is no such user.  Names compare with case. */
const struct user *users_find(const struct users *users, const char *name);
/* The hash that a password of USER must fit, for hash_ask() to tell; NULL: its password stands in
 * plain, user_password() tells.  Where nobody can be USER (NULL, or without a password) it is the
 * first hash of the file, so that asking for such a one takes as long; what comes of it counts for
 * nothing. */
const char *users_hash(const struct users *users, const struct user *user);
/* Is PASSWORD this user's, as it stands there?  USER NULL is never right, and takes as long as a
 * wrong password.  Never right for one with a hash. */
bool user_password(const struct user *user, const char *password);
/* Does USER have a password at all? */
bool user_is_usable(const struct user *user);
/* May it come from PEER (`allowfrom`)?  Without such a line, from anywhere. */
bool user_may_come_from(
    const struct user *user, const struct access_list *lists, const struct addr *peer);

bool user_may(const struct user *user, enum user_action action);
bool user_may_instcmd(const struct user *user, const char *cmd);
/* Is UPS one of those it may act on (`ups`)?  Without such a line, it is.  Names compare without
 * case. */
bool user_may_act_on(const struct user *user, const char *ups);

#endif
