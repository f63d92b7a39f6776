/* docs/man/upsmon.conf.5 */
#include "upsmon/monconf.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDARY "MONITOR a@h 1 u p secondary\nSHUTDOWNCMD \"/bin/true\"\n"

static struct monconf *
parse(const char *text, struct faults *faults)
{
	struct conffile *file = conffile_from("upsmon.conf", text, strlen(text));
	struct monconf *conf;

	cr_assert(file);
	conf = monconf_from(file, faults);
	conffile_close(file);
	return conf;
}

Test(monconf, what_is_not_said_has_its_documented_value)
{
	struct faults faults = { 0 };
	struct monconf *conf = parse(SECONDARY, &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_eq(conf->min_supplies, 1);
	cr_expect_eq(conf->pollfreq_s, 5);
	cr_expect_eq(conf->deadtime_s, 15);
	cr_expect_eq(conf->hostsync_s, 15);
	cr_expect_eq(conf->offduration_s, 30);
	cr_expect_eq(conf->overduration_s, -1);
	cr_expect(conf->alarm_critical && conf->shutdown_exit);
	cr_expect_eq(conf->notify[NOTIFY_ONBATT].flags, NOTIFY_SYSLOG | NOTIFY_WALL);
	monconf_free(conf);
	faults_free(&faults);
}

Test(monconf, a_monitor_line_is_taken_apart)
{
	struct faults faults = { 0 };
	struct monconf *conf =
	    parse("MONITOR su700@[2001:db8::1]:3494 2 mon \"pa ss\" master\n"
		  "MINSUPPLIES 2\nSHUTDOWNCMD /sbin/shutdown -h +0\nPOWERDOWNFLAG /etc/killpower\n",
		&faults);

	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_str_eq(conf->monitors[0].at.ups, "su700");
	cr_expect_str_eq(conf->monitors[0].at.host, "2001:db8::1");
	cr_expect_eq(conf->monitors[0].at.port, 3494);
	cr_expect_str_eq(conf->monitors[0].password, "pa ss");
	cr_expect(conf->monitors[0].primary);
	cr_expect_eq(conf->monitors[0].power_value, 2);
	cr_expect_str_eq(conf->shutdown_cmd, "/sbin/shutdown -h +0");
	monconf_free(conf);
	faults_free(&faults);
}

Test(monconf, each_fault_names_its_line)
{
	static const struct {
		const char *text, *fault;
	} rows[] = {
		{ SECONDARY "DEADTIME x\n", "upsmon.conf:3: DEADTIME takes" },
		{ SECONDARY "DEADTIME\n", "upsmon.conf:3: DEADTIME takes" },
		{ SECONDARY "MONITOR a@h 1 u p secondary\n", "upsmon.conf:3: a@h is monitored" },
		{ "MONITOR @h 1 u p secondary\n", "upsmon.conf:1: @h:" },
		{ "MONITOR a@h one u p secondary\n", "upsmon.conf:1: a@h: the power value" },
		{ "MONITOR a@h 1 u p boss\n", "upsmon.conf:1: a@h: write primary" },
		{ "MONITOR a@h u p secondary\n", "upsmon.conf:1: MONITOR takes" },
		{ SECONDARY "NOTIFYFLAG ONBATT SYSLOG+FAX\n", "upsmon.conf:3: SYSLOG+FAX" },
		{ SECONDARY "NOTIFYMSG ONBATT \"open\n", "upsmon.conf:3:" },
		{ SECONDARY "MINSUPPLIES 2\n", "upsmon.conf: the power values add up to 1" },
		{ "MONITOR a@h 1 u p secondary\n", "upsmon.conf: no SHUTDOWNCMD" },
		/* robustness 56 */
		{ "MONITOR a@h 1 u p secondary\nSHUTDOWNCMD \" \"\n",
		    "upsmon.conf: no SHUTDOWNCMD" },
		{ "MONITOR a@h 1 u p primary\nSHUTDOWNCMD x\n", "upsmon.conf: no POWERDOWNFLAG" },
		{ SECONDARY "POWERDOWNFLAG killpower\n",
		    "upsmon.conf:3: POWERDOWNFLAG takes a path that begins with /" },
		{ "SHUTDOWNCMD x\n", "upsmon.conf: no MONITOR line" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct faults faults = { 0 };

		cr_expect_null(parse(rows[i].text, &faults), "%s", rows[i].text);
		cr_expect(faults_first(&faults) &&
			      !strncmp(faults_first(&faults), rows[i].fault, strlen(rows[i].fault)),
		    "%s: %s", rows[i].text, faults_first(&faults));
		faults_free(&faults);
	}
}

Test(monconf, a_word_of_another_release_is_a_warning_only)
{
	struct faults faults = { 0 };
	struct monconf *conf =
	    parse(SECONDARY "NEWTHING 1\nNOTIFYMSG ONFIRE x\nNOTIFYFLAG ONFIRE EXEC\n", &faults);

	cr_expect(conf);
	cr_expect_eq(faults.len, 3);
	for (size_t i = 0; i < faults.len; i++)
		cr_expect(faults.list[i].warning, "%s", faults.list[i].text);
	monconf_free(conf);
	faults_free(&faults);
}

Test(monconf, a_host_that_is_only_watched_needs_no_command)
{
	struct faults faults = { 0 };
	struct monconf *conf = parse("MINSUPPLIES 0\nMONITOR a@h 0 u p secondary\n", &faults);

	cr_expect(conf, "%s", faults_first(&faults));
	monconf_free(conf);
	faults_free(&faults);
}

/* What the privileged process began with is what there is. */
Test(monconf, what_a_reload_asks_for_must_have_been_there_at_the_start)
{
	struct faults faults = { 0 };
	struct monconf *conf =
	    parse("MONITOR a@h 1 u p primary\nSHUTDOWNCMD x\nPOWERDOWNFLAG /f\n", &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect(monconf_can_shut_down(conf, "y", "/g", &faults));
	cr_expect(!monconf_can_shut_down(conf, NULL, "/g", &faults));
	cr_expect(!monconf_can_shut_down(conf, "y", NULL, &faults));
	monconf_free(conf);
	faults_free(&faults);
}

/* -K comes when the disks are read-only and nobody can mend the file. */
Test(monconf, the_flag_is_found_in_a_faulty_file)
{
	char path[] = "/tmp/monconf.XXXXXX", *flag;
	static const char text[] =
	    "MONITOR\nPOWERDOWNFLAG /a\nDEADTIME x\nPOWERDOWNFLAG \"/b c\"\nNOTIFYMSG \"open\n";
	int fd = mkstemp(path);

	cr_assert(fd != -1 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	flag = monconf_read_flag(path);
	cr_expect(flag && !strcmp(flag, "/b c"), "%s", flag ? flag : "(none)");
	free(flag);
	unlink(path);
	cr_expect_null(monconf_read_flag(path));
}
