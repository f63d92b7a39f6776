#include "emulators/usbqueue.h"

#include <string.h>

static void
drop(struct emu_usb_queue *queue, size_t which)
{
	queue->len--;
	memmove(&queue->reports[which], &queue->reports[which + 1],
	    (queue->len - which) * sizeof(queue->reports[0]));
}

static bool
takes_place_of(const struct emu_usb *usb, const unsigned char *newer, const unsigned char *older)
{
	return usb->states == EMU_USB_ONE_STATE ||
	       (usb->states == EMU_USB_STATES_BY_ID && newer[0] == older[0]);
}

void
emu_usb_queue_add(
    struct emu_usb_queue *queue, const struct emu_usb *usb, const struct emu_message *message)
{
	if (message->broken || message->len > EMU_USB_REPORT_MAX)
		return;
	for (size_t i = queue->len; message->len && i-- > 0;)
		if (queue->reports[i].len &&
		    takes_place_of(usb, message->bytes, queue->reports[i].bytes))
			drop(queue, i);
	if (queue->len == EMU_USB_READY)
		drop(queue, 0);
	if (message->len)
		memcpy(queue->reports[queue->len].bytes, message->bytes, message->len);
	queue->reports[queue->len++].len = message->len;
}

enum emu_usb_filled
emu_usb_queue_fill(struct emu_usb_queue *queue, const struct emu_usb *usb, unsigned char *bytes,
    size_t room, size_t *len)
{
	while (queue->len) {
		size_t more = queue->reports[0].len;
		bool fits = more <= room - *len;

		if (fits && more)
			memcpy(bytes + *len, queue->reports[0].bytes, more);
		drop(queue, 0);
		if (!fits) {
			*len = 0;
			return EMU_USB_TOO_MUCH;
		}
		*len += more;
		if (*len == room || more == 0 || more % usb->packet != 0)
			return EMU_USB_FILLED;
	}
	return EMU_USB_NOT_YET;
}
