/* core.c - tests of the life of a driver: start, staleness, reconnecting, orders, reload. */
#include <criterion/criterion.h>

#include "coretest.h"
#include "drivers/core/instance.h"

static const char *
value(const char *name)
{
	const char *text = core_get(script.core, name);

	return text ? text : "(none)";
}

static struct loop *
begin(const struct driver *driver, const char *const *settings)
{
	struct loop *loop = fast_loop();

	cr_assert(test_core(loop, driver, settings));
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

static bool
fresh(void)
{
	return publish_is_fresh(script.core->publish);
}

Test(core, is_ready_after_the_first_round)
{
	struct loop *loop = begin(&test_driver, NULL);

	cr_expect_eq(script.ready, 1);
	cr_expect(fresh());
	cr_expect_str_eq(value("ups.status"), "OL");
	cr_expect_str_eq(value("device.mfr"), "Test");
	cr_expect_str_eq(value("device.type"), "ups");
	cr_expect_str_eq(value("driver.name"), "test-ups");
	cr_expect_str_eq(value("driver.version.internal"), "0.9");
	cr_expect_str_eq(value("driver.parameter.port"), "/dev/test");
	cr_expect_str_eq(value("driver.state"), "quiet");
	fast_pass(loop, 10000);
	cr_expect_eq(script.polls, 6);
	cr_expect_eq(script.ready, 1);
	end(loop);
}

/* Unknown is a state: what no device said is not published. */
Test(core, publishes_no_status_that_nobody_said)
{
	script.no_status = true;
	struct loop *loop = begin(&test_driver, NULL);

	fast_pass(loop, 5000);
	cr_expect_not(fresh());
	cr_expect_str_eq(value("ups.status"), "(none)");
	end(loop);
}

/* nutupsdrv(8), "Stale data": within 15 s; the recovery is logged once. */
Test(core, goes_stale_within_15_s_and_recovers)
{
	struct loop *loop = begin(&test_driver, NULL);
	int64_t lost_ms = fast_now_ms;

	script.lost_rounds = true;
	while (fresh() && fast_now_ms - lost_ms < 60000)
		loop_step(loop, 1000);
	cr_expect_leq(fast_now_ms - lost_ms, 15000);
	cr_expect_eq(logged("data are stale"), 1);
	fast_pass(loop, 20000);
	cr_expect_geq(script.opened, 2, "it is opened again when it lasts");
	cr_expect_eq(script.over, 0);
	script.lost_rounds = false;
	fast_pass(loop, 10000);
	cr_expect(fresh());
	cr_expect_eq(logged("data are fresh again"), 1);
	end(loop);
}

/* What the device said before the driver was stopped, or the host asleep, is no news: whoever
 * connects now must not be told that it is. */
Test(core, is_stale_after_a_gap_until_the_device_has_answered)
{
	struct loop *loop = begin(&test_driver, NULL);
	int polls = script.polls;

	script.lost_rounds = true;
	fast_now_ms += 60000;
	loop_step(loop, 0);
	cr_expect_eq(script.polls, polls + 1, "it is asked at once");
	cr_expect(!fresh());
	cr_expect_eq(script.closed, 0, "it was not mute: nobody asked");
	script.lost_rounds = false;
	fast_pass(loop, 3000);
	cr_expect(fresh());
	end(loop);
}

Test(core, a_round_without_end_is_stale_too)
{
	struct loop *loop = begin(&test_driver, NULL);

	script.no_end = true;
	fast_pass(loop, 15000);
	cr_expect_not(fresh());
	cr_expect_geq(script.opened, 2);
	end(loop);
}

/* */
Test(core, a_start_survives_10_s_of_silence)
{
	script.silent_until_ms = fast_now_ms + 10000;
	struct loop *loop = begin(&test_driver, NULL);

	cr_expect_eq(script.ready, 0);
	fast_pass(loop, 13000);
	cr_expect_eq(script.ready, 1);
	cr_expect_eq(script.over, 0);
	end(loop);
}

Test(core, a_start_is_given_up_after_20_s)
{
	script.silent_until_ms = INT64_MAX;
	struct loop *loop = begin(&test_driver, NULL);

	fast_pass(loop, 19000);
	cr_expect_eq(script.over, 0);
	fast_pass(loop, 3000);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 1);
	end(loop);
}

Test(core, a_port_that_cannot_be_opened_ends_the_start_at_once)
{
	script.cannot_open = true;
	struct loop *loop = begin(&test_driver, NULL);

	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 1);
	cr_expect_eq(logged("/dev/test: it is not there"), 1);
	end(loop);
}

Test(core, a_lost_port_is_stale_at_once_and_opened_again_for_ever)
{
	struct loop *loop = begin(&test_driver, NULL);

	core_port_lost(script.core, "the serial port has hung up");
	cr_expect_not(fresh());
	script.cannot_open = true;
	fast_pass(loop, 600000);
	cr_expect_eq(script.over, 0);
	cr_expect_eq(script.closed, 1);
	cr_expect_eq(logged("trying again") - logged("DEBUG"), logged("trying again"));
	cr_expect_str_eq(value("driver.state"), "reconnect.trying");
	script.cannot_open = false;
	fast_pass(loop, 6000);
	cr_expect(fresh());
	cr_expect_eq(script.opened, 2);
	end(loop);
}

Test(core, default_and_override)
{
	struct loop *loop =
	    begin(&test_driver, SETTINGS("default.ups.id=d", "default.battery.packs=3",
				    "override.ups.mfr=Mine", "override.device.mfr=Yours"));

	cr_expect_str_eq(value("ups.id"), "x");
	cr_expect_str_eq(value("battery.packs"), "3");
	cr_expect_str_eq(value("ups.mfr"), "Mine");
	cr_expect_str_eq(value("device.mfr"), "Yours");
	core_set(script.core, "ups.mfr", "Other");
	cr_expect_str_eq(value("ups.mfr"), "Mine");
	core_unset(script.core, "ups.id");
	cr_expect_str_eq(value("ups.id"), "d");
	end(loop);
}

Test(core, ignorelb_computes_low_battery)
{
	script.status = STATUS_OB | STATUS_LB;
	struct loop *loop =
	    begin(&test_driver, SETTINGS("ignorelb", "default.battery.charge.low=20"));

	cr_expect_str_eq(value("ups.status"), "OB");
	core_set(script.core, "battery.charge", "19.5");
	fast_pass(loop, 2500);
	cr_expect_str_eq(value("ups.status"), "OB LB");
	core_set(script.core, "battery.charge", "20");
	fast_pass(loop, 2500);
	cr_expect_str_eq(value("ups.status"), "OB");
	end(loop);
}

Test(core, values_are_cleaned)
{
	struct loop *loop = begin(&test_driver, NULL);

	core_set(script.core, "ups.model", "Smart\xc2\xa0UPS  ");
	cr_expect_str_eq(value("ups.model"), "Smart??UPS");
	core_set(script.core, "bad name", "1");
	cr_expect_str_eq(value("bad name"), "(none)");
	core_setf(script.core, "ups.load", "%.1f", 12.25);
	cr_expect_str_eq(value("ups.load"), "12.2");
	end(loop);
}

/* */
Test(core, alarms_are_published_with_the_status)
{
	struct loop *loop = begin(&test_driver, NULL);

	core_alarm(script.core, "Replace battery!");
	core_alarm(script.core, "Too hot!");
	for (int i = 0; i < 1000; i++)
		core_alarm(script.core, "and so on");
	fast_pass(loop, 2000);
	cr_expect_eq(strncmp(value("ups.alarm"), "Replace battery! Too hot! and so on", 35), 0);
	cr_expect_str_eq(value("ups.status"), "ALARM OL");
	fast_pass(loop, 2000);
	cr_expect_str_eq(value("ups.alarm"), "(none)");
	end(loop);
}

Test(core, secrets_are_not_published)
{
	struct loop *loop =
	    begin(&test_driver, SETTINGS("snmp_password=hush", "speed=9600", "loud"));

	cr_expect_str_eq(value("driver.parameter.snmp_password"), "(none)");
	cr_expect_str_eq(value("driver.parameter.speed"), "9600");
	cr_expect_str_eq(value("driver.flag.loud"), "enabled");
	cr_expect_eq(logged("hush"), 0);
	end(loop);
}

/* Read a ups.conf that holds TEXT. */
static struct drvconf *
read_conf(enum drvconf_task task, const char *text, struct faults *faults)
{
	const struct drvconf_args args = { .ups_name = "u", .task = task };
	struct drvconf *conf;
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s.conf", socket_path());
	file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
	conf = drvconf_read(&test_driver, &args, path, faults);
	unlink(path);
	return conf;
}

Test(core, another_section_keeps_no_ups_on)
{
	const char text[] = "[v]\n port = y\n no line\n[u]\n driver = test-ups\n port = /dev/x\n";
	struct faults faults = { 0 };
	struct drvconf *conf = read_conf(DRVCONF_RUN, text, &faults);

	cr_expect_null(conf);
	faults_free(&faults);
	conf = read_conf(DRVCONF_SHUTDOWN, text, &faults);
	cr_assert(conf);
	cr_expect_str_eq(conf->port, "/dev/x");
	cr_expect(faults.len > 0, "but it is told");
	drvconf_free(conf);
	faults_free(&faults);
	rmdir(test_folder);
}

Test(core, an_unknown_key_is_a_fault_with_file_and_line)
{
	struct faults faults = { 0 };

	cr_expect_null(read_conf(
	    DRVCONF_RUN, "[u]\n driver = test-ups\n port = /dev/x\n sped = 1\n", &faults));
	cr_assert(faults_first(&faults));
	cr_expect(
	    strstr(faults_first(&faults), "test-ups-u.conf:4: sped: not an option of test-ups"),
	    "%s", faults_first(&faults));
	faults_free(&faults);
	rmdir(test_folder);
}

static enum sockmsg_result last_result(struct loop *loop, int fd, const char *order);

static enum sockmsg_result
last_result(struct loop *loop, int fd, const char *order)
{
	char line[256];
	const char *answer, *result;

	snprintf(line, sizeof(line), "%s TRACKING t\n", order);
	answer = peer_says(loop, fd, line);
	result = strstr(answer, "TRACKING t ");
	return result ? (enum sockmsg_result)atoi(result + 11) : RESULT_PENDING;
}

static int
listen_and_connect(struct loop *loop)
{
	int fd;

	cr_assert(publish_listen(script.core->publish, socket_path(), (gid_t)-1));
	fd = peer_connect(socket_path());
	cr_assert_neq(fd, -1);
	peer_says(loop, fd, "NOBROADCAST\n");
	return fd;
}

static void
hang_up(int fd)
{
	close(fd);
	unlink(socket_path());
	rmdir(test_folder);
}

Test(core, orders_are_checked_before_the_driver_sees_them)
{
	struct loop *loop = begin(&test_driver, NULL);
	int fd = listen_and_connect(loop);

	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start 10"), RESULT_HANDLED);
	cr_expect_str_eq(script.order, "test.battery.start 10");
	cr_expect_eq(last_result(loop, fd, "INSTCMD Test.Battery.Start"), RESULT_HANDLED);
	cr_expect_str_eq(script.order, "test.battery.start -");
	script.order = NULL;
	cr_expect_eq(last_result(loop, fd, "INSTCMD no.such"), RESULT_UNKNOWN);
	cr_expect_eq(last_result(loop, fd, "SET no.such 1"), RESULT_UNKNOWN);
	cr_expect_eq(last_result(loop, fd, "SET ups.mfr X"), RESULT_INVALID);
	cr_expect_eq(last_result(loop, fd, "SET ups.id 123456789"), RESULT_INVALID);
	cr_expect_null(script.order);
	cr_expect_eq(last_result(loop, fd, "SET ups.id 12345678"), RESULT_HANDLED);
	cr_expect_str_eq(script.order, "ups.id 12345678");
	hang_up(fd);
	end(loop);
}

Test(core, a_pending_order_is_finished_later_or_fails_with_the_device)
{
	struct loop *loop = begin(&test_driver, NULL);
	int fd = listen_and_connect(loop);

	script.leave_pending = true;
	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_PENDING);
	core_finish(script.core, script.pending, RESULT_INVALID);
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "TRACKING t 2\nPONG\n");
	core_finish(script.core, script.pending, RESULT_INVALID);
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "PONG\n");
	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_PENDING);
	core_port_lost(script.core, "gone");
	fast_turn(loop, 1);
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "TRACKING t 3\nPONG\n");
	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_FAILED);
	hang_up(fd);
	end(loop);
}

/* */
Test(core, killpower_needs_its_flag)
{
	struct loop *loop = begin(&test_driver, NULL);
	int fd = listen_and_connect(loop);

	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.killpower"), RESULT_FAILED);
	cr_expect_eq(script.shutdowns, 0);
	cr_expect_eq(last_result(loop, fd, "SET driver.flag.allow_killpower 2"), RESULT_INVALID);
	cr_expect_eq(last_result(loop, fd, "SET driver.flag.allow_killpower 1"), RESULT_HANDLED);
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.killpower"), RESULT_HANDLED);
	cr_expect_eq(script.shutdowns, 1);
	cr_expect_eq(script.over, 0);
	hang_up(fd);
	end(loop);
}

Test(core, dash_k_identifies_and_then_cuts_the_power)
{
	struct loop *loop = fast_loop();

	cr_assert(test_core(loop, &test_driver, NULL));
	core_begin(script.core, true);
	fast_turn(loop, 3);
	cr_expect_eq(script.shutdowns, 1);
	cr_expect_eq(script.polls, 0);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 0);
	end(loop);
}

/* A device that is silent, and an order that is known nevertheless. */
static bool
knows_order(void *device)
{
	return true;
}

static struct driver
blind_driver(void)
{
	struct driver driver = test_driver;

	driver.shuts_down_blind = knows_order;
	return driver;
}

Test(core, dash_k_gives_the_order_to_a_silent_device_too)
{
	const struct driver driver = blind_driver();
	struct loop *loop = fast_loop();

	script.silent_until_ms = INT64_MAX;
	cr_assert(test_core(loop, &driver, NULL));
	core_begin(script.core, true);
	fast_turn(loop, 3);
	cr_expect_eq(script.shutdowns, 1);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 0);
	cr_expect_eq(logged("was sent, but not confirmed"), 1);
	end(loop);
}

Test(core, killpower_is_tried_while_the_device_is_being_opened_again)
{
	const struct driver driver = blind_driver();
	struct loop *loop = begin(&driver, SETTINGS("allow_killpower=1"));
	int fd = listen_and_connect(loop);

	script.silent_until_ms = INT64_MAX;
	core_port_lost(script.core, "gone");
	fast_pass(loop, 20000);
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.killpower"), RESULT_HANDLED);
	cr_expect_eq(script.shutdowns, 1);
	cr_expect_eq(logged("was sent, but not confirmed"), 1);
	cr_expect_eq(script.over, 0);
	script.cannot_open = true;
	fast_pass(loop, 20000);
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.killpower"), RESULT_FAILED);
	script.cannot_open = false;
	script.silent_until_ms = 0;
	fast_pass(loop, 20000);
	cr_expect(fresh(), "and it goes on");
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.killpower"), RESULT_HANDLED);
	cr_expect_eq(logged("was sent, but not confirmed"), 1);
	hang_up(fd);
	end(loop);
}

Test(core, only_so_many_orders_wait)
{
	struct loop *loop = begin(&test_driver, NULL);
	int fd = listen_and_connect(loop);

	script.leave_pending = true;
	for (int i = 0; i < CORE_ORDERS_MAX; i++)
		cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_PENDING);
	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_FAILED);
	cr_expect_eq(last_result(loop, fd, "SET ups.id b"), RESULT_FAILED);
	cr_expect_eq(last_result(loop, fd, "SET driver.debug 1"), RESULT_HANDLED);
	cr_expect_eq(logged("one more is refused"), 1);
	core_finish(script.core, script.pending, RESULT_HANDLED);
	cr_expect_str_eq(peer_says(loop, fd, "PING\n"), "TRACKING t 0\nPONG\n");
	cr_expect_eq(last_result(loop, fd, "INSTCMD test.battery.start"), RESULT_PENDING);
	hang_up(fd);
	end(loop);
}

static void
change(const char *const *settings)
{
	struct faults faults = { 0 };

	drvconf_free(script.newer);
	script.newer = test_conf(&test_driver, settings, &faults);
	faults_free(&faults);
}

Test(core, reload_takes_what_can_be_taken)
{
	struct loop *loop = begin(&test_driver, SETTINGS("speed=1", "override.ups.id=a"));
	int fd = listen_and_connect(loop);

	change(SETTINGS("speed=1", "pollinterval=5", "override.ups.id=b"));
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.reload-or-error"), RESULT_HANDLED);
	cr_expect_str_eq(value("ups.id"), "b");
	cr_expect_str_eq(value("driver.parameter.pollinterval"), "5");
	change(SETTINGS("speed=2", "pollinterval=7"));
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.reload-or-error"), RESULT_FAILED);
	cr_expect_str_eq(value("driver.parameter.pollinterval"), "5");
	change(SETTINGS("speed=2", "pollinterval=7"));
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.reload"), RESULT_HANDLED);
	cr_expect_str_eq(value("driver.parameter.pollinterval"), "7");
	cr_expect_str_eq(core_option(script.core, "speed"), "1");
	change(SETTINGS("nonsense=1"));
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.reload"), RESULT_FAILED);
	cr_expect_eq(script.over, 0);
	change(SETTINGS("speed=2"));
	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.reload-or-exit"), RESULT_HANDLED);
	cr_expect_eq(script.over, 1);
	hang_up(fd);
	end(loop);
}

Test(core, driver_exit_answers_and_ends)
{
	struct loop *loop = begin(&test_driver, NULL);
	int fd = listen_and_connect(loop);

	cr_expect_eq(last_result(loop, fd, "INSTCMD driver.exit"), RESULT_HANDLED);
	cr_expect_eq(script.over, 1);
	cr_expect_eq(script.status_code, 0);
	hang_up(fd);
	end(loop);
}

/* What -c, -k and a second instance do. */
Test(core, another_process_can_ask_and_hears_the_result)
{
	struct loop *loop = begin(&test_driver, NULL);
	struct instance instance = {
		.loop = loop, .socket = socket_path(), .pidfile = "/nowhere", .program = "test-ups"
	};
	int fd;

	cr_expect_eq(instance_ask(&instance, "INSTCMD driver.reload", 1000), INSTANCE_NONE);
	cr_expect(instance_end(&instance), "nobody is there");
	fd = listen_and_connect(loop);
	cr_expect_eq(instance_ask(&instance, "INSTCMD driver.reload", 1000), INSTANCE_FAILED);
	change(NULL);
	cr_expect_eq(instance_ask(&instance, "INSTCMD driver.reload", 1000), INSTANCE_DONE);
	script.leave_pending = true;
	cr_expect_eq(instance_ask(&instance, "INSTCMD test.battery.start", 1000), INSTANCE_MUTE);
	hang_up(fd);
	end(loop);
}

Test(core, a_source_that_says_stale_is_believed_at_once_and_so_is_its_recovery)
{
	struct loop *loop = begin(&test_driver, NULL);

	script.lost_rounds = true;
	core_stale(script.core, "DATA-STALE");
	cr_expect_not(fresh());
	fast_pass(loop, 5000);
	script.lost_rounds = false;
	fast_pass(loop, 2100);
	cr_expect(fresh());
	end(loop);
}
