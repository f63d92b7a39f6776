#include "emulators/record.h"

#include "base/log.h"
#include "emulators/recording.h"
#include "emulators/usbdev.h"

#include <stdio.h>
#include <string.h>

const unsigned char *
emu_recorded(const struct emu_recording *record, const struct emu_capture_event *event)
{
	return emu_capture_bytes(record->capture, event);
}

void
emu_add_hex(struct buf *out, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_format(out, "%02x", bytes[i]);
}

void
emu_add_quoted(struct buf *out, const char *text)
{
	buf_add_text(out, "\"");
	for (; *text; text++)
		buf_add_format(out, strchr("\"\\#", *text) ? "\\%c" : "%c", *text);
	buf_add_text(out, "\"");
}

static void
warn(const struct emu_recording *record)
{
	if (record->full)
		faults_warn(record->faults, record->name, 0,
		    "has more answers than a device file may have: the last ones are left out");
	if (record->cut)
		faults_warn(record->faults, record->name, 0,
		    "%zu questions or answers are not whole in it, or too long: left out",
		    record->cut);
	if (record->unasked)
		faults_warn(record->faults, record->name, 0,
		    "%zu times something is said before anything was asked: left out",
		    record->unasked);
	if (record->capture->left_out)
		faults_note(record->faults, record->name, 0,
		    "%zu transfers that failed, or are of no HID, are left out",
		    record->capture->left_out);
}

bool
emu_record(const struct emu_capture *capture, const struct emu_record_options *options,
    const char *name, struct buf *out, struct faults *faults)
{
	struct emu_recording record = {
		.capture = capture, .options = options, .name = name, .out = out, .faults = faults
	};
	const char *slash = strrchr(name, '/');
	bool serial = capture->events[0].kind == EMU_CAPTURED_ASKED ||
		      capture->events[0].kind == EMU_CAPTURED_SAID;
	bool ok;

	buf_add_text(out, "model replay\ntitle recorded\nsource ");
	emu_add_quoted(out, slash ? slash + 1 : name);
	buf_add_text(out, "\n");
	ok = serial ? emu_record_line(&record) : emu_record_usb(&record);
	if (ok && out->failed)
		faults_add(faults, name, 0, "the device file would be too long");
	else if (ok && !record.rows)
		faults_add(faults, name, 0, "nothing was asked in it");
	else if (ok)
		warn(&record);
	return ok && !out->failed && record.rows;
}

/* The file whole, or the end. */
static void
read_file(struct buf *out, const char *path, size_t most)
{
	FILE *file = fopen(path, "rb");
	char bytes[16384];
	size_t got;

	if (!file)
		fatal("%s", path);
	out->max = most;
	while ((got = fread(bytes, 1, sizeof(bytes), file)) > 0 && buf_add(out, bytes, got))
		;
	if (ferror(file))
		fatal("%s", path);
	if (out->failed)
		fatalx("%s: longer than %zu bytes", path, most);
	fclose(file);
}

int
emu_record_main(const char *path, const char *address, const char *id, const char *descriptor)
{
	struct emu_record_options options = { .address = address, .id = id };
	struct buf bytes = { 0 }, report = { 0 }, out = { .max = CONFFILE_MAX };
	struct faults faults = { 0 };
	struct emu_capture capture;
	bool ok;

	read_file(&bytes, path, EMU_CAPTURE_MAX);
	if (descriptor) {
		read_file(&report, descriptor, EMU_USB_DESCRIPTOR_MAX);
		options.descriptor = buf_bytes(&report);
		options.descriptor_len = buf_len(&report);
	}
	ok = emu_capture_read(&capture, path, buf_bytes(&bytes), buf_len(&bytes), &faults) &&
	     emu_record(&capture, &options, path, &out, &faults);
	if (ok)
		fwrite(buf_bytes(&out), 1, buf_len(&out), stdout);
	faults_log(&faults);
	faults_free(&faults);
	emu_capture_free(&capture);
	buf_free(&bytes);
	buf_free(&report);
	buf_free(&out);
	return ok ? 0 : 1;
}
