/* upssched_conf - upssched.conf. */
#include "fuzz/lib/fuzz.h"

#include "upssched/schedconf.h"

static void
take(struct conffile *file, struct faults *faults, struct buf *said)
{
	struct schedconf *conf = schedconf_from(file, faults);

	if (!conf)
		return;
	buf_add_format(said, "%s %s %s %ld\n", conf->cmdscript ? conf->cmdscript : "-",
	    conf->pipefn ? conf->pipefn : "-", conf->lockfn ? conf->lockfn : "-", conf->debug_min);
	for (size_t i = 0; i < conf->len; i++) {
		const struct sched_at *at = &conf->at[i];

		must(at->seconds >= 0 && at->seconds <= SCHED_SECONDS_MAX, "%ld s", at->seconds);
		must(sched_matches(at, at->type, strcmp(at->ups, "*") ? at->ups : "u"), "%s %s",
		    at->type, at->ups);
		buf_add_format(said, "%u: %s %s %d %s %s %ld\n", at->line, at->type, at->ups,
		    at->action, at->name, at->otherwise ? at->otherwise : "-", at->seconds);
	}
	schedconf_free(conf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_conf("upssched.conf", data, size, take);
	return 0;
}
