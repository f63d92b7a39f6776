/* emulators/transports/usbip.c: the test is the kernel at the other end of the socket. */
#include "emulators/transports/usbip.h"

#include "emulators/orders.h"
#include "emulators/usbdev.h"
#include "tests/fastworld.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct loop *loop;
static struct emu_device_file device;
static struct emu_transport transport;
static struct emu *emu;
static int ours, theirs;

static void *
serve(struct emu *owner, const struct emu_options *options, const char **why)
{
	return emu_usbip_serve(owner, theirs);
}

static void
begin(const char *path)
{
	struct faults faults = { 0 };
	const char *why;
	int pair[2];

	loop = fast_loop();
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ours = pair[0];
	theirs = pair[1];
	cr_assert(emu_device_read(&device, path, &faults));
	transport = emu_usbip;
	transport.open = serve;
	emu = emu_new(loop, &device, &transport, NULL);
	cr_assert(emu_plug(emu, &why), "%s", why);
}

static void
end(void)
{
	char byte;

	errno = 0;
	emu_free(emu);
	emu_device_free(&device);
	cr_expect(recv(ours, &byte, 1, MSG_DONTWAIT) <= 0 && errno != EAGAIN, "it has hung up");
	close(ours);
	fast_end(loop);
}

static void
order(const char *text)
{
	char line[128];
	struct words words;
	struct buf out = { 0 };

	snprintf(line, sizeof(line), "%s", text);
	cr_assert_eq(words_split(&words, line, WORDS_SOCKET), WORDS_OK);
	cr_assert_null(emu_order(emu, &words, &out));
	buf_free(&out);
}

/* usbip_protocol: 48 bytes, then what is sent out. */
static void
send_header(uint32_t command, uint32_t sequence, bool in, uint32_t endpoint, uint32_t word5,
    uint32_t length, const char *setup, const void *data)
{
	uint32_t header[12] = { htonl(command), htonl(sequence), htonl(0x10002), htonl(in),
		htonl(endpoint), htonl(word5), htonl(length) };

	if (setup)
		memcpy(&header[10], setup, 8);
	send(ours, header, sizeof(header), MSG_NOSIGNAL);
	if (data)
		send(ours, data, length, MSG_NOSIGNAL);
	fast_turn(loop, 5);
}

static struct answer {
	uint32_t command, sequence;
	int status;
	uint32_t actual;
	unsigned char bytes[1024];
	ssize_t len;
} answer;

static bool
heard(void)
{
	uint32_t header[12];

	answer = (struct answer){ 0 };
	if (recv(ours, header, sizeof(header), MSG_DONTWAIT) != (ssize_t)sizeof(header))
		return false;
	answer.command = ntohl(header[0]);
	answer.sequence = ntohl(header[1]);
	answer.status = (int)ntohl(header[5]);
	answer.actual = answer.command == 3 ? ntohl(header[6]) : 0;
	return true;
}

static bool
control(uint32_t sequence, const char *setup, uint32_t length)
{
	send_header(1, sequence, true, 0, 0, length, setup, NULL);
	if (!heard())
		return false;
	answer.len = answer.actual ? recv(ours, answer.bytes, answer.actual, MSG_DONTWAIT) : 0;
	return answer.sequence == sequence && answer.command == 3;
}

Test(emu_usbip, requests_are_answered)
{
	begin("emulators/devices/eaton-3s-700.dev");
	cr_assert(control(1, "\x80\x06\0\x01\0\0\x12\0", 18));
	cr_expect(answer.status == 0 && answer.len == 18 && answer.bytes[8] == 0x63);
	cr_assert(control(2, "\xa1\x01\x01\x03\0\0\x04\0", 4));
	cr_expect(answer.len == 4 && answer.bytes[0] == 1);
	cr_assert(control(3, "\xa1\x01\xee\x03\0\0\x04\0", 4));
	cr_expect_eq(answer.status, -EPIPE, "a stall");
	/* Out: the beeper is switched off. */
	send_header(1, 4, false, 0, 0, 2, "\x21\x09\x1f\x03\0\0\x02\0", "\x1f\x01");
	cr_expect(heard() && answer.status == 0 && answer.actual == 2);
	cr_expect_not(emu_battery(emu)->beeper);
	order("io 1");
	cr_assert(control(5, "\xa1\x01\x01\x03\0\0\x04\0", 4));
	cr_expect_eq(answer.status, -EPROTO);
	end();
}

Test(emu_usbip, an_interrupt_request_waits_for_a_report)
{
	begin("emulators/devices/eaton-3s-700.dev");
	send_header(1, 7, true, 1, 0, 8, NULL, NULL);
	cr_expect_not(heard());
	order("mains off");
	fast_turn(loop, 5);
	cr_assert(heard());
	cr_expect(answer.sequence == 7 && answer.status == 0 && answer.actual > 0);
	recv(ours, answer.bytes, answer.actual, 0);
	end();
}

/* Answers to COUNT requests for ROOM bytes of reports, from SEQUENCE on. */
static unsigned
fetch_reports(
    uint32_t sequence, unsigned count, uint32_t room, unsigned char out[][64], ssize_t len[])
{
	unsigned got = 0;

	for (unsigned i = 0; i < count; i++) {
		send_header(1, sequence + i, true, 1, 0, room, NULL, NULL);
		if (heard())
			len[got] = recv(ours, out[got], answer.actual, MSG_DONTWAIT), got++;
	}
	return got;
}

Test(emu_usbip, what_is_newer_takes_the_place_of_what_nobody_has_fetched)
{
	unsigned char reports[16][64];
	ssize_t len[16];

	begin("emulators/devices/eaton-3s-700.dev");
	for (int i = 0; i < 40; i++) {
		order(i % 2 ? "mains on" : "mains off");
		fast_turn(loop, 5);
	}
	unsigned got = fetch_reports(1, 16, 64, reports, len);

	cr_expect(got > 0 && got < 16, "%u", got);
	for (unsigned i = 0; i < got; i++)
		for (unsigned n = 0; n < i; n++)
			cr_expect_neq(reports[i][0], reports[n][0], "one of each id");
	end();
}

Test(emu_usbip, pieces_of_a_text_all_come)
{
	unsigned char reports[8][64];
	char text[65] = "";
	ssize_t len[8];

	begin("emulators/devices/usb-cypress.dev");
	send_header(1, 1, false, 0, 0, 8, "\x21\x09\0\x02\0\0\x08\0", "QS\r\0\0\0\0\0");
	cr_assert(heard());
	unsigned got = fetch_reports(2, 8, 8, reports, len);

	for (unsigned i = 0; i < got; i++)
		strncat(text, (const char *)reports[i], (size_t)len[i]);
	cr_expect_eq(got, 6);
	cr_expect(text[0] == '(' && strlen(text) == 47 && text[46] == '\r', "%s", text);
	end();
}

/* As on the wire: packets that are full do not end a request that has room for more. */
Test(emu_usbip, full_packets_are_joined)
{
	unsigned char reports[2][64];
	ssize_t len[2];

	begin("emulators/devices/usb-cypress.dev");
	send_header(1, 1, false, 0, 0, 8, "\x21\x09\0\x02\0\0\x08\0", "QS\r\0\0\0\0\0");
	cr_assert(heard());
	cr_assert_eq(fetch_reports(2, 1, 24, reports, len), 1);
	cr_expect_eq(len[0], 24);
	cr_assert_eq(fetch_reports(3, 1, 12, reports, len), 1);
	cr_expect_eq(answer.status, -EOVERFLOW);
	end();
}

Test(emu_usbip, a_request_is_taken_back)
{
	begin("emulators/devices/eaton-3s-700.dev");
	send_header(1, 8, true, 1, 0, 8, NULL, NULL);
	send_header(2, 9, true, 0, 8, 0, NULL, NULL);
	cr_expect(heard() && answer.command == 4 && answer.sequence == 9);
	cr_expect_eq(answer.status, -ECONNRESET);
	send_header(2, 10, true, 0, 8, 0, NULL, NULL);
	cr_expect(heard() && answer.status == 0, "there was none");
	order("mains off");
	fast_turn(loop, 5);
	cr_expect_not(heard(), "nobody waits");
	end();
}

Test(emu_usbip, a_host_that_has_let_go_is_told_nothing_more)
{
	begin("emulators/devices/eaton-3s-700.dev");
	send_header(1, 11, true, 1, 0, 8, NULL, NULL);
	shutdown(ours, SHUT_RDWR);
	fast_turn(loop, 5);
	order("mains off");
	fast_turn(loop, 5);
	cr_expect_not(heard());
	end();
}

Test(emu_usbip, what_is_no_request_ends_it)
{
	begin("emulators/devices/eaton-3s-700.dev");
	send_header(99, 1, true, 0, 0, 8, NULL, NULL);
	cr_expect_not(control(2, "\x80\x06\0\x01\0\0\x12\0", 18));
	end();
	begin("emulators/devices/eaton-3s-700.dev");
	send_header(1, 1, false, 0, 0, 1 << 30, "\x21\x09\x1f\x03\0\0\x02\0", NULL);
	cr_expect_not(control(2, "\x80\x06\0\x01\0\0\x12\0", 18));
	end();
}
