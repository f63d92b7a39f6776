/* umockdev.c - a USB device that an unmodified program sees through the real libusb, without a USB
 * bus in the kernel and without root: umockdev's testbed pretends the device's files in /sys and
 * its node in /dev, and hands us the ioctls on it.
 *
 * The host runs with LD_PRELOAD=libumockdev-preload.so.0 and UMOCKDEV_DIR set to what where() says.
 * umockdev calls handle() on a thread of its own: what both sides touch is behind the lock, and
 * requests go to our loop through a pipe.  docs/emulators.md, "On a bus". */
#include "emulators/emu.h"
#include "emulators/usbqueue.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <umockdev.h>
#include <unistd.h>

#define URBS 64		/* requests that the host may have under way */
#define ADDRESS_FIRST 2 /* behind the root hub */
#define ADDRESS_MAX 127
#define REAP_AGAIN_MS 5 /* poll() on the node is always ready: so long "not yet" takes */

#define SYS_PATH "/sys/devices/usb1/1-1"

/* A request of the host's: usbfs calls it an URB. */
struct urb {
	uint64_t tag;			  /* 0: free */
	const UMockdevIoctlClient *of;	  /* borrowed: who asked, one for each open() of the node */
	UMockdevIoctlData *data, *buffer; /* owned */
	bool control, out, done;	  /* OUT: to an interrupt endpoint */
	int status;
	size_t room;	      /* of the buffer */
	unsigned char *bytes; /* owned: what it carries, either way */
	size_t len;
};

/* What stays from one plug to the next: the host has been told of its folder. */
struct bed {
	struct emu *emu; /* borrowed */
	UMockdevTestbed *testbed;
	UMockdevIoctlBase *base;
	char *folder;
	pthread_mutex_t lock;
	bool present, added;
	unsigned address; /* another one each time it is plugged in */
	int pipe[2];	  /* tags of control requests, for the loop */
	uint64_t last_tag;
	struct urb urbs[URBS];
	struct emu_usb_queue ready; /* reports that wait for the host to ask */
};

/* ---- under the lock ---- */

static struct urb *
find_urb(struct bed *bed, uint64_t tag)
{
	for (size_t i = 0; i < URBS; i++)
		if (tag && bed->urbs[i].tag == tag)
			return &bed->urbs[i];
	return NULL;
}

static struct urb *
free_urb(struct bed *bed)
{
	for (size_t i = 0; i < URBS; i++)
		if (!bed->urbs[i].tag)
			return &bed->urbs[i];
	return NULL;
}

static void
end_urb(struct urb *urb, int status, const void *bytes, size_t len)
{
	if (len > urb->room)
		len = urb->room;
	free(urb->bytes);
	urb->bytes = len ? malloc(len) : NULL;
	if (!urb->bytes)
		len = 0;
	if (len)
		memcpy(urb->bytes, bytes, len);
	urb->len = len;
	urb->status = status;
	urb->done = true;
}

static void
forget_urb(struct urb *urb)
{
	g_object_unref(urb->data);
	if (urb->buffer)
		g_object_unref(urb->buffer);
	free(urb->bytes);
	*urb = (struct urb){ 0 };
}

/* Reports that wait go to an interrupt request that waits. */
static void
match_reports(struct bed *bed)
{
	const struct emu_usb *usb = emu_usb_of(emu_device(bed->emu));

	for (size_t i = 0; i < URBS && bed->ready.len; i++) {
		struct urb *urb = &bed->urbs[i];
		unsigned char bytes[EMU_USB_REPORT_MAX];
		size_t len = urb->len, room = urb->room < sizeof(bytes) ? urb->room : sizeof(bytes);

		if (!urb->tag || urb->control || urb->out || urb->done)
			continue;
		if (len)
			memcpy(bytes, urb->bytes, len);
		enum emu_usb_filled filled =
		    emu_usb_queue_fill(&bed->ready, usb, bytes, room, &len);

		end_urb(urb, filled == EMU_USB_TOO_MUCH ? -EOVERFLOW : 0, bytes, len);
		urb->done = filled != EMU_USB_NOT_YET;
	}
}

/* ---- the ioctls, on umockdev's thread ---- */

static bool
has_endpoint(const struct bed *bed, unsigned endpoint)
{
	const struct emu_usb *usb = emu_usb_of(emu_device(bed->emu));

	return endpoint == 0x81 || (endpoint && endpoint == usb->out_endpoint);
}

/* 0, or an errno: has it the interface that the argument begins with? */
static int
find_interface(const struct bed *bed, UMockdevIoctlClient *client)
{
	guint32 number;
	UMockdevIoctlData *data = umockdev_ioctl_data_resolve(
	    umockdev_ioctl_client_get_arg(client), 0, sizeof(number), NULL);

	if (!bed->present || !data) {
		if (data)
			g_object_unref(data);
		return bed->present ? EFAULT : ENODEV;
	}
	memcpy(&number, data->data, sizeof(number));
	g_object_unref(data);
	return number <= emu_usb_of(emu_device(bed->emu))->interface ? 0 : ENOENT;
}

/* 0, or an errno. */
static int
submit(struct bed *bed, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	UMockdevIoctlData *data =
	    umockdev_ioctl_data_resolve(arg, 0, sizeof(struct usbdevfs_urb), NULL);
	struct usbdevfs_urb host;
	struct urb *urb = free_urb(bed);

	if (!data || !urb || !bed->present) {
		if (data)
			g_object_unref(data);
		return !bed->present ? ENODEV : ENOMEM;
	}
	memcpy(&host, data->data, sizeof(host));
	*urb = (struct urb){ .tag = ++bed->last_tag,
		.of = client,
		.data = data,
		.control = host.type == USBDEVFS_URB_TYPE_CONTROL,
		.out = host.type != USBDEVFS_URB_TYPE_CONTROL && !(host.endpoint & 0x80),
		.room = (size_t)host.buffer_length };
	if (!urb->control && !has_endpoint(bed, host.endpoint)) {
		forget_urb(urb);
		return ENOENT;
	}
	urb->buffer = umockdev_ioctl_data_resolve(
	    data, offsetof(struct usbdevfs_urb, buffer), urb->room, NULL);
	if (!urb->buffer || (urb->control && urb->room < 8)) {
		forget_urb(urb);
		return EINVAL;
	}
	if (!urb->control && !urb->out) {
		match_reports(bed);
		return 0;
	}
	urb->bytes = malloc(urb->room);
	if (urb->bytes)
		memcpy(urb->bytes, urb->buffer->data, urb->len = urb->room);
	return write(bed->pipe[1], &urb->tag, sizeof(urb->tag)) == sizeof(urb->tag) ? 0 : ENOMEM;
}

static int
discard(struct bed *bed, UMockdevIoctlClient *client)
{
	UMockdevIoctlData *arg = umockdev_ioctl_client_get_arg(client);
	gulong address;

	memcpy(&address, arg->data, sizeof(address));
	for (size_t i = 0; i < URBS; i++)
		if (bed->urbs[i].tag && !bed->urbs[i].done && bed->urbs[i].of == client &&
		    bed->urbs[i].data->client_addr == address) {
			end_urb(&bed->urbs[i], -ENOENT, NULL, 0);
			return 0;
		}
	return EINVAL;
}

/* Into the host's memory: the bytes behind the SETUP packet of a control request, which stays. */
static void
write_back(struct urb *urb)
{
	int actual = (int)urb->len;

	if (urb->len)
		umockdev_ioctl_data_update(
		    urb->buffer, urb->control ? 8 : 0, urb->bytes, (gint)urb->len);
	umockdev_ioctl_data_update(urb->data, offsetof(struct usbdevfs_urb, status),
	    (guint8 *)&urb->status, sizeof(urb->status));
	umockdev_ioctl_data_update(urb->data, offsetof(struct usbdevfs_urb, actual_length),
	    (guint8 *)&actual, sizeof(actual));
}

/* The oldest that is done.  EAGAIN: none; ENODEV: none, and never again. */
static int
reap(struct bed *bed, UMockdevIoctlClient *client)
{
	struct urb *oldest = NULL;
	size_t waiting = 0;

	for (size_t i = 0; i < URBS; i++) {
		struct urb *urb = &bed->urbs[i];

		if (!urb->tag || urb->of != client)
			continue;
		waiting++;
		if (urb->done && (!oldest || urb->tag < oldest->tag))
			oldest = urb;
	}
	if (!oldest)
		return bed->present || waiting ? EAGAIN : ENODEV;
	UMockdevIoctlData *pointer = umockdev_ioctl_data_resolve(
	    umockdev_ioctl_client_get_arg(client), 0, sizeof(void *), NULL);

	if (!pointer)
		return EFAULT;
	if (oldest->control && oldest->len > oldest->room - 8)
		oldest->len = oldest->room - 8;
	write_back(oldest);
	umockdev_ioctl_data_set_ptr(pointer, 0, oldest->data);
	g_object_unref(pointer);
	forget_urb(oldest);
	return 0;
}

static void
answer(UMockdevIoctlClient *client, int error)
{
	umockdev_ioctl_client_complete(client, error ? -1 : 0, error);
}

struct parked {
	struct bed *bed;
	UMockdevIoctlClient *client;
};

static gboolean
reap_again(gpointer data)
{
	struct parked *parked = data;

	pthread_mutex_lock(&parked->bed->lock);
	int error = reap(parked->bed, parked->client);

	pthread_mutex_unlock(&parked->bed->lock);
	answer(parked->client, error);
	g_object_unref(parked->client);
	free(parked);
	return G_SOURCE_REMOVE;
}

/* Nothing is done yet.  Saying so at once would make libusb ask ten thousand times a second. */
static bool
park(struct bed *bed, UMockdevIoctlClient *client)
{
	struct parked *parked = malloc(sizeof(*parked));
	GSource *source;

	if (!parked)
		return false;
	*parked = (struct parked){ bed, g_object_ref(client) };
	source = g_timeout_source_new(REAP_AGAIN_MS);
	g_source_set_callback(source, reap_again, parked, NULL);
	g_source_attach(source, g_main_context_get_thread_default());
	g_source_unref(source);
	return true;
}

static int
capabilities(UMockdevIoctlClient *client)
{
	guint32 none = 0;
	UMockdevIoctlData *data = umockdev_ioctl_data_resolve(
	    umockdev_ioctl_client_get_arg(client), 0, sizeof(none), NULL);

	if (!data)
		return EFAULT;
	umockdev_ioctl_data_update(data, 0, (guint8 *)&none, sizeof(none));
	g_object_unref(data);
	return 0;
}

static gboolean
handle(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer owner)
{
	struct bed *bed = owner;
	gulong request = umockdev_ioctl_client_get_request(client);
	int error = ENOTTY;

	pthread_mutex_lock(&bed->lock);
	switch (request) {
	case USBDEVFS_GET_CAPABILITIES:
		error = capabilities(client);
		break;
	case USBDEVFS_CLAIMINTERFACE:
	case USBDEVFS_DISCONNECT_CLAIM:
	case USBDEVFS_RELEASEINTERFACE:
	case USBDEVFS_SETINTERFACE:
		error = find_interface(bed, client);
		break;
	case USBDEVFS_SETCONFIGURATION:
	case USBDEVFS_RESET:
	case USBDEVFS_CLEAR_HALT:
		error = bed->present ? 0 : ENODEV;
		break;
	case USBDEVFS_GETDRIVER: /* no driver of the kernel has it */
	case USBDEVFS_IOCTL:
		error = ENODATA;
		break;
	case USBDEVFS_SUBMITURB:
		error = submit(bed, client);
		break;
	case USBDEVFS_DISCARDURB:
		error = discard(bed, client);
		break;
	case USBDEVFS_REAPURB:
	case USBDEVFS_REAPURBNDELAY:
		error = reap(bed, client);
		break;
	}
	pthread_mutex_unlock(&bed->lock);
	if (error == EAGAIN && park(bed, client))
		return TRUE;
	answer(client, error);
	return TRUE;
}

/* The host has closed the node, or has died: what it left is nobody's, least of all the next one's,
 * in whose memory these addresses mean nothing. */
static void
vanished(UMockdevIoctlBase *base, UMockdevIoctlClient *client, gpointer owner)
{
	struct bed *bed = owner;

	pthread_mutex_lock(&bed->lock);
	for (size_t i = 0; i < URBS; i++)
		if (bed->urbs[i].tag && bed->urbs[i].of == client)
			forget_urb(&bed->urbs[i]);
	bed->ready.len = 0;
	pthread_mutex_unlock(&bed->lock);
}

/* ---- requests, on our loop ---- */

static void
hear(void *owner, int fd, short revents)
{
	struct bed *bed = owner;
	unsigned char bytes[8 + EMU_USB_DESCRIPTOR_MAX];
	struct emu_message message = { .kind = EMU_CONTROL, .bytes = bytes + 8 };
	size_t len = 0;

	if (read(fd, &message.tag, sizeof(message.tag)) != sizeof(message.tag))
		return;
	pthread_mutex_lock(&bed->lock);
	struct urb *urb = find_urb(bed, message.tag);

	if (urb && !urb->done && urb->len <= sizeof(bytes))
		memcpy(bytes, urb->bytes, len = urb->len);
	bool report = urb && urb->out;

	pthread_mutex_unlock(&bed->lock);
	if (report && len) {
		message.kind = EMU_REPORT;
		message.bytes = bytes;
		message.len = len;
		emu_hear(bed->emu, &message);
		return;
	}
	if (len < 8)
		return;
	memcpy(message.setup, bytes, 8);
	if (!(bytes[0] & 0x80)) /* out: what is behind it has been sent along */
		message.len = len - 8;
	emu_hear(bed->emu, &message);
}

static int
status_of(const struct emu_message *message)
{
	return message->refused ? -EPIPE : message->broken ? -EPROTO : 0;
}

static void
say(void *port, const struct emu_message *message)
{
	struct bed *bed = port;

	pthread_mutex_lock(&bed->lock);
	struct urb *urb = find_urb(bed, message->tag);
	bool out = !(message->setup[0] & 0x80);

	if (message->kind == EMU_REPORT) {
		emu_usb_queue_add(&bed->ready, emu_usb_of(emu_device(bed->emu)), message);
		match_reports(bed);
	} else if (urb && !urb->done && out && !status_of(message)) {
		size_t setup = urb->control ? 8 : 0;

		/* What was sent has arrived: as many bytes. */
		end_urb(urb, 0, urb->buffer->data + setup, urb->room - setup);
	} else if (urb && !urb->done)
		end_urb(urb, status_of(message), message->bytes, message->len);
	pthread_mutex_unlock(&bed->lock);
}

/* ---- plugging ---- */

static void
node_name(const struct bed *bed, char out[40])
{
	snprintf(out, 40, "bus/usb/001/%03u", bed->address);
}

/* A device as umockdev reads it: its path, node, properties, attributes. */
static void
describe(const struct bed *bed, struct buf *out)
{
	const struct emu_device_file *file = emu_device(bed->emu);
	const struct emu_usb *usb = emu_usb_of(file);
	unsigned char bytes[EMU_USB_DEVICE_LEN + EMU_USB_CONFIG_MAX];
	size_t len;
	char node[40];

	node_name(bed, node);
	emu_usb_device(usb, bytes);
	len = EMU_USB_DEVICE_LEN + emu_usb_config(usb, bytes + EMU_USB_DEVICE_LEN);
	buf_add_format(out, "P: %s\nN: %s\n", &SYS_PATH[strlen("/sys")], node);
	buf_add_format(
	    out, "E: BUSNUM=001\nE: DEVNUM=%03u\nE: DEVNAME=/dev/%s\n", bed->address, node);
	buf_add_format(out, "E: DEVTYPE=usb_device\nE: MAJOR=189\nE: MINOR=%u\n", bed->address - 1);
	buf_add_format(out, "E: PRODUCT=%x/%x/%x\nE: SUBSYSTEM=usb\nE: TYPE=0/0/0\n", usb->vendor,
	    usb->product, usb->release);
	buf_add_format(out, "A: busnum=1\\n\nA: devnum=%u\\n\nA: devpath=1\\n\n", bed->address);
	buf_add_format(
	    out, "A: speed=%s\\n\nA: bConfigurationValue=1\\n\n", usb->full_speed ? "12" : "1.5");
	buf_add_format(out, "A: idVendor=%04x\\n\nA: idProduct=%04x\\n\nA: bcdDevice=%04x\\n\n",
	    usb->vendor, usb->product, usb->release);
	buf_add_text(out, "H: descriptors=");
	for (size_t i = 0; i < len; i++)
		buf_add_format(out, "%02X", bytes[i]);
	buf_add_text(out, "\n\n");
}

static bool
add_device(struct bed *bed)
{
	struct buf text = { 0 };
	char node[40], path[48];
	bool ok;

	describe(bed, &text);
	buf_add(&text, "", 1);
	ok = !text.failed && umockdev_testbed_add_from_string(bed->testbed, buf_bytes(&text), NULL);
	buf_free(&text);
	node_name(bed, node);
	snprintf(path, sizeof(path), "/dev/%s", node);
	return ok && umockdev_testbed_attach_ioctl(bed->testbed, path, bed->base, NULL);
}

/* The device of the last plug goes only now: removing it while the host holds it open would hang
 * the host. */
static void
remove_device(struct bed *bed)
{
	char node[40], path[48];

	if (!bed->added)
		return;
	node_name(bed, node);
	snprintf(path, sizeof(path), "/dev/%s", node);
	umockdev_testbed_detach_ioctl(bed->testbed, path, NULL);
	umockdev_testbed_remove_device(bed->testbed, SYS_PATH);
	bed->added = false;
}

static void
forget_bed(void *kept)
{
	struct bed *bed = kept;

	loop_forget(emu_loop(bed->emu), bed->pipe[0]);
	remove_device(bed);
	g_object_unref(bed->base);
	g_object_unref(bed->testbed);
	close(bed->pipe[0]);
	close(bed->pipe[1]);
	for (size_t i = 0; i < URBS; i++)
		if (bed->urbs[i].tag)
			forget_urb(&bed->urbs[i]);
	pthread_mutex_destroy(&bed->lock);
	g_free(bed->folder);
	free(bed);
}

static struct bed *
new_bed(struct emu *emu, const char **why)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	*why = "out of memory";
	if (!bed)
		return NULL;
	bed->emu = emu;
	bed->address = 1;
	if (pipe2(bed->pipe, O_NONBLOCK | O_CLOEXEC) == -1) {
		free(bed);
		return NULL;
	}
	if (!loop_watch(emu_loop(emu), bed->pipe[0], POLLIN, hear, bed)) {
		close(bed->pipe[0]);
		close(bed->pipe[1]);
		free(bed);
		return NULL;
	}
	pthread_mutex_init(&bed->lock, NULL);
	bed->testbed = umockdev_testbed_new();
	bed->base = umockdev_ioctl_base_new();
	bed->folder = umockdev_testbed_get_root_dir(bed->testbed);
	g_signal_connect(bed->base, "handle-ioctl", G_CALLBACK(handle), bed);
	g_signal_connect(bed->base, "client-vanished", G_CALLBACK(vanished), bed);
	return bed;
}

static void *
open_port(struct emu *emu, const struct emu_options *options, const char **why)
{
	void **kept = emu_kept(emu);
	struct bed *bed = *kept ? *kept : new_bed(emu, why);

	if (!bed)
		return NULL;
	*kept = bed;
	remove_device(bed);
	if (++bed->address > ADDRESS_MAX)
		bed->address = ADDRESS_FIRST;
	pthread_mutex_lock(&bed->lock);
	bed->present = true;
	bed->ready.len = 0;
	pthread_mutex_unlock(&bed->lock);
	bed->added = add_device(bed);
	if (bed->added) {
		umockdev_testbed_uevent(bed->testbed, SYS_PATH, "add");
		return bed;
	}
	bed->present = false;
	*why = "umockdev does not take the device";
	errno = 0;
	return NULL;
}

/* As usbfs does it: what was under way ends, can still be reaped, and then there is no device. */
static void
close_port(void *port)
{
	struct bed *bed = port;

	pthread_mutex_lock(&bed->lock);
	bed->present = false;
	for (size_t i = 0; i < URBS; i++)
		if (bed->urbs[i].tag && !bed->urbs[i].done)
			end_urb(&bed->urbs[i], -ESHUTDOWN, NULL, 0);
	pthread_mutex_unlock(&bed->lock);
	umockdev_testbed_uevent(bed->testbed, SYS_PATH, "remove");
}

static const char *
where(void *port)
{
	return ((struct bed *)port)->folder;
}

const struct emu_transport emu_umockdev = {
	.name = "umockdev",
	.usb = true,
	.preload = "libumockdev-preload.so.0",
	.open = open_port,
	.write = say,
	.where = where,
	.close = close_port,
	.forget = forget_bed,
};
