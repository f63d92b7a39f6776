/* A fault that whoever runs harnesses must find: ci/fuzz planted. */
#include "fuzz/lib/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);

	if (size > 2 && text[0] == 'B' && text[1] == 'A' && text[2] == 'D') {
		volatile char behind = text[size]; /* a sanitizer ends it here */

		must(behind != behind, "a byte behind the end");
	}
	free(text);
	return 0;
}
