/* TLS by NSS: who is let in, who is not, and why: docs/security.md.  certutil makes the databases.
 */
#include "tlspair.h"

#include <fcntl.h>
#include <stdarg.h>

static char folder[64];
static struct loop *loop;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
run(const char *format, ...)
{
	char command[1200];
	int len = snprintf(command, sizeof(command), "cd %s && { ", folder);
	va_list args;

	va_start(args, format);
	len += vsnprintf(command + len, sizeof(command) - (size_t)len, format, args);
	va_end(args);
	snprintf(command + len, sizeof(command) - (size_t)len, "; } >>log 2>&1");
	cr_assert_eq(system(command), 0, "%s", command);
}

static const char *
in_folder(const char *name)
{
	static char paths[8][128];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof(*paths), "%s/%s", folder, name);
	return path;
}

#define KEY "-f pass -z noise -k ec -q nistp256"

/* A database DB whose password is "open", trusting the authority. */
static void
make_database(const char *db)
{
	run("mkdir %s && certutil -N -d %s -f pass && "
	    "certutil -A -d %s -f pass -n root -t TC,, -a -i root.crt",
	    db, db, db);
}

/* A certificate NAME with key in DB, signed by the authority; HOW are certutil's words for how. */
static void
make_certificate(const char *db, const char *name, const char *how)
{
	static int serial = 100;

	run("certutil -R -d %s " KEY " -s CN=%s -a -o req", db, name);
	run("certutil -C -d ca -f pass -c root -a -i req -o %s.crt -m %d %s", name, serial++, how);
	run("certutil -A -d %s -f pass -n %s -t ,, -a -i %s.crt", db, name, name);
}

static void
begin(void)
{
	strcpy(folder, "/tmp/refnut-nss-XXXXXX");
	cr_assert(mkdtemp(folder));
	loop = fast_loop();
	run("echo open >pass; head -c 64 /dev/urandom >noise; mkdir ca; certutil -N -d ca -f pass");
	run("printf 'y\n\ny\n' | certutil -S -d ca " KEY
	    " -n root -s CN=Root -t CT,C, -x -2 -v 12");
	run("certutil -L -d ca -n root -a -o root.crt");
	make_database("server");
	make_database("client");
	make_certificate("server", "box", "-v 12 --extSAN dns:ups.example,ip:192.0.2.7");
}

static void
end(void)
{
	char command[100];

	fast_end(loop);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_expect_eq(system(command), 0);
}

/* ---- two sides ---- */

static struct tls *
serve_with(struct tls_settings settings)
{
	char *why = NULL;
	struct tls *tls;

	if (!settings.ident_name)
		settings.ident_name = "box";
	if (!settings.cert_path)
		settings.cert_path = in_folder("server");
	settings.ident_password = "open";
	tls = tls_server_new(&settings, &why);
	return must(tls, why);
}

static struct tls *
call_with(struct tls_settings settings)
{
	char *why = NULL;
	struct tls *tls = tls_client_new(&settings, &why);

	return must(tls, why);
}

#define REFUSED "certificate verify failed: "

/* The server shows what SERVING says, the client verifies against the database TRUST. */
static void
expect_verdict(struct tls_settings serving, const char *trust, const char *host, const char *name,
    const char *client_why)
{
	server.tls = serve_with(serving);
	client.tls =
	    call_with((struct tls_settings){ .cert_path = in_folder(trust), .verify = true });
	meet(host, name);
	expect_said(&client, client_why);
	if (*client_why)
		expect_said(&server, "the other side refuses: ");
	part();
	tls_free(server.tls);
	tls_free(client.tls);
}

/* ---- tests ---- */

Test(tls_nss, encrypts_without_verifying, .init = begin, .fini = end)
{
	server.tls = serve_with((struct tls_settings){ 0 });
	client.tls = call_with((struct tls_settings){ 0 });
	meet("anything", NULL);
	expect_said(&client, "");
	expect_said(&server, "");
	cr_expect_eq(tls_trust(client.session), TLS_UNVERIFIED);
	cr_expect_null(tls_peer_name(server.session));
	cr_expect_str_eq(tls_peer_name(client.session), "CN=box");
	cr_expect_str_eq(tls_version(client.session), "TLSv1.3");
	part();
	tls_free(server.tls);
	tls_free(client.tls);
}

/* T-20 */
Test(tls_nss, a_chained_certificate_must_carry_the_name, .init = begin, .fini = end)
{
	static const struct {
		const char *host, *name, *why;
	} table[] = {
		{ "ups.example", NULL, "" },
		{ "UPS.Example", NULL, "" },
		{ "192.0.2.7", NULL, "" },
		{ "192.0.2.8", NULL, REFUSED "it does not name 192.0.2.8 (subject CN=box)" },
		{ "box", NULL, REFUSED "it does not name box" },
		{ "10.0.0.1", "ups.example", "" },
		{ "10.0.0.1", "box", "" },
		{ "10.0.0.1", "CN=box", "" },
		{ "ups.example", "other", REFUSED "it does not name other" },
		{ "ups.example", "", REFUSED "it does not name " },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		expect_verdict((struct tls_settings){ 0 }, "client", table[i].host, table[i].name,
		    table[i].why);
}

/* T-20 */
Test(tls_nss, a_pinned_certificate_needs_no_name, .init = begin, .fini = end)
{
	/* What one database trusts the whole process does: so both are the same here. */
	run("certutil -M -d server -f pass -n box -t Pu,,; certutil -D -d server -f pass -n root");
	expect_verdict((struct tls_settings){ 0 }, "server", "any.example", NULL, "");
	expect_verdict((struct tls_settings){ 0 }, "server", "any.example", "box", "");
	expect_verdict(
	    (struct tls_settings){ 0 }, "server", "any.example", "x", REFUSED "it does not name x");
}

/* T-21 */
Test(tls_nss, each_refusal_has_its_words, .init = begin, .fini = end)
{
	make_certificate("server", "old", "-w -12 -v 6 --extSAN dns:h");
	make_certificate("server", "early", "-w 6 -v 6 --extSAN dns:h");
	make_certificate("server", "lost", "-v 6 --extSAN dns:h");
	run("certutil -S -d server " KEY " -n self -s CN=self -t ,, -x -v 6 -m 7");
	expect_verdict((struct tls_settings){ .ident_name = "old" }, "client", "h", NULL,
	    REFUSED "certificate has expired (notAfter=");
	expect_verdict((struct tls_settings){ .ident_name = "early" }, "client", "h", NULL,
	    REFUSED "certificate is not yet valid (notBefore=");
	expect_verdict((struct tls_settings){ .ident_name = "self" }, "client", "h", NULL,
	    REFUSED "self-signed certificate (subject CN=self)");
	expect_verdict((struct tls_settings){ .ident_name = "lost" }, "client", "h", NULL, "");
	run("serial=$(openssl x509 -noout -serial -in lost.crt); "
	    "printf 'update=20260101000000Z\naddcert %%d 20260101000000Z\n' "
	    "$((0x${serial#serial=})) "
	    ">crl.script; crlutil -G -d ca -f pass -n root -c crl.script -o crl && "
	    "crlutil -I -d client -f pass -i crl");
	expect_verdict((struct tls_settings){ .ident_name = "lost" }, "client", "h", NULL,
	    REFUSED "certificate revoked (subject CN=lost)");
}

/* Another process, since what one database trusts the whole process does. */
Test(tls_nss, an_authority_that_is_not_trusted, .init = begin, .fini = end)
{
	run("mkdir strangers && certutil -N -d strangers --empty-password");
	run("mkdir bare && certutil -N -d bare -f pass && cp box.crt bare.crt && "
	    "certutil -R -d bare " KEY " -s CN=h -a -o req && "
	    "certutil -C -d ca -f pass -c root -a -i req -o h.crt -m 77 -v 6 --extSAN dns:h && "
	    "certutil -A -d bare -f pass -n h -t ,, -a -i h.crt");
	expect_verdict((struct tls_settings){ .cert_path = in_folder("bare"), .ident_name = "h" },
	    "strangers", "h", NULL,
	    REFUSED "unable to get local issuer certificate (subject CN=h)");
}

/* T-17, T-27 */
Test(tls_nss, client_certificates, .init = begin, .fini = end)
{
	static const struct {
		enum tls_request request;
		const char *ident, *client_why, *server_why;
		enum tls_trust trust;
	} table[] = {
		{ TLS_REQUEST_NO, "mon", "", "", TLS_UNVERIFIED },
		{ TLS_REQUEST, NULL, "", "", TLS_UNVERIFIED },
		{ TLS_REQUEST, "mon", "", "", TLS_CHAINED },
		{ TLS_REQUIRE, "mon", "", "", TLS_CHAINED },
		{ TLS_REQUIRE, NULL, "the other side refuses: ",
		    "it shows no certificate, which CERTREQUEST demands", TLS_UNVERIFIED },
		{ TLS_REQUIRE, "old", "the other side refuses: ",
		    REFUSED "certificate has expired (notAfter=", TLS_UNVERIFIED },
	};

	make_certificate("client", "mon", "-v 6");
	make_certificate("client", "old", "-w -12 -v 6");
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		server.tls =
		    serve_with((struct tls_settings){ .request_client = table[i].request });
		client.tls = call_with((struct tls_settings){ .cert_path = in_folder("client"),
		    .verify = true,
		    .ident_name = table[i].ident,
		    .ident_password = "open" });
		meet("ups.example", NULL);
		expect_said(&client, table[i].client_why);
		expect_said(&server, table[i].server_why);
		cr_expect_eq(tls_trust(server.session), table[i].trust, "%zu", i);
		if (table[i].trust == TLS_CHAINED)
			cr_expect_str_eq(tls_peer_name(server.session), "CN=mon");
		part();
		tls_free(server.tls);
		tls_free(client.tls);
	}
}

static void
expect_unusable(bool serving, struct tls_settings settings, const char *expected)
{
	char *why = NULL;
	struct tls *tls =
	    serving ? tls_server_new(&settings, &why) : tls_client_new(&settings, &why);

	cr_expect(!tls && why && strstr(why, expected), "%s\n  expected: %s", why, expected);
	tls_free(tls);
	free(why);
}

/* T-14, T-26 */
Test(tls_nss, what_cannot_be_used, .init = begin, .fini = end)
{
	const char *db = in_folder("server");

	expect_unusable(true, (struct tls_settings){ .cert_file = "/x.pem" },
	    "CERTFILE /x.pem: this build uses NSS");
	expect_unusable(true, (struct tls_settings){ .ident_name = "box" }, "CERTPATH is missing");
	expect_unusable(true, (struct tls_settings){ .cert_path = db }, "CERTIDENT is missing");
	expect_unusable(true,
	    (struct tls_settings){ .cert_path = db, .ident_name = "box", .ident_password = "x" },
	    "the password of CERTIDENT does not open the database");
	expect_unusable(true, (struct tls_settings){ .cert_path = db, .ident_name = "box" },
	    "the database has a password, and CERTIDENT gives none");
	expect_unusable(true,
	    (struct tls_settings){ .cert_path = db, .ident_name = "fox", .ident_password = "open" },
	    "CERTIDENT says fox, and there is no certificate of that name");
	expect_unusable(true,
	    (struct tls_settings){
		.cert_path = db, .ident_name = "root", .ident_password = "open" },
	    "there is no private key of root in it");
	expect_unusable(true, (struct tls_settings){ .cert_path = "/no/such", .ident_name = "box" },
	    "/no/such: No such file");
	expect_unusable(true, (struct tls_settings){ .cert_path = folder, .ident_name = "box" },
	    "there is no NSS database in it");
	expect_unusable(
	    false, (struct tls_settings){ .verify = true }, "CERTVERIFY without CERTPATH");
	run("chmod 644 server/key4.db");
	expect_unusable(true, (struct tls_settings){ .cert_path = db, .ident_name = "box" },
	    "mode 0644: everybody may read or write this file with keys");
	run("chmod 777 server");
	expect_unusable(false, (struct tls_settings){ .cert_path = db, .verify = true },
	    "mode 0777: everybody may write here");
}

/* A reload: the new one is made while the old one is in use. */
Test(tls_nss, sessions_outlive_their_keys_and_carry_much, .init = begin, .fini = end)
{
	static char sent[300000], got[sizeof(sent)];
	size_t out = 0, in = 0;
	struct tls *again;
	short want;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 7 % 251);
	server.tls = serve_with((struct tls_settings){ 0 });
	client.tls =
	    call_with((struct tls_settings){ .cert_path = in_folder("client"), .verify = true });
	meet("ups.example", NULL);
	again = serve_with((struct tls_settings){ 0 });
	tls_free(server.tls);
	tls_free(client.tls);
	for (int i = 0; i < 100000 && in < sizeof(sent); i++) {
		ssize_t n = out < sizeof(sent) ? tls_filter.write(server.session, sent + out,
						     sizeof(sent) - out, &want)
					       : 0;

		cr_assert(n >= 0 || (errno == EAGAIN && want == POLLOUT));
		out += n > 0 ? (size_t)n : 0;
		n = tls_filter.read(client.session, got + in, sizeof(got) - in, &want);
		cr_assert(n > 0 || (n == -1 && errno == EAGAIN && want == POLLIN));
		in += n > 0 ? (size_t)n : 0;
	}
	cr_expect_eq(in, sizeof(sent));
	cr_expect_eq(memcmp(sent, got, sizeof(sent)), 0);
	part();
	server.tls = again;
	client.tls =
	    call_with((struct tls_settings){ .cert_path = in_folder("client"), .verify = true });
	meet("ups.example", NULL);
	expect_said(&client, "");
	part();
	tls_free(server.tls);
	tls_free(client.tls);
}

Test(tls_nss, who_hangs_up_or_talks_nonsense_is_told_apart, .init = begin, .fini = end)
{
	static const char nonsense[] = "\x16\x03\x01\0\4abcd"; /* a record, but no hello */
	int ends[2];
	short want;

	server.tls = serve_with((struct tls_settings){ 0 });
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		server.session = tls_session_new(server.tls, &fast_world, ends[0], NULL, NULL);
		cr_expect_eq(tls_filter.handshake(server.session, &want), 0);
		cr_expect_eq(want, POLLIN);
		if (i)
			cr_expect_eq(write(ends[1], nonsense, 9), 9);
		else
			shutdown(ends[1], SHUT_WR);
		cr_expect_eq(tls_filter.handshake(server.session, &want), -1);
		cr_expect(i ? *tls_filter.why(server.session)
			    : !strcmp(tls_filter.why(server.session), "the other side has hung up"),
		    "%s", tls_filter.why(server.session));
		tls_filter.free(server.session);
		close(ends[0]);
		close(ends[1]);
	}
	tls_free(server.tls);
}

Test(tls_nss, the_clock_is_the_worlds, .init = begin, .fini = end)
{
	int64_t now_ms = fast_world.wall_ms(fast_world.owner), year_ms = 366LL * 86400 * 1000;
	char *doubt;

	server.tls = serve_with((struct tls_settings){ 0 });
	cr_expect_null(tls_doubt(server.tls, now_ms));
	doubt = tls_doubt(server.tls, now_ms + 2 * year_ms);
	cr_expect(doubt && strstr(doubt, "/server: box: the certificate has expired (notAfter="));
	free(doubt);
	doubt = tls_doubt(server.tls, now_ms - year_ms);
	cr_expect(doubt && strstr(doubt, "the certificate is not valid yet (notBefore="));
	free(doubt);
	tls_free(server.tls);
}
