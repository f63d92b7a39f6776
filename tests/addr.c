#include "base/addr.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *
host(const char *text)
{
	static char out[ADDR_TEXT_MAX];
	struct addr addr;

	return addr_parse(&addr, text, 3493) ? addr_host(&addr, out) : "no";
}

static const char *
text(const char *numeric, uint16_t port)
{
	static char out[ADDR_TEXT_MAX];
	struct addr addr;

	cr_assert(addr_parse(&addr, numeric, port));
	cr_expect_eq(addr_port(&addr), port);
	return addr_text(&addr, out);
}

Test(addr, numeric_addresses_only)
{
	cr_expect_str_eq(host("192.0.2.1"), "192.0.2.1");
	cr_expect_str_eq(host("::1"), "::1");
	cr_expect_str_eq(host("2001:DB8:0::1"), "2001:db8::1");
	cr_expect_str_eq(host("fe80::1%lo"), "fe80::1%lo");
	cr_expect_str_eq(host("127.1"), "no");
	cr_expect_str_eq(host("10"), "no");
	cr_expect_str_eq(host("0x7f.0.0.1"), "no");
	cr_expect_str_eq(host("1.2.3.4/24"), "no");
	cr_expect_str_eq(host("1.2.3.4%lo"), "no");
	cr_expect_str_eq(host("localhost"), "no");
	cr_expect_str_eq(host("[::1]"), "no");
	cr_expect_str_eq(host("fe80::1%nosuchif9"), "no");
	cr_expect_str_eq(host("fe80::1%"), "no");
	cr_expect_str_eq(host(""), "no");
	cr_expect_str_eq(host(" 1.2.3.4"), "no");
}

Test(addr, text_has_the_port)
{
	cr_expect_str_eq(text("192.0.2.1", 3493), "192.0.2.1:3493");
	cr_expect_str_eq(text("::1", 1), "[::1]:1");
}

Test(addr, unix_paths)
{
	struct addr addr;
	char path[200], out[ADDR_TEXT_MAX];

	cr_assert(addr_unix(&addr, "/run/nut/dummy-ups-a"));
	cr_expect_str_eq(addr_host(&addr, out), "/run/nut/dummy-ups-a");
	cr_expect_str_eq(addr_text(&addr, out), "/run/nut/dummy-ups-a");
	cr_expect(addr_is_loopback(&addr));
	memset(path, 'x', sizeof(path));
	path[107] = '\0';
	cr_expect(addr_unix(&addr, path));
	cr_expect_eq(strlen(addr_host(&addr, out)), 107);
	path[107] = 'x';
	path[108] = '\0';
	cr_expect_not(addr_unix(&addr, path));
	cr_expect_not(addr_unix(&addr, ""));
}

Test(addr, who_is_at_the_other_end_of_a_unix_socket)
{
	struct addr peer = { .any.sa_family = AF_UNIX, .len = sizeof(sa_family_t) };
	char out[ADDR_TEXT_MAX];

	cr_expect_str_eq(addr_host(&peer, out), "local");
	peer.uid = 1000;
	peer.know_uid = true;
	cr_expect_str_eq(addr_host(&peer, out), "uid 1000");
	memset(&peer, 0, sizeof(peer));
	cr_expect_str_eq(addr_host(&peer, out), "unknown");
}

/* access A-B1 */
Test(addr, a_mapped_address_is_the_address_it_maps)
{
	struct addr mapped;
	char out[ADDR_TEXT_MAX];

	cr_assert(addr_parse(&mapped, "::ffff:192.0.2.7", 99));
	addr_unmap(&mapped);
	cr_expect_eq(mapped.any.sa_family, AF_INET);
	cr_expect_eq(mapped.len, sizeof(struct sockaddr_in));
	cr_expect_str_eq(addr_text(&mapped, out), "192.0.2.7:99");
	addr_parse(&mapped, "::ffff:127.0.0.1", 0);
	cr_expect(addr_is_loopback(&mapped));
}

Test(addr, any_and_loopback)
{
	struct addr addr;
	char out[ADDR_TEXT_MAX];

	addr_any(&addr, AF_INET, 3493);
	cr_expect_str_eq(addr_text(&addr, out), "0.0.0.0:3493");
	cr_expect_not(addr_is_loopback(&addr));
	addr_any(&addr, AF_INET6, 3493);
	cr_expect_str_eq(addr_text(&addr, out), "[::]:3493");
	addr_parse(&addr, "127.255.0.1", 0);
	cr_expect(addr_is_loopback(&addr));
	addr_parse(&addr, "::1", 0);
	cr_expect(addr_is_loopback(&addr));
	addr_parse(&addr, "128.0.0.1", 0);
	cr_expect_not(addr_is_loopback(&addr));
}

Test(addr, ports)
{
	uint16_t port = 7;

	cr_expect(addr_port_parse("1", &port) && port == 1);
	cr_expect(addr_port_parse("65535", &port) && port == 65535);
	cr_expect_not(addr_port_parse("0", &port));
	cr_expect_not(addr_port_parse("65536", &port));
	cr_expect_not(addr_port_parse("4294970789", &port));
	cr_expect_not(addr_port_parse("", &port));
	cr_expect_not(addr_port_parse("-1", &port));
	cr_expect_not(addr_port_parse("+1", &port));
	cr_expect_not(addr_port_parse(" 1", &port));
	cr_expect_not(addr_port_parse("1x", &port));
	cr_expect_eq(port, 65535, "an error leaves it alone");
}

/* What ups@host:port is, as "ups host port", or the error. */
static const char *
at(const char *typed, bool want_ups)
{
	static char out[512];
	struct ups_at where;
	const char *error = addr_ups_at(&where, typed, want_ups, 3493);

	if (error)
		return "error";
	snprintf(out, sizeof(out), "%s %s %u", where.ups, where.host, where.port);
	return out;
}

/* spec cli: "upsname syntax everywhere" */
Test(addr, names_of_upses)
{
	cr_expect_str_eq(at("su700", true), "su700 localhost 3493");
	cr_expect_str_eq(at("su700@host.example", true), "su700 host.example 3493");
	cr_expect_str_eq(at("su700@10.0.0.1:77", true), "su700 10.0.0.1 77");
	cr_expect_str_eq(at("su700@[::1]:3494", true), "su700 ::1 3494");
	cr_expect_str_eq(at("su700@[fe80::1%eth0]", true), "su700 fe80::1%eth0 3493");
	cr_expect_str_eq(at("host", false), " host 3493");
	cr_expect_str_eq(at("host:1", false), " host 1");
	cr_expect_str_eq(at("[::1]", false), " ::1 3493");
}

/* robustness 97 */
Test(addr, half_names_are_errors)
{
	static const char *const wrong[] = { "", "@", "@host", "ups@", "ups:3493",
		"ups@host:", "ups@host:0", "ups@host:x", "ups@host:65536", "ups@:3493", "ups@::1",
		"ups@[::1", "ups@[]", "ups@[::1]x", "ups@[::1]:", "ups@[host]", "ups@[127.0.0.1]",
		"ups@a@b", "a b@host", "ups@ho st", "ups@-h", "ups@h\x01", "ups@h\xe9",
		"ups@[::1%]", "ups@.", "-l", "ups@[::1]:1:2" };
	char huge[2000];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		cr_expect_str_eq(at(wrong[i], true), "error", "%s", wrong[i]);
	cr_expect_str_eq(at("", false), "error");
	cr_expect_str_eq(at("ups@host", false), "error");
	cr_expect_str_eq(at(":3493", false), "error");
	memset(huge, 'a', sizeof(huge));
	huge[1999] = '\0';
	cr_expect_str_eq(at(huge, true), "error");
	cr_expect_str_eq(at(huge, false), "error");
	memcpy(huge, "a@[", 3);
	cr_expect_str_eq(at(huge, true), "error");
	huge[1998] = ']';
	cr_expect_str_eq(at(huge, true), "error");
}
