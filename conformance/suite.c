#include "suite.h"

/* A new section file is one row here. */
#define SECTIONS(row)                                                                              \
	row(net_session) row(net_framing) row(net_get) row(net_list) row(net_set)                  \
	    row(net_tracking) row(net_order) row(net_load) row(net_driver) row(net_reload)         \
		row(net_start) row(sock_driver) row(cli_clients) row(access_vector)                \
		    row(access_rules) row(access_users) row(shutdown_when) row(shutdown_sequence)  \
			row(shutdown_tell) row(security_starttls) row(security_session)            \
			    row(security_keys) row(security_clients)

/* The same, for each pair of a driver and a device. */
#define ROWS(row) row(driver_device) row(driver_faults)

#define DECLARE(name) extern const struct section name;
SECTIONS(DECLARE)
ROWS(DECLARE)

#define ROW(name) &(name),
static const struct section *const sections[] = { SECTIONS(ROW) };
static const struct section *const rows[] = { ROWS(ROW) };

enum {
	SECTIONS_LEN = sizeof(sections) / sizeof(sections[0]),
	ROWS_LEN = sizeof(rows) / sizeof(rows[0]),
};

static size_t
count(const struct section *const *of, size_t of_len)
{
	size_t len = 0;

	for (size_t i = 0; i < of_len; i++)
		len += of[i]->len;
	return len;
}

static const struct test_case *
pick(const struct section *const *of, size_t of_len, size_t index)
{
	for (size_t i = 0; i < of_len; i++) {
		if (index < of[i]->len)
			return &of[i]->cases[index];
		index -= of[i]->len;
	}
	return NULL;
}

size_t
suite_len(void)
{
	return count(sections, SECTIONS_LEN);
}

const struct test_case *
suite_case(size_t index)
{
	return pick(sections, SECTIONS_LEN, index);
}

size_t
suite_rows(void)
{
	return count(rows, ROWS_LEN);
}

const struct test_case *
suite_row(size_t index)
{
	return pick(rows, ROWS_LEN, index);
}
