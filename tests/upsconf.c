#include "ups/upsconf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct upsconf *
read_conf(const char *text, struct faults *faults)
{
	struct conffile *file = conffile_from("ups.conf", text, strlen(text));
	struct upsconf *conf = upsconf_from(file, faults);

	conffile_close(file);
	return conf;
}

/* The first fault of TEXT, "" when there is none. */
static const char *
fault(const char *text)
{
	static char first[512];
	struct faults faults = { 0 };

	upsconf_free(read_conf(text, &faults));
	snprintf(first, sizeof(first), "%s", faults_first(&faults) ? faults_first(&faults) : "");
	faults_free(&faults);
	return first;
}

/* The first fault of LINE inside a section that is otherwise good; its number is 4. */
static const char *
inside(const char *line)
{
	char text[512];

	snprintf(text, sizeof(text), "[a]\ndriver = dummy-ups\nport = x\n%s\n", line);
	return fault(text);
}

Test(upsconf, a_file_as_people_write_it)
{
	struct faults faults = { 0 };
	struct upsconf *conf = read_conf("# mine\n"
					 "maxretry = 3\n"
					 "nowait\n"
					 "[su700]\n"
					 "\tdriver = apcsmart\n"
					 "\tport = /dev/ttyS0\n"
					 "\tdesc = \"The \\\"old\\\" one\"\n"
					 "\tnolock\n"
					 "\tcable=940-0024C\n"
					 "\tpollinterval = 5\n"
					 "\tpollinterval = 6\n"
					 "[Dummy]\n"
					 "driver = dummy-ups\nport = x.dev\n",
	    &faults);
	const struct upsconf_ups *ups;

	cr_expect_eq(faults.len, 0);
	cr_assert_eq(conf->ups_len, 2);
	cr_expect_str_eq(conf->path, "ups.conf");
	cr_expect_str_eq(upsconf_global(conf, "maxretry"), "3");
	cr_expect_str_eq(upsconf_global(conf, "nowait"), "");
	cr_expect_null(upsconf_global(conf, "driver"));
	ups = upsconf_find(conf, "SU700");
	cr_assert_eq(ups, &conf->ups[0]);
	cr_expect_str_eq(ups->name, "su700");
	cr_expect_eq(ups->line, 4);
	cr_expect_str_eq(upsconf_get(ups, "desc"), "The \"old\" one");
	cr_expect_str_eq(upsconf_get(ups, "cable"), "940-0024C");
	cr_expect_str_eq(upsconf_get(ups, "nolock"), "");
	cr_expect_null(ups->values[3].value);
	cr_expect_eq(ups->values[3].line, 8);
	cr_expect_str_eq(upsconf_get(ups, "pollinterval"), "6", "the last counts");
	cr_expect_null(upsconf_get(ups, "sdorder"));
	cr_expect_null(upsconf_find(conf, "su70"));
	upsconf_free(conf);
	upsconf_free(NULL);
}

Test(upsconf, an_empty_file_is_no_fault)
{
	struct faults faults = { 0 };
	struct upsconf *conf = read_conf("# nothing\n", &faults);

	cr_expect_eq(faults.len, 0);
	cr_expect_eq(conf->ups_len, 0);
	upsconf_free(conf);
}

Test(upsconf, a_missing_file_is_one)
{
	struct faults faults = { 0 };

	cr_expect_null(upsconf_read("/nonexistent/ups.conf", &faults));
	cr_expect_str_eq(faults_first(&faults),
	    "/nonexistent/ups.conf: cannot be read: No such file or directory");
	faults_free(&faults);
}

Test(upsconf, names_of_sections)
{
	cr_expect(strstr(fault("\n[my/ups]\n"), "ups.conf:2: [my/ups]: a UPS name has only"));
	cr_expect(strstr(fault("[my ups]\n"), "ups.conf:1: a section is one word"));
	cr_expect(strstr(fault("\"[my ups]\"\n"), "a UPS name has only"));
	cr_expect(strstr(fault("[]\n"), "a UPS name has only"));
	cr_expect(strstr(fault("[b\xc3\xbcro]\n"), "a UPS name has only"));
	cr_expect(strstr(fault("[default]\n"), "no name for a UPS"));
	cr_expect_str_eq(fault("[a]\ndriver=x\nport=y\n[A]\ndriver=x\nport=y\n"),
	    "ups.conf:4: [A] is there already, on line 1");
}

Test(upsconf, a_refused_section_gives_its_lines_to_nobody)
{
	struct faults faults = { 0 };
	struct upsconf *conf =
	    read_conf("[a]\ndriver=x\nport=y\n[A]\nport=z\n[b c]\nport=z\n", &faults);

	cr_expect_eq(faults.faults, 2);
	cr_expect_eq(conf->ups_len, 1);
	cr_expect_str_eq(upsconf_get(&conf->ups[0], "port"), "y");
	faults_free(&faults);
	upsconf_free(conf);
}

Test(upsconf, driver_and_port_are_needed)
{
	cr_expect_str_eq(fault("[a]\nport = x\n"), "ups.conf:1: [a] has no driver");
	cr_expect_str_eq(fault("[a]\ndriver = x\n[b]\n"), "ups.conf:1: [a] has no port");
	cr_expect(strstr(fault("[a]\ndriver = ../x\nport = y\n"), "is no name of a driver"));
	cr_expect(strstr(fault("[a]\ndriver\nport = y\n"), "driver needs a value"));
}

Test(upsconf, global_keys)
{
	cr_expect_str_eq(fault("maxretyr = 3\n"),
	    "ups.conf:1: no such directive above the first section: maxretyr");
	cr_expect(strstr(fault("driver = x\n"), "no such directive above the first section"));
	cr_expect_str_eq(fault("pollinterval = 0\n"),
	    "ups.conf:1: pollinterval must be a whole number from 1 to 3600, not \"0\"");
	cr_expect(strstr(fault("pollinterval = 2s\n"), "must be a whole number"));
	cr_expect(strstr(fault("pollinterval\n"), "needs a value"));
	cr_expect(strstr(fault("nowait = no\n"), "stands alone"));
	cr_expect(strstr(fault("synchronous = maybe\n"), "auto, yes or no"));
	cr_expect(strstr(fault("statepath = run\n"), "a path from the root"));
	cr_expect_str_eq(fault("chroot = /x\ndriverpath = /y\nstatepath = /z\nuser = nut\n"
			       "group = nut\ndebug_min = 2\nsynchronous = auto\nretrydelay = 0\n"
			       "maxstartdelay = 75\nreconnect_max_tries = -1\n"
			       "reconnect_report_freq = 0\nLIBUSB_DEBUG = 1\n"),
	    "");
}

Test(upsconf, keys_of_a_ups)
{
	cr_expect_str_eq(inside("sdorder = -1"), "");
	cr_expect(strstr(inside("sdorder = -2"), "ups.conf:4: sdorder must be"));
	cr_expect(strstr(inside("maxstartdelay = x"), "ups.conf:4: maxstartdelay must be"));
	cr_expect_str_eq(inside("vendorid = 051d"), "", "the driver's own");
	cr_expect_str_eq(inside("override.battery.charge.low = 30"), "");
	cr_expect(strstr(inside("ignorelb = yes"), "stands alone"));
}

Test(upsconf, nothing_is_dropped_in_silence)
{
	cr_expect(strstr(inside("desc = My UPS"), "put quotes around the value"));
	cr_expect(strstr(inside("desc My"), "write desc = value"));
	cr_expect(strstr(inside("desc ="), "has no value"));
	cr_expect(strstr(inside("= x"), "write ="));
	cr_expect(strstr(inside("\"a b\" = x"), "no directive"));
	cr_expect(strstr(inside("desc = \"a # b\""), "write \\#"));
}

Test(upsconf, foreign_bytes)
{
	struct faults faults = { 0 };
	struct upsconf *conf =
	    read_conf("[a]\ndriver = x\nport = y\ndesc = \"B\xc3\xbcro\" # B\xc3\xbcro\n", &faults);

	cr_expect_null(faults_first(&faults));
	cr_assert_eq(faults.len, 1);
	cr_expect_str_eq(faults.list[0].text, "ups.conf:4: each 8-bit byte of desc is shown as ?");
	cr_expect_str_eq(upsconf_get(&conf->ups[0], "desc"), "B??ro");
	faults_free(&faults);
	upsconf_free(conf);
	cr_expect(strstr(inside("community = \xe9"), "holds 8-bit bytes"));
}

Test(upsconf, is_capped)
{
	struct buf text = { .max = CONFFILE_MAX };
	struct faults faults = { 0 };
	struct conffile *file;
	struct upsconf *conf;

	for (int i = 0; i <= UPSCONF_UPS_MAX; i++)
		buf_add_format(&text, "[u%d]\ndriver = d\nport = p\n", i);
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, "x\n");
	buf_add_text(&text, "[u0]\n");
	file = conffile_from("ups.conf", buf_bytes(&text), buf_len(&text));
	conf = upsconf_from(file, &faults);
	cr_expect_eq(conf->ups_len, UPSCONF_UPS_MAX);
	cr_expect(strstr(faults_first(&faults), "more than 1000 UPSes"));
	faults_free(&faults);
	upsconf_free(conf);
	conffile_close(file);
	buf_free(&text);
}
