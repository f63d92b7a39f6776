/* Planted: ci/test fails unless this leak is seen. */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(planted, leak)
{
	char *volatile forgotten = malloc(77);

	cr_assert(forgotten);
	forgotten = NULL;
}
