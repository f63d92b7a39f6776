/* The vectors of vectors.h through a running upsd, from the addresses they name.
 *
 * Each runs twice: with every IPv4 address moved into 127.0.0.0/8, which anybody's loopback has;
 * and, where we may make a network namespace, as it stands. */
#include "lists.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vectors.h"

static const char ups1_dump[] = "SETINFO ups.status \"OL\"\n"
				"SETINFO ups.delay.shutdown \"20\"\n"
				"SETFLAGS ups.delay.shutdown RW NUMBER\n"
				"ADDCMD test.panel.start\n"
				"DATAOK\n"
				"DUMPDONE\n";

/* One vector in one of its two places. */
struct attempt {
	const struct access_vector *vector;
	char config[2048], client[64], server[64];
	bool users; /* upsd.users is there, since no ACCESS table is (F4) */
};

/* What is answered to a command that is granted. */
static const struct {
	const char *command, *answer;
} granted[] = {
	{ "LOGIN ups1", "OK" },
	{ "login ups1", "OK" },
	{ "FSD ups1", "OK FSD-SET" },
	{ "MASTER ups1", "OK MASTER-GRANTED" },
	{ "SET VAR ups1 ups.delay.shutdown \"30\"", "OK" },
	{ "GET VAR ups1 ups.status", "VAR ups1 ups.status \"OL\"" },
	{ "GET NUMLOGINS ups1", "NUMLOGINS ups1 0" },
	{ "LIST VAR ups1", "BEGIN LIST VAR ups1" },
	{ "HELP", "Commands: .*" },
	{ "USERNAME bob", "OK" },
	{ "STARTTLS", "ERR FEATURE-NOT-(SUPPORTED|CONFIGURED)" },
	{ "FROB", "ERR UNKNOWN-COMMAND" },
	{ "LOGOUT", "OK Goodbye" },
};

/* Append TEXT with every IPv4 address moved to 127.0.0.0/8, masks aside. */
static void
move(char *out, size_t size, const char *text)
{
	size_t len = 0;

	for (const char *at = text; *at && len + 8 < size;) {
		size_t octet = strspn(at, "0123456789");
		bool begins = at == text || !strchr("0123456789./abcdef", at[-1]);

		if (octet && begins && at[octet] == '.' && isdigit(at[octet + 1]) && *at != '0') {
			len += (size_t)sprintf(out + len, "127");
			at += octet;
		} else {
			out[len++] = *at++;
		}
	}
	out[len] = '\0';
}

static bool
is_ipv6(const char *client)
{
	return strchr(client, ':') && strncmp(client, "::ffff:", 7) != 0;
}

/* Files that make the vector's lines, and nothing else, decide. */
static void
put_files(struct bench *bench, const struct attempt *attempt)
{
	const char *listen = strchr(attempt->client, ':')	   ? "::"
			     : strncmp(attempt->client, "127.", 4) ? "0.0.0.0"
								   : "127.0.0.1";
	char text[4096];

	snprintf(text, sizeof(text), "%sLISTEN %s %d\nDATAPATH %s\n", attempt->config, listen,
	    bench->port, bench->dir);
	put_file(bench, "upsd.conf", text);
	put_file(bench, "ups.conf", "[ups1]\n\tdriver = dummy-ups\n\tport = ups1.dev\n");
	remove(path_of(bench, "upsd.users"));
	if (attempt->users)
		put_file(bench, "upsd.users",
		    "[all]\n\tpassword = all\n\tactions = SET FSD\n\tinstcmds = ALL\n\tupsmon "
		    "primary\n");
}

static struct conn *
client_of(struct bench *bench, const struct attempt *attempt)
{
	struct conn *conn = dial_from(bench, attempt->client, attempt->server, bench->port);

	need(bench, conn, "%s cannot connect", attempt->client);
	return conn;
}

static void
expect_fault(struct bench *bench)
{
	launch_upsd(bench, NULL);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "upsd starts all the same");
	need(bench, bench->upsd->status, "upsd exits with 0");
	need(bench, strstr(log_of(bench, bench->upsd), "upsd.conf:"),
	    "it does not name file and line: %s", log_of(bench, bench->upsd));
	bench->upsd = NULL;
}

/* Nothing has come of what was refused: not at the driver, and not in upsd. */
static void
expect_unchanged(struct bench *bench, struct fake *fake)
{
	struct conn *conn;

	fake_silent(bench, fake, 20);
	put_lists(bench, "ACL any 0.0.0.0/0\nACL any ::/0\nACCESS grant all any\n");
	reload_upsd(bench);
	conn = dial(bench);
	want(bench, (say(bench, conn, "GET VAR ups1 ups.status"), conn),
	    "VAR ups1 ups.status \"OL\"");
	want(bench, (say(bench, conn, "GET NUMLOGINS ups1"), conn), "NUMLOGINS ups1 0");
	want(bench, (say(bench, conn, "GET VAR ups1 ups.delay.shutdown"), conn),
	    "VAR ups1 ups.delay.shutdown \"20\"");
	hang_up(bench, conn);
}

static void
expect_granted(struct bench *bench, struct fake *fake, struct conn *conn, const char *command)
{
	size_t i = 0;

	while (strcmp(granted[i].command, command))
		i++;
	/* The driver's data may come a moment later. */
	ask_until(bench, conn, command, granted[i].answer, bench->patience_ms);
	if (!strncmp(command, "SET", 3))
		fake_want(bench, fake, "SET ups.delay.shutdown \"30\"");
	if (!strcmp(command, "LOGOUT"))
		want_eof(bench, conn);
}

/* Turned away at the door: the answer, or nothing; and no command is ever run. */
static void
expect_at_connect(struct bench *bench, const struct access_vector *vector, struct conn *conn)
{
	if (!vector->reply) {
		want_eof(bench, conn);
		return;
	}
	want(bench, conn, vector->reply);
	say(bench, conn, "%s", strcmp(vector->command, "connect") ? vector->command : "VER");
	want_quiet(bench, conn, 30); /* the greeting was the answer */
	want(bench, (say(bench, conn, "VER"), conn), "ERR ACCESS-DENIED");
}

static void
expect_at_command(
    struct bench *bench, struct fake *fake, const struct attempt *attempt, struct conn *conn)
{
	const struct access_vector *vector = attempt->vector;
	const char *password = attempt->users ? "all" : vector->password;

	if (attempt->users)
		want(bench, (say(bench, conn, "USERNAME all"), conn), "OK");
	if (password)
		want(bench, (say(bench, conn, "PASSWORD \"%s\"", password), conn), "OK");
	if (!vector->at) {
		expect_granted(bench, fake, conn, vector->command);
		return;
	}
	say(bench, conn, "%s", vector->command);
	if (vector->reply)
		want(bench, conn, vector->reply);
	else
		want_quiet(bench, conn, 150);
	/* It stays, and goes on as if nothing had been. */
	want_like(bench, (say(bench, conn, "NETVER"), conn), "1\\.[0-9]");
}

static void
judge(struct bench *bench, const struct attempt *attempt)
{
	const struct access_vector *vector = attempt->vector;
	struct fake *fake;
	struct conn *conn;

	put_files(bench, attempt);
	if (!strcmp(vector->expect, "config-error")) {
		expect_fault(bench);
		return;
	}
	fake = fake_add(bench, "ups1", ups1_dump);
	serve_lists(bench);
	fake_dumped(bench, fake, 1);
	conn = client_of(bench, attempt);
	if (vector->at && !strcmp(vector->at, "connect"))
		expect_at_connect(bench, vector, conn);
	else
		expect_at_command(bench, fake, attempt, conn);
	hang_up(bench, conn);
	if (vector->at)
		expect_unchanged(bench, fake);
	stop_upsd(bench);
	fake_vanish(bench, fake);
}

static const struct access_vector *
vector_of(struct bench *bench)
{
	return &access_vectors[atoi(strrchr(bench->test->id, '/') + 1) - 1];
}

static void
by_vector(struct bench *bench)
{
	const struct access_vector *vector = vector_of(bench);
	struct attempt attempt = { .vector = vector };
	bool moves = !is_ipv6(vector->client), mapped = !strncmp(vector->client, "::ffff:", 7);

	need_lists(bench);
	attempt.users = !strstr(vector->config, "ACCESS") &&
			(!strstr(vector->config, "ACL") || strstr(vector->config, "ACCEPT"));
	if (moves) {
		move(attempt.config, sizeof(attempt.config), vector->config);
		move(attempt.client, sizeof(attempt.client), vector->client);
		strcpy(attempt.server, mapped ? "::ffff:127.0.0.1" : "127.0.0.1");
		judge(bench, &attempt);
	}
	if (!hosts_enter(bench)) {
		if (!moves)
			skip(bench, "no network namespace: not permitted");
		return;
	}
	strcpy(attempt.config, vector->config);
	strcpy(attempt.client, vector->client);
	strcpy(attempt.server, is_ipv6(vector->client) ? "::1" : vector->client);
	hosts_add(bench, mapped ? vector->client + 7 : vector->client);
	judge(bench, &attempt);
}

#define VECTOR .run = by_vector, .kind = EMPTY

static const struct test_case cases[] = {
	{ "access/vector/1", MUST, "A-C2 A-C4",
	    "seed-server-login: 10.20.30.1 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/2", MUST, "A-C2 A-C4",
	    "seed-server-fsd: 10.20.30.1 asks FSD, which is granted", VECTOR },
	{ "access/vector/3", MUST, "A-C3 A-C4",
	    "seed-server-master-badpw: 10.20.30.1 asks MASTER, which is denied", VECTOR },
	{ "access/vector/4", MUST, "A-C2 A-C3",
	    "seed-server-set: 10.20.30.1 asks SET, which is denied", VECTOR },
	{ "access/vector/5", MUST, "A-C2 A-C4",
	    "seed-ws-get: 10.20.30.2 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/6", MUST, "A-C4 A-C9",
	    "seed-ws-login-nopw: 10.20.30.2 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/7", MUST, "A-C1 A-C2",
	    "seed-ws-primary: 10.20.30.2 asks PRIMARY, which is denied", VECTOR },
	{ "access/vector/8", MUST, "A-C1 A-C2",
	    "seed-web-list: 10.20.30.3 asks LIST VAR, which is granted", VECTOR },
	{ "access/vector/9", MUST, "A-C2 A-C3",
	    "seed-web-login: 10.20.30.3 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/10", MUST, "A-C6 A-C8",
	    "seed-abuser-connect: 192.168.255.128 is dropped at connect", VECTOR },
	{ "access/vector/11", MUST, "A-C6 A-C7",
	    "seed-other-connect: 10.20.30.4 is denied at connect", VECTOR },
	{ "access/vector/12", MUST, "A-C3 A-C4",
	    "badorder-login-pass1: 192.0.2.10 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/13", MUST, "A-C3",
	    "goodorder-login-pass1: 192.0.2.10 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/14", MUST, "A-C2",
	    "goodorder-set-pass2: 192.0.2.10 asks SET, which is granted", VECTOR },
	{ "access/vector/15", MUST, "A-C4",
	    "goodorder-set-pass1: 192.0.2.10 asks SET, which is denied", VECTOR },
	{ "access/vector/16", MUST, "A-C3",
	    "first-match-generic-before-specific: 10.1.1.1 is denied at connect", VECTOR },
	{ "access/vector/17", MUST, "A-C3",
	    "specific-before-generic: 10.1.1.1 asks SET, which is granted", VECTOR },
	{ "access/vector/18", MUST, "A-C3 A-C4",
	    "wrong-password-no-fallthrough: 10.1.1.1 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/19", MUST, "A-C1", "base-help: 10.1.1.1 asks HELP, which is granted",
	    VECTOR },
	{ "access/vector/20", MUST, "A-C1",
	    "base-username: 10.1.1.1 asks USERNAME, which is granted", VECTOR },
	{ "access/vector/21", MUST, "A-C2 A-C5", "base-get: 10.1.1.1 asks GET VAR, which is denied",
	    VECTOR },
	{ "access/vector/22", MUST, "A-C1",
	    "monitor-numlogins: 10.1.1.1 asks GET NUMLOGINS, which is granted", VECTOR },
	{ "access/vector/23", MUST, "A-C1",
	    "monitor-starttls: 10.1.1.1 asks STARTTLS, which is granted", VECTOR },
	{ "access/vector/24", MUST, "A-C4",
	    "login-nopassword-line: 10.1.1.1 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/25", MUST, "A-C4",
	    "login-nopassword-line-extra: 10.1.1.1 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/26", MUST, "A-C2 A-C5", "login-fsd: 10.1.1.1 asks FSD, which is denied",
	    VECTOR },
	{ "access/vector/27", MUST, "A-C2 A-C5",
	    "master-instcmd: 10.1.1.1 asks INSTCMD, which is denied", VECTOR },
	{ "access/vector/28", MUST, "A-C2",
	    "manager-master: 10.1.1.1 asks MASTER, which is granted", VECTOR },
	{ "access/vector/29", MUST, "A-C2", "all-set: 10.1.1.1 asks SET, which is granted",
	    VECTOR },
	{ "access/vector/30", MUST, "A-C4",
	    "all-password-get: 10.1.1.1 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/31", MUST, "A-C4 A-C9",
	    "all-password-set-missing: 10.1.1.1 asks SET, which is denied", VECTOR },
	{ "access/vector/32", MUST, "A-A9 A-C4",
	    "monitor-password-unused: 10.1.1.1 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/33", MUST, "A-C4", "password-case: 10.1.1.1 asks LOGIN, which is denied",
	    VECTOR },
	{ "access/vector/34", MUST, "A-C1",
	    "lowercase-command: 10.1.1.1 asks login, which is granted", VECTOR },
	{ "access/vector/35", MUST, "A-C1",
	    "unknown-command-is-base: 10.1.1.1 asks FROB, which is granted", VECTOR },
	{ "access/vector/36", MUST, "A-C2 A-C6",
	    "deny-login-stops-connect: 10.1.1.1 is denied at connect", VECTOR },
	{ "access/vector/37", MUST, "A-C2 A-C3",
	    "grant-monitor-then-deny-login: 10.1.1.1 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/38", MUST, "A-C2",
	    "deny-login-leaves-master: 10.1.1.1 asks FSD, which is granted", VECTOR },
	{ "access/vector/39", MUST, "A-C2",
	    "deny-all-after-monitor: 10.1.1.1 asks FSD, which is denied", VECTOR },
	{ "access/vector/40", MUST, "A-C8",
	    "drop-on-command: 10.1.1.1 asks LOGIN, which is dropped", VECTOR },
	{ "access/vector/41", MUST, "A-C6 A-C8",
	    "drop-base-before-grant: 10.1.1.1 is dropped at connect", VECTOR },
	{ "access/vector/42", MUST, "A-A9",
	    "password-on-deny-ignored: 10.1.1.1 asks LOGIN, which is denied", VECTOR },
	{ "access/vector/43", MUST, "A-C5", "implicit-deny: 10.1.1.2 is denied at connect",
	    VECTOR },
	{ "access/vector/44", MUST, "A-A10",
	    "no-acl-config: 203.0.113.9 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/45", MUST, "A-A10 A-C5", "acl-lines-only: 10.1.1.1 is denied at connect",
	    VECTOR },
	{ "access/vector/46", MUST, "A-A3",
	    "dotted-mask-24: 206.253.95.77 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/47", MUST, "A-A3 A-C5",
	    "dotted-mask-24-outside: 206.253.96.1 is denied at connect", VECTOR },
	{ "access/vector/48", MUST, "A-A3",
	    "host-bits-masked: 10.20.30.200 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/49", MUST, "A-A3",
	    "slash0-dotted: 198.51.100.1 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/50", MUST, "A-A3", "mask-noncontiguous: the file is refused", VECTOR },
	{ "access/vector/51", MUST, "A-A3", "mask-33: the file is refused", VECTOR },
	{ "access/vector/52", MUST, "A-A5", "mask-missing: the file is refused", VECTOR },
	{ "access/vector/53", MUST, "A-A5", "hostname-block: the file is refused", VECTOR },
	{ "access/vector/54", MUST, "A-A6",
	    "duplicate-name-union: 10.9.3.3 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/55", MUST, "A-B1",
	    "v4mapped-client: ::ffff:10.20.30.2 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/56", MUST, "A-B2 A-C5",
	    "v6-client-not-in-v4-all: 2001:db8::1 is denied at connect", VECTOR },
	{ "access/vector/57", MUST, "A-A4", "v6-all: 2001:db8::1 asks GET VAR, which is granted",
	    VECTOR },
	{ "access/vector/58", MUST, "A-B2", "v6-all-not-v4: 192.0.2.1 is denied at connect",
	    VECTOR },
	{ "access/vector/59", MUST, "A-A4",
	    "v6-prefix-52: 2001:db8:0:f123::9 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/60", MUST, "A-A7", "undefined-acl: the file is refused", VECTOR },
	{ "access/vector/61", MUST, "A-A7",
	    "forward-reference: 10.1.1.1 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/62", MUST, "A-A8", "unknown-level: the file is refused", VECTOR },
	{ "access/vector/63", MUST, "A-A2", "missing-aclname: the file is refused", VECTOR },
	{ "access/vector/64", MUST, "A-A1",
	    "comment-and-quotes: 10.1.1.1 asks LOGIN, which is granted", VECTOR },
	{ "access/vector/65", MUST, "A-D1", "accept-lan: 10.1.2.3 asks SET, which is granted",
	    VECTOR },
	{ "access/vector/66", MUST, "A-D2", "reject-bad: 10.1.6.6 is dropped at connect", VECTOR },
	{ "access/vector/67", MUST, "A-A6",
	    "duplicate-name-union-first: 10.1.3.3 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/68", MUST, "A-B1",
	    "v4-compatible-client: ::192.0.2.1 is denied at connect", VECTOR },
	{ "access/vector/69", MUST, "A-A4",
	    "mapped-block: 192.0.2.15 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/70", MUST, "A-A4", "mapped-block-edge: 192.0.2.16 is denied at connect",
	    VECTOR },
	{ "access/vector/71", MUST, "A-A3",
	    "host-bits-dotted-nested: 192.0.2.127 asks GET VAR, which is granted", VECTOR },
	{ "access/vector/72", MUST, "A-A9", "empty-password-line: the file is refused", VECTOR },
	{ "access/vector/73", MUST, "A-A2", "extra-field-open: the file is refused", VECTOR },
	{ "access/vector/74", MUST, "A-A7", "name-case-open: the file is refused", VECTOR },
	{ "access/vector/75", MUST, "A-D3", "accept-implicit: 10.1.1.2 is dropped at connect",
	    VECTOR },
	{ "access/vector/76", MUST, "A-D4 A-E1", "accept-and-access: 10.1.1.2 is denied at connect",
	    VECTOR },
	{ "access/vector/77", MUST, "A-A1", "hash-ends-word: 10.1.1.1 asks LOGIN, which is granted",
	    VECTOR },
	{ "access/vector/78", MUST, "A-A2", "lowercase-directive-open: the file is refused",
	    VECTOR },
	{ "access/vector/79", MUST, "A-C1 A-C8",
	    "get-needs-monitor-not-base: 10.1.1.1 asks LIST UPS, which is dropped", VECTOR },
	{ "access/vector/80", MUST, "A-C1",
	    "logout-on-base: 10.1.1.1 asks LOGOUT, which is granted", VECTOR },
};

SECTION(access_vector);
