/* Access lists at the door, through reloads, and among the other layers: docs/access.md. */
#include "lists.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DENIED "ERR ACCESS-DENIED"
#define ME "ACL me 127.0.0.1/32\n"
#define FOE "ACL foe 127.0.0.2/32\n"

/* upsd with LINES beside the stock UPSes and users. */
static void
begin(struct bench *bench, const char *lines)
{
	need_lists(bench);
	put_lists(bench, lines);
	fake_add(bench, "bench", stock_dump);
	serve_lists(bench);
	fake_dumped(bench, fake_get(bench, "bench"), 1);
}

static struct conn *
client(struct bench *bench, const char *from)
{
	struct conn *conn = dial_from(bench, from, "127.0.0.1", bench->port);

	need(bench, conn, "%s cannot connect", from);
	return conn;
}

static void
reload_with(struct bench *bench, const char *lines)
{
	put_lists(bench, lines);
	reload_upsd(bench);
}

/* Does it serve a client from FROM? */
static bool
is_let_in(struct bench *bench, const char *from)
{
	struct conn *conn = client(bench, from);
	const char *line = ask(bench, conn, "NETVER");
	bool in = matches(bench, "1\\.[0-9]", line);

	if (!in)
		need(bench, !strcmp(line, DENIED), "%s gets \"%s\"", from, line);
	hang_up(bench, conn);
	return in;
}

/* ---- the door ---- */

static void
four_lines(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant all me\nACCESS deny all foe\n");
	conn = client(bench, "127.0.0.2");
	want(bench, conn, DENIED);
	say(bench, conn, "STARTTLS");
	want_quiet(bench, conn, 50);
	for (int i = 0; i < 3; i++)
		want(bench, (say(bench, conn, "LOGIN bench"), conn), DENIED);
	want_eof(bench, conn);
}

static void
two_seconds(struct bench *bench)
{
	struct conn *conn;
	int64_t began;

	begin(bench, ME FOE "ACCESS grant all me\nACCESS deny all foe\n");
	began = now_ms();
	conn = client(bench, "127.0.0.2");
	want(bench, conn, DENIED);
	want_eof(bench, conn);
	need(bench, now_ms() - began > 1500, "closed after %d ms", (int)(now_ms() - began));
}

static void
sixteen(struct bench *bench)
{
	struct conn *conns[20], *me;

	begin(bench, ME FOE "MAXCONN 6\nACCESS grant all me\nACCESS deny all foe\n");
	for (int i = 0; i < 20; i++) {
		conns[i] = client(bench, "127.0.0.2");
		want(bench, conns[i], DENIED);
	}
	for (int i = 16; i < 20; i++)
		want_eof(bench, conns[i]);
	me = client(bench, "127.0.0.1");
	want(
	    bench, (say(bench, me, "GET VAR bench ups.status"), me), "VAR bench ups.status \"OL\"");
	for (int i = 0; i < 16; i++)
		need(bench, !conns[i]->eof, "refused client %d was closed at once", i);
}

/* Not one byte, whatever it sends and however much. */
static void
no_byte(struct bench *bench, const char *lines)
{
	begin(bench, lines);
	for (int i = 0; i < 20; i++) {
		struct conn *conn = client(bench, "127.0.0.2");

		if (i % 2)
			say(bench, conn, "VER");
		want_eof(bench, conn);
	}
	need(bench, is_let_in(bench, "127.0.0.1"), "127.0.0.1 is not served");
}

static void
drop_is_silent(struct bench *bench)
{
	no_byte(bench, ME FOE "ACCESS drop all foe\nACCESS grant all me\n");
}

static void
reject_is_silent(struct bench *bench)
{
	no_byte(bench, ME FOE "REJECT foe\nACCEPT me\n");
}

static void
no_accept_is_silent(struct bench *bench)
{
	no_byte(bench, ME "ACCEPT me\n");
}

/* ---- blocks ---- */

/* 32 - BITS bits of 127.0.0.0 may change: the addresses at the edges of the block around ADDRESS.
 */
static void
edges_of(struct bench *bench, unsigned address, unsigned bits, bool dotted)
{
	unsigned mask = 0xffffffffu << (32 - bits), first = address & mask, last = first | ~mask;
	const struct {
		unsigned address;
		bool in;
	} edges[] = { { first, true }, { last, true }, { first - 1, false }, { last + 1, false } };
	char lines[200], host[INET_ADDRSTRLEN], tail[INET_ADDRSTRLEN];
	struct in_addr in = { htonl(first) }, net = { htonl(mask) };

	snprintf(host, sizeof(host), "%s", inet_ntoa(in));
	snprintf(tail, sizeof(tail), "%u", bits);
	if (dotted)
		snprintf(tail, sizeof(tail), "%s", inet_ntoa(net));
	snprintf(lines, sizeof(lines), "ACL b %s/%s\nACCESS grant all b\n", host, tail);
	reload_with(bench, lines);
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
		struct in_addr at = { htonl(edges[i].address) };

		if (edges[i].address >> 24 != 127 || edges[i].address == 0x7f000000u ||
		    edges[i].address == 0x7fffffffu)
			continue; /* nobody can come from there */
		need(bench, is_let_in(bench, inet_ntoa(at)) == edges[i].in, "%s and %s/%s",
		    inet_ntoa(at), host, tail);
	}
}

static void
masks(struct bench *bench)
{
	begin(bench, ME "ACCESS grant all me\n");
	for (unsigned bits = 8; bits <= 32; bits++) {
		edges_of(bench, 0x7f5a6978u, bits, false);
		edges_of(bench, 0x7f5a6978u, bits, true);
	}
}

static void
ipv6_prefixes(struct bench *bench)
{
	static const struct {
		const char *block, *in, *out;
	} table[] = {
		{ "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1" },
		{ "2001:db8:1:8000::/49", "2001:db8:1:ffff::1", "2001:db8:1:7fff::1" },
		{ "2001:db8::80/121", "2001:db8::ff", "2001:db8::7f" },
		{ "2001:db8::5/128", "2001:db8::5", "2001:db8::4" },
		{ "::/1", "2001:db8::1", "fd00::1" },
	};
	char lines[200];

	begin(bench, ME "ACCESS grant all me\n");
	stop_upsd(bench);
	if (!hosts_enter(bench))
		skip(bench, "no network namespace: not permitted");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct conn *conn;

		snprintf(lines, sizeof(lines), "LISTEN ::1 %d\nACL b %s\nACCESS grant all b\n",
		    bench->port, table[i].block);
		put_lists(bench, lines);
		serve_lists(bench);
		hosts_add(bench, table[i].in);
		hosts_add(bench, table[i].out);
		conn = dial_from(bench, table[i].in, "::1", bench->port);
		need(bench, conn, "no connection from %s", table[i].in);
		want_like(bench, (say(bench, conn, "NETVER"), conn), "1\\.[0-9]");
		conn = dial_from(bench, table[i].out, "::1", bench->port);
		need(bench, conn, "no connection from %s", table[i].out);
		want(bench, conn, DENIED);
		stop_upsd(bench);
	}
}

/* Blocks in blocks and across: the first line that holds the client, never the narrowest. */
static void
nested(struct bench *bench)
{
	static const struct {
		const char *lines;
		bool in[4]; /* 127.0.0.1, 127.1.0.1, 127.1.1.1, 127.2.0.1 */
	} table[] = {
		{ "ACCESS grant all one\nACCESS deny all net\n", { false, false, true, false } },
		{ "ACCESS deny all one\nACCESS grant all net\n", { true, true, false, true } },
		{ "ACCESS grant all net\nACCESS deny all one\n", { true, true, true, true } },
		{ "ACCESS deny all one\nACCESS grant all sub\nACCESS deny all net\n",
		    { false, true, false, false } },
		{ "ACCESS grant all two\nACCESS deny all sub\nACCESS grant all net\n",
		    { true, false, true, true } },
	};
	static const char *const from[] = { "127.0.0.1", "127.1.0.1", "127.1.1.1", "127.2.0.1" };
	char lines[400];

	begin(bench, ME "ACCESS grant all me\n");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		snprintf(lines, sizeof(lines),
		    "%sACL one 127.1.1.1/32\nACL sub 127.1.0.0/16\nACL net 127.0.0.0/8\n"
		    "ACL two 127.1.1.0/24\nACL two 127.2.0.0/255.255.0.0\n",
		    table[i].lines);
		reload_with(bench, lines);
		for (int k = 0; k < 4; k++)
			need(bench, is_let_in(bench, from[k]) == table[i].in[k], "%s under\n%s",
			    from[k], lines);
	}
}

/* ---- reload ---- */

/* A client that has logged in, then LINES come into force. */
static struct conn *
logged_in_before(struct bench *bench, const char *lines)
{
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant all me\nACCESS grant all foe\n");
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
	reload_with(bench, lines);
	return conn;
}

static void
reload_denies(struct bench *bench)
{
	struct conn *conn =
	    logged_in_before(bench, ME FOE "ACCESS deny all foe\nACCESS grant all me\n");

	say(bench, conn, "GET VAR bench ups.status");
	want(bench, conn, DENIED);
	want_eof(bench, conn);
}

static void
reload_drops(struct bench *bench)
{
	struct conn *conn =
	    logged_in_before(bench, ME FOE "ACCESS drop all foe\nACCESS grant all me\n");

	say(bench, conn, "GET VAR bench ups.status");
	want_eof(bench, conn);
}

static void
reload_rejects(struct bench *bench)
{
	struct conn *conn = logged_in_before(bench, ME "ACCEPT me\n");

	say(bench, conn, "GET VAR bench ups.status");
	want(bench, conn, DENIED);
	want_eof(bench, conn);
}

static void
reload_takes_a_level(struct bench *bench)
{
	struct conn *conn =
	    logged_in_before(bench, ME FOE "ACCESS grant monitor foe\nACCESS grant all me\n");

	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "VAR bench ups.status \"OL\"");
	want(bench, (say(bench, conn, "FSD bench"), conn), DENIED);
	/* Its login stays counted until it goes. */
	want(bench, (say(bench, conn, "GET NUMLOGINS bench"), conn), "NUMLOGINS bench 1");
	reload_with(bench, ME FOE "ACCESS grant all foe\n");
	want(bench, (say(bench, conn, "FSD bench"), conn), "OK FSD-SET");
}

static void
reload_changes_a_password(struct bench *bench)
{
	struct conn *conn =
	    logged_in_before(bench, ME FOE "ACCESS grant all foe monsecret\nACCESS grant all me\n");

	want(bench, (say(bench, conn, "PRIMARY bench"), conn), "OK PRIMARY-GRANTED");
	reload_with(bench, ME FOE "ACCESS grant all foe other\nACCESS grant all me\n");
	want(bench, (say(bench, conn, "FSD bench"), conn), DENIED);
	want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
	    "VAR bench ups.status \"OL\"");
}

static void
broken_reload(struct bench *bench)
{
	static const char *const faulty[] = {
		"ACL foe 127.0.0.2\nACCESS grant all foe\n",
		ME FOE "ACCESS grant all foe\nACCESS grant all nobody\n",
		ME FOE "ACCESS grant all foe\nACESS deny all foe\n",
		ME FOE "ACCESS grant all foe\naccess deny all foe\n",
		ME FOE "ACCESS grant all foe\nACCESS grant all me \"\"\n",
		ME FOE "ACCESS grant all foe\nACL x 1.2.3.4/255.0.255.0\n",
		ME FOE "ACCEPT foe\nREJECT nobody\n",
		ME FOE "ACCESS grant all foe\nACCESS grant all me \"no end\n",
		ME FOE "ACCESS grant all foe\nMAXAGE never\n",
	};
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant monitor me\nACCESS deny all foe\n");
	conn = client(bench, "127.0.0.1");
	for (size_t i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		unsigned before = log_count(bench, bench->upsd, "upsd.conf:");

		reload_with(bench, faulty[i]);
		need(bench, log_count(bench, bench->upsd, "upsd.conf:") > before,
		    "no fault with file and line for\n%s", faulty[i]);
		need(bench, !is_let_in(bench, "127.0.0.2"), "half of it is in force:\n%s",
		    faulty[i]);
		want(bench, (say(bench, conn, "FSD bench"), conn), DENIED);
		want(bench, (say(bench, conn, "GET VAR bench ups.status"), conn),
		    "VAR bench ups.status \"OL\"");
	}
}

static void
users_vanish(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME "ACCESS grant all me\n");
	unlink(path_of(bench, "upsd.users"));
	reload_upsd(bench);
	conn = client(bench, "127.0.0.1");
	want(bench, (say(bench, conn, "FSD bench"), conn), "ERR USERNAME-REQUIRED");
	put_file(bench, "upsd.users", "");
	reload_upsd(bench);
	want(bench, (say(bench, conn, "FSD bench"), conn), "ERR USERNAME-REQUIRED");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
}

/* ---- layers ---- */

static void
lists_and_users(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant manager me\nACCESS grant monitor foe\n");
	/* The lists let it, the user may not. */
	conn = client(bench, "127.0.0.1");
	log_in(bench, conn, "mon2", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
	want(bench, (say(bench, conn, "FSD bench"), conn), DENIED);
	/* The user may, the lists do not let it. */
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), DENIED);
	want(bench, (say(bench, conn, "LOGIN"), conn), DENIED);
	want(bench, (say(bench, conn, "FSD nowhere"), conn), DENIED);
	/* What must be sent comes after the lists, and before the words. */
	conn = client(bench, "127.0.0.1");
	want(bench, (say(bench, conn, "SET"), conn), "ERR USERNAME-REQUIRED");
	want(bench, (say(bench, conn, "USERNAME mon"), conn), "OK");
	want(bench, (say(bench, conn, "SET"), conn), "ERR PASSWORD-REQUIRED");
	want(bench, (say(bench, conn, "PASSWORD monsecret"), conn), "OK");
	want(bench, (say(bench, conn, "SET"), conn), "ERR INVALID-ARGUMENT");
}

static void
both_passwords(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant all me monsecret\nACCESS grant all foe other\n");
	conn = client(bench, "127.0.0.1");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), DENIED);
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon", "other");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), DENIED);
}

static void
accept_and_access(struct bench *bench)
{
	begin(bench,
	    ME FOE "ACL net 127.0.0.0/8\nACCEPT net\nACCESS grant all me\nACCESS deny all foe\n");
	need(bench, is_let_in(bench, "127.0.0.1"), "both let 127.0.0.1 in");
	need(bench, !is_let_in(bench, "127.0.0.2"), "ACCESS denies 127.0.0.2");
	reload_with(bench, ME FOE "ACCEPT foe\nACCESS grant all me\nACCESS grant all foe\n");
	need(bench, is_let_in(bench, "127.0.0.2"), "both let 127.0.0.2 in");
	want_eof(bench, client(bench, "127.0.0.1"));
}

/* Without upsd.users the line alone decides, and nobody need say a name. */
static void
host_based(struct bench *bench)
{
	struct conn *conn;

	need_lists(bench);
	unlink(path_of(bench, "upsd.users"));
	begin(bench, ME FOE "ACCESS grant all me hostsecret\nACCESS grant login foe\n");
	conn = client(bench, "127.0.0.1");
	want(bench, (say(bench, conn, "SET VAR bench ups.id new"), conn), "ERR PASSWORD-REQUIRED");
	want(bench, (say(bench, conn, "PASSWORD hostsecret"), conn), "OK");
	want(bench, (say(bench, conn, "SET VAR bench ups.id new"), conn), "OK");
	fake_want(bench, fake_get(bench, "bench"), "SET ups.id \"new\"");
	want(bench, (say(bench, conn, "INSTCMD bench load.off"), conn), "OK");
	fake_want(bench, fake_get(bench, "bench"), "INSTCMD load.off");
	want(bench, (say(bench, conn, "SET TRACKING ON"), conn), "OK");
	conn = client(bench, "127.0.0.2");
	want(bench, (say(bench, conn, "USERNAME anybody"), conn), "OK");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
	want(bench, (say(bench, conn, "FSD bench"), conn), DENIED);
	want(bench, (say(bench, conn, "SET VAR bench ups.id new"), conn), DENIED);
	fake_silent(bench, fake_get(bench, "bench"), 50);
}

static void
tracking_needs_no_action(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME FOE "ACCESS grant all me\nACCESS grant master foe\n");
	conn = client(bench, "127.0.0.1");
	log_in(bench, conn, "mon2", "monsecret");
	want(bench, (say(bench, conn, "SET TRACKING ON"), conn), "OK");
	want(bench, (say(bench, conn, "SET VAR bench ups.id x"), conn), DENIED);
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon2", "monsecret");
	want(bench, (say(bench, conn, "SET TRACKING ON"), conn), DENIED);
}

/* LISTEN only says where to listen: 127.0.0.1 alone is open, whatever the lists grant. */
static void
listen_is_apart(struct bench *bench)
{
	char line[100];
	struct conn *conn;

	begin(bench, "ACL all 0.0.0.0/0\nACL all ::/0\nACCESS grant all all\n");
	need(bench, !dial_from(bench, "127.0.0.1", "127.0.0.9", bench->port), "127.0.0.9 is open");
	stop_upsd(bench);
	/* "::" serves both families, and an IPv4 client is one in every respect. */
	snprintf(line, sizeof(line), "LISTEN :: %d\n", bench->port);
	put_file(bench, "upsd.conf", line);
	add_to_file(bench, "upsd.conf", FOE "ACCESS grant all foe\n");
	serve_lists(bench);
	conn = client(bench, "127.0.0.2");
	log_in(bench, conn, "mon", "monsecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), "OK");
	want(bench, (say(bench, conn, "LIST CLIENT bench"), conn), "BEGIN LIST CLIENT bench");
	want(bench, conn, "CLIENT bench 127.0.0.2");
	want(bench, conn, "END LIST CLIENT bench");
	need(bench, strstr(log_of(bench, bench->upsd), "mon@127.0.0.2"), "the log has another");
}

static void
nobody_decides(struct bench *bench)
{
	need_lists(bench);
	unlink(path_of(bench, "upsd.users"));
	put_lists(bench, ME "ACCEPT me\n");
	launch_upsd(bench, NULL);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms) && bench->upsd->status,
	    "upsd starts without upsd.users and without ACCESS lines");
	bench->upsd = NULL;
}

/* ---- commands ---- */

/* deny and drop, a hundred times: no answer too many, none too few, and nothing done. */
static void
hundred(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME "ACCESS grant monitor me\nACCESS drop login me\nACCESS deny all me\n");
	conn = client(bench, "127.0.0.1");
	for (int i = 0; i < 100; i++)
		say(bench, conn, "LOGIN bench\nFSD bench\nSET VAR bench ups.id x");
	say(bench, conn, "NETVER");
	for (int i = 0; i < 200; i++)
		want(bench, conn, DENIED);
	want_like(bench, conn, "1\\.[0-9]");
	want_quiet(bench, conn, 50);
	fake_silent(bench, fake_get(bench, "bench"), 50);
	need(bench,
	    log_count(bench, bench->upsd, " denied: ") == 1 &&
		log_count(bench, bench->upsd, " dropped: ") == 1,
	    "each rule is to be logged once:\n%s", log_of(bench, bench->upsd));
	need(bench, strstr(log_of(bench, bench->upsd), "upsd.conf:5: ACCESS drop login me"),
	    "the log does not name the line:\n%s", log_of(bench, bench->upsd));
}

static void
no_secret_in_log(struct bench *bench)
{
	struct conn *conn;

	begin(bench, ME "ACCESS grant all me linesecret\nACCESS deny all me denysecret\n");
	conn = client(bench, "127.0.0.1");
	log_in(bench, conn, "mon", "guesssecret");
	want(bench, (say(bench, conn, "LOGIN bench"), conn), DENIED);
	need(bench, !strstr(log_of(bench, bench->upsd), "secret"), "a password is in the log:\n%s",
	    log_of(bench, bench->upsd));
	need(bench, strstr(log_of(bench, bench->upsd), "mon@127.0.0.1"), "no guess in the log:\n%s",
	    log_of(bench, bench->upsd));
}

/* Guesses beyond the fifth wait their turn, a tenth of a second apart; another address does not. */
static void
guesses(struct bench *bench)
{
	struct conn *conns[12], *other;
	int64_t began;

	begin(bench, ME FOE "ACCESS grant all me right\nACCESS grant all foe right\n");
	began = now_ms();
	for (int i = 0; i < 12; i++) {
		conns[i] = client(bench, "127.0.0.2");
		log_in(bench, conns[i], "mon", "wrong");
		say(bench, conns[i], "LOGIN bench");
		if (i < 5)
			want(bench, conns[i], DENIED);
	}
	other = client(bench, "127.0.0.1");
	log_in(bench, other, "mon2", "right");
	want(bench, (say(bench, other, "LOGIN bench"), other), DENIED); /* upsd.users has another */
	need(bench, now_ms() - began < 650, "another address had to wait");
	for (int i = 5; i < 12; i++)
		want(bench, conns[i], DENIED);
	need(bench, now_ms() - began >= 700, "12 guesses in %d ms", (int)(now_ms() - began));
}

/* ---- a flood ---- */

/* 10 000 ACL and 1 000 ACCESS lines of other hosts. */
static void
add_large_lists(struct bench *bench)
{
	struct bytes text = { 0 };
	char line[80];

	for (int i = 0; i < 10000; i++)
		bytes_add(&text, line,
		    (size_t)snprintf(line, sizeof(line), "ACL other%d 10.0.%d.%d/32\n", i % 1000,
			i / 256, i % 256));
	for (int i = 0; i < 1000; i++)
		bytes_add(&text, line,
		    (size_t)snprintf(line, sizeof(line), "ACCESS grant monitor other%d\n", i));
	add_to_file(bench, "upsd.conf", text.at);
	bytes_free(&text);
}

/* A thousand refused connections, each judged by long lists, while a client asks: none of its
 * answers is late. */
static void
flood(struct bench *bench)
{
	struct conn *me;
	int64_t worst = 0;

	begin(bench, ME "ACCESS grant all me\n");
	add_large_lists(bench);
	reload_upsd(bench);
	me = client(bench, "127.0.0.1");
	log_in(bench, me, "mon", "monsecret");
	want(bench, (say(bench, me, "LOGIN bench"), me), "OK");
	for (int i = 0; i < 50; i++) {
		int64_t began;

		for (int k = 0; k < 20; k++)
			client(bench, "127.0.0.2")->held = true;
		began = now_ms();
		want(bench, (say(bench, me, "GET VAR bench ups.status"), me),
		    "VAR bench ups.status \"OL\"");
		if (now_ms() - began > worst)
			worst = now_ms() - began;
	}
	need(bench, worst <= 50, "an answer came after %d ms", (int)worst);
}

static const struct test_case cases[] = {
	{ "access/door/1", MUST, "A-C7 A-F7",
	    "a denied client is told at once, and each further line of three is answered; then it "
	    "is closed",
	    .run = four_lines, .kind = EMPTY },
	{ "access/door/2", MUST, "A-C7 A-F7",
	    "a denied client that is silent is closed after two seconds", .run = two_seconds,
	    .kind = EMPTY, .flags = SLOW },
	{ "access/door/3", MUST, "A-C7 A-F7 R-8",
	    "at most sixteen denied clients are kept, and they take nobody's place", .run = sixteen,
	    .kind = EMPTY },
	{ "access/door/4", MUST, "A-C8", "a dropped client gets not one byte",
	    .run = drop_is_silent, .kind = EMPTY },
	{ "access/door/5", MUST, "A-D2", "a rejected client gets not one byte",
	    .run = reject_is_silent, .kind = EMPTY },
	{ "access/door/6", MUST, "A-D3", "nor does one that no ACCEPT line holds",
	    .run = no_accept_is_silent, .kind = EMPTY },
	{ "access/door/7", MUST, "A-C7 R-8",
	    "a flood of refused clients delays a logged-in one by no more than 50 ms", .run = flood,
	    .kind = EMPTY, .flags = SOLO },

	{ "access/block/1", MUST, "A-A3", "every mask from /8 to /32, in both forms, at its edges",
	    .run = masks, .kind = EMPTY },
	{ "access/block/2", MUST, "A-A4 A-B2", "IPv6 prefixes, at their edges",
	    .run = ipv6_prefixes, .kind = EMPTY },
	{ "access/block/3", MUST, "A-C3 A-A6",
	    "of nested and overlapping blocks the first line decides, never the narrowest",
	    .run = nested, .kind = EMPTY },

	{ "access/command/1", MUST, "A-C7 A-C8",
	    "refused commands do nothing, in any number; a rule is logged once a minute and client",
	    .run = hundred, .kind = EMPTY },
	{ "access/command/2", MUST, "A-C8 A-C9 A-F8 R-13",
	    "a wrong password of a line is logged, and no password ever is",
	    .run = no_secret_in_log, .kind = EMPTY },

	{ "access/command/3", MUST, "A-F8 R-12",
	    "guesses at a line's password are slowed down, and other addresses are not",
	    .run = guesses, .kind = EMPTY, .flags = SOLO },

	{ "access/reload/1", MUST, "A-C6 A-C7 A-F5",
	    "who is denied by a reload is told at the next command, and closed",
	    .run = reload_denies, .kind = EMPTY },
	{ "access/reload/2", MUST, "A-C6 A-C8 A-F5",
	    "who is dropped by a reload is closed silently", .run = reload_drops, .kind = EMPTY },
	{ "access/reload/3", MUST, "A-D2 A-F5", "who is rejected by a reload is told, and closed",
	    .run = reload_rejects, .kind = EMPTY },
	{ "access/reload/4", MUST, "A-C6 A-F5",
	    "a level that is taken or given counts at the next command",
	    .run = reload_takes_a_level, .kind = EMPTY },
	{ "access/reload/5", MUST, "A-F2 R-19", "a reload with a fault changes nothing",
	    .run = broken_reload, .kind = EMPTY },
	{ "access/reload/6", MUST, "A-F4 R-20",
	    "a users file that goes, or is empty, is no host-based mode", .run = users_vanish,
	    .kind = EMPTY },

	{ "access/reload/7", MUST, "A-C9 R-22",
	    "a line's password that a reload changes counts at once",
	    .run = reload_changes_a_password, .kind = EMPTY },

	{ "access/layers/1", MUST, "A-E1 A-E4 A-F1",
	    "lists and users must both let it, lists first", .run = lists_and_users,
	    .kind = EMPTY },
	{ "access/layers/2", MUST, "A-E4 A-C4", "with a password in both, both must be it",
	    .run = both_passwords, .kind = EMPTY },
	{ "access/layers/3", MUST, "A-D4 A-E1",
	    "with ACCEPT and ACCESS lines a client must pass both", .run = accept_and_access,
	    .kind = EMPTY },
	{ "access/layers/4", MUST, "A-E5 A-C4", "without upsd.users the line alone decides",
	    .run = host_based, .kind = EMPTY },
	{ "access/layers/5", MUST, "A-E5",
	    "with neither upsd.users nor ACCESS lines upsd does not start", .run = nobody_decides,
	    .kind = EMPTY },
	{ "access/layers/6", MUST, "A-E4a", "SET TRACKING needs a user, its level, and no action",
	    .run = tracking_needs_no_action, .kind = EMPTY },
	{ "access/layers/7", MUST, "A-E2 A-F9 A-B1",
	    "LISTEN alone says where to listen; on `::' an IPv4 client is an IPv4 client",
	    .run = listen_is_apart, .kind = EMPTY },
};

SECTION(access_rules);
