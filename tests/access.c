/* docs/access.md, sections A to D and F. */
#include "upsd/access.h"

#include "base/block.h"

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

/* Does CONF get warning NUMBER at line AT (0: at any)? */
static bool
warns(const char *conf, const struct access_sockets *sockets, const char *number, unsigned at)
{
	struct faults faults = { 0 };
	struct access_list *list = parse(conf, sockets, &faults);
	char where[64], what[16];
	bool found = false;

	cr_assert(list, "%s", faults_first(&faults));
	snprintf(where, sizeof(where), "upsd.conf:%u: ", at);
	snprintf(what, sizeof(what), ": %s: ", number);
	for (size_t i = 0; i < faults.len; i++)
		found = found || (strstr(faults.list[i].text, what) &&
				     (!at || !strncmp(faults.list[i].text, where, strlen(where))));
	access_free(list);
	faults_free(&faults);
	return found;
}

/* A-F11, A-A11: each warning where it belongs, and not where a little is different. */
Test(access, each_lint_warning_is_shown_and_not_shown)
{
	static const struct access_sockets v6 = { .listen_lines = true, .ipv6 = true };
	static const struct access_sockets others = { .listen_lines = true, .other_hosts = true };
	static const struct access_sockets none = { 0 };

#define LOCAL "ACL l 127.0.0.1/32\nACCESS grant all l\n"
#define H "ACL h 10.0.0.1/32\n"
#define NET "ACL n 10.0.0.0/8\n"
	static const struct {
		const char *number;
		const struct access_sockets *sockets;
		unsigned at; /* 0: not shown */
		const char *conf;
	} table[] = {
		/* access.txt, "Potential problems to avoid" */
		{ "W1", &only_v4, 3,
		    H "ACCESS grant manager h pass2\nACCESS grant login h pass1\n" },
		{ "W1", &only_v4, 0,
		    H "ACCESS grant login h pass1\nACCESS grant manager h pass2\n" },
		{ "W1", &only_v4, 4, NET H "ACCESS deny all n\nACCESS grant all h\n" },
		{ "W1", &only_v4, 0, NET H "ACCESS grant all h\nACCESS deny all n\n" },
		{ "W1", &only_v4, 3, H "ACCESS deny base h\nACCESS grant manager h\n" },
		{ "W1", &only_v4, 0, H "ACCESS grant base h\nACCESS grant manager h\n" },
		{ "W2", &only_v4, 4, LOCAL H "ACCESS deny login h\n" },
		{ "W2", &only_v4, 4, LOCAL H "ACCESS drop monitor h\n" },
		{ "W2", &only_v4, 0, LOCAL H "ACCESS deny all h\n" },
		{ "W2", &only_v4, 0, LOCAL H "ACCESS drop base h\n" },
		{ "W2", &only_v4, 0, LOCAL H "ACCESS grant login h\n" },
		{ "W3", &only_v4, 5, LOCAL NET "ACCESS grant base n\nACCESS drop all n\n" },
		{ "W3", &only_v4, 6, LOCAL NET H "ACCESS grant base h\nACCESS drop all n\n" },
		{ "W3", &only_v4, 0, LOCAL NET "ACCESS grant base n\nACCESS deny all n\n" },
		{ "W3", &only_v4, 0, LOCAL NET "ACCESS drop all n\n" },
		{ "W4", &only_v4, 4, LOCAL H "ACCESS grant monitor h pw\n" },
		{ "W4", &only_v4, 4, LOCAL H "ACCESS deny all h pw\n" },
		{ "W4", &only_v4, 0, LOCAL H "ACCESS grant login h pw\n" },
		{ "W5", &only_v4, 3, LOCAL "ACL h 10.0.0.1/24\nACCESS grant monitor h\n" },
		{ "W5", &only_v4, 3, LOCAL "ACL h 2001:db8::1/64\nACCESS grant monitor h\n" },
		{ "W5", &only_v4, 0, LOCAL "ACL h 10.0.0.0/24\nACCESS grant monitor h\n" },
		{ "W6", &only_v4, 2, LOCAL "ACCEPT l\n" },
		{ "W6", &only_v4, 0, LOCAL },
		{ "W6", &only_v4, 0, "ACL l 127.0.0.1/32\nACCEPT l\n" },
		{ "W7", &v6, 2, LOCAL },
		{ "W7", &v6, 2, LOCAL "ACL l6 ::1/128\nACCESS deny all l6\n" },
		{ "W7", &v6, 0, LOCAL "ACL l6 ::1/128\nACCESS grant all l6\n" },
		{ "W7", &only_v4, 0, LOCAL },
		{ "W8", &only_v4, 2, H "ACCESS grant all h\n" },
		{ "W8", &only_v4, 2, "ACL l 127.0.0.1/32\nACCESS grant monitor l\n" },
		{ "W8", &only_v4, 0, LOCAL },
		{ "W8", &only_v4, 0, "ACL l 127.0.0.0/8\nACCEPT l\n" },
		{ "W9", &others, 2, H "ACCEPT h\n" },
		{ "W9", &others, 1, H },
		{ "W9", &others, 0, H "ACCESS grant all h\n" },
		{ "W9", &only_v4, 0, H "ACCEPT h\n" },
		{ "W10", &none, 2, LOCAL H "ACCESS grant all h\n" },
		{ "W10", &none, 0, LOCAL },
		{ "W10", &others, 0, LOCAL H "ACCESS grant all h\n" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		cr_expect_eq(warns(table[i].conf, table[i].sockets, table[i].number, table[i].at),
		    table[i].at != 0, "%s at line %u of\n%s", table[i].number, table[i].at,
		    table[i].conf);
#undef LOCAL
}

/* A-A11 */
Test(access, one_notice_says_whether_this_host_may_log_in)
{
	static const struct {
		const char *conf, *says;
	} table[] = {
		{ "ACL l 127.0.0.1/32\nACCESS grant all l\n",
		    "upsd.conf:2: access lists are in force (NUT 2.4 to 2.8 ignored such lines); "
		    "127.0.0.1 may LOGIN, ::1 may not LOGIN" },
		{ "ACL l ::1/128\nACCEPT l\n",
		    "upsd.conf:2: access lists are in force (NUT 2.4 to 2.8 ignored such lines); "
		    "127.0.0.1 may not LOGIN, ::1 may LOGIN" },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };
		struct access_list *list = parse(table[i].conf, &only_v4, &faults);
		size_t notes = 0;

		for (size_t k = 0; k < faults.len; k++) {
			notes += faults.list[k].note;
			if (faults.list[k].note)
				cr_expect_str_eq(faults.list[k].text, table[i].says);
		}
		cr_expect_eq(notes, table[i].says != NULL);
		access_free(list);
		faults_free(&faults);
	}
}

/* A-F10, A-A10: what only an allowfrom uses keeps nobody out. */
Test(access, acls_for_users_alone_activate_nothing)
{
	struct faults faults = { 0 };
	struct access_list *list = access_new();
	char text[] = "ACL lan 10.0.0.0/8";
	struct words words;

	cr_assert_eq(words_split(&words, text, WORDS_FILE), WORDS_OK);
	access_add(list, &words, "upsd.conf", 1, &faults);
	cr_expect(access_needs_table(list));
	cr_expect(access_use_acl(list, "lan"));
	cr_expect(!access_use_acl(list, "wan"));
	access_finish(list, "upsd.conf", &only_v4, &faults);
	cr_expect(!access_is_active(list));
	cr_expect_eq(faults.len, 0);
	access_free(list);
}

/* A-F3, A-A1, A-A5, A-F2: what is no sense is a fault with its line. */
Test(access, what_makes_no_sense_is_a_fault)
{
	static const char *const table[] = {
		"ACL a ::ffff:0:0/95\n",
		"ACL \"\" 10.0.0.1/32\n",
		"ACL a [::1]/128\n",
		"ACL a fe80::1%eth0/64\n",
		"ACL a 127.1/32\n",
		"ACL a 010.1.1.0/24\n",
		"ACL a 10.0.0.1/\n",
		"ACL a 10.0.0.1/032\n",
		"ACL a 10.0.0.1/+8\n",
		"ACL a 2001:db8::/ffff::\n",
		"ACL a 10.0.0.1/0.0.0.255\n",
		"Acl a 10.0.0.1/32\n",
		"ACL a\n",
		"ACL a 10.0.0.1/32 b\n",
		"ACL h\xc3\xb6 10.0.0.1/32\n",
		"ACL a 10.0.0.1/32 \"open\n",
		"ACL a \"10.0.0.1/32#\"\n",
		"ACCESS grant primary a\n",
		"ACCESS Grant all a\n",
		"ACCESS grant ALL a\n",
		"ACCESS allow all a\n",
		"ACCESS grant all all\n",
		"ACCESS grant all a p q\n",
		"ACCEPT\n",
		"REJECT\n",
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };
		struct access_list *list = parse(table[i], &only_v4, &faults);

		cr_expect_null(list, "%s", table[i]);
		cr_expect(
		    faults_first(&faults) && !strncmp(faults_first(&faults), "upsd.conf:1: ", 13),
		    "%s: %s", table[i], faults_first(&faults));
		access_free(list);
		faults_free(&faults);
	}
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

/* The lint runs in a upsd that others wait for: it does not compare without end. */
Test(access, more_lines_than_can_be_compared_are_told)
{
	for (int lines = 1000; lines <= 20000; lines += 19000) {
		struct buf conf = { .max = 4u << 20 };

		for (int i = 0; i < 15000; i++)
			buf_add_format(&conf, "ACL n%d 10.0.%d.%d/32\n", i, i / 250, i % 250);
		for (int i = 0; i < lines; i++)
			buf_add_format(&conf, "ACCESS deny all n%d\n", i % 15000);
		cr_assert(buf_add(&conf, "", 1));
		cr_expect_eq(warns(buf_bytes(&conf), &only_v4, "W1, W3", 0), lines == 20000);
		buf_free(&conf);
	}
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

/* A-A6: blocks of one name, in each other and beside each other, found by halving and one by one.
 */
Test(access, halving_finds_what_looking_at_each_finds)
{
	unsigned seed = 20011127;

	for (int round = 0; round < 500; round++) {
		struct access_list *list = access_new();
		struct faults faults = { 0 };
		struct block blocks[24];
		size_t len = 1 + (size_t)rand_r(&seed) % 24;

		for (size_t i = 0; i < len; i++) {
			char line[64];
			struct words words;
			bool host_bits;

			snprintf(line, sizeof(line), "ACL a 10.%d.%d.%d/%d", rand_r(&seed) % 3,
			    rand_r(&seed) % 3, rand_r(&seed) % 256, 8 + rand_r(&seed) % 25);
			cr_assert_null(block_parse(&blocks[i], line + 6, &host_bits));
			cr_assert_eq(words_split(&words, line, WORDS_FILE), WORDS_OK);
			access_add(list, &words, "upsd.conf", 1, &faults);
		}
		access_finish(list, "upsd.conf", &only_v4, &faults);
		for (int i = 0; i < 200; i++) {
			char host[32];
			struct addr peer;
			struct block alone;
			bool slow = false;

			snprintf(host, sizeof(host), "10.%d.%d.%d", rand_r(&seed) % 4,
			    rand_r(&seed) % 4, rand_r(&seed) % 256);
			cr_assert(addr_parse(&peer, host, 0) && block_of(&alone, &peer));
			for (size_t k = 0; k < len; k++)
				slow = slow || block_covers(&blocks[k], &alone);
			cr_expect_eq(
			    access_acl_holds(list, "a", &peer), slow, "round %d: %s", round, host);
		}
		access_free(list);
		faults_free(&faults);
	}
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
