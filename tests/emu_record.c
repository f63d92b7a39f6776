/* nut-emu --record: captures in all their forms, and what is replayed.  docs/emulators.md,
 * "Recorded devices". */
#include "emulators/record.h"
#include "tests/emutest.h"

/* ---- captures ---- */

/* A device that is put in, asked for a report and a string, set, and says something: as
 * usbmon tells it. */
static const char text[] =
    "ffff8880 1 S Ci:1:005:0 s 80 06 0100 0000 0012 18 <\n"
    "ffff8880 2 C Ci:1:005:0 0 18 = 12010001 00000008 34127856 06010102 0001\n"
    "ffff8880 3 S Ci:1:005:0 s 81 06 2200 0000 0004 4 <\n"
    "ffff8880 4 C Ci:1:005:0 0 4 = 05840904\n"
    "ffff8880 5 S Ci:1:005:0 s 80 06 0301 0409 00ff 255 <\n"
    "ffff8880 6 C Ci:1:005:0 0 6 = 06034100 6200\n"
    "ffff8881 7 S Ii:1:005:1 -115:8 8 <\n"
    "ffff8880 8 S Ci:1:005:0 s a1 01 0306 0000 0008 8 <\n"
    "ffff8880 9 C Ci:1:005:0 0 3 = 066400\n"
    "ffff8880 10 S Ci:1:005:0 s a1 01 0306 0000 0008 8 <\n"
    "ffff8880 11 C Ci:1:005:0 0 3 = 066400\n"
    "ffff8881 12 C Ii:1:005:1 0:8 2 = 0701\n"
    "ffff8880 13 S Ci:1:005:0 s a1 01 0306 0000 0008 8 <\n"
    "ffff8880 14 C Ci:1:005:0 0 3 = 066300\n"
    "ffff8880 15 S Co:1:005:0 s 21 09 0308 0000 0002 2 = 080a\n"
    "ffff8880 16 C Co:1:005:0 0 2 >\n"
    "ffff8880 17 S Ci:1:005:0 s a1 01 0309 0000 0008 8 <\n"
    "ffff8880 18 C Ci:1:005:0 -32 0\n"
    "ffff8880 19 S Bi:1:003:1 -115 31 <\n"
    "ffff8880 20 C Bi:1:003:1 0 31 = 00\n";

static const char made[] = "model replay\n"
			   "title recorded\n"
			   "source \"x\"\n"
			   "usb.release 0106\n"
			   "usb.strings 1 2 0\n"
			   "ups.vendorid 1234\n"
			   "ups.productid 5678\n"
			   "string 1 \"Ab\"\n"
			   "descriptor 05840904\n"
			   "control a1 01 0306 0000 is 066400\n"
			   "control a1 01 0306 0000 is 066400\n"
			   "says 0701\n"
			   "control a1 01 0306 0000 is 066300\n"
			   "control 21 09 0308 0000 data 080a\n"
			   "control a1 01 0309 0000 stall\n";

/* The device file, or the first fault. */
static const char *
record(const void *bytes, size_t len, const struct emu_record_options *options)
{
	static char said[8192];
	struct faults faults = { 0 };
	struct emu_capture capture;
	struct buf out = { 0 };

	said[0] = '\0';
	if (emu_capture_read(&capture, "x", bytes, len, &faults) &&
	    emu_record(&capture, options ? options : &(struct emu_record_options){ 0 }, "x", &out,
		&faults))
		snprintf(said, sizeof(said), "%.*s", (int)buf_len(&out), buf_bytes(&out));
	else
		snprintf(said, sizeof(said), "%s", faults_first(&faults));
	emu_capture_free(&capture);
	faults_free(&faults);
	buf_free(&out);
	return said;
}

static const char *
record_text(const char *bytes)
{
	return record(bytes, strlen(bytes), NULL);
}

Test(emu_record, text_of_usbmon)
{
	cr_expect_str_eq(record_text(text), made);
}

/* Bytes in the order of the machine that has written them. */
static void
put(struct buf *out, unsigned long value, size_t bytes, bool big)
{
	for (size_t i = 0; i < bytes; i++) {
		size_t at = big ? bytes - 1 - i : i;
		char byte = (char)(at < 8 ? value >> 8 * at : 0);

		buf_add(out, &byte, 1);
	}
}

struct event {
	char type;
	unsigned transfer, endpoint, id;
	const char *setup; /* NULL: it has none */
	int status;
	const char *data;
	size_t len, length;
};
static const struct event events[] = {
	{ 'S', 2, 0x80, 1, "\x80\6\0\1\0\0\x12\0", 0, "", 0, 18 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\x12\1\0\1\0\0\0\x8\x34\x12\x78\x56\6\1\1\2\0\1", 18, 18 },
	{ 'S', 2, 0x80, 1, "\x81\6\0\x22\0\0\4\0", 0, "", 0, 4 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\5\x84\x9\4", 4, 4 },
	{ 'S', 2, 0x80, 1, "\x80\6\1\3\x9\4\xff\0", 0, "", 0, 255 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\6\3A\0b\0", 6, 6 },
	{ 'S', 2, 0x80, 1, "\xa1\1\6\3\0\0\x8\0", 0, "", 0, 8 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\6\x64\0", 3, 3 },
	{ 'S', 2, 0x80, 1, "\xa1\1\6\3\0\0\x8\0", 0, "", 0, 8 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\6\x64\0", 3, 3 },
	{ 'C', 1, 0x81, 2, NULL, 0, "\7\1", 2, 2 },
	{ 'S', 2, 0x80, 1, "\xa1\1\6\3\0\0\x8\0", 0, "", 0, 8 },
	{ 'C', 2, 0x80, 1, NULL, 0, "\6\x63\0", 3, 3 },
	{ 'S', 2, 0, 1, "\x21\x9\x8\3\0\0\2\0", 0, "\x8\xa", 2, 2 },
	{ 'C', 2, 0, 1, NULL, 0, "", 0, 2 },
	{ 'S', 2, 0x80, 1, "\xa1\1\x9\3\0\0\x8\0", 0, "", 0, 8 },
	{ 'C', 2, 0x80, 1, NULL, -32, "", 0, 0 },
};

static void
put_event(struct buf *out, const struct event *event, bool big, size_t header)
{
	put(out, event->id, 8, big);
	put(out, (unsigned char)event->type, 1, big);
	put(out, event->transfer, 1, big);
	put(out, event->endpoint, 1, big);
	put(out, 5, 1, big);
	put(out, 1, 2, big);
	put(out, event->setup ? 0 : '-', 1, big);
	put(out, event->len ? 0 : '<', 1, big);
	put(out, 0, 12, big);
	put(out, (unsigned long)(long)event->status, 4, big);
	put(out, event->length, 4, big);
	put(out, event->len, 4, big);
	buf_add(out, event->setup ? event->setup : "\0\0\0\0\0\0\0", 8);
	put(out, 0, header - 48, big);
	buf_add(out, event->data, event->len);
}

static void
put_pcap(struct buf *out, bool big, unsigned link)
{
	size_t header = link == 220 ? 64 : 48;

	put(out, 0xa1b2c3d4, 4, big);
	put(out, 2, 2, big);
	put(out, 4, 2, big);
	put(out, 0, 8, big);
	put(out, 65535, 4, big);
	put(out, link, 4, big);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		put(out, 0, 8, big);
		put(out, header + events[i].len, 4, big);
		put(out, header + events[i].len, 4, big);
		put_event(out, &events[i], big, header);
	}
}

static void
put_pcapng(struct buf *out, bool big, unsigned link)
{
	put(out, 0x0a0d0d0a, 4, big);
	put(out, 28, 4, big);
	put(out, 0x1a2b3c4d, 4, big);
	put(out, 1, 4, big);
	put(out, ~0ul, 8, big);
	put(out, 28, 4, big);
	put(out, 1, 4, big);
	put(out, 20, 4, big);
	put(out, link, 2, big);
	put(out, 0, 6, big);
	put(out, 20, 4, big);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		size_t len = (link == 220 ? 64 : 48) + events[i].len, padded = (len + 3) / 4 * 4;

		put(out, 6, 4, big);
		put(out, 32 + padded, 4, big);
		put(out, 0, 12, big);
		put(out, len, 4, big);
		put(out, len, 4, big);
		put_event(out, &events[i], big, link == 220 ? 64 : 48);
		put(out, 0, padded - len, big);
		put(out, 32 + padded, 4, big);
	}
}

/* A keyboard, a serial port and a UPS in one: a project on an Arduino. */
static const char composite[] =
    "a 1 S Ci:1:005:0 s 80 06 0100 0000 0012 18 <\n"
    "a 2 C Ci:1:005:0 0 18 = 12010001 00000040 34127856 06010102 0001\n"
    "a 3 S Ci:1:005:0 s 80 06 0200 0000 00ff 255 <\n"
    "a 4 C Ci:1:005:0 0 41 = 09022900 020100a0 32090400 00010301 01000705 81031000 0a090402 "
    "00010300 00000705 82030800 0a\n"
    "a 5 S Ci:1:005:0 s 81 06 2200 0000 0006 6 <\n"
    "a 6 C Ci:1:005:0 0 6 = 05010906 a1c0\n"
    "a 7 S Ci:1:005:0 s 81 06 2200 0002 0004 4 <\n"
    "a 8 C Ci:1:005:0 0 4 = 05840904\n"
    "a 9 S Ci:1:005:0 s a1 01 0306 0002 0008 8 <\n"
    "a 10 C Ci:1:005:0 0 3 = 066400\n";

Test(emu_record, a_ups_that_is_not_its_first_interface)
{
	const char *file = record_text(composite);

	cr_expect(strstr(file, "\nusb.interface 2\nusb.packet 8\n"), "%s", file);
	cr_expect(strstr(file, "\ndescriptor 05840904\n"), "%s", file);
	cr_expect(strstr(file, "\ncontrol a1 01 0306 0002 is 066400\n"), "%s", file);
}

Test(emu_record, pcap_of_both_links_in_both_orders)
{
	for (int i = 0; i < 8; i++) {
		struct buf bytes = { 0 };

		(i & 4 ? put_pcapng : put_pcap)(&bytes, i & 1, i & 2 ? 220 : 189);
		cr_expect_str_eq(record(buf_bytes(&bytes), buf_len(&bytes), NULL), made, "%d", i);
		buf_free(&bytes);
	}
}

Test(emu_record, what_is_read_from_dev_usbmon)
{
	struct buf bytes = { 0 };

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		put_event(&bytes, &events[i], false, 48);
	cr_expect_str_eq(record(buf_bytes(&bytes), buf_len(&bytes), NULL), made);
	/* Whoever read was stopped in the middle. */
	buf_add(&bytes, buf_bytes(&bytes), 40);
	cr_expect_str_eq(record(buf_bytes(&bytes), buf_len(&bytes), NULL), made);
	buf_free(&bytes);
}

Test(emu_record, cut_off_anywhere_it_is_refused_or_shorter)
{
	struct buf bytes = { 0 };

	put_pcap(&bytes, false, 189);
	for (size_t len = 0; len < buf_len(&bytes); len++) {
		char *copy = malloc(len + 1);

		memcpy(copy, buf_bytes(&bytes), len);
		cr_expect_str_neq(record(copy, len, NULL), made);
		free(copy);
	}
	buf_free(&bytes);
}

Test(emu_record, says_what_is_wrong)
{
	struct emu_record_options options = { .address = "x" };
	struct buf bytes = { 0 };

	cr_expect_str_eq(record_text("hello\n"),
	    "x: is no capture that can be read: usbmon's, pcap or pcapng of usbmon, or the log of "
	    "socat -x");
	cr_expect_str_eq(record_text("ffff8880 1 S Bi:1:003:1 -115 31 <\nx y z\n"),
	    "x:2: is no line of usbmon's (of its file 1u, or another with a u)");
	put_pcap(&bytes, false, 249);
	cr_expect_str_eq(record(buf_bytes(&bytes), buf_len(&bytes), NULL),
	    "x: byte 20: its link is not 189 or 220: capture on a usbmon interface of Linux "
	    "(tcpdump -i usbmon1)");
	buf_free(&bytes);
	/* Without its first two lines it does not say what it is. */
	const char *later = strstr(text, "ffff8880 3");

	cr_expect_str_eq(record_text(later),
	    "x: begins after the device was put in, and so does not tell what it is: say --id "
	    "VENDOR:PRODUCT (lsusb shows them), or put it in while you capture");
	cr_expect_str_eq(record(text, strlen(text), &options),
	    "x: x is no bus and address: write them like 1.5");
	options = (struct emu_record_options){ .id = "1234:5678" };
	cr_expect(strstr(record(later, strlen(later), &options), "usb.strings 1 2 3 # a guess\n"));
	cr_expect_str_eq(record_text("ffff8880 1 S Ci:1:005:0 s 80 06 0100 0000 0012 18 <\n"
				     "ffff8880 2 C Ci:1:005:0 0 18 = 12010001 00000008 34127856 "
				     "06010102 0001\n"
				     "ffff8880 3 S Ci:1:005:0 s 81 06 2200 0000 0100 256 <\n"
				     "ffff8880 4 C Ci:1:005:0 0 256 = 05840904\n"),
	    "x: has only 4 bytes of the report descriptor: usbmon's text cuts at 32; capture with "
	    "tcpdump, or say --report-descriptor /sys/bus/hid/devices/*/report_descriptor");
}

/* ---- serial ---- */

static const char socat[] = "2026/11/26 02:13:40 socat[23157] N starting\n"
			    "> 2026/11/26 02:13:40.000804120  length=4 from=0 to=3\n"
			    " 4d 0d 51 31                                      M.Q1\n"
			    "--\n"
			    "> 2026/11/26 02:13:40.000904120  length=1 from=4 to=4\n"
			    " 0d                                               .\n"
			    "--\n"
			    "< 2026/11/26 02:13:40.000804245  length=18 from=0 to=17\n"
			    " 28 32 33 30 20 30 30 30 30 31 30 30 31 20 20 20  (230 00001001   \n"
			    " 0d 0a                                            ..\n"
			    "--\n";

Test(emu_record, a_line_is_recorded_and_replayed)
{
	const char *file = record_text(socat);

	cr_expect_str_eq(file,
	    "model replay\ntitle recorded\nsource \"x\"\n"
	    "line 4d0d # M\\r\n"
	    "line 51310d is 283233302030303030313030312020200d0a # Q1\\r   # (230 00001001   "
	    "\\r\\x0a\n");
	begin(file);
	cr_expect_str_eq(ask("Q1\r"), "(230 00001001   \r\n");
	cr_expect_str_eq(ask("M\r"), "");
	cr_expect_str_eq(ask("XQ1\r"), "", "no question, though its end is one");
	cr_expect_str_eq(ask("Q"), "");
	cr_expect_str_eq(ask("1\r"), "(230 00001001   \r\n");
	end();
}

Test(emu_record, answers_come_in_their_order_and_the_last_one_stays)
{
	begin("model replay\nline 59 is 534d\nline 51 is 3038 times 2\nsays 21\nline 51 is 3130\n");
	cr_expect_str_eq(ask("Y"), "SM");
	cr_expect_str_eq(ask("Q"), "08");
	cr_expect_str_eq(ask("Q"), "08!");
	cr_expect_str_eq(ask("Z"), "");
	cr_expect_str_eq(ask("Q"), "10");
	cr_expect_str_eq(ask("Q"), "10");
	cr_expect_str_eq(ask("Y"), "SM");
	end();
}

/* ---- USB ---- */

static size_t
control(const char setup[8], const char *data, size_t len)
{
	struct emu_message message = { .kind = EMU_CONTROL, .bytes = data, .len = len };

	memcpy(message.setup, setup, 8);
	got_len = 0;
	emu_hear(emu, &message);
	return got_len;
}

Test(emu_record, a_usb_device_answers_as_it_did)
{
	begin(made);
	cr_expect_eq(control("\x81\6\0\x22\0\0\xff\0", NULL, 0), 4);
	cr_expect_eq(memcmp(got, "\5\x84\x9\4", 4), 0);
	cr_expect_eq(control("\x80\6\1\3\x9\4\xff\0", NULL, 0), 6);
	cr_expect_eq(control("\xa1\1\6\3\0\0\x8\0", NULL, 0), 3);
	cr_expect_eq(heard_reports, 0);
	cr_expect_eq(control("\xa1\1\6\3\0\0\2\0", NULL, 0), 2, "as much as was asked for");
	cr_expect_eq(heard_reports, 1);
	cr_expect_eq(memcmp(reported, "\7\1", 2), 0);
	for (int i = 0; i < 3; i++) {
		cr_expect_eq(control("\xa1\1\6\3\0\0\x8\0", NULL, 0), 3);
		cr_expect_eq(got[1], 0x63);
	}
	control("\xa1\1\x9\3\0\0\x8\0", NULL, 0);
	cr_expect(heard_stall, "it did so then");
	control("\xa1\1\x70\3\0\0\x8\0", NULL, 0);
	cr_expect(heard_stall, "nobody has asked for that");
	control("\x21\x9\x8\3\0\0\2\0", "\x8\xa", 2);
	cr_expect(!heard_stall);
	control("\x21\x9\x8\3\0\0\2\0", "\x8\xb", 2);
	cr_expect(heard_stall, "nobody has written that");
	end();
}

Test(emu_record, device_files_that_are_wrong)
{
	static const char *const wrong[] = { "model replay\n", "model replay\nline 5\n",
		"model replay\nline\n", "model replay\nline 51 is\n", "model replay\nsays 51\n",
		"model replay\nline 51\nout 51\n", "model replay\nline 51 stall\n",
		"model replay\nout 51\n", "model replay\ncontrol a1 1 0306 0000\n",
		"model replay\ncontrol a1 01 0306\n", "model replay\nline 51 times 0\n",
		"model replay\nline 51 is 52 is 53\n", "model replay\nline 51 with 52\n" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct faults faults = { 0 };
		struct emu_device_file device;
		struct conffile *file = conffile_from("x.dev", wrong[i], strlen(wrong[i]));

		cr_expect(!emu_device_parse(&device, "x", file, &faults), "%s", wrong[i]);
		conffile_close(file);
		faults_free(&faults);
	}
}
