/* usbdev.h - what every USB device answers at its control endpoint, in front of a model: device,
 * configuration and string descriptors, and the requests of the HID class (docs/devices/hid.md, 1).
 */
#ifndef EMU_USBDEV_H
#define EMU_USBDEV_H

#include "emulators/emu.h"

#define EMU_USB_STRINGS 32
#define EMU_USB_DESCRIPTOR_MAX 4096 /* bytes of a report descriptor */
#define EMU_USB_REPORT_MAX 512

enum emu_usb_report { EMU_USB_INPUT = 1, EMU_USB_OUTPUT, EMU_USB_FEATURE };

/* What an interrupt report is: a piece of a text, or how things are, by its id or without one. */
enum emu_usb_states { EMU_USB_TEXT, EMU_USB_STATES_BY_ID, EMU_USB_ONE_STATE };

/* What a device is on its bus.  A model's, usually from its device file. */
struct emu_usb {
	unsigned vendor, product, release; /* release: BCD, 0x0106 is 1.06 */
	bool full_speed;		   /* else low: nearly all are */
	bool no_hid;			   /* its interface is of the vendor's class */
	unsigned packet;		   /* bytes of one interrupt transfer */
	unsigned out_endpoint;		   /* it has one for interrupts from the host, 0 none */
	unsigned interface;		   /* that is the HID; others, of nobody, stand before it */
	enum emu_usb_states states;
	unsigned char manufacturer, name, serial; /* indices of strings, 0: it has none */
	char strings[EMU_USB_STRINGS][EMU_TEXT];  /* "": it stalls */
	bool answers_strings;			  /* some are answers, other ones each time */
	bool asks_of_vendor; /* requests of the vendor's to an endpoint come, and to endpoint 0 */
	unsigned char report_descriptor[EMU_USB_DESCRIPTOR_MAX];
	size_t report_descriptor_len;
	/* The report as it travels, its id first if it has one.  false: it stalls. */
	bool (*get_report)(struct emu *emu, enum emu_usb_report type, unsigned id, struct buf *out);
	bool (*set_report)(struct emu *emu, enum emu_usb_report type, unsigned id,
	    const unsigned char *bytes, size_t len);
};

/* A line of the device file: NULL, or what is wrong with it.  Then, at the file's end, the rest. */
const char *emu_usb_directive(struct emu_usb *usb, const struct words *words);
void emu_usb_complete(struct emu_usb *usb, const struct emu_device_file *device);

/* Answer MESSAGE, an EMU_CONTROL. */
void emu_usb_hear(struct emu *emu, const struct emu_usb *usb, const struct emu_message *message);

/* Short and for people: "F1f", "set F1f", "string 4", "report descriptor". */
void emu_usb_name(char *out, size_t size, const unsigned char setup[8]);

#define EMU_USB_DEVICE_LEN 18
#define EMU_USB_INTERFACE_MAX 15
/* Configuration, interfaces, HID, endpoints. */
#define EMU_USB_CONFIG_MAX (41 + 9 * EMU_USB_INTERFACE_MAX)
void emu_usb_device(const struct emu_usb *usb, unsigned char out[EMU_USB_DEVICE_LEN]);
size_t emu_usb_config(const struct emu_usb *usb, unsigned char out[EMU_USB_CONFIG_MAX]);

#endif
