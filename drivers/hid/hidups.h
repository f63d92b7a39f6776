/* hidups.h - usbhid-ups: which field of which report is which variable.  docs/devices/hid.md;
 * docs/drivers.md, "A HID device more".
 *
 * Nearly all HID devices use the usages of the standard alike: base.c has a row for each.  A
 * vendor's file has its ids and the rows that are its own; these come first.  For each variable the
 * first row whose field the device has, and answers for, is the one. */
#ifndef HIDUPS_H
#define HIDUPS_H

#include "drivers/core/usb.h"
#include "drivers/proto/hid.h"

#include <time.h>

/* ---- tables ---- */

struct hidups_word {
	int value;
	const char *word; /* last row: NULL */
};

enum hidups_how {
	HIDUPS_NUMBER,	  /* with so many DECIMALS; with WORDS: it is set to one of their values */
	HIDUPS_WORD,	  /* by WORDS; another value is unknown */
	HIDUPS_STRING,	  /* the index of a string descriptor */
	HIDUPS_CELSIUS,	  /* kelvin, if its unit says so */
	HIDUPS_DATE,	  /* years since 1980, month, day: 7, 4, 5 bits */
	HIDUPS_BCD_DATE,  /* month, day, year of two digits, as hex digits */
	HIDUPS_UNIX_DATE, /* seconds since 1970 */
	HIDUPS_UNIX_TIME, /* of the same, the time of the day */
};

enum {
	HIDUPS_RW = 1,	  /* the host may write it */
	HIDUPS_ONCE = 2,  /* asked at the start alone */
	HIDUPS_QUICK = 4, /* asked in each round */
	HIDUPS_ALSO = 8,  /* of a flag: it counts beside those of its state before it */
};

/* Names that begin with a dot are the driver's own, and are not published. */
#define HIDUPS_CAPACITY_MODE ".capacity.mode"
#define HIDUPS_CAPACITY_FULL ".capacity.full"

struct hidups_var {
	const char *name; /* NULL: what stands there is none of the base's variables */
	const char *path; /* last row: NULL */
	enum hidups_how how;
	int decimals;
	const struct hidups_word *words;
	unsigned flags;
	double times; /* what its value is to be multiplied by; 0: by nothing */
	int64_t mask; /* 0: all its bits; else these, moved to the right */
};

/* What a bit of the device says.  In this order they are looked at. */
enum hidups_state {
	HIDUPS_ONLINE = 1 << 0,
	HIDUPS_DISCHARGING = 1 << 1,
	HIDUPS_CHARGING = 1 << 2,
	HIDUPS_LOW = 1 << 3,	  /* below the remaining capacity limit */
	HIDUPS_TIME_LOW = 1 << 4, /* below the remaining time limit */
	HIDUPS_IMMINENT = 1 << 5, /* it is about to shut down */
	HIDUPS_FULL = 1 << 6,
	HIDUPS_EMPTY = 1 << 7,
	HIDUPS_OVERLOAD = 1 << 8,
	HIDUPS_REPLACE = 1 << 9,
	HIDUPS_BOOST = 1 << 10,
	HIDUPS_TRIM = 1 << 11,
	HIDUPS_BYPASS = 1 << 12,
	HIDUPS_OFF = 1 << 13,
	HIDUPS_HOT = 1 << 14,
	HIDUPS_FAULT = 1 << 15,
	HIDUPS_NO_BATTERY = 1 << 16,
	HIDUPS_FAN = 1 << 17,
	HIDUPS_AWAITING = 1 << 18,
	HIDUPS_VOLTAGE_RANGE = 1 << 19,
	HIDUPS_FREQUENCY_RANGE = 1 << 20,
	HIDUPS_CHARGER = 1 << 21,
	HIDUPS_BATTERY_HIGH = 1 << 22, /* its voltage */
	HIDUPS_BATTERY_WEAK = 1 << 23,
	HIDUPS_SHORT_CIRCUIT = 1 << 24,
	HIDUPS_INVERTER_LOW = 1 << 25,
	HIDUPS_INVERTER_HIGH = 1 << 26,
	HIDUPS_WIRING = 1 << 27,
	HIDUPS_EMERGENCY_STOP = 1 << 28,
	HIDUPS_MEMORY = 1 << 29, /* its settings are lost */
	HIDUPS_CALIBRATION = 1 << 30,
};

struct hidups_flag {
	const char *path; /* last row: NULL */
	enum hidups_state state;
	bool zero;	 /* it is so when the field is 0 */
	unsigned flags;	 /* HIDUPS_QUICK */
	int64_t mask;	 /* 0: any of its bits; else one of these */
	uint32_t values; /* not 0: it is so when the field is one of these, 1 << value */
};

struct hidups_command {
	const char *name, *path; /* last row: NULL */
	int value;  /* raw, or seconds of a timer; -1: it stops; or for the vendor's timer() */
	bool timer; /* seconds; the order's parameter is taken instead of VALUE */
};

/* What the host says of a device that has a variable: a text that it keeps, and lets be changed. */
struct hidups_text {
	const char *name, *beside, *text; /* last row: NULL */
};

struct hidups;
struct hidups_vendor {
	const char *name;	       /* driver.version.data */
	const struct hidups_var *vars; /* NULL: none */
	const struct hidups_flag *flags;
	const struct hidups_command *commands;
	const struct hidups_text *texts;
	/* The strings are there: ups.model and its kin, if not simply the product's string. */
	void (*model)(struct hidups *ups);
	/* The raw value of a timer in a row of this vendor's, if the field does not simply count
	 * time.  NULL: it does. */
	int64_t (*timer)(const struct hidups_command *row, double seconds);
	/* NULL, or a value mended: what the device says is known to be wrong. */
	double (*mend)(const struct hidups *ups, const struct hidups_var *var, double value);
};

extern const struct hidups_vendor hidups_base, hidups_generic, hidups_apc, hidups_belkin,
    hidups_cps, hidups_delta, hidups_ever, hidups_idowell, hidups_legrand, hidups_liebert,
    hidups_mge, hidups_openups, hidups_phoenixtec, hidups_powercom, hidups_powervar, hidups_salicru,
    hidups_tripplite, hidups_arduino;
extern const struct usb_known hidups_known[];		   /* all ids: known.c */
extern const struct hidups_vendor *const hidups_vendors[]; /* all; last: NULL */
extern const struct hidups_word hidups_yes_no[], hidups_beeper[], hidups_test[], hidups_on_off[],
    hidups_sensitivity[];

/* ---- one device ---- */

#define HIDUPS_REPORTS 512
#define HIDUPS_REPORT_BYTES 128 /* fields further back are not looked at */
#define HIDUPS_ITEMS 1280	/* with those of nobody, when it is explored */
#define HIDUPS_STRINGS 64
#define HIDUPS_ORDERS 8
#define HIDUPS_STEPS 3	/* writes of one order */
#define HIDUPS_MISSES 3 /* in a row: what a field says is no longer known */

struct hidups_report {
	enum hid_type type;
	uint8_t id;
	unsigned flags; /* of all its rows; HIDUPS_ONCE: of none but such */
	bool refused;	/* at the start: once */
	bool given_up;	/* it has always refused */
};

/* A row of a table and the field that it is on this device. */
struct hidups_item {
	const struct hidups_var *var; /* one of these two; none: only explored */
	const struct hidups_flag *flag;
	const struct hid_field *field; /* what is asked for */
	const struct hid_field *input; /* what comes by itself, NULL */
	struct hidups_report *report;
	bool known;
	bool told;	 /* when its report was asked for; it was so once */
	bool now;	 /* the same in this round */
	unsigned misses; /* times in a row that it was asked for in vain */
	int64_t raw;
};

/* An INSTCMD or SET: each step reads a report, changes a field, and writes it. */
struct hidups_order {
	bool used, own;
	bool waits; /* for another one, which may be at the same report */
	unsigned turn;
	unsigned cuts;	    /* the next way to cut the power, from 1; 0: another order */
	core_ticket ticket; /* 0: the shutdown's, or OWN: the driver's */
	size_t steps, at;
	struct {
		const struct hid_field *field;
		int64_t raw;
		bool toggles; /* the beeper: OFF if it is on, else RAW */
		int64_t off;
	} step[HIDUPS_STEPS];
	uint8_t report[HID_REPORT_MAX];
};

struct hidups {
	struct core *core; /* borrowed */
	struct usb *usb;
	const struct hidups_vendor *vendor;
	double poll_seconds; /* between full rounds */
	double off_delay, on_delay;
	bool poll_only, interrupt_only, max_report, explore;
	size_t interrupt_bytes; /* of one transfer; 0: of the longest report */
	long low_charge;	/* that is set at the start, percent; 0: none */
	double doubt_seconds;	/* so long low and replace are doubted; below 0: by the vendor */
	bool doubt_always;	/* not while it is calibrated alone */
	long deaf_rounds;	/* in a row without an interrupt report that are borne; -1: any */
	const struct hidups_vendor *chosen; /* by the user, NULL */
	enum {
		DISCHARGE_IS_ONLINE,
		DISCHARGE_IS_BATTERY,
		DISCHARGE_IS_CALIBRATION
	} online_discharge;

	struct hid hid;
	struct hidups_report reports[HIDUPS_REPORTS];
	size_t reports_len;
	struct hidups_item items[HIDUPS_ITEMS];
	size_t items_len;
	struct {
		bool asked;
		char text[USB_STRING_MAX];
	} strings[HIDUPS_STRINGS];

	unsigned told; /* states that were once, on whatever opening */
	bool started, full_round, heard_any;
	int64_t full_ms, heard_ms; /* when the last full round began; when it last spoke */
	size_t asking;		   /* the report that is asked for */
	unsigned timeouts, came;   /* of this round */
	long deaf;		   /* rounds since it spoke */
	bool doubts;		   /* since: */
	int64_t doubted_ms;
	struct hidups_order orders[HIDUPS_ORDERS];
	unsigned turns; /* of orders that have waited */
};

/* hidups.c */
void hidups_begin(void *device);
void hidups_poll(void *device);
void hidups_heard(void *device, const unsigned char *bytes, size_t len);
const char *hidups_string(const struct hidups *ups, const char *variable);

/* hidshow.c: from items to variables and status. */
/* What a device that does not count in percent calls a full battery; 100 for all others. */
double hidups_full_charge(const struct hidups *ups);
/* As its row says; what a vendor gets wrong is mended later. */
double hidups_item_value(const struct hidups_item *item, int64_t raw);
/* The UPS's clock, in the local time of this host, as the one who has set it saw it.  false: what
 * it says is no time. */
bool hidups_clock(const struct hidups_item *item, struct tm *out);
void hidups_show(struct hidups *ups);
/* False: the device has not said whether it has mains, or no longer says what it said of its
 * battery. */
bool hidups_show_status(struct hidups *ups);

/* hidexplore.c: what it has said, to the log, as a device file of nut-emu. */
void hidups_explore(struct hidups *ups);
/* Is string INDEX to be asked for, though nothing names it? */
bool hidups_explores_string(const struct hidups *ups, unsigned index);

/* hidorders.c */
void hidups_offer(struct hidups *ups);	 /* commands, and variables that can be set */
void hidups_set_low(struct hidups *ups); /* battery.charge.low is what the user wants */
enum sockmsg_result hidups_instcmd(
    void *device, const char *name, const char *param, core_ticket ticket);
enum sockmsg_result hidups_setvar(
    void *device, const char *name, const char *value, core_ticket ticket);
void hidups_shutdown(void *device);

#endif
