#include "ups/paths.h"

#include <stdio.h>
#include <stdlib.h>

static const char *
from_environment(const char *name, const char *compiled_in)
{
	const char *value = getenv(name);

	return value && *value ? value : compiled_in;
}

void
paths_get(struct paths *out)
{
	*out = (struct paths){
		.conf = from_environment("NUT_CONFPATH", CONFPATH),
		.state = from_environment("NUT_STATEPATH", STATEPATH),
		.pid = from_environment("NUT_PIDPATH", PIDPATH),
		.altpid = from_environment(
		    "NUT_ALTPIDPATH", from_environment("NUT_STATEPATH", ALTPIDPATH)),
		.driver = DRVPATH,
		.data = DATAPATH,
		.port = PORT,
		.user = RUN_AS_USER,
		.group = RUN_AS_GROUP,
	};
}

unsigned short
paths_port(void)
{
	return PORT;
}

void
paths_print_version(const char *program)
{
	printf("Network UPS Tools %s " NUT_VERSION " (refnut " REFNUT_VERSION ")\n", program);
}
