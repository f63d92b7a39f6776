#include "conformance/suite.h"
static const struct test_case cases[] = {
	{ "net/ver/1", MUST, "N-3.1", "VER answers with one line that names the program and its version",
	    .talk = "> VER\n<~ Network UPS Tools upsd 2\\.[^ ]+ .*- .*\n" },
};
SECTION(net_session);
