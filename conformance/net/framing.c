/* Lines and words: docs/net-protocol.md, sections 1 and 2. */
#include "conformance/talk.h"

#include <string.h>

static void
byte_at_a_time(struct bench *bench)
{
	struct conn *conn = dial(bench);

	conn->cut = 1;
	say(bench, conn, "GET VAR bench ups.status");
	want(bench, conn, "VAR bench ups.status \"OL\"");
	say(bench, conn, "GET VAR \"be\\nch\" ups.status # comment");
	want(bench, conn, "VAR bench ups.status \"OL\"");
}

static void
three_hundred_lists(struct bench *bench)
{
	struct conn *conn = dial(bench);

	for (int i = 0; i < 300; i++)
		say(bench, conn, "GET VAR bench %s", i % 2 ? "ups.status" : "battery.charge");
	for (int i = 0; i < 300; i++)
		want(bench, conn,
		    i % 2 ? "VAR bench ups.status \"OL\"" : "VAR bench battery.charge \"100\"");
}

static void
every_control_byte(struct bench *bench)
{
	struct conn *conn = dial(bench);

	for (int byte = 0; byte < 256; byte++) {
		char line[] = "VER\nVER\n";

		if (byte == '\n' || (byte >= 0x09 && byte <= 0x0d) ||
		    (byte >= 0x20 && byte <= 0x7e))
			continue;
		line[2] = (char)byte;
		say_bytes(bench, conn, line, 4);
		want(bench, conn, "ERR INVALID-ARGUMENT");
	}
}

static void
longest_word(struct bench *bench)
{
	char word[4097];
	struct conn *conn = dial(bench);

	memset(word, 'n', sizeof(word));
	word[4000] = '\0';
	say(bench, conn, "GET VAR %s server.version", word);
	/* Ours knows no such name; NUT would echo it.  Either way a whole line. */
	want_like(bench, conn, "(ERR [A-Z-]+|VAR \"?n*\"? server.version \".*\")");
	say(bench, conn, "VER");
	want_like(bench, conn, "Network UPS Tools upsd .*");
}

static void
too_long_word(struct bench *bench)
{
	char word[4200];
	struct conn *conn = dial(bench);

	memset(word, 'A', sizeof(word));
	word[4150] = '\0';
	say(bench, conn, "USERNAME %s", word);
	want(bench, conn, "ERR INVALID-ARGUMENT");
	say(bench, conn, "USERNAME admin");
	want(bench, conn, "OK");
}

static void
too_many_words(struct bench *bench)
{
	struct conn *conn = dial(bench);

	say_bytes(bench, conn, "HELP", 4);
	for (int i = 0; i < 80; i++)
		say_bytes(bench, conn, " x", 2);
	say(bench, conn, "%s", "");
	want(bench, conn, "ERR INVALID-ARGUMENT");
	say(bench, conn, "NETVER");
	want(bench, conn, "1.3");
}

static void
megabyte_of_arguments(struct bench *bench)
{
	struct conn *conn = dial(bench);

	say_bytes(bench, conn, "GET VAR", 7);
	for (int i = 0; i < 30000; i++)
		say_bytes(bench, conn, " bench", 6);
	say(bench, conn, "%s", "");
	want_like(bench, conn, "ERR [A-Z-]+");
	/* It may be closed now; if not, no second error may have been said. */
	if (!ends(bench, conn, 100)) {
		say(bench, conn, "NETVER");
		want(bench, conn, "1.3");
	}
}

static void
echo_stays_readable(struct bench *bench)
{
	struct conn *conn = dial(bench);
	const char *line = ask(bench, conn, "GET VAR \"a b\\\"c\" server.version");

	need(bench, strncmp(line, "VAR a b\"c", 9),
	    "the name is echoed so that it reads as two words: %s", line);
	need(bench, matches(bench, "ERR [A-Z-]+|VAR \"a b\\\\\"c\" server.version \".*\"", line),
	    "got: %s", line);
}

static void
long_echo(struct bench *bench)
{
	char name[601];
	struct conn *conn = dial(bench);

	memset(name, 'n', 600);
	name[600] = '\0';
	say(bench, conn, "GET VAR %s server.version", name);
	say(bench, conn, "NETVER");
	want_like(bench, conn, "(ERR [A-Z-]+|VAR \"?n+\"? server.version \".*\")");
	want(bench, conn, "1.3");
}

static const struct test_case cases[] = {
	{ "net/line/1", MUST, "N-1.1 R-25", "a line may end with CR LF",
	    .talk = "> VER%0d\n" VERSION_LINE "> NETVER%0d\n< 1.3\n" },
	{ "net/line/2", MUST, "N-1.2", "there is no greeting",
	    .talk = "<quiet\n> NETVER\n< 1.3\n" },
	{ "net/line/3", MUST, "N-1.3", "requests in one segment are answered in their order",
	    .talk = ">> NETVER%0aGET VAR bench ups.status%0aFOO%0aNETVER%0a\n< 1.3\n< VAR bench "
		    "ups.status \"OL\"\n< ERR "
		    "UNKNOWN-COMMAND\n< 1.3\n" },
	{ "net/line/4", MUST, "N-1.3", "300 requests without waiting get 300 answers in order",
	    .run = three_hundred_lists },
	{ "net/line/5", MUST, "N-1.4 R-25b", "a line may come one byte at a time",
	    .run = byte_at_a_time },
	{ "net/line/6", MUST, "N-1.4", "half a line is not answered, and the rest completes it",
	    .talk = ">> NET\n<quiet\n>> VER\n<quiet\n>> %0aNETVER%0a\n< 1.3\n< 1.3\n" },
	{ "net/line/7", MUST, "N-1.5", "a last line without newline is not executed",
	    .talk = ">> NETVER\nshut\n<eof\n" },
	{ "net/line/8", MUST, "N-1.6", "what came before a half-close is answered",
	    .talk = ">> NETVER%0aNETVER%0a\nshut\n< 1.3\n< 1.3\n<eof\n" },
	{ "net/line/9", MUST, "N-1.10 N-1.11",
	    "a client's errors end neither its connection nor another's",
	    .talk = "1> NETVER\n1< 1.3\n> FOO\n< ERR UNKNOWN-COMMAND\n> GET\n< ERR "
		    "INVALID-ARGUMENT\n> GET VAR x y\n< ERR "
		    "UNKNOWN-UPS\n> NETVER\n< 1.3\n1> NETVER\n1< 1.3\n" },
	{ "net/line/10", MUST, "N-1.7 R-25a",
	    "a reply with a name of 600 bytes ends with a newline", .run = long_echo },

	{ "net/words/1", MUST, "N-2.1 R-25", "any number of blanks and tabs separate words",
	    .talk = ">   GET %09 VAR%09bench   ups.status  \n< VAR bench ups.status \"OL\"\n" },
	{ "net/words/2", MUST, "N-2.1", "vertical tab, form feed and CR are blanks",
	    .talk = "> GET%0bVAR%0cbench%0dups.status\n< VAR bench ups.status \"OL\"\n" },
	{ "net/words/3", MUST, "N-2.2", "words may be quoted",
	    .talk = "> \"GET\" \"VAR\" \"bench\" \"ups.status\"\n< VAR bench ups.status \"OL\"\n" },
	{ "net/words/4", MUST, "N-2.2", "an empty quoted word is a word",
	    .talk = "> VER \"\"\n< ERR INVALID-ARGUMENT\n> USERNAME \"\" \"\"\n< ERR "
		    "INVALID-ARGUMENT\n" },
	{ "net/words/5", MUST, "N-2.3",
	    "a backslash makes the next byte ordinary, in quotes and without",
	    .talk = "> \\N\\E\\T\\V\\E\\R\n< 1.3\n> \"N\\ETVER\"\n< 1.3\n" },
	{ "net/words/6", MUST, "N-2.3", "a blank behind a backslash does not end the word",
	    .talk = "> GET UPSDESC be\\ nch\n<~ ERR (UNKNOWN-UPS|INVALID-ARGUMENT)\n> NET\\ VER\n< "
		    "ERR UNKNOWN-COMMAND\n" },
	{ "net/words/7", MUST, "N-2.4 R-25", "a comment goes to the end of the line",
	    .talk = "> NETVER # NETVER\n< 1.3\n> GET VAR bench ups.status # foo \"\n< VAR bench "
		    "ups.status \"OL\"\n" },
	{ "net/words/8", MUST, "N-2.4", "a comment needs no blank before it",
	    .talk = "> NETVER#x\n< 1.3\n> NETVER\n< 1.3\n" },
	{ "net/words/9", MUST, "N-2.4 N-2.3",
	    "a number sign behind a backslash is an ordinary byte",
	    .talk = "> NETVER \\#x\n< ERR INVALID-ARGUMENT\n" },
	{ "net/words/10", MUST, "N-2.5", "an equals sign is a word by itself",
	    .talk = "> NETVER=\n< ERR INVALID-ARGUMENT\n> GET=VAR bench ups.status\n< ERR "
		    "INVALID-ARGUMENT\n> =\n< ERR UNKNOWN-COMMAND\n" },
	{ "net/words/11", MUST, "N-2.5",
	    "an equals sign in quotes or behind a backslash is an ordinary byte",
	    .talk = ADMIN "> SET VAR bench ups.id \"a=b\"\n< OK\nb< SET ups.id \"a=b\"\n> SET VAR "
			  "bench ups.id a\\=b\n< OK\nb< SET ups.id \"a=b\"\n" },
	{ "net/words/12", MUST, "N-2.6", "the closing quote ends the word",
	    .talk = "> \"NETVER\"x\n< ERR INVALID-ARGUMENT\n> "
		    "\"GET\"\"VAR\"\"bench\"\"ups.status\"\n< VAR bench ups.status \"OL\"\n" },
	{ "net/words/13", MUST, "N-2.6", "a quote within a word is an ordinary byte",
	    .talk = ADMIN "> SET VAR bench ups.id a\"b\"c\n< OK\nb< SET ups.id \"a\\\"b\\\"c\"\n" },
	{ "net/words/14", MUST, "N-2.7", "an empty line is an unknown command",
	    .talk = "> \n< ERR UNKNOWN-COMMAND\n>    %09 \n< ERR UNKNOWN-COMMAND\n" },
	{ "net/words/15", MUST, "N-2.7",
	    "a comment alone and an empty first word are unknown commands",
	    .talk = "> # VER\n< ERR UNKNOWN-COMMAND\n> \"\"\n< ERR UNKNOWN-COMMAND\n> \"\" VER\n< "
		    "ERR UNKNOWN-COMMAND\n" },
	{ "net/words/16", MUST, "N-2.10 R-25",
	    "commands and sub-commands match without regard to case",
	    .talk = "> ver\n" VERSION_LINE
		    "> NetVer\n< 1.3\n> get var bench ups.status\n< VAR bench ups.status \"OL\"\n> "
		    "list Cmd Mixed\n<~ BEGIN LIST (Cmd|CMD) Mixed\n< CMD Mixed Load.Off\n<~ END "
		    "LIST (Cmd|CMD) Mixed\n" },
	{ "net/words/17", MUST, "N-2.10 N-2.12",
	    "names match without regard to case and are repeated as typed",
	    .talk = "> GET VAR BENCH UPS.Status\n< VAR BENCH UPS.Status \"OL\"\n> GET VAR mixed "
		    "input.VOLTAGE\n< VAR mixed input.VOLTAGE \"229.9\"\n" },
	{ "net/words/18", MUST, "N-2.8 R-16", "a NUL byte refuses the line",
	    .talk = "> VE%00R\n< ERR INVALID-ARGUMENT\n> VER%00\n< ERR INVALID-ARGUMENT\n> "
		    "NETVER\n< 1.3\n" },
	{ "net/words/19", MUST, "N-2.8 R-16", "a control byte refuses the line",
	    .talk = "> VE%01R\n< ERR INVALID-ARGUMENT\n> VER %1b[2J\n< ERR INVALID-ARGUMENT\n> "
		    "NETVER\n< 1.3\n" },
	{ "net/words/20", MUST, "N-2.8 R-16", "an 8-bit byte refuses the line",
	    .talk = "> V%e9ER\n< ERR INVALID-ARGUMENT\n> USERNAME adm%c3%afn\n< ERR "
		    "INVALID-ARGUMENT\n> USERNAME admin\n< OK\n" },
	{ "net/words/21", MUST, "N-2.8 R-16",
	    "each of the bytes below 0x20 and above 0x7e refuses the line",
	    .run = every_control_byte },
	{ "net/words/22", MUST, "N-2.8 R-16",
	    "bad bytes in a comment or in quotes refuse the line too",
	    .talk = "> NETVER # %80\n< ERR INVALID-ARGUMENT\n> \"NET%02VER\"\n< ERR "
		    "INVALID-ARGUMENT\n" },
	{ "net/words/23", MUST, "N-2.9 R-24",
	    "a quote that is open at the newline is an error there, and the next line is served",
	    .talk = "> GET VAR \"bench ups.status\n< ERR INVALID-ARGUMENT\n> NETVER\n< 1.3\n" },
	{ "net/words/24", MUST, "N-2.9 R-24",
	    "lines behind an open quote in the same segment are served",
	    .talk = ">> VER \"%0aNETVER%0aNETVER%0a\n< ERR INVALID-ARGUMENT\n< 1.3\n< 1.3\n" },
	{ "net/words/25", MUST, "N-2.9",
	    "a bare number sign in quotes is an error, and the next line is served",
	    .talk = ">> USERNAME \"a#b\"%0aNETVER%0a\n< ERR INVALID-ARGUMENT\n< 1.3\n" },
	{ "net/words/26", MUST, "N-2.13", "a word of 4000 bytes is taken or refused, whole",
	    .run = longest_word },
	{ "net/words/27", MUST, "N-2.13", "a word above 4096 bytes is refused, never cut",
	    .run = too_long_word },
	{ "net/words/28", MUST, "N-2.13", "80 words are refused, never cut",
	    .run = too_many_words },
	{ "net/words/29", MUST, "N-2.13 R-16", "200 kB of arguments get one error",
	    .run = megabyte_of_arguments },
	{ "net/words/30", MUST, "N-2.15",
	    "a name with a blank and a quote is not echoed as it came",
	    .run = echo_stays_readable },
	{ "net/words/31", MUST, "N-2.16", "a backslash before the newline joins two lines",
	    .talk =
		">> GET VAR bench \\%0aups.status%0a\n< VAR bench ups.status \"OL\"\n<quiet\n" },
	{ "net/words/32", MUST, "N-9.1",
	    "an unknown word is an unknown command, also when it begins like a known one",
	    .talk = "> VERS\n< ERR UNKNOWN-COMMAND\n> VE\n< ERR UNKNOWN-COMMAND\n> GETVAR bench "
		    "ups.status\n< ERR UNKNOWN-COMMAND\n" },
};

SECTION(net_framing);
