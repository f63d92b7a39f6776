/* decide - up to four UPSes and the limits of upsmon.conf, made of bytes: whether the host shuts
 * down must be what a slow second reading of docs/shutdown.md, "The rules", says. */
#include "fuzz/lib/fuzz.h"

#include "upsmon/decide.h"

#define UPSES 4

static const uint8_t *at, *end;

static unsigned
next(void)
{
	return at < end ? *at++ : 0;
}

/* Never, or one of few times, so that they meet the limits. */
static int64_t
next_ms(void)
{
	return (int64_t)(next() % 8 - 1) * 1000;
}

static void
make_ups(struct decide_ups *ups)
{
	static const uint32_t words[] = { STATUS_OL, STATUS_OB, STATUS_LB, STATUS_CAL, STATUS_OFF,
		STATUS_BYPASS, STATUS_OVER, STATUS_ALARM, STATUS_FSD, STATUS_TRIM };
	unsigned flags = next(), bits = next();

	bits |= next() << 8;
	*ups = (struct decide_ups){
		.primary = flags & 1, .heard = (flags & 6) != 0, .fsd = (flags & 0x38) == 0x38
	};
	ups->age_ms = (int64_t)(next() % 8) * 1000;
	ups->off_ms = next_ms();
	ups->oblb_ms = next_ms();
	ups->over_ms = next_ms();
	ups->power_value = next() % 3;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (bits >> i & 1)
			ups->words |= words[i];
}

/* ---- the slow reading: each row of the table, and the first that applies ---- */

static bool
says(const struct decide_ups *ups, uint32_t word)
{
	/* "where a UPS says OL and OB at once, OL counts" */
	if (word == STATUS_OB && (ups->words & STATUS_OL))
		return false;
	return (ups->words & word) != 0;
}

static bool
slow_is_critical(const struct decide_ups *ups, const struct decide_limits *limits, int *rule)
{
	int64_t wait_ms = limits->oblbduration_ms < 0 ? 0 : limits->oblbduration_ms;

	*rule = DECIDE_R1;
	if (says(ups, STATUS_FSD) || ups->fsd)
		return true;
	*rule = DECIDE_R0;
	if (!ups->heard)
		return false;
	*rule = DECIDE_R2;
	if (ups->off_ms != DECIDE_NEVER && limits->offduration_ms >= 0 &&
	    ups->off_ms - limits->offduration_ms >= 0)
		return true;
	*rule = DECIDE_R3;
	if (!ups->primary)
		wait_ms += limits->hostsync_ms;
	if (ups->oblb_ms != DECIDE_NEVER && ups->oblb_ms - wait_ms >= 0)
		return true;
	*rule = DECIDE_R4;
	if (ups->age_ms <= limits->deadtime_ms)
		return false;
	*rule = DECIDE_R5;
	return says(ups, STATUS_OB) || says(ups, STATUS_BYPASS) ||
	       (says(ups, STATUS_ALARM) && limits->alarm_critical) ||
	       (says(ups, STATUS_OVER) && limits->overduration_ms >= 0 &&
		   ups->over_ms != DECIDE_NEVER && ups->over_ms >= limits->overduration_ms);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decide_limits limits;
	struct decide_ups ups[UPSES];
	size_t len;
	unsigned feeding = 0;
	struct decide_sum sum;

	at = data;
	end = data + size;
	len = 1 + next() % UPSES;
	memset(&limits, 0, sizeof(limits));
	limits.alarm_critical = next() & 1;
	limits.min_supplies = next() % 4;
	limits.deadtime_ms = 1000 + (int64_t)(next() % 7) * 1000;
	limits.hostsync_ms = (int64_t)(next() % 7) * 1000;
	limits.offduration_ms = next_ms();
	limits.overduration_ms = next_ms();
	limits.oblbduration_ms = next_ms();
	for (size_t i = 0; i < len; i++) {
		struct decision fast;
		bool slow;
		int rule;

		make_ups(&ups[i]);
		fast = decide_ups(&ups[i], &limits);
		slow = slow_is_critical(&ups[i], &limits, &rule);
		must(fast.critical == slow && (int)fast.rule == rule,
		    "UPS %zu: %d by %s, not %d by R%d", i, fast.critical,
		    decide_rule_name(fast.rule), slow, rule);
		must(fast.because && *fast.because, "UPS %zu: no reason", i);
		feeding += slow ? 0 : ups[i].power_value;
	}
	sum = decide_all(ups, len, &limits);
	must(sum.feeding == feeding && sum.shut_down == (feeding < limits.min_supplies),
	    "%u supplies, not %u", sum.feeding, feeding);
	return 0;
}
