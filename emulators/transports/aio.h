/* aio.h - the kernel's asynchronous reads and writes (io_submit(2)) on a poll() loop: each is begun
 * here, and an eventfd becomes readable when some have ended.  For FunctionFS' endpoints, on which
 * a write waits until the host asks. */
#ifndef EMU_AIO_H
#define EMU_AIO_H

#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stddef.h>

#define EMU_AIO_MAX 8 /* under way at a time */

struct emu_aio {
	aio_context_t context;
	int fd; /* readable when some have ended; owned */
};

/* false with errno. */
bool emu_aio_open(struct emu_aio *aio);
/* All that is under way is cancelled, and its end is waited for. */
void emu_aio_close(struct emu_aio *aio);

/* Begin to read or write at FD.  BYTES must stay until it has ended; OWNER comes back with it.
 * false with errno: it has not begun. */
bool emu_aio_read(struct emu_aio *aio, int fd, void *bytes, size_t len, void *owner);
bool emu_aio_write(struct emu_aio *aio, int fd, const void *bytes, size_t len, void *owner);

/* What has ended: its owner, and how many bytes or -errno. */
struct emu_aio_end {
	void *owner;
	long result;
};
size_t emu_aio_take(struct emu_aio *aio, struct emu_aio_end out[EMU_AIO_MAX]);

#endif
