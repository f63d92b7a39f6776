/* Start and end of upsd: docs/net-protocol.md, section 13. */
#include "conformance/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static void
put_listen(struct bench *bench, const char *lines)
{
	put_file(bench, "upsd.conf", lines);
}

static bool
serves(struct bench *bench, const char *host, int port)
{
	struct conn *conn;

	for (int64_t end = now_ms() + bench->patience_ms; now_ms() < end && !bench->upsd->done;) {
		conn = try_dial(bench, host, port);
		if (conn) {
			say(bench, conn, "NETVER");
			want(bench, conn, "1.3");
			hang_up(bench, conn);
			return true;
		}
		bench_turn(bench, 20);
	}
	return false;
}

static void
need_ipv6(struct bench *bench)
{
	if (access("/proc/net/if_inet6", R_OK) || !*get_file(bench, "/proc/net/if_inet6"))
		skip(bench, "no IPv6 here");
}

static void
listen_both(struct bench *bench)
{
	char text[200];

	need_ipv6(bench);
	snprintf(
	    text, sizeof(text), "LISTEN 127.0.0.1 %d\nLISTEN ::1 %d\n", bench->port, bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, serves(bench, "127.0.0.1", bench->port), "127.0.0.1 is not served");
	need(bench, serves(bench, "::1", bench->port), "::1 is not served");
}

static void
listen_two(struct bench *bench)
{
	char text[200];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1 %d\nLISTEN 127.0.0.2 %d\n", bench->port,
	    bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, serves(bench, "127.0.0.1", bench->port), "127.0.0.1 is not served");
	need(bench, serves(bench, "127.0.0.2", bench->port), "127.0.0.2 is not served");
	need(bench, !try_dial(bench, "127.0.0.3", bench->port), "127.0.0.3 is served");
}

static void
listen_star(struct bench *bench)
{
	char text[200];

	need_ipv6(bench);
	snprintf(text, sizeof(text), "LISTEN * %d\n", bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, serves(bench, "127.0.0.1", bench->port), "127.0.0.1 is not served: %s",
	    log_of(bench, bench->upsd));
	need(bench, serves(bench, "::1", bench->port), "::1 is not served");
}

static void
listen_name(struct bench *bench)
{
	char text[200];

	if (!gethostbyname("localhost"))
		skip(bench, "this host does not know localhost (/etc/hosts)");
	snprintf(text, sizeof(text), "LISTEN localhost %d\n", bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	for (int64_t end = now_ms() + bench->patience_ms; now_ms() < end && !bench->upsd->done;
	     bench_turn(bench, 20)) {
		if (try_dial(bench, "127.0.0.1", bench->port))
			return;
		if (try_dial(bench, "::1", bench->port))
			return;
	}
	fail(bench, "localhost is not served: %s", log_of(bench, bench->upsd));
}

static void
absent_address(struct bench *bench)
{
	char text[200];

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1 %d\nLISTEN 192.0.2.77 %d\n", bench->port,
	    bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, serves(bench, "127.0.0.1", bench->port), "127.0.0.1 is not served: %s",
	    log_of(bench, bench->upsd));
	need(bench, strstr(log_of(bench, bench->upsd), "192.0.2.77"),
	    "the log does not name the address");
}

/* An address that is taken by another is as good as absent; it comes free while upsd runs. */
static void
address_comes(struct bench *bench)
{
	char text[200];
	int fd = bind_to(bench, "127.0.0.2", bench->port);

	snprintf(text, sizeof(text), "LISTEN 127.0.0.1 %d\nLISTEN 127.0.0.2 %d\n", bench->port,
	    bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, serves(bench, "127.0.0.1", bench->port), "127.0.0.1 is not served: %s",
	    log_of(bench, bench->upsd));
	close(fd);
	for (int64_t end = now_ms() + 15000; now_ms() < end && !bench->upsd->done;
	     bench_turn(bench, 50))
		if (try_dial(bench, "127.0.0.2", bench->port))
			return;
	fail(bench, "127.0.0.2 is not served 15 s after it came free");
}

static void
no_address(struct bench *bench)
{
	char text[200];

	snprintf(text, sizeof(text), "LISTEN 192.0.2.77 %d\n", bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(
	    bench, wait_end(bench, bench->upsd, bench->patience_ms), "it runs without any address");
	need(bench, WIFEXITED(bench->upsd->status) && WEXITSTATUS(bench->upsd->status),
	    "it exits with status 0");
	need(bench, strstr(log_of(bench, bench->upsd), "192.0.2.77"),
	    "no message names the address");
}

static void
refused(struct bench *bench, const char *listen, const char *where)
{
	char text[300];

	snprintf(text, sizeof(text), "MAXAGE 15\n%s\nLISTEN 127.0.0.1 %d\n", listen, bench->port);
	put_listen(bench, text);
	launch_upsd(bench, NULL);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "it starts with: %s", listen);
	need(bench, WIFEXITED(bench->upsd->status) && WEXITSTATUS(bench->upsd->status),
	    "it exits with status 0");
	need(bench, strstr(log_of(bench, bench->upsd), where), "the message does not say %s: %s",
	    where, log_of(bench, bench->upsd));
}

static void
listen_with_mask(struct bench *bench)
{
	refused(bench, "LISTEN 127.0.0.1/24", "upsd.conf:2");
}

static void
listen_with_colon(struct bench *bench)
{
	refused(bench, "LISTEN 127.0.0.1:3493", "upsd.conf:2");
}

static void
listen_bad_port(struct bench *bench)
{
	refused(bench, "LISTEN 127.0.0.1 70000", "upsd.conf:2");
}

static void
listen_no_port(struct bench *bench)
{
	refused(bench, "LISTEN 127.0.0.1 nut", "upsd.conf:2");
}

static void
ends_on_sigterm(struct bench *bench)
{
	struct conn *conn;

	start_upsd(bench);
	conn = dial(bench);
	ask(bench, conn, "NETVER");
	kill(bench->upsd->pid, SIGTERM);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "SIGTERM does not end it");
	need(bench, WIFEXITED(bench->upsd->status) && !WEXITSTATUS(bench->upsd->status),
	    "its status is not 0");
	need(bench, ends(bench, conn, bench->patience_ms), "its client's connection stays open");
}

static void
restarts_at_once(struct bench *bench)
{
	struct conn *conn;

	start_upsd(bench);
	for (int i = 0; i < 3; i++) {
		conn = dial(bench);
		ask(bench, conn, "NETVER"); /* so that the server's side lingers in TIME_WAIT */
		stop_upsd(bench);
		start_upsd(bench);
	}
}

static void
no_device(struct bench *bench)
{
	put_file(bench, "ups.conf", "");
	launch_upsd(bench, NULL);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "it starts without any UPS");
	need(bench, WIFEXITED(bench->upsd->status) && WEXITSTATUS(bench->upsd->status),
	    "its status is 0");
}

static void
no_device_allowed(struct bench *bench)
{
	put_file(bench, "ups.conf", "");
	add_to_file(bench, "upsd.conf", "ALLOW_NO_DEVICE true\n");
	start_upsd(bench);
	talk(bench, "> LIST UPS\n< BEGIN LIST UPS\n< END LIST UPS\n");
}

/* The socket that a service manager listens on. */
static int
manager(struct bench *bench, char *name, size_t size)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(name, size, "%s", path_of(bench, "notify"));
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", name);
	if (fd == -1 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		fail(bench, "suite: %s", strerror(errno));
	return fd;
}

/* Until the manager is told TEXT. */
static void
told(struct bench *bench, int fd, const char *text)
{
	char room[2048];

	for (int64_t end = now_ms() + bench->patience_ms; now_ms() < end; bench_turn(bench, 5)) {
		ssize_t got = recv(fd, room, sizeof(room) - 1, 0);

		if (got <= 0)
			continue;
		room[got] = '\0';
		if (strstr(room, text))
			return;
	}
	close(fd);
	fail(bench, "the manager is not told %s", text);
}

static void
notifies(struct bench *bench)
{
	char name[400];
	int fd = manager(bench, name, sizeof(name));

	setenv("NOTIFY_SOCKET", name, 1);
	launch_upsd(bench, NULL);
	unsetenv("NOTIFY_SOCKET");
	told(bench, fd, "READY=1");
	need(bench, try_dial(bench, "127.0.0.1", bench->port), "told READY, but does not listen");
	kill(bench->upsd->pid, SIGTERM);
	bench->upsd->expected = true;
	told(bench, fd, "STOPPING=1");
	close(fd);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "SIGTERM does not end it");
}

static void
notifies_reload(struct bench *bench)
{
	char name[400];
	int fd = manager(bench, name, sizeof(name));

	setenv("NOTIFY_SOCKET", name, 1);
	launch_upsd(bench, NULL);
	unsetenv("NOTIFY_SOCKET");
	told(bench, fd, "READY=1");
	kill(bench->upsd->pid, SIGHUP);
	told(bench, fd, "RELOADING=1");
	told(bench, fd, "READY=1");
	close(fd);
}

static void
run_to_end(struct bench *bench, const char *const *more)
{
	launch_upsd(bench, more);
	need(bench, wait_end(bench, bench->upsd, bench->patience_ms), "it does not end");
}

static void
checks_bad(struct bench *bench)
{
	static const char *const more[] = { "-t", NULL };

	add_to_file(bench, "upsd.conf", "MAXAGE soon\n");
	add_to_file(bench, "ups.conf", "[half]\n\tport = x\n");
	run_to_end(bench, more);
	need(bench, WIFEXITED(bench->upsd->status) && WEXITSTATUS(bench->upsd->status) == 1,
	    "status is not 1");
	need(bench, strstr(log_of(bench, bench->upsd), "upsd.conf:4"),
	    "it does not say upsd.conf:4");
	need(bench, strstr(log_of(bench, bench->upsd), "ups.conf:"),
	    "it tells the first fault only");
}

static void
checks_good(struct bench *bench)
{
	static const char *const more[] = { "-t", NULL };

	checks_bad(bench); /* else any program that ignores -t would do */
	put_stock(bench);
	run_to_end(bench, more);
	need(bench, WIFEXITED(bench->upsd->status) && !WEXITSTATUS(bench->upsd->status),
	    "status not 0: %s", log_of(bench, bench->upsd));
}

static void
unknown_option(struct bench *bench)
{
	static const char *const more[] = { "-Z", NULL };

	run_to_end(bench, more);
	need(bench, WIFEXITED(bench->upsd->status) && WEXITSTATUS(bench->upsd->status),
	    "its status is 0");
}

static void
version_and_help(struct bench *bench)
{
	static const char *const version[] = { "-V", NULL }, *const help[] = { "-h", NULL };

	run_to_end(bench, version);
	need(bench, WIFEXITED(bench->upsd->status) && !WEXITSTATUS(bench->upsd->status),
	    "-V: status not 0");
	need(bench, strstr(log_of(bench, bench->upsd), "Network UPS Tools upsd 2."),
	    "-V prints: %s", log_of(bench, bench->upsd));
	run_to_end(bench, help);
	need(bench, WIFEXITED(bench->upsd->status) && !WEXITSTATUS(bench->upsd->status),
	    "-h: status not 0");
}

/* Nothing in the folder that others may write, whatever the umask was. */
static void
umask_zero(struct bench *bench)
{
	static const char *const more[] = { "-FF", NULL };
	struct stat status;

	bench->umask = 0;
	launch_upsd(bench, more);
	bench->umask = 027;
	need(bench, serves(bench, "127.0.0.1", bench->port), "it is not served");
	for (int64_t end = now_ms() + bench->patience_ms; stat(path_of(bench, "upsd.pid"), &status);
	     bench_turn(bench, 10))
		need(bench, now_ms() < end, "there is no PID file");
	need(bench, !(status.st_mode & 022), "the PID file has mode %o",
	    (unsigned)status.st_mode & 07777);
	need(bench, status.st_mode & 0400, "the PID file has mode %o",
	    (unsigned)status.st_mode & 07777);
}

static void
pid_folder_missing(struct bench *bench)
{
	char folder[400];
	static const char *const more[] = { "-FF", NULL };

	snprintf(folder, sizeof(folder), "%s/nowhere", bench->dir);
	setenv("SUITE_PIDPATH", folder, 1);
	launch_upsd(bench, more);
	unsetenv("SUITE_PIDPATH");
	if (!serves(bench, "127.0.0.1", bench->port)) {
		need(bench, wait_end(bench, bench->upsd, 100), "it neither serves nor ends");
		need(bench, WIFEXITED(bench->upsd->status), "it dies of a signal");
		need(bench, strstr(log_of(bench, bench->upsd), "nowhere"),
		    "no message names the folder");
	}
}

static void
second_instance(struct bench *bench)
{
	struct process *second;

	start_upsd(bench);
	second = launch_upsd(bench, NULL);
	need(bench, wait_end(bench, second, bench->patience_ms),
	    "a second upsd runs on the same port");
	need(bench, WIFEXITED(second->status) && WEXITSTATUS(second->status), "its status is 0");
	upsd_alive(bench);
}

static const struct test_case cases[] = {
	{ "net/listen/1", MUST, "N-13.1", "LISTEN twice: IPv4 and IPv6", .run = listen_both,
	    .kind = EMPTY },
	{ "net/listen/2", MUST, "N-13.1", "LISTEN twice: two addresses and no third",
	    .run = listen_two, .kind = EMPTY },
	{ "net/listen/3", MUST, "N-13.2 R-86", "LISTEN * serves IPv4 and IPv6", .run = listen_star,
	    .kind = EMPTY },
	{ "net/listen/4", MUST, "N-13.1", "LISTEN takes a name", .run = listen_name,
	    .kind = EMPTY },
	{ "net/listen/5", MUST, "N-13.3 R-87",
	    "an address that is not there does not stop the others", .run = absent_address,
	    .kind = EMPTY },
	{ "net/listen/6", MUST, "N-13.3 R-87", "an address that comes later is served then",
	    .run = address_comes, .kind = EMPTY, .flags = SLOW },
	{ "net/listen/7", MUST, "N-13.3 R-87", "without any address it exits with an error",
	    .run = no_address, .kind = EMPTY },
	{ "net/listen/8", MUST, "N-13.4 R-88",
	    "an address with a mask is an error with file and line", .run = listen_with_mask,
	    .kind = EMPTY },
	{ "net/listen/9", MUST, "N-13.4 R-88", "host:port is an error with file and line",
	    .run = listen_with_colon, .kind = EMPTY },
	{ "net/listen/10", MUST, "N-13.4 R-88", "port 70000 is an error with file and line",
	    .run = listen_bad_port, .kind = EMPTY },
	{ "net/listen/11", MUST, "N-13.4 R-88", "a word as port is an error with file and line",
	    .run = listen_no_port, .kind = EMPTY },
	{ "net/start/1", MUST, "N-13.6",
	    "SIGTERM ends it with status 0, and its clients' connections", .run = ends_on_sigterm,
	    .kind = EMPTY },
	{ "net/start/2", MUST, "N-13.1 N-13.6", "it can be started again at once on the same port",
	    .run = restarts_at_once, .kind = EMPTY },
	{ "net/start/3", MUST, "N-13.7", "without any UPS it does not start", .run = no_device,
	    .kind = EMPTY },
	{ "net/start/4", MUST, "N-13.7", "ALLOW_NO_DEVICE lets it start without",
	    .run = no_device_allowed, .kind = EMPTY },
	{ "net/start/5", MUST, "N-13.8 R-98",
	    "the service manager is told READY when it listens, and STOPPING", .run = notifies,
	    .kind = EMPTY },
	{ "net/start/6", SHOULD, "N-13.8 R-98", "the service manager is told RELOADING and READY",
	    .run = notifies_reload, .kind = EMPTY },
	{ "net/start/7", MUST, "N-13.9", "upsd -t finds no fault in good files", .run = checks_good,
	    .kind = EMPTY },
	{ "net/start/8", MUST, "N-13.9", "upsd -t tells every fault with file and line",
	    .run = checks_bad, .kind = EMPTY },
	{ "net/start/9", MUST, "N-13.10", "an unknown option is an error", .run = unknown_option,
	    .kind = EMPTY },
	{ "net/start/10", MUST, "N-3.1 N-13.10", "-V and -h are not", .run = version_and_help,
	    .kind = EMPTY },
	{ "net/start/11", MUST, "N-13.11 R-91",
	    "with umask 0 the PID file cannot be written by others", .run = umask_zero,
	    .kind = EMPTY },
	{ "net/start/12", MUST, "N-13.12 R-92",
	    "a PID folder that is not there: it works, or says so", .run = pid_folder_missing,
	    .kind = EMPTY },
	{ "net/start/13", MUST, "N-13.1",
	    "a second one on the same port ends with an error, and the first goes on",
	    .run = second_instance, .kind = EMPTY },
};

SECTION(net_start);
