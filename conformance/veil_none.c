/* veil_none.c - a suite without TLS: the cases that need it are skipped before they come here. */
#include "veil.h"

bool
veil_here(void)
{
	return false;
}

static _Noreturn void
missing(struct bench *bench)
{
	fail(bench, "suite: built without OpenSSL");
}

const char *
veil_on(struct bench *bench, struct conn *conn, const struct manner *manner)
{
	missing(bench);
}

void
veil_begin(struct bench *bench, struct conn *conn, const struct manner *manner)
{
	missing(bench);
}

void
shake(struct bench *bench, struct conn *conn)
{
	missing(bench);
}

void
starttls(struct bench *bench, struct conn *conn)
{
	missing(bench);
}

struct conn *
dial_tls(struct bench *bench, const struct manner *manner)
{
	missing(bench);
}

void
want_refused(struct bench *bench, const struct manner *manner)
{
	missing(bench);
}

bool
veil_renegotiates(struct bench *bench, struct conn *conn)
{
	missing(bench);
}

void
certificate(struct bench *bench, const struct issue *issue)
{
	missing(bench);
}

void
revocations(struct bench *bench, const char *name, const char *revoked)
{
	missing(bench);
}

void
pkcs12(struct bench *bench, const char *name)
{
	missing(bench);
}

void
veil_take(struct bench *bench, struct conn *conn, const void *at, size_t len)
{
	missing(bench);
}

/* None of these is reached: there is no veil. */
#define NEVER(type, name, argument, value)                                                         \
	type name argument                                                                         \
	{                                                                                          \
		return value;                                                                      \
	}
#define OF_CONN (const struct conn *conn)
NEVER(bool, veil_resumed, OF_CONN, false)
NEVER(unsigned, veil_tickets, OF_CONN, 0)
NEVER(bool, veil_goodbye, OF_CONN, false)
NEVER(bool, veil_asked, OF_CONN, false)
NEVER(int, veil_alert, OF_CONN, -1)
NEVER(bool, veil_compressed, OF_CONN, false)
NEVER(const char *, veil_version, OF_CONN, "")
NEVER(const char *, veil_name, OF_CONN, "")
NEVER(bool, veil_only_records, OF_CONN, false)
NEVER(struct bytes *, veil_out, (struct veil * veil), NULL)

void
veil_goodbye_from_us(struct conn *conn)
{
}

void
veil_seal(struct conn *conn)
{
}

void
veil_free(struct veil *veil)
{
}
