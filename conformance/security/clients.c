/* CERTREQUEST: who is asked for a certificate, and which are good.  docs/security.md, T-17 to T-19.
 */
#include "conformance/site.h"

#include <stdio.h>
#include <string.h>

/* Who there is: "mon" and those upsd shall not take. */
static const struct issue people[] = {
	{ .name = "ca", .authority = true },
	{ .name = "server", .by = "ca" },
	{ .name = "mon", .by = "ca" },
	{ .name = "lost", .by = "ca" },
	{ .name = "old", .by = "ca", .from_days = -20, .to_days = -10 },
	{ .name = "early", .by = "ca", .from_days = 10, .to_days = 20 },
	{ .name = "stranger", .authority = true },
	{ .name = "stray", .by = "stranger" },
	{ .name = "self" },
};

static void
with_request(struct bench *bench, const char *request)
{
	char more[64];

	site_need_tls(bench);
	for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++)
		certificate(bench, &people[i]);
	revocations(bench, "ca", "lost");
	snprintf(more, sizeof(more), "CERTREQUEST %s\n", request);
	site_conf(
	    bench, &(struct site){ .show = "server", .trust = "ca", .lists = true, .more = more });
	start_upsd(bench);
}

/* NO, REQUEST and REQUIRE are words of ours and of NUT to come: the numbers are old. */
static void
required(struct bench *bench)
{
	with_request(bench, "2");
}

static void
served(struct bench *bench, const char *name)
{
	struct conn *conn = dial_tls(bench, &(struct manner){ .show = name });

	need(bench, lives(bench, conn), "%s is not served", name ? name : "who shows nothing");
	hang_up(bench, conn);
}

/* In both versions: TLS 1.3 tells the client later. */
static void
refused(struct bench *bench, const char *name, const char *reason)
{
	struct conn *other = dial_tls(bench, &(struct manner){ .show = "mon" });

	want_refused(bench, &(struct manner){ .show = name, .version = 0x0303 });
	want_refused(bench, &(struct manner){ .show = name, .version = 0x0304 });
	need(bench, lives(bench, other), "others suffer");
	need(bench, log_count(bench, bench->upsd, reason) == 2, "the log does not say '%s': %s",
	    reason, log_of(bench, bench->upsd));
}

static void
not_asked(struct bench *bench)
{
	struct conn *conn;

	with_request(bench, "0");
	conn = dial_tls(bench, &(struct manner){ .show = "stray" });
	need(bench, lives(bench, conn), "no answer");
	need(bench, !veil_asked(conn), "it asks for a certificate");
}

static void
asked(struct bench *bench)
{
	struct conn *conn;

	with_request(bench, "1");
	conn = dial_tls(bench, NULL);
	need(bench, veil_asked(conn), "it does not ask for a certificate");
	need(bench, lives(bench, conn), "no answer");
	served(bench, "mon");
}

static void
asked_and_bad(struct bench *bench)
{
	with_request(bench, "1");
	want_refused(bench, &(struct manner){ .show = "stray" });
	want_refused(bench, &(struct manner){ .show = "old" });
	served(bench, NULL);
}

static void
good(struct bench *bench)
{
	required(bench);
	served(bench, "mon");
	need(bench, veil_asked(dial_tls(bench, &(struct manner){ .show = "mon" })), "not asked");
}

static void
none(struct bench *bench)
{
	required(bench);
	refused(bench, NULL, "certificate");
}

static void
unknown_authority(struct bench *bench)
{
	required(bench);
	refused(bench, "stray", "stray");
}

static void
its_own(struct bench *bench)
{
	required(bench);
	refused(bench, "self", site_is_nss(bench) ? "verify failed" : "self-signed certificate");
}

static void
expired(struct bench *bench)
{
	required(bench);
	refused(bench, "old", "expired");
}

static void
not_yet_valid(struct bench *bench)
{
	required(bench);
	refused(bench, "early", "not yet valid");
}

static void
revoked(struct bench *bench)
{
	required(bench);
	refused(bench, "lost", "revoked");
}

static void
in_clear(struct bench *bench)
{
	required(bench);
	talk(bench, "> NETVER\n< 1.3\n");
}

static void
words(struct bench *bench)
{
	with_request(bench, "REQUIRE");
	refused(bench, NULL, "certificate");
	served(bench, "mon");
}

static void
resumed(struct bench *bench)
{
	struct conn *first, *again;

	required(bench);
	first = dial_tls(bench, &(struct manner){ .show = "mon" });
	ask(bench, first, "NETVER");
	again = dial_tls(
	    bench, &(struct manner){ .show = "mon", .resume = veil_tickets(first) ? first : NULL });
	need(bench, lives(bench, again), "no answer");
}

/* A ticket from when nothing was demanded. */
static void
old_ticket(struct bench *bench)
{
	struct conn *first;

	with_request(bench, "0");
	first = dial_tls(bench, NULL);
	ask(bench, first, "NETVER");
	site_conf(
	    bench, &(struct site){ .show = "server", .trust = "ca", .more = "CERTREQUEST 2\n" });
	reload_upsd(bench);
	want_refused(bench, veil_tickets(first) ? &(struct manner){ .resume = first } : NULL);
	served(bench, "mon");
}

static const struct test_case cases[] = {
	{ "security/client/1", MUST, "T-17", "CERTREQUEST 0: nobody is asked for a certificate",
	    .run = not_asked, .kind = EMPTY },
	{ "security/client/2", MUST, "T-17", "1: who has none is served, and who has a good one",
	    .run = asked, .kind = EMPTY },
	{ "security/client/3", MUST, "T-17", "1: one that is shown must be good",
	    .run = asked_and_bad, .kind = EMPTY },
	{ "security/client/4", MUST, "T-17", "2: a good one", .run = good, .kind = EMPTY },
	{ "security/client/5", MUST, "R-90b T-17 T-18", "2: none is refused, and the log says so",
	    .run = none, .kind = EMPTY },
	{ "security/client/6", MUST, "T-17 T-18", "2: of another authority, likewise",
	    .run = unknown_authority, .kind = EMPTY },
	{ "security/client/7", MUST, "T-17 T-18", "2: signed by itself", .run = its_own,
	    .kind = EMPTY },
	{ "security/client/8", MUST, "T-17 T-18", "2: expired", .run = expired, .kind = EMPTY },
	{ "security/client/9", MUST, "T-17 T-18", "2: not yet valid", .run = not_yet_valid,
	    .kind = EMPTY },
	{ "security/client/10", MUST, "T-17 T-18", "2: revoked", .run = revoked, .kind = EMPTY },
	{ "security/client/11", MUST, "T-6", "2: who does not say STARTTLS is served in clear",
	    .run = in_clear, .kind = EMPTY },
	{ "security/client/12", SHOULD, "T-17", "NO, REQUEST and REQUIRE are 0, 1 and 2",
	    .run = words, .kind = EMPTY },
	{ "security/client/13", MUST, "T-12 T-17", "2: a good one comes back with its ticket",
	    .run = resumed, .kind = EMPTY },
	{ "security/client/14", MUST, "T-12 T-17", "a ticket from before it was demanded is none",
	    .run = old_ticket, .kind = EMPTY },
};

SECTION(security_clients);
