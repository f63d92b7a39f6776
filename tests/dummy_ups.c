/* dummy_ups.c - tests of dummy-ups: its files, and playing them. */
#include <criterion/criterion.h>

#include "coretest.h"
#include "drivers/dummy/devfile.h"

extern const struct driver dummy_ups_driver;

static struct devfile *
parse(const char *text, struct faults *faults)
{
	return devfile_parse("x.dev", text, strlen(text), faults);
}

static void
expect_line(const struct devfile *file, size_t i, enum devfile_kind kind, const char *name,
    const char *value)
{
	cr_assert_lt(i, file->len);
	cr_expect_eq(file->lines[i].kind, kind);
	if (name)
		cr_expect_str_eq(file->lines[i].name, name);
	if (value)
		cr_expect_str_eq(file->lines[i].value, value);
}

Test(dummy_ups, reads_a_dump)
{
	struct faults faults = { 0 };
	struct devfile *file =
	    parse("# comment\n\nups.status: OL CHRG\nups.mfr:  A  B \t#COMMENT: c\n"
		  "ups.id: \"quoted \\# \\\" x\"\nups.serial:\nups.part:5#6\n"
		  "ups.debug: 0d '1020XX.'\nTIMER 5\n",
		&faults);

	cr_assert(file);
	expect_line(file, 0, DEVFILE_SET, "ups.status", "OL CHRG");
	expect_line(file, 1, DEVFILE_SET, "ups.mfr", "A  B");
	expect_line(file, 2, DEVFILE_SET, "ups.id", "quoted # \" x");
	expect_line(file, 3, DEVFILE_SET, "ups.serial", "");
	expect_line(file, 4, DEVFILE_SET, "ups.part", "5#6");
	expect_line(file, 5, DEVFILE_SET, "ups.debug", "0d '1020XX.'");
	expect_line(file, 6, DEVFILE_TIMER, NULL, NULL);
	cr_expect_eq(file->lines[6].number, 5);
	cr_expect_eq(file->len, 7);
	devfile_free(file);
	faults_free(&faults);
}

Test(dummy_ups, reads_what_can_be_set_and_done)
{
	struct faults faults = { 0 };
	struct devfile *file =
	    parse("#CMD:load.off\n#RW:ups.a:STRING:10\n#RW:ups.b:STRING\n"
		  "#RW:ups.c:ENUM:\"two words\"\n#RW:ups.d:RANGE:\"-5\" \"60\"\n"
		  "# DEVICE:COMMENT-BLOCK:FIXME:UPSRW:\n# [ups.e]\n# Words\n"
		  "# Type: ENUM NUMBER\n# Option: \"no\" SELECTED\n# Option: \"yes\"\n"
		  "# \n# [ups.f]\n# Type: RANGE NUMBER\n# Option: \"1-99\" SELECTED\n"
		  "# DEVICE:EOC\n# [ups.g]\n# Type: STRING\n"
		  "# DEVICE:COMMENT-BLOCK:FIXME:UPSCMD: u\n# upscmd output:\n"
		  "# load.on - Turn on the load\n# DEVICE:EOC\n",
		&faults);

	cr_assert(file);
	expect_line(file, 0, DEVFILE_CMD, "load.off", NULL);
	expect_line(file, 1, DEVFILE_STRING, "ups.a", NULL);
	cr_expect_eq(file->lines[1].number, 10);
	expect_line(file, 2, DEVFILE_STRING, "ups.b", NULL);
	expect_line(file, 3, DEVFILE_ENUM, "ups.c", "two words");
	expect_line(file, 4, DEVFILE_RANGE, "ups.d", NULL);
	cr_expect_eq(file->lines[4].number, -5);
	cr_expect_eq(file->lines[4].max, 60);
	expect_line(file, 5, DEVFILE_NUMBER, "ups.e", NULL);
	expect_line(file, 6, DEVFILE_ENUM, "ups.e", "no");
	expect_line(file, 7, DEVFILE_ENUM, "ups.e", "yes");
	expect_line(file, 8, DEVFILE_NUMBER, "ups.f", NULL);
	expect_line(file, 9, DEVFILE_RANGE, "ups.f", NULL);
	expect_line(file, 10, DEVFILE_CMD, "load.on", NULL);
	cr_expect_eq(file->len, 11);
	devfile_free(file);
	faults_free(&faults);
}

Test(dummy_ups, says_what_is_wrong_and_where)
{
	static const char *const bad[] = { "ups.status OL\n", "\nups status: OL\n", "TIMER -1\n",
		"TIMER x\n", ": x\n" };
	static const char *const where[] = { "x.dev:1: ", "x.dev:2: ", "x.dev:1: TIMER",
		"x.dev:1: TIMER", "x.dev:1: " };

	for (size_t i = 0; i < 5; i++) {
		struct faults faults = { 0 };

		cr_expect_null(parse(bad[i], &faults));
		cr_assert(faults_first(&faults));
		cr_expect_eq(strncmp(faults_first(&faults), where[i], strlen(where[i])), 0, "%s",
		    faults_first(&faults));
		faults_free(&faults);
	}
}

Test(dummy_ups, bytes_that_are_not_ascii_are_question_marks_with_a_warning)
{
	struct faults faults = { 0 };
	struct devfile *file = parse("ups.mfr: Tripp\xc2\xa0Lite\n", &faults);

	cr_assert(file);
	expect_line(file, 0, DEVFILE_SET, "ups.mfr", "Tripp??Lite");
	cr_assert_eq(faults.len, 1);
	cr_expect_eq(strncmp(faults.list[0].text, "x.dev:1: ", 9), 0);
	devfile_free(file);
	faults_free(&faults);
}

/* Whatever is in a file: lines or faults, never both, and never a byte that is not ASCII. */
Test(dummy_ups, survives_random_files)
{
	static const char *const parts[] = { "ups.status: OL", "\n", "TIMER ", "60",
		"#RW:", "ups.id", ":STRING:", "8", ":ENUM:", "\"", "x", ":RANGE:", " ", "-",
		"#CMD:", "\\", "\xc2\xa0", "\t", "# DEVICE:COMMENT-BLOCK:FIXME:UPSRW:\n", "# [",
		"]\n", "# Type: ENUM\n", "# Option: ", " SELECTED",
		"# DEVICE:COMMENT-BLOCK:UPSCMD:\n", "# load.on - On\n", ":" };
	unsigned seed = (unsigned)getpid();

	cr_log_info("seed %u", seed);
	srand(seed);
	for (int i = 0; i < 20000; i++) {
		struct faults faults = { 0 };
		struct devfile *file;
		char text[512] = "";

		for (int n = rand() % 12; n >= 0; n--)
			strcat(text, parts[(size_t)rand() % (sizeof(parts) / sizeof(parts[0]))]);
		text[rand() % 500] = (char)rand();
		file = devfile_parse("x.dev", text, (size_t)rand() % 511, &faults);
		cr_assert_eq(file == NULL, faults.faults > 0, "seed %u, round %d", seed, i);
		for (size_t at = 0; file && at < file->len; at++)
			for (const char *c = file->lines[at].value; c && *c; c++)
				if (file->lines[at].kind == DEVFILE_SET)
					cr_assert((*c >= ' ' && *c <= '~') || *c == '\t',
					    "seed %u, round %d", seed, i);
		devfile_free(file);
		faults_free(&faults);
	}
}

/* --- the driver -------------------------------------------------------------------------- */

static char dev_path[128], port_setting[160];
static struct core *core;

static void
write_file(const char *name, const char *text)
{
	FILE *file;

	socket_path();
	snprintf(dev_path, sizeof(dev_path), "%s/%s", test_folder, name);
	snprintf(port_setting, sizeof(port_setting), "port=%s", dev_path);
	file = fopen(dev_path, "w");
	fputs(text, file);
	fclose(file);
}

static struct loop *
begin(const char *name, const char *text)
{
	struct loop *loop = fast_loop();

	write_file(name, text);
	core = test_core(loop, &dummy_ups_driver, SETTINGS(port_setting));
	cr_assert(core, "%s", script.log);
	core_begin(core, false);
	fast_turn(loop, 3);
	return loop;
}

static void
end(struct loop *loop)
{
	core_free(core);
	fast_end(loop);
	unlink(dev_path);
	rmdir(test_folder);
}

static const char *
value(const char *name)
{
	const char *text = core_get(core, name);

	return text ? text : "(none)";
}

Test(dummy_ups, serves_a_dump_with_types_and_commands)
{
	struct loop *loop = begin("a.dev",
	    "ups.status: OL\nups.serial:\nups.alarm:\ndriver.name: other\nups.start.auto: yes\n"
	    "ups.delay.start: 30\nups.id: x\n#CMD:load.off\n#RW:ups.start.auto:ENUM:\"yes\"\n"
	    "#RW:ups.start.auto:ENUM:\"no\"\n#RW:ups.delay.start:RANGE:\"0\" \"60\"\n"
	    "#RW:ups.id:STRING:8\n#RW:ups.nowhere:STRING:8\n");
	const struct state_var *var;

	cr_expect(publish_is_fresh(core->publish));
	cr_expect_str_eq(value("ups.status"), "OL");
	cr_expect_str_eq(value("ups.serial"), "");
	cr_expect_str_eq(value("ups.alarm"), "(none)");
	cr_expect_str_eq(value("driver.name"), "dummy-ups");
	cr_expect_str_eq(value("driver.parameter.mode"), "dummy-once");
	cr_expect(state_cmd(publish_state(core->publish), "load.off"));
	var = state_var(publish_state(core->publish), "ups.start.auto");
	cr_expect_eq(var->enums_len, 2);
	cr_expect_eq(var->flags, STATE_RW);
	cr_expect_eq(state_fits(var, "no"), STATE_FITS);
	cr_expect_neq(state_fits(var, "perhaps"), STATE_FITS);
	var = state_var(publish_state(core->publish), "ups.delay.start");
	cr_expect_eq(var->ranges_len, 1);
	cr_expect_eq(state_fits(var, "60"), STATE_FITS);
	cr_expect_neq(state_fits(var, "61"), STATE_FITS);
	var = state_var(publish_state(core->publish), "ups.id");
	cr_expect_eq(var->aux, 8);
	var = state_var(publish_state(core->publish), "ups.status");
	cr_expect_eq(var->flags, STATE_RW | STATE_STRING);
	end(loop);
}

Test(dummy_ups, values_can_be_set_and_stay_until_the_file_changes)
{
	struct loop *loop =
	    begin("a.dev", "ups.status: OL\nups.id: x\nups.load: 5\n#CMD:load.off\n");
	int fd;

	cr_assert(publish_listen(core->publish, socket_path(), (gid_t)-1));
	fd = peer_connect(socket_path());
	peer_says(loop, fd, "NOBROADCAST\n");
	cr_expect_str_eq(
	    peer_says(loop, fd, "SET ups.status \"OB LB\" TRACKING a\n"), "TRACKING a 0\n");
	cr_expect_str_eq(peer_says(loop, fd, "SET ups.id \"\" TRACKING a\n"), "TRACKING a 0\n");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD load.off TRACKING b\n"), "TRACKING b 0\n");
	cr_expect_str_eq(peer_says(loop, fd, "INSTCMD load.on TRACKING b\n"), "TRACKING b 1\n");
	fast_pass(loop, 10000);
	cr_expect_str_eq(value("ups.status"), "OB LB");
	cr_expect_str_eq(value("ups.id"), "(none)");
	write_file("a.dev", "ups.status: OL TRIM\nups.id: y\n#CMD:load.on\n");
	fast_pass(loop, 3000);
	cr_expect_str_eq(value("ups.status"), "OL TRIM");
	cr_expect_str_eq(value("ups.id"), "y");
	cr_expect_str_eq(value("ups.load"), "(none)");
	cr_expect_not(state_cmd(publish_state(core->publish), "load.off"));
	write_file("a.dev", "ups.status: half a li");
	write_file("a.dev", "nonsense");
	fast_pass(loop, 6000);
	cr_expect_str_eq(value("ups.status"), "OL TRIM");
	cr_expect_eq(logged("a.dev:1: write"), 1);
	close(fd);
	end(loop);
}

Test(dummy_ups, a_sequence_goes_round)
{
	struct loop *loop = begin("a.seq",
	    "ups.status: OL\nups.alarm:\nTIMER 60\nups.status: OB\nups.alarm: Help!\nTIMER 30\n");

	cr_expect_str_eq(value("ups.status"), "OL");
	cr_expect_str_eq(value("driver.parameter.mode"), "dummy-loop");
	fast_pass(loop, 59000);
	cr_expect_str_eq(value("ups.status"), "OL");
	fast_pass(loop, 2000);
	cr_expect_str_eq(value("ups.status"), "OB");
	cr_expect_str_eq(value("ups.alarm"), "Help!");
	fast_pass(loop, 32000);
	cr_expect_str_eq(value("ups.status"), "OL");
	cr_expect_str_eq(value("ups.alarm"), "(none)");
	cr_expect(publish_is_fresh(core->publish));
	end(loop);
}

Test(dummy_ups, a_bad_file_or_mode_is_a_fault)
{
	struct loop *loop = fast_loop();

	write_file("a.dev", "ups.status: OL\nTIMER soon\n");
	cr_expect_null(test_core(loop, &dummy_ups_driver, SETTINGS(port_setting)));
	cr_expect_eq(logged("a.dev:2: TIMER"), 1);
	cr_expect_null(
	    test_core(loop, &dummy_ups_driver, SETTINGS(port_setting, "mode=dummy-none")));
	cr_expect_eq(logged("\"dummy-none\" is none of"), 1);
	unlink(dev_path);
	cr_expect_null(test_core(loop, &dummy_ups_driver, SETTINGS(port_setting)));
	cr_expect_eq(logged("a.dev: cannot be read: No such file"), 1);
	rmdir(test_folder);
	fast_end(loop);
}
