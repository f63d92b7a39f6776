/* The mutants, one a line: name, tab, the case that must fail. */
#include <stdio.h>

#include "mutants.h"

int
main(void)
{
	for (size_t i = 0; i < mutants_len; i++)
		printf("%s\t%s\n", mutants[i].name, mutants[i].fails);
	return 0;
}
