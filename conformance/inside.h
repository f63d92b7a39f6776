/* inside.h - what the parts of a bench say to each other; cases do not include it. */
#ifndef CONFORMANCE_INSIDE_H
#define CONFORMANCE_INSIDE_H

#include "bench.h"

/* WAY is '<' (we got it) or '>' (we said it). */
void bench_trace(struct bench *bench, char tag, char way, const char *at, size_t len);
struct conn *conn_add(struct bench *bench, int fd, char tag);
void conn_remove(struct bench *bench, struct conn *conn);

void fake_stock(struct bench *bench); /* the pretended drivers of the stock ups.conf */
void fake_accept(struct bench *bench, struct fake *fake);
void fake_answer(struct bench *bench, struct fake *fake, struct conn *conn);
void fake_free(struct fake *fake);

void server_accept(struct bench *bench, struct server *server);
void server_answer(struct conn *conn);
void servers_free(struct server *server);
/* A port of 127.0.0.1 that is nobody else's until HOLD is closed; -1: there is none. */
int free_tcp_port(int *hold);

/* Whether a process can be given a folder of its own for the target's pid_dir. */
bool pid_dir_is_private(struct bench *bench);

void processes_reap(struct bench *bench);
void processes_end(struct bench *bench);

#endif
