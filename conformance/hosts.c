#include "hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inside.h"

/* Of this worker: the namespace it came from, and the one it made; -1: none. */
static int home = -1, away = -1;

static bool
lo_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool up = fd != -1 && !ioctl(fd, SIOCSIFFLAGS, &request);

	if (fd != -1)
		close(fd);
	return up;
}

bool
hosts_enter(struct bench *bench)
{
	(void)bench;
	if (home == -1)
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (home == -1)
		return false;
	if (away != -1)
		return !setns(away, CLONE_NEWNET);
	if (unshare(CLONE_NEWNET))
		return false;
	away = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (away != -1 && lo_up())
		return true;
	hosts_leave();
	return false;
}

void
hosts_leave(void)
{
	if (home != -1 && setns(home, CLONE_NEWNET))
		perror("nut-conform: setns");
}

/* The bytes of ADDRESS and its family, 0 if it is none. */
static int
parse(const char *address, unsigned char out[16])
{
	if (inet_pton(AF_INET, address, out) == 1)
		return AF_INET;
	return inet_pton(AF_INET6, address, out) == 1 ? AF_INET6 : 0;
}

void
hosts_add(struct bench *bench, const char *address)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg body;
		struct rtattr attribute;
		unsigned char bytes[16];
	} request = { 0 };
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char rest[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int family = parse(address, request.bytes);
	size_t len = family == AF_INET ? 4 : 16;
	bool asked;

	need(bench, family && fd != -1, "suite: no address: %s", address);
	request.head.nlmsg_type = RTM_NEWADDR;
	request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
	request.head.nlmsg_len = (unsigned)(sizeof(request) - 16 + len);
	request.body.ifa_family = (unsigned char)family;
	request.body.ifa_prefixlen = (unsigned char)(len * 8);
	request.body.ifa_flags = IFA_F_NODAD;
	request.body.ifa_index = 1; /* lo */
	request.attribute.rta_type = IFA_LOCAL;
	request.attribute.rta_len = (unsigned short)(sizeof(request.attribute) + len);
	asked = send(fd, &request, request.head.nlmsg_len, 0) == (ssize_t)request.head.nlmsg_len &&
		recv(fd, &answer, sizeof(answer), 0) >= (ssize_t)sizeof(answer.head);
	close(fd);
	need(bench, asked && (!answer.error.error || answer.error.error == -EEXIST),
	    "suite: %s on lo: %s", address, strerror(asked ? -answer.error.error : errno));
}

/* ADDRESS as a socket of FAMILY has it. */
static socklen_t
fill(struct sockaddr_storage *out, int family, const char *address, int port)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	out->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		v4->sin_port = htons((uint16_t)port);
		inet_pton(AF_INET, address, &v4->sin_addr);
		return sizeof(*v4);
	}
	v6->sin6_port = htons((uint16_t)port);
	inet_pton(AF_INET6, address, &v6->sin6_addr);
	return sizeof(*v6);
}

/* At once, on one machine; but when a signal comes (a process of ours has ended) connect() goes on
 * by itself. */
static bool
connected(int fd, const struct sockaddr_storage *to, socklen_t len)
{
	struct pollfd polled = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t error_len = sizeof(error);

	if (!connect(fd, (const struct sockaddr *)to, len))
		return true;
	if (errno != EINTR)
		return false;
	while (poll(&polled, 1, 5000) == -1 && errno == EINTR)
		;
	return !getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) && !error;
}

struct conn *
dial_from(struct bench *bench, const char *from, const char *host, int port)
{
	struct sockaddr_storage at;
	unsigned char bytes[16];
	int family = parse(from, bytes), fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = fill(&at, family, from, 0);

	need(bench, fd != -1 && !bind(fd, (struct sockaddr *)&at, len),
	    "suite: no client at %s: %s", from, strerror(errno));
	len = fill(&at, family, host, port);
	if (!connected(fd, &at, len)) {
		close(fd);
		return NULL;
	}
	return conn_add(bench, fd, 'c');
}
