/* upsc, upscmd and upsrw against a pretended upsd: docs/net-protocol.md, section 15. */
#include "conformance/serve.h"
#include "conformance/talk.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SOON_MS = 5000, LATE_MS = 11000 };

#define UPSC(ms, ...) client(bench, ms, "upsc", (const char *[6]){ __VA_ARGS__ })
#define UPSCMD(...) client(bench, SOON_MS, "upscmd", (const char *[6]){ __VA_ARGS__ })
#define UPSRW(...) client(bench, SOON_MS, "upsrw", (const char *[6]){ __VA_ARGS__ })

static int
client(struct bench *bench, int ms, const char *program, const char *const arguments[6])
{
	return run_client(bench, ms, program, arguments[0], arguments[1], arguments[2],
	    arguments[3], arguments[4], arguments[5]);
}

static void
prints(struct bench *bench, const char *wanted)
{
	need(bench, !strcmp(printed(bench), wanted), "it prints '%.300s' instead of '%.300s'",
	    printed(bench), wanted);
}

/* Status not 0, no signal, and a word about it. */
static void
gives_up(struct bench *bench, int status)
{
	need(bench, status < 1000, "it dies of signal %d", status - 1000);
	need(bench, status, "its status is 0; it prints '%.200s'", printed(bench));
	need(bench, *complained(bench), "it says nothing on stderr");
}

static void
heard(struct bench *bench, const char *text)
{
	need(bench, bench->server->heard.len && strstr(bench->server->heard.at, text),
	    "the server does not hear '%s' but: %.300s", text,
	    bench->server->heard.len ? bench->server->heard.at : "");
}

#define NO_TLS                                                                                     \
	{                                                                                          \
		"STARTTLS", "ERR FEATURE-NOT-CONFIGURED\n", THEN_GO_ON                             \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL, THEN_GO_ON                                                             \
	}

static const struct reply good[] = {
	NO_TLS,
	{ "VER", "Network UPS Tools upsd 2.8.0 - here\n", THEN_GO_ON },
	{ "NETVER", "1.3\n", THEN_GO_ON },
	{ "PROTVER", "1.3\n", THEN_GO_ON },
	{ "USERNAME", "OK\n", THEN_GO_ON },
	{ "PASSWORD", "OK\n", THEN_GO_ON },
	{ "LOGOUT", "OK Goodbye\n", THEN_CLOSE },
	{ "GET TRACKING", "SUCCESS\n", THEN_GO_ON },
	{ "SET TRACKING", "OK\n", THEN_GO_ON },
	{ "GET VAR bench ups.status", "VAR bench ups.status \"OL CHRG\"\n", THEN_GO_ON },
	{ "GET VAR bench ups.id", "VAR bench ups.id \"a \\\"b\\\" \\\\ \\#c\"\n", THEN_GO_ON },
	{ "GET VAR bench ups.serial", "VAR bench ups.serial \"a\x1b[2Jb\x07\x7f\x9b\"\n",
	    THEN_GO_ON },
	{ "GET VAR bench", "ERR VAR-NOT-SUPPORTED\n", THEN_GO_ON },
	{ "GET VAR", "ERR UNKNOWN-UPS\n", THEN_GO_ON },
	{ "GET TYPE bench ups.id", "TYPE bench ups.id RW STRING:16\n", THEN_GO_ON },
	{ "GET DESC bench ups.id", "DESC bench ups.id \"Its name\"\n", THEN_GO_ON },
	{ "GET CMDDESC bench load.off", "CMDDESC bench load.off \"Off\"\n", THEN_GO_ON },
	{ "LIST VAR bench",
	    "BEGIN LIST VAR bench\nVAR bench battery.charge \"100\"\nVAR bench ups.id \"a "
	    "\\\"b\\\" \\\\ \\#c\"\nVAR bench ups.status "
	    "\"OL\"\nEND LIST VAR bench\n",
	    THEN_GO_ON },
	{ "LIST VAR", "ERR UNKNOWN-UPS\n", THEN_GO_ON },
	{ "LIST UPS",
	    "BEGIN LIST UPS\nUPS bench \"A \\\"bench\\\"\"\nUPS other \"Another\"\nEND LIST UPS\n",
	    THEN_GO_ON },
	{ "LIST CLIENT bench",
	    "BEGIN LIST CLIENT bench\nCLIENT bench 127.0.0.1\nCLIENT bench ::1\nEND LIST CLIENT "
	    "bench\n",
	    THEN_GO_ON },
	{ "LIST CMD bench", "BEGIN LIST CMD bench\nCMD bench load.off\nEND LIST CMD bench\n",
	    THEN_GO_ON },
	{ "LIST RW bench", "BEGIN LIST RW bench\nRW bench ups.id \"a\"\nEND LIST RW bench\n",
	    THEN_GO_ON },
	{ "INSTCMD bench load.off TRACK", "OK\n", THEN_GO_ON },
	{ "INSTCMD bench no.such", "ERR CMD-NOT-SUPPORTED\n", THEN_GO_ON },
	{ "INSTCMD bench", "OK\n", THEN_GO_ON },
	{ "SET VAR bench ups.status", "ERR READONLY\n", THEN_GO_ON },
	{ "SET VAR bench", "OK\n", THEN_GO_ON },
	END,
};

static void
one_variable(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "bench@%", "ups.status") == 0, "its status is not 0: %s",
	    complained(bench));
	prints(bench, "OL CHRG\n");
}

static void
value_without_escapes(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "bench@%", "ups.id") == 0, "its status is not 0: %s",
	    complained(bench));
	prints(bench, "a \"b\" \\ #c\n");
}

static void
all_variables(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "bench@%") == 0, "its status is not 0: %s", complained(bench));
	prints(bench, "battery.charge: 100\nups.id: a \"b\" \\ #c\nups.status: OL\n");
}

static void
list_of_names(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "-l", "%") == 0, "its status is not 0: %s", complained(bench));
	prints(bench, "bench\nother\n");
}

static void
list_with_descriptions(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "-L", "%") == 0, "its status is not 0: %s", complained(bench));
	prints(bench, "bench: A \"bench\"\nother: Another\n");
}

static void
list_of_clients(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "-c", "bench@%") == 0, "its status is not 0: %s",
	    complained(bench));
	prints(bench, "127.0.0.1\n::1\n");
}

static void
unknown_ups(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "nosuch@%", "ups.status") == 1, "its status is not 1");
	prints(bench, "");
	need(bench, strstr(complained(bench), "Unknown UPS"), "it says: %s", complained(bench));
}

static void
unknown_variable(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSC(SOON_MS, "bench@%", "no.such") == 1, "its status is not 1");
	need(bench, strstr(complained(bench), "Variable not supported by UPS"), "it says: %s",
	    complained(bench));
}

static void
control_bytes(struct bench *bench)
{
	serve(bench, good);
	UPSC(SOON_MS, "bench@%", "ups.serial");
	for (const char *at = printed(bench); *at; at++)
		need(bench, *at == '\n' || isprint((unsigned char)*at), "it prints the byte %02x",
		    (unsigned char)*at);
	for (const char *at = complained(bench); *at; at++)
		need(bench, *at == '\n' || isprint((unsigned char)*at),
		    "it prints the byte %02x on stderr", (unsigned char)*at);
}

/* One table with one bad answer, and upsc gives up on it. */
static void
bad_answer(struct bench *bench, const char *text, enum then then, const char *variable)
{
	static struct reply bad[4];

	bad[0] = (struct reply)NO_TLS;
	bad[1] = (struct reply){ variable ? "GET VAR" : "LIST VAR", text, then };
	bad[2] = (struct reply){ "LOGOUT", "OK Goodbye\n", THEN_CLOSE };
	bad[3] = (struct reply)END;
	serve(bench, bad);
	gives_up(bench, UPSC(LATE_MS, "bench@%", variable));
}

static void
closes_in_line(struct bench *bench)
{
	bad_answer(bench, "VAR bench ups.status \"O", THEN_CLOSE, "ups.status");
}

static void
closes_in_list(struct bench *bench)
{
	bad_answer(bench, "BEGIN LIST VAR bench\nVAR bench ups.id \"a\"\n", THEN_CLOSE, NULL);
}

static void
closes_in_list_line(struct bench *bench)
{
	bad_answer(bench, "BEGIN LIST VAR bench\nVAR bench ups.id \"a", THEN_CLOSE, NULL);
}

static void
closes_at_once(struct bench *bench)
{
	bad_answer(bench, "", THEN_CLOSE, "ups.status");
}

static void
endless_list(struct bench *bench)
{
	static const struct reply endless[] = { NO_TLS,
		{ "LIST VAR", "BEGIN LIST VAR bench\nVAR bench ups.id \"a\"\n", THEN_REPEAT },
		END };
	int status;

	serve(bench, endless);
	status = UPSC(LATE_MS, "bench@%");
	gives_up(bench, status);
}

static void
endless_line(struct bench *bench)
{
	bad_answer(bench,
	    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    THEN_REPEAT, "ups.status");
}

static void
wrong_end(struct bench *bench)
{
	bad_answer(bench, "BEGIN LIST VAR bench\nVAR bench ups.id \"a\"\nEND LIST RW bench\n",
	    THEN_GO_ON, NULL);
}

static void
wrong_begin(struct bench *bench)
{
	bad_answer(bench, "BEGIN LIST UPS\nUPS bench \"a\"\nEND LIST UPS\n", THEN_GO_ON, NULL);
}

static void
another_variable(struct bench *bench)
{
	bad_answer(bench, "VAR bench ups.load \"23\"\n", THEN_GO_ON, "ups.status");
}

static void
another_ups(struct bench *bench)
{
	bad_answer(bench, "VAR other ups.status \"OB LB\"\n", THEN_GO_ON, "ups.status");
}

static void
long_error(struct bench *bench)
{
	static char text[5100] = "ERR ";

	memset(text + 4, 'E', 5000);
	text[5004] = '\n';
	bad_answer(bench, text, THEN_GO_ON, "ups.status");
}

static void
binary_answer(struct bench *bench)
{
	bad_answer(bench, "\x01\x02\xff\xfe%n%s\n", THEN_GO_ON, "ups.status");
}

static void
open_quote(struct bench *bench)
{
	bad_answer(bench, "VAR bench ups.status \"OL\nVAR bench ups.status \"OL\n", THEN_CLOSE,
	    "ups.status");
}

static void
silent_server(struct bench *bench)
{
	bad_answer(bench, "", THEN_GO_ON, "ups.status");
}

static void
nobody_there(struct bench *bench)
{
	serve(bench, good);
	bench->server->port = 1; /* tcpmux: nobody */
	gives_up(bench, UPSC(LATE_MS, "bench@%", "ups.status"));
}

static void
bad_name(struct bench *bench, const char *name)
{
	serve(bench, good);
	gives_up(bench, UPSC(LATE_MS, name, "ups.status"));
}

static void
name_ups_at(struct bench *bench)
{
	bad_name(bench, "ups@");
}

static void
name_at_host(struct bench *bench)
{
	bad_name(bench, "@127.0.0.1");
}

static void
name_at(struct bench *bench)
{
	bad_name(bench, "@");
}

static void
name_port(struct bench *bench)
{
	bad_name(bench, "ups@127.0.0.1:port");
}

static void
name_big_port(struct bench *bench)
{
	bad_name(bench, "ups@127.0.0.1:99999");
}

static void
name_long(struct bench *bench)
{
	char name[550];

	memset(name, 'u', sizeof(name) - 1);
	name[500] = '@';
	snprintf(name + 501, 40, "%%");
	serve(bench, good);
	gives_up(bench, UPSC(LATE_MS, name, "ups.status"));
}

static void
command(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSCMD("-u", "admin", "-p", "secret word", "bench@%", "load.off") == 0,
	    "its status is not 0: %s", complained(bench));
	heard(bench, "USERNAME admin\n");
	heard(bench, "PASSWORD \"secret word\"\n");
	heard(bench, "INSTCMD bench load.off\n");
	need(bench, strstr(complained(bench), "OK"), "it does not say OK on stderr");
}

static void
command_refused(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSCMD("-u", "admin", "-p", "x", "bench@%", "no.such") == 1,
	    "its status is not 1");
	need(bench, *complained(bench), "it says nothing");
}

static void
command_list(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSCMD("-l", "bench@%") == 0, "its status is not 0: %s", complained(bench));
	need(bench, strstr(printed(bench), "load.off - Off\n"), "it prints: %s", printed(bench));
}

static const struct reply old[] = {
	{ "USERNAME", "OK\n", THEN_GO_ON },
	{ "PASSWORD", "OK\n", THEN_GO_ON },
	{ "INSTCMD bench load.off", "OK\n", THEN_GO_ON },
	{ "SET VAR bench ups.id", "OK\n", THEN_GO_ON },
	{ "SET TRACKING", "ERR INVALID-ARGUMENT\n", THEN_GO_ON },
	{ "GET TRACKING", "ERR INVALID-ARGUMENT\n", THEN_GO_ON },
	{ "GET VAR bench ups.status", "VAR bench ups.status \"OL\"\n", THEN_GO_ON },
	{ "LOGOUT", "Goodbye...\n", THEN_CLOSE },
	END,
};

static void
old_server(struct bench *bench)
{
	serve(bench, old);
	need(bench, UPSC(SOON_MS, "bench@%", "ups.status") == 0, "upsc: status not 0: %s",
	    complained(bench));
	prints(bench, "OL\n");
	need(bench, UPSCMD("-u", "a", "-p", "b", "bench@%", "load.off") == 0,
	    "upscmd: status not 0: %s", complained(bench));
	need(bench, UPSRW("-s", "ups.id=x", "-u", "a", "-pb", "bench@%") == 0,
	    "upsrw: status not 0: %s", complained(bench));
}

static void
setting(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSRW("-s", "ups.id=a \"b\" \\ #c", "-u", "admin", "-psecret", "bench@%") == 0,
	    "its status is not 0: %s", complained(bench));
	heard(bench, "SET VAR bench ups.id \"a \\\"b\\\" \\\\ \\#c\"\n");
}

static void
setting_refused(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSRW("-s", "ups.status=x", "-u", "admin", "-psecret", "bench@%") == 1,
	    "its status is not 1");
	need(bench, *complained(bench), "it says nothing");
}

static void
setting_list(struct bench *bench)
{
	serve(bench, good);
	need(bench, UPSRW("bench@%") == 0, "its status is not 0: %s", complained(bench));
	prints(bench,
	    "[ups.id]\nIts name\nType: STRING\nMaximum length: 16\nValue: a \"b\" \\ #c\n\n");
}

static const struct test_case cases[] = {
	{ "cli/upsc/1", MUST, "N-15.5", "one variable is printed as it is", .run = one_variable,
	    .kind = EMPTY },
	{ "cli/upsc/2", MUST, "N-15.5", "the escapes of a value are taken off",
	    .run = value_without_escapes, .kind = EMPTY },
	{ "cli/upsc/3", MUST, "N-15.5", "all variables, one a line", .run = all_variables,
	    .kind = EMPTY },
	{ "cli/upsc/4", MUST, "N-15.5", "-l prints the names of the UPSes", .run = list_of_names,
	    .kind = EMPTY },
	{ "cli/upsc/5", MUST, "N-15.5", "-L prints their descriptions as well",
	    .run = list_with_descriptions, .kind = EMPTY },
	{ "cli/upsc/6", MUST, "N-15.5", "-c prints the clients", .run = list_of_clients,
	    .kind = EMPTY },
	{ "cli/upsc/7", MUST, "N-15.2", "an unknown UPS is status 1 and a message",
	    .run = unknown_ups, .kind = EMPTY },
	{ "cli/upsc/8", MUST, "N-15.2", "an unknown variable is status 1 and a message",
	    .run = unknown_variable, .kind = EMPTY },
	{ "cli/upsc/9", MUST, "N-15.3 R-96", "control bytes do not reach the terminal",
	    .run = control_bytes, .kind = EMPTY },
	{ "cli/broken/1", MUST, "N-15.1 R-95", "a server that closes within a line",
	    .run = closes_in_line, .kind = EMPTY },
	{ "cli/broken/2", MUST, "N-15.1 R-95", "a server that closes within a list",
	    .run = closes_in_list, .kind = EMPTY },
	{ "cli/broken/3", MUST, "N-15.1 R-95", "a server that closes within a line of a list",
	    .run = closes_in_list_line, .kind = EMPTY },
	{ "cli/broken/4", MUST, "N-15.1 R-95", "a server that closes instead of an answer",
	    .run = closes_at_once, .kind = EMPTY },
	{ "cli/broken/5", MUST, "N-15.1 R-95", "a list without end", .run = endless_list,
	    .kind = EMPTY, .flags = SLOW },
	{ "cli/broken/6", MUST, "N-15.1 R-95", "a line without end", .run = endless_line,
	    .kind = EMPTY, .flags = SLOW },
	{ "cli/broken/7", MUST, "N-15.1 R-95", "the END of another list", .run = wrong_end,
	    .kind = EMPTY },
	{ "cli/broken/8", MUST, "N-15.1", "another list than was asked for", .run = wrong_begin,
	    .kind = EMPTY },
	{ "cli/broken/9", MUST, "N-15.1", "another variable than was asked for",
	    .run = another_variable, .kind = EMPTY },
	{ "cli/broken/10", MUST, "N-15.1", "another UPS than was asked for", .run = another_ups,
	    .kind = EMPTY },
	{ "cli/broken/11", MUST, "N-15.2 R-95", "an error of 5 kB", .run = long_error,
	    .kind = EMPTY },
	{ "cli/broken/12", MUST, "N-15.1 N-15.3", "binary bytes", .run = binary_answer,
	    .kind = EMPTY },
	{ "cli/broken/13", MUST, "N-15.1", "a quote without end", .run = open_quote,
	    .kind = EMPTY },
	{ "cli/broken/14", MUST, "N-15.1 R-95", "a server that says nothing", .run = silent_server,
	    .kind = EMPTY, .flags = SLOW },
	{ "cli/broken/15", MUST, "N-15.1", "nobody listens", .run = nobody_there, .kind = EMPTY },
	{ "cli/name/1", MUST, "N-15.4 R-97", "ups@ is refused", .run = name_ups_at, .kind = EMPTY },
	{ "cli/name/2", MUST, "N-15.4 R-97", "@host is refused", .run = name_at_host,
	    .kind = EMPTY },
	{ "cli/name/3", MUST, "N-15.4 R-97", "@ is refused", .run = name_at, .kind = EMPTY },
	{ "cli/name/4", MUST, "N-15.4 R-97", "a word as port is refused", .run = name_port,
	    .kind = EMPTY },
	{ "cli/name/5", MUST, "N-15.4 R-97", "port 99999 is refused", .run = name_big_port,
	    .kind = EMPTY },
	{ "cli/name/6", MUST, "N-15.4 R-97", "a name of 500 bytes does no harm", .run = name_long,
	    .kind = EMPTY },
	{ "cli/upscmd/1", MUST, "N-15.6", "upscmd sends user, password and command", .run = command,
	    .kind = EMPTY },
	{ "cli/upscmd/2", MUST, "N-15.2", "a refused command is status 1", .run = command_refused,
	    .kind = EMPTY },
	{ "cli/upscmd/3", MUST, "N-15.5", "upscmd -l lists the commands", .run = command_list,
	    .kind = EMPTY },
	{ "cli/upsrw/1", MUST, "N-15.6", "upsrw quotes and escapes the value", .run = setting,
	    .kind = EMPTY },
	{ "cli/upsrw/2", MUST, "N-15.2", "a refused setting is status 1", .run = setting_refused,
	    .kind = EMPTY },
	{ "cli/upsrw/3", MUST, "N-15.5", "upsrw lists what can be set", .run = setting_list,
	    .kind = EMPTY },
	{ "cli/old/1", MUST, "N-15.7 R-100", "a server of protocol 1.2 is served",
	    .run = old_server, .kind = EMPTY },
};

SECTION(cli_clients);
