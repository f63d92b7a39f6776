/* devfile - what dummy-ups plays: .dev and .seq files. */
#include "fuzz/lib/fuzz.h"

#include "drivers/dummy/devfile.h"
#include "ups/state.h"

static void
check_line(const struct devfile_line *line, struct state *state)
{
	must(line->kind <= DEVFILE_CMD, "kind %d", line->kind);
	must(line->kind != DEVFILE_TIMER || line->number >= 0, "%ld s", line->number);
	must(line->kind == DEVFILE_TIMER || line->name, "no name");
	if (line->kind == DEVFILE_SET) {
		must(line->value, "%s without a value", line->name);
		/* A tab may stand in a file; the core makes a ? of it. */
		must(strchr(line->value, '\t') ||
			 state_set(state, line->name, line->value) <= STATE_SAME,
		    "%s: %s", line->name, line->value);
	}
	if (line->kind == DEVFILE_RANGE)
		must(line->number <= line->max, "%ld above %ld", line->number, line->max);
}

/* One allocation fails: that is told, or nothing is different. */
static void
read_scarcely(const char *bytes, size_t size, const struct devfile *expect, size_t count)
{
	struct faults faults = { 0 };
	struct devfile *file;

	fuzz_scarce_by(bytes, size, count);
	file = devfile_parse("x.dev", bytes, size, &faults);
	(void)fuzz_plenty();
	must(!file == (faults.faults > 0), "%s", file ? faults_first(&faults) : "nothing is wrong");
	must(!file || (expect && file->len == expect->len), "lines are lost");
	devfile_free(file);
	faults_free(&faults);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = fuzz_copy(data, size);
	struct state *state = state_new();
	struct faults faults = { 0 };
	struct devfile *file;
	size_t count;

	fuzz_scarce(0, false);
	file = devfile_parse("x.dev", bytes, size, &faults);
	count = fuzz_plenty();
	must(!file == (faults.faults > 0), "%s", file ? faults_first(&faults) : "nothing is wrong");
	for (size_t i = 0; file && i < file->len; i++)
		check_line(&file->lines[i], state);
	read_scarcely(bytes, size, file, count);
	devfile_free(file);
	faults_free(&faults);
	state_free(state);
	free(bytes);
	return 0;
}
