/* detect.c - which dialect?  docs/devices/megatec.md, section 8. */
#include "drivers/qx/qx.h"

#include "base/log.h"
#include "drivers/proto/bestups.h"
#include "drivers/proto/megatec.h"
#include "drivers/proto/qshex.h"

#include <string.h>

enum probe {
	NOWHERE = -1,
	ASK_Q1,
	ASK_ID,
	ASK_QPI,
	ASK_QGS_TOO,
	ASK_I,
	ASK_FW,
	ASK_QGS,
	ASK_QS,
	ASK_M,
	ASK_M_OF_HEX,
	ASK_D
};

struct outcome {
	const struct qx_dialect *found; /* or */
	enum probe next;
};
#define FOUND(dialect)                                                                             \
	{                                                                                          \
		&(dialect), NOWHERE                                                                \
	}
#define GO(probe)                                                                                  \
	{                                                                                          \
		NULL, probe                                                                        \
	}

static int
is_status(const char *answer, size_t len)
{
	return qx_check_status(answer, len) == NULL;
}

static int
is_qgs(const char *answer, size_t len)
{
	struct voltronic_status status;

	return voltronic_status_parse(&status, answer, len) == NULL;
}

static int
is_vendor(const char *answer, size_t len)
{
	struct megatec_vendor vendor;

	return megatec_vendor_parse(&vendor, answer, len) == NULL;
}

static int
is_id(const char *answer, size_t len)
{
	struct bestups_id id;

	return bestups_id_parse(&id, answer, len) == NULL;
}

/* 2: a protocol, but not mecer's. */
static int
is_p98(const char *answer, size_t len)
{
	int number = megatec_protocol_parse(answer, len);

	return number == -1 ? 0 : number == 98 ? 1 : 2;
}

/* 2: in binary. */
static int
is_qs(const char *answer, size_t len)
{
	struct qshex_status status;

	return is_status(answer, len) ? 1 : qshex_status_parse(&status, answer, len) ? 0 : 2;
}

bool
qx_is_letter(const char *letters, const char *answer, size_t len)
{
	return (len == 1 || (len == 2 && answer[1] == '\r')) && answer[0] &&
	       strchr(letters, answer[0]);
}

static int
is_p_or_t(const char *answer, size_t len)
{
	return qx_is_letter("PT", answer, len);
}

static int
is_v(const char *answer, size_t len)
{
	return qx_is_letter("V", answer, len);
}

static const struct {
	const char *question;
	int (*judge)(const char *answer, size_t len); /* index into THEN; 0 is no */
	struct outcome then[3];
	unsigned silent_tries; /* how often it is asked when nothing comes */
} probes[] = {
	[ASK_Q1] = { "Q1\r", is_status, { GO(ASK_QGS), GO(ASK_ID) }, 1 },
	[ASK_ID] = { "ID\r", is_id, { GO(ASK_QPI), FOUND(qx_bestups) }, 1 },
	[ASK_QPI] = { "QPI\r", is_p98, { GO(ASK_I), FOUND(qx_mecer), GO(ASK_QGS_TOO) }, 1 },
	[ASK_QGS_TOO] = { "QGS\r", is_qgs, { GO(ASK_I), FOUND(qx_voltronic) }, 2 },
	[ASK_I] = { "I\r", is_vendor, { GO(ASK_FW), FOUND(qx_megatec) }, 2 },
	[ASK_FW] = { "FW?\r", is_vendor, { FOUND(qx_q1), FOUND(qx_zinto) }, 1 },
	[ASK_QGS] = { "QGS\r", is_qgs, { GO(ASK_QS), FOUND(qx_voltronic) }, 1 },
	[ASK_QS] = { "QS\r", is_qs, { GO(ASK_D), GO(ASK_M), GO(ASK_M_OF_HEX) }, 1 },
	[ASK_M] = { "M\r", is_v, { FOUND(qx_mustek), FOUND(qx_voltronic_qs) }, 2 },
	[ASK_M_OF_HEX] = { "M\r", is_p_or_t, { GO(ASK_D), FOUND(qx_voltronic_qs_hex) }, 2 },
	[ASK_D] = { "D\r", is_status, { GO(NOWHERE), FOUND(qx_megatec_old) }, 1 },
};
#define GARBLED_TRIES 3

static void ask_probe(struct qx *qx);

static void
conclude(struct qx *qx, const struct outcome *outcome)
{
	const struct qx_dialect *found = outcome->found;

	if (!found && outcome->next == NOWHERE) {
		core_failed(qx->core, "no UPS answers that speaks a protocol of this driver");
		return;
	}
	/* Without vendor all that is known is a status by Q1; blazer_ser calls that megatec. */
	if ((!found && outcome->next == ASK_I && qx->novendor) || (found == &qx_q1 && qx->blazer))
		found = &qx_megatec;
	if (found) {
		qx_found(qx, found);
		return;
	}
	qx->probe = outcome->next;
	/* ID asks for the vendor, too; and blazer_ser has no such dialect. */
	if (qx->probe == ASK_ID && (qx->novendor || qx->blazer))
		qx->probe = ASK_QPI;
	qx->tries = 0;
	ask_probe(qx);
}

static void
probed(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	const char *question = probes[qx->probe].question;
	int verdict;
	unsigned tries;

	if (end == EXCHANGE_LOST)
		return;
	verdict = probes[qx->probe].judge(answer, len);
	if (end == EXCHANGE_TIMEOUT && verdict != 0)
		core_exchange_was_whole(qx->core);
	tries = len == 0 ? probes[qx->probe].silent_tries
		: megatec_reply(question, answer, len) == MEGATEC_STRANGE ? GARBLED_TRIES
									  : 1;
	if (verdict == 0 && ++qx->tries < tries)
		ask_probe(qx);
	else
		conclude(qx, &probes[qx->probe].then[verdict]);
}

static void
ask_probe(struct qx *qx)
{
	qx_ask(qx, probes[qx->probe].question, probed);
}

/* --- protocol= ---------------------------------------------------------------------------- */

static const char *
status_question(const struct qx_dialect *dialect)
{
	const struct qx_query *query = dialect->queries;

	while (query->when != QX_STATUS)
		query++;
	return query->question;
}

static void
checked(void *device, const struct exchange *exchange, enum exchange_end end, const char *answer,
    size_t len)
{
	struct qx *qx = device;
	const char *question = status_question(qx->wanted), *fault;

	if (end == EXCHANGE_LOST)
		return;
	fault = len == 0 ? "no answer" : qx->wanted->check(answer, len);
	if (end == EXCHANGE_TIMEOUT && !fault)
		core_exchange_was_whole(qx->core);
	if (!fault) {
		qx_found(qx, qx->wanted);
		return;
	}
	log_debug(1, "[%s] %.*s: %s", core_ups_name(qx->core), (int)strcspn(question, "\r"),
	    question, fault);
	if (++qx->tries < GARBLED_TRIES)
		qx_ask(qx, question, checked);
	else
		core_failed(qx->core, "no UPS answers that speaks the protocol given");
}

void
qx_detect(struct qx *qx)
{
	qx->tries = 0;
	qx->probe = ASK_Q1;
	if (qx->wanted)
		qx_ask(qx, status_question(qx->wanted), checked);
	else
		ask_probe(qx);
}
