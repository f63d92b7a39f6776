/* megatec.h - what the models of the Megatec family share: commands, and how they tell their load.
 */
#ifndef EMU_MODELS_MEGATEC_H
#define EMU_MODELS_MEGATEC_H

#include "emulators/emu.h"

/* Commands, docs/devices/megatec.md.  REST is what follows the letter. */
enum emu_verdict emu_megatec_shutdown(struct emu *emu, const char *rest, int most_minutes);
enum emu_verdict emu_megatec_cancel(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_test(struct emu *emu, const char *rest, int tenths_too);
enum emu_verdict emu_megatec_test_deep(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_test_stop(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_megatec_vendor(struct emu *emu, const char *rest, int number);

/* qshex.c: those of voltronic-qs-hex. */
enum emu_verdict emu_qshex_status(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_qshex_kind(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_qshex_test(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_qshex_test_stop(struct emu *emu, const char *rest, int number);

/* bestups.c. */
struct emu_bestups { /* what it remembers */
	int packs, pins;
};
void emu_bestups_start(struct emu *emu);
enum emu_verdict emu_bestups_id(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_bestups_runtime(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_bestups_transfer(struct emu *emu, const char *rest, int number);
enum emu_verdict emu_bestups_packs(struct emu *emu, const char *rest, int most);
enum emu_verdict emu_bestups_pins(struct emu *emu, const char *rest, int most);
enum emu_verdict emu_bestups_shutdown(struct emu *emu, const char *rest, int most_minutes);

/* The eight status bits as letters. */
void emu_megatec_bits(char out[9], const struct emu_battery *b);
/* The load as the device tells it, in percent. */
double emu_megatec_load(struct emu *emu);

#endif
