/* share/cmdvartab, the file that is installed: can upsd read it, and does it name each thing once?
 */
#include "base/conffile.h"
#include "ups/state.h"

#include <criterion/criterion.h>
#include <string.h>

Test(cmdvartab, every_line_describes_one_thing_once)
{
	struct conffile *file = conffile_open("share/cmdvartab");
	struct state *seen = state_new();
	struct faults faults = { 0 };
	struct words words;

	cr_assert_not_null(file, "run from the top of the tree");
	while (conffile_next(file, &words, &faults)) {
		unsigned line = conffile_line(file);
		bool var = strcmp(words.word[0], "VARDESC") == 0;

		cr_assert_eq(words.len, 3, "line %u", line);
		cr_expect(var || strcmp(words.word[0], "CMDDESC") == 0, "line %u", line);
		cr_expect_eq(var ? state_set(seen, words.word[1], words.word[2])
				 : state_cmd_add(seen, words.word[1]),
		    STATE_OK, "line %u: %s", line, words.word[1]);
		cr_expect(
		    strlen(words.word[2]) > 0 && strlen(words.word[2]) < 100, "line %u", line);
	}
	cr_expect_null(faults_first(&faults));
	cr_expect_str_eq(state_get(seen, "battery.charge"), "Charge of the battery (percent)");
	cr_expect_not_null(state_cmd(seen, "shutdown.return"));
	state_free(seen);
	conffile_close(file);
}
