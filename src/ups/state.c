#include "ups/state.h"
#include "base/conffile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTRIES_MAX 1024 /* of one variable's enum or ranges */

/* A set of things with names: open addressing, the next free slot, at most half full.  ITEMS are
 * the same pointers for walking, put in order when asked for. */
struct table {
	bool of_names; /* an item is its name; else a struct state_var */
	void **slots;
	size_t size; /* a power of two, or 0 */
	void **items;
	size_t len, room;
	bool in_order;
};

struct state {
	struct table vars, cmds; /* a var's name is in the same allocation */
	size_t bytes;		 /* counted against STATE_BYTES_MAX */
};

static const char *
name_of(const struct table *table, const void *item)
{
	return table->of_names ? item : ((const struct state_var *)item)->name;
}

static size_t
name_len_of(const struct table *table, const void *item)
{
	return table->of_names ? strlen(item) : ((const struct state_var *)item)->name_len;
}

static bool
is_called(const struct table *table, const void *item, const char *name, size_t len)
{
	return name_len_of(table, item) == len && words_same_name(name_of(table, item), name, len);
}

/* The slot where NAME leads first. */
static size_t
home_of(const struct table *table, const char *name, size_t len)
{
	return words_name_hash(name, len) & (table->size - 1);
}

/* The slot where NAME is, or where it would go.  The table has a free slot. */
static size_t
slot_of(const struct table *table, const char *name, size_t len)
{
	size_t i = home_of(table, name, len);

	while (table->slots[i] && !is_called(table, table->slots[i], name, len))
		i = (i + 1) & (table->size - 1);
	return i;
}

static size_t
slot_of_item(const struct table *table, const void *item)
{
	return slot_of(table, name_of(table, item), name_len_of(table, item));
}

static void *
find(const struct table *table, const char *name)
{
	return table->size ? table->slots[slot_of(table, name, strlen(name))] : NULL;
}

static bool
grow(struct table *table)
{
	size_t room = table->room ? 2 * table->room : 8;
	void **items = realloc(table->items, room * sizeof(*items)), **slots;

	if (!items)
		return false;
	table->items = items;
	slots = calloc(2 * room, sizeof(*slots));
	if (!slots)
		return false;
	free(table->slots);
	table->slots = slots;
	table->size = 2 * room;
	table->room = room;
	for (size_t i = 0; i < table->len; i++)
		slots[slot_of_item(table, items[i])] = items[i];
	return true;
}

/* ITEM's name is not in TABLE.  Dumps come in order, so ordering them again is rarely needed. */
static bool
insert(struct table *table, void *item)
{
	if (table->len == table->room && !grow(table))
		return false;
	table->slots[slot_of_item(table, item)] = item;
	table->in_order =
	    !table->len ||
	    (table->in_order &&
		strcasecmp(name_of(table, table->items[table->len - 1]), name_of(table, item)) < 0);
	table->items[table->len++] = item;
	return true;
}

static void
take_out(struct table *table, const void *item)
{
	size_t hole = slot_of_item(table, item), mask = table->size - 1, at = 0;

	/* Move up whatever a free slot here would hide. */
	for (size_t i = (hole + 1) & mask; table->slots[i]; i = (i + 1) & mask) {
		const void *moved = table->slots[i];
		size_t home = home_of(table, name_of(table, moved), name_len_of(table, moved));

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			table->slots[hole] = table->slots[i];
			hole = i;
		}
	}
	table->slots[hole] = NULL;
	while (table->items[at] != item)
		at++;
	table->len--;
	memmove(&table->items[at], &table->items[at + 1], (table->len - at) * sizeof(void *));
}

static int
by_var(const void *a, const void *b)
{
	const struct state_var *const *x = a, *const *y = b;

	return strcasecmp((*x)->name, (*y)->name);
}

static int
by_name(const void *a, const void *b)
{
	return strcasecmp(*(char *const *)a, *(char *const *)b);
}

static void
put_in_order(struct table *table)
{
	if (!table->in_order && table->len > 1)
		qsort(table->items, table->len, sizeof(*table->items),
		    table->of_names ? by_name : by_var);
	table->in_order = true;
}

static void
table_free(struct table *table)
{
	free(table->slots);
	free(table->items);
	*table = (struct table){ .of_names = table->of_names };
}

/* A value is kept as "quoted" NUL unescaped NUL, in one allocation. */
static const char *
unescaped(const struct state_var *var)
{
	return var->quoted + var->quoted_len + 1;
}

static size_t
value_bytes(size_t quoted_len, size_t len)
{
	return quoted_len + 1 + len + 1;
}

static bool
is_special(char c)
{
	return c == '"' || c == '#' || c == '\\';
}

/* NULL when out of memory. */
static char *
make_value(const char *value, size_t *quoted_len)
{
	size_t len = strlen(value);
	char *made, *to;

	*quoted_len = len + 2;
	for (const char *from = value; *from; from++)
		*quoted_len += is_special(*from);
	made = to = malloc(value_bytes(*quoted_len, len));
	if (!made)
		return NULL;
	*to++ = '"';
	for (const char *from = value; *from; from++) {
		if (is_special(*from))
			*to++ = '\\';
		*to++ = *from;
	}
	*to++ = '"';
	*to++ = '\0';
	memcpy(to, value, len + 1);
	return made;
}

static bool
is_value(const char *value)
{
	size_t len = 0;

	for (; value[len]; len++)
		if (len == STATE_VALUE_MAX || value[len] < ' ' || value[len] > '~')
			return false;
	return true;
}

/* What VAR counts for, all its lists included. */
static size_t
var_bytes(const struct state_var *var)
{
	size_t bytes = var->name_len + 1 + value_bytes(var->quoted_len, strlen(unescaped(var)));

	for (size_t i = 0; i < var->enums_len; i++)
		bytes += strlen(var->enums[i]) + 1;
	return bytes + var->ranges_len * sizeof(*var->ranges);
}

static void
var_free(struct state_var *var)
{
	for (size_t i = 0; i < var->enums_len; i++)
		free(var->enums[i]);
	free(var->enums);
	free(var->ranges);
	free(var->quoted);
	free(var);
}

/* VAR without a value yet; its name stands behind it. */
static struct state_var *
var_new(const char *name)
{
	size_t len = strlen(name);
	struct state_var *var = malloc(sizeof(*var) + len + 1);

	if (!var)
		return NULL;
	*var = (struct state_var){ .name = (char *)(var + 1), .name_len = len };
	memcpy(var->name, name, len + 1);
	return var;
}

struct state *
state_new(void)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state)
		state->cmds.of_names = true;
	return state;
}

void
state_clear(struct state *state)
{
	for (size_t i = 0; i < state->vars.len; i++)
		var_free(state->vars.items[i]);
	for (size_t i = 0; i < state->cmds.len; i++)
		free(state->cmds.items[i]);
	table_free(&state->vars);
	table_free(&state->cmds);
	state->bytes = 0;
}

void
state_free(struct state *state)
{
	if (!state)
		return;
	state_clear(state);
	free(state);
}

static enum state_error
add_var(struct state *state, const char *name, char *quoted, size_t quoted_len, size_t bytes)
{
	struct state_var *var;

	if (!words_is_name(name))
		return STATE_BAD_NAME;
	if (state->vars.len == STATE_VARS_MAX ||
	    state->bytes + bytes + strlen(name) + 1 > STATE_BYTES_MAX)
		return STATE_FULL;
	var = var_new(name);
	if (!var || !insert(&state->vars, var)) {
		free(var);
		return STATE_NO_MEMORY;
	}
	var->quoted = quoted;
	var->quoted_len = quoted_len;
	state->bytes += bytes + var->name_len + 1;
	return STATE_OK;
}

enum state_error
state_set(struct state *state, const char *name, const char *value)
{
	struct state_var *var = find(&state->vars, name);
	size_t quoted_len, bytes, before = 0;
	enum state_error error;
	char *quoted;

	if (var && strcmp(unescaped(var), value) == 0)
		return STATE_SAME;
	if (!is_value(value))
		return STATE_BAD_VALUE;
	quoted = make_value(value, &quoted_len);
	if (!quoted)
		return STATE_NO_MEMORY;
	bytes = value_bytes(quoted_len, strlen(value));
	if (!var) {
		error = add_var(state, name, quoted, quoted_len, bytes);
		if (error)
			free(quoted);
		return error;
	}
	before = value_bytes(var->quoted_len, strlen(unescaped(var)));
	if (state->bytes - before + bytes > STATE_BYTES_MAX) {
		free(quoted);
		return STATE_FULL;
	}
	free(var->quoted);
	var->quoted = quoted;
	var->quoted_len = quoted_len;
	state->bytes += bytes - before;
	return STATE_OK;
}

enum state_error
state_delete(struct state *state, const char *name)
{
	struct state_var *var = find(&state->vars, name);

	if (!var)
		return STATE_NOT_THERE;
	take_out(&state->vars, var);
	state->bytes -= var_bytes(var);
	var_free(var);
	return STATE_OK;
}

enum state_error
state_flags(struct state *state, const char *name, unsigned flags)
{
	struct state_var *var = find(&state->vars, name);

	if (!var)
		return STATE_NO_SUCH_VAR;
	if (var->flags == flags)
		return STATE_SAME;
	var->flags = flags;
	return STATE_OK;
}

enum state_error
state_aux(struct state *state, const char *name, long aux)
{
	struct state_var *var = find(&state->vars, name);

	if (!var)
		return STATE_NO_SUCH_VAR;
	if (var->aux == aux)
		return STATE_SAME;
	var->aux = aux;
	return STATE_OK;
}

/* Index of VALUE, or the number of entries. */
static size_t
enum_index(const struct state_var *var, const char *value)
{
	size_t i = 0;

	while (i < var->enums_len && strcmp(var->enums[i], value) != 0)
		i++;
	return i;
}

enum state_error
state_enum_add(struct state *state, const char *name, const char *value)
{
	struct state_var *var = find(&state->vars, name);
	size_t bytes;
	char **enums, *copy;

	if (!var)
		return STATE_NO_SUCH_VAR;
	if (!is_value(value))
		return STATE_BAD_VALUE;
	if (enum_index(var, value) < var->enums_len)
		return STATE_SAME;
	bytes = strlen(value) + 1;
	if (var->enums_len == ENTRIES_MAX || state->bytes + bytes > STATE_BYTES_MAX)
		return STATE_FULL;
	enums = realloc(var->enums, (var->enums_len + 1) * sizeof(*enums));
	if (!enums)
		return STATE_NO_MEMORY;
	var->enums = enums;
	copy = strdup(value);
	if (!copy)
		return STATE_NO_MEMORY;
	enums[var->enums_len++] = copy;
	state->bytes += bytes;
	return STATE_OK;
}

enum state_error
state_enum_delete(struct state *state, const char *name, const char *value)
{
	struct state_var *var = find(&state->vars, name);
	size_t i;

	if (!var)
		return STATE_NO_SUCH_VAR;
	i = enum_index(var, value);
	if (i == var->enums_len)
		return STATE_NOT_THERE;
	state->bytes -= strlen(var->enums[i]) + 1;
	free(var->enums[i]);
	var->enums_len--;
	memmove(&var->enums[i], &var->enums[i + 1], (var->enums_len - i) * sizeof(*var->enums));
	return STATE_OK;
}

static size_t
range_index(const struct state_var *var, long min, long max)
{
	size_t i = 0;

	while (i < var->ranges_len && (var->ranges[i].min != min || var->ranges[i].max != max))
		i++;
	return i;
}

enum state_error
state_range_add(struct state *state, const char *name, long min, long max)
{
	struct state_var *var = find(&state->vars, name);
	struct state_range *ranges;

	if (!var)
		return STATE_NO_SUCH_VAR;
	if (min > max)
		return STATE_BAD_RANGE;
	if (range_index(var, min, max) < var->ranges_len)
		return STATE_SAME;
	if (var->ranges_len == ENTRIES_MAX || state->bytes + sizeof(*ranges) > STATE_BYTES_MAX)
		return STATE_FULL;
	ranges = realloc(var->ranges, (var->ranges_len + 1) * sizeof(*ranges));
	if (!ranges)
		return STATE_NO_MEMORY;
	ranges[var->ranges_len++] = (struct state_range){ .min = min, .max = max };
	var->ranges = ranges;
	state->bytes += sizeof(*ranges);
	return STATE_OK;
}

enum state_error
state_range_delete(struct state *state, const char *name, long min, long max)
{
	struct state_var *var = find(&state->vars, name);
	size_t i;

	if (!var)
		return STATE_NO_SUCH_VAR;
	i = range_index(var, min, max);
	if (i == var->ranges_len)
		return STATE_NOT_THERE;
	var->ranges_len--;
	memmove(&var->ranges[i], &var->ranges[i + 1], (var->ranges_len - i) * sizeof(*var->ranges));
	state->bytes -= sizeof(*var->ranges);
	return STATE_OK;
}

enum state_error
state_cmd_add(struct state *state, const char *name)
{
	size_t bytes = strlen(name) + 1;
	char *copy;

	if (find(&state->cmds, name))
		return STATE_SAME;
	if (!words_is_name(name))
		return STATE_BAD_NAME;
	if (state->cmds.len == STATE_VARS_MAX || state->bytes + bytes > STATE_BYTES_MAX)
		return STATE_FULL;
	copy = strdup(name);
	if (!copy || !insert(&state->cmds, copy)) {
		free(copy);
		return STATE_NO_MEMORY;
	}
	state->bytes += bytes;
	return STATE_OK;
}

enum state_error
state_cmd_delete(struct state *state, const char *name)
{
	char *cmd = find(&state->cmds, name);

	if (!cmd)
		return STATE_NOT_THERE;
	take_out(&state->cmds, cmd);
	state->bytes -= strlen(cmd) + 1;
	free(cmd);
	return STATE_OK;
}

const struct state_var *
state_find(const struct state *state, const char *name, size_t len)
{
	const struct table *vars = &state->vars;

	if (!vars->size)
		return NULL;
	/* As slot_of(), for what upsd does all the time, without asking which table it is. */
	for (size_t i = home_of(vars, name, len);; i = (i + 1) & (vars->size - 1)) {
		const struct state_var *var = vars->slots[i];

		if (!var || (var->name_len == len && words_same_name(var->name, name, len)))
			return var;
	}
}

const struct state_var *
state_var(const struct state *state, const char *name)
{
	return find(&state->vars, name);
}

const char *
state_get(const struct state *state, const char *name)
{
	const struct state_var *var = find(&state->vars, name);

	return var ? unescaped(var) : NULL;
}

const char *
state_cmd(const struct state *state, const char *name)
{
	return find(&state->cmds, name);
}

const struct state_var *const *
state_vars(struct state *state, size_t *len)
{
	put_in_order(&state->vars);
	*len = state->vars.len;
	return (const struct state_var *const *)state->vars.items;
}

const char *const *
state_cmds(struct state *state, size_t *len)
{
	put_in_order(&state->cmds);
	*len = state->cmds.len;
	return (const char *const *)state->cmds.items;
}

/* -12.5: what a NUMBER may look like. */
static bool
is_decimal(const char *text)
{
	size_t digits;

	text += *text == '-';
	digits = strspn(text, "0123456789");
	text += digits;
	if (digits && *text == '.') {
		digits = strspn(++text, "0123456789");
		text += digits;
	}
	return digits && !*text;
}

/* A whole number, all of it: "5abc" and "25.9" are none. */
static bool
in_ranges(const struct state_var *var, const char *text)
{
	long value;

	if (!conffile_number(text, LONG_MIN, LONG_MAX, &value))
		return false;
	for (size_t i = 0; i < var->ranges_len; i++)
		if (value >= var->ranges[i].min && value <= var->ranges[i].max)
			return true;
	return false;
}

size_t
state_bytes(const struct state *state)
{
	return state->bytes;
}

enum state_fit
state_fits(const struct state_var *var, const char *value)
{
	if (!is_value(value))
		return STATE_NOT_VALID;
	if (var->flags & STATE_STRING) {
		if (var->aux < 1)
			return STATE_NOT_SETTABLE;
		if (strlen(value) > (size_t)var->aux)
			return STATE_TOO_LONG;
	}
	if (var->enums_len && enum_index(var, value) == var->enums_len)
		return STATE_NOT_VALID;
	if (var->ranges_len && !in_ranges(var, value))
		return STATE_NOT_VALID;
	/* What is listed fits: variables.md, 3: NUMBER stands beside every ENUM that is no STRING.
	 */
	if ((var->flags & STATE_NUMBER) && !var->enums_len && !is_decimal(value))
		return STATE_NOT_VALID;
	return STATE_FITS;
}

const char *
state_strerror(enum state_error error)
{
	static const char *const texts[] = {
		[STATE_OK] = "nothing is wrong",
		[STATE_SAME] = "already so",
		[STATE_NO_SUCH_VAR] = "no such variable",
		[STATE_NOT_THERE] = "nothing to delete",
		[STATE_BAD_NAME] = "not a name",
		[STATE_BAD_VALUE] = "a value that is too long or holds control or 8-bit bytes",
		[STATE_BAD_RANGE] = "a range whose minimum is above its maximum",
		[STATE_FULL] = "too many variables, entries or bytes for one UPS",
		[STATE_NO_MEMORY] = "out of memory",
	};

	return texts[error];
}
