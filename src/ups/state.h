/* state.h - variables, flags, enums, ranges and commands of one UPS: the driver's own copy and
 * upsd's mirror of it are the same thing.
 *
 * Names compare without case and keep the spelling first given.  Each value is kept once, already
 * quoted and escaped, so that a reply is prefix + name + quoted.  Look-ups are O(1); walks are in
 * alphabetical order, without case. */
#ifndef STATE_H
#define STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_VARS_MAX 4096
#define STATE_BYTES_MAX (1u << 20) /* of names and values together */
#define STATE_VALUE_MAX 4096	   /* bytes in a value, unescaped */

enum state_error {
	STATE_OK,
	STATE_SAME, /* done already: the value, enum entry, range or command was there */
	STATE_NO_SUCH_VAR,
	STATE_NOT_THERE, /* nothing to delete */
	STATE_BAD_NAME,	 /* words_is_name() says no */
	STATE_BAD_VALUE, /* too long, or bytes outside 0x20..0x7e */
	STATE_BAD_RANGE, /* min > max */
	STATE_FULL,	 /* STATE_VARS_MAX or STATE_BYTES_MAX */
	STATE_NO_MEMORY
};
const char *state_strerror(enum state_error error);

enum { STATE_RW = 1, STATE_STRING = 2, STATE_NUMBER = 4 };

struct state_range {
	long min, max;
};

/* Read-only for all but state.c. */
struct state_var {
	char *name;
	char *quoted; /* "\"230.1\"", escaped */
	size_t name_len, quoted_len;
	unsigned flags; /* STATE_RW ... */
	long aux;	/* greatest length of a STRING; 0 not given */
	char **enums;	/* unescaped, in the order added */
	size_t enums_len;
	struct state_range *ranges;
	size_t ranges_len;
};

struct state;
struct state *state_new(void);
void state_free(struct state *state);
void state_clear(struct state *state);

/* VALUE is unescaped.  A value equal byte for byte is STATE_SAME.  Nothing changes on an error. */
enum state_error state_set(struct state *state, const char *name, const char *value);
enum state_error state_delete(struct state *state, const char *name);
enum state_error state_flags(struct state *state, const char *name, unsigned flags);
enum state_error state_aux(struct state *state, const char *name, long aux);
enum state_error state_enum_add(struct state *state, const char *name, const char *value);
enum state_error state_enum_delete(struct state *state, const char *name, const char *value);
enum state_error state_range_add(struct state *state, const char *name, long min, long max);
enum state_error state_range_delete(struct state *state, const char *name, long min, long max);
enum state_error state_cmd_add(struct state *state, const char *name);
enum state_error state_cmd_delete(struct state *state, const char *name);

/* Borrowed, until the next change; NULL if there is none. */
const struct state_var *state_var(const struct state *state, const char *name);
const struct state_var *state_find(const struct state *state, const char *name, size_t len);
/* The value unescaped, NULL if there is no such variable.  Borrowed likewise. */
const char *state_get(const struct state *state, const char *name);
/* The spelling kept, NULL if there is no such command. */
const char *state_cmd(const struct state *state, const char *name);

/* Walk: LEN pointers in order, borrowed until the next change. */
const struct state_var *const *state_vars(struct state *state, size_t *len);
const char *const *state_cmds(struct state *state, size_t *len);

/* What all names and quoted values take, or somewhat more. */
size_t state_bytes(const struct state *state);

/* May VALUE be put into VAR, by its type, enums, ranges and aux?  (Not whether it is RW.) */
enum state_fit { STATE_FITS, STATE_TOO_LONG, STATE_NOT_VALID, STATE_NOT_SETTABLE };
enum state_fit state_fits(const struct state_var *var, const char *value);

#endif
