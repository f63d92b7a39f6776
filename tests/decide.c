/* docs/shutdown.md: the rules against its table, and what must hold for any input. */
#include "upsmon/decide.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct decide_limits stock = {
	.deadtime_ms = 15000,
	.hostsync_ms = 15000,
	.offduration_ms = 30000,
	.overduration_ms = DECIDE_NEVER,
	.oblbduration_ms = 0,
	.alarm_critical = true,
	.min_supplies = 1,
};

static int64_t
seconds(const char *text)
{
	return !strcmp(text, "-") ? DECIDE_NEVER : 1000 * atoll(text);
}

static void
set_limit(struct decide_limits *limits, const char *text)
{
	char name[32] = "";
	long value = 0;

	if (!*text)
		return;
	cr_assert_eq(sscanf(text, "%31s %ld", name, &value), 2, "%s", text);
	if (!strcmp(name, "DEADTIME"))
		limits->deadtime_ms = value * 1000;
	else if (!strcmp(name, "OFFDURATION"))
		limits->offduration_ms = value * 1000;
	else if (!strcmp(name, "OVERDURATION"))
		limits->overduration_ms = value * 1000;
	else if (!strcmp(name, "OBLBDURATION"))
		limits->oblbduration_ms = value * 1000;
	else if (!strcmp(name, "ALARMCRITICAL"))
		limits->alarm_critical = value != 0;
	else
		cr_assert_fail("no such limit: %s", name);
}

/* "| a | b |" into trimmed cells; how many. */
static size_t
cut_row(char *line, char *cell[], size_t max)
{
	size_t len = 0;

	for (char *at = line; (at = strchr(at, '|')) && len < max; len++) {
		*at++ = '\0';
		at += strspn(at, " ");
		cell[len] = at;
	}
	for (size_t i = 0; i < len; i++)
		for (size_t end = strlen(cell[i]); end && strchr(" \n", cell[i][end - 1]);)
			cell[i][--end] = '\0';
	return len;
}

static void
judge_row(char *cell[])
{
	struct decide_limits limits = stock;
	struct decide_ups ups = {
		.primary = !strcmp(cell[1], "primary"),
		.heard = strcmp(cell[2], "-") != 0,
		.words = status_parse(cell[0]),
		.age_ms = seconds(cell[2]),
		.off_ms = seconds(cell[3]),
		.oblb_ms = seconds(cell[4]),
		.over_ms = seconds(cell[5]),
	};
	struct decision decision;

	set_limit(&limits, cell[6]);
	decision = decide_ups(&ups, &limits);
	cr_expect(decision.critical == !strcmp(cell[7], "critical") &&
		      !strcmp(decide_rule_name(decision.rule), cell[8]),
	    "%s, %s, age %s, %s: said %s by %s", cell[0], cell[1], cell[2], cell[6],
	    decision.critical ? "critical" : "fine", decide_rule_name(decision.rule));
	cr_expect(decision.because && *decision.because);
}

Test(decide, every_row_of_the_table_in_the_document)
{
	FILE *file = fopen("docs/shutdown.md", "r");
	char line[512], *cell[10];
	size_t rows = 0;

	cr_assert(file);
	while (fgets(line, sizeof(line), file)) {
		/* Nine columns, and a last, empty cell behind the closing bar. */
		if (cut_row(line, cell, 10) != 10 || !strcmp(cell[0], "words") ||
		    !strcmp(cell[0], "---"))
			continue;
		judge_row(cell);
		rows++;
	}
	fclose(file);
	cr_expect_geq(rows, 40);
}

/* The rule that makes needless shutdowns impossible: nothing but FSD, OFF or a supply that was in
 * danger ever counts as critical. */
Test(decide, a_ups_last_seen_on_line_and_well_is_never_critical)
{
	unsigned seed = 7;

	for (int i = 0; i < 100000; i++) {
		uint32_t harmless = STATUS_CHRG | STATUS_TRIM | STATUS_BOOST | STATUS_CAL |
				    STATUS_RB | STATUS_LB | STATUS_OB | STATUS_TEST | STATUS_ECO |
				    STATUS_OTHER;
		struct decide_ups ups = {
			.primary = rand_r(&seed) & 1,
			.heard = true,
			.words = STATUS_OL | ((uint32_t)rand_r(&seed) & harmless),
			.age_ms = rand_r(&seed) % 1000000,
			.off_ms = DECIDE_NEVER,
			.oblb_ms = DECIDE_NEVER,
			.over_ms = DECIDE_NEVER,
		};

		cr_assert_not(decide_ups(&ups, &stock).critical, "words %x age %lld", ups.words,
		    (long long)ups.age_ms);
	}
}

/* The other way round: on battery and low for long enough is critical whatever else is said. */
Test(decide, on_battery_and_low_is_always_critical_in_the_end)
{
	unsigned seed = 8;

	for (int i = 0; i < 100000; i++) {
		struct decide_ups ups = {
			.primary = rand_r(&seed) & 1,
			.heard = true,
			.words = STATUS_OB | STATUS_LB |
				 ((uint32_t)rand_r(&seed) & 0xffff & ~(uint32_t)STATUS_OL),
			.age_ms = rand_r(&seed) % 100000,
			.off_ms = DECIDE_NEVER,
			.oblb_ms = 15000 + rand_r(&seed) % 100000,
			.over_ms = DECIDE_NEVER,
		};

		cr_assert(decide_ups(&ups, &stock).critical, "words %x", ups.words);
	}
}

/* Robustness 64: N supplies, each in each condition. */
Test(decide, power_values_of_supplies_that_are_not_critical_add_up)
{
	const struct decide_ups well = { .heard = true,
		.words = STATUS_OL,
		.off_ms = -1,
		.oblb_ms = -1,
		.over_ms = -1,
		.power_value = 1 };
	const struct decide_ups low = { .primary = true,
		.heard = true,
		.words = STATUS_OB | STATUS_LB,
		.off_ms = -1,
		.over_ms = -1,
		.power_value = 1 };
	const struct decide_ups off = { .heard = true,
		.words = STATUS_OFF,
		.off_ms = 31000,
		.oblb_ms = -1,
		.over_ms = -1,
		.power_value = 1 };
	const struct decide_ups lost = { .heard = true,
		.words = STATUS_OB,
		.age_ms = 16000,
		.off_ms = -1,
		.oblb_ms = -1,
		.over_ms = -1,
		.power_value = 1 };
	const struct decide_ups never = {
		.power_value = 1, .off_ms = -1, .oblb_ms = -1, .over_ms = -1
	};
	const struct decide_ups *kind[] = { &well, &low, &off, &lost, &never };
	const bool feeds[] = { true, false, false, false, true };
	struct decide_limits limits = stock;

	for (size_t combination = 0; combination < 125; combination++) {
		size_t of[] = { combination % 5, combination / 5 % 5, combination / 25 };
		struct decide_ups ups[3];
		unsigned feeding = 0;

		for (size_t i = 0; i < 3; i++) {
			ups[i] = *kind[of[i]];
			feeding += feeds[of[i]];
		}
		for (limits.min_supplies = 0; limits.min_supplies <= 3; limits.min_supplies++) {
			struct decide_sum sum = decide_all(ups, 3, &limits);

			cr_expect_eq(sum.feeding, feeding);
			cr_expect_eq(sum.shut_down, feeding < limits.min_supplies);
		}
	}
}
