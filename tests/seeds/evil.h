/* evil.h - something at upsd's port that is no upsd: it never gives a good answer. */
#ifndef EVIL_H
#define EVIL_H

#include "tests/seeds/site.h"

struct evil_server *evil_new(struct loop *loop, enum evil evil);
void evil_free(struct evil_server *server);

#endif
