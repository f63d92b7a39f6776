/* users.h - upsd.users: who may do what (docs/man/upsd.users.5). */
#ifndef USERS_H
#define USERS_H

#include "base/conffile.h"

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

/* NULL if there is no such user.  Names compare with case. */
const struct user *users_find(const struct users *users, const char *name);
/* Is PASSWORD this user's?  USER NULL is never right, and takes as long as a wrong password. */
bool user_password(const struct user *user, const char *password);
bool user_may(const struct user *user, enum user_action action);
bool user_may_instcmd(const struct user *user, const char *cmd);

#endif
