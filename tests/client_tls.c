/* STARTTLS in the client, with a cipher that only this test takes for one: a handshake of one byte
 * each way, then every byte upside down. */
#include "tests/clientstage.h"

#include <errno.h>

#define FLIP ((char)0x80)

/* ---- what stands behind tls.h here ---- */

struct tls {
	int unused;
};

struct tls_session {
	const struct world *world;
	int fd;
	bool server, greeted;
};

static struct tls the_tls;
static char checked_name[64];
static unsigned contexts;

bool
tls_available(void)
{
	return true;
}

struct tls *
tls_server_new(const struct tls_settings *settings, char **why)
{
	return &the_tls;
}

struct tls *
tls_client_new(const struct tls_settings *settings, char **why)
{
	contexts++;
	*why = settings->cert_path ? strdup("no such file") : NULL;
	return settings->cert_path ? NULL : &the_tls;
}

void
tls_free(struct tls *tls)
{
}

char *
tls_doubt(const struct tls *tls, int64_t wall_ms)
{
	return NULL;
}

enum tls_trust
tls_trust(const struct tls_session *session)
{
	return TLS_UNVERIFIED;
}

const char *
tls_peer_name(const struct tls_session *session)
{
	return NULL;
}

const char *
tls_version(const struct tls_session *session)
{
	return "TLSv0";
}

static int
shake(void *state, short *want)
{
	struct tls_session *session = state;
	char hello = 'H', byte;

	/* The client speaks first, as in TLS. */
	if (!session->server && !session->greeted)
		session->world->write(session->world->owner, session->fd, &hello, 1);
	session->greeted = true;
	*want = POLLIN;
	if (session->world->read(session->world->owner, session->fd, &byte, 1) != 1)
		return errno == EAGAIN ? 0 : -1;
	if (session->server)
		session->world->write(session->world->owner, session->fd, &hello, 1);
	return byte == hello ? 1 : -1;
}

static void
flip(char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(bytes[i] ^ FLIP);
}

static ssize_t
read_flipped(void *state, void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	ssize_t got = session->world->read(session->world->owner, session->fd, bytes, len);

	if (got > 0)
		flip(bytes, (size_t)got);
	return got;
}

static ssize_t
write_flipped(void *state, const void *bytes, size_t len, short *want)
{
	struct tls_session *session = state;
	char copy[4096];

	len = len < sizeof(copy) ? len : sizeof(copy);
	memcpy(copy, bytes, len);
	flip(copy, len);
	return session->world->write(session->world->owner, session->fd, copy, len);
}

static const char *
why_failed(void *state)
{
	return "the certificate has expired";
}

const struct conn_filter tls_filter = { .handshake = shake,
	.read = read_flipped,
	.write = write_flipped,
	.why = why_failed,
	.free = free };

static struct tls_session *
session_new(const struct world *world, int fd, bool server)
{
	struct tls_session *session = calloc(1, sizeof(*session));

	*session = (struct tls_session){ .world = world, .fd = fd, .server = server };
	return session;
}

struct tls_session *
tls_session_new(
    struct tls *tls, const struct world *world, int fd, const char *host, const char *name)
{
	snprintf(checked_name, sizeof(checked_name), "%s %s", host, name ? name : "-");
	return session_new(world, fd, false);
}

/* ---- the server's side ---- */

static void
server_shaken(void *owner, const char *why)
{
}

/* Play until STARTTLS is asked, and then some; the server encrypts from there. */
static void
play_encrypted(struct stage *stage)
{
	struct tls_session *session;

	for (int i = 0; i < 100 && !strstr(stage->asked, "STARTTLS"); i++)
		loop_step(stage->loop, 0);
	cr_assert_str_eq(stage->asked, "STARTTLS;", "nothing else is said in clear");
	session = session_new(&fast_world, conn_fd(stage->peer), true);
	cr_assert(conn_filter(stage->peer, &tls_filter, session, 10000, server_shaken));
	play(stage);
}

static const struct line offers[] = {
	{ "STARTTLS", "OK STARTTLS\n" },
	{ "USERNAME a", "OK\n" },
	{ "PASSWORD b", "OK\n" },
	{ "GET VAR u ups.status", "VAR u ups.status \"OL\"\n" },
	{ NULL, NULL },
};
static const struct line refuses[] = {
	{ "STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n" },
	{ "USERNAME a", "OK\n" },
	{ "PASSWORD b", "OK\n" },
	{ "GET VAR u ups.status", "VAR u ups.status \"OL\"\n" },
	{ NULL, NULL },
};

static void
open_tls(struct stage *stage, const struct line *lines, enum client_tls policy,
    const struct tls_settings *tls_settings)
{
	contexts = 0;
	open_stage(stage, lines);
	make_client(
	    stage, &(struct client_settings){
		       .user = "a", .password = "b", .tls = policy, .tls_settings = tls_settings });
	client_connect(stage->client);
	ask(stage, CLIENT_GET_VAR, "u", "ups.status");
}

/* ---- tests ---- */

Test(client_tls, credentials_and_questions_go_encrypted)
{
	struct stage stage;

	open_tls(&stage, offers, CLIENT_TLS_TRY, NULL);
	play_encrypted(&stage);
	expect_heard(&stage, "OL;.;");
	cr_expect_str_eq(stage.asked, "STARTTLS;USERNAME a;PASSWORD b;GET VAR u ups.status;");
	cr_expect(client_encrypted(stage.client));
	cr_expect_str_eq(checked_name, "here -");
	end(&stage);
}

Test(client_tls, a_server_without_goes_on_in_clear_when_it_is_only_tried)
{
	struct stage stage;

	open_tls(&stage, refuses, CLIENT_TLS_TRY, NULL);
	play(&stage);
	expect_heard(&stage, "OL;.;");
	cr_expect_not(client_encrypted(stage.client));
	cr_expect_eq(contexts, 0, "no context before OK STARTTLS");
	end(&stage);
}

/* access C7: what a server that refuses us says unasked looks like the answer to STARTTLS. */
Test(client_tls, a_refusal_in_place_of_a_greeting_is_no_word_about_tls)
{
	static const struct line denies[] = { { "STARTTLS", "ERR ACCESS-DENIED\n" },
		{ NULL, NULL } };
	struct stage stage;

	open_tls(&stage, denies, CLIENT_TLS_TRY, NULL);
	play(&stage);
	cr_expect_str_eq(stage.why, "Access denied");
	cr_expect_str_eq(stage.asked, "STARTTLS;");
	end(&stage);
}

/* A proxy could have said ERR: neither FORCESSL nor a demand to verify may be given up for it. */
Test(client_tls, a_server_without_is_none_when_tls_is_forced_or_to_be_verified)
{
	const struct tls_settings verify = { .verify = true };
	const char *why = "SSL is not available: the server says FEATURE-NOT-CONFIGURED";

	for (int i = 0; i < 2; i++) {
		struct stage stage;

		open_tls(
		    &stage, refuses, i ? CLIENT_TLS_TRY : CLIENT_TLS_FORCE, i ? &verify : NULL);
		play(&stage);
		cr_expect_str_eq(stage.why, why);
		cr_expect_str_eq(stage.asked, "STARTTLS;");
		end(&stage);
	}
}

Test(client_tls, bytes_in_clear_behind_the_consent_end_it)
{
	static const struct line injects[] = { { "STARTTLS", "OK STARTTLS\nOK\nOK\n" },
		{ NULL, NULL } };
	struct stage stage;

	open_tls(&stage, injects, CLIENT_TLS_TRY, NULL);
	play(&stage);
	cr_expect_eq(client_state(stage.client), CLIENT_DOWN);
	cr_expect_str_eq(stage.asked, "STARTTLS;");
	expect_heard(&stage, "?Read error: bytes in clear where the handshake should begin;");
	end(&stage);
}

Test(client_tls, a_failed_handshake_says_why)
{
	static const struct line silent[] = { { "STARTTLS", "OK STARTTLS\n" }, { NULL, NULL } };
	struct stage stage;

	open_tls(&stage, silent, CLIENT_TLS_TRY, NULL);
	for (int i = 0; i < 100 && !strstr(stage.asked, "STARTTLS"); i++)
		loop_step(stage.loop, 0);
	for (int i = 0; i < 5; i++)
		loop_step(stage.loop, 0);
	conn_send_text(stage.peer, "nonsense");
	play(&stage);
	cr_expect_str_eq(stage.why, "SSL error: the certificate has expired");
	cr_expect_eq(stage.closed, 1);
	end(&stage);
}

Test(client_tls, a_handshake_that_hangs_is_given_up)
{
	static const struct line silent[] = { { "STARTTLS", "OK STARTTLS\n" }, { NULL, NULL } };
	struct stage stage;
	int64_t start_ms;

	open_tls(&stage, silent, CLIENT_TLS_TRY, NULL);
	start_ms = fast_now_ms;
	play(&stage);
	cr_expect_eq(client_state(stage.client), CLIENT_DOWN);
	cr_expect_eq(stage.heard_ms - start_ms, CLIENT_CONNECT_MS);
	end(&stage);
}

Test(client_tls, settings_that_cannot_be_used_say_why)
{
	const struct tls_settings missing = { .cert_path = "/no/such" };
	struct stage stage;

	open_tls(&stage, offers, CLIENT_TLS_TRY, &missing);
	play(&stage);
	cr_expect_str_eq(stage.why, "SSL error: no such file");
	end(&stage);
}
