/* upsdstage.h - an upsd on the kernel's world with a clock that jumps: files in a folder of its
 * own, a driver that says what a test says, clients from any address. */
#ifndef UPSDSTAGE_H
#define UPSDSTAGE_H

#include "fastworld.h"
#include "upsd/peer.h"
#include "upsd/upsd.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct stage {
	struct loop *loop;
	struct upsd *upsd;
	struct upsdconf_source source;
	char folder[64], report[100];
	int listener, driver; /* of UPS u; -1: not there */
	char log[16384];
};
static struct stage stage;

static inline void
stage_log(void *owner, enum log_level level, const char *line)
{
	if (strlen(stage.log) + strlen(line) + 2 < sizeof(stage.log)) {
		strcat(stage.log, line);
		strcat(stage.log, "\n");
	}
}

static inline void
stage_file(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", stage.folder, name);
	cr_assert(file = fopen(path, "w"));
	fputs(text, file);
	fclose(file);
	cr_assert_eq(chmod(path, 0600), 0);
}

#define STAGE_UPSES                                                                                \
	"[u]\ndriver = test\nport = x\ndesc = \"A \\\"box\\\"\"\n[Dead]\ndriver = test\nport = "   \
	"y\n"
#define STAGE_USERS                                                                                \
	"[mon]\npassword = secret\nupsmon primary\n"                                               \
	"[sec]\npassword = second\nupsmon secondary\n"                                             \
	"[admin]\npassword = root\nactions = SET\ninstcmds = load.off\n"                           \
	"[other]\npassword = root\nactions = SET\ninstcmds = ALL\n"                                \
	"[nobody]\npassword = none\n"

/* ---- the driver ---- */

static inline void
driver_listen(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/test-u", stage.folder);
	(void)unlink(at.sun_path);
	stage.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(bind(stage.listener, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(chmod(at.sun_path, 0660), 0);
	cr_assert_eq(listen(stage.listener, 4), 0);
}

/* What upsd has sent the driver. */
static inline const char *
driver_hears(void)
{
	static char text[8192];
	ssize_t got;

	fast_turn(stage.loop, 5);
	got = read(stage.driver, text, sizeof(text) - 1);
	text[got > 0 ? got : 0] = '\0';
	return text;
}

static inline void
driver_says(const char *text)
{
	cr_assert_eq(send(stage.driver, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	fast_turn(stage.loop, 5);
}

/* Upsd connects, but is not told anything. */
static inline void
driver_accept(void)
{
	fast_turn(stage.loop, 5);
	stage.driver = accept4(stage.listener, NULL, NULL, SOCK_NONBLOCK);
	cr_assert_neq(stage.driver, -1);
	cr_expect_str_eq(driver_hears(), "DUMPALL\n");
}

#define DRIVER_DUMP                                                                                \
	"SETINFO ups.status \"OL\"\nSETINFO battery.charge \"100\"\n"                              \
	"SETINFO ups.id \"abc\"\nSETFLAGS ups.id RW STRING\nSETAUX ups.id 8\n"                     \
	"SETINFO input.sensitivity \"high\"\nSETFLAGS input.sensitivity RW\n"                      \
	"ADDENUM input.sensitivity \"high\"\nADDENUM input.sensitivity \"a \\\"b\\\"\"\n"          \
	"SETINFO ups.delay \"20\"\nSETFLAGS ups.delay RW\nADDRANGE ups.delay 10 30\n"              \
	"ADDCMD load.off\nADDCMD beeper.mute\n"

static inline void
driver_dumps(void)
{
	driver_accept();
	driver_says(DRIVER_DUMP "DATAOK\nDUMPDONE\n");
}

static inline void
driver_dies(void)
{
	close(stage.driver);
	stage.driver = -1;
	fast_turn(stage.loop, 5);
}

/* ---- clients ---- */

/* Up to 50 replies' bytes, until nothing more comes; "" and then "<EOF>" at the end. */
static inline const char *
client_hears(int fd)
{
	static char text[1 << 18];
	size_t len = 0;

	for (int i = 0; i < 6; i++) {
		ssize_t got;

		fast_turn(stage.loop, 2);
		while ((got = read(fd, text + len, sizeof(text) - 8 - len)) > 0)
			len += (size_t)got;
		if (got == 0) {
			strcpy(text + len, "<EOF>");
			return text;
		}
	}
	text[len] = '\0';
	return text;
}

static inline const char *
ask_bytes(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);

		if (sent > 0) {
			bytes += sent;
			len -= (size_t)sent;
		} else if (errno != EAGAIN) {
			break;
		}
		fast_turn(stage.loop, 1);
	}
	return client_hears(fd);
}

/* What the answer to TEXT is. */
static inline const char *
ask(int fd, const char *text)
{
	return ask_bytes(fd, text, strlen(text));
}

static inline int
client_from(const char *host)
{
	struct addr from;
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	cr_assert(addr_parse(&from, host, 1234));
	cr_assert_not_null(peer_new(stage.upsd, ends[1], &from));
	return ends[0];
}

/* A client that has given USER's name and PASSWORD. */
static inline int
client_as(const char *user, const char *password)
{
	int fd = client_from("192.0.2.1");
	char text[200];

	snprintf(text, sizeof(text), "USERNAME %s\nPASSWORD %s\n", user, password);
	cr_assert_str_eq(ask(fd, text), "OK\nOK\n");
	return fd;
}

/* ---- the whole ---- */

static inline void
stage_begin(void)
{
	struct faults faults = { 0 };
	struct upsdconf *conf;

	signal(SIGPIPE, SIG_IGN);
	log_set(&(struct log_settings){ .name = "upsd", .debug = 3, .sink = stage_log });
	cr_assert(mkdtemp(strcpy(stage.folder, "/tmp/refnut-upsd-XXXXXX")));
	snprintf(stage.report, sizeof(stage.report), "%s/upsd.reload", stage.folder);
	stage_file("upsd.conf", "LISTEN 127.0.0.1\n");
	stage_file("ups.conf", STAGE_UPSES);
	stage_file("upsd.users", STAGE_USERS);
	stage_file("cmdvartab", "VARDESC battery.charge \"Charge\"\nCMDDESC load.off \"Off\"\n");
	stage.source = (struct upsdconf_source){ .conf_path = stage.folder,
		.state_path = stage.folder,
		.data_path = stage.folder,
		.port = 3493 };
	stage.driver = -1;
	driver_listen();
	stage.loop = fast_loop();
	conf = upsdconf_read(&stage.source, &faults);
	cr_assert_eq(faults.len, 0, "%s", faults_first(&faults));
	conf->listens[0].port = 0;
	stage.upsd = upsd_new(stage.loop, conf);
	cr_assert_not_null(stage.upsd);
	stage.upsd->source = &stage.source;
	stage.upsd->report_path = stage.report;
}

/* The usual beginning: UPS u is live. */
static inline void
stage_live(void)
{
	stage_begin();
	driver_dumps();
}

static inline void
stage_end(void)
{
	static const char *const names[] = { "upsd.conf", "ups.conf", "upsd.users", "cmdvartab",
		"test-u", "upsd.reload" };
	char path[128];

	upsd_free(stage.upsd);
	fast_end(stage.loop);
	close(stage.listener);
	if (stage.driver != -1)
		close(stage.driver);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "%s/%s", stage.folder, names[i]);
		(void)unlink(path);
	}
	cr_expect_eq(rmdir(stage.folder), 0);
}

#endif
