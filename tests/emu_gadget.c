/* emulators/transports/gadget_descriptors.c: what FunctionFS is told, held against
 * linux/usb/functionfs.h byte by byte; and aio.c on files.  The rest wants a kernel with USB:
 * ci/gadget-vm. */
#include "emulators/transports/gadget_descriptors.h"

#include "emulators/transports/aio.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct emu_usb usb;

/* A device with all that matters here. */
static const struct emu_usb *
device(unsigned out_endpoint)
{
	usb = (struct emu_usb){ .packet = 8,
		.out_endpoint = out_endpoint,
		.manufacturer = 3,
		.name = 1,
		.report_descriptor_len = 0x0123 };
	return &usb;
}

static void
expect(struct buf *made, const void *bytes, size_t len)
{
	const unsigned char *wanted = bytes, *got = (const unsigned char *)buf_bytes(made);

	cr_expect_eq(buf_len(made), len, "%zu bytes, not %zu", buf_len(made), len);
	for (size_t i = 0; i < len && i < buf_len(made); i++)
		cr_expect_eq(got[i], wanted[i], "byte %zu: %02x, not %02x", i, got[i], wanted[i]);
	buf_free(made);
}

Test(emu_gadget, descriptors_are_those_behind_the_configuration_at_two_speeds)
{
	struct buf out = { 0 };
	const unsigned char wanted[] = {
		3, 0, 0, 0, 5 * 4 + 2 * 32, 0, 0, 0, 0x43, 0, 0, 0, /* FS, HS, ALL_CTRL_RECIP */
		4, 0, 0, 0, 4, 0, 0, 0,				    /* of each */
		9, 4, 0, 0, 2, 3, 0, 0, 0,			    /* full speed */
		9, 0x21, 0x10, 0x01, 0, 1, 0x22, 0x23, 0x01,	    /* HID */
		7, 5, 0x81, 3, 8, 0, 10,			    /* 10 ms */
		7, 5, 0x02, 3, 8, 0, 10,			    /* to the device */
		9, 4, 0, 0, 2, 3, 0, 0, 0,			    /* high speed */
		9, 0x21, 0x10, 0x01, 0, 1, 0x22, 0x23, 0x01,	    /* the same */
		7, 5, 0x81, 3, 8, 0, 7,				    /* 2^6 of 125 us */
		7, 5, 0x02, 3, 8, 0, 7,				    /* and back */
	};

	cr_assert(emu_gadget_descriptors(device(2), &out));
	expect(&out, wanted, sizeof(wanted));
}

Test(emu_gadget, one_endpoint_fewer_without_one_to_the_device)
{
	struct buf out = { 0 };

	cr_assert(emu_gadget_descriptors(device(0), &out));
	cr_expect_eq(buf_len(&out), 5 * 4 + 2 * 25);
	cr_expect_eq(buf_bytes(&out)[12], 3, "descriptors");
	cr_expect_eq(buf_bytes(&out)[20 + 4], 1, "endpoints of the interface");
	buf_free(&out);
}

/* The kernel has 1, 2 and 3; FunctionFS takes as many as an index in its descriptors says. */
Test(emu_gadget, strings_from_the_fourth_on_keep_their_numbers)
{
	struct buf strings = { 0 }, descriptors = { 0 };
	const char wanted[] = "\2\0\0\0\33\0\0\0\3\0\0\0\1\0\0\0\11\4PbAc\0\0vi\0";

	device(0);
	strcpy(usb.strings[1], "never told here");
	strcpy(usb.strings[4], "PbAc");
	strcpy(usb.strings[6], "vi");
	cr_assert(emu_gadget_strings(&usb, &strings));
	cr_assert(emu_gadget_descriptors(&usb, &descriptors));
	cr_expect_eq(buf_bytes(&descriptors)[20 + 8], 3, "the interface is called by the last one");
	buf_free(&descriptors);
	expect(&strings, wanted, sizeof(wanted) - 1);
}

Test(emu_gadget, no_strings_is_a_head_alone)
{
	struct buf strings = { 0 };
	const char wanted[] = "\2\0\0\0\20\0\0\0\0\0\0\0\0\0\0\0";

	cr_assert(emu_gadget_strings(device(0), &strings));
	expect(&strings, wanted, sizeof(wanted) - 1);
}

Test(emu_gadget, a_device_without_names_numbers_its_strings_from_one)
{
	struct buf strings = { 0 };
	const char wanted[] = "\2\0\0\0\26\0\0\0\1\0\0\0\1\0\0\0\11\4abc\0";

	device(0);
	usb.manufacturer = usb.name = 0;
	strcpy(usb.strings[1], "abc");
	cr_assert(emu_gadget_strings(&usb, &strings));
	expect(&strings, wanted, sizeof(wanted) - 1);
}

/* ---- aio ---- */

static struct emu_aio_end
the_end(struct emu_aio *aio)
{
	struct emu_aio_end ends[EMU_AIO_MAX];
	struct pollfd ready = { .fd = aio->fd, .events = POLLIN };

	cr_assert_eq(poll(&ready, 1, 10000), 1, "its end is told");
	cr_assert_eq(emu_aio_take(aio, ends), 1);
	cr_expect_eq(poll(&ready, 1, 0), 0, "and told once");
	return ends[0];
}

Test(emu_aio, what_has_ended_tells_whose_it_was_and_how_it_went)
{
	struct emu_aio aio;
	char path[] = "/tmp/emu_aio.XXXXXX", bytes[8] = "";
	int fd = mkstemp(path), mine, other;
	struct emu_aio_end end, none[EMU_AIO_MAX];

	cr_assert_neq(fd, -1);
	unlink(path);
	if (!emu_aio_open(&aio)) {
		cr_expect_eq(errno, ENOSYS);
		close(fd);
		cr_skip_test("this kernel has no asynchronous I/O");
	}
	cr_assert(emu_aio_write(&aio, fd, "12345", 5, &mine));
	end = the_end(&aio);
	cr_expect_eq(end.owner, &mine);
	cr_expect_eq(end.result, 5);
	cr_assert(emu_aio_read(&aio, fd, bytes, sizeof(bytes), &other));
	end = the_end(&aio);
	cr_expect_eq(end.owner, &other);
	cr_expect_eq(end.result, 5);
	cr_expect_arr_eq(bytes, "12345", 5);
	close(fd);
	cr_expect_not(emu_aio_write(&aio, fd, "1", 1, &mine), "nothing begins at a closed file");
	cr_expect_eq(errno, EBADF);
	cr_expect_eq(emu_aio_take(&aio, none), 0);
	emu_aio_close(&aio);
}
