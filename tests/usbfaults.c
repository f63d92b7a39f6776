/* Every transfer of the start and of three rounds fails in every way, on every emulated device;
 * seen from where upsd sits, in virtual time. : docs/robustness.md. */
#include "tests/usbbus.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <stdlib.h>

extern const struct driver usbhid_ups_driver;

/* Sanitizers make each run several times as long: then a part of them will do. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
#define STRIDE 7
#else
#define STRIDE 1
#endif

#define STALE_MS 15000	  /* when everything fails */
#define RECOVERY_MS 30000 /* when nothing does any more: the longest back-off, and a start */
#define ANSWER_MS 50

static const struct way {
	const char *name;
	enum exchange_end end;
	enum bus_spoilt spoilt;
	bool may_do; /* what comes may be all that the status needs */
} ways[] = {
	{ "stall", EXCHANGE_REFUSED, BUS_WHOLE, false },
	{ "error on the way", EXCHANGE_BROKEN, BUS_WHOLE, false },
	{ "timeout", EXCHANGE_TIMEOUT, BUS_WHOLE, false },
	{ "no device", EXCHANGE_LOST, BUS_WHOLE, false },
	{ "zero length", EXCHANGE_ANSWERED, BUS_EMPTY, false },
	{ "one byte", EXCHANGE_ANSWERED, BUS_ONE_BYTE, false },
	{ "half of it", EXCHANGE_ANSWERED, BUS_HALF, true },
	{ "wrong id", EXCHANGE_ANSWERED, BUS_WRONG_ID, false },
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- a driver, and a peer of it that believes what it is told ---- */

static struct site {
	struct loop *loop;
	struct core *core;
	struct bus_device *ups;
	char what[120]; /* for messages */
	int fd;
	char line[1024];
	size_t len;
	bool fresh, pong;
	char status[128];
	unsigned statuses;
} site;

static void
hear_line(const char *line)
{
	if (!strcmp(line, "DATAOK"))
		site.fresh = true;
	else if (!strcmp(line, "DATASTALE"))
		site.fresh = false;
	else if (!strcmp(line, "PONG"))
		site.pong = true;
	else if (sscanf(line, "SETINFO ups.status \"%127[^\"]\"", site.status) == 1) {
		site.statuses++;
		/* There are mains all the time, and the battery is full. */
		cr_assert_str_eq(site.status, "OL", "%s: %s", site.what, site.status);
	}
}

static void
hear(void)
{
	char bytes[4096];
	ssize_t got;

	while ((got = read(site.fd, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < got; i++) {
			cr_assert_lt(site.len, sizeof(site.line));
			if (bytes[i] != '\n') {
				site.line[site.len++] = bytes[i];
				continue;
			}
			site.line[site.len] = '\0';
			site.len = 0;
			hear_line(site.line);
		}
	cr_assert_eq(got, -1, "%s: the driver hung up", site.what);
}

static void
say(const char *line)
{
	cr_assert_eq(write(site.fd, line, strlen(line)), (ssize_t)strlen(line));
}

/* A second, with a question in it: whatever the device does, the socket answers. */
static void
second(void)
{
	int64_t asked_ms;

	fast_pass(site.loop, 450);
	hear();
	site.pong = false;
	asked_ms = fast_now_ms;
	say("PING\n");
	while (!site.pong && fast_now_ms - asked_ms <= ANSWER_MS) {
		loop_step(site.loop, 10);
		hear();
	}
	cr_assert(site.pong, "%s: no answer within %d ms", site.what, ANSWER_MS);
	fast_pass(site.loop, 500);
	hear();
}

static void
site_begin(const char *device, const char *const *settings)
{
	static struct driver driver;

	memset(&site, 0, sizeof(site));
	memset(&script, 0, sizeof(script));
	driver = usbhid_ups_driver;
	driver.carrier = &bus_carrier;
	site.loop = bus_begin();
	site.ups = bus_plug(device, NULL);
	site.core = test_core(site.loop, &driver, settings);
	cr_assert(site.core, "%s", script.log);
	log_set(&(struct log_settings){ .name = "test", .sink = script_log });
	cr_assert(publish_listen(site.core->publish, socket_path(), (gid_t)-1));
	site.fd = peer_connect(socket_path());
	cr_assert_neq(site.fd, -1);
	say("DUMPALL\n");
}

static void
site_end(void)
{
	bus_end(site.core);
	close(site.fd);
}

static unsigned
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* ---- one run ---- */

#define FULL_ROUNDS SETTINGS("pollfreq=2") /* each round asks for everything */

/* Transfers of the start and of three rounds when nothing fails. */
static unsigned
transfers_of(const char *device)
{
	unsigned rounds;

	site_begin(device, FULL_ROUNDS);
	core_begin(site.core, false);
	rounds = site.core->rounds + 4;
	while (site.core->rounds < rounds)
		second();
	cr_assert(site.fresh && site.statuses, "%s\n%s", device, script.log);
	unsigned n = bus_now.transfers;

	site_end();
	return n;
}

static void
recover(void)
{
	int64_t since_ms = fast_now_ms;
	unsigned opens = bus_now.opens;

	while (!(site.fresh && site.core->phase == CORE_RUNNING) &&
	       fast_now_ms - since_ms < RECOVERY_MS)
		second();
	cr_assert(site.fresh, "%s: not well again\n%s", site.what, script.log);
	cr_assert_str_eq(site.status, "OL", "%s: '%s'", site.what, site.status);
	cr_assert_leq(bus_now.opens - opens, 20, "%s: opened too often", site.what);
	cr_assert_eq(script.over, 0, "%s: it has ended\n%s", site.what, script.log);
}

/* The transfers K to K + LEN - 1 fail. */
static void
fail_some(const char *device, unsigned k, unsigned len, const struct way *way)
{
	int64_t since_ms = fast_now_ms;

	site_begin(device, FULL_ROUNDS);
	snprintf(
	    site.what, sizeof(site.what), "%s, %u from transfer %u, %s", device, len, k, way->name);
	bus_now.fail_at = k;
	bus_now.fail_to = k + len - 1;
	bus_now.fail_how = way->end;
	bus_now.spoilt = way->spoilt;
	core_begin(site.core, false);
	while (bus_now.transfers <= bus_now.fail_to && fast_now_ms - since_ms < 120000)
		second();
	recover();
	site_end();
}

/* From K on all of them fail, or all but one of SPARE, for half a minute. */
static void
fail_on(const char *device, unsigned k, unsigned spare, const struct way *way)
{
	int64_t since_ms;

	site_begin(device, FULL_ROUNDS);
	snprintf(site.what, sizeof(site.what), "%s, on from transfer %u, %s%s", device, k,
	    way->name, spare ? ", most" : "");
	core_begin(site.core, false);
	while (bus_now.transfers < k)
		second();
	recover();
	bus_now.fail_at = bus_now.transfers + 1;
	bus_now.fail_to = UINT_MAX;
	bus_now.fail_how = way->end;
	bus_now.spoilt = way->spoilt;
	bus_now.spare = spare;
	since_ms = fast_now_ms;
	for (unsigned opens = bus_now.opens; fast_now_ms - since_ms < 30000; second()) {
		bool late = fast_now_ms - since_ms > STALE_MS;

		cr_assert_not(
		    late && site.fresh && !spare && !way->may_do, "%s: still fresh", site.what);
		/* The ladder: no more than one a second, and slower as it lasts. */
		cr_assert_leq(bus_now.opens - opens, 14, "%s: opened too often", site.what);
	}
	bus_now.fail_at = 0;
	recover();
	site_end();
}

/* ---- all of them ---- */

static void
all_runs(const char *device, void (*runs)(const char *device, unsigned k, const struct way *way),
    unsigned step)
{
	unsigned last = transfers_of(device), fds = 0;
	size_t memory = 0;

	cr_assert_gt(last, 10);
	for (unsigned k = 1; k <= last; k += step) {
		for (size_t w = 0; w < WAYS; w++)
			if ((k / step + w) % STRIDE == 0)
				runs(device, k, &ways[w]);
		if (k == 1) {
			fds = descriptors();
			memory = mallinfo2().uordblks;
		}
	}
	cr_expect_eq(descriptors(), fds, "%s: descriptors", device);
	/* What glibc keeps for the next malloc() counts as in use, some 40 KiB.  (LeakSanitizer is
	 * exact, but runs only a part.) */
	cr_expect_lt(mallinfo2().uordblks, memory + 65536, "%s: %zu bytes of memory were %zu",
	    device, mallinfo2().uordblks, memory);
}

static void
once(const char *device, unsigned k, const struct way *way)
{
	fail_some(device, k, 1, way);
}

static void
thrice(const char *device, unsigned k, const struct way *way)
{
	fail_some(device, k, 3, way);
}

static void
lasting(const char *device, unsigned k, const struct way *way)
{
	fail_on(device, k, 0, way);
	fail_on(device, k, 4, way);
}

static void
try_all(const char *device)
{
	all_runs(device, once, 1);
	all_runs(device, thrice, 3);
	all_runs(device, lasting, 20);
	rmdir(test_folder);
}

#define DEVICE(name, file)                                                                         \
	Test(usbfaults, name)                                                                      \
	{                                                                                          \
		try_all(file);                                                                     \
	}
DEVICE(eaton_3s, "eaton-3s-700")
DEVICE(cyberpower_cp1500, "cyberpower-cp1500")
DEVICE(apc_backups, "apc-backups-500")
DEVICE(apc_smartups, "apc-smartups-3000")
DEVICE(tripplite, "tripplite-smart-3016")
DEVICE(liebert_psi5, "liebert-psi5")
DEVICE(powercom_bnt, "powercom-bnt-1000")
DEVICE(arduino, "arduino-hidpowerdevice")
DEVICE(generic_5131, "generic-5131-2007")

/* ---- the cable ---- */

/* 600 times out and in again, each time with another number on the bus, at any moment: R-68. */
Test(usbfaults, unplugged_and_back_600_times)
{
	unsigned fds = 0;
	size_t memory = 0;

	site_begin("cyberpower-cp1500", SETTINGS("pollfreq=2"));
	snprintf(site.what, sizeof(site.what), "cable");
	core_begin(site.core, false);
	recover();
	for (unsigned i = 0; i < 600 / (STRIDE > 1 ? 4 : 1); i++) {
		/* In the middle of a round, or between two. */
		fast_pass(site.loop, 1 + i * 37 % 2100);
		bus_pull(site.ups);
		second();
		cr_assert_not(site.fresh, "time %u", i);
		bus_put_back(site.ups);
		recover();
		script.log[0] = '\0';
		if (i == 20) {
			fds = descriptors();
			memory = mallinfo2().uordblks;
		}
	}
	cr_expect_eq(descriptors(), fds, "descriptors");
	cr_expect_leq(mallinfo2().uordblks, memory + 16384, "memory");
	site_end();
	rmdir(test_folder);
}
