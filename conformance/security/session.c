/* A session under TLS is the one in clear: however its bytes are cut, slow or many; how it ends,
 * and how it is taken up again.  docs/security.md, T. */
#include "conformance/site.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- records ---- */

static void
whole_record(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);

	/* 16384 bytes are what a record holds at most: 2340 requests, and a piece of one. */
	for (int i = 0; i < 2341; i++)
		say(bench, conn, "NETVER");
	for (int i = 0; i < 2341; i++)
		want(bench, conn, "1.3");
}

static void
cut_small(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);

	for (const char *at = "NETVER\nGET VAR bench ups.status\n"; *at; at++) {
		say_bytes(bench, conn, at, 1); /* a record each */
		bench_turn(bench, 0);
	}
	want(bench, conn, "1.3");
	want(bench, conn, "VAR bench ups.status \"OL\"");
}

static void
dripped(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL), *other = dial(bench);

	conn->cut = 1; /* byte by byte on the wire */
	for (int i = 0; i < 20; i++) {
		say(bench, conn, "NETVER");
		need(bench, lives(bench, other), "others wait");
	}
	for (int i = 0; i < 20; i++)
		want(bench, conn, "1.3");
}

static void
half_a_record(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL), *other = dial(bench);

	conn->cut = -1;
	say(bench, conn, "NETVER");
	veil_seal(conn);
	need(bench, veil_out(conn->veil)->len > 10, "suite: no record");
	send(conn->fd, veil_out(conn->veil)->at, 10, MSG_NOSIGNAL);
	bytes_drop(veil_out(conn->veil), 10);
	for (int i = 0; i < 5; i++)
		need(bench, lives(bench, other), "others wait");
	want_quiet(bench, conn, 50);
	conn->cut = 0;
	want(bench, conn, "1.3");
}

static void
too_large_a_record(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);
	static const unsigned char head[] = { 23, 3, 3, 0xff, 0xff };

	ask(bench, conn, "NETVER");
	bytes_add(veil_out(conn->veil), head, sizeof(head));
	for (int i = 0; i < 100; i++)
		bytes_add(veil_out(conn->veil), "0123456789012345678901234567890123456789", 40);
	need(bench, ends(bench, conn, bench->patience_ms), "a record of 65535 bytes is waited for");
}

static void
tampered_record(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);

	ask(bench, conn, "NETVER");
	conn->cut = -1;
	say(bench, conn, "USERNAME mon");
	veil_seal(conn);
	veil_out(conn->veil)->at[8] ^= 1;
	conn->cut = 0;
	need(bench, ends(bench, conn, bench->patience_ms), "a damaged record is taken");
	need(bench, !conn->in.len, "it is answered: %s", conn->in.at);
}

static void
long_list(struct bench *bench)
{
	enum { COUNT = 3000 };
	struct fake *fake = fake_get(bench, "bench");
	struct conn *conn = dial_tls(bench, NULL);
	char wanted[160];

	for (int i = 0; i < COUNT; i++)
		fake_say(bench, fake, "SETINFO long.%04d \"%080d\"", i, i);
	snprintf(wanted, sizeof(wanted), "GET VAR bench long.%04d", COUNT - 1);
	ask_until(bench, conn, wanted, "VAR bench .*", bench->patience_ms);
	for (int again = 0; again < 2; again++) {
		say(bench, conn, "LIST VAR bench");
		for (int i = 0; i < COUNT;) {
			const char *line = hear(bench, conn);

			snprintf(wanted, sizeof(wanted), "VAR bench long.%04d \"%080d\"", i, i);
			if (!strncmp(line, "VAR bench long.", 15))
				need(bench, !strcmp(line, wanted), "%s instead of number %d", line,
				    i);
			i += !strncmp(line, "VAR bench long.", 15);
		}
		while (strncmp(hear(bench, conn), "END LIST VAR", 12))
			;
	}
}

static void
slow_reader(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL), *other = dial_tls(bench, NULL);
	const int little = 16384;
	long before;

	ask(bench, conn, "NETVER");
	before = memory_kb(bench->upsd);
	setsockopt(conn->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof(little));
	conn->tag = '.';
	conn->held = true;
	for (int i = 0; i < 20000; i++)
		say(bench, conn, "LIST VAR bench");
	/* NUT's reads are small: it takes a while until it is stuck. */
	for (int i = 0; i < 120; i++) {
		int64_t begin = now_ms();

		ask(bench, other, "GET VAR bench ups.status");
		need(bench, now_ms() - begin < 250, "another waits %d ms", (int)(now_ms() - begin));
		bench_idle(bench, 15);
	}
	need(bench, memory_kb(bench->upsd) - before < 2048, "memory grew by %ld kB",
	    memory_kb(bench->upsd) - before);
}

/* ---- its end ---- */

static void
says_goodbye(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);

	say(bench, conn, "LOGOUT");
	want_like(bench, conn, "OK Goodbye|Goodbye\\.\\.\\.");
	need(bench, ends(bench, conn, bench->patience_ms), "still open");
	need(bench, veil_goodbye(conn), "it ends without close_notify");
}

static struct conn *
logged_in(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, NULL);

	log_in(bench, conn, "mon", "monsecret");
	say(bench, conn, "LOGIN bench");
	want(bench, conn, "OK");
	return conn;
}

static void
wants_nobody(struct bench *bench)
{
	struct conn *other = dial(bench);

	ask_until(bench, other, "GET NUMLOGINS bench", "NUMLOGINS bench 0", bench->patience_ms);
}

static void
takes_goodbye(struct bench *bench)
{
	struct conn *conn = logged_in(bench);

	veil_goodbye_from_us(conn);
	need(bench, ends(bench, conn, bench->patience_ms), "still open");
	wants_nobody(bench);
}

static void
cut_without_goodbye(struct bench *bench)
{
	hang_up(bench, logged_in(bench));
	reset(bench, logged_in(bench));
	wants_nobody(bench);
}

/* ---- taken up again ---- */

static void
one_ticket(struct bench *bench)
{
	struct conn *conn = dial_tls(bench, &(struct manner){ .version = 0x0304 });

	bench_idle(bench, 100);
	need(bench, veil_tickets(conn) == 0, "%u tickets before anything was asked",
	    veil_tickets(conn));
	ask(bench, conn, "NETVER");
	ask(bench, conn, "NETVER");
	need(bench, veil_tickets(conn) == 1, "%u tickets after two replies", veil_tickets(conn));
}

static void
resumes(struct bench *bench, int version)
{
	struct conn *first = dial_tls(bench, &(struct manner){ .version = version }), *again;

	ask(bench, first, "NETVER");
	again = dial_tls(bench, &(struct manner){ .version = version, .resume = first });
	need(bench, veil_resumed(again), "a whole handshake again");
	need(bench, lives(bench, again), "no answer");
}

static void
resumes_1_3(struct bench *bench)
{
	resumes(bench, 0x0304);
}

static void
resumes_1_2(struct bench *bench)
{
	resumes(bench, 0x0303);
}

static void
resumed_is_nobody(struct bench *bench)
{
	struct conn *first = logged_in(bench), *again;

	again = dial_tls(bench, veil_tickets(first) ? &(struct manner){ .resume = first } : NULL);
	say(bench, again, "SET VAR bench ups.contact x");
	want(bench, again, "ERR USERNAME-REQUIRED");
	hang_up(bench, first);
	wants_nobody(bench);
}

static void
tells_of_login(struct bench *bench)
{
	logged_in(bench);
	need(bench,
	    matches(bench, "(.|\n)*mon@127.0.0.1 logged in ?to UPS \\[bench\\] \\(SSL\\)(.|\n)*",
		log_of(bench, bench->upsd)),
	    "no such line");
}

static const struct test_case cases[] = {
	{ "security/record/1", MUST, "T-10", "a record filled to the brim with requests",
	    .run = whole_record, .kind = SECURE },
	{ "security/record/2", MUST, "T-10", "a record for each byte", .run = cut_small,
	    .kind = SECURE },
	{ "security/record/3", MUST, "T-10", "byte by byte on the wire, and nobody else waits",
	    .run = dripped, .kind = SECURE },
	{ "security/record/4", MUST, "T-10", "half a record holds up nobody; its rest is taken",
	    .run = half_a_record, .kind = SECURE_FRESH },
	{ "security/record/5", MUST, "T-10", "one that says to be longer than any may be: closed",
	    .run = too_large_a_record, .kind = SECURE },
	{ "security/record/6", MUST, "T-10", "a damaged one: closed, and not executed",
	    .run = tampered_record, .kind = SECURE },
	{ "security/record/7", MUST, "T-10", "lists of many records are whole and in order",
	    .run = long_list, .kind = SECURE_FRESH, .flags = SLOW },
	{ "security/record/8", MUST, "R-1 T-10", "who asks and does not read holds up nobody",
	    .run = slow_reader, .kind = SECURE_FRESH, .flags = SOLO },

	{ "security/bye/1", SHOULD, "T-11", "LOGOUT: OK Goodbye, close_notify, the end",
	    .run = says_goodbye, .kind = SECURE },
	{ "security/bye/2", MUST, "T-11", "a client's close_notify ends it, and its login",
	    .run = takes_goodbye, .kind = SECURE_FRESH },
	{ "security/bye/3", MUST, "N-3.20 T-11", "a cut without close_notify does so as well",
	    .run = cut_without_goodbye, .kind = SECURE_FRESH },

	{ "security/ticket/1", SHOULD, "T-12", "one ticket, with the first reply and not before",
	    .run = one_ticket, .kind = SECURE },
	{ "security/ticket/2", SHOULD, "T-12", "it spares the next one a whole handshake, TLS 1.3",
	    .run = resumes_1_3, .kind = SECURE },
	{ "security/ticket/3", SHOULD, "T-12", "and TLS 1.2", .run = resumes_1_2, .kind = SECURE },
	{ "security/ticket/4", MUST, "T-12", "it brings back neither credentials nor a login",
	    .run = resumed_is_nobody, .kind = SECURE_FRESH },

	{ "security/log/1", MUST, "T-13", "a login under TLS is told as such",
	    .run = tells_of_login, .kind = SECURE_FRESH },
};

SECTION(security_session);
