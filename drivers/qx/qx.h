/* qx.h - the driver behind nutdrv_qx and blazer_ser: one engine, one table of each dialect.
 *
 * qx.c walks the tables: which questions in a round, in which order, and what when no good answer
 * comes.  detect.c finds the dialect, order.c carries out commands and settings.  A dialect is data
 * and a few functions that publish what an answer says (megatec.c, voltronic.c). */
#ifndef QX_H
#define QX_H

#include "drivers/core/driver.h"
#include "drivers/core/exchange.h"
#include "drivers/proto/voltronic.h"
#include "drivers/qx/bridge.h"
#include "drivers/qx/estimate.h"

#define QX_DEADLINE_MS 1000	/* docs/devices/megatec.md, section 9 */
#define QX_USB_DEADLINE_MS 2000 /* the bridge takes its time, too: section 11 */
#define QX_QUERIES_MAX 32

struct qx;

/* When a question is asked. */
enum qx_when {
	QX_ONCE,   /* until it was answered once, or refused */
	QX_STATUS, /* each round; decides whether the round counts */
	QX_EACH,   /* each round, if the device knows it */
	QX_FULL	   /* each pollfreq, if the device knows it */
};

struct qx_query {
	const char *question; /* with its CR; last row: NULL */
	enum qx_when when;
	/* Publish what ANSWER says.  NULL, or what is wrong with it: nothing was published then. */
	const char *(*take)(struct qx *qx, const char *answer, size_t len);
	/* Nothing good came for a while: the variables are not known any more.  May be NULL. */
	void (*forget)(struct qx *qx);
	enum qx_unless { QX_ALWAYS, QX_NORATING, QX_NOVENDOR } unless; /* the option that bars it */
	const char *known;		     /* a variable that makes it needless */
	bool (*wanted)(const struct qx *qx); /* NULL: always */
};

enum qx_kind {
	QX_FIXED,   /* TEXT, without CR */
	QX_RETURN,  /* shutdown.return: both delays */
	QX_STAYOFF, /* shutdown.stayoff */
	QX_TEST,    /* a battery test, parameter in s */
	QX_TOGGLE   /* TEXT when the beeper is on, OTHER when it is off */
};
struct qx_command {
	const char *name; /* last row: NULL */
	enum qx_kind kind;
	const char *text, *other;
	char flag; /* only when the device turns out to have this capability */
};

/* A variable that is stored in the device. */
struct qx_setting {
	const char *name; /* last row: NULL */
	char flag;	  /* yes, no: PE<flag>, PD<flag>; or */
	const char *prefix;
	int width, decimals; /* of the number behind it */
	int shown_decimals;
};

struct qx_dialect {
	const char *name;  /* protocol= */
	const char *shown; /* driver.version.data */
	const struct qx_query *queries;
	/* Is ANSWER a status of this dialect?  NULL, or what is wrong. */
	const char *(*check)(const char *answer, size_t len);
	const struct qx_command *commands;
	const struct qx_setting *settings;    /* may be NULL */
	void (*end_round)(struct qx *qx);     /* may be NULL: more status bits and alarms */
	unsigned off_max_s, on_min_s;	      /* of the delays */
	unsigned off_default_s, on_default_s; /* both 0: 30 and 180 */
	unsigned test_min_s;		      /* of test.battery.start */
	const char *cancel;		      /* stops a shutdown */
	bool s_stays_off;		      /* S<n> without R stays off */
	const char *frequency;		      /* which variable field 5 is */
	const char *rated_voltage, *rated_current, *rated_frequency;
};

/* Rows of the tables. */
#define QX_ASK_ONCE(text, function)                                                                \
	{                                                                                          \
		.question = (text), .when = QX_ONCE, .take = (function)                            \
	}
#define QX_COMMAND(command, how)                                                                   \
	{                                                                                          \
		.name = (command), .kind = (how)                                                   \
	}
#define QX_SEND(command, words)                                                                    \
	{                                                                                          \
		.name = (command), .text = (words)                                                 \
	}

extern const struct qx_dialect qx_megatec, qx_megatec_old, qx_mecer, qx_mustek, qx_q1, qx_bestups,
    qx_voltronic_qs, qx_voltronic_qs_hex, qx_zinto, qx_hunnox, qx_voltronic;
extern const struct qx_dialect *const qx_dialects[]; /* NULL-ended */

#define QX_DIALECTS                                                                                \
	"bestups, hunnox, mecer, megatec, megatec/old, mustek, q1, voltronic, voltronic-qs, "      \
	"voltronic-qs-hex, zinto"

/* The rows that both drivers have. */
#define QX_OPTIONS                                                                                 \
	{ "protocol", false, QX_DIALECTS },                                                        \
	    { "offdelay", false, "s to wait before the load is switched off (30; hunnox 60)" },    \
	    { "norating", true, "do not ask for the ratings" },                                    \
	    { "novendor", true, "do not ask for the vendor" },                                     \
	    { "runtimecal", false, "runtime and load, twice: 240,100,720,50" },                    \
	    { "chargetime", false, "s to charge the empty battery (43200)" },                      \
	    { "idleload", false, "least load for the estimate of runtime, percent (10)" },         \
	{                                                                                          \
		"cablepower", false, "normal, reverse, both or none"                               \
	}

/* The calls that both have. */
#define QX_CALLS                                                                                   \
	.start = qx_start, .poll = qx_poll, .instcmd = qx_instcmd, .setvar = qx_setvar,            \
	.shutdown = qx_shutdown, .shuts_down_blind = qx_shuts_down_blind, .free = qx_free,         \
	.carrier = &carrier_serial

/* And those of the one that may be on USB. */
#define QX_USB_CALLS                                                                               \
	.usb = qx_known, .is_usb = qx_is_usb, .usb_carrier = &carrier_usb, .heard = qx_heard

/* In what blazer_ser and blazer_usb differ from nutdrv_qx; USB: it is always that. */
struct qx_flavour {
	bool blazer, usb;
};

struct qx {
	struct core *core; /* borrowed */
	bool blazer;
	struct usb *usb; /* owned; NULL: on a serial line */
	struct qx_wire wire;
	const struct qx_dialect *wanted;  /* protocol=; NULL: find out */
	const struct qx_dialect *dialect; /* NULL while not known */
	bool norating, novendor, ignoresab, stayoff;
	int64_t pollfreq_ms;
	unsigned off_s, on_s; /* ups.delay.shutdown, .start */

	/* detect.c */
	int probe;
	unsigned tries;

	/* The round that is under way. */
	size_t step; /* index into dialect->queries */
	bool full;
	bool got_status, on_battery;
	double battery_voltage, load; /* as reported by this round's status; NAN unknown */
	int64_t next_full_ms;
	const char *status_fault;
	unsigned lost_rounds;
	/* Of each query: it is known not to be, or has been, answered; failures in a row. */
	struct {
		bool never, once;
		unsigned failures;
	} known[QX_QUERIES_MAX];

	struct estimate estimate;
	double packs;	     /* the reading is multiplied by this; 0 not yet known */
	bool guessed_limits; /* battery.voltage.low and .high are ours */
	bool reports_charge; /* the device does */
	bool reports_runtime;
	bool packs_told; /* battery.packs is none of those that the reading is multiplied by */
	bool said_extra, said_late;
	bool said_orders; /* what does not reach the UPS */

	/* voltronic.c */
	char mode;
	int pi; /* protocol number, -1 not known */
	unsigned batteries;
	bool configured;
	uint64_t warnings;
	struct voltronic_flags flags;

	/* bestups.c */
	bool no_runtime, has_packs; /* its model */
	int pins_mode;		    /* -1 not known */

	/* order.c: -k */
	unsigned kill_tries;
};

void *qx_new(struct core *core, const struct qx_flavour *flavour);
void qx_start(void *device);
void qx_poll(void *device);
enum sockmsg_result qx_instcmd(
    void *device, const char *name, const char *param, core_ticket ticket);
enum sockmsg_result qx_setvar(
    void *device, const char *name, const char *value, core_ticket ticket);
void qx_shutdown(void *device);
bool qx_shuts_down_blind(void *device);
void qx_free(void *device);

/* --- between the files of drivers/qx --- */

typedef void qx_done(void *device, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len);
/* Ask QUESTION (with its CR), one line being the answer. */
void qx_ask(struct qx *qx, const char *question, qx_done *done);

/* order.c.  Give the order TEXT (with its CR), which most devices obey without a word. */
void qx_order(
    struct qx *qx, const char *text, bool urgent, int tag, core_ticket ticket, qx_done *done);
/* In its DONE: was it?  Logged. */
bool qx_obeyed(struct qx *qx, const struct exchange *exchange, enum exchange_end end,
    const char *answer, size_t len);

void qx_detect(struct qx *qx); /* detect.c: ends in qx_found() or core_failed() */
void qx_found(struct qx *qx, const struct qx_dialect *dialect);
/* order.c: delays and commands, those that reach the UPS. */
void qx_publish_orders(struct qx *qx);

/* Publish VALUE with so many DECIMALS; NAN: that it is not known. */
void qx_number(struct qx *qx, const char *name, int decimals, double value);
/* A status with more fields than we know is taken, and told of once. */
void qx_extra(struct qx *qx, bool extra);
/* A nominal battery voltage became known. */
void qx_nominal(struct qx *qx, double volts);
/* megatec.c: what the bits of a status say, but for the one that tells of the beeper, and that. */
void qx_bits(struct qx *qx, unsigned bits);
void qx_beeper(struct qx *qx, unsigned bits);
/* A status by Q1: NULL, or what is wrong with ANSWER; what it says, but for the beeper. */
const char *qx_check_status(const char *answer, size_t len);
struct megatec_status;
void qx_status(struct qx *qx, const struct megatec_status *status);
/* detect.c: is ANSWER one of these LETTERS, with or without its CR? */
bool qx_is_letter(const char *letters, const char *answer, size_t len);
/* What Megatec's and Voltronic's status have in common. */
void qx_regulation(struct qx *qx, double input_voltage, double output_voltage);

#endif
