#include "emulators/transports/aio.h"

#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

bool
emu_aio_open(struct emu_aio *aio)
{
	*aio = (struct emu_aio){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	if (aio->fd == -1)
		return false;
	if (syscall(SYS_io_setup, EMU_AIO_MAX, &aio->context) == 0)
		return true;
	close(aio->fd);
	return false;
}

void
emu_aio_close(struct emu_aio *aio)
{
	syscall(SYS_io_destroy, aio->context);
	close(aio->fd);
}

static bool
begin(struct emu_aio *aio, unsigned what, int fd, uint64_t bytes, size_t len, void *owner)
{
	struct iocb request = { .aio_data = (uintptr_t)owner,
		.aio_lio_opcode = (uint16_t)what,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = bytes,
		.aio_nbytes = len,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)aio->fd };
	struct iocb *list[1] = { &request };

	return syscall(SYS_io_submit, aio->context, 1L, list) == 1;
}

bool
emu_aio_read(struct emu_aio *aio, int fd, void *bytes, size_t len, void *owner)
{
	return begin(aio, IOCB_CMD_PREAD, fd, (uintptr_t)bytes, len, owner);
}

bool
emu_aio_write(struct emu_aio *aio, int fd, const void *bytes, size_t len, void *owner)
{
	return begin(aio, IOCB_CMD_PWRITE, fd, (uintptr_t)bytes, len, owner);
}

size_t
emu_aio_take(struct emu_aio *aio, struct emu_aio_end out[EMU_AIO_MAX])
{
	struct io_event events[EMU_AIO_MAX];
	struct timespec now = { 0, 0 };
	uint64_t count;

	/* What ends from here on makes it readable again. */
	if (read(aio->fd, &count, sizeof(count)) == -1)
		count = 0;
	long n = syscall(SYS_io_getevents, aio->context, 0L, (long)EMU_AIO_MAX, events, &now);

	for (long i = 0; i < n; i++)
		out[i] =
		    (struct emu_aio_end){ (void *)(uintptr_t)events[i].data, (long)events[i].res };
	return n > 0 ? (size_t)n : 0;
}
