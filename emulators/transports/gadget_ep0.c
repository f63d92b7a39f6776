#include "emulators/transports/gadget_ep0.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* One datagram each way. */
struct order {
	bool write;
	size_t len;
	unsigned char bytes[EMU_EP0_MAX];
};
struct outcome {
	long result;
	unsigned char bytes[EMU_EP0_MAX];
};

#define ORDER_HEAD offsetof(struct order, bytes)
#define OUTCOME_HEAD offsetof(struct outcome, bytes)

/* ---- the child ---- */

static void
close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 3)
		close_range(3, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0U, 0);
}

static void
obey(int fd, int ep0)
{
	struct order order;
	struct outcome outcome;

	while (recv(fd, &order, sizeof(order), 0) >= (ssize_t)ORDER_HEAD) {
		ssize_t done = order.write ? write(ep0, order.bytes, order.len)
					   : read(ep0, outcome.bytes, order.len);

		size_t len = done > 0 && !order.write ? (size_t)done : 0;

		outcome.result = done == -1 ? -errno : done;
		if (send(fd, &outcome, OUTCOME_HEAD + len, MSG_NOSIGNAL) == -1)
			return;
	}
}

static void
be_child(int fd, int ep0)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* They are for the parent, which ends this. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	close_others(fd, ep0);
	obey(fd, ep0);
	_exit(0);
}

/* ---- the parent ---- */

bool
emu_ep0_start(struct emu_ep0 *ep0, int ep0_fd)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return false;
	ep0->fd = pair[0];
	ep0->child = fork();
	if (ep0->child == 0)
		be_child(pair[1], ep0_fd);
	close(pair[1]);
	if (ep0->child != -1)
		return true;
	int error = errno;

	close(pair[0]);
	errno = error;
	return false;
}

void
emu_ep0_end(struct emu_ep0 *ep0)
{
	kill(ep0->child, SIGKILL);
	while (waitpid(ep0->child, NULL, 0) == -1 && errno == EINTR)
		;
	close(ep0->fd);
}

static bool
give(struct emu_ep0 *ep0, const struct order *order, size_t len)
{
	return send(ep0->fd, order, ORDER_HEAD + len, MSG_NOSIGNAL | MSG_DONTWAIT) != -1;
}

bool
emu_ep0_read(struct emu_ep0 *ep0, size_t len)
{
	struct order order = { .write = false, .len = len < EMU_EP0_MAX ? len : EMU_EP0_MAX };

	return give(ep0, &order, 0);
}

bool
emu_ep0_write(struct emu_ep0 *ep0, const void *bytes, size_t len)
{
	struct order order = { .write = true, .len = len < EMU_EP0_MAX ? len : EMU_EP0_MAX };

	if (len)
		memcpy(order.bytes, bytes, order.len);
	return give(ep0, &order, order.len);
}

bool
emu_ep0_result(struct emu_ep0 *ep0, unsigned char out[EMU_EP0_MAX], long *result, bool *gone)
{
	struct outcome outcome;
	ssize_t len = recv(ep0->fd, &outcome, sizeof(outcome), MSG_DONTWAIT);

	*gone = len == 0 || (len == -1 && errno != EAGAIN && errno != EINTR);
	if (len < (ssize_t)OUTCOME_HEAD)
		return false;
	*result = outcome.result;
	memcpy(out, outcome.bytes, (size_t)len - OUTCOME_HEAD);
	return true;
}
