/* texts - short texts from files, arguments and the wire: addresses, blocks, ports, "ups@host",
 * statuses, formats of upslog, hashes, durations.  What is taken is written so that it is taken for
 * the same again. */
#include "fuzz/lib/fuzz.h"

#include "base/block.h"
#include "base/hash.h"
#include "client/logformat.h"
#include "emulators/scenario.h"
#include "ups/netmsg.h"
#include "ups/status.h"
#include "upsmon/notify.h"

static void
take_addresses(const char *text)
{
	struct block block = { 0 }, again = { 0 };
	char written[ADDR_TEXT_MAX], again_written[ADDR_TEXT_MAX], block_written[BLOCK_TEXT_MAX];
	struct addr addr, same;
	struct ups_at at;
	bool host_bits;
	uint16_t port;

	if (addr_parse(&addr, text, 3493)) {
		must(addr_parse(&same, addr_host(&addr, written), 3493), "%s is no address",
		    written);
		must(strcmp(addr_host(&same, again_written), written) == 0, "%s is not %s", written,
		    again_written);
		addr_unmap(&addr);
		if (block_of(&block, &addr))
			must(block_covers(&block, &block), "%s is not in itself", text);
	}
	if (!block_parse(&block, text, &host_bits)) {
		const char *why =
		    block_parse(&again, block_text(&block, block_written), &host_bits);

		must(!why && !host_bits, "%s: %s", block_written, why ? why : "host bits");
		must(!block_compare(&block, &again), "%s is not %s", block_written, text);
		must(block_covers(&block, &again), "%s", text);
	}
	if (addr_port_parse(text, &port))
		must(port > 0, "port 0");
	if (!addr_ups_at(&at, text, true, 3493))
		must(*at.ups && *at.host && at.port, "%s", text);
	if (!addr_ups_at(&at, text, false, 3493))
		must(*at.host && at.port, "%s", text);
}

static void
take_words(const char *text)
{
	uint32_t bits = status_parse(text) & ~(uint32_t)STATUS_OTHER;
	struct buf out = { 0 };
	enum notify_type type;
	unsigned flags;

	must(status_format(&out, bits) && buf_add(&out, "", 1), "no memory");
	must(status_parse(buf_bytes(&out)) == bits, "%s is not %s", buf_bytes(&out), text);
	buf_free(&out);
	(void)hash_look(text);
	(void)net_error_parse(text);
	if (notify_type_parse(text, &type))
		must(!strcasecmp(notify_name(type), text), "%s", text);
	if (notify_flags_parse(text, &flags))
		must(flags < 8, "%u", flags);
	must(notify_format(&out, text, "u@h", "x"), "no memory");
	buf_free(&out);
	must(emu_duration_ms(text) >= -1, "%lld ms", (long long)emu_duration_ms(text));
}

static void
take_format(const char *text)
{
	static const struct logformat_facts facts = {
		.now = 1767225600, .host = "h", .upshost = "u@h"
	};
	char *values[LOGFORMAT_PARTS_MAX] = { NULL };
	struct logformat format;
	struct buf out = { .max = 16 << 20 };
	const char *why;
	size_t count;

	fuzz_scarce(0, false);
	why = logformat_parse(&format, text);
	count = fuzz_plenty();
	if (!why) {
		must(format.len <= LOGFORMAT_PARTS_MAX, "%zu parts", format.len);
		must(logformat_write(&out, &format, &facts, values), "too long");
		must(buf_bytes(&out)[buf_len(&out) - 1] == '\n', "half a line");
	} else {
		must(format.len == 0, "parts in spite of a fault");
	}
	logformat_free(&format);
	buf_free(&out);
	fuzz_scarce_by(text, strlen(text), count);
	why = logformat_parse(&format, text);
	(void)fuzz_plenty();
	must(why || !count, "without memory it is taken");
	logformat_free(&format);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	take_addresses(text);
	take_words(text);
	take_format(text);
	free(text);
	return 0;
}
