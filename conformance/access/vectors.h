/* vectors.h - what an address may do under given lines of upsd.conf: the meaning of docs/access.md in
 * examples.  The unit test judges the evaluator by them, the suite any upsd, over the wire. */
#ifndef VECTORS_H
#define VECTORS_H

#include <stddef.h>

struct access_vector {
	const char *name;
	const char *config; /* lines of upsd.conf */
	const char *client; /* its address */
	const char *command; /* "connect": what accept() answers */
	const char *level; /* the level the command needs */
	const char *password; /* what the client sent; NULL: nothing */
	const char *expect; /* grant, deny, drop, config-error */
	const char *at; /* where that is decided: load, connect, command; NULL: granted */
	const char *reply; /* what is answered, NULL: nothing, or it is granted */
	const char *clause;
};

static const struct access_vector access_vectors[] = {
	{ "seed-server-login",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.1", "LOGIN ups1", "login", "magicpass", "grant",
	    NULL, NULL, "C2,C4" },
	{ "seed-server-fsd",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.1", "FSD ups1", "master", "magicpass", "grant",
	    NULL, NULL, "C2,C4" },
	{ "seed-server-master-badpw",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.1", "MASTER ups1", "master", "anotherpass", "deny",
	    "command", "ERR ACCESS-DENIED", "C3,C4" },
	{ "seed-server-set",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.1", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", "magicpass", "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C3" },
	{ "seed-ws-get",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.2", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "C2,C4" },
	{ "seed-ws-login-nopw",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.2", "LOGIN ups1", "login", NULL, "deny",
	    "command", "ERR PASSWORD-REQUIRED", "C4,C9" },
	{ "seed-ws-primary",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.2", "PRIMARY ups1", "master", "anotherpass", "deny",
	    "command", "ERR ACCESS-DENIED", "C1,C2" },
	{ "seed-web-list",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.3", "LIST VAR ups1", "monitor", NULL, "grant",
	    NULL, NULL, "C1,C2" },
	{ "seed-web-login",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.3", "LOGIN ups1", "login", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C3" },
	{ "seed-abuser-connect",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "192.168.255.128", "connect", "base", NULL, "drop",
	    "connect", NULL, "C6,C8" },
	{ "seed-other-connect",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "10.20.30.4", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "C6,C7" },
	{ "badorder-login-pass1",
	    "ACL myhost 192.0.2.10/32\n"
	    "ACCESS grant manager myhost pass2\n"
	    "ACCESS grant login myhost pass1\n",
	    "192.0.2.10", "LOGIN ups1", "login", "pass1", "deny",
	    "command", "ERR ACCESS-DENIED", "C3,C4" },
	{ "goodorder-login-pass1",
	    "ACL myhost 192.0.2.10/32\n"
	    "ACCESS grant login myhost pass1\n"
	    "ACCESS grant manager myhost pass2\n",
	    "192.0.2.10", "LOGIN ups1", "login", "pass1", "grant",
	    NULL, NULL, "C3" },
	{ "goodorder-set-pass2",
	    "ACL myhost 192.0.2.10/32\n"
	    "ACCESS grant login myhost pass1\n"
	    "ACCESS grant manager myhost pass2\n",
	    "192.0.2.10", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", "pass2", "grant",
	    NULL, NULL, "C2" },
	{ "goodorder-set-pass1",
	    "ACL myhost 192.0.2.10/32\n"
	    "ACCESS grant login myhost pass1\n"
	    "ACCESS grant manager myhost pass2\n",
	    "192.0.2.10", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", "pass1", "deny",
	    "command", "ERR ACCESS-DENIED", "C4" },
	{ "first-match-generic-before-specific",
	    "ACL net 10.0.0.0/8\n"
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS deny all net\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "C3" },
	{ "specific-before-generic",
	    "ACL net 10.0.0.0/8\n"
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all box\n"
	    "ACCESS deny all net\n",
	    "10.1.1.1", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", NULL, "grant",
	    NULL, NULL, "C3" },
	{ "wrong-password-no-fallthrough",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box a\n"
	    "ACCESS grant login box b\n",
	    "10.1.1.1", "LOGIN ups1", "login", "b", "deny",
	    "command", "ERR ACCESS-DENIED", "C3,C4" },
	{ "base-help",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant base box\n",
	    "10.1.1.1", "HELP", "base", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "base-username",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant base box\n",
	    "10.1.1.1", "USERNAME bob", "base", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "base-get",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant base box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C5" },
	{ "monitor-numlogins",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant monitor box\n",
	    "10.1.1.1", "GET NUMLOGINS ups1", "monitor", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "monitor-starttls",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant monitor box\n",
	    "10.1.1.1", "STARTTLS", "base", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "login-nopassword-line",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box\n",
	    "10.1.1.1", "LOGIN ups1", "login", NULL, "grant",
	    NULL, NULL, "C4" },
	{ "login-nopassword-line-extra",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box\n",
	    "10.1.1.1", "LOGIN ups1", "login", "whatever", "grant",
	    NULL, NULL, "C4" },
	{ "login-fsd",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box\n",
	    "10.1.1.1", "FSD ups1", "master", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C5" },
	{ "master-instcmd",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant master box\n",
	    "10.1.1.1", "INSTCMD ups1 test.panel.start", "manager", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C5" },
	{ "manager-master",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant manager box\n",
	    "10.1.1.1", "MASTER ups1", "master", NULL, "grant",
	    NULL, NULL, "C2" },
	{ "all-set",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", NULL, "grant",
	    NULL, NULL, "C2" },
	{ "all-password-get",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all box pw\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "C4" },
	{ "all-password-set-missing",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all box pw\n",
	    "10.1.1.1", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", NULL, "deny",
	    "command", "ERR PASSWORD-REQUIRED", "C4,C9" },
	{ "monitor-password-unused",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant monitor box pw\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", "other", "grant",
	    NULL, NULL, "A9,C4" },
	{ "password-case",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box Secret\n",
	    "10.1.1.1", "LOGIN ups1", "login", "secret", "deny",
	    "command", "ERR ACCESS-DENIED", "C4" },
	{ "lowercase-command",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant login box\n",
	    "10.1.1.1", "login ups1", "login", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "unknown-command-is-base",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant base box\n",
	    "10.1.1.1", "FROB", "base", NULL, "grant",
	    NULL, NULL, "C1" },
	{ "deny-login-stops-connect",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS deny login box\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "C2,C6" },
	{ "grant-monitor-then-deny-login",
	    "ACL box 10.1.1.1/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant monitor box\n"
	    "ACCESS deny login box\n"
	    "ACCESS grant all all\n",
	    "10.1.1.1", "LOGIN ups1", "login", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2,C3" },
	{ "deny-login-leaves-master",
	    "ACL box 10.1.1.1/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant monitor box\n"
	    "ACCESS deny login box\n"
	    "ACCESS grant all all\n",
	    "10.1.1.1", "FSD ups1", "master", NULL, "grant",
	    NULL, NULL, "C2" },
	{ "deny-all-after-monitor",
	    "ACL box 10.1.1.1/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant monitor box\n"
	    "ACCESS deny all box\n"
	    "ACCESS grant all all\n",
	    "10.1.1.1", "FSD ups1", "master", NULL, "deny",
	    "command", "ERR ACCESS-DENIED", "C2" },
	{ "drop-on-command",
	    "ACL box 10.1.1.1/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant monitor box\n"
	    "ACCESS drop all all\n",
	    "10.1.1.1", "LOGIN ups1", "login", NULL, "drop",
	    "command", NULL, "C8" },
	{ "drop-base-before-grant",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS drop base box\n"
	    "ACCESS grant manager box\n",
	    "10.1.1.1", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", NULL, "drop",
	    "connect", NULL, "C6,C8" },
	{ "password-on-deny-ignored",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant monitor box\n"
	    "ACCESS deny all box pw\n",
	    "10.1.1.1", "LOGIN ups1", "login", "pw", "deny",
	    "command", "ERR ACCESS-DENIED", "A9" },
	{ "implicit-deny",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all box\n",
	    "10.1.1.2", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "C5" },
	{ "no-acl-config",
	    "LISTEN 127.0.0.1 3493\n"
	    "MAXAGE 15\n",
	    "203.0.113.9", "LOGIN ups1", "login", NULL, "grant",
	    NULL, NULL, "A10" },
	{ "acl-lines-only",
	    "ACL box 10.1.1.1/32\n",
	    "10.1.1.1", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "A10,C5" },
	{ "dotted-mask-24",
	    "ACL net 206.253.95.0/255.255.255.0\n"
	    "ACCESS grant monitor net\n",
	    "206.253.95.77", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A3" },
	{ "dotted-mask-24-outside",
	    "ACL net 206.253.95.0/255.255.255.0\n"
	    "ACCESS grant monitor net\n",
	    "206.253.96.1", "GET VAR ups1 ups.status", "monitor", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "A3,C5" },
	{ "host-bits-masked",
	    "ACL net 10.20.30.5/24\n"
	    "ACCESS grant monitor net\n",
	    "10.20.30.200", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A3" },
	{ "slash0-dotted",
	    "ACL all 0.0.0.0/0.0.0.0\n"
	    "ACCESS grant monitor all\n",
	    "198.51.100.1", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A3" },
	{ "mask-noncontiguous",
	    "ACL net 10.0.0.0/255.0.255.0\n"
	    "ACCESS grant all net\n",
	    "10.9.0.9", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A3" },
	{ "mask-33",
	    "ACL net 10.0.0.0/33\n"
	    "ACCESS grant all net\n",
	    "10.0.0.0", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A3" },
	{ "mask-missing",
	    "ACL box 10.1.1.1\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A5" },
	{ "hostname-block",
	    "ACL box ups.example.com/32\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A5" },
	{ "duplicate-name-union",
	    "ACL lan 10.1.0.0/16\n"
	    "ACL lan 10.9.0.0/16\n"
	    "ACCESS grant monitor lan\n",
	    "10.9.3.3", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A6" },
	{ "v4mapped-client",
	    "ACL server 10.20.30.1/32\n"
	    "ACL workstation 10.20.30.2/32\n"
	    "ACL webserver 10.20.30.3/32\n"
	    "ACL abuser 192.168.255.128/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant master server magicpass\n"
	    "ACCESS grant login workstation anotherpass\n"
	    "ACCESS grant monitor webserver\n"
	    "ACCESS drop all abuser\n"
	    "ACCESS deny all all\n",
	    "::ffff:10.20.30.2", "LOGIN ups1", "login", "anotherpass", "grant",
	    NULL, NULL, "B1" },
	{ "v6-client-not-in-v4-all",
	    "ACL all 0.0.0.0/0\n"
	    "ACCESS grant all all\n",
	    "2001:db8::1", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "B2,C5" },
	{ "v6-all",
	    "ACL all6 ::/0\n"
	    "ACCESS grant monitor all6\n",
	    "2001:db8::1", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A4" },
	{ "v6-all-not-v4",
	    "ACL all6 ::/0\n"
	    "ACCESS grant monitor all6\n",
	    "192.0.2.1", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "B2" },
	{ "v6-prefix-52",
	    "ACL p 2001:db8:0:f000::/52\n"
	    "ACCESS grant monitor p\n",
	    "2001:db8:0:f123::9", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A4" },
	{ "undefined-acl",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS deny all bocks\n"
	    "ACCESS grant all box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A7" },
	{ "forward-reference",
	    "ACCESS grant monitor box\n"
	    "ACL box 10.1.1.1/32\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A7" },
	{ "unknown-level",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant admin box\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A8" },
	{ "missing-aclname",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant all\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A2" },
	{ "comment-and-quotes",
	    "# ACCESS deny all box\n"
	    "ACL \"my box\" 10.1.1.1/32   # the lab\n"
	    "ACCESS grant login \"my box\" \"two words\"\n",
	    "10.1.1.1", "LOGIN ups1", "login", "two words", "grant",
	    NULL, NULL, "A1" },
	{ "accept-lan",
	    "ACL localhost 127.0.0.1/32\n"
	    "ACL lan 10.1.0.0/16\n"
	    "ACL bad 10.1.6.6/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "REJECT bad\n"
	    "ACCEPT localhost lan\n"
	    "REJECT all\n",
	    "10.1.2.3", "SET VAR ups1 ups.delay.shutdown \"30\"", "manager", NULL, "grant",
	    NULL, NULL, "D1" },
	{ "reject-bad",
	    "ACL localhost 127.0.0.1/32\n"
	    "ACL lan 10.1.0.0/16\n"
	    "ACL bad 10.1.6.6/32\n"
	    "ACL all 0.0.0.0/0\n"
	    "REJECT bad\n"
	    "ACCEPT localhost lan\n"
	    "REJECT all\n",
	    "10.1.6.6", "connect", "base", NULL, "drop",
	    "connect", NULL, "D2" },
	{ "duplicate-name-union-first",
	    "ACL lan 10.1.0.0/16\n"
	    "ACL lan 10.9.0.0/16\n"
	    "ACCESS grant monitor lan\n",
	    "10.1.3.3", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A6" },
	{ "v4-compatible-client",
	    "ACL p 192.0.2.0/24\n"
	    "ACCESS grant monitor p\n",
	    "::192.0.2.1", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "B1" },
	{ "mapped-block",
	    "ACL p ::ffff:192.0.2.0/124\n"
	    "ACCESS grant monitor p\n",
	    "192.0.2.15", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A4" },
	{ "mapped-block-edge",
	    "ACL p ::ffff:192.0.2.0/124\n"
	    "ACCESS grant monitor p\n",
	    "192.0.2.16", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "A4" },
	{ "host-bits-dotted-nested",
	    "ACL p 192.0.2.77/255.255.255.192\n"
	    "ACCESS grant monitor p\n",
	    "192.0.2.127", "GET VAR ups1 ups.status", "monitor", NULL, "grant",
	    NULL, NULL, "A3" },
	{ "empty-password-line",
	    "ACL b 10.1.1.1/32\n"
	    "ACCESS grant all b \"\"\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A9" },
	{ "extra-field-open",
	    "ACL b 10.1.1.1/32\n"
	    "ACCESS deny all b pw extra\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A2" },
	{ "name-case-open",
	    "ACL LAN 10.1.1.0/24\n"
	    "ACCESS grant monitor Lan\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A7" },
	{ "accept-implicit",
	    "ACL b 10.1.1.1/32\n"
	    "ACCEPT b\n",
	    "10.1.1.2", "connect", "base", NULL, "drop",
	    "connect", NULL, "D3" },
	{ "accept-and-access",
	    "ACL b 10.1.1.0/24\n"
	    "ACL c 10.1.1.1/32\n"
	    "ACCEPT b\n"
	    "ACCESS grant monitor c\n",
	    "10.1.1.2", "connect", "base", NULL, "deny",
	    "connect", "ERR ACCESS-DENIED", "D4,E1" },
	{ "hash-ends-word",
	    "ACL b 10.1.1.1/32#lab\n"
	    "ACCESS grant login b abc#def\n",
	    "10.1.1.1", "LOGIN ups1", "login", "abc", "grant",
	    NULL, NULL, "A1" },
	{ "lowercase-directive-open",
	    "ACL b 10.1.1.1/32\n"
	    "ACCESS grant all b\n"
	    "reject b\n",
	    "10.1.1.1", "GET VAR ups1 ups.status", "monitor", NULL, "config-error",
	    "load", NULL, "A2" },
	{ "get-needs-monitor-not-base",
	    "ACL b 10.1.1.1/32\n"
	    "ACCESS grant base b\n"
	    "ACCESS drop all b\n",
	    "10.1.1.1", "LIST UPS", "monitor", NULL, "drop",
	    "command", NULL, "C1,C8" },
	{ "logout-on-base",
	    "ACL box 10.1.1.1/32\n"
	    "ACCESS grant base box\n",
	    "10.1.1.1", "LOGOUT", "base", NULL, "grant",
	    NULL, NULL, "C1" },
};

#endif
