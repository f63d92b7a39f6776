/* access - lists made of bytes, and peers: the decision must be that of a slow second reading of
 * docs/access.md, "Decision procedure".  (The files' grammar is fuzzed by upsd_conf.) */
#include "fuzz/lib/fuzz.h"

#include "upsd/access.h"

#include <stdio.h>

#define BLOCKS 10
#define RULES 14

struct block_of {
	unsigned name, bits;
	bool v6;
	uint8_t bytes[16];
};

struct rule {
	enum { GRANT, DENY, DROP, ACCEPT, REJECT } action;
	unsigned name;
	enum access_level level;
	const char *password;
};

struct lists {
	struct block_of block[BLOCKS];
	struct rule rule[RULES];
	size_t blocks, rules;
};

struct peer_of {
	bool v6;
	uint8_t bytes[16];
};

static const uint8_t *at, *end;

static unsigned
next(unsigned below)
{
	return at < end ? *at++ % below : 0;
}

/* Few different addresses, so that blocks overlap. */
static bool
next_address(uint8_t bytes[16])
{
	static const uint8_t v6[16] = { 0x20, 0x01, 0x0d, 0xb8 };
	bool is_v6 = next(4) == 0;

	memcpy(bytes, v6, 16);
	if (!is_v6)
		memcpy(bytes, "\12\0\0\0", 4);
	for (int i = is_v6 ? 14 : 2; i < (is_v6 ? 16 : 4); i++)
		bytes[i] = (uint8_t)next(3);
	return is_v6;
}

static void
address_text(char *text, size_t size, bool v6, const uint8_t *bytes)
{
	if (v6)
		snprintf(text, size, "2001:db8::%x", (unsigned)bytes[14] << 8 | bytes[15]);
	else
		snprintf(text, size, "10.0.%u.%u", bytes[2], bytes[3]);
}

/* ---- the slow reading ---- */

static bool
slow_holds(const struct lists *lists, unsigned name, const struct peer_of *peer)
{
	for (size_t i = 0; i < lists->blocks; i++) {
		const struct block_of *block = &lists->block[i];
		bool same = block->name == name && block->v6 == peer->v6;

		for (unsigned bit = 0; same && bit < block->bits; bit++)
			same = ((block->bytes[bit / 8] ^ peer->bytes[bit / 8]) >> (7 - bit % 8) &
				   1) == 0;
		if (same)
			return true;
	}
	return false;
}

/* C2, C3, C5; NULL: end of list. */
static const struct rule *
slow_first(const struct lists *lists, const struct peer_of *peer, enum access_level need)
{
	for (size_t i = 0; i < lists->rules; i++)
		if (lists->rule[i].action <= DROP && lists->rule[i].level >= need &&
		    slow_holds(lists, lists->rule[i].name, peer))
			return &lists->rule[i];
	return NULL;
}

static bool
slow_has(const struct lists *lists, bool accepts)
{
	for (size_t i = 0; i < lists->rules; i++)
		if ((lists->rule[i].action >= ACCEPT) == accepts)
			return true;
	return false;
}

/* D1, D3 */
static bool
slow_accepts(const struct lists *lists, const struct peer_of *peer)
{
	for (size_t i = 0; i < lists->rules; i++)
		if (lists->rule[i].action >= ACCEPT && slow_holds(lists, lists->rule[i].name, peer))
			return lists->rule[i].action == ACCEPT;
	return !slow_has(lists, true);
}

static enum access_answer
slow_connect(const struct lists *lists, const struct peer_of *peer, bool command)
{
	const struct rule *rule = slow_first(lists, peer, ACCESS_BASE);

	if (!slow_accepts(lists, peer))
		return command ? ACCESS_END_DENIED : ACCESS_END_SILENT;
	if (!slow_has(lists, false) || (rule && rule->action == GRANT))
		return ACCESS_PASS;
	return rule && rule->action == DROP ? ACCESS_END_SILENT : ACCESS_END_DENIED;
}

static enum access_answer
slow_command(const struct lists *lists, const struct peer_of *peer, enum access_level need,
    const struct access_shown *shown)
{
	const struct rule *rule = slow_first(lists, peer, need);
	enum access_answer first = slow_connect(lists, peer, true);
	const char *password = rule && slow_has(lists, false) ? rule->password : NULL;

	if (first != ACCESS_PASS)
		return first;
	if (slow_has(lists, false) && (!rule || rule->action != GRANT))
		return rule && rule->action == DROP ? ACCESS_SAY_NOTHING : ACCESS_SAY_DENIED;
	if (need < ACCESS_LOGIN)
		return ACCESS_PASS;
	if (shown->users && !shown->username)
		return ACCESS_SAY_USERNAME;
	if (!shown->password && (shown->users || password))
		return ACCESS_SAY_PASSWORD;
	return password && strcmp(password, shown->password) != 0 ? ACCESS_SAY_WRONG : ACCESS_PASS;
}

/* ---- lists from bytes ---- */

static void
make_lists(struct lists *lists, struct buf *text)
{
	static const char *const words[] = { "ACCESS grant", "ACCESS deny", "ACCESS drop", "ACCEPT",
		"REJECT" };
	char address[64];

	lists->blocks = 1 + next(BLOCKS);
	for (size_t i = 0; i < lists->blocks; i++) {
		struct block_of *block = &lists->block[i];

		block->name = next(3);
		block->v6 = next_address(block->bytes);
		block->bits = block->v6 ? 128 - next(20) : 32 - next(20);
		if (next(8) == 0)
			block->bits = 0;
		address_text(address, sizeof(address), block->v6, block->bytes);
		buf_add_format(text, "ACL n%u %s/%u\n", block->name, address, block->bits);
	}
	lists->rules = 1 + next(RULES);
	for (size_t i = 0; i < lists->rules; i++) {
		struct rule *rule = &lists->rule[i];

		rule->action = next(16) < 13 ? next(3) : ACCEPT + next(2);
		rule->name = lists->block[next((unsigned)lists->blocks)].name;
		rule->level = (enum access_level)next(ACCESS_ALL + 1);
		if (rule->action == GRANT && rule->level >= ACCESS_LOGIN && next(2))
			rule->password = next(2) ? "p" : "q";
		if (rule->action >= ACCEPT)
			buf_add_format(text, "%s n%u\n", words[rule->action], rule->name);
		else
			buf_add_format(text, "%s %s n%u %s\n", words[rule->action],
			    access_level_name(rule->level), rule->name,
			    rule->password ? rule->password : "");
	}
}

static struct access_list *
read_lists(const struct buf *text)
{
	static const struct access_sockets sockets = { .ipv6 = true };
	struct conffile *file = conffile_from("upsd.conf", buf_bytes(text), buf_len(text));
	struct access_list *list = access_new();
	struct faults faults = { 0 };
	struct words words;

	must(file && list, "no memory");
	while (conffile_next(file, &words, &faults))
		access_add(list, &words, "upsd.conf", conffile_line(file), &faults);
	access_finish(list, "upsd.conf", &sockets, &faults);
	must(faults.faults == 0, "%s of\n%.*s", faults_first(&faults), (int)buf_len(text),
	    buf_bytes(text));
	faults_free(&faults);
	conffile_close(file);
	return list;
}

static void
ask(const struct access_list *list, const struct lists *lists, const struct buf *text)
{
	static const char *const passwords[] = { NULL, "", "p", "q" };
	struct access_shown shown = { .users = next(2), .username = next(2) };
	enum access_answer fast, slow;
	struct access_rights rights;
	struct peer_of peer;
	struct addr addr;
	char host[64];

	shown.password = passwords[next(4)];
	peer.v6 = next_address(peer.bytes);
	address_text(host, sizeof(host), peer.v6, peer.bytes);
	must(addr_parse(&addr, host, 1), "%s", host);
	access_walk(list, &addr, &rights);
	fast = access_connect(list, &rights);
	slow = slow_connect(lists, &peer, false);
	must(fast == slow, "%d, not %d, when %s comes to\n%.*s", fast, slow, host,
	    (int)buf_len(text), buf_bytes(text));
	for (enum access_level level = ACCESS_BASE; level < ACCESS_LEVELS; level++) {
		fast = access_command(list, &rights, level, &shown);
		slow = slow_command(lists, &peer, level, &shown);
		must(fast == slow, "%d, not %d, when %s asks level %d of\n%.*s", fast, slow, host,
		    level, (int)buf_len(text), buf_bytes(text));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lists lists = { 0 };
	struct access_list *list;
	struct buf text = { 0 };

	at = data;
	end = data + size;
	make_lists(&lists, &text);
	list = read_lists(&text);
	do
		ask(list, &lists, &text);
	while (at < end);
	access_free(list);
	buf_free(&text);
	return 0;
}
