/* docs/access.md, sections A to D and F. */
#include "upsd/access.h"

#include "conformance/access/vectors.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct access_sockets only_v4 = { .listen_lines = true };

/* The list that CONF makes, or NULL with the first fault printed into FAULT. */
static struct access_list *
parse(const char *conf, const struct access_sockets *sockets, struct faults *faults)
{
	struct conffile *file = conffile_from("upsd.conf", conf, strlen(conf));
	struct access_list *list = access_new();
	struct words words;

	cr_assert(file && list);
	while (conffile_next(file, &words, faults))
		if (access_is_directive(words.word[0]))
			access_add(list, &words, "upsd.conf", conffile_line(file), faults);
	conffile_close(file);
	access_finish(list, "upsd.conf", sockets, faults);
	if (faults->faults) {
		access_free(list);
		return NULL;
	}
	return list;
}

static enum access_level
level_named(const char *name)
{
	int level = ACCESS_BASE;

	while (strcmp(access_level_name((enum access_level)level), name))
		level++;
	return (enum access_level)level;
}

static const struct access_answers {
	const char *expect, *at, *reply;
} answers[] = {
	[ACCESS_PASS] = { "grant", NULL, NULL },
	[ACCESS_SAY_DENIED] = { "deny", "command", "ERR ACCESS-DENIED" },
	[ACCESS_SAY_WRONG] = { "deny", "command", "ERR ACCESS-DENIED" },
	[ACCESS_SAY_NOTHING] = { "drop", "command", NULL },
	[ACCESS_SAY_USERNAME] = { "deny", "command", "ERR USERNAME-REQUIRED" },
	[ACCESS_SAY_PASSWORD] = { "deny", "command", "ERR PASSWORD-REQUIRED" },
	[ACCESS_END_DENIED] = { "deny", "connect", "ERR ACCESS-DENIED" },
	[ACCESS_END_SILENT] = { "drop", "connect", NULL },
};

static bool
same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void
judge(const struct access_vector *v)
{
	struct faults faults = { 0 };
	struct access_list *list = parse(v->config, &only_v4, &faults);
	struct access_shown shown = { .password = v->password };
	struct access_rights rights;
	struct addr client;
	const struct access_answers *got;
	enum access_answer answer;

	if (!list) {
		cr_expect(
		    same(v->expect, "config-error"), "%s: %s", v->name, faults_first(&faults));
		cr_expect(!strncmp(faults_first(&faults), "upsd.conf:", 10), "%s", v->name);
		faults_free(&faults);
		return;
	}
	cr_assert(addr_parse(&client, v->client, 0), "%s", v->client);
	access_walk(list, &client, &rights);
	answer = access_connect(list, &rights);
	if (answer == ACCESS_PASS && strcmp(v->command, "connect"))
		answer = access_command(list, &rights, level_named(v->level), &shown);
	got = &answers[answer];
	cr_expect(
	    same(got->expect, v->expect) && same(got->at, v->at) && same(got->reply, v->reply),
	    "%s (%s): got %s at %s", v->name, v->clause, got->expect, got->at ? got->at : "-");
	access_free(list);
	faults_free(&faults);
}

Test(access, every_vector_holds)
{
	for (size_t i = 0; i < sizeof(access_vectors) / sizeof(*access_vectors); i++)
		judge(&access_vectors[i]);
}

/* One question to one list. */
static enum access_answer
ask(const char *conf, const char *host, enum access_level level, const struct access_shown *shown)
{
	struct faults faults = { 0 };
	struct access_list *list = parse(conf, &only_v4, &faults);
	struct access_rights rights;
	enum access_answer answer;
	struct addr client;

	cr_assert(list, "%s", faults_first(&faults));
	cr_assert(addr_parse(&client, host, 0));
	access_walk(list, &client, &rights);
	answer = access_command(list, &rights, level, shown);
	access_free(list);
	faults_free(&faults);
	return answer;
}

/* A-E4, A-C9: what must have been sent comes before what it must be. */
Test(access, username_then_password_then_the_secret)
{
	const char *conf = "ACL h 10.0.0.1/32\nACCESS grant all h secret\n";
	struct access_shown shown = { .users = true };

	cr_expect_eq(ask(conf, "10.0.0.1", ACCESS_LOGIN, &shown), ACCESS_SAY_USERNAME);
	shown.username = true;
	cr_expect_eq(ask(conf, "10.0.0.1", ACCESS_LOGIN, &shown), ACCESS_SAY_PASSWORD);
	shown.password = "";
	cr_expect_eq(ask(conf, "10.0.0.1", ACCESS_LOGIN, &shown), ACCESS_SAY_WRONG);
	shown.password = "secret";
	cr_expect_eq(ask(conf, "10.0.0.1", ACCESS_LOGIN, &shown), ACCESS_PASS);
	shown = (struct access_shown){ 0 };
	cr_expect_eq(ask(conf, "10.0.0.1", ACCESS_MONITOR, &shown), ACCESS_PASS);
}

/* A-C7, A-D2: what a reload takes away ends live sessions. */
Test(access, lost_base_ends_the_session)
{
	const struct access_shown shown = { 0 };

	cr_expect_eq(ask("ACL h 10.0.0.1/32\nACCESS deny all h\n", "10.0.0.1", ACCESS_BASE, &shown),
	    ACCESS_END_DENIED);
	cr_expect_eq(ask("ACL h 10.0.0.1/32\nACCESS drop all h\n", "10.0.0.1", ACCESS_BASE, &shown),
	    ACCESS_END_SILENT);
	cr_expect_eq(ask("ACL h 10.0.0.1/32\nREJECT h\n", "10.0.0.1", ACCESS_BASE, &shown),
	    ACCESS_END_DENIED);
}

static void
expect_warning(
    const char *conf, const struct access_sockets *sockets, const char *number, unsigned at)
{
	struct faults faults = { 0 };
	struct access_list *list = parse(conf, sockets, &faults);
	char start[64];
	bool found = false;

	cr_assert(list, "%s", faults_first(&faults));
	snprintf(start, sizeof(start), "upsd.conf:%u: %s:", at, number);
	for (size_t i = 0; i < faults.len; i++)
		found = found || !strncmp(faults.list[i].text, start, strlen(start));
	cr_expect(found, "no warning %s at line %u of\n%s", number, at, conf);
	access_free(list);
	faults_free(&faults);
}

Test(access, each_lint_warning)
{
	const struct access_sockets v6 = { .listen_lines = true, .ipv6 = true };
	const struct access_sockets others = { .listen_lines = true, .other_hosts = true };
	const struct access_sockets none = { 0 };

#define LOCAL "ACL l 127.0.0.1/32\nACCESS grant all l\n"
	/* access.txt, "Potential problems to avoid" */
	expect_warning(
	    "ACL h 10.0.0.1/32\nACCESS grant manager h pass2\nACCESS grant login h pass1\n",
	    &only_v4, "W1", 3);
	expect_warning(
	    "ACL h 10.0.0.1/32\nACCESS deny base h\nACCESS grant manager h\n", &only_v4, "W1", 3);
	expect_warning(LOCAL "ACL h 10.0.0.1/32\nACCESS deny login h\n", &only_v4, "W2", 4);
	expect_warning(
	    LOCAL "ACL h 10.0.0.0/8\nACCESS grant base h\nACCESS drop all h\n", &only_v4, "W3", 5);
	expect_warning(LOCAL "ACL h 10.0.0.1/32\nACCESS grant monitor h pw\n", &only_v4, "W4", 4);
	expect_warning(LOCAL "ACL h 10.0.0.1/24\nACCESS grant monitor h\n", &only_v4, "W5", 3);
	expect_warning(LOCAL "ACCEPT l\n", &only_v4, "W6", 2);
	expect_warning(LOCAL, &v6, "W7", 2);
	expect_warning("ACL h 10.0.0.1/32\nACCESS grant all h\n", &only_v4, "W8", 2);
	expect_warning("ACL h 10.0.0.1/32\nACCEPT h\n", &others, "W9", 2);
	expect_warning(LOCAL "ACL h 10.0.0.1/32\nACCESS grant all h\n", &none, "W10", 2);
#undef LOCAL
}

Test(access, a_clean_list_has_only_the_notice)
{
	struct faults faults = { 0 };
	struct access_list *list = parse("ACL l 127.0.0.1/32\nACL all 0.0.0.0/0\n"
					 "ACCESS grant all l\nACCESS deny all all\n",
	    &only_v4, &faults);

	cr_assert(list);
	cr_expect_eq(faults.len, 1);
	access_free(list);
	faults_free(&faults);
}

Test(access, the_reason_names_the_line_and_no_password)
{
	struct faults faults = { 0 };
	struct access_list *list =
	    parse("ACL h 10.0.0.1/32\nACCESS grant login h hidden\n", &only_v4, &faults);
	struct access_rights rights;
	struct buf reason = { 0 };
	struct addr client;

	cr_assert(addr_parse(&client, "10.0.0.1", 0));
	access_walk(list, &client, &rights);
	cr_assert(access_reason(list, &rights, ACCESS_LOGIN, &reason) && buf_add(&reason, " ", 1) &&
		  access_reason(list, &rights, ACCESS_MANAGER, &reason) && buf_add(&reason, "", 1));
	cr_expect_str_eq(buf_bytes(&reason), "upsd.conf:2: ACCESS grant login h end of list");
	buf_free(&reason);
	access_free(list);
	faults_free(&faults);
}

/* The slow, independent reading of A-C2 and A-C3: for each question, scan the text again. */
static enum access_verdict
slow_verdict(
    const char *const rule[][3], size_t len, const char *acl_of_peer, enum access_level need)
{
	for (size_t i = 0; i < len; i++)
		if (!strcmp(rule[i][2], acl_of_peer) && level_named(rule[i][1]) >= need)
			return !strcmp(rule[i][0], "grant")  ? ACCESS_GRANT
			       : !strcmp(rule[i][0], "deny") ? ACCESS_DENY
							     : ACCESS_DROP;
	return ACCESS_DENY;
}

Test(access, random_lists_agree_with_a_slow_reading)
{
	static const char *const actions[] = { "grant", "deny", "drop" };
	static const char *const names[] = { "one", "two" };
	unsigned seed = 20011127;

	for (int round = 0; round < 2000; round++) {
		const char *rule[6][3];
		char conf[600] = "ACL one 10.0.0.1/32\nACL two 10.0.0.2/32\n";
		struct faults faults = { 0 };
		struct access_list *list;

		for (size_t i = 0; i < 6; i++) {
			rule[i][0] = actions[rand_r(&seed) % 3];
			rule[i][1] = access_level_name((enum access_level)(rand_r(&seed) % 6));
			rule[i][2] = names[rand_r(&seed) % 2];
			sprintf(conf + strlen(conf), "ACCESS %s %s %s\n", rule[i][0], rule[i][1],
			    rule[i][2]);
		}
		cr_assert(list = parse(conf, &only_v4, &faults));
		for (int host = 0; host < 2; host++)
			for (int level = ACCESS_BASE; level < ACCESS_LEVELS; level++) {
				enum access_verdict base =
				    slow_verdict(rule, 6, names[host], ACCESS_BASE);
				enum access_verdict slow =
				    slow_verdict(rule, 6, names[host], (enum access_level)level);
				struct access_shown shown = { 0 };
				struct access_rights rights;
				enum access_answer fast;
				struct addr peer;

				addr_parse(&peer, host ? "10.0.0.2" : "10.0.0.1", 0);
				access_walk(list, &peer, &rights);
				fast =
				    access_command(list, &rights, (enum access_level)level, &shown);
				cr_expect_eq(fast,
				    base == ACCESS_DENY	   ? ACCESS_END_DENIED
				    : base == ACCESS_DROP  ? ACCESS_END_SILENT
				    : slow == ACCESS_GRANT ? ACCESS_PASS
				    : slow == ACCESS_DENY  ? ACCESS_SAY_DENIED
							   : ACCESS_SAY_NOTHING,
				    "seed round %d, %s level %d of\n%s", round, names[host], level,
				    conf);
			}
		access_free(list);
		faults_free(&faults);
	}
}
