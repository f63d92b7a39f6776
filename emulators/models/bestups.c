/* bestups.c - what Best Power's UPSes know beside Megatec's questions, device side.
 * docs/devices/megatec.md, section 13. */
#include "emulators/models/megatec.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

void
emu_bestups_start(struct emu *emu)
{
	struct emu_bestups *state = emu_state(emu);

	state->packs = 1;
}

/* AAA,BBBB,CCC,DDD,EE.E,FF.F */
enum emu_verdict
emu_bestups_id(struct emu *emu, const char *rest, int number)
{
	const struct emu_device_file *device = emu_device(emu);
	const struct emu_rating *r = &device->rating;

	emu_say(emu, "%-3.3s,%03.0f,%03.0f,%03.0f,%04.1f,%04.1f", device->product, r->va, r->volts,
	    r->volts, r->cutoff_volts, r->float_volts);
	return EMU_SAID;
}

enum emu_verdict
emu_bestups_runtime(struct emu *emu, const char *rest, int number)
{
	double minutes = emu_battery_runtime(emu_battery(emu)) / 60;

	emu_say(emu, "%03d", minutes > 999 ? 999 : (int)minutes);
	return EMU_SAID;
}

/* Which of its ten sets of transfer points is chosen: the file's "protocol". */
enum emu_verdict
emu_bestups_transfer(struct emu *emu, const char *rest, int number)
{
	const char *set = emu_device(emu)->protocol;

	emu_say(emu, "%s", *set ? set : "0");
	return EMU_SAID;
}

/* A question mark asks for VALUE, a digit sets it. */
static enum emu_verdict
ask_or_set(struct emu *emu, const char *rest, int *value, int digits, int most)
{
	if (strcmp(rest, "?") == 0) {
		emu_say(emu, "%0*d", digits, *value);
		return EMU_SAID;
	}
	if (!isdigit((unsigned char)rest[0]) || rest[1] || rest[0] - '0' > most)
		return EMU_REFUSED;
	*value = rest[0] - '0';
	return EMU_DONE;
}

/* How many packs hang on it. */
enum emu_verdict
emu_bestups_packs(struct emu *emu, const char *rest, int most)
{
	struct emu_bestups *state = emu_state(emu);

	return ask_or_set(emu, rest, &state->packs, 2, most);
}

/* What two pins of its plug do. */
enum emu_verdict
emu_bestups_pins(struct emu *emu, const char *rest, int most)
{
	struct emu_bestups *state = emu_state(emu);

	return ask_or_set(emu, rest, &state->pins, 1, most);
}

/* S<n> stays off. */
enum emu_verdict
emu_bestups_shutdown(struct emu *emu, const char *rest, int most_minutes)
{
	char text[EMU_TEXT];

	if (strchr(rest, 'R') || strlen(rest) > 2)
		return emu_megatec_shutdown(emu, rest, most_minutes);
	snprintf(text, sizeof(text), "%sR0000", rest);
	return emu_megatec_shutdown(emu, text, most_minutes);
}
