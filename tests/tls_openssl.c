/* TLS by OpenSSL: who is let in, who is not, and why: docs/security.md. */
#include "certs.h"
#include "tlspair.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static struct loop *loop;

static void
begin(void)
{
	certs_begin();
	loop = fast_loop();
}

static void
end(void)
{
	fast_end(loop);
	certs_end();
}

static struct tls *
serve_with(const struct tls_settings *settings)
{
	char *why = NULL;
	struct tls *tls = tls_server_new(settings, &why);

	return must(tls, why);
}

static struct tls *
call_with(const struct tls_settings *settings)
{
	char *why = NULL;
	struct tls *tls = tls_client_new(settings, &why);

	return must(tls, why);
}

/* A server and a client with SETTINGS meet; "" or what the client says, and the server. */
static void
expect_meeting(const struct tls_settings *serving, const struct tls_settings *calling,
    const char *host, const char *name, const char *client_why, const char *server_why)
{
	server.tls = serve_with(serving);
	client.tls = call_with(calling);
	meet(host, name);
	expect_said(&client, client_why);
	expect_said(&server, server_why);
	cr_expect(!*client_why == (client.state == 1) || *server_why);
	tls_free(server.tls);
	tls_free(client.tls);
}
#define REFUSED "certificate verify failed: "

/* The server shows CERT, the client trusts what TRUST has. */
static void
expect_verdict(const struct cert *cert, const char *trust, const char *host, const char *name,
    const char *client_why)
{
	expect_meeting(&(struct tls_settings){ .cert_file = pem_pair("server.pem", cert) },
	    &(struct tls_settings){ .cert_path = trust, .verify = true }, host, name, client_why,
	    !*client_why		    ? ""
	    : strstr(client_why, "expired") ? "the other side refuses: certificate expired"
	    : strstr(client_why, "revoked") ? "the other side refuses: certificate revoked"
	    : strstr(client_why, "issuer certificate") ? "the other side refuses: unknown CA"
	    : strstr(client_why, "self-signed")	       ? "the other side refuses: unknown CA"
						       : "the other side refuses: ");
}

/* ---- what a client accepts ---- */

Test(tls_openssl, encrypts_without_any_certificate_of_the_client, .init = begin, .fini = end)
{
	struct cert self = CERT();

	expect_meeting(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) },
	    &(struct tls_settings){ .verify = false }, "anything", NULL, "", "");
	cr_expect_eq(tls_trust(client.session), TLS_UNVERIFIED);
	cr_expect_eq(tls_trust(server.session), TLS_UNVERIFIED);
	cr_expect_null(tls_peer_name(server.session));
	cr_expect_str_eq(
	    tls_peer_name(client.session), "O=Internet Widgits Pty Ltd,ST=Some-State,C=AU");
	cr_expect_str_eq(tls_version(client.session), "TLSv1.3");
	part();
	cert_free(&self);
}

/* T-20 */
Test(tls_openssl, a_chained_certificate_must_carry_the_name, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true);
	struct cert named = CERT(.cn = "My nut server",
	    .alt = "DNS:ups.example,DNS:*.racks.example,IP:192.0.2.7,IP:2001:db8::7", .by = &ca);
	struct cert old = CERT(.cn = "old.example", .by = &ca);
	const char *trust = PEM("ca.pem", .certs = { &ca });
	static const struct {
		bool old;
		const char *host, *name, *why;
	} table[] = {
		{ false, "ups.example", NULL, "" },
		{ false, "UPS.Example", NULL, "" },
		{ false, "a.racks.example", NULL, "" },
		{ false, "192.0.2.7", NULL, "" },
		{ false, "2001:db8::7", NULL, "" },
		{ false, "a.b.racks.example", NULL, REFUSED "it does not name a.b.racks.example" },
		{ false, "192.0.2.8", NULL, REFUSED "it does not name 192.0.2.8 (subject CN=My" },
		{ false, "My nut server", NULL, REFUSED "it does not name" },
		{ true, "old.example", NULL, "" }, /* no alternative names: the common one */
		{ true, "new.example", NULL, REFUSED "it does not name new.example" },
		/* CERTHOST */
		{ false, "10.0.0.1", "ups.example", "" },
		{ false, "10.0.0.1", "192.0.2.7", "" },
		{ false, "10.0.0.1", "My nut server", "" },
		{ false, "10.0.0.1", "CN=My nut server", "" },
		{ false, "ups.example", "other", REFUSED "it does not name other" },
		{ false, "ups.example", "My nut", REFUSED "it does not name My nut" },
		{ false, "ups.example", "", REFUSED "it does not name " },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		expect_verdict(table[i].old ? &old : &named, trust, table[i].host, table[i].name,
		    table[i].why);
		cr_expect_eq(tls_trust(client.session), TLS_CHAINED);
		part();
	}
	cert_free(&ca);
	cert_free(&named);
	cert_free(&old);
}

/* T-20.  The chapter's recipe: self-signed, with openssl's default subject, in CERTPATH. */
Test(tls_openssl, a_pinned_certificate_needs_no_name, .init = begin, .fini = end)
{
	struct cert self = CERT(), other = CERT(), expired = CERT(.from_days = -9, .to_days = -2);
	struct cert ca = CERT(.cn = "CA", .ca = true), leaf = CERT(.cn = "x", .by = &ca);
	const char *trust = PEM("both.pem", .certs = { &self, &leaf, &expired });

	expect_verdict(&self, trust, "any.example", NULL, "");
	cr_expect_eq(tls_trust(client.session), TLS_PINNED);
	part();
	expect_verdict(&leaf, trust, "any.example", NULL, ""); /* whoever has signed it */
	cr_expect_eq(tls_trust(client.session), TLS_PINNED);
	part();
	expect_verdict(&self, trust, "any.example", "box", REFUSED "it does not name box");
	part();
	expect_verdict(&expired, trust, "any.example", NULL, REFUSED "certificate has expired");
	part();
	/* Same subject, another key. */
	expect_verdict(&other, trust, "any.example", NULL, REFUSED "self-signed certificate");
	part();
	pem_hashed("certs", &self, NULL);
	expect_verdict(&self, certs_path("certs"), "any.example", NULL, "");
	cr_expect_eq(tls_trust(client.session), TLS_PINNED);
	part();
	expect_verdict(&other, certs_path("certs"), "any.example", NULL,
	    REFUSED
	    "self-signed certificate (subject O=Internet Widgits Pty Ltd,ST=Some-State,C=AU)");
	part();
	cert_free(&self);
	cert_free(&other);
	cert_free(&expired);
	cert_free(&ca);
	cert_free(&leaf);
}

/* What a pinned certificate has signed is chained: it must carry the name. */
Test(tls_openssl, a_pinned_certificate_vouches_for_no_name_but_its_own, .init = begin, .fini = end)
{
	struct cert self = CERT(), signed_by = CERT(.cn = "evil", .by = &self);
	const char *trust = PEM("self.pem", .certs = { &self });

	expect_verdict(
	    &signed_by, trust, "ups.example", NULL, REFUSED "it does not name ups.example");
	part();
	cert_free(&self);
	cert_free(&signed_by);
}

/* T-21 */
Test(tls_openssl, each_refusal_has_its_words, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), stranger = CERT(.cn = "Other", .ca = true);
	struct cert expired = CERT(.cn = "h", .by = &ca, .from_days = -9, .to_days = -2);
	struct cert early = CERT(.cn = "h", .by = &ca, .from_days = 2, .to_days = 9);
	struct cert unknown = CERT(.cn = "h", .by = &stranger), self = CERT(.cn = "h");
	const char *trust = PEM("ca.pem", .certs = { &ca });

	expect_verdict(&expired, trust, "h", NULL, REFUSED "certificate has expired (notAfter=");
	cr_expect(strstr(client.why, " GMT)"), "%s", client.why);
	part();
	expect_verdict(
	    &early, trust, "h", NULL, REFUSED "certificate is not yet valid (notBefore=");
	part();
	expect_verdict(&unknown, trust, "h", NULL,
	    REFUSED "unable to get local issuer certificate (subject CN=h)");
	part();
	expect_verdict(&self, trust, "h", NULL, REFUSED "self-signed certificate (subject CN=h)");
	part();
	cert_free(&ca);
	cert_free(&stranger);
	cert_free(&expired);
	cert_free(&early);
	cert_free(&unknown);
	cert_free(&self);
}

Test(tls_openssl, the_clock_is_the_worlds, .init = begin, .fini = end)
{
	struct cert self = CERT(.cn = "h");
	struct tls_settings serving = { .cert_file = pem_pair("a.pem", &self) };
	struct tls *tls = serve_with(&serving);
	int64_t now_ms = fast_world.wall_ms(fast_world.owner);
	char *doubt = tls_doubt(tls, now_ms);

	cr_expect_null(doubt);
	doubt = tls_doubt(tls, now_ms + INT64_C(31000) * DAY);
	cr_expect(doubt && strstr(doubt, "a.pem: the certificate has expired (notAfter="));
	free(doubt);
	doubt = tls_doubt(tls, now_ms - INT64_C(2000) * DAY);
	cr_expect(doubt && strstr(doubt, "a.pem: the certificate is not valid yet (notBefore="));
	free(doubt);
	tls_free(tls);
	cert_free(&self);
}

Test(tls_openssl, revoked_certificates_are_refused_where_crls_are, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), good = CERT(.cn = "h", .by = &ca);
	struct cert bad = CERT(.cn = "h", .by = &ca);
	X509_CRL *crl = crl_make(&ca, &bad);
	const char *trust = PEM("ca.pem", .certs = { &ca }, .crl = crl);
	const char *words = REFUSED "certificate revoked (subject CN=h)";

	expect_verdict(&good, trust, "h", NULL, "");
	part();
	expect_verdict(&bad, trust, "h", NULL, words);
	part();
	pem_hashed("certs", &ca, NULL);
	expect_verdict(&bad, certs_path("certs"), "h", NULL, ""); /* no list yet */
	part();
	pem_hashed("certs", NULL, crl);
	expect_verdict(&good, certs_path("certs"), "h", NULL, "");
	part();
	expect_verdict(&bad, certs_path("certs"), "h", NULL, words);
	part();
	X509_CRL_free(crl);
	cert_free(&ca);
	cert_free(&good);
	cert_free(&bad);
}

Test(tls_openssl, a_chain_is_followed, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true),
		    middle = CERT(.cn = "M", .ca = true, .by = &ca);
	struct cert leaf = CERT(.cn = "h", .by = &middle);
	const char *trust = PEM("ca.pem", .certs = { &ca });
	struct tls_settings calling = { .cert_path = trust, .verify = true };

	expect_meeting(&(struct tls_settings){ .cert_file = PEM("chain.pem",
						   .certs = { &leaf, &middle }, .key = &leaf) },
	    &calling, "h", NULL, "", "");
	part();
	expect_meeting(&(struct tls_settings){ .cert_file = pem_pair("leaf.pem", &leaf) }, &calling,
	    "h", NULL, REFUSED "unable to get local issuer certificate",
	    "the other side refuses: unknown CA");
	part();
	cert_free(&ca);
	cert_free(&middle);
	cert_free(&leaf);
}

/* ---- what a server accepts ---- */

/* T-17, T-27 */
Test(tls_openssl, client_certificates, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), box = CERT(.cn = "box", .by = &ca);
	struct cert mon = CERT(.cn = "mon", .by = &ca), stranger = CERT(.cn = "stranger");
	struct cert expired = CERT(.cn = "old", .by = &ca, .from_days = -9, .to_days = -2);
	X509_CRL *crl = crl_make(&ca, &expired);
	struct tls_settings serving = { .cert_file = pem_pair("box.pem", &box),
		.cert_path = PEM("ca.pem", .certs = { &ca, &box }, .crl = crl),
		.request_client = TLS_REQUEST };
	struct tls_settings none = { .verify = false };
	struct tls_settings good = { .cert_file = pem_pair("mon.pem", &mon) };
	struct tls_settings bad = { .cert_file = pem_pair("bad.pem", &stranger) };
	struct tls_settings late = { .cert_file = pem_pair("late.pem", &expired) };
	struct tls_settings same = { .cert_file = pem_pair("same.pem", &box) };

	expect_meeting(&serving, &none, "h", NULL, "", "");
	cr_expect_eq(tls_trust(server.session), TLS_UNVERIFIED);
	cr_expect_null(tls_peer_name(server.session));
	part();
	serving.request_client = TLS_REQUIRE;
	expect_meeting(&serving, &none, "h", NULL, "the other side refuses: certificate required",
	    "it shows no certificate, which CERTREQUEST demands");
	part();
	for (int i = 0; i < 2; i++) {
		serving.request_client = i ? TLS_REQUIRE : TLS_REQUEST;
		expect_meeting(&serving, &good, "h", NULL, "", "");
		cr_expect_eq(tls_trust(server.session), TLS_CHAINED);
		cr_expect_str_eq(tls_peer_name(server.session), "CN=mon");
		part();
		expect_meeting(&serving, &same, "h", NULL, "", "");
		cr_expect_eq(tls_trust(server.session), TLS_PINNED);
		part();
		expect_meeting(&serving, &bad, "h", NULL, "the other side refuses: unknown CA",
		    REFUSED "self-signed certificate (subject CN=stranger)");
		part();
		expect_meeting(&serving, &late, "h", NULL,
		    "the other side refuses: certificate revoked", REFUSED "certificate revoked");
		part();
	}
	serving.cert_path = PEM("ca.pem", .certs = { &ca });
	expect_meeting(&serving, &late, "h", NULL, "the other side refuses: certificate expired",
	    REFUSED "certificate has expired (notAfter=");
	part();
	X509_CRL_free(crl);
	cert_free(&ca);
	cert_free(&box);
	cert_free(&mon);
	cert_free(&stranger);
	cert_free(&expired);
}

/* ---- settings that cannot be used ---- */

static void
expect_unusable(const struct tls_settings *settings, bool serving, const char *words)
{
	char *why = NULL;
	struct tls *tls = serving ? tls_server_new(settings, &why) : tls_client_new(settings, &why);

	cr_expect_null(tls, "expected: %s", words);
	cr_expect(why && strstr(why, words), "says: %s\n  expected: %s", why, words);
	free(why);
	tls_free(tls);
}
#define UNUSABLE(words, ...) expect_unusable(&(struct tls_settings){ __VA_ARGS__ }, true, words)

/* T-14, T-26 */
Test(tls_openssl, keys_that_cannot_be_used, .init = begin, .fini = end)
{
	struct cert self = CERT(.cn = "box"), other = CERT(.cn = "box");
	const char *path;
	struct tls *tls;

	UNUSABLE("CERTFILE is missing", .ident_name = "box");
	UNUSABLE("none.pem: No such file", .cert_file = certs_path("none.pem"));
	UNUSABLE(": not a file", .cert_file = certs_folder);
	UNUSABLE("there is no certificate in it", .cert_file = PEM("a.pem", .key = &self));
	UNUSABLE("there is no private key in it", .cert_file = PEM("a.pem", .certs = { &self }));
	UNUSABLE("the private key does not fit the certificate",
	    .cert_file = PEM("a.pem", .certs = { &self }, .key = &other));
	UNUSABLE("a.pem: mode 0644: everybody may read",
	    .cert_file = PEM("a.pem", .certs = { &self }, .key = &self, .mode = 0644));
	UNUSABLE("CERTIDENT says other, but the certificate is for CN=box",
	    .cert_file = pem_pair("a.pem", &self), .ident_name = "other", .ident_password = "");
	UNUSABLE("CERTREQUEST without CERTPATH", .cert_file = pem_pair("a.pem", &self),
	    .request_client = TLS_REQUEST);
	path = PEM("a.pem", .certs = { &self }, .key = &self, .password = "secret");
	UNUSABLE("the key has a password, and CERTIDENT gives none", .cert_file = path);
	UNUSABLE("the password of CERTIDENT does not open the key", .cert_file = path,
	    .ident_name = "box", .ident_password = "wrong");
	tls = serve_with(&(struct tls_settings){
	    .cert_file = path, .ident_name = "box", .ident_password = "secret" });
	tls_free(tls);
	tls = serve_with(&(struct tls_settings){
	    .cert_file = PEM("a.pem", .certs = { &self }, .key = &self, .mode = 0644),
	    .open_key_file = true });
	tls_free(tls);
	cert_free(&self);
	cert_free(&other);
}

Test(tls_openssl, a_damaged_certificate_is_not_passed_over, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), leaf = CERT(.cn = "h", .by = &ca);
	const char *path = PEM("a.pem", .certs = { &leaf, &ca }, .key = &leaf);
	FILE *file = fopen(path, "r+");
	char text[4096] = "", *second;

	cr_assert(fread(text, 1, sizeof(text) - 1, file) > 0);
	second = strstr(text + 10, "-----BEGIN CERTIFICATE");
	cr_assert(second);
	fseek(file, second - text + 60, SEEK_SET);
	fputs("!!!!", file);
	fclose(file);
	UNUSABLE("a certificate in it is damaged", .cert_file = path);
	cert_free(&ca);
	cert_free(&leaf);
}

Test(tls_openssl, authorities_that_cannot_be_used, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true);
	struct tls_settings calling = { .verify = true };

	expect_unusable(&calling, false, "CERTVERIFY without CERTPATH");
	calling.cert_path = certs_path("nothing");
	expect_unusable(&calling, false, "nothing: No such file");
	calling.cert_path = PEM("key.pem", .key = &ca);
	expect_unusable(&calling, false, "key.pem: there is no certificate in it");
	calling.cert_path = PEM("open.pem", .certs = { &ca }, .mode = 0666);
	expect_unusable(&calling, false, "open.pem: mode 0666: everybody may write here");
	cr_assert_eq(mkdir(certs_path("folder"), 0755), 0);
	PEM("folder/ca.pem", .certs = { &ca });
	calling.cert_path = certs_path("folder");
	expect_unusable(&calling, false, "no certificate has a hashed name; run: openssl rehash ");
	cert_free(&ca);
}

/* ---- a foreign client: raw OpenSSL ---- */

struct raw {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	unsigned tickets;
	SSL_SESSION *ticket;
};

static int
got_ticket(SSL *ssl, SSL_SESSION *ticket)
{
	struct raw *raw = SSL_get_app_data(ssl);

	raw->tickets++;
	SSL_SESSION_free(raw->ticket);
	raw->ticket = ticket;
	return 1;
}

/* The server's side is SERVER; true: hands are shaken. */
static bool
raw_meet(struct raw *raw, int version)
{
	int ends[2], got = 0;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	server.fd = ends[0];
	server.session = tls_session_new(server.tls, &fast_world, ends[0], NULL, NULL);
	server.state = 0;
	*server.why = '\0';
	raw->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_security_level(raw->context, 0);
	SSL_CTX_set_min_proto_version(raw->context, version);
	SSL_CTX_set_max_proto_version(raw->context, version);
	SSL_CTX_set_session_cache_mode(
	    raw->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(raw->context, got_ticket);
	raw->fd = ends[1];
	raw->ssl = SSL_new(raw->context);
	SSL_set_app_data(raw->ssl, raw);
	SSL_set_fd(raw->ssl, raw->fd);
	if (raw->ticket)
		SSL_set_session(raw->ssl, raw->ticket);
	for (int i = 0; i < 20 && (got != 1 || server.state == 0); i++) {
		got = SSL_connect(raw->ssl);
		shake(&server);
	}
	return got == 1 && server.state == 1;
}

static void
raw_part(struct raw *raw)
{
	SSL_shutdown(raw->ssl); /* else its ticket may not be used again */
	SSL_free(raw->ssl);
	SSL_CTX_free(raw->context);
	close(raw->fd);
	tls_filter.free(server.session);
	close(server.fd);
	ERR_clear_error();
}

/* R-7, T-7 */
Test(tls_openssl, nothing_before_1_2_is_spoken, .init = begin, .fini = end)
{
	static const int old[] = { TLS1_VERSION, TLS1_1_VERSION };
	struct cert self = CERT();
	struct raw raw = { 0 };

	server.tls = serve_with(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) });
	for (int i = 0; i < 2; i++) {
		cr_expect_not(raw_meet(&raw, old[i]));
		cr_expect_str_eq(server.why, "unsupported protocol");
		raw_part(&raw);
	}
	cr_expect(raw_meet(&raw, TLS1_2_VERSION));
	cr_expect_str_eq(tls_version(server.session), "TLSv1.2");
	raw_part(&raw);
	tls_free(server.tls);
	SSL_SESSION_free(raw.ticket);
	cert_free(&self);
}

/* performance.md: one ticket, with the first reply; it is good until the next reload.  T-12 */
Test(tls_openssl, one_ticket_goes_with_the_first_reply, .init = begin, .fini = end)
{
	struct cert self = CERT();
	struct tls_settings serving = { .cert_file = pem_pair("a.pem", &self) };
	struct raw raw = { 0 };
	char bytes[64];
	short want;

	server.tls = serve_with(&serving);
	for (int i = 0; i < 3; i++) {
		if (i == 2) { /* a reload */
			tls_free(server.tls);
			server.tls = serve_with(&serving);
		}
		raw.tickets = 0;
		cr_assert(raw_meet(&raw, TLS1_3_VERSION));
		cr_expect_eq(SSL_session_reused(raw.ssl), i == 1, "%d", i);
		cr_expect_eq(SSL_read(raw.ssl, bytes, sizeof(bytes)), -1);
		cr_expect_eq(raw.tickets, 0, "none before it is asked");
		for (int j = 0; j < 3; j++) {
			cr_expect_eq(tls_filter.write(server.session, "reply\n", 6, &want), 6);
			cr_expect_eq(SSL_read(raw.ssl, bytes, sizeof(bytes)), 6);
			cr_expect_eq(raw.tickets, 1);
		}
		raw_part(&raw);
	}
	tls_free(server.tls);
	SSL_SESSION_free(raw.ticket);
	cert_free(&self);
}

/* Else a client that never ends would have the loop for itself. */
Test(tls_openssl, key_updates_end_a_read, .init = begin, .fini = end)
{
	struct cert self = CERT();
	struct raw raw = { 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char bytes[64], *flood;
	int tries = 0;
	long len;

	server.tls = serve_with(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) });
	cr_assert(raw_meet(&raw, TLS1_3_VERSION));
	SSL_set0_wbio(raw.ssl, bio);
	for (int i = 0; i < 3000; i++) {
		cr_assert_eq(SSL_key_update(raw.ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
		cr_assert_eq(SSL_do_handshake(raw.ssl), 1);
	}
	cr_assert_eq(SSL_write(raw.ssl, "VER\n", 4), 4);
	len = BIO_get_mem_data(bio, &flood);
	cr_assert_eq(send(raw.fd, flood, (size_t)len, 0), len); /* 80 kB */
	while (tries < 100 && read_side(&server, bytes, sizeof(bytes)) == -1)
		tries++;
	cr_expect(tries >= 16 && tries < 100, "%d", tries);
	cr_expect_eq(memcmp(bytes, "VER\n", 4), 0);
	raw_part(&raw);
	tls_free(server.tls);
	SSL_SESSION_free(raw.ticket);
	cert_free(&self);
}

/* ---- bytes ---- */

Test(tls_openssl, sessions_outlive_their_keys_and_carry_much, .init = begin, .fini = end)
{
	static char much[1 << 20], back[1 << 20];
	struct cert self = CERT();
	size_t sent = 0, got = 0;
	short want = 0;

	for (size_t i = 0; i < sizeof(much); i++)
		much[i] = (char)(i * 7 + i / 251);
	expect_meeting(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) },
	    &(struct tls_settings){ .verify = false }, "h", NULL, "", "");
	/* expect_meeting() has freed both struct tls.  The bytes move between two tries. */
	for (int i = 0; i < 100000 && got < sizeof(back); i++) {
		char *copy = malloc(sizeof(much) - sent + 1);
		ssize_t n;

		memcpy(copy, much + sent, sizeof(much) - sent);
		n = sent < sizeof(much)
			? tls_filter.write(server.session, copy, sizeof(much) - sent, &want)
			: 0;
		free(copy);
		cr_assert(n >= 0 || errno == EAGAIN, "%s", strerror(errno));
		if (n > 0)
			sent += (size_t)n;
		else if (n == -1)
			cr_expect_eq(want, POLLOUT);
		while ((n = tls_filter.read(
			    client.session, back + got, sizeof(back) - got, &want)) > 0)
			got += (size_t)n;
	}
	cr_expect_eq(got, sizeof(much));
	cr_expect_eq(memcmp(much, back, sizeof(much)), 0);
	/* A good-bye is an end of file, and so is a client that hangs up without. */
	tls_filter.free(server.session);
	cr_expect_eq(tls_filter.read(client.session, back, 1, &want), 0);
	tls_filter.free(client.session);
	close(server.fd);
	close(client.fd);
	cert_free(&self);
}

Test(tls_openssl, who_hangs_up_or_talks_nonsense_is_told_apart, .init = begin, .fini = end)
{
	static const struct {
		const char *bytes, *why;
	} table[] = {
		{ "", "the other side has hung up" },
		{ "GET / HTTP/1.1\r\n\r\n", "http request" },
		{ "VER\nVER\nVER\n", "wrong version number" },
		{ "\x16\x03\x01\x00\x05\x01\x00", "the other side has hung up" },
		{ "\x15\x03\x03\x00\x02\x02\x28", "unexpected message" },
	};
	struct cert self = CERT();

	server.tls = serve_with(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) });
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		size_t len = i == 4 ? 7 : i == 3 ? 7 : strlen(table[i].bytes);
		int ends[2];

		cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
		server.fd = ends[0];
		server.state = 0;
		*server.why = '\0';
		server.session = tls_session_new(server.tls, &fast_world, ends[0], NULL, NULL);
		cr_assert_eq(write(ends[1], table[i].bytes, len), (ssize_t)len);
		close(ends[1]);
		for (int j = 0; j < 5; j++)
			shake(&server);
		cr_expect_str_eq(server.why, table[i].why, "%zu: %s", i, server.why);
		tls_filter.free(server.session);
		close(ends[0]);
	}
	tls_free(server.tls);
	cert_free(&self);
}

/* A client's flight with a byte changed, or cut short: never more than a refusal. */
Test(tls_openssl, damaged_handshakes, .init = begin, .fini = end)
{
	struct cert self = CERT();
	unsigned seed = 3493;

	server.tls = serve_with(&(struct tls_settings){ .cert_file = pem_pair("a.pem", &self) });
	client.tls = call_with(&(struct tls_settings){ .verify = false });
	for (int round = 0; round < 400; round++) {
		unsigned char bytes[4096];
		ssize_t len;

		*server.why = *client.why = '\0';
		server.state = client.state = 0;
		connect_sides("h", NULL);
		shake(&client);
		len = read(server.fd, bytes, sizeof(bytes));
		cr_assert(len > 0);
		seed = seed * 1103515245 + 12345;
		if (round % 4 == 0)
			len = (ssize_t)(seed >> 8) % len;
		else
			bytes[(ssize_t)(seed >> 8) % len] ^= (unsigned char)(1 + (seed >> 3) % 255);
		cr_assert_eq(write(client.fd, bytes, (size_t)len), len);
		(void)shutdown(client.fd, SHUT_WR);
		for (int i = 0; i < 4; i++)
			shake(&server);
		cr_expect_eq(server.state, -1, "round %d", round);
		cr_expect(*server.why);
		part();
	}
	tls_free(server.tls);
	tls_free(client.tls);
	cert_free(&self);
}
