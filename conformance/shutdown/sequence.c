/* How a host shuts down, and upsmon's commands: docs/shutdown.md, "The sequence". */
#include "conformance/story.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/talk.h"

/* ---- Several hosts on one UPS, with the target's own upsd ---- */

static bool
ran(struct bench *bench, const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "%s.ran", name);
	return *get_file(bench, file) != '\0';
}

static void
wait_ran(struct bench *bench, const char *name, int ms)
{
	int64_t end = now_ms() + ms;

	while (!ran(bench, name)) {
		need(bench, now_ms() < end, "%s does not shut down", name);
		bench_turn(bench, 20);
	}
}

static struct process *
begin_host(
    struct bench *bench, const char *name, const char *user, const char *role, const char *lines)
{
	char text[512];

	snprintf(text, sizeof(text), "MONITOR bench@127.0.0.1:%d 1 %s monsecret %s\n%s",
	    bench->port, user, role, lines);
	monitor_files(bench, name, text);
	return launch_upsmon(bench, name, NULL);
}

/* upsd, and its only driver; three hosts, logged in. */
static void
begin_hosts(struct bench *bench, struct process *hosts[3], const char *lines)
{
	struct conn *conn;

	fake_add(bench, "bench", stock_dump);
	start_upsd(bench);
	hosts[0] = begin_host(bench, "first", "mon", "primary", lines);
	hosts[1] = begin_host(bench, "second", "mon2", "secondary", lines);
	hosts[2] = begin_host(bench, "third", "mon2", "secondary", lines);
	conn = dial(bench);
	ask_until(bench, conn, "GET NUMLOGINS bench", "NUMLOGINS bench 3", 10000);
	hang_up(bench, conn);
}

static void
expect_ends(struct process *hosts[3])
{
	for (int i = 0; i < 3; i++)
		hosts[i]->expected = true;
}

static void
secondaries_go_first(struct bench *bench)
{
	struct process *hosts[3];

	begin_hosts(bench, hosts, "HOSTSYNC 10\n");
	fake_say(bench, fake_get(bench, "bench"), "SETINFO ups.status \"OB LB\"");
	wait_ran(bench, "first", 9000);
	need(bench, ran(bench, "second") && ran(bench, "third"),
	    "the primary shuts down before its secondaries");
	need(bench, !strncmp(get_file(bench, "first.ran"), "flag", 4),
	    "the primary's POWERDOWNFLAG is not set");
	need(bench, !strncmp(get_file(bench, "second.ran"), "noflag", 6),
	    "a secondary sets its POWERDOWNFLAG");
	expect_ends(hosts);
}

static void
one_that_stays_is_not_waited_for(struct bench *bench)
{
	struct process *hosts[3];
	int64_t begin;

	begin_hosts(bench, hosts, "");
	kill(-hosts[2]->pid, SIGSTOP);
	begin = now_ms();
	fake_say(bench, fake_get(bench, "bench"), "SETINFO ups.status \"OB LB\"");
	wait_ran(bench, "first", 10000);
	need(bench, now_ms() - begin >= 2000, "the primary does not wait HOSTSYNC");
	need(bench, ran(bench, "second"), "the other secondary does not shut down");
	kill(-hosts[2]->pid, SIGCONT);
	wait_ran(bench, "third", 5000);
	expect_ends(hosts);
}

static void
a_command_on_a_secondary_is_its_own_affair(struct bench *bench)
{
	struct process *hosts[3];

	begin_hosts(bench, hosts, "");
	kill(upsmon_pid(bench, "second"), SIGUSR1);
	wait_ran(bench, "second", 6000);
	bench_idle(bench, 2500);
	need(bench, !ran(bench, "first") && !ran(bench, "third"), "others shut down, too");
	expect_ends(hosts);
}

static void
old_flag(struct bench *bench, mode_t type)
{
	char text[256];

	snprintf(text, sizeof(text), "MONITOR bench@127.0.0.1:%d 1 mon monsecret primary\n",
	    bench->port);
	monitor_files(bench, "mon", text);
	if (type == S_IFLNK) {
		put_file(bench, "victim", "precious\n");
		need(bench, !symlink(path_of(bench, "victim"), path_of(bench, "mon.flag")),
		    "suite: symlink");
	} else {
		put_file(bench, "mon.flag", "precious\n");
	}
	fake_add(bench, "bench", stock_dump);
	start_upsd(bench);
	launch_upsmon(bench, "mon", NULL)->expected = true;
	fake_say(bench, fake_get(bench, "bench"), "SETINFO ups.status \"OB LB\"");
	wait_ran(bench, "mon", 10000);
	need(bench, !strcmp(get_file(bench, type == S_IFLNK ? "victim" : "mon.flag"), "precious\n"),
	    "somebody's file is overwritten");
}

static void
flag_never_through_a_link(struct bench *bench)
{
	old_flag(bench, S_IFLNK);
}

static void
flag_never_into_a_file(struct bench *bench)
{
	old_flag(bench, S_IFREG);
}

static const struct test_case cases[] = {
	{ "shutdown/order/1", MUST, "M-13",
	    "FSD is sent for every UPS we are primary of, and for no other",
	    .story = "server b secondary\nserver c\nconf MINSUPPLIES 3\nstart\nis OB "
		     "LB\nshut\nheard FSD u\nc heard FSD u\nb unheard FSD u\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/2", MUST, "M-14 R-53",
	    "a primary goes on as soon as nobody else is logged in",
	    .story = "conf HOSTSYNC 60\nothers 2\nstart\nis OB LB\nheard FSD u\nup 1500\nothers "
		     "0\nshut 3000\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/3", MUST, "M-14 R-53", "HOSTSYNC is the end of its patience",
	    .story = "others 2\nstart\nis OB LB\nheard FSD u\nup 1500\nshut 5000\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/order/4", MUST, "M-14", "a secondary waits for nobody",
	    .story = "role secondary\nconf HOSTSYNC 60\nothers 2\nstart\nis FSD OB LB\nshut "
		     "4000\nunheard FSD u\nnoflag\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/5", MUST, "M-15", "FINALDELAY lies between SHUTDOWN and SHUTDOWNCMD",
	    .story = "conf FINALDELAY 3\nstart\nis OB LB\ntold SHUTDOWN\nup 2000\nshut 4000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/order/6", MUST, "M-15", "SHUTDOWNCMD is a line for /bin/sh",
	    .story = "conf SHUTDOWNCMD \"true && { DIR/mon-shut; }\"\nstart\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/7", MUST, "M-17", "afterwards it logs out by closing, and ends with 0",
	    .story = "start\nlogin 1\nis OB LB\nshut\nlogin 0\nends 0\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/order/8", MUST, "M-17 R-53", "SHUTDOWNEXIT no: it stays logged in",
	    .story = "conf SHUTDOWNEXIT no\nstart\nlogin 1\nis OB LB\nshut\nafter 2500\nlogin "
		     "1\nlives\nuntold NOPARENT\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/order/9", MUST, "M-17 R-53", "SHUTDOWNEXIT 3: for so long",
	    .story = "conf SHUTDOWNEXIT 3\nstart\nlogin 1\nis OB LB\nshut\nafter 1500\nlogin "
		     "1\nlogin 0\nends 0\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/order/10", MUST, "R-54", "a SHUTDOWNCMD that fails is run again",
	    .story = "conf SHUTDOWNCMD \"test -e DIR/tried && DIR/mon-shut\"\nstart\nis OB LB\nlog "
		     "automatic power-fail\nafter 1000\nfile tried x\nshut 20000\nflag\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/order/11", MUST, "R-50 M-14",
	    "an upsd that dies while secondaries are waited for does not stop it",
	    .story = "conf HOSTSYNC 4\nothers 2\nstart\nis OB LB\nheard FSD u\nvanish\nshut 8000\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/12", MUST, "M-14", "nor does one that freezes",
	    .story =
		"conf HOSTSYNC 3\nothers 2\nstart\nis OB LB\nheard FSD u\nfreeze\nshut 15000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/order/13", MUST, "M-28 R-100", "a server that knows MASTER only",
	    .story = "old\nstart\nheard PRIMARY u\nheard MASTER u\nis OB LB\nshut\nheard FSD u\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/14", MUST, "M-28 R-100",
	    "master and slave in MONITOR are primary and secondary",
	    .story = "role master\nserver b slave\nconf MINSUPPLIES 2\nstart\nis OB "
		     "LB\nshut\nheard FSD u\nb unheard FSD u\nflag\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/order/15", MUST, "R-62",
	    "a LOGIN that is refused is told of, and the UPS is watched all the same",
	    .story =
		"refuse\nrole secondary\nstart\nlog ogin on UPS\npolls 2\nlives\nis FSD OB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },

	{ "shutdown/hosts/1", MUST, "M-14 R-53 R-55",
	    "three hosts: secondaries first, then the primary, POWERDOWNFLAG by it alone",
	    .run = secondaries_go_first, .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/hosts/2", MUST, "R-53", "three hosts, one stopped: the primary waits HOSTSYNC",
	    .run = one_that_stays_is_not_waited_for, .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/hosts/3", MUST, "M-13 M-18",
	    "`-c fsd' on a secondary shuts that host down, and no other",
	    .run = a_command_on_a_secondary_is_its_own_affair, .kind = EMPTY,
	    .flags = SLOW | BRIEF },

	{ "shutdown/flag/1", MUST, "R-55", "POWERDOWNFLAG is not written through a link",
	    .run = flag_never_through_a_link, .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/flag/2", MUST, "R-55", "nor into a file that is something else",
	    .run = flag_never_into_a_file, .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/flag/3", MUST, "R-55 M-16", "a secondary does not set it",
	    .story =
		"role secondary\nstart\nis FSD OL\nshut\nnoflag\nafter 300\nmissing mon.flag\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/flag/4", MUST, "M-20", "one that an earlier shutdown left is removed at start",
	    .story = "file mon.flag upsmon-shutdown-file\nstart\nmissing mon.flag\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/flag/5", MUST, "M-19", "-K: 0 when it is set by a shutdown",
	    .story = "start\nis OB LB\nshut\nends 0\ncommand 0 -K\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/flag/6", MUST, "M-19", "-K: not 0 when it is not there",
	    .story = "command 1 -K\n", .kind = EMPTY },
	{ "shutdown/flag/7", MUST, "M-19 R-55", "-K: not 0 when it is some other file",
	    .story = "file mon.flag precious\ncommand 1 -K\nexists mon.flag\n", .kind = EMPTY },
	{ "shutdown/flag/8", MUST, "M-19 R-55",
	    "-K: not 0 when the magic text is only a part of it",
	    .story = "file mon.flag my upsmon-shutdown-file\ncommand 1 -K\n", .kind = EMPTY },
	{ "shutdown/flag/9", MUST, "M-19", "-K: not 0 when it is not configured",
	    .story = "noconf POWERDOWNFLAG\nfile mon.flag upsmon-shutdown-file\ncommand 1 -K\n",
	    .kind = EMPTY },
	{ "shutdown/flag/10", MUST, "R-56", "a primary without POWERDOWNFLAG does not start",
	    .story = "noconf POWERDOWNFLAG\nlaunch\nends 1\n", .kind = EMPTY },

	{ "shutdown/command/1", MUST, "M-18", "`-c fsd' shuts down: FSD first, POWERDOWNFLAG set",
	    .story = "start\npolls 1\nafter 300\ncommand 0 -c fsd\nshut\nheard FSD u\nflag\nonce\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/2", MUST, "M-18", "so does SIGUSR1",
	    .story = "start\npolls 1\nafter 300\nsignal USR1\nshut\nheard FSD u\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/command/3", MUST, "M-18", "`-c stop' ends it, and shuts nothing down",
	    .story = "start\nlogin 1\ncommand 0 -c stop\nends 0\nlogin 0\nup 500\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/command/4", MUST, "M-18", "a command without a daemon ends with 1",
	    .story = "command 1 -c fsd\ncommand 1 -c stop\ncommand 1 -c reload\n", .kind = EMPTY },
	{ "shutdown/command/5", MUST, "M-18", "the first letters of a command will do",
	    .story = "start\nlogin 1\ncommand 0 -c st\nends 0\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/command/6", MUST, "M-18", "a word that is no command is an error",
	    .story = "command 2 -c nonsense\n", .kind = EMPTY },
	{ "shutdown/command/7", MUST, "M-29",
	    "`-c reload' takes a new configuration and keeps the connection",
	    .story =
		"start\nlogin 1\nconf NOTIFYMSG ONBATT \"changed %s\"\ncommand 0 -c reload\nafter "
		"1500\nis OB\ntold 1 ONBATT |changed u\nlogin 1\nuntold COMMBAD\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/8", MUST, "M-29 R-51",
	    "a faulty configuration is refused whole, and the old one stays",
	    .story = "start\nlogin 1\nconf NOTIFYMSG ONBATT \"changed %s\"\nconf DEADTIME "
		     "nonsense\ncommand * -c reload\nafter 1500\nis OB\ntold 1 ONBATT |UPS "
		     "u\nlives\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/9", MUST, "M-20",
	    "too few power values for MINSUPPLIES: it does not start",
	    .story = "conf MINSUPPLIES 2\nlaunch\nends 1\n", .kind = EMPTY },
	{ "shutdown/command/10", MUST, "M-18",
	    "a second upsmon does not start, and the first lives",
	    .story = "start\nlogin 1\ncommand 1 -F\nlives\npolls 1\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/command/11", MUST, "R-60",
	    "a pid file of a stranger: it starts, and no command reaches him",
	    .story = "stranger\ncommand 1 -c stop\nstart\nlogin 1\nlives\n", .kind = EMPTY,
	    .flags = SLOW | BRIEF },
	{ "shutdown/command/22", MUST, "M-13 M-18",
	    "a forced shutdown while PRIMARY is not answered yet still sends FSD",
	    .story = "conf HOSTSYNC 5\nothers 1\ndrip 60\nlaunch\nheard PRIMARY u\nsignal "
		     "USR1\nheard FSD u\n"
		     "others 0\nshut\nflag\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/command/23", MUST, "M-32",
	    "a monitoring process that died is started again, with the newest configuration",
	    .story = "start\nlogin 1\nconf NOTIFYMSG ONBATT \"changed %s\"\ncommand 0 -c "
		     "reload\nafter 500\n"
		     "signal KILL\nlogin 0\nlogin 1\nis OB\ntold 1 ONBATT |changed u\nlives\nis OB "
		     "LB\nshut\nflag\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/poll/1", MUST, "M-31",
	    "POLLFREQ in peace, POLLFREQALERT while anything is wrong anywhere",
	    .story = "conf POLLFREQ 2\nserver b\nstart\na polls 1\na paced 1 1300 3500\nb is OB\nb "
		     "told ONBATT\n"
		     "a polls 1\na paced 3 2000 4000\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/poll/2", MUST, "M-31", "from OB LB to FSD: POLLFREQALERT and a second",
	    .story = "start\nis OB\npolls 3\npatience 2500\nis OB LB\nheard FSD u\n", .kind = EMPTY,
	    .flags = SLOW },
	{ "shutdown/command/24", MUST, "M-29",
	    "`-c reload' says when the configuration cannot be used",
	    .story = "start\nlogin 1\nconf DEADTIME nonsense\ncommand 1 -c reload\nlives\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/25", SHOULD, "M-29",
	    "a reload says of another POWERDOWNFLAG that it is read at start only",
	    .story = "start\nlogin 1\nconf POWERDOWNFLAG DIR/other\ncommand 0 -c reload\n"
		     "log POWERDOWNFLAG is read at start only\nlives\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/14", MUST, "M-29", "a reload that adds a UPS watches it, too",
	    .story =
		"start\nlogin 1\nserver b\nconf MINSUPPLIES 2\ncommand 0 -c reload\nb login 1\n"
		"b polls 2\nb is OB LB\nshut\nb heard FSD u\na heard FSD u\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/15", MUST, "M-29",
	    "one that removes a UPS logs out of it and cares no more",
	    .story =
		"server b\nstart\na login 1\nb login 1\nb is OB LB\nb polls 2\ndrop b\n"
		"command 0 -c reload\nb login 0\na polls 3\na login 1\nup 500\na untold COMMBAD\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/command/16", MUST, "R-51",
	    "a reload while secondaries are waited for stops nothing",
	    .story = "conf HOSTSYNC 4\nothers 2\nstart\nis OB LB\nheard FSD u\n"
		     "conf NOTIFYMSG ONBATT \"changed %s\"\ncommand 0 -c reload\nshut "
		     "8000\nonce\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/command/17", MUST, "R-51",
	    "nor does one that removes the UPS which is the reason",
	    .story =
		"conf HOSTSYNC 4\nserver b\nconf MINSUPPLIES 2\na others 2\nb others 2\nstart\n"
		"b is OB LB\nb heard FSD u\nconf MINSUPPLIES 1\ndrop b\ncommand 0 -c reload\nshut "
		"8000\nonce\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/command/18", MUST, "R-51", "SIGTERM while secondaries are waited for ends it",
	    .story = "conf HOSTSYNC 60\nothers 2\nstart\nis OB LB\nheard FSD u\ncommand 0 -c stop\n"
		     "ends 0\nlogin 0\nup 1500\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/19", MUST, "M-18", "-P names the process, whatever the pid file says",
	    .story = "start\nlogin 1\ncommand 1 -P 999999 -c fsd\nlives\ncommand 0 -P PID -c "
		     "fsd\nshut\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/20", MUST, "M-15 M-16", "-p: one process does it all",
	    .story = "option -p\nstart\nlogin 1\nis OB LB\nshut\nflag\nheard FSD u\nonce\nends 0\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/21", MUST, "M-30",
	    "-R rehearses: told and logged, but no FSD, POWERDOWNFLAG or SHUTDOWNCMD",
	    .story = "option -R\nstart\nlogin 1\nis OB LB\ntold SHUTDOWN\nlog rehearsal\nup 1500\n"
		     "unheard FSD u\nmissing mon.flag\nends 0\n",
	    .kind = EMPTY, .flags = SLOW | BRIEF },
	{ "shutdown/command/12", MUST, "R-52",
	    "a stop of ten seconds on battery is no lost communication",
	    .story = "start\nis OB\npolls 2\nsignal STOP\nafter 10000\nsignal CONT\npolls 2\nup "
		     "500\nis OB LB\nshut\n",
	    .kind = EMPTY, .flags = SLOW },
	{ "shutdown/command/13", MUST, "R-63 R-57",
	    "its descriptors stay as many while the link flaps",
	    .story =
		"start\npolls 1\nfiles\nhangup\npolls 1\nhangup\npolls 1\nhangup\npolls 2\nfiles\n",
	    .kind = EMPTY, .flags = SLOW },
};

SECTION(shutdown_sequence);
