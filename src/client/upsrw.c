/* upsrw - list and set the variables of a UPS that can be set (docs/man/upsrw.8). */
#include "base/proc.h"
#include "client/tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage_text[] =
    "usage: upsrw [-A file] [-W seconds] [-l] ups[@host[:port]]\n"
    "       upsrw -s variable[=value] [-A file] [-u user] [-p password] [-w] [-t seconds]\n"
    "             [-W seconds] ups[@host[:port]]\n"
    "\n"
    "List the variables of a UPS that can be set, or set one.\n"
    "\n"
    "  -l    list them with their descriptions, types and values\n"
    "  -s    set this one; its value is asked for if missing\n"
    "  -A    whom to trust, and as whom to log in: a file, default or none (nutauth.conf(5))\n"
    "  -u    user name of upsd.users; from nutauth.conf, or asked for, if missing\n"
    "  -p    password; likewise (better: others may see arguments)\n"
    "  -w    wait until the driver has set it, and tell how it went\n"
    "  -t    with -w: wait at most so many seconds (default: 10)\n"
    "  -W    give up connecting after so many seconds (default: 10)\n"
    "  -h    this text;  -V  the version\n";

struct options {
	char *set, *value; /* borrowed from argv: -s; set NULL: list them; value NULL: ask for it */
	struct tool_login login;
};

static bool
parse_options(int argc, char **argv, struct options *options)
{
	int option;

	tool_connect_seconds(NULL, &options->login.connect_ms);
	while ((option = getopt(argc, argv, "+hVlDs:A:u:p:wt:W:")) != -1) {
		switch (option) {
		case 'l': /* between -l and -s the last one counts, as in NUT */
			if (options->set)
				fputs("Listing mode requested, overriding setvar specified "
				      "earlier!\n",
				    stderr);
			options->set = NULL;
			break;
		case 's':
			options->set = optarg;
			break;
		case 'D':
			break;
		case 'h':
			tool_help("upsrw", usage_text);
		case 'V':
			tool_help("upsrw", NULL);
		case '?':
			fputs(usage_text, stderr);
			return false;
		default:
			if (!tool_login_option(&options->login, option, optarg))
				return false;
		}
	}
	if (argc - optind < 1) {
		fputs(usage_text, stderr);
		return false;
	}
	if (!options->set)
		return true;
	options->value = strchr(options->set, '=');
	if (options->value)
		*options->value++ = '\0';
	if (strchr(options->set, '.'))
		return true;
	fputs("Error: old variable names are not supported\n", stderr);
	return false;
}

/* ---- the list ---- */

/* An answer kept until it is its turn to be printed. */
struct kept {
	char **words; /* owned, all of them */
	size_t len;
	const char *error; /* constant: why there is none */
};

struct variable {
	char *name; /* owned */
	struct kept description, type, value, options;
};

struct variables {
	struct variable *list;
	size_t len;
};

static void
kept_free(struct kept *kept)
{
	for (size_t i = 0; i < kept->len; i++)
		free(kept->words[i]);
	free(kept->words);
}

static void
variables_free(struct variables *variables)
{
	for (size_t i = 0; i < variables->len; i++) {
		struct variable *variable = &variables->list[i];

		free(variable->name);
		kept_free(&variable->description);
		kept_free(&variable->type);
		kept_free(&variable->value);
		kept_free(&variable->options);
	}
	free(variables->list);
}

/* All words of all rows, one after another. */
static void
keep(void *owner, const struct client_answer *answer)
{
	struct kept *kept = owner;
	size_t words = 0;

	if (answer->result != CLIENT_OK) {
		kept->error = answer->result == CLIENT_REFUSED ? net_error_text(answer->error)
							       : "Server disconnected";
		return;
	}
	for (size_t i = 0; i < answer->rows_len; i++)
		words += answer->rows[i].len;
	kept->words = tool_or_die(calloc(words + 1, sizeof(char *)));
	for (size_t i = 0; i < answer->rows_len; i++)
		for (size_t j = 0; j < answer->rows[i].len; j++)
			kept->words[kept->len++] = tool_or_die(strdup(answer->rows[i].word[j]));
}

static void
keep_names(void *owner, const struct client_answer *answer)
{
	struct variables *variables = owner;

	variables->list = tool_or_die(calloc(answer->rows_len + 1, sizeof(*variables->list)));
	variables->len = answer->rows_len;
	for (size_t i = 0; i < answer->rows_len; i++)
		variables->list[i].name = tool_or_die(strdup(answer->rows[i].word[0]));
}

static bool
has_word(const struct kept *kept, const char *word)
{
	for (size_t i = 0; i < kept->len; i++)
		if (strcmp(kept->words[i], word) == 0)
			return true;
	return false;
}

/* What the type of a variable makes us print. */
enum form { FORM_NONE, FORM_STRING, FORM_NUMBER, FORM_ENUM, FORM_RANGE };

static enum form
form_of(const struct variable *variable)
{
	const struct kept *type = &variable->type;

	for (size_t i = 0; i < type->len; i++) {
		bool string = strncmp(type->words[i], "STRING:", 7) == 0;

		if (strcmp(type->words[i], "RANGE") == 0)
			return FORM_RANGE;
		if (!string && strcmp(type->words[i], "NUMBER") != 0)
			continue;
		for (size_t before = 0; before < i; before++)
			if (strcmp(type->words[before], "ENUM") == 0)
				return FORM_ENUM;
		return string ? FORM_STRING : FORM_NUMBER;
	}
	return has_word(type, "ENUM") ? FORM_ENUM : FORM_NONE;
}

static void
ask(struct tool *tool, enum client_kind kind, const char *ups, const char *variable,
    struct kept *answer)
{
	answer->error = tool_ask_ahead(tool, kind, CLIENT_ARGS(ups, variable), keep, answer);
}

/* Everything is asked at once, since each answer may be a network away: first what each variable
 * is, then the options of those that have them. */
static const char *
fetch(struct tool *tool, const char *ups, struct variables *variables)
{
	const char *error = tool_ask(tool, CLIENT_LIST_RW, CLIENT_ARGS(ups), keep_names, variables);

	if (error)
		return error;
	for (size_t i = 0; i < variables->len; i++) {
		struct variable *variable = &variables->list[i];

		ask(tool, CLIENT_GET_DESC, ups, variable->name, &variable->description);
		ask(tool, CLIENT_GET_TYPE, ups, variable->name, &variable->type);
		ask(tool, CLIENT_GET_VAR, ups, variable->name, &variable->value);
	}
	error = tool_wait(tool);
	if (error)
		return error;
	for (size_t i = 0; i < variables->len; i++) {
		struct variable *variable = &variables->list[i];
		enum form form = form_of(variable);

		if (form == FORM_ENUM || form == FORM_RANGE)
			ask(tool, form == FORM_ENUM ? CLIENT_LIST_ENUM : CLIENT_LIST_RANGE, ups,
			    variable->name, &variable->options);
	}
	return tool_wait(tool);
}

static void
print_option(const char *from, const char *to, bool selected)
{
	printf("Option: \"");
	tool_print(stdout, from);
	fputs(to ? "-" : "", stdout);
	tool_print(stdout, to ? to : "");
	printf("\"%s\n", selected ? " SELECTED" : "");
}

/* Words of the type that say something beyond RW and ENUM, as "Type: STRING" and its length. */
static void
print_type(const char *before, const char *word)
{
	if (strncmp(word, "STRING:", 7) == 0)
		printf("Type: %sSTRING\nMaximum length: %ld\n", before, strtol(word + 7, NULL, 10));
	else
		printf("Type: %sNUMBER\n", before);
}

static void
print_enum(const struct variable *variable, const char *word)
{
	const char *value = variable->value.words[0];

	if (word)
		print_type("ENUM ", word);
	else
		puts("Type: ENUM");
	for (size_t i = 0; i < variable->options.len; i++) {
		const char *option = variable->options.words[i];

		print_option(option, NULL, strcmp(option, value) == 0);
	}
}

static void
print_range(const struct variable *variable)
{
	long value = strtol(variable->value.words[0], NULL, 10);

	puts("Type: RANGE NUMBER");
	for (size_t i = 0; i + 1 < variable->options.len; i += 2) {
		long min = strtol(variable->options.words[i], NULL, 10);
		long max = strtol(variable->options.words[i + 1], NULL, 10);
		char from[24], to[24];

		snprintf(from, sizeof(from), "%ld", min);
		snprintf(to, sizeof(to), "%ld", max);
		print_option(from, to, min <= value && value <= max);
	}
}

/* The type's words in their order, up to the one that says how to print the value. */
static void
print_typed(const struct variable *variable, enum form form)
{
	for (size_t i = 0; i < variable->type.len; i++) {
		const char *word = variable->type.words[i];

		if (strcmp(word, "RW") == 0 || strcmp(word, "ENUM") == 0)
			continue;
		if (form == FORM_RANGE && strcmp(word, "RANGE") == 0) {
			print_range(variable);
			return;
		}
		if (strncmp(word, "STRING:", 7) != 0 && strcmp(word, "NUMBER") != 0) {
			printf("Type: ");
			tool_print(stdout, word);
			printf(" (unrecognized)\n");
			continue;
		}
		if (form == FORM_ENUM) {
			print_enum(variable, word);
			return;
		}
		print_type("", word);
		printf("Value: ");
		tool_print(stdout, variable->value.words[0]);
		putchar('\n');
		return;
	}
	if (form == FORM_ENUM)
		print_enum(variable, NULL);
}

/* NULL or why it could not be printed whole. */
static const char *
print_variable(const struct variable *variable)
{
	enum form form = form_of(variable);

	putchar('[');
	tool_print(stdout, variable->name);
	printf("]\n");
	tool_print(stdout, variable->description.error ? "Description unavailable"
						       : variable->description.words[0]);
	putchar('\n');
	if (form != FORM_NONE && variable->value.error)
		return variable->value.error;
	if (variable->options.error)
		return variable->options.error;
	if (variable->type.error)
		puts("Unknown type");
	else
		print_typed(variable, form);
	putchar('\n');
	return NULL;
}

static int
list_variables(struct tool *tool, const char *ups)
{
	struct variables variables = { 0 };
	const char *error = fetch(tool, ups, &variables);
	int status;

	for (size_t i = 0; i < variables.len && !error; i++)
		error = print_variable(&variables.list[i]);
	status = tool_flush();
	if (error)
		fprintf(stderr, "Error: %s\n", error);
	variables_free(&variables);
	return error ? 1 : status;
}

/* ---- setting one ---- */

static int
set_variable(struct tool *tool, const char *ups, const struct options *options)
{
	const char *value = options->value;
	char *asked = NULL;
	int status;

	if (!value) {
		fputs("Enter new value for ", stdout);
		tool_print(stdout, options->set);
		value = asked = tool_ask_line(": ");
		if (!value)
			return 1;
	}
	status = tool_change(
	    tool, CLIENT_SET_VAR, CLIENT_ARGS(ups, options->set, value), &options->login);
	free(asked);
	return status;
}

/* ---- main ---- */

static int
work(struct tool *tool, const char *ups, void *owner)
{
	const struct options *options = owner;

	return options->set ? set_variable(tool, ups, options) : list_variables(tool, ups);
}

int
main(int argc, char **argv)
{
	struct options options = { .login = TOOL_LOGIN_NEW };
	int status = 1;

	proc_begin();
	if (parse_options(argc, argv, &options))
		status =
		    tool_run(argv[optind], &options.login, options.set != NULL, work, &options);
	tool_login_free(&options.login);
	return status;
}
