#include "emulators/transports/gadget_descriptors.h"

#include <linux/usb/functionfs.h>
#include <string.h>

#define ENGLISH 0x0409
#define CONFIGURATION_LEN 9 /* is the kernel's: what stands behind it is ours */
#define INTERFACE_STRING 8  /* where in the interface's descriptor */
#define ENDPOINT 5	    /* bDescriptorType */
#define INTERVAL 6	    /* where in an endpoint's */
#define EIGHT_MS 7	    /* 2^(7-1) microframes, where full speed counts milliseconds */

static void
add_word(struct buf *out, size_t word)
{
	const unsigned char bytes[4] = { (unsigned char)word, (unsigned char)(word >> 8),
		(unsigned char)(word >> 16), (unsigned char)(word >> 24) };

	buf_add(out, bytes, sizeof(bytes));
}

/* Of manufacturer, product and serial number the kernel makes strings 1, 2 and 3, and numbers ours
 * from here: the same numbers as in nearly all device files. */
static unsigned
first_string(const struct emu_usb *usb)
{
	return usb->manufacturer || usb->name || usb->serial ? 4 : 1;
}

/* How many there are from the first one on; those between that the device lacks are empty. */
static unsigned
count_strings(const struct emu_usb *usb)
{
	unsigned first = first_string(usb), last = EMU_USB_STRINGS - 1;

	while (last >= first && !usb->strings[last][0])
		last--;
	return last + 1 - first;
}

/* FunctionFS takes a descriptor for each it is told, and as many strings as the highest index in
 * them: so the interface is named by our last one. */
static size_t
describe(const struct emu_usb *usb, unsigned char bytes[EMU_USB_CONFIG_MAX], bool high_speed)
{
	size_t len = emu_usb_config(usb, bytes) - CONFIGURATION_LEN;

	memmove(bytes, bytes + CONFIGURATION_LEN, len);
	bytes[INTERFACE_STRING] = (unsigned char)count_strings(usb);
	for (size_t at = 0; high_speed && at < len; at += bytes[at])
		if (bytes[at + 1] == ENDPOINT)
			bytes[at + INTERVAL] = EIGHT_MS;
	return len;
}

static size_t
count_descriptors(const unsigned char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len; at += bytes[at])
		n++;
	return n;
}

bool
emu_gadget_descriptors(const struct emu_usb *usb, struct buf *out)
{
	unsigned char full[EMU_USB_CONFIG_MAX], high[EMU_USB_CONFIG_MAX];
	size_t len = describe(usb, full, false), n = count_descriptors(full, len);

	describe(usb, high, true);
	add_word(out, FUNCTIONFS_DESCRIPTORS_MAGIC_V2);
	add_word(out, 5 * 4 + 2 * len);
	add_word(out, FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC | FUNCTIONFS_ALL_CTRL_RECIP);
	add_word(out, n);
	add_word(out, n);
	buf_add(out, full, len);
	return buf_add(out, high, len);
}

bool
emu_gadget_strings(const struct emu_usb *usb, struct buf *out)
{
	const char language[] = { ENGLISH & 0xff, ENGLISH >> 8 };
	unsigned first = first_string(usb), n = count_strings(usb);
	size_t len = 4 * 4 + (n ? sizeof(language) : 0);

	for (unsigned i = first; i < first + n; i++)
		len += strlen(usb->strings[i]) + 1;
	add_word(out, FUNCTIONFS_STRINGS_MAGIC);
	add_word(out, len);
	add_word(out, n);
	add_word(out, n ? 1 : 0);
	if (n)
		buf_add(out, language, sizeof(language));
	for (unsigned i = first; i < first + n; i++)
		buf_add(out, usb->strings[i], strlen(usb->strings[i]) + 1);
	return !out->failed;
}
