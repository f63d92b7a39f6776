/* megatec.h - what the models of the Megatec family share: reading delays and test times. */
#ifndef EMU_MODELS_MEGATEC_H
#define EMU_MODELS_MEGATEC_H

#include "emulators/emu.h"

/* Commands, docs/devices/megatec.md.  REST is what follows the letter. */
enum emu_verdict emu_megatec_shutdown(struct emu *emu, const char *rest, int most_minutes);
enum emu_verdict emu_megatec_cancel(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_test(struct emu *emu, const char *rest, int tenths_too);
enum emu_verdict emu_megatec_test_deep(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_test_stop(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_beeper(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_vendor(struct emu *emu, const char *rest, int number);

/* ".2" to ".9" of a minute, or two digits of minutes, as seconds; -1 if TEXT does not begin so.
 * *END is behind it. */
double emu_megatec_minutes(const char *text, const char **end);

/* The load as the device tells it, in percent. */
double emu_megatec_load(struct emu *emu);

#endif
