/* The sequence of one upsmon, where its servers say nothing: docs/shutdown.md. */
#include "fastworld.h"

#include "base/log.h"
#include "upsmon/upsmon.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

static int shutdowns, finished;
static bool as_primary;

static void
shut_down(void *owner, bool primary)
{
	shutdowns++;
	as_primary = primary;
}

static void
finish(void *owner)
{
	finished++;
}

static const struct upsmon_calls calls = { .shut_down = shut_down, .finished = finish };

static struct upsmon *
monitoring(struct loop *loop, char *text)
{
	const struct upsmon_settings settings = { .calls = &calls };
	struct faults faults = { 0 };
	struct conffile *file = conffile_from("upsmon.conf", text, strlen(text));
	struct monconf *conf = monconf_from(file, &faults);

	cr_assert(conf);
	conffile_close(file);
	faults_free(&faults);
	return upsmon_new(loop, conf, &settings);
}

#ifdef __SANITIZE_ADDRESS__
#define SANITIZED true /* an allocator of its own, which does not fail */
#else
#define SANITIZED false
#endif

/* A heap without a free byte. */
static void
take_all_memory(struct rlimit *before)
{
	struct rlimit none;
	void *volatile taken; /* or clang knows that it is never looked at */

	getrlimit(RLIMIT_AS, before);
	if (SANITIZED)
		return;
	none = *before;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_AS, &none);
	for (size_t size = 1 << 24; size >= 8; size /= 2)
		do
			taken = malloc(size);
		while (taken);
}

/* All that a shutdown needs was made at the start. */
Test(shutdown, needs_no_memory)
{
	static char conf[] = "MONITOR u@127.0.0.1:1 1 mon secret primary\nMINSUPPLIES 1\n"
			     "SHUTDOWNCMD /bin/true\nPOWERDOWNFLAG /run/none/flag\nFINALDELAY 5\n";
	struct loop *loop = fast_loop();
	struct upsmon *upsmon = monitoring(loop, conf);
	int64_t began_ms = fast_now_ms;
	struct rlimit before;

	take_all_memory(&before);
	upsmon_force(upsmon);
	while (!shutdowns && fast_now_ms < began_ms + 60000)
		loop_step(loop, 1000);
	upsmon_force(upsmon);
	fast_pass(loop, 5000);
	setrlimit(RLIMIT_AS, &before);

	cr_expect_eq(shutdowns, 1);
	cr_expect(as_primary);
	cr_expect_eq(finished, 1);
	cr_expect_geq(fast_now_ms - began_ms, 10000, "FINALDELAY has passed");
	upsmon_free(upsmon);
	fast_end(loop);
}
