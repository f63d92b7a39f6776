/* upsc - print the variables of a UPS (docs/man/upsc.8). */
#include "base/proc.h"
#include "client/tool.h"
#include "ups/paths.h"

#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: upsc [-j] [-A file] [-W seconds] -l | -L [host[:port]]\n"
    "       upsc [-j] [-A file] [-W seconds] ups[@host[:port]] [variable]\n"
    "       upsc [-j] [-A file] [-W seconds] -c ups[@host[:port]]\n"
    "\n"
    "Print what upsd knows of a UPS: all variables, or the value of one.\n"
    "\n"
    "  -l    names of the UPSes on host (default: localhost), one a line\n"
    "  -L    the same with their descriptions\n"
    "  -c    addresses of the clients logged in to this UPS, one a line\n"
    "  -j    the answer as JSON\n"
    "  -A    whom to trust: a file, default or none (nutauth.conf(5))\n"
    "  -W    give up connecting after so many seconds (default: 10)\n"
    "  -h    this text;  -V  the version\n";

enum mode { MODE_VARS, MODE_NAMES, MODE_DESCRIPTIONS, MODE_CLIENTS };

struct options {
	enum mode mode;
	bool json;
	int64_t connect_ms;
	const char *auth_file;
};

/* ---- what each answer looks like ---- */

static void
print_value(void *owner, const struct client_answer *answer)
{
	const struct options *options = owner;
	void (*print)(FILE *, const char *) = options->json ? tool_print_json : tool_print;

	print(stdout, answer->rows[0].word[0]);
	putchar('\n');
}

/* Rows of one word: a line each, or a JSON array. */
static void
print_words(void *owner, const struct client_answer *answer)
{
	const struct options *options = owner;

	if (options->json)
		fputs("[", stdout);
	for (size_t i = 0; i < answer->rows_len; i++) {
		const char *word = answer->rows[i].word[0];

		if (options->json) {
			fputs(i ? ",\n  " : "\n  ", stdout);
			tool_print_json(stdout, word);
		} else {
			tool_print(stdout, word);
			putchar('\n');
		}
	}
	if (options->json)
		fputs(answer->rows_len ? "\n]\n" : "]\n", stdout);
}

/* Rows of name and text: "name: text" each, or a JSON object. */
static void
print_pairs(void *owner, const struct client_answer *answer)
{
	const struct options *options = owner;
	void (*print)(FILE *, const char *) = options->json ? tool_print_json : tool_print;

	if (options->json)
		fputs("{", stdout);
	for (size_t i = 0; i < answer->rows_len; i++) {
		const struct client_row *row = &answer->rows[i];

		if (options->json)
			fputs(i ? ",\n  " : "\n  ", stdout);
		print(stdout, row->word[0]);
		fputs(": ", stdout);
		print(stdout, row->len > 1 ? row->word[1] : "");
		if (!options->json)
			putchar('\n');
	}
	if (options->json)
		fputs(answer->rows_len ? "\n}\n" : "}\n", stdout);
}

/* ---- main ---- */

static int
failed(const struct options *options, const char *error)
{
	if (options->json) {
		fputs("{\"error\": ", stdout);
		tool_print_json(stdout, error);
		fputs("}\n", stdout);
		tool_flush();
	} else {
		fprintf(stderr, "Error: %s\n", error);
	}
	return 1;
}

static int
bad_target(const struct options *options, const char *text, const char *error)
{
	const char *wanted =
	    options->mode == MODE_NAMES || options->mode == MODE_DESCRIPTIONS
		? "invalid hostname.\nRequired format: [hostname[:port]]"
		: "invalid UPS definition.\nRequired format: upsname[@hostname[:port]]";

	if (options->json)
		return failed(options, error);
	tool_print(stderr, text);
	fprintf(stderr, ": %s\n", error);
	return failed(options, wanted);
}

/* Connected: ask, print. */
static const char *
run(struct tool *tool, struct options *options, const char *ups, const char *variable)
{
	switch (options->mode) {
	case MODE_NAMES:
		return tool_ask(tool, CLIENT_LIST_UPS, NULL, print_words, options);
	case MODE_DESCRIPTIONS:
		return tool_ask(tool, CLIENT_LIST_UPS, NULL, print_pairs, options);
	case MODE_CLIENTS:
		return tool_ask(tool, CLIENT_LIST_CLIENT, CLIENT_ARGS(ups), print_words, options);
	case MODE_VARS:
		break;
	}
	if (!variable)
		return tool_ask(tool, CLIENT_LIST_VAR, CLIENT_ARGS(ups), print_pairs, options);
	if (!strchr(variable, '.'))
		return "old-style variable names are not supported";
	return tool_ask(tool, CLIENT_GET_VAR, CLIENT_ARGS(ups, variable), print_value, options);
}

static bool
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	tool_connect_seconds(NULL, &options->connect_ms);
	while ((option = getopt(argc, argv, "+hVlLcjDA:W:")) != -1) {
		switch (option) {
		case 'l':
			options->mode = MODE_NAMES;
			break;
		case 'L':
			options->mode = MODE_DESCRIPTIONS;
			break;
		case 'c':
			options->mode = MODE_CLIENTS;
			break;
		case 'j':
			options->json = true;
			break;
		case 'D':
			break;
		case 'A':
			options->auth_file = optarg;
			break;
		case 'W':
			if (!tool_connect_seconds(optarg, &options->connect_ms))
				return false;
			break;
		case 'h':
			tool_help("upsc", usage_text);
		case 'V':
			tool_help("upsc", NULL);
		default:
			fputs(usage_text, stderr);
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options options = { .mode = MODE_VARS };
	struct tool tool = { 0 };
	struct paths paths;
	struct ups_at where;
	const char *target, *error;
	bool wants_ups;
	int status;

	proc_begin();
	paths_get(&paths);
	if (!parse_options(argc, argv, &options))
		return 1;
	wants_ups = options.mode == MODE_VARS || options.mode == MODE_CLIENTS;
	target = argv[optind] ? argv[optind] : wants_ups ? "" : "localhost";
	error = addr_ups_at(&where, target, wants_ups, paths.port);
	if (error)
		return bad_target(&options, target, error);

	tool.connect_ms = options.connect_ms;
	tool.auth_file = options.auth_file;
	error = tool_open(&tool, &where, NULL, NULL);
	if (!error)
		error = run(&tool, &options, where.ups, argv[optind] ? argv[optind + 1] : NULL);
	status = error ? failed(&options, error) : tool_flush();
	tool_close(&tool);
	return status;
}
