/* usb_libusb.c - the bus by libusb-1.0: asynchronous transfers, its descriptors on our loop.
 *
 * The context lives from one opening to the closing of that port.  A new one reads the bus anew
 * from sysfs, so that a device that has come back is found where no udevd runs, too.  libusb_init()
 * starts a thread of its own, which a fork loses: the program is in the background by then.
 *
 * What libusb calls back with is kept, and told when libusb has returned: who is told may close the
 * device, which must not be done from within. */
#include "base/log.h"
#include "drivers/core/usb.h"

#include <errno.h>
#include <libusb-1.0/libusb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USB_MAXINTERFACES 32
#define PIPE_FAULTS_MAX 3 /* in a row: then the interrupt pipe is given up */
#define REPORTS_MAX 32	  /* that wait to be told: those of one answer of a bridge */
#define CLOSE_TURNS 200	  /* of 5 ms at most, for what has been taken back to come back */

struct bus {
	struct loop *loop;
	libusb_context *context;
	libusb_device **devices;
	ssize_t len;
	bool stuck; /* a transfer did not come back: nothing of it may be freed */
};

struct handle {
	struct bus *bus; /* borrowed */
	libusb_device_handle *device;
	const struct usb_calls *calls;
	void *owner;
	uint8_t interface, endpoint;
	struct libusb_transfer *asked; /* the request that runs */
	struct libusb_transfer *listens;
	unsigned pipe_faults;
	unsigned under_way; /* transfers that libusb has */
	unsigned char report[USB_INTERRUPT_MAX];

	struct later tell;		  /* of these: */
	struct libusb_transfer *answered; /* owned: the request has ended */
	struct {
		unsigned char bytes[USB_INTERRUPT_MAX];
		size_t len;
	} reports[REPORTS_MAX];
	size_t reports_len;
	bool lost, deaf;
};

/* ---- libusb's descriptors ---- */

static void
ready(void *owner, int fd, short revents)
{
	struct bus *bus = owner;
	struct timeval none = { 0, 0 };

	libusb_handle_events_timeout_completed(bus->context, &none, NULL);
}

static void
watch(int fd, short events, void *owner)
{
	struct bus *bus = owner;

	if (!loop_watch(bus->loop, fd, events, ready, bus))
		log_warnx("out of memory: cannot watch the USB bus");
}

static void
forget(int fd, void *owner)
{
	struct bus *bus = owner;

	loop_forget(bus->loop, fd);
}

static void
watch_all(struct bus *bus)
{
	const struct libusb_pollfd **fds = libusb_get_pollfds(bus->context);

	for (size_t i = 0; fds && fds[i]; i++)
		watch(fds[i]->fd, fds[i]->events, bus);
	libusb_free_pollfds(fds);
	libusb_set_pollfd_notifiers(bus->context, watch, forget, bus);
}

static void
forget_all(struct bus *bus)
{
	const struct libusb_pollfd **fds = libusb_get_pollfds(bus->context);

	libusb_set_pollfd_notifiers(bus->context, NULL, NULL, NULL);
	for (size_t i = 0; fds && fds[i]; i++)
		loop_forget(bus->loop, fds[i]->fd);
	libusb_free_pollfds(fds);
}

/* ---- the bus ---- */

static int
error_number(int error)
{
	switch (error) {
	case LIBUSB_ERROR_ACCESS:
		return EACCES;
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_NOT_FOUND:
		return ENODEV;
	case LIBUSB_ERROR_BUSY:
		return EBUSY;
	case LIBUSB_ERROR_NO_MEM:
		return ENOMEM;
	case LIBUSB_ERROR_NOT_SUPPORTED:
		return ENOTSUP;
	}
	return EIO;
}

static void
bus_close(void *owner)
{
	struct bus *bus = owner;

	forget_all(bus);
	if (bus->stuck)
		return;
	if (bus->devices)
		libusb_free_device_list(bus->devices, 1);
	libusb_exit(bus->context);
	free(bus);
}

static void *
bus_open(struct loop *loop, const char **why)
{
	struct bus *bus = calloc(1, sizeof(*bus));
	int error;

	*why = "out of memory";
	if (!bus)
		return NULL;
	bus->loop = loop;
	*why = "cannot use the USB bus";
	if ((error = libusb_init(&bus->context)) != 0) {
		free(bus);
		errno = error_number(error);
		return NULL;
	}
	watch_all(bus);
	bus->len = libusb_get_device_list(bus->context, &bus->devices);
	if (bus->len < 0) {
		error = error_number((int)bus->len);
		bus->devices = NULL;
		bus_close(bus);
		errno = error;
		return NULL;
	}
	return bus;
}

/* ---- what is on it ---- */

/* "3-1.2": the bus, then the ports on the way. */
static void
describe_port(libusb_device *device, char *out, size_t size)
{
	uint8_t ports[8];
	int len = libusb_get_port_numbers(device, ports, sizeof(ports));
	size_t at = (size_t)snprintf(out, size, "%u", libusb_get_bus_number(device));

	for (int i = 0; i < len && at < size; i++)
		at += (size_t)snprintf(out + at, size - at, "%c%u", i ? '.' : '-', ports[i]);
}

static void
describe_interface(const struct libusb_interface_descriptor *interface, struct usb_about *out)
{
	out->is_hid = interface->bInterfaceClass == LIBUSB_CLASS_HID;
	out->interface = interface->bInterfaceNumber;
	for (uint8_t i = 0; i < interface->bNumEndpoints; i++) {
		const struct libusb_endpoint_descriptor *endpoint = &interface->endpoint[i];

		if ((endpoint->bmAttributes & 3) != LIBUSB_TRANSFER_TYPE_INTERRUPT)
			continue;
		if (!(endpoint->bEndpointAddress & LIBUSB_ENDPOINT_IN)) {
			if (!out->out_endpoint)
				out->out_endpoint = endpoint->bEndpointAddress;
		} else if (!out->in_endpoint) {
			out->in_endpoint = endpoint->bEndpointAddress;
			out->in_packet = endpoint->wMaxPacketSize;
		}
	}
}

/* In the setting chosen, else in the first one. */
static const struct libusb_interface_descriptor *
setting_of(const struct libusb_interface *interface, const struct usb_choice *choice)
{
	for (int i = 0; i < interface->num_altsetting; i++)
		if (interface->altsetting[i].bAlternateSetting == choice->alternate)
			return &interface->altsetting[i];
	return interface->num_altsetting > 0 ? &interface->altsetting[0] : NULL;
}

/* The interface chosen; else the first of the HID class; a bridge that has none is the first of
 * all.  NULL: it has not that. */
static const struct libusb_interface_descriptor *
find_interface(const struct libusb_config_descriptor *config, const struct usb_choice *choice)
{
	for (uint8_t i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface_descriptor *one =
		    setting_of(&config->interface[i], choice);

		if (one &&
		    (choice->interface != -1 ? one->bInterfaceNumber == choice->interface : one->bInterfaceClass == LIBUSB_CLASS_HID))
			return one;
	}
	return choice->interface == -1 && config->bNumInterfaces > 0
		   ? setting_of(&config->interface[0], choice)
		   : NULL;
}

static int
read_config(
    libusb_device *device, const struct usb_choice *choice, struct libusb_config_descriptor **out)
{
	if (choice->config != -1)
		return libusb_get_config_descriptor(device, (uint8_t)choice->config, out);
	return libusb_get_active_config_descriptor(device, out) == 0
		   ? 0
		   : libusb_get_config_descriptor(device, 0, out);
}

static void
describe_interfaces(libusb_device *device, const struct usb_choice *choice, struct usb_about *out)
{
	const struct libusb_interface_descriptor *interface;
	struct libusb_config_descriptor *config;

	/* What is chosen and not there cannot be claimed, which is said then. */
	if (choice->interface != -1)
		out->interface = (uint8_t)choice->interface;
	if (read_config(device, choice, &config) == 0) {
		interface = find_interface(config, choice);
		if (interface)
			describe_interface(interface, out);
		libusb_free_config_descriptor(config);
	}
	if (choice->in_endpoint != -1)
		out->in_endpoint = (uint8_t)(LIBUSB_ENDPOINT_IN | choice->in_endpoint);
	if (choice->out_endpoint != -1)
		out->out_endpoint = (uint8_t)choice->out_endpoint;
}

static bool
describe(void *owner, size_t i, const struct usb_choice *choice, struct usb_about *out)
{
	struct bus *bus = owner;
	struct libusb_device_descriptor descriptor;

	*out = (struct usb_about){ 0 };
	if ((ssize_t)i >= bus->len)
		return false;
	libusb_device *device = bus->devices[i];

	if (libusb_get_device_descriptor(device, &descriptor) != 0)
		return true; /* nobody's: vendor 0 */
	out->vendor = descriptor.idVendor;
	out->product = descriptor.idProduct;
	out->release = descriptor.bcdDevice;
	out->string_of[USB_MANUFACTURER] = descriptor.iManufacturer;
	out->string_of[USB_PRODUCT] = descriptor.iProduct;
	out->string_of[USB_SERIAL] = descriptor.iSerialNumber;
	out->bus = libusb_get_bus_number(device);
	out->address = libusb_get_device_address(device);
	out->is_fast = libusb_get_device_speed(device) > LIBUSB_SPEED_LOW;
	describe_port(device, out->port, sizeof(out->port));
	describe_interfaces(device, choice, out);
	return true;
}

/* ---- transfers ---- */

static enum exchange_end
end_of(enum libusb_transfer_status status)
{
	switch (status) {
	case LIBUSB_TRANSFER_COMPLETED:
		return EXCHANGE_ANSWERED;
	case LIBUSB_TRANSFER_STALL:
		return EXCHANGE_REFUSED;
	case LIBUSB_TRANSFER_TIMED_OUT:
		return EXCHANGE_TIMEOUT;
	case LIBUSB_TRANSFER_NO_DEVICE:
		return EXCHANGE_LOST;
	default:
		return EXCHANGE_BROKEN;
	}
}

static void
free_transfer(struct libusb_transfer *transfer)
{
	if (transfer)
		free(transfer->buffer);
	libusb_free_transfer(transfer);
}

static void LIBUSB_CALL
request_ended(struct libusb_transfer *transfer)
{
	struct handle *handle = transfer->user_data;

	handle->under_way--;
	if (transfer != handle->asked) { /* it was taken back */
		free_transfer(transfer);
		return;
	}
	handle->asked = NULL;
	handle->answered = transfer;
	loop_later(handle->bus->loop, &handle->tell);
}

static void
tell_report(struct handle *handle)
{
	unsigned char bytes[USB_INTERRUPT_MAX];
	size_t len = handle->reports[0].len;

	memcpy(bytes, handle->reports[0].bytes, len);
	memmove(handle->reports, handle->reports + 1,
	    --handle->reports_len * sizeof(handle->reports[0]));
	handle->calls->heard(handle->owner, bytes, len);
}

static void
tell_answer(struct handle *handle)
{
	struct libusb_transfer *transfer = handle->answered;

	handle->answered = NULL;
	/* What was sent is no answer. */
	if (transfer->type == LIBUSB_TRANSFER_TYPE_CONTROL)
		handle->calls->answered(handle->owner, end_of(transfer->status),
		    libusb_control_transfer_get_data(transfer), (size_t)transfer->actual_length);
	else
		handle->calls->answered(handle->owner, end_of(transfer->status), NULL, 0);
	free_transfer(transfer);
}

/* One thing at a time: afterwards the handle may be gone. */
static void
tell(void *owner)
{
	struct handle *handle = owner;
	size_t things =
	    handle->reports_len + (handle->answered != NULL) + handle->lost + handle->deaf;

	if (things > 1)
		loop_later(handle->bus->loop, &handle->tell);
	if (handle->reports_len) {
		tell_report(handle);
	} else if (handle->answered) {
		tell_answer(handle);
	} else if (handle->lost) {
		handle->lost = false;
		handle->calls->answered(handle->owner, EXCHANGE_LOST, NULL, 0);
	} else if (handle->deaf) {
		handle->deaf = false;
		handle->calls->heard(handle->owner, NULL, 0);
	}
}

/* Both are ours, or NULL for want of memory, until the library has them. */
static bool
submit(struct handle *handle, struct libusb_transfer *transfer, unsigned char *buffer)
{
	if (transfer && buffer && libusb_submit_transfer(transfer) == 0) {
		handle->asked = transfer;
		handle->under_way++;
		return true;
	}
	free(buffer);
	libusb_free_transfer(transfer);
	return false;
}

static bool
control(void *owner, const void *setup, size_t len)
{
	struct handle *handle = owner;
	const unsigned char *bytes = setup;
	size_t room = 8 + (bytes[6] | (size_t)bytes[7] << 8);
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	unsigned char *buffer = calloc(1, room > len ? room : len);

	if (transfer && buffer) {
		memcpy(buffer, setup, len);
		libusb_fill_control_transfer(
		    transfer, handle->device, buffer, request_ended, handle, 0);
	}
	return submit(handle, transfer, buffer);
}

static bool
send_to_it(void *owner, uint8_t endpoint, const void *bytes, size_t len)
{
	struct handle *handle = owner;
	struct libusb_transfer *transfer = libusb_alloc_transfer(0);
	unsigned char *buffer = calloc(1, len + 1);

	if (transfer && buffer) {
		memcpy(buffer, bytes, len);
		libusb_fill_interrupt_transfer(
		    transfer, handle->device, endpoint, buffer, (int)len, request_ended, handle, 0);
	}
	return submit(handle, transfer, buffer);
}

static void
cancel(void *owner)
{
	struct handle *handle = owner;

	if (handle->asked)
		libusb_cancel_transfer(handle->asked);
	handle->asked = NULL;
	free_transfer(handle->answered);
	handle->answered = NULL;
}

static bool
listen_again(struct handle *handle)
{
	if (libusb_submit_transfer(handle->listens) != 0)
		return false;
	handle->under_way++;
	return true;
}

/* When many wait, the newest are what is so. */
static void
keep_report(struct handle *handle, const struct libusb_transfer *transfer)
{
	if (handle->reports_len == REPORTS_MAX)
		memmove(handle->reports, handle->reports + 1,
		    --handle->reports_len * sizeof(handle->reports[0]));
	memcpy(handle->reports[handle->reports_len].bytes, transfer->buffer,
	    (size_t)transfer->actual_length);
	handle->reports[handle->reports_len++].len = (size_t)transfer->actual_length;
}

static void LIBUSB_CALL
report_came(struct libusb_transfer *transfer)
{
	struct handle *handle = transfer->user_data;
	enum libusb_transfer_status status = transfer->status;

	handle->under_way--;
	if (status == LIBUSB_TRANSFER_CANCELLED)
		return;
	handle->pipe_faults = status == LIBUSB_TRANSFER_COMPLETED ? 0 : handle->pipe_faults + 1;
	handle->lost = handle->lost || status == LIBUSB_TRANSFER_NO_DEVICE;
	if (status == LIBUSB_TRANSFER_COMPLETED && transfer->actual_length > 0)
		keep_report(handle, transfer);
	if (!handle->lost && (handle->pipe_faults >= PIPE_FAULTS_MAX || !listen_again(handle)))
		handle->deaf = true;
	loop_later(handle->bus->loop, &handle->tell);
}

static bool
listen_to_it(void *owner, size_t len)
{
	struct handle *handle = owner;

	if (handle->listens)
		return true;
	if (!(handle->listens = libusb_alloc_transfer(0)))
		return false;
	libusb_fill_interrupt_transfer(handle->listens, handle->device, handle->endpoint,
	    handle->report, len < USB_INTERRUPT_MAX ? (int)len : USB_INTERRUPT_MAX, report_came,
	    handle, 0);
	return listen_again(handle);
}

/* ---- a device ---- */

/* All transfers must have come back before the device is closed.  They do at once, unless the
 * kernel's driver of the bus hangs: then memory is lost rather than used after it was freed. */
static bool
take_back(struct handle *handle)
{
	cancel(handle);
	if (handle->listens && handle->under_way)
		libusb_cancel_transfer(handle->listens);
	for (int i = 0; i < CLOSE_TURNS && handle->under_way; i++) {
		struct timeval wait = { 0, 5000 };

		libusb_handle_events_timeout_completed(handle->bus->context, &wait, NULL);
	}
	return handle->under_way == 0;
}

static void
close_device(void *owner)
{
	struct handle *handle = owner;

	if (!take_back(handle)) {
		log_warnx("the kernel does not give back a USB transfer");
		handle->bus->stuck = true;
		loop_later_clear(&handle->tell);
		return;
	}
	loop_later_clear(&handle->tell);
	libusb_free_transfer(handle->listens);
	libusb_release_interface(handle->device, handle->interface);
	libusb_close(handle->device);
	free(handle);
}

/* The kernel's drivers have its interfaces until we ask, and then it cannot be set. */
static int
set_config(libusb_device_handle *handle, const struct usb_choice *choice)
{
	struct libusb_config_descriptor *config;
	int error, active, wanted;

	if (choice->config == -1)
		return 0;
	error = libusb_get_config_descriptor(
	    libusb_get_device(handle), (uint8_t)choice->config, &config);
	if (error)
		return error;
	wanted = config->bConfigurationValue;
	libusb_free_config_descriptor(config);
	error = libusb_get_configuration(handle, &active);
	if (error || active == wanted)
		return error;
	for (int i = 0; i < USB_MAXINTERFACES; i++)
		libusb_detach_kernel_driver(handle, i);
	return libusb_set_configuration(handle, wanted);
}

static void *
open_device(void *owner, size_t i, const struct usb_about *about, const struct usb_calls *calls,
    void *calls_owner, const char **why)
{
	struct bus *bus = owner;
	struct handle *handle = calloc(1, sizeof(*handle));
	int error;

	*why = "out of memory";
	if (!handle)
		return NULL;
	*handle = (struct handle){ .bus = bus,
		.calls = calls,
		.owner = calls_owner,
		.interface = about->interface,
		.endpoint = about->in_endpoint,
		.tell = { .run = tell, .owner = handle } };
	*why = "cannot open it";
	if ((error = libusb_open(bus->devices[i], &handle->device)) != 0)
		goto fail;
	/* The kernel's HID driver has it until we ask. */
	libusb_set_auto_detach_kernel_driver(handle->device, 1);
	*why = "cannot set its configuration (usb_config_index)";
	if ((error = set_config(handle->device, about->choice)) != 0)
		goto close;
	*why = "cannot claim its interface";
	if ((error = libusb_claim_interface(handle->device, about->interface)) != 0)
		goto close;
	*why = "cannot select its setting (usb_set_altinterface)";
	if (about->choice->alternate == -1 ||
	    (error = libusb_set_interface_alt_setting(
		 handle->device, about->interface, about->choice->alternate)) == 0)
		return handle;
	libusb_release_interface(handle->device, about->interface);
close:
	libusb_close(handle->device);
fail:
	free(handle);
	errno = error_number(error);
	return NULL;
}

static bool
clear_halt(void *owner)
{
	struct handle *handle = owner;

	return handle->endpoint && libusb_clear_halt(handle->device, handle->endpoint) == 0;
}

static bool
reset(void *owner)
{
	struct handle *handle = owner;

	return libusb_reset_device(handle->device) == 0;
}

const struct usb_backend usb_libusb = {
	.name = "libusb",
	.bus_open = bus_open,
	.bus_close = bus_close,
	.describe = describe,
	.open = open_device,
	.close = close_device,
	.control = control,
	.send = send_to_it,
	.cancel = cancel,
	.listen = listen_to_it,
	.clear_halt = clear_halt,
	.reset = reset,
};
