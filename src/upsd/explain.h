/* explain.h - upsd --explain: what would be answered to whom, which line of which layer says so.
 * Asks the functions that decide for a running upsd, so that it cannot say anything else. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "upsd/upsdconf.h"

struct question {
	struct addr from;
	const char *request;  /* "LOGIN su700", "LOGIN"; NULL: to connect */
	const char *user;     /* what the client sends as USERNAME; NULL: nothing */
	bool knows_password;  /* PASSWORD is what it sends; else it sends the right one */
	const char *password; /* NULL: nothing */
	bool fits_hash;	      /* what is said of explain_hash() */
	/* What tcp-wrappers say, which have to be asked beforehand where explain_asks_wrap(). */
	enum { WRAP_ABSENT, WRAP_YES, WRAP_NO } wrap;
};

enum explain_verdict { EXPLAIN_GRANT, EXPLAIN_DENY, EXPLAIN_DROP };

/* Is the request one that tcp-wrappers judge? */
bool explain_asks_wrap(const struct question *question);

/* The hash of upsd.users that *PASSWORD, which is sent, must fit: to be asked of base/hash.h
 * beforehand.  NULL: none. */
const char *explain_hash(
    const struct upsdconf *conf, const struct question *question, const char **password);

/* A line for each layer, then "verdict: ..." (docs/man/upsd.8).  OUT->failed: no memory. */
enum explain_verdict explain(
    const struct upsdconf *conf, const struct question *question, struct buf *out);

#endif
