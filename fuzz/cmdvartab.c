/* cmdvartab - the file of descriptions. */
#include "fuzz/lib/fuzz.h"

#include "upsd/descriptions.h"

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	static const char *const names[] = { "ups.status", "battery.charge", "load.off", "x" };
	struct descriptions *descriptions = descriptions_new();

	if (!descriptions) {
		said->failed = true;
		return;
	}
	descriptions_parse(descriptions, file, faults);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *var = descriptions_var(descriptions, names[i]);
		const char *cmd = descriptions_cmd(descriptions, names[i]);

		buf_add_format(said, "%s %s\n", var ? var : "-", cmd ? cmd : "-");
		must(!var || (var[0] == '"' && var[strlen(var) - 1] == '"'), "%s", var);
	}
	descriptions_free(descriptions);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("cmdvartab", data, size, take);
	return 0;
}
