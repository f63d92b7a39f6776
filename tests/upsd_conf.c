/* What upsd's files may say, and what is told of each fault: docs/man/upsd.conf.5. */
#include "upsd/upsdconf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct upsdconf_source source = { .conf_path = "/nowhere",
	.state_path = "/run/nut",
	.data_path = "/usr/share/nut",
	.port = 3493 };

/* The first fault that TEXT as upsd.conf makes; NULL: none.  CONF is the caller's to free. */
static struct upsdconf *
parse(const char *text, struct faults *faults)
{
	struct upsdconf *conf = upsdconf_new(&source);
	struct conffile *file = conffile_from("upsd.conf", text, strlen(text));

	cr_assert(conf && file);
	upsdconf_parse(conf, file, &source, faults);
	upsdconf_finish_access(conf, "upsd.conf", faults);
	conffile_close(file);
	return conf;
}

/* Is FAULT, a beginning, what is said?  Both NULL: nothing is said. */
static bool
begins(const char *said, const char *fault)
{
	return said && fault ? !strncmp(said, fault, strlen(fault)) : said == fault;
}

Test(upsd_conf, each_line_is_taken_or_refused_with_its_number)
{
	static const struct {
		const char *text, *fault;
	} table[] = {
		{ "", NULL },
		{ "# nothing\n\n", NULL },
		{ "LISTEN 1.2.3.4\nLISTEN ::1 3494\nLISTEN *\nLISTEN host.example 1\n", NULL },
		{ "LISTEN 1.2.3.4/24\n", "upsd.conf:1: LISTEN 1.2.3.4/24: is not one address" },
		{ "\nLISTEN fe80::/64\n", "upsd.conf:2: LISTEN fe80::/64: is not one address" },
		{ "LISTEN localhost:3493\n",
		    "upsd.conf:1: LISTEN localhost:3493: is not an address; write the port" },
		{ "LISTEN 1.2.3.4:3493\n", "upsd.conf:1: LISTEN 1.2.3.4:3493: is not an address" },
		{ "LISTEN 1.2.3\n", "upsd.conf:1: LISTEN 1.2.3: is not an IPv4 address" },
		{ "LISTEN 1.2.3.256\n", "upsd.conf:1: LISTEN 1.2.3.256: is not an IPv4" },
		{ "LISTEN \"a b\"\n", "upsd.conf:1: LISTEN a b: is neither an address nor a" },
		{ "LISTEN \"\"\n", "upsd.conf:1: LISTEN : is neither" },
		{ "LISTEN ::1 0\n", "upsd.conf:1: LISTEN ::1 0: a port is a number from 1 to" },
		{ "LISTEN ::1 65536\n", "upsd.conf:1: LISTEN ::1 65536: a port" },
		{ "LISTEN ::1 nut\n", "upsd.conf:1: LISTEN ::1 nut: a port" },
		{ "LISTEN ::1 +1\n", "upsd.conf:1: LISTEN ::1 +1: a port" },
		{ "LISTEN\n", "upsd.conf:1: LISTEN takes an address" },
		{ "LISTEN a 1 2\n", "upsd.conf:1: LISTEN takes an address" },
		{ "\n\nLISTNE ::1\n", "upsd.conf:3: no such directive: LISTNE" },
		{ "listen ::1\n", "upsd.conf:1: no such directive: listen" },
		{ "MAXAGE = 15\n", "upsd.conf:1: MAXAGE takes a number of seconds" },
		{ "MAXAGE 0\n", "upsd.conf:1: 0 is not a number from 1 to 86400" },
		{ "MAXAGE 15s\n", "upsd.conf:1: 15s is not a number" },
		{ "MAXAGE 99999999999999999999\n", "upsd.conf:1: 99999999999999999999 is not a" },
		{ "TRACKINGDELAY 0\n", "upsd.conf:1: 0 is not a number" },
		{ "MAXCONN -1\n", "upsd.conf:1: -1 is not a number" },
		{ "MAXAGE 20\nTRACKINGDELAY 60\nMAXCONN 9\nDEBUG_MIN 2\ndebug_min 3\n", NULL },
		{ "ALLOW_NO_DEVICE perhaps\n", "upsd.conf:1: perhaps is neither yes nor no" },
		{ "ALLOW_NO_DEVICE yes\nALLOW_NOT_ALL_LISTENERS off\nDISABLE_WEAK_SSL 1\n", NULL },
		{ "STATEPATH run\n", "upsd.conf:1: run is not a path from the root" },
		{ "DATAPATH \"\"\n", "upsd.conf:1:  is not a path from the root" },
		{ "STATEPATH /run\nDATAPATH /usr\n", NULL },
		{ "CERTREQUEST MAYBE\n", "upsd.conf:1: CERTREQUEST is NO, REQUEST or REQUIRE" },
		{ "CERTREQUEST 3\n", "upsd.conf:1: CERTREQUEST is NO" },
		{ "CERTREQUEST no\n", NULL },
		{ "CERTIDENT one\n", "upsd.conf:1: CERTIDENT takes a name and a password" },
		{ "CERTFILE \"\"\n", "upsd.conf:1: the value is empty" },
		{ "MAXAGE 1 \"open\n", "upsd.conf:1: " },
		{ "MAXAGE 1\\\n2\nMAXAGE x\n", "upsd.conf:3: x is not" },
		{ "LISTEN h\xc3\xb6st\n", "upsd.conf:1: LISTEN: a byte outside ASCII" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };

		upsdconf_free(parse(table[i].text, &faults));
		cr_expect(begins(faults_first(&faults), table[i].fault), "%s: %s", table[i].text,
		    faults_first(&faults));
		faults_free(&faults);
	}
}

/* Whatever is made of an access rule, it is never passed over. */
Test(upsd_conf, an_access_rule_without_sense_is_a_fault)
{
	static const char *const rules[] = { "ACL\n", "ACCESS grant\n", "ACCESS grant all nobody\n",
		"ACCEPT nobody\n", "REJECT nobody\n" };

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct faults faults = { 0 };

		upsdconf_free(parse(rules[i], &faults));
		cr_expect(begins(faults_first(&faults), "upsd.conf:1: "), "%s", rules[i]);
		faults_free(&faults);
	}
}

Test(upsd_conf, without_listen_it_is_this_machine)
{
	struct faults faults = { 0 };
	struct upsdconf *conf = parse("MAXAGE 7\n", &faults);

	cr_expect_eq(faults.len, 0);
	cr_assert_eq(conf->listens_len, 2);
	cr_expect_str_eq(conf->listens[0].host, "127.0.0.1");
	cr_expect_str_eq(conf->listens[1].host, "::1");
	cr_expect_eq(conf->listens[0].port, 3493);
	cr_expect_eq(conf->max_age_s, 7);
	cr_expect_eq(conf->tracking_delay_s, 3600);
	cr_expect_eq(conf->debug_min, -1);
	upsdconf_free(conf);
}

Test(upsd_conf, every_fault_is_told_not_only_the_first)
{
	struct faults faults = { 0 };

	upsdconf_free(parse("LISTNE ::1\nMAXAGE x\nMAXCONN\n", &faults));
	cr_expect_eq(faults.faults, 3);
	faults_free(&faults);
}

/* ---- the files together ---- */

static char folder[64];

static void
put_file(const char *name, const char *text, mode_t mode)
{
	char path[128];
	FILE *file;

	if (!*folder)
		cr_assert(mkdtemp(strcpy(folder, "/tmp/refnut-upsdconf-XXXXXX")));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)unlink(path);
	if (!text)
		return;
	cr_assert(file = fopen(path, "w"));
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
}

/* What is said of them begins, after the folder, with FAULT. */
static void
expect_read(const struct upsdconf_source *from, const char *fault)
{
	struct upsdconf_source here = *from;
	struct faults faults = { 0 };
	struct upsdconf *conf;
	const char *said;

	here.conf_path = here.data_path = folder;
	conf = upsdconf_read(&here, &faults);
	said = faults_first(&faults);
	if (said && !strncmp(said, folder, strlen(folder)))
		said += strlen(folder) + 1;
	cr_expect(begins(said, fault), "%s, not %s", said, fault);
	upsdconf_free(conf);
	faults_free(&faults);
}

static const char good_ups[] = "[u]\ndriver = dummy-ups\nport = x\ndesc = \"A \\\"box\\\"\"\n";

static void
put_good_files(void)
{
	put_file("upsd.conf", "", 0644);
	put_file("ups.conf", good_ups, 0644);
	put_file("upsd.users", "[u]\npassword = x\n", 0600);
	put_file("cmdvartab", "", 0644);
}

static void
remove_files(void)
{
	static const char *const names[] = { "upsd.conf", "ups.conf", "upsd.users", "cmdvartab" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		put_file(names[i], NULL, 0);
	rmdir(folder);
}

Test(upsd_conf, each_file_must_be_there, .fini = remove_files)
{
	put_good_files();
	expect_read(&source, NULL);
	put_file("cmdvartab", NULL, 0); /* but this, which only describes */
	expect_read(&source, NULL);
	put_file("upsd.users", NULL, 0);
	expect_read(&source, "upsd.users: cannot be read: No such file");
	put_good_files();
	put_file("upsd.conf", NULL, 0);
	expect_read(&source, "upsd.conf: cannot be read: No such file");
}

Test(upsd_conf, no_ups_is_a_fault_unless_meant, .fini = remove_files)
{
	struct upsdconf_source allowed = source;

	put_good_files();
	put_file("ups.conf", NULL, 0);
	expect_read(&source, "ups.conf: cannot be read: No such file");
	put_file("ups.conf", "pollinterval = 2\n", 0644);
	expect_read(&source, "ups.conf: no UPS is defined");
	allowed.allow_no_device = "true";
	expect_read(&allowed, NULL);
	put_file("ups.conf", NULL, 0);
	expect_read(&allowed, NULL);
	put_file("upsd.conf", "ALLOW_NO_DEVICE yes\n", 0644);
	expect_read(&source, NULL);
	allowed.allow_no_device = "no"; /* the environment goes before the file */
	expect_read(&allowed, "ups.conf: cannot be read: No such file");
}

Test(upsd_conf, passwords_that_everybody_can_read, .fini = remove_files)
{
	struct upsdconf_source open = source;

	open.allow_open_files = true;
	put_good_files();
	put_file("upsd.users", "[u]\npassword = x\n", 0644);
	expect_read(&source, "upsd.users: mode 0644: ");
	expect_read(&open, NULL);
	put_file("upsd.users", "[u]\npassword = x\n", 0602);
	expect_read(&source, "upsd.users: mode 0602: ");
	put_file("upsd.users", "[u]\npassword = x\n", 0640);
	expect_read(&source, NULL);
}

Test(upsd_conf, faults_of_ups_conf_count, .fini = remove_files)
{
	put_good_files();
	put_file("ups.conf", "[u]\nport = x\n", 0644);
	expect_read(&source, "ups.conf:1: ");
	put_file("ups.conf", "[u]\ndriver = d\nport = x\n[U]\ndriver = d\nport = y\n", 0644);
	expect_read(&source, "ups.conf:4: ");
}

Test(upsd_conf, where_the_sockets_are, .fini = remove_files)
{
	struct upsdconf_source from = source;
	struct faults faults = { 0 };
	struct upsdconf *conf;

	put_good_files();
	put_file("upsd.conf", "STATEPATH /a\n", 0644);
	from.conf_path = from.data_path = folder;
	conf = upsdconf_read(&from, &faults);
	cr_assert_eq(conf->upses_len, 1);
	cr_expect_str_eq(conf->upses[0].path, "/a/dummy-ups-u");
	cr_expect_str_eq(conf->upses[0].desc, "\"A \\\"box\\\"\"");
	upsdconf_free(conf);
	put_file("ups.conf", "statepath = /b\n[u]\ndriver = d\nport = x\n", 0644);
	conf = upsdconf_read(&from, &faults);
	cr_expect_str_eq(conf->upses[0].path, "/b/d-u");
	upsdconf_free(conf);
	from.state_path_wins = true;
	conf = upsdconf_read(&from, &faults);
	cr_expect_str_eq(conf->upses[0].path, "/run/nut/d-u");
	upsdconf_free(conf);
	cr_expect_eq(faults.len, 0);
	from.state_path_now = "/c"; /* a reload cannot move them */
	conf = upsdconf_read(&from, &faults);
	cr_expect_str_eq(conf->upses[0].path, "/c/d-u");
	cr_expect_eq(faults.len - faults.faults, 1);
	upsdconf_free(conf);
	faults_free(&faults);
}
