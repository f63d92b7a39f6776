#include "emulators/transports/gadget_configfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GADGETS "/sys/kernel/config/usb_gadget"
#define CONTROLLERS "/sys/class/udc"
#define OURS "nut-emu."

/* ---- files of a gadget ---- */

static const char *
path_of(char out[192], const char *name, const char *file)
{
	snprintf(out, 192, GADGETS "/%s/%s", name, file);
	return out;
}

static bool
put(const char *name, const char *file, const char *text)
{
	char path[192];
	int fd = open(path_of(path, name, file), O_WRONLY | O_CLOEXEC);

	if (fd == -1)
		return false;
	bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int error = errno;

	close(fd);
	errno = error;
	return ok;
}

static bool
put_number(const char *name, const char *file, unsigned number)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%04x", number);
	return put(name, file, text);
}

static bool
make_folder(const char *name, const char *file)
{
	char path[192];

	return mkdir(path_of(path, name, file), 0755) == 0;
}

static void
remove_folder(const char *name, const char *file)
{
	char path[192];

	rmdir(path_of(path, name, file));
}

/* The function, and the link that puts it into the configuration. */
static const char *
function_of(char out[64], const char *name)
{
	snprintf(out, 64, "functions/ffs.%s", name);
	return out;
}

static const char *
link_of(char out[64], const char *name)
{
	snprintf(out, 64, "configs/c.1/ffs.%s", name);
	return out;
}

/* In the order that configfs wants. */
static void
take_away(const char *name)
{
	char path[192], file[64];

	unlink(path_of(path, name, link_of(file, name)));
	remove_folder(name, "configs/c.1");
	remove_folder(name, function_of(file, name));
	remove_folder(name, "strings/0x409");
	remove_folder(name, "");
}

/* Of nut-emus that could not clean up. */
static void
sweep(void)
{
	DIR *dir = opendir(GADGETS);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(OURS);
		long pid = strncmp(entry->d_name, OURS, len) ? 0 : atol(entry->d_name + len);

		if (pid > 0 && kill((pid_t)pid, 0) == -1 && errno == ESRCH)
			take_away(entry->d_name);
	}
	if (dir)
		closedir(dir);
}

/* ---- making ---- */

static bool
put_string(const char *name, const char *file, const struct emu_usb *usb, unsigned index)
{
	return !index || put(name, file, usb->strings[index]);
}

static bool
put_strings(const char *name, const struct emu_usb *usb)
{
	if (!usb->manufacturer && !usb->name && !usb->serial)
		return true;
	return make_folder(name, "strings/0x409") &&
	       put_string(name, "strings/0x409/manufacturer", usb, usb->manufacturer) &&
	       put_string(name, "strings/0x409/product", usb, usb->name) &&
	       put_string(name, "strings/0x409/serialnumber", usb, usb->serial);
}

static bool
put_function(const char *name)
{
	char path[192], target[192], file[64];

	return make_folder(name, function_of(file, name)) &&
	       symlink(path_of(target, name, function_of(file, name)),
		   path_of(path, name, link_of(file, name))) == 0;
}

bool
emu_gadget_make(struct emu_gadget_place *place, const struct emu_usb *usb, const char **why)
{
	char *name = place->name;

	sweep();
	snprintf(name, sizeof(place->name), OURS "%ld", (long)getpid());
	*why = "cannot make a gadget in " GADGETS ": is libcomposite loaded, configfs mounted, and "
	       "are you root?";
	if (!make_folder(name, "")) {
		name[0] = '\0';
		return false;
	}
	*why = "the kernel does not take the gadget (libcomposite, usb_f_fs)";
	/* Nearer to a UPS than high speed is; kernels before 5.10 do not know it. */
	if (!put(name, "max_speed", "full-speed") && errno != ENOENT)
		goto fail;
	if (put_number(name, "idVendor", usb->vendor) &&
	    put_number(name, "idProduct", usb->product) &&
	    put_number(name, "bcdDevice", usb->release) && put_strings(name, usb) &&
	    make_folder(name, "configs/c.1") &&
	    put_number(name, "configs/c.1/bmAttributes", 0xa0) &&
	    put(name, "configs/c.1/MaxPower", "100") && put_function(name))
		return true;
fail:;
	int error = errno;

	emu_gadget_remove(place);
	errno = error;
	return false;
}

void
emu_gadget_remove(struct emu_gadget_place *place)
{
	if (place->name[0])
		take_away(place->name);
	place->name[0] = '\0';
}

int
emu_gadget_mount(const struct emu_gadget_place *place)
{
	int fs = (int)syscall(SYS_fsopen, "functionfs", FSOPEN_CLOEXEC), mount = -1;

	if (fs == -1)
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "source", place->name, 0) == 0 &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mount = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	int error = errno;

	close(fs);
	errno = error;
	return mount;
}

/* ---- plugging ---- */

static int
is_controller(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The first that nobody has: EBUSY is what the others answer. */
static bool
bind_any(struct emu_gadget_place *place)
{
	struct dirent **entries;
	int len = scandir(CONTROLLERS, &entries, is_controller, alphasort), error = ENODEV;

	for (int i = 0; i < len; i++) {
		if (!place->udc[0] && put(place->name, "UDC", entries[i]->d_name))
			snprintf(place->udc, sizeof(place->udc), "%.63s", entries[i]->d_name);
		else if (!place->udc[0])
			error = errno;
		free(entries[i]);
	}
	if (len >= 0)
		free(entries);
	errno = error;
	return place->udc[0] != '\0';
}

bool
emu_gadget_bind(struct emu_gadget_place *place, const char *udc, const char **why)
{
	*why = "no USB device controller is free: see " CONTROLLERS;
	if (place->udc[0])
		return put(place->name, "UDC", place->udc);
	if (!udc)
		return bind_any(place);
	*why = "that USB device controller does not take it: see " CONTROLLERS;
	if (strlen(udc) >= sizeof(place->udc)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (!put(place->name, "UDC", udc))
		return false;
	strcpy(place->udc, udc);
	return true;
}

void
emu_gadget_unbind(const struct emu_gadget_place *place)
{
	put(place->name, "UDC", "\n");
}
