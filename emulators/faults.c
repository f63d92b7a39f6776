#include "emulators/faults.h"

#include "base/conffile.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct passing {
	struct emu_spoilt *out;
	const char *question, *refused;
	char end;
	long amount;
};

struct row {
	const char *name;
	long least, most, usual; /* the amount; most 0: takes none */
	void (*spoil)(struct passing *p);
	const char *help;
	bool bus; /* of the bus, not of what is said over it */
};

static char *
text_of(struct passing *p, size_t *len)
{
	*len = buf_len(&p->out->bytes);
	if (*len && p->end && buf_bytes(&p->out->bytes)[*len - 1] == p->end)
		--*len;
	return *len ? p->out->bytes.bytes + p->out->bytes.start : NULL;
}

static void
replace(struct passing *p, const char *text, size_t len)
{
	buf_take(&p->out->bytes, buf_len(&p->out->bytes));
	buf_add(&p->out->bytes, text, len);
	if (p->end)
		buf_add(&p->out->bytes, &p->end, 1);
}

/* Where word N (from 0) of a line stands; the answer's first character counts as part of it. */
static bool
find_field(const char *text, size_t len, size_t n, size_t *from, size_t *to)
{
	size_t at = 0;

	for (;; n--) {
		while (at < len && text[at] == ' ')
			at++;
		if (at == len)
			return false;
		*from = at;
		while (at < len && text[at] != ' ')
			at++;
		*to = at;
		if (n == 0)
			return true;
	}
}

static size_t
count_fields(const char *text, size_t len)
{
	size_t n = 0, from, to;

	while (find_field(text, len, n, &from, &to))
		n++;
	return n;
}

static void
mute(struct passing *p)
{
	p->out->lost = true;
}

static void
unplug(struct passing *p)
{
	p->out->unplug = p->out->lost = true;
}

static void
stall(struct passing *p)
{
	p->out->stall = true;
}

static void
broken(struct passing *p)
{
	p->out->broken = true;
}

/* The id in front is another report's. */
static void
wrong_id(struct passing *p)
{
	size_t len;
	char *bytes = text_of(p, &len);

	if (bytes)
		bytes[0] = (char)(bytes[0] + 1);
}

static void
echo(struct passing *p)
{
	replace(p, p->question, strlen(p->question));
}

static void
nak(struct passing *p)
{
	replace(p, p->refused, strlen(p->refused));
}

static void
dash_field(char *text, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (isdigit((unsigned char)text[i]))
			text[i] = '-';
}

/* "(---.- 195.0 226.0 014 49.0 27.5 --.- 00001001": the first field and the last number. */
static void
dashes(struct passing *p)
{
	size_t len, from, to;
	char *text = text_of(p, &len);
	size_t fields = text ? count_fields(text, len) : 0;

	if (fields < 3)
		return;
	if (find_field(text, len, 0, &from, &to))
		dash_field(text, from, to);
	if (find_field(text, len, fields - 2, &from, &to))
		dash_field(text, from, to);
}

/* A letter among the status bits, in the middle of the last field; where that is a byte, not a row
 * of bits, any letter is one of its values, and right. */
static void
badbits(struct passing *p)
{
	size_t len, from, to;
	char *text = text_of(p, &len);
	size_t fields = text ? count_fields(text, len) : 0;

	if (fields && find_field(text, len, fields - 1, &from, &to) && to - from > 2)
		text[from + (to - from) / 2] = 'A';
}

static void
extra(struct passing *p)
{
	size_t len;
	const char *text = text_of(p, &len);
	char longer[1024];

	if (!text || len > sizeof(longer) - 32)
		return;
	int n = snprintf(longer, sizeof(longer), "%.*s 123 456 789", (int)len, text);

	replace(p, longer, (size_t)n);
}

/* Noise on the line, the same each time: every few characters one that never is in an answer. */
static void
garble(struct passing *p)
{
	static const char noise[] = "#;%,$'?&";
	size_t len;
	char *text = text_of(p, &len);

	for (size_t i = 0; text && i < (size_t)p->amount; i++)
		text[(i * 7 + 3) % len] = noise[i % (sizeof(noise) - 1)];
}

static void
truncate_it(struct passing *p)
{
	size_t len;
	const char *text = text_of(p, &len);
	char shorter[1024];

	if (!text || len <= (size_t)p->amount || p->amount >= (long)sizeof(shorter))
		return;
	memcpy(shorter, text, (size_t)p->amount);
	replace(p, shorter, (size_t)p->amount);
}

static void
nul(struct passing *p)
{
	size_t len = buf_len(&p->out->bytes);
	char longer[1024];

	if (len >= sizeof(longer))
		return;
	longer[0] = '\0';
	if (len)
		memcpy(longer + 1, buf_bytes(&p->out->bytes), len);
	buf_take(&p->out->bytes, len);
	buf_add(&p->out->bytes, longer, len + 1);
}

static void
nocr(struct passing *p)
{
	size_t len;

	text_of(p, &len);
	p->out->bytes.end = p->out->bytes.start + len;
}

static void
delay(struct passing *p)
{
	p->out->delay_ms += p->amount;
}

static void
slow(struct passing *p)
{
	p->out->byte_ms = p->amount;
}

/* In the order in which they act on one answer. */
static const struct row rows[] = {
	{ "mute", 0, 0, 0, mute, "says nothing", false },
	{ "unplug", 0, 0, 0, unplug, "the cable is pulled out; \"replug\" puts it back", true },
	{ "stall", 0, 0, 0, stall, "USB: refuses the request", true },
	{ "io", 0, 0, 0, broken, "USB: the transfer fails on its way", true },
	{ "wrongid", 0, 0, 0, wrong_id, "USB: the id of another report in front", true },
	{ "echo", 0, 0, 0, echo, "sends the question back", false },
	{ "nak", 0, 0, 0, nak, "refuses, in the device's words", false },
	{ "dashes", 0, 0, 0, dashes, "dashes where two numbers should be", false },
	{ "badbits", 0, 0, 0, badbits, "a letter among the status bits", false },
	{ "extra", 0, 0, 0, extra, "three numbers too many behind the last field", false },
	{ "garble", 1, 200, 3, garble, "N characters turned into noise", false },
	{ "truncate", 0, 500, 18, truncate_it, "only the first N characters, then the end", false },
	{ "nul", 0, 0, 0, nul, "a zero byte in front", false },
	{ "nocr", 0, 0, 0, nocr, "the end of the line is missing", false },
	{ "delay", 1, 600000, 1600, delay, "N ms late", false },
	{ "slow", 1, 1000, 4, slow, "N ms between two bytes", false },
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS <= EMU_FAULT_KINDS, "a fault more than there is room for");

static const char *
read_tail(struct emu_fault *fault, const struct words *words, size_t at)
{
	static const char usage[] = "write: after ANSWERS, for ANSWERS, or: only QUESTION";

	for (; at < words->len; at += 2) {
		if (at + 1 == words->len)
			return usage;
		if (!strcmp(words->word[at], "for")) {
			if (!conffile_number(words->word[at + 1], 1, 1000000, &fault->left))
				return "\"for\" wants a number of answers";
		} else if (!strcmp(words->word[at], "after")) {
			if (!conffile_number(words->word[at + 1], 0, 1000000, &fault->wait))
				return "\"after\" wants a number of answers";
		} else if (!strcmp(words->word[at], "only")) {
			if (strlen(words->word[at + 1]) >= sizeof(fault->only))
				return "that question is too long";
			strcpy(fault->only, words->word[at + 1]);
		} else {
			return usage;
		}
	}
	return NULL;
}

static const char *
read_fault(struct emu_fault *fault, const struct row *row, const struct words *words)
{
	size_t at = 1;

	*fault = (struct emu_fault){ .on = true, .amount = row->usual, .left = -1 };
	if (at < words->len && isdigit((unsigned char)words->word[at][0])) {
		/* "mute 3" is "mute for 3". */
		long *number = row->most ? &fault->amount : &fault->left;
		long least = row->most ? row->least : 1, most = row->most ? row->most : 1000000;

		if (!conffile_number(words->word[at], least, most, number))
			return "that number is out of range";
		at++;
	}
	return read_tail(fault, words, at);
}

int
emu_fault_set(struct emu_faults *faults, const struct words *words, const char **why)
{
	for (size_t i = 0; i < ROWS; i++) {
		struct emu_fault fault;

		if (strcmp(words->word[0], rows[i].name))
			continue;
		if (words->len == 2 && !strcmp(words->word[1], "off")) {
			faults->fault[i].on = false;
			return 1;
		}
		*why = read_fault(&fault, &rows[i], words);
		if (*why)
			return -1;
		faults->fault[i] = fault;
		return 1;
	}
	return 0;
}

void
emu_faults_clear(struct emu_faults *faults)
{
	*faults = (struct emu_faults){ 0 };
}

void
emu_faults_show(const struct emu_faults *faults, struct buf *out)
{
	size_t shown = 0;

	for (size_t i = 0; i < ROWS; i++) {
		const struct emu_fault *fault = &faults->fault[i];

		if (!fault->on)
			continue;
		buf_add_format(out, "%s%s", shown++ ? ", " : "", rows[i].name);
		if (rows[i].most)
			buf_add_format(out, " %ld", fault->amount);
		if (fault->wait)
			buf_add_format(out, " after %ld", fault->wait);
		if (fault->left != -1)
			buf_add_format(out, " for %ld", fault->left);
		if (fault->only[0])
			buf_add_format(out, " only %s", fault->only);
	}
	if (!shown)
		buf_add_text(out, "none");
}

void
emu_faults_help(struct buf *out)
{
	for (size_t i = 0; i < ROWS; i++)
		buf_add_format(
		    out, "%s%s: %s\n", rows[i].name, rows[i].most ? " N" : "", rows[i].help);
}

void
emu_faults_pass(struct emu_faults *faults, enum emu_faults_of of, struct emu_spoilt *out,
    const char *question, const void *answer, size_t len, const char *refused, char end)
{
	struct passing passing = {
		.out = out, .question = question, .refused = refused, .end = end
	};

	*out = (struct emu_spoilt){ .bytes = { .max = 4096 } };
	buf_add(&out->bytes, answer, len);
	for (size_t i = 0; i < ROWS; i++) {
		struct emu_fault *fault = &faults->fault[i];

		if (!fault->on || (of != EMU_FAULTS_ALL && (of == EMU_FAULTS_BUS) != rows[i].bus) ||
		    (fault->only[0] && strcmp(fault->only, question)))
			continue;
		if (fault->wait > 0) {
			fault->wait--;
			continue;
		}
		if (fault->left > 0 && --fault->left == 0)
			fault->on = false;
		passing.amount = fault->amount;
		rows[i].spoil(&passing);
		if (out->lost)
			return;
	}
}
