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

/* ---- all combinations ---- */

/* The ten words that a rule might look at, by their place here, not by their STATUS_ bits. */
enum { OL, OB, LB, RB, CAL, BYPASS, OFF, OVER, ALARM, FSD, WORDS };
static const char *const names[WORDS] = { "OL", "OB", "LB", "RB", "CAL", "BYPASS", "OFF", "OVER",
	"ALARM", "FSD" };

static uint32_t
words_of(unsigned said)
{
	char text[64] = "";

	for (int i = 0; i < WORDS; i++)
		if (said >> i & 1)
			strcat(strcat(text, *text ? " " : ""), names[i]);
	return status_parse(text);
}

/* "The rules" of the document once more, from its text. */
static const char *
expected(unsigned said, const struct decide_ups *ups, const struct decide_limits *limits)
{
	bool says[WORDS], carried, in_time = ups->age_ms <= limits->deadtime_ms;
	int64_t low_ms = limits->oblbduration_ms < 0 ? 0 : limits->oblbduration_ms;

	for (int i = 0; i < WORDS; i++)
		says[i] = said >> i & 1;
	carried = says[OB] && !says[OL];
	if (says[FSD] || ups->fsd)
		return "R1!";
	if (!ups->heard)
		return "R0";
	if (says[OFF] && limits->offduration_ms >= 0 && ups->off_ms >= limits->offduration_ms)
		return "R2!";
	if (!ups->primary)
		low_ms += limits->hostsync_ms;
	if (carried && says[LB] && !says[CAL] && ups->oblb_ms >= low_ms)
		return "R3!";
	if (in_time)
		return "R4";
	if (carried || says[BYPASS] || (says[ALARM] && limits->alarm_critical))
		return "R5!";
	if (says[OVER] && limits->overduration_ms >= 0 && ups->over_ms >= limits->overduration_ms)
		return "R5!";
	return "R5";
}

static unsigned long judged, wrong;

static void
judge(unsigned said, const struct decide_ups *ups, const struct decide_limits *limits)
{
	struct decision decision = decide_ups(ups, limits);
	const char *right = expected(said, ups, limits);

	judged++;
	if (!strncmp(decide_rule_name(decision.rule), right, 2) &&
	    decision.critical == (right[2] == '!'))
		return;
	if (wrong++ < 10)
		cr_log_error("words %x, %s, age %lld, off %lld, oblb %lld, over %lld: %s%s, not %s",
		    ups->words, ups->primary ? "primary" : "secondary", (long long)ups->age_ms,
		    (long long)ups->off_ms, (long long)ups->oblb_ms, (long long)ups->over_ms,
		    decide_rule_name(decision.rule), decision.critical ? "!" : "", right);
}

/* A time that runs while IT is said: none, just begun, nearly and quite as long as LIMIT. */
static size_t
times(int64_t time_ms[4], bool it, int64_t limit_ms)
{
	if (!it) {
		time_ms[0] = DECIDE_NEVER;
		return 1;
	}
	time_ms[0] = 0;
	time_ms[1] = limit_ms > 0 ? limit_ms - 1 : 0;
	time_ms[2] = limit_ms > 0 ? limit_ms : 0;
	time_ms[3] = 1000000000;
	return 4;
}

static void
judge_timers(unsigned said, struct decide_ups ups, const struct decide_limits *limits)
{
	const unsigned oblb = 1u << OB | 1u << LB, not_oblb = 1u << OL | 1u << CAL;
	int64_t off_ms[4], oblb_ms[4], over_ms[4];
	int64_t low_ms = limits->oblbduration_ms > 0 ? limits->oblbduration_ms : 0;
	size_t offs = times(off_ms, said >> OFF & 1, limits->offduration_ms);
	size_t overs = times(over_ms, said >> OVER & 1, limits->overduration_ms);
	size_t oblbs = times(oblb_ms, (said & oblb) == oblb && !(said & not_oblb),
	    low_ms + (ups.primary ? 0 : limits->hostsync_ms));

	for (size_t i = 0; i < offs * overs * oblbs; i++) {
		ups.off_ms = off_ms[i % offs];
		ups.over_ms = over_ms[i / offs % overs];
		ups.oblb_ms = oblb_ms[i / offs / overs];
		judge(said, &ups, limits);
	}
}

static void
judge_states(unsigned said, const struct decide_limits *limits)
{
	const int64_t ages_ms[] = { 0, limits->deadtime_ms, limits->deadtime_ms + 1, 1000000000 };

	for (unsigned bits = 0; bits < 4; bits++) {
		struct decide_ups ups = {
			.primary = bits & 1, .fsd = bits & 2, .heard = true, .words = words_of(said)
		};

		for (size_t i = 0; i < sizeof(ages_ms) / sizeof(*ages_ms); i++) {
			ups.age_ms = ages_ms[i];
			judge_timers(said, ups, limits);
		}
		ups.heard = false;
		ups.words = 0;
		judge_timers(0, ups, limits);
	}
}

/* Words x state of the communication x role x timers x limits. */
Test(decide, every_combination_is_decided_as_the_document_says)
{
	static const int64_t durations_ms[] = { DECIDE_NEVER, 0, 20000 };
	struct decide_limits limits = stock;

	for (unsigned of = 0; of < 54; of++) {
		limits.offduration_ms = durations_ms[of % 3];
		limits.overduration_ms = durations_ms[of / 3 % 3];
		limits.oblbduration_ms = durations_ms[of / 9 % 3];
		limits.alarm_critical = of / 27;
		for (unsigned said = 0; said < 1u << WORDS; said++)
			judge_states(said, &limits);
	}
	cr_expect_eq(wrong, 0, "%lu of %lu are wrong", wrong, judged);
	cr_expect_gt(judged, 1000000);
}
