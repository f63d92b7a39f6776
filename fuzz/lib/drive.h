/* drive.h - a whole driver over a carrier of the harness's own, in the simulated world, and one
 * peer on its socket. */
#ifndef DRIVE_H
#define DRIVE_H

#include "fuzz/lib/wire.h"

#include "drivers/core/core.h"
#include "emulators/emu.h"

#define DRIVE_SETTINGS 12

struct drive {
	struct sim *sim;
	struct core *core;
	struct emu *emu; /* NULL: there is no emulated device */
	struct wire peer;
	const struct driver *driver;   /* borrowed */
	char *setting[DRIVE_SETTINGS]; /* owned: as for -x */
	size_t settings;
	struct drvconf *newer; /* what a reload reads; NULL: it is faulty */
};

/* {0} at first.  The world is made by the first of these two; a device may need it before. */
struct loop *drive_loop(struct drive *drive);
/* The device of emulators/devices/NAME.dev, which FILE holds once it has been read, at TRANSPORT.
 */
void drive_device(struct drive *drive, struct emu_device_file *file, const char *name,
    const struct emu_transport *transport);
/* The lines of the input that begin with c are more settings; DATA goes behind them.  After
 * DRIVE_SETTINGS the rest says nothing. */
void drive_settings(struct drive *drive, const uint8_t **data, const uint8_t *end);
/* SETTINGS as for -x, NULL-ended, and behind them those of the input.  false: they are refused, and
 * there is no driver. */
bool drive_begin(struct drive *drive, const struct driver *driver, const char *const *settings);
/* Time passes, and what the peer hears is looked at: each line is a message of a driver. */
void drive_run(struct drive *drive, int64_t ms);
/* The peer says LINE, without newline. */
void drive_say(struct drive *drive, const char *line, size_t len);
/* What may happen in each of them: O, an order to the device; 1, the peer says REST; T, as many
 * seconds pass as REST has bytes; R, a reload with REST as one more setting, which changes nothing
 * if it is refused. */
void drive_happen(struct drive *drive, char what, const char *rest, size_t len);
/* The device has been silent from here on: that is told. */
void drive_check_silence(struct drive *drive);
/* Does a setting say what a variable is, whatever the device says? */
bool drive_is_overridden(const struct drive *drive);
/* Who asks for all of it is told all of it.  NUMBERS: what is published was read from a device and,
 * unless it is overridden, must make sense; quantities are numbers, and a status is made of status
 * words. */
void drive_check(struct drive *drive, bool numbers);
void drive_end(struct drive *drive);

#endif
