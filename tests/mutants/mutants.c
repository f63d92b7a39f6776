#include "mutants.h"

#include <ctype.h>
#include <string.h>

void
piece_replace(struct piece *piece, const char *from, const char *to)
{
	size_t from_len = strlen(from), to_len = strlen(to);

	for (size_t i = 0; i + from_len <= piece->len; i++) {
		if (memcmp(piece->at + i, from, from_len) || piece->len + to_len > piece->size)
			continue;
		memmove(
		    piece->at + i + to_len, piece->at + i + from_len, piece->len - i - from_len);
		memcpy(piece->at + i, to, to_len);
		piece->len = piece->len - from_len + to_len;
		i += to_len ? to_len - 1 : (size_t)-1;
	}
}

static void
keep_if(struct piece *piece, bool good(unsigned char c))
{
	size_t kept = 0;

	for (size_t i = 0; i < piece->len; i++)
		if (good((unsigned char)piece->at[i]))
			piece->at[kept++] = piece->at[i];
	piece->len = kept;
}

static bool
is_no_control(unsigned char c)
{
	return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
}

static bool
is_seven_bit(unsigned char c)
{
	return c < 0x80;
}

static void
strip_controls(struct piece *piece)
{
	keep_if(piece, is_no_control);
}

static void
strip_eight_bit(struct piece *piece)
{
	keep_if(piece, is_seven_bit);
}

/* The line that begins at AT, its newline included. */
static size_t
line_len(const struct piece *piece, size_t at)
{
	const char *newline = memchr(piece->at + at, '\n', piece->len - at);

	return newline ? (size_t)(newline - (piece->at + at)) + 1 : piece->len - at;
}

static void
reverse_lists(struct piece *piece)
{
	char turned[65536];
	size_t to = 0, begin = 0, end = 0;

	for (size_t at = 0; at < piece->len; at += line_len(piece, at)) {
		if (!strncmp(piece->at + at, "BEGIN LIST", 10))
			begin = at + line_len(piece, at);
		else if (!strncmp(piece->at + at, "END LIST", 8))
			end = at;
	}
	if (end <= begin || end - begin > sizeof(turned))
		return;
	for (size_t at = begin; at < end; at += line_len(piece, at)) {
		size_t len = line_len(piece, at);

		to += len;
		memcpy(turned + (end - begin) - to, piece->at + at, len);
	}
	memcpy(piece->at + begin, turned, end - begin);
}

/* Of two answers in one piece the second goes first. */
static void
swap_answers(struct piece *piece)
{
	char first[4096];
	size_t len = line_len(piece, 0);

	if (len == piece->len || len > sizeof(first))
		return;
	memcpy(first, piece->at, len);
	memmove(piece->at, piece->at + len, piece->len - len);
	memcpy(piece->at + piece->len - len, first, len);
}

static void
cut_at_512(struct piece *piece)
{
	for (size_t at = 0; at < piece->len;) {
		size_t len = line_len(piece, at);

		if (len > 511) {
			memmove(piece->at + at + 511, piece->at + at + len, piece->len - at - len);
			piece->len -= len - 511;
			len = 511;
		}
		at += len;
	}
}

static void
forget_lower_case(struct piece *piece)
{
	if (piece->len && islower((unsigned char)piece->at[0]))
		piece->at[0] = '?';
}

static void
end_each_piece(struct piece *piece)
{
	if (piece->len && piece->at[piece->len - 1] != '\n' && piece->len < piece->size)
		piece->at[piece->len++] = '\n';
}

static void
believe_any_password(struct piece *piece)
{
	piece_replace(piece, "PASSWORD wrong2", "PASSWORD setsecret");
}

/* A command to the driver loses all but its name. */
static void
drop_values(struct piece *piece)
{
	char *space;

	if (piece->len < 9 || memcmp(piece->at, "INSTCMD ", 8))
		return;
	space = memchr(piece->at + 8, ' ', piece->len - 8);
	if (space) {
		*space = '\n';
		piece->len = (size_t)(space - piece->at) + 1;
	}
}

/* --- drivers --- */

#define ZEROS "(000.0 000.0 000.0 000 00.0 00.0 00.0 00001000\r"
#define STATUS_LEN 47

/* What an answer cut short does not say is 0. */
static void
fill_with_zeros(struct piece *piece)
{
	if (piece->len && piece->at[0] == '(' && piece->len < STATUS_LEN) {
		memcpy(piece->at, ZEROS, STATUS_LEN);
		piece->len = STATUS_LEN;
	}
}

/* The eight bits at the end of a status: with a letter among them, the first is 1. */
static void
take_letters_for_bits(struct piece *piece)
{
	char *bits = piece->at + STATUS_LEN - 9;

	if (piece->len != STATUS_LEN || piece->at[0] != '(')
		return;
	for (size_t i = 0; i < 8; i++)
		if (bits[i] != '0' && bits[i] != '1')
			bits[0] = bits[i] = '1';
}

/* Noise where a status has a digit is 9, elsewhere what belongs there. */
static void
take_noise_for_digits(struct piece *piece)
{
	for (size_t i = 0; i < piece->len && piece->len == STATUS_LEN; i++)
		if (!isdigit((unsigned char)piece->at[i]))
			piece->at[i] = ZEROS[i] != '0' || i >= STATUS_LEN - 9 ? ZEROS[i] : '9';
}

/* A dash is no digit, and no number is no minus. */
static void
take_dashes_for_zeros(struct piece *piece)
{
	for (size_t i = 0; i < piece->len; i++)
		if (piece->at[i] == '-')
			piece->at[i] = '0';
}

#define QX(what) "driver/nutdrv_qx/megatec-500/" what
#define HID(what) "driver/usbhid-ups/eaton-3s-700/" what
#define A_STATUS "(230.0 230.0 230.0 014 50.0 27.0 25.0 00001001\r"

const struct mutant mutants[] = {
	/* Framing. */
	{ "an answer without newline", "net/netver/1", TO_CLIENT, .from = "1.3\n", .to = "1.3" },
	{ "lines that end with CR LF", "net/netver/1", TO_CLIENT, .from = "\n", .to = "\r\n" },
	{ "an empty line before each answer", "net/netver/1", TO_CLIENT, .from = "1.3\n",
	    .to = "\n1.3\n" },
	{ "a greeting", "net/line/2", .quirk = GREETS },
	{ "two answers in the wrong order", "net/line/3", TO_CLIENT, .change = swap_answers },
	{ "half a line is answered", "net/line/6", FROM_CLIENT, .change = end_each_piece },
	{ "replies cut at 512 bytes", "net/line/10", TO_CLIENT, .change = cut_at_512 },
	{ "blocks on a client that does not read", "net/load/1", .quirk = BLOCKS },
	/* Words. */
	{ "a quote of a value not escaped", "net/get.var/2", TO_CLIENT, .from = "\\\"",
	    .to = "\"" },
	{ "a backslash of a value not escaped", "net/get.var/2", TO_CLIENT, .from = "\\\\",
	    .to = "\\" },
	{ "control bytes stripped, the rest run", "net/words/19", FROM_CLIENT,
	    .change = strip_controls },
	{ "8-bit bytes stripped, the rest run", "net/words/20", FROM_CLIENT,
	    .change = strip_eight_bit },
	{ "commands in lower case unknown", "net/words/16", FROM_CLIENT,
	    .change = forget_lower_case },
	{ "a comment is not one", "net/words/7", FROM_CLIENT, .from = " #", .to = " x" },
	{ "a backslash does not join lines", "net/words/31", FROM_CLIENT, .from = "\\\n",
	    .to = "\n" },
	/* Errors. */
	{ "another error for an unknown UPS", "net/get.var/5", TO_CLIENT, .from = "ERR UNKNOWN-UPS",
	    .to = "ERR UNKNOWN-COMMAND" },
	{ "another error for an unknown variable", "net/get.var/4", TO_CLIENT,
	    .from = "ERR VAR-NOT-SUPPORTED", .to = "ERR UNKNOWN-VAR" },
	{ "another error while the driver is away", "net/get.var/6", TO_CLIENT,
	    .from = "ERR DRIVER-NOT-CONNECTED", .to = "ERR DATA-STALE" },
	{ "another error for too few words", "net/get.var/8", TO_CLIENT,
	    .from = "ERR INVALID-ARGUMENT", .to = "ERR UNKNOWN-COMMAND" },
	{ "more words behind an error", "net/order/11", TO_CLIENT, .from = "ERR UNKNOWN-UPS",
	    .to = "ERR UNKNOWN-UPS nosuch" },
	{ "the rights before the UPS", "net/order/8", TO_CLIENT, .from = "ERR UNKNOWN-UPS",
	    .to = "ERR ACCESS-DENIED" },
	{ "stale data served", "net/get.var/7", TO_CLIENT, .from = "ERR DATA-STALE",
	    .to = "VAR stale ups.status \"OL\"" },
	/* Users. */
	{ "any password will do", "net/set/23", FROM_CLIENT, .change = believe_any_password },
	{ "what is refused is granted", "net/fsd/3", TO_CLIENT, .from = "ERR ACCESS-DENIED",
	    .to = "OK FSD-SET" },
	{ "a secondary is a primary", "net/primary/4", TO_CLIENT, .from = "ERR ACCESS-DENIED",
	    .to = "OK PRIMARY-GRANTED" },
	{ "a second USERNAME taken", "net/username/2", TO_CLIENT,
	    .from = "ERR ALREADY-SET-USERNAME", .to = "OK" },
	{ "a second PASSWORD taken", "net/password/2", TO_CLIENT,
	    .from = "ERR ALREADY-SET-PASSWORD", .to = "OK" },
	{ "a second LOGIN taken", "net/login/4", TO_CLIENT, .from = "ERR ALREADY-LOGGED-IN",
	    .to = "OK" },
	{ "logins not counted", "net/login/10", TO_CLIENT, .from = "NUMLOGINS Mixed 2",
	    .to = "NUMLOGINS Mixed 1" },
	{ "no goodbye", "net/logout/1", TO_CLIENT, .from = "OK Goodbye\n", .to = "" },
	{ "LOGOUT does not end the segment", "net/logout/2", FROM_CLIENT, .from = "LOGOUT\n",
	    .to = "" },
	{ "STARTTLS without a certificate", "net/starttls/1", TO_CLIENT,
	    .from = "ERR FEATURE-NOT-CONFIGURED", .to = "OK STARTTLS" },
	{ "MASTER unknown", "net/primary/2", FROM_CLIENT, .from = "MASTER", .to = "MUSTER" },
	/* Lists and values. */
	{ "a list without end", "net/list.var/1", TO_CLIENT, .from = "END LIST VAR bench\n",
	    .to = "" },
	{ "a list with another header", "net/list.ups/1", TO_CLIENT, .from = "BEGIN LIST UPS",
	    .to = "BEGIN LIST" },
	{ "a list in the wrong order", "net/list.var/1", TO_CLIENT, .change = reverse_lists },
	{ "an enum in the wrong order", "net/list.enum/1", TO_CLIENT, .change = reverse_lists },
	{ "an old protocol", "net/netver/1", TO_CLIENT, .from = "1.3\n", .to = "1.2\n" },
	{ "RW left out", "net/get.type/1", TO_CLIENT, .from = " RW ", .to = " " },
	{ "a string without its length", "net/get.type/1", TO_CLIENT,
	    .from = "STRING:", .to = "STRING " },
	{ "no word for a missing description", "net/get.desc/2", TO_CLIENT,
	    .from = "\"Description unavailable\"", .to = "\"\"" },
	{ "FSD behind the driver's words", "net/fsd/1", TO_CLIENT, .from = "FSD OL",
	    .to = "OL FSD" },
	{ "FSD not shown", "net/fsd/6", TO_CLIENT, .from = "\"FSD ", .to = "\"" },
	/* SET, INSTCMD, TRACKING. */
	{ "a variable that cannot be set is set", "net/set/7", TO_CLIENT, .from = "ERR READONLY",
	    .to = "OK" },
	{ "any value of an enum", "net/set/11", TO_CLIENT, .from = "ERR INVALID-VALUE",
	    .to = "OK" },
	{ "a string longer than allowed", "net/set/9", TO_CLIENT, .from = "ERR TOO-LONG",
	    .to = "OK" },
	{ "SET does not reach the driver", "net/set/1", TO_DRIVER, .from = "SET ", .to = "SAT " },
	{ "a quote reaches the driver bare", "net/set/2", TO_DRIVER, .from = "\\\"", .to = "\"" },
	{ "a command there is not", "net/instcmd/9", TO_CLIENT, .from = "ERR CMD-NOT-SUPPORTED",
	    .to = "OK" },
	{ "INSTCMD without its value", "net/instcmd/2", TO_DRIVER, .change = drop_values },
	{ "TRACKING without id", "net/tracking/4", TO_CLIENT, .from = "OK TRACKING ", .to = "OK " },
	{ "the driver is told no id", "net/tracking/4", TO_DRIVER, .from = " TRACKING ",
	    .to = " TRICKING " },
	{ "PENDING is SUCCESS", "net/tracking/7", TO_CLIENT, .from = "PENDING", .to = "SUCCESS" },
	{ "an unknown id is PENDING", "net/tracking/12", TO_CLIENT, .from = "ERR UNKNOWN",
	    .to = "PENDING" },
	{ "the driver's result not seen", "net/tracking/7", FROM_DRIVER, .from = "TRACKING ",
	    .to = "TRICKING " },
	/* Drivers. */
	{ "half a dump served", "net/driver/2", FROM_DRIVER, .from = "SETINFO",
	    .to = "DUMPDONE\nSETINFO" },
	{ "no PING", "net/driver/9", TO_DRIVER, .from = "PING\n", .to = "" },
	{ "DELINFO ignored", "net/update/2", FROM_DRIVER, .from = "DELINFO", .to = "DULINFO" },
	{ "DELENUM ignored", "net/update/5", FROM_DRIVER, .from = "DELENUM", .to = "DULENUM" },
	{ "ADDRANGE ignored", "net/update/6", FROM_DRIVER, .from = "ADDRANGE", .to = "UDDRANGE" },
	{ "SETAUX ignored", "net/update/11", FROM_DRIVER, .from = "SETAUX", .to = "SUTAUX" },
	{ "DELCMD ignored", "net/update/12", FROM_DRIVER, .from = "DELCMD", .to = "DULCMD" },
	/* Access lists. */
	{ "a denied client hears another word", "access/vector/3", TO_CLIENT,
	    .from = "ERR ACCESS-DENIED", .to = "ERR USERNAME-REQUIRED" },
	{ "a denied command granted", "access/vector/7", TO_CLIENT, .from = "ERR ACCESS-DENIED",
	    .to = "OK" },
	{ "a drop that answers", "access/door/4", .quirk = ANSWERS_A_DROP },
	/* TLS. */
	{ "a command behind STARTTLS run", "security/inject/1", FROM_CLIENT,
	    .from = "STARTTLS\nVER\n", .to = "VER\nSTARTTLS\n" },
	/* What upsmon makes of a server, and tells it. */
	{ "LB not seen", "shutdown/words/9", FROM_SERVER, .from = "OB LB", .to = "OB" },
	{ "shut down on battery alone", "shutdown/words/2", FROM_SERVER, .from = "\"OB\"",
	    .to = "\"OB LB\"" },
	{ "shut down by LB alone", "shutdown/words/3", FROM_SERVER, .from = "\"LB\"",
	    .to = "\"OB LB\"" },
	{ "OB LB believed beside OL", "shutdown/words/4", FROM_SERVER, .from = "OL OB LB",
	    .to = "OB LB" },
	{ "a test of the battery for an outage", "shutdown/words/5", FROM_SERVER, .from = " CAL",
	    .to = "" },
	{ "FSD not obeyed", "shutdown/words/7", FROM_SERVER, .from = "FSD", .to = "ALARM" },
	{ "a lost server is one on battery", "shutdown/lost/3", FROM_SERVER, .from = "\"OL\"",
	    .to = "\"OB\"" },
	{ "DATA-STALE not told", "shutdown/lost/9", FROM_SERVER, .from = "ERR DATA-STALE",
	    .to = "VAR u ups.status \"OB\"" },
	/* What a driver says. */
	{ "OB without a word from the device", QX("starts"), TO_CLIENT, .from = "ups.status \"OL",
	    .to = "ups.status \"OB" },
	{ "a stale device on battery", QX("mute"), TO_CLIENT, .from = "DATASTALE\n",
	    .to = "SETINFO ups.status \"OB\"\nDATASTALE\n" },
	{ "a silent device fresh", QX("mute"), TO_CLIENT, .from = "DATASTALE\n", .to = "" },
	{ "a device without cable fresh", QX("cable"), TO_CLIENT, .from = "DATASTALE\n", .to = "" },
	{ "a device that refuses all fresh", HID("stall"), TO_CLIENT, .from = "DATASTALE\n",
	    .to = "" },
	{ "a silent USB device off", HID("mute"), TO_CLIENT, .from = "DATASTALE\n",
	    .to = "SETINFO ups.status \"OFF\"\nDATASTALE\n" },
	{ "LB not told", QX("outage"), TO_CLIENT, .from = " LB", .to = "" },
	{ "LB not told on USB", HID("outage"), TO_CLIENT, .from = " LB", .to = "" },
	{ "values of an hour ago", QX("values"), TO_CLIENT, .from = "SETINFO input.voltage \"0",
	    .to = "SETINFO input.voltage \"230" },
	{ "a PING without PONG", QX("prompt"), TO_CLIENT, .from = "PONG\n", .to = "" },
	{ "the name of another", HID("names"), TO_CLIENT, .from = "device.serial \"",
	    .to = "device.serial \"X" },
	{ "a variable left out", HID("complete"), TO_CLIENT, .from = "SETINFO battery.runtime ",
	    .to = "SETINFU battery.runtime " },
	{ "delays forgotten", QX("settings"), TO_CLIENT, .from = "ups.delay.start \"240",
	    .to = "ups.delay.start \"180" },
	/* What it makes of a device that does wrong. */
	{ "dies on a refusal", QX("nak"), FROM_DEVICE, .from = "NAK", .to = "NAK", .quirk = DIES },
	{ "nobody heard while the device is asked", QX("prompt"), .quirk = SLEEPS },
	{ "one lost answer and all is stale", QX("one"), .quirk = LOSES_PATIENCE },
	{ "its own question for an answer", QX("echo"), FROM_DEVICE, .from = "Q1\r",
	    .to = A_STATUS },
	{ "0 for unknown", QX("half"), FROM_DEVICE, .change = fill_with_zeros },
	{ "a letter for a bit", QX("badbits"), FROM_DEVICE, .change = take_letters_for_bits },
	{ "noise for numbers", QX("garble"), FROM_DEVICE, .change = take_noise_for_digits },
	{ "dashes for zeros", QX("dashes"), FROM_DEVICE, .change = take_dashes_for_zeros },
	/* What it does for a command. */
	{ "beeper.toggle not passed on", QX("beeper"), TO_DEVICE, .from = "Q\r", .to = "" },
	{ "a battery test not passed on", QX("test"), TO_DEVICE, .from = "T", .to = "" },
	{ "load.off not passed on", QX("load.off"), TO_DEVICE, .from = "S", .to = "" },
	{ "shutdown.stop not passed on", QX("shutdown.stop"), TO_DEVICE, .from = "C\r", .to = "" },
	{ "shutdown.return that stays off", QX("shutdown.return"), TO_DEVICE, .from = "R0",
	    .to = "R9" },
	{ "-k that cuts nothing", QX("killpower"), TO_DEVICE, .from = "S", .to = "" },
};

const size_t mutants_len = sizeof(mutants) / sizeof(mutants[0]);
