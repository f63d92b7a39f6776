/* feed.h - a pretended upsd that feeds an upsmon: it has one UPS, "u", which says what it is told
 * to, and it can do everything a server should not. */
#ifndef CONFORMANCE_FEED_H
#define CONFORMANCE_FEED_H

#include "serve.h"

struct feed {
	struct server server;
	struct bench *bench; /* borrowed */
	char words[256];     /* ups.status */
	char raw[256];	     /* when not empty, said in place of the answer about ups.status */
	size_t flood;	     /* when not 0, so many bytes without a newline are said in its place */
	char alarm[256];     /* ups.alarm; "": there is none */
	bool fsd;	     /* an FSD was taken: latched */
	bool old;	     /* knows MASTER, and not PRIMARY */
	bool refuse;	     /* the LOGIN */
	bool frozen;	     /* neither accepts nor reads, as when stopped */
	int drip_ms;	     /* one byte each so many ms; 0: at once */
	int64_t dripped_ms;
	int others;	/* logins that NUMLOGINS counts besides upsmon's */
	unsigned polls; /* questions for ups.status */
};

struct feed *feed_new(struct bench *bench);
/* Let it drip, where it is time. */
void feed_turn(struct bench *bench, struct feed *feed);
void feed_freeze(struct bench *bench, struct feed *feed, bool frozen);
/* Break its connections; with GONE it does not listen, either. */
void feed_close(struct bench *bench, struct feed *feed, bool gone);
/* Are there clients logged in? */
int feed_logins(const struct bench *bench, const struct feed *feed);

#endif
