#include "ups/state.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Test(state, keeps_a_value_quoted_and_plain)
{
	struct state *state = state_new();
	const struct state_var *var;

	cr_expect_eq(state_set(state, "ups.id", "say \"hi\" # \\"), STATE_OK);
	cr_expect_str_eq(state_get(state, "ups.id"), "say \"hi\" # \\");
	var = state_var(state, "UPS.ID");
	cr_assert_not_null(var);
	cr_expect_str_eq(var->name, "ups.id", "the spelling first given stays");
	cr_expect_str_eq(var->quoted, "\"say \\\"hi\\\" \\# \\\\\"");
	cr_expect_eq(var->quoted_len, strlen(var->quoted));
	cr_expect_eq(var->name_len, 6);
	cr_expect_eq(state_set(state, "Ups.Id", ""), STATE_OK);
	cr_expect_str_eq(state_var(state, "ups.id")->quoted, "\"\"");
	cr_expect_str_eq(state_get(state, "ups.id"), "");
	cr_expect_null(state_get(state, "ups.i"));
	cr_expect_null(state_var(state, "ups.status"));
	state_free(state);
	state_free(NULL);
}

/* NUT ignores a change of letter case alone; we do not. */
Test(state, only_an_equal_value_is_the_same)
{
	struct state *state = state_new();

	state_set(state, "ups.mfr", "Apc");
	cr_expect_eq(state_set(state, "ups.mfr", "Apc"), STATE_SAME);
	cr_expect_eq(state_set(state, "ups.mfr", "APC"), STATE_OK);
	cr_expect_str_eq(state_get(state, "ups.mfr"), "APC");
	state_free(state);
}

Test(state, a_new_value_leaves_type_and_lists)
{
	struct state *state = state_new();

	state_set(state, "a", "1");
	state_flags(state, "a", STATE_RW | STATE_STRING);
	state_aux(state, "a", 8);
	state_enum_add(state, "a", "1");
	state_range_add(state, "a", 1, 2);
	state_set(state, "a", "2");
	cr_expect_eq(state_var(state, "a")->flags, STATE_RW | STATE_STRING);
	cr_expect_eq(state_var(state, "a")->aux, 8);
	cr_expect_eq(state_var(state, "a")->enums_len, 1);
	cr_expect_eq(state_var(state, "a")->ranges_len, 1);
	cr_expect_eq(state_delete(state, "a"), STATE_OK);
	cr_expect_eq(state_delete(state, "a"), STATE_NOT_THERE);
	state_set(state, "a", "3");
	cr_expect_eq(state_var(state, "a")->flags, 0);
	cr_expect_eq(state_var(state, "a")->enums_len, 0);
	state_free(state);
}

Test(state, lists_need_a_variable_and_take_each_entry_once)
{
	struct state *state = state_new();

	cr_expect_eq(state_enum_add(state, "x", "a"), STATE_NO_SUCH_VAR);
	cr_expect_eq(state_enum_delete(state, "x", "a"), STATE_NO_SUCH_VAR);
	cr_expect_eq(state_range_add(state, "x", 1, 2), STATE_NO_SUCH_VAR);
	cr_expect_eq(state_range_delete(state, "x", 1, 2), STATE_NO_SUCH_VAR);
	cr_expect_eq(state_flags(state, "x", 1), STATE_NO_SUCH_VAR);
	cr_expect_eq(state_aux(state, "x", 1), STATE_NO_SUCH_VAR);
	state_set(state, "x", "a");
	cr_expect_eq(state_enum_add(state, "x", "b"), STATE_OK);
	cr_expect_eq(state_enum_add(state, "x", "a"), STATE_OK);
	cr_expect_eq(state_enum_add(state, "x", "A"), STATE_OK);
	cr_expect_eq(state_enum_add(state, "x", "a"), STATE_SAME);
	cr_expect_str_eq(state_var(state, "x")->enums[0], "b", "in the order added");
	cr_expect_eq(state_enum_delete(state, "x", "b"), STATE_OK);
	cr_expect_eq(state_enum_delete(state, "x", "b"), STATE_NOT_THERE);
	cr_expect_eq(state_var(state, "x")->enums_len, 2);
	/* NUT takes "1 99" for a duplicate of "1 10"; we do not. */
	cr_expect_eq(state_range_add(state, "x", 1, 10), STATE_OK);
	cr_expect_eq(state_range_add(state, "x", 1, 99), STATE_OK);
	cr_expect_eq(state_range_add(state, "x", 1, 10), STATE_SAME);
	cr_expect_eq(state_range_add(state, "x", 2, 1), STATE_BAD_RANGE);
	cr_expect_eq(state_range_delete(state, "x", 1, 10), STATE_OK);
	cr_expect_eq(state_range_delete(state, "x", 1, 10), STATE_NOT_THERE);
	cr_expect_eq(state_var(state, "x")->ranges[0].max, 99);
	cr_expect_eq(state_flags(state, "x", STATE_RW), STATE_OK);
	cr_expect_eq(state_flags(state, "x", STATE_RW), STATE_SAME);
	cr_expect_eq(state_aux(state, "x", 5), STATE_OK);
	cr_expect_eq(state_aux(state, "x", 5), STATE_SAME);
	state_free(state);
}

/* robustness 30 */
Test(state, bad_names_and_values_change_nothing)
{
	struct state *state = state_new();
	static char longest[STATE_VALUE_MAX + 2];
	size_t len;

	cr_expect_eq(state_set(state, "END LIST VAR x", "1"), STATE_BAD_NAME);
	cr_expect_eq(state_set(state, "", "1"), STATE_BAD_NAME);
	cr_expect_eq(state_cmd_add(state, "a b\"c"), STATE_BAD_NAME);
	cr_expect_eq(state_set(state, "a", "1"), STATE_OK);
	cr_expect_eq(state_set(state, "a", "x\ny"), STATE_BAD_VALUE);
	cr_expect_eq(state_set(state, "a", "\xc3\xbc"), STATE_BAD_VALUE);
	cr_expect_eq(state_set(state, "a", "\x7f"), STATE_BAD_VALUE);
	cr_expect_eq(state_enum_add(state, "a", "\t"), STATE_BAD_VALUE);
	memset(longest, '#', STATE_VALUE_MAX + 1);
	cr_expect_eq(state_set(state, "a", longest), STATE_BAD_VALUE);
	cr_expect_str_eq(state_get(state, "a"), "1");
	longest[STATE_VALUE_MAX] = '\0';
	cr_expect_eq(state_set(state, "a", longest), STATE_OK);
	cr_expect_eq(state_var(state, "a")->quoted_len, 2 * STATE_VALUE_MAX + 2);
	state_vars(state, &len);
	cr_expect_eq(len, 1);
	state_free(state);
}

Test(state, walks_in_order_without_case)
{
	static const char *const names[] = { "ups.status", "Battery.charge", "input.voltage",
		"battery.Runtime", "ambient.1.x", "ambient-x" };
	struct state *state = state_new();
	const struct state_var *const *vars;
	const char *const *cmds;
	char seen[256] = "";
	size_t len;

	for (size_t i = 0; i < 6; i++) {
		state_set(state, names[i], "1");
		state_cmd_add(state, names[i]);
	}
	vars = state_vars(state, &len);
	cr_assert_eq(len, 6);
	for (size_t i = 0; i < len; i++)
		strcat(strcat(seen, vars[i]->name), " ");
	cr_expect_str_eq(
	    seen, "ambient-x ambient.1.x Battery.charge battery.Runtime input.voltage ups.status ");
	state_delete(state, "INPUT.voltage");
	state_set(state, "input.a", "1");
	vars = state_vars(state, &len);
	cr_expect_str_eq(vars[4]->name, "input.a");
	cmds = state_cmds(state, &len);
	cr_assert_eq(len, 6);
	cr_expect_str_eq(cmds[0], "ambient-x");
	cr_expect_str_eq(cmds[5], "ups.status");
	state_clear(state);
	vars = state_vars(state, &len);
	cr_expect_eq(len, 0);
	state_free(state);
}

Test(state, commands)
{
	struct state *state = state_new();

	cr_expect_null(state_cmd(state, "load.off"));
	cr_expect_eq(state_cmd_add(state, "load.off"), STATE_OK);
	cr_expect_eq(state_cmd_add(state, "LOAD.OFF"), STATE_SAME);
	cr_expect_str_eq(state_cmd(state, "Load.Off"), "load.off");
	cr_expect_eq(state_cmd_delete(state, "load.OFF"), STATE_OK);
	cr_expect_eq(state_cmd_delete(state, "load.off"), STATE_NOT_THERE);
	state_free(state);
}

/* robustness 29 */
Test(state, is_capped)
{
	struct state *state = state_new();
	static char value[2000];
	char name[32];
	enum state_error error = STATE_OK;
	int added = 0;

	for (; !error && added < 100000; added += !error) {
		snprintf(name, sizeof(name), "n%d", added);
		error = state_set(state, name, "");
	}
	cr_expect_eq(error, STATE_FULL);
	cr_expect_eq(added, STATE_VARS_MAX);
	cr_expect_eq(state_set(state, "n7", "changed"), STATE_OK);
	state_clear(state);

	memset(value, 'x', sizeof(value) - 1);
	for (added = 0, error = STATE_OK; !error && added < 100000; added += !error) {
		snprintf(name, sizeof(name), "n%d", added);
		error = state_set(state, name, value);
	}
	cr_expect_eq(error, STATE_FULL);
	cr_expect_lt(added, 1000);
	cr_expect_eq(state_cmd_add(state, "n"), STATE_OK, "a little room is left");
	state_enum_add(state, "n1", value);
	state_enum_add(state, "n2", value);
	cr_expect_eq(state_enum_add(state, "n3", value), STATE_FULL, "lists count as well");
	state_enum_delete(state, "n1", value);
	state_enum_delete(state, "n2", value);
	cr_expect_eq(state_set(state, "n1", ""), STATE_OK);
	cr_expect_eq(state_set(state, "n1", value), STATE_OK);
	state_clear(state);

	state_set(state, "a", "1");
	for (added = 0, error = STATE_OK; !error; added += !error) {
		snprintf(name, sizeof(name), "n%d", added);
		error = state_enum_add(state, "a", name);
		cr_assert_lt(added, 100000);
	}
	for (added = 0, error = STATE_OK; !error; added += !error) {
		error = state_range_add(state, "a", 0, added);
		cr_assert_lt(added, 100000);
	}
	state_free(state);
}

/* Against a model that cannot be wrong: an array of what was set. */
Test(state, random_changes)
{
	enum { NAMES = 300 };
	static char model[NAMES][8]; /* "" : not there */
	struct state *state = state_new();
	unsigned seed = 20240607;

	for (int round = 0; round < 60000; round++) {
		int i = rand_r(&seed) % NAMES;
		char name[16];

		snprintf(name, sizeof(name), rand_r(&seed) % 2 ? "Var.%d" : "vAR.%d", i);
		if (rand_r(&seed) % 2) {
			snprintf(model[i], sizeof(model[i]), "%d", rand_r(&seed) % 100000);
			cr_assert_leq(state_set(state, name, model[i]), STATE_SAME);
		} else {
			cr_assert_eq(state_delete(state, name),
			    *model[i] ? STATE_OK : STATE_NOT_THERE, "round %d", round);
			*model[i] = '\0';
		}
		if (round % 997 == 0) {
			size_t len, there = 0;
			const struct state_var *const *vars = state_vars(state, &len);

			for (int j = 0; j < NAMES; j++) {
				snprintf(name, sizeof(name), "var.%d", j);
				there += *model[j] != '\0';
				cr_assert_str_eq(
				    state_get(state, name) ? state_get(state, name) : "", model[j]);
			}
			cr_assert_eq(len, there);
			for (size_t j = 1; j < len; j++)
				cr_assert_lt(strcasecmp(vars[j - 1]->name, vars[j]->name), 0);
		}
	}
	state_free(state);
}

static enum state_fit
fits(struct state *state, const char *value)
{
	return state_fits(state_var(state, "a"), value);
}

/* spec protocol-net, row SET VAR, and defects 8 and 9 */
Test(state, what_fits)
{
	struct state *state = state_new();

	state_set(state, "a", "1");
	cr_expect_eq(fits(state, "anything"), STATE_FITS);
	cr_expect_eq(fits(state, "\xe9"), STATE_NOT_VALID);

	state_flags(state, "a", STATE_RW | STATE_STRING);
	cr_expect_eq(fits(state, "x"), STATE_NOT_SETTABLE, "its greatest length was never given");
	state_aux(state, "a", 3);
	cr_expect_eq(fits(state, "a\"#"), STATE_FITS, "the length is that of the plain value");
	cr_expect_eq(fits(state, "abcd"), STATE_TOO_LONG);

	state_enum_add(state, "a", "a\"#");
	state_enum_add(state, "a", "low");
	cr_expect_eq(fits(state, "a\"#"), STATE_FITS);
	cr_expect_eq(fits(state, "Low"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "lo"), STATE_NOT_VALID);
	state_clear(state);

	state_set(state, "a", "1");
	state_range_add(state, "a", 1, 10);
	state_range_add(state, "a", -7, -5);
	cr_expect_eq(fits(state, "10"), STATE_FITS);
	cr_expect_eq(fits(state, "-5"), STATE_FITS);
	cr_expect_eq(fits(state, "11"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "0"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "5abc"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "5.9"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, ""), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "-"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, " 5"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "+5"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "18446744073709551621"), STATE_NOT_VALID);
	state_clear(state);

	state_set(state, "a", "1");
	state_flags(state, "a", STATE_RW | STATE_NUMBER);
	cr_expect_eq(fits(state, "-12.50"), STATE_FITS);
	cr_expect_eq(fits(state, "12"), STATE_FITS);
	cr_expect_eq(fits(state, "abc"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "1e5"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "1."), STATE_NOT_VALID);
	cr_expect_eq(fits(state, ".5"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, "1,5"), STATE_NOT_VALID);
	cr_expect_eq(fits(state, ""), STATE_NOT_VALID);

	/* "RW ENUM NUMBER" is what upsd says of every ENUM without a STRING's length. */
	state_enum_add(state, "a", "yes");
	cr_expect_eq(fits(state, "yes"), STATE_FITS);
	cr_expect_eq(fits(state, "12"), STATE_NOT_VALID);
	state_free(state);
}
