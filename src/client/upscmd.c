/* upscmd - have a UPS do something (docs/man/upscmd.8). */
#include "base/proc.h"
#include "client/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: upscmd [-A file] [-W seconds] -l ups[@host[:port]]\n"
    "       upscmd [-A file] [-u user] [-p password] [-w] [-t seconds] [-W seconds]\n"
    "              ups[@host[:port]] command [value]\n"
    "\n"
    "Have a UPS carry out an instant command.\n"
    "\n"
    "  -l    list the commands it knows\n"
    "  -A    whom to trust, and as whom to log in: a file, default or none (nutauth.conf(5))\n"
    "  -u    user name of upsd.users; from nutauth.conf, or asked for, if missing\n"
    "  -p    password; likewise (better: others may see arguments)\n"
    "  -w    wait until the driver has carried it out, and tell how it went\n"
    "  -t    with -w: wait at most so many seconds (default: 10)\n"
    "  -W    give up connecting after so many seconds (default: 10)\n"
    "  -h    this text;  -V  the version\n";

struct options {
	bool list;
	const char *command, *value; /* borrowed from argv; value NULL: none */
	struct tool_login login;
};

static bool
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	tool_connect_seconds(NULL, &options->login.connect_ms);
	while ((option = getopt(argc, argv, "+hVlDA:u:p:wt:W:")) != -1) {
		switch (option) {
		case 'l':
			options->list = true;
			break;
		case 'D':
			break;
		case 'h':
			tool_help("upscmd", usage_text);
		case 'V':
			tool_help("upscmd", NULL);
		case '?':
			fputs(usage_text, stderr);
			return false;
		default:
			if (!tool_login_option(&options->login, option, optarg))
				return false;
		}
	}
	if (argc - optind < (options->list ? 1 : 2)) {
		fputs(usage_text, stderr);
		return false;
	}
	if (options->list)
		return true;
	options->command = argv[optind + 1];
	options->value = argv[optind + 2];
	if (strchr(options->command, '.'))
		return true;
	fputs("Error: old command names are not supported\n", stderr);
	return false;
}

/* ---- the list ---- */

struct command {
	char *name, *description; /* owned; NULL: the server has none */
};

struct commands {
	struct command *list;
	size_t len;
};

static void
keep_names(void *owner, const struct client_answer *answer)
{
	struct commands *commands = owner;

	commands->list = tool_or_die(calloc(answer->rows_len + 1, sizeof(*commands->list)));
	commands->len = answer->rows_len;
	for (size_t i = 0; i < answer->rows_len; i++)
		commands->list[i].name = tool_or_die(strdup(answer->rows[i].word[0]));
}

static void
keep_description(void *owner, const struct client_answer *answer)
{
	struct command *command = owner;

	if (answer->result == CLIENT_OK)
		command->description = tool_or_die(strdup(answer->rows[0].word[0]));
}

static const char *
fetch(struct tool *tool, const char *ups, struct commands *commands)
{
	const char *error = tool_ask(tool, CLIENT_LIST_CMD, CLIENT_ARGS(ups), keep_names, commands);

	if (error)
		return error;
	for (size_t i = 0; i < commands->len; i++)
		tool_ask_ahead(tool, CLIENT_GET_CMDDESC, CLIENT_ARGS(ups, commands->list[i].name),
		    keep_description, &commands->list[i]);
	return tool_wait(tool);
}

static int
list_commands(struct tool *tool, const char *ups)
{
	struct commands commands = { 0 };
	const char *error = fetch(tool, ups, &commands);

	if (error) {
		fprintf(stderr, "Error: %s\n", error);
	} else {
		printf("Instant commands supported on UPS [");
		tool_print(stdout, ups);
		printf("]:\n\n");
	}
	for (size_t i = 0; i < commands.len; i++) {
		struct command *command = &commands.list[i];

		if (!error) {
			tool_print(stdout, command->name);
			fputs(command->description ? " - " : "", stdout);
			tool_print(stdout, command->description ? command->description : "");
			putchar('\n');
		}
		free(command->name);
		free(command->description);
	}
	free(commands.list);
	return error ? 1 : tool_flush();
}

/* ---- main ---- */

static int
work(struct tool *tool, const char *ups, void *owner)
{
	const struct options *options = owner;

	if (options->list)
		return list_commands(tool, ups);
	return tool_change(tool, CLIENT_INSTCMD, CLIENT_ARGS(ups, options->command, options->value),
	    &options->login);
}

int
main(int argc, char **argv)
{
	struct options options = { .login = TOOL_LOGIN_NEW };
	int status = 1;

	proc_begin();
	if (parse_options(argc, argv, &options))
		status = tool_run(argv[optind], &options.login, !options.list, work, &options);
	tool_login_free(&options.login);
	return status;
}
