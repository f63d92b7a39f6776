/* Planted: ci/test fails unless this write past the end is seen. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, overflow)
{
	volatile size_t end = 8;
	volatile char *bytes = malloc(end);

	cr_assert(bytes);
	bytes[end] = 1;
	free((void *)bytes);
}
