#include "upsmon/decide.h"

uint32_t
decide_words(uint32_t words)
{
	return words & STATUS_OL ? words & ~(uint32_t)STATUS_OB : words;
}

const char *
decide_rule_name(enum decide_rule rule)
{
	static const char *const names[] = { "R0", "R1", "R2", "R3", "R4", "R5" };

	return names[rule];
}

/* Has what began SINCE ago lasted for LIMIT?  Not if it has not begun, or may last for ever. */
static bool
lasted(int64_t since_ms, int64_t limit_ms)
{
	return since_ms >= 0 && limit_ms >= 0 && since_ms >= limit_ms;
}

static struct decision
critical(enum decide_rule rule, const char *because)
{
	return (struct decision){ .critical = true, .rule = rule, .because = because };
}

static struct decision
fine(enum decide_rule rule, const char *because)
{
	return (struct decision){ .rule = rule, .because = because };
}

/* R5: only the last words are left to go by. */
static struct decision
decide_silent(const struct decide_ups *ups, const struct decide_limits *limits)
{
	uint32_t words = decide_words(ups->words);

	if (words & STATUS_OB)
		return critical(DECIDE_R5, "lost for DEADTIME while on battery");
	if (words & STATUS_OVER && lasted(ups->over_ms, limits->overduration_ms))
		return critical(DECIDE_R5, "lost for DEADTIME while overloaded for OVERDURATION");
	if (words & STATUS_ALARM && limits->alarm_critical)
		return critical(DECIDE_R5, "lost for DEADTIME with an alarm on");
	if (words & STATUS_BYPASS)
		return critical(DECIDE_R5, "lost for DEADTIME while on bypass");
	return fine(DECIDE_R5, "lost for DEADTIME, but its last words were no danger");
}

struct decision
decide_ups(const struct decide_ups *ups, const struct decide_limits *limits)
{
	/* A negative OBLBDURATION is no reason to let a battery run dry: it counts as 0. */
	int64_t oblb_ms = limits->oblbduration_ms > 0 ? limits->oblbduration_ms : 0;

	/* Before R0, so that an FSD that was accepted counts even where no poll ever succeeded. */
	if (ups->words & STATUS_FSD || ups->fsd)
		return critical(DECIDE_R1, "forced shutdown");
	if (!ups->heard)
		return fine(DECIDE_R0, "never heard from");
	if (lasted(ups->off_ms, limits->offduration_ms))
		return critical(DECIDE_R2, "off for OFFDURATION");
	if (lasted(ups->oblb_ms, oblb_ms + (ups->primary ? 0 : limits->hostsync_ms)))
		return critical(DECIDE_R3, ups->primary
					       ? "on battery and low"
					       : "on battery and low, and no FSD within HOSTSYNC");
	if (ups->age_ms <= limits->deadtime_ms)
		return fine(DECIDE_R4, "heard lately, no danger");
	return decide_silent(ups, limits);
}

struct decide_sum
decide_all(const struct decide_ups *ups, size_t len, const struct decide_limits *limits)
{
	struct decide_sum sum = { 0 };

	for (size_t i = 0; i < len; i++)
		if (!decide_ups(&ups[i], limits).critical)
			sum.feeding += ups[i].power_value;
	sum.shut_down = sum.feeding < limits->min_supplies;
	return sum;
}
