/* instance.h - another process that runs this driver for this UPS: asking it, and ending it.
 * Start-up and -c alone: these run LOOP until they know, or the time is over. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "base/loop.h"

#include <stdbool.h>
#include <sys/types.h>

struct instance {
	struct loop *loop;
	const char *socket, *pidfile; /* paths */
	const char *program;	      /* its name: "dummy-ups" */
};

enum instance_answer {
	INSTANCE_NONE,	 /* nobody listens on the socket */
	INSTANCE_MUTE,	 /* connected, but no answer came in time */
	INSTANCE_FAILED, /* it knows better */
	INSTANCE_DONE
};

/* Send ORDER ("INSTCMD driver.reload") and wait for its TRACKING. */
enum instance_answer instance_ask(
    const struct instance *instance, const char *order, int64_t timeout_ms);
/* The instance, if there is one, is told to exit and is gone.  false when it stays. */
bool instance_end(const struct instance *instance);
/* The pid by its pid file, 0 if there is no such process. */
pid_t instance_pid(const struct instance *instance);

#endif
