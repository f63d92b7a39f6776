#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"
#include "talk.h"

static void
say_text(struct conn *conn, const char *text)
{
	bytes_add(&conn->out, text, strlen(text));
}

static void
say_status(struct feed *feed, struct conn *conn)
{
	char line[600];

	feed->polls++;
	if (feed->flood) {
		char *bytes = malloc(feed->flood);

		if (bytes) {
			memset(bytes, 'x', feed->flood);
			bytes_add(&conn->out, bytes, feed->flood);
		}
		free(bytes);
		return;
	}
	snprintf(line, sizeof(line), "VAR u ups.status \"%s%s\"\n", feed->fsd ? "FSD " : "",
	    feed->words);
	say_text(conn, *feed->raw ? feed->raw : line);
}

static void
log_in_here(struct feed *feed, struct conn *conn)
{
	if (feed->refuse) {
		say_text(conn, "ERR ACCESS-DENIED\n");
		return;
	}
	conn->logged_in = true;
	say_text(conn, "OK\n");
}

static void
feed_answer(struct server *server, struct conn *conn, const char *line)
{
	struct feed *feed = (struct feed *)server;
	char text[400];

	if (!strcmp(line, "GET VAR u ups.status")) {
		say_status(feed, conn);
	} else if (!strcmp(line, "GET VAR u ups.alarm") && *feed->alarm) {
		snprintf(text, sizeof(text), "VAR u ups.alarm \"%s\"\n", feed->alarm);
		say_text(conn, text);
	} else if (!strncmp(line, "GET VAR u ", 10)) {
		say_text(conn, "ERR VAR-NOT-SUPPORTED\n");
	} else if (!strcmp(line, "GET NUMLOGINS u")) {
		snprintf(text, sizeof(text), "NUMLOGINS u %d\n",
		    feed->others + feed_logins(feed->bench, feed));
		say_text(conn, text);
	} else if (!strcmp(line, "LOGIN u")) {
		log_in_here(feed, conn);
	} else if (!strcmp(line, "PRIMARY u") && !feed->old) {
		say_text(conn, "OK PRIMARY-GRANTED\n");
	} else if (!strcmp(line, "MASTER u")) {
		say_text(conn, "OK MASTER-GRANTED\n");
	} else if (!strcmp(line, "FSD u")) {
		feed->fsd = true;
		say_text(conn, "OK FSD-SET\n");
	} else if (!strncmp(line, "USERNAME ", 9) || !strncmp(line, "PASSWORD ", 9)) {
		say_text(conn, "OK\n");
	} else if (!strcmp(line, "LOGOUT")) {
		say_text(conn, "OK Goodbye\n");
		conn->shut_after = true;
	} else if (!strcmp(line, "STARTTLS")) {
		say_text(conn, "ERR FEATURE-NOT-CONFIGURED\n");
	} else if (!strcmp(line, "VER")) {
		say_text(conn, "Network UPS Tools upsd 2.8.0 - here\n");
	} else if (!strcmp(line, "NETVER") || !strcmp(line, "PROTVER")) {
		say_text(conn, "1.3\n");
	} else {
		say_text(conn, "ERR UNKNOWN-COMMAND\n");
	}
	conn->cut = feed->drip_ms ? 1 : 0;
}

struct feed *
feed_new(struct bench *bench)
{
	struct feed *feed = calloc(1, sizeof(*feed));

	if (!feed)
		fail(bench, "suite: out of memory");
	feed->bench = bench;
	feed->server.answer = feed_answer;
	snprintf(feed->words, sizeof(feed->words), "OL");
	server_add(bench, &feed->server);
	return feed;
}

void
feed_freeze(struct bench *bench, struct feed *feed, bool frozen)
{
	feed->frozen = frozen;
	feed->server.idle = frozen;
	for (struct conn *conn = bench->conns; conn; conn = conn->next)
		if (conn->server == &feed->server)
			conn->held = frozen;
}

void
feed_close(struct bench *bench, struct feed *feed, bool gone)
{
	struct conn *next;

	for (struct conn *conn = bench->conns; conn; conn = next) {
		next = conn->next;
		if (conn->server == &feed->server)
			conn_remove(bench, conn);
	}
	if (gone && feed->server.listener != -1) {
		close(feed->server.listener);
		feed->server.listener = -1;
	}
}

int
feed_logins(const struct bench *bench, const struct feed *feed)
{
	int count = 0;

	for (const struct conn *conn = bench->conns; conn; conn = conn->next)
		count += conn->server == &feed->server && conn->logged_in && !conn->eof;
	return count;
}

/* conn_write() sends as much as CUT allows in each turn: between two drops nothing. */
void
feed_turn(struct bench *bench, struct feed *feed)
{
	bool time = now_ms() - feed->dripped_ms >= feed->drip_ms;

	if (!feed->drip_ms)
		return;
	if (time)
		feed->dripped_ms = now_ms();
	for (struct conn *conn = bench->conns; conn; conn = conn->next)
		if (conn->server == &feed->server)
			conn->cut = time ? 1 : -1;
}
