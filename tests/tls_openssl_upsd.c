/* STARTTLS in upsd: docs/security.md, docs/net-protocol.md. */
#include "certs.h"
#include "upsdstage.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

static struct cert self, ca;

static void
reload(const char *conf)
{
	char text[512];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1\n%s", conf);
	stage_file("upsd.conf", text);
	upsd_reload(stage.upsd);
}

/* "CERTFILE path\n" and MORE */
static const char *
with_cert(const char *path, const char *more)
{
	static char text[400];

	snprintf(text, sizeof(text), "CERTFILE %s\n%s", path, more);
	return text;
}

static void
begin_clear(void)
{
	certs_begin();
	self = CERT();
	ca = CERT(.cn = "CA", .ca = true);
	stage_live();
}

static void
begin(void)
{
	begin_clear();
	reload(with_cert(pem_pair("upsd.pem", &self), ""));
	cr_assert(strstr(stage.log, "configuration reloaded"), "%s", stage.log);
}

static void
end(void)
{
	stage_end();
	cert_free(&self);
	cert_free(&ca);
	certs_end();
}

/* ---- a client that encrypts ---- */

struct secret {
	SSL_CTX *context;
	SSL *ssl;
	int fd;
};

/* Shake hands on FD, which has said STARTTLS; true: done. */
static bool
encrypt(struct secret *secret, int fd, const struct cert *cert)
{
	int got = 0;

	secret->fd = fd;
	secret->context = SSL_CTX_new(TLS_client_method());
	if (cert) {
		SSL_CTX_use_certificate(secret->context, cert->cert);
		SSL_CTX_use_PrivateKey(secret->context, cert->key);
	}
	secret->ssl = SSL_new(secret->context);
	SSL_set_fd(secret->ssl, fd);
	for (int i = 0; i < 30 && got != 1; i++) {
		got = SSL_connect(secret->ssl);
		fast_turn(stage.loop, 3);
	}
	ERR_clear_error();
	return got == 1;
}

static void
say_secretly(struct secret *secret, const char *text)
{
	cr_expect_eq(SSL_write(secret->ssl, text, (int)strlen(text)), (int)strlen(text));
}

static const char *
hear_secretly(struct secret *secret)
{
	static char text[4096];
	size_t len = 0;

	for (int i = 0; i < 6; i++) {
		int got;

		fast_turn(stage.loop, 2);
		while ((got = SSL_read(secret->ssl, text + len, (int)(sizeof(text) - 8 - len))) > 0)
			len += (size_t)got;
		if (SSL_get_error(secret->ssl, got) != SSL_ERROR_WANT_READ) {
			ERR_clear_error();
			strcpy(text + len, "<EOF>");
			return text;
		}
	}
	text[len] = '\0';
	return text;
}

static const char *
ask_secretly(struct secret *secret, const char *text)
{
	say_secretly(secret, text);
	return hear_secretly(secret);
}

static void
part(struct secret *secret)
{
	SSL_free(secret->ssl);
	SSL_CTX_free(secret->context);
	close(secret->fd);
	fast_turn(stage.loop, 3);
}

static struct secret
secret_client(void)
{
	struct secret secret;
	int fd = client_from("127.0.0.1");

	cr_assert_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	cr_assert(encrypt(&secret, fd, NULL), "%s", stage.log);
	return secret;
}

static unsigned
times_logged(const char *words)
{
	unsigned times = 0;

	for (const char *at = stage.log; (at = strstr(at, words)); at++)
		times++;
	return times;
}

/* ---- tests ---- */

/* N-3.22 */
Test(tls_openssl_upsd, a_session_under_tls, .init = begin, .fini = end)
{
	struct secret secret = secret_client();

	cr_expect_str_eq(ask_secretly(&secret, "NETVER\nGET VAR u ups.status\n"),
	    "1.3\nVAR u ups.status \"OL\"\n");
	cr_expect_str_eq(
	    ask_secretly(&secret, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\nOK\n");
	cr_expect(strstr(stage.log, "Client mon@127.0.0.1 logged in to UPS [u] (SSL)\n"), "%s",
	    stage.log);
	/* */
	cr_expect_str_eq(ask_secretly(&secret, "STARTTLS\n"), "ERR ALREADY-SSL-MODE\n");
	cr_expect_str_eq(
	    ask_secretly(&secret, "GET VAR u ups.status\n"), "VAR u ups.status \"OL\"\n");
	cr_expect_str_eq(ask_secretly(&secret, "LOGOUT\nVER\n"), "OK Goodbye\n<EOF>");
	cr_expect_eq(SSL_get_shutdown(secret.ssl), SSL_RECEIVED_SHUTDOWN, "with a good-bye");
	part(&secret);
	cr_expect_eq(times_logged("handshake failed"), 0);
}

/* Its first request, and the second half of its last, travel with something else. */
Test(tls_openssl_upsd, requests_are_seen_however_they_are_cut, .init = begin, .fini = end)
{
	struct secret secret;
	char record[256];
	ssize_t len;
	BIO *bio = BIO_new(BIO_s_mem());
	int fd = client_from("127.0.0.1");

	cr_assert_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	secret.fd = fd;
	secret.context = SSL_CTX_new(TLS_client_method());
	secret.ssl = SSL_new(secret.context);
	SSL_set_fd(secret.ssl, fd);
	for (int i = 0; i < 30 && SSL_connect(secret.ssl) != 1; i++)
		fast_turn(stage.loop, 3);
	say_secretly(&secret, "NETVER\n"); /* with the last of the handshake */
	say_secretly(&secret, "NETVER\n");
	cr_expect_str_eq(hear_secretly(&secret), "1.3\n1.3\n");

	SSL_set0_wbio(secret.ssl, bio);
	say_secretly(&secret, "NETVER\n");
	say_secretly(&secret, "GET VAR u ups.status\n");
	len = BIO_read(bio, record, sizeof(record));
	cr_assert(len > 40);
	for (ssize_t at = 0; at < len; at++) { /* byte by byte, each a turn or two */
		cr_assert_eq(send(fd, record + at, 1, MSG_NOSIGNAL), 1);
		fast_turn(stage.loop, 2);
	}
	cr_expect_str_eq(hear_secretly(&secret), "1.3\nVAR u ups.status \"OL\"\n");

	say_secretly(&secret, "NETVER\n");
	say_secretly(&secret, "GET VAR u ups.status\n");
	len = BIO_read(bio, record, sizeof(record));
	cr_assert_eq(send(fd, record, (size_t)len - 3, MSG_NOSIGNAL), len - 3); /* one and a part */
	cr_expect_str_eq(hear_secretly(&secret), "1.3\n");
	/* What is there does not keep the loop awake. */
	{
		int64_t before_ms = fast_now_ms;

		loop_step(stage.loop, 500);
		cr_expect_eq(fast_now_ms - before_ms, 500);
	}
	cr_assert_eq(send(fd, record + len - 3, 3, MSG_NOSIGNAL), 3);
	cr_expect_str_eq(hear_secretly(&secret), "VAR u ups.status \"OL\"\n");
	part(&secret);
}

Test(tls_openssl_upsd, not_configured, .init = begin_clear, .fini = end)
{
	int fd = client_from("127.0.0.1");

	cr_expect_str_eq(ask(fd, "STARTTLS\nNETVER\n"), "ERR FEATURE-NOT-CONFIGURED\n1.3\n");
	/* A reload is enough to have it; NUT wants a restart. */
	reload(with_cert(pem_pair("upsd.pem", &self), ""));
	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	close(fd);
}

/* */
Test(tls_openssl_upsd, what_follows_in_clear_is_never_executed, .init = begin, .fini = end)
{
	static const char *const tails[] = { "NETVER\n", "N", "\n", "STARTTLS\n",
		"USERNAME mon\nPASSWORD secret\nLOGIN u\n" };

	for (size_t i = 0; i < sizeof(tails) / sizeof(*tails); i++) {
		int fd = client_from("192.0.2.1");
		char text[128];

		snprintf(text, sizeof(text), "STARTTLS\n%s", tails[i]);
		cr_expect_str_eq(ask(fd, text), "<EOF>", "%s", tails[i]);
		close(fd);
	}
	cr_expect_null(strstr(stage.log, "logged in"));
}

/* The same, a moment later: it is no handshake. */
Test(tls_openssl_upsd, clear_text_instead_of_a_handshake, .init = begin, .fini = end)
{
	int fd = client_from("192.0.2.1");

	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	cr_expect_null(strstr(ask(fd, "USERNAME mon\nPASSWORD secret\n"), "OK"));
	close(fd);
	fast_turn(stage.loop, 5);
	cr_expect_eq(times_logged("client 192.0.2.1: TLS handshake failed: wrong version number\n"),
	    1, "%s", stage.log);
	cr_expect_eq(times_logged("192.0.2.1: TLS"), 1);
}

/* */
Test(tls_openssl_upsd, what_was_said_before_is_forgotten, .init = begin, .fini = end)
{
	struct secret secret;
	int fd = client_as("mon", "secret");

	cr_expect_str_eq(ask(fd, "LOGIN u\nSET TRACKING ON\n"), "OK\nOK\n");
	cr_expect_str_eq(ask(fd, "GET NUMLOGINS u\n"), "NUMLOGINS u 1\n");
	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	cr_assert(encrypt(&secret, fd, NULL));
	cr_expect_str_eq(ask_secretly(&secret, "GET NUMLOGINS u\nGET TRACKING\nLOGIN u\n"),
	    "NUMLOGINS u 0\nOFF\nERR USERNAME-REQUIRED\n");
	cr_expect_str_eq(
	    ask_secretly(&secret, "USERNAME sec\nPASSWORD second\nLOGIN u\nPRIMARY u\n"),
	    "OK\nOK\nOK\nERR ACCESS-DENIED\n");
	part(&secret);
}

/* 200 that say STARTTLS and no more, 200 that begin to say hello. */
Test(tls_openssl_upsd, those_who_stay_silent_hold_up_nobody_and_go_in_time, .init = begin,
    .fini = end)
{
	static const char half_hello[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
	int silent[400], other = client_from("192.0.2.9");
	struct secret secret = secret_client();

	stage.upsd->fd_max = 4096;
	for (int i = 0; i < 400; i++) {
		silent[i] = client_from("192.0.2.1");
		cr_assert_eq(send(silent[i], "STARTTLS\n", 9, MSG_NOSIGNAL), 9);
		fast_turn(stage.loop, 2);
		if (i >= 200)
			cr_assert_eq(
			    send(silent[i], half_hello, sizeof(half_hello) - 1, MSG_NOSIGNAL),
			    sizeof(half_hello) - 1);
	}
	fast_pass(stage.loop, 9500);
	cr_expect_str_eq(client_hears(silent[0]), "OK STARTTLS\n");
	cr_expect_str_eq(client_hears(silent[399]), "OK STARTTLS\n");
	cr_expect_str_eq(ask(other, "NETVER\n"), "1.3\n");
	cr_expect_str_eq(ask_secretly(&secret, "NETVER\n"), "1.3\n");
	fast_pass(stage.loop, 1000);
	for (int i = 0; i < 400; i++) {
		cr_expect(strstr(client_hears(silent[i]), "<EOF>"), "%d", i);
		close(silent[i]);
	}
	cr_expect_str_eq(ask(other, "NETVER\n"), "1.3\n");
	cr_expect_str_eq(ask_secretly(&secret, "NETVER\n"), "1.3\n");
	cr_expect_eq(
	    times_logged("TLS handshake failed: no handshake in time\n"), 10, "enough is enough");
	close(other);
	part(&secret);
}

static ssize_t
slow_write(void *owner, int fd, const void *bytes, size_t len)
{
	fast_now_ms += 4;
	return fast_kernel->write(owner, fd, bytes, len);
}

/* R-2a: 100 handshakes at once, each of which takes 4 ms. */
Test(tls_openssl_upsd, many_handshakes_leave_time_for_requests, .init = begin, .fini = end)
{
	struct secret secret[100];
	int other = client_from("192.0.2.9"), turns = 0;

	for (int i = 0; i < 100; i++) {
		secret[i].fd = client_from("192.0.2.1");
		cr_assert_str_eq(ask(secret[i].fd, "STARTTLS\n"), "OK STARTTLS\n");
	}
	for (int i = 0; i < 100; i++) {
		secret[i].context = SSL_CTX_new(TLS_client_method());
		secret[i].ssl = SSL_new(secret[i].context);
		SSL_set_fd(secret[i].ssl, secret[i].fd);
		cr_assert_eq(SSL_connect(secret[i].ssl), -1);
	}
	fast_world.write = slow_write;
	for (int shaken = 0; shaken < 100 && turns < 1000; turns++) {
		int64_t begun_ms = fast_now_ms;
		char bytes[64];

		cr_assert_eq(send(other, "NETVER\n", 7, MSG_NOSIGNAL), 7);
		loop_step(stage.loop, 0);
		cr_expect(fast_now_ms - begun_ms <= 20, "%d", (int)(fast_now_ms - begun_ms));
		cr_expect_eq(read(other, bytes, sizeof(bytes)), 4, "answered in each turn");
		shaken = 0;
		for (int i = 0; i < 100; i++)
			shaken += SSL_connect(secret[i].ssl) == 1;
	}
	cr_expect(turns >= 30 && turns < 100, "%d", turns);
	fast_world.write = fast_kernel->write;
	for (int i = 0; i < 100; i++)
		part(&secret[i]);
	ERR_clear_error();
	close(other);
}

/* */
Test(tls_openssl_upsd, nonsense_and_a_reset_cost_one_line, .init = begin, .fini = end)
{
	int fd = client_from("192.0.2.1");

	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	(void)ask_bytes(fd, "\x16\x03\x01\xff\xff\xff\xff\xff\xff\xff\x00\x00", 12);
	close(fd);
	fast_turn(stage.loop, 5);
	cr_expect_eq(times_logged("client 192.0.2.1: TLS handshake failed: "), 1, "%s", stage.log);
}

/* N-3.23, R-90c */
Test(tls_openssl_upsd, force_ssl_takes_no_credentials_in_clear, .init = begin, .fini = end)
{
	static const char *const table[][2] = {
		{ "GET VAR u ups.status\n", "VAR u ups.status \"OL\"\n" },
		{ "USERNAME mon\n", "ERR ACCESS-DENIED\n" },
		{ "PASSWORD secret\n", "ERR ACCESS-DENIED\n" },
		{ "LOGIN u\n", "ERR USERNAME-REQUIRED\n" },
		{ "SET VAR u ups.id x\n", "ERR USERNAME-REQUIRED\n" },
	};
	struct secret secret;
	int fd, before = client_as("mon", "secret");

	cr_expect_str_eq(ask(before, "LOGIN u\n"), "OK\n");
	reload(with_cert(certs_path("upsd.pem"), "FORCESSL yes\n"));
	/* One who was there before stays, and can do no more. */
	cr_expect_str_eq(ask(before, "NETVER\nFSD u\n"), "1.3\nERR ACCESS-DENIED\n");
	close(before);
	fd = client_from("192.0.2.1");
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		cr_expect_str_eq(ask(fd, table[i][0]), table[i][1], "%s", table[i][0]);
	cr_expect_eq(
	    times_logged("client 192.0.2.1: refused, since it does not use TLS (FORCESSL)\n"),
	    2, /* it, and the one before */
	    "%s", stage.log);
	close(fd);
	secret = secret_client();
	cr_expect_str_eq(
	    ask_secretly(&secret, "USERNAME mon\nPASSWORD secret\nLOGIN u\n"), "OK\nOK\nOK\n");
	part(&secret);
}

/* R-90b */
Test(tls_openssl_upsd, client_certificates_on_demand, .init = begin, .fini = end)
{
	struct cert mon = CERT(.cn = "mon", .by = &ca);
	struct secret secret;
	char more[300];
	int fd;

	snprintf(more, sizeof(more), "CERTPATH %s\nCERTREQUEST REQUIRE\n",
	    PEM("ca.pem", .certs = { &ca }));
	reload(with_cert(certs_path("upsd.pem"), more));
	fd = client_from("127.0.0.1");
	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	cr_assert(encrypt(&secret, fd, &mon), "%s", stage.log);
	cr_expect_str_eq(ask_secretly(&secret, "NETVER\n"), "1.3\n");
	cr_expect(
	    strstr(stage.log, "client 127.0.0.1: TLSv1.3, certificate CN=mon\n"), "%s", stage.log);
	part(&secret);
	fd = client_from("127.0.0.1");
	cr_expect_str_eq(ask(fd, "STARTTLS\n"), "OK STARTTLS\n");
	(void)encrypt(&secret, fd, NULL);
	cr_expect_str_eq(hear_secretly(&secret), "<EOF>");
	cr_expect(
	    strstr(stage.log, "client 127.0.0.1: TLS handshake failed: it shows no certificate, "
			      "which CERTREQUEST demands\n"),
	    "%s", stage.log);
	part(&secret);
	cert_free(&mon);
}

/* R-90a: a renewed certificate needs no restart; a broken one keeps the old and says why. */
Test(tls_openssl_upsd, keys_are_read_again_at_a_reload, .init = begin, .fini = end)
{
	struct cert renewed = CERT(.cn = "renewed"), expired = CERT(.from_days = -9, .to_days = -1);
	struct secret old = secret_client(), secret;
	X509 *shown;

	(void)pem_pair("upsd.pem", &renewed);
	upsd_reload(stage.upsd);
	secret = secret_client();
	shown = SSL_get1_peer_certificate(secret.ssl);
	cr_expect_eq(X509_cmp(shown, renewed.cert), 0);
	X509_free(shown);
	part(&secret);
	cr_expect_str_eq(ask_secretly(&old, "NETVER\n"), "1.3\n", "a session under the old key");
	part(&old);

	PEM("upsd.pem", .certs = { &renewed }, .key = &self);
	upsd_reload(stage.upsd);
	cr_expect(strstr(stage.log, "upsd.pem: the private key does not fit the certificate"), "%s",
	    stage.log);
	cr_expect(strstr(stage.log, "reload refused"));
	secret = secret_client();
	cr_expect_str_eq(ask_secretly(&secret, "NETVER\n"), "1.3\n");
	part(&secret);

	(void)pem_pair("upsd.pem", &expired);
	upsd_reload(stage.upsd);
	cr_expect(
	    strstr(stage.log, "upsd.pem: the certificate has expired (notAfter="), "%s", stage.log);
	cert_free(&renewed);
	cert_free(&expired);
}

/* ---- what upsd refuses to start with: R-89, R-90 ---- */

static void
expect_fault(const char *conf, const char *words)
{
	struct faults faults = { 0 };
	struct upsdconf *read;
	const char *first;
	char text[512];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1\n%s", conf);
	stage_file("upsd.conf", text);
	read = upsdconf_read(&stage.source, &faults);
	first = faults_first(&faults);
	cr_expect(first && strstr(first, words), "%s\n  says: %s\n  expected: %s", conf,
	    first ? first : "nothing", words);
	upsdconf_free(read);
	faults_free(&faults);
}

Test(tls_openssl_upsd, unusable_settings_are_faults, .init = begin, .fini = end)
{
	const char *closed = certs_path("upsd.pem");
	const char *open = PEM("open.pem", .certs = { &self }, .key = &self, .mode = 0644);
	struct faults faults = { 0 };
	struct upsdconf *read;

	expect_fault(with_cert(certs_path("none.pem"), ""), "none.pem: No such file");
	expect_fault(with_cert(open, ""), "open.pem: mode 0644: everybody may read");
	expect_fault(with_cert(closed, "CERTIDENT other pass\n"), "CERTIDENT says other");
	expect_fault(with_cert(closed, "CERTREQUEST 2\n"), "CERTREQUEST without CERTPATH");
	expect_fault("\nCERTREQUEST 1\n",
	    "upsd.conf:3: TLS is configured but cannot be used: CERTFILE is missing");
	expect_fault(
	    with_cert(closed, "CERTIDENT \"\" \"\"\nMAXAGE x\n"), "upsd.conf:4: x is not a number");
	expect_fault("CERTIDENT a b\n", "CERTFILE is missing");
	expect_fault("FORCESSL yes\n", "FORCESSL without CERTFILE");
	expect_fault("FORCESSL maybe\n", "maybe is neither yes nor no");
	/* Started as root, keys wait for the user we become. */
	stage_file("upsd.conf", with_cert(certs_path("none.pem"), "FORCESSL yes\n"));
	stage.source.keys_later = true;
	read = upsdconf_read(&stage.source, &faults);
	cr_expect_eq(faults.faults, 0, "%s", faults_first(&faults));
	cr_expect(read->wants_tls && !read->tls);
	upsdconf_free(read);
	faults_free(&faults);
}

Test(tls_openssl_upsd, weak_ssl_stays_disabled, .init = begin, .fini = end)
{
	reload(with_cert(certs_path("upsd.pem"), "DISABLE_WEAK_SSL false\n"));
	cr_expect(
	    strstr(stage.log, "upsd.conf:3: DISABLE_WEAK_SSL false: TLS before 1.2 stays disabled"),
	    "%s", stage.log);
	cr_expect_eq(times_logged("configuration reloaded"), 2);
}
