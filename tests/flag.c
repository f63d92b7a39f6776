/* POWERDOWNFLAG: robustness 55. */
#include "upsmon/flag.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/flag.XXXXXX";
static char path[64], other[64];

static void
setup(void)
{
	cr_assert(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/killpower", directory);
	snprintf(other, sizeof(other), "%s/other", directory);
}

static void
teardown(void)
{
	unlink(path);
	unlink(other);
	rmdir(directory);
}

static void
put(const char *where, const char *text)
{
	FILE *file = fopen(where, "w");

	cr_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

TestSuite(flag, .init = setup, .fini = teardown);

Test(flag, set_seen_and_cleared)
{
	struct stat st;

	cr_expect_not(flag_is_set(path));
	cr_expect(flag_set(path));
	cr_expect(flag_is_set(path));
	cr_expect(flag_set(path), "setting it twice is fine");
	cr_expect(stat(path, &st) == 0 && (st.st_mode & 0777) == 0644);
	cr_expect(flag_clear(path));
	cr_expect_not(flag_is_set(path));
	cr_expect(flag_clear(path), "nothing there is cleared");
}

Test(flag, foreign_content_is_never_a_flag_and_never_touched)
{
	put(path, "something else");
	cr_expect_not(flag_is_set(path));
	cr_expect_not(flag_set(path));
	cr_expect_not(flag_clear(path));
	cr_expect_eq(access(path, F_OK), 0);
}

Test(flag, the_magic_with_a_tail_is_no_flag)
{
	put(path, "upsmon-shutdown-file and more");
	cr_expect_not(flag_is_set(path));
	put(path, "upsmon-shutdown-file\n");
	cr_expect(flag_is_set(path));
}

Test(flag, a_link_is_not_followed)
{
	put(other, "upsmon-shutdown-file");
	cr_assert_eq(symlink(other, path), 0);
	cr_expect_not(flag_is_set(path));
	cr_expect_not(flag_set(path));
	cr_expect_not(flag_clear(path));
	cr_expect_eq(access(other, F_OK), 0);
}

/* The power went while it was written: that must not stand in the way of the next outage. */
Test(flag, one_that_was_cut_short_is_none_and_is_cleared)
{
	static const char *const beginnings[] = { "", "upsmon-shut" };

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++) {
		put(path, beginnings[i]);
		cr_expect_not(flag_is_set(path));
		cr_expect(flag_clear(path));
		cr_expect_eq(access(path, F_OK), -1);
	}
}

Test(flag, a_full_disk_leaves_nothing_behind)
{
	struct rlimit full = { .rlim_cur = 3, .rlim_max = RLIM_INFINITY };

	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	cr_expect_not(flag_set(path));
	full.rlim_cur = RLIM_INFINITY;
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &full), 0);
	cr_expect_eq(access(path, F_OK), -1);
	cr_expect(flag_set(path));
}
