#include "suite.h"

/* A new section file is one row here. */
#define SECTIONS(row)                                                                              \
	row(net_session) row(net_framing) row(net_get) row(net_list) row(net_set)                  \
	    row(net_tracking) row(net_order) row(net_load) row(net_driver) row(net_reload)         \
		row(net_start) row(sock_driver) row(cli_clients) row(access_vector)                \
		    row(access_rules) row(access_users) row(shutdown_when) row(shutdown_sequence)  \
			row(shutdown_tell) row(security_starttls) row(security_session)            \
			    row(security_keys) row(security_clients)

#define DECLARE(name) extern const struct section name;
SECTIONS(DECLARE)

#define ROW(name) &(name),
static const struct section *const sections[] = { SECTIONS(ROW) };

enum { SECTIONS_LEN = sizeof(sections) / sizeof(sections[0]) };

size_t
suite_len(void)
{
	size_t len = 0;

	for (size_t i = 0; i < SECTIONS_LEN; i++)
		len += sections[i]->len;
	return len;
}

const struct test_case *
suite_case(size_t index)
{
	for (size_t i = 0; i < SECTIONS_LEN; i++) {
		if (index < sections[i]->len)
			return &sections[i]->cases[index];
		index -= sections[i]->len;
	}
	return NULL;
}
