/* descriptions.h - cmdvartab: what variables and commands mean, in words. */
#ifndef DESCRIPTIONS_H
#define DESCRIPTIONS_H

#include "base/conffile.h"

struct descriptions;

struct descriptions *descriptions_new(void);
void descriptions_free(struct descriptions *descriptions);
/* Lines of FILE: VARDESC name "text", CMDDESC name "text".  Others are warnings. */
void descriptions_parse(
    struct descriptions *descriptions, struct conffile *file, struct faults *faults);

/* Already quoted: "\"Battery charge (percent)\"".  NULL if there is none. */
const char *descriptions_var(const struct descriptions *descriptions, const char *name);
const char *descriptions_cmd(const struct descriptions *descriptions, const char *name);

#endif
