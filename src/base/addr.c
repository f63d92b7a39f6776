#include "base/addr.h"
#include "base/words.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "eth0" or "2" -> 2; 0 for no such interface. */
static uint32_t
scope_parse(const char *text)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9')
		return if_nametoindex(text);
	number = strtoul(text, &end, 10);
	return *end || number > UINT32_MAX ? 0 : (uint32_t)number;
}

bool
addr_parse(struct addr *out, const char *text, uint16_t port)
{
	char host[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t len = scope ? (size_t)(scope - text) : strlen(text);
	struct addr addr = { 0 };

	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	if (!scope && inet_pton(AF_INET, host, &addr.v4.sin_addr) == 1) {
		addr.v4.sin_family = AF_INET;
		addr.len = sizeof(addr.v4);
	} else if (inet_pton(AF_INET6, host, &addr.v6.sin6_addr) == 1) {
		addr.v6.sin6_family = AF_INET6;
		addr.len = sizeof(addr.v6);
		if (scope && !(addr.v6.sin6_scope_id = scope_parse(scope + 1)))
			return false;
	} else {
		return false;
	}
	addr_set_port(&addr, port);
	*out = addr;
	return true;
}

bool
addr_unix(struct addr *out, const char *path)
{
	size_t len = strlen(path);

	if (!len || len >= sizeof(out->unix_path.sun_path))
		return false;
	*out = (struct addr){ 0 };
	out->unix_path.sun_family = AF_UNIX;
	memcpy(out->unix_path.sun_path, path, len + 1);
	out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	return true;
}

void
addr_any(struct addr *out, int family, uint16_t port)
{
	*out = (struct addr){ 0 };
	out->any.sa_family = (sa_family_t)family;
	out->len = family == AF_INET ? sizeof(out->v4) : sizeof(out->v6);
	addr_set_port(out, port);
}

void
addr_unmap(struct addr *addr)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	if (addr->any.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&addr->v6.sin6_addr))
		return;
	memcpy(&v4.sin_addr, &addr->v6.sin6_addr.s6_addr[12], 4);
	v4.sin_port = addr->v6.sin6_port;
	addr->v4 = v4;
	addr->len = sizeof(v4);
}

static void
v6_host(const struct sockaddr_in6 *v6, char text[ADDR_TEXT_MAX])
{
	char name[IF_NAMESIZE];
	size_t len;

	inet_ntop(AF_INET6, &v6->sin6_addr, text, ADDR_TEXT_MAX);
	if (!v6->sin6_scope_id)
		return;
	len = strlen(text);
	if (if_indextoname(v6->sin6_scope_id, name))
		snprintf(text + len, ADDR_TEXT_MAX - len, "%%%s", name);
	else
		snprintf(text + len, ADDR_TEXT_MAX - len, "%%%u", (unsigned)v6->sin6_scope_id);
}

/* A path that fills sun_path has no NUL; one the kernel gave may be missing altogether. */
static size_t
path_len(const struct addr *addr)
{
	size_t before = offsetof(struct sockaddr_un, sun_path), room;

	room = addr->len > before ? addr->len - before : 0;
	if (room > sizeof(addr->unix_path.sun_path))
		room = sizeof(addr->unix_path.sun_path);
	return strnlen(addr->unix_path.sun_path, room);
}

const char *
addr_host(const struct addr *addr, char text[ADDR_TEXT_MAX])
{
	switch (addr->any.sa_family) {
	case AF_INET:
		inet_ntop(AF_INET, &addr->v4.sin_addr, text, ADDR_TEXT_MAX);
		break;
	case AF_INET6:
		v6_host(&addr->v6, text);
		break;
	case AF_UNIX:
		if (path_len(addr))
			snprintf(text, ADDR_TEXT_MAX, "%.*s", (int)path_len(addr),
			    addr->unix_path.sun_path);
		else if (addr->know_uid)
			snprintf(text, ADDR_TEXT_MAX, "uid %lu", (unsigned long)addr->uid);
		else
			snprintf(text, ADDR_TEXT_MAX, "local");
		break;
	default:
		snprintf(text, ADDR_TEXT_MAX, "unknown");
	}
	return text;
}

const char *
addr_text(const struct addr *addr, char text[ADDR_TEXT_MAX])
{
	char host[ADDR_TEXT_MAX];

	addr_host(addr, host);
	if (addr->any.sa_family == AF_INET)
		snprintf(text, ADDR_TEXT_MAX, "%.100s:%u", host, addr_port(addr));
	else if (addr->any.sa_family == AF_INET6)
		snprintf(text, ADDR_TEXT_MAX, "[%.100s]:%u", host, addr_port(addr));
	else
		memcpy(text, host, sizeof(host));
	return text;
}

uint16_t
addr_port(const struct addr *addr)
{
	if (addr->any.sa_family == AF_INET)
		return ntohs(addr->v4.sin_port);
	if (addr->any.sa_family == AF_INET6)
		return ntohs(addr->v6.sin6_port);
	return 0;
}

void
addr_set_port(struct addr *addr, uint16_t port)
{
	if (addr->any.sa_family == AF_INET)
		addr->v4.sin_port = htons(port);
	else if (addr->any.sa_family == AF_INET6)
		addr->v6.sin6_port = htons(port);
}

bool
addr_is_loopback(const struct addr *addr)
{
	struct addr plain = *addr;

	addr_unmap(&plain);
	if (plain.any.sa_family == AF_INET)
		return ntohl(plain.v4.sin_addr.s_addr) >> 24 == 127;
	if (plain.any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&plain.v6.sin6_addr);
	return plain.any.sa_family == AF_UNIX;
}

bool
addr_port_parse(const char *text, uint16_t *out)
{
	unsigned port = 0;
	size_t len = strspn(text, "0123456789");

	if (!len || len > 5 || text[len])
		return false;
	for (size_t i = 0; i < len; i++)
		port = port * 10 + (unsigned)(text[i] - '0');
	if (port < 1 || port > 65535)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* What may stand for a host: a name as DNS has them, or a numeric address. */
static bool
is_host(const char *host, bool bracketed)
{
	const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	unsigned char v6[16];
	char plain[INET6_ADDRSTRLEN];
	size_t len;

	if (!bracketed)
		return *host && *host != '-' && *host != '.' && !host[strspn(host, allowed)];
	len = strcspn(host, "%");
	if (len >= sizeof(plain) ||
	    (host[len] && (!host[len + 1] || host[len + 1 + strspn(host + len + 1, allowed)])))
		return false;
	memcpy(plain, host, len);
	plain[len] = '\0';
	return inet_pton(AF_INET6, plain, v6) == 1;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static const char *
host_port_parse(struct ups_at *out, const char *text)
{
	bool bracketed = *text == '[';
	const char *end;
	size_t len;

	if (bracketed) {
		end = strchr(++text, ']');
		if (!end)
			return "a [ without its ]";
	} else {
		end = text + strcspn(text, ":");
	}
	len = (size_t)(end - text);
	if (!len)
		return "no host is given";
	if (len >= sizeof(out->host))
		return "the host name is too long";
	memcpy(out->host, text, len);
	out->host[len] = '\0';
	if (!is_host(out->host, bracketed))
		return bracketed ? "no IPv6 address is in the brackets"
				 : "what should be a host name is none";
	end += bracketed;
	if (!*end)
		return NULL;
	if (*end == ':' && strchr(end + 1, ':'))
		return "an IPv6 address must be written in brackets";
	if (*end != ':' || !addr_port_parse(end + 1, &out->port))
		return "the port is no number from 1 to 65535";
	return NULL;
}

const char *
addr_ups_at(struct ups_at *out, const char *text, bool want_ups, uint16_t port)
{
	struct ups_at at = { .host = "localhost", .port = port };
	const char *sign = want_ups ? strchr(text, '@') : NULL, *error = NULL;
	size_t len = sign ? (size_t)(sign - text) : strlen(text);

	if (want_ups) {
		if (!len)
			return "no UPS name is given";
		if (len >= sizeof(at.ups))
			return "the UPS name is too long";
		memcpy(at.ups, text, len);
		at.ups[len] = '\0';
		if (!words_is_name(at.ups))
			return "a UPS name has only letters, digits, dots, dashes and underscores";
		if (sign)
			error = host_port_parse(&at, sign + 1);
	} else {
		error = host_port_parse(&at, text);
	}
	if (!error)
		*out = at;
	return error;
}
