/*
 * echoline - the least a poll()-based line server can do.
 *
 * Answers every received line with the same fixed reply, with no parsing, no
 * lookup and no state beyond a list of descriptors. Measured with the same
 * load generator as a real server it gives the ceiling poll(), read() and
 * write() set on the machine at hand. "LOGOUT" is the one line it knows, so
 * that connection churn can be measured too.
 *
 * It keeps one persistent pollfd array (nothing is rebuilt per turn), reads
 * up to 16 KiB per readiness event, joins all replies to that read into one
 * write, and accepts until the backlog is empty.
 *
 * With -t it polls in two tiers: descriptors that were active lately are kept
 * at the front of the array and polled alone; the whole array is polled when
 * they are silent for 1 ms, and at least every 5 ms. This shows what a server
 * that only has poll() can do about thousands of idle connections.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define INSIZE 16384

static char *reply;
static size_t replylen;
static char *out;
static size_t outcap;
static struct pollfd *fds; /* [0] listens; then hot, then cold */
static size_t nfds = 1, nhot = 1, fdcap;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static void
load_reply(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = 0;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 1)
		fail(path);
	rewind(f);
	reply = malloc((size_t)n);
	if (!reply || fread(reply, 1, (size_t)n, f) != (size_t)n)
		fail(path);
	replylen = (size_t)n;
	fclose(f);
}

/* returns 0 when the connection is to be closed */
static int
send_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0) {
			struct pollfd w = { .fd = fd, .events = POLLOUT };

			if (errno != EAGAIN && errno != EINTR)
				return 0;
			poll(&w, 1, 1000); /* good enough for a yardstick */
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
	return 1;
}

/* returns 0 when the connection is to be closed */
static int
serve(int fd)
{
	char in[INSIZE];
	ssize_t n = recv(fd, in, sizeof(in), 0);
	size_t used = 0;
	char *p = in, *end;

	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	end = in + n;
	while (p < end) {
		char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl)
			break; /* a split line counts where it ends */
		if (nl - p >= 6 && !memcmp(nl - 6, "LOGOUT", 6)) {
			if (used)
				send_all(fd, out, used);
			send_all(fd, "OK Goodbye\n", 11);
			return 0;
		}
		if (used + replylen > outcap) {
			outcap = (used + replylen) * 2;
			out = realloc(out, outcap);
			if (!out)
				fail("realloc");
		}
		memcpy(out + used, reply, replylen);
		used += replylen;
		p = nl + 1;
	}
	return used ? send_all(fd, out, used) : 1;
}

static void
exchange(size_t i, size_t j)
{
	struct pollfd t = fds[i];

	fds[i] = fds[j];
	fds[j] = t;
}

static void
drop(size_t i)
{
	close(fds[i].fd);
	if (i < nhot) {
		exchange(i, --nhot);
		i = nhot;
	}
	fds[i] = fds[--nfds];
}

static long
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* two tiers: returns how many leading entries were polled, their hits in *hits */
static size_t
poll_tiers(int *hits)
{
	static long last_full;
	static unsigned turns;

	if (nhot > 1 && now_us() - last_full < 5000) {
		*hits = poll(fds, nhot, 1);
		if (*hits > 0)
			return nhot;
	}
	if (++turns % 64 == 0)
		nhot = 1; /* forget who was hot, now and then */
	*hits = poll(fds, nfds, -1);
	last_full = now_us();
	return nfds;
}

static int port = 3493, tiers;

static void
parse_options(int argc, char **argv)
{
	const char *text = "VAR ups1 ups.status \"OL\"";
	int o;

	while ((o = getopt(argc, argv, "p:l:f:t")) != -1)
		switch (o) {
		case 'p':
			port = atoi(optarg);
			break;
		case 'l':
			text = optarg;
			break;
		case 'f':
			load_reply(optarg);
			break;
		case 't':
			tiers = 1;
			break;
		default:
			fprintf(stderr, "usage: echoline [-p port] [-t] [-l line | -f file]\n");
			exit(2);
		}
	if (reply)
		return;
	replylen = strlen(text) + 1;
	reply = malloc(replylen + 1);
	if (!reply)
		fail("malloc");
	sprintf(reply, "%s\n", text);
}

/* make fds[] with a listener as its first */
static void
listen_here(void)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int one = 1, lfd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons((unsigned short)port);
	setsockopt(lfd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (lfd < 0 || bind(lfd, (struct sockaddr *)&sa, sizeof(sa)) || listen(lfd, 1024))
		fail("listen");
	fdcap = 1024;
	fds = calloc(fdcap, sizeof(*fds));
	if (!fds)
		fail("calloc");
	fds[0].fd = lfd;
	fds[0].events = POLLIN;
}

static void
accept_all(void)
{
	int fd, one = 1;

	while ((fd = accept4(fds[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (nfds == fdcap) {
			fdcap *= 2;
			fds = realloc(fds, fdcap * sizeof(*fds));
			if (!fds)
				fail("realloc");
		}
		fds[nfds] = (struct pollfd){ .fd = fd, .events = POLLIN };
		if (tiers) /* newcomers are hot */
			exchange(nfds, nhot++);
		nfds++;
	}
}

/* serve the first N, of which LEFT have something */
static void
serve_all(size_t n, int left)
{
	for (size_t i = n; left > 0 && i-- > 1;) {
		if (!fds[i].revents)
			continue;
		left--;
		if (!serve(fds[i].fd)) {
			drop(i);
		} else if (tiers && i >= nhot) {
			fds[i].revents = 0;
			exchange(i++, nhot++); /* look at what came here */
		}
	}
	if (fds[0].revents & POLLIN)
		accept_all();
}

int
main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	listen_here();
	for (;;) {
		size_t n = nfds;
		int hits;

		if (tiers)
			n = poll_tiers(&hits);
		else
			hits = poll(fds, nfds, -1);
		if (hits > 0)
			serve_all(n, hits);
	}
}
