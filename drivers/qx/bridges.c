/* bridges.c - the table of bridges, and which USB device has which.  docs/devices/megatec.md, 11.
 */
#include "drivers/qx/bridge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- by reports ---- */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters up to the CR.  Zeros behind the text, or behind the CR whatever stands there, are what
 * fills the report; in the middle of a BINARY answer zeros are its own, but for a report of nothing
 * else. */
static size_t
text_of(char *out, const unsigned char *bytes, size_t len, bool binary)
{
	const unsigned char *end = memchr(bytes, '\r', len);
	size_t filled = len;

	if (end)
		len = filled = (size_t)(end - bytes) + 1;
	while (len > 0 && bytes[len - 1] == 0)
		len--;
	if (binary && len > 0)
		len = filled;
	memcpy(out, bytes, len);
	return len;
}

static size_t
pack_plain(unsigned char *report, const char *text, size_t len)
{
	len = least(len, 8);
	memcpy(report, text, len);
	return len;
}

static size_t
unpack_plain(char *out, const unsigned char *report, size_t len, size_t got, bool binary)
{
	return text_of(out, report, len, binary);
}

/* One report of 64 bytes is the whole answer; one without its CR ends at the first zero. */
static size_t
unpack_whole(char *out, const unsigned char *report, size_t len, size_t got, bool binary)
{
	const unsigned char *zero = binary ? NULL : memchr(report, 0, len);

	if (zero)
		len = (size_t)(zero - report);
	len = text_of(out, report, len, binary);
	if (len > 0 && len < QX_BRIDGE_REPORT && out[len - 1] != '\r')
		out[len++] = '\r';
	return len;
}

/* How many letters, then the letters. */
static size_t
pack_counted(unsigned char *report, const char *text, size_t len)
{
	len = least(len, 7);
	report[0] = (unsigned char)len;
	memcpy(report + 1, text, len);
	return len;
}

static size_t
unpack_counted(char *out, const unsigned char *report, size_t len, size_t got, bool binary)
{
	return len < 2 ? 0 : text_of(out, report + 1, least(least(report[0], 7), len - 1), binary);
}

static size_t
pack_richcomm(unsigned char *report, const char *text, size_t len)
{
	len = least(len, 3);
	report[0] = (unsigned char)(0xa0 + len);
	memcpy(report + 1, text, len);
	return len;
}

#define STATUS_BITS_AT 38

/* A zero among the status bits is a 0; one in front means that the UPS is off; any other is left,
 * and spoils the answer. */
static size_t
unpack_richcomm(char *out, const unsigned char *report, size_t len, size_t got, bool binary)
{
	size_t count = len < 2 ? 0 : least(report[0] & 0x0f, len - 1);

	if (count > 0 && report[1] == 0 && got == 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		out[i] = (char)report[1 + i];
		if (out[i] == '\0' && got + i >= STATUS_BITS_AT)
			out[i] = '0';
		if (out[i] == '\r')
			return i + 1;
	}
	return count;
}

/* What this bridge passes to the UPS nobody answers. */
static bool
takes_richcomm(const char *text)
{
	static const char *const none[] = { "QGS\r", "QS\r", "QPI\r", "M\r", "D\r", NULL };

	for (size_t i = 0; none[i]; i++)
		if (strcmp(none[i], text) == 0)
			return false;
	return true;
}

/* S<n>R<m>, m not 0: only S<n>, which comes back with the mains, fits. */
static size_t
fuji_letters(const char *text)
{
	size_t len = strcspn(text, "\r");

	return text[0] == 'S' && len == 8 && text[3] == 'R' && strcmp(text + 4, "0000\r") != 0
		   ? 3
		   : len;
}

static bool
takes_fuji(const char *text)
{
	return fuji_letters(text) <= 3;
}

/* 80 06, letters and one, 03, the letters, and how long the answer will be. */
static size_t
pack_fuji(unsigned char *report, const char *text, size_t len)
{
	static const struct {
		const char *question;
		unsigned char answer_len;
	} answers[] = { { "Q1\r", 47 }, { "F\r", 22 }, { "I\r", 39 } };
	size_t letters = fuji_letters(text);

	report[0] = 0x80;
	report[1] = 0x06;
	report[2] = (unsigned char)(letters + 1);
	report[3] = 0x03;
	memcpy(report + 4, text, letters);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (strcmp(answers[i].question, text) == 0)
			report[7] = answers[i].answer_len;
	return len;
}

static size_t
pack_bare(unsigned char *report, const char *text, size_t len)
{
	memcpy(report, text, len);
	return len;
}

/* 05 00, how many letters, then they. */
static size_t
pack_ablerex(unsigned char *report, const char *text, size_t len)
{
	len = least(len, 44);
	report[0] = 0x05;
	report[2] = (unsigned char)len;
	memcpy(report + 3, text, len);
	return len;
}

/* ---- by strings ---- */

struct string_row {
	const char *text; /* last row: NULL */
	int string;
	char first;
};

static int
look_up(const struct string_row *rows, const char *text, char *first)
{
	for (; rows->text; rows++)
		if (strcmp(rows->text, text) == 0) {
			*first = rows->first;
			return rows->string;
		}
	return -1;
}

static int
find_krauler(const char *text, char *first)
{
	static const struct string_row rows[] = { { "Q1\r", 0x03, '(' }, { "F\r", 0x0d, '#' },
		{ "I\r", 0x0c, '#' }, { "T\r", 0x04, '\r' }, { "TL\r", 0x05, '\r' },
		{ "Q\r", 0x07, '\r' }, { "C\r", 0x0b, '\r' }, { "CT\r", 0x0b, '\r' },
		{ NULL, 0, 0 } };

	return look_up(rows, text, first);
}

static int
find_snr(const char *text, char *first)
{
	static const struct string_row rows[] = { { "Q1\r", 0x03, '(' }, { "F\r", 0x0d, '#' },
		{ "I\r", 0x0c, '#' }, { NULL, 0, 0 } };

	return look_up(rows, text, first);
}

/* S<n>[R<mmmm>]: sixteens count the delays that there are, .5 to .9 and 1 to 10 minutes, from one
 * on; 8 more to come back with the mains.  A shorter delay becomes the shortest. */
static int
fabula_shutdown(const char *text)
{
	bool back = text[3] != 'R' || strcmp(text + 4, "0000\r") != 0;
	int number = text[1] == '.' ? text[2] - '0' : 10 * (text[1] - '0') + text[2] - '0';
	int step = text[1] == '.' ? (number < 5 ? 0 : number - 5) : number < 1 ? 0 : number + 4;

	return 16 * (step > 14 ? 15 : step + 1) + (back ? 8 : 0);
}

static int
find_fabula(const char *text, char *first)
{
	static const struct string_row rows[] = { { "Q1\r", 0x03, 0 }, { "F\r", 0x0d, 0 },
		{ "I\r", 0x0c, 0 }, { "Q\r", 0x07, '\r' }, { "C\r", 0x0a, '\r' }, { NULL, 0, 0 } };

	if (text[0] != 'S' || strlen(text) < 4)
		return look_up(rows, text, first);
	*first = '\r';
	return fabula_shutdown(text);
}

/* ---- the table ---- */

enum {
	CYPRESS,
	PHOENIX,
	IPPON,
	SGS,
	ARMAC,
	FUJI,
	KRAULER,
	SNR,
	FABULA,
	HUNNOX,
	PHOENIXTEC,
	ABLEREX
};

const struct qx_bridge qx_bridges[] = { [CYPRESS] = { .name = "cypress",
					    .value = 0x0200,
					    .write_len = 8,
					    .read_len = 8,
					    .pack = pack_plain,
					    .unpack = unpack_plain },
	/* What it still has of an answer before comes when nothing is asked, and is dropped. */
	[PHOENIX] = { .name = "phoenix",
	    .value = 0x0200,
	    .write_len = 8,
	    .read_len = 8,
	    .pack = pack_plain,
	    .unpack = unpack_plain },
	[IPPON] = { .name = "ippon",
	    .value = 0x0002,
	    .write_len = 8,
	    .read_len = 64,
	    .pack = pack_plain,
	    .unpack = unpack_whole },
	[SGS] = { .name = "sgs",
	    .value = 0x0200,
	    .write_len = 8,
	    .read_len = 8,
	    .pack = pack_counted,
	    .unpack = unpack_counted },
	/* One packet, whether its endpoint has six bytes or eight: each has its own count. */
	[ARMAC] = { .name = "armac",
	    .value = 0x0200,
	    .write_len = 4,
	    .read_len = 6,
	    .pack = pack_richcomm,
	    .unpack = unpack_richcomm,
	    .takes = takes_richcomm },
	[FUJI] = { .name = "fuji",
	    .write_len = 8,
	    .read_len = 8,
	    .pack = pack_fuji,
	    .unpack = unpack_plain,
	    .takes = takes_fuji,
	    .returns_at_once = true },
	[KRAULER] = { .name = "krauler", .find_string = find_krauler, .string_len = 255 },
	[SNR] = { .name = "snr",
	    .find_string = find_snr,
	    .string_len = 102,
	    .language = 0x0409,
	    .read_len = 102 },
	[FABULA] = { .name = "fabula",
	    .find_string = find_fabula,
	    .string_len = 255,
	    .off_min_s = 30,
	    .returns_at_once = true },
	[HUNNOX] = { .name = "hunnox",
	    .find_string = find_fabula,
	    .string_len = 102,
	    .language = 0x0409,
	    .lockstep = true,
	    .off_min_s = 30,
	    .returns_at_once = true },
	[PHOENIXTEC] = { .name = "phoenixtec",
	    .request = 0x0d,
	    .write_len = QX_BRIDGE_REPORT,
	    .read_len = 8,
	    .pack = pack_bare,
	    .unpack = unpack_plain },
	[ABLEREX] = { .name = "ablerex",
	    .value = 0x0305,
	    .write_len = 47,
	    .fetched = true,
	    .pack = pack_ablerex,
	    .unpack = unpack_plain,
	    .rival = &qx_bridges[KRAULER] },
	{ .name = NULL } };

const struct usb_known qx_known[] = {
	{ 0x0001, 0x0000, &qx_bridges[KRAULER] }, /* a number that is nobody's: see by_name */
	{ 0x0483, 0x0035, &qx_bridges[SGS] },	  /* TS Shara */
	{ 0x05b8, 0x0000, &qx_bridges[CYPRESS] }, /* Agiler */
	{ 0x0665, 0x5161, &qx_bridges[CYPRESS] }, /* Belkin F6C1200-UNV, Voltronic Power */
	{ 0x06da, 0x0002, &qx_bridges[CYPRESS] }, /* Online Yunto YQ450; see by_name */
	{ 0x06da, 0x0003, &qx_bridges[IPPON] },	  /* Mustek PowerMust */
	{ 0x06da, 0x0004, &qx_bridges[CYPRESS] }, /* Phoenixtec Innova 3/1 T */
	{ 0x06da, 0x0005, &qx_bridges[CYPRESS] }, /* Phoenixtec Innova RT */
	{ 0x06da, 0x0201, &qx_bridges[CYPRESS] }, /* Phoenixtec Innova T */
	{ 0x06da, 0x0601, &qx_bridges[PHOENIX] }, /* Online Zinto A */
	{ 0x0925, 0x1234, &qx_bridges[ARMAC] },	  /* Armac, and others by Richcomm */
	{ 0x0f03, 0x0001, &qx_bridges[CYPRESS] }, /* Unitek Alpha 1200Sx */
	{ 0x14f0, 0x00c9, &qx_bridges[PHOENIX] }, /* GE EP */
	{ 0x1cb0, 0x0035, &qx_bridges[KRAULER] }, /* Legrand Daker DK */
	{ 0xffff, 0x0000, &qx_bridges[ABLEREX] }, /* Ablerex; older ones are kraulers */
	{ 0, 0, NULL },
};

/* One number, several bridges: what they call themselves.  NULL: anything. */
static const struct {
	uint16_t vendor, product;
	const char *manufacturer, *name;
	const struct qx_bridge *bridge;
} by_name[] = {
	{ 0x0001, 0x0000, "MEC", "MEC0003", &qx_bridges[FABULA] },
	{ 0x0001, 0x0000, NULL, "MEC0003", &qx_bridges[HUNNOX] },
	{ 0x0001, 0x0000, "ATCL FOR UPS", "ATCL FOR UPS", &qx_bridges[FUJI] },
	{ 0x06da, 0x0002, "Phoenixtec Power", "USB Cable (V2.00)", &qx_bridges[PHOENIXTEC] },
};

const struct qx_bridge *
qx_bridge_find(const char *name)
{
	for (const struct qx_bridge *bridge = qx_bridges; bridge->name; bridge++)
		if (strcasecmp(bridge->name, name) == 0)
			return bridge;
	return NULL;
}

const struct qx_bridge *
qx_bridge_of(const struct usb_about *about)
{
	for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		if (by_name[i].vendor == about->vendor && by_name[i].product == about->product &&
		    (!by_name[i].manufacturer ||
			!strcasecmp(by_name[i].manufacturer, about->strings[USB_MANUFACTURER])) &&
		    !strcasecmp(by_name[i].name, about->strings[USB_PRODUCT]))
			return by_name[i].bridge;
	return about->known ? about->known->what : NULL;
}
