/* Planted, by LD_PRELOAD: a daemon that forgets.  ci/soak must see it.  HOARD says what: memory or
 * descriptors. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* One block of so many is never given back, and one connection. */
#define EVERY_BLOCK 8
#define EVERY_CONNECTION 20

static bool
hoards(const char *what)
{
	const char *told = getenv("HOARD");

	return told && strcmp(told, what) == 0;
}

void
free(void *block)
{
	static void (*real_free)(void *);
	static unsigned freed;

	if (!real_free)
		*(void **)&real_free = dlsym(RTLD_NEXT, "free");
	if (++freed % EVERY_BLOCK != 0 || !hoards("memory"))
		real_free(block);
}

int
close(int fd)
{
	static int (*real_close)(int);
	static unsigned closed;
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	if (!real_close)
		*(void **)&real_close = dlsym(RTLD_NEXT, "close");
	if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.ss_family == AF_INET &&
	    ++closed % EVERY_CONNECTION == 0 && hoards("descriptors"))
		return 0;
	return real_close(fd);
}
