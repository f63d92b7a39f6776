/* block.h - address blocks: "10.1.0.0/16", "10.1.0.0/255.255.0.0", "2001:db8::/32".
 * Specified in docs/access.md, A3 to A5 and B2. */
#ifndef BLOCK_H
#define BLOCK_H

#include "base/addr.h"

#include <stdbool.h>

struct block {
	int family;		  /* AF_INET or AF_INET6 */
	unsigned bits;		  /* length of the prefix */
	unsigned char prefix[16]; /* network order, host bits clear; IPv4 takes the first 4 */
};

/* NULL, or what is wrong (a constant string; OUT is untouched).  HOST_BITS tells whether the text
 * had bits set behind the prefix, which are cleared.  A block inside ::ffff:0:0/96 becomes IPv4. */
const char *block_parse(struct block *out, const char *text, bool *host_bits);

#define BLOCK_TEXT_MAX 64
/* "10.1.0.0/16"; never fails. */
const char *block_text(const struct block *block, char text[BLOCK_TEXT_MAX]);

/* The block of ADDR (unmapped) alone; false: it is no internet address. */
bool block_of(struct block *out, const struct addr *addr);
/* Order for qsort(3): a block stands before all that lie in it, and these before all others. */
int block_compare(const void *a, const void *b);

/* Does OUTER hold every address of INNER?  Families never match each other. */
bool block_covers(const struct block *outer, const struct block *inner);

#endif
