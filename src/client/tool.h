/* tool.h - what the one-shot tools (upsc, upscmd, upsrw) share: one connection, one question after
 * another, prompts, and output that is safe on a terminal. */
#ifndef TOOL_H
#define TOOL_H

#include "base/addr.h"
#include "client/authconf.h"
#include "client/client.h"

#include <stdbool.h>
#include <stdio.h>

/* After the connect: a server that misbehaves ends a tool within 10 s (robustness 95). */
#define TOOL_ANSWER_MS 8000

/* {.connect_ms = 0} is ready for tool_open(); main() ends it with tool_close(). */
struct tool {
	int64_t connect_ms;    /* -W; 0: the client's default */
	const char *auth_file; /* -A, borrowed; NULL: the usual one */
	struct authconf *auth; /* owned; read when first needed */
	struct tls_settings tls;
	bool was_encrypted; /* an earlier connection: the next must be, too */
	struct world *world;
	struct loop *loop;
	struct client *client;
	const char *error; /* why the client closed */
	char text[512];
	char *refusal; /* owned: the last ERR line as it came, NULL if none came */
};

/* Look up WHERE, connect as nutauth.conf says and, unless USER and PASSWORD are NULL, give them.
 * NULL or what is wrong ("Connection failure: Connection refused"), borrowed from TOOL.  An open
 * tool is closed first. */
const char *tool_open(
    struct tool *tool, const struct ups_at *where, const char *user, const char *password);
void tool_close(struct tool *tool);

/* Ask and wait for the answer, which USE gets if it is CLIENT_OK.  NULL or what is wrong ("Unknown
 * UPS", "Server disconnected"), borrowed from TOOL. */
const char *tool_ask(struct tool *tool, enum client_kind kind, const char *const *args,
    client_answered *use, void *owner);
/* Ask and go on: USE gets whatever comes.  Only where as many questions are open as there can
 * be are those waited for first.  NULL or what is wrong; USE is then not called. */
const char *tool_ask_ahead(struct tool *tool, enum client_kind kind, const char *const *args,
    client_answered *use, void *owner);
/* Wait until all that was asked ahead is answered.  NULL or why not. */
const char *tool_wait(struct tool *tool);

/* MEMORY; where there is none the program ends, after a message. */
void *tool_or_die(void *memory);
/* -h: the version and USAGE, -V: the version (USAGE is NULL); then the program ends with 0. */
_Noreturn void tool_help(const char *program, const char *usage);
/* -W, NULL: $NUT_DEFAULT_CONNECT_TIMEOUT if set.  At least 1 s.  false after a message about -W. */
bool tool_connect_seconds(const char *text, int64_t *out_ms);

/* TEXT without anything that a terminal could obey: such bytes come out as '?'. */
void tool_print(FILE *out, const char *text);
/* TEXT as a JSON string. */
void tool_print_json(FILE *out, const char *text);
/* TEXT is no "upsname[@hostname[:port]]", says ERROR: on stderr. */
void tool_print_bad_ups(const char *text, const char *error);
/* Whatever was printed is out: 0, or 1 with a message when it could not be written. */
int tool_flush(void);

/* What upscmd and upsrw take alike: -A, -u, -p, -w, -t and -W ("A:u:p:wt:W:" for getopt). */
struct tool_login {
	const char *auth_file; /* borrowed from argv */
	const char *user;      /* borrowed from argv; NULL: nutauth.conf's, or asked for */
	char *password;	       /* owned.  Wiped from argv, so that ps(1) does not show it */
	bool wait;
	int64_t wait_ms, connect_ms;
};
#define TOOL_LOGIN_NEW                                                                             \
	{                                                                                          \
		.wait_ms = 10000                                                                   \
	}
/* Take one of them.  false for another OPTION, or after a message about ARG. */
bool tool_login_option(struct tool_login *login, int option, char *arg);
void tool_login_free(struct tool_login *login);

/* One line from stdin after PROMPT, without its newline; NULL, after a message, at the end of
 * input.  The caller frees. */
char *tool_ask_line(const char *prompt);

/* All of upscmd and upsrw behind their options: connect to the server of TARGET ("ups@host:port"),
 * log in if CHANGES (what LOGIN and nutauth.conf lack is asked for once the server is known to be
 * there), and have WORK done.  The exit status: WORK's, or 1 after a message. */
typedef int tool_work(struct tool *tool, const char *ups, void *owner);
int tool_run(
    const char *target, struct tool_login *login, bool changes, tool_work *work, void *owner);

/* Ask KIND (CLIENT_INSTCMD or CLIENT_SET_VAR).  If LOGIN says wait, have it tracked and wait for
 * how it ended.  The last answer goes to stderr ("OK", "SUCCESS", "ERR FAILED").  The exit status:
 * 0 for nothing but OK and SUCCESS. */
int tool_change(struct tool *tool, enum client_kind kind, const char *const *args,
    const struct tool_login *login);

#endif
