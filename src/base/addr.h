/* addr.h - addresses (IPv4, IPv6, unix path), blocks of them, and who is at the other end. */
#ifndef ADDR_H
#define ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#define ADDR_TEXT_MAX 128

struct addr {
	union {
		struct sockaddr any; /* .sa_family AF_UNSPEC: nothing known */
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un unix_path;
		struct sockaddr_storage room;
	};
	socklen_t len;
	uid_t uid; /* AF_UNIX peers: who it is (SO_PEERCRED) */
	gid_t gid;
	bool know_uid;
};

/* A numeric address, "127.0.0.1", "::1", "fe80::1%eth0"; no look-up, no short forms. */
bool addr_parse(struct addr *out, const char *text, uint16_t port);
/* false when PATH is too long for a unix socket. */
bool addr_unix(struct addr *out, const char *path);
/* Any address of FAMILY (AF_INET or AF_INET6). */
void addr_any(struct addr *out, int family, uint16_t port);
/* ::ffff:a.b.c.d becomes a.b.c.d (access B1); everything else stays. */
void addr_unmap(struct addr *addr);

/* The host alone ("192.0.2.1", "::1", a path, "uid 1000"); never fails. */
const char *addr_host(const struct addr *addr, char text[ADDR_TEXT_MAX]);
/* Host and port: "192.0.2.1:3493", "[::1]:3493". */
const char *addr_text(const struct addr *addr, char text[ADDR_TEXT_MAX]);
uint16_t addr_port(const struct addr *addr);
void addr_set_port(struct addr *addr, uint16_t port);
bool addr_is_loopback(const struct addr *addr);

/* A port as written in a file or argument: 1..65535, digits only. */
bool addr_port_parse(const char *text, uint16_t *out);

/* "name[@host[:port]]" as every client takes it; IPv6 in brackets. */
struct ups_at {
	char ups[129];	/* "" where only a host was asked for */
	char host[256]; /* default "localhost" */
	uint16_t port;	/* default: the one given */
};
/* WANT_UPS: the ups part is needed ("ups@", "@host", "" are errors); else TEXT is "host[:port]".
 * Returns NULL or what is wrong (a constant string). */
const char *addr_ups_at(struct ups_at *out, const char *text, bool want_ups, uint16_t port);

#endif
