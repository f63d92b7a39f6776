/* throttle.c - who guesses is slowed, whatever he tries; who once knew the password is never shut
 * out. */
#include "upsd/throttle.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct seen *throttle;

static void
begin(void)
{
	throttle = seen_new(12345);
	cr_assert(throttle);
}

static void
end(void)
{
	seen_free(throttle);
}

TestSuite(throttle, .init = begin, .fini = end);

static struct addr
addr(const char *host)
{
	struct addr addr;

	cr_assert(addr_parse(&addr, host, 0));
	return addr;
}

static unsigned
fail(const char *host, const char *user, int64_t now_ms)
{
	struct addr from = addr(host);

	return throttle_failed(throttle, &from, user, now_ms);
}

static void
pass(const char *host, const char *user, int64_t now_ms)
{
	struct addr from = addr(host);

	throttle_passed(throttle, &from, user, now_ms);
}

static void
fail_times(const char *host, const char *user, int times, int64_t now_ms)
{
	for (int i = 0; i < times; i++)
		fail(host, user, now_ms);
}

static int64_t
wait_of(const char *host, const char *user, int64_t now_ms, bool *refuse)
{
	struct addr from = addr(host);

	return throttle_wait_ms(throttle, &from, user, now_ms, refuse);
}

Test(throttle, the_sixth_try_waits_its_turn)
{
	bool refuse;

	for (int i = 0; i < THROTTLE_FREE; i++) {
		cr_assert_eq(wait_of("1.2.3.4", "mon", 0, &refuse), 0);
		cr_assert_eq(fail("1.2.3.4", "mon", 0), (unsigned)i + 1);
	}
	cr_assert_eq(wait_of("1.2.3.4", "mon", 0, &refuse), THROTTLE_STEP_MS);
	cr_assert_eq(wait_of("1.2.3.4", "mon", 0, &refuse), 2 * THROTTLE_STEP_MS);
	cr_assert(!refuse);
	cr_assert_eq(wait_of("1.2.3.4", "other", 0, &refuse), 0, "another user is not slowed");
	cr_assert_eq(wait_of("1.2.3.5", "mon", 0, &refuse), 0, "another address is not slowed");
}

Test(throttle, more_than_the_turns_there_are_is_refused)
{
	bool refuse = false;
	int looked_at = 0;

	fail_times("1.2.3.4", "mon", THROTTLE_FREE, 0);
	for (int i = 0; i < 1000; i++) {
		cr_assert_leq(wait_of("1.2.3.4", "mon", 0, &refuse), THROTTLE_MOST_MS);
		looked_at += !refuse;
	}
	cr_assert_eq(looked_at, THROTTLE_MOST_MS / THROTTLE_STEP_MS);
}

Test(throttle, a_thousand_names_are_no_way_around)
{
	bool refuse;
	int looked_at = 0;
	char user[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(user, sizeof(user), "user%d", i % 250);
		(void)wait_of("1.2.3.4", user, 0, &refuse);
		looked_at += !refuse;
		if (!refuse)
			fail("1.2.3.4", user, 0);
	}
	cr_assert_leq(looked_at, 10 * THROTTLE_FREE + THROTTLE_MOST_MS / THROTTLE_STEP_MS);
}

Test(throttle, who_knew_the_password_waits_but_is_looked_at)
{
	bool refuse;
	char user[16];

	pass("127.0.0.1", "mon", 0);
	for (int i = 0; i < 5000; i++) {
		snprintf(user, sizeof(user), i % 2 ? "user%d" : "mon", i);
		(void)wait_of("127.0.0.1", user, 1000 + i, &refuse);
		fail("127.0.0.1", user, 1000 + i);
	}
	cr_assert_eq(wait_of("127.0.0.1", "mon", 6000, &refuse), THROTTLE_MOST_MS);
	cr_assert(!refuse);
	cr_assert_eq(wait_of("127.0.0.1", "new", 6000, &refuse), THROTTLE_MOST_MS);
	cr_assert(refuse);
}

Test(throttle, failures_are_forgotten)
{
	bool refuse;

	fail_times("1.2.3.4", "mon", 200, 0);
	cr_assert_gt(wait_of("1.2.3.4", "mon", THROTTLE_FORGET_MS - 1, &refuse), 0);
	cr_assert_eq(wait_of("1.2.3.4", "mon", THROTTLE_FORGET_MS, &refuse), 0);
	cr_assert_eq(fail("1.2.3.4", "mon", THROTTLE_FORGET_MS), 1);
	pass("1.2.3.4", "mon", THROTTLE_FORGET_MS);
	cr_assert_eq(fail("1.2.3.4", "mon", THROTTLE_FORGET_MS), 1);
}

/* Whoever has one IPv6 address has all of its /64. */
Test(throttle, a_network_of_ipv6_is_one_guesser)
{
	bool refuse;
	int looked_at = 0;
	char host[64];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(host, sizeof(host), "2001:db8:0:1:%x::%x", i, i * 7);
		(void)wait_of(host, "mon", 0, &refuse);
		looked_at += !refuse;
		if (!refuse)
			fail(host, "mon", 0);
	}
	cr_assert_eq(looked_at, THROTTLE_FREE + THROTTLE_MOST_MS / THROTTLE_STEP_MS);
	cr_assert_eq(
	    wait_of("2001:db8:0:2::1", "mon", 0, &refuse), 0, "the next network is not slowed");
	cr_assert_eq(wait_of("2001:db8::1", "mon", 0, &refuse), 0);
	cr_assert_eq(wait_of("32.1.13.184", "mon", 0, &refuse), 0, "nor is IPv4");
}

Test(throttle, a_thousand_names_and_addresses_are_no_way_around)
{
	bool refuse;
	int looked_at = 0;
	char host[64], user[16];

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(host, sizeof(host), "2001:db8::%x", i);
		snprintf(user, sizeof(user), "user%u", i);
		(void)wait_of(host, user, 0, &refuse);
		looked_at += !refuse;
		if (!refuse)
			fail(host, user, 0);
	}
	cr_assert_leq(looked_at, 10 * THROTTLE_FREE + THROTTLE_MOST_MS / THROTTLE_STEP_MS);
}

/* The password that one of them gave opens nothing for its neighbours. */
Test(throttle, of_a_network_only_the_address_that_knew_the_password_is_looked_at)
{
	bool refuse;

	pass("2001:db8::a", "mon", 0);
	fail_times("2001:db8::bad", "mon", THROTTLE_FREE, 0);
	for (int i = 0; i < 100; i++)
		(void)wait_of("2001:db8::bad", "mon", 0, &refuse);
	cr_assert(refuse);
	cr_assert_eq(wait_of("2001:db8::a", "mon", 0, &refuse), THROTTLE_MOST_MS);
	cr_assert(!refuse);
}
