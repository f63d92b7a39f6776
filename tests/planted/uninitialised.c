/* Planted: ci/test fails unless valgrind sees this decision on bytes nobody wrote. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, uninitialised)
{
	volatile char *bytes = malloc(8);

	cr_assert(bytes);
	if (bytes[3] == 'x')
		cr_log_info("by chance");
	free((void *)bytes);
}
