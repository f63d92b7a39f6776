/* upscmd - have a UPS do something (docs/man/upscmd.8). */
#include "base/proc.h"
#include "client/tool.h"
#include "ups/paths.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: upscmd [-W seconds] -l ups[@host[:port]]\n"
    "       upscmd [-u user] [-p password] [-w] [-t seconds] [-W seconds]\n"
    "              ups[@host[:port]] command [value]\n"
    "\n"
    "Have a UPS carry out an instant command.\n"
    "\n"
    "  -l    list the commands it knows\n"
    "  -u    user name of upsd.users; asked for if missing\n"
    "  -p    password; asked for if missing (better: others may see arguments)\n"
    "  -w    wait until the driver has carried it out, and tell how it went\n"
    "  -t    with -w: wait at most so many seconds (default: 10)\n"
    "  -W    give up connecting after so many seconds (default: 10)\n"
    "  -h    this text;  -V  the version\n";

struct options {
	bool list;
	struct tool_login login;
};

static bool
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	tool_connect_seconds(NULL, &options->login.connect_ms);
	while ((option = getopt(argc, argv, "+hVlDu:p:wt:W:")) != -1) {
		switch (option) {
		case 'l':
			options->list = true;
			break;
		case 'D':
			break;
		case 'h':
			paths_print_version("upscmd");
			printf("\n%s", usage_text);
			exit(0);
		case 'V':
			paths_print_version("upscmd");
			exit(0);
		case '?':
			fputs(usage_text, stderr);
			return false;
		default:
			if (!tool_login_option(&options->login, option, optarg))
				return false;
		}
	}
	if (argc - optind >= (options->list ? 1 : 2))
		return true;
	fputs(usage_text, stderr);
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

	commands->list = calloc(answer->rows_len + 1, sizeof(*commands->list));
	for (size_t i = 0; commands->list && i < answer->rows_len; i++) {
		commands->list[i].name = strdup(answer->rows[i].word[0]);
		if (!commands->list[i].name)
			break;
		commands->len = i + 1;
	}
}

static void
keep_description(void *owner, const struct client_answer *answer)
{
	struct command *command = owner;

	if (answer->result == CLIENT_OK)
		command->description = strdup(answer->rows[0].word[0]);
}

static const char *
fetch(struct tool *tool, const char *ups, struct commands *commands)
{
	const char *error = tool_ask(tool, CLIENT_LIST_CMD, CLIENT_ARGS(ups), keep_names, commands);

	if (error)
		return error;
	for (size_t i = 0; i < commands->len; i++)
		client_ask(tool->client, CLIENT_GET_CMDDESC,
		    CLIENT_ARGS(ups, commands->list[i].name), keep_description, &commands->list[i]);
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
run_command(struct tool *tool, const struct ups_at *where, struct tool_login *login, char **words)
{
	if (!strchr(words[0], '.')) {
		fputs("Error: old command names are not supported\n", stderr);
		return 1;
	}
	if ((!login->user || !login->password) && !tool_log_in(tool, where, login))
		return 1;
	return tool_change(
	    tool, CLIENT_INSTCMD, CLIENT_ARGS(where->ups, words[0], words[1]), login);
}

static int
run(struct tool *tool, struct options *options, const struct ups_at *where, char **words)
{
	struct tool_login *login = &options->login;
	bool known = !options->list && login->user && login->password;
	const char *error =
	    tool_open(tool, where, known ? login->user : NULL, known ? login->password : NULL);

	if (error) {
		fprintf(stderr, "Error: %s\n", error);
		return 1;
	}
	if (options->list)
		return list_commands(tool, where->ups);
	return run_command(tool, where, login, words);
}

int
main(int argc, char **argv)
{
	struct options options = { .login = TOOL_LOGIN_NEW };
	struct tool tool = { 0 };
	struct paths paths;
	struct ups_at where;
	const char *error;
	int status = 1;

	proc_begin();
	paths_get(&paths);
	if (!parse_options(argc, argv, &options))
		goto out;
	error = addr_ups_at(&where, argv[optind], true, paths.port);
	if (error) {
		tool_print_bad_ups(argv[optind], error);
		goto out;
	}
	tool.connect_ms = options.login.connect_ms;
	status = run(&tool, &options, &where, argv + optind + 1);
out:
	tool_close(&tool);
	tool_login_free(&options.login);
	return status;
}
