/* umockdev_none.c - built without umockdev. */
#include "emulators/emu.h"

#include <errno.h>

static void *
open_port(struct emu *emu, const struct emu_options *options, const char **why)
{
	*why = "this nut-emu was built without umockdev";
	errno = 0;
	return NULL;
}

const struct emu_transport emu_umockdev = { .name = "umockdev", .usb = true, .open = open_port };
