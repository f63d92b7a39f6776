/* TLS in upsmon: CERTPATH, CERTFILE, CERTIDENT, CERTHOST, CERTVERIFY, FORCESSL: docs/security.md.
 */
#include "certs.h"
#include "tests/sim/sim.h"

#include "base/conn.h"
#include "base/log.h"
#include "base/words.h"
#include "upsmon/upsmon.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define PORT 3493

/* ---- an upsd that says what a test says ---- */

struct upsd {
	struct loop *loop;
	int listening;
	struct conn *conn; /* one peer at a time */
	struct tls *tls;   /* NULL: STARTTLS is refused */
	const char *status;
	bool encrypted;
	char asked[2048], why[300]; /* in clear; of the handshake */
	unsigned connections;
};

static struct sim *sim;
static struct upsd upsd;
static struct upsmon *upsmon;
static char told[32768];
static int shutdowns;

static void
shaken(void *owner, const char *why)
{
	upsd.encrypted = !why;
	if (!why)
		return;
	snprintf(upsd.why, sizeof(upsd.why), "%s", why);
	conn_free(upsd.conn);
	upsd.conn = NULL;
}

static void
encrypt(void)
{
	struct tls_session *session =
	    tls_session_new(upsd.tls, loop_world(upsd.loop), conn_fd(upsd.conn), NULL, NULL);

	cr_assert(session);
	cr_assert(conn_filter(upsd.conn, &tls_filter, session, 10000, shaken));
}

static void
answer(const char *line)
{
	char text[100];

	if (!upsd.encrypted && strlen(upsd.asked) + strlen(line) + 2 < sizeof(upsd.asked))
		strcat(strcat(upsd.asked, line), ";");
	if (!strcmp(line, "STARTTLS") && !upsd.tls) {
		conn_send_text(upsd.conn, "ERR FEATURE-NOT-CONFIGURED\n");
	} else if (!strcmp(line, "STARTTLS")) {
		conn_send_text(upsd.conn, "OK STARTTLS\n");
		encrypt();
	} else if (!strncmp(line, "GET VAR", 7)) {
		snprintf(text, sizeof(text), "VAR myups ups.status \"%s\"\n", upsd.status);
		conn_send_text(upsd.conn, text);
	} else if (!strncmp(line, "GET NUMLOGINS", 13)) {
		conn_send_text(upsd.conn, "NUMLOGINS myups 1\n");
	} else {
		conn_send_text(upsd.conn, "OK\n");
	}
}

static size_t
input(void *owner, char *bytes, size_t len)
{
	size_t used = 0;
	char *newline;

	while ((newline = memchr(bytes + used, '\n', len - used))) {
		*newline = '\0';
		answer(bytes + used);
		used = (size_t)(newline - bytes) + 1;
	}
	return used;
}

static void
closed(void *owner, const char *why)
{
	conn_free(upsd.conn);
	upsd.conn = NULL;
}

static void
peer_came(void *owner, int fd, short revents)
{
	static const struct conn_calls calls = { .input = input, .closed = closed };
	const struct world *world = loop_world(upsd.loop);
	struct addr from;
	int peer = world->accept(world->owner, fd, &from);

	if (peer == -1)
		return;
	conn_free(upsd.conn);
	upsd.connections++;
	upsd.encrypted = false;
	upsd.conn = conn_new(upsd.loop, peer, false, 4096, &calls, NULL);
	cr_assert(upsd.conn);
}

/* What it shows from the next connection on; NULL: no TLS. */
static void
show(const struct cert *cert, const char *authorities)
{
	struct tls_settings settings = { .cert_path = authorities,
		.request_client = authorities ? TLS_REQUIRE : TLS_REQUEST_NO };
	char *why = NULL;

	tls_free(upsd.tls);
	upsd.tls = NULL;
	if (!cert)
		return;
	settings.cert_file = pem_pair("upsd.pem", cert);
	upsd.tls = tls_server_new(&settings, &why);
	cr_assert(upsd.tls, "%s", why);
}

static void
hang_up(void)
{
	conn_free(upsd.conn);
	upsd.conn = NULL;
}

/* ---- upsmon ---- */

static void
hear(void *owner, enum log_level level, const char *line)
{
	if (strlen(told) + strlen(line) + 2 < sizeof(told))
		strcat(strcat(told, line), "\n");
}

static unsigned
times_told(const char *words)
{
	unsigned times = 0;

	for (const char *at = told; (at = strstr(at, words)); at++)
		times++;
	return times;
}

static void
shut_down(void *owner, bool primary)
{
	shutdowns++;
}

static void
finished(void *owner)
{
}

/* LINES of upsmon.conf behind what every test needs.  NULL: FAULTS say why not. */
static struct monconf *
configuration(const char *lines, struct faults *faults)
{
	char text[1024];
	struct conffile *file;
	struct monconf *conf;

	snprintf(text, sizeof(text),
	    "MONITOR myups@upsd 1 mon secret secondary\nSHUTDOWNCMD true\nPOLLFREQ 2\n"
	    "POLLFREQALERT 2\nDEADTIME 6\nFINALDELAY 0\nNOTIFYFLAG COMMBAD SYSLOG\n%s",
	    lines);
	file = conffile_from("upsmon.conf", text, strlen(text));
	conf = monconf_from(file, faults);
	conffile_close(file);
	cr_assert(conf, "%s", faults_first(faults));
	if (monconf_read_keys(conf, faults))
		return conf;
	monconf_free(conf);
	return NULL;
}

static struct monconf *
good_configuration(const char *lines)
{
	struct faults faults = { 0 };
	struct monconf *conf = configuration(lines, &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	faults_free(&faults);
	return conf;
}

static void
monitor_with(const char *lines)
{
	static const struct upsmon_calls calls = { shut_down, finished };
	const struct upsmon_settings settings = { .calls = &calls };

	*told = '\0';
	*upsd.asked = *upsd.why = '\0';
	upsmon_free(upsmon);
	upsmon = upsmon_new(sim_loop(sim, "host"), good_configuration(lines), &settings);
	cr_assert(upsmon);
}

static const char *with(const char *format, ...) __attribute__((format(printf, 1, 2)));

static const char *
with(const char *format, ...)
{
	static char text[600];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

static void
begin(void)
{
	static struct log_settings log = { .name = "upsmon", .debug = 1, .sink = hear };
	const struct world *world;
	struct addr at;
	int64_t ahead_ms;

	certs_begin();
	log_set(&log);
	sim = sim_new(5);
	upsd.loop = sim_loop(sim, "upsd");
	world = loop_world(upsd.loop);
	/* Certificates are of today, the simulated clock is not. */
	ahead_ms = (int64_t)time(NULL) * 1000 - world->wall_ms(world->owner);
	sim_wall(sim, "upsd", ahead_ms);
	sim_wall(sim, "host", ahead_ms);
	addr_any(&at, AF_INET, PORT);
	upsd.listening = world->listen(world->owner, &at, false, 0);
	cr_assert_neq(upsd.listening, -1);
	loop_watch(upsd.loop, upsd.listening, POLLIN, peer_came, NULL);
	upsd.status = "OL";
}

static void
end(void)
{
	upsmon_free(upsmon);
	hang_up();
	loop_forget(upsd.loop, upsd.listening);
	tls_free(upsd.tls);
	sim_free(sim);
	certs_end();
}

#define FAILED "Poll UPS [myups@upsd] failed - "
#define REFUSED FAILED "SSL error: certificate verify failed: "

static void
expect_failure(const char *why)
{
	sim_run(sim, 9000);
	cr_expect_eq(times_told(why), 1, "%u times: %s\n%s", times_told(why), why, told);
	cr_expect_eq(times_told(FAILED), 1, "%s", told);
	cr_expect_geq(upsd.connections, 2, "tried again");
	cr_expect_str_eq(strstr(upsd.asked, "STARTTLS;"), upsd.asked);
	cr_expect_not(strstr(upsd.asked, "secret"), "%s", upsd.asked);
}

static void
expect_polled(const char *how)
{
	sim_run(sim, 3000);
	cr_expect(strstr(told, how), "%s asked %s why %s conns %u", told, upsd.asked, upsd.why,
	    upsd.connections);
	cr_expect_eq(times_told(FAILED), 0, "%s", told);
}

#define POLLED_SSL "polling ups: myups@upsd [SSL]\n"
#define POLLED_CLEAR "polling ups: myups@upsd\n"

/* ---- tests ---- */

/* The chapter's recipe: the server's own certificate, of openssl's default subject, under its hash.
 */
Test(tls_openssl_upsmon, a_pinned_server_is_polled_under_tls, .init = begin, .fini = end)
{
	struct cert self = CERT();

	show(&self, NULL);
	pem_hashed("certs", &self, NULL);
	monitor_with(with("CERTPATH %s\nCERTVERIFY 1\nFORCESSL 1\n", certs_path("certs")));
	expect_polled(POLLED_SSL);
	cr_expect_eq(times_told("Logged into UPS myups@upsd (SSL)"), 1, "%s", told);
	cr_expect_str_eq(upsd.asked, "STARTTLS;");
	/* Named by a CERTHOST it must bear the name. */
	monitor_with(with("CERTPATH %s\nCERTHOST upsd \"box\" 1 1\n", certs_path("certs")));
	expect_failure(REFUSED "it does not name box (subject ");
	cert_free(&self);
}

Test(tls_openssl_upsmon, without_any_rule_tls_is_taken_where_it_is, .init = begin, .fini = end)
{
	struct cert self = CERT();

	show(&self, NULL);
	monitor_with("");
	expect_polled(POLLED_SSL);
	show(NULL, NULL);
	hang_up();
	monitor_with("");
	expect_polled(POLLED_CLEAR);
	cr_expect(strstr(upsd.asked, "PASSWORD secret;"));
	cert_free(&self);
}

/* T-21 */
Test(tls_openssl_upsmon, each_refusal_is_told_once, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), stranger = CERT(.cn = "Other", .ca = true);
	struct cert certs[] = { CERT(.cn = "upsd", .by = &ca, .from_days = -9, .to_days = -2),
		CERT(.cn = "upsd", .by = &ca, .from_days = 2, .to_days = 9),
		CERT(.cn = "x", .alt = "DNS:other,IP:10.0.0.1", .by = &ca),
		CERT(.cn = "upsd", .by = &stranger), CERT(.cn = "upsd"),
		CERT(.cn = "upsd", .by = &ca) };
	static const char *const why[] = {
		REFUSED "certificate has expired (notAfter=",
		REFUSED "certificate is not yet valid (notBefore=",
		REFUSED "it does not name upsd (subject CN=x)",
		REFUSED "unable to get local issuer certificate (subject CN=upsd)",
		REFUSED "self-signed certificate (subject CN=upsd)",
		REFUSED "certificate revoked (subject CN=upsd)",
	};
	X509_CRL *crl = crl_make(&ca, &certs[5]);
	const char *trust = PEM("ca.pem", .certs = { &ca }, .crl = crl);

	for (size_t i = 0; i < 6; i++) {
		show(&certs[i], NULL);
		upsd.connections = 0;
		monitor_with(with("CERTPATH %s\nCERTVERIFY 1\n", trust));
		expect_failure(why[i]);
		cert_free(&certs[i]);
	}
	X509_CRL_free(crl);
	cert_free(&ca);
	cert_free(&stranger);
}

/* In place of upsd, or in between, and without its key.  T-22 */
Test(tls_openssl_upsmon, a_proxy_that_strips_tls_is_told_nothing, .init = begin, .fini = end)
{
	static const char *const rules[] = { "FORCESSL 1\n", "CERTHOST upsd upsd 0 1\n",
		"CERTHOST upsd:3493 upsd 0 1\n", NULL };
	struct cert self = CERT();
	const char *trust = PEM("self.pem", .certs = { &self });

	for (size_t i = 0; i < 4; i++) {
		upsd.connections = 0;
		monitor_with(rules[i] ? rules[i] : with("CERTPATH %s\nCERTVERIFY 1\n", trust));
		expect_failure(
		    FAILED "SSL is not available: the server says FEATURE-NOT-CONFIGURED");
	}
	/* These are for others: nothing is forced. */
	monitor_with("CERTHOST other upsd 0 1\nCERTHOST upsd:9 upsd 0 1\n");
	expect_polled(POLLED_CLEAR);
	cert_free(&self);
}

Test(tls_openssl_upsmon, certhost_decides_for_its_host, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true);
	struct cert cert = CERT(.cn = "My nut server", .alt = "DNS:power.example", .by = &ca);
	const char *trust = PEM("ca.pem", .certs = { &ca });

	show(&cert, NULL);
	monitor_with(with("CERTPATH %s\nCERTHOST upsd \"My nut server\" 1 1\n", trust));
	expect_polled(POLLED_SSL);
	monitor_with(with("CERTPATH %s\nCERTHOST UPSD power.example 1 1\n", trust));
	expect_polled(POLLED_SSL);
	/* It asks less than what holds for all. */
	monitor_with(with("CERTPATH %s\nCERTVERIFY 1\nFORCESSL 1\nCERTHOST upsd x 0 0\n", trust));
	expect_polled(POLLED_SSL);
	monitor_with(with("CERTPATH %s\nCERTHOST upsd x 0 0\nCERTHOST upsd y 1 1\n", trust));
	expect_failure(REFUSED "it does not name y (subject CN=My nut server)");
	cert_free(&ca);
	cert_free(&cert);
}

Test(tls_openssl_upsmon, addresses_are_names_too, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), cert = CERT(.alt = "IP:10.0.0.1", .by = &ca);
	const char *trust = PEM("ca.pem", .certs = { &ca });

	show(&cert, NULL);
	monitor_with(with("CERTPATH %s\nCERTHOST upsd 10.0.0.1 1 1\n", trust));
	expect_polled(POLLED_SSL);
	monitor_with(with("CERTPATH %s\nCERTHOST upsd 10.0.0.2 1 1\n", trust));
	expect_failure(REFUSED "it does not name 10.0.0.2");
	cert_free(&ca);
	cert_free(&cert);
}

/* T-27 */
Test(tls_openssl_upsmon, it_shows_its_certificate, .init = begin, .fini = end)
{
	struct cert ca = CERT(.cn = "CA", .ca = true), cert = CERT(.cn = "upsd", .by = &ca);
	struct cert mon = CERT(.cn = "mon", .by = &ca);
	const char *trust = PEM("ca.pem", .certs = { &ca });
	const char *key = PEM("mon.pem", .certs = { &mon }, .key = &mon, .password = "open");

	show(&cert, trust);
	monitor_with(
	    with("CERTPATH %s\nCERTVERIFY 1\nCERTFILE %s\nCERTIDENT mon open\n", trust, key));
	expect_polled(POLLED_SSL);
	monitor_with(with("CERTPATH %s\nCERTVERIFY 1\n", trust));
	expect_failure(FAILED "Read error: the other side refuses: certificate required");
	cr_expect_str_eq(upsd.why, "it shows no certificate, which CERTREQUEST demands");
	cert_free(&ca);
	cert_free(&cert);
	cert_free(&mon);
}

/* T-26 */
Test(tls_openssl_upsmon, keys_that_cannot_be_used_are_faults, .init = begin, .fini = end)
{
	struct cert mon = CERT(.cn = "mon"), other = CERT(.cn = "other");
	const char *locked = PEM("locked.pem", .certs = { &mon }, .key = &mon, .password = "open");
	const char *misfit = PEM("misfit.pem", .certs = { &mon }, .key = &other);
	const char *open_file = PEM("open.pem", .certs = { &mon }, .key = &mon, .mode = 0644);
	const struct {
		const char *directive, *path, *more, *why;
	} table[] = {
		{ "CERTFILE", "/no/such", "", "/no/such: No such file or directory" },
		{ "CERTFILE", locked, "CERTIDENT mon wrong",
		    "the password of CERTIDENT does not open the key" },
		{ "CERTFILE", locked, "CERTIDENT box open",
		    "CERTIDENT says box, but the certificate is for CN=mon" },
		{ "CERTFILE", misfit, "", "the private key does not fit the certificate" },
		{ "CERTFILE", open_file, "", "mode 0644: everybody may read or write this file" },
		{ "CERTVERIFY", "1", "", "CERTVERIFY without CERTPATH" },
		{ "CERTPATH", "/no/such", "CERTVERIFY 1", "/no/such: No such file" },
		{ "CERTPATH", "/no/such", "CERTHOST upsd x 1 1", "/no/such: No such file" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct faults faults = { 0 };

		cr_expect_null(configuration(
		    with("%s %s\n%s\n", table[i].directive, table[i].path, table[i].more),
		    &faults));
		cr_expect(faults_first(&faults) && strstr(faults_first(&faults), table[i].why) &&
			      strstr(faults_first(&faults),
				  "upsmon.conf: TLS is configured but cannot be used: "),
		    "%s", faults_first(&faults));
		faults_free(&faults);
	}
	/* Nobody verifies: whom CERTPATH trusts does not matter. */
	monconf_free(good_configuration("CERTPATH /no/such\n"));
	cert_free(&mon);
	cert_free(&other);
}

Test(tls_openssl_upsmon, a_reload_reads_again, .init = begin, .fini = end)
{
	struct cert first = CERT(), second = CERT();
	const char *trust = PEM("trust.pem", .certs = { &first });
	const char *lines = with("CERTPATH %s\nCERTVERIFY 1\n", trust);
	unsigned connections;

	show(&first, NULL);
	monitor_with(lines);
	expect_polled(POLLED_SSL);
	connections = upsd.connections;

	PEM("trust.pem", .certs = { &second });
	upsmon_adopt(upsmon, good_configuration(lines));
	expect_polled(POLLED_SSL);
	cr_expect_eq(upsd.connections, connections, "what is connected stays so");

	show(&second, NULL);
	hang_up();
	sim_run(sim, 5000);
	cr_expect_eq(times_told(FAILED), 1, "only the broken connection: %s", told);
	cr_expect(upsd.encrypted);

	/* Other rules: by a new connection, at once, and it is no failure. */
	connections = upsd.connections;
	upsmon_adopt(upsmon, good_configuration(with("%sCERTHOST upsd x 0 1\n", lines)));
	sim_run(sim, 500);
	cr_expect_eq(upsd.connections, connections + 1);
	cr_expect_eq(times_told(FAILED), 1, "%s", told);
	cr_expect_eq(times_told("Logged into UPS myups@upsd (SSL)"), 3, "%s", told);
	cert_free(&first);
	cert_free(&second);
}

/* R-40, T-25: a server that falls silent inside TLS is lost like any other. */
Test(tls_openssl_upsmon, frozen_on_battery_inside_tls_shuts_down_after_deadtime, .init = begin,
    .fini = end)
{
	struct cert self = CERT();
	int64_t frozen_ms;

	show(&self, NULL);
	upsd.status = "OB";
	monitor_with(
	    with("CERTPATH %s\nCERTVERIFY 1\nFORCESSL 1\n", PEM("self.pem", .certs = { &self })));
	expect_polled(POLLED_SSL);
	cr_expect_eq(shutdowns, 0);
	sim_stop(sim, "upsd");
	frozen_ms = sim_now_ms(sim);
	while (!shutdowns && sim_now_ms(sim) - frozen_ms < 60000)
		sim_run(sim, 100);
	cr_expect_eq(shutdowns, 1, "%s", told);
	cr_expect_leq(sim_now_ms(sim) - frozen_ms, 6000 + 2000, "DEADTIME, and a second or so");
	cr_expect_geq(sim_now_ms(sim) - frozen_ms, 6000 - 2000, "since the last good poll");
	cr_expect_eq(times_told("Communications with UPS myups@upsd lost"), 1, "%s", told);
	cert_free(&self);
}

/* In the handshake, too.  T-25 */
Test(tls_openssl_upsmon, frozen_before_the_handshake_is_a_failure, .init = begin, .fini = end)
{
	struct cert self = CERT();

	show(&self, NULL);
	sim_stop(sim, "upsd");
	monitor_with("FORCESSL 1\n");
	sim_run(sim, 15000);
	cr_expect(strstr(told, FAILED "Connection failure: Connection timed out") ||
		      strstr(told, FAILED "Read error: Connection timed out"),
	    "%s", told);
	sim_continue(sim, "upsd");
	sim_run(sim, 15000);
	cr_expect(strstr(told, POLLED_SSL), "%s", told);
	cert_free(&self);
}

/* A server that speaks at most VERSION, over FD.  What the client says. */
static const char *
meet_old(int version)
{
	static char why[200];
	struct cert self = CERT();
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	SSL *ssl;
	struct tls_settings settings = { 0 };
	char *fault = NULL;
	struct tls *tls = tls_client_new(&settings, &fault);
	struct world *kernel = world_kernel_new(-1);
	struct tls_session *session;
	int ends[2], done = 0;
	short want;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_use_certificate(context, self.cert);
	SSL_CTX_use_PrivateKey(context, self.key);
	SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(context, version);
	ssl = SSL_new(context);
	SSL_set_fd(ssl, ends[0]);
	session = tls_session_new(tls, kernel, ends[1], "upsd", NULL);
	for (int i = 0; i < 10 && done == 0; i++) {
		done = tls_filter.handshake(session, &want);
		(void)SSL_accept(ssl);
	}
	snprintf(
	    why, sizeof(why), "%s", done == 1 ? tls_version(session) : tls_filter.why(session));
	ERR_clear_error();
	tls_filter.free(session);
	tls_free(tls);
	SSL_free(ssl);
	SSL_CTX_free(context);
	world_kernel_free(kernel);
	close(ends[0]);
	close(ends[1]);
	cert_free(&self);
	return why;
}

/* R-7, T-24 */
Test(tls_openssl_upsmon, servers_of_old_are_refused, .init = begin, .fini = end)
{
	cr_expect_str_eq(meet_old(TLS1_2_VERSION), "TLSv1.2");
	cr_expect_str_neq(meet_old(TLS1_1_VERSION), "TLSv1.1");
	cr_expect(
	    strstr(meet_old(TLS1_1_VERSION), "protocol version"), "%s", meet_old(TLS1_1_VERSION));
	cr_expect(strstr(meet_old(TLS1_VERSION), "protocol version"), "%s", meet_old(TLS1_VERSION));
}
