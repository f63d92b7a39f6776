/* hidkind.c - what a HID device is, by its report descriptor: docs/devices/hid.md. */
#include "drivers/proto/hid.h"

#define MAIN_COLLECTION 0xa0
#define MAIN_END 0xc0
#define GLOBAL_PAGE 0x04
#define LOCAL_USAGE 0x08
#define LONG_ITEM 0xfe
#define APPLICATION 1

static bool
is_power_page(uint32_t page)
{
	return page == 0x84 || page == 0x85;
}

bool
hid_is_power_device(const void *descriptor, size_t len)
{
	const uint8_t *bytes = descriptor;
	uint32_t page = 0, usage_page = 0;
	size_t depth = 0, at = 0;

	while (at < len) {
		uint8_t prefix = bytes[at++];
		size_t size = (prefix & 3) == 3 ? 4 : prefix & 3;
		uint32_t value = 0;

		if (prefix == LONG_ITEM) {
			size = len - at >= 2 ? bytes[at] + 2u : len;
			at = size < len - at ? at + size : len;
			continue;
		}
		if (size > len - at)
			return false;
		for (size_t i = 0; i < size; i++)
			value |= (uint32_t)bytes[at + i] << 8 * i;
		at += size;
		switch (prefix & 0xfc) {
		case GLOBAL_PAGE:
			page = value;
			break;
		case LOCAL_USAGE:
			usage_page = size == 4 ? value >> 16 : page;
			break;
		case MAIN_COLLECTION:
			if (depth++ == 0 && value == APPLICATION && is_power_page(usage_page))
				return true;
			usage_page = 0;
			break;
		case MAIN_END:
			depth -= depth > 0;
			break;
		}
	}
	return false;
}
