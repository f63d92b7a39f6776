/* repeater.c - tests of dummy-ups as a client: another upsd, made of lines. */
#include "clientstage.h"
#include "coretest.h"

extern const struct driver dummy_ups_driver;

/* protocol-net.md: NUMBER stands beside every type but STRING, and means nothing beside ENUM. */
static const struct line far[] = {
	{ "STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n" },
	{ "USERNAME u", "OK\n" },
	{ "PASSWORD p", "OK\n" },
	{ "LIST VAR far",
	    "BEGIN LIST VAR far\nVAR far ups.status \"OL\"\nVAR far ups.start.auto \"yes\"\n"
	    "VAR far ups.delay.start \"30\"\nVAR far ups.id \"x\"\nEND LIST VAR far\n" },
	{ "LIST CMD far", "BEGIN LIST CMD far\nEND LIST CMD far\n" },
	{ "LIST RW far",
	    "BEGIN LIST RW far\nRW far ups.start.auto \"yes\"\nRW far ups.delay.start \"30\"\n"
	    "RW far ups.id \"x\"\nEND LIST RW far\n" },
	{ "GET TYPE far ups.start.auto", "TYPE far ups.start.auto RW ENUM NUMBER\n" },
	{ "GET TYPE far ups.delay.start", "TYPE far ups.delay.start RW NUMBER\n" },
	{ "GET TYPE far ups.id", "TYPE far ups.id RW ENUM STRING:4\n" },
	{ "LIST ENUM far ups.start.auto",
	    "BEGIN LIST ENUM far ups.start.auto\nENUM far ups.start.auto \"yes\"\n"
	    "ENUM far ups.start.auto \"no\"\nEND LIST ENUM far ups.start.auto\n" },
	{ "LIST ENUM far ups.id",
	    "BEGIN LIST ENUM far ups.id\nENUM far ups.id \"x\"\nEND LIST ENUM far ups.id\n" },
	{ "SET VAR far ups.start.auto \"no\"", "OK\n" },
	{ NULL, NULL },
};

Test(repeater, takes_types_as_they_are_meant)
{
	struct stage stage;
	struct asker asker = { 0 };
	const struct state *state;
	char port[64];

	open_stage(&stage, far);
	snprintf(port, sizeof(port), "port=far@127.0.0.1:%u", addr_port(&stage.at));
	script.core = test_core(
	    stage.loop, &dummy_ups_driver, SETTINGS(port, "upsd_user=u", "upsd_password=p"));
	cr_assert(script.core, "%s", script.log);
	core_begin(script.core, false);
	for (int i = 0; i < 3000 && !script.ready; i++)
		loop_step(stage.loop, 100);
	cr_assert(script.ready, "%s", script.log);

	state = publish_state(script.core->publish);
	cr_expect_eq(state_var(state, "ups.start.auto")->flags, STATE_RW);
	cr_expect_eq(state_var(state, "ups.start.auto")->enums_len, 2);
	cr_expect_eq(state_var(state, "ups.delay.start")->flags, STATE_RW | STATE_NUMBER);
	cr_expect_eq(state_var(state, "ups.id")->flags, STATE_RW | STATE_STRING);
	cr_expect_eq(state_var(state, "ups.id")->aux, 4);
	core_orders.setvar(script.core, &asker, "ups.start.auto", "no");
	for (int i = 0; i < 100 && !logged("the order was"); i++)
		loop_step(stage.loop, 100);
	cr_expect_eq(logged("the order was handled"), 1, "%s", stage.asked);
	core_free(script.core);
	end(&stage);
}
