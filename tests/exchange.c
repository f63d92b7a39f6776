/* exchange.c - tests of drivers/core/exchange.c over a carrier in memory. */
#include <criterion/criterion.h>

#include "coretest.h"

static char ends[512]; /* "name:end:answer " of each that is done */
static bool ask_again;

static void
done(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	snprintf(ends + strlen(ends), sizeof(ends) - strlen(ends), "%s:%d:%s ", exchange->name, end,
	    answer);
	cr_expect_eq(strlen(answer), len);
	if (ask_again) {
		ask_again = false;
		core_exchange(script.core,
		    &(struct exchange){ .name = "again", .deadline_ms = 100, .done = done }, false);
	}
}

static size_t
to_cr(void *device, const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\r', len);

	return end ? (size_t)(end - bytes) + 1 : 0;
}

static void
queue(const char *name, bool urgent)
{
	core_exchange(script.core,
	    &(struct exchange){ .name = name,
		.question = "Q\r",
		.question_len = 2,
		.deadline_ms = 1000,
		.complete = to_cr,
		.done = done },
	    urgent);
}

static struct loop *
begin(void)
{
	struct loop *loop = fast_loop();

	script.no_end = true; /* the polls of the driver stay out of the way */
	cr_assert(test_core(loop, &test_driver, NULL));
	core_begin(script.core, false);
	fast_turn(loop, 3);
	return loop;
}

static void
end(struct loop *loop)
{
	core_free(script.core);
	fast_end(loop);
}

Test(exchange, runs_one_at_a_time_in_order_the_urgent_first)
{
	struct loop *loop = begin();

	queue("a", false);
	fast_turn(loop, 2);
	queue("b", false);
	queue("c", false);
	queue("u", true);
	fast_turn(loop, 2);
	cr_expect_str_eq(script.asked, "a ");
	for (int i = 0; i < 4; i++) {
		core_arrived(script.core, "x\r", 2);
		fast_turn(loop, 1);
	}
	cr_expect_str_eq(script.asked, "a u b c ");
	end(loop);
}

Test(exchange, collects_an_answer_that_comes_in_pieces)
{
	struct loop *loop = begin();

	queue("a", false);
	fast_turn(loop, 1);
	core_arrived(script.core, "(2", 2);
	cr_expect_str_empty(ends);
	core_arrived(script.core, "30\rrest", 7);
	cr_expect_str_eq(ends, "a:0:(230\r ");
	end(loop);
}

Test(exchange, ends_at_its_deadline_with_what_had_come)
{
	struct loop *loop = begin();
	int64_t asked_ms;

	queue("a", false);
	fast_turn(loop, 1);
	asked_ms = fast_now_ms;
	core_arrived(script.core, "(23", 3);
	while (!ends[0])
		loop_step(loop, 5000);
	cr_expect_str_eq(ends, "a:1:(23 ");
	cr_expect_eq(fast_now_ms - asked_ms, 1000);
	cr_expect_eq(logged("exchange a: \"Q\\r\" -> \"(23\" (timeout), 1000 ms"), 1);
	end(loop);
}

Test(exchange, drops_bytes_nobody_asked_for)
{
	struct loop *loop = begin();

	core_arrived(script.core, "late\r", 5);
	queue("a", false);
	fast_turn(loop, 1);
	core_arrived(script.core, "right\r", 6);
	cr_expect_str_eq(ends, "a:0:right\r ");
	end(loop);
}

Test(exchange, without_an_answer_is_done_after_settling)
{
	struct loop *loop = begin();
	int64_t asked_ms = fast_now_ms;

	core_exchange(script.core,
	    &(struct exchange){ .name = "s", .deadline_ms = 5000, .settle_ms = 300, .done = done },
	    false);
	fast_turn(loop, 1);
	core_arrived(script.core, "ACK", 3);
	while (!ends[0])
		loop_step(loop, 5000);
	cr_expect_str_eq(ends, "s:0:ACK ");
	cr_expect_eq(fast_now_ms - asked_ms, 300);
	end(loop);
}

Test(exchange, refuses_an_answer_without_end)
{
	struct loop *loop = begin();
	char garbage[EXCHANGE_BYTES_MAX / 2 + 88];

	memset(garbage, 'g', sizeof(garbage));
	queue("a", false);
	fast_turn(loop, 1);
	core_arrived(script.core, garbage, sizeof(garbage));
	core_arrived(script.core, garbage, sizeof(garbage));
	cr_expect_eq(strncmp(ends, "a:1:ggg", 7), 0);
	end(loop);
}

Test(exchange, done_may_queue_another)
{
	struct loop *loop = begin();

	ask_again = true;
	queue("a", false);
	fast_turn(loop, 1);
	core_arrived(script.core, "x\r", 2);
	fast_turn(loop, 2);
	cr_expect_str_eq(script.asked, "a again ");
	end(loop);
}

Test(exchange, a_lost_port_ends_all_and_keeps_nothing_new)
{
	struct loop *loop = begin();

	ask_again = true;
	queue("a", false);
	queue("b", false);
	fast_turn(loop, 1);
	core_port_lost(script.core, "gone");
	fast_turn(loop, 1);
	cr_expect_str_eq(ends, "a:2: b:2: ");
	cr_expect_eq(script.closed, 1);
	end(loop);
}

Test(exchange, dropped_ones_end_in_silence)
{
	struct loop *loop = begin();

	queue("a", false);
	queue("b", false);
	fast_turn(loop, 1);
	core_exchanges_drop(script.core);
	fast_pass(loop, 3000);
	cr_expect_str_empty(ends);
	end(loop);
}

/* --- late answers: exchange.h, docs/drivers.md ------------------------------------------- */

static void
until(struct loop *loop, int64_t ms)
{
	fast_pass(loop, ms - fast_now_ms);
}

Test(exchange, a_late_answer_is_thrown_away_and_the_next_is_asked_then)
{
	struct loop *loop = begin();

	queue("a", false);
	queue("b", false);
	fast_now_ms = 0;
	fast_turn(loop, 2);
	until(loop, 1600);
	cr_expect_str_eq(ends, "a:1: ");
	core_arrived(script.core, "l", 1);
	core_arrived(script.core, "ate\r", 4);
	cr_expect_str_eq(script.asked, "a ");
	fast_turn(loop, 2);
	cr_expect_str_eq(script.asked, "a b ");
	core_arrived(script.core, "right\r", 6);
	cr_expect_str_eq(ends, "a:1: b:0:right\r ", "at once: nothing is in doubt");
	cr_expect_eq(logged("thrown away"), 1);
	end(loop);
}

/* Later than we listened, it would be the answer to the next question. */
Test(exchange, an_answer_after_silence_is_held_until_the_line_is_quiet)
{
	struct loop *loop = begin();

	queue("a", false);
	queue("b", false);
	fast_now_ms = 0;
	fast_turn(loop, 2);
	until(loop, 2100);
	cr_expect_str_eq(script.asked, "a b ");
	core_arrived(script.core, "x\r", 2);
	cr_expect_str_eq(ends, "a:1: ");
	until(loop, 4200);
	cr_expect_str_eq(ends, "a:1: ");
	until(loop, 5000);
	cr_expect_str_eq(ends, "a:1: b:0:x\r ");
	queue("c", false);
	fast_turn(loop, 2);
	core_arrived(script.core, "y\r", 2);
	cr_expect_str_eq(ends, "a:1: b:0:x\r c:0:y\r ");
	end(loop);
}

Test(exchange, a_held_answer_is_the_last_questions_when_another_comes)
{
	struct loop *loop = begin();

	queue("a", false);
	queue("b", false);
	queue("c", false);
	queue("d", false);
	fast_now_ms = 0;
	fast_turn(loop, 2);
	until(loop, 2100);
	core_arrived(script.core, "of a\r", 5);
	until(loop, 4100);
	core_arrived(script.core, "of b\r", 5);
	cr_expect_str_eq(ends, "a:1: b:1: ");
	fast_turn(loop, 2);
	cr_expect_str_eq(script.asked, "a b c ");
	/* It has been learnt: c's is waited for. */
	until(loop, 6200);
	cr_expect_str_eq(script.asked, "a b c ");
	core_arrived(script.core, "of c\r", 5);
	fast_turn(loop, 2);
	cr_expect_str_eq(script.asked, "a b c d ");
	cr_expect_str_eq(ends, "a:1: b:1: c:1: ");
	cr_expect_eq(logged("thrown away"), 1);
	end(loop);
}

Test(exchange, what_comes_unasked_does_not_make_a_device_slow)
{
	struct loop *loop = begin();

	queue("a", false);
	fast_now_ms = 0;
	fast_turn(loop, 2);
	core_arrived(script.core, "x\r", 2);
	until(loop, 5000);
	core_arrived(script.core, "\r", 1);
	core_arrived(script.core, "noise", 5);
	until(loop, 11000);
	core_arrived(script.core, "noise\r", 6);
	cr_expect_eq(logged("thrown away"), 0);
	cr_expect_eq(script.core->exchanges.slowest_ms, 0);
	end(loop);
}

static void
queue_order(const char *name)
{
	core_exchange(script.core,
	    &(struct exchange){ .name = name,
		.question = "O\r",
		.question_len = 2,
		.deadline_ms = 1000,
		.complete = to_cr,
		.may_be_silent = true,
		.done = done },
	    true);
}

Test(exchange, a_late_reply_to_an_order_is_its_reply_and_silence_leaves_no_doubt)
{
	struct loop *loop = begin();

	queue_order("o");
	fast_now_ms = 0;
	fast_turn(loop, 2);
	until(loop, 1600);
	core_arrived(script.core, "NAK\r", 4);
	cr_expect_str_eq(ends, "o:0:NAK\r ");
	queue_order("p");
	until(loop, 4500);
	cr_expect_str_eq(ends, "o:0:NAK\r p:1: ");
	queue("a", false);
	fast_turn(loop, 2);
	core_arrived(script.core, "x\r", 2);
	cr_expect_str_eq(ends, "o:0:NAK\r p:1: a:0:x\r ");
	end(loop);
}

/* --- orders and rounds ------------------------------------------------------------------- */

/* BEGIN leaves a round under way. */
Test(exchange, a_round_gives_way_to_one_order_alone)
{
	struct loop *loop = begin();

	queue("a", false);
	queue("b", false);
	queue("u", true);
	queue("v", true);
	fast_turn(loop, 2);
	for (int i = 0; i < 4; i++) {
		core_arrived(script.core, "x\r", 2);
		fast_turn(loop, 1);
	}
	cr_expect_str_eq(script.asked, "u a b v ");
	end(loop);
}
