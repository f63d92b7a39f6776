/*
 * tlsecho - the least a server on OpenSSL and poll() can do: the floor for TLS.
 *
 * Says OK to STARTTLS (the first line of each connection), shakes hands, and answers every line
 * with the same reply, LOGOUT with a good-bye.  One ticket is sent after the handshake, as OpenSSL
 * does by itself.  Nothing is parsed, looked up, limited or timed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX 16384
static const char reply[] = "VAR ups1 ups.status \"OL\"\n";

static struct pollfd fds[MAX]; /* [0] listens */
static SSL *ssls[MAX];	       /* NULL: in clear still */
static int shaken[MAX];
static nfds_t len = 1;
static SSL_CTX *context;

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Each returns 0 when the connection is to be closed. */
static int
clear_line(nfds_t i)
{
	char in[64];
	ssize_t n = recv(fds[i].fd, in, sizeof(in), 0);

	if (n < 9 || memcmp(in, "STARTTLS\n", 9) != 0)
		return 0;
	ssls[i] = SSL_new(context);
	SSL_set_fd(ssls[i], fds[i].fd);
	SSL_set_accept_state(ssls[i]);
	return send(fds[i].fd, "OK STARTTLS\n", 12, MSG_NOSIGNAL) == 12;
}

static int
serve(nfds_t i)
{
	char in[16384];
	int got;

	if (!ssls[i])
		return clear_line(i);
	if (!shaken[i]) {
		got = SSL_do_handshake(ssls[i]);
		if (got != 1)
			return SSL_get_error(ssls[i], got) == SSL_ERROR_WANT_READ;
		shaken[i] = 1;
	}
	while ((got = SSL_read(ssls[i], in, sizeof(in))) > 0) {
		if (got >= 7 && !memcmp(in + got - 7, "LOGOUT\n", 7)) {
			SSL_write(ssls[i], "OK Goodbye\n", 11);
			return 0;
		}
		for (int at = 0; at < got; at++)
			if (in[at] == '\n')
				SSL_write(ssls[i], reply, sizeof(reply) - 1);
	}
	return SSL_get_error(ssls[i], got) == SSL_ERROR_WANT_READ;
}

static void
drop(nfds_t i)
{
	if (ssls[i])
		SSL_shutdown(ssls[i]);
	SSL_free(ssls[i]);
	close(fds[i].fd);
	len--;
	fds[i] = fds[len];
	ssls[i] = ssls[len];
	shaken[i] = shaken[len];
}

static void
take_in(void)
{
	int one = 1, fd;

	while (
	    len < MAX && (fd = accept4(fds[0].fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		fds[len] = (struct pollfd){ .fd = fd, .events = POLLIN };
		ssls[len] = NULL;
		shaken[len++] = 0;
	}
}

static void
start(const char *pem, int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 1024))
		fail("listen");
	fds[0] = (struct pollfd){ .fd = fd, .events = POLLIN };
	context = SSL_CTX_new(TLS_server_method());
	if (!context || SSL_CTX_use_certificate_chain_file(context, pem) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, pem, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "tlsecho: cannot use %s\n", pem);
		exit(1);
	}
	SSL_CTX_set_num_tickets(context, 1);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
}

int
main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: tlsecho PEM PORT\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	start(argv[1], atoi(argv[2]));
	while (poll(fds, len, -1) > 0) {
		for (nfds_t i = len; i-- > 1;)
			if (fds[i].revents && !serve(i))
				drop(i);
		if (fds[0].revents)
			take_in();
	}
	return 1;
}
