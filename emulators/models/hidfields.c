/* hidfields.c - the rows of a HID device's file, and the report descriptor they make. */
#include "emulators/models/hidups.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- usages ---- */

struct usage {
	unsigned long usage;
	const char *name;
};

/* Usage Tables for HID Power Devices 1.0, 4 (page 84) and 5 (page 85).  Any other can be
 * written as eight hex digits. */
static const struct usage usages[] = {
	{ 0x00840000, "Undefined" },
	{ 0x00840001, "iName" },
	{ 0x00840002, "PresentStatus" },
	{ 0x00840003, "ChangedStatus" },
	{ 0x00840004, "UPS" },
	{ 0x00840005, "PowerSupply" },
	{ 0x00840010, "BatterySystem" },
	{ 0x00840011, "BatterySystemID" },
	{ 0x00840012, "Battery" },
	{ 0x00840013, "BatteryID" },
	{ 0x00840014, "Charger" },
	{ 0x00840015, "ChargerID" },
	{ 0x00840016, "PowerConverter" },
	{ 0x00840017, "PowerConverterID" },
	{ 0x00840018, "OutletSystem" },
	{ 0x00840019, "OutletSystemID" },
	{ 0x0084001a, "Input" },
	{ 0x0084001b, "InputID" },
	{ 0x0084001c, "Output" },
	{ 0x0084001d, "OutputID" },
	{ 0x0084001e, "Flow" },
	{ 0x0084001f, "FlowID" },
	{ 0x00840020, "Outlet" },
	{ 0x00840021, "OutletID" },
	{ 0x00840022, "Gang" },
	{ 0x00840023, "GangID" },
	{ 0x00840024, "PowerSummary" },
	{ 0x00840025, "PowerSummaryID" },
	{ 0x00840030, "Voltage" },
	{ 0x00840031, "Current" },
	{ 0x00840032, "Frequency" },
	{ 0x00840033, "ApparentPower" },
	{ 0x00840034, "ActivePower" },
	{ 0x00840035, "PercentLoad" },
	{ 0x00840036, "Temperature" },
	{ 0x00840037, "Humidity" },
	{ 0x00840038, "BadCount" },
	{ 0x00840040, "ConfigVoltage" },
	{ 0x00840041, "ConfigCurrent" },
	{ 0x00840042, "ConfigFrequency" },
	{ 0x00840043, "ConfigApparentPower" },
	{ 0x00840044, "ConfigActivePower" },
	{ 0x00840045, "ConfigPercentLoad" },
	{ 0x00840046, "ConfigTemperature" },
	{ 0x00840047, "ConfigHumidity" },
	{ 0x00840050, "SwitchOnControl" },
	{ 0x00840051, "SwitchOffControl" },
	{ 0x00840052, "ToggleControl" },
	{ 0x00840053, "LowVoltageTransfer" },
	{ 0x00840054, "HighVoltageTransfer" },
	{ 0x00840055, "DelayBeforeReboot" },
	{ 0x00840056, "DelayBeforeStartup" },
	{ 0x00840057, "DelayBeforeShutdown" },
	{ 0x00840058, "Test" },
	{ 0x00840059, "ModuleReset" },
	{ 0x0084005a, "AudibleAlarmControl" },
	{ 0x00840060, "Present" },
	{ 0x00840061, "Good" },
	{ 0x00840062, "InternalFailure" },
	{ 0x00840063, "VoltageOutOfRange" },
	{ 0x00840064, "FrequencyOutOfRange" },
	{ 0x00840065, "Overload" },
	{ 0x00840066, "OverCharged" },
	{ 0x00840067, "OverTemperature" },
	{ 0x00840068, "ShutdownRequested" },
	{ 0x00840069, "ShutdownImminent" },
	{ 0x0084006b, "SwitchOn/Off" },
	{ 0x0084006c, "Switchable" },
	{ 0x0084006d, "Used" },
	{ 0x0084006e, "Boost" },
	{ 0x0084006f, "Buck" },
	{ 0x00840070, "Initialized" },
	{ 0x00840071, "Tested" },
	{ 0x00840072, "AwaitingPower" },
	{ 0x00840073, "CommunicationLost" },
	{ 0x008400fd, "iManufacturer" },
	{ 0x008400fe, "iProduct" },
	{ 0x008400ff, "iSerialNumber" },
	{ 0x00850001, "SMBBatteryMode" },
	{ 0x00850002, "SMBBatteryStatus" },
	{ 0x00850003, "SMBAlarmWarning" },
	{ 0x00850004, "SMBChargerMode" },
	{ 0x00850005, "SMBChargerStatus" },
	{ 0x00850006, "SMBChargerSpecInfo" },
	{ 0x00850007, "SMBSelectorState" },
	{ 0x00850008, "SMBSelectorPresets" },
	{ 0x00850009, "SMBSelectorInfo" },
	{ 0x00850010, "OptionalMfgFunction1" },
	{ 0x00850011, "OptionalMfgFunction2" },
	{ 0x00850012, "OptionalMfgFunction3" },
	{ 0x00850013, "OptionalMfgFunction4" },
	{ 0x00850014, "OptionalMfgFunction5" },
	{ 0x00850015, "ConnectionToSMBus" },
	{ 0x00850016, "OutputConnection" },
	{ 0x00850017, "ChargerConnection" },
	{ 0x00850018, "BatteryInsertion" },
	{ 0x00850019, "Usenext" },
	{ 0x0085001a, "OKToUse" },
	{ 0x0085001b, "BatterySupported" },
	{ 0x0085001c, "SelectorRevision" },
	{ 0x0085001d, "ChargingIndicator" },
	{ 0x00850028, "ManufacturerAccess" },
	{ 0x00850029, "RemainingCapacityLimit" },
	{ 0x0085002a, "RemainingTimeLimit" },
	{ 0x0085002b, "AtRate" },
	{ 0x0085002c, "CapacityMode" },
	{ 0x0085002d, "BroadcastToCharger" },
	{ 0x0085002e, "PrimaryBattery" },
	{ 0x0085002f, "ChargeController" },
	{ 0x00850040, "TerminateCharge" },
	{ 0x00850041, "TerminateDischarge" },
	{ 0x00850042, "BelowRemainingCapacityLimit" },
	{ 0x00850043, "RemainingTimeLimitExpired" },
	{ 0x00850044, "Charging" },
	{ 0x00850045, "Discharging" },
	{ 0x00850046, "FullyCharged" },
	{ 0x00850047, "FullyDischarged" },
	{ 0x00850048, "ConditioningFlag" },
	{ 0x00850049, "AtRateOK" },
	{ 0x0085004a, "SMBErrorCode" },
	{ 0x0085004b, "NeedReplacement" },
	{ 0x00850060, "AtRateTimeToFull" },
	{ 0x00850061, "AtRateTimeToEmpty" },
	{ 0x00850062, "AverageCurrent" },
	{ 0x00850063, "Maxerror" },
	{ 0x00850064, "RelativeStateOfCharge" },
	{ 0x00850065, "AbsoluteStateOfCharge" },
	{ 0x00850066, "RemainingCapacity" },
	{ 0x00850067, "FullChargeCapacity" },
	{ 0x00850068, "RunTimeToEmpty" },
	{ 0x00850069, "AverageTimeToEmpty" },
	{ 0x0085006a, "AverageTimeToFull" },
	{ 0x0085006b, "CycleCount" },
	{ 0x00850080, "BattPackModelLevel" },
	{ 0x00850081, "InternalChargeController" },
	{ 0x00850082, "PrimaryBatterySupport" },
	{ 0x00850083, "DesignCapacity" },
	{ 0x00850084, "SpecificationInfo" },
	{ 0x00850085, "ManufacturerDate" },
	{ 0x00850086, "SerialNumber" },
	{ 0x00850087, "iManufacturerName" },
	{ 0x00850088, "iDevicename" },
	{ 0x00850089, "iDeviceChemistry" },
	{ 0x0085008a, "ManufacturerData" },
	{ 0x0085008b, "Rechargeable" },
	{ 0x0085008c, "WarningCapacityLimit" },
	{ 0x0085008d, "CapacityGranularity1" },
	{ 0x0085008e, "CapacityGranularity2" },
	{ 0x0085008f, "iOEMInformation" },
	{ 0x008500c0, "InhibitCharge" },
	{ 0x008500c1, "EnablePolling" },
	{ 0x008500c2, "ResetToZero" },
	{ 0x008500d0, "ACPresent" },
	{ 0x008500d1, "BatteryPresent" },
	{ 0x008500d2, "PowerFail" },
	{ 0x008500d3, "AlarmInhibited" },
	{ 0x008500d4, "ThermistorUnderRange" },
	{ 0x008500d5, "ThermistorHot" },
	{ 0x008500d6, "ThermistorCold" },
	{ 0x008500d7, "ThermistorOverRange" },
	{ 0x008500d9, "CurrentOutOfRange" },
	{ 0x008500da, "CurrentNotRegulated" },
	{ 0x008500db, "VoltageNotRegulated" },
	{ 0x008500dc, "MasterMode" },
	{ 0x008500f0, "ChargerSelectorSupport" },
	{ 0x008500f1, "ChargerSpec" },
	{ 0x008500f2, "Level2" },
	{ 0x008500f3, "Level3" },
};

static bool
read_usage(uint64_t *out, const char *text, size_t len)
{
	char word[32], *end;

	if (len == 0 || len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	if (word[0] == '[') {
		*out = EMU_HID_INSTANCE | strtoul(word + 1, &end, 10);
		return end > word + 1 && !strcmp(end, "]") && (*out & 0xffff) < 0x80;
	}
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++)
		if (!strcasecmp(usages[i].name, word)) {
			*out = usages[i].usage;
			return true;
		}
	*out = strtoul(word, &end, 16);
	return len == 8 && !*end;
}

static bool
read_path(struct emu_hid_field *field, const char *text)
{
	for (;;) {
		size_t len = strcspn(text, ".");

		if (field->nodes == EMU_HID_NODES ||
		    !read_usage(&field->node[field->nodes++], text, len))
			return false;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

/* ---- rows ---- */

static bool
read_number(const char *text, int base, long long least, long long most, long long *out)
{
	char *end;

	*out = strtoll(text, &end, base);
	return end != text && !*end && *out >= least && *out <= most;
}

static bool
read_range(const char *text, long long *least, long long *most)
{
	char *end;

	*least = strtoll(text, &end, 10);
	if (end == text || strncmp(end, "..", 2) != 0)
		return false;
	return read_number(end + 2, 10, INT_MIN, UINT_MAX, most) && *least >= INT_MIN &&
	       *least <= INT_MAX;
}

/* "0b:12+4": in report 0b, from bit 12 on, four bits. */
static bool
read_place(struct emu_hid_field *field, const char *text)
{
	unsigned id;
	int end = -1;

	if (sscanf(text, "%2x:%4u+%2u%n", &id, &field->bit, &field->bits, &end) != 3 ||
	    end != (int)strlen(text))
		return false;
	field->id = (unsigned char)id;
	return field->bits >= 1 && field->bits <= 32 &&
	       field->bit < 8 * (EMU_USB_REPORT_MAX - 1) - 32;
}

/* "142832": one byte for each element. */
static const char *
read_bytes(struct emu_hid_field *field, const char *text)
{
	unsigned byte;

	for (; *text; text += 2) {
		if (strspn(text, "0123456789abcdef") < 2 ||
		    field->bytes_len == sizeof(field->bytes) || sscanf(text, "%2x", &byte) != 1)
			return "bytes wants two hex digits for each element";
		field->bytes[field->bytes_len++] = (unsigned char)byte;
	}
	return NULL;
}

static const char *
read_option(struct emu_hid_field *field, const char *name, const char *value)
{
	long long number;
	char *end;

	if (!strcmp(name, "follows"))
		return (field->follows = emu_hid_follow_find(value))
			   ? NULL
			   : "nothing of that name to follow";
	if (!strcmp(name, "physical"))
		return read_range(value, &field->physical_least, &field->physical_most)
			   ? NULL
			   : "physical wants LEAST..MOST";
	if (!strcmp(name, "step")) {
		field->step = strtod(value, &end);
		return field->step > 0 && !*end ? NULL : "step wants a number above 0";
	}
	if (!strcmp(name, "unit") && read_number(value, 16, 0, UINT_MAX, &number)) {
		field->unit = (unsigned)number;
		return NULL;
	}
	if (!strcmp(name, "e") && read_number(value, 10, -8, 7, &number)) {
		field->exponent = (int)number;
		return NULL;
	}
	if (!strcmp(name, "times") && read_number(value, 10, 1, 255, &number)) {
		field->times = (unsigned)number;
		return NULL;
	}
	if (!strcmp(name, "is") && read_number(value, 10, INT_MIN, UINT_MAX, &field->value)) {
		field->has_value = true;
		return NULL;
	}
	if (!strcmp(name, "bytes"))
		return read_bytes(field, value);
	return "behind the path: is, bytes, follows, unit, e, physical, step, times, each with its "
	       "value";
}

/* A report's fields come in their order, for that is how a descriptor tells their places. */
static const char *
add_field(struct emu_hid *hid, const struct emu_hid_field *field)
{
	unsigned *end = &hid->report_bits[field->type][field->id];
	size_t *first = &hid->first[field->type][field->id];
	size_t *last = &hid->last[field->type][field->id];
	bool numbered = field->id != 0;

	if (hid->len == EMU_HID_FIELDS)
		return "too many fields";
	if (hid->len && numbered != hid->numbered)
		return "all reports have an id, or none";
	if (field->bit < *end)
		return "that place is taken by the fields above";
	hid->numbered = numbered;
	*end = field->bit + field->times * field->bits;
	if (*end > 8 * (EMU_USB_REPORT_MAX - 1))
		return "the report would be too long";
	hid->fields[hid->len++] = *field;
	*(*last ? &hid->fields[*last - 1].next : first) = hid->len;
	*last = hid->len;
	return NULL;
}

/* TYPE PLACE RANGE FLAGS PATH [OPTION VALUE]... */
static const char *
read_field(struct emu_hid *hid, enum emu_usb_report type, const struct words *words)
{
	struct emu_hid_field field = { .type = type, .times = 1 };
	long long flags;

	if (words->len < 5 || words->len % 2 == 0)
		return "wants ID:BIT+SIZE LEAST..MOST FLAGS PATH and options with values";
	if (!read_place(&field, words->word[1]))
		return "wants a place such as 0b:12+4: report, first bit, bits";
	if (!read_range(words->word[2], &field.least, &field.most))
		return "wants a range such as 0..255";
	if (!read_number(words->word[3], 16, 0, 0x1ff, &flags))
		return "wants flags in hex, up to 1ff";
	field.flags = (unsigned)flags;
	if (!read_path(&field, words->word[4]))
		return "wants a path of usages such as UPS.PowerSummary.Voltage";
	for (size_t i = 5; i < words->len; i += 2) {
		const char *why = read_option(&field, words->word[i], words->word[i + 1]);

		if (why)
			return why;
	}
	return add_field(hid, &field);
}

static const char *
read_stalls(struct emu_hid *hid, const struct words *words)
{
	enum emu_usb_report type = EMU_USB_FEATURE;
	long long id;

	for (size_t i = 1; i < words->len; i++) {
		if (!strcmp(words->word[i], "input")) {
			type = EMU_USB_INPUT;
			continue;
		}
		if (!read_number(words->word[i], 16, 0, 255, &id) ||
		    hid->stalls_len == EMU_HID_STALLS)
			return "wants report ids in hex, for input ones behind the word input";
		hid->stalls[hid->stalls_len].type = type;
		hid->stalls[hid->stalls_len++].id = (unsigned char)id;
	}
	return NULL;
}

const char *
emu_hid_directive(struct emu_device_file *device, const struct words *words)
{
	const char *name = words->word[0];

	if (!device->model_data && !(device->model_data = calloc(1, sizeof(struct emu_hid))))
		return "out of memory";
	struct emu_hid *hid = device->model_data;

	if (!strcmp(name, "feature"))
		return read_field(hid, EMU_USB_FEATURE, words);
	if (!strcmp(name, "input"))
		return read_field(hid, EMU_USB_INPUT, words);
	if (!strcmp(name, "output"))
		return read_field(hid, EMU_USB_OUTPUT, words);
	if (!strcmp(name, "stalls"))
		return read_stalls(hid, words);
	return emu_usb_directive(&hid->usb, words);
}

/* ---- the report descriptor ---- */

/* Items: HID 1.11, 6.2.2. */
enum {
	INPUT = 0x80,
	OUTPUT = 0x90,
	FEATURE = 0xb0,
	COLLECTION = 0xa0,
	END = 0xc0,
	PAGE = 0x04,
	LEAST = 0x14,
	MOST = 0x24,
	PHYSICAL_LEAST = 0x34,
	PHYSICAL_MOST = 0x44,
	EXPONENT = 0x54,
	UNIT = 0x64,
	SIZE = 0x74,
	ID = 0x84,
	COUNT = 0x94,
	USAGE = 0x08
};

struct writer {
	struct emu_usb *usb;
	long long global[16]; /* by the upper nibble of its tag: what was said last */
	bool said[16];
	const struct emu_hid_field *open; /* in whose collections we are */
	size_t depth;			  /* nodes of its path that are open */
	unsigned at[4][256];		  /* by type and id: bits written */
	bool full;
};

static void
byte(struct writer *w, unsigned value)
{
	struct emu_usb *usb = w->usb;

	if (usb->report_descriptor_len == EMU_USB_DESCRIPTOR_MAX)
		w->full = true;
	else
		usb->report_descriptor[usb->report_descriptor_len++] = (unsigned char)value;
}

/* Data of 0, 1, 2 or 4 bytes; the last is told by 3. */
static void
item(struct writer *w, unsigned tag, long long value, unsigned bytes)
{
	byte(w, tag | (bytes == 4 ? 3 : bytes));
	for (unsigned i = 0; i < bytes; i++)
		byte(w, (unsigned)(value >> 8 * i) & 0xff);
}

static unsigned
bytes_unsigned(long long value)
{
	return value > 0xffff ? 4 : value > 0xff ? 2 : 1;
}

/* With room for the sign. */
static unsigned
bytes_signed(long long value)
{
	return value > 0x7fff || value < -0x8000 ? 4 : value > 0x7f || value < -0x80 ? 2 : 1;
}

/* A global item, unless it holds already. */
static void
global(struct writer *w, unsigned tag, long long value, bool sign)
{
	unsigned which = tag >> 4;

	if (w->said[which] && w->global[which] == value)
		return;
	w->said[which] = true;
	w->global[which] = value;
	item(w, tag, value, sign ? bytes_signed(value) : bytes_unsigned(value));
}

static void
usage(struct writer *w, uint64_t value)
{
	global(w, PAGE, (long long)(value >> 16), false);
	item(w, USAGE, (long long)(value & 0xffff), bytes_unsigned((long long)(value & 0xffff)));
}

static size_t
shared_nodes(const struct writer *w, const struct emu_hid_field *field)
{
	size_t n = 0;

	while (n < w->depth && n + 1 < field->nodes && w->open->node[n] == field->node[n])
		n++;
	/* Never between a collection and its instance. */
	while (n > 0 && n < field->nodes && (field->node[n] & EMU_HID_INSTANCE))
		n--;
	while (n > 0 && n < w->depth && (w->open->node[n] & EMU_HID_INSTANCE))
		n--;
	return n;
}

static void
close_collections(struct writer *w, size_t depth)
{
	for (; w->depth > depth; w->depth--)
		if (!(w->open->node[w->depth - 1] & EMU_HID_INSTANCE))
			item(w, END, 0, 0);
}

static void
open_collections(struct writer *w, const struct emu_hid_field *field)
{
	size_t n = shared_nodes(w, field);

	close_collections(w, n);
	w->open = field;
	for (; n + 1 < field->nodes; n++) {
		bool instance = n + 2 < field->nodes && (field->node[n + 1] & EMU_HID_INSTANCE);

		usage(w, field->node[n]);
		if (instance)
			item(w, COLLECTION, 0x80 | (long long)(field->node[++n] & 0x7f), 1);
		else
			item(w, COLLECTION, n == 0 ? 1 : 0, 1); /* application, physical */
	}
	w->depth = field->nodes - 1;
}

static void
write_main(struct writer *w, const struct emu_hid_field *field, unsigned flags)
{
	static const unsigned tags[] = { 0, INPUT, OUTPUT, FEATURE };

	item(w, tags[field->type], flags, bytes_unsigned(flags));
}

static void
write_field(struct writer *w, const struct emu_hid_field *field)
{
	unsigned *at = &w->at[field->type][field->id];

	open_collections(w, field);
	if (field->id)
		global(w, ID, field->id, false);
	if (field->bit > *at) { /* padding */
		global(w, SIZE, 1, false);
		global(w, COUNT, field->bit - *at, false);
		write_main(w, field, 3);
	}
	global(w, SIZE, field->bits, false);
	global(w, COUNT, field->times, false);
	global(w, LEAST, field->least, true);
	global(w, MOST, field->most, true);
	global(w, PHYSICAL_LEAST, field->physical_least, true);
	global(w, PHYSICAL_MOST, field->physical_most, true);
	global(w, UNIT, field->unit, false);
	global(w, EXPONENT, field->exponent & 15, false);
	usage(w, field->node[field->nodes - 1]);
	write_main(w, field, field->flags);
	*at = field->bit + field->times * field->bits;
}

bool
emu_hid_describe(struct emu_hid *hid)
{
	struct writer writer = { .usb = &hid->usb };

	hid->usb.report_descriptor_len = 0;
	for (size_t i = 0; i < hid->len; i++)
		write_field(&writer, &hid->fields[i]);
	close_collections(&writer, 0);
	return !writer.full;
}
