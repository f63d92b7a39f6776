/*
 * nutload - load generator and stopwatch for NUT network protocol servers.
 *
 *   load     closed-loop requests on N connections, pipelined to depth P
 *   churn    connect, [STARTTLS,] one request, LOGOUT, again
 *   tls      connect, STARTTLS, full handshake, LOGOUT, again
 *   idle     hold K idle connections, time requests on one active one
 *   prop     time from a driver's change (fakedrv -t) to a polling client
 *   stall    one misbehaving client; time requests on a well-behaved one
 *   startup  start a server, time it to the first good answer, stop it
 *   exec     run a program (upsc, say) again and again, time the whole process
 *
 * Prints one line of key=value pairs. Times are microseconds unless the key
 * says otherwise. With -s PID the server's CPU time and memory are read from
 * /proc; its CPU time comes from schedstat (ns), summed over its threads.
 *
 * One thread, one epoll set. gen_us is what a request costs the generator:
 * 1e6/gen_us requests/s is its own ceiling on that workload.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAXDEPTH 256
#define MAXREQ 64
#define RBUF 65536

/* ---- options ----------------------------------------------------------- */

static const char *host = "127.0.0.1", *label = "", *upsname = "ups1";
static const char *stampvar = "experimental.stamp", *stallkind = "slowread";
static int port = 3493, nconn = 1, depth = 1, use_tls, tlsver, inflight = 8;
static int kidle = 1000, all_ups;
static double duration = 3.0, warmup = 0.3;
static uint64_t want_count;
static long server_pid;

struct request {
	char *text;
	size_t len;
	const char *expect; /* how a good answer starts */
};
static struct request reqs[MAXREQ];
static size_t nreqs;

__attribute__((format(printf, 1, 2), noreturn)) static void
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "nutload: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	exit(1);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t
self_cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void
add_request(const char *text)
{
	struct request *r;
	size_t len = strlen(text);

	if (nreqs == MAXREQ)
		die("too many requests in the mix");
	r = &reqs[nreqs++];
	r->text = malloc(len + 2);
	if (!r->text)
		die("out of memory");
	memcpy(r->text, text, len);
	r->text[len] = '\n';
	r->text[len + 1] = '\0';
	r->len = len + 1;
	r->expect = !strncmp(text, "LIST ", 5)	    ? "BEGIN LIST "
		    : !strncmp(text, "GET VAR ", 8) ? "VAR "
						    : "";
}

static void
set_mix(const char *mix)
{
	char get[256], var[256];

	snprintf(get, sizeof(get), "GET VAR %s ups.status", upsname);
	snprintf(var, sizeof(var), "LIST VAR %s", upsname);
	if (!strcmp(mix, "get")) {
		add_request(get);
	} else if (!strcmp(mix, "listvar")) {
		add_request(var);
	} else if (!strcmp(mix, "listups")) {
		add_request("LIST UPS");
	} else if (!strcmp(mix, "ver")) {
		add_request("VER");
	} else if (!strcmp(mix, "mix")) { /* 8 : 1 : 1 */
		for (int i = 0; i < 4; i++)
			add_request(get);
		add_request(var);
		for (int i = 0; i < 4; i++)
			add_request(get);
		add_request("LIST UPS");
	} else {
		die("unknown mix %s", mix);
	}
}

/* ---- latency histogram: under 1 % error, fixed memory ------------------- */

#define SUB 128
struct hist {
	uint64_t n, max, bucket[58][SUB];
};
static struct hist lat, lat2;

static void
hist_add(struct hist *h, uint64_t ns)
{
	unsigned e = 0;
	uint64_t v = ns;

	while (v >= 2 * SUB) {
		v >>= 1;
		e++;
	}
	if (v >= SUB) {
		e++;
		v -= SUB;
	}
	h->bucket[e][v]++;
	h->n++;
	if (ns > h->max)
		h->max = ns;
}

static double
hist_us(const struct hist *h, double q)
{
	uint64_t want = (uint64_t)(q * (double)h->n), seen = 0;

	if (!h->n)
		return 0;
	if (want >= h->n)
		want = h->n - 1;
	for (unsigned e = 0; e < 58; e++)
		for (unsigned i = 0; i < SUB; i++) {
			seen += h->bucket[e][i];
			if (seen > want) {
				uint64_t v = e ? (uint64_t)(SUB + i) << (e - 1) : i;

				return (double)v / 1e3;
			}
		}
	return (double)h->max / 1e3;
}

static void
print_hist(const char *prefix, const struct hist *h)
{
	printf(" %sp50=%.1f %sp99=%.1f %sp999=%.1f %smax=%.1f", prefix, hist_us(h, 0.5), prefix,
	    hist_us(h, 0.99), prefix, hist_us(h, 0.999), prefix, (double)h->max / 1e3);
}

/* ---- the server process, from /proc ------------------------------------- */

static uint64_t
proc_cpu_ns(long pid)
{
	char path[64];
	struct dirent *d;
	uint64_t sum = 0;
	DIR *dir;

	if (!pid)
		return 0;
	snprintf(path, sizeof(path), "/proc/%ld/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((d = readdir(dir))) {
		unsigned long long ns;
		char file[400];
		FILE *f;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		snprintf(file, sizeof(file), "%s/%s/schedstat", path, d->d_name);
		f = fopen(file, "r");
		if (!f)
			continue;
		if (fscanf(f, "%llu", &ns) == 1)
			sum += ns;
		fclose(f);
	}
	closedir(dir);
	return sum;
}

/* one "Key:  N kB" or "Key: N" number from /proc/PID/status */
static long
proc_status(long pid, const char *key)
{
	char path[64], line[256];
	size_t klen = strlen(key);
	long v = -1;
	FILE *f;

	if (!pid)
		return -1;
	snprintf(path, sizeof(path), "/proc/%ld/status", pid);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, key, klen) && line[klen] == ':') {
			v = strtol(line + klen + 1, NULL, 10);
			break;
		}
	fclose(f);
	return v;
}

/* ---- connections -------------------------------------------------------- */

enum state { S_CLOSED, S_CONNECT, S_WANT_TLS, S_HANDSHAKE, S_HELLO, S_READY, S_BYE };

struct conn {
	int fd, want_out, inlist, fresh; /* fresh: at the start of an answer */
	enum state state;
	SSL *ssl;
	char *rbuf, *wbuf;
	size_t rlen, wlen, wcap;
	uint64_t sent[MAXDEPTH], started, hs_started;
	unsigned char which[MAXDEPTH];
	unsigned head, count; /* ring of unanswered requests */
	size_t next;
};

static struct conn *conns;
static int epfd, cycling, handshake_only;
static struct sockaddr_storage addr;
static socklen_t addrlen;
static SSL_CTX *ctx;
static int opening, nready, nclosed, next_open;
static int measuring, stopping;
static uint64_t done, errors, mismatched, lost, resumed, bytes_in;
static char tlsname[32] = "-";

/* -R: the last ticket, for whoever comes next */
static SSL_SESSION *ticket;
static int resume;

static int
keep_ticket(SSL *ssl, SSL_SESSION *fresh)
{
	(void)ssl;
	SSL_SESSION_free(ticket);
	ticket = fresh;
	return 1;
}

static void
resolve(void)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *ai;
	char service[16];

	snprintf(service, sizeof(service), "%d", port);
	if (getaddrinfo(host, service, &hint, &ai))
		die("cannot resolve %s", host);
	memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
	addrlen = ai->ai_addrlen;
	freeaddrinfo(ai);
}

static void
watch(struct conn *c, int op, int out)
{
	struct epoll_event ev = { .events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c };

	if (epoll_ctl(epfd, op, c->fd, &ev))
		die("epoll_ctl: %s", strerror(errno));
	c->want_out = out;
}

static void
conn_close(struct conn *c)
{
	if (c->state == S_CLOSED)
		return;
	if (c->state < S_READY)
		opening--;
	if (c->ssl)
		SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
	c->state = S_CLOSED;
	c->rlen = c->wlen = 0;
	c->head = c->count = 0;
}

static void
conn_open(struct conn *c)
{
	int one = 1, r;

	if (!c->rbuf && !(c->rbuf = malloc(RBUF)))
		die("out of memory");
	c->fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket: %s (raise ulimit -n?)", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->state = S_CONNECT;
	c->inlist = 0;
	c->fresh = 1;
	c->started = now_ns();
	opening++;
	r = connect(c->fd, (struct sockaddr *)&addr, addrlen);
	if (r && errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	watch(c, EPOLL_CTL_ADD, 1);
}

static void
conn_lost(struct conn *c)
{
	if (!stopping)
		lost++;
	conn_close(c);
	if (cycling && !stopping)
		conn_open(c);
	else
		nclosed++;
}

/* raw transfer; returns bytes, 0 for "later", -1 for end or failure */
static ssize_t
xfer_in(struct conn *c, char *p, size_t len)
{
	ssize_t n;

	if (c->ssl) {
		int r = SSL_read(c->ssl, p, (int)len), e;

		if (r > 0)
			return r;
		e = SSL_get_error(c->ssl, r);
		return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	n = recv(c->fd, p, len, 0);
	if (n > 0)
		return n;
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

static ssize_t
xfer_out(struct conn *c, const char *p, size_t len)
{
	ssize_t n;

	if (c->ssl && c->state >= S_HELLO) {
		int r = SSL_write(c->ssl, p, (int)len), e;

		if (r > 0)
			return r;
		e = SSL_get_error(c->ssl, r);
		return e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE ? 0 : -1;
	}
	n = send(c->fd, p, len, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void
queue(struct conn *c, const char *p, size_t len)
{
	if (c->wlen + len > c->wcap) {
		c->wcap = (c->wlen + len) * 2;
		c->wbuf = realloc(c->wbuf, c->wcap);
		if (!c->wbuf)
			die("out of memory");
	}
	memcpy(c->wbuf + c->wlen, p, len);
	c->wlen += len;
}

static int
flush_out(struct conn *c)
{
	size_t off = 0;

	while (off < c->wlen) {
		ssize_t n = xfer_out(c, c->wbuf + off, c->wlen - off);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		off += (size_t)n;
	}
	if (off && off < c->wlen)
		memmove(c->wbuf, c->wbuf + off, c->wlen - off);
	c->wlen -= off;
	if ((c->wlen > 0) != c->want_out)
		watch(c, EPOLL_CTL_MOD, c->wlen > 0);
	return 0;
}

static void
issue(struct conn *c, int k)
{
	uint64_t t = now_ns();

	while (k-- > 0 && c->count < MAXDEPTH) {
		unsigned slot = (c->head + c->count++) % MAXDEPTH;

		c->sent[slot] = t;
		c->which[slot] = (unsigned char)c->next;
		queue(c, reqs[c->next].text, reqs[c->next].len);
		c->next = (c->next + 1) % nreqs;
	}
}

/* the connection is up (and encrypted, if asked for): what comes first? */
static void
greet(struct conn *c)
{
	c->state = S_HELLO;
	if (cycling && handshake_only) {
		c->state = S_BYE;
		opening--;
		queue(c, "LOGOUT\n", 7);
	} else if (cycling) {
		c->state = S_READY;
		opening--;
		issue(c, 1);
	} else {
		queue(c, "VER\n", 4); /* proves the server has accepted it */
	}
}

/* one complete answer (a line, or a whole list) to the oldest request */
static void
answered(struct conn *c)
{
	uint64_t t = now_ns() - c->sent[c->head];

	c->head = (c->head + 1) % MAXDEPTH;
	c->count--;
	if (measuring && !cycling) {
		hist_add(&lat, t);
		done++;
	}
	if (cycling) {
		c->state = S_BYE;
		queue(c, "LOGOUT\n", 7);
	} else if (!stopping) {
		issue(c, 1);
	}
}

static int
begins(const char *p, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && !memcmp(p, with, n);
}

/* returns -1 when the connection was closed and must not be used further */
static int
line_in(struct conn *c, const char *p, size_t len)
{
	switch (c->state) {
	case S_WANT_TLS:
		if (!begins(p, len, "OK STARTTLS"))
			die("STARTTLS refused: %.*s", (int)len, p);
		c->ssl = SSL_new(ctx);
		if (!c->ssl || !SSL_set_fd(c->ssl, c->fd))
			die("SSL_new failed");
		if (resume && ticket)
			SSL_set_session(c->ssl, ticket);
		SSL_set_connect_state(c->ssl);
		c->state = S_HANDSHAKE;
		break;
	case S_HELLO:
		c->state = S_READY;
		opening--;
		nready++;
		break;
	case S_READY:
		if (!c->count)
			break; /* unasked for: ignore */
		if (c->fresh) {
			const char *want = reqs[c->which[c->head]].expect;

			if (begins(p, len, "ERR "))
				errors++;
			else if (!begins(p, len, want))
				mismatched++;
			if (begins(p, len, "BEGIN LIST ")) {
				c->inlist = 1;
				c->fresh = 0;
				break;
			}
		} else if (c->inlist) {
			if (*p != 'E' || !begins(p, len, "END LIST "))
				break;
			c->inlist = 0;
			c->fresh = 1;
		}
		answered(c);
		break;
	case S_BYE:
		if (measuring) {
			hist_add(&lat, now_ns() - c->started);
			done++;
		}
		if (resume)
			SSL_shutdown(c->ssl); /* or its ticket is void */
		conn_close(c);
		if (stopping)
			nclosed++;
		else
			conn_open(c);
		return -1;
	default:
		break;
	}
	return 0;
}

static void
handshake(struct conn *c)
{
	int r = SSL_connect(c->ssl), e;

	if (r == 1) {
		if (measuring)
			hist_add(&lat2, now_ns() - c->hs_started);
		if (SSL_session_reused(c->ssl))
			resumed++;
		snprintf(tlsname, sizeof(tlsname), "%s", SSL_get_version(c->ssl));
		greet(c);
		if (flush_out(c))
			conn_lost(c);
		return;
	}
	e = SSL_get_error(c->ssl, r);
	if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) {
		if ((e == SSL_ERROR_WANT_WRITE) != c->want_out)
			watch(c, EPOLL_CTL_MOD, e == SSL_ERROR_WANT_WRITE);
		return;
	}
	errors++;
	conn_lost(c);
}

static void
readable(struct conn *c)
{
	for (;;) {
		char *p = c->rbuf, *end, *nl;
		enum state before = c->state;
		ssize_t n = xfer_in(c, c->rbuf + c->rlen, RBUF - c->rlen);
		size_t asked = RBUF - c->rlen;

		if (n < 0) {
			conn_lost(c);
			return;
		}
		if (n == 0)
			break;
		if (measuring)
			bytes_in += (uint64_t)n;
		c->rlen += (size_t)n;
		end = c->rbuf + c->rlen;
		while (p < end && (nl = memchr(p, '\n', (size_t)(end - p)))) {
			if (line_in(c, p, (size_t)(nl - p)))
				return;
			p = nl + 1;
		}
		c->rlen = (size_t)(end - p);
		if (c->rlen == RBUF)
			die("line longer than %d bytes", RBUF);
		if (c->rlen && p != c->rbuf)
			memmove(c->rbuf, p, c->rlen);
		if (c->state != before && c->state == S_HANDSHAKE) {
			c->rlen = 0;
			handshake(c);
			return;
		}
		if (!c->ssl && (size_t)n < asked)
			break; /* the socket is drained */
	}
	if (flush_out(c))
		conn_lost(c);
}

static void
event(struct conn *c, uint32_t ev)
{
	int err = 0;
	socklen_t len = sizeof(err);

	switch (c->state) {
	case S_CLOSED:
		return;
	case S_CONNECT:
		if (!(ev & (EPOLLOUT | EPOLLERR | EPOLLHUP)))
			return;
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
		if (err) {
			errors++;
			conn_lost(c);
			return;
		}
		if (use_tls) {
			c->state = S_WANT_TLS;
			c->hs_started = now_ns();
			queue(c, "STARTTLS\n", 9);
		} else {
			greet(c);
		}
		if (flush_out(c))
			conn_lost(c);
		return;
	case S_HANDSHAKE:
		handshake(c);
		return;
	default:
		if ((ev & EPOLLOUT) && flush_out(c)) {
			conn_lost(c);
			return;
		}
		if (ev & (EPOLLIN | EPOLLHUP | EPOLLERR))
			readable(c);
	}
}

static void
turn(int timeout_ms)
{
	struct epoll_event ev[256];
	int n = epoll_wait(epfd, ev, 256, timeout_ms);

	for (int i = 0; i < n; i++)
		event(ev[i].data.ptr, ev[i].events);
}

/* open connections [next_open, upto), a few at a time, and wait for all */
static void
ramp(int upto)
{
	uint64_t limit = now_ns() + 50000000000ull;

	while (nready + nclosed < upto) {
		while (next_open < upto && opening < inflight)
			conn_open(&conns[next_open++]);
		turn(100);
		if (now_ns() > limit)
			die("only %d of %d connections up after 50 s", nready, upto);
	}
	if (nclosed)
		die("%d connections failed while opening", nclosed);
}

static void
setup(int n)
{
	struct rlimit rl;

	getrlimit(RLIMIT_NOFILE, &rl);
	if (rl.rlim_cur < (rlim_t)n + 32) {
		rl.rlim_cur = (rlim_t)n + 32;
		if (rl.rlim_max < rl.rlim_cur)
			rl.rlim_max = rl.rlim_cur;
		if (setrlimit(RLIMIT_NOFILE, &rl))
			die("need %d descriptors: %s", n + 32, strerror(errno));
	}
	conns = calloc((size_t)n, sizeof(*conns));
	if (!conns)
		die("out of memory");
	for (int i = 0; i < n; i++)
		conns[i].next = nreqs ? (size_t)i % nreqs : 0;
	epfd = epoll_create1(EPOLL_CLOEXEC);
	if (use_tls) {
		ctx = SSL_CTX_new(TLS_client_method());
		if (!ctx)
			die("SSL_CTX_new failed");
		SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
		SSL_CTX_set_session_cache_mode(ctx, resume ? SSL_SESS_CACHE_CLIENT |
			    SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
		SSL_CTX_sess_set_new_cb(ctx, keep_ticket);
		SSL_CTX_set_mode(
		    ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
		if (tlsver) {
			SSL_CTX_set_min_proto_version(ctx, tlsver);
			SSL_CTX_set_max_proto_version(ctx, tlsver);
		}
	}
}

/* ---- measuring windows -------------------------------------------------- */

struct window {
	uint64_t t0, self0, srv0, t, self, srv;
};

static void
window_open(struct window *w)
{
	done = errors = mismatched = bytes_in = 0;
	memset(&lat, 0, sizeof(lat));
	memset(&lat2, 0, sizeof(lat2));
	measuring = 1;
	w->srv0 = proc_cpu_ns(server_pid);
	w->self0 = self_cpu_ns();
	w->t0 = now_ns();
}

static void
window_close(struct window *w)
{
	w->t = now_ns() - w->t0;
	w->self = self_cpu_ns() - w->self0;
	w->srv = proc_cpu_ns(server_pid) - w->srv0;
	measuring = 0;
}

static void
run_for(uint64_t ns, uint64_t count)
{
	uint64_t end = now_ns() + ns;

	while (now_ns() < end && (!count || done < count)) {
		turn(20);
		if (!cycling && nclosed && nclosed >= next_open)
			break;
	}
}

static void
measure(struct window *w)
{
	run_for((uint64_t)(warmup * 1e9), 0);
	window_open(w);
	run_for(want_count ? 600000000000ull : (uint64_t)(duration * 1e9), want_count);
	window_close(w);
	stopping = 1;
}

static void
print_window(const char *mode, const struct window *w, const char *unit)
{
	double n = done ? (double)done : 1;

	printf("mode=%s", mode);
	if (*label)
		printf(" label=%s", label);
	printf(" n=%llu secs=%.3f %s=%.0f", (unsigned long long)done, (double)w->t / 1e9, unit,
	    (double)done * 1e9 / (double)w->t);
	print_hist("", &lat);
	printf(" errors=%llu mismatched=%llu lost=%llu", (unsigned long long)errors,
	    (unsigned long long)mismatched, (unsigned long long)lost);
	printf(" gen_us=%.2f gen_util=%.2f", (double)w->self / 1e3 / n,
	    (double)w->self / (double)w->t);
	if (server_pid)
		printf(" srv_cpu_s=%.3f srv_us=%.2f srv_util=%.2f", (double)w->srv / 1e9,
		    (double)w->srv / 1e3 / n, (double)w->srv / (double)w->t);
}

static void
print_mem(const char *prefix, long pid)
{
	if (pid)
		printf(" %srss_kb=%ld %sanon_kb=%ld", prefix, proc_status(pid, "VmRSS"), prefix,
		    proc_status(pid, "RssAnon"));
}

/* ---- modes -------------------------------------------------------------- */

static void
mode_load(void)
{
	long rss0 = proc_status(server_pid, "VmRSS"), anon0 = proc_status(server_pid, "RssAnon");
	struct window w;

	setup(nconn);
	ramp(nconn);
	for (int i = 0; i < nconn; i++) {
		issue(&conns[i], depth);
		if (flush_out(&conns[i]))
			conn_lost(&conns[i]);
	}
	measure(&w);
	print_window("load", &w, "rps");
	printf(" conns=%d depth=%d tls=%s bytes_per=%.0f", nconn, depth, tlsname,
	    done ? (double)bytes_in / (double)done : 0);
	if (server_pid) {
		print_mem("", server_pid);
		printf(" rss_per_conn_b=%.0f anon_per_conn_b=%.0f",
		    (double)(proc_status(server_pid, "VmRSS") - rss0) * 1024 / nconn,
		    (double)(proc_status(server_pid, "RssAnon") - anon0) * 1024 / nconn);
	}
	printf("\n");
}

static void
mode_cycle(const char *name)
{
	struct window w;

	cycling = 1;
	setup(nconn);
	for (int i = 0; i < nconn; i++)
		conn_open(&conns[i]);
	measure(&w);
	print_window(name, &w, "cps");
	if (use_tls)
		print_hist("hs_", &lat2);
	printf(" workers=%d tls=%s resumed=%llu", nconn, tlsname, (unsigned long long)resumed);
	print_mem("", server_pid);
	printf("\n");
}

static void
mode_idle(void)
{
	long rss0 = proc_status(server_pid, "VmRSS"), anon0 = proc_status(server_pid, "RssAnon");
	uint64_t t0, opened;
	struct window w;

	setup(kidle + 1);
	t0 = now_ns();
	ramp(kidle);
	opened = now_ns() - t0;
	long rss1 = proc_status(server_pid, "VmRSS"), anon1 = proc_status(server_pid, "RssAnon");

	nconn = 1;
	ramp(kidle + 1);
	issue(&conns[kidle], 1);
	if (flush_out(&conns[kidle]))
		conn_lost(&conns[kidle]);
	measure(&w);
	print_window("idle", &w, "rps");
	printf(" idle=%d open_s=%.2f open_us=%.1f idle_closed=%d", kidle, (double)opened / 1e9,
	    kidle ? (double)opened / 1e3 / kidle : 0, nclosed);
	if (server_pid && kidle)
		printf(" rss0_kb=%ld rss_kb=%ld rss_per_conn_b=%.0f anon_per_conn_b=%.0f", rss0,
		    rss1, (double)(rss1 - rss0) * 1024 / kidle,
		    (double)(anon1 - anon0) * 1024 / kidle);
	printf("\n");
}

/* ---- blocking helpers for the modes that want no event loop ------------- */

static int
dial(int timeout_ms)
{
	struct timeval tv = { timeout_ms / 1000, (timeout_ms % 1000) * 1000 };
	int one = 1, fd = socket(addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket: %s", strerror(errno));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&addr, addrlen)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* send one line, read up to a newline; returns the length, or -1 */
static int
ask(int fd, const char *q, char *a, size_t cap)
{
	size_t len = strlen(q), n = 0;

	if (send(fd, q, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -1;
	while (n < cap - 1) {
		ssize_t r = recv(fd, a + n, cap - 1 - n, 0);

		if (r <= 0)
			return -1;
		n += (size_t)r;
		a[n] = '\0';
		if (a[n - 1] == '\n')
			return (int)n;
	}
	return -1;
}

static void
mode_prop(void)
{
	char q[256], a[1024], prev[64] = "";
	struct window w;
	uint64_t polls = 0, end;
	int fd = dial(2000), first = 1;

	if (fd < 0)
		die("connect: %s", strerror(errno));
	snprintf(q, sizeof(q), "GET VAR %s %s\n", upsname, stampvar);
	window_open(&w);
	end = now_ns() + (uint64_t)(duration * 1e9);
	while (now_ns() < end && (!want_count || done < want_count)) {
		char *v, *e;
		uint64_t t;

		if (ask(fd, q, a, sizeof(a)) < 0)
			die("connection lost");
		t = now_ns();
		polls++;
		v = strchr(a, '"');
		e = v ? strchr(v + 1, '"') : NULL;
		if (!e || e - v > 60) {
			errors++;
			usleep(1000);
			continue;
		}
		*e = '\0';
		if (strcmp(prev, v + 1)) {
			if (!first) {
				hist_add(&lat, t - strtoull(v + 1, NULL, 10));
				done++;
			}
			first = 0;
			strcpy(prev, v + 1);
		}
	}
	window_close(&w);
	close(fd);
	print_window("prop", &w, "ups");
	printf(" polls=%llu\n", (unsigned long long)polls);
}

/* ask for lists, half a second long or 200 000 times, and read nothing; returns how often */
static uint64_t
ask_and_not_read(int fd)
{
	uint64_t sent = 0, end = now_ns() + 500000000u;
	char list[256];
	int n = snprintf(list, sizeof(list), "LIST VAR %s\n", upsname);

	while (now_ns() < end && sent < 200000) {
		if (send(fd, list, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT) != n)
			usleep(500);
		else
			sent++;
	}
	return sent;
}

/* a client that does as -k says, -1 for none; *SENT requests whose answers it leaves */
static int
misbehave(uint64_t *sent)
{
	int fd, small = 4096;
	char a[4096];

	*sent = 0;
	if (!strcmp(stallkind, "none"))
		return -1;
	fd = dial(250);
	if (fd < 0)
		die("connect: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	if (!strcmp(stallkind, "starttls"))
		ask(fd, "STARTTLS\n", a, sizeof(a));
	else if (strcmp(stallkind, "partial"))
		*sent = ask_and_not_read(fd);
	else if (send(fd, "GET VAR ", 8, MSG_NOSIGNAL) < 0)
		die("send: %s", strerror(errno));
	return fd;
}

/* how long until the server answers Q again, at most 10 s; 0: it does not */
static uint64_t
recover(const char *q)
{
	uint64_t t = now_ns(), took = 0;
	char a[4096];

	while (!took && now_ns() - t < 10000000000ull) {
		int fd = dial(250);

		if (fd >= 0 && ask(fd, q, a, sizeof(a)) >= 0)
			took = now_ns() - t;
		if (fd >= 0)
			close(fd);
	}
	return took;
}

/*
 * One client misbehaves: "slowread" asks for lists and never reads,
 * "starttls" asks for STARTTLS and says no more, "partial" sends half a line,
 * "none" is the control. Meanwhile another asks once a millisecond, waiting
 * at most 250 ms for each answer.
 */
static void
mode_stall(void)
{
	char q[256], a[4096];
	uint64_t end, timeouts = 0, sent, recovered, t;
	struct window w;
	int bad, fd;

	snprintf(q, sizeof(q), "GET VAR %s ups.status\n", upsname);
	fd = dial(250);
	if (fd < 0 || ask(fd, q, a, sizeof(a)) < 0)
		die("the server does not answer to begin with");
	bad = misbehave(&sent);
	usleep(50000);
	window_open(&w);
	end = now_ns() + (uint64_t)(duration * 1e9);
	while (now_ns() < end) {
		t = now_ns();
		if (fd < 0 || ask(fd, q, a, sizeof(a)) < 0) {
			timeouts++;
			if (fd >= 0)
				close(fd);
			fd = dial(250); /* its backlog may be full too */
		} else {
			hist_add(&lat, now_ns() - t);
			done++;
		}
		usleep(1000);
	}
	window_close(&w);
	if (bad >= 0)
		close(bad);
	if (fd >= 0)
		close(fd);
	recovered = recover(q);
	print_window("stall", &w, "rps");
	printf(" kind=%s requests_unread=%llu timeouts=%llu recovered_ms=%.1f\n", stallkind,
	    (unsigned long long)sent, (unsigned long long)timeouts,
	    recovered ? (double)recovered / 1e6 : -1.0);
}

static void __attribute__((noreturn)) exec_quietly(char **argv)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execvp(argv[0], argv);
	_exit(127);
}

/* wait until the UPS (or ups1..upsN with -N) answers; 0 if the server died */
static int
wait_ready(pid_t pid, uint64_t t0, uint64_t *listening, uint64_t *good)
{
	char q[256], a[1024];
	int fd = -1, i = 1;

	while (now_ns() - t0 < 30000000000ull) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 0;
		if (fd < 0) {
			fd = dial(2000);
			if (fd < 0) {
				usleep(100);
				continue;
			}
			*listening = now_ns() - t0;
		}
		if (all_ups)
			snprintf(q, sizeof(q), "GET VAR ups%d ups.status\n", i);
		else
			snprintf(q, sizeof(q), "GET VAR %s ups.status\n", upsname);
		if (ask(fd, q, a, sizeof(a)) < 0) {
			close(fd);
			fd = -1;
			continue;
		}
		if (strncmp(a, "VAR ", 4) || strstr(a, "\"WAIT\"")) {
			usleep(100);
			continue;
		}
		if (i++ >= all_ups) {
			*good = now_ns() - t0;
			close(fd);
			return 1;
		}
	}
	return 0;
}

static void
mode_startup(char **argv)
{
	uint64_t listening = 0, good = 0, stop, rounds = want_count ? want_count : 5;
	long rss = 0, anon = 0;
	uint64_t cpu = 0, down_max = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t t0 = now_ns();
		pid_t pid = fork();
		int ok;

		if (pid == 0)
			exec_quietly(argv);
		ok = wait_ready(pid, t0, &listening, &good);
		if (!ok) {
			kill(pid, SIGTERM);
			die("the server did not come up");
		}
		hist_add(&lat, good);
		hist_add(&lat2, listening);
		rss = proc_status(pid, "VmRSS");
		anon = proc_status(pid, "RssAnon");
		cpu += proc_cpu_ns(pid);
		stop = now_ns();
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
		stop = now_ns() - stop;
		if (stop > down_max)
			down_max = stop;
		usleep(20000);
	}
	printf("mode=startup%s%s n=%llu first_good_p50=%.0f first_good_max=%.0f "
	       "listening_p50=%.0f cpu_us=%.0f rss_kb=%ld anon_kb=%ld stop_ms_max=%.1f\n",
	    *label ? " label=" : "", label, (unsigned long long)rounds, hist_us(&lat, 0.5),
	    (double)lat.max / 1e3, hist_us(&lat2, 0.5), (double)cpu / 1e3 / (double)rounds, rss,
	    anon, (double)down_max / 1e6);
}

/* whole-process time of a command, run COUNT times (default 20) */
static void
mode_exec(char **argv)
{
	uint64_t rounds = want_count ? want_count : 20, cpu = 0;
	long maxrss = 0;

	for (uint64_t i = 0; i < rounds; i++) {
		uint64_t t0 = now_ns();
		struct rusage ru;
		int status;
		pid_t pid = fork();

		if (pid == 0)
			exec_quietly(argv);
		if (pid < 0 || wait4(pid, &status, 0, &ru) != pid)
			die("cannot run %s", argv[0]);
		hist_add(&lat, now_ns() - t0);
		if (status)
			errors++;
		cpu += (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000u +
		       (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
		if (ru.ru_maxrss > maxrss)
			maxrss = ru.ru_maxrss;
	}
	printf("mode=exec%s%s n=%llu", *label ? " label=" : "", label, (unsigned long long)rounds);
	print_hist("", &lat);
	printf(" cpu_us=%.0f maxrss_kb=%ld errors=%llu\n", (double)cpu / (double)rounds, maxrss,
	    (unsigned long long)errors);
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: nutload MODE [options]\n"
	    "       nutload startup|exec [options] -- COMMAND [ARGS]\n"
	    "modes: load churn tls idle prop stall startup exec\n"
	    "  -H HOST -p PORT      server (127.0.0.1 3493)\n"
	    "  -s PID               server process, for CPU and memory\n"
	    "  -c N                 connections, or concurrent churn workers (1)\n"
	    "  -P N                 pipelining depth, 1 to %d (1)\n"
	    "  -d SECS  -n COUNT    measure this long (3), or until COUNT requests\n"
	    "  -w SECS              warm-up before measuring (0.3)\n"
	    "  -m get|listvar|listups|mix|ver   request mix (get; mix is 8:1:1)\n"
	    "  -q LINE              add a request of your own (may repeat)\n"
	    "  -u UPS               UPS name (ups1)\n"
	    "  -S                   STARTTLS first;  -T 1.2 or 1.3 pins the version\n"
	    "  -R                   tls, churn: come back with the last ticket\n"
	    "  -A N                 connection attempts in flight while opening (8)\n"
	    "  -K N                 idle: connections to hold (1000)\n"
	    "  -V VAR               prop: the stamp variable\n"
	    "  -k KIND              stall: slowread starttls partial none\n"
	    "  -N N                 startup: wait for all of ups1..upsN\n"
	    "  -L LABEL             printed in the result line\n",
	    MAXDEPTH);
	exit(2);
}

static const char *custom[MAXREQ], *mix;
static size_t ncustom;

/* options about the server and whom to ask; 0: not one of these */
static int
server_option(int o, const char *value)
{
	switch (o) {
	case 'H':
		host = value;
		return 1;
	case 'p':
		port = atoi(value);
		return 1;
	case 's':
		server_pid = atol(value);
		return 1;
	case 'u':
		upsname = value;
		return 1;
	case 'S':
		use_tls = 1;
		return 1;
	case 'T':
		use_tls = 1;
		tlsver = !strcmp(value, "1.2") ? TLS1_2_VERSION : TLS1_3_VERSION;
		return 1;
	case 'R':
		resume = 1;
		return 1;
	case 'L':
		label = value;
		return 1;
	default:
		return 0;
	}
}

/* options of single modes; 0: not one of these */
static int
mode_option(int o, const char *value)
{
	switch (o) {
	case 'A':
		inflight = atoi(value);
		return 1;
	case 'K':
		kidle = atoi(value);
		return 1;
	case 'V':
		stampvar = value;
		return 1;
	case 'k':
		stallkind = value;
		return 1;
	case 'N':
		all_ups = atoi(value);
		return 1;
	default:
		return 0;
	}
}

static void
load_option(int o, const char *value)
{
	switch (o) {
	case 'c':
		nconn = atoi(value);
		break;
	case 'P':
		depth = atoi(value);
		break;
	case 'd':
		duration = atof(value);
		break;
	case 'n':
		want_count = strtoull(value, NULL, 10);
		break;
	case 'w':
		warmup = atof(value);
		break;
	case 'm':
		mix = value;
		break;
	case 'q':
		if (ncustom == MAXREQ)
			die("too many -q");
		custom[ncustom++] = value;
		break;
	default:
		usage();
	}
}

static void
run_mode(const char *mode, char **command)
{
	if (!strcmp(mode, "load")) {
		mode_load();
	} else if (!strcmp(mode, "churn")) {
		mode_cycle(mode);
	} else if (!strcmp(mode, "tls")) {
		use_tls = handshake_only = 1;
		mode_cycle(mode);
	} else if (!strcmp(mode, "idle")) {
		mode_idle();
	} else if (!strcmp(mode, "prop")) {
		mode_prop();
	} else if (!strcmp(mode, "stall")) {
		mode_stall();
	} else if (!strcmp(mode, "startup") && *command) {
		mode_startup(command);
	} else if (!strcmp(mode, "exec") && *command) {
		mode_exec(command);
	} else {
		usage();
	}
}

int
main(int argc, char **argv)
{
	int o;

	if (argc < 2)
		usage();
	optind = 2;
	while ((o = getopt(argc, argv, "+H:p:s:c:P:d:n:w:m:q:u:SRT:A:K:V:k:N:L:")) != -1)
		if (!server_option(o, optarg) && !mode_option(o, optarg))
			load_option(o, optarg);
	if (nconn < 1 || depth < 1 || depth > MAXDEPTH || inflight < 1)
		usage();
	for (size_t i = 0; i < ncustom; i++)
		add_request(custom[i]);
	if (mix || !nreqs)
		set_mix(mix ? mix : "get");
	signal(SIGPIPE, SIG_IGN);
	resolve();
	run_mode(argv[1], argv + optind);
	return errors || mismatched || lost ? 3 : 0;
}
