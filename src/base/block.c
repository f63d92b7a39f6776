#include "base/block.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

/* Decimal without sign or leading zero, 0..MAX; the text must end there. */
static bool
parse_bits(const char *text, unsigned max, unsigned *out)
{
	unsigned value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (unsigned)(*text - '0');
		if (value > max)
			return false;
	}
	*out = value;
	return true;
}

/* Four octets, no leading zeros: inet_pton(3) is as strict as A3 asks. */
static bool
parse_v4(const char *text, unsigned char out[4])
{
	return inet_pton(AF_INET, text, out) == 1;
}

static bool
parse_v4_mask(const char *text, unsigned *bits)
{
	unsigned char octet[4];
	unsigned mask;

	if (parse_bits(text, 32, bits))
		return true;
	if (!parse_v4(text, octet))
		return false;
	mask = (unsigned)octet[0] << 24 | (unsigned)octet[1] << 16 | (unsigned)octet[2] << 8 |
	       octet[3];
	if (~mask & (~mask + 1u)) /* ones, then zeros */
		return false;
	for (*bits = 0; mask; mask <<= 1)
		++*bits;
	return true;
}

/* Clear what lies behind the first BITS; was anything set there? */
static bool
clear_host_bits(unsigned char *prefix, unsigned bits, unsigned all_bits)
{
	bool any = false;

	for (unsigned i = bits; i < all_bits; i++) {
		unsigned char bit = (unsigned char)(0x80u >> (i % 8));

		any = any || (prefix[i / 8] & bit);
		prefix[i / 8] &= (unsigned char)~bit;
	}
	return any;
}

const char *
block_parse(struct block *out, const char *text, bool *host_bits)
{
	struct block block = { 0 };
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');

	if (!slash)
		return "not an address block: the mask is missing; write net/bits or net/n.n.n.n";
	if ((size_t)(slash - text) >= sizeof(address))
		return "not an address block: the address is too long";
	memcpy(address, text, (size_t)(slash - text));
	address[slash - text] = '\0';

	if (parse_v4(address, block.prefix)) {
		block.family = AF_INET;
		if (!parse_v4_mask(slash + 1, &block.bits))
			return "not a mask: write 0 to 32, or n.n.n.n with ones and then zeros";
	} else if (inet_pton(AF_INET6, address, block.prefix) == 1) {
		block.family = AF_INET6;
		if (!parse_bits(slash + 1, 128, &block.bits))
			return "not a mask for IPv6: write 0 to 128";
	} else {
		return "not an address block: a plain numeric address is needed before the /";
	}
	if (block.family == AF_INET6 && !memcmp(block.prefix, mapped, sizeof(mapped))) {
		if (block.bits < 96)
			return "a block of mapped IPv4 addresses needs at least /96";
		block.family = AF_INET;
		block.bits -= 96;
		memmove(block.prefix, block.prefix + 12, 4);
		memset(block.prefix + 4, 0, 12);
	}
	*host_bits = clear_host_bits(block.prefix, block.bits, block.family == AF_INET ? 32 : 128);
	*out = block;
	return NULL;
}

static bool
same_prefix(const unsigned char *a, const unsigned char *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole))
		return false;
	return !rest || !((a[whole] ^ b[whole]) >> (8 - rest));
}

bool
block_of(struct block *out, const struct addr *addr)
{
	*out = (struct block){ .family = addr->any.sa_family };
	if (out->family == AF_INET)
		memcpy(out->prefix, &addr->v4.sin_addr, 4);
	else if (out->family == AF_INET6)
		memcpy(out->prefix, &addr->v6.sin6_addr, 16);
	out->bits = out->family == AF_INET ? 32 : 128;
	return out->family == AF_INET || out->family == AF_INET6;
}

int
block_compare(const void *a, const void *b)
{
	const struct block *left = a, *right = b;
	int order = left->family - right->family;

	if (!order)
		order = memcmp(left->prefix, right->prefix, sizeof(left->prefix));
	return order ? order : (int)left->bits - (int)right->bits;
}

bool
block_covers(const struct block *outer, const struct block *inner)
{
	return outer->family == inner->family && outer->bits <= inner->bits &&
	       same_prefix(outer->prefix, inner->prefix, outer->bits);
}

const char *
block_text(const struct block *block, char text[BLOCK_TEXT_MAX])
{
	char address[INET6_ADDRSTRLEN] = "?";

	inet_ntop(block->family, block->prefix, address, sizeof(address));
	snprintf(text, BLOCK_TEXT_MAX, "%s/%u", address, block->bits);
	return text;
}
