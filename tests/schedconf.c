/* upssched.conf. */
#include "upssched/schedconf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define FIRST "CMDSCRIPT /c\nPIPEFN /p\nLOCKFN /l\n"

static struct schedconf *
parse(const char *text, struct faults *faults)
{
	struct conffile *file = conffile_from("upssched.conf", text, strlen(text));
	struct schedconf *conf = schedconf_from(file, faults);

	conffile_close(file);
	return conf;
}

Test(schedconf, every_action)
{
	static const enum sched_action actions[] = { SCHED_START, SCHED_START_SHARED, SCHED_CANCEL,
		SCHED_CANCEL, SCHED_CANCEL_MATCHED, SCHED_EXECUTE };
	struct faults faults = { 0 };
	struct schedconf *conf = parse(FIRST "DEBUG_MIN 2\n"
					     "AT ONBATT * START-TIMER t 30\n"
					     "AT onbatt u@h START-TIMER-SHARED t 0\n"
					     "AT ONLINE * CANCEL-TIMER t\n"
					     "AT ONLINE * CANCEL-TIMER t \"too late\"\n"
					     "AT ONLINE * CANCEL-TIMER-MATCHED t*\n"
					     "AT COMMBAD * EXECUTE \"the word\"\n",
	    &faults);

	cr_assert(conf, "%s", faults_first(&faults));
	cr_expect_eq(faults.len, 0);
	cr_assert_eq(conf->len, 6);
	for (size_t i = 0; i < conf->len; i++)
		cr_expect_eq(conf->at[i].action, actions[i]);
	cr_expect_eq(conf->at[0].seconds, 30);
	cr_expect_str_eq(conf->at[3].otherwise, "too late");
	cr_expect_null(conf->at[2].otherwise);
	cr_expect_str_eq(conf->at[5].name, "the word");
	cr_expect_eq(conf->debug_min, 2);
	cr_expect(sched_matches(&conf->at[1], "ONBATT", "u@h"));
	cr_expect_not(sched_matches(&conf->at[1], "ONBATT", "v@h"));
	cr_expect(sched_matches(&conf->at[0], "OnBatt", "anything"));
	cr_expect_not(sched_matches(&conf->at[0], "ONLINE", "u@h"));
	schedconf_free(conf);
	faults_free(&faults);
}

/* The line that shuts the host down must not go with the one that has a typing error. */
Test(schedconf, a_bad_line_is_told_of_and_passed_over)
{
	static const char *const bad[] = { "AT ONBATT * START-TIMRE t 1", "AT ONBATT",
		"AT ONBATT * START-TIMER t", "AT ONBATT * START-TIMER t x",
		"AT ONBATT * START-TIMER t -1", "AT ONBATT * EXECUTE", "AT ONBATT * EXECUTE a b",
		"AT ONBATT * CANCEL-TIMER t a b", "NONSENSE", "DEBUG_MIN x", "CMDSCRIPT",
		"AT ONBATT * EXECUTE \x01" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct faults faults = { 0 };
		struct schedconf *conf;
		char text[512];

		snprintf(text, sizeof(text),
		    FIRST "AT ONLINE * EXECUTE a\n%s\nAT ONBATT * EXECUTE b\n", bad[i]);
		conf = parse(text, &faults);
		cr_assert(conf, "%s", bad[i]);
		cr_expect_eq(conf->len, 2, "%s", bad[i]);
		cr_assert_eq(faults.len, 1, "%s", bad[i]);
		cr_expect(!strncmp(faults.list[0].text, "upssched.conf:5: ", 17), "%s",
		    faults.list[0].text);
		schedconf_free(conf);
		faults_free(&faults);
	}
}

Test(schedconf, what_every_line_needs_stands_above)
{
	static const char *const texts[] = {
		"AT ONBATT * EXECUTE a\nCMDSCRIPT /c\nPIPEFN /p\nLOCKFN /l\n",
		"CMDSCRIPT /c\nPIPEFN /p\nAT ONBATT * EXECUTE a\n",
		"PIPEFN /p\nLOCKFN /l\nAT ONBATT * EXECUTE a\n"
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct faults faults = { 0 };

		cr_expect_null(parse(texts[i], &faults), "%s", texts[i]);
		cr_expect(faults_first(&faults));
		faults_free(&faults);
	}
}
