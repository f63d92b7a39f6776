/* Planted: ci/test fails unless this signed overflow is seen. */
#include <criterion/criterion.h>
#include <limits.h>

Test(planted, undefined)
{
	volatile int most = INT_MAX;

	most = most + 1;
}
