/* talk.h - lines sent and lines expected.
 *
 * A talk is text, one step per line.  A step begins with a digit that names the connection (0 when
 * left out; each is opened when first used) and a mark:
 *
 *	> TEXT		send TEXT and a newline
 *	>> TEXT		send TEXT alone
 *	< TEXT		the next line is TEXT
 *	<~ PATTERN	the next line matches the POSIX extended regular expression, whole;
 *			what its groups caught is $1 $2 $3 from here on
 *	<...		skip lines up to the one that matches the pattern which follows
 *	<quiet		nothing comes for 150 ms
 *	<eof		the other side closes, and sent nothing before
 *	starttls	say STARTTLS, and everything after it under TLS
 *	shake		the second half of that: the handshake alone
 *	shut		half-close
 *	close		close it; the next use opens a new one
 *	b> TEXT		the pretended driver "bench" sends TEXT
 *	b< TEXT		upsd sends TEXT to it (PING and DUMPALL are answered apart)
 *	b<~ PATTERN	likewise a pattern
 *	b<quiet		upsd sends it nothing for 150 ms
 *	bvanish, blisten	the pretended driver goes away; is there again
 *	until LINE | TEXT	send LINE again and again until the answer is TEXT
 *
 * In sent text %41 is a byte in hexadecimal.  Connections go to upsd, or in a DRIVER case to the
 * driver's socket. */
#ifndef CONFORMANCE_TALK_H
#define CONFORMANCE_TALK_H

#include "bench.h"

void talk(struct bench *bench, const char *text);

/* A new connection to upsd, or to the driver's socket. */
struct conn *dial(struct bench *bench);
/* NULL when refused.  HOST may be the path of a unix socket. */
struct conn *try_dial(struct bench *bench, const char *host, int port);
struct conn *dial_driver(struct bench *bench);
void hang_up(struct bench *bench, struct conn *conn);
void reset(struct bench *bench, struct conn *conn); /* close with RST */

void say(struct bench *bench, struct conn *conn, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void say_bytes(struct bench *bench, struct conn *conn, const void *at, size_t len);
/* Until all that was said has left. */
void flush(struct bench *bench, struct conn *conn);

/* The next line without its newline; valid until the next call on this bench. */
const char *hear(struct bench *bench, struct conn *conn);
/* The same, or NULL at end of file or after MS. */
const char *try_hear(struct bench *bench, struct conn *conn, int ms);
void want(struct bench *bench, struct conn *conn, const char *line);
/* NETVER is answered: a sign of life. */
bool lives(struct bench *bench, struct conn *conn);
void want_like(struct bench *bench, struct conn *conn, const char *pattern);
void want_eof(struct bench *bench, struct conn *conn);
/* Closed within MS, whatever it said before: true if so. */
bool ends(struct bench *bench, struct conn *conn, int ms);
void want_quiet(struct bench *bench, struct conn *conn, int ms);
/* Ask and get the one line of the answer. */
const char *ask(struct bench *bench, struct conn *conn, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Ask again and again until the answer matches. */
void ask_until(
    struct bench *bench, struct conn *conn, const char *question, const char *pattern, int ms);
/* Say USERNAME and PASSWORD, both answered OK. */
void log_in(struct bench *bench, struct conn *conn, const char *user, const char *password);
bool matches(struct bench *bench, const char *pattern, const char *line);

#endif
