#include "conformance/suite.h"
static const struct test_case cases[] = {
	{ "net/framing/1", MUST, "N-1.1", "CRLF", .talk = "> VER%0d\n<~ Network UPS Tools upsd 2\\.[^ ]+ .*- .*\n> GET VAR bench ups.status\n< VAR bench ups.status \"OL\"\n" },
	{ "net/framing/2", MUST, "N-1.1", "a set reaches the driver", .talk = "> USERNAME admin\n< OK\n> PASSWORD topsecret\n< OK\n> SET VAR bench ups.id new\n< OK\nb<~ SET ups.id \"(.*)\"\n", .flags = DIRTY },
	{ "net/framing/4", MUST, "N-1.1", "drv", .talk = "> PING\n< PONG\n> DUMPALL\n<... DUMPDONE\n", .kind = DRIVER },
};
SECTION(net_framing);
