/* docs/man/nutauth.conf.5 */
#include "client/authconf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct authconf *
parse(const char *text, struct faults *faults)
{
	struct conffile *file = conffile_from("nutauth.conf", text, strlen(text));
	struct authconf *conf;

	cr_assert(file);
	conf = authconf_from(file, faults);
	conffile_close(file);
	return conf;
}

static struct authconf *
parse_good(const char *text)
{
	struct faults faults = { 0 };
	struct authconf *conf = parse(text, &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	faults_free(&faults);
	return conf;
}

static void
expect_user(const struct authconf *conf, const char *asked, const char *host, uint16_t port,
    const char *user, const char *password)
{
	struct authconf_account account = authconf_account(conf, asked, host, port);

	cr_expect_str_eq(account.user ? account.user : "-", user, "%s@%s", asked, host);
	cr_expect_str_eq(account.password ? account.password : "-", password, "%s@%s", asked, host);
}

Test(authconf, nothing_said_is_tls_where_it_is_and_no_account)
{
	struct authconf *conf = parse_good("");
	struct authconf_account account = authconf_account(conf, NULL, "localhost", 3493);

	cr_expect_eq(account.tls, CLIENT_TLS_TRY);
	cr_expect_not(account.tls_settings.verify);
	cr_expect_null(account.user);
	cr_expect_null(account.password);
	cr_expect_null(account.tls_name);
	authconf_free(conf);
}

Test(authconf, the_most_particular_section_counts)
{
	struct authconf *conf =
	    parse_good("CERTPATH = /ca\nCERTVERIFY = 1\nFORCESSL = -1\n"
		       "USER = mon\nPASS = global\n"
		       "[@far:34935]\nCERTPATH = /far\nCERTHOST = \"My server\"\n"
		       "[admin@far:34935]\nPASS = \"two words\"\nCERTVERIFY = off\n"
		       "CERTIDENT_NAME = me\nCERTIDENT_PASS = key\n");
	struct authconf_account account = authconf_account(conf, "admin", "FAR", 34935);

	cr_expect_str_eq(account.password, "two words");
	cr_expect_str_eq(account.tls_settings.cert_path, "/far");
	cr_expect_str_eq(account.tls_name, "My server");
	cr_expect_str_eq(account.tls_settings.ident_name, "me");
	cr_expect_str_eq(account.tls_settings.ident_password, "key");
	cr_expect_not(account.tls_settings.verify);
	cr_expect_eq(account.tls, CLIENT_TLS_TRY);

	account = authconf_account(conf, NULL, "far", 34935);
	cr_expect_str_eq(account.user, "mon");
	cr_expect_str_eq(account.password, "global");
	cr_expect(account.tls_settings.verify);
	cr_expect_eq(account.tls, CLIENT_TLS_FORCE, "who verifies cannot go without");

	account = authconf_account(conf, NULL, "far", 3493);
	cr_expect_str_eq(account.tls_settings.cert_path, "/ca");
	cr_expect_null(account.tls_name);
	authconf_free(conf);
}

Test(authconf, a_password_is_its_users_alone)
{
	struct authconf *conf =
	    parse_good("[@localhost]\nUSER = admin\nPASS = root\n[mon@localhost]\nPASS = poll\n"
		       "[@open]\nPASS = anybodys\n");

	expect_user(conf, NULL, "localhost", 3493, "admin", "root");
	expect_user(conf, "admin", "localhost", 3493, "admin", "root");
	expect_user(conf, "mon", "localhost", 3493, "mon", "poll");
	expect_user(conf, "other", "localhost", 3493, "other", "-");
	expect_user(conf, "other", "open", 3493, "other", "anybodys");
	expect_user(conf, NULL, "open", 3493, "-", "-");
	authconf_free(conf);
}

Test(authconf, titles_mean_what_upstream_says)
{
	static const struct {
		const char *title, *host;
		uint16_t port;
	} table[] = {
		{ "[a]", "a", 3493 },
		{ "[@a]", "a", 3493 },
		{ "[a:9]", "a", 9 },
		{ "[:9]", "localhost", 9 },
		{ "[@:9]", "localhost", 9 },
		{ "[@]", "localhost", 3493 },
		{ "[@a:]", "a", 3493 },
		{ "[@[::1]:9]", "::1", 9 },
		{ "[@[::1]]", "::1", 3493 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		char text[100];
		struct authconf *conf;

		snprintf(text, sizeof(text), "%s\nUSER = x\n", table[i].title);
		conf = parse_good(text);
		expect_user(conf, NULL, table[i].host, table[i].port, "x", "-");
		expect_user(conf, NULL, "elsewhere", 1, "-", "-");
		authconf_free(conf);
	}
	for (size_t i = 0; i < 2; i++) {
		struct authconf *conf =
		    parse_good(i ? "[a]\n[]\nUSER = x\n" : "[a]\n[_global_defaults]\nUSER = x\n");

		expect_user(conf, NULL, "anywhere", 1, "x", "-");
		authconf_free(conf);
	}
}

Test(authconf, what_is_not_understood_is_refused_with_its_line)
{
	static const struct {
		const char *text, *why;
	} table[] = {
		{ "\nFORCESL = 1\n", "nutauth.conf:2: no such keyword: FORCESL" },
		{ "CERTVERIFY = perhaps\n", "CERTVERIFY takes yes, no, or -1" },
		{ "PASS secret\n", "write PASS = value" },
		{ "PASS = one two\n", "write PASS = value" },
		{ "SSLBACKEND = gnutls\n", "SSLBACKEND is openssl, nss or none" },
		{ "[a@b]\nUSER = c\n", "the section is for user a, and USER names another" },
		{ "[@a:b c]\n", "no such keyword: [@a:b" },
		{ "[@a:zz]\n", "the port is neither a number nor the name of a service" },
		{ "[@::1]\n", "write an IPv6 address in brackets" },
		{ "[@[::1]9]\n", "write [user@host:port]" },
		{ "INCLUDE\n", "INCLUDE takes a file" },
		{ "INCLUDE_REQUIRED /no/such\n", "/no/such: No such file or directory" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };

		cr_expect_null(parse(table[i].text, &faults), "%s", table[i].text);
		cr_expect(faults_first(&faults) && strstr(faults_first(&faults), table[i].why),
		    "%s: %s", table[i].text, faults_first(&faults));
		faults_free(&faults);
	}
}

Test(authconf, in_clear_only_when_told_and_not_forced)
{
	struct authconf *conf =
	    parse_good("SSLBACKEND = none\n[@a]\nFORCESSL\n[@b]\nSSLBACKEND = nss\n");

	cr_expect_eq(authconf_account(conf, NULL, "c", 3493).tls, CLIENT_TLS_NONE);
	cr_expect_eq(authconf_account(conf, NULL, "a", 3493).tls, CLIENT_TLS_FORCE);
	cr_expect_eq(authconf_account(conf, NULL, "b", 3493).tls, CLIENT_TLS_TRY);
	authconf_free(conf);
}

/* ---- files ---- */

static char folder[64];

static void
write_file(const char *name, mode_t mode, const char *text)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	cr_assert(file = fopen(path, "w"));
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, mode), 0);
}

static void
begin(void)
{
	strcpy(folder, "/tmp/refnut-authconf-XXXXXX");
	cr_assert(mkdtemp(folder));
	setenv("NUT_AUTHCONF_PATH", folder, 1);
	unsetenv("NUT_AUTHCONF_FILE");
	unsetenv("NUT_ALLOW_OPEN_FILES");
}

static void
end(void)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

static const char *
read_fault(const char *which)
{
	static char text[300];
	struct faults faults = { 0 };
	struct authconf *conf = authconf_read(which, &faults);

	snprintf(text, sizeof(text), "%s", conf ? "" : faults_first(&faults));
	authconf_free(conf);
	faults_free(&faults);
	return text;
}

Test(authconf, only_what_is_asked_for_must_be_there, .init = begin, .fini = end)
{
	cr_expect_str_empty(read_fault(NULL));
	cr_expect_str_empty(read_fault("none"));
	cr_expect(strstr(read_fault("default"), ": No such file or directory"));
	cr_expect_str_eq(read_fault("/no/such"), "/no/such: No such file or directory");
	write_file("nutauth.conf", 0600, "BAD\n");
	cr_expect(strstr(read_fault(NULL), "nutauth.conf:1: no such keyword: BAD"));
	cr_expect_str_empty(read_fault("none"));
	setenv("NUT_AUTHCONF_FILE", "/no/such", 1); /* the folder is then not looked at */
	cr_expect_str_empty(read_fault(NULL));
	unsetenv("NUT_AUTHCONF_FILE");
	unsetenv("NUT_AUTHCONF_PATH");
	setenv("HOME", folder, 1);
	cr_expect_str_empty(read_fault(NULL));
	write_file(".nutauth.conf", 0600, "BAD\n");
	cr_expect(strstr(read_fault(NULL), "/.nutauth.conf:1: no such keyword: BAD"));
}

Test(authconf, passwords_that_others_can_read_are_refused, .init = begin, .fini = end)
{
	write_file("nutauth.conf", 0644, "FORCESSL = 1\n");
	cr_expect_str_empty(read_fault(NULL), "no secret in it");
	write_file("nutauth.conf", 0644, "PASS = x\n");
	cr_expect(strstr(read_fault(NULL), "mode 0644: everybody may read"));
	write_file("nutauth.conf", 0640, "PASS = x\n");
	cr_expect_str_empty(read_fault(NULL));
	write_file("nutauth.conf", 0602, "CERTPATH = /x\n");
	cr_expect(strstr(read_fault(NULL), "mode 0602: everybody may read"));
	write_file("nutauth.conf", 0600, "INCLUDE more.conf\n");
	write_file("more.conf", 0644, "[a@b]\nPASS = x\n");
	cr_expect(strstr(read_fault(NULL), "more.conf: mode 0644"));
	setenv("NUT_ALLOW_OPEN_FILES", "yes", 1);
	cr_expect_str_empty(read_fault(NULL));
}

Test(authconf, files_in_files, .init = begin, .fini = end)
{
	struct faults faults = { 0 };
	struct authconf *conf;

	write_file("nutauth.conf", 0600,
	    "INCLUDE global.conf\nUSER = g\n[@a]\nINCLUDE_REQUIRED a.conf\nPASS = z\n"
	    "INCLUDE missing.conf\n");
	write_file("global.conf", 0600, "CERTPATH = /g\n[@b]\nUSER = b\n");
	write_file("a.conf", 0600, "USER = a\n[@b]\nUSER = not\n[@a]\nCERTHOST = h\n");
	conf = authconf_read(NULL, &faults);
	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_eq(faults.len, 1, "a section that does not count is warned of");
	expect_user(conf, NULL, "a", 3493, "a", "z");
	expect_user(conf, NULL, "b", 3493, "b", "-");
	expect_user(conf, NULL, "c", 3493, "g", "-");
	cr_expect_str_eq(authconf_account(conf, NULL, "a", 3493).tls_name, "h");
	cr_expect_str_eq(authconf_account(conf, NULL, "c", 3493).tls_settings.cert_path, "/g");
	authconf_free(conf);
	faults_free(&faults);

	write_file("nutauth.conf", 0600, "INCLUDE nutauth.conf\n");
	cr_expect(strstr(read_fault(NULL), "too many files in files"));
}
