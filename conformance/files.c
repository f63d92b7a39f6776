/* files.c - the private folder's files, and the stock configuration every case can rely on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dialect.h"
#include "inside.h"

const char *
path_of(struct bench *bench, const char *name)
{
	static char paths[4][400];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", bench->dir, name);
	return path;
}

static void
put(struct bench *bench, const char *name, const void *at, size_t len, int how)
{
	int fd = open(path_of(bench, name), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0640);
	struct bytes text = { 0 };
	bool well;

	dialect_add(&text, bench->target->dialect, name, at, len);
	well = fd != -1 && write(fd, text.at, text.len) == (ssize_t)text.len;
	bytes_free(&text);
	if (!well)
		fail(bench, "suite: cannot write %s: %s", name, strerror(errno));
	close(fd);
}

void
put_bytes(struct bench *bench, const char *name, const void *at, size_t len)
{
	put(bench, name, at, len, O_TRUNC);
}

void
put_file(struct bench *bench, const char *name, const char *text)
{
	put(bench, name, text, strlen(text), O_TRUNC);
}

void
add_to_file(struct bench *bench, const char *name, const char *text)
{
	put(bench, name, text, strlen(text), O_APPEND);
}

const char *
get_file(struct bench *bench, const char *name)
{
	static struct bytes whole;
	char room[16384];
	ssize_t got;
	int fd = open(*name == '/' ? name : path_of(bench, name), O_RDONLY | O_CLOEXEC);

	bytes_drop(&whole, whole.len);
	bytes_add(&whole, "", 0);
	if (fd == -1)
		return whole.at;
	while ((got = read(fd, room, sizeof(room))) > 0)
		bytes_add(&whole, room, (size_t)got);
	close(fd);
	return whole.at;
}

/* bench: fresh, with all kinds of variables.  absent: no driver.  stale: its driver says so.
 * Mixed: capitals in its name, no description. */
static const char stock_ups_conf[] =
    "[bench]\n\tdriver = dummy-ups\n\tport = bench.dev\n\tdesc = \"Bench \\\"A\\\" \\\\ \\#1\"\n"
    "[absent]\n\tdriver = dummy-ups\n\tport = absent.dev\n\tdesc = \"Nobody there\"\n"
    "[stale]\n\tdriver = dummy-ups\n\tport = stale.dev\n\tdesc = Stale\n"
    "[Mixed]\n\tdriver = dummy-ups\n\tport = mixed.dev\n";

static const char stock_users[] =
    "[admin]\n\tpassword = topsecret\n\tactions = SET FSD\n\tinstcmds = ALL\n"
    "[operator]\n\tpassword = opsecret\n\tinstcmds = beeper.toggle\n\tinstcmds = load.off.delay\n"
    "[setter]\n\tpassword = setsecret\n\tactions = SET\n"
    "[fsder]\n\tpassword = fsdsecret\n\tactions = FSD\n"
    "[mon]\n\tpassword = monsecret\n\tupsmon primary\n"
    "[mon2]\n\tpassword = monsecret\n\tupsmon secondary\n"
    "[oldmon]\n\tpassword = monsecret\n\tupsmon master\n"
    "[oldmon2]\n\tpassword = monsecret\n\tupsmon slave\n"
    "[nopass]\n\tactions = SET\n\tinstcmds = ALL\n"
    "[spaced]\n\tpassword = \"two words \\\"\\\\\\#\"\n\tupsmon secondary\n"
    "[loginer]\n\tpassword = logsecret\n\tactions = LOGIN\n"
    "[Case]\n\tpassword = CaseSecret\n\tupsmon secondary\n";

static const char stock_cmdvartab[] =
    "VARDESC ups.status \"What the UPS does\"\n"
    "VARDESC battery.charge \"How full the battery is (\\\"percent\\\")\"\n"
    "CMDDESC beeper.toggle \"Switch the beeper\"\n"
    "CMDDESC load.off \"Switch the load off\"\n";

static const char stock_dev[] = "# a UPS of no maker\n"
				"ups.status: OL\n"
				"ups.mfr: Example\n"
				"ups.model: Bench 1500\n"
				"ups.load: 23\n"
				"battery.charge: 100\n"
				"battery.runtime: 1860\n"
				"device.type: ups\n"
				"input.voltage: 230.1\n"
				"ups.description: first\n";

/* Another port than before. */
static void
take_port(struct bench *bench)
{
	if (bench->port_hold != -1)
		close(bench->port_hold);
	bench->port = free_tcp_port(&bench->port_hold);
	need(bench, bench->port > 0, "suite: no free port");
}

void
put_upsd_conf(struct bench *bench, const char *more)
{
	char text[4096];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1 %d\nDATAPATH %s\nMAXAGE 15\n%s", bench->port,
	    bench->dir, more);
	put_file(bench, "upsd.conf", text);
}

void
put_stock(struct bench *bench)
{
	take_port(bench);
	put_file(bench, "ups.conf", stock_ups_conf);
	put_upsd_conf(bench, "");
	put_file(bench, "upsd.users", stock_users);
	put_file(bench, "cmdvartab", stock_cmdvartab);
	put_file(bench, "stock.dev", stock_dev);
}
