/* client.h - one connection to one upsd, asynchronous: name, connect, STARTTLS, USERNAME and
 * PASSWORD, then questions, answered in order.  Specified in docs/net-protocol.md.
 *
 * Every answer is checked against its question: its kind, the UPS and variable it names, the header
 * and the trailer of its list.  An answer that does not fit, a line nobody asked for, bytes that
 * are no words, more than CLIENT_LIST_MAX or an answer that is not whole when its time is up close
 * the connection: what comes afterwards could be the answer to something else.
 *
 * Whether and when to connect again is the owner's policy. */
#ifndef CLIENT_H
#define CLIENT_H

#include "base/loop.h"
#include "tls/tls.h"
#include "ups/netmsg.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLIENT_LIST_MAX (4u << 20) /* bytes in one answer */
#define CLIENT_ROWS_MAX 65536	   /* rows in one list */
#define CLIENT_ASKED_MAX 65536	   /* questions not answered yet */
#define CLIENT_CONNECT_MS 10000
#define CLIENT_ANSWER_MS 10000

struct client;

enum client_tls {
	CLIENT_TLS_TRY,	  /* ask STARTTLS; go on in clear when the server says ERR */
	CLIENT_TLS_FORCE, /* no TLS, no connection */
	CLIENT_TLS_NONE	  /* do not ask */
};

struct client_settings {
	const char *host; /* name or numeric address */
	uint16_t port;	  /* 0: none given, paths_port() */
	/* Where HOST is, if the owner knows: then nobody looks it up.  Tried in turn. */
	const struct addr *addrs;
	size_t addrs_len;
	const char *user, *password; /* sent once connected; NULL: not sent.  Secrets */
	enum client_tls tls;
	/* Borrowed for as long as the client lives; NULL: encrypt, verify nothing. */
	const struct tls_settings *tls_settings;
	/* They have been read already, with this result: borrowed likewise.  NULL: they are read
	 * when a server first says OK STARTTLS. */
	struct tls *tls_keys;
	const char *tls_name; /* whom the certificate must name (CERTHOST); NULL: see tls.h */
	int64_t connect_ms;   /* all before ready() together; 0: CLIENT_CONNECT_MS */
	int64_t
	    answer_ms; /* for each whole answer, since its question was sent; 0: CLIENT_ANSWER_MS */
};

struct client_calls {
	/* Connected, encrypted if it was to be, credentials given (client_login_error() tells how
	 * they were taken).  Optional: questions asked before simply wait for it. */
	void (*ready)(void *owner);
	/* The connection, or the attempt, is over.  WHY are words in NUT's manner ("Connection
	 * failure: Connection refused", "Server disconnected"), NULL after an answered LOGOUT.
	 * Questions not answered yet have been told CLIENT_FAILED, in order, just before.  From
	 * here client_connect() may be called at once.  Optional. */
	void (*closed)(void *owner, const char *why);
};

/* Nothing happens yet.  SETTINGS are copied, save tls_settings.  NULL when out of memory.
 * No callback below is ever called from inside a call the owner makes. */
struct client *client_new(struct loop *loop, const struct client_settings *settings,
    const struct client_calls *calls, void *owner);
/* From the next connection on SETTINGS' four fields about TLS count, and what was borrowed before
 * is free.  false when out of memory: TLS_NAME then stays. */
bool client_set_tls(struct client *client, const struct client_settings *settings);
/* At once and for good, no callbacks, open questions are forgotten.  Fine inside a callback; NULL
 * is fine. */
void client_free(struct client *client);

/* Begin to connect; nothing happens if it is under way or done already. */
void client_connect(struct client *client);
/* Drop the connection now, no callbacks, open questions are forgotten. */
void client_close(struct client *client);

enum client_state {
	CLIENT_DOWN,	   /* not connected and not trying to be */
	CLIENT_CONNECTING, /* name, connect, TLS, credentials */
	CLIENT_READY
};
enum client_state client_state(const struct client *client);
bool client_encrypted(const struct client *client);
/* NET_OK, or how USERNAME or PASSWORD were refused in this connection (it stays open: a server
 * still tells what needs no account). */
enum net_error client_login_error(const struct client *client);

/* The questions, with the arguments each takes. */
enum client_kind {
	CLIENT_VER,
	CLIENT_NETVER,
	CLIENT_GET_VAR,	      /* ups, variable -> value */
	CLIENT_GET_TYPE,      /* ups, variable -> RW ENUM STRING:20 ..., one word each */
	CLIENT_GET_DESC,      /* ups, variable -> text */
	CLIENT_GET_CMDDESC,   /* ups, command -> text */
	CLIENT_GET_UPSDESC,   /* ups -> text */
	CLIENT_GET_NUMLOGINS, /* ups -> number */
	CLIENT_GET_TRACKING,  /* id -> PENDING, SUCCESS; failures come as CLIENT_REFUSED */
	CLIENT_LIST_UPS,      /* -> rows of ups, description */
	CLIENT_LIST_VAR,      /* ups -> rows of variable, value */
	CLIENT_LIST_RW,	      /* ups -> rows of variable, value */
	CLIENT_LIST_CMD,      /* ups -> rows of command */
	CLIENT_LIST_CLIENT,   /* ups -> rows of address */
	CLIENT_LIST_ENUM,     /* ups, variable -> rows of value */
	CLIENT_LIST_RANGE,    /* ups, variable -> rows of min, max */
	CLIENT_LOGIN,	      /* ups */
	CLIENT_PRIMARY,	      /* ups */
	CLIENT_MASTER,	      /* ups: PRIMARY for servers before 2.8.0 */
	CLIENT_FSD,	      /* ups */
	CLIENT_SET_VAR,	      /* ups, variable, value -> nothing, or the tracking id */
	CLIENT_INSTCMD,	      /* ups, command[, parameter] -> nothing, or the tracking id */
	CLIENT_SET_TRACKING,  /* ON or OFF */
	CLIENT_LOGOUT,	      /* the server then closes */
	CLIENT_KINDS
};

enum client_result {
	CLIENT_OK,
	CLIENT_REFUSED, /* ERR: see error; the connection goes on */
	CLIENT_FAILED	/* no answer, see why; the connection is gone */
};

/* Words beyond those that repeat the question.  A list has a row for each of its lines (none is
 * possible), every other answer exactly one. */
struct client_row {
	size_t len;
	const char *const *word;
};

struct client_answer {
	enum client_result result;
	enum net_error error;	/* CLIENT_REFUSED */
	const char *error_name; /* CLIENT_REFUSED: what followed ERR, as it came: "DATA-STALE" */
	const char *why;	/* CLIENT_FAILED: as given to closed() */
	const char *line;	/* not a list: the whole line as it came (printable ASCII) */
	const struct client_row *rows;
	size_t rows_len;
};

/* All of ANSWER is borrowed until ANSWERED returns.  Called once for each question. */
typedef void client_answered(void *owner, const struct client_answer *answer);

/* Ask.  ARGS is NULL-ended, as many as KIND takes; they are quoted as needed.  While the client is
 * still connecting, questions wait; on one that is down they are an error.  Returns NULL or what is
 * wrong (a constant string; ANSWERED is then not called). */
const char *client_ask(struct client *client, enum client_kind kind, const char *const *args,
    client_answered *answered, void *owner);
#define CLIENT_ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Questions not answered yet. */
size_t client_asked(const struct client *client);

#endif
