/*
 * fakedrv - stand in for any number of NUT drivers in one process.
 *
 * Listens on one unix socket per pretended UPS (DIR/DRIVER-NAME) and speaks
 * the driver side of the NUT driver/server socket protocol, so that a upsd
 * can be measured or tested with 1 or 1000 devices and no hardware.
 *
 * A control socket (-C) takes one command per line, "TARGET VERB [ARGS]",
 * where TARGET is a UPS name or "*":
 *     SET VAR VALUE   store the value and tell every connected server
 *     DEL VAR         forget the variable and say so
 *     STALE | FRESH   send DATASTALE / DATAOK and remember it for dumps
 *     MUTE | UNMUTE   stop / resume answering (PING and DUMPALL included)
 *     DROP            close the server connections of that UPS
 *     RAW "TEXT"      send TEXT and a newline, whatever it is
 *     STAT            print counters
 * Each command is answered with one line starting OK or ERR.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAXARGS 16
#define LINEMAX 4096

struct var {
	char *name, *value;
	int rw; /* announced RW STRING with aux 64 */
};

struct ups {
	char *name;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int lfd;
	struct var *v;
	size_t nv;
	int stale, mute;
	unsigned long conns, dumps, pings, sets, cmds;
};

enum kind { K_LISTEN, K_SERVER, K_CTL_LISTEN, K_CTL };

struct peer { /* one entry per polled descriptor */
	enum kind kind;
	int fd, ups, quiet, dead;
	char in[LINEMAX];
	size_t inlen;
	char *out;
	size_t outlen, outcap;
};

static struct ups *ups;
static size_t nups;
static struct peer **peers;
static struct pollfd *pfds;
static size_t npeers, cappeers;
static int ncmds = 5, verbose;
static volatile sig_atomic_t stopping;

__attribute__((format(printf, 1, 2), noreturn)) static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "fakedrv: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static void *
need(void *p)
{
	if (!p)
		die("out of memory");
	return p;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

/* ---- the variables of a pretended UPS ---------------------------------- */

static const char *const stock[][2] = {
	{ "ups.status", "OL" },
	{ "battery.charge", "100" },
	{ "battery.runtime", "1860" },
	{ "ups.load", "23" },
	{ "input.voltage", "231.4" },
	{ "output.voltage", "230.1" },
	{ "battery.voltage", "27.3" },
	{ "battery.voltage.nominal", "24" },
	{ "battery.charge.low", "20" },
	{ "battery.charge.warning", "30" },
	{ "battery.runtime.low", "120" },
	{ "battery.type", "PbAc" },
	{ "device.mfr", "Example" },
	{ "device.model", "Bench 1500" },
	{ "device.serial", "BX0000000001" },
	{ "device.type", "ups" },
	{ "driver.name", "fakedrv" },
	{ "driver.version", "1" },
	{ "driver.version.internal", "1" },
	{ "driver.state", "quiet" },
	{ "driver.parameter.port", "none" },
	{ "driver.parameter.pollinterval", "2" },
	{ "input.frequency", "50.0" },
	{ "input.voltage.nominal", "230" },
	{ "input.transfer.high", "264" },
	{ "input.transfer.low", "184" },
	{ "output.frequency", "50.0" },
	{ "output.current", "1.40" },
	{ "output.voltage.nominal", "230" },
	{ "ups.beeper.status", "enabled" },
	{ "ups.delay.shutdown", "20" },
	{ "ups.delay.start", "30" },
	{ "ups.firmware", "03.08" },
	{ "ups.id", "bench" },
	{ "ups.mfr", "Example" },
	{ "ups.model", "Bench 1500" },
	{ "ups.power", "320" },
	{ "ups.power.nominal", "1500" },
	{ "ups.realpower", "210" },
	{ "ups.realpower.nominal", "1050" },
	{ "ups.serial", "BX0000000001" },
	{ "ups.temperature", "31.2" },
	{ "ups.test.result", "No test initiated" },
	{ "ups.timer.shutdown", "-1" },
	{ "ups.timer.start", "-1" },
	{ "ups.vendorid", "ffff" },
	{ "ups.productid", "0001" },
};

static const char *const commands[] = {
	"beeper.toggle",
	"load.off",
	"load.on",
	"shutdown.return",
	"shutdown.stayoff",
	"shutdown.stop",
	"test.battery.start",
	"test.battery.start.deep",
	"test.battery.start.quick",
	"test.battery.stop",
};
#define NCOMMANDS (sizeof(commands) / sizeof(commands[0]))

static struct var *
find_var(struct ups *u, const char *name)
{
	for (size_t i = 0; i < u->nv; i++)
		if (!strcasecmp(u->v[i].name, name))
			return &u->v[i];
	return NULL;
}

static struct var *
put_var(struct ups *u, const char *name, const char *value)
{
	struct var *v = find_var(u, name);

	if (v) {
		free(v->value);
		v->value = need(strdup(value));
		return v;
	}
	u->v = need(realloc(u->v, (u->nv + 1) * sizeof(*u->v)));
	v = &u->v[u->nv++];
	v->name = need(strdup(name));
	v->value = need(strdup(value));
	v->rw = 0;
	return v;
}

static void
del_var(struct ups *u, const char *name)
{
	struct var *v = find_var(u, name);

	if (!v)
		return;
	free(v->name);
	free(v->value);
	*v = u->v[--u->nv];
}

static void
fill_vars(struct ups *u, size_t want)
{
	static const char *const field[] = { "id", "desc", "status", "current" };
	char name[64], value[64];

	for (size_t i = 0; i < sizeof(stock) / sizeof(stock[0]) && u->nv < want; i++) {
		struct var *v = put_var(u, stock[i][0], stock[i][1]);

		v->rw = !strncmp(v->name, "ups.delay.", 10) || !strcmp(v->name, "ups.id");
	}
	for (size_t i = 0; u->nv < want; i++) {
		snprintf(name, sizeof(name), "outlet.%zu.%s", i / 4 + 1, field[i % 4]);
		snprintf(value, sizeof(value), "value of %s %zu", field[i % 4], i / 4 + 1);
		put_var(u, name, value);
	}
}

/* ---- output ------------------------------------------------------------ */

static void
flush_peer(struct peer *p)
{
	while (p->outlen > 0) {
		ssize_t n = send(p->fd, p->out, p->outlen, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			if (errno != EAGAIN && errno != EWOULDBLOCK)
				p->dead = 1;
			return;
		}
		memmove(p->out, p->out + n, p->outlen - (size_t)n);
		p->outlen -= (size_t)n;
	}
}

static void
put(struct peer *p, const char *s, size_t len)
{
	if (p->dead)
		return;
	if (p->outlen + len > p->outcap) {
		p->outcap = (p->outlen + len) * 2;
		p->out = need(realloc(p->out, p->outcap));
	}
	memcpy(p->out + p->outlen, s, len);
	p->outlen += len;
}

static void say(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
say(struct peer *p, const char *fmt, ...)
{
	char buf[LINEMAX * 2];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n > 0)
		put(p, buf, (size_t)n < sizeof(buf) ? (size_t)n : sizeof(buf) - 1);
}

/* quote a value the way both ends of the protocol expect it */
static const char *
quoted(const char *s)
{
	static char buf[LINEMAX];
	size_t n = 0;

	buf[n++] = '"';
	for (; *s && n < sizeof(buf) - 4; s++) {
		if (*s == '"' || *s == '\\' || *s == '#')
			buf[n++] = '\\';
		buf[n++] = *s;
	}
	buf[n++] = '"';
	buf[n] = '\0';
	return buf;
}

static void
say_var(struct peer *p, const struct var *v)
{
	say(p, "SETINFO %s %s\n", v->name, quoted(v->value));
	if (v->rw)
		say(p, "SETFLAGS %s RW STRING\nSETAUX %s 64\n", v->name, v->name);
}

static void
dump(struct peer *p, struct ups *u)
{
	u->dumps++;
	if (u->stale)
		say(p, "DATASTALE\n");
	for (size_t i = 0; i < u->nv; i++)
		say_var(p, &u->v[i]);
	for (int i = 0; i < ncmds && (size_t)i < NCOMMANDS; i++)
		say(p, "ADDCMD %s\n", commands[i]);
	if (!u->stale)
		say(p, "DATAOK\n");
	say(p, "DUMPDONE\n");
}

/* send one line to every server connected to UPS number <which> */
static void
broadcast(int which, const char *line)
{
	for (size_t i = 0; i < npeers; i++) {
		struct peer *p = peers[i];

		if (p->kind != K_SERVER || p->ups != which || p->quiet)
			continue;
		put(p, line, strlen(line));
		flush_peer(p);
	}
}

static void
change(int which, const char *name, const char *value)
{
	char line[LINEMAX * 2];
	struct var *v = put_var(&ups[which], name, value);

	snprintf(line, sizeof(line), "SETINFO %s %s\n", v->name, quoted(v->value));
	broadcast(which, line);
}

/* ---- input ------------------------------------------------------------- */

/* split a line into words in place; understands "..." and backslash */
static int
split(char *s, char **arg)
{
	int n = 0;

	while (n < MAXARGS) {
		char *w;
		int inq = 0;

		while (*s == ' ' || *s == '\t')
			s++;
		if (!*s)
			break;
		arg[n++] = w = s;
		for (; *s && (inq || (*s != ' ' && *s != '\t')); s++) {
			if (*s == '"') {
				inq = !inq;
				continue;
			}
			if (*s == '\\' && s[1])
				s++;
			*w++ = *s;
		}
		if (*s)
			s++;
		*w = '\0';
	}
	return n;
}

static const char *
tracking_id(int n, char **arg)
{
	for (int i = 2; i + 1 < n; i++)
		if (!strcasecmp(arg[i], "TRACKING"))
			return arg[i + 1];
	return NULL;
}

static void
server_line(struct peer *p, char *line)
{
	struct ups *u = &ups[p->ups];
	char *arg[MAXARGS];
	const char *id;
	int n = split(line, arg);

	if (verbose)
		fprintf(stderr, "fakedrv: %s: %s (%d words)\n", u->name, n ? arg[0] : "", n);
	if (n < 1 || u->mute)
		return;
	if (!strcasecmp(arg[0], "PING")) {
		u->pings++;
		say(p, "PONG\n");
	} else if (!strcasecmp(arg[0], "DUMPALL")) {
		dump(p, u);
	} else if (!strcasecmp(arg[0], "DUMPSTATUS") ||
		   (!strcasecmp(arg[0], "DUMPVALUE") && n > 1)) {
		struct var *v = find_var(u, n > 1 ? arg[1] : "ups.status");

		if (v)
			say_var(p, v);
		say(p, "DUMPDONE\n");
	} else if (!strcasecmp(arg[0], "GETPID")) {
		say(p, "PID %ld\n", (long)getpid());
	} else if (!strcasecmp(arg[0], "NOBROADCAST")) {
		p->quiet = 1;
	} else if (!strcasecmp(arg[0], "BROADCAST")) {
		p->quiet = n > 1 && atoi(arg[1]) <= 0;
	} else if (!strcasecmp(arg[0], "LOGOUT")) {
		say(p, "OK Goodbye\n");
		flush_peer(p);
		p->dead = 1;
	} else if (!strcasecmp(arg[0], "INSTCMD") && n > 1) {
		int known = 0;

		u->cmds++;
		for (int i = 0; i < ncmds && (size_t)i < NCOMMANDS; i++)
			known |= !strcasecmp(arg[1], commands[i]);
		if ((id = tracking_id(n, arg)))
			say(p, "TRACKING %s %d\n", id, known ? 0 : 1);
	} else if (!strcasecmp(arg[0], "SET") && n > 2) {
		struct var *v = find_var(u, arg[1]);
		int ok = v && v->rw;

		u->sets++;
		if (ok)
			change(p->ups, v->name, arg[2]);
		if ((id = tracking_id(n, arg)))
			say(p, "TRACKING %s %d\n", id, ok ? 0 : 1);
	}
}

static int
control_one(struct peer *p, int which, int n, char **arg)
{
	struct ups *u = &ups[which];
	char line[LINEMAX * 2];

	if (!strcasecmp(arg[1], "SET") && n > 3) {
		change(which, arg[2], arg[3]);
	} else if (!strcasecmp(arg[1], "DEL") && n > 2) {
		snprintf(line, sizeof(line), "DELINFO %s\n", arg[2]);
		del_var(u, arg[2]);
		broadcast(which, line);
	} else if (!strcasecmp(arg[1], "STALE")) {
		u->stale = 1;
		broadcast(which, "DATASTALE\n");
	} else if (!strcasecmp(arg[1], "FRESH")) {
		u->stale = 0;
		broadcast(which, "DATAOK\n");
	} else if (!strcasecmp(arg[1], "MUTE")) {
		u->mute = 1;
	} else if (!strcasecmp(arg[1], "UNMUTE")) {
		u->mute = 0;
	} else if (!strcasecmp(arg[1], "RAW") && n > 2) {
		snprintf(line, sizeof(line), "%s\n", arg[2]);
		broadcast(which, line);
	} else if (!strcasecmp(arg[1], "DROP")) {
		for (size_t i = 0; i < npeers; i++)
			if (peers[i]->kind == K_SERVER && peers[i]->ups == which)
				peers[i]->dead = 1;
	} else if (!strcasecmp(arg[1], "STAT")) {
		say(p, "STAT %s vars=%zu conns=%lu dumps=%lu pings=%lu sets=%lu cmds=%lu\n",
		    u->name, u->nv, u->conns, u->dumps, u->pings, u->sets, u->cmds);
	} else {
		return 0;
	}
	return 1;
}

static void
control_line(struct peer *p, char *line)
{
	char *arg[MAXARGS];
	int n = split(line, arg), hits = 0, ok = 1;

	if (n < 2) {
		say(p, "ERR usage: TARGET VERB [ARGS]\n");
		return;
	}
	for (size_t i = 0; i < nups; i++) {
		if (strcmp(arg[0], "*") && strcmp(arg[0], ups[i].name))
			continue;
		hits++;
		ok &= control_one(p, (int)i, n, arg);
	}
	if (!hits)
		say(p, "ERR no such UPS\n");
	else
		say(p, ok ? "OK %d\n" : "ERR bad verb or arguments (%d)\n", hits);
}

static void
read_peer(struct peer *p)
{
	char buf[LINEMAX];
	ssize_t n = recv(p->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			p->dead = 1;
		return;
	}
	for (ssize_t i = 0; i < n && !p->dead; i++) {
		if (buf[i] != '\n') {
			if (p->inlen < sizeof(p->in) - 1)
				p->in[p->inlen++] = buf[i];
			continue;
		}
		p->in[p->inlen] = '\0';
		p->inlen = 0;
		if (p->kind == K_CTL)
			control_line(p, p->in);
		else
			server_line(p, p->in);
	}
	flush_peer(p);
}

/* ---- descriptors ------------------------------------------------------- */

static void
add_peer(enum kind kind, int fd, int which)
{
	struct peer *p = need(calloc(1, sizeof(*p)));

	if (npeers == cappeers) {
		cappeers = cappeers ? cappeers * 2 : 64;
		peers = need(realloc(peers, cappeers * sizeof(*peers)));
		pfds = need(realloc(pfds, cappeers * sizeof(*pfds)));
	}
	p->kind = kind;
	p->fd = fd;
	p->ups = which;
	peers[npeers++] = p;
}

static void
reap_peers(void)
{
	for (size_t i = 0; i < npeers;) {
		struct peer *p = peers[i];

		if (!p->dead) {
			i++;
			continue;
		}
		close(p->fd);
		free(p->out);
		free(p);
		peers[i] = peers[--npeers];
	}
}

static int
listen_on(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(path) >= sizeof(sa.sun_path))
		die("socket path too long: %s", path);
	strcpy(sa.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 64))
		die("%s: %s", path, strerror(errno));
	chmod(path, 0660);
	return fd;
}

static void
accept_on(struct peer *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (l->kind == K_LISTEN) {
		ups[l->ups].conns++;
		add_peer(K_SERVER, fd, l->ups);
	} else {
		add_peer(K_CTL, fd, -1);
	}
}

static void
add_ups(const char *dir, const char *driver, const char *name, size_t nvars)
{
	struct ups *u;
	int n;

	ups = need(realloc(ups, (nups + 1) * sizeof(*ups)));
	u = &ups[nups];
	memset(u, 0, sizeof(*u));
	u->name = need(strdup(name));
	n = snprintf(u->path, sizeof(u->path), "%s/%s-%s", dir, driver, name);
	if (n < 0 || (size_t)n >= sizeof(u->path))
		die("socket path too long for %s", name);
	fill_vars(u, nvars);
	u->lfd = listen_on(u->path);
	add_peer(K_LISTEN, u->lfd, (int)nups++);
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: fakedrv -d DIR [options]\n"
	    "  -d DIR     directory for the sockets (upsd's state path)\n"
	    "  -D NAME    driver name in the socket names (dummy-ups)\n"
	    "  -n N       number of UPSes (1), named PREFIX1..PREFIXn\n"
	    "  -p PREFIX  name prefix (ups)\n"
	    "  -e NAME    also serve a UPS of exactly this name (may repeat)\n"
	    "  -v N       variables per UPS (40)\n"
	    "  -c N       instant commands per UPS (5, at most %zu)\n"
	    "  -t MS      every MS set experimental.stamp of the first UPS to the\n"
	    "             monotonic clock in ns (to measure propagation)\n"
	    "  -U MS      every MS change ups.load of every UPS (update traffic)\n"
	    "  -C PATH    control socket\n"
	    "  -V         trace requests on stderr\n"
	    "prints 'ready' on stdout once all sockets listen; SIGTERM ends it\n",
	    NCOMMANDS);
	exit(2);
}

static struct {
	const char *dir, *driver, *prefix, *ctl;
	const char *exact[64];
	size_t nexact, nvars;
	long count, stamp_ms, update_ms;
} options = { .driver = "dummy-ups", .prefix = "ups", .nvars = 40, .count = 1 };

static void
parse_options(int argc, char **argv)
{
	int o;

	while ((o = getopt(argc, argv, "d:D:n:p:e:v:c:t:U:C:V")) != -1)
		switch (o) {
		case 'd':
			options.dir = optarg;
			break;
		case 'D':
			options.driver = optarg;
			break;
		case 'n':
			options.count = atol(optarg);
			break;
		case 'p':
			options.prefix = optarg;
			break;
		case 'e':
			if (options.nexact == sizeof(options.exact) / sizeof(options.exact[0]))
				die("too many -e");
			options.exact[options.nexact++] = optarg;
			break;
		case 'v':
			options.nvars = (size_t)atol(optarg);
			break;
		case 'c':
			ncmds = atoi(optarg);
			break;
		case 't':
			options.stamp_ms = atol(optarg);
			break;
		case 'U':
			options.update_ms = atol(optarg);
			break;
		case 'C':
			options.ctl = optarg;
			break;
		case 'V':
			verbose = 1;
			break;
		default:
			usage();
		}
	if (!options.dir || optind != argc)
		usage();
}

static void
listen_all(void)
{
	char name[128];

	for (long i = 1; i <= options.count; i++) {
		snprintf(name, sizeof(name), "%s%ld", options.prefix, i);
		add_ups(options.dir, options.driver, name, options.nvars);
	}
	for (size_t i = 0; i < options.nexact; i++)
		add_ups(options.dir, options.driver, options.exact[i], options.nvars);
	if (options.ctl)
		add_peer(K_CTL_LISTEN, listen_on(options.ctl), -1);
}

/* what -t and -U change by now; returns when they want to change something again */
static uint64_t
change_in_time(uint64_t now)
{
	static uint64_t next_stamp, next_update;
	static unsigned tick;
	uint64_t until = now + 3600000000000ull;
	char value[32];

	if (options.stamp_ms && nups && now >= next_stamp) {
		next_stamp = now + (uint64_t)options.stamp_ms * 1000000u;
		snprintf(value, sizeof(value), "%llu", (unsigned long long)now_ns());
		change(0, "experimental.stamp", value);
	}
	if (options.update_ms && now >= next_update) {
		next_update = now + (uint64_t)options.update_ms * 1000000u;
		snprintf(value, sizeof(value), "%u", 20 + tick++ % 60);
		for (size_t i = 0; i < nups; i++)
			change((int)i, "ups.load", value);
	}
	if (options.stamp_ms && next_stamp < until)
		until = next_stamp;
	if (options.update_ms && next_update < until)
		until = next_update;
	return until;
}

static void
serve_peer(struct peer *p, short revents)
{
	if (p->kind == K_LISTEN || p->kind == K_CTL_LISTEN) {
		accept_on(p);
		return;
	}
	if (revents & POLLOUT)
		flush_peer(p);
	if (revents & (POLLIN | POLLHUP | POLLERR))
		read_peer(p);
}

/* poll once, no longer than UNTIL */
static void
turn(uint64_t until)
{
	size_t n = npeers;
	uint64_t now = now_ns();
	int hits;

	for (size_t i = 0; i < n; i++) {
		pfds[i].fd = peers[i]->fd;
		pfds[i].events = (short)(POLLIN | (peers[i]->outlen ? POLLOUT : 0));
		pfds[i].revents = 0;
	}
	hits = poll(pfds, n, until > now ? (int)((until - now + 999999) / 1000000) : 0);
	for (size_t i = 0; hits > 0 && i < n; i++)
		if (pfds[i].revents && !peers[i]->dead)
			serve_peer(peers[i], pfds[i].revents);
	reap_peers();
}

int
main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	listen_all();
	printf("ready %zu\n", nups);
	fflush(stdout);
	while (!stopping)
		turn(change_in_time(now_ns()));
	for (size_t i = 0; i < nups; i++)
		unlink(ups[i].path);
	if (options.ctl)
		unlink(options.ctl);
	return 0;
}
