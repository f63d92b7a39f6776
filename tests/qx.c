/* nutdrv_qx and blazer_ser on a scripted device and a clock that jumps: what is asked, what is
 * published.  docs/devices/megatec.md, voltronic.md */
#include <criterion/criterion.h>

#include "coretest.h"
#include "drivers/qx/qx.h"

#include <time.h>

#define STATUS "(226.0 195.0 226.0 014 49.0 27.5 30.0 00001001"
#define RATINGS "#230.0 010 024.0 50.0"
#define VENDOR "#NOT_A_LIVE_UPS  TESTING    TESTING   "
/* 226.0 V in and out, 14 %, 49 Hz, 27.5 V of a UPS without zeros in its numbers. */
#define QS_HEX "#\x6c\xd2 \x6a \x6c\xd2 \x6a \x0e \x61\xa8 \x28\x02\x12\xd0 \xe9 \x3c \x09"
#define ID "FOR,750,120,120,20.0,27.6"
#define QGS "(234.9 50.0 229.8 50.0 000.0 000 369.1 ---.- 026.5 ---.- 018.8 100000000001"

extern const struct driver nutdrv_qx_driver, blazer_ser_driver;

/* --- the device -------------------------------------------------------------------------- */

#define ECHO "echo"
struct says {
	const char *question, *answer; /* answer without CR; NULL: silence; ECHO */
};

static struct device {
	struct says says[40];
	const char *otherwise; /* to a question that is not in the table */
	const char *tail;      /* behind each answer */
	int delay_ms;
	unsigned seed; /* delays up to RANDOM_MS, and the load counts the answers to Q1 */
	int random_ms, count;
	int64_t last_ms; /* when the last answer came: a UPS answers in order */
	int stuck;	 /* so many questions more get no answer */
	bool orders;	 /* note no queries in ASKED */
	char asked[16384];
	struct coming {
		struct timer timer;
		char bytes[300];
		size_t len;
	} coming[64];
	unsigned next;
} device;

static void
arrive(void *owner)
{
	struct coming *coming = owner;

	core_arrived(script.core, coming->bytes, coming->len);
}

static const char *
answer_to(const char *question)
{
	const char *answer = device.otherwise;

	for (size_t i = 0; i < 40 && device.says[i].question; i++)
		if (strcmp(device.says[i].question, question) == 0)
			answer = device.says[i].answer;
	return answer && strcmp(answer, ECHO) == 0 ? question : answer;
}

/* Most answers in time, some late, now and then one lost. */
static int64_t
answer_delay_ms(struct coming *coming, const char *question)
{
	int64_t at_ms = fast_now_ms + device.delay_ms;

	if (!device.random_ms)
		return device.delay_ms;
	if (strcmp(question, "Q1") == 0) {
		char load[12];

		snprintf(load, sizeof(load), "%03u", (unsigned)++device.count % 1000);
		memcpy(coming->bytes + 19, load, 3);
	}
	if (rand_r(&device.seed) % 2 == 0)
		at_ms = fast_now_ms + rand_r(&device.seed) % device.random_ms;
	if (at_ms <= device.last_ms)
		at_ms = device.last_ms + 1;
	if (device.random_ms <= 2000 && rand_r(&device.seed) % 32 == 0)
		coming->len = 0;
	else
		device.last_ms = at_ms;
	return at_ms - fast_now_ms;
}

static void
hear(void *port, const struct exchange *exchange)
{
	struct coming *coming = &device.coming[device.next++ % 64];
	char question[64];
	const char *answer;

	if (exchange->question_len == 0)
		return;
	cr_assert_leq(exchange->question_len, 16);
	memcpy(question, exchange->question, exchange->question_len);
	cr_assert_eq(question[exchange->question_len - 1], '\r');
	question[exchange->question_len - 1] = '\0';
	if (strlen(device.asked) + 20 < sizeof(device.asked) &&
	    !(device.orders && question[0] == 'Q' && question[1]))
		strcat(strcat(device.asked, question), " ");
	answer = answer_to(question);
	if (!answer || (device.stuck && device.stuck--))
		return;
	coming->len =
	    (size_t)snprintf(coming->bytes, sizeof(coming->bytes), "%s%s", answer, device.tail);
	coming->timer = (struct timer){ .fire = arrive, .owner = coming };
	loop_timer_in(core_loop(script.core), &coming->timer, answer_delay_ms(coming, question));
}

static void
stop_hearing(void *port)
{
	for (int i = 0; i < 64; i++)
		loop_timer_clear(core_loop(script.core), &device.coming[i].timer);
}

static const struct carrier scripted = {
	.name = "script", .open = test_open, .ask = hear, .close = stop_hearing
};

static void
say(const char *question, const char *answer)
{
	size_t i = 0;

	while (device.says[i].question && strcmp(device.says[i].question, question) != 0)
		i++;
	device.says[i] = (struct says){ question, answer };
}

static void
classic(void)
{
	device = (struct device){ .otherwise = ECHO, .tail = "\r", .delay_ms = 200 };
	say("Q1", STATUS);
	say("F", RATINGS);
	say("I", VENDOR);
	say("C", NULL);
	say("Q", NULL);
	say("T", NULL);
	say("S.5R0003", NULL);
}

static void
modern(void)
{
	device = (struct device){ .otherwise = "(NAK", .tail = "\r", .delay_ms = 20 };
	say("QGS", QGS);
	say("QPI", "(PI01");
	say("QRI", "(230.0 004 024.0 50.0");
	say("QMD", "(#######OLHVT1K0 ###1000 80 1/1 230 230 02 12.0");
	say("F", "#230.0 004 024.0 50.0");
	say("QMF", "(#######BOH");
	say("QVFW", "(VERFW:00322.02");
	say("QID", "(12345679012345");
	say("QMOD", "(L");
	say("QWS", "(0000000000000000000000000000000000000000000000000000000000000000");
	say("QBV", "(026.5 02 01 068 255");
	say("QLDL", "(005 080");
	say("QFLAG", "(EpashcDbroegfl");
	say("QHE", "(242 218");
	say("QFRE", "(53.0 47.0");
	say("RE0", "#20");
}

/* --- the driver -------------------------------------------------------------------------- */

static struct driver driver;

static void *
make(struct core *core)
{
	script.core = core;
	return (driver.name[0] == 'n' ? nutdrv_qx_driver.new : blazer_ser_driver.new)(core);
}

static struct loop *
start(const struct driver *which, const char *const *settings)
{
	struct loop *loop = fast_loop();

	driver = *which;
	driver.new = make;
	driver.carrier = &scripted;
	cr_assert(test_core(loop, &driver, settings), "%s", script.log);
	return loop;
}

static struct loop *
begin(const struct driver *which, const char *const *settings)
{
	struct loop *loop = start(which, settings);

	core_begin(script.core, false);
	for (int i = 0; !script.ready && !script.over && i < 100000; i++)
		loop_step(loop, 1000);
	return loop;
}

static void
end(struct loop *loop)
{
	core_free(script.core);
	fast_end(loop);
}

static const char *
value(const char *name)
{
	const char *text = core_get(script.core, name);

	return text ? text : "(none)";
}

#define EXPECT(name, text)                                                                         \
	cr_expect_str_eq(value(name), text, "%s is %s, not %s", name, value(name), text)

static bool
fresh(void)
{
	return publish_is_fresh(script.core->publish);
}

/* INSTCMD or SET; the log says how it ended. */
static const char *
order(struct loop *loop, const char *kind, const char *name, const char *param)
{
	static const char *const ends[] = { "handled", "unknown", "invalid", "failed" };
	struct asker asker = { 0 };

	script.log[0] = device.asked[0] = '\0';
	device.orders = true;
	if (*kind == 'I')
		core_orders.instcmd(script.core, &asker, name, param);
	else
		core_orders.setvar(script.core, &asker, name, param);
	for (int i = 0; !logged("the order was") && i < 1000; i++)
		loop_step(loop, 100);
	for (size_t i = 0; i < 4; i++) {
		char line[40];

		snprintf(line, sizeof(line), "the order was %s", ends[i]);
		if (logged(line))
			return ends[i];
	}
	return "without end";
}

static bool
has_command(const char *name)
{
	return state_cmd(publish_state(script.core->publish), name) != NULL;
}

/* --- what is found, and published -------------------------------------------------------- */

Test(qx, a_classic_ups_is_found_and_published_as_nut_does)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(device.asked, "Q1 ID QPI I F I Q1 ");
	EXPECT("battery.charge", "100");
	EXPECT("battery.voltage", "27.50");
	EXPECT("battery.voltage.high", "26.00");
	EXPECT("battery.voltage.low", "20.80");
	EXPECT("battery.voltage.nominal", "24.0");
	EXPECT("battery.runtime", "(none)");
	EXPECT("device.mfr", "NOT_A_LIVE_UPS");
	EXPECT("device.model", "TESTING");
	EXPECT("ups.mfr", "(none)");
	EXPECT("driver.version.data", "Megatec");
	EXPECT("driver.parameter.pollfreq", "30");
	EXPECT("input.current.nominal", "10.0");
	EXPECT("input.frequency", "49.0");
	EXPECT("input.frequency.nominal", "50");
	EXPECT("input.voltage", "226.0");
	EXPECT("input.voltage.fault", "195.0");
	EXPECT("input.voltage.nominal", "230");
	EXPECT("output.voltage", "226.0");
	EXPECT("ups.beeper.status", "enabled");
	EXPECT("ups.delay.shutdown", "30");
	EXPECT("ups.delay.start", "180");
	EXPECT("ups.firmware", "TESTING");
	EXPECT("ups.load", "14");
	EXPECT("ups.status", "OL");
	EXPECT("ups.temperature", "30.0");
	EXPECT("ups.type", "offline / line interactive");
	EXPECT("ups.alarm", "(none)");
	cr_expect(has_command("test.battery.start.deep"));
	cr_expect(has_command("shutdown.stayoff"));
	cr_expect_not(has_command("beeper.enable"));
	end(loop);
}

Test(qx, blazer_ser_counts_in_minutes_and_shows_the_whole_battery)
{
	classic();
	say("Q1", "(226.0 195.0 226.0 014 49.0 2.02 30.0 00000000");
	say("F", "#220.0 013 72.00 50.0");
	struct loop *loop = begin(&blazer_ser_driver, SETTINGS("ondelay=2"));

	EXPECT("battery.voltage", "72.72");
	EXPECT("battery.charge", "66");
	EXPECT("ups.delay.start", "120");
	EXPECT("ups.mfr", "NOT_A_LIVE_UPS");
	EXPECT("device.mfr", "NOT_A_LIVE_UPS");
	EXPECT("ups.type", "online");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "60"), "invalid");
	say("T05", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", "5"), "handled");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", "600"), "invalid");
	end(loop);
}

Test(qx, the_cells_voltage_is_shown_as_it_is_but_counted_whole)
{
	classic();
	say("Q1", "(226.0 195.0 226.0 014 49.0 2.02 30.0 00000000");
	say("F", "#220.0 013 72.00 50.0");
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	EXPECT("battery.voltage", "2.02");
	EXPECT("battery.charge", "66");
	end(loop);
}

/* Section 8 */
Test(qx, each_dialect_is_found)
{
	static const struct {
		const char *name;
		struct says says[5];
		const char *otherwise;
	} rows[] = {
		{ "Megatec", { { "Q1", STATUS }, { "I", VENDOR } }, ECHO },
		{ "Megatec", { { "Q1", STATUS }, { "I", VENDOR } }, NULL },
		{ "Megatec", { { "Q1", STATUS }, { "I", VENDOR } }, "NAK" },
		{ "Megatec/old", { { "D", STATUS } }, ECHO },
		{ "Megatec/old", { { "D", STATUS } }, NULL },
		{ "Mecer", { { "Q1", STATUS }, { "QPI", "(PI98" } }, "(NAK" },
		{ "Mustek", { { "QS", STATUS } }, "NAK" },
		{ "Mustek", { { "QS", STATUS } }, ECHO },
		{ "Q1", { { "Q1", STATUS } }, ECHO },
		{ "Q1", { { "Q1", STATUS } }, NULL },
		{ "Voltronic-QS", { { "QS", STATUS }, { "M", "V" } }, ECHO },
		{ "Voltronic-QS-Hex", { { "QS", QS_HEX }, { "M", "P" } }, "N" },
		{ "Voltronic-QS-Hex", { { "QS", QS_HEX " \x23" }, { "M", "T" } }, "N" },
		{ "BestUPS", { { "Q1", STATUS }, { "ID", ID } }, ECHO },
		{ "BestUPS", { { "Q1", STATUS }, { "ID", ID }, { "I", VENDOR } }, NULL },
		{ "Zinto", { { "Q1", STATUS }, { "FW?", VENDOR } }, ECHO },
		{ "Voltronic", { { "QGS", QGS } }, "(NAK" },
		{ "Voltronic", { { "QGS", QGS }, { "Q1", STATUS }, { "QPI", "(PI01" } }, "(NAK" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		device = (struct device){
			.otherwise = rows[i].otherwise, .tail = "\r", .delay_ms = 200
		};
		memcpy(device.says, rows[i].says, sizeof(rows[i].says));
		script = (struct script){ 0 };
		struct loop *loop = begin(&nutdrv_qx_driver, NULL);

		EXPECT("driver.version.data", rows[i].name);
		EXPECT("ups.status", "OL");
		end(loop);
	}
}

Test(qx, a_garbled_answer_during_detection_is_asked_for_again)
{
	classic();
	struct loop *loop = start(&nutdrv_qx_driver, NULL);

	say("Q1", "(22#.0 195;0 226.% 014 4,.0 27.  30.0 %000100$");
	core_begin(script.core, false);
	fast_pass(loop, 300);
	say("Q1", STATUS);
	fast_pass(loop, 4000);
	EXPECT("driver.version.data", "Megatec");
	end(loop);
}

Test(qx, a_silent_port_is_given_up_in_bounded_time)
{
	device = (struct device){ .tail = "\r" };
	struct loop *loop = start(&nutdrv_qx_driver, SETTINGS("maxstartdelay=20"));

	core_begin(script.core, false);
	while (!logged("no UPS answers") && fast_now_ms < 600000)
		loop_step(loop, 1000);
	cr_expect_leq(fast_now_ms, 8100);
	while (!script.over && fast_now_ms < 600000)
		loop_step(loop, 1000);
	cr_expect_eq(script.over, 1);
	cr_expect_neq(script.status_code, 0);
	cr_expect_leq(fast_now_ms, 40000);
	end(loop);
}

Test(qx, protocol_asks_for_that_status_alone)
{
	classic();
	say("QS", STATUS);
	struct loop *loop =
	    begin(&nutdrv_qx_driver, SETTINGS("protocol=mustek", "norating", "novendor"));

	cr_expect_str_eq(device.asked, "QS QS ");
	EXPECT("driver.version.data", "Mustek");
	EXPECT("battery.voltage.nominal", "(none)");
	EXPECT("battery.charge", "(none)");
	EXPECT("ups.load", "14");
	end(loop);
}

Test(qx, novendor_asks_for_no_vendor)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("novendor"));

	cr_expect_str_eq(device.asked, "Q1 QPI F Q1 ");
	EXPECT("driver.version.data", "Megatec");
	EXPECT("device.mfr", "(none)");
	end(loop);
}

Test(qx, wrong_options_are_refused)
{
	static const char *const wrong[] = { "protocol=nonsense", "offdelay=11", "offdelay=601x",
		"offdelay=6000", "ondelay=-1", "ondelay=1e3", "runtimecal=240,100", "chargetime=0",
		"runtimecal=240,50,720,100", "cablepower=purple", "pollfreq=0", "idleload=abc" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct loop *loop = fast_loop();

		script = (struct script){ 0 };
		driver = nutdrv_qx_driver;
		driver.carrier = &scripted;
		cr_expect_null(test_core(loop, &driver, SETTINGS(wrong[i])), "%s", wrong[i]);
		fast_end(loop);
	}
}

/* --- status ------------------------------------------------------------------------------ */

/* 3.2, 3.3 */
Test(qx, bits_make_the_status)
{
	static const struct {
		const char *status, *published, *alarm;
	} rows[] = {
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00000000", "OL", "(none)" },
		{ "(000.0 195.0 226.0 014 49.0 27.5 30.0 10000000", "OB", "(none)" },
		{ "(000.0 195.0 226.0 014 49.0 27.5 30.0 11000000", "OB LB", "(none)" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 01000000", "OL LB", "(none)" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00100000", "OL BYPASS", "(none)" },
		{ "(226.0 195.0 200.0 014 49.0 27.5 30.0 00101000", "OL TRIM", "(none)" },
		{ "(200.0 195.0 226.0 014 49.0 27.5 30.0 00101000", "OL BOOST", "(none)" },
		{ "(---.- 195.0 226.0 014 49.0 27.5 30.0 00101000", "OL", "(none)" },
		{ "(200.0 195.0 226.0 014 49.0 27.5 30.0 10101000", "OB", "(none)" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00010000", "ALARM OL",
		    "UPS selftest failed!" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00000100", "OL CAL", "(none)" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00000010", "ALARM OL FSD",
		    "Shutdown imminent!" },
		{ "(226.0 195.0 226.0 014 49.0 27.5 30.0 00000000", "OL", "(none)" },
	};

	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		say("Q1", rows[i].status);
		fast_pass(loop, 2500);
		EXPECT("ups.status", rows[i].published);
		EXPECT("ups.alarm", rows[i].alarm);
	}
	end(loop);
}

Test(qx, ignoresab_ignores_the_shutdown_bit)
{
	classic();
	say("Q1", "(226.0 195.0 226.0 014 49.0 27.5 30.0 00000010");
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("ignoresab"));

	EXPECT("ups.status", "OL");
	end(loop);
}

/* 10.4: megatec.md, and measured: 24 V of 24 V is 62 %, 2400 s at the least load. */
Test(qx, runtime_is_counted_from_runtimecal)
{
	classic();
	say("Q1", "(226.0 195.0 226.0 100 49.0 24.0 30.0 00000000");
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("runtimecal=240,100,720,50"));

	EXPECT("battery.charge", "62");
	EXPECT("battery.runtime", "148");
	say("Q1", "(226.0 195.0 226.0 050 49.0 24.0 30.0 10000000");
	fast_pass(loop, 72200); /* a tenth of the half load's runtime */
	cr_expect(strcmp(value("battery.charge"), "51") == 0 ||
		      strcmp(value("battery.charge"), "52") == 0,
	    "%s", value("battery.charge"));
	say("Q1", "(226.0 195.0 226.0 014 49.0 20.0 30.0 10000000");
	fast_pass(loop, 2500);
	cr_expect(atoi(value("battery.runtime")) > 1200); /* not by the voltage any more */
	say("Q1", "(226.0 195.0 226.0 --- 49.0 20.0 30.0 10000000");
	fast_pass(loop, 2500);
	EXPECT("battery.runtime", "(none)");
	say("Q1", "(226.0 195.0 226.0 014 49.0 24.0 30.0 00000000");
	fast_pass(loop, 43200000);
	EXPECT("battery.charge", "100");
	EXPECT("battery.runtime", "2400");
	end(loop);
}

Test(qx, limits_and_packs_can_be_given)
{
	classic();
	say("Q1", "(226.0 195.0 226.0 014 49.0 2.00 30.0 00000000");
	struct loop *loop = begin(
	    &nutdrv_qx_driver, SETTINGS("default.battery.voltage.high=27",
				   "default.battery.voltage.low=21", "override.battery.packs=12"));

	EXPECT("battery.voltage.high", "27");
	EXPECT("battery.voltage.low", "21");
	EXPECT("battery.charge", "50");
	EXPECT("battery.packs", "12");
	end(loop);
}

/* --- faults: the table of device-protocols ----------------------------------------------- */

static void
expect_stale_within_15_s(struct loop *loop)
{
	int64_t since_ms = fast_now_ms;

	while (fresh() && fast_now_ms - since_ms < 60000)
		loop_step(loop, 100);
	cr_expect_leq(fast_now_ms - since_ms, 15000);
	cr_expect_not(fresh());
	EXPECT("ups.status", "OL");
	EXPECT("input.voltage", "226.0");
	EXPECT("battery.charge", "100");
}

Test(qx, a_refused_answer_publishes_nothing_and_makes_data_stale)
{
	static const char *const bad[] = { NULL, ECHO, "(NAK", "NAK", "(200.0 195.0 226.0 0", "",
		"(200.0 195.0 226.0 014 49.0 20.5 30.0 1100A001",
		"(20#.0 195;0 226.% 014 4,.0 20.  30.0 %100100$",
		"\001(200.0 195.0 226.0 014 49.0 20.5 30.0 11000001",
		"(200.0 195.0 22.0 014 49.0 20.5 30.0 11000001" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		script = (struct script){ 0 };
		classic();
		struct loop *loop = begin(&nutdrv_qx_driver, NULL);

		say("Q1", bad[i]);
		expect_stale_within_15_s(loop);
		say("Q1", STATUS);
		fast_pass(loop, 30000);
		cr_expect(fresh(), "after %s", bad[i]);
		cr_expect_leq(logged("data are stale"), 1);
		cr_expect_leq(logged("data are fresh again"), 1);
		end(loop);
	}
}

Test(qx, one_or_two_lost_polls_do_no_harm)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	device.stuck = 2;
	fast_pass(loop, 20000);
	cr_expect(fresh());
	cr_expect_eq(logged("stale"), 0);
	end(loop);
}

Test(qx, an_answer_without_cr_is_taken_when_it_is_whole)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	device.tail = "";
	say("Q1", "(226.0 195.0 226.0 033 49.0 27.5 30.0 00001001");
	fast_pass(loop, 20000);
	cr_expect(fresh());
	EXPECT("ups.load", "33");
	say("Q1", "(226.0 195.0 226.0 044 49.0 27.5 30.0 0000100");
	fast_pass(loop, 20000);
	cr_expect_not(fresh());
	EXPECT("ups.load", "33");
	end(loop);
}

Test(qx, dashes_remove_the_variable_and_keep_the_rest)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	say("Q1", "(---.- 000.0 227.0 --- --.- -.-- --.- 00001001");
	fast_pass(loop, 3000);
	EXPECT("input.voltage", "(none)");
	EXPECT("input.voltage.fault", "0.0");
	EXPECT("output.voltage", "227.0");
	EXPECT("ups.load", "(none)");
	EXPECT("input.frequency", "(none)");
	EXPECT("battery.voltage", "(none)");
	EXPECT("battery.charge", "(none)");
	EXPECT("ups.temperature", "(none)");
	EXPECT("ups.status", "OL");
	fast_pass(loop, 20000);
	cr_expect(fresh());
	say("Q1", STATUS);
	fast_pass(loop, 3000);
	EXPECT("battery.charge", "100");
	end(loop);
}

Test(qx, extra_fields_are_accepted_and_said_once)
{
	classic();
	say("Q1", STATUS " 12.3 00");
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	fast_pass(loop, 20000);
	cr_expect(fresh());
	cr_expect_eq(logged("more fields"), 1);
	end(loop);
}

/* 3.4.6: with an interval of 1 s an answer 1.6 s late would meet the next question. */
Test(qx, a_late_answer_is_nobodys)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("pollinterval=1"));

	device.delay_ms = 1600;
	say("Q1", "(226.0 195.0 226.0 099 49.0 27.5 30.0 00001001");
	expect_stale_within_15_s(loop);
	EXPECT("ups.load", "14");
	cr_expect_eq(logged("thrown away"), 1);
	device.delay_ms = 200;
	fast_pass(loop, 30000);
	cr_expect(fresh());
	EXPECT("ups.load", "99");
	end(loop);
}

/* As late as that, each would be the next question's. */
Test(qx, a_slow_ups_is_stale_and_none_of_its_answers_is_the_next_ones)
{
	static const int delays_ms[] = { 1600, 2100, 2600, 3500, 4500, 7300 };
	static const char *const intervals[] = { "pollinterval=1", "pollinterval=2",
		"pollinterval=5" };

	for (size_t i = 0; i < 18; i++) {
		script = (struct script){ 0 };
		classic();
		struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS(intervals[i % 3]));

		device.delay_ms = delays_ms[i / 3];
		say("Q1", "(226.0 195.0 226.0 099 49.0 27.5 30.0 10001001");
		expect_stale_within_15_s(loop);
		for (int j = 0; j < 120; j++) {
			fast_pass(loop, 1000);
			cr_expect_not(fresh(), "%d ms, %s", device.delay_ms, intervals[i % 3]);
		}
		EXPECT("ups.load", "14");
		device.delay_ms = 200;
		fast_pass(loop, 60000);
		cr_expect(fresh(), "after %d ms, %s", delays_ms[i / 3], intervals[i % 3]);
		EXPECT("ups.load", "99");
		end(loop);
	}
}

static unsigned rounds_right, rounds_wrong;

static void
judge_round(void *owner)
{
	if (script.core->history & 1)
		return;
	if (atoi(value("ups.load")) == device.count % 1000)
		rounds_right++;
	else
		rounds_wrong++;
}

/* A fresh round shows the answer to its own question: of a device that loses one answer in 32 and
 * takes up to 2 s, or loses none and takes up to 2.5 s, not a single one is another's. */
Test(qx, random_delays_never_make_an_old_answer_a_new_one)
{
	struct core_calls judging = test_calls;
	unsigned seed = (unsigned)time(NULL);

	judging.round = judge_round;
	for (int random_ms = 300; random_ms <= 2500; random_ms += 100) {
		script = (struct script){ 0 };
		classic();
		struct loop *loop = begin(&nutdrv_qx_driver, NULL);

		script.core->calls = &judging;
		rounds_right = rounds_wrong = 0;
		device.seed = seed;
		device.random_ms = random_ms;
		fast_pass(loop, 3600000);
		cr_expect_eq(rounds_wrong, 0, "seed %u, to %d ms: %u of %u", seed, random_ms,
		    rounds_wrong, rounds_right);
		cr_expect_gt(rounds_right, 500);
		end(loop);
	}
}

/* --- orders ------------------------------------------------------------------------------ */

Test(qx, commands_end_as_the_device_says)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(order(loop, "INSTCMD", "beeper.toggle", NULL), "handled");
	cr_expect_str_eq(device.asked, "Q ");
	cr_expect_str_eq(
	    order(loop, "INSTCMD", "test.battery.start.deep", NULL), "failed"); /* echo */
	cr_expect_str_eq(device.asked, "TL ");
	say("TL", "(NAK");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start.deep", NULL), "failed");
	say("TL", "(ACK");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start.deep", NULL), "handled");
	say("TL", "blah");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start.deep", NULL), "failed");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S.5R0003 ");
	say("S.5R0000", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.stayoff", NULL), "handled");
	say("S00R0000", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "load.off", NULL), "handled");
	cr_expect_str_eq(device.asked, "S00R0000 ");
	cr_expect_str_eq(order(loop, "INSTCMD", "load.on", NULL), "handled");
	cr_expect_str_eq(device.asked, "C ");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.stop", NULL), "handled");
	cr_expect_str_eq(order(loop, "INSTCMD", "beeper.enable", NULL), "unknown");
	end(loop);
}

/* The late answer to Q1 is not what the UPS says to the order. */
Test(qx, an_order_given_while_q1_is_late_is_judged_by_its_own_answer)
{
	static const int delays_ms[] = { 1600, 2100 };

	for (size_t i = 0; i < 2; i++) {
		script = (struct script){ 0 };
		classic();
		struct loop *loop = begin(&nutdrv_qx_driver, NULL);

		device.delay_ms = delays_ms[i];
		script.asked[0] = '\0';
		while (!strstr(device.asked, "I F I Q1 Q1 "))
			loop_step(loop, 100);
		cr_expect_str_eq(
		    order(loop, "INSTCMD", "test.battery.start.quick", NULL), "handled");
		cr_expect_str_eq(device.asked, "T ");
		say("T", "NAK");
		cr_expect_str_eq(
		    order(loop, "INSTCMD", "test.battery.start.quick", NULL), "failed");
		end(loop);
	}
}

/* One that may only toggle the beeper is not to hide that the mains have failed. */
Test(qx, no_flood_of_orders_keeps_a_status_from_being_seen)
{
	static const struct asker asker = { 0 };

	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	say("Q1", "(000.0 195.0 226.0 014 49.0 27.5 30.0 10001001");
	for (int i = 0; i < 60; i++) {
		for (int j = 0; j < 30; j++)
			core_orders.instcmd(script.core, &asker, "beeper.toggle", NULL);
		fast_pass(loop, 500);
		cr_expect(fresh());
		if (i == 10)
			EXPECT("ups.status", "OB");
	}
	cr_expect_eq(logged("are waiting: one more is refused"), 1);
	cr_expect(strstr(device.asked, "Q Q1 Q Q1 Q Q1 "));
	end(loop);
}

Test(qx, parameters_are_checked)
{
	static const char *const wrong[] = { "59", "5941", "-60", "60.5", "abc", "0x60", " 60",
		"99999999999999999999" };

	classic();
	say("T02", NULL);
	say("T10", NULL);
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", wrong[i]), "invalid");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", "61"), "handled");
	cr_expect_str_eq(device.asked, "T02 ");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", NULL), "handled");
	cr_expect_str_eq(device.asked, "T10 ");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", "77"), "invalid");
	cr_expect_str_eq(device.asked, "");
	end(loop);
}

Test(qx, delays_are_set_and_rounded_up)
{
	classic();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "13"), "handled");
	EXPECT("ups.delay.shutdown", "18");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "11"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "601"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "12.5"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "61"), "handled");
	EXPECT("ups.delay.start", "120");
	say("S.3R0002", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S.3R0002 ");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "0"), "handled");
	say("S.3", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S.3 ");
	cr_expect_str_eq(order(loop, "SET", "ups.load", "1"), "invalid");
	end(loop);
}

static void
kill_power_by(const struct driver *which, const char *const *settings)
{
	struct loop *loop = start(which, settings);

	core_begin(script.core, true);
	while (!script.over && fast_now_ms < 100000)
		loop_step(loop, 1000);
	cr_expect_eq(script.over, 1);
	end(loop);
}

static void
kill_power(const char *const *settings)
{
	kill_power_by(&nutdrv_qx_driver, settings);
}

/* A UPS that says nothing may listen all the same. */
Test(qx, k_gives_the_order_to_a_silent_ups_whose_dialect_is_given)
{
	device = (struct device){ .tail = "\r" };
	kill_power(SETTINGS("protocol=megatec"));
	cr_expect_str_eq(device.asked, "Q1 Q1 Q1 C S.5R0003 ");
	cr_expect_eq(script.status_code, 0);
	cr_expect_eq(logged("was sent, but not confirmed"), 1);
	cr_expect_leq(fast_now_ms, 10000);
}

Test(qx, k_of_blazer_ser_takes_a_silent_ups_for_megatec)
{
	device = (struct device){ .tail = "\r" };
	kill_power_by(&blazer_ser_driver, NULL);
	cr_expect_str_eq(device.asked, "Q1 QGS QS D C S.5R0003 ");
	cr_expect_eq(script.status_code, 0);
	cr_expect_eq(logged("was sent, but not confirmed"), 1);
}

Test(qx, k_does_not_guess_the_dialect_of_a_silent_ups)
{
	device = (struct device){ .tail = "\r" };
	kill_power(NULL);
	cr_expect_null(strstr(device.asked, "S.5"));
	cr_expect_neq(script.status_code, 0);
}

/* The driver that runs knows the dialect; it is reopening the port for ever. */
Test(qx, killpower_is_given_to_a_ups_that_has_fallen_silent)
{
	classic();
	for (int64_t ms = 0; ms < 40000; ms += 700) {
		static const struct asker asker = { 0 };

		script = (struct script){ 0 };
		classic();
		struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("allow_killpower=1"));

		memset(device.says, 0, sizeof(device.says));
		device.otherwise = NULL;
		fast_pass(loop, ms);
		script.log[0] = device.asked[0] = '\0';
		device.orders = true;
		while (script.core->closing) /* for one turn */
			fast_turn(loop, 1);
		core_orders.instcmd(script.core, &asker, "driver.killpower", NULL);
		fast_pass(loop, 20000);
		cr_expect_eq(logged("the order was handled"), 1, "%d: %s", (int)ms, script.log);
		cr_expect(strstr(device.asked, "C S.5R0003 "), "%d: %s", (int)ms, device.asked);
		cr_expect_eq(script.over, 0);
		end(loop);
	}
}

Test(qx, k_cancels_and_then_cuts_the_power)
{
	classic();
	kill_power(NULL);
	cr_expect_str_eq(device.asked, "Q1 ID QPI I C S.5R0003 ");
	cr_expect_eq(script.status_code, 0);
}

Test(qx, k_with_stayoff_stays_off)
{
	classic();
	say("S.5R0000", NULL);
	kill_power(SETTINGS("stayoff", "protocol=megatec"));
	cr_expect_str_eq(device.asked, "Q1 C S.5R0000 ");
	cr_expect_eq(script.status_code, 0);
}

/* Section 7: zinto's questions, delays of its own. */
Test(qx, hunnox_waits_longer_and_comes_back_at_once)
{
	classic();
	say("FW?", VENDOR);
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("protocol=hunnox"));

	cr_expect_str_eq(device.asked, "Q1 F FW? Q1 ");
	EXPECT("driver.version.data", "Hunnox");
	EXPECT("device.mfr", "NOT_A_LIVE_UPS");
	EXPECT("ups.delay.shutdown", "60");
	EXPECT("ups.delay.start", "0");
	say("S01", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S01 ");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "30"), "handled");
	EXPECT("ups.delay.start", "60");
	say("S01R0001", NULL);
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S01R0001 ");
	end(loop);
}

Test(qx, k_of_hunnox_gives_its_own_delays)
{
	classic();
	say("S01", NULL);
	kill_power(SETTINGS("protocol=hunnox"));
	cr_expect_str_eq(device.asked, "Q1 C S01 ");
	cr_expect_eq(script.status_code, 0);
	classic();
	say("S01R0000", NULL);
	script = (struct script){ 0 };
	kill_power(SETTINGS("protocol=hunnox", "stayoff"));
	cr_expect_str_eq(device.asked, "Q1 C S01R0000 ");
	cr_expect_eq(script.status_code, 0);
}

/* Section 13 */
static void
best(const char *id)
{
	device = (struct device){ .otherwise = NULL, .tail = "\r", .delay_ms = 200 };
	say("Q1", STATUS);
	say("ID", id);
	say("RT", "060");
	say("SS?", "1");
	say("BP?", "02");
	say("M", "5");
}

Test(qx, bestups_is_published_as_nut_does)
{
	best(ID);
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(device.asked, "Q1 ID ID Q1 RT M ");
	EXPECT("battery.charge", "99");
	EXPECT("battery.runtime", "3600");
	EXPECT("battery.voltage", "27.50");
	EXPECT("battery.voltage.high", "27.6");
	EXPECT("battery.voltage.low", "20.0");
	EXPECT("battery.packs", "(none)");
	EXPECT("device.mfr", "Best Power");
	EXPECT("device.model", "Fortress");
	EXPECT("driver.version.data", "BestUPS");
	EXPECT("input.transfer.low", "90");
	EXPECT("input.transfer.boost.low", "90");
	EXPECT("input.transfer.boost.high", "104");
	EXPECT("input.transfer.trim.low", "130");
	EXPECT("input.transfer.trim.high", "146");
	EXPECT("input.transfer.high", "146");
	EXPECT("input.voltage.nominal", "120");
	EXPECT("output.voltage.nominal", "120");
	EXPECT("ups.beeper.status", "(none)");
	EXPECT("ups.power.nominal", "750");
	EXPECT("ups.status", "OL");
	cr_expect_not(has_command("beeper.toggle"));
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.stayoff", NULL), "handled");
	cr_expect_str_eq(device.asked, "S.5 ");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S.5R0003 ");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "5940"), "handled");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "59"), "invalid");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.stayoff", NULL), "handled");
	cr_expect_str_eq(device.asked, "S99 ");
	cr_expect_str_eq(order(loop, "SET", "battery.packs", "2"), "unknown");
	/* It forgets what is not answered any more. */
	say("RT", "NAK");
	say("M", "NAK");
	fast_pass(loop, 200000);
	EXPECT("battery.runtime", "(none)");
	EXPECT("input.transfer.high", "(none)");
	cr_expect(fresh());
	end(loop);
}

/* The packs outside are no cells: at 22 V this battery is a quarter full, with two of them as well.
 */
Test(qx, bestups_with_packs_tells_how_many_and_stores_it)
{
	best("AX1,1500,230,230,20.0,27.6");
	say("Q1", "(226.0 195.0 226.0 014 49.0 22.0 30.0 00001001");
	say("BP3", NULL);
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("protocol=bestups"));

	EXPECT("device.model", "Axxium Rackmount");
	EXPECT("battery.packs", "2");
	EXPECT("battery.charge", "26");
	EXPECT("input.transfer.high", "284");
	cr_expect_str_eq(order(loop, "SET", "battery.packs", "6"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "battery.packs", "3"), "handled");
	cr_expect_str_eq(device.asked, "BP3 ");
	EXPECT("battery.packs", "3");
	fast_pass(loop, 60000);
	EXPECT("battery.charge", "26");
	end(loop);
}

Test(qx, bestups_asks_each_model_what_it_knows)
{
	static const struct {
		const char *id, *model, *maker, *asked;
	} rows[] = {
		{ "PRO,750,120,120,20.0,27.6", "Patriot Pro", "Best Power", "Q1 ID Q1 M " },
		{ "620,1500,230,230,20.0,27.6", "Sola 620", "Sola Australia",
		    "Q1 ID Q1 RT BP? M " },
		{ "610,1500,---,120,10.0,148.0", "Unknown (610)", "(none)", "Q1 ID Q1 RT " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		best(rows[i].id);
		script = (struct script){ 0 };
		struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("protocol=bestups"));

		EXPECT("device.model", rows[i].model);
		EXPECT("device.mfr", rows[i].maker);
		cr_expect_str_eq(device.asked, rows[i].asked);
		end(loop);
	}
}

Test(qx, bestups_stores_what_ups_conf_says_of_its_pins)
{
	static const char *const modes[] = { "pins_shutdown_mode=3", "pins_shutdown_mode=1" };

	for (size_t i = 0; i < 2; i++) {
		best(ID);
		script = (struct script){ 0 };
		struct loop *loop =
		    begin(&nutdrv_qx_driver, SETTINGS("protocol=bestups", modes[i]));

		fast_pass(loop, 5000);
		cr_expect(strstr(device.asked, "SS? "));
		cr_expect_eq(strstr(device.asked, "SS3 ") != NULL, i == 0, "%s", device.asked);
		cr_expect_null(strstr(device.asked, "SS1 "));
		end(loop);
	}
}

/* ID asks for the vendor, too. */
Test(qx, without_vendor_there_is_no_id_asked)
{
	best(ID);
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("novendor"));

	EXPECT("driver.version.data", "Megatec");
	cr_expect_null(strstr(device.asked, "ID"));
	end(loop);
}

Test(qx, k_of_bestups_stays_off_by_s_alone)
{
	best(ID);
	kill_power(SETTINGS("protocol=bestups", "stayoff"));
	cr_expect_str_eq(device.asked, "Q1 C S.5 ");
	best(ID);
	script = (struct script){ 0 };
	kill_power(NULL);
	cr_expect_str_eq(device.asked, "Q1 ID C S.5R0003 ");
}

/* Section 12 */
Test(qx, qs_in_binary_is_published_as_nut_does)
{
	device = (struct device){ .otherwise = "N", .tail = "\r", .delay_ms = 200 };
	say("QS", QS_HEX " \x23");
	say("M", "T");
	say("C", NULL);
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(device.asked, "Q1 QGS QS M M QS ");
	EXPECT("input.voltage", "226.2");
	EXPECT("output.voltage", "226.2");
	EXPECT("output.frequency", "50.0");
	EXPECT("ups.load", "14");
	EXPECT("battery.voltage", "27.41");
	EXPECT("battery.voltage.nominal", "24.0");
	EXPECT("output.voltage.nominal", "230.0");
	EXPECT("output.frequency.nominal", "50.0");
	EXPECT("ups.firmware.aux", "PM-T");
	EXPECT("ups.beeper.status", "enabled");
	EXPECT("ups.type", "offline / line interactive");
	EXPECT("ups.temperature", "(none)");
	cr_expect(has_command("test.battery.start.quick"));
	cr_expect_not(has_command("test.battery.start"));
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.stop", NULL), "handled");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "failed"); /* N */
	cr_expect_str_eq(device.asked, "S.5R0003 ");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.start", "0"), "invalid");
	end(loop);
}

Test(qx, qs_in_binary_of_kind_p_has_neither_ratings_nor_test)
{
	device = (struct device){ .otherwise = "N", .tail = "\r", .delay_ms = 200 };
	say("QS", QS_HEX);
	say("M", "P");
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("protocol=voltronic-qs-hex"));

	EXPECT("ups.firmware.aux", "PM-P");
	EXPECT("output.voltage.nominal", "(none)");
	EXPECT("battery.charge", "(none)");
	cr_expect_not(has_command("test.battery.start.quick"));
	end(loop);
}

Test(qx, k_that_is_refused_is_tried_three_times_and_fails)
{
	classic();
	say("S.5R0003", "NAK");
	kill_power(SETTINGS("protocol=megatec"));
	cr_expect_str_eq(device.asked, "Q1 C S.5R0003 C S.5R0003 C S.5R0003 ");
	cr_expect_neq(script.status_code, 0);
}

/* --- voltronic --------------------------------------------------------------------------- */

Test(qx, voltronic_is_published_as_nut_does)
{
	modern();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	EXPECT("battery.charge", "68");
	EXPECT("battery.energysave", "no");
	EXPECT("battery.packs", "1");
	EXPECT("battery.protection", "yes");
	EXPECT("battery.runtime", "15300");
	EXPECT("battery.voltage", "26.50");
	EXPECT("battery.voltage.low", "20.0");
	EXPECT("battery.voltage.high", "(none)");
	EXPECT("battery.voltage.nominal", "24.0");
	EXPECT("device.mfr", "BOH");
	EXPECT("device.model", "OLHVT1K0");
	EXPECT("device.serial", "12345679012345");
	EXPECT("input.current.nominal", "4.0");
	EXPECT("input.frequency", "50.0");
	EXPECT("input.frequency.high", "53.0");
	EXPECT("input.frequency.low", "47.0");
	EXPECT("input.frequency.nominal", "50.0");
	EXPECT("input.phases", "1");
	EXPECT("input.transfer.high", "242");
	EXPECT("input.transfer.high.max", "254");
	EXPECT("input.transfer.high.min", "237");
	EXPECT("input.transfer.low", "218");
	EXPECT("input.transfer.low.max", "223");
	EXPECT("input.transfer.low.min", "206");
	EXPECT("input.voltage", "234.9");
	EXPECT("input.voltage.nominal", "230.0");
	EXPECT("output.current", "0.0");
	EXPECT("output.current.nominal", "4");
	EXPECT("output.frequency", "50.0");
	EXPECT("output.frequency.nominal", "50.0");
	EXPECT("output.phases", "1");
	EXPECT("output.power.maximum.percent", "80");
	EXPECT("output.power.minimum.percent", "5");
	EXPECT("output.powerfactor", "0.8");
	EXPECT("output.voltage", "229.8");
	EXPECT("output.voltage.nominal", "230.0");
	EXPECT("ups.beeper.status", "enabled");
	EXPECT("ups.firmware", "00322.02");
	EXPECT("ups.firmware.aux", "P01");
	EXPECT("ups.load", "0");
	EXPECT("ups.power.nominal", "1000");
	EXPECT("ups.start.auto", "no");
	EXPECT("ups.start.battery", "yes");
	EXPECT("ups.status", "OL");
	EXPECT("ups.temperature", "18.8");
	EXPECT("ups.type", "online");
	cr_expect(has_command("beeper.enable"));
	cr_expect(has_command("bypass.start"));
	end(loop);
}

Test(qx, voltronic_mode_and_warnings_add_to_the_status)
{
	modern();
	struct loop *loop = begin(&nutdrv_qx_driver, SETTINGS("pollfreq=2"));

	say("QMOD", "(S");
	fast_pass(loop, 2500);
	EXPECT("ups.status", "OL OFF");
	say("QMOD", "(Y");
	say("QWS", "(0000000010000000000000000000000000000000000000000000000100000000");
	fast_pass(loop, 4500);
	EXPECT("ups.status", "ALARM OL RB BYPASS OVER");
	EXPECT("ups.alarm", "Overload! Replace battery!");
	say("QMOD", "(NAK");
	say("QWS", "(NAK");
	say("QBV", "(NAK");
	fast_pass(loop, 20000);
	EXPECT("ups.status", "OL");
	cr_expect(fresh());
	end(loop);
}

Test(qx, voltronic_commands_and_settings)
{
	modern();
	struct loop *loop = begin(&nutdrv_qx_driver, NULL);

	cr_expect_str_eq(order(loop, "INSTCMD", "beeper.toggle", NULL), "failed");
	cr_expect_str_eq(device.asked, "BZOFF ");
	device.otherwise = "(ACK";
	cr_expect_str_eq(order(loop, "INSTCMD", "beeper.toggle", NULL), "handled");
	cr_expect_str_eq(order(loop, "INSTCMD", "load.off", NULL), "handled");
	cr_expect_str_eq(device.asked, "SOFF ");
	cr_expect_str_eq(order(loop, "INSTCMD", "test.battery.start", "12"), "handled");
	cr_expect_str_eq(device.asked, "T.2 ");
	cr_expect_str_eq(order(loop, "SET", "ups.delay.shutdown", "5940"), "handled");
	cr_expect_str_eq(order(loop, "INSTCMD", "shutdown.return", NULL), "handled");
	cr_expect_str_eq(device.asked, "S99R0003 ");
	cr_expect_str_eq(order(loop, "SET", "ups.start.auto", "yes"), "handled");
	cr_expect_str_eq(device.asked, "PER ");
	EXPECT("ups.start.auto", "yes");
	cr_expect_str_eq(order(loop, "SET", "ups.start.auto", "maybe"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "battery.packs", "2"), "handled");
	cr_expect_str_eq(device.asked, "BATGN02 ");
	EXPECT("battery.packs", "2");
	cr_expect_str_eq(order(loop, "SET", "battery.voltage.low", "22"), "handled");
	cr_expect_str_eq(device.asked, "W0E22 ");
	EXPECT("battery.voltage.low", "22.0");
	cr_expect_str_eq(order(loop, "SET", "input.transfer.high", "250"), "handled");
	cr_expect_str_eq(device.asked, "HEH250 ");
	cr_expect_str_eq(order(loop, "SET", "input.transfer.high", "255"), "invalid");
	cr_expect_str_eq(order(loop, "SET", "input.frequency.low", "45"), "handled");
	cr_expect_str_eq(device.asked, "FREL45.0 ");
	EXPECT("input.frequency.low", "45.0");
	end(loop);
}

Test(qx, voltronic_stores_what_ups_conf_says)
{
	modern();
	device.otherwise = "(ACK";
	struct loop *loop = begin(&nutdrv_qx_driver,
	    SETTINGS("protocol=voltronic", "alarm_control=disabled", "bypass_alarm=enabled",
		"battery_number=3", "max_bypass_freq=54", "converter_mode=enabled"));

	fast_pass(loop, 5000);
	cr_expect(strstr(device.asked, "PDA BATN3 PGF54.0 "), "%s", device.asked);
	cr_expect_eq(logged("converter_mode: this UPS has no such thing"), 1);
	cr_expect_eq(logged("alarm_control: done"), 1);
	EXPECT("driver.parameter.bypass_alarm", "enabled"); /* "pass" alone is no secret */
	end(loop);
}
