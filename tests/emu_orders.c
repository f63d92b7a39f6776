/* Orders, the clock, scenarios and the control socket. */
#include "base/conn.h"
#include "base/log.h"
#include "emulators/control.h"
#include "emulators/scenario.h"
#include "tests/emutest.h"

#include <dirent.h>

#define DEVICE "model megatec\nups.load 50\n"

Test(emu_orders, change_what_they_say)
{
	begin(DEVICE);
	cr_expect_null(order("mains off"));
	cr_expect_str_eq(show("ups.status"), "OB");
	cr_expect_null(order("mains on"));
	cr_expect_null(order("mains voltage 180"));
	cr_expect_str_eq(show("input.voltage"), "180.0");
	cr_expect_null(order("mains frequency 51.2"));
	cr_expect_str_eq(show("input.frequency"), "51.2");
	cr_expect_null(order("load 80"));
	cr_expect_str_eq(show("ups.load"), "80.0");
	cr_expect_null(order("battery 20"));
	cr_expect_str_eq(show("battery.charge"), "20.00");
	cr_expect_null(order("output off"));
	cr_expect_str_eq(show("output"), "off");
	cr_expect_null(order("mute"));
	cr_expect_null(order("delay 1600"));
	cr_expect_str_eq(show("faults"), "mute, delay 1600");
	cr_expect_null(order("unmute"));
	cr_expect_str_eq(show("faults"), "delay 1600");
	cr_expect_null(order("clear"));
	cr_expect_str_eq(show("faults"), "none");
	cr_expect_null(order("hangup"));
	cr_expect_str_eq(show("port"), "unplugged");
	cr_expect_null(order("replug"));
	cr_expect_str_eq(show("port"), "ear");
	end();
}

Test(emu_orders, that_are_wrong_change_nothing)
{
	static const char *const wrong[] = { "mains", "mains sideways", "mains voltage",
		"mains voltage x", "load", "load 500", "load -1", "battery 101", "battery health 0",
		"output maybe", "speed 0", "speed nan", "show no.such.name", "dance", "clear all",
		"beeper loud" };

	begin(DEVICE);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		cr_expect_not_null(order(wrong[i]), "%s", wrong[i]);
	cr_expect_str_eq(show("ups.status"), "OL");
	cr_expect_str_eq(show("ups.load"), "50.0");
	end();
}

Test(emu_orders, speed_makes_battery_time_pass_faster)
{
	begin(DEVICE);
	order("speed 60");
	pass(10);
	cr_expect_str_eq(show("clock"), "600.0");
	order("speed 1");
	pass(10);
	cr_expect_str_eq(show("clock"), "610.0");
	end();
}

Test(emu_orders, late_slow_and_paced_answers)
{
	begin(DEVICE);
	order("delay 1600");
	cr_expect_str_eq(ask("Q1\r"), "");
	pass(1.599);
	cr_expect_eq(got_len, 0);
	pass(0.001);
	cr_expect_eq(got_len, 47);
	order("clear");
	order("slow 4");
	ask("Q1\r");
	cr_expect_eq(got_len, 1);
	pass(0.1);
	cr_expect_eq(got_len, 26);
	pass(0.1);
	cr_expect_eq(got_len, 47);
	order("clear");
	order("pace on"); /* 2400 baud: 4.17 ms a byte */
	ask("Q1\r");
	pass(0.19);
	cr_expect_eq(got_len, 46);
	pass(0.01);
	cr_expect_eq(got_len, 47);
	end();
}

Test(emu_orders, unplugged_it_loses_what_was_on_its_way)
{
	begin(DEVICE);
	order("delay 500");
	ask("Q1\r");
	order("hangup");
	order("replug");
	pass(1);
	cr_expect_eq(got_len, 0);
	end();
}

Test(emu_orders, say_speaks_unasked)
{
	begin(DEVICE);
	ask("");
	cr_expect_null(order("say \"!$\\\\r\\\\x00x\""));
	cr_expect_eq(got_len, 5);
	cr_expect_arr_eq(got, "!$\r\0x", 5);
	end();
}

Test(emu_orders, what_is_too_long_to_say_is_not_cut)
{
	char text[1100] = "say ";

	begin(DEVICE);
	ask("");
	memset(text + 4, 'x', 1025);
	cr_expect_not_null(order(text));
	cr_expect_eq(got_len, 0);
	end();
}

/* ---- scenarios ---- */

static struct emu_scenario *
scenario(const char *text)
{
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("s", text, strlen(text));
	struct emu_scenario *read = emu_scenario_read(file, &faults);

	conffile_close(file);
	faults_free(&faults);
	return read;
}

static int warnings;

static void
count_warnings(void *owner, enum log_level level, const char *line)
{
	warnings += level <= LOG_LEVEL_WARNING;
}

Test(emu_scenario, durations)
{
	cr_expect_eq(emu_duration_ms("500ms"), 500);
	cr_expect_eq(emu_duration_ms("2s"), 2000);
	cr_expect_eq(emu_duration_ms("1m30s"), 90000);
	cr_expect_eq(emu_duration_ms("1.5h"), 5400000);
	cr_expect_eq(emu_duration_ms("2"), -1);
	cr_expect_eq(emu_duration_ms(""), -1);
	cr_expect_eq(emu_duration_ms("s"), -1);
	cr_expect_eq(emu_duration_ms("2x"), -1);
	cr_expect_eq(emu_duration_ms("-2s"), -1);
	cr_expect_eq(emu_duration_ms("999999999h"), -1, "31 years are the most");
}

Test(emu_scenario, bad_lines_are_refused)
{
	cr_expect_null(scenario("mains off\n"));
	cr_expect_null(scenario("at 2 mains off\n"));
	cr_expect_null(scenario("at 2s\n"));
	cr_expect_null(scenario("at 5s mains off\nat 2s mains on\n"));
	cr_expect_null(scenario("time flies\n"));
}

Test(emu_scenario, every_file_of_ours_reads_and_its_orders_are_obeyed)
{
	DIR *all = opendir("emulators/scenarios");

	cr_assert_not_null(all, "run from the top of the tree");
	for (struct dirent *entry; (entry = readdir(all));) {
		struct faults faults = { 0 };
		char name[512];

		if (!strstr(entry->d_name, ".scenario"))
			continue;
		snprintf(name, sizeof(name), "emulators/scenarios/%s", entry->d_name);
		struct conffile *file = conffile_open(name);
		struct emu_scenario *s = emu_scenario_read(file, &faults);

		conffile_close(file);
		cr_assert_not_null(s, "%s", faults.len ? faults.list[0].text : name);
		begin(DEVICE);
		warnings = 0;
		log_set(&(struct log_settings){ .name = "test", .sink = count_warnings });
		emu_speed(emu, 100);
		emu_scenario_start(s, emu);
		pass(60);
		cr_expect(emu_scenario_over(s), "%s", name);
		cr_expect_eq(warnings, 0, "%s", name);
		emu_scenario_free(s);
		end();
	}
	closedir(all);
}

/* To the step, however coarse the loop's turns: at speed 1000 one of its ticks is 50 s. */
Test(emu_scenario, virtual_time_is_exact_at_any_speed)
{
	static const char text[] = "at 10s load 80\nafter 5s mains off\nafter 4m mains on\n";
	double charge[2];

	for (int i = 0; i < 2; i++) {
		begin(DEVICE);
		struct emu_scenario *s = scenario(text);

		emu_speed(emu, i ? 1000 : 1);
		emu_scenario_start(s, emu);
		pass(i ? 0.25 : 250);
		cr_expect_not(emu_scenario_over(s));
		pass(i ? 0.02 : 10);
		cr_expect(emu_scenario_over(s));
		pass(i ? 0.03 : 40);
		charge[i] = emu_battery(emu)->charge;
		cr_expect_str_eq(show("clock"), "300.0");
		emu_scenario_free(s);
		end();
	}
	cr_expect_lt(charge[0], 0.9);
	cr_expect_eq(charge[0], charge[1]);
}

Test(emu_scenario, real_time_does_not_mind_the_speed)
{
	begin(DEVICE);
	struct emu_scenario *s = scenario("time real\nat 2s mains off\n");

	emu_speed(emu, 1000);
	emu_scenario_start(s, emu);
	pass(1.9);
	cr_expect_str_eq(show("mains"), "on");
	pass(0.2);
	cr_expect_str_eq(show("mains"), "off");
	emu_scenario_free(s);
	end();
}

/* ---- the control socket ---- */

static char folder[] = "/tmp/emu-orders-XXXXXX", path[64];
static struct emu_control *control;
static struct conn *peer;
static char answer[8192];
static bool hung_up;

static size_t
hear_answer(void *owner, char *bytes, size_t len)
{
	size_t have = strlen(answer);

	cr_assert_lt(have + len, sizeof(answer));
	memcpy(answer + have, bytes, len);
	answer[have + len] = '\0';
	return len;
}

static void
hear_end(void *owner, const char *why)
{
	hung_up = true;
}

static const struct conn_calls peer_calls = { .input = hear_answer, .closed = hear_end };

static void
open_control(void)
{
	struct addr at;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/ctl", folder);
	begin(DEVICE);
	control = emu_control_new(emu, path);
	cr_assert_not_null(control);
	cr_assert(addr_unix(&at, path));
	int fd = fast_world.connect(fast_world.owner, &at);

	cr_assert_neq(fd, -1);
	peer = conn_new(emu_test_loop, fd, true, 4096, &peer_calls, NULL);
}

static void
close_control(void)
{
	conn_free(peer);
	emu_control_free(control);
	cr_expect_neq(access(path, F_OK), 0, "the socket is gone");
	rmdir(folder);
	fast_turn(emu_test_loop, 2);
	end();
}

static const char *
tell(const char *line)
{
	answer[0] = '\0';
	conn_send_text(peer, line);
	fast_turn(emu_test_loop, 6);
	return answer;
}

Test(emu_control, answers_each_line)
{
	open_control();
	cr_expect_str_eq(tell("load 33\n"), "OK\n");
	cr_expect_str_eq(tell("show ups.load\n"), "33.0\nOK\n");
	cr_expect_str_eq(tell("load lots\n"), "ERR not a number, or one that cannot be\n");
	cr_expect_str_eq(tell("fly\n\nmains off\n"), "ERR no such order; help lists them\nOK\n");
	cr_expect_str_eq(
	    tell("say \"open\n"), "ERR a quote is still open at the end of the line\n");
	cr_expect_not_null(strstr(tell("show\n"), "ups.status OB\n"));
	cr_expect_not_null(strstr(tell("help\n"), "garble N: "));
	close_control();
}

Test(emu_control, wait_answers_when_it_happens)
{
	open_control();
	cr_expect_str_eq(tell("speed 60\nmains off\nload 90\nwait battery.charge < 50\nload 1\n"),
	    "OK\nOK\nOK\n", "what comes behind the wait waits as well");
	for (int i = 0; i < 600 && !strstr(answer, "OK\nOK\nOK\nOK\nOK\n"); i++)
		pass(1);
	cr_expect_str_eq(answer, "OK\nOK\nOK\nOK\nOK\n");
	double charge = emu_battery(emu)->charge;

	cr_expect(charge > 0.40 && charge < 0.50, "%f", charge);
	cr_expect_str_eq(tell("wait mains off\n"), "OK\n", "it is so already");
	cr_expect_str_eq(tell("wait mains on within 2\n"), "");
	pass(3);
	cr_expect_str_eq(answer, "ERR it did not happen in time\n");
	cr_expect_str_eq(tell("wait nothing on\n"), "ERR no such name or relation\n");
	close_control();
}

Test(emu_control, an_asker_may_leave_while_it_waits)
{
	open_control();
	tell("wait mains off\n");
	conn_free(peer);
	peer = NULL;
	fast_turn(emu_test_loop, 4);
	order("mains off");
	fast_turn(emu_test_loop, 4);
	close_control();
}

Test(emu_control, a_line_without_end_is_cut_off)
{
	char lots[9000];

	open_control();
	memset(lots, 'x', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	tell(lots);
	fast_turn(emu_test_loop, 10);
	cr_expect(hung_up);
	close_control();
}
