/* gadget_ep0.h - the data of control requests, over FunctionFS' ep0.  It knows no asynchronous form
 * for them, and waits as long as the host lets it: so a child process waits, and its other end is a
 * socket on the loop. */
#ifndef EMU_GADGET_EP0_H
#define EMU_GADGET_EP0_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define EMU_EP0_MAX 4096 /* bytes of one request */

struct emu_ep0 {
	int fd; /* the child's answers come here; owned */
	pid_t child;
};

/* EP0 is borrowed.  false with errno. */
bool emu_ep0_start(struct emu_ep0 *ep0, int ep0_fd);
/* The child ends, whatever it waits for. */
void emu_ep0_end(struct emu_ep0 *ep0);

/* One at a time.  Take LEN bytes from the host (0: only say yes), or give it these. */
bool emu_ep0_read(struct emu_ep0 *ep0, size_t len);
bool emu_ep0_write(struct emu_ep0 *ep0, const void *bytes, size_t len);
/* How it went: bytes read into OUT, or written; or -errno of the request.  false: not yet, or
 * (*GONE) the child is no more. */
bool emu_ep0_result(struct emu_ep0 *ep0, unsigned char out[EMU_EP0_MAX], long *result, bool *gone);

#endif
